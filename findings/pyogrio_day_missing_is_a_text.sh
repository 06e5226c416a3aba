#!/usr/bin/env bash
# A missing day in a column of .dt.date is written by geopandas as the text "NaT", and counts as a value.
#
# Version  pyogrio 0.13.0 with its GDAL 3.12.4, geopandas 1.2.0, pandas 3.1.1 (CPython 3.11)
# Guess    a column of days becomes a Date field with a null, as a column of times becomes a DateTime with a null
# Happens  days are objects to pandas, and each is written by str(): the field is text in GeoPackage, shapefile,
#          FlatGeobuf and GeoJSON, and the missing one is the text NaT. Nothing is said. Read again no day is missing,
#          and the last day is NaT, for N comes after 2. Without .dt.date the null comes back as one
# Matters  days of surveys, visits and captures, of which some are not known: "never surveyed" is surveyed last of
#          all, in every program that opens the file. Days as None come back as nulls; so do times at midnight
# Source   github.com/geopandas/pyogrio/pull/486 (objects of times are written as texts); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  geopandas==1.2.0 pyogrio==0.13.0 shapely==2.1.2 pandas==3.1.1 numpy==2.4.6
cat > days.py <<'PY'
import warnings

import geopandas as gpd
import pandas as pd

seen = pd.Series(pd.to_datetime(["2026-03-04", None, "2026-01-15"]))
COLUMNS = {"times": seen, "days": seen.dt.date, "days, None": seen.dt.date.astype(object).where(seen.notna(), None)}
FORMATS = ["gpkg", "shp", "fgb", "geojson"]
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    for name, column in COLUMNS.items():
        formats = FORMATS if name != "times" else ["gpkg"]
        for ending in formats:
            table = gpd.GeoDataFrame({"seen": column}, geometry=gpd.points_from_xy([0, 1, 2], [0] * 3), crs="EPSG:4326")
            table.to_file(f"visits.{ending}", engine="pyogrio")
            read = gpd.read_file(f"visits.{ending}", engine="pyogrio")["seen"]
            print(f"{name}, {ending}: {read.dtype}, missing {read.isna().sum()} of 3, last {read.dropna().max()}")
print("warnings:", len(said))
PY
venv/bin/python days.py | tee seen
cat > expected <<'TXT'
times, gpkg: datetime64[ms], missing 1 of 3, last 2026-03-04 00:00:00
days, gpkg: str, missing 0 of 3, last NaT
days, shp: str, missing 0 of 3, last NaT
days, fgb: str, missing 0 of 3, last NaT
days, geojson: str, missing 0 of 3, last NaT
days, None, gpkg: str, missing 1 of 3, last 2026-03-04
days, None, shp: str, missing 1 of 3, last 2026-03-04
days, None, fgb: str, missing 1 of 3, last 2026-03-04
days, None, geojson: datetime64[ms], missing 1 of 3, last 2026-03-04 00:00:00
warnings: 0
TXT
diff expected seen
