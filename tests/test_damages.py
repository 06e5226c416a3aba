"""Files of groups, damaged by lot in every way that was met: none stops anything, nothing is lost unsaid.

A *damaged file* is one of a kind (KML in a container, GPX, a layer of a GIS, a form, what is no map
at all), saved by somebody's program in somebody's encoding, then hurt. Where no byte is hurt after
the count is known, it is known how many placemarks must be accounted for.

`CAMI_UNITS_DAMAGES` says how many files are drawn (400 where it is not set; all are 5,000), or from
which to which::

    CAMI_UNITS_DAMAGES=5000 pytest tests/test_damages.py -m slow
    CAMI_UNITS_DAMAGES=1500-2000 pytest tests/test_damages.py -m slow
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sqlite3
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import shapely

from cami_units import words
from cami_units.cli._summaries import say_collected
from cami_units.commands import collect as collecting
from cami_units.commands import group_files, group_folders, group_reading
from cami_units.commands._change_tables import problems_in_short, problems_table
from cami_units.documents.form_reading import UNIT_FIELDS
from cami_units.documents.group_form import write_form
from cami_units.kml import rehearsal as draw
from cami_units.model import InputError
from tests.test_collect import WEST, base, corner, handed_out, square

DAMAGES = range(*map(int, os.environ.get("CAMI_UNITS_DAMAGES", "400").split("-")))
SEED = 20261122
A_BATCH = 25
MOST_SECONDS = 2.0
MOST_MB = 200.0
MOST_LINES = 48
"""Two screens of the smallest window."""
MOST_LETTERS = 600
"""Letters of a line of the report: a name has 200 at most, a list of names says how many more."""


@dataclass(frozen=True)
class Damaged:
    """A file: its name, its bytes, the files that lie beside it, and how it was made.

    `placemarks` says how many must be read or named; ``None`` where a damage may have taken some.
    """

    name: str
    content: bytes
    placemarks: int | None
    made: str
    beside: dict[str, bytes] = field(default_factory=dict)


class Lot:
    """What is drawn by lot, and in which order, from one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.made: list[str] = []

    def below(self, most: int) -> int:
        return int(self.rng.integers(most))

    def one(self, choices: Any) -> Any:
        """One of a few; of a mapping the value, whose key is remembered."""
        if isinstance(choices, dict):
            name = list(choices)[self.below(len(choices))]
            self.made.append(name)
            return choices[name]
        return choices[self.below(len(choices))]

    def often(self, share: float) -> bool:
        return bool(self.rng.random() < share)


# -- shapes and marks ------------------------------------------------------------------------------


def text(points: Any) -> str:
    return " ".join(f"{x:.7f},{y:.7f}" for x, y in points)


def ring(lon: float, lat: float, side: float = 0.5) -> list[tuple[float, float]]:
    return list(shapely.box(lon, lat, lon + side, lat + side).exterior.coords)


def polygon(outline: str, *holes: str) -> str:
    def boundary(kind: str, points: str) -> str:
        return f"<{kind}><LinearRing><coordinates>{points}</coordinates></LinearRing></{kind}>"

    inner = "".join(boundary("innerBoundaryIs", hole) for hole in holes)
    return f"<Polygon>{boundary('outerBoundaryIs', outline)}{inner}</Polygon>"


def line(points: str) -> str:
    return f"<LineString><coordinates>{points}</coordinates></LineString>"


def star(points: int) -> str:
    turn = np.arange(points | 1) * 2 * np.pi * (points // 2) / (points | 1)
    return text(np.stack([72 + np.cos(turn), 41 + np.sin(turn)], axis=1))


def rested(lot: Lot) -> str:
    turn = np.linspace(0, 2 * np.pi, 60)
    xy = np.stack([72 + 0.3 * np.cos(turn), 41 + 0.3 * np.sin(turn)], axis=1)
    rest = xy[30] + lot.rng.normal(0, 1e-4, (80, 2))
    return text(np.vstack([xy[:30], rest, xy[30:]]))


def track(closed: bool, gx: str = "gx:") -> str:
    points = ring(72, 41) if closed else ring(72, 41)[:3]
    steps = "".join(f"<{gx}coord>{x} {y} 900</{gx}coord>" for x, y in points)
    return f"<{gx}Track>{steps}</{gx}Track>"


PLAIN = text(ring(71, 41))
SPECK = "71.200001,41.200001 71.200003,41.200001 71.200003,41.200003 71.200001,41.200001"
SHAPES: dict[str, Callable[[Lot], str]] = {
    "a polygon": lambda lot: polygon(text(ring(70 + lot.below(40) / 10, 41))),
    "a hole": lambda lot: polygon(PLAIN, text(ring(71.1, 41.1, 0.1))),
    "a speck as hole": lambda lot: polygon(PLAIN, SPECK),
    "a speck": lambda lot: polygon(SPECK),
    "a speck of a path": lambda lot: line(SPECK),
    "where a GPS rested": lambda lot: polygon(rested(lot)),
    "a bow tie": lambda lot: polygon("71,41 71.5,41.5 71.5,41 71,41.5 71,41"),
    "a star": lambda lot: polygon(star(5 + lot.below(60))),
    "a hole outside": lambda lot: polygon(PLAIN, text(ring(75, 41, 0.1))),
    "a hole around": lambda lot: polygon(PLAIN, text(ring(70, 40, 3))),
    "a mask": lambda lot: polygon("-180,-90 180,-90 180,90 -180,90 -180,-90", PLAIN),
    "two outlines": lambda lot: polygon(PLAIN).replace(
        "</outerBoundaryIs>", f"</outerBoundaryIs>{polygon(text(ring(73, 41)))[9:-10]}"
    ),
    "an open ring": lambda lot: polygon(text(ring(71, 41)[:4])),
    "two points": lambda lot: polygon("71,41 72,41"),
    "no points": lambda lot: polygon(""),
    "a height that is no number": lambda lot: polygon(PLAIN.replace(" ", ",nan ", 1)),
    "four numbers": lambda lot: polygon(" ".join(f"{one},0,7" for one in PLAIN.split())),
    "semicolons": lambda lot: polygon(PLAIN.replace(" ", "; ")),
    "spaces": lambda lot: polygon(PLAIN.replace(",", " , ")),
    "a decimal comma": lambda lot: polygon(PLAIN.replace(".", ",")),
    "degrees and minutes": lambda lot: polygon("71°30'E,41°N 72°E,41°N 72°E,42°N"),
    "one odd vertex": lambda lot: polygon(PLAIN.replace("71.5", "1e999", 1)),
    "metres": lambda lot: polygon("512345,4651234 522345,4651234 522345,4661234 512345,4651234"),
    "past 180": lambda lot: polygon("178,60 186,60 186,61 178,61 178,60"),
    "across 180": lambda lot: polygon("179,60 -179,60 -179,61 179,61 179,60"),
    "latitude first": lambda lot: polygon(text((y, x) for x, y in ring(71, 41))),
    "a path": lambda lot: line("71,41 71.5,41.2 72,41.1"),
    "a path that closes": lambda lot: line(text(ring(71, 41))),
    "a pin": lambda lot: (
        f"<Point><coordinates>{70 + lot.below(30) / 10},41.3,0</coordinates></Point>"
    ),
    "a pin elsewhere": lambda lot: "<Point><coordinates>2.3,48.8</coordinates></Point>",
    "parts": lambda lot: (
        f"<MultiGeometry>{polygon(PLAIN)}{polygon(text(ring(73, 41)))}</MultiGeometry>"
    ),
    "three lines": lambda lot: (
        f"<MultiGeometry>{''.join(line(f'71,4{n} 72,4{n}.5') for n in range(3))}</MultiGeometry>"
    ),
    "all kinds": lambda lot: (
        f"<MultiGeometry>{polygon(PLAIN)}{line('71,41 72,42')}<MultiGeometry>"
        "<Point><coordinates>71,41</coordinates></Point></MultiGeometry></MultiGeometry>"
    ),
    "a track": lambda lot: track(closed=lot.often(0.5)),
    "a track of KML 2.3": lambda lot: track(closed=lot.often(0.5), gx=""),
    "tracks": lambda lot: f"<gx:MultiTrack>{track(False)}{track(True)}</gx:MultiTrack>",
    "a view": lambda lot: "<LookAt><longitude>70</longitude><latitude>41</latitude></LookAt>",
    "a model": lambda lot: "<Model><Link><href>a.dae</href></Link></Model>",
    "an odd element": lambda lot: "<MultiPolygon><x/></MultiPolygon>",
    "nothing": lambda lot: "",
}
NAMES = [
    *("CU-001 Place 001", "X CU-002 Place 002", "CU-003", "CU-004 (copy)", "CU-999", "H09", "NULL"),
    *("Untitled Polygon", "Алтай – Хангай", "青海湖 保护区", "herds &lt; 50", "a &amp; b", ""),
    *("=cmd|' /C calc'!A0", "&lt;script&gt;alert(1)&lt;/script&gt;", "{{7*7}}", "long " * 80),
]
DESCRIPTIONS = [
    *("", "", "no water here", "&lt;b&gt;agreed&lt;/b&gt; by all", "NULL"),
    "<![CDATA[<table><tr><td>NAME</td><td>Area A</td></tr></table>typed beneath]]>",
    "<![CDATA[a placemark is written <Placemark/> ]]>",
]


def extended(lot: Lot) -> str:
    """Data as our pack, mapshaper (every key, empty) or OGR (typed) leaves it; or none."""
    unit = lot.one(["", "", "CU-001", "CU-002", "CU-999"])
    if not unit:
        return ""
    if lot.often(0.3):
        return (
            '<ExtendedData><SchemaData schemaUrl="#s"><SimpleData name="cu_id">'
            f"{unit}</SimpleData></SchemaData></ExtendedData>"
        )
    pairs = {"cu_id": unit, "working_group": "S1", "layer": "", "rev": "0", "geom_hash": "0"}
    entries = "".join(
        f'<Data name="{key}"><value>{value}</value></Data>' for key, value in pairs.items()
    )
    return f"<ExtendedData>{entries}</ExtendedData>"


def mark(lot: Lot) -> str:
    name, description = lot.one(NAMES), lot.one(DESCRIPTIONS)
    shape = lot.one(SHAPES)(lot)
    typed = f"<description>{description}</description>" if description else ""
    return f"<Placemark><name>{name}</name>{typed}{extended(lot)}{shape}</Placemark>"


HEADS = {
    "KML 2.2": '<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2">',
    "KML 2.0": '<kml xmlns="http://earth.google.com/kml/2.0">',
    "KML 2.3": '<kml xmlns="http://www.opengis.net/kml/2.3">',
    "no namespace": "<kml>",
}


def documented(lot: Lot, marks: list[str]) -> str:
    """Marks as a document; here and there in folders of one name, nested."""
    if lot.often(0.3):
        cut = lot.below(len(marks) + 1)
        folder = "<Folder><name>final</name>"
        marks = [folder, *marks[:cut], folder, *marks[cut:], "</Folder></Folder>"]
    head = lot.one(HEADS)
    return f"{head}<Document><name>D</name>{''.join(marks)}</Document></kml>"


def few(lot: Lot) -> tuple[str, int]:
    marks = [mark(lot) for _ in range(1 + lot.below(6))]
    return documented(lot, marks), len(marks)


def flood(lot: Lot) -> tuple[str, int]:
    """Hundreds of the same: pins of somebody's holidays, plots, corners of a shape, specks."""
    made = lot.one(
        {
            "200 pins": [
                f"<Point><coordinates>{n / 40},48</coordinates></Point>" for n in range(200)
            ],
            "60 plots": [polygon(text(ring(71 + n / 100, 41, 0.002))) for n in range(60)],
            "80 specks": [polygon(SPECK)] * 80,
            "60 bow ties": [polygon("71,41 71.5,41.5 71.5,41 71,41.5 71,41")] * 60,
            "40 slips": [polygon("71,41 x,y 72,42")] * 40,
            "corners": [polygon(PLAIN)]
            + [f"<Point><coordinates>{one}</coordinates></Point>" for one in PLAIN.split()],
        }
    )
    marks = [f"<Placemark><name>n {n}</name>{shape}</Placemark>" for n, shape in enumerate(made)]
    return documented(lot, marks), len(marks)


EDITS: dict[str, Callable[[Lot], draw.Edit]] = {
    "grown": lambda lot: draw.grown("CU-001", 0.5 + lot.below(10) / 10),
    "rejected": lambda lot: draw.rejected("CU-002", "no water"),
    "renamed": lambda lot: draw.renamed("CU-003", lot.one(["CU-003 Алтай", "Altai", ""])),
    "commented": lambda lot: draw.commented("CU-004", "extend to the river"),
    "deleted": lambda lot: draw.deleted("CU-005"),
    "stripped": lambda lot: draw.stripped("CU-006"),
    "shifted": lambda lot: draw.shifted("CU-007", 0.3, 0.3),
    "twisted": lambda lot: draw.twisted("CU-008"),
    "as a path": lambda lot: draw.as_path("CU-009"),
    "nested": lambda lot: draw.nested("CU-010"),
    "copied": lambda lot: draw.copied("CU-001", 0.2, 0.2),
    "halved": lambda lot: draw.halved("CU-011"),
    "swallowed": lambda lot: draw.swallowed("CU-012", "CU-011"),
    "drawn": lambda lot: draw.drawn("new", shapely.box(74, 40, 74.4, 40.4), "2 "),
    "saved by Earth": lambda lot: draw.resaved,
    "in My Places": lambda lot: draw.wrapped("My Places"),
    "reordered": lambda lot: draw.reordered,
    "the notes alone": lambda lot: draw.only("4 "),
}


def pack(lot: Lot) -> tuple[str, int]:
    """What S1 was handed, edited once or twice; a folder that is gone by then changes nothing."""
    edits = [lot.one(EDITS)(lot) for _ in range(lot.below(3))]
    try:
        content = draw.edited(handed_out("S1"), *edits).decode()
    except (InputError, LookupError, StopIteration):
        content = draw.edited(handed_out("S1")).decode()
    return content, len(re.findall(r"<(?:\w+:)?Placemark[\s/>]", content))


# -- slips of a hand or a program, which take no placemark -------------------------------------------


def slipped(lot: Lot, content: str, count: int) -> tuple[str, int | None]:
    """One slip in the text of a KML, and how many placemarks it then has."""
    bare = "<Placemark><name>added</name>" + polygon(PLAIN) + "</Placemark>"
    first = {
        "HTML in a description": "<description><b>Area<br>5</description>",
        "a broken attribute": "<Snippet maxLines=0>x</Snippet>",
        "an attribute twice": '<Snippet a="1" a="2">x</Snippet>',
        "an ampersand": "<description>A & B</description>",
        "less than": "<description>herds < 50 animals</description>",
    }
    kind = lot.below(10)
    if kind < 5:
        lot.made.append(list(first)[kind])
        if "<Placemark>" not in content:
            return content, count
        at = content.index("<Placemark>") + len("<Placemark>")
        # a second description is none of ours to judge: only that the mark is accounted for
        return content[:at] + first[list(first)[kind]] + content[at:], count
    lot.made.append(
        ["two documents", "no root", "in a comment", "conflict marks", "control letters"][kind - 5]
    )
    if kind == 5:
        return content + f"<kml><Document>{bare}</Document></kml>", count + 1
    if kind == 6:
        return bare * 2, 2
    if kind == 7:
        return content.replace("</Document>", f"<!-- {bare} --></Document>", 1), count
    if kind == 8:
        middle = content.find("</Placemark>") + len("</Placemark>")
        middle = middle if middle > len("</Placemark>") else len(content)
        return content[:middle] + "\n<<<<<<< HEAD\n" + content[middle:], None
    return content.replace("<name>", "<name>\x01\x0b", 2), count


CODECS = {
    "UTF-8": ("utf-8", ""),
    "UTF-8 with a mark": ("utf-8-sig", "UTF-8"),
    "Windows-1251 as UTF-8": ("cp1251", "UTF-8"),
    "KOI8-R without a word": ("koi8-r", ""),
    "GBK as UTF-8": ("gb18030", "UTF-8"),
    "CP866 as Windows-1251": ("cp866", "windows-1251"),
    "Latin-1": ("latin-1", "ISO-8859-1"),
    "UTF-8 as Windows-1251": ("utf-8", "windows-1251"),
    "UTF-16": ("utf-16", "UTF-16"),
    "UTF-16 without a mark": ("utf-16-le", "UTF-8"),
    "an unknown encoding": ("utf-8", "x-mac-bork"),
}


def encoded(lot: Lot, content: str) -> bytes:
    content = re.sub(r"^<\?xml[^>]*\?>\s*", "", content)
    codec, said = lot.one(CODECS)
    head = f'<?xml version="1.0" encoding="{said}"?>\n' if said else ""
    return (head + content).encode(codec, "replace")


def hurt(lot: Lot, content: bytes) -> bytes:
    """Bytes lost, changed, added, doubled: what sticks, mails and old cards do."""
    start = lot.below(max(len(content), 1))
    some = bytes(lot.rng.integers(0, 256, 1 + lot.below(8), dtype=np.uint8))
    length = 1 + lot.below(200)
    return lot.one(
        {
            "cut": content[:start],
            "bytes lost": content[:start] + content[start + length :],
            "bytes changed": content[:start] + some + content[start + len(some) :],
            "bytes added": content[:start] + some + content[start:],
            "zeros": content[:start] + bytes(length) + content[start + length :],
            "a block twice": content[: start + length] + content[start : start + 5_000],
            "something behind": content + b"\n-- \nsent from my phone\n" + some,
            "a tag cut": content.replace(b"<name>", b"<name", 1),
            "an end lost": content.replace(b"</Placemark>", b"", 1),
            "ends of lines": content.replace(b"><", b">\r\r\n<"),
        }
    )


# -- containers ------------------------------------------------------------------------------------


def zipped(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries.items():
            made.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def zipped_by_windows(name: str, content: bytes) -> bytes:
    """An archive with a name in the code page of DOS, and no word about that."""
    letters = name.encode("cp866")
    made = zipped({"x" * len(letters): content})
    return made.replace(b"x" * len(letters), letters)


def mailed(files: list[tuple[str, bytes]]) -> bytes:
    mail = EmailMessage()
    mail["Subject"] = "maps"
    mail.set_content("Dear all, both maps.")
    for name, content in files:
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


PICTURE = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4
OTHER = (
    '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>other</name>'
    f"{polygon(text(ring(75, 40.2, 0.4)))}</Placemark></Document></kml>"
).encode()
FILE_NAMES = [
    *("edit_S1{}", "edit_S2 (1){}", "units{}", "final{}", "группа 1{}", "第一组{}", "a [b]{}"),
    *("n" * 180 + "{}", "=cmd{}", "S1 - Aigul's map, last{}"),
]


def contained(lot: Lot, content: bytes, count: int | None) -> tuple[str, bytes, int | None]:
    """A KML in what it travels in: the ending, the bytes, and the placemarks that are in it now."""
    more = None if count is None else count + 1
    photos = {f"files/{n}.jpg": PICTURE for n in range(lot.below(40))}
    shapes: dict[str, Callable[[], tuple[str, bytes, int | None]]] = {
        "plain": lambda: (".kml", content, count),
        "as .xml": lambda: (".xml", content, count),
        "a KMZ": lambda: (".kmz", zipped({"doc.kml": content}), count),
        "a KMZ called zip": lambda: (".zip", zipped({"doc.kml": content}), count),
        "a KMZ called kml": lambda: (".kml", zipped({"doc.kml": content}), count),
        "a KMZ without doc.kml": lambda: (".kmz", zipped({"units.kml": content}), count),
        "with photos": lambda: (".kmz", zipped({"doc.kml": content, **photos}), count),
        "several in a KMZ": lambda: (".kmz", zipped({"doc.kml": content, "b.kml": OTHER}), more),
        "a zip of KML": lambda: (".zip", zipped({"edit_S1.kml": content, "b.kml": OTHER}), more),
        "a zip of KMZ": lambda: (
            ".zip",
            zipped({"a.kmz": zipped({"doc.kml": content}), "b.kmz": zipped({"doc.kml": OTHER})}),
            more,
        ),
        "a zip of zips": lambda: (
            ".zip",
            zipped({"a/in.zip": zipped({"a.kml": content, "b.kml": OTHER}), "readme.md": b"x"}),
            more,
        ),
        "names of DOS": lambda: (".zip", zipped_by_windows("группа/карта.kml", content), count),
        "with its form": lambda: (
            ".zip",
            zipped({"edit_S1.kml": content, "form_S1.xlsx": form(), "photo.jpg": PICTURE}),
            count,
        ),
        "in a mail": lambda: (".eml", mailed([("units.kml", content)]), count),
        "two of one name": lambda: (
            ".eml",
            mailed([("units.kml", content), ("units.kml", OTHER), ("form.xlsx", form())]),
            more,
        ),
        "quoted": lambda: (
            ".txt",
            b"Dear all,\n> " + content.replace(b"><", b">\n> <"),
            None,
        ),
    }
    return lot.one(shapes)()


# -- other kinds -----------------------------------------------------------------------------------


@cache
def form() -> bytes:
    """The form of S1, with something in it."""
    units = base().tables["conservation_units"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "form.xlsx"
        own = units[units["unit_id"].isin(WEST)]
        write_form(path, own, imprint=base().imprint, group="S1")
        book = openpyxl.load_workbook(path)
        sheet = book["units"]
        names = [cell.value for cell in sheet[1]]
        cells = [
            (3, "action", "reject"),
            (3, "comment", "нет воды; a_x000D_b"),
            (4, "new_name", "=1+1"),
            (5, "action", "объединить"),
            (5, "merge_with", "CU-004; CU-005"),
            (6, "comment", "#VALUE!"),
            (7, "open_question", "whose? " * 60),
        ]
        for row, name, value in cells:
            sheet.cell(row, names.index(name) + 1).value = value
        book["activities"].cell(3, 3).value = "add"
        book.save(path)
        return path.read_bytes()


def form_text(lot: Lot) -> tuple[str, bytes]:
    """The sheet of units in a dialect of CSV."""
    rows = openpyxl.load_workbook(io.BytesIO(form()))["units"].values
    separator, encoding, ending = lot.one(
        [
            (",", "utf-8", ".csv"),
            (";", "cp1251", ".csv"),
            ("\t", "utf-16", ".txt"),
            (";", "utf-8-sig", ".csv"),
            ("\t", "gb18030", ".tsv"),
        ]
    )
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=separator).writerows(rows)
    return ending, stream.getvalue().encode(encoding, "replace")


@cache
def form_ods() -> bytes:
    """A form as LibreOffice saves it, in little: repeated cells, an error, a note."""
    filled = ["CU-001", "Place", "reject", "", "", "", "no water", ""]

    def row(values: list[str]) -> str:
        cells = "".join(f"<t:table-cell><x:p>{value}</x:p></t:table-cell>" for value in values)
        return (
            f'<t:table-row>{cells}<t:table-cell t:number-columns-repeated="16000"/></t:table-row>'
        )

    spaces = "".join(
        f' xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for short, name in (("o", "office"), ("t", "table"), ("x", "text"))
    )
    body = f'<t:table t:name="units">{row(list(UNIT_FIELDS))}{row(filled)}</t:table>'
    content = f"<o:document-content{spaces}><o:body><o:spreadsheet>{body}</o:spreadsheet></o:body></o:document-content>"
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    return zipped({"mimetype": kind, "content.xml": content.encode()})


def forms(lot: Lot) -> tuple[str, bytes]:
    made: dict[str, Callable[[], tuple[str, bytes]]] = {
        "a form": lambda: (".xlsx", form()),
        "a form of LibreOffice": lambda: (".ods", form_ods()),
        "a sheet as text": lambda: form_text(lot),
        "a form of 1997": lambda: (".xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
        "a link of Google": lambda: (".gsheet", b'{"url": "https://example.org"}'),
        "winmail": lambda: (".dat", b"\x78\x9f\x3e\x22" + bytes(99)),
    }
    return lot.one(made)()


GPX = """<gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1">
<wpt lat="41.1" lon="71.1"><name>camp</name></wpt>
<rte><name>way</name><rtept lat="41" lon="71"/><rtept lat="41.5" lon="71.5"/></rte>
<trk><name>CU-001</name><trkseg>{points}</trkseg></trk></gpx>"""


def gpx(lot: Lot) -> tuple[str, bytes]:
    points = "".join(f'<trkpt lat="{y}" lon="{x}"><ele>900</ele></trkpt>' for x, y in ring(71, 41))
    return lot.one([".gpx", ".kml", ".xml"]), GPX.format(points=points).encode()


def in_gis(suffix: str, columns: str, crs: str) -> dict[str, bytes]:
    """Three units of S1 and a new shape as a GIS saves them: the file and what lies beside it."""
    frame = gpd.GeoDataFrame(
        {
            "name": ["CU-001 Place 001", "CU-002 Place 002", "CU-003 Place", "новая"],
            "cu_id": ["CU-001", "CU-002", "CU-003", None],
            "working_group": ["S1", "S1", "S1", "S1"],
            "comment": [None, "NULL", "no water", words.text("how_to_comment", "en")],
        },
        geometry=[
            *map(square, ("CU-001", "CU-002")),
            square("CU-004"),
            shapely.box(74, 40, 75, 41),
        ],
        crs="EPSG:4326",
    ).to_crs(crs)
    if columns == "of OpenLayers":
        frame["cu_id"] = [
            json.dumps({"value": one, "displayName": "Unit"}) for one in frame["cu_id"]
        ]
    elif columns == "names only":
        frame = frame[["name", "geometry"]]
    elif columns == "latitude first":
        frame["geometry"] = shapely.transform(frame.geometry.values, lambda xy: xy[:, ::-1])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"edit_S1{suffix}"
        if suffix == ".parquet":
            frame.to_parquet(path)
        elif suffix == ".shp":
            frame = frame.rename(columns={"working_group": "working_gr"})  # ten letters at most
            frame.to_file(path, encoding="cp1251")
        else:
            frame.to_file(path)
        return {one.suffix: one.read_bytes() for one in Path(folder).iterdir()}


@cache
def gis_files() -> dict[str, dict[str, bytes]]:
    kinds = [
        *(
            (suffix, "ours", "EPSG:4326")
            for suffix in (".gpkg", ".geojson", ".shp", ".fgb", ".parquet")
        ),
        *((suffix, "ours", "EPSG:3857") for suffix in (".gpkg", ".shp")),
        (".geojson", "of OpenLayers", "EPSG:4326"),
        (".gpkg", "names only", "EPSG:4326"),
        (".geojson", "latitude first", "EPSG:4326"),
    ]
    return {
        f"{columns} in {crs}, {suffix}": in_gis(suffix, columns, crs)
        for suffix, columns, crs in kinds
    }


@cache
def open_geopackage() -> dict[str, bytes]:
    """A GeoPackage copied while QGIS has it open: the last edit lies in its log."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "edit_S1.gpkg"
        path.write_bytes(in_gis(".gpkg", "ours", "EPSG:4326")[".gpkg"])
        connection = sqlite3.connect(path)
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma wal_autocheckpoint = 0")
        [(table,)] = connection.execute("select table_name from gpkg_contents").fetchall()
        triggers = "select name from sqlite_master where type = 'trigger' and name like 'rtree%'"
        for (trigger,) in connection.execute(triggers).fetchall():
            connection.execute(f'drop trigger "{trigger}"')  # they call functions of GDAL's own
        connection.execute(f"update \"{table}\" set name = 'CU-001 Edited' where cu_id = 'CU-001'")
        connection.commit()
        files = {one.name[len("edit_S1") :]: one.read_bytes() for one in Path(folder).iterdir()}
        connection.close()
        return files


def gis(lot: Lot) -> tuple[str, bytes, int | None, dict[str, bytes]]:
    """A file of a GIS: whole; as a zip with its parts; or with a part missing."""
    parts = dict(open_geopackage() if lot.often(0.15) else lot.one(gis_files()))
    if ".gpkg-wal" in parts:
        lot.made.append("an open GeoPackage")
    suffix = next(one for one in parts if one in (".gpkg", ".geojson", ".shp", ".fgb", ".parquet"))
    content = parts.pop(suffix)
    if suffix == ".shp" and lot.often(0.4):
        gone = lot.one([".dbf", ".prj", ".shx"])
        lot.made.append(f"without its {gone}")
        del parts[gone]
        return suffix, content, 4, parts
    if lot.often(0.3):
        lot.made.append("in a zip")
        entries = {f"units/edit{one}": held for one, held in {suffix: content, **parts}.items()}
        return ".zip", zipped(entries), 4, {}
    return suffix, content, 4, parts


JUNK = {
    "an empty file": (".kml", b""),
    "zeros": (".kmz", bytes(5_000)),
    "a web page": (".kml", b"<!DOCTYPE html><html><body>Sign in</body></html>"),
    "a web page without its word": (".kml", b"<html><head><title>Sign in</title></head></html>"),
    "a PDF": (".pdf", b"%PDF-1.7\n" + bytes(400)),
    "a photo": (".jpg", PICTURE),
    "a link": (".lnk", b"L\x00\x00\x00\x01\x14\x02\x00" + bytes(99)),
    "a document": (".docx", zipped({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"})),
    "a link to a map": (
        ".kml",
        b"<kml><NetworkLink><Link><href>https://example.org/a.kml</href></Link></NetworkLink></kml>",
    ),
    "a shape without a placemark": (
        ".kml",
        f"<kml><Document>{polygon(PLAIN)}</Document></kml>".encode(),
    ),
    "an archive of photos": (".zip", zipped({"a.jpg": PICTURE, "b.jpg": PICTURE})),
    "a table": (".csv", b"x,y\n71,41\n"),
    "an archive of an archive of an archive": (
        ".zip",
        zipped({"a.zip": zipped({"b.zip": zipped({"c.zip": zipped({"d.kml": OTHER})})})}),
    ),
}


def damaged(number: int) -> Damaged:
    """The damaged file of a number: always the same one."""
    lot = Lot(SEED + number)
    kind = lot.below(100)
    beside: dict[str, bytes] = {}
    count: int | None
    if kind < 62:
        content, marks = (few if kind < 40 else pack if kind < 54 else flood)(lot)
        count = marks
        if lot.often(0.4):
            content, count = slipped(lot, content, marks)
        raw = encoded(lot, content)
        if "UTF-16 without a mark" in lot.made or "an unknown encoding" in lot.made:
            count = None
        if lot.often(0.4):
            raw, count = hurt(lot, raw), None
        suffix, raw, count = contained(lot, raw, count)
    elif kind < 66:
        (suffix, raw), count = gpx(lot), 3
        lot.made.append("GPX")
    elif kind < 80:
        suffix, raw, count, beside = gis(lot)
    elif kind < 93:
        (suffix, raw), count = forms(lot), 0
    else:
        (suffix, raw), count = lot.one(JUNK), None
    if lot.often(0.2):
        raw, count = hurt(lot, raw), None
        beside = {
            part: hurt(lot, held) if lot.often(0.2) else held for part, held in beside.items()
        }
    name = lot.one(FILE_NAMES).format(suffix)
    stem = name.removesuffix(suffix)
    parts = {f"{stem}{part}": held for part, held in beside.items()}
    return Damaged(name, raw, count, " · ".join(lot.made), parts)


# -- reading them ----------------------------------------------------------------------------------


@cache
def facts() -> group_reading.HandedOut:
    """What the round handed out says, as `collect` hands it to the reader."""
    grabbed: list[group_reading.HandedOut] = []

    def grab(_paths: Any, base_facts: group_reading.HandedOut, **_options: Any) -> None:
        grabbed.append(base_facts)
        raise InputError("enough")

    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.kml"
        path.write_bytes(OTHER)
        patch.setattr(collecting, "read_files", grab)
        with pytest.raises(InputError, match="enough"):
            collecting.collect([path], base())
    return grabbed[0]


def written(folder: Path, one: Damaged) -> Path:
    for name, content in one.beside.items():
        (folder / name).write_bytes(content)
    path = folder / one.name
    path.write_bytes(one.content)
    return path


def peak_mb(what: str) -> float:
    """Memory of this process, of `what` the system counts; 0 where it does not say."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    return int(re.search(what + r":\s+(\d+) kB", status.read_text())[1]) / 1000  # type: ignore[index]


def cost_of(path: Path) -> tuple[group_reading.GroupFiles, float, float]:
    """What a file gave, the processor's seconds, and the memory beyond what was there before."""
    marks = Path("/proc/self/clear_refs")
    if os.access(marks, os.W_OK):
        marks.write_text("5")  # the highest mark begins anew
    before, began = peak_mb("VmRSS"), time.process_time()
    read = group_files.read_files(group_folders.found_files([path]), facts())
    return read, time.process_time() - began, peak_mb("VmHWM") - before


def check_named(placemarks: Any) -> None:
    """Each row that is not used is named in the notes; each polygon that is used is valid."""
    table, notes = placemarks.table, placemarks.notes
    lost = set(table.loc[table["kind"].isin(["none", "view", "mask"]), "placemark"])
    tour = {
        number
        for number, data in zip(table["placemark"], table["kind"], strict=True)
        if data == "view"
    }
    assert lost - tour <= set(notes["placemark"]), "each placemark that is not used is named"
    assert placemarks.beyond == 0 or "member refused" in set(notes["key"])
    for shape in table["polygons"].dropna():
        assert shape.is_valid
        assert not shape.is_empty


def check_report(read: group_reading.GroupFiles) -> None:
    """What is said of a file is short, whatever is in it, and there in every language."""
    problems = problems_table(read.notices, "en")
    short = problems_in_short(problems)
    assert len(short) <= MOST_LINES, short["what"].tolist()
    assert (problems["what"].str.len() < MOST_LETTERS).all(), problems["what"].max()
    for notice in read.notices:
        for lang in words.LANGUAGES:
            assert words.said(notice.note, lang)


@pytest.mark.slow
def test_damages_by_lot(tmp_path, monkeypatch, capsys):
    """No crash, no file over its budget, nothing unaccounted, and a report that stays short."""
    take = group_files.take_placemarks

    def take_checked(placemarks: Any, *rest: Any) -> None:
        check_named(placemarks)
        take(placemarks, *rest)

    monkeypatch.setattr(group_files, "take_placemarks", take_checked)
    cost_of(written(tmp_path, Damaged("first.kml", OTHER, 1, "")))  # whatever is needed is loaded
    known, dearest = 0, (0.0, 0.0, "")
    paths: list[Path] = []
    for number in DAMAGES:
        one = damaged(number)
        at = f"damage {number}: {one.name[-30:]}: {one.made}"
        folder = tmp_path / f"{number:05d}"
        folder.mkdir()
        path = written(folder, one)
        try:
            read, seconds, megabytes = cost_of(path)
            # Three times: another program may be at work on the same machine.
            for _ in range(2):
                if seconds > MOST_SECONDS:
                    seconds = min(seconds, cost_of(path)[1])
            check_report(read)
        except Exception as error:
            raise AssertionError(at) from error
        assert seconds < MOST_SECONDS, at
        assert megabytes < MOST_MB, at
        dearest = max(dearest, (round(seconds, 2), round(megabytes), at))
        assert read.files or read.notices, at
        for file in read.files:
            counted = file.evidence + file.shapes + file.pins + file.unusable + file.passed
            assert counted == file.placemarks, at
            assert file.refused or not one.content or file.group or file.rows >= 0, at
        if one.placemarks is not None and not any(file.refused for file in read.files):
            assert sum(file.placemarks for file in read.files) == one.placemarks, at
            known += 1
        paths.append(path)
        if len(paths) == A_BATCH:
            check_collected(paths, capsys)
            paths = []
    with capsys.disabled():
        sys.stdout.write(
            f"\n{len(DAMAGES)} damages, {known} of a known count; dearest: {dearest}\n"
        )
    assert known > len(DAMAGES) / 4


def check_collected(paths: list[Path], capsys: Any) -> None:
    """Damaged files together make a round, or are all refused; what is printed is two screens."""
    capsys.readouterr()
    try:
        made = collecting.collect(paths, base())
    except InputError as error:
        if "could be read" not in str(error):
            raise
        return
    say_collected(made, Path("rounds/01-collected"))
    files = len(made.files)
    assert len(capsys.readouterr().out.splitlines()) <= MOST_LINES + 2 * files
    assert not made.changes.empty


MOST = 12_000
"""Placemarks that are read of a file."""


def many(shape: Callable[[int], str], name: str = "n") -> bytes:
    marks = (f"<Placemark><name>{name} {n}</name>{shape(n)}</Placemark>" for n in range(MOST))
    return f"<kml><Document>{''.join(marks)}</Document></kml>".encode()


def at(number: int) -> tuple[float, float]:
    return 50 + number % 100 * 0.5, 30 + number // 100 * 0.1


def small_star(number: int) -> str:
    turn = np.arange(6) * 4 * np.pi / 5
    return polygon(text(np.stack([0.05 * np.cos(turn), 0.05 * np.sin(turn)], axis=1) + at(number)))


def small_bow_tie(number: int) -> str:
    x, y = at(number)
    return polygon(text([(x, y), (x + 0.1, y + 0.1), (x + 0.1, y), (x, y + 0.1), (x, y)]))


def box_or_point(number: int) -> str:
    """Of an outline and its label each, side by side."""
    x, y = at(number)
    is_box = number % 2 == 0
    return (
        polygon(text(ring(x, y, 0.1)))
        if is_box
        else f"<Point><coordinates>{x},{y}</coordinates></Point>"
    )


def sieve(number: int) -> str:
    """A square with 9,900 holes in rows: one of four."""
    if number > 3:
        return ""
    places = [
        (50 + number + 0.005 + 0.0099 * (n % 99), 40.005 + 0.0098 * (n // 99)) for n in range(9_900)
    ]
    return polygon(text(ring(50 + number, 40, 0.99)), *(text(ring(x, y, 0.004)) for x, y in places))


LARGEST = {
    "bow ties": lambda: many(small_bow_tie),
    "small plots": lambda: many(lambda n: polygon(text(ring(*at(n), 0.002)))),
    "slips of numbers": lambda: many(lambda n: polygon("70,41 x,y 72,42 71,40")),
    "slips of words": lambda: many(lambda n: polygon(PLAIN), name="herds < "),
    "semicolons": lambda: many(lambda n: polygon(PLAIN.replace(" ", "; "))),
    "stars": lambda: many(small_star),
    "holes": lambda: many(sieve),
    "pins": lambda: many(lambda n: f"<Point><coordinates>{50 + n / 300},41</coordinates></Point>"),
    "one name": lambda: re.sub(rb"<name>n \d+", b"<name>Altai", many(box_or_point)),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", LARGEST)
def test_the_largest_file_of_a_kind_has_a_budget_too(tmp_path, kind):
    """Counted in plain units, which stay the same when other programs are at work beside this one.

    A thousand plain units cost 0.08 s on the machine where two seconds were asked for: 24 of that are
    two seconds, measured on this machine and now.
    """
    plain = many(lambda n: polygon(text(ring(*at(n), 0.1))))[: -len("</Document></kml>")]
    end = [one.end() for one in re.finditer(b"</Placemark>", plain)][999]
    thousand = written(
        tmp_path, Damaged("plain.kml", plain[:end] + b"</Document></kml>", 1_000, "")
    )
    path = written(tmp_path, Damaged("largest.kml", LARGEST[kind](), MOST, ""))
    cost_of(thousand)  # whatever is needed is loaded
    unit = min(cost_of(thousand)[1] for _ in range(3))
    read, seconds, megabytes = min((cost_of(path) for _ in range(2)), key=lambda cost: cost[1])
    assert seconds < 24 * unit
    assert megabytes < MOST_MB
    assert sum(file.placemarks for file in read.files) == MOST
    check_report(read)


def test_the_lot_is_the_same_every_time():
    one, again = damaged(7), damaged(7)
    assert (one.name, one.content, one.made) == (again.name, again.content, again.made)
    assert corner("CU-001") == (70.1, 40.0)  # the shapes above lie among the units of S1
