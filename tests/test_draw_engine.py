"""The drawing page's arithmetic under node, against pyproj, shapely, the kernels and `criteria`.

The page measures and judges in its own script, in modules with the names of the rooms they mirror.
Here both are given the same and must say the same: places to a millimetre, areas to a part in a
hundred million, and every verdict on a table of cases in which each limit is hit exactly.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Transformer

import cami_units.webmap as webmap_room
from cami_units import kml, rank, webmap, workshop
from cami_units.commands.assess import assess_sites, cut, species_ranges
from cami_units.commands.draw_map import drawing_ground
from cami_units.commands.group_placemarks import _is_known_column
from cami_units.commands.plan_layers import load
from cami_units.criteria import assess, measures, verdicts
from cami_units.layers import to_equal_area
from cami_units.model import EQUAL_AREA, FINDINGS, Imprint, Round, SiteTables
from cami_units.overlap import covered_cells, window_of
from cami_units.plan import read_plan, read_profile
from cami_units.webmap._drawing_page import MODULES, page_script
from cami_units.words import LANGUAGES, text

RUNNER = Path(__file__).with_name("node") / "engine.mjs"
MODULE_FOLDER = Path(webmap_room.__file__).with_name("assets") / "draw"


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """A function that hands node a job and gives its answer back."""
    node = shutil.which("node")
    if node is None:
        reason = "node is not on the PATH: the page's script is not tried outside of a browser"
        if os.environ.get("CAMI_UNITS_NODE") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("engine")
    for file in MODULE_FOLDER.glob("*.js"):
        shutil.copy(file, folder)
    (folder / "package.json").write_text('{"type": "module"}')

    def run(job: str, **values: Any) -> Any:
        done = subprocess.run(
            [node, str(RUNNER), str(folder)],
            input=json.dumps({"job": job, **values}),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout)

    return run


def test_every_module_is_in_the_page_and_after_those_it_imports():
    assert {file.stem for file in MODULE_FOLDER.glob("*.js")} == set(MODULES)
    script = page_script()
    assert "import {" not in script
    assert "\nexport " not in script
    for place, name in enumerate(MODULES):
        source = (MODULE_FOLDER / f"{name}.js").read_text(encoding="utf-8")
        for earlier in MODULES[place:]:
            assert f'from "./{earlier}.js"' not in source


# -- projection -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "crs",
    [
        EQUAL_AREA,
        "EPSG:3035",  # Lambert azimuthal, Europe
        "+proj=laea +lat_0=-25 +lon_0=135 +x_0=1000000 +datum=WGS84",
        "+proj=cea +lat_ts=30 +lon_0=100 +datum=WGS84",
        "+proj=aea +lat_1=40 +lat_2=40 +lat_0=40 +lon_0=-96 +ellps=GRS80",
        "EPSG:6933",
    ],
)
def test_places_are_those_of_proj_to_a_millimetre(engine, crs):
    told = webmap.projection_of(crs)
    assert told["method"]
    rng = np.random.default_rng(1)
    centre = told["lon_0"]
    lonlat = np.column_stack([centre + rng.uniform(-60, 60, 400), rng.uniform(-70, 75, 400)])
    lonlat[:, 0] = (lonlat[:, 0] + 180) % 360 - 180
    want = np.column_stack(
        Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(*lonlat.T)
    )
    got = np.array(engine("project", crs=told, points=lonlat.tolist()))
    assert np.abs(got - want).max() < 1e-3


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:4326", "+proj=eqearth +datum=WGS84"])
def test_a_projection_that_the_page_does_not_know_is_said_so(crs):
    assert webmap.projection_of(crs)["method"] == ""


# -- areas ------------------------------------------------------------------------------------------


def star(rng, n, centre=(0.0, 0.0), size=200_000.0):
    """A star-shaped polygon in metres, with a hole now and then."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, n))
    away = size * rng.uniform(0.4, 1, n)
    xy = np.column_stack([away * np.cos(angle), away * np.sin(angle)]) + centre
    shape = shapely.Polygon(xy)
    if n % 2:
        shape = shape.difference(shapely.Point(centre).buffer(size * 0.2, quad_segs=5))
    return shapely.make_valid(shape, method="structure", keep_collapsed=False)


def rings_of(shape):
    return [
        {"xy": shapely.get_coordinates(ring)[:-1].tolist(), "shell": number == 0}
        for part in shapely.get_parts(shape)
        for number, ring in enumerate(shapely.get_rings(part))
    ]


def test_shared_areas_are_those_of_geos(engine):
    rng = np.random.default_rng(2)
    pairs = []
    for number in range(150):
        one = star(rng, 5 + number % 40)
        other = star(rng, 5 + (number * 7) % 60, rng.normal(0, 150_000, 2))
        pairs.append((one, other))
    pairs.append((pairs[0][0], pairs[0][0]))  # the same
    pairs.append((shapely.box(0, 0, 1e5, 1e5), shapely.box(1e5, 0, 2e5, 1e5)))  # a common edge
    pairs.append((shapely.box(0, 0, 1e5, 1e5), shapely.box(-1e6, -1e6, 1e6, 1e6)))  # inside
    pairs.append((shapely.box(0, 0, 1e5, 1e5), shapely.box(2e5, 2e5, 3e5, 3e5)))  # apart
    got = engine("shared", pairs=[[rings_of(a), rings_of(b)] for a, b in pairs])
    want = [shapely.area(shapely.intersection(a, b)) / 1e6 for a, b in pairs]
    assert got == pytest.approx(want, rel=1e-8, abs=1e-5)


@pytest.mark.slow
def test_cell_shares_are_those_of_the_kernel(engine):
    rng = np.random.default_rng(3)
    step = 25_000.0
    for number in range(12):
        shape = star(rng, 6 + 5 * number, rng.normal(0, 300_000, 2))
        rings = rings_of(shape)
        got = engine("shares", rings=rings, lattice={"step": step, "x": -1e7, "y": -1e7})
        rows = (got["row"], got["row"] + got["rows"])
        cols = (got["col"], got["col"] + got["cols"])
        layer = gpd.GeoDataFrame({"sci_name": ["a"]}, geometry=[shape], crs=EQUAL_AREA)
        cells = covered_cells(layer, window_of(rows, cols, step_m=step, corner_m=(-1e7, -1e7)))
        sums = np.zeros((got["rows"], got["cols"]))
        sums[cells["row"] - rows[0], cells["col"] - cols[0]] = cells["km2"] * 1e6 / step**2
        shares = np.array(got["shares"]).reshape(got["rows"], got["cols"])
        assert np.abs(shares - sums).max() < 1e-9
        assert shares.sum() * step**2 == pytest.approx(shape.area, rel=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_a_few_cells_are_measured_as_geos_cuts_them(seed):
    """In a window that the shape reaches out of on every side; vertices on lines, edges along them."""
    rng = np.random.default_rng(seed)
    shape = star(rng, 8 + 31 * seed, rng.normal(0, 60_000, 2))
    steps = shapely.box(-75_000, -60_000, 75_000, 50_000)
    steps = steps - shapely.box(-25_000, -25_000, 0, 25_000)
    layer = gpd.GeoDataFrame(
        {"name": ["a", "b", "c"]},
        geometry=[shape, steps, shapely.MultiPolygon([shapely.box(9e5, 9e5, 9.1e5, 9.1e5)])],
        crs=EQUAL_AREA,
    )
    window = window_of((396, 406), (397, 404), step_m=25_000.0, corner_m=(-1e7, -1e7))
    cells = covered_cells(layer, window, by=["name"])
    assert set(cells["name"]) == {"a", "b"}
    for name, table in cells.groupby("name"):
        row, col = (np.arange(first, first + n) for first, n in ((396, 10), (397, 7)))
        west, south = np.meshgrid(-1e7 + col * 25_000.0, -1e7 + row * 25_000.0)
        boxes = shapely.box(west, south, west + 25_000, south + 25_000)
        exact = (
            shapely.area(shapely.intersection(boxes, layer.geometry[list("ab").index(name)])) / 1e6
        )
        found = np.zeros_like(exact)
        found[table["row"] - 396, table["col"] - 397] = table["km2"]
        assert np.abs(found - exact).max() < 1e-6


# -- outlines ---------------------------------------------------------------------------------------


def lonlat_star(rng, n, centre):
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    away = 0.5 + rng.uniform(0, 1, n)
    xy = np.column_stack([away * np.cos(angle), away * np.sin(angle)]) + centre
    return shapely.Polygon(np.round(xy, 5))


def polygons_of(shape):
    return [
        [shapely.get_coordinates(ring)[:-1].tolist() for ring in shapely.get_rings(part)]
        for part in shapely.get_parts(shape)
    ]


def shape_of(polygons):
    return shapely.MultiPolygon([shapely.Polygon(shell, holes) for shell, *holes in polygons])


def test_union_difference_and_intersection_are_those_of_geos(engine):
    rng = np.random.default_rng(4)
    pairs = [
        (lonlat_star(rng, 30, (70, 45)), lonlat_star(rng, 40, (70 + rng.uniform(), 45)))
        for _ in range(60)
    ]
    pairs.append((shapely.box(70, 40, 71, 41), shapely.box(71, 40, 72, 41)))  # neighbours
    pairs.append((shapely.box(70, 40, 74, 44), shapely.box(71, 41, 72, 42)))  # a hole
    pairs.append((shapely.box(70, 40, 71, 41), shapely.box(71, 41, 72, 42)))  # a corner
    found = engine("overlay", pairs=[[polygons_of(a), polygons_of(b)] for a, b in pairs])
    for (one, other), made in zip(pairs, found, strict=True):
        for name in ("union", "difference", "intersection"):
            want = getattr(shapely, name)(one, other)
            got = shape_of(made[name])
            assert got.is_valid or got.buffer(0).area == pytest.approx(got.area, rel=1e-6)
            assert got.area == pytest.approx(want.area, abs=2e-4)
            assert shapely.symmetric_difference(got.buffer(0), want).area < 3e-4
    neighbours, with_hole, corner = found[-3:]
    assert len(neighbours["union"]) == 1
    assert len(neighbours["union"][0][0]) == 4  # no vertex is left where the edge was
    assert len(with_hole["difference"][0]) == 2
    assert len(corner["union"]) == 2


def test_a_line_parts_an_outline_into_what_it_was(engine):
    square = polygons_of(shapely.box(70, 40, 72, 42))
    lines = [
        [[71, 39], [71, 43]],
        [[71, 40.5], [71.3, 41], [71, 41.5]],  # its ends are drawn on beyond the outline
        [[69, 41], [73, 41.5]],
        [[73, 39], [73, 43]],  # passes it by
        [[71, 41]],
    ]
    halves = engine("split", pairs=[[square, line] for line in lines])
    assert halves[3] is None
    assert halves[4] is None
    for parts in halves[:3]:
        one, other = map(shape_of, parts)
        assert one.area + other.area == pytest.approx(4, abs=1e-4)
        assert shapely.intersection(one, other).area < 1e-4


def test_an_outline_that_crosses_itself_is_noticed(engine):
    bow = [[[[0, 0], [1, 1], [1, 0], [0, 1]]]]
    fine = polygons_of(shapely.box(0, 0, 1, 1))
    touching = [[[[0, 0], [2, 0], [2, 2], [1, 0], [0, 2]]]]
    found = engine("crossing", outlines=[bow, fine, touching])
    assert found[0] == [0.5, 0.5]
    assert found[1] is None
    assert found[2] == [1, 0]


# -- the criteria: one table of cases, two implementations ------------------------------------------

SPECIES = pd.DataFrame(
    [
        ("Alpha", "Alpha deer", "VU", "yes", 10_000.0),
        ("Beta", "Beta cat", "EN", "yes", 90_000.0),
        ("Gamma", "Gamma goat", "LC", "yes", 42_000.0),
        ("Delta", "Delta horse", "XX", "yes", 8_000.0),
        ("Cervus hanglu bactrianus", "Bukhara deer", "VU", "yes", 20_000.0),
        ("Chiru", "Chiru", "NT", "no", 5_000.0),
    ],
    columns=["sci_name", "name_en", "iucn_category", "in_cami", "range_km2"],
)
STATES = ("AA", "BB", "CC")
PAIRS = ("AA;BB", "BB;CC")


def random_site(rng, number, profile):
    """One site whose measures lie near, or exactly on, the limits of the profile."""
    site = f"S{number}"
    on = rng.random() < 0.6  # on the limits

    def near(limit, spread=0.6):
        return (
            float(limit)
            if on and rng.random() < 0.5
            else float(limit * rng.uniform(1 - spread, 1 + spread))
        )

    area = float(rng.choice([2_000, 5_000, 10_000, 40_000]))
    rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in TABLES}
    rows["sites"].append((site, area))
    least = max(profile.G1.min_side_km2, profile.G1.min_side_share / 100 * area)
    for iso2 in STATES[: rng.integers(1, 4)]:
        km2 = near(least) if rng.random() < 0.5 else area / 3
        rows["states"].append((site, iso2, km2))
        rows["undisputed"].append((site, iso2, km2 if rng.random() < 0.7 else near(least)))
    pairs = [pair for pair in PAIRS if rng.random() < 0.7]
    for pair in pairs:
        rows["borders"].append((site, pair, near(100)))
        if rng.random() < 0.8:
            rows["covered_borders"].append((site, pair, rows["borders"][-1][2]))
    for layer in ("barriers", "hotspots", "protected_areas"):
        if rng.random() < 0.9:
            rows["covered"].append((site, layer, area * float(rng.choice([1.0, 0.5]))))
    enough = min(profile.occurrence.min_km2, profile.occurrence.min_site_share / 100 * area)
    for name in SPECIES["sci_name"]:
        if rng.random() < 0.4:
            continue
        whole = 0.0
        for iso2 in STATES:
            if rng.random() < 0.6:
                km2 = near(profile.occurrence.side_km2) if rng.random() < 0.6 else near(enough)
                rows["species"].append((site, name, iso2, km2))
                whole += km2
        if whole:
            whole += float(rng.choice([0.0, 300.0]))  # ground of no state
            rows["ranges"].append((site, name, whole))
            if rng.random() < 0.9:
                rows["covered_ranges"].append((site, name, whole * float(rng.choice([1.0, 0.4]))))
        for grade in ("high", "medium", "low", "ungraded"):
            if whole and rng.random() < 0.5:
                rows["confidence"].append((site, name, grade, whole * rng.random()))
        if whole and rng.random() < 0.8:
            rows["protected"].append((site, name, near(profile.C7.gap_below / 100 * whole)))
        for pair in pairs:
            if rng.random() < 0.6:
                rows["shared_borders"].append((site, name, pair, near(profile.C4.min_border_km)))
        if rng.random() < 0.3:
            grade = str(rng.choice(["A", "B", "C", "D", "N"]))
            line = str(rng.choice(["M", f"M-{name}"]))  # of several species on one line, or its own
            rows["corridors"].append((site, f"M-{name}", name, grade, 12.0, line))
            if rng.random() < 0.4:  # a second part of the line
                rows["corridors"].append((site, f"N-{name}", name, grade, 40.0, line))
            if rng.random() < 0.7 and pairs:
                pair = str(rng.choice(pairs))
                rows["crossings"].append((site, f"M-{name}", name, grade, pair, 1.0, line))
                if rng.random() < 0.4:
                    rows["crossings"].append((site, f"N-{name}", name, grade, pair, 2.0, line))
    border = sum(row[2] for row in rows["borders"]) or 100.0
    for kind in ("border_fence", "railway"):
        if rng.random() < 0.6:
            km = near(profile.C6.min_barrier_share / 100 * border / 0.75)
            rows["barriers"].append((site, f"B-{kind}", kind, 0.25, km))
    if rng.random() < 0.8:
        km2 = near(profile.C8.min_share / 100 * area)
        rows["in_hotspots"].append((site, km2))
        rows["hotspots"].append((site, "H01", "One", km2, near(profile.C8.min_jaccard)))
    return rows


TABLES = {
    "sites": "site area_km2",
    "states": "site iso2 km2",
    "undisputed": "site iso2 km2",
    "ranges": "site sci_name km2",
    "species": "site sci_name iso2 km2",
    "confidence": "site sci_name confidence km2",
    "supporting": "site sci_name km2",
    "borders": "site pair km",
    "shared_borders": "site sci_name pair km",
    "corridors": "site corridor_id sci_name evidence_grade km drawn_as",
    "crossings": "site corridor_id sci_name evidence_grade pair n drawn_as",
    "barriers": "site barrier_id kind permeability km",
    "protected": "site sci_name km2",
    "hotspots": "site hotspot_id name_en km2 jaccard",
    "in_hotspots": "site km2",
    "seasonal": "site sci_name seasonal iso2 km2",
    "covered": "site layer km2",
    "covered_ranges": "site sci_name km2",
    "covered_borders": "site pair km",
}
OPTIONAL = (
    "undisputed",
    "corridors",
    "crossings",
    "barriers",
    "protected",
    "hotspots",
    "in_hotspots",
    "seasonal",
    "ranges",
    "covered",
    "covered_ranges",
    "covered_borders",
)


def site_tables(rows, absent=()):
    tables = {
        name: None if name in absent else pd.DataFrame(rows[name], columns=columns.split())
        for name, columns in TABLES.items()
    }
    return SiteTables(**tables)


def nested(tables, site):
    """The tables of one site as the page's script has them."""

    def of(name):
        table = getattr(tables, name)
        return None if table is None else table[table["site"] == site].drop(columns="site")

    def pairs(name, *keys):
        table = of(name)
        if table is None:
            return None
        made: dict[str, Any] = {}
        for row in table.itertuples(index=False):
            inner = made
            for key in keys[:-1]:
                inner = inner.setdefault(getattr(row, key), {})
            last = getattr(row, keys[-1])
            inner[last] = inner.get(last, 0.0) + row[-1]
        return made

    def records(name):
        table = of(name)
        return None if table is None else json.loads(table.to_json(orient="records"))

    whole = of("in_hotspots")
    return {
        "area_km2": float(of("sites")["area_km2"].iloc[0]),
        "states": pairs("states", "iso2"),
        "undisputed": pairs("undisputed", "iso2"),
        "species": pairs("species", "sci_name", "iso2"),
        "confidence": pairs("confidence", "sci_name", "confidence"),
        "supporting": pairs("supporting", "sci_name"),
        "borders": pairs("borders", "pair"),
        "shared_borders": pairs("shared_borders", "sci_name", "pair"),
        "corridors": records("corridors"),
        "crossings": records("crossings"),
        "barriers": records("barriers"),
        "protected": pairs("protected", "sci_name"),
        "hotspots": records("hotspots"),
        "ranges": pairs("ranges", "sci_name"),
        "covered": pairs("covered", "layer"),
        "covered_ranges": pairs("covered_ranges", "sci_name"),
        "covered_borders": pairs("covered_borders", "pair"),
        "in_hotspots": None if whole is None else float(whole["km2"].sum()),
        "seasonal": records("seasonal"),
        "adjacent_km": None,
    }


def profiles():
    plain = read_profile()
    yield plain
    yield plain.model_copy(update={"C4": plain.C4.model_copy(update={"min_border_km": None})})
    yield plain.model_copy(update={"C3": plain.C3.model_copy(update={"min_share": None})})
    strict = plain.G2.model_copy(update={"min_sides": 3, "min_species": 2})
    yield plain.model_copy(update={"G2": strict})


def batches():
    """A profile, the layers that are withheld, how many sites: each layer once, each profile once."""
    plain, *others = profiles()
    yield plain, [], 16
    for name in OPTIONAL:
        together = {
            "corridors": ["crossings"],
            "hotspots": ["in_hotspots"],
            "in_hotspots": ["hotspots"],
        }
        yield plain, [name, *together.get(name, ())], 16
    for profile in others:
        yield profile, [], 24


def test_every_verdict_is_the_same_in_both(engine):
    """280 sites under four profiles, with and without each layer, each limit hit exactly."""
    rng = np.random.default_rng(5)
    cases, wanted = [], []
    species = json.loads(SPECIES.to_json(orient="records"))
    for profile, absent, n_sites in batches():
        rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in TABLES}
        for number in range(n_sites):
            for name, more in random_site(rng, number, read_profile()).items():
                rows[name] += more
        tables = site_tables(rows, absent)
        found = assess(tables, SPECIES, profile)
        m = measures(tables, SPECIES, profile)
        met = verdicts(m, profile)
        decided = rank.decide(found, profile).set_index("site")["decision"]
        scores = rank.value_scores(m, profile)
        for site in tables.sites["site"]:
            cases.append(
                {
                    "profile": profile.model_dump(mode="json"),
                    "species": species,
                    "site": nested(tables, site),
                }
            )
            wanted.append((met.loc[site], m.loc[site], decided[site], scores[site]))
    answers = engine("judge", cases=cases)
    seen = {name: set() for name in FINDINGS}
    for answer, (met, m, decided, score) in zip(answers, wanted, strict=True):
        for name in FINDINGS:
            want = None if pd.isna(met[name]) else bool(met[name])
            assert answer["met"][name] is want, (name, answer["measures"], m.to_dict())
            seen[name].add(want)
        assert answer["decision"] == decided
        got = np.nan if answer["score"] is None else answer["score"]
        assert got == pytest.approx(score, rel=1e-12, nan_ok=True)
        for name in (
            "evenness",
            "shared_border_km",
            "barrier_share",
            "protected_share",
            "max_share",
        ):
            value = answer["measures"][name]
            got = np.nan if value is None else value
            assert got == pytest.approx(m[name], rel=1e-9, nan_ok=True)
    # the table would prove nothing if a criterion were always met
    assert all({True, False} <= verdict for verdict in seen.values())


# -- files ------------------------------------------------------------------------------------------

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
)
TAIL = "</Document></kml>"


def mark(name="a", inner=""):
    ring = "<coordinates>70,40 71,40 71,41 70,40</coordinates>"
    shape = f"<Polygon><outerBoundaryIs><LinearRing>{ring}</LinearRing></outerBoundaryIs></Polygon>"
    return f"<Placemark><name>{name}</name>{inner}{shape}</Placemark>"


def zipped(members, **more):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, **more) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def hostile():
    """Files that want to be run, expanded, fetched, or to stall; each with what is to come of it."""
    yield (
        "entities",
        (
            '<!DOCTYPE k [<!ENTITY a "'
            + "x" * 1000
            + '"><!ENTITY b "&a;&a;&a;&a;">]>'
            + HEAD
            + "&b;"
            + TAIL
        ).encode(),
        "draw file doctype",
    )
    yield (
        "external",
        ('<!DOCTYPE k SYSTEM "file:///etc/passwd">' + HEAD + TAIL).encode(),
        "draw file doctype",
    )
    yield (
        "deep",
        (HEAD + "<Folder>" * 5_000 + "</Folder>" * 5_000 + TAIL).encode(),
        "draw file large",
    )
    yield "wide", (HEAD + "<x/>" * 400_000 + TAIL).encode(), "draw file large"
    yield "many", (HEAD + mark() * 4_000 + TAIL).encode(), "draw file large"
    yield "cut off", (HEAD + mark())[:-30].encode(), "draw file broken"
    yield "unclosed", (HEAD + "<name>" + TAIL).encode(), "draw file broken"
    yield "no name", (HEAD + "< >" + TAIL).encode(), "draw file broken"
    yield "attribute", (HEAD + '<a b="' + "c" * 100_000).encode(), "draw file broken"
    yield "spaces", (HEAD + "<a" + " " * 200_000 + "b" + TAIL).encode(), "draw file broken"
    yield "comment", (HEAD + "<!--" + "-" * 200_000).encode(), "draw file broken"
    yield "empty", b"", "draw file empty"
    # None of these holds a KML: "there is no shape in it" sent people to look for theirs.
    yield "random", bytes(range(256)) * 50, "draw file broken"
    yield "geojson", b'{"type": "FeatureCollection", "features": []}', "draw file broken"
    yield "gpx", b"<?xml version='1.0'?><gpx><wpt lat='40' lon='70'/></gpx>", "draw file broken"
    yield "piece", mark().encode(), None
    yield "bomb", zipped({"doc.kml": b"<kml>" + b" " * 80_000_000}), "draw file large"
    # each below the limit, and not all of them
    yield (
        "bombs",
        zipped({f"{n}.kml": b"<kml>" + b" " * 40_000_000 for n in range(3)}),
        "draw file large",
    )
    half = HEAD + "<x/>" * 200_000 + TAIL
    yield "wide halves", zipped({"a.kml": half, "b.kml": half}), "draw file large"
    yield "all broken", zipped({"a.kml": HEAD, "b.kml": b"<!DOCTYPE k>"}), "draw file broken"
    yield "no kml", zipped({"a.txt": b"x"}), "draw file no kml"
    yield "entries", zipped({f"{n}.txt": b"" for n in range(300)}), "draw file large"
    yield (
        "half a zip",
        zipped({"doc.kml": (HEAD + mark() + TAIL).encode()})[:-40],
        "draw file broken",
    )
    yield "too large", b"x" * 21_000_000, "draw file large"
    yield (
        "numbers",
        (
            HEAD
            + mark().replace("70,40 71,40", "nan,40 1e999,40 1_0,2 ٧٠,٤٠ 70,40 71,40 200,95")
            + TAIL
        ).encode(),
        None,
    )


def payloads():
    """200 texts that some parser on the way might take for more than text."""
    cores = [
        "<script>window.ran=1</script>", "<img src=x onerror=window.ran=1>", "javascript:window.ran=1",
        "{{7*7}}", "${window.ran=1}", "`${window.ran=1}`", "</script><script>window.ran=1</script>",
        "__proto__", "constructor", "]]>", "<!--", "-->", "&amp;lt;b&amp;gt;", "\u202egnp.exe", "\u0000",
        "=cmd|' /C calc'!A0", "\ufeffx", "\ud83d\ude00", "' OR 1=1 --", "../../etc/passwd",
    ]  # fmt: skip
    for core in cores:
        for shape in (
            "{}",
            "x{}",
            "{}{}",
            "CU-001 {}",
            "X {}",
            "\n{}\n",
            "&lt;{}",
            "{}&#x41;",
            "[{}]",
            "{} CU-002",
        ):
            yield shape.format(core, core)


def test_a_hostile_file_runs_nothing_and_stalls_nothing(engine):
    cases = list(hostile())
    answers = engine("read", files=[base64.b64encode(content).decode() for _, content, _ in cases])
    for (name, _, fault), answer in zip(cases, answers, strict=True):
        if fault:
            assert answer.get("fault") == fault, name
        assert answer["ms"] < 3_000, name
    numbers = answers[[name for name, _, _ in cases].index("numbers")]
    assert numbers["placemarks"][0]["polygons"] == [[[[70, 40], [71, 40], [71, 41]]]]


def test_two_hundred_payloads_come_out_as_text(engine):
    texts = list(payloads())
    assert len(texts) == 200
    body = "".join(
        mark(
            name=shown(text),
            inner=f'<description>{shown(text)}</description><ExtendedData><Data name="{shown(text)}">'
            f"<value>{shown(text)}</value></Data></ExtendedData>",
        )
        for text in texts
    )
    (answer,) = engine(
        "read", files=[base64.b64encode((HEAD + body + TAIL).encode("utf-8", "ignore")).decode()]
    )
    assert len(answer["placemarks"]) == 200
    for found in answer["placemarks"]:
        assert "\u202e" not in found["name"]
        assert "\u0000" not in found["name"]
        assert len(found["polygons"]) == 1
    assert answer["ms"] < 3_000


def shown(text):
    return (
        text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("\u0000", "")
    )


def test_names_in_other_encodings_are_read(engine):
    text = '<?xml version="1.0" encoding="{}"?>\n<kml><Document>' + mark("Чаткал") + TAIL
    files = [
        text.format("windows-1251").encode("cp1251"),
        text.format("UTF-8").encode("cp1251"),  # bytes that belie their header
        text.format("UTF-8").encode("utf-8-sig"),
        text.format("UTF-16").encode("utf-16"),
        zipped({"folder/units.kml": text.format("UTF-8").encode()}),
    ]
    answers = engine("read", files=[base64.b64encode(content).decode() for content in files])
    assert [answer["placemarks"][0]["name"] for answer in answers] == ["Чаткал"] * 5


def opened(engine, *contents):
    """What the page makes of files, with one unit handed out."""
    given = {
        "id": "CU-001",
        "name": {"en": "Ustyurt", "ru": ""},
        "polygons": [[[[60, 40], [61, 40], [61, 41]]]],
    }
    files = [base64.b64encode(content).decode() for content in contents]
    about = {"group": "S1", "round": "00"}
    return engine("open", files=files, base={"CU-001": given}, about=about)


def told_of(name, words, corner, **data):
    """A placemark with a box a degree wide, words in its balloon, and data."""
    x, y = corner
    ring = f"{x},{y} {x + 1},{y} {x + 1},{y + 1} {x},{y + 1} {x},{y}"
    values = "".join(
        f'<Data name="{key}"><value>{value}</value></Data>' for key, value in data.items()
    )
    return (
        f"<Placemark><name>{name}</name><description>{words}</description>"
        f"<ExtendedData>{values}</ExtendedData><Polygon><outerBoundaryIs><LinearRing>"
        f"<coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
    )


def test_words_in_any_part_of_a_unit_and_on_evidence_come_along(engine):
    """As Google Earth saves a pack: people type into whatever balloon is open, and a word says "part"."""
    unit = {"cu_id": "CU-001"}
    body = (
        told_of("CU-001 Ustyurt (part 1)", "fence at km 40", (60, 40), part=1, **unit)
        + told_of("X CU-001 Ustyurt (часть 2)", "no water", (63, 40), part=2, **unit)
        + told_of("Barsakelmes", "closed since 1999", (58, 45), layer="protected_areas")
        + told_of("Legend", "&lt;b&gt;ours&lt;/b&gt;", (58, 45), layer="about")
        + "<Placemark><name>begun</name><description>never drawn</description></Placemark>"
        + "<Folder><name>to discuss</name><description>all of these</description></Folder>"
    )
    (work,) = opened(engine, (HEAD + body + TAIL).encode())
    one = work["units"]["CU-001"]
    assert one["comment"] == "fence at km 40\nno water"
    assert (one["name_en"], one["name_ru"]) == ("Ustyurt", "")  # nobody has renamed it
    assert one["rejected"] is True  # by any of its parts, as `collect` has it
    assert len(one["polygons"]) == 2
    assert [pin["text"] for pin in work["pins"].values()] == ["Barsakelmes: closed since 1999"]
    assert work["lost"] == ["begun", "to discuss"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_part_is_no_name_in_the_language_of_any_pack_and_a_sector_is_one(engine, lang):
    name = f"CU-001 Ustyurt ({text('part', lang)} 2)"
    assert workshop.bare_name(name) == "Ustyurt"
    assert workshop.bare_name("CU-001 Ustyurt (sector 2)") == "Ustyurt (sector 2)"
    part = told_of(name, "", (60, 40), part=2, cu_id="CU-001")
    sector = told_of("CU-001 Ustyurt (sector 1)", "", (63, 40), part=1, cu_id="CU-001")
    assert (
        opened(engine, (HEAD + part + TAIL).encode())[0]["units"]["CU-001"]["name_en"] == "Ustyurt"
    )
    (work,) = opened(engine, (HEAD + sector + TAIL).encode())
    assert work["units"]["CU-001"]["name_en"] == "Ustyurt (sector 1)"


def test_no_pin_takes_the_place_of_another(engine):
    """Two of the page, the second copied in Google Earth, one drawn there; and words on evidence."""

    def pin(words, **data):
        values = "".join(f'<Data name="{key}"><value>{v}</value></Data>' for key, v in data.items())
        return (
            f"<Placemark><name>{words}</name><ExtendedData>{values}</ExtendedData>"
            "<Point><coordinates>60,40</coordinates></Point></Placemark>"
        )

    body = pin("one", draw_id="P1") + pin("two", draw_id="P1001") + pin("again", draw_id="P1001")
    body += pin("new") + told_of("Barsakelmes", "closed", (58, 45), layer="protected_areas")
    (work,) = opened(engine, (HEAD + body + TAIL).encode())
    said = [pin["text"] for pin in work["pins"].values()]
    assert sorted(said) == ["Barsakelmes: closed", "again", "new", "one", "two"]
    assert work["pins"]["P1001"]["text"] == "two"


def test_a_copied_part_is_a_shape_of_its_own_and_no_shape_takes_the_place_of_another(engine):
    """A copy that was moved; one that was not; a shape of the page (N2) between two of Google Earth."""
    unit = {"cu_id": "CU-001", "part": 1}
    body = (
        told_of("CU-001 Ustyurt", "", (60, 40), **unit)
        + told_of("CU-001 Ustyurt", "looked at again", (60, 40), **unit)
        + told_of("CU-001 Ustyurt", "perhaps here", (70, 40), **unit)
        + told_of("ours", "", (72, 40), draw_id="N2")
        + told_of("Untitled Polygon", "", (74, 40))
        + told_of("Untitled Polygon", "", (76, 40))
    )
    (work,) = opened(engine, (HEAD + body + TAIL).encode())
    wests = {key: unit["polygons"][0][0][0][0] for key, unit in work["units"].items()}
    assert wests == {"CU-001": 60, "N1": 70, "N2": 72, "N3": 74, "N4": 76}
    assert work["units"]["CU-001"]["comment"] == "looked at again"
    assert len(work["units"]["CU-001"]["polygons"]) == 1
    assert work["units"]["N1"]["comment"] == "perhaps here"


def test_a_unit_that_went_into_one_that_was_split_since_stays_in_it(engine):
    """A file of old names no unit behind "CU-001>"; that a piece was merged from it says enough."""
    body = told_of("the east", "", (60, 40)) + told_of("rest", "", (70, 40), merged_from="CU-001")
    about = '<ExtendedData><Data name="working_group"><value>S1</value></Data><Data name="merged"><value>CU-001&gt;</value></Data></ExtendedData>'
    (work,) = opened(engine, (HEAD + about + body + TAIL).encode())
    assert work["units"]["CU-001"]["into"] == "N2"
    assert work["missing"] == []


def path_of(name, corners, data=""):
    """A placemark with a path."""
    text = " ".join(f"{lon},{lat},0" for lon, lat in corners)
    line = f"<LineString><coordinates>{text}</coordinates></LineString>"
    return f"<Placemark><name>{name}</name>{data}{line}</Placemark>"


def surrounding(gap):
    """A path round a degree whose ends are so far apart, as a share of its length."""
    # length = 4 - away, and away = gap × length
    away = 4 * gap / (1 + gap)
    return [(70, 40), (71, 40), (71, 41), (70, 41), (70, 40 + away)]


def read_alike(engine, content):
    """The names that the page makes units of, and what `collect` reads of the same bytes."""
    (work,) = opened(engine, content)
    table = kml.read_placemarks(content, "f.kml").table
    grounds = [
        row["polygons"] if row["polygons"] is not None else row["loops"]
        for row in table.to_dict("records")
    ]
    names = [
        name for name, ground in zip(table["name"], grounds, strict=True) if ground is not None
    ]
    areas = [shapely.area(ground) for ground in grounds if ground is not None]
    new = [unit for unit in work["units"].values() if unit["origin"] == "new"]
    return (
        work,
        dict(zip(names, areas, strict=True)),
        {unit["name_en"]: area_of(unit) for unit in new},
    )


def area_of(unit):
    """Square degrees of a unit of the page."""
    return sum(shapely.Polygon(rings[0], rings[1:]).area for rings in unit["polygons"])


def test_an_opened_file_has_the_grounds_that_collect_takes(engine):
    """Paths that nearly close, one just does not; outlines that cross themselves; what is none is named."""
    crossing = "<coordinates>63,45 65,46.5 65,45 63,46.5 63,45</coordinates>"
    bow = (
        "<Placemark><name>bow</name><Polygon><outerBoundaryIs><LinearRing>"
        f"{crossing}</LinearRing></outerBoundaryIs></Polygon></Placemark>"
    )
    places = "".join(f"<gx:coord>{lon} {lat} 9</gx:coord>" for lon, lat in surrounding(0.0))
    track = f"<Placemark><name>walked</name><gx:Track>{places}</gx:Track></Placemark>"
    body = (
        bow
        + track
        + path_of("closed", [*surrounding(0.0)])
        + path_of("nearly", surrounding(0.049))
        + path_of("open", surrounding(0.051))
        + path_of("fence", [(64, 44), (66, 44)])
    )
    head = HEAD.replace("<kml", '<kml xmlns:gx="http://www.google.com/kml/ext/2.2"', 1)
    work, of_collect, of_page = read_alike(engine, (head + body + TAIL).encode())
    assert set(of_page) == set(of_collect) == {"bow", "walked", "closed", "nearly"}
    for name, area in of_collect.items():
        # sides of a KML follow the ground, and the page's corners have five decimals
        assert of_page[name] == pytest.approx(area, rel=1e-3), name
    assert work["lost"] == ["open", "fence"]
    assert work["missing"] == ["CU-001"]


def mark_of(name, *polygons):
    """A placemark of polygons, each a shell and its holes as texts of coordinates."""
    text = "".join(
        "<Polygon>"
        + "".join(
            f"<{side}><LinearRing><coordinates>{ring}</coordinates></LinearRing></{side}>"
            for side, ring in zip(
                ("outerBoundaryIs", *["innerBoundaryIs"] * len(rings)), rings, strict=False
            )
        )
        + "</Polygon>"
        for rings in polygons
    )
    return f"<Placemark><name>{name}</name><MultiGeometry>{text}</MultiGeometry></Placemark>"


def box_text(west, south, east, north):
    return f"{west},{south} {east},{south} {east},{north} {west},{north} {west},{south}"


def drawn_oddly():
    """Placemarks whose rings lie on, in and beside one another: rings of each polygon, and their ground by hand."""
    square = box_text(70, 40, 73, 43)  # nine square degrees
    return {
        "two": (3, [box_text(70, 40, 72, 41)], [box_text(71, 40, 73, 41)]),
        "the same": (1, [box_text(70, 40, 71, 41)], [box_text(70, 40, 71, 41)]),
        "one in the other": (9, [square], [box_text(71, 41, 72, 42)]),
        "beside": (2, [box_text(70, 40, 71, 41)], [box_text(71, 40, 72, 41)]),
        "holes on each other": (
            7.5,
            [square, box_text(71, 41, 72, 42), box_text(71.5, 41, 72.5, 42)],
        ),
        "a hole twice": (8, [square, *[box_text(71, 41, 72, 42)] * 2]),
        "a hole outside": (1, [box_text(70, 40, 71, 41), box_text(72, 40, 72.5, 41)]),
        "a hole around": (8, [box_text(71, 41, 72, 42), square]),
        "a hole over the edge": (3.5, [box_text(70, 40, 72, 42), box_text(71, 41, 73, 41.5)]),
        "round twice": (1, [" ".join([box_text(70, 40, 71, 41)] * 2)]),
        "star": (1.558, ["70,42 71,40 69,41.3 71,41.3 69,40 70,42"]),
        "spaces": (1, [box_text(70, 40, 71, 41).replace(",", ", ")]),
    }


def test_ground_is_counted_once_however_often_it_is_drawn(engine):
    """As `collect` has it of the same placemarks."""
    wanted = {name: km2 for name, (km2, *_) in drawn_oddly().items()}
    body = "".join(mark_of(name, *polygons) for name, (_, *polygons) in drawn_oddly().items())
    work, of_collect, of_page = read_alike(engine, (HEAD + body + TAIL).encode())
    assert of_page == pytest.approx(wanted, rel=1e-3)
    assert of_collect == pytest.approx(wanted, rel=1e-3)
    beside = next(unit for unit in work["units"].values() if unit["name_en"] == "beside")
    assert len(beside["polygons"]) == 2


def test_a_unit_redrawn_as_a_path_is_that_unit(engine):
    data = '<ExtendedData><Data name="cu_id"><value>CU-001</value></Data></ExtendedData>'
    body = path_of("CU-001 Ustyurt", surrounding(0.0), data)
    (work,) = opened(engine, (HEAD + body + TAIL).encode())
    assert work["missing"] == work["lost"] == []
    assert area_of(work["units"]["CU-001"]) == pytest.approx(1)


def test_all_kml_of_an_archive_are_opened_as_collect_reads_them(engine):
    """A folder that a Mac zipped: shadows come first, and what is deeper comes behind."""
    shadow, units = b"\x00\x05\x16\x07", (HEAD + mark("here") + TAIL).encode()
    beside = (HEAD + mark("beside") + TAIL).encode()
    archive = zipped(
        {
            "__MACOSX/._doc.kml": shadow,
            "edit/._doc.kml": shadow,
            "edit/old/a.kml": beside,
            "edit/doc.kml": units,
        }
    )
    (work,) = opened(engine, archive)
    new_units = [unit for unit in work["units"].values() if unit["origin"] == "new"]
    assert [unit["name_en"] for unit in new_units] == ["here", "beside"]
    read_names = kml.read_placemarks(archive, "edit.zip").table["name"].tolist()
    assert read_names == ["here", "beside"]


def test_a_broken_kml_of_an_archive_is_named_and_the_others_are_opened(engine):
    """Cut off, of a kind that is not read, and with a byte of its packed content changed."""
    units = (HEAD + mark("here") + TAIL).encode()
    beside = (HEAD + mark("beside") + TAIL).encode()
    archive = zipped(
        {
            "old/cut.kml": units[:-40],
            "old/typed.kml": b"<!DOCTYPE k>" + units,
            "old/hurt.kml": units * 50,
            "old/whole.kml": beside,
            "doc.kml": units,
        }
    )
    with zipfile.ZipFile(io.BytesIO(archive)) as found:
        start = found.getinfo("old/hurt.kml").header_offset + 30 + len("old/hurt.kml")
    archive = archive[: start + 1] + b"\xff" * 20 + archive[start + 21 :]
    (answer,) = engine("read", files=[base64.b64encode(archive).decode()])
    assert [one["name"] for one in answer["placemarks"]] == ["here", "beside"]
    faults = [(one["name"], one["fault"]["key"]) for one in answer["faults"]]
    assert faults == [
        ("old/cut.kml", "draw file broken"),
        ("old/typed.kml", "draw file doctype"),
        ("old/hurt.kml", "draw file broken"),
    ]


# -- a thousand edits -------------------------------------------------------------------------------


def edited(shape, rng):
    """An outline as a hand might leave it: moved, shaken, scaled, or three vertices dragged."""
    kind, shift, factor = rng.integers(4), rng.normal(0, 0.3, 2), rng.uniform(0.4, 1.6)
    middle = np.array(shape.centroid.coords[0])
    parts = []
    for part in shapely.get_parts(shape):
        xy = shapely.get_coordinates(part.exterior)[:-1].copy()
        if kind == 0:
            xy += shift
        elif kind == 1:
            xy += rng.normal(0, 0.05, xy.shape)
        elif kind == 2:
            xy = middle + (xy - middle) * factor
        else:
            xy[rng.integers(len(xy), size=3)] += rng.normal(0, 0.4, (3, 2))
        parts.append(shapely.Polygon(np.round(xy, 5)))
    whole = shapely.make_valid(
        shapely.MultiPolygon(parts), method="structure", keep_collapsed=False
    )
    return shapely.set_precision(whole, 1e-5)


@pytest.mark.slow
def test_a_thousand_random_edits_are_measured_as_assess_does(engine):
    """Bounds of areas and shares, and no tick that turns out otherwise, except where it says close."""
    plan = read_plan(None)
    pieces = cut(load(plan), plan)
    known = pieces.layers
    done = Round(Imprint("T", "2026-11-22", "Round 00", "p"), {}, {"inputs": []})
    ground = drawing_ground(pieces, done)
    coarse = set(ground["coarse_species"])
    assert coarse  # the bundled species list has sensitive ones
    counted = species_ranges(known)[["sci_name", "iucn_category", "in_cami", "range_km2"]]
    species = json.loads(
        counted.assign(coarse=counted["sci_name"].isin(coarse)).to_json(orient="records")
    )
    hotspots = known.hotspots.to_crs("EPSG:4326").geometry.simplify(0.02)
    rng = np.random.default_rng(16)
    shapes = []
    while len(shapes) < 1_000:
        shape = edited(hotspots.iloc[rng.integers(len(hotspots))], rng)
        if shape.geom_type in ("Polygon", "MultiPolygon") and shape.area > 0.05:
            shapes.append(shape)
    sites = gpd.GeoDataFrame(
        {"site": [f"s{n}" for n in range(len(shapes))]}, geometry=shapes, crs="EPSG:4326"
    )
    measured = assess_sites(to_equal_area(sites, plan.study.crs), pieces, plan, site="site")
    answers = engine(
        "assess",
        ground=ground,
        species=species,
        profile=plan.profile.model_dump(mode="json"),
        outlines=[{"polygons": polygons_of(shape)} for shape in shapes],
    )
    met = measured.findings.criteria.pivot(index="site", columns="criterion", values="met")
    area = measured.tables.sites.set_index("site")["area_km2"]
    states = measured.tables.states.groupby("site")
    ranges = measured.tables.ranges.groupby("site")
    close = {True: [], False: []}
    for site, answer in zip(sites["site"], answers, strict=True):
        bound = max(20.0, 0.001 * area[site])
        assert abs(answer["measures"]["area_km2"] - area[site]) <= bound
        for row in states.get_group(site).itertuples() if site in states.groups else ():
            assert abs(answer["site"]["states"].get(row.iso2, 0.0) - row.km2) <= bound
        for row in ranges.get_group(site).itertuples() if site in ranges.groups else ():
            if row.sci_name not in coarse and row.km2 >= 1:
                assert answer["site"]["ranges"][row.sci_name] == pytest.approx(row.km2, rel=0.01)
        is_coarse = bool(coarse & set(answer["site"]["ranges"]))
        for name in FINDINGS:
            close[is_coarse].append(name in answer["close"])
            if name not in answer["close"]:
                want = met.loc[site, name]
                told = {
                    key: answer["measures"][key]
                    for key in ("shared_border_km", "evenness", "n_qualifying")
                }
                assert answer["met"][name] is (None if pd.isna(want) else bool(want)), (
                    *(site, name, told, answer["near"], answer["site"]["errors"]["border_km"]),
                    measured.findings.criteria.query("site == @site and criterion == @name")[
                        "because"
                    ].iloc[0],
                )
    assert np.mean(close[False]) < 0.05
    assert np.mean(close[True]) < 0.10


def test_no_column_that_the_page_writes_is_taken_for_words_of_a_group():
    source = (MODULE_FOLDER / "workshop.js").read_text(encoding="utf-8")
    blocks = re.findall(r"\bdata: \{(.*?)\}", source, re.DOTALL)
    keys = [key for block in blocks for key in re.findall(r"(?:^|[{,])\s*(\w+):", block)]
    assert {"cu_id", "split_of", "ticks", "about"} <= {*keys}
    assert [key for key in keys if not _is_known_column(key)] == []
