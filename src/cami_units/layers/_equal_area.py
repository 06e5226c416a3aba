"""Shapes made fit to be measured: repaired with a witness, densified, projected to equal area, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from cami_units.model import (
    EQUAL_AREA,
    LONLAT,
    AnyCrs,
    InputError,
    check_arguments,
    cut_at_180,
    equal_area_crs,
    read_crs,
    same_crs,
    transformed,
)
from cami_units.overlap import sorted_shapes

Shapes = NDArray[Any]
"""An array of shapely geometries."""

# A straight edge of a file is straight in its own coordinates: vertices this close keep it so on
# the plane of the study. A tenth of a degree is 11 km, and what the chord misses is metres.
MAX_EDGE_DEG: Final = 0.1
MAX_EDGE_M: Final = 10_000.0
# Type ids of GEOS: 0 point, 1 line, 2 ring, 3 polygon, 4 to 6 their multiples, 7 a collection.
_POLYGONS: Final = (3, 6)
_KIND_OF: Final = {0: "point", 1: "line", 2: "line", 3: "polygon", 4: "point", 5: "line"} | {
    6: "polygon"
}


@dataclass(frozen=True, slots=True)
class Repair:
    """What repairing one shape did: area by the even-odd rule, area after, and what is contested.

    `is_hopeless`: it was not tried, as the shape crosses itself too often.
    """

    row: int
    before_km2: float
    after_km2: float
    moved_km2: float
    is_hopeless: bool = False

    @property
    def share(self) -> float:
        """The contested area as a share of the larger of the two areas."""
        larger_km2 = max(self.before_km2, self.after_km2)
        return self.moved_km2 / larger_km2 if larger_km2 > 0 else 1.0


def to_equal_area(
    table: gpd.GeoDataFrame | gpd.GeoSeries, crs: AnyCrs = EQUAL_AREA
) -> gpd.GeoDataFrame:
    """The same table with its geometry in an equal-area CRS, true along every edge.

    A straight edge of a file is straight in the file's own coordinates, so vertices are added
    first (at most 0.1° apart, or 10 km where the source is in metres): a box of 50° × 20° that is
    projected corner by corner loses 5 % of its area. The points added to an edge do not depend on
    the direction it is drawn in, so neighbours that share an edge still share it afterwards.
    Shapes that cross the meridian opposite the projection's own are cut there. In a table in
    degrees an edge is as wide as it says: from 175° to -175° it runs round the Earth (of a file it is
    taken over 180°). Write 175° to 185°, or cut the shape at 180°.

    Parameters
    ----------
    table
        Any GeoDataFrame with a CRS, or a GeoSeries, which becomes a table. Altitudes are dropped.
        Rows keep their order and index.
    crs : str, int or CRS
        The equal-area CRS to project to; areas are km² after division by 1e6.

    Returns
    -------
    GeoDataFrame
        A new table; shapes of a table that is in `crs` already come back as they are.

    Raises
    ------
    InputError
        If it is no table of shapes, or has no CRS; if `crs` does not keep areas.

    Examples
    --------
    >>> import cami_units as cu
    >>> import geopandas as gpd
    >>> from shapely.geometry import box
    >>> square = gpd.GeoDataFrame(geometry=[box(80, 40, 81, 41)], crs="EPSG:4326")
    >>> round(cu.to_equal_area(square).area.sum() / 1e6)
    9413
    """
    table = _placed(table)
    check_arguments(to_equal_area, locals())
    return in_crs(table, equal_area_crs(crs))


def _placed(table: object) -> gpd.GeoDataFrame:
    """A table of shapes of which it is known where they lie."""
    if isinstance(table, gpd.GeoSeries):
        table = table.to_frame("geometry")
    if not isinstance(table, gpd.GeoDataFrame) or table.active_geometry_name is None:
        raise InputError.of("no table of shapes", kind=type(table).__name__)
    if table.crs is None:
        raise InputError.of("table without CRS")
    return table


def in_crs(table: gpd.GeoDataFrame, crs: Any) -> gpd.GeoDataFrame:
    """As :func:`to_equal_area`, in any CRS: that of a raster, or of a sheet."""
    shapes = projected(table.geometry.to_numpy(), table.crs, crs)
    return table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=read_crs(crs)))


def projected(shapes: Shapes, source: Any, target: Any) -> Shapes:
    """Shapes of one CRS in another, with vertices added before each step."""
    flat = shapely.force_2d(np.asarray(shapes, dtype=object))
    if same_crs(source, target):
        return flat
    origin = read_crs(source)
    if not origin.is_geographic:
        flat = transformed(densified(flat, MAX_EDGE_M / _metres_a_unit(origin)), origin, LONLAT)
        flat, origin = cut_at_180(flat), read_crs(LONLAT)
    is_past = (np.abs(shapely.bounds(flat)[:, [0, 2]]) > 180.0).any(axis=1)
    flat[is_past] = brought_back(flat[is_past])
    flat = _cut_at_seam(flat, read_crs(target))
    flat_shapes = transformed(densified(flat, MAX_EDGE_DEG), origin, target)
    return _joined_at_the_date_line(flat, flat_shapes)


def brought_back(shapes: Shapes) -> Shapes:
    """Shapes whose longitudes count on past 180°, in place; a side of a polygon is as wide as it says.

    Examples
    --------
    >>> brought_back(np.array([shapely.box(0, 50, 360, 60)]))[0].bounds
    (-180.0, 50.0, 180.0, 60.0)
    """
    is_polygon = np.isin(shapely.get_type_id(shapes), _POLYGONS)
    cut = np.asarray(shapes, dtype=object).copy()
    # no side is left that is shorter the other way round
    cut[is_polygon] = densified(cut[is_polygon], 90.0)
    return cut_at_180(cut)


def _joined_at_the_date_line(lonlat: Shapes, flat_shapes: Shapes) -> Shapes:
    """Projected shapes; the halves of one that was cut at 180° meet again there, and are joined."""
    bounds = shapely.bounds(lonlat)
    cut = (bounds[:, 0] <= -180.0) & (bounds[:, 2] >= 180.0)
    cut &= np.isin(shapely.get_type_id(flat_shapes), _POLYGONS)
    rows = np.flatnonzero(cut)
    rows = rows[~shapely.is_valid(flat_shapes[rows])]
    joined_shapes = flat_shapes.copy()
    joined_shapes[rows] = structure(flat_shapes[rows])
    return joined_shapes


def _metres_a_unit(crs: CRS) -> float:
    return float(crs.axis_info[0].unit_conversion_factor or 1.0) if crs.axis_info else 1.0


def _cut_at_seam(shapes: Shapes, target: CRS) -> Shapes:
    """Shapes cut where the projection tears the globe: opposite its central meridian."""
    if (centre := _central_meridian(target)) is None:
        return shapes
    seam = (centre + 360.0) % 360.0 - 180.0
    west, _, east, _ = shapely.bounds(shapes).T
    across = (west < seam) & (east > seam) & (np.abs(seam) < 180.0)
    if not across.any():
        return shapes
    # A tenth of a millimetre on both sides of the seam: on it a projection may choose either edge
    # of the map.
    gap = 1e-9
    halves = shapely.multipolygons(
        [shapely.box(-181, -91, seam - gap, 91), shapely.box(seam + gap, -91, 181, 91)]
    )
    torn = shapes.copy()
    # Rings that cross themselves cannot be cut; a line has none, and no ground to be made valid.
    rings = across & np.isin(shapely.get_type_id(shapes), _POLYGONS)
    torn[rings] = structure(shapes[rings])
    torn[across] = shapely.intersection(torn[across], halves)
    return torn


def _central_meridian(crs: CRS) -> float | None:
    """The longitude that a projection is centred on; None without one."""
    operation = crs.coordinate_operation
    for parameter in operation.params if operation else ():
        if "longitude" in parameter.name.casefold():
            return float(parameter.value)
    return None


def densified(shapes: Shapes, longest: float) -> Shapes:
    """Shapes with no edge longer than `longest`, in their own units.

    Each added vertex is computed from the smaller end of its edge (by x, then y), whichever way
    the ring runs, so a border that two polygons share stays bit for bit the same in both.
    """
    result = np.asarray(shapes, dtype=object).copy()
    types = shapely.get_type_id(result)
    for kind in (1, 3, 5, 6):  # apart, so that a polygon does not come back as a multipolygon
        rows = (types == kind) & ~shapely.is_empty(result)
        if rows.any():
            result[rows] = _densified_alike(result[rows], longest)
    for row in np.flatnonzero((types == 7) & ~shapely.is_empty(result)):
        parts = densified(np.asarray(shapely.get_parts(result[row]), dtype=object), longest)
        result[row] = shapely.geometrycollections(list(parts))
    return result


def _densified_alike(shapes: Shapes, longest: float) -> Shapes:
    """Vertices along edges, the same ones whichever way round an edge is drawn."""
    kind, xy, offsets = shapely.to_ragged_array(shapes, include_z=False)
    ends = offsets[0]  # where each ring or line ends: an edge never joins two of them
    step = np.diff(xy, axis=0)
    pieces = np.ceil(np.hypot(step[:, 0], step[:, 1]) / longest).astype(np.int64)
    pieces = np.maximum(pieces, 1)
    pieces[ends[1:-1] - 1] = 1
    if not (pieces > 1).any():
        return shapes
    first = np.concatenate([[0], np.cumsum(pieces)])  # the new place of every old vertex
    edge = np.repeat(np.arange(len(pieces)), pieces)
    share = np.arange(len(edge)) - first[edge]
    a, b = xy[:-1][edge], xy[1:][edge]
    backwards = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    low, high = np.where(backwards[:, None], b, a), np.where(backwards[:, None], a, b)
    fraction = np.where(backwards, pieces[edge] - share, share) / pieces[edge]
    dense = np.empty((len(edge) + 1, 2))
    dense[:-1] = low + (high - low) * fraction[:, None]
    dense[first] = xy
    new = (np.append(first, len(dense))[ends], *offsets[1:])
    return np.asarray(shapely.from_ragged_array(kind, dense, new), dtype=object)


# -- the way out ---------------------------------------------------------------------------------


_UP_FROM: Final = 1 - 0.5214137
"""Where a vertex goes up to the next step: just above the middle. Files in longitude and latitude
often have one decimal more than we keep, a tenth of their vertices end in 5, and after a projection
there and back the exact middle is what two versions of PROJ see from different sides."""


def to_lonlat(
    table: gpd.GeoDataFrame | gpd.GeoSeries, *, decimals: int | None = None
) -> gpd.GeoDataFrame:
    """The same table with its geometry in longitude and latitude, cut where 180° runs through it.

    Vertices are projected as they are: the layers of a round came in with many.

    Parameters
    ----------
    table : GeoDataFrame or GeoSeries
        Any geometry with a CRS; a GeoSeries becomes a table. Rows keep their order and index.
    decimals : int, optional
        Decimals of a degree that vertices are rounded to; left out, they stay as PROJ gives them.
        Neighbours that shared a vertex share it still, and what was valid stays so.

    Returns
    -------
    GeoDataFrame
        In EPSG:4326; a shape across the 180° meridian has a part on either side of it.

    Raises
    ------
    InputError
        If it is no table of shapes, or has no CRS.

    Examples
    --------
    >>> import cami_units as cu
    >>> import geopandas as gpd, shapely
    >>> across = gpd.GeoDataFrame(geometry=[shapely.box(179, 60, 181, 61)], crs="EPSG:4326")
    >>> cu.to_lonlat(across.to_crs("EPSG:3571")).total_bounds.round(3).tolist()
    [-180.0, 60.0, 180.0, 61.0]

    Notes
    -----
    Versions of PROJ differ by up to 4e-13°, which no map shows and every checksum does. Rounded to
    6 decimals (11 cm), a vertex comes out the same from either, unless it lies that close to the
    border between two steps: less than once in a million.
    """
    table = _placed(table)
    check_arguments(to_lonlat, locals())
    shapes = np.asarray(table.geometry.array, dtype=object)
    if not same_crs(table.crs, LONLAT):  # in degrees already, a wide edge is as wide as it says
        shapes = cut_at_180(transformed(shapes, table.crs, LONLAT))
    if decimals is not None:
        shapes = _rounded(shapes, decimals)
    return table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=LONLAT))


def _rounded(shapes: Shapes, decimals: int) -> Shapes:
    """Shapes with rounded vertices, mended where that made one touch itself."""

    def on_lattice(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.floor(xy * 10.0**decimals + _UP_FROM) / 10.0**decimals + 0.0

    rounded = shapely.transform(shapes, on_lattice)
    # A ring of four corners or fewer is a cell or a box: the lattice is far finer than either.
    many = np.flatnonzero(shapely.get_num_coordinates(rounded) > 5)
    # Vertices that became one are one: the spherical geometry of R takes an edge of no length for a
    # fault of the whole shape.
    rounded[many] = _without_repeats(rounded[many])
    for row in many[~shapely.is_valid(rounded[many])]:
        joined_shapes = shapely.set_precision(shapes[row], 10.0**-decimals)
        rounded[row] = shapely.transform(joined_shapes, on_lattice)
    return rounded


def _without_repeats(shapes: Shapes) -> Shapes:
    """Shapes without vertices twice; one is as it was, and invalid, where that leaves a ring of two.

    A sliver or a hole of centimetres is such a ring: weights of a raster cut along borders have them.
    """
    try:
        return np.asarray(shapely.remove_repeated_points(shapes), dtype=object)
    except shapely.errors.GEOSException:
        # one of them is such a ring: each half by itself, down to the one
        if len(shapes) == 1:
            return shapes
        middle = len(shapes) // 2
        return np.concatenate(
            [_without_repeats(shapes[:middle]), _without_repeats(shapes[middle:])]
        )


# -- repair ---------------------------------------------------------------------------------------


def structure(shapes: Shapes) -> Shapes:
    """Polygons made valid as their rings were meant: outer rings joined, holes taken away."""
    return only_polygons(shapely.make_valid(shapes, method="structure", keep_collapsed=False))


def even_odd(shape: Any) -> Any:
    """The ground of a shape with each ring read by the even-odd rule: the witness of a repair.

    Outer rings add the ground they surround an odd number of times, then inner rings of the same
    part take theirs away.
    """
    parts = []
    for part in shapely.get_parts(shape):
        outer, *inner = shapely.get_rings(part)
        ground = _odd_ground([outer])
        parts.append(shapely.difference(ground, _odd_ground(inner)) if inner else ground)
    return shapely.union_all(parts)


def _odd_ground(rings: list[Any]) -> Any:
    """The ground that rings surround an odd number of times, ring by ring."""
    polygons = shapely.make_valid(shapely.polygons(rings), method="linework")
    return shapely.union_all(only_polygons(polygons))


def repaired(shapes: Shapes) -> tuple[Shapes, list[Repair]]:
    """Valid polygons, and for each that was not, by how much its ground may have changed.

    The repair is GEOS's *structure* method. `shapely.area` of a shape that crosses itself means
    nothing (the two halves of a figure of eight cancel), so the witness is a second reading of the
    same rings: the even-odd rule, applied to each ring by itself. Where the two readings agree the
    repair only tidied up; where they differ, the ground is contested, and its area is reported.
    `Repair.row` counts from 0 in `shapes`, which are expected in an equal-area CRS in metres.
    """
    result = np.asarray(shapes, dtype=object).copy()
    bad = np.flatnonzero(~shapely.is_valid(result))
    if not bad.size:
        return result, []
    hopeless = np.array([_crosses_too_often(shape) for shape in result[bad]])
    repairs = [Repair(int(row), 0.0, 0.0, 0.0, is_hopeless=True) for row in bad[hopeless]]
    result[bad[hopeless]] = shapely.Polygon()
    bad = bad[~hopeless]
    fixed = structure(result[bad])
    for row, valid_shape in zip(bad, fixed, strict=True):
        # Two repairs that know nothing of each other: where they disagree, the shape itself is in
        # doubt, and how much of it is.
        witness = even_odd(result[row])
        repairs.append(
            Repair(
                int(row),
                float(shapely.area(witness)) / 1e6,
                float(shapely.area(valid_shape)) / 1e6,
                float(shapely.area(shapely.symmetric_difference(witness, valid_shape))) / 1e6,
            )
        )
    result[bad] = fixed
    return result, repairs


def _crosses_too_often(shape: Any) -> bool:
    """Whether mending a shape would take minutes; small ones are never asked."""
    if shapely.get_num_coordinates(shape) <= _SMALL:
        return False
    from cami_units import kml  # lxml is not waited for by who brings small shapes

    return kml.crosses_too_often(shape)


_SMALL: Final = 200
"""Points of a shape that crosses itself 20,000 times at most: that is mended in a third of a second."""


def only_polygons(shapes: Shapes) -> Shapes:
    """What of each shape is polygon; an empty polygon where nothing is."""
    result = np.asarray(shapes, dtype=object).copy()
    types = shapely.get_type_id(result)
    for row in np.flatnonzero(~np.isin(types, _POLYGONS)):
        result[row] = only(result[row], "polygon")
    return result


def only(shape: Any, kind: str) -> Any:
    """The parts of a shape that are of one kind ("polygon", "line", "point"), joined."""
    parts = parts_of_kind(shape, kind)
    if not len(parts):
        return {
            "polygon": shapely.MultiPolygon(),
            "line": shapely.MultiLineString(),
            "point": shapely.MultiPoint(),
        }[kind]
    if len(parts) == 1:
        return parts[0]
    return shapely.union_all(sorted_shapes(parts))


def parts_of_kind(shape: Any, kind: str) -> Shapes:
    """The parts of a shape that are of one kind ("polygon", "line", "point"), in no promised order."""
    parts = np.asarray(shapely.get_parts(shape), dtype=object)
    # Collections may lie in collections: they are taken apart until nothing but simple shapes is left.
    while (inner := shapely.get_type_id(parts) == 7).any():
        parts = np.concatenate([parts[~inner], shapely.get_parts(parts[inner])])
    return parts[[_KIND_OF[number] == kind for number in shapely.get_type_id(parts).tolist()]]


def kinds(shapes: Shapes) -> list[str]:
    """Of each shape "polygon", "line", "point" or, for a mixture, "mixed"."""
    return [_KIND_OF.get(number, "mixed") for number in shapely.get_type_id(shapes).tolist()]


# -- putting together -----------------------------------------------------------------------------


def clipped(shapes: Shapes, area: Any) -> Shapes:
    """What of each polygon lies inside an area; shapes wholly inside come back untouched."""
    shapely.prepare(area)
    is_covered = shapely.covers(area, shapes)
    result = np.asarray(shapes, dtype=object).copy()
    result[~is_covered] = only_polygons(shapely.intersection(result[~is_covered], area))
    return result


def circle(centre: Any, area_m2: float, quarter: int = 16) -> Any:
    """A regular polygon of exactly this area around a point."""
    corners = 4 * quarter
    radius = np.sqrt(2 * area_m2 / (corners * np.sin(2 * np.pi / corners)))
    return shapely.buffer(centre, radius, quad_segs=quarter)
