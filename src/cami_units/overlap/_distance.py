"""Distances on the ground between sites, borders and layers.

The nearest points of two geometries are looked for in the projection, piece by piece, and the way
between them is measured along the ellipsoid. The projection may be wrong about *which* point of a
piece is nearest, by a small angle; what that adds to the distance is of second order. Against
geodesics to points every 100 m of a border, 6,900 cells within 50 km of it were off by at most
0.07 km (the distance in the projection by 0.7 km).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS, Geod, Proj

from cami_units.model import LONLAT, InputError, check_arguments, transformer
from cami_units.overlap._arrays import Floats, Geometries, Positions, Truths
from cami_units.overlap._input_checks import check_inputs, column_names, geometries
from cami_units.overlap._lattice import cell_km2, cells_of, window_km2, window_of
from cami_units.overlap._pieces import MOST_CORNERS, line_pieces
from cami_units.overlap._split import of_dimension

_PIECE_M: Final = 5_000
"""Lines are cut this short, so that every bend of a border is a candidate for the nearest."""

# And with this few vertices: the box around a piece then lies close to it, and few boxes meet.
_PIECE_VERTICES: Final = 64

# Pairs that are measured together: memory is bounded by them, however many sites there are.
_BATCH: Final = 500_000

_MOST_PAIRS: Final = 1_000_000
"""Pieces of a site times those of a line: above it the nearest are looked for line by line."""

_SAMPLES: Final = 9
"""The stretch of a projection is looked up at this many places across and down."""

_MARGIN: Final = 1.01
"""Room for what the projection does between those places."""

REACH_KM: Final = 300.0
"""Ground farther off than this is no neighbour of a site."""

_STEPS: Final = 24
"""Halvings of the reach: the last one is 2 cm."""

_STEPS_OF_SQUARES: Final = 12
"""Halvings for a site told by squares: the last one is 73 m, less than squares of 100 m and more are off."""

_PLAIN_M: Final = 100.0
"""Bends of a site smaller than this are nothing beside the reach."""

_FEW_PARTS: Final = 5
"""As many parts have circles around them in no time, whatever way they are put together."""

_MOST_PARTS: Final = 50
"""A site of more, or of :data:`MOST_CORNERS`, is told by squares before ground is looked for around it: a second at most."""

_MOST_SIMPLIFIED: Final = 100_000
"""Corners that are looked through for small bends: more than any outline that people draw has."""

_SQUARES: Final = 200
"""So many across a site of many parts: half a per cent of its width is nothing on a map of it."""

Near = tuple[Positions, Positions, Floats]


def distance_km(
    sites: gpd.GeoDataFrame | gpd.GeoSeries,
    lines: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    within_km: float = 500,
) -> pd.Series:
    """Geodesic distance from each site to the nearest of the lines, in km.

    Parameters
    ----------
    sites, lines : GeoDataFrame or GeoSeries
        Any geometry, in one projected CRS.
    within_km : float, default 500
        How far to look. The further, the slower.

    Returns
    -------
    Series
        One value a site, with the index of `sites`: 0 where they touch, infinity where no line is
        within `within_km`.
    """
    site_frame, line_frame = _frame(sites), _frame(lines)
    crs = check_inputs({"sites": (site_frame, []), "lines": (line_frame, [])})
    i, _, km = _within(geometries(site_frame), geometries(line_frame), crs, within_km)
    nearest = np.full(len(site_frame), np.inf)
    np.minimum.at(nearest, i, km)
    return pd.Series(nearest, index=sites.index, name="distance_km")


def borders_within(
    sites: gpd.GeoDataFrame,
    borders: gpd.GeoDataFrame,
    *,
    within_km: float = 50,
    site: str = "unit_id",
    by: Sequence[str] = ("pair",),
) -> pd.DataFrame:
    """The borders that lie within some distance of each site.

    Parameters
    ----------
    sites : GeoDataFrame
        Polygons with a unique column `site`, in an equal-area CRS.
    borders : GeoDataFrame
        Lines with the columns `by`.
    within_km : float, default 50
        Geodesic distance in km, from the nearest point of the site.

    Returns
    -------
    DataFrame
        `site`, `by`, ``km`` (0: the border touches the site), in the order of the sites, then of
        the keys.
    """
    by = list(by)
    tables = {"sites": (sites, [site]), "borders": (borders, by)}
    crs = check_inputs(tables, sites="sites", site=site)
    i, j, km = _within(geometries(sites), geometries(borders), crs, within_km)
    return _table(sites, borders, site, by, i, j, km)


def near(
    sites: gpd.GeoDataFrame,
    layer: gpd.GeoDataFrame,
    *,
    by: str | Sequence[str],
    within_km: float,
    site: str = "pu_id",
    among: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Which features of a layer lie within some distance of each site, or in it.

    Made for many sites: most pairs are settled in the projection, which is known to change
    distances by at most a few per cent; only what falls between is measured on the ellipsoid.

    Parameters
    ----------
    sites : GeoDataFrame
        Polygons or points with a unique column `site`, in an equal-area CRS.
    layer : GeoDataFrame
        Any one kind of geometry, with the columns `by`.
    within_km : float
        Geodesic distance in km between nearest points.
    among : DataFrame, optional
        `site` and the first of `by`: the only pairs that are asked about. ``None``: all.

    Returns
    -------
    DataFrame
        `site` and `by`, each pair once, in the order of the sites, then of the keys.

    Examples
    --------
    >>> import cami_units as cu
    >>> import geopandas as gpd, shapely
    >>> cell = gpd.GeoDataFrame(
    ...     {"pu_id": ["a"]}, geometry=[shapely.box(0, 0, 10_000, 10_000)], crs=cu.EQUAL_AREA
    ... )
    >>> far = gpd.GeoDataFrame(
    ...     {"iso2": ["AA"]}, geometry=[shapely.box(50_000, 0, 60_000, 10_000)], crs=cu.EQUAL_AREA
    ... )
    >>> [len(cu.near(cell, far, site="pu_id", by=("iso2",), within_km=km)) for km in (30, 50)]
    [0, 1]
    """
    check_arguments(near, locals())
    by = column_names(by)
    crs = check_inputs({"sites": (sites, [site]), "layer": (layer, by)})
    _check_key(sites, site)
    check_reach(within_km)
    shapes, rows = geometries(sites), geometries(layer)
    if not len(shapes) or not len(rows):
        return _table(sites, layer, site, by, np.empty(0, np.intp), np.empty(0, np.intp))
    factor = stretch(crs, shapely.total_bounds(shapes), within_km)
    # Nearer than the shortest is near whatever the projection does to distances, and farther than
    # the longest is not: only what lies between is measured on the ellipsoid.
    shortest, longest = within_km * 1000 / factor, within_km * 1000 * factor
    i, row = _sharing_area(sites, rows)
    row_maybe, i_maybe = shapely.STRtree(shapes).query(_boxes(rows, longest))
    if among is not None:
        is_asked = _asked(sites[site], layer[by[0]], among)
        i, row = i[is_asked[i, row]], row[is_asked[i, row]]
        is_pair_asked = is_asked[i_maybe, row_maybe]
        i_maybe, row_maybe = i_maybe[is_pair_asked], row_maybe[is_pair_asked]
    not_yet = ~np.isin(row_maybe * len(shapes) + i_maybe, row * len(shapes) + i)
    row_maybe, i_maybe = row_maybe[not_yet], i_maybe[not_yet]
    # Rows are few and large, and each is asked about many sites.
    shapely.prepare(rows)
    # The shorter way first: most of what lies within the longer one is nearer than that, too.
    sure = shapely.dwithin(rows[row_maybe], shapes[i_maybe], shortest)
    found_i, found_row = [i, i_maybe[sure]], [row, row_maybe[sure]]
    row_maybe, i_maybe = row_maybe[~sure], i_maybe[~sure]
    unsure = shapely.dwithin(rows[row_maybe], shapes[i_maybe], longest)
    row_maybe, i_maybe = row_maybe[unsure], i_maybe[unsure]
    parts, part_of = _short_pieces(rows[np.unique(row_maybe)])
    # A row at a time: together, every unsure site would be measured to every unsure row.
    for place, number in enumerate(np.unique(row_maybe)):
        asking = i_maybe[row_maybe == number]
        pieces, piece_of = _short_pieces(shapes[asking])
        near_parts = parts[part_of == place]
        at, part = meeting(pieces, near_parts, longest)
        close_pieces = piece_of[at[_ways_km(pieces[at], near_parts[part], crs) <= within_km]]
        found_i.append(asking[np.unique(close_pieces)])
        found_row.append(np.full(len(found_i[-1]), number))
    return _table(sites, layer, site, by, np.concatenate(found_i), np.concatenate(found_row))


def pairs_apart(
    polygons: gpd.GeoDataFrame, *, key: str, group: str, within_km: float
) -> pd.DataFrame:
    """Pairs of different groups that are at most some distance apart.

    For protected areas (`key`) of different states (`group`) near a border.

    Parameters
    ----------
    polygons : GeoDataFrame
        Any geometry with a unique column `key` and a column `group`.
    key, group : str
        Column names.
    within_km : float
        Geodesic distance in km between nearest points; 0 where they touch or overlap.

    Returns
    -------
    DataFrame
        ``key_a``, ``key_b``, ``pair`` (the groups, ``KZ;UZ``, in alphabetical order; `key_a` is
        of the first), ``km``; sorted by the keys.
    """
    crs = check_inputs({"the layer": (polygons, [key, group])})
    _check_key(polygons, key)
    table = polygons.sort_values([group, key], ignore_index=True)
    shapes, groups = geometries(table), pd.factorize(table[group])[0]
    i, j, km = _within(shapes, shapes, crs, within_km, groups=groups)
    names = table[group].astype(str).to_numpy()
    pairs = pd.DataFrame(
        {
            "key_a": table[key].array.take(i),
            "key_b": table[key].array.take(j),
            "pair": [f"{names[a]};{names[b]}" for a, b in zip(i, j, strict=True)],
            "km": km,
        }
    )
    return pairs.sort_values(["key_a", "key_b"], ignore_index=True)


def _table(
    sites: gpd.GeoDataFrame,
    layer: gpd.GeoDataFrame,
    site: str,
    by: list[str],
    i: Positions,
    j: Positions,
    km: Floats | None = None,
) -> pd.DataFrame:
    """Sites and keys, each pair once with its least distance."""
    table = pd.DataFrame({"place": i, site: sites[site].array.take(i)})
    for column in by:
        table[column] = layer[column].array.take(j)
    if km is not None:
        table["km"] = km
    # The distance comes last: of several rows of one key the nearest is the one that is kept.
    table = table.sort_values(["place", *by, *(["km"] if km is not None else [])])
    return table.drop_duplicates(["place", *by]).drop(columns="place").reset_index(drop=True)


def _within(
    sites: Geometries,
    lines: Geometries,
    crs: CRS,
    within_km: float,
    *,
    groups: Positions | None = None,
) -> Near:
    """Positions of the pairs within a distance, and that distance; sorted.

    With `groups`, `sites` and `lines` are the same: only pairs whose first group is the smaller.
    """
    check_reach(within_km)
    if not len(sites) or not len(lines):
        return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0)
    # Of whole shapes: a large polygon is only its outline below, and what lies well inside is far
    # from it.
    meet_i, meet_j = meeting(sites, lines)
    one_parts, one_of = _short_pieces(sites)
    other_parts, other_of = _short_pieces(lines)
    # As far as the projection may draw what is this near on the ground.
    factor = stretch(crs, shapely.total_bounds(sites), within_km)
    reach = within_km * 1000 * factor
    pairs = np.bincount(one_of, minlength=len(sites)) * np.bincount(other_of).max(initial=0)
    is_fine = pairs > _MOST_PAIRS
    coarse = np.flatnonzero(~is_fine[one_of])
    i, j = meeting(one_parts[coarse], other_parts, reach)
    i = coarse[i]
    for site in np.flatnonzero(is_fine):
        own_pieces = np.flatnonzero(one_of == site)
        if groups is None:  # what it meets is 0 km off
            goals = np.flatnonzero(~np.isin(other_of, meet_j[meet_i == site]))
        else:  # of two ways between groups one is asked for
            goals = np.flatnonzero(groups[other_of] > groups[site])
        part, goal = _nearest_pieces(
            one_parts[own_pieces], other_parts[goals], other_of[goals], reach, factor
        )
        i, j = np.append(i, own_pieces[part]), np.append(j, goals[goal])
    # Before anything is measured: this way half of the pairs, and all of one group, cost nothing.
    if groups is not None:
        in_order = groups[one_of[i]] < groups[other_of[j]]
        i, j = i[in_order], j[in_order]
        in_order = groups[meet_i] < groups[meet_j]
        meet_i, meet_j = meet_i[in_order], meet_j[in_order]
    km = _ways_km(one_parts[i], other_parts[j], crs)
    table = pd.DataFrame(
        {
            "i": np.append(one_of[i], meet_i),
            "j": np.append(other_of[j], meet_j),
            "km": np.append(km, np.zeros(len(meet_i))),
        }
    )
    table = table[table.km <= within_km].groupby(["i", "j"])["km"].min().reset_index()
    return (table.i.to_numpy(np.intp), table.j.to_numpy(np.intp), table.km.to_numpy(np.float64))


def _nearest_pieces(
    parts: Geometries, goals: Geometries, goal_of: Positions, reach: float, factor: float
) -> tuple[Positions, Positions]:
    """Positions of the pieces of one shape, and of goals, that may be the nearest of a goal's shape."""
    tree = shapely.STRtree(parts)
    (goal, _), metres = tree.query_nearest(
        goals, max_distance=max(reach, 1.0), return_distance=True, all_matches=False
    )
    least_metres = np.full(goal_of.max(initial=-1) + 1, np.inf)
    np.minimum.at(least_metres, goal_of[goal], metres)
    # The projection draws a way shorter or longer by `factor` at most, so that the nearest on the
    # ground is drawn longer than another by its square at most; a metre for the sums of floats.
    limit = least_metres[goal_of[goal]] * factor**2 + 1
    goal, limit = goal[metres <= limit], limit[metres <= limit]
    at, part = tree.query(goals[goal], predicate="dwithin", distance=limit)
    return part, goal[at]


def _ways_km(starts: Geometries, goals: Geometries, crs: CRS) -> Floats:
    """The ways between the nearest points of pairs, along the ellipsoid, in km."""
    km = np.zeros(len(starts))
    for start in range(0, len(starts), _BATCH):
        batch = slice(start, start + _BATCH)
        km[batch] = geodesic_km(shapely.shortest_line(starts[batch], goals[batch]), crs)
    return km


def meeting(
    sites: Geometries, lines: Geometries, metres: float = 0.0
) -> tuple[Positions, Positions]:
    """Positions of the pairs at most so many metres apart in the projection; 0: that meet."""
    few, many = (sites, lines) if len(sites) <= len(lines) else (lines, sites)
    # the tree is made of the many: each geometry that asks is prepared, which costs more
    tree = shapely.STRtree(many)
    if metres > 0:
        few_at, many_at = tree.query(few, predicate="dwithin", distance=metres)
    else:
        few_at, many_at = tree.query(few, predicate="intersects")
    return (few_at, many_at) if few is sites else (many_at, few_at)


def _short_pieces(geometry: Geometries) -> tuple[Geometries, Positions]:
    """Small polygons whole, the outlines of large ones and lines in pieces, points.

    Outlines are enough: what lies inside a polygon intersects it.
    """
    parts, owner = shapely.get_parts(geometry, return_index=True)
    # Whole shapes may be of several kinds, their parts are not.
    dimension = shapely.get_dimensions(parts)
    large = (dimension == 2) & (shapely.get_num_coordinates(parts) > _PIECE_VERTICES)
    outline, outline_of = line_pieces(shapely.boundary(parts[large]), max_vertices=_PIECE_VERTICES)
    is_line = dimension == 1
    line, line_of = line_pieces(parts[is_line], max_vertices=_PIECE_VERTICES, metres=_PIECE_M)
    untouched = ~large & ~is_line
    return (
        np.concatenate([parts[untouched], outline, line]),
        np.concatenate([owner[untouched], owner[large][outline_of], owner[is_line][line_of]]),
    )


def _sharing_area(sites: gpd.GeoDataFrame, rows: Geometries) -> tuple[Positions, Positions]:
    """Positions of sites and rows that surely meet: on a lattice, at the price of a coverage."""
    flat = shapely.get_dimensions(rows) == 2
    cells = cells_of(sites) if flat.all() else None
    if cells is None:
        return meeting(geometries(sites), rows)
    i, row, _ = cell_km2(cells, rows)
    return i.astype(np.intp), row.astype(np.intp)


def _asked(sites: pd.Series[Any], keys: pd.Series[Any], among: pd.DataFrame) -> Truths:
    """For each site and row of a layer, whether the pair of its names is one of those asked about."""
    names = pd.Index(keys.unique())
    of_key = np.zeros((len(sites), len(names)), dtype=bool)
    code = names.get_indexer(pd.Index(among.iloc[:, 1]))
    of_key[pd.Index(sites).get_indexer(pd.Index(among.iloc[:, 0]))[code >= 0], code[code >= 0]] = (
        True
    )
    return of_key[:, names.get_indexer(pd.Index(keys))]


def _boxes(geometry: Geometries, metres: float) -> Geometries:
    """The bounding boxes, wider by some metres on each side."""
    west, south, east, north = shapely.bounds(geometry).T
    return np.asarray(shapely.box(west - metres, south - metres, east + metres, north + metres))


def _frame(table: gpd.GeoDataFrame | gpd.GeoSeries) -> gpd.GeoDataFrame:
    return table.to_frame("geometry") if isinstance(table, gpd.GeoSeries) else table


def check_reach(within_km: float) -> None:
    """Refuse a distance that is none."""
    if not within_km >= 0:
        raise InputError(f"A distance of 0 km or more is expected, got {within_km!r}.")


def _check_key(table: gpd.GeoDataFrame, key: str) -> None:
    """Refuse a key that stands twice."""
    if table[key].duplicated().any():
        repeated = table[key][table[key].duplicated()].unique()
        raise InputError(f"{key} must be unique; repeated: {', '.join(map(str, repeated[:5]))}.")


def nearest_ground(site: Any, grounds: gpd.GeoSeries, km2: Iterable[float]) -> Any:
    """The ground nearest to a site, and outside of it, of which one of `grounds` has enough.

    Parameters
    ----------
    site : geometry
        A polygon in the equal-area CRS of the grounds, in metres.
    grounds : GeoSeries
        Polygons.
    km2 : iterable of float
        How much is asked for of each.

    Returns
    -------
    geometry or None
        Of one ground, everything within the least distance that gives enough. ``None`` where none
        has enough within :data:`REACH_KM`.
    """
    start = _few_corners(site)
    steps = _STEPS if start is not None else _STEPS_OF_SQUARES
    if start is None:
        site, start = _in_squares(site)
    # What lies wholly beyond the reach is not cut at all: most grounds of a region do.
    within = grounds.distance(site).to_numpy() <= 1000 * REACH_KM
    outlines = [
        _enough_ground(site, start, ground, asked_km2, steps)
        for ground, asked_km2, near_enough in zip(grounds, km2, within, strict=True)
        if near_enough
    ]
    outlines = [outline for outline in outlines if not outline.is_empty]
    # Of equally near grounds the smaller one, so that the answer does not hang on their order.
    return min(outlines, key=lambda outline: (outline.distance(site), outline.area), default=None)


def _enough_ground(site: Any, start: Any, ground: Any, km2: float, steps: int) -> Any:
    """The nearest part of one ground with at least so many km²; empty where it is too far or small.

    Outside of the site; how near it is, is asked from `start`, a plainer outline of it.
    """
    west, south, east, north = shapely.bounds(site)
    reach = 1000 * REACH_KM
    # GEOS takes as long as there are vertices: a ground of a whole region is cut to the reach once.
    frame = shapely.box(west - reach, south - reach, east + reach, north + reach)
    free = _polygons(shapely.difference(shapely.intersection(ground, frame), site))
    low, high = 0.0, reach
    # Asked first: without it, the halvings would end at the reach and return too little as enough.
    if shapely.area(_ground_within(start, free, high)) / 1e6 < km2:
        return shapely.Polygon()
    for _ in range(steps):
        middle = (low + high) / 2
        enough = shapely.area(_ground_within(start, free, middle)) / 1e6 >= km2
        low, high = (low, middle) if enough else (middle, high)
    # The upper end: of the two it is the one that is known to have enough.
    return _polygons(_ground_within(start, free, high))


def _few_corners(site: Any) -> Any:
    """A site without its small bends; ``None`` where it has too many parts or corners all the same."""
    # Counted first: GEOS takes a second to simplify a million corners, a minute for 100,000 parts.
    if (
        shapely.get_num_geometries(site) > _MOST_PARTS
        or shapely.get_num_coordinates(site) > _MOST_SIMPLIFIED
    ):
        return None
    plain = shapely.simplify(site, _PLAIN_M)
    return plain if shapely.get_num_coordinates(plain) <= MOST_CORNERS else None


def _in_squares(site: Any) -> tuple[Any, Any]:
    """The squares of a lattice that a site of many parts or corners has a share of; and plainer.

    GEOS sends out a circle from every part and corner and cuts each by each other: 26 times for
    600 crumbs of an outline that crosses itself took 80 s. Distances from the squares are off by
    their diagonal at most.
    """
    west, south, east, north = shapely.bounds(site)
    metres = max(_PLAIN_M, max(east - west, north - south) / _SQUARES)
    while True:
        rows = math.floor(south / metres), math.ceil(north / metres)
        cols = math.floor(west / metres), math.ceil(east / metres)
        window = window_of(rows, cols, step_m=metres, corner_m=(0.0, 0.0))
        _, row, col, _ = window_km2(window, np.array([site]))
        x, y = col * metres, row * metres
        squares = shapely.coverage_union_all(shapely.box(x, y, x + metres, y + metres))
        if shapely.get_num_geometries(squares) <= _MOST_PARTS:
            return squares, shapely.simplify(squares, metres)
        metres *= 2


def _ground_within(site: Any, ground: Any, metres: float) -> Any:
    """The ground within some distance of a site, and the lines and points that touch its rim."""
    if shapely.get_num_geometries(site) <= _FEW_PARTS:
        reach = shapely.buffer(site, metres, quad_segs=8)
    else:  # the same ground; in one go, every circle of a part is cut by every other's
        reach = shapely.union_all(shapely.buffer(shapely.get_parts(site), metres, quad_segs=8))
    return shapely.intersection(ground, reach)


def _polygons(shape: Any) -> Any:
    """What of a shape is polygon."""
    return of_dimension(gpd.GeoSeries([shape]).to_numpy(), 2)[0]


def direction(site: Any, ground: Any, crs: Any) -> str:
    """The side of a site, seen from its middle, on which ground lies: "N", "NE" and so on."""
    return _SIDES[side_of(shapely.centroid(ground), shapely.centroid(site), crs)]


_SIDES: Final = ("E", "NE", "N", "NW", "W", "SW", "S", "SE")


def side_of(place: Any, middle: Any, crs: Any) -> int:
    """The side of a middle that a place lies on: 0 east, then against the clock by eighths.

    By longitude and latitude: far from its middle meridian a projection's up is not north.
    """
    lon, lat = transformer(crs, LONLAT).transform(*shapely.get_coordinates([place, middle]).T)
    # the short way round: over the date line, 179°E to 179°W are 2° and not 358
    east = (lon[0] - lon[1] + 180.0) % 360.0 - 180.0
    # a degree of longitude is shorter than one of latitude
    east *= math.cos(math.radians((lat[0] + lat[1]) / 2))
    return round(math.atan2(lat[0] - lat[1], east) / (math.pi / 4)) % 8


def line_points(lines: gpd.GeoDataFrame, *, every_km: float) -> tuple[Floats, Positions, Floats]:
    """A point in the middle of each stretch of lines, for programs that count points.

    Parameters
    ----------
    lines : GeoDataFrame
        Lines in a projected CRS, in metres.
    every_km : float
        About how long a stretch is, on the plane; each part of a line has one at least.

    Returns
    -------
    (n, 2) array of float, array of int, array of float
        Coordinates of the points, the position of each one's line, and the metres on the ground
        (geodesic) that it stands for: those of a part add up to its length.
    """
    parts, owner = shapely.get_parts(np.asarray(lines.geometry), return_index=True)
    length = shapely.length(parts)
    # The nearest whole number of stretches, all alike, so that no rest is left at the end of a
    # line.
    count = np.maximum(np.rint(length / (1000 * every_km)), 1).astype(int)
    part = np.repeat(np.arange(len(parts)), count)
    number = np.arange(len(part)) - np.repeat(np.cumsum(count) - count, count)
    at = (number + 0.5) * (length / count)[part]
    xy = _along(parts, part, at)
    ground = geodesic_km(parts, lines.crs) * 1000
    return xy, owner[part], (ground / count)[part]


def _along(lines: Geometries, line: Positions, at: Floats) -> Floats:
    """The places at some metres along lines: `line` is the number of each place's line.

    One walk over all vertices. GEOS begins at the start of a line for each place on it, which takes
    a second for the borders of a continent.
    """
    xy, of_line = shapely.get_coordinates(lines, return_index=True)
    step = np.hypot(*np.diff(xy, axis=0, prepend=xy[:1]).T)
    begins = np.searchsorted(of_line, np.arange(len(lines)))
    step[begins] = 0.0  # from one line to the next there is no way
    metres = np.cumsum(step)
    place = at + metres[begins[line]]
    # the last vertex before each place, of its own line, and not the end of it
    ends = np.append(begins[1:], len(xy)) - 1
    vertex = np.searchsorted(metres, place, "right") - 1
    vertex = np.clip(vertex, begins[line], ends[line] - 1)
    edge = metres[vertex + 1] - metres[vertex]
    share = np.divide(place - metres[vertex], edge, out=np.zeros_like(place), where=edge > 0)
    places: Floats = xy[vertex] + share[:, None] * (xy[vertex + 1] - xy[vertex])
    return places


def lonlat(xy: Floats, crs: CRS) -> tuple[Floats, Floats]:
    """Longitude and latitude of points, on the ellipsoid of their own CRS."""
    lon, lat = transformer(crs, crs.geodetic_crs).transform(xy[:, 0], xy[:, 1])
    return np.asarray(lon), np.asarray(lat)


def geodesic_km(lines: Geometries, crs: CRS) -> Floats:
    """Sum of the geodesic lengths of the edges of each line, in km; 0 for points and nothing."""
    parts, owner = shapely.get_parts(lines, return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    first = np.flatnonzero(part[1:] == part[:-1])
    if len(first) == 0:
        return np.zeros(len(lines))
    lon, lat = lonlat(xy, crs)
    _, _, metres = _geod(crs).inv(lon[first], lat[first], lon[first + 1], lat[first + 1])
    return np.bincount(owner[part[first]], np.asarray(metres), minlength=len(lines)) / 1000


def stretch(crs: CRS, bounds: Floats, reach_km: float = 0.0) -> float:
    """The factor by which the projection changes distances within `bounds` and so far around, at most.

    An equal-area projection that stretches one way by this factor shrinks the other way by it.
    """
    # ways lead out of the bounds, to where the projection changes distances by more
    reach = 1000 * reach_km * stretch(crs, bounds) if reach_km > 0 else 0.0
    west, south, east, north = np.asarray(bounds) + reach * np.array([-1, -1, 1, 1])
    x, y = np.meshgrid(np.linspace(west, east, _SAMPLES), np.linspace(south, north, _SAMPLES))
    lon, lat = lonlat(np.column_stack([x.ravel(), y.ravel()]), crs)
    # Corners of a box around a region may lie off the edge of the projection.
    on_globe = np.isfinite(lon) & np.isfinite(lat)
    factors = Proj(crs).get_factors(lon[on_globe], lat[on_globe])
    largest = np.asarray(factors.tissot_semimajor)
    smallest = np.asarray(factors.tissot_semiminor)
    change = np.maximum(largest, 1 / smallest)
    return _MARGIN * float(change[np.isfinite(change)].max(initial=1.0))


def _geod(crs: CRS) -> Geod:
    """The ellipsoid of a CRS."""
    geod = crs.get_geod()
    if geod is None:  # pragma: no cover - a projected CRS has an ellipsoid
        raise ValueError(f"{crs.name} has no ellipsoid")
    return geod
