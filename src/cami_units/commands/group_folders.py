"""Which files lie among what groups handed in, and what each of them is called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from cami_units import layers, store
from cami_units.commands.resolution_files import is_resolutions
from cami_units.documents.form_reading import is_form
from cami_units.model import InputError, clean_name, in_short

# What editors, downloads and locks leave in a folder: nobody draws in it.
_PASSED_OVER: Final = (".md", ".txt~", ".tmp", ".lock")
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
