"""Overlaps of thousands of species with millions of cells, a share of the species at a time."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol

import geopandas as gpd
import pandas as pd

from cami_units import __version__, grid, layers, overlap, store
from cami_units.model import EQUAL_AREA, InputError, Problem, Progress, quiet
from cami_units.plan import equal_area_fault

TILE: Final = 4096
"""Rows and columns of a tile: what is measured at a time needs memory for one of them at most."""

_AHEAD: Final = 2
"""Shares at work or waiting to be written, for each worker."""


@dataclass(frozen=True, slots=True)
class Overlaps:
    """What a stream of overlaps came to."""

    species: int
    rows: int
    problems: tuple[Problem, ...]


def write_overlaps(
    ranges: Path,
    out: Path,
    *,
    cell_km: float = 25,
    shape: grid.Shape = "square",
    crs: str = EQUAL_AREA,
    columns: Mapping[str, str] | None = None,
    scheduler: str | None = None,
    progress: Progress = quiet,
) -> Overlaps:
    """How much of each species' range lies in each cell of the lattice, as one Parquet file.

    Made for ranges that do not fit into memory, on lattices that nobody lists cell by cell: ranges
    are read a share at a time, and what was measured is written before the next share is. The
    bytes are the same whoever works on them.

    Parameters
    ----------
    ranges : Path
        A GeoParquet file with a column of scientific names, or a folder of such files; read by
        row groups, quickest when sorted by name. Rows of one species are joined. Columns of IUCN
        codes, where there are any, are heeded as in a plan.
    out : Path
        The file to write: ``sci_name``, ``row``, ``col``, ``km2``, only cells that a species
        covers, sorted by name, then by tile, row and column. `grid.pu_ids(row, col)` names them.
    cell_km, shape, crs
        The lattice, as of planning units; `crs` is an equal-area CRS in metres.
    columns : mapping, optional
        Ours → theirs, where columns have unusual names.
    scheduler : str, optional
        The address of a Dask scheduler whose workers see the same files under the same paths.
        ``None``: threads of this process.

    Returns
    -------
    Overlaps
        How many species and rows, and what was left out or repaired.

    Raises
    ------
    InputError
        When the file is not as expected, or any range is refused; then nothing is written.
    """
    fault = equal_area_fault(crs)
    if fault:
        raise InputError(f"crs: {fault}.")
    lattice = grid.Lattice(cell_km, shape, crs)
    stream = layers.range_stream(ranges, columns=columns)
    shares = layers.range_shares(stream)
    problems = [*stream.problems, *layers.stream_advice(shares)]
    tiles = _tiles(stream, lattice)
    tasks = [(share, lattice, tile) for share in shares for tile in tiles]
    rows = 0

    def parts() -> Iterator[pd.DataFrame]:
        """The overlaps of each share of the ranges, as soon as they are measured."""
        nonlocal rows
        yield _EMPTY
        for number, (table, notes) in enumerate(_measured(tasks, scheduler)):
            progress("measuring ranges", number, len(tasks))
            problems.extend(problem for problem in notes if problem not in problems)
            rows += len(table)
            if len(table):
                yield table
        if any(problem.level == "refuses" for problem in problems):
            raise layers.refusal(problems, "the work")

    about = {
        "version": __version__,
        "cell_km": cell_km,
        "shape": shape,
        "crs": crs,
        "corner_m": grid.ORIGIN_M,
        "ranges": [file.name for file in stream.files],
    }
    store.write_stream(out, parts(), about=about, words=("sci_name",))
    return Overlaps(stream.rows["sci_name"].nunique(), rows, tuple(problems))


_Tile = tuple[tuple[int, int], tuple[int, int]]
"""Rows and columns of a rectangle of the lattice, first and one after the last."""

_Task = tuple[layers.RangeStream, grid.Lattice, _Tile]

_EMPTY: Final = pd.DataFrame(
    {
        "sci_name": pd.Series([], dtype="str"),
        "row": pd.Series([], dtype="int32"),
        "col": pd.Series([], dtype="int32"),
        "km2": pd.Series([], dtype="float64"),
    }
)


def covered_cells(
    share: layers.RangeStream, lattice: grid.Lattice, tile: _Tile
) -> tuple[pd.DataFrame, tuple[Problem, ...]]:
    """One task: the cells of a tile that some species cover, and what was said of their ranges."""
    ranges, notes = _ranges(share, lattice.crs)
    rows, cols = tile
    cells = overlap.covered_cells(
        ranges,
        shape=lattice.shape,
        step_m=grid.step_m(lattice),
        corner_m=(grid.ORIGIN_M, grid.ORIGIN_M),
        rows=rows,
        cols=cols,
    )
    return cells, notes


@lru_cache(maxsize=2)
def _ranges(share: layers.RangeStream, crs: str) -> tuple[gpd.GeoDataFrame, tuple[Problem, ...]]:
    """The ranges of a share; kept while its other tiles are measured."""
    return layers.ranges_of(share, crs=crs)


def _tiles(stream: layers.RangeStream, lattice: grid.Lattice) -> list[_Tile]:
    """Rectangles that hold the whole stream, from the south-west."""
    bounds = layers.stream_bounds(stream, lattice.crs)
    if bounds is None:
        bounds = (-_WORLD_M, -_WORLD_M, _WORLD_M, _WORLD_M)
    rows, cols = grid.extent(lattice, bounds)
    return [
        ((row, min(row + TILE, rows[1])), (col, min(col + TILE, cols[1])))
        for row in range(*rows, TILE)
        for col in range(*cols, TILE)
    ]


_WORLD_M: Final = 20_040_000.0
"""No place on Earth is further from the middle of an equal-area projection than half the equator."""


class _Future(Protocol):
    def result(self) -> Any: ...
    def cancel(self) -> Any: ...


class _Workers(Protocol):
    def submit(self, function: Any, /, *arguments: Any) -> _Future: ...


@contextmanager
def _workers(scheduler: str | None) -> Iterator[tuple[_Workers, int]]:
    """Who does the work, and how many they are: threads of this process, or Dask's workers."""
    if scheduler is None:
        count = os.cpu_count() or 1
        with ThreadPoolExecutor(count) as threads:
            yield threads, count
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise InputError(
            "--scheduler needs Dask, which is not installed: pip install 'cami-units[dask]'."
        ) from error
    try:
        client = Client(scheduler, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise InputError(
            f"No Dask scheduler answers at '{scheduler}' ({error}). Start one with "
            "`dask scheduler`, workers with `dask worker ADDRESS`, and give its address, such as "
            "tcp://127.0.0.1:8786."
        ) from error
    with client:
        yield client, max(sum(client.nthreads().values()), 1)


_PATIENCE: Final = "20s"


def _measured(
    tasks: list[_Task], scheduler: str | None
) -> Iterator[tuple[pd.DataFrame, tuple[Problem, ...]]]:
    """The results of all tasks, in their order, however they are finished.

    Only a few more than there are workers are under way at a time, so that what is done and not
    yet written does not pile up.
    """
    with _workers(scheduler) as (workers, count):
        waiting: deque[_Future] = deque()
        try:
            for task in tasks:
                if len(waiting) >= count * _AHEAD:
                    yield waiting.popleft().result()
                waiting.append(workers.submit(covered_cells, *task))
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
            _ranges.cache_clear()
