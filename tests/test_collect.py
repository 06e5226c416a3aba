"""Collecting: whatever groups hand in gives the next round, and a line for everything in it.

The region of `tests/rounds.py`, with 16 units on a lattice (degrees, each 0.6 × 0.6)::

    lat
    42.0   CU-005 … CU-008 | CU-013 …       S1: everything west of 73.5: CU-001 … CU-012
    41.0   CU-009 … CU-012 |  … CU-016      S2: the rest: CU-013 … CU-016
    40.0   CU-001 … CU-004 |                columns at 70.1, 70.9, 71.7, 72.5 | 74, 75, 76, 77
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from functools import cache, partial
from html import unescape
from pathlib import Path
from typing import Any

import docx
import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from shapely.affinity import scale, translate
from typer.testing import CliRunner

from cami_units import cli, grid, kml, layers, overlap, store, words, workshop
from cami_units.cli import _summaries
from cami_units.cli._summaries import say_collected
from cami_units.commands._change_tables import problems_in_short, problems_table
from cami_units.commands.annex import annex
from cami_units.commands.collect import Collected, collect, report, stored_pictures, write_collected
from cami_units.commands.decide import (
    all_decisions,
    decide,
    decided,
    decided_round,
    decisions_told,
    read_decisions,
    record_decision,
)
from cami_units.commands.edited_evidence import edited_evidence
from cami_units.commands.group_folders import resolution_rows
from cami_units.commands.plenary import plenary
from cami_units.commands.round_files import reopened, write_proposal
from cami_units.commands.shown_round import drawn_scene
from cami_units.desk._day import read_day
from cami_units.desk._page_facts import unit_facts
from cami_units.documents._worksheets import SHEETS
from cami_units.documents.board_slides import Loop, boards
from cami_units.documents.collect_report import (
    _SHOWN,
    _headed,
    counted_changes,
    unchanged_units,
    write_report,
    write_report_workbook,
)
from cami_units.documents.form_reading import ACTIVITY_FIELDS, UNIT_FIELDS
from cami_units.documents.group_form import write_form
from cami_units.kml import rehearsal as draw
from cami_units.model import EQUAL_AREA, LONLAT, InputError, Round, answer_said
from cami_units.words.unit_card import unit_cards
from tests.browser import chromium
from tests.rounds import toy_round

browser = pytest.fixture(scope="module")(chromium)

WEST = [f"CU-{number:03d}" for number in range(1, 13)]
EAST = [f"CU-{number:03d}" for number in range(13, 17)]
UNITS = WEST + EAST
SIDE = 0.6


def corner(unit_id: str) -> tuple[float, float]:
    number = int(unit_id[3:]) - 1
    if number < 12:
        return 70.1 + 0.8 * (number % 4), (40.0, 42.0, 41.0)[number // 4]
    return 74.0 + (number - 12), 41.0


def square(unit_id: str) -> shapely.Polygon:
    west, south = corner(unit_id)
    return shapely.box(west, south, west + SIDE, south + SIDE)


@cache
def base() -> Round:
    """A round as `propose` leaves it, measured on its own layers."""
    plain = toy_round()
    one = plain.tables["conservation_units"].iloc[[0]]
    rows = pd.concat([one] * len(UNITS), ignore_index=True)
    units = gpd.GeoDataFrame(rows, geometry=[square(unit) for unit in UNITS], crs=LONLAT)
    units = units.assign(
        unit_id=UNITS,
        name_en=[f"Place {unit[3:]}" for unit in UNITS],
        name_ru=[f"Место {unit[3:]}" for unit in UNITS],
        hotspot_ids="",
        status="modelled candidate",
        area_km2=[shapely_km2(square(unit)) for unit in UNITS],
    )
    first = plain.tables["unit_criteria"].query("unit_id == 'CU-001'")
    criteria = pd.concat([first.assign(unit_id=unit) for unit in UNITS], ignore_index=True)
    ranges = plain.tables["ranges_used"].assign(use="kept")
    tables = {
        **plain.tables,
        "conservation_units": units,
        "unit_criteria": criteria,
        "ranges_used": ranges,
    }
    return Round(imprint=plain.imprint, tables=tables, manifest=plain.manifest)


@cache
def handed_out(group: str) -> bytes:
    """The editable KMZ of a group."""
    done = base()
    own = WEST if group == "S1" else EAST
    units = done.tables["conservation_units"]
    units = gpd.GeoDataFrame(units[units["unit_id"].isin(own)].reset_index(drop=True))
    species = done.tables["species"]
    cards = unit_cards({**done.tables, "conservation_units": units}, species)
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"edit_{os.getpid()}_{group}.kmz"
    layers = {name: done.tables[name] for name in ("sections", "hotspots", "corridors")}
    try:
        kml.write_kml(
            path, units, cards=cards, imprint=done.imprint, layers=layers, species=species,
            pack=kml.Pack(group=group),
        )  # fmt: skip
        return path.read_bytes()
    finally:
        path.unlink(missing_ok=True)


def kmz(*edits: draw.Edit, group: str = "S1") -> bytes:
    return draw.packed(doc__kml=draw.edited(handed_out(group), *edits))


def collected(
    tmp_path: Path,
    files: dict[str, bytes],
    *,
    resolutions: str | None = None,
    on: Round | None = None,
) -> Collected:
    folder = tmp_path / "handed-in"
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    if resolutions is not None:
        (folder / "resolutions.csv").write_text(resolutions, encoding="utf-8")
    return collect([folder], on or base())


def of(made: Collected, unit_id: str) -> list[tuple[str, str, str]]:
    """What is told of a unit: change, how it was matched, by which group."""
    rows = made.changes[made.changes["unit_id"] == unit_id]
    return list(zip(rows["change"], rows["matched_by"], rows["group"], strict=True))


def told(made: Collected, what: str) -> pd.Series:
    """The one line of problems.csv that says this."""
    rows = made.problems[made.problems["what"].str.contains(what, regex=False)]
    assert len(rows) == 1, made.problems["what"].tolist()
    return rows.iloc[0]


def units_of(made: Collected) -> pd.DataFrame:
    return made.round.tables["conservation_units"].set_index("unit_id")


def same_again(group: str = "S2") -> dict[str, bytes]:
    return {f"edit_{group}.kmz": kmz(group=group)}


# -- nothing changed ------------------------------------------------------------------------------


def test_a_pack_that_comes_back_as_it_went_is_kept(tmp_path):
    made = collected(tmp_path, {"edit_S1.kmz": kmz(), **same_again()})
    assert made.changes["change"].tolist() == ["kept"] * 16
    assert made.conflicts.empty
    assert made.problems.empty
    # The group has looked at its units and let them stand.
    assert set(units_of(made)["status"]) == {"working-group proposal"}
    before = base().tables["unit_criteria"].reset_index(drop=True)
    pd.testing.assert_frame_equal(made.round.tables["unit_criteria"], before)


def test_saved_again_by_google_earth_every_unit_is_kept(tmp_path):
    """15 digits, ",0", rings turned and reversed, exploded styles, CascadingStyle, ids dropped."""
    saved = draw.edited(handed_out("S1"), draw.resaved, draw.wrapped("My Places"))
    assert b"CascadingStyle" in saved
    assert re.search(rb"\d\.\d{11,}", saved)
    assert b'id="CU-' not in saved
    made = collected(tmp_path, {"edit_S1.kml": saved, **same_again()})
    assert made.changes["change"].tolist() == ["kept"] * 16
    assert set(made.changes["matched_by"]) == {"cu_id"}


def test_nobody_elses_clock_or_order_matters(tmp_path):
    files = {"edit_S1.kmz": kmz(draw.grown("CU-001", 0.8)), **same_again()}
    one = collected(tmp_path, files)
    for number, path in enumerate(sorted((tmp_path / "handed-in").iterdir())):
        os.utime(path, (10**9 - number, 10**9 - number))
    other = collect(sorted((tmp_path / "handed-in").iterdir(), reverse=True), base())
    for name in ("changes", "conflicts", "problems"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    for folder, made in (("a", one), ("b", other)):
        write_collected(made, tmp_path / folder)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


# -- a scripted edit gives exactly these changes --------------------------------------------------

SCRIPT = (
    draw.renamed("CU-001", "CU-001 Barskoon"),
    draw.stripped("CU-002"),
    draw.copied("CU-003", 0.05, 0.0),
    draw.halved("CU-004"),
    draw.swallowed("CU-005", "CU-006"),
    draw.deleted("CU-007"),
    draw.twisted("CU-008"),
    draw.as_path("CU-009"),
    draw.rejected("CU-010", "no animals"),
    draw.commented("CU-011", "extend <b>east</b>"),
    draw.drawn("Untitled Polygon", shapely.box(70.2, 43.0, 70.8, 43.5), "2 "),
    draw.drawn("our idea", shapely.box(76.0, 42.0, 76.5, 42.5)),
    draw.drawn("fence", shapely.Point(70.3, 40.3), "4 ", "since 2019"),
)


def test_a_scripted_edit_gives_exactly_these_changes_and_conflicts(tmp_path):
    made = collected(
        tmp_path,
        {
            "edit_S1.kmz": kmz(*SCRIPT),
            "edit_S2.kmz": kmz(
                draw.drawn("CU-012 as we see it", translate(square("CU-012"), 0.1, 0), "2 "),
                group="S2",
            ),
        },
    )
    rows = made.changes
    found = list(
        zip(rows["unit_id"], rows["change"], rows["matched_by"], rows["group"], strict=True)
    )
    assert found == [
        ("CU-001", "renamed", "cu_id", "S1"),
        ("CU-002", "kept", "overlap", "S1"),
        ("CU-003", "kept", "cu_id", "S1"),
        ("CU-003", "conflict", "cu_id", "S1"),
        ("CU-004", "split", "cu_id", "S1"),
        ("CU-004a", "new", "none", "S1"),
        ("CU-004b", "new", "none", "S1"),
        ("CU-005", "reshaped", "cu_id", "S1"),
        ("CU-006", "merged", "overlap", "S1"),
        ("CU-007", "deleted", "none", "S1"),
        ("CU-008", "reshaped", "cu_id", "S1"),
        ("CU-009", "kept", "cu_id", "S1"),
        ("CU-010", "rejected", "cu_id", "S1"),
        ("CU-011", "commented", "cu_id", "S1"),
        ("CU-012", "kept", "cu_id", "S1"),
        ("CU-012", "reshaped", "name", "S2"),
        ("CU-012", "renamed", "name", "S2"),
        *((unit_id, "kept", "cu_id", "S2") for unit_id in EAST),
        # Numbers go on after the highest that was ever given: S1 first, the largest first.
        ("CU-017", "new", "none", "S1"),
        ("CU-018", "new", "none", "S1"),
        ("CU-019", "new", "none", "S1"),
    ]
    conflicts = made.conflicts.set_index("unit_id")
    assert list(conflicts["kind"]) == ["id", "another group's unit", "outside the section"]
    assert conflicts.loc["CU-003", "what"] == (
        "CU-003 is there more than once in edit_S1.kmz; is CU-017 ('CU-003 Place 003') its new "
        "outline? “S1” makes it so, “base” leaves CU-017 out, “both” keeps both"
    )
    assert conflicts.loc["CU-012", "what"] == "S2 changed a unit of S1"
    assert conflicts.loc["CU-012", "default"] == "keep base"  # its owner kept it
    # 0.5 of its 0.6 degrees are the same: five sixths of a square.
    square_km2 = float(rows.loc[rows["unit_id"] == "CU-012", "before_km2"].iloc[0])
    fifth = conflicts.loc["CU-012", "overlap_km2"] / shapely_km2(square("CU-012"))
    assert fifth == pytest.approx(5 / 6, abs=0.01), square_km2
    units = units_of(made)
    assert "CU-004" not in units.index
    assert units.loc["CU-001", "name_en"] == "Barskoon"
    assert units.loc["CU-006", "status"] == "merged"
    assert units.loc["CU-006", "rationale"].startswith("Merged into CU-005 by S1.")
    assert units.loc["CU-007", "status"] == "modelled candidate"
    assert units.loc["CU-010", "status"] == "rejected"
    assert units.loc["CU-010", "rationale"].startswith("Rejected by S1: no animals. ")
    assert pd.isna(units.loc["CU-010", "rank"])
    assert units.loc["CU-012", "geometry"].equals(square("CU-012"))
    remarks = made.remarks
    assert "extend east" in set(remarks["text"])
    pin = remarks[remarks["kind"] == "pin"].iloc[0]
    assert (pin["text"], pin["unit_id"], pin["group"]) == ("since 2019", "CU-001", "S1")
    aside = made.round.tables["set_aside"]
    assert list(zip(aside["unit_id"], aside["group"], strict=True)) == [("CU-012", "S2")]


def shapely_km2(shape: shapely.Polygon) -> float:
    from cami_units import layers

    table = gpd.GeoDataFrame(geometry=[shape], crs=LONLAT)
    return float(layers.to_equal_area(table).area.sum() / 1e6)


def test_ids_are_never_given_twice(tmp_path):
    first = collected(tmp_path, {"edit_S1.kmz": kmz(*SCRIPT)})
    write_collected(first, tmp_path / "01")
    again = store.read_round(tmp_path / "01")
    new = draw.drawn("more", shapely.box(71.2, 43.0, 71.5, 43.5), "2 ")
    second = collected(tmp_path, {"edit_S1.kmz": kmz(draw.halved("CU-001"), new)}, on=again)
    ids = set(units_of(second).index)
    assert {"CU-001a", "CU-001b", "CU-020"} <= ids
    assert "CU-004" in second.round.manifest["ids_used"]
    assert second.round.imprint.round == "Round 02"


# -- expect and survive: each with its line -------------------------------------------------------


def spelt(cu_id: str, spelling: Callable[[list[str]], list[str]]) -> bytes:
    return kmz(draw.respelt(cu_id, spelling))


def cp1251() -> bytes:
    content = draw.edited(handed_out("S1"), draw.renamed("CU-001", "CU-001 Ущелье снежного барса"))
    return content.decode("utf-8").encode("cp1251", "xmlcharrefreplace")


def raw(name: str, ring: str) -> draw.Edit:
    """A polygon whose coordinates are written as they stand."""

    def edit(root):
        draw.drawn(name, shapely.box(71, 41, 71.1, 41.1), "2 ")(root)
        [text] = [
            e for e in root.iter() if e.text == "71.1,41,0 71.1,41.1,0 71,41.1,0 71,41,0 71.1,41,0"
        ]
        text.text = ring

    return edit


SURVIVED = {
    "saved as My Places": ("edit_S1.kml", lambda: draw.edited(handed_out("S1"), draw.wrapped("My Places")),
        "changes", ("CU-001", "kept", "cu_id")),
    "saved as Temporary Places": ("edit_S1.kml", lambda: draw.edited(handed_out("S1"), draw.wrapped("Temporary Places")),
        "changes", ("CU-001", "kept", "cu_id")),
    "the wrong folder": ("edit_S1.kml", lambda: draw.edited(handed_out("S1"), draw.only("3 ")),
        "problems", ("nothing that was drawn or edited is in it", "was the wrong folder saved? Nothing was concluded")),
    "untitled": ("edit_S1.kmz", lambda: kmz(draw.stripped("CU-001", "Untitled Polygon")),
        "changes", ("CU-001", "kept", "overlap")),
    "a duplicate": ("edit_S1.kmz", lambda: kmz(draw.copied("CU-001", 0, 0)),
        "problems", ("it is drawn twice: the other is 'CU-001 Place 001'", "one of them counts")),
    "a path": ("edit_S1.kmz", lambda: kmz(draw.as_path("CU-001")),
        "problems", ("a path whose ends nearly meet", "taken as the polygon that it surrounds")),
    "self-crossing": ("edit_S1.kmz", lambda: kmz(draw.twisted("CU-001")),
        "problems", ("it crossed itself", "mended: 2 parts")),
    "unclosed": ("edit_S1.kmz", lambda: spelt("CU-001", lambda points: points[:-1]),
        "problems", ("a ring was not closed", "closed")),
    "repeated points": ("edit_S1.kmz", lambda: spelt("CU-001", lambda points: [p for p in points for _ in "ab"]),
        "changes", ("CU-001", "kept", "cu_id")),
    "altitudes": ("edit_S1.kmz", lambda: spelt("CU-001", lambda points: [f"{p},950" for p in points]),
        "problems", ("placemarks with altitudes: 1", "dropped")),
    "a hole as a polygon": ("edit_S1.kmz", lambda: kmz(draw.drawn("hole", square("CU-001").buffer(-0.2), "2 ")),
        "problems", ("it lies wholly inside CU-001", "a proposed new unit; if a hole was meant, draw it as a hole of the unit")),
    "split under one id": ("edit_S1.kmz", lambda: kmz(draw.halved("CU-001")), "changes", ("CU-001", "split", "cu_id")),
    "merged": ("edit_S1.kmz", lambda: kmz(draw.swallowed("CU-001", "CU-002")), "changes", ("CU-002", "merged", "overlap")),
    "an id deleted": ("edit_S1.kmz", lambda: kmz(draw.stripped("CU-001", "CU-001 Place 001")), "changes", ("CU-001", "kept", "name")),
    "names retyped": ("edit_S1.kmz", lambda: kmz(draw.renamed("CU-001", "cu 1 - Naryn")), "changes", ("CU-001", "renamed", "cu_id")),
    "outside the section": ("edit_S1.kmz", lambda: kmz(draw.drawn("far", shapely.box(76, 42.5, 76.5, 43), "2 ")),
        "conflicts", ("100 % of it lies outside the section of S1", "ask plenary")),
    "another group's unit moved": ("edit_S1.kmz", lambda: kmz(draw.drawn("CU-014 moved", translate(square("CU-014"), 0.2, 0), "2 ")),
        "conflicts", ("S1 changed a unit of S2", "keep base")),
    "a blob": ("edit_S1.kmz", lambda: kmz(draw.drawn("big", shapely.Point(75, 41.5).buffer(6, quad_segs=10), "2 ")),
        "problems", ("CU-017 has", "kept as drawn: ask the group")),
    "nested MultiGeometry": ("edit_S1.kmz", lambda: kmz(draw.nested("CU-001")), "changes", ("CU-001", "kept", "cu_id")),
    "points only": ("edit_S1.kml", lambda: draw.edited(handed_out("S1"), draw.drawn("p", shapely.Point(71, 41), "4 ", "here"), draw.only("4 ")),
        "remarks", ("here", "pin")),
    "folders re-ordered": ("edit_S1.kmz", lambda: kmz(draw.reordered), "changes", ("CU-001", "kept", "cu_id")),
    "Cyrillic": ("edit_S1.kmz", lambda: kmz(draw.renamed("CU-001", "CU-001 Ущелье")), "changes", ("CU-001", "renamed", "cu_id")),
    "Chinese": ("edit_S1.kmz", lambda: kmz(draw.renamed("CU-001", "CU-001 雪豹")), "changes", ("CU-001", "renamed", "cu_id")),
    "CP1251": ("edit_S1.kml", cp1251, "problems", ("its bytes are not UTF-8, as it declares: they are cp1251", "read as that")),
    "a byte order mark": ("edit_S1.kml", lambda: b"\xef\xbb\xbf" + draw.edited(handed_out("S1")), "changes", ("CU-001", "kept", "cu_id")),
    "KML 2.0": ("edit_S1.kml", lambda: draw.with_namespace(draw.edited(handed_out("S1")), "http://earth.google.com/kml/2.0"), "changes", ("CU-001", "kept", "cu_id")),
    "KML 2.1": ("edit_S1.kml", lambda: draw.with_namespace(draw.edited(handed_out("S1")), "http://earth.google.com/kml/2.1"), "changes", ("CU-001", "kept", "cu_id")),
    "no namespace": ("edit_S1.kml", lambda: draw.with_namespace(draw.edited(handed_out("S1")), ""), "changes", ("CU-001", "kept", "cu_id")),
    "CascadingStyle": ("edit_S1.kml", lambda: draw.edited(handed_out("S1"), draw.resaved), "changes", ("CU-001", "kept", "cu_id")),
    "in an e-mail": ("edit_S1.eml", lambda: draw.in_a_mail(draw.edited(handed_out("S1"), draw.only("2 "))),
        "problems", ("there is other text around the KML, as in an e-mail", "the KML was cut out of it")),
    "a KMZ called zip": ("edit_S1.zip", kmz, "changes", ("CU-001", "kept", "cu_id")),
    "no doc.kml": ("edit_S1.kmz", lambda: draw.packed(mine__kml=draw.edited(handed_out("S1"))), "changes", ("CU-001", "kept", "cu_id")),
    "several KML": ("edit_S1.kmz", lambda: draw.packed(a__kml=draw.edited(handed_out("S1"), draw.only("2 ")), b__kml=draw.edited(handed_out("S1"), draw.only("4 "))),
        "problems", ("KML files in one archive: 2", "2 of them were read")),
    "empty": ("edit_S1.kmz", lambda: b"  \n", "problems", ("the file is empty (3 bytes). Save it again and resend it.", "not read; the other files were")),
    "zero bytes": ("edit_S1.kmz", lambda: b"", "problems", ("the file is empty (0 bytes). Save it again and resend it.", "not read; the other files were")),
    "truncated": ("edit_S1.kml", lambda: draw.edited(handed_out("S1"))[:9000], "problems", ("is cut off at line", "not read; the other files were")),
    "lat and lon swapped": ("edit_S1.kmz", lambda: kmz(raw("swapped", "30,71,0 30,72,0 31,72,0 31,71,0 30,71,0")),
        "problems", ("a new shape outside the region of the round", "a remark, not a unit: check where it was drawn")),
    "beyond ±180": ("edit_S1.kmz", lambda: kmz(raw("far", "271,41,0 272,41,0 272,42,0 271,41,0")),
        "problems", ("its longitudes run past 180°", "360° taken off")),
    "the antimeridian": ("edit_S1.kmz", lambda: kmz(raw("line", "179,60,0 -179,60,0 -179,61,0 179,61,0 179,60,0")),
        "problems", ("it crosses the 180° meridian", "cut in two there")),
}  # fmt: skip


@pytest.mark.parametrize("damage", SURVIVED)
def test_it_survives_and_says_so(damage, tmp_path):
    file, content, table, line = SURVIVED[damage]
    made = collected(tmp_path, {file: content(), **same_again()})
    if table == "changes":
        assert line in list(
            zip(*(made.changes[name] for name in ("unit_id", "change", "matched_by")), strict=True)
        )
    elif table == "problems":
        row = told(made, line[0])
        assert (row["file"] or file, row["assumed"]) == (file, line[1])
    elif table == "conflicts":
        assert line in list(zip(made.conflicts["what"], made.conflicts["default"], strict=True))
    else:
        assert line in list(zip(made.remarks["text"], made.remarks["kind"], strict=True))
    # Whatever came of this file, that of the other group was read.
    assert of(made, "CU-014")[-1] == ("kept", "cu_id", "S2")
    assert len(made.round.tables["conservation_units"]) >= 16


def in_a_folder(name, *unit_ids):
    """Units dragged into a folder of the group's own, inside that of the units."""

    def edit(root):
        [units] = {draw._unit(root, unit_id).getparent() for unit_id in unit_ids}
        folder = etree.SubElement(units, units.tag)
        etree.SubElement(folder, units.tag.replace("Folder", "name")).text = name
        folder.extend([draw._unit(root, unit_id) for unit_id in unit_ids])

    return edit


@pytest.mark.parametrize(
    ("name", "asked"),
    [("to discuss", ""), ("REJECT - remove these", "?"), ("X", "?"), ("исключить", "?")],
)
def test_a_folder_into_which_a_group_puts_units_is_told(name, asked, tmp_path):
    made = collected(tmp_path, {"edit_S1.kmz": kmz(in_a_folder(name, "CU-001", "CU-003"))})
    line = told(made, f"“{name}”")
    assert "CU-001, CU-003" in line["what"]
    assert line["what"].endswith("?") == bool(asked)
    assert of(made, "CU-001") == [("kept", "cu_id", "S1")]


def test_nothing_is_said_of_our_own_folders_and_of_one_that_a_program_made(tmp_path):
    made = collected(tmp_path, {"edit_S1.kmz": kmz(), **same_again()})
    assert not made.problems["kind"].str.contains("in a folder").any()

    def renamed(root):
        folder = draw._unit(root, "CU-001").getparent()
        next(e for e in folder if e.tag.endswith("name")).text = "edit_S1 layer"

    made = collected(tmp_path, {"edit_S1.kmz": kmz(renamed)})
    assert not made.problems["kind"].str.contains("in a folder").any()


MESSAGES = {
    "CU-001 OK": "odd name",
    "CU-001 - done": "odd name",
    "CU-001 v2": "odd name",
    "CU-001 merge with CU-002": "odd name",
    "CU-001: split?": "odd name",
    "CU-001 проверить": "odd name",
    "CU-001 已完成": "odd name",
    "NOT CU-001": "odd name",
    "Copy of CU-001 Place 001": "odd name",
    "CU-001 Place 001 ✓": "odd name",
    "CU-001 Place 001 - Copy": "odd name",
    "CU-001 Place 001 – delete this one please": "word of rejection",
}
NAMES = (
    "CU-001 Place 001 2",
    "CU-001 New Valley",
    "CU-001 Place 001 - Kopet Dag",
    "CU-001 Km 12",
    "CU-001 Final Gorge",
)


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_in_place_of_a_name_is_asked_about_and_names_nothing(name, tmp_path):
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.renamed("CU-001", name))})
    is_remark = "merge with" in name  # which is to be read where the unit is spoken of
    assert of(made, "CU-001") == [("commented" if is_remark else "kept", "cu_id", "S1")]
    assert units_of(made).loc["CU-001", "name_en"] == "Place 001"
    [line] = made.problems.query("kind == @MESSAGES[@name]")["what"]
    assert f"'{name}'" in line


@pytest.mark.parametrize("name", NAMES)
def test_what_begins_or_goes_on_like_a_message_is_a_name(name, tmp_path):
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.renamed("CU-001", name))})
    assert of(made, "CU-001") == [("renamed", "cu_id", "S1")]
    assert units_of(made).loc["CU-001", "name_en"] == name.removeprefix("CU-001 ")


def test_units_that_say_their_numbers_in_other_words_are_not_renamed(tmp_path):
    words_of_numbers = (
        *(
            "Unit 1",
            "unit no. 2",
            "№3",
            "No 4",
            "单元-005",
            "第6单元",
            "Участок 7",
            "8-р нэгж",
            "PCU-9",
        ),
        *("10", "011", "cu12"),
    )
    edits = map(draw.renamed, WEST, words_of_numbers)
    made = collected(tmp_path, {"edit_S1.kmz": kmz(*edits)})
    assert [of(made, one) for one in WEST] == [[("kept", "cu_id", "S1")]] * 12
    assert made.problems.empty


def drawn_again(*names: str) -> bytes:
    """CU-001 and so on in a program that keeps names only, each a little larger than it was."""
    edits = [
        edit
        for unit_id, name in zip(UNITS, names, strict=False)
        for edit in (draw.grown(unit_id, 1.1), draw.stripped(unit_id, name))
    ]
    return kmz(*edits)


def test_a_shape_that_says_a_number_is_that_unit_where_it_lies_there(tmp_path):
    """0.6 × 1.1 = 0.66 degrees: 1.21 of its ground. Of the third most is gone: 0.2² = 0.04 of it, all inside."""
    names = ("Unit 1", "Участок 2 Вахан", "№ 3", "Unit 16")
    small = draw.stripped("CU-003", "№ 3")
    edits = [
        draw.grown("CU-003", 0.2),
        small,
        draw.drawn("Unit 5", shapely.box(70.2, 43.0, 70.8, 43.5), "2 "),
    ]
    content = draw.edited(drawn_again(*names[:2]), *edits)
    content = draw.edited(content, draw.stripped("CU-004", names[3]))
    made = collected(tmp_path, {"edit_S1.kml": content})
    assert of(made, "CU-001") == [("reshaped", "name", "S1")]
    assert of(made, "CU-002") == [("reshaped", "name", "S1"), ("renamed", "name", "S1")]
    assert units_of(made).loc["CU-002", "name_ru"] == "Вахан"
    assert of(made, "CU-003") == [("reshaped", "name", "S1")]
    # CU-016 lies elsewhere: the ground decides, and the number is asked about and names nothing
    assert of(made, "CU-004") == [("kept", "overlap", "S1")]
    assert units_of(made).loc["CU-004", "name_en"] == "Place 004"
    assert "'Unit 16' stands for a new name" in notes_of(made)["CU-004"]
    # people number what they draw in the same words: nowhere near CU-005 it is a name
    assert units_of(made).loc["CU-017", "name_en"] == "Unit 5"
    assert of(made, "CU-005") == [("kept", "cu_id", "S1")]


def notes_of(made: Collected) -> pd.Series:
    """The note of the first row of each unit in the table of changes."""
    return made.changes.groupby("unit_id")["note"].first()


def test_what_is_no_name_is_asked_about_in_attributes_and_in_forms(tmp_path):
    """Before an outline the id of another unit is a conflict."""
    said = ("CU-009", "Unit 9", "9. Steppe", "№ 9 Степь", "OK", "v2", "see form", "drop this?")
    rows = [{"unit_id": one, "new_name": name} for one, name in zip(WEST, said, strict=False)]
    rows += [
        {"unit_id": "CU-010", "new_name": "10. Steppe"},
        {"unit_id": "CU-011", "new_name": "№ 11"},
    ]
    made = collected(tmp_path, {"form_S1.csv": form_rows(*rows)})
    names = units_of(made)["name_en"]
    assert names[WEST[:8]].tolist() == [f"Place {one[3:]}" for one in WEST[:8]]
    assert names[["CU-010", "CU-011"]].tolist() == ["Steppe", "Place 011"]
    for name in said[:-1]:
        assert told(made, f"'{name}' stands for a new name")["kind"] == "odd name"
    assert told(made, "'drop this?'")["kind"] == "word of rejection"
    assert of(made, "CU-011") == [("kept", "cu_id", "S1")]
    edits = [with_data(one, name_en=name) for one, name in zip(WEST, said, strict=False)]
    edits += [with_data("CU-010", name_en="10. Steppe"), with_data("CU-011", name_ru="№ 11")]
    (tmp_path / "handed-in" / "form_S1.csv").unlink()
    made = collected(tmp_path, {"edit_S1.kmz": kmz(*edits)})
    assert units_of(made)["name_en"][WEST].tolist() == names.tolist()[:12]
    for unit_id, name in zip(WEST, said, strict=False):
        assert f"'{name}' stands for a" in notes_of(made)[unit_id]
    assert of(made, "CU-011") == [("kept", "cu_id", "S1")]


def test_a_message_on_a_unit_that_only_the_ground_tells_is_asked_about(tmp_path):
    made = collected(tmp_path, {"edit_S1.kmz": drawn_again("OK", "not needed", "Barskoon")})
    assert units_of(made)["name_en"].tolist()[:3] == ["Place 001", "Place 002", "Barskoon"]
    notes = notes_of(made)
    assert "'OK' stands for a new name: is it meant as one?" in notes["CU-001"]
    assert "'not needed' stands for a name: is the unit to be rejected?" in notes["CU-002"]


def test_an_id_that_somebody_typed_into_the_attributes_is_read_as_in_forms(tmp_path):
    edits = [with_data("CU-001", cu_id="cu1"), with_data("CU-002", cu_id="2")]
    edits += [with_data("CU-003", cu_id="unit 3"), with_data("CU-004", cu_id="CU-404")]
    # a column of numbers with a gap in it holds none that is whole; and rows may be numbered from 1
    edits += [with_data("CU-005", cu_id="5.0"), with_data("CU-006", cu_id="7")]
    made = collected(tmp_path, {"edit_S1.kmz": kmz(*edits)})
    is_kept = [of(made, one) == [("kept", "cu_id", "S1")] for one in UNITS[:7]]
    assert is_kept == [True, True, True, False, True, False, True]
    assert "CU-404 is not one of the round" in told(made, "CU-404")["what"]
    assert "its id 7 is not one of the round" in told(made, "its id 7")["what"]


def test_an_x_before_a_name_in_the_attributes_rejects(tmp_path):
    edits = [with_data("CU-001", name_en="X Place 001"), with_data("CU-002", name_ru="Х Место 002")]
    made = collected(tmp_path, {"edit_S1.kmz": kmz(*edits)})
    assert [of(made, unit_id)[0][0] for unit_id in UNITS[:2]] == ["rejected", "rejected"]


def test_a_question_in_a_name_is_no_letter_that_a_code_page_lost(tmp_path):
    rows = (
        {"unit_id": "CU-001", "name_en": "split?"},
        {"unit_id": "CU-002", "name_en": "Pl?ce 002"},
    )
    edits = [with_data("CU-003", name_en="split?"), with_data("CU-004", name_ru="????? 004")]
    made = collected(tmp_path, {"form_S1.csv": form_rows(*rows), "edit_S1.kmz": kmz(*edits)})
    notes = notes_of(made)
    assert "'split?'" in notes["CU-001"]
    assert "'split?'" in notes["CU-003"]
    assert [of(made, one) for one in ("CU-002", "CU-004")] == [[("kept", "cu_id", "S1")]] * 2


def test_units_are_known_by_their_numbers_in_a_form(tmp_path):
    rows = (
        {"unit_id": "Unit 1", "new_name": "Barskoon"},
        {"unit_id": "2", "action": "reject"},
        {"unit_id": "units 3-5", "comment": "one map"},
        {"unit_id": "№ 6; unit 7", "action": "reject"},
        {"unit_id": "99", "comment": "of none"},
    )
    made = collected(tmp_path, {"form_S1.csv": form_rows(*rows)})
    changes = made.changes.groupby("unit_id")["change"].first()
    assert changes["CU-001":"CU-007"].tolist() == [
        *("renamed", "rejected", "commented", "commented", "commented", "rejected", "rejected")
    ]
    assert "99 | of none" in told(made, "of none")["what"]


def is_outline(written: Any, drawn: shapely.Polygon) -> bool:
    """Whether an outline is one that was drawn, but for the rounding to five decimals."""
    return bool(shapely.equals_exact(shapely.normalize(written), shapely.normalize(drawn), 1e-5))


@pytest.mark.parametrize("name", ["CU-003 Place 003", "Naryn"])
def test_an_edited_copy_beside_its_unit_is_a_new_unit_until_people_say_that_it_is_the_unit(
    name, tmp_path
):
    """Copied with all that the original carries, or drawn anew under a name: 0.5 of 0.6 degrees are the same."""
    whole = square("CU-003")
    moved = shapely.box(71.8, 40.0, 72.4, 40.6)
    copied = draw.copied("CU-003", 0.1, 0.0)
    drawn = copied if name.startswith("CU") else draw.drawn(name, moved, "2 ")
    far = draw.drawn("our idea", shapely.box(70.2, 43.0, 70.4, 43.2), "2 ")
    files = {"edit_S1.kmz": kmz(drawn, far)}
    made = collected(tmp_path, files)
    [asked] = made.conflicts.to_dict("records")
    assert (asked["unit_id"], asked["kind"]) == ("CU-003", "id")
    assert "is CU-017" in asked["what"]
    assert json.loads(asked["choices"]) == ["S1", "base", "both", "ask"]
    assert is_outline(units_of(made).loc["CU-017", "geometry"], moved)

    def settled(answer: str) -> tuple[Collected, pd.DataFrame]:
        lines = f"unit_id,resolution,reason\nCU-003,{answer},asked them\n"
        made = collected(tmp_path, files, resolutions=lines)
        assert made.conflicts[["kind", "open"]].to_numpy().tolist() == [["id", False]]
        # the other new unit keeps its number, whatever is answered
        assert units_of(made).loc["CU-018", "name_en"] == "our idea"
        return made, units_of(made)

    made, units = settled("S1")
    assert "CU-017" not in units.index
    assert is_outline(units.loc["CU-003", "geometry"], moved)
    assert units.loc["CU-003", "name_en"] == ("Naryn" if name == "Naryn" else "Place 003")
    assert ("reshaped", "overlap", "S1") in of(made, "CU-003")
    made, units = settled("base")
    assert "CU-017" not in units.index
    assert is_outline(units.loc["CU-003", "geometry"], whole)
    aside = made.round.tables["set_aside"].set_index("unit_id")
    assert is_outline(aside.loc["CU-003", "geometry"], moved)
    _, units = settled("both")
    assert is_outline(units.loc["CU-003", "geometry"], whole)
    assert is_outline(units.loc["CU-017", "geometry"], moved)


def loop_tables(directory: Path) -> list[pd.DataFrame]:
    """The changes and the conflicts of a round on the disk."""
    return [
        pd.read_csv(directory / f"{name}.csv", dtype=str, keep_default_na=False)
        for name in ("changes", "conflicts")
    ]


def test_of_several_edited_copies_beside_their_unit_people_choose_one_by_its_id(tmp_path):
    """S1 leaves CU-003 and hands in two copies of it, east and north of it; "our idea" is numbered after them."""
    east, north = shapely.box(71.8, 40.0, 72.4, 40.6), shapely.box(71.7, 40.1, 72.3, 40.7)
    far = draw.drawn("our idea", shapely.box(70.2, 43.0, 70.4, 43.2), "2 ")
    edits = [draw.copied("CU-003", 0.1, 0.0), draw.copied("CU-003", 0.0, 0.1), far]
    files = {"edit_S1.kmz": kmz(*edits)}
    made = collected(tmp_path, files)
    [asked] = made.conflicts.to_dict("records")
    assert json.loads(asked["choices"]) == ["CU-017", "CU-018", "base", "both", "ask"]
    assert "Its id (“CU-017”) makes it so" in asked["what"]
    drawn = units_of(made)["geometry"]
    assert is_outline(drawn["CU-017"], east) or is_outline(drawn["CU-017"], north)
    # who opens the round again sees what there is to choose
    write_collected(made, tmp_path / "01")
    [picture] = stored_pictures(tmp_path / "01", None, *loop_tables(tmp_path / "01"))
    assert [label for label, _ in picture] == ["CU-017", "CU-018"]

    def settled(answer: str) -> gpd.GeoSeries:
        made = collected(tmp_path, files, resolutions=f"unit_id,resolution\nCU-003,{answer}\n")
        assert made.conflicts[["kind", "open"]].to_numpy().tolist() == [["id", False]]
        assert units_of(made).loc["CU-019", "name_en"] == "our idea"
        return units_of(made)["geometry"]

    for chosen, other in (("CU-017", "CU-018"), ("cu 18", "CU-017")):
        units = settled(chosen)
        assert is_outline(units["CU-003"], drawn[chosen.upper().replace(" ", "-0")])
        assert is_outline(units[other], drawn[other])
        assert len(units) == len(UNITS) + 2
    units = settled("base")
    assert is_outline(units["CU-003"], square("CU-003"))
    assert list(units.index) == [*UNITS, "CU-019"]
    with pytest.raises(InputError, match="names CU-009, which brought no version of it"):
        settled("CU-009")


@pytest.mark.parametrize(
    "name",
    ["CU-001+CU-002", "cu 1 & cu 2 Both", "merge CU-001 and CU-002", "объединить CU-001 и 002"],
)
def test_an_outline_over_units_that_came_back_too_and_named_after_them_asks_to_merge_them(
    name, tmp_path
):
    """CU-001 and CU-002 lie side by side, 0.6° each and 0.2° apart: the box holds both and the gap."""
    box = shapely.box(70.1, 40.0, 71.5, 40.6)
    files = {"edit_S1.kmz": kmz(draw.drawn(name, box, "2 "))}
    made = collected(tmp_path, files)
    [asked] = made.conflicts.to_dict("records")
    assert (asked["unit_id"], asked["kind"]) == ("CU-001", "id")
    assert "covers CU-001, CU-002, is named after all of them" in asked["what"]
    assert json.loads(asked["choices"]) == ["S1", "base", "both", "ask"]
    assert not made.problems["what"].str.contains("stands for|second placemark").any()
    [note] = made.changes.query("unit_id == 'CU-017'")["note"]
    assert note == "proposed as a union of CU-001, CU-002"

    def settled(answer: str) -> Collected:
        return collected(tmp_path, files, resolutions=f"unit_id,resolution\nCU-001,{answer}\n")

    made = settled("S1")
    units = units_of(made)
    assert "CU-017" not in units.index
    # its long sides follow the great circle, 0.002° off
    assert units.loc["CU-001", "geometry"].symmetric_difference(box).area < 5e-3 * box.area
    assert ("merged", "name", "S1") in of(made, "CU-002")
    assert units.loc["CU-002", "merged_into"] == "CU-001"
    for answer, there in (("base", UNITS), ("both", [*UNITS, "CU-017"])):
        units = units_of(settled(answer))
        assert list(units.index) == there
        assert is_outline(units.loc["CU-001", "geometry"], square("CU-001"))
        assert units.loc["CU-002", "status"] == "working-group proposal"


def test_what_a_balloon_says_of_other_units_is_read_where_these_are_spoken_of(tmp_path):
    """Units that are no more, and the unit itself, are not named once more."""
    text = "CU-001 should be merged with CU-002 and unit 14, see CU-099"
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.commented("CU-001", text))})
    rows = made.remarks.set_index("unit_id")["text"]
    assert dict(rows) == {"CU-001": text, "CU-002;CU-014": f"CU-001: {text}"}


def test_of_a_pack_that_was_opened_twice_what_one_copy_says_counts(tmp_path):
    """In "Temporary Places" both lie below each other, the untouched one first: its X was not heard."""
    first, second = (
        draw.edited(handed_out("S1"), *edits) for edits in ((), (draw.rejected("CU-003"),))
    )
    bodies = [text[text.index(b"<Document") : text.rindex(b"</kml>")] for text in (first, second)]
    head = first[: first.index(b"<Document")]
    for order in (bodies, bodies[::-1]):
        content = head + b"<Folder>" + b"".join(order) + b"</Folder></kml>"
        made = collected(tmp_path, {"Temporary Places.kml": content})
        assert of(made, "CU-003")[0][0] == "rejected"
        # hundreds of ids are there twice: they are told in two lines
        assert len(made.problems[made.problems["kind"].isin(["repeated id", "repeated ids"])]) == 2


@pytest.mark.parametrize(
    "typed", ["Unit of another group: CU-013 Place 013 (S2) too large", "X CU-013", "CU-013?"]
)
def test_a_name_typed_over_that_of_another_groups_unit_is_a_comment_on_it(typed, tmp_path):
    file, done = tmp_path / "edit_S1.kmz", base()
    units = gpd.GeoDataFrame(done.tables["conservation_units"])
    own, others = (units[units["unit_id"].isin(ids)].reset_index(drop=True) for ids in (WEST, EAST))
    cards = unit_cards({**done.tables, "conservation_units": own}, done.tables["species"])
    pack = kml.Pack(group="S1", neighbours=others.assign(group="S2"))
    kml.write_kml(file, own, cards=cards, imprint=done.imprint, layers={}, species=None, pack=pack)

    def renamed(root: etree._Element) -> None:
        [name] = (one for one in root.iter("{*}name") if "CU-013 Place" in (one.text or ""))
        name.text = typed

    assert collect([file], done).remarks.empty
    file.write_bytes(draw.packed(doc__kml=draw.edited(file.read_bytes(), renamed)))
    made = collect([file], done)
    [remark] = made.remarks.to_dict("records")
    assert (remark["unit_id"], remark["group"]) == ("CU-013", "S1")
    assert remark["text"] == typed.removeprefix("Unit of another group: ")


@pytest.mark.parametrize("said", ["too big", "no saiga here", "слишком большая", "太大", "хэт том"])
def test_a_remark_in_place_of_a_name_is_asked_about_and_stands_on_the_unit(said, tmp_path):
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.renamed("CU-003", f"CU-003 {said}"))})
    assert told(made, f"'CU-003 {said}' stands for a new name")["kind"] == "odd name"
    assert units_of(made).loc["CU-003", "name_en"] == "Place 003"
    assert of(made, "CU-003") == [("commented", "cu_id", "S1")]
    assert list(made.remarks["text"]) == [said]
    (tmp_path / "handed-in" / "edit_S1.kmz").unlink()
    sheet = form_rows({"unit_id": "CU-003", "new_name": said})
    made = collected(tmp_path, {"form_S1.csv": sheet})
    assert told(made, f"'{said}' stands for a new name")["kind"] == "odd name"
    assert list(made.remarks["text"]) == [said]


def test_units_that_a_cell_of_a_form_leaves_out_are_asked_nothing(tmp_path):
    """All but the units behind "except"; what is asked of all units stands on each as words, and is told."""
    sheet = form_rows(
        {"unit_id": "CU-001–CU-005 except CU-003 and 4", "action": "reject"},
        {"unit_id": "all units except CU-008", "action": "reject"},
    )
    made = collected(tmp_path, {"form_S1.csv": sheet})
    rejected = made.changes.query("change == 'rejected'")["unit_id"]
    assert sorted(rejected) == ["CU-001", "CU-002", "CU-005"]
    told(made, "about all units, 11 of this group: all units except CU-008 | reject")
    notes = notes_of(made)
    assert notes["CU-012"] == "all units except CU-008 | reject"
    assert not {"CU-008", "CU-013"} & {*made.changes.query("change == 'commented'")["unit_id"]}


def test_that_one_answer_settles_several_conflicts_on_a_unit_is_told(tmp_path):
    """S1 left CU-012 and edited a copy of it; S2 moves CU-012."""
    edits = {"edit_S1.kmz": kmz(draw.copied("CU-012", 0.1, 0.0))}
    files = {**two_on_one(), **edits}
    made = collected(tmp_path, files)
    assert made.conflicts["unit_id"].tolist() == ["CU-012", "CU-012"]
    assert made.conflicts["open"].all()
    made = collected(tmp_path, files, resolutions="unit_id,resolution\nCU-012,base\n")
    assert not made.conflicts["open"].any()
    row = told(made, "resolution CU-012, base: it answers all 2 conflicts on CU-012")
    assert "answer ask" in row["assumed"]


def test_signs_before_an_id_are_no_part_of_a_name(tmp_path):
    edits = map(
        draw.renamed,
        UNITS,
        ["✅ CU-001", "(CU-002) Barskoon", "[CU-003] Place 003", "★ CU-004 new boundary"],
    )
    made = collected(tmp_path, {"edit_S1.kmz": kmz(*edits)})
    assert units_of(made)["name_en"].tolist()[:4] == [
        "Place 001",
        "Barskoon",
        "Place 003",
        "Place 004",
    ]
    assert [row["placemark"] for row in made.problems.to_dict("records")] == [
        "★ CU-004 new boundary"
    ]


def test_a_pin_that_names_a_unit_by_its_number_is_a_remark_on_it(tmp_path):
    """It stands on CU-001, and speaks of CU-003; the number of a road is none of a unit."""
    middle = square("CU-001").centroid
    pins = [draw.drawn(name, middle, "4 ", "here") for name in ("extend unit 3", "road No 5")]
    made = collected(tmp_path, {"edit_S1.kmz": kmz(*pins)})
    units = made.remarks.set_index("placemark")["unit_id"].str.split(";").map(set)
    assert "CU-003" in units["extend unit 3"]
    assert units["road No 5"] == {"CU-001"}


@pytest.mark.parametrize(
    "words",
    [
        *("merge units 3 and 4", "объединить единицы 3 и 4", "3-ю и 4-ю единицы объединить"),
        *(
            "将3号单元和4号单元合并",
            "3 ба 4-р нэгжийг нэгтгэх",
            "merge CU-003 with 004",
            "units 3/4: one",
        ),
    ],
)
def test_a_pin_that_names_several_units_is_a_remark_on_each(words, tmp_path):
    pin = draw.drawn(words, square("CU-001").centroid, "4 ")
    made = collected(tmp_path, {"edit_S1.kmz": kmz(pin)})
    [remark] = made.remarks.to_dict("records")
    assert (remark["unit_id"], remark["text"]) == ("CU-001;CU-003;CU-004", words)


@pytest.mark.parametrize(
    ("words", "end"),
    [
        *(("merge units 2-4", 4), ("CU-002–CU-004 are one herd", 4), ("units 2 to 4: one herd", 4)),
        *(("CU-002 … CU-004", 4), ("объединить единицы с 2 по 4", 4), ("с CU-002 по CU-004", 4)),
        *(
            ("合并2至4号单元", 4),
            ("2-р нэгжээс 4-р нэгж хүртэл", 4),
            ("CU-002-аас CU-004 хүртэл", 4),
        ),
        # no range: where to, a descent, and what is of no unit or of too many
        *(("extend CU-002 to CU-004", 2), ("CU-004–CU-002", 2), ("units 2 and 4", 2)),
    ],
)
def test_a_pin_that_names_a_range_of_units_is_a_remark_on_each(words, end, tmp_path):
    pin = draw.drawn(words, square("CU-001").centroid, "4 ")
    made = collected(tmp_path, {"edit_S1.kmz": kmz(pin)})
    between = ["CU-003"] if end == 4 else []
    [unit_ids] = made.remarks["unit_id"]
    assert unit_ids.split(";") == ["CU-001", "CU-002", *between, "CU-004"]


@pytest.mark.parametrize(
    ("said", "left_out"),
    [
        ("all units: add the buffer", []),
        ("все единицы, кроме CU-002", ["CU-002"]),
        ("所有单元", []),
        ("бүх нэгжид орчны бүс", []),
        ("all PCUs except CU-002", ["CU-002"]),
    ],
)
def test_what_is_said_of_all_units_stands_on_each(said, left_out, tmp_path):
    pin = draw.drawn(said, shapely.Point(70.5, 43.2), "4 ")
    made = collected(tmp_path, {"edit_S1.kmz": kmz(pin)})
    [unit_ids] = made.remarks["unit_id"]
    assert unit_ids.split(";") == [unit for unit in UNITS if unit not in left_out]


def test_points_by_which_a_gis_labels_outlines_are_told_once_and_are_no_pins(tmp_path):
    """One in each of three units, one in a new one; what stands on another unit, or says more, is a pin."""
    new = draw.drawn("our idea", shapely.box(70.2, 43.0, 70.8, 43.5), "2 ")
    labels = [draw.drawn(f"{one} Place {one[3:]}", square(one).centroid) for one in WEST[:3]]
    labels.append(draw.drawn("our idea", shapely.Point(70.4, 43.2)))
    pins = [
        draw.drawn("Place 004", square("CU-005").centroid, "4 "),
        draw.drawn("Place 006", square("CU-006").centroid, "4 ", "two herds"),
    ]
    made = collected(tmp_path, {"edit_S1.kmz": kmz(new, *labels, *pins)})
    assert sorted(made.remarks["placemark"]) == ["Place 004", "Place 006"]
    assert told(made, "say nothing but the name")["what"].startswith("4 points")
    [file] = made.files
    assert file.placemarks == sum(
        (file.evidence, file.shapes, file.pins, file.unusable, file.passed)
    )
    # a single one may have been dropped by hand
    alone = collected(tmp_path, {"edit_S1.kmz": kmz(labels[0])})
    assert alone.remarks["unit_id"].tolist() == ["CU-001"]
    # and several on one unit mark places in it
    herds = [
        draw.drawn("CU-001", square("CU-001").centroid.buffer(0.1).boundary.interpolate(far))
        for far in (0, 0.3)
    ]
    marked = collected(tmp_path, {"edit_S1.kmz": kmz(*herds, labels[1])})
    assert marked.remarks["unit_id"].tolist() == ["CU-001", "CU-001", "CU-002"]


def joined_by_a_gis(joint: str, outline: shapely.Polygon) -> bytes:
    """Units 2 and 3 as one row of GeoJSON beside the others of their group, all that was in theirs joined."""
    read = kml.read_placemarks(kmz(), "edit_S1.kmz").table
    units = [
        row
        for row in read.to_dict("records")
        if row["data"].get("cu_id") in WEST and row["polygons"]
    ]
    pair = [row for row in units if row["data"]["cu_id"] in ("CU-002", "CU-003")]
    both = {key: joint.join(row["data"].get(key, "") for row in pair) for key in pair[0]["data"]}
    rows = [
        ({"name": row["name"], **row["data"]}, row["polygons"]) for row in units if row not in pair
    ]
    rows.append(({"name": joint.join(row["name"] for row in pair), **both}, outline))
    features = [
        {"type": "Feature", "properties": data, "geometry": shape.__geo_interface__}
        for data, shape in rows
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


@pytest.mark.parametrize("joint", [";", ",", ", ", "|"])
def test_one_outline_under_the_ids_of_two_units_merges_them(joint, tmp_path):
    """As QGIS and ArcGIS write them that put rows together; nothing that they joined is a new name."""
    over_both = shapely.union_all([square("CU-002"), square("CU-003")]).convex_hull
    made = collected(tmp_path, {"edit_S1.geojson": joined_by_a_gis(joint, over_both)})
    assert of(made, "CU-002") == [("reshaped", "cu_id", "S1")]
    assert of(made, "CU-003") == [("merged", "cu_id", "S1")]
    [problem] = made.problems.to_dict("records")
    assert (
        problem["what"]
        == "its id column names CU-002, CU-003, all of this round, and it covers all of them"
    )


def test_one_outline_under_the_ids_of_units_of_two_groups_asks_to_merge_them(tmp_path):
    """CU-012 is S1's, CU-013 is S2's: that this one goes into the other is for both to settle."""
    over_both = shapely.union_all([square("CU-012"), square("CU-013")]).convex_hull

    def joined(root: etree._Element) -> None:
        draw.drawn_as("CU-012", over_both)(root)
        draw.identified("CU-012", "CU-012;CU-013")(root)

    files = {"edit_S1.kmz": kmz(joined), **same_again()}
    made = collected(tmp_path, files)
    assert of(made, "CU-012") == [("reshaped", "cu_id", "S1")]
    assert ("merged", "cu_id", "S1") in of(made, "CU-013")
    asked = made.conflicts.set_index("unit_id").loc["CU-013"]
    assert (asked["groups"], asked["default"]) == ("S1", "keep base")
    assert {"S1", "base"} <= {*json.loads(asked["choices"])}
    assert units_of(made)["status"]["CU-013"] != "merged"
    settled = collected(
        tmp_path, files, resolutions="unit_id,resolution,reason\nCU-013,S1,one herd\n"
    )
    row = units_of(settled).loc["CU-013"]
    assert (row["status"], row["merged_into"]) == ("merged", "CU-012")


def test_an_outline_of_one_unit_under_the_ids_of_two_is_that_unit_and_is_told(tmp_path):
    made = collected(tmp_path, {"edit_S1.geojson": joined_by_a_gis(";", square("CU-002"))})
    assert of(made, "CU-002") == [("kept", "name", "S1")]
    assert "names CU-002, CU-003, all of this round" in told(made, "does not cover all")["what"]


@pytest.mark.parametrize(
    "words", ["2-4", "2 to 4", "с 2 по 4", "2至4", "units 2-4", "единицы с 2 по 4"]
)
def test_a_range_in_a_form_is_all_of_its_units(words, tmp_path):
    rows = [{"unit_id": words, "action": "reject"}, {"unit_id": "CU-001", "merge_with": words}]
    made = collected(tmp_path, {"form_S1.csv": form_rows(*rows), **same_again()})
    assert [*made.changes.query("change == 'rejected'")["unit_id"]] == [
        "CU-002",
        "CU-003",
        "CU-004",
    ]
    assert "CU-001 with CU-002, CU-003 and CU-004" in told(made, "merge")["what"]


def test_what_is_asked_of_units_in_one_cell_is_asked_of_each(tmp_path):
    """Whatever stands around their numbers; in the column of what is to be done other units may stand too."""
    rows = [
        {"unit_id": "4-2", "action": "reject"},
        {"unit_id": "6-8-р нэгж", "action": "татгалзах", "comment": "жижиг"},
        {"unit_id": "CU-009", "action": "Merge with 10 and 11"},
        {"unit_id": "CU-001", "action": "объединить с CU-005 если нет забора"},
        {"unit_id": "все единицы", "comment": "хорошо"},
        {"unit_id": "CU-003", "action": "merge into 1 unit"},  # how many, not which
        {"unit_id": "CU-012", "action": "merge parts 10 and 11"},
        {
            "unit_id": "CU-010-1",
            "action": "reject",
        },  # a part, as programs number them, and not CU-001
    ]
    made = collected(tmp_path, {"form_S1.csv": form_rows(*rows), **same_again()})
    rejected = made.changes.query("change == 'rejected'")["unit_id"].tolist()
    assert rejected == ["CU-002", "CU-004", "CU-006", "CU-007", "CU-008", "CU-010"]
    asked = made.problems.query("kind == 'form merges'")["what"].tolist()
    assert [one.removeprefix("the form asks to merge ") for one in asked] == [
        *("CU-001 with CU-005", "CU-009 with CU-010 and CU-011", "CU-012 with CU-010 and CU-011")
    ]
    assert "если нет забора" in notes_of(made)["CU-001"]
    assert "parts" in notes_of(made)["CU-012"]
    assert told(made, "says of CU-003")["what"].endswith("merge into 1 unit")
    # what is said of all is told as it was typed, and stands on each
    assert told(made, "about all units, 12 of this group")["what"].endswith("все единицы | хорошо")
    assert "хорошо" in notes_of(made)["CU-011"]


def test_a_number_behind_a_unit_is_the_units_and_what_it_counts_is_not(tmp_path):
    """Without a stop between: whoever counts animals of unit 12 says so of that unit."""
    middle = square("CU-001").centroid
    names = ("unit 12 argali", "unit 3 and 12 argali", "单元3和5只盘羊")
    pins = [draw.drawn(name, middle, "4 ") for name in names]
    made = collected(tmp_path, {"edit_S1.kmz": kmz(*pins)})
    assert dict(made.remarks[["text", "unit_id"]].to_numpy().tolist()) == {
        "unit 12 argali": "CU-001;CU-012",
        "unit 3 and 12 argali": "CU-001;CU-003",
        "单元3和5只盘羊": "CU-001;CU-003",
    }


def test_a_day_before_a_name_is_no_number_of_a_unit(tmp_path):
    """Units 9, 10, 11 and 12 were named on a day: all of what was typed is the name, of these and of others."""
    days = ("09.2026 Altai", "10.11.2026 Altai", "11 ноября, Алтай", "2026 - Altai", "09-10-26 Ili")
    places = ("CU-009", "CU-010", "CU-011", "CU-012", "CU-001")
    made = collected(
        tmp_path, {"edit_S1.kmz": kmz(*map(draw.renamed, places, days)), **same_again()}
    )
    names = units_of(made).loc[[*places], ["name_en", "name_ru"]].to_numpy().tolist()
    assert [name_ru if "А" in name_ru else name_en for name_en, name_ru in names] == [*days]
    rows = [{"unit_id": one, "comment": "seen"} for one in ("09.2026", "CU-009, 10/11/2026")]
    made = collected(tmp_path, {"edit_S1.kmz": kmz(), "form_S1.csv": form_rows(*rows)})
    assert told(made, "there is no unit 09.2026")["kind"] == "no such unit"
    assert set(made.changes.query("change == 'commented'")["unit_id"]) == {"CU-009"}


def test_words_beside_an_id_are_kept(tmp_path):
    """In the column of ids of a form, and in that of attributes; a unit's own name says nothing more."""
    rows = (
        {"unit_id": "unit 12 argali", "action": "keep"},
        {"unit_id": "CU-001 calving ground", "comment": "in May"},
        {"unit_id": "CU-002 Place 002; 3.0", "action": "reject", "comment": "too dry"},
    )
    edits = [with_data("CU-004", cu_id="unit 4, saiga in 2024")]
    made = collected(
        tmp_path, {"form_S1.csv": form_rows(*rows), "edit_S1.kmz": kmz(*edits), **same_again()}
    )
    notes = notes_of(made)
    assert (notes["CU-012"], notes["CU-001"]) == (
        "unit 12 argali",
        "CU-001 calving ground\nin May",
    )
    assert notes["CU-004"] == "unit 4, saiga in 2024"
    changes = made.changes.groupby("unit_id")["change"].first()
    assert changes[["CU-002", "CU-003"]].tolist() == ["rejected", "rejected"]
    assert notes[["CU-002", "CU-003"]].tolist() == ["too dry", "too dry"]


def test_what_a_form_says_beside_a_map_is_told_of_the_form(tmp_path):
    rows = (
        {"unit_id": "CU-001", "action": "rename", "new_name": "Barskoon"},
        {"unit_id": "CU-002", "comment": "dry"},
    )
    made = collected(tmp_path, {"edit_S1.kmz": kmz(), "form_S1.csv": form_rows(*rows)})
    rows_of = made.changes.query("change in ('renamed', 'commented')")
    assert rows_of[["unit_id", "file", "placemark"]].to_numpy().tolist() == [
        ["CU-001", "form_S1.csv", ""],
        ["CU-002", "form_S1.csv", ""],
    ]
    drawn = kmz(draw.renamed("CU-001", "CU-001 Naryn"), draw.renamed("CU-003", "CU-003 Ili"))
    made = collected(tmp_path, {"edit_S1.kmz": drawn})
    assert made.changes.query("change == 'renamed'")["file"].tolist() == ["edit_S1.kmz"] * 2


def test_letters_that_a_program_lost_are_told_with_their_place(tmp_path):
    """Saved in the code page of a Western computer: a cell of the name of a unit is known by that name."""
    rows = (
        {
            "unit_id": "CU-001",
            "name_en": "Place 001",
            "comment": "Сайгаки здесь",
            "new_name": "Иле",
        },
        {"unit_id": "CU-002", "comment": "Why??? See http://a.kz/?q=1"},
        {"unit_id": "CU-003", "open_question": "Хөвсгөл уу?"},
    )
    western = form_rows(*rows).decode().encode("cp1252", "replace")
    mongolian = form_rows(*rows).decode().replace("ө", "?").encode("cp1251")
    made = collected(tmp_path, {"form_S1.csv": western})
    assert told(made, "letters are lost in 2 cells (G2, H4)")["kind"] == "cells lack letters"
    made = collected(tmp_path, {"form_S1.csv": mongolian})
    assert told(made, "letters are lost in 1 cell (H4)")["kind"] == "cells lack letters"
    pin = draw.drawn("?????? ??", square("CU-001").centroid, "4 ", "Х?вс?г?л")
    (tmp_path / "handed-in" / "form_S1.csv").unlink()
    made = collected(tmp_path, {"edit_S1.kmz": kmz(pin, with_data("CU-002", name_ru="????? 002"))})
    assert told(made, "letters are lost here: ?????? ?? Х?вс?г?л")["placemark"] == "?????? ??"


def test_a_shape_that_says_a_layer_of_ours_and_is_no_row_of_it_is_told(tmp_path):
    """QGIS names rows after the file that they were merged from: a group's own was called as our layer is."""
    box = shapely.box(70.2, 43.0, 70.8, 43.5)
    own = [
        {"name": "our ranges", "layer": "ranges"},
        {"name": "our key places", "layer": "hotspots", "hotspot_id": "N7"},
        {"name": "ours all the same", "layer": "hotspots", "hotspot_id": "H01"},
        # the round has none of these: none was handed out
        {"name": "our reserve", "layer": "protected_areas"},
    ]
    table = gpd.GeoDataFrame(own, geometry=[box] * len(own), crs=LONLAT)
    (tmp_path / "handed-in").mkdir()
    table.to_file(tmp_path / "handed-in" / "S1.gpkg")
    made = collected(tmp_path, {"edit_S1.kmz": kmz()})
    assert "protected_areas" not in made.round.tables
    rows = made.problems.query("kind == 'evidence unknown'")
    assert set(rows["placemark"]) == {"our ranges", "our key places", "our reserve"}
    assert "CU-017" not in units_of(made).index


def test_what_programs_call_words_is_words_and_what_is_not_read_is_named(tmp_path):
    """Yandex's label of a pin, Felt's texts, a column of QField; and what somebody typed on a whole document."""
    places = [[71.2, 41.2], [71.3, 41.3], [71.4, 41.4]]
    said = [
        {"iconCaption": "fence at km 40", "marker-color": "#1e98ff"},
        {"felt:type": "Note", "felt:name": "Lake", "felt:note": "a well"},
        {"note": "tracks", "species": "Equus hemionus", "observer": "Aida", "count": 14},
    ]
    features = [
        {"type": "Feature", "properties": one, "geometry": {"type": "Point", "coordinates": place}}
        for one, place in zip(said, places, strict=True)
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features})

    def described(root):
        document = root.find(".//{*}Document")
        description = document.find("{*}description")
        description.text = f"{description.text}<br/>ask about the lake"

    made = collected(tmp_path, {"S1.geojson": text.encode(), "edit_S1.kmz": kmz(described)})
    pins = made.remarks.query("kind == 'pin'")
    assert {*pins["text"]} == {"fence at km 40", "a well", "tracks"}
    assert "Lake" in set(pins["placemark"])
    line = told(made, "2 columns of its attributes were not read: observer, species")
    assert line["file"] == "S1.geojson"
    assert told(made, "its description says")["what"].endswith("says: ask about the lake")


@pytest.mark.parametrize("key", ["_umap_options", "_storage"])
def test_layers_of_a_umap_project_are_folders(key, tmp_path):
    outline = shapely.geometry.mapping(square("CU-001"))
    row = {"type": "Feature", "properties": {"name": "CU-001"}, "geometry": outline}
    layer = {"type": "FeatureCollection", "features": [row], key: {"name": "To reject"}}
    made = collected(
        tmp_path, {"S1.umap": json.dumps({"type": "umap", "layers": [layer]}).encode()}
    )
    assert told(made, "“To reject”: CU-001")["kind"] == "units in a folder of rejection"


def test_a_whole_pack_that_a_gis_has_taken_over_is_that_pack(tmp_path):
    """GDAL makes a polygon of the frame of the relief: it was a new unit over all others, into which they merged."""
    frame = {"name": "Relief", "icon": "files/relief.jpg"}
    coarse = {"layer": "ranges", "sci_name": "Equus kiang", "note": "drawn on a grid"}
    rejected = {"cu_id": "CU-001", "name": "X CU-001 Place 001"}
    shapes = [shapely.box(60, 35, 90, 50), shapely.box(70, 40, 74, 44), square("CU-001")]
    table = gpd.GeoDataFrame([frame, coarse, rejected], geometry=shapes, crs=LONLAT)
    (tmp_path / "handed-in").mkdir()
    table.to_file(tmp_path / "handed-in" / "S1.gpkg")
    made = collected(tmp_path, {})
    assert of(made, "CU-001") == [("rejected", "cu_id", "S1")]
    assert len(units_of(made)) == len(UNITS)
    assert made.remarks.empty


def test_a_row_of_sums_in_a_form_is_told_once(tmp_path):
    """What is no unit and names none says nothing under "What to do"; an id or a name may be meant."""
    sums = {"unit_id": "Итого", "action": "12"}
    made = collected(tmp_path, {"form_S1.csv": form_rows(sums), **same_again()})
    [row] = made.problems.query("file == 'form_S1.csv' and kind != 'one sheet'").to_dict("records")
    assert row["what"] == "outside its rows and columns the form says: Итого | 12"
    meant = {"unit_id": "Place 003", "action": "reject"}
    made = collected(tmp_path, {"form_S1.csv": form_rows(meant)})
    assert "called so: CU-003" in told(made, "there is no unit Place 003")["what"]


def test_of_two_sheets_of_a_form_saved_as_text_neither_asks_for_the_other(tmp_path):
    stream = io.StringIO(newline="")
    table = csv.DictWriter(stream, ACTIVITY_FIELDS)
    table.writeheader()
    table.writerow({"unit_id": "CU-001", "action": "add", "text": "two rangers"})
    units = form_rows({"unit_id": "CU-001", "comment": "two herds"})
    sheets = {"S1 - units.csv": units, "S1 - activities.csv": stream.getvalue().encode()}
    made = collected(tmp_path, sheets)
    assert "one sheet" not in set(made.problems["kind"])
    # those of two groups are of two forms
    (tmp_path / "handed-in" / "S1 - activities.csv").rename(
        tmp_path / "handed-in" / "S2 - activities.csv"
    )
    assert len(collected(tmp_path, {}).problems.query("kind == 'one sheet'")) == 2
    # and so may be those of which nobody knows the group
    for name in ("S1 - units.csv", "S2 - activities.csv"):
        path = tmp_path / "handed-in" / name
        path.rename(path.with_name(name[5:]))
    assert len(collected(tmp_path, {}).problems.query("kind == 'one sheet'")) == 2


def test_a_plain_text_of_a_group_is_told_as_one_and_in_a_kmz_named(tmp_path):
    """Nobody reads sentences: what they ask for belongs into the form."""
    words_typed = {name: f"# S1 ({name})\nmerge CU-003".encode() for name in ("a.txt", "b.md")}
    packed = io.BytesIO(kmz())
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("read me.txt", "merge CU-003")
    made = collected(tmp_path, {**words_typed, "edit_S1.kmz": packed.getvalue()})
    for name in words_typed:
        [row] = made.problems.query(f"file == '{name}'").to_dict("records")
        assert "is a text or slides of a group" in row["what"]
    assert told(made, "the archive also holds read me.txt")["file"] == "edit_S1.kmz"
    # a map that somebody saved under such a name is read all the same
    made = collected(
        tmp_path, {"a.txt": draw.edited(handed_out("S1"), draw.rejected("CU-001", ""))}
    )
    assert of(made, "CU-001") == [("rejected", "cu_id", "S1")]


def test_units_that_a_form_asks_to_merge_are_told_each(tmp_path):
    rows = (
        {"unit_id": "CU-001", "action": "merge", "merge_with": "2.0"},
        {"unit_id": "CU-003; CU-004; CU-005", "action": "merge"},
        {"unit_id": "CU-006", "action": "merge", "merge_with": "CU-006"},
    )
    made = collected(tmp_path, {"form_S1.csv": form_rows(*rows)})
    notes = notes_of(made)
    assert notes["CU-006"] == "the form asks to merge CU-006 with a unit that it does not name"
    assert notes["CU-002"] == notes["CU-001"] == "the form asks to merge CU-001 with CU-002"
    assert {*notes[["CU-003", "CU-004", "CU-005"]]} == {
        "the form asks to merge CU-003 with CU-004 and CU-005"
    }
    # what is to be drawn is told once of each: one of the ids is kept
    assert made.problems.query("kind == 'form merges'")["placemark"].tolist() == [
        *("CU-001", "CU-003")
    ]


def test_what_google_earth_calls_a_measured_polygon_is_no_name(tmp_path):
    """Saved from the ruler: it lies where a unit is, and renames nothing."""
    edits = (draw.grown("CU-001", 1.1), draw.stripped("CU-001", "Polygon Measure"))
    made = collected(tmp_path, {"edit_S1.kmz": kmz(*edits)})
    assert of(made, "CU-001") == [("reshaped", "overlap", "S1")]


def test_the_line_below_a_name_in_google_earth_is_words(tmp_path):
    """That of a unit as it was handed out says nothing; one that is made of what stands there already neither."""

    def lined(unit_id, line, tag="Snippet"):
        def edit(root):
            mark = draw._unit(root, unit_id)
            element = mark.find("{*}Snippet")
            mark.replace(element, made := etree.Element(element.tag.replace("Snippet", tag)))
            made.text = line

        return edit

    edits = [lined("CU-001", "ask the herders"), lined("CU-002", "спросить", "snippet")]
    edits += [
        lined("CU-003", "предварительная единица · 12 · 4 500 км²"),
        lined("CU-004", "Place 004"),
    ]
    made = collected(tmp_path, {"edit_S1.kmz": kmz(*edits), **same_again()})
    notes = made.changes.query("change == 'commented'").set_index("unit_id")["note"]
    assert dict(notes) == {"CU-001": "ask the herders", "CU-002": "спросить"}


@pytest.mark.parametrize("word", ["new", "Новая", "新建", "新", "шинэ нэгж"])
def test_a_row_that_says_new_in_place_of_an_id_asks_for_a_new_unit(word, tmp_path):
    row = {"unit_id": word, "new_name": "Kungey", "comment": "south of it"}
    made = collected(tmp_path, {"form_S1.csv": form_rows(row)})
    [line] = made.problems.query("kind == 'form adds'")["what"]
    assert line.endswith("asks for a new unit 'Kungey': south of it")
    assert not made.problems["kind"].eq("no such unit").any()


def test_the_first_sheet_of_a_form_as_a_table_of_text_is_no_damaged_file(tmp_path):
    """Who saves each sheet as CSV hands it in too; what a group wrote there is told."""
    cover = b"form,cami_units form 1\ngroup,S1\n,the map is with Aida\n"
    made = collected(tmp_path, {"form - how to fill.csv": cover, "edit_S1.kmz": kmz()})
    assert [(file.group, file.refused) for file in made.files] == [("S1", "")] * 2
    assert told(made, "the map is with Aida") is not None


def test_a_unit_without_its_polygon_is_not_deleted_and_keeps_its_words(tmp_path):
    """Google Earth keeps the view of a placemark whose outline was thrown away."""

    def emptied(root):
        mark = draw._unit(root, "CU-001")
        draw._drop_shapes(mark)
        view = etree.SubElement(mark, mark.tag.replace("Placemark", "LookAt"))
        etree.SubElement(view, mark.tag.replace("Placemark", "longitude")).text = "71"
        draw._child(mark, "description").text = "redraw along the watershed"

    made = collected(tmp_path, {"edit_S1.kmz": kmz(emptied)})
    assert of(made, "CU-001") == [("absent", "none", "S1")]  # and not deleted, nor confirmed
    [remark] = made.remarks.query("unit_id == 'CU-001'").to_dict("records")
    assert (remark["kind"], remark["text"]) == ("comment", "redraw along the watershed")


def test_a_bookmark_with_words_on_a_deleted_unit_does_not_keep_it(tmp_path):
    def bookmarked(root):
        folder = draw._unit(root, "CU-001").getparent()
        draw.deleted("CU-001")(root)
        mark = etree.SubElement(folder, folder.tag.replace("Folder", "Placemark"))
        for tag, text in (("name", "CU-001 delete"), ("description", "no habitat left")):
            etree.SubElement(mark, folder.tag.replace("Folder", tag)).text = text
        etree.SubElement(mark, folder.tag.replace("Folder", "LookAt"))

    made = collected(tmp_path, {"edit_S1.kmz": kmz(bookmarked)})
    assert of(made, "CU-001") == [("deleted", "none", "S1")]
    assert "no habitat left" in set(made.remarks["text"])


def test_an_empty_geometry_is_none(tmp_path):
    def emptied(root):
        mark = draw._unit(root, "CU-001")
        draw._drop_shapes(mark)
        etree.SubElement(mark, mark.tag.replace("Placemark", "MultiGeometry"))

    made = collected(tmp_path, {"edit_S1.kmz": kmz(emptied)})
    assert "no geometry" in made.problems["kind"].to_list()
    assert of(made, "CU-001") == [("absent", "none", "S1")]


def test_the_name_of_a_piece_is_no_new_name_of_the_unit(tmp_path):
    def parted(root):
        draw.halved("CU-001")(root)
        draw._units(root, "CU-001")[1][0].text = "CU-001 Eastern side"

    made = collected(tmp_path, {"edit_S1.kmz": kmz(parted)})
    rows = made.changes.query("unit_id == 'CU-001'")
    assert rows["change"].to_list() == ["split"]
    assert sorted(units_of(made).loc[["CU-001a", "CU-001b"], "name_en"])[0] == "Eastern side"
    # halves have all of its ground between them, and no more
    assert rows[["gained_km2", "lost_km2"]].to_numpy() == pytest.approx(0, abs=0.5)


def test_ground_that_is_in_no_piece_is_told_as_lost(tmp_path):
    whole = square("CU-001")
    west, south, east, north = whole.bounds
    third = (east - west) / 3
    parts = [
        shapely.box(west, south, west + third, north),
        shapely.box(east - third, south, east, north),
    ]

    def parted(root):
        draw.halved("CU-001")(root)
        for mark, part in zip(draw._units(root, "CU-001"), parts, strict=True):
            draw._draw(mark, part)

    made = collected(tmp_path, {"edit_S1.kmz": kmz(parted)})
    row = made.changes.query("unit_id == 'CU-001'").iloc[0]
    assert row["lost_km2"] == pytest.approx(shapely_km2(whole) / 3, rel=1e-3)


def test_a_pin_outside_of_the_unit_that_it_names_is_a_remark_on_it(tmp_path):
    place = shapely.box(*square("CU-001").bounds).centroid
    pin = shapely.Point(place.x, place.y - 1.5 * SIDE)

    def pinned(root):
        draw.drawn("extend cu-1 to here", pin.buffer(0.002), "2 ")(root)

    made = collected(tmp_path, {"edit_S1.kmz": kmz(pinned)})
    [remark] = made.remarks.query("placemark == 'extend cu-1 to here'").to_dict("records")
    assert "CU-001" in remark["unit_id"].split(";")


def test_what_is_typed_into_a_column_of_its_own_is_said(tmp_path):
    """In QGIS people add a column sooner than they find the description; of foreign files only a column for words."""
    with_column = partial(
        draw.stated, "CU-001", **{"примечание": "сдвинуть", "agreed by": "KZ, UZ"}
    )
    silent = draw.stated("CU-002", fid="layer.7", stroke="#ff00aa", GlobalID="{AB12-cd}", seen="")
    made = collected(tmp_path, {"edit_S1.kmz": kmz(with_column(), silent)})
    assert of(made, "CU-002") == [("kept", "cu_id", "S1")]
    # what stands in all units alike was written there by a program
    alike = [draw.stated(unit, Besitzer="somebody") for unit in WEST]
    same = collected(tmp_path, {"edit_S1.kmz": kmz(*alike)})
    assert same.changes.query("change == 'commented'").empty
    notes = made.changes.query("change == 'commented'").set_index("unit_id")["note"]
    assert dict(notes) == {"CU-001": "сдвинуть\nagreed by – KZ, UZ"}
    points = [
        {"properties": {"заметка": "the gate is open", "sort": "iron"}, "place": [71.2, 41.2]},
        {"properties": {"notes_1": "a ford", "name": "ford"}, "place": [71.3, 41.3]},
    ]
    features = [
        {"type": "Feature", "properties": one["properties"]}
        | {"geometry": {"type": "Point", "coordinates": one["place"]}}
        for one in points
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    made = collected(tmp_path, {"S1 phone.geojson": text.encode()})
    assert {*made.remarks.query("kind == 'pin'")["text"]} == {"the gate is open", "a ford"}


def test_words_without_ground_count_as_in_a_form(tmp_path):
    """A row of a GIS whose shape is empty, with the id of a unit; and one of nobody knows what."""
    features = [
        {"properties": {"cu_id": "CU-001", "comment": "move it to the railway"}},
        {"properties": {"name": "the river", "comment": "is the border"}},
    ]
    features = [{"type": "Feature", "geometry": None} | one for one in features]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    made = collected(
        tmp_path, {"edit_S1.kmz": kmz(), "S1 words.geojson": text.encode(), **same_again()}
    )
    [remark] = made.remarks.query("text == 'move it to the railway'").to_dict("records")
    assert (remark["kind"], remark["unit_id"], remark["group"]) == ("comment", "CU-001", "S1")
    assert told(made, "its words say: is the border")["placemark"] == "the river"


def test_the_same_group_twice_is_a_conflict_and_the_fuller_file_leads(tmp_path):
    made = collected(
        tmp_path,
        {
            "edit_S1.kmz": kmz(draw.grown("CU-001", 0.9)),
            "edit_S1 (2).kmz": kmz(draw.grown("CU-001", 0.7), draw.deleted("CU-002")),
        },
    )
    [conflict] = made.conflicts.query("kind == 'same group twice'").to_dict("records")
    assert conflict["groups"] == "S1 (edit_S1.kmz);S1 (edit_S1 (2).kmz)"
    assert conflict["default"] == "keep edit_S1.kmz"
    assert (
        told(made, "a second file of group S1")["assumed"]
        == "where both differ, edit_S1.kmz counts"
    )
    assert of(made, "CU-002") == [("kept", "cu_id", "S1")]  # the fuller file has it
    # and the remark knows which was chosen
    chosen = collected(tmp_path, {}, resolutions="unit_id,resolution\nCU-001,edit_S1 (2).kmz\n")
    assert told(chosen, "a second file of group S1")["assumed"] == (
        "where both differ, edit_S1.kmz counts; of CU-001 this one does: people chose it"
    )
    # each file tells how it drew the unit, whichever counts
    after = made.changes.query("unit_id == 'CU-001'").set_index("file")["after_km2"]
    for file, factor in (("edit_S1.kmz", 0.9), ("edit_S1 (2).kmz", 0.7)):
        drawn = factor**2 * shapely_km2(square("CU-001"))
        assert after[file] == pytest.approx(drawn, rel=0.01)


def test_two_files_that_say_nothing_of_one_unit_are_no_second_file(tmp_path):
    """Of nobody in particular, a new unit in each: there is nothing where both could differ."""
    shape = (
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><name>ours</name><Polygon>'
        "<outerBoundaryIs><LinearRing><coordinates>{0},42 {1},42 {1},43 {0},42</coordinates>"
        "</LinearRing></outerBoundaryIs></Polygon></Placemark></kml>"
    )
    files = {
        f"{name}.kml": shape.format(west, west + 0.5).encode()
        for name, west in (("a", 76), ("b", 78))
    }
    made = collected(tmp_path, files)
    assert made.changes["change"].tolist().count("new") == 2
    assert "second file" not in set(made.problems["kind"])


def test_the_same_file_twice_is_read_once(tmp_path):
    made = collected(tmp_path, {"edit_S1.kmz": kmz(), "edit_S1 copy.kmz": kmz()})
    assert told(made, "byte for byte")["assumed"] == "read once"
    assert set(made.changes.query("unit_id in @WEST")["change"]) == {"kept"}


# -- identity -------------------------------------------------------------------------------------


def test_a_name_that_contradicts_the_data_is_a_conflict_and_the_ground_decides(tmp_path):
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.renamed("CU-001", "CU-002 Place 001"))})
    row = told(made, "its name says CU-002, its data say CU-001")
    assert row["assumed"] == "CU-001, whose ground it covers"
    assert ("conflict", "cu_id", "S1") in of(made, "CU-001")


def test_an_id_of_another_round_is_said_and_not_guessed(tmp_path):
    made = collected(
        tmp_path,
        {"edit_S1.kmz": kmz(draw.renamed("CU-001", "Naryn"), draw.identified("CU-001", "CU-099"))}
        | same_again(),
    )
    assert told(made, "its id CU-099 is not one of the round")["assumed"].startswith(
        "a proposed new"
    )
    assert of(made, "CU-017") == [("new", "none", "S1")]


def test_a_unit_dragged_off_its_ground_stays_the_unit_and_is_told(tmp_path):
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.shifted("CU-001", 0.0, 3.0))})
    row = made.changes.query("unit_id == 'CU-001'").iloc[0]
    assert row["change"] == "reshaped"
    assert "does not touch its former outline" in row["note"]
    assert row["lost_km2"] == pytest.approx(shapely_km2(square("CU-001")), rel=1e-6)


def test_a_file_that_is_named_for_another_group_is_told(tmp_path):
    made = collected(tmp_path, {"edit_S2.kmz": kmz()})
    row = told(made, "its name says group S2, its placemarks say S1")
    assert row["assumed"] == "taken as the file of S1"


def test_the_group_is_assumed_from_the_units_and_said(tmp_path):
    content = draw.edited(handed_out("S1")).replace(
        b'<Data name="working_group">', b'<Data name="g">'
    )
    content = content.replace(b'<Data name="section_id">', b'<Data name="s">')
    made = collected(tmp_path, {"our map.kml": content})
    assert told(made, "no group is named in it")["assumed"].startswith("taken as the file of S1")
    assert made.files[0].group_by in ("the section of its units", "the units in it")


# -- deleted and absent ---------------------------------------------------------------------------


def test_deleted_is_where_its_folder_came_back(tmp_path):
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.deleted("CU-001"))})
    assert of(made, "CU-001") == [("deleted", "none", "S1")]
    assert units_of(made).loc["CU-001", "status"] == "modelled candidate"


def test_what_people_took_out_is_told_among_the_changes_not_as_what_nobody_applied(tmp_path):
    """S1 hands its folder back without CU-001 and CU-002; people let the first one go."""
    files = {"edit_S1.kmz": kmz(draw.deleted("CU-001"), draw.deleted("CU-002"))}
    made = collected(tmp_path, files, resolutions="unit_id,resolution\nCU-001,delete\n")
    write_report(tmp_path / "report.html", report(made))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    gone = page.partition(words.text("report gone how"))[2]
    gone, _, changes = gone.partition(f"<h2>{words.text('report changes')}</h2>")
    assert ("CU-001" in gone, "CU-002" in gone) == (False, True)
    assert ("CU-001" in changes, words.text("change deleted") in changes) == (True, True)
    # and what can be answered stands beside each conflict, as it is typed
    assert "Possible answers: base, delete, ask" in page


def test_a_unit_whose_group_handed_in_a_copy_of_another_file_is_told_as_that(tmp_path):
    made = collected(tmp_path, {"edit_S1.kmz": kmz(), "edit_S2.kmz": kmz()})
    assert [(file.file, file.group) for file in made.files] == [
        ("edit_S1.kmz", "S1"),
        ("edit_S2.kmz", "S2"),
    ]
    notes = made.changes.set_index("unit_id")["note"]
    assert notes["CU-014"] == (
        "the file of S2, edit_S2.kmz, was not read: it is the same file as edit_S1.kmz"
    )


def test_absent_is_where_its_folder_did_not_come_back(tmp_path):
    made = collected(tmp_path, {"edit_S1.kml": draw.edited(handed_out("S1"), draw.loose("CU-002"))})
    assert of(made, "CU-001") == [("absent", "none", "S1")]
    assert of(made, "CU-002") == [("kept", "cu_id", "S1")]
    assert of(made, "CU-014") == [("absent", "none", "S2")]
    notes = made.changes.set_index("unit_id")["note"]
    assert notes["CU-014"] == "no file came from S2"


def test_plenary_is_asked_about_a_unit_that_its_group_deleted(tmp_path):
    """In the table and on the slide, which does not say that the group had proposed it."""
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.deleted("CU-001"))})
    [asked] = made.round.tables["questions"].query("unit_id == 'CU-001'").to_dict("records")
    assert (asked["kind"], asked["group"]) == ("deleted", "S1")
    nothing = pd.DataFrame({"unit_id": [], "decision": []})
    loop = Loop(log=nothing, changes=made.changes)
    [shown] = boards(made.round, [drawn_scene(made.round, lang="en")], loop)
    slide = next(one for one in shown.slides if one.unit_id == "CU-001")
    assert slide.proposed_by == "software"
    assert slide.questions[0].startswith("S1: its folder came back without it")
    # answered, it is no question any more
    text = "unit_id,resolution\nCU-001,base\n"
    answered = collected(tmp_path, {}, resolutions=text)
    assert "questions" not in answered.round.tables


def test_a_folder_from_which_everything_was_deleted_is_still_there(tmp_path):
    made = collected(tmp_path, {"edit_S2.kmz": kmz(*map(draw.deleted, EAST), group="S2")})
    groups = {file.file: file.group for file in made.files}
    assert groups == {"edit_S2.kmz": "S2"}
    assert [of(made, unit) for unit in EAST] == [[("deleted", "none", "S2")]] * 4


def test_a_deletion_is_applied_by_a_decision_only(tmp_path):
    text = "unit_id,resolution,reason\nCU-001,delete,plenary agreed\n"
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.deleted("CU-001"))}, resolutions=text)
    unit = units_of(made).loc["CU-001"]
    assert unit["status"] == "rejected"
    assert unit["rationale"].startswith("Rejected by S1: plenary agreed. Both gates are met.")


# -- merging --------------------------------------------------------------------------------------


def two_on_one() -> dict[str, bytes]:
    """S1 makes its CU-012 smaller; S2 moves it east."""
    moved = translate(square("CU-012"), 0.3, 0)
    return {
        "edit_S1.kmz": kmz(draw.grown("CU-012", 0.9)),
        "edit_S2.kmz": kmz(draw.drawn("CU-012 Place 012", moved, "2 "), group="S2"),
    }


def with_defaults(**defaults: str) -> Round:
    done = base()
    plan = {**done.manifest["plan"], "workshop": {"defaults": defaults}}
    return Round(done.imprint, done.tables, {**done.manifest, "plan": plan})


@pytest.mark.parametrize("default", ["ask", "section-owner"])
@pytest.mark.parametrize(
    ("answer", "owner_merges", "ask_merges"),
    [("", True, False), ("S1", True, True), ("S2", False, False), ("base", False, False)],
)
def test_a_unit_is_merged_only_where_the_outline_that_took_it_in_stands(
    default, answer, owner_merges, ask_merges, tmp_path
):
    """S1 draws CU-012 over CU-011 too, S2 moves CU-012: where S2's or the former one stands, or plenary
    is asked, nobody's outline holds the ground of CU-011.
    """
    files = two_on_one() | {"edit_S1.kmz": kmz(draw.swallowed("CU-012", "CU-011"))}
    answers = f"unit_id,resolution\nCU-012,{answer}\n"
    made = collected(tmp_path, files, resolutions=answers, on=with_defaults(overlap=default))
    is_merged = owner_merges if default == "section-owner" else ask_merges
    status = units_of(made).loc["CU-011", "status"]
    assert status == ("merged" if is_merged else "modelled candidate")
    [row] = made.changes.query("unit_id == 'CU-011'").to_dict("records")
    assert (row["change"], row["applied"]) == ("merged", is_merged)
    why = "stays as it was: the outline of CU-012 that takes it in does not stand"
    assert (why in row["note"]) != is_merged
    # while the outline waits, the slide of the unit itself says what is meant with it
    questions = made.round.tables.get("questions", pd.DataFrame(columns=["unit_id", "text"]))
    asked = questions.query("unit_id == 'CU-011'")["text"].tolist()
    assert asked == ([f"into CU-012; {why}"] if default == "ask" and not answer else [])


def test_units_that_a_new_one_took_in_come_back_where_people_leave_it_out(tmp_path):
    both = square("CU-009").union(square("CU-010")).convex_hull
    gone = [draw.deleted("CU-009"), draw.deleted("CU-010")]
    files = {"edit_S1.kmz": kmz(*gone, draw.drawn("Both", both))}
    made = collected(tmp_path, files)
    assert units_of(made).loc[["CU-009", "CU-010"], "merged_into"].tolist() == ["CU-017"] * 2
    made = collected(tmp_path, files, resolutions="unit_id,resolution\nCU-017,leave-out\n")
    assert "CU-017" not in units_of(made).index
    stay = units_of(made).loc[["CU-009", "CU-010"], "status"]
    assert stay.tolist() == ["modelled candidate"] * 2
    assert not made.changes.query("change == 'merged'")["applied"].any()


SMALLER = scale(square("CU-012"), 0.9, 0.9)
MOVED = translate(square("CU-012"), 0.3, 0)


@pytest.mark.parametrize(
    ("rule", "default", "outline"),
    [
        ("section-owner", "keep S1", SMALLER),
        ("first", "keep S1", SMALLER),
        ("union", "union", SMALLER | MOVED),
        ("ask", "ask plenary", square("CU-012")),
    ],
)
def test_two_groups_on_one_unit_by_each_default(rule, default, outline, tmp_path):
    on = with_defaults(overlap=rule, outside_section="ask")
    made = collected(tmp_path, two_on_one(), on=on)
    [conflict] = made.conflicts.query("unit_id == 'CU-012'").to_dict("records")
    assert (conflict["groups"], conflict["default"], conflict["kind"]) == (
        "S1;S2",
        default,
        "two groups",
    )
    shared = shapely_km2(SMALLER & MOVED)
    assert conflict["overlap_km2"] == pytest.approx(shared, rel=1e-3)
    drawn = units_of(made).loc["CU-012", "geometry"]
    assert drawn.symmetric_difference(outline).area < 1e-4
    [picture] = [p for p in made.pictures if p.unit_id == "CU-012"]
    assert [label for label, _ in picture.outlines] == ["base", "S1", "S2"]
    # The first outline is what was handed out, whichever version the default took.
    shapes = [shape for _, shape in picture.outlines]
    for shape, expected in zip(shapes, (square("CU-012"), SMALLER, MOVED), strict=True):
        assert shape.symmetric_difference(expected).area < 1e-4


@pytest.mark.parametrize(
    ("choice", "outline"),
    [("S2", MOVED), ("keep S2", MOVED), ("base", square("CU-012")), ("union", SMALLER | MOVED)],
)
def test_people_resolve_a_conflict_by_one_line(choice, outline, tmp_path):
    text = f"unit_id,resolution,reason\nCU-012,{choice},the river is the border\n"
    made = collected(tmp_path, two_on_one(), resolutions=text)
    [conflict] = made.conflicts.query("unit_id == 'CU-012'").to_dict("records")
    assert conflict["resolution"] == f"{choice.removeprefix('keep ')}: the river is the border"
    drawn = units_of(made).loc["CU-012", "geometry"]
    assert drawn.symmetric_difference(outline).area < 1e-4
    assert made.round.manifest["resolutions"][0]["reason"] == "the river is the border"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("resolutions.csv", "unit_id,resolution,reason\ncu-12,S2,because, they, agreed\n"),
        ("Resolutions.csv", "Unit_ID ; Resolution ; Reason\nCU‑012;S2;because, they, agreed\n"),
        ("resolutions.csv.csv", "Unit ID\tRESOLUTION\tReason\nCU–12\tS2\tbecause, they, agreed\n"),
        ("resolutions.csv.txt", 'unit_id,resolution,reason\nCU-012,S2,"because, they, agreed",,\n'),
        ("RESOLUTIONS.xlsx", "Unit_ID,Resolution,Reason\n cu 12 ,keep S2,because, they, agreed\n"),
    ],
)
def test_resolutions_are_read_whatever_they_are_called_and_however_they_are_typed(
    name, text, tmp_path
):
    folder = tmp_path / "handed-in"
    folder.mkdir()
    if name.endswith(".xlsx"):
        book = openpyxl.Workbook()
        for line in text.splitlines():
            book.active.append(line.split(","))
        book.save(folder / name)
    else:
        (folder / name).write_text(text, encoding="utf-8")
    made = collected(tmp_path, two_on_one())
    [conflict] = made.conflicts.query("unit_id == 'CU-012'").to_dict("records")
    assert conflict["resolution"] == "S2: because, they, agreed"
    assert {"file refused", "tables beside"}.isdisjoint(made.problems["kind"])
    called = made.problems.query("kind == 'resolutions called otherwise'")["what"].tolist()
    assert called == ([] if name == "resolutions.csv" else [f"{name} is read as resolutions"])


def test_what_looks_like_resolutions_and_is_not_read_is_named(tmp_path):
    """Of two files nobody can say which one holds; one in a folder below lies not where it is looked for."""
    folder = tmp_path / "handed-in"
    (folder / "below").mkdir(parents=True)
    text = "unit_id,resolution,reason\nCU-012,S2,\n"
    for name in ("Resolutions.csv", "resolutions.csv.txt", "resolutions (1).csv", "below/x.csv"):
        name = name.replace("x.csv", "resolutions.csv")
        (folder / name).write_text(text, encoding="utf-8")
    made = collected(tmp_path, two_on_one())
    [conflict] = made.conflicts.query("unit_id == 'CU-012'").to_dict("records")
    assert conflict["resolution"] == ""
    unread = told(made, "these look like resolutions and were not read")
    names = ("Resolutions.csv", "resolutions (1).csv", "resolutions.csv", "resolutions.csv.txt")
    assert unread["what"].endswith(", ".join(names))
    made = collected(tmp_path, {}, resolutions=text)
    [conflict] = made.conflicts.query("unit_id == 'CU-012'").to_dict("records")
    assert conflict["resolution"] == "S2"


def test_cells_behind_the_columns_are_refused_where_they_belong_to_none(tmp_path):
    text = "unit_id,reason,resolution\nCU-012,because, they agreed,S2\n"
    with pytest.raises(InputError, match=r"more cells than columns in line 2.*reason the last"):
        collected(tmp_path, two_on_one(), resolutions=text)


def test_a_conflict_that_is_settled_is_open_nowhere(tmp_path):
    """In the table, on the map's layer of remarks, among the questions and on the slide."""
    text = "unit_id,resolution,reason\nCU-012,S2,the river is the border\n"
    asked = collected(tmp_path, two_on_one())
    settled = collected(tmp_path, {}, resolutions=text)
    for made, is_open in ((asked, True), (settled, False)):
        [row] = made.conflicts.query("unit_id == 'CU-012'").to_dict("records")
        assert row["open"] == is_open
        pinned = made.remarks.query("kind == 'conflict'")["unit_id"].tolist()
        assert ("CU-012" in pinned) == is_open
        questions = made.round.tables.get("questions", pd.DataFrame({"unit_id": [], "kind": []}))
        assert ("CU-012" in set(questions["unit_id"])) == is_open
        loop = Loop(log=pd.DataFrame({"unit_id": [], "decision": []}), conflicts=made.conflicts)
        [shown] = boards(made.round, [drawn_scene(made.round, lang="en")], loop)
        [slide] = [slide for slide in shown.slides if slide.unit_id == "CU-012"]
        conflict = words.text("conflict between", "en")
        assert any(conflict in question for question in slide.questions) == is_open
        heading = "To be settled (1)" if is_open else "Settled (1)"
        assert f"<h2>{heading}</h2>" in report_page(tmp_path, made)


def test_the_table_of_conflicts_filled_in_is_a_table_of_resolutions(tmp_path):
    made = collected(tmp_path, two_on_one())
    write_collected(made, tmp_path / "01")
    table = pd.read_csv(tmp_path / "01" / "conflicts.csv", dtype=str)
    table.loc[table["unit_id"] == "CU-012", "resolution"] = "S2"
    made = collected(tmp_path, {}, resolutions=table.to_csv(index=False))
    assert units_of(made).loc["CU-012", "geometry"].symmetric_difference(MOVED).area < 1e-4


def test_what_an_earlier_round_was_resolved_by_is_no_answer_to_a_late_file(tmp_path):
    """The table lies where it lay; S2, which it names, has brought nothing this time."""
    text = "unit_id,resolution,reason\nCU-012,S2,the river is the border\n"
    first = collected(tmp_path, two_on_one(), resolutions=text)
    write_collected(first, tmp_path / "01")
    late = tmp_path / "late"
    late.mkdir()
    (late / "edit_S1.kmz").write_bytes(kmz(draw.grown("CU-012", 0.8)))
    (late / "resolutions.csv").write_text(text)
    second = collect([late], first.round)
    drawn = units_of(second).loc["CU-012", "geometry"]
    assert drawn.symmetric_difference(MOVED).area < 1e-4  # it stays as it was settled, and is asked
    [row] = second.conflicts.query("unit_id == 'CU-012'").to_dict("records")
    assert (row["kind"], row["resolution"], row["open"]) == ("outdated", "", True)
    write_collected(second, tmp_path / "02")
    # and two rounds later still
    (late / "edit_S1.kmz").write_bytes(kmz(draw.grown("CU-001", 0.8)))
    third = collect([late], second.round)
    assert third.round.manifest["resolutions"] == []
    # a line that says something new is an answer, and refused where it can be none
    (late / "resolutions.csv").write_text(text.replace("river", "road"))
    with pytest.raises(InputError, match="names S2, which brought no version of it"):
        collect([late], second.round)


def test_what_was_said_and_drawn_before_a_late_file_stays(tmp_path):
    """S1 and S2 disagree on CU-012; S1 comments and pins; then S2 brings one more outline."""
    said = [
        draw.grown("CU-012", 0.9),
        draw.commented("CU-011", "extend east"),
        draw.drawn("fence", shapely.Point(70.3, 40.3), "4 ", "since 2019"),
    ]
    first = collected(tmp_path, {**two_on_one(), "edit_S1.kmz": kmz(*said)})
    [aside] = first.round.tables["set_aside"].to_dict("records")
    assert set(first.round.tables["remarks"]["kind"]) == {"comment", "conflict", "pin"}
    write_collected(first, tmp_path / "01")
    late = tmp_path / "late.kmz"
    late.write_bytes(kmz(draw.grown("CU-014", 0.8), group="S2"))
    second = collect([late], first.round)
    # all that was told in round 01 is on the map of round 02, once, and not news
    columns = ["kind", "group", "unit_id", "text", "placemark", "round"]
    before = first.round.tables["remarks"]
    after = second.round.tables["remarks"]
    assert after.loc[after["round"] == "01", columns].values.tolist() == (
        before[columns].values.tolist()
    )
    assert after.loc[after["kind"] == "pin", "geometry"].item().equals(shapely.Point(70.3, 40.3))
    assert "extend east" not in set(second.remarks["text"])
    assert [row["group"] for row in second.round.tables["set_aside"].to_dict("records")] == [
        aside["group"]
    ]
    # plenary can still take the outline that did not stand
    folder = tmp_path / "02"
    write_collected(second, folder)
    decide(
        folder,
        "CU-012",
        "agree",
        outline=aside["group"],
        reason="as drawn",
        time="2026-11-22T14:05",
    )
    shown = decided_round(folder).tables["conservation_units"].set_index("unit_id").geometry
    assert shown["CU-012"].equals(aside["geometry"])
    # once it is decided the conflict asks nothing any more; what was said stays said
    (tmp_path / "later.kmz").write_bytes(kmz(draw.grown("CU-015", 0.8), group="S2"))
    third = collect([tmp_path / "later.kmz"], decided_round(folder))
    assert set(third.round.tables["remarks"]["kind"]) == {"comment", "pin"}
    assert "set_aside" not in third.round.tables


def test_a_remark_that_comes_again_is_told_once(tmp_path):
    said = [
        draw.commented("CU-011", "extend east"),
        draw.drawn("fence", shapely.Point(70.3, 40.3), "4 ", "since 2019"),
    ]
    first = collected(tmp_path, {"edit_S1.kmz": kmz(*said)})
    again = tmp_path / "again.kmz"
    again.write_bytes(kmz(*said, draw.grown("CU-001", 0.8)))
    remarks = collect([again], first.round).round.tables["remarks"]
    assert sorted(zip(remarks["text"], remarks["round"], strict=True)) == [
        ("extend east", "02"),
        ("since 2019", "02"),
    ]


def test_what_a_decision_had_replaced_is_no_outline_of_the_next_round(tmp_path):
    """Agreed on as S2 drew it, and taken back; S1 draws it anew; agreed on as S2 drew it once more."""
    write_collected(collected(tmp_path, two_on_one()), tmp_path / "01")
    said = {"reason": "as drawn", "time": "2026-11-22T14:05"}
    decide(tmp_path / "01", "CU-012", "agree", outline="S2", **said)
    decide(tmp_path / "01", "CU-012", "undo", **said)
    (tmp_path / "late.kmz").write_bytes(kmz(draw.grown("CU-012", 0.8)))
    second = collect([tmp_path / "late.kmz"], decided_round(tmp_path / "01"))
    aside = second.round.tables["set_aside"]
    assert "before" not in set(aside["group"])
    assert "S2" in set(aside["group"])


def test_a_conflict_shows_what_each_group_drew_whichever_outline_plenary_took(tmp_path):
    """S1's outline stands; plenary takes that of S2: each stays under the name of its group."""
    folder = tmp_path / "01"
    write_collected(collected(tmp_path, two_on_one()), folder)

    def shown() -> list[tuple[str, bytes]]:
        [picture] = stored_pictures(folder, None, *loop_tables(folder))
        return [(label, shapely.to_wkb(shape)) for label, shape in picture]

    as_collected = shown()
    assert [label for label, _ in as_collected] == ["S1", "S2"]
    decide(folder, "CU-012", "agree", outline="S2", reason="as drawn", time="2026-11-22T14:05")
    assert shown() == as_collected
    # in the next round it is S2's, until somebody draws it anew
    (tmp_path / "late.kmz").write_bytes(kmz(draw.commented("CU-003", "two herds")))
    late = collect([tmp_path / "late.kmz"], decided_round(folder))
    assert "S2" in late.round.manifest["drawn_by"]["CU-012"]


def test_a_conflict_shows_no_outline_of_a_group_that_only_renamed_or_rejected_the_unit(tmp_path):
    drawn_by_two = two_on_one()
    for edit in (draw.renamed("CU-012", "CU-012 New Land"), draw.rejected("CU-012")):
        made = collected(tmp_path, {**drawn_by_two, "edit_S1.kmz": kmz(edit)})
        write_collected(made, tmp_path / "01", force=True)
        [picture] = stored_pictures(tmp_path / "01", None, *loop_tables(tmp_path / "01"))
        assert [label for label, _ in picture] == ["S2"]


def test_outlines_of_the_round_before_in_a_file_of_plenary_are_evidence(tmp_path):
    """Its KMZ shows each unit as it was: handed in, none of these is a new unit."""
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.grown("CU-001", 0.5))})
    tables = made.round.tables
    path = tmp_path / "later.kmz"
    kml.write_kml(
        path,
        gpd.GeoDataFrame(tables["conservation_units"]),
        cards=unit_cards(tables, tables["species"]),
        imprint=made.round.imprint,
        species=tables["species"],
        pack=kml.Pack(before=gpd.GeoDataFrame(base().tables["conservation_units"])),
    )
    written = zipfile.ZipFile(path).read("doc.kml").decode()
    layers_written = set(re.findall(r'<Data name="layer">\s*<value>(\w+)</value>', written))
    assert {"about", "before", "labels"} <= layers_written <= kml.SHOWN_LAYERS
    path.write_bytes(
        draw.packed(doc__kml=draw.edited(path.read_bytes(), draw.grown("CU-005", 0.8)))
    )
    again = collect([path], made.round)
    assert set(again.changes["change"]) == {"kept", "reshaped"}
    assert again.changes.query("change == 'reshaped'")["unit_id"].tolist() == ["CU-005"]
    assert again.conflicts.empty


def test_a_remark_is_the_same_though_units_changed_under_it(tmp_path):
    """A pin outside of all units and a comment; later a unit around that pin, and the other one in halves."""
    said = [
        draw.commented("CU-004", "two herds"),
        draw.drawn("fence", shapely.Point(70.5, 43.2), "4 ", "since 2019"),
        draw.drawn("road", shapely.Point(70.5, 43.2), "4 "),
    ]
    first = collected(tmp_path, {"edit_S1.kmz": kmz(*said)})
    assert set(first.round.tables["remarks"]["unit_id"]) == {"", "CU-004"}
    around = draw.drawn("ours", shapely.box(70.2, 43.0, 70.8, 43.5), "2 ")
    (tmp_path / "again.kmz").write_bytes(kmz(*said[:2], around, draw.halved("CU-004")))
    remarks = collect([tmp_path / "again.kmz"], first.round).round.tables["remarks"]
    columns = ["placemark", "unit_id", "round"]
    # the second pin, which did not come again, lies in the new unit too
    assert sorted(remarks[columns].itertuples(index=False, name=None)) == [
        ("CU-004 Place 004", "CU-004a", "02"),
        ("CU-004 Place 004", "CU-004b", "02"),
        ("fence", "CU-017", "02"),
        ("road", "CU-017", "01"),
    ]


def test_who_drew_a_unit_is_known_after_a_late_file(tmp_path):
    first = collected(tmp_path, {"edit_S1.kmz": kmz(draw.grown("CU-012", 0.9))})
    late = tmp_path / "late.kmz"
    late.write_bytes(kmz(draw.grown("CU-014", 0.8), group="S2"))
    second = collect([late], first.round)
    drawn_by = second.round.manifest["drawn_by"]
    assert drawn_by["CU-012"] == ["S1"]
    assert drawn_by["CU-014"] == ["S2"]
    # whoever draws it anew takes the place of those who did before
    second.round.manifest["drawn_by"] = {"CU-003": ["S9"], "CU-012": ["S9"]}
    (tmp_path / "more.kmz").write_bytes(kmz(draw.grown("CU-003", 0.7)))
    third = collect([tmp_path / "more.kmz"], second.round)
    assert third.round.manifest["drawn_by"]["CU-003"] == ["S1"]
    assert "S9" in third.round.manifest["drawn_by"]["CU-012"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("unit_id,resolution\nCU-012,S7\n", "line 2: 'S7' is no group and no rule"),
        ("unit_id,resolution\nCU-012,S1\nCU-012,S2\n", "line 3: CU-012 is resolved twice"),
        ("site,resolution\nCU-012,S1\n", "has no column unit_id"),
        ("unit_id,resolution\nCU-001,S2\n", "names S2, which brought no version of it"),
    ],
)
def test_resolutions_that_cannot_be_used_are_refused(text, message, tmp_path):
    with pytest.raises(InputError, match=re.escape(message)):
        collected(tmp_path, {**two_on_one()}, resolutions=text)


def test_two_groups_that_draw_the_same_new_area(tmp_path):
    one, other = shapely.box(72.9, 42.4, 73.4, 42.9), shapely.box(73.0, 42.4, 73.5, 42.9)
    made = collected(
        tmp_path,
        {
            "edit_S1.kmz": kmz(draw.drawn("gap", one, "2 ")),
            "edit_S2.kmz": kmz(draw.drawn("pass", other, "2 "), group="S2"),
        },
    )
    [row] = made.conflicts.query("kind == 'same new area'").to_dict("records")
    assert (row["unit_id"], row["groups"], row["default"]) == ("CU-017;CU-018", "S1;S2", "keep S1")
    assert "CU-018" not in units_of(made).index
    assert made.round.tables["set_aside"]["unit_id"].tolist() == ["CU-018"]
    assert ("new", "none", "S2") in of(made, "CU-018")


def test_units_of_two_groups_that_now_overlap_are_asked_of_plenary(tmp_path):
    wide = shapely.box(73.9, 40.9, 74.3, 41.7)
    made = collected(
        tmp_path,
        {"edit_S1.kmz": kmz(draw.drawn("east", wide, "2 ")), "edit_S2.kmz": kmz(group="S2")},
    )
    [row] = made.conflicts.query("kind == 'overlap'").to_dict("records")
    assert (row["unit_id"], row["default"]) == ("CU-013;CU-017", "ask plenary")
    assert row["overlap_km2"] == pytest.approx(shapely_km2(wide & square("CU-013")), rel=1e-3)


def test_an_outline_drawn_on_an_older_round_is_merged_three_way(tmp_path):
    first = collected(tmp_path, {"edit_S1.kmz": kmz(draw.grown("CU-001", 0.9))})
    write_collected(first, tmp_path / "01")
    newer = store.read_round(tmp_path / "01")
    assert units_of(first).loc["CU-001", "rev"] == "01"
    late = {"edit_S1.kmz": kmz(draw.grown("CU-002", 0.8))}
    made = collected(tmp_path, late, on=newer)
    # CU-001 came back as it was handed out in round 00: the newer outline stands, and it is said.
    row = made.changes.query("unit_id == 'CU-001'").iloc[0]
    assert row["change"] == "kept"
    assert "handed out in round 00 and not changed" in row["note"]
    assert (
        units_of(made).loc["CU-001", "geometry"].equals(units_of(first).loc["CU-001", "geometry"])
    )
    assert of(made, "CU-002") == [("reshaped", "cu_id", "S1")]
    both = collected(tmp_path, {"edit_S1.kmz": kmz(draw.grown("CU-001", 0.5))}, on=newer)
    [conflict] = both.conflicts.to_dict("records")
    assert (conflict["kind"], conflict["default"]) == ("outdated", "ask plenary")


@pytest.mark.parametrize(
    ("edit", "is_asked"),
    [
        (draw.grown("CU-001", 0.8), True),
        (draw.renamed("CU-001", "CU-001 Betpak-Dala"), True),
        (draw.rejected("CU-001"), False),  # as it was: nothing is new
        (draw.commented("CU-001", "saiga in May"), False),
    ],
)
def test_a_late_file_does_not_bring_back_what_its_own_group_rejected(edit, is_asked, tmp_path):
    """S1 rejected CU-001 in round 01; then a file of round 00 turns up in which the unit still stood."""
    first = collected(tmp_path, {"edit_S1.kmz": kmz(draw.rejected("CU-001"))})
    assert units_of(first).loc["CU-001", "status"] == "rejected"
    made = collected(tmp_path, {"edit_S1.kmz": kmz(edit)}, on=first.round)
    assert units_of(made).loc["CU-001", "status"] == "rejected"
    asked = made.conflicts[["unit_id", "kind", "default"]].values.tolist()
    assert asked == [["CU-001", "outdated", "ask plenary"]] * is_asked
    if is_asked:
        assert "rejected since round 01; S1 changed it" in made.conflicts["what"].iloc[0]
        settled = collected(
            tmp_path, {}, resolutions="unit_id,resolution\nCU-001,S1\n", on=first.round
        )
        assert units_of(settled).loc["CU-001", "status"] == "working-group proposal"
        assert not settled.conflicts["open"].any()
    # in a file that was handed out since, whoever draws it means it
    of_round = rb'("round">\s*<displayName>Round</displayName>\s*<value>)00'
    newer = re.sub(of_round, rb"\g<1>01", draw.edited(handed_out("S1"), edit))
    (tmp_path / "handed-in" / "edit_S1.kmz").unlink()
    again = collected(tmp_path, {"edit_S1.kml": newer}, resolutions="unit_id\n", on=first.round)
    assert (units_of(again).loc["CU-001", "status"] != "rejected") == is_asked
    assert again.conflicts.empty


def test_a_late_file_does_not_part_again_what_its_own_group_merged(tmp_path):
    """The outline that took CU-005 in stays: the ground of CU-005 would be counted twice."""
    merging = [draw.swallowed("CU-006", "CU-005")]
    first = collected(tmp_path, {"edit_S1.kmz": kmz(*merging)})
    assert units_of(first).loc["CU-005", "status"] == "merged"
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.grown("CU-005", 0.9))}, on=first.round)
    assert units_of(made).loc["CU-005", "status"] == "merged"
    assert made.conflicts[["unit_id", "kind"]].values.tolist() == [["CU-005", "outdated"]]


def test_a_late_form_does_not_bring_back_what_its_group_rejected(tmp_path):
    first = collected(tmp_path, {"edit_S1.kmz": kmz(draw.rejected("CU-001"))})
    (tmp_path / "handed-in" / "edit_S1.kmz").unlink()
    sheet = ",".join(UNIT_FIELDS) + "\nCU-001,Place 001,,,Betpak-Dala,,,\n"
    made = collected(tmp_path, {"form_S1.csv": sheet.encode()}, on=first.round)
    assert units_of(made).loc["CU-001", "status"] == "rejected"
    assert made.conflicts["kind"].tolist() == ["outdated"]


@pytest.mark.parametrize(
    ("name", "is_asked"),
    [
        ("DELETE CU-001", True),
        ("CU-001 Place 001 - REJECT", True),
        ("удалить CU-001 Место", True),
        ("删除CU-001", True),
        ("CU-001 устгах", True),
        ("CU-001 Deleted Valley North", True),  # asked, never obeyed
        ("CU-001 Old Remove Creek", False),  # a word of the name, and so is the rest
        ("CU-001 Rejectsky Ridge", False),
    ],
)
def test_a_word_of_rejection_is_asked_about_and_renames_nothing(name, is_asked, tmp_path):
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.renamed("CU-001", name))})
    change = "kept" if is_asked else "renamed"
    assert of(made, "CU-001") == [(change, "cu_id", "S1")]
    assert units_of(made).loc["CU-001", "status"] == "working-group proposal"
    asked = made.problems["what"].str.contains("is the unit to be rejected?", regex=False)
    assert asked.sum() == is_asked
    assert units_of(made).loc["CU-001", "name_en"] == (
        "Place 001" if is_asked else name.removeprefix("CU-001 ")
    )


@pytest.mark.parametrize(
    "name", ["Removed Hills", "CU-099 Deleted Valley", "取消山", "Долина Хассан"]
)
def test_a_new_shape_keeps_a_name_that_begins_with_such_a_word(name, tmp_path):
    apart = shapely.box(70.2, 43.0, 70.8, 43.5)
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.drawn(name, apart, "2 "))})
    new_unit = units_of(made).loc["CU-017"]
    assert name.removeprefix("CU-099 ") in (new_unit["name_en"], new_unit["name_ru"])
    assert not made.problems["what"].str.contains("is the unit to be rejected?", regex=False).any()


@pytest.mark.parametrize(
    ("place", "is_new"),
    [(shapely.box(70.2, 43.0, 70.8, 43.5), True), (square("CU-003"), False)],
)
def test_an_id_within_a_name_is_the_unit_only_where_the_shape_lies_on_it(place, is_new, tmp_path):
    """Nowhere near CU-003 "Removed Hills near CU-003" is a new unit; on its ground, without data, it may be it."""
    edits = [draw.drawn("Removed Hills near CU-003", place, "2 ")]
    if not is_new:
        edits.append(draw.deleted("CU-003"))
    made = collected(tmp_path, {"edit_S1.kmz": kmz(*edits)})
    asked = made.problems["what"].str.contains("is the unit to be rejected?", regex=False)
    assert asked.sum() == (not is_new)
    if is_new:
        assert units_of(made).loc["CU-017", "name_en"] == "Removed Hills near CU-003"
        assert of(made, "CU-003") == [("kept", "cu_id", "S1")]


@pytest.mark.parametrize(
    "place", [shapely.box(70.2, 43.0, 70.8, 43.5), shapely.box(69.0, 39.0, 78.0, 44.0)]
)
@pytest.mark.parametrize("name", ["Delete CU-003", "CU-003 удалить", "删除 CU-003"])
def test_a_word_of_rejection_and_an_id_alone_are_asked_about_wherever_they_are_drawn(
    name, place, tmp_path
):
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.drawn(name, place, "2 "))})
    assert "stands for a name" in told(made, "is the unit to be rejected?")["what"]
    names = [*units_of(made)["name_en"], *units_of(made)["name_ru"]]
    assert not any("CU-003" in one or "удалить" in one for one in map(str, names))


def test_a_pack_from_before_plenary_renamed_a_unit_asks_for_nothing(tmp_path):
    """Nobody changed a name in it. Whoever did is asked all the same: the unit is decided."""
    write_proposal(base(), tmp_path / "00")
    for name in ("Great Steppe", "Small Steppe"):
        decide(
            tmp_path / "00",
            "CU-002",
            "agree",
            reason="so called",
            time="2026-11-22T14:05",
            name_en=name,
        )
    for edits, count in (
        ((), 0),
        ((draw.renamed("CU-002", "CU-002 Great Steppe"),), 0),
        ((draw.renamed("CU-002", "CU-002 Ili"),), 1),
    ):
        (tmp_path / "edit_S1.kmz").write_bytes(kmz(*edits))
        on = decided_round(tmp_path / "00")
        made = collect([tmp_path / "edit_S1.kmz"], on, base_dir=tmp_path / "00")
        assert len(made.conflicts) == made.changes["change"].tolist().count("renamed") == count
        assert units_of(made).loc["CU-002", "name_en"] == "Small Steppe"


def test_nobody_is_asked_about_the_name_that_a_unit_was_handed_out_with(tmp_path):
    units = base().tables["conservation_units"]
    units = units.replace({"name_en": {"Place 001": "Removed Hills"}})
    handed = draw.edited(handed_out("S1")).replace(b"Place 001", b"Removed Hills")
    files = {"edit_S1.kmz": draw.packed(doc__kml=handed)}
    tables = {**base().tables, "conservation_units": units}
    made = collected(tmp_path, files, on=replace(base(), tables=tables))
    assert not made.problems["what"].str.contains("is the unit to be rejected?", regex=False).any()


def test_a_word_of_rejection_in_a_form_is_asked_about_and_renames_nothing(tmp_path):
    sheet = ",".join(UNIT_FIELDS) + "\nCU-001,Place 001,,,удалить,,,\n"
    made = collected(tmp_path, {"form_S1.csv": sheet.encode()})
    assert units_of(made).loc["CU-001", "name_ru"] == "Место 001"
    assert "'удалить' stands for a name" in told(made, "to be rejected?")["what"]


def form_rows(*rows: dict[str, str]) -> bytes:
    """The sheet "units" of a form as a table of text, with these cells filled in."""
    stream = io.StringIO(newline="")
    table = csv.DictWriter(stream, UNIT_FIELDS)
    table.writeheader()
    table.writerows(rows)
    return stream.getvalue().encode()


@pytest.mark.parametrize("typed", ["移除", "驳回", "хасах", "исключить", "Remove", "удалено"])
def test_a_word_that_rejects_in_names_does_so_under_what_to_do(typed, tmp_path):
    sheet = form_rows({"unit_id": "CU-001", "action": typed})
    made = collected(tmp_path, {"form_S1.csv": sheet})
    assert of(made, "CU-001") == [("rejected", "cu_id", "S1")]


@pytest.mark.parametrize("typed", ["да", "✓", "as is", "оставить как есть", "同意"])
def test_a_yes_under_what_to_do_keeps_the_unit_and_asks_nothing(typed, tmp_path):
    sheet = form_rows({"unit_id": "CU-001", "action": typed})
    made = collected(tmp_path, {"form_S1.csv": sheet})
    assert of(made, "CU-001") == [("kept", "cu_id", "S1")]
    assert not made.problems["what"].str.contains(typed, regex=False).any()


def test_what_is_no_action_is_told_of_its_unit_word_by_word(tmp_path):
    """Seven of them were one line of the report, and on no slide."""
    typed = dict(
        zip(UNITS, ["change/reject", "isключить", "later", "ask KZ", "Reject?"], strict=False)
    )
    sheet = form_rows(*({"unit_id": one, "action": action} for one, action in typed.items()))
    made = collected(tmp_path, {"form_S1.csv": sheet})
    for unit_id, action in typed.items():
        assert of(made, unit_id) == [("commented", "cu_id", "S1")]
        [row] = made.changes.query("unit_id == @unit_id").to_dict("records")
        assert f"the form says of {unit_id}: {action}" in row["note"]
        assert action in made.remarks.set_index("unit_id").loc[unit_id, "text"]
    assert "Reject? (perhaps reject?)" in told(made, "says of CU-005")["what"]
    assert not made.problems["what"].str.contains("is not in the list").any()


def test_a_name_typed_over_that_of_a_unit_is_asked_about_on_the_unit(tmp_path):
    sheet = form_rows(
        {"unit_id": "CU-001", "name_en": "Barskoon"},
        {"unit_id": "CU-002", "name_en": "place 002 "},
        {"unit_id": "CU-003", "name_en": "Pl?ce 003"},  # a code page has lost a letter
    )
    made = collected(tmp_path, {"form_S1.csv": sheet})
    assert of(made, "CU-001") == [("commented", "cu_id", "S1")]
    assert units_of(made).loc["CU-001", "name_en"] == "Place 001"
    [row] = made.changes.query("unit_id == 'CU-001'").to_dict("records")
    assert row["note"] == "over the name of CU-001 the form has 'Barskoon'"
    assert [change for one in UNITS[1:3] for change, *_ in of(made, one)] == ["absent"] * 2


def test_the_name_of_a_union_that_nobody_drew_is_that_of_no_unit(tmp_path):
    asked = {"action": "merge", "new_name": "Both of them"}
    sheet = form_rows(
        {"unit_id": "CU-001", "merge_with": "CU-002"} | asked,
        {"unit_id": "CU-006", "merge_with": "CU-005"} | asked,
    )
    drawn = {"edit_S1.kmz": kmz(draw.swallowed("CU-006", "CU-005"))}
    made = collected(tmp_path, {"form_S1.csv": sheet, **drawn})
    names = units_of(made)["name_en"]
    assert (names["CU-001"], names["CU-006"]) == ("Place 001", "Both of them")
    [row] = made.changes.query("unit_id == 'CU-001'").to_dict("records")
    assert "it calls what CU-001 is merged into 'Both of them'" in row["note"]


def test_words_of_a_form_on_a_unit_that_was_split_since_stand_on_its_pieces(tmp_path):
    first = collected(tmp_path, {"edit_S1.kmz": kmz(draw.halved("CU-004"))})
    (tmp_path / "handed-in" / "edit_S1.kmz").unlink()
    row = {"unit_id": "CU-004", "name_en": "Place 004", "action": "reject"}
    sheet = form_rows(row | {"comment": "we want it whole again"})
    made = collected(tmp_path, {"form_S1.csv": sheet}, on=first.round)
    rows = made.changes[made.changes["unit_id"].str.startswith("CU-004")]
    assert rows["change"].tolist() == ["commented"] * 2
    assert set(rows["note"]) == {"CU-004 | reject | we want it whole again"}


def test_a_row_of_a_form_is_named_as_one(tmp_path, capsys):
    sheet = form_rows({"unit_id": "CU-001", "evidence_grade": "A/B"})
    made = collected(tmp_path, {"form_S1.csv": sheet})
    line = told(made, "'A/B' is not in the list")
    assert (line["placemark"], line["folder"]) == ("CU-001", "")
    say_collected(made, tmp_path / "x")
    assert "'A/B' is not in the list of evidence_grade (row 'CU-001')" in capsys.readouterr().out


def test_a_rename_is_its_new_name_and_without_one_a_question(tmp_path):
    sheet = form_rows(
        {"unit_id": "CU-001", "action": "переименовать", "new_name": "Barskoon"},
        {"unit_id": "CU-002", "action": "rename"},
    )
    made = collected(tmp_path, {"form_S1.csv": sheet})
    assert of(made, "CU-001") == [("renamed", "cu_id", "S1")]
    assert of(made, "CU-002") == [("commented", "cu_id", "S1")]
    assert told(made, "the form says of CU-002: rename") is not None


@pytest.mark.parametrize(
    "typed",
    ["Barskoon / Барскоон", "Барскоон | Barskoon", "Barskoon (Барскоон)", "Barskoon\nБарскоон"],
)
def test_a_name_in_two_languages_is_one_in_each(typed, tmp_path):
    sheet = form_rows(
        {"unit_id": "CU-001", "new_name": typed},
        {"unit_id": "CU-002", "new_name": "Place 002 / Тенгри"},
        {"unit_id": "CU-003", "new_name": "Place 003 / Место 003"},
    )
    renamed = draw.renamed("CU-004", "CU-004 " + typed.replace("\n", " / "))
    made = collected(tmp_path, {"form_S1.csv": sheet, "edit_S1.kmz": kmz(renamed)})
    names = units_of(made)[["name_en", "name_ru"]].values.tolist()
    assert names[:4] == [
        ["Barskoon", "Барскоон"],
        ["Place 002", "Тенгри"],
        ["Place 003", "Место 003"],
        ["Barskoon", "Барскоон"],
    ]
    assert of(made, "CU-003") == [("kept", "cu_id", "S1")]


def test_the_name_of_a_new_unit_does_not_rename_the_one_in_whose_row_it_stands(tmp_path):
    new = {"unit_id": "CU-001", "action": "new", "new_name": "Kungey", "comment": "south of it"}
    made = collected(tmp_path, {"form_S1.csv": form_rows(new | {"open_question": "whose is it?"})})
    assert units_of(made).loc["CU-001", "name_en"] == "Place 001"
    assert of(made, "CU-001") == [("commented", "cu_id", "S1")]
    what = told(made, "asks for a new unit 'Kungey'")["what"]
    assert what.endswith(": south of it; whose is it?")
    [row] = made.changes.query("unit_id == 'CU-001'").to_dict("records")
    assert row["note"] == what  # told once


def test_comment_and_question_of_one_row_of_a_form_stand_on_the_board_once_each(tmp_path):
    said = {"comment": "fence at km 40\nno water", "open_question": "Who counts in winter?"}
    made = collected(tmp_path, {"form_S1.csv": form_rows({"unit_id": "CU-001"} | said)})
    loop = Loop(log=pd.DataFrame({"unit_id": [], "decision": []}), changes=made.changes)
    [shown] = boards(made.round, [drawn_scene(made.round, lang="en")], loop)
    [slide] = [slide for slide in shown.slides if slide.unit_id == "CU-001"]
    assert slide.remarks == ("S1: fence at km 40 · no water",)
    assert [asked for asked in slide.questions if "winter" in asked] == [
        "S1: Who counts in winter?"
    ]


def test_words_in_rows_of_no_unit_are_told_and_of_several_stand_on_each(tmp_path):
    sheet = form_rows(
        {"unit_id": "CU-099", "action": "reject", "comment": "words about an unknown unit"},
        {"unit_id": "CU-001; CU-002", "comment": "words about two"},
        {"unit_id": "CU-003 must take in the shore"},
        {"unit_id": "General remark: all units need a fire plan"},
        {"comment": "in the column of comments"},
        {"unit_id": "general", "open_question": "who pays?"},
        {"unit_id": "CU-004", "name_en": "Place 004"},  # as it was handed out
    )
    made = collected(tmp_path, {"form_S1.csv": sheet})
    for unit_id, said in (
        ("CU-001", "words about two"),
        ("CU-002", "words about two"),
        ("CU-003", "CU-003 must take in the shore"),
    ):
        assert of(made, unit_id) == [("commented", "cu_id", "S1")]
        note = made.changes.set_index("unit_id").loc[unit_id, "note"]
        assert set(note.split("\n")) == {said, "General remark: all units need a fire plan"}
    line = told(made, "outside its rows and columns the form says")
    assert line["what"].partition("says: ")[2] == (
        "CU-099 | reject | words about an unknown unit, in the column of comments, general | who pays?"
    )
    assert told(made, "there is no unit CU-099")["assumed"] == "not used"
    assert not made.problems["what"].str.contains("no unit General remark").any()
    assert of(made, "CU-004") == [("commented", "cu_id", "S1")]  # of all units


def test_what_a_group_types_beside_the_tables_of_its_form_is_told(tmp_path):
    folder = tmp_path / "handed-in"
    folder.mkdir()
    path = filled_form(folder)
    book = openpyxl.load_workbook(path)
    book.worksheets[0]["A30"], book.worksheets[0]["B30"] = "Rapporteur", "rename the section"
    book.worksheets[0]["D2"] = "and the north"
    # as in forms of old: without a key, and in words that were changed since
    book.worksheets[0]["A6"] = None
    book.worksheets[0]["B6"] = book.worksheets[0]["B6"].value[:60] + " as it was put then."
    notes = book.create_sheet("Notes S1")
    notes["A1"], notes["B2"] = "Take in the shore", "because of calving"
    book["activities"].insert_rows(1)
    book["activities"]["A1"] = "all amounts in EUR"
    book["activities"]["P4"] = "asked Aigul"  # right of the last column, in the first row to fill
    book.save(path)
    made = collected(tmp_path, {"edit_S1.kmz": kmz()})
    rows = made.problems[made.problems["kind"] == "form words"].set_index("folder")["what"]
    said = {sheet: what.partition("the form says: ")[2] for sheet, what in rows.items()}
    assert said == {
        "how to fill": "and the north, Rapporteur | rename the section",
        "Notes S1": "Take in the shore, because of calving",
        "activities": "all amounts in EUR, asked Aigul",
    }


def test_a_column_that_a_group_has_put_into_its_form_is_part_of_the_comment(tmp_path):
    folder = tmp_path / "handed-in"
    folder.mkdir()
    path = filled_form(folder)
    book = openpyxl.load_workbook(path)
    sheet = book["units"]
    sheet.insert_cols(3)
    sheet["C2"], sheet["C3"], sheet["C5"] = "Who", "ministry of Nature", 3
    sheet["K4"] = "see the minutes"
    book.save(path)
    made = collected(tmp_path, {"edit_S1.kmz": kmz()})
    assert (
        units_of(made)
        .loc["CU-001", "rationale"]
        .startswith("Rejected by S1: no data since 1990\nWho: ministry of Nature. ")
    )
    rows = made.changes.query("unit_id == 'CU-002'").set_index("change")["note"]
    assert rows["commented"] == "see the minutes"
    assert of(made, "CU-003") == [("kept", "cu_id", "S1")]  # a number is no remark


def test_documents_of_two_groups_in_one_file_stand_each_for_its_own_units(tmp_path):
    """My Places of a rapporteur: S2's folder lacks CU-013, S1's has all; a third group handed in nothing."""
    documents = [
        draw.edited(handed_out("S1"), draw.grown("CU-001", 0.9)),
        draw.edited(handed_out("S2"), draw.deleted("CU-013"), draw.rejected("CU-014")),
    ]
    roots = [etree.fromstring(document) for document in documents]
    roots[0].extend(roots[1])
    together = etree.Element(roots[0].tag)
    top = etree.SubElement(together, roots[0].tag.replace("kml", "Folder"))
    top.extend(roots[0])
    text = etree.tostring(together)
    made = collected(tmp_path, {"myplaces.kml": text})
    assert [(file.group, file.group_by) for file in made.files] == [("S1;S2", "its placemarks")]
    assert told(made, "documents of S1 and S2 in one file") is not None
    assert of(made, "CU-001") == [("reshaped", "cu_id", "S1")]
    assert of(made, "CU-013") == [("deleted", "none", "S2")]
    assert of(made, "CU-014") == [("rejected", "cu_id", "S2")]


@pytest.mark.parametrize("lines", ["many", "one"])
def test_pins_are_of_the_group_in_whose_document_they_lie(lines, tmp_path):
    """Two documents of one name, one after the other, and a pin beside them that may be anybody's."""

    def pin_of(name: str, space: str = "") -> bytes:
        place = f' xmlns="{space}"' if space else ""
        pin = "<Point><coordinates>71.23,42.17</coordinates></Point>"
        return f"<Placemark{place}><name>{name}</name>{pin}</Placemark>".encode()

    notes = b"<name>4 Notes (drop pins here)</name>"
    documents = []
    for group in ("S1", "S2"):
        text = draw.edited(handed_out(group)).replace(notes, notes + pin_of(f"{group} in notes"))
        text = text.replace(b"</Document>", pin_of(f"{group} at the end") + b"</Document>")
        documents.append(etree.fromstring(text))
    documents[0].extend(documents[1])
    together = etree.Element(documents[0].tag)
    top = etree.SubElement(together, documents[0].tag.replace("kml", "Folder"))
    etree.SubElement(top, documents[0].tag.replace("kml", "name")).text = "My Places"
    top.extend(documents[0])
    top.append(etree.fromstring(pin_of("beside", documents[0].nsmap[None])))
    text = etree.tostring(together)
    if lines == "one":  # some programs write no line breaks
        text = text.replace(b"\n", b" ")
    made = collected(tmp_path, {"myplaces.kml": text})
    groups = dict(zip(made.remarks["text"], made.remarks["group"], strict=True))
    assert groups == {
        "S1 in notes": "S1",
        "S1 at the end": "S1",
        "S2 in notes": "S2",
        "S2 at the end": "S2",
        "beside": "S1;S2",
    }


def test_a_late_file_says_nothing_of_units_that_are_younger_than_it(tmp_path):
    """Round 01 has two units that the pack of round 00 could not hold, one of them inside CU-001."""
    west, south = corner("CU-001")
    inside = shapely.box(west + 0.1, south + 0.1, west + 0.4, south + 0.4)
    apart = shapely.box(70.2, 43.0, 70.8, 43.5)
    drawn = [draw.drawn("well", inside, "2 "), draw.drawn("steppe", apart, "2 ")]
    on = collected(tmp_path, {"edit_S1.kmz": kmz(*drawn)}).round
    new = ["CU-017", "CU-018"]
    made = collected(tmp_path, {"edit_S1.kmz": handed_out("S1")}, on=on)
    assert [of(made, unit_id)[0][0] for unit_id in new] == ["absent", "absent"]
    assert set(made.changes["change"]) == {"kept", "absent"}
    notes = made.changes.set_index("unit_id").loc[new, "note"]
    assert notes.str.contains("made in round 01, after its file was handed out in round 00").all()
    assert set(units_of(made).loc[new, "status"]) == {"working-group proposal"}
    assert made.conflicts.empty


def test_what_hangs_on_a_document_is_not_changed_by_a_file(tmp_path):
    done = base()
    units = done.tables["conservation_units"].copy()
    units.loc[units["unit_id"] == "CU-001", "status"] = "endorsed by range states"
    on = Round(done.imprint, {**done.tables, "conservation_units": units}, done.manifest)
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.rejected("CU-001"))}, on=on)
    assert units_of(made).loc["CU-001", "status"] == "endorsed by range states"
    assert made.conflicts["kind"].tolist() == ["settled"]


@pytest.mark.parametrize("other", ["71.2,42.2 71.9,42.2", "70.4,42.4 70.6,42.6"])  # beside, inside
def test_a_line_beside_a_closing_path_is_a_remark(other, tmp_path):
    """The path is proposed as a polygon; the other line of the placemark is no side of it."""
    lines = ("70.2,42.2 71.2,42.2 71.2,42.8 70.2,42.8 70.2,42.21", other)
    shapes = "".join(f"<LineString><coordinates>{one}</coordinates></LineString>" for one in lines)
    text = (
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>Loop and spur</name>'
        f"<MultiGeometry>{shapes}</MultiGeometry></Placemark></Document></kml>"
    )
    made = collected(tmp_path, {"edit_S1.kml": text.encode()})
    assert (made.changes["change"] == "new").sum() == 1
    [remark] = made.remarks.query("kind == 'line'").to_dict("records")
    drawn = [tuple(map(float, place.split(","))) for place in other.split()]
    assert remark["geometry"].equals(shapely.LineString(drawn))


def test_what_was_done_to_evidence_and_folders_is_told(tmp_path):
    """A hotspot moved by a degree, another renamed, and words in the description of the folder of units."""
    text = draw.edited(handed_out("S1"))
    assert b"<name>H01 " in text
    assert collected(tmp_path, {"edit_S1.kml": text}).problems.empty
    folder = b"<name>2 Proposed units (edit these)</name>"
    said = text.replace(folder, folder + b"<description>All of these are too large</description>")
    renamed = said.replace(b"<name>H01 ", b"<name>H01 Greater ")
    made = collected(tmp_path, {"edit_S1.kml": renamed})
    assert told(made, "its description says: All of these are too large")["folder"].startswith("2 ")
    assert told(made, "(hotspots) was moved or renamed")["placemark"].startswith("H01")
    start = text.index(b"<coordinates>", text.index(b"<name>H01 ")) + len(b"<coordinates>")
    end = text.index(b"</coordinates>", start)
    points = [place.split(b",") for place in text[start:end].split()]
    moved = b" ".join(b"%f,%s" % (float(lon) + 1, lat) for lon, lat, *_ in points)
    made = collected(tmp_path, {"edit_S1.kml": text[:start] + moved + text[end:]})
    assert told(made, "(hotspots) was moved or renamed")["placemark"].startswith("H01")


def test_a_range_is_read_where_somebody_wrote_on_it_or_put_it_among_the_units(tmp_path):
    """Else it is counted: each placemark that says its layer is evidence, whatever it is."""
    entries = {"layer": "ranges", "sci_name": "Saiga tatarica"}
    data = "".join(
        f'<Data name="{key}"><value>{value}</value></Data>' for key, value in entries.items()
    )
    ring = "70.2,42.2 71.2,42.2 71.2,42.8 70.2,42.8 70.2,42.2"
    shape = (
        f"<ExtendedData>{data}</ExtendedData><Polygon><outerBoundaryIs><LinearRing>"
        f"<coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
    )
    look, edit = (
        f"<name>{name}</name>" for name in ("3 Evidence (look)", "2 Proposed units (edit these)")
    )
    start = "<Placemark><name>Saiga</name>"

    def with_range(folder: str, typed: str = "") -> Collected:
        text = draw.edited(handed_out("S1")).decode()
        assert text.count(folder) == 1
        text = text.replace(folder, f"{folder}{start}{typed}{shape}")
        return collected(tmp_path, {"edit_S1.kml": text.encode()})

    n_own = draw.edited(handed_out("S1")).count(b'name="layer"')
    for typed, remarks in (
        ("", []),
        ("<description>Too far north</description>", ["Too far north"]),
    ):
        made = with_range(look, typed)
        assert made.files[0].evidence == n_own + 1
        assert made.remarks["text"].tolist() == remarks
        assert made.changes["change"].ne("new").all()
    made = with_range(edit)
    assert made.files[0].evidence == n_own
    assert made.changes["change"].eq("new").sum() == 1
    shape = shape.replace("Saiga tatarica", "")
    assert told(with_range(look), "of which it is no row")["placemark"] == "Saiga"


@pytest.mark.parametrize(
    ("name", "layer", "axes"),
    [
        ("H01 Talas", "hotspots", "xy"),
        ("K2 Saiga track", "corridors", "y"),
        ("S1 West", "sections", "xy"),
    ],
)
def test_a_moved_corner_of_any_layer_that_is_shown_is_told_once(name, layer, axes, tmp_path):
    """One corner, a fifth of a degree inwards: the frame of an area stays as it was."""
    text = draw.edited(handed_out("S1"))
    start = text.index(b"<coordinates>", text.index(b"<name>%s" % name.encode()))
    start += len(b"<coordinates>")
    end = text.index(b"</coordinates>", start)
    corners = [[float(one) for one in place.split(b",")[:2]] for place in text[start:end].split()]
    # not the first corner of a ring, which is its last one too
    middle = shapely.MultiPoint(corners).envelope.centroid
    for axis in axes:
        at, to = "xy".index(axis), getattr(middle, axis)
        corners[1][at] += 0.2 if to > corners[1][at] else -0.2
    moved = " ".join(f"{lon:.6f},{lat:.6f}" for lon, lat in corners)
    made = collected(tmp_path, {"edit_S1.kml": text[:start] + moved.encode() + text[end:]})
    assert made.problems["placemark"].tolist() == [name]
    [what] = made.problems["what"]
    assert what == f"a feature of the evidence ({layer}) was moved or renamed"


def test_evidence_is_told_as_edited_where_most_of_it_is_not_simply_drawn_plainer():
    """Ten circles drawn with four corners, as a large file draws them, and one of them moved by half a degree."""
    circles = [shapely.Point(60 + 3 * n, 45).buffer(1, quad_segs=64) for n in range(10)]
    shown = gpd.GeoDataFrame(
        {"context_id": range(10), "name_en": "", "name_ru": ""}, geometry=circles, crs=4326
    )

    def mark(place: int, ground: object) -> dict[str, object]:
        data = {"layer": "context_herds", "note": "a word"}
        shapes = {"ground": ground, "lines": None, "points": None}
        return {"name": "Herds", "data": data, "placemark_id": f"context_herds.{place}.1", **shapes}

    plain = [shapely.segmentize(shapely.simplify(one, 0.3), 0.1) for one in circles]
    marks = [mark(n, shape) for n, shape in enumerate(plain)]
    assert list(edited_evidence(marks, {"context_herds": shown})) == []
    marks[3] = mark(3, translate(plain[3], 0.5))
    assert list(edited_evidence(marks, {"context_herds": shown})) == [(marks[3], "herds")]
    # an older release rounded sensitive places to half a degree and did not say so: nobody moves most of a layer
    coarse = [translate(shapely.set_precision(one, 0.5), 0.15, 0.1) for one in circles]
    marks = [mark(n, shape) for n, shape in enumerate([*coarse[:6], *plain[6:]])]
    assert list(edited_evidence(marks, {"context_herds": shown})) == []
    marks = [mark(n, shape) for n, shape in enumerate([*plain[:6], *coarse[6:]])]
    assert list(edited_evidence(marks, {"context_herds": shown})) == [
        (one, "herds") for one in marks[6:]
    ]
    # of a few a group may well redraw most
    marks = [mark(n, shape) for n, shape in enumerate([*plain[:1], *coarse[1:4]])]
    assert list(edited_evidence(marks, {"context_herds": shown})) == [
        (one, "herds") for one in marks[1:]
    ]


def test_evidence_of_a_file_of_the_pack_is_not_held_against_this_release(tmp_path):
    """Byte for byte what went out: a hotspot that lies elsewhere was drawn there by whatever packed it."""

    def renamed(root: etree._Element) -> None:
        [name, *_] = (one for one in root.iter("{*}name") if (one.text or "").startswith("H01 "))
        name.text = "H01 Greater"

    file = kmz(renamed)
    made = collected(tmp_path, {"edit_S1.kmz": file})
    assert told(made, "(hotspots) was moved or renamed")["kind"] == "evidence edited"
    folder = tmp_path / "pack"
    folder.mkdir()
    digest = store.sha256(tmp_path / "handed-in" / "edit_S1.kmz")
    (folder / store.SUMS).write_text(f"{digest}  S1/edit_S1.kmz\n")
    made = collect([tmp_path / "handed-in"], base(), pack=folder)
    assert made.problems["kind"].tolist() == ["unchanged file"]


# -- on paper, and in tables ---------------------------------------------------------------------


def test_a_map_that_was_drawn_on_is_told_with_what_to_do(tmp_path):
    """A scan, or other bytes than were handed out; a map as it was handed out is nobody's work."""
    packs = tmp_path / "pack" / "S1"
    packs.mkdir(parents=True)
    (packs / "map_S1.pdf").write_bytes(b"%PDF-1.7 as handed out")
    digest = store.sha256(packs / "map_S1.pdf")
    (tmp_path / "pack" / store.SUMS).write_text(f"{digest}  S1/map_S1.pdf\n")
    folder = tmp_path / "handed-in"
    folder.mkdir()
    (folder / "map_S1.pdf").write_bytes(b"%PDF-1.7 as handed out, and a line by pen")
    with pytest.raises(
        InputError, match=r"map_S1.pdf: the file is a picture or a PDF: what was drawn"
    ):
        collect([folder], base(), pack=tmp_path / "pack")
    (folder / "map_S2_scan.jpg").write_bytes(b"\xff\xd8")
    (folder / "map_S1.pdf").write_bytes((packs / "map_S1.pdf").read_bytes())
    (folder / "edit_S1.kmz").write_bytes(kmz())
    made = collect([folder], base(), pack=tmp_path / "pack")
    assert told(made, "drawn on it with a pen is not read")["file"] == "map_S2_scan.jpg"
    assert told(made, "of the pack that nobody edits")["what"].endswith(": map_S1.pdf")
    assert "map_S2_scan.jpg" in made.changes.set_index("unit_id").loc["CU-013", "note"]
    (folder / "edit_S1.kmz").unlink()
    (folder / "map_S2_scan.jpg").unlink()
    with pytest.raises(
        InputError,
        match=r"files of the pack that nobody edits: map_S1\.pdf\.",
    ):
        collect([folder], base(), pack=tmp_path / "pack")


def test_a_folder_of_nothing_but_outlines_as_text_says_what_to_do(tmp_path):
    table = 'WKT,name\n"POLYGON ((70 42, 71 42, 71 43, 70 42))",gap\n'
    with pytest.raises(InputError, match=r"S4.csv is a table with outlines as text. Export"):
        collected(tmp_path, {"S4.csv": table.encode()})


@pytest.mark.parametrize(
    ("heads", "answer", "choice"),
    [
        ("единица;решение;причина", "как было", "base"),
        ("Единица;Решено;причина", "Спросить", "ask"),
        ("Единица;Решено;причина", "Исключить", "delete"),  # as a report shows it
        ("Единица;Решено;причина", "Оставить вариант S2 · так нарисовано", "S2"),
        ("单元;处理结果;理由", "合并", "union"),
        ("нэгж;шийдвэр;шалтгаан", "хоёуланг", "both"),
        ("unit_id;resolution;reason", "оставить S2", "S2"),
        ("unit;decision;reason", "Keep S2", "S2"),
        ("unit_id;resolution;reason", "edit_S2.kmz", "edit_S2.kmz"),
        ("unit_id;resolution;reason", "группа S2", "S2"),
        ("unit_id;resolution;reason", "Keep the S2 version", "S2"),
        ("unit_id;resolution;reason", "as S2 drew it", "S2"),
        ("unit_id;resolution;reason", "S2组", "S2"),
        ("unit_id;resolution;reason", "Ｓ２", "S2"),
    ],
)
def test_resolutions_are_read_in_every_language(heads, answer, choice, tmp_path):
    path = tmp_path / "resolutions.csv"
    path.write_text(f"{heads}\nСU-012;{answer};да\n", encoding="utf-8")
    rows = workshop.resolutions_of(resolution_rows(path), groups=["S2"], files=["edit_S2.kmz"])
    assert rows == {"CU-012": workshop.Resolution("CU-012", choice, "да")}


def test_every_answer_that_a_report_shows_can_be_typed(tmp_path):
    for lang in words.LANGUAGES:
        for choice in workshop.CHOICES:
            path = tmp_path / "resolutions.csv"
            told_so = words.text(f"answer {choice}", lang)
            path.write_text(f"unit_id,resolution\nCU-012,{told_so}\n", encoding="utf-8")
            [row] = workshop.resolutions_of(resolution_rows(path), groups=()).values()
            # of both that leave a unit out one word is told
            assert row.choice == choice or {row.choice, choice} == {"delete", "leave-out"}


def test_a_dot_within_a_reason_is_part_of_it(tmp_path):
    path = tmp_path / "resolutions.csv"
    path.write_text("unit_id,resolution\nCU-012,S2: east · and north\n", encoding="utf-8")
    [row] = workshop.resolutions_of(resolution_rows(path), groups=["S2"]).values()
    assert (row.choice, row.reason) == ("S2", "east · and north")


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_every_default_that_a_report_shows_can_be_typed(lang, tmp_path):
    defaults = {
        "ask plenary": "ask",
        "union": "union",
        "keep base": "base",
        "leave out": "delete",
        "keep what was decided": "base",
        "the more alike keeps the id": "both",
        "keep S2": "S2",
        "keep edit_S2.kmz": "edit_S2.kmz",
    }
    answers = [answer_said(default, lang) for default in defaults]
    ids = [f"CU-{number:03d}" for number in range(1, len(answers) + 1)]
    path = tmp_path / "resolutions.csv"
    pd.DataFrame({"unit_id": ids, "resolution": answers}).to_csv(path, index=False)
    read = workshop.resolutions_of(resolution_rows(path), groups=["S2"], files=["edit_S2.kmz"])
    assert [row.choice for row in read.values()] == list(defaults.values())


def test_the_report_is_told_from_a_form_with_what_to_do(tmp_path):
    write_collected(collected(tmp_path, two_on_one()), tmp_path / "01")
    report_book = (tmp_path / "01" / "report.xlsx").read_bytes()
    made = collected(tmp_path, {"report.xlsx": report_book})
    assert "rename it so" in told(made, "is the report of a round")["what"]


# -- measured again -------------------------------------------------------------------------------


def test_every_drawn_shape_is_measured_before_and_after(tmp_path):
    """CU-003 straddles the border of KZ and KG at 72; its eastern half lies in KG alone."""
    half = shapely.box(72.0, 40.0, 72.3, 40.6)
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.drawn_as("CU-003", half))})
    row = made.changes.query("unit_id == 'CU-003'").iloc[0]
    assert row["after_km2"] == pytest.approx(shapely_km2(half), rel=1e-3)
    assert row["gained_km2"] == pytest.approx(0, abs=1)
    assert row["lost_km2"] == pytest.approx(shapely_km2(square("CU-003") - half), rel=1e-3)
    assert "G1" in row["criteria_lost"]
    assert row["decision"] == "not proposed"
    unit = units_of(made).loc["CU-003"]
    assert unit["status"] == "working-group proposal"  # shown, never dropped
    assert pd.isna(unit["rank"])
    criteria = made.round.tables["unit_criteria"]
    assert len(criteria[criteria["unit_id"] == "CU-003"]) == 11
    # what it lacks is the ground that it gave up, on the other side of 72
    takes = made.round.tables["what_it_takes"].query("site == 'CU-003' and criterion == 'G1'")
    assert takes[["kind", "direction"]].to_numpy().tolist() == [["ground", "W"]]


def test_collected_again_only_the_outline_that_was_never_seen_is_measured(tmp_path, monkeypatch):
    """S1 draws CU-003 anew both times, CU-002 the second time only; as if nothing had been kept."""
    write_proposal(base(), tmp_path / "00")
    half = draw.drawn_as("CU-003", shapely.box(72.0, 40.0, 72.3, 40.6))
    collected(tmp_path, {"edit_S1.kmz": kmz(half)}, on=store.open_round(tmp_path / "00"))
    measured: list[int] = []
    site_tables = overlap.site_tables

    def counted(sites: gpd.GeoDataFrame, *rest: Any, **options: Any) -> Any:
        measured.append(len(sites))
        return site_tables(sites, *rest, **options)

    monkeypatch.setattr(overlap, "site_tables", counted)
    both = {"edit_S1.kmz": kmz(half, draw.grown("CU-002", 1.2))}
    again = collected(tmp_path, both, on=store.open_round(tmp_path / "00"))
    assert measured == [1]
    shutil.rmtree(tmp_path / ".cami-units-cache")
    anew = collected(tmp_path, both, on=store.open_round(tmp_path / "00"))
    assert measured == [1, 2]
    assert again.round.tables.keys() == anew.round.tables.keys()
    for name, table in anew.round.tables.items():
        pd.testing.assert_frame_equal(again.round.tables[name], table, check_exact=True)


def test_pieces_of_a_unit_are_held_against_the_unit_they_were(tmp_path):
    """The halves of CU-003 lie in KZ and in KG alone: neither is on both sides of the border."""
    west, south = corner("CU-003")
    halves = [shapely.box(x, south, x + SIDE / 2, south + SIDE) for x in (west, west + SIDE / 2)]
    file = kmz(draw.deleted("CU-003"), *(draw.drawn("", half, "2 ") for half in halves))
    made = collected(tmp_path, {"edit_S1.kmz": file})
    rows = made.changes.query("unit_id in ['CU-003a', 'CU-003b']")
    assert len(rows) == 2
    assert rows["criteria_lost"].str.startswith("G1").all()
    assert rows["criteria_gained"].eq("").all()
    assert rows["decision"].eq("not proposed").all()
    write_report(tmp_path / "report.html", report(made))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert words.text("report no losses", "en") not in page


def test_planning_units_go_to_the_unit_that_holds_half_of_their_cell(tmp_path, monkeypatch):
    """Cells of 25 km around CU-001 and CU-002, which grows to twice its side, in the plane.

    Its outline is projected once, and its ground, which was measured, laid over them: one of a
    million corners would be cut once more for the cells alone.
    """
    around = gpd.GeoSeries([shapely.box(70, 40, 72, 41.2)], crs=LONLAT).to_crs(EQUAL_AREA)
    cells = grid.planning_units(around)

    def holders(units: gpd.GeoDataFrame) -> list[str]:
        flat = units.geometry.segmentize(0.01).to_crs(EQUAL_AREA)
        shares = [flat.intersection(cell).area / cell.area for cell in cells.geometry]
        return [min(units["unit_id"][share >= 0.5], default="") for share in shares]

    done = base()
    before = holders(gpd.GeoDataFrame(done.tables["conservation_units"]))
    told = {"richness": 0, "n_shared": 0, "threat_weight": 0.0, "range_rarity": 0.0, "score": 0.0}
    table = layers.to_lonlat(cells[["pu_id", "geometry"]].assign(**told, unit_id=before))
    on = replace(done, tables={**done.tables, "planning_units": table})
    seen: list[bytes] = []
    project = layers.to_equal_area

    def counted(table: gpd.GeoDataFrame, *crs: str) -> gpd.GeoDataFrame:
        seen.extend(shapely.to_wkb(table.geometry.to_numpy()))
        return project(table, *crs)

    monkeypatch.setattr(layers, "to_equal_area", counted)
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.grown("CU-002", 2.0))}, on=on)
    units = made.round.tables["conservation_units"].set_index("unit_id")
    assert seen.count(shapely.to_wkb(units.at["CU-002", "geometry"])) == 1
    after = holders(gpd.GeoDataFrame(made.round.tables["conservation_units"]))
    assert made.round.tables["planning_units"]["unit_id"].tolist() == after
    assert after.count("CU-002") > before.count("CU-002") > 0


# -- refuse, without harm -------------------------------------------------------------------------


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("doc.kml", b"\x00" * 30_000_000)
    return buffer.getvalue()


def entry(name: str, *, link: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = (0o120777 if link else 0o644) << 16
        archive.writestr(info, b"/etc/passwd")
    return buffer.getvalue()


def encrypted() -> bytes:
    content = bytearray(kmz())
    content[6] |= 1
    place = content.rindex(b"PK\x01\x02")
    content[place + 8] |= 1
    return bytes(content)


KML_HEAD = '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
REFUSED = {
    "a document type": (b"<!DOCTYPE kml><kml/>", "declares a document type"),
    "an entity bomb": (
        b'<!DOCTYPE k [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><kml>&b;</kml>',
        "declares a document type",
    ),
    "an external entity": (
        b'<!DOCTYPE k [<!ENTITY x SYSTEM "http://127.0.0.1/x">]><kml>&x;</kml>',
        "declares a document type",
    ),
    "a zip bomb": (bomb, "as a zip bomb does"),
    "zip-slip": (lambda: entry("../../doc.kml"), "points out of the archive"),
    "an absolute path": (lambda: entry("/etc/doc.kml"), "points out of the archive"),
    "a link": (lambda: entry("doc.kml", link=True), "is a link"),
    "encrypted": (encrypted, "is encrypted"),
    "nested too deep": (
        (KML_HEAD + "<Folder>" * 300 + "</Folder>" * 300 + "</Document></kml>").encode(),
        "nested",
    ),
    "a picture": (b"\x89PNG\r\n\x1a\n" + b"\x00" * 99, "is a picture, not KML or KMZ"),
    "nonsense": (b"hello", "is not KML"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_hostile_files_are_refused_with_their_line_and_nothing_is_fetched(
    case, tmp_path, monkeypatch
):
    content, what = REFUSED[case]

    def no_network(*args, **kwargs):
        raise AssertionError("something was fetched")

    monkeypatch.setattr(socket, "socket", no_network)
    files = {"evil.kmz": content() if callable(content) else content, **same_again()}
    made = collected(tmp_path, files)
    row = told(made, what)
    assert (row["file"], row["assumed"]) == ("evil.kmz", "not read; the other files were")
    [refused] = [file for file in made.files if file.refused]
    assert what in refused.refused
    assert of(made, "CU-014") == [("kept", "cu_id", "S2")]


def test_that_too_many_outlines_were_drawn_to_ask_what_each_misses_is_said(tmp_path, monkeypatch):
    files = {"edit_S1.kmz": kmz(draw.grown("CU-001", 1.1), draw.grown("CU-002", 1.1))}
    assert not collected(tmp_path, files).problems["kind"].eq("not asked").any()
    monkeypatch.setattr("cami_units.commands._next_round.MOST_ASKED", 1)
    row = told(collected(tmp_path, files), "not asked of the 2 outlines drawn in this round")
    assert row["kind"] == "not asked"
    assert row["assumed"] == "their cards and tables say nothing of it"


def test_an_over_large_file_is_refused_unread(tmp_path, monkeypatch):
    from cami_units.kml import _containers

    monkeypatch.setattr(_containers, "MAX_FILE", 100_000)
    made = collected(tmp_path, {"huge.kml": b" " * 200_000, **same_again()})
    assert "is too large" in told(made, "too large")["what"]


def test_where_nothing_could_be_read_the_fault_is_told(tmp_path):
    with pytest.raises(
        InputError, match=r"None of the 2 files could be read\. a\.kmz: the file is empty"
    ):
        collected(tmp_path, {"a.kmz": b"", "b.kmz": b"hello"})


def test_nothing_to_read_is_told(tmp_path):
    with pytest.raises(InputError, match="There is no file to read"):
        collected(tmp_path, {})
    with pytest.raises(InputError, match=r"There is no file .*gone\.kmz"):
        collect([tmp_path / "gone.kmz"], base())


# -- nothing is lost ------------------------------------------------------------------------------


def test_every_placemark_is_accounted_for(tmp_path):
    """An independent count of the XML, file by file and in sum."""
    files = {
        "edit_S1.kml": draw.edited(
            handed_out("S1"), *SCRIPT, raw("far", "271,41,0 272,41,0 272,42,0")
        ),
        "edit_S2.kml": draw.edited(handed_out("S2"), draw.resaved),
        "edit_S2b.kml": draw.edited(handed_out("S2"), draw.only("3 ")),
    }
    made = collected(tmp_path, files)
    counted = {
        name: len(re.findall(rb"<(?:\w+:)?Placemark[\s>]", text)) for name, text in files.items()
    }
    assert {file.file: file.placemarks for file in made.files} == counted
    for file in made.files:
        parts = file.evidence + file.shapes + file.pins + file.unusable + file.passed
        assert parts == file.placemarks, file
    # Every shape is in the table of changes or was set aside; every pin is a remark.
    assert sum(file.pins for file in made.files) == int(
        (made.remarks["kind"] != "comment").sum()
    ) - len(made.remarks.query("kind == 'conflict'"))


# -- other ways to hand in ------------------------------------------------------------------------


def test_a_column_layer_that_a_gis_adds_is_no_mark_of_evidence(tmp_path):
    """QGIS writes where each row came from when it merges layers; nothing of such a file was read."""
    units = base().tables["conservation_units"].head(2)[["unit_id", "geometry"]]
    table = units.assign(layer=["hotspots", "edit_S1 — 2 Proposed units"], path="C:/S1.kmz")
    new = gpd.GeoDataFrame(geometry=[shapely.box(70.2, 43.0, 70.8, 43.5)], crs=LONLAT)
    rows = pd.concat([table, new.assign(layer="S1_drawn")])
    (tmp_path / "handed-in").mkdir()
    gpd.GeoDataFrame(rows, crs=LONLAT).to_file(tmp_path / "handed-in" / "S1.gpkg")
    made = collected(tmp_path, {})
    assert [of(made, one)[0] for one in UNITS[:2]] == [("kept", "cu_id", "S1")] * 2
    assert of(made, "CU-017") == [("new", "none", "S1")]


def test_geopackage_and_geojson_come_in_too(tmp_path):
    units = gpd.GeoDataFrame(base().tables["conservation_units"])
    east = units[units["unit_id"].isin(EAST)].reset_index(drop=True)
    east.loc[0, "geometry"] = scale(east.geometry[0], 0.8, 0.8)
    folder = tmp_path / "handed-in"
    folder.mkdir()
    east[["unit_id", "name_en", "geometry"]].to_file(folder / "edit_S2.gpkg", layer="units")
    new = gpd.GeoDataFrame(
        {"name": ["drawn in QGIS"]}, geometry=[shapely.box(70.2, 43, 70.8, 43.4)], crs=LONLAT
    )
    new.to_file(folder / "edit_S1.geojson")
    made = collect([folder], base())
    assert of(made, "CU-013") == [("reshaped", "cu_id", "S2")]
    assert of(made, "CU-014") == [("kept", "cu_id", "S2")]
    assert of(made, "CU-017") == [("new", "none", "S1")]
    assert units_of(made).loc["CU-017", "name_en"] == "drawn in QGIS"


def filled_form(folder: Path, named: str = "form_S1.xlsx") -> Path:
    """The form of S1: it rejects CU-001 and renames CU-002."""
    units = base().tables["conservation_units"]
    west = units[units["unit_id"].isin(WEST)]
    write_form(folder / named, west, imprint=base().imprint, group="S1")
    book = openpyxl.load_workbook(folder / named)
    sheet = book["units"]
    names = [cell.value for cell in sheet[1]]
    fields = {"action": "reject", "comment": "no data since 1990"}
    for row in sheet.iter_rows(min_row=3):
        if row[0].value == "CU-001":
            for name, value in fields.items():
                row[names.index(name)].value = value
        if row[0].value == "CU-002":
            row[names.index("new_name")].value = "Barskoon"
    book.save(folder / named)
    return folder / named


def as_the_form_says(made: Collected) -> None:
    assert of(made, "CU-001") == [("rejected", "cu_id", "S1")]
    assert (
        units_of(made).loc["CU-001", "rationale"].startswith("Rejected by S1: no data since 1990. ")
    )
    assert of(made, "CU-002") == [("renamed", "cu_id", "S1")]


@pytest.mark.parametrize(
    ("value", "typed"),
    [
        (12, "12"),
        ("12", "12"),
        (dt.date(2026, 3, 5), "2026-03-05"),
        (dt.time(12, 30), "12:30:00"),
        (True, "True"),
        ("Untitled polygon", "Untitled polygon"),
    ],
)
def test_what_is_hardly_a_name_is_asked_about_once_and_renames_nothing(value, typed, tmp_path):
    folder = tmp_path / "handed-in"
    folder.mkdir()
    path = filled_form(folder)
    book = openpyxl.load_workbook(path)
    sheet = book["units"]
    column = [cell.value for cell in sheet[1]].index("new_name")
    for row in sheet.iter_rows(min_row=3):
        if row[0].value == "CU-003":
            row[column].value = value
    book.save(path)
    made = collected(tmp_path, {"edit_S1.kmz": kmz()})
    assert units_of(made).loc["CU-003", "name_en"] == "Place 003"
    assert told(made, "is it meant as one?")["what"].startswith(f"'{typed}' stands for a new name")
    as_the_form_says(made)


def test_a_line_of_a_form_for_the_name_of_a_unit_is_told_which_unit_is_called_so(tmp_path):
    folder = tmp_path / "handed-in"
    folder.mkdir()
    path = filled_form(folder)
    book = openpyxl.load_workbook(path)
    for row in book["units"].iter_rows(min_row=3):
        if row[0].value == "CU-001":
            row[0].value = " place  004"
    book.save(path)
    made = collected(tmp_path, {"edit_S1.kmz": kmz()})
    assert "called so: CU-004. Type the id" in told(made, "there is no unit")["what"]


def with_data(cu_id: str, /, **values: str) -> draw.Edit:
    """Attributes of a unit as somebody edits them in QGIS: its name stays."""

    def edit(root) -> None:
        [mark] = [
            mark
            for mark in root.iter("{*}Placemark")
            if any(one.get("name") == "cu_id" and cu_id in "".join(one.itertext()) for one in mark.iter())
        ]  # fmt: skip
        for entry in mark.iter("{*}SimpleData", "{*}Data"):
            if entry.get("name") in values:
                holder = next(iter(entry.iterchildren("{*}value")), entry)
                holder.text = values[entry.get("name")]

    return edit


def test_a_name_that_is_changed_in_the_attributes_is_a_new_name(tmp_path):
    edits = (
        with_data("CU-001", name_en="Barskoon", name_ru="Барскоон"),
        with_data("CU-002", name_ru="Хан-Тенгри"),
        with_data("CU-003", name_en="12", status="adopted", rank="1"),
        with_data("CU-004", name_ru="????? 004"),  # letters that a code page lost
    )
    made = collected(tmp_path, {"edit_S1.kmz": kmz(*edits), **same_again()})
    names = units_of(made)[["name_en", "name_ru"]].to_numpy().tolist()
    assert names[:4] == [
        ["Barskoon", "Барскоон"],
        ["Place 002", "Хан-Тенгри"],
        ["Place 003", "Место 003"],
        ["Place 004", "Место 004"],
    ]
    assert [of(made, f"CU-00{unit}")[0][0] for unit in (1, 2, 4)] == ["renamed", "renamed", "kept"]
    [odd] = made.changes.query("unit_id == 'CU-003'").to_dict("records")
    assert "'12' stands for a new name" in str(odd)
    assert units_of(made).loc["CU-003", "status"] == "working-group proposal"


def test_a_name_that_is_emptied_in_the_attributes_is_told_and_stays(tmp_path):
    made = collected(
        tmp_path, {"edit_S1.kmz": kmz(with_data("CU-001", name_ru="")), **same_again()}
    )
    assert units_of(made).loc["CU-001", "name_ru"] == "Место 001"
    [told_of] = made.changes.query("unit_id == 'CU-001'").to_dict("records")
    assert "name_ru is empty in the attributes, where 'Место 001' stood" in str(told_of)
    [other] = made.changes.query("unit_id == 'CU-003'").to_dict("records")
    assert "empty" not in str(other)


def test_a_table_with_outlines_as_text_is_to_come_as_a_layer(tmp_path):
    table = b'WKT,unit_id\n"MULTIPOLYGON (((70 42,71 42,71 43,70 42)))",CU-001\n'
    made = collected(
        tmp_path, {"edit_S1.kmz": kmz(), "from_qgis.csv": table, "points.csv": b"x\n1\n"}
    )
    assert "from_qgis.csv" in told(made, "tables with outlines as text (1)")["what"]
    assert "from_qgis.csv" not in told(made, "tables that are no sheet of a form (1)")["what"]
    with pytest.raises(InputError, match="Export the layer as GeoPackage or KML"):
        collect([tmp_path / "handed-in" / "from_qgis.csv"], base())


def test_a_table_with_outlines_in_an_archive_is_advised_as_one_by_itself(tmp_path, capsys):
    table = b'WKT,unit_id\n"MULTIPOLYGON (((70 42,71 42,71 43,70 42)))",CU-001\n'
    tables = {"from_qgis.csv": table, "points.csv": b"x\n1\n"}
    packed = draw.packed(**{"edit_S1.kml": draw.edited(kmz())}, **tables)
    made = collected(tmp_path, {"all.zip": packed, "alone.zip": draw.packed(**tables)})
    line = told(made, "tables with outlines as text (1): from_qgis.csv")
    assert "Export the layer as GeoPackage or KML" in line["assumed"]
    assert "from_qgis.csv" not in told(made, "the archive also holds")["what"]
    refusal = told(made, "from_qgis.csv is a table with outlines as text")
    assert (refusal["kind"], refusal["file"]) == ("file refused", "alone.zip")
    # an archive has no line of its own on the screen, where both were missing
    say_collected(made, Path("01"))
    said = capsys.readouterr().out
    assert "\n· all.zip: the archive also holds points.csv, which is not read → hand in" in said
    assert "\n· all.zip: tables with outlines as text (1): from_qgis.csv → " in said


def test_the_form_comes_in_beside_the_map(tmp_path):
    folder = tmp_path / "handed-in"
    folder.mkdir()
    filled_form(folder)
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.grown("CU-003", 0.9))})
    as_the_form_says(made)
    assert of(made, "CU-003") == [("reshaped", "cu_id", "S1")]


def sheet_as_text(form: Path) -> bytes:
    """The sheet "units" as Excel in Russian saves it as CSV."""
    stream = io.StringIO(newline="")
    rows = openpyxl.load_workbook(form)["units"].values
    csv.writer(stream, delimiter=";").writerows(rows)
    return stream.getvalue().encode("cp1251", "replace")


@pytest.mark.parametrize("travels", ["by itself", "in a zip", "in a mail"])
def test_the_form_comes_in_as_a_table_of_text(tmp_path, travels):
    table = sheet_as_text(filled_form(tmp_path))
    kml_text = draw.edited(kmz(draw.grown("CU-003", 0.9)))
    files = {"edit_S1.kml": kml_text, "S1 - units.csv": table, "points.csv": b"x,y\n70,42\n"}
    if travels == "in a zip":
        files = {"all.zip": draw.packed(**files)}
    elif travels == "in a mail":
        mail = EmailMessage()
        mail.set_content("as agreed")
        for name, content in files.items():
            mail.add_attachment(content, maintype="text", subtype="csv", filename=name)
        files = {"all.eml": mail.as_bytes()}
    made = collected(tmp_path, files)
    as_the_form_says(made)
    assert of(made, "CU-003") == [("reshaped", "cu_id", "S1")]
    # a table that is no form is said, wherever it lies
    key = "tables beside" if travels == "by itself" else "archive also holds"
    said = made.problems.set_index("kind").loc[key, "what"]
    assert "points.csv" in said
    assert "units.csv" not in said


def as_my_maps(content: bytes, remark: str = "") -> bytes:
    """The units of a pack as Google My Maps exports them once they were imported.

    One folder a layer, ids gone, coordinates a line each, and every datum once more as a line of the
    description.
    """
    marks = []
    for row in kml.read_placemarks(content, "edit_S1.kml").table.to_dict("records"):
        if not row["data"].get("cu_id"):
            continue
        lines = [f"{key}: {value}" for key, value in row["data"].items()]
        words = "<br>".join([*lines, *([remark] if row["name"].startswith("CU-001") else [])])
        data = "".join(
            f'<Data name="{key}"><value><![CDATA[{value}]]></value></Data>'
            for key, value in row["data"].items()
        )
        points = "\n".join(f"{x},{y},0" for x, y in row["polygons"].exterior.coords)
        marks.append(
            f"<Placemark><name>{row['name']}</name><description><![CDATA[{words}]]></description>"
            f"<styleUrl>#poly-000000-1200-77</styleUrl><ExtendedData>{data}</ExtendedData><Polygon>"
            "<outerBoundaryIs><LinearRing><tessellate>1</tessellate><coordinates>"
            f"{points}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
        )
    body = f"<Folder><name>edit_S1.kmz</name>{''.join(marks)}</Folder>"
    head = '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2">'
    return f"{head}<Document><name>Untitled map</name>{body}</Document></kml>".encode()


def test_a_pack_through_google_my_maps_is_kept_and_its_echoes_are_no_comments(tmp_path):
    plain = draw.edited(handed_out("S1"))
    made = collected(tmp_path, {"Untitled map.kml": as_my_maps(plain), **same_again()})
    assert made.changes["change"].tolist() == ["kept"] * 16
    [file, _] = made.files
    assert (file.group, file.group_by) == ("S1", "its placemarks")


def test_what_is_typed_in_google_my_maps_is_a_comment(tmp_path):
    content = as_my_maps(draw.edited(handed_out("S1")), "herders: agreed")
    made = collected(tmp_path, {"Untitled map.kml": content})
    assert of(made, "CU-001") == [("commented", "cu_id", "S1")]
    [row] = made.changes.query("change == 'commented'").to_dict("records")
    assert row["note"] == "herders: agreed"


# -- what is written ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    hostile = "CU-001 <img src=x onerror=alert(1)>{{7*7}}"
    made = collected(
        folder,
        {
            "edit_S1.kmz": kmz(*SCRIPT[1:], draw.renamed("CU-001", hostile)),
            **{name: content for name, content in two_on_one().items() if "S2" in name},
            "=cmd|calc!A0.kmz": b"hello",
        },
    )
    write_collected(made, folder / "01-collected")
    return folder / "01-collected"


def test_the_next_round_is_whole_and_can_be_collected_on(written):
    names = {path.name for path in written.iterdir()}
    assert names >= {
        *("changes.csv", "conflicts.csv", "problems.csv", "report.html", "report.xlsx"),
        *("conservation_units.gpkg", "conservation_units.csv", "conservation_units.xlsx"),
        *("conservation_units.kmz", "conservation_units_web.kmz", "map.html", "manifest.json"),
    }
    again = store.read_round(written)
    assert again.imprint.round == "Round 01"
    assert again.manifest["base"] == {"round": 0, "title": "A small workshop"}
    assert {"remarks", "set_aside"} <= set(again.tables)
    reopened(again)
    changes = pd.read_csv(written / "changes.csv")
    assert list(changes.columns[:6]) == [
        "unit_id",
        "change",
        "matched_by",
        "group",
        "file",
        "placemark",
    ]
    conflicts = pd.read_csv(written / "conflicts.csv")
    assert list(conflicts.columns[:5]) == [
        "unit_id",
        "groups",
        "overlap_km2",
        "default",
        "resolution",
    ]
    problems = pd.read_csv(written / "problems.csv")
    columns = ["file", "folder", "placemark", "line", "what", "assumed", "kind", "facts"]
    assert list(problems.columns) == columns


@pytest.mark.slow
def test_what_hangs_on_units_goes_along_and_the_log_of_decisions_is_kept(tmp_path):
    base_dir = tmp_path / "00"
    write_proposal(base(), base_dir)
    (base_dir / "activities.csv").write_bytes(b"activity_id,unit_id\nS1-001,CU-001\n")
    decide(base_dir, "CU-001", "agree", reason="as drawn", time="2026-11-22T14:05")
    log = (base_dir / "decisions.csv").read_bytes()
    (tmp_path / "edit_S1.kmz").write_bytes(kmz(draw.grown("CU-001", 0.9)))
    made = collect([tmp_path / "edit_S1.kmz"], decided_round(base_dir), base_dir=base_dir)
    write_collected(made, tmp_path / "01")
    assert (tmp_path / "01" / "decisions_00.csv").read_bytes() == log
    assert (tmp_path / "01" / "activities.csv").read_bytes().endswith(b"S1-001,CU-001\n")
    units = units_of(made)["status"]
    # What plenary agreed stands: the outline that came in later is a question, not a change.
    assert (units["CU-001"], units["CU-002"]) == ("plenary-agreed", "working-group proposal")
    [conflict] = made.conflicts.to_dict("records")
    assert (conflict["kind"], conflict["default"]) == ("decided", "keep what was decided")


def test_pins_are_on_the_map(written):
    page = (written / "map.html").read_text(encoding="utf-8")
    assert "since 2019" in page


def test_hostile_names_are_text_everywhere(written):
    page = (written / "report.html").read_text(encoding="utf-8")
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;{{7*7}}" in page
    assert "default-src 'none'" in unescape(page)
    book = openpyxl.load_workbook(written / "report.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    text = (written / "problems.csv").read_text(encoding="utf-8")
    assert "\n=cmd" not in text


def test_no_folder_and_no_clock_in_any_file(written, tmp_path_factory):
    for path in written.iterdir():
        content = path.read_bytes()
        assert b"handed-in" not in content, path.name
        assert str(written.parent).encode() not in content, path.name


def test_conflicts_are_drawn_as_wide_as_they_are_on_the_ground(tmp_path):
    """2° × 2° on the equator is a square; 2° × 1° at 60° N is one too, cos 60° being ½.

    Each fills a drawing of 100 × 100 units with 4 around it; y runs down. What has no outline is
    an empty drawing.
    """
    made = collected(tmp_path, two_on_one())
    equator, north = shapely.box(0, -1, 2, 1), shapely.box(10, 59.5, 12, 60.5)
    corner = shapely.box(10, 60, 11, 60.5)  # the north-western quarter
    told = replace(
        report(made),
        conflicts=pd.concat([made.conflicts.iloc[[0]]] * 3, ignore_index=True),
        pictures=[[("base", equator)], [("base", None)], [("base", north), ("S2", corner)]],
    )
    write_report(tmp_path / "report.html", told)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    square = ("s0", "M100.0,100.0 100.0,0.0 0.0,0.0 0.0,100.0Z")
    assert re.findall(r'<path class="(s\d)" fill-rule="evenodd" d="([^"]*)"/>', page) == [
        square,
        square,
        ("s1", "M50.0,50.0 50.0,0.0 0.0,0.0 0.0,50.0Z"),
    ]
    boxes = re.findall(r'<svg viewBox="([^"]*)" role="img"', page)
    assert boxes == ["-4 -4 108.0 108.0", "0 0 100 100", "-4 -4 108.0 108.0"]


@pytest.mark.browser
def test_the_tables_of_a_russian_report_fit_a_laptop(tmp_path, browser):
    """Names as long as those of the region: twelve columns scrolled sideways, 1,542 px in 1,210."""
    name = "Заалтайская Гоби (Большая Гоби «А» – Мацзуншань)"
    units = gpd.GeoDataFrame(base().tables["conservation_units"].assign(name_ru=name))
    imprint = replace(base().imprint, languages=("ru", "en"))
    on = replace(base(), imprint=imprint, tables={**base().tables, "conservation_units": units})
    files = {"edit_S1.kmz": kmz(draw.grown("CU-012", 0.9), draw.renamed("CU-001", "CU-001 Нарын"))}
    made = collected(tmp_path, {**files, "mail.kml": b""}, on=on)
    gains = {"criteria_gained": "G1;G2;C1;C3;C4;C7;C8;C9", "criteria_lost": "C2;C5"}
    gains |= {"states_gained": "AF;TJ", "states_lost": "KZ;UZ"}
    gains |= {"species_gained": "Обыкновенная рысь;Уриал", "species_lost": "Снежный барс;Манул"}
    told_of = report(replace(made, changes=made.changes.assign(**gains)))
    write_report(tmp_path / "r.html", told_of)
    browser.size(1366, 768)
    browser.open(tmp_path / "r.html", ready=False)
    wide = (
        "return [...document.querySelectorAll('.scroll')].map(e => e.scrollWidth - e.clientWidth)"
    )
    assert max(browser.run(wide)) <= 1
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "+ AF; TJ · − KZ; UZ" in page


def test_many_pins_are_folded_away_and_all_of_them_told(tmp_path):
    """Two hundred of a whole My Places stood one below the other: sixty do, the rest is folded."""
    pins = [
        draw.drawn(f"pin {number:03d}", shapely.Point(70.3 + number / 1e3, 40.3), "4 ")
        for number in range(75)
    ]
    made = collected(tmp_path, {"edit_S1.kmz": kmz(*pins)})
    write_report(tmp_path / "r.html", report(made))
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    openly, _, folded = page.partition("<details>")
    assert len(set(re.findall(r"pin \d{3}", openly))) == 60
    assert "15 more: so many pins come with a whole “My Places”" in folded
    assert len(set(re.findall(r"pin \d{3}", page))) == 75


@pytest.mark.slow
def test_what_is_of_no_group_is_everybodys_in_the_readers_language(tmp_path):
    """`everybody` is a key of ours, and stood raw in Russian reports, on the terminal and the board."""
    pin = draw.drawn("волки", shapely.Point(70.3, 40.3), "4 ", "зимой")
    files = {"x.kml": draw.edited(handed_out("S1"), draw.grown("CU-012", 0.9), pin)}
    made = collected(tmp_path, files, on=russian())
    made = replace(made, changes=made.changes.assign(group="everybody;S1"))
    write_report(tmp_path / "r.html", report(made))
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "все группы; S1" in page
    assert "everybody" not in page
    note = workshop.note("two groups", groups="S1;everybody")
    assert words.said(note, "ru").startswith("S1;все группы")
    assert words.said(note).startswith("S1;everybody")


@pytest.mark.browser
def test_the_report_opens_with_the_network_off(written, browser):
    browser.open(written / "report.html", ready=False)
    assert browser.asked_for() == []
    assert browser.errors == []
    assert browser.run("return document.querySelectorAll('svg path').length") >= 3


# -- the power goes -------------------------------------------------------------------------------

_KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from tests.test_collect import base
from cami_units.commands.collect import collect, write_collected
made = collect([Path({files!r})], base())
print("ready", flush=True)
write_collected(made, Path({out!r}))
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
@pytest.mark.parametrize("after", [0.05, 0.4])
def test_a_kill_at_any_moment_leaves_the_earlier_round_and_no_new_one(after, tmp_path):
    write_collected(collected(tmp_path, {"edit_S1.kmz": kmz()}), tmp_path / "01")
    before = {path.name: path.read_bytes() for path in (tmp_path / "01").iterdir()}
    root = Path(__file__).resolve().parents[1]
    code = _KILLED.format(
        tests=str(root), files=str(tmp_path / "handed-in"), out=str(tmp_path / "02")
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=root)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not (tmp_path / "02").exists() or store.read_round(tmp_path / "02")
    assert {path.name: path.read_bytes() for path in (tmp_path / "01").iterdir()} == before


# -- the command ----------------------------------------------------------------------------------


def test_what_is_said_of_no_file_is_said_of_units_and_their_pairs(capsys):
    row = {"file": "", "placemark": "CU-006;CU-041, CU-009;CU-011", "folder": ""}
    for name, place in (("", "CU-006 · CU-041, CU-009 · CU-011"), ("a.kml", "placemark '")):
        row |= {"file": name, "what": "they share ground", "assumed": ""}
        _summaries._say_noticed(row, is_form=False, lang="en")
        assert f"they share ground ({place}" in capsys.readouterr().out


def test_the_command_says_file_by_file_what_was_found(tmp_path):
    write_proposal(base(), tmp_path / "00-proposal")
    folder = tmp_path / "handed-in"
    folder.mkdir()
    (folder / "edit_S1.kmz").write_bytes(kmz(*SCRIPT))
    (folder / "broken.kmz").write_bytes(b"")
    run = CliRunner().invoke(
        cli.app, ["collect", str(folder), "--base", str(tmp_path / "00-proposal"), "--verbose"]
    )
    assert run.exit_code == 0, run.output
    assert "✗ broken.kmz: the file is empty (0 bytes). Save it again and resend it." in run.output
    assert "✓ edit_S1.kmz: group S1, by its placemarks: 14 shapes, 1 pin or line" in run.output
    assert (
        "a path whose ends nearly meet (placemark 'CU-009 Place 009', folder '2 Proposed"
        in run.output
    )
    assert "CU-003: CU-003 is there more than once in edit_S1.kmz; is CU-0" in run.output
    assert "→ default: The more alike" in run.output
    assert re.search(
        rf"settle \d+ conflicts? in {re.escape(str(folder))}.resolutions\.csv", run.output
    )
    assert (tmp_path / "01-collected" / "report.html").is_file()
    again = CliRunner().invoke(
        cli.app, ["collect", str(folder), "--base", str(tmp_path / "00-proposal")]
    )
    assert again.exit_code == 1
    assert "There is a round in" in again.output
    # a folder mistyped is a fault of its own, whatever is there already
    mistyped = CliRunner().invoke(
        cli.app, ["collect", str(folder) + "n", "--base", str(tmp_path / "00-proposal")]
    )
    assert mistyped.exit_code == 1
    assert "There is no file" in mistyped.output


def test_the_command_fails_with_one_message_where_nothing_could_be_read(tmp_path):
    write_proposal(base(), tmp_path / "00-proposal")
    (tmp_path / "a.kmz").write_bytes(b"")
    run = CliRunner().invoke(
        cli.app, ["collect", str(tmp_path / "a.kmz"), "--base", str(tmp_path / "00-proposal")]
    )
    assert run.exit_code == 1
    assert "The file could not be read" in run.output
    assert not (tmp_path / "01-collected").exists()
    # who was given what hangs on the packs: a slip in their name is no leave to guess
    away = [str(tmp_path / "a.kmz"), "--base", str(tmp_path / "00-proposal"), "--pack", "nowhere"]
    run = CliRunner().invoke(cli.app, ["collect", *away])
    assert run.exit_code == 1
    assert "'nowhere' holds no pack.json. Name the folder" in run.output


@pytest.mark.slow
def test_what_was_noticed_can_be_told_in_another_language(tmp_path):
    """Sentences are made last: the tables hold what they are made of, so a Russian page speaks Russian."""
    from cami_units.model import harmless, notes_from_text

    moved = translate(square("CU-012"), 0.3, 0)
    made = collected(
        tmp_path,
        {
            "edit_S1.kmz": kmz(
                draw.grown("CU-012", 0.9), draw.renamed("CU-001", "CU-001 Barskoon")
            ),
            "edit_S2.kmz": kmz(draw.drawn("CU-012 Place 012", moved, "2 "), group="S2"),
            "broken.kmz": b"no archive",
        },
    )
    write_collected(made, tmp_path / "01")
    for name, column in (("problems", "what"), ("conflicts", "what"), ("changes", "note")):
        table = pd.read_csv(tmp_path / "01" / f"{name}.csv", dtype=str, keep_default_na=False)
        assert len(table)
        for sentence, facts in zip(table[column], table["facts"], strict=True):
            notes = notes_from_text(facts)
            assert harmless("; ".join(words.said(note) for note in notes)) == sentence
            assert all(words.said(note, "ru") != words.said(note) for note in notes if note.key)
    asked = made.round.tables["questions"]
    renamed = asked.query("kind == 'renamed'").iloc[0]
    assert "Barskoon" in words.said(notes_from_text(renamed["facts"])[0], "ru")
    assert notes_from_text("[typed by somebody]") == []
    assert notes_from_text(None) == []


def test_groups_that_ask_for_the_same_are_told_that_they_agree(tmp_path):
    """A name that two groups give a unit is one question of both, and no change that was not applied."""
    drawn = draw.drawn("CU-012 Barskoon", square("CU-012"), "2 ")
    made = collected(
        tmp_path,
        {
            "edit_S1.kmz": kmz(draw.renamed("CU-012", "CU-012 Barskoon")),
            "edit_S2.kmz": kmz(drawn, group="S2"),
        },
    )
    renamed = made.changes.query("change == 'renamed'")
    assert made.conflicts.query("unit_id == 'CU-012'").empty
    assert dict(zip(renamed["group"], renamed["applied"], strict=True)) == {"S1": True, "S2": True}
    [second] = renamed.query("group == 'S2'")["note"]
    assert second.endswith("asked for by S1 too")
    [asked] = made.round.tables["questions"].query("kind == 'renamed'").to_dict("records")
    assert asked["group"] == "S1;S2"


def russian() -> Round:
    return replace(base(), imprint=replace(base().imprint, languages=("ru", "en")))


def on_one_unit() -> dict[str, bytes]:
    """S1 and S2 draw CU-012 otherwise, and S2 gives it a name besides; a file that is empty."""
    moved = translate(square("CU-012"), 0.3, 0)
    return {
        "edit_S1.kmz": kmz(draw.grown("CU-012", 0.9)),
        "edit_S2.kmz": kmz(draw.drawn("CU-012 Talas", moved, "2 "), group="S2"),
        "broken.kmz": b"",
    }


def test_the_command_says_all_of_it_in_the_language_of_the_plan(tmp_path, capsys):
    """The notes of a Russian round are Russian, and so are the words around them."""
    made = collected(tmp_path, on_one_unit(), on=russian())
    say_collected(made, Path("01"))
    output = capsys.readouterr().out
    assert "✗ broken.kmz: файл пуст" in output
    assert "по умолчанию: Оставить вариант S1" in output
    # what is open is settled first; plenary is shown what is left
    assert "Дальше: решите противоречия (1) в resolutions.csv" in output
    # names of files, of units and of what is typed stay as they are
    plain = re.sub(
        r"CU-\d+|Talas|Place|\w+\.\w{3,4}|01/|--force|cami-units plenary 01|edit_S\d", "", output
    )
    assert re.findall(r"[A-Za-z]{3,}", plain) == []


def test_a_resolution_that_settles_nothing_is_told_in_the_terminal_and_the_report(tmp_path, capsys):
    text = "unit_id,resolution\nCU-021,S2\n"
    made = collected(tmp_path, two_on_one(), resolutions=text)
    idle = "resolution CU-021, S2: it settled nothing, there is no such conflict."
    say_collected(made, Path("01"))
    assert f"! {idle} Did you mean 'CU-012'?" in capsys.readouterr().out
    assert idle in report_page(tmp_path, made)
    assert told(made, idle)["kind"] == "idle resolution"


def test_what_is_not_applied_is_counted_by_itself_and_said_of_a_name_too(tmp_path):
    """Of CU-012 the outline of S1 stands; S2's outline and name, two changes, do not."""
    made = collected(tmp_path, on_one_unit())
    rows = made.changes[made.changes["unit_id"] == "CU-012"]
    told_of = {(row["change"], row["group"]): row["note"] for row in rows.to_dict("records")}
    assert "not applied" not in told_of["reshaped", "S1"]
    assert "not applied" in told_of["reshaped", "S2"]
    assert "not applied" in told_of["renamed", "S2"]
    # fifteen others came back as they went; CU-012 in the file of S2 is not among the reshaped
    assert counted_changes(made.changes) == {"kept": 15, "reshaped": 1, "not applied": 2}
    tiles = re.findall(r"<li><b>(.+?)</b> (.+?)</li>", report_page(tmp_path, made))
    assert ("15", "units unchanged") in tiles
    assert ("2", "changes not applied") in tiles


def test_a_unit_that_one_file_leaves_and_another_changes_is_not_among_the_unchanged():
    """CU-001 came back untouched in one file, and smaller in another; of CU-003 the smaller does not count."""
    rows = [
        ("CU-001", "kept", None),
        ("CU-001", "reshaped", True),
        ("CU-002", "kept", None),
        ("CU-003", "kept", None),
        ("CU-003", "reshaped", False),
    ]
    changes = pd.DataFrame(rows, columns=["unit_id", "change", "applied"])
    assert unchanged_units(changes) == ["CU-002", "CU-003"]
    assert counted_changes(changes) == {"kept": 2, "reshaped": 1, "not applied": 1}


def report_page(tmp_path: Path, made: Collected) -> str:
    write_report(tmp_path / "report.html", report(made))
    return (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_objects_of_a_file_add_up_in_the_report(tmp_path):
    """A saved view is none of shape, pin and evidence, and has its own column."""
    saved = '<Placemark xmlns="http://www.opengis.net/kml/2.2"><name>my view</name><LookAt/></Placemark>'

    def viewed(root: etree._Element) -> None:
        root[0].append(etree.fromstring(saved))

    made = collected(tmp_path, {"edit_S1.kmz": kmz(viewed), **same_again()})
    parts = ["evidence", "shapes", "pins", "unusable", "passed"]
    files = report(made).files
    assert files["placemarks"].tolist() == files[parts].sum(axis=1).tolist()
    # two steps of the tour for each of twelve and of four units
    assert files["passed"].tolist() == [25, 8]
    page = report_page(tmp_path, made)
    assert all(words.text(f"column {name}") in page for name in parts)


def moved_base() -> Round:
    """A round with the same ids on other ground: that of another workshop."""
    units = base().tables["conservation_units"]
    away = units.set_geometry(units.geometry.translate(0.4, 0.1))
    return replace(base(), tables={**base().tables, "conservation_units": away})


def test_files_of_another_round_are_told_first_and_once(tmp_path, capsys):
    """By the outlines that they were handed out with, which none of the round's units ever had."""
    files = {"edit_S1.kmz": kmz(draw.renamed("CU-001", "CU-001 Barskoon")), **same_again()}
    made = collected(tmp_path, files, on=moved_base())
    told_first = made.problems.iloc[0]
    assert told_first["kind"] == "another round"
    assert told_first["what"] == (
        "2 files come from another round (this round 00 never had such outlines): edit_S1.kmz, edit_S2.kmz"
    )
    assert made.problems["kind"].tolist().count("another round") == 1
    say_collected(made, Path("01"))
    output = capsys.readouterr().out
    assert output.startswith("! 2 files come from another round (this round 00")
    assert output.count("come from another round") == 1
    page = report_page(tmp_path, made)
    assert page.index("2 files come from another round") < page.index('class="glance"')


def test_an_unedited_file_of_another_round_proposes_nothing(tmp_path):
    """Units moved, renamed and one more of them since: its own are untouched, the others evidence."""
    file = tmp_path / "edit_S1.kmz"
    units = base().tables["conservation_units"]
    own = gpd.GeoDataFrame(units[units["unit_id"].isin(WEST[:-1])].reset_index(drop=True))
    others = gpd.GeoDataFrame(units[units["unit_id"].isin(EAST)].reset_index(drop=True))
    tables = {**base().tables, "conservation_units": own}
    species = tables["species"]
    kml.write_kml(
        file, own, cards=unit_cards(tables, species), imprint=base().imprint, layers={},
        species=species, pack=kml.Pack(group="S1", neighbours=others),
    )  # fmt: skip
    away = moved_base()
    renamed = away.tables["conservation_units"].assign(name_en=lambda t: "New " + t["name_en"])
    on = replace(away, tables={**away.tables, "conservation_units": renamed})
    made = collect([file], on)
    assert set(made.changes["change"]) == {"kept", "absent"}
    assert len(made.changes.query("group == 'S1' and change == 'kept'")) == 11
    assert of(made, "CU-012") == [("absent", "none", "S1")]
    assert made.conflicts.empty


@pytest.mark.slow
def test_files_of_this_round_however_drawn_on_are_of_no_other(tmp_path):
    """Every unit moved by hand: its data still say what it was handed out with."""
    moved = [draw.grown(unit, 0.9) for unit in WEST]
    made = collected(tmp_path, {"edit_S1.kmz": kmz(*moved), **same_again()})
    assert "another round" not in set(made.problems["kind"])


def test_a_report_in_russian_names_units_and_how_a_group_is_known_in_russian(tmp_path):
    """What the criteria say of a unit, what its file is known by, and the units themselves are no English."""
    done = replace(base(), imprint=replace(base().imprint, languages=("ru", "en")))
    made = collected(tmp_path, {"edit_S1.kmz": handed_out("S1")}, on=done)
    told_of = report(made)
    assert told_of.names["CU-001"] == "Место 001"
    assert told_of.files["group_by"].tolist() == ["меткам в файле"]
    lost = made.changes.assign(
        species_lost="Saiga tatarica;Equus ferus"
    )  # one of no table as it is
    assert set(report(replace(made, changes=lost)).changes["species_lost"]) == {
        "Сайгак;Equus ferus"
    }
    decided = told_of.changes.assign(criteria_lost="C1", decision="proposed CU").iloc[:1]
    write_report(tmp_path / "r.html", replace(told_of, changes=decided))
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "предлагаемая единица" in page
    assert "proposed CU" not in page
    write_report_workbook(tmp_path / "r.xlsx", replace(told_of, changes=decided))
    cells = [*openpyxl.load_workbook(tmp_path / "r.xlsx")["changes"].iter_rows(values_only=True)]
    assert {"без изменений", "предлагаемая единица"} & {cell for row in cells for cell in row}


def test_what_is_said_of_several_placemarks_in_the_same_words_is_told_once():
    """Three tables of a GIS: three rows in problems.csv, one for people; other words stay by themselves."""
    rows = [("a.kml", "areas", f"Area {n}", "a table", "as data") for n in range(5)]
    rows += [("a.kml", "areas", "Area 1", "cut off", ""), ("b.kml", "", "", "a table", "as data")]
    columns = ["file", "folder", "placemark", "what", "assumed"]
    kinds = [*["table"] * 5, "broken", "table"]
    problems = pd.DataFrame(rows, columns=columns).assign(kind=kinds)
    short = problems_in_short(problems)
    assert short[columns].to_numpy().tolist() == [
        ["a.kml", "areas", "Area 0, Area 1, Area 2 and 2 more", "a table", "as data"],
        ["a.kml", "areas", "Area 1", "cut off", ""],
        ["b.kml", "", "", "a table", "as data"],
    ]


def test_words_of_no_list_are_told_in_short_for_each_column_of_a_form():
    """Four in one column are one row, one in another column is not counted among them."""
    told = [("cost_band", str(number)) for number in range(4)] + [("theme", "fishing")]
    notices = [
        workshop.Notice(
            "f.xlsx", "units", "", workshop.note("not in the list", column=of, words=word)
        )
        for of, word in told
    ]
    short = problems_in_short(problems_table(notices, "en"))
    assert short["what"].tolist() == [
        "4 times, the first: '0' is not in the list of cost_band",
        "'fishing' is not in the list of theme",
    ]


def test_what_a_balloon_says_of_how_sure_a_unit_is_comes_back_as_no_comment(tmp_path):
    """What flips a unit stands in its data, another word in each; saved by Earth, nothing was typed."""
    done = base()
    flips = ["thresholds" if number % 2 else "range edge" for number in range(len(UNITS))]
    sure = pd.DataFrame({"unit_id": UNITS, "runs": 1000, "share_qualifying": 0.9, "flips": flips})
    tables = {**done.tables, "sensitivity": sure.assign(label="robust")}
    units = gpd.GeoDataFrame(tables["conservation_units"])
    units = gpd.GeoDataFrame(units[units["unit_id"].isin(WEST)].reset_index(drop=True))
    own = {**tables, "conservation_units": units}
    cards = unit_cards(own, done.tables["species"], lang="ru")
    kml.write_kml(
        tmp_path / "a.kmz", units, cards=cards, imprint=done.imprint, lang="ru",
        species=done.tables["species"], pack=kml.Pack(group="S1"),
    )  # fmt: skip
    saved = draw.edited((tmp_path / "a.kmz").read_bytes(), draw.resaved)
    assert "пороги" in saved.decode()
    made = collected(tmp_path, {"edit_S1.kml": saved}, on=replace(done, tables=tables))
    changes = made.changes.set_index("unit_id")["change"]
    assert set(changes[WEST]) == {"kept"}


@pytest.mark.slow
def test_what_groups_rejected_or_merged_stays_as_sure_as_it_was_where_plenary_agrees_on_it(
    tmp_path,
):
    """Its outline is the same: its row of `sensitivity` too. CU-005 took CU-006 in, and was redrawn."""
    ids = ["CU-001", "CU-005", "CU-006", "CU-010"]
    sure = pd.DataFrame({"unit_id": ids, "runs": 1000, "share_qualifying": 0.9, "label": "robust"})
    on = replace(base(), tables={**base().tables, "sensitivity": sure.assign(flips="")})
    script = (draw.swallowed("CU-005", "CU-006"), draw.rejected("CU-010", "no animals"))
    made = collected(tmp_path, {"edit_S1.kmz": kmz(*script)}, on=on)
    assert units_of(made).loc[["CU-006", "CU-010"], "status"].tolist() == ["merged", "rejected"]
    assert made.round.tables["sensitivity"]["unit_id"].tolist() == ["CU-001", "CU-006", "CU-010"]


@pytest.mark.slow
def test_ground_that_plenary_left_to_two_units_is_told(tmp_path):
    """CU-005 was drawn over CU-006 too, which plenary then let stand: 0.6° by 0.6° is 3,300 km²."""
    units = gpd.GeoDataFrame(base().tables["conservation_units"]).copy()
    both = shapely.union(square("CU-005"), square("CU-006")).envelope
    units.loc[units["unit_id"] == "CU-005", "geometry"] = both

    def noticed(status: str) -> list[str]:
        of_status = units.assign(status=units["status"].mask(units["unit_id"] == "CU-006", status))
        on = replace(base(), tables={**base().tables, "conservation_units": of_status})
        return collected(tmp_path, same_again(), on=on).problems["what"].tolist()

    assert noticed("modelled candidate") == []
    [what] = noticed("plenary-agreed")
    assert re.match(
        r"CU-005 and CU-006 share 3,[23]\d\d km², and plenary agreed on one of them", what
    )


def test_overlaps_within_groups_are_told_with_what_was_assumed_of_each_group(tmp_path, capsys):
    """Four overlaps of three groups: one row told of all, and said of all that S3 drew them."""
    pairs = [("CU-010;CU-011", "S3"), ("CU-023;CU-038", "S5"), ("CU-030;CU-039", "S6")]
    pairs += [("CU-031;CU-039", "S6")]
    notices = []
    for km2, (pair, group) in enumerate(pairs, start=1):
        facts = {"first": pair[:6], "second": pair[7:], "km2": km2, "groups": group}
        notices.append(workshop.Notice("", "", pair, workshop.note("own overlap", **facts)))
    short = problems_in_short(problems_table(notices, "en"))
    assert short["assumed"].tolist() == [f"both stay as {group} drew them" for _, group in pairs]
    assert short["what"].tolist()[1] == "CU-023 and CU-038 share 2 km²"
    # four of one group are still told in short
    of_one = problems_table(notices, "en").assign(assumed="both stay as S3 drew them")
    assert len(problems_in_short(of_one)) == 1
    made = collected(tmp_path, same_again())
    say_collected(replace(made, problems=problems_table(notices, "en")), Path("01"))
    # not indented as the notes of the file above are
    assert "\n· CU-010 and CU-011 share 1 km²" in capsys.readouterr().out


# -- what plenary decided, in the next round ------------------------------------------------------

HOTSPOTS = {"CU-001": "H01", "CU-002": "H02;H03", "CU-003": "H04", "CU-004": "H05"}
BECAME = {"merge": "merged", "reject": "rejected", "agree": "plenary-agreed"}


def on_hotspots() -> Round:
    """The round of this file with five hotspots in its first four units, and H09 in none."""
    tables = dict(base().tables)
    units = tables["conservation_units"]
    held = units["unit_id"].map(HOTSPOTS).fillna("")
    shapes = [square(unit) for unit, ids in HOTSPOTS.items() for _ in ids.split(";")]
    ids = [one for ids in HOTSPOTS.values() for one in ids.split(";")]
    names = {"hotspot_id": ids, "name_en": ids, "name_ru": ids, "source": "Here"}
    tables["hotspots"] = gpd.GeoDataFrame(names, geometry=shapes, crs=LONLAT)
    tables["conservation_units"] = units.assign(hotspot_ids=held)
    return replace(base(), tables=tables)


def after(round_: Round, *said: tuple[str, str, str]) -> Round:
    """A round after these decisions: the unit, what was decided, and where it goes or why."""
    log = read_decisions(Path("nowhere"))
    for number, (unit_id, decision, more) in enumerate(said):
        before = decided(round_, log).tables["conservation_units"].set_index("unit_id")["status"]
        line = dict.fromkeys(log.columns, "") | {"unit_id": unit_id, "decision": decision}
        line |= {"before": before[unit_id], "status": BECAME.get(decision, before[unit_id])}
        log.loc[number] = line | {"into" if decision == "merge" else "reason": more}
    return decided(round_, log)


def next_round(round_: Round, folder: Path) -> Round:
    """The round after one, whose second group handed its units in as they were."""
    file = folder / "edit_S2.kmz"
    file.write_bytes(kmz(group="S2"))
    return collect([file], round_).round


def held_hotspots(round_: Round) -> dict[str, str]:
    """The hotspots of each unit that stands and has any."""
    units = round_.tables["conservation_units"]
    stands = ~units["status"].isin(["rejected", "merged"]) & (units["hotspot_ids"] != "")
    return dict(units.loc[stands, ["unit_id", "hotspot_ids"]].itertuples(index=False))


def missed_hotspots(round_: Round) -> list[str]:
    return round_.tables["not_proposed"]["hotspot_id"].tolist()


@pytest.mark.slow
def test_hotspots_go_with_the_unit_that_plenary_merges_theirs_into(tmp_path):
    """And to the end of a chain, in one round or two; and back with a unit that stands again."""
    one = after(on_hotspots(), ("CU-001", "merge", "CU-002"))
    other = next_round(one, tmp_path)
    assert held_hotspots(other) == {"CU-002": "H01;H02;H03", "CU-003": "H04", "CU-004": "H05"}
    chain = next_round(after(other, ("CU-002", "merge", "CU-003")), tmp_path)
    assert held_hotspots(chain) == {"CU-003": "H01;H02;H03;H04", "CU-004": "H05"}
    again = next_round(after(chain, ("CU-002", "agree", "")), tmp_path)
    assert held_hotspots(again) == {"CU-002": "H01;H02;H03", "CU-003": "H04", "CU-004": "H05"}
    alone = next_round(after(chain, ("CU-001", "agree", "")), tmp_path)
    assert held_hotspots(alone) == {"CU-001": "H01", "CU-003": "H02;H03;H04", "CU-004": "H05"}
    assert missed_hotspots(again) == missed_hotspots(alone) == ["H09"]


@pytest.mark.slow
def test_a_unit_drawn_elsewhere_is_asked_about_and_leaves_its_hotspots_behind(tmp_path):
    """CU-002 with H02 and H03 and a new name, 3° away from where it was."""
    far = shapely.box(70.2, 43.6, 70.9, 44.2)
    file = kmz(draw.drawn_as("CU-002", far), draw.renamed("CU-002", "CU-002 Steppe"))
    made = collected(tmp_path, {"edit_S1.kmz": file}, on=on_hotspots())
    [conflict] = made.conflicts.to_dict("records")
    assert (conflict["unit_id"], conflict["kind"]) == ("CU-002", "drawn elsewhere")
    assert (conflict["default"], conflict["open"]) == ("ask plenary", True)
    assert held_hotspots(made.round)["CU-002"] == "H02;H03"
    assert units_of(made).at["CU-002", "name_en"] == "Place 002"
    text = "unit_id,resolution,reason\nCU-002,S1,it is there\n"
    moved = collected(tmp_path, {}, on=on_hotspots(), resolutions=text)
    row = units_of(moved).loc["CU-002"]
    assert tuple(row[["name_en", "name_ru", "hotspot_ids", "origin"]]) == (
        "Steppe",
        "Steppe",
        "",
        "new",
    )
    missed = moved.round.tables["not_proposed"].set_index("hotspot_id")
    assert missed.index.tolist() == ["H02", "H03", "H09"]
    assert missed.at["H02", "reason"] == "Its unit CU-002 was drawn anew, and holds it no longer."
    # and a merge elsewhere gives it none of them back
    later = next_round(after(moved.round, ("CU-001", "merge", "CU-003")), tmp_path)
    assert held_hotspots(later) == {"CU-003": "H01;H04", "CU-004": "H05"}
    assert missed_hotspots(later) == ["H02", "H03", "H09"]


@pytest.mark.parametrize(("hotspot", "lets_in"), [("H02", False), ("H05", True), ("CU-002", True)])
def test_a_unit_that_moved_is_measured_with_the_hotspots_under_it_now(tmp_path, hotspot, lets_in):
    """CU-002 with H02 goes into one state, 16 km from the next: upon H05, which lies there here.

    An override lets a one-state site near a border past the first gate: by its hotspot, or its unit.
    """
    there = shapely.box(71.2, 43.4, 71.8, 43.9)
    tables = dict(on_hotspots().tables)
    hotspots = tables["hotspots"].set_index("hotspot_id", drop=False)
    hotspots.loc["H05", "geometry"] = there
    tables["hotspots"] = hotspots.reset_index(drop=True)
    why = "Gazelles winter across the border"
    row = {"when": "", "who": "S1", "site": hotspot, "what": "adjacent", "old": "", "new": ""}
    tables["overrides"] = pd.DataFrame([row | {"reason": why, "grade": "B"}])
    moved = collected(
        tmp_path,
        {"edit_S1.kmz": kmz(draw.drawn_as("CU-002", there))},
        on=replace(on_hotspots(), tables=tables),
        resolutions="unit_id,resolution,reason\nCU-002,S1,it is there\n",
    )
    assert held_hotspots(moved.round)["CU-002"] == "H05"
    findings = moved.round.tables["unit_criteria"].set_index(["unit_id", "criterion"])
    assert (why in findings.at[("CU-002", "G1"), "because"]) is lets_in
    assert bool(findings.at[("CU-002", "G1"), "met"]) is lets_in


def test_that_a_name_in_the_other_language_stays_is_said(tmp_path):
    made = collected(tmp_path, {"edit_S1.kmz": kmz(draw.renamed("CU-002", "CU-002 Steppe"))})
    note = made.changes.query("change == 'renamed'")["note"].item()
    assert note == "'Place 002' → 'Steppe'; its name in the other language stays: 'Место 002'"


def test_hotspots_of_what_went_into_a_rejected_unit_are_told_with_its_own(tmp_path):
    said = [("CU-001", "merge", "CU-002"), ("CU-002", "merge", "CU-003"), ("CU-003", "reject", "")]
    made = next_round(after(on_hotspots(), *said), tmp_path)
    missed = made.tables["not_proposed"].set_index("hotspot_id")
    assert missed.index.tolist() == ["H01", "H02", "H03", "H04", "H09"]
    assert missed.at["H01", "reason"].startswith("Its unit CU-003 was rejected.")
    back = next_round(after(made, ("CU-003", "agree", "")), tmp_path)
    assert held_hotspots(back) == {"CU-003": "H01;H02;H03;H04", "CU-004": "H05"}
    assert missed_hotspots(back) == ["H09"]


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(1, 5), st.sampled_from(sorted(BECAME)), st.integers(1, 5)),
            max_size=4,
        ),
        min_size=1,
        max_size=3,
    )
)
def test_whatever_plenary_decides_each_hotspot_is_in_one_unit_or_among_those_in_none(
    tmp_path_factory, sessions
):
    folder = tmp_path_factory.mktemp("sessions")
    made = on_hotspots()
    for session in sessions:
        for unit, decision, other in session:
            unit_id, into = f"CU-{unit:03d}", f"CU-{other:03d}"
            status = made.tables["conservation_units"].set_index("unit_id")["status"]
            if decision == "merge" and (unit == other or status[into] in ("merged", "rejected")):
                continue  # `decide` refuses it
            made = after(made, (unit_id, decision, into))
        made = next_round(made, folder)
        held = [one for ids in held_hotspots(made).values() for one in ids.split(";")]
        assert sorted([*held, *missed_hotspots(made)]) == ["H01", "H02", "H03", "H04", "H05", "H09"]


@pytest.mark.parametrize("decision", ["reject", "merge"])
def test_a_unit_that_stands_again_is_ranked_again_where_it_qualifies(tmp_path, decision):
    """All sixteen have one score: 1= each. CU-002, out in the round before, has G2 no longer."""
    said = [(unit_id, decision, "CU-003") for unit_id in ("CU-001", "CU-002")]
    made = next_round(after(base(), *said), tmp_path)
    units = made.tables["conservation_units"].set_index("unit_id")
    assert units.loc[["CU-001", "CU-002", "CU-003"], "rank_label"].tolist() == ["", "", "1="]
    findings = made.tables["unit_criteria"]
    lost = (findings["unit_id"] == "CU-002") & (findings["criterion"] == "G2")
    tables = {
        **made.tables,
        "unit_criteria": findings.assign(met=findings["met"].mask(lost, False)),
    }
    agreed = after(replace(made, tables=tables), ("CU-001", "agree", ""), ("CU-002", "agree", ""))
    units = next_round(agreed, tmp_path).tables["conservation_units"].set_index("unit_id")
    assert units.loc[["CU-001", "CU-002", "CU-003"], "rank_label"].tolist() == ["1=", "", "1="]
    assert units["rank"].isna().sum() == 1


@pytest.mark.slow
def test_what_was_parked_waits_in_the_next_round_with_its_reason(tmp_path):
    """CU-013 came back as it was and is a group's proposal now, CU-014 was drawn larger."""
    folder = tmp_path / "00"
    write_proposal(base(), folder)
    noon = "2026-11-22T14:05"
    for unit_id in ("CU-013", "CU-014", "CU-015"):
        record_decision(folder, unit_id, "park", reason=f"wait for {unit_id}", time=noon)
    record_decision(folder, "CU-015", "undo", reason="x", time=noon)
    (tmp_path / "edit_S2.kmz").write_bytes(kmz(draw.grown("CU-014", 1.1), group="S2"))
    made = collect([tmp_path / "edit_S2.kmz"], decided_round(folder), base_dir=folder)
    units = units_of(made)
    assert units.loc[["CU-013", "CU-014", "CU-015"], "decision"].tolist() == ["park", "park", ""]
    assert set(units.loc["CU-013":"CU-015", "status"]) == {"working-group proposal"}
    write_collected(made, tmp_path / "01")
    record_decision(tmp_path / "01", "CU-013", "ask", reason="And who pays?", time=noon)

    def parked() -> list[str]:
        log = decisions_told(tmp_path / "01", decided_round(tmp_path / "01"))
        return log.loc[log["decision"] == "park", "reason"].tolist()

    assert parked() == ["wait for CU-013", "wait for CU-014"]
    shown = decided_round(tmp_path / "01")
    loop = Loop(log=decisions_told(tmp_path / "01", shown))
    slides = boards(shown, [drawn_scene(shown, lang="en")], loop)[0].slides
    asked = {slide.unit_id: "\n".join(slide.questions) for slide in slides}
    assert "wait for CU-013" in asked["CU-013"]
    assert "wait for CU-014" in asked["CU-014"]
    assert "wait for" not in asked["CU-015"]
    with zipfile.ZipFile(annex(tmp_path / "01") / "annex.docx") as docx:
        assert docx.read("word/document.xml").count(b"wait for CU-014") == 1
    record_decision(tmp_path / "01", "CU-013", "agree", reason="done", time=noon)
    assert parked() == ["wait for CU-014"]


@pytest.mark.slow
def test_a_copy_of_a_collected_file_that_comes_late_undoes_no_settlement(tmp_path):
    """S1's outline of CU-012 was collected and settled against; its file turns up again, two rounds later.

    By its bytes it is known, whatever it is called. Saved once more it is another file, and asks.
    """
    text = "unit_id,resolution,reason\nCU-012,base,the river stays the border\n"
    first = collected(tmp_path, {"edit_S1.kmz": kmz(draw.grown("CU-012", 0.9))}, resolutions=text)
    assert units_of(first).loc["CU-012", "geometry"].equals(square("CU-012"))
    write_collected(first, tmp_path / "01")
    late = tmp_path / "late"
    late.mkdir()
    (late / "edit_S1 (1).kmz").write_bytes((tmp_path / "handed-in" / "edit_S1.kmz").read_bytes())
    alone = collect([late], store.read_round(tmp_path / "01"))  # nothing is refused: it came
    assert units_of(alone).loc["CU-012", "geometry"].equals(square("CU-012"))
    (late / "edit_S2.kmz").write_bytes(kmz(group="S2"))
    second = collect([late], store.read_round(tmp_path / "01"))
    assert units_of(second).loc["CU-012", "geometry"].equals(square("CU-012"))
    assert second.conflicts.empty
    [told] = second.problems.query("file == 'edit_S1 (1).kmz'").to_dict("records")
    assert told["what"].startswith("it is the same file as edit_S1.kmz, which round 01 was")
    assert "let it save the file once more" in told["assumed"]
    write_collected(second, tmp_path / "02")
    (late / "edit_S2.kmz").write_bytes(kmz(draw.grown("CU-013", 0.9), group="S2"))
    third = collect([late], store.read_round(tmp_path / "02"))
    assert units_of(third).loc["CU-012", "geometry"].equals(square("CU-012"))
    # the group insists
    (late / "edit_S1 (1).kmz").write_bytes(
        kmz(draw.grown("CU-012", 0.9), draw.renamed("CU-001", "A"))
    )
    again = collect([late], store.read_round(tmp_path / "02"))
    assert ("reshaped", "cu_id", "S1") in of(again, "CU-012")


def test_a_parked_unit_that_was_agreed_on_by_mistake_is_parked_again(tmp_path):
    """Parked in round 00, agreed on in round 01, and that taken back: it waits, with its reason.

    On the board and in the annex, which ask the logs, and in the desk's list, which reads the table.
    """
    folder, next_folder = (tmp_path / "rounds" / name for name in ("00-proposal", "01-collected"))
    noon = "2026-11-22T14:05"
    write_proposal(base(), folder)
    record_decision(folder, "CU-013", "park", reason="await the survey", time=noon)
    (tmp_path / "edit_S2.kmz").write_bytes(kmz(group="S2"))
    made = collect([tmp_path / "edit_S2.kmz"], decided_round(folder), base_dir=folder)
    write_collected(made, next_folder)

    def at_the_desk() -> tuple[str, str]:
        facts = {unit["unit_id"]: unit for unit in unit_facts(read_day(tmp_path), "en")}
        return facts["CU-013"]["decision"], facts["CU-013"]["reason"]

    assert at_the_desk() == ("parked", "await the survey")
    record_decision(next_folder, "CU-013", "agree", reason="typed for another", time=noon)
    assert at_the_desk() == ("agreed", "typed for another")
    record_decision(next_folder, "CU-013", "undo", reason="x", time=noon)
    assert at_the_desk() == ("parked", "await the survey")
    shown = decided_round(next_folder)
    unit = shown.tables["conservation_units"].set_index("unit_id").loc["CU-013"]
    assert (unit["decision"], unit["status"]) == ("park", "working-group proposal")
    log = decisions_told(next_folder, shown)
    assert log.loc[log["decision"] == "park", "reason"].tolist() == ["await the survey"]


def test_what_is_asked_of_a_unit_that_is_split_is_asked_of_its_pieces(tmp_path):
    """By plenary, by a form, and by two groups that do not agree: on the table, and on the board."""
    folder, noon = tmp_path / "00", "2026-11-22T14:05"
    write_proposal(base(), folder)
    record_decision(folder, "CU-001", "ask", reason="Who guards the pass?", time=noon)
    (tmp_path / "edit_S1.kmz").write_bytes(kmz(draw.halved("CU-001")))
    moved = translate(square("CU-001"), 0.2, 0)
    drawn = draw.drawn("CU-001 Place 001", moved, "2 ")
    (tmp_path / "edit_S2.kmz").write_bytes(kmz(drawn, group="S2"))
    made = collect(sorted(tmp_path.glob("*.kmz")), decided_round(folder), base_dir=folder)
    units, questions = units_of(made), made.round.tables["questions"]
    assert {"CU-001a", "CU-001b"} <= set(units.index)
    assert set(units.loc[["CU-001a", "CU-001b"], "open_questions"]) == {
        "A-001 Who guards the pass?"
    }
    [two_groups] = questions.query("kind == 'two groups'").to_dict("records")
    assert two_groups["unit_id"] == "CU-001a;CU-001b"
    write_collected(made, tmp_path / "01")
    plenary(tmp_path / "01")
    page = (tmp_path / "01" / "plenary" / "board.html").read_text(encoding="utf-8")
    assert page.count("drawn by several groups") >= 2
    # in the next round too, when the question is an earlier one
    (tmp_path / "edit_S2.kmz").write_bytes(kmz(draw.grown("CU-014", 0.9), group="S2"))
    third = collect([tmp_path / "edit_S2.kmz"], store.read_round(tmp_path / "01"))
    [still] = third.round.tables["questions"].query("kind == 'two groups'").to_dict("records")
    assert still["unit_id"] == "CU-001a;CU-001b"


@pytest.fixture
def after_a_split(tmp_path):
    """Round 01, in which S1 split CU-001: one piece agreed, one merged into CU-002; CU-003 rejected."""
    folder, noon = tmp_path / "00", "2026-11-22T14:05"
    write_proposal(base(), folder)

    def parted(root):
        draw.halved("CU-001")(root)
        for mark, text in zip(
            draw._units(root, "CU-001"), ("first half", "second half"), strict=True
        ):
            draw._child(mark, "description").text = text

    (tmp_path / "edit_S1.kmz").write_bytes(kmz(parted))
    made = collect([tmp_path / "edit_S1.kmz"], decided_round(folder), base_dir=folder)
    write_collected(made, tmp_path / "01")
    record_decision(tmp_path / "01", "CU-001a", "agree", reason="saiga", time=noon)
    merged_into = {"into": "CU-002"}
    record_decision(
        tmp_path / "01", "CU-001b", "merge", reason="one place", time=noon, **merged_into
    )
    record_decision(tmp_path / "01", "CU-003", "reject", reason="no herd", time=noon)
    return made


def later(tmp_path, *edits, resolutions=""):
    """Round 02: a file of S1 from the first pack comes late."""
    folder = tmp_path / "late"
    folder.mkdir(exist_ok=True)
    (folder / "edit_S1.kmz").write_bytes(kmz(*edits))
    if resolutions:
        (folder / "resolutions.csv").write_text(f"unit_id,resolution\n{resolutions}\n", "utf-8")
    base_dir = tmp_path / "01"
    made = collect([folder], decided_round(base_dir), base_dir=base_dir)
    write_collected(made, tmp_path / "02", force=True)
    return made


def test_what_is_typed_into_a_piece_stays_with_that_piece(after_a_split):
    rows = after_a_split.changes.query("change == 'commented'")
    said = dict(zip(rows["unit_id"], rows["note"], strict=True))
    outlines = after_a_split.round.tables["conservation_units"].set_index("unit_id").geometry
    west, east = sorted(("CU-001a", "CU-001b"), key=lambda one: outlines[one].bounds[0])
    assert said == {west: "first half", east: "second half"}
    remarks = after_a_split.remarks.query("kind == 'comment'")
    assert dict(zip(remarks["unit_id"], remarks["text"], strict=True)) == said


@pytest.mark.parametrize(
    ("answer", "stands", "is_open"),
    [("", False, True), ("leave-out", False, False), ("S1", True, False), ("ask", False, True)],
)
def test_a_late_outline_of_a_unit_split_since_takes_no_ground_from_its_pieces(
    answer, stands, is_open, tmp_path, after_a_split
):
    line = f"CU-001a;CU-001b,{answer}" if answer else ""
    made = later(tmp_path, draw.grown("CU-001", 1.2), resolutions=line)
    [conflict] = made.conflicts.to_dict("records")
    assert (conflict["unit_id"], conflict["kind"]) == ("CU-001a;CU-001b", "outdated")
    assert (conflict["default"], bool(conflict["open"])) == ("leave out", is_open)
    units = units_of(made)
    assert units.loc["CU-001a", "status"] == "plenary-agreed"
    new = [one for one in units.index if one not in {*units_of(after_a_split).index}]
    assert len(new) == stands
    # whole as it was handed out, it asks for nothing at all
    assert later(tmp_path).conflicts.empty


def test_the_reasons_of_an_earlier_round_go_along_while_what_it_decided_stands(
    tmp_path, after_a_split
):
    """On the board and in the text of the annex; its workbook has the lines of all rounds."""
    later(tmp_path, draw.drawn_as("CU-002", square("CU-002").buffer(-0.05)))
    folder = tmp_path / "02"
    told_lines = decisions_told(folder, decided_round(folder)).set_index("unit_id")["reason"]
    assert dict(told_lines) == {"CU-001a": "saiga", "CU-001b": "one place", "CU-003": "no herd"}
    with pytest.raises(InputError, match=r"decided in round 01 \(reject\)"):
        record_decision(folder, "CU-003", "undo", reason="x", time="2026-11-22T15:00")
    record_decision(folder, "CU-003", "agree", reason="a herd", time="2026-11-22T15:00")
    shown = decided_round(folder)
    told_lines = decisions_told(folder, shown).set_index("unit_id")["reason"]
    assert dict(told_lines)["CU-003"] == "a herd"
    assert list(all_decisions(folder)["reason"]) == ["saiga", "one place", "no herd", "a herd"]
    plenary(folder)
    page = (folder / "plenary" / "board.html").read_text(encoding="utf-8")
    assert "saiga" in page
    assert "one place" in page
    assert "Proposed by: </b>merged" not in page
    annex(folder)
    text = "\n".join(one.text for one in docx.Document(folder / "annex/annex.docx").paragraphs)
    assert "saiga" in text
    sheet = openpyxl.load_workbook(folder / "annex/annex.xlsx")["decisions"]
    column = [cell.value for cell in sheet[1]].index("reason")
    reasons = [row[column] for row in sheet.iter_rows(min_row=3, values_only=True)]
    assert reasons == ["saiga", "one place", "no herd", "a herd"]


def test_a_hotspot_of_a_split_unit_is_in_a_piece_or_among_those_in_none(tmp_path):
    """H02 is CU-002 itself: neither half covers more of it than the other, and one has it all the same.

    H03 lies elsewhere: the unit was grown from it once, and no piece reaches it.
    """
    tables = dict(on_hotspots().tables)
    hotspots = tables["hotspots"].set_index("hotspot_id", drop=False)
    hotspots.loc["H03", "geometry"] = translate(square("CU-002"), 0, 3)
    tables["hotspots"] = hotspots.reset_index(drop=True)
    (tmp_path / "edit_S1.kmz").write_bytes(kmz(draw.halved("CU-002")))
    made = collect([tmp_path / "edit_S1.kmz"], replace(on_hotspots(), tables=tables)).round
    held = held_hotspots(made)
    assert "CU-002" not in held
    in_pieces = sorted(held.get("CU-002a", "").split(";") + held.get("CU-002b", "").split(";"))
    assert "H02" in in_pieces
    assert missed_hotspots(made) == ["H03", "H09"]
    reasons = made.tables["not_proposed"].set_index("hotspot_id")["reason"]
    assert "CU-002" in reasons["H03"]


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_a_table_of_problems_heads_its_columns_for_what_they_hold(lang):
    """Of a form they hold sheets and rows, of no file pairs of units: "Placemark" stood over all."""
    heads = {
        each["name"]: each["heading"]
        for each in _headed(_SHOWN["problems"].split(), SHEETS["problems"], lang)
    }
    assert heads["placemark"] == words.text("column placemark, row or units", lang)
    assert heads["folder"] == words.text("column folder or sheet", lang)
    assert words.text("column placemark", lang) not in heads.values()
