#!/usr/bin/env bash
# geotiff.js puts a raster of points (elevations, mostly) half a cell to the south-east of where it lies.
#
# Version  geotiff 3.0.5 (Node 20); rasterio 1.4.4 with its GDAL 3.10.3 (CPython 3.11)
# Guess    getBoundingBox() of one raster is that of GDAL, whichever of the two raster types it says it is
# Happens  where a file says PixelIsPoint, its tie point is the middle of the first cell, and the box begins
#          half a cell before it. GDAL moves it; geotiff.js takes the tie point for the corner, in
#          getOrigin() and getBoundingBox(): the value found by them at a place is that of a neighbour.
#          pixelIsArea() tells the kind, and the box is made without it
# Matters  SRTM and Copernicus elevations are rasters of points. On a web map the heights lie half a cell
#          off (15 m, or 500 m of a global grid of 1 km), and a hotspot on a cell's border reads another cell
# Source   OGC GeoTIFF 1.1 (19-008r4), RasterPixelIsPoint; the same was mended elsewhere in
#          2026: github.com/developmentseed/deck.gl-raster/issues/110; seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check rasterio==1.4.4 numpy==2.4.6
npm install --silent --no-audit --no-fund --prefix . geotiff@3.0.5 > /dev/null
cat > made.py <<'PY'
import warnings

import numpy as np
import rasterio
from rasterio.transform import from_origin

warnings.filterwarnings("ignore")
values = np.arange(16, dtype="int16").reshape(4, 4)  # row by row from the north-west
for kind in ("Area", "Point"):
    shape = {"width": 4, "height": 4, "count": 1, "dtype": "int16", "crs": "EPSG:4326"}
    shape["transform"] = from_origin(70, 44, 1, 1)
    with rasterio.open(f"{kind}.tif", "w", driver="GTiff", **shape) as file:
        file.update_tags(AREA_OR_POINT=kind)
        file.write(values, 1)
    with rasterio.open(f"{kind}.tif") as file:
        [value] = next(file.sample([(72.2, 41.7)]))
        print("GDAL      ", kind, list(map(float, file.bounds)), "at 72.2 E 41.7 N:", value)
PY
cat > read.mjs <<'JS'
import { fromFile } from "geotiff";

for (const kind of ["Area", "Point"]) {
  const file = await fromFile(`${kind}.tif`);
  const image = await file.getImage();
  const box = image.getBoundingBox();
  const column = Math.floor(72.2 - box[0]);
  const row = Math.floor(box[3] - 41.7);
  const [[value]] = await image.readRasters({ window: [column, row, column + 1, row + 1] });
  console.log("geotiff.js", kind, JSON.stringify(box), "at 72.2 E 41.7 N:", value);
}
JS
{
  venv/bin/python made.py
  node read.mjs
} | tee seen
cat > expected <<'TXT'
GDAL       Area [70.0, 40.0, 74.0, 44.0] at 72.2 E 41.7 N: 10
GDAL       Point [70.0, 40.0, 74.0, 44.0] at 72.2 E 41.7 N: 10
geotiff.js Area [70,40,74,44] at 72.2 E 41.7 N: 10
geotiff.js Point [70.5,39.5,74.5,43.5] at 72.2 E 41.7 N: 5
TXT
diff expected seen
