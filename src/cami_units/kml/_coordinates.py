"""Coordinates as people save them, to valid geometry; whatever is mended or given up is noted."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal

import numpy as np
import shapely
from lxml import etree
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from cami_units.kml._written_shapes import (
    LONGEST_STRAIGHT,
    SPECK,
    along_great_circle,
    degrees_to_km2,
    linework,
    multipolygon,
    parts,
    pieces_of_sides,
    without_loops,
    without_specks,
)
from cami_units.kml._xml import local, text_of
from cami_units.model import TURNED, Note, clean_name, cut_at_180, whole_turn

Kind = Literal["polygon", "line", "point"]
Places = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Where places, a row each, lie on another plane."""

# Every letter has one way to match: a hostile text of digits costs its length, not its square.
_NUMBER: Final = r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?"
_NO_NUMBER: Final = r"[+-]?(?:nan|inf(?:inity)?)|null|none|n/?a|-"
"""What programs write for a height that they do not know. It is dropped as any height is."""
_POINT: Final = re.compile(
    rf"({_NUMBER}),({_NUMBER})(?:,({_NUMBER}|{_NO_NUMBER})?(,(?:{_NUMBER}|{_NO_NUMBER}))?)?",
    re.IGNORECASE,
)
_PLAIN_NUMBER: Final = re.compile(rf"{_NUMBER}\Z")
_OF_NUMBERS: Final = b"0123456789eE+-."
_PLAIN: Final = ({b","}, {b",,"})
"""Points that are all two numbers, or all three."""
_LOOSE_COMMA: Final = re.compile(r",\s+")
_COMMA: Final = re.compile(r"\s*,\s*")
_SEMICOLON: Final = re.compile(r";(?=\s|\Z)")
_SHAPES: Final = frozenset({"Point", "LineString", "LinearRing", "Polygon", "Track"})
_GROUPS: Final = frozenset({"MultiGeometry", "MultiTrack"})
_GEOMETRY_LIKE: Final = re.compile(
    r"multi(?:polygon|linestring|point|surface|curve|geometry)|polygon|linestring|linearring|point|"
    r"geometrycollection|track|model",
    re.IGNORECASE,
)
NEARLY_CLOSED: Final = 0.05
"""A path is proposed as a polygon when its ends are this near, as a share of its length."""
MOST_CROSSINGS: Final = 50_000
"""Crossings of edges that are mended in one file: each costs about 15 microseconds and 2 kB."""
MOST_PAIRS: Final = 600_000
"""Pairs of edges near each other in the broken rings of a file: a microsecond each."""
MOST_CHECKED: Final = 10_000_000
"""Pairs of runs of edges near each other that GEOS looks at before it says that a file's areas are
valid: a twentieth of a microsecond each, and all of them where teeth of a comb lean."""
MOST_ADDED: Final = 200_000
"""Points that long sides are divided by."""
MOST_PARTS: Final = 20_000
"""Single shapes of one file: what comes beyond is refused before it is mended."""
_PLAIN_RING: Final = 6
"""Corners, the first one twice, up to which a ring crosses itself five times at most."""
# Beside its crossings each ring costs the calls that mend it: a small one 10 crossings, any other
# 12.
_PLAIN_COST: Final = 10
_COUNTED_COST: Final = 12
"""What mending any ring costs beside its crossings, in crossings: calls take 50 to 200 microseconds."""
_MOST_POINTS: Final = 250_000
"""Points of one ring or line. Google Earth leaves off at 30,000."""
_MOST_HOLES: Final = 10_000
"""Holes of one polygon: to see whether thousands of them meet takes seconds."""
# Edges, taken evenly, on which the number of crossings is guessed before all pairs are compared.
_SAMPLE: Final = 200
_FEW: Final = 100
"""Rings, parts or points that may be held against each other unasked."""
_SPARSE: Final = 50
"""Other runs near a run, on average, from which an outline is none that anybody surveyed: bays within
bays come to five."""
_RESTING: Final = 30
"""Points a ring from which it may be a walk with a GPS that rested."""
_A_POINT: Final = 6
"""Pairs of runs that are looked at while a point is asked whether it rests."""
_LOOKS: Final = 40
"""Looks at a point while a line is simplified that cost what a pair of runs does."""
_MOST_SIMPLIFIED: Final = 20_000
"""Points of a ring that Douglas and Peucker's method is asked about: at worst it takes their square."""
_HAIR: Final = 1e-6
"""Degrees beyond ±180 or ±90 that are a rounding of some program: a tenth of a metre."""
_METRES_FROM: Final = 1_000.0
"""Numbers from which coordinates are no degrees of any kind."""
_UNTANGLED: Final = (2.5e-4, 5e-4, 1e-3)
"""Degrees by which a ring that crosses itself too often is simplified: about 25, 50 and 100 m, what
a resting GPS wanders."""
_MASK: Final = (350.0, 160.0)
"""Width and height, degrees, of a ring around the whole world."""
_SLIVER_KM2: Final = 0.01
_SLIVER_SHARE: Final = 1e-3
"""Parts below a hectare *and* a thousandth of the largest part are what mending leaves over."""
_PLAIN_SHARE: Final = 0.02
"""Square degrees of a part as a share of the largest, from which it is no sliver at any latitude."""


class UnusableError(Exception):
    """A geometry that cannot be used; `note` says why."""

    def __init__(self, key: str, **facts: object) -> None:
        super().__init__(key)
        self.note = Note(key, facts)


class TooManyPartsError(Exception):
    """A file holds more shapes than are read."""


@dataclass(slots=True)
class Effort:
    """What reading one file may still cost.

    Crossings that may be mended, pairs of edges that may be held against each other to count them,
    and points that may be put into long sides. All of it together stays below two seconds.
    """

    crossings: int = MOST_CROSSINGS
    pairs: int = MOST_PAIRS
    checked: int = MOST_CHECKED
    points: int = MOST_ADDED
    parts: int = MOST_PARTS


@dataclass(slots=True)
class Shapes:
    """The geometry of a placemark, and what was noticed on the way.

    `pieces` holds the kind, the geometry (longitude, latitude), and whether a line nearly closes;
    `areas` each polygon with all its parts; `loops` each line that nearly closes, not cut at the
    meridian; `faults` why a shape cannot be used.
    """

    pieces: list[tuple[Kind, BaseGeometry, bool]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    faults: list[Note] = field(default_factory=list)
    areas: list[BaseGeometry] = field(default_factory=list)
    loops: list[BaseGeometry] = field(default_factory=list)
    has_altitudes: bool = False

    def say(self, key: str, **facts: object) -> None:
        """Note something about the shape."""
        self.notes.append(Note(key, facts))


def geometry_of(placemark: etree._Element, effort: Effort) -> Shapes:
    """Every point, line, track and polygon of a placemark, out of any nesting."""
    shapes = Shapes()
    for element in _shape_elements(placemark, shapes):
        known_loops = len(shapes.loops)
        try:
            kind, geometry = _geometry(element, shapes, effort)
        except UnusableError as error:
            shapes.faults.append(error.note)
            continue
        shapes.areas += [geometry] if kind == "polygon" else []
        pieces = parts(geometry)
        # of one that was cut at the meridian no piece closes by itself
        closes = len(shapes.loops) > known_loops and len(pieces) == 1
        shapes.pieces += [(kind, part, closes) for part in pieces]
        # Counted down over the whole file: a thousand placemarks of fifty parts cost what one of
        # fifty thousand does.
        effort.parts -= len(pieces)
        if effort.parts < 0:
            raise TooManyPartsError
    if not shapes.pieces and not shapes.faults:
        shapes.faults.append(_nothing_in(placemark))
    return shapes


def has_shape(placemark: etree._Element) -> bool:
    """Whether a placemark has anything that :func:`geometry_of` would read."""
    return next(_shape_elements(placemark, Shapes()), None) is not None


def polygon_notes(polygon: etree._Element, effort: Effort) -> list[Note]:
    """What a reader would have to mend in a polygon, or why it could not use it."""
    shapes = Shapes()
    try:
        _polygon(polygon, shapes, effort)
    except UnusableError as error:
        return [*shapes.notes, error.note]
    return shapes.notes


def mended_area(area: BaseGeometry, effort: Effort) -> tuple[BaseGeometry | None, list[Note]]:
    """A polygon or multipolygon out of any file, mended as one of a KML is; and what was done to it.

    Parameters
    ----------
    area : shapely geometry
        Longitude and latitude, degrees. A side over 180° is meant the other way round.
    effort : Effort
        What the file may still cost; spent.

    Returns
    -------
    shapely geometry or None
        ``None`` where it cannot be used: the last note says why.
    list of Note
    """
    shapes = Shapes()
    west, south, east, north = area.bounds
    try:
        # Before anything is unrolled or mended: with the world around it, all else would be holes.
        if east - west >= _MASK[0] and north - south >= _MASK[1]:
            raise UnusableError("mask")
        whole_area = _valid(_unrolled(area, shapes, effort), shapes, effort)
        return _without_slivers(whole_area, shapes), shapes.notes
    except UnusableError as error:
        return None, [*shapes.notes, error.note]


def joint_area(areas: Sequence[BaseGeometry], effort: Effort) -> BaseGeometry:
    """Valid areas as one: side by side where they are, else united.

    Raises
    ------
    UnusableError
        They lie on each other too often to be united.
    """
    # Side by side is what nearly all placemarks are, and it leaves every corner as it was drawn.
    together = multipolygon([part for area in areas for part in parts(area)])
    if _may_be_checked(together, effort) and together.is_valid:
        return together
    # The same polygon a thousand times is a slip of a program: its edges all meet.
    distinct = list({shapely.to_wkb(part): part for part in areas}.values())
    if (count := _crossings(shapely.geometrycollections(distinct), effort)) > effort.crossings:
        raise UnusableError("too tangled")
    effort.crossings -= count
    return shapely.union_all(distinct)


def surrounded(lines: Sequence[BaseGeometry], effort: Effort) -> BaseGeometry | None:
    """What paths surround whose ends nearly meet; ``None`` where there is none, or too much of it."""
    areas: list[BaseGeometry] = []
    for line in lines:
        area, _ = mended_area(shapely.Polygon(shapely.get_coordinates(line)), effort)
        areas += [] if area is None else [area]
    try:
        return joint_area(areas, effort) if len(areas) > 1 else next(iter(areas), None)
    # What a path surrounds is a guess about it; the path itself is read in any case.
    except UnusableError:
        return None


def _nothing_in(placemark: etree._Element) -> Note:
    """Why a placemark without any shape has none: elements that KML does not know are named."""
    children = {local(child) for child in placemark}
    # of those that KML knows nothing is left: they are empty
    if odd := set(filter(_GEOMETRY_LIKE.fullmatch, children)) - _SHAPES - _GROUPS:
        return Note("odd geometry", {"elements": [f"<{clean_name(name)}>" for name in sorted(odd)]})
    # what has data was a shape, whose view is left when its outline is thrown away
    if children & {"LookAt", "Camera"} and "ExtendedData" not in children:
        return Note("view")
    return Note("no geometry")


def _shape_elements(placemark: etree._Element, shapes: Shapes) -> Iterator[etree._Element]:
    """Geometry elements in the order of the file, without recursion."""
    # From the back, so that what is taken off the end comes in the order of the file.
    waiting = list(reversed(placemark))
    while waiting:
        element = waiting.pop()
        if (kind := local(element)) in _SHAPES:
            yield element
        elif kind == "Model":
            shapes.faults.append(Note("model"))
        elif kind in _GROUPS:
            waiting += reversed(element)


def _geometry(element: etree._Element, shapes: Shapes, effort: Effort) -> tuple[Kind, BaseGeometry]:
    """One geometry element as a valid geometry of its kind."""
    if (kind := local(element)) == "Polygon":
        return "polygon", _polygon(element, shapes, effort)
    xy = _lonlat(track_points(element) if kind == "Track" else _points(element, shapes), shapes)
    if kind == "Point" or (kind == "Track" and len(xy) == 1):
        if len(xy) > 1:
            shapes.say("further coordinates of a point", count=len(xy))
        return "point", shapely.Point(xy[0])
    xy = _without_repeats(xy)
    if len(xy) < 2:
        raise UnusableError("short line")
    # Two or three points that close may be a short line meant so; more of them are a hand that
    # trembled.
    if len(xy) > 3 and (np.ptp(xy, axis=0) < SPECK).all():
        raise UnusableError("speck")
    line = shapely.LineString(_sides(xy, shapes, effort))
    if _nearly_closes(line):
        shapes.loops.append(line)
    return "line", _unrolled(line, shapes, effort)


def track_points(track: etree._Element) -> NDArray[np.float64]:
    """Points of a track, which has one element for each: ``<gx:coord>70 42 900</gx:coord>``."""
    numbers = array("d")
    for child in track:
        if local(child) != "coord":
            continue
        text = text_of(child)
        values = text.split(None, 3)
        if len(values) < 2 or not all(map(_is_number, values[:2])):
            raise UnusableError("no coordinate", text=clean_name(text[:200])[:40])
        numbers.extend((float(values[0]), float(values[1]), _altitude(values[2:3])))
        if len(numbers) > 3 * _MOST_POINTS:
            raise UnusableError("too many points", most=_MOST_POINTS)
    return np.array(numbers, dtype=np.float64).reshape(-1, 3)


def _is_number(text: str) -> bool:
    return _PLAIN_NUMBER.match(text) is not None and np.isfinite(float(text))


def _altitude(text: list[str]) -> float:
    return float(text[0]) if text and _is_number(text[0]) else 0.0


# -- polygons -------------------------------------------------------------------------------------


def _polygon(element: etree._Element, shapes: Shapes, effort: Effort) -> BaseGeometry:
    """A polygon, or several, from its rings; its faults mended as far as they can be."""
    if not (shells := _rings(element, "outerBoundaryIs")):
        raise UnusableError("no outer ring")
    holes = _holes(element, shapes, effort)
    if len(shells) > 1:
        shapes.say("several outer rings", count=len(shells))
    outlines = [_ring(ring, shapes, effort) for ring in shells]
    # Refused before it is mended: with the world as its ring, everything else would be its hole.
    if _is_mask(outlines[0]):
        shapes.notes = [note for note in shapes.notes if note.key != "long sides"]
        raise UnusableError("mask")
    # Holes belong to the first ring: a polygon of several outer rings is no KML, and rarely has
    # any.
    polygons = [_holed(outlines[0], holes, shapes)]
    polygons += [shapely.Polygon(outline) for outline in outlines[1:]]
    joint = polygons[0] if len(polygons) == 1 else multipolygon(polygons)
    return _without_slivers(_valid(_unrolled(joint, shapes, effort), shapes, effort), shapes)


def _is_mask(ring: NDArray[np.float64]) -> bool:
    """Whether a ring runs around the whole world, as that of a mask with a window does."""
    width, height = _span(ring)
    return width >= _MASK[0] and height >= _MASK[1]


def _holed(
    outline: NDArray[np.float64], holes: list[NDArray[np.float64]], shapes: Shapes
) -> BaseGeometry:
    """A ring with its holes; holes that lie outside of it, or around it, are told apart.

    Boxes decide, so that thousands of holes cost nothing: what only crosses the ring is mended.
    """
    if not holes:
        return shapely.Polygon(shapely.linearrings(outline))
    low, high = outline.min(axis=0), outline.max(axis=0)
    lows = np.array([hole.min(axis=0) for hole in holes])
    highs = np.array([hole.max(axis=0) for hole in holes])
    around = ((lows <= low) & (highs >= high)).all(axis=1)
    for number in np.flatnonzero(around).tolist():
        if _surrounds(holes[number], outline):
            # Somebody, or some program, has written the outline as the hole.
            shapes.say("rings swapped")
            return shapely.Polygon(holes[number], [outline, *holes[:number], *holes[number + 1 :]])
    outside = ((highs < low) | (lows > high)).any(axis=1)
    if outside.any():
        shapes.say("holes outside", count=int(outside.sum()))
    inner_holes = [hole for hole, is_outside in zip(holes, outside, strict=True) if not is_outside]
    return shapely.Polygon(outline, inner_holes)


def _surrounds(hole: NDArray[np.float64], outline: NDArray[np.float64]) -> bool:
    """Whether a hole whose box holds that of its outline lies round it: the two were swapped."""
    if np.array_equal(hole, outline):
        return False
    inner, outer = shapely.Polygon(outline), shapely.Polygon(hole)
    return bool(inner.is_valid and outer.is_valid and outer.contains_properly(inner))


def _rings(polygon: etree._Element, boundary: str) -> list[etree._Element]:
    """The rings of a polygon's outer or inner boundary."""
    # Google Earth itself writes several rings into one innerBoundaryIs.
    sides = (side for side in polygon if local(side) == boundary)
    return [ring for side in sides for ring in side if local(ring) == "LinearRing"]


def _holes(polygon: etree._Element, shapes: Shapes, effort: Effort) -> list[NDArray[np.float64]]:
    """The holes of a polygon that can be used; one that cannot costs no other, and not the polygon."""
    rings = _rings(polygon, "innerBoundaryIs")
    if len(rings) > _MOST_HOLES:
        raise UnusableError("too many holes", count=len(rings), most=_MOST_HOLES)
    holes = []
    for ring in rings:
        try:
            holes.append(_ring(ring, shapes, effort))
        except UnusableError as error:
            shapes.say("hole dropped", fault=error.note)
    return holes


def _ring(element: etree._Element, shapes: Shapes, effort: Effort) -> NDArray[np.float64]:
    """A closed ring of longitude and latitude, its long sides along great circles."""
    xy = _lonlat(_points(element, shapes), shapes)
    if not has_three_points(xy):
        raise UnusableError("short ring")
    if xy[0, 0] != xy[-1, 0] or xy[0, 1] != xy[-1, 1]:
        shapes.say("ring closed")
        xy = np.vstack([xy, xy[:1]])
    xy = _without_repeats(xy)
    # A flat ring has no area, whatever the bend of a great circle would give it.
    return _sides(xy, shapes, effort) if _has_long_side(xy) and _has_area(xy) else xy


def _has_area(xy: NDArray[np.float64]) -> bool:
    """Whether the points of a ring do not all lie on one straight line."""
    away = xy - xy[0]
    along = away[int(np.hypot(*away.T).argmax())]
    # A billionth of a square degree: far below a centimetre's width, above the rounding of doubles.
    return bool((np.abs(away[:, 0] * along[1] - away[:, 1] * along[0]) > 1e-9).any())


def _has_long_side(xy: NDArray[np.float64]) -> bool:
    """Whether a side is so long that its great circle leaves the straight line."""
    # A short box has no long side: for most shapes of a file that is all there is to see.
    if math.hypot(*_span(xy)) <= LONGEST_STRAIGHT:
        return False
    return bool(np.hypot(*np.diff(xy, axis=0).T).max() > LONGEST_STRAIGHT)


def _span(points: NDArray[np.float64]) -> list[float]:
    """How far points reach in each of their coordinates.

    Most rings of a file have a handful of points, for which numpy takes longer than Python.
    """
    if len(points) <= _HANDFUL:
        return [max(axis) - min(axis) for axis in zip(*points.tolist(), strict=True)]
    spans: list[float] = np.ptp(points, axis=0).tolist()
    return spans


_HANDFUL: Final = 20
"""Points up to which Python's own arithmetic is the faster one."""


def _sides(xy: NDArray[np.float64], shapes: Shapes, effort: Effort) -> NDArray[np.float64]:
    """Points with long sides followed along the great circle, as every viewer of KML draws them."""
    if len(xy) < 2 or not _has_long_side(xy):
        return xy
    effort.points -= int(pieces_of_sides(xy).sum()) - (len(xy) - 1)
    if effort.points < 0:
        raise UnusableError("too heavy")
    denser, longest_km, count = along_great_circle(xy)
    if count:
        shapes.say("long sides", count=count, km=round(longest_km))
    return denser


def has_three_points(xy: NDArray[np.float64]) -> bool:
    """Whether a ring has three different points; the first few mostly tell."""
    return len(set(map(tuple, xy[:8].tolist()))) >= 3 or len(np.unique(xy, axis=0)) >= 3


def _without_repeats(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points without those that stand where the one before them does."""
    if len(xy) <= _HANDFUL:
        points = list(map(tuple, xy.tolist()))
        if all(point != next_point for point, next_point in pairwise(points)):
            return xy
    x, y = xy.T
    repeats = (x[1:] == x[:-1]) & (y[1:] == y[:-1])
    return np.delete(xy, np.flatnonzero(repeats) + 1, axis=0) if repeats.any() else xy


# -- numbers --------------------------------------------------------------------------------------


def _points(element: etree._Element, shapes: Shapes) -> NDArray[np.float64]:
    """Points of a point, line or ring; how its numbers were understood is noted."""
    xyz, spelling = spelt_points(coordinates_text(element))
    if spelling:
        shapes.say(spelling)
    return xyz


def _lonlat(xyz: NDArray[np.float64], shapes: Shapes) -> NDArray[np.float64]:
    """Longitudes and latitudes in range."""
    if len(xyz) == 0:
        raise UnusableError("no coordinates")
    xy = xyz[:, :2] + 0.0
    lon, lat, height = _farthest(xyz)
    shapes.has_altitudes |= height > 0
    if lon <= 180 and lat <= 90:
        return xy
    # Clamped and not turned to the other side of the globe: it is meant to be the edge.
    if lon <= 180 + _HAIR and lat <= 90 + _HAIR:
        shapes.say("clamped")
        clamped: NDArray[np.float64] = np.clip(xy, (-180, -90), (180, 90))
        return clamped
    return _beyond(xy, shapes)


def _farthest(points: NDArray[np.float64]) -> list[float]:
    """The largest value of each coordinate, sign aside."""
    if len(points) <= _HANDFUL:
        return [max(max(axis), -min(axis)) for axis in zip(*points.tolist(), strict=True)]
    farthest: list[float] = np.abs(points).max(axis=0).tolist()
    return farthest


def _beyond(xy: NDArray[np.float64], shapes: Shapes) -> NDArray[np.float64]:
    """Points beyond ±180/±90, where it is plain what they mean.

    A map that runs on past the 180° meridian counts on; latitudes above 90 beside longitudes below
    it are the one in place of the other.
    """
    lon, lat = np.abs(xy).max(axis=0)
    # From the likeliest slip to the least: longitudes of 0 to 360, a shape over the seam, axes
    # turned, metres.
    turn = whole_turn(xy[:, 0].min(), xy[:, 0].max())
    if lat <= 90 and turn:
        shapes.say(TURNED[turn])
        return _moved(xy, turn)
    if lat <= 90 and xy[:, 0].min() >= -180 and lon <= 360:
        return xy
    if lat <= 90 and xy[:, 0].max() <= 180 and lon <= 360:
        return _moved(xy, 360.0)
    if lon <= 90 and lat <= 180:
        shapes.say("axes turned")
        return xy[:, ::-1]
    if (np.abs(xy).max(axis=1) >= _METRES_FROM).all():
        raise UnusableError("metres", x=f"{xy[0, 0]:.0f}", y=f"{xy[0, 1]:.0f}")
    outside = xy[int(((np.abs(xy) > (180, 90)).any(axis=1)).argmax())]
    raise UnusableError("beyond", lon=f"{outside[0]:g}", lat=f"{outside[1]:g}")


def _moved(xy: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    """Points with so much added to their longitudes."""
    moved_points: NDArray[np.float64] = xy + np.array([degrees, 0.0])
    return moved_points


def coordinates_text(element: etree._Element) -> str:
    """The text of the coordinates of a point, line or ring."""
    return " ".join(text_of(child) for child in element if local(child) == "coordinates")


def points_of(text: str) -> NDArray[np.float64]:
    """Longitude, latitude and altitude (0 where there is none) of each point of a text.

    Raises
    ------
    UnusableError
        Naming the first entry that is no coordinate.
    """
    return spelt_points(text)[0]


def spelt_points(text: str) -> tuple[NDArray[np.float64], str]:
    """As :func:`points_of`, and the key of a note on how the text had to be understood; or "".

    Numbers must look like numbers: ``float()`` alone takes "nan", "1e999", "1_0" and digits of
    other scripts.
    """
    # Commas first: they are counted in place, while splitting makes a string of every point.
    if text.count(",") > 4 * _MOST_POINTS:
        raise UnusableError("too many points", most=_MOST_POINTS)
    points = text.split()
    if len(points) > _MOST_POINTS:
        raise UnusableError("too many points", most=_MOST_POINTS)
    if not points:
        return np.empty((0, 3)), ""
    # Four corners are read one by one: there is nothing to gain, and a slip in them is found
    # exactly.
    xyz = _plain_points(points, text)
    return (xyz, "") if xyz is not None else _one_by_one(text)


def _plain_points(points: Sequence[str], text: str) -> NDArray[np.float64] | None:
    """Points that are plain numbers, the same count of them each; ``None`` for all others."""
    # without its digits each point is its commas, and anything else that stands in it
    bare = text.encode("utf-8", "replace").translate(None, _OF_NUMBERS).split()
    width = len(bare[0]) + 1
    if len(bare) != len(points) or set(bare) not in _PLAIN:
        return None
    try:
        numbers = text.replace(",", " ").split()
        # one by one into place: an array of strings would be made first, in twice the time
        flat = np.fromiter(map(float, numbers), np.float64, len(numbers))
    except ValueError:
        return None
    if len(flat) != len(points) * width or not np.isfinite(flat).all():
        return None
    xyz = np.zeros((len(points), 3))
    xyz[:, :width] = flat.reshape(-1, width)
    return xyz


def _one_by_one(text: str) -> tuple[NDArray[np.float64], str]:
    """As :func:`spelt_points`, for what is not plain: mixed lengths, loose commas, faults to name."""
    spelling, points, matches = "", [""], []
    for spelling, reading in _spellings(text):
        if reading == points:
            continue
        points = reading
        if (xyz := _plain_points(points, " ".join(points))) is not None:
            return xyz, spelling
        matches = [match for point in points if (match := _POINT.fullmatch(point))]
        if len(matches) == len(points):
            break
    rows = [[float(match[1]), float(match[2]), _altitude([match[3] or ""])] for match in matches]
    _refuse_odd_points(points, rows)
    if any((match[3] or "0") and not _is_number(match[3] or "0") for match in matches):
        spelling = "altitudes that are no numbers"
    elif any(match[4] for match in matches):
        spelling = "further numbers"
    return np.array(rows, dtype=np.float64), spelling


def _refuse_odd_points(points: Sequence[str], rows: Sequence[Sequence[float]]) -> None:
    """Name the first entry that is no coordinate, or that is larger than any number."""
    bad = [point for point in points if not _POINT.fullmatch(point)]
    bad += [",".join(map(str, row)) for row in rows if not np.isfinite(row).all()]
    if bad:
        raise UnusableError("no coordinate", text=clean_name(bad[0][:200])[:40])


def _spellings(text: str) -> Iterator[tuple[str, list[str]]]:
    """Points as a text may mean them, the plainest reading first, the note that each one needs."""
    yield "", text.split()
    # "70.1, 42.5" with a space: a space after a comma belongs to the comma.
    yield "", _LOOSE_COMMA.sub(",", text).split()
    # A decimal comma never stands before a space, so a semicolon at an end can only divide points.
    yield "semicolons between points", _SEMICOLON.sub(" ", text).split()
    if all(piece.count(",") >= 2 for piece in text.split(";")):
        yield "semicolons between points", text.replace(";", " ").split()
    if all(point.endswith(",") for point in text.split()[:-1]):
        yield "commas between points", [point.removesuffix(",") for point in text.split()]
    points = _COMMA.sub(",", text).split()
    # Only where each point then has as many numbers: "70,40 ,41" has lost one, and says which not.
    if len({point.count(",") for point in points}) == 1:
        yield "spaces before commas", points


def out_of_range(xyz: NDArray[np.float64]) -> int | None:
    """The place of the first point beyond ±180/±90, or ``None``."""
    far = np.abs(xyz[:, :2])
    if far[:, 0].max() <= 180 and far[:, 1].max() <= 90:
        return None
    return int(((far[:, 0] > 180) | (far[:, 1] > 90)).argmax())


# -- the 180° meridian ----------------------------------------------------------------------------


def _unrolled(geometry: BaseGeometry, shapes: Shapes, effort: Effort) -> BaseGeometry:
    """A geometry that jumps from 180° to -180°, or counts on past it, cut in two there."""
    # The box tells for nearly all shapes; only a wide one is walked side by side.
    west, _, east, _ = geometry.bounds
    if east <= 180 and (east - west <= 180 or not jumps(geometry)):
        return geometry
    shapes.say("cut at the meridian")
    # From 0 to 360°: there a shape over the meridian is in one piece, and can be mended before it
    # is cut.
    unrolled_shape = shapely.transform(geometry, lambda xy: np.where([[1, 0]], xy % 360, xy))
    if unrolled_shape.geom_type in ("Polygon", "MultiPolygon"):
        unrolled_shape = _valid(unrolled_shape, shapes, effort)
    cut: BaseGeometry = cut_at_180(np.array([unrolled_shape], dtype=object))[0]
    return cut


def jumps(geometry: BaseGeometry) -> bool:
    """Whether a side spans more than half of the globe: it then is meant the other way round."""
    return any(
        (np.abs(np.diff(shapely.get_coordinates(line)[:, 0])) > 180).any()
        for line in linework(geometry)
    )


# -- mending --------------------------------------------------------------------------------------


def _valid(polygon: BaseGeometry, shapes: Shapes, effort: Effort) -> BaseGeometry:
    """The polygon itself, or mended by structure: loops become parts, none becomes a hole."""
    if _may_be_checked(polygon, effort) and polygon.is_valid:
        if is_tangled(polygon, seen=_turned):
            raise UnusableError("too many beside")
        return polygon
    tame = _tame(polygon, shapes, effort)
    sound = [
        without_loops(part, lambda boxes: _spent_on_pairs(boxes, effort)) for part in parts(tame)
    ]
    mended_shape = sound[0] if len(sound) == 1 else shapely.union_all(sound)
    areas = [
        part for part in parts(mended_shape) if isinstance(part, shapely.Polygon) and part.area > 0
    ]
    if not areas:
        raise UnusableError(_areas_end(polygon))
    shapes.say("crossed itself", count=len(areas))
    return areas[0] if len(areas) == 1 else multipolygon(areas)


def _areas_end(polygon: BaseGeometry) -> str:
    """Why nothing of a polygon has an area: the key of a note."""
    if not any(_has_area(shapely.get_coordinates(ring)) for ring in linework(polygon)):
        return "flat outline"
    outlines = [part for part in parts(polygon) if isinstance(part, shapely.Polygon)]
    shells = [shapely.Polygon(outline.exterior) for outline in outlines]
    return "holes take all" if all(shell.is_valid for shell in shells) else "no area left"


def _may_be_checked(area: BaseGeometry, effort: Effort) -> bool:
    """Whether GEOS may be asked if an area is valid: it holds all parts and holes that meet together."""
    if (count := shapely.get_num_coordinates(area)) > _FEW:
        near = near_runs(area)[1] if count <= effort.checked else np.inf
        if near > effort.checked:
            return False
        effort.checked -= int(near)
    if isinstance(area, shapely.Polygon) and len(area.interiors) <= _FEW:
        return True
    shells = parts(area)
    holes = [ring for shell in shells for ring in shapely.get_rings(shell)[1:]]
    return all(
        len(shapes) <= _FEW or _spent_on_pairs(shapely.bounds(shapes), effort)
        for shapes in (shells, holes)
    )


def near_runs(area: BaseGeometry) -> tuple[int, float]:
    """How many runs of edges an area has, and about how many pairs of them are near each other.

    A run goes on into one quarter of the compass, as GEOS walks rings; it compares those whose boxes
    meet, which are all of them in a comb whose teeth lean: its time then grows with their square.
    """
    rings = shapely.get_rings(shapely.get_parts(area))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    quarter = (np.diff(xy[:, 0]) >= 0) + 2 * (np.diff(xy[:, 1]) >= 0)
    quarter[ring[1:] != ring[:-1]] = 4  # from one ring to the next is no edge
    starts = np.flatnonzero(np.diff(quarter, prepend=-1))
    starts = starts[quarter[starts] < 4]
    ends = np.append(np.flatnonzero(np.diff(quarter)) + 1, len(quarter))
    ends = ends[quarter[ends - 1] < 4]
    run_ends = np.stack([xy[starts], xy[ends]], axis=1)  # within a run, its ends are its box
    boxes = np.hstack([run_ends.min(axis=1), run_ends.max(axis=1)])
    return len(starts), _near_pairs(boxes, MOST_CHECKED, _SAMPLE // 5)


def is_tangled(area: BaseGeometry, *, seen: Places | None = None) -> bool:
    """Whether an area has so many runs of edges near each other that it is no outline of anything.

    To ask GEOS whether it is valid could take minutes. Large outlines may have as many as they are large.
    `seen` gives where its places lie on another plane, which then counts.
    """
    # fewer edges have no such number of pairs
    if int(shapely.get_num_coordinates(area)) ** 2 <= 2 * MOST_PAIRS:
        return False
    runs, near = near_runs(area if seen is None else shapely.transform(area, seen))
    return near > MOST_PAIRS + _SPARSE * runs


def _turned(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places turned by 10°, about as projections turn them.

    Edges along a parallel lie in boxes that are as flat as they are; projected, each lies in the boxes
    of its neighbours, and to ask whether 5,000 strips are valid takes 5 s instead of 0.02.
    """
    angle = np.radians(10.0)
    turned: NDArray[np.float64] = xy @ [
        [np.cos(angle), np.sin(angle)],
        [-np.sin(angle), np.cos(angle)],
    ]
    return turned


def crosses_too_often(area: BaseGeometry) -> bool:
    """Whether the edges of an area that is not valid meet too often for it to be mended."""
    if (count := int(shapely.get_num_coordinates(area))) <= _FEW:
        return False
    effort = Effort(pairs=2 * (MOST_PAIRS + _SPARSE * count))
    return _crossings(area, effort) > MOST_CROSSINGS


def _tame(polygon: BaseGeometry, shapes: Shapes, effort: Effort) -> BaseGeometry:
    """A polygon that crosses itself no more often than may still be mended, simplified if need be."""
    before = shapely.get_num_coordinates(polygon)
    effort.crossings -= _PLAIN_COST if before <= _PLAIN_RING else _COUNTED_COST
    if effort.crossings < 0:
        raise UnusableError("too heavy")
    if before <= _PLAIN_RING:
        return polygon
    count = _crossings(polygon, effort)
    # One that would take most of what is left is simplified first, so that others are read as well.
    if 2 * count <= effort.crossings:
        effort.crossings -= count
        return polygon
    for tolerance in _UNTANGLED:
        simpler = _simplified_rings(polygon, tolerance, effort)
        # Where a GPS rested most points go; where a ring was drawn as a tangle hardly any.
        if simpler is None or shapely.get_num_coordinates(simpler) > 0.8 * before:
            continue
        if (simpler_count := _crossings(simpler, effort)) <= effort.crossings:
            effort.crossings -= simpler_count
            shapes.say("simplified tangle", metres=round(tolerance * 1e5))
            return simpler
    if count <= effort.crossings:
        effort.crossings -= count
        return polygon
    raise UnusableError("too tangled" if count > MOST_CROSSINGS else "too heavy")


def _simplified_rings(
    polygon: BaseGeometry, tolerance: float, effort: Effort
) -> BaseGeometry | None:
    """A polygon with each ring simplified as a line: GEOS would mend it meanwhile, at any cost.

    ``None`` where nothing comes of it: rings of few points are drawn so, or too many points stay.
    """
    # A resting GPS gives long rings. Short ones cross themselves because somebody drew them so.
    count = int(shapely.get_num_coordinates(polygon))
    if count < _RESTING * sum(1 for _ in linework(polygon)) or _A_POINT * count > effort.checked:
        return None
    effort.checked -= _A_POINT * count
    # Ring by ring, as each of them may rest; the crossings that are left are mended afterwards.
    simple_rings = []
    for part in parts(polygon):
        rings = [
            _thinned(shapely.get_coordinates(ring), tolerance) for ring in shapely.get_rings(part)
        ]
        # At worst Douglas and Peucker look at each point as often as there are points.
        cost = sum(len(ring) ** 2 for ring in rings) // _LOOKS
        if max(map(len, rings)) > _MOST_SIMPLIFIED or cost > effort.checked:
            return None
        effort.checked -= cost
        lines = [shapely.LineString(ring) for ring in rings]
        shell, *holes = shapely.simplify(lines, tolerance, preserve_topology=False)
        if shapely.get_num_coordinates(shell) < 4:
            continue
        large = [hole for hole in holes if shapely.get_num_coordinates(hole) >= 4]
        simple_rings.append(shapely.Polygon(shell, large))
    return multipolygon(simple_rings) if simple_rings else None


def _thinned(xy: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
    """A ring without the points that lie within the tolerance of the last one kept: where one rests."""
    # From the last point that was kept, not from the one before: a slow walk is one small step
    # after another.
    kept_points = [0]
    x, y = xy[0].tolist()
    for place, (lon, lat) in enumerate(xy.tolist()):
        if abs(lon - x) > tolerance or abs(lat - y) > tolerance:
            kept_points.append(place)
            x, y = lon, lat
    return np.vstack([xy[kept_points], xy[:1]])


def _crossings(polygon: BaseGeometry, effort: Effort) -> int:
    """How many pairs of edges meet, neighbours aside; more than any effort where that is plain."""
    xy, ring = shapely.get_coordinates(list(linework(polygon)), return_index=True)
    edges = np.stack([xy[:-1], xy[1:]], axis=1)[ring[1:] == ring[:-1]]
    boxes = np.hstack([edges.min(axis=1), edges.max(axis=1)])
    if not _spent_on_pairs(boxes, effort):
        return MOST_CROSSINGS + 1
    segments = shapely.linestrings(edges)
    first, second = shapely.STRtree(segments).query(segments, predicate="intersects")
    # Each edge meets the next one at their common corner: as many meetings as edges are none.
    return max(0, int(np.count_nonzero(first < second)) - len(edges))


def _spent_on_pairs(boxes: NDArray[np.float64], effort: Effort) -> bool:
    """Whether a file may still hold these boxes against each other; then that much is spent."""
    near = int(_near_pairs(boxes, effort.pairs))
    # Never more than half of what is left: the shapes behind this one are to be read as well.
    if 2 * near > effort.pairs:
        return False
    effort.pairs -= near
    return True


def _near_pairs(boxes: NDArray[np.float64], most_pairs: int, sampled: int = _SAMPLE) -> float:
    """About how many pairs of boxes (west, south, east, north) meet: a guard against hostile rings.

    A sample of them is held against all others, and left off as soon as it is plain.
    """
    west, south, east, north = np.ascontiguousarray(boxes.T)
    count, near = len(west), 0
    # By the golden section, which keeps step with nothing: every 500th of 5,000 boxes drawn alike
    # would be the same side of each.
    places = np.arange(min(count, sampled)) * 0.6180339887498949 % 1.0 * count
    sample = places.astype(int) if count > sampled else np.arange(count)
    # twenty small sets at once; of large ones each is work enough for numpy, and memory
    step = 20 if count <= 20_000 else 1
    for start in range(0, len(sample), step):
        edges = sample[start : start + step, None]
        is_beside = (west <= east[edges]) & (east >= west[edges])
        is_beside &= (south <= north[edges]) & (north >= south[edges])
        near += int(np.count_nonzero(is_beside))
        n_done = start + len(edges)
        # Looked at after every twentieth edge: a sample twenty times over what is allowed needs no
        # rest.
        if n_done % 20 == 0 and near / n_done * count > 20 * most_pairs:
            return float(near / n_done * count / 2)
    return float(near / len(sample) * count / 2)


def _without_slivers(polygon: BaseGeometry, shapes: Shapes) -> BaseGeometry:
    """Without specks (smaller than the grid that is written) and what mending leaves over."""
    if isinstance(polygon, shapely.Polygon) and not polygon.interiors:
        west, south, east, north = polygon.bounds
        if max(east - west, north - south) > 2 * SPECK:
            return polygon
    polygons = parts(polygon)
    sides = np.ptp(shapely.bounds(polygons).reshape(-1, 2, 2), axis=1).max(axis=1, initial=0.0)
    if (sides > 2 * SPECK).all() and not shapely.get_num_interior_rings(polygons).any():
        pieces = polygons
    else:
        sound, specks = without_specks(polygon)
        if not (pieces := parts(sound)):
            raise UnusableError("speck")
        if specks:
            shapes.say("specks", count=specks)
    if len(pieces) == 1:
        return pieces[0]
    areas = shapely.area(pieces)
    # Parts of like size need no areas on the ellipsoid: none of them is left over from mending.
    if areas.min() > _PLAIN_SHARE * areas.max():
        return polygon if pieces is polygons else multipolygon(pieces)
    km2 = np.array([degrees_to_km2(piece) for piece in pieces])
    sliver = (km2 < _SLIVER_KM2) & (km2 < _SLIVER_SHARE * km2.max())
    if sliver.any():
        count, hectares = int(sliver.sum()), 100 * float(km2[sliver].sum())
        # of less than a hundredth of a hectare nobody wants a figure
        if hectares < 0.005:
            shapes.say("crumbs", count=count)
        else:
            shapes.say("slivers", count=count, hectares=hectares)
    large = [piece for piece, is_sliver in zip(pieces, sliver, strict=True) if not is_sliver]
    return large[0] if len(large) == 1 else multipolygon(large)


def _nearly_closes(line: BaseGeometry) -> bool:
    """Whether a line ends where it began, or nearly: an outline drawn as a path."""
    xy = shapely.get_coordinates(line)
    if len(xy) < 4:
        return False
    west, _, east, _ = line.bounds
    if east - west >= 180:
        xy[:, 0] = np.unwrap(xy[:, 0], period=360)  # over the 180° meridian it counts on
        line = shapely.LineString(xy)
    return bool(np.hypot(*(xy[0] - xy[-1])) <= NEARLY_CLOSED * line.length)
