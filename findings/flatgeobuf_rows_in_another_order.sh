#!/usr/bin/env bash
# Rows come back from a FlatGeobuf in another order than they were written in.
#
# Version  pyogrio 0.13.0 with its GDAL 3.12.4, geopandas 1.2.0 (CPython 3.11 to 3.13)
# Guess    a file gives back the rows it was given, as GeoPackage, shapefile and GeoJSON do
# Happens  with its spatial index, which is the default, rows are stored along a Hilbert curve and come back
#          so, numbered anew from 0: what is paired with them by position is another site's. No warning.
#          SPATIAL_INDEX=NO keeps the order
# Matters  tables of scores or criteria beside a layer of units or cells, checksums of rows, "the first
#          polygon". Join by id; sort by id after reading
# Source   the format's specification ("packed Hilbert R-tree") says that features are sorted; seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  pyogrio==0.13.0 geopandas==1.2.0 shapely==2.1.2
cat > order.py <<'PY'
import geopandas as gpd
import shapely

# six cells from west to east and back, each with its score
west = [60, 80, 100, 90, 70, 50]
cells = gpd.GeoDataFrame(
    {"cell": list("ABCDEF"), "score": [6, 5, 4, 3, 2, 1]},
    geometry=[shapely.box(x, 40, x + 1, 41) for x in west],
    crs="EPSG:4326",
)
scores = cells["score"]
for name, file, options in (
    ("GeoPackage", "cells.gpkg", {}),
    ("FlatGeobuf", "cells.fgb", {}),
    ("FlatGeobuf without an index", "plain.fgb", {"SPATIAL_INDEX": "NO"}),
):
    cells.drop(columns="score").to_file(file, engine="pyogrio", **options)
    back = gpd.read_file(file).assign(score=scores)
    right = (back["cell"].map(cells.set_index("cell")["score"]) == back["score"]).sum()
    print(f"{name}: {''.join(back['cell'])}, index {back.index.tolist()}, right scores {right} of 6")
PY
venv/bin/python order.py | tee seen
cat > expected <<'TXT'
GeoPackage: ABCDEF, index [0, 1, 2, 3, 4, 5], right scores 6 of 6
FlatGeobuf: BDCFAE, index [0, 1, 2, 3, 4, 5], right scores 1 of 6
FlatGeobuf without an index: ABCDEF, index [0, 1, 2, 3, 4, 5], right scores 6 of 6
TXT
diff expected seen
