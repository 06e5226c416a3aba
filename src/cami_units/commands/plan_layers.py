"""From a plan to its layers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units import cache as store_of_entries
from cami_units import criteria, grid, layers, overlap, workshop
from cami_units.cache import NOTHING_KEPT, Cache
from cami_units.model import (
    InputError,
    Layers,
    Note,
    Problem,
    Progress,
    check_arguments,
    in_short,
    problem_of,
    problem_of_row,
    problem_row,
    quiet,
)
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
    check_arguments(load, locals())
    refusing = [fault for fault in open_numbers(plan) if fault.level == "refuses"]
    refusing += faulty_coverage(plan)
    if refusing:
        raise InputError.of("several problems", problems=refusing)
    clean = with_coverage(_kept_layers(cache, plan, progress), plan)
    path = plan.workshop.overrides
    return clean if path is None else replace(clean, overrides=layers.read_overrides(path))


def read_context_layer(plan: Plan, name: str, *, around: gpd.GeoDataFrame) -> layers.LayerRead:
    """A context layer of a plan, by its name there; of a raster the window around some ground."""
    context = plan.context[name]
    return layers.read_context(
        context.path,
        around=around,
        reading=reading_of(plan),
        name=name,
        column=context.column,
        summary=context.summary,
    )


def sites_typed(typed: Iterable[object], sites: Collection[str]) -> list[str]:
    """Names of sites as somebody typed them: one of these sites as it is, or a unit's id as ids are written.

    Examples
    --------
    >>> sites_typed(["cu-3 Wakhan", "HS01", "cu-9", "cu-3–4"], ["CU-003", "CU-004", "HS01"])
    ['CU-003', 'HS01', 'cu-9', 'cu-3–4']
    """

    def written(name: str) -> str:
        ids = () if name in sites else workshop.unit_ids_listed(name)
        return ids[0] if len(ids) == 1 and ids[0] in sites else name

    return [written(str(name)) for name in typed]


def with_coverage(clean: Layers, plan: Plan) -> Layers:
    """The layers with where each of them was looked for: the plan's `[coverage]`, else their own."""
    states = {name: ground for name, ground in plan.coverage.items() if isinstance(ground, tuple)}
    areas = [
        overlap.dissolved(layers.read_sites(ground, crs=clean.crs)[0]).assign(layer=name)
        for name, ground in sorted(plan.coverage.items())
        if isinstance(ground, Path) and ground.exists()
    ]
    return replace(
        clean,
        coverage=overlap.layer_coverage(clean, states),
        coverage_areas=None
        if not areas
        else gpd.GeoDataFrame(pd.concat(areas, ignore_index=True), crs=clean.crs),
    )


def _kept_layers(cache: Cache, plan: Plan, progress: Progress) -> Layers:
    """Cleaned layers, read again only when a file or the way of reading has changed."""

    def parts() -> dict[str, Any]:
        """The layers read anew, in the parts in which they are kept."""
        clean = store_of_entries.parts_of(layers.read_layers(reading_of(plan), progress=progress))
        # a cache holds tables and JSON only
        clean["problems"] = [problem_row(problem) for problem in clean["problems"]]
        clean["sources"] = [dict(source) for source in clean["sources"]]
        return clean

    entry = dict(store_of_entries.kept(cache, "layers", (), parts))
    entry["problems"] = tuple(map(problem_of_row, entry["problems"]))
    entry["sources"] = tuple(entry["sources"])
    return Layers(**entry)


def ground(plan: Plan, cache: Cache) -> Cache:
    """The part of a cache that hangs on what the files of a plan hold today."""
    if cache.folder is None:
        return cache
    reading = reading_of(plan)
    files = layers.input_hashes(reading.sources)
    # the files count by what they hold, not by where they lie
    way = _plain(replace(reading, sources={}, folder=None))
    return store_of_entries.narrowed(cache, store_of_entries.program_key(), files, way)


def _plain(value: Any) -> Any:
    """A value as something that a key can be made of."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, layers.TaxonRule | layers.Reading | layers.FixRules):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value if isinstance(value, pd.DataFrame | str | int | float | None) else str(value)


def faulty_coverage(plan: Plan) -> tuple[Problem, ...]:
    """What `[coverage]` of a plan says that cannot be: a missing area file, an unknown state."""
    problems = []
    for name, ground in sorted(plan.coverage.items()):
        if isinstance(ground, Path):
            if not ground.exists():
                note = Note("area file missing", {"name": name})
                problems.append(problem_of("refuses", "coverage", ground.name, "", note))
        elif strange := sorted(set(ground) - set(plan.study.states)):
            facts = {"names": in_short(strange), "states": in_short(plan.study.states, 20)}
            note = Note("coverage of no state", {"name": name, **facts})
            problems.append(problem_of("refuses", "coverage", "", "", note))
        if name.startswith("context.") and name.removeprefix("context.") not in plan.context:
            note = Note("coverage of no layer", {"name": name})
            problems.append(problem_of("refuses", "coverage", "", "", note))
    return tuple(problems)


def faulty_groups(plan: Plan, sections: pd.DataFrame | None) -> tuple[Problem, ...]:
    """What `[workshop]` says of groups that no pack could be made for, once a round stands."""
    try:
        groups = workshop.groups_of(plan.workshop.groups, sections)
        faults = workshop.language_faults(plan.workshop.languages, groups)
    except InputError as error:
        faults = [error.note]
    faults += workshop.group_name_faults(plan.workshop.groups)
    return tuple(problem_of("refuses", "sections", "", "", fault) for fault in faults)


def faulty_cells(clean: Layers, plan: Plan) -> tuple[Problem, ...]:
    """That there is no cell, or that `cell_km` gives more than are computed, before any layer is cut for them."""
    study, reach = plan.study, tuple(clean.ranges.total_bounds)
    states = clean.countries[clean.countries["range_state"]]
    if not np.isfinite(reach).all():
        return ()
    if not states.intersects(shapely.box(*reach)).any():
        note = Note("ranges in no state", {"names": in_short(study.states, 20)})
        return (problem_of("refuses", "ranges", "", "", note),)
    lattice = grid.Lattice(study.cell_km, study.shape, study.crs)
    if not grid.too_fine(lattice, reach):
        return ()  # no state has more than the box around all ranges
    within = shapely.get_parts(states.clip_by_rect(*reach).to_numpy())
    boxes = map(tuple, shapely.bounds(within[~shapely.is_empty(within)]))
    faults = [fault for box in boxes if (fault := grid.too_fine(lattice, box))]
    return tuple(problem_of("refuses", "states", "", "", fault) for fault in faults[:1])


_NEEDED = ("occurrence", "G1", "G2", "decision", "score", "cells")


def open_numbers(plan: Plan) -> tuple[Problem, ...]:
    """What the criteria profile leaves open: without some of it nothing can be decided."""
    if fault := criteria.unknown_criteria(plan.profile):
        return (problem_of("refuses", "criteria", plan.profile.name, "", fault),)
    still = plan.profile.open_numbers()
    needed = [key for key in still if key.split(".")[0] in _NEEDED or key == "C2.weights"]
    others = sorted({key.split(".")[0] for key in still} - set(_NEEDED))
    problems = []
    if needed:
        note = Note("numbers open", {"count": len(needed), "names": in_short(needed, 20)})
        problems.append(problem_of("refuses", "criteria", plan.profile.name, "", note))
    if others:
        note = Note("numbers open, not assessed", {"names": in_short(others, 20)})
        problems.append(problem_of("note", "criteria", plan.profile.name, "", note))
    return tuple(problems)


def reading_of(plan: Plan) -> layers.Reading:
    """How the layers of a plan are read."""
    return layers.Reading(
        states=plan.study.states,
        sources=plan.sources,
        crs=plan.study.crs,
        assumed_crs=plan.crs,
        columns=plan.columns,
        defaults=plan.defaults,
        species=plan.species,
        encodings=plan.encoding,
        restricted=plan.restricted.layers if plan.restricted else (),
        folder=plan.folder,
        taxa={
            taxon: layers.TaxonRule(rule.source, rule.within or (), rule.skip)
            for taxon, rule in plan.taxa.items()
        },
        presence=plan.codes.presence,
        origin=plan.codes.origin,
        seasonal=plan.codes.seasonal,
        missing=plan.codes.missing,
        date=plan.date,
        max_uncertainty_m=plan.occurrences.max_uncertainty_m,
        record_km=plan.occurrences.range_km,
        fixes=layers.FixRules(**plan.telemetry.model_dump()),
    )
