#!/usr/bin/env bash
# shp-write drops every unit of one part from a layer in which another unit has several.
#
# Version  @mapbox/shp-write 0.4.3 (Node 20); pyogrio 0.13.0, geopandas 1.2.0 (CPython 3.11)
# Guess    Polygon and MultiPolygon are one kind to a shapefile, and all come into one; or there are two files
# Happens  polygons and multipolygons are written one after the other, under the same name: POLYGON.shp holds what
#          came last. Of four units two are left, by their number of parts alone; no message. Either kind by
#          itself comes whole, and so does the layer when each polygon is made a MultiPolygon first
# Matters  "download as shapefile" of web maps and editors of GeoJSON. Units with islands or exclaves stay, all that
#          lie in one piece are gone, and the file opens well
# Source   github.com/mapbox/shp-write/issues/121 (closed in 2024; no release since has it mended); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check geopandas==1.2.0 pyogrio==0.13.0 shapely==2.1.2
npm install --silent --no-audit --no-fund --prefix . @mapbox/shp-write@0.4.3 > /dev/null
cat > write.mjs <<'JS'
import { writeFileSync } from "node:fs";
import shpwrite from "@mapbox/shp-write";

const square = (x) => [[[x, 40], [x, 41], [x + 1, 41], [x + 1, 40], [x, 40]]];
const feature = (name, geometry) => ({ type: "Feature", properties: { name }, geometry });
const one = (name, x) => feature(name, { type: "Polygon", coordinates: square(x) });
const many = (name, ...xs) => feature(name, { type: "MultiPolygon", coordinates: xs.map(square) });
const layers = {
  mixed: [one("A", 70), many("B", 72, 74), one("C", 76), many("D", 78, 80)],
  single: [one("A", 70), one("C", 76)],
  multi: [many("A", 70), many("B", 72, 74), many("C", 76), many("D", 78, 80)],
};
for (const [name, features] of Object.entries(layers)) {
  const layer = { type: "FeatureCollection", features };
  writeFileSync(`${name}.zip`, await shpwrite.zip(layer, { outputType: "nodebuffer", compression: "STORE" }));
}
JS
cat > read.py <<'PY'
import geopandas as gpd
import pyogrio

for name, wrote in {"mixed": "ABCD", "single": "AC", "multi": "ABCD"}.items():
    layers = [layer for layer, _ in pyogrio.list_layers(f"{name}.zip")]
    table = gpd.read_file(f"{name}.zip", engine="pyogrio")
    print(f"{name}: wrote {' '.join(wrote)}, {len(layers)} layer holds {' '.join(table['name'])}")
PY
node write.mjs
venv/bin/python read.py | tee seen
cat > expected <<'TXT'
mixed: wrote A B C D, 1 layer holds B D
single: wrote A C, 1 layer holds A C
multi: wrote A B C D, 1 layer holds A B C D
TXT
diff expected seen
