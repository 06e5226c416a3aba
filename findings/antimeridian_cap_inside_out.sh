#!/usr/bin/env bash
# antimeridian turns a cap around a pole into the rest of the Earth, and a ring around it into its hole.
#
# Version  antimeridian 0.4.9, shapely 2.1.2, pyproj 3.7.2 (CPython 3.11 to 3.13)
# Guess    a polygon that runs clockwise is turned round first, as the docstring says, so that both
#          directions give the same shape
# Happens  which way a line around a pole runs cannot be told in degrees. A cap as shapely's buffer draws
#          it comes back as 509 million km² without a word; a ring drawn counter-clockwise, as GeoJSON
#          asks, as 127,000 of its 659,000 km², with a warning that it was clockwise
# Matters  ranges and units of polar species go from a polar projection to GeoJSON or KML this way.
#          Orient the cap, and do not orient the ring; better, cut in the projection and compare areas
# Source   the docstring of antimeridian.fix_polygon (fix_winding); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  antimeridian==0.4.9 shapely==2.1.2 pyproj==3.7.2
cat > cap.py <<'PY'
import warnings

import antimeridian
import shapely
from pyproj import Transformer

POLAR = "+proj=laea +lat_0=90 +lon_0=0 +datum=WGS84"
to_degrees = Transformer.from_crs(POLAR, "EPSG:4326", always_xy=True)
to_equal_area = Transformer.from_crs("EPSG:4326", "EPSG:6933", always_xy=True)

cap = shapely.Point(0, 0).buffer(500_000)
ring = cap.difference(shapely.Point(0, 0).buffer(200_000))
for what, shape in {
    "cap, as buffer draws it": cap,
    "cap, counter-clockwise": shapely.orient_polygons(cap),
    "ring, clockwise": shapely.orient_polygons(ring, exterior_cw=True),
    "ring, counter-clockwise": shapely.orient_polygons(ring),
}.items():
    degrees = shapely.transform(shape.segmentize(5_000), to_degrees.transform, interleaved=False)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        fixed = antimeridian.fix_polygon(degrees)
    flat = shapely.transform(fixed.segmentize(0.1), to_equal_area.transform, interleaved=False)
    print(f"{what}: {shape.area / 1e9:,.0f} thousand km² come back as {flat.area / 1e9:,.0f}, warnings {len(said)}")
PY
venv/bin/python cap.py | tee seen
cat > expected <<'TXT'
cap, as buffer draws it: 784 thousand km² come back as 509,281, warnings 0
cap, counter-clockwise: 784 thousand km² come back as 784, warnings 0
ring, clockwise: 659 thousand km² come back as 659, warnings 1
ring, counter-clockwise: 659 thousand km² come back as 127, warnings 1
TXT
diff expected seen
