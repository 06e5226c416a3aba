"""Coordinates as people save them, to valid geometry; whatever is mended or given up is noted."""

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

from cami_units.kml._written_shapes import (
    LONGEST_STRAIGHT,
    SPECK,
    along_great_circle,
    degrees_to_km2,
    linework,
    multipolygon,
    parts,
    pieces_of_sides,
    without_specks,
)
from cami_units.kml._xml import local, text_of
from cami_units.model import Note, clean_name

Kind = Literal["polygon", "line", "point"]

# Every letter has one way to match: a hostile text of digits costs its length, not its square.
_NUMBER: Final = r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?"
_NO_NUMBER: Final = r"[+-]?(?:nan|inf(?:inity)?)|null|none|n/?a|-"
"""What programs write for a height that they do not know. It is dropped as any height is."""
_POINT: Final = re.compile(
    rf"({_NUMBER}),({_NUMBER})(?:,({_NUMBER}|{_NO_NUMBER})?(,(?:{_NUMBER}|{_NO_NUMBER}))?)?",
    re.IGNORECASE,
)
_PLAIN_NUMBER: Final = re.compile(rf"{_NUMBER}\Z")
_NUMERIC: Final = re.compile(r"[0-9eE+\-.,\s]*")
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
MOST_CROSSINGS: Final = 60_000
"""Crossings of edges that are mended in one file: each costs about 15 microseconds and 2 kB."""
MOST_PAIRS: Final = 800_000
"""Pairs of edges near each other in the broken rings of a file: a microsecond each."""
MOST_ADDED: Final = 200_000
"""Points that long sides are divided by."""
_MOST_POINTS: Final = 250_000
"""Points of one ring or line. Google Earth leaves off at 30,000."""
_MOST_HOLES: Final = 10_000
"""Holes of one polygon: to see whether thousands of them meet takes seconds."""
_SAMPLE: Final = 200
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


class UnusableError(Exception):
    """A geometry that cannot be used; `note` says why."""

    def __init__(self, key: str, **facts: object) -> None:
        super().__init__(key)
        self.note = Note(key, facts)


@dataclass(slots=True)
class Effort:
    """What reading one file may still cost.

    Crossings that may be mended, pairs of edges that may be held against each other to count them,
    and points that may be put into long sides. All of it together stays below two seconds.
    """

    crossings: int = MOST_CROSSINGS
    pairs: int = MOST_PAIRS
    points: int = MOST_ADDED


@dataclass(slots=True)
class Shapes:
    """The geometry of a placemark, and what was noticed on the way.

    `pieces` holds the kind, the geometry (longitude, latitude), and whether a line nearly closes;
    `faults` why a shape cannot be used.
    """

    pieces: list[tuple[Kind, BaseGeometry, bool]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    faults: list[Note] = field(default_factory=list)
    has_altitudes: bool = False

    def say(self, key: str, **facts: object) -> None:
        """Note something about the shape."""
        self.notes.append(Note(key, facts))


def geometry_of(placemark: etree._Element, effort: Effort) -> Shapes:
    """Every point, line, track and polygon of a placemark, out of any nesting."""
    shapes = Shapes()
    for element in _shape_elements(placemark, shapes):
        try:
            kind, geometry = _geometry(element, shapes, effort)
        except UnusableError as error:
            shapes.faults.append(error.note)
            continue
        closes = kind == "line" and _nearly_closes(geometry)
        shapes.pieces += [(kind, part, closes) for part in parts(geometry)]
    if not shapes.pieces and not shapes.faults:
        shapes.faults.append(_nothing_in(placemark))
    return shapes


def polygon_notes(polygon: etree._Element, effort: Effort) -> list[Note]:
    """What a reader would have to mend in a polygon, or why it could not use it."""
    shapes = Shapes()
    try:
        _polygon(polygon, shapes, effort)
    except UnusableError as error:
        return [*shapes.notes, error.note]
    return shapes.notes


def _nothing_in(placemark: etree._Element) -> Note:
    """Why a placemark without any shape has none: elements that KML does not know are named."""
    odd = {local(child) for child in placemark if _GEOMETRY_LIKE.fullmatch(local(child))}
    if odd:
        return Note("odd geometry", {"elements": [f"<{clean_name(name)}>" for name in sorted(odd)]})
    if any(local(child) in ("LookAt", "Camera") for child in placemark):
        return Note("view")
    return Note("no geometry")


def _shape_elements(placemark: etree._Element, shapes: Shapes) -> Iterator[etree._Element]:
    """Geometry elements in the order of the file, without recursion."""
    waiting = list(reversed(placemark))
    while waiting:
        element = waiting.pop()
        kind = local(element)
        if kind in _SHAPES:
            yield element
        elif kind == "Model":
            shapes.faults.append(Note("model"))
        elif kind in _GROUPS:
            waiting += reversed(element)


def _geometry(element: etree._Element, shapes: Shapes, effort: Effort) -> tuple[Kind, BaseGeometry]:
    """One geometry element as a valid geometry of its kind."""
    kind = local(element)
    if kind == "Polygon":
        return "polygon", _polygon(element, shapes, effort)
    xy = _lonlat(track_points(element) if kind == "Track" else _points(element, shapes), shapes)
    if kind == "Point" or (kind == "Track" and len(xy) == 1):
        if len(xy) > 1:
            shapes.say("further coordinates of a point", count=len(xy))
        return "point", shapely.Point(xy[0])
    xy = _without_repeats(xy)
    if len(xy) < 2:
        raise UnusableError("short line")
    if len(xy) > 3 and (np.ptp(xy, axis=0) < SPECK).all():
        raise UnusableError("speck")
    return "line", _unrolled(shapely.LineString(_sides(xy, shapes, effort)), shapes)


def track_points(track: etree._Element) -> NDArray[np.float64]:
    """Points of a track, which has one element for each: ``<gx:coord>70 42 900</gx:coord>``."""
    texts = [text_of(child).split() for child in track if local(child) == "coord"]
    if len(texts) > _MOST_POINTS:
        raise UnusableError("too many points", most=_MOST_POINTS)
    bad = [text for text in texts if len(text) < 2 or not all(map(_is_number, text[:2]))]
    if bad:
        raise UnusableError("no coordinate", text=clean_name(" ".join(bad[0])[:200])[:40])
    rows = [[float(text[0]), float(text[1]), _altitude(text[2:3])] for text in texts]
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def _is_number(text: str) -> bool:
    return _PLAIN_NUMBER.match(text) is not None and np.isfinite(float(text))


def _altitude(text: list[str]) -> float:
    return float(text[0]) if text and _is_number(text[0]) else 0.0


# -- polygons -------------------------------------------------------------------------------------


def _polygon(element: etree._Element, shapes: Shapes, effort: Effort) -> BaseGeometry:
    """A polygon, or several, from its rings; its faults mended as far as they can be."""
    shells = [ring for side in element if local(side) == "outerBoundaryIs" for ring in _rings(side)]
    if not shells:
        raise UnusableError("no outer ring")
    sides = [side for side in element if local(side) == "innerBoundaryIs"]
    inner = [ring for side in sides for ring in _rings(side)]
    if len(inner) > _MOST_HOLES:
        raise UnusableError("too many holes", count=len(inner), most=_MOST_HOLES)
    holes = []
    for ring in inner:
        try:
            holes.append(_ring(ring, shapes, effort))
        except UnusableError as error:
            shapes.say("hole dropped", fault=error.note)
    if len(shells) > 1:
        shapes.say("several outer rings", count=len(shells))
    outlines = [_ring(ring, shapes, effort) for ring in shells]
    if _is_mask(outlines[0]):
        shapes.notes = [note for note in shapes.notes if note.key != "long sides"]
        raise UnusableError("mask")
    made = [_holed(outlines[0], holes, shapes)]
    made += [shapely.Polygon(outline) for outline in outlines[1:]]
    joint = made[0] if len(made) == 1 else multipolygon(made)
    return _without_slivers(_valid(_unrolled(joint, shapes), shapes, effort), shapes)


def _is_mask(ring: NDArray[np.float64]) -> bool:
    """Whether a ring runs around the whole world, as that of a mask with a window does."""
    return bool((np.ptp(ring, axis=0) >= _MASK).all())


def _holed(
    outline: NDArray[np.float64], holes: list[NDArray[np.float64]], shapes: Shapes
) -> BaseGeometry:
    """A ring with its holes; holes that lie outside of it, or around it, are told apart.

    Boxes decide, so that thousands of holes cost nothing: what only crosses the ring is mended.
    """
    low, high = outline.min(axis=0), outline.max(axis=0)
    inside = []
    outside = 0
    for number, hole in enumerate(holes):
        if (hole.max(axis=0) < low).any() or (hole.min(axis=0) > high).any():
            outside += 1
        elif _surrounds(hole, outline):
            # Somebody, or some program, has written the outline as the hole.
            shapes.say("rings swapped")
            return shapely.Polygon(hole, [outline, *holes[:number], *holes[number + 1 :]])
        else:
            inside.append(hole)
    if outside:
        shapes.say("holes outside", count=outside)
    return shapely.Polygon(outline, inside)


def _surrounds(hole: NDArray[np.float64], outline: NDArray[np.float64]) -> bool:
    """Whether a hole lies round its outline: the two were swapped."""
    around = (hole.min(axis=0) <= outline.min(axis=0)) & (hole.max(axis=0) >= outline.max(axis=0))
    if not around.all() or np.array_equal(hole, outline):
        return False
    inner, outer = shapely.Polygon(outline), shapely.Polygon(hole)
    return bool(inner.is_valid and outer.is_valid and outer.contains_properly(inner))


def _rings(side: etree._Element) -> list[etree._Element]:
    # Google Earth itself writes several rings into one innerBoundaryIs.
    return [ring for ring in side if local(ring) == "LinearRing"]


def _ring(element: etree._Element, shapes: Shapes, effort: Effort) -> NDArray[np.float64]:
    """A closed ring of longitude and latitude, its long sides along great circles."""
    xy = _lonlat(_points(element, shapes), shapes)
    if not has_three_points(xy):
        raise UnusableError("short ring")
    if not np.array_equal(xy[0], xy[-1]):
        shapes.say("ring closed")
        xy = np.vstack([xy, xy[:1]])
    xy = _without_repeats(xy)
    # A flat ring has no area, whatever the bend of a great circle would give it.
    return _sides(xy, shapes, effort) if _has_area(xy) else xy


def _has_area(xy: NDArray[np.float64]) -> bool:
    return bool(np.linalg.matrix_rank(xy[:1_000] - xy[0], tol=1e-9) > 1 or len(xy) > 1_000)


def _sides(xy: NDArray[np.float64], shapes: Shapes, effort: Effort) -> NDArray[np.float64]:
    """Points with long sides followed along the great circle, as every viewer of KML draws them."""
    if len(xy) < 2 or np.hypot(*np.diff(xy, axis=0).T).max() <= LONGEST_STRAIGHT:
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
    differs = np.ones(len(xy), dtype=bool)
    differs[1:] = (xy[1:] != xy[:-1]).any(axis=1)
    return xy[differs]


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
    shapes.has_altitudes |= bool((xyz[:, 2] != 0).any())
    xy = xyz[:, :2] + 0.0
    far = np.abs(xy).max(axis=0)
    if (far <= (180, 90)).all():
        return xy
    if (far <= (180 + _HAIR, 90 + _HAIR)).all():
        shapes.say("clamped")
        clamped: NDArray[np.float64] = np.clip(xy, (-180, -90), (180, 90))
        return clamped
    return _beyond(xy, shapes)


def _beyond(xy: NDArray[np.float64], shapes: Shapes) -> NDArray[np.float64]:
    """Points beyond ±180/±90, where it is plain what they mean.

    A map that runs on past the 180° meridian counts on; latitudes above 90 beside longitudes below
    it are the one in place of the other.
    """
    lon, lat = np.abs(xy).max(axis=0)
    if lat <= 90 and lon <= 360 and (xy[:, 0] >= 180).all():
        shapes.say("longitudes past 180")
        return _moved(xy, -360.0)
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
    moved: NDArray[np.float64] = xy + np.array([degrees, 0.0])
    return moved


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
    if text.count(",") > 4 * _MOST_POINTS:
        raise UnusableError("too many points", most=_MOST_POINTS)
    points = text.split()
    if len(points) > _MOST_POINTS:
        raise UnusableError("too many points", most=_MOST_POINTS)
    if not points:
        return np.empty((0, 3)), ""
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
            return xyz, ""
    return _one_by_one(text)


def _one_by_one(text: str) -> tuple[NDArray[np.float64], str]:
    """As :func:`spelt_points`, for what is not plain: mixed lengths, loose commas, faults to name."""
    spelling, points, matches = "", text.split(), []
    for spelling, points in _spellings(text):  # noqa: B007 - the last one tried is told
        matches = [match for point in points if (match := _POINT.fullmatch(point))]
        if len(matches) == len(points):
            break
    bad = [point for point in points if not _POINT.fullmatch(point)]
    rows = [[float(match[1]), float(match[2]), _altitude([match[3] or ""])] for match in matches]
    bad += [",".join(map(str, row)) for row in rows if not np.isfinite(row).all()]
    if bad:
        raise UnusableError("no coordinate", text=clean_name(bad[0][:200])[:40])
    if any((match[3] or "0") and not _is_number(match[3] or "0") for match in matches):
        spelling = "altitudes that are no numbers"
    elif any(match[4] for match in matches):
        spelling = "further numbers"
    return np.array(rows, dtype=np.float64), spelling


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


def _unrolled(geometry: BaseGeometry, shapes: Shapes) -> BaseGeometry:
    """A geometry that jumps from 180° to -180°, or counts on past it, cut in two there."""
    if not jumps(geometry) and geometry.bounds[2] <= 180:
        return geometry
    shapes.say("cut at the meridian")
    east = shapely.transform(geometry, lambda xy: np.where([[1, 0]], xy % 360, xy))
    if not east.is_valid:
        east = shapely.make_valid(east, method="structure", keep_collapsed=False)
    left = east.intersection(shapely.box(0, -90, 180, 90))
    right = translate(east.intersection(shapely.box(180, -90, 360, 90)), xoff=-360)
    return shapely.union(left, right)


def jumps(geometry: BaseGeometry) -> bool:
    """Whether a side spans more than half of the globe: it then is meant the other way round."""
    return any(
        (np.abs(np.diff(shapely.get_coordinates(line)[:, 0])) > 180).any()
        for line in linework(geometry)
    )


# -- mending --------------------------------------------------------------------------------------


def _valid(polygon: BaseGeometry, shapes: Shapes, effort: Effort) -> BaseGeometry:
    """The polygon itself, or mended by structure: loops become parts, none becomes a hole."""
    if polygon.is_valid:
        return polygon
    tame = _tame(polygon, shapes, effort)
    mended = shapely.union_all([_without_loops(part) for part in parts(tame)])
    areas = [part for part in parts(mended) if isinstance(part, shapely.Polygon) and part.area > 0]
    if not areas:
        raise UnusableError("no area left")
    shapes.say("crossed itself", count=len(areas))
    return areas[0] if len(areas) == 1 else multipolygon(areas)


def _tame(polygon: BaseGeometry, shapes: Shapes, effort: Effort) -> BaseGeometry:
    """A polygon that crosses itself no more often than may still be mended, simplified if need be."""
    count = _crossings(polygon, effort)
    if count <= effort.crossings:
        effort.crossings -= count
        return polygon
    before = shapely.get_num_coordinates(polygon)
    for tolerance in _UNTANGLED:
        simpler = _simplified_rings(polygon, tolerance)
        # Where a GPS rested most points go; where a ring was drawn as a tangle hardly any.
        if simpler is None or shapely.get_num_coordinates(simpler) > 0.8 * before:
            continue
        count = _crossings(simpler, effort)
        if count <= effort.crossings:
            effort.crossings -= count
            shapes.say("simplified tangle", metres=round(tolerance * 1e5))
            return simpler
    raise UnusableError("too tangled")


def _simplified_rings(polygon: BaseGeometry, tolerance: float) -> BaseGeometry | None:
    """A polygon with each ring simplified as a line: GEOS would mend it meanwhile, at any cost."""
    made = []
    for part in parts(polygon):
        lines = [shapely.LineString(ring.coords) for ring in shapely.get_rings(part)]
        shell, *holes = shapely.simplify(lines, tolerance, preserve_topology=False)
        if shapely.get_num_coordinates(shell) < 4:
            continue
        large = [hole for hole in holes if shapely.get_num_coordinates(hole) >= 4]
        made.append(shapely.Polygon(shell, large))
    return multipolygon(made) if made else None


def _crossings(polygon: BaseGeometry, effort: Effort) -> int:
    """How many pairs of edges meet, neighbours aside; more than any effort where that is plain."""
    xy, ring = shapely.get_coordinates(list(linework(polygon)), return_index=True)
    edges = np.stack([xy[:-1], xy[1:]], axis=1)[ring[1:] == ring[:-1]]
    near = int(_near_pairs(edges, effort.pairs))
    if near > effort.pairs:
        return MOST_CROSSINGS + 1
    effort.pairs -= near
    segments = shapely.linestrings(edges)
    first, second = shapely.STRtree(segments).query(segments, predicate="intersects")
    return max(0, int(np.count_nonzero(first < second)) - len(edges))


def _near_pairs(edges: NDArray[np.float64], most: int) -> float:
    """About how many pairs of edges come near each other: a guard against hostile rings.

    A sample of the edges is held against all others, and left off as soon as it is plain.
    """
    west, south = np.ascontiguousarray(edges.min(axis=1).T)
    east, north = np.ascontiguousarray(edges.max(axis=1).T)
    count, near = len(west), 0
    sample = range(0, count, max(1, count // _SAMPLE))
    for done, edge in enumerate(sample, start=1):
        beside = (west <= east[edge]) & (east >= west[edge])
        near += int(np.count_nonzero(beside & (south <= north[edge]) & (north >= south[edge])))
        if done % 20 == 0 and near / done * count > 20 * most:
            return float(near / done * count / 2)
    return float(near / len(sample) * count / 2)


def _without_loops(polygon: BaseGeometry) -> BaseGeometry:
    """Rings mended one by one, so that a hole can take area away and never add any."""
    outline, *rings = shapely.get_rings(polygon)
    shell: BaseGeometry = _mended(shapely.polygons([outline]))[0]
    if not rings:
        return shell
    holes = _mended(shapely.polygons(rings))
    # Of thousands of holes most are sound: only those that meet a ring are worth a difference.
    first, second = shapely.STRtree(holes).query(holes, predicate="intersects")
    shapely.prepare(shell)
    # A mended hole may have become several, or have an island.
    plain = (shapely.get_type_id(holes) == 3) & (shapely.get_num_interior_rings(holes) == 0)
    sound = plain & shapely.contains_properly(shell, holes)
    sound[first[first != second]] = False
    if isinstance(shell, shapely.Polygon) and not shell.interiors:
        shell = shapely.Polygon(shell.exterior, [hole.exterior for hole in holes[sound]])
    else:
        sound[:] = False
    if sound.all():
        return shell
    rest: BaseGeometry = shell.difference(shapely.union_all(holes[~sound]))
    return rest


def _mended(polygons: NDArray[np.object_]) -> NDArray[np.object_]:
    """Polygons of one ring each, those that cross themselves mended."""
    broken = ~shapely.is_valid(polygons)
    polygons[broken] = shapely.make_valid(
        polygons[broken], method="structure", keep_collapsed=False
    )
    return polygons


def _without_slivers(polygon: BaseGeometry, shapes: Shapes) -> BaseGeometry:
    """Without specks (smaller than the grid that is written) and what mending leaves over."""
    is_plain = isinstance(polygon, shapely.Polygon) and not polygon.interiors
    if is_plain and max(np.ptp(np.reshape(polygon.bounds, (2, 2)), axis=0)) > 2 * SPECK:
        return polygon
    sound, specks = without_specks(polygon)
    if specks:
        shapes.say("specks", count=specks)
    pieces = parts(sound)
    if not pieces:
        raise UnusableError("speck")
    if len(pieces) == 1:
        return pieces[0]
    km2 = np.array([degrees_to_km2(piece) for piece in pieces])
    sliver = (km2 < _SLIVER_KM2) & (km2 < _SLIVER_SHARE * km2.max())
    if sliver.any():
        shapes.say("slivers", count=int(sliver.sum()), hectares=f"{100 * km2[sliver].sum():.3g}")
    large = [piece for piece, is_sliver in zip(pieces, sliver, strict=True) if not is_sliver]
    return large[0] if len(large) == 1 else multipolygon(large)


def _nearly_closes(line: BaseGeometry) -> bool:
    """Whether a line ends where it began, or nearly: an outline drawn as a path."""
    xy = shapely.get_coordinates(line)
    if line.geom_type != "LineString" or len(xy) < 4:
        return False
    return bool(np.hypot(*(xy[0] - xy[-1])) <= NEARLY_CLOSED * line.length)
