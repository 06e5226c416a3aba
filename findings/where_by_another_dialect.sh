#!/usr/bin/env bash
# where="code = 'a'" of geopandas picks A as well from a shapefile or GeoJSON, and not from a GeoPackage.
#
# Version  pyogrio 0.13.0 with its GDAL 3.12.4, geopandas 1.2.0 (CPython 3.11)
# Guess    the filter is geopandas', and picks the same rows of the same table in any format
# Happens  a GeoPackage answers by SQLite, the others by GDAL's own SQL, in which =, <> and IN take 12a and 12A for
#          one and LIKE does not: just the other way round. Cyrillic letters GDAL does not fold, so that б = Б holds
#          nowhere, and LIKE of a GeoPackage takes them for one all the same. No message
# Matters  subunits 12a and 12A, criteria, codes of presence: a layer that was saved anew in another format gives
#          other units and other km², from the same script
# Source   GDAL's documentation, OGR SQL dialect (equality of texts ignores case) and SQL SQLite dialect; seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check geopandas==1.2.0 pyogrio==0.13.0 shapely==2.1.2
cat > filter.py <<'PY'
import warnings

import geopandas as gpd

CODES = ["12a", "12A", "13", "б", "Б"]
FILTERS = ["code = '12a'", "code IN ('12a', '13')", "code <> '12a'", "code LIKE '12a'", "code = 'б'", "code LIKE 'б'"]
FORMATS = ["gpkg", "shp", "geojson", "fgb"]

with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    table = gpd.GeoDataFrame({"code": CODES}, geometry=gpd.points_from_xy(range(5), [0] * 5), crs="EPSG:4326")
    for ending in FORMATS:
        table.to_file(f"units.{ending}", engine="pyogrio", encoding="UTF-8")
    for where in FILTERS:
        rows = {}
        for ending in FORMATS:
            found = gpd.read_file(f"units.{ending}", engine="pyogrio", where=where)["code"]
            codes = " ".join(sorted(found))
            rows[codes] = f"{rows[codes]} {ending}" if codes in rows else ending
        print(f"{where}: {'; '.join(f'{codes} ({endings})' for codes, endings in rows.items())}")
print("warnings:", len(said))
PY
venv/bin/python filter.py | tee seen
cat > expected <<'TXT'
code = '12a': 12a (gpkg); 12A 12a (shp geojson fgb)
code IN ('12a', '13'): 12a 13 (gpkg); 12A 12a 13 (shp geojson fgb)
code <> '12a': 12A 13 Б б (gpkg); 13 Б б (shp geojson fgb)
code LIKE '12a': 12A 12a (gpkg); 12a (shp geojson fgb)
code = 'б': б (gpkg shp geojson fgb)
code LIKE 'б': Б б (gpkg); б (shp geojson fgb)
warnings: 0
TXT
diff expected seen
