"""Files that groups hand in, each read as far as it can be: shapes, pins, comments, forms."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import compress
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units import kml, layers, overlap, store, workshop
from cami_units.commands.group_folders import MAX_FILE, PLAIN_TABLES, holds_resolutions, labels_of
from cami_units.commands.group_forms import take_form
from cami_units.commands.group_placemarks import is_only_seen, take_placemarks
from cami_units.commands.group_reading import (
    COLLECTED_BEFORE,
    TWIN,
    FileReading,
    GroupFiles,
    HandedOut,
)
from cami_units.commands.round_files import PACK_FILE
from cami_units.documents.form_reading import (
    FORM_SUFFIXES,
    PLAIN_TEXTS,
    is_form,
    may_be_form,
    read_form,
    read_form_content,
    refuse_unread,
    still_asked,
)
from cami_units.documents.workbook_cells import TABLE_SUFFIXES
from cami_units.model import LONLAT, InputError, Note, Placemarks, Progress, in_short, quiet, quoted

_OF_A_PACK: Final = re.compile(
    r"SHA256SUMS\.txt|pack\.json|(?:howto|map|draw)(?:_.+)?\.(?:html|pdf)|poster\.pdf",
    re.IGNORECASE,
)
# The only files of a pack that a group can have put its work into.
_TO_EDIT: Final = re.compile(r"(?:edit_.+\.km[lz]|form_.+\.xls[xm])\Z", re.IGNORECASE)
# What people hand in of a map that they drew on with a pen.
_PAPER: Final = (".pdf", ".jpg", ".jpeg", ".png", ".heic", ".tif", ".tiff")


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
        reading = FileReading(label, "", base_facts, handed_out or {}, twins, group_files)
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
    # what is of no known group is put with that of everybody
    known_files = [file for file in group_files.files if file.group != workshop.EVERYBODY]
    group_of = {file.file: file.group for file in known_files}
    notices = group_files.notices
    noted = [(group_of.get(notice.file, ""), notice.file, notice.note) for notice in notices]
    group_files.notices = [*compress(notices, still_asked(noted))]
    return group_files


def _is_twin(reading: FileReading) -> bool:
    """Whether the same bytes came before, under whatever name: now, or into a round up to the base."""
    if reading.digest in reading.base_facts.collected:
        # what it asked for was settled there: read again it would undo that
        name, number = reading.base_facts.collected[reading.digest]
        facts = {"file": name, "round": number}
        reading.refuse(Note(COLLECTED_BEFORE, facts))
        reading.note("same file as before", **facts)
        return True
    if (twin := reading.twins.setdefault(reading.digest, reading.label)) == reading.label:
        return False
    reading.refuse(Note(TWIN, {"file": twin}))
    reading.note("same file", twin=twin)
    return True


def _is_passed_over(path: Path, reading: FileReading) -> bool:
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


def _refuse(reading: FileReading, why: Note) -> None:
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


def _read(path: Path, reading: FileReading) -> None:
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
        take_form(form, reading)
    elif suffix in PLAIN_TABLES:
        is_outlined = layers.has_outlines_as_text(path)
        key = "table of outlines, no form" if is_outlined else "table, no form"
        raise InputError.of(key, file=label)
    elif suffix in layers.DRAWN_SUFFIXES:
        take_placemarks(layers.read_gis_placemarks(path, label), reading)
    # by what it begins with: people save GeoJSON as .json and .txt
    elif (content := kml.geojson_of(path)) is not None:
        take_placemarks(layers.read_gis_content(content, "geojson", label), reading)
    elif not _read_archive(path, reading):
        take_placemarks(_read_kml(path, reading), reading)


def _read_kml(content: Path | bytes, reading: FileReading) -> Placemarks:
    """The placemarks of a KML or KMZ, without those that were handed out for eyes alone.

    A plain text of a group is refused as such.
    """
    label, region = reading.label, reading.base_facts.region
    try:
        return kml.read_placemarks(content, label, region=region, is_only_seen=is_only_seen)
    except InputError as error:
        is_text = isinstance(content, Path) and content.suffix.casefold() in PLAIN_TEXTS
        if is_text and error.note.key == "without KML":
            raise InputError.of("unread document", file=label) from error
        raise


def _read_archive(path: Path, reading: FileReading) -> bool:
    """What lies in a mail or an archive; whether it is one that holds anything to read."""
    label = reading.label
    inner, passed = kml.inner_files(path, label)
    entries = [entry for entry in inner if not _is_plain_table(entry)]
    tables = [entry for entry in inner if entry not in entries]
    names = {one.label: one.label.removeprefix(f"{label}/") for one in tables}
    if outlined := [one.label for one in tables if layers.has_outlines_as_text(one.content)]:
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


def _read_entry(entry: kml.Entry, reading: FileReading) -> None:
    """A file out of a mail or an archive: one of its own, with its own group."""
    if entry.refusal:
        _refuse(reading, entry.refusal)
        return
    if _is_twin(reading):
        return
    content, ending, label = entry.content, entry.ending, entry.label
    try:
        if may_be_form(content, ending):
            take_form(read_form_content(content, ending), reading)
        elif f".{ending}" in layers.DRAWN_SUFFIXES:
            take_placemarks(
                layers.read_gis_content(content, ending, label, entry.sidecars), reading
            )
        else:
            take_placemarks(_read_kml(content, reading), reading)
    except InputError as error:
        _refuse(reading, error.note)


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
