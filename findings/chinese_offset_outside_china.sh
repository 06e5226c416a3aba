#!/usr/bin/env bash
# What turns the positions of Chinese maps (GCJ-02) into WGS 84 moves those of Mongolia, Kyrgyzstan and Nepal as well.
#
# Version  gcoord 1.0.7 (Node 20), eviltransform 0.1.1 (CPython 3.11)
# Guess    what asks first whether a place is in China leaves places that are not
# Happens  in China is what lies in a rectangle, 72.004 to 137.8347° E and 0.8293 to 55.8271° N: all of Mongolia, Nepal
#          and Bhutan, most of Kyrgyzstan and India, the east of Kazakhstan. Maps have no offset there, and positions
#          are moved by 160 to 460 m. Along 72.004° E the Pamirs are torn: one point stays, and the next one goes
# Matters  a file that was drawn or tracked across the border of China and is mended as a whole: the side of China is
#          right, and the other one is off by hundreds of metres: fences, crossings, gaps along the border. Turn only
#          what is on the ground of China
# Source   gcoord's isInChinaBbox; github.com/hujiulong/gcoord/issues/234 (coarse); iitc-project's pull request 1211 (the
#          rectangle has much that is not China, and uses WGS 84); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check eviltransform==0.1.1
npm install --silent --no-audit --no-fund --prefix . gcoord@1.0.7 > /dev/null
cat > places.json <<'JSON'
[["Beijing, China", 116.4, 39.9], ["Ulaanbaatar, Mongolia", 106.9, 47.9], ["Khovd, Mongolia", 91.64, 48.0],
 ["Bishkek, Kyrgyzstan", 74.6, 42.87], ["Almaty, Kazakhstan", 76.9, 43.25], ["Kathmandu, Nepal", 85.3, 27.7],
 ["Pamirs, Tajikistan", 71.99, 38.5], ["3 km on", 72.025, 38.5], ["Dushanbe, Tajikistan", 68.8, 38.5]]
JSON
cat > moved.mjs <<'JS'
import { readFileSync } from "node:fs";
import gcoord from "gcoord";

for (const [, lon, lat] of JSON.parse(readFileSync("places.json", "utf8"))) {
  console.log(gcoord.transform([lon, lat], gcoord.GCJ02, gcoord.WGS84).join(" "));
}
JS
node moved.mjs > moved
cat > metres.py <<'PY'
import json
from math import cos, hypot, radians

from eviltransform import gcj2wgs_exact


def metres(lon, lat, other_lon, other_lat):
    """Between two places near each other, on a sphere."""
    return 111195 * hypot((other_lon - lon) * cos(radians(lat)), other_lat - lat)


with open("places.json") as places, open("moved") as moved:
    for (name, lon, lat), line in zip(json.load(places), moved, strict=True):
        other_lat, other_lon = gcj2wgs_exact(lat, lon)
        by_gcoord, by_other = metres(lon, lat, *map(float, line.split())), metres(lon, lat, other_lon, other_lat)
        print(f"{name}: gcoord {by_gcoord:.0f} m, eviltransform {by_other:.0f} m")
PY
venv/bin/python metres.py | tee seen
cat > expected <<'TXT'
Beijing, China: gcoord 555 m, eviltransform 555 m
Ulaanbaatar, Mongolia: gcoord 448 m, eviltransform 448 m
Khovd, Mongolia: gcoord 167 m, eviltransform 167 m
Bishkek, Kyrgyzstan: gcoord 241 m, eviltransform 241 m
Almaty, Kazakhstan: gcoord 247 m, eviltransform 247 m
Kathmandu, Nepal: gcoord 454 m, eviltransform 454 m
Pamirs, Tajikistan: gcoord 0 m, eviltransform 0 m
3 km on: gcoord 367 m, eviltransform 367 m
Dushanbe, Tajikistan: gcoord 0 m, eviltransform 0 m
TXT
diff expected seen
