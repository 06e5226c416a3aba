"""Areas in the cells of a coarse lattice, in NumPy.

The kernels are a hundred times as fast, and take half a second and 100 MB to load, of a new installation
three seconds to compile: a few layers on cells of 25 km are measured ten times over meanwhile.
"""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cami_units.overlap._arrays import Floats


def few_shares(
    polygon: BaseGeometry, corner_m: tuple[float, float], step_m: float, rows: int, cols: int
) -> Floats:
    """Which share of each square of a window a valid polygon covers: the walk of docs/performance.md.

    Examples
    --------
    The rectangle of that page: shares of 0.6, 1 and 0.7 of three cells of 10 km.

    >>> few_shares(shapely.box(4e3, 0, 27e3, 10e3), (0.0, 0.0), 10e3, 1, 3).round(9).tolist()
    [[0.6, 1.0, 0.7]]
    """
    rings = shapely.get_rings(shapely.orient_polygons(shapely.get_parts(polygon)))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    at = (xy - corner_m) / step_m
    edges = np.hstack([at[:-1], at[1:]])[ring[1:] == ring[:-1]]
    is_beside = (edges[:, 1::2].max(axis=1) <= 0) | (edges[:, 1::2].min(axis=1) >= rows)
    x0, y0, x1, y1 = _cut(_cut(edges[~is_beside], 1), 0).T
    row, x = np.floor((y0 + y1) / 2).astype(np.int64), np.clip((x0 + x1) / 2, 0, cols)
    col, height = np.floor(x).astype(np.int64), y0 - y1
    # one column more for what lies east of the window, one more for the cells after it
    size = (rows, cols + 2)
    is_inside = (row >= 0) & (row < rows)
    place = (row * size[1] + col)[is_inside]
    own_area, after = (
        np.bincount(there, weights=area[is_inside], minlength=size[0] * size[1]).reshape(size)
        for there, area in ((place, height * (col + 1 - x)), (place + 1, height))
    )
    covered: Floats = (own_area + after.cumsum(axis=1))[:, :cols]
    return covered


def _cut(edges: Floats, axis: int) -> Floats:
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
    ends_of_pieces: Floats = whole_edges[:, :1] + part[..., None] * step[:, None]
    return ends_of_pieces.reshape(-1, 4)
