"""The words of a form's lists: written in the form's language, understood in any."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

import pandas as pd

from cami_units.model import (
    Note,
    Problem,
    as_typed,
    clean_name,
    clean_text,
    in_short,
    nearest_note,
    notes_as_text,
    problem_of,
)
from cami_units.words import LANGUAGES, has, text

THEMES: Final = (
    "anti-poaching",
    "community",
    "protected areas",
    "legislation",
    "infrastructure and barriers",
    "transboundary cooperation",
    "monitoring and research",
    "human-wildlife conflict",
    "land use",
    "finance",
)
"""The ten themes of the work programme, in the order of the agenda."""


def themes_in_order(used: Iterable[str]) -> list[str]:
    """The ten themes in the order of the agenda, then any other that somebody used."""
    return [*THEMES, *sorted(set(used) - set(THEMES))]


def in_theme_order(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """A table sorted by some columns, of which ``theme`` goes by the agenda and not by its letters."""
    place = themes_in_order(table["theme"]).index
    return table.sort_values(
        list(columns), key=lambda of: of.map(place) if of.name == "theme" else of, kind="stable"
    )


PRIORITIES: Final = ("high", "medium", "low")
COST_BANDS: Final = (
    "up to 50,000 USD",
    "50,000 to 250,000 USD",
    "250,000 to 1 million USD",
    "over 1 million USD",
)
UNIT_ACTIONS: Final = ("keep", "change", "reject", "merge", "split", "new")
ACTIVITY_ACTIONS: Final = ("keep", "add", "amend", "drop")
GRADES: Final = ("A", "B", "C", "D", "N")
GENERAL: Final = "general"
"""What stands for a unit where an activity belongs to none."""

UNIT_LISTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    # no list offers "rename": the new name says it
    {"action": (*UNIT_ACTIONS, "rename"), "evidence_grade": GRADES}
)
ACTIVITY_LISTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"action": ACTIVITY_ACTIONS, "theme": THEMES, "priority": PRIORITIES, "cost_band": COST_BANDS}
)
"""The columns of the two sheets that have a list."""

TYPED_WORDS: Final[Mapping[str, Any]] = tomllib.loads(
    resources.files(__package__).joinpath("typed_words.toml").read_text(encoding="utf-8")
)
"""What people type beside the words that a form offers."""
_NO_WORDS: Final = frozenset(TYPED_WORDS["no_words"].split(", "))
# blanks and hyphens between letters, and what parts thousands
_JOINTS: Final = re.compile(r"(?<=\w)[\s\-‐‑–—]+(?=\w)|(?<=\d)[.,'’](?=\d{3}(?!\d))")
_ONLY_DASHES: Final = re.compile(r"[\s\-–—−_.·]+|[/\\]")
_DITTO: Final = frozenset(TYPED_WORDS["ditto"].split(", "))
_DITTO_MARKS: Final = re.compile(r"[\s\-–—−./]*(?:[\"”“″〃„«»]|''|’’|//){1,2}[\s\-–—−./]*")


def is_no_word(typed: str) -> bool:
    """Whether somebody typed that there is nothing to say: a dash, "n/a", "нет замечаний".

    A bare "no" says something.
    """
    return _ONLY_DASHES.fullmatch(typed) is not None or plain_word(typed) in _NO_WORDS


def is_ditto(typed: str) -> bool:
    """Whether what stands above is meant: a ditto mark, "то же", 同上."""
    return _DITTO_MARKS.fullmatch(typed) is not None or plain_word(typed) in _DITTO


def in_language(word: str, lang: str) -> str:
    """A word of a list in a language; grades are the same in all."""
    return word if word in GRADES else text(f"choice {word}", lang)


def known_word(value: str, vocabulary: tuple[str, ...]) -> str:
    """The word of a list that a value means, in whatever language; the value where it means none."""
    plain = _letters(value)
    return next((word for word in vocabulary if plain in _plain_spellings(word)), value)


@cache
def _plain_spellings(word: str) -> frozenset[str]:
    """The ways in which a word of a list is written, as words are compared."""
    return frozenset(map(_letters, _spellings(word)))


def _letters(value: str) -> str:
    """A word of a list as it is compared: "Anti poaching" is "anti-poaching"; "A-" is no "A"."""
    return _JOINTS.sub("", plain_word(value).replace("&", " and "))


def _spellings(word: str) -> Iterator[str]:
    """Each way in which a group may have written a word of a list."""
    yield word
    if has(f"choice {word}"):
        yield from (text(f"choice {word}", lang) for lang in LANGUAGES)
    if word == "reject":
        yield from (one for lang in LANGUAGES for one in text("words that reject", lang).split(","))
    if word in TYPED_WORDS["lists"]:
        yield from TYPED_WORDS["lists"][word].split(",")


def plain_word(value: str) -> str:
    """A word as it is compared: without case, with single blanks."""
    # Russian is written with and without the dots of ё
    return " ".join(value.split()).casefold().replace("ё", "е").strip(" .!。！")


def known_words(
    table: pd.DataFrame, file: str, lists: Mapping[str, tuple[str, ...]] = ACTIVITY_LISTS
) -> tuple[pd.DataFrame, tuple[Problem, ...]]:
    """Rows with the words of the lists as the lists write them, and what is in no list.

    "Anti-Poaching" and "борьба с браконьерством" are *anti-poaching*. A word that is in no list is
    kept as it was written, and said with the one that was perhaps meant.

    Parameters
    ----------
    table : DataFrame
        Any columns of a sheet of the form, text.
    file : str
        The name of the file, for what is said.
    lists : mapping
        The vocabulary of each column that has one.
    """
    tidy, problems = table.copy(), []
    for column, vocabulary in lists.items():
        if column in tidy:
            tidy[column] = [known_word(value, vocabulary) for value in tidy[column]]
            problems += _unlisted(tidy, column, vocabulary, file)
    # an activity may be of no unit; what is said of a unit may not
    for column in {"unit_id", "unit_name"} & set(tidy) if "theme" in lists else ():
        tidy[column] = [known_word(value, (GENERAL,)) for value in tidy[column]]
    return tidy, tuple(problems)


def _unlisted(
    table: pd.DataFrame, column: str, vocabulary: tuple[str, ...], file: str
) -> list[Problem]:
    """The words of a column that are in no list, each with the nearest one."""
    row_notes = (
        (number, nearest_listed(value, column, vocabulary))
        for number, value in enumerate(table[column], start=1)
        if value and value not in vocabulary
    )
    return at_rows(table, row_notes, file)


def nearest_listed(value: str, column: str, vocabulary: Iterable[str]) -> Note:
    """That a word is in no list, with the nearest one."""
    facts: dict[str, object] = {"words": value, "column": column}
    if isinstance(close := nearest_note(value, vocabulary), Note):
        return Note("not in the list, one like it", facts | dict(close.facts), "note")
    return Note("not in the list", facts, "note")


def at_rows(table: pd.DataFrame, row_notes: Iterable[tuple[int, Note]], file: str) -> list[Problem]:
    """What is said of words in rows of a form, which are numbered from 1; the same of several once."""
    # by their ids, or their numbers: a form may have ten thousand rows with one word
    rows_of: dict[str, tuple[Note, dict[str | int, str | Note]]] = {}
    for number, note in row_notes:
        ids = [table[key].iloc[number - 1] for key in ("activity_id", "unit_id") if key in table]
        row_id = next(filter(None, map(clean_text, ids)), "")
        _, rows = rows_of.setdefault(notes_as_text([note]), (note, {}))
        rows[row_id or number] = row_id or Note("row", {"row": number})
    return [
        problem_of("note", "form", file, in_short(rows.values()), note)
        for note, rows in rows_of.values()
    ]


def first_texts(log: pd.DataFrame | None) -> dict[str, str]:
    """What each activity said before it was first amended, by its id."""
    texts: dict[str, str] = {}
    for line in () if log is None else log.to_dict("records"):
        if line["action"] == "amend" and line["field"] == "text":
            texts.setdefault(str(line["activity_id"]), as_typed(line["old"]))
    return texts


def theme_said(theme: str, lang: str) -> str:
    """A theme of the work programme in words; one that somebody made up, as it was written."""
    return text(f"choice {theme}", lang) if has(f"choice {theme}") else clean_name(theme)


def listed_said(value: object, lang: str) -> str:
    """A word of the forms' lists in the reader's language; anything else as it was written."""
    key = f"listed {clean_name(value)}"
    if has(key):
        return text(key, lang)
    word = clean_name(value)
    return text(f"choice {word}", lang) if has(f"choice {word}") else word
