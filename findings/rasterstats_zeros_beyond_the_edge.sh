#!/usr/bin/env bash
# rasterstats counts zeros where a range reaches over the edge of a raster file that names no nodata value.
#
# Version  rasterstats 0.21.0, rasterio 1.4.4, exactextract 0.3.0 (CPython 3.11)
# Guess    cells that do not exist are not counted, or the -999 that its warning speaks of stands for them
# Happens  cells beyond the file come as 0 and are counted: a range with half of it outside has half its mean and
#          a minimum of 0, and one that is not on the raster at all has a mean of 0 and 25 cells. nodata=-999, as the
#          warning advises, changes nothing but the warning. The same cells as an array give the true mean, and so
#          does a file with a nodata value, whatever it is; exactextract's is right for all
# Matters  elevation, richness or suitability cut to a country, and ranges that go on beyond: the mean is drawn to 0
#          with what lies outside, and 0 is a value like any other. Rasters in uint8 often name no nodata
# Source   github.com/perrygeo/python-rasterstats/issues/22 ("those pixels should be filled with nulls"); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  rasterstats==0.21.0 rasterio==1.4.4 exactextract==0.3.0 geopandas==1.2.0 shapely==2.1.2 numpy==2.4.6
cat > edge.py <<'PY'
import warnings

import exactextract
import geopandas as gpd
import numpy as np
import rasterio
import shapely
from rasterio.transform import from_origin
from rasterstats import zonal_stats

CORNER = from_origin(70, 50, 1, 1)
species = np.full((10, 10), 7, dtype="int16")  # seven species in each of 100 cells
RANGES = {
    "within": shapely.box(72, 42, 78, 48),
    "half outside": shapely.box(65, 42, 75, 48),
    "all outside": shapely.box(90, 40, 95, 45),
}


def written(name, nodata):
    layout = {"driver": "GTiff", "width": 10, "height": 10, "count": 1, "dtype": "int16", "crs": "EPSG:4326"}
    with rasterio.open(name, "w", transform=CORNER, nodata=nodata, **layout) as file:
        file.write(species, 1)
    return name


def told(raster, **how):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rows = zonal_stats(list(RANGES.values()), raster, stats="mean count", **how)
    said.extend(str(warning.message) for warning in caught if "nodata" in str(warning.message))
    return ", ".join(f"{name} {row['mean']} of {row['count']}" for name, row in zip(RANGES, rows))


said = []
bare, named = written("bare.tif", None), written("named.tif", -1)
print("file:             ", told(bare))
print("file, nodata=-999:", told(bare, nodata=-999))
print("file with nodata: ", told(named))
print("array:            ", told(species, affine=CORNER))
table = gpd.GeoDataFrame(geometry=list(RANGES.values()), crs=4326)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    exact = exactextract.exact_extract(bare, table, ["mean", "count"], output="pandas")
print("exactextract:     ", ", ".join(f"{n} {m} of {c:.0f}" for n, m, c in zip(RANGES, exact["mean"], exact["count"])))
print("said:", *sorted(set(said)))
PY
venv/bin/python edge.py | tee seen
cat > expected <<'TXT'
file:              within 7.0 of 36, half outside 3.5 of 60, all outside 0.0 of 25
file, nodata=-999: within 7.0 of 36, half outside 3.5 of 60, all outside 0.0 of 25
file with nodata:  within 7.0 of 36, half outside 7.0 of 30, all outside None of 0
array:             within 7.0 of 36, half outside 7.0 of 30, all outside None of 0
exactextract:      within 7.0 of 36, half outside 7.0 of 30, all outside nan of 0
said: Setting nodata to -999; specify nodata explicitly
TXT
diff expected seen
