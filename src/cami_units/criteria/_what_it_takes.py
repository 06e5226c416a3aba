"""What would it take: for each gate and criterion that a site misses, the smallest thing that meets it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from cami_units.criteria._findings import verdicts
from cami_units.criteria._measures import Evidence, at_least, counted_states, evidence
from cami_units.model import Profile, SiteTables

COLUMNS: Final = ("site", "criterion", "kind", "sci_name", "iso2", "corridor_id", "missing", "km2")

_MARGIN: Final = 1.001
"""A tenth of a per cent more ground than is missing: outlines are drawn with corners."""


def what_it_takes(
    tables: SiteTables,
    species: pd.DataFrame,
    profile: Profile,
    *,
    adjacent: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The smallest things that would meet what each site misses.

    Parameters
    ----------
    tables, species, profile, adjacent
        As for :func:`cami_units.criteria.assess`.

    Returns
    -------
    DataFrame
        ``site``; ``criterion`` (gates, and criteria that the decision hangs on); ``kind``: "ground"
        (more of it, ``km2``, of the range of ``sci_name``, on the side of ``iso2`` where that is
        said), "grade" (a better grade of evidence for the crossing of ``corridor_id``), "crossing"
        (one more documented crossing) or "layers" (criteria assessed for which a layer lacks);
        ``missing``, in the unit of the criterion. What nothing of that kind can meet has no row.
    """
    seen = evidence(tables, species, profile, adjacent=adjacent)
    met = verdicts(seen.measures, profile)
    asked = ("G1", "G2", *(profile.decision.any_of or ()), *(profile.decision.evidence or ()))
    rows: list[dict[str, Any]] = []
    for finding, rule in _RULES.items():
        if finding in asked:
            for site in met.index[met[finding].eq(False).fillna(False)]:
                rows += [
                    {"site": site, "criterion": finding} | row for row in rule(site, seen, profile)
                ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    place = {site: number for number, site in enumerate(seen.measures.index)}
    order = table["site"].map(place)
    texts = ["sci_name", "iso2", "corridor_id"]
    table[texts] = table[texts].astype(object).where(table[texts].notna(), "").astype(str)
    return (
        table.assign(_order=order)
        .sort_values(["_order", "criterion"], kind="stable")
        .drop(columns="_order")
        .reset_index(drop=True)
    )


def lacking_km2(
    tables: SiteTables, site: str, sci_name: str, states: pd.Series, side_km2: float
) -> pd.Series:
    """What a species lacks in each of these states for its side to count in a site, in km²."""
    sides = tables.species
    sides = sides[(sides["site"] == site) & (sides["sci_name"] == sci_name)]
    there = sides.groupby("iso2")["km2"].sum()
    return _MARGIN * side_km2 - states.map(there).astype(float).fillna(0.0)


def _number(seen: Evidence, site: Any, name: str) -> float:
    """A measure of a site."""
    value: Any = seen.measures.at[site, name]
    return float(value)


def _states(site: Any, seen: Evidence, profile: Profile) -> list[dict[str, Any]]:
    """G1: more ground of the states that are nearest to counting."""
    rule, area = profile.G1, _number(seen, site, "area_km2")
    share = (rule.min_side_share or 0.0) / 100
    rows = seen.tables.states[seen.tables.states["site"] == site]
    counted = counted_states(rows, seen.measures, profile)
    lacking = (rule.min_states or 0) - len(counted)
    others = rows[~rows["iso2"].isin(counted["iso2"])].sort_values("km2", ascending=False)
    found = []
    for row in others.head(lacking).itertuples():
        # the ground that is added counts for the share too: x + km2 = share × (area + x)
        by_share = (share * area - row.km2) / (1 - share)
        km2 = max(by_share, (rule.min_side_km2 or 0.0) - row.km2) * _MARGIN
        found.append({"kind": "ground", "iso2": row.iso2, "missing": 1.0, "km2": km2})
    if len(found) < lacking:
        need = max(share * area / (1 - share), rule.min_side_km2 or 0.0) * _MARGIN
        found += [{"kind": "ground", "missing": 1.0, "km2": need}] * (lacking - len(found))
    return found


def _second_sides(site: Any, seen: Evidence, profile: Profile) -> pd.DataFrame:
    """Species that occur on too few sides, with the ground that their next side lacks."""
    side_km2 = profile.occurrence.side_km2 or 0.0
    here = seen.at_sites[(seen.at_sites["site"] == site) & seen.at_sites["occurs"]]
    here = here[~here["transboundary"] & (here["n_sides"] == (profile.G2.min_sides or 2) - 1)]
    parts = seen.tables.species[seen.tables.species["site"] == site]
    small = parts[~at_least(parts["km2"], side_km2)]
    largest = small.groupby("sci_name")["km2"].max()
    lacks = side_km2 - here["sci_name"].map(largest).astype(float).fillna(0.0)
    lacking: pd.DataFrame = here.assign(km2_lacking=lacks * _MARGIN)
    return lacking.sort_values(["km2_lacking", "sci_name"])


def _sides(site: Any, seen: Evidence, profile: Profile) -> list[dict[str, Any]]:
    """G2: the second side of one species."""
    lacking = (profile.G2.min_species or 1) - (
        _number(seen, site, "n_transboundary") + _number(seen, site, "n_by_crossing")
    )
    rows = _second_sides(site, seen, profile)
    if len(rows) < lacking:
        return []
    # a crossing out of the one side would do as well
    by_crossing = {"kind": "crossing", "missing": lacking, "km2": np.nan}
    return [*(_ground(row, 1.0) for row in rows.head(int(lacking)).itertuples()), by_crossing]


def _species(site: Any, seen: Evidence, profile: Profile) -> list[dict[str, Any]]:
    """C1: the second sides of as many species as are missing."""
    lacking = (profile.C1.min_species or 0) - _number(seen, site, "n_transboundary")
    rows = _second_sides(site, seen, profile).head(int(lacking))
    return [_ground(row, 1.0) for row in rows.itertuples()] if len(rows) >= lacking else []


def _points(site: Any, seen: Evidence, profile: Profile) -> list[dict[str, Any]]:
    """C2: the second sides of the fewest species that bring the points."""
    lacking = (profile.C2.min_weight or 0.0) - _number(seen, site, "threat_weight")
    rows = _second_sides(site, seen, profile).sort_values(
        ["weight", "km2_lacking"], ascending=[False, True]
    )
    reached = rows["weight"].cumsum()
    enough = int((reached < lacking).sum()) + 1
    if not len(rows) or reached.iloc[-1] < lacking:
        return []
    return [_ground(row, lacking) for row in rows.head(enough).itertuples()]


def _shares(site: Any, seen: Evidence, profile: Profile) -> list[dict[str, Any]]:
    """C3: more range of the species that lacks the least ground."""
    here = seen.at_sites[(seen.at_sites["site"] == site) & seen.at_sites["transboundary"]]
    points = here["min_share"] - here["share"]
    km2 = points / 100 * here["range_km2"] * _MARGIN
    rows = here.assign(points=points, km2_lacking=km2).sort_values(["km2_lacking", "sci_name"])
    return [_ground(row, row.points) for row in rows.head(1).itertuples()]


def _ground(row: Any, missing: float) -> dict[str, Any]:
    return {
        "kind": "ground",
        "sci_name": row.sci_name,
        "missing": missing,
        "km2": row.km2_lacking,
    }


def _crossing(site: Any, seen: Evidence, profile: Profile) -> list[dict[str, Any]]:
    """C5: a better grade for the best crossing there is, else one documented crossing."""
    grades = dict(profile.C5.grades or {})
    lacking = (profile.C5.min_crossings or 0) - _number(seen, site, "n_crossings")
    crossings = seen.tables.crossings
    if crossings is not None and lacking <= 1:
        rows = crossings[(crossings["site"] == site) & (crossings["n"] > 0)]
        present = seen.at_sites[(seen.at_sites["site"] == site) & seen.at_sites["occurs"]]
        rows = rows[rows["sci_name"].isin(set(present["sci_name"]))]
        worth = rows["evidence_grade"].map(grades).fillna(0.0)
        best = rows.assign(worth=worth).sort_values(
            ["worth", "corridor_id"], ascending=[False, True]
        )
        for row in best.head(1).itertuples():
            named = {"sci_name": row.sci_name, "corridor_id": row.corridor_id, "iso2": row.pair}
            return [{"kind": "grade", "missing": lacking, "km2": np.nan} | named]
    return [{"kind": "crossing", "missing": lacking, "km2": np.nan}]


def _confidence(site: Any, seen: Evidence, profile: Profile) -> list[dict[str, Any]]:
    """C9: criteria that could be assessed if a layer covered the site."""
    met = verdicts(seen.measures.loc[[site]], profile)
    lacking = (profile.C9.min_confidence or 0.0) - float(met["confidence"].iloc[0])
    mean = _number(seen, site, "range_confidence")
    blank = int(met[[f"C{number}" for number in range(1, 9)]].isna().sum(axis=1).iloc[0])
    needed = int(np.ceil(8 * lacking / mean - 1e-9)) if mean > 0 else blank + 1
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
