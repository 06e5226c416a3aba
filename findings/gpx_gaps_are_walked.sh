#!/usr/bin/env bash
# Two readers of GPX in JavaScript count the way between the segments of a track as walked: 11 km of a patrol are 117.
#
# Version  gpxparser 3.0.8, @we-gold/gpxjs 1.2.0 (Node 20); gpxpy 1.6.2, gpx 2026.4.0 (CPython 3.11)
# Guess    the length of a track is the length of its segments: that is what GPX has segments for
# Happens  gpxparser and gpxjs put the points of all segments into one row and measure along it; where a segment ends is
#          lost, also in the GeoJSON that they make, which is one line across the gap. gpxpy and gpx add the segments up
# Matters  a patrol switches its receiver off, drives on and switches it on again: kilometres of effort are ten times as
#          many, and signs of animals per kilometre a tenth; a line on the map runs where nobody has been
# Source   GPX 1.1, trkseg ("start a new Track Segment for each continuous span of track data"); the same of other
#          programs in github.com/mytourbook/mytourbook/issues/1351; of these seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check gpxpy==1.6.2 gpx==2026.4.0
npm install --silent --no-audit --no-fund --prefix . gpxparser@3.0.8 @we-gold/gpxjs@1.2.0 > /dev/null
cat > patrol.gpx <<'GPX'
<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="hand" xmlns="http://www.topografix.com/GPX/1/1">
  <trk>
    <name>patrol</name>
    <trkseg>
      <trkpt lat="45.00" lon="70"><time>2026-05-01T02:00:00Z</time></trkpt>
      <trkpt lat="45.05" lon="70"><time>2026-05-01T03:00:00Z</time></trkpt>
    </trkseg>
    <trkseg>
      <trkpt lat="46.00" lon="70"><time>2026-05-01T06:00:00Z</time></trkpt>
      <trkpt lat="46.05" lon="70"><time>2026-05-01T07:00:00Z</time></trkpt>
    </trkseg>
  </trk>
</gpx>
GPX
cat > patrol.py <<'PY'
import gpx
import gpxpy

with open("patrol.gpx") as file:
    patrol = gpxpy.parse(file)
print(f"gpxpy: {patrol.length_2d() / 1000:.1f} km, {patrol.get_duration() / 3600:.0f} hours")
(track,) = gpx.read_gpx("patrol.gpx").trk
print(f"gpx: {track.total_distance / 1000:.1f} km, {track.total_duration.total_seconds() / 3600:.0f} hours")
PY
cat > patrol.mjs <<'JS'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parseGPXWithCustomParser } from "@we-gold/gpxjs";

const require = createRequire(import.meta.url);
const { JSDOM } = require("jsdom");
const GPXParser = require("gpxparser");
const text = readFileSync("patrol.gpx", "utf8");
const told = (reader, track, { features }) => {
  const [{ geometry }] = features;
  console.log(
    `${reader}: ${(track.distance.total / 1000).toFixed(1)} km, ` +
      `as GeoJSON a ${geometry.type} of ${geometry.coordinates.length} points`,
  );
};

const whole = new GPXParser();
whole.parse(text);
told("gpxparser", whole.tracks[0], whole.toGeoJSON());
const parser = new new JSDOM().window.DOMParser();
const [parsed] = parseGPXWithCustomParser(text, (xml) => parser.parseFromString(xml, "text/xml"));
told("gpxjs", parsed.tracks[0], parsed.toGeoJSON());
JS
{
  venv/bin/python patrol.py
  node patrol.mjs
} | tee seen
cat > expected <<'TXT'
gpxpy: 11.1 km, 2 hours
gpx: 11.1 km, 2 hours
gpxparser: 116.8 km, as GeoJSON a LineString of 4 points
gpxjs: 116.8 km, as GeoJSON a LineString of 4 points
TXT
diff expected seen
