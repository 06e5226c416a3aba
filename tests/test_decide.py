"""Decisions: what may be said, where it stands afterwards, and what a power cut can take."""

from __future__ import annotations

import csv
import errno
import importlib
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from functools import partial, wraps
from pathlib import Path
from unittest.mock import Mock

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from cami_units import cli, kml, store
from cami_units.cache import cache_of_round
from cami_units.commands.annex import annex
from cami_units.commands.decide import (
    DECISION_COLUMNS,
    DECISION_LOG,
    are_decisions_shown,
    decide,
    decided,
    decided_round,
    read_decisions,
    record_decision,
    show_decisions,
)
from cami_units.commands.fences import with_fences, write_fences
from cami_units.commands.round_files import write_proposal
from cami_units.documents.board_slides import decision_said
from cami_units.model import InputError, Note, is_decided, notes_as_text
from cami_units.words.finding_sentences import in_language
from cami_units.workshop import successors
from tests.conftest import modules_loaded_by
from tests.rounds import BOXES, toy_round

NOON = "2026-11-22T14:05"
COLUMNS = ("a", "b", "c")


def status(directory: Path, unit_id: str) -> str:
    units = store.read_round(directory).tables["conservation_units"].set_index("unit_id")
    return str(units.at[unit_id, "status"])


def lines(directory: Path) -> list[dict[str, str]]:
    with (directory / DECISION_LOG).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


# -- what is said ---------------------------------------------------------------------------------


def test_a_decision_stands_in_the_log_the_tables_and_the_map(round_dir):
    decide(round_dir, "CU-001", "agree", reason="No objection", time=NOON)
    (line,) = lines(round_dir)
    assert line == {
        "unit_id": "CU-001",
        "round": "00",
        "decision": "agree",
        "before": "modelled candidate",
        "status": "plenary-agreed",
        "by": "plenary",
        "document": "",
        "time": NOON,
        "reason": "No objection",
        "geometry_hash": kml.geom_hash(BOXES["CU-001"]),
        **dict.fromkeys(("into", "name_en", "name_ru", "outline"), ""),
        "old_name_en": "Talas",
        "old_name_ru": "Талас",
        "question": "",
        "old_decision": "",
    }
    assert status(round_dir, "CU-001") == "plenary-agreed"
    assert "plenary-agreed" in (round_dir / "conservation_units.csv").read_text(encoding="utf-8")
    assert "plenary-agreed" in (round_dir / "map.html").read_text(encoding="utf-8")
    with zipfile.ZipFile(round_dir / "conservation_units.kmz") as archive:
        assert b"plenary-agreed" in archive.read("doc.kml")


def test_a_misspelt_option_decides_nothing(round_dir):
    said = {"reason": "No objection", "time": NOON}
    with pytest.raises(TypeError, match="outlin"):
        decide(round_dir, "CU-001", "agree", outlin="S1", **said)
    with pytest.raises(TypeError, match="time"):
        decide(round_dir, "CU-001", "agree", reason="No objection")
    assert not (round_dir / DECISION_LOG).exists()


@pytest.mark.parametrize(
    ("decision", "expected", "marked"),
    [
        ("agree", "plenary-agreed", "agree"),
        ("agree-with-change", "plenary-agreed", "agree-with-change"),
        ("park", "modelled candidate", "park"),
        ("reject", "rejected", "reject"),
    ],
)
def test_what_each_decision_makes_of_a_unit(decision, expected, marked):
    log = read_decisions(Path("nowhere"))
    log.loc[0] = dict(
        zip(
            log.columns,
            [
                "CU-001",
                "00",
                decision,
                "modelled candidate",
                expected,
                "plenary",
                "",
                NOON,
                "x",
                "",
                *[""] * 8,  # merged into, names, outline, question, old decision
            ],
            strict=True,
        )
    )
    units = decided(toy_round(), log).tables["conservation_units"].set_index("unit_id")
    assert (units.at["CU-001", "status"], units.at["CU-001", "decision"]) == (expected, marked)
    assert units.at["CU-002", "status"] == "modelled candidate"
    assert units.at["CU-002", "decision"] == ""


def test_undo_is_another_line_and_takes_back_one_decision_at_a_time(round_dir):
    for decision in ("agree", "reject", "undo"):
        decide(round_dir, "CU-001", decision, reason="as said", time=NOON)
    # rejected was taken back: what stood before it stands again
    assert status(round_dir, "CU-001") == "plenary-agreed"
    decide(round_dir, "CU-001", "undo", reason="as said", time=NOON)
    assert status(round_dir, "CU-001") == "modelled candidate"
    assert [line["decision"] for line in lines(round_dir)] == ["agree", "reject", "undo", "undo"]
    with pytest.raises(InputError, match="no decision on 'CU-001' to take back"):
        decide(round_dir, "CU-001", "undo", reason="as said", time=NOON)


def test_what_an_earlier_round_parked_is_parked_again_once_all_is_taken_back(round_dir):
    """CU-001 was parked in a round before, whose log is closed: this one begins with the mark alone."""

    def mark() -> tuple[str, str]:
        units = decided_round(round_dir).tables["conservation_units"].set_index("unit_id")
        return str(units.at["CU-001", "decision"]), str(units.at["CU-001", "status"])

    units = toy_round().tables["conservation_units"]
    parked = units.assign(decision=["park", "", "", ""])
    write_proposal(toy_round(conservation_units=parked), round_dir, force=True)
    decide(round_dir, "CU-001", "agree", reason="after all", time=NOON)
    assert mark() == ("agree", "plenary-agreed")
    # the table on the disk has the agreement by now, and no mark of the round before
    decide(round_dir, "CU-001", "undo", reason="too soon", time=NOON)
    assert mark() == ("park", "modelled candidate")
    # nor is what was never parked marked with what was taken back
    for decision in ("agree", "undo"):
        decide(round_dir, "CU-002", decision, reason="x", time=NOON)
    marks = decided_round(round_dir).tables["conservation_units"].set_index("unit_id")["decision"]
    assert marks["CU-002"] == ""


WHO = "=Who guards <b>the pass</b>; and who pays?"
HOW_MANY = "Сколько сайгаков?"


def texts(directory: Path, name: str) -> str:
    """All the text of a file of a round, of a zip the text in it."""
    path = directory / name
    if not zipfile.is_zipfile(path):
        return path.read_text(encoding="utf-8")
    with zipfile.ZipFile(path) as archive:
        parts = [
            archive.read(name) for name in archive.namelist() if ".xml" in name or ".kml" in name
        ]
    # in workbooks what is not ASCII stands as entities; what is markup stays escaped
    return re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), b"".join(parts).decode())


def test_one_more_question_stands_wherever_a_unit_does_until_it_is_answered(round_dir):
    decide(round_dir, "CU-001", "agree", reason="as drawn", time=NOON)
    asked = decide(round_dir, "CU-001", "ask", reason=WHO, time=NOON)
    assert (asked["question"], asked["status"]) == ("A-001", "plenary-agreed")
    again = decide(round_dir, "CU-001", "ask", reason=HOW_MANY, time=NOON)
    other = record_decision(round_dir, "CU-002", "ask", reason=HOW_MANY, time=NOON)
    assert (again["question"], other["question"]) == ("A-002", "A-003")
    unit = decided_round(round_dir).tables["conservation_units"].set_index("unit_id").loc["CU-001"]
    assert unit["open_questions"] == f"A-001 {WHO}\nA-002 {HOW_MANY}"
    assert (unit["status"], unit["decision"]) == ("plenary-agreed", "agree")
    for name in ("map.html", "conservation_units.kmz", "conservation_units_web.kmz"):
        assert HOW_MANY in texts(round_dir, name), name
        assert "<b>the pass" not in texts(round_dir, name), name
    assert HOW_MANY in texts(round_dir, "conservation_units.csv")
    assert HOW_MANY in texts(round_dir, "conservation_units.xlsx")
    # an undo takes back the agreement and no question: that is withdrawn
    decide(round_dir, "CU-001", "undo", reason="typed too soon", time=NOON)
    with pytest.raises(InputError, match="that is open on CU-001: A-001, A-002 is there"):
        record_decision(round_dir, "CU-001", "answer", reason="the rangers", time=NOON)
    record_decision(round_dir, "CU-001", "answer", reason="Us.", time=NOON, question="A-001")
    # of one that is open alone nobody need say which
    closed = decide(round_dir, "CU-001", "withdraw", reason="counted in spring", time=NOON)
    assert closed["question"] == "A-002"
    units = decided_round(round_dir).tables["conservation_units"].set_index("unit_id")
    assert units["open_questions"].to_dict() == {
        unit_id: f"A-003 {HOW_MANY}" if unit_id == "CU-002" else "" for unit_id in units.index
    }
    assert units.at["CU-001", "status"] == "modelled candidate"
    assert status(round_dir, "CU-001") == "modelled candidate"
    # the number of a question that is closed is given to no other
    last = record_decision(round_dir, "CU-001", "ask", reason="And now?", time=NOON)
    assert last["question"] == "A-004"


def test_a_question_is_no_decision_on_the_unit(round_dir):
    record_decision(round_dir, "CU-001", "ask", reason=WHO, time=NOON)
    units = decided_round(round_dir).tables["conservation_units"].set_index("unit_id")
    assert not is_decided(units.loc["CU-001"])
    with pytest.raises(InputError, match="no decision on 'CU-001' to take back"):
        record_decision(round_dir, "CU-001", "undo", reason="x", time=NOON)
    assert not are_decisions_shown(round_dir)
    show_decisions(round_dir)
    assert are_decisions_shown(round_dir)


def test_what_plenary_asks_is_in_the_annex_and_in_no_table_that_is_published(round_dir):
    decide(round_dir, "CU-001", "ask", reason=HOW_MANY, time=NOON)
    made = annex(round_dir)
    assert texts(made, "annex.docx").count(HOW_MANY) == 2  # among its facts, and what was decided
    units = gpd.read_file(made / "annex.gpkg", layer="conservation_units")
    assert "open_questions" not in units


def test_an_agreement_can_rename_and_an_undo_brings_the_old_name_back(round_dir):
    decide(round_dir, "CU-001", "agree", reason="as on the map", time=NOON, name_en="Talas Alatau")
    units = decided_round(round_dir).tables["conservation_units"].set_index("unit_id")
    assert units.loc["CU-001", ["name_en", "name_ru"]].tolist() == ["Talas Alatau", "Талас"]
    assert "Talas Alatau" in (round_dir / "conservation_units.csv").read_text(encoding="utf-8")
    decide(round_dir, "CU-001", "undo", reason="too soon", time=NOON)
    units = decided_round(round_dir).tables["conservation_units"].set_index("unit_id")
    assert units.at["CU-001", "name_en"] == "Talas"


def test_a_name_that_stays_in_the_other_language_is_told_on_the_terminal(round_dir):
    command = ["decide", str(round_dir), "CU-001", "agree", "--reason", "x"]
    for names, stays in (
        (["--name-en", "Chu"], "'Талас'"),
        (["--name-ru", "Чу"], "'Chu'"),
        (["--name-en", "Ili", "--name-ru", "Или"], ""),
    ):
        said = " ".join(CliRunner().invoke(cli.app, [*command, *names]).stdout.split())
        told = (
            f"in the other language stays: {stays}. To give both, decide once more with --name-en"
        )
        assert (told in said) == bool(stays)


def test_a_word_that_plenary_takes_out_of_a_name_is_in_no_language(round_dir):
    decide(
        round_dir,
        "CU-001",
        "agree",
        reason="so",
        time=NOON,
        name_en="Talas – Chatkal",
        name_ru="Талас – Чаткал",
    )
    decide(round_dir, "CU-001", "agree", reason="shorter", time=NOON, name_en="Talas")
    units = decided_round(round_dir).tables["conservation_units"].set_index("unit_id")
    assert units.loc["CU-001", ["name_en", "name_ru"]].tolist() == ["Talas", "Талас"]
    decide(round_dir, "CU-001", "undo", reason="too soon", time=NOON)
    units = decided_round(round_dir).tables["conservation_units"].set_index("unit_id")
    assert units.loc["CU-001", "name_ru"] == "Талас – Чаткал"


def test_ids_are_read_as_they_are_in_forms(round_dir):
    line = record_decision(round_dir, " cu-1 ", "merge", reason="one", time=NOON, into="CU‑2")
    assert (line["unit_id"], line["into"]) == ("CU-001", "CU-002")


def test_a_unit_is_merged_into_another_and_comes_back(round_dir):
    line = record_decision(
        round_dir, "CU-001", "merge", reason="one landscape", time=NOON, into="CU-002"
    )
    assert (line["status"], line["into"]) == ("merged", "CU-002")
    units = decided_round(round_dir).tables["conservation_units"]
    assert successors(units) == {"CU-001": ["CU-002"]}
    record_decision(round_dir, "CU-001", "undo", reason="no", time=NOON)
    units = decided_round(round_dir).tables["conservation_units"]
    assert units.set_index("unit_id").at["CU-001", "status"] == "modelled candidate"
    assert successors(units) == {}


def test_a_unit_that_stands_by_itself_again_is_in_no_other(round_dir):
    """What hangs on a merged unit goes along into the other one: not once the unit is agreed on."""

    def after(decision: str, **options: str) -> dict[str, list[str]]:
        record_decision(round_dir, "CU-001", decision, reason="x", time=NOON, **options)
        return successors(decided_round(round_dir).tables["conservation_units"])

    assert after("merge", into="CU-002") == {"CU-001": ["CU-002"]}
    assert after("park") == {"CU-001": ["CU-002"]}  # its status stays, and with it where it went
    assert after("agree") == {}
    assert after("undo") == {"CU-001": ["CU-002"]}


def test_a_unit_that_a_group_merged_is_told_to_stand_by_itself_when_it_is_agreed_on(round_dir):
    stored = store.read_round(round_dir)
    units = stored.tables["conservation_units"].assign(merged_into="")
    units.loc[units["unit_id"] == "CU-001", ["status", "merged_into"]] = ["merged", "CU-002"]
    with_merged = replace(stored, tables={**stored.tables, "conservation_units": units})
    write_proposal(with_merged, round_dir, force=True)
    command = ["decide", str(round_dir), "CU-001", "--reason", "x"]
    done = CliRunner().invoke(cli.app, [*command[:3], "agree", *command[3:]])
    assert "It is no longer merged: it stands by itself again" in done.output
    said = " ".join(done.output.split())
    assert "agreed that it stays merged, take this back with undo, and decide merge --into." in said
    assert successors(decided_round(round_dir).tables["conservation_units"]) == {}
    undone = CliRunner().invoke(cli.app, [*command[:3], "undo", *command[3:]])
    assert "by itself again" not in undone.output
    assert successors(decided_round(round_dir).tables["conservation_units"]) == {
        "CU-001": ["CU-002"]
    }


def test_a_unit_that_stands_by_itself_again_shares_ground_and_drops_why_it_was_out(round_dir):
    """G1 drew CU-002 over both, 71–75° E and 41–43° N, and so over all of CU-001 (18,600 km²)."""
    stored = store.read_round(round_dir)
    units = gpd.GeoDataFrame(stored.tables["conservation_units"].assign(merged_into=""))
    is_merged, is_taker = units["unit_id"] == "CU-001", units["unit_id"] == "CU-002"
    first = "Merged into CU-002 by G1. Both gates are met."
    units.loc[is_merged, ["status", "merged_into", "rationale"]] = ["merged", "CU-002", first]
    units.loc[is_taker, "geometry"] = shapely.box(71, 41, 75, 43)
    why = Note("reason merged", {"into": "CU-002", "group": "G1"})
    noted = {"unit_id": ["CU-001"], "facts": [notes_as_text([why, Note("both gates")])]}
    tables = {"conservation_units": units, "unit_rationale": pd.DataFrame(noted)}
    write_proposal(replace(stored, tables={**stored.tables, **tables}), round_dir, force=True)

    def said(decision: str) -> str:
        command = ["decide", str(round_dir), "CU-001", decision, "--reason", "x"]
        return CliRunner().invoke(cli.app, command).stdout

    def rationales() -> list[str]:
        tables = store.read_round(round_dir).tables
        spoken = [in_language(tables, lang)["conservation_units"] for lang in ("en", "ru")]
        return [one.set_index("unit_id").at["CU-001", "rationale"] for one in spoken]

    assert re.search(r"It shares ground with CU-002 \(18,\d{3} km²\): both stay", said("agree"))
    # made of its notes anew: no sentence is cut off another
    assert rationales() == ["both gates", "both gates"]
    assert are_decisions_shown(round_dir)
    assert "shares ground" not in said("undo")
    merged = [
        "Merged into CU-002 by G1. both gates",
        "Присоединена к CU-002 группой G1. both gates",
    ]
    assert rationales() == merged
    assert are_decisions_shown(round_dir)


def test_a_decision_says_where_a_unit_went_and_that_a_parked_one_stays(round_dir):
    def said(*words: str) -> list[str]:
        command = ["decide", str(round_dir), *words, "--reason", "x"]
        return CliRunner().invoke(cli.app, command).stdout.splitlines()

    merged = said("CU-001", "merge", "--into", "CU-002")
    assert merged[0] == "CU-001: modelled candidate → merged → CU-002"
    # they touch at a corner: all of CU-001, 18,550 km² on the ellipsoid, leaves the map
    assert re.search(r"18,5\d\d km² of it lie outside CU-002", " ".join(" ".join(merged).split()))
    assert said("CU-003", "park")[0] == "CU-003: stays as it was, modelled candidate (parked)"
    # H04 is in no unit from now on, which its table does not know before the next round is measured
    rejected = said("CU-004", "reject")
    # the decision is not said behind a status that is called like it
    assert rejected[0] == "CU-004: area of interest → rejected"
    assert "(not_proposed) is told anew by the next collect." in rejected[-1]
    assert not any("not_proposed" in line for line in said("CU-002", "agree"))


def test_what_goes_out_with_a_rejected_unit_is_told(round_dir):
    """CU-001 went into CU-003 by way of CU-002: with CU-003 all three are out."""
    record_decision(round_dir, "CU-001", "merge", reason="x", time=NOON, into="CU-002")
    record_decision(round_dir, "CU-002", "merge", reason="x", time=NOON, into="CU-003")
    command = ["decide", str(round_dir), "CU-003", "reject", "--reason", "x"]
    said = " ".join(CliRunner().invoke(cli.app, command).stdout.split())
    assert "What was merged into it goes out with it: CU-001 and CU-002." in said
    # CU-003 has no hotspot itself
    assert "(not_proposed) is told anew by the next collect." in said
    command = ["decide", str(round_dir), "CU-004", "reject", "--reason", "x"]
    assert "goes out with it" not in CliRunner().invoke(cli.app, command).stdout


def test_a_rejected_piece_takes_nothing_out_while_another_piece_stays(round_dir):
    """CU-006 was split into CU-003 and CU-004, and CU-001 had gone into it: it is in both pieces."""
    stored = store.read_round(round_dir)
    units = stored.tables["conservation_units"].assign(split_from="", merged_into="")
    units.loc[units["unit_id"].isin(["CU-003", "CU-004"]), "split_from"] = "CU-006"
    units.loc[units["unit_id"] == "CU-001", ["status", "merged_into"]] = ["merged", "CU-006"]
    tables = {**stored.tables, "conservation_units": units}
    write_proposal(replace(stored, tables=tables), round_dir, force=True)

    def said(unit_id: str) -> str:
        command = ["decide", str(round_dir), unit_id, "reject", "--reason", "x"]
        return " ".join(CliRunner().invoke(cli.app, command).stdout.split())

    assert "goes out with it" not in said("CU-003")
    assert "goes out with it: CU-001." in said("CU-004")


def test_what_was_split_is_named_by_its_pieces(round_dir):
    stored = store.read_round(round_dir)
    units = stored.tables["conservation_units"].assign(split_from="")
    units.loc[units["unit_id"].isin(["CU-003", "CU-004"]), "split_from"] = "CU-006"
    tables = {**stored.tables, "conservation_units": units}
    write_proposal(replace(stored, tables=tables), round_dir, force=True)
    with pytest.raises(InputError, match=r"'CU-006' here\. It was split into CU-003 and CU-004\."):
        record_decision(round_dir, "CU-006", "agree", reason="x", time=NOON)
    with pytest.raises(InputError, match=r"merge it into\. It was split into CU-003 and CU-004\."):
        record_decision(round_dir, "CU-001", "merge", reason="x", time=NOON, into="CU-006")


@pytest.mark.parametrize(
    ("decision", "options", "message"),
    [
        ("merge", {}, "merge wants --into with the unit"),
        ("merge", {"into": "CU-001"}, "it is that unit itself, or gone"),
        ("merge", {"into": "CU-099"}, "no unit 'CU-099' to merge it into"),
        ("agree", {"into": "CU-002"}, "--into goes with merge, not with agree"),
        ("park", {"name_en": "New"}, "--name-en goes with agree, not with park"),
        ("agree", {"outline": "G7"}, "no version of CU-001 by 'G7' was set aside: none is there"),
        ("agree", {"question": "A-001"}, "--question goes with answer or withdraw, not with agree"),
        ("ask", {"question": "A-001"}, "--question goes with answer or withdraw, not with ask"),
        ("answer", {}, "--question takes a question that is open on CU-001: none is there"),
        ("withdraw", {"question": "A-009"}, "that is open on CU-001: none is there"),
        ("ask", {"name_en": "New"}, "--name-en goes with agree, not with ask"),
        ("ask", {"status": "adopted", "document": "15.3"}, "goes with agree, not with ask"),
    ],
)
def test_what_does_not_fit_a_decision_is_said(round_dir, decision, options, message):
    with pytest.raises(InputError, match=message):
        record_decision(round_dir, "CU-001", decision, reason="x", time=NOON, **options)
    assert not (round_dir / DECISION_LOG).exists()


def test_what_follows_from_a_decision_is_said_of_the_round_just_written(round_dir, monkeypatch):
    """It is opened once for all, its language included: the room waits."""
    done = []
    for name in ("open_round", "update_round"):
        plain = getattr(store, name)

        def noted(*given, name=name, plain=plain, **more):
            done.append(name)
            return plain(*given, **more)

        monkeypatch.setattr(store, name, noted)
    command = ["decide", str(round_dir), "CU-001", "reject", "--reason", "a mine"]
    said = CliRunner().invoke(cli.app, command).stdout
    assert "CU-001: modelled candidate → rejected" in said
    assert done == ["open_round", "update_round"]


@pytest.mark.slow
def test_another_groups_outline_stands_is_measured_and_goes_back(tmp_path):
    """G2 drew the western half of CU-001: 9,300 of 18,600 km², all of it in Kazakhstan."""
    half = shapely.box(71, 41, 72, 42)
    aside = gpd.GeoDataFrame(
        {
            "unit_id": ["CU-001"],
            "group": ["G2"],
            "file": ["edit_G2.kmz"],
            "placemark": ["CU-001 Talas"],
            "reason": ["keep G1"],
        },
        geometry=[half],
        crs=4326,
    )
    ranges = toy_round().tables["ranges_used"].assign(use="kept")
    write_proposal(toy_round(set_aside=aside, ranges_used=ranges), tmp_path / "r")
    before = store.read_round(tmp_path / "r").tables
    decide(
        tmp_path / "r", "CU-001", "agree-with-change", reason="G2's line", time=NOON, outline="G2"
    )
    tables = store.read_round(tmp_path / "r").tables
    unit = tables["conservation_units"].set_index("unit_id").loc["CU-001"]
    assert unit["geometry"].equals(half)
    assert unit["area_km2"] == pytest.approx(9_300, rel=0.02)
    assert (unit["countries"], unit["status"]) == ("KZ", "plenary-agreed")
    assert lines(tmp_path / "r")[0]["geometry_hash"] == kml.geom_hash(half)
    assert set(tables["set_aside"]["group"]) == {"G2", "before"}
    decide(tmp_path / "r", "CU-001", "undo", reason="the old line", time=NOON)
    units = store.read_round(tmp_path / "r").tables["conservation_units"]
    assert units.geometry[0].equals(before["conservation_units"].geometry[0])
    assert units["status"][0] == "modelled candidate"


def test_a_line_of_the_log_on_a_unit_that_is_not_there_is_named(round_dir):
    line = {"unit_id": "CU-099", "decision": "agree", "status": "plenary-agreed", "round": "00"}
    values = (dict.fromkeys(DECISION_COLUMNS, "") | line).values()
    text = f"{','.join(DECISION_COLUMNS)}\n{','.join(values)}\n"
    (round_dir / DECISION_LOG).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"not in this round: CU-099 agree\. Take them out"):
        decided_round(round_dir)


def test_a_log_begun_with_fewer_columns_is_read_and_goes_on(round_dir):
    """As rounds of old have it: ten columns; today's line is added, and no old one is changed."""
    old = ("unit_id", "round", "decision", "before", "status", "by", "document", "time", "reason")
    line = (
        "CU-002",
        "00",
        "agree",
        "modelled candidate",
        "plenary-agreed",
        "plenary",
        "",
        NOON,
        "x",
    )
    text = ",".join([*old, "geometry_hash"]) + "\n" + ",".join([*line, "abc"]) + "\n"
    (round_dir / DECISION_LOG).write_text(text, encoding="utf-8")
    record_decision(round_dir, "CU-001", "agree", reason="y", time=NOON)
    assert [row["unit_id"] for row in lines(round_dir)] == ["CU-002", "CU-001"]
    assert {name: lines(round_dir)[0][name] for name in old} == dict(zip(old, line, strict=True))


def test_the_last_two_statuses_want_a_document(round_dir):
    with pytest.raises(InputError, match="wants --document with the number of a COP resolution"):
        decide(round_dir, "CU-001", "agree", reason="x", time=NOON, status="adopted")
    with pytest.raises(InputError, match="the number of a meeting document"):
        decide(
            round_dir, "CU-001", "agree", reason="x", time=NOON, status="endorsed", document="soon"
        )
    with pytest.raises(InputError, match="goes with agree, not with park"):
        decide(
            round_dir, "CU-001", "park", reason="x", time=NOON, status="endorsed", document="Doc.6"
        )
    decide(
        round_dir,
        "CU-001",
        "agree",
        reason="x",
        time=NOON,
        status="endorsed",
        document="UNEP/CMS/CAMI/Doc.6",
    )
    assert status(round_dir, "CU-001") == "endorsed by range states"


def test_all_faults_come_in_one_message_and_nothing_is_written(round_dir):
    before = {path.name: path.read_bytes() for path in round_dir.iterdir()}
    with pytest.raises(InputError) as caught:
        decide(
            round_dir,
            "cu-22",
            "agre",
            reason=" ",
            time="noon",
            by="anna@example.org",
            status="adoptd",
        )
    told = str(caught.value)
    assert "there is no unit 'CU-022' here. Did you mean 'CU-002'?" in told
    assert (
        "'agre' is no decision: agree, agree-with-change, park, reject, merge, undo, ask, answer, withdraw are."
        in told
    )
    assert 'a reason is expected: --reason "…"' in told
    assert "a group or a role such as 'plenary' or 'G1', never a person" in told
    assert "--time takes 2026-11-22T14:05 or the like; 'noon' came" in told
    assert "--status takes endorsed or adopted, 'adoptd' came. Did you mean 'adopted'?" in told
    assert {path.name: path.read_bytes() for path in round_dir.iterdir()} == before


def test_the_same_decisions_give_the_same_bytes(written, tmp_path):
    made = []
    for name in "ab":
        directory = Path(shutil.copytree(written, tmp_path / name))
        decide(directory, "CU-002", "reject", reason="=HYPERLINK(1)", time=NOON)
        made.append({path.name: path.read_bytes() for path in directory.iterdir()})
    assert made[0] == made[1]
    assert b"'=HYPERLINK(1)" in made[0]["decisions.csv"]


def test_no_cell_of_the_log_is_a_formula_and_all_is_read_as_it_was_typed(round_dir):
    typed = {"name_en": "@Talas", "name_ru": "+Талас", "by": "=1+1", "document": "-A1+2"}
    decide(round_dir, "CU-001", "agree", reason="=A1", time=NOON, **typed)
    line = record_decision(round_dir, "CU-001", "agree", reason="=A1", time=NOON, name_en="Chu")
    asked = record_decision(round_dir, "CU-001", "ask", reason="=HYPERLINK(1)", time=NOON)
    cells = [cell for row in lines(round_dir) for cell in row.values()]
    assert [cell for cell in cells if cell.startswith(tuple("=+-@"))] == []
    log = read_decisions(round_dir)
    assert log.loc[0, [*typed, "reason"]].to_dict() == {**typed, "reason": "=A1"}
    assert log.loc[1, ["old_name_en", "old_name_ru"]].tolist() == ["@Talas", "+Талас"]
    assert log.to_dict("records")[1:] == [line.to_dict(), asked.to_dict()]
    assert decision_said(log.loc[0], "en").startswith("agreed · =1+1 · -A1+2 · =A1")
    for _ in "ab":
        decide(round_dir, "CU-001", "undo", reason="too soon", time=NOON)
    units = decided_round(round_dir).tables["conservation_units"].set_index("unit_id")
    assert units.loc["CU-001", ["name_en", "name_ru"]].tolist() == ["Talas", "Талас"]


def test_it_is_said_when_the_decision_is_on_the_disk_and_before_the_maps_are(round_dir):
    said = []

    def heard(what: str, *_: int) -> None:
        said.append((what, len(lines(round_dir)), status(round_dir, "CU-001")))

    decide(round_dir, "CU-001", "agree", reason="Agreed", time=NOON, progress=heard)
    assert said[0] == (
        "the decision is on the disk; now tables and maps: CU-001",
        1,
        "modelled candidate",
    )


def test_the_same_bytes_as_a_round_written_whole_with_its_decisions(round_dir, tmp_path):
    decide(round_dir, "CU-001", "agree", reason="Agreed", time=NOON)
    decide(round_dir, "CU-002", "reject", reason="No crossing", time=NOON)
    whole = tmp_path / "whole"
    write_proposal(decided_round(round_dir), whole)
    for path in sorted(whole.iterdir()):
        assert path.read_bytes() == (round_dir / path.name).read_bytes(), path.name


def test_what_is_kept_and_damaged_or_left_by_a_killed_run_changes_no_byte(round_dir, tmp_path):
    """The second decision takes what it can from the cache; without one all is made anew."""
    decide(round_dir, "CU-001", "agree", reason="Agreed", time=NOON)
    anew = tmp_path / "elsewhere" / "round"
    damaged = tmp_path / "damaged" / "round"
    for copy in (anew, damaged):
        shutil.copytree(round_dir, copy)
    kept = cache_of_round(round_dir).folder
    shutil.copytree(kept, cache_of_round(damaged).folder)
    for entry in cache_of_round(damaged).folder.glob("*.entry"):
        entry.write_bytes(entry.read_bytes()[:-40])
    (cache_of_round(damaged).folder / "map-1.2.writing").write_bytes(b"half of it")
    for directory in (round_dir, anew, damaged):
        decide(directory, "CU-002", "park", reason="Later", time=NOON)
    for path in sorted(round_dir.glob("*.*")):
        assert path.read_bytes() == (anew / path.name).read_bytes(), path.name
        assert path.read_bytes() == (damaged / path.name).read_bytes(), path.name


def test_a_decision_imports_nothing_that_writes_slides_or_measures():
    """In plenary every second counts: what other commands need is not loaded for a decision."""
    loaded = modules_loaded_by("from cami_units.commands.decide import decide")
    assert "cami_units.commands.decide" in loaded
    assert not {"pptx", "docx", "numba", "pyogrio", "skimage", "rasterio"} & loaded


def test_the_second_decision_draws_nothing_that_the_first_drew(round_dir):
    """Of a second `agree` only what shows a status is made; no picture, template or sheet is."""
    decide(round_dir, "CU-001", "agree", reason="No objection", time=NOON)
    code = """
import sys
from pathlib import Path
from cami_units.commands.decide import decide
decide(Path(sys.argv[1]), "CU-002", "agree", reason="No objection", time=sys.argv[2])
"""
    heavy = {"PIL._imaging", "jinja2", "openpyxl", "matplotlib", "folium", "scipy", "rich.console"}
    heavy |= {"cami_units.plan._plan_keys"}  # what a plan is parsed by
    assert not heavy & modules_loaded_by(code, round_dir, NOON)
    assert status(round_dir, "CU-002") == "plenary-agreed"


def test_a_decision_keeps_what_was_added_after_it_had_read_the_round(round_dir, monkeypatch):
    added, append = with_fences(store.read_round(round_dir)), store.append_to_log

    def append_late(*args, **options):
        append(*args, **options)
        write_fences(added, round_dir)

    monkeypatch.setattr(store, "append_to_log", append_late)
    decide(round_dir, "CU-002", "reject", reason="too dry", time=NOON)
    assert status(round_dir, "CU-002") == "rejected"
    fences = store.read_round(round_dir).tables["fences"]
    assert fences["gain"].tolist() == added.tables["fences"]["gain"].tolist()


@pytest.mark.parametrize("replaced", [False, True])
def test_what_was_decided_since_a_round_was_read_stays_when_fences_are_added(round_dir, replaced):
    added = with_fences(store.read_round(round_dir))
    decide(round_dir, "CU-002", "reject", reason="too dry", time=NOON)
    if replaced:  # by a round of another plan
        manifest = store.read_json(round_dir / store.MANIFEST)
        store.write_json(round_dir / store.MANIFEST, {**manifest, "inputs": []})
        with pytest.raises(InputError, match="was replaced by another one meanwhile"):
            write_fences(added, round_dir)
    else:
        write_fences(added, round_dir)
    assert status(round_dir, "CU-002") == "rejected"
    assert ("fences" in store.read_round(round_dir).tables) != replaced


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["fences", "sensitivity"])
def test_what_is_decided_while_a_command_computes_stays_shown(round_dir, monkeypatch, verb):
    """Both read the round, compute for minutes, and write all of its tables."""
    module = importlib.import_module(f"cami_units.commands.{verb}")
    compute = getattr(module, f"with_{verb}")

    @wraps(compute)
    def meanwhile(*args, **options):
        decide(round_dir, "CU-002", "reject", reason="too dry", time=NOON)
        return compute(*args, **options)

    monkeypatch.setattr(module, f"with_{verb}", meanwhile)
    done = CliRunner().invoke(cli.app, [verb, str(round_dir), "-q"])
    assert done.exit_code == 0, done.output
    assert status(round_dir, "CU-002") == "rejected"
    assert are_decisions_shown(round_dir)
    assert (round_dir / f"{verb}.csv").is_file()


def test_the_log_outlives_a_power_cut_before_the_tables_are_written(round_dir, monkeypatch):
    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "update_round", cut)
    with pytest.raises(KeyboardInterrupt):
        decide(round_dir, "CU-001", "agree", reason="x", time=NOON)
    assert status(round_dir, "CU-001") == "modelled candidate"  # the table is the old one, whole
    units = decided_round(round_dir).tables["conservation_units"].set_index("unit_id")
    assert units.at["CU-001", "status"] == "plenary-agreed"  # and the next command knows


def test_a_decision_that_found_no_room_for_the_tables_is_told_to_stand(round_dir, monkeypatch):
    def no_room(*_: object, **__: object) -> None:
        raise InputError.of("not written", file="r", why=Note("disk full"))

    monkeypatch.setattr(store, "update_round", no_room)
    with pytest.raises(
        InputError, match=r"the disk is full\..*stands in decisions\.csv: do not write it again"
    ):
        decide(round_dir, "CU-001", "agree", reason="x", time=NOON)
    assert len(read_decisions(round_dir)) == 1


# -- the log --------------------------------------------------------------------------------------


def test_what_is_decided_while_tables_are_written_is_in_them_too(round_dir, monkeypatch):
    """Two commands at once: whichever writes last has read both lines."""
    decided_meanwhile = []
    update_round = store.update_round

    def update_late(*args, **kwargs):
        if not decided_meanwhile:
            decided_meanwhile.append("CU-002")
            record_decision(round_dir, "CU-002", "reject", reason="late", time=NOON)
        return update_round(*args, **kwargs)

    monkeypatch.setattr(store, "update_round", update_late)
    decide(round_dir, "CU-001", "agree", reason="early", time=NOON)
    assert are_decisions_shown(round_dir)


def test_a_log_grows_by_one_line_and_is_read_back(tmp_path):
    path = tmp_path / "log.csv"
    for row in ({"a": "1", "b": "x, y", "c": '"'}, {"a": "2", "b": "Сайгак", "c": ""}):
        before = path.read_bytes() if path.exists() else b""
        store.append_to_log(path, row, columns=COLUMNS)
        assert path.read_bytes().startswith(before)
    assert store.read_log(path, columns=COLUMNS).to_dict("records") == [
        {"a": "1", "b": "x, y", "c": '"'},
        {"a": "2", "b": "Сайгак", "c": ""},
    ]


@pytest.mark.parametrize("had_lines", [True, False])
def test_of_a_line_that_a_full_disk_has_no_room_for_nothing_stays(tmp_path, monkeypatch, had_lines):
    """Half a line, or a log of none, would be taken for a decision, or be in the way of --force."""
    path, row = tmp_path / "log.csv", {"a": "1", "b": "2", "c": ""}
    if had_lines:
        store.append_to_log(path, row, columns=COLUMNS)
    before = path.read_bytes() if had_lines else b""
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(os, "fsync", Mock(side_effect=full))
    with pytest.raises(InputError, match="the disk is full"):
        store.append_to_log(path, row, columns=COLUMNS)
    assert path.exists() == had_lines
    assert not had_lines or path.read_bytes() == before


@settings(max_examples=60)
@given(cut=st.integers(0, 200))
def test_cut_anywhere_a_log_keeps_every_whole_line(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("log") / "log.csv"
    rows = [{"a": f"{n}", "b": 'grün, "x"', "c": "end"} for n in range(4)]
    for row in rows:
        store.append_to_log(path, row, columns=COLUMNS)
    content = path.read_bytes()[:cut]
    path.write_bytes(content)
    whole = max(content.count(b"\n") - 1, 0)
    kept = store.read_log(path, columns=COLUMNS).to_dict("records")
    # A last line that has all its columns but no line feed counts, as far as it was written.
    assert kept[:whole] == rows[:whole]
    assert len(kept) in (whole, whole + 1)
    store.append_to_log(path, {"a": "new", "b": "", "c": ""}, columns=COLUMNS)
    after = store.read_log(path, columns=COLUMNS).to_dict("records")
    assert after[:whole] == rows[:whole]
    assert after[-1] == {"a": "new", "b": "", "c": ""}


def as_russian_excel(path: Path, columns: tuple[str, ...], *, in_one_cell: bool = False) -> bytes:
    """The log opened and saved: semicolons, the code page of Russian, days first, CRLF. Opened by a double
    click Excel puts each line into one cell, for commas are decimal signs to it, and saves that."""
    text = path.read_text(encoding="utf-8")
    if in_one_cell:
        cells = [[line] for line in text.splitlines()]
    else:
        cells = list(csv.reader(text.splitlines()))
        cells = [[re.sub(r"^2026-11-22 ", "22.11.2026 ", cell) for cell in row] for row in cells]
        cells.append([""] * len(columns))
    saved = io.StringIO()
    csv.writer(saved, delimiter=";", lineterminator="\r\n").writerows(cells)
    return saved.getvalue().encode("cp1251")


@pytest.mark.parametrize("in_one_cell", [False, True])
def test_a_log_that_a_spreadsheet_saved_is_read_and_grows_as_the_log_it_was(tmp_path, in_one_cell):
    path, columns = tmp_path / "log.csv", ("time", "by", "reason")
    rows = [
        {"time": "2026-11-22 09:05", "by": "Иванов, А.", "reason": 'сказал "да"; согласны'},
        {"time": "2026-11-22 10:00", "by": "Сайгак", "reason": ""},
    ]
    for row in rows:
        store.append_to_log(path, row, columns=columns)
    ours = path.read_bytes()
    path.write_bytes(as_russian_excel(path, columns, in_one_cell=in_one_cell))
    saved = path.read_bytes()
    iso = [{**row, "time": row["time"].replace(" ", "T")} for row in rows]
    expected = rows if in_one_cell else iso
    assert store.read_log(path, columns=columns).to_dict("records") == expected
    assert path.read_bytes() == saved, "reading changes nothing"
    store.append_to_log(path, {"time": "2026-11-22", "by": "x", "reason": ""}, columns=columns)
    if in_one_cell:
        assert path.read_bytes() == ours + b"2026-11-22,x,\n"
    assert store.read_log(path, columns=columns).to_dict("records")[:2] == expected


@pytest.mark.parametrize("reason", ["no objection", "согласны, все"])
def test_a_bad_byte_in_a_log_costs_a_letter_and_rewrites_nothing(tmp_path, reason):
    path, columns = tmp_path / "log.csv", ("time", "by", "reason")
    for by in ("A", "B", "C"):
        line = {"time": "2026-11-22", "by": by, "reason": reason}
        store.append_to_log(path, line, columns=columns)
    damaged = path.read_bytes().replace(b",B,", b",B\xff,")
    path.write_bytes(damaged)
    store.append_to_log(path, {"time": "2026-11-23", "by": "D", "reason": ""}, columns=columns)
    assert path.read_bytes() == damaged + b"2026-11-23,D,\n"
    read = store.read_log(path, columns=columns)
    assert read["by"].tolist() == ["A", "B\ufffd", "C", "D"]
    assert read["reason"].tolist() == [reason, reason, reason, ""]


def test_a_log_in_which_a_spreadsheet_rounded_a_hash_is_refused(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes("a;b;c\r\n1;1,2E+15;Устюрт\r\n".encode("cp1251"))
    with pytest.raises(
        InputError, match="save it as UTF-8 with commas, or take the copy from before"
    ):
        store.read_log(path, columns=COLUMNS)


@pytest.mark.parametrize(
    ("line", "is_read"),
    [
        ("cu-5 ,0,Agree,,plenary-agreed,,,,as said", True),
        ("CU-005,00,agree,,,,,,no status", False),
        ("CU-005,00,agreed,,plenary-agreed,,,,no such word", False),
        ("CU-005,00,agree,,согласовано,,,,no such status", False),
    ],
)
def test_a_line_that_somebody_typed_into_the_log_is_read_or_named(line, is_read, tmp_path):
    """With all columns of the log; what it lacks would stop the board with a riddle."""
    whole = line + "," * (len(DECISION_COLUMNS) - 1 - line.count(","))
    text = ",".join(DECISION_COLUMNS) + f"\n{whole}\n"
    (tmp_path / "decisions.csv").write_text(text, encoding="utf-8")
    if is_read:
        row = read_decisions(tmp_path).iloc[0]
        assert (row["unit_id"], row["round"], row["decision"]) == ("CU-005", "00", "agree")
        return
    with pytest.raises(
        InputError, match=r"'decisions.csv' has no decision .* in its line on CU-005"
    ):
        read_decisions(tmp_path)


@pytest.mark.parametrize("end", ["\r", "\r\n"])
@pytest.mark.parametrize("last", ["", "end"])
def test_a_log_with_other_ends_of_lines_loses_none(end, last, tmp_path):
    """Excel of a Mac offers "CSV (Macintosh)": without one line feed it looked like a log of no lines."""
    path = tmp_path / "log.csv"
    path.write_bytes(
        end.join(["a,b,c", "1,2,3", "4,5,6"]).encode() + (end.encode() if last else b"")
    )
    assert store.read_log(path, columns=COLUMNS).to_numpy().tolist() == [
        ["1", "2", "3"],
        ["4", "5", "6"],
    ]
    store.append_to_log(path, {"a": "x", "b": "y", "c": "z"}, columns=COLUMNS)
    assert store.read_log(path, columns=COLUMNS)["a"].tolist() == ["1", "4", "x"]


@pytest.mark.parametrize(
    "note",
    [
        "ask Anna",
        "CU-003: who guards it?",
        "CU-003, who?",
        "спросить Анну",
        "checked",
        "проверено,ок",
    ],
)
def test_a_note_typed_below_a_log_is_named_and_not_cut_off_as_a_torn_line_is(tmp_path, note):
    path = tmp_path / "log.csv"
    path.write_text(f"a,b,c\n1,2,3\n{note}", encoding="utf-8")
    for act in (
        partial(store.read_log, path, columns=COLUMNS),
        partial(store.append_to_log, path, {"a": "4", "b": "5", "c": "6"}, columns=COLUMNS),
    ):
        with pytest.raises(InputError, match=r"'log.csv' is damaged in line 3: 3 values"):
            act()
    assert path.read_text(encoding="utf-8").endswith(f"\n{note}")


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x1c"])
def test_a_log_that_gets_more_columns_is_parted_at_line_feeds_only(tmp_path, sign):
    """Word and the web paste such signs; for Python they end a line."""
    path = tmp_path / "log.csv"
    path.write_text(f"a,b\n1,one{sign}two\n", encoding="utf-8")
    store.append_to_log(path, {"a": "2", "b": "x", "c": "y"}, columns=COLUMNS)
    rows = store.read_log(path, columns=COLUMNS).to_numpy().tolist()
    assert rows == [["1", f"one{sign}two", ""], ["2", "x", "y"]]


def test_a_log_that_excel_of_a_mac_saved_has_its_letters(tmp_path):
    """Its "CSV" is in its own Cyrillic: read as Windows-1251, "Ягноб" would be "џгноб"."""
    path = tmp_path / "log.csv"
    path.write_bytes("a;b;c\r1;Ягноб;Долина реки, стая\r".encode("mac-cyrillic"))
    assert store.read_log(path, columns=COLUMNS).to_numpy().tolist() == [
        ["1", "Ягноб", "Долина реки, стая"]
    ]


def test_a_log_says_what_is_wrong_with_it(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("x;y\n", encoding="utf-8")
    with pytest.raises(InputError, match="begins with other columns than expected: a,b,c"):
        store.read_log(path, columns=COLUMNS)
    path.write_text("a,b,c\n1,2\n1,2,3\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"'log.csv' is damaged in line 2: 3 values are expected"):
        store.read_log(path, columns=COLUMNS)
    with pytest.raises(InputError, match="takes one line of text"):
        store.append_to_log(path, {"a": "1\n2", "b": "", "c": ""}, columns=COLUMNS)
    # what is none of ours is not cut off like a line that the power tore
    path.write_bytes(b"junk")
    with pytest.raises(InputError, match="begins with other columns than expected: a,b,c"):
        store.read_log(path, columns=COLUMNS)
    with pytest.raises(InputError, match="begins with other columns than expected: a,b,c"):
        store.append_to_log(path, {"a": "1", "b": "", "c": ""}, columns=COLUMNS)
    # a folder is no log without lines: what the log held may lie elsewhere
    (tmp_path / "d.csv").mkdir()
    with pytest.raises(InputError, match=r"d\.csv' is a folder, where a log is expected"):
        store.read_log(tmp_path / "d.csv", columns=COLUMNS)


# -- from the command line ------------------------------------------------------------------------


def test_the_clock_is_read_by_the_command_line_alone(round_dir):
    command = [sys.executable, "-m", "cami_units", "decide", str(round_dir), "CU-003", "park"]
    done = subprocess.run(
        [*command, "--reason", "wait for data"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "CU-003: stays as it was, modelled candidate (parked)" in done.stdout
    (line,) = lines(round_dir)
    assert line["time"].startswith("20")
    assert "T" in line["time"]
