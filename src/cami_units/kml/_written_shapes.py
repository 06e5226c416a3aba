"""Geometry as it is written: rounded, wound, closed, not too long in the edge, not too heavy."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator

import numpy as np
import shapely
import shapely.ops
from shapely.geometry.base import BaseGeometry

DECIMALS = 5
"""Decimals of a degree that are written: about a metre."""
UNIT_EDGE = 1.0
EVIDENCE_EDGE = 0.25
"""Longest edges, in degrees: Earth draws an edge as a great circle, the wrong way over a map."""
_GRID = 10.0**-DECIMALS


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
        mended; a polygon may then come back as a MultiPolygon.
    """
    flat = _split_edges(shapely.force_2d(geometry), longest)
    rounded = _rounded(flat)
    if _is_area(geometry):
        if not rounded.is_valid:
            rounded = _rounded(shapely.set_precision(flat, _GRID, mode="valid_output"))
        rounded = shapely.orient_polygons(rounded)
    return rounded


def _rounded(geometry: BaseGeometry) -> BaseGeometry:
    # Adding zero turns -0.0 into 0.0: two spellings of one place would be two hashes.
    rounded = shapely.transform(geometry, lambda xy: np.round(xy, DECIMALS) + 0.0)
    return shapely.remove_repeated_points(rounded)


def _split_edges(geometry: BaseGeometry, longest: float) -> BaseGeometry:
    # A hair of tolerance: edges cut to 1° and rounded may measure 1.00001°, and are left alone.
    if longest_edge(geometry) <= longest * 1.0001:
        return geometry
    # A little shorter than asked: rounding must not make a piece too long for the next time.
    return shapely.segmentize(geometry, longest * 0.99)


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
    written = as_written(geometry)
    whole = shapely.multipolygons(parts(written)) if _is_area(written) else written
    content = shapely.to_wkb(shapely.normalize(whole), byte_order=1)
    return hashlib.sha256(bytes(content)).hexdigest()[:16]


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
    step = dash + gap
    n = max(1, math.ceil((line.length - dash) / step) + 1)
    pieces = (
        shapely.ops.substring(line, i * step, min(i * step + dash, line.length)) for i in range(n)
    )
    return [piece for piece in pieces if isinstance(piece, shapely.LineString)]


def look_range_m(bounds: tuple[float, float, float, float]) -> float:
    """The distance, in metres, from which Earth's camera sees a box of degrees whole."""
    west, south, east, north = bounds
    height = (north - south) * 111_200
    width = (east - west) * 111_200 * math.cos(math.radians((south + north) / 2))
    return float(round(min(max(1.4 * math.hypot(width, height), 20_000), 12_000_000)))
