#!/usr/bin/env bash
# A number that was changed with changes tracked: python-docx reads none, LibreOffice's text both as one.
#
# Version  python-docx 1.2.0, docx2txt 0.9, mammoth 1.13.0 (CPython 3.11); LibreOffice 7.4.7
# Guess    a reader gives the text as it stands with the changes, or as it was before
# Happens  python-docx looks at the runs right below a paragraph and passes over the inserted ones as over the
#          deleted: "covers 12,000 km²" changed to 21,000 is "covers  km²", and a cell that was filled in so is
#          empty. LibreOffice's export as text writes the deleted before the inserted, without a sign: 12,00021,000.
#          docx2txt and mammoth give 21,000
# Matters  comments of reviewers and filled forms come from offices that track changes: areas, counts and
#          categories that somebody corrected are just the ones that are lost
# Source   github.com/python-openxml/python-docx/issues/340 (open since 2016) and /1123; seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check python-docx==1.2.0 docx2txt==0.9 mammoth==1.13.0
cat > write.py <<'PY'
from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

CHANGE = f'{nsdecls("w")} w:author="reviewer" w:date="2026-11-01T10:00:00Z"'


def inserted(number, words):
    return parse_xml(f'<w:ins {CHANGE} w:id="{number}"><w:r><w:t>{words}</w:t></w:r></w:ins>')


def deleted(number, words):
    return parse_xml(f'<w:del {CHANGE} w:id="{number}"><w:r><w:delText>{words}</w:delText></w:r></w:del>')


document = Document()
paragraph = document.add_paragraph("The unit covers ")
paragraph._p.extend([deleted(1, "12,000"), inserted(2, "21,000")])
paragraph.add_run(" km².")
table = document.add_table(1, 2)
table.cell(0, 0).text = "Category"
table.cell(0, 1).paragraphs[0]._p.append(inserted(3, "VU"))
document.save("unit.docx")
PY
cat > read.py <<'PY'
from pathlib import Path

import docx2txt
import mammoth
from docx import Document

document = Document("unit.docx")
cells = [cell.text for cell in document.tables[0].rows[0].cells]
(unit,) = (paragraph.text for paragraph in document.paragraphs)
with open("unit.docx", "rb") as file:
    plain = mammoth.extract_raw_text(file).value
texts = {
    "python-docx": [unit, *cells],
    "docx2txt": docx2txt.process("unit.docx").split("\n"),
    "mammoth": plain.split("\n"),
    "LibreOffice": Path("unit.txt").read_text(encoding="utf-8-sig").split("\n"),
}
for name, lines in texts.items():
    print(f"{name}: {' | '.join(line.strip() for line in lines if line)}")
PY
venv/bin/python write.py
soffice --headless "-env:UserInstallation=file://$folder/office" --convert-to "txt:Text (encoded):UTF8" unit.docx \
  > /dev/null 2>&1
venv/bin/python read.py | tee seen
cat > expected <<'TXT'
python-docx: The unit covers  km². | Category
docx2txt: The unit covers 21,000 km². | Category | VU
mammoth: The unit covers 21,000 km². | Category | VU
LibreOffice: The unit covers 12,00021,000 km². | Category | VU
TXT
diff expected seen
