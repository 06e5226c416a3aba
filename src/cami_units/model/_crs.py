"""The two coordinate systems, and how two of them are told apart."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from functools import lru_cache
from numbers import Integral
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import ProjError
from shapely.affinity import translate

from cami_units.model._errors import InputError, Note, in_short

EQUAL_AREA: Final = (
    "+proj=aea +lat_1=30 +lat_2=50 +lat_0=40 +lon_0=80 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs"
)
"""Albers equal-area for Central Asia: a cell is stretched by at most 1.05 over the region."""

LONLAT: Final = "EPSG:4326"
"""Longitude and latitude on WGS 84. They exist at the doors only: files in, files out."""


def same_crs(first: Any, second: Any) -> bool:
    """Whether two CRSs are the same thing, however each is written down."""
    first_crs, second_crs = read_crs(first), read_crs(second)
    # written alike they are alike: PROJ, which compares them part by part, is asked of others only
    return first_crs.srs == second_crs.srs or first_crs.equals(second_crs, ignore_axis_order=True)


def transformer(source: Any, target: Any) -> Transformer:
    """What takes x and y, longitude and latitude, from one CRS to another; found once for each pair.

    PROJ looks for the way between two systems for some ten milliseconds: longer than most maps take
    to be projected.
    """
    # by their texts: the hash of a CRS writes all of it out, and a map asks for its own twenty times
    return _transformer(read_crs(source).srs, read_crs(target).srs)


def transformed(shapes: Any, source: Any, target: Any) -> NDArray[np.object_]:
    """Shapes of one CRS in another, vertex by vertex."""
    there: Any = transformer(source, target).transform
    return np.asarray(shapely.transform(shapes, there, interleaved=False), dtype=object)


def united_coverage(polygons: Any) -> Any:
    """Polygons that share their edges vertex by vertex as one, and ``None`` of others.

    No crossing is looked for, which takes a sixth of the time of a union, and a third of that of asking
    GEOS whether they are a coverage.

    Examples
    --------
    >>> west, east = shapely.box(0, 0, 2, 1), shapely.box(2, 0, 3, 1)
    >>> united_coverage([west, east]).area, united_coverage([west, shapely.box(1, 0, 3, 1)])
    (3.0, None)
    """
    try:
        united = shapely.coverage_union_all(polygons)
    except shapely.errors.GEOSException:
        return None
    # where two overlap ground is lost, or an outline touches itself
    is_whole = np.isclose(united.area, np.nansum(shapely.area(polygons)), rtol=1e-12, atol=0)
    return united if is_whole and united.is_valid else None


@lru_cache(maxsize=256)  # a page for each unit has a projection of its own
def _transformer(source: str, target: str) -> Transformer:
    """The way between two CRSs: known where both are on one datum, else looked for by PROJ."""
    onto_target, back = _step(target), _step(source)
    if not onto_target or not back or onto_target == back:
        return _known_shift(read_crs(source), read_crs(target))
    return Transformer.from_pipeline(f"+proj=pipeline +step +inv {back} +step {onto_target}")


def _known_shift(source: CRS, target: CRS) -> Transformer:
    """PROJ's way between two CRSs; where their datums differ, a shift that it knows before none.

    PROJ picks a way vertex by vertex, and moves nothing where it knows none for the very place: of a
    range in Beijing 1954 (EPSG:4214) the part in the Tarim moved by 45 m and the rest stayed.
    """
    plain = Transformer.from_crs(source, target, always_xy=True)
    if not source.datum or not target.datum or source.datum.name == target.datum.name:
        return plain
    # a vertex in the middle of the region: there are shifts in the register that can be carried out
    # nowhere (those of PZ-90.02 want heights), and systems between which nobody knows any
    west, south, east, north = source.area_of_use.bounds if source.area_of_use else (80, 40, 80, 40)
    try:
        datums = source.geodetic_crs, target.geodetic_crs
        shift = Transformer.from_crs(*datums, always_xy=True, allow_ballpark=False)
        middle = shift.transform((west + east) / 2, (south + north) / 2)
        strict = Transformer.from_crs(source, target, always_xy=True, allow_ballpark=False)
    except ProjError:
        return plain
    return strict if np.isfinite(middle).all() else plain


def _step(text: str) -> str:
    """The step of a pipeline from radians on WGS 84 to a CRS; nothing where that is not known for sure.

    PROJ arrives at these same two steps, to the last bit, after a search of five milliseconds for
    what two datums have to do with each other. Texts that say more than this are left to it.
    """
    if text == LONLAT:
        return "+proj=unitconvert +xy_in=rad +xy_out=deg"
    step_values = dict(word.partition("=")[::2] for word in text.split())
    expected = {"+datum": "WGS84", "+units": "m"}
    plain = step_values.keys() <= _PLAIN and all(
        step_values.get(key) == expected[key] for key in expected
    )
    return text if plain and step_values.get("+proj") in _METRES else ""


_METRES: Final = frozenset({"aea", "laea", "cea"})
_PLAIN: Final = frozenset(
    f"+{key}"
    for key in (
        *("proj", "lat_0", "lon_0", "lat_1", "lat_2", "lat_ts", "x_0", "y_0"),
        *("datum", "units", "no_defs", "type"),
    )
)
"""What the text of a projection in metres may say beside its name for :func:`_step` to know it."""


@runtime_checkable
class WrittenCrs(Protocol):
    """A coordinate system as pyproj or rasterio has it: it says itself in WKT."""

    def to_wkt(self) -> str:
        """All that is to be known of it, as text."""


AnyCrs = str | int | WrittenCrs
"""A coordinate system as text, by its number in EPSG, or as a library has it."""


def read_crs(value: Any) -> CRS:
    """A CRS however it is written down, each text read once: PROJ takes half a millisecond for one."""
    return _read_crs(value) if isinstance(value, str) else CRS.from_user_input(value)


@lru_cache(maxsize=256)
def _read_crs(text: str) -> CRS:
    return CRS.from_user_input(text)


def crs_name(crs: Any) -> str:
    """A CRS as people call it: its authority code, else its name, else its PROJ text."""
    system = CRS.from_user_input(crs)
    if authority := system.to_authority():
        return ":".join(authority)
    if system.name != "unknown":
        return system.name
    with warnings.catch_warnings():  # that PROJ text may lose detail: here it is for reading only
        warnings.simplefilter("ignore", UserWarning)
        return system.to_proj4()


# -- which systems keep areas ------------------------------------------------------------------------

_AREA_TOLERANCE: Final = 5e-4
"""How far an area may be off in a CRS that calls itself equal-area; a true one is off by 1e-6."""


def equal_area_fault(crs: Any) -> Note | None:
    """Why a coordinate system cannot carry areas in square metres; ``None`` where it can.

    Boxes of 2° over the CRS's own area of use (or around its centre) are measured twice: on the
    plane, with their edges densified, and on the ellipsoid (Karney 2013).

    References
    ----------
    Karney, C. F. F. (2013). Algorithms for geodesics. *Journal of Geodesy* 87, 43–55.
    doi:10.1007/s00190-012-0578-z
    """
    try:
        return _area_fault(read_crs(crs).srs)
    except ProjError:  # unknown, or of the Moon
        # Albers of northern Asia: of all codes that keep areas the nearest to where animals are here
        return Note("crs that PROJ knows expected", {"such": "ESRI:102025"})


def equal_area_crs(crs: AnyCrs) -> str:
    """An equal-area system as text, whether it came so, by its number or as pyproj has it.

    Raises
    ------
    InputError
        It is none, or one that PROJ does not know.

    Examples
    --------
    >>> equal_area_crs(6933)
    'EPSG:6933'
    """
    if fault := equal_area_fault(crs):
        raise InputError.of("crs fault", why=fault)
    return crs_text(crs)


def crs_text(crs: AnyCrs) -> str:
    """A coordinate system as text; text as it is, known or not."""
    if isinstance(crs, str):
        return crs
    return f"EPSG:{crs}" if isinstance(crs, Integral) else str(CRS.from_user_input(crs).srs)


@lru_cache(maxsize=256)
def _area_fault(text: str) -> Note | None:
    """The fault of a coordinate system, looked for once."""
    plane = read_crs(text)
    if not plane.is_projected:
        return Note(
            "crs not projected", {"name": crs_name(plane), "systems": Note("crs of regions")}
        )
    if (units := {axis.unit_name for axis in plane.axis_info}) != {"metre"}:
        facts = {"name": crs_name(plane), "units": in_short(sorted(units))}
        return Note("crs not in metres", facts | {"systems": Note("crs of regions")})
    to_plane = transformer(LONLAT, plane)
    worst = max((_area_error(to_plane, west, south) for west, south in _corners(plane)), key=abs)
    if np.isfinite(worst) and abs(worst) <= _AREA_TOLERANCE:
        return None
    off = (
        Note("area off", {"percent": 100 * worst})
        if np.isfinite(worst)
        else Note("crs ends inside the region")
    )
    return Note(
        "crs not equal-area",
        {"name": crs_name(plane), "off": off, "systems": Note("crs of regions")},
    )


def _corners(plane: CRS) -> list[tuple[float, float]]:
    """Nine places of a projection's region at which its areas are tried."""
    use = plane.area_of_use
    west, south, east, north = _around_centre(plane) if use is None else use.bounds
    # Boxes of 2° are laid a degree inside the region, and off the poles, where many projections
    # end.
    wide, high = max(east - west - 4, 0.0), max(min(north, 86.0) - max(south, -86.0) - 4, 0.0)
    return [
        (west + 1 + wide * x, max(south, -86.0) + 1 + high * y)
        for x in (0.0, 0.5, 1.0)
        for y in (0.0, 0.5, 1.0)
    ]


def _around_centre(plane: CRS) -> tuple[float, float, float, float]:
    """As much as the bundled study, 76° by 30°, around the centre of a projection that names no region.

    There it has no seam: half a turn from its middle meridian, any is torn.
    """
    operation = plane.coordinate_operation
    given = {} if operation is None else {fact.name: fact.value for fact in operation.params}
    x, y = (
        next((value for name, value in given.items() if word in name), 0.0)
        for word in ("asting", "orthing")  # "False easting", "Easting at false origin"
    )
    lon, lat = transformer(plane, LONLAT).transform(x, y)
    if not np.isfinite([lon, lat]).all():
        return 47.0, 24.0, 123.0, 54.0
    middle = float(np.clip(lat, -71.0, 71.0))
    return lon - 38.0, middle - 15.0, lon + 38.0, middle + 15.0


def _area_error(to_plane: Transformer, west: float, south: float) -> float:
    """Relative error of the area of a box of 2° on the plane; infinite where it cannot be drawn."""
    # A vertex each 0.05°: the edges of the box bend on the plane, and their chords would cost area.
    step = np.linspace(0.0, 2.0, 41)
    low, high = np.zeros_like(step), np.full_like(step, 2.0)
    lon = west + np.concatenate([step, high, step[::-1], low])
    lat = south + np.concatenate([low, step, high, step[::-1]])
    true, _ = Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)
    x, y = to_plane.transform(lon, lat)
    if not np.isfinite([x, y]).all():
        return float("inf")
    x, y = np.asarray(x) - np.mean(x), np.asarray(y) - np.mean(y)
    flat = 0.5 * abs(float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)))
    return flat / abs(true) - 1


# -- where longitudes end ----------------------------------------------------------------------------

_AT_POLE: Final = 90.0 - 1e-7
"""From this latitude on a vertex is the pole: a hundredth of a metre, and any longitude is as good."""


def whole_turn(west: float, east: float) -> float:
    """Degrees that bring longitudes of a map a whole turn off onto the globe; 0 where they are not.

    Examples
    --------
    >>> whole_turn(414.0, 415.0), whole_turn(-306.0, -305.0), whole_turn(179.0, 181.0)
    (-360.0, 360.0, 0.0)
    """
    if west >= 180 and 180 < east <= 540:
        return -360.0
    return 360.0 if east <= -180 and -540 <= west < -180 else 0.0


TURNED: Final = {-360.0: "longitudes past 180", 360.0: "longitudes past -180"}
"""What is told of longitudes that :func:`whole_turn` brings back, by what was added."""


def cut_at_180(shapes: NDArray[Any]) -> NDArray[Any]:
    """Shapes in longitude and latitude, lines and polygons cut where 180° runs through them.

    Parameters
    ----------
    shapes : array of geometries
        In degrees: from -180 to 180, as PROJ gives them, or counting on past that, as maps do that
        are laid out over the meridian. No edge is meant to span more than half the globe: one that
        does is taken to run the other way round, over 180°.

    Returns
    -------
    array of geometries
        A shape across 180° has a part on either side of it; a polygon around a pole reaches to the
        pole, as a map in degrees needs it. All others come back as they are.

    Examples
    --------
    >>> cut_at_180(np.array([shapely.LineString([(179, 60), (-179, 61)])]))[0].wkt
    'MULTILINESTRING ((179 60, 180 60.5), (-180 60.5, -179 61))'
    >>> cut_at_180(np.array([shapely.LineString([(179, 60), (181, 61)]), shapely.Point(190, 60)]))[1].wkt
    'POINT (-170 60)'
    """
    cut = np.asarray(shapes, dtype=object).copy()
    west, south, east, north = shapely.bounds(cut).T
    at_pole = (np.abs(south) >= _AT_POLE) | (np.abs(north) >= _AT_POLE)
    past = (west < -180) | (east > 180)
    is_point = shapely.get_dimensions(cut) == 0
    for row in np.flatnonzero(((east - west > 180) | at_pole | past) & ~is_point):
        cut[row] = shapely.union_all([_in_degrees(part) for part in shapely.get_parts(cut[row])])
    turned = past & is_point
    cut[turned] = shapely.transform(cut[turned], _within_180)
    return cut


def _within_180(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points with longitudes from -180 to 180."""
    return np.column_stack([(xy[:, 0] + 180.0) % 360.0 - 180.0, xy[:, 1]])


def counted_on(shapes: NDArray[Any], frame: tuple[float, float, float, float]) -> NDArray[Any]:
    """Shapes in degrees for a map that counts on past 180°: what was cut there is whole again.

    The inverse of :func:`cut_at_180`, for renderers that lay longitudes out on a plane.

    Parameters
    ----------
    shapes : array of geometries
        In degrees, from -180 to 180.
    frame : tuple of float
        West, south, east, north of the map. One that ends at 180° or before changes nothing.

    Returns
    -------
    array of geometries
        Longitudes run from the meridian opposite the middle of the map once round the globe.

    Examples
    --------
    >>> road = shapely.MultiLineString([[(179, 60), (180, 60)], [(-180, 60), (-179, 61)]])
    >>> counted_on(np.array([road]), (170, 50, 200, 70))[0].wkt
    'LINESTRING (179 60, 180 60, 181 61)'
    """
    if frame[2] <= 180.0:
        return shapes
    seam = (frame[0] + frame[2]) / 2 - 180.0  # opposite the middle: the farthest from what is shown
    whole_shapes = np.asarray(shapes, dtype=object).copy()
    west, _, east, _ = shapely.bounds(whole_shapes).T
    for row in np.flatnonzero(west < seam):
        behind = shapely.intersection(whole_shapes[row], shapely.box(-181, -91, seam, 91))
        behind = translate(behind, xoff=360.0)
        if east[row] > seam:
            ahead = shapely.intersection(whole_shapes[row], shapely.box(seam, -91, 181, 91))
            behind = shapely.union(ahead, behind)
        is_line = shapely.get_dimensions(behind) == 1
        whole_shapes[row] = shapely.line_merge(behind) if is_line else behind
    return whole_shapes


def narrowest_bounds(
    shapes: NDArray[Any] | Sequence[Any],
) -> tuple[float, float, float, float] | None:
    """West, south, east, north of shapes in degrees, ``None`` without any; over 180° `east` counts on.

    Cut at 180°, a region reaches from -180 to 180. Counted on it is as wide as it is. Where that is no
    narrower, as round a pole, it goes round the globe.

    Examples
    --------
    >>> narrowest_bounds([shapely.box(177, 60, 180, 62), shapely.box(-180, 60, -175, 61)])
    (177.0, 60.0, 185.0, 62.0)
    """
    boxes = shapely.bounds(shapely.get_parts(np.asarray(shapes, dtype=object)))
    boxes = boxes[~np.isnan(boxes[:, 0])]
    if not len(boxes):
        return None
    on = boxes + np.where(boxes[:, :1] < 0, [[360.0, 0.0, 360.0, 0.0]], 0.0)
    if np.ptp(boxes[:, ::2]) > 180.0 > np.ptp(on[:, ::2]):
        boxes = on
    west, south = boxes[:, :2].min(axis=0).tolist()
    east, north = boxes[:, 2:].max(axis=0).tolist()
    return west, south, east, north


def frame_around(
    bounds: tuple[float, float, float, float], beside: float, above: float
) -> tuple[float, float, float, float]:
    """The frame of a map in degrees: bounds with a margin, out to whole degrees, counting on over 180°."""
    west, south, east, north = bounds
    west, south = math.floor(west - beside) * 1.0, math.floor(south - above) * 1.0
    east, north = math.ceil(east + beside) * 1.0, math.ceil(north + above) * 1.0
    return _once_round(west, south, east, north)


def widened(
    bounds: tuple[float, float, float, float], degrees: float
) -> tuple[float, float, float, float]:
    """Bounds in degrees with a margin on all sides, counting on over 180°.

    Examples
    --------
    >>> widened((-178.0, 60.0, -170.0, 62.0), 5.0)
    (177.0, 55.0, 195.0, 67.0)
    """
    west, south, east, north = bounds
    return _once_round(west - degrees, south - degrees, east + degrees, north + degrees)


def _once_round(
    west: float, south: float, east: float, north: float
) -> tuple[float, float, float, float]:
    """A frame in degrees that begins on the globe and goes round it once at most."""
    if east - west >= 360.0:
        return -180.0, south, 180.0, north
    turn = 360.0 if west < -180.0 else 0.0  # its margin lies on the other side
    return west + turn, south, east + turn, north


def frames_on_globe(
    frame: tuple[float, float, float, float],
) -> list[tuple[float, float, float, float]]:
    """A frame as files have it, from -180 to 180: one that counts on past 180° as the two beside it."""
    west, south, east, north = frame
    if east <= 180.0:
        return [frame]
    return [(west, south, 180.0, north), (-180.0, south, east - 360.0, north)]


def _in_degrees(part: Any) -> Any:
    """A line or polygon whose longitudes jump, in the parts that it has from -180° to 180°."""
    if part.geom_type != "Polygon":
        return _folded(shapely.LineString(_counting_on(shapely.get_coordinates(part))))
    outer, *holes = (
        _folded(shapely.Polygon(_around_pole(_counting_on(_from_below(ring)))))
        for ring in (part.exterior, *part.interiors)
    )
    return shapely.difference(outer, shapely.union_all(holes)) if holes else outer


def _from_below(ring: Any) -> NDArray[np.float64]:
    """The vertices of a ring from the one farthest from both poles on, the first again at the end."""
    xy = shapely.get_coordinates(ring)[:-1]
    xy = np.roll(xy, -int(np.abs(xy[:, 1]).argmin()), axis=0)
    return np.vstack([xy, xy[:1]])


def _counting_on(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vertices whose longitudes count on past 180°; at a pole, once on either meridian that meets it."""
    is_pole = np.abs(xy[:, 1]) >= _AT_POLE
    is_pole[[0, -1]] = False
    twice = np.repeat(xy, np.where(is_pole, 2, 1), axis=0)
    at = np.flatnonzero(is_pole) + np.arange(is_pole.sum())
    twice[at, 0], twice[at + 1, 0] = twice[at - 1, 0], twice[(at + 2) % len(twice), 0]
    steps = (np.diff(twice[:, 0]) + 180.0) % 360.0 - 180.0
    # whole turns are added, so that longitudes that do not jump keep every digit
    turns = np.round((twice[0, 0] + np.cumsum(steps) - twice[1:, 0]) / 360.0)
    return np.column_stack([twice[:, 0] + 360.0 * np.append(0.0, turns), twice[:, 1]])


def _around_pole(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    """A ring that comes back a whole turn later has a pole in it: closed over the pole."""
    (first, _), (last, _) = ring[0], ring[-1]
    if abs(last - first) < 180:
        return ring
    pole = np.copysign(90.0, ring[:, 1].mean())
    return np.vstack([ring, [(last, pole), (first, pole), ring[0]]])


def _folded(shape: Any) -> Any:
    """A shape whose longitudes count on, cut at each odd multiple of 180° and put side by side."""
    if shape.geom_type == "Polygon" and not shape.is_valid:
        shape = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    if shape.is_empty:  # it enclosed no ground
        return shape
    west, _, east, _ = shape.bounds
    turns = range(int((west + 180) // 360), int((east + 180) // 360) + 1)
    strips = []
    for turn in turns:
        left = 360 * turn - 180
        strip = shapely.clip_by_rect(shape, left, -90, left + 360, 90)
        strips.append(translate(strip, xoff=-360 * turn))
    return shapely.union_all([strip for strip in strips if strip.area > 0 or shape.area == 0])
