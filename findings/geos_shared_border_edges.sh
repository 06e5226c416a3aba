#!/usr/bin/env bash
# A border that two outlines share comes out of their union as a line for each of its edges.
#
# Version  shapely 2.1.2, GEOS 3.13.1 (CPython 3.11 to 3.13)
# Guess    the union of outlines is a line from node to node: the common border once, and the rest of
#          each outline, as the edges of a topology are
# Happens  where two lines share a run of edges, every corner of the run becomes a node, in OverlayNG's
#          union and in the intersection; runs that nobody shares stay whole. line_merge puts it right
# Matters  borders of states out of their polygons: 33 countries gave 21,600 lines where 158 are there,
#          and what asks each line (intersects, difference, a placemark) takes a hundred times as often
# Source   https://locationtech.github.io/jts/javadoc/org/locationtech/jts/operation/union/UnaryUnionOp.html
#          says that lines are noded and dissolved, and not where; seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check shapely==2.1.2
cat > borders.py <<'PY'
import shapely

# two states with a border of 101 corners between them, spelt alike to the last bit
border = [(5 + 0.01 * (step % 2), step / 10) for step in range(101)]
west = shapely.Polygon([*border, (0, 10), (0, 0)])
east = shapely.Polygon([*border[::-1], (10, 0), (10, 10)])
assert shapely.coverage_is_valid([west, east])


def lines(geometry):
    return len(shapely.get_parts(geometry))


united = shapely.union_all([west.boundary, east.boundary])
print("union of the outlines:", lines(united), "lines")
print("intersection of the outlines:", lines(shapely.intersection(west.boundary, east.boundary)))
print("intersection of the states:", lines(shapely.intersection(west, east)))
print("put together:", lines(shapely.line_merge(united)))
PY
venv/bin/python borders.py | tee seen
cat > expected <<'TEXT'
union of the outlines: 102 lines
intersection of the outlines: 100
intersection of the states: 100
put together: 3
TEXT
diff expected seen
