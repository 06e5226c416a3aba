"""From what all groups brought to one next round: three-way against the base, never silent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import geopandas as gpd
import pandas as pd
import shapely

from cami_units import overlap
from cami_units.model import InputError, listed, nearest
from cami_units.workshop._compare import (
    HIDDEN,
    Brought,
    Change,
    Fresh,
    Version,
    ground_of,
    outline_of,
    plain,
    same_outline,
)
from cami_units.workshop._drawn import SAME_PLACE, Ground, Notice, copy_of, jaccard
from cami_units.workshop._groups import EVERYBODY
from cami_units.workshop._names import bare_name, is_cyrillic

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


def merged(
    base: gpd.GeoDataFrame,
    drawn: gpd.GeoDataFrame,
    ground: Ground,
    groups: Sequence[Brought],
    rules: Rules,
    *,
    inside: Mapping[int, Mapping[str, float]],
    used: Iterable[str],
) -> Outcome:
    """The units of the next round, and every change, conflict and version that was not taken.

    Parameters
    ----------
    base : GeoDataFrame
        The units that were handed out, equal-area, with ``outline`` and ``rev``.
    drawn : GeoDataFrame
        All drawn shapes, equal-area, with ``outline``.
    ground : Ground
        Measured on these two.
    groups : sequence of Brought
        What each group brought, one entry a group.
    rules : Rules
        Defaults of the plan, owners, and what people resolved.
    inside : mapping
        For each drawn shape the ground, km², in the sections of each group; under ``""`` that in
        range states.
    used : iterable of str
        Every id ever given, so that none is given again.
    """
    out = Outcome(used={*used, *base["unit_id"]})
    units = [
        {str(key): value for key, value in row.items()}
        for row in base.sort_values("unit_id").to_dict("records")
    ]
    by_unit: dict[str, list[Version]] = {str(unit["unit_id"]): [] for unit in units}
    for one in groups:
        out.notices += one.notices
        for unit_id, versions in sorted(one.versions.items()):
            checked = [_on_the_map(version, inside, drawn, out) for version in versions]
            by_unit[unit_id].append(_one_voice(checked, drawn, ground, out))
    fresh = _numbered(_fresh_on_the_map(groups, inside, out), ground, drawn, rules, out)
    at = {f"#{one.shape.place}": unit_id for unit_id, one in fresh.items()}
    for unit in units:
        voices = _heard(
            [
                replace(voice, into=at.get(voice.into, voice.into))
                for voice in by_unit[str(unit["unit_id"])]
            ],
            rules.owner.get(str(unit["unit_id"]), ""),
        )
        _settle(unit, voices, drawn, ground, rules, out)
    known = {plain(unit[key]) for unit in units for key in ("name_en", "name_ru")}
    _settle_fresh(fresh, known, ground, rules, inside, out)
    for one in groups:
        _tell_contested(one, fresh, ground, out)
        for dropped in one.dropped:
            _aside(out, f"@{dropped.shape.place}", "", one.group, dropped, "see problems.csv")
    _outside(groups, fresh, inside, ground, rules, out)
    _tell_overlaps(base, drawn, rules, out)
    out.units.sort(key=lambda one: one.unit_id)
    return out


# -- within a group -------------------------------------------------------------------------------


def _on_the_map(
    version: Version,
    inside: Mapping[int, Mapping[str, float]],
    drawn: gpd.GeoDataFrame,
    out: Outcome,
) -> Version:
    """A version; without its shape where that lies outside every range state."""
    if not version.places or any(inside.get(place, {}).get("") for place in version.places):
        return version
    what = "its new outline lies outside every range state"
    site = _add_site(out, f"{version.unit_id}@{version.group}", version.places)
    _aside_version(out, site, version, what)
    out.conflicts.append(
        Conflict(
            version.unit_id,
            version.group,
            0.0,
            KEEP_BASE,
            "elsewhere",
            f"{what}; were longitude and latitude swapped?",
            sites=((version.group, site),),
        )
    )
    return replace(version, change="kept", places=(), notes=(*version.notes, f"{what}: set aside"))


def _one_voice(
    versions: Sequence[Version], drawn: gpd.GeoDataFrame, ground: Ground, out: Outcome
) -> Version:
    """What a group says of a unit, where it brought several files: the fullest file leads."""
    asking = _distinct([one for one in versions if one.differs], drawn)
    voice = asking[0] if asking else versions[0]
    comment = "\n".join(dict.fromkeys(one.comment for one in versions if one.comment))
    if len(asking) < 2:
        return replace(voice, comment=comment)
    named = tuple((one.file, _add_site(out, _site_of(one, out), one.places)) for one in asking)
    out.conflicts.append(
        Conflict(
            voice.unit_id,
            ";".join(f"{one.group} ({one.file})" for one in asking),
            _shared(asking[0].places, asking[1].places, ground),
            f"keep {voice.file}",
            "same group twice",
            f"{voice.group} brought {len(asking)} different versions; the one in the fuller file, "
            f"{voice.file}, counts",
            sites=_with_base(voice.unit_id, named),
        )
    )
    for (_, site), one in list(zip(named, asking, strict=True))[1:]:
        _aside_version(out, site, one, f"the version in {voice.file} counts")
    return replace(voice, comment=comment, notes=(*voice.notes, "this group brought several files"))


def _distinct(versions: Sequence[Version], drawn: gpd.GeoDataFrame) -> list[Version]:
    """Versions that ask for different things, the first of each kind."""
    kept: list[Version] = []
    for version in versions:
        if not any(_asks_the_same(version, other, drawn) for other in kept):
            kept.append(version)
    return kept


def _asks_the_same(one: Version, other: Version, drawn: gpd.GeoDataFrame) -> bool:
    words = ("change", "name_en", "name_ru", "into")
    if any(getattr(one, word) != getattr(other, word) for word in words):
        return False
    if not one.places and not other.places:
        return True
    if not (one.places and other.places):
        return False
    return same_outline(ground_of(one.places, drawn), ground_of(other.places, drawn))


# -- one unit, all groups -------------------------------------------------------------------------


def _heard(voices: Sequence[Version], owner: str) -> list[Version]:
    """Voices that say something: that a unit is absent counts only where no file has it."""
    present = [voice for voice in voices if voice.change != "absent"]
    absent = sorted(voices, key=lambda voice: (voice.group != owner, voice.group))[:1]
    return present or absent


def _settle(
    unit: Mapping[str, Any],
    voices: Sequence[Version],
    drawn: gpd.GeoDataFrame,
    ground: Ground,
    rules: Rules,
    out: Outcome,
) -> None:
    """The unit in the next round: the base, or the version that applies."""
    unit_id = str(unit["unit_id"])
    decided = rules.resolutions.get(unit_id)
    asking = [voice for voice in voices if voice.differs]
    distinct = _distinct(asking, drawn)
    chosen, default, why = _by_default(unit, voices, distinct, rules)
    if decided:
        chosen = _by_decision(decided, unit_id, voices, distinct, chosen)
    if why or (decided and distinct):
        _tell_conflict(unit_id, distinct, default, why or ("resolved", ""), decided, ground, out)
    for voice in voices:
        _tell_change(unit, voice, chosen, out)
    if not voices and unit["status"] not in HIDDEN:
        owner = rules.owner.get(unit_id, "")
        note = f"no file came from {owner}" if owner else "it was in no file"
        if owner in rules.unread:
            note = f"the file of {owner} could not be read: {rules.unread[owner]}"
        _row(out, unit_id, "absent", "none", owner, "", "", "", note)
    for voice in distinct:
        if voice.places and not (chosen and _asks_the_same(voice, chosen, drawn)):
            site = _add_site(out, f"{unit_id}@{voice.group}", voice.places)
            _aside_version(out, site, voice, decided.sentence() if decided else default)
    if chosen and chosen.change == "split" and len(chosen.places) > 1:
        _split(unit, chosen, drawn, ground, out)
    else:
        out.units.append(_settled(unit, chosen, voices, out))


def _by_default(
    unit: Mapping[str, Any], voices: Sequence[Version], distinct: Sequence[Version], rules: Rules
) -> tuple[Version | None, str, tuple[str, str] | None]:
    """The version that applies (None: the base), the default in words, and the conflict if any."""
    if not distinct:
        return None, "", None
    groups = " and ".join(voice.group for voice in distinct)
    if unit["status"] in SETTLED:
        return None, KEEP_BASE, ("settled", f"it is {unit['status']}; {groups} changed it")
    stale = [voice for voice in distinct if voice.stale]
    if stale:
        old = f"{stale[0].group} drew on an older outline than that of round {unit['rev']}"
        return None, ASK, ("outdated", old)
    owner = rules.owner.get(str(unit["unit_id"]), "")
    own = next((one for one in distinct if one.group == owner), None) or next(
        (one for one in distinct if one.owner), None
    )
    if len(distinct) == 1 and own:
        return own, "", None
    if len(distinct) == 1:
        what = ("another group's unit", f"{groups} changed a unit of {owner}")
    else:
        what = ("two groups", f"{groups} changed it differently")
    if rules.overlap == "section-owner":
        if own:
            return own, f"keep {own.group}", what
        here = any(one.group == owner and one.change == "kept" for one in voices)
        return None, KEEP_BASE if here else ASK, what
    if rules.overlap == "first":
        order = {group: place for place, group in enumerate(rules.order)}
        first = min(distinct, key=lambda one: (order.get(one.group, len(order)), one.group))
        return first, f"keep {first.group}", what
    if rules.overlap == "union" and all(one.change == "reshaped" for one in distinct):
        return _union(distinct), "union", what
    return None, ASK, what


def _union(versions: Sequence[Version]) -> Version:
    """One version of several: all of their ground; the name of the first that has one."""
    named = next((one for one in versions if one.renamed), versions[0])
    return replace(
        versions[0],
        group=";".join(one.group for one in versions),
        places=tuple(place for one in versions for place in one.places),
        name_en=named.name_en,
        name_ru=named.name_ru,
        comment="\n".join(one.comment for one in versions if one.comment),
    )


def _by_decision(
    decided: Resolution,
    unit_id: str,
    voices: Sequence[Version],
    distinct: Sequence[Version],
    default: Version | None,
) -> Version | None:
    """The version that people chose."""
    if decided.choice in ("base", "ask", "leave-out"):
        return None
    if decided.choice == "both":
        return default
    if decided.choice == "delete":
        gone = next(iter(voices), None) or Version(unit_id, "", "", "deleted", True)
        return replace(gone, change="rejected", places=(), comment=decided.reason)
    if decided.choice == "union":
        reshaped = [one for one in distinct if one.change == "reshaped"]
        return _union(reshaped) if reshaped else None
    own = next((one for one in voices if one.group == decided.choice), None)
    if own is None:
        there = listed(sorted({one.group for one in voices})) or "none"
        raise InputError(
            f"The resolution for {unit_id} names {decided.choice}, which brought no version of it. "
            f"Versions came from: {there}. Name one of these, or base, union, ask."
        )
    return own if own.differs else None


def _tell_conflict(
    unit_id: str,
    distinct: Sequence[Version],
    default: str,
    why: tuple[str, str],
    decided: Resolution | None,
    ground: Ground,
    out: Outcome,
) -> None:
    drawn = [one for one in distinct if one.places]
    shared = 0.0
    if len(drawn) > 1:
        shared = _shared(drawn[0].places, drawn[1].places, ground)
    elif drawn:
        shared = sum(ground.with_unit(place, unit_id) for place in drawn[0].places)
    sites = tuple(
        (one.group, _add_site(out, f"{unit_id}@{one.group}", one.places)) for one in drawn
    )
    out.conflicts.append(
        Conflict(
            unit_id,
            ";".join(one.group for one in distinct),
            shared,
            default,
            why[0],
            why[1],
            decided.sentence() if decided else "",
            _with_base(unit_id, sites),
        )
    )


def _settled(
    unit: Mapping[str, Any], chosen: Version | None, voices: Sequence[Version], out: Outcome
) -> Settled:
    """A unit that stays one: what of it is new."""
    unit_id, status = str(unit["unit_id"]), str(unit["status"])
    same = Settled(unit_id, "", unit_id, str(unit["name_en"]), str(unit["name_ru"]), status)
    if chosen is None:
        # Who handed the unit back as it was has looked at it and let it stand.
        confirmed = any(voice.owner and voice.change == "kept" for voice in voices)
        if confirmed and status == "modelled candidate":
            return replace(same, status=PROPOSAL, groups=tuple(one.group for one in voices))
        return same
    by = tuple(chosen.group.split(";"))
    if chosen.change == "rejected":
        told = chosen.comment or "no reason was given"
        return replace(
            same, status="rejected", reason=f"Rejected by {chosen.group}: {told}", groups=by
        )
    if chosen.change == "merged":
        told = f"Merged into {chosen.into} by {chosen.group}."
        return replace(same, status="merged", reason=told, into=chosen.into, groups=by)
    site = _add_site(out, unit_id, chosen.places) if chosen.places else ""
    return replace(
        same,
        site=site,
        name_en=chosen.name_en or same.name_en,
        name_ru=chosen.name_ru or same.name_ru,
        status=PROPOSAL,
        groups=by,
    )


def _split(
    unit: Mapping[str, Any],
    chosen: Version,
    drawn: gpd.GeoDataFrame,
    ground: Ground,
    out: Outcome,
) -> None:
    """The pieces of a unit, under its number and a letter each, the largest first."""
    unit_id = str(unit["unit_id"])
    letters = _letters(unit_id, out.used)
    for place in sorted(chosen.places, key=_by_size(ground, drawn)):
        letter = next(letters)
        piece = re.sub(r"[a-z]+\Z", "", unit_id) + letter
        out.used.add(piece)
        out.sites[piece] = (place,)
        typed = bare_name(str(drawn["name"].iloc[place]))
        own = typed if typed and typed not in (unit["name_en"], unit["name_ru"]) else ""
        out.units.append(
            Settled(
                piece,
                piece,
                unit_id,
                own if own and not is_cyrillic(own) else f"{unit['name_en']} ({letter})",
                own if is_cyrillic(own) else f"{unit['name_ru']} ({letter})",
                PROPOSAL,
                groups=tuple(chosen.group.split(";")),
            )
        )
        note = f"a piece of {unit_id}"
        name = str(drawn["name"].iloc[place])
        _row(out, piece, "new", "none", chosen.group, chosen.file, name, piece, note)


def _by_size(ground: Ground, drawn: gpd.GeoDataFrame) -> Any:
    return lambda place: (
        -round(ground.area[place], 3),
        shapely.to_wkb(shapely.normalize(drawn["outline"].iloc[place])),
    )


def _letters(unit_id: str, used: set[str]) -> Iterator[str]:
    """Letters that no piece of the unit's number ever had: a, b, then aa, ab."""
    root = re.sub(r"[a-z]+\Z", "", unit_id)
    number = 0
    while True:
        number += 1
        rest, letter = number, ""
        while rest:
            rest, place = divmod(rest - 1, 26)
            letter = chr(97 + place) + letter
        if f"{root}{letter}" not in used:
            yield letter


# -- new units ------------------------------------------------------------------------------------


def _fresh_on_the_map(
    groups: Sequence[Brought], inside: Mapping[int, Mapping[str, float]], out: Outcome
) -> list[tuple[str, Fresh]]:
    """New shapes of all groups, but for those that lie outside every range state."""
    kept = []
    for one in groups:
        for fresh in one.fresh:
            if inside.get(fresh.shape.place, {}).get(""):
                kept.append((one.group, fresh))
                continue
            what = "a new shape outside every range state"
            shape = fresh.shape
            out.notices.append(Notice(shape.file, shape.folder, shape.name, what, "set aside"))
            _aside(out, f"@{shape.place}", "", one.group, fresh, what)
    return kept


def _numbered(
    fresh: Sequence[tuple[str, Fresh]],
    ground: Ground,
    drawn: gpd.GeoDataFrame,
    rules: Rules,
    out: Outcome,
) -> dict[str, Fresh]:
    """New shapes by their new ids, which go on after the highest that was ever given."""
    order = {group: place for place, group in enumerate(rules.order)}
    size = _by_size(ground, drawn)
    ordered = sorted(
        fresh, key=lambda one: (order.get(one[0], len(order)), one[0], *size(one[1].shape.place))
    )
    numbers = [int(found[1]) for name in out.used if (found := re.match(r"CU-(\d+)", name))]
    first = max(numbers, default=0) + 1
    made = {}
    for number, (_, one) in enumerate(ordered, start=first):
        made[f"CU-{number:03d}"] = one
    out.used |= set(made)
    return made


def _settle_fresh(
    fresh: Mapping[str, Fresh],
    known: set[str],
    ground: Ground,
    rules: Rules,
    inside: Mapping[int, Mapping[str, float]],
    out: Outcome,
) -> None:
    """New units; where two groups drew the same place, the default says whose stays."""
    for unit_id, one in fresh.items():
        out.sites[unit_id] = (one.shape.place,)
    left = _rivals(fresh, ground, rules, inside, out)
    for unit_id, one in fresh.items():
        shape = one.shape
        note = "; ".join(one.notes)
        decided = rules.resolutions.get(unit_id)
        if decided and decided.choice in ("leave-out", "delete", "base"):
            left[unit_id] = decided.sentence()
        if unit_id in left:
            note = "; ".join(filter(None, (note, f"set aside: {left[unit_id]}")))
            _aside(out, unit_id, unit_id, shape.group, one, left[unit_id])
        else:
            typed = bare_name(shape.name)
            typed = "" if plain(typed) in known else typed  # a copy brings the name along
            russian = is_cyrillic(typed)
            out.units.append(
                Settled(
                    unit_id,
                    unit_id,
                    "",
                    "" if russian else typed,
                    typed if russian else "",
                    PROPOSAL,
                    groups=(shape.group,),
                )
            )
        _row(out, unit_id, "new", "none", shape.group, shape.file, shape.name, unit_id, note)
        if shape.comment:
            _row(
                out,
                unit_id,
                "commented",
                "none",
                shape.group,
                shape.file,
                shape.name,
                "",
                shape.comment,
            )


def _rivals(
    fresh: Mapping[str, Fresh],
    ground: Ground,
    rules: Rules,
    inside: Mapping[int, Mapping[str, float]],
    out: Outcome,
) -> dict[str, str]:
    """New shapes that are set aside, because another group drew the same place; with the reason."""
    left: dict[str, str] = {}
    names = list(fresh)
    for number, one in enumerate(names):
        for other in names[number + 1 :]:
            a, b = fresh[one].shape, fresh[other].shape
            if a.group == b.group or one in left or other in left:
                continue
            if jaccard(a.place, b.place, ground, least=SAME_PLACE) < SAME_PLACE:
                continue
            shared = ground.between(a.place, b.place)
            pair = f"{one};{other}"
            decided = rules.resolutions.get(pair)
            keeper, default = _whose(a.group, b.group, (a.place, b.place), rules, inside)
            if decided:
                keeper = decided.choice
            loser = {a.group: other, b.group: one}.get(keeper)
            if keeper == "union":
                out.sites[one] = (a.place, b.place)
                loser = other
            if loser:
                left[loser] = f"{pair}: {decided.sentence() if decided else default}"
            out.conflicts.append(
                Conflict(
                    pair,
                    f"{a.group};{b.group}",
                    shared,
                    default,
                    "same new area",
                    f"{a.group} and {b.group} both drew a new unit here",
                    decided.sentence() if decided else "",
                    ((a.group, f"@{a.place}"), (b.group, f"@{b.place}")),
                )
            )
            out.sites |= {f"@{a.place}": (a.place,), f"@{b.place}": (b.place,)}
    return left


def _whose(
    one: str,
    other: str,
    places: tuple[int, int],
    rules: Rules,
    inside: Mapping[int, Mapping[str, float]],
) -> tuple[str, str]:
    """Whose new shape stays where two drew the same place: the group (or rule), and in words."""
    if rules.overlap == "union":
        return "union", "union"
    if rules.overlap == "ask":
        return "both", ASK
    first = one if rules.overlap == "first" else ""
    if not first:
        held = {
            group: sum(inside.get(place, {}).get(group, 0.0) for place in places)
            for group in (one, other)
        }
        if held[one] == held[other]:
            return "both", ASK
        first = max(held, key=lambda group: held[group])
    return first, f"keep {first}"


# -- things to tell -------------------------------------------------------------------------------


def _tell_change(
    unit: Mapping[str, Any], voice: Version, chosen: Version | None, out: Outcome
) -> None:
    """The rows of one group's version of a unit in the table of changes."""
    unit_id = voice.unit_id
    taken = chosen is not None and (voice.group in chosen.group.split(";"))
    notes = list(voice.notes)
    site = ""
    if voice.places and voice.change == "reshaped":
        own = taken and chosen is not None and chosen.places == voice.places
        site = _add_site(out, unit_id if own else f"{unit_id}@{voice.group}", voice.places)
    if voice.differs and not taken:
        notes.append("not applied: see conflicts.csv")
    if voice.change == "merged":
        notes.insert(0, f"into {voice.into}")
    if voice.change == "rejected":
        notes.insert(0, voice.comment or "no reason was given: ask the group")
    what = (voice.matched_by, voice.group, voice.file, voice.placemark)
    if voice.change != "kept":
        _row(out, unit_id, voice.change, *what, site, "; ".join(notes))
        notes = []
    if voice.renamed:
        to = voice.name_en or voice.name_ru
        was = unit["name_en"] if voice.name_en else unit["name_ru"]
        _row(out, unit_id, "renamed", *what, "", "; ".join([f"'{was}' → '{to}'", *notes]))
        notes = []
    if voice.comment and voice.change != "rejected":
        _row(out, unit_id, "commented", *what, "", "; ".join([voice.comment, *notes]))
        notes = []
    if voice.change == "kept" and not voice.renamed and not voice.comment:
        _row(out, unit_id, "kept", *what, "", "; ".join(notes))


def _tell_contested(one: Brought, fresh: Mapping[str, Fresh], ground: Ground, out: Outcome) -> None:
    """Ids that more than one placemark of a group claimed, or that a name contradicts."""
    for unit_id, what in sorted(one.contested.items()):
        copies = {
            new: other.shape
            for new, other in fresh.items()
            if other.shape.group == one.group and copy_of(unit_id) in other.notes
        }
        shared = sum(ground.with_unit(shape.place, unit_id) for shape in copies.values())
        out.conflicts.append(
            Conflict(
                unit_id,
                one.group,
                shared,
                "the more alike keeps the id",
                "id",
                what,
                sites=_with_base(unit_id, tuple((new, new) for new in copies)),
            )
        )
        _row(out, unit_id, "conflict", "cu_id", one.group, ";".join(one.files), "", "", what)


def _outside(
    groups: Sequence[Brought],
    fresh: Mapping[str, Fresh],
    inside: Mapping[int, Mapping[str, float]],
    ground: Ground,
    rules: Rules,
    out: Outcome,
) -> None:
    """New units that lie mostly outside the sections of the group that drew them."""
    settled = {unit.unit_id for unit in out.units}
    for unit_id, one in fresh.items():
        shape = one.shape
        if shape.group not in rules.order or shape.group == EVERYBODY or unit_id not in settled:
            continue
        area = ground.area[shape.place]
        own = inside.get(shape.place, {}).get(shape.group, 0.0)
        if own >= 0.5 * area:
            continue
        decided = rules.resolutions.get(unit_id)
        leave = rules.outside == "leave-out" and not decided
        default = {"ask": ASK, "keep": f"keep {shape.group}", "leave-out": "leave out"}
        what = f"{100 * (1 - own / area):.0f} % of it lies outside the section of {shape.group}"
        out.conflicts.append(
            Conflict(
                unit_id,
                shape.group,
                area - own,
                default[rules.outside],
                "outside the section",
                what,
                decided.sentence() if decided else "",
                ((shape.group, unit_id),),
            )
        )
        if leave:
            out.units = [unit for unit in out.units if unit.unit_id != unit_id]
            _aside(out, unit_id, unit_id, shape.group, one, what)


def _tell_overlaps(
    base: gpd.GeoDataFrame, drawn: gpd.GeoDataFrame, rules: Rules, out: Outcome
) -> None:
    """Units of different groups that now share ground."""
    shown = [unit for unit in out.units if unit.status not in HIDDEN]
    moved = [unit for unit in shown if unit.site]
    if not moved:
        return
    whole = dict(zip(base["unit_id"], base.geometry, strict=True))
    shapes = [
        ground_of(out.sites[unit.site], drawn) if unit.site else whole[unit.unit_id]
        for unit in shown
    ]
    table = gpd.GeoDataFrame(
        {"unit_id": [unit.unit_id for unit in shown]}, geometry=shapes, crs=base.crs
    )
    area = dict(zip(table["unit_id"], overlap.area_km2(table), strict=True))
    mine = table[table["unit_id"].isin([unit.unit_id for unit in moved])]
    pairs = overlap.overlap(mine, table.rename(columns={"unit_id": "other"}), by=("other",))
    by = {unit.unit_id: _owners(unit, rules) for unit in shown}
    told = {frozenset(conflict.unit_id.split(";")) for conflict in out.conflicts}
    for unit_id, beside, km2 in zip(*(pairs[name] for name in pairs), strict=True):
        one, other = sorted((str(unit_id), str(beside)))
        key = frozenset((one, other))
        if one == other or key in told or km2 < OVERLAP_SHARE * min(area[one], area[other]):
            continue
        told.add(key)
        pair = f"{one};{other}"
        if by[one] & by[other]:
            where = ";".join(sorted(by[one] & by[other]))
            what = f"{one} and {other} share {km2:,.0f} km²"
            out.notices.append(Notice("", "", pair, what, f"both stay as {where} drew them"))
            continue
        decided = rules.resolutions.get(pair)
        out.conflicts.append(
            Conflict(
                pair,
                ";".join(sorted(by[one] | by[other])),
                float(km2),
                ASK,
                "overlap",
                "they share ground; both stay as drawn",
                decided.sentence() if decided else "",
                ((one, one), (other, other)),
            )
        )


def _owners(unit: Settled, rules: Rules) -> set[str]:
    return set(unit.groups) or {rules.owner.get(unit.unit_id, "")}


# -- small pieces ---------------------------------------------------------------------------------


def _row(
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


def _add_site(out: Outcome, site: str, places: tuple[int, ...]) -> str:
    """A site to measure, under its name; with a number behind it where the name is taken."""
    if not places:
        return ""
    name, number = site, 1
    while out.sites.get(name, places) != places:
        number += 1
        name = f"{site}.{number}"
    out.sites[name] = places
    return name


def _site_of(version: Version, out: Outcome) -> str:
    return f"{version.unit_id}@{version.group}"


def _with_base(unit_id: str, sites: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return (("base", unit_id), *((label, site) for label, site in sites if site))


def _shared(one: Sequence[int], other: Sequence[int], ground: Ground) -> float:
    return sum(ground.between(a, b) for a in one for b in other)


def _aside_version(out: Outcome, site: str, version: Version, reason: str) -> None:
    if site:
        out.set_aside.append(
            {
                "site": site,
                "unit_id": version.unit_id,
                "group": version.group,
                "file": version.file,
                "placemark": version.placemark,
                "reason": reason,
            }
        )


def _aside(out: Outcome, site: str, unit_id: str, group: str, fresh: Fresh, reason: str) -> None:
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


def outlines(out: Outcome, base: gpd.GeoDataFrame, drawn: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Every outline of an outcome: ``site``, ``outline`` as written, and the ground, equal-area.

    Sites of the base that pictures need are there under their unit ids with ``drawn`` false.
    """
    rows = [
        (site, True, outline_of(places, drawn), ground_of(places, drawn))
        for site, places in sorted(out.sites.items())
    ]
    taken = set(out.sites)
    rows += [
        (str(unit_id), False, outline, shape)
        for unit_id, outline, shape in zip(
            base["unit_id"], base["outline"], base.geometry, strict=True
        )
        if unit_id not in taken
    ]
    columns = ["site", "drawn", "outline", "geometry"]
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry="geometry", crs=base.crs)
