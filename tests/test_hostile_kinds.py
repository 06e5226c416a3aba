"""Hostile files of every kind that is read: refused in words, or read without harm, and nothing fetched.

`tests/test_hostile.py` measures what KML can hold. Here each kind of file (KML, KMZ, zip, mail, GPX,
GeoJSON, GeoPackage, shapefile, forms, resolutions, overrides) meets what each can be made to carry:
texts that want to run somewhere, and containers that want to reach out of their place or to swell.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely

from cami_units import layers
from cami_units.commands.collect import collect, write_collected
from cami_units.commands.group_reading import GroupFiles
from cami_units.documents.form_reading import UNIT_FIELDS
from cami_units.documents.workbook_cells import read_table
from tests.test_collect import base
from tests.test_damages import (
    MOST_MB,
    OTHER,
    PLAIN,
    Damaged,
    cost_of,
    form,
    form_ods,
    mailed,
    polygon,
    written,
    zipped,
)
from tests.test_hostile import LAUGHS, encrypted, linked, lying_size, overlapping

MOST_SECONDS = 4.0
"""Two on an idle machine."""
HARM = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
"""What no text holds any more once it is read: control letters, and what hides or turns text round."""


pytestmark = pytest.mark.usefixtures("no_network")


# -- texts that want to run ------------------------------------------------------------------------

TEXTS = {
    "a script": "<script>alert(1)</script>",
    "a picture": "\"><img src=x onerror='alert(1)'>",
    "a template": "{{7*7}} ${7*7} {% raw %} `7`",
    "a formula": "=cmd|' /C calc'!A0",
    "a formula with a plus": '+HYPERLINK("http://x.example")',
    "a formula with an at": "@SUM(1+1)",
    "a formula behind a tab": "\t=1+1",
    "text turned round": "CU-001 \u202egnp.exe",
    "text that hides": "CU\u200b-\u2066001",
    "nothing in between": "CU-001\x00\x1b[31m red",
    "many lines": "one\r\ntwo\u2028three\x0bfour",
    "a long text": "n" * 120_000,
    "a path": "../../../etc/passwd",
    "an entity": "&lol9; &#x0; &amp;lt;",
}


def in_kml(text: str) -> bytes:
    # escaped as a program writes it; control letters stand there raw, which no XML may
    inner = f"<name>{escape(text)}</name><description>{escape(text)}</description>"
    data = f'<ExtendedData><Data name="who"><value>{escape(text)}</value></Data></ExtendedData>'
    mark = f"<Placemark>{inner}{data}{polygon(PLAIN)}</Placemark>"
    return f"<kml><Document><name>{escape(text)}</name>{mark}</Document></kml>".encode()


def in_gpx(text: str) -> bytes:
    point = (
        f'<wpt lat="41.1" lon="71.1"><name>{escape(text)}</name><desc>{escape(text)}</desc></wpt>'
    )
    return f'<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">{point}</gpx>'.encode()


def in_geojson(text: str) -> bytes:
    square = shapely.box(71, 41, 71.5, 41.5)
    properties = {"name": text, "comment": text, "who": {"value": text}}
    feature = {"type": "Feature", "properties": properties, "geometry": square.__geo_interface__}
    return json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()


def in_gis(suffix: str) -> Callable[[str], dict[str, bytes]]:
    def write(text: str) -> dict[str, bytes]:
        import tempfile

        cell = text[:250] if suffix == ".shp" else text
        frame = gpd.GeoDataFrame(
            {"name": [cell.replace("\x00", "\x01")], "comment": [cell.replace("\x00", "\x01")]},
            geometry=[shapely.box(71, 41, 71.5, 41.5)],
            crs="EPSG:4326",
        )
        with tempfile.TemporaryDirectory() as folder:
            frame.to_file(Path(folder) / f"hostile{suffix}")
            return {one.suffix: one.read_bytes() for one in Path(folder).iterdir()}

    return write


def in_xlsx(text: str) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(form()))
    legal = openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", text)[:32_000]
    for row, column in ((4, 5), (4, 7), (4, 8)):
        cell = book["units"].cell(row, column)
        cell.value, cell.data_type = legal, "s"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def in_ods(text: str) -> bytes:
    legal = escape(HARM.sub("", text).replace("\x0b", ""))
    with zipfile.ZipFile(io.BytesIO(form_ods())) as archive:
        content = archive.read("content.xml").decode().replace("no water", legal)
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    return zipped({"mimetype": kind, "content.xml": content.encode()})


def in_csv(text: str) -> bytes:
    stream = io.StringIO(newline="")
    rows = [UNIT_FIELDS, ["CU-002", "", "", "", text, "", text, text]]
    csv.writer(stream).writerows(rows)
    return stream.getvalue().encode("utf-8", "replace")


def beside_each(make: Callable[[str], bytes], suffix: str) -> Callable[[str], dict[str, bytes]]:
    return lambda text: {suffix: make(text)}


CARRIERS: dict[str, Callable[[str], dict[str, bytes]]] = {
    "KML": beside_each(in_kml, ".kml"),
    "KMZ": beside_each(lambda text: zipped({"doc.kml": in_kml(text)}), ".kmz"),
    "zip": beside_each(lambda text: zipped({"a/b.kml": in_kml(text), "c.kml": OTHER}), ".zip"),
    "mail": beside_each(lambda text: mailed([("a.kml", in_kml(text))]), ".eml"),
    "GPX": beside_each(in_gpx, ".gpx"),
    "GeoJSON": beside_each(in_geojson, ".geojson"),
    "GeoPackage": in_gis(".gpkg"),
    "FlatGeobuf": in_gis(".fgb"),
    "shapefile": in_gis(".shp"),
    "form in .xlsx": beside_each(in_xlsx, ".xlsx"),
    "form in .ods": beside_each(in_ods, ".ods"),
    "form in .csv": beside_each(in_csv, ".csv"),
}


def texts_of(read: GroupFiles) -> Iterator[tuple[str, str]]:
    """Every text that came out of a file, and whether it is a name, of one line, or longer words."""
    for row in read.placemarks:
        yield from (("name", row[key]) for key in ("name", "folder", "cu_id", "placemark_id"))
        yield "words", row["comment"]
    for pin in read.pins:
        yield from (("name", pin["placemark"]), ("words", pin["text"]))
    for notice in read.notices:
        yield from (("name", notice.placemark), ("name", notice.folder))
        yield from (("words", fact) for fact in notice.note.facts.values() if isinstance(fact, str))
    for rows in read.forms.values():
        for row in rows:
            yield from (("name", row.unit_id), ("name", row.name))
            yield from (("words", row.comment), ("words", row.question))


def read_of(folder: Path, parts: dict[str, bytes], stem: str = "hostile") -> GroupFiles:
    """A file read as `collect` reads it, in its budget."""
    suffix = next(iter(sorted(parts, key=lambda one: one in (".shx", ".dbf", ".prj", ".cpg"))))
    beside = {f"{stem}{one}": content for one, content in parts.items() if one != suffix}
    path = written(folder, Damaged(f"{stem}{suffix}", parts[suffix], None, "", beside))
    read, seconds, megabytes = cost_of(path)
    assert seconds < MOST_SECONDS
    assert megabytes < MOST_MB
    return read


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_text_is_words_and_nothing_else_once_it_is_read(tmp_path, carrier, text):
    read = read_of(tmp_path, CARRIERS[carrier](TEXTS[text]))
    assert [file.refused for file in read.files if file.refused] == []
    found = list(texts_of(read))
    assert found
    for kind, words in found:
        assert not HARM.search(words), ascii(words[:80])
        assert kind == "words" or "\n" not in words
        assert len(words) <= (400 if kind == "name" else 41_000)


@pytest.mark.slow
def test_no_text_runs_in_anything_that_is_written(tmp_path):
    """All of them together through the round that follows: pages, tables, workbooks, maps."""
    folder = tmp_path / "handed-in"
    folder.mkdir()
    for number, (carrier, text) in enumerate(
        (carrier, text) for carrier in CARRIERS for text in TEXTS if text != "a long text"
    ):
        for suffix, content in CARRIERS[carrier](TEXTS[text]).items():
            (folder / f"{number:03d}{suffix}").write_bytes(content)
    made = collect([folder], base())
    write_collected(made, tmp_path / "01")
    for page in (tmp_path / "01").glob("*.html"):
        html = page.read_text(encoding="utf-8")
        assert "<script>alert" not in html
        assert "<img src=x" not in html
    for table in (tmp_path / "01").glob("*.csv"):
        for row in csv.reader(io.StringIO(table.read_text(encoding="utf-8"))):
            assert not [cell for cell in row if re.match(r"[=+@\t]|-(?![\d.])", cell)], table.name
    for book in (tmp_path / "01").glob("*.xlsx"):
        for sheet in openpyxl.load_workbook(book):
            cells = (cell for line in sheet.iter_rows() for cell in line)
            odd = [cell.value for cell in cells if cell.data_type == "f"]
            assert not [value for value in odd if "cmd" in str(value) or "1+1" in str(value)]


# -- containers that want to reach out or to swell ---------------------------------------------------


def wide_sheet() -> bytes:
    """The sheet of a form with cells far beyond all of its columns: 200 rows of 2,000."""
    with zipfile.ZipFile(io.BytesIO(form())) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    cells = "<c t='inlineStr'><is><t>x</t></is></c>" * 2_000
    rows = f"<row>{cells}</row>" * 200
    parts["xl/worksheets/sheet1.xml"] = (
        f"<worksheet><sheetData>{rows}</sheetData></worksheet>".encode()
    )
    return zipped(parts)


def sheet_of(size: int) -> bytes:
    """A workbook whose sheet unpacks to so many bytes of cells."""
    with zipfile.ZipFile(io.BytesIO(form())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    row = b'<row><c t="inlineStr"><is><t>x</t></is></c></row>'
    sheets = [name for name in parts if name.startswith("xl/worksheets/sheet")]
    head, tail = b"<worksheet><sheetData>", b"</sheetData></worksheet>"
    parts[sheets[0]] = head + row * (size // len(row)) + tail
    return zipped(parts)


def workbook_with(name: str, change: Callable[[bytes], bytes]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(form())) as archive:
        parts = {one: archive.read(one) for one in archive.namelist()}
    parts[name] = change(parts[name])
    return zipped(parts)


def laughing(root: str) -> bytes:
    return f'<?xml version="1.0"?><!DOCTYPE {root} [<!ENTITY a "lol">{LAUGHS}]><{root}>&j;</{root}>'.encode()


def outer_entity(root: str) -> bytes:
    return (
        f'<?xml version="1.0"?><!DOCTYPE {root} [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
        f"<{root}><wpt lat='1' lon='1'><name>&a;</name></wpt></{root}>"
    ).encode()


def database(*statements: str) -> bytes:
    """A database of SQLite with whatever was said to it."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "evil.gpkg"
        path.write_bytes(in_gis(".gpkg")("a")[".gpkg"])
        connection = sqlite3.connect(path)
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()
        return path.read_bytes()


def shapefile(length: int, parts: int, points: int) -> bytes:
    """A shapefile with one polygon that says it has so many parts and points, and has none."""
    head = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, length) + struct.pack("<2i", 1000, 5)
    record = struct.pack(">2i", 1, length) + struct.pack("<i4d2i", 5, 0, 0, 1, 1, parts, points)
    return head + struct.pack("<8d", *[0.0] * 8) + record


def nested(depth: int) -> bytes:
    made = OTHER
    for level in range(depth):
        made = zipped({f"{level}.kml" if not level else f"{level}.zip": made, "b.kml": OTHER})
    return made


def named(name: str) -> bytes:
    return zipped({name: OTHER, "c.kml": OTHER})


REFUSED: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "a billion laughs in KML": (".kml", lambda: laughing("kml"), "document type"),
    "a billion laughs in GPX": (".gpx", lambda: laughing("gpx"), "document type"),
    "a billion laughs in a KMZ": (
        ".kmz",
        lambda: zipped({"doc.kml": laughing("kml")}),
        "document type",
    ),
    "a billion laughs in a mail": (
        ".eml",
        lambda: mailed([("a.kml", laughing("kml"))]),
        "document type",
    ),
    "a billion laughs in .xlsx": (
        ".xlsx",
        lambda: workbook_with("xl/workbook.xml", lambda part: laughing("workbook")),
        "document type",
    ),
    "a billion laughs in .ods": (
        ".ods",
        lambda: zipped({"content.xml": laughing("document")}),
        "document type",
    ),
    "a file of this machine in KML": (".kml", lambda: outer_entity("kml"), "document type"),
    "a file of this machine in GPX": (".gpx", lambda: outer_entity("gpx"), "document type"),
    "a file of this machine in .ods": (
        ".ods",
        lambda: zipped({"content.xml": outer_entity("document")}),
        "document type",
    ),
    "a zip bomb as KMZ": (
        ".kmz",
        lambda: zipped({"doc.kml": b"<kml>" + bytes(190_000_000)}),
        "bomb",
    ),
    "a zip bomb of tables": (
        ".zip",
        lambda: zipped({"a.kml": OTHER, **{f"{n}.csv": bytes(19_000_000) for n in range(5)}}),
        "bomb",
    ),
    "a zip bomb of GeoJSON": (
        ".zip",
        lambda: zipped({"a.geojson": b"{" + b" " * 190_000_000, "b.kml": OTHER}),
        "bomb",
    ),
    "a zip bomb as form": (".xlsx", lambda: sheet_of(120_000_000), "unpacks to more"),
    "a zip bomb as .ods": (
        ".ods",
        lambda: zipped({"content.xml": b"<a>" + b" " * 120_000_000 + b"</a>"}),
        "unpacks to more",
    ),
    "a zip bomb in a mail": (
        ".eml",
        lambda: mailed([("a.kmz", zipped({"doc.kml": bytes(90_000_000)}))]),
        "bomb|could be read|unpacks",
    ),
    "a size that lies": (".kmz", lying_size, "bomb|damaged"),
    "entries on each other": (".zip", overlapping, "damaged"),
    "a link in an archive": (".kmz", linked, "is a link"),
    "a form of 2,000 columns": (".xlsx", wide_sheet, "one of its parts has more than 600,000 tags"),
    "a link as a form": (".xlsx", linked, "workbook|no form|refused"),
    "a password": (".kmz", encrypted, "encrypted"),
    "a path out": (".zip", lambda: named("../../evil.kml"), "out of the archive"),
    "a path of Windows out": (".zip", lambda: named("..\\..\\evil.kml"), "out of the archive"),
    "an absolute path": (".zip", lambda: named("/etc/evil.kml"), "out of the archive"),
    "a drive": (".zip", lambda: named("C:\\evil.kml"), "out of the archive"),
    "archives without end": (".zip", lambda: nested(9), "more than 3 deep"),
    "folders without end": (
        ".kml",
        lambda: b"<kml>" + b"<Folder>" * 5_000 + OTHER + b"</Folder>" * 5_000 + b"</kml>",
        "nested",
    ),
    "brackets without end": (
        ".geojson",
        lambda: b'{"type": "Feature", "geometry": {"coordinates": ' + b"[" * 900_000,
        "read|GeoJSON|opened",
    ),
    "a million features": (
        ".geojson",
        lambda: (
            b'{"type": "FeatureCollection", "features": ['
            + b'{"type": "Feature", "geometry": null, "properties": {}},' * 500_000
            + b"]}"
        ),
        "more than 12,000 rows",
    ),
    "another format under this name": (".gpkg", lambda: b"<OGRVRTDataSource/>", "does not begin"),
    "a program as GeoPackage": (
        ".gpkg",
        lambda: b"SQLite format 3\x00" + b"\xff" * 5_000,
        "read|opened",
    ),
    "a billion points of a shapefile": (
        ".shp",
        lambda: shapefile(2_000_000_000, 1, 1_000_000_000),
        "read|row|shape|opened",
    ),
    "a table of 21 MB": (
        ".csv",
        lambda: b"unit_id,action\n" + b"x," * 11_000_000,
        "no sheet|larger",
    ),
    "a quote without end": (".csv", lambda: b'unit_id,"' + b"x" * 1_000_000, "no sheet"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_reaches_out_or_swells_is_refused_in_words(tmp_path, case):
    suffix, make, why = REFUSED[case]
    before = {path for path in tmp_path.parent.rglob("*") if "evil" in path.name}
    read = read_of(tmp_path, {suffix: make()})
    said = [file.refused for file in read.files if file.refused]
    assert said, [(file.file, file.placemarks) for file in read.files]
    assert re.search(why, said[0]), said
    assert "root:" not in repr(read)  # a line of /etc/passwd
    assert all(len(reason) < 600 for reason in said)
    after = {path for path in tmp_path.parent.rglob("*") if "evil" in path.name}
    assert after == before, "nothing is unpacked anywhere"


def test_a_link_on_the_disk_is_no_file(tmp_path):
    (tmp_path / "edit_S1.kml").symlink_to("/etc/passwd")
    (tmp_path / "other.kml").write_bytes(OTHER)
    made = collect([tmp_path], base())
    refused = {file.file: file.refused for file in made.files if file.refused}
    assert list(refused) == ["edit_S1.kml"]
    assert "link to another file" in refused["edit_S1.kml"]


def test_what_a_database_would_do_when_asked_is_not_done(tmp_path):
    """Views and triggers of a GeoPackage run in whoever reads it: the rows are read, and no more."""
    table = "hostile"
    content = database(
        f"create trigger evil after insert on {table} begin delete from gpkg_contents; end",
        "create view gone as select load_extension('evil')",
    )
    read = read_of(tmp_path, {".gpkg": content})
    assert [file.placemarks for file in read.files] == [1]


# -- tables that people settle conflicts with --------------------------------------------------------


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_a_resolution_is_one_of_ours_whatever_its_reason(tmp_path, text, ending):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.kml").write_bytes(OTHER)
    path = tmp_path / f"resolutions{ending}"
    rows = pd.DataFrame(
        [["CU-001", "union", TEXTS[text]]], columns=["unit_id", "resolution", "reason"]
    )
    if ending == ".csv":
        path.write_bytes(rows.to_csv(index=False).encode("utf-8", "replace"))
    else:
        book = openpyxl.Workbook()
        legal = openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", TEXTS[text])[:32_000]
        for line in (list(rows), ["CU-001", "union", legal]):
            book.active.append(line)
        for cell in book.active[2]:
            cell.data_type = "s"
        book.save(path)
    table = read_table(path, columns=("unit_id", "resolution", "reason"), needs=("unit_id",))
    assert table["unit_id"].tolist() == ["CU-001"]
    assert not HARM.search(table["reason"][0])


@pytest.mark.parametrize("text", TEXTS)
def test_an_override_keeps_no_harm_in_its_words(tmp_path, text):
    path = tmp_path / "overrides.csv"
    columns = ["when", "who", "site", "what", "old", "new", "reason", "grade"]
    stream = io.StringIO(newline="")
    line = ["2026-11-20", "chair", "H01", "adjacent", "", "", f"because {TEXTS[text]}", "B"]
    csv.writer(stream).writerows([columns, line])
    path.write_bytes(stream.getvalue().encode("utf-8", "replace"))
    [row] = layers.read_overrides(path).to_dict("records")
    assert row["site"] == "H01"
    assert not HARM.search("".join(row.values()))
