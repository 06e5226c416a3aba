#!/usr/bin/env bash
# Of a time in a workbook GDAL gives the day alone where the format of the cell shows the hour as h and not as hh.
#
# Version  pyogrio 0.13.0 with its GDAL 3.12.4, openpyxl 3.1.5 (CPython 3.11)
# Guess    how a cell shows a time is for the eye: the number behind it has its hour and minute, whoever reads it
# Happens  GDAL looks for the letters "hh" in the format. With yyyy-mm-dd h:mm:ss, which openpyxl gives every time, or
#          with h:mm as Excel offers it in Russian, Chinese and English, the column is of days and the hours are gone;
#          with hh:mm, the same number beside it has them. Nothing is said
# Matters  fixes of collars, camera traps, flights: what ogr2ogr and geopandas make of the workbook is many positions of
#          one day, in any order, without a speed; pandas, LibreOffice and Excel itself show the hour. Read workbooks
#          with pandas or openpyxl, or save as CSV first
# Source   OSGeo/gdal, ogr/ogrsf_frmts/xlsx/ogrxlsxdatasource.cpp (startElementStylesCbk); gdal.org/drivers/vector/xlsx.html
#          says nothing of it; seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pyogrio==0.13.0 numpy==2.4.6 openpyxl==3.1.5
cat > times.py <<'PY'
from datetime import datetime

import openpyxl
import pyogrio

FORMATS = {
    "openpyxl's own": "",
    "pandas' own": "YYYY-MM-DD HH:MM:SS",
    "Excel, Russian": r"[$-419]dd\.mm\.yyyy\ h:mm;@",
    "Excel, Chinese": "yyyy/m/d h:mm;@",
    "Excel, English": "[$-409]m/d/yy h:mm AM/PM;@",
    "by hand": "dd.mm.yyyy hh:mm",
}
for name, shown in FORMATS.items():
    book = openpyxl.Workbook()
    book.active.append(["animal", "time"])
    for hour in (6, 18):
        book.active.append(["S1", datetime(2026, 11, 22, hour, 30)])
        if shown:
            book.active.cell(book.active.max_row, 2).number_format = shown
    book.save("fixes.xlsx")
    sheet = openpyxl.load_workbook("fixes.xlsx").active
    kept = ", ".join(f"{row[1].value:%H:%M}" for row in sheet.iter_rows(min_row=2))
    _, _, _, (_, times) = pyogrio.raw.read("fixes.xlsx")
    print(f"{name}, {sheet.cell(2, 2).number_format}: {kept}; GDAL:", ", ".join(map(str, times)))
PY
venv/bin/python times.py | tee seen
cat > expected <<'TXT'
openpyxl's own, yyyy-mm-dd h:mm:ss: 06:30, 18:30; GDAL: 2026-11-22, 2026-11-22
pandas' own, YYYY-MM-DD HH:MM:SS: 06:30, 18:30; GDAL: 2026-11-22T06:30:00.000, 2026-11-22T18:30:00.000
Excel, Russian, [$-419]dd\.mm\.yyyy\ h:mm;@: 06:30, 18:30; GDAL: 2026-11-22, 2026-11-22
Excel, Chinese, yyyy/m/d h:mm;@: 06:30, 18:30; GDAL: 2026-11-22, 2026-11-22
Excel, English, [$-409]m/d/yy h:mm AM/PM;@: 06:30, 18:30; GDAL: 2026-11-22, 2026-11-22
by hand, dd.mm.yyyy hh:mm: 06:30, 18:30; GDAL: 2026-11-22T06:30:00.000, 2026-11-22T18:30:00.000
TXT
diff expected seen
