"""The command line: what is said, where, and with which exit code."""

from __future__ import annotations

import errno
import os
import re
import shlex
import signal
import subprocess
import sys
import types
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import cami_units
from cami_units import cli
from cami_units.cli._summaries import say_fences, say_how_sure
from cami_units.cli._terminal import Pace, _lines, as_word, say, say_rows
from cami_units.commands.round_files import write_proposal
from cami_units.model import Imprint, InputError, Note, Problem, Round, problem_of
from tests.rounds import toy_round

HOSTILE = "\x1b[31m[bold]x[/]\x07\u202e\n✓ fake line"


@pytest.fixture
def run(capsys):
    """Run the command line: exit code, standard output, standard error."""

    def running(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            cli.main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return int(caught.value.code or 0), said.out, said.err

    return running


HOMES = {"write_proposal": "round_files"}
"""Verbs of the commands whose file is not called like them."""


class Commands:
    """A verb set here takes the place of the real one, in the file that it is imported from."""

    def __init__(self, monkeypatch):
        self.__dict__["put"] = monkeypatch.setattr

    def __setattr__(self, verb, instead):
        self.put(f"cami_units.commands.{HOMES.get(verb, verb)}.{verb}", instead)
        # a command made of others has fetched them already
        composed = import_module("cami_units.commands.lasting_ids")
        if hasattr(composed, verb):
            self.put(composed, verb, instead)


class PlanOf(tuple):
    """What stands for a plan: its path, and the language that it asks for."""

    output = types.SimpleNamespace(languages=("en",))


@pytest.fixture
def house(monkeypatch):
    """Rooms in place of the real ones: the command line only hands on and reports."""
    rooms = {
        "plan": types.SimpleNamespace(read_plan=lambda path: PlanOf(("the plan of", path))),
        "kml": types.SimpleNamespace(),
    }
    for name in ("propose", "assess", "check", "init", "lasting_ids", *HOMES):  # with their own
        import_module(f"cami_units.commands.{HOMES.get(name, name)}")
    for name, room in rooms.items():
        monkeypatch.setitem(sys.modules, f"cami_units.{name}", room)
        monkeypatch.setattr(cami_units, name, room, raising=False)
    monkeypatch.setattr("cami_units.commands.lasting_ids.read_plan", rooms["plan"].read_plan)
    return types.SimpleNamespace(commands=Commands(monkeypatch), **rooms)


def a_round(names: tuple[str, ...] = ("Ustyurt", "Wakhan", "Tugai", "Altai")) -> Round:
    n = len(names)
    units = gpd.GeoDataFrame(
        {
            "unit_id": [f"CU-{i:03}" for i in range(1, n + 1)],
            "name_en": list(names),
            "status": ["modelled candidate", "area of interest", *["modelled candidate"] * 2][:n],
            "origin": ["confirms", "new", "reshapes", "confirms"][:n],
            "rank": pd.array([2, None, 1, 3][:n], dtype="Int64"),
            "rank_label": ["2", None, "1", "3"][:n],
            "tier": ["high", None, "very high", "high"][:n],
            "score": [0.5, 0.1, 0.71249, 0.4][:n],
            "area_km2": [12_345.6, 2_000.0, 54_321.0, 1_000.0][:n],
            "countries": ["KZ;UZ", "AF;TJ", "TJ;UZ", "KZ;MN"][:n],
        },
        geometry=[shapely.box(0, 0, 1, 1)] * n,
        crs="EPSG:4326",
    )
    missed = pd.DataFrame({"hotspot_id": ["H42", "H41"], "name_en": ["b", "a"], "reason": "G2"})
    manifest = {
        "inputs": [
            {"layer": "ranges", "file": "a.shp", "rows": 5, "kept": 3, "dropped": 2, "repaired": 0},
            {"layer": "ranges", "file": "b.shp", "rows": 1, "kept": 1, "dropped": 0, "repaired": 1},
            {"layer": "hotspots", "file": "h.gpkg", "rows": 4, "kept": 4},
        ],
        "problems": [
            Problem(
                "counted",
                "ranges",
                "a.shp",
                "rows 1, 2",
                "2 rows have presence 5",
                "Nothing to do.",
            )
        ],
    }
    return Round(
        imprint=Imprint(title="t", date="2026-11-22", round="Round 00", profile="p"),
        tables={
            "conservation_units": units,
            "not_proposed": missed,
            "unit_criteria": pd.DataFrame(columns=["unit_id", "criterion", "met"]),
        },
        manifest=manifest,
    )


def proposing(house, round: Round, seen: dict | None = None):
    def propose(plan, *, progress, cache, overlaps=None):
        progress("reading layers", 1, 2)
        progress("reading layers", 2, 2)
        progress("growing units", 0, 0)
        if seen is not None:
            seen["plan"] = plan
        return round

    def write_proposal(round, directory, *, force, progress):
        progress("writing map.html", 0, 0)
        directory.mkdir(parents=True)
        for name in ("conservation_units.kmz", "conservation_units_web.kmz", "map.html"):
            (directory / name).touch()
        return (Problem("note", "kml", "", "", "ranges were simplified"),)

    house.commands.propose = propose
    house.commands.write_proposal = write_proposal


# -- help, version, usage -------------------------------------------------------------------------


def test_texts_of_tables_are_pythons_own_while_a_command_runs(house, run):
    before, inside = pd.get_option("mode.string_storage"), []

    def check(plan, *, progress):
        inside.append(pd.Series(["a"]).dtype.storage)
        return (), ()

    house.commands.check = check
    assert run("check")[0] == 0
    assert inside == ["python"]
    assert pd.get_option("mode.string_storage") == before  # whoever works in Python keeps his own


def test_help_explains_itself(run):
    code, out, _ = run("--help")
    assert code == 0
    for command in ("propose", "assess", "check", "init", "lint"):
        assert command in out
    assert "species ranges and stated" in out
    # the work begins at the top: a newcomer reads downwards
    first_words = [line.split()[1] for line in out.splitlines() if line.startswith("│ ")]
    assert first_words.index("init") < first_words.index("check") < first_words.index("propose")
    assert first_words.index("propose") < first_words.index("pack") < first_words.index("overlaps")
    assert out.index("A proposal") < out.index("A workshop") < out.index("Files by themselves")


@pytest.mark.parametrize(
    "command",
    [
        *("propose", "assess", "check", "init", "lint"),
        *("pack", "decide", "plenary", "activities", "annex", "collect", "desk", "overlaps"),
    ],
)
def test_every_command_has_help_with_an_example(run, command):
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"Example: cami-units {command}" in out
    # no types of Python, and none for a switch that takes no value
    assert not re.search(r"<\w|list\[|--quiet +-q +[^ S]", out)


def test_version(run):
    assert run("--version") == (0, f"cami-units {cami_units.__version__}\n", "")


@pytest.mark.parametrize(
    "arguments",
    [["assess"], ["frobnicate"], ["propose", "--fast"], ["lint", "x", "--profile", "y"]],
)
def test_wrong_usage_is_2(run, arguments):
    code, _, err = run(*arguments)
    assert code == 2
    assert "Error" in err


def test_python_m_is_the_same_program_and_help_waits_for_no_library():
    # geopandas alone takes longer to import than anybody should wait for --help
    script = (
        "import sys, runpy\n"
        "sys.argv = ['cami-units', '--help']\n"
        "try: runpy.run_module('cami_units', run_name='__main__')\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "slow = {'geopandas', 'pandas', 'numpy', 'shapely', 'lxml', 'numba', 'openpyxl'}\n"
        "loaded = slow & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    assert b"propose" in done.stdout


def test_options_are_options_where_python_has_taken_docstrings_out():
    # typer takes what has no word of its own for one more argument
    line = ["-OO", "-m", "cami_units", "lint", "nowhere.kml", "--profile", "earth-web"]
    done = subprocess.run([sys.executable, *line], capture_output=True, text=True, timeout=60)
    assert (done.returncode, "nowhere.kml" in done.stdout) == (1, True), done.stderr


# -- what stops a command -------------------------------------------------------------------------


def test_words_and_paths_are_taken_as_typed_without_a_library_that_asks_whether_text_is_text():
    """A decision waits for the command line: pydantic is there before it only where numbers are typed."""
    asked = (
        "import sys; from cami_units.cli import app\n"
        "try: app(['decide', 'no such folder', 'CU-002', 'agree', '--reason', '12', '-q'])\n"
        "except SystemExit as end: print(end.code, 'pydantic' in sys.modules)"
    )
    process = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True)
    assert process.stdout == "1 False\n"
    assert "There is no folder 'no such folder'" in process.stderr


def test_a_fault_of_the_input_is_one_message_and_1(run, house):
    def propose(plan, *, progress, cache, overlaps=None):
        raise InputError("3 of 212 ranges have no geometry: a, b, c. Fix the file.")

    house.commands.propose = propose
    code, out, err = run("propose", "--out", "never")
    assert (code, out) == (1, "")
    assert err == "Error: 3 of 212 ranges have no geometry: a, b, c. Fix the file.\n"


def test_a_fault_of_the_program_is_an_apology_and_70(run, house):
    def propose(plan, *, progress, cache, overlaps=None):
        raise KeyError("sci_name")

    house.commands.propose = propose
    code, _, err = run("propose", "--out", "never")
    assert code == 70
    assert (
        "Sorry: cami-units stopped at something it did not expect, and left nothing half-written"
        in err
    )
    assert "KeyError: 'sci_name'" in err
    assert "Run it again with -v" in err
    assert "Traceback" not in err
    for arguments in (["propose", "-v"], ["-v", "propose"]):
        code, _, err = run(*arguments, "--out", "never")
        assert code == 70
        assert "Traceback" in err
        assert "Please report it" in err


PLACES = (
    *(["propose"], ["propose", "--out"], ["propose", "--ids-from"], ["assess"], ["overlaps"]),
    *(
        ["richness"],
        ["richness", "x", "--states"],
        ["check"],
        ["init"],
        ["sensitivity"],
        ["fences"],
    ),
    *(["figures"], ["figures", ".", "--out"], ["collect", "--base", ".", "x"]),
    *(["collect", "x", "--base"], ["pack"], ["pack", ".", "--plan"], ["plenary"]),
    *(["plenary", ".", "--before"], ["activities"], ["activities", ".", "x"], ["annex"]),
    *(["desk"], ["rehearse"], ["lint", "x"]),
)
"""Words of commands behind which a path is typed."""


@pytest.mark.parametrize("words", PLACES, ids=" ".join)
def test_a_path_that_the_system_refuses_is_one_message_and_1(run, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")
    named = {
        "loop": "Too many levels of symbolic links",
        "a" * 300: "the name is too long or not allowed here. Choose a shorter, plainer one.",
    }
    for name, why in named.items():
        told = f"Error: The system refuses '{name}': {why}\n"
        assert run(*words, name) == (1, "", told)
    assert [path.name for path in Path().iterdir()] == ["loop"]  # nothing was begun


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        # what a stick that was pulled out says of a file that was open: which one, nobody knows
        (OSError(errno.EIO, "Input/output error"), "The system refuses to read or write: Inp"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), "refuses '/x': Permission den"),
    ],
)
def test_what_the_system_refuses_at_work_is_no_fault_of_the_program(run, house, trouble, told):
    def propose(plan, *, progress, cache, overlaps=None):
        raise trouble

    house.commands.propose = propose
    code, _, err = run("propose", "--out", "never")
    assert code == 1
    assert told in err
    assert "Traceback" not in err
    assert "Traceback" in run("propose", "-v", "--out", "never")[2]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a system without a full device")
@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], ["--version"], ["check"]])
def test_a_standard_output_that_is_full_is_one_message_and_1(arguments):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cami_units", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )
    said = done.stderr.splitlines()
    assert said[-1] == (
        "Error: The system refuses to read or write: "
        "the disk is full. Make room, or choose a folder on another disk."
    )
    assert (done.returncode, "Traceback" in done.stderr, "Exception" in done.stderr) == (
        *(1, False, False),
    )


def test_a_pipe_that_was_closed_is_no_traceback():
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "cami_units", "--help"],
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(os.name == "nt", reason="a shell that closes streams otherwise")
@pytest.mark.parametrize("arguments", ["--version", "lint nowhere.kml"])
def test_streams_that_are_closed_are_spoken_to_in_vain(arguments):
    line = f"{shlex.quote(sys.executable)} -m cami_units {arguments}"
    told = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=60)
    done = subprocess.run(f"{line} >&-", shell=True, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (told.returncode, told.stderr)
    assert subprocess.run(f"{line} >&- 2>&-", shell=True, timeout=60).returncode == told.returncode


def test_stopping_from_the_keyboard_is_130(run, house):
    def propose(plan, *, progress, cache, overlaps=None):
        raise KeyboardInterrupt

    house.commands.propose = propose
    code, _, err = run("propose", "--out", "never")
    assert code == 130
    assert "Stopped. Nothing half-written was left behind." in err


def test_an_existing_round_is_refused_before_anything_is_computed(run, house, tmp_path):
    proposing(house, a_round())
    (tmp_path / "thesis.docx").touch()
    house.commands.propose = None  # would fail if it were called
    code, _, err = run("propose", "--out", tmp_path, "--force")
    assert code == 1
    assert "is not empty and holds no round" in err


def test_nothing_from_a_file_moves_the_cursor_or_sets_a_colour(run, house, tmp_path):
    proposing(house, a_round((HOSTILE,)))
    _, out, _ = run("propose", "--out", tmp_path / "r")
    assert not {"\x1b", "\x07", "\u202e"} & set(out)
    assert "[31m[bold]x[/] ✓ fake line" in out  # one line, markup as it was typed

    def fails(plan, *, progress, cache, overlaps=None):
        raise InputError(f"Column {HOSTILE}")

    house.commands.propose = fails
    _, _, err = run("propose", "--out", tmp_path / "s")
    assert not {"\x1b", "\x07", "\u202e"} & set(err)
    assert "[bold]x[/]" in err


# -- propose --------------------------------------------------------------------------------------


def test_propose_says_what_went_in_what_was_found_and_where_it_is(run, house, tmp_path):
    seen = {}
    proposing(house, a_round(), seen)
    code, out, err = run("propose", "my.toml", "--out", tmp_path / "r")
    assert code == 0
    assert seen["plan"] == ("the plan of", Path("my.toml"))
    assert "ranges    6 rows in 2 files, 4 kept, 2 dropped, 1 repaired\n" in out
    assert "hotspots  4 rows in 1 file, 4 kept\n" in out
    assert "  ! 2 rows have presence 5 (a.shp, rows 1, 2)\n" in out
    assert "  · ranges were simplified\n" in out
    assert "Nothing to do." not in out
    assert f"\nRound 00 is in {tmp_path / 'r'}\n" in out
    assert "3 proposed conservation units and 1 area of interest" in out
    assert "2 confirm a known hotspot, 1 reshapes one, 1 is new" in out
    # ranks 1, 2, 3; the unit without a rank is not among the first
    assert out.index("CU-003") < out.index("CU-001") < out.index("CU-004")
    assert "CU-002" not in out
    assert "1  CU-003  Tugai    TJ, UZ  54,321 km²  score 0.712  very high" in out
    assert "2 hotspots became no unit (H41, H42)" in out
    *last, blank, _, command = out.strip().splitlines()[-6:]
    assert (blank, command) == ("", f"  cami-units pack {as_word(tmp_path / 'r')}")
    assert last[0] == f"  Google Earth             {tmp_path / 'r' / 'conservation_units.kmz'}"
    assert last[2].endswith("map.html")
    # on no terminal, one line a step, and not among the results
    assert err.splitlines() == ["reading layers …", "growing units …", "writing map.html …"]


def latin(output: str) -> list[str]:
    """The words in Latin letters that are no names of files, programs or codes of ours."""
    names = r"\S*[/.]\S+|not_proposed|GeoPackage|Google Earth( Pro)?|QGIS|KMZ|[A-Z]+-\S+|--\w+|undo|collect"
    return re.findall(r"[A-Za-z]{3,}", re.sub(names, "", output))


RUSSIAN = ("ru", "en")


def test_propose_speaks_the_first_language_of_its_plan(run, house, tmp_path):
    names = ("Устюрт", "Вахан", "Тугаи", "Алтай")
    plain = a_round(names)
    units = plain.tables["conservation_units"].assign(name_ru=names)
    unseen = {"unit_id": ["CU-002"], "criterion": ["C5"], "met": [None]}
    tables = {"conservation_units": units, "unit_criteria": pd.DataFrame(unseen)}
    overlap = problem_of("counted", "ranges", "a.shp", "", Note("areas overlap", {"km2": 42_352.0}))
    russian = replace(
        plain,
        imprint=replace(plain.imprint, languages=RUSSIAN, number="00"),
        tables={**plain.tables, **tables},
        manifest={**plain.manifest, "problems": [overlap]},
    )
    proposing(house, russian)
    house.commands.write_proposal = lambda *_, **__: (overlap,)
    out = run("propose", "--out", tmp_path / "r", "-v")[1].replace("\xa0", " ")
    assert "ареалы           6 строк, файлов: 2, принято: 4, отброшено: 2, исправлено: 1\n" in out
    assert "территории перекрываются: 42 352 км² учтены один раз" in out
    assert "3  CU-003  Тугаи" not in out
    assert "Тугаи   TJ, UZ  54 321 км²  балл 0,712  очень высокий" in out
    assert "Не оценено в них, так как нет слоя, который их охватывает: пути перемещения (1)." in out
    # what is to be typed next stays as it is typed
    assert latin(out.replace("cami-units pack", "")) == []


@pytest.mark.slow
def test_commands_of_a_round_speak_its_first_language(run, tmp_path, monkeypatch):
    toy = toy_round()
    monkeypatch.chdir(tmp_path)
    directory = Path("rounds") / "00-proposal"
    write_proposal(replace(toy, imprint=replace(toy.imprint, languages=RUSSIAN)), directory)
    for command, first in (
        ("plenary", "Табло — в папке rounds/00-proposal/plenary"),
        ("annex", "Приложение — в папке rounds/00-proposal/annex"),
        ("pack", "Комплекты — в папке rounds/pack"),  # as the round was named, not from the root
    ):
        code, out, _ = run(command, directory)
        assert code == 0
        assert first in out.splitlines()
        assert latin(out.replace("everything", "").replace("plenary", "")) == []
    _, out, _ = run("activities", directory)
    assert re.search(
        r"^Мероприятий: \d+, из них в единицах: \d+ \(единиц: \d+\), в общем", out, re.MULTILINE
    )
    for words_of_it in (
        ["CU-9", "agree"],
        ["CU-002", "merge"],
        ["CU-002", "agree", "--outline", "S9"],
    ):
        code, _, err = run("decide", directory, *words_of_it, "--reason", "x")
        assert code == 1
        assert err.startswith("Ошибка: ")
        assert not {"Error", "There", "wants", "aside"} & set(latin(err))
    _, out, _ = run("decide", directory, "CU-002", "agree", "--reason", "x")
    assert out.startswith("CU-002: предварительная единица → согласовано на пленарном заседании")
    assert latin(out) == []


def test_how_sure_and_which_fence_are_said_in_the_first_language(capsys):
    units = pd.DataFrame(
        {"unit_id": ["CU-001"], "name_en": ["Altai"], "name_ru": ["Алтай"], "stability": ["x"]}
    )
    stability = {"unit_id": ["CU-001"], "label": ["fragile"], "share_qualifying": [0.4]}
    stability |= {"runs": [1000], "flips": ["range edge"]}
    targets = {"sci_name": ["A b"] * 2, "asks": ["range", "sides"], "missing": [1500.0, 1.0]}
    fences = {"gain": [0.0], "rank": [1], "stretch_id": ["a"]}
    tables = {
        "conservation_units": units,
        "sensitivity": pd.DataFrame(stability),
        "complementarity": pd.DataFrame({"gap": [0.02], "chosen": [1]}),
        "complementarity_targets": pd.DataFrame({**targets, "target": [3000.0, 1.0]}),
        "fences": pd.DataFrame(fences),
        "species": pd.DataFrame(),
    }
    plain = a_round()
    russian = replace(plain, imprint=replace(plain.imprint, languages=RUSSIAN), tables=tables)
    say_how_sure(russian)
    say_fences(russian)
    out = capsys.readouterr().out.replace("\xa0", " ")
    assert "CU-001  Алтай  неустойчиво (проходит в 40 % из 1 000 прогонов" in out
    assert "доказано с точностью до 2,0 %" in out
    assert "недостижимо 1 500 из 3 000 км²" in out
    assert latin(out) == []


@pytest.mark.parametrize(
    ("covered", "expected"),
    [
        (None, ["Nothing can be said of fences: no barrier layer was given"]),
        ("", ["Nothing can be said of fences: no barrier layer was given"]),
        ("AA", ["Barriers: it speaks of AA; elsewhere", "No fence that is known along a border"]),
        ("AA;BB", ["No fence along a border cuts the range of a species"]),
    ],
)
def test_where_nobody_looked_for_barriers_no_fence_is_not_said_to_cut(capsys, covered, expected):
    plain = a_round()
    rows = {"layer": ["hotspots"], "states": ["AA;BB"]}
    if covered is not None:
        rows = {"layer": ["hotspots", "barriers"], "states": ["AA;BB", covered]}
    tables = {
        "fences": pd.DataFrame({"gain": [], "rank": [], "stretch_id": []}),
        "species": pd.DataFrame(),
        "coverage": pd.DataFrame(rows),
        "countries": pd.DataFrame({"iso2": ["AA", "BB", "CC"], "range_state": [True, True, False]}),
    }
    say_fences(replace(plain, tables=tables))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(expected)
    assert all(line.startswith(start) for line, start in zip(lines, expected, strict=True))


def test_propose_more_and_less_talkative(run, house, tmp_path):
    proposing(house, a_round())
    assert run("propose", "--out", tmp_path / "a", "-q") == (0, "", "")
    assert run("-q", "propose", "--out", tmp_path / "b") == (0, "", "")
    _, out, _ = run("propose", "--out", tmp_path / "c", "-v")
    assert "→ Nothing to do." in out


def test_propose_without_a_plan_is_the_demonstration(run, house, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = {}
    proposing(house, a_round(), seen)
    assert run("propose")[0] == 0
    assert seen["plan"] == ("the plan of", None)
    assert (tmp_path / "rounds" / "00-proposal" / "map.html").exists()


def test_propose_says_where_the_round_is_and_what_works_from_there(
    run, house, tmp_path, monkeypatch
):
    """A plan in another folder had its round beside the one who typed, and the message named no folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my day").mkdir()
    proposing(house, a_round())
    _, out, _ = run("propose", "my day/plan.toml")
    said = out.splitlines()[-4:]
    assert said[0].startswith("The round lies in the folder where you are, not in my day.")
    assert said[0].endswith(f"--out {as_word('my day/rounds/00-proposal')}")
    assert said[1:] == ["", "Next:", "  cami-units pack rounds/00-proposal"]
    # a folder that was asked for, and a plan where one is, are where they are looked for
    _, out, _ = run("propose", "my day/plan.toml", "--out", "r")
    assert ("not in" in out, out.endswith("  cami-units pack r\n")) == (False, True)
    monkeypatch.chdir("my day")
    _, out, _ = run("propose", "plan.toml")
    assert ("not in" in out, out.splitlines()[-1]) == (
        False,
        "  cami-units pack rounds/00-proposal",
    )


def test_bars_on_a_terminal(run, house, tmp_path, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    proposing(house, a_round())
    code, _, err = run("propose", "--out", tmp_path / "r")
    assert code == 0
    assert "reading layers" in err
    assert "2/2" in err


def test_the_time_left_is_what_the_pace_so_far_comes_to():
    now = [0.0]
    pace = Pace(lambda: now[0])
    # A step of 2,000 kilobytes, 10 of them a second, of which the first 100 were done at its beginning.
    assert pace.words("measuring", 100, 2000) == "5 %"
    now[0] = 4.0
    assert pace.words("measuring", 140, 2000) == "7 %"  # too early to say
    now[0] = 40.0
    assert pace.seconds_left("measuring", 500, 2000) == 150.0
    assert pace.words("measuring", 500, 2000) == "25 %, time left: about 2 min"
    now[0] = 185.0
    assert pace.words("measuring", 1950, 2000) == "97 %, time left: about 5 s"
    assert pace.words("writing", 0, 0) == ""
    assert pace.words("reading", 3, 7) == "3/7"
    now[0] += 3600.0
    assert pace.words("reading", 4, 7) == "4/7, time left: about 3 h 0 min"


def test_long_steps_say_now_and_then_how_long_they_take(capsys):
    now = [0.0]
    progress = _lines(lambda: now[0])
    for second in range(101):
        now[0] = float(second)
        progress("measuring ranges", second, 100)
    assert capsys.readouterr().err.splitlines() == [
        "measuring ranges …",
        "measuring ranges: 5/100, time left: about 2 min",
        "measuring ranges: 35/100, time left: about 1 min",
        "measuring ranges: 65/100, time left: about 35 s",
        "measuring ranges: 95/100, time left: about 5 s",
    ]


def test_progress_and_time_left_are_told_in_the_first_language_of_the_round(capsys, monkeypatch):
    """Every unit of time: seconds, minutes, hours; a step that nobody translated is called as it is."""
    now = [0.0]
    monkeypatch.setattr("cami_units.cli._terminal.language", lambda: "ru")
    progress = _lines(lambda: now[0])
    for second, number in ((0, 0), (35, 5), (40, 30), (3600, 31)):
        now[0] = float(second)
        progress("measuring ranges", number, 100)
        progress("a step of a later version", 0, 0)
    lines = capsys.readouterr().err.splitlines()
    assert lines[1] == "a step of a later version …"
    assert lines[2] == "измерение ареалов: 5/100, осталось примерно 11 мин"
    assert lines[3] == "измерение ареалов: 31/100, осталось примерно 2 ч 14 мин"
    pace = Pace(lambda: now[0])
    pace.words("reading", 0, 10)
    now[0] += 10
    assert pace.words("reading", 5, 10, "ru") == "5/10, осталось примерно 10 с"


# -- assess ---------------------------------------------------------------------------------------


def an_assessment() -> pd.DataFrame:
    rows = [
        ("H01", "proposed CU", "G1", True, 2.0, "Two states."),
        ("H01", "proposed CU", "C1", True, 3.0, "Three species."),
        ("H01", "proposed CU", "C6", False, 3.0, "Hardly a fence."),
        ("普氏", "not proposed", "G1", False, 1.0, "Only in KZ."),
        ("普氏", "not proposed", "C1", None, None, "No ranges."),
        ("普氏", "not proposed", "C6", True, 50.0, "Fenced."),
    ]
    names = ["site", "decision", "criterion", "met", "value", "because"]
    table = pd.DataFrame(rows, columns=names).assign(unit="x", threshold=1.0)
    return table.astype({"met": "boolean"})


def test_assess_prints_a_line_a_site_and_why(run, house, tmp_path):
    seen = {}

    def assess(path, plan, *, progress, cache):
        seen.update(path=path, plan=plan)
        return an_assessment()

    house.commands.assess = assess
    code, out, _ = run("assess", "drawn.kml", "p.toml", "--out", tmp_path / "new")
    assert code == 0
    assert seen == {"path": Path("drawn.kml"), "plan": ("the plan of", Path("p.toml"))}
    lines = out.splitlines()
    assert lines[:3] == [
        "site  decision      G1  C1  C6",
        "H01   proposed CU   ✓   ✓   ○",
        "普氏  not proposed  ✗   ?   ●",
    ]
    assert "  ✗ G1  Only in KZ." in lines
    assert "  ? C1  No ranges." in lines  # what nobody has looked at may be what decides
    assert "Hardly a fence." not in out  # H01 is proposed: nothing to explain
    assert "2 sites: not proposed (1), proposed CU (1)" in lines
    assert lines[-1] == f"Every number, with its evidence: {tmp_path / 'new' / 'assessment.csv'}"
    written = pd.read_csv(tmp_path / "new" / "assessment.csv")
    assert written["site"].tolist() == ["H01"] * 3 + ["普氏"] * 3


def test_assess_speaks_the_first_language_of_its_plan(run, house, tmp_path, monkeypatch):
    monkeypatch.setattr("cami_units.cli._round_commands.language", lambda: "ru")
    table = an_assessment().assign(because="Потому.", site=["А"] * 3 + ["Б"] * 3)
    house.commands.assess = lambda path, plan, *, progress, cache: table
    _, out, _ = run("assess", "drawn.kml", "p.toml", "--out", tmp_path)
    assert "2 участка: не предлагается (1), предлагаемая единица (1)" in out
    assert "✓ выполнено   ✗ не выполнено" in out
    assert latin(out) == []


def test_assess_says_everything_when_asked(run, house, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    house.commands.assess = lambda path, plan, *, progress, cache: an_assessment()
    _, out, _ = run("assess", "x.kml", "-v")
    assert "  ○ C6  Hardly a fence." in out
    assert "  ? C1  No ranges." in out
    assert (tmp_path / "assessment.csv").exists()
    assert run("assess", "x.kml", "-q") == (0, "", "")


def test_assess_says_what_was_noticed_in_the_file(run, house, tmp_path):
    table = an_assessment()
    table.attrs["problems"] = (Problem("counted", "sites", "x.kml", "a", "closed a ring", "Look."),)
    house.commands.assess = lambda path, plan, *, progress, cache: table
    _, out, _ = run("assess", "x.kml", "--out", tmp_path)
    assert out.startswith("  ! closed a ring (x.kml, a)\n      → Look.\n")


def test_assess_of_no_site(run, house, tmp_path):
    house.commands.assess = lambda path, plan, *, progress, cache: an_assessment().iloc[:0]
    code, out, _ = run("assess", "x.kml", "--out", tmp_path)
    assert code == 0
    assert "There is no site in this file." in out


# -- check ----------------------------------------------------------------------------------------

SOURCES = (
    {"layer": "ranges", "file": "a.shp", "rows": 5, "kept": 3, "dropped": 2, "repaired": 0},
    {"layer": "hotspots", "file": "h.kml", "rows": 2, "kept": 2},
)
COUNTED = Problem("counted", "ranges", "a.shp", "rows 1, 2", "presence 5", "Nothing to do.")
REFUSED = Problem("refuses", "hotspots", "h.kml", "", "no CRS", '[crs]\nhotspots = "EPSG:4326"')


def test_check_groups_what_it_found_by_layer_with_the_cure(run, house):
    house.commands.check = lambda plan, *, progress: ((REFUSED, COUNTED), SOURCES)
    code, out, err = run("check", "p.toml")
    assert code == 1
    assert out.splitlines() == [
        "ranges",
        "  ✓ a.shp: 5 rows, 3 kept, 2 dropped",
        "  ! presence 5 (a.shp, rows 1, 2)",
        "      → Nothing to do.",
        "hotspots",
        "  ✗ h.kml: 2 rows, 2 kept",
        "  ✗ no CRS (h.kml)",
        "      → [crs]",
        '      hotspots = "EPSG:4326"',
    ]
    assert "1 problem to mend before anything can be computed." in err


def test_check_of_sound_layers_names_the_next_command(run, house):
    house.commands.check = lambda plan, *, progress: ((COUNTED,), SOURCES)
    code, out, _ = run("check", "p.toml")
    assert code == 0
    assert out.splitlines()[-1] == "Ready. Next: cami-units propose p.toml"
    assert run("check")[1].splitlines()[-1] == "Ready. Next: cami-units propose"
    # a plan that lies elsewhere: its round belongs beside it, wherever the command is typed
    told = run("check", "w/p.toml")[1].splitlines()[-1]
    assert told == "Ready. Next: cami-units propose w/p.toml --out w/rounds/00-proposal"
    assert run("check", "-q") == (0, "", "")


def test_check_when_quiet_still_says_what_refuses(run, house):
    house.commands.check = lambda plan, *, progress: ((REFUSED, COUNTED), SOURCES)
    code, out, err = run("check", "-q")
    assert (code, out) == (1, "")
    assert "no CRS" in err
    assert "presence 5" not in err


def test_what_is_far_too_long_is_shortened_on_the_terminal_and_paths_are_not(capsys):
    label = "ж" * 5_000
    say(f"  ! {label} lies in the sea")
    say_rows((label, "S1"), ("a", "S2"))
    say_rows((Path("a" * 300),))
    told, first, second, path = capsys.readouterr().out.splitlines()
    assert len(told) < 800
    assert told.startswith("  ! жжж")
    assert told.endswith("жж lies in the sea")  # what is said of it stays
    assert "…" in told
    assert (len(first), first[-6:]) == (106, "ж…  S1")
    assert second.endswith("S2")
    assert path == "  " + "a" * 300


# -- init and lint --------------------------------------------------------------------------------


def test_init_names_what_it_made_and_what_comes_next(run, house, tmp_path):
    house.commands.init = lambda directory, lang="": [
        directory / "plan.toml",
        directory / "README.md",
    ]
    code, out, _ = run("init", tmp_path / "w")
    assert code == 0
    assert f"  {tmp_path / 'w' / 'plan.toml'}" in out.splitlines()
    assert f"cami-units propose {tmp_path / 'w' / 'plan.toml'}" in out


def test_commands_to_paste_have_a_path_with_blanks_and_quotes_as_one_word(run, house, tmp_path):
    house.commands.init = lambda directory, lang="": [directory / "plan.toml"]
    folder = tmp_path / "пап ка" / "it's"
    _, out, _ = run("init", folder)
    pasted = [line for line in out.splitlines() if line.startswith("  cami-units")]
    assert [shlex.split(line)[1:] for line in pasted] == [
        ["check", str(folder / "plan.toml")],
        ["propose", str(folder / "plan.toml"), "--out", str(folder / "rounds" / "00-proposal")],
    ]


def lint_table(*rows: tuple) -> pd.DataFrame:
    names = ["level", "rule", "placemark", "folder", "line", "what", "cure"]
    table = pd.DataFrame(rows, columns=names)
    table.attrs["profile"] = "earth-web"
    return table


def test_lint_says_each_fault_with_its_place_and_cure(run, house):
    found = {
        "good.kml": lint_table(),
        "odd.kml": lint_table(("warning", "budget", None, None, 0, "12 MB", "Simplify.")),
        "bad.kmz": lint_table(
            ("error", "closed rings", HOSTILE, "A/B", 12, "a ring is open", "Close it."),
            ("warning", "names", "x", "", pd.NA, "a name is long", ""),
        ),
    }
    seen = []

    def lint_kml(path, *, profile, lang):
        assert lang == "en"
        seen.append(profile)
        if path.name == "none.kml":
            raise InputError("There is no file none.kml.")
        return found[path.name]

    house.kml.lint_kml = lint_kml
    code, out, _ = run(
        "lint", "good.kml", "odd.kml", "bad.kmz", "none.kml", "--profile", "earth-web"
    )
    assert code == 1
    assert set(seen) == {"earth-web"}
    assert out.splitlines() == [
        "✓ good.kml: fit for earth-web",
        "! odd.kml: 0 errors, 1 warning for earth-web",
        "  ! budget: 12 MB",
        "      → Simplify.",
        "✗ bad.kmz: 1 error, 1 warning for earth-web",
        "  ✗ closed rings: a ring is open "
        "(placemark '[31m[bold]x[/] ✓ fake line', folder 'A/B', line 12)",
        "      → Close it.",
        "  ! names: a name is long (placemark 'x')",
        "✗ none.kml",
        "    There is no file none.kml.",
    ]
    assert run("lint", "good.kml", "odd.kml", "-q") == (0, "", "")
    assert run("lint", "bad.kmz", "-q")[0] == 1


def test_lint_takes_the_files_of_a_folder_by_name(run, house, tmp_path):
    """However deep they lie, and whatever else is there; a folder without one is told as that."""
    folder = tmp_path / "round"
    (folder / "in").mkdir(parents=True)
    for name in ("in/a.KMZ", "b.kml", "units.csv"):
        (folder / name).touch()
    seen = []

    def lint_kml(path, *, profile, lang):
        seen.append(path)
        return lint_table()

    house.kml.lint_kml = lint_kml
    assert run("lint", folder)[0] == 0
    assert seen == [folder / "b.kml", folder / "in" / "a.KMZ"]
    (tmp_path / "empty").mkdir()
    code, out, _ = run("lint", tmp_path / "empty")
    assert (code, len(seen)) == (1, 2)
    assert "empty is a folder without a KML or KMZ: name files" in " ".join(out.split())


def test_lint_speaks_the_language_of_the_plan_above_a_file(run, tmp_path):
    """However deep the file lies; where no plan is, or none that can be read, in English."""
    folder = tmp_path / "ws" / "handed-in" / "S1"
    folder.mkdir(parents=True)
    (folder / "a.kml").write_bytes(b"")
    assert "a.kml is empty (0 bytes)" in run("lint", folder / "a.kml")[1]
    plan = tmp_path / "ws" / "plan.toml"
    plan.write_text('title = "T"\ndate = "2026-11-22"\n[output]\nlanguages = ["ru"]\n')
    _, out, _ = run("lint", folder / "a.kml", folder / "none.kml")
    assert "1 ошибка, 0 предупреждений для earth-pro" in out
    assert "a.kml пуст" in out
    assert "none.kml: такого файла нет" in out
    plan.write_text("languages = ")
    assert "a.kml is empty (0 bytes)" in run("lint", folder / "a.kml")[1]


# -- other terminals ------------------------------------------------------------------------------


def test_a_code_page_without_cyrillic_does_not_stop_anything():
    script = (
        "from cami_units import cli\n"
        "try: cli.main(['--version'])\n"
        "except SystemExit: cli._terminal.say('✓ Устюрт 普氏')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert "✓ Устюрт 普氏" in done.stdout.decode("utf-8")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_kill_in_the_middle_of_assess_leaves_the_old_file(tmp_path):
    (tmp_path / "assessment.csv").write_text("old")
    script = (
        "import sys, time; from pathlib import Path; from cami_units import store\n"
        "def slow(path):\n"
        "    path.write_text('half'); print('now', flush=True); time.sleep(60)\n"
        "store.write_atomically(Path(sys.argv[1]) / 'assessment.csv', slow)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE
    ) as running:
        assert running.stdout.readline().strip() == b"now"
        running.kill()
    assert (tmp_path / "assessment.csv").read_text() == "old"
