"""Findings: numbers held against the thresholds of a profile (met, not met, not assessed), and told."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd

from cami_units.criteria._evidence_facts import facts
from cami_units.criteria._measures import Evidence, counted_states, evidence, firm_measures, occurs
from cami_units.model import (
    CRITERIA,
    Findings,
    Profile,
    SiteTables,
    at_least,
    at_most,
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
        Whether all is found once more without sides that may be an error of the border; else the column
        ``met_without_strips`` is not there.

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
        site_evidence = evidence(tables, species, profile, adjacent=adjacent)
    met = verdicts(site_evidence.measures, profile)
    # All of it once more without sides that may be an error of the border: told beside, and never
    # decisive.
    firm = firm_measures(site_evidence, profile) if is_repeated else None
    met_firm = None if firm is None else verdicts(firm, profile)
    species_rows = _site_species(site_evidence, profile)
    return Findings(
        criteria=_criteria(site_evidence, met, met_firm, species_rows, profile, border_error_km),
        species=species_rows,
        countries=_site_countries(site_evidence),
        summary=_summary(site_evidence, met, species_rows, profile),
    )


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
        profile, as nullable booleans, where ``<NA>`` is *not assessed*; and ``confidence``: ``range_confidence`` times the share of C1–C8 that
        could be assessed, 0–1.

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
