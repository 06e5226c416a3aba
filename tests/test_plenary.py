"""The board of plenary: what it shows, that it opens alone, that it runs nothing from data."""

from __future__ import annotations

import re
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import matplotlib
import pandas as pd
import pytest
import shapely
from lxml import etree
from PIL import ImageFont
from pptx import Presentation
from pptx.util import Mm

from cami_units import kml
from cami_units.commands.decide import decide, decided_round, read_decisions
from cami_units.commands.plenary import base_beside, board, plenary
from cami_units.commands.round_files import write_proposal
from cami_units.documents.board import Slide, write_slides
from cami_units.documents.csv_tables import harmless
from cami_units.documents.typed_tables import read_table
from cami_units.model import InputError
from tests.browser import chromium
from tests.rounds import imprint, toy_round

browser = pytest.fixture(scope="module")(chromium)

NOON = "2026-11-22T14:05"
KML = "{http://www.opengis.net/kml/2.2}"
FONT = str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")
HOSTILE = "{{7*7}}<img src=x onerror=document.title='owned'>${1}</script><b>"


@pytest.fixture(scope="module")
def rounds(tmp_path_factory) -> tuple[Path, Path]:
    """Round 00, and a round 01 in which CU-001 was reshaped and lost C1, and CU-003 is in conflict."""
    folder = tmp_path_factory.mktemp("rounds")
    plain = toy_round()
    write_proposal(plain, folder / "00-proposal")
    units = gpd.GeoDataFrame(plain.tables["conservation_units"].copy())
    shapes = units.geometry.copy()
    shapes.iloc[0] = shapely.box(71, 41, 72.5, 42)
    units = units.set_geometry(shapes)
    units.loc[0, ["area_km2", "countries", "status"]] = [
        13_900.0,
        "KG;KZ",
        "working-group proposal",
    ]
    criteria = plain.tables["unit_criteria"].copy()
    lost = criteria["unit_id"].eq("CU-001") & criteria["criterion"].eq("C1")
    criteria.loc[lost, "met"] = False
    tables = {**plain.tables, "conservation_units": units, "unit_criteria": criteria}
    later = replace(plain, tables=tables, imprint=imprint(round="Round 01", number="01"))
    write_proposal(later, folder / "01-collected")
    (folder / "01-collected" / "changes.csv").write_text(
        "unit_id,change,matched_by,group,file,placemark,before_km2,after_km2,criteria_gained,"
        "criteria_lost,note\nCU-001,reshaped,cu_id,G1,edit_G1.kmz,x,1,2,,C1,\n",
        encoding="utf-8",
    )
    (folder / "01-collected" / "conflicts.csv").write_text(
        "unit_id,groups,overlap_km2,default,resolution\nCU-003,G1;G2,120,ask,\n", encoding="utf-8"
    )
    return folder / "00-proposal", folder / "01-collected"


@pytest.fixture(scope="module")
def boarded(rounds, tmp_path_factory) -> Path:
    base, later = rounds
    made, _ = plenary(later, tmp_path_factory.mktemp("board") / "plenary", before=base)
    return made


def slides_of(
    rounds: tuple[Path, Path], lang: str = "en", *, conflicts: bool = True
) -> dict[str, Slide]:
    base, later = rounds
    made = board(
        decided_round(later),
        lang=lang,
        log=read_decisions(later),
        before=decided_round(base),
        changes=read_table(
            later / "changes.csv",
            columns=("unit_id", "change", "group", "decision", "note"),
            needs=("unit_id",),
        ),
        conflicts=read_table(
            later / "conflicts.csv",
            columns=("unit_id", "groups", "overlap_km2", "default", "resolution"),
            needs=("unit_id",),
        )
        if conflicts
        else None,
    )
    return {slide.unit_id: slide for slide in made}


# -- what it shows --------------------------------------------------------------------------------


def test_a_slide_says_who_what_before_and_after_and_what_is_open(rounds):
    slides = slides_of(rounds)
    assert list(slides) == ["CU-002", "CU-001", "CU-003", "CU-004"]  # best rank first
    one = slides["CU-001"]
    assert one.proposed_by == "group G1"
    assert one.compared == (("Area", "18,600 km²", "13,900 km²"), ("C1", "✓", "✗"))
    assert one.questions == ("no longer meets: C1", "not assessed: C5")
    assert slides["CU-003"].questions[0] == "drawn by several groups: G1, G2, 120 km² (ask)"
    assert slides["CU-002"].proposed_by == "software"
    assert dict(one.facts)["States"] == "KG, KZ"
    assert [(name, mark) for name, mark, _, _ in one.criteria][:3] == [
        *(("G1", "✓"), ("G2", "✓"), ("C1", "✗"))
    ]


def test_a_slide_in_russian(rounds):
    one = slides_of(rounds, "ru")["CU-001"]
    assert one.name == "Талас"
    assert one.questions[0] == "больше не выполняет: C1"
    assert one.compared[0] == ("Площадь", "18\u00a0600 км²", "13\u00a0900 км²")


def test_the_map_of_a_slide_draws_before_behind_and_the_unit_in_the_middle(rounds):
    drawing = slides_of(rounds)["CU-001"].drawing
    assert drawing is not None
    kinds = [shape.kind for shape in drawing.shapes]
    assert kinds.index("land") < kinds.index("unit") < kinds.index("before") < kinds.index("border")
    unit = drawing.shapes[kinds.index("unit")].rings[0]
    before = drawing.shapes[kinds.index("before")].rings[0]
    assert max(x for x, _ in before) > max(x for x, _ in unit)  # it reached further east
    everything = [point for shape in drawing.shapes for ring in shape.rings for point in ring]
    assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in everything)
    # 1.5° × 1° at 41.5° N are 125 × 111 km = 13,900 km²; the bar is as long as it says.
    pixels_a_km = drawing.bar / drawing.bar_km
    assert shapely.Polygon(unit).area / pixels_a_km**2 == pytest.approx(13_900, rel=0.01)


def test_a_parked_unit_asks_its_question_and_a_rejected_one_comes_last(rounds, tmp_path):
    base, _ = rounds
    directory = Path(shutil.copytree(base, tmp_path / "r"))
    decide(directory, "CU-001", "park", reason="Await the survey", time=NOON)
    decide(directory, "CU-002", "reject", reason="Too far", time=NOON)
    made = board(decided_round(directory), lang="en", log=read_decisions(directory))
    assert [slide.unit_id for slide in made][-1] == "CU-002"
    parked = next(slide for slide in made if slide.unit_id == "CU-001")
    said = "2026-11-22 14:05 · parked · plenary · Await the survey"
    assert parked.decisions == (said,)
    assert parked.questions[0] == said


@pytest.fixture(scope="module")
def commented(tmp_path_factory) -> tuple[Path, Path]:
    """Round 00, and a round 01 in which G2's outline of CU-001 was set aside, and two groups left remarks."""
    tmp_path = tmp_path_factory.mktemp("commented")
    plain = toy_round()
    write_proposal(plain, tmp_path / "00-proposal")
    rival = shapely.box(73.4, 41, 74, 42)  # east of CU-001, so that its label stands beside it
    aside = gpd.GeoDataFrame(
        {
            "site": ["CU-001@G2"],
            "unit_id": ["CU-001"],
            "group": ["G2"],
            "file": ["edit_G2.kmz"],
            "placemark": ["CU-001 better"],
            "reason": ["keep G1"],
        },
        geometry=[rival],
        crs=4326,
    )
    remarks = gpd.GeoDataFrame(
        [
            ("R-001", "comment", "G1", "CU-001;CU-002", "Ask the herders", "a.kmz", "CU-001 Talas"),
            ("R-002", "conflict", "G1;G2", "CU-001", "both changed it", "", ""),
            ("R-003", "pin", "G2", "CU-001", HOSTILE, "b.kmz", "fence here"),
        ],
        columns=["remark_id", "kind", "group", "unit_id", "text", "file", "placemark"],
        geometry=[shapely.Point(72, 41.5), shapely.Point(72, 41.5), shapely.Point(72.5, 41.5)],
        crs=4326,
    )
    units = plain.tables["conservation_units"].assign(status="working-group proposal")
    tables = {
        **plain.tables,
        "conservation_units": units,
        "set_aside": aside,
        "remarks": remarks,
    }
    later = tmp_path / "01-collected"
    write_proposal(
        replace(plain, tables=tables, imprint=imprint(round="Round 01", number="01")), later
    )
    (later / "changes.csv").write_text(
        "unit_id,change,matched_by,group,decision,note\n"
        "CU-001,reshaped,cu_id,G1,not proposed,\n"
        "CU-001,reshaped,name,G2,proposed CU,not applied: see conflicts.csv\n"
        "CU-001,renamed,name,G2,,'Talas' → 'better'\n"
        "CU-002,absent,none,G1,,no file came from G1\n",
        encoding="utf-8",
    )
    return tmp_path / "00-proposal", later


def test_a_slide_shows_the_version_set_aside_and_what_groups_pinned(commented):
    slides = slides_of(commented, conflicts=False)
    one, two = slides["CU-001"], slides["CU-002"]
    # The outline that stands is G1's; G2's was set aside, name and all.
    assert one.proposed_by == "group G1"
    assert one.questions[:1] == ("as drawn: the criteria would not propose it",)
    # A pin has a number and a place; a comment is read; a conflict is a question, not a remark.
    said = f"(1) G2: fence here: {harmless(HOSTILE)}"
    assert one.remarks == (said, "G1: Ask the herders")
    assert two.remarks == ("G1: Ask the herders",)
    assert two.proposed_by == "working-group proposal"  # nobody handed anything in
    drawing = one.drawing
    assert drawing is not None
    kinds = [shape.kind for shape in drawing.shapes]
    assert kinds.count("pin") == kinds.count("version") == 1
    rival = drawing.shapes[kinds.index("version")].rings[0]
    unit = drawing.shapes[kinds.index("unit")].rings[0]
    assert min(x for x, _ in rival) > max(x for x, _ in unit)
    labels = {label.text: label for label in drawing.labels}
    assert labels["G2"].x > labels["CU-001"].x
    assert "(1)" in labels


def test_a_comment_decides_nothing_whatever_its_words_are(commented):
    """G1 wrote our own words into its comment; its change was applied, and the column says so."""
    base, later = commented
    changes = pd.DataFrame(
        [
            ("CU-001", "reshaped", "G1", "", "the 2015 zoning was not applied here", "true"),
            ("CU-001", "reshaped", "G2", "", "not applied: see conflicts.csv", "false"),
        ],
        columns=["unit_id", "change", "group", "decision", "note", "applied"],
    )
    slides = board(
        decided_round(later),
        lang="en",
        log=read_decisions(later),
        before=decided_round(base),
        changes=changes,
    )
    assert {slide.unit_id: slide.proposed_by for slide in slides}["CU-001"] == "group G1"


def test_the_tour_has_a_picture_of_its_legend_and_what_groups_said(commented, tmp_path):
    base, later = commented
    made, _ = plenary(later, tmp_path / "plenary", before=base)
    found = kml.lint_kml(made / "board.kmz")
    assert found[found["level"] == "error"].empty, found.to_string()
    with zipfile.ZipFile(made / "board.kmz") as archive:
        assert archive.namelist() == ["doc.kml", "files/legend.png"]
        assert archive.read("files/legend.png").startswith(b"\x89PNG")
        root = etree.fromstring(archive.read("doc.kml"))
    icon = root.find(f".//{KML}ScreenOverlay/{KML}Icon/{KML}href")
    assert icon is not None
    assert icon.text == "files/legend.png"
    folder = next(one for one in root.iter(f"{KML}Folder") if one.findtext(f"{KML}name") == REMARKS)
    names = [mark.findtext(f"{KML}name") for mark in folder.iter(f"{KML}Placemark")]
    assert names == ["G1: Ask the herders", "G1;G2: both changed it", "G2: fence here"]
    # What was said is never taken for something newly typed: no description is written.
    assert folder.findall(f".//{KML}description") == []


REMARKS = "Pins, comments, conflicts"


def test_slides_leave_nothing_out_of_their_box_without_saying_so(rounds, tmp_path):
    """Measured with the letters of the font itself, as PowerPoint breaks lines: by words."""
    slides = list(slides_of(rounds).values())
    long = [
        replace(slides[0], questions=tuple(f"question {n}: {'слово ' * 30}" for n in range(count)))
        for count in (0, 3, 9, 30)
    ]
    path = tmp_path / "long.pptx"
    write_slides(path, long, imprint=imprint(), lang="ru")
    for slide in list(Presentation(str(path)).slides)[1:]:
        for shape in slide.shapes:
            if shape.has_text_frame and shape.width > Mm(100):
                assert height_of(shape) <= shape.height / 12_700, shape.text_frame.text[:200]
                assert shape.top + shape.height <= Mm(190.5)
                assert shape.left + shape.width <= Mm(338.7)
    last = list(Presentation(str(path)).slides)[-1]
    assert any(s.has_text_frame and s.text_frame.text.endswith("…") for s in last.shapes)
    assert last.notes_slide.notes_text_frame.text.count("слово") == 900  # all of it is there


def height_of(shape: Any) -> float:
    """The height of the text of a shape in points, each line at 1.17 of its size (DejaVu's own)."""
    height = 0.0
    for paragraph in shape.text_frame.paragraphs:
        for run in paragraph.runs:
            size = run.font.size.pt
            font = ImageFont.truetype(FONT, 100)
            width, rows = 0.0, 1
            for word in run.text.split(" "):
                step = font.getlength(f"{word} ") * size / 100
                if width and width + step > shape.width / 12_700:
                    width, rows = 0.0, rows + 1
                width += step
            height += rows * size * 1.17
        height += paragraph.space_after.pt if paragraph.space_after is not None else 0.0
    return height


# -- the three forms ------------------------------------------------------------------------------


def test_the_same_round_gives_the_same_board(rounds, boarded, tmp_path):
    base, later = rounds
    again, _ = plenary(later, tmp_path / "plenary", before=base)
    for name in ("board.html", "board.pptx", "board.kmz"):
        assert (again / name).read_bytes() == (boarded / name).read_bytes()


def test_the_page_holds_no_clock_and_no_address(boarded):
    page = (boarded / "board.html").read_text(encoding="utf-8")
    assert "http://" not in page
    assert "https://" not in page
    assert 'http-equiv="Content-Security-Policy"' in page
    assert page.count("new Date(") == 1  # the browser's own


def test_the_slides_show_every_unit_with_a_map_of_shapes(boarded):
    book = Presentation(str(boarded / "board.pptx"))
    texts = [
        "\n".join(shape.text_frame.text for shape in slide.shapes if shape.has_text_frame)
        for slide in book.slides
    ]
    assert len(texts) == 5  # a cover and four units
    assert "A small workshop" in texts[0]
    assert "INDICATIVE" in texts[0]
    assert "CU-002 Naryn" in texts[1]
    assert "Area: 18,600 km² → 13,900 km²" in texts[2]
    assert {"this unit", "before"} <= set(texts[2].split("\n"))  # the legend
    drawn = [shape for shape in book.slides[2].shapes if shape.shape_type == 5]  # freeforms
    assert len(drawn) >= 5


def test_the_tour_flies_to_every_unit_and_shows_what_was_before(boarded):
    found = kml.lint_kml(boarded / "board.kmz")
    assert found[found["level"] == "error"].empty, found.to_string()
    with zipfile.ZipFile(boarded / "board.kmz") as archive:
        root = etree.fromstring(archive.read("doc.kml"))
    assert len(root.findall(".//{http://www.google.com/kml/ext/2.2}FlyTo")) == 4
    names = [mark.findtext(f"{KML}name") for mark in root.iter(f"{KML}Placemark")]
    assert "Before: CU-001 Talas" in names


def test_a_folder_that_holds_something_else_is_left_alone(rounds, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "speech.docx").write_text("x")
    with pytest.raises(InputError, match=r"speech\.docx"):
        plenary(rounds[0], tmp_path / "mine")


def test_the_base_beside_a_round_is_found_and_two_are_none(rounds, tmp_path):
    base, later = rounds
    for name, source in (("00", base), ("01", later)):
        shutil.copytree(source, tmp_path / name)
    done = decided_round(tmp_path / "01")
    assert base_beside(tmp_path / "01", done) is None  # it says nothing of a base
    told = {"round": 0, "title": "A small workshop"}
    done = replace(done, manifest={**done.manifest, "base": told})
    assert base_beside(tmp_path / "01", done) == tmp_path / "00"
    shutil.copytree(base, tmp_path / "00-copy")
    assert base_beside(tmp_path / "01", done) is None


# -- in a browser ---------------------------------------------------------------------------------


@pytest.mark.browser
def test_the_board_turns_over_with_the_keys_and_tells_the_time(browser, boarded):
    browser.size(1920, 1080)
    browser.open(boarded / "board.html")
    assert browser.asked_for() == []
    assert browser.errors == []
    shown = "return document.querySelector('.slide.now').id"
    assert browser.run(shown) == "overview"
    keys = ["\ue014", "\ue014", "\ue012", "\ue010", "\ue011"]  # right, right, left, end, home
    seen = []
    for key in keys:
        browser.key(key)
        seen.append(browser.run(shown))
    assert seen == ["CU-002", "CU-001", "CU-002", "CU-004", "overview"]
    assert re.fullmatch(
        r"\d\d:\d\d", browser.run("return document.getElementById('clock').textContent")
    )
    size = browser.run(
        "return parseFloat(getComputedStyle(document.getElementById('clock')).fontSize)"
    )
    assert size >= 40  # big: read from the back of the room
    assert browser.errors == []


@pytest.mark.browser
def test_a_unit_has_an_address_and_its_slide_fits_the_screen(browser, boarded):
    browser.size(1920, 1080)
    browser.open(boarded / "board.html", anchor="#CU-001")
    assert browser.run("return document.querySelector('.slide.now').id") == "CU-001"
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    bottom = "return document.querySelector('.now .map').getBoundingClientRect().bottom"
    assert browser.run(bottom) <= 1080
    # Disclaimer and sources are on the screen with it: nobody scrolls in plenary.
    assert browser.run("return document.documentElement.scrollHeight") <= 1080
    evidence = "return document.querySelector('.now details').open"
    assert browser.run(evidence) is False
    browser.key("e")
    assert browser.run(evidence) is True


@pytest.mark.browser
def test_printed_it_is_a_page_a_unit(browser, boarded):
    browser.open(boarded / "board.html")
    assert browser.pdf().count(b"/Type /Page\n") == 5  # the list and four units


@pytest.mark.browser
def test_nothing_from_data_runs(browser, tmp_path):
    plain = toy_round()
    units = plain.tables["conservation_units"].assign(name_en=HOSTILE, rationale=HOSTILE)
    hostile = replace(
        plain,
        tables={**plain.tables, "conservation_units": units},
        imprint=imprint(title=HOSTILE, disclaimer=HOSTILE, sources=(HOSTILE,)),
    )
    write_proposal(hostile, tmp_path / "r")
    made, _ = plenary(tmp_path / "r")
    browser.open(made / "board.html")
    assert browser.run("return document.title").startswith("{{7*7}}<img")
    assert browser.run("return document.querySelectorAll('img').length") == 0
    assert "49" not in browser.run("return document.querySelector('.bar .title').textContent")
    assert browser.errors == []
    # The second wall: markup that got past the escaping would still not run.
    page = (made / "board.html").read_text(encoding="utf-8")
    control = tmp_path / "control.html"
    control.write_text(
        page.replace("<main>", "<main><script>document.title='owned'</script>"), encoding="utf-8"
    )
    browser.open(control)
    assert browser.run("return document.title") != "owned"
    assert any("Content Security Policy" in error for error in browser.errors)
