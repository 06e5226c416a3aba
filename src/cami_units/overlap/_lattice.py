"""Sites that are whole cells of one lattice, recognised from their table, and their coverage."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from threading import local
from typing import TYPE_CHECKING, Any, Final, Literal
from weakref import finalize

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from cami_units.model import made_cells
from cami_units.overlap._arrays import Floats, Geometries, Ints, Ints32, Positions
from cami_units.overlap._few_cells import few_shares
from cami_units.overlap._input_checks import geometries

if TYPE_CHECKING:
    from cami_units.overlap._kernels import Order

_SLACK: Final = 1e-9
"""How far, in cells, a site's corners may be from where the lattice has them."""

_ROOM: Final = 50_000_000
"""Most cells in the rectangle of rows and columns around the sites."""

_ROUNDING: Final = 1e-11
"""Covered shares nearer than this to 0 or 1 are 0 or 1: what running sums leave of nothing."""

_TOO_MUCH: Final = 1e-9
"""More than the whole cell by this share, or as much less than nothing: something was counted twice."""

_ROOT_3: Final = float(np.sqrt(3))

_SHAPES: Final[dict[int, Literal["square", "hexagon"]]] = {5: "square", 7: "hexagon"}
"""What a ring of so many positions may be."""


Found = tuple[Ints32, Ints32, Floats]
"""Positions of sites, numbers of keys, and what they share."""

Band = tuple[NDArray[Any], Ints32, Ints32, Floats]
"""Positions of polygons, rows, columns, and what they share."""

Refusal = Callable[[Found], None]
"""What is done with a part in which a polygon covers more than the whole of a cell."""

_NO_CODES: Final = np.empty(0, np.int64)


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


def window_of(
    rows: tuple[int, int],
    cols: tuple[int, int],
    *,
    step_m: float,
    corner_m: tuple[float, float],
    shape: Literal["square", "hexagon"] = "square",
) -> Window:
    """Some rows and columns of a lattice.

    Parameters
    ----------
    rows, cols : (int, int)
        The first and the one after the last.
    step_m : float
        The side of a cell, metres.
    corner_m : (float, float)
        The easting and northing, metres, from which rows and columns are counted.
    shape : {"square", "hexagon"}
        What a cell is.
    """
    high, wide = max(rows[1] - rows[0], 0), max(cols[1] - cols[0], 0)
    return Window(shape, *corner_m, step_m, rows[0], cols[0], high, wide)


@dataclass(frozen=True, slots=True)
class Cells(Window):
    """Sites as cells of a lattice: a site's number for each row and column, or −1.

    Where each cell is a site, `places` has no rows. Sites are numbered along the rows, from row to
    row. `order` are their positions in the table, by number; ``None``: the same as their numbers.
    """

    places: Ints32
    order: Ints32 | None


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
    # Shapes never change, arrays of them do: the same pointers are the same shapes.
    pointers = geometry.tobytes()
    seen_cells = _SEEN.get(id(geometry))
    if seen_cells is None or not seen_cells.is_of(pointers, row, col):
        if (cells := _made(geometry, pointers, row, col)) is None:
            cells = _recognised(geometry, row.astype(np.int64), col.astype(np.int64))
        seen_cells = _Seen(
            pointers, None if cells else (row.tobytes(), col.tobytes()), geometry.copy(), cells
        )
        _SEEN[id(geometry)] = seen_cells
        finalize(geometry, _SEEN.pop, id(geometry), None)
    return seen_cells.cells


@dataclass(frozen=True, slots=True)
class _Seen:
    """A table of sites that was looked at, as its bytes, and what was found.

    `shapes` keeps the shapes alive, so that no other can take the place of one in memory. Which cell
    a shape is hangs on nothing else; that some are no cells of one lattice hangs on rows and columns.
    """

    pointers: bytes
    rows_cols: tuple[bytes, bytes] | None
    shapes: Geometries
    cells: Cells | None

    def is_of(self, pointers: bytes, row: NDArray[Any], col: NDArray[Any]) -> bool:
        """Whether a table is still the one that was looked at."""
        if self.pointers != pointers:
            return False
        return self.rows_cols is None or self.rows_cols == (row.tobytes(), col.tobytes())


_SEEN: Final[dict[int, _Seen]] = {}
"""What was found of tables that are still there: one is laid over many layers, one after the other."""


def _made(
    geometry: Geometries, pointers: bytes, row: NDArray[Any], col: NDArray[Any]
) -> Cells | None:
    """The lattice of sites that are shapes which `planning_units` made for their row and column.

    Nothing is asked of the shapes: it is enough that they are the same ones.
    """
    own_pointers = np.frombuffer(pointers, np.intp)
    for made in made_cells():
        theirs = np.frombuffer(made.pointers, np.intp)
        if made.pointers == pointers:
            row, col = made.row, made.col
        elif (
            len(own_pointers) > len(theirs)
            or (own_pointers != theirs[made.positions(row, col)]).any()
        ):
            continue
        row, col = row.astype(np.int64), col.astype(np.int64)
        return _cells(made.shape, _lattice_of(geometry, made.shape, row, col), row, col)
    return None


def _recognised(geometry: Geometries, row: Ints, col: Ints) -> Cells | None:
    """The lattice of which each shape is the cell of its row and column."""
    shape = _SHAPES.get(int(shapely.get_num_coordinates(geometry[0])))
    if shape is None or (shapely.get_type_id(geometry) != shapely.GeometryType.POLYGON).any():
        return None
    lattice = _lattice_of(geometry, shape, row, col)
    x, y, step_m, step_x, step_y = lattice
    steps_x, steps_y, width, height = _steps(shape, row, col)
    west, south, east, north = np.ascontiguousarray(shapely.bounds(geometry).T)
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
    return _cells(shape, lattice, row, col)


def _steps(
    shape: Literal["square", "hexagon"], row: Ints, col: Ints
) -> tuple[Ints, Ints, int, int]:
    """Where cells begin, in whole steps east and north, and how many steps they are wide and high.

    A square is 1 × 1; a hexagon 4 × 2 half sides and half heights.
    """
    if shape == "square":
        return col, row, 1, 1
    return 3 * col, 2 * row + (col & 1), 4, 2


def _lattice_of(
    geometry: Geometries, shape: Literal["square", "hexagon"], row: Ints, col: Ints
) -> tuple[float, float, float, float, float]:
    """Origin x and y, side of a cell, and the steps east and north, from the cells furthest apart."""
    steps_x, steps_y, width, height = _steps(shape, row, col)
    x, step_x = _ruler(geometry, steps_x, 0, width)
    y, step_y = _ruler(geometry, steps_y, 1, height)
    return x, y, step_x if shape == "square" else 2 * step_x, step_x, step_y


def _cells(
    shape: Literal["square", "hexagon"],
    lattice: tuple[float, float, float, float, float],
    row: Ints,
    col: Ints,
) -> Cells | None:
    """Sites by row and column; ``None`` where two share a cell, or they lie too far apart."""
    high, wide = int(np.ptp(row)) + 1, int(np.ptp(col)) + 1
    if high * wide > max(_ROOM, 50 * len(row)):
        return None
    first_row, first_col = int(row.min()), int(col.min())
    places = np.full((high, wide), -1, np.int32)
    places[row - first_row, col - first_col] = np.arange(len(row))
    present_places = places[places >= 0]
    if len(present_places) < len(row):
        return None
    order = None if (present_places[1:] > present_places[:-1]).all() else present_places
    if len(row) == places.size:  # each cell is a site, and numbers are places
        places = _each_cell(wide)
    else:
        places[places >= 0] = np.arange(len(row))
    return Cells(shape, *lattice[:3], first_row, first_col, high, wide, places, order)


def _each_cell(wide: int) -> Ints32:
    """The places of a lattice of which each cell is a site: none are listed."""
    return np.empty((0, wide), np.int32)


def cell_km2(cells: Cells, polygons: Geometries) -> tuple[Ints32, Ints32, Floats]:
    """Position of the site, position of the polygon, and the square kilometres they share."""
    sites, number, km2 = _joined(_covered(cells, polygons, cells.places))
    return sites if cells.order is None else cells.order[sites], number, km2


def coded_km2(cells: Cells, polygons: Geometries, code: Positions) -> Found:
    """Position of the site, code and square kilometres, in the order of the sites and the codes.

    Polygons of one code follow one another; they are added up.
    """
    sites, codes, km2 = _joined(_covered(cells, polygons, cells.places, code.astype(np.int64)))
    if cells.order is None:
        return sites, codes, km2
    sites = cells.order[sites]
    by_site = np.argsort(sites, kind="stable")
    return sites[by_site], codes[by_site], km2[by_site]


def window_km2(
    window: Window, polygons: Geometries, refuse: Refusal | None = None
) -> tuple[Ints32, Ints32, Ints32, Floats]:
    """Position of the polygon, row and column of the cell, and the square kilometres they share.

    By polygon, then by row and column. No table of cells is needed: they are all in the window.
    """
    blocks = list(_covered(window, polygons, _each_cell(window.cols), refuse=refuse))
    places, number, km2 = _joined(blocks)
    order = np.argsort(number, kind="stable")
    return number[order], *_rows_cols(window, places[order]), km2[order]


def _rows_cols(window: Window, places: Ints32) -> tuple[Ints32, Ints32]:
    """Rows and columns of the lattice, of places in a window of it."""
    if len(places) <= _FEW_CELLS:
        row, col = np.divmod(places, np.int32(max(window.cols, 1)))
        return row + np.int32(window.row), col + np.int32(window.col)
    from cami_units.overlap import _kernels

    row, col = np.empty_like(places), np.empty_like(places)
    _kernels.rows_cols(places, (max(window.cols, 1), window.row, window.col), row, col)
    return row, col


_BLOCK: Final = 1 << 18
"""Cells in the windows of all polygons that are dealt with at a time: what fits beside a processor."""

_PART: Final = 1 << 23
"""Cells of windows for each thread: parts of fewer take longer to put together than to measure."""


def _covered(
    window: Window,
    polygons: Geometries,
    places: Ints32,
    codes: Ints = _NO_CODES,
    refuse: Refusal | None = None,
) -> Iterator[Found]:
    """The cells that polygons cover: sites, codes (or positions of polygons) and km², in parts.

    Rows are dealt to threads block by block: what is found in a block hangs on nothing else.
    """
    walk = _walk_of(window, polygons, places, codes, _BLOCK, refuse)
    if (threads := min(thread_count(), walk.blocks, 1 + walk.cells // _PART)) <= 1:
        yield from walk.of_blocks((0, walk.blocks))
        return
    cuts = [walk.blocks * part // threads for part in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        for parts in pool.map(walk.of_blocks, pairwise(cuts)):
            yield from parts


def band_km2(window: Window, polygons: Geometries, refuse: Refusal | None = None) -> Iterator[Band]:
    """As :func:`window_km2`, band by band of rows from the south: memory holds a few of them.

    Positions of polygons are of the smallest type that holds them.
    """
    walk = _walk_of(window, polygons, _each_cell(window.cols), _NO_CODES, _BAND, refuse)
    of_thread = local()
    small = np.int8 if len(polygons) < 128 else np.int16 if len(polygons) < 32768 else np.int32
    threads = min(thread_count(), walk.blocks)

    def of_band(band: int) -> Band:
        memory: dict[str, Any] = of_thread.__dict__
        memory.pop("km2", None)  # these are handed on; what becomes rows, columns and names is not
        places, number, km2 = _joined(walk.of_blocks((band, band + 1), memory))
        return number.astype(small), *_rows_cols(window, places), km2

    if threads <= 1:
        yield from map(of_band, range(walk.blocks))
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Any]] = deque()
        for band in range(walk.blocks):
            waiting.append(pool.submit(of_band, band))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def window_parts(
    window: Window, polygons: Geometries, refuse: Refusal | None = None
) -> Iterator[Found]:
    """Places of cells in a window, positions of polygons and km², a part at a time, in one thread.

    Places count along the rows, from row to row. The next part takes the place of a part in memory.
    """
    walk = _walk_of(window, polygons, _each_cell(window.cols), _NO_CODES, _BAND, refuse)
    memory: dict[str, Any] = {}
    for band in range(walk.blocks):
        yield from walk.of_blocks((band, band + 1), memory)


_BAND: Final = 1 << 19
"""Cells in the windows of all polygons in a band: 8 MB of cells, if all are covered. More would be
written past the processor's memory, and be asked of the system anew for each band."""


@dataclass(frozen=True, slots=True)
class _Walk:
    """A walk over the edges of polygons that can be gone block by block of rows.

    `of_blocks` takes the first block and the one after the last; and arrays by name that may be written
    over, or are put there to be: to touch fresh memory takes as long as to measure what it is to hold.

    `cells` are those of the windows of all polygons.
    """

    blocks: int
    cells: int
    of_blocks: Callable[..., list[Found]]


def _walk_of(
    window: Window,
    polygons: Geometries,
    places: Ints32,
    codes: Ints,
    block: int,
    refuse: Refusal | None = None,
) -> _Walk:
    """What is known of polygons before any cell is: rings, windows, and which edges lie in which block."""
    if len(polygons) == 0 or window.rows == 0 or window.cols == 0:
        return _Walk(0, 0, lambda blocks, memory=None: [])
    reaches = _reaches(window, polygons)
    if _are_few(window, polygons, reaches):
        return _few_walk(window, polygons, reaches, places, codes, refuse)
    from cami_units.overlap import _kernels  # numba is imported at first use, not with the package

    rings = rings_of(polygons)
    tall, wide = (np.diff(reaches[:, pair], axis=1)[:, 0] for pair in (slice(0, 2), slice(2, 4)))
    rows = int(np.clip(block // max(int(wide[tall > 0].clip(0).sum()), 1), 1, window.rows))
    hexagons = window.shape == "hexagon"
    step, north = window.step_m, window.step_m * (_ROOT_3 / 2 if hexagons else 1)
    corner = (window.col, 2 * window.row if hexagons else window.row)
    cut = (2, 2 * rows, 1) if hexagons else (1, rows, 0)
    lattice = (window.x, window.y, step, north, *corner)
    runs, starts = _runs(rings, reaches, lattice, cut)
    polygon_of = np.repeat(np.arange(len(polygons)), np.diff(rings.first))
    cells = (tall * wide).clip(0)
    vertices = np.diff(np.append(0, rings.ends)[rings.first])
    # seldom more: cells inside, and some more along the outline
    room = int(np.minimum(cells, rings.areas / (1e6 * window.area_km2) + 2 * vertices + 64).sum())

    rooms = _cells_of_blocks(reaches[cells > 0], rows, len(starts) - 1)
    of_sums = _room_for_sums(np.minimum(tall, rows).clip(0), wide.clip(0), hexagons=hexagons)
    of_block = int(rooms.max(initial=0)) if len(codes) else 0

    def of_blocks(
        blocks: tuple[int, int], memory: dict[str, NDArray[Any]] | None = None
    ) -> list[Found]:
        parts: list[Found] = []
        low, high = blocks
        most_cells = int((np.minimum(tall, rows * (high - low)) * wide).clip(0).sum())
        sums = np.zeros(of_sums)
        for_order = _room_for_order(of_block, len(polygons), rows * window.cols)
        while low < high:
            size = min(room, most_cells) if not parts and memory is None else most_cells
            cell_room = _room_for_cells(size, {} if memory is None or parts else memory)
            low, n, is_odd = _kernels.covered(
                True if hexagons else None,
                rings.xy,
                rings.turns,
                polygon_of,
                runs,
                starts,
                rooms,
                reaches,
                (rows, window.cols, window.col, window.area_km2),
                places.ravel(),
                codes,
                (low, high, 0),
                sums,
                for_order,
                cell_room,
            )
            parts.append((cell_room[0][:n], cell_room[1][:n], cell_room[2][:n]))
            if is_odd and refuse is not None:
                refuse(parts[-1])
        return parts

    return _Walk(len(starts) - 1, int(cells.sum()), of_blocks)


_FEW_POLYGONS: Final = 500
_FEW_EDGES: Final = 100_000
_FEW_CELLS: Final = 1_250_000
"""What NumPy measures in less time than the kernels take to load: edges are cut where cells end."""


def _are_few(window: Window, polygons: Geometries, reaches: Ints) -> bool:
    """Whether NumPy has measured polygons on squares before the kernels are there."""
    if window.shape != "square" or len(polygons) > _FEW_POLYGONS:
        return False
    cells = ((reaches[:, 1] - reaches[:, 0]) * (reaches[:, 3] - reaches[:, 2])).clip(0).sum()
    edges = (
        shapely.get_num_coordinates(polygons).sum() + shapely.length(polygons).sum() / window.step_m
    )
    return bool(cells <= _FEW_CELLS and edges <= _FEW_EDGES)


def _few_walk(
    window: Window,
    polygons: Geometries,
    reaches: Ints,
    places: Ints32,
    codes: Ints,
    refuse: Refusal | None,
) -> _Walk:
    """The walk without the kernels, to rounding: all rows are one block."""

    def of_blocks(blocks: tuple[int, int], memory: object = None) -> list[Found]:
        sites, numbers, shares = [], [], []
        for number, (south, north, west, east) in enumerate(reaches.tolist()):
            first_row, first_col = window.row + south, window.col + west
            corner_m = window.x + first_col * window.step_m, window.y + first_row * window.step_m
            share = few_shares(
                polygons[number], corner_m, window.step_m, north - south, east - west
            )
            row, col = np.nonzero(np.abs(share) > _ROUNDING)
            sites.append((south + row) * window.cols + west + col)
            numbers.append(np.full(len(row), codes[number] if len(codes) else number))
            shares.append(share[row, col])
        site, code, part = np.concatenate(sites), np.concatenate(numbers), np.concatenate(shares)
        is_odd = bool(((part < -_TOO_MUCH) | (part > 1 + _TOO_MUCH)).any())
        part[np.abs(part - 1) <= _ROUNDING] = 1
        if len(places):
            site = places.ravel()[site]
            site, code, part = site[site >= 0], code[site >= 0], part[site >= 0]
        if len(codes):  # in the order of sites and codes, polygons of one code added up
            pairs, pair = np.unique(site * (codes.max() + 1) + code, return_inverse=True)
            site, code = np.divmod(pairs, codes.max() + 1)
            part = np.bincount(pair, part, len(pairs)).astype(float)
        cell_parts = site.astype(np.int32), code.astype(np.int32), part * window.area_km2
        if is_odd and refuse is not None:
            refuse(cell_parts)
        return [cell_parts]

    return _Walk(1, 0, of_blocks)


def _runs(
    rings: Rings,
    reaches: Ints,
    lattice: tuple[float, float, float, float, int, int],
    cut: tuple[int, int, int],
) -> tuple[Ints, Ints]:
    """The runs of edges of each block of rows, block by block, and the first of each block."""
    from cami_units.overlap import _kernels

    # what a layer of eight vertices a row comes to; of coarser ones they are counted, and asked for again
    in_steps, n = 0, len(rings.xy) // 8 + 1024
    while True:
        runs = np.empty((n, 4), np.int64)
        n = _kernels.edge_runs(
            rings.xy, rings.ends, rings.first, reaches, lattice, cut, in_steps, runs
        )
        if n <= len(runs):
            break
        in_steps = len(reaches)
    block = runs[:n, 3]
    of_row, high, _ = cut
    blocks = (max(int(reaches[:, 1].max(initial=1)) * of_row, 1) - 1) // high + 1
    starts = np.append(0, np.cumsum(np.bincount(block, minlength=blocks)))
    # numbers of two bytes are counted into their order, others compared
    small = np.uint16 if blocks < 1 << 16 else np.int64
    return runs[np.argsort(block.astype(small), kind="stable")], starts


def _cells_of_blocks(reaches: Ints, rows: int, blocks: int) -> Ints:
    """Cells of all windows in each block of so many rows."""
    south, north, west, east = reaches.T
    of_row = np.zeros(blocks * rows + 1, np.int64)
    np.add.at(of_row, south, east - west)
    np.subtract.at(of_row, north, east - west)
    of_blocks: Ints = np.cumsum(of_row)[:-1].reshape(blocks, rows).sum(axis=1)
    return of_blocks


def _room_for_sums(rows: Ints, cols: Ints, *, hexagons: bool) -> int:
    """Places that the sums of the largest of some windows take: as the kernel lays them out."""
    if hexagons:
        of_windows = (2 * rows + 1) * 3 * (3 * cols + 2) + rows * cols
    else:
        of_windows = rows * (cols + 1)
    return int(of_windows.max(initial=0))


def _room_for_cells(size: int, memory: dict[str, NDArray[Any]]) -> Found:
    """Room for sites, codes and km² of so many cells: what is there already, if it is enough."""
    for name, kind in (("sites", np.int32), ("codes", np.int32), ("km2", np.float64)):
        if name not in memory or len(memory[name]) < size:
            memory[name] = np.empty(size, kind)
    return memory["sites"][:size], memory["codes"][:size], memory["km2"][:size]


def _room_for_order(cells: int, groups: int, sites: int) -> Order:
    """Room for the cells of a block to be put in order; memory that nobody touches costs nothing."""
    counts, codes = np.empty(groups, np.int64), np.empty(groups, np.int64)
    starts, filled = np.empty(sites, np.int64), np.empty(sites, np.int64)
    return np.empty(cells, np.int32), np.empty(cells), counts, codes, starts, filled


def _joined(parts: Iterable[Found]) -> Found:
    """Parts one after another."""
    if not (listed_parts := list(parts)):
        return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0)
    if len(listed_parts) == 1:
        return listed_parts[0]
    sites, codes, km2 = (np.concatenate(part) for part in zip(*listed_parts, strict=True))
    return sites, codes, km2


def thread_count() -> int:
    """How many threads measure at a time: one for each processor that this process may use."""
    try:
        return max(len(os.sched_getaffinity(0)), 1)
    except AttributeError:  # not on Windows, nor on a Mac
        return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Rings:
    """The vertices of polygons, ring after ring.

    `ends` are the positions just after each ring; `turns` make the signed areas of shells positive
    and those of holes negative; `first` is the first ring of each polygon, and how many there are;
    `areas` are those of the polygons, in m².
    """

    xy: Floats
    ends: Ints
    turns: Floats
    first: Ints
    areas: Floats


def rings_of(polygons: Geometries) -> Rings:
    """The rings of polygons, found where their vertices close."""
    from cami_units.overlap import _kernels

    xy = shapely.get_coordinates(polygons)
    vertices, rings, area, of_polygon, n_parts = _parts(polygons)
    first = np.append(0, np.cumsum(of_polygon))
    n = int(rings.sum())
    ends, turns, doubled = np.empty(n, np.int64), np.empty(n), np.empty(len(rings))
    _kernels.closed_rings(xy, np.cumsum(vertices), rings, ends, turns, doubled)
    # Where a ring meets its own beginning on the way, it is cut in two, and GEOS has another area.
    if not (np.abs(doubled / 2 - area) <= 1e-9 * area).all():
        return _rings_of_geos(polygons, first)
    of_part = np.repeat(np.arange(len(polygons)), n_parts)
    areas = np.zeros(len(polygons))
    np.add.at(areas, of_part, area)
    return Rings(xy, ends, turns, first, areas)


_COPIED: Final = 1 << 16
"""Vertices of which GEOS makes a copy at a time: many more would not stay close to the processor."""


def _parts(polygons: Geometries) -> tuple[NDArray[Any], ...]:
    """Vertices, rings and area of each part of each polygon, and how many rings and parts polygons have."""
    run_of = np.cumsum(shapely.get_num_coordinates(polygons)) // _COPIED
    starts = np.append(0, np.flatnonzero(np.diff(run_of)) + 1)
    tables = []
    for low, high in pairwise([*starts.tolist(), len(polygons)]):
        parts, owner = shapely.get_parts(polygons[low:high], return_index=True)
        vertices = shapely.get_num_coordinates(parts)
        rings = np.where(vertices > 0, 1 + shapely.get_num_interior_rings(parts), 0)
        of_polygon = np.bincount(owner, rings, high - low).astype(np.int64)
        tables.append(
            (
                vertices,
                rings.astype(np.int64),
                shapely.area(parts),
                of_polygon,
                np.bincount(owner, minlength=high - low),
            )
        )
    return tuple(np.concatenate(column) for column in zip(*tables, strict=True))


def _rings_of_geos(polygons: Geometries, first: Ints) -> Rings:
    """The same for polygons that are not quite valid, with a copy of each ring."""
    _, xy, offsets = shapely.to_ragged_array(polygons, include_z=False)
    ends, polygon_rings = offsets[0][1:].astype(np.int64), offsets[1].astype(np.int64)
    is_shell = np.zeros(len(ends), bool)
    is_shell[polygon_rings[:-1][np.diff(polygon_rings) > 0]] = True
    turns = np.empty(len(ends))
    for ring, (start, end) in enumerate(pairwise([0, *ends.tolist()])):
        away = xy[start:end] - xy[start]
        twice = (away[:-1, 0] * away[1:, 1] - away[1:, 0] * away[:-1, 1]).sum()
        turns[ring] = (-1.0 if twice > 0 else 1.0) * (1.0 if is_shell[ring] else -1.0)
    return Rings(np.ascontiguousarray(xy), ends, turns, first, shapely.area(polygons))


def _reaches(cells: Window, polygons: Geometries) -> Ints:
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
    clipped = [np.clip(edge, 0, end) for edge, end in edges]
    reaches: Ints = np.nan_to_num(np.stack(clipped, axis=1)).astype(np.int64)
    return reaches


def _ruler(geometry: Geometries, steps: Ints, axis: int, width: int) -> tuple[float, float]:
    """Origin and length of a step along an axis, from the sites furthest apart."""
    ends = [int(steps.argmin()), int(steps.argmax())]
    bounds = shapely.bounds(geometry[ends])
    low, high = bounds[0, axis], bounds[1, axis + 2]
    step = (high - low) / (steps[ends[1]] + width - steps[ends[0]])
    return float(low - steps[ends[0]] * step), float(step)


def _farthest(places: Floats, first: float, steps: Ints, step: float) -> float:
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
