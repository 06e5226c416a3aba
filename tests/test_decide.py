"""Decisions: what may be said, where it stands afterwards, and what a power cut can take."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cami_units import kml, store
from cami_units.commands.decide import DECISION_LOG, decide, decided, decided_round, read_decisions
from cami_units.commands.round_files import write_proposal
from cami_units.model import InputError
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
    }
    assert status(round_dir, "CU-001") == "plenary-agreed"
    assert "plenary-agreed" in (round_dir / "conservation_units.csv").read_text(encoding="utf-8")
    assert "plenary-agreed" in (round_dir / "map.html").read_text(encoding="utf-8")
    with zipfile.ZipFile(round_dir / "conservation_units.kmz") as archive:
        assert b"plenary-agreed" in archive.read("doc.kml")


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
            "cu-2",
            "agre",
            reason=" ",
            time="noon",
            by="anna@example.org",
            status="adoptd",
        )
    told = str(caught.value)
    assert "there is no unit 'cu-2' here. Did you mean 'CU-002'?" in told
    assert "'agre' is no decision: agree, agree-with-change, park, reject, undo are." in told
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


def test_it_is_said_when_the_decision_is_on_the_disk_and_before_the_maps_are(round_dir):
    said = []

    def heard(what: str, *_: int) -> None:
        said.append((what, len(lines(round_dir)), status(round_dir, "CU-001")))

    decide(round_dir, "CU-001", "agree", reason="Agreed", time=NOON, progress=heard)
    assert said[0] == (
        "CU-001: the decision is on the disk; now into tables and maps",
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


def test_a_decision_imports_nothing_that_writes_slides_or_measures():
    """In plenary every second counts: what other commands need is not loaded for a decision."""
    code = "import sys; from cami_units.commands.decide import decide; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pptx", "docx", "numba", "skimage", "rasterio"} & set(done.stdout.split())


def test_the_log_outlives_a_power_cut_before_the_tables_are_written(round_dir, monkeypatch):
    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "update_round", cut)
    with pytest.raises(KeyboardInterrupt):
        decide(round_dir, "CU-001", "agree", reason="x", time=NOON)
    assert status(round_dir, "CU-001") == "modelled candidate"  # the table is the old one, whole
    units = decided_round(round_dir).tables["conservation_units"].set_index("unit_id")
    assert units.at["CU-001", "status"] == "plenary-agreed"  # and the next command knows


# -- the log --------------------------------------------------------------------------------------


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


# -- from the command line ------------------------------------------------------------------------


def test_the_clock_is_read_by_the_command_line_alone(round_dir):
    command = [sys.executable, "-m", "cami_units", "decide", str(round_dir), "CU-003", "park"]
    done = subprocess.run(
        [*command, "--reason", "wait for data"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "CU-003: modelled candidate → modelled candidate (park)" in done.stdout
    (line,) = lines(round_dir)
    assert line["time"].startswith("20")
    assert "T" in line["time"]
