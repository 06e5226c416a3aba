"""The composition: from a plan to a round, and from any polygons to their assessment.

Every step is one call to a room that knows how; this one only knows the order.
"""

from cami_units.pipeline._assess import assess, init
from cami_units.pipeline._decide import (
    DECISION_LOG,
    DECISIONS,
    decide,
    decided,
    decided_round,
    read_decisions,
)
from cami_units.pipeline._figures import (
    figure_writers,
    legend_png,
    write_atlas,
    write_figures,
)
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
from cami_units.pipeline._propose import propose
from cami_units.pipeline._rounds import reopened
from cami_units.pipeline._scene import scene
from cami_units.pipeline._sensitivity import sensitivity, stability_of, write_sensitivity
from cami_units.pipeline._write import shown_layers, write_proposal

__all__ = [
    "DECISIONS",
    "DECISION_LOG",
    "Assessed",
    "Cells",
    "Pieces",
    "assess",
    "assess_sites",
    "check",
    "cut",
    "decide",
    "decided",
    "decided_round",
    "figure_writers",
    "init",
    "legend_png",
    "load",
    "measure",
    "propose",
    "read_decisions",
    "reopened",
    "scene",
    "score_cells",
    "sensitivity",
    "shown_layers",
    "stability_of",
    "write_atlas",
    "write_figures",
    "write_proposal",
    "write_sensitivity",
]
