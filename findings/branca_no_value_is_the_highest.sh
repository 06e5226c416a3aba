#!/usr/bin/env bash
# A unit whose value is missing has the colour of the highest class in branca's steps, on a folium map.
#
# Version  branca 0.8.2, folium 0.20.0, pandas 3.1.1 (CPython 3.11)
# Guess    what has no value raises an error, as in the smooth scale from which the steps are made, or stays without a
#          colour, as in folium's Choropleth
# Happens  the class is how many steps are not above the value, less one. NaN is above none, and minus one is the last
#          of a Python list. The smooth scale raises a ValueError on the same value, and a None is a TypeError in both
# Matters  a share or a score that nobody could assess is the darkest on the map: not assessed reads as most of all. A
#          column of pandas has NaN, and folium's guide looks its colours up there by the id of a feature
# Source   folium's user guide, GeoJSON and choropleth (colormap(table[feature["id"]])); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  branca==0.8.2 folium==0.20.0 pandas==3.1.1 numpy==2.4.6
cat > colours.py <<'PY'
import re

import folium
import pandas as pd
from branca.colormap import LinearColormap

shares = pd.Series({"CU-001": 3.0, "CU-002": 41.0, "CU-003": 80.0, "CU-004": None})  # % protected
smooth = LinearColormap(["#ffffcc", "#fd8d3c", "#800026"], vmin=0, vmax=90)
steps = smooth.to_step(index=[0, 30, 60, 90])


def colour(scale, value):
    try:
        return scale(value)
    except (TypeError, ValueError) as error:
        return type(error).__name__


for name, share in shares.items():
    print(f"{name}, {share} %: smooth {colour(smooth, share)}, steps {colour(steps, share)}")
print(f"None: smooth {colour(smooth, None)}, steps {colour(steps, None)}")


def drawn(layer):
    """What the page gives each unit to be filled with; ids that are not named have the last one."""
    page = folium.Map(tiles=None)
    layer.add_to(page)
    text = page.get_root().render()
    text = text[text.index("styler(feature") :].split("onEachFeature")[0]
    given = {}
    for cases, colour in re.findall(r'((?:case "[^"]+": *|default:)+)\s*return {.*?"fillColor": "([^"]+)"', text):
        given.update(dict.fromkeys(re.findall('"(.*?)"', cases) or ["the others"], colour))
    return ", ".join(f"{name} {given.get(name, given['the others'])}" for name in shares.index)


ring = [[[70, 40], [71, 40], [71, 41], [70, 40]]]
units = {
    "type": "FeatureCollection",
    "features": [
        {"type": "Feature", "id": name, "properties": {}, "geometry": {"type": "Polygon", "coordinates": ring}}
        for name in shares.index
    ],
}
print("GeoJson:", drawn(folium.GeoJson(units, style_function=lambda unit: {"fillColor": steps(shares[unit["id"]])})))
print("Choropleth:", drawn(folium.Choropleth(units, data=shares, key_on="feature.id", bins=[0, 30, 60, 90])))
PY
venv/bin/python colours.py | tee seen
cat > expected <<'TXT'
CU-001, 3.0 %: smooth #fff8c3ff, steps #ffffccff
CU-002, 41.0 %: smooth #fe9749ff, steps #fd8d3cff
CU-003, 80.0 %: smooth #9c1f2bff, steps #800026ff
CU-004, nan %: smooth ValueError, steps #800026ff
None: smooth TypeError, steps TypeError
GeoJson: CU-001 #ffffccff, CU-002 #fd8d3cff, CU-003 #800026ff, CU-004 #800026ff
Choropleth: CU-001 #deebf7, CU-002 #9ecae1, CU-003 #3182bd, CU-004 black
TXT
diff expected seen
