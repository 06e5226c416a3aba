#!/usr/bin/env bash
# A unit of two islands, read from KML by togeojson, has nothing in common with a reserve on both for turf.
#
# Version  @turf/turf 7.4.0, @tmcw/togeojson 7.1.3, @xmldom/xmldom 0.9.12 (Node 20)
# Guess    what turf.area measures right, turf.intersect intersects right, or refuses
# Happens  togeojson gives a MultiGeometry of polygons as a GeometryCollection, never as a MultiPolygon. intersect
#          and difference take its members for arguments of their own: what is common to island, island and
#          reserve is nothing, and of the unit without the reserve only the first island is left. Area, bbox,
#          centroid, buffer and union are as they should be. Others refuse (booleanPointInPolygon, bboxClip)
# Matters  units and ranges in several parts: shares of reserves and overlaps of species on a web map are 0 or half,
#          and right for whatever has one part. Make a MultiPolygon of the members first
# Source   togeojson's README (MultiGeometry -> GeometryCollection); turf's types name Polygon and MultiPolygon for
#          both; github.com/Turfjs/turf/issues/2658 (intersect takes a collection since 7); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . \
  @turf/turf@7.4.0 @tmcw/togeojson@7.1.3 @xmldom/xmldom@0.9.12 > /dev/null
cat > unit.kml <<'KML'
<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><name>two islands</name><MultiGeometry>
<Polygon><outerBoundaryIs><LinearRing><coordinates>
70,40 71,40 71,41 70,41 70,40</coordinates></LinearRing></outerBoundaryIs></Polygon>
<Polygon><outerBoundaryIs><LinearRing><coordinates>
72,40 73,40 73,41 72,41 72,40</coordinates></LinearRing></outerBoundaryIs></Polygon>
</MultiGeometry></Placemark></kml>
KML
cat > islands.mjs <<'JS'
import { readFileSync } from "node:fs";
import { kml } from "@tmcw/togeojson";
import * as turf from "@turf/turf";
import { DOMParser } from "@xmldom/xmldom";

const [unit] = kml(new DOMParser().parseFromString(readFileSync("unit.kml", "utf8"), "text/xml")).features;
const members = unit.geometry.geometries;
const whole = turf.multiPolygon(members.map((polygon) => polygon.coordinates));
// from the middle of the one island to the middle of the other
const reserve = turf.polygon([[[70.5, 40], [72.5, 40], [72.5, 41], [70.5, 41], [70.5, 40]]]);
const km2 = (shape) => (shape ? Math.round(turf.area(shape) / 1e6) : 0);
for (const [name, shape] of [["as read", unit], ["as MultiPolygon", whole]]) {
  const both = turf.featureCollection([shape, reserve]);
  console.log(
    `${name}: ${shape.geometry.type} of ${km2(shape)} km², in the reserve ${km2(turf.intersect(both))},`,
    `outside ${km2(turf.difference(both))}, union ${km2(turf.union(both))}`,
  );
}
JS
node islands.mjs | tee seen
cat > expected <<'TXT'
as read: GeometryCollection of 18804 km², in the reserve 0, outside 4701, union 28205
as MultiPolygon: MultiPolygon of 18804 km², in the reserve 9402, outside 9402, union 28205
TXT
diff expected seen
