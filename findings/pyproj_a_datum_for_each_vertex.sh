#!/usr/bin/env bash
# pyproj picks the datum shift vertex by vertex: half of a unit in Beijing 1954 moves by 50 m, half stays.
#
# Version  pyproj 3.7.2 (PROJ 9.5.1), shapely 2.1.2 (CPython 3.11)
# Guess    one transformer from EPSG:4214 to EPSG:4326 is one transformation, good or bad, for the whole layer
# Happens  it holds all of EPSG's between the two, each for its box, and takes for each vertex the one in whose
#          box it lies. There are some for oil fields (the south and west of the Tarim, the Ordos) and seas; between
#          them a "ballpark" that moves nothing. At 88° E a straight border gets a step, and two units
#          that shared an edge there have a sliver between them. No warning. geopandas' to_crs does the same
# Matters  reserves and ranges on Chinese maps of the last century; alike Arc 1950, PSAD56 and SAD69, with steps
#          of 8 to 50 m on lines that nobody drew. allow_ballpark=False keeps to a known shift next to its
#          box too; or take one by hand from TransformerGroup
# Source   github.com/OSGeo/gdal/issues/5197 (PROJ decides by where the points fall); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pyproj==3.7.2 shapely==2.1.2 numpy==2.4.6
cat > torn.py <<'PY'
import warnings

import numpy as np
import shapely
from pyproj import Geod, Transformer

GEOD = Geod(ellps="WGS84")


def moved(transformer, lon, lat):
    return GEOD.inv(lon, lat, *transformer.transform(lon, lat))[2]


with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    plain = Transformer.from_crs("EPSG:4214", "EPSG:4326", always_xy=True)
    strict = Transformer.from_crs("EPSG:4214", "EPSG:4326", always_xy=True, allow_ballpark=False)
    for name, transformer in {"as it comes": plain, "no ballpark": strict}.items():
        west, east = (moved(transformer, lon, 40) for lon in (87, 89))
        print(f"{name}: a corner at 87° E moved by {west:.0f} m, one at 89° E by {east:.0f} m")
    # one border, drawn by one unit with two vertices and by its neighbour with one every hundredth of a degree
    lon = np.linspace(87, 89, 201)
    for name, transformer in {"as it comes": plain, "no ballpark": strict}.items():
        x, y = transformer.transform(lon, np.full_like(lon, 40))
        steps = np.abs(np.diff(np.hypot((x - lon) * 85_000, (y - 40) * 111_000)))
        between = shapely.Polygon([*zip(x, y)])  # closed by the straight line from end to end
        km2 = shapely.make_valid(between).area * 85 * 111
        print(f"{name}: largest step {steps.max():.0f} m, between the two drawings {km2:.2f} km²")
        if steps.max() > 1:
            print(f"  the step is at {lon[steps.argmax()]:.0f}° E")
print("warnings:", len(said))
PY
venv/bin/python torn.py | tee seen
cat > expected <<'TXT'
as it comes: a corner at 87° E moved by 45 m, one at 89° E by 0 m
no ballpark: a corner at 87° E moved by 45 m, one at 89° E by 43 m
as it comes: largest step 44 m, between the two drawings 1.63 km²
  the step is at 88° E
no ballpark: largest step 0 m, between the two drawings 0.00 km²
warnings: 0
TXT
diff expected seen
