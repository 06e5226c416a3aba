"""KML and KMZ as people send them back, to rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
from lxml import etree
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from cami_units.kml._rings import Found, geometry_of
from cami_units.kml._source import (
    Parsed,
    content_of,
    line_of,
    local,
    member_problem,
    parsed,
    source,
    text_of,
)
from cami_units.kml._text import clean_name, clean_text, plain_text
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
MAX_PLACEMARKS: Final = 100_000
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
        ``attrs["folders"]`` lists every folder, empty ones too; ``attrs["notes"]`` says the
        problems once more, each with its folder, placemark and line apart.
    tuple of Problem
        Each with file, folder, placemark, line, what was found and what was assumed.

    Raises
    ------
    InputError
        A file that is refused or unreadable as a whole: empty, cut off, not KML, encrypted, a zip
        bomb, a path or link out of the archive, a document type, too large, nested too deep.

    Examples
    --------
    >>> rows, problems = read_kml(b"<kml><Placemark><name>CU-1</name></Placemark></kml>")
    >>> len(rows), problems[0].what
    (0, 'it has no geometry: not read')
    """
    content, called = content_of(path_or_bytes, name)
    held = source(content, called)
    trees: list[Parsed] = []
    problems: list[Problem] = []
    faults: list[InputError] = []
    for member in held.members:
        try:
            trees.append(parsed(member))
        except InputError as error:
            faults.append(error)
            problems.append(member_problem(error, member.name))
    if not trees:
        raise InputError(" ".join(str(fault) for fault in faults))
    if len(held.members) > 1:
        what = f"{len(held.members)} KML files in one archive: all were read"
        problems.append(Problem("note", "kml", called, "", what))
    return _frame([_Reader(tree) for tree in trees], problems)


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
        self.count = 0
        self.read = 0
        self._folders: dict[etree._Element | None, str] = {}
        self._at = {"folder": "", "placemark": "", "line": 0}
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
                if self.count > MAX_PLACEMARKS:
                    raise InputError(
                        f"{self.file} is refused: more than {MAX_PLACEMARKS:,} placemarks. "
                        "Save only the folder with the units."
                    )
                ids[_placemark_id(element)] += 1
                altitudes += self._read_one(element)
            elif kind in _NOT_FOLLOWED:
                others[kind] += 1
            elif kind == "Folder":
                outer, name = folder_of(element), clean_name(_child_text(element, "name"))
                self.folders.add(f"{outer}/{name}" if outer else name)
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
        name = clean_name(_child_text(placemark, "name"))
        parent = placemark.getparent()
        if parent not in self._folders:
            self._folders[parent] = folder_of(placemark)
        folder = self._folders[parent]
        where = _where(name, folder, placemark)
        self._at = {"folder": folder, "placemark": name, "line": line_of(placemark)}
        if any(local(above) == "Update" for above in placemark.iterancestors()):
            self._say("counted", where, "it is inside an Update: not read")
            return False
        found = geometry_of(placemark)
        self._say_found(found, where)
        if not found.kept:
            return found.altitudes
        self.read += 1
        data = _data(placemark)
        # Our own evidence comes back with a whole pack: nobody drew it, so there is nothing to ask.
        drawn = "layer" not in data
        common = {
            "file": self.file,
            "folder": folder,
            "name": name,
            "description": plain_text(_child_text(placemark, "description")),
            "placemark_id": _placemark_id(placemark),
            "visibility": _child_text(placemark, "visibility").strip() not in ("0", "false"),
            "placemark": self.count,
            "line": line_of(placemark),
        }
        for part, (kind, geometry, closes) in enumerate(found.kept, start=1):
            row = {
                "data": dict(data),
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
    return "/".join(reversed(list(_folder_names(feature))))


def _folder_names(element: etree._Element) -> Iterator[str]:
    """Names of the folders above, nearest first; of documents only where one holds another."""
    for above in element.iterancestors():
        kind = local(above)
        inner = kind == "Document" and any(
            local(outer) in ("Document", "Folder") for outer in above.iterancestors()
        )
        if kind == "Folder" or inner:
            yield clean_name(_child_text(above, "name"))


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
            return clean_name(value)
    return ""


def _data(placemark: etree._Element) -> dict[str, str]:
    """Data and SimpleData by name; of a name that is there twice, the first."""
    pairs: dict[str, str] = {}
    for extended in placemark:
        if local(extended) != "ExtendedData":
            continue
        for entry in extended.iter(etree.Element):
            kind = local(entry)
            key = clean_name(entry.get("name"))
            if kind == "Data" and key:
                pairs.setdefault(key, clean_text(_child_text(entry, "value")))
            elif kind == "SimpleData" and key:
                pairs.setdefault(key, clean_text(text_of(entry)))
    return pairs
