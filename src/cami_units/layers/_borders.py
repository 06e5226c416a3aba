"""The borders that range states share, split where they run through disputed ground."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from cami_units.layers._equal_area import only
from cami_units.layers._layer_tables import lines_of


def shared_borders(
    countries: gpd.GeoDataFrame,
    disputed: gpd.GeoDataFrame | None = None,
    *,
    tolerance_km: float = 0.0,
) -> gpd.GeoDataFrame:
    """The lines along which each pair of range states touch.

    Parameters
    ----------
    countries
        ``iso2``, ``range_state`` (boolean) and polygons in metres.
    disputed
        Polygons in the same CRS; a stretch inside any of them is marked.
    tolerance_km
        0: only where the two outlines are the same to the last bit. More: where the outline of
        the first state runs within this distance of the second, for layers whose neighbours were
        not drawn along one line.

    Returns
    -------
    GeoDataFrame
        ``pair`` ("KZ;UZ", alphabetical), ``disputed`` (boolean), ``geometry`` (lines); at most
        two rows a pair, sorted by both. States that touch in points only are no pair.

    Examples
    --------
    Two states of 100 km a side share one border of 100 km; one state has none.

    >>> import cami_units as cu
    >>> import geopandas as gpd, shapely
    >>> states = gpd.GeoDataFrame(
    ...     {"iso2": ["AA", "BB"], "range_state": True},
    ...     geometry=[shapely.box(0, 0, 1e5, 1e5), shapely.box(1e5, 0, 2e5, 1e5)],
    ...     crs=cu.EQUAL_AREA,
    ... )
    >>> borders = cu.shared_borders(states)
    >>> borders["pair"].tolist(), borders.length.tolist()
    (['AA;BB'], [100000.0])
    >>> len(cu.shared_borders(states[:1]))
    0
    """
    states = countries[countries["range_state"]].sort_values("iso2")
    names, shapes = states["iso2"].tolist(), states.geometry.to_numpy()
    ground = None
    if disputed is not None and len(disputed):
        ground = shapely.union_all(disputed.geometry.to_numpy())
        shapely.prepare(ground)
    rows: list[tuple[str, bool, Any]] = []
    for (first_state, first), (second_state, second) in combinations(
        zip(names, shapes, strict=True), 2
    ):
        line = _between(first, second, 1000.0 * tolerance_km)
        if line.is_empty:
            continue
        pair = f"{first_state};{second_state}"
        if ground is None or not shapely.intersects(ground, line):
            rows.append((pair, False, line))
            continue
        for is_disputed in (False, True):
            cut = shapely.intersection if is_disputed else shapely.difference
            stretch = only(cut(line, ground), "line")
            if not stretch.is_empty:
                rows.append((pair, is_disputed, lines_of([stretch])))
    return gpd.GeoDataFrame(
        {
            "pair": np.array([row[0] for row in rows], dtype=object),
            "disputed": np.array([row[1] for row in rows], dtype=bool),
        },
        geometry=[row[2] for row in rows],
        crs=countries.crs,
    )


def _between(first: Any, second: Any, tolerance_m: float) -> Any:
    west, south, east, north = shapely.bounds(first)
    near_first = shapely.box(
        west - tolerance_m, south - tolerance_m, east + tolerance_m, north + tolerance_m
    )
    if not shapely.intersects(near_first, shapely.box(*shapely.bounds(second))):
        return shapely.LineString()
    if tolerance_m:
        near = shapely.intersection(shapely.boundary(first), shapely.buffer(second, tolerance_m))
    else:
        near = shapely.intersection(shapely.boundary(first), shapely.boundary(second))
    line = only(near, "line")
    return line if line.is_empty else lines_of([line])
