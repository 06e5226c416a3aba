"""Rounds on disk: a folder with a GeoPackage, the products of other rooms, and a manifest.

A folder appears whole or not at all. It is built beside its target under a hidden name, flushed to
the disk, and renamed into place; whoever pulls the plug keeps the round that was there. The same
round gives the same bytes: rows are sorted by their keys, the layers' schema does not hang on the
values of the day, and the only date inside is the round's own.
"""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely

from cami_units import qgis
from cami_units.model import (
    FINDINGS,
    LONLAT,
    TABLES,
    Imprint,
    InputError,
    Round,
    Table,
    check_table,
    crs_name,
    listed,
    same_crs,
)

GEOPACKAGE: Final = "conservation_units.gpkg"
MANIFEST: Final = "manifest.json"

FORMAT: Final = 1
"""The version of the layout of a round; a round of a later one is refused, not guessed at."""

UNIT_TABLES: Final = (
    "conservation_units",
    "not_proposed",
    "unit_criteria",
    "unit_species",
    "unit_countries",
)
"""The tables without which a folder is no round."""

Writer = Callable[[Path], None]
"""Writes one file, at the path it is given."""

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
# A folder on its way in, and the one it replaces: both hidden, both beside the target.
_STAGED: Final = "writing"
_ASIDE: Final = "replaced"
# What file managers, office programs and QGIS leave behind in a folder; nobody misses it.
_LITTER: Final = ("Thumbs.db", "desktop.ini", ".DS_Store", "._*", ".directory", ".~lock.*", "~$*")
_LITTER_OF_GEOPACKAGES: Final = ("*.gpkg-wal", "*.gpkg-shm", "*.gpkg-journal")


# -- rounds ---------------------------------------------------------------------------------------


def write_round(
    round: Round,
    directory: Path,
    *,
    files: Mapping[str, Writer] | None = None,
    force: bool = False,
) -> Path:
    """Write a round as a folder: all of it, or nothing.

    Parameters
    ----------
    round : Round
        Its tables have longitude and latitude; those that :data:`~cami_units.model.TABLES` names
        are checked. The order of their rows does not matter.
    directory : Path
        The folder to make. Missing parents are made too.
    files : mapping, optional
        Further files of the round: a plain file name, and what writes it when called with a path.
    force : bool
        Whether an existing round may be replaced. It never replaces anything else: a folder that
        is no round, or that also holds files which are not the round's, is left alone.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        When the folder exists and `force` is false or may not be used; when a table is not as
        expected; when the place cannot be written to or the disk is full.

    Notes
    -----
    `manifest.json` is the round's manifest plus ``format``, ``imprint`` and ``outputs`` (SHA-256 of
    every file). Replacing takes two renames. Between them, for the blink of an eye, there is no
    folder at the target; if the power goes just then, the next :func:`write_round` or
    :func:`read_round` puts the old one back.
    """
    writers = {GEOPACKAGE: lambda path: write_geopackage(path, round), **(files or {})}
    _check_names(writers, files or {})
    _check_round(round)
    check_place(directory, force=force)
    with staging(directory, replace=True) as folder:
        for name, write in writers.items():
            write(folder / name)
        outputs = {name: sha256(folder / name) for name in sorted(writers)}
        (folder / MANIFEST).write_bytes(_json({**_manifest(round), "outputs": outputs}))
    return directory


def check_place(directory: Path, *, force: bool = False) -> None:
    """Refuse a folder that :func:`write_round` would refuse, before anything is computed.

    Parameters
    ----------
    directory : Path
        The folder a round is to be written to.
    force : bool
        Whether an existing round may be replaced.

    Raises
    ------
    InputError
        When it is a file, holds something that is no round, holds a round and `force` is false, or
        holds files beside the round's own, which would be lost; when it cannot be written to, or
        is the folder one is in.
    """
    target, shown = _absolute(directory), directory
    _put_back(target)
    ground = next(parent for parent in target.parents if parent.exists())
    if not os.access(ground, os.W_OK):
        raise InputError(f"'{shown}' cannot be made: {_reason(PermissionError(errno.EACCES, ''))}")
    _check_not_here(target, shown)
    if not target.exists():
        return
    if not target.is_dir():
        raise InputError(f"'{shown}' is a file, where a folder is to be made. Choose another.")
    inside = sorted(path.name for path in target.iterdir() if not is_litter(path.name))
    if not inside:
        return
    if MANIFEST not in inside:
        raise InputError(
            f"'{shown}' is not empty and holds no round ({listed(inside)}). "
            "It was left as it is; choose another folder."
        )
    if not force:
        raise InputError(
            f"There is a round in '{shown}' already. Choose another folder with --out, or "
            "replace it with --force."
        )
    own = {MANIFEST, *_read_manifest(target, shown).get("outputs", {})}
    others = [name for name in inside if name not in own]
    if others:
        raise InputError(
            f"'{shown}' also holds what the round itself did not write: {listed(others)}. "
            "--force would delete it. Move it elsewhere first, or choose another folder."
        )


def check_only(directory: Path, *, is_ours: Callable[[str], bool]) -> None:
    """Refuse a folder that is to be replaced but holds what somebody else put there.

    Parameters
    ----------
    directory : Path
        The folder, there or not.
    is_ours : callable
        Says of a file name whether the caller may replace it.

    Raises
    ------
    InputError
        With the first few names that are not the caller's.
    """
    target = _absolute(directory)
    if not target.is_dir():
        return
    others = sorted(
        path.name
        for path in target.iterdir()
        if not is_litter(path.name) and (path.is_dir() or not is_ours(path.name))
    )
    if others:
        raise InputError(
            f"'{directory}' also holds {listed(others)}, which would be lost. "
            "Move it elsewhere first, or choose another folder with --out."
        )


def update_round(round: Round, directory: Path, *, files: Mapping[str, Writer]) -> Path:
    """Write a round over the one it was read from, with everything else in its folder kept.

    Parameters
    ----------
    round : Round
        The round with what was added to its tables.
    directory : Path
        The folder it was read from.
    files : mapping
        As in :func:`write_round`: what is to be written anew, or added.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        As :func:`write_round`; or when there is no round in the folder.

    Notes
    -----
    Whole or not at all, as :func:`write_round`: packs, decisions and other files in the folder are
    carried over byte by byte, and those the manifest vouches for keep their line in it.
    """
    target = _absolute(directory)
    _put_back(target)
    before = _read_manifest(target, directory)["outputs"]
    writers = {GEOPACKAGE: lambda path: write_geopackage(path, round), **files}
    _check_names(writers, files)
    _check_round(round)
    with staging(directory, replace=True) as folder:
        for path in sorted(target.iterdir()):
            if path.name not in writers and path.name != MANIFEST and not is_litter(path.name):
                copy: Callable[..., Any] = shutil.copytree if path.is_dir() else shutil.copy2
                copy(path, folder / path.name)
        for name, write in writers.items():
            write(folder / name)
        vouched = {name: hash_ for name, hash_ in before.items() if (folder / name).is_file()}
        outputs = vouched | {name: sha256(folder / name) for name in writers}
        manifest = {**_manifest(round), "outputs": dict(sorted(outputs.items()))}
        (folder / MANIFEST).write_bytes(_json(manifest))
    return directory


def read_round(directory: Path) -> Round:
    """Read a round back from its folder.

    Parameters
    ----------
    directory : Path
        A folder that :func:`write_round` made.

    Returns
    -------
    Round
        Tables in the order of the file, sorted by key, geometry in longitude and latitude (a
        multipart geometry of one part comes back as that part). Columns of yes and no are
        ``boolean``, whole numbers with gaps ``Int64``.

    Raises
    ------
    InputError
        When the folder is no round, or a file of it is missing, damaged, or of a later version.

    Examples
    --------
    >>> import cami_units as cu
    >>> from pathlib import Path
    >>> cu.read_round(Path("nowhere"))
    Traceback (most recent call last):
        ...
    cami_units.model.InputError: There is no folder 'nowhere'. Name the folder of a round.
    """
    target = _absolute(directory)
    _put_back(target)
    manifest = _read_manifest(target, directory)
    imprint = manifest.pop("imprint")
    for key in ("format", "outputs"):
        manifest.pop(key, None)
    tables = _read_geopackage(target / GEOPACKAGE)
    missing = [name for name in UNIT_TABLES if name not in tables]
    if missing:
        raise InputError(
            f"The round in '{directory}' is not whole: {GEOPACKAGE} lacks {listed(missing)}. "
            "Take an untouched copy of the round, or make it again."
        )
    for name, table in tables.items():
        if name in TABLES:
            check_table(table, name)
    return Round(imprint=_imprint(imprint, directory), tables=tables, manifest=manifest)


def rounds_in(directory: Path) -> dict[Path, Mapping[str, Any]]:
    """The rounds that lie in a folder, each with its manifest, by name; damaged ones are passed over."""
    found: dict[Path, Mapping[str, Any]] = {}
    for path in sorted(Path(directory).glob(f"*/{MANIFEST}")):
        if path.parent.name.startswith("."):  # what a run that was killed has left
            continue
        with suppress(InputError):
            found[path.parent] = _read_manifest(path.parent, path.parent)
    return found


def _check_names(writers: Mapping[str, Writer], extra: Mapping[str, Writer]) -> None:
    odd = [name for name in writers if PurePath(name).name != name or name in {"", ".", ".."}]
    if odd:
        raise InputError(f"A round holds plain file names; these are not: {listed(odd)}.")
    taken = sorted({GEOPACKAGE, MANIFEST} & set(extra))
    if taken:
        raise InputError(f"{listed(taken)} is written by the store itself; choose another name.")


def _check_round(round: Round) -> None:
    faults = [f"The table '{name}' is missing." for name in UNIT_TABLES if name not in round.tables]
    for name, table in round.tables.items():
        try:
            if name in TABLES:
                spatial = TABLES[name].geometry is not None
                check_table(table, name, crs=LONLAT if spatial else None)
            if isinstance(table, gpd.GeoDataFrame) and not same_crs(table.crs or LONLAT, LONLAT):
                faults.append(f"The table '{name}' is in {crs_name(table.crs)}, not in {LONLAT}.")
        except InputError as error:
            faults.append(str(error))
    try:
        date.fromisoformat(round.imprint.date)
    except ValueError:
        faults.append(f"The date must be written as 2026-11-22; '{round.imprint.date}' came.")
    if faults:
        raise InputError("This round cannot be written. " + " ".join(dict.fromkeys(faults)))


def _check_not_here(target: Path, shown: Path) -> None:
    # It would be swapped for another folder of the same name, under the feet of the shell.
    if target in (Path.cwd(), *Path.cwd().parents):
        raise InputError(
            f"'{shown}' is the folder you are in, or one around it. Name a new folder inside it."
        )


def is_litter(name: str) -> bool:
    """Whether a file is what file managers and office programs leave behind; nobody misses it."""
    return any(fnmatchcase(name, pattern) for pattern in _LITTER + _LITTER_OF_GEOPACKAGES)


def _manifest(round: Round) -> dict[str, Any]:
    return {**round.manifest, "format": FORMAT, "imprint": asdict(round.imprint)}


def _json(manifest: Mapping[str, Any]) -> bytes:
    text = json.dumps(
        manifest, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False, default=_plain
    )
    return (text + "\n").encode("utf-8", "replace")


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, PurePath):
        return value.name  # a folder says whose machine this was
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence | np.ndarray):
        return list(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"The manifest cannot hold a {type(value).__name__}: {value!r}")


def _read_manifest(target: Path, shown: Path) -> dict[str, Any]:
    path = target / MANIFEST
    if not target.exists():
        raise InputError(f"There is no folder '{shown}'. Name the folder of a round.")
    if not path.is_file():
        raise InputError(
            f"'{shown}' is not a round: it has no {MANIFEST}. Name the folder that holds "
            f"{GEOPACKAGE} and {MANIFEST}."
        )
    try:
        manifest = json.loads(path.read_bytes())
        version = int(manifest["format"])
        dict(manifest["imprint"])
        dict(manifest["outputs"])
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(shown, f"{type(error).__name__}: {error}") from error
    if version > FORMAT:
        raise InputError(
            f"The round in '{shown}' was written by a later version of cami_units (layout "
            f"{version}; this one reads up to {FORMAT}). Update cami_units."
        )
    return dict(manifest)


def _imprint(written: Mapping[str, Any], directory: Path) -> Imprint:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in written.items()
    }
    try:
        return Imprint(**values)
    except TypeError as error:
        raise _damaged(directory, f"its imprint is not as expected: {error}") from error


def _damaged(directory: Path, what: str) -> InputError:
    return InputError(
        f"{MANIFEST} in '{directory}' is damaged ({what}). Take an untouched copy of the round, "
        "or move this folder away and make the round again."
    )


# -- the GeoPackage -------------------------------------------------------------------------------


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
        styles = qgis.layer_styles(spatial, day=round.imprint.date)
        _write_layer(path, qgis.TABLE, styles, append=True)


def _write_layer(path: Path, name: str, table: pd.DataFrame, *, append: bool) -> None:
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
        pyogrio.write_arrow(layer, path, layer=name, driver="GPKG", append=append, **options)
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
    spoken = [str(column) for column in table.columns if not _is_geometry(table, column)]
    keys = list(promise.key) if promise and set(promise.key) <= set(spoken) else spoken
    if not keys:
        return table
    return table.sort_values(keys, key=_order, kind="stable").reset_index(drop=True)


def _is_geometry(table: pd.DataFrame, column: object) -> bool:
    return isinstance(table, gpd.GeoDataFrame) and column == table.active_geometry_name


def _order(values: pd.Series) -> pd.Series:
    if values.name == "criterion":  # gates first, then C1 to C9, then what a profile adds
        place = {name: number for number, name in enumerate(FINDINGS)}
        return values.map(lambda name: f"{place.get(name, len(place)):02d}{name:>8}")
    return values if pd.api.types.is_numeric_dtype(values) else values.astype(str)


def _arrow(table: pd.DataFrame, name: str) -> pa.Table:
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
    if promised is None and pa.types.is_dictionary(values.type):
        promised = values.type.value_type
    if promised is None and pa.types.is_null(values.type):
        promised = pa.string()
    return values if promised is None else values.cast(promised)


def _one_kind(geometry: gpd.GeoSeries, name: str) -> tuple[str, Any]:
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
    made = shapes.copy()
    for kind, make in _MULTI.items():
        single = np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType[kind.upper()])
        if len(single):
            made[single] = make(shapes[single], indices=np.arange(len(single)))
    return made


def _read_geopackage(path: Path) -> dict[str, pd.DataFrame]:
    if not path.is_file():
        raise InputError(
            f"The round in '{path.parent}' is not whole: {path.name} is missing. Take an "
            "untouched copy of the round, or make it again."
        )
    try:
        names = [str(name) for name, _ in pyogrio.list_layers(path)]
        return {name: _read_layer(path, name) for name in names if name != qgis.TABLE}
    except (RuntimeError, shapely.errors.ShapelyError) as error:
        raise InputError(
            f"'{path}' cannot be read: {error}. Take an untouched copy of the round, or make it again."
        ) from error


def _read_layer(path: Path, name: str) -> pd.DataFrame:
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


# -- logs that only grow --------------------------------------------------------------------------


def append_to_log(path: Path, row: Mapping[str, str], *, columns: Sequence[str]) -> None:
    """Add one line to a CSV that only ever grows, and see it onto the disk before going on.

    Parameters
    ----------
    path : Path
        The log. It is made, with a line of column names, when it is not there.
    row : mapping
        A value for each column, on one line; control characters have no place in it.
    columns : sequence of str
        The columns of the log, in order.

    Raises
    ------
    InputError
        When the file is something else, cannot be written to, or the disk is full.

    Notes
    -----
    A line counts once its line feed is written. What a power cut has left of a last line is cut
    off before the next one is added, unless it has all its columns (somebody edited the file by
    hand and left out the last line feed).
    """
    values = [row[column] for column in columns]
    odd = [value for value in values if any(ord(letter) < 32 for letter in value)]
    if odd:
        raise InputError(f"A line of {path.name} takes one line of text: {listed(odd, 1)!r} came.")
    with _disk_words(path):
        whole = _mended_log(path, columns)
        lines = [] if whole else [columns]
        text = "".join(_csv_line(line) for line in [*lines, values])
        with path.open("ab") as stream:
            stream.write(text.encode("utf-8"))
            stream.flush()
            os.fsync(stream.fileno())
        _flush(path.parent)


def read_log(path: Path, *, columns: Sequence[str]) -> pd.DataFrame:
    """The lines of a log that :func:`append_to_log` keeps, as text; no file is a log of no lines.

    Raises
    ------
    InputError
        When the columns are not those expected, naming them, or a line inside is damaged, naming
        its number. A last line that a power cut has left unfinished is passed over.
    """
    empty = pd.DataFrame({column: pd.Series(dtype=str) for column in columns})
    if not path.is_file():
        return empty
    with _disk_words(path):
        content = path.read_bytes()
    lines = content.decode("utf-8-sig", "replace").split("\n")
    if len(lines) == 1:  # not even the columns were finished
        return empty
    if _csv_fields(lines[0]) != list(columns):
        raise InputError(
            f"'{path.name}' begins with other columns than expected: {','.join(columns)}. It is "
            "kept by the program; if it was saved from a spreadsheet, take the copy from before."
        )
    rows, damaged = [], []
    for number, line in enumerate(lines[1:], start=2):
        fields = _csv_fields(line)
        if len(fields) == len(columns):
            rows.append(fields)
        elif line.strip("\r ") and number < len(lines):
            damaged.append(number)
    if damaged:
        raise InputError(
            f"'{path.name}' is damaged in line {listed(damaged)}: {len(columns)} values are "
            "expected in each. Mend the line or take it out; nothing was changed."
        )
    return pd.DataFrame(rows, columns=list(columns), dtype=str) if rows else empty


def _mended_log(path: Path, columns: Sequence[str]) -> bool:
    """Whether the log has its first line; an unfinished last line is finished or cut off."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        return False
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        kept, _, torn = content.rpartition(b"\n")
        whole = bool(kept) and len(_csv_fields(torn.decode("utf-8", "replace"))) == len(columns)
        with path.open("r+b") as stream:
            if whole:
                stream.seek(0, os.SEEK_END)
                stream.write(b"\n")
            else:
                stream.truncate(len(kept) + 1 if b"\n" in content else 0)
            stream.flush()
            os.fsync(stream.fileno())
        return whole or bool(kept)
    return bool(content)


def _csv_line(values: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(values)
    return buffer.getvalue()


def _csv_fields(line: str) -> list[str]:
    try:
        return next(csv.reader([line.rstrip("\r")], strict=True), [])
    except csv.Error:  # it ends within quotes
        return []


# -- the folder of a workshop ---------------------------------------------------------------------

_PROFILE_LINE: Final = re.compile(r'^# *(profile = "criteria\.toml")', re.MULTILINE)

_WORKSHOP: Final = """\
# A workshop

`plan.toml` says what the workshop is and which layers go in, `criteria.toml` by which numbers
units are proposed. Both explain themselves, and both work as they stand: the layers that the plan
does not name are the bundled INDICATIVE ones.

1. Open `plan.toml` in a text editor; change `title` and `date`.
2. Put your layers into `inputs/`, and name them under `[layers]`. A range there replaces the
   bundled range of that species; any other layer replaces the bundled one whole.
3. `cami-units check plan.toml` says what was found in each file and what must be mended.
4. `cami-units propose plan.toml` writes the first round into `rounds/00-proposal`: `map.html` for
   any browser, `conservation_units.kmz` for Google Earth, and the tables.

IUCN Red List ranges and WDPA protected areas may not be passed on: keep `inputs/` to yourself.
"""


def write_workshop(directory: Path, *, plan: Path, criteria: Path) -> list[Path]:
    """Write the folder of a workshop: a plan, its criteria, a place for layers, a README.

    Parameters
    ----------
    directory : Path
        A new or empty folder.
    plan, criteria : Path
        The files to begin with. Where the plan has the line that names `criteria.toml` switched
        off, it is switched on.

    Returns
    -------
    list of Path
        What was written, in the order in which one would read it.

    Raises
    ------
    InputError
        When the folder is not empty, is the one you are in, or cannot be written to.
    """
    texts = {
        "README.md": _WORKSHOP,
        "plan.toml": _PROFILE_LINE.sub(r"\1", plan.read_text(encoding="utf-8")),
        "criteria.toml": criteria.read_text(encoding="utf-8"),
    }
    with staging(directory) as folder:
        (folder / "inputs").mkdir()
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [directory / name for name in (*texts, "inputs")]


# -- whole or not at all --------------------------------------------------------------------------


@contextmanager
def staging(directory: Path, *, replace: bool = False) -> Iterator[Path]:
    """A hidden folder that becomes `directory` when the block ends well, and vanishes otherwise.

    Parameters
    ----------
    directory : Path
        The folder that is to be there afterwards, with what was put into the staging folder.
    replace : bool
        Whether a folder with something in it may be replaced as a whole.

    Raises
    ------
    InputError
        When the folder holds something and `replace` is false; when the place cannot be written
        to, the disk is full, or a program has a file of the old folder open.
    """
    target = _absolute(directory)
    if not replace and target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"'{directory}' exists and is not empty. Choose another folder.")
    _check_not_here(target, directory)
    with _workplace(target, directory) as staged:
        yield staged
        for path in sorted(staged.rglob("*")):
            _flush(path)
        _flush(staged)
        _swap(staged, target)
        _flush(target.parent)


def write_atomically(path: Path, writer: Writer) -> Path:
    """Write one file so that it is there whole, or as it was.

    Parameters
    ----------
    path : Path
        The file to write or to replace. Its folder is made when it is missing.
    writer : callable
        Writes the file at the path it is given, which has the same name and lies elsewhere.

    Raises
    ------
    InputError
        When the place cannot be written to or the disk is full.
    """
    target = _absolute(path)
    if target.is_dir():
        raise InputError(f"'{path}' is a folder, where a file is to be written.")
    with _workplace(target, path) as staged:
        writer(staged / target.name)
        _flush(staged / target.name)
        (staged / target.name).replace(target)
        _flush(target.parent)
    return path


@contextmanager
def _workplace(target: Path, shown: Path) -> Iterator[Path]:
    """A hidden folder beside the target, gone afterwards, as are parents that were made in vain."""
    made = [parent for parent in target.parents if not parent.exists()]
    staged = _beside(target, f"{_STAGED}-{uuid.uuid4().hex[:8]}")
    try:
        with _disk_words(shown):
            target.parent.mkdir(parents=True, exist_ok=True)
            _put_back(target)
            _sweep(target)
            staged.mkdir()
            yield staged
    finally:
        shutil.rmtree(staged, ignore_errors=True)
        for parent in made:
            with suppress(OSError):  # it holds what was written
                parent.rmdir()


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

    def write(staged: Path) -> None:
        waiting = iter(parts)
        first = next(waiting, None)
        if first is None:
            raise InputError(f"'{path}' was not written: there is nothing to write.")
        table = pa.Table.from_pandas(first, preserve_index=False)
        told = {"cami_units": json.dumps(about, ensure_ascii=False, sort_keys=True)}
        schema = table.schema.with_metadata(told)
        with pq.ParquetWriter(
            staged, schema, compression="zstd", use_dictionary=list(words)
        ) as out:
            out.write_table(table.cast(schema))
            for part in waiting:
                table = pa.Table.from_pandas(part, schema=schema, preserve_index=False)
                out.write_table(table.cast(schema))

    return write_atomically(path, write)


def copy_of(path: Path) -> Writer:
    """A writer of one file of a round: the bytes of another file."""

    def write(target: Path) -> None:
        shutil.copyfile(path, target)

    return write


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _absolute(path: Path) -> Path:
    # Through links, so that what a link points to is replaced and not the link.
    return Path(path).expanduser().resolve()


def _beside(target: Path, suffix: str) -> Path:
    return target.with_name(f".{target.name}.{suffix}")


def _swap(staged: Path, target: Path) -> None:
    aside = _beside(target, _ASIDE)
    if target.exists():
        target.replace(aside)
    try:
        staged.replace(target)
    except OSError:
        _put_back(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _put_back(target: Path) -> None:
    """Undo a replacement that was cut off halfway, or finish clearing up after one."""
    aside = _beside(target, _ASIDE)
    with suppress(OSError):
        if target.exists():
            shutil.rmtree(aside, ignore_errors=True)
        elif aside.exists():
            aside.replace(target)


def left_behind(directory: Path) -> list[Path]:
    """Hidden folders that runs which were killed have left beside a folder they were making.

    They are no rounds and do no harm; the next one that writes to `directory` removes them.
    """
    target = _absolute(directory)
    return sorted(target.parent.glob(f".{_globbed(target.name)}.{_STAGED}-*"))


def _sweep(target: Path) -> None:
    """Remove what a run that was killed has left. A run still at work then fails, and says so."""
    for left in left_behind(target):
        shutil.rmtree(left, ignore_errors=True)


def _globbed(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _flush(path: Path) -> None:
    """Ask the system to put a file or a folder on the disk now. Windows cannot do so for folders."""
    if path.is_file():
        with path.open("r+b") as stream:
            os.fsync(stream.fileno())
        return
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _disk_words(place: Path) -> Iterator[None]:
    """Turn what the system says of a disk into what a person can do about it."""
    try:
        yield
    except OSError as error:
        raise InputError(f"'{place}' was not written: {_reason(error)}") from error


def _reason(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}:
        return "the disk is full. Make room, or choose a folder on another disk."
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return (
            "writing there is not allowed, or another program has a file open. Close it, or "
            "choose a folder of your own."
        )
    if error.errno in {errno.ENAMETOOLONG, errno.EINVAL}:
        return "the name is too long or not allowed here. Choose a shorter, plainer one."
    if error.errno == errno.ENOENT:
        return (
            "a file vanished while it was being written. Perhaps another run writes to the same "
            "place; let it finish, and run this one again."
        )
    return f"{error.strerror or error}. Choose another folder."
