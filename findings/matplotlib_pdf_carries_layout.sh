#!/usr/bin/env bash
# A PDF of matplotlib (fonttype 42) holds of each font the tables that lay text out and the instructions
# for its hinting, though every letter in it is placed by its number already.
#
# Version  matplotlib 3.11.2, fonttools 4.68.0 (CPython 3.11 to 3.13)
# Guess    "subset" means what a reader of the PDF uses: outlines, widths, a few headers
# Happens  GSUB, GPOS, GDEF, fpgm, prep, cvt and gasp are cut to the letters and embedded: in a sheet with
#          seven words more than half of the font, and most of the time it takes to close the file
# Matters  dozens of sheets with three faces each: cutting DejaVu Sans took half of the time of a sheet.
#          There is no option; fontTools' own (hinting=False, drop_tables) do it, with the same letters
# Source   seen here; ISO 32000-1, 9.9: a TrueType program needs glyf, head, hhea, hmtx, loca, maxp,
#          and cvt, fpgm, prep only if the outlines are to be hinted
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check matplotlib==3.11.2 fonttools==4.68.0
cat > tables.py <<'PY'
import io, re, zlib
import matplotlib
from fontTools import subset
from fontTools.ttLib import TTFont
from matplotlib.figure import Figure

matplotlib.rcParams["pdf.fonttype"] = 42

def fonts(name):
    figure = Figure()
    figure.text(0.1, 0.5, "Saiga tatarica: five affine fields of a file")
    out = io.BytesIO()
    figure.savefig(out, format="pdf")
    bodies = [zlib.decompress(body) for body in re.findall(rb"stream\r?\n(x.*?)\r?\nendstream", out.getvalue(), re.S)]
    found = [body for body in bodies if body[:4] == b"\0\1\0\0"]
    print(name, [sorted(set(TTFont(io.BytesIO(body)).keys()) - {"GlyphOrder"}) for body in found])
    return sum(map(len, found))

whole = fonts("as it is")
asked = subset.Options
subset.Options = lambda **options: asked(
    **options, hinting=False, drop_tables=[*asked._drop_tables_default, "GSUB", "GPOS", "GDEF", "gasp"]
)
print("less than half:", fonts("bare    ") < whole / 2)
PY
venv/bin/python tables.py | tee seen
cat > expected <<'TXT'
as it is [['GDEF', 'GPOS', 'GSUB', 'MATH', 'OS/2', 'cmap', 'cvt ', 'fpgm', 'gasp', 'glyf', 'head', 'hhea', 'hmtx', 'loca', 'maxp', 'name', 'post', 'prep'], ['GDEF', 'GPOS', 'GSUB', 'MATH', 'OS/2', 'cmap', 'cvt ', 'fpgm', 'gasp', 'glyf', 'head', 'hhea', 'hmtx', 'loca', 'maxp', 'name', 'post', 'prep']]
bare     [['MATH', 'OS/2', 'cmap', 'glyf', 'head', 'hhea', 'hmtx', 'loca', 'maxp', 'name', 'post'], ['MATH', 'OS/2', 'cmap', 'glyf', 'head', 'hhea', 'hmtx', 'loca', 'maxp', 'name', 'post']]
less than half: True
TXT
diff expected seen
