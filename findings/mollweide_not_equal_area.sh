#!/usr/bin/env bash
# Mollweide (ESRI:54009, on WGS 84) is not equal-area in PROJ.
#
# Version  pyproj 3.7.2 (PROJ 9.5.1), numpy 2.4.6 (CPython 3.11)
# Guess    the projection that everybody names for equal areas keeps them
# Happens  PROJ has it for a sphere only and puts the latitudes of the ellipsoid into it: a square of one degree at the
#          equator is 0.67 % too large, and at 60° N 0.34 % too small, without a word. EPSG:6933 is right everywhere
# Matters  shares of ranges that lie on other latitudes than the site: one of 5.000 % of the argali's range came out as
#          4.997 %, below a threshold of 5 %
# Source   proj.org/en/stable/operations/projections/moll.html ("Forward and inverse, spherical"); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pyproj==3.7.2 numpy==2.4.6
cat > areas.py <<'PY'
import numpy as np
from pyproj import Geod, Transformer

GEOD = Geod(ellps="WGS84")
STEPS = np.linspace(0, 1, 101)[:-1]


def off(crs, latitude):
    """By how many % a square of one degree, its sides in steps of a hundredth, is too large."""
    lon = np.concatenate([80 + STEPS, 81 + 0 * STEPS, 81 - STEPS, 80 + 0 * STEPS])
    lat = latitude + np.concatenate([0 * STEPS, STEPS, 1 + 0 * STEPS, 1 - STEPS])
    true = abs(GEOD.polygon_area_perimeter(lon, lat)[0])
    x, y = Transformer.from_crs(4326, crs, always_xy=True).transform(lon, lat)
    flat = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
    return round(100 * (flat / true - 1), 2) + 0.0


for latitude in (0, 20, 45, 60, 80):
    print(f"{latitude}° N: Mollweide {off('ESRI:54009', latitude)} %, EPSG:6933 {off('EPSG:6933', latitude)} %")
PY
venv/bin/python areas.py | tee seen
cat > expected <<'TXT'
0° N: Mollweide 0.67 %, EPSG:6933 0.0 %
20° N: Mollweide 0.51 %, EPSG:6933 0.0 %
45° N: Mollweide -0.01 %, EPSG:6933 0.0 %
60° N: Mollweide -0.34 %, EPSG:6933 0.0 %
80° N: Mollweide -0.63 %, EPSG:6933 0.0 %
TXT
diff expected seen
