#!/usr/bin/env bash
# simplekml escapes an ampersand in a name and not in a data value: the table with "sheep & goats" fails.
#
# Version  simplekml 1.3.6 (CPython 3.11 to 3.13)
# Guess    texts are escaped, or none is
# Happens  names, descriptions, display names and even the name of a Data are; its value is not, nor is a
#          SimpleData's. `kml()` then stops with an ExpatError that names a column of the whole file
# Matters  layers whose attributes come from a spreadsheet: one ampersand among ten thousand cells and no
#          map is written. Escaping everything beforehand shows "&amp;" in all the names
# Source   seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check simplekml==1.3.6
cat > words.py <<'PY'
from xml.parsers.expat import ExpatError

import simplekml

WORDS = "sheep & goats"
PLACES = {
    "name": lambda point: setattr(point, "name", WORDS),
    "description": lambda point: setattr(point, "description", WORDS),
    "name of a Data": lambda point: point.extendeddata.newdata(WORDS, "x"),
    "value of a Data": lambda point: point.extendeddata.newdata("x", WORDS),
    "SimpleData": lambda point: point.extendeddata.schemadata.newsimpledata("x", WORDS),
}
for where, put in PLACES.items():
    kml = simplekml.Kml()
    put(kml.newpoint(coords=[(70, 45)]))
    try:
        print(where, "escaped" if "sheep &amp; goats" in kml.kml() else "?")
    except ExpatError:
        print(where, "ExpatError")
PY
venv/bin/python words.py | tee seen
cat > expected <<'TXT'
name escaped
description escaped
name of a Data escaped
value of a Data ExpatError
SimpleData ExpatError
TXT
diff expected seen
