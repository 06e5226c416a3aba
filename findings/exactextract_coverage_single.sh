#!/usr/bin/env bash
# exactextract (Python) hands its coverage fractions out as float64 numbers that hold float32 values.
#
# Version  exactextract 0.3.0, numpy 2.4.6 (CPython 3.11 to 3.13)
# Guess    an array of dtype float64, from a library called exact, is exact to about 1e-16
# Happens  a third of a cell is 0.3333333432674408, off by 1e-8; `count` and `sum` carry it on
# Matters  km² of cells: a witness for exact coverage can only witness to 3e-7 of a cell; adding up cells
#          of a range of a million km² is off by tens of m², so "equal to the whole" needs that tolerance
# Source   seen here; the manual names no precision for `coverage`
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check exactextract==0.3.0 numpy==2.4.6
cat > third.py <<'PY'
import numpy as np
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource

cells = NumPyRasterSource(np.ones((1, 4)), xmin=0, ymin=0, xmax=4, ymax=1)
ring = [[0, 0], [10 / 3, 0], [10 / 3, 1], [0, 1], [0, 0]]  # three cells and a third
shape = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
[row] = exact_extract(cells, [shape], ["coverage", "count", "sum"])
found = row["properties"]
third = found["coverage"][-1]
print(found["coverage"].dtype, repr(float(third)), third == np.float64(np.float32(1 / 3)))
print(found["count"], found["sum"])
PY
venv/bin/python third.py | tee seen
cat > expected <<'TXT'
float64 0.3333333432674408 True
3.333333343267441 3.333333343267441
TXT
diff expected seen
