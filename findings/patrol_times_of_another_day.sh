#!/usr/bin/env bash
# GPX to GeoJSON and back by togeojson and togpx: a track of the days 1 2 3 and 4 5 6 has 1 4 and none, twice.
#
# Version  @mapbox/togeojson 0.16.2, @tmcw/togeojson 7.1.3, togpx 0.5.4, @xmldom/xmldom 0.9.12 (Node 20);
#          gpxpy 1.6.2 (CPython 3.11)
# Guess    togpx takes the times from where togeojson puts them, coordTimes: there and back gives the same track
# Happens  of a track in segments togeojson makes a list of times for each, and togpx counts through the segments where it
#          should count through the fixes: the first fix of each segment has all times of the first segment, one <time>
#          after another, which GPX does not allow, the second those of the second, and the others have none. gpxpy takes
#          the first of them. A track in one piece is right. From @tmcw/togeojson, which keeps the times elsewhere,
#          a track has none, in one piece or in two
# Matters  patrols and collars edited on a web map: the second day begins on the first, where nobody was; by time the track
#          jumps there and back, and a sign of an animal is seen on another day
# Source   GPX 1.1 (wptType: one time at most); github.com/tyrasd/togpx/pull/14 (open since 2020); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check gpxpy==1.6.2
npm install --silent --no-audit --no-fund --prefix . \
  @mapbox/togeojson@0.16.2 @tmcw/togeojson@7.1.3 togpx@0.5.4 @xmldom/xmldom@0.9.12 > /dev/null
cat > write.py <<'PY'
from datetime import UTC, datetime, timedelta

import gpxpy.gpx

for name, days in (("one", [range(6)]), ("two", [range(3), range(3, 6)])):
    track = gpxpy.gpx.GPXTrack(name="patrol")
    for days_of_segment in days:
        segment = gpxpy.gpx.GPXTrackSegment()
        for day in days_of_segment:
            when = datetime(2026, 5, 1, 3, tzinfo=UTC) + timedelta(days=day)
            segment.points.append(gpxpy.gpx.GPXTrackPoint(45, 70 + day / 10, time=when))
        track.segments.append(segment)
    patrol = gpxpy.gpx.GPX()
    patrol.tracks.append(track)
    with open(f"{name}.gpx", "w") as file:
        file.write(patrol.to_xml())
PY
cat > convert.mjs <<'JS'
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { DOMParser } from "@xmldom/xmldom";
import { gpx } from "@tmcw/togeojson";

const require = createRequire(import.meta.url);
const mapbox = require("@mapbox/togeojson");
const togpx = require("togpx");
for (const name of ["one", "two"]) {
  const read = () => new DOMParser().parseFromString(readFileSync(`${name}.gpx`, "utf8"), "text/xml");
  writeFileSync(`${name}_mapbox.gpx`, togpx(mapbox.gpx(read())));
  writeFileSync(`${name}_tmcw.gpx`, togpx(gpx(read())));
}
JS
cat > read.py <<'PY'
import gpxpy

for name in ("one", "two"):
    for way in ("", "_mapbox", "_tmcw"):
        with open(f"{name}{way}.gpx") as file:
            text = file.read()
        (track,) = gpxpy.parse(text).tracks
        fixes = [[fix.time and f"{fix.time:%d}" for fix in segment.points] for segment in track.segments]
        days = " / ".join(" ".join(day or "none" for day in segment) for segment in fixes)
        print(f"{name}{way}: days {days}, {text.count('<time>')} times of {sum(map(len, fixes))} fixes")
PY
venv/bin/python write.py
node convert.mjs
venv/bin/python read.py | tee seen
cat > expected <<'TXT'
one: days 01 02 03 04 05 06, 6 times of 6 fixes
one_mapbox: days 01 02 03 04 05 06, 6 times of 6 fixes
one_tmcw: days none none none none none none, 0 times of 6 fixes
two: days 01 02 03 / 04 05 06, 6 times of 6 fixes
two_mapbox: days 01 04 none / 01 04 none, 12 times of 6 fixes
two_tmcw: days none none none / none none none, 0 times of 6 fixes
TXT
diff expected seen
