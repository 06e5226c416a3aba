"""From what all groups brought to one next round: three-way against the base, never silent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import geopandas as gpd
import numpy as np

from cami_units import overlap
from cami_units.model import (
    AGREED_STATUSES,
    DOCUMENT_STATUSES,
    HIDDEN_STATUSES,
    Note,
    in_short,
    is_decided,
)
from cami_units.workshop._activities import pieces_of
from cami_units.workshop._identity import (
    NOT_DRAWN,
    TAKEN_IN,
    DrawnFacts,
    Ground,
    Notice,
    Placemark,
    note,
    placemarks_of,
)
from cami_units.workshop._merge_tables import (
    ASK,
    KEEP_BASE,
    KEEP_DECIDED,
    NEW_UNIT,
    PROPOSAL,
    Conflict,
    Inside,
    Merge,
    Merging,
    NextUnit,
    Resolution,
    Rules,
    SetAside,
    UnitChange,
    add_site,
    answers_of_pair,
    idle_resolutions,
    lay_aside,
    settle_conflicts,
    settled_reason,
    shared_answers,
    unusable,
    without_version,
)
from cami_units.workshop._new_units import (
    ask_about_outside,
    ask_about_split,
    by_size,
    new_shapes_on_the_map,
    numbered_shapes,
    settle_new_units,
)
from cami_units.workshop._unit_ids import (
    bare_name,
    letters_in_order,
    number_and_letters,
    without_same_words,
)
from cami_units.workshop._versions import (
    GroupVersions,
    Version,
    by_script,
    ground_of,
    is_as_it_was,
    joined,
    joined_comments,
    joined_requests,
    names_in_data,
    plain,
    same_outline,
    sharing,
    version_of_copy,
)

_WITHOUT_VERSION: Final = {"base": "base", "leave-out": "base", "delete": "delete", "ask": "ask"}
"""What people can say of a unit whatever groups drew of it, each by the choice that it comes to."""
_CANDIDATE: Final = "modelled candidate"
_REJECTED: Final = "rejected"


def merged(
    base: gpd.GeoDataFrame,
    placemarks: gpd.GeoDataFrame,
    ground: Ground,
    groups: Sequence[GroupVersions],
    rules: Rules,
    *,
    ground_inside: Inside,
    used_ids: Iterable[str],
) -> Merge:
    """The units of the next round, and every change, conflict and version that was not taken.

    Parameters
    ----------
    base : GeoDataFrame
        The units that were handed out, equal-area, with ``outline`` and ``rev``.
    placemarks : GeoDataFrame
        All placemarks with ground, equal-area, with ``outline``.
    ground : Ground
        Measured on these two.
    groups : sequence of GroupVersions
        What each group brought, one entry a group.
    rules : Rules
        Defaults of the plan, owners, and what people resolved.
    ground_inside : mapping
        For each placemark the ground, km², in the sections of each group; under ``""`` that in
        range states.
    used_ids : iterable of str
        Every id ever given, so that none is given again.

    Raises
    ------
    InputError
        Resolutions name groups or files that brought nothing of a unit: all of them.
    """
    merge = Merge(used_ids={*used_ids, *base["unit_id"]})
    merging = Merging(base, placemarks, ground, rules, ground_inside, merge)
    units = base.sort_values("unit_id").to_dict("records")
    unit_of = dict(zip(map(str, sorted(base["unit_id"])), units, strict=True))
    by_unit: dict[str, list[Version]] = {unit_id: [] for unit_id in unit_of}
    # those that are no new units have their numbers too: what people answer shifts no other number
    all_numbered = numbered_shapes(new_shapes_on_the_map(groups, merging), merging)
    chosen_copies = _chosen_copies(groups, rules, all_numbered)
    merging = replace(merging, rules=_by_group(rules, chosen_copies.values()))
    for one_group in groups:
        merge.notices += [_with_choice(one, one_group, rules) for one in one_group.notices]
        for unit_id, versions in sorted(one_group.versions.items()):
            unit, copies = unit_of[unit_id], chosen_copies.values()
            by_copy = (_by_chosen_copy(unit, version, copies, merging) for version in versions)
            checked = [_on_the_map(version, merging) for version in by_copy]
            # Of several files of one group one speaks, before groups are held against each other.
            by_unit[unit_id].append(_one_voice(unit, checked, merging))
    all_numbered |= numbered_shapes(_set_loose(by_unit, placemarks, rules), merging)
    numbered = {
        unit_id: mark for unit_id, mark in all_numbered.items() if mark.place not in chosen_copies
    }
    id_of_shape = {f"#{mark.place}": unit_id for unit_id, mark in numbered.items()}
    for unit in units:
        unit_id = str(unit["unit_id"])
        voices = [_into_units(voice, id_of_shape) for voice in by_unit[unit_id]]
        # New shapes have their ids by now: a unit merged into one of them can name it.
        audible = _heard(voices, rules.owner.get(unit_id, ""))
        _settle(unit, audible, merging)
    known_names = {plain(unit[key]) for unit in units for key in ("name_en", "name_ru")}
    settle_new_units(numbered, known_names, merging)
    for one_group in groups:
        for unit_id, what in sorted(one_group.contested.items()):
            _add_contested(one_group, unit_id, what, all_numbered, merging)
        _lay_dropped_aside(one_group, merge)
    _keep_without_taker(unit_of, by_unit, numbered, merging)
    ask_about_split(numbered, pieces_of(base), merging)
    ask_about_outside(numbered, merging)
    # Last: which units share ground is known only when every outline of the next round is.
    _add_overlaps(numbered, merging)
    if merge.faults:
        raise unusable(merge.faults)
    settle_conflicts(merge, rules.resolutions)
    merge.notices += shared_answers(merge, rules.resolutions)
    merge.notices += idle_resolutions(merge, rules.resolutions, numbered, by_unit)
    merge.units.sort(key=lambda unit: unit.unit_id)
    return merge


def _set_loose(
    by_unit: Mapping[str, list[Version]], placemarks: gpd.GeoDataFrame, rules: Rules
) -> list[Placemark]:
    """What was drawn of units in another place and is a unit of its own since people say so.

    The version keeps its place and names the new shape; the unit itself stays where it was.
    """
    loose = []
    for unit_id, decided in sorted(rules.resolutions.items()):
        if decided.choice != NEW_UNIT:
            continue
        for number, voice in enumerate(by_unit.get(unit_id, ())):
            if _is_moved(voice):
                [place] = voice.places
                by_unit[unit_id][number] = voice._replace(into=f"#{place}")
                notes = (note("drawn as another", unit_id=unit_id),)
                mark = placemarks_of(placemarks)[place]
                loose.append(mark._replace(copy_of=unit_id, notes=notes))
    return loose


def _chosen_copies(
    groups: Iterable[GroupVersions], rules: Rules, numbered: Mapping[str, Placemark]
) -> dict[int, Placemark]:
    """The edited copies of units that people settled, by their places: taken for the unit itself, or left out."""
    chosen_copies: dict[int, Placemark] = {}
    for group in groups:
        for unit_id in group.contested.keys() & rules.resolutions.keys():
            copies = _copies_beside(group, unit_id, numbered)
            answer = _answers_of_copies(copies).get(rules.resolutions[unit_id].choice, "")
            is_of_all = answer == "base" or len(copies) == 1
            marks = [*copies.values()] if is_of_all else [copies.get(answer)]
            chosen_copies |= {mark.place: mark for mark in marks if answer and mark}
    return chosen_copies


def _copies_beside(
    one_group: GroupVersions, unit_id: str, numbered: Mapping[str, Placemark]
) -> dict[str, Placemark]:
    """The edited copies of a unit that its group left as it was, by their new ids; none where it did not."""
    versions = one_group.versions.get(unit_id, [])
    if not versions or not all(map(is_as_it_was, versions)):
        return {}
    return _copies(one_group, unit_id, numbered)


def _copies(
    one_group: GroupVersions, unit_id: str, numbered: Mapping[str, Placemark]
) -> dict[str, Placemark]:
    """The new shapes of a group that are copies of a unit, by their new ids."""
    of_unit = (one_group.group, unit_id)
    return {
        new_id: mark for new_id, mark in numbered.items() if (mark.group, mark.copy_of) == of_unit
    }


def _answers_of_copies(copies: Mapping[str, Placemark]) -> dict[str, str]:
    """What people can say of edited copies beside their unit: which is its new outline, or that none is.

    A single one has the name of its group and file, several have their new ids.
    """
    if len(copies) == 1:
        [(new_id, mark)] = copies.items()
        return {**dict.fromkeys((mark.group, mark.file, new_id), mark.group), "base": "base"}
    return {new_id: new_id for new_id in copies} | ({"base": "base"} if copies else {})


def _by_group(rules: Rules, chosen_copies: Iterable[Placemark]) -> Rules:
    """Rules in which a copy that people chose by its id is what its group makes of the unit."""
    by_group = {
        mark.copy_of: replace(decided, choice=mark.group)
        for mark in chosen_copies
        if (decided := rules.resolutions[mark.copy_of]).choice != "base"
    }
    return replace(rules, resolutions={**rules.resolutions, **by_group})


def _by_chosen_copy(
    unit: Mapping[str, Any], version: Version, chosen: Iterable[Placemark], merging: Merging
) -> Version:
    """A version of a unit; that of the copy which people took for it, where they did."""
    decided = merging.rules.resolutions.get(version.unit_id)
    for mark in chosen:
        answer = merging.rules.resolutions.get(mark.copy_of)
        is_part = version.unit_id in mark.facts.merged_from and is_as_it_was(version)
        if is_part and mark.group == version.group and answer and answer.choice != "base":
            return version._replace(change="merged", into=mark.copy_of, matched_by="name")
        if (mark.copy_of, mark.group) != (version.unit_id, version.group) or decided is None:
            continue
        if decided.choice == "base":
            lay_aside(
                merging.merge, f"@{mark.place}", version.unit_id, mark, settled_reason(decided, "")
            )
        else:
            return version_of_copy(unit, version, mark, merging.placemarks, merging.ground)
    return version


# -- within a group -------------------------------------------------------------------------------


def _with_choice(notice: Notice, one_group: GroupVersions, rules: Rules) -> Notice:
    """A notice of a second file of a group, with the units of which people chose that file."""
    named = [
        unit_id
        for unit_id in sorted(one_group.versions)
        if unit_id in rules.resolutions and rules.resolutions[unit_id].choice == notice.file
    ]
    if not named or notice.note.key != "second file":
        return notice
    return notice._replace(note=note("second file, chosen", **notice.note.facts, names=named))


def _on_the_map(version: Version, merging: Merging) -> Version:
    """A version; without its shape where that lies outside every range state."""
    ground_inside, merge = merging.ground_inside, merging.merge
    if not version.places or any(ground_inside.get(place, {}).get("") for place in version.places):
        return version
    site = _version_site(merge, version)
    _lay_version_aside(merge, site, version, note("off the map"))
    merge.conflicts.append(
        Conflict(
            version.unit_id,
            version.group,
            0.0,
            KEEP_BASE,
            "elsewhere",
            note("off the map, swapped"),
            sites=((version.group, site),),
            answers={"base": "base", "ask": "ask"},
        )
    )
    return version._replace(change="kept", places=()).noted("off the map, set aside")


def _one_voice(unit: Mapping[str, Any], versions: Sequence[Version], merging: Merging) -> Version:
    """What a group says of a unit, where it brought several files: the first one leads.

    People can choose another one by the name of its file.
    """
    placemarks, decided = merging.placemarks, merging.rules.resolutions.get(str(unit["unit_id"]))
    named = [version for version in versions if decided and version.file == decided.choice]
    # The file that people chose speaks first, else the first one that asks for something.
    ordered = [*named, *(version for version in versions if version not in named)]
    asking = _distinct([version for version in ordered if version.differs], placemarks)
    leading = named or asking or ordered
    voice = _speaking_for(leading[0], versions)
    rest = [version for version in asking if not _asks_the_same(version, voice, placemarks)]
    if not rest or (len(asking) < 2 and not named):
        return voice
    default = next((version for version in versions if version.differs), versions[0])
    _let_choose(unit, [voice, *rest], default.file, merging)
    return voice._replace(unheard=tuple(rest)).noted("several files")


def _speaking_for(leading: Version, versions: Sequence[Version]) -> Version:
    """A version with what all files of its group say of the unit."""
    is_gone = leading.change == "rejected"
    apart = [version for version in versions if (version.change == "rejected") != is_gone]
    # a rejection that does not count has a row of its own, with its reason
    beside = apart if is_gone else []
    return leading._replace(
        comment=joined_comments(version for version in versions if version not in apart),
        requests=joined_requests(versions),
        beside=tuple((one.file, one.placemark, one.comment) for one in beside if one.comment),
    )


def _let_choose(
    unit: Mapping[str, Any], asking: Sequence[Version], default: str, merging: Merging
) -> None:
    """Versions of one group as a conflict: the first one counts, the others are laid aside."""
    merge, voice = merging.merge, asking[0]
    decided = merging.rules.resolutions.get(voice.unit_id)
    sites = [(version.file, _version_site(merge, version)) for version in asking]
    about = {"group": voice.group, "count": len(asking), "file": voice.file}
    is_chosen = decided is not None and decided.choice == voice.file
    key = "same group twice, chosen" if is_chosen else "same group twice"
    files = [version.file for version in asking]
    clauses = [note(key, **about), *(_version_note(unit, version) for version in asking)]
    answers = {file: file for file in files}
    answers |= dict.fromkeys((voice.group, "both"), default) | _WITHOUT_VERSION
    merge.conflicts.append(
        Conflict(
            voice.unit_id,
            ";".join(f"{version.group} ({version.file})" for version in asking),
            _in_question(asking, voice.unit_id, merging.ground),
            f"keep {default}",
            "same group twice",
            note("said together", clauses=clauses, files=files),
            sites=_with_base(voice.unit_id, sites),
            answers=answers,
        )
    )
    for (_, site), version in list(zip(sites, asking, strict=True))[1:]:
        _lay_version_aside(merge, site, version, note("version counts", file=voice.file))


def _version_note(unit: Mapping[str, Any], version: Version) -> Note:
    """What the version of one file makes of a unit: rejected, and why; into which it is merged; renamed."""
    parts = []
    if version.change != "kept" or not version.renamed:
        parts.append(note("made", code_word=f"change {version.change}"))
    # a new shape has no id yet: the row of the changes will name it
    if version.change == "merged" and not version.into.startswith("#"):
        parts.append(note("merged into", into=version.into))
    elif version.change == "rejected" and version.said:
        parts.append(version.said)
    if version.renamed:
        parts.append(note("made", code_word="change renamed"))
        parts += _rename_notes(unit, version, is_taken=False)
    return note("version of a file", file=version.file, parts=parts)


def _into_units(version: Version, id_of_shape: Mapping[str, str]) -> Version:
    """A version that names the units that new shapes have become, and so those of other files in it."""
    unheard = tuple(_into_units(other, id_of_shape) for other in version.unheard)
    return version._replace(into=id_of_shape.get(version.into, version.into), unheard=unheard)


def _distinct(versions: Sequence[Version], placemarks: gpd.GeoDataFrame) -> list[Version]:
    """Versions that ask for different things, the first of each kind."""
    distinct: list[Version] = []
    for version in versions:
        if not any(_asks_the_same(version, earlier, placemarks) for earlier in distinct):
            distinct.append(version)
    return distinct


def _asks_the_same(first: Version, second: Version, placemarks: gpd.GeoDataFrame) -> bool:
    """Whether two versions ask for the same: the change, the names and the outline."""
    fields = ("change", "name_en", "name_ru", "into")
    if any(getattr(first, name) != getattr(second, name) for name in fields):
        return False
    if not (first.places and second.places):
        return not first.places and not second.places
    return same_outline(ground_of(first.places, placemarks), ground_of(second.places, placemarks))


# -- one unit, all groups -------------------------------------------------------------------------


def _heard(voices: Sequence[Version], owner: str) -> list[Version]:
    """Voices that say something: that a unit is absent counts only where no file has it."""
    present = [voice for voice in voices if voice.change != "absent"]
    absent = sorted(voices, key=lambda voice: (voice.group != owner, voice.group))[:1]
    return present or absent


def _settle(unit: Mapping[str, Any], voices: Sequence[Version], merging: Merging) -> None:
    """The unit in the next round: the base, or the version that applies."""
    merge, placemarks = merging.merge, merging.placemarks
    distinct = _distinct([voice for voice in voices if voice.differs], placemarks)
    applying, reason = _applying(unit, voices, distinct, merging)
    # another group may have asked for the very thing that applies: it is no less heard
    agreeing = [
        voice for voice in voices if applying and _asks_the_same(voice, applying, placemarks)
    ]
    for voice in voices:
        if voice.stands_by_itself:
            merge.changes.append(_moved_row(voice))
        else:
            told = _without_words_of_pieces(voice, placemarks) if voice is applying else voice
            _add_changes(unit, told, applying, merge, is_shared=voice in agreeing)
        _add_unheard(unit, voice, applying, merging)
    # No file spoke of the unit, which is no wish to delete it: it stays, and the report says so.
    if not voices and unit["status"] not in HIDDEN_STATUSES:
        _add_absent(str(unit["unit_id"]), merging.rules, merge)
    for voice in distinct:
        if voice.places and not voice.stands_by_itself and voice not in agreeing:
            _lay_version_aside(merge, _version_site(merge, voice), voice, reason)
    if applying and applying.change == "split" and len(applying.places) > 1:
        _split(unit, applying, merging)
    else:
        merge.units.append(_next_unit(unit, applying, voices, merge))


def _applying(
    unit: Mapping[str, Any],
    voices: Sequence[Version],
    distinct: Sequence[Version],
    merging: Merging,
) -> tuple[Version | None, Note]:
    """The version of a unit that applies (None: the base), and why no other one does."""
    unit_id, merge = str(unit["unit_id"]), merging.merge
    decided = merging.rules.resolutions.get(unit_id)
    applying, default, why = _by_default(unit, voices, distinct, merging.rules)
    answers = _answers(voices, distinct, applying, merging.placemarks)
    if decided and decided.choice not in answers:
        without_version(merge, decided, (voice.group for voice in voices))
        decided = None
    if decided:
        by_rule = applying
        applying = _by_resolution(decided, unit_id, voices, distinct, applying)
        # that a unit that is gone stays after all is said too: nobody need ask about it again
        if (applying != by_rule or _gone(voices)) and not why:
            default, why = _unasked(decided, by_rule, voices, distinct, merge)
    if why:
        _add_conflict(unit_id, distinct or _gone(voices), default, why, answers, merging)
    return applying, settled_reason(decided, default)


def _answers(
    voices: Sequence[Version],
    distinct: Sequence[Version],
    by_rule: Version | None,
    placemarks: gpd.GeoDataFrame,
) -> dict[str, str]:
    """What people can say of a unit, each by the choice that it comes to; see :class:`Conflict`."""
    answers: dict[str, str] = {}
    # who lets the unit stand, or lacks it, wants no more than that it stays as it was
    of_base: dict[str, str] = {}
    for voice in voices:
        alike = [one.group for one in distinct if _asks_the_same(one, voice, placemarks)]
        for name in (voice.group, voice.file):
            (answers if alike else of_base)[name] = alike[0] if alike else "base"
    if sum(voice.change == "reshaped" for voice in distinct) > 1:
        answers["union"] = "union"
    if any(map(_is_moved, distinct)):
        answers |= {NEW_UNIT: NEW_UNIT}
    if by_rule is None:
        answers["both"] = "base"
    else:
        answers["both"] = by_rule.group if by_rule in voices else "union"
    return answers | _WITHOUT_VERSION | of_base


def _unasked(
    decided: Resolution,
    by_rule: Version | None,
    voices: Sequence[Version],
    distinct: Sequence[Version],
    merge: Merge,
) -> tuple[str, tuple[str, Note] | None]:
    """What people settled where no rule would have asked: the default, and what groups brought."""
    default = f"keep {by_rule.group}" if by_rule else KEEP_BASE
    of_unit = (one for one in merge.conflicts if one.unit_id == decided.unit_id)
    if any(decided.choice in one.answers for one in of_unit):
        return default, None  # of two files of one group it has been said already
    if not distinct and (gone := _gone(voices)):
        what = note("came back without", groups=[voice.group for voice in gone])
    elif voices:
        what = note("brought a version", groups=[voice.group for voice in distinct or voices])
    else:
        what = note("in no file")
    return default, ("resolved", what)


def _gone(voices: Sequence[Version]) -> list[Version]:
    """The voices of groups whose folders came back without the unit."""
    return [voice for voice in voices if voice.change == "deleted"]


def _by_default(
    unit: Mapping[str, Any], voices: Sequence[Version], distinct: Sequence[Version], rules: Rules
) -> tuple[Version | None, str, tuple[str, Note] | None]:
    """The version that applies (None: the base), the default, and the conflict if any."""
    if not distinct:
        return None, "", None
    groups = [voice.group for voice in distinct]
    if fixed := _fixed_by(unit, distinct, groups):
        return None, *fixed
    return _by_rule(unit, voices, distinct, groups, rules)


def _fixed_by(
    unit: Mapping[str, Any], distinct: Sequence[Version], groups: Sequence[str]
) -> tuple[str, tuple[str, Note]] | None:
    """Why no version can apply, whoever it is by: the default, and the conflict."""
    if unit["status"] in DOCUMENT_STATUSES:
        what = note("document settled", status=unit["status"], groups=groups)
        return KEEP_BASE, ("settled", what)
    if is_decided(unit):
        what = note("decided", status=unit["status"], groups=groups)
        return KEEP_DECIDED, ("decided", what)
    if stale := [voice for voice in distinct if voice.stale]:
        what = note("outdated", group=stale[0].group, rev=unit["rev"])
        if since := unit.get("hidden_since"):
            facts = {"group": stale[0].group, "status": unit["status"], "rev": since}
            what = note("outdated fate", **facts)
        return ASK, ("outdated", what)
    elsewhere = list(filter(_is_moved, distinct))
    if elsewhere:  # another place is another unit, unless people say that it moved
        return ASK, ("drawn elsewhere", note("drawn elsewhere", group=elsewhere[0].group))
    return None


def _is_moved(version: Version) -> bool:
    """Whether a version is one outline in another place than the unit was."""
    return version.is_elsewhere and version.change == "reshaped"


def _own_version(distinct: Sequence[Version], owner: str) -> Version | None:
    """What the owning group says; without it, the first that speaks for a section of its own."""
    of_owner = next((version for version in distinct if version.group == owner), None)
    return of_owner or next((version for version in distinct if version.owner), None)


def _by_rule(
    unit: Mapping[str, Any],
    voices: Sequence[Version],
    distinct: Sequence[Version],
    groups: Sequence[str],
    rules: Rules,
) -> tuple[Version | None, str, tuple[str, Note] | None]:
    """The version that applies by the rule of the plan: the owner's, the first, all together."""
    owner = rules.owner.get(str(unit["unit_id"]), "")
    own_version = _own_version(distinct, owner)
    if len(distinct) == 1 and own_version:
        return own_version, "", None
    conflict = ("two groups", note("two groups", groups=groups))
    if len(distinct) == 1:
        what = note("another group's unit", groups=groups, owner=owner)
        conflict = ("another group's unit", what)
    if rules.overlap == "section-owner":
        if own_version:
            return own_version, f"keep {own_version.group}", conflict
        let_stand = any(version.group == owner and version.change == "kept" for version in voices)
        return None, KEEP_BASE if let_stand else ASK, conflict
    if rules.overlap == "first":
        order = {group: place for place, group in enumerate(rules.order)}
        first = min(
            distinct, key=lambda version: (order.get(version.group, len(order)), version.group)
        )
        return first, f"keep {first.group}", conflict
    # A union of outlines is sense; a union of a deletion and an outline is not.
    if rules.overlap == "union" and all(voice.change == "reshaped" for voice in distinct):
        return _union(distinct), "union", conflict
    return None, ASK, conflict


def _union(versions: Sequence[Version]) -> Version:
    """One version of several: all of their ground; the name of the first that has one."""
    named = next((version for version in versions if version.renamed), versions[0])
    return versions[0]._replace(
        group=";".join(version.group for version in versions),
        places=tuple(place for version in versions for place in version.places),
        name_en=named.name_en,
        name_ru=named.name_ru,
        comment=joined_comments(versions),
        requests=joined_requests(versions),
    )


def _by_resolution(
    decided: Resolution,
    unit_id: str,
    voices: Sequence[Version],
    distinct: Sequence[Version],
    default: Version | None,
) -> Version | None:
    """The version that people chose, by one of the answers that there are."""
    if decided.choice in ("base", "ask", "leave-out", NEW_UNIT):
        return None
    if decided.choice == "both":
        return default
    if decided.choice == "delete":
        asking = [voice for voice in voices if voice.change in ("rejected", "deleted")]
        gone = next(iter([*asking, *voices]), None) or Version(unit_id, "", "", "deleted", True)
        return gone._replace(change="rejected", places=(), comment=decided.reason)
    if decided.choice == "union":
        return _union([voice for voice in distinct if voice.change == "reshaped"])
    version = next(voice for voice in voices if decided.choice in (voice.group, voice.file))
    return version if version.differs else None


def _add_conflict(
    unit_id: str,
    distinct: Sequence[Version],
    default: str,
    why: tuple[str, Note],
    answers: Mapping[str, str],
    merging: Merging,
) -> None:
    """What groups do not agree on, with the ground that is in question."""
    sites = [(version.group, _version_site(merging.merge, version)) for version in distinct]
    merging.merge.conflicts.append(
        Conflict(
            unit_id,
            ";".join(version.group for version in distinct),
            _in_question(distinct, unit_id, merging.ground),
            default,
            *why,
            sites=_with_base(unit_id, sites),
            answers=answers,
        )
    )


def _next_unit(
    unit: Mapping[str, Any], applying: Version | None, voices: Sequence[Version], merge: Merge
) -> NextUnit:
    """A unit that stays one: what of it is new."""
    unit_id, status, same = str(unit["unit_id"]), str(unit["status"]), _as_it_was(unit)
    if applying is None:
        # Who handed the unit back as it was has looked at it and let it stand.
        confirmed = any(voice.owner and voice.change == "kept" for voice in voices)
        if confirmed and status == _CANDIDATE:
            by = tuple(voice.group for voice in voices)
            return same._replace(status=PROPOSAL, groups=by)
        return same
    same = same._replace(groups=tuple(applying.group.split(";")))
    if applying.change == "rejected":
        # a sentence of ours goes on behind it
        text = applying.comment.rstrip(" .")
        reason = note("reason rejected", group=applying.group, text=text)
        if not text:
            reason = note("reason rejected, none given", group=applying.group)
        return same._replace(status="rejected", reason=reason)
    if applying.change == "merged":
        reason = note("reason merged", into=applying.into, group=applying.group)
        return same._replace(status="merged", reason=reason, into=applying.into)
    name_en, name_ru = _both_names(unit, applying)
    return same._replace(
        site=add_site(merge, unit_id, applying.places),
        name_en=name_en or same.name_en,
        name_ru=name_ru or same.name_ru,
        status=PROPOSAL,
    )


def _as_it_was(unit: Mapping[str, Any]) -> NextUnit:
    """A unit of the base, unchanged."""
    unit_id = str(unit["unit_id"])
    names = (str(unit["name_en"]), str(unit["name_ru"]))
    return NextUnit(unit_id, "", unit_id, *names, str(unit["status"]))


def _both_names(unit: Mapping[str, Any], version: Version) -> tuple[str, str]:
    """The English and the Russian name that a version gives a unit, empty where it gives none."""
    name_en, name_ru = version.name_en, version.name_ru
    new_name = name_en or name_ru
    if name_en and not name_ru:
        name_ru = without_same_words(str(unit["name_en"]), name_en, str(unit["name_ru"]))
    elif name_ru and not name_en:
        name_en = without_same_words(str(unit["name_ru"]), name_ru, str(unit["name_en"]))
    else:
        return name_en, name_ru
    # the other name is that of the place it was
    return (new_name, new_name) if version.is_elsewhere else (name_en, name_ru)


def _split(unit: Mapping[str, Any], applying: Version, merging: Merging) -> None:
    """The pieces of a unit, under its number and a letter each, the largest first."""
    merge, placemarks, unit_id = merging.merge, merging.placemarks, str(unit["unit_id"])
    root = re.sub(r"[a-z]+\Z", "", unit_id)
    # letters that no piece of the unit's number ever had
    letters: Iterator[str] = (
        letter for letter in letters_in_order() if f"{root}{letter}" not in merge.used_ids
    )
    groups = tuple(applying.group.split(";"))
    facts = placemarks["facts"].to_dict() if "facts" in placemarks else {}
    by_ground = by_size(merging)
    # pieces that were drawn on the page keep the order of their letters there
    order = sorted(
        applying.places, key=lambda place: (facts.get(place, NOT_DRAWN).piece, by_ground(place))
    )
    # the letters that its group saw and spoke of, gaps and all, where each is one that nobody had
    drawn_letters = [facts.get(place, NOT_DRAWN).piece for place in order]
    of_page = {
        letter for letter in drawn_letters if letter and f"{root}{letter}" not in merge.used_ids
    }
    if len(of_page) == len(order):
        letters = iter(drawn_letters)
    for place in order:
        piece_facts = facts.get(place, NOT_DRAWN)
        letter = next(letters)
        piece = f"{root}{letter}"
        merge.used_ids.add(piece)
        merge.sites[piece] = (place,)
        name = str(placemarks["name"].iloc[place])
        name_en, name_ru = _names_of_piece(unit, _names_given(unit, name, piece_facts), letter)
        is_rejected = piece_facts.rejected and piece_facts.stand_for(name)
        next_unit = NextUnit(piece, piece, unit_id, name_en, name_ru, PROPOSAL, groups=groups)
        change = UnitChange(piece, "new", "none", applying.group, applying.file, name, piece)
        if is_rejected:
            why = note("", text=piece_facts.reason)
            next_unit = next_unit._replace(status=_REJECTED, reason=why)
            change = change._replace(change="rejected")
        notes = (note("piece", unit_id=unit_id),)
        merge.units.append(next_unit)
        merge.changes.append(change._replace(notes=notes, applied=True, of_unit=unit_id))
        if comment := str(placemarks["comment"].iloc[place]):
            said = change._replace(change="commented", site="", notes=(note("", text=comment),))
            merge.changes.append(said._replace(of_unit=unit_id))


def _without_words_of_pieces(version: Version, placemarks: gpd.GeoDataFrame) -> Version:
    """A version that splits a unit, without what was typed into the balloons of its pieces: they tell it."""
    if version.change != "split" or len(version.places) < 2:
        return version
    of_pieces = "\n".join(map(str, placemarks["comment"].iloc[list(version.places)])).split("\n")
    lines = [line for line in version.comment.split("\n") if line not in of_pieces]
    return version._replace(comment="\n".join(lines))


def _names_given(unit: Mapping[str, Any], name: str, facts: DrawnFacts) -> tuple[str, str]:
    """What a group calls a piece: on the page, before its outline, or in its data as a GIS shows them."""
    if facts.stand_for(name):
        return facts.name_en, facts.name_ru
    typed = by_script(bare_name(name))
    if any(typed) and not {*typed} & {str(unit["name_en"]), str(unit["name_ru"])}:
        return typed
    return names_in_data(unit, facts)[0]


def _names_of_piece(
    unit: Mapping[str, Any], names: tuple[str, str], letter: str
) -> tuple[str, str]:
    """The names of a piece: as its group called it, in both languages; else the unit's with a letter.

    Of a unit that is a piece itself the letter is exchanged.
    """
    of_unit = (str(unit["name_en"]), str(unit["name_ru"]))
    name_en, name_ru = ("" if name in of_unit else name for name in names)
    if name_en or name_ru:
        return name_en or name_ru, name_ru or name_en
    _, own_letter = number_and_letters(str(unit["unit_id"]))
    first, second = (name.removesuffix(f" ({own_letter})") for name in of_unit)
    return f"{first} ({letter})", f"{second} ({letter})"


def _keep_without_taker(
    unit_of: Mapping[str, Mapping[str, Any]],
    by_unit: Mapping[str, Sequence[Version]],
    numbered: Mapping[str, Placemark],
    merging: Merging,
) -> None:
    """Units that were merged stay as they were while the outline that takes them in does not stand.

    It may wait in a conflict, or people may have chosen another one: their ground would be on no map.
    """
    merge = merging.merge
    rows = [row for row in merge.changes if row.change == "merged" and row.applied]
    drawn_places = {
        (voice.unit_id, voice.group): {*voice.places} for each in by_unit.values() for voice in each
    } | {(new_id, mark.group): {mark.place} for new_id, mark in numbered.items()}
    taken_ids = {
        row.unit_id
        for row in rows
        if _is_taken_in(unit_of[row.unit_id], row, drawn_places, merging)
    }
    merge.changes = [
        row._replace(
            applied=False, notes=(*row.notes, note("taker does not stand", into=row.of_unit))
        )
        if row in rows and row.unit_id not in taken_ids
        else row
        for row in merge.changes
    ]
    left_ids = {row.unit_id for row in rows} - taken_ids
    merge.units = [
        _as_it_was(unit_of[unit.unit_id]) if unit.unit_id in left_ids else unit
        for unit in merge.units
    ]


def _is_taken_in(
    unit: Mapping[str, Any],
    row: UnitChange,
    drawn_places: Mapping[tuple[str, str], set[int]],
    merging: Merging,
) -> bool:
    """Whether a unit's ground lies in the unit that it was merged into, or that one is as the group drew it."""
    takers = [
        taker
        for taker in merging.merge.units
        if row.of_unit in (taker.unit_id, taker.parent) and taker.status not in HIDDEN_STATUSES
    ]
    if not takers:
        return False
    sites = merging.merge.sites
    places = {place for taker in takers if taker.site for place in sites[taker.site]}
    of_group = drawn_places.get((row.of_unit, row.group), set())
    if of_group and of_group <= places:
        return True
    base, crs = merging.base.set_index("unit_id").geometry, merging.base.crs
    shape = ground_of([*places], merging.placemarks) if places else base[row.of_unit]
    [km2] = overlap.shared_km2(
        gpd.GeoSeries([unit["geometry"]], crs=crs), gpd.GeoSeries([shape], crs=crs)
    )
    return bool(km2 >= TAKEN_IN * merging.ground.base_area[str(unit["unit_id"])])


# -- rows -----------------------------------------------------------------------------------------


def _add_changes(
    unit: Mapping[str, Any],
    voice: Version,
    applying: Version | None,
    merge: Merge,
    *,
    is_shared: bool = False,
) -> None:
    """The rows of one group's version of a unit in the table of changes.

    `is_shared`: it asks for just what applies, whoever that is from.
    """
    is_own = _is_taken(voice, applying)
    is_taken = is_own or is_shared
    is_gone = voice.change == "deleted" and is_taken
    row = UnitChange(
        *(voice.unit_id, voice.change, voice.matched_by, voice.group, voice.file, voice.placemark),
        applied=is_taken if voice.differs or is_gone else None,
    )
    notes = _applied(voice) if is_gone else list(voice.notes)
    if voice.differs and not is_taken:
        notes.append(note("not applied"))
    notes += _asked_too(voice, applying) if is_shared and not is_own else []
    rows = []
    if voice.change != "kept":
        site = _change_site(voice, applying, merge)
        reason = voice.comment if voice.change == "rejected" else ""
        notes = [*_change_notes(voice), *notes]
        rows.append(row._replace(site=site, of_unit=voice.into, reason=reason))
    if voice.renamed:
        rename = _rename_notes(unit, voice, is_taken=is_taken)
        # a row of its own beside that of the outline: nobody looks there for what became of the name
        rename += [note("not applied")] if rows and not is_taken else []
        renamed = row._replace(change="renamed", notes=tuple(rename), reason=voice.comment)
        if voice.named_in not in ("", voice.file):
            renamed = renamed._replace(file=voice.named_in, placemark="")
        rows.append(renamed)
    rows += _comment_rows(row, voice)
    # What is said of the version as a whole stands once, behind its first row.
    rows = rows or [row]
    rows[0] = rows[0]._replace(notes=(*rows[0].notes, *notes))
    merge.changes += rows


def _add_unheard(
    unit: Mapping[str, Any], voice: Version, applying: Version | None, merging: Merging
) -> None:
    """The rows of what other files of a group ask for, while the one with its voice counts."""
    for other in voice.unheard:
        what = note("another file", file=other.file, counts=voice.file)
        # what the file says of a unit that it does not reject, its group's voice says with it
        silent = other if other.change == "rejected" else other._replace(comment="", requests=())
        silent = silent._replace(notes=(what, *other.notes))
        # another group may ask for just that, and be followed
        is_shared = applying is not None and _asks_the_same(other, applying, merging.placemarks)
        _add_changes(unit, silent, None, merging.merge, is_shared=is_shared)


def _comment_rows(row: UnitChange, voice: Version) -> list[UnitChange]:
    """What a group says of a unit, where it is no reason of a rejection."""
    by_map = voice.told_in in ("", voice.file)
    place = (voice.file, voice.placemark) if by_map else (voice.told_in, "")
    said = [(*place, voice.said)] if voice.change != "rejected" else []
    said += [(file, mark, note("", text=words)) for file, mark, words in voice.beside]
    return [
        row._replace(change="commented", notes=(words,), applied=None, file=file, placemark=mark)
        for file, mark, words in said
        if words
    ]


def _asked_too(voice: Version, applying: Version | None) -> list[Note]:
    """That the version which applies is of others who ask for the same, where it asks for something."""
    if applying is None or not voice.differs:
        return []
    return [note("asked by others too", groups=applying.group.split(";"))]


def _moved_row(voice: Version) -> UnitChange:
    """The row of a version in another place that is a unit of its own now: here it left nothing."""
    named = (voice.matched_by, voice.group, voice.file, voice.placemark)
    what = note("a unit of its own", into=voice.into, group=voice.group)
    return UnitChange(voice.unit_id, "absent", *named, notes=(what,), of_unit=voice.into)


def _rename_notes(unit: Mapping[str, Any], voice: Version, *, is_taken: bool) -> list[Note]:
    """From what to what a unit was renamed, and which of its names stays."""
    new_name = voice.name_en or voice.name_ru
    old_name = unit["name_en"] if voice.name_en else unit["name_ru"]
    renamed = [note("renamed", old_name=old_name, new_name=new_name)]
    return [*renamed, *(_said_to_stay(unit, voice) if is_taken else [])]


def _said_to_stay(unit: Mapping[str, Any], voice: Version) -> list[Note]:
    """That a renamed unit keeps its name in the other language, where it does."""
    if voice.name_en and voice.name_ru:
        return []
    other = "name_ru" if voice.name_en else "name_en"
    name = _both_names(unit, voice)[other == "name_ru"]
    return [note("other name stays", name=name)] if name and name == unit[other] else []


def _applied(voice: Version) -> list[Note]:
    """The notes of a version that people apply: that a folder lacked the unit waits for nobody now."""
    gone = note("came back without", groups=[voice.group])
    return [gone if one.key == "deleted" else one for one in voice.notes]


def _is_taken(voice: Version, applying: Version | None) -> bool:
    """Whether what a group made of a unit is what applies."""
    if applying is None or voice.group not in applying.group.split(";"):
        return False
    # people may take a unit out that the group had only drawn otherwise
    return applying.change != "rejected" or voice.change in ("rejected", "deleted")


def _change_site(voice: Version, applying: Version | None, merge: Merge) -> str:
    """The outline to measure for a row of the changes; empty where none was drawn."""
    if not voice.places or voice.change != "reshaped":
        return ""
    is_own = applying is not None and applying.places == voice.places
    if is_own and _is_taken(voice, applying):
        return add_site(merge, voice.unit_id, voice.places)
    return _version_site(merge, voice)


def _change_notes(voice: Version) -> list[Note]:
    """What stands first beside a merge or a rejection."""
    if voice.change == "merged":
        return [note("merged into", into=voice.into)]
    if voice.change == "rejected":
        return [voice.said or note("no reason")]
    return []


def _add_absent(unit_id: str, rules: Rules, merge: Merge) -> None:
    """A unit that was in no file, and what is known of the file it should have been in."""
    owner = rules.owner.get(unit_id, "")
    why = note("no file", group=owner) if owner else note("in no file")
    why = rules.unread.get(owner, why)
    merge.changes.append(UnitChange(unit_id, "absent", "none", owner, "", "", notes=(why,)))


def _add_contested(
    one_group: GroupVersions,
    unit_id: str,
    what: Note,
    numbered: Mapping[str, Placemark],
    merging: Merging,
) -> None:
    """An id that more than one placemark of a group claimed, or that a name contradicts."""
    merge, copies = merging.merge, _copies(one_group, unit_id, numbered)
    shared = sum(merging.ground.with_unit(mark.place, unit_id) for mark in copies.values())
    default = "the more alike keeps the id"
    sites = [
        (
            new_id,
            new_id if new_id in merge.sites else add_site(merge, f"@{mark.place}", (mark.place,)),
        )
        for new_id, mark in copies.items()
    ]
    copies_beside = _copies_beside(one_group, unit_id, numbered)
    answers = _answers_of_copies(copies_beside) | {"both": "both", "ask": "ask"}
    if len(copies_beside) == 1:
        [(new_id, mark)] = copies_beside.items()
        facts = {"new_id": new_id, "group": one_group.group, "name": mark.called()}
        key = "union or version" if mark.facts.merged_from else "copy or version"
        which = note(key, **facts, unit_id=unit_id)
        what = note("said together", clauses=[what, which], copies=[new_id])
    elif copies_beside:
        called = [f"{new_id} ('{mark.called()}')" for new_id, mark in copies_beside.items()]
        which = note("which copy", names=in_short(called), first=min(copies_beside))
        what = note("said together", clauses=[what, which], copies=[*copies_beside])
    asked = Conflict(unit_id, one_group.group, shared, default, "id", what)
    merge.conflicts.append(asked._replace(sites=_with_base(unit_id, sites), answers=answers))
    files = ";".join(one_group.files)
    row = UnitChange(unit_id, "conflict", "cu_id", one_group.group, files, "", notes=(what,))
    merge.changes.append(row)


def _add_overlaps(numbered: Mapping[str, Placemark], merging: Merging) -> None:
    """Units of different groups that now share ground."""
    base, merge = merging.base, merging.merge
    mark_at = {mark.place: mark for mark in numbered.values()}
    shown_units = [unit for unit in merge.units if unit.status not in HIDDEN_STATUSES]
    outlines = dict(zip(base["unit_id"], base.geometry, strict=True))
    grounds = np.asarray(merging.placemarks.geometry.array)
    shapes = [
        joined(grounds[list(merge.sites[unit.site])]) if unit.site else outlines[unit.unit_id]
        for unit in shown_units
    ]
    pairs_in_conflict = {frozenset(conflict.unit_id.split(";")) for conflict in merge.conflicts}
    for a, b, km2 in sharing(gpd.GeoSeries(shapes, crs=base.crs)):
        first, second = sorted((shown_units[a], shown_units[b]), key=lambda unit: unit.unit_id)
        pair = f"{first.unit_id};{second.unit_id}"
        facts = {"first": first.unit_id, "second": second.unit_id, "km2": km2}
        # Units that nobody touched overlapped before, and no group here has to answer for it:
        # plenary does, which let a unit stand by itself on ground that another had taken in.
        if not (first.site or second.site):
            if {first.status, second.status} & set(AGREED_STATUSES):
                merge.notices.append(Notice("", "", pair, note("decided overlap", **facts)))
            continue
        if frozenset((first.unit_id, second.unit_id)) in pairs_in_conflict:
            continue
        groups = [
            set(unit.groups) or {merging.rules.owner.get(unit.unit_id, "")}
            for unit in (first, second)
        ]
        if both_groups := groups[0] & groups[1]:
            what = note("own overlap", **facts, groups=";".join(sorted(both_groups)))
            merge.notices.append(Notice("", "", pair, what))
            continue
        sides = groups[0] | groups[1]
        merge.conflicts.append(_shared_ground((first, second), sides, km2, mark_at, merge))


def _shared_ground(
    pair: tuple[NextUnit, NextUnit],
    groups: Iterable[str],
    km2: float,
    mark_at: Mapping[int, Placemark],
    merge: Merge,
) -> Conflict:
    """Two units of different groups that share ground, as a conflict."""
    ids = [unit.unit_id for unit in pair]
    answers = {"both": "both", "ask": "ask"}
    if not any(unit.parent for unit in pair):
        # of what was united all drawings count
        drawers = ([mark_at[place] for place in merge.sites[unit.site]] for unit in pair)
        answers = answers_of_pair(*drawers)
    return Conflict(
        ";".join(ids),
        ";".join(sorted(groups)),
        km2,
        ASK,
        "overlap",
        note("overlap"),
        sites=tuple((unit_id, unit_id) for unit_id in ids),
        answers=answers,
        elsewhere=tuple(_way_out(unit) for unit in pair if unit.site),
    )


def _way_out(unit: NextUnit) -> str:
    """The line of resolutions that undoes what was drawn: a new unit is left out, another as it was."""
    return f"{unit.parent},base" if unit.parent else f"{unit.unit_id},leave-out"


def outside_km2(ground: gpd.GeoSeries, taker: gpd.GeoSeries) -> float:
    """How much of a polygon lies outside the one that takes it in, km²: each a series of one."""
    [shared] = overlap.shared_km2(ground, taker)
    return float(overlap.area_km2(ground).iloc[0] - shared)


def _version_site(merge: Merge, version: Version) -> str:
    """The site of the outline that a group drew of a unit; empty where it drew none."""
    return add_site(merge, f"{version.unit_id}@{version.group}", version.places)


def _with_base(unit_id: str, sites: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The outlines of a picture, that of the base first."""
    return (("base", unit_id), *((label, site) for label, site in sites if site))


def _in_question(versions: Iterable[Version], unit_id: str, ground: Ground) -> float:
    """The ground that the first two outlines share, of one outline that with the unit, km²."""
    with_ground = [version.places for version in versions if version.places]
    if len(with_ground) > 1:
        return _shared(with_ground[0], with_ground[1], ground)
    return sum(ground.with_unit(place, unit_id) for places in with_ground for place in places)


def _shared(first: Sequence[int], second: Sequence[int], ground: Ground) -> float:
    """The ground that two versions share, km²."""
    return sum(ground.between(a, b) for a in first for b in second)


def _lay_dropped_aside(group: GroupVersions, merge: Merge) -> None:
    """Set aside what a group drew and what does not apply, for a reason that stands among the problems."""
    for mark in group.dropped_shapes:
        lay_aside(merge, f"@{mark.place}", "", mark, note("see problems"))
    for version in group.outlines_aside:
        _lay_version_aside(merge, _version_site(merge, version), version, note("see problems"))


def _lay_version_aside(merge: Merge, site: str, version: Version, reason: Note) -> None:
    """Set a version aside that has an outline."""
    if site:
        of_version = (version.unit_id, version.group, version.file, version.placemark)
        merge.set_aside.append(SetAside(site, *of_version, reason))
