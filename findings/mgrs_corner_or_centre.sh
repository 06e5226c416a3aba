#!/usr/bin/env bash
# A square of the military grid (MGRS) is its corner for one program and its centre for another; mgrs 1.6 changed sides.
#
# Version  mgrs 1.5.4 and 1.6.0 (CPython 3.11), mgrs 2.2.0, geodesy 2.4.0 (Node 20)
# Guess    43TEL12 is one place for all who read it, and the next minor release of a library gives the same one
# Happens  the square of 10 km is its south-west corner for mgrs 1.5.4 and geodesy, its centre for mgrs 1.6.0 and the
#          mgrs of JavaScript: 7 km apart, and 71 km for the square of 100 km. With a space before the digits, as maps
#          print it, 1.5.4 reads the letters and passes over the digits: the corner of the square of 100 km, 22 km
#          away, and no error
# Matters  atlases and old records give species by squares of 10 km: after an update all of them lie 5 km further north
#          and east, some across a border, and what was added to the corner to come to the centre is added twice.
#          Say which of the two a table has
# Source   the change log of mgrs 1.6.0; github.com/hobuinc/mgrs/issues/40 (spaces); of the programs seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > squares.json <<'JSON'
["43TEL1234512345", "43TEL12", "43TEL 12", "43TEL"]
JSON
cat > squares.py <<'PY'
import json
from importlib.metadata import version

from mgrs import MGRS

with open("squares.json") as squares:
    for square in json.load(squares):
        lat, lon = MGRS().toLatLon(square)
        print(f"mgrs {version('mgrs')} of Python, {square}: {lat:.3f} {lon:.3f}")
PY
cat > squares.mjs <<'JS'
import { readFileSync } from "node:fs";
import Mgrs from "geodesy/mgrs.js";
import mgrs from "mgrs";

const squares = JSON.parse(readFileSync("squares.json", "utf8"));
for (const square of squares.filter((one) => !one.includes(" "))) {
  const [lon, lat] = mgrs.toPoint(square);
  console.log(`mgrs of JavaScript, ${square}: ${lat.toFixed(3)} ${lon.toFixed(3)}`);
}
const corner = Mgrs.parse("43T EL 1 2").toUtm().toLatLon();
console.log(`geodesy, 43T EL 1 2: ${corner.lat.toFixed(3)} ${corner.lon.toFixed(3)}`);
JS
for version in 1.5.4 1.6.0; do
  "${PYTHON:-python3}" -m venv "venv-$version"
  "venv-$version/bin/python" -m pip install --quiet --disable-pip-version-check "mgrs==$version" packaging==26.4
done
npm install --silent --no-audit --no-fund --prefix . mgrs@2.2.0 geodesy@2.4.0 > /dev/null
{
  venv-1.5.4/bin/python squares.py
  venv-1.6.0/bin/python squares.py
  node squares.mjs
} | tee seen
cat > expected <<'TXT'
mgrs 1.5.4 of Python, 43TEL1234512345: 45.264 75.157
mgrs 1.5.4 of Python, 43TEL12: 45.333 75.128
mgrs 1.5.4 of Python, 43TEL 12: 45.153 75.000
mgrs 1.5.4 of Python, 43TEL: 45.153 75.000
mgrs 1.6.0 of Python, 43TEL1234512345: 45.264 75.157
mgrs 1.6.0 of Python, 43TEL12: 45.378 75.192
mgrs 1.6.0 of Python, 43TEL 12: 45.378 75.192
mgrs 1.6.0 of Python, 43TEL: 45.602 75.641
mgrs of JavaScript, 43TEL1234512345: 45.264 75.157
mgrs of JavaScript, 43TEL12: 45.378 75.192
mgrs of JavaScript, 43TEL: 45.600 75.646
geodesy, 43T EL 1 2: 45.333 75.128
TXT
diff expected seen
