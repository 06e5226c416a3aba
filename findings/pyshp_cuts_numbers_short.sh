#!/usr/bin/env bash
# pyshp cuts the last digits off a number that is too long for its field: 1,234,567 km² become 123,456.
#
# Version  pyshp 3.1.6 (CPython 3.11)
# Guess    a number that does not fit its field stops the writing, or warns as a text does, or comes back empty
# Happens  its digits are written from the left until the field is full, and what is left over is dropped: the
#          number that is read back is ten times too small, or a hundred, whole and plausible. A minus sign
#          takes a place too. Texts that are cut raise a PossibleDataLoss warning; numbers do not
# Matters  a field laid out for the km² of sites takes the range of a species of a continent; an id one digit
#          longer becomes the id of another. GDAL is no witness: it reads what stands in the file
# Source   its README asks for a size of all digits, point and minus, and does not say what comes otherwise; seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pyshp==3.1.6
cat > cut.py <<'PY'
import warnings

import shapefile

rows = [
    ("a reserve", 92.6, 101, "reserve"),
    ("Ovis ammon", 1234567.8, 1017, "a range of the uplands"),
    ("all of Asia", 44579000.0, -2051, "a range of the uplands"),
]
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    with shapefile.Writer("ranges", shapeType=shapefile.NULL) as file:
        file.field("name", "C", size=20)
        file.field("km2", "N", size=6, decimal=1)
        file.field("id", "N", size=3)
        file.field("kind", "C", size=10)
        for row in rows:
            file.null()
            file.record(*row)
with shapefile.Reader("ranges") as file:
    for wrote, read in zip(rows, file.records()):
        print(f"{wrote[0]}: km² {wrote[1]:.1f} -> {read.km2}, id {wrote[2]} -> {read.id}, kind {read.kind!r}")
about = [str(one.message) for one in said if "runcat" in str(one.message)]
texts = sum("uplands" in text for text in about)
print("warnings about texts:", texts, "about numbers:", len(about) - texts)
PY
venv/bin/python cut.py | tee seen
cat > expected <<'TXT'
a reserve: km² 92.6 -> 92.6, id 101 -> 101, kind 'reserve'
Ovis ammon: km² 1234567.8 -> 123456.0, id 1017 -> 101, kind 'a range of'
all of Asia: km² 44579000.0 -> 445790.0, id -2051 -> -20, kind 'a range of'
warnings about texts: 2 about numbers: 0
TXT
diff expected seen
