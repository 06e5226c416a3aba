#!/usr/bin/env bash
# openpyxl opens a workbook in the strict form of OOXML as one with no sheets at all.
#
# Version  openpyxl 3.1.5 (CPython 3.11 to 3.13)
# Guess    "Strict Open XML Spreadsheet (.xlsx)", which Excel offers to save as, is read or refused
# Happens  load_workbook returns a workbook with no sheets: no error, `sheetnames` is [], and a warning
#          that speaks of "an invalid specification for 0"
# Matters  a form that somebody saved that way is "empty"; pandas.read_excel says only "0 worksheets found"
# Source   ISO/IEC 29500-1, namespaces of the strict form (purl.oclc.org/ooxml); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check openpyxl==3.1.5
cat > strict.py <<'PY'
import warnings
import zipfile

import openpyxl

book = openpyxl.Workbook()
book.active["A1"] = "CU-001"
book.save("transitional.xlsx")
NAMES = {
    b"http://schemas.openxmlformats.org/spreadsheetml/2006/main": b"http://purl.oclc.org/ooxml/spreadsheetml/main",
    b"http://schemas.openxmlformats.org/officeDocument/2006/relationships": b"http://purl.oclc.org/ooxml/officeDocument/relationships",
}
with zipfile.ZipFile("transitional.xlsx") as old, zipfile.ZipFile("strict.xlsx", "w") as new:
    for name in old.namelist():
        part = old.read(name)
        for transitional, strict in NAMES.items():
            part = part.replace(transitional, strict)
        new.writestr(name, part)
for name in ("transitional.xlsx", "strict.xlsx"):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        print(name, openpyxl.load_workbook(name).sheetnames, [str(one.message) for one in caught])
PY
venv/bin/python strict.py | tee seen
cat > expected <<'TXT'
transitional.xlsx ['Sheet'] []
strict.xlsx [] ['File contains an invalid specification for 0. This will be removed']
TXT
diff expected seen
