#!/usr/bin/env bash
# GDAL's LIBKML takes columns by their names: a text `begin` becomes the time of the placemark, `icon` its
# picture, `visibility`, `tessellate` and `extrude` stay in the data without a field; none comes back.
#
# Version  pyogrio 0.13.0 (its wheel has GDAL 3.12.4), geopandas 1.1.3 (CPython 3.11 to 3.13)
# Guess    what was written with a table comes back with it, or the driver says that it cannot
# Happens  of six columns two come back; "first half of April" stands in <TimeSpan><begin>, which is no time
#          to any reader; no error and no warning. The plain KML driver of the same wheel keeps all six, under
#          second names (`begin2`), beside empty ones of its own
# Matters  telemetry and tables of seasons have `begin` and `end`, tables of surveys `visibility`; who sends
#          them to Google Earth and back loses them, and the file is no valid KML any more
# Source   GDAL's page of the driver lists the names, as options for times and looks, not as what is lost
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pyogrio==0.13.0 geopandas==1.1.3
cat > columns.py <<'PY'
import re
import warnings
from pathlib import Path

import geopandas as gpd
import pyogrio
from shapely.geometry import LineString

warnings.simplefilter("error")
table = gpd.GeoDataFrame(
    {
        "species": ["Saiga tatarica"],
        "begin": ["first half of April"],
        "icon": ["horns"],
        "visibility": [35],
        "extrude": [4],
        "score": [0.7],
    },
    geometry=[LineString([(60, 45), (61, 47)])],
    crs="EPSG:4326",
)
for driver in ("LIBKML", "KML"):
    path = Path(f"{driver}.kml")
    pyogrio.write_dataframe(table, path, driver=driver)
    back = pyogrio.read_dataframe(path)
    kept = [
        f"{column} as {other}"
        for column in table.columns.drop("geometry")
        for other in back.columns.drop("geometry")
        if [str(value) for value in back[other]] == [str(value) for value in table[column]]
    ]
    print(driver, "gives back:", ", ".join(kept))
print(re.sub(r"\s*\n\s*", "", re.search(r"<TimeSpan>.*?</TimeSpan>", Path("LIBKML.kml").read_text(), re.S)[0]))
PY
venv/bin/python columns.py | tee seen
cat > expected <<'TXT'
LIBKML gives back: species as species, score as score
KML gives back: species as species, begin as begin2, icon as icon2, visibility as visibility2, extrude as extrude2, score as score
<TimeSpan><begin>first half of April</begin></TimeSpan>
TXT
diff expected seen
