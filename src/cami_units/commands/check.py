"""Preflight: what is in the files of a plan, and what must be mended."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from cami_units import layers, overlap, words
from cami_units.commands.plan_layers import (
    faulty_cells,
    faulty_coverage,
    faulty_groups,
    open_numbers,
    read_context_layer,
    reading_of,
    sites_typed,
    with_coverage,
)
from cami_units.model import (
    CRITERION_LAYERS,
    EVIDENCE_LAYERS,
    RANGE_STATES,
    InputError,
    Layers,
    Note,
    Problem,
    Progress,
    cami_species,
    in_short,
    nearest_note,
    plan_lines,
    problem_of,
    quiet,
    toml_key,
)
from cami_units.plan import Plan


def check(
    plan: Plan, *, progress: Progress = quiet
) -> tuple[tuple[Problem, ...], tuple[Mapping[str, Any], ...]]:
    """Preflight: everything noticed in the layers of a plan, and what each file gave.

    The states and the area of each range are held against what is expected of the species.

    Computes nothing else, and is never stopped by a fault in an input.
    """
    # a survey and not a reading: the first fault must not hide the others
    clean, problems, sources = layers.survey_layers(reading_of(plan), progress=progress)
    overrides, override_faults = _overrides(plan)
    odd: tuple[Problem, ...] = ()
    if clean is not None:
        clean = replace(with_coverage(clean, plan), overrides=overrides)
        progress("comparing with what is expected", 0, 0)
        side_km2 = plan.profile.occurrence.side_km2
        odd = unexpected(clean) if side_km2 is None else unexpected(clean, least_km2=side_km2)
        odd = (
            *odd,
            *_not_counted(clean),
            *_state_edges(clean),
            *_turned(clean),
            *_fenced_links(clean, plan),
            *no_fence_kinds(clean, plan),
            *_partial_coverage(clean, plan),
            *_records_and_ranges(clean, plan),
            *proposal_overrides(clean),
            *faulty_groups(plan, clean.sections),
            *faulty_cells(clean, plan),
        )
    faults = (*open_numbers(plan), *override_faults, *missing_context(plan))
    faults += faulty_coverage(plan)
    contexts = _context_layers(plan, clean, progress)
    noticed = (*faults, *problems, *(p for read in contexts for p in read.problems), *odd)
    return said_once(noticed), (*sources, *(s for read in contexts for s in read.sources))


def _context_layers(plan: Plan, clean: Layers | None, progress: Progress) -> list[layers.LayerRead]:
    """The context layers of a plan, opened as all others are; what is wrong with one stops none."""
    countries = layers.read_countries(crs=plan.study.crs) if clean is None else clean.countries
    states = countries[countries["range_state"]]
    reads = []
    for number, (name, context) in enumerate(sorted(plan.context.items())):
        progress("reading context layers", number, len(plan.context))
        title = f"context.{name}"
        if not context.path.exists() and _is_name(context.path):
            continue  # said already
        try:
            layer_read = read_context_layer(plan, name, around=states)
        except InputError as error:
            problem = problem_of("refuses", title, context.path.name, "", error.note)
            layer_read = layers.LayerRead(None, (problem,))
        if isinstance(layer_read.table, gpd.GeoDataFrame):
            turned = layers.turned_note(title, layer_read.table, countries)
            layer_read = replace(layer_read, problems=(*layer_read.problems, *turned))
        reads.append(
            replace(
                layer_read,
                problems=tuple(replace(one, layer=title) for one in layer_read.problems),
                sources=tuple({**source, "layer": title} for source in layer_read.sources),
            )
        )
    return reads


def said_once(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Problems, those that say the same of several files once, with all their files.

    Where only the file differs in the cure (lines for the plan that name it), the first one's cure
    stands for all.
    """
    groups: dict[tuple[str, ...], list[Problem]] = {}
    for problem in problems:
        # lines for the plan begin with the name of the file; all else the same, they are one cure
        lines = re.sub(r'\n"[^"]*" =', '\n"" =', problem.lines)
        cure = problem.cure.replace(problem.lines, lines) if lines else problem.cure
        cure = cure.replace(problem.file, "") if problem.file else cure
        # lines for the plan are pasted once, wherever in the files it is that they mend
        where = "" if problem.level == "refuses" and lines else problem.where
        key = (problem.level, problem.layer, where, problem.what, cure)
        groups.setdefault(key, []).append(problem)
    once = [same[0] if len(same) == 1 else _as_one(same) for same in groups.values()]
    # what two layers ask for in one way (a rule for a taxon) is pasted once
    said: set[str] = set()
    for at, problem in enumerate(once):
        if problem.lines in said and problem.note:
            facts = {**problem.note.facts, "what": problem.note, "advice": Note("lines above")}
            facts["plan_lines"] = ""
            place = problem.file, problem.where
            once[at] = problem_of(problem.level, problem.layer, *place, Note("as above", facts))
        said |= {problem.lines} if problem.lines else set()
    return tuple(once)


def _as_one(same: Sequence[Problem]) -> Problem:
    """Problems of several files as one that names them all."""
    first = same[0]
    names = in_short(one.file for one in same)
    file = Note("files of one", {"n": len(same), "names": names})
    places = dict.fromkeys(one.where for one in same if one.where)
    note = first.as_note()
    where = in_short(places)
    if len(places) == 1:  # as a value, where it is one
        where = note.facts.get("where", where)  # type: ignore[assignment]
    return problem_of(first.level, first.layer, file, where, note)


def _state_edges(clean: Layers) -> tuple[Problem, ...]:
    """Overlaps and gaps of a user's own layer of states: ground of two, or of none."""
    bundled = {source["layer"] for source in clean.sources if source["bundled"]}
    # Ours share their borders to the last bit.
    if "countries" in bundled:
        return ()
    keys = {"overlap": "countries overlap", "gap": "countries apart"}
    return tuple(
        problem_of(
            "note",
            "countries",
            "",
            Note("both states", {"states": str(edge["pair"]).split(";")}),
            Note(keys[str(edge["kind"])], {"km2": edge["km2"], "width": edge["width_km"]}),
        )
        for edge in overlap.state_edges(clean.countries).to_dict("records")
    )


_DRAWN_LAYERS: Final = (*EVIDENCE_LAYERS, "gazetteer")
"""Layers that somebody drew in the states of a study, and may have saved latitude first."""


def _turned(clean: Layers) -> tuple[Problem, ...]:
    """A user's own layers that lie in the range states better with their axes swapped."""
    bundled = {source["layer"] for source in clean.sources if source["bundled"]}
    return tuple(
        problem
        for layer in _DRAWN_LAYERS
        if layer not in bundled and getattr(clean, layer) is not None
        for problem in layers.turned_note(layer, getattr(clean, layer), clean.countries)
    )


def _not_counted(clean: Layers) -> tuple[Problem, ...]:
    """Species of the table that are shown and never counted: why 18 rows are 17 mammals."""
    counted = set(cami_species(clean.species))
    if (others := clean.species[~clean.species["sci_name"].isin(counted)]).empty:
        return ()
    names = in_short(others["sci_name"])
    facts = {"count": len(clean.species), "counted": len(counted), "names": names}
    return (problem_of("note", "species", "", "", Note("species not counted", facts)),)


def _fenced_links(clean: Layers, plan: Plan) -> tuple[Problem, ...]:
    """Links of grade A or B that a closed fence cuts, and that name no year of a crossing seen."""
    return tuple(
        problem_of(
            "note",
            CRITERION_LAYERS["C5"],
            "",
            words.id_and_name(row.corridor_id, row.name),
            Note("fence closed", {"grade": row.evidence_grade, "fence": row.fence}),
        )
        for row in overlap.fenced_links(clean, plan.profile).itertuples(index=False)
    )


def no_fence_kinds(clean: Layers, plan: Plan) -> tuple[Problem, ...]:
    """A barrier layer in which no kind closes a border: its fences may be called otherwise."""
    fences = plan.profile.C6.fences
    if clean.barriers is None or clean.barriers.empty or not fences:
        return ()
    kinds = sorted(set(clean.barriers["kind"]))
    if not set(fences).isdisjoint(kinds):
        return ()
    facts = {"kinds": in_short(kinds, 20), "fences": in_short(fences)}
    return (problem_of("note", "barriers", "", "", Note("no fence kinds", facts)),)


def _partial_coverage(clean: Layers, plan: Plan) -> tuple[Problem, ...]:
    """Layers of evidence that speak of some states only: elsewhere nothing is assessed by them."""
    states = set(clean.countries.loc[clean.countries["range_state"], "iso2"])
    bundled = {source["layer"] for source in clean.sources if source["bundled"]}
    in_areas = set() if clean.coverage_areas is None else set(clean.coverage_areas["layer"])
    problems = []
    for layer, names in () if clean.coverage is None else clean.coverage.to_numpy():
        covered = [
            iso2 for iso2 in names.split(";") if iso2
        ]  # none: of a layer that lies elsewhere
        if layer in in_areas or layer in plan.coverage or not set(covered) < states:
            continue
        # bundled rows lie in the states of the initiative: elsewhere there is nothing to keep
        has_bundled_rows = layer not in bundled and not states.isdisjoint(RANGE_STATES)
        advice = Note("say coverage or bundled" if has_bundled_rows else "say coverage")
        facts = {"names": in_short(covered, 20), "advice": advice}
        note = Note("coverage partial" if covered else "coverage none", facts)
        lines = plan_lines("coverage", **{str(layer): sorted(states)})
        problems.append(problem_of("note", layer, "", "", note, lines))
    return tuple(problems)


def _records_and_ranges(clean: Layers, plan: Plan) -> tuple[Problem, ...]:
    """What records say of each range: where they confirm it, where nobody saw an animal lately."""
    years = min(plan.profile.C9.record_years.values(), default=10.0)
    # From the plan's date: the same inputs say the same next year.
    since = int(plan.date[:4]) - int(years)
    least_km2 = plan.profile.occurrence.side_km2 or 0.0
    table = overlap.record_states(clean, recent_years=years, least_km2=least_km2)
    problems = []
    for name in sorted(set(table["sci_name"].astype(str))):
        rows = table[table["sci_name"] == name]
        recent, outside = int(rows["recent"].sum()), int(rows["outside"].sum())
        bare = rows.loc[(rows["km2"] > 0) & (rows["recent"] == 0), "iso2"].tolist()
        seen = [
            f"{iso2!s} {count}"
            for iso2, count in zip(rows["iso2"], rows["recent"], strict=True)
            if count
        ]
        facts: dict[str, Any] = {"recent": recent, "count": int(rows["records"].sum())}
        facts |= {"since": since, "seen": "", "bare": "", "outside": ""}
        if seen:
            facts["seen"] = Note("records seen", {"parts": seen})
        if bare:
            facts["bare"] = Note("records bare", {"names": in_short(bare, 20)})
        lines = ""
        if outside:
            facts["outside"] = Note("records outside range", {"n": outside})
            facts["advice"] = Note("let records be range")
            # a table of its own for each species: lines for several can stand one below the other
            lines = plan_lines("occurrences.range_km", **{toml_key(name): 25})
        note = Note("records and range", facts)
        problems.append(problem_of("note", "occurrences", "", name, note, lines))
    return tuple(problems)


# -- what is expected of a range -------------------------------------------------------------------


def unexpected(clean: Layers, *, least_km2: float = 100.0) -> tuple[Problem, ...]:
    """What looks wrong with a range beside what is expected of the species, one note each."""
    return (*_odd_states(clean, least_km2), *_odd_areas(clean))


def _odd_states(clean: Layers, least_km2: float) -> list[Problem]:
    """Ranges that lie in a state where they are not expected, or in none where they are."""
    table = overlap.range_states(clean, least_km2=least_km2)
    present = set(clean.features["sci_name"])
    odd = table[(table["verdict"] != "as expected") & table["sci_name"].isin(present)]
    problems = []
    for name, rows in odd.groupby("sci_name"):
        missing_states = rows.loc[rows["verdict"] == "missing", "iso2"].tolist()
        extra = [
            Note(
                "range of a state, extinct" if row.expected == "extinct" else "range of a state",
                {"iso2": row.iso2, "km2": row.km2},
            )
            for row in rows[rows["verdict"] == "unexpected"].itertuples()
        ]
        clauses = []
        if missing_states:
            clauses.append(Note("range lacking", {"names": in_short(missing_states, None)}))
        if extra:
            clauses.append(Note("range beyond", {"names": in_short(extra, 20)}))
        note = Note("range odd", {"clauses": clauses})
        problems.append(problem_of("note", "ranges", "", str(name), note))
    return problems


def _odd_areas(clean: Layers) -> list[Problem]:
    """Ranges far larger or smaller than the species table says, else than the bundled ones are."""
    species = clean.species.set_index("sci_name")
    expected: dict[str, tuple[float, str]] = {}
    if any(source["layer"] == "ranges" and not source["bundled"] for source in clean.sources):
        bundled = layers.features(layers.read_ranges())
        expected = {
            name: (float(km2), "odd size of bundled")
            for name, km2 in zip(bundled["sci_name"], bundled["range_km2"], strict=True)
        }
    if "expected_km2" in species:
        stated = pd.to_numeric(species["expected_km2"], errors="coerce").dropna()
        expected |= {str(name): (km2, "odd size") for name, km2 in stated.items()}
    return layers.odd_sizes(clean.features, expected)


# -- what the plan lacks ---------------------------------------------------------------------------


def _is_name(path: Path) -> bool:
    """Whether a path is one file's, and no pattern of several."""
    return not any(sign in path.name for sign in "*?[")


def missing_context(plan: Plan) -> tuple[Problem, ...]:
    """The context layers of a plan whose file is not there: known before anything is computed."""
    return tuple(
        problem_of(
            "refuses",
            f"context.{name}",
            context.path.name,
            "",
            Note("context file missing", {"name": name}),
        )
        for name, context in sorted(plan.context.items())
        if not context.path.exists() and _is_name(context.path)
    )


def proposal_overrides(clean: Layers) -> tuple[Problem, ...]:
    """The overrides that change nothing in a proposal: it knows hotspots, units only once they are made."""
    hotspots = () if clean.hotspots is None else clean.hotspots["hotspot_id"]
    kinds, note = ("adjacent",), "override of no hotspot"
    return lost_overrides(clean.overrides, hotspots, kinds=kinds, note=note)


def lost_overrides(
    overrides: pd.DataFrame | None, sites: Iterable[str], *, kinds: Sequence[str], note: str
) -> tuple[Problem, ...]:
    """The overrides of some kinds whose site is none of these, by name; a note of this key."""
    if overrides is None:
        return ()
    site_names = {*map(str, sites)}
    named = sites_typed(overrides.loc[overrides["what"].isin(kinds), "site"], site_names)
    lost = sorted({*named} - site_names)
    facts = {
        "names": in_short(lost),
        "hints": [nearest_note(name, sorted(site_names)) for name in lost],
    }
    return (problem_of("counted", "overrides", "", "", Note(note, facts)),) if lost else ()


def _overrides(plan: Plan) -> tuple[pd.DataFrame | None, tuple[Problem, ...]]:
    """The overrides that the plan names, and what is wrong with their file."""
    path = plan.workshop.overrides
    try:
        return None if path is None else layers.read_overrides(path), ()
    except InputError as error:
        return None, (problem_of("refuses", "overrides", "", "", error.note),)
