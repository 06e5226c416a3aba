"""What lies among what groups handed in: files, what each is called, and the table of resolutions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from cami_units import layers, store, words, workshop
from cami_units.documents.form_reading import is_form
from cami_units.documents.form_words import plain_word
from cami_units.documents.workbook_cells import read_table
from cami_units.model import InputError, clean_name, in_short

# What editors, downloads and locks leave in a folder: nobody draws in it.
_PASSED_OVER: Final = (".txt~", ".tmp", ".lock")
PLAIN_TABLES: Final = (".csv", ".tsv")
# Hidden files, Office's own locks (~$), Windows' thumbnails, and what a Mac adds to every zip.
_LITTER: Final = re.compile(r"\.|~\$|Thumbs\.db$|desktop\.ini$|__MACOSX$", re.IGNORECASE)
MAX_FILE: Final = 100_000_000


def files_in(folder: Path) -> list[Path]:
    """What was handed in as a folder, by name: each file in it, however deep, and each link.

    What programs leave behind is none, nor is the table of resolutions.
    """
    lying = (path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    handed_in = [path for path in lying if not (is_resolutions(path) or _is_left(path, folder))]
    # a disk lists a folder in any order, and reports name the files in this one
    return sorted(handed_in, key=lambda path: (path.name, str(path)))


def found_files(paths: Iterable[Path]) -> list[Path]:
    """The files that paths and folders stand for, each once, by name; tables of ours left out.

    Raises
    ------
    InputError
        A path is not there, or nothing is found at all.
    """
    unique_paths: dict[Path, None] = {}
    missing = []
    paths = list(paths)
    for path in paths:
        if path.is_dir():
            inner = filter(_is_meant, files_in(path))
            unique_paths.update(dict.fromkeys(one for one in inner if not layers.is_companion(one)))
        elif path.exists():
            # a shell that lays "*" out names the table of resolutions too
            if not (layers.is_companion(path) or is_resolutions(path)):
                unique_paths[path] = None
        else:
            missing.append(path)
    if missing:
        raise InputError.of("files missing", names=in_short(map(str, missing)))
    if not unique_paths:
        tables = [one for path in paths if path.is_dir() for one in files_in(path)]
        if outlined := [one.name for one in tables if _is_table_of_outlines(one)]:
            raise InputError.of("table of outlines, no form", file=in_short(sorted(outlined)))
        raise InputError.of("no files")
    return sorted(unique_paths, key=lambda path: (path.name, str(path)))


def _is_table_of_outlines(path: Path) -> bool:
    """Whether a file is a table of text with a column of outlines."""
    is_table = path.suffix.casefold() in PLAIN_TABLES and path.is_file()
    return is_table and layers.has_outlines_as_text(path)


def _is_meant(path: Path) -> bool:
    """Whether a file in a folder was handed in to be read."""
    if path.suffix.casefold() in _PASSED_OVER:
        return False
    # tables beside a map are our own (changes): only the sheet of a form is news
    return path.suffix.casefold() not in PLAIN_TABLES or (path.is_file() and is_form(path))


def _is_left(path: Path, folder: Path) -> bool:
    """Whether a file is, or lies among, what programs leave behind."""
    parts = path.relative_to(folder).parts
    return store.is_litter(path.name) or any(_LITTER.match(part) for part in parts)


def sums_of(folders: Iterable[Path]) -> dict[str, str]:
    """The names of the files that were handed out, by their SHA-256, as the lists in packs say."""
    names: dict[str, str] = {}
    for folder in folders:
        for name, digest in store.read_sums(folder).items():
            names.setdefault(digest, name.rpartition("/")[2])
    return names


_LONGEST: Final = 200


def labels_of(paths: Sequence[Path]) -> dict[Path, str]:
    """What to call each file: its name, and as much of its folder as tells it from the others.

    A label stands for its file from here on, so no two files have one.
    """
    labels: dict[Path, str] = {}
    taken: set[str] = set()
    names = Counter(path.name for path in paths)
    for path in paths:
        depth = 1
        rivals = [other for other in paths if other.name == path.name and other != path]
        while names[path.name] > 1 and any(
            other.parts[-depth:] == path.parts[-depth:] for other in rivals
        ):
            depth += 1
        # cut at the front: the name itself stands at the end
        start = clean_name("/".join(path.parts[-depth:]).replace("//", "/"))[-_LONGEST:]
        label, number = start, 1
        while label in taken:
            number += 1
            label = f"{start} ({number})"
        labels[path] = label
        taken.add(label)
    return labels


def handed_in_sum(path: Path) -> str:
    """The SHA-256 of a file that was handed in; of one that is too large to be read, its size in words.

    A film or a disk image on somebody's stick would be read whole, at each collection and by each
    page of the desk, only to be refused.
    """
    size = path.stat().st_size
    return store.sha256(path) if size <= MAX_FILE else f"not read: {size} bytes"


# -- what people decided on conflicts: which file it is, and its rows -----------------------------

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
