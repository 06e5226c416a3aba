#!/usr/bin/env bash
# exactextract applies the scale of a raster that rasterio opened; rasterio's own read() does not.
#
# Version  exactextract 0.3.0, rasterio 1.4.4, numpy 2.4.6 (CPython 3.11 to 3.13)
# Guess    a dataset handed to exactextract and the array read from that dataset have one mean
# Happens  0.75 and 150: whole numbers stored with a scale of 0.005 (and an offset) are what they stand for
#          in the one and what is stored in the other; a masked read does not scale either
# Matters  suitability and cover are stored so to save space: a threshold of 0.5 on read() takes every cell,
#          and a check of one program by the other is off by the scale
# Source   seen here; rasterio's manual names `scales` and `offsets` and leaves them to the reader
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  exactextract==0.3.0 rasterio==1.4.4 numpy==2.4.6
cat > scaled.py <<'PY'
import numpy as np
import rasterio
from exactextract import exact_extract
from rasterio.transform import from_origin

stored = np.array([[100, 200], [100, 200]], dtype="uint8")
shape = {"driver": "GTiff", "height": 2, "width": 2, "count": 1, "dtype": "uint8"}
with rasterio.open("s.tif", "w", transform=from_origin(0, 2, 1, 1), **shape) as target:
    target.write(stored, 1)
    target.scales = (0.005,)
ring = [[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]
site = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
with rasterio.open("s.tif") as source:
    print("read", source.read(1).mean(), source.read(1, masked=True).mean())
    print("exactextract", exact_extract(source, [site], ["mean"])[0]["properties"]["mean"])
PY
venv/bin/python scaled.py | tee seen
cat > expected <<'TXT'
read 150.0 150.0
exactextract 0.75
TXT
diff expected seen
