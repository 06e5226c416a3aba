"""The phrases of every product: a table for each language, `en.toml`, `ru.toml` and so on.

A language is a file here, named by its code. The left of each line is a key, the same in all of
them; the right is what people read. Nothing is read before somebody asks for a phrase.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

FALLBACK: Final = "en"
"""The language whose table is whole: a phrase that another lacks is told in it."""


def found_languages() -> tuple[str, ...]:
    """The codes of the tables that are there, the fallback first.

    Examples
    --------
    >>> found_languages()[0]
    'en'
    """
    names = (entry.name for entry in files(__name__).iterdir())
    codes = {name.removesuffix(".toml") for name in names if name.endswith(".toml")}
    return (FALLBACK, *sorted(codes - {FALLBACK}))


LANGUAGES: Final = found_languages()


@cache
def table(lang: str) -> Mapping[str, str]:
    """All phrases of a language by key, those of the fallback where it has none.

    Examples
    --------
    >>> table("ru")["area"]
    'Площадь'
    """
    own = translated(lang)
    return MappingProxyType(own if lang == FALLBACK else {**table(FALLBACK), **own})


def translated(lang: str) -> dict[str, str]:
    """The phrases that the table of a language itself holds."""
    text = files(__name__).joinpath(f"{lang}.toml").read_text(encoding="utf-8")
    lines = [line.partition(" = ") for line in text.split("\n") if line and line[0] != "#"]
    # A key and one string on each line: JSON reads that twenty times as fast as tomllib, for which
    # every command would wait. What else TOML allows, and a key that stands twice, is left to it.
    with suppress(ValueError):
        members = (f'"{key.strip(chr(34))}":{phrase}' for key, _, phrase in lines)
        phrases = json.loads(f"{{{','.join(members)}}}")
        if len(phrases) == len(lines):
            return {key: str(phrase) for key, phrase in phrases.items()}
    return {key: str(phrase) for key, phrase in tomllib.loads(text).items()}
