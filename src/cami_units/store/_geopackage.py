"""The tables of a round as a GeoPackage, and back: the same rows, the same bytes.

Rows are sorted by their keys, and the schema does not hang on the values of the day.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sqlite3
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from copy import copy
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from cami_units.model import (
    LONLAT,
    TABLES,
    InputError,
    Round,
    Table,
    check_table,
    finding_key,
    package_table,
    quoted,
)
from cami_units.store._atomic_write import write_atomically

GEOPACKAGE: Final = "conservation_units.gpkg"

UNIT_TABLES: Final = (
    "conservation_units",
    "not_proposed",
    "unit_criteria",
    "unit_species",
    "unit_countries",
)
"""The tables without which a folder is no round."""

# The newest version that GDAL 3.4 to 3.6 (Debian 12, Ubuntu 22.04; QGIS and R there) opens without a
# warning; GDAL 3.11 and later write 1.4 unless told otherwise, and we use nothing of it.
_VERSION: Final = "1.2"

_STYLES: Final = "layer_styles"
"""Where QGIS looks for the styles of layers: no table of the round."""

_SAME_AS: Final = {"ranges_used": "ranges", "earlier_units": "conservation_units"}

_TYPES: Final[Mapping[str, Mapping[str, pa.DataType]]] = {
    name: {column: pa.type_for_alias(kind) for column, kind in columns.items()}
    for name, columns in package_table("store/column_types.toml").items()
}

_GEOMETRY: Final = {"polygon": "MultiPolygon", "line": "MultiLineString", "point": "MultiPoint"}

_MULTI: Final[Mapping[int, str]] = {
    kind: name
    for name in _GEOMETRY.values()
    for kind in (
        shapely.GeometryType[name.removeprefix("Multi").upper()].value,
        shapely.GeometryType[name.upper()].value,
    )
}
"""What a layer of shapes of one kind is called, by what GEOS calls each, single or multi."""


def write_geopackage(path: Path, round: Round) -> None:
    """Write the tables of a round as the layers of one GeoPackage, dated as the round is.

    QGIS finds the styles of the layers in it.

    Raises
    ------
    InputError
        A column holds more than one kind of value, or the disk is full.

    Notes
    -----
    GDAL writes a draft; SQLite copies it page by page (``VACUUM INTO``). What comes out hangs on the
    tables alone and not on the way they came in, so that a file in which :func:`update_geopackage`
    changed some cells is, to the byte, the one that would be written from nothing.
    """
    from cami_units import qgis  # for who writes anew

    # The units come first, since many programs open the first layer of a file.
    names = sorted(round.tables, key=lambda name: (name != UNIT_TABLES[0], name))
    draft = path.with_name(f"{path.stem}.draft{path.suffix}")
    draft.unlink(missing_ok=True)
    try:
        with _gdal_options(round.imprint.date):
            for number, name in enumerate(names):
                _write_layer(draft, name, round.tables[name], append=number > 0)
            spatial = [name for name in names if isinstance(round.tables[name], gpd.GeoDataFrame)]
            species = round.tables.get("species", pd.DataFrame({"sci_name": []}))["sci_name"]
            styles = qgis.layer_styles(
                spatial,
                day=round.imprint.date,
                lang=round.imprint.languages[0],
                species=species.astype(str).tolist(),
            )
            _write_layer(draft, qgis.TABLE, styles, append=True)
        _settle_draft(draft, path)
    finally:
        draft.unlink(missing_ok=True)


_SETTLED: Final = ((24, 1), (40, 1), (92, 1), (96, 3_027_000))
"""Numbers of a database's header that count changes or name the SQLite at work, and what they are set to:
change counter, schema cookie, the change for which its size is valid, version (file format, 1.3)."""


_SIZE: Final = ("page_count", "page_size")
"""What a database says of its size: pages, and bytes of each."""


def _settle(database: sqlite3.Connection, path: Path) -> None:
    """Copy a database to a new file: in an order, and with a header, that tell nothing of its past."""
    path.unlink(missing_ok=True)
    (pages,), (page_bytes,) = (database.execute(f"PRAGMA {name}").fetchone() for name in _SIZE)
    with _writing(path, pages * page_bytes, "GeoPackage not written", file=path.name):
        database.execute("VACUUM INTO ?", (str(path),))
    with path.open("r+b") as stream:
        for place, number in _SETTLED:
            stream.seek(place)
            stream.write(number.to_bytes(4, "big"))


def _settle_draft(draft: Path, path: Path) -> None:
    """The same of a file; SQLite opens none whose path has more than some 500 bytes, and says so."""
    refused = _writing(path, draft.stat().st_size, "GeoPackage not written", file=path.name)
    with refused, closing(sqlite3.connect(draft)) as database:
        _settle(database, path)


def _is_settled(content: bytes) -> bool:
    """Whether a GeoPackage is one that was settled here and not changed since."""
    return all(content[place : place + 4] == n.to_bytes(4, "big") for place, n in _SETTLED)


def update_geopackage(path: Path, tables: StoredTables) -> bool:
    """Write the GeoPackage that tables were read from anew, with the cells that differ changed.

    Returns
    -------
    bool
        Whether it was written. It is not where more than cells differ, and columns of text behind
        the others: rows, shapes, whole tables; or where somebody else has written the file.
    """
    if not tables.is_vouched:
        return False
    statements: list[tuple[str, list[Any]]] = []
    for name, table in tables.replaced.items():
        changes = _cell_changes(tables, name, table) if name in tables.stored else None
        if changes is None:
            return False
        statements += changes
    if (database := in_memory(tables.content)) is None:
        return False
    with closing(database):
        # triggers of a spatial index name them; none runs, as no shape changes
        for function in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            database.create_function(function, 1, lambda _: None)
        try:
            for statement, values in statements:
                database.execute(statement, values)
            database.commit()
        except sqlite3.Error:  # one without what this needs
            return False
        _settle(database, path)
    return True


def _cell_changes(
    tables: StoredTables, name: str, table: pd.DataFrame
) -> list[tuple[str, list[Any]]] | None:
    """What SQL makes the stored table of this name the given one; ``None``: more than cells differ."""
    _, stored = tables.layer(name)
    new = _layer(table, name)
    n_old = stored.num_columns - ("geom" in stored.column_names)
    old_names = [column for column in stored.column_names if column != "geom"]
    new_names = [column for column in new.column_names if column != "geom"]
    more = new_names[n_old:]
    if (
        stored.num_rows != new.num_rows
        or new_names[:n_old] != old_names
        # Columns of text may be added in place; any other change is written as a whole new file.
        or any(new.schema.field(column).type != pa.string() for column in more)
        or ("geom" in stored.column_names) != ("geom" in new.column_names)
        or ("geom" in new.column_names and stored["geom"].to_pylist() != new["geom"].to_pylist())
    ):
        return None
    statements: list[tuple[str, list[Any]]] = [
        (f"ALTER TABLE {_quoted(name)} ADD COLUMN {_quoted(column)} TEXT", []) for column in more
    ]
    for column in new_names:
        now = new[column].to_pylist()
        before = stored[column].to_pylist() if column in old_names else [None] * len(now)
        statements += [
            (f"UPDATE {_quoted(name)} SET {_quoted(column)} = ? WHERE fid = ?", [value, row])
            # Row numbers are `fid`, given from 1 when the layer was written.
            for row, (value, old) in enumerate(zip(now, before, strict=True), start=1)
            if value != old
        ]
    return statements


@contextmanager
def _writing(path: Path, n_bytes: int, refusal: str, **facts: object) -> Iterator[None]:
    """Turn what GDAL and SQLite say while they write into what a person can do about it.

    `n_bytes` is about what there is to write, `refusal` the key of what is said where the disk is not
    full.
    """
    try:
        yield
    except (RuntimeError, sqlite3.Error) as error:
        # By the room that is left and not by their words. SQLite gives back what it has taken, so there
        # may be some: twice what was to be written, for pages and indices, and a journal beside it.
        if shutil.disk_usage(path.parent).free < 2 * n_bytes + (1 << 20):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        cause = quoted(f"{str(error)[:160]} …")
        raise InputError.of(refusal, cause=cause, **facts) from error


def _quoted(name: str) -> str:
    """A name as SQL takes it."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _layer(table: pd.DataFrame, name: str) -> pa.Table:
    """A table as a layer: rows by key, columns typed, shapes as collections in a column ``geom``."""
    # column by column: a table of pandas anew for each step took longer than to write a small layer
    geometry = table.active_geometry_name if isinstance(table, gpd.GeoDataFrame) else None
    columns = {str(column): values for column, values in table.items() if column != geometry}
    layer, order = _arrow(columns, name), _row_order(columns, name)
    if order is not None:
        layer = layer.take(order)
    if geometry is None:
        return layer
    shapes = np.asarray(table[geometry].array, dtype=object)
    kind, wkb = _one_kind(shapes if order is None else shapes[order], name)
    field = pa.field("geom", pa.binary(), metadata={"kind": kind})
    return layer.append_column(field, pa.array(wkb, type=pa.binary()))


def _write_layer(path: Path, name: str, table: pd.DataFrame, *, append: bool) -> None:
    """Write one table as a layer of a GeoPackage."""
    import pyogrio

    layer = _layer(table, name)
    options: dict[str, Any] = {"layer_options": {"FID": "fid"}}
    if isinstance(table, gpd.GeoDataFrame):
        options = {
            "geometry_name": "geom",
            "geometry_type": layer.schema.field("geom").metadata[b"kind"].decode(),
            "crs": LONLAT,
            "layer_options": {"FID": "fid", "GEOMETRY_NAME": "geom"},
        }
    with _writing(path, layer.nbytes, "layer not written", layer=name, file=GEOPACKAGE):
        pyogrio.write_arrow(
            layer,
            path,
            layer=name,
            driver="GPKG",
            append=append,
            dataset_options={} if append else {"VERSION": _VERSION},
            **options,
        )


@contextmanager
def _gdal_options(day: str) -> Iterator[None]:
    """GDAL stamps the layers of a GeoPackage with now, unless it is told what day it is.

    A draft need not reach the disk before the next layer is written.
    """
    import pyogrio

    options = {"OGR_CURRENT_DATE": f"{day}T00:00:00.000Z", "OGR_SQLITE_SYNCHRONOUS": "OFF"}
    before = {name: pyogrio.get_gdal_config_option(name) for name in options}
    pyogrio.set_gdal_config_options(options)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def _row_order(columns: Mapping[str, pd.Series[Any]], name: str) -> NDArray[np.intp] | None:
    """The rows by key; those of a table that has no contract by everything they say. None: as they are."""
    promise: Table | None = TABLES.get(_SAME_AS.get(name, name))
    keys = list(promise.key) if promise and set(promise.key) <= set(columns) else list(columns)
    values = [_order(columns[key]) for key in keys]
    if not values or (len(values) == 1 and values[0].is_monotonic_increasing):
        return None
    codes = [pd.factorize(one, sort=True)[0] for one in values]
    # what is missing comes last; the first key decides first, and `lexsort` looks at it last
    order = np.lexsort([np.where(code < 0, len(code), code) for code in reversed(codes)])
    return order.astype(np.intp)


def _order(values: pd.Series[Any]) -> pd.Series[Any]:
    """The values of a column as rows are sorted by them."""
    if values.name == "criterion":
        return values.map(finding_key)
    return values if pd.api.types.is_numeric_dtype(values) else values.astype(str)


def _arrow(table: Mapping[str, pd.Series[Any]], name: str) -> pa.Table:
    """The columns of a table with the types that it promises."""
    types = dict(_TYPES.get(_SAME_AS.get(name, name), {}))
    if types and not len(next(iter(table.values()), ())):
        # a round without a unit: pandas calls columns of no text numbers, and no id is one
        promise = TABLES[_SAME_AS.get(name, name)]
        types = dict.fromkeys(promise.columns, pa.string()) | types
    columns = {}
    for column, values in table.items():
        try:
            columns[column] = _typed(pa.array(values, from_pandas=True), types.get(column))
        except (pa.ArrowException, UnicodeEncodeError) as error:
            raise InputError(
                f"The column '{column}' of the table '{name}' cannot be written: {error}. It must "
                f"hold one kind of value: {types.get(column, 'text, numbers, or yes and no')}."
            ) from error
    return pa.table(columns)


def _typed(values: Any, promised: pa.DataType | None) -> Any:
    """Values of a promised type; without a promise and without a value, text."""
    if promised is None and pa.types.is_dictionary(values.type):
        promised = values.type.value_type
    if promised is None and pa.types.is_null(values.type):
        promised = pa.string()
    return values if promised is None else values.cast(promised)


def _one_kind(shapes: NDArray[Any], name: str) -> tuple[str, NDArray[Any]]:
    """What shapes of one kind are called, and they as WKB, multi where any is."""
    promise = TABLES.get(_SAME_AS.get(name, name))
    kind = shapely.get_type_id(shapes)
    wkb = np.asarray(shapely.to_wkb(shapes, byte_order=1), dtype=object)
    if promise is not None and promise.geometry in _GEOMETRY:
        called = _GEOMETRY[str(promise.geometry)]
    else:
        kinds = {_MULTI.get(one, str(one)) for one in kind[kind >= 0].tolist()}
        called = kinds.pop() if len(kinds) == 1 and kinds <= {*_MULTI.values()} else ""
    if not called:
        return "Unknown", wkb
    # A layer has one type, and of some rows there are several parts. The head of a collection of one is
    # that of its part, with another kind, and the number 1 (ISO 19125-1; 3 more, flags as they are).
    single = np.flatnonzero((kind >= 0) & (kind <= shapely.GeometryType.POLYGON))
    wkb[single] = [b"\1%c%s\1\0\0\0%s" % (one[1] + 3, one[2:5], one) for one in wkb[single]]
    return called, wkb


def read_geopackage(path: Path, *, only: Collection[str] | None = None) -> dict[str, pd.DataFrame]:
    """The tables of a round's GeoPackage, those named in `only` or all, in the order of the file."""
    content = _content(path)
    database = in_memory(content)
    with _reading(path):
        names = _layer_names(content, database)
        return {
            name: _read_layer(*_read_arrow(content, database, name))
            for name in names
            if only is None or name in only
        }


class StoredTables(Mapping[str, pd.DataFrame]):
    """The tables of a round as its GeoPackage holds them, each read when somebody asks for it.

    The file is taken into memory as it is now: whoever writes the round anew meanwhile changes
    nothing here. `replaced` are tables that somebody has put in the place of stored ones, or beside.
    `vouched_sha256` is the hash of the file that the manifest of the round knows.
    """

    def __init__(self, path: Path, vouched_sha256: str = "") -> None:
        self.path = path
        self.content = _content(path)
        self.sha256 = hashlib.sha256(self.content).hexdigest()
        # what we wrote was checked before, and nobody has touched it since
        self.is_vouched = self.sha256 == vouched_sha256 and _is_settled(self.content)
        self.replaced: Mapping[str, pd.DataFrame] = {}
        self._tables: dict[str, pd.DataFrame] = {}
        self._layers: dict[str, tuple[str, pa.Table]] = {}
        self._database = in_memory(self.content)
        with _reading(path):
            self.stored = _layer_names(self.content, self._database)

    def __getitem__(self, name: str) -> pd.DataFrame:
        """A table by its name; one that is not as promised is refused now."""
        if name in self.replaced:
            return self.replaced[name]
        if name not in self.stored:
            raise KeyError(name)
        if name not in self._tables:
            # what was read for its digest is not read again
            read = self._layers.pop(name, None) or self.layer(name)
            with _reading(self.path):
                table = _read_layer(*read)
            if name in TABLES and not self.is_vouched:
                check_table(table, name)
            self._tables[name] = table
        return self._tables[name]

    def __contains__(self, name: object) -> bool:
        """Whether there is such a table; it is not read for that."""
        return name in self.replaced or name in self.stored

    def __iter__(self) -> Iterator[str]:
        """The names, in the order of the file."""
        yield from self.stored
        yield from (name for name in self.replaced if name not in self.stored)

    def __len__(self) -> int:
        """How many tables there are."""
        return sum(1 for _ in self)

    def layer(self, name: str) -> tuple[str, pa.Table]:
        """A stored table as it lies in the file: its column of shapes ("" without one), its rows."""
        with _reading(self.path):
            return _read_arrow(self.content, self._database, name)

    def with_tables(self, tables: Mapping[str, pd.DataFrame]) -> StoredTables:
        """The same tables with some in place of those of their names."""
        more = copy(self)
        more.replaced = {**self.replaced, **tables}
        return more

    def digests(self) -> dict[str, str]:
        """The SHA-256 of each stored table, as Arrow hands it over, by name."""
        hashes = {}
        for name in self.stored:
            geometry, layer = self.layer(name)
            if name not in self._tables:
                self._layers[name] = geometry, layer
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, layer.schema) as stream:
                stream.write_table(layer)
            hashes[name] = hashlib.sha256(memoryview(sink.getvalue())).hexdigest()
        return hashes


def _content(path: Path) -> bytes:
    """The bytes of a round's GeoPackage."""
    content = path.read_bytes() if path.is_file() else b""
    if not content:  # SQLite calls an empty one a lack of memory
        raise InputError.of("round lacks a file", folder=str(path.parent), file=path.name)
    return content


def _layer_names(content: bytes, database: sqlite3.Connection | None) -> list[str]:
    """The names of the tables of a round, in the order of the file."""
    if database is not None:
        names = layer_names(database)
    else:
        import pyogrio  # a decision does without

        names = [str(name) for name, _ in pyogrio.list_layers(content)]
    return [name for name in names if name != _STYLES]


def ignore_missing_names() -> None:
    """Have nothing said of a file in memory, which has no name that GDAL could like.

    For a process whose threads read rounds: filters are the process's, and what one thread sets for a
    while the end of another's while takes back.
    """
    warnings.filterwarnings("ignore", "File .* has GPKG application_id", RuntimeWarning)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what GDAL and GEOS say of a damaged file into what a person can do about it."""
    try:
        with warnings.catch_warnings():
            ignore_missing_names()
            yield
    except (RuntimeError, shapely.errors.ShapelyError) as error:
        raise InputError.of("round unreadable", file=str(path), cause=quoted(error)) from error


def _read_arrow(
    content: bytes, database: sqlite3.Connection | None, name: str
) -> tuple[str, pa.Table]:
    """The column of shapes of a layer, "" without one, and its rows as GDAL hands them over.

    GDAL, which takes its time, is asked about long tables, and where SQLite met something odd.
    """
    if database is not None and (rows := layer_rows(database, name)) is not None:
        return rows
    import pyogrio

    about, layer = pyogrio.read_arrow(content, layer=name)
    return about["geometry_name"] if about["geometry_type"] else "", layer


def _read_layer(geometry: str, layer: pa.Table) -> pd.DataFrame:
    """A layer as a table: whole numbers with gaps as such, parts that are alone as themselves."""
    table: pd.DataFrame = layer.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
    for column in layer.column_names:
        # pandas would make them floats, and a rank of 4 a 4.0.
        if pa.types.is_integer(layer.schema.field(column).type) and layer[column].null_count:
            table[column] = pd.array(layer[column].to_pylist(), dtype="Int64")
    if not geometry:
        return table
    shapes = np.asarray(shapely.from_wkb(table[geometry]), dtype=object)
    alone = shapely.get_num_geometries(shapes) == 1
    # As it was before it was written: a shape of one part is that part.
    shapes[alone] = shapely.get_geometry(shapes[alone], 0)
    table = table.drop(columns=geometry)
    spatial: pd.DataFrame = gpd.GeoDataFrame(table, geometry=shapes, crs=LONLAT)
    return spatial


# -- tables too long for memory, as Parquet ---------------------------------------------------------


def write_stream(
    path: Path,
    parts: Iterable[pd.DataFrame],
    *,
    about: Mapping[str, Any],
    words: Sequence[str] = (),
) -> Path:
    """Write a table that comes in parts as one Parquet file, whole or not at all.

    Parameters
    ----------
    path : Path
        The file to write or to replace.
    parts : iterable of DataFrame
        One after another, with the same columns; each becomes row groups of its own. A single
        GeoDataFrame makes a GeoParquet file (1.1) of polygons.
    about : mapping
        What the file says of itself, kept in its metadata under ``cami_units`` as JSON.
    words : sequence of str
        The columns whose few values return over and over.

    Raises
    ------
    InputError
        When there is no part at all, or the place cannot be written to.
    """
    import pyarrow.parquet as pq  # wanted by this one writer only

    def write(staged: Path) -> None:
        waiting = iter(parts)
        if (first := next(waiting, None)) is None:
            raise InputError(f"'{path}' was not written: there is nothing to write.")
        metadata = {"cami_units": json.dumps(about, ensure_ascii=False, sort_keys=True)}
        if isinstance(first, gpd.GeoDataFrame):
            metadata["geo"] = json.dumps(_geo_metadata(first), ensure_ascii=False)
            first = pd.DataFrame(first).assign(geometry=shapely.to_wkb(first.geometry.to_numpy()))
        table = pa.Table.from_pandas(first, preserve_index=False)
        schema = table.schema.with_metadata(metadata)
        with pq.ParquetWriter(
            staged, schema, compression="zstd", use_dictionary=list(words)
        ) as out:
            out.write_table(table.cast(schema))
            for part in waiting:
                # In the schema of the first part: a part whose column is empty would else make one
                # of another type.
                table = pa.Table.from_pandas(part, schema=schema, preserve_index=False)
                out.write_table(table.cast(schema))

    return write_atomically(path, write)


def _geo_metadata(table: gpd.GeoDataFrame) -> dict[str, Any]:
    """What a GeoParquet file says of its shapes.

    References
    ----------
    GeoParquet 1.1.0, https://geoparquet.org/releases/v1.1.0/
    """
    crs = CRS.from_user_input(table.crs).to_json_dict()
    column = {
        "encoding": "WKB",
        "geometry_types": sorted(table.geometry.geom_type.unique()),
        "crs": crs,
        "bbox": [float(edge) for edge in table.total_bounds],
    }
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}


def write_cells(path: Path, cells: gpd.GeoDataFrame, layer: str) -> None:
    """Write cells in their own CRS as the one layer of a GeoPackage; the same cells, the same bytes."""
    import pyogrio

    draft = path.with_name(f"{path.stem}.draft{path.suffix}")
    try:
        n_bytes = int(cells.memory_usage().sum())
        about = {"layer": layer, "file": path.name}
        with _gdal_options(_NO_DAY), _writing(path, n_bytes, "layer not written", **about):
            pyogrio.write_dataframe(
                cells, draft, layer=layer, driver="GPKG", dataset_options={"VERSION": _VERSION}
            )
        _settle_draft(draft, path)
    finally:
        draft.unlink(missing_ok=True)


_NO_DAY: Final = "2000-01-01"
"""The day of a file that belongs to no plan: any, and always the same."""


def write_raster(
    path: Path,
    bands: Mapping[str, NDArray[Any]],
    *,
    west: float,
    north: float,
    step_m: float,
    crs: str,
) -> None:
    """Write rasters of one lattice, rows from the north, as the bands of a cloud-optimised GeoTIFF.

    Raises
    ------
    InputError
        The library that writes rasters is not installed.
    """
    try:
        import rasterio
        from rasterio.transform import from_origin
    except ImportError:
        raise InputError(
            f"What writes rasters such as {path.name} is not installed: pip install rasterio"
        ) from None
    first = next(iter(bands.values()))
    with rasterio.open(
        path,
        "w",
        driver="COG",
        height=first.shape[0],
        width=first.shape[1],
        count=len(bands),
        dtype="float32",
        crs=crs,
        transform=from_origin(west, north, step_m, step_m),
        compress="deflate",
        predictor=3,  # of floats: neighbours differ little
        overview_resampling="average",
        nodata=float("nan"),
    ) as raster:
        for number, (name, values) in enumerate(bands.items(), start=1):
            raster.write(values.astype(np.float32), number)
            raster.set_band_description(number, name)


# -- layers taken out by SQLite as GDAL would hand them over --------------------------------------

# GDAL opens the whole file for each layer that it reads: 4 ms for a table of twenty rows, and 20 ms for
# its libraries. A decision reads six such tables.

_SQL_TYPES: Final[Mapping[str, pa.DataType]] = {
    "TEXT": pa.string(),
    "INTEGER": pa.int64(),
    "REAL": pa.float64(),
}
"""What is written here, by its name in SQL."""

_MOST_ROWS: Final = 2_000
"""Above it GDAL is quicker: it makes columns of rows without an object for each cell."""

_ENVELOPE_BYTES: Final = (0, 32, 48, 48, 64)
"""Of a shape's header, by what its flags say of the box around it (OGC 12-128, clause 2.1.3)."""


class _InMemory(sqlite3.Connection):
    """A database that is closed when nobody holds it any more: from Python 3.13 on none may be left open."""

    def __del__(self) -> None:
        self.close()


def in_memory(content: bytes) -> sqlite3.Connection | None:
    """A GeoPackage as a database; ``None`` where this SQLite cannot take it from memory."""
    # The desk's threads read a round in turn.
    database = sqlite3.connect(":memory:", check_same_thread=False, factory=_InMemory)
    try:
        database.deserialize(content)
        database.execute("SELECT 1 FROM gpkg_contents")
    except (AttributeError, sqlite3.Error):
        database.close()
        return None
    return database


def layer_names(database: sqlite3.Connection) -> list[str]:
    """The names of the layers as GDAL lists them: those with shapes first, each kind as written."""
    names = database.execute(
        "SELECT table_name FROM gpkg_contents ORDER BY data_type != 'features', rowid"
    )
    return [name for (name,) in names]


def layer_rows(database: sqlite3.Connection, name: str) -> tuple[str, pa.Table] | None:
    """The column of shapes of a layer, "" without one, and its rows, shapes last and as WKB.

    ``None`` for what GDAL had better read: many rows, and whatever is not as it is written here.
    """
    table = '"' + name.replace('"', '""') + '"'
    try:
        if (database.execute(f"SELECT max(fid) FROM {table}").fetchone()[0] or 0) > _MOST_ROWS:
            return None
        kinds = {row[1]: row[2] for row in database.execute(f"PRAGMA table_info({table})")}
        columns = [column for column in kinds if column != "fid"]
        listed = ", ".join('"' + column.replace('"', '""') + '"' for column in columns)
        rows = database.execute(f"SELECT {listed} FROM {table} ORDER BY fid").fetchall()
        geometry = next((column for column in columns if kinds[column].startswith("MULTI")), "")
        values = zip(*rows, strict=True) if rows else [()] * len(columns)
        cells: dict[str, Sequence[Any]] = dict(zip(columns, values, strict=True))
        if geometry:
            cells[geometry] = cells.pop(geometry)
        layer = {column: _column(values, kinds[column]) for column, values in cells.items()}
    except (sqlite3.Error, pa.ArrowException, KeyError, ValueError):
        return None
    return geometry, pa.table(layer)


def _column(values: Sequence[Any], kind: str) -> pa.Array:
    """The cells of a column of the kind that SQL calls so.

    Raises
    ------
    ArrowException, KeyError, ValueError
        A kind or a cell that is not written here.
    """
    if kind.startswith("MULTI"):
        return pa.array([shape and _wkb(shape) for shape in values], type=pa.binary())
    if kind == "BOOLEAN":  # SQLite has no truth but 1 and 0
        return pa.array([_TRUTH[cell] for cell in values], type=pa.bool_())
    return pa.array(values, type=_SQL_TYPES[kind])


_TRUTH: Final[Mapping[int | None, bool | None]] = {None: None, 0: False, 1: True}


def _wkb(shape: bytes) -> bytes:
    """A shape of a GeoPackage without the header before it."""
    if shape[:3] != b"GP\0" or shape[3] & 0b110000:
        raise ValueError("an empty shape, or one of another standard")
    return shape[8 + _ENVELOPE_BYTES[shape[3] >> 1 & 7] :]
