"""The documentation as a site: it builds strictly, nothing is fetched, every example holds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import cami_units
from cami_units import layers
from cami_units.commands.init import init
from cami_units.commands.propose import propose
from cami_units.commands.shown_round import public_layers
from cami_units.model import PlanError
from cami_units.plan import read_plan
from cami_units.words.unit_card import unit_cards

CHECKOUT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *(CHECKOUT / "docs").glob("*.md")]
)


def blocks(language: str) -> list[tuple[str, str]]:
    """Every code block of a language, with the page it stands on."""
    return [
        (page.name, block)
        for page in PAGES
        for said, block in re.findall(
            r"^```(\w*)\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.M | re.DOTALL
        )
        if said == language
    ]


# -- every code block -----------------------------------------------------------------------------


def test_every_language_of_a_code_block_is_one_that_is_tried():
    told = {
        said
        for page in PAGES
        for said in re.findall(r"^```(\w+)$", page.read_text(encoding="utf-8"), flags=re.M)
    }
    # shell lines are tried by test_docs, R by test_r; plain text and JSON are what a program says
    assert told <= {"sh", "bat", "console", "text", "python", "toml", "sql", "r", "json"}


@pytest.fixture(scope="module")
def at_hand(tmp_path_factory):
    """What the examples of the pages speak of: a workshop folder, and a round of it on coarse cells."""
    folder = tmp_path_factory.mktemp("pages")
    init(folder / "my-workshop")
    plan = folder / "my-workshop" / "plan.toml"
    text = plan.read_text(encoding="utf-8")
    plan.write_text(text.replace("cell_km = 25 ", "cell_km = 150 "), encoding="utf-8")
    done = propose(read_plan(plan))
    names = {
        "units": done.tables["conservation_units"],
        "cards": unit_cards(done.tables, done.tables["species"]),
        "imprint": done.imprint,
        "layers": public_layers(done),
    }
    return folder, names


@pytest.mark.slow
@pytest.mark.parametrize(("page", "code"), blocks("python"))
def test_python_runs(page, code, at_hand, monkeypatch):
    folder, names = at_hand
    monkeypatch.chdir(folder)
    exec(compile(code, page, "exec"), dict(names))


@pytest.mark.parametrize(("page", "code"), blocks("toml"))
def test_toml_is_a_part_of_a_plan_or_a_profile(page, code, tmp_path):
    said = tomllib.loads(code)
    if "further" in said:
        profile = (CHECKOUT / "data" / "criteria.toml").read_text(encoding="utf-8")
        (tmp_path / "criteria.toml").write_text(profile + "\n" + code, encoding="utf-8")
        code = '[criteria]\nprofile = "criteria.toml"\n'
    head = "".join(
        f'{key} = "{value}"\n'
        for key, value in (("title", "T"), ("date", "2026-11-22"))
        if key not in said
    )
    (tmp_path / "plan.toml").write_text(head + code, encoding="utf-8")
    try:
        read_plan(tmp_path / "plan.toml")
    except PlanError as error:
        pytest.fail(f"{page}: {error}")


@pytest.mark.parametrize(("page", "code"), blocks("sql"))
def test_sql_is_a_query_of_the_kind_that_is_read(page, code, tmp_path):
    (tmp_path / "ranges.sql").write_text(code, encoding="utf-8")
    # there is no such host: it gets as far as the driver or the network, and no further
    with pytest.raises(cami_units.InputError, match=r"the database says|not installed"):
        layers.read_ranges(tmp_path / "ranges.sql")


# -- the site -------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The links, pictures and scripts of a page, and what can be linked to in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = {key: value or "" for key, value in attrs}
        self.anchors |= {given[key] for key in ("id", "name") if key in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if "src" in given:
            self.loaded.append(given["src"])
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.append(given["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "http_proxy": "http://127.0.0.1:9"},
    )
    assert done.returncode == 0, done.stderr
    return {
        path.relative_to(folder).as_posix(): Page(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.html"))
    } | {"": folder}


@pytest.mark.slow
def test_every_page_is_there_and_nothing_is_fetched(site):
    made = {name for name in site if name}
    assert {path.stem + ".html" for path in (CHECKOUT / "docs").glob("*.md")} <= made
    assert {"index.html", "cli.html", "api.html", "contributing.html"} <= made
    for name in made:
        assert [one for one in site[name].loaded if re.match("(https?:)?//", one)] == [], name


@pytest.mark.slow
def test_every_link_and_picture_of_the_site_resolves(site):
    astray = []
    for name, page in site.items():
        for link in [*page.links, *page.loaded] if name and name != "404.html" else []:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            here = Path(name).parent / unquote(parts.path) if parts.path else Path(name)
            target = os.path.normpath(here)
            there = (site[""] / target).exists()
            if there and parts.fragment and target in site:
                there = unquote(parts.fragment) in site[target].anchors
            if not there:
                astray.append((name, link))
    assert astray == []


@pytest.mark.slow
def test_the_references_hold_every_command_and_every_public_name(site):
    text = (site[""] / "cli.html").read_text(encoding="utf-8")
    for command in ("propose", "assess", "check", "init", "lint"):
        assert f'id="{command}"' in text
    api = (site[""] / "api.html").read_text(encoding="utf-8")
    for name in cami_units.__all__:
        assert name == "__version__" or f"cu.{name}" in api, name
