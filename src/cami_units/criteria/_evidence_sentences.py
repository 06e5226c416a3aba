"""One sentence of plain English for each finding: which numbers, which names, what was needed."""

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
    at_least,
    at_most,
    covered_share,
    graded,
    strips,
)
from cami_units.model import COVERED_LAYERS, Profile, clean_name, listed, unfilled

Row = Any
"""A row of a table, as a named tuple."""


@dataclass(frozen=True, slots=True)
class Site:
    """All that is known of one site, at hand for its sentences."""

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
    state_names: Mapping[str, str]
    error_km: float
    strip_states: frozenset[str]
    strip_sides: frozenset[tuple[str, str]]

    def state(self, iso2: str) -> str:
        """The name of a state, as people read it; its code where no name was given."""
        return self.state_names.get(iso2, iso2)

    def pair(self, pair: str) -> str:
        """Two states with a common border."""
        return "–".join(self.state(iso2) for iso2 in pair.split(";"))


def sentences(
    evidence: Evidence,
    met: pd.DataFrame,
    supporting: pd.DataFrame,
    profile: Profile,
    state_names: Mapping[str, str],
    border_error_km: float,
) -> dict[tuple[Any, str], str]:
    """The sentence of each site and finding; `supporting` are the rows of species possibly extant."""
    return {
        (name, finding): _sentence(site, finding)
        for name, site in _sites(evidence, met, supporting, profile, state_names, border_error_km)
        for finding in profile.findings
    }


def _sites(
    evidence: Evidence,
    met: pd.DataFrame,
    supporting: pd.DataFrame,
    profile: Profile,
    state_names: Mapping[str, str],
    border_error_km: float,
) -> Iterator[tuple[Any, Site]]:
    """Each site with the rows of all tables that speak of it."""
    tables = evidence.tables
    coverage = {layer: covered_share(tables, layer) for layer in COVERED_LAYERS}
    strip_states = _rows(tables.states[strips(tables, "states")])
    strip_sides = _rows(tables.species[strips(tables, "species")])
    species_table = evidence.species["name_en"].astype(str)
    names = dict(zip(species_table.index, species_table, strict=True))
    key = ["site", "iso2"]
    states = _rows(tables.states.groupby(key)[["km2"]].sum().reset_index())
    sides = _rows(tables.species.groupby([*key, "sci_name"])[["km2"]].sum().reset_index())
    species = _rows(evidence.at_sites)
    corridors = _rows(_named(tables.corridors, names, profile))
    crossings = _rows(_named(tables.crossings, names, profile))
    barriers, pairs = _rows(tables.barriers), _rows(tables.pa_pairs)
    hotspots, possible = _rows(tables.hotspots), _rows(supporting)
    records = _rows(tables.records)
    numbers = evidence.measures.to_dict("index")
    verdict = met.astype(object).to_dict("index")
    for name in evidence.measures.index:
        by_species: defaultdict[str, list[Row]] = defaultdict(list)
        for row in _of(sides, name) or ():
            by_species[row.sci_name].append(row)
        yield (
            name,
            Site(
                profile=profile,
                numbers=numbers[name],
                met=verdict[name],
                species=_of(species, name) or (),
                sides={key: tuple(rows) for key, rows in by_species.items()},
                states=_of(states, name) or (),
                corridors=_of(corridors, name),
                crossings=_of(crossings, name),
                barriers=_of(barriers, name),
                pa_pairs=_of(pairs, name),
                hotspots=_of(hotspots, name),
                records=_of(records, name),
                supporting=tuple(names[row.sci_name] for row in _of(possible, name) or ()),
                has_protected=tables.protected is not None,
                adjacent=str(evidence.adjacent["reason"].get(name, "")).strip(),
                coverage={layer: float(share[name]) for layer, share in coverage.items()},
                state_names=state_names,
                error_km=border_error_km,
                strip_states=frozenset(row.iso2 for row in _of(strip_states, name) or ()),
                strip_sides=frozenset(
                    (row.sci_name, row.iso2) for row in _of(strip_sides, name) or ()
                ),
            ),
        )


def _rows(table: pd.DataFrame | None) -> dict[Any, list[Row]] | None:
    if table is None:
        return None
    rows: defaultdict[Any, list[Row]] = defaultdict(list)
    for row in table.itertuples(index=False):
        rows[row.site].append(row)
    return rows


def _of(rows: Mapping[Any, list[Row]] | None, site: object) -> tuple[Row, ...] | None:
    return None if rows is None else tuple(rows.get(site, ()))


def _named(
    table: pd.DataFrame | None, names: Mapping[str, str], profile: Profile
) -> pd.DataFrame | None:
    if table is None:
        return None
    return graded(table, profile).assign(name_en=lambda rows: rows["sci_name"].map(names))


def _sentence(site: Site, finding: str) -> str:
    if finding in site.profile.further:
        text = _further(site, finding)
    elif still := unfilled(site.profile, finding):
        text = f"not assessed: the profile leaves {listed(still)} open."
    else:
        text = _WRITERS[finding](site)
    return text[:1].upper() + text[1:]


# -- numbers and names in words -------------------------------------------------------------------


def _figure(value: float, limit: float | None = None) -> str:
    """12300.4 as "12,300", 8.24 as "8.2", 0.034 as "0.034"; beside a limit, as many digits as are true.

    29.97 beside a limit of 30 is "29.97": "30.0" would say that it holds.
    """
    digits = 0 if abs(value) >= 99.95 else 1 if abs(value) >= 1 else _decimals(value)
    if limit is not None:
        # the noise of floats is not worth a digit: at the limit the limit is said
        number = limit if at_least(value, limit) and at_most(value, limit) else value
        while digits < 12 and (round(number, digits) >= limit) != (number >= limit):
            digits += 1
        value = number
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if abs(value) < 1 and "." in text else text


def _decimals(value: float) -> int:
    """The decimals that show two figures of a number below 1."""
    return 2 if value == 0 else max(1 - math.floor(math.log10(abs(value))), 2)


def _limits(value: float, limit: float) -> str:
    """A computed limit, with digits enough to stand beside a value that falls short of it."""
    digits = 0 if limit >= 99.95 else 1
    while digits < 12 and round(limit, digits) <= round(value, digits) and value < limit:
        digits += 1
    return f"{limit:,.{digits}f}"


def _count(number: float, word: str, plural: str = "") -> str:
    several = plural or f"{word}s"
    return f"{number:.0f} {word if number == 1 else several}"


def _areas(site: Site, rows: Iterable[Row], limit: float | None = None) -> str:
    """The states of some rows with their km², the largest first."""
    largest = sorted(rows, key=lambda row: (-row.km2, row.iso2))
    return ", ".join(f"{site.state(row.iso2)} {_figure(row.km2, limit)} km²" for row in largest)


def _looked(site: Site, layer: str) -> str:
    """For which part of the site a layer speaks, where that is not all of it."""
    share = site.coverage[layer]
    return (
        "" if share >= 0.9995 else f", said of the {_figure(100 * share)} % of the site looked at"
    )


def _not_looked(site: Site, layer: str, name: str) -> str:
    """Why nothing can be said where nobody looked; empty where somebody did."""
    if site.coverage[layer] > 0:
        return ""
    return f"not assessed: the layer of {name} was not compiled for the states of this site."


def _with_sides(site: Site, rows: Iterable[Row]) -> str:
    """Species with the sides that count, the km² of each, and which are mere strips."""
    side_km2 = site.profile.occurrence.side_km2 or 0.0
    parts = []
    for row in sorted(rows, key=lambda row: (-row.km2, row.sci_name)):
        large = _large(site.sides.get(row.sci_name, ()), side_km2)
        thin = [side.iso2 for side in large if (row.sci_name, side.iso2) in site.strip_sides]
        parts.append(f"{row.name_en} ({_areas(site, large)}{_within(site, thin)})")
    return listed(parts)


def _within(site: Site, states: Iterable[str]) -> str:
    """Which sides lie nowhere farther from the border than it may be off."""
    names = " and ".join(site.state(iso2) for iso2 in sorted(states))
    return f"; {names} only within {site.error_km:g} km of the border as drawn" if names else ""


def _large(sides: tuple[Row, ...], side_km2: float) -> tuple[Row, ...]:
    """The sides that count."""
    return tuple(side for side in sides if at_least(side.km2, side_km2))


def _names(rows: Iterable[Row]) -> str:
    return listed((row.name_en for row in rows), limit=20)


# -- one for each finding -------------------------------------------------------------------------


def _g1(site: Site) -> str:
    rule, area = site.profile.G1, site.numbers["area_km2"]
    enough = max(rule.min_side_km2 or 0.0, (rule.min_side_share or 0.0) / 100 * area)
    large = [row for row in site.states if at_least(row.km2, enough)]
    # below a part of a hectare two layers' edges meet: nobody needs to hear of that
    small = [row for row in site.states if not at_least(row.km2, enough) and row.km2 >= 0.05]
    nearest = max((row.km2 for row in small), default=0.0)
    need = f"{rule.min_states} are needed, each with at least {_limits(nearest, enough)} km²"
    if large:
        thin = [row.iso2 for row in large if row.iso2 in site.strip_states]
        states = _areas(site, large) + _within(site, thin)
        text = f"the site lies in {_count(len(large), 'range state')} ({states}); {need}"
    else:
        text = f"no range state holds enough of the site; {need}"
    if small:
        text += f"; too little to count: {_areas(site, small, enough)}"
    if site.numbers["n_states"] != site.numbers["n_states_undisputed"]:
        text += (
            "; the count hinges on a disputed area, without which it is "
            f"{site.numbers['n_states_undisputed']:.0f}"
        )
    km = site.numbers["adjacent_km"]
    if km == km:
        let_in = site.met["G1"] is True and len(large) < (rule.min_states or 0)
        how = "let in" if let_in else "not needed" if site.met["G1"] is True else "not let in"
        text += (
            f"; override 'adjacent' {how}, {_figure(km)} km from a border "
            f"(at most {rule.adjacent_km:g} km): {site.adjacent.rstrip('.')}"
        )
    return f"{text}."


def _g2(site: Site) -> str:
    sides = f"on {site.profile.G2.min_sides} or more sides"
    shared_rows = [row for row in site.species if row.transboundary]
    crossing = [row for row in site.species if row.by_crossing]
    if shared_rows:
        return f"{_count(len(shared_rows), 'species occurs', 'species occur')} {sides}: {_with_sides(site, shared_rows)}."
    grades = " or ".join(site.profile.G2.crossing_grades or ())
    if crossing:
        verb = "occurs on one side and has" if len(crossing) == 1 else "occur on one side and have"
        return (
            f"no species occurs {sides}, but {_with_sides(site, crossing)} {verb} a documented "
            f"crossing of grade {grades} ({_crossings(site, {row.sci_name for row in crossing})})."
        )
    return f"no species occurs {sides}; {_one_sided(site, grades)}."


def _one_sided(site: Site, grades: str) -> str:
    """What is there of species where none is transboundary."""
    occurring = [row for row in site.species if row.occurs]
    one_side = [row for row in occurring if row.n_sides >= 1]
    no_side = [row for row in occurring if row.n_sides < 1]
    parts = []
    if one_side:
        no_proof = (
            "no corridor layer was given to document a crossing"
            if site.crossings is None
            else f"no crossing of grade {grades} out of it is documented"
        )
        parts.append(f"on one side only: {_with_sides(site, one_side)}, and {no_proof}")
    if no_side:
        side_km2 = site.profile.occurrence.side_km2 or 0.0
        names = listed(f"{row.name_en} ({_figure(row.km2)} km²)" for row in no_side)
        parts.append(f"on no side with {side_km2:g} km² or more: {names}")
    text = "; ".join(parts) if parts else "none occurs at all"
    return text + (f"; possibly extant: {listed(site.supporting)}" if site.supporting else "")


def _crossings(site: Site, species: set[str]) -> str:
    rows = [row for row in site.crossings or () if row.sci_name in species and row.n > 0]
    return listed(
        f"{row.corridor_id} {row.name_en} {site.pair(row.pair)}, grade {row.evidence_grade}"
        for row in sorted(rows, key=lambda row: (row.evidence_grade, row.corridor_id, row.pair))
    )


def _c1(site: Site) -> str:
    shared_rows = [row for row in site.species if row.transboundary]
    need = f"{site.profile.C1.min_species} are needed"
    if not shared_rows:
        return f"no species occurs on {site.profile.G2.min_sides} or more sides; {need}."
    verb = "species occurs" if len(shared_rows) == 1 else "species occur"
    return f"{len(shared_rows)} {verb} on {site.profile.G2.min_sides} or more sides ({_names(shared_rows)}); {need}."


def _c2(site: Site) -> str:
    rule = site.profile.C2
    shared_rows = [row for row in site.species if row.transboundary]
    if not shared_rows:
        return f"no transboundary species, so no points; {rule.min_weight:g} are needed."
    listing = ", ".join(
        f"{row.name_en} {row.iucn_category if row.category_known else rule.unknown_counts_as} "
        f"{row.weight:g}"
        for row in sorted(shared_rows, key=lambda row: (-row.weight, row.sci_name))
    )
    text = (
        f"threat points add up to {site.numbers['threat_weight']:g} ({listing}); "
        f"{rule.min_weight:g} are needed"
    )
    unknown = [
        f"{row.name_en} ({row.iucn_category or 'none'})"
        for row in shared_rows
        if not row.category_known
    ]
    if unknown:
        text += f"; category not known, counted as {rule.unknown_counts_as}: {listed(unknown)}"
    return f"{text}{_severe(site, shared_rows)}."


def _severe(site: Site, shared_rows: Iterable[Row]) -> str:
    """The other way to C2: one severely threatened species, with another criterion."""
    severe = [row for row in shared_rows if row.severe]
    others = {name: site.met[name] for name in site.profile.C2.or_categories_with}
    if not severe or not others:
        return ""
    met_others = [criterion for criterion, met in others.items() if met is True]
    names = listed(f"{row.name_en} is {row.iucn_category}" for row in severe)
    if met_others:
        how = f"{' and '.join(met_others)} {'is' if len(met_others) == 1 else 'are'} met"
    elif all(met is False for met in others.values()):
        how = f"{' or '.join(others)} is not met"
    else:
        how = f"whether {' or '.join(others)} holds could not be assessed in full"
    return f"; {names}, and {how}"


def _c3(site: Site) -> str:
    shared_rows = [row for row in site.species if row.transboundary]
    if not shared_rows:
        return "no transboundary species, so no share of a range to count."
    order = sorted(
        shared_rows,
        key=lambda row: (-row.share / row.min_share if row.min_share else -row.share, row.sci_name),
    )
    listing = listed(
        f"{row.name_en} {_figure(row.share, row.min_share)} % (needs {row.min_share:g} %)"
        for row in order
    )
    total = f"; together {_figure(site.numbers['share_sum'])} %" if len(shared_rows) > 1 else ""
    return f"of its regional range the site holds: {listing}{total}."


def _nothing_qualifies() -> str:
    return "not assessed: no species qualifies here, so there is nothing to measure."


def _c4(site: Site) -> str:
    rule, numbers = site.profile.C4, site.numbers
    if not numbers["n_qualifying"]:
        return _nothing_qualifies()
    text = (
        f"evenness across states is {_figure(numbers['evenness'], rule.min_evenness)} "
        f"({rule.min_evenness:g} needed), and "
        f"{_figure(numbers['shared_border_km'], rule.min_border_km)} km of shared border run "
        "through qualifying range "
        f"({rule.min_border_km:g} km needed)"
    )
    riverine = [row for row in site.species if row.qualifying and row.sci_name in rule.riverine]
    if riverine:
        text += (
            f"; {_names(riverine)} lives along rivers and has "
            f"{_figure(numbers['riverine_border_km'])} km "
            f"({rule.min_border_km_riverine:g} km needed)"
        )
    return f"{text}."


def _c5(site: Site) -> str:
    rule = site.profile.C5
    if site.corridors is None:
        return "not assessed: no corridor layer was given."
    present = {row.sci_name for row in site.species if row.occurs}
    is_reached = any(row.sci_name in present for row in site.corridors)
    rows = [row for row in site.crossings or () if row.n > 0]
    crossings = [row for row in rows if row.sci_name in present]
    not_counted = _of_absent_species(site, [row for row in rows if row.sci_name not in present])
    if not is_reached and not crossings:
        if not_looked := _not_looked(site, "corridors", "corridors"):
            return not_looked
        return (
            "not assessed: no corridor of a species that occurs here reaches the site, which is a "
            f"gap of the layer and not evidence of no movement{not_counted}."
        )
    grades = " or ".join(rule.counted_grades or ())
    reach = f"{_count(site.numbers['n_corridors'], 'corridor')} with {_figure(site.numbers['corridor_km'])} km in the site"
    if not crossings:
        needed = _count(rule.min_crossings or 0, "crossing")
        return (
            f"{reach}, none of which crosses a border in it; {needed} of grade {grades} "
            f"needed{not_counted}."
        )
    return (
        f"{_count(site.numbers['n_crossings'], 'crossing')} of grade {grades}, "
        f"{rule.min_crossings} needed; {reach}; crossings: "
        f"{_crossings(site, {row.sci_name for row in crossings})}"
        f"{_cited(site, crossings)}{not_counted}."
    )


def _of_absent_species(site: Site, rows: Iterable[Row]) -> str:
    """Crossings that are told and not counted: nobody of the species is here to cross."""
    names = {row.sci_name for row in rows}
    if not names:
        return ""
    return f"; not counted, since the species does not occur here: {_crossings(site, names)}"


def _cited(site: Site, crossings: Iterable[Row]) -> str:
    """The evidence of the crossings that count; where none does, of those there are."""
    crossings = list(crossings)
    grades = site.profile.C5.counted_grades or ()
    counted_rows = [row for row in crossings if row.evidence_grade in grades] or crossings
    sources = {clean_name(getattr(row, "source", "")) for row in counted_rows} - {""}
    return f"; evidence: {listed(sorted(sources), 3)}" if sources else ""


def _c6(site: Site) -> str:
    rule, numbers = site.profile.C6, site.numbers
    if site.barriers is None:
        return "not assessed: no barrier layer was given."
    known_rows = [row for row in site.barriers if not pd.isna(row.permeability)]
    fences = [row for row in known_rows if row.kind in (rule.fences or ())]
    also = _other_barriers(site, known_rows)
    unknown = sorted({str(row.barrier_id) for row in site.barriers if pd.isna(row.permeability)})
    if unknown:
        also += f"; left out, their permeability is not known: {listed(unknown)}"
    if not_looked := _not_looked(site, "barriers", "barriers"):
        return not_looked
    if not numbers["border_km"]:
        return f"not assessed: no shared border runs through the site{also}."
    border = numbers["looked_border_km"]
    if not border:
        return f"not assessed: barriers were not looked for on both sides of its borders{also}."
    fenced, share = numbers["fenced_km"], numbers["barrier_share"]
    where = f"{_figure(border)} km of shared border"
    if border < (1 - 1e-6) * numbers["border_km"]:
        where += f" looked at on both sides, of {_figure(numbers['border_km'])} km in the site"
    text = f"no fence on {where}"
    if fences:
        # fences zigzag, and two may stand side by side: there may be more of them than of border
        of = "of" if fenced <= border else "of fence on"
        text = (
            f"{_figure(fenced)} {of} {where}{' fenced' if of == 'of' else ''}; "
            f"{_figure(share, rule.min_barrier_share)} % closed to large ungulates"
        )
    return f"{text}; {rule.min_barrier_share:g} % closed counts as a need{also}."


def _other_barriers(site: Site, rows: Iterable[Row]) -> str:
    """The density of what is no fence: km per 1000 km², each kilometre less what is permeable."""
    density: defaultdict[str, float] = defaultdict(float)
    looked_km2 = site.numbers["area_km2"] * site.coverage["barriers"]
    for row in rows:
        if row.kind not in (site.profile.C6.fences or ()):
            closed = row.km * (1 - row.permeability)
            density[str(row.kind)] += 1000 * closed / looked_km2 if looked_km2 else 0.0
    listing = ", ".join(f"{kind} {_figure(km)}" for kind, km in sorted(density.items()))
    return f"; per 1000 km², less what is permeable, in km: {listing}" if listing else ""


def _c7(site: Site) -> str:
    rule, numbers = site.profile.C7, site.numbers
    if not site.has_protected:
        return "not assessed: no layer of protected areas was given."
    if not numbers["n_qualifying"]:
        return _nothing_qualifies()
    if not_looked := _not_looked(site, "protected_areas", "protected areas"):
        return not_looked
    share = numbers["protected_share"]
    if share != share:
        return "not assessed: protected areas were not looked for where the qualifying range lies."
    gap = "a gap" if site.met["C7"] is True else "no gap"
    text = (
        f"{_figure(share, rule.gap_below)} % of the qualifying range is protected, {gap} "
        f"(a gap is below {rule.gap_below:g} %){_looked(site, 'protected_areas')}"
    )
    near = sorted(
        (row for row in site.pa_pairs or () if at_most(row.km, rule.pair_km or 0.0)),
        key=lambda row: (row.km, row.pa_a, row.pa_b),
    )
    if len(near) >= (rule.min_pairs or 1):
        listing = listed(
            (
                f"{row.name_a} and {row.name_b} ({site.pair(row.pair)}, {_figure(row.km)} km)"
                for row in near
            ),
            3,
        )
        text += f"; an opportunity: {_count(len(near), 'pair')} of protected areas face each other across a border: {listing}"
    return f"{text}."


def _c8(site: Site) -> str:
    rule, numbers = site.profile.C8, site.numbers
    share, best = numbers["hotspot_share"], numbers["jaccard"]
    if site.hotspots is None:
        return "not assessed: no layer of known hotspots was given."
    if share != share:
        return _not_looked(site, "hotspots", "known hotspots")
    if not site.hotspots:
        return f"no known hotspot overlaps the site{_looked(site, 'hotspots')}."
    listing = listed(
        f"{row.hotspot_id} {row.name_en} ({_figure(100 * row.km2 / numbers['area_km2'])} %)"
        for row in sorted(site.hotspots, key=lambda row: (-row.km2, row.hotspot_id))
    )
    return (
        f"{_figure(share, rule.min_share)} % of the site lies in known hotspots, "
        f"{rule.min_share:g} % needed; Jaccard index at best {_figure(best, rule.min_jaccard)}, or "
        f"{rule.min_jaccard:g} needed: {listing}{_looked(site, 'hotspots')}."
    )


def _c9(site: Site) -> str:
    rule = site.profile.C9
    others = [key for key in _WRITERS if key.startswith("C") and key != "C9"]
    open_ = [key for key in others if pd.isna(site.met[key])]
    mean = site.numbers["range_confidence"]
    if mean != mean:
        return (
            "not assessed: the range of the qualifying species has no graded area here."
            if site.numbers["n_qualifying"]
            else _nothing_qualifies()
        )
    text = (
        f"confidence {_figure(site.met['confidence'], rule.min_confidence)}, "
        f"{rule.min_confidence:g} needed: range parts of the qualifying "
        f"species average {mean:.2f}, and {len(others) - len(open_)} of {len(others)} criteria could be assessed"
    )
    text += f" (not {', '.join(open_)})" if open_ else ""
    return f"{text}{_recorded(site)}."


def _recorded(site: Site) -> str:
    """How often qualifying species were recorded lately, and on which of their sides nobody did."""
    if site.records is None:
        return ""
    years = min(site.profile.C9.record_years.values(), default=10.0)
    parts = []
    for row in site.species:
        if not row.qualifying:
            continue
        recent = [one for one in site.records if one.sci_name == row.sci_name]
        recent = [one for one in recent if 0 <= one.age_years <= years]
        seen = {one.iso2 for one in recent}
        sides = [side.iso2 for side in site.sides.get(row.sci_name, ())]
        bare = [site.state(iso2) for iso2 in sides if iso2 not in seen]
        where = f", none on the side of {listed(bare)}" if seen and bare else ""
        if recent:  # of a species that the files do not speak of, no record is no news
            parts.append(f"{row.name_en} {sum(one.n for one in recent):.0f}{where}")
    listing = "; ".join(parts)
    return f"; records of {years:g} years: {listing}" if listing else ""


def _further(site: Site, name: str) -> str:
    rule, value = site.profile.further[name], site.numbers[name]
    if rule.at_least is None:
        return f"not assessed: the profile leaves further.{name}.at_least open."
    if value != value:
        return f"not assessed: {rule.name_en} could not be measured here."
    return f"{rule.name_en}: {_figure(value)} {rule.unit}".rstrip() + f", {rule.at_least:g} needed."


_WRITERS: Final[Mapping[str, Callable[[Site], str]]] = MappingProxyType(
    {
        "G1": _g1,
        "G2": _g2,
        "C1": _c1,
        "C2": _c2,
        "C3": _c3,
        "C4": _c4,
        "C5": _c5,
        "C6": _c6,
        "C7": _c7,
        "C8": _c8,
        "C9": _c9,
    }
)
