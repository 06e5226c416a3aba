#!/usr/bin/env bash
# mapshaper's -clip drops a range that fills the whole window, because others overlap it; no message.
#
# Version  mapshaper 0.7.70 (Node 20; 0.6.113 gives the same)
# Guess    -clip gives each feature its part inside the window, whatever the other features are
# Happens  of three overlapping ranges that all reach into a window two come back, and the one that covers
#          all of it is gone. -erase, the other way round, leaves that range whole and wears the window
#          out of the others only. Nothing is said. One range at a time all comes out as drawn by hand
# Matters  ranges overlap nearly everywhere: species lists, richness and km² of a study area that was cut out
#          with mapshaper. The tool is made for counties and states, which do not overlap
# Source   its command reference names overlaps at -clean and -dissolve2 and not at -clip or -erase; seen
#          here; github.com/mbloch/mapshaper/issues/497 (overlapping polygons, erase)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --omit=optional --prefix . mapshaper@0.7.70 > /dev/null
cat > ranges.json <<'JSON'
{"type": "FeatureCollection", "features": [
{"type": "Feature", "properties": {"species": "argali"}, "geometry": {"type": "Polygon",
 "coordinates": [[[70, 40], [80, 40], [80, 50], [70, 50], [70, 40]]]}},
{"type": "Feature", "properties": {"species": "snow leopard"}, "geometry": {"type": "Polygon",
 "coordinates": [[[72, 40], [90, 40], [90, 50], [72, 50], [72, 40]]]}},
{"type": "Feature", "properties": {"species": "ibex"}, "geometry": {"type": "Polygon",
 "coordinates": [[[60, 40], [85, 40], [85, 46], [60, 46], [60, 40]]]}}]}
JSON
cat > window.json <<'JSON'
{"type": "Polygon", "coordinates": [[[71, 41], [79, 41], [79, 49], [71, 49], [71, 41]]]}
JSON
mapshaper() { node_modules/.bin/mapshaper ranges.json "$@" -o - ndjson 2> said; }
alone() { mapshaper -filter "this.id == $1" -clip window.json && echo; }
square() { node square.cjs; }
cat > square.cjs <<'JS'
// square degrees of each range, in whole numbers
const lines = require("fs").readFileSync(0, "utf8").split("\n").filter(Boolean).map(JSON.parse);
const ring = (r) => r.slice(1).reduce((sum, p, i) => sum + r[i][0] * p[1] - p[0] * r[i][1], 0) / 2;
const rings = (g) => (g.type === "Polygon" ? g.coordinates : g.coordinates.flat());
const area = (g) => rings(g).reduce((sum, r) => sum + ring(r), 0);
const found = Object.fromEntries(lines.map((f) => [f.properties.species, Math.round(area(f.geometry))]));
console.log(["argali", "snow leopard", "ibex"].map((name) => `${name} ${found[name] ?? "gone"}`).join(", "));
JS
{
  echo "window of 64 square degrees; by hand: argali 64, snow leopard 56, ibex 40"
  echo "-clip window:       $(mapshaper -clip window.json | square); said: $(grep -vc '^$' said || true) lines"
  echo "-clip bbox=:        $(mapshaper -clip bbox=71,41,79,49 | square)"
  echo "-clip one by one:   $(for row in 0 1 2; do alone "$row"; done | square)"
  echo "by hand, erased:    argali 36, snow leopard 124, ibex 110"
  echo "-erase window:      $(mapshaper -erase window.json | square)"
} | tee seen
cat > expected <<'TXT'
window of 64 square degrees; by hand: argali 64, snow leopard 56, ibex 40
-clip window:       argali gone, snow leopard 56, ibex 40; said: 0 lines
-clip bbox=:        argali gone, snow leopard 56, ibex 40
-clip one by one:   argali 64, snow leopard 56, ibex 40
by hand, erased:    argali 36, snow leopard 124, ibex 110
-erase window:      argali 100, snow leopard 124, ibex 110
TXT
diff expected seen
