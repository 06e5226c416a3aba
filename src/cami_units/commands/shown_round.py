"""A round as figures draw it."""

from __future__ import annotations

import geopandas as gpd

from cami_units import figures, layers, words
from cami_units.commands.round_files import shown_layers
from cami_units.model import Round
from cami_units.plan import stored_plan


def scene(done: Round, *, lang: str) -> figures.Scene:
    """Everything that the figures of a round show, in the CRS of its plan."""
    crs = stored_plan(done.manifest["plan"], done.manifest["profile"]).study.crs
    tables, species = done.tables, done.tables["species"]
    shown = shown_layers(done)
    return figures.Scene(
        crs=crs,
        imprint=done.imprint,
        units=layers.to_equal_area(gpd.GeoDataFrame(tables["conservation_units"]), crs),
        cards=words.unit_cards(tables, species, lang=lang),
        species=species,
        layers={name: layers.to_equal_area(table, crs) for name, table in shown.items()},
        unit_criteria=tables["unit_criteria"],
        unit_species=tables["unit_species"],
        unit_countries=tables["unit_countries"],
        lang=lang,
    )
