"""States and areas of ranges beside what is expected of the species, on the toy region."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest

from cami_units.commands.check import unexpected
from cami_units.model import EQUAL_AREA, Layers
from cami_units.overlap import range_states


@pytest.fixture
def known(toy_countries, toy_features):
    """Fox 20,000 km² in AA and in BB; goat 5,000 in BB and in CC; deer 1,600 in AA."""
    species = pd.DataFrame(
        {
            "sci_name": ["deer", "fox", "goat", "hare"],
            "range_states": ["AA", "AA;CC", "BB;CC;ZZ", "AA"],
            "extinct_states": ["BB", "BB", "", None],
        }
    )
    nothing = gpd.GeoDataFrame(geometry=[], crs=EQUAL_AREA)
    return Layers(EQUAL_AREA, species, nothing, toy_features, toy_countries, nothing)


def test_each_state_that_is_named_or_found_has_a_verdict(known):
    table = range_states(known)
    told = {(row.sci_name, row.iso2): (row.expected, row.verdict) for row in table.itertuples()}
    assert told == {
        ("deer", "AA"): ("yes", "as expected"),
        ("deer", "BB"): ("extinct", "as expected"),  # gone, and not found: as it should be
        ("fox", "AA"): ("yes", "as expected"),
        ("fox", "BB"): ("extinct", "unexpected"),  # 20,000 km² where it is said to be extinct
        ("fox", "CC"): ("yes", "missing"),
        ("goat", "BB"): ("yes", "as expected"),
        ("goat", "CC"): ("yes", "as expected"),  # ZZ is no state of the plan
        ("hare", "AA"): ("yes", "missing"),
    }
    km2 = table.set_index(["sci_name", "iso2"])["km2"]
    assert km2["fox", "BB"] == pytest.approx(20_000)
    assert km2["fox", "CC"] == 0


def test_a_state_counts_from_the_area_that_is_asked_for(known):
    table = range_states(known, least_km2=6_000).set_index(["sci_name", "iso2"])["verdict"]
    assert table["goat", "BB"] == "missing"  # 5,000 km² there
    assert table["fox", "AA"] == "as expected"


def test_the_order_of_rows_changes_nothing(known):
    turned = Layers(
        known.crs,
        known.species[::-1],
        known.ranges,
        known.features[::-1],
        known.countries[::-1],
        known.borders,
    )
    pd.testing.assert_frame_equal(range_states(turned), range_states(known))


def test_a_species_table_without_extinct_states_is_enough(known):
    plain = known.species.drop(columns="extinct_states")
    table = range_states(
        Layers(known.crs, plain, known.ranges, known.features, known.countries, known.borders)
    )
    assert set(table["expected"]) == {"yes", "no"}


def test_what_looks_wrong_is_one_note_a_species_with_what_to_look_at(known):
    [fox] = unexpected(known)  # the hare has no range at all: that is told elsewhere
    assert fox.level == "note"
    assert fox.where == "fox"
    assert fox.what == (
        "no kept range in CC, where it is expected; range in BB (20,000 km², given as extinct), "
        "where it is not expected"
    )
    assert "range_states" in fox.cure


def test_an_area_three_times_off_is_said(known):
    # the fox has 40,000 km²: 10,000 were expected, which is four times; the goat is as expected
    stated = known.species.assign(expected_km2=["", "10000", "9000", ""])
    notes = unexpected(
        Layers(known.crs, stated, known.ranges, known.features, known.countries, known.borders)
    )
    [area] = [one for one in notes if "expected_km2" in one.what]
    assert area.where == "fox"
    assert area.what == "a range of 40,000 km², where expected_km2 says 10,000 km² (4 times)"
