"""New units: on the map, numbered, and each once where two groups drew the same place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, Final

import geopandas as gpd
import shapely

from cami_units import overlap
from cami_units.model import Note
from cami_units.workshop._allocation import EVERYBODY
from cami_units.workshop._identity import SAME_PLACE, Ground, Placemark, note
from cami_units.workshop._merge_tables import (
    ASK,
    LEAVES_OUT,
    PROPOSAL,
    Conflict,
    Merge,
    Merging,
    NextUnit,
    UnitChange,
    add_site,
    answers_of_pair,
    lay_aside,
    without_version,
)
from cami_units.workshop._unit_ids import bare_name, spoken_id
from cami_units.workshop._versions import GroupVersions, by_script, ground_of, plain, sharing

MOSTLY: Final = 0.5
"""Share of a new unit inside the section of its group, from which nobody need be asked."""


def ground_inside(
    placemarks: gpd.GeoDataFrame,
    states: gpd.GeoDataFrame,
    sections: gpd.GeoDataFrame | None,
    groups: Mapping[str, Sequence[str]],
) -> dict[int, dict[str, float]]:
    """For each drawn shape its ground, km², in the sections of each group, and under "" in range states.

    Parameters
    ----------
    placemarks : GeoDataFrame
        Shapes, equal-area; the keys of what comes back are their row numbers.
    states : GeoDataFrame
        Polygons with ``iso2``, in the same CRS.
    sections : GeoDataFrame or None
        The table `sections`, in the same CRS.
    groups : mapping
        The sections of each group; ground in a section that two groups share counts for both.
    """
    sites = placemarks[["geometry"]].assign(place=range(len(placemarks)))
    km2_of: dict[int, dict[str, float]] = {place: {} for place in sites["place"]}
    parts = overlap.overlaps(sites, states, site="place", by=("iso2",))
    for place, _, km2 in zip(*(parts[name] for name in parts), strict=True):
        km2_of[place][""] = km2_of[place].get("", 0.0) + km2
    if sections is not None:
        parts = overlap.overlaps(sites, sections, site="place", by=("section_id",))
        for place, section, km2 in zip(*(parts[name] for name in parts), strict=True):
            for group in (name for name, own in groups.items() if section in own):
                km2_of[place][group] = km2_of[place].get(group, 0.0) + km2
    return km2_of


def new_shapes_on_the_map(groups: Sequence[GroupVersions], merging: Merging) -> list[Placemark]:
    """New shapes of all groups, but for those that lie outside every range state."""
    on_the_map = []
    for one_group in groups:
        for mark in one_group.new_shapes:
            if merging.ground_inside.get(mark.place, {}).get(""):
                on_the_map.append(mark)
                continue
            off_the_map = mark.notice("new shape off the map")
            merging.merge.notices.append(off_the_map)
            lay_aside(merging.merge, f"@{mark.place}", "", mark, off_the_map.note)
    return on_the_map


def numbered_shapes(marks: Sequence[Placemark], merging: Merging) -> dict[str, Placemark]:
    """New shapes by their new ids, which go on after the highest that was ever given."""
    merge, size = merging.merge, by_size(merging)
    order = {group: place for place, group in enumerate(merging.rules.order)}
    ordered = sorted(
        marks, key=lambda mark: (order.get(mark.group, len(order)), mark.group, *size(mark.place))
    )
    # of all ids ever given: the number of a unit that is gone stays its own
    numbers = [int(number[1]) for name in merge.used_ids if (number := re.match(r"CU-(\d+)", name))]
    first = max(numbers, default=0) + 1
    numbered = {f"CU-{number:03d}": mark for number, mark in enumerate(ordered, start=first)}
    merge.used_ids |= set(numbered)
    return numbered


def by_size(merging: Merging) -> Callable[[int], Any]:
    """A sort key for placemarks: the largest first, equal ones by their outline, never by order."""
    area, outlines = merging.ground.area, merging.placemarks["outline"]
    return lambda place: (
        -round(area[place], 3),
        shapely.to_wkb(shapely.normalize(outlines.iloc[place])),
    )


def settle_new_units(
    numbered: Mapping[str, Placemark], known_names: set[str], merging: Merging
) -> None:
    """New units; where two groups drew the same place, the default says whose stays."""
    merge = merging.merge
    merge.sites |= {unit_id: (mark.place,) for unit_id, mark in numbered.items()}
    reasons, part_of = _rivals(numbered, merging)
    _settle_overlaps(numbered, reasons, part_of, merging)
    taken_names = set(known_names)
    drawers: dict[str, list[Placemark]] = {}
    for unit_id, mark in numbered.items():
        decided = merging.rules.resolutions.get(unit_id)
        if decided and decided.choice in LEAVES_OUT:
            reasons[unit_id] = note("settled", answer=decided.sentence())
            part_of.pop(unit_id, None)
        # what was united with an earlier drawing stays, or goes, with that
        drawers.setdefault(part_of.get(unit_id, unit_id), []).append(mark)
    merge.sites |= {
        unit_id: tuple(mark.place for mark in marks)
        for unit_id, marks in drawers.items()
        if unit_id not in reasons
    }
    for unit_id, mark in numbered.items():
        notes = mark.notes
        whole_id = part_of.get(unit_id, unit_id)
        stays = whole_id not in reasons
        if not stays:
            notes = (*notes, note("set aside", text=reasons[whole_id]))
            lay_aside(merge, unit_id, unit_id, mark, reasons[whole_id])
        elif whole_id != unit_id:
            first = numbered[whole_id]
            notes = (*notes, note("one new unit", unit_id=unit_id, group=first.group))
        else:
            all_names = (_given_names(one, known_names) for one in drawers[unit_id])
            given = next(filter(any, all_names), ("", ""))
            names, name_notes = _told_apart(given, taken_names)
            notes = (*notes, *name_notes)
            groups = tuple(dict.fromkeys(one.group for one in drawers[unit_id]))
            merge.units.append(NextUnit(unit_id, unit_id, "", *names, PROPOSAL, groups=groups))
        shown_id = whole_id if stays else unit_id
        row = UnitChange(shown_id, "new", "none", mark.group, mark.file, mark.name)
        new_row = row._replace(site=shown_id, notes=notes, applied=stays, of_unit=mark.copy_of)
        merge.changes.append(new_row)
        if mark.comment:
            comment_notes = (note("", text=mark.comment),)
            merge.changes.append(row._replace(change="commented", notes=comment_notes))


def _given_names(mark: Placemark, known_names: set[str]) -> tuple[str, str]:
    """The names that a group gave a new unit, empty where it gave none."""
    if mark.facts.stand_for(mark.name):
        return mark.facts.name_en, mark.facts.name_ru
    typed = bare_name(mark.name)
    # a copy brings the name of its original along: nobody gave it
    is_copied = bool(mark.copy_of or mark.cu_id or spoken_id(mark.name))
    return by_script("" if is_copied and plain(typed) in known_names else typed)


def _told_apart(
    names: tuple[str, str], taken_names: set[str]
) -> tuple[tuple[str, str], tuple[Note, ...]]:
    """Names with a number behind those that another unit has, and a note of each; they are taken then."""
    apart, notes = [], []
    for name in names:
        numbered_names = (f"{name} ({number})" for number in count(2))
        called = name
        while called and plain(called) in taken_names:
            called = next(numbered_names)
        if called != name:
            notes.append(note("name doubled", name=name, called=called))
        apart.append(called)
    taken_names |= {*map(plain, apart)} - {""}
    return (apart[0], apart[1]), tuple(notes)


def _rivals(
    numbered: Mapping[str, Placemark], merging: Merging
) -> tuple[dict[str, Note], dict[str, str]]:
    """New shapes that another group drew too: why some are set aside, and what some became a part of."""
    ground, merge = merging.ground, merging.merge
    reasons: dict[str, Note] = {}
    part_of: dict[str, str] = {}
    for first, second in _of_two_groups(numbered, ground):
        a, b = numbered[first], numbered[second]
        if {first, second} & {*reasons, *part_of}:
            continue
        # Two shapes that merely touch are two units; only one place drawn twice is a rivalry.
        if ground.alike(a.place, b.place, SAME_PLACE) < SAME_PLACE:
            continue
        pair = f"{first};{second}"
        drawn = {name: _drawers(name, numbered, part_of) for name in (first, second)}
        answers = answers_of_pair(*drawn.values())
        decided = merging.rules.resolutions.get(pair)
        keeper, default = _whose(a, b, merging)
        answer = default
        if decided and decided.choice in answers:
            keeper, answer = decided.choice, decided.sentence()
        elif decided:
            without_version(merge, decided, (a.group, b.group))
        why = note("settled pair", units=pair, answer=answer)
        _settle_pair(drawn, keeper, why, reasons, part_of)
        asked = Conflict(
            pair,
            f"{a.group};{b.group}",
            ground.between(a.place, b.place),
            default,
            "same new area",
            note("same new area", first=a.group, second=b.group),
            answers=answers,
        )
        _ask_about_pair(merge, asked, {a.group: [a], b.group: [b]})
    return reasons, part_of


def _drawers(
    unit_id: str, numbered: Mapping[str, Placemark], part_of: Mapping[str, str]
) -> list[Placemark]:
    """The drawings that make up a new unit: its own, and those that were united with it."""
    parts = [numbered[name] for name, whole_id in part_of.items() if whole_id == unit_id]
    return [numbered[unit_id], *parts]


def _settle_overlaps(
    numbered: Mapping[str, Placemark],
    reasons: dict[str, Note],
    part_of: dict[str, str],
    merging: Merging,
) -> None:
    """What people made of new units of two groups that share ground and are not one place.

    It goes into `reasons` and `part_of`. What lets both stand is asked about with all other overlaps.
    """
    placemarks = merging.placemarks
    for pair, decided in sorted(merging.rules.resolutions.items()):
        first, _, second = pair.partition(";")
        if not {first, second} <= {*numbered} or {first, second} & {*reasons, *part_of}:
            continue
        drawn = {name: _drawers(name, numbered, part_of) for name in (first, second)}
        groups = [{mark.group for mark in marks} for marks in drawn.values()]
        shapes = [ground_of([mark.place for mark in marks], placemarks) for marks in drawn.values()]
        shared = [km2 for *_, km2 in sharing(gpd.GeoSeries(shapes, crs=placemarks.crs))]
        if not shared or groups[0] & groups[1]:
            continue
        why = note("settled pair", units=pair, answer=decided.sentence())
        if not _settle_pair(drawn, decided.choice, why, reasons, part_of):
            continue
        asked = Conflict(
            pair,
            ";".join(sorted(groups[0] | groups[1])),
            shared[0],
            ASK,
            "overlap",
            note("overlap, settled"),
            answers=answers_of_pair(*drawn.values()),
        )
        _ask_about_pair(merging.merge, asked, drawn)


def _ask_about_pair(
    merge: Merge, asked: Conflict, drawn: Mapping[str, Sequence[Placemark]]
) -> None:
    """Add a conflict about two new units, each with its drawings under what it is called there."""
    sites = []
    for label, marks in drawn.items():
        places = tuple(mark.place for mark in marks)
        sites.append((label, add_site(merge, f"@{places[0]}", places)))
    merge.conflicts.append(asked._replace(sites=tuple(sites)))


def _settle_pair(
    drawn: Mapping[str, Sequence[Placemark]],
    choice: str,
    why: Note,
    reasons: dict[str, Note],
    part_of: dict[str, str],
) -> bool:
    """What a choice makes of two new units, by the drawings of each; whether it makes anything of them."""
    first, second = drawn
    of_first, of_second = (
        {name for mark in marks for name in (mark.group, mark.file)} for marks in drawn.values()
    )
    if choice == "union":
        # of three drawings the first takes in both others, and what one of them had taken in
        parts = [name for name, whole in part_of.items() if whole == second]
        part_of |= dict.fromkeys((*parts, second), first)
    elif choice in LEAVES_OUT:
        reasons |= {first: why, second: why}
    elif choice in of_first:
        reasons[second] = why
    elif choice in of_second:
        reasons[first] = why
    else:
        return False
    return True


def _of_two_groups(numbered: Mapping[str, Placemark], ground: Ground) -> list[tuple[str, str]]:
    """Pairs of new shapes by different groups that may be one place, in the order of the ids."""
    ids = {mark.place: unit_id for unit_id, mark in numbered.items()}
    groups = {mark.place: mark.group for mark in numbered.values()}
    pairs = [
        (a, b) for a, b in ground.perhaps_alike(list(ids), SAME_PLACE) if groups[a] != groups[b]
    ]
    ground.measure(pairs)
    return [(ids[a], ids[b]) for a, b in pairs]


def _whose(a: Placemark, b: Placemark, merging: Merging) -> tuple[str, str]:
    """Whose new shape stays where two drew the same place: the group (or rule), and the default."""
    rule = merging.rules.overlap
    if rule == "union":
        return "union", "union"
    if rule == "ask":
        return "both", ASK
    if rule == "first":
        # new shapes are numbered in the order of the groups: the first of a pair is of the earlier
        # group
        return a.group, f"keep {a.group}"
    held_km2 = {
        group: sum(merging.ground_inside.get(mark.place, {}).get(group, 0.0) for mark in (a, b))
        for group in (a.group, b.group)
    }
    # As much in one section as in the other: nobody owns it, plenary does.
    if held_km2[a.group] == held_km2[b.group]:
        return "both", ASK
    keeper = max(held_km2, key=lambda group: held_km2[group])
    return keeper, f"keep {keeper}"


def ask_about_split(
    numbered: Mapping[str, Placemark], pieces_of: Mapping[str, Sequence[str]], merging: Merging
) -> None:
    """Outlines of units that were split since: what became of their pieces stands, unless people say otherwise.

    A file from before shows the whole of a unit of which one piece may be agreed and another merged by now.
    """
    merge = merging.merge
    settled_ids = {unit.unit_id for unit in merge.units}
    for unit_id, mark in numbered.items():
        if not (names := pieces_of.get(mark.cu_id, ())) or unit_id not in settled_ids:
            continue
        shared = sum(merging.ground.with_unit(mark.place, piece) for piece in names)
        what = note("outdated split", group=mark.group, unit_id=mark.cu_id, names=list(names))
        answers = _answers_of_one(mark)
        merge.conflicts.append(
            Conflict(
                *(";".join(names), mark.group, shared, "leave out", "outdated", what),
                sites=(*((piece, piece) for piece in names), (mark.group, unit_id)),
                answers=answers,
            )
        )
        decided = merging.rules.resolutions.get(";".join(names))
        if not decided or answers.get(decided.choice, "ask") in (LEAVES_OUT[0], "ask"):
            _leave_out(unit_id, mark, what, merge)


def _answers_of_one(mark: Placemark) -> dict[str, str]:
    """What people can say of a single new shape: that it stands, that it is left out, that plenary is asked."""
    stands = dict.fromkeys((mark.group, mark.file, "both"), mark.group)
    return {**stands, **dict.fromkeys(LEAVES_OUT, LEAVES_OUT[0]), "ask": "ask"}


def _leave_out(unit_id: str, mark: Placemark, why: Note, merge: Merge) -> None:
    """Set aside what stands as a new unit so far."""
    merge.units = [unit for unit in merge.units if unit.unit_id != unit_id]
    merge.changes = [
        row._replace(applied=False) if (row.unit_id, row.change) == (unit_id, "new") else row
        for row in merge.changes
    ]
    lay_aside(merge, unit_id, unit_id, mark, why)


def ask_about_outside(numbered: Mapping[str, Placemark], merging: Merging) -> None:
    """New units that lie mostly outside the sections of the group that drew them."""
    merge, rules = merging.merge, merging.rules
    settled_ids = {unit.unit_id for unit in merge.units}
    default = {"ask": ASK, "leave-out": "leave out"}
    for unit_id, mark in numbered.items():
        if mark.group not in rules.order or mark.group == EVERYBODY or unit_id not in settled_ids:
            continue
        area = merging.ground.area[mark.place]
        own_km2 = merging.ground_inside.get(mark.place, {}).get(mark.group, 0.0)
        if own_km2 >= MOSTLY * area:
            continue
        # what leaves it out was done before: here it stands
        answers = _answers_of_one(mark)
        what = note("outside the section", share=100 * (1 - own_km2 / area), group=mark.group)
        merge.conflicts.append(
            Conflict(
                unit_id,
                mark.group,
                area - own_km2,
                default.get(rules.outside, f"keep {mark.group}"),
                "outside the section",
                what,
                sites=((mark.group, unit_id),),
                answers=answers,
            )
        )
        decided = rules.resolutions.get(unit_id)
        if rules.outside == "leave-out" and not (decided and decided.choice in answers):
            _leave_out(unit_id, mark, what, merge)
