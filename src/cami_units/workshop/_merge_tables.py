"""What a merge is told, and what it gives, row by row.

Resolutions and rules go in; units of the next round, changes, conflicts, versions set aside come out.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from cami_units.model import InputError, Note, in_short, nearest_note
from cami_units.workshop._identity import Ground, MatchedBy, Notice, Placemark, note
from cami_units.workshop._unit_ids import spoken_id, unit_ids_typed
from cami_units.workshop._versions import Change, joined

# -- what people decided, and what applies where they did not ------------------------------------

Rule = Literal["section-owner", "first", "union", "ask"]
Outside = Literal["ask", "keep", "leave-out"]

DEFAULTS: Final = {
    "ask plenary": "ask",
    "leave out": "leave-out",
    "new unit": "new-unit",
    "the more alike keeps the id": "both",
    "keep what was decided": "base",
    "what was decided": "base",
}
"""Defaults that stand in `conflicts.csv`, so that they can be typed as answers."""
CHOICES: Final = ("base", "union", "ask", "both", "delete", "leave-out", "new-unit")


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
    unread: Mapping[str, Note] = field(default_factory=dict)
    """Groups whose file came and was not read, and what is to be said of that."""


def resolutions_of(
    table: pd.DataFrame, *, groups: Iterable[str], files: Iterable[str] = ()
) -> dict[str, Resolution]:
    """What people decided on conflicts, from a table with ``unit_id``, ``resolution``, ``reason``.

    Parameters
    ----------
    table : DataFrame
        Text. ``resolution`` (or ``group``, or ``rule``) is the name of a group or of a file, the id of
        a new unit that is one of several copies, or one of ``base``, ``union``, ``ask``, ``both``,
        ``delete``, ``leave-out``, ``new-unit``; "keep S1" is "S1". Rows without one are skipped, so that
        a filled-in `conflicts.csv` can be given.
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
        raise InputError.of("resolutions lack columns", names=in_short(table.columns, 12))
    group_names = {group.casefold(): group for group in groups}
    spellings = {name.casefold(): name for name in (*files, *group_names.values(), *CHOICES)}
    spellings |= DEFAULTS
    resolutions: dict[str, Resolution] = {}
    faults = []
    for line, row in enumerate(table.to_dict("records"), start=2):
        unit_id = unit_ids_typed(_text(row.get(names["unit_id"])))
        answer = _text(row.get(column))
        choice = re.sub(r"^keep\s+", "", answer.partition(":")[0].strip(), flags=re.IGNORECASE)
        if not choice:
            continue
        if choice.casefold() not in spellings:  # "group S2", "as S2 drew it"
            choice = group_names.get(_without_group_words(choice), choice)
        if new_id := spoken_id(choice):  # of several copies of a unit one is chosen by its id
            spellings.setdefault(choice.casefold(), new_id)
        if choice.casefold() not in spellings:
            hint = nearest_note(choice, spellings.values())
            facts = {"line": line, "choice": choice, "hint": hint}
            faults.append(Note("resolution unknown", facts))
        elif unit_id in resolutions:
            faults.append(Note("resolved twice", {"line": line, "unit_id": unit_id}))
        else:
            reason = _text(row.get(names.get("reason", ""))) or answer.partition(":")[2].strip()
            resolutions[unit_id] = Resolution(unit_id, spellings[choice.casefold()], reason)
    if faults:
        raise unusable(faults)
    return resolutions


_GROUP_WORDS: Final = re.compile(
    r"(?<![^\W\d_])(?:the|as|of|by|group|groups?'s|version|variant|outline|drew|drawn|it|групп[аыу]|верси[яю]|вариант|"
    r"как|нарисовала|бүлэг|бүлгийн|хувилбар)(?![^\W\d_])|['’]s\b|第|组|組|的|版本|方案"
)


def _without_group_words(choice: str) -> str:
    """What an answer says but for the words around the name of a group; wide letters as narrow ones."""
    plain = unicodedata.normalize("NFKC", choice).casefold()
    return " ".join(_GROUP_WORDS.sub(" ", plain).split())


def unusable(faults: Sequence[Note]) -> InputError:
    """What is refused where resolutions have these faults: all of them, a line each."""
    return InputError.of("resolutions unusable", lines=faults, choices=in_short(CHOICES, None))


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value).strip()


# -- what comes of it ----------------------------------------------------------------------------

PROPOSAL: Final = "working-group proposal"
ASK: Final = "ask plenary"
KEEP_BASE: Final = "keep base"
LEAVES_OUT: Final = ("leave-out", "delete", "base")
"""Answers that set a new unit aside."""
KEEP_DECIDED: Final = "keep what was decided"
NEW_UNIT: Final = "new-unit"
"""The answer that makes a unit of its own of what was drawn of another in another place."""


class UnitChange(NamedTuple):
    """A row of `changes`: what a group did to a unit, and whether it stands in the next round.

    `site` is the outline to measure; `applied` is None where there is nothing to apply; `of_unit`
    is the other unit that it is about: whose piece, or into which it was merged; `reason` is what
    the group wrote beside it.
    """

    unit_id: str
    change: Change | Literal["renamed", "commented", "conflict"]
    matched_by: MatchedBy
    group: str
    file: str
    placemark: str
    site: str = ""
    notes: tuple[Note, ...] = ()
    applied: bool | None = None
    of_unit: str = ""
    reason: str = ""


class Conflict(NamedTuple):
    """A row of `conflicts`: what groups do not agree on, the default, and what people decided.

    `sites` are the outlines of its picture: label and site. `answers` are what people can say, each
    by the choice that it comes to: of several spellings of one outcome one is offered. `elsewhere`
    are the lines of resolutions on single units that settle it too. `open` says whether nobody has
    answered it yet, or the answer is to ask plenary.
    """

    unit_id: str
    groups: str
    overlap_km2: float
    default: str
    kind: str
    what: Note
    resolution: str = ""
    sites: tuple[tuple[str, str], ...] = ()
    answers: Mapping[str, str] = {}  # never changed
    elsewhere: tuple[str, ...] = ()
    open: bool = True

    @property
    def choices(self) -> tuple[str, ...]:
        """The choices that are allowed and do something, each once."""
        return tuple(dict.fromkeys(self.answers.values()))

    @property
    def works(self) -> list[str]:
        """The lines of resolutions that settle it."""
        lines = [f"{self.unit_id},{choice}" for choice in self.choices if choice != "ask"]
        return [*lines, *self.elsewhere]

    def answered(self, decided: Resolution) -> Conflict:
        """The same with what people decided on it."""
        return self._replace(resolution=decided.sentence(), open=decided.choice == "ask")


class NextUnit(NamedTuple):
    """One unit of the next round: where its outline comes from, its name and status, and why."""

    unit_id: str
    site: str
    parent: str = ""
    name_en: str = ""
    name_ru: str = ""
    status: str = ""
    reason: Note | None = None
    into: str = ""
    groups: tuple[str, ...] = ()


class SetAside(NamedTuple):
    """A version that was not taken, with its outline: nothing that a group drew is lost."""

    site: str
    unit_id: str
    group: str
    file: str
    placemark: str
    reason: Note


@dataclass(slots=True)
class Merge:
    """The merge: units, the outlines to measure, and everything that is to be told.

    ``sites`` maps a site to the placemarks that make it up. A site is named after its unit, or
    ``CU-012@S1`` for a version that was not taken. What is not in it is a unit of the base,
    unchanged. ``used_ids`` is every id ever given; ``faults`` says what resolutions cannot be used.
    """

    used_ids: set[str]
    units: list[NextUnit] = field(default_factory=list)
    sites: dict[str, tuple[int, ...]] = field(default_factory=dict)
    changes: list[UnitChange] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    faults: list[Note] = field(default_factory=list)


Inside = Mapping[int, Mapping[str, float]]
"""For each placemark its ground, km², in the sections of each group; under "" in range states."""


@dataclass(frozen=True, slots=True)
class Merging:
    """A merge under way: what it is made of, by which rules, and what has come of it so far.

    `base` and `placemarks` as :func:`cami_units.workshop.merged` takes them; `ground` is measured on
    these two.
    """

    base: gpd.GeoDataFrame
    placemarks: gpd.GeoDataFrame
    ground: Ground
    rules: Rules
    ground_inside: Inside
    merge: Merge


def outlines(
    merge: Merge, base: gpd.GeoDataFrame, placemarks: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Every outline of a merge: ``site``, ``outline`` as written, and the ground, equal-area.

    Units of the base are there with ``placemarks`` false: under their unit ids, or as ``CU-012@base``
    where the id is the site of another outline.
    """
    drawn, grounds = placemarks["outline"].to_numpy(), np.asarray(placemarks.geometry.array)
    rows = [
        (site, True, joined(drawn[list(places)]), joined(grounds[list(places)]))
        for site, places in sorted(merge.sites.items())
    ]
    rows += [
        (f"{unit_id}@base" if unit_id in merge.sites else str(unit_id), False, outline, shape)
        for unit_id, outline, shape in zip(
            base["unit_id"], base["outline"], base.geometry, strict=True
        )
    ]
    table = pd.DataFrame(rows, columns=["site", "drawn", "outline", "geometry"])
    # of no rows too a mask: of objects it would be a list of columns
    return gpd.GeoDataFrame(table.astype({"drawn": bool}), geometry="geometry", crs=base.crs)


def gained_and_lost(before_km2: float, after_km2: float, shared_km2: float) -> tuple[float, float]:
    """The ground that a unit gained and lost when it was drawn anew, km².

    ``after − shared`` and ``before − shared``, none below zero: the areas are of the polygons as
    written, the shared ground of their projections, which differ in the last square metres.

    Examples
    --------
    >>> gained_and_lost(100.0, 130.0, 90.0)
    (40.0, 10.0)
    """
    return max(0.0, after_km2 - shared_km2), max(0.0, before_km2 - shared_km2)


def sites_that_follow(merge: Merge) -> list[tuple[str, str]]:
    """Each unit that was split or merged, with the site of each piece of it, or of what took it in."""
    sites = {unit.unit_id: unit.site for unit in merge.units if unit.site}
    pieces = [
        (unit.parent, unit.site)
        for unit in merge.units
        if unit.site and unit.parent and unit.unit_id != unit.parent
    ]
    return pieces + [
        (row.unit_id, sites[row.of_unit])
        for row in merge.changes
        if row.change == "merged" and row.applied and row.of_unit in sites
    ]


def summed_by_unit(km2_of: Mapping[tuple[str, str], float]) -> dict[str, float]:
    """Of each unit the ground of its :func:`sites_that_follow` together, km²: these do not overlap."""
    sums: dict[str, float] = {}
    for (unit_id, _), km2 in km2_of.items():
        sums[unit_id] = sums.get(unit_id, 0.0) + km2
    return sums


def add_site(merge: Merge, site: str, places: tuple[int, ...]) -> str:
    """A site to measure, under its name; with a number behind it where the name is taken."""
    if not places:
        return ""
    name, number = site, 1
    while merge.sites.get(name, places) != places:
        number += 1
        name = f"{site}.{number}"
    merge.sites[name] = places
    return name


def lay_aside(merge: Merge, site: str, unit_id: str, mark: Placemark, reason: Note) -> None:
    """Set a new shape aside."""
    merge.sites.setdefault(site, (mark.place,))
    merge.set_aside.append(SetAside(site, unit_id, mark.group, mark.file, mark.name, reason))


def without_version(merge: Merge, decided: Resolution, groups: Iterable[str]) -> None:
    """A resolution that is no answer; where it names who brought nothing of it, it cannot be used."""
    if decided.choice not in CHOICES:
        names = in_short(sorted(set(groups))) or Note("none")
        facts = {"unit_id": decided.unit_id, "choice": decided.choice, "names": names}
        merge.faults.append(Note("resolution without version", facts))


def answers_of_pair(first: Sequence[Placemark], second: Sequence[Placemark]) -> dict[str, str]:
    """What people can say of two new units, by the placemarks of each: see :class:`Conflict`."""
    names = {name: mark.group for mark in (*first, *second) for name in (mark.group, mark.file)}
    alike = {"union": "union", "both": "both", **dict.fromkeys(LEAVES_OUT, LEAVES_OUT[0])}
    return {**names, **alike, "ask": "ask"}


def settle_conflicts(merge: Merge, resolutions: Mapping[str, Resolution]) -> None:
    """Write into each conflict what people decided on it; what does nothing there leaves it open.

    Of one unit there may be several conflicts: what answers one of them answers all.
    """
    answers: dict[str, set[str]] = {}
    for asked in merge.conflicts:
        answers.setdefault(asked.unit_id, set()).update(asked.answers)
    for place, asked in enumerate(merge.conflicts):
        decided = resolutions.get(asked.unit_id)
        if decided and decided.choice in answers[asked.unit_id]:
            merge.conflicts[place] = asked.answered(decided)


def shared_answers(merge: Merge, resolutions: Mapping[str, Resolution]) -> list[Notice]:
    """The resolutions that answered several conflicts: a unit has one line, whoever was asked and of what."""
    counts = Counter(asked.unit_id for asked in merge.conflicts if asked.resolution)
    return [
        Notice("", "", "", note("answers several", unit_id=unit_id, choice=decided.choice, count=n))
        for unit_id, decided in sorted(resolutions.items())
        if (n := counts[unit_id]) > 1
    ]


def idle_resolutions(
    merge: Merge,
    resolutions: Mapping[str, Resolution],
    new_ids: Collection[str],
    unit_ids: Collection[str],
) -> list[Notice]:
    """The resolutions that settled nothing, and what would: a slip would leave the default in force.

    Nobody need have asked about one of `new_ids`, the new units, for it to be left out. A slip is no
    id of `unit_ids`, the units that were handed out: one of these is meant as it stands, and so are two
    that another answer has parted.
    """
    open_ids = [conflict.unit_id for conflict in merge.conflicts if conflict.open]
    settled_ids = {conflict.unit_id for conflict in merge.conflicts if conflict.resolution}
    notices = []
    for unit_id, decided in sorted(resolutions.items()):
        is_left_out = unit_id in new_ids and decided.choice in LEAVES_OUT
        if unit_id in settled_ids or is_left_out:
            continue
        facts: dict[str, Any] = {"unit_id": unit_id, "choice": decided.choice}
        works = [line for one in merge.conflicts if one.unit_id == unit_id for line in one.works]
        if works:
            lines = " | ".join(dict.fromkeys(works))
            what = note("resolution without effect", **facts, lines=lines)
        else:
            is_known = {*unit_id.split(";")} <= {*unit_ids, *new_ids}
            hint = "" if is_known else nearest_note(unit_id, open_ids)
            if open_ids and not hint:
                hint = Note("open conflicts", {"names": in_short(open_ids)})
            key = "no open conflict" if is_known else "idle resolution"
            what = note(key, **facts, hint=hint)
        notices.append(Notice("", "", "", what))
    return notices


def settled_reason(decided: Resolution | None, default: str) -> Note:
    """Why a version was not taken: what people decided, else the default that applies."""
    return note("settled", answer=decided.sentence() if decided else default)
