"""Coordinates as people save them, to valid geometry; whatever is mended or given up is said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import shapely
from lxml import etree
from numpy.typing import NDArray
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from cami_units.kml._escapes import clean_name
from cami_units.kml._written_shapes import linework, parts
from cami_units.kml._xml import local, text_of

Kind = Literal["polygon", "line", "point"]

# Every letter has one way to match: a hostile text of digits costs its length, not its square.
_NUMBER = r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?"
_POINT = re.compile(rf"({_NUMBER}),({_NUMBER})(?:,({_NUMBER})?)?")
_NUMERIC = re.compile(r"[0-9eE+\-.,\s]*")
_LOOSE_COMMA = re.compile(r",\s+")
_IGNORED: Final = frozenset({"Track", "MultiTrack", "Model"})
NEARLY_CLOSED: Final = 0.05
"""A path is proposed as a polygon when its ends are this near, as a share of its length."""
_MOST_CROSSINGS: Final = 2_000_000
_MOST_POINTS: Final = 250_000
"""Points of one ring or line. Google Earth leaves off at 30,000."""
_SAMPLE: Final = 200


class UnusableError(Exception):
    """A geometry that cannot be used; the message says why."""


@dataclass(slots=True)
class Found:
    """The geometry of a placemark, and what was noticed on the way."""

    kept: list[tuple[Kind, BaseGeometry, bool]] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    altitudes: bool = False


def geometry_of(placemark: etree._Element) -> Found:
    """Every point, line and polygon of a placemark, out of any nesting.

    `kept` holds the kind, the geometry (longitude, latitude), and whether a line nearly closes.
    """
    found = Found()
    for element in _shapes(placemark, found):
        try:
            kind, geometry = _geometry(element, found)
        except UnusableError as error:
            found.lost.append(str(error))
            continue
        closes = kind == "line" and _nearly_closes(geometry)
        found.kept += [(kind, part, closes) for part in parts(geometry)]
    if not found.kept and not found.lost:
        found.lost.append("it has no geometry")
    return found


def _shapes(placemark: etree._Element, found: Found) -> Iterator[etree._Element]:
    """Geometry elements in the order of the file, without recursion."""
    waiting = list(reversed(placemark))
    while waiting:
        element = waiting.pop()
        kind = local(element)
        if kind in ("Point", "LineString", "LinearRing", "Polygon"):
            yield element
        elif kind in _IGNORED:
            found.lost.append(f"its {kind} is not read")
        elif kind == "MultiGeometry":
            waiting += reversed(element)


def _geometry(element: etree._Element, found: Found) -> tuple[Kind, BaseGeometry]:
    kind = local(element)
    if kind == "Polygon":
        return "polygon", _polygon(element, found)
    xy = _coordinates(element, found)
    if kind == "Point":
        if len(xy) > 1:
            found.mended.append(f"only the first of {len(xy)} coordinates of a point was kept")
        return "point", shapely.Point(xy[0])
    xy = _without_repeats(xy)
    if len(xy) < 2:
        raise UnusableError("a line of fewer than 2 different points")
    return "line", _unrolled(shapely.LineString(xy), found)


def _polygon(element: etree._Element, found: Found) -> BaseGeometry:
    shells = [ring for side in element if local(side) == "outerBoundaryIs" for ring in _rings(side)]
    if not shells:
        raise UnusableError("a polygon without an outer ring")
    holes = []
    for side in element:
        if local(side) != "innerBoundaryIs":
            continue
        for ring in _rings(side):
            try:
                holes.append(_ring(ring, found))
            except UnusableError as error:
                found.mended.append(f"a hole was dropped: {error}")
    if len(shells) > 1:
        found.mended.append(f"{len(shells)} outer rings in one polygon: each was kept")
    outlines = [_ring(ring, found) for ring in shells]
    made = [shapely.Polygon(outlines[0], holes)]
    made += [shapely.Polygon(outline) for outline in outlines[1:]]
    whole = made[0] if len(made) == 1 else shapely.MultiPolygon(made)
    return _valid(_unrolled(whole, found), found)


def _rings(side: etree._Element) -> list[etree._Element]:
    # Google Earth itself writes several rings into one innerBoundaryIs.
    return [ring for ring in side if local(ring) == "LinearRing"]


def _ring(element: etree._Element, found: Found) -> NDArray[np.float64]:
    xy = _coordinates(element, found)
    if not has_three_points(xy):
        raise UnusableError("a ring of fewer than 3 different points")
    if not np.array_equal(xy[0], xy[-1]):
        found.mended.append("a ring was not closed: it was closed")
        xy = np.vstack([xy, xy[:1]])
    return _without_repeats(xy)


def has_three_points(xy: NDArray[np.float64]) -> bool:
    """Whether a ring has three different points; the first few mostly tell."""
    return len(set(map(tuple, xy[:8].tolist()))) >= 3 or len(np.unique(xy, axis=0)) >= 3


def _without_repeats(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    differs = np.ones(len(xy), dtype=bool)
    differs[1:] = (xy[1:] != xy[:-1]).any(axis=1)
    return xy[differs]


def _coordinates(element: etree._Element, found: Found) -> NDArray[np.float64]:
    """Longitudes and latitudes in range."""
    xyz = points_of(coordinates_text(element))
    if len(xyz) == 0:
        raise UnusableError("it has no coordinates")
    found.altitudes |= bool((xyz[:, 2] != 0).any())
    outside = out_of_range(xyz)
    if outside is not None:
        lon, lat = xyz[outside, :2]
        swapped = abs(lon) <= 90 and 90 < abs(lat) <= 180
        hint = "; longitude and latitude seem to be swapped" if swapped else ""
        raise UnusableError(f"coordinates beyond ±180/±90: {lon:g},{lat:g}{hint}")
    return xyz[:, :2] + 0.0


def coordinates_text(element: etree._Element) -> str:
    """The text of the coordinates of a point, line or ring."""
    return " ".join(text_of(child) for child in element if local(child) == "coordinates")


def points_of(text: str) -> NDArray[np.float64]:
    """Longitude, latitude and altitude (0 where there is none) of each point of a text.

    Numbers must look like numbers: ``float()`` alone takes "nan", "1e999", "1_0" and digits of
    other scripts.

    Raises
    ------
    UnusableError
        Naming the first entry that is no coordinate.
    """
    if text.count(",") > 4 * _MOST_POINTS:
        raise UnusableError(f"more than {_MOST_POINTS:,} points in one ring or line")
    points = text.split()
    if len(points) > _MOST_POINTS:
        raise UnusableError(f"more than {_MOST_POINTS:,} points in one ring or line")
    if not points:
        return np.empty((0, 3))
    if len(points) < 5:
        return _one_by_one(text)
    commas = {point.count(",") for point in points}
    if len(commas) == 1 and commas <= {1, 2} and _NUMERIC.fullmatch(text):
        try:
            flat = np.array(text.replace(",", " ").split(), dtype=np.float64)
        except ValueError:
            return _one_by_one(text)
        if len(flat) == len(points) * (commas.pop() + 1) and np.isfinite(flat).all():
            xyz = np.zeros((len(points), 3))
            xyz[:, : len(flat) // len(points)] = flat.reshape(len(points), -1)
            return xyz
    return _one_by_one(text)


def _one_by_one(text: str) -> NDArray[np.float64]:
    """As :func:`points_of`, for what is not plain: mixed lengths, loose commas, faults to name."""
    points = text.split()
    matches = [_POINT.fullmatch(point) for point in points]
    if None in matches:
        # "70.1, 42.5" with a space: a space after a comma belongs to the comma.
        points = _LOOSE_COMMA.sub(",", text).split()
        matches = [_POINT.fullmatch(point) for point in points]
    rows = [[float(number or 0) for number in match.groups()] for match in matches if match]
    bad = [point for point, match in zip(points, matches, strict=True) if not match]
    bad += [",".join(map(str, row)) for row in rows if not np.isfinite(row).all()]
    if bad:
        first = clean_name(bad[0][:200])[:40]
        raise UnusableError(f"'{first}' is not a coordinate (longitude,latitude)")
    return np.array(rows, dtype=np.float64)


def out_of_range(xyz: NDArray[np.float64]) -> int | None:
    """The place of the first point beyond ±180/±90, or ``None``."""
    far = np.abs(xyz[:, :2])
    if far[:, 0].max() <= 180 and far[:, 1].max() <= 90:
        return None
    return int(((far[:, 0] > 180) | (far[:, 1] > 90)).argmax())


def _unrolled(geometry: BaseGeometry, found: Found) -> BaseGeometry:
    """A geometry that jumps from 180° to -180°, cut in two there."""
    if not _jumps(geometry):
        return geometry
    found.mended.append("it crosses the 180° meridian: it was cut in two there")
    east = shapely.transform(geometry, lambda xy: np.where([[1, 0]], xy % 360, xy))
    if not east.is_valid:
        east = shapely.make_valid(east, method="structure", keep_collapsed=False)
    left = east.intersection(shapely.box(0, -90, 180, 90))
    right = translate(east.intersection(shapely.box(180, -90, 360, 90)), xoff=-360)
    return shapely.union(left, right)


def _jumps(geometry: BaseGeometry) -> bool:
    return any(
        (np.abs(np.diff(shapely.get_coordinates(line)[:, 0])) > 180).any()
        for line in linework(geometry)
    )


def _valid(polygon: BaseGeometry, found: Found) -> BaseGeometry:
    """The polygon itself, or mended by structure: loops become parts, none becomes a hole."""
    if polygon.is_valid:
        return polygon
    if _tangle(polygon) > _MOST_CROSSINGS:
        raise UnusableError("it crosses itself too often to be mended")
    mended = shapely.union_all([_without_loops(part) for part in parts(polygon)])
    areas = [part for part in parts(mended) if isinstance(part, shapely.Polygon) and part.area > 0]
    if not areas:
        raise UnusableError("it crosses itself and no area is left of it")
    count = f"{len(areas)} parts" if len(areas) > 1 else "1 part"
    found.mended.append(f"it crossed itself: it was mended into {count}")
    return areas[0] if len(areas) == 1 else shapely.MultiPolygon(areas)


def _without_loops(polygon: BaseGeometry) -> BaseGeometry:
    """Rings mended one by one, so that a hole can take area away and never add any."""
    shell, *holes = (
        shapely.make_valid(shapely.Polygon(ring.coords), method="structure", keep_collapsed=False)
        for ring in linework(polygon)
    )
    return shell.difference(shapely.union_all(holes))


def _tangle(polygon: BaseGeometry) -> float:
    """About how many pairs of edges come near each other: a guard against hostile rings.

    A sample of the edges is held against all others, and left off as soon as it is plain.
    """
    rings = [shapely.get_coordinates(ring) for ring in linework(polygon)]
    starts = np.concatenate([xy[:-1] for xy in rings])
    ends = np.concatenate([xy[1:] for xy in rings])
    west, south = np.ascontiguousarray(np.minimum(starts, ends).T)
    east, north = np.ascontiguousarray(np.maximum(starts, ends).T)
    count, near = len(west), 0
    sample = range(0, count, max(1, count // _SAMPLE))
    for done, one in enumerate(sample, start=1):
        beside = (west <= east[one]) & (east >= west[one])
        near += int(np.count_nonzero(beside & (south <= north[one]) & (north >= south[one])))
        if done % 20 == 0 and near / done * count > 10 * _MOST_CROSSINGS:
            return float(near / done * count)
    return float(near / len(sample) * count)


def _nearly_closes(line: BaseGeometry) -> bool:
    xy = shapely.get_coordinates(line)
    if line.geom_type != "LineString" or len(xy) < 4:
        return False
    return bool(np.hypot(*(xy[0] - xy[-1])) <= NEARLY_CLOSED * line.length)
