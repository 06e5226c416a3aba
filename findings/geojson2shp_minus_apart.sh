#!/usr/bin/env bash
# geojson2shp sets the minus of -12 apart: a population that fell by 12 % is stable for GDAL, and one that fell by 13 % is right.
#
# Version  geojson2shp 0.5.0 (Node 20); pyogrio 0.13.0, pyshp 3.1.6, dbfread 2.0.7 (CPython 3.11)
# Guess    a shapefile has short names and short texts; a number comes through, or its writer refuses
# Happens  to see whether blanks are needed it compares the number with the width of the field, 13, and not the length of
#          its text. Above -13 they are, and go between sign and digits, "-           12.": GDAL reads 0 with a warning
#          of "parsed incompletely", pyshp None without one, dbfread raises an error. -13 and below have no blanks and are
#          right, as is all that is positive. A missing number is a "." and for GDAL 0 too; of 0.0004 nothing is left, each
#          number has three decimals
# Matters  trends of populations and changes of ranges in per cent, as a web map exports them: what falls steeply falls, what
#          falls slowly is level, and what nobody knows is level as well
# Source   formatNum in lib/shp-write-stream/dbf.js of github.com/jdesboeufs/geojson2shp; dBASE's N fields have sign and
#          digits together, and blanks for none (what GDAL writes); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  pyogrio==0.13.0 numpy==2.4.6 pyshp==3.1.6 dbfread==2.0.7
npm install --silent --no-audit --no-fund --prefix . geojson2shp@0.5.0 > /dev/null
cat > write.mjs <<'JS'
import { createWriteStream } from "node:fs";
import { convert } from "geojson2shp";

const features = [-12, -0.5, -13, -50.5, 12.5, 0.0004, null].map((trend, index) => {
  const [west, east] = [70 + index, 71 + index];
  const ring = [[west, 45], [west, 46], [east, 46], [east, 45], [west, 45]];
  return { type: "Feature", properties: { trend }, geometry: { type: "Polygon", coordinates: [ring] } };
});
await convert({ type: "FeatureCollection", features }, createWriteStream("units.zip"), { layer: "units" });
JS
cat > read.py <<'PY'
import warnings
from zipfile import ZipFile

import pyogrio
import shapefile
from dbfread import DBF

with ZipFile("units.zip") as file:
    file.extractall()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    _, _, _, (trends,) = pyogrio.raw.read("units.shp", read_geometry=False)
print("GDAL:", *trends.tolist())
print("warnings of", *(str(warning.message).split("'")[1].replace(" ", "_") for warning in caught))
with shapefile.Reader("units") as reader:
    print("pyshp:", *(record["trend"] for record in reader.records()))
try:
    print("dbfread:", *(record["trend"] for record in DBF("units.dbf")))
except ValueError as error:
    print("dbfread:", error)
PY
node write.mjs
venv/bin/python read.py | tee seen
cat > expected <<'TXT'
GDAL: 0.0 0.0 -13.0 -50.5 12.5 0.0 0.0
warnings of -___________12. -____________0.5 .
pyshp: None None -13.0 -50.5 12.5 0.0 None
dbfread: could not convert string to float: b'-           12.'
TXT
diff expected seen
