"""The layers of a plan cut by one another, once, so that any sites can be laid over the pieces.

And where each layer has been looked for: outside of it, nothing found is nothing known.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.model import (
    COMPILED_FOR_ALL,
    COVERED_LAYERS,
    DRAWN_AS,
    RANGE_WEIGHT,
    Layers,
    drawn_lines,
    united_coverage,
)
from cami_units.overlap._distance import pairs_apart
from cami_units.overlap._measure import range_km2, species_range_km2
from cami_units.overlap._pieces import (
    dissolved,
    dissolved_by_weight,
    joined,
    joined_numbers,
    weight_column,
)
from cami_units.overlap._split import border_crossings, of_dimension, split

MOSTLY: Final = 0.05
"""A layer has something in a state where at least this part of one of its rows lies: borders of
two layers never quite agree, and what spills over by a few km was not looked for there."""

_EVERYWHERE: Final = shapely.box(-3e7, -3e7, 3e7, 3e7)
"""More ground than there is, in metres."""


def layer_coverage(
    layers: Layers, stated: Mapping[str, tuple[str, ...]] | None = None
) -> pd.DataFrame:
    """The states that each layer of evidence was compiled for.

    Parameters
    ----------
    layers : Layers
        With its sources: the bundled layers say themselves what they were compiled for.
    stated : mapping, optional
        The states that a plan names, by layer.

    Returns
    -------
    DataFrame
        ``layer``, ``states`` (";"): the plan's, else all states of the study for a bundled layer
        that was compiled for them, else the states in which the layer has anything. Layers that are
        not there are missing.
    """
    stated = stated or {}
    states = layers.countries[layers.countries["range_state"]]
    bundled = {str(source["layer"]) for source in layers.sources if source.get("bundled")}
    rows = []
    for name in COVERED_LAYERS:
        if (table := getattr(layers, name)) is None:
            continue
        # Whoever ran the study knows best; then what came with the program; a guess by its rows is
        # last.
        if name in stated:
            covered = sorted(stated[name])
        elif name in bundled and name in COMPILED_FOR_ALL:
            covered = sorted(states["iso2"])
        else:
            covered = states_of(table, states)
        rows.append((name, ";".join(covered)))
    return pd.DataFrame(rows, columns=["layer", "states"], dtype=object)


def states_of(table: gpd.GeoDataFrame, states: gpd.GeoDataFrame) -> list[str]:
    """The states in which a layer has anything: by its own column, or by a good part of a row.

    Parameters
    ----------
    table : GeoDataFrame
        Any layer; codes in a column ``iso2`` say themselves which states a row is of, if any of
        them is one of `states`.
    states : GeoDataFrame
        ``iso2`` and polygons in the same CRS.
    """
    if "iso2" in table:
        named = [
            {word.strip().upper() for word in re.split("[;,/]", codes)}
            for codes in table["iso2"].fillna("").astype(str)
        ]
        # a row that says its state in another way, or not at all, is where it lies
        untold = [not all(re.fullmatch("[A-Z]{2}", code) for code in codes) for codes in named]
        if told := set().union(*named) & set(states["iso2"]):
            return sorted(told | set(states_of(table.loc[untold, ["geometry"]], states)))
    shapes = np.asarray(table.geometry.array, dtype=object)
    i, j = shapely.STRtree(shapes).query(states.geometry.to_numpy(), predicate="intersects")
    share = _size(shapely.intersection(shapes[j], states.geometry.to_numpy()[i]))
    return sorted(set(states["iso2"].to_numpy()[i[share >= MOSTLY * _size(shapes[j])]]))


def _size(shapes: Any) -> Any:
    """The area of polygons, the length of lines, and how many points: a size to take shares of."""
    dimension = shapely.get_dimensions(shapes)
    points = shapely.get_num_geometries(shapes).astype(float)
    points = np.where(shapely.is_empty(shapes), 0.0, points)
    return np.where(
        dimension == 2,
        shapely.area(shapes),
        np.where(dimension == 1, shapely.length(shapes), points),
    )


def covered_grounds(layers: Layers) -> gpd.GeoDataFrame:
    """The ground of each layer of evidence: ``layer``, and one polygon in the CRS of the layers.

    A layer that was compiled for all states of the study covers all ground: what belongs to no
    state, water, and the rim beyond the study have no one else to look after them. One that has
    nothing in the study covers none, and has no row.
    """
    table = layer_coverage(layers) if layers.coverage is None else layers.coverage
    areas = layers.coverage_areas
    by_area = {} if areas is None else dict(zip(areas["layer"], areas.geometry, strict=True))
    made_grounds: dict[str, Any] = {}  # layers of the same states share one polygon
    shapes = []
    for name, names in zip(table["layer"], table["states"], strict=True):
        if name not in by_area and names not in made_grounds:
            made_grounds[names] = ground_of_states(layers.countries, names.split(";"))
        shapes.append(by_area.get(name, made_grounds.get(names)))
    grounds = gpd.GeoDataFrame(
        {"layer": table["layer"].to_numpy(dtype=object)}, geometry=shapes, crs=layers.crs
    )
    return grounds[~grounds.is_empty].reset_index(drop=True)


def ground_of_states(countries: gpd.GeoDataFrame, names: list[str]) -> Any:
    """The ground of some states, empty of none; of all states of the study, all there is."""
    in_study = countries["range_state"].astype(bool)
    if set(countries.loc[in_study, "iso2"]) <= set(names):
        return _EVERYWHERE
    return joined_states(countries, names)


def joined_states(countries: gpd.GeoDataFrame, names: Collection[str]) -> Any:
    """Some states as one shape, empty of none; the same whatever order they stand in."""
    shapes = countries.geometry[countries["iso2"].isin(names)].to_numpy()
    if not len(shapes):
        return shapely.Polygon()
    united = united_coverage(shapes)
    return joined(shapes) if united is None else shapely.normalize(united)


def covered_parts(
    sites: gpd.GeoDataFrame, ground: Any, *, site: str = "unit_id"
) -> tuple[gpd.GeoDataFrame, pd.Series[float]]:
    """The part of each site that a layer covers, and its share of the site, 0–1.

    Parameters
    ----------
    sites : GeoDataFrame
        Polygons in an equal-area CRS.
    ground : geometry
        From :func:`ground_of_states`, in the same CRS.

    Returns
    -------
    GeoDataFrame
        `site` and polygons; sites that nobody looked at are missing.
    Series
        The share of every site, indexed by `site`.
    """
    shapes = np.asarray(sites.geometry.array, dtype=object).copy()
    size = shapely.area(shapes)
    shapely.prepare(ground)
    cut = ~shapely.covers(ground, shapes)
    shapes[cut] = of_dimension(shapely.intersection(shapes[cut], ground), 2)
    share = pd.Series(shapely.area(shapes) / size, index=pd.Index(sites[site]))
    # Rounding of a cut, which would otherwise be reported as ground that nobody looked at.
    share = share.mask(share >= 1 - 1e-9, 1.0).mask(share < 1e-9, 0.0)
    parts = gpd.GeoDataFrame(
        {site: sites[site].array}, geometry=shapes, crs=sites.crs, index=sites.index
    )
    return parts[share.to_numpy() > 0], share


# -- the pieces -----------------------------------------------------------------------------------

_SEASONS = (2, 3, 4)
"""IUCN codes of breeding, non-breeding and passage parts: what is there for part of the year."""


@dataclass(frozen=True, slots=True)
class DrawnPieces:
    """The layers cut by one another as far as a drawing page measures on them."""

    layers: Layers
    adjacent_km: float | None
    states: gpd.GeoDataFrame
    ranges: gpd.GeoDataFrame
    sides: gpd.GeoDataFrame
    graded: gpd.GeoDataFrame
    supporting: gpd.GeoDataFrame
    crossings: gpd.GeoDataFrame | None
    protected: gpd.GeoDataFrame | None
    hotspot_ground: gpd.GeoDataFrame | None
    seasonal: gpd.GeoDataFrame | None
    grounds: gpd.GeoDataFrame
    covered_ranges: gpd.GeoDataFrame | None
    covered_borders: gpd.GeoDataFrame | None


@dataclass(frozen=True, slots=True)
class Pieces(DrawnPieces):
    """The layers cut by one another, once, so that any sites can be laid over them."""

    border_strips: gpd.GeoDataFrame | None
    shared_borders: gpd.GeoDataFrame
    disputed: gpd.GeoDataFrame | None
    pa_pairs: pd.DataFrame | None
    sightings: gpd.GeoDataFrame | None = None


def layer_pieces(
    layers: Layers,
    *,
    pair_km: float | None,
    adjacent_km: float | None = None,
    error_km: float = 0.0,
) -> Pieces:
    """Ranges by state, borders by range, ranges by protection, corridors by border.

    Parameters
    ----------
    layers : Layers
        In one equal-area CRS, ranges whole: their areas were measured before this.
    pair_km : float or None
        How far apart two protected areas may lie to be a pair; ``None``: no pairs are looked for.
    adjacent_km : float or None
        How far from a site, let in as *adjacent*, a crossing of a corridor that reaches it counts.
    error_km : float
        How far the borders may be off: the strips along them of which nobody knows whose they are.
    """
    drawn, areas = drawn_pieces(layers, adjacent_km=adjacent_km), layers.protected_areas
    states = drawn.states
    return Pieces(
        **{field.name: getattr(drawn, field.name) for field in fields(drawn)},
        border_strips=_border_strips(layers.borders, error_km),
        shared_borders=_shared_borders(layers),
        disputed=(
            None
            if layers.disputed is None
            else split(states, dissolved(layers.disputed), keep="iso2")
        ),
        pa_pairs=None if areas is None else area_pairs(areas, states, pair_km),
        sightings=_sightings(layers.occurrences, states),
    )


def drawn_pieces(layers: Layers, *, adjacent_km: float | None = None) -> DrawnPieces:
    """As :func:`layer_pieces`, without what only tables of sites ask for."""
    states = layers.countries[layers.countries["range_state"]].reset_index(drop=True)
    hotspots, grounds = layers.hotspots, covered_grounds(layers)
    return DrawnPieces(
        layers=layers,
        adjacent_km=adjacent_km,
        states=states,
        graded=graded_ranges(_of_use(layers.ranges, "kept")),
        supporting=dissolved_by_weight(_of_use(layers.ranges, "supporting"), ("sci_name",)),
        crossings=(
            None
            if layers.corridors is None
            else _corridor_crossings(layers.corridors, layers.borders, states)
        ),
        hotspot_ground=(
            None
            if hotspots is None
            else within(dissolved(hotspots).assign(ground="hotspots"), grounds, "hotspots")
        ),
        seasonal=_seasonal_sides(layers.ranges, states),
        grounds=grounds,
        covered_borders=(
            None if layers.barriers is None else covered_borders(layers, grounds, "barriers")
        ),
        **_of_ranges(measured_ranges(layers), layers, states, grounds),
    )


def _shared_borders(layers: Layers) -> gpd.GeoDataFrame:
    """The borders that lie in each range."""
    return split(layers.borders, layers.features, keep=("pair", "sci_name"))


def _of_ranges(
    ranges: gpd.GeoDataFrame, layers: Layers, states: gpd.GeoDataFrame, grounds: gpd.GeoDataFrame
) -> dict[str, Any]:
    """The pieces that hang on ranges: by state, by protection."""
    weight, areas = weight_column(ranges), layers.protected_areas
    protected, covered = None, None
    if areas is not None:
        # of protected areas that overlap the ground counts once
        inside_pieces = split(ranges, dissolved(areas), keep=("sci_name", *weight))
        protected = within(inside_pieces, grounds, "protected_areas")
        covered = within(ranges, grounds, "protected_areas")
    return {
        "ranges": ranges,
        "sides": split(ranges, states, keep=("sci_name", "iso2", *weight)),
        "protected": protected,
        "covered_ranges": covered,
    }


def _sightings(
    records: gpd.GeoDataFrame | None, states: gpd.GeoDataFrame
) -> gpd.GeoDataFrame | None:
    """Records by the side on which they lie, with their age in years; -1 where they have no date."""
    if records is None:
        return None
    # What is counted by age needs one everywhere: −1 is an age that no record has.
    age = records["age_years"].fillna(-1).astype(int)
    return split(records.assign(age_years=age), states, keep=("sci_name", "age_years", "iso2"))


_PLAIN_M: Final = 100.0
"""Bends of a border that do not matter to a strip of kilometres."""


def _border_strips(borders: gpd.GeoDataFrame, error_km: float) -> gpd.GeoDataFrame | None:
    """The ground within the error of the border layer, piece by piece; None: it has no error."""
    if error_km <= 0 or borders.empty:
        return None
    lines = shapely.simplify(borders.geometry.to_numpy(), _PLAIN_M)
    parts, pair = shapely.get_parts(lines, return_index=True)
    strips = shapely.buffer(parts, 1000 * error_km, quad_segs=4)
    return gpd.GeoDataFrame(
        {"pair": borders["pair"].array.take(pair)}, geometry=strips, crs=borders.crs
    )


def with_ranges(pieces: Pieces, graded: gpd.GeoDataFrame) -> Pieces:
    """The pieces with other ranges: what hangs on them is cut anew, the rest stays.

    Parameters
    ----------
    pieces : Pieces
        Everything that does not hang on ranges.
    graded : GeoDataFrame
        The other ranges: ``sci_name``, ``confidence`` and polygons, one row for each pair.
    """
    layers = replace(pieces.layers, features=regional_ranges(graded))
    ranges = dissolved_by_weight(graded, ("sci_name",))
    of_ranges = _of_ranges(ranges, layers, pieces.states, pieces.grounds)
    borders = _shared_borders(layers)
    return replace(pieces, layers=layers, graded=graded, shared_borders=borders, **of_ranges)


def graded_ranges(parts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Range parts by species and grade of confidence; those without one are "ungraded"."""
    grade = parts["confidence"].fillna("ungraded")
    return dissolved_by_weight(parts.assign(confidence=grade), ("sci_name", "confidence"))


def regional_ranges(parts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The outline of each species' range, ``sci_name``, and what it comes to: ``range_km2``."""
    outlines = dissolved(parts, ("sci_name",))
    bands = dissolved_by_weight(parts, ("sci_name",)) if RANGE_WEIGHT in parts else outlines
    km2 = species_range_km2(bands)
    return outlines.assign(range_km2=outlines["sci_name"].map(km2).astype(float))[
        ["sci_name", "range_km2", "geometry"]
    ]


def measured_ranges(layers: Layers) -> gpd.GeoDataFrame:
    """The regional ranges as they are measured: a row a species, or a row each weight of it."""
    if RANGE_WEIGHT not in layers.ranges:
        return layers.features
    return dissolved_by_weight(_of_use(layers.ranges, "kept"), ("sci_name",))


def large_sides(pieces: DrawnPieces, side_km2: float) -> gpd.GeoDataFrame:
    """The sides on which a species has at least so much range, ground that counts in part by its weight."""
    sides = pieces.sides
    km2 = range_km2(sides).groupby([sides["sci_name"], sides["iso2"]]).transform("sum")
    return sides[km2 >= side_km2]


def _of_use(ranges: gpd.GeoDataFrame, use: str) -> gpd.GeoDataFrame:
    """The range parts that the choice of IUCN codes made this use of."""
    return ranges[ranges["use"] == use].reset_index(drop=True)


def within(table: gpd.GeoDataFrame, grounds: gpd.GeoDataFrame, layer: str) -> gpd.GeoDataFrame:
    """The parts of a table's shapes that lie where a layer of evidence was looked for."""
    ground = grounds.loc[grounds["layer"] == layer, ["geometry"]]
    columns = [column for column in table.columns if column != "geometry"]
    return split(table, ground, keep=columns)


def covered_borders(layers: Layers, grounds: gpd.GeoDataFrame, layer: str) -> gpd.GeoDataFrame:
    """The borders along which a layer of evidence was looked for: in both of their states.

    None without the layer: nobody looked.
    """
    columns = ["pair", "geometry"]
    if getattr(layers, layer) is None:
        return layers.borders.loc[:, columns].iloc[:0]
    areas = layers.coverage_areas
    if areas is not None and layer in set(areas["layer"]):
        return within(layers.borders[columns], grounds, layer)
    coverage = layer_coverage(layers) if layers.coverage is None else layers.coverage
    names = dict(zip(coverage["layer"], coverage["states"], strict=True))
    # Nobody who looked on one side only can say that a border is open.
    covered = set(names.get(layer, "").split(";"))
    is_covered = [set(pair.split(";")) <= covered for pair in layers.borders["pair"]]
    return layers.borders.loc[is_covered, columns].reset_index(drop=True)


def _corridor_crossings(
    corridors: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, states: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Where corridors cross borders, with the species, the grade and the source of each."""
    columns = corridors[["corridor_id", "sci_name", "evidence_grade"]].assign(source="")
    if "crossing_grade" in corridors:  # of the crossing, where its source tells it apart
        own_grade = corridors["crossing_grade"].fillna("").astype(str)
        columns["evidence_grade"] = own_grade.where(own_grade != "", columns["evidence_grade"])
    if DRAWN_AS in corridors:
        columns[DRAWN_AS] = drawn_lines(corridors)
    if "tracked" in corridors:
        columns["tracked"] = corridors["tracked"]
    if "source" in corridors:
        columns["source"] = corridors["source"].fillna("").astype(str)
    if "source_facts" in corridors:
        columns["source_facts"] = corridors["source_facts"].fillna("").astype(str)
    return border_crossings(corridors, borders, states).merge(columns, on="corridor_id")


def _seasonal_sides(ranges: gpd.GeoDataFrame, states: gpd.GeoDataFrame) -> gpd.GeoDataFrame | None:
    """Breeding, non-breeding and passage parts of kept ranges by state; None: all is resident."""
    parts = _of_use(ranges, "kept")
    parts = parts[parts["seasonal"].isin(_SEASONS)]
    if parts.empty:
        return None
    seasons = dissolved(parts, ("sci_name", "seasonal"))
    return split(seasons, states, keep=("sci_name", "seasonal", "iso2"))


SAME_GROUND: Final = 0.5
"""Two designations that share at least this part of the smaller one lie on one ground."""


def area_pairs(
    areas: gpd.GeoDataFrame, states: gpd.GeoDataFrame, within_km: float | None
) -> pd.DataFrame | None:
    """Pairs of protected areas of different states, near each other.

    Several designations on one ground are one: a national park that is a biosphere reserve too
    faces its neighbour once. An area of two states is no pair with itself.

    Returns
    -------
    DataFrame or None
        ``pa_a``, ``pa_b`` (ids of one ground, ";"), ``name_a``, ``name_b`` (of the largest area on
        it), ``pair``, ``km``. ``None``: no distance is given.
    """
    if within_km is None:
        return None
    grounds = _area_grounds(areas, states)
    pairs = pairs_apart(grounds, key="ground", group="iso2", within_km=within_km)
    rows = grounds.set_index("ground")
    for side in ("a", "b"):
        key = pairs[f"key_{side}"]
        pairs[f"pa_{side}"] = key.map(rows["ids"])
        pairs[f"name_{side}"] = key.map(rows["name"])
    pairs = pairs[pairs["pa_a"] != pairs["pa_b"]]
    columns = ["pa_a", "pa_b", "pair", "km", "name_a", "name_b"]
    return pairs[columns].sort_values(["pa_a", "pa_b", "pair"], ignore_index=True)


def _area_grounds(areas: gpd.GeoDataFrame, states: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The ground of protected areas in each state: ``ground``, ``iso2``, ``ids``, ``name``."""
    state_of = dict(zip(states["iso2"], states.geometry, strict=True))
    rows = areas[["pa_id", "name", "geometry"]].assign(
        iso2=areas["iso2"].astype(str).str.split(";"), several=areas["iso2"].str.contains(";")
    )
    rows = rows.explode("iso2").sort_values(["iso2", "pa_id"], ignore_index=True)
    shapes = rows.geometry.to_numpy().copy()
    has_state = rows["iso2"].isin(list(state_of)).to_numpy()
    several = rows["several"].to_numpy(dtype=bool)
    # Of an area of several states each has its part; one outside the study what the others leave.
    in_several = several & has_state
    shapes[in_several] = shapely.intersection(
        shapes[in_several], rows.loc[in_several, "iso2"].map(state_of)
    )
    for at in np.flatnonzero(several & ~has_state):
        others = rows.loc[rows["pa_id"].eq(rows["pa_id"].iloc[at]) & has_state, "iso2"]
        here_too = shapely.union_all([state_of[iso2] for iso2 in others])
        shapes[at] = shapely.difference(shapes[at], here_too)
    nowhere = shapely.is_empty(shapes)
    # Where borders give it to none of its states (disputed ground), it is whole in each.
    is_lost = (
        rows["pa_id"].map(pd.Series(nowhere).groupby(rows["pa_id"]).all()).to_numpy(dtype=bool)
    )
    shapes[is_lost & several] = rows.geometry.to_numpy()[is_lost & several]
    rows, shapes = (part[~nowhere | is_lost] for part in (rows, shapes))
    rows = rows.reset_index(drop=True)
    size = shapely.area(shapes)
    i, j = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    state = rows["iso2"].to_numpy()
    # Within one state: designations of two states on one ground are what makes a pair.
    i, j = i[state[i] == state[j]], j[state[i] == state[j]]
    shared = shapely.area(shapely.intersection(shapes[i], shapes[j]))
    same = shared >= SAME_GROUND * np.minimum(size[i], size[j])
    # A point has no area, and half of nothing is shared with everything that it lies in.
    same &= (np.minimum(size[i], size[j]) > 0) | (i == j)
    ground = joined_numbers(len(rows), i[same], j[same])
    rows = rows.set_geometry(gpd.GeoSeries(shapes, index=rows.index, crs=areas.crs))
    largest_first = rows.assign(ground=ground, size=size).sort_values(
        # Of equally large ones the first by name, whatever order the file has.
        ["ground", "size", "name"],
        ascending=[True, False, True],
        kind="stable",
    )
    by_ground = largest_first.groupby("ground")
    table = by_ground[["iso2", "name"]].first()
    table["ids"] = by_ground["pa_id"].agg(lambda ids: ";".join(sorted(map(str, ids))))
    shape = [joined(shapes[np.flatnonzero(ground == number)]) for number in table.index]
    return gpd.GeoDataFrame(table.reset_index(), geometry=shape, crs=areas.crs)
