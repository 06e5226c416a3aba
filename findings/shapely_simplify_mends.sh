#!/bin/sh
# shapely 2.1.2: simplify(preserve_topology=False) mends a polygon that crosses itself.
# One would guess: Douglas-Peucker keeps some of the points that are there and moves nothing.
# What happens: the result has a point that nobody drew, and one of the two lobes is gone, because
# GEOS runs buffer(0) over the simplified polygon. With preserve_topology=True, and on the rings as
# lines, the points are those drawn.
# Where it matters: outlines drawn by hand or walked with a GPS, simplified before they are mended.
# Source: GEOS DouglasPeuckerSimplifier, "createValidArea"; shapely.simplify documentation is silent.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q shapely==2.1.2 2>/dev/null
cat > "$folder/run.py" <<'PY'
import shapely

bow_tie = shapely.Polygon([(0, 0), (4, 4), (4, 0), (0, 2)])
print("shapely", shapely.__version__)
drawn = set(bow_tie.exterior.coords)
for keep in (True, False):
    simple = shapely.simplify(bow_tie, 1e-9, preserve_topology=keep)
    new = sorted({p for part in shapely.get_parts([simple]) for p in part.exterior.coords} - drawn)
    print(f"preserve_topology={keep}: points that nobody drew: {len(new)}")
print(f"ground of both lobes {shapely.make_valid(bow_tie).area:.2f}, after simplify "
      f"{shapely.simplify(bow_tie, 1e-9, preserve_topology=False).area:.2f}")
PY
"$folder/env/bin/python" "$folder/run.py" | tee "$folder/seen"
grep -q "preserve_topology=True: points that nobody drew: 0" "$folder/seen"
grep -q "preserve_topology=False: points that nobody drew: 1" "$folder/seen"
grep -q "both lobes 6.67, after simplify 5.33" "$folder/seen"
