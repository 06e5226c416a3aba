#!/usr/bin/env bash
# A square of turf.squareGrid with a side of 2 km has 4 km² at the equator, 2.8 at 45° N and 2.3 at 55° N.
#
# Version  @turf/turf 7.4.0, and 6.3.0 which had it right (Node 20)
# Guess    squares of 2 km, asked for in kilometres, have 2 km on each side: hexGrid and pointGrid of the same library
#          measure on the ground
# Happens  squareGrid and rectangleGrid turn kilometres into degrees as along a meridian, and take these for both sides:
#          the squares are as tall as they should be, and too narrow by the cosine of the latitude. 6.3.0 measured, and
#          the hexagons of hexGrid have the area that they should have to this day
# Matters  area of occupancy is the number of occupied squares times 4 km²: a herd on one and the same ground has 1.4
#          times as much in the Tian Shan as at the equator, and 1.75 times in the north of Kazakhstan; a species is
#          above or below 500 or 2,000 km² of the Red List by its latitude. A count per square is too low by as much
# Source   github.com/Turfjs/turf/issues/2638 and /pull/2106 (why it was changed); guidelines of the IUCN Red List, 4.10
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix new @turf/turf@7.4.0 > /dev/null
npm install --silent --no-audit --no-fund --prefix old @turf/turf@6.3.0 > /dev/null
cat > squares.cjs <<'JS'
const { join } = require("node:path");

for (const [folder, version] of [["old", "6.3.0"], ["new", "7.4.0"]]) {
  const turf = require(join(__dirname, folder, "node_modules", "@turf", "turf"));
  for (const latitude of [0, 45, 55]) {
    const window = [80, latitude - 0.2, 80.8, latitude + 0.2];
    const squares = turf.squareGrid(window, 2, { units: "kilometers" });
    const hexagons = turf.hexGrid(window, 2, { units: "kilometers" });
    const middle = (cells) => turf.area(cells.features[Math.floor(cells.features.length / 2)]) / 1e6;
    const herd = turf.circle([80.4, latitude], 10, { units: "kilometers", steps: 360 });
    const occupied = squares.features.filter((square) => turf.booleanPointInPolygon(turf.centroid(square), herd));
    const areas = `a square ${middle(squares).toFixed(1)} km², a hexagon ${middle(hexagons).toFixed(1)}`;
    const ground = (turf.area(herd) / 1e6).toFixed(0);
    console.log(
      `${version}, ${latitude}° N: ${areas}; a herd on ${ground} km² occupies ${occupied.length} squares`,
    );
  }
}
JS
node squares.cjs | tee seen
cat > expected <<'TXT'
6.3.0, 0° N: a square 4.0 km², a hexagon 10.4; a herd on 315 km² occupies 80 squares
6.3.0, 45° N: a square 4.0 km², a hexagon 10.4; a herd on 315 km² occupies 78 squares
6.3.0, 55° N: a square 4.0 km², a hexagon 10.5; a herd on 315 km² occupies 80 squares
7.4.0, 0° N: a square 4.0 km², a hexagon 10.4; a herd on 314 km² occupies 80 squares
7.4.0, 45° N: a square 2.8 km², a hexagon 10.4; a herd on 314 km² occupies 112 squares
7.4.0, 55° N: a square 2.3 km², a hexagon 10.4; a herd on 314 km² occupies 140 squares
TXT
diff expected seen
