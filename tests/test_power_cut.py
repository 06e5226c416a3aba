"""The power goes, the disk is full, the folder may not be written: what was there stays whole.

Through the command line. A program is killed by ``SIGKILL`` at moments spread over its run, which
no clearing up survives; what it leaves is looked at as the next run would find it.
"""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cami_units import cli, store
from cami_units.cache import FOLDER
from cami_units.commands.decide import decide, decided_round
from cami_units.commands.round_files import write_proposal
from cami_units.kml import rehearsal as draw
from tests.test_collect import base, kmz

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """A round with a decision in it, and the file of a group beside it."""
    folder = tmp_path_factory.mktemp("template")
    write_proposal(base(), folder / "00-proposal")
    decide(folder / "00-proposal", "CU-001", "park", reason="later", time="2026-11-22")
    (folder / "handed-in").mkdir()
    (folder / "handed-in" / "edit_S1.kmz").write_bytes(kmz(draw.grown("CU-002", 0.9)))
    return folder


@pytest.fixture
def rounds(template, tmp_path) -> Path:
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return tmp_path


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def left_over(rounds: Path) -> list[str]:
    """Hidden folders of a run that was killed; what was drawn once is kept on purpose."""
    hidden = (path.name for path in rounds.iterdir() if path.name.startswith("."))
    return sorted(name for name in hidden if name != FOLDER)


def started(rounds: Path, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "cami_units", *words, "-q"],
        cwd=rounds,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def killed(process: subprocess.Popen[bytes], after: float) -> bool:
    """Whether the program was still at work when it was killed."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=after)
        return False
    process.send_signal(signal.SIGKILL)
    process.wait()
    return True


def killed_in_writing(process: subprocess.Popen[bytes], rounds: Path, after: float) -> bool:
    """As :func:`killed`; the time counts from when the program begins to write."""
    end = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < end and not left_over(rounds):
        time.sleep(0.005)
    return killed(process, after)


COLLECT = ("collect", "handed-in", "--base", "00-proposal")


def whole_or_absent(rounds: Path, name: str) -> None:
    if (rounds / name).exists():
        assert store.read_round(rounds / name).imprint.round == "Round 01"
        assert (rounds / name / "report.html").is_file()


def moments(count: int, most: float) -> Iterator[float]:
    drawn = random.Random(7)
    return (drawn.uniform(0.0, most) for _ in range(count))


def killing_collect(rounds: Path, moment: float) -> None:
    before = content(rounds / "00-proposal")
    killed_in_writing(started(rounds, *COLLECT), rounds, moment)
    assert content(rounds / "00-proposal") == before
    whole_or_absent(rounds, "01-collected")
    # Whatever was left lying about is no round, and the next run clears it away and says so.
    assert [path.name for path in store.rounds_in(rounds)] in (
        ["00-proposal"],
        ["00-proposal", "01-collected"],
    )


@pytest.mark.slow
@pytest.mark.parametrize("moment", [0.02, 0.5])
def test_collect_killed_in_the_middle_of_writing(rounds, moment):
    killing_collect(rounds, moment)
    done = CliRunner().invoke(
        cli.app,
        ["collect", str(rounds / "handed-in"), "--base", str(rounds / "00-proposal"), "--force"],
    )
    assert done.exit_code == 0, done.output
    assert left_over(rounds) == []
    whole_or_absent(rounds, "01-collected")


@pytest.mark.slow
def test_what_a_killed_run_has_left_is_no_round_and_is_cleared_away_and_said(rounds):
    left = rounds / ".01-collected.writing-0badcafe"
    left.mkdir()
    for path in (rounds / "00-proposal").iterdir():
        if path.is_file():
            (left / path.name).write_bytes(path.read_bytes())
    assert [path.name for path in store.rounds_in(rounds)] == ["00-proposal"]
    done = CliRunner().invoke(cli.app, collecting(rounds))
    assert done.exit_code == 0, done.output
    assert "An earlier run was stopped while it wrote" in done.output
    assert left_over(rounds) == []
    again = CliRunner().invoke(cli.app, collecting(rounds, "--force"))
    assert "An earlier run" not in again.output


@pytest.mark.slow
def test_collect_killed_at_any_moment(rounds):
    for moment in moments(20, 2.5):
        killing_collect(rounds, moment)


@pytest.mark.slow
def test_collect_that_replaces_a_round_killed_at_any_moment(rounds):
    killed(started(rounds, *COLLECT), 120)
    before = content(rounds / "01-collected")
    (rounds / "handed-in" / "edit_S1.kmz").write_bytes(kmz(draw.grown("CU-003", 0.9)))
    for moment in moments(12, 2.5):
        killed_in_writing(started(rounds, *COLLECT, "--force"), rounds, moment)
        store.read_round(rounds / "01-collected")  # puts back what was cut off halfway
        now = content(rounds / "01-collected")
        assert now == before or set(now) >= set(before)
        before = now


@pytest.mark.slow
def test_decide_killed_at_any_moment_loses_at_most_its_own_line(rounds):
    log = rounds / "00-proposal" / "decisions.csv"
    for number, moment in enumerate(moments(12, 3.0)):
        before = store.read_round(rounds / "00-proposal").tables["conservation_units"]["unit_id"]
        lines = log.read_bytes().count(b"\n")
        words = ("decide", "00-proposal", f"CU-{number + 1:03d}", "agree", "--reason", "as drawn")
        killed(started(rounds, *words), moment)
        again = store.read_round(rounds / "00-proposal")
        assert again.tables["conservation_units"]["unit_id"].tolist() == before.tolist()
        assert lines <= log.read_bytes().count(b"\n") <= lines + 1
        # The log can be read, and gone on with.
        decided_round(rounds / "00-proposal")


@pytest.mark.slow
def test_plenary_killed_at_any_moment_leaves_the_round(rounds):
    before = content(rounds / "00-proposal")
    for moment in moments(6, 6.0):
        killed(started(rounds, "plenary", "00-proposal"), moment)
        assert content(rounds / "00-proposal") == before
        board = rounds / "00-proposal" / "plenary"
        assert not board.exists() or (board / "board.html").stat().st_size > 0


# -- the disk and the folder ----------------------------------------------------------------------


def one_message(words: list[str], what: str) -> str:
    done = CliRunner().invoke(cli.app, words)
    assert done.exit_code == 1, done.output
    assert "Traceback" not in done.output
    assert what in " ".join(done.output.split()), done.output
    return done.output


def collecting(rounds: Path, *more: str) -> list[str]:
    handed_in, first = rounds / "handed-in", rounds / "00-proposal"
    return ["collect", str(handed_in), "--base", str(first), *more]


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        (errno.ENOSPC, "the disk is full. Make room, or choose a folder on another disk."),
        (errno.EROFS, "writing there is not allowed, or another program has a file open."),
        (errno.EACCES, "writing there is not allowed, or another program has a file open."),
    ],
)
@pytest.mark.parametrize("file", ["report.html", "report.xlsx", "manifest.json"])
def test_a_disk_that_refuses_gives_one_message_and_leaves_nothing(
    rounds, monkeypatch, fault, what, file
):
    before = content(rounds / "00-proposal")
    plain = Path.write_bytes

    def refuse(path: Path, data: bytes) -> int:
        if path.name == file:
            raise OSError(fault, os.strerror(fault), str(path))
        return plain(path, data)

    monkeypatch.setattr(Path, "write_bytes", refuse)
    text = one_message(collecting(rounds), what)
    assert "'" + str(rounds / "01-collected") in text.replace("\n", "")
    assert not (rounds / "01-collected").exists()
    assert left_over(rounds) == []
    assert content(rounds / "00-proposal") == before


_LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from cami_units import cli
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
cli.app(sys.argv[1:])
"""


def test_a_file_that_the_system_does_not_let_grow_gives_one_message(rounds):
    """The system itself refuses, in the middle of the GeoPackage."""
    words = collecting(rounds, "-q")
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    told = " ".join(done.stderr.split())
    assert "of conservation_units.gpkg could not be written. Is the disk full" in told
    assert len(told) < 450
    assert not (rounds / "01-collected").exists()
    assert left_over(rounds) == []


def test_a_place_that_is_a_file_or_cannot_hold_a_folder_is_told_before_anything_is_computed(rounds):
    (rounds / "file").write_bytes(b"mine")
    one_message(collecting(rounds, "--out", str(rounds / "file")), "is a file, where a folder is")
    assert (rounds / "file").read_bytes() == b"mine"
    one_message(collecting(rounds, "--out", str(rounds / "file" / "below")), "file")
    if Path("/proc/self").is_dir():
        one_message(collecting(rounds, "--out", "/proc/cami"), "'/proc/cami'")
