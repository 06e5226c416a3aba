"""What a merge gives, row by row: units of the next round, changes, conflicts, versions set aside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

import geopandas as gpd
import pandas as pd

from cami_units.model import Note
from cami_units.workshop._identity import MatchedBy, Notice, Placemark, note
from cami_units.workshop._resolutions import Resolution
from cami_units.workshop._versions import Change, ground_of, outline_of

PROPOSAL: Final = "working-group proposal"
ASK: Final = "ask plenary"
KEEP_BASE: Final = "keep base"
KEEP_DECIDED: Final = "keep what was decided"
OVERLAP_SHARE: Final = 0.01
"""Units of different groups that share more than this of the smaller one are shown to plenary."""


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

    `sites` are the outlines of its picture: label and site. `open` says whether nobody has answered
    it yet, or the answer is to ask plenary.
    """

    unit_id: str
    groups: str
    overlap_km2: float
    default: str
    kind: str
    what: Note
    resolution: str = ""
    sites: tuple[tuple[str, str], ...] = ()
    open: bool = True

    def answered(self, decided: Resolution | None) -> Conflict:
        """The same with what people decided on it."""
        if decided is None:
            return self
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
    unchanged. ``used_ids`` is every id ever given.
    """

    used_ids: set[str]
    units: list[NextUnit] = field(default_factory=list)
    sites: dict[str, tuple[int, ...]] = field(default_factory=dict)
    changes: list[UnitChange] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


def outlines(
    merge: Merge, base: gpd.GeoDataFrame, placemarks: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Every outline of a merge: ``site``, ``outline`` as written, and the ground, equal-area.

    Units of the base are there with ``placemarks`` false: under their unit ids, or as ``CU-012@base``
    where the id is the site of another outline.
    """
    rows = [
        (site, True, outline_of(places, placemarks), ground_of(places, placemarks))
        for site, places in sorted(merge.sites.items())
    ]
    rows += [
        (f"{unit_id}@base" if unit_id in merge.sites else str(unit_id), False, outline, shape)
        for unit_id, outline, shape in zip(
            base["unit_id"], base["outline"], base.geometry, strict=True
        )
    ]
    columns = ["site", "drawn", "outline", "geometry"]
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry="geometry", crs=base.crs)


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


def settled_reason(decided: Resolution | None, default: str) -> Note:
    """Why a version was not taken: what people decided, else the default that applies."""
    return note("", text=decided.sentence() if decided else default)
