"""What the pages show, as plain values read from the files of a round."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from cami_units import words
from cami_units.commands.decide import standing_decisions
from cami_units.desk._day import DECISION_LOG, Day, RoundFolder
from cami_units.desk._worker import RUNNING, Job
from cami_units.model import clean_name

_MOST_NOTES: Final = 4
_RESOLUTIONS: Final = ("union", "base", "ask")


def round_facts(day: Day, lang: str) -> dict[str, Any] | None:
    """The current round, once something was collected into it."""
    return _folder_facts(day.current, lang) if day.current else None


def base_facts(day: Day, lang: str) -> dict[str, Any] | None:
    """The round that it is compared with."""
    return _folder_facts(day.base, lang) if day.base else None


def _folder_facts(folder: RoundFolder, lang: str) -> dict[str, Any]:
    """What the list of rounds says of a folder."""
    return {
        "name": folder.path.name,
        "label": f"{words.text('round', lang)} {folder.number:02d}",
        "report": (folder.path / "report.html").is_file(),
        "is_decided": folder.is_decided,
    }


def file_facts(day: Day, lang: str) -> list[dict[str, Any]]:
    """A line a file: whose it is, what was found in it, what was assumed."""
    reads: dict[str, Mapping[str, Any]] = {}
    notes: dict[str, list[str]] = {}
    for folder in day.rounds:
        reads |= folder.reads
        for row in _table(folder.path / "problems.csv").to_dict("records"):
            line = " → ".join(filter(None, (str(row["what"]), str(row["assumed"]))))
            where = str(row["placemark"])
            notes.setdefault(str(row["file"]), []).append(f"{where}: {line}" if where else line)
    current = day.current.path.name if day.current else ""
    return [
        {
            "name": file.path.name,
            "group": str(reads.get(file.sha256, {}).get("group", "")),
            "found": _found(reads.get(file.sha256), lang),
            "assumed": _first(notes.get(file.path.name, []), lang),
            "state": _file_state(reads.get(file.sha256)),
            # What a decided round was made from stays: it is the ground that plenary stood on.
            "removable": file.collected_in in ("", current) and not _is_decided(day),
        }
        for file in day.files
    ]


def _is_decided(day: Day) -> bool:
    return bool(day.current and day.current.is_decided)


def _file_state(read: Mapping[str, Any] | None) -> str:
    if read is None:
        return "waiting"
    return "refused" if read.get("refused") else "read"


def _found(read: Mapping[str, Any] | None, lang: str) -> str:
    """What a file gave, counted."""
    if read is None:
        return words.text("desk waiting", lang)
    if read.get("refused"):
        return str(read["refused"])
    counts = ("shapes", "pins", "rows", "unusable")
    parts = [
        f"{int(read[name])} {words.text(f'desk {name}', lang)}" for name in counts if read.get(name)
    ]
    if read.get("unchanged"):
        parts.append(words.text("desk unchanged", lang))
    return ", ".join(parts) or words.text("desk nothing", lang)


def _first(lines: Sequence[str], lang: str) -> list[str]:
    """The first few of many lines, and how many more there are."""
    rest = len(lines) - _MOST_NOTES
    rest_line = [words.text("desk more", lang).format(n=rest)] if rest > 0 else []
    return [*lines[:_MOST_NOTES], *rest_line]


def conflict_facts(
    row: Mapping[str, str],
    resolution: Mapping[str, str],
    decided: frozenset[str],
    lang: str,
) -> dict[str, Any]:
    """A conflict with what can be chosen; `decided` where plenary has spoken of one of its units."""
    groups = [clean_name(name) for name in row["groups"].split(";") if name]
    unit_ids = row["unit_id"].split(";")
    area = float(row["overlap_km2"] or 0)
    return {
        "unit_id": row["unit_id"],
        "anchor": re.sub(r"[^\w-]", "-", row["unit_id"]),
        "title": " · ".join(unit_ids),
        "unit_ids": unit_ids,
        "what": row["what"],
        "groups": groups,
        "area": f"{words.number(area, lang)} {words.text('km2', lang)}",
        "default": row["default"],
        "resolution": resolution.get("resolution", "") or row["resolution"],
        "reason": resolution.get("reason", ""),
        "decided": bool(decided.intersection(unit_ids)),
        "choices": [
            *((group, words.text("desk keep", lang).format(group=group)) for group in groups),
            *((name, words.text(f"desk {name}", lang)) for name in _RESOLUTIONS),
        ],
    }


def decided_units(day: Day) -> frozenset[str]:
    """Units of which the log of the current round says something."""
    if day.current is None:
        return frozenset()
    return frozenset(_table(day.current.path / DECISION_LOG, ("unit_id",))["unit_id"])


def unit_facts(
    day: Day,
    lang: str,
    order: str,
    by_hand: Sequence[str],
    places: Mapping[str, tuple[str, str]],
) -> list[dict[str, Any]]:
    """The units of the current round in an order, with what was decided on each."""
    if day.current is None:
        return []
    table = _table(day.current.path / "conservation_units.csv", ("unit_id", "name_en", "name_ru"))
    log = _last_decisions(_table(day.current.path / DECISION_LOG, ("unit_id", "decision")))
    outlines = _other_outlines(day.current.path / "changes.csv")
    hand = {unit_id: number for number, unit_id in enumerate(by_hand)}
    keys: dict[str, Any] = {
        "rank": lambda row: (float(row["rank"] or "inf"), row["unit_id"]),
        "group": lambda row: (places.get(row["unit_id"], ("", ""))[0], row["unit_id"]),
        "section": lambda row: (places.get(row["unit_id"], ("", ""))[1], row["unit_id"]),
        "hand": lambda row: (hand.get(row["unit_id"], len(hand)), row["unit_id"]),
    }
    rows = sorted(rows_of(table), key=keys[order])
    return [
        {
            "unit_id": row["unit_id"],
            "name": row.get(f"name_{lang}") or row["name_en"],
            "name_en": row["name_en"],
            "name_ru": row["name_ru"],
            "status": words.text(line["status"] if line else row["status"], lang),
            "status_key": line["status"] if line else row["status"],
            "decision": words.text(line["decision"], lang) if line else "",
            "reason": line["reason"] if line else "",
            "outlines": outlines.get(row["unit_id"], []),
        }
        for row in rows
        if (line := log.get(row["unit_id"], {})) is not None
    ]


def _other_outlines(changes: Path) -> dict[str, list[str]]:
    """The groups whose version of a unit was set aside: a decision can take it yet."""
    groups: dict[str, list[str]] = {}
    for row in rows_of(_table(changes, ("unit_id", "group", "applied"))):
        if row.get("applied") == "false" and row["group"]:
            groups.setdefault(row["unit_id"], []).append(row["group"])
    return groups


def _last_decisions(log: pd.DataFrame) -> dict[str, dict[str, str]]:
    """The decision that stands of each unit."""
    standing = {str(unit): standing_decisions(lines) for unit, lines in log.groupby("unit_id")}
    return {unit: lines[-1] for unit, lines in standing.items() if lines}


def job_text(job: Job, lang: str) -> str:
    """How far a job is, in one line."""
    parts = [words.text(f"desk job {job.name}", lang), words.text(f"desk {job.state}", lang)]
    if job.state == RUNNING and job.step:
        parts.append(f"{job.step} {job.finished}/{job.total}" if job.total else job.step)
    return " · ".join(filter(None, (*parts, job.message)))


def rows_of(table: pd.DataFrame) -> list[dict[str, str]]:
    """The rows of a table of text."""
    return [
        {str(key): str(value) for key, value in row.items()} for row in table.to_dict("records")
    ]


def _table(path: Path, columns: Sequence[str] = ()) -> pd.DataFrame:
    """A CSV file of a round as text; without rows, with these columns, where there is none."""
    if not path.is_file():
        return pd.DataFrame(columns=list(columns), dtype=str)
    return pd.read_csv(path, dtype=str, keep_default_na=False)
