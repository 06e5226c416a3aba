"""The board of plenary: what it shows, that it opens alone, that it runs nothing from data."""

from __future__ import annotations

import importlib.metadata
import itertools
import json
import re
import runpy
import shutil
import sys
import unicodedata
import zipfile
from dataclasses import replace
from io import BytesIO
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
from pptx.util import Mm, Pt
from pyproj import Geod

from cami_units import kml, store, workshop
from cami_units.cache import cache_of_round
from cami_units.commands.activities import known_activities
from cami_units.commands.decide import decide, decided_round, read_decisions, record_decision
from cami_units.commands.fences import with_fences
from cami_units.commands.plenary import _known_order as known_order
from cami_units.commands.plenary import base_beside, plenary
from cami_units.commands.propose import propose
from cami_units.commands.round_files import groups_in, write_proposal
from cami_units.commands.shown_round import crs_of, drawn_scene
from cami_units.documents import board as board_room
from cami_units.documents import html_pages, unit_drawing
from cami_units.documents._word_document import new_document, table
from cami_units.documents._word_document import paragraph as add_paragraph
from cami_units.documents.board import _body, write_slides
from cami_units.documents.board_slides import (
    Board,
    Loop,
    ShownActivity,
    Slide,
    _taken,
    _versions,
    _with_stands,
    boards,
)
from cami_units.documents.group_form import THEMES
from cami_units.documents.workbook_cells import read_table
from cami_units.model import EQUAL_AREA, InputError, Note, data_dir, harmless, outline_groups
from cami_units.plan import read_plan
from cami_units.words import LANGUAGES, sources_in
from cami_units.words import text as phrase
from tests.browser import chromium, node_module
from tests.conftest import modules_loaded_by
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


@pytest.fixture(scope="module")
def busy(rounds, tmp_path_factory) -> Path:
    """A board with much to say: decisions, a conflict, many activities, some amended, one dropped."""
    base, later = rounds
    directory = Path(shutil.copytree(later, tmp_path_factory.mktemp("busy") / "01-collected"))
    write_activities(directory)
    in_every_language(directory)
    decide(directory, "CU-001", "agree", reason="No objection. " * 8, time=NOON)
    decide(directory, "CU-003", "park", reason="Ask the neighbours first. " * 6, time=NOON)
    made, _ = plenary(directory, before=base)
    return made


def in_every_language(directory: Path) -> None:
    """Let a round on disk speak all languages there are."""
    path = directory / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    manifest["imprint"]["languages"] = list(LANGUAGES)
    path.write_text(json.dumps(manifest), "utf-8")


def write_activities(directory: Path) -> None:
    """Activities of CU-001 under every theme: one amended, one dropped, the rest as they were."""
    rows = [
        dict.fromkeys(workshop.ACTIVITY_COLUMNS, "")
        | {
            "activity_id": f"A{number:03}",
            "unit_id": "CU-001",
            "theme": theme,
            "text": f"Measure {number}: remove the lower wires of the fence on 40 km, each spring",
            "priority": "high",
            "timeframe": "2026-2028",
            "status": "dropped" if number == 2 else "proposed",
        }
        for number, theme in enumerate(THEMES, start=1)
    ]
    pd.DataFrame(rows).to_csv(directory / "activities.csv", index=False)
    line = ("A001", "amend", "text", "Remove the fence", rows[0]["text"], "G1", "too much at once")
    log = pd.DataFrame([line], columns=list(workshop.LOG_COLUMNS))
    log.to_csv(directory / "activities_log.csv", index=False)


def slides_of(
    rounds: tuple[Path, Path], lang: str = "en", *, conflicts: bool = True
) -> dict[str, Slide]:
    base, later = rounds
    return boarded_slides(
        later,
        lang,
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


def boarded_slides(
    directory: Path, lang: str = "en", *, order: tuple[str, ...] = ("rank",), **more: Any
) -> dict[str, Slide]:
    """The slides of a round by unit, in their order, with whatever the loop left beside it."""
    round_ = decided_round(directory)
    loop = Loop(log=read_decisions(directory), **more)
    [made] = boards(round_, [drawn_scene(round_, lang=lang)], loop, order=order)
    return {slide.unit_id: slide for slide in made.slides}


# -- what it shows --------------------------------------------------------------------------------


def test_a_conflict_says_what_it_is_and_which_other_unit_it_is_about(rounds):
    """Only where groups drew one unit differently were several groups at it."""
    columns = ["unit_id", "groups", "overlap_km2", "default", "resolution", "kind", "what", "facts"]
    rows = [
        ("CU-001", "G1;G2", 120.0, "keep G1", "", "two groups", "", ""),
        (
            "CU-002",
            "G1",
            7.0,
            "ask plenary",
            "",
            "outside the section",
            "",
            '[{"key": "outside the section", "share": 100.0, "group": "G1"}]',
        ),
        ("CU-003;CU-004", "G1;G2", 30.0, "ask plenary", "", "overlap", "", '[{"key": "overlap"}]'),
    ]
    conflicts = pd.DataFrame(rows, columns=columns)
    first = {
        lang: [
            slide.questions[0]
            for _, slide in sorted(boarded_slides(rounds[1], lang, conflicts=conflicts).items())
        ]
        for lang in ("en", "ru")
    }
    assert first["en"] == [
        "drawn by several groups: G1, G2, 120 km² (Keep G1)",
        "100 % of it lies outside the section of G1, 7 km² (Ask plenary)",
        "CU-004 – they share ground; both stay as drawn, 30 km² (Ask plenary)",
        "CU-003 – they share ground; both stay as drawn, 30 km² (Ask plenary)",
    ]
    assert first["ru"][2].startswith("CU-004 – "), first["ru"]
    assert not any("нарисовано" in question for question in first["ru"][1:])


def test_a_slide_says_who_what_before_and_after_and_what_is_open(rounds):
    slides = slides_of(rounds)
    assert list(slides) == ["CU-002", "CU-001", "CU-003", "CU-004"]  # best rank first
    one = slides["CU-001"]
    assert one.proposed_by == "group G1"
    assert one.compared == (("Area", "18,600 km²", "13,900 km²"), ("C1", "✓", "✗"))
    assert one.questions == ("no longer meets: C1", "not assessed: C5")
    assert slides["CU-003"].questions[0] == "drawn by several groups: G1, G2, 120 km² (Ask plenary)"
    assert slides["CU-002"].proposed_by == "software"
    assert dict(one.facts)["States"] == "Kyrgyzstan, Kazakhstan"
    assert [(name, mark) for name, mark, _, _ in one.criteria][:3] == [
        *(("G1", "✓"), ("G2", "✓"), ("C1", "✗"))
    ]


def test_a_slide_in_russian(rounds):
    one = slides_of(rounds, "ru")["CU-001"]
    assert one.name == "Талас"
    assert one.questions[0] == "больше не выполняет: C1"
    assert one.compared[0] == ("Площадь", "18\u00a0600 км²", "13\u00a0900 км²")


def test_the_map_of_a_slide_draws_before_behind_and_the_unit_in_the_middle(rounds):
    kept = slides_of(rounds)["CU-001"].drawing
    assert kept is not None
    drawing = kept.opened()
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
    slides = boarded_slides(directory)
    assert list(slides)[-1] == "CU-002"
    parked, rejected = slides["CU-001"], slides["CU-002"]
    said = "parked · plenary · Await the survey · 22 November, 14:05"
    assert parked.decisions == (said,)
    assert parked.questions[0] == said
    assert parked.standing == ""  # nothing is settled yet
    assert rejected.standing == "rejected · plenary · Too far · 22 November, 14:05"
    assert rejected.questions == ()  # a decision answers what was open


@pytest.mark.slow
def test_what_an_earlier_round_decided_counts_and_what_is_parked_does_not(rounds, tmp_path):
    base, _ = rounds
    directory = Path(shutil.copytree(base, tmp_path / "r"))
    decide(directory, "CU-001", "park", reason="Await the survey", time=NOON)
    decide(directory, "CU-002", "reject", reason="Too far", time=NOON)
    decide(directory, "CU-003", "agree", reason="No objection", time=NOON)
    round_ = decided_round(directory)
    nothing_yet = read_decisions(directory).iloc[:0]  # the next round begins a log of its own
    for log in (read_decisions(directory), nothing_yet):
        [made] = boards(round_, [drawn_scene(round_, lang="en")], Loop(log=log))
        assert (made.decided, made.total) == (2, 4)


def test_what_is_taken_back_or_parked_stands_no_longer(rounds, tmp_path):
    """In the banner, which makes a slide green; the lines of the log go on standing below."""
    directory = Path(shutil.copytree(rounds[0], tmp_path / "r"))
    decide(directory, "CU-001", "agree", reason="No objection", time=NOON)
    assert "No objection" in boarded_slides(directory)["CU-001"].standing
    decide(directory, "CU-001", "undo", reason="Too early", time=NOON)
    assert boarded_slides(directory)["CU-001"].standing == ""
    decide(directory, "CU-001", "agree", reason="No objection", time=NOON)
    decide(directory, "CU-001", "park", reason="Await the survey", time=NOON)
    assert boarded_slides(directory)["CU-001"].standing == ""


def test_a_merged_unit_says_where_it_went(rounds, tmp_path):
    directory = Path(shutil.copytree(rounds[0], tmp_path / "r"))
    decide(directory, "CU-001", "merge", reason="One landscape", time=NOON, into="CU-002")
    slides = boarded_slides(directory, "ru")
    assert slides["CU-001"].status_said == "объединено → CU-002"
    assert "→" not in slides["CU-002"].status_said


def test_a_unit_that_is_out_is_not_counted_and_has_no_rank(rounds, tmp_path):
    """Four units, one of them merged: as on the map there are three, and the one has no rank left."""
    directory = Path(shutil.copytree(rounds[0], tmp_path / "r"))
    before = decided_round(rounds[0])
    rank = before.tables["conservation_units"].set_index("unit_id").at["CU-001", "rank_label"]
    decide(directory, "CU-001", "merge", reason="One landscape", time=NOON, into="CU-002")
    # as the next round has it: `decide` leaves the ranks of a round as they are
    round_ = decided_round(directory)
    units = round_.tables["conservation_units"].copy()
    units.loc[units["unit_id"] == "CU-001", ["rank", "rank_label"]] = [float("nan"), ""]
    round_ = replace(round_, tables={**round_.tables, "conservation_units": units})
    loop = Loop(log=read_decisions(directory), before=before)
    [made] = boards(round_, [drawn_scene(round_, lang="en")], loop)
    [merged] = [slide for slide in made.slides if slide.unit_id == "CU-001"]
    assert ("Rank", rank, "not ranked") in merged.compared
    assert (made.shown, len(made.slides)) == (3, 4)
    made_dir, _ = plenary(directory, tmp_path / "board", before=rounds[0])
    cover = Presentation(str(made_dir / "board.pptx")).slides[0]
    told = "\n".join(shape.text_frame.text for shape in cover.shapes if shape.has_text_frame)
    assert "Conservation units: 3" in told
    page = (made_dir / "board.html").read_text(encoding="utf-8")
    bar = page[page.index('<div class="progress"') :].partition("</div>")[0]
    parts = [float(share) for share in re.findall(r'width="([\d.]+)%"', bar)]
    assert sum(parts) == pytest.approx(100, abs=0.1)


def test_a_slide_says_which_units_share_its_ground(rounds, tmp_path):
    """CU-001 drawn to 74° E and 42.5° N lies on a quarter of CU-002 (18,300 km²); out, on nothing."""
    directory = Path(shutil.copytree(rounds[0], tmp_path / "r"))
    stored = store.read_round(directory)
    units = gpd.GeoDataFrame(stored.tables["conservation_units"])
    units.loc[units["unit_id"] == "CU-001", "geometry"] = shapely.box(71, 41, 74, 42.5)
    tables = {**stored.tables, "conservation_units": units}
    write_proposal(replace(stored, tables=tables), directory, force=True)

    def told() -> list[str]:
        board = (plenary(directory)[0] / "board.html").read_text(encoding="utf-8")
        return re.findall(r"<dt>Shares ground with</dt><dd>([^<]*) km²\)</dd>", board)

    first, second = sorted(told())
    assert re.fullmatch(r"CU-001 \(4,[56]\d\d", first)
    assert re.fullmatch(r"CU-002 \(4,[56]\d\d", second)
    decide(directory, "CU-001", "merge", reason="One place", time=NOON, into="CU-002")
    assert told() == []
    # CU-002 stays as drawn: all of CU-001 but that quarter is on no map now
    board = (directory / "plenary" / "board.html").read_text(encoding="utf-8")
    [km2] = re.findall(r"<dt>Leaves the map</dt><dd>([\d,]*) km² outside CU-002</dd>", board)
    whole_m2, _ = Geod(ellps="WGS84").geometry_area_perimeter(shapely.box(71, 41, 74, 42.5))
    shared = int(first.removeprefix("CU-001 (").replace(",", ""))
    assert int(km2.replace(",", "")) == pytest.approx(abs(whole_m2) / 1e6 - shared, rel=0.01)
    decide(directory, "CU-001", "reject", reason="Too far", time=NOON)
    assert told() == []
    assert "Leaves the map" not in (directory / "plenary" / "board.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("lang", "who"),
    [("en", "a working group"), ("ru", "рабочая группа"), ("zh", "工作组"), ("mn", "ажлын бүлэг")],
)
def test_who_confirmed_a_unit_in_a_round_before_is_a_working_group(lang, who, tmp_path):
    """Nobody drew it, and the changes of that round are in none of this one: its status was told as a proposer."""
    plain = toy_round()
    units = plain.tables["conservation_units"].assign(status="working-group proposal")
    known = replace(plain, tables={**plain.tables, "conservation_units": units})
    loop = Loop(log=read_decisions(tmp_path))
    [board] = boards(known, [drawn_scene(known, lang=lang)], loop)
    assert {slide.proposed_by for slide in board.slides} == {who}


def test_the_board_names_its_sources_in_the_language_of_each_page(tmp_path):
    """Bundled ones are values, and said in every language; what a user wrote stays as it is."""
    cited = (Note("source countries"),)
    known = replace(imprint(), cited=cited, sources=sources_in(cited))
    plain = toy_round()
    made = [
        page
        for lang in ("en", "ru")
        for page in boards(
            plain, [drawn_scene(plain, lang=lang)], Loop(log=read_decisions(tmp_path))
        )
    ]
    board_room.write_board(tmp_path / "board.html", made, imprint=known)
    said = re.findall(r'<p class="sources">(.*?)</p>', (tmp_path / "board.html").read_text("utf-8"))
    assert said[0].startswith("Sources: Countries: Natural Earth")
    assert said[1].startswith("Источники: Страны: Natural Earth")


def test_a_round_with_pieces_and_no_conflict_has_its_board(tmp_path):
    """`collect` leaves a table of conflicts without rows: a list would make a column of numbers of it."""
    toy = toy_round()
    units = toy.tables["conservation_units"].assign(split_from="")
    units.loc[units["unit_id"].isin(["CU-003", "CU-004"]), "split_from"] = "CU-006"
    write_proposal(replace(toy, tables={**toy.tables, "conservation_units": units}), tmp_path / "r")
    head = "unit_id,groups,overlap_km2,default,resolution,open,kind,what,facts\n"
    (tmp_path / "r" / "conflicts.csv").write_text(head, encoding="utf-8")
    plenary(tmp_path / "r")
    assert "CU-004" in (tmp_path / "r" / "plenary" / "board.html").read_text(encoding="utf-8")


def test_a_round_in_which_no_unit_was_found_has_its_board(tmp_path):
    """Its map shows the range states; the corners of a box as wide as Asia no projection reaches."""
    plain = toy_round()
    countries = gpd.read_file(data_dir() / "boundaries" / "countries.geojson")
    tables = {
        name: table.iloc[:0] if "unit_id" in table else table
        for name, table in plain.tables.items()
        if name not in {"hotspots", "sections"}
    }
    write_proposal(replace(plain, tables={**tables, "countries": countries}), tmp_path / "r")
    made, _ = plenary(tmp_path / "r")
    assert len(Presentation(str(made / "board.pptx")).slides) == 2  # a cover and the map


def test_a_piece_is_held_against_the_unit_that_it_was_part_of(rounds):
    """CU-002 meets C1; of its piece CU-002a half of the ground is left, and C1 is not met any more."""
    before = decided_round(rounds[0])
    piece = {"CU-002": "CU-002a"}
    units, findings = (
        before.tables[name].copy() for name in ("conservation_units", "unit_criteria")
    )
    is_piece = units["unit_id"] == "CU-002"
    units = units.assign(split_from=is_piece.map({True: "CU-002", False: ""}))
    units.loc[is_piece, "area_km2"] = 9_150.0
    findings.loc[findings["unit_id"].eq("CU-002") & findings["criterion"].eq("C1"), "met"] = False
    tables = {
        name: table.assign(unit_id=table["unit_id"].replace(piece))
        for name, table in {
            **before.tables,
            "conservation_units": units,
            "unit_criteria": findings,
        }.items()
        if "unit_id" in table
    }
    after = replace(before, tables={**before.tables, **tables})
    loop = Loop(log=read_decisions(rounds[0]).iloc[:0], before=before)
    [made] = boards(after, [drawn_scene(after, lang="en")], loop)
    [slide] = [one for one in made.slides if one.unit_id == "CU-002a"]
    compared = {label: (was, now) for label, was, now in slide.compared}
    assert [re.sub(r"\D", "", area) for area in compared["Area"]] == ["18300", "9150"]
    assert "C1" in compared
    assert any("no longer meets" in one.casefold() and "C1" in one for one in slide.questions)
    assert slide.drawing is not None


def test_a_round_of_a_plan_that_names_nothing_has_its_crs_and_its_groups(tmp_path):
    """All tables of a plan may be left out: the manifest has it as it was written."""
    (tmp_path / "plan.toml").write_text('title = "Two lines"\ndate = "2026-11-22"\n')
    written = read_plan(tmp_path / "plan.toml").as_written
    assert set(written) == {"title", "date"}
    plain = toy_round()
    short = replace(plain, manifest={**plain.manifest, "plan": dict(written)})
    assert crs_of(short) == EQUAL_AREA
    assert groups_in(short) == {"S1": ("S1",), "S2": ("S2",)}


def test_activities_stand_by_theme_with_the_old_text_beside_the_new(rounds, tmp_path):
    _, later = rounds
    directory = Path(shutil.copytree(later, tmp_path / "r"))
    write_activities(directory)
    slides = boarded_slides(
        directory,
        "ru",
        activities=known_activities(directory),
        activity_log=pd.read_csv(directory / "activities_log.csv", dtype=str),
    )
    themes = slides["CU-001"].activities
    assert len(themes) == 10
    assert themes[0][0] == "борьба с браконьерством"  # in the order of the agenda
    amended, dropped = themes[0][1][0], themes[1][1][0]
    assert amended.old_text == "Remove the fence"
    assert amended.text.startswith("Measure 1")
    assert (dropped.is_dropped, dropped.old_text) == (True, "")
    assert amended.facts == "высокий приоритет · 2026-2028"
    assert slides["CU-002"].activities == ()


def test_the_units_follow_rank_group_section_or_a_list_by_hand(rounds):
    _, later = rounds
    by_rank = ["CU-002", "CU-001", "CU-003", "CU-004"]
    groups = {"CU-001": "G1", "CU-002": "G2", "CU-003": "G1"}  # CU-004 is nobody's: it comes last
    assert list(boarded_slides(later)) == by_rank
    by_group = ["CU-001", "CU-003", "CU-002", "CU-004"]
    assert list(boarded_slides(later, order=("group",), groups=groups)) == by_group
    by_hand = ["CU-004", "CU-003", "CU-002", "CU-001"]
    assert list(boarded_slides(later, order=("CU-004", "CU-003"))) == by_hand


def test_an_order_is_typed_as_people_type_ids_and_a_unit_that_is_not_there_is_named(rounds):
    later = decided_round(rounds[1])
    typed = ["cu-3", "CU–004 Wakhan CU-1", " CU-2 ", "Rank"]
    assert list(known_order(later, typed)) == ["CU-003", "CU-004", "CU-001", "CU-002", "rank"]
    assert list(known_order(later, ["CU-002–CU-004"])) == ["CU-002", "CU-003", "CU-004"]
    with pytest.raises(InputError) as refused:
        known_order(later, ["cu-9", "gruop"])
    assert "cannot be ordered by CU-009, gruop." in str(refused.value)
    assert "Did you mean 'group'?" in str(refused.value)
    assert "rank, group, section" in str(refused.value)
    assert "CU-001, CU-002, CU-003, CU-004" in str(refused.value)


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
        "CU-001,reshaped,name,G2,proposed CU,not applied: it stands among the conflicts\n"
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
    said = f"(1) G2: fence here · {harmless(HOSTILE)}"
    # A group that renames the unit says so, applied or not.
    renamed = "G2: renamed – 'Talas' → 'better'"
    assert one.remarks == (renamed, said, "G1: Ask the herders")
    assert two.remarks == ("G1: Ask the herders",)
    # nobody handed anything in, and who drew it is not known
    assert two.proposed_by == "a working group"
    kept = one.drawing
    assert kept is not None
    drawing = kept.opened()
    kinds = [shape.kind for shape in drawing.shapes]
    assert kinds.count("pin") == kinds.count("version") == 1
    rival = drawing.shapes[kinds.index("version")].rings[0]
    unit = drawing.shapes[kinds.index("unit")].rings[0]
    assert min(x for x, _ in rival) > max(x for x, _ in unit)
    labels = {label.text: label for label in drawing.labels}
    assert labels["G2"].x > labels["CU-001"].x
    assert "(1)" in labels


def test_an_outline_that_a_decision_replaced_is_the_version_of_those_who_drew_it():
    """Plenary took G2's outline in place of G1's: the room still sees what G1 drew, and under its name."""
    of_g1, of_g2 = shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)
    aside = gpd.GeoDataFrame(
        {"unit_id": "CU-001", "group": ["G2", "before"]}, geometry=[of_g2, of_g1]
    )
    changes = pd.DataFrame(
        [("CU-001", "G1", "reshaped", "true"), ("CU-001", "G2", "reshaped", "false")],
        columns=["unit_id", "group", "change", "applied"],
    )

    def with_stands(standing):
        units = gpd.GeoDataFrame({"unit_id": ["CU-001"]}, geometry=[standing])
        return _with_stands({"conservation_units": units, "set_aside": aside})["set_aside"]

    def shown_groups(standing, rows):
        versions = _versions(with_stands(standing), rows)
        return [row["group"] for row in versions["CU-001"]]

    # what stands is no version beside it
    assert shown_groups(of_g2, changes) == ["G1"]
    assert shown_groups(of_g1, changes) == ["G2"]
    # an outline that no group has touched is nobody's version, nor that of who renamed the unit
    assert shown_groups(of_g2, changes[1:]) == []
    assert shown_groups(of_g2, changes.replace({"change": {"reshaped": "renamed"}})) == []
    # whose it is says the slide, whatever else others did to the unit
    assert _taken(with_stands(of_g2)) == {"CU-001": ["G2"]}
    assert _taken(with_stands(of_g1)) == {"CU-001": []}


def test_a_comment_decides_nothing_whatever_its_words_are(commented):
    """G1 wrote our own words into its comment; its change was applied, and the column says so."""
    base, later = commented
    changes = pd.DataFrame(
        [
            ("CU-001", "reshaped", "G1", "", "the 2015 zoning was not applied here", "true"),
            ("CU-001", "reshaped", "G2", "", "not applied: it stands among the conflicts", "false"),
        ],
        columns=["unit_id", "change", "group", "decision", "note", "applied"],
    )
    slides = boarded_slides(later, before=decided_round(base), changes=changes)
    assert slides["CU-001"].proposed_by == "group G1"


def test_the_tour_has_a_picture_of_its_legend_and_what_groups_said(commented, tmp_path):
    base, later = commented
    made, _ = plenary(later, tmp_path / "plenary", before=base)
    found = kml.lint_kml(made / "board.kmz")
    assert found[found["level"] == "error"].empty, found.to_string()
    with zipfile.ZipFile(made / "board.kmz") as archive:
        assert archive.namelist() == ["doc.kml", "files/legend.png", "files/relief.jpg"]
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
    write_slides(path, Board("ru", tuple(long)), imprint=imprint())
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


def test_after_a_decision_a_board_is_as_from_nothing_and_fetches_little(rounds, tmp_path):
    """What is kept, or kept and damaged, changes no byte; no library that draws or measures is loaded."""
    base, later = rounds
    kept, fresh, damaged = (tmp_path / name / later.name for name in ("kept", "fresh", "damaged"))
    for folder in (kept, fresh):
        shutil.copytree(later, folder)
    plenary(kept, before=base)
    for folder in (kept, fresh):
        decide(folder, "CU-001", "agree", reason="No objection", time=NOON)
    shutil.copytree(kept.parent, damaged.parent)
    for entry in cache_of_round(damaged).folder.glob("s*.entry"):  # sections, slides
        entry.write_bytes(entry.read_bytes()[:-1])
    shutil.rmtree(cache_of_round(fresh).folder)
    code = (
        "import sys; from pathlib import Path; from cami_units.commands.plenary import plenary; "
        "plenary(Path(sys.argv[1]), before=Path(sys.argv[2]))"
    )
    heavy = {"pptx", "docx", "openpyxl", "matplotlib", "scipy", "numba"}
    assert not heavy & modules_loaded_by(code, kept, base)
    for folder in (fresh, damaged):
        made, _ = plenary(folder, before=base)
        for name in ("board.html", "board.pptx", "board.kmz"):
            assert (made / name).read_bytes() == (kept / "plenary" / name).read_bytes()


def test_a_template_is_compiled_once_a_machine_as_modules_are(tmp_path, monkeypatch):
    """The page is the same from a compiled template, a damaged one, and where none may be kept."""

    def page() -> bytes:
        html_pages._environment.cache_clear()
        return html_pages.page("board.html", lang="en", imprint=imprint(), pages=[], fills={})

    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    plain = page()
    assert not list(tmp_path.rglob("*.pyc"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    assert page() == page() == plain
    compiled = list(tmp_path.rglob("*.pyc"))
    assert len(compiled) == 3  # the page, its shell and its signs
    for n_bytes in (0, 20, 40, 200):
        for file in compiled:
            file.write_bytes(file.read_bytes()[:n_bytes])
        assert page() == plain
    # another Jinja compiles otherwise, and does not run what this one made
    monkeypatch.setattr(html_pages, "version_of", lambda library: "another")
    assert page() == plain
    assert len(list(tmp_path.rglob("*.pyc"))) == 6
    html_pages._environment.cache_clear()


@pytest.mark.parametrize(("lang", "tag"), [("ru", "ru-RU"), ("zh", "en-GB")])
def test_a_text_says_which_language_it_is_in_so_that_a_speller_underlines_none_of_it(lang, tag):
    written = BytesIO()
    new_document(imprint(), "Annex", lang=lang).save(written)
    with zipfile.ZipFile(written) as parts:
        styles = parts.read("word/styles.xml").decode()
    assert re.findall(r'<w:lang w:val="([^"]*)" w:eastAsia="([^"]*)"', styles) == [(tag, "zh-CN")]


def test_a_paragraph_keeps_off_the_lower_line_of_a_table():
    document = new_document(imprint(), "Annex", lang="en")
    table(document, ("a",), [("b",)], (178,))
    add_paragraph(document, "below a table")
    add_paragraph(document, "below a paragraph")
    *_, below, next_one = document.paragraphs
    assert below.paragraph_format.space_before == Pt(4)
    assert next_one.paragraph_format.space_before is None


@pytest.mark.parametrize(
    ("lang", "tag"), [("en", "en-GB"), ("ru", "ru-RU"), ("zh", "en-GB"), ("mn", "mn-MN")]
)
def test_each_run_of_a_slide_says_which_language_it_is_in(rounds, tmp_path, lang, tag):
    """One with Chinese signs is Chinese, whatever else is in it; what is in letters is as in Word."""
    slides = tuple(boarded_slides(rounds[1], lang).values())
    write_slides(tmp_path / "a.pptx", Board(lang, slides), imprint=imprint())
    spoken = {True: ("zh-CN", tag), False: (tag, None)}
    seen = set()
    for slide in Presentation(str(tmp_path / "a.pptx")).slides:
        of_notes = slide.notes_slide._element.iter("{*}r") if slide.has_notes_slide else ()
        for run in [*slide._element.iter("{*}r"), *of_notes]:
            said, told = "".join(run.itertext()), run.find("{*}rPr").attrib
            is_chinese = any(unicodedata.east_asian_width(sign) in "WF" for sign in said)
            assert (told["lang"], told.get("altLang")) == spoken[is_chinese], said
            seen.add(is_chinese)
    assert seen == {lang == "zh", False}


def test_a_title_of_any_length_is_on_the_slides(tmp_path):
    """Properties of a file hold 255 letters of it, as Office itself does."""
    write_slides(tmp_path / "a.pptx", Board("en", ()), imprint=imprint(title="long " * 200))
    book = Presentation(str(tmp_path / "a.pptx"))
    assert len(book.core_properties.title) == 255
    text_of_cover = "".join(s.text_frame.text for s in book.slides[0].shapes if s.has_text_frame)
    assert "long " * 199 in text_of_cover
    document = new_document(imprint(title="long " * 200), "Annex", lang="en")
    assert len(document.core_properties.title) == 255


def test_the_page_of_a_language_holds_no_phrase_of_another(boarded):
    page = (boarded / "board.html").read_text(encoding="utf-8")
    halves = dict(
        re.findall(
            r'<div class="board" lang="(\w+)">(.*?)(?=<div class="board"|</body>)', page, re.S
        )
    )
    assert set(halves) == {"en", "ru"}
    pages = Path(html_pages.__file__).parent / "pages"
    asked = {
        key
        for template in ("board.html", "board_unit.html")
        for key in re.findall(r't\("([^"]+)"\)', (pages / template).read_text(encoding="utf-8"))
    }
    spoken = {key for key in asked if f">{phrase(key)}" in halves["en"]}
    assert {"board list", "proposed by", "board evidence", "board order"} <= spoken
    for key in spoken:
        assert f">{phrase(key, 'ru')}" in halves["ru"], key
        assert f">{phrase(key)}" not in halves["ru"] or phrase(key) == phrase(key, "ru")


def test_labels_and_lists_of_a_page_are_parted_as_their_language_parts_them(busy):
    """A space stands behind the colons and commas of English and Russian, none behind those of Chinese."""
    page = (busy / "board.html").read_text(encoding="utf-8")
    for lang, label, comma in (("en", ": ", ", "), ("ru", ": ", ", "), ("zh", "：", "、")):
        half = page.partition(f'<div class="board" lang="{lang}">')[2]
        [(said, themes)] = re.findall(r'<p class="todo"><b>([^<]*)</b>([^<]*)</p>', half)[:1]
        assert said == phrase("activities", lang) + label
        assert themes.count(f" 1{comma}") == len(THEMES) - 1
        assert f"<b>{phrase('proposed by', lang)}{label}</b>" in half
        assert f" {phrase('profile', lang)}{label}" in half


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
    assert len(texts) == 6  # a cover, the overview and four units
    assert "0 of 4 decided" in texts.pop(1)
    assert "A small workshop" in texts[0]
    assert "INDICATIVE" in texts[0]
    assert "CU-002 Naryn" in texts[1]
    assert "Area: 18,600 km² → 13,900 km²" in texts[2]
    assert "G1\N{NO-BREAK SPACE}✓" in texts[1]
    assert {"this unit", "before"} <= set(texts[2].split("\n"))  # the legend
    drawn = [shape for shape in book.slides[3].shapes if shape.shape_type == 5]  # freeforms
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


@pytest.mark.parametrize("name", ["changes.csv", "conflicts.csv", "activities.csv"])
def test_a_table_of_the_round_that_cannot_be_read_is_named(rounds, tmp_path, name):
    """The board drew none of what stands in it, and said nothing."""
    directory = Path(shutil.copytree(rounds[1], tmp_path / "01-collected"))
    (directory / name).unlink(missing_ok=True)
    (directory / name).mkdir()
    with pytest.raises(InputError, match=f"{name}' is a folder, where a log is expected"):
        plenary(directory)
    (directory / name).rmdir()
    (directory / name).write_bytes(bytes(range(256)) * 20)
    with pytest.raises(InputError, match=rf"^{name} cannot be read as CSV: a file of another kind"):
        plenary(directory)
    (directory / name).write_text("name,km2\nAltai,3\n", encoding="utf-8")
    with pytest.raises(InputError, match=f"'{name}' has no column") as refused:
        plenary(directory)
    if name != "activities.csv":
        assert "copy of the round, or move it away" in str(refused.value)
    (directory / name).unlink()
    assert (plenary(directory)[0] / "board.html").is_file()


def test_a_base_that_lies_elsewhere_is_asked_for(rounds, tmp_path):
    """The round went on a stick without the one before it."""
    shutil.copytree(rounds[1], tmp_path / "01")
    manifest = json.loads((tmp_path / "01" / "manifest.json").read_text(encoding="utf-8"))
    manifest["base"] = {"round": 0, "title": "A small workshop"}
    (tmp_path / "01" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    _, problems = plenary(tmp_path / "01")
    told = [one for one in problems if one.as_note().key == "base not beside"]
    assert [one.what.split(":")[0] for one in told] == [
        "round 0, from which this one was collected, does not lie beside it, or lies there twice"
    ]
    assert told[0].cure.endswith("name it with --before.")
    _, problems = plenary(tmp_path / "01", before=rounds[0])
    assert "base not beside" not in {one.as_note().key for one in problems}


# -- in a browser ---------------------------------------------------------------------------------


@pytest.mark.browser
def test_the_board_turns_over_with_the_keys_and_tells_the_time(browser, boarded):
    browser.size(1920, 1080)
    browser.open(boarded / "board.html")
    assert browser.asked_for() == []
    assert browser.errors == []
    shown = "return document.querySelector('.board.on .slide.now').dataset.unit"
    assert browser.run(shown) == "overview"
    keys = ["\ue014", "\ue014", "\ue012", "\ue010", "\ue011"]  # right, right, left, end, home
    seen = []
    for key in keys:
        browser.key(key)
        seen.append(browser.run(shown))
    assert seen == ["CU-002", "CU-001", "CU-002", "CU-004", "overview"]
    assert re.fullmatch(
        r"\d\d:\d\d", browser.run("return document.querySelector('.on .clock').textContent")
    )
    size = browser.run(
        "return parseFloat(getComputedStyle(document.querySelector('.on .clock')).fontSize)"
    )
    assert size >= 40  # big: read from the back of the room
    assert browser.errors == []


@pytest.mark.browser
def test_a_unit_has_an_address_and_its_slide_fits_the_screen(browser, boarded):
    browser.size(1920, 1080)
    browser.open(boarded / "board.html", anchor="#CU-001")
    assert browser.run("return document.querySelector('.on .slide.now').dataset.unit") == "CU-001"
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    bottom = "return document.querySelector('.now .map').getBoundingClientRect().bottom"
    assert browser.run(bottom) <= 1080
    # Disclaimer and sources are on the screen with it: nobody scrolls in plenary.
    assert browser.run("return document.documentElement.scrollHeight") <= 1080
    evidence = "return document.querySelector('.on .now [data-view=evidence]').hidden"
    assert browser.run(evidence) is True
    browser.key("e")
    assert browser.run(evidence) is False


OVERFLOWS = """
const slide = document.querySelector('.board.on .slide.now'), page = document.documentElement;
const out = [];
if (page.scrollHeight > innerHeight || page.scrollWidth > innerWidth) out.push('page');
if (slide.scrollHeight > slide.clientHeight + 1) out.push('slide');
slide.querySelectorAll('.view:not([hidden]), .told').forEach((box) => {
  if (box.offsetParent && box.scrollHeight > box.clientHeight + 1) out.push(box.className);
});
const map = slide.querySelector('.map');
if (map && map.closest('.view').offsetParent && map.clientHeight < innerHeight / 3) out.push('map');
return out;
"""


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("size", [(1920, 1080), (1366, 768)])
def test_no_screen_overflows_in_any_state_or_language(browser, busy, size):
    """Every unit, before and after a decision, its evidence and its activities, in all languages."""
    browser.size(*size)
    browser.open(busy / "board.html")
    units = browser.run(
        "return Array.from(document.querySelectorAll('.on .slide')).map((s) => s.dataset.unit)"
    )
    assert units[0] == "overview"
    states = 0
    for lang in LANGUAGES:
        browser.run(f"document.querySelector('.on .to-language[value={lang}]').click()")
        assert browser.run("return document.documentElement.lang") == lang
        for unit in units:
            browser.run(f"location.hash = '{unit}'; dispatchEvent(new Event('hashchange'))")
            for key in ("", "e", "a"):
                if key:
                    browser.key(key)
                assert browser.run(OVERFLOWS) == [], (size, lang, unit, key)
                states += 1
    assert states == len(LANGUAGES) * 3 * 5
    assert browser.errors == []


RUSSIAN = "Просим секретариат уточнить границу по гребню хребта и сообщить о статусе заграждений. "
MONGOLIAN = (
    "Торон хашааг хулан адууны нүүдэлд саад болохгүйгээр буулгах арга хэмжээг төлөвлөнө үү. "
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The board of the whole demonstration: forty units in every state of a decision, much to say."""
    proposal = propose(read_plan(None))
    spoken = replace(proposal.imprint, languages=LANGUAGES)
    directory = tmp_path_factory.mktemp("whole") / "00-proposal"
    write_proposal(with_fences(replace(proposal, imprint=spoken)), directory)
    ids = list(proposal.tables["conservation_units"]["unit_id"])
    name = "A name that four states could not agree to make any shorter than it is here"
    for number, unit_id in enumerate(ids):
        reason = (RUSSIAN, MONGOLIAN)[number % 2] * (1 + number % 5)
        names = {"name_en": name, "name_ru": "Название, " + RUSSIAN[:70]} if number == 6 else {}
        word = ("agree", "agree-with-change", "park", "reject", "", "agree")[number % 6]
        if word:
            record_decision(directory, unit_id, word, reason=reason, time=NOON, **names)
        if number % 6 == 5:
            record_decision(directory, unit_id, "undo", reason=reason, time=NOON)
    record_decision(directory, ids[4], "merge", reason=RUSSIAN, time=NOON, into=ids[0])
    rows = [
        dict.fromkeys(workshop.ACTIVITY_COLUMNS, "")
        | {
            "activity_id": f"{unit_id}-{number}",
            "unit_id": unit_id,
            "theme": theme,
            "text": (RUSSIAN, MONGOLIAN)[number % 2] * (1 + number % 3),
            "priority": "high",
            "timeframe": "2026-2032",
            "partner": "Министерство экологии и природных ресурсов",
            "status": "dropped" if number == 2 else "proposed",
        }
        for place, unit_id in enumerate(ids)
        for number, theme in enumerate(THEMES[: place % (len(THEMES) + 1)])
    ]
    pd.DataFrame(rows).to_csv(directory / "activities.csv", index=False)
    log = [
        (row["activity_id"], "amend", "text", "Снять ограду", row["text"], "G1", "") for row in rows
    ]
    pd.DataFrame(log[::3], columns=list(workshop.LOG_COLUMNS)).to_csv(
        directory / "activities_log.csv", index=False
    )
    made, _ = plenary(directory)
    return made


FAULTS = """
const out = [], phone = innerWidth < 700, board = document.querySelector('.board.on');
const press = (code) => document.dispatchEvent(new KeyboardEvent('keydown', {code, bubbles: true}));
const box = (name) => { const e = board.querySelector(name); return e && e.offsetParent ? e.getBoundingClientRect() : null; };
const apart = ['.bar .title', '.bar nav', '.languages', '.bar .clock', '.now h1', '.now .status', '.now .turns', '.now .order',
  '.now .standing', '.now .pane', '.now figcaption', '.now .told', '.now .view.wide:not([hidden])', '.on > footer'];
let screens = 0;
function look(where) {
  screens += 1;
  const say = (what) => out.push(where + ': ' + what), root = document.documentElement;
  if (root.scrollWidth > innerWidth) say('page is wider than the screen');
  if (!phone && root.scrollHeight > innerHeight) say('page is higher than the screen');
  const slide = board.querySelector('.now');
  if (!phone && slide.scrollHeight > slide.clientHeight + 1) say('slide');
  board.querySelectorAll('header, header *, .now, .now *, footer *').forEach((e) => {
    if (!e.offsetParent || e.closest('svg') || e.closest('.pane') || e.tagName === 'OPTION') return;
    const r = e.getBoundingClientRect(), style = getComputedStyle(e);
    if (r.right > innerWidth + 1 || r.left < -1) say('beyond the edge: ' + e.tagName + '.' + e.className);
    const cut = style.overflowY !== 'visible' && e.scrollHeight > e.clientHeight + 1 || style.overflowX !== 'visible' && e.scrollWidth > e.clientWidth + 1;
    if (cut && e.tagName !== 'SELECT') say('cut: ' + e.tagName + '.' + e.className);
    if (phone && e.textContent.trim() && parseFloat(style.fontSize) < 9.5) say('too small: ' + e.tagName + '.' + e.className);
  });
  const boxes = apart.map((name) => [name, box(name)]).filter(([name, r]) => r && r.width && !(phone && name === '.bar nav'));
  boxes.forEach(([name, a], i) => boxes.slice(i + 1).forEach(([other, b]) => {
    if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1) say(name + ' lies on ' + other);
  }));
  const map = box('.now .map');
  if (map && map.height < (phone ? 280 : innerHeight / 3)) say('map is ' + map.height + ' high');
}
board.querySelectorAll('.slide').forEach((slide) => {
  const unit = slide.dataset.unit;
  location.hash = unit; dispatchEvent(new Event('hashchange')); look(unit);
  ['E', 'A', 'F'].forEach((key) => {
    for (let page = 0; page < 12; page += 1) {
      press('Key' + key);
      if (!board.querySelector('.now .view.wide:not([hidden])')) break;
      look(unit + key + page);
    }
  });
});
return [screens, Array.from(new Set(out)).slice(0, 12)];
"""


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("size", [(1920, 1080), (1366, 768), (390, 844)])
def test_on_the_board_of_forty_units_nothing_is_cut_and_nothing_lies_on_anything(
    browser, whole, size
):
    """Every unit, its evidence and each page of its activities, in all languages."""
    browser.size(*size)
    browser.open(whole / "board.html")
    browser.driver.set_script_timeout(200)
    for lang in LANGUAGES:
        browser.run(f"document.querySelector('.on .to-language[value={lang}]').click()")
        screens, faults = browser.run(FAULTS)
        assert faults == [], (size, lang)
        assert screens > 3 * 36  # units, their evidence, and most have activities
    assert browser.asked_for() == []
    assert browser.errors == []


@pytest.mark.browser
@pytest.mark.slow
def test_what_is_on_the_maps_of_the_board_is_read_from_the_last_row(browser, whole):
    """On a screen of 1080 lines letters of a map are a sixtieth of its height at least."""
    browser.size(1920, 1080)
    browser.open(whole / "board.html")
    sizes = browser.run(
        "const out = {}; document.querySelectorAll('.on .slide').forEach((slide) => {"
        "location.hash = slide.dataset.unit; dispatchEvent(new Event('hashchange'));"
        "const map = slide.querySelector('.map'), scale = map.getScreenCTM().a;"
        "if (slide.querySelector('.standing')) return;"  # a long decision takes of the map's height
        "map.querySelectorAll('text').forEach((text) => { const kind = text.getAttribute('class');"
        "const size = parseFloat(getComputedStyle(text).fontSize) * scale;"
        "out[kind] = Math.min(out[kind] || 99, size); }); }); return out;"
    )
    assert {"unit", "country", "state", "town", "water", "place", "id", "bar-km"} <= set(sizes)
    assert min(sizes[kind] for kind in ("unit", "country", "town", "water")) >= 18, sizes
    assert min(sizes.values()) >= 16, sizes


IN_SIGHT = """
const slide = document.querySelector('.on .now'), pane = slide.querySelector('.pane').getBoundingClientRect();
const seen = (mark) => { const r = mark.getBoundingClientRect(); return r.left >= pane.left - 1 && r.right <= pane.right + 1; };
return [...slide.querySelectorAll(arguments[0])].map((mark) => [mark.textContent, seen(mark)]);
"""


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 500, 1366])
def test_all_units_and_the_number_of_the_scale_are_in_sight_on_any_screen(browser, busy, width):
    """On a phone maps showed their middle, and the bar of a unit's scale its end without a number.

    A touch there makes the map of a unit larger, another one shows all of it again.
    """
    browser.size(width, 844)
    browser.open(busy / "board.html", anchor="#overview")
    units = browser.run(IN_SIGHT, "text.id")
    assert len(units) >= 2
    assert all(is_seen for _, is_seen in units), units
    browser.run("location.hash = 'CU-001'; dispatchEvent(new Event('hashchange'))")
    scroll = "const pane = document.querySelector('.on .now .pane');"
    beyond = f"{scroll} return pane.scrollWidth - pane.clientWidth"
    click = "new Event('click', {bubbles: true})"
    touch = f"document.querySelector('.on .now .map').dispatchEvent({click})"
    widths = [browser.run(beyond)]
    for _ in range(3):
        browser.run(touch)
        widths.append(browser.run(beyond))
    is_phone = width < 700
    assert [over > 30 for over in widths] == [False, is_phone, False, is_phone]
    # an address bar that folds away is no turn of the phone
    browser.run("dispatchEvent(new Event('resize'))")
    assert (browser.run(beyond) > 30) == is_phone
    for pixels in (0, 1_000):  # as it opens, and pushed to its right edge
        browser.run(f"{scroll} if ({pixels}) {{ pane.scrollLeft = {pixels}; pane.onscroll(); }}")
        [(number, is_seen)] = browser.run(IN_SIGHT, "text.bar-km")
        assert number.endswith("km")
        assert is_seen


@pytest.mark.browser
def test_the_buttons_do_what_the_keys_do_and_activities_turn_by_pages(browser, busy):
    """A page of a phone has no keyboard; ten themes in small letters cannot be read at all."""
    browser.size(1366, 768)
    browser.open(busy / "board.html", anchor="#CU-001")
    shown = "return document.querySelector('.on .now .view:not([hidden])').dataset.view"
    pages = "return document.querySelector('.on .now [data-view=activities] .page').textContent"
    letters = (
        "return parseFloat(getComputedStyle(document.querySelector("
        "'.on .now [data-view=activities] td')).fontSize)"
    )
    browser.run("document.querySelector('.on .now .turn[value=activities]').click()")
    assert browser.run(shown) == "activities"
    browser.run(  # as wordy as groups can be
        "document.querySelectorAll('.on .now [data-view=activities] td').forEach((cell) => {"
        "cell.textContent = cell.textContent.repeat(7); })"
    )
    browser.run("dispatchEvent(new Event('resize'))")
    assert re.fullmatch(r"1 / [2-9]", browser.run(pages))
    seen, count = set(), int(browser.run(pages).split(" / ")[1])
    for number in range(1, count + 1):
        assert browser.run(pages) == f"{number} / {count}"
        assert browser.run(letters) >= 13  # pixels of 768 lines
        seen |= set(
            browser.run(
                "return Array.from(document.querySelectorAll('.on .now tbody:not([hidden]) th'))"
                ".filter((th) => th.offsetParent).map((th) => th.textContent)"
            )
        )
        browser.key("a")
    assert len(seen) == len(THEMES)
    assert browser.run(shown) == "unit"


@pytest.mark.browser
def test_the_order_is_chosen_on_the_page(browser, busy):
    browser.size(1920, 1080)
    browser.open(busy / "board.html")
    units = (
        "return Array.from(document.querySelectorAll('.on .units li')).map((l) => l.dataset.unit)"
    )
    assert browser.run(units) == ["CU-002", "CU-001", "CU-003", "CU-004"]  # by rank
    # G1 edits CU-001 and CU-004, G2 the others: by group, then by rank
    browser.run(
        "const s = document.querySelector('.on .order select'); s.value = 'group';"
        "s.dispatchEvent(new Event('change'))"
    )
    groups = browser.run(
        "return Array.from(document.querySelectorAll('.on .units li')).map((l) => l.dataset.group)"
    )
    assert groups == sorted(groups)
    first, second, *_ = browser.run(units)
    browser.run(
        "const li = document.querySelectorAll('.on .units li')[1];"
        "li.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowUp', altKey: true, bubbles: true}))"
    )
    assert browser.run(units)[:2] == [second, first]  # by hand
    browser.key("\ue014")  # the arrow to the right follows the new order
    assert browser.run("return document.querySelector('.on .slide.now').dataset.unit") == second


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


def test_the_slides_of_a_busy_unit_hold_its_decision_and_its_activities(busy):
    """CU-001 has ten activities, one amended: a slide of its own with the old text beside the new."""
    book = Presentation(str(busy / "board.pptx"))
    slides = [
        slide
        for slide in book.slides
        if any(s.has_text_frame and s.text_frame.text.startswith("CU-001  ") for s in slide.shapes)
        or any(s.has_text_frame and s.text_frame.text.startswith("CU-001 ") for s in slide.shapes)
    ]
    map_slide, activity_slide = slides[:2]
    texts = [s.text_frame.text for s in map_slide.shapes if s.has_text_frame]
    assert any(text.startswith("agreed · plenary · No objection.") for text in texts)
    (table,) = [s.table for s in activity_slide.shapes if s.has_table]
    assert [cell.text for cell in table.rows[0].cells] == ["Theme", "Before", "After", "When"]
    assert table.cell(1, 1).text == "Remove the fence"
    dropped = table.cell(2, 2).text_frame.paragraphs[0].runs[0]
    assert dropped.font._element.get("strike") == "sngStrike"
    # what does not fit goes on on the next slide, and none of it is left out
    tables = [s.table for slide in slides[1:] for s in slide.shapes if s.has_table]
    told = [table.cell(line, 2).text for table in tables for line in range(1, len(table.rows))]
    assert [text.split(":")[0] for text in told] == [f"Measure {n}" for n in range(1, 11)]
    assert len({title_of(slide) for slide in slides[1:]}) == len(tables)
    # titles end above the map, in every slide
    for slide in book.slides:
        title = next(s for s in slide.shapes if s.has_text_frame)
        drawn = [s for s in slide.shapes if s.shape_type == 5]
        if drawn:
            assert title.top + height_of(title) * 12_700 <= Mm(24.5)


def test_no_line_of_the_legend_runs_into_the_next(boarded):
    """Below the map a row is 5.2 mm high: letters of 0.6 of their size, as of DejaVu, keep to one line of their box.

    The last sign has the rest of its row.
    """
    seen = 0
    for slide in list(Presentation(str(boarded / "board.pptx")).slides)[2:]:
        boxes = [s for s in slide.shapes if s.has_text_frame and s.text_frame.text]
        below = [s for s in boxes if Mm(153) < s.top < Mm(175) and s.left < Mm(176)]
        legend = [s for s in below if s.height == Mm(5)]
        seen += len(legend)
        for sign in legend:
            [run] = sign.text_frame.paragraphs[0].runs
            assert len(run.text) * 0.6 * run.font.size.pt <= (sign.width / 12_700), run.text
        if len(legend) % 3 == 1:
            assert legend[-1].width > Mm(140)
    assert seen


def test_each_shape_of_a_slide_has_one_fill_and_one_line(boarded):
    """The schema allows one of each, and PowerPoint offers to repair a file that has two."""
    drawing = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
    fills = {f"{drawing}{name}Fill" for name in ("no", "solid", "grad", "blip", "patt", "grp")}
    seen = 0
    for slide in Presentation(str(boarded / "board.pptx")).slides:
        for shape in slide._element.iter("{*}spPr"):
            seen += 1
            names = [child.tag for child in shape]
            assert sum(name in fills for name in names) <= 1, etree.tostring(shape)
            assert names.count(f"{drawing}ln") <= 1
            if f"{drawing}ln" in names:  # and the line follows the fill
                assert not fills & set(names[names.index(f"{drawing}ln") :])
    assert seen > 50


def title_of(slide: Any) -> str:
    return str(next(s for s in slide.shapes if s.has_text_frame).text_frame.text)


def test_a_table_of_few_activities_is_in_large_letters(rounds, tmp_path):
    """One short activity in 16 points; forty long ones in 12, on as many slides as it takes."""
    slide = next(iter(slides_of(rounds).values()))
    sizes, counts = [], []
    for number, words in ((1, 4), (40, 60)):
        shown = tuple(ShownActivity("слово " * words, facts="2026") for _ in range(number))
        path = tmp_path / f"{number}.pptx"
        board = Board("ru", (replace(slide, activities=(("Тема", shown),)),))
        write_slides(path, board, imprint=imprint())
        tables = [s for page in Presentation(str(path)).slides for s in page.shapes if s.has_table]
        counts.append(sum(len(s.table.rows) - 1 for s in tables))
        cell = tables[0].table.cell(1, 1)
        sizes.append(cell.text_frame.paragraphs[0].runs[0].font.size.pt)
    assert (sizes, counts) == ([16.0, 12.0], [1, 40])


def test_a_long_style_of_a_state_is_written_where_its_ground_has_room_for_it():
    """Seen from afar the state is 100 of 800 pixels wide, its long name about 250; near by the ground fills the map."""
    state = shapely.box(0, 0, 100_000, 100_000)
    named = [("state", "Iran (Islamic Republic of)", state)]
    told = []
    for size in (800_000, 100_000):
        around = shapely.box(50_000 - size / 2, -size / 2, 50_000 + size / 2, size / 2)
        view = unit_drawing._view(around, "EPSG:3857", margin=1.0)
        [(_, text, _)] = unit_drawing._candidates(named, view)
        told.append(text)
    assert told == ["Iran", "Iran (Islamic Republic of)"]


def test_no_name_stands_on_the_scale():
    """A bar of 130 pixels at the lower left: a place there is left out, one behind its end stays."""
    places = [("place", "Touran", (((x, 620.0),))) for x in (100.0, 300.0)]
    labels, _, _ = unit_drawing._placed(places, 130.0)
    assert [label.x for label in labels if label.y > 600] == [300.0]


def test_a_state_is_named_on_its_own_ground_or_has_a_line_to_it():
    """The placing alone: a state whose best places are taken by ids, and one with room."""
    taken = [
        ("id", f"{row}{column:02}", ((80.0 + 34 * column, 240.0 + 18 * row),))
        for row in range(7)
        for column in range(7)
    ]
    full = ("state", "Tajikistan", ((170.0, 300.0), (180.0, 303.0)))
    free = ("state", "Mongolia", ((600.0, 300.0), (610.0, 310.0)))
    labels, _, leaders = unit_drawing._placed([free, full, *taken])
    places = {label.text: (label.x, label.y) for label in labels}
    assert set(places) == {"Tajikistan", "Mongolia", *(text for _, text, _ in taken)}
    assert places["Mongolia"] == (600.0, 300.0)
    (leader,) = leaders
    assert leader[0] == (170.0, 300.0)
    # the line ends at the edge of the name, and the name lies on no other
    assert (
        abs(leader[1][0] - places["Tajikistan"][0])
        <= unit_drawing._width("Tajikistan", unit_drawing.LABEL_SIZES["state"]) / 2 + 2
    )
    boxes = [
        (x, y, unit_drawing._width(text, unit_drawing.LABEL_SIZES["id"]))
        for text, (x, y) in places.items()
        if text.isdigit()
    ]
    x, y = places["Tajikistan"]
    half = unit_drawing._width("Tajikistan", unit_drawing.LABEL_SIZES["state"]) / 2
    assert not [
        box for box in boxes if abs(box[0] - x) < half + box[2] / 2 and abs(box[1] - y) < 14
    ]


def test_a_state_full_of_units_is_called_by_its_code_where_it_has_one():
    """Between two ids are 82 pixels less half of each, 17: too few for ten letters, and enough for two."""
    taken = [("id", "006", ((60.0 + side, 300.0),)) for side in (0.0, 82.0)]
    state = ("state", "Tajikistan", ((101.0, 300.0), (102.0, 300.0)))
    labels, _, leaders = unit_drawing._placed([state, *taken], 0.0, {"Tajikistan": "TJ"})
    assert [(label.text, label.x) for label in labels if label.kind == "state"] == [("TJ", 101.0)]
    assert leaders == []
    # on ground that is full all around its code would lie on that of another state, and is left out
    taken = [
        ("id", f"{row}{at:02}", ((80.0 + 34 * at, 240.0 + 18 * row),))
        for row in range(9)
        for at in range(9)
    ]
    full = ("state", "Tajikistan", ((170.0, 300.0), (180.0, 303.0)))
    labels, _, leaders = unit_drawing._placed([full, *taken], 0.0, {"Tajikistan": "TJ"})
    assert {label.kind for label in labels} == {"id"}
    assert leaders == []
    # with room for its name it has its name
    labels, _, _ = unit_drawing._placed([state], 0.0, {"Tajikistan": "TJ"})
    assert [label.text for label in labels] == ["Tajikistan"]


@pytest.mark.slow
@pytest.mark.browser
def test_axe_finds_nothing_on_the_board_in_any_view(browser, busy):
    """Contrast, names of controls, order of headings: of the overview, a unit, its evidence, its work."""
    script = (node_module("axe-core") / "axe.min.js").read_text(encoding="utf-8")
    browser.size(1366, 768)
    browser.open(busy / "board.html")
    browser.run(script + "; window.axe = axe; return 1")
    views = (("overview", ""), ("CU-001", ""), ("CU-001", "e"), ("CU-001", "a"))
    for lang, (unit, key) in itertools.product(LANGUAGES, views):
        browser.run(f"document.querySelector('.on .to-language[value={lang}]').click()")
        browser.run(f"location.hash = '{unit}'; dispatchEvent(new Event('hashchange'))")
        if key:
            browser.key(key)
        found = browser.driver.execute_async_script(
            "const done = arguments[0]; axe.run().then((r) => done(r.violations"
            ".map((v) => [v.id, v.nodes.map((n) => n.html)])));"
        )
        assert found == [], (lang, unit, key)


def test_the_frame_of_slides_is_what_python_pptx_makes() -> None:
    """Made once by scripts/make_slides_frame.py: here again, by the library that the tests have."""
    script = Path(__file__).parents[1] / "scripts" / "make_slides_frame.py"
    made = runpy.run_path(str(script))["frame"]()
    with zipfile.ZipFile(board_room.FRAME) as shipped:
        there = {name: shipped.read(name) for name in shipped.namelist()}
    assert list(there) == list(made)
    if (
        importlib.metadata.version("python-pptx") == "1.0.2"
    ):  # another release may spell it otherwise
        assert there == made
    # each word that a board puts in its place stands there once
    properties = there["docProps/core.xml"].decode()
    assert properties.count(board_room.FRAME_TITLE) == 1
    assert properties.count(board_room.FRAME_DATE) == 2
    assert there["ppt/notesSlides/notesSlide1.xml"].decode().count(board_room.FRAME_NOTES) == 1


def test_what_is_parked_or_asked_stands_on_a_slide_once():
    parked, asked = "parked · plenary · no map yet", "question · plenary · who guards the pass"
    slide = Slide(
        *("CU-001", "One", "x", "x", (), (), (), "software"),
        questions=("who guards the pass", parked),
        decisions=("agreed · plenary · as drawn", asked, parked),
    )
    said = _body(slide, "en")
    assert said[1:3] == ["? who guards the pass", f"? {parked}"]
    assert [line for line in said if line.startswith("•")] == ["• agreed · plenary · as drawn"]


def test_a_group_of_two_files_is_named_as_the_one_whose_outline_stands():
    """S1 drew it in a.kml, which counts, and rejects it in b.kmz; S2 was not followed."""
    changes = [("S1", "reshaped", True), ("S1", "rejected", False), ("S2", "reshaped", False)]
    assert outline_groups(changes) == {"S1"}
