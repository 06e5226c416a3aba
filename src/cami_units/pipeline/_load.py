"""From a plan to its layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cami_units import (
    layers,
)
from cami_units.model import (
    Layers,
    Problem,
    Progress,
    quiet,
)
from cami_units.plan import Plan


def load(plan: Plan, *, progress: Progress = quiet) -> Layers:
    """Every layer of a plan, cleaned and projected.

    Raises
    ------
    InputError
        With everything at once that must be mended before anything can be computed.
    """
    return layers.read_layers(**_reading(plan), progress=progress)


def check(
    plan: Plan, *, progress: Progress = quiet
) -> tuple[tuple[Problem, ...], tuple[Mapping[str, Any], ...]]:
    """Preflight: everything noticed in the layers of a plan, and what each file gave.

    Computes nothing else, and is never stopped by a fault in an input.
    """
    _, problems, sources = layers.survey_layers(**_reading(plan), progress=progress)
    return problems, sources


def _reading(plan: Plan) -> dict[str, Any]:
    return {
        "crs": plan.study.crs,
        "states": plan.study.states,
        "sources": plan.sources,
        "assumed_crs": plan.crs,
        "columns": plan.columns,
        "taxa": {
            taxon: layers.TaxonRule(rule.source, rule.within or (), rule.skip)
            for taxon, rule in plan.taxa.items()
        },
        "presence": plan.codes.presence,
        "origin": plan.codes.origin,
        "seasonal": plan.codes.seasonal,
        "missing": plan.codes.missing,
    }
