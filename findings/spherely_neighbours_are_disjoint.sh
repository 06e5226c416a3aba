#!/usr/bin/env bash
# For spherely two units with a common border touch, do not intersect and are disjoint.
#
# Version  spherely 0.1.1, shapely 2.1.2 (CPython 3.11)
# Guess    what touches intersects: touching is defined as having points of the border in common and nothing else
# Happens  for intersects and disjoint spherely leaves the shapes half open, as S2 does when nothing is asked: a border
#          belongs to one side at most. For touches and covers it closes them. So touches and disjoint are both true
#          of neighbours and of a corner, and the unit covers what it is disjoint from. shapely and sf (R) close them
# Matters  neighbours of a unit, species whose ranges meet, camera traps on a border: `intersects` finds none of
#          them once the same lines are asked of the sphere instead of the plane
# Source   github.com/r-spatial/s2/issues/32 (why sf asks S2 for closed shapes); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check spherely==0.1.1 shapely==2.1.2 numpy==2.4.6
cat > border.py <<'PY'
import shapely
import spherely

UNIT = "POLYGON ((70 40, 71 40, 71 41, 70 41, 70 40))"
OTHERS = {
    "its neighbour": "POLYGON ((71 40, 72 40, 72 41, 71 41, 71 40))",
    "a corner of it": "POINT (71 41)",
    "a point inside": "POINT (70.5 40.5)",
}
for name, wkt in OTHERS.items():
    for library in (shapely, spherely):
        unit, other = library.from_wkt(UNIT), library.from_wkt(wkt)
        said = [ask for ask in ("touches", "intersects", "disjoint", "covers") if getattr(library, ask)(unit, other)]
        print(f"{name}, {library.__name__}: {', '.join(said)}")
PY
venv/bin/python border.py | tee seen
cat > expected <<'TXT'
its neighbour, shapely: touches, intersects
its neighbour, spherely: touches, disjoint
a corner of it, shapely: touches, intersects, covers
a corner of it, spherely: touches, disjoint, covers
a point inside, shapely: intersects, covers
a point inside, spherely: intersects, covers
TXT
diff expected seen
