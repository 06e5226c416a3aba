"""Ids that last: a unit computed again has the id that its place had, and no other place gets it."""

from __future__ import annotations

import re
from collections.abc import Iterable

import geopandas as gpd

from cami_units import overlap
from cami_units.workshop._identity import SAME_PLACE


def lasting_ids(
    units: gpd.GeoDataFrame, earlier: gpd.GeoDataFrame, *, used_ids: Iterable[str] = ()
) -> dict[str, str]:
    """The id that each unit should have, from the units of an earlier round.

    A unit that is the same place as an earlier one (Jaccard index of at least ½, one to one, the
    likest first) takes its id. All others get numbers that nobody ever had.

    Parameters
    ----------
    units : GeoDataFrame
        The units as they are numbered now: ``unit_id`` and polygons, equal-area.
    earlier : GeoDataFrame
        Those of the earlier round, in the same CRS; rejected ones too, since a place that comes
        back is the same place.
    used_ids : iterable of str
        Every id ever given.

    Returns
    -------
    dict
        For each ``unit_id`` of `units` the one it should have.
    """
    before = earlier[["unit_id", "geometry"]].rename(columns={"unit_id": "before"})
    same = overlap.same_places(
        units[["unit_id", "geometry"]],
        before,
        site="unit_id",
        other="before",
        least_jaccard=SAME_PLACE,
    )
    ever = {*map(str, used_ids), *map(str, earlier["unit_id"])}
    numbers = [int(number[1]) for name in ever if (number := re.match(r"CU-(\d+)", name))]
    free = max(numbers, default=0)
    ids: dict[str, str] = {}
    for unit_id in map(str, units["unit_id"]):
        if unit_id in same.index:
            ids[unit_id] = str(same[unit_id])
        else:
            free += 1
            ids[unit_id] = f"CU-{free:03d}"
    return ids
