#!/usr/bin/env bash
# shapely's coverage_is_valid finds a gap of 0.02 where it looks for gaps up to 0.05, and not up to 0.1.
#
# Version  shapely 2.2.0 with GEOS 3.14 (CPython 3.11 to 3.13)
# Guess    gap_width is "the maximum width of gaps to detect": a larger one finds all that a smaller one did
# Happens  between two polygons along a winding border, apart by 0.02 all along, the gap is found from 0.02
#          to 0.05; from 0.1 on the coverage is valid. Between two boxes it is found at every width
# Matters  outlines of states that were drawn one by one: a generous width, meant to be on the safe side,
#          calls them a clean coverage, and borders that are looked for as shared edges do not exist
# Source   seen here, against the parameter's description in the documentation of shapely
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check shapely==2.2.0 numpy==2.3.5
cat > gaps.py <<'PY'
import numpy as np
from shapely import Polygon, box, coverage_is_valid

lot = np.random.default_rng(0)
border = np.column_stack([10 + 0.005 * lot.normal(size=200).cumsum(), np.linspace(0, 10, 200)])
winding = [Polygon([(0, 0), *border, (0, 10)]), Polygon([(20, 0), *(border + [0.02, 0]), (20, 10)])]
straight = [box(0, 0, 10, 10), box(10.02, 0, 20, 10)]
for name, pair in (("winding", winding), ("straight", straight)):
    widths = (0.01, 0.02, 0.05, 0.1, 0.5)
    print(name, *(f"{width}: {'valid' if coverage_is_valid(pair, gap_width=width) else 'gap'}" for width in widths))
PY
venv/bin/python gaps.py | tee seen
cat > expected <<'TXT'
winding 0.01: valid 0.02: gap 0.05: gap 0.1: valid 0.5: valid
straight 0.01: valid 0.02: gap 0.05: gap 0.1: gap 0.5: gap
TXT
diff expected seen
