"""The overlap kernel against its peers, in one run: ratios, errors, machine, versions.

    make bench                              all of it, about five minutes on two cores
    python benchmarks/cell_coverage.py --quick   small sizes, to see that it works

Every method answers the same question: how much of each cell of a lattice is covered by each
range, in one thread. Runs alternate (one of each method, then again), medians are compared, and
what is counted is processor time, so that a busy machine slows all methods alike. Results go to `benchmarks/results/coverage.json` and, as a table, into
`docs/performance.md`.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import process_time

import exactextract
import geopandas as gpd
import matplotlib
import numpy as np
import pandas as pd
import shapely
from matplotlib.figure import Figure
from scipy import sparse

from cami_units.grid import planning_units
from cami_units.overlap import covered_bands, overlaps, window_of
from cami_units.overlap._lattice import Cells, cell_km2, cells_of
from ranges import ranges
from results_page import PICTURES, RESULTS, machine, written

BANDS = "overlap(), in bands"
EVERY_PAIR = "STRtree + intersection"
LATTICES: dict[int, Cells] = {}
REGION = shapely.box(-4_500_000, -3_500_000, 4_500_000, 3_500_000)

# positions of sites, positions of ranges, covered shares of the cells
Shares = tuple[np.ndarray, np.ndarray, np.ndarray]
Method = Callable[[gpd.GeoDataFrame, gpd.GeoDataFrame], Shares | None]


# -- the methods ----------------------------------------------------------------------------------


def kernel(sites: gpd.GeoDataFrame, layer: gpd.GeoDataFrame) -> Shares:
    """The kernel alone, on a lattice that is known, as exactextract's raster is."""
    cells = lattice(sites)
    i, j, km2 = cell_km2(cells, np.asarray(layer.geometry.array))
    return i, j, km2 / cells.area_km2


def lattice(sites: gpd.GeoDataFrame) -> Cells:
    """The lattice of the sites, recognised once for each table."""
    if id(sites) not in LATTICES:
        LATTICES[id(sites)] = cells_of(sites)
    return LATTICES[id(sites)]


def table(sites: gpd.GeoDataFrame, layer: gpd.GeoDataFrame) -> None:
    """The public function: with its checks, recognising the lattice, and making the table."""
    overlaps(sites, layer, site="pu_id")


def by_exactextract(sites: gpd.GeoDataFrame, layer: gpd.GeoDataFrame) -> Shares:
    """Coverage fractions from exactextract (float32)."""
    west, south, east, north = sites.total_bounds
    high, wide = int(np.ptp(sites.row)) + 1, int(np.ptp(sites.col)) + 1
    raster = exactextract.raster.NumPyRasterSource(
        np.zeros((high, wide), np.int8), xmin=west, ymin=south, xmax=east, ymax=north
    )
    found = exactextract.exact_extract(raster, layer, COVERAGE)
    place = np.empty(high * wide, np.intp)
    place[(sites.row.max() - sites.row) * wide + sites.col - sites.col.min()] = np.arange(
        len(sites)
    )
    each = [feature["properties"] for feature in found]
    i = [place[np.asarray(what["cell_id"], np.intp)] for what in each]
    j = [np.full(len(cells), number) for number, cells in enumerate(i)]
    return np.concatenate(i), np.concatenate(j), np.concatenate([what["coverage"] for what in each])


COVERAGE = ["cell_id", "coverage"]
"""What exactextract is asked for: which cells a range covers, and how much of each."""


def one_km_line(*, small: bool) -> dict[str, object]:
    """Every cell of 1 km of the region, too many to list: `covered_bands` and exactextract in turn.

    Peak memory is the process's own so far; so this line comes before any lattice is listed.
    """
    layer = ranges(n=4 if small else 18, vertices=2_000 if small else 50_000)
    side = 10_000 if small else 1_000
    west, south, east, north = (int(edge) // side for edge in REGION.bounds)
    window = window_of((south, north), (west, east), step_m=side, corner_m=(0.0, 0.0))
    shape = (north - south, east - west)
    cells_with_a_range = 0

    def by_bands() -> None:
        nonlocal cells_with_a_range
        cells_with_a_range = sum(len(band) for band in covered_bands(layer, window))

    by_bands()  # compiled, and its memory seen, before the peer takes its own
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    edges = dict(zip(("xmin", "ymin", "xmax", "ymax"), REGION.bounds, strict=True))
    raster = exactextract.raster.NumPyRasterSource(np.zeros(shape, np.int8), **edges)
    methods: dict[str, Callable[[], object]] = {
        BANDS: by_bands,
        "exactextract": lambda: exactextract.exact_extract(raster, layer, COVERAGE),
    }
    seconds = alternating(methods, runs=3)
    line: dict[str, object] = {
        "what": f"{side // 1000} km in bands",
        "cells": shape[0] * shape[1],
        "pairs": cells_with_a_range,
        "peak_mb": round(peak_mb),
        "ranges": len(layer),
        "vertices": int(shapely.get_num_coordinates(layer.geometry.array).sum()),
        "seconds": {name: round(taken, 5) for name, taken in seconds.items()},
        "times_slower": {name: round(taken / seconds[BANDS], 2) for name, taken in seconds.items()},
        "max_error": {},
    }
    print(json.dumps(line), flush=True)
    return line


def seconds_of_intersection(sites: gpd.GeoDataFrame, layer: gpd.GeoDataFrame) -> float:
    """STRtree, then the exact intersection of every pair: from a sample of the pairs.

    The tree and its query are timed in full; intersections for 400 random pairs, and scaled up.
    """
    shapes, parts = np.asarray(sites.geometry.array), np.asarray(layer.geometry.array)
    start = process_time()
    j, i = shapely.STRtree(shapes).query(parts, predicate="intersects")
    found = process_time()
    some = np.random.default_rng(0).choice(len(i), min(400, len(i)), replace=False)
    shapely.area(shapely.intersection(shapes[i[some]], parts[j[some]]))
    return (found - start) + (process_time() - found) * len(i) / len(some)


def by_prepared(sites: gpd.GeoDataFrame, layer: gpd.GeoDataFrame) -> Shares:
    """The exact reference: STRtree, and intersections only for the cells that an edge enters."""
    shapes, parts = np.asarray(sites.geometry.array), np.asarray(layer.geometry.array)
    shapely.prepare(parts)
    j, i = shapely.STRtree(shapes).query(parts, predicate="intersects")
    share = np.ones(len(i))
    edge = np.flatnonzero(~shapely.contains_properly(parts[j], shapes[i]))
    cut = shapely.intersection(shapes[i[edge]], parts[j[edge]])
    share[edge] = shapely.area(cut) / shapely.area(shapes[0])
    return i, j, share


TERRA = """
suppressMessages(library(terra))
given <- commandArgs(TRUE)
size <- as.numeric(given[2:7])
ranges <- vect(given[1])
cells_of <- rast(xmin = size[1], ymin = size[2], xmax = size[3], ymax = size[4],
                 nrows = size[5], ncols = size[6], crs = crs(ranges))
begun <- proc.time()
found <- cells(cells_of, ranges, exact = TRUE)
taken <- proc.time() - begun
cat(as.character(packageVersion("terra")), R.version$major, R.version$minor, sum(taken[1:2]), nrow(found))
"""


def seconds_of_terra(sites: gpd.GeoDataFrame, layer: gpd.GeoDataFrame) -> float | None:
    """`terra::cells(exact = TRUE)` in R, by R's own processor time; ``None`` where there is no terra.

    What reads the file and makes the raster is not counted. exactextractr is no package of Debian's.
    """
    if shutil.which("Rscript") is None:
        return None
    high, wide = int(np.ptp(sites.row)) + 1, int(np.ptp(sites.col)) + 1
    with tempfile.TemporaryDirectory() as folder:
        script, ranges_file = Path(folder) / "cells.R", Path(folder) / "ranges.gpkg"
        script.write_text(TERRA, encoding="utf-8")
        layer.to_file(ranges_file)
        numbers = map(str, (*sites.total_bounds, high, wide))
        done = subprocess.run(
            ["Rscript", script, ranges_file, *numbers], capture_output=True, text=True, check=False
        )
    if done.returncode:
        return None
    version, major, minor, seconds, _ = done.stdout.split()
    R_PEER["R"] = f"{major}.{minor}"
    R_PEER["terra"] = version
    return float(seconds)


R_PEER: dict[str, str] = {}
"""Versions of R and terra, as they say themselves."""


def by_overlay(sites: gpd.GeoDataFrame, layer: gpd.GeoDataFrame) -> Shares:
    """`geopandas.overlay`, then the areas of the pieces."""
    pieces = gpd.overlay(sites[["pu_id", "geometry"]], layer, keep_geom_type=True)
    i = pd.Index(sites.pu_id).get_indexer(pieces.pu_id)
    j = pd.Index(layer.sci_name).get_indexer(pieces.sci_name)
    return i, j, pieces.area.to_numpy() / sites.geometry.iloc[0].area


def difference(one: Shares, other: Shares, shape: tuple[int, int]) -> float:
    """The largest difference in any cell."""
    sums = sparse.coo_array((one[2].astype(float), one[:2]), shape=shape).tocsr()
    return float(abs(sums - sparse.coo_array((other[2], other[:2]), shape=shape).tocsr()).max())


# -- measuring ------------------------------------------------------------------------------------


def alternating(methods: dict[str, Callable[[], object]], runs: int) -> dict[str, float]:
    """Median seconds of each method; one run of each in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    for _ in range(runs):
        for name, method in methods.items():
            start = process_time()
            method()
            seconds[name].append(process_time() - start)
    return {name: median(taken) for name, taken in seconds.items()}


def compared(
    what: str, sites: gpd.GeoDataFrame, layer: gpd.GeoDataFrame, *, slow: dict[str, Method]
) -> dict[str, object]:
    """One line of the results: seconds, ratios to the kernel, errors against the reference.

    Slow methods get one run, with the kernel timed before and after.
    """
    kernel(sites, layer.iloc[:1])  # compiled before anything is timed
    raster = set(shapely.get_num_coordinates(sites.geometry.array)) == {5}
    quick = {"exactextract": by_exactextract} if raster else {}
    every = {"kernel": kernel, "overlap()": table, **quick}
    seconds = alternating(
        {name: partial(method, sites, layer) for name, method in every.items()}, runs=5
    )
    ratios = {name: taken / seconds["kernel"] for name, taken in seconds.items()}
    seconds[EVERY_PAIR] = seconds_of_intersection(sites, layer)
    ratios[EVERY_PAIR] = seconds[EVERY_PAIR] / seconds["kernel"]
    # minutes for ranges of 50,000 vertices
    is_light = shapely.get_num_coordinates(layer.geometry.array).max() < 20_000
    of_terra = seconds_of_terra(sites, layer) if raster and is_light else None
    if of_terra is not None:
        seconds["terra (R)"] = of_terra
        ratios["terra (R)"] = of_terra / seconds["kernel"]
    reference = None
    kernel_alone = {"kernel": partial(kernel, sites, layer)}
    for name, method in slow.items():
        before = alternating(kernel_alone, runs=1)["kernel"]
        start = process_time()
        result = method(sites, layer)
        seconds[name] = process_time() - start
        after = alternating(kernel_alone, runs=1)["kernel"]
        ratios[name] = 2 * seconds[name] / (before + after)
        reference = result if method is by_prepared else reference
    errors = {}
    if reference is not None:
        shape = (len(sites), len(layer))
        errors = {
            name: difference(method(sites, layer), reference, shape)
            for name, method in {"kernel": kernel, **quick}.items()
        }
    line = {
        "what": what,
        "cells": len(sites),
        "ranges": len(layer),
        "vertices": int(shapely.get_num_coordinates(layer.geometry.array).sum()),
        "seconds": {name: round(taken, 5) for name, taken in seconds.items()},
        "times_slower": {name: round(ratio, 2) for name, ratio in ratios.items()},
        "max_error": errors,
    }
    print(json.dumps(line), flush=True)
    return line


def all_lines(*, small: bool) -> list[dict[str, object]]:
    """Every comparison."""
    many = ranges(n=4 if small else 18, vertices=2_000 if small else 50_000)
    few = ranges(n=4 if small else 18, vertices=1_000 if small else 10_000)
    two = many.iloc[:2]
    exact: dict[str, Method] = {"STRtree, edge cells only": by_prepared}
    lines = []
    for cell_km in (100, 50) if small else (50, 25, 10, 5):
        sites = planning_units(REGION, cell_km=cell_km)
        lines.append(compared(f"{cell_km} km", sites, many, slow=exact if cell_km >= 10 else {}))
        if cell_km < 10:
            lines.append(compared(f"{cell_km} km", sites, two, slow=exact))
    sites = planning_units(REGION, cell_km=50)
    lines.append(compared("50 km", sites, few, slow={"geopandas.overlay": by_overlay, **exact}))
    sites = planning_units(REGION, cell_km=25, shape="hexagon")
    lines.append(compared("25 km hexagons", sites, many, slow=exact))
    return lines


def growth(*, small: bool) -> dict[str, list[dict[str, float]]]:
    """Seconds of the kernel as one of vertices, cells and species grows, the others as they were."""
    vertices = (1_000, 5_000) if small else (1_000, 5_000, 20_000, 50_000, 100_000, 200_000)
    sides = (200, 100) if small else (100, 50, 25, 20, 10, 7.5, 5)
    species = (2, 4) if small else (2, 6, 18, 54, 108)
    usual, ten_km = (2_000, 100) if small else (50_000, 10)
    lattice_10 = cells_of(planning_units(REGION, cell_km=ten_km))
    many = polygons(ranges(n=max(species), vertices=usual // 5))
    eighteen = polygons(ranges(n=18, vertices=usual))
    return {
        "vertices": [
            taken(lattice_10, shapes, "vertices", int(shapely.get_num_coordinates(shapes).sum()))
            for shapes in (polygons(ranges(n=18, vertices=number)) for number in vertices)
        ],
        "cells": [
            taken(cells_of(sites), eighteen, "cells", len(sites))
            for sites in (planning_units(REGION, cell_km=side) for side in sides)
        ],
        "species": [taken(lattice_10, many[:number], "species", number) for number in species],
    }


def polygons(layer: gpd.GeoDataFrame) -> np.ndarray:
    """The shapes of a layer."""
    return np.asarray(layer.geometry.array)


def taken(cells: Cells, shapes: np.ndarray, name: str, number: int) -> dict[str, float]:
    """Median seconds of five runs of the kernel."""
    cell_km2(cells, shapes[:1])
    seconds = []
    for _ in range(5):
        start = process_time()
        cell_km2(cells, shapes)
        seconds.append(process_time() - start)
    return {name: number, "seconds": round(median(seconds), 5)}


# -- telling --------------------------------------------------------------------------------------


def page(results: dict) -> str:
    """The results as Markdown."""
    names = list(dict.fromkeys(name for line in results["lines"] for name in line["seconds"]))
    head = ["cells", "ranges × vertices", *names, "error of the kernel", "error of exactextract"]
    rows = [f"| {' | '.join(head)} |", "|" + "--|" * len(head)]
    for line in results["lines"]:
        cells = [
            f"{line['what']} ({line['cells']:,})",
            f"{line['ranges']} × {line['vertices'] // line['ranges']:,}",
        ]
        for name in names:
            if name not in line["seconds"]:
                cells.append("–")
            elif name == "kernel":
                cells.append(f"{line['seconds'][name]:.3f} s")
            else:
                cells.append(f"{line['seconds'][name]:.2f} s = {line['times_slower'][name]:,.0f} ×")
        for name in ("kernel", "exactextract"):
            error = line["max_error"].get(name)
            cells.append("–" if error is None else f"{error:.0e}")
        rows.append(f"| {' | '.join(cells)} |")
    told = ", ".join(f"{key} {value}" for key, value in results["machine"].items())
    return "\n".join([*rows, "", f"Machine: {told}."])


def picture(grown: dict[str, list[dict[str, float]]]) -> None:
    """Three curves: seconds against vertices, cells and species."""
    matplotlib.rcParams["svg.hashsalt"] = "growth"
    figure = Figure(figsize=(9, 3), layout="constrained")
    for axes, (name, points) in zip(figure.subplots(1, 3), grown.items(), strict=True):
        x, y = ([point[key] for point in points] for key in (name, "seconds"))
        axes.plot(x, [1000 * seconds for seconds in y], "o-", color="#0a6")
        axes.set(xlabel=name, xlim=(0, None), ylim=(0, None))
        axes.ticklabel_format(axis="x", style="sci", scilimits=(-3, 4))
    figure.axes[0].set_ylabel("milliseconds")
    figure.savefig(PICTURES / "growth.svg", metadata={"Date": None})


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes; writes nothing")
    small = parser.parse_args().quick
    one_km = one_km_line(small=small)
    lines = [*all_lines(small=small), one_km]
    results = {"machine": machine() | R_PEER, "lines": lines, "growth": growth(small=small)}
    print(page(results))
    if small:
        return
    (RESULTS / "coverage.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    picture(results["growth"])
    written("benchmark", page(results))


if __name__ == "__main__":
    main()
