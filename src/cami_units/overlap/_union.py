"""Shapes put together, the same whatever order they come in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.overlap._door import Geometries


def sorted_shapes(shapes: Geometries) -> Geometries:
    """Shapes in an order that depends on nothing but themselves."""
    normal = shapely.normalize(shapes)
    order = sorted(range(len(normal)), key=shapely.to_wkb(normal).tolist().__getitem__)
    return np.asarray(normal, dtype=object)[order]


def joined(shapes: Geometries) -> Any:
    """One shape of several, the same whatever order they came in."""
    return shapely.normalize(shapely.union_all(sorted_shapes(np.asarray(shapes, dtype=object))))


def dissolved(table: gpd.GeoDataFrame, by: Iterable[str] = ()) -> gpd.GeoDataFrame:
    """One row for each combination of `by`, its shapes joined and overlaps counted once.

    A missing value is a combination like any other. Rows are sorted by `by`; with no columns the
    whole table becomes one row. The order of the rows that come in changes nothing.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely.geometry import box
    >>> two = gpd.GeoDataFrame({"sp": ["a", "a"]}, geometry=[box(0, 0, 2, 1), box(1, 0, 3, 1)])
    >>> float(dissolved(two, ["sp"]).area.iloc[0])
    3.0
    """
    columns = list(by)
    if not len(table):
        return table[[*columns, "geometry"]].reset_index(drop=True)
    if not columns:
        shape = joined(table.geometry.to_numpy())
        return gpd.GeoDataFrame(geometry=[shape], crs=table.crs)
    groups = table.groupby(columns, dropna=False, sort=True).indices
    rows, shapes = [], []
    for key, at in groups.items():
        rows.append(key if isinstance(key, tuple) else (key,))
        shapes.append(joined(table.geometry.to_numpy()[at]))
    words_only = pd.DataFrame(rows, columns=columns).astype(table[columns].dtypes.to_dict())
    result = gpd.GeoDataFrame(words_only, geometry=shapes, crs=table.crs)
    return result.sort_values(columns, na_position="last", kind="stable").reset_index(drop=True)
