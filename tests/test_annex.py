"""The annex: complete, the same bytes for a second person, nothing in it that may not leave."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import docx
import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

from cami_units import figures
from cami_units.commands.activities import activities
from cami_units.commands.annex import ANNEX_FILES, annex
from cami_units.commands.decide import decide, read_decisions, record_decision
from cami_units.commands.pack import pack
from cami_units.commands.publish import publish
from cami_units.commands.round_files import write_proposal
from cami_units.commands.shown_round import drawn_scene
from cami_units.documents.board_slides import Loop, boards
from cami_units.figures._sheet import Line
from cami_units.model import InputError
from cami_units.store import read_round
from tests.rounds import toy_round

NOON = "2026-11-22T14:05"


@pytest.fixture(scope="module")
def round_dir(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("rounds") / "00-proposal"
    write_proposal(toy_round(), directory)
    activities(directory)
    decide(directory, "CU-001", "agree", reason="No objection", time=NOON)
    decide(directory, "CU-004", "reject", reason="Too thin", time=NOON)
    return directory


@pytest.fixture(scope="module")
def annexed(round_dir) -> Path:
    return annex(round_dir)


def test_what_is_there_and_that_the_manifest_vouches_for_it(annexed):
    assert sorted(path.name for path in annexed.iterdir()) == sorted(ANNEX_FILES)
    manifest = json.loads((annexed / "manifest.json").read_bytes())
    for name, digest in manifest["outputs"].items():
        assert hashlib.sha256((annexed / name).read_bytes()).hexdigest() == digest
    assert sorted(manifest["outputs"]) == sorted(set(ANNEX_FILES) - {"manifest.json"})
    assert manifest["plan"]
    assert manifest["profile"]


def test_a_second_person_gets_the_same_bytes(round_dir, annexed, tmp_path):
    elsewhere = Path(shutil.copytree(round_dir, tmp_path / "another name"))
    shutil.rmtree(elsewhere / "annex", ignore_errors=True)
    again = annex(elsewhere, tmp_path / "out")
    for name in ANNEX_FILES:
        assert (again / name).read_bytes() == (annexed / name).read_bytes(), name


def test_the_list_says_what_was_agreed_and_what_was_rejected(annexed):
    made = docx.Document(str(annexed / "annex.docx"))
    told = "\n".join(paragraph.text for paragraph in made.paragraphs)
    assert "Conservation units: 3 (modelled candidate: 2; plenary-agreed: 1)" in told
    assert "agreed · plenary · No objection · 22 November, 14:05" in told
    assert "CU-004 Tarim: rejected · plenary · Too thin · 22 November, 14:05" in told
    assert "H09 Elsewhere: As drawn: G2 not met." in told
    listed = [row.cells[0].text for row in made.tables[0].rows]
    assert listed == ["Unit", "CU-001", "CU-002", "CU-003"]
    footer = made.sections[0].footer.paragraphs[1].text
    assert footer.startswith("Boundaries and place names are shown for orientation only.")


def test_a_merged_unit_stands_under_merged_with_the_one_that_took_it_in(tmp_path):
    write_proposal(toy_round(), tmp_path / "r")
    for unit_id, decision, options in (
        ("CU-001", "merge", {"into": "CU-002"}),
        ("CU-004", "reject", {}),
    ):
        decide(tmp_path / "r", unit_id, decision, reason="x", time=NOON, **options)
    made = docx.Document(str(annex(tmp_path / "r") / "annex.docx"))
    told = [paragraph.text for paragraph in made.paragraphs]
    [merged] = [line for line in told if line.startswith("CU-001")]
    assert re.fullmatch(r"CU-001 .+ → CU-002: merged · plenary · x · 22 November, 14:05", merged)
    assert told[told.index(merged) - 1] == "merged"
    [rejected] = [line for line in told if line.startswith("CU-004")]
    assert told[told.index(rejected) - 1] == "rejected"


def test_the_hotspot_of_a_unit_that_plenary_took_up_again_became_a_unit(tmp_path):
    """A group had rejected it, which is why H09 is in none: not once the unit is agreed on."""
    toy = toy_round()
    units = toy.tables["conservation_units"].copy()
    units.loc[units["unit_id"] == "CU-004", ["status", "hotspot_ids"]] = ["rejected", "H09"]
    write_proposal(replace(toy, tables={**toy.tables, "conservation_units": units}), tmp_path / "r")

    def told() -> str:
        made = docx.Document(str(annex(tmp_path / "r") / "annex.docx"))
        return "\n".join(paragraph.text for paragraph in made.paragraphs)

    assert "H09 Elsewhere: As drawn: G2 not met." in told()
    decide(tmp_path / "r", "CU-004", "agree", reason="It is needed", time=NOON)
    assert "H09 Elsewhere" not in told()
    assert "CU-004 Tarim" in told()


def test_a_unit_too_small_to_count_in_a_state_names_the_states_that_it_lies_in(tmp_path):
    toy = toy_round()
    units = toy.tables["conservation_units"].copy()
    units.loc[units["unit_id"] == "CU-004", "countries"] = ""
    small = pd.DataFrame(
        {"unit_id": "CU-004", "iso2": ["CN", "KZ"], "area_km2": 1.0, "share": 50.0}
    )
    kept = toy.tables["unit_countries"].query("unit_id != 'CU-004'")
    tables = {"conservation_units": units, "unit_countries": pd.concat([kept, small])}
    write_proposal(replace(toy, tables={**toy.tables, **tables}), tmp_path / "r")
    made = docx.Document(str(annex(tmp_path / "r") / "annex.docx"))
    rows = [[cell.text for cell in row.cells] for row in made.tables[0].rows]
    [row] = [cells for cells in rows if cells[0] == "CU-004"]
    said = "China, Kazakhstan (too little ground to count)"
    assert row[2] == said
    # board and poster name the same states; before, of the round as it was, China counted
    round_ = read_round(tmp_path / "r")
    loop = Loop(log=read_decisions(tmp_path / "r"), before=toy)
    [board] = boards(round_, [drawn_scene(round_, lang="en")], loop)
    [slide] = [one for one in board.slides if one.unit_id == "CU-004"]
    assert said == next(after for label, _, after in slide.compared if label == "States")
    poster = figures.poster(drawn_scene(round_, lang="en"))
    shown = [one.get_text() for one in poster.findobj(Line)]
    assert shown[shown.index("CU-004") + 2] == "CN KZ"


def test_the_workbook_has_the_decisions_and_the_activities(annexed):
    book = openpyxl.load_workbook(annexed / "annex.xlsx")
    assert {"units", "criteria", "decisions", "species by unit", "activities"} <= set(
        book.sheetnames
    )
    assert book["decisions"]["A3"].value == "CU-001"


def test_the_geopackage_holds_nothing_that_may_not_leave(annexed, tmp_path):
    layers = {str(name) for name, _ in pyogrio.list_layers(annexed / "annex.gpkg")}
    assert {"conservation_units", "decisions", "activities", "unit_criteria"} <= layers
    assert "ranges_used" not in layers  # a sensitive species is among them
    plain = toy_round()
    inputs = [{**one, "restricted": one["layer"] == "hotspots"} for one in plain.manifest["inputs"]]
    write_proposal(replace(plain, manifest={**plain.manifest, "inputs": inputs}), tmp_path / "r")
    made = annex(tmp_path / "r")
    assert "hotspots" not in {str(name) for name, _ in pyogrio.list_layers(made / "annex.gpkg")}


def test_no_folder_name_or_machine_is_in_any_file(annexed):
    for path in annexed.iterdir():
        parts = [path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                parts += [archive.read(name) for name in archive.namelist()]
                assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        for part in parts:
            assert str(annexed.parent).encode() not in part
            assert b"/home/" not in part
            assert b"/tmp/" not in part


def test_a_folder_that_holds_something_else_is_left_alone(round_dir, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.docx").write_text("x")
    with pytest.raises(InputError, match=r"letter\.docx"):
        annex(round_dir, tmp_path / "mine")


def test_in_russian(round_dir, tmp_path):
    made = docx.Document(str(annex(round_dir, tmp_path / "ru", lang="ru") / "annex.docx"))
    told = "\n".join(paragraph.text for paragraph in made.paragraphs)
    assert "Приложение: приоритетные единицы" in told
    assert "CU-001 Талас" in told


def test_a_russian_annex_says_the_decisions_of_its_workbook_in_words(tmp_path):
    """With the codes behind, for scripts; and headings that are those of decisions."""
    russian = toy_round()
    imprint = replace(russian.imprint, languages=("ru",))
    write_proposal(replace(russian, imprint=imprint), tmp_path / "r")
    record_decision(tmp_path / "r", "CU-001", "park", reason="ждём", time="2026-11-22T14:05")
    book = openpyxl.load_workbook(annex(tmp_path / "r") / "annex.xlsx")
    names, headings, cells = (
        [cell.value for cell in row] for row in book["decisions"].iter_rows(max_row=3)
    )
    told = dict(zip(names, zip(headings, cells, strict=True), strict=True))
    assert told["decision_ru"] == ("Решение", "отложено")
    assert told["decision"] == ("Решение (код)", "park")
    assert told["before_ru"] == ("Прежний статус", "предварительная единица")
    assert told["by_ru"] == ("Кто решил", "пленарное заседание")
    assert told["reason"] == ("Почему", "ждём")
    units = {cell.value for row in book["units"].iter_rows() for cell in row}
    assert "нет" in units  # of no unit hangs the count of states on a disputed area
    assert not {"yes", "no"} & units


@pytest.mark.slow
def test_what_groups_typed_and_called_their_files_stays_in_the_round(tmp_path, monkeypatch):
    plain = toy_round()
    person = "Ivan Petrov"
    point = gpd.GeoDataFrame(
        {
            "remark_id": ["R-001"],
            "kind": ["pin"],
            "group": ["S1"],
            "unit_id": ["CU-001"],
            "text": [f"ask {person}"],
            "file": [f"{person}.kmz"],
            "placemark": [person],
        },
        geometry=[shapely.Point(72, 41.5)],
        crs=4326,
    )
    aside = gpd.GeoDataFrame(
        {
            "site": ["CU-001@S2"],
            "unit_id": ["CU-001"],
            "group": ["S2"],
            "file": [f"{person}.kmz"],
            "placemark": [f"CU-001 {person}"],
            "reason": [f"keep {person}.kmz"],
        },
        geometry=[shapely.box(71, 41, 72, 42)],
        crs=4326,
    )
    asked = pd.DataFrame(
        {"question_id": ["Q-001"], "unit_id": ["CU-001"], "text": [f"ask {person}"]}
    )
    resolved = [{"unit_id": "CU-001", "choice": f"{person}.kmz", "reason": f"{person} agrees"}]
    collected = [{"file": f"{person}.kmz", "group": "S1", "sha256": "0" * 64, "refused": person}]
    made = replace(
        plain,
        tables={**plain.tables, "remarks": point, "set_aside": aside, "questions": asked},
        manifest={**plain.manifest, "collected": collected}
        | {"resolutions": resolved, "resolved_before": resolved, "collected_before": collected},
    )
    write_proposal(made, tmp_path / "r")
    annexed = annex(tmp_path / "r")
    for path in annexed.iterdir():
        parts = [path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                parts += [archive.read(name) for name in archive.namelist()]
        assert not any(b"Petrov" in part for part in parts), path.name
    layers = {str(name) for name, _ in pyogrio.list_layers(annexed / "annex.gpkg")}
    assert "set_aside" in layers  # the outline itself is evidence
    manifest = json.loads((annexed / "manifest.json").read_bytes())
    assert manifest["collected"] == [{"group": "S1", "sha256": "0" * 64}]
    assert manifest["resolutions"] == [
        {"unit_id": "CU-001", "choice": "S1"}
    ]  # whose, not what called
    passed_on = pack(tmp_path / "r").directory / "everything"
    for name in ("conservation_units.gpkg", "conservation_units.qgs"):
        assert b"Petrov" not in (passed_on / name).read_bytes(), name
    written: dict[str, pd.DataFrame] = {}
    monkeypatch.setattr(
        "cami_units.layers.tables_to_database", lambda tables, *_, **__: written.update(tables)
    )
    publish(tmp_path / "r", "postgresql://me@host/cami")
    assert {"conservation_units", "set_aside"} <= set(written)
    assert not any("Petrov" in table.to_csv() for table in written.values())
