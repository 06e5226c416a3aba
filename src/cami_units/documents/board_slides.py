"""What plenary is shown of each unit, in the reader's language: a slide a unit, and the overview."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from cami_units import scene, words
from cami_units.documents.form_words import first_texts, listed_said, theme_said, themes_in_order
from cami_units.documents.unit_drawing import (
    KeptDrawing,
    OnMap,
    ground,
    overview_drawings,
    places,
    unit_drawings,
)
from cami_units.model import (
    AGREED_STATUSES,
    DRAWN_CHANGES,
    FINDINGS,
    HIDDEN_STATUSES,
    SETTLING_DECISIONS,
    SILENT_CHANGES,
    SOFTWARE_STATUSES,
    STATUSES,
    Round,
    answer_said,
    clean_name,
    decided_of,
    is_missing,
    notes_from_text,
    outline_groups,
    records,
    spoken_groups,
    unit_before,
)
from cami_units.words.finding_sentences import names_of
from cami_units.words.unit_card import OPEN_QUESTIONS, field_label, open_questions, states_named

ORDERS: Final = ("rank", "group", "section")
"""How the slides can follow one another; the ids of units, named one by one, go before the rest."""

_FACTS: Final = (
    *("states", "area", "rank", "species", "protected", "barriers"),
    *("stability", "takes", "confidence", "origin"),
)
PLENARY: Final = "plenary"
"""Who decides where the log names nobody else."""


@dataclass(frozen=True, slots=True)
class ShownActivity:
    """An activity of a unit: its text, the one before where it was changed, and what became of it."""

    text: str
    old_text: str = ""
    is_dropped: bool = False
    facts: str = ""


@dataclass(frozen=True, slots=True)
class Slide:
    """What plenary is shown of one unit: words ready to show, not escaped.

    Attributes
    ----------
    unit_id, name, status : who it is; `status` is a word of the model, `status_said` is shown.
    facts : label and value, in order.
    criteria : id, mark, what it asks, because.
    compared : label, before, after – empty where there is no round before.
    proposed_by : who proposed it.
    questions : what is open.
    decisions : what plenary has said so far, oldest first.
    standing : the decision that settles it; empty while there is none, or it is parked.
    remarks : what groups pinned and typed there.
    activities : by theme, in the order of the agenda.
    drawing : its map, or ``None``.
    group, section : the group that edits it and the section it lies in, to order by.
    """

    unit_id: str
    name: str
    status: str
    status_said: str
    facts: tuple[tuple[str, str], ...]
    criteria: tuple[tuple[str, str, str, str], ...]
    compared: tuple[tuple[str, str, str], ...]
    proposed_by: str
    questions: tuple[str, ...]
    decisions: tuple[str, ...]
    standing: str = ""
    drawing: KeptDrawing | None = None
    remarks: tuple[str, ...] = ()
    activities: tuple[tuple[str, tuple[ShownActivity, ...]], ...] = ()
    group: str = ""
    section: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """The slides of a round in one language, and the map of all units before them.

    Attributes
    ----------
    lang : of every word here.
    slides : one a unit, in the order in which they are to be shown.
    overview : the map of all units, each in the colour of its status.
    statuses : status, its word, and how many units have it, in the order of a unit's life.
    decided, total : how many units plenary has decided on, of how many.
    shown : how many units there are: as on map and list, rejected and merged ones are none.
    fences : closed stretches of border and what opening each would join, the most first.
    """

    lang: str
    slides: tuple[Slide, ...]
    overview: KeptDrawing | None = None
    statuses: tuple[tuple[str, str, int], ...] = ()
    decided: int = 0
    total: int = 0
    shown: int = 0
    fences: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Loop:
    """What the loop left beside the tables of a round; a table that is missing is ``None``.

    Attributes
    ----------
    log : the decisions, as :func:`cami_units.commands.decide.read_decisions` gives them.
    before : the round before.
    changes, conflicts : what `collect` found: who changed a unit, and what is open.
    activities, activity_log : what is to be done in each unit, and what changed in that.
    groups : the group that edits each unit.
    sections : the section that each unit lies in.
    shared_ground : the other units whose ground each unit shares, and the km².
    left_ground : of each merged unit what stands for it, and the km² that lie outside of that.
    fences : the closed stretches of border that may be told of, once they were looked at.
    """

    log: pd.DataFrame
    before: Round | None = None
    changes: pd.DataFrame | None = None
    conflicts: pd.DataFrame | None = None
    activities: pd.DataFrame | None = None
    activity_log: pd.DataFrame | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    sections: Mapping[str, str] = field(default_factory=dict)
    shared_ground: Mapping[str, Sequence[tuple[str, float]]] = field(default_factory=dict)
    left_ground: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    fences: pd.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    """All that is told of one unit: its row and findings, those of the round before, and the loop's."""

    row: Mapping[str, Any]
    findings: Sequence[Mapping[str, Any]]
    old: Mapping[str, Any] | None
    old_findings: Sequence[Mapping[str, Any]]
    changes: Sequence[Mapping[str, Any]]
    conflicts: Sequence[Mapping[str, Any]]
    asked: Sequence[Mapping[str, Any]]
    decisions: Sequence[Mapping[str, Any]]
    of_round: Sequence[Mapping[str, Any]]
    """Its decisions without those of rounds before."""
    drawn_by: Sequence[str] = ()
    """The groups whose outline stands, this round's and those of rounds before."""
    taken_from: Sequence[str] = ()
    """The groups whose outline stands though it was set aside: a decision took it."""


def boards(
    round_: Round, scenes: Sequence[scene.Scene], loop: Loop, *, order: Sequence[str] = ("rank",)
) -> list[Board]:
    """What plenary is shown of a round in each language, rejected and merged units last.

    Its maps are not drawn for it, but when one of its forms is written.

    Parameters
    ----------
    round_ : Round
        With its decisions applied.
    scenes : sequence of Scene
        The same round as it is drawn, one for each language: of every phrase and name.
    loop : Loop
        What the loop has left beside it. Geometry of `before` and of the tables `set_aside` and
        `remarks` is in the CRS of the scenes or in longitude and latitude.
    order : sequence of str
        ``rank``, ``group`` or ``section``; or ids of units, which come first in this order, and the
        others behind them by rank.
    """
    first, tables = scenes[0], round_.tables
    flat = {str(row["unit_id"]): row for row in scene.records(first.units)}
    changes = _with_applied(loop.changes, tables.get("set_aside"))
    aside = _flat(_with_stands(tables), "set_aside", first.crs)
    versions, taken = _versions(aside, changes), _taken(aside)
    remarks = _by_unit(_each_unit(_flat(tables, "remarks", first.crs)))
    pinned = {
        unit_id: _numbered(remarks.get(unit_id, []), row["geometry"])
        for unit_id, row in flat.items()
    }
    earlier = _earlier(loop.before, first.crs)
    base, names = ground(first), [places(shown_scene) for shown_scene in scenes]
    maps = [
        OnMap(
            unit_id,
            earlier.get(_before(flat[unit_id], earlier), {}).get("geometry"),
            versions.get(unit_id, []),
            pinned[unit_id],
        )
        for unit_id in _ordered(flat, loop, order)
    ]
    drawings = {
        on_map.unit_id: drawings_of
        for on_map, drawings_of in zip(maps, unit_drawings(base, names, maps), strict=True)
    }
    return [
        _board(
            round_,
            shown_scene,
            loop,
            earlier,
            pinned,
            taken,
            {unit_id: maps_of[number] for unit_id, maps_of in drawings.items()},
            overview,
        )
        for number, (shown_scene, overview) in enumerate(
            zip(scenes, overview_drawings(base, names), strict=True)
        )
    ]


def _board(
    round_: Round,
    shown_scene: scene.Scene,
    loop: Loop,
    earlier: Mapping[str, Mapping[str, Any]],
    pinned: Mapping[str, Sequence[tuple[int, dict[str, Any]]]],
    taken: Mapping[str, Sequence[str]],
    drawings: Mapping[str, KeptDrawing],
    overview: KeptDrawing,
) -> Board:
    """The board in the language of a scene, a slide for each drawing."""
    lang, tables = shown_scene.lang, round_.tables
    cards = {str(row["unit_id"]): row for row in shown_scene.cards.to_dict("records")}
    flat = {str(row["unit_id"]): row for row in scene.records(shown_scene.units)}
    findings = _by_unit(shown_scene.unit_criteria)
    old_findings = _by_unit(loop.before.tables["unit_criteria"]) if loop.before else {}
    changed = _by_unit(_with_applied(loop.changes, tables.get("set_aside")))
    open_ = _by_unit(_each_unit(_open(loop.conflicts)))
    asked = _by_unit(_each_unit(_still_asked(tables.get("questions"), round_.imprint.number)))
    lines = _by_unit(loop.log)
    todo = _activities(loop, lang)
    drawn_by = round_.manifest.get("drawn_by", {})
    species = names_of({"species": shown_scene.species})["species"]
    named = {"species": {name: words.name_in(called, lang) for name, called in species.items()}}
    states = states_named(tables, lang)
    old_states = states_named(loop.before.tables, lang) if loop.before else {}
    slides = []
    for unit_id, drawing in drawings.items():
        card, row = cards[unit_id], flat[unit_id]
        was = _before(row, earlier)
        decisions = lines.get(unit_id, [])
        old = {**earlier[was], "states": old_states.get(was, "")} if was in earlier else None
        unit = _Told(
            row={**row, "states": states[unit_id]},
            findings=findings.get(unit_id, []),
            old=old,
            old_findings=old_findings.get(was, []),
            changes=changed.get(unit_id, []),
            conflicts=open_.get(unit_id, []),
            asked=asked.get(unit_id, []),
            decisions=decisions,
            of_round=_of_round(decisions, round_.imprint.number),
            drawn_by=drawn_by.get(unit_id, ()),
            taken_from=taken.get(unit_id, ()),
        )
        standing = _standing(unit)
        compared = _compared(unit, named, lang)
        # what differs from the round before is told beside what it was
        facts = [
            (field_label(card, key, lang), str(card[key]))
            for key in _FACTS
            if card[key] and words.text(key, lang) not in {label for label, _, _ in compared}
        ]
        facts += _ground_facts(unit_id, loop, lang)
        slides.append(
            Slide(
                unit_id=unit_id,
                name=_shortened(words.name_in(card, lang), _NAME_LETTERS),
                status=str(row["status"]),
                status_said=status_said(row, str(card["status"])),
                facts=tuple(facts),
                criteria=tuple(_criterion(finding, lang) for finding in unit.findings),
                compared=compared,
                proposed_by=_proposed_by(unit, lang),
                # a decision answers what was open, but for what plenary has asked itself
                questions=_asked(row) if standing else _questions(unit, lang),
                decisions=tuple(decision_said(line, lang) for line in unit.decisions),
                standing=_standing_said(unit, standing, lang),
                drawing=drawing,
                remarks=(
                    *_reasons(unit.changes, lang),
                    *_remarks(pinned[unit_id], () if standing else unit.asked, lang),
                ),
                activities=todo.get(unit_id, ()),
                group=loop.groups.get(unit_id, ""),
                section=loop.sections.get(unit_id, ""),
            )
        )
    return Board(
        lang,
        tuple(slides),
        overview,
        _counted_statuses([row["status"] for row in flat.values()], lang),
        # by the table, as the desk counts: what an earlier round decided is in no log of this one
        *decided_of(flat[unit_id] for unit_id in drawings),
        len(scene.shown_units(shown_scene.units)),
        _fences(loop.fences, tables["species"], lang),
    )


_FENCES: Final = 10
"""Stretches on the slide: as many as can be read from the last row of a room."""


def _fences(
    table: pd.DataFrame | None, species: pd.DataFrame, lang: str
) -> tuple[tuple[str, str], ...]:
    """The first stretches to open and what that would join, once `fences` has looked."""
    if table is None:
        return ()
    rows = table[table["gain"] > 0].sort_values(["rank", "stretch_id"]).head(_FENCES)
    return tuple(
        (words.fence_name(row, lang), words.fence_opening(row, species, lang))
        for row in rows.to_dict("records")
    )


def _counted_statuses(all_statuses: Sequence[str], lang: str) -> tuple[tuple[str, str, int], ...]:
    """Each status that units have, its word, and how many have it."""
    return tuple(
        (status, words.text(status, lang), all_statuses.count(status))
        for status in STATUSES
        if status in all_statuses
    )


def _versions(
    table: gpd.GeoDataFrame | None, changes: pd.DataFrame | None
) -> dict[str, list[dict[str, Any]]]:
    """Other groups' outlines, by unit.

    What a decision replaced is set aside for an undo: it is the version of the groups that drew it,
    and nobody's where none did. One that stands is no other version.
    """
    changed = _by_unit(changes)
    versions: dict[str, list[dict[str, Any]]] = {}
    for unit_id, rows in _by_unit(table).items():
        drawers = dict.fromkeys(
            row["group"]
            for row in changed.get(unit_id, [])
            if _applied(row) and row["change"] in DRAWN_CHANGES
        )
        for row in rows:
            if row["group"] == "before":
                row["group"] = "+".join(drawers)
        versions[unit_id] = [row for row in rows if row["group"] and not row["stands"]]
    return versions


def _taken(table: gpd.GeoDataFrame | None) -> dict[str, list[str]]:
    """By unit the groups whose outline was set aside and stands now."""
    return {
        unit_id: [row["group"] for row in rows if row["stands"] and row["group"] != "before"]
        for unit_id, rows in _by_unit(table).items()
    }


def _with_stands(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Tables that say of each outline set aside whether it is the one of its unit: as stored, before it is moved."""
    aside, units = tables.get("set_aside"), tables["conservation_units"]
    if aside is None:
        return dict(tables)
    standing = dict(zip(units["unit_id"], units.geometry, strict=True))
    pairs = zip(aside["unit_id"], aside.geometry, strict=True)
    stands = [bool(shape.equals(standing.get(unit_id))) for unit_id, shape in pairs]
    return {**tables, "set_aside": aside.assign(stands=stands)}


def _ordered(units: Mapping[str, Mapping[str, Any]], loop: Loop, order: Sequence[str]) -> list[str]:
    """The ids of units as they are to follow one another."""
    by_hand = {unit_id: number for number, unit_id in enumerate(order)}
    groups = {"group": loop.groups, "section": loop.sections}.get(order[0] if order else "", {})

    def key(unit_id: str) -> tuple[Any, ...]:
        """By hand where somebody put it, else by group and rank; hidden units last."""
        row = units[unit_id]
        return (
            row["status"] in HIDDEN_STATUSES,
            by_hand.get(unit_id, len(by_hand)),
            groups.get(unit_id) or "~",  # units of nobody come last
            float("inf") if is_missing(row["rank"]) else float(row["rank"]),
            unit_id,
        )

    return sorted(units, key=key)


# -- tables by unit -------------------------------------------------------------------------------


def _by_unit(table: pd.DataFrame | None) -> dict[str, list[dict[str, Any]]]:
    """The rows of a table by the unit that they speak of."""
    rows: dict[str, list[dict[str, Any]]] = {}
    if table is not None:
        for row in records(table):
            rows.setdefault(clean_name(row["unit_id"]), []).append(row)
    return rows


def _flat(tables: Mapping[str, Any], name: str, crs: str) -> gpd.GeoDataFrame | None:
    """A layer that `collect` left in the round, in the scene's CRS; ``None`` where there is none."""
    table = tables.get(name)
    return table.to_crs(crs) if isinstance(table, gpd.GeoDataFrame) else None


def _earlier(before: Round | None, crs: str) -> dict[str, dict[str, Any]]:
    """The units of the round before, by id, in the scene's CRS."""
    if before is None:
        return {}
    flat = gpd.GeoDataFrame(before.tables["conservation_units"]).to_crs(crs)
    return {str(row["unit_id"]): row for row in scene.records(flat)}


def _before(row: Mapping[str, Any], earlier: Mapping[str, Any]) -> str:
    """What a unit of the table is held against, of the units of the round before."""
    return unit_before(str(row["unit_id"]), clean_name(row.get("split_from")), earlier)


def _each_unit(table: pd.DataFrame | None) -> pd.DataFrame | None:
    """Remarks as a row for each unit that they speak of, with all of its remark in ``units``."""
    if table is None:
        return None
    units = table["unit_id"].fillna("").str.split(";")
    split = table.assign(unit_id=units, units=units)
    return pd.DataFrame(split.explode("unit_id"))


# -- activities -----------------------------------------------------------------------------------


def _activities(
    loop: Loop, lang: str
) -> dict[str, tuple[tuple[str, tuple[ShownActivity, ...]], ...]]:
    """The activities of each unit by theme, with the text that each had at first."""
    if loop.activities is None:
        return {}
    first = first_texts(loop.activity_log)
    by_unit: dict[str, dict[str, list[ShownActivity]]] = {}
    for row in loop.activities.sort_values("activity_id").to_dict("records"):
        old = first.get(str(row["activity_id"]), "")
        facts = (row["priority"], row["timeframe"], row["partner"])
        activity = ShownActivity(
            clean_name(row["text"]),
            old if old != clean_name(row["text"]) else "",
            row["status"] == "dropped",
            " · ".join(listed_said(value, lang) for value in facts if clean_name(value)),
        )
        themes = by_unit.setdefault(str(row["unit_id"]), {})
        themes.setdefault(str(row["theme"]), []).append(activity)
    return {
        unit_id: tuple(
            (theme_said(theme, lang), tuple(themes[theme]))
            for theme in themes_in_order(themes)
            if theme in themes
        )
        for unit_id, themes in by_unit.items()
    }


# -- words ----------------------------------------------------------------------------------------


def _numbered(
    remarks: Sequence[dict[str, Any]], unit: BaseGeometry
) -> list[tuple[int, dict[str, Any]]]:
    """Remarks with the number that stands beside them on the map; 0: a comment has no place there.

    Nor has a pin that speaks of the unit from afar. Conflicts are questions, not remarks.
    """
    west, south, east, north = unit.bounds
    # half as far again on each side: the map of the unit is then half its size at worst
    x, y = (east - west) / 2, (north - south) / 2
    near = shapely.box(west - x, south - y, east + x, north + y)
    remarks = [row for row in remarks if row["kind"] != "conflict"]
    has_place = [row["kind"] != "comment" and row["geometry"].intersects(near) for row in remarks]
    placed_rows = [row for row, is_placed in zip(remarks, has_place, strict=True) if is_placed]
    others = [row for row, is_placed in zip(remarks, has_place, strict=True) if not is_placed]
    return [*enumerate(placed_rows, start=1), *((0, row) for row in others)]


def _remarks(
    pinned: Iterable[tuple[int, Mapping[str, Any]]], asked: Iterable[Mapping[str, Any]], lang: str
) -> list[str]:
    """Remarks as they are read, without what stands on the slide as a question."""
    questions = {clean_name(row["text"]) for row in asked}
    told = []
    for number, row in pinned:
        lines = [clean_name(line) for line in str(row["text"]).split("\n")]
        own_lines = [line for line in lines if line and line not in questions]
        if own_lines or row["kind"] != "comment":
            told.append(_remark(number, {**row, "text": " · ".join(own_lines)}, lang))
    return told


def _remark(number: int, row: Mapping[str, Any], lang: str) -> str:
    """A remark as it is read: its number, the group, what the pin is called and what it says."""
    is_pin = row["kind"] != "comment"  # a comment stands under the name of the unit itself
    titled = [_shortened(clean_name(row["placemark"]), _NAME_LETTERS)] if is_pin else []
    remark_text = " · ".join(dict.fromkeys(filter(None, [*titled, clean_name(row["text"])])))
    group = spoken_groups(clean_name(row["group"]), lang)
    by_group = words.with_label(group, remark_text, lang) if group else remark_text
    who = _shortened(by_group, _SAID_LETTERS)
    return f"({number}) {who}" if number else who


def _criterion(finding: Mapping[str, Any], lang: str) -> tuple[str, str, str, str]:
    """A gate or criterion: its id, its mark, what it asks, and because."""
    name = str(finding["criterion"])
    asks = words.text(name, lang) if words.has(name) else ""
    return name, words.mark(finding["met"], name), asks, clean_name(finding["because"])


def _standing(unit: _Told) -> Mapping[str, Any] | None:
    """The line of the log that settles the unit: the last one that nobody took back."""
    word = clean_name(unit.row.get("decision"))
    lines = [line for line in unit.of_round if _is_settling(line) and line["decision"] == word]
    return lines[-1] if lines else None


def _of_round(decisions: Sequence[Mapping[str, Any]], number: str) -> list[Mapping[str, Any]]:
    """The decisions of a round, without those of rounds before."""
    return [line for line in decisions if line["round"] == number]


def _standing_said(unit: _Told, standing: Mapping[str, Any] | None, lang: str) -> str:
    """The decision that settles a unit, in words: that of this round, else of one before; or nothing.

    What this round has taken back or parked no earlier one settles.
    """
    before = [] if unit.of_round else [line for line in unit.decisions if _is_settling(line)]
    is_parked = clean_name(unit.row.get("decision")) == "park"
    settling = [standing] if standing else [] if is_parked else before
    return decision_said(settling[-1], lang) if settling else ""


def _is_settling(line: Mapping[str, Any]) -> bool:
    return line["decision"] in SETTLING_DECISIONS


def _open(conflicts: pd.DataFrame | None) -> pd.DataFrame | None:
    """The conflicts that nobody has answered; in rounds of old, which do not say, all of them."""
    if conflicts is None or "open" not in conflicts:
        return conflicts
    # text in a CSV, a truth value in a round that was measured a moment ago
    return conflicts[conflicts["open"].astype(str).str.casefold() != "false"]


def _still_asked(questions: pd.DataFrame | None, number: str) -> pd.DataFrame | None:
    """What forms ask, what became of units that are gone or wait to be merged, and what nobody has answered since.

    Conflicts of this round stand on the slide with the ground that is in question.
    """
    if questions is None or questions.empty:
        return None
    return questions[
        questions["kind"].isin(["form", "deleted", "merged"]) | questions["round"].ne(number)
    ]


def _reasons(changes: Iterable[Mapping[str, Any]], lang: str) -> list[str]:
    """Why a group rejects or renames the unit, in its own words."""
    reasons = []
    for change in changes:
        why = clean_name(change.get("reason")) or _noted(change, "note", lang)
        if change["change"] in ("rejected", "renamed") and why:
            group = spoken_groups(clean_name(change["group"]), lang)
            what = f"{words.text('change ' + change['change'], lang)} – {why}"
            reasons.append(_shortened(words.with_label(group, what, lang), _SAID_LETTERS))
    return reasons


def _noted(row: Mapping[str, Any], column: str, lang: str) -> str:
    """What a row of the loop notes, in the reader's language; in rounds of old, as it was written."""
    notes = notes_from_text(row.get("facts"))
    return words.in_clauses((words.said(note, lang) for note in notes), lang) or clean_name(
        row.get(column)
    )


def _ground_facts(unit_id: str, loop: Loop, lang: str) -> list[tuple[str, str]]:
    """What is to be said of the ground of a unit: that others have it too, that a merge takes it off the map."""
    facts = []
    if unit_id in loop.shared_ground:
        shared_said = _shared(loop.shared_ground[unit_id], lang)
        facts.append((words.text("shares ground", lang), shared_said))
    if unit_id in loop.left_ground:
        into, km2 = loop.left_ground[unit_id]
        area = f"{words.number(km2, lang)} {words.text('km2', lang)}"
        area_said = words.text("outside taker", lang, km2=area, into=_spoken(into, lang))
        facts.append((words.text("leaves the map", lang), area_said))
    return facts


def _shared(others: Sequence[tuple[str, float]], lang: str) -> str:
    """The units whose ground a unit shares, and how much of it, the most first."""
    by_km2 = sorted(others, key=lambda pair: -pair[1])
    unit = words.text("km2", lang)
    areas = ((name, f"{words.number(km2, lang)} {unit}") for name, km2 in by_km2)
    return words.in_clauses((words.with_aside(name, km2, lang) for name, km2 in areas), lang)


def status_said(row: Mapping[str, Any], said: str) -> str:
    """The status of a unit in words, and of one that was merged where it went."""
    into = clean_name(row.get("merged_into")) if row["status"] == "merged" else ""
    return f"{said} → {into}" if into else said


def _proposed_by(unit: _Told, lang: str) -> str:
    """Whose outline this is, by what was taken, groups did and this round decided, else by what earlier ones did."""
    if unit.taken_from:
        return _groups_said(unit.taken_from, lang)
    rows = [(clean_name(row["group"]), row["change"], _applied(row)) for row in unit.changes]
    if own_groups := outline_groups(rows):
        return _groups_said({*own_groups, *unit.drawn_by}, lang)
    of_round = _proposer(unit.row, unit.drawn_by, unit.of_round, lang)
    return of_round or _proposer(unit.row, (), unit.decisions, lang)


def _groups_said(groups: Iterable[str], lang: str) -> str:
    """Groups as those who propose an outline."""
    names = [spoken_groups(name, lang) for name in sorted(groups)]
    return f"{words.text('group', lang)} {words.in_list(names, lang)}"


def _proposer(
    row: Mapping[str, Any], drawn_by: Sequence[str], log: Sequence[Mapping[str, Any]], lang: str
) -> str:
    """Whose an outline is that no group has touched in this round, by what it was at first; empty: nobody knows."""
    first = clean_name(log[0]["before"]) if log else str(row["status"])
    if first in SOFTWARE_STATUSES:
        return words.text("software", lang)
    # of a round before, whose log is closed: whoever drew it first, plenary has made it its own
    if first in AGREED_STATUSES:
        return words.text("by plenary", lang)
    if first in HIDDEN_STATUSES:
        return ""
    # confirmed as it was in a round before, whose changes are in none of this one
    return _groups_said(drawn_by, lang) if drawn_by else words.text("a working group", lang)


def _applies(change: Mapping[str, Any]) -> bool:
    """Whether a row of the changes tells of the outline that stands, not of one set aside."""
    return change["change"] not in SILENT_CHANGES and _applied(change) is not False


def _with_applied(
    changes: pd.DataFrame | None, set_aside: pd.DataFrame | None
) -> pd.DataFrame | None:
    """Changes with the column `applied`; in rounds of old, which lack it, by what was set aside."""
    if changes is None or changes.get("applied", pd.Series(dtype=str)).astype(str).ne("").any():
        return changes
    columns = [] if set_aside is None else [set_aside["unit_id"], set_aside["group"]]
    pairs = set(zip(*columns, strict=True))
    is_aside = [pair in pairs for pair in zip(changes["unit_id"], changes["group"], strict=True)]
    return changes.assign(applied=pd.Series(is_aside, index=changes.index).map({True: "false"}))


def _applied(change: Mapping[str, Any]) -> bool | None:
    """Whether a row of the changes was applied: in the table as it is, or read from a CSV; None: nothing to apply."""
    return {"true": True, "false": False}.get(str(change["applied"]).casefold())


def _met(findings: Iterable[Mapping[str, Any]]) -> dict[str, bool | None]:
    """The verdict of each criterion."""
    return {
        str(row["criterion"]): None if is_missing(row["met"]) else bool(row["met"])
        for row in findings
    }


def _compared(
    unit: _Told, named: Mapping[str, Mapping[str, str]], lang: str
) -> tuple[tuple[str, str, str], ...]:
    """What is different from the round before, and the area in any case."""
    row, old = unit.row, unit.old
    if old is None:
        return ()
    was, now = _met(unit.old_findings), _met(unit.findings)
    old_km2, new_km2 = (
        f"{words.number(float(value['area_km2']), lang)} {words.text('km2', lang)}"
        for value in (old, row)
    )
    rows = [(words.text("area", lang), old_km2, new_km2)] if old_km2 != new_km2 else []
    for key, label in (("states", "states"), ("species", "species"), ("rank_label", "rank")):
        before, after = (_called(value[key], named.get(key, {}), lang) for value in (old, row))
        if before != after:
            # a unit that was rejected or merged has no rank any more
            blank = words.text("not ranked" if label == "rank" else "no species", lang)
            rows.append((words.text(label, lang), before or blank, after or blank))
    rows += [
        (name, words.mark(was.get(name), name), words.mark(now.get(name), name))
        for name in FINDINGS
        if name in was and name in now and was[name] != now[name]
    ]
    return tuple(rows)


def _called(ids: object, names: Mapping[str, str], lang: str) -> str:
    """Species as they are called, one after the other; what has no name, as it stands."""
    return words.in_list((names.get(name, name) for name in clean_name(ids).split(";")), lang)


def _spoken(value: object, lang: str) -> str:
    return words.in_list(clean_name(value).split(";"), lang)


def _questions(unit: _Told, lang: str) -> tuple[str, ...]:
    """What plenary should settle.

    What it asks itself, conflicts, what forms and earlier rounds ask, criteria lost, what falls short as
    drawn, what is parked, what nobody assessed.
    """
    was, now = _met(unit.old_findings), _met(unit.findings)
    lost_criteria = [name for name in FINDINGS if was.get(name) and now.get(name) is not True]
    unknown = [name for name in FINDINGS if name in now and now[name] is None]
    questions = [*_asked(unit.row), *(_conflict(row, lang) for row in unit.conflicts)]
    for row in unit.asked:
        parts = (_spoken(spoken_groups(row["group"], lang), lang), _noted(row, "text", lang))
        questions.append(words.with_label(*parts, lang) if all(parts) else "".join(parts))
    if lost_criteria:
        criteria = words.in_list(lost_criteria, lang)
        questions.append(words.with_label(words.text("no longer meets", lang), criteria, lang))
    short = {clean_name(row["decision"]) for row in unit.changes if _applies(row)}
    questions += [
        words.with_label(words.text("as drawn", lang), words.text(decision, lang), lang)
        for decision in ("area of interest", "not proposed")
        if decision in short
    ]
    questions += [decision_said(line, lang) for line in _parked(unit)]
    if unknown:
        criteria = words.in_list(unknown, lang)
        questions.append(words.with_label(words.text("not assessed", lang), criteria, lang))
    return tuple(_shortened(question, _SAID_LETTERS) for question in questions)


def _parked(unit: _Told) -> Sequence[Mapping[str, Any]]:
    """The line of the log that parked a unit, while it is parked."""
    if clean_name(unit.row.get("decision")) != "park":
        return ()
    return [line for line in unit.decisions if line["decision"] == "park"][-1:]


def _asked(unit: Mapping[str, Any]) -> tuple[str, ...]:
    """One more question, and another, until each is answered or withdrawn."""
    asked = open_questions(unit.get(OPEN_QUESTIONS)).values()
    return tuple(_shortened(question, _SAID_LETTERS) for question in asked)


def _conflict(row: Mapping[str, Any], lang: str) -> str:
    """A conflict as a question: between whom, over how much, and what applies until it is settled."""
    # all but the plainest say themselves what happened; in rounds of old there are no others
    if clean_name(row.get("kind")) in ("", "two groups"):
        groups = _spoken(spoken_groups(row["groups"], lang), lang)
        question = words.with_label(words.text("conflict between", lang), groups, lang)
    else:
        question = _noted(row, "what", lang)
    if others := [unit_id for unit_id in row["units"] if unit_id != row["unit_id"]]:
        question = f"{words.in_list(others, lang)} – {question}"
    if _is_number(row["overlap_km2"]):
        area = f"{words.number(float(row['overlap_km2']), lang)} {words.text('km2', lang)}"
        question = words.in_list([question, area], lang)
    answer = answer_said(clean_name(row["resolution"]) or clean_name(row["default"]), lang)
    return words.with_aside(question, answer, lang)


def _is_number(value: object) -> bool:
    """Whether a cell holds a number above nothing."""
    try:
        return float(str(value)) > 0
    except ValueError:
        return False


def by_said(who: object, lang: str) -> str:
    """Who decided: plenary in the reader's language, a group or a role as it was written."""
    name = clean_name(who)
    return words.text("by plenary", lang) if name == PLENARY else name


def decision_said(line: Mapping[str, Any], lang: str) -> str:
    """A line of the log as it is read: what, who, why; and when."""
    parts = [
        words.text(str(line["decision"]), lang) if words.has(line["decision"]) else "",
        by_said(line["by"], lang),
        clean_name(line["document"]),
        clean_name(line["reason"]),
        words.moment(clean_name(line["time"]), lang),
    ]
    return " · ".join(_shortened(part, _SAID_LETTERS) for part in parts if part)


_NAME_LETTERS: Final = 120
_SAID_LETTERS: Final = 700
"""Letters of a name, and of what somebody said, on a slide: more push its criteria off the screen.
Tables have the whole of it."""


def _shortened(said: str, most: int) -> str:
    """What somebody typed, as much of it as a slide holds."""
    return said if len(said) <= most else f"{said[: most - 1].rstrip()}…"
