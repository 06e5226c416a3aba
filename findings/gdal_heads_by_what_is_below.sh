#!/usr/bin/env bash
# A sheet whose columns are all text has no heads for GDAL, and neither has a CSV with one year among its heads.
#
# Version  pyogrio 0.13.0 with its GDAL 3.12.4, openpyxl 3.1.5 (CPython 3.11)
# Guess    the first row names the columns, as it did in the table before
# Happens  for a workbook GDAL looks at the second row: where it is all text too, or text and empty cells, the first
#          row is a record and the columns are Field1, Field2; one number in it makes heads of the first. For a CSV it
#          looks at the first row: one head that is a number (2001), and none of them is a head. Nothing is said
# Matters  lists of species and their categories are text only, counts by year have years for heads: ogr2ogr, geopandas
#          and whatever opens tables through GDAL get a record too many, a species called "species" in category
#          "category". Sorting the sheet can turn it. Say HEADERS=FORCE of a workbook, HEADERS=YES of a CSV
# Source   gdal.org/drivers/vector/xlsx.html and csv.html name HEADERS=AUTO; what decides: seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pyogrio==0.13.0 numpy==2.4.6 openpyxl==3.1.5
cat > heads.py <<'PY'
import csv

import openpyxl
import pyogrio

TABLES = {
    "categories": [["species", "category"], ["Ovis ammon", "NT"], ["Panthera uncia", "VU"]],
    "categories and a number": [["species", "category", "km2"], ["Ovis ammon", "NT", 12], ["Panthera uncia", "VU", 30]],
    "number not known at first": [["species", "category", "km2"], ["Ovis ammon", "NT", None], ["Panthera uncia", "VU", 3]],
    "counts": [["site", "2001", "2002"], ["north", 4, 5], ["south", 6, 7]],
}
for name, rows in TABLES.items():
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(f"{name}.xlsx")
    with open(f"{name}.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    for ending, force in (("xlsx", "FORCE"), ("csv", "YES")):
        plain, forced = (
            pyogrio.read_info(f"{name}.{ending}", force_feature_count=True, **options)
            for options in ({}, {"HEADERS": force})
        )
        print(f"{name}, {ending}: {plain['features']} of {', '.join(plain['fields'])};", end=" ")
        print(f"forced: {forced['features']} of {', '.join(forced['fields'])}")
PY
venv/bin/python heads.py | tee seen
cat > expected <<'TXT'
categories, xlsx: 3 of Field1, Field2; forced: 2 of species, category
categories, csv: 2 of species, category; forced: 2 of species, category
categories and a number, xlsx: 2 of species, category, km2; forced: 2 of species, category, km2
categories and a number, csv: 2 of species, category, km2; forced: 2 of species, category, km2
number not known at first, xlsx: 3 of Field1, Field2, Field3; forced: 2 of species, category, km2
number not known at first, csv: 2 of species, category, km2; forced: 2 of species, category, km2
counts, xlsx: 2 of site, 2001, 2002; forced: 2 of site, 2001, 2002
counts, csv: 3 of field_1, field_2, field_3; forced: 2 of site, 2001, 2002
TXT
diff expected seen
