#!/usr/bin/env bash
# pyproj adds the ground of a hole to a polygon whose hole runs round the same way as its outline.
#
# Version  pyproj 3.7.2 (PROJ 9.5), shapely 2.1.2 (CPython 3.11 to 3.13)
# Guess    geometry_area_perimeter subtracts holes, as its docstring says and as shapely's area does
# Happens  rings are summed by their direction: of a valid polygon of 8,686 km² with a hole of 3,128 the
#          same call gives 5,559 or 11,814, by how the hole was drawn
# Matters  KML, shapely and GEOS allow both directions, and people draw holes either way: a unit around a
#          lake is larger than without the lake. shapely.orient_polygons beforehand mends it
# Source   the warning in the docstring of pyproj.Geod.geometry_area_perimeter; seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pyproj==3.7.2 shapely==2.1.2
cat > hole.py <<'PY'
from pyproj import Geod
from shapely import Polygon, orient_polygons

shell = [(70, 45), (71, 45), (71, 46), (70, 46)]
hole = [(70.2, 45.2), (70.8, 45.2), (70.8, 45.8), (70.2, 45.8)]
geod = Geod(ellps="WGS84")
for what, shape in {
    "without a hole": Polygon(shell),
    "hole the other way round": Polygon(shell, [hole[::-1]]),
    "hole the same way round": Polygon(shell, [hole]),
    "the same, oriented": orient_polygons(Polygon(shell, [hole])),
}.items():
    km2 = geod.geometry_area_perimeter(shape)[0] / 1e6
    print(f"{what}: valid {shape.is_valid}, planar {shape.area:.2f} square degrees, {km2:,.0f} km²")
PY
venv/bin/python hole.py | tee seen
cat > expected <<'TXT'
without a hole: valid True, planar 1.00 square degrees, 8,686 km²
hole the other way round: valid True, planar 0.64 square degrees, 5,559 km²
hole the same way round: valid True, planar 0.64 square degrees, 11,814 km²
the same, oriented: valid True, planar 0.64 square degrees, 5,559 km²
TXT
diff expected seen
