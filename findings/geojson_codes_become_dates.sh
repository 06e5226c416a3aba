#!/usr/bin/env bash
# GDAL reads the site codes 12-03-04 and 99-05-17 of a GeoJSON as days of 2012 and 1999.
#
# Version  pyogrio 0.13.0 with its GDAL 3.12.4, geopandas 1.2.0, pandas 3.1.1 (CPython 3.11)
# Guess    texts of JSON stay texts, or become dates where they are ISO 8601, with a year of four digits
# Happens  two digits are a year as well (below 30 of this century, from 30 on of the last), and / will do. If all codes
#          of a file pass, its column is dates; one that has a 13 in the middle keeps all of them text. Codes 12:30
#          become times. Looked up by code none is there, and written again they end in T00:00:00. Alike in
#          TopoJSON and GeoJSON text sequences; GeoPackage and CSV keep the text
# Matters  codes of province, district and site of the one file are dates and those of the next are codes, without
#          a message: sites match nothing, and nobody looks for a date. DATE_AS_STRING="YES" keeps the text
# Source   GeoJSON driver of GDAL, "Date, Time and DateTime" and DATE_AS_STRING (no word of the years); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  geopandas==1.2.0 pyogrio==0.13.0 shapely==2.1.2 pandas==3.1.1 numpy==2.4.6
cat > codes.py <<'PY'
import json
import warnings

import geopandas as gpd

LAYERS = {
    "province 12": ["12-03-04", "12-11-20", "12-07-01"],
    "provinces": ["29-01-02", "30-01-02", "99-05-17"],
    "with slashes": ["12/03/04", "12/11/20"],
    "one of 13": ["12-03-04", "12-13-04"],
    "with a colon": ["12:30", "12:31"],
}


def point(code, x):
    return {"type": "Feature", "properties": {"code": code}, "geometry": {"type": "Point", "coordinates": [x, 42]}}


def told(table, codes):
    there = sum(table["code"].isin(codes))
    return f"{', '.join(map(str, table['code']))} ({table['code'].dtype}); {there} of {len(codes)} are there by code"


with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    for name, codes in LAYERS.items():
        features = [point(code, 70 + n) for n, code in enumerate(codes)]
        with open("sites.geojson", "w") as file:
            json.dump({"type": "FeatureCollection", "features": features}, file)
        print(f"{name}: {told(gpd.read_file('sites.geojson', engine='pyogrio'), codes)}")
    codes = LAYERS["province 12"]
    table = gpd.GeoDataFrame({"code": codes}, geometry=gpd.points_from_xy([70, 71, 72], [42] * 3), crs="EPSG:4326")
    table.to_file("sites.geojson", engine="pyogrio")
    table.to_file("sites.gpkg", engine="pyogrio")
    print("GeoPackage:", told(gpd.read_file("sites.gpkg", engine="pyogrio"), codes))
    kept = gpd.read_file("sites.geojson", engine="pyogrio", DATE_AS_STRING="YES")
    print("DATE_AS_STRING:", told(kept, codes))
    gpd.read_file("sites.geojson", engine="pyogrio").to_file("again.geojson", engine="pyogrio")
    with open("again.geojson") as file:
        print("written again:", *(feature["properties"]["code"] for feature in json.load(file)["features"]))
print("warnings:", len(said))
PY
venv/bin/python codes.py | tee seen
cat > expected <<'TXT'
province 12: 2012-03-04 00:00:00, 2012-11-20 00:00:00, 2012-07-01 00:00:00 (datetime64[ms]); 0 of 3 are there by code
provinces: 2029-01-02 00:00:00, 1930-01-02 00:00:00, 1999-05-17 00:00:00 (datetime64[ms]); 0 of 3 are there by code
with slashes: 2012-03-04 00:00:00, 2012-11-20 00:00:00 (datetime64[ms]); 0 of 2 are there by code
one of 13: 12-03-04, 12-13-04 (str); 2 of 2 are there by code
with a colon: 12:30:00, 12:31:00 (object); 0 of 2 are there by code
GeoPackage: 12-03-04, 12-11-20, 12-07-01 (str); 3 of 3 are there by code
DATE_AS_STRING: 12-03-04, 12-11-20, 12-07-01 (str); 3 of 3 are there by code
written again: 2012-03-04T00:00:00 2012-11-20T00:00:00 2012-07-01T00:00:00
warnings: 0
TXT
diff expected seen
