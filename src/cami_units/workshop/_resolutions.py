"""What a merge gives: units, changes, conflicts, versions set aside; and what people resolved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import geopandas as gpd
import pandas as pd

from cami_units.model import InputError, listed, nearest
from cami_units.workshop._identity import Notice
from cami_units.workshop._versions import Change, Fresh, ground_of, outline_of

Rule = Literal["section-owner", "first", "union", "ask"]
Outside = Literal["ask", "keep", "leave-out"]

PROPOSAL: Final = "working-group proposal"
SETTLED: Final = ("endorsed by range states", "adopted")
"""Statuses that no file changes: they hang on a document."""
ASK: Final = "ask plenary"
KEEP_BASE: Final = "keep base"
OVERLAP_SHARE: Final = 0.01
"""Units of different groups that share more than this of the smaller one are shown to plenary."""

_CHOICES: Final = ("base", "union", "ask", "both", "delete", "leave-out")


@dataclass(frozen=True, slots=True)
class Resolution:
    """What people decided on a conflict before the merge: a group's version, or a rule; and why."""

    unit_id: str
    choice: str
    reason: str

    def sentence(self) -> str:
        """As it stands in the table of conflicts."""
        return f"{self.choice}: {self.reason}" if self.reason else self.choice


@dataclass(slots=True)
class Conflict:
    """What groups do not agree on, the default that applies, and what people decided.

    `sites` are the outlines of its picture: label and site. `where` is a point in it.
    """

    unit_id: str
    groups: str
    overlap_km2: float
    default: str
    kind: str
    what: str
    resolution: str = ""
    sites: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """One unit of the next round: where its outline comes from, its name and status, and why."""

    unit_id: str
    site: str
    parent: str = ""
    name_en: str = ""
    name_ru: str = ""
    status: str = ""
    reason: str = ""
    into: str = ""
    groups: tuple[str, ...] = ()


@dataclass(slots=True)
class Outcome:
    """The merge: units, the outlines to measure, and everything that is to be told.

    ``sites`` maps a site to the rows of the drawn table that make it up. A site is named after its
    unit, or ``CU-012@S1`` for a version that was not taken. What is not in it is a unit of the
    base, unchanged.
    """

    units: list[Settled] = field(default_factory=list)
    sites: dict[str, tuple[int, ...]] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    set_aside: list[dict[str, Any]] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    used: set[str] = field(default_factory=set)


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


def resolutions_of(table: pd.DataFrame, *, groups: Iterable[str]) -> dict[str, Resolution]:
    """What people decided on conflicts, from a table with ``unit_id``, ``resolution``, ``reason``.

    Parameters
    ----------
    table : DataFrame
        Text. ``resolution`` (or ``group``, or ``rule``) is the name of a group, or one of
        ``base``, ``union``, ``ask``, ``both``, ``delete``, ``leave-out``; "keep S1" is "S1".
        Rows without one are skipped, so that a filled-in `conflicts.csv` can be given.
    groups : iterable of str
        The groups of the plan.

    Raises
    ------
    InputError
        With every fault: no such columns, an unknown group or rule, one unit twice.
    """
    names = {str(column).strip().casefold(): column for column in table.columns}
    column = next((names[one] for one in ("resolution", "group", "rule") if one in names), None)
    if "unit_id" not in names or column is None:
        raise InputError(
            "The resolutions need the columns unit_id, resolution and reason; they have "
            f"{listed(table.columns, 12)}."
        )
    known = {name.casefold(): name for name in (*groups, *_CHOICES)}
    found: dict[str, Resolution] = {}
    faults = []
    for line, row in enumerate(table.to_dict("records"), start=2):
        unit_id, told = (_text(row.get(names["unit_id"])), _text(row.get(column)))
        choice = re.sub(r"^keep\s+", "", told.partition(":")[0].strip(), flags=re.IGNORECASE)
        if not choice:
            continue
        if choice.casefold() not in known:
            hint = nearest(choice, known.values())
            faults.append(f"line {line}: '{choice}' is no group and no rule.{hint}")
        elif unit_id in found:
            faults.append(f"line {line}: {unit_id} is resolved twice")
        else:
            reason = _text(row.get(names.get("reason", ""))) or told.partition(":")[2].strip()
            found[unit_id] = Resolution(unit_id, known[choice.casefold()], reason)
    if faults:
        raise InputError(
            f"The resolutions cannot be used: {'; '.join(faults)}. A resolution is the name of a "
            f"group or one of {', '.join(_CHOICES)}."
        )
    return found


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value).strip()


def outlines(out: Outcome, base: gpd.GeoDataFrame, drawn: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Every outline of an outcome: ``site``, ``outline`` as written, and the ground, equal-area.

    Units of the base are there with ``drawn`` false: under their unit ids, or as ``CU-012@base``
    where the id is the site of another outline.
    """
    rows = [
        (site, True, outline_of(places, drawn), ground_of(places, drawn))
        for site, places in sorted(out.sites.items())
    ]
    taken = set(out.sites)
    rows += [
        (f"{unit_id}@base" if unit_id in taken else str(unit_id), False, outline, shape)
        for unit_id, outline, shape in zip(
            base["unit_id"], base["outline"], base.geometry, strict=True
        )
    ]
    columns = ["site", "drawn", "outline", "geometry"]
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry="geometry", crs=base.crs)


def tell(
    out: Outcome,
    unit_id: str,
    change: Change | Literal["renamed", "commented", "conflict"],
    matched_by: str,
    group: str,
    file: str,
    placemark: str,
    site: str,
    note: str,
) -> None:
    """Add a row to the table of changes."""
    out.changes.append(
        {
            "unit_id": unit_id,
            "change": change,
            "matched_by": matched_by,
            "group": group,
            "file": file,
            "placemark": placemark,
            "site": site,
            "note": note,
        }
    )


def add_site(out: Outcome, site: str, places: tuple[int, ...]) -> str:
    """A site to measure, under its name; with a number behind it where the name is taken."""
    if not places:
        return ""
    name, number = site, 1
    while out.sites.get(name, places) != places:
        number += 1
        name = f"{site}.{number}"
    out.sites[name] = places
    return name


def lay_aside(out: Outcome, site: str, unit_id: str, group: str, fresh: Fresh, reason: str) -> None:
    """Set a new shape aside: nothing that a group drew is lost."""
    out.sites.setdefault(site, (fresh.shape.place,))
    out.set_aside.append(
        {
            "site": site,
            "unit_id": unit_id,
            "group": group,
            "file": fresh.shape.file,
            "placemark": fresh.shape.name,
            "reason": reason,
        }
    )
