"""The rehearsal: every damage that is done on purpose is told of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cami_units.cli._summaries import say_collected
from cami_units.commands.propose import propose
from cami_units.commands.rehearse import check_rehearsal, fabricated, rehearse
from cami_units.commands.round_files import write_proposal
from cami_units.kml import rehearsal as draw
from cami_units.model import InputError, said
from cami_units.plan import read_plan
from tests.rounds import toy_round
from tests.test_collect import base, handed_out


def test_too_small_a_round_is_refused():
    kmz = {group: handed_out(group) for group in ("S1", "S2")}
    with pytest.raises(
        InputError, match="16 units in 2 groups; a rehearsal needs at least 14 units"
    ):
        fabricated(kmz, base())


def test_too_small_a_round_leaves_its_folder_empty(tmp_path):
    """Else the same command, after another round is named, says that the folder holds something."""
    write_proposal(toy_round(), tmp_path / "00")
    with pytest.raises(InputError, match="4 units in 2 groups; a rehearsal needs at least"):
        rehearse(tmp_path / "00", tmp_path / "rehearsal")
    check_rehearsal(tmp_path / "rehearsal")


def test_a_folder_that_holds_something_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(InputError, match="exists and is not empty") as refused:
        check_rehearsal(tmp_path)
    assert "не пуста" in said(refused.value.note, "ru")
    check_rehearsal(tmp_path / "new")


def test_edits_do_what_they_say():
    content = handed_out("S1")
    ids = draw.unit_ids(content)
    assert ids[0] == "CU-001"
    text = draw.edited(content, draw.renamed("CU-001", "Naryn"), draw.deleted("CU-002")).decode()
    assert "<name>Naryn</name>" in text
    assert draw.unit_ids(text.encode()) == [one for one in ids if one != "CU-002"]
    outline = draw.outline(content, "CU-001")
    smaller = draw.outline(draw.edited(content, draw.grown("CU-001", 0.5)), "CU-001")
    assert smaller.area == pytest.approx(outline.area / 4)
    with pytest.raises(InputError, match=re.escape("There is no unit 'CU-099'")):
        draw.edited(content, draw.deleted("CU-099"))


@pytest.mark.slow
def test_every_damage_of_ten_files_is_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    plan = read_plan(None)
    write_proposal(propose(plan), tmp_path / "00-proposal")
    done = rehearse(tmp_path / "00-proposal", tmp_path)
    assert [one.damage.done for one in done.caught if not one.line] == []
    assert len({one.damage.file for one in done.caught}) >= 10
    assert (done.next_round / "report.html").is_file()
    # Nothing is lost, however damaged: what was counted adds up in every file.
    for file in done.collected.files:
        counted = file.evidence + file.shapes + file.pins + file.unusable + file.passed
        assert counted == file.placemarks
    # Ten files of a real pack, on the smallest window that anybody has open: 24 lines of 80.
    capsys.readouterr()
    say_collected(done.collected, done.next_round)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 2 * 24, len(lines)
    assert sum(file.placemarks for file in done.collected.files) > 1_000
