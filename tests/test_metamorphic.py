"""What must not matter, does not; what may only help, helps: the bundled layers, told otherwise.

Each test says the same thing in another way, or adds something that cannot change an answer, and
holds the new findings against the old ones, sentence by sentence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal

from cami_units.commands.assess import assess, assess_sites, cut
from cami_units.commands.plan_layers import load
from cami_units.layers import read_sites
from cami_units.model import data_dir
from cami_units.plan import read_plan
from cami_units.rank import rank_units

pytestmark = pytest.mark.slow

Rows = gpd.GeoDataFrame
HOTSPOTS = data_dir() / "hotspots" / "hotspots.geojson"
FILES = {
    "countries": "boundaries/countries.geojson",
    "hotspots": "hotspots/hotspots.geojson",
    "protected_areas": "protected_areas/protected_areas.geojson",
    "barriers": "barriers/barriers.geojson",
    "corridors": "corridors/corridors.geojson",
}
STATES = ["AF", "BT", "CN", "IN", "IR", "KG", "KZ", "MN", "NP", "PK", "RU", "TJ", "TM", "UZ"]
COVERED = "[coverage]\n" + "".join(
    f"{layer} = {json.dumps(STATES)}\n"
    for layer in ("hotspots", "protected_areas", "barriers", "corridors")
)


def bundled(layer: str) -> Rows:
    """A layer as it stands in its file, or files."""
    if layer != "ranges":
        return gpd.read_file(data_dir() / FILES[layer])
    parts = [gpd.read_file(path) for path in sorted((data_dir() / "ranges").glob("*.geojson"))]
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=parts[0].crs)


def plan_of(folder: Path, *, beside: bool = False, text: str = "", **layers: Rows) -> Path:
    """A plan with some layers from files of its own; with `beside`, the bundled ones stay."""
    lines = []
    for layer, rows in layers.items():
        rows.to_file(folder / f"{layer}.geojson", driver="GeoJSON")
        files = [f"{layer}.geojson", "bundled"] if beside else [f"{layer}.geojson"]
        lines.append(f"{layer} = {json.dumps(files)}\n")
    head = 'title = "t"\ndate = "2026-11-28"\n[layers]\n'
    (folder / "plan.toml").write_text(head + "".join(lines) + text, encoding="utf-8")
    return folder / "plan.toml"


@pytest.fixture(scope="module")
def as_it_is() -> pd.DataFrame:
    return assess(HOTSPOTS, read_plan(None))


def shuffled(rows: Rows) -> Rows:
    return rows.sample(frac=1, random_state=7).reset_index(drop=True)


def doubled(rows: Rows) -> Rows:
    return gpd.GeoDataFrame(pd.concat([rows, rows], ignore_index=True), crs=rows.crs)


def reversed_rings(rows: Rows) -> Rows:
    return rows.set_geometry(shapely.reverse(rows.geometry.to_numpy()), crs=rows.crs)


def cut_in_two(rows: Rows) -> Rows:
    """Each row as two, west and east of the middle of what it covers."""
    halves = []
    for side in (0, 1):
        shapes = []
        for shape in rows.geometry:
            west, south, east, north = shape.bounds
            middle = round((west + east) / 2, 1)
            box = (west, south, middle, north) if side == 0 else (middle, south, east, north)
            shapes.append(shapely.intersection(shape, shapely.box(*box)))
        half = rows.set_geometry(shapes, crs=rows.crs)
        halves.append(half[shapely.area(half.geometry.to_numpy()) > 0])
    return gpd.GeoDataFrame(pd.concat(halves, ignore_index=True), crs=rows.crs)


def bare(rows: Rows) -> Rows:
    return rows.drop(columns=[name for name in ("label", "note") if name in rows])


SAME: dict[str, tuple[Callable[[Rows], Rows], tuple[str, ...]]] = {
    "rows shuffled": (shuffled, ("ranges", *FILES)),
    "ranges doubled": (doubled, ("ranges",)),
    "columns that nothing reads are gone": (bare, tuple(FILES)),
    "rings reversed": (reversed_rings, ("ranges", *FILES)),
    "countries in two rows": (cut_in_two, ("countries",)),
    "ranges in two rows": (cut_in_two, ("ranges",)),
}
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


def differences(now: pd.DataFrame, before: pd.DataFrame) -> list[str]:
    """Findings that say something else: another verdict or word, or a number beside its rounding."""
    kept = ["site", "decision", "criterion", "met", "met_without_strips"]
    assert_frame_equal(now[kept].reset_index(drop=True), before[kept].reset_index(drop=True))
    pairs = zip(now["because"], before["because"], strict=True)
    return [f"{own}\n  was: {old}" for own, old in pairs if not same_but_for_rounding(own, old)]


def same_but_for_rounding(own: str, old: str) -> bool:
    """The same words, and numbers at most one apart in their last digit: 522.5 km is told as either."""
    if NUMBER.sub("#", own) != NUMBER.sub("#", old):
        return False
    for one, other in zip(NUMBER.findall(own), NUMBER.findall(old), strict=True):
        digits = max(len(text.partition(".")[2]) for text in (one, other))
        apart = abs(float(one.replace(",", "")) - float(other.replace(",", "")))
        if apart > 1.01 * 10**-digits:
            return False
    return True


@pytest.mark.parametrize("way", SAME)
def test_the_same_layers_told_otherwise_say_the_same(tmp_path, as_it_is, way):
    change, names = SAME[way]
    layers = {name: change(bundled(name)) for name in names}
    table = assess(HOTSPOTS, read_plan(plan_of(tmp_path, text=COVERED, **layers)))
    assert differences(table, as_it_is) == []
    assert np.allclose(table["value"], as_it_is["value"], rtol=2e-3, equal_nan=True)


# -- what is added far away, or as evidence ---------------------------------------------------------


def test_a_species_that_lives_elsewhere_changes_nothing(tmp_path, as_it_is):
    """Bactrian deer of a steppe with no hotspot in it: one more species of the list, far from all."""
    species = pd.read_csv(data_dir() / "species.csv", dtype=str, keep_default_na=False)
    row = species[species["sci_name"] == "Saiga tatarica"].assign(
        sci_name="Capreolus pygargus",
        code="ROE",
        name_en="Siberian roe deer",
        synonyms="",
        cms_name="Capreolus pygargus",
        iucn_name="Capreolus pygargus",
        iucn_category="LC",
    )
    far = bundled("ranges").iloc[[0]].assign(sci_name="Capreolus pygargus")
    far = far.set_geometry([shapely.box(78.0, 61.0, 80.0, 62.0)], crs=far.crs)
    ranges = gpd.GeoDataFrame(pd.concat([bundled("ranges"), far]), crs=far.crs)
    pd.concat([species, row]).to_csv(tmp_path / "species.csv", index=False)
    plan = plan_of(tmp_path, text='species = ["species.csv"]\n', ranges=ranges)
    assert_frame_equal(assess(HOTSPOTS, read_plan(plan)), as_it_is)


def scores(plan: Path | None) -> pd.DataFrame:
    """The score, decision and findings of each hotspot as drawn."""
    read = read_plan(plan)
    sites, _ = read_sites(HOTSPOTS, crs=read.study.crs)
    found = assess_sites(sites, cut(load(read), read), read, site="site")
    ranks = rank_units(found.findings, found.decisions, read.profile).set_index("site")
    return found.decisions.set_index("site").assign(score=ranks["score"])


def test_no_score_falls_and_no_decision_is_lost_by_evidence_of_movement(tmp_path):
    """A corridor of each grade for each species through each hotspot, across its borders."""
    before = scores(None)
    sites = gpd.read_file(HOTSPOTS)
    names = sorted(bundled("ranges")["sci_name"].unique())
    rows = [
        {
            "corridor_id": f"M{number}-{grade}-{place}",
            "name": "made",
            "sci_name": name,
            "evidence_grade": grade,
            "source": "made for a test",
            "geometry": shapely.LineString([(west, south), (east, north)]),
        }
        for number, name in enumerate(names)
        for grade in "ABCD"
        for place, (west, south, east, north) in enumerate(sites.geometry.bounds.to_numpy()[::4])
    ]
    made = gpd.GeoDataFrame(rows, crs=sites.crs)
    for grade in ("A", "B", "C", "D"):
        some = made[made["evidence_grade"] == grade]
        added = gpd.GeoDataFrame(pd.concat([bundled("corridors"), some]), crs=sites.crs)
        now = scores(plan_of(tmp_path, text=COVERED, corridors=added))
        fell = now["score"] < before["score"] - 1e-9
        assert not fell.any(), (grade, now[fell], before[fell])
        order = {"not proposed": 0, "area of interest": 1, "proposed CU": 2}
        lost = now["decision"].map(order) < before["decision"].map(order)
        assert not lost.any(), (grade, list(now.index[lost]))
        if grade == "A":
            assert (now["score"] > before["score"] + 0.01).any()  # it is looked at


# -- one state's layers -----------------------------------------------------------------------------


def state_layers(state: str, ground: Any) -> dict[str, Rows]:
    """What a ministry may bring: its own hotspot, protected area, railway, corridor; its ranges.

    The ranges are those of the bundled layer, cut at the border: other ones would change the
    regional range of a species, and with it a share of it anywhere.
    """
    center = ground.representative_point()
    x, y = center.x, center.y
    spot = center.buffer(0.2)
    line = shapely.LineString([(x - 0.2, y), (x + 0.2, y)])
    ranges = bundled("ranges")
    inside = shapely.intersection(ranges.geometry.to_numpy(), ground)
    ranges = ranges.set_geometry(inside, crs=ranges.crs)
    ranges = ranges[shapely.area(inside) > 0].explode(index_parts=False)
    ranges = ranges[ranges.geometry.geom_type == "Polygon"]

    def one(shape: Any, **columns: Any) -> Rows:
        return gpd.GeoDataFrame(
            {key: [value] for key, value in columns.items()}, geometry=[shape], crs="EPSG:4326"
        )

    name = f"{state} own"
    return {
        "hotspots": one(spot, hotspot_id=f"{state}-1", name_en=name, species="", countries=state),
        "protected_areas": one(spot, pa_id=f"{state}-1", name=name, iso2=state, kind="PA"),
        "barriers": one(line, barrier_id=f"{state}-1", name=name, kind="railway", permeability=0.5),
        "corridors": one(
            line,
            corridor_id=f"{state}-1",
            name=name,
            sci_name="Panthera uncia",
            evidence_grade="C",
            source=name,
        ),
        "ranges": ranges,
    }


@pytest.mark.parametrize("state", STATES)
def test_one_states_layers_say_nothing_about_sites_that_do_not_touch_it(tmp_path, as_it_is, state):
    ground = bundled("countries").set_index("iso2").geometry[state]
    sites = gpd.read_file(HOTSPOTS).set_index("hotspot_id").geometry
    elsewhere = set(sites.index[~sites.intersects(ground)])
    assert elsewhere
    plan = plan_of(tmp_path, beside=True, **state_layers(state, ground))
    table = assess(HOTSPOTS, read_plan(plan))
    rows = table["site"].isin(elsewhere)
    assert differences(table[rows], as_it_is[rows]) == []
