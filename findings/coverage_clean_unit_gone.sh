#!/usr/bin/env bash
# shapely's new coverage_clean makes a unit empty that lies within another, or on two others, and the areas still add up.
#
# Version  shapely 2.2.0 (the first with coverage_clean), GEOS 3.14.1 (CPython 3.11)
# Guess    overlaps are cleaned along the borders: each unit loses or keeps some ground, and all are still there
# Happens  each piece of an overlap goes whole to one of those that cover it, and a unit that has no ground of its own has
#          no border to win it by: POLYGON EMPTY in its row, no message, by the default strategy and "max_area". A unit
#          on the seam of two overlapping ones is gone too, though neither covers it. "min_area" keeps both, "min_index"
#          what comes first. coverage_is_valid is True and the total is that of the union: what one checks is right
# Matters  core areas within units, a reserve that a neighbour's proposal covers, calving grounds within a range: cleaned
#          before borders are simplified together, they are not on the map any more
# Source   shapely.coverage_clean ("merges ... into"), github.com/shapely/shapely/pull/2454 and locationtech/jts/pull/1126;
#          that a unit can vanish is said in none of them; seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check shapely==2.2.0
cat > clean.py <<'PY'
import shapely
from shapely import box

CASES = {
    "core within a unit": [box(0, 0, 100, 100), box(40, 40, 60, 60)],
    "reserve on a seam": [box(0, 0, 100, 100), box(80, 0, 180, 100), box(70, 40, 110, 60)],
    "strip along a border": [box(0, 0, 100, 100), box(95, 0, 200, 100)],
}


def told(shapes):
    return ", ".join(str(round(shape.area)) for shape in shapes)


for case, shapes in CASES.items():
    print(f"{case}: {told(shapes)}")
    for strategy in ("longest_border", "max_area", "min_area", "min_index"):
        cleaned = shapely.coverage_clean(shapes, merge_strategy=strategy)
        valid = shapely.coverage_is_valid(cleaned)
        whole = abs(sum(shapely.area(cleaned)) - shapely.union_all(shapes).area) < 1e-6
        print(f"  {strategy}: {told(cleaned)}; valid {valid}, total as the union {whole}")
PY
venv/bin/python clean.py | tee seen
cat > expected <<'TXT'
core within a unit: 10000, 400
  longest_border: 10000, 0; valid True, total as the union True
  max_area: 10000, 0; valid True, total as the union True
  min_area: 9600, 400; valid True, total as the union True
  min_index: 10000, 0; valid True, total as the union True
reserve on a seam: 10000, 10000, 800
  longest_border: 10000, 8000, 0; valid True, total as the union True
  max_area: 10000, 8000, 0; valid True, total as the union True
  min_area: 8600, 8600, 800; valid True, total as the union True
  min_index: 10000, 8000, 0; valid True, total as the union True
strip along a border: 10000, 10500
  longest_border: 10000, 10000; valid True, total as the union True
  max_area: 9500, 10500; valid True, total as the union True
  min_area: 10000, 10000; valid True, total as the union True
  min_index: 10000, 10000; valid True, total as the union True
TXT
diff expected seen
