#!/usr/bin/env bash
# python-pptx looks at every point of a freeform, twice, for every point of it.
#
# Version  python-pptx 1.0.2
# Guess    an outline of n points costs n: its corner is found once
# Happens  `shape_offset_x` and `shape_offset_y` are properties that look for the smallest coordinate among
#          all points, and each point asks for both: twice the points are four times the calls
# Matters  outlines on slides: 37 maps of a few thousand points were half of the time of a board; a coast of
#          20,000 points would take minutes. A subclass that keeps both values gives the same file
# Source   seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check python-pptx==1.0.2
cat > count.py <<'PY'
import sys
from pptx import Presentation


def calls_of(points: int) -> int:
    """Calls of Python functions while an outline of so many points becomes a shape."""
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    builder = slide.shapes.build_freeform(0, 0)
    builder.add_line_segments([(n, n % 7) for n in range(1, points)])
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event == "call" and frame.f_code.co_name in ("x", "y")

    sys.setprofile(count)
    builder.convert_to_shape()
    sys.setprofile(None)
    return calls


for points in (250, 500, 1000):
    print(points, "points:", round(calls_of(points) / points**2, 1), "looks for each pair of points")
PY
venv/bin/python count.py | tee seen
cat > expected <<'TXT'
250 points: 2.0 looks for each pair of points
500 points: 2.0 looks for each pair of points
1000 points: 2.0 looks for each pair of points
TXT
diff expected seen
