#!/usr/bin/env bash
# tobler gives targets that cover half of a source all of its amount: by default nothing may be left over.
#
# Version  tobler 0.12.1, geopandas 1.2.0 (CPython 3.11 to 3.13)
# Guess    areal weighting: a target that covers half of a range of 100 animals gets 50 of them
# Happens  it gets 100. `allocate_total=True` is the default: what lies outside of all targets is dealt
#          out to those that there are; 50 comes with `allocate_total=False`
# Matters  a study area cuts most ranges: counts and km² of a species that lives mostly elsewhere are
#          too large by 1 ÷ the part of its range that lies inside, and nothing in the table shows it
# Source   its docstring ("True if total value of source area should be allocated"); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check tobler==0.12.1 geopandas==1.2.0
cat > half.py <<'PY'
import warnings

import geopandas as gpd
from shapely.geometry import box

warnings.filterwarnings("ignore")
from tobler.area_weighted import area_interpolate

ranges = gpd.GeoDataFrame({"animals": [100.0]}, geometry=[box(0, 0, 10, 10)], crs="EPSG:6933")
study = gpd.GeoDataFrame(geometry=[box(0, 0, 5, 10)], crs="EPSG:6933")
print("left to itself", *area_interpolate(ranges, study, extensive_variables=["animals"]).animals)
told = area_interpolate(ranges, study, extensive_variables=["animals"], allocate_total=False)
print("allocate_total=False", *told.animals)
PY
venv/bin/python half.py | tee seen
cat > expected <<'TXT'
left to itself 100.0
allocate_total=False 50.0
TXT
diff expected seen
