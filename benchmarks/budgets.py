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
    rows += [{"kind": "step", "name": name, "ending": ""} for name in VALID]
    return [
        row
        for row in rows
        if not only or any(f"{row['kind']} {row['name']}".startswith(word) for word in only)
    ]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", default="", help="how the cases begin that are wanted, by semicolons"
    )
    parser.add_argument("--write", action="store_true", help="renew docs/performance.md")
    asked = parser.parse_args()
    lines = [
        "| what | processor | memory | what came |",
        "|--|--|--|--|",
    ]
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
            over = "**" if took["cpu"] > MOST_SECONDS or took["mb"] > MOST_MB else ""
            lines.append(
                f"| {at} | {over}{took['cpu']:.2f} s{over} | {took['mb']:.0f} MB | {took['came']} |"
            )
            print(lines[-1], flush=True)
        if (fault and not output.strip()) or fault == ["more than 300 s"]:
            print(f"| {case['kind']}: {case['name']} | failed: {fault} |", flush=True)
    if asked.write:
        written("budgets", "\n".join([*lines, "", f"Machine: {machine()}"]))


if __name__ == "__main__":
    main()
