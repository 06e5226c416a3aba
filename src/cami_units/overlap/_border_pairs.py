"""What lies along each border, and which ranges barriers cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.model import DRAWN_AS, Layers, Profile, cami_species, fence_rows
from cami_units.overlap._layer_pieces import Pieces, area_pairs, covered_borders, large_sides
from cami_units.overlap._measure import length_km, overlaps
from cami_units.overlap._pieces import dissolved
from cami_units.overlap._split import along, crossings, middles, split

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
