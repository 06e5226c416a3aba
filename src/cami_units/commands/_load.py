"""From a plan to its layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cami_units import criteria, layers
from cami_units.cache import NOTHING_KEPT, Cache
from cami_units.commands._context import missing_context
from cami_units.commands._expected import unexpected
from cami_units.commands._kept import grounded, kept_layers
from cami_units.model import InputError, Layers, Problem, Progress, listed, quiet, unfilled
from cami_units.plan import Plan


def load(plan: Plan, *, progress: Progress = quiet, cache: Cache = NOTHING_KEPT) -> Layers:
    """Every layer of a plan, cleaned and projected.

    With a cache that :func:`ground` made for the plan, files that were read before are not read again.

    Raises
    ------
    InputError
        With everything at once that must be mended before anything can be computed.

    Examples
    --------
    >>> import cami_units as cu
    >>> known = cu.load(cu.read_plan(None))
    >>> len(known.features), len(known.hotspots)
    (18, 44)
    """
    open_numbers = [one for one in _unfilled(plan) if one.level == "refuses"]
    if open_numbers:
        raise InputError("\n".join(one.sentence() for one in open_numbers))
    known = kept_layers(cache, lambda: layers.read_layers(**_reading(plan), progress=progress))
    written = plan.workshop.overrides
    return known if written is None else replace(known, overrides=layers.read_overrides(written))


def ground(plan: Plan, cache: Cache) -> Cache:
    """The part of a cache that hangs on what the files of a plan hold today."""
    reading = _reading(plan)
    return grounded(cache, reading["sources"], reading)


def check(
    plan: Plan, *, progress: Progress = quiet
) -> tuple[tuple[Problem, ...], tuple[Mapping[str, Any], ...]]:
    """Preflight: everything noticed in the layers of a plan, and what each file gave.

    The states and the area of each range are held against what is expected of the species.

    Computes nothing else, and is never stopped by a fault in an input.
    """
    known, problems, sources = layers.survey_layers(**_reading(plan), progress=progress)
    odd: tuple[Problem, ...] = ()
    if known is not None:
        progress("comparing with what is expected", 0, 0)
        least = plan.profile.occurrence.side_km2
        odd = unexpected(known) if least is None else unexpected(known, least_km2=least)
    own = (*_unfilled(plan), *_faulty_overrides(plan), *missing_context(plan))
    return (*own, *problems, *odd), sources


def _faulty_overrides(plan: Plan) -> tuple[Problem, ...]:
    try:
        if plan.workshop.overrides is not None:
            layers.read_overrides(plan.workshop.overrides)
    except InputError as error:
        return (Problem("refuses", "overrides", "", "", str(error)),)
    return ()


_NEEDED = ("occurrence", "G1", "G2", "decision", "score", "cells")


def _unfilled(plan: Plan) -> tuple[Problem, ...]:
    """What the criteria profile leaves open: without some of it nothing can be decided."""
    cure = "Fill them in, or leave `profile` out of the plan to use the bundled proxy criteria."
    fault = criteria.unknown_criteria(plan.profile)
    if fault:
        return (Problem("refuses", "criteria", plan.profile.name, "", fault),)
    still = unfilled(plan.profile)
    needed = [one for one in still if one.split(".")[0] in _NEEDED or one == "C2.weights"]
    others = sorted({one.split(".")[0] for one in still} - set(_NEEDED))
    problems = []
    if needed:
        what = f"{len(needed)} numbers that everything hangs on are not filled in ({listed(needed, 20)})"
        problems.append(Problem("refuses", "criteria", plan.profile.name, "", what, cure))
    if others:
        what = f"numbers of {listed(others, 20)} are not filled in: they will be not assessed"
        problems.append(Problem("note", "criteria", plan.profile.name, "", what))
    return tuple(problems)


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
