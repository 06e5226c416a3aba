"""Who works on what: sections given to groups, and each unit to exactly one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import geopandas as gpd
import pandas as pd
import shapely

from cami_units import overlap
from cami_units.model import InputError, check_table, listed, nearest

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
        hints = "".join(nearest(name, section_ids) for name in unknown)
        raise InputError(
            f"[workshop.groups] of the plan gives sections that are not there: {listed(unknown)}. "
            f"The sections are {listed(section_ids, 20) or 'none'}.{hints}"
        )
    if sections_of:
        return {group: tuple(names) for group, names in sections_of.items()}
    return {name: (name,) for name in section_ids} or {EVERYBODY: ()}


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
    units: gpd.GeoDataFrame,
    sections: gpd.GeoDataFrame | None,
    groups: Mapping[str, Sequence[str]],
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
