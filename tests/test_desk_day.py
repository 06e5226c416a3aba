"""The whole day on the desk, in a browser, without a command: from a dropped file to the annex.

The region and the handed-in files are those of `tests/test_collect.py`. Afterwards the folder is
compared file by file with what the commands make of the same files.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.cookiejar
import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd
import pytest
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.by import By
from shapely.affinity import translate

from cami_units import store
from cami_units.commands.activities import activities
from cami_units.commands.annex import annex
from cami_units.commands.collect import collect, write_collected
from cami_units.commands.decide import ASKING, decide, decided_round
from cami_units.commands.init import init
from cami_units.commands.pack import pack
from cami_units.commands.round_files import write_proposal
from cami_units.documents.csv_tables import write_csv
from cami_units.documents.form_words import THEMES
from cami_units.kml import rehearsal as draw
from tests.browser import Page, chromium
from tests.test_collect import base, kmz, square, two_on_one

pytestmark = [pytest.mark.slow, pytest.mark.browser]

browser = pytest.fixture(scope="module")(chromium)

MOVED = translate(square("CU-012"), 0.3, 0)
PATIENCE = 300.0
RESOLVED = pd.DataFrame(
    [["CU-012", "S2", "S2 has the newer survey"]], columns=["unit_id", "resolution", "reason"]
)
ONLINE = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}


def sums(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder; what is kept to be quicker is nobody's result."""
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not (name := path.relative_to(folder).as_posix()).startswith(".cami")
    }


class Served:
    """The desk as a process of its own, as the command line starts it."""

    def __init__(self, workshop: Path, log: Path) -> None:
        self.workshop, self.log = workshop, log
        self.start()

    def start(self) -> None:
        program = (
            "import sys; from pathlib import Path; from cami_units.desk import serve;"
            "serve(Path(sys.argv[1]), browser=False,"
            " announce=lambda address: print(address, flush=True))"
        )
        begun = time.monotonic()
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", program, str(self.workshop)], stdout=out, stderr=out
            )
        while not self.log.read_text().startswith("http"):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() - begun < PATIENCE
            time.sleep(0.05)
        self.address = self.log.read_text().split()[0]
        self.home = self.address.split("/enter")[0]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    workshop = tmp_path / "workshop"
    init(workshop)
    write_proposal(base(), workshop / "rounds" / "00-proposal")
    desk = Served(workshop, tmp_path / "desk.log")
    yield desk
    desk.kill()


def enter(page: Page, desk: Served) -> None:
    # axe-core looks at each element of a page: minutes on a machine that has other work
    page.driver.set_script_timeout(PATIENCE)
    # The fixture cuts the network; the desk is on this machine.
    page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {**ONLINE})
    page.driver.get(desk.address)
    page.wait("return location.pathname === '/' && document.readyState === 'complete'")


def idle(page: Page, desk: Served) -> None:
    """Wait until the desk has nothing to do."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        state = page.driver.execute_async_script(
            "const done = arguments[0];"
            "fetch('/events?version=0').then((one) => one.json()).then(done, () => done(null));"
        )
        if state is not None:
            assert not [job for job in state["jobs"] if job["state"] in ("broken", "refused")], (
                state
            )
            if not state["jobs"]:
                return
        time.sleep(0.2)
    raise AssertionError(f"the desk is still busy: {state}")


def hand_in(page: Page, desk: Served, *files: Path) -> None:
    page.driver.get(desk.home + "/")
    page.driver.find_element(By.ID, "files").send_keys("\n".join(map(str, files)))
    page.wait("return document.querySelectorAll('tbody tr.waiting, tbody tr.read').length > 0")
    idle(page, desk)


def choose(page: Page, desk: Served, resolution: str, reason: str) -> None:
    page.driver.get(desk.home + "/settle")
    page.driver.find_element(By.NAME, "reason").send_keys(reason)
    page.driver.find_element(By.CSS_SELECTOR, f'button[value="{resolution}"]').click()
    page.wait("return document.querySelector('.conflict.settled') !== null")
    idle(page, desk)


def say(page: Page, desk: Served, unit: str, decision: str, reason: str) -> None:
    """Decide on a unit, and wait until the decision is on the disk."""
    page.driver.get(f"{desk.home}/board?unit={unit}")
    page.driver.find_element(By.NAME, "reason").send_keys(reason)
    page.driver.find_element(By.CSS_SELECTOR, f'#decide button[value="{decision}"]').click()
    log = desk.workshop / "rounds/01-collected/decisions.csv"
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        # For the blink of an eye between two renames there is no folder.
        if log.is_file() and f"{unit},01,{decision}," in log.read_text(encoding="utf-8"):
            return
        time.sleep(0.05)
    raise AssertionError(f"{unit} was not decided on")


def handed(tmp_path: Path) -> list[Path]:
    """Two groups, and one unit that both have drawn."""
    contents = {
        "edit_S1.kmz": kmz(draw.grown("CU-012", 0.9), draw.rejected("CU-010", "no animals")),
        "edit_S2.kmz": kmz(draw.drawn("CU-012 Place 012", MOVED, "2 "), group="S2"),
    }
    folder = tmp_path / "stick"
    folder.mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return sorted(folder.iterdir())


def test_a_day_without_a_command_gives_what_the_commands_give(served, browser, tmp_path):
    files = handed(tmp_path)
    enter(browser, served)
    browser.listen()
    browser.errors = []
    hand_in(browser, served, *files)
    choose(browser, served, "S2", "S2 has the newer survey")
    say(browser, served, "CU-001", "agree", "no objection")
    idle(browser, served)
    say(browser, served, "CU-002", "park", "ask the focal point")
    idle(browser, served)
    annexed = served.workshop / "rounds/01-collected/annex"
    press(browser, served, "/after", "annex", annexed.is_dir)
    browser.listen()
    assert browser.errors == []

    times = {
        row.split(",")[0]: row.split(",")[7]
        for row in (served.workshop / "rounds/01-collected/decisions.csv")
        .read_text()
        .splitlines()[1:]
    }
    twin = tmp_path / "twin"
    init(twin)
    write_proposal(base(), twin / "rounds" / "00-proposal")
    (twin / "handed-in").mkdir()
    for path in files:
        shutil.copy(path, twin / "handed-in")
    before = decided_round(twin / "rounds/00-proposal")
    for resolved in (False, True):
        if resolved:
            write_csv(twin / "handed-in/resolutions.csv", RESOLVED)
        collected = collect(
            [twin / "handed-in"],
            before,
            base_dir=twin / "rounds/00-proposal",
            pack=twin / "rounds/pack",
        )
        write_collected(collected, twin / "rounds/01-collected", force=resolved)
    late = twin / "rounds/01-collected"
    decide(late, "CU-001", "agree", reason="no objection", time=times["CU-001"])
    decide(late, "CU-002", "park", reason="ask the focal point", time=times["CU-002"])
    annex(late)
    assert sums(served.workshop) == sums(twin)


def test_killed_between_any_two_clicks_the_day_goes_on(served, browser, tmp_path):
    files = handed(tmp_path)
    enter(browser, served)
    browser.driver.get(served.home + "/")
    browser.driver.find_element(By.ID, "files").send_keys("\n".join(map(str, files)))
    browser.wait("return document.querySelectorAll('tbody tr').length === 2")

    def again() -> None:
        """Pull the plug, open the desk anew."""
        served.kill()
        served.start()
        enter(browser, served)
        idle(browser, served)

    again()  # while the first round was measured
    assert {path.name for path in (served.workshop / "handed-in").iterdir()} == {
        "edit_S1.kmz",
        "edit_S2.kmz",
    }
    browser.driver.get(served.home + "/settle")
    browser.driver.find_element(By.CSS_SELECTOR, 'button[value="S2"]').click()
    browser.wait("return document.querySelector('.conflict.settled') !== null")
    again()  # while it was measured again
    say(browser, served, "CU-001", "agree", "no objection")
    again()  # while the decision went into tables and maps
    say(browser, served, "CU-002", "reject", "no animals")
    again()
    round_ = served.workshop / "rounds/01-collected"
    shown = decided_round(round_).tables["conservation_units"].set_index("unit_id")
    assert shown.loc["CU-001", "status"] == "plenary-agreed"
    assert shown.loc["CU-002", "status"] == "rejected"
    left = [path for path in (served.workshop / "rounds").iterdir() if path.name.startswith(".")]
    assert left == []


@contextlib.contextmanager
def second_window(page: Page, address: str) -> Iterator[tuple[str, str]]:
    """One more window, at an address and in front, until the block ends; the names of both."""
    first = page.driver.current_window_handle
    page.driver.switch_to.new_window("window")
    second = page.driver.current_window_handle
    try:
        page.driver.get(address)
        yield first, second
    finally:
        page.driver.switch_to.window(second)
        page.driver.close()
        page.driver.switch_to.window(first)


def test_a_second_window_shows_the_decision(served, browser, tmp_path):
    enter(browser, served)
    hand_in(browser, served, *handed(tmp_path))
    with second_window(browser, served.home + "/screen") as (first, second):
        browser.driver.switch_to.window(first)
        say(browser, served, "CU-001", "agree", "no objection")
        browser.driver.switch_to.window(second)
        browser.wait("return document.getElementById('banner').textContent.includes('CU-001')")


def test_a_page_without_a_board_follows_the_day_after_a_decision(served, browser, tmp_path):
    """What is under way comes and goes on *After* too: it has no board to show the decision on."""
    enter(browser, served)
    hand_in(browser, served, *handed(tmp_path))
    with second_window(browser, served.home + "/after") as (first, second):
        # somebody types: the page is not fetched anew, which would hide that its script had stopped
        browser.run(
            "document.querySelector('[type=checkbox]').focus();"
            "window.shown = document.body.dataset.mark"
        )
        browser.driver.switch_to.window(first)
        say(browser, served, "CU-001", "agree", "no objection")
        idle(browser, served)
        browser.driver.switch_to.window(second)
        browser.wait("return window.shown && document.body.dataset.mark !== window.shown")
        browser.wait("return document.querySelectorAll('#jobs .job').length === 0")


def test_what_is_typed_outlives_a_page_that_is_fetched_anew(served, browser, tmp_path):
    """Another window settles, a second language is asked for, another unit is looked at: no word is gone.

    What was sent is not typed again into the page that answers.
    """
    enter(browser, served)
    hand_in(browser, served, *handed(tmp_path))
    reason = "return document.querySelector('form[method=post] [name=reason]').value"
    browser.driver.get(served.home + "/settle")
    browser.driver.find_element(By.NAME, "reason").send_keys("half a sen")
    browser.run("document.activeElement.blur(); window.first = true")
    with second_window(browser, served.home + "/") as (first, _):
        browser.driver.find_element(By.XPATH, "//form[@action='/collect']/button").click()
        idle(browser, served)
        browser.driver.switch_to.window(first)
        browser.wait("return !window.first && document.readyState === 'complete'", seconds=40)
        assert browser.run(reason) == "half a sen"
    browser.driver.get(served.home + "/board?unit=CU-001")
    browser.driver.find_element(By.NAME, "reason").send_keys("no objection")
    browser.driver.find_element(By.CSS_SELECTOR, "[name=lang][value=ru]").click()
    browser.wait("return document.documentElement.lang === 'ru'")
    assert browser.run(reason) == "no objection"
    browser.driver.find_element(By.CSS_SELECTOR, "[name=lang][value=en]").click()
    browser.wait("return document.documentElement.lang === 'en'")
    browser.driver.get(served.home + "/board?unit=CU-002")
    assert browser.run(reason) == ""
    browser.driver.get(served.home + "/board?unit=CU-001")
    assert browser.run(reason) == "no objection"
    browser.driver.find_element(By.CSS_SELECTOR, '#decide button[value="agree"]').click()
    browser.wait("return document.querySelector('.status').textContent.includes('agreed')")
    assert browser.run(reason) == ""


def test_what_is_typed_stays_in_the_workshop_where_it_was_typed(served, browser, tmp_path):
    """The desk of another workshop stands at the same address, in the same tab."""
    enter(browser, served)
    browser.driver.get(served.home + "/board?unit=CU-002")
    browser.driver.find_element(By.NAME, "reason").send_keys("no animals")
    served.kill()
    other = tmp_path / "other"
    init(other)
    write_proposal(base(), other / "rounds" / "00-proposal")
    first = served.workshop
    reason = "return document.querySelector('form[method=post] [name=reason]').value"
    for workshop, words in ((other, ""), (first, "no animals")):
        served.workshop = workshop
        address = served.home
        served.start()
        assert served.home == address
        enter(browser, served)
        browser.driver.get(served.home + "/board?unit=CU-002")
        assert browser.run(reason) == words
        served.kill()


def test_words_for_one_of_two_questions_on_a_unit_are_not_those_of_the_other(
    served, browser, tmp_path
):
    """S1 left CU-012 and edited a copy of it, S2 moves CU-012: two forms of one unit."""
    copied = kmz(draw.copied("CU-012", 0.1, 0.0))
    paths = []
    for name, content in {**two_on_one(), "edit_S1.kmz": copied}.items():
        paths.append(tmp_path / name)
        paths[-1].write_bytes(content)
    enter(browser, served)
    hand_in(browser, served, *paths)
    browser.driver.get(served.home + "/settle")
    said = browser.run("return document.querySelector('main').innerText")
    assert said.count("One answer settles all 2 questions on CU-012.") == 2
    assert browser.run("return document.querySelectorAll('#CU-012').length") == 1
    reasons = "return [...document.getElementsByName('reason')].map((field) => field.value)"
    browser.driver.find_element(By.NAME, "reason").send_keys("half a sen")
    browser.driver.find_element(By.CSS_SELECTOR, "[name=lang][value=ru]").click()
    browser.wait("return document.documentElement.lang === 'ru'")
    assert browser.run(reasons) == ["half a sen", ""]


def test_what_was_refused_or_never_arrived_is_still_typed_in_any_language(served, browser):
    """A merge that is asked for as an agreement is refused; a decision is sent while the desk is away."""
    enter(browser, served)
    browser.driver.get(served.home + "/board?unit=CU-002&order=group")
    browser.run("document.querySelector('#decide details').open = true")
    browser.driver.find_element(By.CSS_SELECTOR, '[name=into] [value="CU-001"]').click()
    browser.driver.find_element(By.NAME, "reason").send_keys("one place")
    browser.driver.find_element(By.CSS_SELECTOR, '#decide button[value="agree"]').click()
    browser.wait("return document.querySelector('.notice')")
    typed = "return ['unit', 'order', 'reason', 'into'].map((name) => decide.elements[name].value)"
    for lang in ("ru", "en"):
        browser.driver.find_element(By.CSS_SELECTOR, f"[name=lang][value={lang}]").click()
        browser.wait(f"return document.documentElement.lang === '{lang}'")
        assert browser.run(typed) == ["CU-002", "group", "one place", "CU-001"]
    assert browser.run("return document.querySelector('#decide details').open")
    browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {**ONLINE, "offline": True})
    browser.driver.find_element(By.CSS_SELECTOR, '#decide button[value="merge"]').click()
    browser.wait("return !document.getElementById('decide')")
    browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {**ONLINE})
    browser.driver.get(served.home + "/board?unit=CU-002&order=group")
    assert browser.run(typed) == ["CU-002", "group", "one place", "CU-001"]
    browser.driver.find_element(By.CSS_SELECTOR, '#decide button[value="merge"]').click()
    browser.wait("return document.querySelector('.status').textContent.includes('merged')")
    assert browser.run(typed) == ["CU-002", "group", "", ""]


@pytest.mark.skipif(os.name == "nt", reason="ports and processes as on Linux")
def test_only_this_machine_is_listened_to(served):
    listening = subprocess.run(
        [sys.executable, "-c", _LISTENING, str(served.process.pid)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert listening == ["127.0.0.1"]


_LISTENING = """
import pathlib, sys
sockets = {p.readlink().name for p in pathlib.Path(f"/proc/{sys.argv[1]}/fd").iterdir() if p.is_symlink()}
for table in ("tcp", "tcp6"):
    for line in pathlib.Path(f"/proc/{sys.argv[1]}/net/{table}").read_text().splitlines()[1:]:
        field = line.split()
        if field[3] == "0A" and f"socket:[{field[9]}]" in sockets:
            address = field[1].split(":")[0]
            print(".".join(str(int(address[i:i+2], 16)) for i in (6, 4, 2, 0)))
"""


def decide_by_click(page: Page, desk: Served, round_: Path, line: tuple) -> None:
    """One decision with real clicks: the unit in the list, the reason, names, the button."""
    unit, decision, options = line
    of_decision = f'form[action="/decide"] button[value="{decision}"]'

    def is_offered() -> bool:
        # a desk that has just started may still be at the board, and offers nothing until it is made
        page.driver.get(f"{desk.home}/board?unit={unit}")
        return bool(page.driver.find_elements(By.CSS_SELECTOR, of_decision))

    until(is_offered)
    if options or decision in ASKING:
        for folded in page.driver.find_elements(By.CSS_SELECTOR, "details:not([open]) > summary"):
            folded.click()
    button = page.driver.find_element(By.CSS_SELECTOR, of_decision)
    form = button.find_element(By.XPATH, "ancestor::form")
    form.find_element(By.NAME, "reason").send_keys("as said")
    for name, value in options.items():
        field = form.find_element(By.NAME, name)
        if field.tag_name == "select":
            field.find_element(By.CSS_SELECTOR, f'option[value="{value}"]').click()
        else:
            field.send_keys(value)
    button.click()
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        log = round_ / "decisions.csv"
        if log.is_file() and any(
            row.startswith(f"{unit},01,{decision},") for row in log.read_text("utf-8").splitlines()
        ):
            return
        time.sleep(0.05)
    raise AssertionError(f"{unit} was not decided on")


def until(is_so: Callable[[], bool]) -> None:
    """Wait until the disk says so: a click comes back before its work is done."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


GROUPS = {
    **{f"G{number}": f"S{number}" for number in range(1, 7)},
    "G7": "S3",
    "G8": "S5",
    "G9": "S1",
    "G10": "S6",
}
"""Ten groups for the six sections of the demonstration: four share one."""

FILLED_IN = (
    ("cell_km = 25 ", "cell_km = 50 "),  # quicker, and as much of a day
    ("# [workshop.groups]", "[workshop.groups]"),
    ('# G1 = ["S1", "S2"]', "".join(f'{g} = ["{s}"]\n' for g, s in GROUPS.items()) + "# "),
    ("# [workshop.languages]", "[workshop.languages]"),
    ('# G1 = "ru"', 'G2 = "ru"'),
)


def press(page: Page, desk: Served, path: str, button: str, is_made: Callable[[], bool]) -> None:
    """Click a button of a page, and wait until what it makes is there."""
    page.driver.get(desk.home + path)
    page.driver.find_element(By.CSS_SELECTOR, f'button[value="{button}"]').click()
    until(is_made)
    idle(page, desk)


def test_a_day_of_ten_groups_from_an_empty_folder_to_the_annex_in_russian(browser, tmp_path):
    """Without a command; then, file by file, the folder is what the commands make of the same day.

    Fourteen files, conflicts settled, eight decisions and one of them taken back, two more questions
    and the answer to one, a late file after them, activities, a session, the general section, the annex; killed twice on the way. What the
    commands are given: the files, the plan, the table of resolutions, and the times of the log.
    """
    monkey = pytest.MonkeyPatch()
    monkey.syspath_prepend(str(Path(__file__).parents[1] / "scripts"))
    play_groups = importlib.import_module("play_groups")
    monkey.undo()
    workshop, stick = tmp_path / "workshop", tmp_path / "stick"
    workshop.mkdir()
    rounds = workshop / "rounds"
    desk = Served(workshop, tmp_path / "desk.log")
    try:
        page = browser
        page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {**ONLINE})
        page.driver.get(desk.address)
        page.wait("return location.pathname === '/before' && document.readyState === 'complete'")
        page.driver.find_element(By.CSS_SELECTOR, '.languages button[value="ru"]').click()
        page.wait("return document.documentElement.lang === 'ru'")
        press(page, desk, "/before", "make_workshop", (workshop / "plan.toml").is_file)
        fill_in(workshop / "plan.toml")
        press(page, desk, "/before", "propose", (rounds / "00-proposal/manifest.json").is_file)
        press(page, desk, "/before", "hand_out", (rounds / "pack/pack.json").is_file)
        assert len(play_groups.handed_in(rounds / "pack", stick)) == 14
        hand_in(page, desk, *sorted(stick.iterdir()))
        first, second = rounds / "01-collected", rounds / "02-collected"
        until(first.is_dir)
        settle_first(page, desk)
        desk.kill()
        desk.start()
        enter(page, desk)
        idle(page, desk)
        decisions = plenary_says(first)
        for place, line in enumerate(decisions):
            decide_by_click(page, desk, first, line)
            if place == 3:  # the plug is pulled while the tables are being written
                desk.kill()
                desk.start()
                enter(page, desk)
        idle(page, desk)
        agreed = decisions[0][0]
        group = owners(first)[agreed]
        late = tmp_path / "late" / f"edit_{group}_late.kmz"
        late.parent.mkdir()
        handed = (rounds / f"pack/{group}/edit_{group}.kmz").read_bytes()
        late.write_bytes(draw.packed(doc__kml=draw.edited(handed, draw.grown(agreed, 0.5))))
        hand_in(page, desk, late)
        page.driver.get(desk.home + "/late")
        shown = page.run("return document.querySelector('main').innerText")
        assert agreed in shown
        assert "Оставить, как решено" in shown
        suggestions = second / "general_suggestions.csv"
        press(page, desk, "/after", "activities", suggestions.is_file)
        page.driver.get(desk.home + "/after")
        page.driver.find_element(By.CSS_SELECTOR, 'input[name="theme"]').click()
        page.driver.find_element(By.CSS_SELECTOR, 'form[action="/session"] button').click()
        until((second / "session").is_dir)
        idle(page, desk)
        press(page, desk, "/after", "annex", (second / "annex").is_dir)
        page.listen()
        assert [one for one in page.errors if "Failed to load resource" not in one] == []
    finally:
        desk.kill()

    twin = tmp_path / "twin"
    command(tmp_path, "init", twin, "--lang", "ru")
    fill_in(twin / "plan.toml")
    at = twin / "rounds"
    command(tmp_path, "propose", twin / "plan.toml", "--out", at / "00-proposal")
    command(tmp_path, "pack", at / "00-proposal")
    shutil.copytree(stick, twin / "handed-in")
    shutil.copy(workshop / "handed-in/resolutions.csv", twin / "handed-in")
    command(tmp_path, "collect", twin / "handed-in", "--base", at / "00-proposal")
    times = pd.read_csv(first / "decisions.csv", dtype=str)["time"]
    for (unit, decision, options), moment in zip(decisions, times, strict=True):
        given = [part for name, value in options.items() for part in (f"--{name}", value)]
        given = [part.replace("_", "-") if part.startswith("--") else part for part in given]
        said = ("--reason", "as said", "--by", "plenary", "--time", moment)
        command(tmp_path, "decide", at / "01-collected", unit, decision, *said, *given)
    shutil.copy(late, twin / "handed-in")
    command(tmp_path, "collect", twin / "handed-in" / late.name, "--base", at / "01-collected")
    command(tmp_path, "activities", at / "02-collected", twin / "handed-in")
    command(tmp_path, "activities", at / "02-collected", twin / "handed-in", "--session", THEMES[0])
    command(tmp_path, "annex", at / "02-collected")
    assert sums(workshop) == sums(twin)


def fill_in(plan: Path) -> None:
    """What a facilitator writes into the plan before the day."""
    text = plan.read_text(encoding="utf-8")
    for old, new in FILLED_IN:
        assert old in text, old
        text = text.replace(old, new)
    plan.write_text(text, encoding="utf-8", newline="\n")


def settle_first(page: Page, desk: Served) -> None:
    """Settle the first conflict for the second of its groups."""
    page.driver.get(desk.home + "/settle")
    form = page.driver.find_element(By.CSS_SELECTOR, ".conflict form")
    form.find_element(By.NAME, "reason").send_keys("the newer survey")
    form.find_elements(By.CSS_SELECTOR, 'button[name="resolution"]')[1].click()
    page.wait("return document.querySelector('.conflict.settled') !== null")
    idle(page, desk)


def plenary_says(round_: Path) -> list[tuple[str, str, dict[str, str]]]:
    """Lines, one of them taking another back; the first on a unit that all are agreed on.

    Of two more questions one is answered; the other goes along into the next round.
    """
    table = pd.read_csv(round_ / "conservation_units.csv", dtype=str)
    hidden = table["status"].isin(["rejected", "merged"])
    ids = list(table.loc[~hidden, "unit_id"])
    conflicts = pd.read_csv(round_ / "conflicts.csv", dtype=str)["unit_id"].str.split(";")
    contested, packed = set(conflicts.explode()), owners(round_)
    own = next(one for one in ids if one in packed and one not in contested)
    ids.remove(own)
    return [
        (own, "agree", {}),
        (ids[0], "agree", {"name_en": "Barskoon", "name_ru": "Барскоон"}),
        (ids[1], "agree-with-change", {}),
        (ids[2], "park", {}),
        (ids[3], "reject", {}),
        (ids[4], "merge", {"into": ids[5]}),
        (ids[6], "reject", {}),
        (ids[6], "undo", {}),
        (ids[7], "ask", {}),
        (own, "ask", {}),
        (ids[7], "agree", {}),
        (ids[7], "answer", {}),
    ]


def owners(round_: Path) -> dict[str, str]:
    """The group that each unit was given out to."""
    packed: dict = json.loads((round_.parent / "pack/pack.json").read_text("utf-8"))
    return packed["units"]


def command(home: Path, *arguments: object) -> None:
    """A command as it is typed."""
    done = subprocess.run(
        [sys.executable, "-m", "cami_units", "--quiet", *map(str, arguments)],
        cwd=home,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


ACTIVITIES = """activity_id,unit_id,theme,text,species,countries,priority,timeframe,status,\
moved_from,cost_band,funding_source,partner,source
A-1,CU-001,anti-poaching,Joint patrols on the border,,,,,proposed,,,,,S1
A-2,CU-002,anti-poaching,Joint patrols on the border,,,,,proposed,,,,,S1
A-3,CU-005,finance,A fund for herders,,,,,proposed,,,,,S3
"""


# -- the plug pulled after every click -------------------------------------------------------------


class Clicks:
    """The clicks of a day as a browser sends them, without the browser; the plug is pulled after each."""

    def __init__(self, desk: Served) -> None:
        self.desk = desk
        self.opened()

    def opened(self) -> None:
        """Come in by the address of the terminal."""
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.browser = urllib.request.build_opener(jar)
        self.browser.open(self.desk.address, timeout=PATIENCE).read()

    def page(self, path: str) -> str:
        with self.browser.open(self.desk.home + path, timeout=PATIENCE) as answer:
            return answer.read().decode()

    def seen(self, path: str, near: str = "") -> str:
        """The mark of what a page shows."""
        return re.search(rf'{near}.*?name="seen" value="([^"]*)"', self.page(path), re.S)[1]

    def click(
        self, path: str, fields: dict, files: Sequence[Path] = (), field: str = "files"
    ) -> None:
        """Send a form; then there is no power, and then there is."""
        self.send(path, fields, files, field)
        self.desk.kill()
        self.desk.start()
        self.opened()
        self.idle()

    def send(
        self, path: str, fields: dict, files: Sequence[Path] = (), field: str = "files"
    ) -> None:
        parts = [("name", name, value.encode()) for name, value in fields.items()]
        body = b"".join(
            f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
            + value
            + b"\r\n"
            for _, name, value in parts
        )
        for file in files:
            head = f'--x\r\nContent-Disposition: form-data; name="{field}"; filename="{file.name}"'
            body += f"{head}\r\n\r\n".encode() + file.read_bytes() + b"\r\n"
        kind = {"Content-Type": "multipart/form-data; boundary=x", "Origin": self.desk.home}
        asked = urllib.request.Request(self.desk.home + path, body + b"--x--\r\n", kind)
        self.browser.open(asked, timeout=PATIENCE).read()

    def idle(self) -> None:
        """Wait until nothing is under way."""
        state = json.loads(self.page("/events?version=99999999"))
        while state["jobs"]:
            refused = [job for job in state["jobs"] if job["state"] not in ("waiting", "running")]
            assert not refused, refused
            state = json.loads(self.page(f"/events?version={state['version']}"))

    def decide(self, unit: str, decision: str, **options: str) -> None:
        seen = self.seen(f"/board?unit={unit}")
        fields = {"unit": unit, "decision": decision, "reason": "as said", "by": "plenary"}
        self.click("/decide", {**fields, "seen": seen, **options})


SAID = (
    ("CU-001", "agree", {}),
    ("CU-002", "agree-with-change", {"name_en": "Barskoon gorge"}),
    ("CU-003", "park", {}),
    ("CU-004", "merge", {"into": "CU-005"}),
    ("CU-006", "reject", {}),
    ("CU-006", "undo", {}),
    ("CU-007", "ask", {}),
    ("CU-008", "ask", {}),
    ("CU-007", "answer", {"question": "A-001"}),
    ("CU-009", "ask", {}),
    ("CU-009", "withdraw", {"question": "A-003"}),
)


def test_with_the_plug_pulled_after_every_click_the_folder_is_what_the_commands_give(
    served, tmp_path
):
    """Each click is followed by a kill: what was clicked is done when the desk is there again."""
    workshop = served.workshop
    (workshop / "rounds/00-proposal/activities.csv").write_text(ACTIVITIES, encoding="utf-8")
    first, second = (workshop / "rounds" / f"0{number}-collected" for number in (1, 2))
    files = handed(tmp_path)
    wrong = tmp_path / "wrong.kmz"
    wrong.write_bytes(kmz(draw.rejected("CU-011", "a slip"), group="S1"))
    late = tmp_path / "edit_S1_late.kmz"
    late.write_bytes(kmz(draw.grown("CU-001", 0.5), draw.grown("CU-003", 0.7)))
    served.kill()
    served.start()
    day = Clicks(served)
    for file in (*files, wrong):
        day.click("/hand-in", {}, [file])
    day.click("/take-out", {"name": "wrong.kmz", "seen": day.seen("/")})
    seen = day.seen("/settle", 'id="CU-012"')
    reason = "S2 has the newer survey"
    day.click("/settle", {"unit_id": "CU-012", "resolution": "S2", "reason": reason, "seen": seen})
    table = pd.read_csv(first / "conflicts.csv").set_index("unit_id")
    assert table.at["CU-012", "resolution"].startswith("S2")  # measured again, unasked
    day.click("/order", {"order": "CU-007;CU-002"})
    for unit, decision, options in SAID:
        day.decide(unit, decision, **options)
        stored = store.read_round(first, only=("conservation_units", "set_aside"))
        in_tables = stored.tables["conservation_units"].set_index("unit_id")["decision"]
        is_on_unit = decision != "undo" and decision not in ASKING
        assert in_tables[unit] == (decision if is_on_unit else "")  # in the tables too, unasked
    day.click("/hand-in", {}, [late])
    asked = pd.read_csv(second / "conservation_units.csv").set_index("unit_id")["open_questions"]
    assert asked.dropna().to_dict() == {"CU-008": "A-002 as said"}  # it goes along until answered
    day.click("/after", {"product": "activities"})
    [suggestion] = pd.read_csv(second / "general_suggestions.csv")["suggestion_id"]
    ticks = {"id": suggestion, "reason": "everywhere", "seen": day.seen("/after", 'id="general"')}
    day.click("/general", ticks)
    measures = tmp_path / "measures.csv"
    measures.write_text("measure_id,theme,text,status\nM1,finance,A fund,done\n", encoding="utf-8")
    day.click("/programme", {"kind": "implementation"}, [measures], "file")
    day.click("/session", {"theme": THEMES[0]})
    day.click("/after", {"product": "pack"})
    assert (workshop / "rounds" / "pack-02-collected" / "pack.json").is_file()
    day.click("/after", {"product": "annex"})
    assert (second / "annex" / "annex.docx").is_file()
    served.kill()

    twin = tmp_path / "twin"
    rounds = twin / "rounds"
    init(twin)
    write_proposal(base(), rounds / "00-proposal")
    (rounds / "00-proposal/activities.csv").write_text(ACTIVITIES, encoding="utf-8")
    (twin / "handed-in").mkdir()
    (twin / "taken-out").mkdir()
    shutil.copy(wrong, twin / "taken-out")
    for file in files:
        shutil.copy(file, twin / "handed-in")
    write_csv(twin / "handed-in/resolutions.csv", RESOLVED)
    write_csv(twin / "board-order.csv", pd.DataFrame({"unit_id": ["CU-007", "CU-002"]}))
    by_command(twin, "00-proposal", "01-collected", [twin / "handed-in"])
    times = pd.read_csv(first / "decisions.csv", dtype=str)["time"]
    for (unit, decision, options), moment in zip(SAID, times, strict=True):
        decide(rounds / "01-collected", unit, decision, reason="as said", time=moment, **options)
    shutil.copy(late, twin / "handed-in")
    by_command(twin, "01-collected", "02-collected", [twin / "handed-in" / late.name])
    forms = [twin / "handed-in"]
    activities(rounds / "02-collected", forms)
    ticked = {"general": [suggestion], "by": "plenary", "reason": "everywhere"}
    activities(rounds / "02-collected", forms, **ticked)
    (twin / "implementation").mkdir()
    shutil.copy(measures, twin / "implementation")
    done = {"implementation": twin / "implementation" / measures.name}
    activities(rounds / "02-collected", forms, **done)
    activities(rounds / "02-collected", forms, **done, session=[THEMES[0]])
    pack(rounds / "02-collected", rounds / "pack-02-collected")
    annex(rounds / "02-collected")
    assert sums(workshop) == sums(twin)


def by_command(twin: Path, base_name: str, name: str, files: Sequence[Path]) -> None:
    """`cami-units collect`, as the command line calls it."""
    rounds = twin / "rounds"
    before = decided_round(rounds / base_name)
    made = collect(files, before, base_dir=rounds / base_name, pack=rounds / "pack")
    write_collected(made, rounds / name)


# -- who gets in, in a browser and over the wire --------------------------------------------------

HOSTILE = """<!doctype html><title>elsewhere</title><body><script>
const desk = %(home)r, log = [];
const tried = async (name, act) => { try { log.push([name, await act()]); } catch (error) { log.push([name, "refused"]); } };
(async () => {
  const form = new URLSearchParams({ unit: "CU-001", decision: "agree", reason: "pwned", seen: "" });
  for (const mode of ["cors", "no-cors"]) {
    await tried("read " + mode, async () => (await (await fetch(desk + "/", { mode, credentials: "include" })).text()).length);
    await tried("post " + mode, async () => (await fetch(desk + "/decide", { method: "POST", mode, credentials: "include", body: form })).status);
  }
  await tried("script", () => new Promise((done, fail) => { const one = document.createElement("script"); one.src = desk + "/assets/desk.js"; one.onload = () => done("ran"); one.onerror = fail; document.body.append(one); }));
  await tried("frame", () => new Promise((done) => { const one = document.createElement("iframe"); one.src = desk + "/board"; one.onload = () => { try { done(one.contentDocument.title); } catch { done("closed"); } }; document.body.append(one); setTimeout(() => done("closed"), 1500); }));
  const send = document.createElement("form");
  send.method = "post"; send.action = desk + "/collect"; send.target = "away";
  const away = document.createElement("iframe"); away.name = "away"; document.body.append(away, send);
  send.submit();
  setTimeout(() => { window.log = log; }, 1500);
})();
</script>"""


def test_a_page_of_another_origin_reads_nothing_and_changes_nothing(served, browser, tmp_path):
    """In the same browser, with the cookie in it, from another port of the same machine and by name."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text(HOSTILE % {"home": served.home}, "utf-8")
    before = sums(served.workshop)
    enter(browser, served)
    program = "import functools, http.server as h, sys; s = h.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(h.SimpleHTTPRequestHandler, directory=sys.argv[1])); print(s.server_port, flush=True); s.serve_forever()"
    site = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "site")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        port = site.stdout.readline().strip()
        for host in ("127.0.0.1", "localhost"):
            browser.driver.get(f"http://{host}:{port}/index.html")
            log = dict(browser.wait("return window.log"))
            assert log["read cors"] == "refused", host
            assert log["read no-cors"] in ("refused", 0), host  # an opaque answer has no text
            assert log["post cors"] == "refused", host
            assert log["script"] == "refused", host
            assert log["frame"] in ("closed", ""), host
    finally:
        site.kill()
        site.communicate()
    assert sums(served.workshop) == before


def test_a_name_that_was_rebound_to_this_machine_reads_and_changes_nothing(served, browser):
    """A browser takes every name below `localhost` to this machine, as a hostile DNS would any name."""
    before = sums(served.workshop)
    enter(browser, served)
    browser.driver.get(served.home.replace("127.0.0.1", "rebound.localhost") + "/board")
    assert "not the desk's" in browser.run("return document.body.textContent")
    # and what a page of that name would send, with the cookie that it does not have
    browser.driver.get(served.home + "/")
    cookie = "; ".join(f"{one['name']}={one['value']}" for one in browser.driver.get_cookies())
    host = served.home.replace("http://127.0.0.1", "rebound.localhost")
    head = {"Host": host, "Origin": f"http://{host}", "Cookie": cookie}
    for path, body in (("/", None), ("/events", None), ("/decide", b"x=1"), ("/collect", b"x=1")):
        asked = urllib.request.Request(served.home + path, body, head)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked, timeout=PATIENCE)
        refused.value.close()
        assert refused.value.code == 421, path
    assert sums(served.workshop) == before


def test_a_drop_of_two_gigabytes_is_refused_and_a_large_one_is_never_in_memory(served, browser):
    import http.client

    enter(browser, served)
    cookie = "; ".join(f"{one['name']}={one['value']}" for one in browser.driver.get_cookies())
    host = served.home.removeprefix("http://")
    head = {
        "Cookie": cookie,
        "Origin": served.home,
        "Content-Type": "multipart/form-data; boundary=x",
    }

    def dropped(size: int) -> int:
        """The answer to a file of so many bytes, sent block by block as a browser does."""
        start = b'--x\r\nContent-Disposition: form-data; name="files"; filename="big.kmz"\r\n\r\n'
        end = b"\r\n--x--\r\n"
        line = http.client.HTTPConnection(host, timeout=PATIENCE)
        line.putrequest("POST", "/hand-in")
        for name, value in {**head, "Content-Length": str(len(start) + size + len(end))}.items():
            line.putheader(name, value)
        line.endheaders(start)
        block = b"\0" * (1 << 20)
        try:
            for _ in range(size >> 20):
                line.send(block)
            line.send(end)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has hung up, and said why before
        with contextlib.closing(line):
            return line.getresponse().status

    def peak() -> float:
        status = Path(f"/proc/{served.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1000

    assert dropped(2 << 30) == 413
    assert not list((served.workshop / "handed-in").glob("*"))
    before = peak()
    assert dropped(200 << 20) == 303
    assert peak() - before < 100
    idle_or_refused(browser)


def idle_or_refused(page: Page) -> None:
    """Wait until nothing runs; a file of zeros is no round."""
    page.wait(
        "return fetch('/events?version=99999').then((one) => one.json())"
        ".then((state) => state.jobs.every((job) => job.state === 'refused'))",
        seconds=PATIENCE,
    )


def test_names_comments_and_files_with_markup_do_nothing_on_any_page(served, browser, tmp_path):
    payload = "<img src=x onerror=window.pwned=1>{{7*7}}"
    stick = tmp_path / "stick"
    stick.mkdir()
    content = kmz(
        draw.renamed("CU-001", f"CU-001 {payload}"),
        draw.commented("CU-002", payload),
        draw.rejected("CU-003", payload),
        draw.drawn(payload, translate(square("CU-012"), 0.3, 0), "2 "),
    )
    (stick / "edit_S1 <img src=x onerror=window.pwned=1>.kmz").write_bytes(content)
    enter(browser, served)
    hand_in(browser, served, *stick.iterdir())
    say(browser, served, "CU-002", "park", payload)
    idle(browser, served)
    for path in ("/", "/settle", "/board?unit=CU-001", "/screen#CU-002", "/late", "/after"):
        browser.driver.get(served.home + path)
        time.sleep(0.5)
        assert browser.run(
            "return [window, ...document.querySelectorAll('iframe')]"
            ".every((one) => (one.contentWindow || one).pwned === undefined)"
        ), path


# -- every screen, at three sizes, in two languages -------------------------------------------------

SIZES = ((1920, 1080), (1366, 768), (390, 844))
SCREENS = ("/before", "/", "/settle", "/board", "/late", "/after")

BAD_FIT = """
const wide = document.documentElement.clientWidth, bad = [];
if (document.documentElement.scrollWidth > wide + 1) bad.push("the page scrolls sideways");
const seen = [...document.querySelectorAll("button,a,input,select,label,h1,h2,p,td,th,li,summary,code,dd,dt,.key")]
  .filter((one) => one.checkVisibility({ contentVisibilityAuto: true }) && !one.matches(".away,.skip"));
for (const one of seen) {
  const box = one.getBoundingClientRect();
  if (box.width && (box.right > wide + 1 || box.left < -1)) bad.push("beyond the edge: " + one.textContent.trim().slice(0, 60));
  const hides = getComputedStyle(one).overflowX !== "visible";
  if (hides && !one.matches("select,input") && one.scrollWidth > one.clientWidth + 1) bad.push("cut: " + one.textContent.trim().slice(0, 60));
}
const controls = seen.filter((one) => one.matches("button,input,select,summary"));
controls.forEach((one, place) => controls.slice(place + 1).forEach((other) => {
  const a = one.getBoundingClientRect(), b = other.getBoundingClientRect();
  const wideBy = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const highBy = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  if (wideBy > 1 && highBy > 1) bad.push("one over the other: " + one.outerHTML.slice(0, 60) + " " + other.outerHTML.slice(0, 60));
}));
return bad;
"""


def misfits(page: Page, desk: Served, state: str) -> list[str]:
    """What of every screen is cut, lies over something else, or is wider than the window."""
    found = []
    for lang in ("en", "ru"):
        page.driver.get(desk.home + "/late")
        # found and clicked in one step: a job that ends meanwhile makes the page anew
        page.run(f"document.querySelector('.languages button[value=\"{lang}\"]').click()")
        page.wait(f"return document.documentElement.lang === '{lang}'")
        for path in SCREENS:
            page.driver.get(desk.home + path)
            page.wait("return document.readyState === 'complete'")
            for width, height in SIZES:
                size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
                page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
                found += [f"{state} {path} {lang} {width}: {one}" for one in page.run(BAD_FIT)]
            if lang == "ru":
                said = page.run("return document.querySelector('main').innerText")
                quoted = re.sub("«.*?»", "", said)  # the words of libraries
                found += [f"{state} {path}: {one}" for one in ENGLISH.findall(quoted)]
    page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    return found


ENGLISH = re.compile(r"(?:\b[a-z]{2,}\b[,;]? ){3,}[a-z]{2,}\b")
"""Four English words in a row."""

FORM_WITH_ODD_WORDS = "unit_id,action,theme,text,priority\nCU-001,add,patrols,Patrols,very urgent\n"


def test_every_screen_fits_in_every_state_at_three_sizes_in_english_and_in_russian(
    browser, tmp_path
):
    workshop = tmp_path / "workshop"
    workshop.mkdir()
    desk = Served(workshop, tmp_path / "desk.log")
    found = []
    try:
        page = browser
        page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {**ONLINE})
        page.driver.get(desk.address)
        page.wait("return location.pathname === '/before' && document.readyState === 'complete'")
        found += misfits(page, desk, "an empty folder")
        press(page, desk, "/before", "make_workshop", (workshop / "plan.toml").is_file)
        (workshop / "plan.toml").write_text("title = 'x'\ncell = 5\n", encoding="utf-8")
        page.driver.get(desk.home + "/before")
        page.driver.find_element(By.CSS_SELECTOR, 'button[value="check"]').click()
        page.wait("return document.querySelector('.job.refused') !== null")
        write_proposal(base(), workshop / "rounds" / "00-proposal")
        found += misfits(page, desk, "a round that is proposed")
        files = handed(tmp_path)
        for name, content in {
            "broken.kmz": b"no archive",
            "form_S1.csv": FORM_WITH_ODD_WORDS.encode(),
            "a_name_of_a_file_that_somebody_made_very_long_indeed_to_say_which_version_it_is.kml": b"",
            "edit_S1 (2).kmz": kmz(draw.grown("CU-012", 0.7)),
        }.items():
            (files[0].parent / name).write_bytes(content)
        page.driver.get(desk.home + "/")
        stick = "\n".join(map(str, sorted(files[0].parent.iterdir())))
        page.driver.find_element(By.ID, "files").send_keys(stick)
        until((workshop / "rounds/01-collected/report.html").is_file)
        quiet_desk(page)
        found += misfits(page, desk, "complaints and conflicts")
        settle_first_quietly(page, desk)
        found += misfits(page, desk, "settled")
        say(page, desk, "CU-012", "agree", "as settled, with a reason that is a long one " * 4)
        say(page, desk, "CU-001", "park", "no map yet")
        quiet_desk(page)
        found += misfits(page, desk, "decided")
        late = files[0].parent / "edit_S1_late.kmz"
        late.write_bytes(kmz(draw.grown("CU-012", 0.5)))
        page.driver.get(desk.home + "/")
        page.driver.find_element(By.ID, "files").send_keys(str(late))
        until((workshop / "rounds/02-collected/report.html").is_file)
        quiet_desk(page)
        table = "unit_id,theme,text\n" + "".join(
            f"CU-{number:03d},anti-poaching,Совместные патрули пограничников обеих стран вдоль реки и её притоков\n"
            for number in range(1, 13)
        )
        (workshop / "programme").mkdir()
        (workshop / "programme" / "measures.csv").write_text(table, encoding="utf-8")
        page.driver.get(desk.home + "/after")
        page.driver.find_element(By.CSS_SELECTOR, 'button[value="activities"]').click()
        until((workshop / "rounds/02-collected/general_suggestions.csv").is_file)
        quiet_desk(page)
        found += misfits(page, desk, "late files and activities")
    finally:
        desk.kill()
    assert not found, "\n".join(sorted(set(found)))


def quiet_desk(page: Page) -> None:
    """Wait until nothing is under way, whatever was refused."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        state = None
        with contextlib.suppress(
            TimeoutException
        ):  # on a busy machine an answer may take half a minute
            state = page.driver.execute_async_script(
                "const done = arguments[0];"
                "fetch('/events?version=0').then((one) => one.json()).then(done, () => done(null));"
            )
        if state and not [one for one in state["jobs"] if one["state"] in ("running", "waiting")]:
            return
        time.sleep(0.2)
    raise AssertionError("the desk is still busy")


def settle_first_quietly(page: Page, desk: Served) -> None:
    """Settle the first conflict, on a desk that has refused something."""
    page.driver.get(desk.home + "/settle")
    page.driver.find_element(By.CSS_SELECTOR, '.conflict button[name="resolution"]').click()
    page.wait("return document.querySelector('.conflict.settled') !== null")
    quiet_desk(page)
