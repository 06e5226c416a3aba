"""Files in: what a plan names is found, hashed, and read row by row as it stands.

Nothing is mended here. A file becomes one :class:`Dataset` for each of its layers that fits,
with rows numbered from 1 as a person counts them.
"""

from __future__ import annotations

import hashlib
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj.exceptions
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from cami_units.layers import _database as database
from cami_units.layers._reading import Dataset
from cami_units.layers._shape_checks import Kind
from cami_units.model import LONLAT, InputError, Problem, listed

Select = Callable[[pd.DataFrame, str], tuple[NDArray[np.bool_], list[Problem]]]
"""From the attributes of a file and its name: which rows are ours, and what became of the rest."""

GDAL_SUFFIXES: Final = (".shp", ".gpkg", ".geojson", ".json", ".gdb", ".fgb")
PARQUET_SUFFIXES: Final = (".parquet", ".geoparquet")
KML_SUFFIXES: Final = (".kml", ".kmz")
SUFFIXES: Final = (*GDAL_SUFFIXES, *PARQUET_SUFFIXES, *KML_SUFFIXES, ".zip")

_SIDECARS: Final = (".dbf", ".shx", ".prj", ".cpg")
"""What a shapefile cannot do without, and what says how to read it."""
_BESIDE_SHAPES: Final = (*_SIDECARS, ".sbn", ".sbx", ".qix", ".qpj", ".qmd", ".qml", ".sld", ".xml")
_OF_DATABASES: Final = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a GeoPackage while it is open: the last edits are in the first."""
_FITTING: Final = {
    "polygon": re.compile("polygon|surface|unknown|geometry", re.IGNORECASE),
    "line": re.compile("line|curve|unknown|geometry", re.IGNORECASE),
    "point": re.compile("point|unknown|geometry", re.IGNORECASE),
    "any": re.compile("."),
    "every": re.compile("."),
}
_UNREADABLE: Final = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FieldError,
    pyogrio.errors.FeatureError,
    pyogrio.errors.GeometryError,
    pyproj.exceptions.CRSError,
    shapely.errors.GEOSException,
    zipfile.BadZipFile,
    InputError,
    OSError,
    RuntimeError,
    ValueError,
    NotImplementedError,
)


def is_companion(path: Path) -> bool:
    """Whether a file is a part of another one beside it: of a shapefile, or of an open GeoPackage."""
    name = path.name.casefold()
    if any(name.endswith(f".gpkg{ending}") for ending in _OF_DATABASES):
        return True
    stem = path.name.removesuffix(path.suffix).removesuffix(".shp")
    return path.suffix.casefold() in _BESIDE_SHAPES and any(
        other.suffix.casefold() == ".shp" and other.stem == stem for other in path.parent.iterdir()
    )


def found_files(layer: str, entries: Iterable[Path]) -> tuple[list[Path], list[Problem]]:
    """The files that paths, folders and patterns stand for, each once, sorted by name."""
    paths: dict[Path, None] = {}
    problems = []
    for entry in entries:
        files = _files_of(Path(entry))
        if not files:
            problems.append(_nothing_found(layer, Path(entry)))
        paths.update(dict.fromkeys(files))
    return sorted(paths, key=lambda path: (path.name, str(path))), problems


def _files_of(entry: Path) -> list[Path]:
    if entry.is_dir() and entry.suffix.casefold() != ".gdb":
        return _readable(entry.rglob("*"))
    if entry.exists():
        return [entry]
    pattern = next((i for i, part in enumerate(entry.parts) if re.search(r"[*?\[]", part)), None)
    if pattern is None:
        return []
    folder = Path(*entry.parts[:pattern]) if pattern else Path()
    matches = sorted(folder.glob(str(Path(*entry.parts[pattern:]))))
    folders = [path for path in matches if path.is_dir() and path.suffix.casefold() != ".gdb"]
    return _readable(path for path in matches if path not in folders) + [
        file for inner in folders for file in _readable(inner.rglob("*"))
    ]


def _readable(paths: Iterable[Path]) -> list[Path]:
    return [
        path
        for path in paths
        if path.suffix.casefold() in (*SUFFIXES, ".csv")
        and not any(parent.suffix.casefold() == ".gdb" for parent in path.parents)
        and not path.name.startswith(".")
        and (path.is_file() or path.suffix.casefold() == ".gdb")
    ]


def _nothing_found(layer: str, entry: Path) -> Problem:
    folder = entry.parent
    names = sorted(path.name for path in folder.iterdir())[:200] if folder.is_dir() else []
    what = "nothing is found under this name"
    if entry.is_dir():
        what = f"the folder holds no file of a kind that is read ({', '.join(SUFFIXES)})"
    elif names:
        what += f"; its folder holds {listed(names)}"
    elif not folder.is_dir():
        what += f"; there is no folder '{folder.name}' either"
    cure = (
        f"Correct the path in [layers] {layer} of the plan (paths are relative to the plan), "
        f"or leave the line out to use the bundled layer"
    )
    return Problem("refuses", layer, entry.name, "", what, cure + ".")


def file_hash(path: Path) -> str:
    """SHA-256 of a file; of a shapefile with its sidecars, of a folder with everything in it."""
    if path.is_dir():
        members = sorted(inner for inner in path.rglob("*") if inner.is_file())
    elif path.suffix.casefold() == ".shp":
        family = (inner for inner in path.parent.iterdir() if inner.stem == path.stem)
        members = sorted(
            (inner for inner in family if inner.suffix.casefold() in (".shp", *_SIDECARS)),
            key=lambda inner: inner.suffix.casefold(),
        )
    else:
        members = [path]
    total = hashlib.sha256()
    for member in members:
        if len(members) > 1:
            total.update(member.suffix.casefold().encode() + b"\0")
        with member.open("rb") as stream:
            while block := stream.read(1 << 20):
                total.update(block)
    return total.hexdigest()


def datasets(
    layer: str, path: Path, kind: Kind, *, select: Select | None = None
) -> tuple[list[Dataset], list[Problem]]:
    """Every layer of a file whose geometry fits, as it stands.

    Parameters
    ----------
    layer
        What the file is for: a GeoPackage layer of that name is preferred to its neighbours.
    path
        Shapefile, zip, GeoPackage, GeoJSON, GeoParquet, file geodatabase, KML or KMZ; or a query
        (`.sql`).
    kind
        The geometry that fits; layers of another kind are passed over and named.
    select
        Picks the rows that are ours by their attributes. Only their geometry is read: a whole
        download of the Red List or of WDPA holds a few rows for us.
    """
    suffix = path.suffix.casefold()
    choose = select or _every_row
    try:
        if suffix in KML_SUFFIXES or (suffix == ".zip" and _is_kmz(path)):
            return _kml_datasets(layer, path, kind, choose)
        if suffix == database.SUFFIX:
            dataset, notes = _chosen(path.name, "", database.queried(path), choose)
            return [dataset], notes
        if suffix in PARQUET_SUFFIXES:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of coordinates that are no numbers: told later
                table = gpd.read_parquet(path)
            dataset, notes = _chosen(path.name, "", table, choose)
            return [dataset], notes
        if suffix == ".zip":
            return _zip_datasets(layer, path, kind, choose)
        if suffix in GDAL_SUFFIXES:
            return _gdal_datasets(layer, path.name, "", str(path), kind, choose)
    except _UNREADABLE as error:
        return [], [_unreadable(layer, path, error)]
    cure = f"Give one of {', '.join((*SUFFIXES, database.SUFFIX))}."
    return [], [
        Problem("refuses", layer, path.name, "", "a file of this kind is not read here", cure)
    ]


def _every_row(attributes: pd.DataFrame, file: str) -> tuple[NDArray[np.bool_], list[Problem]]:
    return np.ones(len(attributes), dtype=bool), []


def _chosen(
    file: str, part: str, table: gpd.GeoDataFrame, select: Select
) -> tuple[Dataset, list[Problem]]:
    """The rows of a table that are ours, numbered as in the file."""
    plain = table.set_axis(pd.RangeIndex(1, len(table) + 1, name="row"), axis=0)
    if plain.geometry.name != "geometry":
        plain = plain.drop(columns="geometry", errors="ignore").rename_geometry("geometry")
    name = f"{file}: {part}" if part else file
    ours, notes = select(pd.DataFrame(plain.drop(columns="geometry")), name)
    return Dataset(file, part, plain[ours], len(plain)), notes


def _unreadable(layer: str, path: Path, error: Exception) -> Problem:
    message = str(error).replace(str(path), path.name).replace(str(path.parent), "…")
    first = next((line.strip() for line in message.splitlines() if line.strip()), "no reason given")
    cure = "Open it in a GIS and save it anew as a GeoPackage, or get it once more."
    if path.suffix.casefold() == database.SUFFIX:
        cure = "Mend the file, or save the layer as a GeoPackage and name that instead."
    elif path.suffix.casefold() == ".shp" and not _beside(path, ".shx"):
        cure = "Its .shx file is missing: put all files of the shapefile beside it (.shx, .dbf, …)."
    elif path.is_file() and path.stat().st_size == 0:
        first, cure = "the file is empty", "Get it once more."
    return Problem("refuses", layer, path.name, "", f"cannot be read: {first[:300]}", cure)


def _beside(path: Path, suffix: str) -> bool:
    return any(
        neighbour.stem == path.stem and neighbour.suffix.casefold() == suffix
        for neighbour in path.parent.iterdir()
    )


# -- KML ------------------------------------------------------------------------------------------


def _is_kmz(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        suffixes = {Path(name).suffix.casefold() for name in archive.namelist()}
    return ".kml" in suffixes and not suffixes & set(GDAL_SUFFIXES)


def _kml_datasets(
    layer: str, path: Path, kind: Kind, select: Select
) -> tuple[list[Dataset], list[Problem]]:
    from cami_units import kml  # only who brings KML waits for lxml

    table, problems = kml.read_kml(path)
    notes = [
        Problem(problem.level, layer, path.name, problem.where, problem.what, problem.cure)
        for problem in problems
    ]
    closing = np.array(
        [loop and shape.geom_type == "LineString" for loop, shape in _loops(table)], dtype=bool
    )
    if kind == "polygon" and closing.any():
        shapes = table.geometry.to_numpy().copy()
        rings = [[*shape.coords, shape.coords[0]] for shape in shapes[closing]]
        shapes[closing] = shapely.polygons([shapely.linearrings(ring) for ring in rings])
        table = table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=LONLAT))
        what = f"{int(closing.sum())} paths whose ends nearly meet: taken as polygons"
        names = listed(table.loc[closing, "name"])
        notes.append(Problem("counted", layer, path.name, names, what))
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
    shapes = [
        _together(plain.geometry.to_numpy()[number == placemark_number])
        for placemark_number in np.unique(number)
    ]
    first = plain[~pd.Series(number, index=plain.index).duplicated()]
    placemarks = first.set_geometry(gpd.GeoSeries(shapes, index=first.index, crs=LONLAT))
    dataset, row_notes = _chosen(path.name, "", placemarks, select)
    return [dataset], notes + row_notes


def _loops(table: gpd.GeoDataFrame) -> Iterable[tuple[bool, Any]]:
    return zip(table["closes"], table.geometry, strict=True)


def _together(parts: Any) -> Any:
    """The parts of one placemark as one shape, with nothing joined or mended."""
    if len(parts) == 1:
        return parts[0]
    types = set(shapely.get_type_id(parts).tolist())
    if types <= {3, 6}:
        return shapely.multipolygons(list(shapely.get_parts(parts)))
    return shapely.geometrycollections(list(parts))


# -- zip ------------------------------------------------------------------------------------------


def _zip_datasets(
    layer: str, path: Path, kind: Kind, select: Select
) -> tuple[list[Dataset], list[Problem]]:
    members = _zip_members(path)
    if not members:
        what = "the archive holds no file of a kind that is read"
        cure = "It should hold a shapefile, GeoPackage, GeoJSON or file geodatabase."
        return [], [Problem("refuses", layer, path.name, "", what, cure)]
    results, problems = [], []
    for part, address in members:
        read, notes = _gdal_datasets(
            layer, path.name, part if len(members) > 1 else "", address, kind, select
        )
        results += read
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
    if any(entry.flag_bits & 1 for entry in archive.infolist()):
        raise InputError("the archive is encrypted; unpack it with its password first")
    if any(".." in Path(name).parts or name.startswith("/") for name in archive.namelist()):
        raise InputError("the archive has members that point outside it")


# -- GDAL -----------------------------------------------------------------------------------------


def _gdal_datasets(
    layer: str, file: str, part: str, address: str, kind: Kind, select: Select
) -> tuple[list[Dataset], list[Problem]]:
    file_layers = [(str(name), str(geometry)) for name, geometry in pyogrio.list_layers(address)]
    fitting = [
        name
        for name, geometry in file_layers
        if geometry != "None" and _FITTING[kind].search(geometry)
    ]
    same_named = [name for name in fitting if name in (layer, f"{layer}_used")]
    layer_names = same_named or fitting or [name for name, geometry in file_layers[:1]]
    problems = []
    passed = [name for name, _ in file_layers if name not in layer_names]
    if passed:
        what = f"read here: {listed(layer_names)}; other layers of the file are passed over"
        problems.append(Problem("note", layer, file, listed(passed), what))
    results = []
    for name in sorted(layer_names):
        inner = f"{part}/{name}" if part and len(file_layers) > 1 else part
        label = name if len(file_layers) > 1 and not part else inner
        dataset, notes = _gdal_dataset(layer, file, label, address, name, select)
        results.append(dataset)
        problems += notes
    return results, problems


def _gdal_dataset(
    layer: str, file: str, part: str, address: str, name: str, select: Select
) -> tuple[Dataset, list[Problem]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        meta, fids, _, fields = pyogrio.raw.read(
            address, layer=name, return_fids=True, read_geometry=False
        )
        attributes = pd.DataFrame(
            dict(zip((str(column) for column in meta["fields"]), fields, strict=True)),
            index=pd.RangeIndex(1, len(fids) + 1, name="row"),
        ).drop(columns="geometry", errors="ignore")
        ours, row_notes = select(attributes, f"{file}: {part}" if part else file)
        wkb = np.full(len(fids), None, dtype=object)
        if meta["geometry_type"] is not None and ours.any():
            some = None if ours.all() else fids[ours]
            wkb[ours] = pyogrio.raw.read(address, layer=name, columns=[], fids=some)[2]
    warnings_of_gdal = sorted({str(warning.message) for warning in caught})
    notes = [
        Problem("note", layer, file, part, f"GDAL says: {what}")
        for what in warnings_of_gdal
        if not re.search("ring|dimension|Measured", what)
    ]
    geometry, unclosed = _shapes(wkb)
    crs = CRS.from_user_input(meta["crs"]) if meta["crs"] else None
    table = gpd.GeoDataFrame(attributes, geometry=geometry, crs=crs)
    return Dataset(file, part, table[ours], len(table), unclosed), notes + row_notes


def _shapes(wkb: Any) -> tuple[Any, tuple[int, ...]]:
    """Geometries from WKB, with rings closed where they were left open, and which rows those are."""
    raw = np.asarray(wkb, dtype=object)
    strict = shapely.from_wkb(raw, on_invalid="ignore")
    left_open = shapely.is_missing(strict) & np.array([value is not None for value in raw], bool)
    if left_open.any():
        strict[left_open] = shapely.from_wkb(raw[left_open], on_invalid="fix")
    return strict, tuple(int(row) + 1 for row in np.flatnonzero(left_open))
