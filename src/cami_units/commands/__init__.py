"""The composition: from a plan to a round, from one round to the next, and to what is handed out.

Every step is one call to a room that knows how; this one only knows the order.

Each verb is fetched when it is first asked for: a decision need not wait for what measures.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cami_units.commands._activities import Activities as Activities
    from cami_units.commands._activities import activities as activities
    from cami_units.commands._activities import known_activities as known_activities
    from cami_units.commands._annex import ANNEX_FILES as ANNEX_FILES
    from cami_units.commands._annex import annex as annex
    from cami_units.commands._assess import Assessed as Assessed
    from cami_units.commands._assess import assess as assess
    from cami_units.commands._assess import assess_sites as assess_sites
    from cami_units.commands._assess import cut as cut
    from cami_units.commands._assess import measure as measure
    from cami_units.commands._check import check as check
    from cami_units.commands._collect import Collected as Collected
    from cami_units.commands._collect import collect as collect
    from cami_units.commands._collect import next_directory as next_directory
    from cami_units.commands._collect import write_collected as write_collected
    from cami_units.commands._context import with_context as with_context
    from cami_units.commands._decide import DECISION_LOG as DECISION_LOG
    from cami_units.commands._decide import DECISIONS as DECISIONS
    from cami_units.commands._decide import decide as decide
    from cami_units.commands._decide import decided as decided
    from cami_units.commands._decide import decided_round as decided_round
    from cami_units.commands._decide import read_decisions as read_decisions
    from cami_units.commands._figures import figure_writers as figure_writers
    from cami_units.commands._figures import write_atlas as write_atlas
    from cami_units.commands._figures import write_figures as write_figures
    from cami_units.commands._group_files import FileRead as FileRead
    from cami_units.commands._init import init as init
    from cami_units.commands._legend import legend_png as legend_png
    from cami_units.commands._overlaps import Overlaps as Overlaps
    from cami_units.commands._overlaps import write_overlaps as write_overlaps
    from cami_units.commands._pack import Packed as Packed
    from cami_units.commands._pack import pack as pack
    from cami_units.commands._plan_layers import load as load
    from cami_units.commands._plenary import board as board
    from cami_units.commands._plenary import plenary as plenary
    from cami_units.commands._propose import Cells as Cells
    from cami_units.commands._propose import grow as grow
    from cami_units.commands._propose import propose as propose
    from cami_units.commands._propose import score_cells as score_cells
    from cami_units.commands._publish import published as published
    from cami_units.commands._rehearse import Rehearsed as Rehearsed
    from cami_units.commands._rehearse import check_rehearsal as check_rehearsal
    from cami_units.commands._rehearse import fabricated as fabricated
    from cami_units.commands._rehearse import rehearse as rehearse
    from cami_units.commands._round_files import shown_layers as shown_layers
    from cami_units.commands._round_files import write_proposal as write_proposal
    from cami_units.commands._sensitivity import sensitivity as sensitivity
    from cami_units.commands._sensitivity import stability_of as stability_of
    from cami_units.commands._sensitivity import write_sensitivity as write_sensitivity
    from cami_units.commands._shown_round import scene as scene
    from cami_units.commands._stored_round import allocation as allocation
    from cami_units.commands._stored_round import reopened as reopened

_HOME: Final = {
    "ANNEX_FILES": "_annex",
    "Activities": "_activities",
    "Assessed": "_assess",
    "Cells": "_propose",
    "Collected": "_collect",
    "DECISIONS": "_decide",
    "DECISION_LOG": "_decide",
    "FileRead": "_group_files",
    "Overlaps": "_overlaps",
    "Packed": "_pack",
    "Rehearsed": "_rehearse",
    "activities": "_activities",
    "allocation": "_stored_round",
    "annex": "_annex",
    "assess": "_assess",
    "assess_sites": "_assess",
    "board": "_plenary",
    "check": "_check",
    "check_rehearsal": "_rehearse",
    "collect": "_collect",
    "cut": "_assess",
    "decide": "_decide",
    "decided": "_decide",
    "decided_round": "_decide",
    "fabricated": "_rehearse",
    "figure_writers": "_figures",
    "grow": "_propose",
    "init": "_init",
    "known_activities": "_activities",
    "legend_png": "_legend",
    "load": "_plan_layers",
    "measure": "_assess",
    "next_directory": "_collect",
    "pack": "_pack",
    "plenary": "_plenary",
    "propose": "_propose",
    "published": "_publish",
    "read_decisions": "_decide",
    "rehearse": "_rehearse",
    "reopened": "_stored_round",
    "scene": "_shown_round",
    "score_cells": "_propose",
    "sensitivity": "_sensitivity",
    "shown_layers": "_round_files",
    "stability_of": "_sensitivity",
    "with_context": "_context",
    "write_atlas": "_figures",
    "write_collected": "_collect",
    "write_figures": "_figures",
    "write_overlaps": "_overlaps",
    "write_proposal": "_round_files",
    "write_sensitivity": "_sensitivity",
}
"""The module that each verb lives in."""

__all__ = [
    "ANNEX_FILES",
    "DECISIONS",
    "DECISION_LOG",
    "Activities",
    "Assessed",
    "Cells",
    "Collected",
    "FileRead",
    "Overlaps",
    "Packed",
    "Rehearsed",
    "activities",
    "allocation",
    "annex",
    "assess",
    "assess_sites",
    "board",
    "check",
    "check_rehearsal",
    "collect",
    "cut",
    "decide",
    "decided",
    "decided_round",
    "fabricated",
    "figure_writers",
    "grow",
    "init",
    "known_activities",
    "legend_png",
    "load",
    "measure",
    "next_directory",
    "pack",
    "plenary",
    "propose",
    "published",
    "read_decisions",
    "rehearse",
    "reopened",
    "scene",
    "score_cells",
    "sensitivity",
    "shown_layers",
    "stability_of",
    "with_context",
    "write_atlas",
    "write_collected",
    "write_figures",
    "write_overlaps",
    "write_proposal",
    "write_sensitivity",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'cami_units.commands' has no attribute '{name}'")
    return getattr(import_module(f"cami_units.commands.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
