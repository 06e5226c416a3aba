"""The worst legal files that we know, and the worst shapes for each step: processor time and memory.

    python benchmarks/budgets.py            # each in a process of its own, ten minutes
    python benchmarks/budgets.py --only "layer star;step" --write

Each file is within every limit that a reader states, so it is read to its end, or refused early with the
reason. What is measured is the reader, or the step, after everything that it needs is imported: seconds
of the processor, and memory beyond what the process had.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from results_page import machine, written

MOST_SECONDS, MOST_MB = 2.0, 200.0


# -- shapes ---------------------------------------------------------------------------------------


def star(points: int = 801, centre: tuple[float, float] = (71.0, 41.0), radius: float = 0.5) -> Any:
    """Each edge crosses nearly every other: a star that is drawn in one go."""
    turn = np.arange(points) * 2 * np.pi * (points // 2) / points
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1) * radius + centre
    return shapely.Polygon(ring)


def resting(points: int = 100_000) -> Any:
    """The track of an animal that rests: metres to and fro around one place, as a polygon."""
    steps = np.random.default_rng(1).normal(0, 2e-5, (points, 2)).cumsum(axis=0)
    return shapely.Polygon(steps * 0.05 + (71.0, 41.0))


def coast(points: int = 1_000_000) -> Any:
    """One ring as fine as a coast of the world: valid, bays within bays."""
    sys.path.insert(0, str(Path(__file__).parent))
    from ranges import ring

    return shapely.Polygon(ring(np.random.default_rng(2), np.array([71.0, 41.0]), 1.0, points))


def slanting(teeth: int = 100_000) -> Any:
    """A comb whose teeth lean: valid, and each edge lies in the box of thousands of others."""
    at = 70.5 + np.arange(teeth) / teeth
    up = np.where(np.arange(teeth) % 2, 0.0, 0.4)
    edge = np.stack([at + up, 40.5 + up], axis=1)
    return shapely.Polygon([(70.5, 40.4), *edge, (71.95, 40.4)])


def sieve(holes: int = 30_000) -> Any:
    """A square with holes in rows."""
    side = int(np.ceil(np.sqrt(holes)))
    at = np.stack(np.divmod(np.arange(holes), side), axis=1) / side + 0.2 / side
    square = np.array([(0, 0), (0, 1), (1, 1), (1, 0), (0, 0)]) * 0.5 / side
    rings = shapely.linearrings(at[:, None, :] + square + (70.5, 40.5))
    return shapely.Polygon(shapely.box(70.4, 40.4, 71.6, 41.6).exterior, rings)


def archipelago(parts: int = 100_000) -> Any:
    """One row with a hundred thousand islands."""
    side = int(np.ceil(np.sqrt(parts)))
    x, y = (n / side for n in np.divmod(np.arange(parts), side))
    return shapely.multipolygons(
        shapely.box(70.5 + x, 40.5 + y, 70.5 + x + 0.4 / side, 40.5 + y + 0.4 / side)
    )


def spiral(turns: int = 200, points: int = 100_000) -> Any:
    """A line that is closed across all of its turns."""
    t = np.linspace(0.01, 1, points)
    ring = np.stack([t * np.cos(2 * np.pi * turns * t), t * np.sin(2 * np.pi * turns * t)], axis=1)
    return shapely.Polygon(ring * 0.5 + (71.0, 41.0))


def slivers(parts: int = 5_000) -> Any:
    """Ground in strips of a metre beside one another, as two borders leave it that nearly agree."""
    y = np.arange(parts) * 2e-5
    return shapely.multipolygons(shapely.box(70.5, 41 + y, 71.5, 41 + y + 1e-5))


def fence(teeth: int = 50_000) -> Any:
    """A comb: a hundred thousand edges side by side, valid."""
    x = 70.5 + np.arange(teeth) / teeth
    y = np.where(np.arange(teeth) % 2, 40.9, 41.2)
    return shapely.Polygon([(70.5, 40.6), *zip(x, y, strict=True), (71.5, 40.6)])


SHAPES: dict[str, Callable[[], Any]] = {
    "star of 801 points": star,
    "star of 3,001 points": lambda: star(3_001),
    "resting animal, 100,000 points": resting,
    "coast of a million points": coast,
    "30,000 holes": sieve,
    "100,000 parts": archipelago,
    "spiral of 100,000 points": spiral,
    "5,000 slivers": slivers,
    "comb of 50,000 teeth": fence,
    "leaning comb of 100,000 teeth": slanting,
}


VALID = ("coast of a million points", "30,000 holes", "100,000 parts", "5,000 slivers")
"""Shapes that steps behind a reader may meet: valid ones."""


# -- files ----------------------------------------------------------------------------------------


def gis(shape: Any, path: Path) -> Path:
    """A shape in a file of a GIS, with what layers ask for."""
    import geopandas as gpd

    columns = {"pa_id": ["P1"], "name": ["n"], "iso2": ["KZ"], "designation": ["d"]}
    frame = gpd.GeoDataFrame(columns, geometry=[shape], crs="EPSG:4326")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_file(path)
    return path


def text(content: str) -> Callable[[Path], Path]:
    """A file of text."""

    def write(path: Path) -> Path:
        path.write_text(content, encoding="utf-8")
        return path

    return write


def kml(body: str) -> str:
    """A document of some placemarks."""
    return f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{body}</Document></kml>'


def ring_text(shape: Any) -> str:
    """The outline of a polygon as KML writes it."""
    return " ".join(f"{x:.6f},{y:.6f}" for x, y in shapely.get_coordinates(shape.exterior))


def kml_polygon(shape: Any) -> str:
    """A polygon as a placemark."""
    inner = "".join(
        f"<innerBoundaryIs><LinearRing><coordinates>{ring_text(shapely.Polygon(hole))}</coordinates></LinearRing></innerBoundaryIs>"
        for hole in shape.interiors
    )
    outer = f"<outerBoundaryIs><LinearRing><coordinates>{ring_text(shape)}</coordinates></LinearRing></outerBoundaryIs>"
    return f"<Placemark><name>n</name><Polygon>{outer}{inner}</Polygon></Placemark>"


def zipped(content: str) -> Callable[[Path], Path]:
    """A KMZ of a document."""

    def write(path: Path) -> Path:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("doc.kml", content)
        return path

    return write


def wide_table(columns: int = 2_000, rows: int = 500) -> str:
    """A form with columns that nobody knows."""
    head = "unit_id," + ",".join(f"c{n}" for n in range(columns))
    return "\n".join([head, *(f"CU-{n:03d}" + ",x" * columns for n in range(rows))])


def workbook(path: Path) -> Path:
    """The same as a workbook."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("units")
    sheet.append(["unit_id", *(f"c{n}" for n in range(2_000))])
    for number in range(200):
        sheet.append([f"CU-{number:03d}", *["x"] * 2_000])
    book.save(path)
    return path


def track(points: int = 100_000) -> str:
    """The walk of an animal that rests."""
    xy = np.random.default_rng(3).normal(0, 1e-5, (points, 2)).cumsum(axis=0) + np.array([71, 41])
    rows = "".join(f'<trkpt lat="{y:.6f}" lon="{x:.6f}"/>' for x, y in xy)
    return f'<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk><name>n</name><trkseg>{rows}</trkseg></trk></gpx>'


def nested_collections(deep: int = 60) -> str:
    """A collection in a collection in a collection."""
    shape: dict[str, Any] = {
        "type": "Polygon",
        "coordinates": [[[70, 40], [71, 40], [71, 41], [70, 40]]],
    }
    for _ in range(deep):
        shape = {
            "type": "GeometryCollection",
            "geometries": [shape] * 1 + [{"type": "Point", "coordinates": [70, 40]}],
        }
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "properties": {}, "geometry": shape}],
        }
    )


def long_strings(rows: int = 1_000) -> str:
    """Names as long as a page."""
    one = {"type": "Polygon", "coordinates": [[[70, 40], [71, 40], [71, 41], [70, 40]]]}
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "properties": {"name": "n" * 30_000}, "geometry": one}
                for _ in range(rows)
            ],
        }
    )


FILES: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "KML: 20,000 folders beside each other": (
        ".kml",
        text(kml("<Folder><name>f</name></Folder>" * 19_999)),
    ),
    "KML: 20,000 folders, 99 deep": (".kml", text(kml(("<Folder>" * 99 + "</Folder>" * 99) * 200))),
    "KML: 12,000 stars of 5 points": (
        ".kml",
        lambda path: text(
            kml(
                "".join(
                    kml_polygon(star(5, (60 + n % 100 * 0.2, 40 + n // 100 * 0.1), 0.05))
                    for n in range(12_000)
                )
            )
        )(path),
    ),
    "KML: 30,000 holes": (".kml", lambda path: text(kml(kml_polygon(sieve())))(path)),
    "KML: star of 801 points": (".kml", lambda path: text(kml(kml_polygon(star())))(path)),
    "KML: spiral": (".kml", lambda path: text(kml(kml_polygon(spiral())))(path)),
    "KML: resting animal": (".kml", lambda path: text(kml(kml_polygon(resting())))(path)),
    "KML: 1,000 leaning combs": (
        ".kml",
        lambda path: text(kml("".join(kml_polygon(slanting(990)) for _ in range(900))))(path),
    ),
    "KMZ: comb": (".kmz", lambda path: zipped(kml(kml_polygon(fence())))(path)),
    "GPX: 100,000 points at rest": (".gpx", lambda path: text(track())(path)),
    "GeoJSON: collections 60 deep": (".geojson", lambda path: text(nested_collections())(path)),
    "GeoJSON: 1,000 names of 30,000 letters": (".geojson", lambda path: text(long_strings())(path)),
    "CSV: 2,000 columns": (".csv", lambda path: text(wide_table())(path)),
    "XLSX: 2,000 columns": (".xlsx", workbook),
}


# -- rasters and tables of records ----------------------------------------------------------------


def raster(
    values: Any = None, shape: tuple[int, int] | None = None, **options: Any
) -> Callable[[Path], Path]:
    """A GeoTIFF over the study; of a shape without values only the outermost bytes are there."""

    def write(path: Path) -> Path:
        import rasterio
        from rasterio.transform import from_bounds

        made = values() if values else None
        high, wide = shape or made.shape
        about = {"driver": "GTiff", "height": high, "width": wide, "count": 1, "crs": "EPSG:4326"}
        about |= {"dtype": "uint8" if made is None else made.dtype, "compress": "deflate"}
        about |= {"transform": from_bounds(60, 40, 80, 50, wide, high)}
        with rasterio.open(path, "w", **about | options) as target:
            if made is not None:
                target.write(made, 1)
        return path

    return write


def hills(side: int) -> Any:
    """Ground with smooth edges, as a model of a species draws it."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    return (np.sin(9 * x) * np.cos(7 * y) + np.cos(13 * x * y) > 0.4).astype(np.uint8)


def crumbs(side: int) -> Any:
    """Each cell by lot."""
    return np.random.default_rng(5).random((side, side)).astype(np.float32)


RASTERS: dict[str, tuple[Callable[[Path], Path], dict[str, float]]] = {
    "100 million cells, smooth": (raster(lambda: hills(10_000), tiled=True), {}),
    "900 million cells, all of them none": (
        raster(None, (30_000, 30_000), tiled=True, sparse_ok=True, nodata=0),
        {},
    ),
    "a million rows of 100 cells": (raster(None, (1_000_000, 100), blockysize=1), {}),
    "100 rows of a million cells": (raster(None, (100, 1_000_000), blockysize=1), {}),
    "tiles of 16 × 16": (
        raster(lambda: hills(6_000), tiled=True, blockxsize=16, blockysize=16),
        {},
    ),
    "16 million cells by lot": (raster(lambda: (crumbs(4_000) < 0.5).astype(np.uint8)), {}),
    "16 million numbers by lot, by weight": (raster(lambda: crumbs(4_000)), {"whole_at": 1.0}),
    "100 classes by lot": (
        raster(lambda: (crumbs(1_000) * 100).astype(np.uint8)),
        {"whole_at": 100.0},
    ),
}


def gbif(rows: int) -> str:
    """A download of GBIF: tabs, no quotes, the columns that it has most often."""
    draw = np.random.default_rng(6)
    names = ["Saiga tatarica", "Equus hemionus kulan", "Gazella subgutturosa", "Lynx lynx"]
    head = (
        "gbifID datasetKey occurrenceID kingdom phylum class order family genus species "
        "infraspecificEpithet taxonRank scientificName countryCode locality occurrenceStatus "
        "individualCount decimalLatitude decimalLongitude coordinateUncertaintyInMeters eventDate "
        "day month year taxonKey basisOfRecord institutionCode issue"
    ).replace(" ", "\t")
    y, x = draw.uniform(38, 50, rows), draw.uniform(55, 90, rows)
    lines = [
        f"{n}\tk-{n % 9}\turn:{n}\tAnimalia\tChordata\tMammalia\to\tf\tg\t{names[n % 4]}\t\tSPECIES\t"
        f"{names[n % 4]} (L., 1766)\tKZ\tplace {n}\tPRESENT\t1\t{y[n]:.6f}\t{x[n]:.6f}\t{n % 5000 + 1}\t"
        f"{2005 + n % 20}-{n % 12 + 1:02d}-{n % 27 + 1:02d}\t{n % 27 + 1}\t{n % 12 + 1}\t{2005 + n % 20}\t1\t"
        "HUMAN_OBSERVATION\tinst\tCOORDINATE_ROUNDED"
        for n in range(rows)
    ]
    return "\n".join([head, *lines, ""])


def darwin_core(content: str, rows: int = 0) -> Callable[[Path], Path]:
    """A Darwin Core archive; with `rows` its core is so many lines of one letter, packed to nothing."""

    def write(path: Path) -> Path:
        fields = content.split("\n", 1)[0].split("\t")
        terms = "".join(f'<field index="{n}" term="x/{name}"/>' for n, name in enumerate(fields))
        meta = (
            '<archive xmlns="http://rs.tdwg.org/dwc/text/"><core encoding="utf-8" fieldsEnclosedBy="" '
            'fieldsTerminatedBy="\\t" ignoreHeaderLines="1" rowType="x/Occurrence"><files><location>o.txt'
            f'</location></files><id index="0"/>{terms}</core></archive>'
        )
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("meta.xml", meta)
            with archive.open("o.txt", "w", force_zip64=True) as stream:
                stream.write(content.encode())
                for _ in range(rows // 1_000_000):
                    stream.write(b"x\n" * 1_000_000)
        return path

    return write


def points_as_text(rows: int = 100_000) -> str:
    """A table whose places are written as WKT."""
    xy = np.random.default_rng(7).uniform((55, 38), (90, 50), (rows, 2))
    points = "".join(f'Saiga tatarica,"POINT ({x:.6f} {y:.6f})"\n' for x, y in xy)
    return f"species,wkt\n{points}"


def wide_outline(points: int = 200_000) -> str:
    """A table with one row, whose outline is nearly as long as a line may be."""
    return f'name,wkt\na,"{shapely.to_wkt(coast(points))}"\n'


RECORDS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "GBIF: 100,000 records": (".csv", lambda path: text(gbif(100_000))(path)),
    "Darwin Core: 100,000 records": (".zip", lambda path: darwin_core(gbif(100_000))(path)),
    "Darwin Core: a billion lines in 2 MB": (
        ".zip",
        lambda path: darwin_core(gbif(1), 1_000_000_000)(path),
    ),
    "CSV: 100,000 points as WKT": (".csv", lambda path: text(points_as_text())(path)),
    "CSV: an outline of 200,000 points as WKT": (".csv", lambda path: text(wide_outline())(path)),
    "CSV: a line of 100 million letters": (
        ".csv",
        lambda path: text("species,lon,lat\n" + "x" * 100_000_000)(path),
    ),
}


def islands(ending: str, *, is_one: bool) -> Callable[[Path], Path]:
    """A hundred thousand islands."""

    def write(path: Path) -> Path:
        import geopandas as gpd

        shapes = [archipelago()] if is_one else shapely.get_parts(archipelago())
        ids = [f"P{number}" for number in range(len(shapes))]
        columns = {"pa_id": ids, "name": "n", "iso2": "KZ", "designation": "d"}
        driver = {".gml": "GML", ".gpkg": "GPKG"}.get(ending, "MapInfo File")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame = gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4326")
            frame.to_file(path, driver=driver)
        return path

    return write


# -- what is measured -----------------------------------------------------------------------------


def handed_in(path: Path) -> str:
    """A file as `collect` reads it, by its ending."""
    from cami_units import kml as kml_room
    from cami_units import layers
    from cami_units.documents.form_reading import read_form

    if path.suffix in (".kml", ".kmz", ".gpx"):
        return f"{len(kml_room.read_kml(path)[0])} rows"
    if path.suffix in (".csv", ".xlsx"):
        return f"{len(read_form(path).units)} rows"
    return f"{len(layers.read_gis_placemarks(path, path.name).table)} rows"


def as_layer(path: Path) -> str:
    """A file as a layer of a plan: read, checked, repaired, projected."""
    from cami_units import layers

    return f"{len(layers.read_protected_areas(path))} rows"


def as_records(countries: Any, species: Any) -> Callable[[Path], str]:
    """A file as records of animals are read."""
    from cami_units.layers._layer_rows import layer_reader, region_of
    from cami_units.layers._reading import Reading
    from cami_units.layers._taxa import names_of

    reading = Reading(region=region_of(countries))
    reader = layer_reader("occurrences", reading, countries, names_of(species))

    def read(path: Path) -> str:
        came = reader([path])
        if came.table is None:
            return f"refused: {came.problems[0].sentence()[:150]}"
        return f"{len(came.table)} rows"

    return read


def under_sites(path: Path) -> str:
    """The mean of a raster under forty sites that cover half of it."""
    import geopandas as gpd

    from cami_units import layers, overlap
    from cami_units.layers._equal_area import in_crs

    at = np.stack(np.divmod(np.arange(40), 5), axis=1) * (2.3, 1.8) + (61, 41)
    discs = shapely.buffer(shapely.points(at), 0.9)
    sites = gpd.GeoDataFrame({"unit_id": range(40)}, geometry=discs, crs="EPSG:4326")
    raster = layers.read_context(path, around=sites).table
    means = overlap.summarised(in_crs(sites, raster.crs), raster, summary="mean")
    return f"{len(means)} sites"


def other_case(case: dict[str, str], path: Path) -> dict[str, Any]:
    """A raster, a table of records, or islands, each after a small one of its kind."""
    from cami_units import layers
    from cami_units.layers._rasters import raster_range

    name = case["name"]
    if case["kind"] == "raster":
        make, rule = RASTERS[name]
        small = raster(lambda: hills(50))(path / "warm.tif")
        cost(lambda: len(raster_range(small)) + len(raster_range(small, whole_at=1.0)))
        worst = make(path / "worst.tif")
        return cost(lambda: f"{len(raster_range(worst, **rule))} rows")
    if case["kind"] == "raster under sites":
        small, worst = raster(lambda: hills(50))(path / "warm.tif"), path / "worst.tif"
        cost(lambda: under_sites(small))
        RASTERS[name][0](worst)
        return cost(lambda: under_sites(worst))
    if case["kind"] == "records":
        ending, make = RECORDS[name]
        read = as_records(layers.read_countries(), layers.read_species())
        cost(lambda: read(text(gbif(50))(path / "warm.csv")))
        worst = make(path / f"worst{ending}")
        return cost(lambda: read(worst))
    cost(lambda: as_layer(gis(star(5), path / "warm.gpkg")))
    worst = islands(case["ending"], is_one=case["kind"] == "one row of islands")(
        path / f"worst{case['ending']}"
    )
    return cost(lambda: as_layer(worst))


def _flat(shape: Any) -> Any:
    import geopandas as gpd

    from cami_units import layers

    frame = gpd.GeoDataFrame({"unit_id": ["CU-001"]}, geometry=[shape], crs="EPSG:4326")
    return layers.to_equal_area(frame)


def steps() -> dict[str, Callable[[Any], object]]:
    """Steps that a valid shape goes through, as an own layer or as somebody's unit."""
    import cami_units as cu
    from cami_units import delineate, layers, overlap

    countries = layers.read_countries()
    ranges = overlap.regional_ranges(layers.kept(layers.read_ranges()))
    cells = cu.planning_units(countries.iloc[:3], cell_km=50)
    borders = layers.shared_borders(countries)
    return {
        "equal area": lambda flat: layers.to_lonlat(flat),
        "cut by states": lambda flat: overlap.split(flat, countries, keep=("unit_id", "iso2")),
        "overlap with ranges": lambda flat: overlap.overlaps(flat, ranges),
        "cells over it": lambda flat: overlap.overlaps(cells, flat, site="pu_id", by=("unit_id",)),
        "distance to borders": lambda flat: overlap.borders_within(
            flat, borders, within_km=50, site="unit_id"
        ),
        "ground that is missing": lambda flat: [
            overlap.nearest_ground(flat.geometry.iloc[0], ranges.geometry, [1000] * len(ranges))
        ],
        "simplified for editing": lambda flat: delineate.editable(flat),
    }


_MEASURE = """
import json, re, sys, time
sys.path[:0] = [%r]
import budgets
budgets.measured_here(json.loads(sys.stdin.read()))
"""


def memory(what: str) -> float:
    """MB of this process, by Linux."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(what + r":\s+(\d+) kB", status)
    return int(found[1]) / 1000 if found else 0.0


def cost(do: Callable[[], object]) -> dict[str, Any]:
    """Seconds of the processor and MB above what was there; what came, or why it was refused."""
    from cami_units.model import InputError

    Path("/proc/self/clear_refs").write_text("5")
    before, began = memory("VmRSS"), time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            came = str(do())[:60]
        except InputError as error:
            came = "refused: " + str(error).splitlines()[0][:150]
    return {"cpu": time.process_time() - began, "mb": memory("VmHWM") - before, "came": came}


def measured_here(case: dict[str, str]) -> None:
    """One case, in this process."""
    kind, name = case["kind"], case["name"]
    path = Path(case["path"])
    if kind == "file":
        ending, make = FILES[name]
        make(path / f"warm{ending}") if name.startswith("XLSX") else None
        if ending in (".kml", ".kmz", ".gpx", ".csv"):
            small = text(
                kml(kml_polygon(star(5))) if ending != ".csv" else "unit_id,name\nCU-1,a\n"
            )
            cost(lambda: handed_in(small(path / ("warm.csv" if ending == ".csv" else "warm.kml"))))
        else:
            cost(lambda: handed_in(gis(star(5), path / "warm.geojson")))
        if name.startswith("XLSX"):
            import openpyxl  # noqa: F401

            from cami_units.documents import form_reading  # noqa: F401
        worst = make(path / f"worst{ending}")
        print(json.dumps(cost(lambda: handed_in(worst))))
        return
    if kind in ("handed in", "layer"):
        read = handed_in if kind == "handed in" else as_layer
        cost(lambda: read(gis(shapely.box(70, 40, 71, 41), path / f"warm{case['ending']}")))
        cost(lambda: read(gis(star(5), path / f"warm2{case['ending']}")))
        worst = gis(SHAPES[name](), path / f"worst{case['ending']}")
        print(json.dumps(cost(lambda: read(worst))))
        return
    if kind != "step":
        print(json.dumps(other_case(case, path)))
        return
    flat = _flat(SHAPES[name]())
    plain = _flat(shapely.box(70, 40, 71, 41))
    for step, do in steps().items():
        cost(lambda do=do: do(plain))
        print(json.dumps({"step": step, **cost(lambda do=do: len(do(flat)))}), flush=True)


def cases(only: list[str]) -> list[dict[str, str]]:
    """What is measured: kind, name, ending."""
    rows = [{"kind": "file", "name": name, "ending": ""} for name in FILES]
    rows += [{"kind": "handed in", "name": name, "ending": ".gpkg"} for name in SHAPES]
    rows += [{"kind": "layer", "name": name, "ending": ".parquet"} for name in SHAPES]
    rows += [
        {"kind": kind, "name": name, "ending": ending}
        for ending in (".shp", ".fgb", ".geojson")
        for name in (*VALID, "resting animal, 100,000 points")
        for kind in ("handed in", "layer")
    ]
    rows += [{"kind": "raster", "name": name, "ending": ""} for name in RASTERS]
    rows += [
        {"kind": "raster under sites", "name": name, "ending": ""}
        for name in ("100 million cells, smooth", "tiles of 16 × 16")
    ]
    rows += [{"kind": "records", "name": name, "ending": ""} for name in RECORDS]
    rows += [
        {"kind": kind, "name": "100,000", "ending": ending}
        for ending in (".gml", ".mif", ".tab", ".gpkg")
        for kind in ("one row of islands", "rows of islands")
    ]
    rows += [{"kind": "step", "name": name, "ending": ""} for name in VALID]
    return [
        row
        for row in rows
        if not only or any(f"{row['kind']} {row['name']}".startswith(word) for word in only)
    ]


@dataclass(frozen=True, slots=True)
class Row:
    """What one case took, and what came of it."""

    what: str
    cpu: float
    mb: float
    came: str

    def line(self) -> str:
        """As a row of a table, in bold where it is over."""
        over = "**" if self.cpu > MOST_SECONDS or self.mb > MOST_MB else ""
        came = self.came.partition(":")[0]
        return f"| {self.what} | {over}{self.cpu:.2f} s{over} | {self.mb:.0f} MB | {came} |"


def page(rows: list[Row]) -> str:
    """Those that come near to what a file may cost, and how many do not, as Markdown."""
    near = [row for row in rows if 2 * row.cpu > MOST_SECONDS or 2 * row.mb > MOST_MB]
    rest = f"The other {len(rows) - len(near)} of {len(rows)} take less than half of both."
    table = [
        "| what | processor | memory | what came |",
        "|--|--|--|--|",
        *(row.line() for row in near),
    ]
    told = ", ".join(f"{key} {value}" for key, value in machine().items())
    return "\n".join([*table, "", rest, "", f"Machine: {told}."])


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", default="", help="how the cases begin that are wanted, by semicolons"
    )
    parser.add_argument("--write", action="store_true", help="renew docs/performance.md")
    asked = parser.parse_args()
    rows: list[Row] = []
    for case in cases([word for word in asked.only.split(";") if word]):
        with tempfile.TemporaryDirectory() as folder:
            given = json.dumps({**case, "path": folder})
            code = _MEASURE % str(Path(__file__).parent)
            try:
                done = subprocess.run(
                    [sys.executable, "-c", code],
                    input=given,
                    capture_output=True,
                    text=True,
                    timeout=300,
                    check=False,
                )
                output, fault = done.stdout, done.stderr.strip().splitlines()[-1:]
            except subprocess.TimeoutExpired as error:
                output, fault = (error.stdout or b"").decode(), ["more than 300 s"]
        for line in output.splitlines():
            took = json.loads(line)
            at = f"{case['kind']}{case['ending']}: {case['name']}" + (
                f": {took['step']}" if "step" in took else ""
            )
            rows.append(Row(at, took["cpu"], took["mb"], str(took["came"])))
            print(rows[-1].line(), flush=True)
        if (fault and not output.strip()) or fault == ["more than 300 s"]:
            print(f"| {case['kind']}: {case['name']} | failed: {fault} |", flush=True)
    if asked.write:
        written("budgets", page(rows))


if __name__ == "__main__":
    main()
