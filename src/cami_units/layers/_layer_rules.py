"""The other layers: countries, protected areas, corridors and those that need no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely

from cami_units.layers import _dialects as words
from cami_units.layers import _layer_tables as tables
from cami_units.layers._layer_rows import Finish, Found, Reading, whole_layer
from cami_units.layers._taxa import Names
from cami_units.model import Problem

FINISH: Final[Mapping[str, Finish]] = MappingProxyType(
    {
        "hotspots": lambda table: tables.keyed_rows(table, "hotspot_id", "hotspots"),
        "sections": lambda table: tables.keyed_rows(table, "section_id", "sections"),
        "disputed": lambda table: tables.keyed_rows(
            table if "states" in table else table.assign(states=""), "disputed_id", "disputed"
        ),
        "barriers": tables.barrier_rows,
        "gazetteer": tables.place_rows,
    }
)


def countries_layer(entries: Iterable[Path] | None, reading: Reading) -> Found:
    return whole_layer(
        "countries", entries, reading, lambda table: tables.country_rows(table, reading.states)
    )


def protected_areas_layer(
    entries: Iterable[Path] | None,
    reading: Reading,
    countries: gpd.GeoDataFrame | None,
    *,
    steps: frozenset[int] = tables.PA_STEPS,
) -> Found:
    columns = reading.columns.get("protected_areas", {}) if entries is not None else {}

    def select(attributes: pd.DataFrame, file: str) -> tuple[Any, list[Problem]]:
        first = ("name", "iso2", "status", "designation", "reported_area_km2")
        table, _ = words.in_our_words(attributes, "protected_areas", file, columns, only=first)
        return tables.areas_in_force(table, file, reading.states, steps=steps)

    return whole_layer(
        "protected_areas",
        entries,
        reading,
        lambda table: tables.protected_area_rows(table, countries, steps=steps),
        select=select,
    )


def corridors_layer(entries: Iterable[Path] | None, reading: Reading, names: Names) -> Found:
    return whole_layer(
        "corridors", entries, reading, lambda table: tables.corridor_rows(table, names)
    )


def region_of(countries: gpd.GeoDataFrame) -> Any:
    """The rough ground of the range states: what lies wholly elsewhere has the wrong CRS."""
    states = countries[countries["range_state"]]
    return shapely.union_all(shapely.convex_hull(states.geometry.to_numpy()))
