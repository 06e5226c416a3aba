"""Decisions of plenary: a log that only grows, and a round that shows what stands in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, Required, TypedDict, Unpack

import geopandas as gpd
import pandas as pd

from cami_units import kml, layers, scene, store, workshop
from cami_units.commands.round_files import products
from cami_units.commands.shown_round import carry_stamp, crs_of, kept_pieces
from cami_units.model import (
    BEFORE,
    HIDDEN_STATUSES,
    STATUSES,
    InputError,
    Note,
    Problem,
    Progress,
    Round,
    Step,
    as_typed,
    clean_name,
    harmless,
    in_short,
    nearest_note,
    quiet,
    text_rows,
)
from cami_units.words.finding_sentences import facts_that_stand, is_taken_out, names_of, rationale
from cami_units.words.unit_card import OPEN_QUESTIONS, open_questions

_CLOSING: Final = ("answer", "withdraw")
ASKING: Final = ("ask", *_CLOSING)
"""What plenary can say of one more question on a unit; status, name and outline stay as they are."""
DECISIONS: Final = ("agree", "agree-with-change", "park", "reject", "merge", "undo", *ASKING)
"""What plenary can say of a unit. `undo` takes back the last decision that stands: one more line."""
AGREEING: Final = ("agree", "agree-with-change")

DECISION_LOG: Final = "decisions.csv"
EARLIER_LOGS: Final = "decisions_*.csv"
"""The logs of the rounds before, which `collect` lays beside."""
DECISION_COLUMNS: Final = (
    *("unit_id", "round", "decision", "before", "status", "by", "document", "time", "reason"),
    *("geometry_hash", "into", "name_en", "name_ru", "outline"),
    *("old_name_en", "old_name_ru", "question", "old_decision"),
)
"""`before` is the status until then, `old_decision` what a unit was marked with, and `old_name_…` the
names, so that the log can take a decision back. `into` is the unit that a merged one goes into,
`outline` the group whose version stands now, `question` the id of what was asked, answered or withdrawn.
"""

_AGREED: Final = STATUSES[3]
_BY_DOCUMENT: Final = {"endorsed": STATUSES[4], "adopted": STATUSES[5]}
_REJECTED: Final = STATUSES[6]


class DecisionOptions(TypedDict, total=False):
    """What is said with a decision; but for reason and time an empty string unless said otherwise.

    reason : why, on one line; with *ask* the question, with *answer* the answer.
    time : when, ISO 8601. The caller looks at the clock; nothing here does.
    by : a group or a role, never a person; ``"plenary"`` where nothing is said.
    document : the number of the document that says so; a must for `status`.
    status : ``"endorsed"`` or ``"adopted"``, what a document has made of the unit: only with *agree*.
    into : the unit that it is merged into, whose outline stays as it is: only with *merge*.
    name_en, name_ru : a new name: only with an agreeing decision.
    outline : a group whose version was set aside (or its file): that outline stands from now on, and
        is measured. Only with an agreeing decision.
    question : the id of the question that is answered or withdrawn; the only one where it is left out.
    """

    reason: Required[str]
    time: Required[str]
    by: str
    document: str
    status: str
    into: str
    name_en: str
    name_ru: str
    outline: str
    question: str


def decide(
    directory: Path,
    unit_id: str,
    decision: str,
    *,
    progress: Progress = quiet,
    **options: Unpack[DecisionOptions],
) -> pd.Series[str]:
    """Append one decision to the log of a round, then show it in the round's tables and maps.

    Parameters
    ----------
    directory : Path
        The folder of the round.
    unit_id : str
        The unit decided on.
    decision : {"agree", "agree-with-change", "park", "reject", "merge", "undo", "ask", "answer", "withdraw"}
        agree: plenary-agreed; park: the status stays, and is marked; reject: rejected; merge: it
        goes into another unit; undo: back to how it was before the last decision that stands. ask:
        one more question on the unit, which stands on it until it is answered or withdrawn.
    **options
        :class:`DecisionOptions`.

    Returns
    -------
    Series
        The line as :func:`read_decisions` gives it, by :data:`DECISION_COLUMNS`.

    Raises
    ------
    InputError
        With everything at once that is wrong with the decision; nothing is written then. Or the tables
        cannot be written, and the line stands: it is said.

    Notes
    -----
    The line is on the disk before the tables are touched. Should the power go in between, the next
    command that opens the round with :func:`decided_round` shows the decision all the same.
    """
    line, _ = decide_and_show(directory, unit_id, decision, progress=progress, **options)
    return line


def decide_and_show(
    directory: Path,
    unit_id: str,
    decision: str,
    *,
    progress: Progress = quiet,
    **options: Unpack[DecisionOptions],
) -> tuple[pd.Series[str], Round]:
    """As :func:`decide`: the line, and the round as it was written, for whoever says what follows."""
    # one reading of the file for both halves
    stored = store.open_round(directory)
    line = _recorded(stored, directory, unit_id, decision, **options)
    progress(Step("the decision is on the disk; now tables and maps:", unit_id), 0, 0)
    try:
        return line, _show(stored, directory, progress)
    except InputError as error:  # a full disk: whoever decides once more has two lines
        raise InputError.of("decided, not shown", what=error.note, log=DECISION_LOG) from error


def record_decision(
    directory: Path, unit_id: str, decision: str, **options: Unpack[DecisionOptions]
) -> pd.Series[str]:
    """Append one decision to the log of a round, and nothing else: the first half of :func:`decide`.

    Returns
    -------
    Series
        The line as :func:`read_decisions` gives it, by :data:`DECISION_COLUMNS`.

    Raises
    ------
    InputError
        As :func:`decide`; nothing is written then.
    """
    # The room waits for this line: of the whole round only what a decision asks for is read.
    return _recorded(store.open_round(directory), directory, unit_id, decision, **options)


def _recorded(
    stored: Round,
    directory: Path,
    unit_id: str,
    decision: str,
    *,
    reason: str,
    time: str,
    by: str = "plenary",
    document: str = "",
    status: str = "",
    into: str = "",
    name_en: str = "",
    name_ru: str = "",
    outline: str = "",
    question: str = "",
) -> pd.Series[str]:
    """The line of a decision, on the disk. Named one by one: a misspelt option is an error, not nothing."""
    log = read_decisions(directory)
    base_round = decided(stored, log)
    unit_id = workshop.unit_id_typed(unit_id)
    names_typed = {"name_en": name_en, "name_ru": name_ru}
    line = dict.fromkeys(DECISION_COLUMNS, "") | {
        "unit_id": unit_id,
        "round": base_round.imprint.number,
        "decision": decision,
        "by": clean_name(by),
        "document": clean_name(document),
        "time": clean_name(time),
        "reason": clean_name(reason),
        "into": workshop.unit_id_typed(into),
        **{key: clean_name(name) for key, name in names_typed.items()},
        "outline": clean_name(outline),
        "question": clean_name(question),
    }
    questions = _asked_of(base_round, unit_id)
    if decision in _CLOSING and not line["question"] and len(questions) == 1:
        [line["question"]] = questions
    earlier = standing_before(directory) if decision == "undo" else {}
    if faults := _faults(base_round, log, line, document, status, earlier.get(unit_id)):
        raise InputError.of("nothing decided", lines=["", *faults])
    if decision == "ask":
        line["question"] = _next_question(base_round, log)
    units = gpd.GeoDataFrame(base_round.tables["conservation_units"]).set_index("unit_id")
    before = str(units.at[unit_id, "status"])
    shape = units.geometry[unit_id]
    if line["outline"]:
        shape = _versions(base_round, unit_id)[line["outline"]]
    line |= {
        "before": before,
        "status": _status_after(log, unit_id, decision, before, status),
        "geometry_hash": kml.geom_hash(shape),
        "old_name_en": clean_name(units.at[unit_id, "name_en"]),
        "old_name_ru": clean_name(units.at[unit_id, "name_ru"]),
        "old_decision": clean_name(units.at[unit_id, "decision"]) if "decision" in units else "",
    }
    for one, other in (("name_en", "name_ru"), ("name_ru", "name_en")):
        old_one, old_other = line[f"old_{one}"], line[f"old_{other}"]
        if line[one] and not names_typed[other]:
            same = workshop.without_same_words(old_one, line[one], old_other)
            line[other] = "" if same == old_other else same
    written = {column: harmless(value) for column, value in line.items()}
    store.append_to_log(directory / DECISION_LOG, written, columns=DECISION_COLUMNS)
    return pd.Series(line)


def show_decisions(directory: Path, *, progress: Progress = quiet) -> None:
    """Write the tables and maps of a round as its log leaves them: the second half of :func:`decide`.

    What has a new outline is measured first.
    """
    _show(store.open_round(directory), directory, progress)


def _show(stored: Round, directory: Path, progress: Progress) -> Round:
    """Write a stored round over itself as its log leaves it; the round as it was written."""
    problems: list[Problem] = []
    with store.rewriting(directory), kept_pieces(directory):
        stored = store.as_it_is_now(stored, directory)
        log = read_decisions(directory)
        shown = decided(stored, log)
        moved_ids = _moved_ids(stored, shown)
        if moved_ids:
            # Measuring wants much that a decision otherwise does not: it is fetched only here.
            from cami_units.commands._next_round import measured_again

            progress("measuring the outline that was decided on", 0, 0)
            shown = measured_again(_with_former_outlines(stored, shown, moved_ids), moved_ids)
        files = products(shown, noticed=problems, progress=progress)
        store.update_round(shown, directory, files=files)
        carry_stamp(shown, directory)
    # Somebody else has decided meanwhile, and may have written before this run did.
    if len(read_decisions(directory)) > len(log):
        return _show(store.open_round(directory), directory, progress)
    return shown


def are_decisions_shown(directory: Path) -> bool:
    """Whether the tables of a round are as its log leaves them; not, where the power went in between."""
    stored = store.open_round(directory)
    shown = decided(stored, read_decisions(directory))
    old, new = (gpd.GeoDataFrame(one.tables["conservation_units"]) for one in (stored, shown))
    return bool(old.equals(new))


def shared_ground(round_: Round) -> pd.DataFrame:
    """Which units that stand share ground, and how much: a row for each of the two.

    A unit that plenary let stand by itself again lies on ground that another had taken in, and the
    area of both counts it.

    Returns
    -------
    DataFrame
        ``unit_id``, ``other``, ``km2``, by both ids.
    """
    units = gpd.GeoDataFrame(round_.tables["conservation_units"])
    units = scene.shown_units(units)
    ids = units["unit_id"].tolist()
    ground = layers.to_equal_area(units, crs_of(round_)).geometry
    pairs = [(ids[a], ids[b], km2) for a, b, km2 in workshop.sharing(ground)]
    rows = sorted([*pairs, *((second, first, km2) for first, second, km2 in pairs)])
    return pd.DataFrame(rows, columns=["unit_id", "other", "km2"])


def left_ground(round_: Round) -> pd.DataFrame:
    """How much of each merged unit lies in nothing that stands for it now: that ground left the map.

    Returns
    -------
    DataFrame
        ``unit_id``, ``into`` (the units that stand for it, with semicolons), ``km2``, from 1 km² on.
    """
    units = gpd.GeoDataFrame(round_.tables["conservation_units"])
    standing = set(scene.shown_units(units)["unit_id"])
    following = workshop.successors(units)
    takers_of = {
        unit_id: [taker for taker in following.get(unit_id, ()) if taker in standing]
        for unit_id in sorted(units.loc[units["status"] == "merged", "unit_id"])
    }
    # of most rounds nothing has to be projected
    about = units[units["unit_id"].isin({*takers_of, *chain.from_iterable(takers_of.values())})]
    ground = layers.to_equal_area(about.set_index("unit_id"), crs_of(round_)).geometry
    rows = []
    for unit_id, takers in takers_of.items():
        taker = gpd.GeoSeries([ground.loc[takers].union_all()], crs=ground.crs)
        km2 = workshop.outside_km2(ground.loc[[unit_id]], taker)
        rows.append((unit_id, ";".join(takers), km2))
    table = pd.DataFrame(rows, columns=["unit_id", "into", "km2"])
    return table[table["km2"] >= 1]


def outside_taker_km2(round_: Round, unit_id: str, into: str) -> float:
    """How much of a merged unit lies outside the one that took it in, whose outline stays, km²."""
    units = gpd.GeoDataFrame(round_.tables["conservation_units"]).set_index("unit_id")
    ground = layers.to_equal_area(units, crs_of(round_)).geometry
    return workshop.outside_km2(ground.loc[[unit_id]], ground.loc[[into]])


def _moved_ids(stored: Round, shown: Round) -> list[str]:
    """The units whose outline in the tables is not the one that was decided on."""
    old, new = (
        dict(zip(units["unit_id"], units.geometry, strict=True))
        for units in (stored.tables["conservation_units"], shown.tables["conservation_units"])
    )
    return [str(unit_id) for unit_id in new if not new[unit_id].equals(old[unit_id])]


def _with_former_outlines(stored: Round, shown: Round, moved_ids: list[str]) -> Round:
    """A round in which the outlines that decisions replaced are set aside, once each."""
    aside = shown.tables["set_aside"]
    to_take = outlines_to_take(aside)
    there = {unit_id for unit_id in moved_ids if BEFORE in to_take.get(unit_id, {})}
    units = gpd.GeoDataFrame(stored.tables["conservation_units"])
    former = units[units["unit_id"].isin(set(moved_ids) - there)]
    rows = former[["unit_id", "geometry"]].assign(
        group=BEFORE, file="", placemark=former["name_en"], reason=BEFORE
    )
    table = pd.concat([aside, rows[list(aside.columns)]], ignore_index=True)
    return store.with_tables(shown, {"set_aside": gpd.GeoDataFrame(table)})


def outlines_to_take(aside: pd.DataFrame | None) -> dict[str, dict[str, Any]]:
    """The outlines that a decision can take: of each unit those set aside, by group and by file."""
    outlines: dict[str, dict[str, Any]] = {}
    for name in ("file", "group"):
        for row in reversed([] if aside is None else aside.to_dict("records")):
            outlines.setdefault(str(row["unit_id"]), {})[str(row[name])] = row["geometry"]
    return outlines


def _versions(base_round: Round, unit_id: str) -> dict[str, Any]:
    """The outlines of a unit that were set aside, by group and by file."""
    return outlines_to_take(base_round.tables.get("set_aside")).get(unit_id, {})


def read_decisions(directory: Path) -> pd.DataFrame:
    """The log of a round: every line ever written, in order.

    Raises
    ------
    InputError
        As :func:`cami_units.store.read_log`; a line has a decision or a status that there is not.
    """
    return _read_log(directory / DECISION_LOG)


_ID_AS_WRITTEN: Final = re.compile(r"CU-\d{3,}[a-z]*")


def _read_log(path: Path) -> pd.DataFrame:
    """A log of decisions; lines that somebody typed into it by hand are refused unless they are as ours."""
    # the apostrophe that keeps a spreadsheet from running a cell as a formula is no part of it
    log = store.read_log(path, columns=DECISION_COLUMNS).map(as_typed)
    log["decision"] = log["decision"].str.strip().str.casefold()
    odd_ids = ~log["unit_id"].str.fullmatch(_ID_AS_WRITTEN)
    log.loc[odd_ids, "unit_id"] = log.loc[odd_ids, "unit_id"].map(workshop.unit_id_typed)
    # a spreadsheet makes 1 of 01
    log["round"] = log["round"].str.strip().str.zfill(2)
    odd_lines = log[~(log["decision"].isin(DECISIONS) & log["status"].isin(STATUSES))]
    if not odd_lines.empty:
        raise _typed_by_hand("decisions typed by hand", path.name, odd_lines)
    return log


def _typed_by_hand(key: str, file: str, lines: pd.DataFrame) -> InputError:
    """What is refused of a log: lines that no command has written, by their units and decisions."""
    named = (clean_name(f"{line['unit_id']} {line['decision']}") for line in text_rows(lines))
    return InputError.of(key, file=file, lines_typed=in_short(named))


def decisions_told(directory: Path, round_: Round) -> pd.DataFrame:
    """The log of a round, behind the lines of earlier ones by which units are what they are still.

    Parameters
    ----------
    directory : Path
        The folder of the round, with the logs of earlier ones.
    round_ : Round
        With its decisions applied.
    """
    log = read_decisions(directory)
    units = round_.tables["conservation_units"]
    before = standing_before(directory)
    undecided_ids = before.keys() - _standing_by_unit(log).keys()
    lines = [
        before[unit["unit_id"]]
        for unit in text_rows(pd.DataFrame(units.drop(columns="geometry")))
        if unit["unit_id"] in undecided_ids and _is_what_it_was(unit, before)
    ]
    lines.sort(key=lambda line: line["time"])
    return pd.concat([pd.DataFrame(lines, columns=log.columns), log], ignore_index=True)


def _is_what_it_was(unit: Mapping[str, str], before: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether a unit is what an earlier decision left it as: no group was let change it since."""
    line = before[unit["unit_id"]]
    if line["decision"] == "park":
        return unit.get("decision") == "park"
    return unit["status"] == line["status"]


def all_decisions(directory: Path) -> pd.DataFrame:
    """The lines of the logs of all rounds up to this one, the earliest first."""
    earlier = [_read_log(path) for path in _earlier_logs(directory)]
    return pd.concat([*earlier, read_decisions(directory)], ignore_index=True)


def standing_before(directory: Path) -> dict[str, dict[str, str]]:
    """By unit, the line that stands of the last earlier round in which anything was decided on it."""
    last: dict[str, dict[str, str]] = {}
    for path in _earlier_logs(directory):
        last |= {name: lines[-1] for name, lines in _standing_by_unit(_read_log(path)).items()}
    return last


def _standing_by_unit(log: pd.DataFrame) -> dict[str, list[dict[str, str]]]:
    """The decisions on each unit that no later line of a log takes back; none of a unit without any."""
    standing: dict[str, list[dict[str, str]]] = {}
    for line in text_rows(log):
        of_unit = standing.setdefault(line["unit_id"], [])
        if line["decision"] == "undo":
            del of_unit[-1:]
        elif line["decision"] not in ASKING:
            of_unit.append(dict(line))
    return {unit_id: lines for unit_id, lines in standing.items() if lines}


def _earlier_logs(directory: Path) -> list[Path]:
    """The logs of earlier rounds that lie in a round, in their order."""
    return sorted(directory.glob(EARLIER_LOGS))


def parked_before(directory: Path) -> dict[str, dict[str, str]]:
    """By unit, the line of an earlier round's log that parked it, where no later round decided otherwise."""
    before = standing_before(directory)
    return {unit_id: line for unit_id, line in before.items() if line["decision"] == "park"}


def decided_round(directory: Path) -> Round:
    """A round with the decisions of its log: what the next map and table are made of."""
    return decided(store.open_round(directory), read_decisions(directory))


def decided(base_round: Round, log: pd.DataFrame) -> Round:
    """A round in which each unit has the status that the log leaves it with.

    A column ``decision`` says what plenary did: a word of :data:`DECISIONS`, or nothing. A round
    without decisions is handed back as it is.

    Raises
    ------
    InputError
        A line of the log is of a unit that the round does not have.
    """
    if log.empty:
        return base_round
    _refuse_other_units(log, base_round.tables["conservation_units"]["unit_id"])
    units = gpd.GeoDataFrame(base_round.tables["conservation_units"])
    units = units.set_index("unit_id", drop=False)
    shown = units.assign(decision=units.get("decision", "")).fillna({"decision": ""})
    # the column is there only in rounds in which a unit went into another
    if "merged_into" not in shown and log["into"].ne("").any():
        shown["merged_into"] = ""
    why = base_round.tables.get("unit_rationale", pd.DataFrame({"unit_id": [], "facts": []}))
    facts = dict(zip(why["unit_id"], why["facts"], strict=True))
    aside = outlines_to_take(base_round.tables.get("set_aside"))
    for name, lines in log[log["unit_id"].isin(units.index)].groupby("unit_id"):
        _show_unit(shown, str(name), lines, aside.get(str(name), {}), units)
        if is_taken_out(facts.get(name, "")):  # rounds of old have no facts
            standing = facts_that_stand(facts[name], shown.at[name, "status"])
            shown.loc[name, "rationale"] = _rationale(base_round, str(name), standing)
    if OPEN_QUESTIONS in shown:
        shown[OPEN_QUESTIONS] = shown[OPEN_QUESTIONS].fillna("")
    # outlines last, as the table comes back from its file: what hangs on the order of columns is
    # then made once, and not again after the first decision
    names = [name for name in shown.columns if name != "geometry"]
    table = shown[[*names, "geometry"]].reset_index(drop=True)
    return store.with_tables(base_round, {"conservation_units": table})


def _refuse_other_units(log: pd.DataFrame, unit_ids: pd.Series[str]) -> None:
    """Refuse lines, typed by hand, on units that the round does not have: nobody would hear of them."""
    typed = log[~log["unit_id"].isin(unit_ids)]
    if len(typed):
        raise _typed_by_hand("decisions of other units", DECISION_LOG, typed)


def _rationale(base_round: Round, unit_id: str, facts: str) -> str:
    """The English rationale of a unit from its notes and the sentences of its findings."""
    findings = base_round.tables["unit_criteria"]
    own_rows = findings[findings["unit_id"] == unit_id]
    evidence = dict(zip(own_rows["criterion"], own_rows["because"], strict=True))
    return rationale(facts, evidence, names_of(base_round.tables))


def _show_unit(
    units: gpd.GeoDataFrame,
    unit_id: str,
    lines: pd.DataFrame,
    versions: Mapping[str, Any],
    stored: gpd.GeoDataFrame,
) -> None:
    """Put into a table, by unit, what the lines on one unit leave it with."""
    is_asking = lines["decision"].isin(ASKING)
    if is_asking.any():
        cell = stored.at[unit_id, OPEN_QUESTIONS] if OPEN_QUESTIONS in stored else ""
        questions = questions_left(cell, lines)
        units.loc[unit_id, OPEN_QUESTIONS] = "\n".join(map(" ".join, questions.items()))
    lines = lines[~is_asking]
    if lines.empty:
        return
    standing = standing_decisions(lines)
    last = standing[-1] if standing else None
    # all taken back: what an earlier round left it with stands again, which the table, written since
    # then, need not know
    units.loc[unit_id, "decision"] = last["decision"] if last else lines["old_decision"].iloc[0]
    units.loc[unit_id, "status"] = last["status"] if last else lines["before"].iloc[0]
    if "merged_into" in units and lines["into"].ne("").any():
        # what was merged and then parked is still merged
        into = ["", *filter(None, map(itemgetter("into"), standing))]
        units.loc[unit_id, "merged_into"] = into[-1]
    for name in ("name_en", "name_ru"):
        if lines[name].ne("").any():
            new_names = [line[name] for line in standing if line[name]]
            units.loc[unit_id, name] = [lines[f"old_{name}"].iloc[0], *new_names][-1]
    if lines["outline"].ne("").any():
        groups = [BEFORE, *(line["outline"] for line in standing if line["outline"])]
        units.loc[[unit_id], "geometry"] = versions.get(groups[-1]) or stored.geometry[unit_id]


def standing_decisions(lines: pd.DataFrame) -> list[dict[str, str]]:
    """The decisions on one unit that no later line takes back."""
    return next(iter(_standing_by_unit(lines).values()), [])


def questions_left(cell: object, lines: pd.DataFrame) -> dict[str, str]:
    """What plenary asks of a unit and nobody has answered or withdrawn: the question by its id.

    Parameters
    ----------
    cell : object
        What the unit has in `open_questions`, from a round before or from these very lines.
    lines : DataFrame
        The lines of the log on the unit.
    """
    questions = open_questions(cell)
    closed: set[str] = set()
    # column by column: rows of pandas cost a millisecond a unit, and most units have none
    columns = (lines[name] for name in ("decision", "question", "reason"))
    for decision, question, reason in zip(*columns, strict=True):
        if decision == "ask":
            questions[question] = clean_name(reason)
        elif decision in _CLOSING:
            closed.add(question)
    return {name: text for name, text in sorted(questions.items()) if name not in closed}


def _asked_of(base_round: Round, unit_id: str) -> dict[str, str]:
    """The open questions on a unit of a round whose decisions are applied."""
    units = base_round.tables["conservation_units"].set_index("unit_id")
    return open_questions(units[OPEN_QUESTIONS].get(unit_id)) if OPEN_QUESTIONS in units else {}


def _next_question(base_round: Round, log: pd.DataFrame) -> str:
    """The id of a new question: one that no question of this round or of those before has."""
    # ids of rounds before, whose logs are closed, are in the cells of the units
    units = base_round.tables["conservation_units"]
    cells = list(units[OPEN_QUESTIONS]) if OPEN_QUESTIONS in units else []
    known_ids = [*log["question"], *(name for cell in cells for name in open_questions(cell))]
    return f"A-{1 + max((_number(name) or 0 for name in known_ids), default=0):03d}"


def _status_after(log: pd.DataFrame, unit_id: str, decision: str, before: str, status: str) -> str:
    """The status that a decision gives a unit; an undo gives back the one before."""
    if decision == "undo":
        return standing_decisions(log[log["unit_id"] == unit_id])[-1]["before"]
    if status:
        return _BY_DOCUMENT[status]
    former_status = dict.fromkeys(("park", *ASKING), before)
    return {**former_status, "reject": _REJECTED, "merge": "merged"}.get(decision, _AGREED)


def _nothing_to_take_back(unit_id: str, earlier: Mapping[str, str] | None) -> Note:
    """That no decision of this round can be taken back, and which one an earlier round took."""
    hint: Note | str = ""
    if earlier:
        facts = {"round": earlier["round"], "decision": earlier["decision"]}
        hint = Note("decided in a round before", facts)
    return Note("nothing to take back", {"unit_id": unit_id, "hint": hint})


def _faults(
    base_round: Round,
    log: pd.DataFrame,
    line: Mapping[str, str],
    document: str,
    status: str,
    earlier: Mapping[str, str] | None,
) -> list[Note]:
    """Everything that is wrong with a decision; `earlier` is the one of a round before on that unit."""
    unit_id, decision = line["unit_id"], line["decision"]
    units = base_round.tables["conservation_units"]
    ids = list(units["unit_id"])
    faults = []
    if unit_id not in ids:
        facts = {"unit_id": clean_name(unit_id), "hint": _nearest_id(unit_id, units)}
        faults.append(Note("no unit here", facts))
    if decision not in DECISIONS:
        hint = nearest_note(decision, DECISIONS)
        facts = {
            "decision": clean_name(decision),
            "names": in_short(DECISIONS, None),
            "hint": hint,
        }
        faults.append(Note("no decision", facts))
    elif decision == "undo" and not standing_decisions(log[log["unit_id"] == unit_id]):
        faults.append(_nothing_to_take_back(clean_name(unit_id), earlier))
    if not clean_name(line["reason"]):
        faults.append(Note("reason expected"))
    if not line["by"] or "@" in line["by"]:
        faults.append(Note("by a role"))
    if not _is_moment(line["time"]):
        faults.append(Note("no moment", {"time": line["time"]}))
    faults += _change_faults(base_round, line, ids)
    if unit_id in ids:
        faults += _question_faults(base_round, line)
    return faults + _document_faults(decision, status, document)


def _change_faults(base_round: Round, line: Mapping[str, str], ids: list[str]) -> list[Note]:
    """What is wrong with a new name, another outline, or the unit that one is merged into."""
    unit_id, decision, into = line["unit_id"], line["decision"], line["into"]
    faults = []
    if decision == "merge" and not into:
        faults.append(Note("merge wants a unit"))
    elif into and decision != "merge":
        faults.append(Note("goes with merge", {"decision": clean_name(decision)}))
    elif into:
        units = base_round.tables["conservation_units"].set_index("unit_id")
        if into not in ids:
            facts = {"unit_id": into, "hint": _nearest_id(into, units.reset_index())}
            faults.append(Note("no unit to merge into", facts))
        elif into == unit_id or units.at[into, "status"] in HIDDEN_STATUSES:
            faults.append(Note("cannot take in", {"unit_id": into}))
    options = {"--name-en": "name_en", "--name-ru": "name_ru", "--outline": "outline"}
    given = [option for option, name in options.items() if line[name]]
    if given and decision not in AGREEING:
        facts = {"names": in_short(given), "decision": clean_name(decision)}
        faults.append(Note("goes with agree", facts))
    versions = _versions(base_round, unit_id)
    if line["outline"] and line["outline"] not in versions:
        there = in_short(sorted(name for name in versions if name)) or Note("none")
        facts = {"unit_id": clean_name(unit_id), "group": line["outline"], "names": there}
        faults.append(Note("no such version", facts))
    return faults


def _question_faults(base_round: Round, line: Mapping[str, str]) -> list[Note]:
    """What is wrong with the question that a decision names."""
    decision, question = line["decision"], line["question"]
    if decision not in _CLOSING:
        facts = {"decision": clean_name(decision)}
        return [Note("goes with answer", facts)] if question else []
    questions = _asked_of(base_round, line["unit_id"])
    if question in questions:
        return []
    names = in_short(list(questions)) or Note("none")
    return [Note("which question", {"unit_id": line["unit_id"], "names": names})]


def _document_faults(decision: str, status: str, document: str) -> list[Note]:
    """What is wrong with a status that only a document can give."""
    if not status:
        return []
    if status not in _BY_DOCUMENT:
        hint = nearest_note(status, _BY_DOCUMENT)
        return [Note("no status", {"given": clean_name(status), "hint": hint})]
    faults = []
    if decision not in AGREEING:
        facts = {"given": status, "decision": clean_name(decision)}
        faults.append(Note("status goes with agree", facts))
    if not re.search(r"\d", document):
        faults.append(Note(f"wants a document, {status}"))
    return faults


def _nearest_id(unit_id: str, units: pd.DataFrame) -> str | Note:
    """The id that was perhaps meant: its pieces, then the same number, then the likest spelling."""
    ids = list(units["unit_id"])
    if "split_from" in units:
        pieces = units.loc[units["split_from"] == unit_id, "unit_id"]
        if unit_id and len(pieces):
            return Note("was split", {"names": sorted(pieces)})
    number = re.search(r"\d+", unit_id)
    same = [known_id for known_id in ids if number and _number(known_id) == int(number[0])]
    return Note("did you mean", {"word": same[0]}) if same else nearest_note(unit_id.upper(), ids)


def _number(unit_id: str) -> int | None:
    """The number in an id; ``None`` where there is none."""
    digits = re.search(r"\d+", unit_id)
    return int(digits[0]) if digits else None


def _is_moment(time: str) -> bool:
    """Whether a text is a moment of ISO 8601."""
    try:
        datetime.fromisoformat(time)
    except ValueError:
        return False
    return True
