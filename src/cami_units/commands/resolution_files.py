"""What people decided on conflicts, as they hand it in: which file it is, and its rows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from cami_units import store, words, workshop
from cami_units.documents.form_words import plain_word
from cami_units.documents.workbook_cells import read_table
from cami_units.model import InputError

RESOLUTIONS: Final = "resolutions.csv"
"""What people decided on conflicts, beside the groups' files."""
RESOLUTION_COLUMNS: Final = ("unit_id", "resolution", "reason")

_ENDING: Final = r"\.(?:csv|tsv|txt|xls[xm]|ods)"
# Windows hides endings: who types "resolutions.csv" there may have a .csv.csv or a .csv.txt
_CALLED: Final = re.compile(rf"resolutions(?:\.csv)?{_ENDING}", re.IGNORECASE)
# "resolutions (1).csv", "Resolution final.xlsx", "Copy of resolutions.csv"
_LIKE: Final = re.compile(
    rf"(?:.*[\W_])?resolutions?(?:[\W\d_].*)?{_ENDING}", re.IGNORECASE | re.DOTALL
)


def is_resolutions(path: Path) -> bool:
    """Whether a file is called as the table of resolutions: it is none of a group's files."""
    return _CALLED.fullmatch(path.name) is not None


def looks_like_resolutions(path: Path) -> bool:
    """Whether a file may be meant as the table of resolutions, by its name."""
    return _LIKE.fullmatch(path.name) is not None and not store.is_litter(path.name)


def resolutions_beside(paths: Iterable[Path]) -> Path | None:
    """The table of resolutions in folders, or beside files.

    `resolutions.csv` first. A file with another case or ending is read where it is the only one:
    of several nobody can say which one holds.
    """
    called = _called_so(paths)
    exact = [file for file in called if file.name == RESOLUTIONS]
    return exact[0] if exact else called[0] if len(called) == 1 else None


def resolutions_place(paths: Sequence[Path], named_file: Path | None = None) -> Path:
    """Where resolutions of conflicts stand: the file named, the one beside the groups' files, or where it would be."""
    first = paths[0]
    folder = first if first.is_dir() else first.parent
    return named_file or resolutions_beside(paths) or folder / RESOLUTIONS


def unread_resolutions(paths: Iterable[Path], known: Collection[Path | None]) -> list[Path]:
    """What looks like a table of resolutions, however deep in the folders, and is none of the `known`."""
    places = list(paths)
    inner = [one for path in places if path.is_dir() for one in path.rglob("*")]
    like = [one for one in inner if looks_like_resolutions(one) and one.is_file()]
    return sorted({*_called_so(places), *like} - {*known}, key=lambda one: (one.name, str(one)))


def _called_so(paths: Iterable[Path]) -> list[Path]:
    """The files in folders, or beside files, that are called as the table of resolutions."""
    folders = dict.fromkeys(path if path.is_dir() else path.parent for path in paths)
    return [
        file
        for folder in folders
        for file in sorted(folder.iterdir() if folder.is_dir() else ())
        if is_resolutions(file) and file.is_file()
    ]


def resolution_rows(path: Path) -> pd.DataFrame:
    """The rows of a table of resolutions, by :data:`RESOLUTION_COLUMNS`, with the ids of units as ids are written.

    Raises
    ------
    InputError
        As :func:`cami_units.documents.workbook_cells.read_table`.
    """
    columns = ("unit_id", "resolution", "group", "rule", "reason")
    table = read_table(path, columns=columns, needs=("unit_id",), prose="reason")
    answers = table["resolution"].where(table["resolution"] != "", table["group"])
    answers = answers.where(answers != "", table["rule"])
    table = table.assign(
        unit_id=[workshop.unit_ids_typed(typed) for typed in table["unit_id"]],
        resolution=list(map(_answer_typed, answers)),
    )
    return table[list(RESOLUTION_COLUMNS)]


def holds_resolutions(path: Path) -> bool:
    """Whether a workbook has a sheet to resolve conflicts on, as the report of a round does."""
    needs = ("unit_id", "resolution")
    try:
        read_table(path, columns=needs, needs=needs)
    except InputError:
        return False
    return True


def _answer_typed(typed: str) -> str:
    """An answer as answers are written, whatever language it was typed in: "как было" is ``base``.

    What is no word of an answer stays: a group, a file.
    """
    # reports show a reason behind a dot; one within a reason is part of it
    shown, dot, why = typed.partition(" · ")
    typed = f"{shown}: {why}" if dot and ":" not in shown else typed
    answer, colon, reason = typed.partition(":")
    if choice := _ANSWERS.get(plain_word(answer)):
        return f"{choice}{colon}{reason}"
    kept = next(filter(None, (one.fullmatch(answer.strip()) for one in _KEEPS)), None)
    return f"{kept[1]}{colon}{reason}" if kept else typed


def _spellings(choice: str) -> Iterable[str]:
    """What people write for an answer: as the report shows it, and otherwise, in each language."""
    for lang in words.LANGUAGES:
        yield from (
            words.text(f"answer {choice}", lang),
            *words.text(f"also {choice}", lang).split(","),
        )


_ANSWERS: Final = {
    # what applies where nobody answers has words of its own in reports, and may be typed in them
    plain_word(words.text(f"answer {default}", lang)): choice
    for default, choice in workshop.DEFAULTS.items()
    if words.has(f"answer {default}")
    for lang in words.LANGUAGES
} | {
    plain_word(spelling): choice
    # Reports show `delete` and `leave-out` in one word. It is `delete`: of a new unit both are one, and
    # `leave-out` would let another one stand.
    for choice in (*workshop.CHOICES, "delete")
    for spelling in _spellings(choice)
}
# as the report shows it, and in one word
_KEEPS: Final = [
    re.compile(re.escape(kept).replace(r"\{group\}", "(.+)").replace(r"\ ", r"\s+"), re.IGNORECASE)
    for lang in words.LANGUAGES
    for kept in (words.text("desk keep", lang), words.text("choice keep", lang) + " {group}")
]
