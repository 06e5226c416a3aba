#!/usr/bin/env bash
# geo-coordinates-parser reads 45.5, 70.25 as 45°05' and 70°25', and 45.500, 70.250 as the degrees that they are.
#
# Version  geo-coordinates-parser 1.7.4 (Node 20)
# Guess    45.5, 45.50 and 45.500 are the same number, and a number with a point is degrees
# Happens  with one or two decimals they are minutes: 45.5 is 45°05', 45.50 is 45°50', each told apart by the length of
#          its text only. From three decimals on they are degrees. Texts of that kind that cannot be minutes (45.75) are
#          refused, so of a list of positions some are right, some moved by as much as 100 km, and some missing
# Matters  localities of specimens and sightings: positions to two decimals are the usual ones of old labels and of
#          data made coarse on purpose for threatened species (0.1° or 0.01°)
# Source   its README names the case with letters (18.24S 22.45E); seen here without
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . geo-coordinates-parser@1.7.4 > /dev/null
cat > positions.mjs <<'JS'
import { convert } from "geo-coordinates-parser";

const texts = [
  "45.5, 70.25", "45.50, 70.25", "45.500, 70.250", "45.5N, 70.25E",
  "45.9, 70.9", "45.75, 70.25", "45.7500, 70.2500",
];
for (const text of texts) {
  try {
    const { decimalLatitude, decimalLongitude, originalFormat } = convert(text);
    console.log(`${text}: ${decimalLatitude}, ${decimalLongitude} (${originalFormat})`);
  } catch (error) {
    console.log(`${text}: ${error.message}`);
  }
}
JS
node positions.mjs | tee seen
cat > expected <<'TXT'
45.5, 70.25: 45.08333, 70.41667 (DM)
45.50, 70.25: 45.83333, 70.41667 (DM)
45.500, 70.250: 45.5, 70.25 (DD)
45.5N, 70.25E: 45.08333, 70.41667 (DM)
45.9, 70.9: 45.15, 70.15 (DM)
45.75, 70.25: invalid coordinates format
45.7500, 70.2500: 45.75, 70.25 (DD)
TXT
diff expected seen
