#!/usr/bin/env bash
# pyproj 3.7.2 (PROJ 9.5.1): Mollweide (ESRI:54009, on WGS 84) is not equal-area.
# One would guess: the projection that everybody names for equal areas keeps them.
# What happens: PROJ has it for a sphere only and puts geodetic latitudes into it: a degree square at the
# equator is 0.67 % too large, at 60° N 0.34 % too small, without a word. EPSG:6933 is right everywhere.
# Where it matters: shares of ranges that lie on other latitudes than the site: one of 5.000 % of the
# argali's range came out as 4.997 % (docs/method.md).
# Source: https://proj.org/en/stable/operations/projections/moll.html ("Spherical")
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install pyproj==3.7.2 numpy==2.2.6 2>/dev/null
cat > "$folder/areas.py" <<'PY'
import numpy as np
import pyproj

print("pyproj", pyproj.__version__, "PROJ", pyproj.proj_version_str)
geod = pyproj.Geod(ellps="WGS84")


def box(latitude):
    """One degree by one degree, its sides in steps of a hundredth."""
    t = np.linspace(0, 1, 101)[:-1]
    lon = np.concatenate([80 + t, 81 + 0 * t, 81 - t, 80 + 0 * t])
    lat = latitude + np.concatenate([0 * t, t, 1 + 0 * t, 1 - t])
    return lon, lat


def off(crs, latitude):
    lon, lat = box(latitude)
    true = abs(geod.polygon_area_perimeter(lon, lat)[0])
    x, y = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform(lon, lat)
    flat = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
    return 100 * (flat / true - 1)


rows = {lat: (off("ESRI:54009", lat), off("EPSG:6933", lat)) for lat in (0, 20, 45, 60, 80)}
print("latitude  Mollweide, % off  EPSG:6933, % off")
for lat, (moll, cea) in rows.items():
    print(f"{lat:8d}  {moll:+16.3f}  {cea:+16.3f}")
PY
"$folder/venv/bin/python" "$folder/areas.py" | tee "$folder/seen"
grep -Eq "^ +0 +\\+0.674 +[+-]0.000" "$folder/seen"
grep -Eq "^ +60 +-0.344 +[+-]0.000" "$folder/seen"
