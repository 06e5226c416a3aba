#!/usr/bin/env bash
# LibreOffice draws the theme's shadow under a shape that says it has none, and one sees it through the fill.
#
# Version  python-pptx 1.0.2, LibreOffice 7.4 (its colours are those of other versions within a few steps)
# Guess    an empty <a:effectLst/>, which `shape.shadow.inherit = False` writes, means no effect everywhere
# Happens  the <p:style> that every shape gets refers to the theme's second effect, and LibreOffice takes
#          that; PowerPoint does not. A fill that lets half of the light through is darker by the shadow below
#          it. Without the <p:style> element the colour is the one that was written
# Matters  half-transparent areas of maps on slides (ranges, buffers, protected areas), whose colours then differ
#          from those of the legend and from program to program
# Source   ISO/IEC 29500-1, 20.1.8.26 (effectLst), 20.1.4.2.8 (effectRef); seen here
# Needs    soffice and pdftoppm on the path
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
command -v soffice >/dev/null && command -v pdftoppm >/dev/null || { echo "soffice or pdftoppm is missing"; exit 2; }
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check python-pptx==1.0.2 pillow==11.3.0
cat > made.py <<'PY'
from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.oxml.ns import qn
from pptx.util import Mm

for name in ("styled", "bare"):
    book = Presentation()
    slide = book.slides.add_slide(book.slide_layouts[6])
    shape = slide.shapes.add_shape(1, Mm(60), Mm(50), Mm(120), Mm(90))
    shape.shadow.inherit = False
    shape.line.fill.background()
    shape.fill.solid()
    shape.fill.fore_color.rgb = RGBColor(0xFF, 0x00, 0x00)
    colour = shape.fill._xPr.find(qn("a:solidFill"))[0]
    colour.append(colour.makeelement(qn("a:alpha"), {"val": "50000"}))  # half of the light
    if name == "bare":
        shape._element.remove(shape._element.find(qn("p:style")))
    book.save(f"{name}.pptx")
PY
venv/bin/python made.py
soffice "-env:UserInstallation=file://$folder/profile" --headless --convert-to pdf styled.pptx bare.pptx >/dev/null 2>&1
for name in styled bare; do pdftoppm -r 30 -png -singlefile "$name.pdf" "$name"; done
cat > seen.py <<'PY'
from PIL import Image

seen = {}
for name in ("styled", "bare"):
    picture = Image.open(f"{name}.png").convert("RGB")
    width, height = picture.size
    seen[name] = picture.getpixel((width * 120 // 254, height * 95 // 190))
print("half-transparent red on white, no shadow asked for: expected about (255, 128, 128)")
print("with the theme's style:   ", seen["styled"])
print("without the style element:", seen["bare"])
red, green, _ = seen["bare"]
assert red >= 250 and 120 <= green <= 136, seen
assert sum(seen["bare"]) - sum(seen["styled"]) > 60, "no shadow shows through any more"
PY
venv/bin/python seen.py  # with LibreOffice 7.4: (233, 105, 105) and (255, 127, 127)
