"""From cells to landscapes: seeds, growth, smoothing.

Cells whose species are shared across a border form thin ribbons, end to end over thousands of
kilometres. Conservation units are landscapes: they reach into the range on both sides. So a unit
starts from a *seed* (a known hotspot, or a peak of the score far from all of them), grows over the
cells that its own qualifying species occupy, cheapest in the core of the range of those it matters
most for, up to a stated reach and size, and is smoothed to an outline that a person can edit by hand.

Everything here is in the equal-area CRS until :func:`editable`, the door to longitude and latitude.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from cami_units.model import LONLAT, InputError, Progress, cut_at_180, quiet, transformed
from cami_units.model import number as figure
from cami_units.overlap import joined_numbers, side_of

Positions = NDArray[np.intp]

# Experts drew that place: growth rounds it to its species' ground. Twice its size would be another
# proposal than theirs.
HOTSPOT_GROWTH: Final = 1.3
"""A unit grown from a hotspot takes at most this many times the ground the hotspot holds itself."""
# Of the ten ways tried (docs/decisions.md) the one that holds most of every core on the same
# ground; at 6 a unit no longer fills its budget and loses a tenth of it.
FAR_COST: Final = 4.0
"""A kilometre at the edge of the range costs this many times a kilometre in the seed's core of it."""
# The deepest twentieth rather than the deepest cell: one cell that lies far inside must not make
# all others look like edge.
CORE_QUANTILE: Final = 0.95
"""The seed's core of a range begins at this quantile of how deep its own cells lie in the range."""
SAME_LANDSCAPE: Final = 0.5
"""Hotspots that share at least this part of the smaller one seed one unit together."""
# A fifth of the usual cell: five squares a side let a corner come out round, and a region of
# 4,000 × 2,500 km is still only 400,000 of them.
PIXEL_KM: Final = 5.0
"""Outlines are smoothed on squares of about this size."""
_SMOOTHING: Final = 0.6
"""Width of the smoothing kernel, in cells: rounds the corners of cells and keeps a row of two."""
_UNREACHED: Final = np.inf


def delineate(
    planning_units: gpd.GeoDataFrame,
    occupied: pd.DataFrame,
    links: NDArray[np.intp],
    cores: pd.DataFrame,
    *,
    reach_km: float = 100.0,
    min_km2: float = 1000.0,
    max_km2: float = 150_000.0,
    max_vertices: int = 150,
    progress: Progress = quiet,
) -> gpd.GeoDataFrame:
    """Landscapes grown from seeds over the cells that their own species occupy.

    Parameters
    ----------
    planning_units : GeoDataFrame
        Table `planning_units`: ``pu_id``, square or hexagonal cells in an equal-area CRS.
    occupied : DataFrame
        ``seed``, ``pu_id``, ``worth``: the cells that a seed may grow over, and how good each is for
        it (0–1), as :func:`occupied` gives it.
    links : (n, 2) array of int
        Positions of neighbouring cells in `planning_units`, each pair once.
    cores : DataFrame
        ``seed``, ``pu_id``, ``growth``: the cells each seed starts from, as far as it occupies
        them, and how many times their ground the unit may take (``inf``: only the reach and
        `max_km2` bind).
    reach_km : float
        How far a unit may reach beyond its core, in km over the best cells; less over poor ones.
    min_km2, max_km2 : float
        A unit smaller than the first is left out; growth stops at the second.
    max_vertices : int
        No outline has more vertices.

    Returns
    -------
    GeoDataFrame
        ``seed``, ``cell_km2`` (ground of its cells) and a polygon, sorted by seed; no two overlap,
        and a hole is there only where another unit lies in it. Seeds that came to nothing are
        missing.

    Raises
    ------
    InputError
        When a core or an occupied cell is not among the planning units.
    """
    ids = pd.Index(planning_units["pu_id"])
    located: dict[str, pd.DataFrame] = {}
    for name, table in (("cores", cores), ("occupied", occupied)):
        place = ids.get_indexer(pd.Index(table["pu_id"]))
        if strange := set(table["pu_id"][place < 0]):
            raise InputError(
                f"{len(strange)} cells of '{name}' are no planning units, such as {min(strange)}: "
                "use the planning units that the tables were measured on."
            )
        located[name] = table.assign(place=place)
    centres = _centres(planning_units.geometry) / 1000.0
    km2 = planning_units.area.to_numpy() / 1e6
    # The seed of each cell: who reaches it at the least cost.
    best = np.full(len(planning_units), _UNREACHED)
    owner = np.full(len(planning_units), -1)
    starts = dict(iter(located["cores"].groupby("seed")))
    grounds = dict(iter(located["occupied"].groupby("seed")))
    seeds = sorted(located["cores"]["seed"].unique())
    # Seeds in the order of their names, so that a tie goes the same way on every machine.
    for number, seed in enumerate(seeds):
        progress("growing units", number, len(seeds))
        ground, rows = grounds.get(seed), starts[seed]
        if ground is None:
            continue
        cells = ground["place"].to_numpy()
        # A core cell without the species has nothing to start from.
        core = np.intersect1d(rows["place"], cells[np.isin(cells, rows["place"])])
        if not len(core):
            continue
        worth = np.zeros(len(planning_units))
        worth[cells] = ground["worth"].to_numpy()
        cost = cost_distance(centres, links, cells, core, worth, limit_km=reach_km)
        # A new unit may grow without end by its seed: the largest size binds it.
        budget = min(float(rows["growth"].iloc[0]) * km2[core].sum(), max_km2)
        cost = _within_budget(np.where(cost <= reach_km, cost, _UNREACHED), km2, budget)
        closer = cost < best
        best[closer], owner[closer] = cost[closer], number
    # At the end: a neighbour may have cut a landscape in two.
    seed_of = [seeds[label] if label >= 0 else None for label in _connected(owner, links)]
    cell_of = pd.Series(seed_of, index=planning_units["pu_id"], dtype=object)
    units = outlines(planning_units, cell_of, max_vertices=max_vertices)
    # A landscape below the least size, or squeezed out by its neighbours, is no unit.
    return units[units.area / 1e6 >= min_km2].reset_index(drop=True)


def cost_distance(
    centres: NDArray[np.float64],
    links: NDArray[np.intp],
    cells: Positions,
    core: Positions,
    worth: NDArray[np.float64],
    *,
    limit_km: float = np.inf,
) -> NDArray[np.float64]:
    """Least cost, in km at best, from a core to every cell that is reached through `cells`.

    A step between neighbours costs its length times the mean of both cells' prices; the price is 1
    where ``worth`` is 1 and :data:`FAR_COST` where it is 0. What costs more than `limit_km` counts as
    not reached.

    Returns
    -------
    array
        One cost per row of `centres`; 0 within the core, infinite where no way leads.
    """
    is_own = np.zeros(len(centres), dtype=bool)
    # a km costs a km at least: what lies farther off than the limit is not walked at all
    is_own[cells[_is_near(centres[cells], centres[core], limit_km)]] = True
    cells = np.flatnonzero(is_own)
    # By their numbers among the cells that are walked: a region has many times as many.
    number = np.full(len(centres), -1)
    number[cells] = np.arange(len(cells))
    a, b = number[links.T]
    a, b = np.compress((a >= 0) & (b >= 0), [a, b], axis=1)
    centre, price = centres[cells], 1.0 + (FAR_COST - 1.0) * (1.0 - worth[cells])
    weight = np.hypot(*(centre[a] - centre[b]).T) * (price[a] + price[b]) / 2
    # As Dijkstra's search has it, to the last bit: no cost is more than that of a neighbour and the
    # step from there. A reach is a few steps long, and scipy's search comes with linear algebra.
    tail, head, step = np.append(a, b), np.append(b, a), np.append(weight, weight)
    walked = np.where(np.isin(cells, core), 0.0, _UNREACHED)
    while True:
        onward = walked[tail] + step
        closer = (onward < walked[head]) & (onward <= limit_km)
        if not closer.any():
            break
        np.minimum.at(walked, head[closer], onward[closer])
    cost = np.full(len(centres), _UNREACHED)
    cost[cells] = walked
    return cost


def _is_near(
    centres: NDArray[np.float64], core: NDArray[np.float64], reach_km: float
) -> NDArray[np.bool_]:
    """Which centres lie in the box around a core that reaches so far beyond it, in km."""
    spare = reach_km * (1 + 1e-9)
    low, high = core.min(axis=0) - spare, core.max(axis=0) + spare
    near: NDArray[np.bool_] = ((centres >= low) & (centres <= high)).all(axis=1)
    return near


def _centres(cells: gpd.GeoSeries) -> NDArray[np.float64]:
    """Easting and northing of the middles of cells, in metres: of squares and hexagons that of their box.

    GEOS adds up corners instead, which takes ten times as long and is off in the last digits.
    """
    west, south, east, north = shapely.bounds(np.asarray(cells.array)).T
    return np.column_stack([(west + east) / 2, (south + north) / 2])


def _within_budget(
    cost: NDArray[np.float64], km2: NDArray[np.float64], budget: float
) -> NDArray[np.float64]:
    """Costs of the cheapest cells that fit into `budget` km²; the rest become infinite."""
    reached = np.flatnonzero(np.isfinite(cost))
    order = reached[np.argsort(cost[reached], kind="stable")]
    # A cell that fills the budget to the last digit still fits, whatever order the areas were added
    # in.
    fits = np.cumsum(km2[order]) <= budget * (1 + 1e-9)
    affordable = np.full_like(cost, _UNREACHED)
    affordable[order[fits]] = cost[order[fits]]
    return affordable


def _connected(owner: NDArray[Any], links: NDArray[np.intp]) -> NDArray[Any]:
    """Owners of cells, each owner reduced to its largest connected piece."""
    a, b = links[(owner[links[:, 0]] == owner[links[:, 1]]) & (owner[links[:, 0]] >= 0)].T
    piece = joined_numbers(len(owner), a, b)
    size = np.bincount(piece)
    largest = np.full_like(owner, -1)
    for label in np.unique(owner[owner >= 0]):
        mine = np.flatnonzero(owner == label)
        pieces = np.unique(piece[mine])
        # Of pieces equally large the first by position: `argmax` takes the lowest number.
        largest[mine[piece[mine] == pieces[np.argmax(size[pieces])]]] = label
    return largest


# -- seeds ----------------------------------------------------------------------------------------


def landscapes(shared: pd.DataFrame) -> dict[str, str]:
    """Which seed each hotspot belongs to: hotspots that largely cover one another are one.

    Parameters
    ----------
    shared : DataFrame
        ``hotspot_id``, ``other``, ``km2``: the area that two hotspots share; each one's own area
        stands where both ids are the same.

    Returns
    -------
    dict
        hotspot id to seed id; a seed's id is its hotspots' ids, joined by ";".

    Examples
    --------
    >>> landscapes(pd.DataFrame({"hotspot_id": ["H1", "H1", "H2", "H2", "H3"],
    ...                          "other": ["H1", "H2", "H1", "H2", "H3"],
    ...                          "km2": [100.0, 30.0, 30.0, 50.0, 70.0]}))
    {'H1': 'H1;H2', 'H2': 'H1;H2', 'H3': 'H3'}
    """
    area = shared[shared["hotspot_id"] == shared["other"]].set_index("hotspot_id")["km2"]
    ids = sorted(area.index)
    place = {name: number for number, name in enumerate(ids)}
    # Of the smaller one: a hotspot inside a large one is the same landscape.
    smaller = np.minimum(shared["hotspot_id"].map(area), shared["other"].map(area))
    same = shared[shared["km2"] >= SAME_LANDSCAPE * smaller]
    a, b = (same[column].map(place).to_numpy() for column in ("hotspot_id", "other"))
    group = joined_numbers(len(ids), a, b)
    names: dict[int, str] = {}
    for name, number in zip(ids, group.tolist(), strict=True):
        # Ids were sorted, so a seed's id does not depend on the order of the hotspots in the file.
        names[number] = f"{names[number]};{name}" if number in names else name
    return {name: names[number] for name, number in zip(ids, group.tolist(), strict=True)}


def hotspot_cores(
    inside: pd.DataFrame, seed_of: Mapping[str, str], *, cell_km2: float
) -> pd.DataFrame:
    """The cells that each landscape of hotspots starts from: those that lie at least half in it.

    A hotspot too small to hold half of any cell starts from the cell that holds most of it.

    Parameters
    ----------
    inside : DataFrame
        ``pu_id``, ``hotspot_id``, ``km2``: how much of each cell lies in each hotspot.
    seed_of : mapping
        As :func:`landscapes` gives it.
    cell_km2 : float
        Area of a cell.

    Returns
    -------
    DataFrame
        ``seed``, ``pu_id``, ``growth`` (:data:`HOTSPOT_GROWTH`), for :func:`delineate`.
    """
    shares = inside.assign(seed=inside["hotspot_id"].map(seed_of)).dropna(subset="seed")
    shares = shares.groupby(["seed", "pu_id"])[["km2"]].sum().reset_index()
    largest = shares.groupby("seed")["km2"].transform("max")
    # Half a cell, or the most that the hotspot holds of any: a small one must not be without a
    # seed.
    core_cells = shares[shares["km2"] >= np.minimum(cell_km2 / 2, largest)]
    return core_cells[["seed", "pu_id"]].assign(growth=HOTSPOT_GROWTH).reset_index(drop=True)


def range_depth(
    planning_units: gpd.GeoDataFrame, cell_species: pd.DataFrame, links: NDArray[np.intp]
) -> pd.DataFrame:
    """How deep in the range of each species a cell lies.

    .. math:: depth = c d

    with *c* the part of the cell that is range (0–1) and *d* the distance, in km between centres, to
    the nearest cell of which less than half is range; half the side of a cell where that is the
    cell itself. Where the planning units end, nobody knows the range to end.

    Parameters
    ----------
    planning_units : GeoDataFrame
        ``pu_id`` and cells in an equal-area CRS.
    cell_species : DataFrame
        ``pu_id``, ``sci_name``, ``km2``: range in each cell.
    links : (n, 2) array of int
        Positions of neighbouring cells, as for :func:`delineate`.

    Returns
    -------
    DataFrame
        ``pu_id``, ``sci_name``, ``depth_km``: the rows of `cell_species`.
    """
    cells = pd.Index(planning_units["pu_id"]).get_indexer(pd.Index(cell_species["pu_id"]))
    centres = _centres(planning_units.geometry) / 1000.0
    cell_km2 = planning_units.area.to_numpy()[cells] / 1e6
    part = np.minimum(cell_species["km2"].to_numpy() / cell_km2, 1.0)
    # The middle of a cell is half a side from its own edge; a hexagon's of the same area 7 % more.
    distance = np.sqrt(cell_km2) / 2
    tail, head = np.ascontiguousarray(links.T)
    for rows in cell_species.groupby("sci_name").indices.values():
        # Half is the same line as for a core cell: below it a cell is more edge than range.
        deep = rows[part[rows] >= 0.5]
        inner = np.zeros(len(planning_units), dtype=bool)
        inner[cells[deep]] = True
        # The way from an inner cell to the nearest other one leads over inner cells only: so that
        # one is a neighbour of an inner cell, and the far ground need not be looked through.
        rim = inner[tail] != inner[head]
        at_edge = np.unique(np.append(tail[rim], head[rim]))
        at_edge = at_edge[~inner[at_edge]]
        if len(at_edge) and len(deep):
            # scipy's tree comes with half of its other parts, a fifth of a second
            tree = shapely.STRtree(shapely.points(centres[at_edge]))
            points = shapely.points(centres[cells[deep]])
            distance[deep] = tree.query_nearest(points, return_distance=True, all_matches=False)[1]
    return cell_species[["pu_id", "sci_name"]].assign(depth_km=part * distance)


def occupied(
    cell_species: pd.DataFrame,
    depth: pd.DataFrame,
    members: pd.DataFrame,
    cores: pd.DataFrame,
    *,
    least_km2: float = 0.0,
    planning_units: gpd.GeoDataFrame | None = None,
    reach_km: float = np.inf,
) -> pd.DataFrame:
    """The cells that each seed may grow over, and how good each is for the seed's own species.

    .. math:: worth = \\sum_s w_s \\min(1, d_s / D_s), \\qquad w_s \\propto A_s / T_s

    with :math:`d_s` how deep the cell lies in the range of species *s*, :math:`D_s` how deep the
    seed's own best cells do (:data:`CORE_QUANTILE`), :math:`A_s` the range in the seed's core and
    :math:`T_s` the range that counts for much (the threshold of C3). So a landscape follows the
    species that it matters most for, the core of their range before its edge; a strip along a
    river is measured by its own depth.

    Parameters
    ----------
    cell_species : DataFrame
        ``pu_id``, ``sci_name``, ``km2``.
    depth : DataFrame
        ``pu_id``, ``sci_name``, ``depth_km``, as :func:`range_depth` gives it.
    members : DataFrame
        ``seed``, ``sci_name``, ``threshold_km2``: the qualifying species of each seed, and the range
        that counts for much.
    cores : DataFrame
        ``seed``, ``pu_id``: the cells that each seed starts from.
    least_km2 : float
        A species occupies a cell from this overlap.
    planning_units : GeoDataFrame, optional
        ``pu_id`` and the cells in an equal-area CRS, where cells that lie farther than `reach_km`
        from a seed's core may be left out: a species lives in a region, and a seed looks at its corner.
    reach_km : float
        How far a unit may reach beyond its core, as for :func:`delineate`.

    Returns
    -------
    DataFrame
        ``seed``, ``pu_id``, ``worth`` (0–1), for :func:`delineate`.

    Examples
    --------
    The fox has half of its threshold in the core cell "a", the goat twice: it counts four times.

    >>> species = pd.DataFrame({"pu_id": ["a", "a", "b"], "sci_name": ["fox", "goat", "fox"],
    ...                         "km2": [9.0, 9.0, 9.0]})
    >>> occupied(species, species.assign(depth_km=[10.0, 10.0, 20.0]),
    ...          pd.DataFrame({"seed": "S", "sci_name": ["fox", "goat"],
    ...                        "threshold_km2": [18.0, 4.5]}),
    ...          pd.DataFrame({"seed": ["S"], "pu_id": ["a"]})).values.tolist()
    [['S', 'a', 1.0], ['S', 'b', 0.2]]
    """
    # A species that stands twice would weigh twice.
    members = members.drop_duplicates(["seed", "sci_name"])
    key = ["pu_id", "sci_name"]
    # Numbers in the order of the names: a million rows of text take ten times as long to join and sort.
    names = {"seed": members["seed"], **{column: cell_species[column] for column in key}}
    names = {column: pd.Index(values.unique()).sort_values() for column, values in names.items()}
    cell_species, depth, members, cores = (
        table.assign(
            **{
                column: index.get_indexer(pd.Index(table[column]))
                for column, index in names.items()
                if column in table
            }
        )
        for table in (cell_species, depth, members, cores)
    )
    cells = cell_species[[*key, "km2"]].merge(depth[[*key, "depth_km"]], on=key)
    if planning_units is None:
        cells = members.merge(cells, on="sci_name")
    else:
        units = names["pu_id"].get_indexer(pd.Index(planning_units["pu_id"]))
        pairs = _around_cores(planning_units, units, cores, reach_km)
        cells = pairs.merge(cells, on="pu_id").merge(members, on=["seed", "sci_name"])
    cells = cells.sort_values(["seed", *key], ignore_index=True)
    in_core = cells.merge(cores[["seed", "pu_id"]].drop_duplicates(), on=["seed", "pu_id"])
    by_species = in_core.groupby(["seed", "sci_name"])
    core_depth = by_species["depth_km"].quantile(CORE_QUANTILE)
    # In thresholds of C3: a snow leopard's hundred km² and a gazelle's thousand then weigh alike.
    importance = by_species["km2"].sum() / by_species["threshold_km2"].first()
    weight = importance / importance.groupby("seed").transform("sum")
    species = pd.MultiIndex.from_frame(cells[["seed", "sci_name"]])
    deep = (cells["depth_km"] / core_depth.reindex(species).array).clip(upper=1.0)
    part = (deep * weight.reindex(species).array).fillna(0.0)
    worth = part.groupby([cells["seed"], cells["pu_id"]]).sum().clip(upper=1.0)
    enough = cells.loc[cells["km2"] >= least_km2, ["seed", "pu_id"]].drop_duplicates()
    # A cell may be claimed only where a species holds the least overlap, but it is worth all of
    # them.
    ground = enough.merge(worth.rename("worth").reset_index(), on=["seed", "pu_id"])
    return ground.assign(
        **{column: names[column].array.take(ground[column]) for column in ("seed", "pu_id")}
    )


def _around_cores(
    planning_units: gpd.GeoDataFrame, numbers: Positions, cores: pd.DataFrame, reach_km: float
) -> pd.DataFrame:
    """Each seed with the numbers of the cells in the box around its core: ``seed``, ``pu_id``.

    Cells and cores of which nothing is known have a number below 0, and are left out.
    """
    is_known = numbers >= 0
    numbers, centres = numbers[is_known], _centres(planning_units.geometry)[is_known] / 1000.0
    cores = cores[cores["pu_id"] >= 0]
    place = pd.Index(numbers).get_indexer(pd.Index(cores["pu_id"]))
    parts = {
        seed: numbers[_is_near(centres, centres[place[rows]], reach_km)]
        for seed, rows in cores.groupby("seed").indices.items()
    }
    none, lengths = np.empty(0, dtype=np.intp), [len(part) for part in parts.values()]
    seeds = np.repeat(np.array(list(parts), dtype=np.intp), lengths)
    return pd.DataFrame({"seed": seeds, "pu_id": np.concatenate([*parts.values(), none])})


def discs(
    planning_units: gpd.GeoDataFrame, peaks: Sequence[str], *, radius_km: float
) -> pd.DataFrame:
    """The cells whose centre lies within `radius_km` of a peak: the core of a unit that is new.

    Returns
    -------
    DataFrame
        ``seed`` (the peak's ``pu_id``), ``pu_id`` and ``growth`` (infinite: only its reach binds a
        new unit), in the order of `peaks`; for :func:`delineate`.
    """
    centres = _centres(planning_units.geometry)
    ids = planning_units["pu_id"].to_numpy()
    position = pd.Index(planning_units["pu_id"]).get_indexer(pd.Index(peaks))
    rows = [
        (peak, ids[cell])
        for peak, centre in zip(peaks, centres[position], strict=True)
        for cell in np.flatnonzero(((centres - centre) ** 2).sum(axis=1) <= (radius_km * 1000) ** 2)
    ]
    return pd.DataFrame(rows, columns=["seed", "pu_id"]).assign(growth=np.inf)


def peaks(
    planning_units: gpd.GeoDataFrame,
    candidates: Iterable[str],
    *,
    apart_km: float,
    taken: Iterable[str] = (),
    away_km: float = 0.0,
    least_score: float = 0.0,
) -> list[str]:
    """Cells whose score is the highest far around them, and that are far from what is known.

    Parameters
    ----------
    planning_units : GeoDataFrame
        Table `planning_units` with ``pu_id`` and ``score``.
    candidates : iterable of str
        The ``pu_id`` that may be a peak.
    apart_km : float
        Two peaks are at least this far apart, between centres.
    taken, away_km : iterable of str, float
        Cells known already (``pu_id``), such as those of hotspots, and how far a peak keeps away.
    least_score : float
        A peak's score is at least this.

    Returns
    -------
    list of str
        The peaks, highest first; of equal scores the first ``pu_id``.
    """
    # `isin` makes an Arrow scalar of each text that it looks for; an index looks up thousands at once.
    ids = pd.Index(planning_units["pu_id"])
    candidate, known = (
        planning_units.iloc[np.unique(at[at >= 0])]
        for at in (ids.get_indexer(pd.Index(list(names))) for names in (candidates, taken))
    )
    rising = candidate[candidate["score"] >= least_score]
    # Of equal scores the first id, or a rerun with rows in another order would found another unit.
    rising = rising[rising["score"] > 0].sort_values("pu_id", kind="stable")
    rising = rising.sort_values("score", ascending=False, kind="stable")
    centres = _centres(rising.geometry)
    # In falling order: each peak that is taken bars those around it.
    free = np.ones(len(rising), dtype=bool)
    if len(known) and len(rising):
        # scipy's tree comes with half of its other parts, and is asked about a thousand cells here
        tree = shapely.STRtree(np.asarray(shapely.points(_centres(known.geometry))))
        points = shapely.points(centres)
        _, metres = tree.query_nearest(points, return_distance=True, all_matches=False)
        free = metres >= away_km * 1000
    chosen_peaks = []
    for number, pu_id in enumerate(rising["pu_id"].tolist()):
        if free[number]:
            chosen_peaks.append(pu_id)
            free &= np.hypot(*(centres - centres[number]).T) >= apart_km * 1000
    return chosen_peaks


def new_cores(
    planning_units: gpd.GeoDataFrame,
    candidates: Iterable[str],
    *,
    taken: Iterable[str],
    reach_km: float,
    least_score: float,
) -> pd.DataFrame:
    """The cores of units that no hotspot seeds: discs around the peaks far from all that is known.

    Peaks keep one reach away from what is taken and two reaches from one another, so that two units
    that grow as far as they may just meet; a disc of half a reach leaves as much again to grow.

    Parameters
    ----------
    planning_units, candidates, taken, least_score
        As for :func:`peaks`.
    reach_km : float
        How far a unit may reach, as for :func:`delineate`.

    Returns
    -------
    DataFrame
        As :func:`discs` gives it.
    """
    highest = peaks(
        planning_units,
        candidates,
        apart_km=2 * reach_km,
        taken=taken,
        away_km=reach_km,
        least_score=least_score,
    )
    return discs(planning_units, highest, radius_km=reach_km / 2)


# -- outlines -------------------------------------------------------------------------------------


def outlines(
    planning_units: gpd.GeoDataFrame, cell_of: pd.Series, *, max_vertices: int = 150
) -> gpd.GeoDataFrame:
    """Smooth outlines of groups of cells, side by side without overlap, their areas kept.

    The groups are laid on a lattice of small squares, each blurred a little; a square goes to the
    group with the strongest value there, with a handicap set so that each group keeps its area. The
    outlines are then simplified together, so that neighbours keep one common edge.

    Parameters
    ----------
    planning_units : GeoDataFrame
        Table `planning_units`, in an equal-area CRS.
    cell_of : Series
        The group of each cell (index ``pu_id``), or None.
    max_vertices : int
        No outline has more vertices.

    Returns
    -------
    GeoDataFrame
        ``seed``, ``cell_km2`` and one polygon a group, sorted by ``seed``.
    """
    grouped = planning_units.set_index("pu_id").geometry
    members = cell_of[cell_of.notna()]
    if not (seeds := sorted(set(members))):
        nothing = {"seed": pd.Series(dtype=object), "cell_km2": pd.Series(dtype=float)}
        return gpd.GeoDataFrame(nothing, geometry=[], crs=planning_units.crs)
    cells = grouped.loc[members.index]
    # Rounded to a millimetre: the areas of equal cells differ in their last digits, the lattice
    # must not.
    cell_km = round(float(np.sqrt(np.median(cells.area))) / 1000, 6)
    raster = _Raster.around(cells, members, seeds, cell_km)
    squares = raster.smoothed(sigma_km=_SMOOTHING * cell_km)
    shapes = raster.outlines(squares)
    # A square and a half takes out the steps of the raster and no bend of the outline.
    simple = _simplified(shapes, planning_units.crs, max_vertices, tolerance=raster.step * 1.5)
    shape_of = {seed: one for seed, one in zip(seeds, simple, strict=True) if not one.is_empty}
    km2 = [float(cells.loc[members.index[members == seed]].area.sum()) / 1e6 for seed in shape_of]
    columns = {"seed": list(shape_of), "cell_km2": km2}
    return gpd.GeoDataFrame(columns, geometry=list(shape_of.values()), crs=planning_units.crs)


@dataclass(frozen=True, slots=True)
class _Raster:
    """Groups of cells on a lattice of small squares: a plain value with two questions."""

    labels: NDArray[Any]
    groups: int
    step: float
    corner: tuple[float, float]

    @classmethod
    def around(
        cls, cells: gpd.GeoSeries, members: pd.Series, seeds: Sequence[str], cell_km: float
    ) -> _Raster:
        """The squares of the cells' extent and a margin, each with the group of its cell."""
        # A whole number of squares a cell, so that every cell is cut alike.
        step = cell_km / max(1, round(cell_km / PIXEL_KM)) * 1000
        # The blur reaches four of its widths, 2.4 cells: nothing is cut off, and the rim stays
        # empty.
        margin = 4 * cell_km * 1000
        # The corner sits on a fixed lattice, so that an outline does not depend on today's extent.
        left, low, right, top = cells.total_bounds
        x0 = np.floor((left - margin) / step) * step
        y0 = np.floor((low - margin) / step) * step
        width = int(np.ceil((right + margin - x0) / step))
        height = int(np.ceil((top + margin - y0) / step))
        number = {seed: place for place, seed in enumerate(seeds)}
        group = members.map(number).to_numpy(dtype=int)
        shapes = np.asarray(cells.array)
        # The first square of each cell in both directions, then those beside it, all cells at once.
        west, south, east, north = shapely.bounds(shapes).T
        first_col = np.ceil((west - x0) / step - 0.5).astype(int)
        first_row = np.ceil((south - y0) / step - 0.5).astype(int)
        across, up = (
            range(int(np.ceil((end - start).max() / step)) + 1)
            for start, end in ((west, east), (south, north))
        )
        labels = np.full((height, width), -1)
        for on, further in itertools.product(up, across):
            row, col = first_row + on, first_col + further
            x, y = x0 + (col + 0.5) * step, y0 + (row + 0.5) * step
            # A square belongs to the cell that its middle lies in; on a rim, to the first of both.
            at = np.flatnonzero((x <= east) & (y <= north) & (labels[row, col] < 0))
            at = at[shapely.intersects_xy(shapes[at], x[at], y[at])]
            labels[row[at], col[at]] = group[at]
        return cls(labels, len(seeds), step, (float(x0), float(y0)))

    def smoothed(self, *, sigma_km: float, rounds: int = 12) -> NDArray[Any]:
        """Labels after blurring; handicaps are adjusted until each group has its area again."""
        sigma = sigma_km * 1000 / self.step
        # Beyond four widths the kernel holds 0.006 % of its weight: each group is blurred in its
        # own window.
        margin = int(np.ceil(4 * sigma))
        windows = _windows(self.labels, self.groups, margin)
        fields = [
            _blurred(self.labels[window] == group, sigma) for group, window in enumerate(windows)
        ]
        # The areas before the blur are what each group is to have again.
        target = np.bincount(self.labels[self.labels >= 0], minlength=self.groups)
        # What no group's blur has taken is ground of nobody, and wins where that is most.
        nobody = np.ones(self.labels.shape)
        for field, window in zip(fields, windows, strict=True):
            nobody[window] -= field
        handicap, best, smallest_error = np.zeros(self.groups), self.labels, np.inf
        for round_ in range(rounds):
            labels = self._strongest(nobody, fields, windows, handicap)
            off = (target - np.bincount(labels[labels >= 0], minlength=self.groups)) / target
            # The best round and not the last: the steps may overshoot at the end.
            if np.abs(off).max() < smallest_error:
                best, smallest_error = labels, np.abs(off).max()
            # A group that lacks 1 % of its area gets half of that as a head start, and less in later
            # rounds: neighbours push against each other, and full steps would swing to and fro.
            handicap += 0.5 * off / (1 + round_ / 4)
        return self._whole(best)

    def outlines(self, labels: NDArray[Any]) -> list[Any]:
        """One polygon a group, which is in one piece: with every corner that its squares have at its rim.

        GEOS unites squares to the same polygons in ten times the time.
        """
        group, corner, rings = _rims(labels)
        if not rings:
            return [shapely.Polygon()] * self.groups
        of_ring = np.repeat(np.arange(len(rings)), list(map(len, rings)))
        vertex = corner[np.concatenate(rings).astype(np.intp)]
        wide = labels.shape[1] + 2
        # Corners from whole numbers, so that squares side by side share them to the last bit.
        x, y = (
            low + (number - 1) * self.step
            for low, number in zip(self.corner, (vertex % wide, vertex // wide), strict=True)
        )
        shapes = shapely.linearrings(x, y, indices=of_ring)
        is_hole = ~shapely.is_ccw(shapes)
        ring_group = group[[ring[0] for ring in rings]]
        polygons = []
        for number in range(self.groups):
            mine = ring_group == number
            shell, holes = shapes[mine & ~is_hole], shapes[mine & is_hole]
            polygons.append(shapely.Polygon(shell[0], holes) if len(shell) else shapely.Polygon())
        return list(shapely.normalize(polygons))

    def _strongest(
        self,
        nobody: NDArray[np.float64],
        fields: Sequence[NDArray[np.float64]],
        windows: Sequence[tuple[slice, ...]],
        handicap: NDArray[np.float64],
    ) -> NDArray[Any]:
        """To whom each pixel goes: the strongest blurred field, or nobody."""
        best, labels = nobody.copy(), np.full(self.labels.shape, -1)
        for group, (field, window) in enumerate(zip(fields, windows, strict=True)):
            # Below 2 % the blur has only just arrived: a head start must not make islands there.
            value = np.where(field > 0.02, field + handicap[group], -np.inf)
            wins = value > best[window]
            best[window] = np.where(wins, value, best[window])
            labels[window] = np.where(wins, group, labels[window])
        return labels

    def _whole(self, labels: NDArray[Any]) -> NDArray[Any]:
        """Labels with each group in one piece and without holes."""
        group, corner, rings = _rims(labels)
        # A group with one ring around it, which comes to no corner twice, is whole: most are.
        of_rings = np.bincount(group[[ring[0] for ring in rings]], minlength=self.groups)
        same_corner = (np.diff(group) == 0) & (np.diff(corner) == 0)
        odd_groups = np.union1d(np.flatnonzero(of_rings > 1), group[1:][same_corner]).tolist()
        windows = _windows(labels, self.groups)
        whole_labels = labels.copy()
        for number in odd_groups:
            mine = labels[windows[number]] == number
            piece = _pieces(mine)
            is_largest = piece == np.bincount(piece[mine]).argmax()
            whole_labels[windows[number]][mine & ~is_largest] = -1
        for number in odd_groups:
            inside = whole_labels[windows[number]]
            piece = _pieces(np.pad(inside == number, 1))
            # Only holes of nobody: ground of another unit inside stays that unit's.
            inside[(piece != piece[0, 0])[1:-1, 1:-1] & (inside == -1)] = number
        return whole_labels


def _windows(labels: NDArray[Any], groups: int, margin: int = 0) -> list[tuple[slice, slice]]:
    """The rectangle around each group of squares, wider by a margin; of a group without any, nothing."""
    at = np.flatnonzero(labels >= 0)
    ends = []
    for place in np.divmod(at, labels.shape[1]):
        low, high = np.full(groups, labels.size), np.full(groups, -1)
        np.minimum.at(low, labels.flat[at], place)
        np.maximum.at(high, labels.flat[at], place + 1 + margin)
        ends.append((np.maximum(low - margin, 0).tolist(), high.clip(0).tolist()))
    (south, north), (west, east) = ends
    sides = zip(south, north, west, east, strict=True)
    return [(slice(low, high), slice(left, right)) for low, high, left, right in sides]


def _blurred(squares: NDArray[np.bool_], sigma: float) -> NDArray[np.float64]:
    """How much of each square is left when squares are blurred by `sigma` squares: first down, then across.

    As scipy's filter has it to the last bit, whose import takes longer.
    """
    reach = int(4 * sigma + 0.5)
    weight = np.exp(-0.5 / sigma**2 * np.arange(-reach, reach + 1) ** 2)
    weight = (weight / weight.sum())[reach:]
    values = squares.astype(float)
    for _ in range(2):
        padded = np.pad(values, ((reach, reach), (0, 0)))
        n = len(values)
        values = values * weight[0]
        for away in range(reach, 0, -1):
            before, after = padded[reach - away :][:n], padded[reach + away :][:n]
            values += (before + after) * weight[away]
        values = np.ascontiguousarray(values.T)
    return values


def _pieces(mine: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Numbers of the pieces of squares that hang together by their sides, and of those of all others."""
    number = np.arange(mine.size).reshape(mine.shape)
    same_east, same_north = mine[:, 1:] == mine[:, :-1], mine[1:] == mine[:-1]
    i = np.append(number[:, 1:][same_east], number[1:][same_north])
    j = np.append(number[:, :-1][same_east], number[:-1][same_north])
    return joined_numbers(mine.size, i, j).reshape(mine.shape)


def _rims(labels: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64], list[list[int]]]:
    """The sides of squares at the rims of groups: their groups, the corners that they begin at, their rings.

    A rim is followed from corner to corner, the group to the left of the way: outer rings turn against
    the clock. Sides are in the order of groups and corners, which are counted with a frame of a square.
    """
    framed = np.pad(labels, 1, constant_values=-1)
    wide = framed.shape[1]
    squares = np.flatnonzero(framed >= 0)
    group = framed.flat[squares].astype(np.int64)
    # For each way along a side (0 east, 1 north, 2 west, 3 south): the square beyond it, and
    # the corner where it begins, counted from the square's south-western one.
    steps = np.array([1, wide, -1, -wide])
    sides = []
    for turn, (beyond, corner) in enumerate(((-wide, 0), (1, 1), (wide, wide + 1), (-1, wide))):
        at_rim = framed.flat[squares + beyond] != group
        sides.append(4 * (group * framed.size + squares + corner)[at_rim] + turn)
    side = np.sort(np.concatenate(sides))
    way, end = side % 4, side // 4 + steps[side % 4]
    following = np.zeros(len(side), dtype=np.intp)
    # A turn to the right, asked last, goes before all others: where squares meet at a corner
    # only, the ground between them becomes a hole that touches the rim, and no ring crosses itself.
    for turn in (1, 0, -1) if len(side) else ():
        wanted = 4 * end + (way + turn) % 4
        at = np.minimum(np.searchsorted(side, wanted), len(side) - 1)
        following = np.where(side[at] == wanted, at, following)
    return *np.divmod(side // 4, framed.size), _rings(following.tolist())


def _rings(following: Sequence[int]) -> list[list[int]]:
    """The rings of things of which each is followed by another one, each thing in one ring."""
    rings, is_new = [], [True] * len(following)
    for start in range(len(following)):
        ring, at = [], start
        while is_new[at]:
            is_new[at] = False
            ring.append(at)
            at = following[at]
        if ring:
            rings.append(ring)
    return rings


def _simplified(
    shapes: Sequence[Any], crs: Any, max_vertices: int, *, tolerance: float
) -> list[Any]:
    """The shapes simplified together, gently first, until none is written with too many vertices."""
    polygons = np.array([_largest(shape) for shape in shapes], dtype=object)
    # A quarter coarser each time, 210 times at the last: by then any outline is a few corners. The
    # first tolerance is a square and a half, which takes the steps of the raster out and no bend.
    for step in range(24):
        simple = [
            shapely.normalize(_largest(shape))
            for shape in shapely.coverage_simplify(polygons, tolerance * 1.25**step)
        ]
        lonlat = editable(gpd.GeoDataFrame(geometry=simple, crs=crs)).geometry
        count = shapely.get_num_coordinates(lonlat.to_numpy())
        # Where 180° or a pole cuts a unit, most vertices are those of the cut: no bend of it, nor of
        # any other, would be worth losing for them.
        is_cut = lonlat.bounds["maxx"] - lonlat.bounds["minx"] > 180
        if np.where(is_cut, shapely.get_num_coordinates(simple), count).max() <= max_vertices:
            break
    return simple


def _largest(shape: Any) -> Any:
    """The largest polygon of a shape."""
    parts = shapely.get_parts(shape)
    parts = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    return parts[np.argmax(shapely.area(parts))] if len(parts) else shapely.Polygon()


def numbered(units: gpd.GeoDataFrame, *, first: int = 1) -> gpd.GeoDataFrame:
    """Units with their lasting ids, ``CU-001`` and on, in the order of the rows.

    An id is given once, when a unit is first shown, and never again to another.
    """
    ids = [f"CU-{number:03d}" for number in range(first, first + len(units))]
    return units.assign(unit_id=ids)


# -- names and origins ----------------------------------------------------------------------------

CONFIRMED: Final = 0.6
"""A unit confirms its hotspots where the Jaccard index of both is at least this."""
NEARBY_KM: Final = 100.0
"""A place this far off may still lend a unit its name."""
_BEYOND: Final = 0.25
"""And so may a landscape within this part of its extent: a circle is a poor outline of a long one."""
_TOO_WIDE: Final = 6.0
"""A landscape this many times as wide as a unit says little of where it is: "Himalaya" for 15,000 km². A
river or a height in the unit goes before it, a town does not."""
_NAMED_FIRST: Final = (
    ("mountain range", "desert", "plateau", "steppe", "basin", "landscape", "wetland"),
    ("valley", "river", "lake", "pass", "peak"),
    ("town",),
)


def origins(hotspot_ids: pd.Series, jaccard: pd.Series) -> pd.Series:
    """Whether each unit *confirms* its hotspots, *reshapes* them, or is *new*.

    Parameters
    ----------
    hotspot_ids : Series of str
        The hotspots each unit was grown from, ";" between them; empty for none.
    jaccard : Series of float
        Shared area ÷ joint area of the unit and its hotspots together, 0–1.

    Examples
    --------
    >>> origins(pd.Series(["H1", "H2;H3", ""]), pd.Series([0.8, 0.4, 0.0])).tolist()
    ['confirms', 'reshapes', 'new']
    """
    words = np.where(jaccard >= CONFIRMED, "confirms", "reshapes")
    return pd.Series(np.where(hotspot_ids == "", "new", words), index=hotspot_ids.index)


def place_names(
    units: gpd.GeoDataFrame, gazetteer: gpd.GeoDataFrame, *, taken_names: Collection[str] = ()
) -> pd.DataFrame:
    """The place that names each unit: landscapes before rivers and peaks, those before towns.

    A landscape more than six times as wide as the unit comes after rivers and peaks.

    Of the places whose own extent reaches a unit, one that lies in it goes before one beside it, then
    the one nearest to the unit's middle, measured in its own extents. Where no place reaches it, a
    landscape whose extent ends within :data:`NEARBY_KM`, or a quarter of that extent, lends its name
    with the side that the unit lies on ("Eastern Gobi Desert"), else the nearest place within that
    distance ("Near Erenhot"). No two units get one name; the unit that comes first keeps it.

    Parameters
    ----------
    units : GeoDataFrame
        Polygons in an equal-area CRS.
    gazetteer : GeoDataFrame
        Table `gazetteer` in the same CRS: ``name_en``, ``name_ru``, ``kind``, ``extent_km``.
    taken_names : collection of str
        English names that other units have already: none of them is given again.

    Returns
    -------
    DataFrame
        ``name_en``, ``name_ru``, with the index of `units`; empty strings where no place is near.
    """
    if units.crs != gazetteer.crs:
        raise InputError(
            "units and gazetteer have different CRSs: use cu.to_equal_area(…) on both."
        )
    # The position of the kind in the list is its rank: landscapes, then waters and heights, then
    # towns.
    order = {kind: place for place, kinds in enumerate(_NAMED_FIRST) for kind in kinds}
    rank = gazetteer["kind"].map(order).fillna(len(_NAMED_FIRST)).to_numpy()
    extent = gazetteer["extent_km"].fillna(0).to_numpy(dtype=float)
    places = gazetteer.geometry.to_numpy()
    place_names_en, place_names_ru = (gazetteer[name].tolist() for name in ("name_en", "name_ru"))
    is_landscape = gazetteer["kind"].isin(_NAMED_FIRST[0]).to_numpy()
    # a place lends its name once, whichever way a unit that has it already was called after it
    used_places = {
        place
        for place, name in enumerate(place_names_en)
        if name in taken_names or _near(name, "")[0] in taken_names
    }
    names: list[tuple[str, str]] = []
    given: set[tuple[str, str]] = set()
    shapes = units.geometry.to_numpy()
    centroids = shapely.centroid(shapes)
    widths = 2 * np.sqrt(shapely.area(shapes) / np.pi) / 1000
    # farther away no place lends its name: of most the boxes tell, a metre more for their rounding
    reach = 1000 * (np.maximum(NEARBY_KM, _BEYOND * extent) + extent / 2) + 1
    west, south, east, north = shapely.bounds(places).T
    for shape, centroid, width in zip(shapes, centroids, widths, strict=True):
        left, low, right, top = shape.bounds
        beside = np.maximum(np.maximum(west - right, left - east), 0.0)
        above = np.maximum(np.maximum(south - top, low - north), 0.0)
        may_reach = ~(np.hypot(beside, above) > reach)
        distance = np.full(len(places), np.inf)
        distance[may_reach] = shapely.distance(shape, places[may_reach]) / 1000
        # From the middle and not from the rim: a long unit touches many places.
        middle = shapely.distance(centroid, places) / 1000
        # A point has no extent: within a kilometre of it is in it.
        reaching = distance <= np.maximum(extent / 2, 1.0)
        nearby = distance <= NEARBY_KM
        keys = list(
            zip(
                ~reaching,
                np.where(reaching, rank + 1.5 * (is_landscape & (extent > _TOO_WIDE * width)), 0),
                np.where(reaching, distance > 0, distance),
                # Measured in its own extents, and in 20 km at least: else the smallest place always
                # lies "far".
                middle / np.maximum(extent, 20.0),
                strict=True,
            )
        )
        free = [
            int(place) for place in np.flatnonzero(nearby | reaching) if place not in used_places
        ]
        best = min(free, key=lambda place: (*keys[place], place), default=None)
        beyond = np.where(is_landscape, distance - extent / 2, np.inf)
        close = np.where(beyond <= np.maximum(NEARBY_KM, _BEYOND * extent), beyond, np.inf)
        if (best is None or not reaching[best]) and close.min(initial=np.inf) < np.inf:
            # a landscape is where people say they are; a town at its rim is not
            nearest = int(np.argmin(close))
            side = side_of(centroid, places[nearest], units.crs)
            name, name_ru = place_names_en[nearest], place_names_ru[nearest]
            # a Russian adjective would have to agree with the name
            said = (_sided(name, _SIDES_EN[side]), f"{name_ru} ({_SIDES_RU[side]})")
            if said not in given and said[0] not in taken_names:
                given.add(said)
                names.append(said)
                continue
        if best is None:
            names.append(("", ""))
            continue
        used_places.add(best)
        name, name_ru = place_names_en[best], place_names_ru[best]
        names.append((name, name_ru) if reaching[best] else _near(name, name_ru))
        given.add(names[-1])
    return pd.DataFrame(names, columns=["name_en", "name_ru"], index=units.index)


def _near(name_en: str, name_ru: str) -> tuple[str, str]:
    """The name of a unit beside a place."""
    return f"Near {name_en}", f"Вблизи: {name_ru}"


def _sided(name: str, side: str) -> str:
    """The part of a landscape that a unit lies on: "Eastern Gobi", "Eastern Sayan (south-western)"."""
    is_sided = name.startswith((*_SIDES_EN, "Central"))
    return f"{name} ({side.lower()})" if is_sided else f"{side} {name}"


_SIDES_EN: Final = (
    *("Eastern", "North-eastern", "Northern", "North-western"),
    *("Western", "South-western", "Southern", "South-eastern"),
)
_SIDES_RU: Final = (
    *("восток", "северо-восток", "север", "северо-запад"),
    *("запад", "юго-запад", "юг", "юго-восток"),
)


def joint_name(names: Sequence[str], together: str) -> str:
    """One name for a unit of several hotspots: what all of them have, or the names side by side.

    What stands in brackets is a remark and no name. A name that another one contains is the
    landscape of both.

    Examples
    --------
    >>> joint_name(["Kopet Dag", "Miandasht - Kopet Dag cheetah connectivity (potential)"], "and")
    'Kopet Dag'
    >>> joint_name(["Alai", "Zarafshan (upper)", "Pamir"], "and")
    'Alai, Zarafshan and Pamir'
    """
    plain = [re.sub(r"\s*\([^)]*\)", "", name).strip() for name in names]
    if len(plain) == 1:
        return names[0]
    # The short name first: it is the one that longer ones contain.
    shortest_first = sorted(dict.fromkeys(plain), key=len)
    kept: list[str] = []
    for name in shortest_first:
        if not any(other.casefold() in name.casefold() for other in kept):
            kept.append(name)
    ordered = [name for name in plain if name in kept]
    return f" {together} ".join(filter(None, [", ".join(ordered[:-1]), ordered[-1]]))


def coordinate_names(units: gpd.GeoDataFrame) -> pd.DataFrame:
    """Names for units where no place is near: "Area near 45.2° N 80.1° E", in both languages."""
    middle = units.geometry.centroid.to_crs(LONLAT)
    return pd.DataFrame(
        {
            "name_en": [f"Area near {_degrees(point, 'NS', 'EW', 'en')}" for point in middle],
            "name_ru": [
                f"Район {_degrees(point, ('с. ш.', 'ю. ш.'), ('в. д.', 'з. д.'), 'ru')}"
                for point in middle
            ],
        },
        index=units.index,
    )


def _degrees(point: Any, latitude: Sequence[str], longitude: Sequence[str], lang: str) -> str:
    """A place in degrees with the letters of the language."""
    north, east = point.y >= 0, point.x >= 0
    return (
        f"{figure(abs(point.y), lang, 1)}° {latitude[0 if north else 1]} "
        f"{figure(abs(point.x), lang, 1)}° {longitude[0 if east else 1]}"
    )


# -- the door -------------------------------------------------------------------------------------


LONGEST_EDGE_DEG: Final = 0.4
"""No edge of a unit as written is longer, in degrees."""


def editable(
    units: gpd.GeoDataFrame, *, max_edge_deg: float = LONGEST_EDGE_DEG, decimals: int = 5
) -> gpd.GeoDataFrame:
    """Units in longitude and latitude, as they are written, hashed and edited by hand.

    Vertices are rounded, and an edge longer than `max_edge_deg` gets vertices in between, because
    Google Earth draws great circles where other software draws straight lines in degrees: with edges
    this short both enclose the same area within 0.01 %. A common edge of two units gets the same
    vertices from both sides.

    Parameters
    ----------
    units : GeoDataFrame
        Polygons in any CRS.
    max_edge_deg : float
        Longest edge, in degrees on the plate carrée.
    decimals : int
        Decimals of a degree; 5 is about a metre.

    Returns
    -------
    GeoDataFrame
        The same rows in EPSG:4326, outer rings counter-clockwise.
    """
    lonlat = transformed(units.geometry.to_numpy(), units.crs, LONLAT)
    shapes = _short_edges(cut_at_180(lonlat), max_edge_deg, decimals)
    return units.set_geometry(gpd.GeoSeries(shapes, index=units.index, crs=LONLAT))


def _short_edges(shapes: NDArray[np.object_], longest: float, decimals: int) -> NDArray[np.object_]:
    """Polygons with rounded corners, and vertices put on long edges: the same for both neighbours."""
    polygons, shape_of = shapely.get_parts(shapes, return_index=True)
    rings, polygon_of = shapely.get_rings(polygons, return_index=True)
    xy, ring_of = shapely.get_coordinates(rings, return_index=True)
    xy = np.round(xy, decimals)
    is_last = np.append(ring_of[1:] != ring_of[:-1], True)
    start, end = xy, np.where(is_last[:, None], xy, np.roll(xy, -1, axis=0))
    # An edge of exactly the longest length gets no vertex for the last digit of a square root.
    steps = np.ceil(np.hypot(*(end - start).T) / longest - 1e-9)
    count = np.maximum(steps, 1).astype(np.intp)
    # From the same end whichever way the edge runs, so that neighbours agree to the last digit.
    forth = (start[:, 0] < end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] <= end[:, 1]))
    edge = np.repeat(np.arange(len(xy)), count)
    rank = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    first, last = (np.where(forth[:, None], *ends)[edge] for ends in ((start, end), (end, start)))
    share = np.where(forth[edge], rank, count[edge] - rank) / count[edge]
    corners = np.round(first + (last - first) * share[:, None], decimals)
    corners[rank == 0] = start  # itself, and not what the sum makes of it
    made = shapely.linearrings(corners, indices=ring_of[edge])
    whole = shapely.orient_polygons(shapely.polygons(made, indices=polygon_of))
    written = shapely.multipolygons(whole, indices=shape_of)
    single = np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON)
    written[single] = whole[np.searchsorted(shape_of, single)]
    return np.asarray(written)
