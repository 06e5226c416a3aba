"""What a group drew in a GIS instead of Google Earth, as the rows that a KML would give."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.layers._equal_area import kinds, projected, structure
from cami_units.layers._gis_files import datasets
from cami_units.layers._reading import Dataset
from cami_units.model import (
    LONLAT,
    InputError,
    Problem,
    clean_name,
    clean_text,
    is_missing,
    same_crs,
)

DRAWN_SUFFIXES: Final = (".gpkg", ".geojson", ".json", ".shp", ".fgb", ".parquet", ".geoparquet")
"""Endings of files that :func:`read_drawn` reads."""

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

_NAMES: Final = ("name", "name_en", "title", "label")
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
    if ending not in _BEGINNINGS or not path.stat().st_size:
        return
    with path.open("rb") as stream:
        head = stream.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(_BEGINNINGS[ending]):
        raise InputError(
            f"{called} does not begin as a {ending} file does. Save it again in the program it was "
            "made with."
        )


def read_drawn(path: Path) -> tuple[gpd.GeoDataFrame, tuple[Problem, ...]]:
    """Shapes of a GIS file with the columns of :func:`cami_units.kml.read_kml`, and what was wrong.

    Parameters
    ----------
    path : Path
        GeoPackage, GeoJSON, shapefile, FlatGeobuf or GeoParquet. The layers of a file are its
        folders; a row is a placemark. Its columns are its data; ``unit_id`` is read as ``cu_id``.

    Returns
    -------
    GeoDataFrame
        In EPSG:4326. ``attrs`` as those of :func:`cami_units.kml.read_kml`.
    tuple of Problem
        Rows that cannot be used, shapes that were mended.

    Raises
    ------
    InputError
        The file cannot be read at all.
    """
    file_datasets, problems = datasets("conservation_units", path, "any")
    refused = [problem for problem in problems if problem.level == "refuses"]
    if not file_datasets:
        raise InputError(
            " ".join(f"{path.name} {problem.what}. {problem.cure}" for problem in refused)
        )
    reader = _Reader(path.name)
    for dataset in file_datasets:
        reader.read(dataset)
    for problem in problems:
        reader.say(problem.where, "", problem.what, problem.cure, level=problem.level)
    return reader.frame(), tuple(reader.problems)


class _Reader:
    """The rows and problems of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.rows: list[dict[str, Any]] = []
        self.problems: list[Problem] = []
        self.notes: list[dict[str, Any]] = []
        self.folders: list[str] = []
        self.count = 0
        self.used = 0

    def say(
        self, folder: str, name: str, what: str, cure: str = "", level: Any = "counted"
    ) -> None:
        where = f"row '{name}' in '{folder}'" if name else folder
        self.problems.append(Problem(level, "drawn", self.file, where, what, cure))
        at = {"folder": folder, "placemark": name, "line": 0}
        self.notes.append({"file": self.file, **at, "level": level, "what": what, "cure": cure})

    def read(self, dataset: Dataset) -> None:
        """Every row of one layer."""
        folder = clean_name(dataset.part)
        self.folders += [folder] if folder else []
        table = dataset.table
        plain = pd.DataFrame(table.drop(columns=table.geometry.name))
        shapes = self._lonlat(table, folder)
        for row, shape in zip(plain.to_dict("records"), shapes, strict=True):
            self.count += 1
            data = {
                str(key).strip().casefold(): clean_text(value)
                for key, value in row.items()
                if not is_missing(value)
            }
            self._read_one(folder, data, shape)

    def _lonlat(self, table: gpd.GeoDataFrame, folder: str) -> Any:
        shapes = shapely.force_2d(np.asarray(table.geometry.array, dtype=object))
        if table.crs is None or same_crs(table.crs, LONLAT):
            if table.crs is None:
                self.say(folder, "", "it has no CRS: taken as longitude and latitude", level="note")
            return shapes
        return projected(shapes, table.crs, LONLAT)

    def _read_one(self, folder: str, data: dict[str, str], shape: Any) -> None:
        name = clean_name(_first(data, _NAMES))
        fault = _fault(shape)
        if fault:
            self.say(folder, name, f"{fault}: not read", "Draw it again.")
            return
        if not shapely.is_valid(shape):
            shape = structure(np.array([shape], dtype=object))[0]
            if shapely.is_empty(shape):
                self.say(folder, name, "it crosses itself and no area is left: not read")
                return
            self.say(folder, name, "it crossed itself: it was mended")
        self.used += 1
        unit = _first(data, _IDS)
        with_unit = {**data, "cu_id": unit} if unit else data
        parts = [part for part in shapely.get_parts(shape) if not part.is_empty]
        for number, part in enumerate(parts, start=1):
            self.rows.append(
                {
                    "file": self.file,
                    "folder": folder,
                    "name": name,
                    "description": clean_text(_first(data, _COMMENTS)),
                    "placemark_id": "",
                    "data": with_unit,
                    "visibility": True,
                    "kind": kinds(np.array([part], dtype=object))[0],
                    "part": number,
                    "closes": False,
                    "placemark": self.count,
                    "line": 0,
                    "geometry": part,
                }
            )

    def frame(self) -> gpd.GeoDataFrame:
        columns = [
            *("file", "folder", "name", "description", "placemark_id", "data", "visibility"),
            *("kind", "part", "closes", "placemark", "line", "geometry"),
        ]
        table = pd.DataFrame(self.rows, columns=columns)
        frame = gpd.GeoDataFrame(table, geometry="geometry", crs=LONLAT)
        frame.attrs = {
            "placemarks": self.count,
            "read": self.used,
            "unusable": self.count - self.used,
            "folders": sorted(self.folders),
            "notes": self.notes,
        }
        return frame


def _first(data: dict[str, str], keys: tuple[str, ...]) -> str:
    return next((data[key] for key in keys if data.get(key)), "")


def _fault(shape: Any) -> str:
    if shape is None or shapely.is_empty(shape):
        return "it has no geometry"
    west, south, east, north = shapely.bounds(shape)
    if not np.isfinite([west, south, east, north]).all():
        return "its coordinates are no numbers"
    if west < -180 or east > 180 or south < -90 or north > 90:
        return "coordinates beyond ±180/±90"
    return ""
