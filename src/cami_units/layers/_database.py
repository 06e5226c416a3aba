"""Layers out of a database, and a round into one.

A `.sql` file names the database in its first line and asks for the rows in one query::

    -- database: postgresql://reader@db.example.org/cami
    SELECT binomial, presence, origin, seasonal, geom FROM iucn.ranges

Such a file is only read where a plan or a caller names it, never because it lies in a folder: it
makes a connection. Its session can only read, its statement is one, and nothing of the address leaves
this room.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.layers._reading import AdvisedError
from cami_units.model import InputError, Note, clean_name, in_short, quoted

SUFFIX: Final = ".sql"

_FIRST_LINE: Final = re.compile(r"^\ufeff?\s*--\s*database:\s*(\S+)\s*\n(.+)", re.DOTALL)
_GEOMETRY: Final = ("geometry", "geom", "wkb_geometry", "the_geom", "shape", "wkb")
_INSTALL: Final = "pip install 'psycopg[binary]' sqlalchemy"
# a server that is there answers at once; a query over a continent takes minutes, and no more
_CONNECT_SECONDS: Final = 10
_STATEMENT_SECONDS: Final = 600


class _Answer(NamedTuple):
    """What a query returned: its rows, and which column is of geometry by its type, if any is."""

    rows: pd.DataFrame
    geometry: str | None
    crs_of_srid: Mapping[int, str]


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
        raise InputError.of("database query expected")
    with _connected(first_line[1], can_write=False) as connection:
        answer = _asked(connection, first_line[2].strip().rstrip(";"))
    return _spatial(answer)


# -- the connection -------------------------------------------------------------------------------


@contextmanager
def _connected(address: str, *, can_write: bool) -> Iterator[Any]:
    """A connection in a transaction; what goes wrong is said without any part of the address."""
    try:
        import sqlalchemy
    except ModuleNotFoundError:
        raise InputError.of("database needs SQLAlchemy", install=_INSTALL) from None
    secrets: list[str] = []
    try:
        url = _plain_address(address)
        # Taken out of whatever a driver says: some print the address that they were given.
        secrets += [word for word in (url.password, address) if word]
        options: dict[str, Any] = {"poolclass": sqlalchemy.NullPool}
        if url.get_backend_name() == "postgresql":
            read_only = "" if can_write else " -c default_transaction_read_only=on"
            options["connect_args"] = {
                "connect_timeout": _CONNECT_SECONDS,
                "options": f"-c statement_timeout={_STATEMENT_SECONDS}s{read_only}",
                "application_name": "cami_units",
            }
        engine = sqlalchemy.create_engine(url, **options)
        with engine.begin() as connection:
            yield connection
    except ModuleNotFoundError as error:
        facts = {"driver": str(error.name), "install": _INSTALL}
        raise InputError.of("database driver missing", **facts) from None
    except InputError:
        raise
    except sqlalchemy.exc.ArgumentError:  # a web address, a repository, a folder, nothing
        raise InputError.of("no database address") from None
    except Exception as error:  # drivers raise their own kinds, and may put the address in words
        if not isinstance(error, sqlalchemy.exc.SQLAlchemyError) and not _is_of_driver(error):
            raise
        raise _complaint(error, secrets, can_write=can_write) from None


def _is_of_driver(error: Exception) -> bool:
    """Whether an error comes from the driver of a database and not from us."""
    return type(error).__module__.partition(".")[0] in ("psycopg", "sqlite3")


def _plain_address(address: str) -> Any:
    """The address of a database, with the driver that we bring where none is named.

    Raises
    ------
    InputError
        It has a password with signs that an address cannot hold, of which a driver would print a part; or a
        port that is no number.
    """
    import sqlalchemy

    _, mark, rest = address.partition("://")
    if mark and rest.split("?")[0].count("@") > 1:
        raise AdvisedError(Note("database address"), _PASSWORD)
    try:
        url = sqlalchemy.make_url(address)
    except ValueError:
        raise InputError.of("no database address") from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    return url


_PASSWORD: Final = "database password"


_CURES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "28P01": _PASSWORD,
        "28000": "database access",
        "3D000": "database name",
        "42P01": "database table",
        "42703": "database column",
        "42601": "database one query",
        "57014": "database slow",
        "25006": "database read only",
        "2BP01": "database views",
    }
)
_DENIED: Final = "42501"
_TO_READ: Final = "database to read"
_TO_WRITE: Final = "database to write"

# Nobody answers, so there is no code: what the client's library says itself.
_UNREACHED: Final = (
    ("password", _PASSWORD),
    ("no pg_hba.conf entry", "database machine"),
    ("timeout expired", "database silent"),
    ("connection refused", "database port"),
    ("resolve", "database host"),
)
_ADDRESS: Final = "database place"


def _complaint(error: Exception, secrets: Sequence[str], *, can_write: bool) -> AdvisedError:
    """What the database says in its first line, with what helps, and with nothing secret in it."""
    driver_error: Any = getattr(error, "orig", None) or error
    lines = str(driver_error).strip().splitlines()
    says = lines[0] if lines else ""
    for secret in secrets:
        says = says.replace(secret, "…")
    state = getattr(driver_error, "sqlstate", None)
    connection = getattr(driver_error, "pgconn", None)
    if state == _DENIED:
        cure = _TO_WRITE if can_write else _TO_READ
    elif state:
        cure = _CURES.get(state, "database query")
    elif connection is not None and connection.needs_password:
        cure = _PASSWORD
    else:
        full_text = " ".join(lines).casefold()
        cure = next((cure for word, cure in _UNREACHED if word in full_text), _ADDRESS)
    why = quoted(says.rstrip(".")) if says else Note("database nothing")
    return AdvisedError(Note("database says", {"why": why}), cure)


def _asked(connection: Any, query: str) -> _Answer:
    """The answer to one statement, as it stands: a colon or a percent sign in it is a letter."""
    driver = connection.connection.driver_connection
    cursor = driver.cursor()
    is_postgres = connection.dialect.name == "postgresql"
    if is_postgres:
        # prepared, so that the server refuses a second statement, which could end the transaction
        cursor.execute(query, None, prepare=True)
    else:
        cursor.execute(query)
    # An UPDATE or a SET has no columns to describe.
    if cursor.description is None:
        raise InputError.of("query without rows")
    headings = [str(column[0]) for column in cursor.description]
    rows = pd.DataFrame(cursor.fetchall(), columns=headings)
    if not is_postgres:
        return _Answer(rows, None, {})
    kinds = {column[0]: column[1] for column in cursor.description}
    cursor.execute("SELECT oid FROM pg_type WHERE typname IN ('geometry', 'geography')")
    spatial_kinds = {row[0] for row in cursor.fetchall()}
    shape_column = next((name for name in headings if kinds[name] in spatial_kinds), None)
    systems: dict[int, str] = {}
    if spatial_kinds:
        cursor.execute("SELECT srid, auth_name, auth_srid, srtext FROM spatial_ref_sys")
        for srid, authority, code, text in cursor.fetchall():
            systems[int(srid)] = f"{authority}:{code}" if authority and code else str(text or "")
            if authority and str(authority).upper() != "EPSG" and text:
                systems[int(srid)] = str(text)  # an authority that PROJ may not know
    return _Answer(rows, shape_column, systems)


def _spatial(answer: _Answer) -> gpd.GeoDataFrame:
    """The rows with their shapes: of the column that is of geometry by its type, else by its name."""
    rows = answer.rows
    names = {str(column).casefold(): column for column in rows}
    column = answer.geometry or next((names[name] for name in _GEOMETRY if name in names), None)
    if column is None:
        facts = {"wanted": in_short(_GEOMETRY[:3]), "names": in_short(rows.columns, 20)}
        raise InputError.of("query without geometry", **facts)
    values = [
        bytes(value)
        if isinstance(value, memoryview)
        else value
        if isinstance(value, str | bytes)
        else None  # pandas makes a number of a NULL beside texts
        for value in rows[column]
    ]
    _check_plain(values)
    try:
        shapes = shapely.from_wkb(pd.Series(values, dtype=object).to_numpy(), on_invalid="fix")
        shapely.get_parts(shapes)  # which knows the kinds that shapely has
    except NotImplementedError:  # curves within a collection
        what = Note("query of curves", {"names": "GeometryCollection"})
        raise AdvisedError(what, "database curves") from None
    present_shapes = shapes[~shapely.is_missing(shapes)]
    # Each shape says its own system: one column may hold several.
    numbers = sorted({int(value) for value in shapely.get_srid(present_shapes)})
    if len(numbers) > 1:
        raise InputError.of("query of several CRS", names=in_short(numbers))
    crs = None
    if numbers and numbers[0]:
        crs = answer.crs_of_srid.get(numbers[0], f"EPSG:{numbers[0]}")
    plain = rows.drop(columns=column)
    return gpd.GeoDataFrame(plain, geometry=shapely.set_srid(shapes, 0), crs=crs)


_CURVES: Final[Mapping[int, str]] = MappingProxyType(
    {
        8: "CircularString",
        9: "CompoundCurve",
        10: "CurvePolygon",
        11: "MultiCurve",
        12: "MultiSurface",
    }
)
_SURFACES: Final[Mapping[int, str]] = MappingProxyType(
    {15: "PolyhedralSurface", 16: "TIN", 17: "Triangle"}
)
"""Kinds of geometry that PostGIS has and GEOS has not, by their numbers in WKB."""


def _check_plain(values: Sequence[str | bytes | None]) -> None:
    """Refuse kinds of geometry that nobody here can measure, with what makes others of them."""
    codes = {_kind_code(value) for value in values if value}
    if curves := [name for code, name in _CURVES.items() if code in codes]:
        raise AdvisedError(
            Note("query of curves", {"names": in_short(curves, None)}), "database curves"
        )
    if any(code in codes for code in _SURFACES):
        raise AdvisedError(Note("geometry of 3D models"), "database surfaces")


def _kind_code(value: str | bytes) -> int:
    """The number of a kind of geometry, with or without altitudes and measures; 0 of what is no WKB."""
    try:
        head = bytes.fromhex(value[:10]) if isinstance(value, str) else value[:5]
        [code] = struct.unpack("<I" if head[:1] == b"\1" else ">I", head[1:])
    except (ValueError, struct.error):
        return 0
    return int(code & 0x0FFFFFFF) % 1000


def rows_hash(tables: list[gpd.GeoDataFrame]) -> str:
    """SHA-256 of what a database answered: its rows in their order."""
    total = hashlib.sha256()
    for table in tables:
        plain = table.drop(columns=table.geometry.name).astype(str)
        total.update(plain.to_csv(index=False).encode("utf-8", "replace"))
        for wkb in table.geometry.to_wkb():
            # A row without a shape is a row: it must not vanish between its neighbours.
            total.update(wkb or b"\0")
    return total.hexdigest()


# -- a round into a database ----------------------------------------------------------------------

_OURS: Final = "written by cami_units"
"""The comment on a table that says that it may be written anew."""


def tables_to_database(
    tables: Mapping[str, pd.DataFrame], address: str, schema: str, *, keys: Mapping[str, str]
) -> list[str]:
    """Tables in a schema of a PostGIS database, all of them or none; those of before are replaced.

    Parameters
    ----------
    tables : mapping of name to DataFrame
        Shapes in longitude and latitude.
    address : str
        ``postgresql://user@host/name``.
    schema : str
        Made where there is none. Tables in it that we did not write are never touched.
    keys : mapping of name to column
        The column that tells the rows of a table apart, where one does.

    Returns
    -------
    list of str
        The names of the tables, in order.

    Raises
    ------
    InputError
        There is no PostGIS, a table of that name is somebody else's, or anything that
        :func:`queried` says of a connection.
    """
    # PostgreSQL cuts a name at 63 bytes; and the name goes into SQL, which takes none as a value
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,50}", schema):
        raise InputError.of("schema name", name=clean_name(schema))
    with _connected(address, can_write=True) as connection:
        if connection.dialect.name != "postgresql":
            raise InputError.of("PostGIS expected")
        cursor = connection.connection.driver_connection.cursor()
        cursor.execute("SELECT count(*) FROM pg_extension WHERE extname = 'postgis'")
        if not cursor.fetchone()[0]:
            raise AdvisedError(Note("database without PostGIS"), "database to extend")
        # asked first: who was given a schema of their own may not make one
        cursor.execute("SELECT to_regnamespace(%s) IS NULL", (f'"{schema}"',))
        if cursor.fetchone()[0]:
            cursor.execute(f'CREATE SCHEMA "{schema}"')
        for name in sorted(tables):
            _replace_table(cursor, schema, name, tables[name], keys.get(name))
    return sorted(tables)


def _replace_table(
    cursor: Any, schema: str, name: str, table: pd.DataFrame, key: str | None
) -> None:
    """One table written anew, with its key, its index and the comment that it is ours."""
    place = f'"{schema}"."{name}"'
    cursor.execute(
        "SELECT obj_description(to_regclass(%s)), to_regclass(%s) IS NOT NULL", (place, place)
    )
    comment, is_there = cursor.fetchone()
    # Only a table that this command wrote is replaced: its comment says so, its name alone proves
    # nothing.
    if is_there and comment != _OURS:
        raise InputError.of("table of others", table=f"{schema}.{name}")
    if is_there:
        cursor.execute(f"DROP TABLE {place}")
    plain, shapes = table, None
    if isinstance(table, gpd.GeoDataFrame):
        shapes = table.geometry.to_numpy()
        plain = pd.DataFrame(table.drop(columns=table.active_geometry_name))
    columns = {str(column): _sql_values(plain[column]) for column in plain}
    lines = [f'"{column}" {kind}' for column, (kind, _) in columns.items()]
    cells = [values for _, values in columns.values()]
    marks = ["%s"] * len(cells)
    if shapes is not None:
        several, kind = _one_kind(shapes)
        lines.append(f'"geom" geometry({kind}, 4326)')
        cells.append(list(shapely.to_wkb(several)))
        marks.append("ST_SetSRID(ST_GeomFromWKB(%s), 4326)")
    cursor.execute(f"CREATE TABLE {place} ({', '.join(lines)})")
    names = [*columns, *(["geom"] if shapes is not None else [])]
    into = ", ".join(f'"{column}"' for column in names)
    rows = list(zip(*cells, strict=True))
    cursor.executemany(f"INSERT INTO {place} ({into}) VALUES ({', '.join(marks)})", rows)
    # After the rows: a key and an index made before would be kept up with each of them.
    if key in columns and plain[key].notna().all() and plain[key].is_unique:
        cursor.execute(f'ALTER TABLE {place} ADD PRIMARY KEY ("{key}")')
    if shapes is not None:
        cursor.execute(f'CREATE INDEX ON {place} USING gist ("geom")')
    cursor.execute(f"COMMENT ON TABLE {place} IS '{_OURS}'")


def _sql_values(column: pd.Series[Any]) -> tuple[str, list[Any]]:
    """The type of a column in a database, and its values; what is missing is NULL."""
    values = [None if pd.isna(value) else value for value in column.astype(object)]
    kinds = {type(value) for value in values if value is not None}
    kind: str
    converter: Callable[[Any], Any]
    # a column of truths with gaps is one of objects, which pandas does not tell from texts
    if kinds and kinds <= {bool, np.bool_}:
        kind, converter = "boolean", bool
    elif pd.api.types.is_integer_dtype(column.dtype):
        kind, converter = "bigint", int
    elif pd.api.types.is_float_dtype(column.dtype):
        kind, converter = "double precision", float
    else:  # a text of PostgreSQL cannot hold the letter 0
        kind, converter = "text", lambda value: str(value).replace("\0", "")
    return kind, [None if value is None else converter(value) for value in values]


_KINDS: Final = {0: "MultiPoint", 1: "MultiLineString", 2: "MultiPolygon"}


def _one_kind(shapes: Any) -> tuple[Any, str]:
    """Shapes as parts of one kind, which is what QGIS and sf want of a column; else any geometry."""
    present_shapes = shapes[~shapely.is_missing(shapes)]
    dimensions = set(
        shapely.get_dimensions(present_shapes[~shapely.is_empty(present_shapes)]).tolist()
    )
    if len(dimensions) != 1:
        return shapes, "Geometry"
    make: dict[int, Any] = {
        0: shapely.multipoints,
        1: shapely.multilinestrings,
        2: shapely.multipolygons,
    }
    [dimension] = dimensions
    # One kind a column: QGIS and sf want to know whether a layer is of points, lines or areas.
    several = shapes.copy()
    for at, shape in enumerate(shapes):
        if shape is not None and not shape.geom_type.startswith("Multi"):
            several[at] = make[dimension](list(shapely.get_parts(shape)))
    return several, _KINDS[dimension]
