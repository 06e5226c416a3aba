"""The drawing page as it is used: real pointer and keyboard events in a browser with the network cut.

The round is that of `tests/rounds.py`; the page is that of group S2, which edits CU-002 (lon 73–75,
lat 42–43), CU-003 (two parts) and CU-004. What the page saves goes through `collect`.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
import zipfile
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from cami_units import kml
from cami_units.commands import draw_map as draw_map_command
from cami_units.commands.collect import collect
from cami_units.commands.draw_map import ground_of_round
from cami_units.commands.pack import draw_map
from cami_units.model import DISCLAIMER, InputError
from tests.browser import chromium, node_module
from tests.rounds import toy_round

pytestmark = pytest.mark.browser
browser = pytest.fixture(scope="module")(chromium)


@pytest.fixture(scope="module")
def done():
    return toy_round()


@pytest.fixture(scope="module")
def html(done, tmp_path_factory):
    path = tmp_path_factory.mktemp("draw") / "draw_S2.html"
    draw_map(done, group="S2").save(path)
    return path


@pytest.fixture
def page(browser, html, tmp_path):
    """The page, freshly opened, with nothing kept from before; files are saved into `tmp_path`."""
    browser.size(1366, 768)
    browser.open(html)
    browser.run(
        "localStorage.clear(); return new Promise((done) => {"
        " const ask = indexedDB.open('cami-units-draw', 1);"
        " ask.onupgradeneeded = () => ask.result.createObjectStore('work');"
        " ask.onsuccess = () => { const change = ask.result.transaction('work', 'readwrite');"
        " change.objectStore('work').clear(); change.oncomplete = () => done(true); }; })"
    )
    opened(browser, html)
    browser.driver.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    return browser


def opened(browser, html):
    browser.open(html)
    browser.wait(
        "return document.documentElement.dataset.begun || document.getElementById('ask').open"
    )


def click(page, selector):
    page.driver.find_element("css selector", selector).click()


def work(page):
    return page.run("return camiDraw.state.work")


def kept(page):
    """Wait until the last step is in the browser's own storage."""
    page.wait(
        "return document.documentElement.dataset.kept === String(camiDraw.state.work.step)"
        " || camiDraw.state.work.step === 0"
    )


def spot(page, lon, lat):
    """Where a place is on the screen, from the middle of the map.

    Tools come and go above the map. The page has its size anew before it paints, which a script of a
    busy machine may be ahead of; nobody's finger is.
    """
    return page.run(
        "const m = camiDraw.map; m.invalidateSize({ animate: false, pan: false }); const p = m.latLngToContainerPoint([arguments[1], arguments[0]]),"
        " s = m.getSize(); return [p.x - s.x / 2, p.y - s.y / 2]",
        lon,
        lat,
    )


def map_click(page, lon, lat):
    x, y = spot(page, lon, lat)
    box = page.driver.find_element("id", "map")
    ActionChains(page.driver, duration=20).move_to_element_with_offset(box, x, y).click().perform()


def drag(page, start, end):
    box = page.driver.find_element("id", "map")
    (ax, ay), (bx, by) = spot(page, *start), spot(page, *end)
    chain = ActionChains(page.driver, duration=30)
    chain.move_to_element_with_offset(box, ax, ay).click_and_hold()
    chain.move_to_element_with_offset(box, (ax + bx) / 2, (ay + by) / 2)
    chain.move_to_element_with_offset(box, bx, by).release().perform()


def choose(page, unit):
    click(page, f'[data-key="{unit}"]')
    page.run("camiDraw.map.stop()")
    time.sleep(0.4)  # the map flies to the unit


def press(page, *keys):
    chain = ActionChains(page.driver)
    for key in keys:
        chain.send_keys(key)
    chain.perform()


def control(page, key, *, shift=False):
    chain = ActionChains(page.driver).key_down(Keys.CONTROL)
    if shift:
        chain.key_down(Keys.SHIFT)
    chain.send_keys(key)
    if shift:
        chain.key_up(Keys.SHIFT)
    chain.key_up(Keys.CONTROL).perform()


def answer(page, text=None):
    """Answer the question that is open."""
    page.wait("return document.getElementById('ask').open")
    if text is not None:
        page.driver.find_element("id", "answer").send_keys(text)
        click(page, "#yes")


def saved(page, folder):
    """The file that the page saves."""
    click(page, "#save")
    path = folder / "edit_S2.kml"
    for _ in range(200):
        if path.is_file() and path.stat().st_size and not list(folder.glob("*.crdownload")):
            return path
        time.sleep(0.03)
    raise AssertionError("nothing was saved")


def snap_off(page):
    if page.run("return camiDraw.hand.snap"):
        click(page, "#snap")


# -- the page ---------------------------------------------------------------------------------------


def test_it_opens_without_a_network_and_without_a_complaint(page, html):
    assert page.asked_for() == []
    assert page.errors == []
    assert html.stat().st_size < 3_000_000
    assert page.run("return [...document.querySelectorAll('#units .id')].map((e) => e.textContent)") == [
        *("CU-002", "CU-003", "CU-004")
    ]  # fmt: skip


def test_the_policy_lets_nothing_else_run(page):
    ran = page.run(
        "const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        "document.body.append(s); return window.ran === undefined"
    )
    assert ran is True


def test_an_unknown_group_is_answered_with_those_there_are(done):
    with pytest.raises(InputError, match="There is no group 'S9'"):
        draw_map(done, group="S9")


def test_work_kept_on_other_units_is_no_work_on_these(done, monkeypatch, tmp_path):
    """Groups change between two packs of a round: what a browser keeps goes by the units too."""

    def key() -> str:
        path = tmp_path / "draw.html"
        draw_map(done, group="S1").save(path)
        return re.search(r'"key":\s*"([^"]+ S1[^"]*)"', path.read_text(encoding="utf-8"))[1]

    first = key()
    assert first == key()
    changed = {"S1": ("S2",), "S2": ("S1",)}
    monkeypatch.setattr("cami_units.commands.pack.groups_of", lambda _: changed)
    assert key() != first


def test_it_shows_itself_in_a_notebook(done):
    shown = draw_map(done, group="S1")._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert shown.count('"') == 8  # the page's own quotes are escaped


# -- drawing ----------------------------------------------------------------------------------------


def test_every_unit_bears_its_id_on_the_map_wherever_it_is_moved(page):
    written = (
        "return [...document.querySelectorAll('.unit-label')].map((e) => e.textContent).sort()"
    )
    own = {"CU-002", "CU-003", "CU-004"}
    assert own <= set(page.run(written))
    where = (
        "const e = [...document.querySelectorAll('.unit-label')].find((e) => e.textContent === 'CU-002');"
        "const b = e.getBoundingClientRect(), m = document.getElementById('map').getBoundingClientRect();"
        "return camiDraw.map.containerPointToLatLng([b.x + b.width / 2 - m.x, b.y + b.height / 2 - m.y]).lng"
    )
    choose(page, "CU-002")
    before = page.run(where)
    click(page, "[data-mode='move']")
    click(page, "#vertices")
    for _ in range(10):
        press(page, Keys.ARROW_RIGHT)
    kept(page)
    west, east = (
        find(x for x, _ in work(page)["units"]["CU-002"]["polygons"][0][0]) for find in (min, max)
    )
    assert before < page.run(where)
    assert west < page.run(where) < east


def test_a_dragged_vertex_moves_the_outline_and_the_card(page):
    snap_off(page)
    choose(page, "CU-002")
    before = float(page.run("return document.getElementById('card').dataset.km2"))
    drag(page, (75, 43), (75.5, 43.4))
    kept(page)
    ring = work(page)["units"]["CU-002"]["polygons"][0][0]
    moved = [point for point in ring if point not in ([73, 42], [75, 42], [73, 43])]
    assert len(ring) >= 4
    assert any(np.allclose(point, (75.5, 43.4), atol=0.05) for point in moved)
    after = float(page.run("return document.getElementById('card').dataset.km2"))
    assert after > before + 1_000
    line = page.run("return document.querySelector('#done li').textContent")
    assert line.startswith("CU-002: 1 vertex moved, +")
    assert page.errors == []


@pytest.mark.slow
def test_undo_and_redo_take_everything_back_and_forth(page):
    snap_off(page)
    choose(page, "CU-002")
    base = work(page)["units"]
    click(page, "#vertices")
    for _ in range(100):
        press(page, Keys.ARROW_RIGHT, "n")
    kept(page)
    after = work(page)["units"]
    assert after != base
    assert len(work(page)["done"]) == 100
    for _ in range(100):
        control(page, "z")
    assert work(page)["units"] == base
    assert work(page)["done"] == []
    for _ in range(100):
        control(page, "y")
    assert work(page)["units"] == after


def test_a_reload_half_way_goes_on_or_begins_anew(page, html):
    choose(page, "CU-004")
    click(page, "#vertices")
    press(page, Keys.ARROW_UP)
    kept(page)
    now = work(page)["units"]
    opened(page, html)
    page.wait("return document.getElementById('ask').open")
    assert "1 step" in page.run("return document.getElementById('question').textContent")
    click(page, '[data-choice="go on"]')
    page.wait("return document.documentElement.dataset.begun")
    assert work(page)["units"] == now
    control(page, "z")  # undoing goes on as well
    assert work(page)["done"] == []
    control(page, "y")
    kept(page)
    opened(page, html)
    page.wait("return document.getElementById('ask').open")
    click(page, '[data-choice="anew"]')
    page.wait("return document.documentElement.dataset.begun")
    assert work(page)["done"] == []


def test_two_tabs_are_one_work(page, html):
    """A step of the one is one of the other too; a work begun anew is no going on, and is asked about."""
    driver, first = page.driver, page.driver.current_window_handle

    def moved(unit):
        """One step: a corner of a unit, up."""
        choose(page, unit)
        click(page, "#vertices")
        press(page, Keys.ARROW_UP)
        kept(page)

    moved("CU-004")
    driver.switch_to.new_window("tab")
    second = driver.current_window_handle
    try:
        opened(page, html)
        click(page, '[data-choice="go on"]')
        page.wait("return document.documentElement.dataset.begun")
        moved("CU-003")
        driver.switch_to.window(first)
        page.wait("return camiDraw.state.work.done.length === 2")
        moved("CU-002")
        driver.switch_to.window(second)
        page.wait("return camiDraw.state.work.done.length === 3")
        opened(page, html)
        click(page, '[data-choice="anew"]')
        page.wait("return document.documentElement.dataset.begun")
        moved("CU-003")
        driver.switch_to.window(first)
        page.wait("return document.getElementById('ask').open")
        assert len(work(page)["done"]) == 3
        click(page, '[data-choice="here"]')
        kept(page)
        driver.switch_to.window(second)
        page.wait("return camiDraw.state.work.done.length === 3")
    finally:
        driver.switch_to.window(second)
        driver.close()
        driver.switch_to.window(first)


@pytest.mark.slow
def test_everything_a_group_can_do_comes_back_through_collect_as_facts(page, done, tmp_path):
    """Split, merge, draw, reject, rename, comment, pin: nothing is guessed."""
    snap_off(page)
    # split CU-002 by a line from north to south
    choose(page, "CU-002")
    click(page, '[data-mode="split"]')
    for place in ((74.2, 43.3), (74, 42.5), (74.1, 41.8)):
        map_click(page, *place)
    click(page, "#finish")
    assert {"CU-002a", "CU-002b"} <= set(work(page)["units"])
    # CU-004 goes into CU-003
    choose(page, "CU-003")
    click(page, '[data-mode="merge"]')
    click(page, '[data-key="CU-004"]')
    assert work(page)["units"]["CU-004"]["into"] == "CU-003"
    # a new one, by clicks, closed on its first corner
    page.run("camiDraw.map.setView([41.2, 73.6], 7, { animate: false })")
    click(page, '[data-mode="draw"]')
    for place in ((73.2, 40.8), (74.2, 40.8), (74.2, 41.6), (73.2, 41.6), (73.2, 40.8)):
        map_click(page, *place)
    assert "N1" in work(page)["units"]
    name = page.driver.find_element("id", "name-en")
    name.send_keys(Keys.CONTROL, "a", Keys.NULL, "Chatkal", Keys.TAB)
    page.driver.find_element("id", "name-ru").send_keys("Чаткал", Keys.TAB)
    # CU-002a: a name and a comment; CU-002b: rejected with a reason
    choose(page, "CU-002a")
    page.driver.find_element("id", "said-of").send_keys("herders agree", Keys.TAB)
    choose(page, "CU-002b")
    click(page, "#reject")
    answer(page, "no saiga since 2010")
    # a pin by keyboard: the cross in the middle of the map
    click(page, '[data-mode="pin"]')
    press(page, Keys.SPACE)
    answer(page, "a fence here")
    kept(page)
    assert page.errors == []
    drawn_a = work(page)["units"]["CU-002a"]["polygons"]
    file = saved(page, tmp_path)

    assert kml.lint_kml(file).values.tolist() == []
    assert kml.lint_kml(file, profile="earth-web").values.tolist() == []
    found = collect([file], done)
    changes = found.changes.set_index("unit_id")
    assert found.files[0].group == "S2"
    assert changes.loc["CU-004", ["change", "matched_by"]].tolist() == ["merged", "cu_id"]
    assert changes.loc["CU-003", ["change", "matched_by"]].tolist() == ["reshaped", "cu_id"]
    # what was said of it stands on its pieces
    assert changes.loc[["CU-002"], "change"].tolist() == ["split"]
    assert "commented" in changes.loc[["CU-002a"], "change"].tolist()
    assert set(changes.loc[["CU-002"], "matched_by"]) == {"cu_id"}
    units = found.round.tables["conservation_units"].set_index("unit_id")
    assert units.loc["CU-002a", "status"] == "working-group proposal"
    assert units.loc["CU-002b", "status"] == "rejected"  # a piece is rejected by itself
    west_of_a = min(point[0] for point in drawn_a[0][0])  # the letters are those of the page
    assert units.loc["CU-002a"].geometry.bounds[0] == pytest.approx(west_of_a)
    fresh = units[units["name_en"] == "Chatkal"]
    assert fresh["name_ru"].tolist() == ["Чаткал"]
    west, south, east, north = fresh.geometry.iloc[0].bounds
    assert np.allclose((west, south, east, north), (73.2, 40.8, 74.2, 41.6), atol=0.05)
    remarks = found.remarks
    assert "a fence here" in remarks["text"].tolist()
    # what the page itself writes into a file is nobody's comment
    said = {"herders agree", "no saiga since 2010"}
    assert set(remarks.query("kind == 'comment'")["text"]) == said
    assert set(found.changes["matched_by"]) <= {"cu_id", "none"}


@pytest.mark.slow
def test_a_merged_unit_is_a_fact_even_where_the_ground_would_not_say(page, done, tmp_path):
    """After the merge the outline is cut back: by ground alone CU-004 would count as deleted."""
    choose(page, "CU-003")
    click(page, '[data-mode="merge"]')
    click(page, '[data-key="CU-004"]')
    page.run(
        "const u = camiDraw.state.work.units['CU-003'];"
        "u.polygons = u.polygons.filter((p) => p[0].every(([x]) => x < 79));"
    )
    changes = collect([saved(page, tmp_path)], done).changes.set_index("unit_id")
    assert changes.loc["CU-004", ["change", "matched_by"]].tolist() == ["merged", "cu_id"]


def test_what_was_said_of_a_unit_goes_with_it_where_it_is_merged(page, done, tmp_path):
    """Its comment and the name that the group gave it: into the comment of the unit that takes it, and to `collect`."""
    for unit, words in (("CU-004", "wells every 30 km"), ("CU-003", "to the river")):
        choose(page, unit)
        page.driver.find_element("id", "said-of").send_keys(words)
    choose(page, "CU-004")
    page.driver.find_element("id", "name-en").send_keys(" Basin")
    choose(page, "CU-003")
    click(page, '[data-mode="merge"]')
    click(page, '[data-key="CU-004"]')
    said = "to the river\nCU-004 Tarim Basin: wells every 30 km"
    assert work(page)["units"]["CU-003"]["comment"] == said
    assert page.driver.find_element("id", "said-of").get_attribute("value") == said
    remarks = collect([saved(page, tmp_path)], done).remarks
    assert remarks.set_index("unit_id").loc["CU-003", "text"] == said
    control(page, "z")
    assert work(page)["units"]["CU-003"]["comment"] == "to the river"


def test_a_file_that_merged_and_split_is_opened_again_as_it_was(page, tmp_path):
    snap_off(page)
    choose(page, "CU-002")
    click(page, '[data-mode="merge"]')
    click(page, '[data-key="CU-004"]')
    click(page, '[data-mode="split"]')
    for place in ((74.2, 43.3), (74.1, 41.8)):
        map_click(page, *place)
    press(page, Keys.ENTER)
    before = work(page)["units"]
    text = saved(page, tmp_path).read_text(encoding="utf-8")
    open_text(page, text)
    page.wait("return document.getElementById('ask').open")
    assert "Not in it" not in page.run("return document.getElementById('ask').textContent")
    click(page, '[data-choice="go on"]')
    page.wait("return !document.getElementById('ask').open")
    after = work(page)["units"]
    assert set(after) == set(before)
    assert after["CU-004"]["into"] in after


def test_words_that_are_being_typed_are_saved_and_kept(page, html, tmp_path):
    """Ctrl+S without leaving the field; a page that is closed in the middle of a sentence. One step, however long."""
    choose(page, "CU-002")
    page.driver.find_element("id", "said-of").send_keys("fence at km 40")
    control(page, "s")
    path = tmp_path / "edit_S2.kml"
    end = time.monotonic() + 15
    while not (path.is_file() and path.stat().st_size) and time.monotonic() < end:
        time.sleep(0.03)
    assert "<description>fence at km 40</description>" in path.read_text(encoding="utf-8")
    page.driver.find_element("id", "said-of").send_keys(", and at km 60")
    page.wait("return camiDraw.state.work.units['CU-002'].comment.endsWith('60')")  # in a pause
    page.driver.find_element("id", "said-of").send_keys(" too")
    page.driver.get("about:blank")
    opened(page, html)
    click(page, '[data-choice="go on"]')
    page.wait("return document.documentElement.dataset.begun")
    assert work(page)["units"]["CU-002"]["comment"] == "fence at km 40, and at km 60 too"
    assert [step["kind"] for step in work(page)["done"]] == ["commented"]


def test_a_hole_is_cut_and_a_hole_elsewhere_is_refused(page):
    snap_off(page)
    choose(page, "CU-002")
    click(page, '[data-mode="hole"]')
    for place in ((73.5, 42.3), (74.5, 42.3), (74, 42.7)):
        map_click(page, *place)
    press(page, Keys.ENTER)
    rings = work(page)["units"]["CU-002"]["polygons"][0]
    assert len(rings) == 2
    click(page, '[data-mode="hole"]')
    for place in ((75.3, 43.05), (75.5, 43.1), (75.4, 43.2)):
        map_click(page, *place)
    press(page, Keys.ENTER)
    assert "does not lie in the unit" in page.run(
        "return document.getElementById('hint').textContent"
    )
    assert work(page)["units"]["CU-002"]["polygons"][0] == rings


def test_a_vertex_snaps_to_a_neighbour_and_follows_its_edge(page, html):
    """CU-001 of S1 ends at lon 73; a corner dragged near its corner takes that very place."""
    choose(page, "CU-002")
    page.run("camiDraw.map.setView([42.2, 73.3], 8, { animate: false })")
    drag(page, (73, 43), (72.985, 41.985))
    ring = work(page)["units"]["CU-002"]["polygons"][0][0]
    assert [73, 42] in ring
    assert not [p for p in ring if 72.9 < p[0] < 73 and 41.9 < p[1] < 42]


def test_a_whole_unit_moves_by_its_ground_and_by_keys(page):
    choose(page, "CU-004")
    click(page, '[data-mode="move"]')
    drag(page, (80.5, 41.5), (80.9, 41.5))
    ring = np.array(work(page)["units"]["CU-004"]["polygons"][0][0])
    assert np.allclose(ring[:, 0].min(), 80.4, atol=0.05)
    assert np.allclose(np.ptp(ring, axis=0), (1, 1), atol=1e-4)
    click(page, '[data-mode="move"]')


def test_a_neighbour_is_looked_at_and_only_spoken_of(page, done, tmp_path):
    page.run("document.getElementById('others-box').open = true")
    click(page, "#others .unit-row")
    assert page.run("return document.querySelector('#card .form')") is None
    click(page, "#say-of-other")
    answer(page, "our saiga winter here")
    found = collect([saved(page, tmp_path)], done)
    assert "CU-001: our saiga winter here" in found.remarks["text"].tolist()
    assert found.remarks["unit_id"].tolist() == ["CU-001"]
    assert set(found.changes.loc[found.changes["unit_id"] != "CU-001", "change"]) <= {"kept"}


def test_an_untouched_file_changes_nothing(page, done, tmp_path):
    found = collect([saved(page, tmp_path)], done)
    own = found.changes[found.changes["group"] == "S2"]
    assert set(own["change"]) == {"kept"}
    assert set(own["matched_by"]) == {"cu_id"}
    assert found.conflicts.empty


# -- files ------------------------------------------------------------------------------------------


def open_text(page, text):
    page.run("camiDraw.openText(arguments[0])", text)


def test_a_saved_file_is_opened_again_as_it_was(page, tmp_path):
    snap_off(page)
    choose(page, "CU-002")
    click(page, '[data-mode="split"]')
    for place in ((74.2, 43.3), (74.1, 41.8)):
        map_click(page, *place)
    press(page, Keys.ENTER)
    choose(page, "CU-003")
    click(page, "#reject")
    answer(page, "two parts, too small")
    before = work(page)["units"]
    text = saved(page, tmp_path).read_text(encoding="utf-8")
    while work(page)["done"]:
        control(page, "z")
    open_text(page, text)
    page.wait("return document.getElementById('ask').open")
    click(page, '[data-choice="go on"]')
    page.wait("return !document.getElementById('ask').open")
    assert work(page)["units"] == before
    control(page, "z")  # opening is one step, and can be taken back
    assert "CU-002" in work(page)["units"]


def test_a_broken_file_in_an_archive_is_named_when_the_others_are_opened(page, tmp_path):
    text = saved(page, tmp_path).read_text(encoding="utf-8")
    path = tmp_path / "both.kmz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("doc.kml", text)
        archive.writestr("old/half.kml", text[: len(text) // 2])
    page.driver.find_element("id", "file").send_keys(str(path))
    page.wait("return document.getElementById('ask').open")
    said = page.run("return document.getElementById('ask').textContent")
    assert "both.kmz: units" in said
    assert "Damaged and not read (1): old/half.kml." in said
    click(page, '[data-choice="no"]')


def test_what_google_earth_saves_is_opened_and_a_second_file_is_laid_over(page, tmp_path):
    """Earth keeps the data, loses ids, writes altitudes, and somebody drew and typed there."""
    text = saved(page, tmp_path).read_text(encoding="utf-8")
    earth = re.sub(r' id="[^"]*"', "", text)
    earth = re.sub(r"(-?[\d.]+,-?[\d.]+)(?=[ <])", r"\1,0", earth)
    earth = earth.replace("<name>CU-004 Tarim<", "<name>X CU-004 Tarim<")
    polygon = "<coordinates>70,40,0 71,40,0 71,41,0 70,40,0</coordinates>"
    fresh = (
        "<Placemark><name>Untitled Polygon</name><Polygon><outerBoundaryIs><LinearRing>"
        f"{polygon}</LinearRing></outerBoundaryIs></Polygon></Placemark>"
    )
    fence = "<LineString><coordinates>70,40,0 71,40,0</coordinates></LineString>"
    fresh += f"<Placemark><name>old fence</name>{fence}</Placemark>"
    earth = earth.replace("</Document>", f"{fresh}</Document>")
    open_text(page, earth)
    page.wait("return document.getElementById('ask').open")
    assert "Not taken along (1)" in page.run("return document.getElementById('ask').textContent")
    assert "old fence" in page.run("return document.getElementById('ask').textContent")
    click(page, '[data-choice="over"]')
    page.wait("return !document.getElementById('ask').open")
    assert work(page)["done"] == []  # nothing was mixed
    open_text(page, earth)
    page.wait("return document.getElementById('ask').open")
    click(page, '[data-choice="go on"]')
    page.wait("return !document.getElementById('ask').open")
    units = work(page)["units"]
    assert units["CU-004"]["rejected"] is True
    assert units["N1"]["polygons"] == [[[[70, 40], [71, 40], [71, 41]]]]
    assert units["CU-002"]["polygons"][0][0][0] == pytest.approx([75, 42], abs=2)


def test_texts_from_a_file_stay_texts(page, tmp_path):
    text = saved(page, tmp_path).read_text(encoding="utf-8")
    evil = "&lt;img src=x onerror=&quot;window.ran=1&quot;&gt;"
    open_text(page, text.replace("<name>CU-004 Tarim<", f"<name>CU-004 {evil}<"))
    page.wait("return document.getElementById('ask').open")
    click(page, '[data-choice="go on"]')
    page.wait("return !document.getElementById('ask').open")
    choose(page, "CU-004")
    assert "onerror" in page.run("return document.querySelector('#card h2').textContent")
    assert page.run("return window.ran === undefined && !document.querySelector('#card img')")
    assert page.errors == []


def test_the_tip_of_a_neighbour_is_text(page, done, tmp_path):
    units = done.tables["conservation_units"]
    named = units.assign(name_en="<img src=x onerror=window.ran=1> & <b>Sary-Arka</b>")
    path = tmp_path / "draw_S2.html"
    draw_map(toy_round(conservation_units=named), group="S2").save(path)
    opened(page, path)
    middle = units.set_index("unit_id").geometry["CU-001"].representative_point()
    look = "camiDraw.map.setView([arguments[1], arguments[0]], 5, {animate: false})"
    page.run(look, middle.x, middle.y)
    x, y = spot(page, middle.x, middle.y)
    box = page.driver.find_element("id", "map")
    pointer = ActionChains(page.driver).move_to_element_with_offset(box, x + 90, y + 90)
    pointer.move_to_element_with_offset(
        box, x + 9, y + 9
    ).perform()  # a pointer that stays enters nothing
    page.wait("return document.querySelector('.leaflet-tooltip:not(.unit-label)')")
    tip = "document.querySelector('.leaflet-tooltip:not(.unit-label)')"
    assert page.run(f"return {tip}.textContent") == f"CU-001 {named['name_en'][0]} (S1)"
    assert page.run(f"return {tip}.querySelectorAll('b, img').length") == 0


def test_a_unit_has_its_name_in_the_readers_language_until_it_is_renamed(page, done, tmp_path):
    """As on every map; the form renames in English and Russian, and a new name is everybody's."""
    units = done.tables["conservation_units"]
    named = units.assign(name_zh=units["unit_id"].map({"CU-001": "萨雷阿尔卡", "CU-002": "塔拉斯"}))
    chinese = toy_round(conservation_units=named)
    imprint = replace(chinese.imprint, languages=("zh", "en"))
    path = tmp_path / "draw_S2.html"
    draw_map(replace(chinese, imprint=imprint), group="S2").save(path)
    opened(page, path)
    heading = "return document.querySelector('#card h2').textContent"
    choose(page, "CU-002")
    assert page.run(heading) == "CU-002 塔拉斯"
    neighbours = page.run("return document.getElementById('others-box').textContent")
    assert "萨雷阿尔卡" in neighbours
    click(page, '[data-lang="en"]')
    english = page.run(heading)
    assert english == f"CU-002 {units.set_index('unit_id').at['CU-002', 'name_en']}"
    page.driver.find_element("id", "name-en").send_keys(" Pass")
    page.driver.find_element("id", "name-ru").click()
    click(page, '[data-lang="zh"]')
    page.wait(f"return document.querySelector('#card h2').textContent === '{english} Pass'")


# -- everybody --------------------------------------------------------------------------------------


def test_who_pauses_between_two_words_goes_on_where_they_were(page):
    """What is kept is cleaned of the space at its end, which still stands in the field."""
    choose(page, "CU-002")
    page.driver.find_element("id", "said-of").send_keys("fence ")
    page.wait("return camiDraw.state.work.units['CU-002'].comment === 'fence'")
    page.driver.find_element("id", "said-of").send_keys("at km 40")
    page.wait("return camiDraw.state.work.units['CU-002'].comment === 'fence at km 40'")


def test_what_was_begun_on_a_phone_can_be_ended_there(page):
    page.size(390, 844)
    click(page, '[data-tab-of="side"]')
    choose(page, "CU-002")
    page.run("document.getElementById('toolbar').scrollLeft = 900")
    page.run("document.querySelector('[data-mode=\"split\"]').click()")
    for button in ("finish", "cancel"):
        left, right = page.run(
            f"const b = document.getElementById('{button}').getBoundingClientRect(); return [b.left, b.right]"
        )
        assert 0 <= left < right <= 390, button
    click(page, "#cancel")
    assert page.run("return camiDraw.hand.mode") == "edit"


def test_who_works_by_keys_stays_at_the_unit(page):
    """The button that was pressed is gone with what it did: rejected, merged, split."""
    at = "return document.activeElement.dataset.key"
    choose(page, "CU-004")
    page.run("document.getElementById('reject').focus()")
    press(page, Keys.ENTER)
    answer(page, "no animals")
    assert page.run(at) == "CU-004"
    choose(page, "CU-002")
    click(page, '[data-mode="merge"]')
    page.run("document.querySelector('[data-key=\"CU-003\"]').focus()")
    press(page, Keys.ENTER)
    assert page.run(at) == "CU-002"


def test_it_speaks_russian(page):
    choose(page, "CU-003")
    click(page, "#vertices")
    press(page, Keys.ARROW_UP)
    kept(page)
    click(page, '[data-lang="ru"]')
    assert page.run("return document.getElementById('kept').textContent").endswith(
        "в этом браузере"
    )
    click(page, "#show-layers")
    layers = page.run(
        "return [...document.querySelectorAll('#layers label')].map((e) => e.textContent)"
    )
    assert layers
    assert not [name for name in layers if not re.search("[А-я]", name)]
    click(page, "#show-layers")
    assert page.run("return document.documentElement.lang") == "ru"
    assert page.run("return document.getElementById('save').textContent") == "Сохранить файл"
    scale = page.run("return document.querySelector('.leaflet-control-scale-line').textContent")
    assert re.fullmatch(r"\d+ км", scale)
    choose(page, "CU-002")
    words = page.run("return document.getElementById('card').innerText")
    assert not re.search(r"\b(needed|species|close|draw)\b", words)
    # what the page says of itself, and of others, is said in both languages
    for place in (".facts", "#others-box summary", "footer .disclaimer"):
        words = page.run(f"return document.querySelector('{place}').textContent")
        assert re.search("[А-я]", words), words
        assert not re.search(r"\b(Round|operational|Units? of|boundaries)\b", words), words
    click(page, '[data-lang="en"]')
    assert page.run("return document.querySelector('footer .disclaimer').textContent") == DISCLAIMER


def test_names_of_the_ground_give_way_to_ids_at_any_zoom(page):
    page.wait("return document.querySelectorAll('.place span').length > 0")
    for step in (None, "out", "out", "in", "in", "in", "in", "in"):
        if step:
            page.run(f"document.querySelector('.leaflet-control-zoom-{step}').click()")
            page.wait("return !document.querySelector('.leaflet-zoom-anim')")
        # names are set with the end of the zoom, and give way in the next frame
        page.wait(f"{COVERED} return covered.length === 0")


COVERED = """
const boxes = (list) => [...document.querySelectorAll(list)].filter((one) => getComputedStyle(one).visibility === 'visible')
    .map((one) => [one.textContent, one.getBoundingClientRect()]);
const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
const ids = boxes('.unit-label'), names = boxes('.place span');
const covered = names.flatMap(([text, box]) => ids.filter(([, id]) => meet(box, id)).map(([id]) => [text, id]));
const own = boxes('.unit-label:not(:has(.other))'), others = boxes('.unit-label:has(.other)');
covered.push(...others.flatMap(([text, box], i) => [...own, ...others.slice(0, i)].filter(([, id]) => meet(box, id)).map(([id]) => [text, id])));
"""


def test_axe_finds_nothing_serious(page):
    axe = (node_module("axe-core") / "axe.min.js").read_text(encoding="utf-8")
    choose(page, "CU-002")
    page.run(axe + "; window.axe = axe; return 1")
    found = page.driver.execute_async_script(
        "const done = arguments[0]; axe.run().then((r) => done(r.violations"
        ".filter((v) => ['serious', 'critical'].includes(v.impact))"
        ".map((v) => [v.id, v.nodes.map((n) => n.html)])));"
    )
    assert found == []


@pytest.mark.parametrize(
    ("width", "height"),
    [(1366, 768), (1024, 768), (390, 844), (844, 390), (667, 375), (780, 360)],
)
def test_it_fits_the_screen(page, width, height):
    page.size(width, height)
    time.sleep(0.2)
    assert page.run("return document.documentElement.scrollWidth <= window.innerWidth")
    assert page.run("return document.documentElement.scrollHeight <= window.innerHeight")
    # what is below the least height of a part would lie under the others
    assert page.run(
        "const [a, b] = ['.map-box', 'footer'].map((one) => document.querySelector(one).getBoundingClientRect());"
        "return a.bottom <= b.top + 1"
    )
    if width < 760:
        for tab, box in (("side", "side"), ("card", "card"), ("map", "map")):
            click(page, f'[data-tab-of="{tab}"]')
            assert page.run(
                f"return document.getElementById('{box}').getBoundingClientRect().width > 300"
            )


def test_a_unit_chosen_on_a_phone_is_large_enough_for_a_finger(page):
    page.size(390, 844)
    click(page, '[data-tab-of="map"]')
    page.run("camiDraw.map.setZoom(0, { animate: false })")
    click(page, '[data-tab-of="side"]')
    choose(page, "CU-002")
    extent = page.run(
        "const box = L.latLngBounds(camiDraw.state.work.units['CU-002'].polygons.flat(2)"
        ".map(([lon, lat]) => [lat, lon]));"
        "const [a, b] = [box.getSouthWest(), box.getNorthEast()].map((c) => camiDraw.map.latLngToLayerPoint(c));"
        "return Math.max(b.x - a.x, a.y - b.y)"
    )
    assert extent >= 88
    assert page.run("return document.body.dataset.tab") == "map"


def test_a_finger_moves_a_vertex(page):
    snap_off(page)
    choose(page, "CU-002")
    x, y = page.run(
        "const p = camiDraw.map.latLngToContainerPoint([43, 75]),"
        " b = document.getElementById('map').getBoundingClientRect(); return [p.x + b.left, p.y + b.top]"
    )
    touch = page.driver.execute_cdp_cmd
    touch("Emulation.setTouchEmulationEnabled", {"enabled": True})
    try:
        touch("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for step in range(1, 6):
            point = {"x": x + 12 * step, "y": y - 8 * step}
            touch("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        touch("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.wait("return camiDraw.state.work.done.length === 1")
    finally:
        touch("Emulation.setTouchEmulationEnabled", {"enabled": False})


# -- a dead battery ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_killed_browser_has_lost_nothing(html, tmp_path):
    """kill −9 right after a step was said to be kept: the next start has it."""
    for times in range(2):
        generator = chromium_in(tmp_path / "profile")
        page = next(generator)
        try:
            opened(page, html)
            if times:
                page.wait("return document.getElementById('ask').open")
                click(page, '[data-choice="go on"]')
                page.wait("return document.documentElement.dataset.begun")
                assert len(work(page)["done"]) == 3
                assert work(page)["units"]["CU-004"]["name_en"] == "Lop"
                continue
            choose(page, "CU-002")
            click(page, "#vertices")
            press(page, Keys.ARROW_UP, Keys.ARROW_UP)
            choose(page, "CU-004")
            name = page.driver.find_element("id", "name-en")
            name.send_keys(Keys.CONTROL, "a", Keys.NULL, "Lop", Keys.TAB)
            kept(page)
            for process in page.processes():
                os.kill(process, signal.SIGKILL)
        finally:
            generator.close()


def chromium_in(profile):
    """A browser with a profile of its own that outlives it."""
    from contextlib import suppress

    from selenium import webdriver
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.chrome.service import Service

    from tests.browser import _FLAGS, Page

    options = webdriver.ChromeOptions()
    for flag in (*_FLAGS, f"--user-data-dir={profile}", "--window-size=1366,768"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options, Service("/usr/bin/chromedriver"))

    class Owned(Page):
        def processes(self):
            """This browser's own processes, by the profile that only they have open."""
            listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True)
            return [
                int(line.split()[0])
                for line in listed.stdout.splitlines()
                if f"--user-data-dir={profile}" in line and "chromedriver" not in line
            ]

    try:
        yield Owned(driver)
    finally:
        with suppress(WebDriverException):
            driver.quit()


def test_its_tables_hold_no_place_finer_than_may_be_told(done):
    """Panthera uncia made sensitive: nothing but 25 km cells is left of it."""
    species = done.tables["species"].assign(sensitive="no")
    species.loc[species["sci_name"] == "Panthera uncia", "sensitive"] = "yes"
    ground = json.loads(ground_of_round(toy_round(species=species)).measured["ground"])
    named = [key for key in ground["keys"] if key.get("sci_name") == "Panthera uncia"]
    assert named == []
    cells = [key["table"] for key in ground["cells"] if key.get("sci_name") == "Panthera uncia"]
    assert sorted(set(cells)) == ["confidence", "species"]
    for table in ground["points"]:
        for row in table["rows"]:
            assert "Panthera uncia" not in row.get("species", ())
            assert row.get("sci_name") != "Panthera uncia" or "cell" in row
    assert json.dumps(ground).count("uncia") < 40


def test_layers_too_large_for_a_page_are_told_with_fewer_vertices(done, monkeypatch):
    """A range drawn every 30 m, in steps of 8 m aside: with 16 m of leave the steps go."""
    angle = np.linspace(0, 2 * np.pi, 40_000, endpoint=False)
    wide = 1.8 + 7e-5 * (np.arange(40_000) % 2)  # degrees: 8 m are 7e-5 of one
    edge = shapely.Polygon(np.column_stack([73 + wide * np.cos(angle), 43 + wide * np.sin(angle)]))
    tables = {}
    for name in ("features", "ranges_used"):
        layer = done.tables[name]
        is_saiga = layer["sci_name"] == "Saiga tatarica"
        shapes = np.where(is_saiga, np.array(edge, dtype=object), layer.geometry.to_numpy())
        tables[name] = layer.set_geometry(gpd.GeoSeries(shapes, layer.index, crs=layer.crs))
    jagged = toy_round(**tables)
    whole = json.loads(ground_of_round(jagged).measured["ground"])["block"]
    monkeypatch.setattr(draw_map_command, "MOST_BLOCK", len(whole) // 4)
    coarser = json.loads(ground_of_round(jagged).measured["ground"])["block"]
    assert len(coarser) <= len(whole) // 4
