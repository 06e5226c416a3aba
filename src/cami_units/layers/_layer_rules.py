"""What is particular to a layer: how its rows become the table that it promises."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from cami_units.layers import _dialects as dialects
from cami_units.layers import _layer_tables as tables
from cami_units.layers._layer_rows import Finish, whole_layer
from cami_units.layers._reading import FileRules, LayerRead, Reading
from cami_units.layers._taxa import Names
from cami_units.model import LAYERS, Problem

_FINISH: Final[Mapping[str, Finish]] = MappingProxyType(
    {
        "disputed": lambda table: tables.keyed_rows(
            table if "states" in table else table.assign(states=""), "disputed"
        ),
        "barriers": tables.barrier_rows,
        "gazetteer": tables.place_rows,
    }
)
"""Layers that need more than an id and a name."""


def keyed_layer(layer: str, entries: Iterable[Path] | None, reading: Reading) -> LayerRead:
    """A layer that needs no other one to be understood: hotspots, sections, barriers, places."""
    finish = _FINISH.get(layer, lambda table: tables.keyed_rows(table, layer))
    return whole_layer(layer, entries, reading, finish)


def countries_layer(entries: Iterable[Path] | None, reading: Reading) -> LayerRead:
    """Countries by alpha-2 code, the plan's states marked."""
    return whole_layer(
        "countries", entries, reading, lambda table: tables.country_rows(table, reading.states)
    )


def protected_areas_layer(
    entries: Iterable[Path] | None,
    reading: Reading,
    countries: gpd.GeoDataFrame | None,
    *,
    steps: frozenset[int] = tables.PA_STEPS,
) -> LayerRead:
    """Protected areas and OECMs of the states, in the numbered steps."""

    def select(
        attributes: pd.DataFrame, file: str, rules: FileRules
    ) -> tuple[NDArray[np.bool_], list[Problem]]:
        """A first look at the attributes: the geometry of the rest of the world is not read."""
        first = ("name", "iso2", "status", "designation", "reported_area_km2")
        table, _ = dialects.in_our_words(attributes, "protected_areas", file, rules, only=first)
        return tables.areas_in_force(table, file, reading.states, steps=steps)

    return whole_layer(
        "protected_areas",
        entries,
        reading,
        lambda table: tables.protected_area_rows(table, countries, steps=steps),
        select=select,
    )


def movement_layer(
    layer: str, entries: Iterable[Path] | None, reading: Reading, names: Names
) -> LayerRead:
    """A layer of species' movements: its rows are of taxa of the species table."""
    return whole_layer(layer, entries, reading, lambda table: tables.corridor_rows(table, names))


def region_of(countries: gpd.GeoDataFrame) -> Any:
    """The rough ground of the range states: what lies wholly elsewhere has the wrong CRS."""
    states = countries[countries["range_state"]]
    return shapely.union_all(shapely.convex_hull(states.geometry.to_numpy()))


LayerReader = Callable[[Iterable[Path] | None], LayerRead]
"""From the files that a plan names for a layer (``None``: the bundled ones) to the layer."""


def layer_reader(
    layer: str, reading: Reading, countries: gpd.GeoDataFrame, names: Names
) -> LayerReader:
    """How a layer beside species, countries and ranges is read."""
    if layer == "protected_areas":
        return lambda entries: protected_areas_layer(entries, reading, countries)
    if "sci_name" in LAYERS[layer].columns:
        return lambda entries: movement_layer(layer, entries, reading, names)
    return lambda entries: keyed_layer(layer, entries, reading)
