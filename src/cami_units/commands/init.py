"""A folder to start a workshop from."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cami_units import store
from cami_units.model import data_dir
from cami_units.words import text


def init(directory: Path, *, lang: str = "") -> list[Path]:
    """A workshop folder to start from: plan, criteria, a place for inputs, and what to do next.

    With a language the README, the comments of plan and criteria, and the title are in it, and the
    products speak it first and English beside it. Keys, values and examples are the same in all.

    Raises
    ------
    InputError
        The folder exists and is not empty.
    """
    return store.write_workshop(
        directory,
        plan=_explained("plan", lang),
        criteria=_explained("criteria", lang),
        readme=_readme(lang or "en"),
        languages=() if lang in ("", "en") else (lang, "en"),
    )


def _explained(name: str, lang: str) -> Path:
    """The file whose comments are in a language; the English one where nobody has written it."""
    own = data_dir() / f"{name}.{lang}.toml"
    return own if own.is_file() else data_dir() / f"{name}.toml"


_STEPS: Final = ("edit", "inputs", "check", "propose")


def _readme(lang: str) -> str:
    """What to do with the folder, in a language."""
    said = {name: text(f"init line {name}", lang) for name in ("title", "what", *_STEPS, "rights")}
    steps = "\n".join(f"{number}. {said[name]}" for number, name in enumerate(_STEPS, start=1))
    return f"# {said['title']}\n\n{said['what']}\n\n{steps}\n\n{said['rights']}\n"
