#!/usr/bin/env bash
# python-dwca-reader has two ways through a Darwin Core archive, and one of them loses records at a quote.
#
# Version  python-dwca-reader 0.16.4, pandas 2.2.3, numpy 2.2.6 (CPython 3.11 to 3.13)
# Guess    `pd_read` reads the core as its meta.xml says, and gives the records that iterating gives
# Happens  meta.xml says fieldsEnclosedBy="" (as in every archive of GBIF: quotes are letters); iterating keeps
#          to it, `pd_read` leaves it to pandas, which takes a quote at the start of a field for one that
#          opens: everything up to the next quote is one field. Six records come as three, no error, and the
#          locality of one holds the lost ones
# Matters  localities such as "old" well or "skull, 12 in are in any large download: ranges and counts made
#          from the table lack records at random. Pass quoting=csv.QUOTE_NONE to `pd_read`
# Source   seen here; http://rs.tdwg.org/dwc/terms/guides/text/ (fieldsEnclosedBy)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check python-dwca-reader==0.16.4 pandas==2.2.3 numpy==2.2.6
cat > read.py <<'PY'
import csv
import zipfile

from dwca.read import DwCAReader

META = """<archive xmlns="http://rs.tdwg.org/dwc/text/">
<core encoding="utf-8" fieldsTerminatedBy="\\t" linesTerminatedBy="\\n" fieldsEnclosedBy=""
 ignoreHeaderLines="1" rowType="http://rs.tdwg.org/dwc/terms/Occurrence">
<files><location>occurrence.txt</location></files><id index="0"/>
<field index="1" term="http://rs.tdwg.org/dwc/terms/locality"/>
<field index="2" term="http://rs.tdwg.org/dwc/terms/decimalLatitude"/></core></archive>"""
places = ['"old" well', '"skull, 12 in', "steppe", "steppe", 'seen from "km 30', "last"]
rows = ["gbifID\tlocality\tdecimalLatitude"]
rows += [f"{number}\t{place}\t{40 + number}" for number, place in enumerate(places)]
with zipfile.ZipFile("a.zip", "w") as archive:
    archive.writestr("meta.xml", META)
    archive.writestr("occurrence.txt", "\n".join(rows) + "\n")
with DwCAReader("a.zip") as reader:
    print("iterated:", sum(1 for _ in reader.rows))
    table = reader.pd_read("occurrence.txt")
    print("pd_read:", len(table), table["decimalLatitude"].tolist())
    whole = reader.pd_read("occurrence.txt", quoting=csv.QUOTE_NONE)
    print("pd_read, quotes as letters:", len(whole))
PY
venv/bin/python -W ignore read.py | tee seen
cat > expected <<'TXT'
iterated: 6
pd_read: 3 [40, 44, 45]
pd_read, quotes as letters: 6
TXT
diff expected seen
