#!/usr/bin/env bash
# Split by month, movingpandas gives each month the first fix of the next one that has any: a winter range of 69 km² has 2,167.
#
# Version  movingpandas 0.23.0, geopandas 1.2.0 (CPython 3.11)
# Guess    TemporalSplitter deals the fixes out by the calendar: February has those of February
# Happens  since 2025 each piece ends with the first fix of the piece after it, so that no line has a gap, and
#          be that fix months later. 27 fixes in winter, silence, 20 in summer: "February" has 28, ends on 5 June
#          and has walked 663 km on its last leg. One warning says that there are gaps, none that a fix is in two
#          pieces; without gaps there is no warning, and each day has a fix of the day after
# Matters  seasonal ranges as convex polygons, kilometres a day and numbers of fixes of a season: winter reaches to the summer
#          range, and what is between them looks used. Group the fixes by month, or split at the gaps first
# Source   github.com/movingpandas/movingpandas/issues/446 (why it is so, and that it should not be across gaps); the page
#          of TemporalSplitter does not say it; seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check movingpandas==0.23.0 geopandas==1.2.0
cat > seasons.py <<'PY'
import logging
import warnings

import geopandas as gpd
import pandas as pd
from pyproj import Geod
from shapely import MultiPoint, Point

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
import movingpandas as mpd

EARTH = Geod(ellps="WGS84")


def walk(first, days, south):
    when = pd.date_range(first, periods=days, freq="D")
    where = [Point(60 + 0.02 * (day % 5), south + 0.02 * (day % 6)) for day in range(days)]
    return gpd.GeoDataFrame({"animal": "saiga", "t": when}, geometry=where, crs=4326)


def told(called, times, points):
    hull = MultiPoint(list(points)).convex_hull
    area = abs(EARTH.geometry_area_perimeter(hull)[0]) / 1e6
    print(f"{called}: {len(points)} fixes, {times.min():%d %B} to {times.max():%d %B}, convex polygon {area:,.0f} km²")


winter, summer = walk("2026-02-01", 27, 44), walk("2026-06-05", 20, 50)
for called, fixes in (("with a gap", [winter, summer]), ("without", [winter, walk("2026-02-28", 20, 44)])):
    fixes = pd.concat(fixes, ignore_index=True)
    print(f"{called}, {len(fixes)} fixes")
    for _, month in fixes.groupby(fixes["t"].dt.month):
        told("  pandas", month["t"], month.geometry)
    whole = mpd.Trajectory(fixes, "saiga", t="t")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        months = mpd.TemporalSplitter(whole).split(mode="month")
    said = any("observation gaps" in str(warning.message) for warning in caught)
    for month in months:
        told("  movingpandas", month.df.index, month.df.geometry)
    print(f"  a warning of gaps: {said}")
    before, last = list(months)[0].df.geometry.iloc[-2:]
    print(f"  last leg of February: {EARTH.inv(before.x, before.y, last.x, last.y)[2] / 1000:,.0f} km")
PY
venv/bin/python seasons.py | tee seen
cat > expected <<'TXT'
with a gap, 47 fixes
  pandas: 27 fixes, 01 February to 27 February, convex polygon 69 km²
  pandas: 20 fixes, 05 June to 24 June, convex polygon 59 km²
  movingpandas: 28 fixes, 01 February to 05 June, convex polygon 2,167 km²
  movingpandas: 20 fixes, 05 June to 24 June, convex polygon 59 km²
  a warning of gaps: True
  last leg of February: 663 km
without, 47 fixes
  pandas: 28 fixes, 01 February to 28 February, convex polygon 69 km²
  pandas: 19 fixes, 01 March to 19 March, convex polygon 61 km²
  movingpandas: 29 fixes, 01 February to 01 March, convex polygon 69 km²
  movingpandas: 19 fixes, 01 March to 19 March, convex polygon 61 km²
  a warning of gaps: False
  last leg of February: 3 km
TXT
diff expected seen
