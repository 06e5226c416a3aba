#!/usr/bin/env bash
# Two readers of WKT in JavaScript give "MULTIPOLYGON Z" without its polygons: no error, nothing on the map.
#
# Version  wellknown 0.5.0, @loaders.gl/core 4.5.4 and wkt 4.5.2 (Node 20); shapely 2.1.2 (CPython 3.11)
# Guess    what reads POLYGON Z reads MULTIPOLYGON Z, or says that it does not
# Happens  both give {"type": "MultiPolygon", "coordinates": []}: valid, and empty. POLYGON Z and MULTIPOLYGON
#          are read right, so a layer loses its ranges in several parts and keeps the others. POLYGON ZM
#          goes the same way
# Matters  every polygon of a KML or KMZ has heights (0, mostly), and shapely, GEOS and PostGIS write those as
#          Z: ranges on islands vanish from a web map between the ones that stay. force_2d before writing
# Source   github.com/mapbox/wellknown/pull/37 (open since 2019); OGC 06-103r4, 7.2 (WKT of 3D); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check shapely==2.1.2 numpy==2.4.6
npm install --silent --no-audit --no-fund --prefix . \
  wellknown@0.5.0 @loaders.gl/core@4.5.4 @loaders.gl/wkt@4.5.2 > /dev/null
cat > write.py <<'PY'
import shapely

land = shapely.force_3d(shapely.box(70, 40, 80, 50))  # as a KML has it: every vertex at 0 m
isles = shapely.force_3d(shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)]))
for shape in (land, isles, shapely.force_2d(isles)):
    print(shapely.to_wkt(shape, rounding_precision=0))
PY
cat > read.mjs <<'JS'
import { readFileSync } from "node:fs";
import { parse } from "@loaders.gl/core";
import { WKTLoader } from "@loaders.gl/wkt";
import wellknown from "wellknown";

const told = (shape) => {
  if (!shape) return "null";
  const polygons = shape.type === "Polygon" ? [shape.coordinates].filter((p) => p.length) : shape.coordinates;
  return `${shape.type} of ${polygons.length}`;
};
const zm = "POLYGON ZM ((0 0 0 7, 1 0 0 7, 1 1 0 7, 0 0 0 7))";
for (const text of [...readFileSync("shapes.txt", "utf8").trim().split("\n"), zm]) {
  const kind = text.slice(0, text.indexOf("(") - 1);
  console.log(`${kind}: wellknown ${told(wellknown(text))}, loaders.gl ${told(await parse(text, WKTLoader))}`);
}
JS
venv/bin/python write.py > shapes.txt
node read.mjs | tee seen
cat > expected <<'TXT'
POLYGON Z: wellknown Polygon of 1, loaders.gl Polygon of 1
MULTIPOLYGON Z: wellknown MultiPolygon of 0, loaders.gl MultiPolygon of 0
MULTIPOLYGON: wellknown MultiPolygon of 2, loaders.gl MultiPolygon of 2
POLYGON ZM: wellknown Polygon of 0, loaders.gl Polygon of 0
TXT
diff expected seen
