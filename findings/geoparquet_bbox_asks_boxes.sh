#!/usr/bin/env bash
# The same bbox= gives shapes that meet it from a GeoPackage, and shapes whose boxes do from a GeoParquet.
#
# Version  geopandas 1.2.0, pyogrio 0.13.0, pyarrow 26.0.1, shapely 2.1.2 (CPython 3.11 to 3.13)
# Guess    geopandas' read_file and read_parquet take one argument of one name for one question
# Happens  read_file asks the shapes (so do FlatGeobuf, shapefile, GeoJSON), read_parquet the boxes that lie
#          beside them: a range in the form of an L, or one cut at 180°, comes for a window that it does
#          not touch. No warning; the last row shows a range of both ends of the Earth in Africa
# Matters  species lists and richness of a window after a move from GeoPackage to GeoParquet. Ask
#          intersects once more after reading
# Source   geopandas.read_parquet ("Bounding box to be used to filter selection"); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  geopandas==1.2.0 pyogrio==0.13.0 pyarrow==26.0.1 shapely==2.1.2
cat > window.py <<'PY'
import geopandas as gpd
import shapely

ell = shapely.Polygon([(60, 40), (80, 40), (80, 41), (61, 41), (61, 50), (60, 50)])
cut = shapely.MultiPolygon([shapely.box(170, 40, 180, 45), shapely.box(-180, 40, -170, 45)])
ranges = gpd.GeoDataFrame({"range": ["L", "cut at 180"]}, geometry=[ell, cut], crs="EPSG:4326")
ranges.to_file("ranges.gpkg")
ranges.to_parquet("ranges.parquet", write_covering_bbox=True)
for where, window in {
    "on the L": (60, 45, 62, 46),
    "in its notch": (70, 45, 71, 46),
    "in Africa": (20, 41, 21, 42),
}.items():
    files = gpd.read_file("ranges.gpkg", bbox=window), gpd.read_parquet("ranges.parquet", bbox=window)
    print(f"{where}: GeoPackage {files[0]['range'].tolist()}, GeoParquet {files[1]['range'].tolist()}")
PY
venv/bin/python window.py | tee seen
cat > expected <<'TXT'
on the L: GeoPackage ['L'], GeoParquet ['L', 'cut at 180']
in its notch: GeoPackage [], GeoParquet ['L', 'cut at 180']
in Africa: GeoPackage [], GeoParquet ['cut at 180']
TXT
diff expected seen
