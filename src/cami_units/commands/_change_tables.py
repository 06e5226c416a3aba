"""What is told of a merge: changes, conflicts, remarks, problems, pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely

from cami_units import overlap, workshop
from cami_units.commands._assess import Assessed
from cami_units.commands._group_files import PROBLEM_COLUMNS, HandedIn
from cami_units.model import GATES, LONLAT, Round, is_missing
from cami_units.plan import Plan

CHANGE_COLUMNS: Final = (
    *("unit_id", "change", "matched_by", "group", "file", "placemark"),
    *("before_km2", "after_km2", "gained_km2", "lost_km2"),
    *("criteria_gained", "criteria_lost", "states_gained", "states_lost"),
    *("species_gained", "species_lost", "decision", "note"),
)
CONFLICT_COLUMNS: Final = (
    *("unit_id", "groups", "overlap_km2", "default", "resolution", "kind", "what"),
)
REMARK_COLUMNS: Final = ("remark_id", "kind", "group", "unit_id", "text", "file", "placemark")


@dataclass(frozen=True, slots=True)
class Picture:
    """The outlines that a conflict is about: label, and shape in longitude and latitude."""

    unit_id: str
    outlines: tuple[tuple[str, Any], ...]


# -- what is told ---------------------------------------------------------------------------------


def say_sizes(outcome: workshop.Outcome, found: Assessed, plan: Plan, handed: HandedIn) -> None:
    """New and changed units that are larger than the plan has them."""
    area = found.findings.summary.set_index("site")["area_km2"]
    for one in outcome.units:
        if one.site and area[one.site] > plan.units.max_km2:
            what = (
                f"{one.unit_id} has {area[one.site]:,.0f} km²; the plan's largest unit has "
                f"{plan.units.max_km2:,.0f}"
            )
            row = next(row for row in outcome.changes if row["site"] == one.site)
            handed.say(row["file"], "", row["placemark"], what, "kept as drawn: ask the group")


def changes_table(
    base: Round,
    units: gpd.GeoDataFrame,
    outcome: workshop.Outcome,
    outlines: gpd.GeoDataFrame,
    found: Assessed,
) -> pd.DataFrame:
    """The table of changes, with what each did to ground, states, species and criteria."""
    before = _records(base.tables["conservation_units"].drop(columns="geometry"), "unit_id")
    after = _records(found.findings.summary, "site")
    decision = dict(zip(found.decisions["site"], found.decisions["decision"], strict=True))
    held = _met(base.tables["unit_criteria"], "unit_id")
    holds = _met(found.findings.criteria, "site")
    pieces: dict[str, list[str]] = {}
    for one in outcome.units:
        if one.site and one.parent and one.unit_id != one.parent:
            pieces.setdefault(one.parent, []).append(one.site)
    shared = _shared(units, outlines, outcome)
    rows = []
    for change in outcome.changes:
        unit_id, site, kind = change["unit_id"], change["site"], change["change"]
        old = before.get(unit_id)
        row: dict[str, Any] = dict.fromkeys(CHANGE_COLUMNS)
        row |= {key: value for key, value in change.items() if key != "site"}
        row["before_km2"] = old["area_km2"] if old else None
        if old and kind in _STAYS:
            row["after_km2"] = old["area_km2"]
        if kind == "split" and unit_id in pieces:
            row["after_km2"] = sum(after[one]["area_km2"] for one in pieces[unit_id])
        if site:
            now = after[site]
            row |= {"after_km2": now["area_km2"], "decision": decision[site]}
            row |= _gone_and_come("criteria", held.get(unit_id, set()), holds.get(site, set()))
            for what, column in (("states", "countries"), ("species", "species")):
                row |= _gone_and_come(what, _words(old and old[column]), _words(now[column]))
            if old:
                row["gained_km2"] = max(0.0, now["area_km2"] - shared[unit_id, site])
                row["lost_km2"] = max(0.0, old["area_km2"] - shared[unit_id, site])
        rows.append(row)
    table = pd.DataFrame(rows, columns=list(CHANGE_COLUMNS))
    place = {name: number for number, name in enumerate(_CHANGE_ORDER)}
    order = table.assign(change=table["change"].map(place)).sort_values(
        ["unit_id", "group", "file", "change", "placemark", "note"], kind="stable"
    )
    return table.loc[order.index].reset_index(drop=True)


_STAYS: Final = ("kept", "renamed", "commented", "absent")
"""Changes after which a unit has the ground that it had."""


def _records(table: pd.DataFrame, key: str) -> dict[str, dict[str, Any]]:
    rows = [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
    return {str(row[key]): row for row in rows}


def _shared(
    units: gpd.GeoDataFrame, outlines: gpd.GeoDataFrame, outcome: workshop.Outcome
) -> dict[tuple[str, str], float]:
    """The ground that each changed unit shares with what it was, km²."""
    pairs = [
        (str(one["unit_id"]), str(one["site"]))
        for one in outcome.changes
        if one["site"] and one["unit_id"] in set(units["unit_id"])
    ]
    old = units.set_index("unit_id").geometry.reindex([unit for unit, _ in pairs])
    new = outlines.set_index("site").geometry.reindex([site for _, site in pairs])
    return dict(zip(pairs, overlap.shared_km2(old, new), strict=True))


_CHANGE_ORDER: Final = (
    *("kept", "reshaped", "split", "merged", "rejected", "new", "deleted", "absent"),
    *("renamed", "commented", "conflict"),
)


def _met(criteria: pd.DataFrame, key: str) -> dict[str, set[str]]:
    """The gates and criteria that each unit or site meets."""
    held = criteria[criteria["met"].astype("boolean").fillna(False)]
    return {str(one): set(rows["criterion"]) for one, rows in held.groupby(key)}


def _gone_and_come(what: str, old: set[str], new: set[str]) -> dict[str, str]:
    return {
        f"{what}_gained": ";".join(sorted(new - old, key=_place)),
        f"{what}_lost": ";".join(sorted(old - new, key=_place)),
    }


def _place(word: str) -> tuple[bool, str]:
    """Gates before criteria, all else by its letters."""
    return word not in GATES, word


def _words(value: Any) -> set[str]:
    return set() if is_missing(value) else {one for one in str(value).split(";") if one}


def picture(conflict: workshop.Conflict, shapes: Mapping[str, Any]) -> Picture:
    """The outlines of a conflict; those of its units where it names none."""
    places = [
        (label, f"{site}@base" if label == "base" and f"{site}@base" in shapes else site)
        for label, site in conflict.sites
    ]
    drawn = [(label, shapes[site]) for label, site in places if site in shapes]
    if not drawn:
        drawn = [(unit, shapes[unit]) for unit in conflict.unit_id.split(";") if unit in shapes]
    return Picture(conflict.unit_id, tuple(drawn))


def remarks_table(
    handed: HandedIn,
    outcome: workshop.Outcome,
    outlines: gpd.GeoDataFrame,
    table: gpd.GeoDataFrame,
) -> gpd.GeoDataFrame:
    """Pins, lines, comments and conflicts, as a layer to look at."""
    shapes = dict(zip(outlines["site"], outlines["outline"], strict=True))
    shapes |= dict(zip(table["unit_id"], table.geometry, strict=True))
    rows = list(handed.pins)
    for change in outcome.changes:
        if change["change"] == "commented" and change["unit_id"] in shapes:
            point = shapely.point_on_surface(shapes[change["unit_id"]])
            rows.append(
                {key: change[key] for key in ("group", "file", "placemark", "unit_id")}
                | {"kind": "comment", "text": change["note"], "geometry": point}
            )
    for conflict in outcome.conflicts:
        drawn = picture(conflict, shapes).outlines
        if drawn:
            point = shapely.point_on_surface(drawn[-1][1])
            rows.append(
                {
                    "kind": "conflict",
                    "group": conflict.groups,
                    "file": "",
                    "placemark": "",
                    "unit_id": conflict.unit_id,
                    "text": f"{conflict.what}. {conflict.resolution or conflict.default}",
                    "geometry": point,
                }
            )
    shown = table[~table["status"].isin(workshop.HIDDEN)]
    tree = shapely.STRtree(shown.geometry.to_numpy())
    for row in rows:
        if not row["unit_id"]:
            at = tree.query(row["geometry"], predicate="intersects")
            row["unit_id"] = ";".join(sorted(shown["unit_id"].iloc[at]))
    ordered = sorted(
        rows,
        key=lambda row: (
            *(str(row[key]) for key in ("kind", "group", "file", "unit_id", "text", "placemark")),
            shapely.to_wkb(row["geometry"]),
        ),
    )
    numbered = [row | {"remark_id": f"R-{n:03d}"} for n, row in enumerate(ordered, start=1)]
    columns = [*REMARK_COLUMNS, "geometry"]
    return gpd.GeoDataFrame(
        pd.DataFrame(numbered, columns=columns), geometry="geometry", crs=LONLAT
    )


def problems_table(handed: HandedIn) -> pd.DataFrame:
    """Everything that was noticed and assumed, file by file in the order of the lines."""
    table = pd.DataFrame(handed.problems, columns=list(PROBLEM_COLUMNS))
    return table.sort_values(
        ["file", "line", "folder", "placemark", "what"], kind="stable", ignore_index=True
    ).drop_duplicates(ignore_index=True)
