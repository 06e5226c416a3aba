"""Packs that come back: as they went, as Google Earth saves them, and as people leave them.

Through the command line wherever a person would use it. The units are those of
`tests/test_collect.py`: S1 has CU-001 … CU-012, S2 has CU-013 … CU-016.
"""

from __future__ import annotations

import base64
import io
import itertools
import os
import quopri
import re
import shutil
import zipfile
from dataclasses import replace
from html import escape
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from typer.testing import CliRunner

from cami_units import cli, kml, model, store, words
from cami_units.commands.collect import Collected, collect
from cami_units.commands.pack import pack
from cami_units.commands.round_files import write_proposal
from cami_units.kml import rehearsal as draw
from tests.test_collect import (
    EAST,
    UNITS,
    WEST,
    base,
    collected,
    handed_out,
    kmz,
    of,
    square,
    told,
    units_of,
)

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "kml"
SAVED = list(itertools.product([False, True], repeat=6))


@pytest.fixture(scope="module")
def rounds(tmp_path_factory) -> Path:
    """A round, and its packs beside it, as they are handed out."""
    folder = tmp_path_factory.mktemp("rounds")
    write_proposal(base(), folder / "00-proposal")
    pack(folder / "00-proposal")
    return folder


def run(rounds: Path, tmp_path: Path, *given: Path) -> tuple[Path, str]:
    """The next round as the command makes it, and what it said."""
    out = tmp_path / "01"
    done = CliRunner().invoke(
        cli.app,
        ["collect", *map(str, given), "--base", str(rounds / "00-proposal"), "--out", str(out)],
    )
    assert done.exit_code == 0, done.output
    return out, done.output


def table(round_dir: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(round_dir / f"{name}.csv", dtype=str, keep_default_na=False)


def lines(round_dir: Path) -> list[tuple[str, str, str]]:
    rows = table(round_dir, "problems")
    return list(zip(rows["file"], rows["what"], rows["assumed"], strict=True))


def changes(round_dir: Path) -> list[tuple[str, str, str]]:
    rows = table(round_dir, "changes")
    return list(zip(rows["unit_id"], rows["change"], rows["group"], strict=True))


def edit_of(rounds: Path, group: str, suffix: str = "") -> bytes:
    return (rounds / "pack" / group / f"edit_{group}{suffix}.kmz").read_bytes()


# -- nothing changed ------------------------------------------------------------------------------


def saved_packs(rounds: Path, tmp_path: Path, how: tuple[bool, ...], suffix: str) -> Path:
    names = ("digits", "turned", "reverse", "ids", "styles", "wrap")
    options = dict(zip(names, how, strict=True))
    for group in ("S1", "S2"):
        content = draw.edited(edit_of(rounds, group, suffix), draw.saved(**options))
        (tmp_path / f"edit_{group}{suffix}.kml").write_bytes(content)
    return tmp_path


def kept_and_nothing_else(made: Collected) -> None:
    assert made.changes["change"].tolist() == ["kept"] * 16
    assert set(made.changes["matched_by"]) == {"cu_id"}
    assert made.conflicts.empty
    assert made.problems.empty


@pytest.mark.parametrize("suffix", ["", "_web"])
def test_saved_again_by_google_earth_every_unit_of_every_group_is_kept(rounds, tmp_path, suffix):
    folder = saved_packs(rounds, tmp_path, (True,) * 6, suffix)
    kept_and_nothing_else(collect([folder], base(), pack=rounds / "pack"))


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["", "_web"])
@pytest.mark.parametrize("how", SAVED, ids=lambda how: "".join("01"[one] for one in how))
def test_in_every_combination_of_what_it_does_to_a_file(rounds, tmp_path, how, suffix):
    folder = saved_packs(rounds, tmp_path, how, suffix)
    kept_and_nothing_else(collect([folder], base(), pack=rounds / "pack"))


@pytest.mark.slow
def test_whole_packs_come_back_and_what_nobody_edits_is_passed_over(rounds, tmp_path):
    made, said = run(rounds, tmp_path, rounds / "pack")
    assert changes(made) == [(unit, "kept", "S1" if unit in WEST else "S2") for unit in UNITS]
    assert table(made, "conflicts").empty
    same = (
        "unchanged: it is the file that was handed out, byte for byte",
        "its units are kept as they are",
    )
    told_of = lines(made)
    assert told_of[1:] == [(f"edit_{name}.kmz", *same) for name in ("S1", "S1_web", "S2", "S2_web")]
    [(file, what, assumed)] = told_of[:1]
    assert (file, assumed) == ("", "passed over")
    # how-to 4, map 2, PDF 2, draw page 2, plenary 5, everything 5 (its CSV is no file of a group), lists 2
    assert what.startswith("23 files of the pack that nobody edits: ")
    assert "✗" not in said


@pytest.mark.slow
def test_the_pack_of_a_group_without_units_comes_back_without_a_complaint(tmp_path):
    done = base()
    units = done.tables["conservation_units"]
    in_the_east = units[units["unit_id"].isin(EAST)].reset_index(drop=True)
    write_proposal(
        replace(done, tables=done.tables | {"conservation_units": in_the_east}),
        tmp_path / "00-proposal",
    )
    pack(tmp_path / "00-proposal")
    made, _ = run(tmp_path, tmp_path, tmp_path / "pack" / "S1" / "edit_S1.kmz")
    assert [what for _, what, _ in lines(made)] == [
        "unchanged: it is the file that was handed out, byte for byte"
    ]


@pytest.mark.slow
def test_a_pack_without_its_list_is_taken_as_well(rounds, tmp_path):
    folder = tmp_path / "S1"
    shutil.copytree(rounds / "pack" / "S1", folder)
    made = collect([folder], base())
    assert set(made.changes.query("unit_id in @WEST")["change"]) == {"kept"}
    assert [file.file for file in made.files] == ["edit_S1.kmz", "edit_S1_web.kmz", "form_S1.xlsx"]
    assert made.problems["what"].tolist() == [
        "5 files of the pack that nobody edits: draw_S1.html, howto_S1_en.html, howto_S1_ru.html, map_S1.html, "
        "map_S1.pdf"
    ]


def test_of_two_files_of_a_group_the_edited_one_counts(rounds, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "edit_S1.kmz").write_bytes(edit_of(rounds, "S1"))
    web = draw.edited(
        edit_of(rounds, "S1", "_web"), draw.deleted("CU-002"), draw.grown("CU-001", 0.9)
    )
    (folder / "edit_S1_web.kmz").write_bytes(draw.packed(doc__kml=web))
    made = collect([folder], base(), pack=rounds / "pack")
    assert of(made, "CU-001") == [("reshaped", "cu_id", "S1")]
    assert of(made, "CU-002") == [("deleted", "none", "S1")]
    assert of(made, "CU-003") == [("kept", "cu_id", "S1")]
    assert made.conflicts.empty
    row = told(made, "a second file of group S1, in which nothing was changed")
    assert (row["file"], row["assumed"]) == ("edit_S1.kmz", "edit_S1_web.kmz counts")


def test_one_unit_by_itself_beside_the_untouched_pack(rounds, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "edit_S1.kmz").write_bytes(edit_of(rounds, "S1"))
    one = draw.edited(edit_of(rounds, "S1"), draw.grown("CU-003", 0.9), draw.loose("CU-003"))
    (folder / "CU-003.kml").write_bytes(one)
    made = collect([folder], base(), pack=rounds / "pack")
    assert of(made, "CU-003") == [("reshaped", "cu_id", "S1")]
    # The pack says how the others stand: they are kept, not absent.
    assert of(made, "CU-004") == [("kept", "cu_id", "S1")]
    assert made.conflicts.empty


def test_an_archive_of_packs_is_several_files(rounds, tmp_path):
    entries = {
        "S1/edit_S1.kmz": edit_of(rounds, "S1"),
        "S2/edit_S2.kmz": edit_of(rounds, "S2"),
        "S2/form_S2.xlsx": (rounds / "pack" / "S2" / "form_S2.xlsx").read_bytes(),
        "S2/minutes.pdf": b"%PDF-1.7",
        "S2/photo.jpg": b"\xff\xd8\xff",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    made = collected(tmp_path, {"all.zip": buffer.getvalue()})
    assert [(file.file, file.group) for file in made.files] == [
        ("all.zip/S1/edit_S1.kmz", "S1"),
        ("all.zip/S2/edit_S2.kmz", "S2"),
        ("all.zip/S2/form_S2.xlsx", "S2"),
    ]
    assert made.changes["change"].tolist() == ["kept"] * 16
    # The form is read with the maps; a document is named; a picture as small as an icon is nobody's work.
    row = told(made, "the archive also holds S2/minutes.pdf")
    assert row["assumed"] == "hand in maps and forms only, or by themselves"


# -- what people write before a name --------------------------------------------------------------

REJECTIONS = [
    "X CU-001 Place 001", "x CU-001", "Х CU-001 Place 001", "х CU-001", "X-CU-001", "x  CU-001",
    "XCU-001 Place 001", "XX CU-001", "(X) CU-001", "× CU-001", "❌ CU-001", "X: CU-001", "X",
    "X Place 001", "X-Place 001", "Х Место 001",
]  # fmt: skip
NAMES = ["Xinjiang steppe", "X-ray ridge", "Хан-Тенгри", "CU-001 Xanadu", "Хорог"]


@pytest.mark.parametrize("name", REJECTIONS)
def test_an_x_in_any_writing_rejects_and_does_nothing_else(name, tmp_path):
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.renamed("CU-001", name))})
    assert of(made, "CU-001") == [("rejected", "cu_id", "S1")]
    assert set(made.changes.query("unit_id in @WEST[1:]")["change"]) == {"kept"}
    assert made.conflicts.empty
    assert made.problems.empty


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_begins_with_such_a_letter_is_a_name(name, tmp_path):
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.renamed("CU-001", name))})
    assert of(made, "CU-001") == [("renamed", "cu_id", "S1")]


@pytest.mark.slow
def test_a_reason_typed_beside_the_x_is_kept_and_is_no_name(tmp_path):
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.renamed("CU-001", "X no animals here"))})
    [row] = made.changes.query("unit_id == 'CU-001'").to_dict("records")
    assert row["change"] == "rejected"
    assert "typed as 'X no animals here'" in row["note"]
    assert units_of(made).loc["CU-001", "name_en"] == "Place 001"


# -- units that came back without ground ----------------------------------------------------------


def shapeless(root: etree._Element) -> None:
    draw.respelt("CU-001", lambda points: points[:2])(root)


def opened(root: etree._Element) -> None:
    draw.as_path("CU-001")(root)
    draw.respelt("CU-001", lambda points: points[:3])(root)


def sides(root: etree._Element) -> None:
    """Drawn anew as two paths, which bear its id in their names only."""
    draw.deleted("CU-001")(root)
    for part, edge in (("north", 42.5), ("south", 42.1)):
        draw.drawn(f"CU-001 {part}", shapely.LineString([(60, edge), (61, edge), (61, 42.3)]))(root)


@pytest.mark.parametrize(
    ("edit", "note"),
    [
        (shapeless, "its placemark came back, but cannot be used (see problems)"),
        (opened, "it came back as an open path or a point, without ground"),
        (sides, "it came back as an open path or a point, without ground"),
    ],
)
def test_a_unit_whose_shape_cannot_be_used_is_not_taken_as_deleted(edit, note, tmp_path):
    made = collected(tmp_path, {"edit_S1.kmz": kmz(edit)})
    assert of(made, "CU-001") == [("absent", "none", "S1")]
    assert note in made.changes.query("unit_id == 'CU-001'")["note"].iloc[0]
    assert units_of(made).loc["CU-001", "geometry"].equals(square("CU-001"))


def test_a_pin_with_the_id_of_a_unit_that_is_gone_does_not_bring_it_back(tmp_path):
    gone = [draw.deleted("CU-001"), draw.drawn("CU-001 was here", shapely.Point(60, 42))]
    made = collected(tmp_path, {"edit_S1.kmz": kmz(*gone)})
    assert of(made, "CU-001") == [("deleted", "none", "S1")]


def test_of_a_file_that_is_cut_off_what_is_whole_is_read_and_nothing_is_concluded(tmp_path):
    whole = draw.edited(handed_out("S1"))
    place = whole.index(b">CU-007")
    cut = whole[: whole.index(b"<coordinates>", place) + 30]
    made = collected(tmp_path, {"edit_S1.kml": cut})
    begun, ended = cut.count(b"<Placemark"), cut.count(b"</Placemark>")
    [file] = made.files
    assert (file.placemarks, file.unusable) == (begun, begun - ended)
    row = told(made, "it is cut off at line")
    assert row["what"].endswith(f"{ended} of its {begun} placemarks could be read")
    assert row["assumed"] == "units may be missing: save it again and resend it"
    assert told(made, "it is broken or cut off")["placemark"] == "CU-007 Place 007"
    assert of(made, "CU-001") == [("kept", "cu_id", "S1")]
    assert of(made, "CU-012") == [("absent", "none", "S1")]
    note = made.changes.query("unit_id == 'CU-012'")["note"].iloc[0]
    assert note == "a part of its file is missing or broken: nothing was concluded"


def test_one_broken_placemark_of_a_text_costs_itself_alone(tmp_path):
    text = draw.edited(handed_out("S1"))
    place = text.index(b">CU-005")
    end = text.index(b"</Placemark>", place)
    broken = text[:end].rpartition(b"</Polygon>")
    made = collected(tmp_path, {"edit_S1.kml": broken[0] + broken[2] + text[end:]})
    assert told(made, "it is broken or cut off")["placemark"].startswith("CU-005")
    assert told(made, "it is not well-formed XML at line")["what"].endswith(
        "placemarks could be read"
    )
    assert of(made, "CU-005") == [("absent", "none", "S1")]
    assert set(made.changes.query("unit_id in @WEST and unit_id != 'CU-005'")["change"]) == {"kept"}


# -- e-mails and encodings ------------------------------------------------------------------------


def only_units() -> str:
    return draw.edited(handed_out("S1"), draw.only("2 ")).decode()


def in_lines(text: str) -> str:
    return re.sub(r"(>)\s*(<(?:Placemark|Folder|coordinates|Data))", r"\1\n\2", text)


def mail(body: bytes, encoding: str, kind: str = "text/plain", charset: str = "utf-8") -> bytes:
    head = (
        "From: group S1\nTo: facilitator\nSubject: our map\nMIME-Version: 1.0\n"
        f"Content-Type: {kind}; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\n"
    )
    return head.encode() + body


def attached(content: bytes) -> bytes:
    encoded = base64.encodebytes(content)
    return (
        b'From: S1\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n'
        b"--b\nContent-Type: text/plain\nContent-Transfer-Encoding: 7bit\n\nSee attachment.\n"
        b'--b\nContent-Type: application/vnd.google-earth.kmz; name="edit_S1.kmz"\n'
        b'Content-Disposition: attachment; filename="edit_S1.kmz"\n'
        b"Content-Transfer-Encoding: base64\n\n" + encoded + b"\n--b--\n"
    )


PASTED = {
    "plain": lambda: f"Dear all,\n\n{only_units()}\n\nBest & regards".encode(),
    "quoted": lambda: ("Hello\n" + re.sub("^", "> ", in_lines(only_units()), flags=re.M)).encode(),
    "quoted twice": lambda: re.sub("^", "> > ", in_lines(only_units()), flags=re.M).encode(),
    "wrapped": lambda: re.sub(r" (?=\d)", "\n", only_units()).join(["Hi,\n", "\nBye"]).encode(),
    "HTML-escaped": lambda: f"<html><body><p>Hi<br></p><pre>{escape(only_units())}</pre></body></html>".encode(),
    "quoted-printable": lambda: mail(quopri.encodestring(only_units().encode()), "quoted-printable"),
    "quoted-printable without its head": lambda: b"Hello\n" + quopri.encodestring(only_units().encode()),
    "base64": lambda: mail(base64.encodebytes(only_units().encode()), "base64"),
    "an attached KMZ": lambda: attached(handed_out("S1")),
    "curly quotation marks": lambda: re.sub(r'="([^"]*)"', r"=“\1”", only_units()[39:]).encode(),
    "UTF-16": lambda: only_units().replace("UTF-8", "UTF-16").encode("utf-16"),
    "UTF-16 that is UTF-8": lambda: only_units().replace("UTF-8", "UTF-16").encode(),
    "an empty line before the declaration": lambda: b"\n\n" + only_units().encode(),
    "KML 2.3": lambda: draw.with_namespace(only_units().encode(), "http://www.opengis.net/kml/2.3"),
    "a prefix": lambda: re.sub(
        r"<(/?)(?=[A-Za-z])", r"<\1k:", only_units()[39:].replace("gx:", "").replace("kml:", "")
    ).replace("xmlns=", "xmlns:k=").encode(),
}  # fmt: skip


@pytest.mark.parametrize("way", PASTED)
def test_kml_that_came_by_mail_or_in_another_writing_is_read_whole(way, tmp_path):
    made = collected(tmp_path, {"edit_S1.txt": PASTED[way]()})
    found = made.changes.query("unit_id in @WEST")
    assert found["change"].tolist() == ["kept"] * 12, made.problems["what"].tolist()
    assert sum(file.unusable for file in made.files) == 0


# -- what else lies in a folder -------------------------------------------------------------------


def test_litter_is_passed_over_and_the_rest_told(tmp_path):
    folder = tmp_path / "handed-in"
    (folder / "S1").mkdir(parents=True)
    for name in (".DS_Store", "desktop.ini", "Thumbs.db", "~$form_S1.xlsx", ".~lock.form_S1.xlsx#"):
        (folder / "S1" / name).write_bytes(b"\x00\x01")
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "edit_S1.kmz").write_bytes(b"\x00\x05\x16\x07")
    (folder / "S1" / "edit_S1.kmz").write_bytes(kmz())
    (folder / "S1" / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    made = collect([folder], base())
    assert [(file.file, bool(file.refused)) for file in made.files] == [
        ("edit_S1.kmz", False),
        ("photo.jpg", True),
    ]
    row = told(made, "is a picture")
    assert (row["file"], row["assumed"]) == ("photo.jpg", "not read; the other files were")


def test_litter_in_an_archive_is_passed_over_as_beside_one(tmp_path):
    litter = ("S1/.DS_Store", "S1/~$form_S1.xlsx", "S1/__MACOSX/._edit_S1.kmz", "S1/Thumbs.db")
    with zipfile.ZipFile(tmp_path / "S1.zip", "w") as archive:
        for name in litter:
            archive.writestr(name, b"\x00\x01")
        archive.writestr("S1/edit_S1.kmz", kmz())
        archive.writestr("S1/minutes.docx", b"PK")
    made = collect([tmp_path / "S1.zip"], base())
    assert [file.file for file in made.files] == ["S1.zip/S1/edit_S1.kmz"]
    assert "S1/minutes.docx" in told(made, "the archive also holds")["what"]
    assert not any("DS_Store" in what for what in made.problems["what"])


def test_a_folder_above_is_read_too(tmp_path, monkeypatch):
    (tmp_path / "edit_S1.kmz").write_bytes(kmz())
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    made = collect([Path("..")], base())
    assert [file.file for file in made.files] == ["edit_S1.kmz"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_pipes_and_devices_are_refused(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "edit_S2.kmz").write_bytes(kmz(group="S2"))
    (folder / "link.kml").symlink_to("/etc/passwd")
    (folder / "gone.kml").symlink_to("/nowhere/at/all")
    os.mkfifo(tmp_path / "pipe.kml")
    given = [folder, tmp_path / "pipe.kml", Path("/dev/zero")]
    made = collect(given, base())
    refused = {file.file: file.refused for file in made.files if file.refused}
    assert refused == {
        "gone.kml": "the file is a link to another file. Hand in the file itself, not a link to it.",
        "link.kml": "the file is a link to another file. Hand in the file itself, not a link to it.",
        "pipe.kml": "the file is no plain file (a device or a pipe).",
        "zero": "the file is no plain file (a device or a pipe).",
    }
    assert of(made, "CU-014") == [("kept", "cu_id", "S2")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.geojson", b'<OGRVRTDataSource><OGRVRTLayer name="passwd"><SrcDataSource>/etc/passwd'),
        ("a.gpkg", b"<OGRWFSDataSource><URL>http://127.0.0.1:9/</URL></OGRWFSDataSource>"),
        ("a.shp", b"WFS:http://127.0.0.1:9/"),
    ],
)
def test_a_file_that_only_says_it_is_of_a_gis_is_refused_unopened(name, content, tmp_path):
    made = collected(tmp_path, {name: content, "edit_S2.kmz": kmz(group="S2")})
    row = told(made, "does not begin as a")
    assert (row["file"], row["assumed"]) == (name, "not read; the other files were")


def test_a_file_of_gigabytes_is_refused_unread(tmp_path, monkeypatch):
    whole = store.sha256

    def of_a_small_one(path):
        assert path.stat().st_size < 1_000_000_000, "read to the end only to be refused"
        return whole(path)

    monkeypatch.setattr(store, "sha256", of_a_small_one)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "edit_S2.kmz").write_bytes(kmz(group="S2"))
    with (folder / "huge.gpkg").open("wb") as stream:
        stream.truncate(50_000_000_000)  # sparse: it takes no room
    made = collect([folder], base())
    assert (
        told(made, "the file is too large: 50,000 MB, at most 100 MB are read")["file"]
        == "huge.gpkg"
    )
    assert made.round.manifest["looked_at"] == ["not read: 50000000000 bytes"]


# -- forms ----------------------------------------------------------------------------------------


def test_what_a_form_asks_for_and_only_a_map_can_give_is_a_remark_with_what_to_do(rounds, tmp_path):
    shutil.copy(rounds / "pack" / "S1" / "form_S1.xlsx", tmp_path / "form_S1.xlsx")
    book = openpyxl.load_workbook(tmp_path / "form_S1.xlsx")
    sheet = book["units"]
    names = [cell.value for cell in sheet[1]]
    filled = {
        "CU-001": {"action": "merge", "merge_with": "CU-002", "comment": "one population"},
        "CU-003": {"action": "split"},
        "CU-002": {"merge_with": "cu-3", "evidence_grade": "B"},
    }
    free = next(row for row in sheet.iter_rows(min_row=3) if not row[0].value)
    free[names.index("action")].value = "new"
    free[names.index("new_name")].value = "Suusamyr"
    for row in sheet.iter_rows(min_row=3):
        for name, value in filled.get(str(row[0].value), {}).items():
            row[names.index(name)].value = value
    book.save(tmp_path / "form_S1.xlsx")
    made = collect([tmp_path / "form_S1.xlsx"], base())
    said = made.problems.set_index("what")["assumed"]
    assert said.to_dict() == {
        "the form asks to merge CU-001 with CU-002": "a remark, not applied: unless the map shows "
        "it, draw one outline around both, keep the id CU-001, and delete the other; or ask the "
        "group",
        "the form asks to split CU-003": "a remark, not applied: unless the map shows it, copy the "
        "unit on the map and cut each copy to its part; or ask the group where the line runs",
        "the form asks to merge CU-002 with CU-003": "a remark, not applied: unless the map shows "
        "it, draw one outline around both, keep the id CU-002, and delete the other; or ask the "
        "group",
        "the form gives CU-002 the evidence grade B": "a remark: it changes no criterion. Evidence "
        "counts where it stands in a layer (corridors, telemetry) or an override: ask the group "
        "for the source",
        "the form asks for a new unit 'Suusamyr'": "not applied: unless the map shows it, draw it "
        "there, or ask the group where it lies",
    }
    assert of(made, "CU-001") == [("commented", "cu_id", "S1")]
    remarks = made.remarks.set_index("unit_id")["text"]
    assert remarks["CU-001"] == "one population; the form asks to merge CU-001 with CU-002"
    # what is asked of two units is told at each of them
    asked = "the form asks to merge CU-002 with CU-003"
    assert remarks["CU-003"] == f"the form asks to split CU-003; {asked}"
    # what a group says of its evidence is told wherever the unit is, with who said it
    assert remarks["CU-002"] == (
        f"{asked}; the form gives CU-002 the evidence grade B; the form asks to merge CU-001 with CU-002"
    )
    assert of(made, "CU-002") == [("commented", "cu_id", "S1")]
    # a reader of another language gets our half of it in that language
    notes = [model.notes_from_text(facts) for facts in made.changes["facts"]]
    in_russian = {words.said(row[0], "ru") for row in notes if row}
    assert {"one population; форма просит объединить CU-001 с CU-002"} <= in_russian
    assert "форма просит разделить CU-003; форма просит объединить CU-002 с CU-003" in in_russian


# -- nothing is lost ------------------------------------------------------------------------------

_TAGS = ("Placemark", "Folder", "Document", "kml")


@st.composite
def trees(pick) -> bytes:
    """KML with folders in folders, and placemarks that are sound, odd, and broken in every way."""
    shapes = pick(
        st.lists(
            st.sampled_from(
                [
                    "<Polygon><outerBoundaryIs><LinearRing><coordinates>70,40 71,40 71,41 70,40"
                    "</coordinates></LinearRing></outerBoundaryIs></Polygon>",
                    "<Polygon><outerBoundaryIs><LinearRing><coordinates>70,40 nan,40"
                    "</coordinates></LinearRing></outerBoundaryIs></Polygon>",
                    "<Point><coordinates>70,40</coordinates></Point>",
                    "<LineString><coordinates>70,40 71,41 271,40</coordinates></LineString>",
                    "<MultiGeometry><MultiGeometry/></MultiGeometry>",
                    "<Model/>",
                    "",
                ]
            ),
            max_size=8,
        )
    )
    names = st.sampled_from(["CU-001", "Untitled Polygon", "", "<![CDATA[<b>]]>", "&lt;&amp;"])
    body = ""
    for shape in shapes:
        one = f"<Placemark><name>{pick(names)}</name>{shape}</Placemark>"
        for _ in range(pick(st.integers(0, 3))):
            one = f"<Folder><name>F</name>{one}</Folder>"
        body += one
    return f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{body}</Document></kml>'.encode()


def begun(content: bytes) -> int:
    """Placemarks by their letters alone, but for those that a cut has made text: from CDATA to its end."""
    told = re.sub(rb"<!\[CDATA\[.*?\]\]>", b"", content, flags=re.DOTALL)
    return len(re.findall(rb"<Placemark[\s>/]", told))


@given(trees())
@settings(max_examples=60)
def test_placemarks_read_and_unusable_are_those_that_the_xml_has(content):
    rows, problems = kml.read_kml(content)
    witness = sum(1 for _ in etree.fromstring(content).iter("{*}Placemark"))
    assert witness == begun(content) == rows.attrs["placemarks"]
    assert rows.attrs["read"] + rows.attrs["unusable"] == witness
    assert rows["placemark"].nunique() == rows.attrs["read"]
    # Each one that cannot be used has a line that says so.
    said = [one for one in problems if one.cure.startswith("not read") and "placemark" in one.where]
    assert len(said) >= rows.attrs["unusable"]


@given(trees(), st.data())
@settings(max_examples=80)
def test_whatever_is_cut_out_of_a_text_is_counted_and_said(content, data):
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 300)))
    damaged = content[:start] + content[end:]
    try:
        rows, problems = kml.read_kml(damaged)
    except kml_error():
        return
    assert rows.attrs["read"] + rows.attrs["unusable"] == rows.attrs["placemarks"]
    assert rows.attrs["placemarks"] == begun(damaged)
    if not rows.attrs["whole"]:
        assert any(" could be read" in one.what for one in problems)


def kml_error() -> type[Exception]:
    from cami_units.model import InputError

    return InputError


@pytest.mark.reference
@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the KML of others is not beside the checkout")
def test_the_kml_of_others_is_collected_and_every_placemark_is_told_of(tmp_path):
    """All of a public corpus handed in at once: counted by another parser, file by file."""
    folder = tmp_path / "in"
    folder.mkdir()
    counted = {}
    for number, path in enumerate(sorted(CORPUS.rglob("*.km[lz]"))):
        name = f"{number:03d}_{path.name}"
        shutil.copy(path, folder / name)
        contents = [path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as opened:
                contents = [opened.read(n) for n in opened.namelist() if n.lower().endswith("kml")]
        parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
        roots = [etree.fromstring(content, parser) for content in contents if content.strip()]
        counted[name] = sum(
            1 for root in roots if root is not None for _ in root.iter("{*}Placemark")
        )
    made = collect([folder], base())
    read = [file for file in made.files if not file.refused]
    assert len(read) > 0.5 * len(counted)
    for file in read:
        assert file.evidence + file.shapes + file.pins + file.unusable == file.placemarks, file
        assert file.placemarks == counted[file.file], file
    refused = {file.file for file in made.files if file.refused}
    assert refused | {file.file for file in read} == set(counted)
    assert refused <= set(made.problems["file"])


# -- a scripted edit, and no more -----------------------------------------------------------------


def test_scripted_edits_of_one_group_give_these_rows_and_no_others(rounds, tmp_path):
    edits = (
        draw.renamed("CU-013", "CU-013 Aksu"),
        draw.stripped("CU-014", "Untitled Polygon"),
        draw.rejected("CU-015", "too steep", sign="х "),
        draw.as_path("CU-016"),
    )
    (tmp_path / "edit_S2.kml").write_bytes(draw.edited(edit_of(rounds, "S2"), *edits))
    (tmp_path / "edit_S1.kmz").write_bytes(edit_of(rounds, "S1"))
    made, _ = run(rounds, tmp_path, tmp_path)
    assert changes(made) == [
        *((unit, "kept", "S1") for unit in WEST),
        ("CU-013", "renamed", "S2"),
        ("CU-014", "kept", "S2"),
        ("CU-015", "rejected", "S2"),
        ("CU-016", "kept", "S2"),
    ]
    assert table(made, "conflicts").empty
    assert lines(made) == [
        (
            "edit_S1.kmz",
            "unchanged: it is the file that was handed out, byte for byte",
            "its units are kept as they are",
        ),
        (
            "edit_S2.kml",
            "a path whose ends nearly meet",
            "taken as the polygon that it surrounds",
        ),
    ]


def test_a_shape_in_the_wrong_section_and_two_groups_on_one_unit(rounds, tmp_path):
    far = shapely.box(76.2, 42.2, 76.7, 42.7)
    one = draw.edited(
        edit_of(rounds, "S1"), draw.drawn("far", far, "2 "), draw.grown("CU-012", 0.9)
    )
    theirs = shapely.affinity.translate(square("CU-012"), 0.2, 0)
    other = draw.edited(edit_of(rounds, "S2"), draw.drawn("CU-012 Place 012", theirs, "2 "))
    (tmp_path / "edit_S1.kml").write_bytes(one)
    (tmp_path / "edit_S2.kml").write_bytes(other)
    made, _ = run(rounds, tmp_path, tmp_path)
    rows = table(made, "conflicts")
    assert list(
        zip(rows["unit_id"], rows["kind"], rows["groups"], rows["default"], strict=True)
    ) == [
        ("CU-012", "two groups", "S1;S2", "keep S1"),
        ("CU-017", "outside the section", "S1", "ask plenary"),
    ]
    assert [row for row in changes(made) if row[1] != "kept"] == [
        ("CU-012", "reshaped", "S1"),
        ("CU-012", "reshaped", "S2"),
        ("CU-017", "new", "S1"),
    ]
    assert {unit for unit, change, _ in changes(made) if change == "kept"} == {*WEST[:-1], *EAST}


@pytest.mark.slow
def test_a_round_without_a_unit_is_packed_and_comes_back(tmp_path):
    """One state has no landscape across a border; its sections and groups are there all the same."""
    plan = tmp_path / "plan.toml"
    plan.write_text(
        'title = "One"\ndate = "2026-11-22"\n[study]\nstates = ["KZ"]\ncell_km = 50\n',
        encoding="utf-8",
    )
    base, handed_in = tmp_path / "rounds" / "00", tmp_path / "handed-in"

    def run(*arguments: object) -> None:
        """A command, which ends as it should."""
        outcome = CliRunner().invoke(cli.app, [str(one) for one in arguments])
        assert outcome.exit_code == 0, outcome.output

    run("propose", plan, "--out", base)
    assert store.read_round(base).tables["conservation_units"].empty
    run("pack", base, "--out", tmp_path / "pack")
    handed_in.mkdir()
    shutil.copy(tmp_path / "pack" / "S1" / "edit_S1.kmz", handed_in)
    run("collect", handed_in, "--base", base, "--pack", tmp_path / "pack", "--out", tmp_path / "01")
    run("plenary", tmp_path / "01")
    assert (tmp_path / "01" / "plenary" / "board.html").exists()
