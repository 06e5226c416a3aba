#!/usr/bin/env bash
# fastkml gives the places of a KML sorted by kind, not as they stand in the file, and writes them back so.
#
# Version  fastkml 1.4.0, pygeoif 1.6.0, lxml 6.1.3 (CPython 3.11)
# Guess    features are a list in the order of the file, and a file that was read and written is the same document
# Happens  children are gathered kind by kind: folders before placemarks, points before polygons in a geometry, Data
#          before SchemaData. A folder's ListStyle (one choice of many, children hidden) is dropped when it is read
# Matters  places that are paired by position with another reading of the file (GDAL keeps its order) are other
#          places; Google Earth's panel lists what was edited in another order, and a folder of alternatives
#          comes back as one where all show at once
# Source   seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check fastkml==1.4.0 pygeoif==1.6.0 lxml==6.1.3
cat > board.kml <<'KML'
<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document>
<Placemark><name>1 core</name><MultiGeometry>
<Polygon><outerBoundaryIs><LinearRing><coordinates>70,40 71,40 71,41 70,40</coordinates></LinearRing></outerBoundaryIs></Polygon>
<Point><coordinates>70.5,40.2</coordinates></Point></MultiGeometry></Placemark>
<Folder><name>2 alternatives</name><Style><ListStyle><listItemType>radioFolder</listItemType></ListStyle></Style>
<Placemark><name>3 wide</name><Point><coordinates>72,40</coordinates></Point></Placemark></Folder>
<Placemark><name>4 corridor</name><Point><coordinates>73,40</coordinates></Point></Placemark>
</Document></kml>
KML
cat > read.py <<'PY'
import re
from pathlib import Path

from fastkml import KML

document = KML.parse("board.kml", validate=True)
document.write(Path("again.kml"))
for name in ("board.kml", "again.kml"):
    text = Path(name).read_text(encoding="utf-8")
    names = re.findall("<name>(.*?)</name>", text)
    kinds = re.findall("<(Polygon|Point)>", text[text.index("1 core") :])[:2]
    print(f"{name}: {', '.join(names)}; 1 core is {' and '.join(kinds)}; radioFolder {'radioFolder' in text}")
print("read:", ", ".join(feature.name for feature in document.features[0].features))
PY
venv/bin/python read.py | tee seen
cat > expected <<'TXT'
board.kml: 1 core, 2 alternatives, 3 wide, 4 corridor; 1 core is Polygon and Point; radioFolder True
again.kml: 2 alternatives, 3 wide, 1 core, 4 corridor; 1 core is Point and Polygon; radioFolder False
read: 2 alternatives, 1 core, 4 corridor
TXT
diff expected seen
