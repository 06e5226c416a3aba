"""Decisions of plenary: a log that only grows, and a round that shows what stands in it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd

from cami_units import kml, store
from cami_units.commands.round_files import products
from cami_units.commands.shown_round import kept_pieces
from cami_units.documents.csv_tables import harmless
from cami_units.model import (
    STATUSES,
    InputError,
    Problem,
    Progress,
    Round,
    clean_name,
    listed,
    nearest,
    quiet,
)

DECISIONS: Final = ("agree", "agree-with-change", "park", "reject", "undo")
"""What plenary can say of a unit. `undo` takes back the last decision that stands: one more line."""

DECISION_LOG: Final = "decisions.csv"
DECISION_COLUMNS: Final = (
    "unit_id",
    "round",
    "decision",
    "before",
    "status",
    "by",
    "document",
    "time",
    "reason",
    "geometry_hash",
)
"""`before` is the status until then, so that the log alone can take a decision back."""

_AGREED: Final = STATUSES[3]
_BY_DOCUMENT: Final = {"endorsed": STATUSES[4], "adopted": STATUSES[5]}
_REJECTED: Final = STATUSES[6]
_PAPER: Final = {
    "endorsed": "the number of a meeting document",
    "adopted": "the number of a COP resolution",
}


def decide(
    directory: Path,
    unit_id: str,
    decision: str,
    *,
    reason: str,
    time: str,
    by: str = "plenary",
    document: str = "",
    status: str = "",
    progress: Progress = quiet,
) -> pd.Series[str]:
    """Append one decision to the log of a round, then show it in the round's tables and maps.

    Parameters
    ----------
    directory : Path
        The folder of the round.
    unit_id : str
        The unit decided on.
    decision : {"agree", "agree-with-change", "park", "reject", "undo"}
        agree: plenary-agreed; park: the status stays, and is marked; reject: rejected; undo: back
        to how it was before the last decision that stands.
    reason : str
        Why, on one line.
    time : str
        When, ISO 8601. The caller looks at the clock; nothing here does.
    by : str
        A group or a role, never a person.
    document : str
        The number of the document that says so; a must for `status`.
    status : {"", "endorsed", "adopted"}
        What a document has made of the unit: only with *agree*.

    Returns
    -------
    Series
        The line as it stands in the log, by :data:`DECISION_COLUMNS`.

    Raises
    ------
    InputError
        With everything at once that is wrong with the decision; nothing is written then.

    Notes
    -----
    The line is on the disk before the tables are touched. Should the power go in between, the next
    command that opens the round with :func:`decided_round` shows the decision all the same.
    """
    base_round = store.read_round(directory)
    line = _recorded(
        base_round,
        directory,
        unit_id,
        decision,
        reason=reason,
        time=time,
        by=by,
        document=document,
        status=status,
    )
    progress(f"{unit_id}: the decision is on the disk; now into tables and maps", 0, 0)
    _show(base_round, directory, progress)
    return line


def record_decision(
    directory: Path,
    unit_id: str,
    decision: str,
    *,
    reason: str,
    time: str,
    by: str = "plenary",
    document: str = "",
    status: str = "",
) -> pd.Series[str]:
    """Append one decision to the log of a round, and nothing else: the first half of :func:`decide`.

    Returns
    -------
    Series
        The line as it stands in the log, by :data:`DECISION_COLUMNS`.

    Raises
    ------
    InputError
        As :func:`decide`; nothing is written then.
    """
    return _recorded(
        store.read_round(directory),
        directory,
        unit_id,
        decision,
        reason=reason,
        time=time,
        by=by,
        document=document,
        status=status,
    )


def _recorded(
    base_round: Round,
    directory: Path,
    unit_id: str,
    decision: str,
    *,
    reason: str,
    time: str,
    by: str,
    document: str,
    status: str,
) -> pd.Series[str]:
    """The line of one decision, in the log of the folder that a round was read from."""
    log = read_decisions(directory)
    done = decided(base_round, log)
    faults = _faults(done, log, unit_id, decision, reason, time, by, document, status)
    if faults:
        raise InputError("Nothing was decided:\n" + "\n".join(f"  - {fault}" for fault in faults))
    units = gpd.GeoDataFrame(done.tables["conservation_units"]).set_index("unit_id")
    before = str(units.at[unit_id, "status"])
    line = {
        "unit_id": unit_id,
        "round": done.imprint.number,
        "decision": decision,
        "before": before,
        "status": _status_after(log, unit_id, decision, before, status),
        "by": harmless(by),
        "document": harmless(document),
        "time": clean_name(time),
        "reason": harmless(reason),
        "geometry_hash": kml.geom_hash(units.geometry[unit_id]),
    }
    store.append_to_log(directory / DECISION_LOG, line, columns=DECISION_COLUMNS)
    return pd.Series(line)


def show_decisions(directory: Path, *, progress: Progress = quiet) -> None:
    """Write the tables and maps of a round as its log leaves them: the second half of :func:`decide`."""
    _show(store.read_round(directory), directory, progress)


def _show(base_round: Round, directory: Path, progress: Progress) -> None:
    """Write a round as the log leaves it, over the folder that it was read from."""
    shown = decided(base_round, read_decisions(directory))
    noticed: list[Problem] = []
    files = products(shown, noticed=noticed, progress=progress)
    with kept_pieces(directory):
        store.update_round(shown, directory, files=files)


def read_decisions(directory: Path) -> pd.DataFrame:
    """The log of a round: every line ever written, in order.

    Raises
    ------
    InputError
        As :func:`cami_units.store.read_log`.
    """
    return store.read_log(directory / DECISION_LOG, columns=DECISION_COLUMNS)


def decided_round(directory: Path) -> Round:
    """A round with the decisions of its log: what the next map and table are made of."""
    return decided(store.read_round(directory), read_decisions(directory))


def decided(base_round: Round, log: pd.DataFrame) -> Round:
    """A round in which each unit has the status that the log leaves it with.

    A column ``decision`` says what plenary did: a word of :data:`DECISIONS`, or nothing. A round
    without decisions is handed back as it is.
    """
    if log.empty:
        return base_round
    units = base_round.tables["conservation_units"]
    statuses: dict[str, str] = {}
    words: dict[str, str] = {}
    for unit_id, lines in log.groupby("unit_id"):
        standing = _standing(lines)
        last = standing[-1] if standing else None
        words[str(unit_id)] = last["decision"] if last else ""
        statuses[str(unit_id)] = last["status"] if last else str(lines["before"].iloc[0])
    ids = units["unit_id"]
    decided_units = units.assign(
        status=ids.map(statuses).where(ids.isin(list(statuses)), units["status"]),
        decision=ids.map(words).fillna(units.get("decision", "")).fillna(""),
    )
    return replace(base_round, tables={**base_round.tables, "conservation_units": decided_units})


def _standing(lines: pd.DataFrame) -> list[dict[str, str]]:
    """The decisions on one unit that no later line takes back."""
    standing: list[dict[str, str]] = []
    for line in lines.to_dict("records"):
        if line["decision"] != "undo":
            standing.append({str(key): str(value) for key, value in line.items()})
        elif standing:
            standing.pop()
    return standing


def _status_after(log: pd.DataFrame, unit_id: str, decision: str, before: str, status: str) -> str:
    if decision == "undo":
        return _standing(log[log["unit_id"] == unit_id])[-1]["before"]
    if status:
        return _BY_DOCUMENT[status]
    return {"park": before, "reject": _REJECTED}.get(decision, _AGREED)


def _faults(
    base_round: Round,
    log: pd.DataFrame,
    unit_id: str,
    decision: str,
    reason: str,
    time: str,
    by: str,
    document: str,
    status: str,
) -> list[str]:
    ids = list(base_round.tables["conservation_units"]["unit_id"])
    faults = []
    if unit_id not in ids:
        faults.append(f"there is no unit '{clean_name(unit_id)}' here.{_nearest_id(unit_id, ids)}")
    if decision not in DECISIONS:
        hint = nearest(decision, DECISIONS)
        faults.append(f"'{clean_name(decision)}' is no decision: {listed(DECISIONS)} are.{hint}")
    elif decision == "undo" and not _standing(log[log["unit_id"] == unit_id]):
        faults.append(f"there is no decision on '{clean_name(unit_id)}' to take back")
    if not clean_name(reason):
        faults.append('a reason is expected: --reason "…"')
    if not clean_name(by) or "@" in by:
        faults.append("--by takes a group or a role such as 'plenary' or 'G1', never a person")
    if not _is_moment(time):
        faults.append(f"--time takes 2026-11-22T14:05 or the like; '{clean_name(time)}' came")
    return faults + _document_faults(decision, status, document)


def _document_faults(decision: str, status: str, document: str) -> list[str]:
    if not status:
        return []
    if status not in _BY_DOCUMENT:
        hint = nearest(status, _BY_DOCUMENT)
        return [f"--status takes endorsed or adopted, '{clean_name(status)}' came.{hint}"]
    faults = []
    if decision not in ("agree", "agree-with-change"):
        faults.append(f"--status {status} goes with agree, not with {clean_name(decision)}")
    if not re.search(r"\d", document):
        faults.append(f"--status {status} wants --document with {_PAPER[status]}")
    return faults


def _nearest_id(unit_id: str, ids: list[str]) -> str:
    """The id that was perhaps meant: the same number first, then the likest spelling."""
    number = re.search(r"\d+", unit_id)
    same = [
        unit_id_here for unit_id_here in ids if number and _number(unit_id_here) == int(number[0])
    ]
    return f" Did you mean '{same[0]}'?" if same else nearest(unit_id.upper(), ids)


def _number(unit_id: str) -> int | None:
    digits = re.search(r"\d+", unit_id)
    return int(digits[0]) if digits else None


def _is_moment(time: str) -> bool:
    try:
        datetime.fromisoformat(time)
    except ValueError:
        return False
    return True
