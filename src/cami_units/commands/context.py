"""Context layers of a plan: summarised for each unit, drawn as evidence, and never scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units import layers, overlap, words
from cami_units.commands._round_tables import as_written
from cami_units.commands.plan_layers import read_context_layer
from cami_units.model import (
    CONTEXT,
    InputError,
    Note,
    Problem,
    Progress,
    Raster,
    Round,
    cited_sources,
    quiet,
)
from cami_units.plan import Plan

COLUMNS: Final = ("unit_id", "layer", "summary", "value", "unit", "measured_on", "covered_share")

ON_LAYER: Final = "layer"
ON_CELLS: Final = "planning units"
"""Where a value was read: on the layer itself, or on the planning units that stand for a raster."""


def with_context(round_: Round, plan: Plan, *, progress: Progress = quiet) -> Round:
    """A round with what its plan's context layers come to in each unit, and with these layers.

    Parameters
    ----------
    round_ : Round
        Its units are measured as they are.
    plan : Plan
        Its ``[context]``. A plan without any gives the round back as it came.

    Returns
    -------
    Round
        ``unit_context``: ``unit_id``, ``layer`` (its name in the plan), ``summary``, ``value``,
        ``unit`` (%, count, km per 1000 km², sum, mean), ``measured_on``, ``covered_share`` (0–1: the
        part of the unit that the layer covers, of which alone the value speaks; none, no value), one
        row for every layer of every unit. A layer ``context_<name>`` for each vector layer; for rasters
        ``context_cells``: ``pu_id``, ``layer``, ``value``, the same summary of each planning unit, so
        that units which are redrawn later can be told too. The files stand in the manifest and among the
        sources.

    Raises
    ------
    InputError
        Naming the layer: it cannot be read, or its summary does not fit it.
    """
    if not plan.context:
        return round_
    units = layers.to_equal_area(round_.tables["conservation_units"], plan.study.crs)
    cells, around = round_.tables.get("planning_units"), units[["geometry"]]
    if cells is not None:
        # an outline may stick out of its cells: what is beneath it is read as well
        flat_cells = layers.to_equal_area(cells, plan.study.crs)[["geometry"]]
        around = gpd.GeoDataFrame(pd.concat([around, flat_cells], ignore_index=True))
    unit_rows, layer_shapes, of_cells = [], {}, []
    grounds = _Grounds(round_, plan)
    sources: list[Mapping[str, Any]] = []
    problems: list[Problem] = []
    # by name: the order of a plan's tables must not change the bytes
    for number, (name, layer_plan) in enumerate(sorted(plan.context.items())):
        progress("summarising context layers", number, len(plan.context))
        try:
            # of a raster only the window around the study is read
            read = read_context_layer(plan, name, around=around)
            if read.is_refused:
                raise layers.refusal(read.problems, Note("work context"))
            ground = grounds.of(name, read.table)
            site_values = _summarised(units, read.table, layer_plan.summary, "unit_id", ground)
            unit_rows.append(
                site_values.assign(layer=name, summary=layer_plan.summary, measured_on=ON_LAYER)
            )
            if isinstance(read.table, gpd.GeoDataFrame):
                layer_shapes[CONTEXT + name] = as_written(layers.context_rows(read.table))
            elif cells is not None:
                cell_values = _summarised(cells, read.table, layer_plan.summary, "pu_id")
                of_cells.append(cell_values.assign(layer=name)[["pu_id", "layer", "value"]])
        except InputError as error:
            raise InputError.of("context of a name", name=name, why=error.note) from error
        sources += [{**source, "layer": CONTEXT + name} for source in read.sources]
        problems += [replace(problem, layer=CONTEXT + name) for problem in read.problems]
    added: dict[str, pd.DataFrame] = {"unit_context": _in_order(unit_rows), **layer_shapes}
    if of_cells:
        all_cells = pd.concat(of_cells).dropna(subset="value")
        added["context_cells"] = as_written(
            all_cells.sort_values(["pu_id", "layer"], ignore_index=True)
        )
    with_layers = replace(round_, tables={**round_.tables, **added, **grounds.tables()})
    return _cited(with_layers, sources, problems)


def context_again(round_: Round, base: Round, *, crs: str) -> Round:
    """A round made from another one, with the context of the units that were redrawn since.

    Parameters
    ----------
    round_ : Round
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
    if (before := base.tables.get("unit_context")) is None:
        return round_
    units = gpd.GeoDataFrame(round_.tables["conservation_units"])
    old = gpd.GeoDataFrame(base.tables["conservation_units"]).set_index("unit_id").geometry
    same = [
        unit_id in old.index and shapely.equals_exact(shape, old[unit_id])
        for unit_id, shape in zip(units["unit_id"], units.geometry, strict=True)
    ]
    same_rows = before[before["unit_id"].isin(units.loc[same, "unit_id"])]
    if "measured_on" not in same_rows:
        same_rows = same_rows.assign(measured_on=ON_LAYER)
    if "covered_share" not in same_rows:
        same_rows = same_rows.assign(covered_share=1.0)
    redrawn_units = layers.to_equal_area(units[~np.array(same, dtype=bool)], crs)
    parts = [same_rows]
    if len(redrawn_units):
        layer_rows = before.drop_duplicates("layer")[["layer", "summary", "unit"]]
        for name, summary, unit in layer_rows.itertuples(index=False, name=None):
            layer = round_.tables.get(CONTEXT + name)
            if isinstance(layer, gpd.GeoDataFrame):
                flat = layers.to_equal_area(layer, crs)
                ground = _known_ground(round_, name, crs)
                new_rows = _summarised(redrawn_units, flat, summary, "unit_id", ground)
                new_rows = new_rows.assign(measured_on=ON_LAYER)
            else:
                new_rows = _on_cells(redrawn_units, round_, name, summary, crs)
                new_rows = new_rows.assign(unit=unit, measured_on=ON_CELLS)
            parts.append(new_rows.assign(layer=name, summary=summary))
    return replace(round_, tables={**round_.tables, "unit_context": _in_order(parts)})


class _Grounds:
    """Where each context layer was looked for: the plan's `[coverage]`, else where it has anything."""

    def __init__(self, round_: Round, plan: Plan) -> None:
        self.plan, self.done = plan, round_
        self.countries: gpd.GeoDataFrame | None = None
        if (table := round_.tables.get("countries")) is not None:
            countries = layers.to_equal_area(gpd.GeoDataFrame(table), plan.study.crs)
            self.countries = countries.assign(range_state=countries["range_state"].astype(bool))
        self.rows: list[tuple[str, str]] = []
        self.areas: list[gpd.GeoDataFrame] = []

    def of(self, name: str, layer: gpd.GeoDataFrame | Raster) -> Any:
        """The ground of a layer, in the CRS of the plan; remembered for the tables of the round."""
        crs = self.plan.study.crs
        stated = self.plan.coverage.get(f"context.{name}")
        if self.countries is None:
            return None
        states = self.countries[self.countries["range_state"]]
        if isinstance(stated, Path):
            area = overlap.dissolved(layers.read_sites(stated, crs=crs)[0])
            self.areas.append(area.assign(layer=CONTEXT + name))
            self.rows.append((CONTEXT + name, ""))
            return area.geometry.iloc[0]
        if stated:
            names = sorted(stated)
        elif isinstance(layer, Raster):
            in_crs = layers.on_raster(states, layer.crs, layer.frame)
            names = sorted(states.loc[overlap.has_values(in_crs, layer), "iso2"])
        else:
            names = overlap.states_of(layers.to_equal_area(layer, crs), states)
        self.rows.append((CONTEXT + name, ";".join(names)))
        return overlap.ground_of_states(self.countries, names)

    def tables(self) -> dict[str, pd.DataFrame]:
        """The coverage of all layers of the round, with that of its context layers."""
        before = self.done.tables.get("coverage", pd.DataFrame({"layer": [], "states": []}))
        own_rows = pd.DataFrame(self.rows, columns=["layer", "states"])
        ground_tables: dict[str, pd.DataFrame] = {
            "coverage": pd.concat([before, own_rows], ignore_index=True)
        }
        if self.areas:
            areas = layers.to_lonlat(gpd.GeoDataFrame(pd.concat(self.areas, ignore_index=True)))
            old = self.done.tables.get("coverage_areas")
            ground_tables["coverage_areas"] = gpd.GeoDataFrame(
                pd.concat([areas] if old is None else [old, areas], ignore_index=True)
            )
        return ground_tables


def _known_ground(round_: Round, name: str, crs: str) -> Any:
    """The ground of a context layer, from the tables of a round; None: rounds of before it was kept."""
    coverage, areas = round_.tables.get("coverage"), round_.tables.get("coverage_areas")
    if areas is not None and (rows := areas[areas["layer"] == CONTEXT + name]).shape[0]:
        return layers.to_equal_area(gpd.GeoDataFrame(rows), crs).geometry.iloc[0]
    if coverage is None or CONTEXT + name not in set(coverage["layer"]):
        return None
    countries = layers.to_equal_area(gpd.GeoDataFrame(round_.tables["countries"]), crs)
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
    whole = covered = gpd.GeoDataFrame(sites[[site, "geometry"]])
    share = pd.Series(1.0, index=pd.Index(whole[site]))
    if ground is not None:
        covered, share = overlap.covered_parts(whole, ground, site=site)

    def flat(parts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Some parts in the CRS in which the layer lies."""
        is_raster = isinstance(layer, Raster)
        return layers.on_raster(parts, layer.crs, layer.frame) if is_raster else parts

    if isinstance(layer, Raster):
        # beyond its frame a raster says nothing, of whichever states it speaks
        in_frame = overlap.share_in_frame(covered, flat(covered), layer).set_axis(covered[site])
        share = share.mul(in_frame, fill_value=0.0).reindex(share.index)
        covered = covered[in_frame.to_numpy() > 0]
    site_values = overlap.summarised(flat(covered), layer, summary=summary, site=site)
    if len(site_values) < len(share):
        # where nobody looked at anything the unit of the values is told all the same
        sample = site_values
        if sample.empty:
            sample = overlap.summarised(flat(whole[:1]), layer, summary=summary, site=site)
        unit = sample["unit"].iloc[0]
        values = site_values.set_index(site)["value"].reindex(share.index)
        site_values = pd.DataFrame({site: share.index, "value": values.to_numpy(), "unit": unit})
    return site_values.assign(covered_share=site_values[site].map(share))


def _on_cells(
    units: gpd.GeoDataFrame, round_: Round, name: str, summary: Any, crs: str
) -> pd.DataFrame:
    """What a raster comes to in units, from its summary in each planning unit."""
    cell_values = round_.tables.get(
        "context_cells", pd.DataFrame(columns=["pu_id", "layer", "value"])
    )
    values = cell_values[cell_values["layer"] == name].set_index("pu_id")["value"].astype(float)
    cells = layers.to_equal_area(gpd.GeoDataFrame(round_.tables["planning_units"]), crs)
    cells = cells[cells["pu_id"].isin(values.index)]
    cells = cells.assign(value=cells["pu_id"].map(values))
    ground = _known_ground(round_, name, crs)
    return overlap.summary_of_cells(units, cells, summary=summary, ground=ground)


def _in_order(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """The parts as one table, in an order that does not hang on that of the layers."""
    table = pd.concat([part[list(COLUMNS)] for part in parts if len(part)] or [_NONE])
    return as_written(table.sort_values(["unit_id", "layer"], ignore_index=True))


_NONE: Final = pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})


def _cited(round_: Round, sources: list[Mapping[str, Any]], problems: list[Problem]) -> Round:
    """The round with the files of its context layers in the manifest and in the imprint."""
    manifest = {
        **round_.manifest,
        "inputs": [*round_.manifest.get("inputs", ()), *sources],
        "problems": [*round_.manifest.get("problems", ()), *problems],
    }
    imprint, cited = round_.imprint, cited_sources(sources)
    lines = (*imprint.sources, *words.sources_in(cited))
    imprint = replace(imprint, sources=lines, cited=(*imprint.cited, *cited))
    return replace(round_, manifest=manifest, imprint=imprint)
