"""Context layers of a plan: summarised for each unit, drawn as evidence, and never scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units import layers, overlap
from cami_units.commands._round_tables import as_written
from cami_units.model import InputError, Problem, Progress, Raster, Round, quiet
from cami_units.plan import Plan
from cami_units.scene import CONTEXT, context_title

COLUMNS: Final = ("unit_id", "layer", "summary", "value", "unit", "measured_on")

ON_LAYER: Final = "layer"
ON_CELLS: Final = "planning units"
"""Where a value was read: on the layer itself, or on the planning units that stand for a raster."""


def with_context(done: Round, plan: Plan, *, progress: Progress = quiet) -> Round:
    """A round with what its plan's context layers come to in each unit, and with these layers.

    Parameters
    ----------
    done : Round
        Its units are measured as they are.
    plan : Plan
        Its ``[context]``. A plan without any gives the round back as it came.

    Returns
    -------
    Round
        ``unit_context``: ``unit_id``, ``layer`` (its name in the plan), ``summary``, ``value``,
        ``unit`` (%, count, km per 1000 km², sum, mean), ``measured_on``, one row for every layer of
        every unit. A layer ``context_<name>`` for each vector layer; for rasters ``context_cells``:
        ``pu_id``, ``layer``, ``value``, the same summary of each planning unit, so that units which
        are redrawn later can be told too. The files stand in the manifest and among the sources.

    Raises
    ------
    InputError
        Naming the layer: it cannot be read, or its summary does not fit it.
    """
    if not plan.context:
        return done
    units = layers.to_equal_area(done.tables["conservation_units"], plan.study.crs)
    cells = done.tables.get("planning_units")
    told, shown, of_cells = [], {}, []
    sources: list[Mapping[str, Any]] = []
    problems: list[Problem] = []
    for number, (name, wanted) in enumerate(sorted(plan.context.items())):
        progress("summarising context layers", number, len(plan.context))
        try:
            around = units if cells is None else cells
            read = layers.read_context(wanted.path, around=around, crs=plan.study.crs)
            found = _summarised(units, read.table, wanted.summary, "unit_id")
            told.append(
                found.assign(layer=name, summary=wanted.summary, measured_on=ON_LAYER),
            )
            if isinstance(read.table, gpd.GeoDataFrame):
                shown[CONTEXT + name] = as_written(layers.context_rows(read.table))
            elif cells is not None:
                held = _summarised(cells, read.table, wanted.summary, "pu_id")
                of_cells.append(held.assign(layer=name)[["pu_id", "layer", "value"]])
        except InputError as error:
            raise InputError(f"[context.{name}]: {error}") from error
        sources += [{**source, "layer": CONTEXT + name} for source in read.sources]
        problems += [replace(problem, layer=CONTEXT + name) for problem in read.problems]
    added: dict[str, pd.DataFrame] = {"unit_context": _in_order(told), **shown}
    if of_cells:
        every = pd.concat(of_cells).dropna(subset="value")
        added["context_cells"] = as_written(
            every.sort_values(["pu_id", "layer"], ignore_index=True)
        )
    made = replace(done, tables={**done.tables, **added})
    return _cited(made, sources, problems)


def context_again(done: Round, base: Round, *, crs: str) -> Round:
    """A round made from another one, with the context of the units that were redrawn since.

    Parameters
    ----------
    done : Round
        It has the context layers of its base, and other units.
    base : Round
        What it was made from: values of units whose outline is the same are taken over.
    crs : str
        The equal-area CRS to measure in.

    Returns
    -------
    Round
        With ``unit_context`` for its own units. What came from a raster is read on the planning
        units (``measured_on``), since a round does not carry the raster.
    """
    before = base.tables.get("unit_context")
    if before is None:
        return done
    units = gpd.GeoDataFrame(done.tables["conservation_units"])
    old = gpd.GeoDataFrame(base.tables["conservation_units"]).set_index("unit_id").geometry
    same = [
        unit_id in old.index and shapely.equals_exact(shape, old[unit_id])
        for unit_id, shape in zip(units["unit_id"], units.geometry, strict=True)
    ]
    kept = before[before["unit_id"].isin(units.loc[same, "unit_id"])]
    if "measured_on" not in kept:
        kept = kept.assign(measured_on=ON_LAYER)
    drawn = layers.to_equal_area(units[~np.array(same, dtype=bool)], crs)
    parts = [kept]
    if len(drawn):
        asked = before.drop_duplicates("layer")[["layer", "summary", "unit"]]
        for name, summary, unit in asked.itertuples(index=False, name=None):
            layer = done.tables.get(CONTEXT + name)
            if isinstance(layer, gpd.GeoDataFrame):
                flat = layers.to_equal_area(layer, crs)
                found = _summarised(drawn, flat, summary, "unit_id").assign(measured_on=ON_LAYER)
            else:
                found = _on_cells(drawn, done, name, summary, crs)
                found = found.assign(unit=unit, measured_on=ON_CELLS)
            parts.append(found.assign(layer=name, summary=summary))
    return replace(done, tables={**done.tables, "unit_context": _in_order(parts)})


def _summarised(
    sites: gpd.GeoDataFrame, layer: gpd.GeoDataFrame | Raster, summary: Any, site: str
) -> pd.DataFrame:
    plain = gpd.GeoDataFrame(sites[[site, "geometry"]])
    if isinstance(layer, Raster):
        plain = layers.to_equal_area(plain, layer.crs)
    return overlap.summarised(plain, layer, summary=summary, site=site)


def _on_cells(
    units: gpd.GeoDataFrame, done: Round, name: str, summary: Any, crs: str
) -> pd.DataFrame:
    """What a raster comes to in units, from its summary in each planning unit."""
    held = done.tables.get("context_cells", pd.DataFrame(columns=["pu_id", "layer", "value"]))
    values = held[held["layer"] == name].set_index("pu_id")["value"].astype(float)
    cells = layers.to_equal_area(gpd.GeoDataFrame(done.tables["planning_units"]), crs)
    cells = cells[cells["pu_id"].isin(values.index)]
    cells = cells.assign(value=cells["pu_id"].map(values))
    return overlap.summary_of_cells(units, cells, summary=summary)


def _in_order(parts: list[pd.DataFrame]) -> pd.DataFrame:
    table = pd.concat([part[list(COLUMNS)] for part in parts if len(part)] or [_NONE])
    return as_written(table.sort_values(["unit_id", "layer"], ignore_index=True))


_NONE: Final = pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})


def _cited(done: Round, sources: list[Mapping[str, Any]], problems: list[Problem]) -> Round:
    """The round with the files of its context layers in the manifest and in the imprint."""
    manifest = {
        **done.manifest,
        "inputs": [*done.manifest.get("inputs", ()), *sources],
        "problems": [*done.manifest.get("problems", ()), *map(asdict, problems)],
    }
    lines = [f"{context_title(str(one['layer']))}: {one['file']}" for one in sources]
    imprint = replace(done.imprint, sources=(*done.imprint.sources, *lines))
    return replace(done, manifest=manifest, imprint=imprint)
