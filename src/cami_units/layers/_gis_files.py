"""Files in: what a plan names is found, hashed, and read row by row as it stands.

Nothing is mended here. A file becomes one :class:`Dataset` for each of its layers that fits,
with rows numbered from 1 as a person counts them.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj.exceptions
import shapely
from numpy.typing import NDArray

from cami_units.layers import _database as database
from cami_units.layers._occurrences import clean_points
from cami_units.layers._point_tables import (
    TABLES,
    WORKBOOKS,
    is_record_archive,
    is_reference_table,
    point_table,
)
from cami_units.layers._rasters import RASTERS, SeveralValuesError, raster_range
from cami_units.layers._reading import AdvisedError, Dataset, FileRules
from cami_units.layers._shape_checks import Kind, Level, geometry_of
from cami_units.model import (
    ARCHIVE_DAMAGE,
    LONLAT,
    RECORDS,
    InputError,
    Note,
    Problem,
    guessed_text,
    in_short,
    plan_lines,
    problem_of,
    quoted,
    read_crs,
    toml_key,
)

Select = Callable[[pd.DataFrame, str, FileRules], tuple[NDArray[np.bool_], list[Problem]]]
"""From the attributes of a file, its name and its rules: which rows are ours, and what became of
the rest."""

GDAL_SUFFIXES: Final = (
    *(".shp", ".gpkg", ".geojson", ".json", ".gdb", ".fgb"),
    *(".geojsonl", ".geojsons", ".ndjson", ".topojson", ".tab", ".mif", ".gml", ".sqlite"),
)
_WITHOUT_INDEX: Final = (
    *(".geojson", ".json", ".geojsonl", ".geojsons", ".ndjson", ".topojson"),
    *(".gml", ".mif"),
)
"""Kinds that GDAL reads from the beginning to the end, whatever is asked of them."""
PARQUET_SUFFIXES: Final = (".parquet", ".geoparquet")
KML_SUFFIXES: Final = (".kml", ".kmz")
SUFFIXES: Final = (*GDAL_SUFFIXES, *PARQUET_SUFFIXES, *KML_SUFFIXES, ".zip")

_SIDECARS: Final = (".dbf", ".shx", ".prj", ".cpg")
"""What a shapefile cannot do without, and what says how to read it."""
_BESIDE_SHAPES: Final = (*_SIDECARS, ".sbn", ".sbx", ".qix", ".qpj", ".qmd", ".qml", ".sld", ".xml")
_FAMILIES: Final = {
    ".shp": _SIDECARS,
    ".tab": (".dat", ".map", ".id", ".ind"),
    ".mif": (".mid",),
    ".gml": (".xsd", ".gfs"),
}
"""Kinds whose rows, keys or types lie in files beside them."""
_OF_DATABASES: Final = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a GeoPackage while it is open: the last edits are in the first."""
_FITTING: Final = {
    "polygon": re.compile("polygon|surface|unknown|geometry", re.IGNORECASE),
    "line": re.compile("line|curve|unknown|geometry", re.IGNORECASE),
    "point": re.compile("point|unknown|geometry", re.IGNORECASE),
    "any": re.compile("."),
    "every": re.compile("."),
}
UNREADABLE: Final = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FieldError,
    pyogrio.errors.FeatureError,
    pyogrio.errors.GeometryError,
    pyproj.exceptions.CRSError,
    shapely.errors.GEOSException,
    InputError,
    *ARCHIVE_DAMAGE,
)


# QGIS can write the geometry into a CSV as well-known text
_WKT: Final = re.compile(rb"\b(?:MULTI)?(?:POLYGON|SURFACE) ?(?:Z|M|ZM)? ?\(\(", re.IGNORECASE)


_HEAD: Final = 100_000
"""Bytes of a table that are looked at."""


def has_outlines_as_text(table: Path | bytes) -> bool:
    """Whether a table of text has a column of polygons; its beginning says so."""
    if isinstance(table, bytes):
        return _WKT.search(table[:_HEAD].replace(b"\0", b"")) is not None
    with table.open("rb") as stream:
        return has_outlines_as_text(stream.read(_HEAD))


def is_companion(path: Path) -> bool:
    """Whether a file is a part of another one beside it: of a shapefile, or of an open GeoPackage."""
    name = path.name.casefold()
    if any(name.endswith(f".gpkg{ending}") for ending in _OF_DATABASES):
        return True
    stem = path.name.removesuffix(path.suffix).removesuffix(".shp")
    return path.suffix.casefold() in _BESIDE_SHAPES and any(
        neighbour.suffix.casefold() == ".shp" and neighbour.stem == stem
        for neighbour in path.parent.iterdir()
    )


def found_files(layer: str, entries: Iterable[Path]) -> tuple[list[Path], list[Problem]]:
    """The files that paths, folders and patterns stand for, each once, sorted by name."""
    paths: dict[Path, None] = {}
    problems = []
    for entry in entries:
        try:
            files, notes = _files_of(layer, Path(entry))
            problems += notes if files else [_nothing_found(layer, Path(entry))]
        except OSError as error:  # too long a name; a folder that nobody may look into
            files, why = [], quoted(error.strerror or error)
            note = Note("layer unreadable", {"why": why})
            problems.append(problem_of("refuses", layer, Path(entry).name, "", note))
        # A file that two entries name is read once.
        paths.update(dict.fromkeys(files))
    # By name first: rows come in the same order wherever the folders lie.
    return sorted(paths, key=lambda path: (path.name, str(path))), problems


def _files_of(layer: str, entry: Path) -> tuple[list[Path], list[Problem]]:
    """The files that one entry stands for, and what was passed over in its folders."""
    if _is_folder(entry):
        return _files_in(layer, entry)
    # A file that is there is meant, even if its name has brackets or an asterisk in it.
    if entry.exists():
        # a device has no end, and a pipe perhaps no beginning
        return ([entry], []) if entry.is_file() or entry.is_dir() else ([], [])
    folder, pattern = _at_the_first_sign(entry)
    if not pattern:
        return [], []
    matches = sorted(folder.glob(pattern))
    files = _readable(path for path in matches if not _is_folder(path))
    problems = []
    for inner in (path for path in matches if _is_folder(path)):
        inner_files, notes = _files_in(layer, inner)
        files += inner_files
        problems += notes
    return files, problems


def _at_the_first_sign(entry: Path) -> tuple[Path, str]:
    """The folder that is there, and the pattern below it.

    A name that exists is a name, whatever signs are in it: "round [2]" is no pattern for "round 2".
    """
    folder = Path(entry.anchor)
    parts = entry.parts[1:] if entry.anchor else entry.parts
    for number, part in enumerate(parts):
        if re.search(r"[*?\[]", part) and not (folder / part).exists():
            return folder, str(Path(*parts[number:]))
        folder /= part
    return folder, ""


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder of files; a file geodatabase is one thing, though a folder."""
    return path.is_dir() and path.suffix.casefold() != ".gdb"


def _files_in(layer: str, folder: Path) -> tuple[list[Path], list[Problem]]:
    """The files below a folder; tables beside maps (as in a Red List download) are passed over."""
    files = _readable(folder.rglob("*"))
    maps = [path for path in files if path.suffix.casefold() != ".csv"]
    tables = [path.name for path in files if path.suffix.casefold() == ".csv"]
    # Records are tables: of them nothing is passed over.
    if not maps or not tables or layer in RECORDS:
        return files, []
    note = Note("tables passed over")
    return maps, [problem_of("note", layer, folder.name, in_short(sorted(tables)), note)]


def _readable(paths: Iterable[Path]) -> list[Path]:
    """The files of a kind that is read, or that people bring for one."""
    return [
        path
        for path in paths
        if path.suffix.casefold() in (*SUFFIXES, *RASTERS, ".csv", ".tsv")
        and not any(parent.suffix.casefold() == ".gdb" for parent in path.parents)
        and not path.name.startswith(".")
        and (path.is_file() or path.suffix.casefold() == ".gdb")
    ]


def _nothing_found(layer: str, entry: Path) -> Problem:
    """The refusal of a path that names nothing, with what is there instead."""
    folder = entry.parent
    # Enough to see a slip in a name: a folder may hold a hundred thousand files.
    names = sorted(path.name for path in folder.iterdir())[:200] if folder.is_dir() else []
    key: str = "nothing found"
    facts: dict[str, object] = {"folder": folder.name, "names": in_short(names)}
    if entry.is_dir():
        key, facts["names"] = "nothing of a kind read", in_short(SUFFIXES, None)
    elif entry.exists():
        key = "device for a layer"
    elif names:
        key = "nothing found, but"
    elif not folder.is_dir():
        key = "nothing found, no folder"
    # what is asked of a command, and of a table of a plan, no line of [layers] names
    advice = {"conservation_units": "path of sites", "context": "path of a context layer"}
    facts["advice"] = Note(advice.get(layer, "path of a layer"), {"layer": layer})
    return problem_of("refuses", layer, entry.name, "", Note(key, facts))


def file_hash(path: Path) -> str:
    """SHA-256 of a file; of a shapefile with its sidecars, of a folder with everything in it."""
    ending = path.suffix.casefold()
    if path.is_dir():
        members = sorted(inner for inner in path.rglob("*") if inner.is_file())
    elif ending in _FAMILIES:
        family = (inner for inner in path.parent.iterdir() if inner.stem == path.stem)
        members = sorted(
            (inner for inner in family if inner.suffix.casefold() in (ending, *_FAMILIES[ending])),
            key=lambda inner: inner.suffix.casefold(),
        )
    else:
        # the last edits of a GeoPackage that is open stand in the file beside it
        edits = path.with_name(f"{path.name}-wal")
        members = [path, edits] if _has_edits_beside(path) else [path]
    total = hashlib.sha256()
    for member in members:
        # The hash of a single file is that of its bytes, which any other program gives too.
        if len(members) > 1:
            total.update(member.suffix.casefold().encode() + b"\0")
        with member.open("rb") as stream:
            while block := stream.read(1 << 20):
                total.update(block)
    return total.hexdigest()


def _has_edits_beside(path: Path) -> bool:
    """Whether a GeoPackage has edits that are not in it yet, but in its write-ahead log."""
    edits = path.with_name(f"{path.name}-wal")
    is_package = path.suffix.casefold() == ".gpkg"
    return is_package and edits.is_file() and edits.stat().st_size > 0


def _keeps_a_log(path: Path) -> bool:
    """Whether a GeoPackage is written with a log beside it, which SQLite makes even where it only reads."""
    if path.suffix.casefold() != ".gpkg" or not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(20)[18:20] == b"\x02\x02"  # what may write and what may read: 2, a log


def _open_elsewhere(layer: str, path: Path) -> list[Problem]:
    """What a GeoPackage tells that is open in another program, or was copied while it was."""
    if _has_edits_beside(path):
        note = Note("open elsewhere", {"file": path.name})
    elif _keeps_a_log(path):
        note = Note("log missing")
    else:
        return []
    return [problem_of("note", layer, path.name, "", note)]


@contextmanager
def undisturbed(path: Path) -> Iterator[Path]:
    """The file to read: a copy where reading would write into it, or into its folder.

    SQLite writes edits that lie beside a file into it; GDAL leaves what it learnt of a GML beside it.
    """
    if _has_edits_beside(path) or _keeps_a_log(path):
        names = [path.name, f"{path.name}-wal"]
    elif path.suffix.casefold() == ".gml":
        names = [path.name, *(f"{path.stem}{ending}" for ending in _FAMILIES[".gml"])]
    else:
        yield path
        return
    with TemporaryDirectory() as folder:
        for name in names:
            if path.with_name(name).exists():
                shutil.copyfile(path.with_name(name), Path(folder) / name)
        yield Path(folder) / path.name


@dataclass(frozen=True, slots=True)
class _Request:
    """What is asked of a file: for which layer, of what geometry, which rows, and how."""

    layer: str
    file: str
    kind: Kind
    rules: FileRules
    select: Select

    def problem(self, level: Level, note: Note, where: str | Note = "", lines: str = "") -> Problem:
        """What is noticed of the file."""
        return problem_of(level, self.layer, self.file, where, note, lines)


def datasets(
    layer: str,
    path: Path,
    rules: FileRules | None = None,
    *,
    kind: Kind | None = None,
    select: Select | None = None,
) -> tuple[list[Dataset], list[Problem]]:
    """Every layer of a file whose geometry fits, as it stands.

    Parameters
    ----------
    layer
        What the file is for: a GeoPackage layer of that name is preferred to its neighbours.
    path
        Shapefile, zip, GeoPackage, GeoJSON, GeoParquet, file geodatabase, KML or KMZ; or a query
        (`.sql`).
    rules
        How the file is read.
    kind
        The geometry that fits, that of the layer unless told otherwise; layers of another kind are
        passed over and named.
    select
        Picks the rows that are ours by their attributes. Only their geometry is read: a whole
        download of the Red List or of WDPA holds a few rows for us.
    """
    # tracks come as positions too: what they are made of is a row of its own
    kind = kind or ("every" if layer == "telemetry" else geometry_of(layer))
    request = _Request(layer, path.name, kind, rules or FileRules(), select or _every_row)
    try:
        opened = _opened(path, request)
    except UNREADABLE as error:
        return [], [_unreadable(layer, path, error)]
    if opened is not None:
        return opened
    note = Note("kind not read", {"names": in_short((*SUFFIXES, database.SUFFIX), 99)})
    # Known kinds in the wrong place: what to do about them is another thing each.
    if path.suffix.casefold() in TABLES:
        is_outlined = has_outlines_as_text(path)
        note = Note("table of outlines not read" if is_outlined else "table not read")
    if path.suffix.casefold() in RASTERS:
        note = Note("raster not read")
    if path.suffix.casefold() in WORKBOOKS:
        note = Note("workbook not read")
    return [], [problem_of("refuses", layer, path.name, "", note)]


def _opened(path: Path, request: _Request) -> tuple[list[Dataset], list[Problem]] | None:
    """What a file holds, by the reader of its kind; None: no such kind is read in this role."""
    suffix = path.suffix.casefold()
    # First, and by our own reader: it mends what people break in a KML.
    if suffix in KML_SUFFIXES or (suffix == ".zip" and _is_kmz(path)):
        return _kml_datasets(path, request)
    if suffix in (database.SUFFIX, *PARQUET_SUFFIXES):
        table = database.queried(path) if suffix == database.SUFFIX else _parquet_table(path)
        dataset, notes = _chosen("", table, request)
        return [dataset], notes
    # A table gives points: no layer of areas or lines is made of it.
    takes_tables = request.layer in (*RECORDS, "context")
    if takes_tables and (suffix in TABLES or is_record_archive(path)):
        return _table_datasets(path, request)
    if suffix == ".zip":
        return _zip_datasets(path, request)
    if suffix in RASTERS and request.layer == "ranges":
        return _raster_datasets(path, request)
    if suffix in GDAL_SUFFIXES:
        opened = _open_elsewhere(request.layer, path)
        with undisturbed(path) as address:
            results, problems = _gdal_datasets("", str(address), request)
        return results, [*opened, *problems]
    return None


def _every_row(
    attributes: pd.DataFrame, file: str, rules: FileRules
) -> tuple[NDArray[np.bool_], list[Problem]]:
    """Which rows are ours where nothing says otherwise: all of them."""
    return np.ones(len(attributes), dtype=bool), []


def _chosen(part: str, table: gpd.GeoDataFrame, request: _Request) -> tuple[Dataset, list[Problem]]:
    """The rows of a table that are ours, numbered as in the file."""
    plain = table.set_axis(pd.RangeIndex(1, len(table) + 1, name="row"), axis=0)
    if plain.geometry.name != "geometry":
        # A plain column of that name, beside a geometry called otherwise, is in the way.
        plain = plain.drop(columns="geometry", errors="ignore").rename_geometry("geometry")
    name = f"{request.file}: {part}" if part else request.file
    ours, notes = request.select(pd.DataFrame(plain.drop(columns="geometry")), name, request.rules)
    return Dataset(request.file, part, plain[ours], len(plain)), notes


def _unreadable(layer: str, path: Path, error: Exception) -> Problem:
    """The refusal of a file that GDAL cannot open, with the cure that fits."""
    message = str(error).replace(str(path), path.name)
    if path.parent.name:  # of a file named without a folder it would be every full stop
        message = message.replace(str(path.parent), "…")
    first = next((line.strip() for line in message.splitlines() if line.strip()), "")
    # what we say ourselves is a note already, some with advice of its own
    why = error.note if isinstance(error, InputError) else quoted(first[:300])
    if isinstance(error, AdvisedError):
        note = Note("cannot be read", {"why": why.facts["what"], "advice": why.facts["advice"]})
        return problem_of("refuses", layer, path.name, "", note, error.lines)
    key = "layer unreadable"
    if path.suffix.casefold() == database.SUFFIX:
        key = "query unreadable"
    elif path.suffix.casefold() == ".shp" and not _beside(path, ".shx"):
        key = "shapefile without index"
    elif path.is_file() and path.stat().st_size == 0:
        key = "layer empty"
    facts = {} if key == "layer empty" else {"why": why if first else Note("no reason given")}
    return problem_of("refuses", layer, path.name, "", Note(key, facts))


def _beside(path: Path, suffix: str) -> bool:
    """Whether a file of this name and another ending lies beside."""
    return any(
        neighbour.stem == path.stem and neighbour.suffix.casefold() == suffix
        for neighbour in path.parent.iterdir()
    )


def _table_datasets(path: Path, request: _Request) -> tuple[list[Dataset], list[Problem]]:
    """The points of a table; of a context layer, those that are worth showing."""
    key = request.rules.plan_key
    if request.layer == "telemetry" and is_reference_table(path):
        return [], [request.problem("note", Note("table of Movebank passed over"))]
    table = point_table(
        path,
        layer=request.layer,
        columns=request.rules.columns,
        key=key,
        crs=request.rules.assumed_crs or LONLAT,
    )
    problems: list[Problem] = []
    if table.attrs["as_degrees"]:
        facts = {"entry": request.layer, "assumed": request.rules.assumed_crs}
        problems.append(request.problem("note", Note("table in degrees", facts)))
    if request.layer == "context":
        table, cleaning = clean_points(table, path.name, request.layer)
        problems += cleaning
    dataset, notes = _chosen("", table, request)
    return [replace(dataset, is_point_table=True)], [*problems, *notes]


def _raster_datasets(path: Path, request: _Request) -> tuple[list[Dataset], list[Problem]]:
    """A range as the outlines of the cells of a raster that count, by weight where the plan says so."""
    rule, faults = {}, []
    for key in ("at_least", "whole_at"):
        if (stated_value := request.rules.defaults.get(key)) is not None:
            try:
                rule[key] = float(stated_value)
            except ValueError:
                note = Note("defaults no number", {"entry": key, "value": str(stated_value)})
                faults.append(request.problem("refuses", note))
    if faults:
        return [], faults
    try:
        table = raster_range(path, **rule)
    except SeveralValuesError as error:
        lines = plan_lines("defaults.ranges", at_least=0.5)
        return [], [request.problem("refuses", Note("raster range unsaid"), error.note, lines)]
    dataset, notes = _chosen("", table, request)
    least_value, whole_value = rule.get("at_least"), rule.get("whole_at")
    block = table.attrs.get("block", 1)
    facts: dict[str, object] = {
        "cells": int(table["cells"].sum()),
        "limit": "" if least_value is None else Note("raster at least", {"value": least_value}),
        "weight": "" if whole_value is None else Note("raster by value", {"value": whole_value}),
        "averaged": Note("raster averaged", {"block": block}) if block > 1 else "",
    }
    return [dataset], [request.problem("note", Note("raster taken", facts)), *notes]


# -- Parquet --------------------------------------------------------------------------------------


def _parquet_table(path: Path) -> gpd.GeoDataFrame:
    """A table with its shapes, which its "geo" metadata tells of or the type of a column."""
    import pyarrow.parquet as pq  # for who brings one

    with pq.ParquetFile(path) as parquet:
        is_told = b"geo" in (parquet.schema_arrow.metadata or {})
        native = None if is_told else native_geometry(parquet.schema)
        if native is not None:
            name, crs = native
            table = parquet.read().to_pandas(ignore_metadata=True)
            shapes = shapely.from_wkb(table[name].to_numpy(dtype=object), on_invalid="fix")
            return gpd.GeoDataFrame(table.drop(columns=name), geometry=shapes, crs=crs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of coordinates that are no numbers: told later
        return gpd.read_parquet(path)


def native_geometry(schema: Any) -> tuple[str, str] | None:
    """Name and CRS of the first column whose Parquet type is GEOMETRY (or GEOGRAPHY), if there is one.

    The type came with Parquet 2.11: a file may have it and no "geo" metadata. Left out, its CRS is
    longitude and latitude; others stand as PROJJSON or as "srid:4326".
    """
    for number in range(len(schema)):
        column = schema.column(number)
        words = json.loads(column.logical_type.to_json())
        if words.get("Type") in ("Geometry", "Geography"):
            crs = str(words.get("crs") or LONLAT)
            return column.name, crs.replace("srid:", "EPSG:")
    return None


# -- KML ------------------------------------------------------------------------------------------


def _is_kmz(path: Path) -> bool:
    """Whether an archive holds a KML, and nothing that GDAL would read in its place."""
    with zipfile.ZipFile(path) as archive:
        suffixes = {Path(name).suffix.casefold() for name in archive.namelist()}
    return ".kml" in suffixes and not suffixes & set(GDAL_SUFFIXES)


def _kml_datasets(path: Path, request: _Request) -> tuple[list[Dataset], list[Problem]]:
    """The placemarks of a KML or KMZ, one row each."""
    from cami_units import kml  # only who brings KML waits for lxml

    table, problems = kml.read_kml(path)
    notes = [replace(problem, layer=request.layer, file=path.name) for problem in problems]
    if table.empty:
        # Why nothing of it was read is what stops the work: it has rows, and none can be used.
        notes = _as_refusals(notes, request)
    # A pack that comes back whole brings our evidence along: its rivers and ranges are no sites.
    is_unit = table["data"].map(lambda data: "cu_id" in data and not data.get("layer"))
    is_ours = table["data"].map(lambda data: bool(data.get("layer"))).to_numpy(dtype=bool)
    if request.layer == "conservation_units" and is_unit.any() and is_ours.any():
        count = len(table.loc[is_ours, ["file", "placemark"]].drop_duplicates())
        table = table[~is_ours].reset_index(drop=True)
        note = Note("own evidence", {"count": count})
        notes.append(request.problem("note", note))
    is_path = (table.geom_type == "LineString").to_numpy(dtype=bool)
    closing = is_path & table["closes"].to_numpy(dtype=bool)
    if request.kind == "polygon" and closing.any():
        shapes = table.geometry.to_numpy().copy()
        rings = [[*shape.coords, shape.coords[0]] for shape in shapes[closing]]
        shapes[closing] = shapely.polygons([shapely.linearrings(ring) for ring in rings])
        table = table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=LONLAT))
        # what the reader proposes is done here, and is said once
        notes = [one for one in notes if one.as_note().key != "closes"]
        note = Note("paths as polygons", {"count": int(closing.sum())})
        names = in_short(table.loc[closing, "name"])
        notes.append(request.problem("counted", note, names))
    data = pd.DataFrame(table["data"].tolist(), index=table.index)
    named_columns = table[["name", "description", "folder", "placemark_id"]]
    extra = data[
        [key for key in data.columns if key not in named_columns.columns and key != "geometry"]
    ]
    plain = gpd.GeoDataFrame(
        pd.concat([named_columns, extra], axis=1), geometry=table.geometry, crs=LONLAT
    )
    # a placemark of several parts is one row
    number = table.groupby(["file", "placemark"], sort=False).ngroup().to_numpy()
    shapes = [_together(rows.to_numpy()) for _, rows in plain.geometry.groupby(number)]
    first = plain[~pd.Series(number, index=plain.index).duplicated()]
    placemarks = first.set_geometry(gpd.GeoSeries(shapes, index=first.index, crs=LONLAT))
    dataset, row_notes = _chosen("", placemarks, request)
    return [dataset], notes + row_notes


def _as_refusals(problems: list[Problem], request: _Request) -> list[Problem]:
    """What the reader of KML counted, as what stops the work: one for each reason, with its places."""
    reasons: dict[str, list[Problem]] = {}
    for problem in problems:
        if problem.level == "counted":
            reasons.setdefault(problem.as_note().key, []).append(problem)
    refusals = []
    for alike in reasons.values():
        note = alike[0].as_note()
        facts = {name: fact for name, fact in note.facts.items() if name not in ("place", "where")}
        places = [problem.as_note().facts.get("where", problem.where) for problem in alike]
        refusals.append(request.problem("refuses", replace(note, facts=facts), in_short(places)))
    return [problem for problem in problems if problem.level != "counted"] + refusals


def _together(parts: Any) -> Any:
    """The parts of one placemark as one shape, with nothing joined or mended."""
    if len(parts) == 1:
        return parts[0]
    if set(shapely.get_type_id(parts).tolist()) <= {3, 6}:
        return shapely.multipolygons(list(shapely.get_parts(parts)))
    return shapely.geometrycollections(list(parts))


# -- zip ------------------------------------------------------------------------------------------


def _zip_datasets(path: Path, request: _Request) -> tuple[list[Dataset], list[Problem]]:
    """The layers of every file in an archive."""
    if not (members := _zip_members(path)):
        return [], [request.problem("refuses", Note("archive without layer"))]
    results, problems = [], []
    for part, address in members:
        member_datasets, notes = _gdal_datasets(part if len(members) > 1 else "", address, request)
        results += member_datasets
        problems += notes
    return results, problems


def _zip_members(path: Path) -> list[tuple[str, str]]:
    """Name and GDAL address of every readable member, one archive deep in another at most.

    WDPA hands out its shapefiles as zips within a zip; the Red List as several shapefiles in one.
    """
    outer = f"/vsizip/{{{path.absolute().as_posix()}}}"
    members = []
    with zipfile.ZipFile(path) as archive:
        _check_archive(archive)
        for name in _members(archive):
            if name.casefold().endswith(".zip"):
                with archive.open(name) as stream, zipfile.ZipFile(stream) as nested:
                    _check_archive(nested)
                    inner = f"/vsizip/{{{outer}/{name}}}"
                    members += [(f"{name}/{deep}", f"{inner}/{deep}") for deep in _members(nested)]
            else:
                members.append((name, f"{outer}/{name}"))
    return sorted(item for item in members if not item[0].casefold().endswith(".zip"))


def _members(archive: zipfile.ZipFile) -> list[str]:
    """The names of the GIS files of an archive; a geodatabase is one."""
    names = set()
    for name in archive.namelist():
        database = re.match(r"(.*?\.gdb)(/|$)", name, re.IGNORECASE)
        leaf = name.rsplit("/", 1)[-1]
        if "__MACOSX" in name or leaf.startswith("."):
            continue
        if database:
            names.add(database.group(1))
        elif Path(name).suffix.casefold() in (*GDAL_SUFFIXES, ".zip"):
            names.add(name)
    return sorted(names)


def _check_archive(archive: zipfile.ZipFile) -> None:
    """Refuse archives that are encrypted, or reach out of their folder."""
    # GDAL asks for no password, and nobody could type one here.
    if any(entry.flag_bits & 1 for entry in archive.infolist()):
        raise InputError.of("archive locked")
    if any(".." in Path(name).parts or name.startswith("/") for name in archive.namelist()):
        raise InputError.of("archive pointing out")


# -- GDAL -----------------------------------------------------------------------------------------


def _gdal_datasets(
    part: str, address: str, request: _Request
) -> tuple[list[Dataset], list[Problem]]:
    """The layers of a file whose geometry fits, as GDAL reads them."""
    file_layers = [(str(name), str(geometry)) for name, geometry in pyogrio.list_layers(address)]
    fitting = [
        name
        for name, geometry in file_layers
        if geometry != "None" and _FITTING[request.kind].search(geometry)
    ]
    # A round's own GeoPackage has many layers of one kind: the one that is called like this role is
    # meant.
    same_named = [name for name in fitting if name in (request.layer, f"{request.layer}_used")]
    # The first one where none fits: its rows then say themselves what is wrong with them.
    layer_names = same_named or fitting or [name for name, geometry in file_layers[:1]]
    problems = []
    if passed := [name for name, _ in file_layers if name not in layer_names]:
        facts = {"names": in_short(layer_names), "others": in_short(passed)}
        problems.append(request.problem("note", Note("layers passed over", facts, "note")))
    results = []
    for name in sorted(layer_names):
        inner = f"{part}/{name}" if part and len(file_layers) > 1 else part
        label = name if len(file_layers) > 1 and not part else inner
        dataset, notes = _gdal_dataset(label, address, name, request)
        results.append(dataset)
        problems += notes
    return results, problems


def _gdal_dataset(
    part: str, address: str, name: str, request: _Request
) -> tuple[Dataset, list[Problem]]:
    """One layer of a file: all attributes, and the geometry of the rows that are ours."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # Attributes first, shapes only of the rows that are wanted: a world file of 3 GB then costs
        # what its part does. Of a kind that has no index both at once, else all of it is read twice;
        # of a small file too, which takes longer to open than to read.
        at_once = address.casefold().endswith(_WITHOUT_INDEX) or _is_small(Path(address))
        json_rows = _json_properties(Path(address), name)
        meta, fids, shapes, fields = pyogrio.raw.read(
            address,
            layer=name,
            return_fids=True,
            read_geometry=at_once,
            encoding=request.rules.encoding,
            **_as_typed(address, name, json_rows),
        )
        attributes = pd.DataFrame(
            dict(zip((str(column) for column in meta["fields"]), fields, strict=True)),
            index=pd.RangeIndex(1, len(fids) + 1, name="row"),
        ).drop(columns="geometry", errors="ignore")
        attributes = _as_written(attributes, json_rows)
        notes: list[Problem] = []
        # Where the plan says the encoding, GDAL has decoded by it already.
        if meta.get("encoding") == _UNSAID_ENCODING and not request.rules.encoding:
            attributes, notes = _decoded(attributes, request)
        label = f"{request.file}: {part}" if part else request.file
        ours, row_notes = request.select(attributes, label, request.rules)
        wkb = np.full(len(fids), None, dtype=object)
        if shapes is not None:
            wkb[ours] = shapes[ours]
        elif meta["geometry_type"] is not None and ours.any():
            # Rows that are asked for by number are looked up one by one.
            some = None if ours.all() else fids[ours]
            wkb[ours] = pyogrio.raw.read(address, layer=name, columns=[], fids=some)[2]
    notes += [
        request.problem("note", Note("GDAL says", {"why": quoted(warning)}), part)
        for warning in sorted({str(warning.message) for warning in caught})
        # Unclosed rings and heights are told with their rows below, measures (M) are of no use here, and
        # of the drivers of .json only that of GeoJSON knows what we ask of it.
        if not re.search("ring|dimension|Measured|DATE_AS_STRING", warning)
    ]
    geometry, unclosed = _shapes(wkb)
    crs = read_crs(meta["crs"]) if meta["crs"] else None
    table = gpd.GeoDataFrame(attributes, geometry=geometry, crs=crs)
    mine = table if ours.all() else table[ours]
    return Dataset(request.file, part, mine, len(table), unclosed), notes + row_notes


def _as_typed(address: str, layer: str, json_rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What GDAL is asked so that texts of a JSON stay texts: codes like 12-03-04 are days to it.

    Of a GeoJSON it is told so; days of other kinds, of which there is no 30 February, it need not read.
    """
    info = pyogrio.read_info(address, layer=layer, force_feature_count=True) if json_rows else {}
    if info and info["features"] == len(json_rows):
        kinds = zip(info["fields"], info["dtypes"], strict=True)
        return {"columns": [name for name, kind in kinds if not kind.startswith("datetime")]}
    is_json = address.casefold().endswith((".geojson", ".json"))
    return {"DATE_AS_STRING": "YES"} if is_json else {}


def _as_written(attributes: pd.DataFrame, json_rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The texts of a TopoJSON or of a sequence of features as they stand there."""
    if len(json_rows) != len(attributes):
        return attributes
    texts = attributes.copy()
    for column in dict.fromkeys(name for row in json_rows for name in row):
        values = [row.get(column) for row in json_rows]
        if all(value is None or isinstance(value, str) for value in values) and any(values):
            texts[column] = pd.Series(values, index=texts.index, dtype=object)
    return texts


_SEQUENCES: Final = (".geojsonl", ".geojsons", ".ndjson")


def _json_properties(path: Path, layer: str) -> list[dict[str, Any]]:
    """What each feature of a TopoJSON's layer, or of a sequence, says of itself; nothing of other files."""
    suffix = path.suffix.casefold()
    if suffix not in (".json", ".topojson", *_SEQUENCES) or not path.is_file():
        return []
    with path.open("rb") as stream:
        if suffix not in _SEQUENCES and b'"Topology"' not in stream.read(1_000):
            return []
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    try:
        if suffix in _SEQUENCES:  # one a line, or each behind the sign that parts records
            chunks = text.split("\x1e" if "\x1e" in text else "\n")
            features = [read_feature for chunk in chunks if (read_feature := _json_of(chunk))]
        else:
            features = json.loads(text)["objects"][layer]["geometries"]
        return [dict(feature.get("properties") or {}) for feature in features]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _json_of(chunk: str) -> Any:
    """One feature of a sequence; nothing of a line that is cut off, which GDAL passes over too."""
    with suppress(ValueError):
        return json.loads(chunk)
    return None


def _is_small(path: Path) -> bool:
    """Whether all of a file is read in no time; what lies in an archive is not asked."""
    return path.is_file() and path.stat().st_size <= _SMALL_BYTES


_SMALL_BYTES: Final = 10_000_000
"""Of a larger file only the shapes of rows that are wanted are read."""

_UNSAID_ENCODING: Final = "ISO-8859-1"
"""What GDAL takes a .dbf for that does not say its encoding: every byte a letter, so none is lost."""


def _decoded(attributes: pd.DataFrame, request: _Request) -> tuple[pd.DataFrame, list[Problem]]:
    """Texts of a table that does not say its encoding, in the one that they look like."""
    texts = attributes.select_dtypes(include=["object", "str"]).columns
    headings = [str(column) for column in attributes.columns if not str(column).isascii()]
    words = sorted(
        {
            text
            for column in texts
            for text in attributes[column].dropna().unique()
            if isinstance(text, str) and not text.isascii()
        }
    )
    # Headings as well: in a table of numbers they are all that has letters.
    words += sorted(headings)
    if not words:
        return attributes, []
    guess = guessed_text("\n".join(words).encode("latin-1", "replace"))
    # What GDAL took it for, give or take a few signs: as good as right.
    if guess.encoding in ("cp1252", "latin-1"):
        return attributes, []

    def decoded(text: object) -> object:
        if not isinstance(text, str) or text.isascii():
            return text
        return text.encode("latin-1", "replace").decode(guess.encoding, "replace")

    table = attributes.copy()
    for column in texts:
        table[column] = attributes[column].map(decoded)
    table = table.rename(columns={heading: decoded(heading) for heading in headings})
    aside = Note("or another encoding", {"other": guess.other or "koi8-r"})
    note = Note("encoding unsaid", {"encoding": guess.encoding, "aside": aside})
    key, first_words = toml_key(request.rules.plan_key or request.file), guess.text.split("\n")[0]
    lines = plan_lines("encoding", **{key: guess.encoding})
    return table, [request.problem("counted", note, first_words, lines)]


def _shapes(wkb: Any) -> tuple[Any, tuple[int, ...]]:
    """Geometries from WKB, with rings closed where they were left open, and which rows those are."""
    raw = np.asarray(wkb, dtype=object)
    strict = shapely.from_wkb(raw, on_invalid="ignore")
    left_open = shapely.is_missing(strict) & np.array([value is not None for value in raw], bool)
    if left_open.any():
        strict[left_open] = shapely.from_wkb(raw[left_open], on_invalid="fix")
    return strict, tuple(int(row) + 1 for row in np.flatnonzero(left_open))
