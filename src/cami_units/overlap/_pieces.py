"""Shapes cut into small pieces, so that what is measured is near what it is measured with; and joined.

GEOS visits every vertex of both geometries in each intersection. Cut once into pieces of a few
hundred vertices, a range of 50,000 meets a site with the few pieces that lie there. Cuts are exact
to the rounding of coordinates; areas and lengths of pieces add up to those of the whole.
Shapes are joined the same whatever order they come in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final
from weakref import finalize

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.model import RANGE_WEIGHT
from cami_units.overlap._arrays import Floats, Geometries, Positions, Truths
from cami_units.overlap._split import MANY_PARTS, of_dimension

MOST_VERTICES: Final = 1024
"""Above this a piece is halved. Measured: 300 sites over ranges of 50,000 vertices are fastest."""

_MOST_ROUNDS: Final = 40
"""Halving stops here at the latest: 2⁻²⁰ of the range's width is centimetres."""


def polygon_pieces(geometry: Geometries) -> tuple[Geometries, Positions]:
    """Polygons of at most about :data:`MOST_VERTICES` vertices, and the position each one comes from.

    A large polygon is cut once, for as long as it is there: a state is laid under its sites, under
    the deep parts of them, and under every other way to draw them.
    """
    is_large = shapely.get_num_coordinates(geometry) > MOST_VERTICES
    large = np.flatnonzero(is_large)
    uncut = np.array([at for at in large if id(geometry[at]) not in _PIECES], dtype=np.intp)
    parts, owner = _cut_pieces(geometry[uncut])
    for number, shape in enumerate(geometry[uncut]):
        _PIECES[id(shape)] = parts[owner == number]
        finalize(shape, _PIECES.pop, id(shape), None)
    pieces = [_PIECES[id(shape)] for shape in geometry[large]]
    parts, owner = shapely.get_parts(geometry[~is_large], return_index=True)
    parts = np.concatenate([parts, *pieces])
    owner = np.flatnonzero(~is_large)[owner]
    owner = np.append(owner, np.repeat(large, [len(cut) for cut in pieces]))
    order = np.argsort(owner, kind="stable")
    return parts[order], owner[order]


def pieces_of_giants(geometry: Geometries) -> tuple[Geometries, Positions]:
    """Polygons, those of more than :data:`MOST_CORNERS` in pieces, and the position each comes from.

    For what GEOS does with whole shapes, in a time that grows with the square of their edges side
    by side: the strips along borders taken out of a comb of 50,000 teeth took 70 s.
    """
    giants = np.flatnonzero(shapely.get_num_coordinates(geometry) > MOST_CORNERS)
    if len(giants) == 0:
        return geometry, np.arange(len(geometry))
    parts, owner = polygon_pieces(geometry[giants])
    others = np.setdiff1d(np.arange(len(geometry)), giants)
    owner = np.append(others, giants[owner])
    order = np.argsort(owner, kind="stable")
    return np.append(geometry[others], parts)[order], owner[order]


MOST_CORNERS: Final = 5_000
"""More than any outline has that people draw; those take the same way, to the same bit, as ever."""

_PIECES: Final[dict[int, Geometries]] = {}
"""The pieces of large polygons by the identity of each; they go when it goes."""


def _cut_pieces(geometry: Geometries) -> tuple[Geometries, Positions]:
    """Polygons halved until all are small, and the position each piece comes from.

    Clipped edge by edge, fifteen times as fast as intersected. Clips promise no valid shape: where
    one is not, or ground is missing, that polygon is intersected.
    """
    parts, owner = _halved(geometry, _clipped)
    area = np.bincount(owner, shapely.area(parts), len(geometry))
    is_odd = np.abs(area - shapely.area(geometry)) > _SAME_GROUND * area
    is_odd[owner[~shapely.is_valid(parts)]] = True
    if is_odd.any():
        sound = ~is_odd[owner]
        cut, cut_of = _halved(geometry[is_odd], _intersected)
        parts = np.append(parts[sound], cut)
        owner = np.append(owner[sound], np.flatnonzero(is_odd)[cut_of])
    # Parts of one row together again: those that needed no cut went ahead of the halves of others.
    order = np.argsort(owner, kind="stable")
    return parts[order], owner[order]


_SAME_GROUND: Final = 1e-12
"""Share of a polygon by which its pieces may differ from it: what the sums of floats lose."""


def _halved(
    geometry: Geometries, part_in: Callable[[Geometries, Floats], Geometries]
) -> tuple[Geometries, Positions]:
    """Polygons halved until all are small; `part_in` gives what of each lies in its box."""
    parts, owner = shapely.get_parts(geometry, return_index=True)
    for _ in range(_MOST_ROUNDS):
        large = shapely.get_num_coordinates(parts) > MOST_VERTICES
        if not large.any():
            break
        halved, halved_of = np.tile(parts[large], 2), np.tile(owner[large], 2)
        cut, came_from = shapely.get_parts(
            part_in(halved, _halves(parts[large])), return_index=True
        )
        # A half that only touches the cut leaves a line or a point.
        flat = shapely.get_dimensions(cut) == 2
        parts = np.append(parts[~large], cut[flat])
        owner = np.append(owner[~large], halved_of[came_from[flat]])
    return parts, owner


def _clipped(polygons: Geometries, boxes: Floats) -> Geometries:
    """What of each polygon lies in its box, clipped."""
    clips: Geometries = np.empty(len(polygons), dtype=object)
    for place, box in enumerate(boxes.tolist()):
        clips[place] = shapely.clip_by_rect(polygons[place], *box)
    return clips


def _intersected(polygons: Geometries, boxes: Floats) -> Geometries:
    """What of each polygon lies in its box, intersected."""
    return np.asarray(shapely.intersection(polygons, shapely.box(*boxes.T)))


def line_pieces(
    geometry: Geometries, *, max_vertices: int = 64, metres: float = np.inf
) -> tuple[Geometries, Positions]:
    """Lines of at most `max_vertices` vertices and about `metres`, and the position each one comes from."""
    parts, owner = shapely.get_parts(geometry, return_index=True)
    if len(parts) == 0:
        return parts, owner
    # Before the vertices are counted: an edge of 100 km has two, and is to become twenty pieces.
    if np.isfinite(metres):
        parts = shapely.segmentize(parts, metres)
    xy, line = shapely.get_coordinates(parts, return_index=True)
    # segment k goes from first[k] to first[k] + 1, both of one line
    first = np.flatnonzero(line[1:] == line[:-1])
    length = np.hypot(*(xy[first + 1] - xy[first]).T)
    begins = np.append(True, np.diff(line[first]) != 0)
    rank = _since(begins, np.ones(len(first)))
    along = _since(begins, length)
    # a piece is a run of segments of one line with the same place in vertices and in metres
    place = np.column_stack([line[first], rank // (max_vertices - 1), along // metres])
    begins_piece = np.append(True, (np.diff(place, axis=0) != 0).any(axis=1))
    piece = np.cumsum(begins_piece) - 1
    last = np.append(np.flatnonzero(begins_piece)[1:], len(first)) - 1
    # its vertices: the starts of its segments, and the end of the last
    vertex, member = np.append(first, first[last] + 1), np.append(piece, np.arange(len(last)))
    order = np.lexsort((vertex, member))
    pieces = shapely.linestrings(xy[vertex[order]], indices=member[order])
    return np.asarray(pieces), owner[line[first[begins_piece]]]


def _since(begins: Truths, steps: Floats) -> Floats:
    """What has been walked before each step since the last beginning."""
    before = np.cumsum(steps) - steps
    walked: Floats = before - before[np.flatnonzero(begins)][np.cumsum(begins) - 1]
    return walked


def _halves(polygons: Geometries) -> Floats:
    """Two boxes for each polygon, first all lower ones, that halve its own across its longer side.

    Across the shorter one where that cuts through fewer of very many edges: a half of a comb that
    is cut across its teeth is thousands of shapes, and GEOS joins them in a time that grows with
    the square of their number.
    """
    west, south, east, north = shapely.bounds(polygons).T
    wide = east - west >= north - south
    for at in range(len(polygons)):
        by_x, by_y = _edges_cut(polygons[at], (west + east)[at] / 2, (south + north)[at] / 2)
        if max(by_x, by_y) > _MOST_EDGES:
            wide[at] = by_x < by_y
    x, y = np.where(wide, (west + east) / 2, east), np.where(wide, north, (south + north) / 2)
    low = np.column_stack([west, south, x, y])
    high = np.column_stack([np.where(wide, x, west), np.where(wide, south, y), east, north])
    return np.concatenate([low, high])


_MOST_EDGES: Final = MOST_VERTICES // 4
"""Edges that a cut may go through: on the border of a range it meets some dozens."""


def _edges_cut(polygon: Any, x: float, y: float) -> tuple[int, int]:
    """How many edges go from one side of an easting to the other, and of a northing."""
    is_east, is_north = (shapely.get_coordinates(polygon) > (x, y)).T
    by_x, by_y = (np.count_nonzero(side[1:] != side[:-1]) for side in (is_east, is_north))
    return int(by_x), int(by_y)


def sorted_shapes(shapes: Geometries) -> Geometries:
    """Shapes in an order that depends on nothing but themselves."""
    # By their bytes, once each ring begins at the same corner: equal ground is then equal bytes.
    normal = shapely.normalize(shapes)
    order = sorted(range(len(normal)), key=shapely.to_wkb(normal).tolist().__getitem__)
    return np.asarray(normal, dtype=object)[order]


def joined(shapes: Geometries) -> Any:
    """One shape of several, the same whatever order they came in."""
    in_order = sorted_shapes(np.asarray(shapes, dtype=object))
    parts = shapely.get_parts(in_order)
    if len(parts) <= MANY_PARTS or (shapely.get_dimensions(parts) < 2).any():
        return shapely.normalize(shapely.union_all(in_order))
    # GEOS unites a hundred thousand islands for a quarter of a minute: only neighbours need it
    has_neighbour = have_neighbours(parts)
    united = shapely.get_parts(shapely.union_all(parts[has_neighbour]))
    return shapely.normalize(shapely.multipolygons([*united, *parts[~has_neighbour]]))


def have_neighbours(shapes: Geometries) -> Truths:
    """Which of some shapes meet another one of them."""
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    answers = np.zeros(len(shapes), dtype=bool)
    answers[first[first != second]] = True
    return answers


def joined_numbers(n: int, i: Positions, j: Positions) -> Positions:
    """Which of `n` things hang together by links from `i` to `j`: numbered by the first of each.

    Examples
    --------
    >>> joined_numbers(4, np.array([3]), np.array([1])).tolist()
    [0, 1, 2, 1]
    """
    # scipy's components come with linear algebra: a third of a second for four chains of parks
    ends, others = np.append(i, j), np.append(j, i)
    first, before = np.arange(n), np.full(n, n)
    while (first != before).any():
        before = first.copy()
        np.minimum.at(first, ends, before[others])
        first = first[first]
    return np.unique(first, return_inverse=True)[1]


def dissolved_by_weight(table: gpd.GeoDataFrame, by: Iterable[str]) -> gpd.GeoDataFrame:
    """As :func:`dissolved`; of ranges that count in part, a row each weight too.

    Ground of several weights has the greatest: a row of 1 beside a raster of 0.3 is all range.
    Without a column ``range_weight`` nothing but :func:`dissolved`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely.geometry import box
    >>> two = gpd.GeoDataFrame({"sp": ["a", "a"], "range_weight": [0.5, 1.0]},
    ...                        geometry=[box(0, 0, 2, 1), box(1, 0, 3, 1)])
    >>> bands = dissolved_by_weight(two, ["sp"])
    >>> (bands.area * bands["range_weight"]).tolist()
    [0.5, 2.0]
    """
    by = list(by)
    if RANGE_WEIGHT not in table:
        return dissolved(table, by)
    bands = dissolved(table, (*by, RANGE_WEIGHT))
    shapes = bands.geometry.to_numpy().copy()
    for at in bands.groupby(by, dropna=False).indices.values():
        united = shapely.area(shapely.union_all(shapes[at]))
        # Rows of a species rarely overlap; to find out costs one union, to part them many.
        if shapely.area(shapes[at]).sum() <= united * (1 + _SEAM):
            continue
        taken_ground = shapely.MultiPolygon()
        for place in at[::-1]:  # sorted by weight: the heaviest takes its ground first
            whole_shape = shapes[place]
            shapes[place] = of_dimension(shapely.difference(shapes[[place]], taken_ground), 2)[0]
            taken_ground = shapely.union(taken_ground, whole_shape)
    left = ~shapely.is_empty(shapes)
    return bands.set_geometry(gpd.GeoSeries(shapes, crs=table.crs))[left].reset_index(drop=True)


_SEAM: Final = 1e-6
"""Cells of one raster share edges whose corners differ once they are projected: that is no overlap."""


def weight_column(ranges: gpd.GeoDataFrame) -> tuple[str, ...]:
    """The column of weights, if ranges have one: what is kept beside the keys when they are cut."""
    return (RANGE_WEIGHT,) if RANGE_WEIGHT in ranges else ()


def weighed_cells(cells: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Cells with ``km2`` of ground that counts in part taken by its weight, one row for each key.

    A table without weights comes back as it is.
    """
    if RANGE_WEIGHT not in cells:
        return cells
    km2 = cells["km2"] * cells[RANGE_WEIGHT].astype(float)
    return cells.assign(km2=km2).groupby(list(keys), sort=True)[["km2"]].sum().reset_index()


def dissolved(table: gpd.GeoDataFrame, by: Iterable[str] = ()) -> gpd.GeoDataFrame:
    """One row for each combination of `by`, its shapes joined and overlaps counted once.

    A missing value is a combination like any other. Rows are sorted by `by`; with no columns the
    whole table becomes one row. The order of the rows that come in changes nothing.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely.geometry import box
    >>> two = gpd.GeoDataFrame({"sp": ["a", "a"]}, geometry=[box(0, 0, 2, 1), box(1, 0, 3, 1)])
    >>> float(dissolved(two, ["sp"]).area.iloc[0])
    3.0
    """
    columns = list(by)
    if not len(table):
        return table[[*columns, "geometry"]].reset_index(drop=True)
    if not columns:
        shape = joined(table.geometry.to_numpy())
        return gpd.GeoDataFrame(geometry=[shape], crs=table.crs)
    groups = table.groupby(columns, dropna=False, sort=True).indices
    rows, shapes = [], []
    for key, at in groups.items():
        rows.append(key if isinstance(key, tuple) else (key,))
        shapes.append(joined(table.geometry.to_numpy()[at]))
    # A missing value in a key makes pandas turn numbers into others: kinds are those that came in.
    words_only = pd.DataFrame(rows, columns=columns).astype(table[columns].dtypes.to_dict())
    result = gpd.GeoDataFrame(words_only, geometry=shapes, crs=table.crs)
    return result.sort_values(columns, na_position="last", kind="stable").reset_index(drop=True)
