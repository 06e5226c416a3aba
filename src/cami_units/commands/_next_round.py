"""The tables of the next round: rows of the base where nothing changed, new ones where it did."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units import __version__, delineate, grid, kml, layers, rank, words, workshop
from cami_units.cache import Cache
from cami_units.commands._change_tables import MeasuredMerge, decided_ids, listed_words
from cami_units.commands._round_tables import (
    STABILITY_TABLES,
    SUMMARY,
    by_unit,
    likeness,
    rationale,
    rationale_facts,
    unit_records,
    with_unit,
)
from cami_units.commands.assess import assess_sites, cut, measure, what_it_takes
from cami_units.commands.group_reading import GroupFiles
from cami_units.commands.round_files import next_number, reopened
from cami_units.commands.shown_round import FENCE_TABLES, cache_of_layers, kept_beside
from cami_units.model import (
    BEFORE,
    DIGITS,
    HIDDEN_STATUSES,
    LONLAT,
    NOT_PROPOSED,
    Layers,
    Note,
    Round,
    SiteTables,
    clean_name,
    is_missing,
    notes_as_text,
    notes_from_text,
    outline_groups,
    records,
)
from cami_units.overlap import Pieces
from cami_units.plan import Plan
from cami_units.words.finding_sentences import EVIDENCE_OF, facts_that_stand
from cami_units.words.unit_card import OPEN_QUESTIONS

SUCCESSION: Final = ("merged_into", "split_from")
"""Columns of units that say what became of another unit; only in rounds in which one did."""
NOT_COMPUTED: Final = "not computed"
STABILITY_OF_UNITS: Final = STABILITY_TABLES[:5]
"""What `sensitivity` says of one unit by itself."""


def base_units(
    base: Round, plan: Plan, former: Mapping[str, Mapping[str, Sequence[str]]] | None = None
) -> gpd.GeoDataFrame:
    """The units that were handed out, equal-area, with ``outline`` and ``rev``; `former` as :func:`former_versions`."""
    units = gpd.GeoDataFrame(base.tables["conservation_units"])
    flat = layers.to_equal_area(units, plan.study.crs).assign(outline=units.geometry)
    if "rev" not in flat:
        flat["rev"] = base.imprint.number
    former = former_versions(base) if former is None else former
    flat["former_hashes"] = [frozenset(former[unit_id]["hashes"]) for unit_id in flat["unit_id"]]
    flat["former_names"] = [tuple(former[unit_id]["names"]) for unit_id in flat["unit_id"]]
    if "earlier_units" in base.tables:
        first = earlier_units(base).astype({"round": int}).groupby("unit_id")["round"].min()
        flat["first_round"] = flat["unit_id"].map(first).map("{:02d}".format)
    since = _hidden_since(base)
    flat["hidden_since"] = [since.get(str(unit_id), "") for unit_id in flat["unit_id"]]
    return flat.sort_values("unit_id").reset_index(drop=True)


def _hidden_since(base: Round) -> dict[str, str]:
    """The round from which on each hidden unit of a round is hidden."""
    since: dict[str, str] = {}
    columns = earlier_units(base)[["round", "unit_id", "status"]].astype(str)
    for number, unit_id, status in sorted(columns.itertuples(index=False, name=None)):
        if status not in HIDDEN_STATUSES:
            since.pop(unit_id, None)
        else:
            since.setdefault(unit_id, number)
    return since


def measured_merge(
    base: Round,
    plan: Plan,
    pieces: Pieces,
    units: gpd.GeoDataFrame,
    merge: workshop.Merge,
    outlines: gpd.GeoDataFrame,
    cache: Cache,
) -> MeasuredMerge:
    """A merge with every drawn outline on all gates and criteria; measured once, where a cache is lent."""
    sites = outlines[outlines["drawn"]]
    tables = measure(sites, pieces, site="site", cache=cache)
    known_as = None
    if pieces.layers.overrides is not None:
        known_as = _names_of_sites(sites["site"], merge, units, tables, pieces)
    assessed = assess_sites(
        sites, pieces, plan, site="site", cache=cache, tables=tables, known_as=known_as
    )
    return MeasuredMerge(base, plan, pieces, units, merge, outlines, assessed, cache)


def _names_of_sites(
    sites: Iterable[str],
    merge: workshop.Merge,
    units: gpd.GeoDataFrame,
    tables: SiteTables,
    pieces: Pieces,
) -> dict[str, list[str]]:
    """By what overrides may name each outline: its unit, and the hotspots that lie under it now."""
    base_ids = set(units["unit_id"])
    of_site = {unit.site: unit for unit in merge.units if unit.site}
    for site in sites:
        if site not in of_site:  # a version that was not taken
            unit_id = str(site).partition("@")[0]
            parent = unit_id if unit_id in base_ids else ""
            of_site[site] = workshop.NextUnit(unit_id, site, parent)
    drawn_units = list(of_site.values())
    ids = _hotspots_of_drawn(units, drawn_units, tables, pieces)
    return {
        unit.site: [unit.parent or unit.unit_id, *sorted(listed_words(cell))]
        for unit, cell in zip(drawn_units, ids, strict=True)
    }


def units_table(measured: MeasuredMerge) -> gpd.GeoDataFrame:
    """`conservation_units` of the next round: rows of the base, and new ones where ground changed."""
    base = measured.base
    columns = [str(column) for column in base.tables["conservation_units"].columns]
    # rows as mappings: a row taken out of a table costs a millisecond
    before = {str(row["unit_id"]): row for row in records(base.tables["conservation_units"])}
    new_rows = _measured_rows(measured)
    rows = [
        _unit_row(unit, base, before, new_rows, is_asked=OPEN_QUESTIONS in columns)
        for unit in measured.merge.units
    ]
    columns += [] if "rev" in columns else ["rev"]
    columns += [name for name in SUCCESSION if name not in columns and any(name in r for r in rows)]
    table = gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry="geometry", crs=LONLAT)
    for name in SUCCESSION:
        if name in table:
            table[name] = table[name].fillna("")
    table = _with_names(table, measured.pieces.layers, measured.plan)
    # hidden units keep their row and score, but must not take a rank from those that are shown
    out = table["status"].isin(HIDDEN_STATUSES)
    undecided = table["unit_id"].map(_unranked(measured)).astype(bool)
    table["rank"] = rank.ranks(table["score"].astype(float).where(~out & ~undecided))
    table["rank_label"] = rank.rank_labels(table["rank"])
    return table


def _unit_row(
    unit: workshop.NextUnit, base: Round, before: Rows, new_rows: Rows, *, is_asked: bool
) -> dict[str, Any]:
    """A unit of the next round: measured anew where its ground changed, else its row of the base."""
    was = before.get(unit.unit_id, {})
    if unit.site:
        row = dict(new_rows[unit.unit_id])
        # What was computed or decided was said of another outline.
        row |= {"rev": next_number(base), "stability": NOT_COMPUTED}
        if is_asked:  # one more outline answers no question, nor do two of a split
            row[OPEN_QUESTIONS] = before.get(unit.parent, {}).get(OPEN_QUESTIONS, "")
    else:
        row = dict(before[unit.unit_id])
        # rounds before revisions were counted have none: the outline is as old as the round
        row["rev"] = row.get("rev") or base.imprint.number
    decision = clean_name(was.get("decision"))
    # what was parked waits, whatever groups draw meanwhile, unless they take it out
    parked = decision == "park" and unit.status not in HIDDEN_STATUSES
    if not parked and (unit.site or unit.status != was["status"]):
        decision = ""
    row |= {"status": unit.status, "unit_id": unit.unit_id, "decision": decision}
    row |= {key: getattr(unit, key) for key in ("name_en", "name_ru") if getattr(unit, key)}
    if unit.reason:
        row["rationale"] = f"{words.said(unit.reason)} {row['rationale']}"
    if unit.into:
        row["merged_into"] = unit.into
    if unit.parent and unit.parent != unit.unit_id:
        row["split_from"] = unit.parent
    return row


def _measured_rows(measured: MeasuredMerge) -> Rows:
    """Rows of `conservation_units` for the units whose ground was drawn, by unit."""
    plan, pieces, outlines = measured.plan, measured.pieces, measured.outlines
    assessed, drawn_units = measured.assessed, measured.redrawn
    if not drawn_units:
        return {}
    sites = [unit.site for unit in drawn_units]
    shapes = outlines.set_index("site").loc[sites]
    summary = assessed.findings.summary.set_index("site").loc[sites]
    ranked = rank.rank_units(assessed.findings, assessed.decisions, plan.profile).set_index("site")
    ids = _hotspots_of_drawn(measured.units, drawn_units, assessed.tables, pieces)
    own_ground = gpd.GeoDataFrame(
        {"unit_id": [unit.unit_id for unit in drawn_units], "hotspot_ids": ids},
        geometry=list(shapes.geometry),
        crs=outlines.crs,
    )
    columns: dict[str, Any] = {
        "name_en": "",
        "name_ru": "",
        "origin": delineate.origins(own_ground["hotspot_ids"], likeness(own_ground, pieces)).array,
        "hotspot_ids": ids,
        **{column: ranked.loc[sites, column].array for column in ("tier", "score")},
        **{column: summary[column].array for column in SUMMARY},
        "rationale": rationale(assessed, pd.Series(sites, dtype=str), plan.profile),
        "geometry": list(shapes["outline"]),
    }
    rows = records(pd.DataFrame(columns).round(DIGITS))
    return dict(zip((unit.unit_id for unit in drawn_units), rows, strict=True))


Rows = Mapping[str, Mapping[str, Any]]
"""Rows of `conservation_units`, or some of their columns, by unit."""


def _hotspots_of_drawn(
    units: gpd.GeoDataFrame,
    drawn_units: Sequence[workshop.NextUnit],
    tables: SiteTables,
    pieces: Pieces,
) -> list[str]:
    """The hotspots of each unit whose ground was drawn, as a cell lists them."""
    old = units.set_index("unit_id")["hotspot_ids"].to_dict()
    split = {unit.parent for unit in drawn_units if unit.parent and unit.unit_id != unit.parent}
    covered: dict[str, list[str]] = {}
    touched_ids: dict[Any, set[str]] = {}
    known_ids: set[str] = set()
    shared, hotspots = tables.hotspots, pieces.layers.hotspots
    if shared is not None and hotspots is not None:
        of_sites = shared.assign(site=shared["site"].astype(str))
        covered = workshop.hotspots_of_outlines(of_sites, hotspots)
        pieces_of = {unit.site: unit.parent for unit in drawn_units if unit.parent in split}
        _hold_each(covered, of_sites, old, pieces_of)
        touched_ids = of_sites.groupby("site")["hotspot_id"].agg(set).to_dict()
        known_ids = set(hotspots["hotspot_id"])
    ids = []
    for unit in drawn_units:
        # a redrawn unit keeps the hotspots that it still touches; of the pieces of one, of new units
        # and of one that went elsewhere, each has those that it covers
        stays = unit.parent and unit.parent not in split
        was = listed_words(old[unit.parent]) if stays else set()
        kept_ids = was - (known_ids - touched_ids.get(unit.site, set()))
        if stays and kept_ids == was:
            ids.append(str(old[unit.parent]))
        else:
            ids.append(";".join(sorted(kept_ids) or covered.get(unit.site, [])))
    return ids


def _hold_each(
    covered: dict[str, list[str]],
    shared: pd.DataFrame,
    hotspots_of: Mapping[str, Any],
    pieces_of: Mapping[str, str],
) -> None:
    """Give a hotspot of a split unit that no piece covers to the piece that holds most of it.

    Parameters
    ----------
    covered : dict
        By site, the hotspots that it covers: they are added to.
    shared : DataFrame
        ``site``, ``hotspot_id`` and the ``km2`` that they share.
    hotspots_of : mapping
        By unit before it was split, its hotspots.
    pieces_of : mapping
        By site of a piece, the unit that it is of.
    """
    ordered = shared.sort_values(["km2", "site"], ascending=[False, True])
    for unit_id in sorted(set(pieces_of.values())):
        sites = [site for site, parent in pieces_of.items() if parent == unit_id]
        held = set().union(*(covered.get(site, []) for site in sites))
        for hotspot_id in listed_words(hotspots_of[unit_id]) - held:
            there = ordered[ordered["hotspot_id"].eq(hotspot_id) & ordered["site"].isin(sites)]
            for site in there["site"].head(1):
                covered[site] = sorted([*covered.get(site, []), hotspot_id])


def _with_names(table: gpd.GeoDataFrame, layers_here: Layers, plan: Plan) -> gpd.GeoDataFrame:
    """Units with names: those that nobody named take one from the gazetteer, else from the place."""
    named = table.copy()
    # a name in one language stands for the other until somebody gives it
    for column, fallback in (("name_en", "name_ru"), ("name_ru", "name_en")):
        named[column] = named[column].where(named[column] != "", named[fallback])
    nameless = layers.to_equal_area(named[named["name_en"] == ""], plan.study.crs)
    if nameless.empty:
        return named
    names = pd.DataFrame("", index=nameless.index, columns=["name_en", "name_ru"])
    if layers_here.gazetteer is not None:
        names = delineate.place_names(
            nameless, layers_here.gazetteer, taken_names=set(named["name_en"])
        )
    far = names.index[names["name_en"] == ""]
    names.loc[far] = delineate.coordinate_names(nameless.loc[far])
    named.loc[names.index, ["name_en", "name_ru"]] = names
    return named


def with_hotspots_of_merged(table: gpd.GeoDataFrame, base: Round) -> gpd.GeoDataFrame:
    """Units of the next round with the hotspots of all that went into them, at once or by way of others.

    Plenary may merge what a group merged, or let it stand again: so the hotspots of each are those
    that it came with, and what it took in is told anew every time.
    """
    if "merged_into" not in table or not (table["merged_into"] != "").any():
        return table
    own_ids = _own_hotspots(table, base)
    stored = dict(zip(table["unit_id"], map(listed_words, table["hotspot_ids"]), strict=True))
    went_ids = set().union(*(own_ids[one] for one in table["unit_id"][table["merged_into"] != ""]))
    for unit_id, stored_ids in stored.items():
        # a unit that was drawn elsewhere has left its own behind
        if own_ids[unit_id] - stored_ids:
            own_ids[unit_id] = own_ids[unit_id] & stored_ids or stored_ids - went_ids
    ids = {unit_id: set(own_ids[unit_id]) for unit_id in table["unit_id"]}
    hidden = set(table.loc[table["status"].isin(HIDDEN_STATUSES), "unit_id"])
    following = workshop.successors(table)
    for merged in table.loc[table["status"] == "merged", "unit_id"]:
        takers = sorted(
            filter(ids.__contains__, following.get(merged, ())), key=hidden.__contains__
        )
        for hotspot_id in own_ids[merged]:
            # of the pieces of a unit that took it in, the one that covers it; else the largest
            there = [taker for taker in takers if hotspot_id in stored[taker]]
            for taker in (there or takers)[:1]:
                ids[taker].add(hotspot_id)
    joined_ids = [
        old if listed_words(old) == ids[unit_id] else ";".join(sorted(ids[unit_id]))
        for unit_id, old in zip(table["unit_id"], table["hotspot_ids"], strict=True)
    ]
    return table.assign(hotspot_ids=joined_ids)


def _own_hotspots(table: gpd.GeoDataFrame, base: Round) -> dict[str, set[str]]:
    """The hotspots that each unit had in its first round, before it took another in."""
    known = [earlier_units(base), table.assign(round=next_number(base))]
    rows = pd.concat([pd.DataFrame(one[["unit_id", "hotspot_ids", "round"]]) for one in known])
    first = rows.drop_duplicates("unit_id").astype({"round": int})
    went_ids = set(table.loc[table["merged_into"] != "", "unit_id"])
    own_ids: dict[str, set[str]] = {}
    gone: set[str] = set()
    # in the order of their age: what was drawn over a unit that went into it came with its hotspots
    for _, of_round in first.groupby("round"):
        cells = zip(of_round["unit_id"], of_round["hotspot_ids"], strict=True)
        own_ids |= {unit_id: listed_words(cell) - gone for unit_id, cell in cells}
        gone = gone.union(*(own_ids[one] for one in of_round["unit_id"] if one in went_ids))
    return own_ids


def _unranked(measured: MeasuredMerge) -> dict[str, bool]:
    """Which units have no rank: those that do not qualify, as measured now or in the base.

    One that was rejected or merged has none in the base either, though it may qualify: plenary may
    have let it stand again.
    """
    base, decision = measured.base, measured.decision
    before = base.tables["conservation_units"].set_index("unit_id")["rank"]
    findings = base.tables["unit_criteria"]
    findings = findings[findings["unit_id"].isin(before.index[before.isna()])]
    met = findings.pivot(index="unit_id", columns="criterion", values="met")
    bare = rank.bare_decisions(met, measured.plan.profile).to_dict() if len(met) else {}
    return {
        unit.unit_id: (
            decision[unit.site] == NOT_PROPOSED
            if unit.site
            else is_missing(before[unit.unit_id])
            and bare.get(unit.unit_id, NOT_PROPOSED) == NOT_PROPOSED
        )
        for unit in measured.merge.units
    }


def earlier_units(base: Round) -> gpd.GeoDataFrame:
    """The units of all rounds up to the base, as they were in each: `conservation_units` and ``round``."""
    was = base.tables["conservation_units"].assign(round=base.imprint.number)
    if (earlier := base.tables.get("earlier_units")) is None:
        return gpd.GeoDataFrame(was)
    joined = pd.concat([earlier, was[earlier.columns]], ignore_index=True)
    return gpd.GeoDataFrame(joined, geometry="geometry", crs=LONLAT)


def next_tables(
    measured: MeasuredMerge, table: gpd.GeoDataFrame, remarks: gpd.GeoDataFrame
) -> dict[str, pd.DataFrame]:
    """All tables of the next round, in longitude and latitude; `table` is that of its units."""
    base, assessed, merge = measured.base, measured.assessed, measured.merge
    tables = dict(base.tables)
    kept_ids = {unit.unit_id for unit in merge.units if not unit.site}
    ids = pd.Series({unit.site: unit.unit_id for unit in measured.redrawn}, dtype=object)
    new_rows = {
        f"unit_{name}": by_unit(getattr(assessed.findings, name), ids).round(DIGITS)
        for name in ("criteria", "species", "countries")
    }
    if "unit_records" in base.tables:
        layers_now = measured.pieces.layers
        new_rows["unit_records"] = unit_records(assessed, ids, measured.plan, layers_now)
    for name, new in new_rows.items():
        old = base.tables[name]
        tables[name] = _joined([old[old["unit_id"].isin(kept_ids)], new], "unit_id")
    findings = tables["unit_criteria"]
    if "facts" in findings:  # units of a round of old, which has none, keep their sentences
        tables["unit_criteria"] = findings.assign(facts=findings["facts"].fillna(""))
    tables["conservation_units"] = table
    tables["unit_rationale"] = _unit_rationale(measured)
    tables["planning_units"] = _planning_units(measured, table)
    tables["not_proposed"] = _not_proposed(measured, table, tables["unit_rationale"])
    made_anew = ("remarks", "set_aside", "questions", "nearest_ground")
    for name in (*made_anew, *FENCE_TABLES, *STABILITY_TABLES):
        tables.pop(name, None)
    tables["what_it_takes"] = _what_it_takes(measured, ids, kept_ids)
    tables |= _stability_tables(base, table, kept_ids)
    if len(remarks):
        tables["remarks"] = remarks
    aside = _set_aside(measured)
    if len(aside):
        tables["set_aside"] = aside
    return tables


def _unit_rationale(measured: MeasuredMerge) -> pd.DataFrame:
    """The table `unit_rationale`: of units whose ground was drawn anew; of the others as it was.

    A group's reason to reject or merge a unit comes first, as it does in the sentence.
    """
    base, sites = measured.base, [unit.site for unit in measured.redrawn]
    notes = rationale_facts(measured.assessed, sites, measured.plan.profile)
    facts = dict(zip(sites, notes, strict=True))
    before = base.tables.get("unit_rationale", pd.DataFrame({"unit_id": [], "facts": []}))
    of_base = dict(zip(before["unit_id"], before["facts"], strict=True))
    status = base.tables["conservation_units"].set_index("unit_id")["status"]
    of_base = {
        unit_id: facts_that_stand(facts, status.get(unit_id, ""))
        for unit_id, facts in of_base.items()
    }
    rows = []
    for unit in measured.merge.units:
        if unit.site or unit.unit_id in of_base:
            was = facts[unit.site] if unit.site else notes_from_text(of_base[unit.unit_id])
            reasons = [unit.reason] if unit.reason else []
            rows.append((unit.unit_id, notes_as_text([*reasons, *was])))
    table = pd.DataFrame(rows, columns=["unit_id", "facts"])
    return table.sort_values("unit_id", ignore_index=True)


def _what_it_takes(
    measured: MeasuredMerge, ids: pd.Series[Any], kept_ids: Collection[str]
) -> pd.DataFrame:
    """What the units miss: measured anew where ground was drawn; of the others, and hotspots, as it was."""
    # the nearest ground of each is halved out of the region twenty times: of hundreds of outlines,
    # which no plenary goes through one by one, it would cost minutes
    asked = ids.index if len(ids) <= MOST_ASKED else ids.index[:0]
    base, drawn_outlines = measured.base, measured.outlines
    drawn_outlines = drawn_outlines[drawn_outlines["site"].isin(asked)]
    new = what_it_takes(
        *(drawn_outlines, measured.pieces, measured.plan, measured.assessed),
        site="site",
        cache=measured.cache,
    )
    new = pd.DataFrame(new.drop(columns="geometry")).round(DIGITS)
    before = base.tables.get("what_it_takes", new.iloc[:0])
    hotspots = set(base.tables["not_proposed"]["hotspot_id"])
    kept_rows = before[before["site"].isin({*kept_ids, *hotspots})]
    return _joined([new.assign(site=new["site"].map(ids)), kept_rows], "site")


def unasked_notices(measured: MeasuredMerge) -> list[workshop.Notice]:
    """That nobody asked what so many outlines miss: a column that is empty says it to no one."""
    if (n_drawn := len(measured.redrawn)) <= MOST_ASKED:
        return []
    what = workshop.note("not asked", count=n_drawn, most=MOST_ASKED)
    return [workshop.Notice("", "", "", what)]


def _joined(parts: Sequence[pd.DataFrame], by: str) -> pd.DataFrame:
    """Rows that were kept and rows measured anew, by what they are of; within it as they came."""
    # pandas warns of empty tables in a concat: their dtypes would count
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return table.sort_values(by, kind="stable", ignore_index=True)


MOST_ASKED: Final = 200
"""Outlines drawn in one round up to which it is asked what each of them misses."""


def _stability_tables(
    base: Round, table: pd.DataFrame, kept_ids: Collection[str]
) -> dict[str, pd.DataFrame]:
    """What `sensitivity` computed of units whose outlines did not change; of sets of units nothing.

    A smallest set, or a pair of borders, hangs on every outline at once. Units that groups rejected or
    merged keep theirs: plenary may agree on one all the same, and it then stands by itself again.
    """
    same_ids = set(table["unit_id"]) & {*kept_ids}
    of_kept = {
        name: base.tables[name][base.tables[name]["unit_id"].isin(same_ids)]
        for name in STABILITY_OF_UNITS
        if name in base.tables
    }
    return {name: rows.reset_index(drop=True) for name, rows in of_kept.items() if len(rows)}


def former_versions(
    base: Round, log: pd.DataFrame | None = None
) -> dict[str, dict[str, list[str]]]:
    """The outlines (their hashes) and the names that each unit ever had, this round's included.

    A `log` of decisions adds those that a pack of the same round may have been handed out with before them.
    """
    former = {
        str(unit_id): {name: list(values) for name, values in row.items()}
        for unit_id, row in base.manifest.get("former", {}).items()
    }
    units = base.tables["conservation_units"]
    columns = (units[name] for name in ("unit_id", "name_en", "name_ru", "geometry"))
    for unit_id, name_en, name_ru, outline in zip(*columns, strict=True):
        names = {str(name) for name in (name_en, name_ru) if not is_missing(name)}
        _add_version(former, str(unit_id), names, outline)
    if log is not None and len(log):
        for unit_id, name_en, name_ru in log[["unit_id", "old_name_en", "old_name_ru"]].to_numpy():
            _add_version(former, unit_id, {name_en, name_ru} - {""})
        for row in records(base.tables.get("set_aside", pd.DataFrame())):
            if row["group"] == BEFORE:
                _add_version(former, str(row["unit_id"]), (), row["geometry"])
    return former


def _add_version(
    former: dict[str, dict[str, list[str]]], unit_id: str, names: Iterable[str], outline: Any = None
) -> None:
    """Put what a unit was called, and the hashes of its outline, to what it was before."""
    row = former.setdefault(unit_id, {"hashes": [], "names": []})
    # each part too: a KMZ has a placemark for every part of a unit
    pieces = shapely.get_parts(outline)
    parts = [outline, *(pieces if len(pieces) > 1 else ())] if outline is not None else []
    row["hashes"] = sorted({*row["hashes"], *map(kml.geom_hash, parts)})
    row["names"] = sorted({*row["names"], *names})


def _planning_units(measured: MeasuredMerge, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Planning units with the unit that holds most of each, anew where units have changed."""
    study, units = measured.plan.study, measured.units
    cells = gpd.GeoDataFrame(measured.base.tables["planning_units"]).drop(
        columns=["selection_frequency", "in_smallest_set"], errors="ignore"
    )
    shown_units = table[~table["status"].isin(HIDDEN_STATUSES)]
    old = dict(zip(units["unit_id"], units["outline"], strict=True))
    new = dict(zip(shown_units["unit_id"], shown_units.geometry, strict=True))
    moved_outlines = [
        shape
        for unit_id in {*old, *new}
        # `is`: a row that was taken over carries the very outline of the base
        if old.get(unit_id) is not new.get(unit_id)
        for shape in (old.get(unit_id), new.get(unit_id))
        if shape is not None
    ]
    if not moved_outlines:
        return cells
    # only cells that an old or new outline touches can have changed hands
    touched = shapely.STRtree(cells.geometry.to_numpy()).query(moved_outlines)[1]
    rows = cells.index[np.unique(touched)]
    if not len(rows):
        return cells
    row, col = grid.places(cells.loc[rows, "pu_id"])
    # The cells of the lattice themselves, as first measured: their outlines in degrees are rounded.
    cell_shapes = grid.cells(grid.Lattice(study.cell_km, study.shape, study.crs), row, col)
    flat = cells.loc[rows].assign(row=row, col=col)
    flat = flat.set_geometry(gpd.GeoSeries(cell_shapes, index=rows, crs=study.crs))
    # each outline was projected when it was read: its ground is known already, cut and looked at
    ground_of = {
        id(outline): ground
        for known in (units, measured.outlines)
        for outline, ground in zip(known["outline"], known.geometry, strict=True)
    }
    grounds = [ground_of[id(outline)] for outline in shown_units.geometry]
    shapes = gpd.GeoSeries(grounds, index=shown_units.index, crs=study.crs)
    result = cells.copy()
    result.loc[rows, "unit_id"] = with_unit(flat, shown_units.set_geometry(shapes))["unit_id"]
    return result


def _not_proposed(
    measured: MeasuredMerge, table: gpd.GeoDataFrame, why: pd.DataFrame
) -> pd.DataFrame:
    """Hotspots that are in no unit: those of the base, and those of units that were rejected."""
    base = measured.base
    before = base.tables["not_proposed"]
    out = table["status"] == "rejected"
    # those of a merged unit are where it went, and that may have been rejected
    stands = ~table["status"].isin(HIDDEN_STATUSES)
    placed_ids = set().union(*map(listed_words, table.loc[stands, "hotspot_ids"]))
    kept_rows = before[~before["hotspot_id"].isin(placed_ids)]
    hotspots = measured.pieces.layers.hotspots
    if hotspots is None:
        return kept_rows.reset_index(drop=True)
    names = hotspots.set_index("hotspot_id")
    facts = dict(zip(why["unit_id"], why["facts"], strict=True))
    rows = [
        {
            "hotspot_id": hotspot_id,
            **names.loc[hotspot_id, ["name_en", "name_ru"]],
            "reason": f"Its unit {unit.unit_id} was rejected. {unit.rationale}",
            "facts": _rejected_facts(unit.unit_id, facts.get(unit.unit_id, "")),
        }
        for unit in table[out].itertuples()
        for hotspot_id in str(unit.hotspot_ids).split(";")
        if hotspot_id in names.index
        and hotspot_id not in placed_ids
        and hotspot_id not in set(kept_rows["hotspot_id"])
    ]
    rows += _left_behind(base, names, {*placed_ids, *kept_rows["hotspot_id"]}, rows)
    if rows:
        kept_rows = pd.concat([kept_rows, pd.DataFrame(rows, columns=kept_rows.columns)])
    return kept_rows.sort_values("hotspot_id").reset_index(drop=True)


def _left_behind(
    base: Round, names: pd.DataFrame, placed_ids: set[str], rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Hotspots that units of the base had and that are nowhere now, as rows of `not_proposed`."""
    told_ids = placed_ids | {row["hotspot_id"] for row in rows}
    units = base.tables["conservation_units"]
    stood = units[~units["status"].isin(HIDDEN_STATUSES)]
    of_units = zip(stood["unit_id"], map(listed_words, stood["hotspot_ids"]), strict=True)
    unit_of = {one: str(unit_id) for unit_id, ids in of_units for one in ids}
    return [
        {
            "hotspot_id": hotspot_id,
            **names.loc[hotspot_id, ["name_en", "name_ru"]],
            "reason": words.text("because its unit was redrawn", "en", unit_id=unit_id),
            "facts": notes_as_text([Note("its unit was redrawn", {"unit_id": unit_id})]),
        }
        for hotspot_id, unit_id in sorted(unit_of.items())
        if hotspot_id in names.index and hotspot_id not in told_ids
    ]


def _rejected_facts(unit_id: str, facts: str) -> str:
    """Why the hotspot of a rejected unit is in none, as values; none where the unit has none."""
    notes = [note for note in notes_from_text(facts) if note.key != EVIDENCE_OF]
    first = Note("its unit was rejected", {"unit_id": unit_id})
    return notes_as_text([first, *notes]) if notes else ""


def _set_aside(measured: MeasuredMerge) -> gpd.GeoDataFrame:
    """Versions that were not taken: nothing that a group drew is lost.

    One of an earlier round stays until plenary has decided on its unit, or its group drew it anew; one that
    a decision had replaced, for an undo, belongs to its own round.
    """
    lang, shapes = measured.base.imprint.languages[0], measured.shapes
    columns = ["unit_id", "group", "file", "placemark"]
    rows = [
        {key: getattr(row, key) for key in columns}
        | {"reason": words.said(row.reason, lang), "geometry": shapes[row.site]}
        for row in measured.merge.set_aside
    ]
    drawn = {(row.unit_id, row.group) for row in measured.merge.changes if row.site}
    answered_ids = decided_ids(measured.base)
    rows += [
        {key: row[key] for key in (*columns, "reason", "geometry")}
        for row in records(measured.base.tables.get("set_aside", pd.DataFrame()))
        if row["unit_id"] not in answered_ids
        and row["group"] != BEFORE
        and (row["unit_id"], row["group"]) not in drawn
    ]
    table = pd.DataFrame(rows, columns=[*columns, "reason", "geometry"])
    table = table.sort_values(columns, kind="stable", ignore_index=True)
    return gpd.GeoDataFrame(table, geometry="geometry", crs=LONLAT)


def earlier_resolutions(manifest: Mapping[str, Any]) -> list[dict[str, str]]:
    """What was resolved of conflicts up to a round, by its manifest."""
    return [*manifest.get("resolved_before", ()), *manifest.get("resolutions", ())]


def collected_files(manifest: Mapping[str, Any]) -> list[dict[str, str]]:
    """The files that a round and those before it were collected from: ``file``, ``sha256``, ``round``.

    Of what could not be read nothing came into a round, and it may be handed in again.
    """
    number = f"{int(manifest.get('round') or 0):02d}"
    rows = [row for row in manifest.get("collected", ()) if not row["refused"]]
    own_files = [{"file": row["file"], "sha256": row["sha256"], "round": number} for row in rows]
    return [*manifest.get("collected_before", ()), *own_files]


def next_manifest(
    base: Round, group_files: GroupFiles, merge: workshop.Merge, rules: workshop.Rules
) -> dict[str, Any]:
    """The manifest of the base, and what was collected onto it."""
    used_ids = {*merge.used_ids, *map(str, base.manifest.get("ids_used", ()))}
    left_out = ("folder_there", "is_form", "refusal")
    files = [
        {k: value for k, value in asdict(file).items() if k not in left_out}
        | {"refused": file.refused}
        for file in group_files.files
    ]
    resolved = earlier_resolutions(base.manifest)
    before = collected_files(base.manifest)
    return {
        **base.manifest,
        "version": __version__,
        "round": int(next_number(base)),
        "base": {"round": int(base.imprint.number), "title": base.imprint.title},
        "collected": sorted(files, key=lambda file: (file["file"], file["sha256"])),
        **({"collected_before": before} if before else {}),
        **({"looked_at": sorted(group_files.looked_at)} if group_files.looked_at else {}),
        "resolutions": [asdict(row) for _, row in sorted(rules.resolutions.items())],
        **({"resolved_before": resolved} if resolved else {}),
        # ever used, not in use: an id that was given up must not come back as another place
        "ids_used": sorted(used_ids),
        "former": former_versions(base),
        **({"drawn_by": drawn_by} if (drawn_by := _drawn_by(base, merge)) else {}),
    }


def _drawn_by(base: Round, merge: workshop.Merge) -> dict[str, list[str]]:
    """The groups whose outline of each unit stands: of one that nobody drew since, those of before too."""
    rows: dict[str, list[tuple[str, str, bool | None]]] = {}
    for row in merge.changes:
        rows.setdefault(row.unit_id, []).append((row.group, row.change, row.applied))
    before = base.manifest.get("drawn_by", {}) | _outlines_taken(base)
    groups = {
        unit.unit_id: outline_groups(rows.get(unit.unit_id, ()))
        | ({*before.get(unit.unit_id, ())} if not unit.site else set())
        for unit in merge.units
    }
    return {unit_id: sorted(names) for unit_id, names in sorted(groups.items()) if names}


def _outlines_taken(base: Round) -> dict[str, list[str]]:
    """By unit the group whose outline was set aside and stands now, since plenary took it."""
    units = base.tables["conservation_units"]
    standing = dict(zip(units["unit_id"], units.geometry, strict=True))
    return {
        str(row["unit_id"]): [str(row["group"])]
        for row in records(base.tables.get("set_aside", pd.DataFrame()))
        if row["group"] != BEFORE and row["geometry"].equals(standing.get(row["unit_id"]))
    }


def measured_again(shown: Round, unit_ids: Collection[str]) -> Round:
    """A round in which some units have other outlines, with everything measured on these.

    Parameters
    ----------
    shown : Round
        With the outlines to measure in `conservation_units`, and its ranges.
    unit_ids : collection of str
        The units whose outlines are new.
    """
    plan, known_layers = reopened(shown)
    with kept_beside(shown):
        cache = cache_of_layers(shown)
    pieces = cut(known_layers, plan, cache=cache)
    units = base_units(shown, plan)
    columns = units[["unit_id", "name_en", "name_ru", "status"]].astype(str)
    next_units = [
        workshop.NextUnit(unit_id, unit_id if unit_id in unit_ids else "", unit_id, *unit)
        for unit_id, *unit in columns.itertuples(index=False, name=None)
    ]
    merge = workshop.Merge(used_ids=set(units["unit_id"]), units=next_units)
    drawn = units[units["unit_id"].isin(list(unit_ids))].assign(drawn=True)
    outlines = drawn.rename(columns={"unit_id": "site"})[["site", "drawn", "outline", "geometry"]]
    outlines = gpd.GeoDataFrame(outlines, geometry="geometry", crs=units.crs)
    measured = measured_merge(shown, plan, pieces, units, merge, outlines, cache)
    table = units_table(measured)
    before = shown.tables["conservation_units"].set_index("unit_id")
    # It is the same round: what was decided stands, and no outline is of a later one.
    for name in ("rev", "decision", OPEN_QUESTIONS, *SUCCESSION):
        if name in before:
            table[name] = table["unit_id"].map(before[name])
        elif name in table:
            table = table.drop(columns=name)
    remarks = gpd.GeoDataFrame(shown.tables.get("remarks", pd.DataFrame()))
    stays = [name for name in ("set_aside", "questions") if name in shown.tables]
    tables = next_tables(measured, table, remarks) | {name: shown.tables[name] for name in stays}
    return replace(shown, tables=tables)
