"""States and ranges: where species should be, how outlines fit, what lies along borders and is cut by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.model import (
    DRAWN_AS,
    Layers,
    Profile,
    cami_species,
    check_arguments,
    fence_rows,
    is_missing,
)
from cami_units.overlap._input_checks import geometries
from cami_units.overlap._layer_pieces import (
    Pieces,
    area_pairs,
    covered_borders,
    large_sides,
    measured_ranges,
)
from cami_units.overlap._measure import length_km, overlaps
from cami_units.overlap._pieces import dissolved, joined
from cami_units.overlap._split import along, crossings, middles, split


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

LEAST_WIDTH_KM: Final = 0.1
"""A strip that is nowhere wider lies between a side and the same side cut into several: no fault of drawing."""

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
    shared = map(_wide, shapely.intersection(shapes[i], shapes[j]))
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
            ground = _wide(_between(part, shapes[touching], plain[widest]))
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


def _wide(shape: Any) -> Any:
    """The parts of a shape that are no slivers."""
    parts = shapely.get_parts(shape)
    # not on average: a landscape may hang on a strip as long as the border
    inner = shapely.buffer(parts, -1000 * LEAST_WIDTH_KM / 2, quad_segs=1)
    return shapely.union_all(parts[~shapely.is_empty(inner)])


def _rim(gap: Any, state: Any) -> Any:
    """The part of a gap's outline that a state lies along."""
    x0, y0, x1, y1 = shapely.bounds(gap)
    # thousands of gaps lie along a border of 100,000 vertices: each looks at the state beside it only
    near = shapely.clip_by_rect(state, x0 - 100, y0 - 100, x1 + 100, y1 + 100)
    return shapely.intersection(shapely.boundary(gap), shapely.buffer(near, 10.0, quad_segs=1))


def _size(shape: Any) -> tuple[float, float]:
    """Area in km² and the diameter, in km, of the largest circle in a shape."""
    widest = 0.0
    for part in sorted(shapely.get_parts(shape), key=shapely.area, reverse=True):
        # no circle is larger than what it lies in
        if np.sqrt(4 * shapely.area(part) / np.pi) <= widest:
            break
        # GEOS looks to a thousandth of the length, which of a strip along a border is more than its width
        tolerance = shapely.area(part) / shapely.length(part) / 5
        circle = shapely.maximum_inscribed_circle(part, tolerance=tolerance)
        widest = max(widest, 2 * float(shapely.length(circle)))
    return float(shapely.area(shape) / 1e6), widest / 1000


# -- along borders --------------------------------------------------------------------------------

FENCE_KM: Final = 10.0
"""A fence this close to a border counts as running along it: what both lines may be off."""

PAIR_LOOK_KM: Final = 100.0
"""How far the nearest pair of protected areas across a border is looked for."""

_COUNTS: Final = ("n_crossings", "pa_pairs")


def border_pairs(units: gpd.GeoDataFrame, pieces: Pieces, profile: Profile) -> gpd.GeoDataFrame:
    """Every pair of neighbouring range states: their border, and what lies along it.

    Returns
    -------
    GeoDataFrame
        ``pair``; ``border_km``, and ``disputed_km`` of it; ``units`` on it (";"), ``n_units``;
        ``species_shared`` (";": kept range runs across it, and both states have enough of it for a
        side that counts), ``n_species``; ``fenced_km``, fences
        within :data:`FENCE_KM` of it, each km less what is permeable; ``n_crossings`` documented,
        ``best_grade`` among them; ``pa_pairs`` of protected areas that face each other within the
        profile's distance, ``nearest_pa_pair_km`` within :data:`PAIR_LOOK_KM`; and the border
        itself. Sorted by ``pair``. Where a layer does not speak of both states and nothing was
        found, its number is missing: nobody looked.
    """
    layers = pieces.layers
    cami = cami_species(layers.species)
    borders = dissolved(layers.borders, ("pair",))
    km = length_km(layers.borders)
    pair = layers.borders["pair"]
    disputed_km = km.where(layers.borders["disputed"].astype(bool), 0.0)
    units_on_border = overlaps(units, borders, by=("pair",), kind="line")
    shared = pieces.shared_borders
    shared = shared[shared["sci_name"].isin(cami) & _on_both_sides(shared, pieces, profile)]
    table = pd.DataFrame(
        {
            "border_km": km.groupby(pair).sum(),
            "disputed_km": disputed_km.groupby(pair).sum(),
            "units": _names_of_pairs(units_on_border, "unit_id"),
            "species_shared": _names_of_pairs(shared, "sci_name"),
            "fenced_km": _fenced_km(layers.barriers, borders, profile),
        },
        index=pd.Index(borders["pair"], name="pair"),
    )
    for column, count in (("units", "n_units"), ("species_shared", "n_species")):
        table[column] = table[column].fillna("").astype(str)
        numbers = [len(names.split(";")) if names else 0 for names in table[column]]
        table.insert(list(table.columns).index(column) + 1, count, numbers)
    table = table.join(_graded_crossings(pieces, cami)).join(_facing_areas(pieces, profile))
    table["best_grade"] = table["best_grade"].fillna("").astype(str)
    for column, layer, has_rule in (
        ("fenced_km", "barriers", profile.C6.fences is not None),
        ("n_crossings", "corridors", True),
        ("pa_pairs", "protected_areas", profile.C7.pair_km is not None),
    ):
        looked = set(covered_borders(layers, pieces.grounds, layer)["pair"])
        # nothing found is none where somebody looked, and nothing known elsewhere
        is_known = table.index.isin(looked) | (table[column] > 0)
        table[column] = table[column].fillna(0).where(is_known & has_rule)
    table[list(_COUNTS)] = table[list(_COUNTS)].astype("Int64")
    return gpd.GeoDataFrame(table.reset_index(), geometry=borders.geometry.array, crs=borders.crs)


def _on_both_sides(shared: pd.DataFrame, pieces: Pieces, profile: Profile) -> pd.Series[bool]:
    """Whether both states of a stretch of border have enough of the species' range to count."""
    large = large_sides(pieces, profile.occurrence.side_km2 or 0.0)
    sides = set(zip(large["sci_name"], large["iso2"], strict=True))
    rows = zip(shared["sci_name"], shared["pair"].str.split(";"), strict=True)
    on_both = [all((name, iso2) in sides for iso2 in pair) for name, pair in rows]
    return pd.Series(on_both, index=shared.index, dtype=bool)


def _names_of_pairs(table: pd.DataFrame, column: str) -> pd.Series[str]:
    """The names of each pair of states, sorted, ";" between them."""
    names = table[["pair", column]].drop_duplicates().sort_values(["pair", column])
    joined: pd.Series[str] = names.groupby("pair")[column].agg(";".join)
    return joined


def _fenced_km(
    barriers: gpd.GeoDataFrame | None, borders: gpd.GeoDataFrame, profile: Profile
) -> pd.Series[float]:
    """The km of fence along each border that has any, less what is permeable."""
    if barriers is None:
        return pd.Series(dtype=float)
    fences = fence_rows(barriers, profile.C6.fences)
    if fences.empty:
        return pd.Series(dtype=float)
    stretches = along(fences, borders, line="barrier_id", within_km=FENCE_KM)
    permeability = fences.set_index("barrier_id")["permeability"]
    closed_km = length_km(stretches) * (1 - stretches["barrier_id"].map(permeability))
    summed: pd.Series[float] = closed_km.groupby(stretches["pair"]).sum()
    return summed


def _graded_crossings(pieces: Pieces, cami: Sequence[str]) -> pd.DataFrame:
    """How many documented crossings each border has, and the best grade of their evidence."""
    points = pieces.crossings
    if points is None:
        return pd.DataFrame({"n_crossings": [], "best_grade": np.array([], dtype=object)})
    by_pair = documented_crossings(points, cami).groupby("pair")["evidence_grade"]
    return pd.DataFrame({"n_crossings": by_pair.size(), "best_grade": by_pair.min()})


def documented_crossings(points: gpd.GeoDataFrame, cami: Sequence[str]) -> gpd.GeoDataFrame:
    """The crossings of species that are counted, but for grade N: corridors without information.

    A crossing of several species is one, with the best of their grades.
    """
    counted = points[points["sci_name"].isin(cami) & (points["evidence_grade"] != "N")]
    if DRAWN_AS not in counted:
        return counted
    places = counted.assign(place=shapely.to_wkb(counted.geometry.to_numpy()))
    places = places.sort_values(["evidence_grade", "corridor_id"], kind="stable")
    first = ~places.duplicated([DRAWN_AS, "pair", "place"])
    return counted[first.reindex(counted.index)]


def _facing_areas(pieces: Pieces, profile: Profile) -> pd.DataFrame:
    """Pairs of protected areas across each border: how many near each other, and how near."""
    areas = pieces.layers.protected_areas
    if areas is None:
        return pd.DataFrame({"pa_pairs": [], "nearest_pa_pair_km": []})
    near_km = profile.C7.pair_km or 0.0
    pairs = area_pairs(areas, pieces.states, max(near_km, PAIR_LOOK_KM))
    assert pairs is not None
    nearest_km = pairs.groupby("pair")["km"].min()
    n_pairs = pairs[pairs["km"] <= near_km].groupby("pair").size()
    return pd.DataFrame(
        {"pa_pairs": n_pairs, "nearest_pa_pair_km": nearest_km}, index=nearest_km.index
    )


def barrier_cuts(units: gpd.GeoDataFrame, pieces: Pieces) -> gpd.GeoDataFrame:
    """Which species' range each barrier cuts inside each unit, and where corridors meet barriers.

    Returns
    -------
    GeoDataFrame
        ``unit_id``, ``corridor_id`` (empty: the barrier cuts the range, no corridor is known to
        cross it there), ``barrier_id``, ``sci_name``, ``permeability``, ``kind``, ``name``,
        ``evidence_grade`` of the corridor, ``km`` of the barrier within the range (empty for
        corridors), ``tracked`` where tracks of animals are among the corridors, and a point in the
        CRS of the layers: the crossing, or the middle of the longest stretch. In no particular order.
    """
    layers = pieces.layers
    cami = cami_species(layers.species)
    columns = ["unit_id", "corridor_id", "barrier_id", "sci_name", "evidence_grade", "km"]
    barriers = layers.barriers
    if barriers is None or not len(barriers):
        empty = gpd.GeoDataFrame({name: [] for name in columns}, geometry=[], crs=units.crs)
        return empty.assign(**dict.fromkeys(("kind", "name", "permeability")))
    features = layers.features[layers.features["sci_name"].isin(cami)]
    in_range = split(barriers, features, keep=("barrier_id", "sci_name"))
    stretches = split(in_range, units, keep=("unit_id", "barrier_id", "sci_name"))
    cuts = stretches.assign(corridor_id="", evidence_grade="", km=length_km(stretches))
    cuts = cuts.set_geometry(middles(stretches))
    parts = [cuts[cuts["km"] > 0]]
    if layers.corridors is not None:
        corridors = layers.corridors[layers.corridors["sci_name"].isin(cami)]
        points = crossings(corridors, barriers, line="corridor_id", border="barrier_id")
        marks = [name for name in ("evidence_grade", "tracked") if name in corridors]
        points = points.merge(corridors[["corridor_id", "sci_name", *marks]])
        keep = ("unit_id", "corridor_id", "barrier_id", "sci_name", *marks)
        parts.append(split(points, units, keep=keep).assign(km=np.nan))
    table = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=units.crs)
    return table.merge(barriers[["barrier_id", "kind", "name", "permeability"]])


def gone_ranges(units: gpd.GeoDataFrame, layers: Layers) -> pd.DataFrame:
    """Where in each unit a species is possibly extinct (4) or extinct (5): never counted.

    Returns
    -------
    DataFrame
        ``unit_id``, ``sci_name``, ``presence``, ``overlap_km2``.
    """
    ranges = layers.ranges
    gone = ranges["presence"].isin([4, 5]) & ranges["sci_name"].isin(cami_species(layers.species))
    by = ("sci_name", "presence")
    gone_km2 = overlaps(units, dissolved(ranges[gone], by), by=by, kind="polygon")
    return gone_km2.rename(columns={"km2": "overlap_km2"})


CLOSED: Final = 0.05
"""A fence of at most this permeability, 0–1, lets nothing large through."""


def fenced_links(layers: Layers, profile: Profile) -> pd.DataFrame:
    """Corridors of grade A or B that a closed fence cuts, and that name no year of a crossing seen.

    Returns
    -------
    DataFrame
        ``corridor_id``, ``name``, ``evidence_grade``, ``fence`` (its name): a row a corridor.
    """
    columns = ["corridor_id", "name", "evidence_grade", "fence"]
    corridors, barriers = layers.corridors, layers.barriers
    if corridors is None or barriers is None:
        return pd.DataFrame(columns=columns)
    graded = corridors[corridors["evidence_grade"].isin(["A", "B"])]
    if "crossing_seen_year" in graded:
        year = pd.to_numeric(graded["crossing_seen_year"], errors="coerce")
        graded = graded[year.isna()]
    fences = fence_rows(barriers, profile.C6.fences)
    fences = fences[fences["permeability"].astype(float) <= CLOSED]
    if graded.empty or fences.empty:
        return pd.DataFrame(columns=columns)
    cuts = crossings(graded, fences, border="barrier_id").drop_duplicates("corridor_id")
    fence = fences.set_index("barrier_id")["name"]
    graded_rows = graded.set_index("corridor_id")[["name", "evidence_grade"]]
    cuts = cuts[["corridor_id", "barrier_id"]].join(graded_rows, on="corridor_id")
    table: pd.DataFrame = cuts.assign(fence=cuts["barrier_id"].map(fence))[columns]
    return table
