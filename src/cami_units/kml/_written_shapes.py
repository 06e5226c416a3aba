"""Geometry as it is written: rounded, wound, closed, not too long in the edge, not too heavy."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, Final
from weakref import ref

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

DECIMALS = 5
"""Decimals of a degree that are written: about a metre."""
UNIT_EDGE = 1.0
EVIDENCE_EDGE = 0.25
"""Longest edges, in degrees: Earth draws an edge as a great circle, the wrong way over a map."""
_GRID = 10.0**-DECIMALS
SPECK = _GRID
"""Degrees: what is smaller in both directions has nowhere to be drawn."""
_HAIR = 1.0001
"""A tolerance: edges cut to 1° and rounded may measure 1.00001°, and are left alone."""
_LARGE = 50_000
"""Vertices from which GEOS takes seconds to put an area on the grid, and rings are mended instead: those
of a unit that people edit never have as many, and stay as they were handed out."""
LONGEST_STRAIGHT = UNIT_EDGE * _HAIR
"""Sides up to here, in degrees, are measured as straight: the great circle is within 150 m."""
_PIECE = 0.99
"""A little shorter than asked: rounding must not make a piece too long for the next time."""
_CHORD = 0.25
"""Degrees between points put into a long side: a box of 10° sides is then 16 km² in 132,000 off."""
LONG_SIDE_KM = 300.0
"""Sides from here on are named: straight and great circle are a kilometre and more apart."""
# Mean radius of WGS 84 (IUGG): Earth draws its great circles on a sphere of this size.
_EARTH_KM = 6371.0088


def as_written(geometry: BaseGeometry, *, longest: float = UNIT_EDGE) -> BaseGeometry:
    """The geometry that a file will hold: rounded to 5 decimals, no altitude, no long edges.

    Parameters
    ----------
    geometry : shapely geometry
        Longitude and latitude, degrees.
    longest : float
        Longest edge, degrees. A longer one is split into equal pieces.

    Returns
    -------
    shapely geometry
        Outer rings counter-clockwise, no repeated points. Done twice it is the same as done once.
        Where rounding would make a ring cross itself (parts closer than a metre), the ring is
        mended; a polygon may then come back as a MultiPolygon. Specks, whose points round to
        fewer than three, are gone: nothing but specks comes back empty.
    """
    if id(geometry) in _WRITTEN and longest >= UNIT_EDGE:
        return geometry
    if geometry.geom_type == "Point" and not geometry.is_empty:
        return shapely.Point(np.round(shapely.get_coordinates(geometry)[0], DECIMALS) + 0.0)
    # Split before it is rounded: points put in between are rounded too, and a second time changes
    # nothing.
    flat = _split_edges(shapely.force_2d(geometry), longest)
    rounded = _rounded(flat)
    if _is_area(geometry):
        if not rounded.is_valid:
            rounded = _sound_on_grid(rounded, flat)
        rounded = shapely.orient_polygons(rounded)
    return rounded


def _sound_on_grid(rounded: BaseGeometry, flat: BaseGeometry) -> BaseGeometry:
    """An area that rounding has made invalid, valid on the grid."""
    if shapely.get_num_coordinates(rounded) > _LARGE:
        sound = [without_loops(part) for part in parts(rounded)]
        mended = _rounded(sound[0] if len(sound) == 1 else shapely.union_all(sound))
        if _is_area(mended) and mended.is_valid:
            return mended
    return _rounded(shapely.set_precision(flat, _GRID, mode="valid_output"))


def all_written(
    geometries: Sequence[BaseGeometry], *, longest: float = UNIT_EDGE
) -> list[BaseGeometry]:
    """As :func:`as_written` of each geometry, all at once: most are written as they are rounded."""
    shapes = np.empty(len(geometries), dtype=object)
    shapes[:] = geometries
    short = np.flatnonzero(~_has_longer_edge(shapes, longest * _HAIR))
    is_done = np.zeros(len(shapes), dtype=bool)
    with suppress(shapely.errors.GEOSException):  # a speck among them is looked at by itself
        flat = shapely.force_2d(shapes[short])
        rounded = shapely.remove_repeated_points(_on_grid(flat))
        is_spoilt = np.isin(shapely.get_type_id(rounded), (3, 6)) & ~shapely.is_valid(rounded)
        spoilt = zip(rounded[is_spoilt], flat[is_spoilt], strict=True)
        rounded[is_spoilt] = [_sound_on_grid(*both) for both in spoilt]
        shapes[short] = shapely.orient_polygons(rounded)
        is_done[short] = True
    shapes[~is_done] = [as_written(one, longest=longest) for one in shapes[~is_done]]
    return shapes.tolist()


def unit_outlines(geometries: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    """As :func:`all_written` of what groups drew: known to be written for as long as each is there."""
    outlines = all_written(geometries)
    for outline, shape_hash in zip(outlines, _area_hashes(outlines), strict=True):
        gone = partial(_WRITTEN.pop, id(outline))
        _WRITTEN[id(outline)] = shape_hash, ref(outline, gone)
    return outlines


_WRITTEN: Final[dict[int, tuple[str, ref[BaseGeometry]]]] = {}
"""The hashes of outlines that are as a file will hold them, by the identity of each."""


def _has_longer_edge(shapes: NDArray[np.object_], longest: float) -> NDArray[np.bool_]:
    """Which shapes have an edge above a length; from one ring to the next is taken for an edge as well."""
    west, south, east, north = shapely.bounds(shapes).T
    # no side is longer than the diagonal of the box
    is_long: NDArray[np.bool_] = np.hypot(east - west, north - south) > longest
    wide = np.flatnonzero(is_long)
    xy, place = shapely.get_coordinates(shapes[wide], return_index=True)
    is_edge = np.hypot(*np.diff(xy, axis=0).T) > longest
    is_long[wide] = False
    is_long[wide[place[1:][is_edge & (place[1:] == place[:-1])]]] = True
    return is_long


def _rounded(geometry: BaseGeometry) -> BaseGeometry:
    """The geometry on the grid that is written, without repeated points and without specks."""
    rounded: BaseGeometry = _on_grid(geometry)
    try:
        return shapely.remove_repeated_points(rounded)
    except shapely.errors.GEOSException:
        # A ring of fewer than three different points is none to GEOS: only now look at each.
        return shapely.remove_repeated_points(without_specks(rounded)[0])


def _on_grid(shapes: Any) -> Any:
    """A geometry, or an array of them, with its places on the grid that is written."""
    # Adding zero turns -0.0 into 0.0: two spellings of one place would be two hashes.
    return shapely.transform(shapes, lambda xy: np.round(xy, DECIMALS) + 0.0)


def without_specks(geometry: BaseGeometry) -> tuple[BaseGeometry, int]:
    """An area without the parts and holes that vanish on the grid that is written; how many went."""
    if not _is_area(geometry):
        return geometry, 0
    specks = 0
    sound = []
    for polygon in parts(geometry):
        shell, *holes = shapely.get_rings(polygon)
        if _is_speck(shell):
            specks += 1
            continue
        large = [hole for hole in holes if not _is_speck(hole)]
        specks += len(holes) - len(large)
        sound.append(polygon if len(large) == len(holes) else shapely.Polygon(shell, large))
    if not specks:
        return geometry, 0
    if geometry.geom_type == "Polygon":
        return (sound[0] if sound else shapely.Polygon()), specks
    return multipolygon(sound), specks


def multipolygon(polygons: Sequence[BaseGeometry]) -> BaseGeometry:
    """Polygons as they stand, side by side."""
    areas = np.array([one for one in polygons if isinstance(one, shapely.Polygon)], dtype=object)
    joint: Any = shapely.multipolygons(areas)
    side_by_side: BaseGeometry = joint
    return side_by_side


def without_loops(
    polygon: BaseGeometry, are_few: Callable[[NDArray[np.float64]], bool] = lambda _: True
) -> BaseGeometry:
    """Rings mended one by one, so that a hole can take area away and never add any.

    `are_few` says of the boxes of the holes whether each may be held against the others.
    """
    outline, *rings = shapely.get_rings(polygon)
    shell: BaseGeometry = _mended_alone(shapely.Polygon(outline) if rings else polygon)
    if not rings:
        return shell
    holes = _mended(shapely.polygons(rings))
    # Of thousands of holes most are sound: only those that meet a ring are worth a difference.
    if not are_few(shapely.bounds(holes)):
        # Thousands, one within the other: united they are few.
        united: BaseGeometry = shell.difference(shapely.union_all(holes))
        return united
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
    polygons[broken] = _mended_alone(polygons[broken])
    return polygons


def _mended_alone(polygons: Any) -> Any:
    """Polygons mended by structure: GEOS hands back what is valid as it stands."""
    return shapely.make_valid(polygons, method="structure", keep_collapsed=False)


def _is_speck(ring: BaseGeometry) -> bool:
    """Whether fewer than three different places are left of a ring once it is rounded."""
    places = np.round(shapely.get_coordinates(ring), DECIMALS)
    # The first few points mostly tell.
    return len(set(map(tuple, places[:8].tolist()))) < 3 and len(np.unique(places, axis=0)) < 3


def _split_edges(geometry: BaseGeometry, longest: float) -> BaseGeometry:
    """The geometry with its long edges in equal pieces; as it is where it has none."""
    west, south, east, north = geometry.bounds
    # No side is longer than the diagonal of the box: most shapes need no look at each.
    if not math.hypot(east - west, north - south) > longest * _HAIR:
        return geometry
    if longest_edge(geometry) <= longest * _HAIR:
        return geometry
    return shapely.segmentize(geometry, longest * _PIECE)


def along_great_circle(xy: NDArray[np.float64]) -> tuple[NDArray[np.float64], float, int]:
    """Points of a line or ring with sides over a degree divided along the great circle.

    A side of a KML is drawn as a great circle; straight in degrees it runs half a kilometre beside
    for a side of 158 km at 45° N, and 96 km for one of 2,200 km.

    Parameters
    ----------
    xy : array
        Longitude and latitude, degrees. A side that spans more than half of the globe is meant the
        other way round.

    Returns
    -------
    array
        The points with those between them, a quarter of a degree apart.
    float
        Length of the longest side, km.
    int
        How many sides are longer than 300 km.
    """
    unit = _unit_vectors(xy)
    start, end = unit[:-1], unit[1:]
    sine, angle = _angles(start, end)
    # A side between opposite points has no one great circle: it stays as it is.
    count = np.where(sine > 1e-9, pieces_of_sides(xy), 1)
    side = np.repeat(np.arange(len(count)), count)
    step = np.arange(len(side)) - np.repeat(np.cumsum(count) - count, count)
    share = (step / count[side])[:, None]
    whole = angle[side, None]
    x, y, z = (np.sin((1 - share) * whole) * start[side] + np.sin(share * whole) * end[side]).T
    longitude, latitude = np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))
    # A map that counts on past 180° goes on counting.
    longitude += 360 * np.round((xy[side, 0] - longitude) / 360)
    between = np.stack([longitude, latitude], axis=1)
    corner = step == 0
    between[corner] = xy[:-1]
    km = angle * _EARTH_KM
    return np.vstack([between, xy[-1:]]), float(km.max()), int((km > LONG_SIDE_KM).sum())


def _angles(start: NDArray[np.float64], end: NDArray[np.float64]) -> Any:
    """The angle between two unit vectors, its sine first, of each pair."""
    # From its sine and cosine: exact for short sides and for half of the globe.
    sine = np.linalg.norm(np.cross(start, end), axis=1)
    return sine, np.arctan2(sine, (start * end).sum(axis=1))


def long_side_km(shape: BaseGeometry) -> float:
    """The length of the longest side of a shape in degrees, km; 0 where none is over 300 km.

    Examples
    --------
    >>> round(long_side_km(shapely.box(60, 0, 70, 1)))  # ten degrees of the equator
    1112
    """
    west, south, east, north = shape.bounds
    # a degree has 111.2 km at the most, so that a shape of 2.69° has no such side
    if math.hypot(east - west, north - south) < 0.999 * LONG_SIDE_KM / (
        math.radians(1) * _EARTH_KM
    ):
        return 0.0
    vectors = (_unit_vectors(shapely.get_coordinates(line)) for line in linework(shape))
    km = [float(_angles(unit[:-1], unit[1:])[1].max()) * _EARTH_KM for unit in vectors]
    return max((side for side in km if side > LONG_SIDE_KM), default=0.0)


def pieces_of_sides(xy: NDArray[np.float64]) -> NDArray[np.int64]:
    """Into how many pieces each side is divided: 1 up to a degree."""
    across = np.abs(np.diff(xy, axis=0))
    across[:, 0] = np.minimum(across[:, 0], np.abs(360 - across[:, 0]))
    degrees = np.hypot(*across.T)
    return np.where(degrees > LONGEST_STRAIGHT, np.ceil(degrees / _CHORD), 1).astype(np.int64)


def _unit_vectors(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points on the unit sphere, as x, y, z."""
    lon, lat = np.radians(xy).T
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def degrees_to_km2(polygon: BaseGeometry) -> float:
    """About the ground of a small polygon in degrees, km²: to tell slivers, never to report."""
    _, south, _, north = polygon.bounds
    degree_km = math.radians(1) * _EARTH_KM
    return float(polygon.area * degree_km**2 * math.cos(math.radians((south + north) / 2)))


def longest_edge(geometry: BaseGeometry) -> float:
    """Length of the longest edge, in the unit of the coordinates; 0 for points."""
    xy, line = shapely.get_coordinates(list(linework(geometry)), return_index=True)
    edges = np.diff(xy, axis=0)[line[1:] == line[:-1]]
    return float(np.hypot(*edges.T).max(initial=0.0))


def linework(geometry: BaseGeometry) -> Iterator[BaseGeometry]:
    """Every line and ring of a geometry."""
    for part in parts(geometry):
        if part.geom_type == "Polygon":
            yield from shapely.get_rings(part)
        elif part.geom_type != "Point":
            yield part


def parts(geometry: BaseGeometry) -> list[BaseGeometry]:
    """The single geometries of a geometry, in its own order; empty ones left out."""
    if not hasattr(geometry, "geoms"):
        return [] if geometry.is_empty else [geometry]
    singles = [geometry]
    while any(hasattr(single, "geoms") for single in singles):
        singles = list(shapely.get_parts(singles))
    return [single for single in singles if not single.is_empty]


def sorted_parts(geometry: BaseGeometry) -> list[BaseGeometry]:
    """The single geometries, largest first; the coordinates decide between equals."""
    singles = parts(geometry)
    if len(singles) < 2:
        return singles
    return sorted(singles, key=lambda part: (-part.area, -part.length, shapely.to_wkb(part)))


@lru_cache(maxsize=1 << 13)  # the units of one group are those that nine others look at
def written_pieces(geometry: BaseGeometry) -> tuple[BaseGeometry, ...]:
    """The single geometries of a unit as its file holds them, in the order in which it does."""
    return tuple(
        piece for part in sorted_parts(geometry) for piece in sorted_parts(as_written(part))
    )


def geom_hash(geometry: BaseGeometry) -> str:
    """Sixteen hexadecimal digits that say whether two polygons are the same once written.

    The geometry is rounded as it is written (5 decimals, edges of at most 1°), then put in a
    normal order, so that where a ring starts, which way it runs and the order of parts and holes
    change nothing. A polygon and a one-part MultiPolygon have one hash.

    Parameters
    ----------
    geometry : shapely geometry
        Longitude and latitude, degrees.

    Returns
    -------
    str
        The first 16 digits of a SHA-256.

    Examples
    --------
    >>> from shapely import box
    >>> geom_hash(box(70, 40, 71, 41)) == geom_hash(box(70, 40, 71, 41.000001))
    True
    """
    return hash_of_written(as_written(geometry))


def hash_of_written(written: BaseGeometry) -> str:
    """The :func:`geom_hash` of a geometry that is as a file will hold it."""
    if known := _WRITTEN.get(id(written)):
        return known[0]
    if _is_area(written):
        return next(_area_hashes([written]))
    return _short_hash(shapely.to_wkb(shapely.normalize(written), byte_order=1))


def _area_hashes(areas: Sequence[BaseGeometry]) -> Iterator[str]:
    """The hash of each area, all at once: of a polygon as of a multipolygon of one part."""
    singles, place = shapely.get_parts(areas, return_index=True)
    is_there = ~shapely.is_empty(singles)
    wholes = np.full(len(areas), shapely.MultiPolygon(), dtype=object)
    shapely.multipolygons(singles[is_there], indices=place[is_there], out=wholes)
    return map(_short_hash, shapely.to_wkb(shapely.normalize(wholes), byte_order=1))


def _short_hash(content: Any) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _is_area(geometry: BaseGeometry) -> bool:
    return geometry.geom_type in ("Polygon", "MultiPolygon")


def vertices(geometries: Iterable[BaseGeometry]) -> int:
    """How many coordinate pairs the geometries have."""
    return int(shapely.get_num_coordinates(list(geometries)).sum())


def dashes(
    line: shapely.LineString, *, dash: float = 0.12, gap: float = 0.08
) -> list[shapely.LineString]:
    """A line cut into short pieces, since KML has no dashed lines.

    Parameters
    ----------
    line : LineString
        Longitude and latitude.
    dash, gap : float
        Lengths in degrees.

    Returns
    -------
    list of LineString
        At least one piece, however short the line.
    """
    xy = shapely.get_coordinates(line)
    along = np.concatenate([[0.0], np.hypot(*np.diff(xy, axis=0).T).cumsum()])
    start = np.arange(0.0, along[-1], dash + gap)
    end = np.minimum(start + dash, along[-1])
    ends = [
        np.column_stack([np.interp(place, along, axis) for axis in xy.T]) for place in (start, end)
    ]
    # the corners strictly between the ends of each dash
    first, last = np.searchsorted(along, start, "right"), np.searchsorted(along, end, "left")
    return [
        shapely.LineString(np.vstack([from_, xy[i:j], to]))
        for from_, to, i, j in zip(*ends, first.tolist(), last.tolist(), strict=True)
    ]


def look_range_m(bounds: tuple[float, float, float, float]) -> float:
    """The distance, in metres, from which Earth's camera sees a box of degrees whole."""
    west, south, east, north = bounds
    height = (north - south) * 111_200
    width = (east - west) * 111_200 * math.cos(math.radians((south + north) / 2))
    return float(round(min(max(1.4 * math.hypot(width, height), 20_000), 12_000_000)))
