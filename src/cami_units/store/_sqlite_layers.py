"""Layers of a round's GeoPackage, taken out by SQLite as GDAL would hand them over.

GDAL opens the whole file for each layer that it reads: 4 ms for a table of twenty rows, and 20 ms for
its libraries. A decision reads six such tables.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

_TYPES: Final[Mapping[str, pa.DataType]] = {
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
    return pa.array(values, type=_TYPES[kind])


_TRUTH: Final[Mapping[int | None, bool | None]] = {None: None, 0: False, 1: True}


def _wkb(shape: bytes) -> bytes:
    """A shape of a GeoPackage without the header before it."""
    if shape[:3] != b"GP\0" or shape[3] & 0b110000:
        raise ValueError("an empty shape, or one of another standard")
    return shape[8 + _ENVELOPE_BYTES[shape[3] >> 1 & 7] :]
