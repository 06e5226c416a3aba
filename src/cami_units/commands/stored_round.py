"""A round opened again: its plan, its layers and who works on what, from nothing but the round itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from cami_units import layers, plan, workshop  # of plan nothing is read before it is asked for
from cami_units.commands.shown_round import crs_of
from cami_units.documents.workbook_cells import read_table
from cami_units.model import (
    ROUND_LAYERS,
    InputError,
    Layers,
    Round,
    as_typed,
    check_arguments,
    in_short,
)

ACTIVITIES: Final = "activities.csv"
ACTIVITY_LOG: Final = "activities_log.csv"
PACK_FILE: Final = "pack.json"
"""What packs say of themselves: their round, and who was given what."""

_NEEDED = ("species", "ranges_used", "features", "countries", "borders")


def reopened(base_round: Round) -> tuple[plan.Plan, Layers]:
    """The plan and the layers that a round was made with, to measure other sites on them.

    Raises
    ------
    InputError
        The round is one for publication: it came without its ranges.

    Examples
    --------
    >>> import cami_units as cu
    >>> from cami_units.model import Imprint, Round
    >>> cu.reopened(Round(Imprint("T", "2026-11-22", "Round 00", "p"), {}, {}))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    cami_units.model.InputError: This round came without species, ranges_used, ...
    """
    check_arguments(reopened, locals())
    if missing := [name for name in _NEEDED if name not in base_round.tables]:
        raise InputError.of("cannot be measured again", names=in_short(missing))
    manifest: Mapping[str, Any] = base_round.manifest
    round_plan = plan.stored_plan(manifest["plan"], manifest["profile"])
    crs = round_plan.study.crs
    flat = {
        name: layers.to_equal_area(table, crs)
        for name in ("ranges_used", "occurrences", "coverage_areas", *ROUND_LAYERS)
        if isinstance(table := base_round.tables.get(name), gpd.GeoDataFrame)
    }
    areas = base_round.tables.get("coverage")
    flat["countries"]["range_state"] = flat["countries"]["range_state"].astype(bool)
    return round_plan, Layers(
        crs=crs,
        species=base_round.tables["species"],
        ranges=flat.pop("ranges_used"),
        overrides=base_round.tables.get("overrides"),
        animal_crossings=base_round.tables.get("animal_crossings"),
        # rounds of before it was kept have none
        coverage=None if areas is None else areas[["layer", "states"]].fillna("").astype(str),
        sources=tuple(manifest["inputs"]),
        **flat,
    )


def allocation(base_round: Round, groups: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Which group edits each unit: :func:`cami_units.workshop.allocated` on the tables of a round."""
    crs = crs_of(base_round)
    units, sections = (
        layers.to_equal_area(gpd.GeoDataFrame(table), crs)
        if (table := base_round.tables.get(name)) is not None
        else None
        for name in ("conservation_units", "sections")
    )
    return workshop.allocated(units, sections, groups)


def groups_in(base_round: Round) -> dict[str, tuple[str, ...]]:
    """The sections of each group of a round: :func:`cami_units.workshop.groups_of` on its own plan."""
    sections_of = workshop_rules(base_round).get("groups", {})
    return workshop.groups_of(sections_of, base_round.tables.get("sections"))


def workshop_rules(base_round: Round) -> Mapping[str, Any]:
    """``[workshop]`` of the plan that a round was made by."""
    # read as `propose` wrote it there, checked, for the reason that :func:`crs_of` gives
    rules: Mapping[str, Any] = base_round.manifest["plan"].get("workshop", {})
    return rules


def known_activities(directory: Path) -> pd.DataFrame | None:
    """The activities of a round so far; ``None`` where nobody has brought any.

    Raises
    ------
    InputError
        The file is damaged.
    """
    columns = workshop.ACTIVITY_COLUMNS
    return table_left(directory / ACTIVITIES, columns=columns, needs=columns[:4])


def table_left(path: Path, *, columns: Sequence[str], needs: Sequence[str]) -> pd.DataFrame | None:
    """A table that a command left in a round, as text; ``None`` where it left none.

    Raises
    ------
    InputError
        The file is damaged, or a folder has its name: what the table held may lie elsewhere.
    """
    if path.is_dir():
        raise InputError.of("folder for a log", folder=str(path))
    if not path.is_file():
        return None
    # the apostrophe that keeps a spreadsheet from running a cell as a formula is no part of it
    return read_table(path, columns=columns, needs=needs).map(as_typed)


def next_number(base: Round) -> str:
    """The number of the round after this one, in two digits."""
    return f"{int(base.imprint.number) + 1:02d}"
