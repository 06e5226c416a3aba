"""One layer cut by another: exact pieces, and the places where lines cross borders."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.ops import substring

from cami_units.model import InputError, check_arguments, faults_said, listed
from cami_units.overlap._arrays import Geometries, Positions
from cami_units.overlap._input_checks import (
    Kind,
    check_inputs,
    check_valid,
    column_names,
    geometries,
    kind_of,
)

_DIMENSION: Final[dict[Kind, int]] = {"polygon": 2, "line": 1, "point": 0}


def split(
    layer: gpd.GeoDataFrame, by_layer: gpd.GeoDataFrame, *, keep: str | Sequence[str]
) -> gpd.GeoDataFrame:
    """The exact pieces of one layer that lie in each polygon of another.

    Parameters
    ----------
    layer : GeoDataFrame
        Polygons, lines or points.
    by_layer : GeoDataFrame
        Polygons that cut it, in the same equal-area CRS.
    keep : str or sequence of str
        The columns of the result; each must be a column of exactly one of the two.

    Returns
    -------
    GeoDataFrame
        `keep` and ``geometry``, a row for each row of `layer` and each polygon that holds some of
        it, in the order of `layer`, then of `by_layer`. Pieces have the dimension of `layer`:
        polygons that only touch give none. What no polygon holds is left out.

    Raises
    ------
    InputError
        If CRSs differ, geometry is missing, invalid or of mixed kinds, or a column of `keep` is in
        neither table or in both.

    Examples
    --------
    A range of 20 x 10 km over two states: 100 km² in each.

    >>> import cami_units as cu
    >>> import geopandas as gpd, shapely
    >>> ranges = gpd.GeoDataFrame(
    ...     {"sci_name": ["fox"]}, geometry=[shapely.box(0, 0, 20_000, 10_000)], crs=cu.EQUAL_AREA
    ... )
    >>> states = gpd.GeoDataFrame(
    ...     {"iso2": ["AA", "BB"]},
    ...     geometry=[shapely.box(0, 0, 10_000, 10_000), shapely.box(10_000, 0, 20_000, 10_000)],
    ...     crs=cu.EQUAL_AREA,
    ... )
    >>> sides = cu.split(ranges, states, keep=("sci_name", "iso2"))
    >>> cu.area_km2(sides).tolist()
    [100.0, 100.0]
    """
    check_arguments(split, locals())
    keep = column_names(keep)
    _check_keep(layer, by_layer, keep)
    left = [column for column in keep if column in layer.columns]
    right = [column for column in keep if column in by_layer.columns]
    check_inputs({"the layer": (layer, left), "the cutting layer": (by_layer, right)})
    kind = kind_of(layer) or "polygon"
    if kind_of(by_layer, "the cutting layer") not in ("polygon", None):
        raise InputError("Nothing was measured: the cutting layer must be polygons.")
    check_valid(layer, "the layer")
    check_valid(by_layer, "the cutting layer")
    i, j, pieces = _pieces(geometries(layer), geometries(by_layer), kind)
    columns = {
        column: (layer[column].array.take(i) if column in left else by_layer[column].array.take(j))
        for column in keep
    }
    return gpd.GeoDataFrame(columns, geometry=pieces, crs=layer.crs)


def _pieces(
    shapes: Geometries, knives: Geometries, kind: Kind
) -> tuple[Positions, Positions, Geometries]:
    """What of each shape lies in each polygon: positions of both, sorted, and the piece."""
    # GEOS cuts a hundred thousand islands as one network of edges: one by one most are not cut at all.
    # Parts of lines may lie on one another, and are one line only where they are cut together.
    is_many = (shapely.get_num_geometries(shapes) > MANY_PARTS) & (kind == "polygon")
    parts, owner = shapely.get_parts(shapes[is_many], return_index=True)
    parts = np.append(shapes[~is_many], parts)
    owner = np.append(np.flatnonzero(~is_many), np.flatnonzero(is_many)[owner])
    at, j = shapely.STRtree(knives).query(parts)
    # asked of the knives, which are prepared once: the tree would prepare each part
    shapely.prepare(knives)
    meeting = shapely.intersects(knives[j], parts[at])
    at, j = at[meeting], j[meeting]
    order = np.lexsort((at, j, owner[at]))
    at, j = at[order], j[order]
    i, pieces = owner[at], parts[at]
    cut = ~shapely.covers(knives[j], pieces)
    pieces[cut] = shapely.intersection(pieces[cut], knives[j[cut]])
    # Neighbours that only touch share a line: no piece of a polygon.
    pieces[cut] = of_dimension(pieces[cut], _DIMENSION[kind])
    not_empty = ~shapely.is_empty(pieces)
    i, j, pieces = i[not_empty], j[not_empty], pieces[not_empty]
    if not is_many[i].any():
        return i, j, pieces
    begins = np.append(True, (np.diff(i) != 0) | (np.diff(j) != 0))
    flat, piece = shapely.get_parts(pieces, return_index=True)
    place = (np.cumsum(begins) - 1)[piece]
    together = of_dimension(np.asarray(shapely.multipolygons(flat, indices=place)), 2)
    return i[begins], j[begins], np.where(is_many[i[begins]], together, pieces[begins])


MANY_PARTS: Final = 2_000
"""Parts that are cut, or united, as one shape: GEOS takes half a second for them at worst."""


def crossings(
    lines: gpd.GeoDataFrame,
    borders: gpd.GeoDataFrame,
    *,
    line: str = "corridor_id",
    border: str = "pair",
    wiggle_km: float = 5,
) -> gpd.GeoDataFrame:
    """Where lines cross borders, or other lines.

    A generalised border and a hand-drawn line cut each other many times where they run close
    together: cuts that follow one another along the line within `wiggle_km` are one crossing. A
    stretch that runs along the border is one crossing too. Whether the line then stays on the far
    side is not asked.

    Parameters
    ----------
    lines, borders : GeoDataFrame
        Lines in one equal-area CRS, with the columns `line` and `border`.
    line, border : str
        Their id columns; rows of `borders` with the same id are one border.
    wiggle_km : float, default 5
        Distance along the line, in km of the projection.

    Returns
    -------
    GeoDataFrame
        `line`, `border`, ``geometry``: one point on the line for each crossing, where possible on
        the border too, in the middle of its cuts. Sorted by `line` and `border`, then along the
        line.

    Examples
    --------
    A corridor that runs across one border, once; a line that never reaches it.

    >>> import cami_units as cu
    >>> import geopandas as gpd, shapely
    >>> border = gpd.GeoDataFrame(
    ...     {"pair": ["AA;BB"]}, geometry=[shapely.LineString([(0, -9e3), (0, 9e3)])], crs=cu.EQUAL_AREA
    ... )
    >>> lines = gpd.GeoDataFrame(
    ...     {"corridor_id": ["M1", "M2"]},
    ...     geometry=[shapely.LineString([(-5e3, 0), (5e3, 0)]), shapely.LineString([(1e3, 0), (5e3, 0)])],
    ...     crs=cu.EQUAL_AREA,
    ... )
    >>> cu.crossings(lines, border)["corridor_id"].tolist()
    ['M1']
    """
    check_arguments(crossings, locals())
    spans = _spans(lines, borders, line, border, wiggle_km)
    parts = shapely.get_parts(geometries(lines))
    points = shapely.line_interpolate_point(parts[spans["part"].to_numpy(np.intp)], spans["at"])
    columns = spans[[line, border]].reset_index(drop=True)
    return gpd.GeoDataFrame(columns, geometry=np.asarray(points), crs=lines.crs)


def border_crossings(
    lines: gpd.GeoDataFrame,
    borders: gpd.GeoDataFrame,
    states: gpd.GeoDataFrame,
    *,
    line: str = "corridor_id",
    wiggle_km: float = 5,
    least_km: float = 1,
) -> gpd.GeoDataFrame:
    """Where lines cross from one state into another.

    As :func:`crossings`; touching a border or running along it is none: before and after the
    crossing the line must be at least `least_km` off the border, and nearer to another state of the
    pair. Cuts between which it does not get so far off are one crossing, in the middle of them.

    Parameters
    ----------
    lines, borders, line, wiggle_km
        As in :func:`crossings`; the column ``pair`` of `borders` names two states ("KZ;UZ").
    states : GeoDataFrame
        ``iso2`` and polygons. Ground that belongs to no state is that of the nearer of the two.
    least_km : float, default 1
        How far from the border a line must get on both sides: what two drawn lines may be off.
    """
    spans = _spans(lines, borders, line, "pair", wiggle_km)
    parts = shapely.get_parts(geometries(lines))
    # All of a pair's border, of whichever rows: how far off it a line gets is asked of the whole.
    crossed_borders = borders[borders["pair"].isin(spans["pair"])]
    wall_of = {
        pair: shapely.union_all(rows.geometry.to_numpy())
        for pair, rows in crossed_borders.groupby("pair")
    }
    state_of = dict(zip(states["iso2"], states.geometry, strict=True))
    spans = spans.sort_values(["part", "low", "high"], kind="stable")
    crossed = []
    for part in spans["part"].unique().tolist():
        rows, whole = spans[spans["part"] == part], parts[part]
        # From one cut of any border to the next: what a line does beyond that is another's matter.
        stretches = list(zip([0.0, *rows["high"]], [*rows["low"], whole.length], strict=True))

        def side(number: int, pair: str, whole: Any = whole, stretches: Any = stretches) -> Any:
            """The state of a pair in which the line runs before its cut of that number."""
            states_of_pair = [state_of[name] for name in pair.split(";")]
            stretch = substring(whole, *stretches[number])
            return _side(stretch, wall_of[pair], states_of_pair, 1000 * least_km)

        crossed += _crossed(rows["pair"].tolist(), set(state_of), side)
    spans = spans[np.array(crossed, dtype=bool)].sort_values([line, "pair", "part", "at"])
    points = shapely.line_interpolate_point(parts[spans["part"].to_numpy(np.intp)], spans["at"])
    columns = spans[[line, "pair"]].reset_index(drop=True)
    return gpd.GeoDataFrame(columns, geometry=np.asarray(points), crs=lines.crs)


def _crossed(
    pairs: Sequence[str], states: Collection[str], side: Callable[[int, str], int | None]
) -> list[bool]:
    """Which cuts of a line are crossings; of those between which it keeps to the border the middle one."""
    crossed, first = [False] * len(pairs), 0
    for number, pair in enumerate(pairs):
        if not set(pair.split(";")) <= set(states):
            first = number + 1
        elif pairs[number + 1 : number + 2] != [pair] or side(number + 1, pair) is not None:
            crossed[(first + number) // 2] = {side(first, pair), side(number + 1, pair)} == {0, 1}
            first = number + 1
    return crossed


def _side(stretch: Any, wall: Any, states: Sequence[Any], least_m: float) -> int | None:
    """Which of two states a stretch of a line lies in; None: it never gets off the border."""
    if shapely.length(stretch) < least_m:  # a line that ends on the border: GEOS cannot cut a point
        return None
    # Every km: two corners on a winding border may have the farthest place between them.
    corners = shapely.get_coordinates(shapely.segmentize(stretch, 1000.0))
    places = np.asarray(shapely.points(corners), dtype=object).reshape(-1)
    off = shapely.distance(places, wall)
    farthest = places[int(np.argmax(off))]
    if off.max() < least_m:
        return None
    return int(np.argmin(shapely.distance(np.array(states, dtype=object), farthest)))


def _spans(
    lines: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, line: str, border: str, wiggle_km: float
) -> pd.DataFrame:
    """Each meeting of a line and a border: the part of the line, from, to, and the cut to show."""
    check_inputs({"lines": (lines, [line]), "borders": (borders, [border])})
    _check_lines({"lines": lines, "borders": borders}, line, border)
    cuts = _cuts(lines, borders, line, border)
    together = ["part", line, border]
    # The farthest end so far and not the last one: a long stretch may hold shorter cuts.
    reach = cuts.groupby(together).end.cummax()
    gap = cuts.start - reach.groupby([cuts[column] for column in together]).shift()
    cuts["crossing"] = (gap.isna() | (gap > wiggle_km * 1000)).cumsum()
    spans = cuts.groupby("crossing").agg(low=("start", "min"), high=("end", "max"))
    cuts = cuts.join(spans, on="crossing")
    cuts["at"] = (cuts.start + cuts.end) / 2
    cuts["off"] = (cuts["at"] - (cuts.low + cuts.high) / 2).abs()
    # The cut nearest to the middle, which lies on the border: the middle itself need not.
    nearest = cuts.sort_values(["crossing", "off"], kind="stable").drop_duplicates("crossing")
    return nearest.sort_values([line, border, "part", "at"])


def _check_lines(tables: Mapping[str, gpd.GeoDataFrame], line: str, border: str) -> None:
    """Refuse what is no line, and ids in a column of which the name is wanted for something else."""
    kinds = {name: kind_of(table, name) for name, table in tables.items()}
    faults = [
        f"{name} must be lines, got {kind}s"
        for name, kind in kinds.items()
        if kind not in ("line", None)
    ]
    if taken_names := [column for column in (line, border) if column in _CUT_COLUMNS]:
        faults.append(f"an id column cannot be called {listed(taken_names)}: rename it")
    if line == border:
        faults.append(f"both id columns are called {line}: rename one of them")
    if faults:
        raise InputError(f"Nothing was measured: {faults_said(faults)}")


_CUT_COLUMNS: Final = ("part", "start", "end", "crossing", "low", "high", "at", "off")
"""What is known of each meeting of two lines, beside the ids of both."""


def middles(lines: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """The middle of the longest part of each line: a point to mark it by, always on the line."""
    parts, owner = shapely.get_parts(geometries(lines), return_index=True)
    # The sort is stable: of parts of one length the first is taken.
    order = np.lexsort((-shapely.length(parts), owner))
    longest = parts[order][np.unique(owner[order], return_index=True)[1]]
    points = shapely.line_interpolate_point(longest, 0.5, normalized=True)
    return gpd.GeoSeries(points, index=lines.index, crs=lines.crs)


def along(
    lines: gpd.GeoDataFrame,
    borders: gpd.GeoDataFrame,
    *,
    line: str,
    within_km: float,
) -> gpd.GeoDataFrame:
    """The stretches of lines that run close to each border.

    Parameters
    ----------
    lines, borders : GeoDataFrame
        Lines in one equal-area CRS, with the columns `line` and ``pair``.
    within_km : float
        How close, in km of the projection.

    Returns
    -------
    GeoDataFrame
        `line`, ``pair``, ``geometry``. Where two borders are close, a stretch may be near both.
    """
    check_inputs({"lines": (lines, [line]), "borders": (borders, ["pair"])})
    strips = borders[["pair"]].set_geometry(borders.buffer(1000 * within_km))
    return split(lines, strips, keep=(line, "pair"))


def _cuts(
    lines: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, line: str, border: str
) -> pd.DataFrame:
    """What each part of a line shares with each border, as metres from and to along the part."""
    parts, owner = shapely.get_parts(geometries(lines), return_index=True)
    walls = geometries(borders)
    i, j = shapely.STRtree(walls).query(parts, predicate="intersects")
    shared, pair = shapely.get_parts(shapely.intersection(parts[i], walls[j]), return_index=True)
    i, j = i[pair], j[pair]
    is_point = shapely.get_dimensions(shared) == 0
    ends = [np.where(is_point, shared, shapely.get_point(shared, end)) for end in (0, -1)]
    along = np.sort([shapely.line_locate_point(parts[i], end) for end in ends], axis=0)
    cuts = pd.DataFrame({"part": i, "start": along[0], "end": along[1]})
    cuts[line] = lines[line].array.take(owner[i])
    cuts[border] = borders[border].array.take(j)
    return cuts.sort_values([line, border, "part", "start", "end"], ignore_index=True)


def _check_keep(layer: gpd.GeoDataFrame, by_layer: gpd.GeoDataFrame, keep: list[str]) -> None:
    """Refuse columns that no table has, or both."""
    neither = [c for c in keep if c not in layer.columns and c not in by_layer.columns]
    twice_there = [c for c in keep if c in layer.columns and c in by_layer.columns]
    faults = []
    if neither:
        faults.append(f"no table has a column {listed(neither)}")
    if twice_there:
        faults.append(f"both tables have a column {listed(twice_there)}: rename it in one of them")
    if faults:
        raise InputError("Nothing was measured: " + "; ".join(faults) + ".")


def of_dimension(geometry: Geometries, dimension: int) -> Geometries:
    """Each geometry without its parts of a lower dimension; empty where none is left."""
    parts, owner = shapely.get_parts(geometry, return_index=True)
    right = shapely.get_dimensions(parts) == dimension
    collect, empty = (
        (shapely.multipoints, shapely.Point()),
        (shapely.multilinestrings, shapely.LineString()),
        (shapely.multipolygons, shapely.Polygon()),
    )[dimension]
    collected = np.full(len(geometry), empty, dtype=object)
    filled = np.unique(owner[right])
    collected[filled] = collect(parts[right], indices=np.searchsorted(filled, owner[right]))
    single = shapely.get_num_geometries(collected) == 1
    collected[single] = shapely.get_geometry(collected[single], 0)
    return collected
