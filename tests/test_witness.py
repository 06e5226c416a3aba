"""An independent witness: every finding again, by short code of its own, on the ellipsoid.

Nothing of the rooms that measure or judge is imported here. Shapes are taken from the files in
longitude and latitude, cut by GEOS there; areas and lengths are geodesic. What this file and the
software agree on cannot come from a mistake of the projection, the kernel or the tables.

The rules are those of `docs/method.md`, written down a second time: both gates, the nine criteria
with number and verdict, and the decision.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Geod
from shapely.geometry import shape

from cami_units.commands.assess import assess
from cami_units.commands.propose import propose
from cami_units.model import data_dir
from cami_units.plan import read_plan

pytestmark = pytest.mark.slow

GEOD = Geod(ellps="WGS84")
CLOSE = 2e-3
"""Sides of files are straight in degrees here and there; what is left is densification."""
OFF_BORDER_KM = 1.0
"""A crossing counts where the corridor gets so far off the border on both sides."""


def km2(ground: Any) -> float:
    """The geodesic area of a shape in longitude and latitude, sides straight in degrees."""
    if ground.is_empty:
        return 0.0
    parts = [part for part in shapely.get_parts(ground) if part.geom_type == "Polygon"]
    dense = shapely.MultiPolygon([shapely.segmentize(part, 0.05) for part in parts])
    return abs(GEOD.geometry_area_perimeter(shapely.orient_polygons(dense))[0]) / 1e6


def km(line: Any) -> float:
    """The geodesic length of lines in longitude and latitude, sides straight in degrees."""
    parts = [part for part in shapely.get_parts(line) if "Line" in part.geom_type]
    return sum(GEOD.geometry_length(shapely.segmentize(part, 0.05)) for part in parts) / 1e3


def features(path: Path) -> list[tuple[dict[str, Any], Any]]:
    if not path.exists():
        return []
    rows = json.loads(path.read_text(encoding="utf-8"))["features"]
    shapes = [shapely.make_valid(shape(row["geometry"])) for row in rows]
    return [(row["properties"], ground) for row, ground in zip(rows, shapes, strict=True)]


@dataclass(frozen=True)
class Region:
    """The layers of a plan as they stand in their files."""

    states: dict[str, Any]
    disputed: Any
    ranges: dict[str, Any]
    range_km2: dict[str, float]
    parts: dict[str, list[tuple[Any, str]]]
    category: dict[str, str]
    areas: list[tuple[dict[str, Any], Any]]
    hotspots: list[tuple[dict[str, Any], Any]]
    barriers: list[tuple[dict[str, Any], Any]]
    corridors: list[tuple[dict[str, Any], Any]]
    borders: dict[str, Any]


def region(folder: Path, names: Mapping[str, str], species: Path) -> Region:
    """The layers of `folder`, each by its file."""
    states = {
        row["iso2"]: ground
        for row, ground in features(folder / names["countries"])
        if row.get("range_state", "yes") == "yes"
    }
    table = pd.read_csv(species, dtype=str, keep_default_na=False)
    counted = table[table["in_cami"] == "yes"].set_index("sci_name")
    parts: dict[str, list[tuple[Any, str]]] = {}
    place = folder / names["ranges"]
    for path in sorted(place.glob("*.geojson")) if place.is_dir() else [place]:
        for row, ground in features(path):
            kept = int(row["presence"]) in (1, 2) and int(row["origin"]) in (1, 2, 6)
            if kept and row["sci_name"] in counted.index:
                grade = row.get("confidence") or "ungraded"
                parts.setdefault(row["sci_name"], []).append((ground, grade))
    land = shapely.union_all(list(states.values()))
    for name in counted.index[counted["clip_to_states"] == "yes"]:
        parts[name] = [(part.intersection(land), grade) for part, grade in parts.get(name, ())]
    ranges = {name: shapely.union_all([part for part, _ in rows]) for name, rows in parts.items()}
    borders = {}
    for one, other in combinations(sorted(states), 2):
        line = shapely.intersection(states[one].boundary, states[other].boundary)
        line = shapely.line_merge(
            shapely.union_all([p for p in shapely.get_parts(line) if "Line" in p.geom_type])
        )
        if not line.is_empty:
            borders[f"{one};{other}"] = line
    disputed = [ground for _, ground in features(folder / names.get("disputed", "none"))]
    return Region(
        states=states,
        disputed=shapely.union_all(disputed),
        ranges=ranges,
        range_km2={name: km2(whole) for name, whole in ranges.items()},
        parts=parts,
        category=counted["iucn_category"].to_dict(),
        areas=features(folder / names["protected_areas"]),
        hotspots=features(folder / names["hotspots"]),
        barriers=features(folder / names["barriers"]),
        corridors=features(folder / names["corridors"]),
        borders=borders,
    )


# -- movement -------------------------------------------------------------------------------------


def crossing_places(line: Any, known: Region) -> list[tuple[str, Any]]:
    """Where a corridor leaves one state for another: 1 km off the border before and after.

    Followed point by point, 250 m apart; two changes between the same states within 5 km of line
    are one crossing.
    """
    points = [
        point
        for part in shapely.get_parts(line)
        for point in shapely.points(shapely.get_coordinates(shapely.segmentize(part, 0.0025)))
    ]
    trail: list[tuple[str, int]] = []
    for number, point in enumerate(points):
        for code, state in known.states.items():
            if state.contains(point) and off_border(point, code, known):
                trail.append((code, number))
    places = []
    for (one, last), (other, first) in pairwise(trail):
        pair = ";".join(sorted((one, other)))
        if one == other or pair not in known.borders:
            continue
        stretch = shapely.LineString(points[last : first + 1])
        cuts = shapely.get_parts(stretch.intersection(known.borders[pair]))
        if len(cuts):
            places.append((pair, shapely.centroid(cuts[0])))
    return places


def off_border(point: Any, code: str, known: Region) -> bool:
    """Whether a place in a state is 1 km and more from its borders with the others."""
    x, y = shapely.get_x(point), shapely.get_y(point)
    for pair, border in known.borders.items():
        if code in pair.split(";") and border.dwithin(point, 0.05):
            near_line = shapely.clip_by_rect(border, x - 0.05, y - 0.05, x + 0.05, y + 0.05)
            flat = shapely.transform(
                near_line, lambda at: (at - (x, y)) * (111.32 * np.cos(np.radians(y)), 111.13)
            )
            if shapely.distance(flat, shapely.Point(0, 0)) < OFF_BORDER_KM:
                return False
    return True


# -- the rules, a second time -----------------------------------------------------------------------


def judged(ground: Any, known: Region, rules: Mapping[str, Any], crossed: Any) -> dict[str, Any]:
    """Each finding of a site: its number and its verdict, ``None`` where not assessed."""
    area = km2(ground)
    least = max(rules["G1"]["min_side_km2"], rules["G1"]["min_side_share"] / 100 * area)
    near = {code: state for code, state in known.states.items() if state.intersects(ground)}
    n_states = sum(km2(state.intersection(ground)) >= least for state in near.values())
    rule = rules["occurrence"]
    sides: dict[str, dict[str, float]] = {}
    here: dict[str, float] = {}
    for name, whole in known.ranges.items():
        inside = whole.intersection(ground)
        overlap = km2(inside)
        share = 100 * overlap / known.range_km2[name]
        enough = min(rule["min_km2"], rule["min_site_share"] / 100 * area)
        if not (overlap > 0 and (overlap >= enough or share >= rule["min_range_share"])):
            continue
        here[name] = overlap
        by_state = {code: km2(inside.intersection(state)) for code, state in near.items()}
        sides[name] = {code: side for code, side in by_state.items() if side >= rule["side_km2"]}
    both = [name for name in here if len(sides[name]) >= rules["G2"]["min_sides"]]
    reached = crossed.sites(ground, here)
    documented = {
        (name, code)
        for name, grade, pair in reached.crossings
        if grade in rules["G2"]["crossing_grades"]
        for code in pair.split(";")
    }
    single = [
        name
        for name in here
        if len(sides[name]) == 1 and (name, next(iter(sides[name]))) in documented
    ]
    qualifying = both or single

    found: dict[str, Any] = {}
    found["G1"] = (n_states, n_states >= rules["G1"]["min_states"])
    found["G2"] = (len(both) + len(single), len(both) + len(single) >= rules["G2"]["min_species"])
    found["C1"] = (len(both), len(both) >= rules["C1"]["min_species"])
    found["C3"] = range_shares(both, here, known, rules)
    found["C5"] = movement(reached, rules)
    found["C2"] = threat(both, known, rules, found)
    found["C4"] = responsibility(ground, qualifying, here, sides, known, rules)
    found["C6"] = barriers(ground, known, rules)
    found["C7"] = protection(ground, qualifying, here, known, rules)
    found["C8"] = concordance(ground, area, known, rules)
    assessed = sum(found[f"C{number}"][1] is not None for number in range(1, 9))
    found["C9"] = confidence(ground, qualifying, known, rules, assessed / 8)
    gates = found["G1"][1] and found["G2"][1]
    value = any(found[name][1] for name in rules["decision"]["any_of"])
    evidence = all(found[name][1] for name in rules["decision"]["evidence"])
    found["decision"] = (
        "proposed CU"
        if gates and value and evidence
        else "area of interest"
        if gates and value
        else "not proposed"
    )
    return found


def range_shares(
    both: list[str], here: Mapping[str, float], known: Region, rules: Mapping[str, Any]
) -> tuple[float, bool]:
    """C3: the share of the species furthest above (or nearest to) its threshold, as a part of it."""
    need = rules["C3"]["min_share_by_category"]
    ratios = [
        100
        * here[name]
        / known.range_km2[name]
        / need.get(known.category[name], rules["C3"]["min_share"])
        for name in both
    ]
    return max(ratios, default=0.0), max(ratios, default=0.0) >= 1


def threat(
    both: list[str], known: Region, rules: Mapping[str, Any], found: Mapping[str, Any]
) -> tuple[float, bool]:
    """C2: points of the species, or a severe one with C3 or C5."""
    points = sum(rules["C2"]["weights"].get(known.category[name], 2) for name in both)
    severe = any(known.category[name] in rules["C2"]["or_categories"] for name in both)
    other = any(found[name][1] for name in rules["C2"]["or_categories_with"])
    return points, points >= rules["C2"]["min_weight"] or (severe and other)


def responsibility(
    ground: Any,
    qualifying: list[str],
    here: Mapping[str, float],
    sides: Mapping[str, Mapping[str, float]],
    known: Region,
    rules: Mapping[str, Any],
) -> tuple[float, bool | None]:
    """C4: Pielou's evenness, and the km of border that runs through the range of one species."""
    if not qualifying:
        return np.nan, None
    even = []
    for name in qualifying:
        p = np.array(list(sides[name].values())) / sum(sides[name].values())
        even.append(0.0 if len(p) == 1 else float(-(p * np.log(p)).sum() / np.log(len(p))))
    j = float(np.average(even, weights=[here[name] for name in qualifying]))
    length, riverine = 0.0, dict.fromkeys(rules["C4"]["riverine"], 0.0)
    for border in known.borders.values():
        line = border.intersection(ground)
        if line.is_empty:
            continue
        by_species = {name: km(line.intersection(known.ranges[name])) for name in qualifying}
        length += max(by_species.values())
        for name in set(riverine) & set(by_species):
            riverine[name] += by_species[name]
    long = length >= rules["C4"]["min_border_km"]
    long |= max(riverine.values()) >= rules["C4"]["min_border_km_riverine"]
    return j, j >= rules["C4"]["min_evenness"] and long


@dataclass(frozen=True)
class Reached:
    corridors: set[str]
    crossings: list[tuple[str, str, str]]
    graded: set[tuple[str, str, int]]
    """Corridor, pair of states and number of each crossing of a counted grade."""


class Movement:
    """Corridors of a region with their crossings, found once.

    Seasonal parts of a range on two sides are grade D: they move no number that is compared here.
    """

    def __init__(self, known: Region, rules: Mapping[str, Any]) -> None:
        self.rules = rules
        self.known = known
        self.rows = [
            (row, line, crossing_places(line, known))
            for row, line in known.corridors
            if row["evidence_grade"] in rules["C5"]["grades"]
        ]

    def sites(self, ground: Any, here: Iterable[str]) -> Reached:
        corridors, crossings, graded = set(), [], set()
        for row, line, places in self.rows:
            if row["sci_name"] not in here or km(line.intersection(ground)) == 0:
                continue
            corridors.add(row["corridor_id"])
            grade = row.get("crossing_grade") or row["evidence_grade"]
            for number, (pair, point) in enumerate(places):
                if ground.intersects(point):
                    crossings.append((row["sci_name"], grade, pair))
                    if grade in self.rules["C5"]["counted_grades"]:
                        graded.add((row["corridor_id"], pair, number))
        return Reached(corridors, crossings, graded)


def movement(reached: Reached, rules: Mapping[str, Any]) -> tuple[float, bool | None]:
    """C5: crossings of a counted grade; not assessed where no corridor reaches the site."""
    if not reached.corridors:
        return np.nan, None
    return len(reached.graded), len(reached.graded) >= rules["C5"]["min_crossings"]


def barriers(ground: Any, known: Region, rules: Mapping[str, Any]) -> tuple[float, bool | None]:
    """C6: the share of the border in the site that fences close."""
    border = sum(km(line.intersection(ground)) for line in known.borders.values())
    if border == 0:
        return np.nan, None
    closed = sum(
        km(line.intersection(ground)) * (1 - row["permeability"])
        for row, line in known.barriers
        if row["kind"] in rules["C6"]["fences"] and row["permeability"] is not None
    )
    share = min(100.0, 100 * closed / border)
    return share, share >= rules["C6"]["min_barrier_share"]


def protection(
    ground: Any,
    qualifying: list[str],
    here: Mapping[str, float],
    known: Region,
    rules: Mapping[str, Any],
) -> tuple[float, bool | None]:
    """C7: the protected share of the qualifying range; *met* is a gap."""
    if not qualifying:
        return np.nan, None
    kept_ground = shapely.union_all([area for _, area in known.areas])
    inside = [known.ranges[name].intersection(ground) for name in qualifying]
    kept = sum(km2(part.intersection(kept_ground)) for part in inside)
    share = 100 * kept / sum(here[name] for name in qualifying)
    return share, share < rules["C7"]["gap_below"]


def concordance(
    ground: Any, area: float, known: Region, rules: Mapping[str, Any]
) -> tuple[float, bool]:
    """C8: the share of the site in hotspots, or one hotspot that is the same place."""
    grounds = [hotspot for _, hotspot in known.hotspots]
    share = 100 * km2(shapely.union_all(grounds).intersection(ground)) / area
    same = 0.0
    for hotspot in grounds:
        both = km2(hotspot.intersection(ground))
        same = max(same, both / (area + km2(hotspot) - both))
    return share, share >= rules["C8"]["min_share"] or same >= rules["C8"]["min_jaccard"]


def confidence(
    ground: Any, qualifying: list[str], known: Region, rules: Mapping[str, Any], assessed: float
) -> tuple[float, bool | None]:
    """C9: the mean grade of range parts by area, times the share of criteria that spoke."""
    worth = rules["C9"]["confidence"] | {"ungraded": rules["C9"]["ungraded"]}
    total = weighed = 0.0
    for name in qualifying:
        for grade in worth:
            rows = [part for part, own in known.parts[name] if own == grade]
            area = km2(shapely.union_all(rows).intersection(ground))
            total, weighed = total + area, weighed + worth[grade] * area
    if total == 0:
        return np.nan, None
    value = weighed / total * assessed
    return value, value >= rules["C9"]["min_confidence"]


# -- against the software ---------------------------------------------------------------------------


def compared(table: pd.DataFrame, sites: Mapping[str, Any], known: Region) -> int:
    """Holds every number, verdict and decision against the witness's; how many there were."""
    rules = tomllib.loads((data_dir() / "criteria.toml").read_text(encoding="utf-8"))
    crossed = Movement(known, rules)
    rows = table.set_index(["site", "criterion"])
    faults, count = [], 0
    for name, ground in sites.items():
        expected = judged(ground, known, rules, crossed)
        decision = expected.pop("decision")
        if rows.loc[(name, "G1"), "decision"] != decision:
            faults.append(f"{name}: {rows.loc[(name, 'G1'), 'decision']}, witness {decision}")
        for criterion, (value, met) in expected.items():
            own = rows.loc[(name, criterion)]
            own_value = float(own["value"])
            if criterion == "C3":  # the species furthest above (or nearest to) its own threshold
                own_value /= float(own["threshold"])
            own_met = None if pd.isna(own["met"]) else bool(own["met"])
            count += 1
            both_missing = np.isnan(own_value) and np.isnan(value)
            if not both_missing and not np.isclose(own_value, value, rtol=CLOSE, atol=0.02):
                faults.append(f"{name} {criterion}: {own_value:g}, witness {value:g}")
            elif own_met != met:
                faults.append(f"{name} {criterion} {own_value:g}: {own_met}, witness {met}")
    assert not faults, "\n".join(faults)
    return count


BUNDLED = {
    "countries": "boundaries/countries.geojson",
    "disputed": "boundaries/disputed.geojson",
    "ranges": "ranges",
    "protected_areas": "protected_areas/protected_areas.geojson",
    "hotspots": "hotspots/hotspots.geojson",
    "barriers": "barriers/barriers.geojson",
    "corridors": "corridors/corridors.geojson",
}


@pytest.fixture(scope="module")
def bundled() -> Region:
    return region(data_dir(), BUNDLED, data_dir() / "species.csv")


def test_hotspots_as_drawn_on_the_bundled_layers(bundled):
    path = data_dir() / "hotspots" / "hotspots.geojson"
    sites = {row["hotspot_id"]: ground for row, ground in features(path)}
    assert compared(assess(path, read_plan(None)), sites, bundled) == 44 * 11


def test_units_of_the_bundled_round(bundled):
    tables = propose(read_plan(None)).tables
    units = tables["conservation_units"].set_index("unit_id")
    dense = units.geometry.segmentize(5_000).to_crs("EPSG:4326")
    sites = {name: shapely.make_valid(ground) for name, ground in dense.items()}
    table = tables["unit_criteria"].rename(columns={"unit_id": "site"})
    decision = {"modelled candidate": "proposed CU", "area of interest": "area of interest"}
    table["decision"] = table["site"].map(units["status"].map(decision))
    assert compared(table, sites, bundled) == len(units) * 11


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_squares_anywhere_on_the_bundled_layers(bundled, tmp_path, seed):
    # Squares of 1 to 3 degrees along borders: enclaves, lakes, disputed ground, seas.
    sites = squares(seed, (55, 28), (115, 50), (1, 3))
    table = assess(written_sites(tmp_path / "squares.geojson", sites), read_plan(None))
    assert compared(table, sites, bundled) == 25 * 11


def squares(seed: int, low: Any, high: Any, side: tuple[float, float]) -> dict[str, Any]:
    lot = np.random.default_rng(seed)
    corners = lot.uniform(low, high, size=(25, 2)).round(2)
    sides = lot.uniform(*side, size=25).round(2)
    return {
        f"Q{number:02d}": shapely.box(x, y, x + size, y + size)
        for number, ((x, y), size) in enumerate(zip(corners, sides, strict=True))
    }


def written_sites(path: Path, sites: Mapping[str, Any]) -> Path:
    collection(path, [({"id": name}, ground) for name, ground in sites.items()])
    return path


def collection(path: Path, rows: Iterable[tuple[dict[str, Any], Any]]) -> None:
    content = [
        {
            "type": "Feature",
            "properties": properties,
            "geometry": shapely.geometry.mapping(ground),
        }
        for properties, ground in rows
    ]
    text = json.dumps({"type": "FeatureCollection", "features": content})
    path.write_text(text, encoding="utf-8")


# -- made regions -----------------------------------------------------------------------------------

SPECIES = (
    "Saiga tatarica",
    "Equus hemionus",
    "Panthera uncia",
    "Ovis ammon",
    "Gazella subgutturosa",
    "Cervus hanglu bactrianus",
)
CODES = ("KZ", "UZ", "TM", "KG", "TJ", "CN")


def ragged(low: tuple[float, float], high: tuple[float, float], lot: Any) -> np.ndarray:
    """A border that wanders: every 0.1 degrees a step aside of up to 0.05."""
    steps = int(np.hypot(high[0] - low[0], high[1] - low[1]) / 0.1)
    line = np.linspace(low, high, steps + 1)
    line[1:-1] += lot.uniform(-0.05, 0.05, size=(steps - 1, 2))
    return line.round(3)


def made_states(lot: Any, *, apart: bool) -> dict[str, Any]:
    """Six states, three by two, with ragged borders; an enclave, a lake of no state between them.

    With `apart`, the second column stands off the first by a gap in the south and lies over it in
    the north: boundaries of two makers.
    """
    x, y = (60, 64, 68, 72), (40, 43, 46)
    nodes = {(i, j): (x[i], y[j]) for i in range(4) for j in range(3)}
    across = {(i, j): ragged(nodes[i, j], nodes[i + 1, j], lot) for i in range(3) for j in range(3)}
    up = {(i, j): ragged(nodes[i, j], nodes[i, j + 1], lot) for i in range(4) for j in range(2)}
    states = {}
    for number, (i, j) in enumerate((i, j) for j in range(2) for i in range(3)):
        right = up[i + 1, j]
        if apart and i == 0:
            right = right + np.array(
                [(0.04 if j else -0.04) * np.sin(np.pi * t) for t in np.linspace(0, 1, len(right))]
            )[:, None] * (1, 0)
        ring = [across[i, j], right, across[i, j + 1][::-1], up[i, j][::-1]]
        states[CODES[number]] = shapely.make_valid(shapely.Polygon(np.vstack(ring)))
    enclave = shapely.box(65, 41, 65.6, 41.5)  # ground of KZ within UZ
    lake = shapely.Point(66, 43).buffer(0.35)  # of nobody, on the border of UZ and TJ
    states["UZ"] = states["UZ"].difference(shapely.union(enclave, lake))
    states["TJ"] = states["TJ"].difference(lake)
    states["KZ"] = shapely.union(states["KZ"], enclave)
    return states


def blobs(lot: Any, number: int, size: tuple[float, float]) -> list[Any]:
    """Round and long shapes anywhere in the region, some beyond its edge."""
    at = lot.uniform((59.5, 39.5), (72.5, 46.5), size=(number, 2))
    wide, high = lot.uniform(*size, size=(2, number))
    turn = lot.uniform(0, 180, size=number)
    circle = shapely.get_coordinates(shapely.Point(0, 0).buffer(1, quad_segs=8))
    made = []
    for place, a, b, angle in zip(at, wide, high, np.radians(turn), strict=True):
        spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        made.append(shapely.Polygon(((circle * (a, b)) @ spin + place).round(4)))
    return made


def made_region(folder: Path, seed: int, *, apart: bool) -> tuple[Path, Path]:
    """A region on disk, of shapes drawn by lot: its plan, and the species of its table."""
    lot = np.random.default_rng(seed)
    states = made_states(lot, apart=apart)
    collection(
        folder / "countries.geojson", [({"iso2": code}, ground) for code, ground in states.items()]
    )
    grades = ("high", "medium", "low", None)
    ranges = [
        (
            {
                "sci_name": SPECIES[number % len(SPECIES)],
                "presence": (1, 1, 2, 3)[int(lot.integers(4))],
                "origin": 1,
                "seasonal": 1,
                "confidence": grades[int(lot.integers(4))],
            },
            blob,
        )
        for number, blob in enumerate(blobs(lot, 24, (0.4, 1.8)))
    ]
    collection(folder / "ranges.geojson", ranges)
    hotspots = [
        ({"hotspot_id": f"H{n}", "name_en": f"H{n}", "species": "", "countries": ""}, blob)
        for n, blob in enumerate(blobs(lot, 6, (0.3, 1.0)))
    ]
    collection(folder / "hotspots.geojson", hotspots)
    areas = [
        ({"pa_id": f"P{n}", "name": f"P{n}", "iso2": CODES[n % 6], "kind": "PA"}, blob)
        for n, blob in enumerate(blobs(lot, 12, (0.1, 0.5)))
    ]
    collection(folder / "protected_areas.geojson", areas)
    ends = lot.uniform((60.5, 40.5), (71.5, 45.5), size=(16, 2)).round(3)
    corridors = [
        (
            {
                "corridor_id": f"L{n}",
                "name": f"L{n}",
                "sci_name": SPECIES[n % len(SPECIES)],
                "evidence_grade": "ABCD"[n % 4],
            },
            shapely.LineString([start, end]),
        )
        for n, (start, end) in enumerate(zip(ends[::2], ends[1::2], strict=True))
    ]
    collection(folder / "corridors.geojson", corridors)
    fence = states["UZ"].exterior if states["UZ"].geom_type == "Polygon" else None
    fences = [] if fence is None else [fence]
    barriers = [
        (
            {"barrier_id": f"B{n}", "name": "fence", "kind": "border_fence", "permeability": 0.3},
            shapely.LineString(shapely.get_coordinates(line)[4:40]),
        )
        for n, line in enumerate(fences)
    ]
    barriers += [
        ({"barrier_id": f"R{n}", "name": "rail", "kind": "railway", "permeability": 0.5}, line)
        for n, (_, line) in enumerate(corridors[:3])
    ]
    collection(folder / "barriers.geojson", barriers)
    collection(
        folder / "disputed.geojson",
        [({"disputed_id": "D1", "name_en": "D1", "states": "KG;TJ"}, shapely.box(63, 44, 65, 45))],
    )
    species = pd.read_csv(data_dir() / "species.csv", dtype=str, keep_default_na=False)
    species[species["sci_name"].isin(SPECIES)].to_csv(folder / "species.csv", index=False)
    names = (
        "countries",
        "disputed",
        "ranges",
        "hotspots",
        "protected_areas",
        "barriers",
        "corridors",
    )
    listing = json.dumps(list(CODES))
    covered = ("hotspots", "protected_areas", "barriers", "corridors")
    plan = folder / "plan.toml"
    plan.write_text(
        'title = "made"\ndate = "2026-11-28"\n'
        f'[study]\nstates = {listing}\n[layers]\nspecies = ["species.csv"]\n'
        + "".join(f'{name} = ["{name}.geojson"]\n' for name in names)
        + "[coverage]\n"
        + "".join(f"{name} = {listing}\n" for name in covered),
        encoding="utf-8",
    )
    return plan, folder / "species.csv"


@pytest.mark.parametrize(("seed", "apart"), [(11, False), (12, False), (13, True)])
def test_made_regions_with_enclaves_lakes_disputed_ground_gaps_and_overlaps(tmp_path, seed, apart):
    plan, species = made_region(tmp_path, seed, apart=apart)
    names = {name: f"{name}.geojson" for name in BUNDLED}
    known = region(tmp_path, names, species)
    sites = squares(seed, (60, 40), (70.5, 44.5), (0.6, 2.5))
    if apart:  # where boundaries of two makers do not meet, a border is a matter of opinion
        seam = shapely.box(63.85, 39.9, 64.15, 46.1)
        sites = {name: ground for name, ground in sites.items() if not ground.intersects(seam)}
    table = assess(written_sites(tmp_path / "sites.geojson", sites), read_plan(plan))
    assert compared(table, sites, known) == len(sites) * 11
