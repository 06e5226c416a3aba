#!/usr/bin/env bash
# flatgeobuf in JavaScript keeps the columns of the first feature: what only later placemarks have is lost.
#
# Version  flatgeobuf 4.5.0, @tmcw/togeojson 7.1.3, @xmldom/xmldom 0.9.12 (Node 20); pyogrio 0.13.0, geopandas 1.2.0
# Guess    the columns of a layer are those of all its features, as GDAL makes them of the same GeoJSON
# Happens  geojson.serialize() asks the first feature for names and types. Of three placemarks of a KML, each with
#          data of its own, the first one's are left; a column that it has as a null or as text turns the numbers
#          of the others into text, and where it has true or false, "yes" becomes false. Nothing is said.
#          geopandas writes the union of them
# Matters  features of KML, OpenStreetMap and forms have each their own properties: which columns a layer has on
#          the web map hangs on who comes first. Write a first feature that has them all
# Source   the specification of FlatGeobuf (columns stand in the header, for all features); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check geopandas==1.2.0 pyogrio==0.13.0 shapely==2.1.2
npm install --silent --no-audit --no-fund --prefix . \
  flatgeobuf@4.5.0 @tmcw/togeojson@7.1.3 @xmldom/xmldom@0.9.12 > /dev/null
cat > units.kml <<'KML'
<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document>
<Placemark><name>A</name><Point><coordinates>70,42</coordinates></Point></Placemark>
<Placemark><name>B</name><ExtendedData><Data name="species"><value>Ovis ammon</value></Data></ExtendedData>
<Point><coordinates>71,42</coordinates></Point></Placemark>
<Placemark><name>C</name><description>closed</description><ExtendedData><Data name="reason"><value>fence</value></Data>
</ExtendedData><Point><coordinates>72,42</coordinates></Point></Placemark>
</Document></kml>
KML
cat > write.mjs <<'JS'
import { readFileSync, writeFileSync } from "node:fs";
import { kml } from "@tmcw/togeojson";
import { DOMParser } from "@xmldom/xmldom";
import { geojson } from "flatgeobuf";

const features = (rows) =>
  rows.map((properties, n) => ({ type: "Feature", properties, geometry: { type: "Point", coordinates: [70 + n, 42] } }));
const layers = {
  kml: kml(new DOMParser().parseFromString(readFileSync("units.kml", "utf8"), "text/xml")).features,
  types: features([{ km2: null, fenced: true }, { km2: 12.5, fenced: 1 }, { km2: 7, fenced: "yes" }]),
};
for (const [name, list] of Object.entries(layers)) {
  const layer = { type: "FeatureCollection", features: list };
  writeFileSync(`${name}.geojson`, JSON.stringify(layer));
  writeFileSync(`${name}.fgb`, geojson.serialize(layer));
}
JS
cat > read.py <<'PY'
import warnings

import geopandas as gpd

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for name in ("kml.geojson", "kml.fgb"):
        table = gpd.read_file(name, engine="pyogrio").drop(columns="geometry")
        print(f"{name}: {', '.join(table.columns)}")
    table = gpd.read_file("types.fgb", engine="pyogrio")
for column, wrote in {"km2": "null 12.5 7", "fenced": "true 1 'yes'"}.items():
    print(f"{column}: wrote {wrote}, read {table[column].tolist()}")
PY
node write.mjs
venv/bin/python read.py | tee seen
cat > expected <<'TXT'
kml.geojson: name, description, reason, species
kml.fgb: name
km2: wrote null 12.5 7, read [nan, '12.5', '7']
fenced: wrote true 1 'yes', read [True, True, False]
TXT
diff expected seen
