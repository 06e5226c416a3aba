"""Which fence first: worked by hand on two states, two hundred kilometres of border and a fox."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cami_units import criteria, overlap, words
from cami_units.commands.assess import cut, measure, species_ranges
from cami_units.commands.check import no_fence_kinds
from cami_units.commands.plan_layers import load
from cami_units.commands.shown_round import published, shown_fences, told_fences
from cami_units.documents import board_slides
from cami_units.documents.board import write_slides
from cami_units.fences import _with_needs, fence_openings
from cami_units.model import EQUAL_AREA, LONLAT, Layers, SiteTables
from cami_units.plan import read_plan, read_profile
from tests.conftest import km_box
from tests.rounds import toy_round

# Aland in the west, Beland in the east, the border along x = 100 from y = 0 to 200 km.
STATES = gpd.GeoDataFrame(
    {
        "iso2": ["AA", "BB"],
        "name_en": ["Aland", "Beland"],
        "name_ru": ["А", "Б"],
        "range_state": [True, True],
    },
    geometry=[km_box(0, 0, 100, 200), km_box(100, 0, 200, 200)],
    crs=EQUAL_AREA,
)
FOX = km_box(50, 0, 150, 200)  # 10,000 km² on either side
SIX_THOUSAND = pd.Series({"fox": 6_000.0, "goat": 1_000.0})
UNIT = gpd.GeoDataFrame({"unit_id": ["CU-001"]}, geometry=[km_box(60, 0, 140, 100)], crs=EQUAL_AREA)


def north_south(low: float, high: float, x: float = 100) -> shapely.LineString:
    return shapely.LineString([(x * 1000, low * 1000), (x * 1000, high * 1000)])


def opened(
    *fences: tuple[float, float, float],
    ranges: Sequence[tuple[str, shapely.Polygon]] = (("fox", FOX),),
    units: gpd.GeoDataFrame = UNIT,
    corridors: gpd.GeoDataFrame | None = None,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Openings of fences (from y, to y, permeability) along the border."""
    features = gpd.GeoDataFrame(
        {"sci_name": [name for name, _ in ranges]},
        geometry=[shape for _, shape in ranges],
        crs=EQUAL_AREA,
    ).dissolve("sci_name", as_index=False)
    parts = features.assign(
        presence=1, origin=1, seasonal=1, confidence="high", use="kept", range_id="R", source=""
    )
    barriers = gpd.GeoDataFrame(
        {
            "barrier_id": [f"F{number}" for number in range(1, len(fences) + 1)],
            "name": [f"Fence {number}" for number in range(1, len(fences) + 1)],
            "kind": "border_fence",
            "permeability": [fence[2] for fence in fences],
            "confidence": "high",
            "source": "made",
        },
        geometry=[north_south(low, high) for low, high, _ in fences],
        crs=EQUAL_AREA,
    )
    species = pd.DataFrame(
        {"sci_name": ["fox", "goat"], "name_en": ["Fox", "Goat"], "in_cami": "yes"}
    )
    borders = gpd.GeoDataFrame(
        {"pair": ["AA;BB"], "disputed": [False]}, geometry=[north_south(0, 200)], crs=EQUAL_AREA
    )
    known = Layers(
        EQUAL_AREA,
        species,
        parts,
        features.assign(range_km2=features.area / 1e6),
        STATES,
        borders,
        barriers=barriers if fences else None,
        corridors=corridors,
    )
    pieces = overlap.layer_pieces(known, pair_km=25)
    return fence_openings(units, pieces, read_profile(None), SIX_THOUSAND, measure(units, pieces))


NO_UNIT = UNIT.assign(geometry=[km_box(0, 0, 10, 10)]).set_crs(EQUAL_AREA)


def test_a_fence_along_half_of_the_border_by_hand():
    # Closed from y = 0 to 100 with permeability 0: half of 200 km of border in the fox's range is
    # open. Opening it joins the other half of 10,000 km²: 5,000, 25 % of the range of 20,000, and
    # 5,000 / 6,000 of what counts for much.
    lines, by_species = opened((0, 100, 0.0), units=NO_UNIT)
    (row,) = lines.drop(columns="geometry").to_dict("records")
    assert (row["rank"], row["stretch_id"], row["unit_id"]) == (1, "F1 AA-BB", "")
    assert row["km"] == pytest.approx(100, rel=0.02)  # on the ellipsoid
    assert row["closed_km"] == pytest.approx(row["km"])
    assert row["joined_km2"] == pytest.approx(5_000, rel=1e-3)
    assert row["joined_share"] == pytest.approx(25, rel=1e-3)
    assert row["gain"] == pytest.approx(5 / 6, rel=1e-3)
    assert row["species"] == "fox"
    assert pd.isna(row["barrier_share"])
    (one,) = by_species.to_dict("records")
    assert (one["patch_a_km2"], one["patch_b_km2"]) == pytest.approx((10_000, 10_000))
    assert one["open_share"] == pytest.approx(0.5, rel=1e-3)
    assert one["open_share_then"] == pytest.approx(1)


def test_what_gets_through_already_is_not_joined_again():
    lines, _ = opened((0, 100, 0.25), units=NO_UNIT)
    assert lines["joined_km2"].tolist() == pytest.approx([5_000 * 0.75], rel=1e-3)
    assert lines["closed_km"][0] == pytest.approx(0.75 * lines["km"][0])


def test_beside_another_fence_an_opening_leaves_the_other():
    # Two fences of permeability 0.5 side by side let a quarter through; one alone, a half.
    lines, _ = opened((0, 200, 0.5), (0, 200, 0.5), units=NO_UNIT)
    assert lines["joined_km2"].tolist() == pytest.approx([2_500, 2_500], rel=1e-6)
    assert lines["rank"].tolist() == [1, 1]


def test_the_smaller_side_is_what_can_be_joined():
    # 20 km deep on the western side: 4,000 km² there, 10,000 in the east.
    lines, by_species = opened((0, 200, 0.0), ranges=[("fox", km_box(80, 0, 150, 200))])
    assert lines["joined_km2"].sum() == pytest.approx(4_000, rel=1e-6)
    assert sorted(by_species.loc[0, ["patch_a_km2", "patch_b_km2"]]) == pytest.approx(
        [4_000, 10_000]
    )


def test_two_herds_that_never_meet_are_joined_each_by_its_own_fence():
    # The range is in two pieces, y 0-60 and 140-200, 3,000 km² on either side each. The fence from
    # 0 to 100 closes the border of the southern piece alone: opening it joins all of that one.
    pieces = [("fox", km_box(50, 0, 150, 60)), ("fox", km_box(50, 140, 150, 200))]
    lines, _ = opened((0, 100, 0.0), (150, 200, 0.0), ranges=pieces, units=NO_UNIT)
    by_id = lines.set_index("barrier_id")["joined_km2"]
    assert by_id["F1"] == pytest.approx(3_000, rel=1e-6)
    assert by_id["F2"] == pytest.approx(3_000 * 50 / 60, rel=1e-3)
    assert lines["barrier_id"].tolist() == ["F1", "F2"]


def test_a_stretch_is_cut_at_the_edge_of_a_unit_and_its_need_is_told():
    # The unit holds the border from y = 0 to 100, closed altogether: B 100 %, 0 % once it is open.
    lines, _ = opened((0, 200, 0.0))
    assert lines["stretch_id"].tolist() == ["F1 AA-BB", "F1 AA-BB CU-001"]
    assert lines["joined_km2"].tolist() == pytest.approx([5_000, 5_000], rel=1e-3)
    inside = lines[lines["unit_id"] == "CU-001"].iloc[0]
    assert inside["barrier_share"] == pytest.approx(100)
    assert inside["barrier_share_open"] == pytest.approx(0, abs=1e-6)
    assert inside["need_lifted"]
    outside = lines[lines["unit_id"] == ""].iloc[0]
    assert not outside["need_lifted"]


def test_a_need_holds_at_its_limit_as_c6_says_it_does():
    """Of 100 km 25 are closed, but for the noise of floats: C6 (25 %) is met, and by 10 more as well.

    Opening the only fence of CU-001 lifts the need; that of 10 km beside one of 25 leaves it.
    """
    least = 25 * (1 - 1e-12)
    fences = [("CU-001", "F1", least), ("CU-002", "F2", 10.0), ("CU-002", "F3", least)]
    barriers = pd.DataFrame(fences, columns=["site", "barrier_id", "km"])
    borders = pd.DataFrame({"site": ["CU-001", "CU-002"], "km": 100.0})
    tables = SimpleNamespace(
        borders=borders,
        covered_borders=None,
        barriers=barriers.assign(kind="border_fence", permeability=0.0),
    )
    stretches = gpd.GeoDataFrame(barriers.rename(columns={"site": "unit_id"}))
    needs = _with_needs(stretches, cast(SiteTables, tables), read_profile(None))
    assert needs["need_lifted"].tolist() == [True, False, True]


@settings(max_examples=4)
@given(cut=st.integers(1, 199), permeability=st.sampled_from([0.0, 0.05, 0.3, 0.9]))
def test_a_fence_that_is_cut_in_two_keeps_its_total_and_no_opening_lowers_anything(
    cut, permeability
):
    whole, _ = opened((0, 200, permeability))
    parts, by_species = opened((0, cut, permeability), (cut, 200, permeability))
    for column in ("km", "closed_km", "joined_km2", "joined_share", "gain"):
        assert parts[column].sum() == pytest.approx(whole[column].sum(), rel=1e-6)
    assert (parts["joined_km2"] >= 0).all()
    assert (by_species["open_share_then"] >= by_species["open_share"] - 1e-12).all()
    assert (by_species["open_share_then"] <= 1 + 1e-9).all()


def test_species_of_one_side_and_sides_too_small_to_count_are_not_joined():
    for east in (100.0, 100.4):  # nothing, and 80 km², in Beland
        lines, by_species = opened((0, 200, 0.0), ranges=[("fox", km_box(50, 0, east, 200))])
        assert lines["gain"].tolist() == [0, 0]
        assert (lines["species"] == "").all()
        assert by_species.empty


def test_rarer_ground_comes_first():
    # As much of both is joined, but 1,000 km² of the goat count for as much as 6,000 of the fox.
    ranges = [("fox", km_box(50, 0, 150, 100)), ("goat", km_box(50, 100, 150, 200))]
    lines, _ = opened((0, 100, 0.0), (100, 200, 0.0), ranges=ranges, units=NO_UNIT)
    assert lines["species"].tolist() == ["goat", "fox"]
    assert lines["gain"].tolist() == pytest.approx([5.0, 5 / 6], rel=1e-3)


def test_the_crossings_that_are_documented_there_are_told():
    links = gpd.GeoDataFrame(
        {
            "corridor_id": ["L1", "L2", "L3"],
            "name": ["a", "b", "c"],
            "sci_name": "fox",
            "evidence_grade": ["B", "A", "N"],
            "crossing_seen_year": [2019, None, 2024],
        },
        geometry=[shapely.LineString([(8e4, y * 1000), (12e4, y * 1000)]) for y in (50, 60, 70)],
        crs=EQUAL_AREA,
    )
    lines, _ = opened((0, 100, 0.0), units=NO_UNIT, corridors=links)
    row = lines.iloc[0]
    assert (row["n_crossings"], row["best_grade"], row["corridors"]) == (2, "A", "L1;L2")
    assert row["crossing_seen_year"] == 2019


def test_crossings_that_nobody_looked_for_are_not_none():
    species = pd.DataFrame({"sci_name": ["fox"], "name_en": ["Fox"]})
    # No layer of corridors; then one that has something in Aland alone, and so says nothing of a
    # border of Beland; then one of both states, far from the fence.
    west, across = [(1e4, 1e4), (4e4, 1e4)], [(8e4, 15e4), (12e4, 15e4)]
    for line, count, told in (
        (None, None, "no crossing was looked for here"),
        (west, None, "no crossing was looked for here"),
        (across, 0, "no crossing documented"),
    ):
        links = None
        if line is not None:
            links = gpd.GeoDataFrame(
                {"corridor_id": ["L1"], "name": "a", "sci_name": "fox", "evidence_grade": "B"},
                geometry=[shapely.LineString(line)],
                crs=EQUAL_AREA,
            )
        lines, _ = opened((0, 100, 0.0), units=NO_UNIT, corridors=links)
        row = lines.iloc[0]
        assert (None if pd.isna(row["n_crossings"]) else row["n_crossings"]) == count
        assert words.fence_opening(row, species).endswith(told)


@pytest.mark.parametrize("fences", [[], [(0, 100, 1.0)], [(300, 400, 0.0)]])
def test_without_fences_there_are_empty_tables_with_their_columns(fences):
    """None at all, one that lets everything through, one far from every border."""
    lines, by_species = opened(*fences, units=NO_UNIT)
    assert lines.empty
    assert by_species.empty
    assert {"rank", "gain", "geometry"} <= set(lines.columns)


def test_the_layer_of_maps_is_there_once_fences_looked_and_not_of_what_is_restricted():
    lines, _ = opened((0, 100, 0.0), units=NO_UNIT)
    round_ = toy_round(fences=lines.to_crs(LONLAT))
    layer = shown_fences(round_, "en")["context_fences"]
    assert layer["name_en"].tolist() == ["1. Fence 1"]
    assert "open, it would join 5,000 km² of range" in layer["note"][0]
    assert "no crossing was looked for here" in layer["note"][0]
    assert shown_fences(round_, "ru")["context_fences"]["title"][0] == "Какое ограждение первым"
    assert shown_fences(toy_round(), "en") == {}
    assert "fences" in published(round_).tables
    for source in round_.manifest["inputs"]:
        source["restricted"] = source["layer"] == "ranges"
    assert shown_fences(round_, "en") == {}
    assert "fences" not in published(round_).tables


@pytest.mark.parametrize(("km", "is_told"), [(20, False), (100, True)])
def test_a_short_stretch_does_not_tell_where_a_sensitive_species_lives(km, is_told):
    # fences of OpenStreetMap are hundreds of short ways, each a stretch with its species
    lines, by_species = opened((0, km, 0.0), units=NO_UNIT)
    names = set(by_species["sci_name"])
    table = toy_round().tables["species"]
    for sensitive in ("yes", "no"):
        species = pd.concat([table, table.iloc[:1].assign(sci_name=names.pop())]).reset_index()
        species.loc[len(table), "sensitive"] = sensitive
        names.add(species["sci_name"].iloc[-1])
        round_ = toy_round(fences=lines.to_crs(LONLAT), fence_species=by_species, species=species)
        is_there = is_told or sensitive == "no"
        assert bool(shown_fences(round_, "en")) == is_there
        tables = published(round_).tables
        assert [len(tables[name]) > 0 for name in ("fences", "fence_species")] == [is_there] * 2
        # a slide on the wall is photographed
        assert bool(len(told_fences(round_)["fences"])) == is_there


def test_the_slide_lists_the_first_stretches_and_what_is_left_out(tmp_path):
    from pptx import Presentation

    lines, _ = opened((0, 100, 0.0), (100, 200, 0.5), units=NO_UNIT)
    species = pd.DataFrame({"sci_name": ["fox"], "name_en": ["Fox"]})
    shown = board_slides._fences(lines, species, "en")
    assert [name for name, _ in shown] == ["1. Fence 1", "2. Fence 2"]
    assert board_slides._fences(None, species, "en") == ()
    path = tmp_path / "board.pptx"
    write_slides(path, board_slides.Board("en", (), fences=shown), imprint=toy_round().imprint)
    slide = Presentation(path).slides[1]
    texts = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
    assert texts[0] == "Which fence first"
    assert any("no advice to open" in text for text in texts)
    (table,) = (shape.table for shape in slide.shapes if shape.has_table)
    assert table.cell(1, 0).text == "1. Fence 1"
    assert "5,000 km² of range (Fox)" in table.cell(1, 1).text


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        # OpenStreetMap calls it so: 229 km of it along a border were "no fence" and nobody was told.
        (
            ["fence", "railway"],
            ["its kinds are fence, railway, and the profile takes only border_f"],
        ),
        (["border_fence", "fence"], []),
        ([], []),
    ],
)
def test_barriers_of_which_none_is_called_a_fence_are_said(kinds, said, toy_countries):
    lines = gpd.GeoDataFrame(
        {"kind": kinds, "permeability": 0.1},
        geometry=[shapely.LineString([(0, 0), (0, 9e4)]) for _ in kinds],
        crs=EQUAL_AREA,
    )
    nothing = gpd.GeoDataFrame(geometry=[], crs=EQUAL_AREA)
    layers = Layers(
        EQUAL_AREA, pd.DataFrame(), nothing, nothing, toy_countries, nothing, barriers=lines
    )
    notes = no_fence_kinds(layers, read_plan(None))
    assert [note.what[: len(start)] for note, start in zip(notes, said, strict=True)] == said
    assert all("criteria.toml" in note.cure for note in notes)


def test_the_sentence_says_what_it_rests_on():
    row = {
        "km": 100.0,
        "permeability": 0.2,
        "joined_km2": 1234.5,
        "species": "fox;goat",
        "barrier_share": 80.0,
        "barrier_share_open": 0.0,
        "best_grade": "A",
    }
    names = pd.DataFrame({"sci_name": ["fox", "goat"], "name_en": ["Fox", "Goat"]})
    assert words.fence_opening(row, names) == (
        "100 km fenced, 80 % closed to large ungulates; open, it would join 1,234 km² of range "
        "(Fox, Goat); "
        "border of the unit closed 80 % → 0 %; crossing of grade A documented"
    )


@pytest.mark.slow
def test_the_bundled_fences_are_those_that_people_name():
    """The Mongolia-China fence for wild camel and khulan, Ustyurt for saiga, the Amu Darya for deer."""
    plan = read_plan(None)
    pieces = cut(load(plan), plan)
    spots = pieces.layers.hotspots
    units = spots[["hotspot_id", "geometry"]].rename(columns={"hotspot_id": "unit_id"})
    threshold = criteria.threshold_km2(species_ranges(pieces.layers), plan.profile)
    lines, by_species = fence_openings(
        units, pieces, plan.profile, threshold, measure(units, pieces)
    )
    first = lines.set_index("barrier_id")
    assert lines["barrier_id"].iloc[0] == "B03"
    assert "Camelus ferus" in lines["species"].iloc[0]
    assert "Saiga tatarica" in ";".join(first.loc[["B10"], "species"])
    assert "Equus hemionus" in ";".join(first.loc[["B02", "B04"], "species"])
    assert "Procapra gutturosa" in ";".join(first.loc[["B05"], "species"])
    assert "Cervus hanglu bactrianus" in ";".join(first.loc[["B14"], "species"])
    assert (by_species["joined_km2"] >= 0).all()
    smaller = by_species[["patch_a_km2", "patch_b_km2"]].min(axis=1)
    most = by_species.assign(smaller=smaller).groupby("sci_name")["smaller"].sum()
    assert (by_species.groupby("sci_name")["joined_km2"].sum() <= most + 1).all()
    assert lines["rank"].is_monotonic_increasing
