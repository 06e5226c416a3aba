#!/usr/bin/env bash
# pandas reads each TRUE of an .ods as False where LibreOffice shows it in Russian, Mongolian, French, …
#
# Version  pandas 3.1.1, odfpy 1.4.1, python-calamine 0.9.1 (CPython 3.11); LibreOffice 7.4.7
# Guess    a boolean cell is read by its value, office:boolean-value="true", as numbers and dates are by theirs
# Happens  the value is not looked at: the text that is shown is compared with "TRUE", and all else is False. A cell
#          in Russian shows ИСТИНА, in Mongolian ҮНЭН, in French VRAI; the column comes as bool, all False, without
#          a warning. engine="calamine" reads the value
# Matters  "protected", "confirmed", "endemic" in workbooks from offices that work in other languages: every species
#          is unprotected. odf is what pandas takes for an .ods by itself
# Source   OpenDocument 1.3 part 3, office:boolean-value; seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  pandas==3.1.1 numpy==2.4.6 odfpy==1.4.1 python-calamine==0.9.1
cat > flat.py <<'PY'
"""A flat spreadsheet of cells that are all true, each in the format of a language; LibreOffice writes the texts."""

LANGUAGES = {
    "English": ("en", "US"),
    "Chinese": ("zh", "CN"),
    "Russian": ("ru", "RU"),
    "Mongolian": ("mn", "MN"),
    "Kazakh": ("kk", "KZ"),
    "French": ("fr", "FR"),
}
URN = "urn:oasis:names:tc:opendocument:xmlns"
SPACES = {"office": "office", "style": "style", "text": "text", "table": "table", "number": "datastyle"}


def row(*cells):
    return f"<table:table-row>{''.join(cells)}</table:table-row>"


def text(words):
    return f'<table:table-cell office:value-type="string"><text:p>{words}</text:p></table:table-cell>'


rows = [row(text("cell"), text("protected"))]
styles = ""
for n, (name, (language, country)) in enumerate(LANGUAGES.items()):
    styles += f'<number:boolean-style style:name="F{n}" number:language="{language}" number:country="{country}">'
    styles += "<number:boolean/></number:boolean-style>"
    styles += f'<style:style style:name="C{n}" style:family="table-cell" style:data-style-name="F{n}"/>'
    true = f'<table:table-cell table:style-name="C{n}" office:value-type="boolean" office:boolean-value="true"/>'
    rows.append(row(text(name), true))
spaces = " ".join(f'xmlns:{short}="{URN}:{long}:1.0"' for short, long in SPACES.items())
print(
    f'<?xml version="1.0" encoding="UTF-8"?><office:document {spaces} office:version="1.3" '
    'office:mimetype="application/vnd.oasis.opendocument.spreadsheet">'
    f"<office:automatic-styles>{styles}</office:automatic-styles><office:body><office:spreadsheet>"
    f'<table:table table:name="species">{"".join(rows)}</table:table>'
    "</office:spreadsheet></office:body></office:document>"
)
PY
cat > read.py <<'PY'
import re
import warnings
import zipfile

import pandas as pd

content = zipfile.ZipFile("species.ods").read("content.xml").decode()
shown = re.findall(r'office:boolean-value="(\w+)"[^>]*><text:p>([^<]*)<', content)
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    default = pd.read_excel("species.ods")
    calamine = pd.read_excel("species.ods", engine="calamine")
for name, (value, words), a, b in zip(default["cell"], shown, default["protected"], calamine["protected"]):
    print(f"{name}: value {value}, shown {words}; pandas {a}, with calamine {b}")
print(f"column: {default['protected'].dtype}, warnings: {len(said)}")
PY
venv/bin/python flat.py > species.fods
soffice --headless "-env:UserInstallation=file://$folder/office" --convert-to ods species.fods > /dev/null 2>&1
venv/bin/python read.py | tee seen
cat > expected <<'TXT'
English: value true, shown TRUE; pandas True, with calamine True
Chinese: value true, shown TRUE; pandas True, with calamine True
Russian: value true, shown ИСТИНА; pandas False, with calamine True
Mongolian: value true, shown ҮНЭН; pandas False, with calamine True
Kazakh: value true, shown АҚИҚАТ; pandas False, with calamine True
French: value true, shown VRAI; pandas False, with calamine True
column: bool, warnings: 0
TXT
diff expected seen
