"""Resolutions: what people decided on conflicts, and the defaults of the plan where they did not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import pandas as pd

from cami_units.model import InputError, listed, nearest

Rule = Literal["section-owner", "first", "union", "ask"]
Outside = Literal["ask", "keep", "leave-out"]

SETTLED: Final = ("endorsed by range states", "adopted")
"""Statuses that hang on a document."""
DECIDED: Final = ("plenary-agreed", *SETTLED)
"""Statuses that no file changes: they were decided."""
_DECISIONS: Final = ("agree", "agree-with-change", "reject", "merge")
"""Decisions that settle a unit; one that is parked stays open."""

_DEFAULTS: Final = {
    "ask plenary": "ask",
    "leave out": "leave-out",
    "keep what was decided": "base",
    "what was decided": "base",
}
"""Defaults that stand in `conflicts.csv`, so that they can be typed as answers."""
_CHOICES: Final = ("base", "union", "ask", "both", "delete", "leave-out")


@dataclass(frozen=True, slots=True)
class Resolution:
    """What people decided on a conflict before the merge: a group, a file, or a rule; and why."""

    unit_id: str
    choice: str
    reason: str

    def sentence(self) -> str:
        """As it stands in the table of conflicts."""
        return f"{self.choice}: {self.reason}" if self.reason else self.choice


@dataclass(frozen=True, slots=True)
class Rules:
    """What applies when people do not say otherwise, from the plan, and what they said."""

    overlap: Rule
    outside: Outside
    order: tuple[str, ...]
    owner: Mapping[str, str]
    resolutions: Mapping[str, Resolution]
    unread: Mapping[str, str] = field(default_factory=dict)
    """Groups whose file came and could not be read, with its name."""


def is_decided(unit: Mapping[Any, Any]) -> bool:
    """Whether plenary or a document has settled a unit: no file moves, merges or renames it."""
    return unit["status"] in DECIDED or unit.get("decision") in _DECISIONS


def resolutions_of(
    table: pd.DataFrame, *, groups: Iterable[str], files: Iterable[str] = ()
) -> dict[str, Resolution]:
    """What people decided on conflicts, from a table with ``unit_id``, ``resolution``, ``reason``.

    Parameters
    ----------
    table : DataFrame
        Text. ``resolution`` (or ``group``, or ``rule``) is the name of a group or of a file, or one of
        ``base``, ``union``, ``ask``, ``both``, ``delete``, ``leave-out``; "keep S1" is "S1".
        Rows without one are skipped, so that a filled-in `conflicts.csv` can be given.
    groups : iterable of str
        The groups of the plan.
    files : iterable of str
        The files that came: of two files of one group either can be chosen.

    Raises
    ------
    InputError
        With every fault: no such columns, an unknown group or rule, one unit twice.
    """
    names = {str(column).strip().casefold(): column for column in table.columns}
    column = next((names[name] for name in ("resolution", "group", "rule") if name in names), None)
    if "unit_id" not in names or column is None:
        raise InputError(
            "The resolutions need the columns unit_id, resolution and reason; they have "
            f"{listed(table.columns, 12)}."
        )
    spellings = {name.casefold(): name for name in (*files, *groups, *_CHOICES)}
    spellings |= _DEFAULTS
    resolutions: dict[str, Resolution] = {}
    faults = []
    for line, row in enumerate(table.to_dict("records"), start=2):
        unit_id, answer = _text(row.get(names["unit_id"])), _text(row.get(column))
        choice = re.sub(r"^keep\s+", "", answer.partition(":")[0].strip(), flags=re.IGNORECASE)
        if not choice:
            continue
        if choice.casefold() not in spellings:
            hint = nearest(choice, spellings.values())
            faults.append(
                f"line {line}: '{choice}' is no group and no rule, and no file that came.{hint}"
            )
        elif unit_id in resolutions:
            faults.append(f"line {line}: {unit_id} is resolved twice")
        else:
            reason = _text(row.get(names.get("reason", ""))) or answer.partition(":")[2].strip()
            resolutions[unit_id] = Resolution(unit_id, spellings[choice.casefold()], reason)
    if faults:
        raise InputError(
            f"The resolutions cannot be used: {'; '.join(faults)}. A resolution is the name of a "
            f"group or file, or one of {', '.join(_CHOICES)}."
        )
    return resolutions


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value).strip()
