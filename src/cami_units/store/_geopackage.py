"""The tables of a round as a GeoPackage, and back: the same rows, the same bytes.

Rows are sorted by their keys, and the schema does not hang on the values of the day.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely

from cami_units import qgis
from cami_units.model import FINDINGS, LONLAT, TABLES, InputError, Round, Table
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
# warning; GDAL 3.7 and later write 1.4 unless told otherwise, and we use nothing of it.
_VERSION: Final = "1.2"

_SAME_AS: Final = {"ranges_used": "ranges"}

_TYPES: Final[Mapping[str, Mapping[str, pa.DataType]]] = {
    "conservation_units": {
        "disputed": pa.bool_(),
        "rank": pa.int64(),
        "n_countries": pa.int64(),
        "n_species": pa.int64(),
        "score": pa.float64(),
        "area_km2": pa.float64(),
        "confidence": pa.float64(),
    },
    "unit_criteria": {"met": pa.bool_(), "value": pa.float64(), "threshold": pa.float64()},
    "unit_species": {"overlap_km2": pa.float64(), "range_share": pa.float64()},
    "unit_countries": {"area_km2": pa.float64(), "share": pa.float64()},
    "planning_units": {
        "richness": pa.int64(),
        "n_shared": pa.int64(),
        "threat_weight": pa.float64(),
        "range_rarity": pa.float64(),
        "score": pa.float64(),
    },
    "features": {"range_km2": pa.float64()},
    "ranges": {"presence": pa.int64(), "origin": pa.int64(), "seasonal": pa.int64()},
    "barriers": {"permeability": pa.float64()},
}
"""What is not text in the tables of a round. Said here, so that a column that is empty today, or
happens to hold whole numbers, is no other column tomorrow."""

_GEOMETRY: Final = {"polygon": "MultiPolygon", "line": "MultiLineString", "point": "MultiPoint"}

_MULTI: Final[Mapping[str, Callable[..., Any]]] = {
    "Polygon": shapely.multipolygons,
    "LineString": shapely.multilinestrings,
    "Point": shapely.multipoints,
}


def write_geopackage(path: Path, round: Round) -> None:
    """Write the tables of a round as the layers of one GeoPackage, dated as the round is.

    QGIS finds the styles of the layers in it.

    Raises
    ------
    InputError
        A column holds more than one kind of value, or the disk is full.
    """
    # The units come first, since many programs open the first layer of a file.
    names = sorted(round.tables, key=lambda name: (name != UNIT_TABLES[0], name))
    with _gdal_date(round.imprint.date):
        for number, name in enumerate(names):
            _write_layer(path, name, round.tables[name], append=number > 0)
        spatial = [name for name in names if isinstance(round.tables[name], gpd.GeoDataFrame)]
        species = round.tables.get("species", pd.DataFrame({"sci_name": []}))["sci_name"]
        styles = qgis.layer_styles(
            spatial,
            day=round.imprint.date,
            lang=round.imprint.languages[0],
            species=species.astype(str).tolist(),
        )
        _write_layer(path, qgis.TABLE, styles, append=True)


def _write_layer(path: Path, name: str, table: pd.DataFrame, *, append: bool) -> None:
    """Write a table as a layer, its columns typed as the table promises."""
    rows = _sorted_rows(table, name)
    geometry = rows.geometry if isinstance(rows, gpd.GeoDataFrame) else None
    plain = pd.DataFrame(rows if geometry is None else rows.drop(columns=geometry.name))
    layer = _arrow(plain, name)
    options: dict[str, Any] = {"layer_options": {"FID": "fid"}}
    if geometry is not None:
        kind, shapes = _one_kind(geometry, name)
        layer = layer.append_column("geom", pa.array(shapely.to_wkb(shapes), type=pa.binary()))
        options = {
            "geometry_name": "geom",
            "geometry_type": kind,
            "crs": LONLAT,
            "layer_options": {"FID": "fid", "GEOMETRY_NAME": "geom"},
        }
    try:
        pyogrio.write_arrow(
            layer,
            path,
            layer=name,
            driver="GPKG",
            append=append,
            dataset_options={} if append else {"VERSION": _VERSION},
            **options,
        )
    except RuntimeError as error:
        raise InputError(
            f"The layer '{name}' of {path.name} could not be written. Is the disk full, or the "
            f"folder read-only? Make room, or choose another folder. ({str(error)[:160]} …)"
        ) from error


@contextmanager
def _gdal_date(day: str) -> Iterator[None]:
    """GDAL stamps the layers of a GeoPackage with now, unless it is told what day it is."""
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{day}T00:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _sorted_rows(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows by key; those of a table that has no contract by everything they say."""
    promise: Table | None = TABLES.get(_SAME_AS.get(name, name))
    plain_columns = [str(column) for column in table.columns if not _is_geometry(table, column)]
    keys = (
        list(promise.key) if promise and set(promise.key) <= set(plain_columns) else plain_columns
    )
    if not keys:
        return table
    return table.sort_values(keys, key=_order, kind="stable").reset_index(drop=True)


def _is_geometry(table: pd.DataFrame, column: object) -> bool:
    return isinstance(table, gpd.GeoDataFrame) and column == table.active_geometry_name


def _order(values: pd.Series) -> pd.Series:
    """The values of a column as rows are sorted by them."""
    if values.name == "criterion":  # gates first, then C1 to C9, then what a profile adds
        place = {name: number for number, name in enumerate(FINDINGS)}
        return values.map(lambda name: f"{place.get(name, len(place)):02d}{name:>8}")
    return values if pd.api.types.is_numeric_dtype(values) else values.astype(str)


def _arrow(table: pd.DataFrame, name: str) -> pa.Table:
    """A table with the types that it promises."""
    types = _TYPES.get(_SAME_AS.get(name, name), {})
    columns = {}
    for column in map(str, table.columns):
        try:
            columns[column] = _typed(pa.array(table[column], from_pandas=True), types.get(column))
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


def _one_kind(geometry: gpd.GeoSeries, name: str) -> tuple[str, Any]:
    """Geometries of one kind, multi where any is, and what it is called."""
    promise = TABLES.get(_SAME_AS.get(name, name))
    kinds = {str(kind).removeprefix("Multi") for kind in geometry.geom_type.dropna()}
    if promise is not None and promise.geometry in _GEOMETRY:
        kind = _GEOMETRY[str(promise.geometry)]
    elif len(kinds) == 1 and kinds <= set(_MULTI):
        kind = f"Multi{kinds.pop()}"
    else:
        return "Unknown", geometry.array
    return kind, _multi(np.asarray(geometry.array, dtype=object))


def _multi(shapes: Any) -> Any:
    """Each single shape as a collection of one; the others as they are."""
    multiparts = shapes.copy()
    for kind, make in _MULTI.items():
        single = np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType[kind.upper()])
        if len(single):
            multiparts[single] = make(shapes[single], indices=np.arange(len(single)))
    return multiparts


def read_geopackage(path: Path, *, only: Collection[str] | None = None) -> dict[str, pd.DataFrame]:
    """The tables of a round's GeoPackage, those named in `only` or all, in the order of the file."""
    if not path.is_file():
        raise InputError(
            f"The round in '{path.parent}' is not whole: {path.name} is missing. Take an "
            "untouched copy of the round, or make it again."
        )
    try:
        names = [str(name) for name, _ in pyogrio.list_layers(path) if name != qgis.TABLE]
        wanted_names = [name for name in names if only is None or name in only]
        return {name: _read_layer(path, name) for name in wanted_names}
    except (RuntimeError, shapely.errors.ShapelyError) as error:
        raise InputError(
            f"'{path}' cannot be read: {error}. Take an untouched copy of the round, or make it again."
        ) from error


def _read_layer(path: Path, name: str) -> pd.DataFrame:
    """Read a layer as it was written: types, single shapes, missing whole numbers."""
    about, layer = pyogrio.read_arrow(path, layer=name)
    table: pd.DataFrame = layer.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
    for column in layer.column_names:
        if pa.types.is_integer(layer.schema.field(column).type) and layer[column].null_count:
            table[column] = pd.array(layer[column].to_pylist(), dtype="Int64")
    if about["geometry_type"] is None:
        return table
    shapes = np.asarray(shapely.from_wkb(table[about["geometry_name"]]), dtype=object)
    alone = shapely.get_num_geometries(shapes) == 1
    shapes[alone] = shapely.get_geometry(shapes[alone], 0)
    table = table.drop(columns=about["geometry_name"])
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
        One after another, with the same columns; each becomes row groups of its own.
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
        first = next(waiting, None)
        if first is None:
            raise InputError(f"'{path}' was not written: there is nothing to write.")
        table = pa.Table.from_pandas(first, preserve_index=False)
        metadata = {"cami_units": json.dumps(about, ensure_ascii=False, sort_keys=True)}
        schema = table.schema.with_metadata(metadata)
        with pq.ParquetWriter(
            staged, schema, compression="zstd", use_dictionary=list(words)
        ) as out:
            out.write_table(table.cast(schema))
            for part in waiting:
                table = pa.Table.from_pandas(part, schema=schema, preserve_index=False)
                out.write_table(table.cast(schema))

    return write_atomically(path, write)
