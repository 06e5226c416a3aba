"""Findings: numbers held against the thresholds of a profile, told, and what would meet one that is missed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd

from cami_units.criteria._evidence_facts import facts
from cami_units.criteria._measures import (
    Evidence,
    Row,
    counted_states,
    evidence,
    occurring,
    occurs,
    rows_by_site,
    rows_of,
)
from cami_units.model import (
    CRITERIA,
    GATES,
    Findings,
    Profile,
    SiteTables,
    at_least,
    at_most,
    finding_key,
    notes_as_text,
)

_MEASURES: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "G1": ("n_states", "min_states", "states"),
        "G2": ("n_transboundary", "min_species", "species"),
        "C1": ("n_transboundary", "min_species", "species"),
        "C2": ("threat_weight", "min_weight", "points"),
        "C3": ("top_share", "min_share", "% of regional range"),
        "C4": ("evenness", "min_evenness", "0-1"),
        "C5": ("n_crossings", "min_crossings", "crossings"),
        "C6": ("barrier_share", "min_barrier_share", "% of shared border"),
        "C7": ("protected_share", "gap_below", "% of qualifying range"),
        "C8": ("hotspot_share", "min_share", "% of site"),
        "C9": ("range_confidence", "min_confidence", "0-1"),
    }
)
"""Of each finding the measure that it is about, the number of the profile it is held against, and the unit of both."""
_NOISE_KM2: Final = 0.05
"""An overlap that would be shown as 0.0 km²: edges drawn twice. It is no occurrence of anything."""


def assess(
    tables: SiteTables,
    species: pd.DataFrame,
    profile: Profile,
    *,
    adjacent: pd.DataFrame | None = None,
    border_error_km: float = 0.0,
    site_evidence: Evidence | None = None,
    is_repeated: bool = True,
) -> Findings:
    """Every gate and criterion of every site: met, not met or not assessed, and because of what.

    Parameters
    ----------
    tables : SiteTables
        What was measured on the sites. No table is changed.
    species : DataFrame
        The table ``species`` with the regional range of each as ``range_km2``; see
        :func:`cami_units.criteria.measures`.
    profile : Profile
        The thresholds, weights and grades.
    adjacent : DataFrame, optional
        Overrides of the geography gate: ``site``, ``reason``, ``km`` to the nearest border.
    border_error_km : float
        How far the border layer may be off: told of sides that are no wider.
    site_evidence : Evidence, optional
        What the same tables gave, where it is known.
    is_repeated : bool
        Whether all is found once more without sides that may be an error of the border, where no evidence
        says so itself; else the column ``met_without_strips`` is not there.

    Returns
    -------
    Findings
        Four tables, sites in the order of ``tables.sites``. Numbers are as computed; round them
        where they are written.

    Raises
    ------
    InputError, PlanError
        As :func:`cami_units.criteria.measures`.

    Notes
    -----
    `value` and `threshold` of C3 are those of the species furthest above (or nearest to) its own
    threshold. C7 is met where there is a *gap*: its value lies below its threshold. *Qualifying*
    species are those that occur on both sides; in a site that has none, those that occur on one
    side and have a documented crossing. Where no species qualifies, C4, C7 and C9 are not
    assessed: a mean over nothing is not zero.
    """
    if site_evidence is None:
        site_evidence = evidence(
            tables, species, profile, adjacent=adjacent, is_repeated=is_repeated
        )
    met = verdicts(site_evidence.measures, profile)
    # All of it once more without sides that may be an error of the border: told beside, and never
    # decisive.
    firm = site_evidence.firm
    met_firm = None if firm is None else verdicts(firm, profile)
    species_rows = _site_species(site_evidence, profile)
    return Findings(
        criteria=_criteria(site_evidence, met, met_firm, species_rows, profile, border_error_km),
        species=species_rows,
        countries=_site_countries(site_evidence),
        summary=_summary(site_evidence, met, species_rows, profile),
    )


def measuring_rules(profile: Profile) -> dict[str, Any]:
    """What the numbers of sites hang on in a profile: all of it but the limits that they are held against.

    Of C3 that limit is one of the numbers: it says which species stands for a site.
    """
    limits = {name: {limit} for name, (_, limit, _) in _MEASURES.items() if name != "C3"}
    of_verdicts = dict.fromkeys(("decision", "score", "cells"), True)
    rules: dict[str, Any] = profile.model_dump(mode="json", exclude={**limits, **of_verdicts})
    return rules


def summary(site_evidence: Evidence, profile: Profile) -> pd.DataFrame:
    """The summary of :func:`assess` alone: one row a site, and nothing of what each finding rests on."""
    met = verdicts(site_evidence.measures, profile)
    return _summary(site_evidence, met, _site_species(site_evidence, profile), profile)


def _criteria(
    site_evidence: Evidence,
    met: pd.DataFrame,
    met_firm: pd.DataFrame | None,
    species: pd.DataFrame,
    profile: Profile,
    border_error_km: float,
) -> pd.DataFrame:
    """One row for every gate and criterion of every site."""
    m = site_evidence.measures
    further = profile.further
    values: dict[str, Any] = {name: m[measure] for name, (measure, *_) in _MEASURES.items()}
    values |= {"G2": m["n_transboundary"] + m["n_by_crossing"], "C9": met["confidence"]}
    values |= {name: m[name] for name in further}
    thresholds: dict[str, Any] = {
        name: getattr(getattr(profile, name), number) for name, (_, number, _) in _MEASURES.items()
    }
    # of C3 that of the species which is nearest to its own
    thresholds |= {"C3": m["top_threshold"], **{name: further[name].at_least for name in further}}
    units = {name: unit for name, (*_, unit) in _MEASURES.items()}
    units |= {name: further[name].unit for name in further}
    possible = species[species["role"] == "supporting"]
    clauses = facts(site_evidence, met, possible, profile, border_error_km)
    parts = [
        pd.DataFrame(
            {
                "site": m.index,
                "criterion": finding,
                "met": met[finding].array,
                "value": values[finding].to_numpy(dtype=float),
                "unit": units[finding],
                "threshold": np.broadcast_to(np.asarray(thresholds[finding], dtype=float), len(m)),
                "facts": [notes_as_text(clauses[site, finding]) for site in m.index],
                **({} if met_firm is None else {"met_without_strips": met_firm[finding].array}),
            }
        )
        for finding in profile.findings
    ]
    table = pd.concat(parts, ignore_index=True)
    # Built finding by finding, told site by site: one reshape instead of a sort by two keys.
    in_site_order = np.arange(len(table)).reshape(len(profile.findings), -1).T.ravel()
    return table.iloc[in_site_order].reset_index(drop=True)


def _site_species(site_evidence: Evidence, profile: Profile) -> pd.DataFrame:
    """Each species of each site with its role: qualifying, occurs, supporting or marginal."""
    at_sites = site_evidence.at_sites
    role = np.select(
        [at_sites["qualifying"], at_sites["occurs"]], ["qualifying", "occurs"], default="marginal"
    )
    species_rows = pd.DataFrame(
        {
            "site": at_sites["site"],
            "sci_name": at_sites["sci_name"],
            "role": role,
            "overlap_km2": at_sites["km2"],
            "range_share": at_sites["share"],
            "sides": at_sites["sides"],
        }
    )
    # Told for what it is and counted nowhere: the species may live there.
    possible = _supporting(site_evidence, profile)
    firm = species_rows.loc[species_rows["role"] != "marginal", ["site", "sci_name"]]
    # A species stands in a site once: what is there for certain is not also perhaps there.
    possible = possible[~_pairs(possible).isin(_pairs(firm))]
    species_rows = species_rows[
        # Below the noise an overlap is two edges drawn twice, and no occurrence even at the margin.
        ~_pairs(species_rows).isin(_pairs(possible)) & (species_rows["overlap_km2"] >= _NOISE_KM2)
    ]
    return _in_site_order(
        pd.concat([species_rows, possible]) if len(possible) else species_rows,
        "sci_name",
        site_evidence,
    )


def _supporting(site_evidence: Evidence, profile: Profile) -> pd.DataFrame:
    """Species possibly extant over enough of a site; no share: it is no part of the kept range."""
    summed = (
        site_evidence.tables.supporting.groupby(["site", "sci_name"])[["km2"]].sum().reset_index()
    )
    area = summed["site"].map(site_evidence.measures["area_km2"]).astype(float)
    # A range that is only possible has no regional total: the share of it is unknown, never met.
    no_share = pd.Series(np.nan, index=summed.index)
    enough = summed[occurs(summed["km2"], area, no_share, profile)]
    return pd.DataFrame(
        {
            "site": enough["site"],
            "sci_name": enough["sci_name"],
            "role": "supporting",
            "overlap_km2": enough["km2"],
            "range_share": np.nan,
            "sides": "",
        }
    )


def _pairs(table: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(table[["site", "sci_name"]])


def _site_countries(site_evidence: Evidence) -> pd.DataFrame:
    """The ground of each state in each site; what rounds to nothing is left out."""
    summed = site_evidence.tables.states.groupby(["site", "iso2"])[["km2"]].sum().reset_index()
    area = summed["site"].map(site_evidence.measures["area_km2"]).astype(float)
    table = summed.rename(columns={"km2": "area_km2"}).assign(share=100 * summed["km2"] / area)
    return _in_site_order(table[table["area_km2"] >= _NOISE_KM2], "iso2", site_evidence)


def _in_site_order(table: pd.DataFrame, then: str, site_evidence: Evidence) -> pd.DataFrame:
    """Rows in the order of the sites as they came, then by another column."""
    position = pd.Series(np.arange(len(site_evidence.measures)), index=site_evidence.measures.index)
    order = table.assign(_position=table["site"].map(position)).sort_values(["_position", then])
    return order.drop(columns="_position").reset_index(drop=True)


def _summary(
    site_evidence: Evidence, met: pd.DataFrame, species: pd.DataFrame, profile: Profile
) -> pd.DataFrame:
    """One row a site: where it is, what lives there, by what it counts, and the numbers."""
    m = site_evidence.measures
    states = counted_states(site_evidence.tables.states, m, profile).sort_values(["site", "iso2"])
    criteria = [finding for finding in profile.findings if finding.startswith("C")]
    # The order of the columns is the order in which people read a unit: where, what, by what.
    named = {
        "countries": _joined(states, "iso2", m.index),
        "n_countries": m["n_states"].astype(int),
        "disputed": m["n_states"] != m["n_states_undisputed"],
        "species": _joined(species[species["role"] == "qualifying"], "sci_name", m.index),
        "n_species": m["n_qualifying"].astype(int),
        "species_supporting": _joined(
            species[species["role"] == "supporting"], "sci_name", m.index
        ),
        "criteria_met": [
            ";".join(name for name, verdict in zip(criteria, row, strict=True) if verdict is True)
            for row in met[criteria].astype(object).itertuples(index=False, name=None)
        ],
        "confidence": met["confidence"],
    }
    front = pd.DataFrame(named, index=m.index)
    rest = m.drop(columns="area_km2")
    return pd.concat([m[["area_km2"]], front, rest], axis=1).reset_index()


def _joined(table: pd.DataFrame, column: str, sites: pd.Index[Any]) -> pd.Series[str]:
    """The words of each site, ";" between them; empty where it has none."""
    words = table.groupby("site")[column].agg(";".join) if len(table) else pd.Series(dtype=str)
    return words.reindex(sites, fill_value="").astype(str)


# -- verdicts ---------------------------------------------------------------------------------------

_WEIGHED = CRITERIA[:-1]
"""The criteria whose being assessed or not weighs on the confidence, C9."""


def verdicts(measures: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Whether each site meets each gate and criterion.

    Parameters
    ----------
    measures : DataFrame
        As :func:`cami_units.criteria.measures` gives it: one row a site.
    profile : Profile
        The thresholds.

    Returns
    -------
    DataFrame
        The index of `measures`; the columns G1, G2, C1 … C9, and the further criteria of the
        profile, as nullable booleans, where ``<NA>`` is *not assessed*; and ``confidence``:
        ``range_confidence`` times the share of C1–C8 that could be assessed, 0–1.

    Notes
    -----
    *And* and *or* are Kleene's: true or unknown is true, false or unknown is unknown. A criterion
    whose table in the profile has a number left open is not assessed anywhere.
    """
    m = measures
    met = pd.DataFrame(index=m.index)
    met["G1"] = _geography(m, profile)
    met["G2"] = reaches(m["n_transboundary"] + m["n_by_crossing"], profile.G2.min_species)
    met["C1"] = reaches(m["n_transboundary"], profile.C1.min_species)
    met["C3"] = reaches(m["top_ratio"], 1.0)
    met["C4"] = _responsibility(m, profile)
    met["C5"] = reaches(m["n_crossings"], profile.C5.min_crossings)
    # After C3 and C5: one severe species meets C2 together with one of those.
    met["C2"] = _threat(m, met, profile)
    met["C6"] = reaches(m["barrier_share"], profile.C6.min_barrier_share)
    # The one criterion that is met from below: a gap in protection is what it looks for.
    met["C7"] = ~reaches(m["protected_share"], profile.C7.gap_below)
    met["C8"] = _concordance(m, profile)
    # Numbers that the profile leaves open make *not assessed*, before anything counts what was
    # assessed.
    met = met.mask(_still_open(met, profile))
    assessed = met[list(_WEIGHED)].notna().sum(axis=1) / len(_WEIGHED)
    met["confidence"] = m["range_confidence"] * assessed
    # Last of the nine: it asks how many of the others could be assessed.
    met["C9"] = reaches(met["confidence"], profile.C9.min_confidence)
    for name, rule in profile.further.items():
        met[name] = reaches(m[name], rule.at_least)
    return met[[*profile.findings, "confidence"]]


def _still_open(met: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Which findings the profile leaves open: the same for every site."""
    blank = {name: bool(profile.open_numbers(name)) for name in met.columns}
    return pd.DataFrame(blank, index=met.index)


def reaches(values: pd.Series[float], threshold: float | None) -> pd.Series[bool]:
    """Whether values reach a threshold; unknown where either is not there."""
    if threshold is None:
        return pd.Series(pd.NA, index=values.index, dtype="boolean")
    reached: pd.Series[bool] = at_least(values, threshold)
    return reached.astype("boolean").mask(values.isna())


def _geography(m: pd.DataFrame, profile: Profile) -> pd.Series[bool]:
    """G1: enough states, or one state near a border where an override lets it in."""
    rule = profile.G1
    near = np.nan if rule.adjacent_km is None else rule.adjacent_km
    let_in: pd.Series[bool] = (m["n_states"] == 1) & at_most(m["adjacent_km"], near)
    met: pd.Series[bool] = reaches(m["n_states"], rule.min_states) | let_in.astype("boolean")
    return met


def _threat(m: pd.DataFrame, met: pd.DataFrame, profile: Profile) -> pd.Series[bool]:
    """C2: enough points, or a severely threatened species together with another criterion."""
    rule = profile.C2
    with_other = pd.Series(False, index=m.index, dtype="boolean")
    for other in rule.or_categories_with:
        with_other = with_other | met[other]
    enough = reaches(m["threat_weight"], rule.min_weight)
    return enough | (m["has_severe"].astype("boolean") & with_other)


def _responsibility(m: pd.DataFrame, profile: Profile) -> pd.Series[bool]:
    """C4: even enough, along enough border; species of rivers have a limit of their own."""
    rule = profile.C4
    long = reaches(m["shared_border_km"], rule.min_border_km)
    if rule.riverine:
        long = long | reaches(m["riverine_border_km"], rule.min_border_km_riverine)
    return (reaches(m["evenness"], rule.min_evenness) & long).mask(m["evenness"].isna())


def _concordance(m: pd.DataFrame, profile: Profile) -> pd.Series[bool]:
    """C8: enough of the site in hotspots, or one hotspot that is much like it."""
    share = reaches(m["hotspot_share"], profile.C8.min_share)
    return share | reaches(m["jaccard"], profile.C8.min_jaccard)


# -- what would it take: the smallest thing that meets what a site misses -------------------------

COLUMNS: Final = ("site", "criterion", "kind", "sci_name", "iso2", "corridor_id", "missing", "km2")

_MARGIN: Final = 1.001
"""A tenth of a per cent more ground than is missing: outlines are drawn with corners."""


def what_it_takes(
    tables: SiteTables,
    species: pd.DataFrame,
    profile: Profile,
    *,
    adjacent: pd.DataFrame | None = None,
    site_evidence: Evidence | None = None,
    max_km2: float = np.inf,
) -> pd.DataFrame:
    """The smallest things that would meet what each site misses.

    Parameters
    ----------
    tables, species, profile, adjacent, site_evidence
        As for :func:`cami_units.criteria.assess`.
    max_km2 : float
        How large a unit may be, km². Ground that would make a site larger is no advice; where a gate
        wants such ground, nothing else helps, and the site has no row.

    Returns
    -------
    DataFrame
        ``site``; ``criterion`` (gates, and criteria that the decision hangs on); ``kind``: "ground"
        (more of it, ``km2``, of the range of ``sci_name``, on the side of ``iso2`` where that is
        said), "grade" (a better grade of evidence for the crossing of ``corridor_id``), "crossing"
        (one more documented crossing) or "layers" (criteria assessed for which a layer lacks);
        ``missing``, in the unit of the criterion. What nothing of that kind can meet has no row.
    """
    site_facts = site_evidence or evidence(tables, species, profile, adjacent=adjacent)
    met = verdicts(site_facts.measures, profile)
    asked_findings = (
        "G1",
        "G2",
        *(profile.decision.any_of or ()),
        *(profile.decision.evidence or ()),
    )
    rows: list[dict[str, Any]] = []
    sites = _sites(site_facts, met, profile)
    shut_sites = set()
    for finding, rule in _RULES.items():
        if finding in asked_findings:
            for name in met.index[met[finding].eq(False).fillna(False)]:
                site = sites(name)
                needed = rule(site, profile)
                small_enough = _within(needed, max_km2 - site.number("area_km2"))
                rows += [{"site": name, "criterion": finding} | row for row in small_enough]
                if finding in GATES and needed and not small_enough:
                    shut_sites.add(name)
    rows = [row for row in rows if row["site"] not in shut_sites]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    place = {site: number for number, site in enumerate(site_facts.measures.index)}
    order = table["site"].map(place)
    texts = ["sci_name", "iso2", "corridor_id"]
    table[texts] = table[texts].astype(object).where(table[texts].notna(), "").astype(str)
    return (
        table.assign(_order=order, _finding=table["criterion"].map(finding_key))
        .sort_values(["_order", "_finding"], kind="stable")
        .drop(columns=["_order", "_finding"])
        .reset_index(drop=True)
    )


def _within(needed: list[dict[str, Any]], most_km2: float) -> list[dict[str, Any]]:
    """What is needed, without its ground where all of that together is more than may be added."""
    ground = [row for row in needed if row["kind"] == "ground"]
    if sum(row["km2"] for row in ground) <= most_km2:
        return needed
    return [row for row in needed if row["kind"] != "ground"]


def lacking_km2(
    tables: SiteTables, side_km2: float
) -> Callable[[Any, str, Iterable[str]], list[float]]:
    """What gives the km² that a species lacks in each of some states for its side to count in a site."""
    sums = tables.species.groupby(["site", "sci_name", "iso2"])["km2"].sum()
    present_km2 = dict(zip(sums.index.tolist(), sums.tolist(), strict=True))

    def lacking(site: Any, sci_name: str, states: Iterable[str]) -> list[float]:
        return [
            _MARGIN * side_km2 - present_km2.get((site, sci_name, iso2), 0.0) for iso2 in states
        ]

    return lacking


@dataclass(frozen=True, slots=True)
class _Site:
    """What the rules look at in one site: its numbers, and its rows in the order that each wants."""

    numbers: Mapping[Any, Any]
    met: Mapping[Any, Any]
    states: tuple[Row, ...]
    counted: frozenset[str]
    second_sides: tuple[Row, ...]
    shares: tuple[Row, ...]
    crossings: tuple[Row, ...] | None

    def number(self, name: str) -> float:
        """A measure of the site."""
        return float(self.numbers[name])


def _sites(site_facts: Evidence, met: pd.DataFrame, profile: Profile) -> Callable[[Any], _Site]:
    """What gives a site by its name. Tables are reckoned and dealt out once, not once a site."""
    tables = site_facts.tables
    # The largest part first: it lacks least to count.
    states = rows_by_site(tables.states.sort_values("km2", ascending=False, kind="stable"))
    counted_rows = rows_by_site(counted_states(tables.states, site_facts.measures, profile))
    second_sides = rows_by_site(_second_sides(site_facts, profile))
    shares = rows_by_site(_lacking_shares(site_facts))
    crossings = (
        None if tables.crossings is None else rows_by_site(_best_crossings(site_facts, profile))
    )
    numbers = site_facts.measures.to_dict("index")
    verdict = met.astype(object).to_dict("index")

    def site(name: Any) -> _Site:
        return _Site(
            numbers=numbers[name],
            met=verdict[name],
            states=rows_of(states, name) or (),
            counted=frozenset(row.iso2 for row in rows_of(counted_rows, name) or ()),
            second_sides=rows_of(second_sides, name) or (),
            shares=rows_of(shares, name) or (),
            crossings=rows_of(crossings, name),
        )

    return site


def _second_sides(site_facts: Evidence, profile: Profile) -> pd.DataFrame:
    """Species that occur on too few sides, with the ground that their next side lacks, least first."""
    side_km2 = profile.occurrence.side_km2 or 0.0
    one_sided = site_facts.at_sites[
        site_facts.at_sites["occurs"] & ~site_facts.at_sites["transboundary"]
    ]
    # One side short: what lacks two sides is not the smallest thing to ask for.
    one_sided = one_sided[one_sided["n_sides"] == (profile.G2.min_sides or 2) - 1]
    parts, key = site_facts.tables.species, ["site", "sci_name"]
    largest = parts[~at_least(parts["km2"], side_km2)].groupby(key)["km2"].max()
    largest_km2 = largest.reindex(pd.MultiIndex.from_frame(one_sided[key])).fillna(0.0).array
    lacking_sides = one_sided.assign(km2_lacking=(side_km2 - largest_km2) * _MARGIN)
    return lacking_sides.sort_values(["km2_lacking", "sci_name"])


def _lacking_shares(site_facts: Evidence) -> pd.DataFrame:
    """Species on both sides, with the range that each lacks of its own limit, the least first."""
    on_both_sides = site_facts.at_sites[site_facts.at_sites["transboundary"]]
    points = on_both_sides["min_share"] - on_both_sides["share"]
    km2 = points / 100 * on_both_sides["range_km2"] * _MARGIN
    return on_both_sides.assign(points=points, km2_lacking=km2).sort_values(
        ["km2_lacking", "sci_name"]
    )


def _best_crossings(site_facts: Evidence, profile: Profile) -> pd.DataFrame:
    """Crossings of species that occur, those of the best grade first."""
    crossings = site_facts.tables.crossings
    assert crossings is not None
    rows = crossings[(crossings["n"] > 0) & occurring(crossings, site_facts.at_sites)]
    worth = rows["evidence_grade"].map(dict(profile.C5.grades or {})).fillna(0.0)
    return rows.assign(worth=worth).sort_values(["worth", "corridor_id"], ascending=[False, True])


def _states(site: _Site, profile: Profile) -> list[dict[str, Any]]:
    """G1: more ground of the states that are nearest to counting."""
    rule, area = profile.G1, site.number("area_km2")
    share = (rule.min_side_share or 0.0) / 100
    n_lacking = (rule.min_states or 0) - len(site.counted)
    others = [row for row in site.states if row.iso2 not in site.counted]
    steps = []
    for row in others[:n_lacking]:
        # the ground that is added counts for the share too: x + km2 = share × (area + x)
        by_share = (share * area - row.km2) / (1 - share)
        km2 = max(by_share, (rule.min_side_km2 or 0.0) - row.km2) * _MARGIN
        steps.append({"kind": "ground", "iso2": row.iso2, "missing": 1.0, "km2": km2})
    if len(steps) < n_lacking:
        need = max(share * area / (1 - share), rule.min_side_km2 or 0.0) * _MARGIN
        steps += [{"kind": "ground", "missing": 1.0, "km2": need}] * (n_lacking - len(steps))
    return steps


def _sides(site: _Site, profile: Profile) -> list[dict[str, Any]]:
    """G2: the second side of one species."""
    n_lacking = (profile.G2.min_species or 1) - (
        site.number("n_transboundary") + site.number("n_by_crossing")
    )
    rows = site.second_sides
    if len(rows) < n_lacking:
        return []
    # a crossing out of the one side would do as well
    by_crossing = {"kind": "crossing", "missing": n_lacking, "km2": np.nan}
    return [*(_ground(row, 1.0) for row in rows[: int(n_lacking)]), by_crossing]


def _species(site: _Site, profile: Profile) -> list[dict[str, Any]]:
    """C1: the second sides of as many species as are missing."""
    n_lacking = (profile.C1.min_species or 0) - site.number("n_transboundary")
    rows = site.second_sides[: int(n_lacking)]
    return [_ground(row, 1.0) for row in rows] if len(rows) >= n_lacking else []


def _points(site: _Site, profile: Profile) -> list[dict[str, Any]]:
    """C2: the second sides of the fewest species that bring the points."""
    lacking_weight = (profile.C2.min_weight or 0.0) - site.number("threat_weight")
    # Those of unknown weight last: they bring nothing that can be counted.
    rows = sorted(
        site.second_sides, key=lambda row: (np.isnan(row.weight), -row.weight, row.km2_lacking)
    )
    reached = np.cumsum([row.weight for row in rows])
    enough = int((reached < lacking_weight).sum()) + 1
    if not rows or reached[-1] < lacking_weight:
        return []
    return [_ground(row, lacking_weight) for row in rows[:enough]]


def _shares(site: _Site, profile: Profile) -> list[dict[str, Any]]:
    """C3: more range of the species that lacks the least ground."""
    return [_ground(row, row.points) for row in site.shares[:1]]


def _ground(row: Any, missing: float) -> dict[str, Any]:
    """What is asked for: so much ground of the range of a species."""
    return {"kind": "ground", "sci_name": row.sci_name, "missing": missing, "km2": row.km2_lacking}


def _crossing(site: _Site, profile: Profile) -> list[dict[str, Any]]:
    """C5: a better grade for the best crossing there is, else one documented crossing."""
    n_lacking = (profile.C5.min_crossings or 0) - site.number("n_crossings")
    # A grade makes one crossing count; where two are missing, only more of them help.
    if site.crossings and n_lacking <= 1:
        best = site.crossings[0]
        named = {"sci_name": best.sci_name, "corridor_id": best.corridor_id, "iso2": best.pair}
        return [{"kind": "grade", "missing": n_lacking, "km2": np.nan} | named]
    return [{"kind": "crossing", "missing": n_lacking, "km2": np.nan}]


def _confidence(site: _Site, profile: Profile) -> list[dict[str, Any]]:
    """C9: criteria that could be assessed if a layer covered the site."""
    lacking_confidence = (profile.C9.min_confidence or 0.0) - float(site.met["confidence"])
    mean = site.number("range_confidence")
    blank = sum(pd.isna(site.met[f"C{number}"]) for number in range(1, 9))
    # Confidence is the mean times the share of the eight that were assessed: solved for that share.
    needed = int(np.ceil(8 * lacking_confidence / mean - 1e-9)) if mean > 0 else blank + 1
    return [{"kind": "layers", "missing": float(needed), "km2": np.nan}] if needed <= blank else []


_RULES: Final = {
    "G1": _states,
    "G2": _sides,
    "C1": _species,
    "C2": _points,
    "C3": _shares,
    "C5": _crossing,
    "C9": _confidence,
}
