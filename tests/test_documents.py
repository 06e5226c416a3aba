"""CSV and XLSX: what stands in the cells, and what never may."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import matplotlib
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageFont

from cami_units.documents.csv_tables import write_csv
from cami_units.documents.units_workbook import write_units_workbook
from cami_units.model import FINDINGS, STATUSES, TABLES, Imprint, Round
from cami_units.words import catalogue


def a_round(**changes: object) -> Round:
    """Three units: the second ranks first, the third has no rank; evidence in no order."""
    units = gpd.GeoDataFrame(
        {
            "unit_id": ["CU-001", "CU-002", "CU-003"],
            "name_en": ["Ustyurt", "Wakhan", "Tugai"],
            "name_ru": ["Устюрт", "Вахан", None],
            "status": ["modelled candidate", "area of interest", "modelled candidate"],
            "origin": ["confirms", "new", "reshapes"],
            "hotspot_ids": ["H01;H02", None, "H05"],
            "rank": pd.array([2, 1, None], dtype="Int64"),
            "rank_label": ["=2", "1", None],
            "tier": ["high", "very high", None],
            "score": [0.5123456, 0.7, np.nan],
            "area_km2": [12_345.678, 2_000.0, 1_500.5],
            "countries": ["KZ;UZ", "AF;TJ", "TJ;UZ"],
            "n_countries": [2, 2, 2],
            "disputed": [False, True, False],
            "species": ["Saiga tatarica", "Ovis ammon;Uncia uncia", ""],
            "n_species": [1, 2, 0],
            "species_supporting": ["", "", ""],
            "criteria_met": ["C1;C3", "C1", ""],
            "confidence": [0.67, 0.4, np.nan],
            "rationale": ["Two states.", "Thin evidence.", "None."],
        },
        geometry=[shapely.box(0, 0, 1, 1)] * 3,
        crs="EPSG:4326",
    )
    findings = pd.DataFrame(
        {
            "unit_id": ["CU-001", "CU-001", "CU-002", "CU-001"],
            "criterion": ["C3", "G1", "C1", "C5"],
            "met": pd.array([True, False, True, None], dtype="boolean"),
            "value": [7.512345, 2.0, 3.0, None],
            "unit": ["%", "states", "species", "crossings"],
            "threshold": [5.0, 2.0, 3.0, 1.0],
            "because": ["7.5 % of the range.", "Two states.", "Three.", "No corridor."],
        }
    )
    species = pd.DataFrame(
        {
            "unit_id": ["CU-001", "CU-002", "CU-002"],
            "sci_name": ["Saiga tatarica", "Uncia uncia", "Ovis ammon"],
            "role": ["qualifying"] * 3,
            "overlap_km2": [10_000.126, 5.0, 7.0],
            "range_share": [7.5, 0.1, 0.2],
            "sides": ["KZ;UZ", "AF;TJ", "AF;TJ"],
        }
    )
    states = pd.DataFrame(
        {
            "unit_id": ["CU-001", "CU-001"],
            "iso2": ["UZ", "KZ"],
            "area_km2": [4_345.6, 8_000.0],
            "share": [35.2, 64.8],
        }
    )
    tables = {
        "conservation_units": units,
        "unit_criteria": findings,
        "unit_species": species,
        "unit_countries": states,
        "not_proposed": pd.DataFrame(
            {"hotspot_id": ["H42", "H41"], "name_en": ["B", "A"], "reason": ["G2.", "G2."]}
        ),
        "species": pd.DataFrame(
            {"sci_name": ["Saiga tatarica"], "name_en": ["Saiga"], "name_ru": ["Сайгак"]}
        ),
        "countries": pd.DataFrame(
            {"iso2": ["KZ"], "name_en": ["Kazakhstan"], "name_ru": ["Казахстан"]}
        ),
    }
    imprint = Imprint(
        title="Workshop & more", date="2026-11-22", round="00", profile="proxy", sources=("a", "b")
    )
    tables.update({key: value for key, value in changes.items() if key in tables})
    rest = {key: value for key, value in changes.items() if key not in tables}
    return Round(imprint=replace(imprint, **rest), tables=tables, manifest={})


def read_text(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def cell_of(path: Path, table: pd.DataFrame, column: str = "x") -> list[str]:
    write_csv(path, table)
    return [row[column] for row in read_text(path)]


# -- CSV ------------------------------------------------------------------------------------------


def test_a_table_as_csv_keeps_its_rows_and_columns_but_no_geometry(tmp_path):
    units = a_round().tables["conservation_units"]
    write_csv(tmp_path / "units.csv", units)
    rows = read_text(tmp_path / "units.csv")
    assert list(rows[0]) == list(TABLES["conservation_units"].columns)
    assert [row["unit_id"] for row in rows] == ["CU-001", "CU-002", "CU-003"]
    # 12345.678 km² to 2 decimals, 0.5123456 to 4; a rank stays whole beside a missing one
    assert rows[0]["area_km2"] == "12345.68"
    assert rows[0]["score"] == "0.5123"
    assert [row["rank"] for row in rows] == ["2", "1", ""]
    assert [row["disputed"] for row in rows] == ["false", "true", "false"]
    assert rows[0]["name_ru"] == "Устюрт"
    assert rows[2]["name_ru"] == ""


def test_yes_no_and_not_assessed_are_three_things(tmp_path):
    write_csv(tmp_path / "c.csv", a_round().tables["unit_criteria"])
    assert [row["met"] for row in read_text(tmp_path / "c.csv")] == ["true", "false", "true", ""]
    back = pd.read_csv(tmp_path / "c.csv")
    assert back["met"].tolist()[:3] == [True, False, True]
    assert pd.isna(back["met"].iloc[3])


def test_a_plain_first_column_and_line_ends_for_scripts(tmp_path):
    write_csv(tmp_path / "t.csv", pd.DataFrame({"unit_id": ["CU-1"], "x": ["é"]}))
    assert (tmp_path / "t.csv").read_bytes() == "unit_id,x\nCU-1,é\n".encode()


def test_an_empty_table_has_its_header(tmp_path):
    write_csv(tmp_path / "t.csv", a_round().tables["unit_species"].iloc[:0])
    assert (tmp_path / "t.csv").read_text() == ",".join(TABLES["unit_species"].columns) + "\n"


def test_lists_and_mixed_cells(tmp_path):
    table = pd.DataFrame({"x": [["b", "a"], {"b", "a"}, ("c",), 3, 0.123456, True, None, pd.NA]})
    values = ["b;a", "a;b", "c", "3", "0.1235", "true", "", ""]
    assert cell_of(tmp_path / "t.csv", table) == values


def test_minus_zero_and_coordinates(tmp_path):
    table = pd.DataFrame({"lon": [61.123456789], "gap_km": [-0.001], "x": [-0.00001]})
    write_csv(tmp_path / "t.csv", table)
    assert (tmp_path / "t.csv").read_text() == "lon,gap_km,x\n61.12346,0.0,0.0\n"


DANGEROUS = [
    "=1+1",
    '=HYPERLINK("http://x","y")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    "＝1+1",
    "\x00=1+1",
    "\u200b=1+1",
]


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_cell_is_taken_for_a_formula(tmp_path, text):
    (cell,) = cell_of(tmp_path / "t.csv", pd.DataFrame({"x": [text]}))
    assert cell.startswith("'")
    path = tmp_path / "u.xlsx"
    units = a_round().tables["conservation_units"].assign(name_en=text, rationale=text)
    write_units_workbook(path, a_round(conservation_units=units, title=text))
    for row in (row for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows()):
        assert {cell.data_type for cell in row} <= {"s", "n"}
    sheet = openpyxl.load_workbook(path)["units"]
    assert sheet["B3"].quotePrefix  # typing F2, Enter does not make it one either


@pytest.mark.parametrize("text", ["=4", "4", "-5.25", "+7", "12%", "Altai", "A=B", "3-4 states"])
def test_ranks_and_numbers_written_as_text_are_left_alone(tmp_path, text):
    assert cell_of(tmp_path / "t.csv", pd.DataFrame({"x": [text]})) == [text]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(text=st.text(max_size=30))
def test_any_text_stays_one_harmless_cell(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    cells = cell_of(path, pd.DataFrame({"x": [text], "y": ["end"]}))
    assert len(cells) == 1
    cell = cells[0]
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in cell)
    assert not cell.startswith(("+", "@", "-", "=")) or cell.lstrip("=+-")[:1].isdigit()


# -- the workbook ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> openpyxl.Workbook:
    path = tmp_path_factory.mktemp("book") / "u.xlsx"
    write_units_workbook(path, a_round())
    return openpyxl.load_workbook(path)


def rows_of(sheet) -> list[dict[str, object]]:
    lines = list(sheet.iter_rows(values_only=True))
    return [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]


def test_the_sheets_and_their_headings(book):
    assert book.sheetnames == [
        "units",
        "criteria",
        "species",
        "countries",
        "not proposed",
        "about",
    ]
    units = book["units"]
    names = [cell.value for cell in units[1]]
    assert set(TABLES["conservation_units"].columns) <= set(names)
    assert names[-len(FINDINGS) :] == list(FINDINGS)
    assert units["B2"].value == "Name (English)\nНазвание (англ.)"
    for name in book.sheetnames[:-1]:
        sheet = book[name]
        assert sheet.freeze_panes == "C3"
        assert sheet.auto_filter.ref == f"A2:{sheet.dimensions.split(':')[1]}"


def test_units_stand_by_rank_with_their_marks(book):
    rows = rows_of(book["units"])
    assert [row["unit_id"] for row in rows] == ["CU-002", "CU-001", "CU-003"]
    ustyurt = rows[1]
    assert [ustyurt[name] for name in ("G1", "C3", "C5", "C1")] == ["✗", "✓", "?", None]
    assert ustyurt["rank_label"] == "=2"
    assert ustyurt["area_km2"] == 12_345.68
    assert [row["disputed"] for row in rows] == ["yes", "no", "no"]


def test_evidence_follows_the_units_and_gates_come_first(book):
    rows = rows_of(book["criteria"])
    assert [(row["unit_id"], row["criterion"], row["met"]) for row in rows] == [
        ("CU-002", "C1", "✓"),
        ("CU-001", "G1", "✗"),
        ("CU-001", "C3", "✓"),
        ("CU-001", "C5", "?"),
    ]
    assert rows[2]["value"] == 7.5123
    assert rows[1]["what"] == "two range states\nдва государства ареала"
    species = rows_of(book["species"])
    assert [row["sci_name"] for row in species] == ["Ovis ammon", "Uncia uncia", "Saiga tatarica"]
    assert species[2]["species_name"] == "Saiga / Сайгак"
    states = rows_of(book["countries"])
    assert [(row["iso2"], row["state"]) for row in states] == [
        ("KZ", "Kazakhstan / Казахстан"),
        ("UZ", None),
    ]
    assert [row["hotspot_id"] for row in rows_of(book["not proposed"])] == ["H41", "H42"]


def test_the_last_sheet_says_what_this_is(book):
    said = "\n".join(
        str(cell) for line in book["about"].iter_rows(values_only=True) for cell in line if cell
    )
    for words in (
        "INDICATIVE",
        "Workshop & more",
        "2026-11-22",
        "express no position",
        "? ",
        "не оценено",
        *STATUSES,
    ):
        assert words in said


def test_a_scripts_view_of_the_workbook(tmp_path):
    write_units_workbook(tmp_path / "u.xlsx", a_round())
    units = pd.read_excel(tmp_path / "u.xlsx", sheet_name="units", skiprows=[1])
    assert units["unit_id"].tolist() == ["CU-002", "CU-001", "CU-003"]
    assert units["score"].tolist()[:2] == [0.7, 0.5123]


def test_one_language_has_one_heading(tmp_path):
    write_units_workbook(tmp_path / "u.xlsx", a_round(languages=("ru",)))
    sheet = openpyxl.load_workbook(tmp_path / "u.xlsx")["units"]
    assert sheet["B2"].value == "Название (англ.)"


def test_a_russian_workbook_says_codes_in_words_and_keeps_them_behind(tmp_path):
    """Scripts find every code under its name; whoever reads finds the word where the code stood."""
    why = pd.DataFrame(
        {
            "unit_id": ["CU-001"],
            "facts": ['[{"key": "reason merged", "into": "CU-002", "group": "S1"}]'],
        }
    )
    round_ = a_round(languages=("ru", "en"))
    units = round_.tables["conservation_units"].assign(status="merged")
    tables = {**round_.tables, "conservation_units": units, "unit_rationale": why}
    write_units_workbook(tmp_path / "u.xlsx", replace(round_, tables=tables))
    book = openpyxl.load_workbook(tmp_path / "u.xlsx")
    rows = {row["unit_id"]: row for row in rows_of(book["units"])}
    assert rows["CU-001"]["status"] == "merged"
    assert rows["CU-001"]["status_ru"] == "объединено"
    assert book["units"]["D2"].value == "Статус\nStatus"
    assert rows["CU-001"]["rationale"] == "Присоединена к CU-002 группой S1."
    roles = rows_of(book["species"])
    assert {(row["role_ru"], row["role"]) for row in roles} == {("учтённый", "qualifying")}
    measures = {(row["unit_ru"], row["unit"]) for row in rows_of(book["criteria"])}
    assert {("видов", "species"), ("государств", "states")} <= measures
    assert "status_en" not in {cell.value for cell in book["units"][1]}


def test_a_russian_workbook_names_units_twice_and_says_activities_and_stability_in_words(tmp_path):
    """In the annex themes, priorities, costs and "robust: …" stood in English; names in one language."""
    round_ = a_round(languages=("ru", "en"))
    units = round_.tables["conservation_units"]
    asked = units["unit_id"].isin(["CU-001"])
    sure = {"unit_id": ["CU-001"], "label": ["robust"], "share_qualifying": [0.92]}
    sensitivity = pd.DataFrame(sure | {"runs": [1000], "flips": ["cell size"]})
    said_english = asked.map({True: "robust: …", False: "not computed"})
    tables = {**round_.tables, "sensitivity": sensitivity}
    tables["conservation_units"] = units.assign(stability=said_english)
    activity = {
        "unit_id": ["CU-001"],
        "theme": ["infrastructure and barriers"],
        "priority": ["high"],
        "status": ["proposed"],
        "cost_band": ["over 1 million USD"],
    }
    further = {"activities": pd.DataFrame(activity)}
    write_units_workbook(
        tmp_path / "u.xlsx", replace(round_, tables=tables), further_tables=further
    )
    book = openpyxl.load_workbook(tmp_path / "u.xlsx")
    [told] = rows_of(book["activities"])
    assert told["theme_ru"] == "инфраструктура и преграды"
    assert told["priority_ru"] == "высокий"
    assert told["cost_band_ru"] == catalogue("ru")["choice over 1 million USD"]
    assert told["status_ru"] == "предложено"
    assert {name: [told[name]] for name in activity} == activity  # codes, for scripts
    names = dict(zip(units["unit_id"], units["name_ru"], strict=True))
    for sheet in ("criteria", "species", "countries"):
        assert {row["name_ru"] for row in rows_of(book[sheet])} <= {*names.values()}
    sure_of = {row["unit_id"]: row["stability"] for row in rows_of(book["units"])}
    assert sure_of["CU-001"].startswith("устойчиво (")
    assert sure_of["CU-002"] == "не рассчитано"


def test_a_round_without_a_unit_is_a_workbook_all_the_same(tmp_path):
    full = a_round()
    bare = {name: table.iloc[:0] for name, table in full.tables.items()}
    write_units_workbook(tmp_path / "u.xlsx", a_round(**bare))
    sheet = openpyxl.load_workbook(tmp_path / "u.xlsx")["units"]
    assert sheet.max_row == 2


def test_text_that_a_cell_cannot_take_is_cleaned_or_cut(tmp_path):
    long = "x" * 40_000
    units = a_round().tables["conservation_units"].assign(name_en="a\x0b\x1b[31mb", rationale=long)
    write_units_workbook(tmp_path / "u.xlsx", a_round(conservation_units=units, title="\ud800"))
    row = rows_of(openpyxl.load_workbook(tmp_path / "u.xlsx")["units"])[0]
    assert row["name_en"] == "a[31mb"
    assert len(row["rationale"]) == 32_767
    assert row["rationale"].endswith("…")


def test_a_title_in_the_footer_holds_no_codes(tmp_path):
    write_units_workbook(tmp_path / "u.xlsx", a_round(title="R&D &F"))
    with zipfile.ZipFile(tmp_path / "u.xlsx") as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "R&amp;&amp;D &amp;&amp;F" in sheet


def test_every_heading_is_there_in_both_languages():
    headings = [key for key in catalogue() if key.startswith("column ")]
    assert len(headings) > 30
    assert all(catalogue("en")[key] and catalogue("ru")[key] for key in headings)


# -- the same bytes -------------------------------------------------------------------------------


def shuffled(round: Round, seed: int) -> Round:
    tables = {name: table.sample(frac=1, random_state=seed) for name, table in round.tables.items()}
    return replace(round, tables=tables)


@pytest.mark.slow
@settings(max_examples=5, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1000))
def test_row_order_changes_no_byte_of_the_workbook(tmp_path_factory, seed):
    base = tmp_path_factory.mktemp("books")
    write_units_workbook(base / "a.xlsx", a_round())
    write_units_workbook(base / "b.xlsx", shuffled(a_round(), seed))
    assert (base / "a.xlsx").read_bytes() == (base / "b.xlsx").read_bytes()


@pytest.mark.slow
def test_neither_clock_nor_hash_seed_changes_a_byte(tmp_path):
    write_units_workbook(tmp_path / "a.xlsx", a_round())
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path;"
        "import test_documents as t; t.write_units_workbook(Path(sys.argv[2]), t.a_round())"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(Path(__file__).parent), str(tmp_path / "b.xlsx")],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "3", "TZ": "Pacific/Auckland"},
        timeout=60,
    )
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    with zipfile.ZipFile(io.BytesIO((tmp_path / "a.xlsx").read_bytes())) as archive:
        core = archive.read("docProps/core.xml").decode()
        assert {info.date_time[0] for info in archive.infolist()} == {1980}
        assert archive.namelist()[0] == "[Content_Types].xml"
    assert core.count("2026-11-22T00:00:00Z") == 2


def test_nothing_is_changed_by_writing(tmp_path):
    given_round, twin = a_round(), a_round()
    write_units_workbook(tmp_path / "u.xlsx", given_round)
    write_csv(tmp_path / "u.csv", given_round.tables["conservation_units"])
    for name, table in given_round.tables.items():
        assert json.loads(pd.DataFrame(table).astype(str).to_json()) == json.loads(
            pd.DataFrame(twin.tables[name]).astype(str).to_json()
        )


# -- what is seen of a cell -----------------------------------------------------------------------


def lines_of(text: str, room: float, face: ImageFont.FreeTypeFont) -> int:
    """How many lines a text takes in so many pixels, broken at blanks, and within what is too long."""
    lines = 0
    for paragraph in text.split("\n"):
        lines, line = lines + 1, ""
        for word in paragraph.split(" "):
            if face.getlength(f"{line} {word}".strip()) <= room:
                line = f"{line} {word}".strip()
                continue
            lines += bool(line) + int(face.getlength(word) // room)
            line = word
    return lines


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_rows_are_high_enough_for_all_their_text_even_in_the_widest_font(tmp_path, lang):
    """DejaVu Sans stands in where there is no Arial: measured with its own file, as a witness."""
    write_units_workbook(tmp_path / "u.xlsx", a_round(languages=(lang,)))
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    faces = {
        bold: ImageFont.truetype(folder / f"DejaVuSans{'-Bold' if bold else ''}.ttf", 13)
        for bold in (False, True)  # 13 pixels are 10 points on a screen of 96 dots to an inch
    }
    cut = []
    for sheet in openpyxl.load_workbook(tmp_path / "u.xlsx"):
        for cell in (cell for row in sheet.iter_rows() for cell in row):
            if isinstance(cell.value, str) and cell.alignment.wrap_text:
                room = sheet.column_dimensions[cell.column_letter].width * 7 - 3
                lines = lines_of(cell.value, room, faces[bool(cell.font.b)])
                if (
                    lines * 11.7 > min(sheet.row_dimensions[cell.row].height, 400) + 1
                    and lines < 34
                ):
                    cut.append((sheet.title, cell.coordinate, cell.value[:40]))
    assert cut == []
