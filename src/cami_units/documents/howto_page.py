"""The page that tells a working group how to edit its units and how to hand them in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cami_units.documents._filled_page import page
from cami_units.model import Imprint, clean_name
from cami_units.words import name_in


def write_howto(
    path: Path,
    units: pd.DataFrame,
    *,
    imprint: Imprint,
    group: str,
    sections: Sequence[str],
    paper: bool,
    lang: str,
) -> None:
    """Write the page of one group, in one language; it prints on one side of A4.

    Parameters
    ----------
    path : Path
        The HTML file to write.
    units : DataFrame
        The units that this group edits: ``unit_id``, ``name_en``, ``name_ru``.
    imprint : Imprint
        Title, date, round, disclaimer.
    group : str
        The name of the group, as in the names of its files.
    sections : sequence of str
        The names of its sections.
    paper : bool
        Whether there is a sheet to draw on by pen.
    lang : {"en", "ru"}
        Language of the page.
    """
    listed = [
        {"unit_id": clean_name(unit["unit_id"]), "name": name_in(unit, lang)}
        for unit in units.sort_values("unit_id").to_dict("records")
    ]
    content = page(
        "howto.html",
        lang=lang,
        styles=["howto.css"],
        imprint=imprint,
        group=group,
        sections=", ".join(sections),
        paper=paper,
        units=listed,
    )
    path.write_bytes(content)
