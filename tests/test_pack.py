"""Packs: who edits what, what lies in each folder, what never leaves the house."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely
from lxml import etree

from cami_units import kml, store
from cami_units.cli._summaries import say_packed
from cami_units.commands.check import check
from cami_units.commands.collect import collect
from cami_units.commands.decide import decide
from cami_units.commands.pack import Packed, pack
from cami_units.commands.plan_layers import faulty_cells, faulty_groups
from cami_units.commands.propose import propose
from cami_units.commands.round_files import write_proposal
from cami_units.commands.shown_round import published
from cami_units.documents.form_reading import is_form, read_form
from cami_units.documents.group_form import write_form
from cami_units.documents.html_pages import write_howto
from cami_units.kml import rehearsal as draw
from cami_units.model import EQUAL_AREA, InputError
from cami_units.plan import read_plan
from tests.browser import chromium
from tests.conftest import modules_loaded_by
from tests.rounds import imprint, toy_round

browser = pytest.fixture(scope="module")(chromium)

KML = "{http://www.opengis.net/kml/2.2}"


@pytest.fixture(scope="module")
def round_dir(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("rounds") / "00-proposal"
    write_proposal(toy_round(), directory)
    return directory


@pytest.fixture(scope="module")
def packed(round_dir) -> Packed:
    return pack(round_dir)


def placemarks(path: Path) -> list[tuple[list[str], str, dict[str, str]]]:
    """Folder path, name and data of every placemark, read by lxml alone."""
    with zipfile.ZipFile(path) as archive:
        root = etree.fromstring(archive.read("doc.kml"))
    found = []
    for mark in root.iter(f"{KML}Placemark"):
        folders = [one.findtext(f"{KML}name") for one in mark.iterancestors(f"{KML}Folder")]
        data = {one.get("name"): one.findtext(f"{KML}value") for one in mark.iter(f"{KML}Data")}
        found.append((folders[::-1], mark.findtext(f"{KML}name"), data))
    return found


def with_groups(directory: Path, text: str) -> Path:
    path = directory / "plan.toml"
    path.write_text(
        f'title = "x"\ndate = "2026-11-22"\n[workshop.groups]\n{text}', encoding="utf-8"
    )
    return path


def test_what_drawing_pages_measure_on_is_made_without_the_compiler(round_dir):
    """Numba takes half a second and 100 MB, for a few layers on cells of 25 km."""
    loaded = modules_loaded_by(
        "from pathlib import Path; from cami_units import store\n"
        "from cami_units.commands.draw_map import ground_of_round\n"
        f"assert ground_of_round(store.read_round(Path({str(round_dir)!r}))).measured"
    )
    assert "cami_units.overlap" in loaded
    assert not {"numba", "scipy", "cami_units.layers._range_stream"} & loaded


# -- who edits what -------------------------------------------------------------------------------


def test_each_unit_is_editable_in_exactly_one_pack(packed):
    held: dict[str, list[tuple[str, str]]] = {}
    for path in sorted(packed.directory.glob("*/edit_*.kmz")):
        for _, _, data in placemarks(path):
            if "cu_id" in data:
                held.setdefault(path.name, []).append((data["cu_id"], data["part"]))
    assert sorted(held) == ["edit_S1.kmz", "edit_S1_web.kmz", "edit_S2.kmz", "edit_S2_web.kmz"]
    # CU-002 lies by three quarters in S2; CU-003 has two parts; CU-004 is in no section, nearer S2.
    assert held["edit_S1.kmz"] == [("CU-001", "1")]
    assert held["edit_S2.kmz"] == [
        *(("CU-002", "1"), ("CU-003", "1"), ("CU-003", "2"), ("CU-004", "1")),
    ]
    assert held["edit_S1_web.kmz"] == held["edit_S1.kmz"]
    assert held["edit_S2_web.kmz"] == held["edit_S2.kmz"]


def test_a_folder_where_the_activities_should_be_is_no_round_without_any(
    round_dir, packed, tmp_path
):
    directory = Path(shutil.copytree(round_dir, tmp_path / "00-proposal"))
    (directory / "activities.csv").mkdir()
    refused = r"activities\.csv' is a folder, where a log is expected"
    with pytest.raises(InputError, match=refused):
        pack(directory)
    [file] = sorted(packed.directory.glob("*/edit_S1.kmz"))
    with pytest.raises(InputError, match=refused):
        collect([file], store.read_round(directory), base_dir=directory)


def test_groups_are_given_sections_anew_in_one_command(round_dir, tmp_path):
    plan = read_plan(with_groups(tmp_path, 'G1 = ["S2"]\n'))
    made = pack(round_dir, tmp_path / "pack", plan=plan)
    assert made.allocation["group"].unique().tolist() == ["G1"]
    assert (tmp_path / "pack" / "G1" / "edit_G1.kmz").is_file()
    (problem,) = made.problems
    assert problem.what == "S1 belong to no group: their units go to the nearest group"


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ('G1 = ["S9"]', "sections that are not there: S9"),
        ('plenary = ["S1"]', "no group may be called 'plenary'"),
        ('G1 = ["S1"]\ng1 = ["S2"]', "two groups are called 'g1', capitals aside"),
    ],
)
def test_groups_that_cannot_be_packed_for(round_dir, tmp_path, groups, message):
    with pytest.raises(InputError, match=message):
        pack(round_dir, tmp_path / "pack", plan=read_plan(with_groups(tmp_path, groups)))
    assert not (tmp_path / "pack").exists()


@pytest.mark.parametrize(
    ("groups", "messages"),
    [
        ('G1 = ["s1"]', ["sections that are not there: s1. The sections are S1, S2"]),
        ('A = ["S1"]\na = ["S2"]', ["two groups are called 'a', capitals aside"]),
        (
            'plenary = ["S9"]\n[workshop.languages]\nG3 = "ru"',
            ["sections that are not there: S9", "no group may be called 'plenary'"],
        ),
        ('G1 = ["S1"]\n[workshop.languages]\nG2 = "ru"', ["names groups that are not there: G2"]),
        ('G1 = ["S1"]\n[workshop.languages]\nG1 = "ru"', []),
    ],
)
def test_what_no_pack_could_be_made_for_is_said_by_check(tmp_path, groups, messages):
    """Only `pack` looked at groups: a round stood by then, and its plan is written into it."""
    plan = read_plan(with_groups(tmp_path, groups))
    sections = pd.DataFrame({"section_id": ["S1", "S2"]})
    told = [problem.what for problem in faulty_groups(plan, sections)]
    assert len(told) == len(messages)
    for message, sentence in zip(messages, told, strict=True):
        assert message in sentence


def test_check_and_propose_refuse_groups_that_cannot_be_packed_for(tmp_path):
    plan = read_plan(with_groups(tmp_path, 'G1 = ["Altai"]'))
    assert "Altai" in next(one for one in check(plan)[0] if one.level == "refuses").what
    with pytest.raises(InputError, match="sections that are not there: Altai"):
        propose(plan)


def test_check_and_propose_refuse_cells_that_are_too_many_before_they_cut_a_layer(tmp_path):
    """`cell_km = 0.3` over the region: some 4,000 cells of 25 km are 7,000 times as many, and more."""
    plan = read_plan(with_groups(tmp_path, 'G1 = ["S1"]\n[study]\ncell_km = 0.3'))
    [refused] = [one for one in check(plan)[0] if one.level == "refuses"]
    assert "A grid of 0.3 km cells over this study area has" in refused.what
    assert "more than 20,000,000. Is cell_km meant in km?" in refused.what
    steps = []
    with pytest.raises(InputError, match="more than 20,000,000"):
        propose(plan, progress=lambda step, *_: steps.append(step))
    assert "cutting layers by states" not in steps


def test_ranges_in_no_state_are_refused_before_a_grid_is_laid():
    """Two squares far apart: no cell, whatever its side."""
    states = gpd.GeoDataFrame(
        {"range_state": [True]}, geometry=[shapely.box(0, 0, 1e6, 1e6)], crs=EQUAL_AREA
    )
    ranges = states.set_geometry(states.translate(3e6))
    [refused] = faulty_cells(SimpleNamespace(countries=states, ranges=ranges), read_plan(None))
    assert (refused.layer, refused.level) == ("ranges", "refuses")
    assert refused.what.startswith("no range lies in a state of the study (AF, BT, CN")
    assert "coordinate systems of both" in refused.cure
    assert not faulty_cells(SimpleNamespace(countries=states, ranges=states), read_plan(None))


@pytest.mark.slow
def test_without_sections_there_is_one_pack_for_everybody(tmp_path):
    plain = toy_round()
    tables = {name: table for name, table in plain.tables.items() if name != "sections"}
    write_proposal(replace(plain, tables=tables), tmp_path / "r")
    made = pack(tmp_path / "r")
    assert sorted(path.name for path in made.directory.iterdir() if path.is_dir()) == [
        *("everybody", "everything", "plenary"),
    ]
    assert not (made.directory / "everybody" / "map_everybody.pdf").exists()


# -- what lies in the folders ---------------------------------------------------------------------


def test_what_each_folder_holds(packed):
    there = {folder: set() for folder in ("S1", "S2", "plenary", "everything")}
    for name in packed.files:
        folder, _, file = name.rpartition("/")
        there.setdefault(folder, set()).add(file)
    assert there["S1"] == {
        *("edit_S1.kmz", "edit_S1_web.kmz", "map_S1.html", "map_S1.pdf", "form_S1.xlsx"),
        "draw_S1.html",
        *("howto_S1_en.html", "howto_S1_ru.html"),
    }
    assert there["plenary"] == {
        *("units.kmz", "units_web.kmz", "units.xlsx", "map.html"),
        "poster.pdf",
    }
    assert "conservation_units.gpkg" in there["everything"]
    assert there[""] == {"pack.json"}
    only_groups = [name for name in packed.files if "edit_" in name]
    assert all(name.startswith(("S1/", "S2/")) for name in only_groups)


def test_names_are_plain_and_the_sums_are_right(packed):
    listed = (packed.directory / "SHA256SUMS.txt").read_text(encoding="ascii").splitlines()
    assert len(listed) == len(packed.files)
    for line in listed:
        digest, _, name = line.partition("  ")
        file = packed.directory / name
        assert hashlib.sha256(file.read_bytes()).hexdigest() == digest
        assert name.isascii()
        assert " " not in name
        assert len(file.name) <= 60
    assert sum(packed.files.values()) < 200_000_000


def test_the_same_round_gives_the_same_packs(round_dir, packed, tmp_path):
    pack(round_dir, tmp_path / "again")
    sums = [path / "SHA256SUMS.txt" for path in (packed.directory, tmp_path / "again")]
    assert sums[0].read_bytes() == sums[1].read_bytes()


@pytest.mark.parametrize("profile", ["earth-pro", "earth-web"])
def test_a_packed_kmz_is_fit_for_google_earth(packed, profile):
    suffix = "_web" if profile == "earth-web" else ""
    found = kml.lint_kml(packed.directory / "S2" / f"edit_S2{suffix}.kmz", profile=profile)
    assert found[found["level"] == "error"].empty, found.to_string()


def test_the_folders_stand_in_the_order_of_the_task(packed):
    with zipfile.ZipFile(packed.directory / "S2" / "edit_S2.kmz") as archive:
        root = etree.fromstring(archive.read("doc.kml"))
    folders = root.findall(f"{KML}Document/{KML}Folder")
    names = [folder.findtext(f"{KML}name") for folder in folders]
    task = [name for name in names if name[:1] in "1234"]
    assert task == [
        "1 Your section",
        "2 Proposed units (edit these)",
        "3 Evidence (look)",
        "4 Notes (drop pins here)",
    ]
    evidence = folders[names.index("3 Evidence (look)")]
    assert evidence.findtext(f"{KML}visibility") == "0"


def test_identity_travels_inside_and_neighbours_have_none(packed):
    marks = placemarks(packed.directory / "S2" / "edit_S2.kmz")
    (unit,) = [data for _, _, data in marks if data.get("cu_id") == "CU-002"]
    assert unit["round"] == unit["rev"] == "00"
    assert unit["geom_hash"] == kml.geom_hash(shapely.box(73, 42, 75, 43))
    assert (unit["section_id"], unit["working_group"], unit["part"]) == ("S2", "S2", "1")
    others = [(name, data) for folders, name, data in marks if data.get("layer") == "neighbours"]
    assert [name for name, _ in others] == ["Unit of another group: CU-001 Talas (S1)"]
    assert all("cu_id" not in data for _, data in others)


def test_a_pack_read_back_untouched_is_the_round_it_came_from(packed):
    found, problems = kml.read_kml(packed.directory / "S2" / "edit_S2.kmz")[:2]
    del problems
    own = {
        (row["data"]["cu_id"], row["data"]["part"]): row["geometry"]
        for row in found.to_dict("records")
        if "cu_id" in row["data"]
    }
    for (unit_id, part), shape in own.items():
        del unit_id, part
        assert shape.is_valid
    assert kml.geom_hash(own[("CU-002", "1")]) == kml.geom_hash(shapely.box(73, 42, 75, 43))


def test_sensitive_species_are_coarse_and_restricted_layers_absent(tmp_path):
    plain = toy_round()
    inputs = [dict(one) for one in plain.manifest["inputs"]]
    inputs[1]["restricted"] = True  # hotspots
    kept = replace(plain, manifest={**plain.manifest, "inputs": inputs})
    public = published(kept)
    assert "hotspots" not in public.tables
    assert "ranges_used" not in public.tables  # it holds the camel's range as drawn
    tracks = gpd.GeoDataFrame(public.tables["corridors"]).set_index("corridor_id").geometry
    corners = shapely.get_coordinates(tracks.to_crs(EQUAL_AREA)["K1"]) / 26_000  # 25 km, stretched
    assert abs(corners - corners.round()).max() < 1e-3  # the camel's, on corners of cells
    assert tracks["K2"].equals(plain.tables["corridors"].geometry[1])  # the saiga's, as it was
    camel = gpd.GeoDataFrame(public.tables["features"]).set_index("sci_name").geometry
    assert camel["Camelus ferus"].area > shapely.box(74, 40, 78, 41.5).area
    assert camel["Saiga tatarica"].equals(shapely.box(70, 40, 73, 43))


@pytest.mark.parametrize(
    ("cell_km", "sensitive", "restricted", "are_told"),
    [
        (10, True, False, False),
        (25, True, False, True),
        (10, False, False, True),
        (10, False, True, False),
    ],
)
def test_small_planning_units_do_not_show_where_a_sensitive_species_lives(
    cell_km, sensitive, restricted, are_told
):
    # a cell that holds a quarter of a range stands out by its rarity: of 10 km, it finds the place
    plain = toy_round()
    study = {**plain.manifest["plan"].get("study", {}), "cell_km": cell_km}
    plan = {**plain.manifest["plan"], "study": study}
    inputs = [
        one | {"restricted": restricted and one["layer"] == "ranges"}
        for one in plain.manifest["inputs"]
    ]
    tables = dict(plain.tables)
    if not sensitive:
        tables["species"] = tables["species"].assign(sensitive="no")
    manifest = {**plain.manifest, "plan": plan, "inputs": inputs}
    public = published(replace(plain, tables=tables, manifest=manifest))
    assert ("planning_units" in public.tables) == are_told


def test_a_group_sees_only_what_lies_around_it(packed):
    marks = placemarks(packed.directory / "S1" / "edit_S1.kmz")
    assert {data["section_id"] for _, _, data in marks if data.get("layer") == "sections"} == {"S1"}


# -- packing again --------------------------------------------------------------------------------


def test_packing_again_never_takes_a_groups_work(round_dir, tmp_path):
    made = pack(round_dir, tmp_path / "pack")
    pack(round_dir, tmp_path / "pack")  # untouched: replaced
    edited = made.directory / "S1" / "edit_S1.kmz"
    edited.write_bytes(edited.read_bytes() + b" ")
    (made.directory / "S1" / "desktop.ini").write_text("x")
    with pytest.raises(InputError, match=r"did not write: S1/edit_S1\.kmz\. Perhaps a group"):
        pack(round_dir, tmp_path / "pack")
    assert edited.read_bytes().endswith(b" ")
    other = tmp_path / "mine"
    other.mkdir()
    (other / "thesis.docx").write_text("x")
    with pytest.raises(InputError, match="is not empty and holds no packs"):
        pack(round_dir, other)


@pytest.mark.slow
def test_decisions_show_in_the_packs(round_dir, tmp_path):
    directory = Path(shutil.copytree(round_dir, tmp_path / "r"))
    decide(directory, "CU-001", "reject", reason="no", time="2026-11-22T14:05")
    made = pack(directory, tmp_path / "pack")
    marks = placemarks(made.directory / "S2" / "edit_S2.kmz")
    assert not [name for _, name, data in marks if data.get("layer") == "neighbours"]
    # what is rejected stands in no list that a group fills in
    book = openpyxl.load_workbook(made.directory / "S1" / "form_S1.xlsx")
    assert [row[0] for row in book["units"].values][2:3] == [None]
    assert "CU-001" not in [row[0] for row in book["lists"].values]
    assert "<b>CU-001</b>" not in (made.directory / "S1" / "howto_S1_en.html").read_text("utf-8")


# -- the form -------------------------------------------------------------------------------------


def form_of(packed: Packed, tmp_path: Path) -> Path:
    return Path(shutil.copy(packed.directory / "S2" / "form_S2.xlsx", tmp_path / "form_S2.xlsx"))


def test_a_form_has_drop_down_lists_and_comes_back_in(packed, tmp_path):
    path = form_of(packed, tmp_path)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[:3] == ["how to fill", "units", "activities"]
    lists = {one.formula1 for one in book["activities"].data_validations.dataValidation}
    assert "=lists!$D$2:$D$11" in lists  # the ten themes
    untouched = read_form(path)
    assert untouched.units.empty
    assert untouched.activities.empty
    sheet = book["units"]
    columns = {cell.value: cell.column for cell in sheet[1]}
    sheet.cell(3, columns["action"]).value = "change"
    sheet.cell(3, columns["comment"]).value = "Ущелье\u202e входит"
    sheet.cell(4, columns["action"]).value = "delete it"
    sheet = book["activities"]
    columns = {cell.value: cell.column for cell in sheet[1]}
    for field, value in (("unit_id", "CU-002"), ("theme", "finance"), ("text", "=1+1")):
        sheet.cell(3, columns[field]).value = value
    sheet.cell(3, columns["text"]).data_type = "s"
    book["lists"].title = "renamed"
    book.save(path)
    form = read_form(path)
    assert (form.group, form.round) == ("S2", "00")
    assert form.units[["unit_id", "action", "comment"]].values.tolist() == [
        ["CU-002", "change", "Ущелье входит"],
        ["CU-003", "delete it", ""],
    ]
    assert form.activities[["unit_id", "theme", "text"]].values.tolist() == [
        ["CU-002", "finance", "=1+1"]
    ]
    # what is no word of the list is told of its unit
    assert not form.problems


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no .xlsx workbook"),
        (b"PK\x03\x04broken", "is no .xlsx workbook"),
        (b"<html>", "is no .xlsx workbook"),
    ],
)
def test_what_is_no_workbook_is_refused(tmp_path, content, message):
    path = tmp_path / "form.xlsx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_form(path)


def test_a_dangerous_workbook_is_refused(packed, tmp_path):
    with zipfile.ZipFile(packed.directory / "S2" / "form_S2.xlsx") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    bombs = {
        "declares a document type": parts
        | {sheet: b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + parts[sheet]},
        "unpacks to more than 50 MB": parts | {"xl/big.xml": b" " * 51_000_000},
        "has more than 1,000 parts": parts | {f"x{n}": b"" for n in range(1001)},
    }
    for message, changed in bombs.items():
        path = tmp_path / "form.xlsx"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, part in changed.items():
                archive.writestr(name, part)
        with pytest.raises(InputError, match=message):
            read_form(path)


def test_a_workbook_that_is_no_form_says_which_to_use(tmp_path):
    path = tmp_path / "budget.xlsx"
    openpyxl.Workbook().save(path)
    with pytest.raises(InputError, match="is no form of a group: it has neither the sheet 'units'"):
        read_form(path)
    assert not is_form(path)


def test_hostile_names_stay_text_in_form_and_page(tmp_path):
    hostile = "=cmd|'/c calc'!A1<script>alert(1)</script>{{7*7}}\x1b\u202e"
    units = toy_round().tables["conservation_units"].assign(name_en=hostile)
    write_form(tmp_path / "f.xlsx", units, imprint=imprint(title=hostile), group="G1")
    cell = openpyxl.load_workbook(tmp_path / "f.xlsx")["units"]["B3"]
    assert (cell.data_type, cell.quotePrefix) == ("s", True)
    write_howto(
        tmp_path / "h.html",
        units,
        imprint=imprint(title=hostile),
        group="G1",
        sections=[hostile],
        paper=True,
        lang="ru",
    )
    page = (tmp_path / "h.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}" in page
    assert "\x1b" not in page


# -- in a browser ---------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_the_how_to_opens_by_double_click_and_prints_on_one_page(browser, packed, lang):
    browser.open(packed.directory / "S2" / f"howto_S2_{lang}.html", ready=False)
    assert browser.asked_for() == []
    assert browser.errors == []
    assert browser.run("return document.documentElement.lang") == lang
    assert browser.pdf().count(b"/Type /Page\n") <= 1


@pytest.mark.browser
def test_the_map_of_a_pack_opens_without_a_network(browser, packed):
    browser.open(packed.directory / "S2" / "map_S2.html")
    assert browser.asked_for() == []
    assert browser.errors == []


def test_a_full_disk_or_a_folder_that_is_closed_leaves_nothing(round_dir, tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(
        store, "write_sums", full
    )  # the last of its files: whatever was kept of the others
    with pytest.raises(InputError, match="the disk is full"):
        pack(round_dir, tmp_path / "pack")
    assert list(tmp_path.iterdir()) == []


# -- two groups on one section, each in its language ------------------------------------------------


@pytest.mark.slow
def test_two_groups_share_a_section_each_in_its_own_language(round_dir, tmp_path):
    """Both packs hold the units of the section, the first named owns them; one round, three languages."""
    plan = with_groups(
        tmp_path, 'G1 = ["S1"]\nG2 = ["S1", "S2"]\n[workshop.languages]\nG2 = "ru"\n'
    )
    made = pack(round_dir, tmp_path / "pack", plan=read_plan(plan))
    ids = {}
    for group in ("G1", "G2"):
        marks = placemarks(made.directory / group / f"edit_{group}.kmz")
        ids[group] = {data["cu_id"] for folders, _, data in marks if folders and "2 " in folders[-1][:2]
                      and "cu_id" in data}  # fmt: skip
    owned = made.allocation.set_index("unit_id")["group"]
    in_s1 = set(made.allocation.query("section_id == 'S1'")["unit_id"])
    assert in_s1 <= ids["G1"]
    assert in_s1 <= ids["G2"]
    assert set(owned[list(in_s1)]) == {"G1"}
    heads = {}
    for group in ("G1", "G2"):
        book = openpyxl.load_workbook(made.directory / group / f"form_{group}.xlsx")
        heads[group] = " ".join(
            str(cell.value) for sheet in book for row in sheet.iter_rows(max_row=6) for cell in row
        )
    assert "Группа" not in heads["G1"]
    assert any("\u0400" <= letter <= "\u04ff" for letter in heads["G2"])
    folders = {
        group: placemarks(made.directory / group / f"edit_{group}.kmz")[0][0] for group in ids
    }
    assert folders["G1"] != folders["G2"]
    # and it comes back: what each of them did is told as that group's
    before = store.read_round(round_dir)
    files = []
    for group, factor in (("G1", 0.9), ("G2", 0.8)):
        content = (made.directory / group / f"edit_{group}.kmz").read_bytes()
        unit = sorted(in_s1)[0]
        path = tmp_path / f"edit_{group}.kmz"
        path.write_bytes(draw.packed(doc__kml=draw.edited(content, draw.grown(unit, factor))))
        files.append(path)
    again = collect(files, before, pack=made.directory)
    [conflict] = again.conflicts.query("unit_id == @unit").to_dict("records")
    assert (conflict["groups"], conflict["default"]) == ("G1;G2", "keep G1")


def test_what_is_said_of_packs_counts_the_units_that_each_holds(tmp_path, capsys):
    """Of two groups on one section the second had "0 units to edit" beside the five in its pack."""
    owned = pd.DataFrame({"unit_id": ["CU-001", "CU-002"], "group": "G1"})
    files = {"G1/edit_G1.kmz": 1, "G2/edit_G2.kmz": 1, "plenary/map.html": 1, "pack.json": 1}
    for ids, last in (([], "exactly one of them"), (["CU-001", "CU-002"], "the first named owns")):
        units = {"G1": ["CU-001", "CU-002"], "G2": ids}
        say_packed(Packed(tmp_path, owned, units, (), files), tmp_path, "en")
        _, _, first, second, *_, end = capsys.readouterr().out.splitlines()
        assert (first.split()[:2], second.split()[:2]) == (["G1", "2"], ["G2", str(len(ids))])
        assert last in end


def test_a_language_for_a_group_that_is_not_there_is_refused(round_dir, tmp_path):
    plan = with_groups(tmp_path, 'G1 = ["S1", "S2"]\n[workshop.languages]\nG3 = "ru"\n')
    with pytest.raises(InputError, match=r"not there: G3\. .*The groups are G1"):
        pack(round_dir, tmp_path / "pack", plan=read_plan(plan))
