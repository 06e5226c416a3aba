"""The facilitator's desk: who gets in, what is kept, what two people may do, and the same bytes as the commands."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import html
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import lxml.html
import openpyxl
import pandas as pd
import pytest
from httpx import Response
from shapely.affinity import translate
from starlette.testclient import TestClient

from cami_units import words
from cami_units.commands.collect import collect, write_collected
from cami_units.commands.decide import (
    DECISION_LOG,
    DECISIONS,
    decide,
    decided_round,
    read_decisions,
    record_decision,
    show_decisions,
)
from cami_units.commands.init import init
from cami_units.commands.round_files import write_proposal
from cami_units.desk import _day, _verbs, application
from cami_units.desk._day import (
    is_collected_in_full,
    keep_file,
    read_day,
    read_order,
    safe_name,
    settle,
    take_out,
)
from cami_units.desk._desk_pages import Desk, Pages
from cami_units.desk._guard import COOKIE, MAX_BODY, MAX_FORM, Keys
from cami_units.desk._page_facts import _other_outlines, conflict_facts, job_text, told
from cami_units.desk._worker import BROKEN, DONE, REFUSED, RUNNING, WAITING, Job, Worker
from cami_units.kml import rehearsal as draw
from cami_units.model import InputError, Note, Problem, Step, quiet
from tests.rounds import toy_round
from tests.test_collect import base, filled_form, kmz, moved_base, square

PORT = 8765
HOME = f"http://127.0.0.1:{PORT}"
SAME = {"origin": HOME}


class NoWorker(Worker):
    """Remembers what was asked for and does none of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def ask(self, name: str, work: object, key: str = "") -> None:
        self.asked.append(name)


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    """A workshop folder with nothing but its plan: enough for whoever only wants in."""
    init(tmp_path / "workshop")
    (tmp_path / "workshop" / "handed-in").mkdir()
    return tmp_path / "workshop"


@pytest.fixture
def desk(workshop: Path, tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "scratch").mkdir()
    worker = NoWorker()
    made = Desk(workshop, worker, tmp_path / "scratch")
    yield made
    worker.stop()
    made.close()


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def stranger(desk: Desk, keys: Keys) -> TestClient:
    return TestClient(
        application(desk, port=PORT, keys=keys), base_url=HOME, follow_redirects=False
    )


@pytest.fixture
def guest(stranger: TestClient, keys: Keys) -> TestClient:
    """Whoever came with the printed address."""
    assert stranger.get(f"/enter?key={keys.entry}").status_code == 200
    return stranger


# -- who gets in ----------------------------------------------------------------------------------


def test_without_the_key_nothing_is_shown(stranger):
    for path in ("/", "/board", "/files/01/report.html", "/events", "/assets/desk.js"):
        answer = stranger.get(path)
        assert answer.status_code == 403, path
        assert "address that the terminal has printed" in answer.text


def test_the_key_opens_once_and_then_the_cookie_counts(stranger, keys):
    key = keys.entry
    answer = stranger.get(f"/enter?key={key}")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert stranger.get("/settle").status_code == 200
    # the same browser may click on the address once more; for any other it is used
    assert stranger.get(f"/enter?key={key}").status_code == 200
    stranger.cookies.clear()
    assert "not complete, or was used already" in stranger.get(f"/enter?key={key}").text
    assert stranger.get("/settle").status_code == 403


@pytest.mark.parametrize("key", ["", "wrong", "ключ", "a" * 4000])
def test_a_wrong_key_opens_nothing(stranger, key):
    answer = stranger.get("/enter", params={"key": key})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8765", "127.0.0.1", "127.0.0.1:80", "127.0.0.1.evil:8765", ""],
)
def test_a_name_that_points_here_is_not_us(guest, host):
    # DNS rebinding: the page of an attacker's name asks 127.0.0.1, with that name as Host.
    answer = guest.get("/", headers={"host": host})
    assert answer.status_code == 421


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://127.0.0.1:1", "https://127.0.0.1:8765"]
)
def test_a_page_from_elsewhere_changes_nothing(guest, desk, origin):
    headers = {} if origin is None else {"origin": origin}
    for path in ("/collect", "/settle", "/decide", "/hand-in", "/after", "/open", "/take-out"):
        answer = guest.post(path, data={"unit": "CU-001"}, headers=headers)
        assert answer.status_code == 403, path
        assert "pages of the desk itself" in answer.text
    assert desk.worker.asked == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
def test_other_methods_are_not_spoken(guest, method):
    assert guest.request(method, "/", headers=SAME).status_code == 405


def test_a_huge_file_is_refused_by_what_it_says_before_it_is_read(guest, workshop):
    def two_gigabytes() -> Iterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    headers = {
        **SAME,
        "content-length": str(2 << 30),
        "content-type": "multipart/form-data; boundary=x",
    }
    answer = guest.post("/hand-in", content=two_gigabytes(), headers=headers)
    assert answer.status_code == 413
    assert f"{MAX_BODY // 1_000_000} MB" in answer.text
    answer = guest.post("/hand-in", content=iter([b"x"]), headers=SAME)  # chunked, of no length
    assert answer.status_code == 411
    assert list((workshop / "handed-in").iterdir()) == []


def test_every_answer_says_what_a_browser_may_do_with_it(guest):
    headers = guest.get("/").headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'")
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers


# -- files in and out -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("edit_S1.kmz", "edit_S1.kmz"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\stick\\правка S1.kmz", "правка S1.kmz"),
        ("..", "file"),
        ("", "file"),
        ("con.kml", "_con.kml"),
        (".hidden", "hidden"),
        ("a\x00b<c>.kml", "ab_c_.kml"),
        ("名前.kml", "名前.kml"),
        ("trailing. . ", "trailing"),
        ("resolutions.csv/", "file"),
    ],
)
def test_a_name_from_a_browser_is_one_plain_name(given, kept):
    assert safe_name(given) == kept


def test_a_long_name_keeps_its_ending_and_is_short():
    assert safe_name("x" * 5000 + ".kmz").endswith(".kmz")
    assert len(safe_name("x" * 5000 + ".kmz")) <= 120


def test_dropped_files_are_kept_and_the_same_bytes_once(guest, desk, workshop):
    files = [
        ("files", ("../edit_S1.kmz", b"one")),
        ("files", ("edit_S1.kmz", b"two")),
        ("files", ("copy.kmz", b"one")),
    ]
    answer = guest.post("/hand-in", files=files, headers={**SAME, "accept": "application/json"})
    assert answer.json() == {"kept": ["edit_S1.kmz", "edit_S1 (2).kmz", "edit_S1.kmz"]}
    kept = {path.name: path.read_bytes() for path in (workshop / "handed-in").iterdir()}
    assert kept == {"edit_S1.kmz": b"one", "edit_S1 (2).kmz": b"two"}
    assert desk.worker.asked == ["collect"]
    assert not list(workshop.parent.glob("edit_S1*"))


def test_the_desks_own_table_cannot_be_replaced_by_a_file_of_that_name(guest, workshop):
    settle(workshop, "CU-001", "S2", "newer survey")
    before = (workshop / "handed-in" / "resolutions.csv").read_bytes()
    guest.post("/hand-in", files=[("files", ("resolutions.csv", b"unit_id\n"))], headers=SAME)
    assert (workshop / "handed-in" / "resolutions.csv").read_bytes() == before


@pytest.mark.parametrize("name", ["resolutions.csv", "Resolutions.csv", "resolutions.csv.csv"])
def test_no_file_that_is_dropped_settles_a_conflict(guest, workshop, name):
    guest.post(
        "/hand-in", files=[("files", (name, b"unit_id,resolution\nCU-1,S2\n"))], headers=SAME
    )
    assert (workshop / "handed-in" / f"{Path(name).stem} (2).csv").is_file()
    assert _day.read_resolutions(workshop).empty


def test_the_desk_reads_the_table_whatever_it_is_called(workshop):
    text = "Unit_ID;Resolution;Reason\ncu-1;S2;newer survey\n"
    (workshop / "handed-in" / "Resolutions.csv").write_text(text, encoding="utf-8")
    settle(workshop, "CU-002", "base", "")
    table = _day.read_resolutions(workshop)
    assert table["unit_id"].tolist() == ["CU-001", "CU-002"]
    assert table["resolution"].tolist() == ["S2", "base"]


def test_a_file_taken_out_lies_beside_and_is_not_lost(guest, desk, workshop):
    (workshop / "handed-in" / "edit_S1.kmz").write_bytes(b"one")
    page = guest.get("/").text
    seen = page.split('name="seen" value="')[1].split('"')[0]
    answer = guest.post("/take-out", data={"name": "edit_S1.kmz", "seen": seen}, headers=SAME)
    assert answer.status_code == 303
    assert (workshop / "taken-out" / "edit_S1.kmz").read_bytes() == b"one"
    assert list((workshop / "handed-in").iterdir()) == []
    assert desk.worker.asked == ["collect"]


def test_no_path_of_a_browser_leaves_the_folder(guest, workshop):
    (workshop / "secret.html").write_text("secret")
    for name in ("../secret.html", "..%2Fsecret.html", "%2e%2e/secret.html", "....//secret.html"):
        answer = guest.get(f"/files/{name}")
        assert answer.status_code in (403, 404), name
        assert "secret" not in answer.text
    with pytest.raises(InputError, match=r"no file '\.\./plan\.toml'"):
        take_out(workshop, "../plan.toml")
    assert (workshop / "plan.toml").is_file()


PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "{% raise %}",
    "${alert(1)}",
    "'; alert(1); '",
    "javascript:alert(1)",
    "</title><script>",
    "\u202egpj.kml",
    "=HYPERLINK(1)",
)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_hostile_name_is_text_on_the_page(guest, workshop, payload):
    answer = guest.post("/hand-in", files=[("files", (payload + ".kml", b"x"))], headers=SAME)
    assert answer.status_code == 303
    page = guest.get("/").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert ">49<" not in page


# -- every conflict has its line ------------------------------------------------------------------


def test_a_conflict_about_which_no_group_drew_anything_stands_with_what_is_known():
    nobody = pd.DataFrame(
        columns=["unit_id", "change", "group", "file", "before_km2", "after_km2"], dtype=str
    )
    loop = _verbs.LoopTables(
        changes=nobody, conflicts=nobody, problems=nobody, units=nobody.assign(area_km2="")
    )
    row = {"unit_id": "CU-001;CU-002", "groups": "S1", "overlap_km2": "", "default": "ask plenary"}
    row |= {"resolution": "", "kind": "overlap", "what": "they share ground", "facts": ""}
    row |= {"choices": ""}
    facts = conflict_facts(row, {}, loop, {"box": "", "paths": []}, "en", has_decided=False)
    assert (facts["sides"], facts["now"], facts["default"]) == ([], [], "Ask plenary")
    assert facts["what"] == "they share ground"


def test_what_is_offered_is_what_the_round_says_does_something():
    none = pd.DataFrame(columns=["unit_id", "change", "group", "area_km2"], dtype=str)
    loop = _verbs.LoopTables(changes=none, conflicts=none, problems=none, units=none)
    row = {"unit_id": "CU-038;CU-039", "groups": "S1;S3", "overlap_km2": "9", "resolution": ""}
    row |= {"kind": "overlap", "default": "ask plenary", "what": "", "facts": ""}
    typed = {"unit_id": "CU-038;CU-039", "resolution": "base", "reason": ""}
    for choices in (["S1", "S3", "union"], ["both", "ask"]):
        facts = conflict_facts(
            row | {"choices": json.dumps(choices)}, typed, loop, {}, "en", has_decided=False
        )
        assert [name for name, _ in facts["choices"]] == choices
        # what was typed all the same, and has settled nothing, waits for no measuring
        assert (facts["is_open"], facts["is_measured"]) == (True, True)
    # a round of an earlier version says no choices
    facts = conflict_facts(row | {"choices": ""}, {}, loop, {}, "en", has_decided=False)
    assert [name for name, _ in facts["choices"]] == ["S1", "S3", "union", "base", "ask"]


def test_outlines_on_offer_are_those_that_a_decision_takes(tmp_path):
    """What was asked for and not applied, as a name, is a change and has no outline to take."""
    units = toy_round().tables["conservation_units"]
    aside = units.iloc[[0, 0, 0, 0]][["unit_id", "geometry"]].assign(
        group=["G2", "before", "G2", "G3"],
        file=["a.kmz", "", "b.kmz", "c.kmz"],
        placemark="CU-001",
        reason="S1",
    )
    write_proposal(toy_round(set_aside=aside.reset_index(drop=True)), tmp_path / "r")
    (tmp_path / "r" / "changes.csv").write_text(
        "unit_id,group,applied\nCU-002,G3,false\nCU-001,G2,false\n", "utf-8"
    )
    # what plenary replaced comes back with undo; by its group either of two files would be the first
    offered = _other_outlines(tmp_path / "r")
    assert offered == {"CU-001": {"a.kmz": "G2 (a.kmz)", "b.kmz": "G2 (b.kmz)", "G3": "G3 (c.kmz)"}}
    for name in offered["CU-001"]:
        record_decision(tmp_path / "r", "CU-001", "agree", reason="x", time=NOON, outline=name)
    assert _other_outlines(tmp_path / "none") == {}
    with pytest.raises(InputError, match="no version of CU-002 by 'G3' was set aside"):
        record_decision(tmp_path / "r", "CU-002", "agree", reason="x", time=NOON, outline="G3")


def test_a_conflict_about_a_name_says_both_names():
    """No outline shows what a group wants to change where it only renames a neighbour's unit."""
    changes = pd.DataFrame(
        [
            {
                "unit_id": "CU-002",
                "change": "renamed",
                "group": "G2",
                "before_km2": "100",
                "after_km2": "100",
                "facts": '[{"key": "renamed", "old_name": "Aral", "new_name": "Ustyurt"},'
                ' {"key": "not applied"}]',
            }
        ]
    ).reindex(
        columns=["unit_id", "change", "group", "file", "before_km2", "after_km2", "facts"]
        + [f"{what}_{how}" for what in ("criteria", "states") for how in ("gained", "lost")],
        fill_value="",
    )
    units = changes.assign(area_km2="100", countries="", criteria_met="")
    loop = _verbs.LoopTables(changes=changes, conflicts=units, problems=units, units=units)
    row = {"unit_id": "CU-002", "groups": "G2", "overlap_km2": "0", "default": "keep base"}
    row |= {
        "resolution": "",
        "kind": "another group's unit",
        "what": "",
        "facts": "",
        "choices": "",
    }
    facts = conflict_facts(row, {}, loop, {"box": "", "paths": []}, "en", has_decided=False)
    assert [side["note"] for side in facts["sides"]] == ["", "'Aral' → 'Ustyurt'"]
    assert dict(facts["choices"])["G2"] == "Keep G2: renamed"


def test_a_button_says_what_the_file_that_it_keeps_makes_of_a_unit():
    """a.kml draws CU-002 smaller and b.kmz rejects it, both of G2: "Keep G2 (b.kmz)" takes it out."""
    changes = pd.DataFrame(
        {
            "unit_id": "CU-002",
            "group": "G2",
            "before_km2": "100",
            "change": ["reshaped", "rejected"],
            "file": ["a.kml", "b.kmz"],
            "after_km2": ["80", ""],
            "facts": "",
            **dict.fromkeys(("criteria_gained", "criteria_lost"), ""),
            **dict.fromkeys(("states_gained", "states_lost"), ""),
        }
    )
    units = changes[:1].assign(area_km2="100", countries="", criteria_met="")
    loop = _verbs.LoopTables(changes=changes, conflicts=units, problems=units, units=units)
    row = {"unit_id": "CU-002", "groups": "G2 (b.kmz);G2 (a.kml)", "overlap_km2": "80"}
    row |= {"default": "keep b.kmz", "resolution": "", "kind": "same group twice", "what": ""}
    row |= {"facts": '[{"key": "several files", "files": ["b.kmz", "a.kml"]}]'}
    row |= {"choices": '["b.kmz", "a.kml", "base"]'}
    facts = conflict_facts(row, {}, loop, {"box": "", "paths": []}, "en", has_decided=False)
    choices = dict(facts["choices"])
    assert choices["b.kmz"] == "Keep G2 (b.kmz): rejected"
    assert choices["a.kml"] == "Keep G2 (a.kml): reshaped"
    assert [side["group"] for side in facts["sides"][1:]] == ["G2 (a.kml)", "G2 (b.kmz)"]


# -- from an empty folder -------------------------------------------------------------------------


def test_a_workshop_begun_in_russian_explains_itself_in_russian(guest, desk, monkeypatch):
    shutil.rmtree(desk.directory)
    desk.directory.mkdir()
    in_russian(guest)
    done = Worker()
    monkeypatch.setattr(desk, "worker", done)
    guest.post("/before", data={"product": "make_workshop"}, headers=SAME)
    done.stop()
    plan = (desk.directory / "plan.toml").read_text("utf-8")
    assert 'languages = ["ru", "en"]' in plan
    assert re.search("^# [А-Я]", plan)


def test_an_empty_folder_begins_with_what_is_made_before_the_day(guest, desk, monkeypatch):
    shutil.rmtree(desk.directory)
    desk.directory.mkdir()
    assert guest.get("/").headers["location"] == "/before"
    page = guest.get("/before").text
    assert (
        len(re.findall(r'<button name="product" value="\w+">', page)) == 1
    )  # one thing to begin with
    done = Worker()
    monkeypatch.setattr(desk, "worker", done)
    guest.post("/before", data={"product": "make_workshop"}, headers=SAME)
    done.stop()
    assert (desk.directory / "plan.toml").is_file()
    page = guest.get("/before").text
    ready = re.findall(r'<button name="product" value="(\w+)">', page)
    assert ready == ["check", "propose"]
    # what is wrong with the plan is said on the page, with its cure
    plan = desk.directory / "plan.toml"
    plan.write_text(plan.read_text("utf-8").replace("cell_km = 25", "cell_km = 0"), "utf-8")
    done = Worker()
    monkeypatch.setattr(desk, "worker", done)
    guest.post("/before", data={"product": "check"}, headers=SAME)
    done.stop()
    assert done.jobs["check"].state == REFUSED
    page = guest.get("/before").text
    assert "cell_km" in page
    # what stops the work stops the click, with a word why
    assert re.findall(r'<button name="product" value="(\w+)">', page) == ["check"]
    assert words.text("desk check stops") in page
    # in the room's language, but for the keys of the plan and the words of libraries, in quotes
    for text in (
        "cell_km = 0\nshapes = 1\nshape = 'round'",
        'cell_km = 25\nstates = ["kaz"',
        "= 1",
    ):
        plan.write_text(f"title = 'x'\n[study]\n{text}\n", "utf-8")
        done = Worker()
        monkeypatch.setattr(desk, "worker", done)
        guest.post("/before", data={"product": "check"}, headers=SAME)
        done.stop()
        guest.post("/language", data={"lang": "ru", "back": "before"}, headers=SAME)
        page = html.unescape(guest.get("/before").text)
        said = re.search(r"[^<>]*plan\.toml: [^<>]*", page)
        assert said is not None
        assert re.search(r"в этом файле плана 4 ошибки|это не TOML", said[0]), said[0]
        assert not re.search(
            r"(?:\b[a-z]{2,}\b[,;]? ){3,}[a-z]{2,}\b", re.sub("«.*?»", "", said[0])
        )
    guest.post("/language", data={"lang": "en", "back": "before"}, headers=SAME)
    answer = guest.post("/before", data={"product": "../x"}, headers=SAME)
    assert answer.status_code == 400


# -- a round that two groups do not agree on ------------------------------------------------------

NOON = "2026-11-23T14:00"
ACTIVITIES = """activity_id,unit_id,theme,text,species,countries,priority,timeframe,status,moved_from,\
cost_band,funding_source,partner,source
A-1,CU-001,anti-poaching,Joint patrols on the border,,,,,proposed,,,,,S1
A-2,CU-002,anti-poaching,Joint patrols on the border,,,,,proposed,,,,,S1
A-3,CU-003,finance,A fund for herders,,,,,proposed,,,,,S1
"""


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_the_board_of_a_round_without_units_does_not_say_that_there_is_no_round(
    guest, workshop, lang
):
    guest.post("/language", data={"lang": lang, "back": "board"}, headers=SAME)
    assert words.text("desk no round", lang) in guest.get("/board").text
    plain = toy_round()
    tables = {
        name: table.iloc[:0] if "unit_id" in table else table
        for name, table in plain.tables.items()
    }
    write_proposal(dataclasses.replace(plain, tables=tables), workshop / "rounds" / "00-proposal")
    page = guest.get("/board").text
    assert words.text("desk no units", lang) in page
    assert words.text("desk no round", lang) not in page


@pytest.fixture(scope="module")
def collected_day(tmp_path_factory) -> Path:
    """A workshop in which CU-012 came back from S1, and from S2 moved to the east."""
    workshop = tmp_path_factory.mktemp("day") / "workshop"
    init(workshop)
    rounds = workshop / "rounds"
    write_proposal(base(), rounds / "00-proposal")
    moved = translate(square("CU-012"), 0.3, 0)
    (workshop / "handed-in").mkdir()
    for name, content in {
        "edit_S1.kmz": kmz(draw.grown("CU-012", 0.9), draw.rejected("CU-010", "no animals")),
        "edit_S2.kmz": kmz(draw.drawn("CU-012 Place 012", moved, "2 "), group="S2"),
    }.items():
        (workshop / "handed-in" / name).write_bytes(content)
    (rounds / "00-proposal" / "activities.csv").write_text(ACTIVITIES, encoding="utf-8")
    made = collect([workshop / "handed-in"], base(), base_dir=rounds / "00-proposal")
    write_collected(made, rounds / "01-collected")
    return workshop


@pytest.fixture
def settling(collected_day, workshop) -> Path:
    """A copy of it, in the place of the empty workshop."""
    shutil.rmtree(workshop)
    shutil.copytree(collected_day, workshop)
    return workshop / "rounds" / "01-collected"


def job(worker: Worker, name: str) -> Job:
    """The job of a name, whatever was chosen with it."""
    [found] = [one for one in worker.jobs.values() if one.name == name]
    return found


def in_russian(guest: TestClient) -> TestClient:
    guest.post("/language", data={"lang": "ru", "back": "board"}, headers=SAME)
    return guest


def hidden(page: str, name: str) -> str:
    return page.split(f'name="{name}" value="')[1].split('"')[0]


def test_a_conflict_stands_with_its_picture_and_what_each_side_comes_to(guest, settling):
    page = guest.get("/settle").text
    assert page.count('<path class="style') == 3  # as handed out, S1, S2
    changes = pd.read_csv(settling / "changes.csv").query("unit_id == 'CU-012'")
    for area in changes["after_km2"].dropna():
        assert f"{area:,.0f}".replace(",", "\u202f") in page or f"{area:,.0f}" in page
    assert "changed it differently" in page or "S1 and S2" in page


def test_enter_behind_a_reason_decides_nothing(guest, settling):
    """A browser presses the first button of a form at Enter: "Agree", for somebody who types why to reject."""
    settling_form = lxml.html.fromstring(guest.get("/settle").text).xpath(
        "//form[@action='/settle']"
    )
    board_form = lxml.html.fromstring(guest.get("/board").text).xpath("//form[@id='decide']")
    for form in (settling_form[0], board_form[0]):
        first, *others = form.xpath(".//button")
        assert first.get("disabled") is not None
        assert len(others) > 1
        assert all(one.get("value") for one in others)


def test_the_pages_speak_the_readers_language_and_the_rounds_disclaimer(guest, settling):
    in_russian(guest)
    for path in ("/", "/settle", "/board", "/late", "/after"):
        text = re.sub(r"<[^>]+>|&\w+;", " ", guest.get(path).text.partition('<main id="main">')[2])
        latin = set(re.findall(r"[A-Za-z]{4,}", text))
        # names of places and files, what a person typed, the sign of a role: these are nobody's words
        assert latin <= {
            "Place",
            "edit",
            "plenary",
            "rounds",
            "collected",
            "proposal",
            "HTML",
            "PPTX",
            "XLSX",
        }, path
        assert "Границы и географические названия" in text


def test_a_choice_is_written_once_and_a_second_facilitator_at_another_conflict_is_not_in_the_way(
    guest, desk, settling
):
    page = guest.get("/settle").text
    choice = {
        "unit_id": "CU-012",
        "resolution": "S2",
        "reason": "newer",
        "seen": hidden(page, "seen"),
    }
    settle(desk.directory, "CU-099", "S1", "the other person, another conflict")
    assert guest.post("/settle", data=choice, headers=SAME).status_code == 303
    assert desk.worker.asked == ["collect"]
    assert "is being measured" in guest.get("/settle").text  # until the worker has done it
    answer = guest.post("/settle", data=choice | {"resolution": "S1"}, headers=SAME)
    assert answer.status_code == 409
    rows = pd.read_csv(desk.directory / "handed-in" / "resolutions.csv").set_index("unit_id")
    assert rows.at["CU-012", "resolution"] == "S2"


@pytest.mark.slow
def test_what_was_resolved_is_measured_and_written_by_the_worker(guest, desk, settling):
    settle(desk.directory, "CU-012", "S2", "newer")
    desk._collect(lambda *_: None)
    page = guest.get("/settle").text
    row = pd.read_csv(settling / "conservation_units.csv").set_index("unit_id").loc["CU-012"]
    assert f"CU-012: {row['area_km2']:,.0f}".replace(",", "\u202f") in page.replace(",", "\u202f")
    assert desk.fresh is None
    assert desk.board_page is not None
    first = desk.collecting
    settle(desk.directory, "CU-012", "S1", "they have been there")
    desk._collect(lambda *_: None)
    assert desk.collecting is first  # the files were not read again


def test_once_plenary_decides_a_conflict_is_settled_on_the_board(guest, settling):
    seen = hidden(guest.get("/settle").text, "seen")
    record_decision(settling, "CU-001", "agree", reason="as drawn", time=NOON)
    choice = {"unit_id": "CU-012", "resolution": "S2", "reason": "", "seen": seen}
    answer = guest.post("/settle", data=choice, headers=SAME)
    assert answer.status_code == 409
    assert "Plenary has begun to decide" in answer.text
    assert '<a href="/board?unit=CU-012">' in answer.text
    assert not (settling.parents[1] / "handed-in" / "resolutions.csv").exists()


def test_a_conflict_without_ground_in_question_says_no_area_of_it(guest, settling):
    """Whether a copy is a unit's new outline is no question of ground: "0 km²" was said of it."""
    page = guest.get("/settle").text
    assert "<dt>In question</dt>" in page
    assert "Criteria and states lost</th>" in page  # the ground lost stands nowhere
    loop = _verbs.stored_loop(settling, None)
    [row] = loop.conflicts.to_dict("records")
    areas = [
        conflict_facts(row | {"overlap_km2": km2}, {}, loop, {}, "en", has_decided=False)["area"]
        for km2 in ("1356.2", "0.0", "")
    ]
    assert areas == ["1,356 km²", "", ""]


def test_settle_counts_the_cards_that_stand_open_on_its_page(guest, settling):
    """One conflict (CU-012); what plenary settles on the board is open no more, what it parks is."""

    def counted() -> tuple[int, int]:
        page = guest.get("/settle").text
        badge = re.search(r'href="/settle"[^>]*>\w+ <b>(\d+)</b>', page)
        return int(badge[1]) if badge else 0, page.count('<section class="conflict" ')

    assert counted() == (1, 1)
    record_decision(settling, "CU-001", "agree", reason="as drawn", time=NOON)
    record_decision(settling, "CU-012", "park", reason="ask them", time=NOON)
    assert counted() == (1, 1)
    record_decision(settling, "CU-012", "agree", reason="as drawn", time=NOON)
    assert counted() == (0, 0)
    assert words.text("desk decided on board") in guest.get("/settle").text


def test_what_nobody_settled_in_a_round_before_stays_on_the_page_until_it_is_decided(
    guest, settling
):
    """A late file makes a round of its own, which has none of the conflicts before it."""
    questions = pd.read_csv(settling / "questions.csv", dtype=str, keep_default_na=False)
    [row] = questions.index[questions["unit_id"].eq("CU-012") & questions["kind"].ne("form")][:1]
    assert (
        "<h2>Open questions</h2>" not in guest.get("/settle").text
    )  # they are conflicts of this round
    questions.loc[row, "round"] = "00"
    questions.to_csv(settling / "questions.csv", index=False)
    page = guest.get("/settle").text.partition("<h2>Open questions</h2>")[2]
    [line] = re.findall(r'<li><a href="/board\?unit=CU-012">CU-012 [^<]+</a>: ([^<]+)', page)
    assert line.strip()
    record_decision(settling, "CU-012", "park", reason="ask them", time=NOON)
    assert "<h2>Open questions</h2>" in guest.get("/settle").text
    record_decision(settling, "CU-012", "agree", reason="as drawn", time=NOON)
    assert "<h2>Open questions</h2>" not in guest.get("/settle").text


def test_a_decision_that_came_in_while_the_round_was_measured_is_not_lost(desk, settling):
    """Measuring again replaces the folder, unless somebody has decided on what lies in it."""
    day = read_day(desk.directory)
    read = _verbs.read_day_files(desk.directory, day, None, lambda *_: None)
    made = _verbs.settle_day(desk.directory, day, read, lambda *_: None)

    def decide_meanwhile(*_: object) -> None:
        if not (settling / "decisions.csv").exists():
            record_decision(settling, "CU-001", "agree", reason="as drawn", time=NOON)

    with pytest.raises(InputError, match=r"decisions\.csv"):
        _verbs.write_day(day, made, decide_meanwhile)
    assert read_decisions(settling)["unit_id"].tolist() == ["CU-001"]


@pytest.mark.slow
def test_what_settled_a_conflict_says_nothing_of_what_a_late_file_brought(desk, guest, settling):
    """CU-012 was settled for S2 and agreed; then S1 comes late with another outline of it."""
    rounds = settling.parent
    settle(desk.directory, "CU-012", "S2", "the newer survey")
    day = read_day(desk.directory)
    read = _verbs.read_day_files(desk.directory, day, None, quiet)
    _verbs.write_day(day, _verbs.settle_day(desk.directory, day, read, quiet), quiet)
    decide(settling, "CU-012", "agree", reason="as settled", time=NOON)
    keep_file(desk.directory, "edit_S1_late.kmz", io.BytesIO(kmz(draw.grown("CU-012", 0.5))))
    desk._collect(quiet)
    assert (rounds / "02-collected").is_dir()
    day = read_day(desk.directory)
    assert is_collected_in_full(day)  # a desk that starts anew has nothing to do
    [row] = [one for one in Pages(desk)._conflicts(day, "en") if one["unit_id"] == "CU-012"]
    assert (row["late"], row["resolution"]) == (True, "")
    late = guest.get("/late").text
    assert "Keep what was decided" in late
    board = desk.board_page.read_text(encoding="utf-8")
    assert "it is plenary-agreed; S1 changed it, " in board
    assert "Proposed by: </b>plenary<" in board
    assert "<b>1</b>" in late  # a question that is open is counted
    seen = hidden(guest.get("/settle").text, "seen")
    choice = {"unit_id": "CU-012", "resolution": "S1", "reason": "so", "seen": seen}
    assert guest.post("/settle", data=choice, headers=SAME).status_code == 303
    assert not is_collected_in_full(read_day(desk.directory))
    (desk.directory / "handed-in" / "resolutions.csv").unlink()
    record_decision(rounds / "02-collected", "CU-012", "agree", reason="as it was", time=NOON)
    late = guest.get("/late").text
    assert "Decided on the board" in late
    assert "Keep what was decided" not in late


def test_a_board_that_goes_while_a_window_asks_for_it_is_answered_by_the_next_one(
    desk, guest, monkeypatch
):
    """A window asked between the change of boards and the clearing of the former: error 500 in the room."""
    former, newer = desk._new_folder(), desk._new_folder()
    pages = [Path(folder.name) / "board.html" for folder in (former, newer)]
    pages[1].write_text("the newer board", encoding="utf-8")
    shown = iter([*pages, None, None])
    monkeypatch.setattr(Desk, "board_page", property(lambda _: next(shown)))
    assert guest.get("/files/live/board.html").text == "the newer board"
    assert guest.get("/files/live/board.html").text == words.text("desk no board", "en")
    former.cleanup()
    newer.cleanup()


def test_a_round_that_the_command_line_made_from_a_stick_is_never_made_anew(
    desk, guest, settling, tmp_path
):
    """Only the stick has S2's file: made from `handed-in`, or taken back, the round would lose it."""
    (tmp_path / "stick").mkdir()
    handed_in = desk.directory / "handed-in"
    (handed_in / "edit_S2.kmz").rename(tmp_path / "stick" / "edit_S2.kmz")
    before = {path: path.read_bytes() for path in settling.rglob("*") if path.is_file()}
    settle(desk.directory, "CU-012", "S2", "newer")  # too late: it is settled on the board
    for left in (1, 0):
        assert is_collected_in_full(read_day(desk.directory))
        desk.start()
        assert "collect" not in desk.worker.asked
        desk._collect(quiet)  # asked for by hand
        assert {path: path.read_bytes() for path in before if path.is_file()} == before
        if left:  # of the second, no file of the round is there at all
            (handed_in / "edit_S1.kmz").rename(tmp_path / "stick" / "edit_S1.kmz")
    for path in ("/", "/late"):
        assert "Round 01-collected was collected from files that are not in" in guest.get(path).text
    choice = {"unit_id": "CU-012", "resolution": "S2", "reason": ""}
    answer = guest.post("/settle", data=choice, headers=SAME)
    assert answer.status_code == 409
    assert "collected from files that are not in handed-in, and is not made anew" in answer.text
    # a file that comes now makes a round of its own on it; one that is brought along closes the gap
    keep_file(desk.directory, "edit_S3.kmz", io.BytesIO(kmz(draw.grown("CU-012", 0.8))))
    assert read_day(desk.directory).base.path == settling
    for name in ("edit_S1.kmz", "edit_S2.kmz"):
        (handed_in / name).write_bytes((tmp_path / "stick" / name).read_bytes())
    day = read_day(desk.directory)
    assert (day.base.number, len(day.inputs)) == (0, 3)
    # what was taken out on the page is not elsewhere: the round is made without it
    take_out(desk.directory, "edit_S2.kmz")
    assert read_day(desk.directory).base.number == 0


def test_a_drawing_that_was_replaced_under_its_name_is_collected_anew(desk, guest, settling):
    """As `collect --force` does: one round, with the corrected outline in place of the old one."""
    handed_in = desk.directory / "handed-in"
    former = read_day(desk.directory).current.reads
    (handed_in / "edit_S1.kmz").unlink()
    (handed_in / "Edit_S1.KMZ").write_bytes(kmz(draw.grown("CU-012", 0.5)))
    day = read_day(desk.directory)
    assert (day.from_elsewhere, day.base.number, len(day.inputs)) == ((), 0, 2)
    assert not is_collected_in_full(day)
    assert "is not made anew" not in guest.get("/").text
    desk._collect(quiet)
    day = read_day(desk.directory)
    assert [folder.path.name for folder in day.rounds] == ["00-proposal", "01-collected"]
    assert is_collected_in_full(day)
    assert len(set(former) & set(day.current.reads)) == 1
    changes = pd.read_csv(settling / "changes.csv").query("unit_id == 'CU-012'")
    assert sorted(changes["file"]) == ["Edit_S1.KMZ", "edit_S2.kmz"]
    assert 'name="resolution"' in guest.get("/settle").text
    # in a folder of the stick too
    (handed_in / "S2").mkdir()
    (handed_in / "edit_S2.kmz").unlink()
    (handed_in / "S2" / "edit_S2.kmz").write_bytes(kmz(draw.grown("CU-012", 0.7)))
    assert not read_day(desk.directory).from_elsewhere


@pytest.mark.slow
def test_files_in_folders_are_handed_in_as_the_command_line_takes_them(desk, guest, settling):
    """People sort a stick into folders: S1/edit.kmz, S2/edit.kmz; a start neither sets the round aside
    nor makes it anew, and each has its line on the page."""
    handed_in = desk.directory / "handed-in"
    for group in ("S1", "S2"):
        (handed_in / group).mkdir()
        (handed_in / f"edit_{group}.kmz").rename(handed_in / group / "edit.kmz")
    (handed_in / "S1" / ".DS_Store").write_bytes(b"what a Mac leaves")
    write_collected(collect([handed_in], base()), settling, force=True)
    day = read_day(desk.directory)
    assert [file.name for file in day.files] == ["S1/edit.kmz", "S2/edit.kmz"]
    assert (day.from_elsewhere, day.base.number, len(day.inputs)) == ((), 0, 2)
    assert is_collected_in_full(day)
    desk.start()
    assert "collect" not in desk.worker.asked
    desk._collect(quiet)
    assert (settling / "manifest.json").is_file()
    page = guest.get("/").text
    seen = hidden(page, "seen")
    assert all(f'<td class="name">{group}/edit.kmz</td>' in page for group in ("S1", "S2"))
    # the same bytes, dropped on the page, are there already
    kept = handed_in / "S2" / "edit.kmz"
    assert keep_file(desk.directory, "edit_S2.kmz", io.BytesIO(kept.read_bytes())) == kept
    answer = guest.post("/take-out", data={"name": "S2/edit.kmz", "seen": seen}, headers=SAME)
    assert answer.status_code == 303
    assert [file.name for file in read_day(desk.directory).files] == ["S1/edit.kmz"]
    assert read_day(desk.directory).base.number == 0


def test_a_form_that_was_saved_once_more_is_collected_anew(desk, settling):
    """Excel writes other bytes each time, and people correct a cell."""
    form = filled_form(desk.directory / "handed-in")
    desk._collect(quiet)
    assert is_collected_in_full(read_day(desk.directory))
    book = openpyxl.load_workbook(form)
    book.properties.title = "saved once more"
    book.save(form)
    day = read_day(desk.directory)
    assert (day.from_elsewhere, day.base.number, len(day.inputs)) == ((), 0, 3)
    desk._collect(quiet)
    day = read_day(desk.directory)
    assert (len(day.rounds), is_collected_in_full(day)) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["edit_S1.kmz", "stick.zip"])
def test_late_files_of_the_same_names_in_another_folder_are_elsewhere(
    desk, settling, tmp_path, name
):
    """In `handed-in` the file of that name is the one that the round before was collected from."""
    late, handed_in = tmp_path / "late" / name, desk.directory / "handed-in" / name
    for path, growth in ((handed_in, 0.9), (late, 0.5)):
        path.parent.mkdir(exist_ok=True)
        drawing = kmz(draw.grown("CU-012", growth))
        path.write_bytes(zipped(("a.kmz", drawing)) if name.endswith("zip") else drawing)
    desk._collect(quiet)
    record_decision(settling, "CU-012", "agree", reason="as drawn", time=NOON)
    made = collect([late.parent], decided_round(settling), base_dir=settling)
    write_collected(made, settling.parent / "02-collected")
    day = read_day(desk.directory)
    assert day.from_elsewhere == (name if name.endswith("kmz") else f"{name}/a.kmz",)
    assert (day.base.number, day.inputs) == (2, ())


def test_a_day_without_resolutions_is_collected_in_full(desk, settling):
    """Nobody has settled anything yet: a desk that starts anew asks for the table all the same."""
    day = read_day(desk.directory)
    table = _day.open_resolutions(day, day.base, _day.read_resolutions(day.directory))
    assert list(table.columns) == list(_day.RESOLUTION_COLUMNS)
    assert is_collected_in_full(day)


def test_of_two_people_at_one_unit_the_second_sees_what_the_first_decided(guest, settling):
    page = guest.get("/board?unit=CU-001").text
    form = {
        "unit": "CU-001",
        "decision": "reject",
        "reason": "too far",
        "seen": hidden(page, "seen"),
    }
    record_decision(settling, "CU-001", "agree", reason="as drawn", time=NOON)
    answer = guest.post("/decide", data=form, headers=SAME)
    assert answer.status_code == 409
    assert "Somebody else has changed this meanwhile" in answer.text
    assert 'value="too far"' in answer.text  # what was typed is not lost
    assert len(read_decisions(settling)) == 1
    again = form | {"seen": hidden(answer.text, "seen")}
    assert guest.post("/decide", data=again, headers=SAME).status_code == 303
    # and of two people at two units neither is in the way
    other = {"unit": "CU-002", "decision": "agree", "reason": "as drawn", "by": "plenary"}
    other["seen"] = hidden(guest.get("/board?unit=CU-002").text, "seen")
    record_decision(settling, "CU-003", "park", reason="ask", time=NOON)
    assert guest.post("/decide", data=other, headers=SAME).status_code == 303
    assert read_decisions(settling)["unit_id"].tolist() == ["CU-001", "CU-001", "CU-003", "CU-002"]


def test_what_was_taken_back_is_not_shown_as_decided_while_tables_are_written(guest, settling):
    """The log is the newest: the table of units is written after the board, by a job."""
    statuses = re.compile(r"<small>.*?</small>|<p class=.status.>.*?</p>")
    undecided = statuses.findall(guest.get("/board?unit=CU-002").text)
    form = {"unit": "CU-002", "by": "plenary", "reason": "too far"}
    for decision in ("reject", "undo"):
        form["seen"] = hidden(guest.get("/board?unit=CU-002").text, "seen")
        assert (
            guest.post("/decide", data=form | {"decision": decision}, headers=SAME).status_code
            == 303
        )
        if decision == "reject":
            show_decisions(settling)  # as the job does, before somebody takes it back
    assert statuses.findall(guest.get("/board?unit=CU-002").text) == undecided
    assert guest.get("/events?version=0").json()["decided"].startswith("0 of ")


def test_windows_are_told_in_which_board_a_decision_stands(guest, desk, settling, monkeypatch):
    """Else a page that is opened later puts the line over a board that knows more."""
    monkeypatch.setattr(desk.worker, "ask", lambda name, work, key="": work(quiet))
    page = guest.get("/board?unit=CU-002").text
    form = {"unit": "CU-002", "decision": "park", "reason": "ask first", "by": "plenary"}
    form["seen"] = hidden(page, "seen")
    assert guest.post("/decide", data=form, headers=SAME).status_code == 303
    state = guest.get("/events?version=0").json()
    assert (state["decided_unit"], state["drawn"]) == ("CU-002", state["board"])
    assert state["banner"] == "CU-002: parked"  # its status is the one before


@pytest.mark.slow
def test_a_log_of_an_earlier_version_cut_off_in_its_last_line_is_a_log(guest, settling):
    """The desk reads decisions as commands do: what a line lacks is empty, half a line is none."""
    record_decision(settling, "CU-001", "agree", reason="as drawn", time=NOON)
    log = settling / DECISION_LOG
    columns, line = log.read_text(encoding="utf-8").splitlines()
    earlier = columns.removesuffix(",question,old_decision"), line.removesuffix(",,")
    assert earlier != (columns, line)
    log.write_text("\n".join([*earlier, "CU-002,01,rej"]), encoding="utf-8")
    assert guest.get("/board").status_code == 200
    assert guest.get("/events?version=0").json()["decided"].startswith("1 of ")


def test_one_more_question_is_asked_shown_everywhere_and_answered_once(guest, settling):
    """The page lists it with its two ways out; windows are told of it before the board is redrawn."""

    def click(decision: str, reason: str, **fields: str) -> Response:
        form = {"unit": "CU-001", "decision": decision, "reason": reason, **fields}
        form.setdefault("seen", hidden(guest.get("/board?unit=CU-001").text, "seen"))
        return guest.post("/decide", data=form, headers=SAME)

    seen = hidden(guest.get("/board?unit=CU-001").text, "seen")
    asked = 'Who <guards> "the pass"?'
    assert click("ask", asked).status_code == 303
    state = guest.get("/events?version=0").json()
    assert (state["decided_unit"], state["asked"], state["closed"]) == ("CU-001", asked, "")
    assert state["decided"].startswith("0 of ")  # a question decides nothing
    page = guest.get("/board?unit=CU-001").text
    assert "<p>Who &lt;guards&gt; &#34;the pass&#34;?</p>" in page
    assert hidden(page, "question") == "A-001"
    stale = click("answer", "nobody", question="A-001", seen=seen)
    assert stale.status_code == 409
    assert 'value="nobody"' in stale.text
    assert click("answer", "the rangers", question="A-001").status_code == 303
    state = guest.get("/events?version=0").json()
    assert (state["asked"], state["closed"]) == ("", asked)
    assert "A-001" not in guest.get("/board?unit=CU-001").text
    gone = click("withdraw", "too late", question="A-001")
    assert gone.status_code == 409
    assert read_decisions(settling)["decision"].tolist() == ["ask", "answer"]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"decision": "park", "reason": "later", "name_en": "Altai"}, "бывают только"),
        ({"decision": "merge", "reason": "one place"}, "Выберите, к какой единице"),
        (
            {"decision": "merge", "reason": "one", "into": "CU-002", "name_en": "Altai"},
            "бывают только",
        ),
        ({"decision": "agree", "reason": " \u200b "}, "Нужна причина"),
    ],
)
def test_what_does_not_go_together_is_said_on_the_page_and_what_was_typed_stays(
    guest, settling, form, said
):
    in_russian(guest)
    answer = guest.post("/decide", data={"unit": "CU-001", "by": "", **form}, headers=SAME)
    assert answer.status_code == 409
    assert said in answer.text
    assert f'value="{form.get("name_en", "")}"' in answer.text
    is_folded = form["decision"] != "merge" and "name_en" not in form
    assert ("<details open><summary>" in answer.text) != is_folded  # and in sight
    assert not (settling / "decisions.csv").exists()


def test_two_orders_at_once_leave_the_desk_answering(desk, keys, settling, monkeypatch):
    """A lock that is held across an `await` is waited for by the very thread that would free it."""
    app = application(desk, port=PORT, keys=keys)
    written = _day.write_order
    monkeypatch.setattr(_day, "write_order", lambda *args: (time.sleep(0.2), written(*args))[1])
    statuses: list[int] = []

    async def both() -> None:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=HOME) as client:
            await client.get(f"/enter?key={keys.entry}")
            orders = ({"order": "CU-002"}, {"order": "CU-001"})
            asked = [client.post("/order", data=order, headers=SAME) for order in orders]
            statuses.extend(answer.status_code for answer in await asyncio.gather(*asked))

    thread = threading.Thread(target=asyncio.run, args=(both(),), daemon=True)
    thread.start()
    thread.join(timeout=20)
    assert statuses == [204, 204]


def test_an_order_that_was_asked_for_stays_through_a_decision(guest, settling):
    page = guest.get("/board?unit=CU-001&order=group").text
    form = {"unit": "CU-001", "decision": "park", "reason": "later", "by": ""}
    form |= {name: hidden(page, name) for name in ("seen", "order")}
    answer = guest.post("/decide", data=form, headers=SAME)
    assert answer.headers["location"] == "/board?unit=CU-001&order=group"
    stale = guest.post("/decide", data=form, headers=SAME)  # and where something stood against it
    assert stale.status_code == 409
    assert '<option value="group" selected>' in stale.text
    assert hidden(guest.get("/board").text, "order") == ""  # by hand, once somebody has dragged one


def test_an_order_by_hand_is_a_file_and_outlives_the_desk(guest, desk, settling):
    order = "CU-007;CU-002;../CU-001;<script>;CU-001"
    assert guest.post("/order", data={"order": order}, headers=SAME).status_code == 204
    assert read_order(desk.directory) == ("CU-007", "CU-002", "CU-001")
    page = guest.get("/board").text
    shown = re.findall(r'data-unit="(CU-\d+)"', page)
    assert shown[:3] == ["CU-007", "CU-002", "CU-001"]
    assert set(desk.worker.asked) == {"board"}
    again = Desk(desk.directory, desk.worker, desk.scratch)  # started anew
    assert read_order(again.directory)[0] == "CU-007"
    # typed by hand; a unit that is gone by now stops nothing, and is named
    (desk.directory / _day.ORDER).write_text("unit_id\ncu-2 Wakhan\n CU–7\nCU-999\n", "utf-8")
    assert read_order(desk.directory) == ("CU-002", "CU-007", "CU-999")
    current = read_day(desk.directory).current
    assert _verbs.board_order(desk.directory, current.path) == ("CU-002", "CU-007", "rank")
    page = guest.get("/board").text
    assert re.findall(r'data-unit="(CU-\d+)"', page)[:2] == ["CU-002", "CU-007"]
    assert "names what is no unit of this round, passed over: CU-999" in page


@pytest.mark.slow
def test_the_general_section_is_ticked_many_at_once(guest, desk, settling, monkeypatch):
    done = Worker()
    monkeypatch.setattr(desk, "worker", done)
    guest.post("/after", data={"product": "activities"}, headers=SAME)
    done.stop()
    assert job(done, "activities").state == DONE, job(done, "activities").refusal
    page = guest.get("/after").text
    assert "Joint patrols on the border" in page
    assert "in 2 of 3 units" in page
    # what is moved together is read together
    written = pd.read_csv(settling / "general_suggestions.csv", dtype=str)
    written.assign(other_wordings="Patrols together").to_csv(
        settling / "general_suggestions.csv", index=False
    )
    assert "Joint patrols on the border = Patrols together" in guest.get("/after").text
    done = Worker()
    monkeypatch.setattr(desk, "worker", done)
    form = {"id": ["R-A-1"], "reason": "everywhere", "seen": hidden(page, "seen")}
    assert guest.post("/general", data=form, headers=SAME).status_code == 303
    done.stop()
    assert job(done, "activities").state == DONE, job(done, "activities").refusal
    table = pd.read_csv(settling / "activities.csv").set_index("activity_id")
    assert table["unit_id"].to_dict() == {"A-1": "general", "A-2": "general", "A-3": "CU-003"}
    log = pd.read_csv(settling / "activities_log.csv")
    assert set(log["reason"]) == {"everywhere"}
    assert guest.post("/general", data=form, headers=SAME).status_code == 409  # an old page
    # what is not ticked any more goes home
    done = Worker()
    monkeypatch.setattr(desk, "worker", done)
    back = {"reason": "not in all", "seen": hidden(guest.get("/after").text, "seen")}
    guest.post("/general", data=back, headers=SAME)
    done.stop()
    table = pd.read_csv(settling / "activities.csv").set_index("activity_id")
    assert table.at["A-1", "unit_id"] == "CU-001"


@pytest.mark.slow
def test_the_programme_in_force_and_the_themes_of_a_session_are_made_from_the_page(
    guest, desk, settling, monkeypatch
):
    measures = (
        b"measure_id,theme,text,unit_id,status,note\n"
        b"M-1,finance,A fund for herders,CU-003,done,\nM-2,community,Herders as guards,,under way,\n"
    )
    for path, data, files in (
        ("/programme", {"kind": "implementation"}, {"file": ("../status.csv", measures)}),
        ("/session", {"theme": ["anti-poaching", "no theme"]}, None),
    ):
        done = Worker()
        monkeypatch.setattr(desk, "worker", done)
        answer = guest.post(path, data=data, files=files, headers=SAME)
        assert answer.status_code == 303, answer.text
        done.stop()
        assert job(done, "activities").state == DONE, job(done, "activities").refusal
    assert (desk.directory / "implementation" / "status.csv").read_bytes() == measures
    assert (settling / "implementation.html").is_file()
    assert (settling / "session" / "programme.docx").is_file()
    page = guest.get("/after").text
    assert "implementation.html" in page
    assert "<code>rounds/01-collected/session</code>" in page
    opened: list[str] = []
    monkeypatch.setattr("typer.launch", opened.append)
    assert guest.post("/open", data={"product": "session"}, headers=SAME).status_code == 303
    assert opened == [str(settling / "session")]
    bad = {"kind": "../rounds"}
    assert guest.post("/programme", data=bad, files=files, headers=SAME).status_code == 400


def test_a_form_without_files_is_small(guest):
    answer = guest.post("/settle", data={"reason": "x" * (MAX_FORM + 1)}, headers=SAME)
    assert answer.status_code == 413


def test_what_the_library_refuses_is_said_in_the_readers_language(guest, desk):
    files = [("files", (f"{number}.kml", b"")) for number in range(501)]
    in_russian(guest)
    answer = guest.post("/hand-in", files=files, headers=SAME)
    assert (answer.status_code, answer.text) == (400, "Больше 500 файлов за раз не принимается.")
    assert list((desk.directory / "handed-in").iterdir()) == []
    assert guest.get("/nowhere").status_code == 404
    assert "Такого варианта нет" in guest.get("/nowhere").text


# -- two hundred payloads -------------------------------------------------------------------------

_TAGS = ("script", "img src=x onerror", "svg onload", "iframe srcdoc", "body onload", "a href")
_BREAKS = (
    '"',
    "'",
    "`",
    "<",
    ">",
    "\x00",
    "\u2028",
    "{{",
    "{%",
    "${",
    "]]>",
    "-->",
    "\\",
    "\r\n",
    "%0d%0a",
)
_PATHS = (
    "../../x",
    "..\\..\\x",
    "/etc/passwd",
    "C:\\x",
    "//evil/x",
    "file:///x",
    "%2e%2e%2fx",
    "con",
    ".",
)
TWO_HUNDRED = [
    *(f"{start}<{tag}=pwned(1)>{end}" for tag in _TAGS for start in _BREAKS for end in ("", "-->")),
    *(f"{path}{end}" for path in _PATHS for end in ("", ".kml", ";CU-001", "\x00.kml", "?a=1")),
    *(f"{sign}cmd|'/c calc'!A1" for sign in "=+-@\t\r＝＋－＠"),
    *(
        f"CU-001{mark}agree"
        for mark in ("\n", "\r", ",", '","', ";", "\u0085", "\x1e", "|", "\t", "\x0b")
    ),
    *(
        "𝕏" * 100,
        "\u202e" * 20,
        "A" * 4000,
        "ﷺ" * 300,
        "\ud800"[:0] or "emoji 🐆",
        "{}{}%s%d{0.__class__}",
    ),
][:260]


@pytest.mark.slow
def test_two_hundred_payloads_in_every_field_are_text_or_refused(guest, desk, settling):
    """Nothing runs, nothing leaves the folder, the logs keep their lines."""
    assert len(set(TWO_HUNDRED)) >= 200
    outside = {path.name for path in desk.directory.parent.iterdir()}
    rounds = {path.name for path in settling.parent.iterdir()}
    for number, payload in enumerate(TWO_HUNDRED):
        for path, data in (
            ("/show", {"unit": payload}),
            ("/language", {"lang": payload, "back": payload}),
            (
                "/settle",
                {"unit_id": payload, "resolution": payload, "reason": payload, "seen": payload},
            ),
            ("/take-out", {"name": payload, "seen": payload}),
            ("/after", {"product": payload}),
            ("/open", {"product": payload}),
            ("/session", {"theme": payload}),
            ("/decide", {"unit": payload, "decision": payload, "reason": payload, "seen": payload}),
            (
                "/decide",
                {"unit": "CU-001", "decision": "answer", "reason": payload, "question": payload},
            ),
        ):
            answer = guest.post(path, data=data, headers=SAME)
            assert answer.status_code in (204, 303, 400, 409), (path, payload, answer.text[:200])
            assert not runs(answer), (path, payload)
        if number % 20 == 0:  # each of these is written to the disk
            reason = " ".join(TWO_HUNDRED[number : number + 3])[:400]
            form = {"unit": "CU-001", "decision": "park", "reason": reason, "by": payload[:60]}
            form["seen"] = hidden(guest.get("/board?unit=CU-001").text, "seen")
            guest.post("/decide", data=form, headers=SAME)
            form |= {"decision": "ask", "reason": payload}
            form["seen"] = hidden(guest.get("/board?unit=CU-001").text, "seen")
            guest.post("/decide", data=form, headers=SAME)
            assert not runs(guest.get("/board?unit=CU-001")), payload
            settle(desk.directory, "CU-012", "S2", reason)
    for path in ("/", "/settle", "/board?unit=CU-001", "/late", "/after", "/events?version=9"):
        assert not runs(guest.get(path)), path
    log = read_decisions(settling)
    assert set(log["unit_id"]) == {"CU-001"}
    assert set(log["decision"]) == {"park", "ask"}
    assert not [cell for cell in log["reason"] if cell[:1] in "=+-@＝＋－＠"]
    assert {path.name for path in desk.directory.parent.iterdir()} == outside
    assert {path.name for path in settling.parent.iterdir()} == rounds


def runs(answer: Response) -> bool:
    """Whether an answer has a payload as markup in a page; as text, or in a plain line, it does nothing."""
    is_page = answer.headers.get("content-type", "").startswith("text/html")
    return (
        is_page
        and re.search(r"<(script|img|svg|iframe|body|a)[^>]*=pwned", answer.text) is not None
    )


# -- two people -----------------------------------------------------------------------------------


def test_the_second_of_two_overwrites_nothing(guest, workshop):
    (workshop / "handed-in" / "a.kmz").write_bytes(b"a")
    seen = guest.get("/").text.split('name="seen" value="')[1].split('"')[0]
    keep_file(workshop, "b.kmz", io.BytesIO(b"b"))  # the other person
    answer = guest.post("/take-out", data={"name": "a.kmz", "seen": seen}, headers=SAME)
    assert answer.status_code == 409
    assert "Somebody else has changed this meanwhile" in answer.text
    assert (workshop / "handed-in" / "a.kmz").is_file()


# -- the worker -----------------------------------------------------------------------------------


def test_work_is_done_in_order_and_asked_for_twice_once():
    worker = Worker()
    order: list[str] = []
    started = worker.version
    worker.ask("slow", lambda progress: (time.sleep(0.2), order.append("slow")))
    for _ in range(3):
        worker.ask("next", lambda progress: order.append("next"))
    worker.stop()
    assert order == ["slow", "next"]
    assert worker.jobs["slow"].state == DONE
    assert worker.version > started


def test_fifty_windows_that_wait_hold_no_thread_and_all_hear_at_once():
    worker = Worker()
    version, threads = worker.version, threading.active_count()

    async def heard() -> list[int]:
        """Fifty wait; from another thread something changes; one more need not wait at all."""
        waiting = [asyncio.ensure_future(worker.newer(version, 30)) for _ in range(50)]
        await asyncio.sleep(0.05)
        assert threading.active_count() == threads
        await asyncio.to_thread(worker.touch)
        assert await worker.newer(version, 30) == version + 1
        assert await worker.newer(version + 1, 0.01) == version + 1  # nothing new: after a while
        return await asyncio.gather(*waiting)

    assert set(asyncio.run(heard())) == {version + 1}
    worker.stop()


def test_a_fault_of_the_input_and_one_of_ours_are_told_apart_and_end_nothing():
    def faulty(progress: object) -> str:
        raise InputError("no outline")

    def broken(progress: object) -> str:
        raise ZeroDivisionError("1/0")

    worker = Worker()
    worker.ask("faulty", faulty)
    worker.ask("broken", broken)
    worker.ask("after", lambda progress: "went on")
    worker.stop()
    states = {
        name: (job.state, words.said(job.refusal) if job.refusal else "")
        for name, job in worker.jobs.items()
    }
    assert states["faulty"] == (REFUSED, "no outline")
    assert states["broken"] == (BROKEN, "ZeroDivisionError: 1/0")
    assert states["after"] == (DONE, "")


def test_a_folder_without_a_workshop_is_refused_with_the_cure(tmp_path):
    with pytest.raises(InputError, match=r"cami-units init .*nowhere"):
        read_day(tmp_path / "nowhere")


def test_every_decision_and_every_job_has_its_words_in_every_page_language():
    for lang in ("en", "ru"):
        for decision in DECISIONS:
            assert words.text(decision, lang) != decision or lang == "en"
            assert words.text(f"desk {decision}", lang)
        for job in (*_verbs.BEFORE, *_verbs.PRODUCTS, "check", "collect", "board", "decide"):
            assert words.text(f"desk job {job}", lang)
        for state in (WAITING, RUNNING, DONE, REFUSED, BROKEN):
            assert words.text(f"desk {state}", lang)


def test_a_step_that_names_a_file_is_said_with_it_in_the_language_of_the_page():
    job = Job("propose", RUNNING, Step("writing", "map.html"), 1, 1)
    assert job_text(job, "en").endswith(" · writing map.html")
    assert job_text(job, "ru").endswith(f" · {words.text('step writing', 'ru')} map.html")


@pytest.mark.parametrize(
    ("levels", "opens", "said"),
    [
        (("refuses", "note"), ["check"], "desk check stops"),
        (("counted", "note"), ["check", "propose"], "desk check goes on"),
        ((), ["check", "propose"], "desk check clean"),
    ],
)
def test_what_stops_the_work_stops_the_click_and_the_marks_have_a_legend(
    guest, desk, workshop, levels, opens, said
):
    note = Note("no CRS", {})
    desk.noticed["check"] = [
        Problem(level, "ranges", "saiga.shp", "", "no CRS", "", note) for level in levels
    ]
    for lang in ("en", "ru"):
        guest.post("/language", data={"lang": lang, "back": "before"}, headers=SAME)
        page = html.unescape(guest.get("/before").text)
        assert re.findall(r'<button name="product" value="(\w+)">', page) == opens
        assert words.text(said, lang) in page
        assert (words.text("desk legend", lang) in page) == bool(levels)


def test_with_plan_and_profile_at_fault_the_desk_names_no_command():
    faults = [
        Note(
            "plan faults",
            {"file": f"{kind}.toml", "kind": Note(f"kind {kind}"), "n": 1, "lines": [], "toml": ""},
        )
        for kind in ("plan", "criteria")
    ]
    for lang in words.LANGUAGES:
        sentence, _ = told(Note("several problems", {"problems": faults}), lang)
        assert "plan.toml" in sentence
        assert "criteria.toml" in sentence
        assert "cami-units" not in sentence


def test_where_the_command_line_names_a_command_the_desk_names_a_click():
    """Every phrase that the desk has of its own names no command and no option, in any language."""
    own = [key for key in words.catalogue() if key.startswith("note desk ")]
    assert own
    for key in own:
        assert words.has(f"note {key.removeprefix('note desk ')}"), key
        for lang in words.LANGUAGES:
            assert not re.search(r"cami-units| --", words.text(key, lang)), (key, lang)
    what, done = told(Note("form activities", {"count": 3}), "en")
    assert (what, done) == (
        "activities added or changed: 3",
        "not read here: Activities, under After, takes them",
    )


# -- what is refused, in the language of the page ---------------------------------------------------

KML = b'<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2">%s</kml>'


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, held in entries:
            archive.writestr(name, held)
    return content.getvalue()


def nested(depth: int) -> bytes:
    content = zipped(("units.kml", KML % b""))
    for number in range(depth):
        content = zipped((f"{number}.zip", content))
    return content


DAMAGED: dict[str, bytes] = {
    "empty.kmz": b"",
    "doctype.kml": b'<!DOCTYPE kml [<!ENTITY a "b">]><kml/>',
    "page.kml": b"<html><head><title>Sign in</title></head></html>",
    "portrait.kmz": b"\x89PNG\r\n\x1a\n" + b"0" * 99,
    "letter.kml": b"%PDF-1.7\n",
    "packed.kmz": b"Rar!\x1a\x07\x00",
    "shortcut.kml": b"L\x00\x00\x00\x01\x14\x02\x00" + b"0" * 40,
    "prose.kml": b"Dear colleagues, the units are as follows.",
    "other.kml": b"<osm><node/></osm>",
    "deep.kml": KML % (b"<Folder>" * 150 + b"</Folder>" * 150),
    "deeper.kml": KML % (b"<Folder>" * 400 + b"</Folder>" * 400),
    "tag.kml": KML % (b'<Folder a="' + b"x" * 100_100 + b'"/>'),
    "folders.kml": KML % (b"<Folder></Folder>" * 20_100),
    "cut.kml": (KML % b"<Document><Placemark><name>CU-001</name>")[:-20],
    "slips.kml": KML % b"<Document><Placemark><name>CU-001</nam></Document>",
    "seven.kml": b'<?xml version="1.0" encoding="UTF-7"?><kml/>',
    "merge.kml": b"<<<<<<< HEAD\n" + KML % b"" + b"\n=======\n",
    "out.kmz": zipped(("../../doc.kml", KML % b"")),
    "without.kmz": zipped(("readme.md", b"nothing")),
    "bzip.kmz": zipped(("doc.kml", KML % b""), method=zipfile.ZIP_BZIP2),
    "bomb.kmz": zipped(("doc.kml", b" " * 40_000_000)),
    "torn.kmz": zipped(("doc.kml", KML % b"x" * 900))[:200],
    "nested.zip": nested(5),
    "several.zip": zipped(("one.kml", b""), ("two.kml", b"<osm/>"), ("form.xlsx", b"PK")),
    "old.xls": b"\xd0\xcf\x11\xe0",
    "locked.xlsx": b"\xd0\xcf\x11\xe0" + b"0" * 99,
    "words.xlsx": b"these are words",
    "other.xlsx": zipped(("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<x/>")),
    "entity.xlsx": zipped(("xl/workbook.xml", b"<!DOCTYPE x><x/>")),
    "link.gsheet": b"{}",
    "sheet.numbers": b"PK",
    "mail.msg": b"\xd0\xcf\x11\xe0mail",
    "winmail.dat": b"x",
    "units.gpkg": b"no database",
    "lines.shp": b"\x00\x00\x27\x0a" + b"\x00" * 96,
    "points.geojson": b'{"type": "FeatureCollection", "features": [',
}
"""A file for each way of being refused that takes no minutes to make, under names that say nothing."""


@pytest.mark.slow
def test_whatever_is_refused_is_refused_in_the_language_of_the_page(guest, desk, workshop):
    write_proposal(base(), workshop / "rounds" / "00-proposal")
    for name, content in DAMAGED.items():
        keep_file(desk.directory, name, io.BytesIO(content))
    keep_file(desk.directory, "edit_S1.kmz", io.BytesIO(kmz(draw.grown("CU-012", 0.9))))
    desk._collect(quiet)
    english = re.compile(r"(?:\b[a-z]{2,}\b[,;]? ){3,}[a-z]{2,}\b")
    for lang in ("ru", "mn", "zh"):
        guest.post("/language", data={"lang": lang, "back": "hand_in"}, headers=SAME)
        page = guest.get("/").text
        rows = re.findall(r'<tr class="(\w+)">(.*?)</tr>', page, re.DOTALL)
        assert len(rows) == len(DAMAGED) + 1
        told = {
            re.search(r'<td class="name">(.*?)</td>', row)[1]: re.sub("<[^>]+>", " ", row)
            for state, row in rows
            if state == "refused"
        }
        assert len(told) == len(DAMAGED), set(DAMAGED) - set(told)
        # between quotation marks stand the words of libraries, which are nobody's to translate
        plain = {name: re.sub("«.*?»|“.*?”", "", html.unescape(row)) for name, row in told.items()}
        assert {name: row for name, row in plain.items() if english.search(row)} == {}


@pytest.mark.slow
def test_an_archive_and_what_nobody_edits_of_a_pack_do_not_wait_for_ever(guest, desk, workshop):
    """A stick's folder is handed in whole: maps, sums and a zip with the work of the group in it."""
    write_proposal(base(), workshop / "rounds" / "00-proposal")
    inside = zipped(("edit_S1.kmz", kmz(draw.grown("CU-012", 0.9))), ("empty.kml", b""))
    files = {
        "stick.zip": inside,
        "map_S1.html": b"<html>",
        "SHA256SUMS.txt": b"sums",
        "notes.csv": b"a,b",
    }
    for name, content in files.items():
        keep_file(desk.directory, name, io.BytesIO(content))
    desk._collect(quiet)
    day = read_day(desk.directory)
    assert day.waiting == ()
    assert _day.is_collected_in_full(day)
    page = guest.get("/").text
    assert "edit_S1.kmz: 12 shapes" in page
    assert "empty.kml: Not read" in page
    assert page.count(words.text("desk passed over")) == 3
    # a power cut between a file that is taken out and the round without it
    take_out(desk.directory, "notes.csv")
    assert not _day.is_collected_in_full(read_day(desk.directory))
    # once plenary decides, none of them is read again beside a late file
    record_decision(
        workshop / "rounds" / "01-collected", "CU-001", "agree", reason="as drawn", time=NOON
    )
    keep_file(desk.directory, "late.kmz", io.BytesIO(kmz(draw.grown("CU-012", 0.5))))
    assert [path.name for path in read_day(desk.directory).inputs] == ["late.kmz"]


@pytest.mark.slow
def test_of_two_files_of_a_group_either_can_be_chosen_on_the_desk(guest, desk, workshop):
    """Its conflict names them "S1 (file)"; a resolution takes the file, beside another group's."""
    write_proposal(base(), workshop / "rounds" / "00-proposal")
    moved = translate(square("CU-012"), 0.3, 0)
    for name, content in {
        "edit_S1.kmz": kmz(draw.grown("CU-012", 0.9)),
        "edit_S1 (2).kmz": kmz(draw.grown("CU-012", 0.7)),
        "edit_S2.kmz": kmz(draw.drawn("CU-012 Place 012", moved, "2 "), group="S2"),
    }.items():
        keep_file(desk.directory, name, io.BytesIO(content))
    desk._collect(quiet)
    page = guest.get("/settle").text
    values = re.findall(r'name="resolution" value="([^"]*)"', page)
    assert {"edit_S1.kmz", "edit_S1 (2).kmz", "S2"} <= set(values)
    for choice in ("edit_S1 (2).kmz", "S2"):
        seen = hidden(guest.get("/settle").text, "seen")
        form = {"unit_id": "CU-012", "resolution": choice, "reason": "", "seen": seen}
        assert guest.post("/settle", data=form, headers=SAME).status_code == 303
        desk._collect(quiet)
        measured = read_day(desk.directory).current.resolved
        assert measured == {"CU-012": choice}


@pytest.mark.slow
def test_files_of_another_round_are_told_above_all_files(guest, desk, workshop):
    write_proposal(moved_base(), workshop / "rounds" / "00-proposal")
    keep_file(desk.directory, "edit_S1.kmz", io.BytesIO(kmz()))
    desk._collect(quiet)
    page = guest.get("/").text
    assert '<p class="notice" role="alert">1 file comes from another round (this round 00' in page


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_desk_that_is_ended_leaves_nothing_and_says_nothing(tmp_path, name):
    """A terminal that is closed sends SIGHUP, a system that shuts down SIGTERM, Ctrl+C SIGINT.

    Nothing is left among the temporary files, and nothing is said of the window that waits for news.
    """
    workshop, temporary = tmp_path / "workshop", tmp_path / "temporary"
    init(workshop)
    temporary.mkdir()
    program = (
        "import sys; from pathlib import Path; from cami_units.desk import serve;"
        "serve(Path(sys.argv[1]), browser=False, announce=lambda address: print(address, flush=True))"
    )
    desk = subprocess.Popen(
        [sys.executable, "-c", program, str(workshop)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    address = desk.stdout.readline().strip()
    assert [path for path in temporary.iterdir() if path.is_dir()] != []
    time.sleep(1)  # the address is said before the server runs
    window = httpx.Client(base_url=address.partition("/enter")[0], follow_redirects=True)
    assert window.get(address).status_code == 200

    def follow(version: int = 0) -> None:
        with contextlib.suppress(httpx.HTTPError):
            while True:
                version = window.get("/events", params={"version": version}).json()["version"]

    waiting = threading.Thread(target=follow)
    waiting.start()
    time.sleep(1)
    desk.send_signal(getattr(signal, name))
    assert desk.wait(30) in (0, -getattr(signal, name))
    waiting.join(10)
    window.close()
    assert desk.communicate() == ("", "")
    assert [path for path in temporary.iterdir() if path.is_dir()] == []


def test_no_reason_is_cut_off_by_the_page():
    """A browser stops at `maxlength` without a word; what people type into a log is theirs."""
    fields = [
        field
        for page in (Path(words.__file__).parents[1] / "desk" / "templates").glob("*.html")
        for field in re.findall(r'<(?:input|textarea) name="reason"[^>]*>', page.read_text("utf-8"))
    ]
    assert len(fields) == 3
    assert not any("maxlength" in field for field in fields)
