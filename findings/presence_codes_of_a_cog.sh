#!/usr/bin/env bash
# A raster of presence codes 0, 1 and 5, written as COG and read smaller, has codes 2, 3 and 4 as well.
#
# Version  rasterio 1.4.4 with its GDAL 3.10.3, numpy 2.4.6 (CPython 3.11)
# Guess    overviews of whole numbers are made of numbers that are there (as gdaladdo and rio-cogeo make them), and who
#          reads with "nearest" or "mode" gets codes of the file
# Happens  GDAL's COG driver makes them by cubic convolution unless the band has a palette. Whoever asks for a smaller
#          array, opens an overview or draws a map gets a belt of invented codes along each border; the resampling
#          that is asked for comes after, on the overview. At full size the file is as it was
# Matters  around ground where a species is extinct (5) runs a belt of "probably extant" (2) to "possibly extinct" (4);
#          numbers of states or of land cover are other states and covers. rioxarray's to_raster(driver="COG") does
#          the same. For codes say overview_resampling="nearest" or "mode"
# Source   COG driver of GDAL, OVERVIEW_RESAMPLING; github.com/OSGeo/gdal/pull/2686; seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check rasterio==1.4.4 numpy==2.4.6
cat > codes.py <<'PY'
import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.shutil import copy
from rasterio.transform import from_origin

SIDE = 2048
south, east = np.mgrid[:SIDE, :SIDE]
winding = 60 * np.sin(south / 37) + 25 * np.sin(south / 11)
codes = np.zeros((SIDE, SIDE), "uint8")  # no range
codes[(east + winding > 400) & (east + winding < 1500)] = 1  # extant
codes[(east + winding >= 1100) & (east + winding < 1500)] = 5  # extinct
profile = {
    "driver": "GTiff",
    "height": SIDE,
    "width": SIDE,
    "count": 1,
    "dtype": "uint8",
    "crs": "EPSG:4326",
    "transform": from_origin(70, 50, 0.005, 0.005),
}
with rasterio.open("codes.tif", "w", **profile) as raster:
    raster.write(codes, 1)
copy("codes.tif", "cog.tif", driver="COG")
copy("codes.tif", "cog_mode.tif", driver="COG", overview_resampling="mode")


def told(cells):
    values, counts = np.unique(cells, return_counts=True)
    return " ".join(f"{value}:{count}" for value, count in zip(values, counts))


for name in ("codes.tif", "cog.tif", "cog_mode.tif"):
    with rasterio.open(name) as raster:
        print(f"{name}, full size: {told(raster.read(1))}")
        for resampling in (Resampling.nearest, Resampling.mode):
            small = raster.read(1, out_shape=(SIDE // 4, SIDE // 4), resampling=resampling)
            print(f"{name}, a quarter, {resampling.name}: {told(small)}")
print("GDAL", rasterio.__gdal_version__)
PY
venv/bin/python codes.py | tee seen
cat > expected <<'TXT'
codes.tif, full size: 0:1941505 1:1433599 5:819200
codes.tif, a quarter, nearest: 0:121344 1:89600 5:51200
codes.tif, a quarter, mode: 0:121344 1:89600 5:51200
cog.tif, full size: 0:1941505 1:1433599 5:819200
cog.tif, a quarter, nearest: 0:120860 1:89478 2:451 3:516 4:501 5:50338
cog.tif, a quarter, mode: 0:120860 1:89478 2:451 3:516 4:501 5:50338
cog_mode.tif, full size: 0:1941505 1:1433599 5:819200
cog_mode.tif, a quarter, nearest: 0:121344 1:89600 5:51200
cog_mode.tif, a quarter, mode: 0:121344 1:89600 5:51200
GDAL 3.10.3
TXT
diff expected seen
