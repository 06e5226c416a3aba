"""The whole world on one machine: 6,000 generated ranges on about a million cells, as a stream.

    make bench                            all benchmarks
    python benchmarks/world.py            this one; --species 600 for a tenth of it

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
from pathlib import Path
from time import perf_counter

import geopandas as gpd
import numpy as np
import pyarrow.parquet as pq
import shapely

from ranges import one_range
from results_page import RESULTS, machine, written

SPECIES = 6_000
A_GROUP = 64
CELL_KM, CRS = 22, "EPSG:6933"


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


def measured(species: int) -> dict[str, float]:
    """One run: seconds, peak memory, sizes."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "ranges", Path(folder) / "overlaps.parquet"
        source.mkdir()
        vertices = world_ranges(source / "x", species)
        size = sum(file.stat().st_size for file in source.iterdir())
        command = [
            *(sys.executable, "-m", "cami_units", "-q", "overlaps", str(source)),
            *("--out", str(out), "--cell-km", str(CELL_KM), "--crs", CRS),
        ]
        start = perf_counter()
        child = subprocess.Popen(command)
        _, child.returncode, used = os.wait4(child.pid, 0)
        taken = perf_counter() - start
        if child.returncode:
            raise SystemExit("the run failed")
        return {
            "species": species,
            "vertices": vertices,
            "ranges_mb": round(size / 1e6),
            "rows": pq.read_metadata(out).num_rows,
            "table_mb": round(out.stat().st_size / 1e6),
            "seconds": round(taken, 1),
            "cpu": round(used.ru_utime + used.ru_stime, 1),
            "peak_mb": round(used.ru_maxrss / 1024),
        }


def page(results: dict) -> str:
    """The result as a sentence for each run."""
    return "\n".join(
        f"- {run['species']:,} species, {run['vertices']:,} vertices ({run['ranges_mb']:,} MB of "
        f"GeoParquet): {run['seconds']:,.0f} s ({run['cpu']:,.0f} s of computing), peak memory "
        f"{run['peak_mb']:,} MB; {run['rows']:,} rows, {run['table_mb']:,} MB of Parquet."
        for run in results["runs"]
    )


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--species", type=int, help="this many; writes nothing")
    asked = parser.parse_args().species
    if asked:
        print(json.dumps(measured(asked)))
        return
    results = {"machine": machine(), "runs": [measured(SPECIES // 10), measured(SPECIES)]}
    (RESULTS / "world.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    written("world", page(results))
    print(page(results))


if __name__ == "__main__":
    main()
