#!/usr/bin/env bash
# GDAL writes a polygon over 180° into KML as a belt round the Earth: it folds back vertex by vertex.
#
# Version  pyogrio 0.13.0 with its GDAL 3.12.4, geopandas 1.2.0, pyproj 3.7.2 (CPython 3.11 to 3.13)
# Guess    longitudes that count on past 180° are kept, refused, or the polygon is cut there, as GDAL's own
#          writer of GeoJSON does with RFC7946=YES
# Happens  both drivers, KML and LIBKML, take 360° off each vertex that is beyond. A unit from 179° to 181°
#          is one from -179° to 179°, 179 times as wide and valid. KML warns once in a process, of one
#          longitude; LIBKML says nothing
# Matters  units and ranges of Chukotka, Alaska, Fiji or the Chathams on their way to Google Earth. Cut at
#          180° before writing, and compare areas on the ellipsoid
# Source   ogr2kml geometry writer ("has been modified to fit into range"); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  pyogrio==0.13.0 geopandas==1.2.0 pyproj==3.7.2 shapely==2.1.2
cat > belt.py <<'PY'
import warnings

import geopandas as gpd
import shapely
from pyproj import Geod

GEOD = Geod(ellps="WGS84")


def km2(shape):
    # edges along parallels, so that neither way of drawing them matters
    return abs(GEOD.geometry_area_perimeter(shapely.segmentize(shapely.force_2d(shape), 0.1))[0]) / 1e6


units = gpd.GeoDataFrame(
    {"name": ["north", "south"]},
    geometry=[shapely.box(179, 60, 181, 61), shapely.box(179, 50, 181, 51)],
    crs="EPSG:4326",
)
print("drawn:", [f"{km2(shape):,.0f} km²" for shape in units.geometry])
for driver, options in (("LIBKML", {}), ("KML", {}), ("GeoJSON", {"RFC7946": "YES"})):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        units.to_file(f"{driver}.out", driver=driver, engine="pyogrio", **options)
    back = gpd.read_file(f"{driver}.out")
    print(
        f"{driver}: {[f'{km2(shape):,.0f} km²' for shape in back.geometry]},",
        f"{back.geometry[0].geom_type}, valid {bool(back.is_valid.all())},",
        f"warnings {sum('Longitude' in str(one.message) for one in said)}",
    )
PY
venv/bin/python belt.py | tee seen
cat > expected <<'TXT'
drawn: ['12,246 km²', '15,784 km²']
LIBKML: ['2,192,084 km²', '2,825,414 km²'], Polygon, valid True, warnings 0
KML: ['2,192,084 km²', '2,825,414 km²'], Polygon, valid True, warnings 1
GeoJSON: ['12,246 km²', '15,784 km²'], MultiPolygon, valid True, warnings 0
TXT
diff expected seen
