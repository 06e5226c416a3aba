"""From what all groups brought to one next round: three-way against the base, never silent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from cami_units import overlap
from cami_units.model import InputError, listed
from cami_units.workshop._identity import Ground, Notice, copy_of
from cami_units.workshop._new_units import (
    by_size,
    fresh_on_the_map,
    numbered,
    settle_fresh,
    tell_outside,
)
from cami_units.workshop._resolutions import (
    ASK,
    KEEP_BASE,
    OVERLAP_SHARE,
    PROPOSAL,
    SETTLED,
    Conflict,
    Outcome,
    Resolution,
    Rules,
    Settled,
    add_site,
    lay_aside,
    tell,
)
from cami_units.workshop._unit_names import bare_name, is_cyrillic
from cami_units.workshop._versions import (
    HIDDEN,
    Brought,
    Fresh,
    Version,
    ground_of,
    plain,
    same_outline,
)


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
    fresh = numbered(fresh_on_the_map(groups, inside, out), ground, drawn, rules, out)
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
    settle_fresh(fresh, known, ground, rules, inside, out)
    for one in groups:
        _tell_contested(one, fresh, ground, out)
        for dropped in one.dropped:
            lay_aside(out, f"@{dropped.shape.place}", "", one.group, dropped, "see problems.csv")
    tell_outside(groups, fresh, inside, ground, rules, out)
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
    site = add_site(out, f"{version.unit_id}@{version.group}", version.places)
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
    named = tuple((one.file, add_site(out, _site_of(one, out), one.places)) for one in asking)
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
        tell(out, unit_id, "absent", "none", owner, "", "", "", note)
    for voice in distinct:
        if voice.places and not (chosen and _asks_the_same(voice, chosen, drawn)):
            site = add_site(out, f"{unit_id}@{voice.group}", voice.places)
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
    sites = tuple((one.group, add_site(out, f"{unit_id}@{one.group}", one.places)) for one in drawn)
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
    site = add_site(out, unit_id, chosen.places) if chosen.places else ""
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
    for place in sorted(chosen.places, key=by_size(ground, drawn)):
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
        tell(out, piece, "new", "none", chosen.group, chosen.file, name, piece, note)


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
        site = add_site(out, unit_id if own else f"{unit_id}@{voice.group}", voice.places)
    if voice.differs and not taken:
        notes.append("not applied: see conflicts.csv")
    if voice.change == "merged":
        notes.insert(0, f"into {voice.into}")
    if voice.change == "rejected":
        notes.insert(0, voice.comment or "no reason was given: ask the group")
    what = (voice.matched_by, voice.group, voice.file, voice.placemark)
    if voice.change != "kept":
        tell(out, unit_id, voice.change, *what, site, "; ".join(notes))
        notes = []
    if voice.renamed:
        to = voice.name_en or voice.name_ru
        was = unit["name_en"] if voice.name_en else unit["name_ru"]
        tell(out, unit_id, "renamed", *what, "", "; ".join([f"'{was}' → '{to}'", *notes]))
        notes = []
    if voice.comment and voice.change != "rejected":
        tell(out, unit_id, "commented", *what, "", "; ".join([voice.comment, *notes]))
        notes = []
    if voice.change == "kept" and not voice.renamed and not voice.comment:
        tell(out, unit_id, "kept", *what, "", "; ".join(notes))


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
        tell(out, unit_id, "conflict", "cu_id", one.group, ";".join(one.files), "", "", what)


def _tell_overlaps(
    base: gpd.GeoDataFrame, drawn: gpd.GeoDataFrame, rules: Rules, out: Outcome
) -> None:
    """Units of different groups that now share ground."""
    shown = [unit for unit in out.units if unit.status not in HIDDEN]
    whole = dict(zip(base["unit_id"], base.geometry, strict=True))
    shapes = [
        ground_of(out.sites[unit.site], drawn) if unit.site else whole[unit.unit_id]
        for unit in shown
    ]
    by = {unit.unit_id: _owners(unit, rules) for unit in shown}
    told = {frozenset(conflict.unit_id.split(";")) for conflict in out.conflicts}
    for a, b, km2 in _sharing(gpd.GeoSeries(shapes, crs=base.crs)):
        if not (shown[a].site or shown[b].site):
            continue
        one, other = sorted((shown[a].unit_id, shown[b].unit_id))
        if frozenset((one, other)) in told:
            continue
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
                km2,
                ASK,
                "overlap",
                "they share ground; both stay as drawn",
                decided.sentence() if decided else "",
                ((one, one), (other, other)),
            )
        )


def _sharing(ground: gpd.GeoSeries) -> Iterator[tuple[int, int, float]]:
    """Pairs of polygons that share more than :data:`OVERLAP_SHARE` of the smaller one, and the km²."""
    shapes, area = ground.to_numpy(), overlap.area_km2(ground).to_numpy()
    first, second = shapely.STRtree(shapes).query(shapes)
    first, second = (side[first < second] for side in (first, second))
    west, south, east, north = np.moveaxis(shapely.bounds(shapes), 1, 0)
    width = np.minimum(east[first], east[second]) - np.maximum(west[first], west[second])
    height = np.minimum(north[first], north[second]) - np.maximum(south[first], south[second])
    least = OVERLAP_SHARE * np.minimum(area[first], area[second])
    near = width * height / 1e6 >= least  # what the boxes share is the most the shapes can share
    first, second, least = (side[near] for side in (first, second, least))
    km2 = overlap.shared_km2(ground.iloc[first], ground.iloc[second])
    for place in np.lexsort((second, first)):
        if km2[place] >= least[place]:
            yield int(first[place]), int(second[place]), float(km2[place])


def _owners(unit: Settled, rules: Rules) -> set[str]:
    return set(unit.groups) or {rules.owner.get(unit.unit_id, "")}


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
