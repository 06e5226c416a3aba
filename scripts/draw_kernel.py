"""Draw the arithmetic of the overlap kernel: docs/images/kernel.svg, from numbers that it computed.

    python scripts/draw_kernel.py

The example can be followed on paper; the script refuses to draw if the kernel disagrees with it.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from cami_units.model import EQUAL_AREA
from cami_units.overlap import covered_cells, window_of

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "kernel.svg"
COLUMNS, ROWS, CELL = 4, 2, 90
LEFT, TOP = 40, 40
CORNERS = [(5, 0), (35, 0), (25, 20), (15, 20)]
"""A trapezium in cells of 10 km."""

# What each slanted edge leaves behind, by (row, column), as a reader would write it down.
OWN = {(0, 0): 0.25, (1, 1): 0.75, (0, 3): -0.75, (1, 2): -0.25}
FURTHER_EAST = {(0, 1): 1.0, (1, 2): 1.0, (0, 4): -1.0, (1, 3): -1.0}


def shares_on_paper() -> np.ndarray:
    """Own areas, plus the running sum of heights."""
    own, heights = np.zeros((ROWS, COLUMNS)), np.zeros((ROWS, COLUMNS + 1))
    for place, value in OWN.items():
        own[place] = value
    for place, value in FURTHER_EAST.items():
        heights[place] = value
    return own + np.cumsum(heights, axis=1)[:, :COLUMNS]


def shares_of_the_kernel() -> np.ndarray:
    """The same from the kernel."""
    ground = shapely.Polygon([(1000.0 * x, 1000.0 * y) for x, y in CORNERS])
    layer = gpd.GeoDataFrame({"sci_name": ["a"]}, geometry=[ground], crs=EQUAL_AREA)
    where = window_of((0, ROWS), (0, COLUMNS), step_m=10_000.0, corner_m=(0.0, 0.0))
    found = covered_cells(layer, where)
    shares = np.zeros((ROWS, COLUMNS))
    shares[found["row"], found["col"]] = found["km2"] / 100
    return shares


def at(x: float, y: float) -> tuple[float, float]:
    """Kilometres as places in the picture."""
    return LEFT + x * CELL / 10, TOP + (20 - y) * CELL / 10


def picture(shares: np.ndarray) -> str:
    """The drawing, and below it the three sums, row by row."""
    parts = []
    for row in range(ROWS):
        for col in range(COLUMNS):
            x, y = at(col * 10, row * 10 + 10)
            parts.append(f'<rect x="{x:g}" y="{y:g}" width="{CELL}" height="{CELL}" class="cell"/>')
    outline = " ".join(f"{x:g},{y:g}" for x, y in (at(*corner) for corner in CORNERS))
    parts.append(f'<polygon points="{outline}" class="ground"/>')
    for (x0, y0), (x1, y1), kind in (
        ((15, 20), (5, 0), "down"),
        ((35, 0), (25, 20), "up"),
    ):
        (a, b), (c, d) = at(x0, y0), at(x1, y1)
        parts.append(f'<line x1="{a:g}" y1="{b:g}" x2="{c:g}" y2="{d:g}" class="{kind}"/>')
    for x, y in ((10, 10), (30, 10)):
        cx, cy = at(x, y)
        parts.append(f'<circle cx="{cx:g}" cy="{cy:g}" r="4" class="cut"/>')
    parts.append(label(*at(1.0, 16.5), "going down: +", "down-text"))
    parts.append(label(*at(30.2, 16.5), "going up: −", "up-text"))
    lines = [
        ("own cell: height × mean way to its eastern side", OWN),
        ("next cell: height, for it and all further east", FURTHER_EAST),
        ("own + running sum of heights = covered share", None),
    ]
    top = TOP + ROWS * CELL + 34
    for title, values in lines:
        parts.append(label(LEFT, top, title, "title"))
        for row in reversed(range(ROWS)):
            top += 24
            parts.append(label(LEFT - 30, top, f"row {row + 1}", "small"))
            for col in range(COLUMNS):
                value = shares[row, col] if values is None else values.get((row, col))
                text = (
                    "·" if value is None else f"{value:+g}" if values is not None else f"{value:g}"
                )
                x = LEFT + col * CELL + CELL / 2
                parts.append(label(x, top, text.replace("-", "−"), "number"))
        top += 34
    total = (
        f"{shares.sum():g} cells of 100 km² = {100 * shares.sum():g} km² = (30 + 10) / 2 × 20 km²"
    )
    parts.append(label(LEFT, top - 8, total, "title"))
    return (
        STYLE.format(width=LEFT + COLUMNS * CELL + 60, height=top + 12)
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def label(x: float, y: float, text: str, kind: str) -> str:
    """A piece of text."""
    return f'<text x="{x:g}" y="{y:g}" class="{kind}">{text}</text>'


STYLE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"
 aria-label="A trapezium on two rows of four cells, and the sums that give each cell's share">
<style>
 text {{ font: 15px sans-serif; fill: #222 }}
 .small {{ font-size: 11px; fill: #666 }} .number {{ text-anchor: middle }} .title {{ font-size: 13px; fill: #555 }}
 .cell {{ fill: none; stroke: #999 }} .ground {{ fill: #e8a33d; fill-opacity: .35; stroke: none }}
 .down {{ stroke: #0a6; stroke-width: 3 }} .up {{ stroke: #b2326c; stroke-width: 3 }}
 .down-text {{ fill: #0a6; font-size: 12px }} .up-text {{ fill: #b2326c; font-size: 12px }}
 .cut {{ fill: #fff; stroke: #222; stroke-width: 1.5 }}
</style>
<rect width="100%" height="100%" fill="#fff"/>
"""


def main() -> None:
    """Compare, draw, write."""
    shares = shares_of_the_kernel()
    if not np.allclose(shares, shares_on_paper(), atol=1e-12):
        raise SystemExit(f"The kernel says\n{shares}\nand the paper\n{shares_on_paper()}")
    PICTURE.write_text(picture(shares), encoding="utf-8")
    print(f"drawn: {PICTURE.name}")


if __name__ == "__main__":
    main()
