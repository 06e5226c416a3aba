"""A round opened again: its plan, its layers and who works on what, from nothing but the round itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd

from cami_units import layers, workshop
from cami_units.model import ROUND_LAYERS, InputError, Layers, Round, listed
from cami_units.plan import Plan, stored_plan

_NEEDED = ("species", "ranges_used", "features", "countries", "borders")


def reopened(done: Round) -> tuple[Plan, Layers]:
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
    missing = [name for name in _NEEDED if name not in done.tables]
    if missing:
        raise InputError(
            f"This round came without {listed(missing)}, so nothing can be measured on it again. "
            "Use the round as `propose` or `collect` wrote it, not one for publication."
        )
    manifest: Mapping[str, Any] = done.manifest
    plan = stored_plan(manifest["plan"], manifest["profile"])
    crs = plan.study.crs
    flat = {
        name: layers.to_equal_area(table, crs)
        for name in ("ranges_used", "coverage_areas", *ROUND_LAYERS)
        if isinstance(table := done.tables.get(name), gpd.GeoDataFrame)
    }
    flat["countries"]["range_state"] = flat["countries"]["range_state"].astype(bool)
    return plan, Layers(
        crs=crs,
        species=done.tables["species"],
        ranges=flat.pop("ranges_used"),
        overrides=done.tables.get("overrides"),
        coverage=_coverage(done.tables.get("coverage")),
        sources=tuple(manifest["inputs"]),
        **flat,
    )


def _coverage(table: pd.DataFrame | None) -> pd.DataFrame | None:
    """The coverage of the layers as text; rounds of before it was kept have none."""
    return None if table is None else table[["layer", "states"]].fillna("").astype(str)


def allocation(done: Round, groups: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Which group edits each unit: :func:`cami_units.workshop.allocated` on the tables of a round."""
    crs = stored_plan(done.manifest["plan"], done.manifest["profile"]).study.crs
    units, sections = (
        layers.to_equal_area(gpd.GeoDataFrame(table), crs)
        if (table := done.tables.get(name)) is not None
        else None
        for name in ("conservation_units", "sections")
    )
    return workshop.allocated(units, sections, groups)
