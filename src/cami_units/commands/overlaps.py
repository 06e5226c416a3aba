"""Overlaps of thousands of species with millions of cells, a share of the species at a time."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from cami_units import __version__, grid, layers, overlap, store
from cami_units.model import (
    EQUAL_AREA,
    AnyCrs,
    InputError,
    Note,
    Problem,
    Progress,
    check_arguments,
    crs_name,
    crs_text,
    equal_area_crs,
    listed,
    quiet,
    same_crs,
)

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
    ranges: Path | str,
    out: Path | str,
    *,
    cell_km: float = 25,
    shape: grid.Shape = "square",
    crs: AnyCrs = EQUAL_AREA,
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
    ranges : path
        A GeoParquet file with a column of scientific names, or a folder of such files; read by
        row groups, quickest when sorted by name. Rows of one species are joined. Columns of IUCN
        codes, where there are any, are heeded as in a plan.
    out : path
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
    check_arguments(write_overlaps, locals())
    ranges, out = Path(ranges), Path(out)
    # km² of a lattice that is not equal-area would be wrong in silence
    lattice = grid.Lattice(cell_km, shape, equal_area_crs(crs))
    stream = layers.range_stream(ranges, columns=columns)
    shares = layers.range_shares(stream)
    problems = [*stream.problems, *layers.stream_advice(shares)]
    tiles = tiles_of(stream, lattice)
    # Tiles inside shares: shapes are read once for all tiles of their share.
    tasks = [(share, lattice, tile) for share in shares for tile in tiles]
    rows = 0

    def parts() -> Iterator[pd.DataFrame]:
        """The overlaps of each share of the ranges, as soon as they are measured."""
        nonlocal rows
        # the file has its columns even where no range covers a cell
        yield _EMPTY
        work = work_done(tasks)
        results = measured(covered_cells, tasks, scheduler, stream.files)
        for number, (table, notes) in enumerate(results):
            progress("measuring ranges", work[number + 1], work[-1])
            # a share comes back once for every tile, and says the same each time
            problems.extend(problem for problem in notes if problem not in problems)
            rows += len(table)
            if len(table):
                yield table
        # after the last share, inside the writer: all faults are named at once, and the file is not
        # put in its place
        if any(problem.level == "refuses" for problem in problems):
            raise layers.refusal(problems, Note("work"))

    about = lattice_facts(lattice) | {"ranges": [file.name for file in stream.files]}
    store.write_stream(out, parts(), about=about, words=("sci_name",))
    return Overlaps(stream.rows["sci_name"].nunique(), rows, tuple(problems))


def lattice_facts(lattice: grid.Lattice) -> dict[str, Any]:
    """What a file of cells says of their lattice, and of the program that wrote it."""
    facts = {"cell_km": lattice.cell_km, "shape": lattice.shape, "crs": lattice.crs}
    return {"version": __version__, **facts, "corner_m": grid.ORIGIN_M}


Tile = tuple[tuple[int, int], tuple[int, int]]
"""Rows and columns of a rectangle of the lattice, first and one after the last."""


def work_done(tasks: Sequence[tuple[Any, ...]]) -> list[int]:
    """How much is done before each task, and in all, in kilobytes of shapes: what time hangs on."""
    # one more, so that a task without shapes is a step as well
    size = [int(task[0].rows["bytes"].sum() / 1000) + 1 for task in tasks]
    return [0, *accumulate(size)]


def overlap_bands(
    layer: gpd.GeoDataFrame,
    *,
    cell_km: float = 25,
    shape: grid.Shape = "square",
    crs: AnyCrs = EQUAL_AREA,
    by: str = "sci_name",
) -> Iterator[pd.DataFrame]:
    """Overlaps with all cells of a lattice that a layer reaches, a band of rows at a time.

    For lattices of which nobody wants to list the cells: one of 1 km over a region has 63 million.
    The lattice is that of `planning_units`, so `pu_ids(row, col)` names the cells.

    Parameters
    ----------
    layer : GeoDataFrame
        Valid polygons in `crs`, one row for each value of `by`.
    cell_km, shape, crs
        As of :func:`planning_units`.
    by : str, default "sci_name"
        The column that says what is measured.

    Yields
    ------
    DataFrame
        `by` (categorical), ``row``, ``col``, ``km2``: the cells of some rows that something covers, in
        the order of the layer, then of rows and columns. Bands go north.

    Raises
    ------
    InputError
        As :func:`overlaps`, or when a key has several rows: dissolve them first.

    Examples
    --------
    >>> import cami_units as cu
    >>> import geopandas as gpd, shapely
    >>> fox = gpd.GeoDataFrame({"sci_name": ["fox"]}, geometry=[shapely.box(0, 0, 2500, 1000)],
    ...                        crs=cu.EQUAL_AREA)
    >>> [band["km2"].tolist() for band in cu.overlap_bands(fox, cell_km=1) if len(band)]
    [[1.0, 1.0, 0.5]]
    """
    check_arguments(overlap_bands, locals())
    lattice = grid.Lattice(cell_km, shape, crs_text(crs))
    if layer.crs is not None and not same_crs(layer.crs, crs):
        raise InputError(
            f"The layer must be in {crs_name(crs)}, the CRS of the lattice; it is in "
            f"{crs_name(layer.crs)}. Project it first: cu.to_equal_area(…)."
        )
    if len(layer) == 0:
        return iter(())
    west, south, east, north = (float(edge) for edge in layer.total_bounds)
    rows, cols = grid.extent(lattice, (west, south, east, north))
    return overlap.covered_bands(layer, window(lattice, rows, cols), by=by)


def window(lattice: grid.Lattice, rows: tuple[int, int], cols: tuple[int, int]) -> overlap.Window:
    """Some rows and columns of a lattice, as `overlap` takes them."""
    corner = (grid.ORIGIN_M, grid.ORIGIN_M)
    return overlap.window_of(
        rows, cols, step_m=grid.step_m(lattice), corner_m=corner, shape=lattice.shape
    )


_EMPTY: Final = pd.DataFrame(
    {
        "sci_name": pd.Series([], dtype="str"),
        "row": pd.Series([], dtype="int32"),
        "col": pd.Series([], dtype="int32"),
        "km2": pd.Series([], dtype="float64"),
    }
)


def covered_cells(
    share: layers.RangeStream, lattice: grid.Lattice, tile: Tile
) -> tuple[pd.DataFrame, tuple[Problem, ...]]:
    """One task: the cells of a tile that some species cover, and what was said of their ranges."""
    ranges, notes = ranges_at_hand(share, lattice.crs)
    return overlap.covered_cells(ranges, window(lattice, *tile)), notes


# the tasks of one share follow one another; two, because threads are at the next one before the
# last is done
@lru_cache(maxsize=2)
def ranges_at_hand(
    share: layers.RangeStream, crs: str
) -> tuple[gpd.GeoDataFrame, tuple[Problem, ...]]:
    """The ranges of a share; kept while its other tiles are measured."""
    return layers.ranges_of(share, crs=crs)


def tiles_of(stream: layers.RangeStream, lattice: grid.Lattice) -> list[Tile]:
    """Rectangles that hold the whole stream, from the south-west."""
    bounds = layers.stream_bounds(stream, lattice.crs)
    if bounds is None:
        # A file that does not say where it lies is looked for everywhere.
        bounds = (-_WORLD_M, -_WORLD_M, _WORLD_M, _WORLD_M)
    if fault := grid.too_fine(lattice, bounds, most=MOST_STREAMED):
        raise InputError(fault)
    rows, cols = grid.extent(lattice, bounds)
    return [
        ((row, min(row + TILE, rows[1])), (col, min(col + TILE, cols[1])))
        for row in range(*rows, TILE)
        for col in range(*cols, TILE)
    ]


MOST_STREAMED: Final = 100_000_000_000
"""Cells that are measured tile by tile and listed where something covers them: of 100 m all land has 15 thousand
million. Of more, a side in metres was taken for one in kilometres, and days would pass."""
_WORLD_M: Final = 20_040_000.0
"""No place on Earth is further from the middle of an equal-area projection than half the equator."""


@dataclass(frozen=True, slots=True)
class _Workers:
    """Who does the work: `submit` hands out a task, `wait` has its result; `count` are at it at a time."""

    submit: Callable[..., Any]
    wait: Callable[[Any], Any]
    count: int


@contextmanager
def _workers(scheduler: str | None, files: Sequence[Path]) -> Iterator[_Workers]:
    """Threads of this process, or Dask's workers once they are known to be able to do it."""
    if scheduler is None:
        count = os.cpu_count() or 1
        with ThreadPoolExecutor(count) as threads:
            yield _Workers(threads.submit, lambda future: future.result(), count)
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise InputError(
            "--scheduler needs Dask, which is not installed: pip install distributed."
        ) from error
    try:
        client = Client(scheduler, timeout=PATIENCE_S)
    except (OSError, ValueError) as error:
        raise InputError(
            f"No Dask scheduler answers at '{scheduler}' ({error}). Start one with "
            "`dask scheduler`, workers with `dask worker ADDRESS`, and give its address, such as "
            "tcp://127.0.0.1:8786."
        ) from error
    try:
        _check_workers(client, scheduler, files)
        yield _Workers(
            client.submit,
            lambda future: _result(future, client, scheduler),
            max(sum(client.nthreads().values()), 1),
        )
    finally:
        # a scheduler that is gone cannot say goodbye
        client.close(timeout=1 if client.status != "running" else 10)


PATIENCE_S: Final = 10
"""Seconds to wait for a scheduler, for its first worker, and for one that was lost to come back."""


def worker_state(files: Sequence[str]) -> tuple[str, list[str]]:
    """The version of this program on a worker, and those of the files that it does not see."""
    return __version__, [file for file in files if not Path(file).is_file()]


def _check_workers(client: Any, scheduler: str, files: Sequence[Path]) -> None:
    """Refuse workers that are not there, have another version, or do not see the files."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE_S)
        states = client.run(worker_state, [str(file) for file in files])
    except TimeoutError as error:
        raise InputError(
            f"The Dask scheduler at '{scheduler}' has no worker. Start some: "
            f"dask worker {scheduler}"
        ) from error
    except Exception as error:  # whatever a worker without this program says of it
        raise InputError(
            f"The workers of '{scheduler}' cannot run this program ({str(error)[:200]}). Install it "
            f"there too, the same version: pip install cami-units=={__version__}"
        ) from error
    faults = []
    for worker, (version, lacking) in sorted(states.items()):
        if version != __version__:
            faults.append(f"{worker} has version {version}, here is {__version__}")
        if lacking:
            faults.append(f"{worker} does not see {listed(lacking)}")
    if faults:
        raise InputError("The workers cannot do this: " + "; ".join(faults) + ".")


def _result(future: Any, client: Any, scheduler: str) -> Any:
    """What a worker came to; a scheduler or workers that stay away, or die of it, are said."""
    from distributed.scheduler import KilledWorker  # whoever comes here has Dask

    lost = 0.0
    while True:
        try:
            return future.result(timeout=_LOOK_S)
        except TimeoutError:
            is_there = client.status == "running" and bool(_nthreads(client))
            lost = 0.0 if is_there else lost + 2 * _LOOK_S  # one for it, one for them
        except (CancelledError, OSError):
            lost = float(PATIENCE_S)
        except KilledWorker as error:
            raise InputError(
                f"The workers of '{scheduler}' died one after the other of the same share of the ranges, "
                "most likely for want of memory. Nothing was written. Give each worker more (dask worker "
                f"--memory-limit 4GB --nthreads 1 {scheduler}), or take larger cells."
            ) from error
        if lost and lost >= PATIENCE_S - _LOOK_S:
            raise InputError(
                f"The Dask scheduler at '{scheduler}', or all of its workers, went away. Nothing was "
                "written. Start them again, and this command."
            )


_LOOK_S: Final = 2.0
"""Seconds between looks at whether a scheduler is still there."""


def _nthreads(client: Any) -> Mapping[str, int]:
    """Threads of each worker; none where the scheduler does not answer."""
    try:
        threads: Mapping[str, int] = client.sync(client.scheduler.ncores, callback_timeout=_LOOK_S)
    except (OSError, TimeoutError, CancelledError):
        return {}
    return threads


def measured(
    function: Callable[..., Any],
    tasks: Sequence[tuple[Any, ...]],
    scheduler: str | None,
    files: Sequence[Path],
    *,
    ahead: int = _AHEAD,
) -> Iterator[Any]:
    """The results of a function for all tasks, in their order, however they are finished.

    Only a few more than there are workers are under way at a time, so that what is done and not
    yet written does not pile up: `ahead` for each.
    """
    with _workers(scheduler, files) as workers:
        waiting: deque[Any] = deque()
        try:
            for task in tasks:
                if len(waiting) >= workers.count * ahead:
                    yield workers.wait(waiting.popleft())
                waiting.append(workers.submit(function, *task))
            while waiting:
                yield workers.wait(waiting.popleft())
        finally:
            for future in waiting:
                future.cancel()
            # The ranges of the last shares must not stay in memory behind the work.
            ranges_at_hand.cache_clear()
