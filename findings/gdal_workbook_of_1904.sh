#!/usr/bin/env bash
# Days of a workbook that counts from 1904, as Excel for Mac did, are four years and a day early when GDAL reads them.
#
# Version  pyogrio 0.13.0 with its GDAL 3.12.4, openpyxl 3.1.5, python-calamine 0.9.1 (CPython 3.11)
# Guess    the workbook says itself from when it counts (date1904 in workbook.xml), and so a reader of workbooks knows
# Happens  openpyxl and calamine ask it; GDAL counts from 1900. Seen on 22 November 2026 is 21 November 2022, of every row
#          alike, and nothing is said. LibreOffice writes such a file as well, once it has opened one
# Matters  a sighting of this year is four years old, and one of ten years is fourteen: recent evidence is no longer recent.
#          A date that is off by 1,462 days throughout is this
# Source   ECMA-376, 18.2.28 (workbookPr, date1904); the same in github.com/SheetJS/sheetjs/issues/1565; of GDAL seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  pyogrio==0.13.0 numpy==2.4.6 openpyxl==3.1.5 python-calamine==0.9.1
cat > days.py <<'PY'
from datetime import date

import openpyxl
import pyogrio
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900
from python_calamine import CalamineWorkbook

for name, epoch in (("1900", CALENDAR_WINDOWS_1900), ("1904", CALENDAR_MAC_1904)):
    book = openpyxl.Workbook()
    book.epoch = epoch
    for row in (["species", "seen"], ["Saiga tatarica", date(2026, 11, 22)], ["Ovis ammon", date(2016, 5, 1)]):
        book.active.append(row)
    book.save("seen.xlsx")
    cells = [row[1].value.date() for row in openpyxl.load_workbook("seen.xlsx").active.iter_rows(min_row=2)]
    rows = CalamineWorkbook.from_path("seen.xlsx").get_sheet_by_index(0).to_python()[1:]
    _, _, _, (_, days) = pyogrio.raw.read("seen.xlsx")
    for reader, told in (("openpyxl", cells), ("calamine", [row[1] for row in rows]), ("GDAL", days)):
        print(f"from {name}, {reader}:", ", ".join(map(str, told)))
PY
venv/bin/python days.py | tee seen
cat > expected <<'TXT'
from 1900, openpyxl: 2026-11-22, 2016-05-01
from 1900, calamine: 2026-11-22, 2016-05-01
from 1900, GDAL: 2026-11-22, 2016-05-01
from 1904, openpyxl: 2026-11-22, 2016-05-01
from 1904, calamine: 2026-11-22, 2016-05-01
from 1904, GDAL: 2022-11-21, 2012-04-30
TXT
diff expected seen
