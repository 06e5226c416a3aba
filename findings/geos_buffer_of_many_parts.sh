#!/usr/bin/env bash
# A buffer around 300 small parts takes more than thirty times as long as the buffers of the parts and their union.
#
# Version  shapely 2.2.0, GEOS 3.14.1 (CPython 3.11)
# Guess    `buffer` of a MultiPolygon does what it takes: parts one by one, put together. To do that
#          by hand is slower, if anything
# Happens  each part's circle is cut by every other circle at once, before anything is put together:
#          300 crumbs within 5 km of each other make 300 circles of 300 km that all meet. The same
#          area comes from the buffers of the parts, united from below, more than thirty times as fast
# Matters  what lies within some distance of an outline that was mended into crumbs, of an archipelago,
#          of the cells of a raster as polygons: 570 crumbs took minutes, and took 0.2 s part by part
# Source   https://libgeos.org/doxygen/classgeos_1_1operation_1_1buffer_1_1BufferOp.html describes the
#          curves and nothing of their number; seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check shapely==2.2.0
cat > crumbs.py <<'PY'
from time import process_time

import numpy as np
import shapely

column, row = np.divmod(np.arange(300), 17)
places = 290 * np.stack([column, row], 1) + np.random.default_rng(1).uniform(0, 200, (300, 2))
crumbs = shapely.multipolygons(shapely.polygons(places[:, None] + [[0, 0], [60, 0], [0, 60]]))
assert crumbs.is_valid


def timed(buffered):
    start = process_time()
    return buffered(300_000), process_time() - start


whole, long = timed(lambda metres: shapely.buffer(crumbs, metres))
united, short = timed(lambda metres: shapely.union_all(shapely.buffer(crumbs.geoms, metres)))
print("same area:", abs(whole.area / united.area - 1) < 1e-12)
print("more than thirty times as long in one go:", long > 30 * short)
PY
venv/bin/python crumbs.py | tee seen
cat > expected <<'TEXT'
same area: True
more than thirty times as long in one go: True
TEXT
diff expected seen
