"""Where each layer has been looked for: outside of it, nothing found is nothing known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.model import COMPILED_FOR_ALL, COVERED_LAYERS, Layers
from cami_units.overlap._pieces import joined
from cami_units.overlap._split import of_dimension

MOSTLY: Final = 0.05
"""A layer has something in a state where at least this part of one of its rows lies: borders of
two layers never quite agree, and what spills over by a few km was not looked for there."""

_EVERYWHERE: Final = shapely.box(-3e7, -3e7, 3e7, 3e7)
"""More ground than there is, in metres."""


def layer_coverage(
    layers: Layers, stated: Mapping[str, tuple[str, ...]] | None = None
) -> pd.DataFrame:
    """The states that each layer of evidence was compiled for.

    Parameters
    ----------
    layers : Layers
        With its sources: the bundled layers say themselves what they were compiled for.
    stated : mapping, optional
        The states that a plan names, by layer.

    Returns
    -------
    DataFrame
        ``layer``, ``states`` (";"): the plan's, else all states of the study for a bundled layer
        that was compiled for them, else the states in which the layer has anything. Layers that are
        not there are missing.
    """
    stated = stated or {}
    states = layers.countries[layers.countries["range_state"]]
    bundled = {str(source["layer"]) for source in layers.sources if source.get("bundled")}
    rows = []
    for name in COVERED_LAYERS:
        if (table := getattr(layers, name)) is None:
            continue
        # Whoever ran the study knows best; then what came with the program; a guess by its rows is
        # last.
        if name in stated:
            covered = sorted(stated[name])
        elif name in bundled and name in COMPILED_FOR_ALL:
            covered = sorted(states["iso2"])
        else:
            covered = states_of(table, states)
        rows.append((name, ";".join(covered)))
    return pd.DataFrame(rows, columns=["layer", "states"], dtype=object)


def states_of(table: gpd.GeoDataFrame, states: gpd.GeoDataFrame) -> list[str]:
    """The states in which a layer has anything: by its own column, or by a good part of a row.

    Parameters
    ----------
    table : GeoDataFrame
        Any layer; codes in a column ``iso2`` say themselves which states a row is of, if any of
        them is one of `states`.
    states : GeoDataFrame
        ``iso2`` and polygons in the same CRS.
    """
    if "iso2" in table:
        named = [
            {word.strip().upper() for word in re.split("[;,/]", codes)}
            for codes in table["iso2"].fillna("").astype(str)
        ]
        # a row that says its state in another way, or not at all, is where it lies
        untold = [not all(re.fullmatch("[A-Z]{2}", code) for code in codes) for codes in named]
        if told := set().union(*named) & set(states["iso2"]):
            return sorted(told | set(states_of(table.loc[untold, ["geometry"]], states)))
    shapes = np.asarray(table.geometry.array, dtype=object)
    i, j = shapely.STRtree(shapes).query(states.geometry.to_numpy(), predicate="intersects")
    share = _size(shapely.intersection(shapes[j], states.geometry.to_numpy()[i]))
    return sorted(set(states["iso2"].to_numpy()[i[share >= MOSTLY * _size(shapes[j])]]))


def _size(shapes: Any) -> Any:
    """The area of polygons, the length of lines, and how many points: a size to take shares of."""
    dimension = shapely.get_dimensions(shapes)
    points = shapely.get_num_geometries(shapes).astype(float)
    points = np.where(shapely.is_empty(shapes), 0.0, points)
    return np.where(
        dimension == 2,
        shapely.area(shapes),
        np.where(dimension == 1, shapely.length(shapes), points),
    )


def covered_grounds(layers: Layers) -> gpd.GeoDataFrame:
    """The ground of each layer of evidence: ``layer``, and one polygon in the CRS of the layers.

    A layer that was compiled for all states of the study covers all ground: what belongs to no
    state, water, and the rim beyond the study have no one else to look after them. One that has
    nothing in the study covers none, and has no row.
    """
    table = layer_coverage(layers) if layers.coverage is None else layers.coverage
    areas = layers.coverage_areas
    by_area = {} if areas is None else dict(zip(areas["layer"], areas.geometry, strict=True))
    made_grounds: dict[str, Any] = {}  # layers of the same states share one polygon
    shapes = []
    for name, names in zip(table["layer"], table["states"], strict=True):
        if name not in by_area and names not in made_grounds:
            made_grounds[names] = ground_of_states(layers.countries, names.split(";"))
        shapes.append(by_area.get(name, made_grounds.get(names)))
    grounds = gpd.GeoDataFrame(
        {"layer": table["layer"].to_numpy(dtype=object)}, geometry=shapes, crs=layers.crs
    )
    return grounds[~grounds.is_empty].reset_index(drop=True)


def ground_of_states(countries: gpd.GeoDataFrame, names: list[str]) -> Any:
    """The ground of some states, empty of none; of all states of the study, all there is."""
    in_study = countries["range_state"].astype(bool)
    if set(countries.loc[in_study, "iso2"]) <= set(names):
        return _EVERYWHERE
    shapes = countries.geometry[countries["iso2"].isin(names)].to_numpy()
    return joined(shapes) if len(shapes) else shapely.Polygon()


def covered_parts(
    sites: gpd.GeoDataFrame, ground: Any, *, site: str = "unit_id"
) -> tuple[gpd.GeoDataFrame, pd.Series[float]]:
    """The part of each site that a layer covers, and its share of the site, 0–1.

    Parameters
    ----------
    sites : GeoDataFrame
        Polygons in an equal-area CRS.
    ground : geometry
        From :func:`ground_of_states`, in the same CRS.

    Returns
    -------
    GeoDataFrame
        `site` and polygons; sites that nobody looked at are missing.
    Series
        The share of every site, indexed by `site`.
    """
    shapes = np.asarray(sites.geometry.array, dtype=object).copy()
    size = shapely.area(shapes)
    shapely.prepare(ground)
    cut = ~shapely.covers(ground, shapes)
    shapes[cut] = of_dimension(shapely.intersection(shapes[cut], ground), 2)
    share = pd.Series(shapely.area(shapes) / size, index=pd.Index(sites[site]))
    # Rounding of a cut, which would otherwise be reported as ground that nobody looked at.
    share = share.mask(share >= 1 - 1e-9, 1.0).mask(share < 1e-9, 0.0)
    parts = gpd.GeoDataFrame(
        {site: sites[site].array}, geometry=shapes, crs=sites.crs, index=sites.index
    )
    return parts[share.to_numpy() > 0], share
