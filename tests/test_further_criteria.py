"""A tenth criterion as CONTRIBUTING describes it: one function, one table, from profile to balloon."""

from __future__ import annotations

import zipfile
from types import MappingProxyType

import openpyxl
import pandas as pd
import pytest

from cami_units import rank, store, words
from cami_units.commands.check import check
from cami_units.commands.init import init
from cami_units.commands.plan_layers import load
from cami_units.commands.propose import propose
from cami_units.commands.round_files import write_proposal
from cami_units.criteria import measures
from cami_units.model import InputError, PlanError, SiteTables
from cami_units.plan import read_plan, read_profile
from cami_units.words.unit_card import unit_cards
from tests.test_criteria import assess

PROFILE = """
[further.C10]
name_en = "share of the largest state"
name_ru = "доля крупнейшего государства"
unit = "% of site"
at_least = 60
"""
PLAN = """
title = "Ten criteria"
date = "2026-11-22"
[study]
cell_km = 150
[criteria]
profile = "criteria.toml"
"""


def largest_share(tables: SiteTables) -> pd.Series:
    largest = tables.states.groupby("site")["km2"].max()
    return 100 * largest / tables.sites.set_index("site")["area_km2"]


@pytest.fixture
def ten(monkeypatch):
    """The one module that is touched."""
    monkeypatch.setattr(
        "cami_units.criteria._measures.FURTHER", MappingProxyType({"C10": largest_share})
    )


@pytest.fixture
def workshop(tmp_path):
    init(tmp_path / "workshop")
    folder = tmp_path / "workshop"
    with (folder / "criteria.toml").open("a", encoding="utf-8") as stream:
        stream.write(PROFILE)
    (folder / "plan.toml").write_text(PLAN, encoding="utf-8")
    return folder


def tables(**km2: float) -> SiteTables:
    """Site "s" of 100 km² with so much of it in each state, and nothing else in it."""
    none = pd.DataFrame({"site": [], "sci_name": [], "iso2": [], "km2": []})
    return SiteTables(
        sites=pd.DataFrame({"site": ["s", "t"], "area_km2": [100.0, 50.0]}),
        states=pd.DataFrame({"site": "s", "iso2": list(km2), "km2": list(km2.values())}),
        species=none,
        confidence=none.assign(confidence=""),
        borders=pd.DataFrame({"site": [], "pair": [], "km": []}),
        shared_borders=pd.DataFrame({"site": [], "sci_name": [], "pair": [], "km": []}),
        supporting=none,
    )


SPECIES = pd.DataFrame(
    {"sci_name": [], "name_en": [], "iucn_category": [], "in_cami": [], "range_km2": []}
)


def test_it_has_a_row_a_verdict_and_a_sentence_like_the_nine(ten, workshop):
    profile = read_profile(workshop / "criteria.toml")
    # s: 70 of its 100 km² lie in AA, so 70 % >= 60 %; t lies in no state: nothing can be said
    found = assess(tables(AA=70, BB=30), SPECIES, profile)
    rows = found.criteria[found.criteria["criterion"] == "C10"].set_index("site")
    assert rows.at["s", "met"] is True or bool(rows.at["s", "met"])
    assert rows.at["s", "value"] == 70
    assert rows.at["s", "unit"] == "% of site"
    assert rows.at["s", "threshold"] == 60
    assert rows.at["s", "because"] == "Share of the largest state: 70.0 % of site, 60 needed."
    assert pd.isna(rows.at["t", "met"])
    assert rows.at["t", "because"].startswith("Not assessed: share of the largest state")
    order = found.criteria.loc[found.criteria["site"] == "s", "criterion"].tolist()
    assert order == ["G1", "G2", *(f"C{number}" for number in range(1, 11))]
    assert found.summary.set_index("site").at["s", "criteria_met"].endswith("C10")


def test_it_decides_where_the_profile_says_so(ten, workshop):
    text = (workshop / "criteria.toml").read_text(encoding="utf-8")
    (workshop / "criteria.toml").write_text(
        text.replace('any_of = ["C1", "C2", "C3", "C5"]', 'any_of = ["C10"]'), encoding="utf-8"
    )
    profile = read_profile(workshop / "criteria.toml")
    held = pd.DataFrame({"G1": [True, True], "G2": True, "C9": True, "C10": [True, False]})
    assert list(rank.bare_decisions(held, profile)) == ["proposed CU", "not proposed"]


def test_a_threshold_left_open_is_not_assessed(ten, workshop):
    text = (workshop / "criteria.toml").read_text(encoding="utf-8")
    (workshop / "criteria.toml").write_text(text.replace("at_least = 60", ""), encoding="utf-8")
    found = assess(
        tables(AA=70), SPECIES, read_profile(workshop / "criteria.toml")
    ).criteria.set_index(["site", "criterion"])
    assert pd.isna(found.at[("s", "C10"), "met"])
    assert "further.C10.at_least open" in found.at[("s", "C10"), "because"]


@pytest.mark.slow
def test_a_criterion_that_nothing_measures_is_refused_before_anything_is_computed(workshop):
    plan = read_plan(workshop / "plan.toml")
    said = r"has \[further.C10\], and nothing measures C10: C1 to C9 are there"
    with pytest.raises(InputError, match=said):
        load(plan)
    problems, _ = check(plan)
    assert [one.level for one in problems if one.layer == "criteria"] == ["refuses"]
    with pytest.raises(PlanError, match=r"nothing measures C10"):
        measures(tables(AA=1), SPECIES, plan.profile)


def test_ids_are_c10_to_c99_and_keys_are_known(workshop):
    with (workshop / "criteria.toml").open("a", encoding="utf-8") as stream:
        stream.write('\n[further.D1]\nname_en = "x"\nname_ru = "x"\nunit = ""\natleast = 3\n')
    with pytest.raises(PlanError, match=r"D1(.|\n)*atleast"):
        read_profile(workshop / "criteria.toml")


@pytest.fixture
def written(ten, workshop):
    made = propose(read_plan(workshop / "plan.toml"))
    write_proposal(made, workshop / "round")
    return workshop / "round"


def test_from_profile_to_balloon(written):
    again = store.read_round(written)
    findings = again.tables["unit_criteria"]
    tenth = findings[findings["criterion"] == "C10"]
    units = again.tables["conservation_units"]
    assert sorted(tenth["unit_id"]) == sorted(units["unit_id"])
    # an independent witness: the largest share of a state in the table of the unit's countries
    largest = again.tables["unit_countries"].groupby("unit_id")["share"].max()
    assert dict(zip(tenth["unit_id"], tenth["value"], strict=True)) == pytest.approx(
        largest.to_dict(), abs=1e-3
    )
    with zipfile.ZipFile(written / "conservation_units.kmz") as archive:
        balloons = archive.read("doc.kml").decode("utf-8")
    for unit_id, met in zip(tenth["unit_id"], tenth["met"], strict=True):
        card = unit_cards(again.tables, again.tables["species"]).set_index("unit_id")
        assert f"C10 {words.mark(met)}" in card.at[unit_id, "criteria"]
    assert f"C10 {words.MARKS[True]}" in balloons
    assert "Share of the largest state" in (written / "map.html").read_text(encoding="utf-8")
    sheet = openpyxl.load_workbook(written / "conservation_units.xlsx")["units"]
    assert "C10" in [cell.value for cell in sheet[1]]
    rows = openpyxl.load_workbook(written / "conservation_units.xlsx")["criteria"].values
    assert any("доля крупнейшего государства" in str(cell) for row in rows for cell in row)
