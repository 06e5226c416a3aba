"""The composition: from a plan to a round, from one round to the next, and to what is handed out.

Every step is one call to a room that knows how; this one only knows the order.
"""

from cami_units.pipeline._activities import Activities, activities, known_activities
from cami_units.pipeline._annex import ANNEX_FILES, annex
from cami_units.pipeline._assess import assess, init
from cami_units.pipeline._collect import (
    Collected,
    collect,
    next_directory,
    write_collected,
)
from cami_units.pipeline._context import with_context
from cami_units.pipeline._decide import (
    DECISION_LOG,
    DECISIONS,
    decide,
    decided,
    decided_round,
    read_decisions,
)
from cami_units.pipeline._expected import range_states
from cami_units.pipeline._figures import (
    figure_writers,
    write_atlas,
    write_figures,
)
from cami_units.pipeline._handed_in import FileRead
from cami_units.pipeline._legend import legend_png
from cami_units.pipeline._load import check, load
from cami_units.pipeline._measure import (
    Assessed,
    Cells,
    Pieces,
    assess_sites,
    cut,
    measure,
    score_cells,
)
from cami_units.pipeline._overlaps import Overlaps, write_overlaps
from cami_units.pipeline._pack import Packed, allocation, pack
from cami_units.pipeline._plenary import board, plenary
from cami_units.pipeline._propose import grow, propose
from cami_units.pipeline._publish import published
from cami_units.pipeline._rehearse import Rehearsed, check_rehearsal, fabricated, rehearse
from cami_units.pipeline._rounds import reopened
from cami_units.pipeline._scene import scene
from cami_units.pipeline._sensitivity import sensitivity, stability_of, write_sensitivity
from cami_units.pipeline._write import shown_layers, write_proposal

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
    "Pieces",
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
    "range_states",
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
