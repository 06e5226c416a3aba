#!/usr/bin/env bash
# @tmcw/togeojson reads every bool of a KML schema as true, and every number that was left empty as 0.
#
# Version  @tmcw/togeojson 7.1.3, @xmldom/xmldom 0.9.12 (Node 20); pyogrio 0.13.0 with its GDAL 3.12.4,
#          geopandas 1.2.0 (CPython 3.11)
# Guess    a <SimpleField type="bool"> that says false or 0 is false; an empty int is no number
# Happens  the text goes through JavaScript's Boolean() and Number(): "false" and "0" are texts that are not
#          empty, thus true; "" is 0. A table that geopandas wrote with GDAL's LIBKML comes back with its
#          no's turned to yes; GDAL itself reads the same file right. Untyped <Data> stays text
# Matters  "protected", "endemic", "confirmed" on web maps (it is under many KML loaders): all are. A count
#          that nobody made stands as a count of none
# Source   KML 2.2 (OGC 07-147r2), kml:SimpleField, types of XML Schema; seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  geopandas==1.2.0 pyogrio==0.13.0 shapely==2.1.2
npm install --silent --no-audit --no-fund --prefix . \
  @tmcw/togeojson@7.1.3 @xmldom/xmldom@0.9.12 > /dev/null
cat > table.py <<'PY'
import sys

import geopandas as gpd
from shapely import Point

if sys.argv[1] == "write":
    sites = gpd.GeoDataFrame(
        {"name": ["A", "B", "C"], "protected": [True, False, False]},
        geometry=[Point(70, 42), Point(71, 42), Point(72, 42)],
        crs="EPSG:4326",
    )
    sites.to_file("sites.kml", driver="LIBKML", engine="pyogrio")
else:
    sites = gpd.read_file("sites.kml")
    print("GDAL:     ", *(f"{a} {str(bool(b)).lower()}" for a, b in zip(sites["Name"], sites["protected"])))
PY
cat > schema.kml <<'KML'
<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document>
<Schema name="s" id="s"><SimpleField type="bool" name="endemic"/><SimpleField type="int" name="count"/></Schema>
<Placemark><name>D</name><ExtendedData><SchemaData schemaUrl="#s"><SimpleData name="endemic">0</SimpleData>
<SimpleData name="count"></SimpleData></SchemaData></ExtendedData>
<Point><coordinates>73,42</coordinates></Point></Placemark>
<Placemark><name>E</name><ExtendedData><Data name="endemic"><value>false</value></Data>
<Data name="count"><value></value></Data></ExtendedData>
<Point><coordinates>74,42</coordinates></Point></Placemark>
</Document></kml>
KML
cat > read.mjs <<'JS'
import { readFileSync } from "node:fs";
import { kml } from "@tmcw/togeojson";
import { DOMParser } from "@xmldom/xmldom";

const read = (file) => kml(new DOMParser().parseFromString(readFileSync(file, "utf8"), "text/xml")).features;
console.log("togeojson:", ...read("sites.kml").map(({ properties: p }) => `${p.name} ${p.protected}`));
for (const { properties: p } of read("schema.kml"))
  console.log(p.name, "endemic", JSON.stringify(p.endemic), "count", JSON.stringify(p.count));
JS
{
  venv/bin/python table.py write
  venv/bin/python table.py read
  node read.mjs
} | tee seen
cat > expected <<'TXT'
GDAL:      A true B false C false
togeojson: A true B true C true
D endemic true count 0
E endemic "false" count ""
TXT
diff expected seen
