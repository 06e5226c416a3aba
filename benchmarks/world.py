"""The whole world on one machine: 6,000 generated ranges on about a million cells, as a stream.

    make bench                            all benchmarks
    python benchmarks/world.py            this one; --species 600 for a tenth of it
    python benchmarks/world.py --red-list 1000 3000 30000    a Red List of so many species

Ranges of 2,000 to 20,000 vertices in longitude and latitude, written as GeoParquet with 64 species
to a row group; then `cami-units overlaps` on 22 km cells of EPSG:6933, which are 1.05 million for
the whole Earth, in a process of its own, whose peak memory is told.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import geopandas as gpd
import numpy as np
import pyarrow.parquet as pq
import shapely

from ranges import one_range, ring
from results_page import RESULTS, machine, written

SPECIES = 6_000
A_GROUP = 64
CELL_KM, CRS = 22, "EPSG:6933"
FINE_KM = 5


def world_ranges(path: Path, species: int, seed: int = 7) -> int:
    """Write generated ranges; the number of their vertices."""
    random = np.random.default_rng(seed)
    total = 0
    groups = []
    for start in range(0, species, A_GROUP):
        shapes = [_range(random) for _ in range(start, min(start + A_GROUP, species))]
        names = [
            f"Genus{n // 20:03d} species{n % 20:02d}" for n in range(start, start + len(shapes))
        ]
        total += int(shapely.get_num_coordinates(shapes).sum())
        table = gpd.GeoDataFrame({"sci_name": names}, geometry=shapes, crs="OGC:CRS84")
        groups.append(path.with_name(f"{start:05d}.parquet"))
        table.to_parquet(groups[-1])
    return total


def _range(random: np.random.Generator) -> shapely.MultiPolygon:
    """A range of a log-normal radius (median 4°, between 0.5° and 20°), not across 180°."""
    vertices = int(np.exp(random.uniform(np.log(2_000), np.log(20_000))))
    radius = float(np.clip(np.exp(random.normal(np.log(4), 0.8)), 0.5, 20))
    reach = 2 * radius
    centre = (random.uniform(-180 + reach, 180 - reach), random.uniform(-80 + reach, 80 - reach))
    return one_range(random, np.array(centre), radius, vertices)


def red_list(path: Path, species: int, seed: int = 11) -> int:
    """Write a generated Red List; the number of its vertices.

    Outlines are drawn once, two hundred coasts and as many islands of several sizes, and turned, made
    larger or smaller, and put somewhere: to draw 30,000 anew would take longer than to measure them.
    """
    random = np.random.default_rng(seed)
    coasts = [ring(random, np.zeros(2), 1.0, 1_200) for _ in range(200)]
    islands = {
        n: [ring(random, np.zeros(2), 1.0, n) for _ in range(40)] for n in (8, 16, 32, 64, 128)
    }
    total = 0
    for start in range(0, species, A_GROUP):
        shapes = [_listed_range(random, coasts, islands) for _ in range(A_GROUP)]
        shapes = shapes[: species - start]
        names = [
            f"Genus{n // 20:04d} species{n % 20:02d}" for n in range(start, start + len(shapes))
        ]
        total += int(shapely.get_num_coordinates(shapes).sum())
        table = gpd.GeoDataFrame({"sci_name": names}, geometry=shapes, crs="OGC:CRS84")
        table.to_parquet(path.with_name(f"{start:05d}.parquet"))
    return total


def _listed_range(
    random: np.random.Generator, coasts: list[np.ndarray], islands: dict[int, list[np.ndarray]]
) -> shapely.MultiPolygon:
    """A coast of a log-normal radius (median 1.2°, 0.02° to 25°), and 1 to 80 islands around it.

    800 vertices are those of the islands. Each island has a sector of its own, so none meets another.
    """
    radius = float(np.clip(np.exp(random.normal(np.log(1.2), 1.3)), 0.02, 25))
    count = int(np.clip(np.exp(random.normal(np.log(12), 1.0)), 1, 80))
    size = max(n for n in islands if n == 8 or n * count <= 800)
    reach = 2.2 * radius
    centre = random.uniform(-180 + reach, 180 - reach), random.uniform(-82 + reach, 82 - reach)

    def placed(outline: np.ndarray, x: float, y: float, scale: float) -> np.ndarray:
        turn = random.uniform(0, 2 * np.pi)
        cos, sin = scale * np.cos(turn), scale * np.sin(turn)
        return outline @ np.array([[cos, sin], [-sin, cos]]) + np.array([x, y])

    parts = [placed(coasts[random.integers(len(coasts))], *centre, radius)]
    for number in range(count):
        angle, away = 2 * np.pi * number / count, radius * random.uniform(1.6, 1.9)
        widest = min(0.12 * radius, away * np.sin(np.pi / count) / 1.5)
        scale = widest * float(np.clip(np.exp(random.normal(-1.0, 0.6)), 0.05, 1.0))
        x, y = centre[0] + away * np.cos(angle), centre[1] + away * np.sin(angle)
        parts.append(placed(islands[size][random.integers(40)], x, y, scale))
    return shapely.MultiPolygon([shapely.Polygon(part) for part in parts])


def run(*command: str) -> dict[str, float]:
    """Seconds, processor time and peak memory of a command of ours."""
    start = perf_counter()
    child = subprocess.Popen([sys.executable, "-m", "cami_units", "-q", *command])
    _, child.returncode, used = os.wait4(child.pid, 0)
    taken = perf_counter() - start
    if child.returncode:
        raise SystemExit("the run failed")
    return {
        "seconds": round(taken, 1),
        "cpu": round(used.ru_utime + used.ru_stime, 1),
        "peak_mb": round(used.ru_maxrss / 1024),
    }


def measured_list(species: int) -> dict[str, float]:
    """One run over a Red List: seconds, peak memory, sizes."""

    def sizes(out: Path) -> dict[str, int]:
        return {"cells": pq.read_metadata(out / "richness.parquet").num_rows}

    return one_run("richness", "richness", FINE_KM, red_list, species, sizes)


def measured(species: int) -> dict[str, float]:
    """One run: seconds, peak memory, sizes."""

    def sizes(out: Path) -> dict[str, int]:
        rows = pq.read_metadata(out).num_rows
        return {"rows": rows, "table_mb": round(out.stat().st_size / 1e6)}

    return one_run("overlaps", "overlaps.parquet", CELL_KM, world_ranges, species, sizes)


def one_run(
    command: str,
    result: str,
    cell_km: float,
    draw: Callable[[Path, int], int],
    species: int,
    sizes: Callable[[Path], dict[str, int]],
) -> dict[str, float]:
    """Draw ranges, have a command measure them, and say what it took and what came out."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "ranges", Path(folder) / result
        source.mkdir()
        vertices = draw(source / "x", species)
        size = sum(file.stat().st_size for file in source.iterdir())
        where = ("--cell-km", str(cell_km), "--crs", CRS)
        taken = run(command, str(source), "--out", str(out), *where)
        sums = {"species": species, "vertices": vertices, "ranges_mb": round(size / 1e6)}
        return {**sums, **sizes(out), **taken}


def page(results: dict) -> str:
    """The result as a sentence for each run."""
    lines = [
        f"- {run['species']:,} species, {run['vertices']:,} vertices ({run['ranges_mb']:,} MB of "
        f"GeoParquet): {run['seconds']:,.0f} s ({run['cpu']:,.0f} s of computing), peak memory "
        f"{run['peak_mb']:,} MB; {run['rows']:,} rows, {run['table_mb']:,} MB of Parquet."
        for run in results["runs"]
    ]
    lines += [
        f"- A Red List of {run['species']:,} species, {run['vertices']:,} vertices "
        f"({run['ranges_mb']:,} MB), on {FINE_KM} km cells of all Earth, of which {run['cells']:,} hold "
        f"something: {run['seconds']:,.0f} s ({run['cpu']:,.0f} s of computing), peak memory "
        f"{run['peak_mb']:,} MB."
        for run in results.get("red_list", [])
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--species", type=int, help="this many; writes nothing")
    parser.add_argument(
        "--red-list", type=int, nargs="+", metavar="SPECIES", help="lists of so many, and no more"
    )
    parser.add_argument("--write", action="store_true", help="these lists, beside the last results")
    asked = parser.parse_args()
    if asked.species:
        print(json.dumps(measured(asked.species)))
        return
    path = RESULTS / "world.json"
    if asked.red_list:
        lists = []
        for species in asked.red_list:
            lists.append(measured_list(species))
            print(json.dumps(lists[-1]), flush=True)
        if not asked.write:
            return
        results = json.loads(path.read_text(encoding="utf-8")) | {"red_list": lists}
    else:
        results = {"machine": machine(), "runs": [measured(SPECIES // 10), measured(SPECIES)]}
        results["red_list"] = [measured_list(n) for n in (1_000, 3_000, 30_000)]
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    written("world", page(results))
    print(page(results))


if __name__ == "__main__":
    main()
