"""What thousands of species come to, cell by cell: richness, range rarity, threat weight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cami_units import criteria, grid, layers, overlap, store
from cami_units.commands.overlaps import (
    Tile,
    lattice_facts,
    measured,
    ranges_at_hand,
    tiles_of,
    window,
    work_done,
)
from cami_units.documents.csv_tables import write_csv
from cami_units.model import (
    EQUAL_AREA,
    LONLAT,
    AnyCrs,
    InputError,
    Note,
    Problem,
    Profile,
    Progress,
    check_arguments,
    crs_name,
    crs_text,
    equal_area_crs,
    in_short,
    problem_of,
    quiet,
    transformer,
)
from cami_units.plan import read_profile

TOP: Final = 1000
"""Cells of the list of those that hold most."""

MOST_SHAPES: Final = 1_000_000
"""Cells whose outlines are written: a GeoPackage of more is slower than the raster, and no richer."""


@dataclass(frozen=True, slots=True)
class Richness:
    """What a run came to."""

    species: int
    cells: int
    problems: tuple[Problem, ...]
    files: tuple[str, ...]


_MEASURES: Final[Mapping[str, Any]] = {
    "richness": np.int32,
    "range_rarity": np.float64,
    "threat_weight": np.float64,
}
"""What is summed in each cell, and what holds its sums."""


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Sums of all cells of a window of a lattice, row by row, and of species; `cells` by measure."""

    lattice: grid.Lattice
    rows: tuple[int, int]
    cols: tuple[int, int]
    cells: Mapping[str, NDArray[Any]]
    species: pd.DataFrame
    states: list[str]
    in_states: NDArray[np.float64]


def write_richness(
    source: Path | str,
    out: Path | str,
    *,
    cell_km: float | None = None,
    shape: grid.Shape | None = None,
    crs: AnyCrs | None = None,
    species: Path | str | None = None,
    states: Path | str | None = None,
    profile: Path | str | None = None,
    columns: Mapping[str, str] | None = None,
    scheduler: str | None = None,
    progress: Progress = quiet,
) -> Richness:
    """Richness, range rarity and threat weight of all cells of a lattice, as a folder of files.

    No overlap of a species with a cell is kept: memory holds the cells of the lattice and some
    species, however many there are. Sums are made share by share in the order of names, so the bytes are
    the same whoever works on them.

    Parameters
    ----------
    source : path
        What `overlaps` wrote; or ranges, as `overlaps` takes them.
    out : path
        The folder to write or to replace: ``richness.tif`` (squares), ``richness.parquet``,
        ``richness.gpkg`` (up to a million cells), ``species.csv``, ``top_cells.csv``, with `states`
        ``species_states.csv``.
    cell_km, shape, crs : optional
        The lattice, for ranges: squares of 25 km, in the CRS of Central Asia. Overlaps bring their own,
        and another one is refused.
    species : path, optional
        A species table: its ``iucn_category`` is what threat weighs. ``None``: the bundled one.
    states : path, optional
        States with ``iso2``, of which the km² of each species are summed; a cell belongs to the state
        that holds most of it.
    profile : path, optional
        A `criteria.toml`: its rule of occurrence, its weights. ``None``: the bundled one.
    scheduler : str, optional
        As of `overlaps`, for ranges.

    Raises
    ------
    InputError
        When a file is not as expected, any range is refused, or something is asked for that holds for
        ranges only; then nothing is written.
    """
    check_arguments(write_richness, locals())
    source, out = Path(source), Path(out)
    rule = read_profile(profile)
    table = layers.read_species(species)
    category = table.set_index("sci_name")["iucn_category"].fillna("").astype(str)
    problems: list[Problem] = []
    weigh = partial(_species_numbers, category=category, profile=rule)
    if layers.is_overlap_file(source):
        _check_lattice(source, cell_km, shape, crs, scheduler)
        sums = _sums_of_overlaps(source, weigh, states, progress)
    else:
        plane = equal_area_crs(crs or EQUAL_AREA)
        lattice = grid.Lattice(25 if cell_km is None else cell_km, shape or "square", plane)
        stream = layers.range_stream(source, columns=columns)
        problems += stream.problems
        sums = _sums_of_ranges(stream, lattice, weigh, states, scheduler, problems, progress)
    unknown = sums.species.loc[~sums.species["sci_name"].isin(category.index), "sci_name"]
    if len(unknown):
        facts = {"n": len(unknown), "of": len(sums.species)}
        note = Note("species not in table", {**facts, "weight": rule.C2.unknown_counts_as or ""})
        problems.append(problem_of("counted", "species", "", "", note))
    progress("writing", 0, 0)
    files, cells = _write(sums, out)
    return Richness(len(sums.species), cells, tuple(problems), files)


def _check_lattice(
    source: Path,
    cell_km: float | None,
    shape: grid.Shape | None,
    crs: AnyCrs | None,
    scheduler: str | None,
) -> None:
    """Refuse what is asked of the cells that a file of overlaps brings itself, where it is otherwise."""
    about, _ = layers.overlap_batches(source)
    km, their_crs = float(about["cell_km"]), crs_name(str(about["crs"]))
    odd: list[Note | None] = [
        Note("cells of km", {"km": str(cell_km)}) if cell_km not in (None, km) else None,
        Note(f"cells {shape}") if shape not in (None, about["shape"]) else None,
        Note("another CRS", {"crs": crs_text(crs)}) if crs and crs_name(crs) != their_crs else None,
        Note("a scheduler") if scheduler is not None else None,
    ]
    if any(odd):
        facts = {"km": f"{km:g}", "shape": Note(f"one {about['shape']}"), "crs": their_crs}
        names = in_short(note for note in odd if note)
        raise InputError.of("cells of its own", file=str(source), names=names, **facts)


def _species_numbers(
    names: pd.Series,
    range_km2: NDArray[np.float64],
    cell_km2: float,
    *,
    category: pd.Series,
    profile: Profile,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """From how much of a cell each species occurs in it, and its weight."""
    weight = criteria.category_weights(names.map(category).fillna(""), profile)
    occurs_km2 = criteria.occurrence_km2(profile, cell_km2, range_km2)
    return occurs_km2, weight.to_numpy(dtype=np.float64)


def share_sums(
    share: layers.RangeStream,
    lattice: grid.Lattice,
    tile: Tile,
    weigh: Any,
    state_of: NDArray[np.int16] | None,
    n_states: int,
) -> tuple[overlap.CellSums, pd.DataFrame, tuple[Problem, ...]]:
    """One task: what some species come to in the cells of a tile; their ranges; what was said of them."""
    ranges, notes = ranges_at_hand(share, lattice.crs)
    rows, cols = tile
    range_km2 = overlap.area_km2(ranges).to_numpy()
    occurs_km2, weight = weigh(ranges["sci_name"], range_km2, lattice.cell_km2)
    sums = overlap.cell_sums(
        overlap.lattice_parts(ranges, window(lattice, rows, cols)),
        (rows[1] - rows[0]) * (cols[1] - cols[0]),
        range_km2=range_km2,
        occurs_km2=occurs_km2,
        weight=weight,
        state_of=state_of,
        n_states=n_states,
    )
    return sums, pd.DataFrame({"sci_name": ranges["sci_name"], "range_km2": range_km2}), notes


def _sums_of_ranges(
    stream: layers.RangeStream,
    lattice: grid.Lattice,
    weigh: Any,
    states: Path | str | None,
    scheduler: str | None,
    problems: list[Problem],
    progress: Progress,
) -> _Sums:
    """The sums of ranges, share by share and tile by tile."""
    shares = layers.range_shares(stream)
    problems.extend(layers.stream_advice(shares))
    tiles = tiles_of(stream, lattice)
    rows = (tiles[0][0][0], tiles[-1][0][1])
    cols = (tiles[0][1][0], tiles[-1][1][1])
    names, state_of = _states(states, lattice, rows, cols)
    wide, high = cols[1] - cols[0], rows[1] - rows[0]
    tasks = []
    for share in shares:
        for tile in tiles:
            (south, north), (west, east) = tile
            part = None
            if state_of is not None:
                part = np.ascontiguousarray(
                    state_of[south - rows[0] : north - rows[0], west - cols[0] : east - cols[0]]
                ).ravel()
            tasks.append((share, lattice, tile, weigh, part, len(names)))
    cells = {name: np.zeros((high, wide), kind) for name, kind in _MEASURES.items()}
    work = work_done(tasks)
    species: dict[str, pd.DataFrame] = {}
    in_states: dict[str, NDArray[np.float64]] = {}
    # sums of a tile are as large as the tile itself: one a worker is enough to hold
    results = measured(share_sums, tasks, scheduler, stream.files, ahead=1)
    for number, (sums, ranges, notes) in enumerate(results):
        problems += [problem for problem in notes if problem not in problems]
        _, _, ((south, _), (west, east)), *_ = tasks[number][:3]
        row, col = np.divmod(sums.place, np.int32(east - west))
        at = (row + (south - rows[0]), col + (west - cols[0]))
        for name, values in cells.items():
            values[at] += getattr(sums, name)
        key = str(ranges["sci_name"].iloc[0]) if len(ranges) else ""
        # the same ranges come back with each tile: the last stands for all
        species[key] = ranges
        # states are summed over tiles, since each tile sees its own part only
        in_states[key] = in_states.get(key, 0.0) + sums.in_states
        progress("measuring ranges", work[number + 1], work[-1])
    if any(problem.level == "refuses" for problem in problems):
        raise layers.refusal(problems, Note("work"))
    table = pd.concat(species.values(), ignore_index=True)
    by_state = np.concatenate(list(in_states.values()))
    return _Sums(lattice, rows, cols, cells, table, names, by_state)


def _sums_of_overlaps(
    source: Path, weigh: Any, states: Path | str | None, progress: Progress
) -> _Sums:
    """The sums of a file of overlaps, read twice: ranges first, then cells."""
    about, batches = layers.overlap_batches(source)
    lattice = grid.Lattice(float(about["cell_km"]), about["shape"], str(about["crs"]))
    totals: Counter[str] = Counter()  # a float a name: it only adds
    edges = []
    for batch in batches():
        rows = batch.select(["sci_name", "km2"]).group_by("sci_name").aggregate([("km2", "sum")])
        for name, km2 in zip(
            *(rows[column].to_pylist() for column in rows.column_names), strict=True
        ):
            # pyarrow gives the key behind the sums or before them, by its version
            name, km2 = (name, km2) if isinstance(name, str) else (km2, name)
            totals.update({name: km2})
        row, col = batch["row"].to_numpy(), batch["col"].to_numpy()
        edges.append((row.min(), row.max(), col.min(), col.max()))
    if not edges:
        raise InputError(f"'{source}' holds no overlap: there is nothing to sum.")
    low_row, high_row, low_col, high_col = np.array(edges).T
    in_rows = (int(low_row.min()), int(high_row.max()) + 1)
    in_cols = (int(low_col.min()), int(high_col.max()) + 1)
    high, wide = in_rows[1] - in_rows[0], in_cols[1] - in_cols[0]
    species = pd.DataFrame({"sci_name": list(totals), "range_km2": list(totals.values())})
    number_of = pd.Series(np.arange(len(species), dtype=np.int32), index=species["sci_name"])
    range_km2 = species["range_km2"].to_numpy()
    occurs_km2, weight = weigh(species["sci_name"], range_km2, lattice.cell_km2)
    names, state_of = _states(states, lattice, in_rows, in_cols)

    def parts() -> Iterator[Any]:
        for batch in batches():
            row, col = batch["row"].to_numpy(), batch["col"].to_numpy()
            place = ((row - in_rows[0]) * wide + (col - in_cols[0])).astype(np.int32)
            text = batch["sci_name"].combine_chunks()
            codes = number_of[text.dictionary.to_pylist()].to_numpy()
            progress("reading overlaps", 0, 0)
            yield place, codes[text.indices.to_numpy()], batch["km2"].to_numpy()

    sums = overlap.cell_sums(
        parts(),
        high * wide,
        range_km2=range_km2,
        occurs_km2=occurs_km2,
        weight=weight,
        state_of=None if state_of is None else state_of.ravel(),
        n_states=len(names),
    )
    cells = {}
    for name, kind in _MEASURES.items():
        values = np.zeros(high * wide, kind)
        values[sums.place] = getattr(sums, name)
        cells[name] = values.reshape(high, wide)
    return _Sums(lattice, in_rows, in_cols, cells, species, names, sums.in_states)


def _states(
    path: Path | str | None, lattice: grid.Lattice, rows: tuple[int, int], cols: tuple[int, int]
) -> tuple[list[str], NDArray[np.int16] | None]:
    """Names of states, and the number of the state that holds most of each cell; −1: none."""
    if path is None:
        return [], None
    table = layers.read_countries(path, states=(), crs=lattice.crs)
    # By name, as the number of a state is its place here.
    names = sorted(table["iso2"].astype(str))
    number_of = {name: number for number, name in enumerate(names)}
    wide = cols[1] - cols[0]
    state_of = np.full((rows[1] - rows[0]) * wide, -1, np.int16)
    most_km2 = np.zeros(len(state_of))
    states = table.sort_values("iso2", ignore_index=True)
    for place, number, km2 in overlap.lattice_parts(states, window(lattice, rows, cols), by="iso2"):
        codes = np.array([number_of[str(name)] for name in states["iso2"]], np.int16)[number]
        for code in np.unique(codes):  # the first by name has a cell that two hold half of
            here = codes == code
            more = km2[here] > most_km2[place[here]]
            at = place[here][more]
            most_km2[at], state_of[at] = km2[here][more], code
    return names, state_of.reshape(rows[1] - rows[0], wide)


def _write(sums: _Sums, out: Path) -> tuple[tuple[str, ...], int]:
    """The files, and how many cells have anything."""
    lattice = sums.lattice
    # rarity counts every overlap, however small: where it is nothing, nothing was measured
    there = sums.cells["range_rarity"] > 0
    row, col = np.nonzero(there)
    cells = pd.DataFrame(
        {
            "row": (row + sums.rows[0]).astype(np.int32),
            "col": (col + sums.cols[0]).astype(np.int32),
            **{name: values[row, col] for name, values in sums.cells.items()},
        }
    )
    with store.staging(out, replace=True) as folder:
        has_shapes = len(cells) <= MOST_SHAPES
        outlined = _outlined(cells, lattice) if has_shapes else cells
        table = outlined.drop(columns="pu_id") if has_shapes else cells
        store.write_stream(folder / "richness.parquet", [table], about=lattice_facts(lattice))
        if lattice.shape == "square":
            step = grid.step_m(lattice)
            # Rows of a raster go from the north, those of the lattice from the south.
            bands = {
                name: np.where(there, values, np.nan)[::-1] for name, values in sums.cells.items()
            }
            store.write_raster(
                folder / "richness.tif",
                bands,
                west=grid.ORIGIN_M + sums.cols[0] * step,
                north=grid.ORIGIN_M + sums.rows[1] * step,
                step_m=step,
                crs=lattice.crs,
            )
        if has_shapes:
            store.write_cells(folder / "richness.gpkg", outlined, "richness")
        write_csv(folder / "species.csv", sums.species)
        write_csv(folder / "top_cells.csv", _top_cells(cells, lattice))
        if sums.states:
            write_csv(folder / "species_states.csv", _by_state(sums))
        files = tuple(sorted(file.name for file in folder.iterdir()))
    return files, len(cells)


def _outlined(cells: pd.DataFrame, lattice: grid.Lattice) -> gpd.GeoDataFrame:
    """Cells with their ids and outlines."""
    row, col = cells["row"].to_numpy(np.int64), cells["col"].to_numpy(np.int64)
    ids = pd.DataFrame({"pu_id": grid.pu_ids(row, col)})
    return gpd.GeoDataFrame(
        pd.concat([ids, cells], axis=1), geometry=grid.cells(lattice, row, col), crs=lattice.crs
    )


def _top_cells(cells: pd.DataFrame, lattice: grid.Lattice) -> pd.DataFrame:
    """The cells that hold most range rarity, with their places on Earth."""
    # only those that may be among them: to sort twenty million cells takes their memory once more
    rarity = cells["range_rarity"].to_numpy()
    least = np.partition(rarity, -TOP)[-TOP] if len(rarity) > TOP else -np.inf
    order = cells[rarity >= least].sort_values(
        ["range_rarity", "row", "col"], ascending=[False, True, True]
    )
    top = order.head(TOP).reset_index(drop=True)
    row, col = top["row"].to_numpy(np.int64), top["col"].to_numpy(np.int64)
    lon, lat = transformer(lattice.crs, LONLAT).transform(*grid.centres(lattice, row, col))
    top.insert(0, "pu_id", grid.pu_ids(row, col))
    return top.assign(lon=np.round(lon, 4), lat=np.round(lat, 4))


def _by_state(sums: _Sums) -> pd.DataFrame:
    """km² of each species in each state, where there are any; outside of all: an empty state."""
    number, state = np.nonzero(sums.in_states)
    iso2 = np.array([*sums.states, ""], dtype=object)
    return pd.DataFrame(
        {
            "sci_name": sums.species["sci_name"].to_numpy(dtype=object)[number],
            "iso2": iso2[state],
            "km2": sums.in_states[number, state],
        }
    )
