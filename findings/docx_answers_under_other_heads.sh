#!/usr/bin/env bash
# An answer chosen from a list that fills its cell of a Word table: python-docx puts what follows under other heads and other rows.
#
# Version  python-docx 1.2.0, docx2python 3.7.1, mammoth 1.13.0 (CPython 3.11); LibreOffice 7.4.7
# Guess    a drop-down list in a cell is read as its text, or as nothing, and the other cells are what they are
# Happens  Word sets a control that fills a cell around the cell and not into it, and python-docx knows the cells right
#          below a row only: a row of four has three, the area stands under "protected". By column, or by cell(row,
#          column), it counts through the table by four, so that Tian Shan is an area. docx2python breaks the
#          table up at each such cell. mammoth and LibreOffice give the table as it is
# Matters  forms with lists for yes and no, states, categories: 12,000 km² of Ustyurt are its protection, and an area is
#          missing or a name; with each list the rest moves one further. Compare len(row.cells) with the columns
# Source   ECMA-376 Part 1, 17.5.2.32 (sdt around a cell); github.com/python-openxml/python-docx/issues/757 and /1136
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check python-docx==1.2.0 docx2python==3.7.1 mammoth==1.13.0
cat > write.py <<'PY'
from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

ROWS = [
    ("unit", "state", "protected", "km²"),
    ("Ustyurt", "Kazakhstan", "yes", "12000"),
    ("Tian Shan", "Kyrgyzstan", "no", "21000"),
]
LIST = "".join(f'<w:listItem w:displayText="{answer}" w:value="{answer}"/>' for answer in ("yes", "no"))

document = Document()
table = document.add_table(len(ROWS), 4)
for row, words in zip(table.rows, ROWS, strict=True):
    for cell, word in zip(row.cells, words, strict=True):
        cell.text = word
for row in list(table.rows)[1:]:
    chosen = row.cells[2]._tc
    control = parse_xml(
        f"<w:sdt {nsdecls('w')}><w:sdtPr><w:dropDownList>{LIST}</w:dropDownList></w:sdtPr><w:sdtContent/></w:sdt>"
    )
    chosen.addprevious(control)
    control[-1].append(chosen)
document.save("form.docx")
PY
cat > read.py <<'PY'
import re

import mammoth
from docx import Document
from docx2python import docx2python

(table,) = Document("form.docx").tables


def told(reader, rows):
    print(f"{reader}: " + " / ".join(" | ".join(row) for row in rows))


told("python-docx, rows", [[cell.text for cell in row.cells] for row in table.rows])
told("python-docx, columns", [[cell.text for cell in column.cells] for column in table.columns])
print(f"python-docx, cell(2, 0): {table.cell(2, 0).text}")
with docx2python("form.docx") as read:
    tables = [[["".join(cell) for cell in row] for row in part] for part in read.body]
told("docx2python", [row for part in tables for row in part])
with open("form.docx", "rb") as file:
    page = mammoth.convert_to_html(file).value
told("mammoth", [re.findall("<p>(.*?)</p>", row) for row in re.findall("<tr>(.*?)</tr>", page)])
with open("form.html", encoding="utf-8") as file:
    page = re.sub(r"\s+", " ", file.read())
rows = [re.findall("<td[^>]*>(.*?)</td>", row) for row in re.findall("<tr[^>]*>(.*?)</tr>", page)]
told("LibreOffice", [[re.sub("<[^>]*>", "", cell).strip() for cell in row] for row in rows])
PY
venv/bin/python write.py
soffice --headless "-env:UserInstallation=file://$folder/office" --convert-to "html:XHTML Writer File:UTF8" form.docx \
  > /dev/null 2>&1
venv/bin/python read.py | tee seen
cat > expected <<'TXT'
python-docx, rows: unit | state | protected | km² / Ustyurt | Kazakhstan | 12000 / Tian Shan | Kyrgyzstan | 21000
python-docx, columns: unit | Ustyurt | Kyrgyzstan / state | Kazakhstan | 21000 / protected | 12000 / km² | Tian Shan
python-docx, cell(2, 0): Kyrgyzstan
docx2python: unit | state | protected | km² / Ustyurt | Kazakhstan / yes / 12000 / Tian Shan | Kyrgyzstan / no / 21000
mammoth: unit | state | protected | km² / Ustyurt | Kazakhstan | yes | 12000 / Tian Shan | Kyrgyzstan | no | 21000
LibreOffice: unit | state | protected | km² / Ustyurt | Kazakhstan | yes | 12000 / Tian Shan | Kyrgyzstan | no | 21000
TXT
diff expected seen
