"""The documents say what the program does: links, commands, numbers, columns, examples."""

from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
import re
import shlex
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pyogrio
import pytest

import cami_units
from cami_units import delineate, model, store, words
from cami_units.commands.propose import propose
from cami_units.kml._marks import earth_key
from cami_units.layers import read_overrides
from cami_units.plan import read_plan
from cami_units.words.unit_card import CARD_FIELDS, unit_cards

CHECKOUT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    [
        *CHECKOUT.glob("*.md"),
        *(CHECKOUT / "docs").glob("*.md"),
        *(CHECKOUT / "benchmarks").glob("*.md"),
        CHECKOUT / "data" / "README.md",
    ]
)
MODULES = sorted(
    module.name for module in pkgutil.walk_packages(cami_units.__path__, "cami_units.")
)

pages = pytest.mark.parametrize(
    "page", PAGES, ids=[path.relative_to(CHECKOUT).as_posix() for path in PAGES]
)


def text_of(name: str) -> str:
    return (CHECKOUT / name).read_text(encoding="utf-8")


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


# -- links and pictures ---------------------------------------------------------------------------


def anchors(text: str) -> set[str]:
    """The anchors of a page, as GitHub makes them: lower case, no punctuation, hyphens for spaces."""
    headings = re.findall(r"^#+ +(.+)$", without_code(text), flags=re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


def links(text: str) -> list[str]:
    return re.findall(r"\]\(([^()\s]+(?:\([^()]*\))?[^()\s]*)\)", without_code(text))


@pages
def test_links_and_pictures_lead_somewhere(page):
    astray = []
    for link in links(page.read_text(encoding="utf-8")):
        if re.match(r"https?://", link):
            continue
        file, _, anchor = link.partition("#")
        target = page if not file else (page.parent / file).resolve()
        there = target.exists() and target.is_relative_to(CHECKOUT)
        if not there or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            astray.append(link)
    assert astray == []


def test_every_page_of_the_documentation_can_be_reached_from_the_readme():
    reached, ahead = set(), [CHECKOUT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in reached:
            continue
        reached.add(page)
        targets = [link.partition("#")[0] for link in links(page.read_text(encoding="utf-8"))]
        ahead += [
            (page.parent / target).resolve()
            for target in targets
            if target.endswith(".md") and not target.startswith("http")
        ]
    assert set(PAGES) <= reached


def test_pictures_are_light():
    pictures = sorted((CHECKOUT / "docs" / "images").iterdir())
    assert pictures
    for picture in pictures:
        begin = picture.read_bytes()[:8]
        drawn = picture.suffix == ".svg" and begin.startswith((b"<svg", b"<?xml"))
        assert drawn or begin == b"\x89PNG\r\n\x1a\n", picture.name
        assert picture.stat().st_size <= 300_000, picture.name


@pages
def test_no_page_knows_the_machine_it_was_written_on(page):
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"(?<![\w.>/)-])/(?:work|tmp|home|root|mnt|opt|Users)/\S*", text) == []
    assert re.findall(r"[A-Za-z]:\\\S*", text) == []


# -- commands -------------------------------------------------------------------------------------


def command_lines(text: str) -> list[str]:
    """Every line of a code block, and every stretch of code in the prose, that is a command."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    lines = [
        line.strip()
        for language, block in blocks
        if language in {"", "sh", "bat", "console"}
        for line in block.splitlines()
    ]
    inline = re.findall(r"`([^`]+)`", without_code(text))
    return [" ".join(line.split("#")[0].split()) for line in [*lines, *inline]]


def test_every_command_of_ours_in_the_documents_exists_with_its_options():
    import typer

    from cami_units.cli import app

    group: Any = typer.main.get_command(app)
    seen = set()
    for page in PAGES:
        for line in command_lines(page.read_text(encoding="utf-8")):
            found = re.match(r"(?:\.venv[/\\]\w+[/\\])?cami-units (\S.*)$", line)
            if not found:
                continue
            name, *arguments = shlex.split(found.group(1))
            if name.startswith("-"):
                continue
            assert name in group.commands, f"{page.name}: {line}"
            command = group.commands[name]
            options = {option for one in command.params for option in one.opts}
            given = {word.split("=")[0] for word in arguments if word.startswith("-")}
            assert given <= options | {"-h", "--help"}, f"{page.name}: {line}"
            if arguments:  # typed in full: it must be accepted as it stands (nothing is run)
                command.make_context(name, list(arguments))
            seen.add(name)
    assert seen == set(group.commands)


WORKSHOP = CHECKOUT / "docs" / "workshop.md"


def test_the_three_commands_are_on_top_of_the_page_for_the_workshop():
    top = section(WORKSHOP.read_text(encoding="utf-8"), "Three commands at lunch")
    assert re.findall(r"^\| \*\*(\d)\*\* \| (?:`cami-units (\w+))?", top, flags=re.MULTILINE) == [
        ("1", "collect"),
        ("2", ""),  # the first one again, with --force
        ("3", "plenary"),
    ]


def test_the_round_trip_in_the_readme_is_that_of_the_page():
    told = section(text_of("README.md"), "The round trip")
    short = [one for one in command_lines(told) if one.startswith("cami-units ")]
    assert len(short) == 7
    assert set(short) <= set(command_lines(WORKSHOP.read_text(encoding="utf-8")))


@pytest.mark.slow
def test_the_page_for_the_workshop_works_as_it_stands(tmp_path, monkeypatch):
    """Typed in order into an empty folder, by somebody who has nothing but the page."""
    from typer.testing import CliRunner

    from cami_units.cli import app

    monkeypatch.syspath_prepend(str(CHECKOUT / "scripts"))
    play_groups = importlib.import_module("play_groups")
    monkeypatch.chdir(tmp_path)
    page = WORKSHOP.read_text(encoding="utf-8")
    said = []
    for block in re.finditer(r"^```(\w+)\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL):
        language, text = block.groups()
        named = re.findall(r"`([\w./-]+\.csv)`", page[: block.start()])
        if language == "toml":
            with Path("plan.toml").open("a", encoding="utf-8") as plan:
                plan.write(f"\n{text}")
        elif language == "text" and Path("rounds/01-collected", named[-1]).is_file():
            # What a program says: it says so.
            shown = Path("rounds/01-collected", named[-1]).read_text(encoding="utf-8-sig")
            assert shown.splitlines() == text.splitlines()
        elif language == "text":
            Path(named[-1]).write_text(text, encoding="utf-8")
        for line in text.splitlines() if language == "console" else ():
            command, *arguments = shlex.split(line)
            if command == "cd":
                monkeypatch.chdir(arguments[0])
                continue
            if "handed-in" in arguments and not Path("handed-in").exists():
                play_groups.handed_in(Path("rounds/pack"), Path("handed-in"))
                assert len(list(Path("handed-in").iterdir())) == 10
            done = CliRunner().invoke(app, arguments)
            assert done.exit_code == 0, f"{line}\n{done.output}"
            said.append((line, done.output))
    assert len(read_overrides("overrides.csv")) == 1
    # Every file that the page promises is there.
    later = Path("rounds/01-collected")
    told_of = page.partition("## When something is wrong")[0]
    promised = set(re.findall(r"`([\w./-]+\.\w{3,4})`", told_of))
    promised -= {"overrides.csv", "google-earth.md"}
    # somebody types the table of resolutions, under one name or another
    promised = {name for name in promised if "resolutions" not in name.lower()}
    # A group saves the one on its drawing page; the other is of a programme with states.
    promised -= {"edit_S3.kml", "implementation.html"}
    promised -= {"board-order.csv"}  # the desk keeps it, once somebody dragged a unit there
    places = [Path(), later, later / "plenary", Path("rounds/pack/S3"), Path("rounds/pack")]
    assert [
        name for name in sorted(promised) if not any((place / name).is_file() for place in places)
    ] == []
    told = dict(said)
    assert "CU-001: S1 and S2 changed it differently → Keep S2 · S2 has the newer survey" in next(
        output for line, output in said if line.endswith("--force")
    )
    assert "wants timeframe" in told["cami-units activities rounds/01-collected handed-in"]
    board = (later / "plenary" / "board.html").read_text(encoding="utf-8")
    assert "plenary-agreed" in board
    assert "await the national focal point" in board
    units = pyogrio.read_dataframe(later / store.GEOPACKAGE, layer="conservation_units")
    status = dict(zip(units["unit_id"], units["status"], strict=True))
    assert [status[f"CU-00{n}"] for n in (2, 3, 5)] == [
        *("adopted", "plenary-agreed", "working-group proposal")
    ]
    moves = (later / "activities_log.csv").read_text(encoding="utf-8")
    assert "S1-001,move,unit_id,CU-001,general,plenary,recurs everywhere" in moves
    assert "S1-001,back,unit_id,general,CU-001,plenary,differs in the west" in moves


DAY = [CHECKOUT / "docs" / name for name in ("workshop-day.md", "workshop-day.ru.md")]


def day_commands(page: Path) -> list[list[str]]:
    """The commands of a page for the day that are typed in full: with what they are about."""
    lines = [
        line for line in command_lines(page.read_text(encoding="utf-8")) if "my-workshop" in line
    ]
    return [shlex.split(line)[1:] for line in lines if line.startswith("cami-units ")]


def test_the_page_for_the_day_says_the_same_commands_in_both_languages():
    def without_reasons(page: Path) -> list[list[str]]:
        return [[word for word in command if " " not in word] for command in day_commands(page)]

    english, russian = map(without_reasons, DAY)
    assert len(english) >= 12
    assert english == russian


@pytest.mark.slow
def test_the_page_for_the_day_works_as_it_stands(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from cami_units.cli import app

    monkeypatch.syspath_prepend(str(CHECKOUT / "scripts"))
    play_groups = importlib.import_module("play_groups")
    monkeypatch.chdir(tmp_path)
    handed_in = Path("my-workshop/handed-in")
    said = {}
    for command in day_commands(DAY[0]):
        if command[0] in {"desk", "sensitivity"}:  # the one ends never, the other has its own tests
            continue
        if str(handed_in) in command and not handed_in.exists():
            play_groups.handed_in(Path("my-workshop/rounds/pack"), handed_in)
        for word in command:
            if word.endswith("_late.kmz"):
                shutil.copyfile(handed_in / "edit_S1.kmz", word)
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0, f"{command}\n{done.output}"
        said[command[0]] = done.output
    # the forms were found, and not the activities of the demonstration
    assert "activities_example" not in said["activities"]


def test_every_make_target_in_the_documents_exists():
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), flags=re.MULTILINE))
    named = {
        found.group(1)
        for page in PAGES
        for line in command_lines(page.read_text(encoding="utf-8"))
        if (found := re.match(r"make ([a-z-]+)$", line))
    }
    assert {"demo", "test"} <= named <= targets


def test_scripts_in_the_documents_exist():
    scripts = {
        word
        for page in PAGES
        for line in command_lines(page.read_text(encoding="utf-8"))
        for word in line.split()
        if re.fullmatch(r"(?:scripts|tests|benchmarks)/\S+\.py", word)
    }
    assert {"scripts/make_pictures.py", "scripts/build_data.py"} <= scripts
    assert [script for script in scripts if not (CHECKOUT / script).is_file()] == []


def test_every_benchmark_that_writes_into_the_page_finds_its_marks():
    sources = (CHECKOUT / "benchmarks").glob("*.py")
    parts = {
        part
        for source in sources
        for part in re.findall(r'\bwritten\("([^"]+)"', source.read_text(encoding="utf-8"))
    }
    page = text_of("docs/performance.md")
    assert parts == set(re.findall(r"<!-- (.+?): begin -->\n", page))
    assert parts == set(re.findall(r"\n<!-- (.+?): end -->", page))


def test_the_plan_in_the_readme_is_a_plan(tmp_path):
    block = re.search(r"^```toml\n(.*?)^```", text_of("README.md"), re.MULTILINE | re.DOTALL)
    assert block is not None
    (tmp_path / "plan.toml").write_text(block.group(1), encoding="utf-8")
    plan = read_plan(tmp_path / "plan.toml")
    assert plan.sources["ranges"]
    assert plan.sources["hotspots"]
    assert plan.sources["barriers"] is None  # left out: the bundled one


def test_the_python_in_the_documents_compiles_and_names_what_we_promise():
    blocks = [
        block
        for page in PAGES
        for block in re.findall(
            r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        )
    ]
    assert blocks
    for block in blocks:
        compile(block, "documents", "exec")
        assert set(re.findall(r"\bcu\.(\w+)", block)) <= set(cami_units.__all__)


def test_every_room_is_in_the_plan_of_the_house():
    rooms = {name.split(".")[1] for name in MODULES} - {"__main__"}
    listed = re.findall(r"^\| `(\w+)` \|", text_of("CONTRIBUTING.md"), flags=re.MULTILINE)
    assert rooms <= set(listed)
    assert len(listed) == len(set(listed))


# -- the method and its numbers -------------------------------------------------------------------

CRITERIA_TOML = tomllib.loads((CHECKOUT / "data" / "criteria.toml").read_text(encoding="utf-8"))
RULES = {name: table for name, table in CRITERIA_TOML.items() if isinstance(table, dict)}


def in_words(value: Any) -> str:
    """A value of `criteria.toml` as the table of the method writes it."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {number:g}" for key, number in value.items())
    if isinstance(value, list):
        return ", ".join(value)
    return value if isinstance(value, str) else f"{value:g}"


def section(text: str, heading: str) -> str:
    """A section of a page, up to the next heading of its level or above."""
    found = re.search(
        rf"^(#+) {heading}.*?$(.*?)(?=^#{{1,9}} |\Z)", text, flags=re.MULTILINE | re.DOTALL
    )
    assert found, heading
    return found.group(2)


def in_one_line(text: str) -> str:
    """A text wherever its lines break."""
    return " ".join(text.split())


def test_the_method_lists_every_number_of_the_profile_and_no_other():
    listed = dict(
        re.findall(r"^\| `([\w.]+)` \| (.+?) \|", text_of("docs/method.md"), flags=re.MULTILINE)
    )
    written = {
        f"{table}.{key}": in_words(value)
        for table, rule in RULES.items()
        for key, value in rule.items()
    }
    assert listed == written


@pytest.mark.parametrize(
    ("heading", "table"),
    [
        ("When a species occurs", "occurrence"),
        *((name, name) for name in model.FINDINGS),
        ("The decision", "decision"),
        ("Value score, tiers, ranks", "score"),
        ("The score of a cell", "cells"),
    ],
)
def test_the_words_of_the_method_give_the_numbers_of_the_profile(heading, table):
    told = section(text_of("docs/method.md"), heading)
    numbers = set(re.findall(r"(?<![\w.,])\d+(?:\.\d+)?(?![\w,]\d)", told))
    for key, value in RULES[table].items():
        values = value.values() if isinstance(value, dict) else [value]
        for one in values:
            if isinstance(one, int | float) and one != 0:  # "below" is said in words
                assert f"{one:g}" in numbers, f"[{table}] {key} = {one:g}"


def test_the_method_gives_the_codes_and_the_growth_of_the_default_plan():
    method = text_of("docs/method.md")
    plan = read_plan(None)
    kept = re.findall(r"^\| (presence|origin) \| ([^|]+) \|", method, flags=re.MULTILINE)
    for column, told in kept:
        codes = tuple(int(code) for code in re.findall(r"\d", told))
        assert codes == getattr(plan.codes, column)
    assert "| seasonal | 1 to 5, all |" in method
    assert plan.codes.seasonal == (1, 2, 3, 4, 5)
    grown = in_one_line(section(method, "Growth"))
    for number in (f"{plan.units.reach_km:g} km", f"{plan.units.max_km2:,.0f} km²"):
        assert number in grown
    assert f"{plan.units.min_km2:,.0f} km²" in grown
    assert f"{delineate.HOTSPOT_GROWTH:g} times" in grown
    assert delineate.FAR_COST == 4
    assert "costs four" in grown
    assert delineate.CORE_QUANTILE == 0.95
    assert "deepest twentieth" in grown
    smoothed = in_one_line(section(method, "Smoothing"))
    assert f"squares of {delineate.PIXEL_KM:g} km" in smoothed
    assert f"{plan.units.max_vertices} vertices" in smoothed
    seeds = in_one_line(section(method, "Seeds"))
    assert delineate.SAME_LANDSCAPE == 0.5
    assert "at least half of the smaller one" in seeds
    reach = plan.units.reach_km
    assert f"{reach:g} km from every hotspot and {2 * reach:g} km from each other" in seeds
    assert f"within {reach / 2:g} km" in seeds
    cell = in_one_line(section(method, "The score of a cell"))
    assert f"side of {plan.study.cell_km:g} km" in cell
    assert f"within {plan.criteria.border_km:g} km in" in cell
    assert f"at least {delineate.CONFIRMED:g}, **reshapes**" in in_one_line(method)
    assert model.EQUAL_AREA.split(" +x_0")[0] in method


def test_a_disclaimer_is_in_the_readme_in_the_words_of_the_products():
    readme = re.sub(r"\s+", " ", text_of("README.md"))
    assert model.DISCLAIMER in readme
    assert "INDICATIVE" in readme
    assert "operational proxy criteria" in readme


# -- tables ---------------------------------------------------------------------------------------

TABLES_PAGE = text_of("docs/tables.md")


def documented(name: str) -> dict[str, str]:
    """Columns of a table in `docs/tables.md`, with the row of each."""
    told = section(TABLES_PAGE, f"`{name}`$")
    rows = re.findall(r"^\| `(\w+)`( ★)? \|(.*)$", told, flags=re.MULTILINE)
    if not rows:  # "with the same columns: `range_id` ★, `sci_name` …"
        rows = [(column, star, "") for column, star in re.findall(r"`(\w+)`( ★)?", told)][1:]
    return {column: f"{star}{rest}" for column, star, rest in rows}


@pytest.mark.parametrize("name", sorted(model.TABLES))
def test_every_column_that_a_table_promises_is_explained_with_its_key(name):
    columns = documented(name)
    promise = model.TABLES[name]
    assert set(promise.columns) <= set(columns)
    starred = {column for column, rest in columns.items() if rest.startswith(" ★")}
    assert starred == set(promise.key)


@pytest.fixture(scope="module")
def written_round(tmp_path_factory):
    """The demonstration on a coarse grid, as it is written: its columns do not hang on the grid."""
    folder = tmp_path_factory.mktemp("docs")
    plan = folder / "plan.toml"
    plan.write_text(
        'title = "Columns"\ndate = "2026-11-22"\n[study]\ncell_km = 150\n', encoding="utf-8"
    )
    made = propose(read_plan(plan))
    return store.write_round(made, folder / "round") / store.GEOPACKAGE


def test_every_column_of_a_round_is_explained_and_every_explained_one_is_there(written_round):
    layers = {
        str(name): set(pyogrio.read_info(written_round, layer=name)["fields"])
        for name, _ in pyogrio.list_layers(written_round)
        if name != "layer_styles"  # QGIS's own
    }
    told = {name: set(documented(name)) for name in layers}
    assert layers == told
    asked_for = {"ranges", "remarks", "context", "unit_context"}  # by `collect`, and by a plan
    asked_for |= {*model.RECORDS, "unit_records", "animal_crossings"}
    assert set(model.TABLES) - asked_for <= set(layers)


def test_the_keys_of_the_kmz_are_explained():
    first_cells = re.findall(r"^\| (`.+?`) \|", section(TABLES_PAGE, "The KMZ"), flags=re.MULTILINE)
    told = {key for cell in first_cells for key in re.findall(r"`(\w+)`", cell)}
    own = {
        "cu_id",
        "part",
        "rev",
        "geom_hash",
        "round",
        "section_id",
        "working_group",
        "n_countries",
    }
    tables = {
        "conservation_units": pd.DataFrame(
            {column: [1] for column in model.TABLES["conservation_units"].columns}
        ).assign(status="rejected", origin="new", species="a", rank_label="1"),
        "unit_criteria": pd.DataFrame(
            {"unit_id": 1, "criterion": ["C6", "C7"], "met": True, "value": 1}
        ),
        "unit_species": pd.DataFrame(
            {"unit_id": 1, "sci_name": ["b"], "role": "supporting", "range_share": 1.0}
        ),
        "sensitivity": pd.DataFrame(
            {
                "unit_id": [1],
                "label": "robust",
                "share_qualifying": 1,
                "runs": 9,
                "flips": "cell size",
            }
        ),
    }
    species = pd.DataFrame({"sci_name": ["a", "b"], "name_en": "A"})
    [card] = unit_cards(tables, species).to_dict("records")
    figures = {key for parts in card["parts"].values() for key in parts.values}
    fields = {
        earth_key(field) for field in CARD_FIELDS if field not in card["parts"] or field == "states"
    }
    assert told == own | figures | fields


# -- words ----------------------------------------------------------------------------------------


def test_the_glossary_speaks_the_words_of_the_products():
    rows = re.findall(
        r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", text_of("docs/glossary.md"), flags=re.MULTILINE
    )
    said = {(english.strip(), russian.strip()) for english, russian, _ in rows}
    assert {(words.text(status), words.text(status, "ru")) for status in model.STATUSES} <= said
    for english, russian, _ in rows:
        assert english.strip() == "--" or (english.strip("- ") and russian.strip("- "))
    terms = [english.strip().casefold() for english, _, _ in rows[2:]]
    for name in ("planning unit", "conservation unit, CU", "site", "feature", "range", "hotspot"):
        assert name.casefold() in terms


def test_what_was_not_tried_by_hand_is_said_until_it_was():
    tried = "| not yet tried |" not in text_of("docs/google-earth.md")
    for name in ("README.md", "docs/google-earth.md"):
        plain = re.sub(r"\s+", " ", text_of(name)).casefold()
        assert tried or "not yet tried in google earth" in plain or "yet been tried" in plain


def test_one_version_everywhere():
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    cited = re.search(r"^version: (\S+)$", text_of("CITATION.cff"), flags=re.MULTILINE)
    newest = re.search(r"^## (\d+\.\d+\.\d+)", text_of("CHANGELOG.md"), flags=re.MULTILINE)
    assert cited
    assert newest
    assert {project["version"], cited.group(1), newest.group(1)} == {cami_units.__version__}


def test_each_version_has_numbers_that_change():
    changelog = text_of("CHANGELOG.md")
    versions = re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]
    assert versions
    assert all("### Numbers that change" in version for version in versions)


@pages
def test_sources_are_cited_by_well_formed_dois(page):
    text = page.read_text(encoding="utf-8")
    shown = re.findall(r"\[doi:(10\.\S+?)\]\((\S+)\)", text)
    for doi, link in shown:
        plain = link.replace("%28", "(").replace("%29", ")").rstrip(")") + (
            ")" if doi.endswith(")") else ""
        )
        assert plain == f"https://doi.org/{doi}"


# -- examples in the code -------------------------------------------------------------------------


PROPOSE_FROM_NOTHING = ("cami_units.commands.assess", "cami_units.commands.propose")
"""Modules whose examples run the main job on the bundled layers."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name in PROPOSE_FROM_NOTHING else ())
        for name in MODULES
    ],
)
def test_the_examples_in_docstrings_are_right(name):
    module = importlib.import_module(name)
    with pd.option_context("display.width", 80, "display.max_columns", 20):
        result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def test_no_example_is_skipped_and_there_are_some():
    sources = sorted((CHECKOUT / "src").rglob("*.py"))
    docs = [
        ast.get_docstring(node) or ""
        for source in sources
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
    ]
    assert not any("+SKIP" in doc for doc in docs)
    assert sum(">>> " in doc for doc in docs) >= 10
