"""Movement, barriers, protection, codes, borders and context layers, in full and by hand."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from cami_units import layers, overlap, store
from cami_units.cache import Cache
from cami_units.commands.assess import assess_sites, cut, species_ranges
from cami_units.commands.context import with_context
from cami_units.commands.overlaps import write_overlaps
from cami_units.commands.plan_layers import load
from cami_units.commands.propose import measured_cells, propose, score_cells
from cami_units.commands.round_files import write_proposal
from cami_units.commands.sensitivity import (
    _cell_solver,
    complementary,
    crossings_of,
    measured_ways,
    restoration_notes,
    unit_presence,
    with_sensitivity,
    write_sensitivity,
)
from cami_units.complementarity import SHARE_OF_RANGE
from cami_units.criteria import measures, without_strips
from cami_units.layers._equal_area import in_crs
from cami_units.model import (
    EQUAL_AREA,
    LONLAT,
    Imprint,
    InputError,
    Profile,
    Raster,
    Round,
    SiteTables,
)
from cami_units.overlap import border_pairs
from cami_units.plan import Plan, read_plan, read_profile
from cami_units.rank import nearest_misses, rank_units
from cami_units.sensitivity import Design
from cami_units.words.finding_sentences import because
from tests.conftest import km_box
from tests.test_criteria import SPECIES, TOY, assess, table


@pytest.fixture(scope="module")
def profile() -> Profile:
    return read_profile()


def frame(*shapes: object, **columns: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=EQUAL_AREA)


def line(*km: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([(1000 * x, 1000 * y) for x, y in km])


# -- C5: movement read from seasonal ranges -------------------------------------------------------


def movement(profile: Profile, tables: SiteTables, site: str) -> pd.Series:
    rows = assess(tables, SPECIES, profile).criteria
    return rows[(rows["site"] == site) & (rows["criterion"] == "C5")].iloc[0]


def seasonal(*rows: tuple[object, ...]) -> pd.DataFrame:
    return table("site sci_name seasonal iso2 km2", *rows)


def test_breeding_here_and_wintering_there_is_a_crossing_of_the_lowest_grade(profile):
    # S2 has one crossing of grade C and none of A or B. Beta breeds in BB and winters in CC, which
    # share a border in S2: one more crossing, of grade D. It is told and does not meet C5.
    parts = seasonal(("S2", "Beta", 2, "BB", 900.0), ("S2", "Beta", 3, "CC", 400.0))
    row = movement(profile, replace(TOY, seasonal=parts), "S2")
    assert not row["met"]
    assert row["value"] == 0
    assert "seasonal range Beta cat BB–CC, grade D" in row["because"]


def test_seasonal_ranges_count_where_the_profile_says_so(profile):
    parts = seasonal(("S2", "Beta", 2, "BB", 900.0), ("S2", "Beta", 3, "CC", 400.0))
    generous = profile.model_copy(
        update={"C5": profile.C5.model_copy(update={"seasonal_grade": "B"})}
    )
    row = movement(generous, replace(TOY, seasonal=parts), "S2")
    assert (row["met"], row["value"]) == (True, 1)


@pytest.mark.parametrize(
    "parts",
    [
        seasonal(("S2", "Beta", 2, "BB", 900.0), ("S2", "Beta", 3, "CC", 99.0)),  # below 100 km²
        seasonal(("S2", "Beta", 2, "BB", 900.0), ("S2", "Beta", 3, "BB", 400.0)),  # one side
        seasonal(("S2", "Beta", 2, "AA", 900.0), ("S2", "Beta", 3, "CC", 400.0)),  # no border in S2
        seasonal(("S2", "Beta", 2, "BB", 900.0), ("S2", "Beta", 2, "CC", 400.0)),  # one season
        seasonal(("S2", "Chiru", 2, "BB", 900.0), ("S2", "Chiru", 3, "CC", 400.0)),  # not counted
    ],
)
def test_what_is_no_crossing(profile, parts):
    plain = movement(profile, TOY, "S2")
    row = movement(profile, replace(TOY, seasonal=parts), "S2")
    assert row["because"] == plain["because"]


def test_a_passage_range_on_both_sides_is_a_crossing_and_makes_c5_assessed(profile):
    # No corridor layer at all: C5 is not assessed, until a passage range lies across the border.
    bare = replace(TOY, corridors=None, crossings=None)
    assert pd.isna(movement(profile, bare, "S2")["met"])
    parts = seasonal(("S2", "Beta", 4, "BB", 300.0), ("S2", "Beta", 4, "CC", 300.0))
    row = movement(profile, replace(bare, seasonal=parts), "S2")
    assert row["met"] is np.False_ or row["met"] is False
    assert "seasonal range Beta cat BB–CC, grade D" in row["because"]
    findings = assess(replace(bare, seasonal=parts), SPECIES, profile).summary.set_index("site")
    assert findings.loc["S2", "movement_grade"] == 0.25  # what D is worth in the profile


def test_the_evidence_of_a_counted_crossing_is_cited(profile):
    source = {"L1": "Toy telemetry 2024 doi 10.1/toy", "L2": "a map", "L3": "somebody"}
    told = TOY.crossings.assign(source=TOY.crossings["corridor_id"].map(source))
    row = movement(profile, replace(TOY, crossings=told), "S1")
    assert row["because"].endswith("; evidence: Toy telemetry 2024 doi 10.1/toy.")  # L2 is grade D
    hostile = told.assign(source="<b>\x1b[31m\nA\u202e")
    row = movement(profile, replace(TOY, crossings=hostile), "S1")
    assert row["because"].endswith(
        "; evidence: <b>[31m A."
    )  # one line; whoever shows it escapes it


def test_what_a_source_says_of_ours_is_told_in_the_readers_language(profile):
    """By its codes, which come with the crossing; English is what the file says."""
    told = TOY.crossings.assign(
        source="Toy 2024; extent from memory (low)", source_facts="=;memory extent low"
    )
    parts = seasonal(("S1", "Beta", 2, "AA", 900.0), ("S1", "Beta", 3, "BB", 400.0))
    row = movement(profile, replace(TOY, crossings=told, seasonal=parts), "S1")
    assert "evidence: Toy 2024; extent from memory (low)" in row["because"]
    spoken = because(row["facts"], {}, "ru")
    assert "Toy 2024; очертания по памяти (достоверность низкая)" in spoken


def test_seasonal_parts_are_cut_by_state_when_layers_are_cut():
    plan, known = bundled()
    sample = known.ranges[known.ranges["use"] == "kept"].iloc[[0]].assign(seasonal=4)
    pieces = cut(replace(known, ranges=sample), plan)
    assert set(pieces.seasonal["seasonal"]) == {4}
    whole = overlap.area_km2(sample).sum()
    inside = overlap.area_km2(sample.clip(pieces.states.union_all())).sum()
    assert overlap.area_km2(pieces.seasonal).sum() == pytest.approx(inside, rel=1e-6)
    assert inside <= whole * (1 + 1e-9)


# -- by how much a site falls short ---------------------------------------------------------------


def test_what_comes_nearest_to_being_met_by_hand(profile):
    # A strict profile: T ≥ 4, W ≥ 20, shares ≥ 90 %, three crossings of A or B. S1 has Alpha (VU 3)
    # and Gamma (LC 1) on both sides: T 2 of 4 = 0.5; W 4 of 20 = 0.2; S of Alpha 100 % ≥ 90: C3 is
    # met, so S1 misses nothing. S2 has Beta alone: T 1 of 4, W 4 of 20, S 24,000/90,000 = 26.7 of
    # 90 % = 0.296; crossings of A or B 0. Nearest is C3, 63.3 short.
    strict = profile.model_copy(
        update={
            "C1": profile.C1.model_copy(update={"min_species": 4}),
            "C2": profile.C2.model_copy(update={"min_weight": 20, "or_categories": ()}),
            "C3": profile.C3.model_copy(update={"min_share": 90, "min_share_by_category": {}}),
            "C5": profile.C5.model_copy(update={"min_crossings": 3}),
        }
    )
    rows = nearest_misses(assess(TOY, SPECIES, strict), strict)
    assert rows["site"].tolist() == ["S2"]
    row = rows.iloc[0]
    assert (row["criterion"], row["threshold"], row["unit"]) == ("C3", 90, "% of regional range")
    assert row["value"] == pytest.approx(26.667, abs=1e-3)
    assert row["missing"] == pytest.approx(63.333, abs=1e-3)


# -- C6: where barriers cut ranges ----------------------------------------------------------------

_BUNDLED: list[tuple[Plan, object]] = []


def bundled():
    if not _BUNDLED:
        plan = read_plan(None)
        _BUNDLED.append((plan, load(plan)))
    return _BUNDLED[0]


@pytest.fixture(scope="module")
def pieces():
    plan, known = bundled()
    return cut(known, plan)


@pytest.fixture(scope="module")
def some_units(pieces) -> gpd.GeoDataFrame:
    """Four hotspots under the ids of units."""
    spots = pieces.layers.hotspots
    chosen = spots[spots["hotspot_id"].isin(["H01", "H02", "H24", "H31"])]
    return chosen.reset_index(drop=True).assign(
        unit_id=[f"CU-{number:03d}" for number in range(1, 5)],
        score=[0.9, 0.8, 0.7, 0.6],
        status="modelled candidate",
    )


def test_the_middle_of_the_longest_part():
    two = shapely.MultiLineString([line((0, 0), (2, 0)), line((10, 0), (20, 0))])
    points = overlap.middles(frame(two, line((0, 0), (0, 4)), id=[1, 2]))
    assert [(point.x / 1000, point.y / 1000) for point in points] == [(15, 0), (0, 2)]


def test_what_runs_along_a_border_by_hand():
    # A border along y = 0 from x = 0 to 100; a fence 3 km beside it from x = 20 to 60, then away.
    border = frame(line((0, 0), (100, 0)), pair=["AA;BB"])
    fence = frame(line((20, 3), (60, 3), (60, 80)), barrier_id=["F"])
    near = overlap.along(fence, border, line="barrier_id", within_km=10)
    assert near.geometry.length.sum() / 1000 == pytest.approx(40 + 7)  # and 7 km on its way out
    assert overlap.along(fence, border, line="barrier_id", within_km=2).empty


def test_what_decides_only_is_what_is_told_and_the_firm_numbers_are_those_of_cut_tables(pieces):
    # two ways to one answer: a hotspot that is not told of finding by finding is decided on alike, and
    # the numbers without strips are those of tables from which somebody took the strips away
    plan = read_plan(None)
    hotspots = pieces.layers.hotspots
    told = assess_sites(hotspots, pieces, plan, site="hotspot_id")
    bare = assess_sites(
        hotspots, pieces, plan, site="hotspot_id", is_told=False, tables=told.tables
    )
    pd.testing.assert_frame_equal(told.decisions, bare.decisions)
    pd.testing.assert_frame_equal(told.findings.summary, bare.findings.summary)
    columns = list(bare.findings.criteria)
    assert {"because", "met_without_strips"} == {*told.findings.criteria} - {*columns}
    pd.testing.assert_frame_equal(told.findings.criteria[columns], bare.findings.criteria)

    firm = without_strips(told.evidence.tables, plan.profile)
    assert len(firm.states) < len(told.evidence.tables.states)  # some sides are strips
    again = measures(firm, species_ranges(pieces.layers), plan.profile)
    pd.testing.assert_frame_equal(told.evidence.firm, again)


def test_crossings_name_the_barrier_the_species_and_the_place(pieces, some_units):
    found = crossings_of(some_units, pieces)
    assert found.crs == LONLAT
    assert set(found["unit_id"]) <= set(some_units["unit_id"])
    assert found["permeability"].between(0, 1).all()
    ranges, corridors = found[found["corridor_id"] == ""], found[found["corridor_id"] != ""]
    assert len(ranges)
    assert len(corridors)
    assert (ranges["km"] > 0).all()
    assert corridors["km"].isna().all()
    species = pieces.layers.species.set_index("sci_name")
    assert (species.loc[found["sci_name"].unique(), "in_cami"] == "yes").all()
    # A point that is no sensitive species' lies on its barrier and in its unit.
    flat = found.to_crs(pieces.layers.crs)
    open_ = flat["sci_name"].map(species["sensitive"]).ne("yes")
    barrier = pieces.layers.barriers.set_index("barrier_id").geometry
    unit = some_units.set_index("unit_id").geometry
    for row in flat[open_].itertuples():
        assert row.geometry.distance(barrier[row.barrier_id]) < 5  # five decimals of a degree
        assert row.geometry.distance(unit[row.unit_id]) < 5


def test_a_sensitive_species_is_told_on_a_coarse_lattice(pieces, some_units):
    species = pieces.layers.species.assign(sensitive="yes")
    hidden = replace(pieces, layers=replace(pieces.layers, species=species))
    found = crossings_of(some_units, hidden)
    corners = found.to_crs(pieces.layers.crs).get_coordinates().to_numpy() / 1000
    steps = [[x / km for km in (25, 26, 27)] for x in corners.ravel()]
    assert (abs(np.array(steps) - np.round(steps)).min(axis=1) < 1e-3).all()


def test_without_barriers_there_is_an_empty_table_with_its_columns(pieces, some_units):
    none = replace(pieces, layers=replace(pieces.layers, barriers=None))
    found = crossings_of(some_units, none)
    assert len(found) == 0
    assert {
        "unit_id",
        "corridor_id",
        "barrier_id",
        "sci_name",
        "permeability",
        "lon",
        "lat",
    } <= set(found.columns)


# -- C7: protected areas in numbered steps --------------------------------------------------------


def test_the_steps_of_protected_areas_can_be_switched_off(tmp_path):
    here = [shapely.box(x, 48, x + 0.1, 48.1) for x in (70, 71, 72)]
    wdpa = gpd.GeoDataFrame(
        {
            "SITE_PID": list("1234"),
            "NAME": ["kept", "proposed", "biosphere", "point"],
            "ISO3": "KAZ",
            "STATUS": ["Designated", "Proposed", "Designated", "Designated"],
            "DESIG_ENG": ["Park", "Park", "UNESCO-MAB Biosphere Reserve", "Park"],
            "REP_AREA": [80.0, 70.0, 60.0, 50.0],
        },
        geometry=[*here, shapely.Point(73, 48)],
        crs=LONLAT,
    )
    path = tmp_path / "wdpa.gpkg"
    wdpa[:3].to_file(path, layer="polygons")
    wdpa[3:].to_file(path, layer="points")

    def names(*steps: int) -> list[str]:
        with pytest.warns(UserWarning, match=r"areas|point") as heard:
            found = layers.read_protected_areas(path, steps=steps)
        said.extend(str(one.message) for one in heard)
        return sorted(found["name"])

    said: list[str] = []
    assert names(1, 2, 3, 4, 5) == ["kept", "point"]
    assert "left out (70 km² as reported)" in said[0]
    assert "left out (60 km² as reported)" in said[0]
    assert "1 point drawn as a circle of its reported area (50 km²)" in said[0]
    assert names(1, 3, 4) == ["kept", "point", "proposed"]
    assert names(2, 4) == ["biosphere", "kept", "point"]
    assert names(2, 3) == ["kept"]
    assert "1 point (50 km² as reported): left out" in said[-1]
    with pytest.raises(InputError, match="the steps 1 to 5; 7 came"):
        layers.read_protected_areas(path, steps=[7])


# -- ranges read otherwise ------------------------------------------------------------------------

GRADED = frame(
    km_box(0, 0, 100, 100),
    km_box(100, 0, 200, 100),
    sci_name=["fox", "fox"],
    confidence=["high", "low"],
)
EDGES = {"high": 10.0, "medium": 25.0, "low": 50.0}


def test_edges_drawn_in_by_hand():
    # Two squares side by side: the high one loses 10 km on three sides, the low one 50 km of its
    # height from above and below, so all of it but a line; nothing is lost along the seam, except
    # where the 50 km reach over it from the corners of the low square: quarter circles of 50 km
    # around (100, 0) and (100, 100), of which the strips of 10 km are gone already.
    inner = layers.moved_edges(GRADED, km=EDGES, ungraded="medium", outwards=False)
    assert inner["confidence"].tolist() == ["high"]
    shape = inner.geometry.iloc[0]
    assert shape.within(km_box(10, 10, 100, 90).buffer(1))
    assert shape.contains(km_box(11, 11, 49, 89))  # out of reach of the low part's corners
    assert shape.distance(shapely.Point(100_000, 50_000)) < 2_000  # the seam itself stands


def test_edges_drawn_out_by_hand():
    outer = layers.moved_edges(GRADED, km=EDGES, ungraded="medium", outwards=True)
    left, low, right, top = outer.dissolve().total_bounds / 1000
    assert (left, right) == pytest.approx((-10, 250))
    assert (low, top) == pytest.approx((-50, 150))
    high = outer[outer["confidence"] == "high"].geometry.iloc[0]
    # 100 × 100 and a rim of 10 km with round corners, which a polygon of 16 sides falls short of.
    assert high.area / 1e6 == pytest.approx(10_000 + 4_000 + np.pi * 100, rel=2e-3)


def test_ungraded_edges_move_as_the_plan_says_and_nothing_in_is_changed():
    one = frame(km_box(0, 0, 100, 100), sci_name=["fox"], confidence=["ungraded"])
    before = one.copy()
    outer = layers.moved_edges(one, km=EDGES, ungraded="medium", outwards=True)
    assert outer.total_bounds[2] / 1000 == pytest.approx(125)
    gone = layers.moved_edges(one, km={"medium": 60.0}, ungraded="medium", outwards=False)
    assert gone.empty
    assert one.equals(before)


@pytest.mark.slow
def test_presence_tables_add_and_lose_species_as_codes_change(pieces, some_units):
    plan, _ = bundled()
    cells = partial(measured_cells, pieces, plan)
    # as they are drawn is enough here: growing them otherwise takes a minute
    design = Design(cell_km=(), border_km=())
    ways = measured_ways(some_units, pieces, plan, design, cells)
    found = unit_presence(some_units, pieces, plan, design, ways)
    assert found["presence"].tolist() == ["1", "1, 2", "1, 2, 3"] * 4
    assert found.loc[found["presence"] == "1, 2", "as_stated"].all()
    stated = found[found["as_stated"]]
    assert (stated["gained"] == "").all()
    assert (stated["lost"] == "").all()
    wide = found[found["presence"] == "1, 2, 3"].set_index("unit_id")
    # DOMAIN: presence 3 gives supporting species; counted as extant, they are no longer supporting.
    assert (
        wide["n_species"].to_numpy() >= stated.set_index("unit_id")["n_species"].to_numpy()
    ).all()
    assert (wide["species_supporting"] == "").all()


def test_what_is_gone_is_a_note_for_restoration(pieces):
    ranges = pieces.layers.ranges
    lost = ranges[(ranges["presence"] == 5) & (ranges["sci_name"] != "Pantholops hodgsonii")]
    unit = frame(*lost.geometry.iloc[:1], unit_id=["CU-001"])
    notes = restoration_notes(unit, pieces.layers)
    row = notes[notes["presence"] == 5].iloc[0]
    assert (row["sci_name"], row["note"]) == (lost["sci_name"].iloc[0], "extinct")
    assert row["overlap_km2"] == pytest.approx(lost.geometry.iloc[0].area / 1e6, rel=1e-6)
    assert restoration_notes(frame(km_box(0, -3000, 10, -2990), unit_id=["X"]), pieces.layers).empty


# -- borders --------------------------------------------------------------------------------------


def test_every_pair_of_states_has_its_border_and_what_lies_along_it(pieces, some_units, profile):
    found = border_pairs(some_units, pieces, profile).set_index("pair")
    assert found.index.is_unique
    assert found.index.is_monotonic_increasing
    assert set(found.index) == set(pieces.layers.borders["pair"])
    lengths = overlap.length_km(pieces.layers.borders).groupby(pieces.layers.borders["pair"]).sum()
    assert found["border_km"].to_dict() == pytest.approx(lengths.to_dict())
    assert (found["disputed_km"] <= found["border_km"] + 1e-6).all()
    assert (found["disputed_km"] > 0).any()
    # Ustyurt (H01, here CU-001) lies on the border of Kazakhstan and Uzbekistan, which saiga cross.
    ustyurt = found.loc["KZ;UZ"]
    assert "CU-001" in ustyurt["units"]
    assert ustyurt["n_units"] == len(ustyurt["units"].split(";"))
    assert "Saiga tatarica" in ustyurt["species_shared"]
    assert ustyurt["fenced_km"] > 0
    assert ustyurt["best_grade"] == "B"
    near = found[found["pa_pairs"] > 0]
    assert (near["nearest_pa_pair_km"] <= profile.C7.pair_km).all()
    # DESIGN's data: 27 cross-border pairs of protected areas at most 25 km apart.
    assert abs(found["pa_pairs"].sum() - 27) <= 3


def test_what_nobody_looked_for_along_a_border_is_not_none(pieces, some_units, profile):
    # Barriers and protected areas of Kazakhstan and Uzbekistan only, and no corridors.
    coverage = overlap.layer_coverage(
        pieces.layers, dict.fromkeys(("barriers", "protected_areas", "corridors"), ("KZ", "UZ"))
    )
    layers_of_two = replace(pieces.layers, coverage=coverage, corridors=None)
    of_two = replace(pieces, layers=layers_of_two, crossings=None)
    table = border_pairs(some_units, of_two, profile).set_index("pair")
    everywhere = border_pairs(some_units, pieces, profile).set_index("pair")
    assert table["n_crossings"].isna().all()
    for column in ("fenced_km", "pa_pairs"):
        # what was found stays; none is told of the border of those two states alone
        known = table[column].notna()
        assert set(table.index[known]) == {"KZ;UZ"} | set(everywhere.index[everywhere[column] > 0])
        assert (table.loc[known, column] == everywhere.loc[known, column]).all()
    lax = profile.model_copy(update={"C7": profile.C7.model_copy(update={"pair_km": None})})
    assert border_pairs(some_units, pieces, lax)["pa_pairs"].isna().all()


def test_a_side_of_several_weights_counts_for_what_they_come_to(pieces, some_units, profile):
    # Saiga in Kazakhstan on ten strips of 45 km², each of which counts for a tenth more than the one
    # before: 45 × 5.5 = 247.5 km², in Uzbekistan on 200 km² that count whole, or for a hundredth: 2 km².
    strips = [km_box(0, 10 * n, 5, 10 * n + 9) for n in range(10)]
    names = {"sci_name": ["Saiga tatarica"] * 11, "iso2": ["KZ"] * 10 + ["UZ"]}
    for weight, shared in ((1.0, ["KZ;UZ"]), (0.01, [])):
        weights = [0.1 * (n + 1) for n in range(10)] + [weight]
        sides = frame(*strips, km_box(10, 0, 20, 20), range_weight=weights, **names)
        found = border_pairs(some_units, replace(pieces, sides=sides), profile)
        assert found.loc[found["n_species"] > 0, "pair"].tolist() == shared


# -- complementarity on the layers ----------------------------------------------------------------


def test_a_complementary_set_of_units_on_the_bundled_layers(pieces, some_units):
    plan, _ = bundled()
    coarse = plan.model_copy(update={"study": plan.study.model_copy(update={"cell_km": 100.0})})
    cells = score_cells(pieces, coarse)
    found = assess_sites(some_units, pieces, plan)
    species = found.findings.species.rename(columns={"site": "unit_id"})
    made = complementary(some_units, species, cells, pieces, locked=[])
    table_, targets = made["complementarity"], made["complementarity_targets"]
    assert table_["unit_id"].tolist() == some_units["unit_id"].tolist()
    assert (table_["gap"] == 0).all()
    assert table_["chosen"].any()
    assert table_.loc[table_["irreplaceable"], "replacement_cost"].isna().all()
    assert (table_.loc[table_["irreplaceable"], "lost"] != "").all()
    # Four units cannot hold 30 % of every range: it is said of which, and how much is missing.
    short = targets[targets["missing"] > 0]
    assert len(short)
    assert (short["missing"] == short["target"] - short["attainable"]).all()
    reachable = targets[targets["missing"] == 0]
    assert reachable["met"].all()
    curve = made["complementarity_curve"]
    assert curve["species_covered"].is_monotonic_increasing
    assert curve["targets_met"].is_monotonic_increasing
    again = complementary(some_units, species, cells, pieces, locked=["CU-004"])
    again = again["complementarity"].set_index("unit_id")
    assert again.loc["CU-004", "chosen"]
    assert again.loc["CU-004", "locked"]


def test_a_compact_set_of_cells_lies_on_both_sides_of_borders(pieces):
    plan, _ = bundled()
    coarse = plan.model_copy(update={"study": plan.study.model_copy(update={"cell_km": 100.0})})
    cells = score_cells(pieces, coarse)
    solve = _cell_solver(cells, pieces, coarse)
    found = solve()
    shared_km2, side_km2, _ = solve.args
    assert found.gap <= 0.03 + 1e-9
    own = shared_km2[shared_km2["pu_id"].isin(found.chosen)].groupby("sci_name")["km2"].sum()
    wanted = SHARE_OF_RANGE * shared_km2.groupby("sci_name")["km2"].sum()
    missed = set(found.unmet["feature"])
    for feature, target in wanted.items():
        if feature not in missed:
            assert own[feature] >= target * (1 - 1e-6)
    chosen = side_km2[side_km2["pu_id"].isin(found.chosen)]
    large = chosen.groupby(["sci_name", "iso2"])["km2"].sum()
    n_sides = large[large >= 100 * (1 - 1e-6)].groupby("sci_name").size()
    for feature in wanted.index:
        if feature not in missed:
            assert n_sides[feature] >= 2
    # the last bits of areas, others on another machine, choose no cell
    other_bits = (
        table.assign(km2=np.nextafter(table["km2"], np.inf)) for table in (shared_km2, side_km2)
    )
    assert solve.func(*other_bits, solve.args[2], **solve.keywords).chosen == found.chosen


def test_cells_can_be_read_from_a_file_of_overlaps(pieces, tmp_path):
    plan, _ = bundled()
    coarse = plan.model_copy(update={"study": plan.study.model_copy(update={"cell_km": 100.0})})
    ranges = pieces.layers.features[["sci_name", "geometry"]].to_crs("OGC:CRS84")
    ranges.to_parquet(tmp_path / "ranges.parquet")
    own, other = tmp_path / "own.parquet", tmp_path / "other.parquet"
    write_overlaps(tmp_path / "ranges.parquet", own, cell_km=100)
    measured = measured_cells(pieces, coarse)
    stored = measured_cells(pieces, coarse, overlaps=own)
    key = ["pu_id", "sci_name"]
    pd.testing.assert_frame_equal(stored.species[key], measured.species[key])
    # Straight between its vertices a range is another one in degrees: by 2 ha of 10,000 km².
    assert (stored.species["km2"] - measured.species["km2"]).abs().max() < 0.1
    pd.testing.assert_frame_equal(stored.shared, measured.shared)
    with pytest.raises(
        InputError, match=r"of 100 km squares .*, the plan's cells are 25 km squares"
    ):
        measured_cells(pieces, plan, overlaps=own)
    smaller = ranges.assign(geometry=ranges.scale(0.9, 0.9))
    smaller.to_parquet(tmp_path / "ranges.parquet")
    write_overlaps(tmp_path / "ranges.parquet", other, cell_km=100)
    with pytest.raises(InputError, match=r"made of other ranges.*Bos mutus \([\d,]+, [\d,]+\)"):
        measured_cells(pieces, coarse, overlaps=other)
    with pytest.raises(InputError, match="is no file of overlaps"):
        measured_cells(pieces, coarse, overlaps=tmp_path / "ranges.parquet")


# -- context layers -------------------------------------------------------------------------------

TWO = frame(km_box(0, 0, 10, 10), km_box(100, 0, 110, 10), unit_id=["A", "B"])
"""Two sites of 100 km² each."""


def summary(layer: gpd.GeoDataFrame | Raster, what: str) -> list[float]:
    found = overlap.summarised(TWO, layer, summary=what)
    assert found["unit_id"].tolist() == ["A", "B"]
    return found["value"].tolist()


def test_polygons_as_share_count_and_mean_by_hand():
    # Two polygons over A: 50 km² (value 2) and 20 km² (value 9), of which 10 km² lie on each other.
    layer = frame(km_box(0, 0, 5, 10), km_box(4, 0, 6, 10), value=[2.0, 9.0])
    assert summary(layer, "share") == pytest.approx([60, 0])
    assert summary(layer, "count") == [2, 0]
    mean = summary(layer, "mean")
    assert mean[0] == pytest.approx((50 * 2 + 20 * 9) / 70)
    assert np.isnan(mean[1])


def test_lines_per_1000_km2_by_hand():
    layer = frame(line((2, -5), (2, 5)), line((0, 7), (200, 7)), name=["a", "b"])
    # A: 5 + 10 km on 100 km², which is 150 km per 1000 km², but for the stretch of the projection.
    assert summary(layer, "length_per_1000km2") == pytest.approx([150, 100], rel=0.02)
    assert summary(layer, "count") == [2, 1]


def test_points_by_hand():
    layer = frame(
        shapely.Point(1e3, 1e3), shapely.Point(2e3, 2e3), shapely.Point(5e4, 0), heads=[4, 8, 1]
    )
    assert summary(layer, "count") == [2, 0]
    assert summary(layer, "mean")[0] == 6


def test_rasters_by_hand():
    # Cells of 5 km over A: 1 2 / 3 0 (the last without the thing), B half outside and without value.
    values = np.array([[1.0, 2.0], [3.0, 0.0]])
    raster = Raster(values, 0, 0, 10_000, 10_000, EQUAL_AREA)
    assert summary(raster, "mean")[0] == pytest.approx(1.5)
    assert np.isnan(summary(raster, "mean")[1])
    assert summary(raster, "share")[0] == pytest.approx(75)
    assert summary(raster, "count") == pytest.approx([6, 0])
    gap = Raster(np.array([[1.0, np.nan], [3.0, 0.0]]), 0, 0, 10_000, 10_000, EQUAL_AREA)
    assert summary(gap, "mean")[0] == pytest.approx(4 / 3)  # ground without a value has no say
    assert summary(gap, "share")[0] == pytest.approx(50)


@pytest.mark.parametrize(
    ("layer", "what", "message"),
    [
        (frame(km_box(0, 0, 1, 1)), "length_per_1000km2", "does not fit a layer of polygons"),
        (frame(line((0, 0), (1, 1))), "mean", "does not fit a layer of lines; length_per_1000km2"),
        (frame(shapely.Point(0, 0)), "share", "does not fit a layer of points; count, mean do"),
        (
            Raster(np.ones((2, 2)), 0, 0, 1, 1, EQUAL_AREA),
            "length_per_1000km2",
            "does not fit a layer of rasters",
        ),
        (
            frame(km_box(0, 0, 1, 1), one=[1], two=[2]),
            "mean",
            "one column of numbers, called 'value'; the context layer has one, two",
        ),
        (frame(km_box(0, 0, 1, 1), word=["x"]), "mean", "the context layer has none"),
    ],
)
def test_a_summary_must_fit_its_layer(layer, what, message):
    with pytest.raises(InputError, match=message):
        overlap.summarised(TWO, layer, summary=what)


def tif(path: Path, values: np.ndarray, *, west: float, north: float, cell: float, **more) -> Path:
    options = {"crs": LONLAT, "nodata": -9} | more
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=values.shape[0],
        width=values.shape[1],
        count=1,
        dtype="float32",
        transform=from_origin(west, north, cell, cell),
        **options,
    ) as target:
        target.write(values.astype("float32"), 1)
    return path


def test_a_geotiff_is_read_around_the_sites_only(tmp_path):
    values = np.zeros((400, 400))
    values[100:110, 100:110] = 7
    values[0, 0] = -9
    path = tif(tmp_path / "cattle.tif", values, west=60, north=60, cell=0.1)
    # x 70–71, y 49–50: the block of sevens exactly.
    site = gpd.GeoDataFrame({"unit_id": ["A"]}, geometry=[shapely.box(70, 49, 71, 50)], crs=LONLAT)
    flat = layers.to_equal_area(site)
    read = layers.read_context(path, around=flat)
    raster = read.table
    assert read.problems == ()
    assert [(one["file"], one["restricted"]) for one in read.sources] == [("cattle.tif", False)]
    assert raster.values.shape[0] < 20
    found = overlap.summarised(in_crs(flat, raster.crs), raster, summary="mean")
    assert found["value"].iloc[0] == pytest.approx(7, rel=2e-3)  # edges bend a little on the way


def test_rasters_that_cannot_be_used_say_why(tmp_path):
    site = layers.to_equal_area(
        gpd.GeoDataFrame({"unit_id": ["A"]}, geometry=[shapely.box(70, 49, 71, 50)], crs=LONLAT)
    )
    ones = np.ones((10, 10))
    away = tif(tmp_path / "away.tif", ones, west=-60, north=0, cell=0.1)
    with pytest.raises(InputError, match=r"No part of the context layer away\.tif lies where"):
        layers.read_context(away, around=site)
    bare = tif(tmp_path / "bare.tif", ones, west=70, north=50, cell=0.1, crs=None)
    (problem,) = layers.read_context(bare, around=site, name="snow").problems
    assert (problem.level, problem.file) == ("refuses", "bare.tif")
    assert problem.what == "the raster does not say its CRS"
    assert problem.cure.endswith('[crs]\ncontext.snow = "EPSG:4326"'), problem.cure
    (tmp_path / "torn.tif").write_bytes(b"II*\x00nonsense")
    with pytest.raises(InputError, match=r"torn\.tif cannot be read"):
        layers.read_context(tmp_path / "torn.tif", around=site)
    with pytest.raises(InputError, match=r"gone\.tif is not there"):
        layers.read_context(tmp_path / "gone.tif", around=site)


def test_context_layers_of_a_plan_are_told_for_each_unit_and_change_no_score(tmp_path):
    plan, _ = bundled()
    units = gpd.GeoDataFrame(
        {"unit_id": ["CU-001", "CU-002"], "score": [0.5, 0.4]},
        geometry=[shapely.box(70, 45, 71, 46), shapely.box(80, 45, 81, 46)],
        crs=LONLAT,
    )
    conflict = gpd.GeoDataFrame(
        {"kind": ["wolf"]}, geometry=[shapely.box(70, 45, 70.5, 46)], crs=LONLAT
    )
    conflict.to_file(tmp_path / "conflict.gpkg")
    tif(tmp_path / "cattle.tif", np.full((100, 200), 3.0), west=65, north=50, cell=0.1)
    (tmp_path / "plan.toml").write_text(
        'title = "t"\ndate = "2026-11-22"\n'
        '[context.conflict]\npath = "conflict.gpkg"\nsummary = "share"\n'
        '[context.cattle]\npath = "cattle.tif"\nsummary = "mean"\n',
        encoding="utf-8",
    )
    ours = read_plan(tmp_path / "plan.toml")
    about = Imprint(title="t", date="2026-11-22", round="Round 00", profile="p")
    bare = Round(imprint=about, tables={"conservation_units": units}, manifest={})
    assert with_context(bare, plan) is bare
    made = with_context(bare, ours)
    rows = made.tables["unit_context"]
    assert rows["layer"].tolist() == ["cattle", "conflict"] * 2
    assert rows["unit"].tolist() == ["mean", "%"] * 2
    assert rows["value"].tolist() == pytest.approx([3, 50, 3, 0], abs=0.2)
    assert made.tables["context_conflict"].crs == LONLAT
    assert "context_cattle" not in made.tables
    assert rows["measured_on"].eq("layer").all()
    assert made.tables["conservation_units"] is units
    (tmp_path / "conflict.gpkg").unlink()
    with pytest.raises(InputError, match=r"\[context\.conflict\]: "):
        with_context(bare, ours)


# -- other weights --------------------------------------------------------------------------------


def test_other_weights_rank_anew_without_measuring_anything(pieces, some_units, monkeypatch):
    plan, _ = bundled()
    found = assess_sites(some_units, pieces, plan)
    rules = plan.profile

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("geometry was measured")

    for name in ("site_tables", "overlaps", "area_km2", "length_km", "split", "near", "crossings"):
        monkeypatch.setattr(overlap, name, refused)
    with pytest.raises(AssertionError, match="geometry was measured"):
        assess_sites(some_units, pieces, plan)
    before = rank_units(found.findings, found.decisions, rules).set_index("site")
    share_only = rules.model_copy(
        update={"score": rules.score.model_copy(update={"weights": {"C3": 1.0}})}
    )
    after = rank_units(found.findings, found.decisions, share_only).set_index("site")
    # With C3 alone the score is the largest share of a range against 20 %, capped at 1.
    largest = found.findings.summary.set_index("site")["max_share"]
    expected = (largest / 20).clip(upper=1).round(3)
    assert after["score"].to_dict() == pytest.approx(expected.to_dict())
    assert before["score"].to_dict() != after["score"].to_dict()


# -- the whole command ----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_round_says_how_sure_it_is_in_every_product(tmp_path):
    plan, _ = bundled()
    proposal = propose(plan)
    folder = tmp_path / "round"
    write_proposal(proposal, folder)
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    design = Design(runs=40, cell_km=(25.0,), border_km=(50.0,), presence=((1, 2),))
    done = store.read_round(folder)
    made = with_sensitivity(done, design=design)
    write_sensitivity(made, folder)
    assert (folder / "notes.txt").read_text(encoding="utf-8") == "mine"
    again = store.read_round(folder)
    units = again.tables["conservation_units"].set_index("unit_id")
    found = again.tables["sensitivity"].set_index("unit_id")
    page = (folder / "map.html").read_text(encoding="utf-8")
    told = pd.read_csv(folder / "conservation_units.csv").set_index("unit_id")["stability"]
    from cami_units import kml

    marks, _ = kml.read_kml(folder / "conservation_units.kmz")
    balloons = {
        data["cu_id"]: f"{data['stability']} (qualifies in {data['share_qualifying_percent']} % of"
        for data in marks["data"]
        if "runs" in data
    }
    for unit_id, row in found.iterrows():
        sentence = units.loc[unit_id, "stability"]
        assert sentence.startswith(f"{row['label']} (qualifies in ")
        assert told[unit_id] == sentence
        assert sentence.startswith(balloons[unit_id])
        assert sentence in page
    # The area of interest lacks evidence in every run: fragile, everywhere alike.
    interest = units.index[units["status"] == "area of interest"]
    assert (found.loc[interest, "label"] == "fragile").all()
    for name in ("sensitivity", "complementarity", "border_pairs", "crossings", "unit_presence"):
        assert (folder / f"{name}.csv").is_file()
    for name in (
        *("sensitivity_ranks.pdf", "sensitivity_map.pdf"),
        *("border_pairs.pdf", "complementarity_curve.pdf"),
    ):
        assert (folder / name).read_bytes().startswith(b"%PDF")
    # What was there before is there as it was.
    before, after = done.tables["conservation_units"], again.tables["conservation_units"]
    pd.testing.assert_frame_equal(
        pd.DataFrame(before.drop(columns="geometry")),
        pd.DataFrame(after.drop(columns=["geometry", "stability"])),
    )
    # A second run gives the same bytes, and so does a third that finds what the second kept.
    bytes_before = {path.name: path.read_bytes() for path in folder.iterdir()}
    cache = Cache(tmp_path / "kept")
    for _ in range(2):
        made = with_sensitivity(store.read_round(folder), design=design, cache=cache)
        write_sensitivity(made, folder)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == bytes_before
        kinds = Counter(path.name.partition("-")[0] for path in cache.folder.glob("*.entry"))
        assert [kinds[kind] for kind in ("stability", "smallest", "outlines", "sets")] == [1] * 4


def test_a_raster_without_its_reader_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "hwc.tif").write_bytes(b"II*")
    monkeypatch.setitem(sys.modules, "rasterio", None)
    sites = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1000, 1000)], crs=EQUAL_AREA)
    with pytest.raises(InputError, match=r"hwc\.tif is a raster.* pip install rasterio"):
        layers.read_context(tmp_path / "hwc.tif", around=sites)


@pytest.mark.slow
def test_sites_of_very_many_corners_are_measured_in_pieces_to_the_same_numbers(monkeypatch):
    """Hotspots are measured whole; with lower limits each is laid over the layers in pieces."""
    from cami_units.overlap import _pieces

    plan = read_plan(None)
    pieces = cut(load(plan), plan)
    sites = pieces.layers.hotspots.rename(columns={"hotspot_id": "site"})
    whole = overlap.site_tables(sites, pieces)
    deep = overlap.deep_sites(sites, pieces)
    assert deep["site"].is_unique
    monkeypatch.setattr(_pieces, "MOST_CORNERS", 30)
    monkeypatch.setattr(_pieces, "MOST_VERTICES", 20)
    monkeypatch.setattr(_pieces, "_PIECES", {})
    deep_pieces = overlap.deep_sites(sites, pieces)
    assert len(deep_pieces) > 2 * len(deep)
    assert deep_pieces.area.groupby(deep_pieces["site"]).sum().to_numpy() == pytest.approx(
        deep.set_index("site").area.sort_index().to_numpy()
    )
    cut_up = overlap.site_tables(sites, pieces)
    for name in ("deep_states", "deep_species", "barriers", "shared_borders", "states", "species"):
        one, other = getattr(whole, name), getattr(cut_up, name)
        pd.testing.assert_frame_equal(one, other, rtol=1e-9)
        assert len(one)
