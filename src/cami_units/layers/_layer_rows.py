"""The rows of a layer, brought together from all of its files."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from cami_units.layers import _dialects as dialects
from cami_units.layers import _layer_tables as tables
from cami_units.layers._database import SUFFIX, queried, rows_hash
from cami_units.layers._gis_files import Select, datasets, file_hash, found_files
from cami_units.layers._national_files import own_entries
from cami_units.layers._occurrences import recorded
from cami_units.layers._point_tables import TABLES
from cami_units.layers._reading import Dataset, FileRules, LayerRead, Reading, RowOfFile
from cami_units.layers._shape_checks import cleaned
from cami_units.layers._taxa import Names
from cami_units.layers._telemetry import track_ids, tracked
from cami_units.model import (
    INPUT_LAYERS,
    LAYERS,
    RECORDS,
    InputError,
    Note,
    Problem,
    check_table,
    data_dir,
    in_short,
    plan_lines,
    problem_of,
    quoted,
)

_RESTRICTED: Final = re.compile(r"\biucn\b|red list|birdlife|wdpa|protected planet", re.IGNORECASE)

Clean = Callable[[Dataset, str, FileRules], LayerRead]
"""From a dataset in our words to valid rows in the equal-area CRS."""
Finish = Callable[[gpd.GeoDataFrame], tuple[gpd.GeoDataFrame, list[Problem]]]
"""From the valid rows of a layer to the table that it promises."""


def files_of(layer: str, entries: Iterable[Path] | None) -> tuple[list[Path], list[Problem], bool]:
    """The files of a layer, and whether they are the user's own."""
    if entries is None:
        return sorted(data_dir().glob(LAYERS[layer].files)), [], False
    files, problems = found_files(layer, entries)
    return files, problems, True


def source_entry(
    layer: str, path: Path, file_datasets: Iterable[Dataset], *, is_own: bool
) -> dict[str, Any]:
    """What the manifest says of a file, before it is known what is kept of it."""
    file_tables = [dataset.table for dataset in file_datasets]
    rows = sum(dataset.rows for dataset in file_datasets)
    is_query = path.suffix.casefold() == SUFFIX
    return {
        "layer": layer,
        "file": path.name,
        # A query is only its words: what the database gave on that day is hashed instead.
        "sha256": rows_hash(file_tables) if is_query else file_hash(path),
        "rows": rows,
        "kept": 0,
        "dropped": rows,
        "repaired": 0,
        "bundled": not is_own,
        "restricted": False,
    }


def _is_restricted(layer: str, filed: pd.DataFrame, table: pd.DataFrame) -> bool:
    """Whether a table, as it was filed and in our words, looks like the Red List's or WDPA's, not to be passed on."""
    if dialects.is_wdpa(filed):  # in our words an id is an id
        return True
    if layer in ("hotspots", "context") and dialects.is_key_areas(table):
        return True
    texts = [
        str(value)
        for column in table.columns
        if dialects.plain(str(column)) in ("citation", "source", "compiler", "sourcedata")
        for value in table[column].dropna().unique()
    ]
    return any(_RESTRICTED.search(text) for text in texts)


def _came_with_us(path: Path, digest: str) -> bool:
    """Whether a file is, by its bytes, one of those that come with the software: they are the project's own.

    Their sources name the Red List and others that were read, of which nothing is in them.
    """
    size = path.stat().st_size
    return any(
        file.stat().st_size == size and file_hash(file) == digest
        for file in data_dir().rglob("*.geojson")
    )


def gathered(
    layer: str,
    files: Iterable[Path],
    reading: Reading,
    *,
    is_own: bool,
    select: Select | None = None,
    clean: Clean = cleaned,
) -> LayerRead:
    """The cleaned rows of all files of a layer, one after another, each with its file's hash."""
    paths = list(files)
    namesakes: dict[str, list[Path]] = {}
    for path in paths:
        namesakes.setdefault(path.name, []).append(path)
    reads = []
    for path in paths:
        rules = reading.rules(layer, path, is_own=is_own)
        if len(paths) == 1:  # what is said of the layer is said of its only file
            rules = replace(rules, columns_of_file=frozenset(rules.columns))
        file_read = _file_rows(layer, path, rules, select, clean)
        reads.append(_told_apart(file_read, path, namesakes[path.name]))
    pieces = [file_read.table for file_read in reads if file_read.table is not None]
    table = None
    if pieces:
        table = gpd.GeoDataFrame(
            # As objects: a column of numbers in one file may be a column of texts in the next.
            pd.concat(list(map(_as_objects, pieces))),
            geometry="geometry",
            crs=reading.crs,
        ).infer_objects()
        table = _numbered(table, is_own=is_own)
    return LayerRead(
        table,
        tuple(problem for file_read in reads for problem in file_read.problems),
        tuple(source for file_read in reads for source in file_read.sources),
    )


def _numbered(table: gpd.GeoDataFrame, *, is_own: bool) -> gpd.GeoDataFrame:
    """Rows with their numbers in their file; of several files of a user with the name of it too."""
    names = table.pop("_of")
    if names.nunique() < 2:
        return table
    if not is_own:
        return table.reset_index(drop=True)
    labels = map(RowOfFile, table.index, names)
    return table.set_axis(pd.Index([*labels], dtype=object), axis=0)


def _as_objects(table: pd.DataFrame) -> pd.DataFrame:
    """The same rows without what types they were; of a plain table, which is a quarter of the work."""
    return pd.DataFrame(table).astype(object)


def _told_apart(file_read: LayerRead, path: Path, alike: Sequence[Path]) -> LayerRead:
    """What came of a file, which is called by its folder too where others have its name."""
    if len(alike) == 1:
        return file_read
    called = path.absolute().relative_to(
        os.path.commonpath([namesake.absolute() for namesake in alike])
    )
    problems = tuple(
        replace(problem, file=f"{called.as_posix()}{problem.file.removeprefix(path.name)}")
        if problem.file.startswith(path.name)
        else problem
        for problem in file_read.problems
    )
    sources = tuple({**source, "file": called.as_posix()} for source in file_read.sources)
    return replace(file_read, problems=problems, sources=sources)


def _file_rows(
    layer: str, path: Path, rules: FileRules, select: Select | None, clean: Clean
) -> LayerRead:
    """The cleaned rows of one file; no table where nothing is left."""
    file_datasets, problems = datasets(layer, path, rules, select=select)
    if not path.exists():
        return LayerRead(None, tuple(problems))
    entry = source_entry(layer, path, file_datasets, is_own=rules.is_own)
    as_filed = {dataset.name: dataset.table for dataset in file_datasets}
    fitting, notes = _in_our_words(file_datasets, layer, rules)
    problems += notes
    pieces = []
    for dataset in fitting:
        # records of animals are counted and never drawn: some are of species that are poached
        is_record = layer in RECORDS or path.suffix.casefold() in TABLES
        if rules.is_own and not is_record and dialects.is_of_single_animals(dataset.table):
            is_record = True
            note = Note("places of single animals")
            problems.append(problem_of("note", layer, dataset.name, "", note))
        entry["restricted"] |= is_record or rules.is_restricted
        if rules.is_own and _is_restricted(layer, as_filed[dataset.name], dataset.table):
            entry["restricted"] |= not _came_with_us(path, entry["sha256"])
        if not dataset.rows:
            # a reader that said why is not contradicted: the file has rows, and none can be used
            refused = {problem.file for problem in problems if problem.level == "refuses"}
            if dataset.name not in refused:
                note = Note("file without rows")
                problems.append(problem_of("refuses", layer, dataset.name, "", note))
            continue
        clean_read = clean(dataset, layer, rules)
        problems += clean_read.problems
        entry["repaired"] += clean_read.repaired
        pieces.append(clean_read.table.assign(_file=entry["sha256"], _of=dataset.name))
    filled = [piece for piece in pieces if len(piece)]
    table = pd.concat(list(map(_as_objects, filled))) if filled else None
    return LayerRead(table, tuple(problems), (entry,))


def _in_our_words(
    file_datasets: Sequence[Dataset], layer: str, rules: FileRules
) -> tuple[list[Dataset], list[Problem]]:
    """The datasets of a file that have the columns of a layer, under our names."""
    renamed_datasets = []
    for dataset in file_datasets:
        table, notes = dialects.in_our_words(dataset.table, layer, dataset.name, rules)
        renamed = gpd.GeoDataFrame(table, geometry=dataset.table.geometry, crs=dataset.table.crs)
        renamed_datasets.append((replace(dataset, table=renamed), notes))
    is_fit = [
        all(dataset_note.level != "refuses" for dataset_note in notes)
        for _, notes in renamed_datasets
    ]
    fitting = [dataset for (dataset, _), fit in zip(renamed_datasets, is_fit, strict=True) if fit]
    if not fitting or all(is_fit):
        return fitting, [problem for _, notes in renamed_datasets for problem in notes]
    # of the layers of one file, those with the columns that are needed are meant
    note = Note("no columns of the layer")
    return fitting, [
        problem_of("note", layer, dataset.name, "", note)
        for (dataset, _), fit in zip(renamed_datasets, is_fit, strict=True)
        if not fit
    ]


def with_counts(layer_read: LayerRead) -> LayerRead:
    """The counts of what was kept of each file, now that the table is finished."""
    table = layer_read.table
    # By the hash and not by the name: two files of one name may lie in two folders.
    rows_of = {} if table is None else table["_file"].value_counts().to_dict()
    if table is not None and "fixes" in table:  # a track stands for its positions
        rows_of = table.groupby("_file")["fixes"].sum().to_dict()
    sources = []
    for source in layer_read.sources:
        rows = int(rows_of.get(source["sha256"], 0))
        sources.append({**source, "kept": rows, "dropped": source["rows"] - rows})
    return replace(layer_read, sources=tuple(sources))


def whole_layer(
    layer: str,
    entries: Iterable[Path] | None,
    reading: Reading,
    finish: Finish,
    *,
    select: Select | None = None,
    clean: Clean = cleaned,
) -> LayerRead:
    """A whole layer from its files: read, cleaned, finished, checked."""
    files, problems, is_own = files_of(layer, entries)
    layer_read = gathered(layer, files, reading, is_own=is_own, select=select, clean=clean)
    problems += layer_read.problems
    table, sources = None, layer_read.sources
    if layer_read.table is not None:
        sources = with_counts(layer_read).sources
        problems += same_shapes(layer_read, layer) if is_own and layer not in RECORDS else []
        try:
            table, notes = finish(layer_read.table)
            problems += notes
        # Named by layer and file. What GEOS says alone is a line of coordinates.
        except shapely.errors.GEOSException as error:
            why = quoted(str(error).splitlines()[0][:120])
            files_named = in_short(path.name for path in files)
            note = Note("shapes not joined", {"why": why})
            problems.append(problem_of("refuses", layer, files_named, "", note))
    # A layer without rows would count as looked for and found empty, which nobody has said.
    if table is None or not len(table):
        if files and not any(problem.level == "refuses" for problem in problems):
            note, lines = Note("no row left"), ""
            if not is_own:
                note, lines = Note("no bundled row left"), plan_lines("layers", **{layer: []})
            problems.append(problem_of("refuses", layer, "", "", note, lines))
        return LayerRead(None, tuple(problems), sources)
    table = table.drop(columns="_file", errors="ignore")
    check_table(table, layer, crs=reading.crs)
    return LayerRead(table, tuple(problems), sources)


def same_shapes(layer_read: LayerRead, layer: str) -> list[Problem]:
    """Rows whose shape another row has too, to the last bit: perhaps one thing told twice."""
    table = layer_read.table
    if layer == "context":  # of points several are at one place on several days
        table = table[shapely.get_dimensions(table.geometry.to_numpy()) > 0]
    # what is alike has one box: only of those shapes every vertex is looked at
    boxes = pd.DataFrame(shapely.bounds(table.geometry.to_numpy())).duplicated(keep=False)
    some = table.geometry[boxes.to_numpy()]
    wkb = pd.Series(shapely.to_wkb(shapely.normalize(some.to_numpy())), index=some.index)
    twice = wkb.duplicated(keep="first").reindex(table.index, fill_value=False)
    if not twice.any():
        return []
    title = LAYERS[layer].titles[0] if layer in LAYERS else "name"
    names = table.get(title, table.index.to_series())
    note = Note("shapes alike", {"count": int(twice.sum()), "of": len(table)})
    where = in_short(sorted({str(name) for name in names[twice]}))
    return [problem_of("note", layer, "", where, note)]


def input_hashes(sources: Mapping[str, Sequence[Path] | None]) -> dict[str, list[list[str]]]:
    """Name and SHA-256 of every file of every layer, in the order in which they are read.

    Of a query it is that of the rows that the database gives today. `sources` is as in :class:`Reading`:
    a layer that is ``None`` or left out is the bundled one.
    """
    hashes = {}
    for layer in INPUT_LAYERS:
        entries, with_bundled = own_entries(sources.get(layer) or ())
        files, problems, is_own = files_of(layer, entries if entries else sources.get(layer))
        if with_bundled:
            files = [*files, *files_of(layer, None)[0]]
        hashes[layer] = [
            ["own" if is_own else "bundled", ""],
            *([path.name, _today_hash(path)] for path in files if path.exists()),
            *([problem.what, ""] for problem in problems),
        ]
    return hashes


def _today_hash(path: Path) -> str:
    """What a file holds; of a query, what it returns: none where it fails, which its reader tells."""
    if path.suffix.casefold() != SUFFIX:
        return file_hash(path)
    try:
        return rows_hash([queried(path)])
    except InputError:
        return ""


# -- what is particular to a layer -----------------------------------------------------------------


_FINISH: Final[Mapping[str, Finish]] = MappingProxyType(
    {
        "disputed": lambda table: tables.keyed_rows(
            table if "states" in table else table.assign(states=""), "disputed"
        ),
        "hotspots": tables.hotspot_rows,
        "barriers": tables.barrier_rows,
        "gazetteer": tables.place_rows,
    }
)
"""Layers that need more than an id and a name."""


def keyed_layer(layer: str, entries: Iterable[Path] | None, reading: Reading) -> LayerRead:
    """A layer that needs no other one to be understood: hotspots, sections, barriers, places."""
    finish = _FINISH.get(layer, lambda table: tables.keyed_rows(table, layer))
    return whole_layer(layer, entries, reading, finish)


def countries_layer(entries: Iterable[Path] | None, reading: Reading) -> LayerRead:
    """Countries by alpha-2 code, the plan's states marked."""
    return whole_layer(
        "countries", entries, reading, lambda table: tables.country_rows(table, reading.states)
    )


def protected_areas_layer(
    entries: Iterable[Path] | None,
    reading: Reading,
    countries: gpd.GeoDataFrame | None,
    *,
    steps: frozenset[int] = tables.PA_STEPS,
) -> LayerRead:
    """Protected areas and OECMs of the states, in the numbered steps."""

    def select(
        attributes: pd.DataFrame, file: str, rules: FileRules
    ) -> tuple[NDArray[np.bool_], list[Problem]]:
        """A first look at the attributes: the geometry of the rest of the world is not read."""
        # What says whether an area is in force at all: the database of the world has 300,000 of
        # them.
        first = ("name", "iso2", "status", "designation", "reported_area_km2")
        table, _ = dialects.in_our_words(attributes, "protected_areas", file, rules, only=first)
        return tables.areas_in_force(table, file, reading.states, steps=steps)

    return whole_layer(
        "protected_areas",
        entries,
        reading,
        lambda table: tables.protected_area_rows(table, countries, steps=steps),
        select=select,
    )


def movement_layer(
    layer: str, entries: Iterable[Path] | None, reading: Reading, names: Names
) -> LayerRead:
    """A layer of species' movements: its rows are of taxa of the species table."""
    return whole_layer(layer, entries, reading, lambda table: tables.corridor_rows(table, names))


def records_layer(
    layer: str,
    entries: Iterable[Path] | None,
    reading: Reading,
    names: Names,
    countries: gpd.GeoDataFrame,
) -> LayerRead:
    """Single animals, seen or followed, in the range states: records, or tracks."""
    states = countries[countries["range_state"]]
    clean = (tracked if layer == "telemetry" else recorded)(names, reading, states)

    def finish(table: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Problem]]:
        """The rows of all files in one order, no record twice."""
        if layer == "telemetry":
            sorted_tracks = table.sort_values(["sci_name", "animal", "ends"], ignore_index=True)
            return sorted_tracks.assign(track_id=track_ids(sorted_tracks["animal"])), []
        order = ["sci_name", "day", "record_id"]
        return table.sort_values(order, ignore_index=True), []

    return whole_layer(layer, entries, reading, finish, clean=clean)


def region_of(countries: gpd.GeoDataFrame) -> Any:
    """The rough ground of the range states: what lies wholly elsewhere has the wrong CRS."""
    states = countries[countries["range_state"]]
    # Hulls: to ask whether a shape lies near takes nothing then, and coasts do not matter to it.
    return shapely.union_all(shapely.convex_hull(states.geometry.to_numpy()))


LayerReader = Callable[[Iterable[Path] | None], LayerRead]
"""From the files that a plan names for a layer (``None``: the bundled ones) to the layer."""


def layer_reader(
    layer: str, reading: Reading, countries: gpd.GeoDataFrame, names: Names
) -> LayerReader:
    """How a layer beside species, countries and ranges is read."""
    if layer == "protected_areas":
        return lambda entries: protected_areas_layer(entries, reading, countries)
    if layer in RECORDS:
        return lambda entries: records_layer(layer, entries, reading, names, countries)
    if "sci_name" in LAYERS[layer].columns:
        return lambda entries: movement_layer(layer, entries, reading, names)
    return lambda entries: keyed_layer(layer, entries, reading)
