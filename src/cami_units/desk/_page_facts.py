"""What the pages show, as plain values read from the files of a round."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pandas as pd

from cami_units import store, words
from cami_units.commands.decide import (
    ASKING,
    parked_before,
    questions_left,
    read_decisions,
    standing_decisions,
)
from cami_units.desk._day import Day, HandedFile, RoundFolder, is_inside, is_label_of
from cami_units.desk._verbs import LoopTables, text_table, unit_table
from cami_units.desk._worker import RUNNING, Job
from cami_units.documents.form_words import theme_said
from cami_units.model import (
    BEFORE,
    DECIDED_CONFLICTS,
    InputError,
    Note,
    Problem,
    Step,
    answer_said,
    clean_name,
    decided_of,
    in_short,
    is_decided,
    notes_from_text,
    text_rows,
)
from cami_units.words import assumed, said
from cami_units.words.unit_card import OPEN_QUESTIONS

_MOST_NOTES: Final = 4


def told(note: Note, lang: str) -> tuple[str, str]:
    """What a note says at the desk, and what was assumed: a click, where commands name an option."""
    clicked = _clicked(note)
    cure = replace(clicked, key=f"desk {note.key}")
    return said(clicked, lang), assumed(cure, lang) or assumed(note, lang)


def _clicked(note: Note) -> Note:
    """A note in the desk's own words, and those that it is made of: there is no command to type here."""
    key = f"desk {note.key}"
    facts = {name: _clicked_fact(value) for name, value in note.facts.items()}
    return replace(note, key=key if words.has(f"note {key}") else note.key, facts=facts)


def _clicked_fact(value: object) -> object:
    """A fact with the notes in it in the desk's own words."""
    if isinstance(value, list):
        return [_clicked_fact(part) for part in value]
    return _clicked(value) if isinstance(value, Note) else value


def round_facts(day: Day) -> dict[str, Any] | None:
    """The current round, once something was collected into it."""
    return _folder_facts(day.current) if day.current else None


def base_facts(day: Day) -> dict[str, Any] | None:
    """The round that it was compared with, once something was collected; else the one handed out."""
    made_from = day.rounds[-2:-1] or day.rounds[-1:]
    return _folder_facts(made_from[0]) if made_from else None


def _folder_facts(folder: RoundFolder) -> dict[str, Any]:
    """What the list of rounds says of a folder."""
    return {
        "name": folder.path.name,
        "label": f"{folder.number:02d}",
        "report": (folder.path / "report.html").is_file(),
    }


def file_facts(day: Day, lang: str) -> list[dict[str, Any]]:
    """A line a file: whose it is, what was found in it, what was assumed."""
    reads = [row for folder in day.rounds for row in folder.reads.values()]
    problems = [
        row for folder in day.rounds for row in text_rows(text_table(folder.path / "problems.csv"))
    ]
    current = day.current.path.name if day.current else ""
    return [
        {
            "name": file.name,
            **_read_facts(file, [row for row in reads if _is_of(row, file)], lang),
            "assumed": _first(_noticed(file, problems, lang), lang),
            # What a decided round was made from stays: it is the ground that plenary stood on.
            "removable": file.collected_in in ("", current) and not day.is_closed,
        }
        for file in day.files
    ]


def another_round(day: Day, lang: str) -> str:
    """That files belong to another round than the one they were compared with; empty where none does."""
    if day.current is None:
        return ""
    problems = text_table(day.current.path / "problems.csv", ("kind", "facts"))
    alien = problems[problems["kind"] == "another round"]
    noted = [note for facts in alien["facts"] for note in notes_from_text(facts)]
    return " → ".join(part for note in noted for part in told(note, lang))


def round_stays(day: Day, lang: str) -> str:
    """That the current round is not made anew, since its files are not here; empty where they are."""
    if day.current is None or not day.from_elsewhere:
        return ""
    facts = {"round": day.current.path.name, "names": in_short(day.from_elsewhere, 6)}
    return said(Note("round stays", facts), lang)


def _is_of(read: Mapping[str, Any], file: HandedFile) -> bool:
    """Whether a line of the manifest is of a file that was handed in, or of one inside it."""
    return read["sha256"] == file.sha256 or is_inside(str(read["file"]), [file.path])


def _read_facts(file: HandedFile, reads: Sequence[Mapping[str, Any]], lang: str) -> dict[str, Any]:
    """What was found in a file, or in each file of an archive."""
    if not file.collected_in:
        return {"group": "", "found": [words.text("desk waiting", lang)], "state": "waiting"}
    if not reads:  # of a pack, and nothing that anybody edits; or a table that is no form
        return {"group": "", "found": [words.text("desk passed over", lang)], "state": "read"}
    groups = dict.fromkeys(str(read.get("group", "")) for read in reads)
    inside = [str(read["file"]).rpartition(f"{file.path.name}/")[2] for read in reads]
    found = [_found(read, lang) for read in reads]
    is_one = len(reads) == 1 and reads[0]["sha256"] == file.sha256
    lines = (
        found
        if is_one
        else [words.with_label(*entry, lang) for entry in zip(inside, found, strict=True)]
    )
    is_refused = all(read.get("refused") for read in reads)
    state = "refused" if is_refused else "read"
    return {"group": words.in_list(filter(None, groups), lang), "found": lines, "state": state}


def _noticed(file: HandedFile, problems: Sequence[Mapping[str, str]], lang: str) -> list[str]:
    """What was noticed of a file, and of those inside it; first why it, or one of them, was refused."""
    refusals: list[str] = []
    lines: list[str] = []
    for row in problems:
        if not (is_label_of(row["file"], [file.path]) or is_inside(row["file"], [file.path])):
            continue
        noted = notes_from_text(row.get("facts", ""))
        sentences = [part for note in noted for part in told(note, lang)]
        line = " → ".join(filter(None, sentences or (row["what"], row["assumed"])))
        where = row["placemark"]
        is_refusal = row.get("kind", "") in _REFUSED_KINDS
        said_line = words.with_label(where, line, lang) if where else line
        (refusals if is_refusal else lines).append(said_line)
    return [*refusals, *lines]


_REFUSED_KINDS: Final = frozenset({"file refused", "same file", "member refused"})
"""Kinds of problems that say why a file, or one inside it, was not read."""


def _found(read: Mapping[str, Any], lang: str) -> str:
    """What a file gave, counted."""
    if read.get("refused"):
        return words.text("desk not read", lang)
    unchanged = words.text("desk unchanged", lang) if read.get("unchanged") else ""
    line = words.in_list(filter(None, (words.found_in(read, lang), unchanged)), lang)
    return line or words.text("desk nothing", lang)


def _first(lines: Sequence[str], lang: str) -> list[str]:
    """The first few of many lines, and how many more there are."""
    rest = len(lines) - _MOST_NOTES
    rest_line = [words.text("desk more", lang, n=rest)] if rest > 0 else []
    return [*lines[:_MOST_NOTES], *rest_line]


def conflict_facts(
    row: Mapping[str, str],
    resolution: Mapping[str, str],
    loop: LoopTables,
    picture: Mapping[str, Any],
    lang: str,
    *,
    has_decided: bool,
    settled_ids: Collection[str] = (),
) -> dict[str, Any]:
    """A conflict: what it is about, its picture, what each side comes to, what can be chosen.

    `has_decided` is whether plenary had decided something before it arose, `settled_ids` are the
    units that it has settled since.
    """
    groups = [clean_name(name) for name in row["groups"].split(";") if name]
    unit_ids = row["unit_id"].split(";")
    about = text_rows(loop.units[loop.units["unit_id"].isin(unit_ids)])
    names = {unit["unit_id"]: words.name_in(unit, lang) for unit in about}
    measured = row["resolution"].partition(":")[0]
    choice = resolution.get("resolution", "")
    is_decided = set(unit_ids) <= set(settled_ids)
    is_late = has_decided and row["kind"] in DECIDED_CONFLICTS
    noted = notes_from_text(row["facts"])
    sides = [side for unit_id in unit_ids for side in _sides(unit_id, loop.changes, lang)]
    choices = _choices(row, groups, noted, _made_by(sides, lang), lang, is_late=is_late)
    n_of_unit = int(loop.conflicts["unit_id"].eq(row["unit_id"]).sum())
    facts = {"count": n_of_unit, "unit_id": row["unit_id"].replace(";", " · ")}
    # a line without an effect is no answer, once it is measured
    if choice != measured and choice not in dict(choices):
        choice = ""
    return {
        "unit_id": row["unit_id"],
        "anchor": re.sub(r"[^\w-]", "-", row["unit_id"]),
        "title": _title(unit_ids, names),
        "one_answer": words.text("desk one answer", lang, **facts) if n_of_unit > 1 else "",
        "unit_ids": unit_ids,
        "what": _all_told(noted, lang) or row["what"],
        "groups": groups,
        "area": _area_in_question(row["overlap_km2"], lang),
        "default": answer_said(row["default"], lang),
        "resolution": choice or measured,
        "resolution_said": _said_of(choice or measured, dict(choices), lang),
        "reason": resolution.get("reason", ""),
        "is_measured": measured == choice or not choice,
        "late": is_late,
        "decided": is_decided,
        "is_open": not (choice or measured or is_decided),
        "picture": picture,
        "sides": sides,
        "now": [_now(unit, lang) for unit in about],
        "choices": choices,
    }


def _title(unit_ids: Iterable[str], names: Mapping[str, str]) -> str:
    """What a question or a conflict is about: units, with their names where they have one."""
    return " · ".join(f"{unit_id} {names.get(unit_id, '')}".strip() for unit_id in unit_ids)


def _all_told(noted: Iterable[Note], lang: str) -> str:
    """What several notes say at the desk."""
    return words.in_clauses(filter(None, (told(note, lang)[0] for note in noted)), lang)


def _versions(noted: Iterable[Note]) -> list[str]:
    """The files of two versions of one group, which a resolution names; else it names the group."""
    lists = (note.facts.get("files") for note in noted)
    return next((files for files in lists if isinstance(files, list)), [])


def _said_of(resolution: str, choices: Mapping[str, str], lang: str) -> str:
    """A resolution in words: to leave a unit as it is, in the words of the choice on the page."""
    words_of_base = choices.get("base") if resolution == "base" else None
    return words_of_base or answer_said(resolution, lang)


def _now(unit: Mapping[str, str], lang: str) -> str:
    """A unit as it stands: its area, states and criteria."""
    cells = (unit["countries"], unit["criteria_met"])
    parts = filter(None, (_km2(unit["area_km2"], lang), _listed(*cells, lang=lang)))
    return words.with_label(unit["unit_id"], words.in_list(parts, lang), lang)


def _choices(
    row: Mapping[str, str],
    groups: Sequence[str],
    noted: Sequence[Note],
    made: Mapping[str, str],
    lang: str,
    *,
    is_late: bool,
) -> list[tuple[str, str]]:
    """What a conflict can be settled by, each with its words, as `collect` wrote it down.

    `made` is what each file and group makes of its unit, in words.
    """
    versions = _versions(noted) or groups
    # rounds of old say no choices
    choices = json.loads(row["choices"] or "[]") or [*versions, "union", "base", "ask"]
    # a name of a file may hold the mark that stands between two groups
    called = dict(zip(versions, groups, strict=True)) if len(groups) == len(versions) else {}
    # to leave a unit as it went out means, once it is decided on, as it was decided
    said = {"base": answer_said("keep what was decided", lang)} if is_late else {}
    for name, label in called.items():
        keep = words.text("desk keep", lang, group=label)
        said[name] = words.with_label(keep, made[name], lang) if name in made else keep
    return [(choice, said.get(choice) or answer_said(choice, lang)) for choice in choices]


def _made_by(sides: Sequence[Mapping[str, str]], lang: str) -> dict[str, str]:
    """What each file, and each group of one file, makes of the unit of a conflict: "rejected"."""
    made: dict[str, list[str]] = {}
    for side in sides:
        if side["change"]:
            for name in {side["file"], side["group"]}:
                made.setdefault(name, []).append(side["change"])
    return {name: words.in_list(dict.fromkeys(changes), lang) for name, changes in made.items()}


def _sides(unit_id: str, changes: pd.DataFrame, lang: str) -> list[dict[str, str]]:
    """What each group made of a unit: the area, and what was gained and lost by it."""
    rows = text_rows(changes[changes["unit_id"].eq(unit_id) & changes["change"].isin(_MADE)])
    before = {
        "group": words.text("report before", lang),
        "area": _km2(rows[0]["before_km2"] if rows else "", lang),
        **dict.fromkeys(("file", "change", "note", "gained", "lost"), ""),
    }
    files: dict[str, set[str]] = {}
    for row in rows:
        files.setdefault(row["group"], set()).add(row["file"])
    return [
        *([before] if rows else []),
        *(
            {
                "group": words.with_aside(row["group"], row["file"], lang)
                if len(files[row["group"]]) > 1
                else row["group"],
                "file": row["file"],
                "change": words.text(f"change {row['change']}", lang),
                # the new name, the unit it went into, the reason: no outline shows these
                "note": _all_told(
                    (
                        note
                        for note in notes_from_text(row.get("facts", ""))
                        if note.key != "not applied"
                    ),
                    lang,
                ),
                "area": _km2(row["after_km2"], lang),
                "gained": _listed(row["criteria_gained"], row["states_gained"], lang=lang),
                "lost": _listed(row["criteria_lost"], row["states_lost"], lang=lang),
            }
            for row in rows
        ),
    ]


_MADE: Final = frozenset({"reshaped", "renamed", "split", "merged", "rejected", "deleted"})
"""Changes that a side of a conflict can have made."""


def _km2(area: str, lang: str) -> str:
    """An area of a table of text; nothing where there is none."""
    return f"{words.number(float(area), lang)} {words.text('km2', lang)}" if area else ""


def _area_in_question(area: str, lang: str) -> str:
    """The ground that a conflict is about; nothing where it is about none."""
    return _km2(area, lang) if float(area or "0") else ""


def _listed(*cells: str, lang: str) -> str:
    """Cells of a table, `a;b`, as people read them."""
    return words.in_list((part for cell in cells for part in cell.split(";") if part), lang)


def ids_of_units(day: Day) -> set[str]:
    """The units of the current round, by their ids."""
    return set(unit_table(day.current.path)["unit_id"]) if day.current else set()


def unit_facts(
    day: Day,
    lang: str,
    order: str = "rank",
    by_hand: Sequence[str] = (),
    places: Mapping[str, tuple[str, str]] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """The units of the current round in an order, with what was decided on each."""
    if day.current is None:
        return []
    table = unit_table(day.current.path)
    # as commands read it: a log of an earlier version, or cut off in its last line, is a log
    log = read_decisions(day.current.path)
    lines = {str(unit_id): lines for unit_id, lines in log.groupby("unit_id")}
    last = {name: of[-1] for name in lines if (of := standing_decisions(lines[name]))}
    parked = parked_before(day.current.path)
    outlines = _other_outlines(day.current.path)
    hand = {unit_id: number for number, unit_id in enumerate(by_hand)}
    keys: dict[str, Any] = {
        "rank": lambda row: (float(row["rank"] or "inf"), row["unit_id"]),
        # units of nobody come last, as on the board
        "group": lambda row: (places.get(row["unit_id"], ("", ""))[0] or "~", row["unit_id"]),
        "section": lambda row: (places.get(row["unit_id"], ("", ""))[1] or "~", row["unit_id"]),
        "hand": lambda row: (hand.get(row["unit_id"], len(hand)), row["unit_id"]),
    }
    rows = sorted(text_rows(table), key=keys[order])
    return [
        _unit_fact(
            row,
            last.get(row["unit_id"], {}),
            parked.get(row["unit_id"], {}),
            lines.get(row["unit_id"], log[:0]),
            outlines.get(row["unit_id"], {}),
            lang,
        )
        for row in rows
    ]


def _unit_fact(
    row: Mapping[str, str],
    line: Mapping[str, str],
    parked: Mapping[str, str],
    lines: pd.DataFrame,
    outlines: Mapping[str, str],
    lang: str,
) -> dict[str, Any]:
    """A unit in the list.

    `line` is the decision of this round that stands, `lines` is all of them, `parked` the line of an
    earlier round that parked the unit.
    """
    # the table learns last that everything was taken back: until then it shows what was decided
    before = _before_decisions(lines)
    word = row.get("decision", "")
    if line:
        word = line["decision"]
    elif before:
        word = parked.get("decision", "")
    told = line or (parked if word == "park" else {})
    standing = {"status": line["status"] if line else before or row["status"], "decision": word}
    return {
        "unit_id": row["unit_id"],
        "name": row.get(f"name_{lang}") or row["name_en"],
        "name_en": row["name_en"],
        "name_ru": row["name_ru"],
        "status": words.text(standing["status"], lang),
        # what an earlier round decided stands in the table; only this round's can be taken back
        "decision": words.text(word, lang) if word else "",
        "standing": standing,
        "is_settled": is_decided(standing),
        "can_undo": bool(line),
        "reason": told.get("reason", ""),
        "outlines": outlines,
        "asked": questions_left(row.get(OPEN_QUESTIONS), lines),
    }


def progress_said(units: Iterable[Mapping[str, Any]], lang: str) -> str:
    """How far plenary has come, as the board says it."""
    decided, total = decided_of(unit["standing"] for unit in units)
    return words.text("board progress", lang, decided=decided, total=total)


def left_open(day: Day, lang: str) -> list[dict[str, str]]:
    """What nobody settled in the rounds before, on units that plenary has not decided since.

    These are no conflicts of this round: they are on the board, as questions of their units.
    """
    if day.current is None:
        return []
    columns = ("unit_id", "round", "kind", "text", "facts")
    rows = [
        row
        for row in text_rows(text_table(day.current.path / "questions.csv", columns))
        if row["round"].isdigit() and int(row["round"]) < day.current.number
        if row["kind"] not in _NO_CONFLICTS
    ]
    # on the first day there are none, and no file of the round is read for them
    units = unit_facts(day, lang) if rows else []
    names = {unit["unit_id"]: unit["name"] for unit in units}
    open_ids = {unit["unit_id"] for unit in units if not unit["is_settled"]}
    about = [[name for name in row["unit_id"].split(";") if name in names] for row in rows]
    return [
        {
            "unit_id": unit_ids[0],
            "title": _title(unit_ids, names),
            "what": _all_told(notes_from_text(row["facts"]), lang) or row["text"],
        }
        for row, unit_ids in zip(rows, about, strict=True)
        if open_ids.intersection(unit_ids)
    ]


_NO_CONFLICTS: Final = frozenset({"form", "rejected", "renamed"})
"""Kinds of questions that are none of two versions: what a form asks, and what a group took away."""


def _before_decisions(lines: pd.DataFrame) -> str:
    """The status of a unit before the first decision of this round; empty where there was none."""
    pairs = zip(lines["decision"], lines["before"], strict=True)
    return next((str(before) for decision, before in pairs if decision not in ASKING), "")


def _other_outlines(round_: Path) -> dict[str, dict[str, str]]:
    """The outlines of each unit that were set aside, which a decision can take yet: its word for each, and ours.

    A decision takes an outline by its group; where two files of one group were set aside, by its file.
    """
    tables = round_ / store.GEOPACKAGE
    try:
        about = tables.stat()
    except FileNotFoundError:  # between two renames there is none for the blink of an eye
        return {}
    return _outlines_aside(round_, about.st_mtime_ns, about.st_size, about.st_ino)


@lru_cache(maxsize=4)  # each page of the board asks
def _outlines_aside(
    round_: Path, _changed: int, _size: int, _place: int
) -> dict[str, dict[str, str]]:
    """The outlines that were set aside, of a round in one of its states, by unit."""
    try:
        aside = store.read_round(round_, only=("set_aside",)).tables.get("set_aside")
    except InputError:  # a damaged round: the page stands, and whatever is done with it says so
        return {}
    outlines: dict[str, dict[str, str]] = {}
    rows = [] if aside is None else text_rows(aside[["unit_id", "group", "file"]])
    of_group = Counter((row["unit_id"], row["group"]) for row in rows)
    for row in sorted(rows, key=lambda row: (row["group"], row["file"])):
        if row["group"] != BEFORE:
            is_alone = of_group[row["unit_id"], row["group"]] == 1
            said = f"{row['group']} ({row['file']})"
            outlines.setdefault(row["unit_id"], {})[row["group" if is_alone else "file"]] = said
    return outlines


def job_text(job: Job, lang: str) -> str:
    """How far a job is, in one line: its step, if it has a phrase, and how many of it are done."""
    parts = [words.text(f"desk job {job.name}", lang), words.text(f"desk {job.state}", lang)]
    key, subject = (
        (job.step.key, job.step.subject) if isinstance(job.step, Step) else (job.step, "")
    )
    if job.state == RUNNING and words.has(step := f"step {key}"):
        parts.append(f"{words.text(step, lang)} {subject}".strip())
    if job.state == RUNNING and job.total > 1:
        parts.append(f"{job.finished}/{job.total}")
    if job.refusal is not None:
        parts.append(told(job.refusal, lang)[0])
    return " · ".join(filter(None, parts))


def complaint_facts(problems: Sequence[Problem], lang: str) -> list[dict[str, str]]:
    """What a command noticed, a line each, the worst first: with its mark, and its language."""
    worst_first = sorted(problems, key=lambda problem: tuple(_LEVELS).index(problem.level))
    return [
        {
            "mark": _LEVELS[problem.level],
            "text": words.complaint(problem, lang),
            "lang": lang if problem.note else "en",
        }
        for problem in worst_first
    ]


_LEVELS: Final[Mapping[str, str]] = {"refuses": "✗", "counted": "!", "note": "·"}
"""Levels of problems, the worst first, with the marks that the command line gives them."""


def suggestion_facts(row: Mapping[str, str], lang: str) -> dict[str, Any]:
    """An activity that recurs, to tick: how widely, and whether it is in the general section."""
    count = words.text("desk in units", lang, n=int(row["n_units"]), all=int(row["of_units"]))
    return {
        "id": row["suggestion_id"],
        # all wordings go together: each can be read before
        "wordings": [row["text"], *filter(None, row["other_wordings"].split(" | "))],
        "note": f"{theme_said(row['theme'], lang)} · {count}",
        "is_suggested": row["suggested"] == "true",
        "is_general": row["moved"] not in ("", "0", "false"),
    }
