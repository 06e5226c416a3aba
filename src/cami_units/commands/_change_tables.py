"""The tables of what groups changed: changes, conflicts, remarks, problems; and the pictures."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely

from cami_units import overlap, words, workshop
from cami_units.cache import NOTHING_KEPT, Cache
from cami_units.commands.assess import Assessed
from cami_units.commands.group_reading import GroupFiles
from cami_units.commands.round_files import next_number
from cami_units.model import (
    GATES,
    HIDDEN_STATUSES,
    LONLAT,
    Note,
    Round,
    answer_said,
    is_decided,
    is_missing,
    listed,
    notes_as_text,
    notes_from_text,
    records,
    unit_before,
)
from cami_units.overlap import Pieces
from cami_units.plan import Plan

CHANGE_COLUMNS: Final = (
    *("unit_id", "change", "matched_by", "group", "file", "placemark"),
    *("before_km2", "after_km2", "gained_km2", "lost_km2"),
    *("criteria_gained", "criteria_lost", "states_gained", "states_lost"),
    *("species_gained", "species_lost", "decision", "note"),
    *("applied", "of_unit", "reason", "facts"),
)
"""`facts` are the notes of a row as values, for whoever tells them in another language."""
CONFLICT_COLUMNS: Final = (
    *("unit_id", "groups", "overlap_km2", "default", "resolution", "kind", "what", "open", "facts"),
    "choices",
)
"""`choices` are what can be said under `resolution` and does something, as a list of JSON: a name of a
file may hold any mark."""
QUESTION_COLUMNS: Final = (
    *("question_id", "unit_id", "round", "kind", "group", "text", "default", "facts"),
)
"""What plenary is asked of a unit, until a decision on it answers: `kind` is that of the conflict, or
form, rejected, renamed."""
REMARK_COLUMNS: Final = (
    *("remark_id", "kind", "group", "unit_id", "text", "file", "placemark", "round"),
)
PROBLEM_COLUMNS: Final = (
    *("file", "folder", "placemark", "line", "what", "assumed", "kind", "facts"),
)


@dataclass(frozen=True, slots=True)
class MeasuredMerge:
    """A merge with the round and the layers that it was made on, and what was measured of its outlines.

    `units` are those of the base as :func:`cami_units.commands._next_round.base_units` gives them,
    `outlines` those of :func:`cami_units.workshop.outlines`; what is measured on the pieces is kept in
    `cache`.
    """

    base: Round
    plan: Plan
    pieces: Pieces
    units: gpd.GeoDataFrame
    merge: workshop.Merge
    outlines: gpd.GeoDataFrame
    assessed: Assessed
    cache: Cache = NOTHING_KEPT

    @property
    def shapes(self) -> dict[str, Any]:
        """The outlines as they are written, by site."""
        return dict(zip(self.outlines["site"], self.outlines["outline"], strict=True))

    @property
    def decision(self) -> dict[str, str]:
        """What the profile decides on each outline that was drawn, by site."""
        decisions = self.assessed.decisions
        return dict(zip(decisions["site"], decisions["decision"], strict=True))

    @property
    def redrawn(self) -> list[workshop.NextUnit]:
        """The units of the next round whose ground was drawn."""
        return [unit for unit in self.merge.units if unit.site]


@dataclass(frozen=True, slots=True)
class Picture:
    """The outlines that a conflict is about: label, and shape in longitude and latitude."""

    unit_id: str
    outlines: tuple[tuple[str, Any], ...]


def size_notices(measured: MeasuredMerge) -> list[workshop.Notice]:
    """New and changed units that are larger than the plan has them."""
    area = measured.assessed.findings.summary.set_index("site")["area_km2"]
    most_km2 = float(measured.plan.units.max_km2)
    # reversed: of several changes of one outline the first stands
    rows = {row.site: row for row in reversed(measured.merge.changes) if row.site}
    notices = []
    for unit in measured.redrawn:
        km2, row = float(area[unit.site]), rows.get(unit.site)
        if km2 > most_km2 and row:
            what = workshop.note("too large", unit_id=unit.unit_id, km2=km2, most=most_km2)
            notices.append(workshop.Notice(row.file, "", row.placemark, what))
    return notices


def tick_notices(
    placemarks: Sequence[Mapping[str, Any]], measured: MeasuredMerge
) -> list[workshop.Notice]:
    """Where what was measured differs from what the drawing page showed the group."""
    table = measured.assessed.findings.criteria
    met = {
        (site, criterion): None if is_missing(verdict) else bool(verdict)
        for site, criterion, verdict in zip(
            *(table[name].tolist() for name in ("site", "criterion", "met")), strict=True
        )
    }
    notices = []
    for site, places in sorted(measured.merge.sites.items()):
        marks = [placemarks[place] for place in places]
        facts = marks[0]["facts"]
        if len({(mark["file"], mark["cu_id"], mark["facts"].key) for mark in marks}) > 1:
            continue  # the ground of several outlines: no page has shown that
        turned = [
            f"{name} {words.mark(_SHOWN[tick], name)} → {words.mark(met[site, name], name)}"
            for name, tick in facts.ticks
            if tick in _SHOWN and (site, name) in met and met[site, name] is not _SHOWN[tick]
        ]
        if turned:
            where = (marks[0]["file"], marks[0]["folder"], marks[0]["name"])
            said = workshop.note("tick otherwise", unit_id=site.partition("@")[0], names=turned)
            notices.append(workshop.Notice(*where, said))
    return notices


_SHOWN: Final[Mapping[str, bool | None]] = {"yes": True, "no": False, "open": None}
"""What the page's word for a verdict stands for; "close" promises nothing."""


def changes_table(measured: MeasuredMerge) -> pd.DataFrame:
    """The table of changes, with what each did to ground, states, species and criteria."""
    base, merge, assessed = measured.base, measured.merge, measured.assessed
    lang = base.imprint.languages[0]
    before = _records(base.tables["conservation_units"].drop(columns="geometry"), "unit_id")
    after = _records(assessed.findings.summary, "site")
    decision = measured.decision
    met_before = _met(base.tables["unit_criteria"], "unit_id")
    met_after = _met(assessed.findings.criteria, "site")
    shared = _shared_with_own_sites(measured)
    following = workshop.sites_that_follow(merge)
    new_km2 = workshop.summed_by_unit({pair: after[pair[1]]["area_km2"] for pair in following})
    still_there = workshop.summed_by_unit(_shared_km2(following, measured))
    parents = {unit.unit_id: unit.parent for unit in measured.redrawn if unit.parent}
    rows = []
    for change in merge.changes:
        unit_id, site = change.unit_id, change.site
        old = before.get(unit_id)
        row: dict[str, Any] = dict.fromkeys(CHANGE_COLUMNS)
        row |= {name: value for name, value in change._asdict().items() if name in row}
        row["note"] = spoken(change.notes, lang)
        row["facts"] = _facts(change.notes)
        row["before_km2"] = old["area_km2"] if old else None
        row["after_km2"] = row["before_km2"] if change.change in _STAYS else None
        if change.change == "split" and unit_id in new_km2:
            row["after_km2"] = new_km2[unit_id]
            row["gained_km2"], row["lost_km2"] = workshop.gained_and_lost(
                row["before_km2"], row["after_km2"], still_there[unit_id]
            )
        if change.change == "merged" and unit_id in still_there:
            # what it was merged into has grown by more than this unit: that stands in a row of its own
            _, row["lost_km2"] = workshop.gained_and_lost(
                row["before_km2"], row["before_km2"], still_there[unit_id]
            )
        if site:
            new = after[site]
            row |= {"after_km2": new["area_km2"], "decision": decision[site]}
            of_unit = unit_before(unit_id, parents.get(unit_id, ""), before)
            was = before.get(of_unit)
            row |= _gone_and_come(
                "criteria", met_before.get(of_unit, set()), met_after.get(site, set())
            )
            for what, column in (("states", "countries"), ("species", "species")):
                row |= _gone_and_come(
                    what, listed_words(was and was[column]), listed_words(new[column])
                )
            if old:
                row["gained_km2"], row["lost_km2"] = workshop.gained_and_lost(
                    old["area_km2"], new["area_km2"], shared[unit_id, site]
                )
        rows.append(row)
    table = pd.DataFrame(rows, columns=list(CHANGE_COLUMNS))
    place = {name: number for number, name in enumerate(_CHANGE_ORDER)}
    order = table.assign(change=table["change"].map(place)).sort_values(
        ["unit_id", "group", "file", "change", "placemark", "note"], kind="stable"
    )
    return table.loc[order.index].reset_index(drop=True)


def spoken(notes: Iterable[Note], lang: str) -> str:
    """Notes as they stand in one cell of a table."""
    return words.in_clauses((words.said(one_note, lang) for one_note in notes), lang)


_STAYS: Final = ("kept", "renamed", "commented", "absent")
"""Changes after which a unit has the ground that it had."""


def _facts(notes: Sequence[Note]) -> str:
    """Notes as a cell of a table; empty where there are none."""
    return notes_as_text(notes) if notes else ""


def _records(table: pd.DataFrame, key: str) -> dict[str, dict[str, Any]]:
    """The rows of a table by the key of each."""
    return {str(row[key]): row for row in records(table)}


def _shared_with_own_sites(measured: MeasuredMerge) -> dict[tuple[str, str], float]:
    """The ground that units of the base share with each outline of theirs, in km²."""
    unit_ids = {*measured.units["unit_id"]}
    rows = [row for row in measured.merge.changes if row.site and row.unit_id in unit_ids]
    return _shared_km2([(row.unit_id, row.site) for row in rows], measured)


def _shared_km2(
    pairs: Sequence[tuple[str, str]], measured: MeasuredMerge
) -> dict[tuple[str, str], float]:
    """The ground that a unit as it was shares with a site, km²."""
    grounds = measured.units.set_index("unit_id").geometry
    old = grounds.reindex([unit_id for unit_id, _ in pairs])
    new = measured.outlines.set_index("site").geometry.reindex([site for _, site in pairs])
    return dict(zip(pairs, overlap.shared_km2(old, new), strict=True))


_CHANGE_ORDER: Final = (
    *("kept", "reshaped", "split", "merged", "rejected", "new", "deleted", "absent"),
    *("renamed", "commented", "conflict"),
)


def _met(criteria: pd.DataFrame, key: str) -> dict[str, set[str]]:
    """The gates and criteria that each unit or site meets."""
    rows = criteria[criteria["met"].astype("boolean").fillna(False)]
    met_criteria: dict[str, set[str]] = {}
    for site_id, criterion in zip(rows[key].tolist(), rows["criterion"].tolist(), strict=True):
        met_criteria.setdefault(str(site_id), set()).add(criterion)
    return met_criteria


def _gone_and_come(what: str, old: set[str], new: set[str]) -> dict[str, str]:
    """What a comparison gained and lost, as two cells of the table of changes."""
    return {
        f"{what}_gained": ";".join(sorted(new - old, key=_place)),
        f"{what}_lost": ";".join(sorted(old - new, key=_place)),
    }


def _place(word: str) -> tuple[bool, str]:
    """Gates before criteria, all else by its letters."""
    return word not in GATES, word


def listed_words(value: Any) -> set[str]:
    """The words of a cell that lists them; none of an empty one."""
    return set() if is_missing(value) else {word for word in str(value).split(";") if word}


def conflicts_table(measured: MeasuredMerge) -> tuple[pd.DataFrame, tuple[Picture, ...]]:
    """The table of conflicts, and the outlines that each is about, row by row."""
    lang, shapes = measured.base.imprint.languages[0], measured.shapes
    ordered = sorted(measured.merge.conflicts, key=lambda row: (row.unit_id, row.kind, row.groups))
    rows = [
        row._asdict()
        | {"what": words.said(row.what, lang), "facts": notes_as_text([row.what])}
        | {"choices": json.dumps(row.choices, ensure_ascii=False)}
        for row in ordered
    ]
    table = pd.DataFrame(rows, columns=list(CONFLICT_COLUMNS))
    return table, tuple(picture(conflict, shapes) for conflict in ordered)


def picture(conflict: workshop.Conflict, shapes: Mapping[str, Any]) -> Picture:
    """The outlines of a conflict; those of its units where it names none."""
    places = [
        (label, f"{site}@base" if label == "base" and f"{site}@base" in shapes else site)
        for label, site in conflict.sites
    ]
    if not (labelled := [(label, shapes[site]) for label, site in places if site in shapes]):
        labelled = [(unit, shapes[unit]) for unit in conflict.unit_id.split(";") if unit in shapes]
    return Picture(conflict.unit_id, tuple(labelled))


def remarks_table(
    measured: MeasuredMerge, group_files: GroupFiles, table: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Pins, lines, comments and conflicts, as a layer to look at: this round's, and those of rounds before."""
    merge = measured.merge
    shapes = measured.shapes | dict(zip(table["unit_id"], table.geometry, strict=True))
    # what is said of a unit that was parted stands on its first piece
    piece_of = {row.of_unit: row.unit_id for row in reversed(merge.changes) if row.of_unit}
    for unit_id, piece in piece_of.items():
        if piece in shapes:
            shapes.setdefault(unit_id, shapes[piece])
    # what is said of a unit that was parted is said of its pieces
    pieces = workshop.pieces_of(table)
    rows = [
        row | {"unit_id": of_pieces(row["unit_id"], pieces), "round": next_number(measured.base)}
        for row in [*group_files.pins, *_typed_or_disputed(measured, shapes, table)]
    ]
    before = _remarks_before(measured.base, shapes, pieces)
    _tie_to_units([*rows, *before], table)
    told = set().union(*map(_remark_keys, rows))
    ordered = sorted(
        [*rows, *(row for row in before if not _remark_keys(row) <= told)],
        key=lambda row: (
            *(str(row[key]) for key in _REMARK_ORDER),
            shapely.to_wkb(row["geometry"]),
        ),
    )
    numbered = [row | {"remark_id": f"R-{n:03d}"} for n, row in enumerate(ordered, start=1)]
    remarks = pd.DataFrame(numbered, columns=[*REMARK_COLUMNS, "geometry"])
    return gpd.GeoDataFrame(remarks, geometry="geometry", crs=LONLAT)


def _typed_or_disputed(
    measured: MeasuredMerge, shapes: Mapping[str, Any], table: gpd.GeoDataFrame
) -> Iterable[dict[str, Any]]:
    """What was typed into the balloons of units, and conflicts that are open, each with a point in its ground.

    What names further units is said of them too: "merge with CU-002" is to be read where that one is spoken of.
    """
    merge, lang = measured.merge, measured.base.imprint.languages[0]
    shown_ids = {*table.loc[~table["status"].isin(HIDDEN_STATUSES), "unit_id"]}
    for row in merge.changes:
        if row.change == "commented" and row.unit_id in shapes:
            comment = {
                **{key: getattr(row, key) for key in ("group", "file", "placemark", "unit_id")},
                "kind": "comment",
                "text": spoken(row.notes, lang),
                "geometry": shapely.point_on_surface(shapes[row.unit_id]),
            }
            yield comment
            typed = "\n".join(_typed(row.notes))
            named = shown_ids & {*workshop.units_spoken_of(typed, shown_ids)} - {row.unit_id}
            if named:
                text = words.with_label(row.unit_id, typed, lang)
                yield comment | {"unit_id": ";".join(sorted(named)), "text": text}
    for conflict in merge.conflicts:
        labelled = picture(conflict, shapes).outlines
        if labelled and conflict.open:  # what is settled asks nothing of whoever looks at the map
            what = words.said(conflict.what, lang)
            answer = answer_said(conflict.resolution or conflict.default, lang)
            cells = {"kind": "conflict", "group": conflict.groups, "unit_id": conflict.unit_id}
            cells |= {"file": "", "placemark": "", "text": f"{what}. {answer}"}
            yield {**cells, "geometry": shapely.point_on_surface(labelled[-1][1])}


def _typed(notes: Iterable[Note]) -> Iterator[str]:
    """The words of a group itself among what is said of a unit: what its form asks for is told of each already."""
    for note in notes:
        clauses = note.facts.get("clauses")
        if isinstance(clauses, list):
            yield from _typed(clauses)
        elif not note.key:
            yield str(note.facts["text"])


def _tie_to_units(rows: Iterable[dict[str, Any]], table: gpd.GeoDataFrame) -> None:
    """Give what nobody tied to a unit to those that it lies in, and to those of which it speaks.

    "extend CU-014 to here" stands outside of that unit.
    """
    shown_units = table[~table["status"].isin(HIDDEN_STATUSES)]
    tree, shown_ids = shapely.STRtree(shown_units.geometry.to_numpy()), {*shown_units["unit_id"]}
    all_ids = tuple(table["unit_id"])
    for row in rows:
        if not row["unit_id"]:
            under = tree.query(row["geometry"], predicate="intersects")
            named = (workshop.units_spoken_of(row[key], all_ids) for key in ("placemark", "text"))
            about = {*shown_units["unit_id"].iloc[under]} | (shown_ids & {*chain(*named)})
            row["unit_id"] = ";".join(sorted(about))


_REMARK_ORDER: Final = ("kind", "group", "file", "unit_id", "text", "placemark", "round")


def _remark_keys(row: Mapping[str, Any]) -> set[tuple[Any, ...]]:
    """By what a remark is the same that was handed in before, for each unit that it is about.

    A pin is the same by its place, whatever unit lies there since; a comment, or a conflict, by its unit,
    wherever that lies since.
    """
    said = (row["kind"], row["group"], row["text"])
    if row["kind"] in ("comment", "conflict"):
        return {(*said, unit_id) for unit_id in str(row["unit_id"]).split(";")}
    return {(*said, row["placemark"], shapely.to_wkb(row["geometry"]))}


def _remarks_before(
    base: Round, shapes: Mapping[str, Any], pieces: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """What was said in earlier rounds; of conflicts, while a unit that they are about is undecided."""
    answered_ids = decided_ids(base)
    rows = []
    for row in records(base.tables.get("remarks", pd.DataFrame())):
        named = str(row["unit_id"]).split(";")
        if row["kind"] == "conflict" and {*named} <= answered_ids:
            continue
        unit_ids = of_pieces(str(row["unit_id"]), pieces)
        first = unit_ids.partition(";")[0]
        # the outline may have moved away from under what was typed into its balloon
        moved = row["kind"] == "comment" and first in shapes
        place = shapely.point_on_surface(shapes[first]) if moved else row["geometry"]
        of_round = row.get("round") or base.imprint.number
        rows.append({**row, "unit_id": unit_ids, "geometry": place, "round": of_round})
    return rows


def decided_ids(base: Round) -> set[str]:
    """The units of a round that plenary or a document has settled."""
    units = base.tables["conservation_units"]
    return {str(unit["unit_id"]) for unit in records(units) if is_decided(unit)}


def questions_table(
    measured: MeasuredMerge, group_files: GroupFiles, table: pd.DataFrame
) -> pd.DataFrame:
    """What plenary is asked: open conflicts, questions of forms, reasons of rejections and renames, units that are gone.

    A question of an earlier round stays until a decision on every unit that it is about; one about a
    unit that was split is about its pieces, as they are in `table`, the units of the next round.
    """
    base, merge = measured.base, measured.merge
    number, lang = next_number(base), base.imprint.languages[0]
    rows: list[tuple[str, ...]] = [
        (
            *(conflict.unit_id, number, conflict.kind, conflict.groups),
            *(words.said(conflict.what, lang), conflict.default, notes_as_text([conflict.what])),
        )
        for conflict in merge.conflicts
        if conflict.open
    ]
    rows += _asked_of_changes(merge, number, lang)
    groups = {file.file: file.group for file in group_files.files}
    rows += [
        (row.unit_id, number, "form", groups.get(file, ""), row.question, "", "")
        for file, form_rows in group_files.forms.items()
        for row in form_rows
        if row.question
    ]
    answered_ids = decided_ids(base)
    for earlier in base.tables.get("questions", pd.DataFrame()).to_dict("records"):
        if not set(str(earlier["unit_id"]).split(";")) <= answered_ids:
            rows.append(tuple(str(earlier.get(name, "")) for name in QUESTION_COLUMNS[1:]))
    pieces = workshop.pieces_of(table)
    unique = sorted({(of_pieces(unit_ids, pieces), *rest) for unit_ids, *rest in rows})
    numbered = [(f"Q-{place:03d}", *row) for place, row in enumerate(unique, start=1)]
    return pd.DataFrame(numbered, columns=list(QUESTION_COLUMNS), dtype=str)


def _asked_of_changes(merge: workshop.Merge, number: str, lang: str) -> list[tuple[str, ...]]:
    """Questions about changes that are no conflicts; groups that ask for the same are asked about once."""
    is_open = {conflict.unit_id: conflict.open for conflict in merge.conflicts}
    asking: dict[tuple[str, ...], list[str]] = {}
    for row in merge.changes:
        if _is_asked_about(row, is_open):
            # of a merge that waits also why
            notes = [*row.notes[:1], *(row.notes[-1:] if row.change == "merged" else ())]
            said = (spoken(notes, lang), "", _facts(notes))
            asking.setdefault((row.unit_id, row.change, *said), []).append(row.group)
    return [
        (unit_id, number, change, ";".join(dict.fromkeys(groups)), *said)
        for (unit_id, change, *said), groups in asking.items()
    ]


def _is_asked_about(row: workshop.UnitChange, is_open: Mapping[str, bool]) -> bool:
    """Whether plenary is asked about a change that is no conflict, by whether those on each unit are open.

    Of a deletion only while nobody has answered, of a merge while the outline that takes the unit in waits.
    """
    if row.change in ("rejected", "renamed"):
        return True
    if row.change == "merged":
        return not row.applied and is_open.get(row.of_unit, False) and row.unit_id not in is_open
    return row.change == "deleted" and not row.applied and is_open.get(row.unit_id, True)


def of_pieces(unit_ids: str, pieces: Mapping[str, Sequence[str]]) -> str:
    """Units with ";" between them, those that were split by their pieces."""
    named = unit_ids.split(";")
    return ";".join(dict.fromkeys(one for name in named for one in pieces.get(name, [name])))


MOST_ALIKE: Final = 3
"""Sentences of one kind on one file that are told one by one; of more the first is, with a count."""


def problems_in_short(problems: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """The table of problems for people: what is said of many placemarks is said once, with their names.

    Where the sentences differ, more than :data:`MOST_ALIKE` are one row with a count. ``problems.csv``
    keeps a row for each.
    """
    # what is said of no file is of several groups: what was assumed of one is not so of the others;
    # and what is said of words in one column of a form is not so of another column
    facts_said = problems["facts"] if "facts" in problems else [""] * len(problems)
    columns = [_column_of(facts) if '"column"' in facts else "" for facts in facts_said]
    keyed = problems.assign(
        told=problems["what"] + "\n" + problems["assumed"],
        of=problems["assumed"].where(problems["file"] == "", columns),
    )
    keys = ["file", "kind", "of"]
    alike = keyed.groupby(keys, sort=False)["told"].transform("nunique")
    many = (alike > MOST_ALIKE) & (problems["kind"] != "")
    rows = []
    for _, same in keyed[many].groupby(keys, sort=False):
        place, first = same.index[0], same.iloc[0]
        facts = {"count": len(same), "what": first["what"]}
        names = listed(dict.fromkeys(name for name in same["placemark"] if name), 3, lang)
        what = words.said(Note("many alike", facts), lang)
        rows.append({**first, "what": what, "placemark": names, "folder": "", "place": place})
    short = pd.DataFrame(rows, columns=[*problems.columns, "place"]).set_index("place")
    few = _once(problems[~many], lang)
    return pd.concat([few, short]).sort_index(kind="stable").reset_index(drop=True)


def _column_of(facts: str) -> str:
    """The column of a form that a note is about; empty where it is about none."""
    return next((str(note.facts.get("column", "")) for note in notes_from_text(facts)), "")


def _once(problems: pd.DataFrame, lang: str) -> pd.DataFrame:
    """What is said of several placemarks of a file in the same words, once: with their names."""
    same = ["file", "kind", "what", "assumed"]
    is_again = problems.duplicated(same)
    if not is_again.any():
        return problems
    of_rows = problems.groupby(same, sort=False)
    names = of_rows["placemark"].transform(
        lambda of: listed([*filter(None, dict.fromkeys(of))], 3, lang)
    )
    is_one_folder = of_rows["folder"].transform("nunique") == 1
    folders = problems["folder"].where(is_one_folder, "")
    return problems.assign(placemark=names, folder=folders)[~is_again]


def problems_table(notices: Iterable[workshop.Notice], lang: str) -> pd.DataFrame:
    """Everything that was noticed and assumed, file by file in the order of the lines."""
    rows = [
        (
            *(notice.file, notice.folder, notice.placemark, notice.line),
            *(words.said(notice.note, lang), words.assumed(notice.note, lang), notice.note.key),
            notes_as_text([notice.note]),
        )
        for notice in notices
    ]
    table = pd.DataFrame(rows, columns=list(PROBLEM_COLUMNS))
    return table.sort_values(
        ["file", "line", "folder", "placemark", "what"], kind="stable", ignore_index=True
    ).drop_duplicates(ignore_index=True)
