"""Equal-area planning units on a lattice that does not depend on today's extent.

The lattice is fixed by three numbers: its CRS, the size of a cell, and the origin 10,000 km west
and 10,000 km south of the CRS's own. So a cell keeps its ``pu_id`` when the study area grows, and
two workshops with the same plan talk about the same cells. Rows count northwards, columns
eastwards; both may be negative beyond the origin.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray
from pandas.api.types import infer_dtype
from shapely.geometry.base import BaseGeometry

from cami_units.model import (
    EQUAL_AREA,
    AnyCrs,
    InputError,
    Note,
    check_arguments,
    crs_name,
    crs_text,
    equal_area_fault,
    listed,
    note_cells,
    said,
    same_crs,
)

Shape = Literal["square", "hexagon"]

Places = tuple[NDArray[np.integer[Any]], NDArray[np.integer[Any]]]
"""Rows and columns of cells."""

ORIGIN_M: Final = -10_000_000.0
"""Easting and northing, in metres, of the corner from which rows and columns are counted."""

MOST_CELLS: Final = 20_000_000
"""More candidate cells than this are taken for a mistyped `cell_km` (5 km over all Asia is 3 M)."""

_BLOCK: Final = 8
"""Cells on each side of a block: of 10 km cells, few blocks are then cut by a state's outline."""

_PU_ID: Final = re.compile(r"R(-?[0-9]+)C(-?[0-9]+)")

_HEXAGON_SIDE: Final = float(np.sqrt(2 / np.sqrt(27)))
"""Side of a hexagon whose area is 1: 3√3/2 · side² = 1."""


@dataclass(frozen=True, slots=True)
class Lattice:
    """The endless lattice from which planning units are taken.

    `cell_km` is the side of a square cell; a hexagonal cell has the same area as that square.
    Hexagons lie flat (two sides run east–west); odd columns are half a cell further north.
    """

    cell_km: float = 25
    shape: Shape = "square"
    crs: str = EQUAL_AREA

    def __post_init__(self) -> None:
        faults = []
        if not (np.isfinite(self.cell_km) and self.cell_km > 0):
            faults.append(f"cell_km must be a positive number of kilometres, got {self.cell_km!r}")
        if self.shape not in get_args(Shape):
            faults.append(f"shape must be 'square' or 'hexagon', got {self.shape!r}")
        if fault := equal_area_fault(self.crs):
            faults.append(said(fault).rstrip("."))
        if faults:
            raise InputError("The grid cannot be laid: " + "; ".join(faults) + ".")

    @property
    def cell_km2(self) -> float:
        """The area of a cell, km²: of a hexagon too, which has that of the square."""
        return self.cell_km**2


def planning_units(
    study_area: gpd.GeoDataFrame | gpd.GeoSeries | BaseGeometry,
    *,
    cell_km: float = 25,
    shape: Shape = "square",
    crs: AnyCrs = EQUAL_AREA,
    among: Callable[[Places], NDArray[np.bool_]] | None = None,
) -> gpd.GeoDataFrame:
    """Cells of the fixed lattice that share area with the study area.

    Parameters
    ----------
    study_area : GeoDataFrame, GeoSeries or geometry
        Polygons. A bare geometry is taken to be in `crs`.
    cell_km : float, default 25
        Side of a square cell in km. A hexagon has the area of that square.
    shape : {"square", "hexagon"}
        Shape of the cells.
    crs : str, int or CRS, default EQUAL_AREA
        An equal-area CRS in metres, the one of `study_area`.
    among : callable, optional
        Tells of rows and columns of cells which are asked about, as that of :func:`neighbourhood` does;
        ``None``: all.

    Returns
    -------
    GeoDataFrame
        ``pu_id`` (``R0412C0187``), ``row``, ``col``, ``geometry``, sorted by row and column. Cells
        are whole: they are not cut at the edge of the study area. A cell that only touches the
        study area along its edge is not in it.

    Raises
    ------
    InputError
        If the study area is empty, not polygons, or in another CRS; if `cell_km` or `shape` makes
        no sense, or the cells would be too many.

    Examples
    --------
    >>> import cami_units as cu
    >>> import shapely
    >>> cu.planning_units(shapely.box(0, 0, 50_000, 25_000), cell_km=25).pu_id.tolist()
    ['R0400C0400', 'R0400C0401']
    """
    _check_study(study_area)
    check_arguments(planning_units, locals())
    lattice = Lattice(cell_km, shape, crs_text(crs))
    parts = _study_polygons(study_area, crs)
    touched_cells = [_touched(lattice, part, among) for part in parts]
    row, col = np.concatenate(touched_cells).T
    # by one number a cell: sorting pairs takes three times as long
    west = int(col.min(initial=0))
    wide = int(col.max(initial=0)) - west + 1
    row, col = np.divmod(np.unique(row * wide + (col - west)), wide)
    col += west
    units = gpd.GeoDataFrame(
        {"pu_id": pu_ids(row, col), "row": row, "col": col},
        geometry=cells(lattice, row, col),
        crs=crs,
    )
    note_cells(units, shape)
    return units


def too_fine(
    lattice: Lattice, bounds: tuple[float, float, float, float], *, most: int = MOST_CELLS
) -> Note | None:
    """That the cells over a box, as bounds in metres, are more than so many; else ``None``.

    Examples
    --------
    >>> too_fine(Lattice(25), (0, 0, 50_000, 25_000)) is None
    True
    """
    (south, north), (west, east) = extent(lattice, bounds)
    count = (north - south) * (east - west)
    if count <= most:
        return None
    return Note("cells too fine", {"km": f"{lattice.cell_km:g}", "count": count, "most": most})


def step_m(lattice: Lattice) -> float:
    """The side of a cell, in metres."""
    return lattice.cell_km * 1000 if lattice.shape == "square" else _hexagon(lattice)[0]


def extent(
    lattice: Lattice, bounds: tuple[float, float, float, float]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """The rows and the columns, first and one after the last, that hold everything within bounds.

    `bounds` are west, south, east and north, in metres in the lattice's CRS.
    """
    west, south, east, north = bounds
    low_row, low_col = cell_index(lattice, west, south)
    high_row, high_col = cell_index(lattice, east, north)
    # one more on each side: the corner of a hexagon may lie in a cell beyond its neighbours'
    return (int(low_row) - 1, int(high_row) + 2), (int(low_col) - 1, int(high_col) + 2)


def pu_ids(row: ArrayLike, col: ArrayLike) -> list[str]:
    """Ids of cells: ``R0412C0187``; of one row and column a list of one.

    Raises
    ------
    InputError
        There are not as many rows as columns, or they are no whole numbers.

    Examples
    --------
    >>> import cami_units as cu
    >>> cu.pu_ids([412, 7], [187, 12345]), cu.pu_ids([], [])
    (['R0412C0187', 'R0007C12345'], [])
    """
    check_arguments(pu_ids, locals())
    sides = [np.atleast_1d(np.asarray(side)) for side in (row, col)]
    # of pandas' own whole numbers numpy makes objects
    is_counted = all(
        not side.size or infer_dtype(side, skipna=False) == "integer" for side in sides
    )
    if not is_counted or sides[0].shape != sides[1].shape or sides[0].ndim > 1:
        came = " and ".join(f"{side.size} of type {side.dtype}" for side in sides)
        raise InputError(f"As many rows as columns are wanted, all whole numbers; {came} came.")
    return [f"R{r:04d}C{c:04d}" for r, c in zip(*(side.tolist() for side in sides), strict=True)]


def places(ids: Iterable[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of cells, by their ids: what :func:`pu_ids` was given.

    Raises
    ------
    InputError
        An id is not one of a cell.

    Examples
    --------
    >>> row, col = places(["R0412C0187", "R-001C12345"])
    >>> row.tolist(), col.tolist()
    ([412, -1], [187, 12345])
    """
    named = list(ids)
    matches = [_PU_ID.fullmatch(name) for name in named]
    if odd := [name for name, match in zip(named, matches, strict=True) if not match]:
        raise InputError(f"These are no ids of planning units, such as R0412C0187: {listed(odd)}.")
    pairs = np.array([match.groups() for match in matches if match], dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def cell_index(
    lattice: Lattice, x: ArrayLike, y: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and column of the cell that holds each point.

    `x` and `y` are metres in the lattice's CRS. A point on the line between cells belongs to the
    cell north or east of it.
    """
    east = np.asarray(x, dtype=np.float64) - ORIGIN_M
    north = np.asarray(y, dtype=np.float64) - ORIGIN_M
    if lattice.shape == "square":
        size = lattice.cell_km * 1000
        return np.floor(north / size).astype(np.int64), np.floor(east / size).astype(np.int64)
    side, half = _hexagon(lattice)
    # a hexagon is the set of points nearest to its centre; only two columns can hold the point
    right = np.floor(east / (1.5 * side)).astype(np.int64)
    best_row, best_col = np.zeros_like(right), right
    best = np.full(right.shape, np.inf)
    for col in (right, right - 1):
        row = np.floor((north - (col & 1) * half) / (2 * half)).astype(np.int64)
        cx, cy = centres(lattice, row, col)
        distance = np.hypot(cx - ORIGIN_M - east, cy - ORIGIN_M - north)
        closer = distance < best
        best_row, best_col = np.where(closer, row, best_row), np.where(closer, col, best_col)
        best = np.where(closer, distance, best)
    return best_row, best_col


def centres(
    lattice: Lattice, row: ArrayLike, col: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Easting and northing, in metres, of the centres of cells."""
    row, col = np.asarray(row), np.asarray(col)
    if lattice.shape == "square":
        size = lattice.cell_km * 1000
        return ORIGIN_M + (col + 0.5) * size, ORIGIN_M + (row + 0.5) * size
    side, half = _hexagon(lattice)
    return ORIGIN_M + side + 1.5 * side * col, ORIGIN_M + half * (2 * row + 1 + (col & 1))


def cells(lattice: Lattice, row: ArrayLike, col: ArrayLike) -> NDArray[np.object_]:
    """Polygons of cells, counter-clockwise, whose shared corners are the same numbers."""
    row, col = np.asarray(row), np.asarray(col)
    if lattice.shape == "square":
        size = lattice.cell_km * 1000
        west, south = ORIGIN_M + col * size, ORIGIN_M + row * size
        return np.asarray(
            shapely.box(west, south, ORIGIN_M + (col + 1) * size, ORIGIN_M + (row + 1) * size)
        )
    side, half = _hexagon(lattice)
    # corners in whole steps of half a side and half a height, so that neighbours' corners agree
    steps_x = 3 * col[:, None] + np.array([0, 1, 3, 4, 3, 1])
    steps_y = (2 * row + (col & 1))[:, None] + np.array([1, 0, 0, 1, 2, 2])
    corners = np.stack([ORIGIN_M + steps_x * (side / 2), ORIGIN_M + steps_y * half], axis=-1)
    return np.asarray(shapely.polygons(corners))


def neighbours(planning_units: pd.DataFrame, *, corners: bool = False) -> NDArray[np.int64]:
    """Pairs of planning units that share a side, as positions in the table.

    Parameters
    ----------
    planning_units : GeoDataFrame
        Cells with ``row`` and ``col``, in any order.
    corners : bool, default False
        Whether squares that share only a corner are neighbours too (hexagons share none).

    Returns
    -------
    (n, 2) array of int
        Each pair once, the smaller position first, sorted.
    """
    row = planning_units["row"].to_numpy(np.int64)
    col = planning_units["col"].to_numpy(np.int64)
    if len(row) == 0:
        return np.empty((0, 2), np.int64)
    hexagonal = shapely.get_num_coordinates(planning_units.geometry.iloc[0]) == 7
    odd = col & 1
    steps: list[tuple[Any, int]] = [(1, 0)]
    if hexagonal:
        steps += [(odd, 1), (odd - 1, 1)]
    else:
        steps += [(0, 1), *([(1, 1), (-1, 1)] if corners else [])]
    width = int(col.max() - col.min()) + 3
    key = (row - row.min()) * width + (col - col.min() + 1)
    order = np.argsort(key, kind="stable")
    ranked = key[order]
    pairs = []
    for up, right in steps:
        neighbour_key = (row + up - row.min()) * width + (col + right - col.min() + 1)
        place = np.minimum(np.searchsorted(ranked, neighbour_key), len(ranked) - 1)
        is_there = ranked[place] == neighbour_key
        pairs.append(np.column_stack([np.flatnonzero(is_there), order[place[is_there]]]))
    sorted_pairs = np.sort(np.concatenate(pairs), axis=1)
    return sorted_pairs[np.lexsort((sorted_pairs[:, 1], sorted_pairs[:, 0]))]


def neighbourhood(others: Places) -> Callable[[Places], NDArray[np.bool_]]:
    """What tells of cells whether each is one of some others, or touches one, were it by a corner.

    Examples
    --------
    >>> near = neighbourhood((np.array([6]), np.array([1])))
    >>> near((np.array([5, 5, 5]), np.array([1, 2, 4]))).tolist()
    [True, True, False]
    """
    corner = [int(side.min(initial=0)) - 1 for side in others]
    size = [int(side.max(initial=0)) - low + 2 for side, low in zip(others, corner, strict=True)]
    near = np.zeros(size, dtype=bool)
    near[tuple(side - low for side, low in zip(others, corner, strict=True))] = True
    # A cell further along both axes, one after the other: so the corners come by themselves.
    for lines in (near, near.T):
        before = lines.copy()
        lines[1:] |= before[:-1]
        lines[:-1] |= before[1:]

    def are_near(cells: Places) -> NDArray[np.bool_]:
        row, col = (side - low for side, low in zip(cells, corner, strict=True))
        is_there: NDArray[np.bool_] = (row >= 0) & (row < size[0]) & (col >= 0) & (col < size[1])
        is_there[is_there] = near[row[is_there], col[is_there]]
        return is_there

    return are_near


def _hexagon(lattice: Lattice) -> tuple[float, float]:
    """Side and half height of the lattice's hexagons, in metres."""
    side = lattice.cell_km * 1000 * _HEXAGON_SIDE
    return side, side * float(np.sqrt(3)) / 2


def _check_study(study_area: object) -> None:
    """Refuse a study area that is no shape, such as the four numbers of a box."""
    if not isinstance(study_area, (gpd.GeoDataFrame, gpd.GeoSeries, BaseGeometry)):
        raise InputError(
            f"The study area must be a GeoDataFrame, a GeoSeries or a polygon; {type(study_area).__name__} "
            f"came. Of a bounding box make a polygon: {_FROM_DEGREES}"
        )


def _study_polygons(
    study_area: gpd.GeoDataFrame | gpd.GeoSeries | BaseGeometry, crs: AnyCrs
) -> NDArray[np.object_]:
    """The polygons of a study area, in the CRS of the grid."""
    if isinstance(study_area, BaseGeometry):
        geometry = np.array([study_area], dtype=object)
    else:
        if study_area.crs is None or not same_crs(study_area.crs, crs):
            came = "no CRS" if study_area.crs is None else crs_name(study_area.crs)
            raise InputError(
                f"The study area must be in {crs_name(crs)}, the CRS of the grid; it has {came}. "
                "Project it first: cu.to_equal_area(…)."
            )
        geometry = np.asarray(study_area.geometry.array)
    parts = shapely.get_parts(geometry[~shapely.is_missing(geometry)])
    parts = parts[~shapely.is_empty(parts)]
    if odd := [part.geom_type for part in parts if part.geom_type != "Polygon"]:
        raise InputError(
            f"The study area must be made of polygons; {listed(sorted(set(odd)))} came too. "
            "Leave out what is not a polygon."
        )
    if len(parts) == 0:
        raise InputError("The study area is empty: there is nothing to lay a grid over.")
    if isinstance(study_area, BaseGeometry):
        _check_metres(study_area)
    return np.asarray(parts)


_FROM_DEGREES: Final = (
    "cu.to_equal_area(gpd.GeoSeries([shapely.box(west, south, east, north)], crs='EPSG:4326'))."
)


def _check_metres(shape: BaseGeometry) -> None:
    """Refuse a bare geometry that looks like degrees: a study of a few hundred metres has no cells to choose."""
    farthest = np.abs(shape.bounds).reshape(2, 2).max(axis=0)
    if (farthest <= (360, 90)).all():
        raise InputError(
            f"The study area lies within {farthest[0]:g} by {farthest[1]:g} of 0, 0, which looks like degrees; "
            f"a geometry without a CRS is taken in metres. Say its CRS: {_FROM_DEGREES}"
        )


def _touched(
    lattice: Lattice, polygon: BaseGeometry, among: Callable[[Places], NDArray[np.bool_]] | None
) -> NDArray[np.int64]:
    """Row and column of the cells that share area with a polygon, of those that are asked about."""
    if fault := too_fine(lattice, polygon.bounds):
        raise InputError(fault)
    in_rows, in_cols = extent(lattice, polygon.bounds)
    rows, cols = np.arange(*in_rows), np.arange(*in_cols)
    shapely.prepare(polygon)
    # Most squares of cells lie wholly within the polygon or wholly beyond it: asked about as one.
    row, col = (side.ravel() for side in np.meshgrid(rows[::_BLOCK], cols[::_BLOCK], indexing="ij"))
    # two sides of a cell more on each side: whatever the shape, all cells of a block lie in it
    spare = 2 * step_m(lattice)
    west, south = (side - spare for side in centres(lattice, row, col))
    east, north = (side + spare for side in centres(lattice, row + _BLOCK, col + _BLOCK))
    blocks = shapely.box(west, south, east, north)
    is_within = shapely.contains_properly(polygon, blocks)
    is_parted = ~is_within & shapely.intersects(polygon, blocks)
    row = row[:, None, None] + np.arange(_BLOCK)[:, None]
    col = col[:, None, None] + np.arange(_BLOCK)
    touched_cells = [_within(rows, cols, row[is_within], col[is_within], among)]
    # some blocks at a time keep memory in proportion to the answer, not to the bounding box
    for some in np.array_split(np.flatnonzero(is_parted), is_parted.sum() // 200 + 1):
        candidates = _within(rows, cols, row[some], col[some], among)
        shapes = cells(lattice, *candidates.T)
        is_touched = shapely.intersects(polygon, shapes)
        unsure = np.flatnonzero(is_touched)
        unsure = unsure[~shapely.contains_properly(polygon, shapes[unsure])]
        is_touched[unsure] = ~shapely.touches(polygon, shapes[unsure])
        touched_cells.append(candidates[is_touched])
    return np.concatenate(touched_cells)


def _within(
    rows: NDArray[np.int64],
    cols: NDArray[np.int64],
    row: NDArray[np.int64],
    col: NDArray[np.int64],
    among: Callable[[Places], NDArray[np.bool_]] | None,
) -> NDArray[np.int64]:
    """Rows and columns of the cells of some blocks; those beyond the last, or not asked about, left out."""
    row, col = (side.ravel() for side in np.broadcast_arrays(row, col))
    is_there = (row <= rows[-1]) & (col <= cols[-1])
    if among is not None:
        row, col = row[is_there], col[is_there]
        is_there = among((row, col))
    return np.column_stack([row[is_there], col[is_there]])
