"""Layers of a GeoPackage that was written here, taken out by SQLite as GDAL would hand them over.

GDAL opens the whole file for each layer that it reads: 4 ms for a table of twenty rows, and 20 ms for
its libraries. A decision reads six such tables.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Final

import pyarrow as pa

_TYPES: Final[Mapping[str, pa.DataType]] = {
    "TEXT": pa.string(),
    "INTEGER": pa.int64(),
    "REAL": pa.float64(),
    "BOOLEAN": pa.bool_(),
}
"""What is written here, by its name in SQL."""

_MOST_ROWS: Final = 2_000
"""Above it GDAL is quicker: it makes columns of rows without an object for each cell."""

_ENVELOPE_BYTES: Final = (0, 32, 48, 48, 64)
"""Of a shape's header, by what its flags say of the box around it (OGC 12-128, clause 2.1.3)."""


def in_memory(content: bytes) -> sqlite3.Connection | None:
    """A GeoPackage as a database; ``None`` where this SQLite cannot take it from memory."""
    # The desk's threads read a round in turn.
    database = sqlite3.connect(":memory:", check_same_thread=False)
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

    ``None`` for what GDAL had better read: many rows, columns of types that are not written here.
    """
    table = '"' + name.replace('"', '""') + '"'
    if (database.execute(f"SELECT max(fid) FROM {table}").fetchone()[0] or 0) > _MOST_ROWS:
        return None
    kinds = {row[1]: row[2] for row in database.execute(f"PRAGMA table_info({table})")}
    geometry = next((column for column, kind in kinds.items() if kind.startswith("MULTI")), "")
    plain = [column for column in kinds if column not in ("fid", geometry)]
    if not {kinds[column] for column in plain} <= set(_TYPES):
        return None
    rows = database.execute(f"SELECT * FROM {table} ORDER BY fid").fetchall()
    cells = dict(zip(kinds, zip(*rows, strict=True) if rows else [()] * len(kinds), strict=True))
    # SQLite has no truth but 1 and 0
    columns = {
        column: pa.array(
            [None if cell is None else bool(cell) for cell in cells[column]]
            if kinds[column] == "BOOLEAN"
            else cells[column],
            type=_TYPES[kinds[column]],
        )
        for column in plain
    }
    if geometry:
        columns[geometry] = pa.array([_wkb(cell) for cell in cells[geometry]], type=pa.binary())
    return geometry, pa.table(columns)


def _wkb(shape: bytes | None) -> bytes | None:
    """A shape of a GeoPackage without the header before it."""
    return shape and shape[8 + _ENVELOPE_BYTES[shape[3] >> 1 & 7] :]
