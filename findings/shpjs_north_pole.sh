#!/usr/bin/env bash
# shpjs sets a shapefile in polar stereographic of the north thousands of kilometres away; of the south it has it right.
#
# Version  shpjs 6.2.0, proj4 2.22.0, wkt-parser 1.5.6 (Node 20); geopandas 1.2.0, pyogrio 0.13.0 (CPython 3.11)
# Guess    shpjs knows the .prj of a shapefile, or raises an error, as it does of Eckert IV and Behrmann
# Happens  in a .prj the two are called Stereographic_North_Pole and Stereographic_South_Pole, and the second alone was
#          made polar stereographic. The first is taken as the oblique one, about a point on the standard parallel:
#          reindeer of the Taimyr are off Svalbard, and those of Svalbard in the south of Norway. In an equidistant
#          cylindrical one the standard parallel becomes the origin: the Tian Shan is in the Antarctic. No message
# Matters  ranges and tracks of the Arctic are in another state on the web map that a group drops its zip on. EPSG:6931,
#          of equal area, is read right, and so are all of them by GDAL
# Source   github.com/proj4js/proj4js/pull/140 (the south) and /issues/456; of the .prj of the north seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  geopandas==1.2.0 pyogrio==0.13.0 pyproj==3.7.2 shapely==2.1.2 pandas==3.1.1 numpy==2.4.6
npm install --silent --no-audit --no-fund --prefix . shpjs@6.2.0 proj4@2.22.0 wkt-parser@1.5.6 > /dev/null
cat > write.py <<'PY'
import geopandas as gpd

for code, name, lon, lat in (
    ("EPSG:3413", "reindeer, Taimyr", 95, 73),
    ("EPSG:3995", "reindeer, Svalbard", 16, 78),
    ("EPSG:6931", "reindeer, Taimyr", 95, 73),
    ("EPSG:3031", "penguins, Ross Sea", 166, -77),
    ("ESRI:54002", "argali, Tian Shan", 78, 42),
):
    places = gpd.GeoDataFrame({"name": [name]}, geometry=gpd.points_from_xy([lon], [lat]), crs=4326).to_crs(code)
    file = f"{code.replace(':', '_')}.shp"
    places.to_file(file)
    (back,) = gpd.read_file(file).to_crs(4326).geometry
    print(f"{code}, {name}: GDAL {back.x:.1f} {back.y:.1f}")
PY
cat > read.mjs <<'JS'
import { readFileSync } from "node:fs";
import { parseShp } from "shpjs";

for (const code of ["EPSG_3413", "EPSG_3995", "EPSG_6931", "EPSG_3031", "ESRI_54002"]) {
  const prj = readFileSync(`${code}.prj`, "utf8");
  const [{ coordinates }] = parseShp(new Uint8Array(readFileSync(`${code}.shp`)).buffer, prj);
  const method = /PROJECTION\["(\w+)"\]/.exec(prj)[1];
  console.log(`${code}, ${method}: shpjs ${coordinates.map((degrees) => degrees.toFixed(1)).join(" ")}`);
}
JS
{
  venv/bin/python write.py
  node read.mjs
} | tee seen
cat > expected <<'TXT'
EPSG:3413, reindeer, Taimyr: GDAL 95.0 73.0
EPSG:3995, reindeer, Svalbard: GDAL 16.0 78.0
EPSG:6931, reindeer, Taimyr: GDAL 95.0 73.0
EPSG:3031, penguins, Ross Sea: GDAL 166.0 -77.0
ESRI:54002, argali, Tian Shan: GDAL 78.0 42.0
EPSG_3413, Stereographic_North_Pole: shpjs 10.9 77.3
EPSG_3995, Stereographic_North_Pole: shpjs 6.3 59.6
EPSG_6931, Lambert_Azimuthal_Equal_Area: shpjs 95.0 73.0
EPSG_3031, Stereographic_South_Pole: shpjs 166.0 -77.0
ESRI_54002, Equidistant_Cylindrical: shpjs 39.0 -78.0
TXT
diff expected seen
