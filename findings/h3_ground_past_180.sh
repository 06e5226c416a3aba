#!/usr/bin/env bash
# h3 gives a unit that is drawn past 180° without the ground beyond: a third of it, and no error.
#
# Version  h3 4.5.0, shapely 2.1.2 (CPython 3.11); h3-js 4.5.0 gives the same
# Guess    185° is -175°, as sine and cosine have it, or it is refused
# Happens  longitudes are not wrapped: of a box from 175° to 190° the cells up to 180° come, of one from 185° on
#          none. The same unit cut in two at 180° comes whole, and so does the folded one (175° to -170°), which is
#          a belt around the Earth to shapely. An edge of more than 180° is taken the short way round: a window from
#          10° W to 180° gives the cells of America and the Pacific. What comes back of cells at 180° is a ring from
#          -180° to 180°, not valid. Each is without a message
# Matters  Chukotka, Fiji, Kamchatka: Leaflet draws and stores 185°, and rasters of climate run from 0° to 360°.
#          Counts of cells and their km² are too small by what lies east of 180°
# Source   github.com/uber/h3/issues/210 (open since 2019) and /561 (edges over 180°); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check h3==4.5.0 shapely==2.1.2 numpy==2.4.6
cat > cells.py <<'PY'
import warnings

import h3
import shapely

CHUKOTKA = {
    "cut at 180°": shapely.MultiPolygon([shapely.box(175, 60, 180, 70), shapely.box(-180, 60, -170, 70)]),
    "folded": shapely.Polygon([(175, 60), (-170, 60), (-170, 70), (175, 70)]),
    "drawn past 180°": shapely.box(175, 60, 190, 70),
    "all past 180°": shapely.box(181, 60, 190, 70),
}
EURASIA = shapely.box(-10, 40, 180, 70)
WINDOWS = {"window of four corners": EURASIA, "a vertex each 5°": shapely.segmentize(EURASIA, 5)}


def km2(cells):
    return f"{sum(map(h3.cell_area, cells)):,.0f} km²"


with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    for name, shape in CHUKOTKA.items():
        cells = h3.geo_to_cells(shape, 4)
        print(f"{name}: {len(cells)} cells, {km2(cells)}")
    outline = shapely.geometry.shape(h3.cells_to_geo(h3.geo_to_cells(CHUKOTKA["cut at 180°"], 4)))
    west, _, east, _ = outline.bounds
    print(f"outline of the cells: from {west:.0f}° to {east:.0f}°, valid {outline.is_valid}")
    for name, shape in WINDOWS.items():
        cells = h3.geo_to_cells(shape, 3)
        europe = sum(0 < h3.cell_to_latlng(cell)[1] < 60 for cell in cells)
        print(f"{name}: {km2(cells)}, {europe} cells between 0° and 60° E")
print("warnings:", len(said))
PY
venv/bin/python cells.py | tee seen
cat > expected <<'TXT'
cut at 180°: 415 cells, 783,972 km²
folded: 415 cells, 783,972 km²
drawn past 180°: 138 cells, 265,502 km²
all past 180°: 0 cells, 0 km²
outline of the cells: from -180° to 180°, valid False
window of four corners: 35,785,630 km², 0 cells between 0° and 60° E
a vertex each 5°: 40,033,192 km², 1104 cells between 0° and 60° E
warnings: 0
TXT
diff expected seen
