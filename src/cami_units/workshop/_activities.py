"""Activities of units: placed, merged, compared by their wording, moved to the general section.

Tables in, tables out, all of them text. Nothing is moved or merged in silence: each change is a
line for the log.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations, islice
from math import ceil
from string import ascii_lowercase
from typing import Any, Final

import pandas as pd

from cami_units.model import (
    FINDINGS,
    HIDDEN_STATUSES,
    Note,
    Problem,
    as_typed,
    clean_name,
    in_short,
    is_missing,
    nearest_note,
    nearest_word,
    problem_of,
    records,
    text_rows,
)
from cami_units.workshop._unit_ids import letters_in_order, spoken_id, unit_ids_in, unit_ids_listed

GENERAL: Final = "general"
ACTIVITY_COLUMNS: Final = (
    *("activity_id", "unit_id", "theme", "text", "species", "countries", "priority", "timeframe"),
    *("status", "moved_from", "cost_band", "funding_source", "partner", "source"),
)
LOG_COLUMNS: Final = ("activity_id", "action", "field", "old", "new", "by", "reason")
"""The log of activities: add, amend, drop, move, back, conflict; the field, before and after."""

PROGRAMME: Final = "current programme"
"""Who brings the measures of the programme that is in force: the ground that groups amend."""

_IMPORT: Final = ("add", PROGRAMME)
DROPPED: Final = "dropped"
RECURS: Final = 0.6
"""In this share of the units that have activities an activity is suggested for all, 0–1."""

ALIKE: Final = 0.5
"""Two wordings this alike (Dice coefficient of their word stems, 0–1) may be one activity."""

_AMENDABLE: Final = (
    *("unit_id", "theme", "text", "species", "countries", "priority", "timeframe"),
    *("cost_band", "funding_source", "partner"),
)
_BESIDE_WORDS: Final = tuple(name for name in _AMENDABLE if name not in ("unit_id", "text"))
_OF_PLACE: Final = ("unit_id", "hotspot_id", "unit_name")
"""The surest name first: an id, then the hotspot of an older list, then what people call the place."""
_STEM: Final = 5
_SHORTEST: Final = 3
_IN_COMMON: Final = 4
"""So many stems two wordings have in common at least: of fewer, one word is half of what is said."""
_PARAPHRASE: Final = 3
"""So many words of its own each has at least, where one is the other in other words."""
_ALIKE_LETTERS: Final = 4
"""Forms of one word begin with so many letters: "обучить", "обучение"."""
_FIRST_IDEOGRAPH: Final = "\u2e80"
_DENIALS: Final = frozenset({"no", "not", "nor", "ban", "never", "не", "нет", "без"})
_FILLERS: Final = frozenset(
    {*("the", "and", "for", "with", "from", "into", "each", "every", "all", "any", "its", "their")}
    | {*("that", "this", "are", "how", "well", "per", "для", "или", "при", "под", "над", "как")}
)
"""Words of three letters or so that say nothing by themselves."""


# -- placing --------------------------------------------------------------------------------------


def one_unit_a_row(
    rows: pd.DataFrame, unit_ids: Collection[str], *, source: str
) -> tuple[pd.DataFrame, tuple[Problem, ...]]:
    """Activities with one unit each: "CU-001; CU-002" and "CU-003 and CU-007" are two rows.

    The first row keeps the id of the activity; further ones are new in a form, and have the next letters
    in a table ("P-001.b"). In a form a row that is to be kept or dropped stays one.

    Parameters
    ----------
    rows : DataFrame
        ``unit_id``, and any other of :data:`ACTIVITY_COLUMNS`; ``action`` where it is a form. All text.
    unit_ids : collection of str
        The units that a range ("CU-004–CU-006") may take in.
    source : str
        The name of the file, for what is said.

    Returns
    -------
    DataFrame
        The columns of `rows`.
    tuple of Problem
        How each range was read.
    """
    single, problems = [], []
    used_ids = set(rows["activity_id"]) if "activity_id" in rows else set()
    for row in text_rows(rows.fillna("")):
        activity_id = row.get("activity_id", "")
        cell = next(filter(None, (row.get(name, "") for name in _OF_PLACE)), "")
        ids = unit_ids_listed(cell, unit_ids)
        if len(ids) < 2 or (activity_id and row.get("action", "amend") != "amend"):
            single.append(row)
            continue
        single.append({**row, "unit_id": ids[0]})
        # a table may have a P-001.b of its own
        letters = (one for one in letters_in_order() if f"{activity_id}.{one}" not in used_ids)
        for unit_id, letter in zip(ids[1:], islice(letters, 1, None), strict=False):
            own = {"activity_id": f"{activity_id}.{letter}"} if activity_id else {}
            used_ids |= {*own.values()}
            if "action" in row:
                own = {"activity_id": "", "action": "add"}
            single.append({**row, **own, "unit_id": unit_id})
        if {*ids} != {*unit_ids_in(cell)}:
            note = Note("units read", {"words": cell, "names": in_short(ids, 12)}, "note")
            problems.append(problem_of("note", "activities", source, activity_id or ids[0], note))
    return pd.DataFrame(single, columns=rows.columns, dtype=str), tuple(problems)


def placed(
    rows: pd.DataFrame, units: pd.DataFrame, *, source: str
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[Problem, ...]]:
    """Activities by unit, from rows that name a unit, a hotspot, or the general section.

    Parameters
    ----------
    rows : DataFrame
        Any of :data:`ACTIVITY_COLUMNS`, and ``hotspot_id`` or ``unit_name`` where there is no
        ``unit_id``. All text.
    units : DataFrame
        ``unit_id``, ``hotspot_ids``, ``name_en``, ``name_ru``; what was split is known by ``split_from``:
        forms were handed out with its id.
    source : str
        Where the rows come from.

    Returns
    -------
    DataFrame
        :data:`ACTIVITY_COLUMNS`. ``unit_id`` is empty where no unit was found: the row is kept.
    DataFrame
        ``named`` (as the file says), ``unit_id``, ``matched_by`` (unit_id, hotspot, name, none).
    tuple of Problem
        What found no unit.
    """
    ids = {*units["unit_id"], *pieces_of(units)}
    by_hotspot = {
        hotspot: str(unit["unit_id"])
        for unit in units.to_dict("records")
        for hotspot in clean_name(unit["hotspot_ids"]).split(";")
        if hotspot
    }
    by_name = {
        clean_name(unit[column]).casefold(): str(unit["unit_id"])
        for column in ("name_ru", "name_en")
        for unit in units.to_dict("records")
        if clean_name(unit[column])
    }
    rows_placed, matches, names = [], {}, []
    for row in rows.fillna("").to_dict("records"):
        cells = {str(key): clean_name(value) for key, value in row.items()}
        named = next(filter(None, (cells.get(name, "") for name in _OF_PLACE)), "")
        unit_id, how = _place(named, ids, by_hotspot, by_name)
        matches[named] = (unit_id, how)
        names.append(named)
        full = {column: cells.get(column, "") for column in ACTIVITY_COLUMNS}
        rows_placed.append({**full, "unit_id": unit_id, "source": cells.get("source") or source})
    table = pd.DataFrame(rows_placed, columns=list(ACTIVITY_COLUMNS), dtype=str)
    match_table = pd.DataFrame(
        [(named, *match) for named, match in sorted(matches.items())],
        columns=["named", "unit_id", "matched_by"],
        dtype=str,
    )
    known_names = [*sorted(ids), *by_hotspot, *_names_of(units)]
    return table, match_table, _unplaced(table, match_table, names, known_names, source)


def _names_of(units: pd.DataFrame) -> list[str]:
    """The names of units as they are written, in all languages."""
    names = (clean_name(name) for column in ("name_en", "name_ru") for name in units[column])
    return sorted({*filter(None, names)})


def _unplaced(
    table: pd.DataFrame,
    match_table: pd.DataFrame,
    names: Sequence[str],
    known_names: Sequence[str],
    source: str,
) -> tuple[Problem, ...]:
    """What is said of activities without a unit: each name with the nearest of `known_names`."""
    lost_names = match_table.loc[
        match_table["matched_by"].eq("none") & match_table["named"].ne(""), "named"
    ].tolist()
    nameless_rows = sum(not named for named in names)
    n = int((table["unit_id"] == "").sum()) - nameless_rows
    hinted = in_short(lost_names, 8, partial(_with_nearest, known_names=known_names))
    facts = {"count": n, "names": hinted}
    notes = [Note("activities of no unit now", facts)] if lost_names else []
    notes += [Note("activities of no unit", {"count": nameless_rows})] if nameless_rows else []
    return tuple(problem_of("counted", "activities", source, "", one) for one in notes)


_NO_DIGIT: Final = re.compile(r"\D")


def _with_nearest(name: str, known_names: Sequence[str]) -> Note:
    """A name that somebody typed, with the known one that was perhaps meant, in whatever case.

    H25 is no slip for H29: a number of as many digits is another thing.
    """
    number = _NO_DIGIT.sub("", name)
    numbers = {known: _NO_DIGIT.sub("", known) for known in known_names}
    written = {
        known.casefold(): known
        for known, other in numbers.items()
        if other == number or len(other) != len(number)
    }
    close = nearest_word(name.casefold(), written)
    hint = Note("perhaps", {"word": written[close]}) if close else ""
    return Note("named so", {"name": name, "hint": hint})


def _place(
    named: str, ids: Collection[str], by_hotspot: Mapping[str, str], by_name: Mapping[str, str]
) -> tuple[str, str]:
    """The unit that a typed name means, and by what it was known."""
    if named in ids:
        return named, "unit_id"
    if spoken_id(named) in ids:  # "cu 12", or the id with the name behind it
        return spoken_id(named), "unit_id"
    if named.casefold() == GENERAL:
        return GENERAL, GENERAL
    if named in by_hotspot:
        return by_hotspot[named], "hotspot"
    if named.casefold() in by_name:
        return by_name[named.casefold()], "name"
    return "", "none"


def numbered(rows: pd.DataFrame, base: pd.DataFrame, log: pd.DataFrame | None) -> pd.DataFrame:
    """Measures of the current programme, each with an id: "P-001", or its own.

    A measure that was imported before has the id that it got then, whatever was amended since and
    wherever it stands in the file now.

    Parameters
    ----------
    rows : DataFrame
        :data:`ACTIVITY_COLUMNS`.
    base, log : DataFrame
        The activities so far, and what was done to them.
    """
    table = {row["activity_id"]: row for row in text_rows(base)}
    past = _past(log, table)
    ids_by_wording: dict[tuple[str, str], list[str]] = {}
    lines = [] if log is None else text_rows(log.fillna(""))
    imported = {line["activity_id"] for line in lines if (line["action"], line["by"]) == _IMPORT}
    # Matched by the words that it was imported with, which later amendments do not change.
    for activity_id, row in sorted(table.items()):
        # Two measures of one wording keep both ids: they are handed out in order.
        if activity_id in imported:
            fields = ("theme", "text")
            theme, text = (past.first.get((activity_id, name), row[name]) for name in fields)
            ids_by_wording.setdefault((theme, _plain(text)), []).append(activity_id)
    free = max((int(one[2:]) for one in table if re.fullmatch(r"P-\d{1,6}", one)), default=0)
    ids = []
    for row in text_rows(rows):
        before = ids_by_wording.get((row["theme"], _plain(row["text"])), [])
        activity_id = row["activity_id"] or (before.pop(0) if before else "")
        if not activity_id:
            free += 1
            activity_id = f"P-{free:03d}"
        ids.append(activity_id)
    return rows.assign(activity_id=ids)


# -- merging --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one group or file brings: its rows, with ``action`` where it is a form.

    `as_given` are the activities that a form was handed out with, by id: what differs from them is
    what the group changed. Where it is empty, what differs from the table is.
    """

    by: str
    rows: pd.DataFrame
    is_form: bool = True
    as_given: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class _Ledger:
    """Activities under way: the table so far, what earlier runs did, and what comes of this one."""

    table: dict[str, dict[str, str]]
    past: _Past
    known_ids: frozenset[str]
    lines: list[tuple[str, ...]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    wishes: dict[tuple[str, str], list[tuple[str, str, str]]] = field(default_factory=dict)

    def say(self, by: str, activity_id: str, key: str, **facts: object) -> None:
        """Note that something was not done, or otherwise than it was brought."""
        note = Note(key, facts)
        self.problems.append(problem_of("counted", "activities", by, activity_id, note))


def merged_activities(
    base: pd.DataFrame,
    contributions: Iterable[Contribution],
    *,
    owner: Mapping[str, str],
    log: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[Problem, ...]]:
    """What groups brought, merged into the activities that were there.

    Parameters
    ----------
    base : DataFrame
        :data:`ACTIVITY_COLUMNS`.
    contributions : iterable of Contribution
        In any order: they are taken by name.
    owner : mapping of unit_id to group
        Where two groups amend one activity differently, the owner of its unit has it; where
        neither is, the first by name.
    log : DataFrame, optional
        What was done so far, :data:`LOG_COLUMNS`. What it holds already was settled, and is not
        done again; who amends what another group amended meanwhile is in conflict with it.

    Returns
    -------
    DataFrame
        The activities, by id. A dropped one stays, with the status "dropped".
    DataFrame
        Lines for the log, :data:`LOG_COLUMNS`, a line each change.
    tuple of Problem
        What was not done, and why.

    Notes
    -----
    In a form an empty cell of an amended row means "as it was". A new row that says the same as
    one that is there (same unit, theme and words, and nothing else otherwise) is that one: a form read
    twice adds nothing, and takes back nothing that was done in between. Where it says more, or
    otherwise (another priority, years), both are kept, which is told; in a file that was read before it
    amends what it had added.
    """
    table = {row["activity_id"]: row for row in text_rows(base)}
    ledger = _Ledger(table, _past(log, table), frozenset(table))
    lines = ledger.lines
    # the programme first, which forms amend; then by name, in whatever order the files came
    for contribution in sorted(contributions, key=lambda one: (one.by != PROGRAMME, one.by)):
        brought = [
            {str(key): clean_name(value) for key, value in line.items()}
            for line in contribution.rows.fillna("").to_dict("records")
        ]
        again = _read_again(brought, contribution, ledger)
        for place, cells in enumerate(brought):
            activity_id = cells.get("activity_id", "")
            is_known = activity_id in ledger.known_ids
            if is_known or (activity_id in table and not contribution.is_form):
                _wish(table[activity_id], cells, contribution, ledger)
            elif place in again:
                cells |= {"action": "amend"}
                _wish(table[again[place]], cells, contribution, ledger)
            elif not contribution.is_form:
                _add(ledger, cells, contribution.by, activity_id)
            else:
                _add_by_form(ledger, cells, contribution.by)
    for (activity_id, name), asks in sorted(ledger.wishes.items()):
        row = table[activity_id]
        winner = _chosen(asks, owner.get(row["unit_id"], ""))
        old = row[name]
        for by, new, why in asks:
            if (by, new, why) == winner:
                action = "drop" if name == "status" else "amend"
                lines += [(activity_id, action, name, old, new, by, why)] if new != old else []
            elif new != winner[1]:
                lines.append((activity_id, "conflict", name, new, winner[1], by, why))
                facts = {"by": by, "column": name, "new": new, "group": winner[0], "old": winner[1]}
                note = Note("activity wanted otherwise", facts)
                ledger.problems.append(problem_of("counted", "activities", "", activity_id, note))
        row[name] = winner[1]
    merged_table = pd.DataFrame(list(table.values()), columns=list(ACTIVITY_COLUMNS), dtype=str)
    log = pd.DataFrame(lines, columns=list(LOG_COLUMNS), dtype=str)
    return merged_table.sort_values("activity_id", ignore_index=True), log, tuple(ledger.problems)


def _read_again(
    brought: Sequence[Mapping[str, str]], contribution: Contribution, ledger: _Ledger
) -> dict[int, str]:
    """By its place, the activity that a row without a known id had added when it was read before."""
    table, past = ledger.table, ledger.past
    places: dict[tuple[str, str, str], list[int]] = {}
    for place, cells in enumerate(brought):
        own_id = cells.get("activity_id", "")
        is_new = own_id not in ledger.known_ids if contribution.is_form else not own_id
        if is_new and cells.get("action", "") != "drop":
            key = (contribution.by, cells.get("unit_id", ""), _plain(cells.get("text", "")))
            places.setdefault(key, []).append(place)
    again: dict[int, str] = {}
    for key, rows in places.items():
        ids = [added_id for added_id in past.added.get(key, ()) if added_id in table]
        # of two rows of the same words each is the one that says the same beside them, then goes by order
        for has_to_be_the_same in (True, False):
            for place in (place for place in rows if place not in again):
                same_ids = (
                    added_id
                    for added_id in ids
                    if not has_to_be_the_same
                    or _said_before(brought[place], table[added_id], key[0], past)
                )
                if chosen := next(same_ids, ""):
                    again[place] = chosen
                    ids.remove(chosen)
    return again


def _said_before(cells: Mapping[str, str], row: Mapping[str, str], by: str, past: _Past) -> bool:
    """Whether a row says beside its words what an activity says, said at first, or was asked to say."""
    activity_id = row["activity_id"]
    return all(
        cells.get(name, "") in (row[name], past.first.get((activity_id, name)))
        or (by, activity_id, name, cells.get(name, "")) in past.asks
        for name in _BESIDE_WORDS
    )


def _add_by_form(ledger: _Ledger, cells: Mapping[str, str], by: str) -> None:
    """Add what a form brings under no id that is known; say what it may have meant, where it names one."""
    given, action = cells.get("activity_id", ""), cells.get("action", "")
    hint = nearest_note(given, ledger.known_ids, "perhaps")
    if given and action == "drop":
        ledger.say(by, "", "activity to drop unknown", given=given, hint=hint)
        return
    # an id typed into a form is nobody's: two groups may both have written "1"
    new_id = _add(ledger, cells, by, "")
    # "1" in a new row means nothing; an id that is to be amended, or nearly one of ours, does
    if new_id and given and (action == "amend" or hint):
        ledger.say(by, "", "activity id unknown", given=given, hint=hint, added=new_id)


def _add(ledger: _Ledger, cells: Mapping[str, str], by: str, activity_id: str) -> str:
    """Add an activity that is not there yet, with its line in the log; its id, or nothing."""
    table, past = ledger.table, ledger.past
    if not cells.get("text"):
        return ""
    unit_id, theme = cells.get("unit_id", ""), cells.get("theme", "")
    same_words = past.of_words.setdefault((unit_id, _plain(cells["text"])), [])
    other_values = {
        same_id: _otherwise(cells, table[same_id], past)
        for same_id in same_words
        if theme in (table[same_id]["theme"], past.first.get((same_id, "theme")))
    }
    # The same words for the same unit and theme are one measure, whoever writes them again.
    if not activity_id and not all(other_values.values()):
        return ""
    new_id = activity_id or _next_id(table, by)
    row = {column: cells.get(column, "") for column in ACTIVITY_COLUMNS}
    table[new_id] = {
        **row,
        "activity_id": new_id,
        "status": row["status"] or "proposed",
        "source": row["source"] or by,
    }
    same_words.append(new_id)
    ledger.lines.append((new_id, "add", "text", "", cells["text"], by, cells.get("why", "")))
    if other_values and not activity_id:
        other, names = next(iter(other_values.items()))
        facts = {"added": new_id, "other": other, "names": in_short(names, None)}
        ledger.say(by, new_id, "same words, other values", **facts)
    return new_id


def _otherwise(cells: Mapping[str, str], row: Mapping[str, str], past: _Past) -> list[str]:
    """The columns in which a row says, beside its words, what an activity neither says nor said at first."""
    return [
        name
        for name in _BESIDE_WORDS
        if cells.get(name)
        and cells[name] not in (row[name], past.first.get((row["activity_id"], name)))
    ]


def _next_id(table: Collection[str], by: str) -> str:
    """The next id of a group's activities."""
    stem = re.sub(r"[^0-9A-Za-z_-]", "", by)[:20] or "X"
    numbers = [int(one[1]) for name in table if (one := re.fullmatch(rf"{stem}-(\d+)", name))]
    return f"{stem}-{max(numbers, default=0) + 1:03d}"


@dataclass(frozen=True, slots=True)
class _Past:
    """What the log says was done.

    `first` is what each field was before anybody amended it, `asks` what each group has asked for,
    `added` what each group added to which unit in which words, `last` who amended each field last;
    `of_words` the activities of a unit in the same words, as they are and as they were at first: it grows.
    """

    first: Mapping[tuple[str, str], str]
    asks: frozenset[tuple[str, str, str, str]]
    added: Mapping[tuple[str, str, str], Sequence[str]]
    last: Mapping[tuple[str, str], str]
    of_words: dict[tuple[str, str], list[str]]


def _past(log: pd.DataFrame | None, table: Mapping[str, Mapping[str, str]]) -> _Past:
    """What earlier runs logged, so that nothing is asked or added twice."""
    log_rows = [] if log is None else log.fillna("").to_dict("records")
    cleaned_rows = [{str(key): as_typed(value) for key, value in line.items()} for line in log_rows]
    amended = [line for line in cleaned_rows if line["action"] in ("amend", "drop")]
    first: dict[tuple[str, str], str] = {}
    for line in amended:
        first.setdefault((line["activity_id"], line["field"]), line["old"])
    homes = {activity_id: row["moved_from"] or row["unit_id"] for activity_id, row in table.items()}
    added: dict[tuple[str, str, str], list[str]] = {}
    for line in (line for line in cleaned_rows if line["action"] == "add"):
        activity_id = line["activity_id"]
        unit_id = first.get((activity_id, "unit_id"), homes.get(activity_id, ""))
        added.setdefault((line["by"], unit_id, _plain(line["new"])), []).append(activity_id)
    return _Past(
        first=first,
        asks=frozenset(
            (
                line["by"],
                line["activity_id"],
                line["field"],
                # a conflict was lost: what was asked for stands where what was there does
                line["old"] if line["action"] == "conflict" else line["new"],
            )
            for line in cleaned_rows
            if line["action"] in ("amend", "drop", "conflict")
        ),
        added=added,
        last={(line["activity_id"], line["field"]): line["by"] for line in amended},
        of_words=_of_words(table, homes, first),
    )


def _of_words(
    table: Mapping[str, Mapping[str, str]],
    homes: Mapping[str, str],
    first: Mapping[tuple[str, str], str],
) -> dict[tuple[str, str], list[str]]:
    """The activities of a unit in the same words, as they are and as they were at first."""
    of_words: dict[tuple[str, str], list[str]] = {}
    for activity_id, row in table.items():
        home = homes[activity_id]
        texts = {_plain(row["text"]), _plain(first.get((activity_id, "text"), row["text"]))}
        for unit_id in {home, first.get((activity_id, "unit_id"), home)}:
            for words in texts:
                of_words.setdefault((unit_id, words), []).append(activity_id)
    return of_words


def _amendments(
    row: Mapping[str, str], cells: Mapping[str, str], contribution: Contribution, past: _Past
) -> dict[str, str]:
    """The fields of an activity that a contribution wants otherwise, as it wants them."""
    activity_id = row["activity_id"]
    home = row["moved_from"] or row["unit_id"]
    as_given = contribution.as_given.get(activity_id)
    amendments: dict[str, str] = {}
    for name in _AMENDABLE:
        new, now = cells.get(name, ""), home if name == "unit_id" else row[name]
        was_seen = as_given is not None and as_given.get(name) == now
        was_heard = (contribution.by, activity_id, name, new) in past.asks
        if not new or new == now or (was_heard and not was_seen):
            continue
        if new == (past.first.get((activity_id, name)) if as_given is None else as_given.get(name)):
            continue  # as it was before somebody else amended it: not this group's doing
        amendments[name] = new
    return amendments


def _wish(
    row: Mapping[str, str], cells: Mapping[str, str], contribution: Contribution, ledger: _Ledger
) -> None:
    """What a contribution wants of an activity that is there."""
    past, wishes, by = ledger.past, ledger.wishes, contribution.by
    activity_id, action, why = row["activity_id"], cells.get("action", ""), cells.get("why", "")
    home = row["moved_from"] or row["unit_id"]
    as_given = contribution.as_given.get(activity_id)
    amendments = _amendments(row, cells, contribution, past)
    if action == "drop":
        if row["status"] != DROPPED and (by, activity_id, "status", DROPPED) not in past.asks:
            wishes.setdefault((activity_id, "status"), []).append((by, DROPPED, why))
    elif action == "amend" or not contribution.is_form:
        for name, new in amendments.items():
            now = home if name == "unit_id" else row[name]
            wish = wishes.setdefault((activity_id, name), [])
            last_group = past.last.get((activity_id, name), by)
            if as_given is not None and as_given.get(name) != now and last_group != by:
                wish += [(last_group, now, "")] if (last_group, now, "") not in wish else []
            wish.append((by, new, why))
    elif amendments:
        ledger.say(by, activity_id, "amended without a mark", names=in_short(amendments, None))


def _chosen(asks: Sequence[tuple[str, str, str]], owner: str) -> tuple[str, str, str]:
    return next((wish for wish in asks if wish[0] == owner), asks[0])


# -- what recurs ----------------------------------------------------------------------------------


def recurring(
    activities: pd.DataFrame,
    *,
    share: float = RECURS,
    alike: float = ALIKE,
    species_names: Iterable[str] = (),
) -> pd.DataFrame:
    r"""Activities that recur from unit to unit, word for word or nearly, and how widely.

    The share of a kind of activity is :math:`n / N`: units that have it over units that have any
    activity of their own. Wordings of one theme are one kind when each is nearly the same as each
    other one (complete linkage: what only a third one joins stays apart), compared by their stems:
    the first five letters of a word, without fillers, rough but the same for English and Russian.
    Nearly the same are two

    - of the same stems; or
    - with at least four stems in common and a Dice coefficient,
      :math:`2|A \cap B| / (|A| + |B|)`, of at least `alike`, unless one names a species or a
      denial that the other does not, or has only one or two words of its own beside words of the
      other's own: those stand in the place of another ("*build* the fence", "*remove* the fence"),
      but where they begin alike, as forms of one word do.

    The three wordings of one measure in the bundled example share 7 stems, at 0.58 to 0.67, with
    three words of their own or more; no other two of a theme share more than 3 or reach 0.36.
    Opposites in many other words are not told apart: every suggestion lists its wordings for a
    person to judge. Writing without blanks (Chinese) is one kind only word for word.

    Parameters
    ----------
    activities : DataFrame
        :data:`ACTIVITY_COLUMNS`. What was moved to the general section counts for the unit it came
        from; what was dropped counts nowhere.
    share : float
        From which share on an activity is suggested for the general section, 0–1.
    alike : float
        From which likeness on two wordings may be one kind, 0–1.
    species_names : iterable of str
        Names of species, in any language: what differs in a word of these is of another species.

    Returns
    -------
    DataFrame
        ``suggestion_id`` ("R-" and its first activity), ``theme``, ``text`` (the commonest
        wording), ``wordings`` (their number), ``other_wordings``, ``n_units``, ``of_units``,
        ``share``, ``suggested``, ``moved``, ``unit_ids``, ``activity_ids``: a row for each kind
        in two units or more, widest first.
    """
    live = activities[activities["status"] != DROPPED].copy()
    live["at"] = live["moved_from"].where(live["moved_from"] != "", live["unit_id"])
    live = live[~live["at"].isin(["", GENERAL])]
    # A measure moved to the general section still counts where it came from.
    n_all = live["at"].nunique()
    telling = frozenset().union(*map(_stems, species_names), _DENIALS)
    rows = []
    for theme, within in live.groupby("theme"):
        for texts in _kinds(sorted(within["text"].unique()), alike, telling):
            kind = within[within["text"].isin(texts)].sort_values("activity_id")
            if (n := kind["at"].nunique()) < 2:
                continue
            common = kind["text"].value_counts()
            # The wording that most units use; of equally many the first by the alphabet.
            text = min(common.index, key=lambda wording: (-int(common[wording]), wording))
            ids = kind["activity_id"].tolist()
            rows.append(
                {
                    "suggestion_id": f"R-{ids[0]}",
                    "theme": str(theme),
                    "text": text,
                    "wordings": len(texts),
                    "other_wordings": " | ".join(wording for wording in texts if wording != text),
                    "n_units": n,
                    "of_units": n_all,
                    "share": round(n / n_all, 4),
                    # 13 of 39 is a third, which no float is
                    "suggested": n / n_all >= share - 1e-9,
                    "moved": bool((kind["unit_id"] == GENERAL).all()),
                    "unit_ids": ";".join(sorted(kind["at"].unique())),
                    "activity_ids": ";".join(ids),
                }
            )
    columns = [
        *("suggestion_id", "theme", "text", "wordings", "other_wordings", "n_units", "of_units"),
        *("share", "suggested", "moved", "unit_ids", "activity_ids"),
    ]
    table = pd.DataFrame(rows, columns=columns).sort_values("suggestion_id")
    return table.sort_values("n_units", ascending=False, kind="stable", ignore_index=True)


def _kinds(texts: Sequence[str], alike: float, telling: frozenset[str]) -> list[list[str]]:
    """Wordings gathered into kinds in which each is nearly the same as each other, the likest first."""
    stems = [_stems(text) for text in texts]
    pairs = sorted(
        (-_dice(stems[i], stems[j]), i, j)
        for i, j in _worth_comparing(stems, alike)
        if _is_nearly_the_same(stems[i], stems[j], alike, telling)
    )
    near = {(i, j) for _, i, j in pairs}
    kind_of = {place: [place] for place in range(len(texts))}
    for _, i, j in pairs:
        first, second = kind_of[i], kind_of[j]
        if first is not second and all(
            (min(one, other), max(one, other)) in near for one in first for other in second
        ):
            together = sorted([*first, *second])
            kind_of |= dict.fromkeys(together, together)
    kinds = sorted({tuple(places) for places in kind_of.values()})
    return [[texts[place] for place in places] for places in kinds]


def _worth_comparing(stems: Sequence[frozenset[str]], alike: float) -> set[tuple[int, int]]:
    """The pairs of wordings that may be nearly the same: of equal stems, or with a rare one in common.

    Of `n` stems two such wordings share `least` or more, so one of the `n - least + 1` rarest of each is in
    both: they are looked up by those alone, and the words that all measures of a theme use compare none.
    """
    use = Counter(stem for each in stems for stem in each)
    places: dict[object, list[int]] = {}
    for place, each in enumerate(stems):
        # 2 shared ≥ alike (n + m), and the other's m is shared at least
        least = max(_IN_COMMON, ceil(alike * len(each) / (2 - alike) - 1e-9))
        rarest = sorted(each, key=lambda stem: (use[stem], stem))
        for key in (each, *rarest[: max(0, len(each) - least + 1)]):
            places.setdefault(key, []).append(place)
    return {pair for at in places.values() for pair in combinations(at, 2)}


def _is_nearly_the_same(
    first: frozenset[str], second: frozenset[str], alike: float, telling: frozenset[str]
) -> bool:
    """Whether two wordings, by their stems, say the same: see :func:`recurring`."""
    if first == second:
        return True
    if len(first & second) < _IN_COMMON or _dice(first, second) < alike:
        return False
    fewer, more = sorted((first - second, second - first), key=len)
    if (fewer | more) & telling:
        return False
    begins = {stem[:_ALIKE_LETTERS] for stem in more}
    return not 0 < len(fewer) < _PARAPHRASE or all(
        stem[:_ALIKE_LETTERS] in begins for stem in fewer
    )


def _stems(text: str) -> frozenset[str]:
    """The beginnings of the words of a text, by which two lines are compared."""
    words = [word.removesuffix("s") for word in re.findall(r"[^\W\d_]+", text.casefold())]
    # five letters of Chinese are half a sentence: compared whole
    return frozenset(
        word[:_STEM] if word[0] < _FIRST_IDEOGRAPH else word
        for word in words
        if word in _DENIALS or (len(word) >= _SHORTEST and word not in _FILLERS)
    )


def _dice(first: frozenset[str], second: frozenset[str]) -> float:
    return 2 * len(first & second) / (len(first) + len(second)) if first and second else 0.0


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


# -- to the general section, and back -------------------------------------------------------------


def moved(
    activities: pd.DataFrame, ids: Collection[str], *, by: str, reason: str, back: bool = False
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Activities moved to the general section, or back to the units they came from.

    Returns
    -------
    DataFrame
        The activities, with ``moved_from``.
    DataFrame
        A line for the log for each that moved; one that is there already moves nowhere.
    """
    table = activities.copy()
    # A measure moved twice would forget where it came from: it moves from home, and back home,
    # only.
    at_home = table["activity_id"].isin(list(ids)) & (table["moved_from"] == "")
    away = table["activity_id"].isin(list(ids)) & (table["moved_from"] != "")
    going = away if back else at_home & ~table["unit_id"].isin(["", GENERAL])
    before = table.loc[going, "unit_id"]
    after = table.loc[going, "moved_from"] if back else pd.Series(GENERAL, index=before.index)
    lines = table.loc[going, ["activity_id"]].assign(
        action="back" if back else "move",
        field="unit_id",
        old=before,
        new=after,
        by=by,
        reason=reason,
    )
    table.loc[going, "moved_from"] = "" if back else before
    table.loc[going, "unit_id"] = after
    return table, lines.reset_index(drop=True)


# -- when units are merged or split ---------------------------------------------------------------


def successors(units: pd.DataFrame) -> dict[str, list[str]]:
    """What stands for each unit that was merged or split: by unit_id, the units as they are now.

    Parameters
    ----------
    units : DataFrame
        ``unit_id``, ``area_km2``, and ``merged_into`` and ``split_from`` where any unit was; of one
        whose ``status`` is no longer *merged* it does not count where it had gone.

    Examples
    --------
    >>> ids = {"unit_id": ["CU-1", "CU-2a", "CU-2b"], "area_km2": [9.0, 3.0, 5.0]}
    >>> successors(pd.DataFrame({**ids, "split_from": ["", "CU-2", "CU-2"]}))
    {'CU-2': ['CU-2b', 'CU-2a']}
    """
    following: dict[str, list[str]] = {}
    if not {"merged_into", "split_from"} & set(units):
        return following
    ordered = units.sort_values(["area_km2", "unit_id"], ascending=[False, True])
    told = [name for name in _OF_SUCCESSION if name in ordered]
    for row in records(pd.DataFrame(ordered)[told]):
        unit_id = str(row["unit_id"])
        if _said(row.get("merged_into")) and row.get("status", "merged") == "merged":
            following.setdefault(unit_id, []).append(_said(row["merged_into"]))
        if _said(row.get("split_from")):
            following.setdefault(_said(row["split_from"]), []).append(unit_id)
    # a piece that was split itself is in no table any more: its id says what it was a piece of
    for piece in sorted(set(following) - set(ordered["unit_id"])):
        if (whole := piece.rstrip(ascii_lowercase)) != piece:
            following.setdefault(whole, []).append(piece)
    by_area = {unit_id: place for place, unit_id in enumerate(ordered["unit_id"])}
    return {
        unit_id: sorted(
            _at_last(unit_id, following), key=lambda one: by_area.get(one, len(by_area))
        )
        for unit_id in sorted(following)
    }


_OF_SUCCESSION: Final = ("unit_id", "merged_into", "split_from", "status")


def pieces_of(units: pd.DataFrame) -> dict[str, list[str]]:
    """The pieces, as they are now, of each unit that was split: what is asked of it is asked of them.

    Examples
    --------
    >>> ids = {"unit_id": ["CU-2a", "CU-2b"], "area_km2": [3.0, 5.0]}
    >>> pieces_of(pd.DataFrame({**ids, "split_from": ["CU-2", "CU-2"]}))
    {'CU-2': ['CU-2b', 'CU-2a']}
    """
    there = set(units["unit_id"])
    of_all = successors(units.drop(columns="merged_into", errors="ignore"))
    return {unit_id: pieces for unit_id, pieces in of_all.items() if unit_id not in there}


def _at_last(unit_id: str, following: Mapping[str, Sequence[str]]) -> list[str]:
    """What a unit has become after all: merged into one that was split itself, and so on."""
    reached: dict[str, None] = {}
    waiting, seen_ids = [unit_id], {unit_id}
    while waiting:
        if (current := waiting.pop(0)) not in following:
            reached[current] = None
        for successor in following.get(current, ()):
            if successor not in seen_ids:
                seen_ids.add(successor)
                waiting.append(successor)
    return list(reached)


def followed(
    activities: pd.DataFrame, following: Mapping[str, Sequence[str]], *, by: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Activities of merged units moved to what they went into; of split units, one for each piece.

    Parameters
    ----------
    activities : DataFrame
        :data:`ACTIVITY_COLUMNS`.
    following : mapping
        As :func:`successors` gives it.
    by : str
        Who did it, for the log.

    Returns
    -------
    DataFrame
        The activities. The largest piece of a split unit keeps the id of each; the others get
        copies under the next free letters, ``A-7.b`` and so on; none where a copy has gone before.
    DataFrame
        Lines for the log: each move and each copy.
    """
    rows: list[dict[str, Any]] = []
    lines: list[tuple[str, ...]] = []
    rows_before = text_rows(activities)
    ids = {row["activity_id"] for row in rows_before}
    homes = {row["activity_id"]: row["moved_from"] or row["unit_id"] for row in rows_before}
    for cells in activities.to_dict("records"):
        row = {str(name): value for name, value in cells.items()}
        home = "moved_from" if row["moved_from"] else "unit_id"
        if not (units := following.get(row[home], ())):
            rows.append(row)
            continue
        activity_id, old = row["activity_id"], row[home]
        why = f"{old} is now {', '.join(units)}"
        # units come the largest first: it keeps the id
        rows.append({**row, home: units[0]})
        lines.append((activity_id, "amend", home, old, units[0], by, why))
        # of a measure that came back to a unit that was split, copies stand in its pieces already
        there = {
            unit_id
            for copy_id, place in homes.items()
            if copy_id.startswith(f"{activity_id}.")
            for unit_id in following.get(place, (place,))
        }
        letters = islice(letters_in_order(), 1, None)
        copy_ids = (f"{activity_id}.{letter}" for letter in letters)
        free_ids = (copy_id for copy_id in copy_ids if copy_id not in ids)
        lacking = [unit_id for unit_id in units[1:] if unit_id not in there]
        for unit_id, copy_id in zip(lacking, free_ids, strict=False):
            ids.add(copy_id)
            rows.append({**row, "activity_id": copy_id, home: unit_id})
            lines.append((copy_id, "add", "text", "", row["text"], by, f"{activity_id}: {why}"))
    table = pd.DataFrame(rows, columns=list(ACTIVITY_COLUMNS), dtype=str)
    log = pd.DataFrame(lines, columns=list(LOG_COLUMNS), dtype=str)
    return table.sort_values("activity_id", ignore_index=True), log


# -- before the final reading ---------------------------------------------------------------------


def completeness(
    units: pd.DataFrame,
    unit_criteria: pd.DataFrame,
    activities: pd.DataFrame,
    sources: Sequence[str],
) -> pd.DataFrame:
    """What each unit still lacks before the final reading.

    Returns
    -------
    DataFrame
        ``unit_id``, ``states``, ``species``, ``criteria``, ``activity``, ``status``, ``source``
        (yes or no each), ``complete``, ``missing``: by unit, rejected and merged ones left out.
    """
    live = activities[activities["status"] != DROPPED]
    # A measure that went into the general section is still the unit's own.
    with_activity = set(live["unit_id"]) | set(live["moved_from"])
    assessed = unit_criteria.groupby("unit_id")["criterion"].nunique()
    rows = []
    for unit in units.sort_values("unit_id").to_dict("records"):
        if unit["status"] in HIDDEN_STATUSES:
            continue
        unit_id = str(unit["unit_id"])
        has = {
            "states": bool(_said(unit["countries"])),
            "species": bool(_said(unit["species"])),
            "criteria": int(assessed.get(unit_id, 0)) >= len(FINDINGS),
            "activity": unit_id in with_activity,
            "status": bool(_said(unit["status"])),
            "source": bool(sources),
        }
        gaps = [name for name, is_there in has.items() if not is_there]
        rows.append({"unit_id": unit_id, **has, "complete": not gaps, "missing": ";".join(gaps)})
    columns = ["unit_id", "states", "species", "criteria", "activity", "status", "source"]
    return pd.DataFrame(rows, columns=[*columns, "complete", "missing"])


def species_by_unit(
    unit_species: pd.DataFrame, species: pd.DataFrame, lang: str = "en"
) -> pd.DataFrame:
    """Species down, units across: Q qualifying, o occurs, s supporting; empty: not there.

    Returns
    -------
    DataFrame
        ``sci_name``, ``name_en``, the name in the language where the species have it, then a column
        a unit. For focal points of a species: it holds no name of a person.
    """
    marks = {"qualifying": "Q", "occurs": "o", "supporting": "s"}
    titles = [name for name in dict.fromkeys(("name_en", f"name_{lang}")) if name in species]
    names = species.set_index("sci_name")
    marked = unit_species.assign(mark=unit_species["role"].map(marks)).dropna(subset=["mark"])
    cells = marked.pivot(index="sci_name", columns="unit_id", values="mark")
    table = cells.reindex(columns=sorted(unit_species["unit_id"].unique())).fillna("").reset_index()
    for place, title in enumerate(titles, start=1):
        called = table["sci_name"].map(names[title])
        table.insert(place, title, [clean_name(name) for name in called])
    return table.rename_axis(columns=None)


def _said(value: object) -> str:
    return "" if is_missing(value) else clean_name(value)
