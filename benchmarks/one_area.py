"""One unit and one range share, measured by other people's software: the table in docs/method.md.

    python benchmarks/one_area.py [--unit CU-014] [--species "Ovis ammon"] [--postgis "dbname=postgres"]

Makes the units of the bundled plan, takes one and the range of one species, writes both as GeoJSON in
longitude and latitude (with no side over 0.1°, so that great circles, geodesics and straight lines
agree) and asks each program that is installed for the area of the unit, of the range, and of what they
share. The reference is ours; the witness beside it is the geodesic area on the ellipsoid (pyproj, Karney
2013) of pieces that GEOS cut in our equal-area system. What is not installed is left out and named.

Optional: psql and a database with PostGIS; spatialite; qgis_process; R with sf, s2 and terra; GRASS;
node with @turf/turf (NODE_PATH); the Python packages h3, s2sphere and spherely.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import shapely

import cami_units as cu
from cami_units.model import EQUAL_AREA

Areas = tuple[float, float, float]
"""km² of the unit, of the range, and of what they share."""


def shapes(unit_id: str, species: str) -> gpd.GeoDataFrame:
    """The unit and the range, and what they share, in longitude and latitude with short sides."""
    plan = cu.read_plan(None)
    proposal = cu.propose(plan)
    units = cu.to_equal_area(proposal.tables["conservation_units"])
    unit = units.loc[units["unit_id"] == unit_id].geometry.iloc[0]
    ranges = cu.load(plan).features
    whole = ranges.loc[ranges["sci_name"] == species].geometry.iloc[0]
    rows = gpd.GeoDataFrame(
        {"what": ["unit", "range", "shared"]},
        geometry=[unit, whole, shapely.intersection(unit, whole)],
        crs=EQUAL_AREA,
    )
    rows["geometry"] = shapely.segmentize(rows.geometry.to_numpy(), 5_000)
    return cu.to_lonlat(rows, decimals=9)


def planar(rows: gpd.GeoDataFrame, crs: str) -> Areas:
    """Areas of the shapes in a projection; the shared part is cut there, as a user would."""
    flat = rows.to_crs(crs).geometry.to_numpy()
    return _km2(shapely.area([flat[0], flat[1], shapely.intersection(flat[0], flat[1])]))


def _km2(square_metres: object) -> Areas:
    a, b, c = (float(one) / 1e6 for one in np.asarray(square_metres, dtype=float))
    return a, b, c


def geodesic(rows: gpd.GeoDataFrame) -> Areas:
    """Areas on the ellipsoid (Karney 2013)."""
    geod = pyproj.Geod(ellps="WGS84")
    return _km2([abs(geod.geometry_area_perimeter(shape)[0]) for shape in rows.geometry])


def output(*command: str, text: str | None = None, **env: str) -> str:
    """What a program printed."""
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=300, env={**os.environ, **env}
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr else "failed")
    return done.stdout


def numbers(text: str) -> Areas:
    """The last three numbers of an output, square metres."""
    return _km2([float(one) for one in re.findall(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?", text)[-3:]])


def postgis(rows: gpd.GeoDataFrame, folder: Path, dsn: str) -> dict[str, Areas]:
    """PostGIS: geography, and geometry in degrees, which is no area at all."""
    unit, range_ = (shapely.to_wkt(shape, rounding_precision=9) for shape in rows.geometry[:2])
    sql = (
        f"create temp table t as select 'SRID=4326;{unit}'::geography u, 'SRID=4326;{range_}'::geography r;"
        "select ST_Area(u), ST_Area(r), ST_Area(ST_Intersection(u, r)) from t;"
        "select postgis_lib_version();"
    )
    said = output("psql", "-Atq", "-F", " ", "-d", dsn, text=sql).split("\n")
    return {f"PostGIS {said[1]}, geography": numbers(said[0])}


def spatialite(rows: gpd.GeoDataFrame, folder: Path) -> dict[str, Areas]:
    """SpatiaLite, ST_Area with the ellipsoid."""
    unit, range_ = (shapely.to_wkt(shape, rounding_precision=9) for shape in rows.geometry[:2])
    sql = (
        f"create table t as select GeomFromText('{unit}', 4326) u, GeomFromText('{range_}', 4326) r;"
        "select ST_Area(u, 1), ST_Area(r, 1), ST_Area(ST_Intersection(u, r), 1) from t;"
        "select spatialite_version();"
    )
    said = output("spatialite", "-silent", ":memory:", text=sql).split("\n")
    return {f"SpatiaLite {said[1]}, on the ellipsoid": numbers(said[0].replace("|", " "))}


def qgis(rows: gpd.GeoDataFrame, folder: Path) -> dict[str, Areas]:
    """QGIS: $area on the ellipsoid of the project, of shapes that QGIS cut in degrees."""
    env = {"QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(folder)}
    # Debian's wrapper gives a flag that its own program does not know
    program = shutil.which("qgis_process.bin") or "qgis_process"
    version = re.search(r"QGIS (\d[\d.]*)", output(program, "--version", **env))
    unit, range_, shared = (folder / f"{name}.gpkg" for name in ("unit", "range", "cut"))
    rows.iloc[[0]].to_file(unit)
    rows.iloc[[1]].to_file(range_)
    run = (program, "run")
    output(
        *run,
        "native:intersection",
        "--",
        f"INPUT={unit}",
        f"OVERLAY={range_}",
        f"OUTPUT={shared}",
        **env,
    )
    km2 = []
    for place, path in enumerate((unit, range_, shared)):
        target = folder / f"area{place}.gpkg"
        output(
            *run,
            "native:fieldcalculator",
            "--ellipsoid=EPSG:7030",
            "--",
            f"INPUT={path}",
            "FIELD_NAME=a",
            "FIELD_TYPE=0",
            "FIELD_LENGTH=30",
            "FIELD_PRECISION=3",
            "FORMULA=$area",
            f"OUTPUT={target}",
            **env,
        )
        km2.append(gpd.read_file(target)["a"].sum())
    return {f"QGIS {version.group(1) if version else '?'}, $area on WGS 84": _km2(km2)}


R_SCRIPT = """
suppressMessages({library(sf); library(terra)})
x <- st_read(commandArgs(TRUE)[1], quiet = TRUE)
for (s2 in c(TRUE, FALSE)) {
  suppressMessages(sf_use_s2(s2))
  y <- tryCatch({
    i <- suppressWarnings(suppressMessages(st_intersection(st_geometry(x)[1], st_geometry(x)[2])))
    as.numeric(c(st_area(x)[1:2], sum(st_area(i))))
  }, error = function(e) NULL)
  if (!is.null(y)) cat(if (s2) paste0("sf ", packageVersion("sf"), " with s2 ", packageVersion("s2"))
    else paste0("sf ", packageVersion("sf"), " without s2"), format(y, digits = 15), sep = "|", fill = 1000)
}
v <- vect(commandArgs(TRUE)[1])
cat(paste0("terra ", packageVersion("terra"), ", expanse"), format(c(expanse(v[1]), expanse(v[2]),
    sum(expanse(intersect(v[1], v[2])))), digits = 15), sep = "|", fill = 1000)
"""


def r(rows: gpd.GeoDataFrame, folder: Path) -> dict[str, Areas]:
    """R: sf with spherical geometry and without, and terra."""
    script = folder / "areas.R"
    script.write_text(R_SCRIPT, encoding="utf-8")
    lines = output("Rscript", str(script), str(folder / "shapes.gpkg")).splitlines()
    parts = [line.replace(" |", "|").split("|") for line in lines if "|" in line]
    return {name.strip(): _km2([float(one) for one in areas]) for name, *areas in parts}


def grass(rows: gpd.GeoDataFrame, folder: Path) -> dict[str, Areas]:
    """GRASS: v.to.db of areas in a location of longitude and latitude."""
    script = folder / "areas.sh"
    lines = ["set -e"]
    lines += [
        f"v.in.ogr -o --q --o input={folder}/{name}.geojson output={name} snap=1e-9"
        for name in ("unit", "range")
    ]
    lines += [
        "v.overlay --q --o ainput=unit binput=range operator=and output=cut snap=1e-9",
        *(
            f"v.to.db -p --q map={name} option=area units=meters type=centroid | awk -F'|' "
            "'$1>=0 {s+=$NF} END {printf \"%.1f \", s}'"
            for name in ("unit", "range", "cut")
        ),
    ]
    script.write_text("\n".join(lines), encoding="utf-8")
    for number, name in enumerate(("unit", "range")):
        rows.iloc[[number]].to_file(folder / f"{name}.geojson")
    said = output("grass", "--tmp-location", "EPSG:4326", "--exec", "sh", str(script))
    version = re.search(r"\d[\d.]*", output("grass", "--config", "version"))
    return {f"GRASS {version.group() if version else '?'}, v.to.db": numbers(said)}


TURF = """
const t = require('@turf/turf'), f = require('fs');
const [u, r] = JSON.parse(f.readFileSync(process.argv[1], 'utf8')).features;
const i = t.intersect(t.featureCollection([u, r]));
console.log(t.area(u), t.area(r), t.area(i));
"""


def turf(rows: gpd.GeoDataFrame, folder: Path) -> dict[str, Areas]:
    """Turf: a sphere, and straight sides in degrees."""
    root = os.environ.get("NODE_PATH", "")
    package = json.loads((Path(root) / "@turf/turf/package.json").read_text(encoding="utf-8"))
    said = output("node", "-e", TURF, str(folder / "shapes.geojson"))
    return {f"Turf {package['version']}, area": numbers(said)}


def h3(rows: gpd.GeoDataFrame, folder: Path) -> dict[str, Areas]:
    """H3: cells whose centre lies inside, counted; and their own areas, added."""
    import h3 as library

    version = importlib.metadata.version("h3")
    answers = {}
    for level in (4, 5):
        cells = [set(library.geo_to_cells(shape, level)) for shape in rows.geometry[:2]]
        cells.append(cells[0] & cells[1])
        mean = library.average_hexagon_area(level, unit="km^2")
        answers[f"H3 {version}, level {level}: cells × mean area"] = tuple(
            len(one) * mean for one in cells
        )
        answers[f"H3 {version}, level {level}: own areas of cells"] = tuple(
            sum(library.cell_area(cell, unit="km^2") for cell in one) for one in cells
        )
    return answers  # type: ignore[return-value]


def spherely(rows: gpd.GeoDataFrame, folder: Path) -> dict[str, Areas]:
    """s2geometry through spherely: great circles on a sphere."""
    import spherely as library

    unit, range_ = (library.from_wkt(shapely.to_wkt(one, 9)) for one in rows.geometry[:2])
    areas = [library.area(one) for one in (unit, range_, library.intersection(unit, range_))]
    return {f"spherely {importlib.metadata.version('spherely')} (s2)": _km2(areas)}


def main() -> None:
    """Print the table."""
    words = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    words.add_argument("--unit", default="CU-014")
    words.add_argument("--species", default="Ovis ammon")
    words.add_argument("--postgis", default="")
    options = words.parse_args()
    rows = shapes(options.unit, options.species)
    zone = int((rows.geometry.iloc[0].centroid.x + 180) // 6) + 1
    ours = planar(rows, EQUAL_AREA)
    answers: dict[str, Areas] = {
        "cami_units: Albers made for the region": ours,
        f"geodesic on WGS 84 (PROJ {pyproj.proj_version_str})": geodesic(rows),
        f"UTM zone {zone} (of the unit)": planar(rows, f"EPSG:326{zone:02d}"),
        "EPSG:6933 (EASE-Grid 2.0)": planar(rows, "EPSG:6933"),
        "Mollweide (ESRI:54009)": planar(rows, "ESRI:54009"),
        "Web Mercator (EPSG:3857)": planar(rows, "EPSG:3857"),
    }
    lacking = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows.to_file(folder / "shapes.geojson")
        rows.to_file(folder / "shapes.gpkg", promote_to_multi=True)  # terra reads one kind
        asked: dict[str, Callable[[], dict[str, Areas]]] = {
            "PostGIS": lambda: postgis(rows, folder, options.postgis) if options.postgis else {},
            "SpatiaLite": lambda: spatialite(rows, folder),
            "QGIS": lambda: qgis(rows, folder),
            "R": lambda: r(rows, folder),
            "GRASS": lambda: grass(rows, folder),
            "Turf": lambda: turf(rows, folder),
            "H3": lambda: h3(rows, folder),
            "spherely": lambda: spherely(rows, folder),
        }
        for program, ask in asked.items():
            try:
                found = ask()
            except (OSError, ImportError, RuntimeError, ValueError, KeyError) as error:
                lacking.append(f"{program} ({error})")
                continue
            answers |= found
            if not found:
                lacking.append(program)
    print(f"{options.unit} and {options.species}")
    print("| measured with | unit, km² | off, % | share of the range, % | of 5 % it makes |")
    print("|--|--|--|--|--|")
    # a share of exactly 5 % by us: which of them would say otherwise
    truth = ours[2] / ours[1]
    for name, (unit, range_, shared) in answers.items():
        share = shared / range_
        off = 100 * (unit / ours[0] - 1)
        turns = 5 * share / truth
        said = "5" if abs(turns - 5) < 0.0005 else f"{turns:.3f}"
        print(f"| {name} | {unit:,.0f} | {off:+.3f} | {100 * share:.4f} | {said} |")
    print("left out:", "; ".join(lacking) or "nothing")


if __name__ == "__main__":
    main()
