"""KML and KMZ as people send them back, to the tables `placemarks` and `notes`."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from lxml import etree
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from cami_units import words
from cami_units.drawn_pieces import is_kept, piece
from cami_units.kml._containers import Source, content_of, source
from cami_units.kml._coordinates import (
    MOST_PARTS,
    Effort,
    Shapes,
    TooManyPartsError,
    UnusableError,
    geometry_of,
    has_shape,
    joint_area,
    surrounded,
)
from cami_units.kml._escapes import MEASURED, NO_WORDS, described, plain_text
from cami_units.kml._marks import LEGEND, RELIEFS, Bounds
from cami_units.kml._written_shapes import degrees_to_km2
from cami_units.kml._xml import (
    DAMAGED,
    SLIPS,
    Parsed,
    line_of,
    local,
    parsed,
    placemarks_in,
    text_of,
)
from cami_units.model import (
    DISCLAIMER,
    LONGEST_NAME,
    LONGEST_TEXT,
    LONLAT,
    NOTE_COLUMNS,
    PLACEMARK_COLUMNS,
    STATUSES,
    InputError,
    Note,
    Placemarks,
    Problem,
    check_arguments,
    clean_name,
    clean_text,
    frames_on_globe,
    in_short,
    notes_as_text,
    notes_from_text,
    problem_of,
    records,
)

COLUMNS: Final = (
    *("file", "folder", "name", "description", "placemark_id", "data", "visibility"),
    *("kind", "part", "closes", "placemark", "line", "geometry"),
)
_KINDS: Final = (
    dict.fromkeys(("file", "folder", "name", "description", "placemark_id", "kind"), "str")
    | dict.fromkeys(("part", "placemark", "line"), "int64")
    | dict.fromkeys(("visibility", "closes"), "bool")
)
# A name is a label on a map, a text a remark on a form: longer ones are cut, aloud, and kept whole
# in the file that was handed in.
LONGEST_PATH: Final = 2_000
"""Letters of the folders that a placemark is in, from the innermost outwards."""
MOST_DATA: Final = 500
"""Entries of data that are kept of a placemark."""
SMALLEST_KM2: Final = 1.0
LARGEST_KM2: Final = 2_000_000.0
"""An area of a unit beyond these is asked about: a slip of the mouse, or a map of everything."""
_LIKELY_KM2: Final = (2 * SMALLEST_KM2, LARGEST_KM2 / 4)

_WGS84: Final = Geod(ellps="WGS84")
_NOT_FOLLOWED: Final = frozenset(
    {"NetworkLink", "GroundOverlay", "ScreenOverlay", "PhotoOverlay", "Tour"}
)
_TOLD: Final = [f"{{*}}{kind}" for kind in ("Placemark", "Folder", "Document", *_NOT_FOLLOWED)]
"""What is read of a file, in any namespace: a placemark of ours has forty elements inside."""

_OURS_BY: Final = frozenset({"cu_id", "layer"})
"""Data by which a placemark is known as one that was handed out."""
_FEWEST_VERTICES: Final = 3
"""Points that are corners of shapes in the same file, from which they are no pins of anybody."""


OnlySeen = Callable[[str, Mapping[str, str]], bool]
_SEEN: Final = "seen"


def read_kml(
    path_or_bytes: str | Path | bytes, *, name: str | None = None, region: Bounds | None = None
) -> tuple[gpd.GeoDataFrame, tuple[Problem, ...]]:
    """Every placemark that can be used, one row for each part of its geometry, and what was wrong.

    One bad placemark never stops the others. Nothing that the file names is fetched, nothing is
    unpacked to disk, and every string is cleaned. Tracks and GPX are lines. Sides over a degree
    follow the great circle, as every viewer of KML draws them.

    Parameters
    ----------
    path_or_bytes : path or bytes
        KML or KMZ, whatever the ending; a zip of KML and KMZ files, or GPX, too.
    name : str, optional
        What to call the file in rows and problems. ``None``: its name without the folder.
    region : tuple, optional
        West, south, east, north, degrees: shapes that lie all outside of it are named.

    Returns
    -------
    GeoDataFrame
        In EPSG:4326, in the order of the file: ``file``, ``folder`` ("A/B"), ``name``,
        ``description`` (plain text), ``placemark_id``, ``data`` (dict of strings, from Data and
        SimpleData), ``visibility`` (bool), ``kind`` (polygon, line, point), ``part`` (from 1, in
        the placemark), ``closes`` (a path whose ends nearly meet, proposed as a polygon),
        ``placemark`` (its number in the file, from 1), ``line`` and ``geometry``. Polygons are
        valid and keep their holes; altitudes are dropped. ``attrs["placemarks"]`` counts the
        placemarks of the file (a photo with words and a place is one), ``attrs["read"]`` and
        ``attrs["unusable"]`` add up to it.
        ``attrs["folders"]`` lists every folder, empty ones too; ``attrs["whole"]`` says whether
        nothing was cut off.
    tuple of Problem
        Each with file, folder, placemark, line, what was found and what was assumed.

    Raises
    ------
    InputError
        A file that is refused or unreadable as a whole: empty, cut off before its first placemark
        ends, not KML, encrypted, a zip bomb, a path or link out of the archive, a document type,
        too large, nested too deep.

    Examples
    --------
    >>> import cami_units as cu
    >>> rows, problems = cu.read_kml(b"<kml><Placemark><name>CU-1</name></Placemark></kml>")
    >>> len(rows), problems[0].what
    (0, 'it has no geometry')
    """
    check_arguments(read_kml, locals())
    content, called = content_of(path_or_bytes, name)
    reading = _reading(source(content, called), called, region)
    rows = [row for reader in reading.readers for row in reader.part_rows()]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(_KINDS)
    frame = gpd.GeoDataFrame(table, geometry="geometry", crs=LONLAT)
    count = reading.beyond + sum(len(reader.rows) for reader in reading.readers)
    n_used = sum(reader.used for reader in reading.readers)
    frame.attrs = {
        "placemarks": count,
        "read": n_used,
        "unusable": count - n_used,
        "folders": sorted({folder for reader in reading.readers for folder in reader.folders}),
        "whole": reading.is_whole,
    }
    return frame, tuple(map(_problem, reading.notes))


def read_placemarks(
    path_or_bytes: Path | bytes,
    label: str,
    *,
    region: Bounds | None = None,
    is_only_seen: OnlySeen | None = None,
) -> Placemarks:
    """The placemarks of one KML or KMZ as tables: `docs/tables.md`, "Files that groups hand in".

    Parameters, cleaning and errors are those of :func:`read_kml`; `label` is what to call the file
    for people. `is_only_seen` says, by its folder and its data, of which placemark nothing is asked for
    but its description: where that is empty it is counted and has no row. Of a pack these are borders and ranges,
    nine tenths of it.
    """
    content, _ = content_of(path_or_bytes, label)
    digest = _sha256(content)
    if not is_kept():
        return _placemarks(content, digest, label, region, is_only_seen)
    new: list[Placemarks] = []

    def read() -> Sequence[bytes]:
        new.append(_placemarks(content, digest, label, region, is_only_seen))
        return _as_bytes(new[0])

    # Nine of ten files that are collected again are those of the last time.
    about = repr((label, region, is_only_seen is None))
    stored = piece("placemarks", [digest.encode(), about.encode()], read)
    if not new and len(stored) > 1:
        return _of_bytes(stored)
    return new[0] if new else _placemarks(content, digest, label, region, is_only_seen)


_GROUNDS: Final = PLACEMARK_COLUMNS[-4:]
"""The columns of `placemarks` that hold geometry."""


def _as_bytes(placemarks: Placemarks) -> list[bytes]:
    """What a file holds as JSON, and the geometries of each column; nothing where facts would be lost."""
    table, notes = placemarks.table, placemarks.notes
    facts = [Note(key, values) for key, values in zip(notes["key"], notes["facts"], strict=True)]
    about = {
        "rows": table.drop(columns=list(_GROUNDS)).to_dict("list"),
        "notes": records(notes.drop(columns="facts")),
        "facts": notes_as_text(facts),
        "places": [np.flatnonzero(table[name].notna()).tolist() for name in _GROUNDS],
        "about": [placemarks.folders, placemarks.is_whole, placemarks.beyond, placemarks.n_seen],
    }
    # columns of no row come back as numbers; and no file is read sooner
    if table.empty or notes_from_text(about["facts"]) != facts:
        return [b""]
    grounds = [shapely.GeometryCollection([*table[name].dropna()]) for name in _GROUNDS]
    return [json.dumps(about).encode(), *map(shapely.to_wkb, grounds)]


def _of_bytes(stored: Sequence[bytes]) -> Placemarks:
    """What :func:`_as_bytes` was made of."""
    about = json.loads(stored[0])
    columns = about["rows"]
    for name, places, ground in zip(_GROUNDS, about["places"], stored[1:], strict=True):
        shapes: Any = np.full(len(columns["file"]), None, dtype=object)
        shapes[places] = shapely.get_parts(shapely.from_wkb(ground))
        columns[name] = shapes
    facts = (note.facts for note in notes_from_text(about["facts"]))
    notes = [{**row, "facts": values} for row, values in zip(about["notes"], facts, strict=True)]
    folders, is_whole, beyond, n_seen = about["about"]
    return Placemarks(
        table=pd.DataFrame(columns, columns=list(PLACEMARK_COLUMNS)),
        notes=pd.DataFrame(notes, columns=list(NOTE_COLUMNS)),
        folders=tuple(folders),
        is_whole=is_whole,
        beyond=beyond,
        n_seen=n_seen,
    )


def _placemarks(
    content: Path | bytes,
    digest: str,
    label: str,
    region: Bounds | None,
    is_only_seen: OnlySeen | None,
) -> Placemarks:
    """The placemarks of a file, read.

    The key of a file are the first 16 digits of its digest.
    """
    reading = _reading(source(content, label), label, region, is_only_seen)
    key = digest[:16]
    rows: list[dict[str, Any]] = []
    notes = []
    several = len(reading.readers) > 1
    # Numbers count on through all members of a file, so that a number means one placemark.
    firsts = {}
    count = 0
    for reader in reading.readers:
        member = _member(reader.file, label) if several else ""
        firsts[reader.file] = count
        own = {"file": key, "label": label, "member": member}
        rows += [
            row | own | {"placemark": count + row["placemark"]} for row in reader.placemark_rows()
        ]
        count += len(reader.rows)
    for note in reading.notes:
        first = firsts.get(note["file"], 0)
        member = _member(note["file"], label) if several or note["file"] not in firsts else ""
        number = note["placemark"] + first if note["placemark"] else 0
        notes.append({**note, "file": key, "label": label, "member": member, "placemark": number})
    return Placemarks(
        table=pd.DataFrame(rows, columns=list(PLACEMARK_COLUMNS)),
        notes=pd.DataFrame(notes, columns=list(NOTE_COLUMNS)),
        folders=tuple(sorted({folder for reader in reading.readers for folder in reader.folders})),
        is_whole=reading.is_whole,
        beyond=reading.beyond,
        n_seen=count - len(rows),
    )


def _sha256(content: Path | bytes) -> str:
    """The SHA-256 of what is in a file, whatever it is called."""
    if isinstance(content, bytes):
        return sha256(content).hexdigest()
    with content.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _member(file: str, label: str) -> str:
    """The KML inside a file, for people; empty for the one that every KMZ has."""
    inner = file.removeprefix(label).strip("/")
    return "" if inner == "doc.kml" else inner


@dataclass(slots=True)
class _Reading:
    """What the members of one file gave together."""

    readers: list[_Reader] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    is_whole: bool = True
    beyond: int = 0

    def say(self, file: str, key: str, level: str = "counted", **facts: object) -> None:
        """Note something about a file as a whole."""
        self.notes.append(_about_file(file, Note(key, facts, level)))  # type: ignore[arg-type]


def _about_file(file: str, note: Note) -> dict[str, Any]:
    """A note as a row that belongs to a file and to no placemark of it."""
    nowhere = {"placemark": 0, "folder": "", "name": "", "line": 0}
    return {"file": file, **nowhere, "level": note.level, "key": note.key, "facts": note.facts}


def _reading(
    kml_source: Source, label: str, region: Bounds | None, is_only_seen: OnlySeen | None = None
) -> _Reading:
    """Every member of a file, read as far as it can be; one that cannot be costs no other."""
    reading = _Reading()
    effort = Effort()
    refusals = list(kml_source.faults)
    for member in kml_source.members:
        try:
            reader = _Reader(parsed(member), effort, region, is_only_seen)
            reading.readers.append(reader)
        except InputError as error:
            refusals.append((member.name, error))
            reading.beyond += placemarks_in(member.content)
    if not reading.readers:
        if len(refusals) == 1:
            raise refusals[0][1]
        raise InputError.of("several", sentences=[fault.note for _, fault in refusals[:5]])
    for name, refusal in refusals:
        reading.say(name, "member refused", why=refusal.note)
    if len(kml_source.members) > 1:
        facts = {"count": len(kml_source.members), "read": len(reading.readers)}
        reading.say(label, "members", "note", **facts)
    for entry in kml_source.passed:
        reading.say(label, "passed entry", entry=entry)
    reading.notes += [note for reader in reading.readers for note in reader.notes]
    # What is not in a file means something only where nothing of it is missing.
    reading.is_whole = not refusals and all(reader.is_whole for reader in reading.readers)
    return reading


def _problem(note: dict[str, Any]) -> Problem:
    """A note in the words of the person who must mend it."""
    fact = Note(note["key"], note["facts"], note["level"])
    return problem_of(fact.level, "kml", note["file"], _where(note), fact)


def _where(note: dict[str, Any]) -> str | Note:
    """Where a remark of the reader belongs: a placemark, or what else has a name."""
    if not (note["placemark"] or note["name"]):
        return ""
    key = "placemark" if note["name"] else "nameless placemark"
    key += " in" if note["folder"] else " at"
    return Note(key, {name: str(note[name]) for name in ("name", "folder", "line")})


class _Reader:
    """The rows and notes of one KML: a row for every placemark, with its pieces."""

    def __init__(
        self, tree: Parsed, effort: Effort, region: Bounds | None, is_only_seen: OnlySeen | None
    ) -> None:
        self.file = tree.name
        self.rows: list[dict[str, Any]] = []
        self.notes = [_about_file(self.file, note) for note in tree.notes]
        self.folders: set[str] = set()
        self.is_whole = tree.whole
        self.used = 0
        self._effort = effort
        self._region = region
        self._is_only_seen = is_only_seen
        self._paths: dict[etree._Element, str] = {}
        self._has_updates = tree.root.find(".//{*}Update") is not None
        self._read_all(tree.root, tree.beyond)

    def placemark_rows(self) -> Iterable[dict[str, Any]]:
        """The rows of the table `placemarks`, their pieces by kind."""
        for row in self.rows:
            if row["kind"] == _SEEN:
                continue
            about = {key: value for key, value in row.items() if key != "pieces"}
            yield about | _by_kind(row["pieces"])

    def part_rows(self) -> Iterable[dict[str, Any]]:
        """A row for each piece of a placemark that can be used."""
        for row in self.rows:
            for part, (kind, geometry, closes) in enumerate(row["pieces"], start=1):
                piece = {"kind": kind, "part": part, "closes": closes, "geometry": geometry}
                yield row | piece

    def _say(self, note: Note, row: dict[str, Any] | None = None) -> None:
        """Keep a remark with the file, and with the placemark that it is about."""
        about = _about_file(self.file, note)
        if row is not None:
            about |= {key: row[key] for key in ("placemark", "folder", "name", "line")}
        self.notes.append(about)

    def _read_all(self, root: etree._Element, beyond: int) -> None:
        """Every placemark, and what else a file holds that is not followed."""
        others: dict[str, list[str]] = {}
        has_altitudes = 0
        # In the order of the file, once: line numbers and folders then come for nothing.
        for element in root.iter(*_TOLD):
            if (kind := local(element)) == "Placemark":
                has_altitudes += self._read_one(element)
            elif kind in _NOT_FOLLOWED and not _is_ours(element):
                others.setdefault(kind, []).append(_name(_child_text(element, "name")))
                has_altitudes += self._read_overlay(element)
            elif _is_folder(element):
                self.folders.add(self._path(element))
            if kind in ("Folder", "Document"):
                self._say_typed(element, "folder description")
        if sum(map(len, _KNOWN)) > _MOST_KNOWN:
            _KNOWN.clear()
        self._pass_vertices()
        if has_altitudes:
            self._say(Note("altitudes", {"count": has_altitudes}))
        self._say_not_followed(others)
        ids = Counter(row["placemark_id"] for row in self.rows if row["placemark_id"])
        repeated_ids = sorted(key for key, count in ids.items() if count > 1)
        for repeated in repeated_ids[:1]:
            self._say(Note("repeated id", {"count": ids[repeated], "id": repeated}, "note"))
        # a pack that was opened twice has each of its hundreds of ids twice
        if len(repeated_ids) > 1:
            facts = {"count": len(repeated_ids) - 1, "names": in_short(repeated_ids[1:], 6)}
            self._say(Note("repeated ids", facts, "note"))
        # Placemarks past the limit are rows without a shape: read and named add up to counted.
        for _ in range(beyond):
            self._add_lost(len(self.rows) + 1)
        if not self.rows:
            self._say_nothing_there(root, others)

    def _read_overlay(self, element: etree._Element) -> bool:
        """Keep the words of a picture, a link or a tour; whether an altitude was dropped with its place."""
        words = (_child_text(element, tag).strip() for tag in ("name", "description"))
        if local(element) == "PhotoOverlay" and element.find("{*}Point") is not None and any(words):
            return self._read_one(element)  # its picture is passed over, its place is a pin
        self._say_typed(element, "typed beside")
        return False

    def _say_not_followed(self, others: Mapping[str, Sequence[str]]) -> None:
        """Note how many pictures, links and tours there are of each kind, and what they are called."""
        for kind, names in sorted(others.items()):
            called = in_short(filter(None, names), 6)
            behind = Note("names behind", {"names": called}) if called else ""
            facts = {"count": len(names), "names": behind}
            self._say(Note(f"not followed {kind}", facts, "note"))

    def _say_typed(self, element: etree._Element, key: str) -> None:
        """Keep what somebody typed as the description of what is no placemark: ours is that of a document."""
        markup, *lines = (
            _child_text(element, name)[: 10 * LONGEST_TEXT] for name in ("description", *_SNIPPETS)
        )
        typed, cells = described(markup)
        # each value a measure: what a logger has written; any other table may be somebody's ("CU-003", "5 argali")
        if not all(map(MEASURED.fullmatch, cells.values())):
            typed = plain_text(markup)
        typed = _without_stamps("\n".join(filter(None, (typed, *map(plain_text, lines)))))
        if text := in_a_notice(_without_our_page(typed)):
            is_folder = _is_folder(element)
            outer = element if is_folder else element.getparent()
            place = {
                "placemark": 0,
                "folder": self._path(outer) if outer is not None else "",
                "name": "" if is_folder else _name(_child_text(element, "name")),
                "line": line_of(element),
            }
            self._say(Note(key, {"text": text}), place)

    def _add_lost(self, number: int) -> None:
        """A row for a placemark that the text begins and whose place is lost."""
        row = _empty_row(number)
        self.rows.append(row)
        self._say(Note("broken"), row)

    def _say_nothing_there(self, root: etree._Element, others: Mapping[str, Sequence[str]]) -> None:
        """Why a file has no placemark: a link to a map, a picture, shapes without placemarks."""
        shapes = {
            local(element)
            for element in root.iter(etree.Element)
            if local(element).lower() in ("placemark", "polygon", "linestring", "point", "track")
        }
        if "NetworkLink" in others:
            self._say(Note("only a link", {"count": len(others["NetworkLink"])}))
        elif "GroundOverlay" in others or "PhotoOverlay" in others:
            self._say(Note("only a picture"))
        elif shapes:
            names = [f"<{clean_name(name)}>" for name in sorted(shapes)]
            self._say(Note("no placemark but", {"elements": names}))
        else:
            self._say(Note("no placemark", level="note"))

    def _row_at(self, placemark: etree._Element) -> dict[str, Any]:
        """The row of a placemark of which nothing is known but where in which file it is."""
        parent = placemark.getparent()
        return _empty_row(len(self.rows) + 1) | {
            "file": self.file,
            "folder": self._path(parent) if parent is not None else "",
            "line": line_of(placemark),
        }

    def _new_row(self, placemark: etree._Element) -> dict[str, Any]:
        """The row of a placemark with what was typed in it, and what is to be said of that."""
        # the first child of each name: looked through once, for a pack has thousands of placemarks
        children = {local(child): child for child in reversed(placemark)}
        typed, visibility, description = (
            "" if (child := children.get(name)) is None else text_of(child)
            for name in ("name", "visibility", "description")
        )
        row = self._row_at(placemark) | {
            "name": "" if typed.strip() in NO_WORDS else _name(typed),
            "data": _data(placemark) if "ExtendedData" in children else {},
            "placemark_id": _placemark_id(placemark),
            "visibility": visibility.strip() not in ("0", "false"),
        }
        self.rows.append(row)
        # Cleaned before it is called long: blanks and letters that nobody sees are not what was
        # typed.
        if len(typed) > LONGEST_NAME and len(clean_name(typed[:100_000])) > LONGEST_NAME:
            self._say(Note("long name", {"count": len(typed), "kept": LONGEST_NAME}), row)
        for slip in (placemark.get(SLIPS) or "").split():
            self._say(Note(f"slip in {slip}"), row)
        row["description"] = self._description(description, row)
        if not row["data"].get("layer"):
            known = {row["name"], *row["data"].values()}
            for said in _typed_beside(children):
                if said not in known and said not in row["description"]:
                    row["description"] = f"{row['description']}\n{said}".strip()[:LONGEST_TEXT]
        return row

    def _read_one(self, placemark: etree._Element) -> bool:
        """Read a placemark; whether its altitudes were dropped."""
        above = self._above_in_update(placemark)
        if not above and self._is_seen(placemark):
            seen = {"kind": _SEEN, "placemark_id": _placemark_id(placemark)}
            self.rows.append(_empty_row(len(self.rows) + 1) | seen)
            return False
        # our own evidence comes back in the file of each group, letter by letter
        spelt = b"" if above else _spelling(placemark)
        if self._take_known(spelt, placemark):
            return False
        n_notes = len(self.notes)
        row = self._new_row(placemark)
        if "AnimatedUpdate" in above:
            # a step of a tour: it opens or closes a balloon, and draws nothing
            row["kind"] = "view"
            return False
        why = placemark.get(DAMAGED) or ("in an update" if above else "")
        if why:
            self._say(Note(why), row)
            return False
        try:
            shapes = geometry_of(placemark, self._effort)
        except TooManyPartsError:
            raise InputError.of("too many parts", file=self.file, most=float(MOST_PARTS)) from None
        for note in _counted(shapes.notes):
            self._say(note, row)
        self._say_faults(shapes, row)
        self._take(shapes, row)
        # of sound shapes alone: what is mended hangs on what a file may still cost
        is_ours = bool(spelt and row["data"].get("layer"))
        if is_ours and len(self.notes) == n_notes and not shapes.has_altitudes:
            _KNOWN[spelt] = {key: row[key] for key in row.keys() - _OF_THE_PLACE}
        return shapes.has_altitudes

    def _is_seen(self, placemark: etree._Element) -> bool:
        """Whether a placemark is there for eyes alone, and nobody typed anything into it."""
        is_only_seen, parent = self._is_only_seen, placemark.getparent()
        return (
            is_only_seen is not None
            and parent is not None
            and is_only_seen(self._path(parent), _data(placemark))
            and not _child_text(placemark, "description").strip()
            and has_shape(placemark)
            and not {DAMAGED, SLIPS} & {*placemark.attrib}
        )

    def _take_known(self, spelt: bytes, placemark: etree._Element) -> bool:
        """Take the row of a placemark that was spelt so before, and found sound."""
        known_row = _KNOWN.get(spelt)
        if known_row is None or len(known_row["pieces"]) > self._effort.parts:
            return False
        self._effort.parts -= len(known_row["pieces"])
        self.used += bool(known_row["pieces"])
        self.rows.append(self._row_at(placemark) | known_row | {"data": dict(known_row["data"])})
        return True

    def _say_faults(self, shapes: Shapes, row: dict[str, Any]) -> None:
        """Keep what was noticed in a placemark's shapes; views and masks are no shapes."""
        for note in _counted(shapes.faults):
            if note.key in ("view", "mask"):
                row["kind"] = note.key
            self._say(note, row)

    def _take(self, shapes: Shapes, row: dict[str, Any]) -> None:
        """The pieces of a placemark into its row; what looks unlikely is noted."""
        row["polygons"] = self._joint_polygons(shapes, row)
        row["loops"] = surrounded(shapes.loops, self._effort) if shapes.loops else None
        if not shapes.pieces:
            return
        self.used += 1
        kinds = [kind for kind, _, _ in shapes.pieces]
        row["pieces"] = shapes.pieces
        row["kind"] = next(kind for kind in ("polygon", "line", "point") if kind in kinds)
        # Our own evidence comes back with a whole pack: nobody drew it, so there is nothing to ask.
        if row["data"].get("layer"):
            return
        if shapes.loops:
            self._say(Note("closes", level="note"), row)
        self._check_place([geometry for _, geometry, _ in shapes.pieces], row)

    def _joint_polygons(self, shapes: Shapes, row: dict[str, Any]) -> BaseGeometry | None:
        """All polygons of a placemark as one; where they lie on each other too often, none of it."""
        if len(shapes.areas) < 2:
            return shapes.areas[0] if shapes.areas else None
        try:
            return joint_area(shapes.areas, self._effort)
        except UnusableError as error:
            self._say(error.note, row)
            shapes.pieces = [piece for piece in shapes.pieces if piece[0] != "polygon"]
            return None

    def _check_place(self, geometries: Sequence[BaseGeometry], row: dict[str, Any]) -> None:
        """Note where a placemark lies outside of the region, and an area that no unit has."""
        if self._region and not any(boxes_meet(shape.bounds, self._region) for shape in geometries):
            # A pin elsewhere is a pin elsewhere; a shape may have been written latitude first.
            is_turned = row["kind"] != "point" and turned_meet(geometries[0].bounds, self._region)
            self._say(Note("outside, turned inside" if is_turned else "outside", {}, "note"), row)
        if row["kind"] == "polygon":
            areas = [shape for shape in geometries if shape.geom_type == "Polygon"]
            if _LIKELY_KM2[0] < sum(map(degrees_to_km2, areas)) < _LIKELY_KM2[1]:
                return  # plain enough: measured on the ellipsoid only where that may decide
            # A hole drawn the same way round as its outline would be added: PROJ sums rings as they run.
            oriented = map(shapely.orient_polygons, areas)
            km2 = sum(abs(_WGS84.geometry_area_perimeter(area)[0]) for area in oriented) / 1e6
            if not SMALLEST_KM2 <= km2 <= LARGEST_KM2:
                self._say(Note("unlikely area", {"km2": f"{km2:,.6g}"}, "note"), row)

    def _above_in_update(self, placemark: etree._Element) -> set[str]:
        """What a placemark in an `Update` is inside of; nothing, for any other."""
        if not self._has_updates:
            return set()
        above = {local(element) for element in placemark.iterancestors()}
        return above if "Update" in above else set()

    def _path(self, element: etree._Element) -> str:
        """The folders that a folder or document is in, with itself: each is looked up once."""
        above: list[etree._Element] = []
        outer: etree._Element | None = element
        while outer is not None and outer not in self._paths:
            above.append(outer)
            outer = outer.getparent()
        path = self._paths[outer] if outer is not None else ""
        for inner in reversed(above):
            if _is_folder(inner):
                name = _name(_child_text(inner, "name"))
                path = f"{path}/{name}"[-LONGEST_PATH:] if path else name
            self._paths[inner] = path
        return path

    def _description(self, typed: str, row: dict[str, Any]) -> str:
        """What was typed into the description; a table that a GIS wrote there becomes data."""
        if not typed:
            return ""
        # A table of a GIS is ten times as long as what it says: it is searched so far, and no
        # further.
        count, typed = len(typed), typed[: 10 * LONGEST_TEXT]
        text, cells = described(typed)
        if (
            cells
            and row["data"].keys() & _OURS_BY
            and row["data"].keys().isdisjoint(map(_name, cells))
        ):
            # data of its own it has: a table that repeats none of them somebody has pasted there
            text, cells = plain_text(typed), {}
        for key, value in list(cells.items())[:MOST_DATA]:
            row["data"].setdefault(_name(key), value[:LONGEST_TEXT])
        if cells:
            entries = () if cells.keys() & _OURS_BY else (f"{key}: {cells[key]}" for key in cells)
            behind = in_short(entries, 6)
            names = Note("names behind", {"names": behind}) if behind else ""
            self._say(Note("table of a GIS", {"count": len(cells), "names": names}, "note"), row)
        if count > 10 * LONGEST_TEXT or len(text) > LONGEST_TEXT:
            self._say(Note("long description", {"count": count}), row)
        return text[:LONGEST_TEXT]

    def _pass_vertices(self) -> None:
        """Points that are the corners of a shape in the same file, as GPS programs write them."""
        bare = [row for row in self.rows if row["kind"] == "point" and not row["data"]]
        shapes = [
            geometry for row in self.rows for kind, geometry, _ in row["pieces"] if kind != "point"
        ]
        # A few points on corners may be meant: somebody marks where a border bends.
        if len(bare) < _FEWEST_VERTICES or not shapes:
            return
        # Six decimals, 10 cm: programs that write corners as points of their own round them a digit
        # off.
        corners = set(map(tuple, shapely.get_coordinates(shapes).round(6).tolist()))
        vertices = [
            row
            for row in bare
            if all(
                (round(point.x, 6), round(point.y, 6)) in corners for _, point, _ in row["pieces"]
            )
        ]
        if len(vertices) < _FEWEST_VERTICES:
            return
        for row in vertices:
            row["kind"] = "vertex"
        self._say(Note("vertices", {"count": len(vertices)}, "note"))


_KNOWN: Final[dict[bytes, dict[str, Any]]] = {}
"""The rows of sound placemarks of our evidence, by their text: ten groups hand them in ten times."""
_OF_THE_PLACE: Final = frozenset({"file", "folder", "placemark", "line"})
"""What of a row hangs on where its placemark stands, and not on its text."""
_MOST_KNOWN: Final = 40_000_000
"""Bytes of that text: a pack of six sections holds 7 million. A file with more of it leaves nothing behind."""


_NAMESPACE: Final = re.compile(rb' xmlns(?::[\w.\-]+)?="[^"]*"')
_STYLE: Final = re.compile(rb"<styleUrl>[^<]*</styleUrl>")


def _spelling(placemark: etree._Element) -> bytes:
    """A placemark as text, without what says nothing of it: namespaces, and how it is drawn.

    Google Earth gives each its own style when it saves a file. Nothing of one that was mended.
    """
    tag, _, rest = etree.tostring(placemark, with_tail=False).partition(b">")
    return b"" if _SALVAGED in tag else _NAMESPACE.sub(b"", tag) + _STYLE.sub(b"", rest)


_SALVAGED: Final = DAMAGED[1:].partition("}")[0].encode()


def _is_ours(element: etree._Element) -> bool:
    """Whether this is the ground, the legend or the tour of our own file, which come back with a whole pack."""
    if (kind := local(element)) == "Tour":
        return _child_text(element, "name").strip() in _OUR_TOUR
    hrefs = [text_of(inner) for inner in element.iter(etree.Element) if local(inner) == "href"]
    return any(name in href for name in _OUR_PICTURES.get(kind, ()) for href in hrefs)


_OUR_PICTURES: Final = {"GroundOverlay": RELIEFS, "ScreenOverlay": (LEGEND,)}
_OUR_TOUR: Final = frozenset(words.text("tour", lang) for lang in words.LANGUAGES)


def _empty_row(number: int) -> dict[str, Any]:
    """The row of a placemark of which nothing is known yet."""
    return {
        **dict.fromkeys(("file", "folder", "name", "description", "placemark_id"), ""),
        "placemark": number,
        "line": 0,
        "data": {},
        "visibility": True,
        "kind": "none",
        "pieces": [],
        "polygons": None,
        "loops": None,
    }


def _by_kind(pieces: Sequence[tuple[str, BaseGeometry, bool]]) -> dict[str, Any]:
    """The columns of geometry that are no areas: all lines, all points."""
    of = {
        kind_name: [geometry for kind, geometry, _ in pieces if kind == kind_name]
        for kind_name in ("line", "point")
    }
    return {
        "lines": _joint(of["line"], shapely.MultiLineString),
        "points": _joint(of["point"], shapely.MultiPoint),
    }


def _joint(
    geometries: Sequence[BaseGeometry], together: Callable[[Sequence[Any]], BaseGeometry]
) -> BaseGeometry | None:
    """Geometries of one kind as one: the only one itself, several together, none as ``None``."""
    if len(geometries) < 2:
        return geometries[0] if geometries else None
    return together(geometries)


def _counted(notes: Sequence[Note]) -> Iterable[Note]:
    """Notes that say the same once, with how many times it was."""
    if len(notes) < 2:
        yield from notes
        return
    times: dict[str, tuple[Note, int]] = {}
    for note in notes:
        key = repr(note)
        times[key] = (note, times.get(key, (note, 0))[1] + 1)
    for note, count in times.values():
        facts = note.facts if count == 1 else {**note.facts, "times": count}
        yield Note(note.key, facts, note.level)


LONGEST_NOTICE: Final = 500
"""Letters of what somebody typed that a notice repeats: the whole of it stands in the file."""


def in_a_notice(text: str) -> str:
    """What somebody typed, as much of it as a notice repeats."""
    return text if len(text) <= LONGEST_NOTICE else f"{text[: LONGEST_NOTICE - 1].rstrip()}…"


def folder_of(feature: etree._Element) -> str:
    """The folders that a feature is in, outermost first: "A/B"."""
    above = [folder for folder in feature.iterancestors() if _is_folder(folder)]
    return "/".join(_name(_child_text(folder, "name")) for folder in reversed(above))


def _is_folder(element: etree._Element) -> bool:
    """Folders; of documents only those inside another one or a folder."""
    kind = local(element)
    return kind == "Folder" or (
        kind == "Document"
        and any(local(outer) in ("Document", "Folder") for outer in element.iterancestors())
    )


def is_below_a_unit(shape: BaseGeometry) -> bool:
    """Whether the ground of polygons in degrees is below :data:`SMALLEST_KM2`, about."""
    return sum(map(degrees_to_km2, shapely.get_parts(shape))) < SMALLEST_KM2


# names of data return with each placemark
@lru_cache(maxsize=10_000)
def _name(typed: str) -> str:
    return clean_name(typed[: 10 * LONGEST_NAME])[:LONGEST_NAME].rstrip()


def boxes_meet(box: Bounds, region: Bounds) -> bool:
    """Whether a box of west, south, east, north touches a region, which may count on over 180°."""
    west, south, east, north = box
    return any(
        west <= frame[2] and east >= frame[0] and south <= frame[3] and north >= frame[1]
        for frame in frames_on_globe(region)
    )


def turned_meet(box: Bounds, region: Bounds) -> bool:
    """Whether a box touches a region once longitude and latitude are swapped in it.

    Longitudes beyond ±90 can be no latitudes: such a box was not written latitude first.
    """
    west, south, east, north = box
    return max(-west, east) <= 90 and boxes_meet((south, west, north, east), region)


def _child_text(element: etree._Element, name: str) -> str:
    """The text of the first child of a name."""
    for child in element:
        if local(child) == name:
            return text_of(child)
    return ""


def _typed_beside(children: Mapping[str, etree._Element]) -> Iterable[str]:
    """What somebody typed for a placemark outside of its name and description: when, an address, a number.

    The time stamps that a GPS gives each of its points are no words; nor is the line below its name with
    which a unit was handed out.
    """
    for name in _SNIPPETS:
        if name in children and not _is_our_line(line := _snippet(children[name])):
            yield line
    if (span := children.get("TimeSpan")) is not None:
        ends = (clean_name(_child_text(span, name)[:LONGEST_NAME]) for name in ("begin", "end"))
        # what has an hour was written by a logger or a phone
        if any(between := tuple(ends)) and "T" not in "".join(between):
            yield " – ".join(one or "…" for one in between)
    yield from _captions(children.get("Carousel", ()))
    # of a pin a phone writes where it was
    for name in () if "Point" in children else ("address", "phoneNumber"):
        if (child := children.get(name)) is not None:
            yield plain_text(text_of(child)[:LONGEST_TEXT])


def _captions(carousel: Iterable[etree._Element]) -> Iterable[str]:
    """What stands beside the pictures of a pin, which Google Earth on the web keeps in a carousel: no addresses."""
    for picture in carousel:
        for element in picture.iter(etree.Element):
            text = plain_text(text_of(element)[:LONGEST_TEXT])
            if text and not _ADDRESS.match(text):
                yield text


_ADDRESS: Final = re.compile(r"data:|\S*://")


def _without_stamps(typed: str) -> str:
    """Lines without those in which a program says when it wrote a file: to the second, at the end.

    GPSBabel has "Created Mon Nov 30 14:01:32 2026", others their own name beside the time. What goes on behind
    the time is somebody's, of that moment.
    """
    return "\n".join(line for line in typed.split("\n") if not _is_stamp(line))


def _is_stamp(line: str) -> bool:
    """Whether a line is a date, a time to the second, and few words before it."""
    *_, behind = _TO_THE_SECOND.split(line)
    return (
        behind != line
        and _DATE.search(line) is not None
        and len(_WORDS.findall(line)) <= _MOST_OF_A_STAMP
        and all(map(_OF_A_CLOCK.fullmatch, _LETTERS.findall(behind)))
    )


_TO_THE_SECOND: Final = re.compile(r"\d:[0-5]\d:[0-5]\d")
_DATE: Final = re.compile(r"\d{4}|\d[./-]\d")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_OF_A_CLOCK: Final = re.compile(r"[AaPp]|[AaPp]?[Mm]|[A-Z]{1,4}")
"""Half of the day, or a zone."""
_WORDS: Final = re.compile(r"[^\W\d_\u2e80-\uffff]{2,}|[\u2e80-\uffff]")
_MOST_OF_A_STAMP: Final = 4
"""Words: a day, a month, a zone, and what was done."""


def _without_our_page(typed: str) -> str:
    """What stands behind the legend and the disclaimer with which our documents are handed out; else all of it."""
    for lang in words.LANGUAGES:
        if (own := words.disclaimer(DISCLAIMER, lang)) in typed:
            return typed.rpartition(own)[2].strip()
        if words.text("how to edit", lang) in typed:
            return ""
    return typed


_SNIPPETS: Final = ("Snippet", "snippet")
"""The line below a name in the list of Google Earth, where people can type it: by the schema, and as KML 2.1 has it."""


def _snippet(element: etree._Element) -> str:
    return clean_name(plain_text(text_of(element)[:LONGEST_TEXT]))


def _is_our_line(line: str) -> bool:
    """Whether a line is the one that our files have below the name of a unit: from its status to its area."""
    return line.endswith(_AREA_ENDS) and line.partition(" · ")[0] in _STATUSES_SAID


_AREA_ENDS: Final = tuple(words.text("km2", lang) for lang in words.LANGUAGES)
_STATUSES_SAID: Final = frozenset(
    words.text(status, lang) for status in STATUSES for lang in words.LANGUAGES
)


def _placemark_id(placemark: etree._Element) -> str:
    """The id, as Earth Pro (`id`) or Earth on the web (`kml:id`) writes it."""
    for key, value in placemark.attrib.items():
        if key == "id" or str(key).endswith("}id"):
            return _name(str(value))
    return ""


def _data(placemark: etree._Element) -> dict[str, str]:
    """Data and SimpleData by name; of a name that is there twice, the first."""
    pairs: dict[str, str] = {}
    for extended in placemark:
        if local(extended) != "ExtendedData":
            continue
        for entry in extended.iter(etree.Element):
            kind = local(entry)
            if kind not in ("Data", "SimpleData") or len(pairs) >= MOST_DATA:
                continue
            key = _name(entry.get("name") or "")
            value = _child_text(entry, "value") if kind == "Data" else text_of(entry)
            if key:
                pairs.setdefault(key, clean_text(value[:LONGEST_TEXT]))
    return pairs
