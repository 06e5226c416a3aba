"""KML and KMZ as people send them back, to rows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
from lxml import etree
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from cami_units.kml._containers import content_of, member_problem, source
from cami_units.kml._coordinates import Found, geometry_of
from cami_units.kml._escapes import clean_name, clean_text, plain_text
from cami_units.kml._xml import (
    DAMAGED,
    Parsed,
    line_of,
    local,
    parsed,
    placemarks_in,
    text_of,
)
from cami_units.model import LONLAT, InputError, Problem

COLUMNS: Final = (
    "file",
    "folder",
    "name",
    "description",
    "placemark_id",
    "data",
    "visibility",
    "kind",
    "part",
    "closes",
    "placemark",
    "line",
    "geometry",
)
_KINDS: Final = (
    dict.fromkeys(("file", "folder", "name", "description", "placemark_id", "kind"), "str")
    | dict.fromkeys(("part", "placemark", "line"), "int64")
    | dict.fromkeys(("visibility", "closes"), "bool")
)
LONGEST_NAME: Final = 200
LONGEST_TEXT: Final = 20_000
MOST_DATA: Final = 500
"""Letters of a name, letters of a description or value, entries of data that are kept."""
MOST_PARTS: Final = 20_000
SMALLEST_KM2: Final = 1.0
LARGEST_KM2: Final = 2_000_000.0
REGION: Final = (35.0, 5.0, 150.0, 70.0)
"""West, south, east, north: with a wide margin, where units of this initiative can lie."""

_WGS84: Final = Geod(ellps="WGS84")
_NOT_FOLLOWED: Final = frozenset(
    {"NetworkLink", "GroundOverlay", "ScreenOverlay", "PhotoOverlay", "Tour"}
)


def read_kml(
    path_or_bytes: str | Path | bytes, *, name: str | None = None
) -> tuple[gpd.GeoDataFrame, tuple[Problem, ...]]:
    """Every placemark that can be used, one row for each part of its geometry, and what was wrong.

    One bad placemark never stops the others. Nothing that the file names is fetched, nothing is
    unpacked to disk, and every string is cleaned.

    Parameters
    ----------
    path_or_bytes : path or bytes
        KML or KMZ, whatever the ending; a zip of KML and KMZ files too.
    name : str, optional
        What to call the file in rows and problems. ``None``: its name without the folder.

    Returns
    -------
    GeoDataFrame
        In EPSG:4326, in the order of the file: ``file``, ``folder`` ("A/B"), ``name``,
        ``description`` (plain text), ``placemark_id``, ``data`` (dict of strings, from Data and
        SimpleData), ``visibility`` (bool), ``kind`` (polygon, line, point), ``part`` (from 1, in
        the placemark), ``closes`` (a path whose ends nearly meet, proposed as a polygon),
        ``placemark`` (its number in the file, from 1), ``line`` and ``geometry``. Polygons are
        valid and keep their holes; altitudes are dropped. ``attrs["placemarks"]`` counts the
        placemarks of the file, ``attrs["read"]`` and ``attrs["unusable"]`` add up to it.
        ``attrs["folders"]`` lists every folder, empty ones too; ``attrs["whole"]`` says whether
        nothing was cut off; ``attrs["broken"]`` holds name, id and data of each placemark that is
        unusable; ``attrs["notes"]`` says the problems once more, each with its folder, placemark
        and line apart.
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
    >>> rows, problems = read_kml(b"<kml><Placemark><name>CU-1</name></Placemark></kml>")
    >>> len(rows), problems[0].what
    (0, 'it has no geometry: not read')
    """
    content, called = content_of(path_or_bytes, name)
    held = source(content, called)
    readers: list[_Reader] = []
    problems: list[Problem] = [member_problem(error, name) for name, error in held.faults]
    faults: list[InputError] = [error for _, error in held.faults]
    lost = 0
    for member in held.members:
        try:
            readers.append(_Reader(parsed(member)))
        except InputError as error:
            faults.append(error)
            lost += placemarks_in(member.content)
            problems.append(member_problem(error, member.name))
    if not readers:
        raise InputError(" ".join(str(fault) for fault in faults[:5]))
    if len(held.members) > 1:
        what = f"{len(held.members)} KML files in one archive"
        what += ": all were read" if not faults else f", {len(readers)} of them could be read"
        problems.append(Problem("note", "kml", called, "", what))
    for entry in held.passed:
        what = f"the archive also holds {entry}, which is not read from inside it"
        problems.append(Problem("counted", "kml", called, "", what, "Hand it in by itself."))
    frame, told = _frame(readers, problems)
    frame.attrs["placemarks"] += lost
    frame.attrs["unusable"] += lost
    frame.attrs["whole"] &= not faults
    return frame, told


def _frame(
    readers: list[_Reader], problems: list[Problem]
) -> tuple[gpd.GeoDataFrame, tuple[Problem, ...]]:
    rows = [row for reader in readers for row in reader.rows]
    nowhere = {"folder": "", "placemark": "", "line": 0}
    notes = [
        {"file": one.file, **nowhere, "level": one.level, "what": one.what, "cure": one.cure}
        for one in problems
    ]
    for reader in readers:
        problems += reader.problems
        notes += reader.notes
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table = table.astype(_KINDS)
    frame = gpd.GeoDataFrame(table, geometry="geometry", crs=LONLAT)
    frame.attrs = {
        "placemarks": sum(reader.count for reader in readers),
        "read": sum(reader.read for reader in readers),
        "unusable": sum(reader.count - reader.read for reader in readers),
        "folders": sorted({folder for reader in readers for folder in reader.folders}),
        "whole": all(reader.whole for reader in readers),
        "broken": [mark for reader in readers for mark in reader.broken],
        "notes": notes,
    }
    return frame, tuple(problems)


class _Reader:
    """The rows and problems of one KML."""

    def __init__(self, tree: Parsed) -> None:
        self.file = tree.name
        self.rows: list[dict[str, Any]] = []
        self.problems: list[Problem] = []
        self.notes: list[dict[str, Any]] = []
        self.folders: set[str] = set()
        self.broken: list[dict[str, Any]] = []
        self.whole = tree.whole
        self.count = tree.beyond
        self.read = 0
        self._paths: dict[etree._Element, str] = {}
        self._at = {"folder": "", "placemark": "", "line": 0}
        self._has_updates = tree.root.find(".//{*}Update") is not None
        for note in tree.mended:
            self._say("counted", "", note)
        self._read_all(tree.root)

    def _say(self, level: Any, where: str, what: str, cure: str = "") -> None:
        self.problems.append(Problem(level, "kml", self.file, where, what, cure))
        at = self._at if where else {"folder": "", "placemark": "", "line": 0}
        self.notes.append({"file": self.file, **at, "level": level, "what": what, "cure": cure})

    def _read_all(self, root: etree._Element) -> None:
        ids: Counter[str] = Counter()
        others: Counter[str] = Counter()
        altitudes = 0
        for element in root.iter(etree.Element):
            kind = local(element)
            if kind == "Placemark":
                self.count += 1
                ids[_placemark_id(element)] += 1
                altitudes += self._read_one(element)
            elif kind in _NOT_FOLLOWED:
                others[kind] += 1
            elif kind == "Folder":
                self.folders.add(self._path(element))
        if altitudes:
            self._say("counted", "", f"altitudes of {altitudes} placemarks were dropped")
        for kind in sorted(others):
            self._say("note", "", f"{others[kind]} {kind}: not followed, nothing was fetched")
        for repeated in sorted(key for key, n in ids.items() if key and n > 1):
            self._say("note", "", f"{ids[repeated]} placemarks have the id '{repeated}'")
        if not self.count:
            self._say("note", "", "there is no placemark in it", "Was the right folder saved?")

    def _read_one(self, placemark: etree._Element) -> bool:
        """Read a placemark; whether its altitudes were dropped."""
        typed = _child_text(placemark, "name")
        name = _name(typed)
        parent = placemark.getparent()
        folder = self._path(parent) if parent is not None else ""
        where = _where(name, folder, placemark)
        self._at = {"folder": folder, "placemark": name, "line": line_of(placemark)}
        if len(typed) > LONGEST_NAME and len(clean_name(typed[:100_000])) > LONGEST_NAME:
            what = f"its name has {len(typed):,} letters: the first {LONGEST_NAME} were kept"
            self._say("counted", where, what)
        data = _data(placemark)
        why = placemark.get(DAMAGED)
        if self._has_updates and any(
            local(above) == "Update" for above in placemark.iterancestors()
        ):
            why = "it is inside an Update"
        if why:
            self._say("counted", where, f"{clean_name(why)}: not read")
        found = geometry_of(placemark) if not why else Found()
        self._say_found(found, where)
        if not found.kept:
            mark = {"name": name, "placemark_id": _placemark_id(placemark), "data": data}
            self.broken.append(mark)
            return found.altitudes
        if len(self.rows) + len(found.kept) > MOST_PARTS:
            raise InputError(
                f"{self.file} is refused: more than {MOST_PARTS:,} shapes. "
                "Save only the folder with the units."
            )
        self.read += 1
        # Our own evidence comes back with a whole pack: nobody drew it, so there is nothing to ask.
        drawn = "layer" not in data
        common = {
            "file": self.file,
            "folder": folder,
            "name": name,
            "description": self._description(placemark, where),
            "placemark_id": _placemark_id(placemark),
            "visibility": _child_text(placemark, "visibility").strip() not in ("0", "false"),
            "placemark": self.count,
            "line": line_of(placemark),
        }
        for part, (kind, geometry, closes) in enumerate(found.kept, start=1):
            row = {
                "data": data,
                "kind": kind,
                "part": part,
                "closes": closes,
                "geometry": geometry,
            }
            self.rows.append(common | row)
            if drawn:
                self._check_place(kind, geometry, where)
            if drawn and closes:
                self._say(
                    "note",
                    where,
                    "a path whose ends nearly meet: kept as a line, proposed as a polygon",
                    "Draw it as a polygon if it is meant as a unit.",
                )
        return found.altitudes

    def _path(self, element: etree._Element) -> str:
        """The folders that a folder or document is in, with itself: each is looked up once."""
        above: list[etree._Element] = []
        one: etree._Element | None = element
        while one is not None and one not in self._paths:
            above.append(one)
            one = one.getparent()
        path = self._paths[one] if one is not None else ""
        for one in reversed(above):
            if _is_folder(one):
                name = _name(_child_text(one, "name"))
                path = f"{path}/{name}" if path else name
            self._paths[one] = path
        return path

    def _description(self, placemark: etree._Element, where: str) -> str:
        typed = _child_text(placemark, "description")
        text = plain_text(typed[: 10 * LONGEST_TEXT])
        if len(typed) > 10 * LONGEST_TEXT or len(text) > LONGEST_TEXT:
            what = f"its description has {len(typed):,} letters: the first were kept"
            self._say("counted", where, what)
        return text[:LONGEST_TEXT]

    def _say_found(self, found: Found, where: str) -> None:
        for what, times in Counter(found.mended).items():
            self._say("counted", where, what + (f" ({times} times)" if times > 1 else ""))
        for what, times in Counter(found.lost).items():
            again = f" ({times} times)" if times > 1 else ""
            self._say("counted", where, f"{what}: not read{again}", "Draw it again.")

    def _check_place(self, kind: str, geometry: BaseGeometry, where: str) -> None:
        west, south, east, north = geometry.bounds
        if not _inside(west, south, east, north):
            swapped = _inside(south, west, north, east)
            what = "all of it lies outside the region"
            what += "; longitude and latitude seem to be swapped" if swapped else ""
            self._say("note", where, what, "Check where it was drawn.")
        if kind == "polygon":
            area = abs(_WGS84.geometry_area_perimeter(geometry)[0]) / 1e6
            if not SMALLEST_KM2 <= area <= LARGEST_KM2:
                what = f"its area of {area:,.6g} km² is unlikely for a unit"
                self._say("note", where, what, "Check its outline.")


def folder_of(feature: etree._Element) -> str:
    """The folders that a feature is in, outermost first: "A/B"."""
    above = [one for one in feature.iterancestors() if _is_folder(one)]
    return "/".join(_name(_child_text(one, "name")) for one in reversed(above))


def _is_folder(element: etree._Element) -> bool:
    """Folders; of documents only those inside another one or a folder."""
    kind = local(element)
    return kind == "Folder" or (
        kind == "Document"
        and any(local(outer) in ("Document", "Folder") for outer in element.iterancestors())
    )


def _name(typed: str) -> str:
    return clean_name(typed[: 10 * LONGEST_NAME])[:LONGEST_NAME].rstrip()


def _inside(west: float, south: float, east: float, north: float) -> bool:
    return bool(
        west <= REGION[2] and east >= REGION[0] and south <= REGION[3] and north >= REGION[1]
    )


def _where(name: str, folder: str, placemark: etree._Element) -> str:
    place = f"placemark '{name}'" if name else "a placemark without a name"
    inside = f" in '{folder}'" if folder else ""
    return f"{place}{inside}, line {line_of(placemark)}"


def _child_text(element: etree._Element, name: str) -> str:
    for child in element:
        if local(child) == name:
            return text_of(child)
    return ""


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
