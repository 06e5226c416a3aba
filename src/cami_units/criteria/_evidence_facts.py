"""What a finding rests on, as values: keys, numbers, ids and codes. `words` makes the sentences.

A finding has a clause or more, each a :class:`~cami_units.model.Note`. A number here is as it will be
shown: rounded to the digits that are true beside its limit, so that every language says the same.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import pandas as pd

from cami_units.criteria._measures import (
    Evidence,
    Row,
    covered_share,
    graded,
    rows_by_site,
    rows_of,
    strips,
)
from cami_units.model import COVERED_LAYERS as COVERED
from cami_units.model import (
    CRITERIA,
    GATES,
    NOT_ASSESSED,
    SEASONAL_RANGE,
    SOURCE_FACTS,
    Note,
    Profile,
    at_least,
    at_most,
    clean_name,
    source_note,
)

Clauses = list[Note]
"""What a sentence says, clause by clause."""


@dataclass(frozen=True, slots=True)
class Site:
    """All that is known of one site, at hand for what is said of it."""

    profile: Profile
    numbers: Mapping[Any, Any]
    met: Mapping[Any, Any]
    species: tuple[Row, ...]
    sides: Mapping[str, tuple[Row, ...]]
    states: tuple[Row, ...]
    corridors: tuple[Row, ...] | None
    crossings: tuple[Row, ...] | None
    barriers: tuple[Row, ...] | None
    pa_pairs: tuple[Row, ...] | None
    hotspots: tuple[Row, ...] | None
    records: tuple[Row, ...] | None
    supporting: tuple[str, ...]
    has_protected: bool
    adjacent: str
    coverage: Mapping[str, float]
    error_km: float
    strip_states: frozenset[str]
    strip_sides: frozenset[tuple[str, str]]


def facts(
    evidence: Evidence,
    met: pd.DataFrame,
    supporting: pd.DataFrame,
    profile: Profile,
    border_error_km: float,
) -> dict[tuple[Any, str], Clauses]:
    """The clauses of each site and finding; `supporting` are the rows of species possibly extant."""
    return {
        (name, finding): _clauses(site, finding)
        for name, site in _sites(evidence, met, supporting, profile, border_error_km)
        for finding in profile.findings
    }


def _sites(
    evidence: Evidence,
    met: pd.DataFrame,
    supporting: pd.DataFrame,
    profile: Profile,
    border_error_km: float,
) -> Iterator[tuple[Any, Site]]:
    """Each site with the rows of all tables that speak of it."""
    tables = evidence.tables
    coverage = {layer: covered_share(tables, layer) for layer in COVERED}
    strip_states = rows_by_site(tables.states[strips(tables, "states")])
    strip_sides = rows_by_site(tables.species[strips(tables, "species")])
    key = ["site", "iso2"]
    states = rows_by_site(tables.states.groupby(key)[["km2"]].sum().reset_index())
    sides = rows_by_site(tables.species.groupby([*key, "sci_name"])[["km2"]].sum().reset_index())
    species = rows_by_site(evidence.at_sites)
    corridors = rows_by_site(_graded(tables.corridors, profile))
    crossings = rows_by_site(_graded(tables.crossings, profile))
    barriers, pairs = rows_by_site(tables.barriers), rows_by_site(tables.pa_pairs)
    hotspots, possible = rows_by_site(tables.hotspots), rows_by_site(supporting)
    records = rows_by_site(tables.records)
    numbers = evidence.measures.to_dict("index")
    verdict = met.astype(object).to_dict("index")
    for name in evidence.measures.index:
        # Grouped once for all species: the criteria of a site ask for the same sides a dozen times.
        by_species: defaultdict[str, list[Row]] = defaultdict(list)
        for row in rows_of(sides, name) or ():
            by_species[row.sci_name].append(row)
        yield (
            name,
            Site(
                profile=profile,
                numbers=numbers[name],
                met=verdict[name],
                species=rows_of(species, name) or (),
                sides={key: tuple(rows) for key, rows in by_species.items()},
                states=rows_of(states, name) or (),
                corridors=rows_of(corridors, name),
                crossings=rows_of(crossings, name),
                barriers=rows_of(barriers, name),
                pa_pairs=rows_of(pairs, name),
                hotspots=rows_of(hotspots, name),
                records=rows_of(records, name),
                supporting=tuple(row.sci_name for row in rows_of(possible, name) or ()),
                has_protected=tables.protected is not None,
                adjacent=str(evidence.adjacent["reason"].get(name, "")).strip(),
                coverage={layer: float(share[name]) for layer, share in coverage.items()},
                error_km=border_error_km,
                strip_states=frozenset(row.iso2 for row in rows_of(strip_states, name) or ()),
                strip_sides=frozenset(
                    (row.sci_name, row.iso2) for row in rows_of(strip_sides, name) or ()
                ),
            ),
        )


def _graded(table: pd.DataFrame | None, profile: Profile) -> pd.DataFrame | None:
    return None if table is None else graded(table, profile)


def _clauses(site: Site, finding: str) -> Clauses:
    """What is said of one finding of one site."""
    if finding in site.profile.further:
        return _further(site, finding)
    if still := site.profile.open_numbers(finding):
        return [_unknown("profile open", keys=list(still))]
    return _TELLERS[finding](site)


# -- notes and numbers ----------------------------------------------------------------------------


def _note(key: str, **values: object) -> Note:
    return Note(key, values)


def _unknown(key: str, **values: object) -> Note:
    """Why a finding is not assessed."""
    return _note(NOT_ASSESSED, why=_note(key, **values))


def _figure(value: float, limit: float | None = None) -> float:
    """A number to the digits that are shown: 12300, 8.2, 0.034; beside a limit, as many as are true.

    29.97 beside a limit of 30 is 29.97: "30.0" would say that it holds.
    """
    # three figures are more than the layers know; the 0.05 is what rounds up to 100
    digits = 0 if abs(value) >= 99.95 else 1 if abs(value) >= 1 else _decimals(value)
    if limit is not None:
        # the noise of floats is not worth a digit: at the limit the limit is said
        value = limit if at_least(value, limit) and at_most(value, limit) else value
        while digits < 12 and (round(value, digits) >= limit) != (value >= limit):
            digits += 1
    return round(float(value), digits)


def _decimals(value: float) -> int:
    """The decimals that show two figures of a number below 1."""
    return 2 if value == 0 else max(1 - math.floor(math.log10(abs(value))), 2)


def _exact(number: float) -> float | int:
    """A number of the profile, as somebody wrote it there: 30 and not 30.0."""
    return int(number) if float(number).is_integer() else float(number)


def _above(value: float, limit: float) -> float:
    """A computed limit, with digits enough to stand beside a value that falls short of it."""
    digits = 0 if limit >= 99.95 else 1
    while digits < 12 and round(limit, digits) <= round(value, digits) and value < limit:
        digits += 1
    return round(float(limit), digits)


def _grounds(rows: Iterable[Row], limit: float | None = None) -> list[Note]:
    """The states of some rows with their km², the largest first."""
    largest = sorted(rows, key=lambda row: (-row.km2, row.iso2))
    return [_note("ground", state=row.iso2, km2=_figure(row.km2, limit)) for row in largest]


def _looked(site: Site, layer: str) -> Note | str:
    """For which part of the site a layer speaks, where that is not all of it."""
    share = site.coverage[layer]
    # what rounds to 100.0 % is all of it
    return "" if share >= 0.9995 else _note("looked part", share=_figure(100 * share))


def _not_looked(site: Site, layer: str) -> Note | None:
    """Why nothing can be said where nobody looked; ``None`` where somebody did."""
    return None if site.coverage[layer] > 0 else _unknown(f"not looked {layer}")


def _on_sides(site: Site, rows: Iterable[Row]) -> list[Note]:
    """Species with the sides that count, the km² of each, and which are mere strips."""
    side_km2 = site.profile.occurrence.side_km2 or 0.0
    notes = []
    for row in sorted(rows, key=lambda row: (-row.km2, row.sci_name)):
        large = [side for side in site.sides.get(row.sci_name, ()) if at_least(side.km2, side_km2)]
        thin = [side.iso2 for side in large if (row.sci_name, side.iso2) in site.strip_sides]
        grounds, strip = _grounds(large), _strips(site, thin)
        notes.append(_note("species on sides", species=row.sci_name, grounds=grounds, strips=strip))
    return notes


def _strips(site: Site, states: list[str]) -> Note | str:
    """Which sides lie nowhere farther from the border than it may be off."""
    if not states:
        return ""
    return _note("strips", states_all=sorted(states), km=_exact(site.error_km))


def _names(rows: Iterable[Row]) -> list[str]:
    return [row.sci_name for row in rows]


# -- one for each finding -------------------------------------------------------------------------


def _g1(site: Site) -> Clauses:
    """The states whose ground counts, and those whose ground is too small."""
    rule, area = site.profile.G1, site.numbers["area_km2"]
    enough = max(rule.min_side_km2 or 0.0, (rule.min_side_share or 0.0) / 100 * area)
    large = [row for row in site.states if at_least(row.km2, enough)]
    # below a part of a hectare two layers' edges meet: nobody needs to hear of that
    small = [row for row in site.states if not at_least(row.km2, enough) and row.km2 >= 0.05]
    # The figure has as many decimals as it needs to differ from what is there.
    nearest = max((row.km2 for row in small), default=0.0)
    thin = [row.iso2 for row in large if row.iso2 in site.strip_states]
    clauses = [
        _note("G1 states", n=len(large), grounds=_grounds(large), strips=_strips(site, thin))
        if large
        else _note("G1 no state"),
        _note("G1 need", min_states=rule.min_states, km2=_above(nearest, enough)),
    ]
    if small:
        clauses.append(_note("G1 small", grounds=_grounds(small, enough)))
    if site.numbers["n_states"] != site.numbers["n_states_undisputed"]:
        clauses.append(_note("G1 disputed", n=int(site.numbers["n_states_undisputed"])))
    return [*clauses, *_let_in(site, len(large))]


def _let_in(site: Site, n_states: int) -> Clauses:
    """What an override of the geography gate came to, where there is one."""
    rule, km = site.profile.G1, site.numbers["adjacent_km"]
    if km != km:  # no override: not a number
        return []
    is_met = site.met["G1"] is True
    is_let_in = is_met and n_states < (rule.min_states or 0)
    how = "let in" if is_let_in else "not needed" if is_met else "not let in"
    limit, reason = _exact(rule.adjacent_km or 0.0), site.adjacent.rstrip(".")
    return [_note(f"G1 {how}", km=_figure(km), limit=limit, reason=reason)]


def _g2(site: Site) -> Clauses:
    """The species on both sides; where there are none, those that a documented crossing lets in."""
    rule = site.profile.G2
    shared_rows = [row for row in site.species if row.transboundary]
    crossing = [row for row in site.species if row.by_crossing]
    # Range on both sides speaks for itself; a documented crossing is told only where it decides.
    if shared_rows:
        n, species = len(shared_rows), _on_sides(site, shared_rows)
        return [_note("G2 shared", n=n, min_sides=rule.min_sides, species=species)]
    grades = list(rule.crossing_grades or ())
    if crossing:
        return [
            _note(
                "G2 by crossing",
                n=len(crossing),
                min_sides=rule.min_sides,
                species=_on_sides(site, crossing),
                grades_any=grades,
                crossings=_crossings(site, {row.sci_name for row in crossing}),
            )
        ]
    return [_note("G2 none", min_sides=rule.min_sides), *_one_sided(site, grades)]


def _one_sided(site: Site, grades: list[str]) -> Clauses:
    """What is there of species where none is transboundary."""
    occurring = [row for row in site.species if row.occurs]
    # A species may occur by its share of the whole range, and still have no side that counts.
    one_side = [row for row in occurring if row.n_sides >= 1]
    no_side = [row for row in occurring if row.n_sides < 1]
    clauses = []
    if one_side:
        species = _on_sides(site, one_side)
        clauses.append(
            _note("G2 one side, no corridors", species=species)
            if site.crossings is None
            else _note("G2 one side", species=species, grades_any=grades)
        )
    if no_side:
        side_km2 = site.profile.occurrence.side_km2 or 0.0
        species = [
            _note("species area", species=row.sci_name, km2=_figure(row.km2)) for row in no_side
        ]
        clauses.append(_note("G2 no side", km2=_exact(side_km2), species=species))
    if not clauses:
        clauses.append(_note("G2 nothing"))
    if site.supporting:
        clauses.append(_note("possibly extant", species=list(site.supporting)))
    return clauses


def _crossings(site: Site, species: set[str]) -> list[Note]:
    """The crossings of some species, the best evidence first."""
    rows = [row for row in site.crossings or () if row.sci_name in species and row.n > 0]
    return [
        _note(
            # so that what is listed adds up to what was counted
            "crossing, several" if row.n > 1 else "crossing",
            corridor=row.corridor_id,
            species=row.sci_name,
            pair=row.pair,
            grade=row.evidence_grade,
            **({"n": int(row.n)} if row.n > 1 else {}),
        )
        for row in sorted(rows, key=lambda row: (row.evidence_grade, row.corridor_id, row.pair))
    ]


def _c1(site: Site) -> Clauses:
    """The transboundary species, and how many are needed."""
    shared_rows = [row for row in site.species if row.transboundary]
    min_sides, n = site.profile.G2.min_sides, len(shared_rows)
    return [
        _note("C1 species", n=n, min_sides=min_sides, names=_names(shared_rows))
        if shared_rows
        else _note("G2 none", min_sides=min_sides),
        _note("need", limit=site.profile.C1.min_species),
    ]


def _c2(site: Site) -> Clauses:
    """The points of threat, species by species."""
    rule = site.profile.C2
    shared_rows = [row for row in site.species if row.transboundary]
    need = _note("need", limit=_exact(rule.min_weight or 0.0))
    if not shared_rows:
        return [_note("C2 none"), need]
    weighed = [
        _note(
            "species points",
            species=row.sci_name,
            category=row.iucn_category if row.category_known else rule.unknown_counts_as,
            points=_exact(row.weight),
        )
        for row in sorted(shared_rows, key=lambda row: (-row.weight, row.sci_name))
    ]
    points = _exact(site.numbers["threat_weight"])
    clauses = [_note("C2 points", points=points, weighed=weighed), need]
    unknown = [
        _note(
            "species category",
            species=row.sci_name,
            category=row.iucn_category or _note("no category"),
        )
        for row in shared_rows
        if not row.category_known
    ]
    if unknown:
        clauses.append(_note("C2 unknown", category=rule.unknown_counts_as, species=unknown))
    return clauses + _severe(site, shared_rows)


def _severe(site: Site, shared_rows: Iterable[Row]) -> Clauses:
    """The other way to C2: one severely threatened species, with another criterion."""
    # One severe species meets C2 only together with one of the criteria that the profile names.
    severe = [row for row in shared_rows if row.severe]
    others = {name: site.met[name] for name in site.profile.C2.or_categories_with}
    if not severe or not others:
        return []
    if met_others := [criterion for criterion, met in others.items() if met is True]:
        how = _note("C2 met", n=len(met_others), criteria_all=met_others)
    elif all(met is False for met in others.values()):
        how = _note("C2 not met", criteria_any=list(others))
    else:
        how = _note("C2 not known", criteria_any=list(others))
    species = [
        _note("species is", species=row.sci_name, category=row.iucn_category) for row in severe
    ]
    return [_note("C2 severe", species=species, how=how)]


def _c3(site: Site) -> Clauses:
    """The share of its range that each transboundary species has here, against its own limit."""
    if not (shared_rows := [row for row in site.species if row.transboundary]):
        return [_note("C3 none")]
    order = sorted(
        shared_rows,
        # First those that are nearest to, or farthest beyond, their own limit: limits differ by
        # category.
        key=lambda row: (-row.share / row.min_share if row.min_share else -row.share, row.sci_name),
    )
    species = [
        _note(
            "species share",
            species=row.sci_name,
            share=_figure(row.share, row.min_share),
            limit=_exact(row.min_share),
        )
        for row in order
    ]
    clauses = [_note("C3 shares", species=species)]
    if len(shared_rows) > 1:
        clauses.append(_note("C3 together", share=_figure(site.numbers["share_sum"])))
    return clauses


def _c4(site: Site) -> Clauses:
    """How evenly the range lies on both sides, and along how much border."""
    rule, numbers = site.profile.C4, site.numbers
    if not numbers["n_qualifying"]:
        return [_unknown("nothing qualifies")]
    clauses = [
        _note(
            "C4 evenness",
            evenness=_figure(numbers["evenness"], rule.min_evenness),
            min_evenness=_exact(rule.min_evenness or 0.0),
            km=_figure(numbers["shared_border_km"], rule.min_border_km),
            min_km=_exact(rule.min_border_km or 0.0),
        )
    ]
    riverine = [row for row in site.species if row.qualifying and row.sci_name in rule.riverine]
    if riverine:
        clauses.append(
            _note(
                "C4 riverine",
                names=_names(riverine),
                km=_figure(numbers["riverine_border_km"], rule.min_border_km_riverine),
                min_km=_exact(rule.min_border_km_riverine or 0.0),
            )
        )
    return clauses


def _c5(site: Site) -> Clauses:
    """The documented crossings of species that occur, with their evidence."""
    if site.corridors is None:
        return [_unknown("no corridors")]
    present = {row.sci_name for row in site.species if row.occurs}
    is_reached = any(row.sci_name in present for row in site.corridors)
    rows = [row for row in site.crossings or () if row.n > 0]
    crossings = [row for row in rows if row.sci_name in present]
    absent = {row.sci_name for row in rows} - present
    # nobody of these species is here to cross: told, and not counted
    not_counted = [_note("C5 not counted", crossings=_crossings(site, absent))] if absent else []
    if not is_reached and not crossings:
        not_looked = _not_looked(site, "corridors")
        return [not_looked] if not_looked else [_unknown("C5 gap of the layer"), *not_counted]
    return [*_crossed(site, crossings), *not_counted]


def _crossed(site: Site, crossings: list[Row]) -> Clauses:
    """The corridors that reach a site, and their crossings of species that occur."""
    rule = site.profile.C5
    grades = list(rule.counted_grades or ())
    n_corridors, km = int(site.numbers["n_corridors"]), _figure(site.numbers["corridor_km"])
    reach = _note("C5 reach", n=n_corridors, km=km)
    if not crossings:
        need = _note("C5 need", n=rule.min_crossings or 0, grades_any=grades)
        return [_note("C5 none crosses", reach=reach), need]
    n_crossings = int(site.numbers["n_crossings"])
    return [
        _note("C5 crossings", n=n_crossings, grades_any=grades, limit=rule.min_crossings),
        reach,
        _note("C5 listed", crossings=_crossings(site, {row.sci_name for row in crossings})),
        *_cited(site, crossings),
    ]


def _cited(site: Site, crossings: list[Row]) -> Clauses:
    """The evidence of the crossings that count; where none does, of those there are."""
    grades = site.profile.C5.counted_grades or ()
    counted_rows = [row for row in crossings if row.evidence_grade in grades] or crossings
    told_rows = [row for row in counted_rows if clean_name(getattr(row, "source", ""))]
    is_seasonal = [row.corridor_id == SEASONAL_RANGE for row in told_rows]
    # tracks and bundled layers say their source as values, beside the sentence that files of others have
    cited = {
        clean_name(row.source): source_note(row.source, getattr(row, SOURCE_FACTS, ""))
        for row, seasonal in zip(told_rows, is_seasonal, strict=True)
        if not seasonal
    }
    sources: list[object] = [cited[line] or line for line in sorted(cited)]
    sources += [_note("seasonal source")] if any(is_seasonal) else []
    return [_note("C5 evidence", sources=sources)] if sources else []


def _c6(site: Site) -> Clauses:
    """How much of the border is fenced and closed, and what other barriers there are."""
    rule, numbers = site.profile.C6, site.numbers
    if site.barriers is None:
        return [_unknown("no barriers")]
    known_rows = [row for row in site.barriers if not pd.isna(row.permeability)]
    others = _other_barriers(site, known_rows)
    unknown = sorted({str(row.barrier_id) for row in site.barriers if pd.isna(row.permeability)})
    if unknown:
        others.append(_note("C6 unknown", barriers=unknown))
    if not_looked := _not_looked(site, "barriers"):
        return [not_looked]
    if not numbers["border_km"]:
        return [_unknown("C6 no border"), *others]
    border = numbers["looked_border_km"]
    if not border:
        return [_unknown("C6 one side looked at"), *others]
    where = _note("C6 border", km=_figure(border))
    # lengths of two cuts of one line differ in their last digits
    if border < (1 - 1e-6) * numbers["border_km"]:
        where = _note(
            "C6 border looked at", km=_figure(border), all_km=_figure(numbers["border_km"])
        )
    clauses = _fenced(site, site.barriers, where)
    return [*clauses, _note("C6 need", limit=_exact(rule.min_barrier_share or 0.0)), *others]


def _fenced(site: Site, barriers: Iterable[Row], where: Note) -> Clauses:
    """How many km of fence there are on some border, and how much of it they close."""
    rule, numbers = site.profile.C6, site.numbers
    fences = [row for row in barriers if row.kind in (rule.fences or ())]
    if all(pd.isna(row.permeability) for row in fences):
        return [_note("C6 no known fence" if fences else "C6 no fence", where=where)]
    border, fenced = numbers["looked_border_km"], numbers["fenced_km"]
    # fences zigzag, and two may stand side by side: there may be more of them than of border
    how = "C6 fenced" if fenced <= border else "C6 fences"
    share = _figure(numbers["barrier_share"], rule.min_barrier_share)
    return [_note(how, km=_figure(fenced), where=where), _note("C6 closed", share=share)]


def _other_barriers(site: Site, rows: Iterable[Row]) -> Clauses:
    """The density of what is no fence: km per 1000 km², each kilometre less what is permeable."""
    density: defaultdict[str, float] = defaultdict(float)
    looked_km2 = site.numbers["area_km2"] * site.coverage["barriers"]
    for row in rows:
        if row.kind not in (site.profile.C6.fences or ()):
            closed = row.km * (1 - row.permeability)
            density[str(row.kind)] += 1000 * closed / looked_km2 if looked_km2 else 0.0
    densities = [
        _note("density", kind=kind, km=_figure(km)) for kind, km in sorted(density.items())
    ]
    if not densities:
        return []
    if isinstance(looked := _looked(site, "barriers"), Note):
        return [_note("C6 others looked at", densities=densities, **looked.facts)]
    return [_note("C6 others", densities=densities)]


def _c7(site: Site) -> Clauses:
    """The protected share of the qualifying range, and the areas that face each other."""
    rule, numbers = site.profile.C7, site.numbers
    if not site.has_protected:
        return [_unknown("no protected_areas")]
    if not numbers["n_qualifying"]:
        return [_unknown("nothing qualifies")]
    if not_looked := _not_looked(site, "protected_areas"):
        return [not_looked]
    share = numbers["protected_share"]
    # NaN: there is range, and none of it where protected areas were looked for.
    if share != share:
        return [_unknown("C7 range not looked at")]
    clauses = [
        _note(
            "C7 gap" if site.met["C7"] is True else "C7 no gap",
            share=_figure(share, rule.gap_below),
            limit=_exact(rule.gap_below or 0.0),
            looked=_looked(site, "protected_areas"),
        )
    ]
    near = sorted(
        # Pairs are measured as far as any profile asks; here only those as near as this one does.
        (row for row in site.pa_pairs or () if at_most(row.km, rule.pair_km or 0.0)),
        key=lambda row: (row.km, row.pa_a, row.pa_b),
    )
    if len(near) >= (rule.min_pairs or 1):
        pairs = [
            _note(
                "pair of areas",
                one=_note("protected_area", id=row.pa_a, name=row.name_a),
                other=_note("protected_area", id=row.pa_b, name=row.name_b),
                pair=row.pair,
                km=_figure(row.km),
            )
            for row in near
        ]
        clauses.append(_note("C7 pairs", n=len(near), pairs=pairs))
    return clauses


def _c8(site: Site) -> Clauses:
    """The known hotspots in the site, and how like it they are."""
    rule, numbers = site.profile.C8, site.numbers
    share, best = numbers["hotspot_share"], numbers["jaccard"]
    if site.hotspots is None:
        return [_unknown("no hotspots")]
    if not_looked := _not_looked(site, "hotspots"):
        return [not_looked]
    looked = _looked(site, "hotspots")
    if not site.hotspots:
        return [_note("C8 none", looked=looked)]
    hotspots = [
        _note(
            "hotspot share",
            id=row.hotspot_id,
            hotspot=_note("hotspot", id=row.hotspot_id, name=row.name_en),
            share=_figure(100 * row.km2 / numbers["area_km2"]),
        )
        for row in sorted(site.hotspots, key=lambda row: (-row.km2, row.hotspot_id))
    ]
    return [
        _note(
            "C8 share", share=_figure(share, rule.min_share), limit=_exact(rule.min_share or 0.0)
        ),
        _note(
            "C8 likeness",
            jaccard=_figure(best, rule.min_jaccard),
            limit=_exact(rule.min_jaccard or 0.0),
            hotspots=hotspots,
            looked=looked,
        ),
    ]


def _c9(site: Site) -> Clauses:
    """The confidence of the ranges, what could be assessed, and records of late."""
    rule, others = site.profile.C9, list(CRITERIA[:-1])
    open_ = [key for key in others if pd.isna(site.met[key])]
    mean = site.numbers["range_confidence"]
    if mean != mean:
        return [
            _unknown("C9 nothing graded" if site.numbers["n_qualifying"] else "nothing qualifies")
        ]
    return [
        _note(
            "C9 confidence",
            confidence=_figure(site.met["confidence"], rule.min_confidence),
            limit=_exact(rule.min_confidence or 0.0),
            mean=round(float(mean), 2),
            assessed=len(others) - len(open_),
            all=len(others),
            open=_note("C9 open", criteria=open_) if open_ else "",
        ),
        *_recorded(site),
    ]


def _recorded(site: Site) -> Clauses:
    """How often qualifying species were recorded lately, and on which of their sides nobody did."""
    if site.records is None:
        return []
    years = min(site.profile.C9.record_years.values(), default=10.0)
    records = []
    for row in site.species:
        if not row.qualifying:
            continue
        recent = [one for one in site.records if one.sci_name == row.sci_name]
        recent = [one for one in recent if 0 <= one.age_years <= years]
        seen = {one.iso2 for one in recent}
        sides = [side.iso2 for side in site.sides.get(row.sci_name, ())]
        bare = [iso2 for iso2 in sides if iso2 not in seen]
        where = _note("none on the side", states=bare) if seen and bare else ""
        if recent:  # of a species that the files do not speak of, no record is no news
            count = round(sum(one.n for one in recent))
            records.append(
                _note("species records", species=row.sci_name, records=count, where=where)
            )
    return [_note("C9 records", years=_exact(years), listing=records)] if records else []


def _further(site: Site, name: str) -> Clauses:
    """A criterion that the profile adds: its number against its limit."""
    rule, value = site.profile.further[name], site.numbers[name]
    if rule.at_least is None:
        return [_unknown("profile open", keys=[f"further.{name}.at_least"])]
    names = {"name_en": rule.name_en, "name_ru": rule.name_ru}
    if value != value:
        return [_unknown("further not measured", **names)]
    numbers = {"value": _figure(value), "limit": _exact(rule.at_least)}
    key = "further" if rule.unit else "further, without a unit"
    return [_note(key, **names, **numbers, unit=rule.unit)]


_TELLERS: Final[Mapping[str, Callable[[Site], Clauses]]] = MappingProxyType(
    dict(
        zip(
            (*GATES, *CRITERIA),
            (_g1, _g2, _c1, _c2, _c3, _c4, _c5, _c6, _c7, _c8, _c9),
            strict=True,
        )
    )
)
