"""Every step of the main job, and the job without its files: seconds and peak memory, a process each.

    make bench                                 all benchmarks
    python benchmarks/steps.py                 these: about five minutes on two cores

Steps take turns (one run of each, then again), and medians are told. A step's process first does
the step's preparations, which are not timed; its peak memory is that of the whole process. Whole
commands, from the prompt to the prompt, are measured by `side_by_side.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from results_page import RESULTS, machine, written

CLI = [sys.executable, "-m", "cami_units"]

Step = Callable[[], object]


# -- the steps: each prepares, and gives back what is timed ---------------------------------------


def _ground(work: Path) -> tuple:
    from cami_units import cache
    from cami_units.commands.assess import cut
    from cami_units.commands.plan_layers import ground, load
    from cami_units.plan import read_plan

    plan = read_plan(work / "w" / "plan.toml")
    kept = ground(plan, cache.Cache(work / "cache"))
    known = load(plan, cache=kept)
    return plan, known, cut(known, plan, cache=kept), kept


def border_distance(work: Path) -> Step:
    """25 km cells within 50 km of a border, on the ellipsoid."""
    from cami_units import overlap
    from cami_units.commands.propose import score_cells

    plan, known, pieces, kept = _ground(work)
    cells = score_cells(pieces, plan, cache=kept).units
    return lambda: overlap.borders_within(cells, known.borders, within_km=50, site="pu_id")


def border_distance_by_points(work: Path) -> Step:
    """The peer: a k-d tree in three dimensions of points every km along the borders."""
    import numpy as np
    import shapely
    from pyproj import Geod
    from scipy.spatial import cKDTree

    from cami_units.commands.propose import score_cells
    from cami_units.model import LONLAT

    plan, known, pieces, kept = _ground(work)
    cells = score_cells(pieces, plan, cache=kept).units

    def xyz(lonlat: np.ndarray) -> np.ndarray:
        lon, lat = np.radians(lonlat).T
        return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])

    def step() -> object:
        dense = known.borders.geometry.segmentize(1000).to_crs(LONLAT)
        points = shapely.get_coordinates(dense)
        corners = shapely.get_coordinates(cells.geometry.to_crs(LONLAT))
        _, at = cKDTree(xyz(points)).query(xyz(corners))
        _, _, metres = Geod(ellps="WGS84").inv(*corners.T, *points[at].T)
        return np.asarray(metres).reshape(len(cells), -1).min(axis=1) <= 50_000

    return step


def cells_near_species(work: Path) -> Step:
    """The same species within 50 km in another state, for every 25 km cell."""
    from cami_units import overlap
    from cami_units.commands.propose import score_cells

    plan, _, pieces, kept = _ground(work)
    cells = score_cells(pieces, plan, cache=kept).units
    by = ("sci_name", "iso2")
    return lambda: overlap.near(cells, pieces.sides, by=by, within_km=50)


def delineation(work: Path) -> Step:
    """Units grown and smoothed, from scored cells and assessed hotspots."""
    from cami_units.commands.assess import assess_sites
    from cami_units.commands.propose import grow, score_cells

    plan, known, pieces, kept = _ground(work)
    cells = score_cells(pieces, plan, cache=kept)
    drawn = assess_sites(known.hotspots, pieces, plan, site="hotspot_id")
    return lambda: grow(cells, drawn, pieces, plan)


def reading_layers(work: Path) -> Step:
    """Bundled layers read, checked, repaired, projected."""
    from cami_units.commands.plan_layers import load

    plan, *_ = _ground(work)
    return lambda: load(plan)


def _one_product(work: Path, name: str) -> Step:
    from cami_units import store
    from cami_units.commands.round_files import products

    done = store.read_round(work / "round")
    write = products(done, noticed=[])[name]
    return lambda: write(work / f"{os.getpid()}-{name}")


def writing_kmz(work: Path) -> Step:
    """One KMZ for Google Earth Pro."""
    return _one_product(work, "conservation_units.kmz")


def writing_map(work: Path) -> Step:
    """The HTML map."""
    return _one_product(work, "map.html")


def reading_kmz(work: Path) -> Step:
    """That KMZ read back: every placemark of every folder."""
    from cami_units import kml

    return lambda: kml.read_kml(work / "round" / "conservation_units.kmz")


def reading_kmz_by_gdal(work: Path) -> Step:
    """The peer: GDAL through pyogrio, folder by folder (it loses the tree)."""
    import pyogrio

    path = work / "round" / "conservation_units.kmz"
    return lambda: [
        pyogrio.read_dataframe(path, layer=str(name)) for name, _ in pyogrio.list_layers(path)
    ]


def propose(work: Path) -> Step:
    """The main job without its files, nothing kept."""
    from cami_units.commands.propose import propose as run_propose
    from cami_units.plan import read_plan

    plan = read_plan(work / "w" / "plan.toml")
    return lambda: run_propose(plan)


def propose_again(work: Path) -> Step:
    """The same with another threshold (C1 from four species), after a first time with a cache."""
    from cami_units import cache
    from cami_units.commands.propose import propose as run_propose
    from cami_units.plan import read_plan

    kept = cache.Cache(work / "cache")
    plan = read_plan(work / "w" / "plan.toml")
    run_propose(plan, cache=kept)
    profile = plan.profile.model_copy(
        update={"C1": plan.profile.C1.model_copy(update={"min_species": 4})}
    )
    other = plan.model_copy(update={"profile": profile})
    return lambda: run_propose(other, cache=kept)


def writing_a_round(work: Path) -> Step:
    """All files of a round."""
    from cami_units import store
    from cami_units.commands.round_files import write_proposal

    done = store.read_round(work / "round")
    return lambda: write_proposal(done, work / f"round-{os.getpid()}")


def sensitivity(work: Path) -> Step:
    """Stability of units and ranks, all factors."""
    from cami_units import store
    from cami_units.commands.sensitivity import with_sensitivity

    done = store.read_round(work / "round")
    return lambda: with_sensitivity(done)


def collect(work: Path) -> Step:
    """The round's own KMZ handed in again by one group."""
    from cami_units import store
    from cami_units.commands.collect import collect as run_collect

    done = store.read_round(work / "round")
    return lambda: run_collect([work / "round" / "conservation_units.kmz"], done)


STEPS: dict[str, tuple[str, Callable[[Path], Step]]] = {
    "layers: read, check, project": ("", reading_layers),
    "borders within 50 km of 35,667 cells": ("", border_distance),
    "… by a k-d tree of points every km": ("peer", border_distance_by_points),
    "species within 50 km of each cell": ("", cells_near_species),
    "delineation": ("", delineation),
    "KMZ written": ("", writing_kmz),
    "KMZ read": ("", reading_kmz),
    "… by GDAL": ("peer", reading_kmz_by_gdal),
    "map.html written": ("", writing_map),
    "all files of a round written": ("", writing_a_round),
    "propose, nothing kept": ("whole", propose),
    "propose again, another threshold, cache": ("whole", propose_again),
    "collect, one file": ("whole", collect),
    "sensitivity": ("whole", sensitivity),
}


# -- measuring ------------------------------------------------------------------------------------


def one(name: str, work: Path) -> None:
    """Prepare a step, time it, and say so: what a process of its own does."""
    step = STEPS[name][1](work)
    start, busy = perf_counter(), process_time()
    step()
    taken = {
        "seconds": round(perf_counter() - start, 3),
        "cpu": round(process_time() - busy, 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(taken))


def _medians(runs: Mapping[str, Sequence[Mapping[str, float]]]) -> dict[str, dict[str, float]]:
    return {
        name: {key: median(run[key] for run in taken) for key in taken[0]}
        for name, taken in runs.items()
    }


def measured(work: Path, times: int) -> dict[str, dict[str, float]]:
    """Medians of all steps, taking turns."""
    subprocess.run([*CLI, "-q", "init", str(work / "w")], check=True)
    plan = str(work / "w" / "plan.toml")
    subprocess.run([*CLI, "-q", "propose", plan, "--out", str(work / "round")], check=True)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in STEPS}
    for _ in range(times):
        for name in STEPS:
            command = [sys.executable, __file__, "--step", name, "--work", str(work)]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            runs[name].append(json.loads(said.splitlines()[-1]))
            print(name, runs[name][-1], flush=True)
    return _medians(runs)


def page(results: dict) -> str:
    """The results as Markdown."""
    rows = [
        f"Runs of each step: {results['runs']}.",
        "",
        "| step | computing, s | peak memory of the process |",
        "|--|--|--|",
    ]
    for name, taken in results["steps"].items():
        rows.append(f"| {name} | {taken['cpu']:.2f} | {taken['peak_mb']:,.0f} MB |")
    return "\n".join(rows)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--step", choices=list(STEPS), help="one step, timed once")
    parser.add_argument("--work", type=Path, help="the folder with its preparations")
    parser.add_argument("--runs", type=int, default=3, help="how often each step is timed")
    asked = parser.parse_args()
    if asked.step:
        one(asked.step, asked.work)
        return
    with tempfile.TemporaryDirectory() as folder:
        steps = measured(Path(folder), asked.runs)
    results = {"machine": machine(), "runs": asked.runs, "steps": steps}
    (RESULTS / "steps.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    written("steps", page(results))
    print(page(results))


if __name__ == "__main__":
    main()
