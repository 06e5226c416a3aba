"""What would it take: for each gate and criterion that a site misses, the smallest thing that meets it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from cami_units.criteria._findings import verdicts
from cami_units.criteria._measures import (
    Evidence,
    Row,
    counted_states,
    evidence,
    occurring,
    rows_by_site,
    rows_of,
)
from cami_units.model import GATES, Profile, SiteTables, at_least, finding_key

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
