"""An independent witness: every finding again, by short code of its own, on the ellipsoid.

Nothing of the rooms that measure or judge is imported here. Shapes are taken from the files in
longitude and latitude, cut by GEOS there, and their areas are geodesic. What this file and the
software agree on cannot come from a mistake of the projection, the kernel or the tables.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Geod
from shapely.geometry import shape

from cami_units.commands.assess import assess
from cami_units.model import data_dir
from cami_units.plan import read_plan

pytestmark = pytest.mark.slow

GEOD = Geod(ellps="WGS84")
CLOSE = 2e-3
"""Sides of files are straight in degrees here and there; what is left is densification."""


def km2(ground: Any) -> float:
    """The geodesic area of a shape in longitude and latitude, sides straight in degrees."""
    if ground.is_empty:
        return 0.0
    parts = [part for part in shapely.get_parts(ground) if part.geom_type == "Polygon"]
    dense = shapely.MultiPolygon([shapely.segmentize(part, 0.05) for part in parts])
    return abs(GEOD.geometry_area_perimeter(shapely.orient_polygons(dense))[0]) / 1e6


def features(path: Path) -> list[tuple[dict[str, Any], Any]]:
    rows = json.loads(path.read_text(encoding="utf-8"))["features"]
    shapes = [shapely.make_valid(shape(row["geometry"])) for row in rows]
    return [(row["properties"], ground) for row, ground in zip(rows, shapes, strict=True)]


def layers(folder: Path) -> dict[str, Any]:
    """States, ranges, protected areas and hotspots of the bundled data, as they stand there."""
    states = {
        row["iso2"]: ground
        for row, ground in features(folder / "boundaries" / "countries.geojson")
        if row["range_state"] == "yes"
    }
    species = pd.read_csv(folder / "species.csv", dtype=str, keep_default_na=False)
    counted = species[species["in_cami"] == "yes"].set_index("sci_name")
    ranges: dict[str, list[Any]] = {}
    for path in sorted((folder / "ranges").glob("*.geojson")):
        name = path.stem.replace("_", " ")
        for row, ground in features(path):
            kept = int(row["presence"]) in (1, 2) and int(row["origin"]) in (1, 2, 6)
            if kept and name in counted.index:
                ranges.setdefault(name, []).append(ground)
    whole = {name: shapely.union_all(parts) for name, parts in ranges.items()}
    land = shapely.union_all(list(states.values()))
    for name in counted.index[counted["clip_to_states"] == "yes"]:
        whole[name] = shapely.intersection(whole[name], land)
    areas = [
        ground for _, ground in features(folder / "protected_areas" / "protected_areas.geojson")
    ]
    hotspots = [ground for _, ground in features(folder / "hotspots" / "hotspots.geojson")]
    return {
        "states": states,
        "ranges": whole,
        "category": counted["iucn_category"].to_dict(),
        "protected": shapely.union_all(areas),
        "hotspots": shapely.union_all(hotspots),
    }


def judged(ground: Any, known: Mapping[str, Any], rules: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a site that stand behind G1, G2, C1, C2, C3, C7 and C8."""
    area = km2(ground)
    least = max(rules["G1"]["min_side_km2"], rules["G1"]["min_side_share"] / 100 * area)
    near = {code: state for code, state in known["states"].items() if state.intersects(ground)}
    in_states = {code: km2(state.intersection(ground)) for code, state in near.items()}
    occurrence = rules["occurrence"]
    both, shares = [], []
    for name, whole in known["ranges"].items():
        here = whole.intersection(ground)
        overlap = km2(here)
        share = 100 * overlap / known["range_km2"][name]
        enough = min(occurrence["min_km2"], occurrence["min_site_share"] / 100 * area)
        if not (0 < overlap >= enough) and share < occurrence["min_range_share"]:
            continue
        sides = [km2(here.intersection(state)) for state in near.values()]
        if sum(side >= occurrence["side_km2"] for side in sides) >= rules["G2"]["min_sides"]:
            both.append(name)
            by_category = rules["C3"]["min_share_by_category"]
            need = by_category.get(known["category"][name], rules["C3"]["min_share"])
            shares.append(share / need)
    inside = [known["ranges"][name].intersection(ground) for name in both]
    kept = sum(km2(part.intersection(known["protected"])) for part in inside)
    total = sum(km2(part) for part in inside)
    weights = rules["C2"]["weights"]
    return {
        "G1": sum(value >= least for value in in_states.values()),
        "C1": len(both),
        "C2": sum(weights[known["category"][name]] for name in both),
        "C3": max(shares, default=0.0),
        "C7": 100 * kept / total if total else np.nan,
        "C8": 100 * km2(known["hotspots"].intersection(ground)) / area,
    }


@pytest.fixture(scope="module")
def bundled() -> dict[str, Any]:
    known = layers(data_dir())
    known["range_km2"] = {name: km2(whole) for name, whole in known["ranges"].items()}
    return known


def compared(table: pd.DataFrame, sites: Mapping[str, Any], known: Mapping[str, Any]) -> int:
    """Holds every number of every site against the witness's; how many there were."""
    rules = tomllib.loads((data_dir() / "criteria.toml").read_text(encoding="utf-8"))
    values = table.set_index(["site", "criterion"])["value"].astype(float)
    thresholds = table.set_index(["site", "criterion"])["threshold"].astype(float)
    faults, count = [], 0
    for name, ground in sites.items():
        for criterion, expected in judged(ground, known, rules).items():
            value = values[name, criterion]
            if criterion == "C3":  # the species furthest above (or nearest to) its own threshold
                value /= thresholds[name, criterion]
            if criterion == "C7" and np.isnan(expected):
                continue  # no transboundary species: the software may qualify others by a crossing
            count += 1
            if not np.isclose(value, expected, rtol=CLOSE, atol=0.02):
                faults.append(f"{name} {criterion}: {value:g}, witness {expected:g}")
    assert not faults, "\n".join(faults)
    return count


def test_hotspots_as_drawn_on_the_bundled_layers(bundled):
    path = data_dir() / "hotspots" / "hotspots.geojson"
    sites = {row["hotspot_id"]: ground for row, ground in features(path)}
    assert compared(assess(path, read_plan(None)), sites, bundled) > 240


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_squares_anywhere_on_the_bundled_layers(bundled, tmp_path, seed):
    # Squares of 1 to 3 degrees along borders: enclaves, lakes, disputed ground, seas.
    lot = np.random.default_rng(seed)
    corners = lot.uniform((55, 28), (115, 50), size=(25, 2))
    sides = lot.uniform(1, 3, size=25)
    sites = {
        f"Q{number:02d}": shapely.box(x, y, x + side, y + side)
        for number, ((x, y), side) in enumerate(zip(corners.round(2), sides.round(2), strict=True))
    }
    rows = [
        {
            "type": "Feature",
            "properties": {"id": name},
            "geometry": shapely.geometry.mapping(ground),
        }
        for name, ground in sites.items()
    ]
    path = tmp_path / "squares.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}), encoding="utf-8")
    assert compared(assess(path, read_plan(None)), sites, bundled) > 100
