#!/usr/bin/env bash
# The same class breaks colour one cell differently: mapclassify closes a class above, folium and branca below.
#
# Version  mapclassify 2.10.0, folium 0.20.0, branca 0.8.2 (CPython 3.11)
# Guess    breaks made by mapclassify (what geopandas draws by) give the same classes in folium.Choropleth(bins=)
# Happens  to mapclassify a value on a break belongs to the class below it, to folium and to branca's
#          StepColormap to the class above; only the very largest is kept down. The breaks of Jenks' scheme
#          are values of the data, so there is always somebody who stands on each of them
# Matters  richness is whole numbers: on nine cells with 1 to 9 species and breaks 3, 6, 9 two are one class
#          higher on the web map than in the figure of the report, and the legends read alike
# Source   mapclassify: classes are (lower, upper]; folium.Choropleth: numpy.digitize(right=False); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  mapclassify==2.10.0 folium==0.20.0 branca==0.8.2 numpy==2.4.6 pandas==3.0.0
cat > classes.py <<'PY'
import warnings

warnings.filterwarnings("ignore")
import branca.colormap
import folium
import mapclassify

species = {f"cell {n}": n for n in range(1, 10)}
made = mapclassify.FisherJenks(list(species.values()), k=3)
breaks = [1.0, *map(float, made.bins)]


def square(n):
    ring = [[n, 0], [n + 1, 0], [n + 1, 1], [n, 1], [n, 0]]
    return {"type": "Polygon", "coordinates": [ring]}


cells = [{"type": "Feature", "id": name, "properties": {}, "geometry": square(n)} for name, n in species.items()]
layer = folium.Choropleth(
    {"type": "FeatureCollection", "features": cells},
    data=species,
    key_on="feature.id",
    bins=breaks,
    fill_color="OrRd",
)
steps = branca.colormap.StepColormap(["#fee8c8", "#fdbb84", "#e34a33"], index=breaks, vmin=1, vmax=9)


def numbered(colours):
    """Classes from 0 up, in the order in which they come from small values to large ones."""
    order = list(dict.fromkeys(colours))
    return [order.index(colour) for colour in colours]


rows = {
    "mapclassify": [int(c) for c in made.yb],
    "folium": numbered([layer.geojson.style_function(cell)["fillColor"] for cell in cells]),
    "branca": numbered([steps(n) for n in species.values()]),
}
print("species     ", *species.values(), " breaks", *breaks[1:])
for name, classes in rows.items():
    print(f"{name:12s}", *classes)
PY
venv/bin/python classes.py | tee seen
cat > expected <<'TXT'
species      1 2 3 4 5 6 7 8 9  breaks 3.0 6.0 9.0
mapclassify  0 0 0 1 1 1 2 2 2
folium       0 0 1 1 1 2 2 2 2
branca       0 0 1 1 1 2 2 2 2
TXT
diff expected seen
