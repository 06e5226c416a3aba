#!/usr/bin/env bash
# One hole that crosses itself, among ten thousand sound ones: four times the holes take nine times as long to mend.
#
# Version  shapely 2.2.0, GEOS 3.14.1 (CPython 3.11)
# Guess    `make_valid` costs about what `is_valid` does, and a little more for the one ring that is wrong:
#          four times the holes, four times the time
# Happens  with a single hole that crosses itself the time grows faster than the polygon: four
#          times the holes take more than six times as long. Each ring made valid by itself, and the
#          polygon put together again, is the same ground, more than five times as fast
# Matters  outlines traced from a raster or a land-cover map, with a hole for each clearing, once a
#          rounding of coordinates has spoilt one: 30,000 holes took ten seconds, ring by ring less than one
# Source   https://github.com/libgeos/geos/issues/1504 tells the same of the parts of a multipolygon;
#          of the holes of one polygon seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check shapely==2.2.0
cat > holes.py <<'PY'
from time import process_time

import numpy as np
import shapely

SQUARE = np.array([(0, 0), (0, 1), (1, 1), (1, 0), (0, 0)], float)
CROSSED = np.array([(0, 0), (1, 1), (1, 0), (0, 1), (0, 0)], float)


def with_holes(side):
    """A square with side × side holes, the first of which crosses itself."""
    holes = [SQUARE + (3 * column, 3 * row) for column in range(side) for row in range(side)]
    end = 3 * side + 5
    shell = [(-5, -5), (end, -5), (end, end), (-5, end)]
    return shapely.Polygon(shell, [CROSSED, *holes[1:]])


def ring_by_ring(polygon):
    """The shell without its holes, each hole made valid by itself; none of them meets another."""
    shell, *rings = shapely.get_rings(polygon)
    holes = shapely.polygons(rings)
    spoilt = ~shapely.is_valid(holes)
    sound = shapely.polygons(shell, holes=np.array(rings)[~spoilt])
    return sound.difference(shapely.union_all(shapely.make_valid(holes[spoilt])))


def timed(mend, polygon):
    """What comes out, and the least processor time of three runs."""
    seconds = []
    for _ in range(3):
        start = process_time()
        mended = mend(polygon)
        seconds.append(process_time() - start)
    return mended, min(seconds)


_, few = timed(shapely.make_valid, with_holes(50))
whole, many = timed(shapely.make_valid, with_holes(100))
apart, rings = timed(ring_by_ring, with_holes(100))
print("same ground:", whole.is_valid and apart.is_valid and abs(whole.area - apart.area) < 1e-6)
print("four times the holes take more than six times as long:", many > 6 * few)
print("ring by ring more than five times as fast:", many > 5 * rings)
PY
venv/bin/python holes.py | tee seen
cat > expected <<'TEXT'
same ground: True
four times the holes take more than six times as long: True
ring by ring more than five times as fast: True
TEXT
diff expected seen
