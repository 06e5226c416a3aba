#!/usr/bin/env bash
# suncalc gives the sun of January 1970 for the times of pandas 3: a collar has all its fixes by night.
#
# Version  suncalc 0.1.3, pandas 3.1.1, pyogrio 0.13.0, geopandas 1.2.0 (CPython 3.11)
# Guess    a column of times is a column of times, whatever it counts in; get_position takes one, as its README says
# Happens  it takes the whole numbers under the times for nanoseconds. pandas 3 reads texts as microseconds and
#          geopandas files as milliseconds: 2026 becomes the first weeks of 1970, a day a minute and a half at most,
#          and each fix has the same low sun. Python's own datetimes are right, and .dt.as_unit("ns") is
# Matters  activity by day, night and dusk, of collars and camera traps: an animal of the day is one of the night.
#          Nothing fails, since the angles are angles. A script that was right with pandas 2 turns
# Source   github.com/kylebarron/suncalc-py/issues/19 (the same line, for missing times); pandas 3.0.0, What's new
#          (times are no longer nanoseconds by default); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  suncalc==0.1.3 pandas==3.1.1 geopandas==1.2.0 pyogrio==0.13.0 shapely==2.1.2 numpy==2.4.6
cat > sun.py <<'PY'
import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
from suncalc import get_position

LON, LAT = 75, 42
hours = [f"2026-06-21T{hour:02d}:00:00Z" for hour in range(24)]
texts = pd.Series(pd.to_datetime(hours))
points = gpd.GeoDataFrame({"time": texts}, geometry=gpd.points_from_xy([LON] * 24, [LAT] * 24), crs="EPSG:4326")
points.to_file("fixes.gpkg", engine="pyogrio")
columns = {
    "texts": texts,
    "GeoPackage": gpd.read_file("fixes.gpkg", engine="pyogrio")["time"],
    "as_unit('ns')": texts.dt.as_unit("ns"),
}


def told(altitudes):
    degrees = np.degrees(np.asarray(altitudes))
    return f"lowest {degrees.min():.0f}°, highest {degrees.max():.0f}°, {(degrees > 0).sum()} of 24 fixes by day"


with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    for name, times in columns.items():
        unit = str(times.dtype).partition("[")[2][:2]
        print(f"{name:14s} {unit}: {told(get_position(times, LON, LAT)['altitude'])}")
    one_by_one = [get_position(time.to_pydatetime(), LON, LAT)["altitude"] for time in texts]
    print(f"{'one by one':14s}   : {told(one_by_one)}")
print("warnings:", len(said))
PY
venv/bin/python sun.py | tee seen
cat > expected <<'TXT'
texts          us: lowest -33°, highest -33°, 0 of 24 fixes by day
GeoPackage     ms: lowest -22°, highest -22°, 0 of 24 fixes by day
as_unit('ns')  ns: lowest -25°, highest 71°, 15 of 24 fixes by day
one by one       : lowest -25°, highest 71°, 15 of 24 fixes by day
warnings: 0
TXT
diff expected seen
