#!/usr/bin/env bash
# What geopandas appends to a layer goes by the order of its columns: state and neighbour, km² and share change places.
#
# Version  pyogrio 0.13.0 with its GDAL 3.12.4, geopandas 1.2.0, pandas 3.1.1; pyarrow 26.0.1, fiona 1.10.1 (CPython 3.11)
# Guess    to_file(mode="a") goes by the names of the columns, or refuses, as pandas.concat and pd.to_sql do; a table
#          in another CRS is refused too, or turned
# Happens  a table with as many columns as the layer is written first to first, last to last, whatever they are called,
#          in any format: names in another order, or names that the layer has not. One column fewer, and it goes by
#          name (pyogrio 0.12 did not then either). use_arrow=True and engine="fiona" go by name. The CRS is not
#          asked: metres stand in a layer of degrees. Nothing is said
# Matters  sheets of working groups, one after another into one layer, where somebody moved a column: the total of km² is
#          one of shares, and the unit lies in its neighbour. pandas.concat first, then write once
# Source   docs of geopandas and pyogrio (mode, append: no word of names or of the CRS); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  geopandas==1.2.0 pyogrio==0.13.0 fiona==1.10.1 pyarrow==26.0.1 shapely==2.1.2 pandas==3.1.1 numpy==2.4.6
cat > append.py <<'PY'
import warnings
from itertools import count

import geopandas as gpd
from shapely import Point

numbers = count()
first = gpd.GeoDataFrame(
    {"state": ["KZ"], "neighbour": ["CN"], "km2": [1200.0], "share": [7.5]}, geometry=[Point(80, 44)], crs="EPSG:4326"
)
second = gpd.GeoDataFrame(
    {"neighbour": ["UZ"], "state": ["TJ"], "share": [30.0], "km2": [900.0]}, geometry=[Point(69, 40)], crs="EPSG:4326"
)


def appended(table, suffix="gpkg", **how):
    """What stands in the second row, and where."""
    file = f"units{next(numbers)}.{suffix}"
    first.to_file(file)
    table.to_file(file, mode="a", **how)
    row = gpd.read_file(file).iloc[1]
    return ", ".join(f"{name} {row[name]}" for name in first.columns[:-1]) + f", at {row.geometry.x:.0f} E"


with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    for suffix in ("gpkg", "shp", "geojson"):
        print(f"{suffix}: {appended(second, suffix)}")
    print("other names:", appended(second.set_axis(["a", "b", "c", "d", "geometry"], axis=1)))
    print("one fewer:", appended(second.drop(columns="neighbour")))
    print("in metres:", appended(second.to_crs("EPSG:32642")))
    print("warnings:", len(said))
print("use_arrow:", appended(second, use_arrow=True))
print("fiona:", appended(second, engine="fiona"))
PY
venv/bin/python append.py 2> /dev/null | tee seen
cat > expected <<'TXT'
gpkg: state UZ, neighbour TJ, km2 30.0, share 900.0, at 69 E
shp: state UZ, neighbour TJ, km2 30.0, share 900.0, at 69 E
geojson: state UZ, neighbour TJ, km2 30.0, share 900.0, at 69 E
other names: state UZ, neighbour TJ, km2 30.0, share 900.0, at 69 E
one fewer: state TJ, neighbour nan, km2 900.0, share 30.0, at 69 E
in metres: state UZ, neighbour TJ, km2 30.0, share 900.0, at 500000 E
warnings: 0
use_arrow: state TJ, neighbour UZ, km2 900.0, share 30.0, at 69 E
fiona: state TJ, neighbour UZ, km2 900.0, share 30.0, at 69 E
TXT
diff expected seen
