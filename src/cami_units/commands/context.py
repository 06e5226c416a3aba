"""Context layers of a plan: summarised for each unit, drawn as evidence, and never scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units import layers, overlap
from cami_units.commands._round_tables import as_written
from cami_units.commands.plan_layers import reading_of
from cami_units.model import InputError, Problem, Progress, Raster, Round, quiet
from cami_units.plan import Plan
from cami_units.scene import CONTEXT, context_title

COLUMNS: Final = ("unit_id", "layer", "summary", "value", "unit", "measured_on", "covered_share")

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
        ``unit`` (%, count, km per 1000 km², sum, mean), ``measured_on``, ``covered_share`` (0–1: the
        part of the unit that the layer covers, of which alone the value speaks; none, no value), one
        row for every layer of every unit. A layer ``context_<name>`` for each vector layer; for rasters ``context_cells``:
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
    grounds = _Grounds(done, plan)
    sources: list[Mapping[str, Any]] = []
    problems: list[Problem] = []
    for number, (name, wanted) in enumerate(sorted(plan.context.items())):
        progress("summarising context layers", number, len(plan.context))
        try:
            around = units if cells is None else cells
            read = layers.read_context(
                wanted.path,
                around=around,
                reading=reading_of(plan),
                name=name,
                column=wanted.column,
            )
            if read.is_refused:
                raise layers.refusal(read.problems, "reading a context layer")
            ground = grounds.of(name, read.table)
            found = _summarised(units, read.table, wanted.summary, "unit_id", ground)
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
    made = replace(done, tables={**done.tables, **added, **grounds.tables()})
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
    if "covered_share" not in kept:
        kept = kept.assign(covered_share=1.0)
    drawn = layers.to_equal_area(units[~np.array(same, dtype=bool)], crs)
    parts = [kept]
    if len(drawn):
        asked = before.drop_duplicates("layer")[["layer", "summary", "unit"]]
        for name, summary, unit in asked.itertuples(index=False, name=None):
            layer = done.tables.get(CONTEXT + name)
            if isinstance(layer, gpd.GeoDataFrame):
                flat = layers.to_equal_area(layer, crs)
                ground = _known_ground(done, name, crs)
                found = _summarised(drawn, flat, summary, "unit_id", ground)
                found = found.assign(measured_on=ON_LAYER)
            else:
                found = _on_cells(drawn, done, name, summary, crs)
                found = found.assign(unit=unit, measured_on=ON_CELLS)
            parts.append(found.assign(layer=name, summary=summary))
    return replace(done, tables={**done.tables, "unit_context": _in_order(parts)})


class _Grounds:
    """Where each context layer was looked for: the plan's `[coverage]`, else where it has anything."""

    def __init__(self, done: Round, plan: Plan) -> None:
        countries = layers.to_equal_area(gpd.GeoDataFrame(done.tables["countries"]), plan.study.crs)
        self.plan, self.done = plan, done
        self.countries = countries.assign(range_state=countries["range_state"].astype(bool))
        self.rows: list[tuple[str, str]] = []
        self.areas: list[gpd.GeoDataFrame] = []

    def of(self, name: str, layer: gpd.GeoDataFrame | Raster) -> Any:
        """The ground of a layer, in the CRS of the plan; remembered for the tables of the round."""
        crs = self.plan.study.crs
        stated = self.plan.coverage.get(f"context.{name}")
        states = self.countries[self.countries["range_state"]]
        if isinstance(stated, Path):
            area = overlap.dissolved(layers.read_sites(stated, crs=crs)[0])
            self.areas.append(area.assign(layer=CONTEXT + name))
            self.rows.append((CONTEXT + name, ""))
            return area.geometry.iloc[0]
        if stated:
            names = sorted(stated)
        elif isinstance(layer, Raster):
            in_crs = layers.to_equal_area(states, layer.crs)
            filled = replace(layer, values=np.where(np.isnan(layer.values), np.nan, 1.0))
            shares = overlap.summarised(in_crs, filled, summary="share", site="iso2")
            names = sorted(shares.loc[shares["value"] > 0, "iso2"])
        else:
            names = overlap.states_of(layers.to_equal_area(layer, crs), states)
        self.rows.append((CONTEXT + name, ";".join(names)))
        return overlap.ground_of_states(self.countries, names)

    def tables(self) -> dict[str, pd.DataFrame]:
        """The coverage of all layers of the round, with that of its context layers."""
        before = self.done.tables.get("coverage", pd.DataFrame({"layer": [], "states": []}))
        own = pd.DataFrame(self.rows, columns=["layer", "states"])
        made: dict[str, pd.DataFrame] = {"coverage": pd.concat([before, own], ignore_index=True)}
        if self.areas:
            areas = layers.to_lonlat(gpd.GeoDataFrame(pd.concat(self.areas, ignore_index=True)))
            old = self.done.tables.get("coverage_areas")
            made["coverage_areas"] = gpd.GeoDataFrame(
                pd.concat([areas] if old is None else [old, areas], ignore_index=True)
            )
        return made


def _known_ground(done: Round, name: str, crs: str) -> Any:
    """The ground of a context layer, from the tables of a round; None: rounds of before it was kept."""
    coverage, areas = done.tables.get("coverage"), done.tables.get("coverage_areas")
    if areas is not None and (rows := areas[areas["layer"] == CONTEXT + name]).shape[0]:
        return layers.to_equal_area(gpd.GeoDataFrame(rows), crs).geometry.iloc[0]
    if coverage is None or CONTEXT + name not in set(coverage["layer"]):
        return None
    countries = layers.to_equal_area(gpd.GeoDataFrame(done.tables["countries"]), crs)
    names = str(coverage.set_index("layer").at[CONTEXT + name, "states"] or "").split(";")
    return overlap.ground_of_states(
        countries.assign(range_state=countries["range_state"].astype(bool)), names
    )


def _summarised(
    sites: gpd.GeoDataFrame,
    layer: gpd.GeoDataFrame | Raster,
    summary: Any,
    site: str,
    ground: Any = None,
) -> pd.DataFrame:
    """What a layer comes to in the covered part of each site; no value where nobody looked."""
    plain = gpd.GeoDataFrame(sites[[site, "geometry"]])
    share = pd.Series(1.0, index=pd.Index(plain[site]))
    if ground is not None:
        plain, share = overlap.covered_parts(plain, ground, site=site)
    if isinstance(layer, Raster):
        plain = layers.to_equal_area(plain, layer.crs)
    found = overlap.summarised(plain, layer, summary=summary, site=site)
    unit = found["unit"].iloc[0] if len(found) else ""
    if len(found) < len(share):
        if not len(found):
            whole = gpd.GeoDataFrame(sites[[site, "geometry"]][:1])
            whole = layers.to_equal_area(whole, layer.crs) if isinstance(layer, Raster) else whole
            unit = overlap.summarised(whole, layer, summary=summary, site=site)["unit"].iloc[0]
        values = found.set_index(site)["value"].reindex(share.index)
        found = pd.DataFrame({site: share.index, "value": values.to_numpy(), "unit": unit})
    return found.assign(covered_share=found[site].map(share))


def _on_cells(
    units: gpd.GeoDataFrame, done: Round, name: str, summary: Any, crs: str
) -> pd.DataFrame:
    """What a raster comes to in units, from its summary in each planning unit."""
    held = done.tables.get("context_cells", pd.DataFrame(columns=["pu_id", "layer", "value"]))
    values = held[held["layer"] == name].set_index("pu_id")["value"].astype(float)
    cells = layers.to_equal_area(gpd.GeoDataFrame(done.tables["planning_units"]), crs)
    cells = cells[cells["pu_id"].isin(values.index)]
    cells = cells.assign(value=cells["pu_id"].map(values))
    found = overlap.summary_of_cells(units, cells, summary=summary)
    ground = _known_ground(done, name, crs)
    if ground is None:
        return found.assign(covered_share=1.0)
    _, share = overlap.covered_parts(units, ground)
    found = found.assign(covered_share=found["unit_id"].map(share))
    return found.assign(value=found["value"].where(found["covered_share"] > 0))


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
