"""What a group drew in a GIS instead of Google Earth, as the tables that a KML would give."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet
import pyogrio
import shapely
from numpy.typing import NDArray
from shapely.affinity import translate

from cami_units import kml
from cami_units.layers._equal_area import kinds
from cami_units.layers._gis_files import UNREADABLE, datasets, file_hash, undisturbed
from cami_units.layers._reading import Dataset
from cami_units.layers._shape_checks import datum_note
from cami_units.model import (
    LONGEST_NAME,
    LONGEST_TEXT,
    LONLAT,
    NOTE_COLUMNS,
    PLACEMARK_COLUMNS,
    TURNED,
    InputError,
    Note,
    Placemarks,
    clean_name,
    clean_text,
    cut_at_180,
    in_short,
    is_missing,
    read_crs,
    same_crs,
    transformed,
    whole_turn,
)

DRAWN_SUFFIXES: Final = (".gpkg", ".geojson", ".json", ".shp", ".fgb", ".parquet", ".geoparquet")
"""Endings of files that :func:`read_gis_placemarks` reads."""

_BEGINNINGS: Final = {
    ".gpkg": (b"SQLite format 3\x00",),
    ".geojson": (b"{", b"["),
    ".json": (b"{", b"["),
    ".shp": (b"\x00\x00\x27\x0a",),
    ".fgb": (b"fgb",),
    ".parquet": (b"PAR1",),
    ".geoparquet": (b"PAR1",),
}
"""How files of a GIS begin. GDAL looks into them, not at their names, and some formats that it knows
name other files and addresses to read."""

_MOST_ROWS: Final = 12_000
_MOST_POINTS: Final = 1_000_000
"""As many placemarks and coordinates as are read of a KML."""
_MOST_BYTES: Final = 40_000_000
"""A million coordinates of a shapefile or GeoParquet, with their attributes."""
_NAMES: Final = ("name", "name_en", "title", "label", "iconcaption")
"""The last is what Yandex calls the label of a pin."""
_COMMENTS: Final = ("description", "comment", "comments", "remark", "note")
_IDS: Final = ("cu_id", "unit_id")


def check_beginning(path: Path, called: str) -> None:
    """Refuse a file that does not begin as its name says, before GDAL looks into it.

    `called` is its name in messages. Endings that no GIS uses, and empty files, pass.

    Raises
    ------
    InputError
        It begins otherwise.
    """
    ending = path.suffix.casefold()
    # An empty file has a message of its own.
    if ending not in _BEGINNINGS or not path.stat().st_size:
        return
    with path.open("rb") as stream:
        head = stream.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(_BEGINNINGS[ending]):
        raise InputError.of("begins otherwise", file=called, ending=ending)


def read_gis_placemarks(path: Path, label: str) -> Placemarks:
    """The rows of a GIS file as tables: `docs/tables.md`, "Files that groups hand in".

    Parameters
    ----------
    path : Path
        GeoPackage, GeoJSON, shapefile, FlatGeobuf or GeoParquet. The layers of a file are its
        folders; a row is a placemark. Its columns are its data; ``unit_id`` is read as ``cu_id``.
    label : str
        What to call the file for people.

    Raises
    ------
    InputError
        The file cannot be read at all.
    """
    with warnings.catch_warnings():
        # GDAL warns of what is odd about a damaged file; what is lost by it is said by rows below
        warnings.simplefilter("ignore", RuntimeWarning)
        # both ask all of a text: it is read once
        text = path.read_bytes() if path.suffix.casefold() in (".geojson", ".json") else None
        _refuse_heavy(path, label, text)
        project = None if text is None else _project(text)
        if project is not None:
            placemarks = read_gis_content(project.features, "geojson", label)
            reader = _GisReader(label, file_hash(path)[:16])
            for folder, words in project.descriptions:
                reader.say(Note("folder description", {"text": kml.in_a_notice(words)}), folder)
            together = pd.concat([placemarks.notes, reader.placemarks().notes], ignore_index=True)
            return replace(placemarks, notes=together)
        del text  # GDAL has a copy of its own
        file_datasets, problems = datasets("conservation_units", path, kind="any")
    refused = [problem for problem in problems if problem.level == "refuses"]
    if not file_datasets:
        notes = [problem.as_note() for problem in refused]
        said_of_it = [Note("layer refused", {"file": label, "what": n, "cure": n}) for n in notes]
        raise InputError.of("several", sentences=said_of_it)
    reader = _GisReader(label, file_hash(path)[:16])
    for dataset in file_datasets:
        reader.read(dataset)
    for problem in problems:
        reader.say(problem.as_note(), name=problem.where)
    return reader.placemarks()


def read_gis_content(
    content: bytes, ending: str, label: str, sidecars: Mapping[str, bytes] | None = None
) -> Placemarks:
    """As :func:`read_gis_placemarks`, for a file out of a mail or an archive.

    GDAL reads files: the content lies on disk, under a name of ours, while it is read. `sidecars`
    are the other parts of a shapefile, by their endings.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"units.{ending}"
        path.write_bytes(content)
        for part, sidecar in (sidecars or {}).items():
            path.with_suffix(f".{part}").write_bytes(sidecar)
        check_beginning(path, label)
        return read_gis_placemarks(path, label)


_FIRST_TYPE: Final = re.compile(rb'"type"\s*:\s*"([^"]*)"')
_GEOJSON_TYPES: Final = {b"Feature", b"FeatureCollection", b"Topology"}


class _Project(NamedTuple):
    """The shapes of a project as one collection; what it and its layers say of themselves, and the layer."""

    features: bytes
    descriptions: list[tuple[str, str]]


def _project(content: bytes) -> _Project | None:
    """What a project says that holds layers of GeoJSON (uMap's does); None of any other file.

    GDAL reads such a file by its outermost object, whose geometry is where the map was last looked at.
    """
    outermost = _FIRST_TYPE.search(content)
    if outermost is None or outermost[1] in _GEOJSON_TYPES:
        return None
    try:
        project = json.loads(content)
    except (ValueError, RecursionError):
        return None  # GDAL says what is wrong
    layers = project.get("layers") if isinstance(project, dict) else None
    if not isinstance(layers, list):
        return None
    features = []
    descriptions = [("", _described(project.get("properties")))]
    for layer in (one for one in layers if isinstance(one, dict)):
        # the second is what older files have
        named = (layer.get(key) for key in ("_umap_options", "_storage", "properties"))
        about = next(filter(None, named), None)
        folder = about.get("name", "") if isinstance(about, dict) else ""
        descriptions.append((clean_name(folder), _described(about)))
        rows = layer.get("features")
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and isinstance(row.get("properties"), dict):
                row["properties"].setdefault(_FOLDER, folder)
            features.append(row)
    collection = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    return _Project(collection, [(layer, words) for layer, words in descriptions if words])


def _described(about: object) -> str:
    """The description of a project or of a layer."""
    text = about.get("description") if isinstance(about, dict) else ""
    return clean_text(text[:LONGEST_TEXT]) if isinstance(text, str) else ""


_FOLDER: Final = "folderpath"
"""Where a row lay, as ArcGIS writes it when it reads a KML."""


def _refuse_heavy(path: Path, label: str, text: bytes | None) -> None:
    """Refuse what would take memory and minutes, by what the file says of itself: no row is read yet.

    `text` is what stands in it, of a GeoJSON.
    """
    rows = 0
    if text is not None:
        rows = text.count(b'"Feature"')
        # A point has a comma inside and one behind it.
        if text.count(b",") // 2 > _MOST_POINTS:
            raise InputError.of("layer has many coordinates", file=label, most=_MOST_POINTS)
    elif path.stat().st_size > _MOST_BYTES and path.suffix.casefold() != ".gpkg":
        size, most_mb = path.stat().st_size / 1e6, _MOST_BYTES / 1e6
        raise InputError.of("layer too large", file=label, mb=size, most=most_mb)
    else:
        # What cannot be asked is said where the file is read.
        with suppress(*UNREADABLE):
            rows = _rows_in(path)
    if rows > _MOST_ROWS:
        raise InputError.of("layer has many rows", file=label, most=_MOST_ROWS, count=rows)


def _rows_in(path: Path) -> int:
    """How many rows the layers of a file say that they have."""
    if path.suffix.casefold() in (".parquet", ".geoparquet"):
        return int(pyarrow.parquet.read_metadata(path).num_rows)
    with undisturbed(path) as address:
        names = [str(name) for name, _ in pyogrio.list_layers(address)]
        counts = [int(pyogrio.read_info(address, layer=name)["features"]) for name in names[:100]]
    return sum(max(count, 0) for count in counts)


class _GisReader:
    """The rows and notes of one file."""

    def __init__(self, label: str, key: str) -> None:
        self.label = label
        self.key = key
        self.rows: list[dict[str, Any]] = []
        self.notes: list[dict[str, Any]] = []
        self.folders: list[str] = []
        self.pictures: list[str] = []
        self._effort = kml.Effort()

    def say(self, note: Note, folder: str = "", name: str = "", placemark: int = 0) -> None:
        """Note something of the file, a layer, or a row."""
        at = {"folder": folder, "name": name, "placemark": placemark, "line": 0, "member": ""}
        placemark_note = {"level": note.level, "key": note.key, "facts": note.facts}
        self.notes.append({"file": self.key, "label": self.label, **at, **placemark_note})

    def read(self, dataset: Dataset) -> None:
        """Every row of one layer."""
        folder = clean_name(dataset.part)
        self.folders += [folder] if folder else []
        table = dataset.table
        plain = pd.DataFrame(table.drop(columns=table.geometry.name))
        shapes = self._lonlat(table, folder)
        for row, shape in zip(plain.to_dict("records"), shapes, strict=True):
            self._read_one(folder, _data_of(row), shape)

    def _lonlat(self, table: gpd.GeoDataFrame, folder: str) -> Any:
        """Shapes in longitude and latitude; a file without a CRS is taken as that."""
        shapes = shapely.force_2d(np.asarray(table.geometry.array, dtype=object))
        if table.crs is None:
            self.say(Note("no CRS", level="note"), folder)
        if table.crs is None or same_crs(table.crs, LONLAT):
            return shapes
        if doubt := datum_note(read_crs(table.crs), shapes):
            self.say(replace(doubt, level="note"), folder)
        # vertex by vertex: a unit that a GIS has only turned into another CRS comes back as it was
        # handed out, with no vertex more
        return transformed(shapes, table.crs, LONLAT)

    def _read_one(self, folder: str, data: dict[str, str], shape: Any) -> None:
        """A row of a GIS file as the placemark that it once was."""
        if data.get("icon") in kml.RELIEFS:
            return  # the frame of our picture, of which GDAL makes a polygon
        folder = folder or clean_name(data.get(_FOLDER, ""))
        unit = _first(data, _IDS)
        name, words = clean_name(_first(data, _NAMES)), clean_text(_first(data, _COMMENTS))
        row = dict.fromkeys(PLACEMARK_COLUMNS) | {
            "file": self.key,
            "label": self.label,
            "member": "",
            "folder": folder,
            "line": 0,
            "name": name[:LONGEST_NAME].rstrip(),
            "placemark": len(self.rows) + 1,
            "description": words[:LONGEST_TEXT],
            "placemark_id": "",
            "data": {**data, "cu_id": unit[:LONGEST_NAME]} if unit else data,
            "visibility": True,
            "kind": "none",
        }
        self.rows.append(row)
        if _is_a_picture(data, shape):
            self.pictures.append(str(row["name"]))
            row["kind"] = "view"
            return
        at = (folder, str(row["name"]), len(self.rows))
        if len(name) > LONGEST_NAME:
            self.say(Note("long name", {"count": len(name), "kept": LONGEST_NAME}), *at)
        if len(words) > LONGEST_TEXT:
            self.say(Note("long description", {"count": len(words)}), *at)
        shape = self._moved_to_the_globe(shape, at)
        if fault := _fault(shape):
            self.say(fault, *at)
            return
        self._effort.parts -= int(shapely.get_num_geometries(shape))
        if self._effort.parts < 0:  # as many as of a KML
            self.say(Note("too heavy"), *at)
            return
        # A collection is taken apart by kind: its polygons are the area, its points are pins.
        if km := kml.long_side_km(shape):
            self.say(Note("side straight", {"km": round(km)}, "note"), *at)
        parts = np.array([part for part in shapely.get_parts(shape) if not part.is_empty])
        kinds_of_parts = np.array(kinds(parts))
        for kind, column in _COLUMNS_OF_KINDS.items():
            singles = parts[kinds_of_parts == kind]
            if kind == "polygon":
                row[column] = self._area(singles, at)
                continue
            row[column] = _joint(shapely.get_parts(cut := cut_at_180(singles)))
            if kind == "line" and any(shapely.get_num_geometries(cut) > 1):
                self.say(Note("cut at the meridian"), *at)
        row["kind"] = next(
            (kind for kind, column in _COLUMNS_OF_KINDS.items() if row[column] is not None), "none"
        )

    def _moved_to_the_globe(self, shape: Any, at: tuple[str, str, int]) -> Any:
        """A shape of a map that counts on past ±180°, as a KML's is understood.

        What lies past 180° is turned back; what crosses it counts on to the east, and is cut there
        when it has been mended.
        """
        if shape is None or shapely.is_empty(shape):
            return shape
        west, south, east, north = shapely.bounds(shape)
        if south >= -90 and north <= 90 and (turn := whole_turn(west, east)):
            self.say(Note(TURNED[turn]), *at)
            return translate(shape, xoff=turn)
        # more than once round the globe, or off it: nobody knows what is meant
        if not (west >= -360 and east <= 360 and south >= -90 and north <= 90):
            return shape
        return translate(shape, xoff=360.0) if west < -180 and east <= 180 else shape

    def _area(self, singles: NDArray[np.object_], at: tuple[str, str, int]) -> Any:
        """The polygons of a row as one, mended as those of a KML are; ``None`` where none is left."""
        if not len(singles):
            return None
        together: Any = singles[0] if len(singles) == 1 else shapely.multipolygons(singles)
        area, notes = kml.mended_area(together, self._effort)
        for note in notes:
            self.say(note, *at)
        return area

    def placemarks(self) -> Placemarks:
        """The tables."""
        if self.pictures:
            called = in_short(filter(None, self.pictures), 6)
            behind = Note("names behind", {"names": called}) if called else ""
            facts = {"count": len(self.pictures), "names": behind}
            self.say(Note("not followed GroundOverlay", facts, "note"))
        return Placemarks(
            table=pd.DataFrame(self.rows, columns=list(PLACEMARK_COLUMNS)),
            notes=pd.DataFrame(self.notes, columns=list(NOTE_COLUMNS)),
            folders=tuple(sorted(self.folders)),
        )


def _is_a_picture(data: Mapping[str, str], shape: Any) -> bool:
    """Whether a row is the frame of a picture laid on the ground, of which GDAL makes a polygon.

    It gives no other polygon of a KML an icon; the frame has four corners, however it is turned, and alone of
    all that is read so nothing that says whether its sides follow the ground. Other programs call a symbol so.
    """
    is_of_gdal = "visibility" in data and "tessellate" not in data
    is_frame = is_of_gdal and shape is not None and shape.geom_type == "Polygon"
    return (
        is_frame
        and _PICTURE.search(data.get("icon", "")) is not None
        and len(shape.exterior.coords) == 5
    )


_PICTURE: Final = re.compile(r"\.(?:jpe?g|png|gif|tiff?|bmp|webp)\Z", re.IGNORECASE)

_COLUMNS_OF_KINDS: Final = {"polygon": "polygons", "line": "lines", "point": "points"}


def _joint(singles: NDArray[np.object_]) -> Any:
    """Lines or points as one, ``None`` where there are none."""
    if len(singles) < 2:
        return singles[0] if len(singles) else None
    is_line = shapely.get_dimensions(singles[0]) == 1
    return (shapely.multilinestrings if is_line else shapely.multipoints)(singles)


def _data_of(row: Mapping[Any, Any]) -> dict[str, str]:
    """The cells of a row as text; a cell that holds an object of value and title, as its value.

    OpenLayers writes what it read from KML so: ``{"value": "CU-001", "displayName": "Unit"}``.
    """
    return {
        clean_name(key)[:LONGEST_NAME].casefold(): clean_text(_value(value))[: 2 * LONGEST_TEXT]
        for key, value in row.items()
        if not is_missing(value)
    }


def _value(cell: Any) -> Any:
    """The value of a cell; OpenLayers writes it into an object.

    A column with gaps gives whole numbers a ".0" that nobody has typed.
    """
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    cell_value = cell
    if isinstance(cell, str) and cell.lstrip().startswith("{") and '"value"' in cell:
        try:
            cell_value = json.loads(cell)
        except ValueError:
            return cell
    if isinstance(cell_value, Mapping) and "value" in cell_value:
        value = cell_value["value"]
        return "" if value is None else value
    return cell


def _first(data: dict[str, str], keys: tuple[str, ...]) -> str:
    # some programs put their own name in front: "felt:name"
    data = {key.rpartition(":")[2]: text for key, text in data.items()} | data
    return next((data[key] for key in keys if data.get(key)), "")


def _fault(shape: Any) -> Note | None:
    """Why a shape cannot be used."""
    if shape is None or shapely.is_empty(shape):
        return Note("no geometry")
    west, south, east, north = shapely.bounds(shape)
    if not np.isfinite([west, south, east, north]).all():
        return Note("no numbers")
    if west < -180 or east > 360 or south < -90 or north > 90:
        if max(map(abs, (west, south, east, north))) > 1_000:
            return Note("metres", {"x": f"{west:.0f}", "y": f"{south:.0f}"})
        return Note("beyond", {"lon": f"{west:g}", "lat": f"{south:g}"})
    return None
