#!/usr/bin/env bash
# python-calamine gives a cell that shows an error (#VALUE!) as an empty text: as if nothing stood there.
#
# Version  python-calamine 0.9.1, openpyxl 3.1.5 to write the file (CPython 3.11 to 3.13)
# Guess    an error comes as its text ("#VALUE!", as openpyxl gives it), as None, or as an exception
# Happens  it comes as "", the same as a cell that nobody filled in
# Matters  what a group typed as a formula by mistake ("-no crossing seen") is lost without a trace: the
#          form looks as if it had been left open there. Who must tell has to look at the XML (t="e")
# Source   seen here; the Rust library behind it has a value of its own for errors
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check python-calamine==0.9.1 openpyxl==3.1.5
cat > error.py <<'PY'
import openpyxl
from python_calamine import CalamineWorkbook

book = openpyxl.Workbook()
book.active.append(["typed", "#VALUE!", None, "typed too"])
book.active["B1"].data_type = "e"
book.save("form.xlsx")
print("openpyxl", [cell.value for cell in openpyxl.load_workbook("form.xlsx").active[1]])
print("calamine", CalamineWorkbook.from_path("form.xlsx").get_sheet_by_index(0).to_python()[0])
PY
venv/bin/python error.py | tee seen
cat > expected <<'TXT'
openpyxl ['typed', '#VALUE!', None, 'typed too']
calamine ['typed', '', '', 'typed too']
TXT
diff expected seen
