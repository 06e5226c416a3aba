"""Are the proposed units landscapes of their species? Figures for docs/method.md.

    python scripts/species_in_units.py [--ranges FILE.gpkg --column species] [--runs 999]

Holds the units of the bundled plan against its own ranges (which they were grown over: no test, only
how much of each and of its core they hold) and, with --ranges, against ranges that nobody here drew,
such as PHYLACINE 1.2.1 (Faurby et al. 2018, doi:10.1002/ecy.2443). For each species the units are those
in which it counts, and the ground is that of the range states within the convex hull of the evidence
and of these units.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

import cami_units as cu
from cami_units import delineate, grid

NAMES = {"Equus ferus": "Equus ferus przewalskii", "Panthera pardus": "Panthera pardus tulliana"}
"""Species of others' files that a CAMI taxon below species level is compared with."""


def main() -> None:
    """Print both tables."""
    words = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    words.add_argument("--ranges", type=Path)
    words.add_argument("--column", default="species")
    words.add_argument("--runs", type=int, default=999)
    options = words.parse_args()
    plan = cu.read_plan(None)
    pieces = cu.cut(cu.load(plan), plan)
    cells = cu.score_cells(pieces, plan)
    hotspots = cu.assess_sites(pieces.layers.hotspots, pieces, plan, site="hotspot_id")
    units = cu.grow(cells, hotspots, pieces, plan)
    found = cu.assess_sites(units, pieces, plan, site="seed").findings.species
    holding = found[found["role"] == "qualifying"].groupby("sci_name")["site"].agg(set)

    depth = delineate.range_depth(
        cells.units, cells.species, grid.neighbours(cells.units, corners=True)
    )
    deep = depth["depth_km"] >= depth.groupby("sci_name")["depth_km"].transform("quantile", 0.75)
    core = cells.units[["pu_id", "geometry"]].merge(depth[deep], on="pu_id")
    ranges = pieces.layers.features
    rows = []
    for name in sorted(holding.index):
        mine = units[units["seed"].isin(holding[name])]
        inside = cu.overlaps(mine.assign(one=1).dissolve("one").assign(unit_id="all"), ranges)
        km2 = inside.set_index("sci_name")["km2"].get(name, 0.0)
        whole = cu.area_km2(ranges[ranges["sci_name"] == name]).sum()
        cores = core[core["sci_name"] == name].dissolve().assign(sci_name=name)
        held = cu.overlaps(mine.assign(one=1).dissolve("one").assign(unit_id="all"), cores)
        rows.append(
            (name, len(mine), 100 * km2 / whole, 100 * held["km2"].sum() / cores.area.sum() * 1e6)
        )
    table = pd.DataFrame(
        rows, columns=["species", "units", "% of range", "% of its deepest quarter"]
    )
    print("The units' own ranges:", table.round(1).to_string(index=False), sep="\n")
    if options.ranges is None:
        return
    theirs = cu.to_equal_area(gpd.read_file(options.ranges))
    states = shapely.union_all(pieces.states.geometry.to_numpy())
    parts = []
    for name, rows_of in theirs.groupby(options.column):
        taxon = NAMES.get(str(name), str(name))
        if taxon not in holding:
            continue
        mine = units[units["seed"].isin(holding[taxon])]
        around = shapely.convex_hull(shapely.union_all([*mine.geometry, *rows_of.geometry]))
        ground = gpd.GeoDataFrame(geometry=[shapely.intersection(states, around)], crs=units.crs)
        result = cu.evaluate_units(mine, rows_of, study_area=ground, runs=options.runs)
        parts.append(result.assign(group=taxon, rows=len(mine)).rename(columns={"rows": "units"}))
    print(f"\n{options.ranges.name}:", pd.concat(parts).round(3).to_string(index=False), sep="\n")


if __name__ == "__main__":
    main()
