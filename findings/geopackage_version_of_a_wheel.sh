#!/usr/bin/env bash
# One minor version of pyogrio changes the version of every GeoPackage that is written with it.
#
# Version  pyogrio 0.11.1 (GDAL 3.10.3), 0.12.1 (GDAL 3.11.4), read by 0.5.1 (GDAL 3.6.2) (CPython 3.11)
# Guess    the same to_file writes the same kind of file; what a GeoPackage says of itself hangs on what is in it
# Happens  0.11.1 writes version 1.2 and 0.12.1 version 1.4, of the same rows; GDAL 3.6, which is in Debian 12 with its
#          QGIS and R, says on standard error that it "may only be partially supported". VERSION="1.2" gives it back
# Matters  files for other people's QGIS and sf; hashes of files over an upgrade; anything that takes a word on
#          standard error for a failure
# Source   seen here; VERSION is an option of https://gdal.org/en/stable/drivers/vector/gpkg.html
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for version in 0.5.1 0.11.1 0.12.1; do
  "${PYTHON:-python3}" -m venv "$version"
  case "$version" in
    0.5.1) beside="numpy==1.26.4" ;;  # it reads alone
    *) beside="numpy==2.2.6 geopandas==1.0.1 shapely==2.0.6 pandas==2.2.3" ;;
  esac
  # shellcheck disable=SC2086
  "$version/bin/python" -m pip install --quiet --disable-pip-version-check "pyogrio==$version" $beside
done
cat > write.py <<'PY'
import sqlite3
import sys

import geopandas
import pyogrio
from shapely.geometry import Point

rows = geopandas.GeoDataFrame({"a": [1]}, geometry=[Point(0, 0)], crs=4326)
for name, options in (("plain", {}), ("asked", {"VERSION": "1.2"})):
    file = f"{name}_{sys.argv[1]}.gpkg"
    pyogrio.write_dataframe(rows, file, **options)
    print(sys.argv[1], name, sqlite3.connect(file).execute("PRAGMA user_version").fetchone()[0])
PY
{
  0.11.1/bin/python write.py 0.11.1
  0.12.1/bin/python write.py 0.12.1
  for file in plain_0.11.1 plain_0.12.1 asked_0.12.1; do
    said=$(0.5.1/bin/python -c "import pyogrio; pyogrio.read_info('$file.gpkg')" 2>&1 | grep -o "may only be partially supported" || true)
    echo "GDAL 3.6 of $file: ${said:-nothing}"
  done
} | tee seen
cat > expected <<'TXT'
0.11.1 plain 10200
0.11.1 asked 10200
0.12.1 plain 10400
0.12.1 asked 10200
GDAL 3.6 of plain_0.11.1: nothing
GDAL 3.6 of plain_0.12.1: may only be partially supported
GDAL 3.6 of asked_0.12.1: nothing
TXT
diff expected seen
