"""Findings from tables of overlaps: the gates G1, G2 and the criteria C1–C9, met or not, and why.

Arithmetic on tables, no geometry. Three steps that can be had one by one: :func:`measures` gives
the bare numbers of each site, :func:`verdicts` holds them against a profile, and :func:`assess`
does both and adds a sentence of evidence to each. :func:`score_cells` scores planning units.
No threshold lives here: they all come with the profile. A criterion beyond C9 is one function in
:data:`FURTHER` and one table of the profile.
"""

from __future__ import annotations

from cami_units.criteria._cell_scores import score_cells
from cami_units.criteria._findings import assess
from cami_units.criteria._further import FURTHER, unknown_criteria
from cami_units.criteria._measures import least_overlap, measures, without_strips
from cami_units.criteria._verdicts import verdicts
from cami_units.criteria._what_it_takes import what_it_takes

__all__ = [
    "FURTHER",
    "assess",
    "least_overlap",
    "measures",
    "score_cells",
    "unknown_criteria",
    "verdicts",
    "what_it_takes",
    "without_strips",
]
