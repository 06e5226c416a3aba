"""How soon map and drawing page open, and how soon the card follows a vertex: milliseconds.

    python benchmarks/draw_page.py ROUND [--group S1] [--moves 200]

Opens the page of a group in headless Chromium, takes the unit whose area is nearest to 150,000 km²,
and moves its vertices one after the other by a hundredth of a degree. What is timed is everything
between the move and the laid-out card: projection, overlaps, criteria, what it would take, and the
page's layout. Then the same with the processor slowed four times, as a laptop of 2018 is. What opens
is timed up to the first view that answers, the best of three.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.browser import Page, chromium

from cami_units import store
from cami_units.commands.pack import draw_map

NEAR_KM2 = 150_000
_MOVES = """
const { state, measured, hand } = camiDraw;
const units = Object.values(state.work.units);
const away = (unit) => Math.abs(measured(unit).km2 - arguments[0]);
const unit = units.reduce((best, one) => (away(one) < away(best) ? one : best));
document.querySelector(`[data-key="${unit.key}"]`).click();
const card = document.getElementById("card");
const times = [];
for (let k = 0; k < arguments[1]; k += 1) {
  const ring = unit.polygons[0][0];
  const moved = ring.map(([x, y], i) => (i === k % ring.length ? [x + 0.01 * (k + 1) / 100, y] : [x, y]));
  const start = performance.now();
  camiDraw.preview({ ...unit, polygons: [[moved], ...unit.polygons.slice(1)] });
  card.getBoundingClientRect();
  times.push(performance.now() - start);
}
return { unit: unit.key, km2: measured(unit).km2, vertices: unit.polygons.flat(2).length, times };
"""


def timed(page: Page, moves: int, slowed: int) -> dict[str, Any]:
    """The times of so many moves with the processor slowed so many times."""
    page.driver.execute_cdp_cmd("Emulation.setCPUThrottlingRate", {"rate": slowed})
    found = page.run(_MOVES, NEAR_KM2, moves)
    page.driver.execute_cdp_cmd("Emulation.setCPUThrottlingRate", {"rate": 1})
    times = sorted(found.pop("times"))
    return found | {
        "slowed": slowed,
        "median_ms": round(statistics.median(times), 2),
        "p95_ms": round(times[int(0.95 * len(times))], 2),
        "max_ms": round(times[-1], 2),
    }


def opened(page: Page, path: Path) -> dict[str, Any]:
    """How large a page is, and how soon it answers."""
    ready = []
    for _ in range(3):
        page.open(path)
        ready.append(int(page.run("return document.documentElement.dataset.ready")))
    return {"page": path.name, "page_bytes": path.stat().st_size, "ready_ms": min(ready)}


def main() -> None:
    """Time a page and print a line of JSON for each speed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("round", type=Path)
    parser.add_argument("--group", default="S1")
    parser.add_argument("--moves", type=int, default=200)
    options = parser.parse_args()
    drawn = draw_map(store.read_round(options.round), group=options.group)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"draw_{options.group}.html"
        drawn.save(path)
        browser = chromium.__wrapped__() if hasattr(chromium, "__wrapped__") else chromium()
        page = next(browser)
        try:
            # the drawing page last: its card is timed where it stands open
            for one in (options.round / "map.html", path):
                print(json.dumps(opened(page, one)))
            for slowed in (1, 4):
                print(json.dumps(timed(page, options.moves, slowed)))
        finally:
            browser.close()


if __name__ == "__main__":
    main()
