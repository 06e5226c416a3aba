#!/usr/bin/env bash
# DuckDB reads longitude first and measures latitude first, and its two ways to measure an area agree on what is wrong.
#
# Version  duckdb 1.5.5, duckdb-extension-spatial 1.5.5 (CPython 3.11)
# Guess    since 1.5 the column is a GEOMETRY('EPSG:4326'): what reads it and what measures it know the same order, and
#          an area by the ellipsoid that is the area in an equal-area projection is right
# Happens  ST_Area_Spheroid and ST_Transform both take x for the latitude, and ST_Read and GeoParquet give it as the
#          longitude. A degree of the Tian Shan is 2,486 km² by both and not 9,131; it is measured at 78° N. East
#          of 90° E both are NaN, no error: NaN is the largest number of DuckDB, and passes "more than 1,000 km²"
# Matters  areas of units, shares and totals by SQL: a quarter in Kyrgyzstan, nothing in Mongolia, and whoever checks one
#          way by the other is content. SET geometry_always_xy = true, or ST_FlipCoordinates first
# Source   DuckDB's spatial functions (spheroid: latitude, longitude); github.com/duckdb/duckdb-spatial/issues/384 and
#          /526 (NaN); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check duckdb==1.5.5 duckdb-extension-spatial==1.5.5
cat > areas.py <<'PY'
import json
from importlib.resources import files

import duckdb


def unit(name, west, south):
    east, north = west + 1, south + 1
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    shape = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": {"name": name}, "geometry": shape}


with open("units.geojson", "w") as file:
    json.dump({"type": "FeatureCollection", "features": [unit("Tian Shan", 78, 42), unit("Gobi", 100, 43)]}, file)
database = duckdb.connect()
(extension,) = files("duckdb_extension_spatial").glob("extensions/v1.5.5/spatial.duckdb_extension")
database.execute(f"LOAD '{extension}'")
database.execute("CREATE TABLE units AS FROM ST_Read('units.geojson')")
print("column:", database.sql("SELECT DISTINCT typeof(geom) FROM units").fetchone()[0])
AREAS = """SELECT name, ST_XMin(geom), round(ST_Area_Spheroid(geom) / 1e6),
round(ST_Area(ST_Transform(geom, 'EPSG:6933')) / 1e6) FROM units"""
for order in ("nothing said", "geometry_always_xy"):
    if order != "nothing said":
        database.execute("SET geometry_always_xy = true")
    for name, west, ellipsoid, plane in database.sql(AREAS).fetchall():
        print(f"{order}: {name} from x {west:.0f}, ellipsoid {ellipsoid:.0f} km², equal-area {plane:.0f} km²")
    large = database.sql("SELECT name FROM units WHERE ST_Area_Spheroid(geom) > 1e9 ORDER BY name DESC").fetchall()
    total = database.sql("SELECT sum(ST_Area_Spheroid(geom)) / 1e6 FROM units").fetchone()[0]
    print(f"{order}: above 1,000 km²: {', '.join(name for (name,) in large)}; total {total:.0f} km²")
PY
venv/bin/python areas.py | tee seen
cat > expected <<'TXT'
column: GEOMETRY('EPSG:4326')
nothing said: Tian Shan from x 78, ellipsoid 2486 km², equal-area 2486 km²
nothing said: Gobi from x 100, ellipsoid nan km², equal-area nan km²
nothing said: above 1,000 km²: Tian Shan, Gobi; total nan km²
geometry_always_xy: Tian Shan from x 78, ellipsoid 9131 km², equal-area 9131 km²
geometry_always_xy: Gobi from x 100, ellipsoid 8985 km², equal-area 8985 km²
geometry_always_xy: above 1,000 km²: Tian Shan, Gobi; total 18116 km²
TXT
diff expected seen
