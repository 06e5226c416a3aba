"""Context layers of a plan, summarised for each unit: evidence that is shown and never scored."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import pandas as pd

from cami_units import layers, overlap
from cami_units.model import InputError, Progress, Raster, Round, quiet
from cami_units.pipeline._tables import as_written
from cami_units.plan import Plan


def with_context(done: Round, plan: Plan, *, progress: Progress = quiet) -> Round:
    """A round with the table ``unit_context``, and a layer ``context_<name>`` for each vector layer.

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
        ``unit`` (%, count, km per 1000 km², sum, mean), one row for every layer of every unit.

    Raises
    ------
    InputError
        Naming the layer: it cannot be read, or its summary does not fit it.
    """
    if not plan.context:
        return done
    units = layers.to_equal_area(done.tables["conservation_units"], plan.study.crs)
    parts, shown = [], {}
    for number, (name, wanted) in enumerate(sorted(plan.context.items())):
        progress("summarising context layers", number, len(plan.context))
        try:
            layer, _ = layers.read_context(wanted.path, around=units, crs=plan.study.crs)
            sites = (
                layers.to_equal_area(units[["unit_id", "geometry"]], layer.crs)
                if isinstance(layer, Raster)
                else units[["unit_id", "geometry"]]
            )
            found = overlap.summarised(sites, layer, summary=wanted.summary)
        except InputError as error:
            raise InputError(f"[context.{name}]: {error}") from error
        parts.append(found.assign(layer=name, summary=wanted.summary))
        if isinstance(layer, gpd.GeoDataFrame):
            shown[f"context_{name}"] = as_written(layer)
    table = pd.concat(parts).sort_values(["unit_id", "layer"], ignore_index=True)
    columns = ["unit_id", "layer", "summary", "value", "unit"]
    added = {"unit_context": as_written(table[columns]), **shown}
    return replace(done, tables={**done.tables, **added})
