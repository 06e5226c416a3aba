#!/usr/bin/env bash
# Asking GDAL (pyogrio) how many rows a GeoPackage has writes into that GeoPackage, and removes a file beside it.
#
# Version  pyogrio 0.13.0 (GDAL in its wheel), geopandas 1.2.0 (CPython 3.11 to 3.13)
# Guess    reading opens a file for reading: its bytes and its folder stay as they are
# Happens  a GeoPackage that was copied together with its -wal (QGIS was open) is changed by `read_info`:
#          the log is written into it and the -wal is gone; without the -wal the rows in it are never missed
# Matters  a hash taken before reading is of another file than one taken after; a folder of originals
#          does not stay original. Read a copy where a -wal lies beside
# Source   seen here; https://www.sqlite.org/wal.html says a read-only connection may recover a log
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pyogrio==0.13.0 geopandas==1.2.0
cat > read.py <<'PY'
import hashlib
import shutil
import sqlite3
from pathlib import Path

import geopandas
import pyogrio
from shapely.geometry import Point

geopandas.GeoDataFrame({"a": ["x"]}, geometry=[Point(0, 0)], crs=4326).to_file("h.gpkg")
program = sqlite3.connect("h.gpkg")  # as QGIS keeps it while the project is open
for function in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):  # what its triggers call
    program.create_function(function, 1, lambda _: 0)
program.execute("PRAGMA journal_mode=WAL")
program.execute("UPDATE h SET a = 'edited'")
program.commit()
for with_log in (True, False):
    copy = Path(f"copy_{with_log}")
    copy.mkdir()
    for name in ("h.gpkg", "h.gpkg-wal")[: 1 + with_log]:
        shutil.copy(name, copy / name)
    before = hashlib.sha256((copy / "h.gpkg").read_bytes()).hexdigest()
    names = sorted(path.name for path in copy.iterdir())
    pyogrio.read_info(copy / "h.gpkg")
    after = hashlib.sha256((copy / "h.gpkg").read_bytes()).hexdigest()
    row = geopandas.read_file(copy / "h.gpkg")["a"].tolist()
    print(names, "->", sorted(path.name for path in copy.iterdir()), "same bytes:", before == after, row)
program.close()
PY
venv/bin/python -W ignore read.py | tee seen
cat > expected <<'TXT'
['h.gpkg', 'h.gpkg-wal'] -> ['h.gpkg'] same bytes: False ['edited']
['h.gpkg'] -> ['h.gpkg'] same bytes: True ['x']
TXT
diff expected seen
