#!/usr/bin/env bash
# xvec's zonal_stats without exactextract takes from each range the cells of every range that stands after it.
#
# Version  xvec 0.5.2, xarray 2026.9.0, rioxarray 0.19.0, rasterio 1.4.4, exactextract 0.3.0 (CPython 3.11)
# Guess    a statistic of a polygon is of that polygon; a method that is chosen for one changes the cells at its edge
# Happens  "rasterize", which is taken when exactextract is not installed, burns all polygons into one raster of
#          their numbers: a cell belongs to the last that covers it. Of three nested ranges the first has 64 cells
#          of its 100; put the other way round, two of them are NaN and the widest has all. The same call gives
#          100, 36, 4 once exactextract is there, and with "iterate". No warning
# Matters  ranges of species overlap nearly everywhere: mean elevation, suitability or people within a range depend
#          on the order of the rows, and an endemic within a widespread species comes out as without data
# Source   docstring of zonal_stats ("can lead to loss of information in case of small polygons or lines"); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  xvec==0.5.2 xarray==2026.9.0 rioxarray==0.19.0 rasterio==1.4.4 geopandas==1.2.0 shapely==2.1.2 pandas==3.1.1 \
  numpy==2.4.6 joblib==1.5.3
cat > zones.py <<'PY'
import importlib.util
import warnings

import geopandas as gpd
import numpy as np
import rioxarray  # noqa: F401
import shapely
import xarray as xr
import xvec  # noqa: F401

x, y = np.arange(60.5, 90), np.arange(59.5, 30, -1)
people = xr.DataArray(np.ones((30, 30)), coords={"y": y, "x": x}, dims=("y", "x")).rio.write_crs(4326)
ranges = gpd.GeoSeries(
    [shapely.box(70, 40, 80, 50), shapely.box(72, 42, 78, 48), shapely.box(73, 43, 75, 45)],
    index=["leopard", "ibex", "endemic"],
    crs=4326,
)


def told(order, **how):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # rioxarray about affine
        sums = people.xvec.zonal_stats(ranges[order], "x", "y", stats="sum", **how).values
    return ", ".join(f"{name} {value:.0f}" for name, value in zip(order, sums)) + f"; warnings {len(said)}"


there = importlib.util.find_spec("exactextract") is not None
forth, back = list(ranges.index), list(ranges.index)[::-1]
print("exactextract is installed:", there)
print("as it comes:    ", told(forth))
print("as it comes:    ", told(back))
if not there:
    print("method=iterate: ", told(forth, method="iterate"))
PY
{
  venv/bin/python zones.py
  venv/bin/python -m pip install --quiet --disable-pip-version-check exactextract==0.3.0
  venv/bin/python zones.py
} | tee seen
cat > expected <<'TXT'
exactextract is installed: False
as it comes:     leopard 64, ibex 32, endemic 4; warnings 0
as it comes:     endemic nan, ibex nan, leopard 100; warnings 0
method=iterate:  leopard 100, ibex 36, endemic 4; warnings 0
exactextract is installed: True
as it comes:     leopard 100, ibex 36, endemic 4; warnings 0
as it comes:     endemic 4, ibex 36, leopard 100; warnings 0
TXT
diff expected seen
