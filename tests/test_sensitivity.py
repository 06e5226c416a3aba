"""How sure are we: runs that can be counted by hand, and what must not change them."""

from __future__ import annotations

from dataclasses import fields, replace
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from cami_units import words
from cami_units.commands.sensitivity import _adjacent_units
from cami_units.criteria import measures
from cami_units.model import EQUAL_AREA, InputError, Profile, SiteTables
from cami_units.plan import read_plan, read_profile
from cami_units.rank import rank_units, ranks, value_scores, weighted_criteria
from cami_units.sensitivity import (
    AXES,
    EDGES,
    FACTORS,
    STATED,
    Design,
    _Stacks,
    cell_level,
    delineations,
    drawn,
    label,
    left_out_level,
    outcomes,
    presence_level,
    readings,
    stability,
    threshold_levels,
    weight_draws,
    with_threshold,
)
from cami_units.words import unit_card
from tests.conftest import km_box

ONE_WAY = (STATED, STATED, STATED)
STILL = Design(runs=200, stated=1.0)
"""Nothing moves but the weights."""


@pytest.fixture(scope="module")
def profile() -> Profile:
    return read_profile()


def changed(profile: Profile, key: str, **numbers: object) -> Profile:
    rule = getattr(profile, key).model_copy(update=numbers)
    return profile.model_copy(update={key: rule})


def species(*names: str, category: str = "LC", range_km2: float = 100_000.0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sci_name": names,
            "name_en": names,
            "iucn_category": category,
            "in_cami": "yes",
            "range_km2": range_km2,
        }
    )


def tables(**held: dict[str, float]) -> SiteTables:
    """Sites of 10,000 km², half in AA and half in BB, that hold so much of each species.

    Half of every range lies on either side. The evidence is of high confidence, and every layer is
    there, so C9 is 1 times the share of the criteria that could be assessed.
    """
    sites = list(held)
    rows = [
        (site, name, iso2, km2 / 2)
        for site, ranges in held.items()
        for name, km2 in ranges.items()
        for iso2 in ("AA", "BB")
    ]
    kept = pd.DataFrame(rows, columns=["site", "sci_name", "iso2", "km2"])
    whole = kept.groupby(["site", "sci_name"])[["km2"]].sum().reset_index()
    by_state = [(site, iso2, 5000.0) for site in sites for iso2 in ("AA", "BB")]
    corridors = whole.assign(corridor_id="L", evidence_grade="D", km=10.0).drop(columns="km2")
    return SiteTables(
        sites=pd.DataFrame({"site": sites, "area_km2": 10_000.0}),
        states=pd.DataFrame(by_state, columns=["site", "iso2", "km2"]),
        species=kept,
        confidence=whole.assign(confidence="high"),
        borders=pd.DataFrame({"site": sites, "pair": "AA;BB", "km": 100.0}),
        shared_borders=whole.assign(pair="AA;BB", km=100.0).drop(columns="km2"),
        supporting=whole.iloc[:0],
        corridors=corridors,
        crossings=corridors.iloc[:0].assign(pair="", n=0).drop(columns="km"),
        barriers=pd.DataFrame(
            {"site": [], "barrier_id": [], "kind": [], "permeability": [], "km": []}
        ),
        protected=whole.iloc[:0],
        hotspots=pd.DataFrame(
            {"site": [], "hotspot_id": [], "name_en": [], "km2": [], "jaccard": []}
        ),
        in_hotspots=pd.DataFrame({"site": [], "km2": []}),
    )


def one_way(measured: SiteTables) -> dict[tuple[str, str, str], SiteTables]:
    return {ONE_WAY: measured}


def found(measured: SiteTables, known: pd.DataFrame, profile: Profile, design: Design = STILL):
    units = measured.sites["site"].tolist()
    return stability(one_way(measured), {(STATED, STATED): known}, units, profile, design)


# -- ranks ----------------------------------------------------------------------------------------


def test_the_interval_of_ranks_by_hand(profile):
    # Only C1 (T/6) and C3 (share/20 %) are weighed. "many" has 5 species of which it holds 5 %:
    # 0.83 and 0.25. "much" has one, of which it holds 20 %: 0.17 and 1. With weight w on C1 "many"
    # scores 0.25 + 0.58 w and "much" 1 - 0.83 w: "many" is first where w > 0.53. Under Dirichlet
    # (1, 1) w is even on 0–1, so that is 47 % of the runs: both have ranks 1 to 2. "poor" has 1
    # species and 5 % of it (0.17, 0.25), below both at every weight: rank 3, always.
    known = species(*"abcde", "much", "poor", range_km2=20_000.0)
    measured = tables(
        many=dict.fromkeys("abcde", 1000.0), much={"much": 4000.0}, poor={"poor": 1000.0}
    )
    rules = changed(profile, "score", weights={"C1": 1, "C2": 0, "C3": 1, "C5": 0})
    result = found(measured, known, rules, replace(STILL, runs=2000)).units.set_index("site")
    assert result[["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 2], [1, 2], [3, 3]]
    assert (result["share_qualifying"] == 1).all()
    assert (result["share_top10"] == 1).all()
    assert (result["label"] == "robust").all()
    # Leaving out the one species of the other two turns them over, but no run here does so.
    assert result["flips"].tolist() == ["", "species left out", "species left out"]
    tables_ = {ONE_WAY: measured}
    first = outcomes(
        pd.DataFrame([dict.fromkeys(AXES, STATED)]),
        tables_,
        {(STATED, STATED): known},
        rules,
        STILL,
    )
    draws = weight_draws(rules, runs=2000, seed=STILL.seed)
    wins = [
        value_scores(first, rules, weights=np.tile(draw, (3, 1))).iloc[0]
        > value_scores(first, rules, weights=np.tile(draw, (3, 1))).iloc[1]
        for draw in draws[:400]
    ]
    assert np.mean(wins) == pytest.approx(0.47, abs=0.07)


def test_equal_scores_share_a_rank_in_every_run(profile):
    known = species(*"abc", range_km2=20_000.0)
    measured = tables(one={"a": 2000.0}, two={"b": 2000.0}, less={"c": 1000.0})
    result = found(measured, known, profile).units.set_index("site")
    assert result.loc[["one", "two"], "rank_high"].tolist() == [1, 1]
    assert result.loc["less", "rank_low"] in (1, 3)  # 1 where C3 has no weight to speak of


def test_ranks_are_those_of_rank_units(profile):
    score = pd.Series([0.5, 0.50004, 0.7, np.nan, 0.1])
    assert ranks(score).tolist() == [2, 2, 1, pd.NA, 4]
    runs = pd.Series([0, 0, 0, 1, 1])
    assert ranks(score, runs).tolist() == [2, 2, 1, pd.NA, 1]


def test_with_nothing_moved_and_the_profile_s_weights_the_decision_is_the_plan_s(profile):
    known = species(*"abcd", range_km2=20_000.0)
    measured = tables(yes=dict.fromkeys("abc", 2000.0), no={"d": 900.0})
    from cami_units.criteria import assess
    from cami_units.rank import decide

    findings = assess(measured, known, profile)
    decided = decide(findings, profile)
    rows = outcomes(
        pd.DataFrame([dict.fromkeys(AXES, STATED)]),
        one_way(measured),
        {(STATED, STATED): known},
        profile,
        STILL,
    ).set_index("site")
    assert rows["decision"].to_dict() == decided.set_index("site")["decision"].to_dict()
    score = rank_units(findings, decided, profile).set_index("site")["score"]
    own = value_scores(rows, profile).round(3)
    assert own.to_dict() == score.to_dict()
    bare = measures(measured, known, profile)["n_transboundary"]
    assert rows["n_transboundary"].to_dict() == bare.to_dict()


# -- what turns a unit over -----------------------------------------------------------------------


def test_a_unit_that_hangs_on_one_species_says_so(profile):
    # "three" meets C1 by three species and nothing else: each holds 3 % of its range (LC: 5 % needed)
    # and threat points are 3. Without any one of the three, or with T ≥ 4, it falls. "four" has a
    # species to spare and falls to nothing alone.
    known = species(*"abcd", range_km2=25_000.0)
    measured = tables(three=dict.fromkeys("abc", 750.0), four=dict.fromkeys("abcd", 750.0))
    design = Design(runs=600)
    result = found(measured, known, profile, design)
    table = result.units.set_index("site")
    assert table.loc["three", "flips_at"] == (
        "species left out: a; species left out: b; species left out: c; thresholds: C1 +25 %"
    )
    assert table.loc["three", "flips"] == "species left out"
    assert table.loc["four", "flips_at"] == ""
    rows = result.factors.set_index(["site", "level"])["share_qualifying"]
    # Without a two are left: enough in the one level of 14 that asks for two, 2/3/14 of the runs.
    assert rows["three", "species left out: a"] == pytest.approx(0.048, abs=0.04)
    assert rows["three", "thresholds: C1 +25 %"] == 0
    # A third of the runs leave nothing out and of the rest one in four leaves out d: half of the
    # runs, of which the level T ≥ 4 takes away 2/3/14 = 5 %; of the other half T ≥ 2 saves as many.
    assert table.loc["three", "share_qualifying"] == pytest.approx(0.5, abs=0.03)
    assert table.loc["three", "label"] == label(table.loc["three", "share_qualifying"])
    # "four" falls only where a species is left out and T ≥ 4 is asked for at once: said all the same.
    assert 0.95 < table.loc["four", "share_qualifying"] < 1
    assert table.loc["four", "label"] == "robust"
    assert table.loc["four", "flips"] in ("species left out", "thresholds")


def test_a_unit_that_no_run_supports_is_fragile_everywhere(profile):
    known = species("a", range_km2=100_000.0)
    row = found(tables(weak={"a": 1000.0}), known, profile, Design(runs=60)).units.iloc[0]
    assert (row["share_qualifying"], row["share_top10"]) == (0, 0)
    assert (row["label"], row["flips"], row["flips_at"]) == ("fragile", "", "")
    assert row[["rank_low", "rank_median", "rank_high"]].isna().all()
    assert unit_card.stability(row) == "fragile (qualifies in 0 % of 60 runs)"
    assert unit_card.stability(row, "ru").startswith("неустойчиво (проходит в 0 %")


def test_a_unit_that_is_drawn_away_does_not_qualify_there(profile):
    known = species(*"abc", range_km2=20_000.0)
    whole = tables(here=dict.fromkeys("abc", 2000.0), there=dict.fromkeys("abc", 2000.0))
    without = tables(here=dict.fromkeys("abc", 2000.0), other=dict.fromkeys("abc", 2000.0))
    ways = {ONE_WAY: whole, (cell_level(50), STATED, STATED): without}
    result = stability(
        ways, {(STATED, STATED): known}, ["here", "there"], profile, Design(runs=300, stated=0.5)
    )
    table = result.units.set_index("site")
    assert table.loc["there", "flips"] == "cell size"
    assert table.loc["there", "flips_at"] == "cell size: 50 km"
    assert table.loc["there", "share_qualifying"] <= 0.5
    rows = result.factors.set_index(["site", "level"])
    assert rows.loc[("there", "cell size: 50 km"), "runs"] == 150
    assert not rows.loc[("there", "cell size: 50 km"), "qualifies"]
    # What was drawn instead is told by way, for the map of cells.
    ways_told = result.ways.set_index(["delineation", "site"])["share"]
    assert ways_told[cell_level(50), "other"] > 0
    assert ways_told[STATED, "there"] == table.loc["there", "share_qualifying"]


def test_readings_of_the_ranges_have_ranges_of_their_own(profile):
    # Read otherwise the range is ten times as large, so the same km² are a tenth of the share: 20 %
    # of the range become 2 %, below 5 %, and C3, on which alone the unit stands, is not met.
    measured = tables(u={"a": 4000.0})
    wide = presence_level((1, 2, 3))
    ways = {ONE_WAY: measured, (STATED, wide, STATED): measured}
    known = {
        (STATED, STATED): species("a", range_km2=20_000.0),
        (wide, STATED): species("a", range_km2=200_000.0),
    }
    result = stability(ways, known, ["u"], profile, Design(runs=100))
    rows = result.factors.set_index("level")
    assert rows.loc["presence codes: 1, 2, 3", "share_qualifying"] == 0
    assert not rows.loc["presence codes: 1, 2, 3", "qualifies"]
    assert "presence codes: 1, 2, 3" in result.units.loc[0, "flips_at"]


def test_riverine_species_stay_riverine_in_every_reading(profile):
    # C4 decides here. 30 km of border are enough for a riverine species (25), not for others (50).
    rules = changed(profile, "decision", any_of=("C4",))
    measured = tables(u={"a": 2000.0})
    measured = replace(measured, shared_borders=measured.shared_borders.assign(km=30.0))
    known = species("a")
    assert found(measured, known, rules).units.loc[0, "share_qualifying"] == 0
    rules = changed(rules, "C4", riverine=("a",))
    assert found(measured, known, rules).units.loc[0, "share_qualifying"] == 1


# -- what is varied -------------------------------------------------------------------------------


def test_the_lot_is_balanced():
    runs = drawn(
        {"axis": ["stated", "a", "b"], "alone": ["stated"]}, runs=300, seed=1, stated=1 / 3
    )
    assert runs["axis"].value_counts().to_dict() == {"stated": 100, "a": 100, "b": 100}
    assert (runs["alone"] == "stated").all()


@given(st.integers(1, 60), st.integers(0, 9), st.integers(1, 7), st.floats(0.01, 1))
def test_every_run_has_a_level_and_none_is_favoured(runs, seed, others, stated):
    levels = ["stated", *map(str, range(others))]
    counts = drawn({"x": levels}, runs=runs, seed=seed, stated=stated)["x"].value_counts()
    assert counts.sum() == runs
    moved = counts.reindex(levels[1:], fill_value=0)
    assert moved.max() - moved.min() <= 1
    assert counts.get("stated", 0) == round(runs * stated)


def test_weights_are_drawn_around_those_of_the_profile(profile):
    draws = weight_draws(profile, runs=4000, seed=3)
    assert draws.shape == (4000, len(weighted_criteria(profile)))
    assert np.allclose(draws.sum(axis=1), 1)
    assert draws.mean(axis=0) == pytest.approx([0.25] * 4, abs=0.01)
    # Dirichlet (1, 1, 1, 1): each share has the standard deviation sqrt(3/80) = 0.194.
    assert draws.std(axis=0) == pytest.approx([0.194] * 4, abs=0.01)
    uneven = changed(profile, "score", weights={"C1": 3, "C2": 1, "C3": 0, "C5": 1})
    assert list(weighted_criteria(uneven)) == ["C1", "C2", "C5"]
    assert weight_draws(uneven, runs=4000, seed=3).mean(axis=0) == pytest.approx(
        [0.6, 0.2, 0.2], abs=0.02
    )


def test_thresholds_move_by_a_quarter_and_whole_numbers_by_one(profile):
    up, down = 1.25, 0.75
    assert with_threshold(profile, "C2", up).C2.min_weight == 11.25  # of 9
    assert with_threshold(profile, "C1", up).C1.min_species == 4  # of 3: a quarter is less than one
    assert with_threshold(profile, "C1", down).C1.min_species == 2
    assert with_threshold(profile, "C5", down).C5.min_crossings == 1  # never below one
    assert with_threshold(profile, "C5", up).C5.min_crossings == 2
    by_category = with_threshold(profile, "C3", up).C3
    assert by_category.min_share == 6.25
    assert by_category.min_share_by_category == {"VU": 1.25, "EN": 0.625, "CR": 0.625}
    assert with_threshold(profile, "C9", up).C9.min_confidence == 0.625
    most = changed(profile, "C9", min_confidence=0.9)
    assert with_threshold(most, "C9", up).C9.min_confidence == 1  # a fraction
    large = changed(profile, "C1", min_species=20)
    assert with_threshold(large, "C1", up).C1.min_species == 25
    left_open = changed(profile, "C2", min_weight=None)
    assert with_threshold(left_open, "C2", up).C2.min_weight is None
    moved = with_threshold(profile, "occurrence", down).occurrence
    assert (moved.min_km2, moved.side_km2, moved.min_site_share) == (375, 75, 3.75)


def test_only_thresholds_that_the_decision_hangs_on_move(profile):
    tables_moved = {table for table, _ in threshold_levels(profile, 0.25).values()}
    assert tables_moved == {"", "occurrence", "G1", "C1", "C2", "C3", "C5", "C9"}
    other = changed(profile, "decision", any_of=("C4",), evidence=())
    tables_moved = {table for table, _ in threshold_levels(other, 0.25).values()}
    assert tables_moved == {"", "occurrence", "G1", "C4"}


def test_ways_of_drawing_move_one_thing_at_a_time():
    ways = delineations(Design(), cell_km=25, border_km=50)
    assert ways == {
        STATED: (25, 50),
        "cell size: 10 km": (10, 50),
        "cell size: 50 km": (50, 50),
        "border distance: 25 km": (25, 25),
        "border distance: 100 km": (25, 100),
    }
    # A plan that says neither 10, 25 nor 50 has three other sizes.
    assert len(delineations(Design(), cell_km=20, border_km=50)) == 6


def test_ways_of_reading_leave_out_the_plan_s_own():
    assert readings(Design(), [2, 1]) == {
        STATED: (1, 2),
        "presence codes: 1": (1,),
        "presence codes: 1, 2, 3": (1, 2, 3),
    }
    assert [EDGES[name] for name in EDGES] == [0, -1, 1]


def test_every_factor_has_words_in_both_languages():
    for factor in FACTORS:
        assert words.text(factor) == factor
        assert words.text(factor, "ru")


# -- what must not change anything ----------------------------------------------------------------


@pytest.fixture(scope="module")
def toy() -> tuple[SiteTables, pd.DataFrame]:
    known = species(*"abcd", range_km2=25_000.0)
    measured = tables(
        three=dict.fromkeys("abc", 1000.0), two=dict.fromkeys("cd", 2000.0), weak={"d": 600.0}
    )
    return measured, known


def same(one, other):
    for name in ("units", "factors", "ways"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))


@pytest.mark.slow
def test_the_same_seed_gives_the_same_and_another_does_not(toy, profile):
    design = Design(runs=80)
    first = found(*toy, profile, design)
    same(first, found(*toy, profile, design))
    other = found(*toy, profile, replace(design, seed=1))
    assert not first.units.equals(other.units)


@pytest.mark.slow
def test_row_order_changes_nothing(toy, profile):
    measured, known = toy
    mixed = SiteTables(
        **{
            name: None if (table := getattr(measured, name)) is None else table.iloc[::-1]
            for name in SiteTables.__dataclass_fields__
        }
    )
    design, units = Design(runs=80), ["three", "two", "weak"]
    key = {(STATED, STATED): known}
    turned = {(STATED, STATED): known.iloc[::-1]}
    same(
        stability(one_way(measured), key, units, profile, design),
        stability(one_way(mixed), turned, units, profile, design),
    )


@pytest.mark.slow
def test_tables_handed_in_are_not_changed(toy, profile):
    measured, known = toy
    before = measured.species.copy(), known.copy()
    found(measured, known, profile, Design(runs=20))
    pd.testing.assert_frame_equal(measured.species, before[0])
    pd.testing.assert_frame_equal(known, before[1])


@pytest.mark.slow
def test_a_species_left_out_is_one_that_was_never_there(toy, profile):
    measured, known = toy
    stated = dict.fromkeys(AXES, STATED)
    levels = [STATED, *(left_out_level(name) for name in "abcd"), left_out_level("a")]
    scenarios = pd.DataFrame([{**stated, "species": level} for level in levels])
    key = {(STATED, STATED): known}
    all_found = outcomes(scenarios, one_way(measured), key, profile, STILL)
    columns = ["site", "decision", "n_transboundary", "threat_weight", "max_share"]
    for number, name in enumerate(["", *"abcda"]):
        without = SiteTables(
            **{
                field: table[table["sci_name"] != name] if "sci_name" in table else table
                for field in SiteTables.__dataclass_fields__
                if (table := getattr(measured, field)) is not None
            }
        )
        alone = outcomes(scenarios[:1], one_way(without), key, profile, STILL)
        of_scenario = all_found[all_found["scenario"] == number].reset_index(drop=True)
        pd.testing.assert_frame_equal(of_scenario[columns], alone[columns])


# -- messages -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"runs": 0}, "runs must be 1 or more, 0 came"),
        ({"stated": 0}, "stated must be above 0 and at most 1, 0 came"),
        ({"threshold_change": 1.0}, "threshold_change must be between 0 and 1, 1 came"),
        ({"robust": 0.4}, "0 ≤ sensitive ≤ robust ≤ 1 is expected, 0.5 and 0.4 came"),
        ({"ungraded": "none"}, "ungraded must be one of high, medium, low, 'none' came"),
    ],
)
def test_a_design_that_cannot_be_run(choice, message):
    with pytest.raises(InputError, match=message):
        Design(**choice)


def test_ways_and_readings_must_be_complete(toy, profile):
    measured, known = toy
    key = {(STATED, STATED): known}
    edge = "range edge: drawn in"
    with pytest.raises(InputError, match="no species for as stated / range edge: drawn in"):
        stability({ONE_WAY: measured, (STATED, STATED, edge): measured}, key, ["two"], profile)
    gaps = {
        ONE_WAY: measured,
        (cell_level(10), STATED, STATED): measured,
        (STATED, STATED, edge): measured,
    }
    with pytest.raises(InputError, match="no tables for cell size: 10 km / as stated / range edge"):
        stability(gaps, key | {(STATED, edge): known}, ["two"], profile)
    with pytest.raises(InputError, match="no level 'as stated' of delineation"):
        stability({(cell_level(10), STATED, STATED): measured}, key, ["two"], profile)


# -- words ----------------------------------------------------------------------------------------


def test_labels_by_share():
    assert [label(share) for share in (1, 0.9, 0.8999, 0.5, 0.4999, 0)] == [
        *("robust", "robust", "sensitive", "sensitive", "fragile", "fragile")
    ]


def test_a_share_is_never_rounded_to_all_or_nothing():
    row = {"label": "robust", "share_qualifying": 0.9996, "runs": 5000, "flips": "thresholds"}
    assert unit_card.stability(row) == (
        "robust (qualifies in 99 % of 5,000 runs; most often undone by thresholds)"
    )
    assert words.share_of_runs(0.0004) == 1
    assert (words.share_of_runs(1.0), words.share_of_runs(0.0)) == (100, 0)


def test_a_share_in_words_belongs_to_its_label():
    """497 runs of 1,000 are fragile, which begins below 50 %: they must not read "50 %"."""
    for n in range(1001):
        assert label(words.share_of_runs(n / 1000) / 100) == label(n / 1000), n


def test_an_override_on_a_site_that_became_no_unit_lets_nothing_in():
    """H41 is no unit, and was none when the round was made: there is nobody to let in."""
    units = gpd.GeoDataFrame(
        {"unit_id": ["CU-001"], "hotspot_ids": ["H01"]},
        geometry=[km_box(0, 0, 9, 9)],
        crs=EQUAL_AREA,
    )
    border = gpd.GeoSeries([shapely.LineString([(0, 0), (9_000, 0)])], crs=EQUAL_AREA)
    for site, let_in in (("H41", []), ("H01", ["CU-001"])):
        rows = pd.DataFrame({"site": [site], "what": ["adjacent"], "reason": ["herds cross daily"]})
        pieces = SimpleNamespace(layers=SimpleNamespace(overrides=rows, borders=border))
        adjacent = _adjacent_units(units, pieces, read_plan(None))
        assert adjacent["site"].tolist() == let_in


def test_an_override_of_the_geography_gate_holds_in_every_run(toy, profile):
    # All of "three" lies in AA: one state, and the gate is closed. It stands 10 km from a border, and
    # a written reason lets it in. Its species still need both sides, so half of each stays in BB.
    measured, known = toy
    alone = measured.states.assign(
        km2=np.where(measured.states["site"] == "three", [10_000, 0] * 3, measured.states["km2"])
    )
    measured = replace(measured, states=alone[alone["km2"] > 0])
    closed = found(measured, known, profile).units.set_index("site")
    assert closed.loc["three", "share_qualifying"] == 0
    let_in = pd.DataFrame({"site": ["three"], "reason": ["herds cross daily"], "km": [10.0]})
    units = measured.sites["site"].tolist()
    opened = stability(
        one_way(measured), {(STATED, STATED): known}, units, profile, STILL, adjacent=let_in
    )
    assert opened.units.set_index("site").loc["three", "share_qualifying"] == 1
    assert (
        opened.units.set_index("site").loc["two", "share_qualifying"]
        == (closed.loc["two", "share_qualifying"])
    )


@pytest.mark.slow
@pytest.mark.parametrize("side", [0, 1, -1])
def test_species_that_are_read_alike_are_measured_once(side):
    # The tables of another choice of codes, made from those of the stated one by measuring only the
    # species whose parts come or go, are to the last bit those that measuring all of them gives.
    import cami_units as cu
    from cami_units import overlap
    from cami_units.commands.assess import measure
    from cami_units.commands.sensitivity import _read_again, read_otherwise

    plan, design = cu.read_plan(None), Design()
    pieces = cu.cut(cu.load(plan), plan)
    sites = pieces.layers.hotspots.rename(columns={"hotspot_id": "site"})
    tables, inner = measure(sites, pieces, site="site"), overlap.deep_sites(sites, pieces)
    edge_pieces = read_otherwise(pieces, plan, design, tuple(plan.codes.presence), side)
    edge_tables = overlap.with_ranges_measured(tables, sites, inner, edge_pieces)
    for codes in ((1,), (1, 2, 3, 4, 5, 6)):
        all_pieces = read_otherwise(pieces, plan, design, codes, side)
        expected = overlap.with_ranges_measured(tables, sites, inner, all_pieces)
        again, measured = _read_again(
            edge_pieces, edge_tables, sites, inner, plan, design, codes, side
        )
        km2 = again.layers.features.set_index("sci_name")["range_km2"].sort_index()
        expected_km2 = all_pieces.layers.features.set_index("sci_name")["range_km2"].sort_index()
        pd.testing.assert_series_equal(km2, expected_km2, check_exact=True)
        for field in fields(SiteTables):
            one, other = getattr(measured, field.name), getattr(expected, field.name)
            assert (one is None) == (other is None)
            if one is not None:
                pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_what_is_drawn_the_same_in_two_ways_is_measured_once_and_told_of_both():
    import geopandas as gpd
    import shapely

    from cami_units.commands.sensitivity import _side_by_side
    from cami_units.model import EQUAL_AREA
    from cami_units.overlap import tables_by_way

    def drawing(**boxes: int) -> gpd.GeoDataFrame:
        """Squares of so many km, by name."""
        shapes = [shapely.box(0, 0, 1000 * km, 1000 * km) for km in boxes.values()]
        return gpd.GeoDataFrame({"site": list(boxes)}, geometry=shapes, crs=EQUAL_AREA)

    # "b" of the second way is "a" of the first; "d" and "e" of the third have one outline, and stay two
    ways = {"one": drawing(a=1, b=2), "two": drawing(c=3, b=1), "three": drawing(d=2, e=2, a=4)}
    every_site = _side_by_side(ways)
    sites = every_site.drop_duplicates("site")
    assert sites.area.div(1e6).tolist() == [1, 4, 9, 4, 16]
    # measured in the order of the sites, two rows for each
    rows = pd.DataFrame({"site": sites["site"], "km2": sites.area / 1e6})
    half = rows.loc[rows.index.repeat(2)].assign(iso2=["AA", "BB"] * len(rows))
    reading = (STATED, STATED)
    none = rows[:0]
    measured = SiteTables(rows, half, *[none] * 5)
    found = tables_by_way({reading: measured}, every_site)
    for way, drawn_sites in ways.items():
        told = found[way, reading]
        assert told.sites["site"].tolist() == drawn_sites["site"].tolist()
        assert told.sites["km2"].tolist() == drawn_sites.area.div(1e6).tolist()
        assert told.states["site"].tolist() == drawn_sites["site"].repeat(2).tolist()
        assert told.states["iso2"].tolist() == ["AA", "BB"] * len(drawn_sites)


@pytest.mark.slow
def test_what_grows_over_numbered_cells_is_what_grows_over_named_ones():
    import cami_units as cu
    from cami_units.commands.propose import grow, living_cells, measured_cells, scored

    plan = cu.read_plan(None)
    plan = plan.model_copy(update={"study": plan.study.model_copy(update={"cell_km": 150.0})})
    clean = cu.load(plan)
    # with a few hotspots only, there is room for units that are new
    pieces = cu.cut(replace(clean, hotspots=clean.hotspots[:3]), plan)
    drawn_hotspots = cu.assess_sites(pieces.layers.hotspots, pieces, plan, site="hotspot_id")
    named = measured_cells(pieces, plan)
    numbered = living_cells(named)
    again = measured_cells(pieces, plan, living=True)
    assert numbered.units["pu_id"].tolist() == list(range(len(numbered.units)))
    assert len(numbered.units) < len(named.units)
    grown = [
        grow(scored(cells, pieces, plan), drawn_hotspots, pieces, plan)
        for cells in (named, numbered, again)
    ]
    assert grown[0]["seed"].str.match(r"R\d{4}C\d{4}").any()
    for other in grown[1:]:
        assert other["seed"].tolist() == grown[0]["seed"].tolist()
        assert other.geometry.to_wkb().tolist() == grown[0].geometry.to_wkb().tolist()


def test_sites_of_which_all_tables_say_the_same_are_one_case(profile):
    # The unit is drawn alike in two ways and of a hair more range in a third; its neighbour has
    # another name in the second way, under which an override may know it.
    one = tables(unit={"fox": 3000.0}, near={"fox": 2000.0})
    two = tables(unit={"fox": 3000.0}, other={"fox": 2000.0})
    three = tables(unit={"fox": 3000.0 + 1e-9}, near={"fox": 2000.0})
    ways = {(name, STATED, STATED): way for name, way in ((STATED, one), ("b", two), ("c", three))}
    stacks = _Stacks.of(ways, {(STATED, STATED): species("fox")})
    level = dict.fromkeys(AXES, STATED)
    rows = pd.DataFrame([{**level, "delineation": name} for name in (STATED, "b", "c")])
    cases = stacks.cases(rows.assign(scenario=range(3)))
    names = stacks.sites["name"].to_numpy()[cases["at"] % len(stacks.sites)]
    number = dict(zip(zip(cases["way"], names, strict=True), cases["site"], strict=True))
    assert number[0, "unit"] == number[1, "unit"] != number[2, "unit"]
    assert number[0, "near"] == number[2, "near"] != number[1, "other"]
    assert len(cases) == 6
    assert cases["site"].nunique() == 4


def test_a_species_that_two_readings_know_alike_has_one_key():
    # Read otherwise, the fox keeps its range and the goat does not.
    way = tables(unit={"fox": 3000.0, "goat": 2000.0})
    readings_known = {
        (STATED, STATED): species("fox", "goat"),
        ("b", STATED): species("fox", "goat").assign(range_km2=[100_000.0, 90_000.0]),
    }
    stacks = _Stacks.of({(STATED, *reading): way for reading in readings_known}, readings_known)
    assert stacks.species["name"].tolist() == ["fox", "goat", "goat"]
    assert stacks.species["sci_name"].is_unique
    held = stacks.tables["species"].groupby("way")["sci_name"].unique()
    assert held[0][0] == held[1][0]
    assert held[0][1] != held[1][1]
