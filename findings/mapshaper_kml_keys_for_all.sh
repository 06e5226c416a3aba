#!/usr/bin/env bash
# mapshaper reads a KML and writes it with every key of the layer in every placemark, most of them empty.
#
# Version  mapshaper 0.7.70 (Node 20)
# Guess    a placemark comes back with the data that it had
# Happens  the layer becomes a table: each placemark then has each key that any of them had, and where
#          it had none an empty value that no reader can tell from one that was written empty
# Matters  a key whose presence says something ("layer" of evidence, "deleted") says it of all shapes
# Source   seen here; a table has no cells that are not there, and KML knows no other place for them
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . mapshaper@0.7.70 > /dev/null
cat > in.kml <<'KML'
<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document>
<Placemark><name>unit</name><ExtendedData><Data name="cu_id"><value>CU-001</value></Data></ExtendedData>
<Point><coordinates>70,42</coordinates></Point></Placemark>
<Placemark><name>hotspot</name><ExtendedData><Data name="layer"><value>hotspots</value></Data></ExtendedData>
<Point><coordinates>71,43</coordinates></Point></Placemark>
</Document></kml>
KML
node_modules/.bin/mapshaper in.kml -o out.kml format=kml 2> /dev/null
cat > keys.py <<'PY'
import re
import sys

for mark in re.findall(r"<Placemark.*?</Placemark>", open(sys.argv[1]).read(), re.S):
    name = re.search(r"<name>(.*?)</name>", mark)[1]
    pairs = re.findall(r'<(?:Simple)?Data name="(cu_id|layer)">\s*(?:<value>)?(.*?)<', mark, re.S)
    print(sys.argv[1], name, sorted(pairs))
PY
for file in in.kml out.kml; do "${PYTHON:-python3}" keys.py "$file"; done | tee seen
cat > expected <<'TXT'
in.kml unit [('cu_id', 'CU-001')]
in.kml hotspot [('layer', 'hotspots')]
out.kml unit [('cu_id', 'CU-001'), ('layer', '')]
out.kml hotspot [('cu_id', ''), ('layer', 'hotspots')]
TXT
diff expected seen
