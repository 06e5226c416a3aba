"""One desk a workshop: what the second is told, and what a killed one leaves."""

from __future__ import annotations

import json

import pytest

from cami_units import store, words
from cami_units.desk import serve
from cami_units.desk._server import record_of, sole_desk
from cami_units.model import InputError
from tests.test_desk_day import served

__all__ = ["served"]


def test_the_second_desk_of_a_workshop_says_where_the_first_is(served, tmp_path):
    """In one browser two desks share a cookie: the page of the first would be shut out."""
    record = record_of(served.workshop)
    assert record.is_file()
    assert record.parent == served.workshop.parent  # an empty folder stays one
    with pytest.raises(InputError) as refused:
        serve(served.workshop, browser=False, announce=print)
    said = [words.said(refused.value.note, lang) for lang in words.LANGUAGES]
    assert len(set(said)) == len(said) == 4
    for sentence in said:
        assert f"{served.home}/ " in f"{sentence} ".replace(" (", " ").replace("（", " ")
        assert str(served.process.pid) in sentence
    record.unlink()  # as where nothing could be written
    with pytest.raises(InputError, match="is open already, in another window of this computer"):
        serve(served.workshop, browser=False, announce=print)


def test_a_desk_that_was_killed_is_in_nobodys_way(served):
    served.kill()
    assert record_of(served.workshop).is_file()
    served.start()
    left = json.loads(record_of(served.workshop).read_text())
    assert (left["pid"], left["address"]) == (served.process.pid, f"{served.home}/")


def test_a_desk_of_another_machine_is_told_and_its_record_written_over(tmp_path):
    workshop = tmp_path / "w"
    workshop.mkdir()
    record_of(workshop).write_text(
        '{"host": "stage", "pid": 7, "address": "http://127.0.0.1:8765/"}'
    )
    with sole_desk(workshop, "http://127.0.0.1:8766/") as noticed:
        assert "was opened on the computer stage" in words.said(noticed)
        assert json.loads(record_of(workshop).read_text())["host"] != "stage"
    assert not record_of(workshop).exists()
    with sole_desk(workshop, "") as noticed:
        assert noticed is None


@pytest.mark.parametrize("damage", ["", "[]", '{"host": 1}', "\0"])
def test_a_damaged_record_of_a_desk_is_none(tmp_path, damage):
    record_of(tmp_path / "w").write_text(damage)
    with sole_desk(tmp_path / "w", "") as noticed:
        assert noticed is None


def test_beside_a_folder_where_nothing_can_be_written_there_is_no_record(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(store, "write_atomically", refuse)
    with sole_desk(tmp_path, "") as noticed:
        assert noticed is None
        assert not record_of(tmp_path).exists()
        with pytest.raises(InputError, match="is open already"), sole_desk(tmp_path, ""):
            pass
