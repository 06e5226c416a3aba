"""Sites that are whole cells of one lattice, recognised from their table, and their coverage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal
from weakref import finalize

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from cami_units.overlap._door import Geometries, geometries

_SLACK: Final = 1e-9
"""How far, in cells, a site's corners may be from where the lattice has them."""

_ROOM: Final = 50_000_000
"""Most cells in the rectangle of rows and columns around the sites."""

ROUNDING: Final = 1e-11
"""Covered shares nearer than this to 0 or 1 are 0 or 1: what running sums leave of nothing."""

_ROOT_3: Final = float(np.sqrt(3))

_SHAPES: Final[dict[int, Literal["square", "hexagon"]]] = {5: "square", 7: "hexagon"}
"""What a ring of so many positions may be."""


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of rows and columns of a lattice: `step_m` is a square's or a hexagon's side.

    `x` and `y` are where rows and columns are counted from; the south-west cell is `row`, `col`.
    """

    shape: Literal["square", "hexagon"]
    x: float
    y: float
    step_m: float
    row: int
    col: int
    rows: int
    cols: int

    @property
    def area_km2(self) -> float:
        """Area of one cell."""
        factor = 1.0 if self.shape == "square" else 1.5 * _ROOT_3
        return factor * self.step_m**2 / 1e6


@dataclass(frozen=True, slots=True)
class Cells(Window):
    """Sites as cells of a lattice: a site's position for each column and row, or −1."""

    places: NDArray[np.int32]


def cells_of(sites: gpd.GeoDataFrame) -> Cells | None:
    """The lattice that all sites are whole cells of, or ``None`` if they are not.

    Every site is compared with the cell that its ``row`` and ``col`` promise, so a table with
    cells that were clipped or moved is measured as the polygons it really holds.
    """
    if not isinstance(sites, gpd.GeoDataFrame) or len(sites) == 0:
        return None
    if not {"row", "col"} <= set(sites.columns):
        return None
    row, col = sites["row"].to_numpy(), sites["col"].to_numpy()
    if row.dtype.kind not in "iu" or col.dtype.kind not in "iu":
        return None
    geometry = geometries(sites)
    row, col = row.astype(np.int64), col.astype(np.int64)
    # Shapes never change, arrays of them do: the same pointers are the same shapes.
    content = (geometry.tobytes(), row.tobytes(), col.tobytes())
    seen = _SEEN.get(id(geometry))
    if seen is None or seen.content != content:
        seen = _Seen(content, geometry.copy(), _recognised(geometry, row, col))
        _SEEN[id(geometry)] = seen
        finalize(geometry, _SEEN.pop, id(geometry), None)
    return seen.cells


@dataclass(frozen=True, slots=True)
class _Seen:
    """A table of sites that was looked at, as its bytes, and what was found.

    `shapes` keeps the shapes alive, so that no other can take the place of one in memory.
    """

    content: tuple[bytes, bytes, bytes]
    shapes: Geometries
    cells: Cells | None


_SEEN: Final[dict[int, _Seen]] = {}
"""What was found of tables that are still there: one is laid over many layers, one after the other."""


def _recognised(
    geometry: Geometries, row: NDArray[np.int64], col: NDArray[np.int64]
) -> Cells | None:
    """The lattice of which each shape is the cell of its row and column."""
    shape = _SHAPES.get(int(shapely.get_num_coordinates(geometry[0])))
    if shape is None or (shapely.get_type_id(geometry) != shapely.GeometryType.POLYGON).any():
        return None
    high, wide = int(np.ptp(row)) + 1, int(np.ptp(col)) + 1
    if high * wide > max(_ROOM, 50 * len(geometry)):
        return None
    west, south, east, north = np.ascontiguousarray(shapely.bounds(geometry).T)
    # in whole steps: a square is 1 × 1; a hexagon 4 × 2 half sides and half heights
    if shape == "square":
        steps_x, steps_y, width, height = col, row, 1, 1
    else:
        steps_x, steps_y, width, height = 3 * col, 2 * row + (col & 1), 4, 2
    x, step_x = _ruler(steps_x, west, east, width)
    y, step_y = _ruler(steps_y, south, north, height)
    step_m = step_x if shape == "square" else 2 * step_x
    area = step_m**2 if shape == "square" else 1.5 * _ROOT_3 * step_m**2
    # a polygon as wide, as high and as large as a square is the square, and has no hole
    off = [
        _farthest(west, x, steps_x, step_x),
        _farthest(east, x + width * step_x, steps_x, step_x),
        _farthest(south, y, steps_y, step_y),
        _farthest(north, y + height * step_y, steps_y, step_y),
        _farthest(shapely.area(geometry), area, steps_x, 0) / step_m,
        abs((step_y if shape == "square" else 2 * step_y / _ROOT_3) - step_m),
    ]
    # missing shapes have corners that are no numbers
    if np.isnan(off).any() or max(off) > _SLACK * step_m:
        return None
    if shape == "hexagon" and not _on_circles(geometry, step_m):
        return None
    first_row, first_col = int(row.min()), int(col.min())
    places = np.full((wide, high), -1, np.int32)
    places[col - first_col, row - first_row] = np.arange(len(geometry))
    if np.count_nonzero(places >= 0) < len(geometry):  # two sites in one cell
        return None
    return Cells(shape, x, y, step_m, first_row, first_col, high, wide, places)


def cell_km2(
    cells: Cells, polygons: Geometries
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Position of the site, position of the polygon, and the square kilometres they share."""
    parts = [(np.empty(0, np.int32), np.empty(0, np.intp), np.empty(0))]
    for number, south, west, shares in _covered(cells, polygons):
        covered = np.abs(shares) > ROUNDING
        col, row = shares.shape
        site, share = cells.places[west : west + col, south : south + row][covered], shares[covered]
        if (site < 0).any():
            site, share = site[site >= 0], share[site >= 0]
        share[np.abs(share - 1) <= ROUNDING] = 1
        parts.append((site, np.full(len(site), number), share * cells.area_km2))
    sites, rows, km2 = (np.concatenate(part) for part in zip(*parts, strict=True))
    return sites.astype(np.intp), rows, km2


def window_km2(
    window: Window, polygons: Geometries
) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """Position of the polygon, row and column of the cell, and the square kilometres they share.

    By polygon, then by column and row. No table of cells is needed: they are all in the window.
    """
    parts = [(np.empty(0, np.intp), *np.empty((2, 0), np.int32), np.empty(0))]
    for number, south, west, shares in _covered(window, polygons):
        at = np.flatnonzero(np.abs(shares) > ROUNDING)
        share = shares.ravel()[at]
        share[np.abs(share - 1) <= ROUNDING] = 1
        col, row = np.divmod(at.astype(np.int32), np.int32(shares.shape[1]))
        row, col = row + np.int32(window.row + south), col + np.int32(window.col + west)
        parts.append((np.full(len(at), number), row, col, share * window.area_km2))
    numbers, rows, cols, km2 = (np.concatenate(part) for part in zip(*parts, strict=True))
    return numbers, rows, cols, km2


def _covered(
    window: Window, polygons: Geometries
) -> Iterator[tuple[int, int, int, NDArray[np.float64]]]:
    """Each polygon that reaches the window, and the share of each cell around it that it covers.

    Gives the polygon's position, the row and the column, counted in the window, of the first cell,
    and the shares, columns by rows.
    """
    if len(polygons) == 0:
        return
    rings = _rings(window, polygons)
    for number, (south, north, west, east) in enumerate(_reaches(window, polygons)):
        if south < north and west < east:
            yield number, south, west, _shares(window, rings, number, (south, north, west, east))


@dataclass(frozen=True, slots=True)
class _Rings:
    """The vertices of polygons in steps of a lattice, ring after ring.

    `ends` are the positions just after each ring; `first` is the first ring of each polygon.
    """

    u: NDArray[np.float64]
    v: NDArray[np.float64]
    ends: NDArray[np.int64]
    is_shell: NDArray[np.bool_]
    first: NDArray[np.int64]


def _rings(cells: Window, polygons: Geometries) -> _Rings:
    """All rings of polygons in steps of the lattice, with the polygon of each."""
    kind, xy, offsets = shapely.to_ragged_array(polygons, include_z=False)
    ends, polygon_rings = offsets[0][1:].astype(np.int64), offsets[1].astype(np.int64)
    first_polygon = (
        offsets[2].astype(np.int64)
        if kind == shapely.GeometryType.MULTIPOLYGON
        else np.arange(len(polygons) + 1)
    )
    is_shell = np.zeros(len(ends), bool)
    is_shell[polygon_rings[:-1][np.diff(polygon_rings) > 0]] = True
    across, up = cells.step_m, cells.step_m
    if cells.shape == "hexagon":
        up = cells.step_m * _ROOT_3 / 2
    u, v = (xy[:, 0] - cells.x) / across, (xy[:, 1] - cells.y) / up
    return _Rings(u, v, ends, is_shell, polygon_rings[first_polygon])


def _shares(
    cells: Window, rings: _Rings, number: int, window: tuple[int, int, int, int]
) -> NDArray[np.float64]:
    """The share of each cell of a window that one polygon covers: columns by rows."""
    from cami_units.overlap import _kernels  # numba is imported at first use, not with the package

    south, north, west, east = window
    first, last = rings.first[number : number + 2]
    ends = rings.ends[first:last]
    start = rings.ends[first - 1] if first else 0
    inside = slice(start, ends[-1] if len(ends) else start)
    polygon = (rings.u[inside], rings.v[inside], ends - start, rings.is_shell[first:last])
    corner = (cells.row + south, cells.col + west)
    if cells.shape == "hexagon":
        sums = np.zeros((east - west, north - south))
        _kernels.hexagon_sums(*polygon, *corner, sums)
        return sums
    sums = np.zeros((east - west + 1, north - south))
    _kernels.square_sums(*polygon, *corner, sums)
    _kernels.run_east(sums)
    return sums[:-1]


def _reaches(cells: Window, polygons: Geometries) -> list[tuple[int, int, int, int]]:
    """The rows (from, to) and columns (from, to) of the window that each polygon can reach."""
    west, south, east, north = shapely.bounds(polygons).T
    high, wide = cells.step_m, cells.step_m
    reach = 1
    # a hexagon reaches into the next column, and odd ones stand higher
    if cells.shape == "hexagon":
        high, wide, reach = _ROOT_3 * cells.step_m, 1.5 * cells.step_m, 2
    rows, cols = cells.rows, cells.cols
    edges = [
        (np.floor((south - cells.y) / high) - cells.row - reach + 1, rows),
        (np.floor((north - cells.y) / high) - cells.row + reach, rows),
        (np.floor((west - cells.x) / wide) - cells.col - reach + 1, cols),
        (np.floor((east - cells.x) / wide) - cells.col + reach, cols),
    ]
    clipped = np.stack([np.clip(edge, 0, end) for edge, end in edges], axis=1).astype(int)
    return [(low, high, left, right) for low, high, left, right in clipped.tolist()]


def _ruler(
    steps: NDArray[np.int64], low: NDArray[np.float64], high: NDArray[np.float64], width: int
) -> tuple[float, float]:
    """Origin and length of a step, from the sites furthest apart."""
    first, last = int(steps.argmin()), int(steps.argmax())
    step = (high[last] - low[first]) / (steps[last] + width - steps[first])
    return float(low[first] - steps[first] * step), float(step)


def _farthest(
    places: NDArray[np.float64], first: float, steps: NDArray[np.int64], step: float
) -> float:
    """How far the place furthest from where the lattice has it lies from there."""
    off = steps * -float(step)
    off += places
    off -= first
    return float(np.abs(off, out=off).max())


def _on_circles(hexagons: Geometries, side: float) -> bool:
    """Whether all corners are one side from the middle: with its area, a regular hexagon."""
    xy = shapely.get_coordinates(hexagons)
    if len(xy) != 7 * len(hexagons):
        return False
    xy = xy.reshape(len(hexagons), 7, 2)
    middle = (xy.max(axis=1) + xy.min(axis=1)) / 2
    away = np.hypot(*np.moveaxis(xy - middle[:, None], 2, 0))
    return bool(np.abs(away - side).max() <= _SLACK * side)
