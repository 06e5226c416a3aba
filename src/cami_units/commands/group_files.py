"""Files that groups hand in, each read as far as it can be: shapes, pins, comments, forms."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from string import ascii_lowercase
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units import kml, layers, overlap, store, words, workshop
from cami_units.commands.edited_evidence import edited_evidence, unknown_evidence
from cami_units.commands.resolution_files import (
    holds_resolutions,
    is_resolutions,
    looks_like_resolutions,
)
from cami_units.commands.stored_round import PACK_FILE
from cami_units.commands.unit_names import REJECTING_WORDS, asked_of, says_reject
from cami_units.documents.form_reading import (
    FORM_SUFFIXES,
    Form,
    is_form,
    may_be_form,
    read_form,
    read_form_content,
    refuse_unread,
)
from cami_units.documents.form_words import UNIT_ACTIONS
from cami_units.documents.workbook_cells import TABLE_SUFFIXES
from cami_units.model import (
    CONTEXT,
    LONGEST_TEXT,
    LONLAT,
    TABLES,
    InputError,
    Note,
    Placemarks,
    Progress,
    clean_name,
    clean_text,
    in_short,
    lacks_letters,
    nearest_note,
    quiet,
    quoted,
    records,
    said,
    text_rows,
)

# What editors, downloads and locks leave in a folder: nobody draws in it.
_PASSED_OVER: Final = (".md", ".txt~", ".tmp", ".lock")
_PLAIN_TABLES: Final = (".csv", ".tsv")
# Hidden files, Office's own locks (~$), Windows' thumbnails, and what a Mac adds to every zip.
_LITTER: Final = re.compile(r"\.|~\$|Thumbs\.db$|desktop\.ini$|__MACOSX$", re.IGNORECASE)
_OF_A_PACK: Final = re.compile(
    r"SHA256SUMS\.txt|pack\.json|(?:howto|map|draw)(?:_.+)?\.(?:html|pdf)|poster\.pdf",
    re.IGNORECASE,
)
# The only files of a pack that a group can have put its work into.
_TO_EDIT: Final = re.compile(r"(?:edit_.+\.km[lz]|form_.+\.xls[xm])\Z", re.IGNORECASE)
# What people hand in of a map that they drew on with a pen.
_PAPER: Final = (".pdf", ".jpg", ".jpeg", ".png", ".heic", ".tif", ".tiff")
MAX_FILE: Final = 100_000_000
# "edit_1 (2).kmz": browsers and file managers number copies so.
_COPY: Final = re.compile(r"(?:[\s_]*\(\d{1,3}\))+\Z")
_EDIT_NAME: Final = re.compile(r"edit[\s_\-]+(.+)", re.IGNORECASE)
# Our folder is called "2 …" in each language; whoever renames it mostly leaves the number and the
# word.
_UNITS_FOLDER: Final = re.compile(r"2\b.*(?:\bunits?\b|единиц)", re.IGNORECASE)
_MEANT: Final = 0.9
"""Share of a file's units that must say one group for the file to be that group's."""


_COLLECTED_BEFORE: Final = "collected before"
_TWIN: Final = "twin"


@dataclass(frozen=True, slots=True)
class FileRead:
    """What one file gave: how many placemarks, whose it is and how that is known.

    ``placemarks`` is always ``evidence + shapes + pins + unusable + passed``: `evidence` is ours
    coming back, `passed` saved views and corners of shapes, which nobody drew as pins. `rows` are
    those that somebody filled in of a form. `refusal` says why nothing was read.
    """

    file: str
    sha256: str
    group: str = ""
    group_by: str = ""
    placemarks: int = 0
    evidence: int = 0
    shapes: int = 0
    pins: int = 0
    unusable: int = 0
    passed: int = 0
    rows: int = 0
    folder_there: bool = False
    unchanged: bool = False
    is_form: bool = False
    refusal: Note | None = None

    @property
    def refused(self) -> str:
        """Why nothing was read, in English; empty where it was."""
        return said(self.refusal) if self.refusal else ""

    @property
    def is_known(self) -> bool:
        """Whether a round up to the base was collected from it: it was read, and then."""
        return self.refusal is not None and self.refusal.key == _COLLECTED_BEFORE

    @property
    def is_used(self) -> bool:
        """Whether anything of it was taken; a form that nobody filled in was read all the same."""
        is_something = bool(self.shapes or self.pins or self.evidence)
        return self.refusal is None and (is_something or self.is_form or self.unchanged)


def unread_note(file: FileRead) -> Note:
    """What is said of the units of a group whose file was not read: it is damaged, or there already."""
    facts = {"group": file.group, "file": file.file}
    if file.refusal is not None and file.refusal.key in (_TWIN, _COLLECTED_BEFORE):
        return Note("file passed over", facts | {"why": file.refusal})
    return Note("file unread", facts)


@dataclass(slots=True)
class GroupFiles:
    """All files together: placemarks with ground, pins and comments, forms, what was noticed.

    `placemarks` are rows by :data:`cami_units.workshop.PLACEMARK_COLUMNS`, with ``outline``; `pins`
    rows of `remarks`. `unsound` says of each file which units came back but could not be used, and
    why; under the empty id why nothing is concluded from what is not in it.
    """

    files: list[FileRead] = field(default_factory=list)
    placemarks: list[dict[str, Any]] = field(default_factory=list)
    pins: list[dict[str, Any]] = field(default_factory=list)
    forms: dict[str, list[workshop.FormRow]] = field(default_factory=dict)
    unsound: dict[str, dict[str, str]] = field(default_factory=dict)
    notices: list[workshop.Notice] = field(default_factory=list)
    sums: dict[Path, str] = field(default_factory=dict)
    of_another_round: list[str] = field(default_factory=list)
    """Files whose units were handed out with outlines that none of the base ever had."""
    rounds: dict[str, str] = field(default_factory=dict)
    """The round in which the units of a file were handed out, as nearly all of them say."""
    looked_at: frozenset[str] = frozenset()
    """By :func:`handed_in_sum`, what lay among them without a line of its own: a mail or an archive, whose
    files have one each; what nobody edits of a pack; a table that is no form; a file far too large."""

    def sha256(self, path: Path) -> str:
        """What :func:`handed_in_sum` gives for a file that lies among them, whose bytes are read once."""
        if path not in self.sums:
            self.sums[path] = handed_in_sum(path)
        return self.sums[path]

    def note(self, of_file: str, key: str, **facts: object) -> None:
        """Note something of a file as a whole."""
        self.notices.append(workshop.Notice(of_file, "", "", Note(key, facts)))

    def note_names(self, of_file: str, key: str, names: Sequence[str], most: int = 6) -> None:
        """Note how many things there are, and what the first of them are called; nothing of none."""
        if names:
            self.note(of_file, key, count=len(names), names=in_short(names, most))


@dataclass(frozen=True, slots=True)
class HandedOut:
    """What the round handed out says of a file that comes back.

    `in_pack` are the units that each group was handed, `hashes` the outlines and `names` the names that
    each unit ever had, also of units that are no more.
    """

    units: frozenset[str]
    owner: Mapping[str, str]
    section_group: Mapping[str, str]
    groups: tuple[str, ...]
    evidence: frozenset[str]
    region: tuple[float, float, float, float] | None = None
    shown: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)
    """The layers that are handed out to be looked at, longitude and latitude: evidence, sections, context."""
    in_pack: Mapping[str, Sequence[str]] = field(default_factory=dict)
    hashes: Mapping[str, Collection[str]] = field(default_factory=dict)
    names: Mapping[str, Collection[str]] = field(default_factory=dict)
    outlines: Mapping[str, Any] = field(default_factory=dict)
    collected: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """By the SHA-256 of each file that the round was collected from: its name then, and the round."""


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
        outlined = [one.name for one in tables if _is_table_of_outlines(one)]
        if outlined:
            raise InputError.of("table of outlines, no form", file=in_short(sorted(outlined)))
        raise InputError.of("no files")
    return sorted(unique_paths, key=lambda path: (path.name, str(path)))


def say_tables_beside(
    paths: Iterable[Path],
    files: Collection[Path],
    group_files: GroupFiles,
    handed_out: Mapping[str, str],
) -> None:
    """Note the tables in the folders named that are no forms: a list of points may be among them.

    Forms are among the `files` that :func:`found_files` looked into already. Tables of the pack
    itself, known by their SHA-256, are nobody's work and stay unsaid.
    """
    tables = [
        one
        for path in paths
        if path.is_dir()
        for one in files_in(path)
        if one.suffix.casefold() in _PLAIN_TABLES
        and one not in files
        and one.is_file()
        and not looks_like_resolutions(one)
        and group_files.sha256(one) not in handed_out
    ]
    with_outlines = [one.name for one in tables if layers.has_outlines_as_text(one)]
    others = [one.name for one in tables if one.name not in with_outlines]
    group_files.note_names("", "tables beside", sorted(others))
    group_files.note_names("", "tables of outlines", sorted(with_outlines))


def _is_table_of_outlines(path: Path) -> bool:
    """Whether a file is a table of text with a column of outlines."""
    is_table = path.suffix.casefold() in _PLAIN_TABLES and path.is_file()
    return is_table and layers.has_outlines_as_text(path)


def _is_meant(path: Path) -> bool:
    """Whether a file in a folder was handed in to be read."""
    if path.suffix.casefold() in _PASSED_OVER:
        return False
    # tables beside a map are our own (changes): only the sheet of a form is news
    return path.suffix.casefold() not in _PLAIN_TABLES or (path.is_file() and is_form(path))


def _is_left(path: Path, folder: Path) -> bool:
    """Whether a file is, or lies among, what programs leave behind."""
    parts = path.relative_to(folder).parts
    return store.is_litter(path.name) or any(_LITTER.match(part) for part in parts)


def looked_at(paths: Iterable[Path], group_files: GroupFiles) -> frozenset[str]:
    """What :func:`handed_in_sum` gives for all that was brought and has no line among the files read."""
    brought = [inner for path in paths for inner in ([path] if path.is_file() else files_in(path))]
    plain = [path for path in brought if path.is_file() and not path.is_symlink()]
    sums = {group_files.sha256(path) for path in plain if not is_resolutions(path)}
    return frozenset(sums - {file.sha256 for file in group_files.files})


def sums_of(folders: Iterable[Path]) -> dict[str, str]:
    """The names of the files that were handed out, by their SHA-256, as the lists in packs say."""
    names: dict[str, str] = {}
    for folder in folders:
        for name, digest in store.read_sums(folder).items():
            names.setdefault(digest, name.rpartition("/")[2])
    return names


def read_files(
    paths: Sequence[Path],
    base_facts: HandedOut,
    *,
    handed_out: Mapping[str, str] | None = None,
    progress: Progress = quiet,
) -> GroupFiles:
    """Every file, read as far as it can be. One bad file never stops the others.

    Parameters
    ----------
    paths : sequence of Path
        As :func:`found_files` gives them.
    base_facts : HandedOut
        What the round handed out says.
    handed_out : mapping, optional
        The names of the files of the packs, by their SHA-256. One of them that comes back as it
        was is *unchanged*; those that nobody can edit are passed over.
    """
    group_files = GroupFiles()
    twins: dict[str, str] = {}
    labels = labels_of(paths)
    not_for_editing: list[str] = []
    for number, path in enumerate(paths, start=1):
        progress("reading files", number, len(paths))
        label = labels[path]
        reading = _Reading(label, "", base_facts, handed_out or {}, twins, group_files)
        try:
            # first of all: a pipe or device would be hashed for ever
            _refuse_no_file(path, label)
            _refuse_too_large(path, label)
            reading.digest = group_files.sha256(path)
            layers.check_beginning(path, label)
            # before twins: whole packs may come back, and what they all hold is not the same file
            # handed in twice
            if _is_passed_over(path, reading):
                not_for_editing.append(label)
            elif not _is_twin(reading):
                _read(path, reading)
        except InputError as error:
            _refuse(reading, error.note)
        except OSError as error:
            why = quoted(error.strerror or error)
            _refuse(reading, Note("file unreadable", {"file": label, "why": why}))
    group_files.note_names("", "pack files", not_for_editing)
    return group_files


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


@dataclass(slots=True)
class _Reading:
    """One file under way: what it is called, what is known of it, and where what is in it goes.

    `handed_out` are the names of the files of the packs, by their SHA-256; `twins` the first file of
    each content.
    """

    label: str
    digest: str
    base_facts: HandedOut
    handed_out: Mapping[str, str]
    twins: dict[str, str]
    group_files: GroupFiles

    def note(self, key: str, **facts: object) -> None:
        """Note something of the file as a whole."""
        self.group_files.note(self.label, key, **facts)

    def note_in(self, folder: str, placemark: str, what: Note, line: int = 0) -> None:
        """Note something of a folder of it (of a form: a sheet), or of a placemark there."""
        self.group_files.notices.append(workshop.Notice(self.label, folder, placemark, what, line))

    def refuse(self, why: Note) -> None:
        """Put the file among the others as one of which nothing is read."""
        group = named_group(self.label, self.base_facts.groups)
        self.group_files.files.append(FileRead(self.label, self.digest, group, refusal=why))


def _is_twin(reading: _Reading) -> bool:
    """Whether the same bytes came before, under whatever name: now, or into a round up to the base."""
    if reading.digest in reading.base_facts.collected:
        # what it asked for was settled there: read again it would undo that
        name, number = reading.base_facts.collected[reading.digest]
        facts = {"file": name, "round": number}
        reading.refuse(Note(_COLLECTED_BEFORE, facts))
        reading.note("same file as before", **facts)
        return True
    twin = reading.twins.setdefault(reading.digest, reading.label)
    if twin == reading.label:
        return False
    reading.refuse(Note(_TWIN, {"file": twin}))
    reading.note("same file", twin=twin)
    return True


def _is_passed_over(path: Path, reading: _Reading) -> bool:
    """Whether a file is of a pack, and nothing that a group could have put its work into."""
    handed_out, groups = reading.handed_out, reading.base_facts.groups
    if path.name in (store.SUMS, PACK_FILE):
        return True
    if name := handed_out.get(reading.digest):
        return not _TO_EDIT.match(name)
    if path.suffix.casefold() == ".pdf":
        # Other bytes than were handed out: a map that was scanned, or drawn on. Where nobody knows what
        # was handed out, the very name of a map says that it was.
        names = {"poster", *(f"map_{group}" for group in groups)}
        return not handed_out and path.stem in names
    return bool(_OF_A_PACK.fullmatch(path.name))


def _refuse_no_file(path: Path, called: str) -> None:
    """Refuse, before a byte is read, what is no file, or is a link."""
    if path.is_symlink():
        raise InputError.of("link", file=called)
    if not path.is_file():
        raise InputError.of("no plain file", file=called)


def _refuse_too_large(path: Path, called: str) -> None:
    """Refuse, before a byte is read, what is larger than any file is read."""
    size = path.stat().st_size
    if size > MAX_FILE:
        raise InputError.of("file too large", file=called, mb=size / 1e6, most=MAX_FILE / 1e6)


def handed_in_sum(path: Path) -> str:
    """The SHA-256 of a file that was handed in; of one that is too large to be read, its size in words.

    A film or a disk image on somebody's stick would be read whole, at each collection and by each
    page of the desk, only to be refused.
    """
    size = path.stat().st_size
    return store.sha256(path) if size <= MAX_FILE else f"not read: {size} bytes"


def _refuse(reading: _Reading, why: Note) -> None:
    """A file that is not read, and why."""
    why = _unnamed(why, reading.label)
    reading.refuse(why)
    reading.note("file refused", why=why)


def _unnamed(why: Note, label: str) -> Note:
    """What is said of a file where its name stands already: "the file is empty"."""

    def said_of_it(name: str, value: object) -> object:
        if name == "file" and value == label:
            return Note("the file")
        if isinstance(value, Note):
            return _unnamed(value, label)
        return [said_of_it("", one) for one in value] if isinstance(value, list) else value

    return replace(why, facts={name: said_of_it(name, value) for name, value in why.facts.items()})


def _read(path: Path, reading: _Reading) -> None:
    """One file: a form, a GIS file, a KML or KMZ; or a mail or archive of such files."""
    suffix, label = path.suffix.casefold(), reading.label
    # endings first: below, an old .xls or a link of Google would be told of as a damaged map
    refuse_unread(path, label)
    if suffix in _PAPER:
        raise InputError.of("drawn on paper", file=label)
    if suffix in FORM_SUFFIXES or (suffix in TABLE_SUFFIXES and is_form(path)):
        try:
            form = read_form(path)
        except InputError as error:
            if error.note.key == "no form" and holds_resolutions(path):
                raise InputError.of("report, no form", file=label) from error
            raise
        _take_form(form, reading)
    elif suffix in _PLAIN_TABLES:
        is_outlined = layers.has_outlines_as_text(path)
        key = "table of outlines, no form" if is_outlined else "table, no form"
        raise InputError.of(key, file=label)
    elif suffix in layers.DRAWN_SUFFIXES:
        _take(layers.read_gis_placemarks(path, label), reading)
    # by what it begins with: people save GeoJSON as .json and .txt
    elif (content := kml.geojson_of(path)) is not None:
        _take(layers.read_gis_content(content, "geojson", label), reading)
    elif not _read_archive(path, reading):
        _take(kml.read_placemarks(path, label, region=reading.base_facts.region), reading)


def _read_archive(path: Path, reading: _Reading) -> bool:
    """What lies in a mail or an archive; whether it is one that holds anything to read."""
    label = reading.label
    inner, passed = kml.inner_files(path, label)
    entries = [entry for entry in inner if not _is_plain_table(entry)]
    tables = [entry for entry in inner if entry not in entries]
    names = {one.label: one.label.removeprefix(f"{label}/") for one in tables}
    outlined = [one.label for one in tables if layers.has_outlines_as_text(one.content)]
    if outlined:
        of_outlines = sorted(names.pop(one) for one in outlined)
        if not entries:
            raise InputError.of("table of outlines, no form", file=in_short(of_outlines))
        reading.group_files.note_names(label, "tables of outlines", of_outlines, most=5)
    passed += tuple(names.values())
    reading.group_files.note_names(label, "archive also holds", passed, most=5)
    for entry in entries:
        digest = "" if entry.refusal else hashlib.sha256(entry.content).hexdigest()
        _read_entry(entry, replace(reading, label=entry.label, digest=digest))
    return bool(entries)


def _is_plain_table(entry: kml.Entry) -> bool:
    """Whether a file of an archive is a table of text that is no sheet of a form."""
    is_table = f".{entry.ending}" in TABLE_SUFFIXES and not entry.refusal
    return is_table and not may_be_form(entry.content, entry.ending)


def _read_entry(entry: kml.Entry, reading: _Reading) -> None:
    """A file out of a mail or an archive: one of its own, with its own group."""
    if entry.refusal:
        _refuse(reading, entry.refusal)
        return
    if _is_twin(reading):
        return
    content, ending, label = entry.content, entry.ending, entry.label
    try:
        if may_be_form(content, ending):
            _take_form(read_form_content(content, ending), reading)
        elif f".{ending}" in layers.DRAWN_SUFFIXES:
            _take(layers.read_gis_content(content, ending, label, entry.sidecars), reading)
        else:
            _take(kml.read_placemarks(content, label, region=reading.base_facts.region), reading)
    except InputError as error:
        _refuse(reading, error.note)


def _take(placemarks: Placemarks, reading: _Reading) -> None:
    """What one file holds, put with that of the others."""
    label, base_facts, group_files = reading.label, reading.base_facts, reading.group_files
    rows = records(placemarks.table)
    own_columns = _own_columns(rows)
    for row in rows:
        row["data"] = _without_foreign_layer(row["data"])
        row["comment"] = _with_own_columns(row, _comment(row), own_columns)
        _know_its_id(row, base_facts)
        # what lacks letters of the name of a unit is held against that name
        typed = row["comment"] if row["data"] else f"{row['name']} {row['comment']}"
        if lacks_letters(typed):
            what = Note("lacks letters", {"text": kml.in_a_notice(typed.strip())})
            reading.note_in(row["folder"], row["name"], what, int(row["line"]))
    group_files.note_names(label, "columns unread", _columns_unread(rows, own_columns))
    usable = [_mark(row, label) for row in rows if row["kind"] in ("polygon", "line", "point")]
    is_foreign = _is_of_another_round(usable, base_facts)
    evidence, own_marks = _parted(usable, lambda mark: _is_evidence(mark, base_facts, is_foreign))
    _keep_lines_beside_loops(own_marks)
    pins, grounds = _parted(own_marks, lambda mark: mark["ground"] is None)
    # parts of one unit are put together before they are held against a square kilometre
    specks, others = _parted(_parts_together(grounds), lambda mark: _is_too_small(mark, base_facts))
    far, shapes = _parted(others, lambda mark: _is_far_away(mark, base_facts))
    # by what was drawn: pins and our own evidence say nothing of whose file it is
    group, group_by = _group(shapes, reading) if own_marks else _named(label, base_facts)
    folder_there = _folder_there(placemarks.folders, shapes, group, reading)
    group_files.unsound[label] = _unsound(placemarks, pins, base_facts)
    group_files.rounds[label] = _mostly(_data(shapes, "round"))
    if is_foreign:
        group_files.of_another_round.append(label)
        group_files.unsound[label].setdefault("", "another round")
        for mark in shapes:
            _leave_name(mark)
    turned = [mark for mark in shapes if _turn_swapped(mark, reading)]
    _ask_about_words(shapes, reading)
    _ask_about_folders(shapes, placemarks.folders, reading)
    retold = {
        "unlikely area": _numbers(specks),
        **dict.fromkeys(("outside", "outside, turned inside"), _numbers([*far, *turned])),
    }
    group_files.notices += _reader_notices(placemarks.notes, label, retold)
    groups = _group_of_each(shapes, group, reading)
    if len(set(groups)) > 1:
        group, group_by = ";".join(sorted(set(groups))), "its placemarks"
    group_files.placemarks += _shapes(shapes, groups, reading)
    group_files.pins += _all_remarks(pins, shapes, [*specks, *far], evidence, (group, groups))
    group_files.pins += _words_without_ground(rows, group, reading)
    group_files.notices += _noticed(evidence, specks, far, base_facts)
    if not is_foreign:
        group_files.notices += [
            _notice(mark, Note("evidence unknown", {"layer": title}))
            for mark, title in unknown_evidence(evidence, base_facts.shown)
        ]
    passed = sum(row["kind"] in ("view", "vertex") for row in rows)
    unchanged = reading.digest in reading.handed_out
    group_files.files.append(
        FileRead(
            file=label,
            sha256=reading.digest,
            group=group,
            group_by=group_by,
            # placemarks that a cut-off text only begins are counted, so that the sums of the report
            # are true
            placemarks=len(rows) + placemarks.beyond,
            evidence=len(evidence),
            shapes=len(shapes),
            pins=len(pins) + len(specks) + len(far),
            unusable=len(rows) + placemarks.beyond - len(usable) - passed,
            passed=passed,
            folder_there=folder_there,
            unchanged=unchanged,
        )
    )
    if unchanged:  # of a group without units nothing is in it, and nothing is wrong with that
        reading.note("unchanged file")
    elif not own_marks:
        _say_nothing_drawn(group_files, placemarks)


def _all_remarks(
    pins: Sequence[Mapping[str, Any]],
    shapes: Sequence[Mapping[str, Any]],
    no_units: Sequence[Mapping[str, Any]],
    evidence: Sequence[Mapping[str, Any]],
    whose: tuple[str, Sequence[str]],
) -> list[dict[str, Any]]:
    """All remarks of a file: pins, what lies beside shapes, shapes that are no unit, comments on evidence.

    `whose` is the group of the file and that of each shape: what is no shape is of its document's.
    """
    group, groups = whose
    is_of_several = len(set(groups)) > 1

    def owner(mark: Mapping[str, Any]) -> str:
        return (is_of_several and _group_of_document(mark, shapes, groups)) or group

    # A polygon may have lines beside it: they are remarks, as those without a polygon are.
    marks = [*((mark, owner(mark)) for mark in pins), *zip(shapes, groups, strict=True)]
    rows = [row for mark, own_group in marks for row in _remarks(mark, own_group)]
    rows += [_pin_on_ground(mark, owner(mark)) for mark in no_units]
    return rows + [_pin_on_evidence(mark, owner(mark)) for mark in evidence if _is_comment(mark)]


def _noticed(
    evidence: Sequence[Mapping[str, Any]],
    specks: Iterable[Mapping[str, Any]],
    far: Iterable[Mapping[str, Any]],
    base_facts: HandedOut,
) -> list[workshop.Notice]:
    """What is noticed of evidence that was edited, and of shapes that are made no unit."""
    return [
        *(
            _notice(mark, Note("evidence edited", {"layer": title}))
            for mark, title in edited_evidence(evidence, base_facts.shown)
        ),
        *(_notice(mark, Note("too small")) for mark in specks),
        *(_notice(mark, _far_note(mark, base_facts)) for mark in far),
    ]


def _parted(
    marks: Iterable[dict[str, Any]], fits: Callable[[dict[str, Any]], bool]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The marks that fit, and the others, each in their order."""
    fitting: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for mark in marks:
        (fitting if fits(mark) else others).append(mark)
    return fitting, others


def _notice(mark: Mapping[str, Any], note: Note) -> workshop.Notice:
    """Something noticed of a placemark."""
    return workshop.Notice(mark["file"], mark["folder"], mark["name"], note, int(mark["line"]))


def _say_nothing_drawn(group_files: GroupFiles, placemarks: Placemarks) -> None:
    """Note of the last file that nothing of a group is in it, unless its reader has said why."""
    file = group_files.files[-1]
    if file.unusable:
        group_files.note(file.file, "none usable", count=file.unusable)
    elif not _SAYS_WHY & set(placemarks.notes["key"]):
        group_files.note(file.file, "nothing drawn")


def _named(label: str, base_facts: HandedOut) -> tuple[str, str]:
    """The group of a file in which nothing was drawn: that of its name, if any."""
    group = named_group(label, base_facts.groups)
    return (group, "its name") if group else ("", "")


def _unsound(
    placemarks: Placemarks, pins: Sequence[Mapping[str, Any]], base_facts: HandedOut
) -> dict[str, str]:
    """Units that came back without an outline that can be used, and why; under "" a file cut off."""
    reasons = {} if placemarks.is_whole else {"": "file cut off"}
    table = placemarks.table
    for row in records(table[table["kind"].isin(["none", "mask"])]):
        unit_id = _meant(row)
        if unit_id in base_facts.units:
            reasons[unit_id] = "broken placemark"
    for mark in pins:
        unit_id = str(mark["data"].get("cu_id", ""))
        # its outline drawn anew as a path, under its name; a pin of that name only speaks of it
        if mark["lines"] is not None and not mark["data"].get("about"):
            unit_id = unit_id or mark["meant"]
        if unit_id in base_facts.units:
            reasons[unit_id] = "no ground"
    return reasons


def _words_without_ground(
    rows: Iterable[Mapping[Any, Any]], group: str, reading: _Reading
) -> Iterator[dict[str, Any]]:
    """What was typed into placemarks whose shape cannot be used, or that have none, as rows of `remarks`.

    Tables joined to a map leave such rows, and Google Earth where a polygon was begun and never drawn. Said
    of a unit that was handed out it stands on that unit, and says nothing of whether it is to stay.
    """
    for row in rows:
        text = row["comment"] if row["kind"] in ("none", "view") else ""
        unit_id = _meant(row) if text else ""
        outline = reading.base_facts.outlines.get(unit_id)
        if outline is not None:
            mark = {**row, "file": reading.label, "data": {"about": unit_id}}
            yield _remark(mark, group, "comment", shapely.point_on_surface(outline))
        elif text:
            what = Note("typed beside", {"text": kml.in_a_notice(text)})
            reading.note_in(row["folder"], row["name"], what, int(row["line"]))


def _meant(row: Mapping[Any, Any]) -> str:
    """The unit that a placemark says it is: by its data, its id, or its name."""
    by_id = str(row["placemark_id"]).partition(".")[0]
    in_folder = str(row["folder"]).rpartition("/")[2]
    spoken = (workshop.spoken_id(words) for words in (by_id, row["name"], in_folder))
    return row["data"].get("cu_id") or next(filter(None, spoken), "")


_SAYS_WHY: Final = frozenset({"no placemark", "no placemark but", "only a link", "only a picture"})
"""What a reader says of a file without placemarks: nothing more needs to be asked."""
_TOLD_LATER: Final = frozenset({"closes"})
"""Paths that nearly close are told with what was made of them."""


def _numbers(marks: Iterable[Mapping[str, Any]]) -> frozenset[int]:
    """The numbers in their file of some placemarks."""
    return frozenset(mark["placemark"] for mark in marks)


def _reader_notices(
    notes: pd.DataFrame, label: str, retold: Mapping[str, Collection[int]]
) -> list[workshop.Notice]:
    """What the reader noticed and a person should know.

    `retold` are the placemarks of which a note says what is said of them here once more, by its key.
    """
    notices = []
    for row in records(notes):
        if row["placemark"] in retold.get(row["key"], ()):
            continue
        if row["key"] in _TOLD_LATER:
            continue
        folder = "/".join(filter(None, (row["member"], row["folder"])))
        note = Note(row["key"], row["facts"], row["level"])
        notices.append(workshop.Notice(label, folder, row["name"], note, int(row["line"])))
    return notices


def _mark(row: Mapping[Any, Any], label: str) -> dict[str, Any]:
    """A row of `placemarks` with what counts here: its ground, and what was typed into it."""
    from_path = row["polygons"] is None and row["loops"] is not None
    return {
        **{
            key: row[key] for key in ("folder", "name", "data", "placemark_id", "placemark", "line")
        },
        "file": label,
        "meant": _meant(row),
        "comment": row["comment"],
        "ground": row["loops"] if from_path else row["polygons"],
        "from_path": from_path,
        "lines": row["lines"],
        "points": row["points"],
    }


def _keep_lines_beside_loops(marks: Iterable[dict[str, Any]]) -> None:
    """Of marks of a group only: our evidence has barriers of 70,000 corners, some of whose parts close."""
    for mark in marks:
        if mark["from_path"]:
            mark["lines"] = _beside_loops(mark["lines"], mark["ground"])


def _beside_loops(lines: Any, loops: Any) -> Any:
    """The lines of a placemark that are no side of what its closing paths surround; None: all are."""
    parts = shapely.get_parts(lines)
    sides = shapely.boundary(loops)
    # A resting GPS draws thousands of corners: an index over the sides instead of each side for each corner.
    shapely.prepare(sides)
    corners = [shapely.points(shapely.get_coordinates(part)) for part in parts]
    # In degrees: a ten-thousandth of a metre, for corners that were cut anew where paths cross. By most
    # of its corners, for the end of a closing path may hang over where it meets the beginning.
    beside = [
        part
        for part, points in zip(parts, corners, strict=True)
        if np.mean(shapely.dwithin(sides, points, 1e-9)) <= 0.5
    ]
    return shapely.multilinestrings(beside) if len(beside) > 1 else next(iter(beside), None)


_WORD_COLUMNS: Final = frozenset(
    {*("description", "desc", "comment", "comments", "cmt", "remark", "remarks", "note", "notes")}
    | {*("text", "memo", "описание", "комментарий", "комментарии", "примечание", "примечания")}
    | {*("замечание", "замечания", "заметка", "заметки", "пояснение", "текст", "тайлбар", "санал")}
    | {*("тэмдэглэл", "备注", "说明", "描述", "注释", "意见", "iconcaption")}
)
"""What people call the column of a table into which they type words."""
_HANDED_OUT: Final = frozenset(
    {*words.CARD_FIELDS, *TABLES["conservation_units"].columns}
    | {*("cu_id", "part", "rev", "geom_hash", "round", "working_group", "group", "grp")}
    | {*("section_id", "also_present", "how_to", "decision", "merged_into", "split_from")}
    | {
        *(
            "label",
            "draw_id",
            "split_of",
            "piece",
            "merged_from",
            "rejected",
            "reason",
            "ticks",
            "about",
        )
    }
    | {*("drawn", "new_name_en", "new_name_ru", "of_unit", "of", "unit", "name", "title")}
)
"""The columns of text that a file of ours is handed out with, from packs, rounds and the drawing page."""
_OF_PROGRAMS: Final = re.compile(
    r"(?:stroke|fill|marker|style|icon|symbol|shape|created|modified|last_edit|edit|auxiliary|geom|merge|"
    r"buff|gx|is|has|iso|label|owner|user|device)[-_ ]?\w*|_.*|timestamp|begin|end|when|alt(?:itude)?mode|"
    r"base|clamped|extruded?|tessellate|visib\w*|hidden|locked|draworder|snippet|popupinfo|layer|path|"
    r"folder(?:path|id)?|class|id|fid|ogc_fid|gid|uuid|globalid|objectid|creator|author|editor|colou?r|source|kind|"
    r"type|valid\w*|country|times?|date.*",
    re.IGNORECASE,
)
"""Columns that programs add to what they save: styles, times, ids, who saved it."""
_NO_SPEECH: Final = re.compile(
    r"#?\{?[0-9a-f-]{6,}\}?|[\d:TZ.+-]+|true|false|.*(?:<html|<table|<body|://).*",
    re.IGNORECASE | re.DOTALL,
)
"""Ids, colours, times, marks and pages, which hold letters and say nothing."""


def _own_columns(rows: Sequence[Mapping[Any, Any]]) -> frozenset[str]:
    """The columns of data that a group has added to units that it was handed out, by what is typed into them.

    What is the same in all of several units was written there by a program.
    """
    units = [row["data"] for row in rows if row["data"].get("cu_id")]
    typed: dict[str, list[str]] = {}
    for data in units:
        for key, value in data.items():
            if value:
                typed.setdefault(key, []).append(value)
    return frozenset(
        key
        for key, values in typed.items()
        if not _is_known_column(key) and not (len(values) == len(units) > 1 and len({*values}) == 1)
    )


def _columns_unread(rows: Iterable[Mapping[Any, Any]], own_columns: Collection[str]) -> list[str]:
    """The columns of pins and new shapes in which words stand that are read as none."""
    return sorted(
        {
            key
            for row in rows
            if not (row["data"].get("layer") or row["data"].get("cu_id"))
            for key, text in row["data"].items()
            if _LETTERS.search(text) and not (_NO_SPEECH.fullmatch(text) or text == row["name"])
            if not (_is_read_of(row, key) or key in own_columns)
        }
    )


def _is_read_of(row: Mapping[Any, Any], key: str) -> bool:
    """Whether a column holds words that are read, or none: our columns are those of units and of our page's pins."""
    name = _column_name(key)
    is_own_pin = row["kind"] == "point" and not {"label", "about"} & {*row["data"]}
    if is_own_pin and name not in ("name", "title", "unit"):
        return name in _WORD_COLUMNS or _OF_PROGRAMS.fullmatch(name) is not None
    return name in _WORD_COLUMNS or _is_known_column(key)


def _is_known_column(key: str) -> bool:
    """Whether a column is one that we hand out, or that programs add; a shapefile cuts names at ten letters."""
    name = _column_name(key)
    return name[:10] in _HANDED_OUT_CUT or _OF_PROGRAMS.fullmatch(name) is not None


def _column_name(key: str) -> str:
    # some programs put their own name in front: "felt:note"
    return key.casefold().rpartition(":")[2].rstrip("_0123456789 ")


def _with_own_columns(row: Mapping[Any, Any], said: str, own_columns: Collection[str]) -> str:
    """What was typed into the description of a placemark, and into columns that a group has added to its data.

    In a GIS, a table or a phone people type into a column of their own sooner than into a description. Of a
    file that nobody handed out only columns that are called so hold words: the others are whatever its layer
    knows.
    """
    if row["data"].get("layer"):
        return said
    for key, text in row["data"].items():
        is_of_words = _column_name(key) in _WORD_COLUMNS
        if not (is_of_words or key in own_columns) or not _LETTERS.search(text):
            continue
        # what was said already is not said again
        is_new = text not in (said if is_of_words else said.split("\n")) and text != row["name"]
        if is_new and not (_NO_SPEECH.fullmatch(text) or _is_our_own(text)):
            said = f"{said}\n{text if is_of_words else f'{key} – {text}'}".strip()
    return said[: max(LONGEST_TEXT, len(row["description"]))]


_HANDED_OUT_CUT: Final = frozenset(name[:10] for name in _HANDED_OUT)


def _comment(row: Mapping[Any, Any]) -> str:
    """What somebody typed: not our own instruction, and not an attribute that a program echoes."""
    text = _without_echoes(clean_text(row["description"]), row["data"])
    if not text:
        return ""
    echoes = {row["name"], *(row["data"].get(key) for key in _CARD_KEYS)}
    if row["data"].get("layer"):
        echoes.add(row["data"].get("note"))  # that of our evidence, which a GIS has for a comment
    return "" if _is_our_own(text) or text in echoes else text


def _is_our_own(text: str) -> bool:
    """Whether a text is our instruction how to comment, in any language."""
    # a shapefile cuts it off at 254 bytes; and below 20 letters a remark of a group could begin as ours does
    return len(text) > 20 and any(_reads_as(text, own) for own in _OWN_WORDS)


def _without_echoes(text: str, data: Mapping[str, str]) -> str:
    """A description without the lines that a program has made of the data: "cu_id: CU-001".

    Google My Maps writes all of them so when it exports what was imported with data.
    """
    if ":" not in text:
        return text
    wholes = (f"{key}: {value}" for key, value in data.items())
    echoes = {line.strip() for whole in wholes for line in whole.split("\n")}
    return "\n".join(line for line in text.split("\n") if line.strip() not in echoes).strip()


def _reads_as(text: str, own: str) -> bool:
    """Whether a text begins one of ours, letters aside that a code page has turned into "?"."""
    if len(text) > len(own) or not text.strip("? "):
        return False
    # strict=False: what came back may be cut off, so only its own length is compared
    return all(letter in (ours, "?") for letter, ours in zip(text, own, strict=False))


_OWN_WORDS: Final = frozenset(words.text("how_to_comment", lang) for lang in words.LANGUAGES)
_LETTERS: Final = re.compile(r"[^\W\d_]")
_NO_WORDS_OF_A_NAME: Final = re.compile(
    rf"(?<![^\W\d_])(?:{REJECTING_WORDS})|\b[CС][UУ]\b|\S*\d\S*", re.IGNORECASE
)


def _ask_about_words(marks: Iterable[dict[str, Any]], reading: _Reading) -> None:
    """Note each name that is a message rather than a name of a unit, and take the unit's id in its place.

    Such are words by which it may be meant to be rejected, "OK", "merge with CU-011". What is of no unit
    that was handed out is new: "Removed Hills" is its name. So it is of a unit that was handed out under it.
    """
    for mark in marks:
        # the drawing page asks for names by themselves
        if mark["data"].get("layer") or mark["data"].get("label"):
            continue
        unit_id = _unit_of(mark, reading.base_facts)
        own_names = _known_names(unit_id, reading.base_facts)
        key = asked_of(mark["name"], own_names) if unit_id else ""
        if key and workshop.bare_name(mark["name"]) not in own_names:
            reading.group_files.notices.append(_notice(mark, Note(key, {"name": mark["name"]})))
            mark["name"] = unit_id


def _known_names(unit_id: str, base_facts: HandedOut) -> set[str]:
    """The names that a unit, or the one that it is a piece of, was ever handed out with."""
    names_of = (base_facts.names.get(base_id, ()) for base_id in _bases(unit_id))
    return {clean_name(name) for names in names_of for name in names}


def _messages(
    mark: Mapping[str, Any], facts: workshop.DrawnFacts, base_facts: HandedOut
) -> dict[str, str]:
    """What stands for a name, before an outline or in its data, and reads as a message: by the words the question."""
    own_names = _known_names(mark["meant"], base_facts)
    typed = {mark["name"], *facts.data_names} - {None, ""}
    return {name: key for name in sorted(typed) if (key := asked_of(name, own_names))}


def _ask_about_folders(
    shapes: Iterable[Mapping[str, Any]], folders: Iterable[str], reading: _Reading
) -> None:
    """Note each folder of the group's own into which it has put units that were handed out.

    In Google Earth a unit is dragged into "To be removed" sooner than its name is edited. Where our
    folder is gone, a program has put all units into one of its own, which says nothing.
    """
    is_ours_there = any(map(_is_units_folder, folders))
    ids_by_folder: dict[str, list[str]] = {}
    for mark in shapes:
        folder = _own_folder(mark["folder"])
        if folder and mark["meant"] in reading.base_facts.units:
            ids_by_folder.setdefault(folder, []).append(mark["meant"])
    for folder, unit_ids in sorted(ids_by_folder.items()):
        last_step = folder.rpartition("/")[2]
        is_rejecting = workshop.rejects(last_step) or says_reject(last_step)
        if not (is_ours_there or is_rejecting):
            continue
        key = "units in a folder of rejection" if is_rejecting else "units in a folder"
        facts = {"folder": last_step, "names": in_short(dict.fromkeys(unit_ids), 12)}
        reading.note_in(folder, "", Note(key, facts))


def _own_folder(folder: str) -> str:
    """The path of a folder that a group has made, inside ours of the units or beside it; else nothing."""
    last_step = folder.rpartition("/")[2]
    is_ours = _is_units_step(last_step) or last_step.casefold() in _OUR_FOLDERS
    return "" if is_ours else folder


def _unit_of(mark: Mapping[str, Any], base_facts: HandedOut) -> str:
    """The unit, or the piece of one, that a placemark is of, by all that it says; empty for what is new.

    Data, an id and the front of a name say what it is. Within a name an id may as well say what it is near
    ("Removed Hills near CU-003"): there it counts where the middle of the shape lies on that unit, and
    where nothing else is said ("Delete CU-003").
    """
    known_ids = {*base_facts.units, *base_facts.hashes}
    says_more = _LETTERS.search(_NO_WORDS_OF_A_NAME.sub("", mark["name"]))
    within = [
        one
        for one in workshop.unit_ids_in(mark["name"])
        if not says_more or _lies_on(mark, one, base_facts)
    ]
    own_ids = (one for one in (mark["meant"], *within) if _bases(one) & known_ids)
    return next(own_ids, "")


def _bases(unit_id: str) -> set[str]:
    """An id, and that of the unit that it is a piece of."""
    return {unit_id, unit_id.rstrip(ascii_lowercase)}


def _lies_on(mark: Mapping[str, Any], unit_id: str, base_facts: HandedOut) -> bool:
    """Whether the middle of a shape lies on a unit; of one whose outline is not known it may."""
    outline = base_facts.outlines.get(unit_id)
    return outline is None or bool(shapely.covers(outline, shapely.centroid(mark["ground"])))


def _handed_names(data: Mapping[str, str]) -> set[str]:
    """The names that a unit was handed out with, as they stand in its data."""
    return {clean_name(data.get(key, "")) for key in ("name_en", "name_ru")}


_CARD_KEYS: Final = frozenset(words.CARD_FIELDS) - {"comment"}


def _is_evidence(mark: Mapping[str, Any], base_facts: HandedOut, is_foreign: bool) -> bool:
    """Whether a placemark is one of ours that nobody was asked to edit.

    A copy of one that was put among the units is meant as a unit. In a file of another round the
    units of other groups stand as they were there, and the base cannot say whether anybody moved one.
    """
    former_id = mark["meant"]
    is_former = former_id not in base_facts.units and former_id in base_facts.hashes
    if is_former and mark["ground"] is not None and not mark["data"].get("layer"):
        # a unit that was parted since, as it was handed out: it changes nothing, whatever round it is from
        return kml.geom_hash(mark["ground"]) in base_facts.hashes[former_id]
    layer = mark["data"].get("layer")
    if layer == _NEIGHBOURS and mark["ground"] is not None:
        is_left = is_foreign and not _is_units_folder(mark["folder"])
        return is_left or _is_as_shown(mark, base_facts)
    if layer:
        return not (mark["ground"] is not None and _is_units_folder(mark["folder"]))
    front = str(mark["name"]).partition(" ")[0]
    return front in base_facts.evidence and _is_in(mark["folder"], _EVIDENCE_FOLDERS)


_NEIGHBOURS: Final = "neighbours"
"""The layer of our evidence that shows the units of other groups."""


def _know_its_id(row: dict[Any, Any], base_facts: HandedOut) -> None:
    """Write the id in the data of a placemark as ids are written; words beside it go into the comment."""
    typed = row["data"].get("cu_id", "")
    row["data"] = _with_known_id(row, base_facts)
    if row["data"].get("cu_id", "") != typed and _words_beside_ids(typed, base_facts):
        row["comment"] = "\n".join(filter(None, (row["comment"], typed)))


def _with_known_id(row: Mapping[str, Any], base_facts: HandedOut) -> dict[str, str]:
    """The data of a placemark, with the id that somebody typed there ("cu29", "29", "29.0") as ids are written.

    A bare number may as well be that of a row in a table: it is the unit's where the shape lies on that unit.
    """
    data: dict[str, str] = row["data"]
    typed = data.get("cu_id", "")
    if not typed or typed in base_facts.hashes or typed in base_facts.units:
        return data
    unit_ids = workshop.unit_ids_listed(typed, base_facts.units)
    if len(unit_ids) != 1 or unit_ids[0] not in base_facts.units:
        return data
    outline = base_facts.outlines.get(unit_ids[0])
    if _ONLY_NUMBER.fullmatch(typed) and outline is not None:
        grounds = [row[key] for key in ("polygons", "loops") if row[key] is not None]
        if not any(shapely.intersects(outline, grounds)):
            return data
    return {**data, "cu_id": unit_ids[0]}


_ONLY_NUMBER: Final = re.compile(r"\s*\d+(?:[.,]0*)?\s*")
"""A number, also as a table has it that has no whole numbers in a column with gaps: "29.0"."""


def _without_foreign_layer(data: Mapping[str, str]) -> dict[str, str]:
    """The data of a placemark without a `layer` that is not ours.

    QGIS adds such a column where it merges layers, and CAD programs have one: it is no mark of evidence.
    """
    layer = data.get("layer", "")
    is_ours = (layer in kml.SHOWN_LAYERS or layer.startswith(CONTEXT)) and not data.get("cu_id")
    return {key: value for key, value in data.items() if key != "layer" or is_ours}


def _is_as_shown(mark: Mapping[str, Any], base_facts: HandedOut) -> bool:
    """Whether the outline of another group's unit is still as the evidence shows it.

    One that was drawn otherwise, in that folder or in a copy of it, is a proposal about that unit.
    """
    hashes = base_facts.hashes.get(_neighbour_of(mark["data"]), ())
    return kml.geom_hash(mark["ground"]) in hashes


def _neighbour_name(name: str) -> str:
    """The name of another group's unit without what the evidence writes around it."""
    for lang in words.LANGUAGES:
        title = f"{words.text(_NEIGHBOURS, lang)}: "
        if name.startswith(title):
            return re.sub(r"\s*\([A-Za-z0-9_-]{1,40}\)\Z", "", name.removeprefix(title))
    return name


def _catalogued(*keys: str) -> frozenset[str]:
    return frozenset(words.text(key, lang).casefold() for key in keys for lang in words.LANGUAGES)


_UNITS_NAMES: Final = _catalogued("folder units")
_EVIDENCE_FOLDERS: Final = _catalogued(
    "folder evidence", "folder about", "folder sections", "folder your section", "folder labels"
)
_OUR_FOLDERS: Final = _EVIDENCE_FOLDERS | _catalogued("folder notes")


def _is_in(folder: str, names: frozenset[str]) -> bool:
    return any(step.casefold() in names for step in folder.split("/"))


def _is_units_folder(folder: str) -> bool:
    """Whether one of the folders of a path is that of the units, in any language."""
    return any(map(_is_units_step, folder.split("/")))


# thousands of placemarks lie in a handful of folders
@lru_cache(maxsize=10_000)
def _is_units_step(step: str) -> bool:
    return step.casefold() in _UNITS_NAMES or _UNITS_FOLDER.match(step) is not None


# -- shapes and pins ------------------------------------------------------------------------------


def _is_too_small(mark: Mapping[str, Any], base_facts: HandedOut) -> bool:
    """Whether a new shape is below a square kilometre: a plot, a house, a slip of the mouse."""
    if mark["meant"] in base_facts.units or mark["data"].get("layer"):
        return False
    return kml.is_below_a_unit(mark["ground"])


def _is_far_away(mark: Mapping[str, Any], base_facts: HandedOut) -> bool:
    """Whether a new shape lies all outside of the region: of another map, or latitude first."""
    if base_facts.region is None or mark["meant"] in base_facts.units or mark["data"].get("layer"):
        return False
    return not kml.boxes_meet(mark["ground"].bounds, base_facts.region)


def _far_note(mark: Mapping[str, Any], base_facts: HandedOut) -> Note:
    """What to say of a shape outside the region: where its mirror image lies in it, that too."""
    is_turned = base_facts.region and kml.turned_meet(mark["ground"].bounds, base_facts.region)
    return Note("far away, turned inside" if is_turned else "far away")


def _turn_swapped(mark: dict[str, Any], reading: _Reading) -> bool:
    """Turn a unit that stands latitude first: it touches nothing of itself, and turned round it does.

    GRASS writes KML so, and any program that takes the order of EPSG:4326 by the letter.
    """
    outline = reading.base_facts.outlines.get(mark["meant"])
    if outline is None or not _is_elsewhere(mark["ground"], outline):
        return False
    turned = shapely.transform(mark["ground"], lambda xy: xy[:, ::-1])
    # Near 45° N 45° E a unit overlaps its own mirror image: there only its very outline will do.
    least = _VERY_LIKE if shapely.intersects(outline, mark["ground"]) else workshop.SAME_PLACE
    if _likeness(outline, turned) < least:
        return False
    mark["ground"] = shapely.orient_polygons(turned)
    reading.group_files.notices.append(_notice(mark, Note("axes turned")))
    return True


_VERY_LIKE: Final = 0.99


def _is_elsewhere(ground: Any, outline: Any) -> bool:
    """Whether a shape is plainly not where its unit was: boxes first, they cost nothing."""
    if not shapely.box(*ground.bounds).intersects(shapely.box(*outline.bounds)):
        return True
    return _likeness(outline, ground) < 0.75


def _likeness(first: Any, second: Any) -> float:
    """Jaccard index of two outlines in degrees: to tell, never to report."""
    shared = float(shapely.intersection(first, second).area)
    return overlap.jaccard_index(shared, float(first.area), float(second.area))


def _shapes(
    marks: Sequence[Mapping[str, Any]], groups: Sequence[str], reading: _Reading
) -> list[dict[str, Any]]:
    """Placemarks with ground, each of its group, as rows with their outlines, which are written all at once."""
    outlines = kml.unit_outlines([mark["ground"] for mark in marks])
    return [
        _shape(mark, outline, group, reading)
        for mark, outline, group in zip(marks, outlines, groups, strict=True)
    ]


def _shape(mark: Mapping[str, Any], outline: Any, group: str, reading: _Reading) -> dict[str, Any]:
    """A placemark with ground, by :data:`cami_units.workshop.PLACEMARK_COLUMNS`, with its outline."""
    data = mark["data"]
    outline_hash = kml.hash_of_written(outline)
    layer = data.get("layer", "")
    points = 0 if mark["points"] is None else shapely.get_num_geometries(mark["points"])
    notes = [Note("closed path")] if mark["from_path"] else []
    notes += [Note("points beside", {"count": points})] if points else []
    is_neighbour = layer == _NEIGHBOURS and bool(_neighbour_of(data))
    if is_neighbour:
        notes.append(Note("neighbour drawn", {"unit_id": _neighbour_of(data)}))
    elif layer:
        notes.append(Note("evidence copied", {"layer": layer}))
    place = (mark["file"], mark["folder"], mark["name"])
    reading.group_files.notices += [
        workshop.Notice(*place, mark_note, int(mark["line"])) for mark_note in notes
    ]
    own_data = {} if layer else data  # a copy of our evidence is no unit of ours
    own_data = {"cu_id": _neighbour_of(data)} if is_neighbour else own_data
    facts = workshop.drawn_facts(own_data)
    if not facts.label:
        facts = facts._replace(messages=_messages(mark, facts, reading.base_facts))
    return {
        **{key: mark[key] for key in ("file", "folder")},
        "name": _neighbour_name(mark["name"]) if is_neighbour else mark["name"],
        "comment": "\n".join(filter(None, (facts.reason, mark["comment"]))),
        **{key: own_data.get(key, "") for key in ("cu_id", "part", "rev", "section_id")},
        "group": group,
        "placemark_id": "" if layer else mark["placemark_id"],
        "untouched": own_data.get("geom_hash") == outline_hash,
        "facts": facts,
        "outline": outline,
        "outline_hash": outline_hash,
    }


def _parts_together(marks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Placemarks; the parts of one piece, or of one new unit, of the drawing page as one of them."""
    together: dict[tuple[str, str], dict[str, Any]] = {}
    result = []
    for mark in marks:
        facts = workshop.drawn_facts(mark["data"])
        is_known = bool(mark["data"].get("cu_id"))
        key = (mark["data"].get("cu_id", ""), facts.piece if is_known else facts.key)
        first = together.setdefault(key, mark) if key[1] and facts.label else mark
        if first is mark:
            result.append(mark)
        else:
            first["ground"] = _side_by_side([first["ground"], mark["ground"]])
    return result


def _side_by_side(shapes: Sequence[Any]) -> Any:
    """Shapes as one: side by side where they are, else united."""
    parts = shapely.multipolygons(list(shapely.get_parts(shapes)))
    return parts if parts.is_valid else shapely.union_all(shapes)


def _remarks(mark: Mapping[str, Any], group: str) -> list[dict[str, Any]]:
    """What of a placemark has no ground, as rows of `remarks`: all its points, all its lines."""
    kinds = (("pin", mark["points"] if mark["ground"] is None else None), ("line", mark["lines"]))
    return [_remark(mark, group, kind, shape) for kind, shape in kinds if shape is not None]


def _remark(mark: Mapping[str, Any], group: str, kind: str, geometry: Any) -> dict[str, Any]:
    """A row of `remarks`."""
    return {
        "kind": kind,
        "group": group,
        "file": mark["file"],
        "placemark": mark["name"],
        "text": mark["comment"] or mark["name"],
        "unit_id": workshop.spoken_id(str(mark["data"].get("about", ""))),
        "geometry": geometry,
    }


def _is_comment(mark: Mapping[str, Any]) -> bool:
    """Whether somebody typed into the balloon of a hotspot, a protected area, and so on."""
    return bool(mark["comment"]) and mark["data"].get("layer") not in (None, "", "about")


def _pin_on_ground(mark: Mapping[str, Any], group: str) -> dict[str, Any]:
    """A shape that is made no unit, as a row of `remarks`."""
    return _remark(mark, group, "pin", shapely.point_on_surface(mark["ground"]))


def _pin_on_evidence(mark: Mapping[str, Any], group: str) -> dict[str, Any]:
    """What somebody typed into the balloon of our evidence, as a row of `remarks`."""
    shapes = (mark["ground"], mark["lines"], mark["points"])
    geometry = next(shape for shape in shapes if shape is not None)
    return _remark(mark, group, "comment", shapely.point_on_surface(geometry))


# -- whose file it is -----------------------------------------------------------------------------


def _group(shapes: Sequence[Mapping[str, Any]], reading: _Reading) -> tuple[str, str]:
    """The group of a file, and how that is known: data, file name, units, or the ground covered."""
    base_facts = reading.base_facts
    by_data = _mostly(map(_group_in_data, shapes))
    by_name = named_group(reading.label, base_facts.groups)
    if by_data in base_facts.groups:
        if by_name and by_name != by_data:
            reading.note("name or data", by_name=by_name, by_data=by_data)
        return by_data, "its placemarks"
    if by_name:
        return by_name, "its name"
    by_section = base_facts.section_group.get(_mostly(_data(shapes, "section_id")), "")
    if by_section:
        reading.note("group by sections", group=by_section)
        return by_section, "the section of its units"
    # The name says the unit where a program has kept nothing else.
    named = {mark["meant"] for mark in shapes}
    owners = {base_facts.owner.get(unit, "") for unit in named if unit in base_facts.units}
    if len(owners) == 1:
        by_units = owners.pop()
        reading.note("group by units", group=by_units)
        return by_units, "the units in it"
    if not _groups_of_shapes(shapes, base_facts):
        reading.note("no group")
    return workshop.EVERYBODY, "nothing"


def _group_of_each(shapes: Sequence[Mapping[str, Any]], group: str, reading: _Reading) -> list[str]:
    """The group of each shape of a file: that of the file, unless documents of several groups are in it."""
    is_unsaid = group == workshop.EVERYBODY
    several = _groups_of_shapes(shapes, reading.base_facts) if is_unsaid else []
    if several:
        reading.note("groups in one file", groups=sorted(set(several)))
    return several or [group] * len(shapes)


def _groups_of_shapes(shapes: Sequence[Mapping[str, Any]], base_facts: HandedOut) -> list[str]:
    """The group of each shape where a file holds documents of several groups, as "My Places" does.

    What a shape's own data do not say, the shape before it does: documents stand one after the other.
    None where the data name fewer than two groups.
    """
    said_groups = [
        group if group in base_facts.groups else "" for group in map(_group_in_data, shapes)
    ]
    named = list(filter(None, said_groups))
    if len(set(named)) < 2:
        return []
    groups, group = [], named[0]
    for said_group in said_groups:
        group = said_group or group
        groups.append(group)
    return groups


def _group_of_document(
    mark: Mapping[str, Any], shapes: Sequence[Mapping[str, Any]], groups: Sequence[str]
) -> str:
    """The group of the document that a pin or a comment lies in; empty where it lies in none.

    Documents of two groups are called the same: of those the shape before it in the file says which.
    """
    places = [shape["folder"].rpartition("/") for shape in shapes]
    documents = [
        outer if outer and _is_units_folder(inner) else shape["folder"]
        for shape, (outer, _, inner) in zip(shapes, places, strict=True)
    ]
    around = {one for one in documents if one and f"{mark['folder']}/".startswith(f"{one}/")}
    if not around:
        return ""
    inside = [
        (shape["placemark"], group)
        for shape, group, document in zip(shapes, groups, documents, strict=True)
        if document == max(around, key=len)
    ]
    before = [group for place, group in inside if place <= mark["placemark"]]
    return before[-1] if before else inside[0][1]


def _is_of_another_round(marks: Iterable[Mapping[str, Any]], base_facts: HandedOut) -> bool:
    """Whether most units in a file were handed out with an outline that the unit never had here."""
    handed = [
        mark["data"]["geom_hash"] in base_facts.hashes.get(mark["data"].get("cu_id", ""), ())
        for mark in marks
        if mark["data"].get("geom_hash") and not mark["data"].get("layer")
    ]
    # one alone may be a copy from somewhere; where nothing is known of outlines, nothing is said
    return len(handed) > 1 and bool(base_facts.hashes) and 2 * sum(handed) < len(handed)


def _leave_name(mark: dict[str, Any]) -> None:
    """Take no name for a new one that the unit was handed out with: it stands in its data."""
    data, name = mark["data"], workshop.bare_name(mark["name"])
    if data.get("cu_id") and name in _handed_names(data) and not workshop.rejects(mark["name"]):
        mark["name"] = data["cu_id"]
    mark["data"] = {key: data[key] for key in data if key not in ("name_en", "name_ru")}


def _group_in_data(mark: Mapping[str, Any]) -> str:
    """The group that a placemark was handed to; `group` in packs before that key was renamed.

    GRASS takes no `group`, which SQL reserves: people rename it to `grp`.
    """
    data = mark["data"]
    return data.get("working_group") or data.get("group") or data.get("grp") or ""


def _neighbour_of(data: Mapping[str, str]) -> str:
    """The unit that an outline of the evidence is of; `of` in packs before that key was renamed."""
    return data.get("of_unit") or data.get("of") or ""


def _data(shapes: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    return [mark["data"][key] for mark in shapes if mark["data"].get(key)]


def _mostly(values: Iterable[str]) -> str:
    """The value that nearly all say; empty where they do not agree."""
    counts = Counter(value for value in values if value)
    if not counts:
        return ""
    value, times = counts.most_common(1)[0]
    return value if times >= _MEANT * counts.total() else ""


def named_group(called: str, groups: Sequence[str]) -> str:
    """The group in the name of a file: after ``edit_``, else any word that is a group."""
    stem = re.sub(
        r"(?:\.(?:kml|kmz|zip|xlsx|xlsm|ods|csv|tsv|txt|gpx|gpkg|geojson|json))+\Z",
        "",
        called.lower(),
    )
    # "edit_1 (2).kmz" is the second save of group 1: the number in brackets is no group.
    stem = _COPY.sub("", stem)
    edit_name = _EDIT_NAME.search(stem)
    parts = [edit_name[1], stem] if edit_name else [stem]
    for part in parts:
        fitting = [group for group in groups if _is_word(group.lower(), part)]
        leading = [group for group in fitting if part.startswith(group.lower())]
        if fitting:
            return max(leading or fitting, key=len)
    return ""


def _is_word(word: str, text: str) -> bool:
    return re.search(rf"(?:\A|[^a-z0-9]){re.escape(word)}(?![a-z0-9])", text) is not None


def _folder_there(
    folders: Sequence[str], shapes: Sequence[Mapping[str, Any]], group: str, reading: _Reading
) -> bool:
    """Whether the folder that the units were handed out in has come back."""
    if any(_is_units_folder(folder) for folder in folders):
        return True
    base_facts, everything = reading.base_facts, group == workshop.EVERYBODY
    mine = set(base_facts.units if everything else base_facts.in_pack.get(group, ()))
    units_by_folder = Counter(
        mark["folder"] for mark in shapes if mark["folder"] and mark["data"].get("cu_id") in mine
    )
    if units_by_folder:
        folder, count = units_by_folder.most_common(1)[0]
        if count >= 2 and count * 2 >= len(mine):
            facts = {"folder": folder, "count": count, "due": len(mine)}
            reading.note_in(folder, "", Note("folder renamed", facts))
            return True
    return False


# -- forms ----------------------------------------------------------------------------------------


def _take_form(form: Form, reading: _Reading) -> None:
    """The units of a group's form: rejections, names and comments; shapes come from the KML."""
    label, base_facts, group_files = reading.label, reading.base_facts, reading.group_files
    group = form.group if form.group in base_facts.groups else named_group(label, base_facts.groups)
    group_by = "nothing"
    if group:
        group_by = "its first sheet" if group == form.group else "its name"
    else:
        group = workshop.EVERYBODY
        reading.note("form without group")
    for problem in form.problems:
        # a sheet is to a form what a folder is to a map, and a row what a placemark is
        note = problem.as_note()
        place = ("", problem.where) if "column" in note.facts else (problem.where, "")
        reading.note_in(*place, note)
    rows_of_form = [
        row | {"name_en": _typed_over(row, base_facts)}
        for row in text_rows(pd.concat([form.units, form.unfilled]))
    ]
    by_unit = [_one_unit_each(row, base_facts) for row in rows_of_form]
    group_files.forms[label] = [
        form_row
        for cells in chain.from_iterable(by_unit)
        if (form_row := _form_row(cells, reading)) is not None
    ]
    filled = len(group_files.forms[label])
    group_files.forms[label] += _rows_of_mates(group_files.forms[label], base_facts)
    unheard = [
        " | ".join(filter(None, map(clean_name, row.values())))
        for row, of_units in zip(rows_of_form, by_unit, strict=True)
        if row["action"] != "new"
        and not any(one["unit_id"] in base_facts.units for one in of_units)
    ]
    if unheard := list(filter(None, unheard)):
        reading.note_in("units", "", Note("form words", {"text": in_short(unheard, 20)}))
    rows_brought = form.activities
    is_of_table = rows_brought["activity_id"].ne("")
    marked = rows_brought["action"].isin(["add", "amend", "drop"])
    activities = int(marked.where(is_of_table, rows_brought["text"].ne("")).sum())
    if activities:
        reading.note_in("activities", "", Note("form activities", {"count": activities}))
    group_files.rounds[label] = form.round
    rows = filled + activities
    group_files.files.append(
        FileRead(label, reading.digest, group, group_by, rows=rows, is_form=True)
    )


def _rows_of_mates(
    rows: Iterable[workshop.FormRow], base_facts: HandedOut
) -> list[workshop.FormRow]:
    """What rows of a form ask to be merged, as rows of the other units: it is asked of them too."""
    asked = [
        (mate, request)
        for row in rows
        for request in row.requests
        if request.key == "form merges"
        for mate in workshop.unit_ids_listed(request.facts["other"], base_facts.units)
    ]
    own_rows = {row.unit_id for row in rows if row.merges}
    return [
        workshop.FormRow(mate, requests=(request,))
        for mate, request in asked
        if mate in base_facts.units and mate not in own_rows
    ]


def _typed_over(row: Mapping[str, str], base_facts: HandedOut) -> str:
    """The name that somebody typed over the one of a unit, in the column that was filled in; else nothing.

    Where nothing else is known of the unit the name may be how the group calls it. A code page that
    lacks a letter puts "?" for it.
    """
    unit_id, name = workshop.unit_id_typed(row["unit_id"]), clean_name(row["name_en"])
    known_names = base_facts.names.get(unit_id)
    if known_names is None:
        return name
    is_known = name.casefold() in {clean_name(one).casefold() for one in known_names}
    is_known |= any(workshop.is_garbled(name, clean_name(own_name)) for own_name in known_names)
    return "" if is_known else name


def _one_unit_each(row: Mapping[str, str], base_facts: HandedOut) -> list[Mapping[str, str]]:
    """A row of a form for each unit that it is about: "CU-001; CU-002", or a line below the table that names one.

    A name that is typed for several units at once is that of none of them: it stands with the comment.
    """
    typed = row["unit_id"]
    if typed in base_facts.units or row["action"] == "new":
        return [row]
    named = workshop.unit_ids_listed(typed, base_facts.units) or workshop.unit_ids_in(typed)
    ids = [one for one in dict.fromkeys(named) if one in base_facts.units]
    is_all = not any(value for key, value in row.items() if key != "unit_id")
    words_of_row = [
        typed if is_all or _words_beside_ids(typed, base_facts) else "",
        row["new_name"] if len(ids) > 1 else "",
        row["comment"],
    ]
    spoken = {**row, "comment": "\n".join(filter(None, words_of_row))}
    if len(ids) > 1:
        spoken["new_name"] = ""
    of_ids = _row_of_each(spoken, ids)
    return _asked_of_first(of_ids, typed, base_facts) or _of_pieces(row, base_facts) or [row]


def _row_of_each(row: Mapping[str, str], ids: Sequence[str]) -> list[Mapping[str, str]]:
    """A row for each of some units: a merge that names no other is one with the others."""
    is_merge = row["action"] == "merge" and not row["merge_with"]
    mates = ["; ".join(mate for mate in ids if is_merge and mate != one) for one in ids]
    return [
        {**row, "unit_id": one, "merge_with": mate or row["merge_with"]}
        for one, mate in zip(ids, mates, strict=True)
    ]


def _asked_of_first(
    rows: Sequence[Mapping[str, str]], typed: str, base_facts: HandedOut
) -> list[Mapping[str, str]]:
    """Rows of the units in one cell: where other words stand beside their ids, what is asked is asked of the first.

    "CU-001, formerly CU-002" rejects one unit.
    """
    if not _words_beside_ids(typed, base_facts):
        return list(rows)
    nothing_asked = {"action": "", "merge_with": "", "new_name": ""}
    return [*rows[:1], *({**row, **nothing_asked} for row in rows[1:])]


def _words_beside_ids(typed: str, base_facts: HandedOut) -> bool:
    """Whether other words stand beside the ids of units in a cell than the names of these units."""
    ids = workshop.unit_ids_listed(typed, base_facts.units) or workshop.unit_ids_in(typed)
    names = {clean_name(name) for one in ids for name in base_facts.names.get(one, ())} - {""}
    line = workshop.ids_as_written(clean_name(typed))
    for name in sorted(names, key=len, reverse=True):
        line = re.sub(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", "", line, flags=re.IGNORECASE)
    return _LETTERS.search(_ONLY_IDS.sub("", line)) is not None


_ONLY_IDS: Final = re.compile(
    r"[CС][UУ]\W{0,3}\d+[a-zа-я]{0,3}|\b(?:and|to|till|through|и|по|до|болон|хүртэл)\b|[和与及至到]",
    re.IGNORECASE,
)
"""What a cell of ids alone consists of."""


def _of_pieces(row: Mapping[str, str], base_facts: HandedOut) -> list[Mapping[str, str]]:
    """The words of a row on a unit that was split since, as a comment on each of its pieces; else none.

    What is to be done with the whole is not done to the parts.
    """
    whole = workshop.unit_id_typed(row["unit_id"])
    pieces = [
        one for one in sorted(base_facts.units) if whole and one.rstrip(ascii_lowercase) == whole
    ]
    comment = " | ".join(filter(None, map(clean_name, row.values())))
    nothing = dict.fromkeys(row, "")
    return [{**nothing, "unit_id": one, "comment": comment} for one in pieces]


def _form_row(row: Mapping[str, str], reading: _Reading) -> workshop.FormRow | None:
    """What a row of a form says of a unit; None where it says nothing of one.

    Only a map can show a new unit.
    """
    cells = {key: clean_name(value) for key, value in row.items()}
    # in two languages one below the other, as the headings are
    cells["new_name"] = clean_name(row["new_name"].strip().replace("\n", " / "))
    unit_id = workshop.unit_id_typed(cells["unit_id"])
    action = cells["action"].casefold()
    # of a new unit it says everything in one request
    comments = [] if action == "new" else [row["comment"], cells["open_question"]]
    requests = tuple(_requests(action, unit_id, cells, reading.base_facts.units))
    is_filled = any(value for key, value in cells.items() if key != "unit_id")
    if not is_filled or not (unit_id or action == "new"):
        return None
    for request in requests:
        reading.note_in("units", unit_id or cells["new_name"], request)
    if action == "new" and unit_id not in reading.base_facts.units:
        return None
    typed = workshop.with_written_id(cells["new_name"], unit_id)
    name = workshop.bare_name(typed)
    if action == "new":
        name = ""  # that of the new unit: this row's keeps its own
    elif key := _asked_of_form(typed, unit_id, reading.base_facts):
        reading.note_in("units", unit_id, Note(key, {"name": cells["new_name"]}))
        name = ""
    return workshop.FormRow(
        unit_id=unit_id,
        rejected=action == "reject",
        kept=action == "keep",
        merges=action == "merge",
        name=name,
        question="" if action == "new" else cells["open_question"],
        comment="\n".join(filter(None, comments)),
        requests=requests,
    )


def _asked_of_form(typed: str, unit_id: str, base_facts: HandedOut) -> str:
    """What is to be asked of a new name in a form: the key of a note, or nothing.

    A unit's own id or name in place of a new one asks for nothing.
    """
    own_names = _known_names(unit_id, base_facts)
    if not typed or typed in own_names:
        return ""
    is_none = workshop.is_no_name_of(typed, unit_id)
    return asked_of(typed, own_names) or ("odd name" if is_none else "")


def _requests(
    action: str, unit_id: str, cells: Mapping[str, str], known_ids: Collection[str]
) -> Iterator[Note]:
    """What a row of a form asks for that is not applied: only a map can give it, or a layer."""
    ids = workshop.unit_ids_listed(cells["merge_with"], known_ids)
    mate = ", ".join(ids) or workshop.unit_id_typed(cells["merge_with"])
    if action == "merge" or mate not in ("", unit_id):
        facts = {"unit_id": unit_id, "other": mate}
        yield Note("form merges" if mate else "form merges with none", facts)
    if action == "merge" and cells["new_name"]:
        yield Note("form names the union", {"unit_id": unit_id, "name": cells["new_name"]})
    if action == "new":
        named = f" '{cells['new_name']}'" if cells["new_name"] else ""
        typed = "; ".join(filter(None, (cells["comment"], cells["open_question"])))
        yield Note("form adds", {"named": named, "words": f": {typed}" if typed else ""})
    if name := cells["name_en"]:
        yield Note("form name typed over", {"unit_id": unit_id, "name": name})
    keys = {"split": "form splits", "change": "form changes"}
    if action in keys:
        yield Note(keys[action], {"unit_id": unit_id})
    elif action not in ("", *UNIT_ACTIONS) and not (action == "rename" and cells["new_name"]):
        hint = nearest_note(action, UNIT_ACTIONS, "perhaps")
        yield Note("form says", {"unit_id": unit_id, "words": cells["action"], "hint": hint})
    if grade := cells["evidence_grade"]:
        yield Note("form grades", {"unit_id": unit_id, "grade": grade})


def placemark_table(group_files: GroupFiles, crs: str) -> gpd.GeoDataFrame:
    """The table `placemarks` of all files, equal-area, beside each ``outline`` as written."""
    rows = group_files.placemarks
    outlines = gpd.GeoSeries([row["outline"] for row in rows], crs=LONLAT)
    columns = [*workshop.PLACEMARK_COLUMNS, "outline"]
    table = gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry=outlines)
    flat = layers.to_equal_area(table, crs)
    shapes = np.asarray(flat.geometry.array, dtype=object)
    bad = ~overlap.is_valid(shapes)
    shapes[bad] = shapely.make_valid(shapes[bad], method="structure", keep_collapsed=False)
    return flat.set_geometry(gpd.GeoSeries(shapes, index=flat.index, crs=crs))
