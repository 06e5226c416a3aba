#!/usr/bin/env bash
# Whether strips of ground are valid is known at once, until they are projected.
#
# Version  shapely 2.2.0, GEOS 3.14.1 (CPython 3.11)
# Guess    to be valid is a matter of corners and edges: `is_valid` takes as long for a shape that is
#          turned a little, as any projection turns it, as for the shape itself
# Happens  parts and edges are looked for by their boxes. Along the axes the boxes of strips are as
#          narrow as the strips; turned by 5° each lies in that of all others, and 3,000 strips
#          take more than ten times as long, 6,000 four times that
# Matters  slivers between two borders that nearly agree, fences and fields in rows: quick in longitude
#          and latitude, slow in metres, though the check after the projection is the one that counts
# Source   https://libgeos.org/doxygen/classgeos_1_1operation_1_1valid_1_1IsValidOp.html speaks of what
#          is checked and not of its cost; seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check shapely==2.2.0
cat > strips.py <<'PY'
from time import process_time

import numpy as np
import shapely
from shapely.affinity import rotate

south = np.arange(3000) * 2.0
along = shapely.multipolygons(shapely.box(0, south, 84_000, south + 1))  # a metre wide, a metre apart
turned = rotate(along, 5)


def timed(shape):
    start = process_time()
    return shape.is_valid, process_time() - start


(is_valid, short), (is_turned_valid, long) = timed(along), timed(turned)
print("valid, along the axes and turned by 5°:", is_valid, is_turned_valid)
print("more than ten times as long when turned:", long > 10 * short)
PY
venv/bin/python strips.py | tee seen
cat > expected <<'TEXT'
valid, along the axes and turned by 5°: True True
more than ten times as long when turned: True
TEXT
diff expected seen
