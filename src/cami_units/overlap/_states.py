"""States and ranges: where species are against where they should be, and how outlines of states fit."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.model import Layers, check_arguments, is_missing
from cami_units.overlap._door import geometries
from cami_units.overlap._layer_pieces import measured_ranges
from cami_units.overlap._measure import overlaps
from cami_units.overlap._pieces import joined
from cami_units.overlap._split import split


def range_states(layers: Layers, *, least_km2: float = 100.0) -> pd.DataFrame:
    """The states of each species: those its row of the species table names, and those found.

    Parameters
    ----------
    layers : Layers
        The layers of a plan.
    least_km2 : float
        From this much kept range, km², a species is found in a state.

    Returns
    -------
    DataFrame
        ``sci_name``, ``iso2``, ``km2`` (kept range in the state), ``expected`` ("yes", "extinct",
        "no") and ``verdict`` ("as expected", "missing", "unexpected"), a row for every species and
        range state that either side names; sorted by both.

    Notes
    -----
    *Extinct* states come from the optional column ``extinct_states``. Range found there is
    unexpected: it may be a reintroduction, or a part with the wrong presence code. States outside
    the plan are not looked at.

    Examples
    --------
    >>> import cami_units as cu
    >>> states = cu.range_states(cu.load(cu.read_plan(None)))
    >>> odd = states[states["verdict"] == "missing"]
    >>> odd.loc[odd["sci_name"] == "Lynx lynx", "iso2"].tolist()
    ['BT']
    """
    check_arguments(range_states, locals())
    states = layers.countries[layers.countries["range_state"]]
    in_states = overlaps(states, measured_ranges(layers), site="iso2", by=("sci_name",))
    area = in_states.set_index(["sci_name", "iso2"])["km2"]
    expected = {
        **_named_states(layers.species, "extinct_states", "extinct", set(states["iso2"])),
        **_named_states(layers.species, "range_states", "yes", set(states["iso2"])),
    }
    keys = sorted(set(expected) | set(area.index[area >= least_km2]))
    rows = [
        (name, iso2, float(area.get((name, iso2), 0.0)), expected.get((name, iso2), "no"))
        for name, iso2 in keys
    ]
    table = pd.DataFrame(rows, columns=["sci_name", "iso2", "km2", "expected"])
    present, due = table["km2"] >= least_km2, table["expected"] == "yes"
    verdict = pd.Series("as expected", index=table.index)
    verdict = verdict.mask(due & ~present, "missing").mask(~due & present, "unexpected")
    return table.assign(verdict=verdict)


def record_states(layers: Layers, *, recent_years: float, least_km2: float) -> pd.DataFrame:
    """Records of each species held against its kept range, state by state.

    Parameters
    ----------
    layers : Layers
        With `occurrences`.
    recent_years : float
        A record is recent up to this many years before the plan's date.
    least_km2 : float
        A state has the species from this much range.

    Returns
    -------
    DataFrame
        ``sci_name``, ``iso2``, ``km2`` (kept range), ``records``, ``recent``, ``outside`` (records
        that lie in no kept range of the species): a row for each state with range of the species or
        with records of it, of the species that were recorded anywhere; sorted by both.
    """
    columns = ["sci_name", "iso2", "km2", "records", "recent", "outside"]
    points = layers.occurrences
    if points is None or points.empty:
        return pd.DataFrame(columns=columns)
    states = layers.countries.loc[layers.countries["range_state"], ["iso2", "geometry"]]
    in_range = np.zeros(len(points), dtype=bool)
    for name, shape in zip(layers.features["sci_name"], layers.features.geometry, strict=True):
        mine = np.flatnonzero(points["sci_name"] == name)
        shapely.prepare(shape)
        in_range[mine] = shapely.intersects(shape, points.geometry.to_numpy()[mine])
    marked = points[["sci_name", "geometry"]].assign(
        recent=points["age_years"].le(recent_years).to_numpy(), outside=~in_range
    )
    placed_records = split(marked, states, keep=("sci_name", "iso2", "recent", "outside"))
    by_state = placed_records.assign(records=1).groupby(["sci_name", "iso2"])
    counts = by_state[["records", "recent", "outside"]].sum()
    ranges = measured_ranges(layers)
    their_ranges = ranges[ranges["sci_name"].isin(set(points["sci_name"]))]
    sides = overlaps(states, their_ranges, site="iso2", by=("sci_name",), kind="polygon")
    sides = sides[sides["km2"] >= least_km2].set_index(["sci_name", "iso2"])
    table = sides[["km2"]].join(counts, how="outer").fillna(0.0).reset_index()
    types = dict.fromkeys(("records", "recent", "outside"), int)
    return table.astype(types)[columns].sort_values(["sci_name", "iso2"], ignore_index=True)


def _named_states(
    species: pd.DataFrame, column: str, word: str, states: set[str]
) -> dict[tuple[str, str], str]:
    """The states that a column names for each species, with what it says of them."""
    if column not in species:
        return {}
    return {
        (name, iso2.strip()): word
        for name, cell in zip(species["sci_name"], species[column], strict=True)
        for iso2 in ("" if is_missing(cell) else str(cell)).split(";")
        if iso2.strip() in states
    }


LEAST_KM2: Final = 1.0
"""What is smaller is the rounding of coordinates along thousands of km of border."""

MOST_GAP_KM: Final = 15.0
"""Wider ground between two states is a lake, a sea or somebody's own: no fault of drawing."""


_PLAIN_M: Final = 500.0

# a strip along a coast is open to the sea on one side, 0.5 of its outline, the corner of two coasts for 0.44
# or more; a gap is open at its ends only, each at most 0.35 where it is as long as wide, whether one or both
_MOST_OPEN: Final = 0.4


def state_edges(countries: gpd.GeoDataFrame) -> pd.DataFrame:
    """Ground that two states both claim, and ground between two states that neither does.

    Parameters
    ----------
    countries : GeoDataFrame
        ``iso2`` and polygons in an equal-area CRS; only range states are looked at.

    Returns
    -------
    DataFrame
        ``kind`` ("overlap", "gap"), ``pair`` ("KZ;UZ"), ``km2``, ``width_km`` (of the largest
        circle that fits), sorted by kind and pair.
    """
    states = countries[countries["range_state"].astype(bool)].sort_values("iso2")
    shapes, names = geometries(states), states["iso2"].to_numpy()
    i, j = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    # Each pair once, and no state with itself.
    i, j = i[i < j], j[i < j]
    shared = shapely.intersection(shapes[i], shapes[j])
    rows = [
        ("overlap", f"{names[a]};{names[b]}", *_size(shape))
        for a, b, shape in zip(i, j, shared, strict=True)
        if shapely.area(shape) / 1e6 >= LEAST_KM2
    ]
    rows += [("gap", pair, *_size(shape)) for pair, shape in sorted(_gaps(shapes, names).items())]
    return pd.DataFrame(rows, columns=["kind", "pair", "km2", "width_km"])


def _gaps(shapes: Any, names: Any) -> dict[str, Any]:
    """The ground between two neighbouring states, by their pair."""
    reach = 1000 * MOST_GAP_KM / 2
    # what is closed need not be exact to the metre: the ground itself is taken out of it afterwards
    plain = shapely.simplify(shapes, _PLAIN_M)
    near = [shapely.buffer(shape, reach, quad_segs=2) for shape in plain]
    closed = shapely.buffer(shapely.union_all(near), -reach, quad_segs=2)
    land = shapely.union_all(shapes)
    parts = shapely.get_parts(shapely.difference(closed, land))
    parts = parts[shapely.area(parts) / 1e6 >= LEAST_KM2]
    gaps: dict[str, list[Any]] = {}
    tree = shapely.STRtree(shapes)
    for part in parts:
        # a bay of one state's own coast has one state at its rim, a gap has two
        touching = np.sort(tree.query(part, predicate="dwithin", distance=1.0))
        shared = {int(at): shapely.length(_rim(part, shapes[at])) for at in touching}
        # A gap where three states meet goes to the two that have most of its rim.
        widest = sorted(shared, key=lambda at: (-shared[at], at))[:2]
        if len(widest) == 2 and min(shared[at] for at in widest) > reach:
            ground = _between(part, shapes[touching], plain[widest])
            if shapely.area(ground) / 1e6 >= LEAST_KM2:
                pair = ";".join(sorted(str(names[at]) for at in widest))
                gaps.setdefault(pair, []).append(ground)
    return {pair: joined(np.array(gap_parts, dtype=object)) for pair, gap_parts in gaps.items()}


def _between(gap: Any, states: Any, pair: Any) -> Any:
    """What of a gap lies between a pair of states; nothing where it lies along their outer rim.

    What is closed runs past a coast by as much as that was simplified, and fills the corner in which two
    coasts meet: there one open side is as long as all that lies along states, while a gap is open at its ends.
    """
    reach = 1000 * MOST_GAP_KM
    x0, y0, x1, y1 = shapely.bounds(gap)
    around = (x0 - 2 * reach, y0 - 2 * reach, x1 + 2 * reach, y1 + 2 * reach)
    near = shapely.buffer(shapely.clip_by_rect(pair, *around), reach, quad_segs=2)
    ground = shapely.get_parts(shapely.intersection(gap, shapely.intersection_all(near)))
    whole = shapely.length(ground)
    open_side = np.array([_longest_open_side(part, shapely.union_all(states)) for part in ground])
    return shapely.union_all(ground[open_side < _MOST_OPEN * whole])


def _longest_open_side(gap: Any, states: Any) -> float:
    """The length of the longest stretch of a gap's outline, m, along which there is no state."""
    outside = shapely.difference(shapely.boundary(gap), shapely.buffer(states, 10.0, quad_segs=1))
    # a coast that its simplified line touches parts one side into two, for some hundred metres
    sides = shapely.get_parts(shapely.buffer(outside, _PLAIN_M, quad_segs=2))
    return float(shapely.length(shapely.intersection(outside, sides)).max(initial=0.0))


def _rim(gap: Any, state: Any) -> Any:
    """The part of a gap's outline that a state lies along."""
    x0, y0, x1, y1 = shapely.bounds(gap)
    # thousands of gaps lie along a border of 100,000 vertices: each looks at the state beside it only
    near = shapely.clip_by_rect(state, x0 - 100, y0 - 100, x1 + 100, y1 + 100)
    return shapely.intersection(shapely.boundary(gap), shapely.buffer(near, 10.0, quad_segs=1))


def _size(shape: Any) -> tuple[float, float]:
    """Area in km² and the diameter, in km, of the largest circle in a shape."""
    largest = max(shapely.get_parts(shape), key=shapely.area)
    radius = shapely.length(shapely.maximum_inscribed_circle(largest))
    return float(shapely.area(shape) / 1e6), float(2 * radius / 1000)
