#!/usr/bin/env bash
# movingpandas loses positions that stand alone between two gaps, and animals with a single one.
#
# Version  movingpandas 0.23.0, geopandas 1.2.0 (CPython 3.11 to 3.13)
# Guess    splitting at gaps deals all positions out to pieces: five go in, five come out
# Happens  four come out: the one with a gap before and behind is in no piece. An animal with one position
#          is not in a TrajectoryCollection at all. Nothing is said
# Matters  the fix that a collar sent after months of silence, far from all others, is the one that tells
#          of a crossing or of a dead animal; counts per unit are too small by those
# Source   seen here; a trajectory is a line, and a line has two positions
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check movingpandas==0.23.0 geopandas==1.2.0
cat > fixes.py <<'PY'
import logging
import warnings

import pandas as pd

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
import movingpandas as mpd

when = ["2024-01-01 00:00", "2024-01-01 06:00", "2024-03-01 00:00", "2024-06-01 00:00", "2024-06-01 06:00"]
fixes = pd.DataFrame(
    {"t": pd.to_datetime(when), "animal": "a", "x": [70, 70.1, 71, 72, 72.1], "y": 45.0}
)
where = dict(traj_id_col="animal", x="x", y="y", t="t")
pieces = mpd.ObservationGapSplitter(mpd.TrajectoryCollection(fixes, **where)).split(
    gap=pd.Timedelta("2D")
)
print("fixes", len(fixes), "in pieces", sum(len(piece.df) for piece in pieces))
two_animals = fixes.assign(animal=["a", "a", "b", "c", "c"])
print("animals a b c, in the collection", *(one.id for one in mpd.TrajectoryCollection(two_animals, **where)))
PY
venv/bin/python fixes.py | tee seen
cat > expected <<'TXT'
fixes 5 in pieces 4
animals a b c, in the collection a c
TXT
diff expected seen
