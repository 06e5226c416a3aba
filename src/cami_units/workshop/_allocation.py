"""Who works on what: sections given to groups, and each unit to exactly one of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import geopandas as gpd
import pandas as pd
import shapely

from cami_units import overlap
from cami_units.model import InputError, Note, check_table, in_short, nearest_note

EVERYBODY: Final = "everybody"
"""The one group of a workshop without sections."""


def groups_of(
    sections_of: Mapping[str, Sequence[str]], sections: pd.DataFrame | None
) -> dict[str, tuple[str, ...]]:
    """The sections of each group, as the plan gives them.

    Parameters
    ----------
    sections_of : mapping
        ``[workshop.groups]`` of the plan: the sections of each group. Empty: one group a section,
        named after it.
    sections : DataFrame or None
        The table `sections`. ``None`` or empty: one group, :data:`EVERYBODY`, without a section.

    Returns
    -------
    dict
        Groups in the order of the plan, else of the sections.

    Raises
    ------
    InputError
        A group is given a section that is not there.

    Examples
    --------
    >>> groups_of({}, pd.DataFrame({"section_id": ["S2", "S1"]}))
    {'S1': ('S1',), 'S2': ('S2',)}
    """
    section_ids = [] if sections is None else sorted(map(str, sections["section_id"]))
    unknown = [name for names in sections_of.values() for name in names if name not in section_ids]
    if unknown:
        hints = [nearest_note(name, section_ids) for name in unknown]
        facts = {"names": in_short(unknown), "sections": in_short(section_ids, 20)}
        raise InputError.of("sections that are not there", hints=hints, **facts)
    if sections_of:
        return {group: tuple(names) for group, names in sections_of.items()}
    return {name: (name,) for name in section_ids} or {EVERYBODY: ()}


OWN_FOLDERS: Final = ("plenary", "everything")
"""Folders of a pack that are no group's."""
_DEVICES: Final = re.compile(r"con|prn|aux|nul|(?:com|lpt)[0-9]", re.IGNORECASE)
"""What Windows takes for a device, whatever folder it is in: no file or folder there is called so (Microsoft,
"Naming Files, Paths, and Namespaces")."""
_NAME_OF_FILES: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


def group_name_faults(groups: Collection[str]) -> list[Note]:
    """What is wrong with the names of groups: files and folders are called after them, on any system.

    Examples
    --------
    >>> [fault.key for fault in group_name_faults(["A", "a", "plenary", "CON"])]
    ['group name twice', 'group name of ours', 'group name of a device']
    """
    plain = [name.lower() for name in groups]
    twice = sorted({name for name in plain if plain.count(name) > 1})
    ours = [name for name in OWN_FOLDERS if name in plain]
    odd = [name for name in groups if not _NAME_OF_FILES.fullmatch(name)]
    return [
        Note(key, {"group": name})
        for key, names in (
            ("group name for files", odd),
            ("group name twice", twice),
            ("group name of ours", ours),
            ("group name of a device", list(filter(_DEVICES.fullmatch, groups))),
        )
        for name in names
    ]


def language_faults(languages: Iterable[str], groups: Collection[str]) -> list[Note]:
    """A note on languages that ``[workshop.languages]`` gives to groups that are not there."""
    if not (unknown := [name for name in languages if name not in groups]):
        return []
    hints = [nearest_note(name, groups) for name in unknown]
    facts = {"names": in_short(unknown), "groups": in_short(groups, 20)}
    return [Note("languages of no group", {**facts, "hints": hints})]


def section_owners(groups: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The group that owns each section: of several that work on one, the first named.

    Examples
    --------
    >>> section_owners({"G1": ["S1"], "G2": ["S1", "S2"]})
    {'S1': 'G1', 'S2': 'G2'}
    """
    owner: dict[str, str] = {}
    for group, names in groups.items():
        for section in names:
            owner.setdefault(section, group)
    return owner


def units_in_packs(
    allocation: pd.DataFrame, groups: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """The units that each group is handed: its own, and those of a section that it shares.

    Parameters
    ----------
    allocation : DataFrame
        As :func:`allocated` gives it.
    groups : mapping
        The sections of each group.
    """
    held = {}
    for group, names in groups.items():
        mine = (allocation["group"] == group) | allocation["section_id"].isin(list(names))
        held[group] = sorted(map(str, allocation.loc[mine, "unit_id"]))
    return held


def allocated(
    units: gpd.GeoDataFrame, sections: gpd.GeoDataFrame | None, groups: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """The one group that each unit is given to: where its largest share lies, else the nearest.

    Parameters
    ----------
    units : GeoDataFrame
        ``unit_id`` and polygons, equal-area.
    sections : GeoDataFrame or None
        The table `sections`, in the same CRS.
    groups : mapping
        The sections of each group, as :func:`groups_of` gives them. Sections of no group take no
        unit.

    Returns
    -------
    DataFrame
        ``unit_id``, ``section_id``, ``group``, ``share`` (% of the unit that lies in the sections
        of its group; 0 where it is only the nearest), in the order of `units`. Equal shares go to
        the group that comes first.

    Raises
    ------
    InputError
        The CRSs differ.
    """
    columns = ["unit_id", "section_id", "group", "share"]
    owner = section_owners(groups)
    if sections is None or not owner:
        only = next(iter(groups))
        return pd.DataFrame(
            {"unit_id": units["unit_id"], "section_id": "", "group": only, "share": 100.0}
        )[columns].reset_index(drop=True)
    check_table(sections, "sections", crs=units.crs)
    ground = sections[sections["section_id"].isin(owner)].sort_values("section_id")
    ground = ground.assign(group=ground["section_id"].map(owner)).reset_index(drop=True)
    order = {group: place for place, group in enumerate(groups)}
    shares = overlap.overlaps(units, ground, by=("section_id", "group"))
    # A group's sections are added up: it is the group that gets the unit, not the section.
    shares["group_km2"] = shares.groupby(["unit_id", "group"])["km2"].transform("sum")
    shares["place"] = shares["group"].map(order)
    best = shares.sort_values(
        # Most ground first; ties go by the order of the groups, then to the larger section, so that
        # a pack made twice is the same.
        ["unit_id", "group_km2", "place", "km2", "section_id"],
        ascending=[True, False, True, False, True],
    ).drop_duplicates("unit_id")
    best_of_unit = best.set_index("unit_id")
    area = overlap.area_km2(units).set_axis(units["unit_id"])
    shapes = dict(zip(units["unit_id"], units.geometry, strict=True))
    rows = []
    for unit in units["unit_id"]:
        if unit in best_of_unit.index:
            row = best_of_unit.loc[unit]
            share = min(100.0, 100 * float(row["group_km2"]) / float(area[unit]))
            rows.append((unit, row["section_id"], row["group"], share))
            continue
        # A unit in no section still needs somebody: the nearest one, with a share of 0 that says
        # so.
        distance = shapely.distance(shapes[unit], ground.geometry.to_numpy())
        near = ground.iloc[int(distance.argmin())]
        rows.append((unit, near["section_id"], near["group"], 0.0))
    return pd.DataFrame(rows, columns=columns)
