#!/usr/bin/env bash
# geopandas' to_crs wipes the heights of a track that also has measures (times), and still says that it has them.
#
# Version  shapely 2.1.2, geopandas 1.2.0, pyproj 3.7.2 (CPython 3.11)
# Guess    shapely reads and writes M since 2.1; what does not know M drops it and keeps the heights, as for Z
# Happens  set_coordinates writes x, y and z into a sequence of four: heights and measures of ZM both come out
#          as NaN, in shapely.transform(include_z=True), affinity and geopandas' to_crs and translate. has_z
#          and has_m stay true. force_3d sets heights that are there to 0. Lines with Z alone keep them,
#          lines with M alone lose it; simplify drops M and keeps Z, reverse keeps all four
# Matters  tracks of collars and GPS with the time as M (PostGIS trajectories, GeoParquet): climbs, altitudes of
#          use and times are gone after the first projection, and NaN is skipped by most sums
# Source   docstrings ("preserve the dimensionality of the input geometries", "Z coordinates of 3D geometries are
#          unchanged"); github.com/shapely/shapely/issues/1648 (support of M); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  shapely==2.1.2 geopandas==1.2.0 pyproj==3.7.2 numpy==2.4.6
cat > track.py <<'PY'
import warnings

import geopandas as gpd
import shapely


def told(line):
    rows = shapely.get_coordinates(line, include_z=True, include_m=True)
    return f"heights {rows[:, 2].tolist()}, minutes {rows[:, 3].tolist()}, has_z {line.has_z}, has_m {line.has_m}"


zm = shapely.from_wkt("LINESTRING ZM (70 42 2100 0, 71 43 3400 30)")
z = shapely.from_wkt("LINESTRING Z (70 42 2100, 71 43 3400)")
m = shapely.from_wkt("LINESTRING M (70 42 0, 71 43 30)")
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    print("as drawn:         ", told(zm))
    for name, line in {"ZM": zm, "Z": z, "M": m}.items():
        there = gpd.GeoSeries([line], crs="EPSG:4326").to_crs("EPSG:32642")
        print(f"to_crs of {name + ':':8s}", told(there.iloc[0]))
    print("translate:        ", told(gpd.GeoSeries([zm]).translate(1).iloc[0]))
    print("force_3d:         ", told(shapely.force_3d(zm)))
    print("simplify:         ", told(shapely.simplify(zm, 0)))
    print("reverse:          ", told(shapely.reverse(zm)))
print("warnings:", len(said))
PY
venv/bin/python track.py | tee seen
cat > expected <<'TXT'
as drawn:          heights [2100.0, 3400.0], minutes [0.0, 30.0], has_z True, has_m True
to_crs of ZM:      heights [nan, nan], minutes [nan, nan], has_z True, has_m True
to_crs of Z:       heights [2100.0, 3400.0], minutes [nan, nan], has_z True, has_m False
to_crs of M:       heights [nan, nan], minutes [nan, nan], has_z False, has_m False
translate:         heights [nan, nan], minutes [nan, nan], has_z True, has_m True
force_3d:          heights [0.0, 0.0], minutes [nan, nan], has_z True, has_m False
simplify:          heights [2100.0, 3400.0], minutes [nan, nan], has_z True, has_m False
reverse:           heights [3400.0, 2100.0], minutes [30.0, 0.0], has_z True, has_m True
warnings: 0
TXT
diff expected seen
