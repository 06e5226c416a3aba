#!/usr/bin/env bash
# A polygon with one vertex written twice is valid to shapely and refused by the geometry of the sphere.
#
# Version  shapely 2.1.2, spherely 0.1.1 (s2geometry; CPython 3.11 to 3.13)
# Guess    what `is_valid` calls valid opens everywhere; a vertex that rounding wrote twice is no harm
# Happens  s2 takes an edge of no length for a fault of the whole polygon; so does sf in R, which stops on
#          the layer (st_intersection, st_union …) with "Edge 1 is degenerate (duplicate vertex)"
# Matters  coordinates rounded to six decimals for a GeoPackage, KML or GeoJSON make such vertices now and
#          then: one in fourteen disputed areas of ours; remove_repeated_points(…) after rounding
# Source   seen here; OGC simple features allow repeated points, S2's loops do not
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check shapely==2.1.2 spherely==0.1.1
cat > twice.py <<'PY'
import shapely
import spherely

exact = shapely.Polygon([(60, 45), (61, 45), (61.0000002, 45.0000001), (62, 46), (60, 46)])
rounded = shapely.transform(exact, lambda xy: xy.round(6))
print("valid", shapely.is_valid(exact), shapely.is_valid(rounded))
for shape in (exact, rounded, shapely.remove_repeated_points(rounded)):
    try:
        spherely.from_wkt(shapely.to_wkt(shape, rounding_precision=9))
        print("sphere takes it")
    except RuntimeError as error:
        print("sphere", error)
PY
venv/bin/python twice.py | tee seen
cat > expected <<'TXT'
valid True True
sphere takes it
sphere Loop 0 is not valid: Edge 1 is degenerate (duplicate vertex)
sphere takes it
TXT
diff expected seen
