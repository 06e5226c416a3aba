#!/usr/bin/env bash
# OpenLayers puts a hole of an Esri JSON polygon into whichever part has a box around it, and fills the lake.
#
# Version  ol 10.11.0, @terraformer/arcgis 2.2.2 (Node 20)
# Guess    a hole belongs to the part that it lies in, as the shapes say
# Happens  Esri JSON lists outlines and holes in one row, and says which is which by the way they run. ol/format/EsriJSON
#          gives each hole to the last part whose bounding box holds the hole's box. A part that bends around
#          another one takes its hole: the inner part is whole, and the bent one has a hole outside of itself. The
#          area, added up, stays right. With the parts in the other order all is well
# Matters  ranges around a basin, units along a mountain arc, reserves from feature services: what was cut out (a lake,
#          a town, another state) is within again, and the shape is invalid for whatever it is handed to
# Source   ArcGIS REST API, Geometry objects (rings: outlines clockwise, holes counter-clockwise); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . ol@10.11.0 @terraformer/arcgis@2.2.2 > /dev/null
cat > rings.mjs <<'JS'
import { arcgisToGeoJSON } from "@terraformer/arcgis";
import EsriJSON from "ol/format/EsriJSON.js";
import GeoJSON from "ol/format/GeoJSON.js";

const box = (west, south, east, north) => [
  [west, south], [west, north], [east, north], [east, south], [west, south], // clockwise, as an outline runs
];
const basin = box(74, 42, 78, 44);
const lake = box(76, 42.5, 77, 43).reverse();
const arc = [[73, 41], [73, 45], [79, 45], [79, 44.5], [73.5, 44.5], [73.5, 41.5], [79, 41.5], [79, 41], [73, 41]];
const middle = [76.5, 42.75];

for (const [name, rings] of [["basin, lake, arc", [basin, lake, arc]], ["arc, basin, lake", [arc, basin, lake]]]) {
  const esri = { rings, spatialReference: { wkid: 4326 } };
  const readers = {
    OpenLayers: new EsriJSON().readGeometry(esri),
    Terraformer: new GeoJSON().readGeometry(arcgisToGeoJSON(esri)),
  };
  for (const [reader, shape] of Object.entries(readers)) {
    const parts = shape.getPolygons().map((part) => {
      const called = part.getCoordinates()[0].length === arc.length ? "arc" : "basin";
      return `${called} of ${part.getArea()} with ${part.getLinearRingCount() - 1} holes`;
    });
    const wet = shape.intersectsCoordinate(middle) ? "in the range" : "outside";
    console.log(`${name}, ${reader}: ${parts.sort().join(", ")}; together ${shape.getArea()}; the lake is ${wet}`);
  }
}
JS
node rings.mjs | tee seen
cat > expected <<'TXT'
basin, lake, arc, OpenLayers: arc of 7 with 1 holes, basin of 8 with 0 holes; together 15; the lake is in the range
basin, lake, arc, Terraformer: arc of 7.5 with 0 holes, basin of 7.5 with 1 holes; together 15; the lake is outside
arc, basin, lake, OpenLayers: arc of 7.5 with 0 holes, basin of 7.5 with 1 holes; together 15; the lake is outside
arc, basin, lake, Terraformer: arc of 7.5 with 0 holes, basin of 7.5 with 1 holes; together 15; the lake is outside
TXT
diff expected seen
