"""The folder of a workshop, as `init` makes it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from cami_units.store._atomic_write import staging

_PROFILE_LINE: Final = re.compile(r'^# *(profile = "criteria\.toml")', re.MULTILINE)

_WORKSHOP: Final = """\
# A workshop

`plan.toml` says what the workshop is and which layers go in, `criteria.toml` by which numbers
units are proposed. Both explain themselves, and both work as they stand: the layers that the plan
does not name are the bundled INDICATIVE ones.

1. Open `plan.toml` in a text editor; change `title` and `date`.
2. Put your layers into `inputs/`, and name them under `[layers]`. A range there replaces the
   bundled range of that species; any other layer replaces the bundled one whole.
3. `cami-units check plan.toml` says what was found in each file and what must be mended.
4. `cami-units propose plan.toml` writes the first round into `rounds/00-proposal`: `map.html` for
   any browser, `conservation_units.kmz` for Google Earth, and the tables.

IUCN Red List ranges and WDPA protected areas may not be passed on: keep `inputs/` to yourself.
"""


def write_workshop(directory: Path, *, plan: Path, criteria: Path) -> list[Path]:
    """Write the folder of a workshop: a plan, its criteria, a place for layers, a README.

    Parameters
    ----------
    directory : Path
        A new or empty folder.
    plan, criteria : Path
        The files to begin with. Where the plan has the line that names `criteria.toml` switched
        off, it is switched on.

    Returns
    -------
    list of Path
        What was written, in the order in which one would read it.

    Raises
    ------
    InputError
        When the folder is not empty, is the one you are in, or cannot be written to.
    """
    texts = {
        "README.md": _WORKSHOP,
        "plan.toml": _PROFILE_LINE.sub(r"\1", plan.read_text(encoding="utf-8")),
        "criteria.toml": criteria.read_text(encoding="utf-8"),
    }
    with staging(directory) as folder:
        (folder / "inputs").mkdir()
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [directory / name for name in (*texts, "inputs")]
