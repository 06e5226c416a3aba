#!/usr/bin/env bash
# Listing the layers of a GML writes a file beside it, and later versions of the GML are read by that file.
#
# Version  pyogrio 0.13.0 (GDAL in its wheel), geopandas 1.2.0 (CPython 3.11 to 3.13)
# Guess    reading a GML leaves its folder as it is; a newer file with one more column has that column
# Happens  `list_layers` leaves x.gfs, a schema made from the rows it saw; a new x.gml whose time is older than
#          that (unzip, cp -p, rsync and shares keep times) is read by the old schema: the new column is not
#          there, without a word. GDAL compares times and nothing else
# Matters  answers of a WFS that are fetched again under one name, in a folder where a GIS or a script has
#          looked before: a column added since (a status, a grade) is missed. Read a copy in a folder of its
#          own, or remove the .gfs
# Source   seen here; https://gdal.org/en/stable/drivers/vector/gml.html describes .gfs files
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pyogrio==0.13.0 geopandas==1.2.0
mkdir data
cat > read.py <<'PY'
import os
from pathlib import Path

import pyogrio

HEAD = (
    '<?xml version="1.0"?><wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs" '
    'xmlns:gml="http://www.opengis.net/gml" xmlns:c="http://example.org/c"><gml:featureMember>'
    '<c:site gml:id="site.1">'
)
TAIL = (
    '<c:place><gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>42 70</gml:pos></gml:Point>'
    "</c:place></c:site></gml:featureMember></wfs:FeatureCollection>"
)
path = Path("data/x.gml")
path.write_text(f"{HEAD}<c:name>Talas</c:name>{TAIL}")
pyogrio.list_layers(path)
print("after a look:", sorted(file.name for file in path.parent.iterdir()))
path.write_text(f"{HEAD}<c:name>Talas</c:name><c:status>confirmed</c:status>{TAIL}")
os.utime(path, (1_700_000_000, 1_700_000_000))  # the time that unzip gives it
print("new file:", pyogrio.read_dataframe(path).columns.tolist())
path.with_suffix(".gfs").unlink()
print("without .gfs:", pyogrio.read_dataframe(path).columns.tolist())
PY
venv/bin/python -W ignore read.py | tee seen
cat > expected <<'TXT'
after a look: ['x.gfs', 'x.gml']
new file: ['gml_id', 'name', 'geometry']
without .gfs: ['gml_id', 'name', 'status', 'geometry']
TXT
diff expected seen
