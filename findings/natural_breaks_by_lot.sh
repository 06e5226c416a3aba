#!/usr/bin/env bash
# mapclassify's NaturalBreaks gives other classes of the same numbers from one call to the next.
#
# Version  mapclassify 2.10.0 (CPython 3.11 to 3.13)
# Guess    Jenks' natural breaks have one answer, which is found
# Happens  they are looked for by k-means from starts drawn by lot, ten of them: 20 calls on the same 1,000
#          numbers give several sets of classes. Seeding numpy beforehand makes them one; FisherJenks is exact
# Matters  the default scheme of many choropleths: a map made twice from one table has other colours, and
#          a cell changes class between the report and the slide
# Source   its docstring names the ten starts; seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check mapclassify==2.10.0 numpy==2.3.5
cat > classes.py <<'PY'
import warnings

import numpy as np

warnings.filterwarnings("ignore")
import mapclassify

scores = np.round(np.random.default_rng(1).lognormal(size=1000), 3)


def sets_of_classes(scheme, calls, seed=None):
    seen = set()
    for _ in range(calls):
        if seed is not None:
            np.random.seed(seed)
        seen.add(tuple(scheme(scores, k=7).bins.tolist()))
    return len(seen)


drawn = sets_of_classes(mapclassify.NaturalBreaks, 20)
print("NaturalBreaks, 20 calls:", "several sets of classes" if drawn > 1 else "one")
print("NaturalBreaks, numpy seeded each time:", sets_of_classes(mapclassify.NaturalBreaks, 4, seed=0))
print("FisherJenks, 2 calls:", sets_of_classes(mapclassify.FisherJenks, 2))
PY
venv/bin/python classes.py | tee seen
cat > expected <<'TXT'
NaturalBreaks, 20 calls: several sets of classes
NaturalBreaks, numpy seeded each time: 1
FisherJenks, 2 calls: 1
TXT
diff expected seen
