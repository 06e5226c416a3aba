"""A group's form comes back from any spreadsheet: what stood in it is what is read, or it is said.

The workbooks here are made with openpyxl and then changed as other programs change them: part by
part of the archive, since no writer at hand does all of it.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from openpyxl.comments import Comment
from openpyxl.styles import Color, Font, PatternFill

from cami_units.documents.form_reading import (
    is_form,
    may_hold_form,
    read_form,
    refuse_unread,
    still_asked,
)
from cami_units.documents.group_form import write_form
from cami_units.documents.workbook_cells import workbook_sheets
from cami_units.model import Imprint, InputError, Note, delimited_rows

UNITS = pd.DataFrame({"unit_id": ["CU-001", "CU-002"], "name_en": ["Ustyurt", "Talas"]})


def form(folder: Path, cells: dict[str, object] | None = None, languages=("en", "ru")) -> Path:
    """The form of S1, with some cells filled in: "units C3" → "reject"."""
    path = folder / "form_S1.xlsx"
    imprint = Imprint("T", "2026-11-22", "Round 00", "p", languages=languages)
    write_form(path, UNITS, imprint=imprint, group="S1")
    book = openpyxl.load_workbook(path)
    for place, value in (cells or {}).items():
        sheet, cell = place.split()
        book[sheet][cell] = value
    book.save(path)
    return path


def changed(path: Path, change) -> Path:
    """The same workbook with the text of each part changed: ``change(name, text)``."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            text = change(name, part.decode()) if name.endswith((".xml", ".rels")) else part
            archive.writestr(name, text)
    return path


def test_a_form_shows_the_names_of_its_own_language_and_is_known_again_by_the_english_ones(
    tmp_path,
):
    path = tmp_path / "form_S1.xlsx"
    units = UNITS.assign(name_ru=["Устюрт", None], name_zh=["乌斯秋尔特", "塔拉斯"])
    for lang, names, heading in (
        ("ru", ["Устюрт", "Talas"], "Название (рус.)"),  # one that has no Russian name: the English
        ("zh", ["乌斯秋尔特", "塔拉斯"], "名称"),
    ):
        imprint = Imprint("T", "2026-11-22", "Round 00", "p", languages=(lang,))
        write_form(path, units, imprint=imprint, group="S1")
        book = openpyxl.load_workbook(path)
        sheet = book["units"]
        # beside the id, where it stays in sight; white, as nobody is asked to fill it in
        assert [sheet[f"B{row}"].value for row in (1, 2, 3, 4)] == [f"name_{lang}", heading, *names]
        assert sheet["B3"].fill.fill_type is None
        assert [sheet[f"C{row}"].value for row in (1, 3, 4)] == ["name_en", "Ustyurt", "Talas"]
        sheet["D3"], sheet["H3"] = "reject", "no crossing seen"
        book.save(path)
        assert rejects_the_first(path)


REJECTED = {"units C3": "reject", "units G3": "no crossing seen"}


def rejects_the_first(path: Path) -> bool:
    units = read_form(path).units
    return units[["unit_id", "action", "comment"]].to_numpy().tolist() == [
        ["CU-001", "reject", "no crossing seen"]
    ]


def test_a_strict_workbook_is_a_workbook(tmp_path):
    """Strict OOXML has other namespaces and the same local names."""

    def strict(_: str, text: str) -> str:
        text = text.replace(
            "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            "http://purl.oclc.org/ooxml/spreadsheetml/main",
        )
        return text.replace(
            "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            "http://purl.oclc.org/ooxml/officeDocument/relationships",
        )

    assert rejects_the_first(changed(form(tmp_path, REJECTED), strict))


def test_styles_that_no_library_knows_hide_no_text(tmp_path):
    """Some programs write font families up to 34, where the schema ends at 14."""
    path = changed(
        form(tmp_path, REJECTED),
        lambda _, text: text.replace('<family val="2"', '<family val="34"'),
    )
    assert rejects_the_first(path)


@pytest.mark.parametrize("rows", [1, 6])
def test_rows_put_above_move_the_table_and_lose_nothing(tmp_path, rows):
    path = form(tmp_path, REJECTED)
    book = openpyxl.load_workbook(path)
    book["units"].insert_rows(1, rows)
    book["units"]["A1"] = "Group 1, second day"
    book.save(path)
    assert rejects_the_first(path)


def test_without_our_column_names_the_headings_name_the_columns(tmp_path):
    """The small grey line of names looks superfluous: it is deleted, and the headings are left."""
    path = form(tmp_path, REJECTED)
    book = openpyxl.load_workbook(path)
    book["units"].delete_rows(1)
    book["activities"].delete_rows(1)
    book.save(path)
    assert is_form(path)
    assert rejects_the_first(path)


def test_a_cell_with_an_error_is_no_text_and_is_named(tmp_path):
    cells = {"units C3": "reject", "units G3": "#NAME?"}
    read = read_form(form(tmp_path, cells))
    assert read.units["comment"].tolist() == [""]
    assert [one.sentence() for one in read.problems if "error" in one.what] == [
        "form: cell G3 shows an error (#NAME?): taken as empty (form_S1.xlsx, units). "
        "Ask the group what stood there."
    ]


@pytest.mark.parametrize("mark", ['"', '-"-', "— „ —", "-//-", "то же", "同上", "Idem", "〃"])
def test_ditto_marks_are_what_stands_above(tmp_path, mark):
    cells = {"activities B3": "CU-001", "activities D3": "finance", "activities E3": "one"}
    cells |= {"activities B4": mark, "activities D4": mark, "activities E4": "two"}
    cells |= {"activities B5": mark, "activities F5": mark, "activities E5": "three"}
    read = read_form(form(tmp_path, cells))
    assert read.activities[["unit_id", "theme", "species"]].values.tolist() == [
        ["CU-001", "finance", ""],
        ["CU-001", "finance", ""],
        ["CU-001", "", mark],  # nothing stands above it
    ]
    [told] = [one for one in read.problems if one.as_note().key == "ditto"]
    assert told.what == f"{mark}: what stands above is meant (3 cells)"


@pytest.mark.parametrize("typed", ["-", "–", "— ", "n/a", "Нет замечаний", "无", "..."])
def test_what_says_that_there_is_nothing_to_say_is_no_comment(tmp_path, typed):
    cells = {"units G3": typed, "units C3": typed, "units G4": "no"}
    read = read_form(form(tmp_path, cells))
    assert read.units[["unit_id", "comment"]].values.tolist() == [["CU-002", "no"]]


def test_every_row_of_merged_cells_has_their_value(tmp_path):
    """A unit and its states typed once beside three activities; a title lies over columns, not over rows."""
    path = form(tmp_path, {f"activities E{row}": f"activity {row}" for row in (3, 4, 5, 7)})
    book = openpyxl.load_workbook(path)
    sheet = book["activities"]
    sheet["B3"], sheet["G3"], sheet["J7"] = "CU-001", "KZ; UZ", "up to 50,000 USD"
    for block in ("B3:B6", "G3:G4", "J7:K7"):
        sheet.merge_cells(block)
    book.save(path)
    rows = read_form(path).activities
    assert rows["unit_id"].tolist() == ["CU-001", "CU-001", "CU-001", ""]
    assert rows["countries"].tolist() == ["KZ; UZ", "KZ; UZ", "", ""]
    assert rows["funding_source"].tolist() == [""] * 4


def test_a_formula_that_nobody_computed_is_no_text_and_is_named(tmp_path):
    """openpyxl and apps on phones save formulas alone; Excel saves "" as the result of one."""
    cells = {"activities B3": "CU-001", "activities E3": '=CONCATENATE("Pay ","herders")'}
    path = form(tmp_path, cells | {"activities F3": '=""'})
    # the cell of the formula only: another sheet has an F3 too
    path = changed(path, lambda _, part: re.sub(r'(<c r="F3"[^>]*)(?=><f>)', r'\1 t="str"', part))
    [told] = [one for one in read_form(path).problems if "formula" in one.what]
    assert told.what == (
        'cell E3 holds a formula that no program has computed (=CONCATENATE("Pay ","herders")): '
        "taken as empty"
    )


def test_headings_in_two_languages_on_one_line_are_headings(tmp_path):
    """Google Sheets writes a blank for the end of a line within a cell when it saves tabs."""
    path = form(tmp_path, REJECTED)
    book = openpyxl.load_workbook(path)
    for row in book["units"].iter_rows(max_row=2):
        for cell in row:
            cell.value = str(cell.value).replace("\n", " ")
    book.save(path)
    read = read_form(as_text(path, "units", "\t", "utf-8", ".tsv"))
    assert read.units["unit_id"].tolist() == ["CU-001"]


def test_a_note_beside_a_cell_is_told(tmp_path):
    path = form(tmp_path, REJECTED)
    book = openpyxl.load_workbook(path)
    book["units"]["B3"].comment = Comment("the fence is older", "someone")
    book.save(path)
    assert any(
        "beside cell B3 says: the fence is older" in p.what for p in read_form(path).problems
    )


def test_what_a_line_is_drawn_through_is_asked_for_no_more_and_is_told(tmp_path):
    """The id and the name stay: a line through them says nothing that anybody could act upon."""

    cells = {"units C3": "reject", "units G3": "stays", "units C4": "split", "units G4": "no more"}
    book = openpyxl.load_workbook(path := form(tmp_path, cells))
    for cell in ("A3", "B3", "C3", "G4"):
        book["units"][cell].font = Font(strike=True)
    book["units"]["C4"].font = Font(strike=False, bold=True)
    book.save(path)
    read = read_form(path)
    rows = read.units[["unit_id", "action", "comment"]].to_numpy().tolist()
    assert rows == [["CU-001", "", "stays"], ["CU-002", "split", ""]]
    struck = [one.as_note() for one in read.problems if one.as_note().key == "cell struck"]
    assert [(note.facts["cell"], note.facts["words"]) for note in struck] == [
        ("A3, B3, C3", "CU-001 | Ustyurt | reject"),
        ("G4", "no more"),
    ]


def test_rows_that_a_group_has_coloured_are_told_and_ours_are_not(tmp_path):
    book = openpyxl.load_workbook(path := form(tmp_path, {"units G3": "stays"}))
    keys = [one.as_note().key for one in read_form(path).problems]
    assert "rows coloured" not in keys
    for cell, colour in (("A4", Color(rgb="FFFF0000")), ("C4", Color(theme=5))):
        book["units"][cell].fill = PatternFill("solid", fgColor=colour)
    # the white of Excel's palette too
    for cell, white in (("A3", "FFFFFFFF"), ("C3", Color(theme=0)), ("D3", Color(indexed=9))):
        book["units"][cell].fill = PatternFill("solid", fgColor=white)
    book.save(path)
    [note] = [
        one.as_note() for one in read_form(path).problems if one.as_note().key == "rows coloured"
    ]
    assert (note.facts["count"], note.facts["names"]) == (1, "CU-002")


def test_a_day_is_a_day_and_a_year_a_year(tmp_path):
    cells = {"activities B3": "CU-001", "activities E3": "a", "activities B4": "CU-001"}
    cells |= {
        "activities I3": dt.datetime(2027, 1, 1),
        "activities E4": "b",
        "activities I4": 2027.0,
    }
    rows = read_form(form(tmp_path, cells)).activities
    assert rows["timeframe"].tolist() == ["2027-01-01", "2027"]


def test_an_escaped_line_end_is_a_line_end(tmp_path):
    """Excel writes a carriage return in a text as _x000D_, and an underscore before x as _x005F_."""
    path = form(tmp_path, {"units C3": "reject", "units G3": "one_x000D_\ntwo"})
    assert read_form(path).units["comment"].tolist() == ["one\ntwo"]


@pytest.mark.parametrize(
    ("action", "theme", "unit"),
    [
        ("добавить", "финансирование", "общий раздел"),
        ("添加", "资金", "一般"),
        ("Add", "FINANCE", "General"),
    ],
)
def test_the_words_of_the_lists_are_understood_in_any_language(tmp_path, action, theme, unit):
    cells = {"activities B3": unit, "activities C3": action, "activities D3": theme}
    read = read_form(form(tmp_path, {**cells, "units C3": "отклонить"}))
    assert read.activities[["unit_id", "action", "theme"]].to_numpy().tolist() == [
        ["general", "add", "finance"]
    ]
    assert read.units["action"].tolist() == ["reject"]
    assert not read.problems


def test_the_lists_are_in_the_language_of_the_form(tmp_path):
    lists = workbook_sheets(form(tmp_path, languages=("ru", "en")))["lists"].rows
    assert [row[1] for row in lists[1:4]] == ["оставить", "изменить", "отклонить"]
    assert lists[3][0] == "общий раздел"  # after the two units and their heading


def test_an_ods_of_libreoffice_is_read(tmp_path):
    """Its empty cells are one cell repeated, and its numbers and days stand in attributes."""
    names = "unit_id name_en action merge_with new_name evidence_grade comment open_question"
    ns = 'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    ns += 'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    ns += 'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'

    ns += ' xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"'
    ns += ' xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"'
    line = '<style:text-properties style:text-line-through-style="solid"/>'
    line += '<style:table-cell-properties fo:background-color="#ff0000"/>'
    styles = f'<style:style style:name="ce2" style:family="table-cell">{line}</style:style>'

    def cell(value: str, repeated: int = 1) -> str:
        text = f"<text:p>{value}</text:p>" if value else ""
        times = f' table:number-columns-repeated="{repeated}"' if repeated > 1 else ""
        return f'<table:table-cell office:value-type="string"{times}>{text}</table:table-cell>'

    heading = "".join(cell(name) for name in names.split())
    body = (
        cell("CU-001") + cell("Ustyurt") + cell("reject") + cell("", 3) + cell("no crossing seen")
    )
    struck = cell("split").replace("<table:table-cell", '<table:table-cell table:style-name="ce2"')
    second = cell("CU-002") + cell("Aral") + struck
    rows = "".join(f"<table:table-row>{row}</table:table-row>" for row in (heading, body, second))
    content = (
        f"<office:document-content {ns}><office:automatic-styles>{styles}</office:automatic-styles><office:body><office:spreadsheet>"
        f'<table:table table:name="units">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    path = tmp_path / "form_S1.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    assert rejects_the_first(path)
    notes = [one.as_note() for one in read_form(path).problems][:2]
    assert [note.key for note in notes] == ["cell struck", "rows coloured"]
    assert notes[1].facts["names"] == "CU-002"


def test_a_far_cell_costs_no_memory(tmp_path):
    """A sheet with a cell in its last corner has 17 billion cells, and one that is filled."""
    book = openpyxl.Workbook()
    book.active["A1"] = "unit_id"
    book.active["XFD1048576"] = "x"
    book.save(tmp_path / "far.xlsx")
    assert workbook_sheets(tmp_path / "far.xlsx")["Sheet"].rows == [["unit_id"]]


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("form_S1.xls", "save it as .xlsx"),
        ("form_S1.fods", "Open it in a spreadsheet and save it as .xlsx"),
        ("form_S1.ET", "Open it in a spreadsheet and save it as .xlsx"),
        ("form_S2.docx", "Type what it asks for into the group's form"),
        ("slides S2.PPTX", "Type what it asks for into the group's form"),
        ("form_S1.gsheet", re.escape("Microsoft Excel (.xlsx)")),
        ("winmail.dat", "Ask for the files as plain ones"),
        ("letter.msg", "save what is attached"),
    ],
)
def test_what_is_not_read_is_named_with_its_cure(name, cure):
    with pytest.raises(InputError, match=cure):
        refuse_unread(Path(name), name)


def test_our_own_tables_are_no_forms():
    assert not may_hold_form(Path("conflicts.csv"))


def test_an_old_workbook_under_a_new_name_is_told_apart(tmp_path):
    path = tmp_path / "form_S1.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500))
    with pytest.raises(InputError, match=r"old kind \(.xls\), or one with a password"):
        read_form(path)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1251", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_table_is_the_same_in_every_dialect(separator, encoding):
    """Excel in Russian writes semicolons and Windows-1251; as "Unicode text" UTF-16 and tabs."""
    rows = [["site", "reason"], ["H01", f"степь{separator} юг"], ["H02", ""]]
    lines = [separator.join(f'"{c}"' if separator in c else c for c in row) for row in rows]
    assert delimited_rows("\r\n".join(lines).encode(encoding)) == rows


def test_a_list_of_the_same_many_states_in_each_row_parts_no_columns():
    """A bat of 30 states, and another of the same: 58 semicolons against nine commas."""
    states = ";".join(f"{a}{b}" for a in "ABCDE" for b in "UVWXYZ")
    rows = [["sci_name", "name_en", "category", "states"], ["Myotis myotis", "bat", "LC", states]]
    rows.append(["Nyctalus noctula", "noctule", "LC", states])
    assert delimited_rows("\n".join(map(",".join, rows)).encode()) == rows


DIALECTS = [
    pytest.param(",", "utf-8", ".csv", id="plain"),
    pytest.param(",", "utf-8-sig", ".csv", id="Excel, UTF-8"),
    pytest.param(";", "cp1251", ".csv", id="Excel in Russian"),
    pytest.param("\t", "utf-16", ".txt", id="Excel, Unicode text"),
    pytest.param(";", "gbk", ".csv", id="Excel in Chinese"),
    pytest.param("\t", "utf-8", ".tsv", id="Google Sheets"),
]


def as_text(path: Path, sheet: str, separator: str, encoding: str, ending: str) -> Path:
    """One sheet of a form as a spreadsheet saves it as text: CRLF, quotes where they are needed."""
    rows = [list(row) for row in openpyxl.load_workbook(path)[sheet].values]
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=separator).writerows(rows)
    saved = path.with_name(f"form_S1 - {sheet}{ending}")
    saved.write_bytes(stream.getvalue().encode(encoding, "replace"))
    return saved


@pytest.mark.parametrize(("separator", "encoding", "ending"), DIALECTS)
def test_a_sheet_saved_as_text_is_that_sheet_of_the_form(tmp_path, separator, encoding, ending):
    """The columns make it a form: whatever it is called, and whatever stands in its remarks."""
    remark = "one, two, three; four, five, six, seven, eight, nine, ten"
    path = form(tmp_path, {"units C3": "reject", "units G3": remark, "units G4": "#REF!"})
    saved = as_text(path, "units", separator, encoding, ending)
    renamed = saved.rename(tmp_path / f"from Aigul{ending}")
    assert is_form(renamed)
    made = read_form(renamed)
    rows = made.units[["unit_id", "action", "comment"]].to_numpy().tolist()
    assert rows == [["CU-001", "reject", remark]]
    assert made.activities.empty
    assert [problem.what[:40] for problem in made.problems] == [
        "cell G4 shows an error (#REF!): taken as",
        "it is one sheet of a form, saved as a ta",
    ]


@pytest.mark.parametrize(
    "heading",
    [
        "Unit,Name,What to do,Open question for plenary",
        "单元,名称,如何处理,提交全体会议的问题",
        "Единица,Название,Что сделать,Вопрос к пленарному заседанию",
        "Нэгж,Нэр,Юу хийх,Нэгдсэн хуралдаанд тавих асуулт",
    ],
)
def test_a_form_typed_anew_in_one_language_is_a_form(tmp_path, heading):
    """There the name is just the name: which of two languages it is in nobody says who has one."""
    path = tmp_path / "form_S1.csv"
    path.write_text(f"{heading}\nCU-001,Ustyurt,reject,why?\n", encoding="utf-8")
    row = read_form(path).units[["unit_id", "name_en", "action", "open_question"]].iloc[0]
    assert row.tolist() == ["CU-001", "Ustyurt", "reject", "why?"]


def test_a_sheet_that_a_group_saved_as_another_table_is_not_asked_for():
    """S1 brought both sheets, S2 one of them, S3 the same one twice; what is no such note stays."""
    asks = {name: Note("one sheet", {"sheet": name}) for name in ("units", "activities")}
    noted = [
        ("S1", "a.csv", asks["units"]),
        ("S1", "b.csv", asks["activities"]),
        ("S2", "c.csv", asks["units"]),
        ("S3", "d.csv", asks["activities"]),
        ("S3", "e.csv", asks["activities"]),
        ("S1", "a.csv", Note("long cell", {})),
    ]
    assert still_asked(noted) == [False, False, True, True, True, True]


def test_a_title_above_a_table_does_not_say_what_divides_its_cells(tmp_path):
    path = tmp_path / "form_S1.csv"
    lines = [
        "Workshop, Bishkek, 22 November 2026, group one;;;;;;;",
        "unit_id;name_en;action;merge_with;new_name;evidence_grade;comment;open_question",
        "CU-001;Ustyurt;reject;;;;no crossing seen;",
    ]
    path.write_bytes("\r\n".join(lines).encode())
    assert rejects_the_first(path)


@pytest.mark.parametrize(
    "content",
    [
        b"<kml/>",
        b"PK\x03\x04" + bytes(50),
        b'{"type": "FeatureCollection"}',
        b"unit_id,change,matched_by\nCU-001,kept,cu_id\n",
        b'"never closed',
        b"",
        bytes(300),
    ],
)
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".txt"])
def test_what_has_not_the_columns_of_a_form_is_none(tmp_path, content, ending):
    path = tmp_path / f"form_S1{ending}"
    path.write_bytes(content)
    assert not is_form(path)


def test_the_line_that_says_the_separator_is_no_row():
    assert delimited_rows(b"sep=;\r\na;b,c\r\n") == [["a", "b,c"]]


def test_a_second_sheet_of_a_form_is_named_where_it_says_otherwise(tmp_path):
    path = form(tmp_path, {"units C3": "reject"})
    book = openpyxl.load_workbook(path)
    book.copy_worksheet(book["units"]).title = "units (2)"
    book.save(path)
    keys = [one.as_note().key for one in read_form(path).problems]
    assert "second sheet" not in keys  # a plain copy says nothing else
    book["units (2)"]["G4"] = "the wells are dry"
    book.save(path)
    read = read_form(path)
    assert read.units["unit_id"].tolist() == ["CU-001"]
    [second] = [one for one in read.problems if one.as_note().key == "second sheet"]
    assert second.what.startswith(
        "a second sheet with the columns of the form was not read: units (2)."
    )
    assert second.what.endswith("CU-002")


def test_a_table_that_was_saved_in_one_column_is_that_table():
    """Excel opens a CSV of another country in one column, and saves each line in quotes."""
    lines = ["unit_id,resolution,reason", 'CU-001,S2,"because, they know"', "CU-002,S1,"]
    quoted = "\r\n".join('"' + line.replace('"', '""') + '"' for line in lines)
    assert delimited_rows(quoted.encode()) == [
        ["unit_id", "resolution", "reason"],
        ["CU-001", "S2", "because, they know"],
        ["CU-002", "S1", ""],
    ]
    # a cell of two lines is in two cells of the one column
    parted = b'"id,comment"\n"CU-001,""first"\n"second"""\n"CU-002,ok"\n'
    rows = [["id", "comment"], ["CU-001", "first\nsecond"], ["CU-002", "ok"]]
    assert delimited_rows(parted) == rows
    # a quote that is never closed parts nothing: all behind it would be one cell
    unclosed = b'"id,comment"\n"CU-001,ok"\n"CU-002,""first"\n"CU-003,ok"\n'
    assert len(delimited_rows(unclosed)) == 4
    # remarks in one column stay what they are
    assert delimited_rows(b'note\n"first, then"\n') == [["note"], ["first, then"]]
    remarks = [["Remarks, if any"], ["first, then, at last"], ["nothing"], ["a, b, c, d"], ["so"]]
    lines = "\n".join(f'"{remark}"' for [remark] in remarks)
    assert delimited_rows(lines.encode()) == remarks


def test_one_long_remark_does_not_say_what_divides_the_cells():
    """Seven commas in the only line of a table that a Russian Excel has written with semicolons."""
    text = "unit_id;resolution;reason\nCU-001;S2;a, b, c, d, e, f, g, h\n"
    assert delimited_rows(text.encode())[1] == ["CU-001", "S2", "a, b, c, d, e, f, g, h"]
