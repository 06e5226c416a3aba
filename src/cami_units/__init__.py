"""Propose, map, edit and agree priority conservation units for mammals that cross borders.

``import cami_units as cu`` gives the same verbs as the command line, on tables::

    plan = cu.read_plan(None)                    # None: the bundled demonstration
    pieces = cu.cut(cu.load(plan), plan)         # layers, cut by one another once
    cells = cu.score_cells(pieces, plan)         # scored planning units
    found = cu.assess_sites(my_sites, pieces, plan, site="name")
    found.findings.criteria                      # met / not met / not assessed, and because

Importing the package imports nothing else: each name is fetched when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

__version__ = "0.1.0"

if TYPE_CHECKING:
    from cami_units.cache import beside as cache_beside
    from cami_units.commands import assess as assess
    from cami_units.commands import assess_sites as assess_sites
    from cami_units.commands import collect as collect
    from cami_units.commands import cut as cut
    from cami_units.commands import grow as grow
    from cami_units.commands import load as load
    from cami_units.commands import measure as measure
    from cami_units.commands import propose as propose
    from cami_units.commands import reopened as reopened
    from cami_units.commands import score_cells as score_cells
    from cami_units.commands import sensitivity as with_sensitivity
    from cami_units.commands import write_overlaps as write_overlaps
    from cami_units.commands import write_proposal as write_proposal
    from cami_units.complementarity import smallest_set as smallest_set
    from cami_units.grid import planning_units as planning_units
    from cami_units.grid import pu_ids as pu_ids
    from cami_units.kml import lint_kml as lint_kml
    from cami_units.kml import read_kml as read_kml
    from cami_units.kml import write_kml as write_kml
    from cami_units.layers import features as features
    from cami_units.layers import read_countries as read_countries
    from cami_units.layers import read_hotspots as read_hotspots
    from cami_units.layers import read_layers as read_layers
    from cami_units.layers import read_protected_areas as read_protected_areas
    from cami_units.layers import read_ranges as read_ranges
    from cami_units.layers import read_sites as read_sites
    from cami_units.layers import read_species as read_species
    from cami_units.layers import shared_borders as shared_borders
    from cami_units.layers import to_equal_area as to_equal_area
    from cami_units.layers import to_lonlat as to_lonlat
    from cami_units.model import EQUAL_AREA as EQUAL_AREA
    from cami_units.model import CamiUnitsError as CamiUnitsError
    from cami_units.model import InputError as InputError
    from cami_units.model import PlanError as PlanError
    from cami_units.overlap import area_km2 as area_km2
    from cami_units.overlap import crossings as crossings
    from cami_units.overlap import near as near
    from cami_units.overlap import overlap as overlaps
    from cami_units.overlap import range_states as range_states
    from cami_units.overlap import split as split
    from cami_units.plan import read_plan as read_plan
    from cami_units.plan import read_profile as read_profile
    from cami_units.rank import decide as decide
    from cami_units.rank import rank_units as rank_units
    from cami_units.store import read_round as read_round
    from cami_units.webmap import unit_map as unit_map
    from cami_units.webmap import write_map as write_map
    from cami_units.words import unit_cards as unit_cards

_HOME: Final = {
    "CamiUnitsError": ("model", "CamiUnitsError"),
    "EQUAL_AREA": ("model", "EQUAL_AREA"),
    "InputError": ("model", "InputError"),
    "PlanError": ("model", "PlanError"),
    "area_km2": ("overlap", "area_km2"),
    "assess": ("commands", "assess"),
    "assess_sites": ("commands", "assess_sites"),
    "cache_beside": ("cache", "beside"),
    "collect": ("commands", "collect"),
    "crossings": ("overlap", "crossings"),
    "cut": ("commands", "cut"),
    "decide": ("rank", "decide"),
    "features": ("layers", "features"),
    "grow": ("commands", "grow"),
    "lint_kml": ("kml", "lint_kml"),
    "load": ("commands", "load"),
    "measure": ("commands", "measure"),
    "near": ("overlap", "near"),
    "overlaps": ("overlap", "overlap"),
    "planning_units": ("grid", "planning_units"),
    "propose": ("commands", "propose"),
    "pu_ids": ("grid", "pu_ids"),
    "range_states": ("overlap", "range_states"),
    "rank_units": ("rank", "rank_units"),
    "read_countries": ("layers", "read_countries"),
    "read_hotspots": ("layers", "read_hotspots"),
    "read_kml": ("kml", "read_kml"),
    "read_layers": ("layers", "read_layers"),
    "read_plan": ("plan", "read_plan"),
    "read_profile": ("plan", "read_profile"),
    "read_protected_areas": ("layers", "read_protected_areas"),
    "read_ranges": ("layers", "read_ranges"),
    "read_round": ("store", "read_round"),
    "read_sites": ("layers", "read_sites"),
    "read_species": ("layers", "read_species"),
    "reopened": ("commands", "reopened"),
    "score_cells": ("commands", "score_cells"),
    "shared_borders": ("layers", "shared_borders"),
    "smallest_set": ("complementarity", "smallest_set"),
    "split": ("overlap", "split"),
    "to_equal_area": ("layers", "to_equal_area"),
    "to_lonlat": ("layers", "to_lonlat"),
    "unit_cards": ("words", "unit_cards"),
    "unit_map": ("webmap", "unit_map"),
    "with_sensitivity": ("commands", "sensitivity"),
    "write_kml": ("kml", "write_kml"),
    "write_map": ("webmap", "write_map"),
    "write_overlaps": ("commands", "write_overlaps"),
    "write_proposal": ("commands", "write_proposal"),
}
"""Where each name lives. A verb that is called like its room has another name here."""

__all__ = [
    "EQUAL_AREA",
    "CamiUnitsError",
    "InputError",
    "PlanError",
    "__version__",
    "area_km2",
    "assess",
    "assess_sites",
    "cache_beside",
    "collect",
    "crossings",
    "cut",
    "decide",
    "features",
    "grow",
    "lint_kml",
    "load",
    "measure",
    "near",
    "overlaps",
    "planning_units",
    "propose",
    "pu_ids",
    "range_states",
    "rank_units",
    "read_countries",
    "read_hotspots",
    "read_kml",
    "read_layers",
    "read_plan",
    "read_profile",
    "read_protected_areas",
    "read_ranges",
    "read_round",
    "read_sites",
    "read_species",
    "reopened",
    "score_cells",
    "shared_borders",
    "smallest_set",
    "split",
    "to_equal_area",
    "to_lonlat",
    "unit_cards",
    "unit_map",
    "with_sensitivity",
    "write_kml",
    "write_map",
    "write_overlaps",
    "write_proposal",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'cami_units' has no attribute '{name}'")
    room, verb = _HOME[name]
    return getattr(import_module(f"cami_units.{room}"), verb)


def __dir__() -> list[str]:
    return sorted(__all__)
