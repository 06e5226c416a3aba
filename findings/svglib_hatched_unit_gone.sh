#!/usr/bin/env bash
# A hatched unit of a matplotlib figure loses its colour as well as its hatch on the way into a reportlab PDF.
#
# Version  svglib 2.3.2, reportlab 5.1.0, matplotlib 3.11.2 (CPython 3.11); pages drawn by pypdfium2 5.15.2
# Guess    a hatch that svglib does not know is left out, and the colour under it stays
# Happens  matplotlib writes a hatched shape's colour into the hatch's pattern, with nothing else to fill the shape,
#          and svglib fills with no pattern: the shape is empty, or there is none when it has no outline. Nothing is
#          said. Plain shapes beside it, transparent ones too, are as drawn. WeasyPrint 70.0 draws the hatches
#          of the same SVG
# Matters  units told apart by hatches for print in black and white, ranges that are uncertain: the map of the report
#          lacks just those, while SVG, PNG and matplotlib's own PDF have them
# Source   github.com/deeplook/svglib/issues/142 (pattern fills, open); what it does to matplotlib's figures: seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  svglib==2.3.2 reportlab==5.1.0 matplotlib==3.11.2 numpy==2.4.6 pypdfium2==5.15.2
cat > figure.py <<'PY'
import logging
import warnings

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
import pypdfium2
from reportlab.graphics import renderPDF
from svglib.svglib import svg2rlg

logging.basicConfig(level=logging.INFO)
warnings.simplefilter("always")
LOOKS = {
    "plain": {"facecolor": "steelblue"},
    "half clear": {"facecolor": "steelblue", "alpha": 0.5},
    "hatched": {"facecolor": "steelblue", "hatch": "///"},
    "hatch alone": {"facecolor": "none", "edgecolor": "red", "hatch": "///"},
}
figure = plt.figure(figsize=(4, 1))
axes = figure.add_axes([0, 0, 1, 1])
axes.set(xlim=(0, 4), ylim=(0, 1))
axes.axis("off")
for place, look in enumerate(LOOKS.values()):
    axes.add_patch(plt.Rectangle((place + 0.1, 0.1), 0.8, 0.8, **look))
figure.savefig("units.svg")
figure.savefig("units.pdf")
renderPDF.drawToFile(svg2rlg("units.svg"), "report.pdf")

for name in ("units.pdf", "report.pdf"):
    page = pypdfium2.PdfDocument(name)[0].render(scale=4).to_numpy()[..., :3]
    width = page.shape[1] // len(LOOKS)
    shares = [(page[:, place * width : (place + 1) * width] < 250).any(axis=2).mean() for place in range(len(LOOKS))]
    print(name, ", ".join(f"{look} {share:.0%}" for look, share in zip(LOOKS, shares, strict=True)))
PY
venv/bin/python figure.py 2>&1 | tee seen
cat > expected <<'TXT'
units.pdf plain 64%, half clear 64%, hatched 65%, hatch alone 19%
report.pdf plain 64%, half clear 64%, hatched 0%, hatch alone 6%
TXT
diff expected seen
