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
    from cami_units.grid import planning_units as planning_units
    from cami_units.kml import lint_kml as lint_kml
    from cami_units.kml import read_kml as read_kml
    from cami_units.kml import write_kml as write_kml
    from cami_units.layers import features as features
    from cami_units.layers import read_barriers as read_barriers
    from cami_units.layers import read_corridors as read_corridors
    from cami_units.layers import read_countries as read_countries
    from cami_units.layers import read_disputed as read_disputed
    from cami_units.layers import read_gazetteer as read_gazetteer
    from cami_units.layers import read_hotspots as read_hotspots
    from cami_units.layers import read_layers as read_layers
    from cami_units.layers import read_protected_areas as read_protected_areas
    from cami_units.layers import read_ranges as read_ranges
    from cami_units.layers import read_sections as read_sections
    from cami_units.layers import read_sites as read_sites
    from cami_units.layers import read_species as read_species
    from cami_units.layers import shared_borders as shared_borders
    from cami_units.layers import to_equal_area as to_equal_area
    from cami_units.layers import to_lonlat as to_lonlat
    from cami_units.model import EQUAL_AREA as EQUAL_AREA
    from cami_units.model import CamiUnitsError as CamiUnitsError
    from cami_units.model import InputError as InputError
    from cami_units.model import PlanError as PlanError
    from cami_units.model import check_table as check_table
    from cami_units.overlap import area_km2 as area_km2
    from cami_units.overlap import crossings as crossings
    from cami_units.overlap import length_km as length_km
    from cami_units.overlap import near as near
    from cami_units.overlap import overlap as overlaps
    from cami_units.overlap import split as split
    from cami_units.pipeline import assess as assess
    from cami_units.pipeline import assess_sites as assess_sites
    from cami_units.pipeline import cut as cut
    from cami_units.pipeline import load as load
    from cami_units.pipeline import measure as measure
    from cami_units.pipeline import propose as propose
    from cami_units.pipeline import score_cells as score_cells
    from cami_units.pipeline import write_proposal as write_proposal
    from cami_units.plan import read_plan as read_plan
    from cami_units.plan import read_profile as read_profile
    from cami_units.rank import decide as decide
    from cami_units.rank import rank_units as rank_units
    from cami_units.store import read_round as read_round
    from cami_units.webmap import unit_map as unit_map
    from cami_units.webmap import write_map as write_map
    from cami_units.words import unit_cards as unit_cards

_ROOM_OF: Final = {
    "CamiUnitsError": "model",
    "EQUAL_AREA": "model",
    "InputError": "model",
    "PlanError": "model",
    "area_km2": "overlap",
    "assess": "pipeline",
    "assess_sites": "pipeline",
    "check_table": "model",
    "crossings": "overlap",
    "cut": "pipeline",
    "decide": "rank",
    "features": "layers",
    "length_km": "overlap",
    "lint_kml": "kml",
    "load": "pipeline",
    "measure": "pipeline",
    "near": "overlap",
    "planning_units": "grid",
    "propose": "pipeline",
    "rank_units": "rank",
    "read_barriers": "layers",
    "read_corridors": "layers",
    "read_countries": "layers",
    "read_disputed": "layers",
    "read_gazetteer": "layers",
    "read_hotspots": "layers",
    "read_kml": "kml",
    "read_layers": "layers",
    "read_plan": "plan",
    "read_profile": "plan",
    "read_protected_areas": "layers",
    "read_ranges": "layers",
    "read_round": "store",
    "read_sections": "layers",
    "read_sites": "layers",
    "read_species": "layers",
    "score_cells": "pipeline",
    "shared_borders": "layers",
    "split": "overlap",
    "to_equal_area": "layers",
    "to_lonlat": "layers",
    "unit_cards": "words",
    "unit_map": "webmap",
    "write_kml": "kml",
    "write_map": "webmap",
    "write_proposal": "pipeline",
}
_OTHER_NAMES: Final = {"overlaps": ("overlap", "overlap")}
"""A verb that is called like its room has another name here."""

__all__ = [
    "EQUAL_AREA",
    "CamiUnitsError",
    "InputError",
    "PlanError",
    "__version__",
    "area_km2",
    "assess",
    "assess_sites",
    "check_table",
    "crossings",
    "cut",
    "decide",
    "features",
    "length_km",
    "lint_kml",
    "load",
    "measure",
    "near",
    "overlaps",
    "planning_units",
    "propose",
    "rank_units",
    "read_barriers",
    "read_corridors",
    "read_countries",
    "read_disputed",
    "read_gazetteer",
    "read_hotspots",
    "read_kml",
    "read_layers",
    "read_plan",
    "read_profile",
    "read_protected_areas",
    "read_ranges",
    "read_round",
    "read_sections",
    "read_sites",
    "read_species",
    "score_cells",
    "shared_borders",
    "split",
    "to_equal_area",
    "to_lonlat",
    "unit_cards",
    "unit_map",
    "write_kml",
    "write_map",
    "write_proposal",
]


def __getattr__(name: str) -> Any:
    room, verb = _OTHER_NAMES.get(name, (_ROOM_OF.get(name), name))
    if room is None:
        raise AttributeError(f"module 'cami_units' has no attribute '{name}'")
    return getattr(import_module(f"cami_units.{room}"), verb)


def __dir__() -> list[str]:
    return sorted(__all__)
