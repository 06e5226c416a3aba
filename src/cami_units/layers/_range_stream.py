"""Ranges too many to hold: a GeoParquet file, or a folder of them, by the row group.

The names and codes of all rows are read first; they are small. Shapes are read a share of the
species at a time, so memory holds one share and not the file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError, ProjError

from cami_units.layers import _dialects as dialects
from cami_units.layers import _layer_tables as tables
from cami_units.layers._gis_files import PARQUET_SUFFIXES, native_geometry
from cami_units.layers._reading import Dataset, FileRules
from cami_units.layers._shape_checks import cleaned
from cami_units.model import (
    EQUAL_AREA,
    KEPT_CODES,
    LONLAT,
    RANGE_WEIGHT,
    InputError,
    Note,
    Problem,
    has_codes,
    in_short,
    problem_of,
    quoted,
    transformer,
)
from cami_units.overlap import dissolved

SHARE_BYTES: Final = 32_000_000
"""Shapes of about this size, as they lie in the file, are read and measured at a time."""

_GROUP_BYTES: Final = 1_000_000_000
"""A row group is read whole; one with more than this of shapes would not fit beside others."""

_OFTEN: Final = 3
"""A file of which this many times its size is read in all is worth sorting first."""


@dataclass(frozen=True, slots=True, eq=False)
class RangeStream:
    """What a file of ranges holds, or a share of it, without its shapes.

    Attributes
    ----------
    files
        In the order of their names.
    geometry, crs
        Name of the column of shapes, and their CRS; the same in all files.
    bounds
        West, south, east and north of everything, in `crs`; ``None`` where the files do not say.
    rows : DataFrame
        The rows that are kept: ``sci_name``, ``file``, ``group``, ``row`` (position in its row
        group) and ``bytes`` (about how much its shape takes), sorted by name and place.
    problems
        What was left out, and why.
    """

    files: tuple[Path, ...]
    geometry: str
    crs: str
    bounds: tuple[float, float, float, float] | None
    rows: pd.DataFrame
    problems: tuple[Problem, ...]


def range_stream(
    path: Path,
    *,
    columns: Mapping[str, str] | None = None,
    codes: Mapping[str, Sequence[int]] = KEPT_CODES,
) -> RangeStream:
    """A GeoParquet file of ranges, or a folder of them, looked through by name and code.

    Parameters
    ----------
    path : Path
        A file, or a folder whose `.parquet` files are parts of one table.
    columns : mapping, optional
        Ours → theirs, for a file whose columns have unusual names: ``sci_name``, ``presence``,
        ``origin``, ``seasonal``.
    codes : mapping
        The codes that count as range. Blank codes count as 1.

    Raises
    ------
    InputError
        With every fault at once: no such file, no GeoParquet, no column of names, codes that are
        none, parts that do not fit together.
    """
    files = [file.absolute() for file in _parts(path)]  # workers elsewhere have other folders
    faults: list[Note | Problem] = []
    about = [_about(file, faults) for file in files]
    if not faults and len({about_file[:2] for about_file in about}) > 1:
        faults.append(Note("ranges differ"))
    row_tables, problems = [], []
    for number, (file, (geometry, _, _)) in enumerate(zip(files, about, strict=True)):
        if geometry:
            rows, notes = _rows(file, number, geometry, columns or {}, codes)
            row_tables.append(rows)
            problems += notes
    faults += [problem for problem in problems if problem.level == "refuses"]
    if faults:
        raise InputError.of("ranges not streamed", entries=["", *faults])
    if (rows := pd.concat(row_tables, ignore_index=True)).empty:
        raise InputError.of("no row of ranges", entries=["", *problems])
    rows = rows.sort_values(["sci_name", "file", "group", "row"], ignore_index=True)
    geometry, crs, _ = about[0]
    boxes = [box for _, _, box in about if box is not None]
    bounds = None
    if len(boxes) == len(about):
        west, south, east, north = np.array(boxes).T
        bounds = (float(west.min()), float(south.min()), float(east.max()), float(north.max()))
    return RangeStream(tuple(files), geometry, crs, bounds, rows, tuple(problems))


def range_shares(stream: RangeStream, *, most_bytes: int = SHARE_BYTES) -> list[RangeStream]:
    """A stream in shares whose shapes are read together: whole species, in the order of names."""
    size = stream.rows.groupby("sci_name", sort=True)["bytes"].sum()
    share = ((size.cumsum() - size) // most_bytes).astype(int)
    number = stream.rows["sci_name"].map(share)
    return [
        replace(stream, rows=rows.reset_index(drop=True), problems=())
        for _, rows in stream.rows.groupby(number.to_numpy())
    ]


def stream_advice(shares: Sequence[RangeStream]) -> tuple[Problem, ...]:
    """A note where the rows of a file lie so that most of it is read again and again."""
    place = ["file", "group"]
    rows = pd.concat([share.rows.assign(share=n) for n, share in enumerate(shares)])
    stored_bytes = rows.groupby(place)["bytes"].sum()
    read_bytes = rows.drop_duplicates([*place, "share"]).set_index(place)
    times = float(
        stored_bytes.reindex(read_bytes.index).sum() / max(float(stored_bytes.sum()), 1.0)
    )
    if times < _OFTEN:
        return ()
    note = Note("rows not sorted", {"count": times, "sorted": _SORTED})
    files = in_short(file.name for file in shares[0].files)
    return (problem_of("note", "ranges", files, "", note),)


_SORTED: Final = (
    "ranges.sort_values('sci_name').to_parquet('ranges.parquet', row_group_size=100) in geopandas."
)


def ranges_of(
    share: RangeStream, *, crs: str = EQUAL_AREA
) -> tuple[gpd.GeoDataFrame, tuple[Problem, ...]]:
    """The ranges of a share: read, checked, repaired, projected; one row a species, by name.

    Only the row groups that hold these species are read.
    """
    rules = FileRules(crs)
    tables_of = []
    problems: list[Problem] = []
    for number, of_file in share.rows.groupby("file"):
        file = share.files[int(str(number))]
        name, shapes = [], []
        with pq.ParquetFile(file) as parquet:
            # Row group by row group, so that no more than one of them is in memory as bytes.
            for group, of_group in of_file.groupby("group"):
                at = pa.array(of_group["row"].to_numpy())
                column = parquet.read_row_group(int(str(group)), columns=[share.geometry])
                wkb = column[share.geometry].take(at).to_numpy(zero_copy_only=False)
                shapes.append(shapely.from_wkb(wkb, on_invalid="fix"))
                name.append(of_group["sci_name"])
        table = gpd.GeoDataFrame(
            {"sci_name": pd.concat(name).array},
            geometry=np.concatenate(shapes),
            crs=share.crs,
            index=pd.RangeIndex(1, len(of_file) + 1, name="row"),
        )
        dataset = Dataset(file.name, "", table, len(table))
        shapes_read = cleaned(dataset, "ranges", rules)
        tables_of.append(shapes_read.table)
        problems += shapes_read.problems
    together = pd.concat(tables_of, ignore_index=True)
    # Ranges of one part need no union, which is the dearest step of all: most species have one.
    single = ~together["sci_name"].duplicated(keep=False)
    united = dissolved(together[~single], ("sci_name",))
    ranges = pd.concat([together.loc[single, ["sci_name", "geometry"]], united])
    return ranges.sort_values("sci_name", ignore_index=True), tuple(problems)


def stream_bounds(stream: RangeStream, crs: str) -> tuple[float, float, float, float] | None:
    """West, south, east and north of a stream in another CRS; ``None`` where nobody can say."""
    if stream.bounds is None:
        return None
    try:
        door = transformer(stream.crs, crs)
        west, south, east, north = door.transform_bounds(*stream.bounds, densify_pts=201)
    except ProjError:
        return None
    box = (float(west), float(south), float(east), float(north))
    return box if np.isfinite(box).all() and west <= east and south <= north else None


def _parts(path: Path) -> list[Path]:
    """The files of a table of ranges."""
    files = [path]
    if path.is_dir():
        files = sorted(
            file for file in path.iterdir() if file.suffix.casefold() in PARQUET_SUFFIXES
        )
    if not files or not all(file.is_file() and _is_parquet(file) for file in files):
        raise InputError.of("no GeoParquet", path=str(path), sorted=_SORTED)
    return files


def _is_parquet(file: Path) -> bool:
    """Whether a file begins as Parquet does, whatever it is called."""
    with file.open("rb") as stream:
        return stream.read(4) == b"PAR1"


def _about(
    file: Path, faults: list[Note | Problem]
) -> tuple[str, str, tuple[float, float, float, float] | None]:
    """Geometry column, CRS and bounds of a file, as its GeoParquet metadata or its own types say."""
    try:
        with pq.ParquetFile(file) as parquet:
            metadata = (parquet.schema_arrow.metadata or {}).get(b"geo")
            native = native_geometry(parquet.schema)
        geo: Mapping[str, Any] = {} if metadata is None else json.loads(metadata)
    except (pa.ArrowException, OSError, ValueError) as error:
        why = quoted(str(error).splitlines()[0][:200])
        faults.append(Note("Parquet unreadable", {"file": file.name, "why": why}))
        return "", "", None
    # Parquet has a type for geometry of its own since 2.11; older files say it in "geo" only.
    if metadata is None and native is not None:
        try:
            return native[0], CRS.from_user_input(native[1]).to_wkt(), None
        except CRSError:
            facts = {"file": file.name, "crs": native[1][:80]}
            faults.append(Note("Parquet CRS unknown", facts))
            return "", "", None
    name = str(geo.get("primary_column", ""))
    column = geo.get("columns", {}).get(name, {})
    if column.get("encoding") != "WKB":
        faults.append(Note("Parquet without WKB", {"file": file.name}))
        return "", "", None
    if "crs" in column and column["crs"] is None:
        faults.append(Note("Parquet without CRS", {"file": file.name}))
        return "", "", None
    crs = CRS.from_user_input(column.get("crs") or LONLAT).to_wkt()
    box = column.get("bbox") or []
    half = len(box) // 2
    bounds = (box[0], box[1], box[half], box[half + 1]) if half >= 2 else None
    return name, crs, bounds


def _rows(
    file: Path,
    number: int,
    geometry: str,
    columns: Mapping[str, str],
    codes: Mapping[str, Sequence[int]],
) -> tuple[pd.DataFrame, list[Problem]]:
    """The kept rows of a file, without their shapes."""
    with pq.ParquetFile(file) as parquet:
        plain = [name for name in parquet.schema_arrow.names if name != geometry]
        groups = [
            parquet.metadata.row_group(group) for group in range(parquet.metadata.num_row_groups)
        ]
        sizes = [_geometry_bytes(group, geometry) for group in groups]
        spoken_columns = [name for name in plain if _is_spoken(name, columns)]
        table = parquet.read(columns=spoken_columns).to_pandas(ignore_metadata=True)
    coded, problems = dialects.in_our_words(table, "ranges", file.name, FileRules(columns=columns))
    if max(sizes, default=0) > _GROUP_BYTES:
        note = Note("row group large", {"gb": max(sizes) / 1e9, "sorted": _SORTED})
        problems.append(problem_of("refuses", "ranges", file.name, "", note))
    if any(problem.level == "refuses" for problem in problems):
        return pd.DataFrame(), problems
    count = [group.num_rows for group in groups]
    place = pd.DataFrame(
        {
            "file": number,
            "group": np.repeat(np.arange(len(groups)), count),
            "row": np.concatenate([np.arange(n) for n in count]) if count else [],
            "bytes": np.repeat(
                [size / max(n, 1) for size, n in zip(sizes, count, strict=True)], count
            ),
        }
    )
    if any(_holds_weights(name) for name in plain):
        note = Note("weights not counted", {"column": RANGE_WEIGHT})
        problems.append(problem_of("note", "ranges", file.name, "", note))
    nameless = coded["sci_name"].isna().to_numpy()
    if nameless.any():
        note = Note("rows without name", {"n": int(nameless.sum())})
        problems.append(problem_of("counted", "ranges", file.name, "", note))
    named_rows = coded.set_axis(pd.RangeIndex(1, len(coded) + 1), axis=0)[~nameless]
    filled, notes, good = tables.codes_filled(named_rows, file.name, "extant")
    notes += tables.codes_left_out(filled[good], file.name, codes)
    is_kept = np.asarray(good & has_codes(filled, **codes), dtype=bool)
    rows = place[~nameless][is_kept].assign(sci_name=named_rows["sci_name"][is_kept].to_numpy())
    return rows, [*problems, *notes]


def _holds_weights(name: str) -> bool:
    """Whether a column can hold how much of a part counts."""
    return dialects.plain(name) in _spellings({RANGE_WEIGHT})


def _is_spoken(name: str, columns: Mapping[str, str]) -> bool:
    """Whether a column can hold the name or a code of a range."""
    theirs = {dialects.plain(name_of_theirs) for name_of_theirs in columns.values()}
    return dialects.plain(name) in _spellings({"sci_name", *KEPT_CODES, "legend"}) | theirs


def _spellings(names: Collection[str]) -> set[str]:
    """How files write these columns of ranges."""
    return {
        spelling
        for column in dialects.DIALECTS["ranges"]
        if column.name in names
        for spelling in column.spellings
    }


def _geometry_bytes(group: Any, geometry: str) -> int:
    """The bytes that the geometry of a row group takes."""
    columns = (group.column(number) for number in range(group.num_columns))
    return sum(
        column.total_uncompressed_size
        for column in columns
        if column.path_in_schema.split(".")[0] == geometry
    )


def overlap_batches(path: Path) -> tuple[Mapping[str, Any], Callable[[], Iterator[pa.Table]]]:
    """A file that `overlaps` wrote: what it says of itself, and its rows, some at a time, ever again.

    Raises
    ------
    InputError
        It is no such file.
    """
    try:
        with pq.ParquetFile(path) as parquet:
            metadata = (parquet.schema_arrow.metadata or {}).get(b"cami_units")
            columns = parquet.schema_arrow.names
    except FileNotFoundError:
        raise InputError.of("no file there", file=str(path)) from None
    except (pa.ArrowException, OSError) as error:
        why = quoted(str(error).splitlines()[0][:200])
        raise InputError.of("overlaps unreadable", path=str(path), why=why) from error
    needed = ["sci_name", "row", "col", "km2"]
    if metadata is None or not set(needed) <= set(columns):
        raise InputError.of("no overlaps", path=str(path))
    about: Mapping[str, Any] = json.loads(metadata)

    def batches() -> Iterator[pa.Table]:
        with pq.ParquetFile(path, read_dictionary=["sci_name"]) as parquet:
            # a million rows at a time take some tens of megabytes
            for batch in parquet.iter_batches(1 << 20, columns=needed):
                yield pa.Table.from_batches([batch])

    return about, batches


def is_overlap_file(path: Path) -> bool:
    """Whether a file says of itself that `overlaps` wrote it."""
    if path.is_dir() or path.suffix.casefold() not in PARQUET_SUFFIXES:
        return False
    try:
        return b"cami_units" in (pq.read_schema(path).metadata or {})
    except (pa.ArrowException, OSError):
        return False
