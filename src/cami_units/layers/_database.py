"""A layer out of a database: a `.sql` file names the database and asks for the rows.

The first line says where, the rest is one query that returns a geometry beside the columns::

    -- database: postgresql+psycopg://reader@db.example.org/cami
    SELECT binomial, presence, origin, seasonal, geom FROM iucn.ranges

Such a file is only read where a plan or a caller names it, never because it lies in a folder: it
makes a connection. It is opened read-only, and nothing of the address leaves this room.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd
import shapely

from cami_units.model import InputError, listed

SUFFIX: Final = ".sql"

_FIRST_LINE: Final = re.compile(r"^\ufeff?\s*--\s*database:\s*(\S+)\s*\n(.+)", re.DOTALL)
_GEOMETRY: Final = ("geometry", "geom", "wkb_geometry", "the_geom", "shape", "wkb")


def queried(path: Path) -> gpd.GeoDataFrame:
    """The rows that the query of a `.sql` file returns, with their geometry and CRS.

    Raises
    ------
    InputError
        The file does not say which database, SQLAlchemy is not installed, the database does not
        answer or refuses the query, or no column of the answer is a geometry.
    """
    first_line = _FIRST_LINE.match(path.read_text(encoding="utf-8").replace("\r\n", "\n"))
    if first_line is None:
        raise InputError(
            "its first line should say which database, "
            "-- database: postgresql+psycopg://reader@host/name, and the rest be a query"
        )
    try:
        import sqlalchemy
    except ModuleNotFoundError:
        raise InputError(
            "reading a database needs SQLAlchemy and a driver: pip install 'cami_units[postgis]'"
        ) from None
    try:
        engine = sqlalchemy.create_engine(first_line[1], poolclass=sqlalchemy.NullPool)
        with engine.connect() as connection:
            quiet = connection.execution_options(postgresql_readonly=True)
            answer = quiet.execute(sqlalchemy.text(first_line[2]))
            rows = pd.DataFrame(answer.fetchall(), columns=list(answer.keys()))
    except ModuleNotFoundError as error:
        raise InputError(
            f"the driver '{error.name}' of this database is not installed: "
            "pip install 'cami_units[postgis]'"
        ) from None
    except sqlalchemy.exc.SQLAlchemyError as error:
        complaint = str(getattr(error, "orig", None) or error).strip().splitlines()
        raise InputError(f"the database says: {complaint[0] if complaint else 'nothing'}") from None
    return _spatial(rows)


def _spatial(rows: pd.DataFrame) -> gpd.GeoDataFrame:
    """The rows of a query with the geometry that it returned as WKB."""
    names = {str(column).casefold(): column for column in rows}
    column = next((names[name] for name in _GEOMETRY if name in names), None)
    if column is None:
        raise InputError(
            f"the query returns no geometry: a column {', '.join(_GEOMETRY[:3])} … is expected, "
            f"{listed(rows.columns, 20)} came"
        )
    values = [bytes(value) if isinstance(value, memoryview) else value for value in rows[column]]
    shapes = shapely.from_wkb(values, on_invalid="fix")
    numbers = sorted(
        {int(value) for value in shapely.get_srid(shapes[~shapely.is_missing(shapes)])}
    )
    if len(numbers) > 1:
        raise InputError(f"the geometries are in several systems (SRID {listed(numbers)})")
    crs = f"EPSG:{numbers[0]}" if numbers and numbers[0] else None
    plain = rows.drop(columns=column)
    return gpd.GeoDataFrame(plain, geometry=shapely.set_srid(shapes, 0), crs=crs)


def rows_hash(tables: list[gpd.GeoDataFrame]) -> str:
    """SHA-256 of what a database answered: its rows in their order."""
    total = hashlib.sha256()
    for table in tables:
        plain = table.drop(columns=table.geometry.name).astype(str)
        total.update(plain.to_csv(index=False).encode("utf-8", "replace"))
        for wkb in table.geometry.to_wkb():
            total.update(wkb or b"\0")
    return total.hexdigest()
