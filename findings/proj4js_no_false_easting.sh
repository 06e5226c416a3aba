#!/usr/bin/env bash
# Where +x_0, +y_0, +lat_0 or +lon_0 is not said, proj4js gives NaN in some projections and in others what PROJ does.
#
# Version  proj4 (proj4js) 2.22.0 (Node 20)
# Guess    what PROJ takes as 0 when it is not said is 0 in proj4js as well, or the definition is refused
# Happens  each projection has defaults of its own. All the equal-area ones that studies of a region use (Lambert's
#          azimuthal, Albers, cylindrical) and eqdc have none, Lambert's conformal lacks one, for +lat_0;
#          Mollweide, sinusoidal, Equal Earth and transverse Mercator are right. No error is thrown, and JSON writes
#          NaN as null
# Matters  the projection of a study region is written by hand, "+proj=laea +lat_0=45 +lon_0=90 +datum=WGS84", as
#          PROJ, geopandas and sf take it: on the web map nothing is drawn, and a GeoJSON so written has places of
#          [null, null]. Texts that pyproj or epsg.io wrote carry their zeros
# Source   github.com/proj4js/proj4js/issues/99 (of 2014, closed) and /pull/580 (of 2026: lon_0 in three projections)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . proj4@2.22.0 > /dev/null
cat > project.mjs <<'JS'
import proj4 from "proj4";

const definitions = [
  "+proj=laea +lat_0=45 +lon_0=90",
  "+proj=aea +lat_1=25 +lat_2=47 +lon_0=105",
  "+proj=cea +lat_ts=30",
  "+proj=eqdc +lat_1=25 +lat_2=47 +lon_0=105",
  "+proj=lcc +lat_1=25 +lat_2=47 +lon_0=105",
  "+proj=moll +lon_0=90",
  "+proj=sinu +lon_0=90",
  "+proj=eqearth +lon_0=90",
  "+proj=tmerc +lon_0=81",
];
const zeros = ["lat_0", "lon_0", "x_0", "y_0"];
const metres = (definition) =>
  JSON.stringify(proj4(`${definition} +datum=WGS84`, [80, 42]).map((value) => Math.round(value)));
for (const definition of definitions) {
  const missing = zeros.filter((name) => !definition.includes(`+${name}=`)).map((name) => ` +${name}=0`);
  console.log(`${definition}: ${metres(definition)}, with all zeros ${metres(definition + missing.join(""))}`);
}
JS
node project.mjs | tee seen
cat > expected <<'TXT'
+proj=laea +lat_0=45 +lon_0=90: [null,null], with all zeros [-826201,-283009]
+proj=aea +lat_1=25 +lat_2=47 +lon_0=105: [null,null], with all zeros [-2020905,4781244]
+proj=cea +lat_ts=30: [null,null], with all zeros [7718902,4900750]
+proj=eqdc +lat_1=25 +lat_2=47 +lon_0=105: [null,null], with all zeros [-2020987,4910654]
+proj=lcc +lat_1=25 +lat_2=47 +lon_0=105: [-2021130,null], with all zeros [-2021130,5089404]
+proj=moll +lon_0=90: [-833290,5011701], with all zeros [-833290,5011701]
+proj=sinu +lon_0=90: [-828508,4651637], with all zeros [-828508,4651637]
+proj=eqearth +lon_0=90: [-838923,5142317], with all zeros [-838923,5142317]
+proj=tmerc +lon_0=81: [-82851,4652121], with all zeros [-82851,4652121]
TXT
diff expected seen
