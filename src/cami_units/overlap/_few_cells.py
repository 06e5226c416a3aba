"""Areas in the cells of a coarse lattice, in NumPy: for a page, whose command measures nothing else so.

The kernel of `covered_cells` is a hundred times as fast, and takes half a second and 100 MB to load:
a few layers on cells of 25 km are measured ten times over meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from cami_units.overlap._lattice import Window

_ROUNDING = 1e-11
"""Shares of a cell nearer than this to none are none."""


def few_cells(layer: gpd.GeoDataFrame, window: Window, *, by: Sequence[str]) -> pd.DataFrame:
    """As :func:`covered_cells` on square cells, to rounding: `by`, ``row``, ``col``, ``km2``.

    Examples
    --------
    The rectangle of docs/performance.md: shares of 0.6, 1 and 0.7 of three cells of 100 km².

    >>> from cami_units.overlap import window_of
    >>> layer = gpd.GeoDataFrame({"name": ["a"]}, geometry=[shapely.box(4e3, 0, 27e3, 10e3)])
    >>> window = window_of((0, 1), (0, 3), step_m=10e3, corner_m=(0.0, 0.0))
    >>> few_cells(layer, window, by=("name",))["km2"].round(9).tolist()
    [60.0, 100.0, 70.0]
    """
    rows, cols, shares, number = [], [], [], []
    for place, shape in enumerate(layer.geometry):
        share = _shares(shape, window)
        row, col = np.nonzero(share > _ROUNDING)
        rows.append(window.row + row)
        cols.append(window.col + col)
        shares.append(share[row, col])
        number.append(np.full(len(row), place))
    at = np.concatenate([np.empty(0, dtype=np.int64), *number])
    return pd.DataFrame({column: layer[column].array.take(at) for column in by}).assign(
        row=np.concatenate([at[:0], *rows]),
        col=np.concatenate([at[:0], *cols]),
        km2=window.area_km2 * np.concatenate([np.empty(0), *shares]),
    )


def _shares(shape: BaseGeometry, window: Window) -> NDArray[np.float64]:
    """Which share of each cell of a window a valid polygon covers: the walk of docs/performance.md."""
    rings = shapely.get_rings(shapely.orient_polygons(shapely.get_parts(shape)))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    # in cells, from the south-west corner of the window
    at = (xy - (window.x, window.y)) / window.step_m - (window.col, window.row)
    edges = np.hstack([at[:-1], at[1:]])[ring[1:] == ring[:-1]]
    is_beside = (edges[:, 1::2].max(axis=1) <= 0) | (edges[:, 1::2].min(axis=1) >= window.rows)
    x0, y0, x1, y1 = _cut(_cut(edges[~is_beside], 1), 0).T
    row, x = np.floor((y0 + y1) / 2).astype(np.int64), np.clip((x0 + x1) / 2, 0, window.cols)
    col, height = np.floor(x).astype(np.int64), y0 - y1
    # one column more for what lies east of the window, one more for the cells after it
    size = (window.rows, window.cols + 2)
    is_inside = (row >= 0) & (row < window.rows)
    place = (row * size[1] + col)[is_inside]
    own_area, after = (
        np.bincount(there, weights=area[is_inside], minlength=size[0] * size[1]).reshape(size)
        for there, area in ((place, height * (col + 1 - x)), (place + 1, height))
    )
    covered: NDArray[np.float64] = (own_area + after.cumsum(axis=1))[:, : window.cols]
    return covered


def _cut(edges: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Edges (x, y, x, y) cut where one of their coordinates is whole."""
    start, end = edges[:, axis], edges[:, axis + 2]
    low, high = np.minimum(start, end), np.maximum(start, end)
    first = np.floor(low)
    n_pieces = np.maximum(np.ceil(high) - first, 1).astype(np.int64)
    edge = np.repeat(np.arange(len(edges)), n_pieces)
    number = np.arange(len(edge)) - np.repeat(np.cumsum(n_pieces) - n_pieces, n_pieces)
    # where a piece begins and ends, as shares of its edge from the lower end up
    reach = np.where(high > low, high - low, 1.0)[edge]
    ends = first[edge, None] + number[:, None] + [0, 1]
    part = (np.clip(ends, low[edge, None], high[edge, None]) - low[edge, None]) / reach[:, None]
    part[low[edge] == high[edge]] = 0, 1
    downwards = (start > end)[edge]
    part[downwards] = 1 - part[downwards, ::-1]
    whole_edges = edges[edge].reshape(-1, 2, 2)
    step = whole_edges[:, 1] - whole_edges[:, 0]
    ends_of_pieces: NDArray[np.float64] = whole_edges[:, :1] + part[..., None] * step[:, None]
    return ends_of_pieces.reshape(-1, 4)
