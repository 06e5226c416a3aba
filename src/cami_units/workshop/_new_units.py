"""New units: on the map, numbered, and each once where two groups drew the same place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import shapely

from cami_units.workshop._allocation import EVERYBODY
from cami_units.workshop._identity import SAME_PLACE, Ground, Notice, jaccard
from cami_units.workshop._resolutions import (
    ASK,
    PROPOSAL,
    Conflict,
    Outcome,
    Rules,
    Settled,
    lay_aside,
    tell,
)
from cami_units.workshop._unit_names import bare_name, is_cyrillic
from cami_units.workshop._versions import Brought, Fresh, plain


def fresh_on_the_map(
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
            lay_aside(out, f"@{shape.place}", "", one.group, fresh, what)
    return kept


def numbered(
    fresh: Sequence[tuple[str, Fresh]],
    ground: Ground,
    drawn: gpd.GeoDataFrame,
    rules: Rules,
    out: Outcome,
) -> dict[str, Fresh]:
    """New shapes by their new ids, which go on after the highest that was ever given."""
    order = {group: place for place, group in enumerate(rules.order)}
    size = by_size(ground, drawn)
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


def settle_fresh(
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
            lay_aside(out, unit_id, unit_id, shape.group, one, left[unit_id])
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
        tell(out, unit_id, "new", "none", shape.group, shape.file, shape.name, unit_id, note)
        if shape.comment:
            tell(
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
    for one, other in _of_two_groups(fresh, ground):
        a, b = fresh[one].shape, fresh[other].shape
        if one in left or other in left:
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


def _of_two_groups(fresh: Mapping[str, Fresh], ground: Ground) -> list[tuple[str, str]]:
    """Pairs of new shapes by different groups that may be the same place, in the order of `fresh`."""
    drawn = {one.shape.place: (unit_id, one.shape.group) for unit_id, one in fresh.items()}
    pairs = [
        (one, other)
        for one, other in ground.perhaps_alike(list(drawn), SAME_PLACE)
        if drawn[one][1] != drawn[other][1]
    ]
    ground.measure(pairs)
    return [(drawn[one][0], drawn[other][0]) for one, other in pairs]


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


def tell_outside(
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
            lay_aside(out, unit_id, unit_id, shape.group, one, what)


def by_size(ground: Ground, drawn: gpd.GeoDataFrame) -> Any:
    return lambda place: (
        -round(ground.area[place], 3),
        shapely.to_wkb(shapely.normalize(drawn["outline"].iloc[place])),
    )
