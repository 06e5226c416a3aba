"""The layers of a plan cut by one another, once, so that any sites can be laid over the pieces."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import pandas as pd

from cami_units.model import Layers
from cami_units.overlap._distance import pairs_apart
from cami_units.overlap._measure import area_km2
from cami_units.overlap._split import crossings, split
from cami_units.overlap._union import dissolved

_SEASONS = (2, 3, 4)
"""IUCN codes of breeding, non-breeding and passage parts: what is there for part of the year."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """The layers cut by one another, once, so that any sites can be laid over them."""

    layers: Layers
    states: gpd.GeoDataFrame
    sides: gpd.GeoDataFrame
    graded: gpd.GeoDataFrame
    supporting: gpd.GeoDataFrame
    shared_borders: gpd.GeoDataFrame
    undisputed: gpd.GeoDataFrame | None
    crossings: gpd.GeoDataFrame | None
    protected: gpd.GeoDataFrame | None
    pa_pairs: pd.DataFrame | None
    hotspot_ground: gpd.GeoDataFrame | None
    seasonal: gpd.GeoDataFrame | None


def layer_pieces(layers: Layers, *, pair_km: float | None) -> Pieces:
    """Ranges by state, borders by range, ranges by protection, corridors by border.

    Parameters
    ----------
    layers : Layers
        In one equal-area CRS, ranges whole: their areas were measured before this.
    pair_km : float or None
        How far apart two protected areas may lie to be a pair; ``None``: no pairs are looked for.
    """
    states = layers.countries[layers.countries["range_state"]].reset_index(drop=True)
    areas, hotspots = layers.protected_areas, layers.hotspots
    return Pieces(
        layers=layers,
        states=states,
        sides=split(layers.features, states, keep=("sci_name", "iso2")),
        graded=graded_ranges(_of_use(layers.ranges, "kept")),
        supporting=dissolved(_of_use(layers.ranges, "supporting"), ("sci_name",)),
        shared_borders=split(layers.borders, layers.features, keep=("pair", "sci_name")),
        undisputed=(
            None
            if layers.disputed is None
            else states[["iso2", "geometry"]].overlay(layers.disputed, how="difference")
        ),
        crossings=(
            None if layers.corridors is None else _crossings(layers.corridors, layers.borders)
        ),
        protected=_protected_ranges(layers.features, areas),
        pa_pairs=None if areas is None else _area_pairs(areas, pair_km),
        hotspot_ground=None if hotspots is None else dissolved(hotspots).assign(ground="hotspots"),
        seasonal=_seasonal_sides(layers.ranges, states),
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
    ranges = dissolved(graded, ("sci_name",))
    features = ranges.assign(range_km2=area_km2(ranges))
    layers = pieces.layers
    return replace(
        pieces,
        layers=replace(layers, features=features),
        sides=split(features, pieces.states, keep=("sci_name", "iso2")),
        graded=graded,
        shared_borders=split(layers.borders, features, keep=("pair", "sci_name")),
        protected=_protected_ranges(features, layers.protected_areas),
    )


def graded_ranges(parts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Range parts by species and grade of confidence; those without one are "ungraded"."""
    grade = parts["confidence"].fillna("ungraded")
    return dissolved(parts.assign(confidence=grade), ("sci_name", "confidence"))


def _of_use(ranges: gpd.GeoDataFrame, use: str) -> gpd.GeoDataFrame:
    """The range parts that the choice of IUCN codes made this use of."""
    return ranges[ranges["use"] == use].reset_index(drop=True)


def _protected_ranges(
    features: gpd.GeoDataFrame, areas: gpd.GeoDataFrame | None
) -> gpd.GeoDataFrame | None:
    """The range of each species inside protected areas, where these overlap counted once."""
    return None if areas is None else split(features, dissolved(areas), keep=("sci_name",))


def _crossings(corridors: gpd.GeoDataFrame, borders: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Where corridors cross borders, with the species, the grade and the source of each."""
    columns = corridors[["corridor_id", "sci_name", "evidence_grade"]].assign(source="")
    if "source" in corridors:
        columns["source"] = corridors["source"].fillna("").astype(str)
    return crossings(corridors, borders).merge(columns, on="corridor_id")


def _seasonal_sides(ranges: gpd.GeoDataFrame, states: gpd.GeoDataFrame) -> gpd.GeoDataFrame | None:
    """Breeding, non-breeding and passage parts of kept ranges by state; None: all is resident."""
    parts = _of_use(ranges, "kept")
    parts = parts[parts["seasonal"].isin(_SEASONS)]
    if parts.empty:
        return None
    seasons = dissolved(parts, ("sci_name", "seasonal"))
    return split(seasons, states, keep=("sci_name", "seasonal", "iso2"))


def _area_pairs(areas: gpd.GeoDataFrame, within_km: float | None) -> pd.DataFrame | None:
    """Pairs of protected areas of different states, near each other; None: no distance is given."""
    if within_km is None:
        return None
    pairs = pairs_apart(areas, key="pa_id", group="iso2", within_km=within_km)
    pairs = pairs.rename(columns={"key_a": "pa_a", "key_b": "pa_b"})
    name = areas.set_index("pa_id")["name"]
    return pairs.assign(name_a=pairs["pa_a"].map(name), name_b=pairs["pa_b"].map(name))
