"""Ids hold when a proposal is computed again: by overlap, and never on another place."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import geopandas as gpd
import pytest

from cami_units import store
from cami_units.commands import lasting_ids
from cami_units.commands.lasting_ids import check_ids_stay, with_ids_from, write_first_round
from cami_units.commands.round_files import write_proposal
from cami_units.model import InputError, Round
from tests.rounds import BOXES, toy_round


def computed_again() -> Round:
    """The round without CU-001: every other unit one number lower, as the program counts."""
    plain = toy_round()
    units = gpd.GeoDataFrame(plain.tables["conservation_units"]).iloc[1:].reset_index(drop=True)
    lower = {"CU-002": "CU-001", "CU-003": "CU-002", "CU-004": "CU-003"}
    tables = dict(plain.tables)
    for name in ("unit_criteria", "unit_species", "unit_countries"):
        rows = plain.tables[name]
        rows = rows[rows["unit_id"] != "CU-001"]
        tables[name] = rows.assign(unit_id=rows["unit_id"].map(lower)).reset_index(drop=True)
    tables["conservation_units"] = units.assign(unit_id=units["unit_id"].map(lower))
    return Round(plain.imprint, tables, plain.manifest)


@pytest.fixture
def rounds(tmp_path: Path) -> Path:
    write_proposal(toy_round(), tmp_path / "00-proposal")
    return tmp_path


def test_ids_are_taken_by_overlap_in_every_table(rounds):
    made = with_ids_from(computed_again(), rounds / "00-proposal")
    units = made.tables["conservation_units"].set_index("unit_id")
    assert units.index.tolist() == ["CU-002", "CU-003", "CU-004"]
    assert units.at["CU-002", "geometry"].equals(BOXES["CU-002"])
    assert units.at["CU-002", "name_en"] == "Naryn"
    assert set(made.tables["unit_criteria"]["unit_id"]) == set(units.index)
    assert made.tables["unit_species"]["unit_id"].tolist() == ["CU-002", "CU-003"]
    sums = store.sha256(rounds / "00-proposal" / "manifest.json")
    assert made.manifest["ids_from"]["manifest_sha256"] == sums
    assert made.manifest["ids_used"] == ["CU-001", "CU-002", "CU-003", "CU-004"]


def test_a_packed_round_is_not_replaced_where_an_id_would_move(rounds):
    folder = rounds / "00-proposal"
    check_ids_stay(computed_again(), folder)  # nobody has been handed anything yet
    (rounds / "pack").mkdir()
    (rounds / "pack" / "pack.json").write_text(json.dumps({"round": "00"}), encoding="utf-8")
    check_ids_stay(toy_round(), folder)  # the same places: nothing moves
    with pytest.raises(InputError, match=r"CU-001 Talas would become Naryn.*--ids-from"):
        check_ids_stay(computed_again(), folder)
    # Ids of another round are no proof that those of this one stay: CU-001 would be Naryn here.
    shutil.copytree(folder, rounds / "another")
    with pytest.raises(InputError, match=r"CU-001 Talas would become Naryn.*--ids-from"):
        check_ids_stay(computed_again(), folder, ids_from=rounds / "another")
    # Under its own ids nothing moves; a unit that groups hold and the new round lacks is still named.
    made = with_ids_from(computed_again(), folder)
    with pytest.raises(
        InputError, match=r"CU-001 Talas would be gone\. Write to another"
    ) as refused:
        check_ids_stay(made, folder, ids_from=folder)
    assert "--ids-from" not in str(refused.value)
    shutil.rmtree(rounds / "pack")
    check_ids_stay(computed_again(), folder)


@pytest.mark.parametrize(
    ("what", "told"),
    [("ids_from", "There is no folder '.*nowhere'"), ("overlaps", "There is no file '.*nowhere'")],
)
def test_what_a_round_is_to_follow_is_asked_for_before_anything_is_computed(
    tmp_path, monkeypatch, what, told
):
    monkeypatch.setattr(lasting_ids, "propose", None)
    with pytest.raises(InputError, match=told):
        write_first_round(None, tmp_path / "00", **{what: tmp_path / "nowhere"})
