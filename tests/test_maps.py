"""Maps that cannot fail on the day: read by other programs than those they were written for."""

from __future__ import annotations

import base64
import json
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from shapely import LineString, box

from cami_units import kml, words
from cami_units.model import InputError
from cami_units.webmap import write_map
from cami_units.words.unit_card import unit_cards
from tests.browser import Page, chromium, node_module
from tests.test_webmap import (
    IMPRINT,
    POISON,
    bundled,
    content,
    poisoned,
    table,
    toy,
    toy_layers,
    toy_units,
)

browser = pytest.fixture(scope="module")(chromium)

# -- before and after ------------------------------------------------------------------------------


def earlier() -> gpd.GeoDataFrame:
    """The round before the toy one: CU-001 had another outline, CU-003 was not there, CU-004 was."""
    now = toy_units()
    gone = now.iloc[[2]].assign(unit_id="CU-004", name_en="Gone ridge", name_ru="Бывший хребет")
    was = now.iloc[[0, 1]].copy()
    was.loc[was.index[0], "geometry"] = box(61, 42, 65, 45)
    was.loc[was.index[0], "area_km2"] = 12000.0
    return gpd.GeoDataFrame(
        {column: [*was[column], *gone[column]] for column in now.columns}, crs=now.crs
    )


def test_what_became_of_each_unit(tmp_path: Path) -> None:
    write_map(tmp_path / "map.html", **toy(before=earlier()))
    told = content((tmp_path / "map.html").read_text(encoding="utf-8"))["before"]
    assert [(one["id"], one["change"], one["was"], one["is"]) for one in told] == [
        ("CU-001", "change reshaped", 12000, 12345.6),
        ("CU-002", "change none", 900, 900),
        ("CU-003", "change new", None, 50000),
        ("CU-004", "change gone", 50000, None),
    ]


def test_a_ring_spelt_another_way_is_no_change(tmp_path: Path) -> None:
    """Begun elsewhere, run backwards, with noise in the seventh decimal: what Google Earth does."""
    before = toy_units()
    before["geometry"] = [
        shape.__class__([(x + 1e-7, y) for x, y in [*ring[1:-1], ring[0], ring[1]]][::-1])
        for shape in before.geometry
        for ring in [list(shape.exterior.coords)]
    ]
    write_map(tmp_path / "map.html", **toy(before=before))
    told = content((tmp_path / "map.html").read_text(encoding="utf-8"))["before"]
    assert {one["change"] for one in told} == {"change none"}


def test_without_a_before_nothing_is_compared(tmp_path: Path) -> None:
    write_map(tmp_path / "map.html", **toy())
    assert content((tmp_path / "map.html").read_text(encoding="utf-8"))["before"] is None


@pytest.mark.browser
def test_before_is_on_the_map_and_in_a_table(browser: Page, tmp_path: Path) -> None:
    path = tmp_path / "map.html"
    write_map(path, **toy(before=earlier()))
    browser.size(1366, 768)
    browser.open(path)
    assert browser.run("return document.querySelector('input[name=before]').checked")
    browser.run("document.getElementById('show-table').click()")
    assert not browser.run("return document.getElementById('compare').hidden")
    browser.run("document.getElementById('compare').click()")
    rows = browser.run(
        "return [...document.querySelectorAll('#twin tbody tr')].map("
        "row => [...row.children].map(cell => cell.textContent))"
    )
    assert rows == [
        ["CU-003", "Pamir", "new", "–", "50,000 km²"],
        ["CU-004", "Gone ridge", "gone", "50,000 km²", "–"],
        ["CU-001", "Altai knot", "reshaped", "12,000 km²", "12,346 km²"],
        ["CU-002", "Ustyurt", "unchanged", "900 km²", "900 km²"],
    ]
    browser.run("document.querySelector('#twin tbody tr:nth-child(2) .go').click()")
    browser.wait("return document.querySelector('.thing-card')")
    assert "Gone ridge" in browser.run("return document.querySelector('.thing-card').textContent")
    browser.run("document.querySelector('[data-lang=ru]').click()")
    assert browser.run(
        "return document.querySelector('#twin tbody td:nth-child(3)').textContent"
    ) == (words.text("change new", "ru"))
    browser.run("document.getElementById('compare').click()")
    assert browser.run("return document.querySelectorAll('#twin tbody tr').length") == 3
    assert browser.errors == []
    assert browser.asked_for() == []


# -- the atlas -------------------------------------------------------------------------------------


def toy_parts() -> gpd.GeoDataFrame:
    return table(
        [box(60, 40, 75, 47), box(76, 40, 78, 42)],
        range_id=["R1", "R2"],
        sci_name=["Saiga tatarica"] * 2,
        presence=[1, 3],
        origin=[1, 1],
        seasonal=[1, 4],
        confidence=["high", "low"],
        source=["Toy", POISON],
    )


def toy_pairs() -> gpd.GeoDataFrame:
    return table(
        [LineString([(68, 35), (68, 52)])],
        pair=["KZ;UZ"],
        disputed=[False],
        border_km=[1234.5],
        species_shared=["Saiga tatarica"],
    )


def atlas(**changes: Any) -> dict[str, Any]:
    layers = toy_layers() | {"ranges": toy_parts(), "borders": toy_pairs()}
    return toy(layers=layers, detail="atlas") | changes


def test_an_atlas_has_what_a_map_leaves_out(tmp_path: Path) -> None:
    write_map(tmp_path / "map.html", **(atlas() | {"detail": "map"}))
    write_map(tmp_path / "atlas.html", **atlas())
    light, full = (
        content((tmp_path / name).read_text(encoding="utf-8"))
        for name in ("map.html", "atlas.html")
    )
    saiga = {one["id"]: one for one in full["species"]}["Saiga tatarica"]
    assert [(part["id"], part["rows"][0]) for part in saiga["parts"]] == [
        ("R2", ["presence", "possibly extant"]),
        ("R1", ["presence", "extant"]),
    ]
    assert all(one["parts"] == [] for one in light["species"])
    assert full["evidence"]["borders"][0]["rows"] == [
        ["border_km", 1234.5],
        ["species_shared", "Saiga tatarica"],
    ]


def test_an_unknown_detail_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"The detail 'atlass' is unknown.*Did you mean 'atlas'"):
        write_map(tmp_path / "map.html", **toy(detail="atlass"))


@pytest.mark.browser
def test_an_atlas_opens_with_every_part_to_click_on(browser: Page, tmp_path: Path) -> None:
    path = tmp_path / "atlas.html"
    write_map(path, **atlas())
    browser.open(path, anchor="#on=borders&species=Saiga%20tatarica")
    said = browser.run(
        "const said = []; camiMap.eachLayer(l => { if (l.getPopup && l.getPopup() && !l.eachLayer) {"
        " l.openPopup(); said.push([...document.querySelectorAll('.thing-card')].pop().textContent); } });"
        "return said"
    )
    assert any("possibly extant" in one and "passage" in one for one in said)
    assert any(words.text("border_km") in one and "1,234.5" in one for one in said)
    assert any(POISON.split("</")[0] in one for one in said)
    assert browser.run("return window.pwned") is None
    assert browser.errors == []
    assert browser.asked_for() == []


# -- people who do not see it, or not in colour ----------------------------------------------------


def violations(page: Page, axe: Path) -> list[str]:
    """What axe-core finds that is serious: run by the debugger, as the page itself runs no guest."""
    page.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": axe.read_text(encoding="utf-8")})
    found = page.driver.execute_cdp_cmd(
        "Runtime.evaluate",
        {
            "expression": "axe.run(document).then(r => JSON.stringify(r.violations))",
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:120]} {each['nodes'][0]['failureSummary']}"
        for each in json.loads(found["result"]["value"])
        if each["impact"] in ("serious", "critical")
    ]


@pytest.mark.browser
@pytest.mark.parametrize("width", [1366, 390])
def test_axe_reports_nothing_serious(browser: Page, tmp_path: Path, width: int) -> None:
    """Contrast among the rest, in every language."""
    axe = node_module("axe-core") / "axe.min.js"
    path = tmp_path / "map.html"
    given = atlas(before=earlier())
    tables = {"conservation_units": given["units"], "unit_criteria": given["unit_criteria"]}
    cards = {lang: unit_cards(tables, given["species"], lang=lang) for lang in words.LANGUAGES}
    write_map(path, **{**given, "cards": cards})
    browser.size(width, 800)
    browser.open(path, anchor="#on=units,hotspots,barriers,borders,planning_units,before")
    assert violations(browser, axe) == []
    browser.run("document.getElementById('show-table').click()")
    browser.run("document.querySelector('#twin .go').click()")
    browser.wait("return document.querySelector('.unit-card')")
    browser.run("document.querySelector('.unit-card summary').click()")
    # The card fades in; half-way its letters are half as dark.
    browser.wait(
        "return getComputedStyle(document.querySelector('.leaflet-popup')).opacity === '1'"
    )
    assert violations(browser, axe) == []
    for lang in ("ru", "zh", "mn"):
        browser.run(f"document.querySelector('[data-lang={lang}]').click()")
        browser.wait(
            "return getComputedStyle(document.querySelector('.leaflet-popup')).opacity === '1'"
        )
        assert violations(browser, axe) == [], lang
    browser.size(1366, 768)


# -- another globe ---------------------------------------------------------------------------------

GLOBE = """<!DOCTYPE html><html><head><meta charset="utf-8"><link rel="icon" href="data:,">
<script>window.CESIUM_BASE_URL = {base};</script><script src={script}></script></head><body><script>
const bytes = Uint8Array.from(atob("{data}"), (c) => c.charCodeAt(0));
const kmz = new Blob([bytes], {{ type: "application/vnd.google-earth.kmz" }});
Cesium.KmlDataSource.load(kmz, {{ canvas: document.createElement("canvas") }}).then((source) => {{
  const now = Cesium.JulianDate.now();
  const known = source.entities.values;
  window.seen = {{
    name: source.name,
    polygons: known.filter((one) => one.polygon).length,
    lines: known.filter((one) => one.polyline && !one.polygon).length,
    tours: source.kmlTours.map((tour) => [tour.name, tour.playlist.length]),
    units: known.filter((one) => one.kml && one.kml.extendedData && one.kml.extendedData.cu_id)
      .map((one) => [one.kml.extendedData.cu_id.value, one.name, one.description.getValue(now),
        Object.fromEntries(Object.entries(one.kml.extendedData).map(([key, data]) => [key, data.value]))]),
  }};
}}).catch((error) => {{ window.seen = {{ error: String(error) }}; }})
  .finally(() => {{ document.documentElement.dataset.ready = "1"; }});
</script></body></html>"""


@pytest.mark.browser
@pytest.mark.parametrize("lang", words.LANGUAGES)
@pytest.mark.parametrize("profile", ["earth-pro", "earth-web"])
def test_cesium_shows_the_same_units_balloons_and_tour(
    browser: Page, tmp_path: Path, profile: kml.Profile, lang: str
) -> None:
    cesium = node_module("cesium") / "Build" / "Cesium"
    given = toy()
    tables = {"conservation_units": given["units"], "unit_criteria": given["unit_criteria"]}
    cards = unit_cards(tables, given["species"], lang=lang)
    kml.write_kml(
        tmp_path / "units.kmz",
        given["units"],
        cards=cards,
        imprint=IMPRINT,
        profile=profile,
        lang=lang,
        layers=given["layers"],
        species=given["species"],
    )
    page = tmp_path / "globe.html"
    page.write_text(
        GLOBE.format(
            base=json.dumps(cesium.as_uri() + "/"),
            script=json.dumps((cesium / "Cesium.js").as_uri()),
            data=base64.b64encode((tmp_path / "units.kmz").read_bytes()).decode("ascii"),
        ),
        encoding="utf-8",
    )
    browser.driver.get("about:blank")
    browser.listen()
    browser.requests, browser.errors = [], []
    browser.driver.get(page.as_uri())
    browser.wait("return document.documentElement.dataset.ready", seconds=60)
    browser.listen()
    seen = browser.run("return window.seen")
    assert "error" not in seen, seen
    assert seen["name"] == IMPRINT.title
    # Witness: our own reader counts the same polygons in the same file.
    own, problems = kml.read_kml(tmp_path / "units.kmz")
    assert {problem.level for problem in problems} <= {"note"}  # it plays no tour
    assert seen["polygons"] == int((own["kind"] == "polygon").sum())
    assert seen["lines"] == int((own["kind"] == "line").sum())
    by_id = cards.set_index("unit_id")
    assert [unit[0] for unit in seen["units"]] == ["CU-001", "CU-002", "CU-003"]
    for unit_id, name, balloon, data in seen["units"]:
        card = by_id.loc[unit_id]
        assert name == f"{unit_id} {words.name_in(card, lang)}"
        for field in ("status", "states", "criteria", "protected", "barriers", "confidence"):
            if field in data:
                assert card[field] in (data[field], data[field].replace(".", ","))
            # figures are plain numbers in the data: the card has the signs of its language in them
            said = card[field].replace("\u00a0", " ")
            shown = re.sub(r"&nbsp;|\u00a0", " ", balloon)
            assert said in shown or re.sub(r"(\d),(\d)", r"\1.\2", said) in shown, field
        area = f"{float(data['area_km2']):.0f}"
        assert area == re.sub(r"\D", "", card["area"].removesuffix("²"))
        assert f"{area} {words.text('km2', lang)}" in balloon
        assert "$[" not in balloon
    stops = (
        [[words.text("tour", lang), 6]] if profile == "earth-pro" else []
    )  # fly and wait, thrice
    assert seen["tours"] == stops
    assert browser.errors == []
    local = ("data:", "blob:", "about:", page.as_uri(), cesium.as_uri())
    assert [url for url in browser.requests if not url.startswith(local)] == []


# -- the picture of the legend ---------------------------------------------------------------------

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def written(tmp_path: Path, name: str, **changes: Any) -> Path:
    given = toy(**({"species": changes.pop("species")} if "species" in changes else {}))
    kml.write_kml(
        tmp_path / name,
        given["units"],
        cards=given["cards"]["en"],
        imprint=IMPRINT,
        layers=given["layers"],
        species=given["species"],
        **changes,
    )
    return tmp_path / name


def test_the_legend_lies_in_the_kmz_of_earth_pro_and_nowhere_else(tmp_path: Path) -> None:
    pro = zipfile.ZipFile(written(tmp_path, "pro.kmz", legend=PNG))
    assert pro.namelist() == ["doc.kml", "files/legend.png", "files/relief.jpg"]
    assert pro.read("files/legend.png") == PNG
    assert b"<ScreenOverlay" in pro.read("doc.kml")
    web = zipfile.ZipFile(written(tmp_path, "web.kmz", legend=PNG, profile="earth-web"))
    assert web.namelist() == ["doc.kml"]
    for other in (web.read("doc.kml"), written(tmp_path, "pro.kml", legend=PNG).read_bytes()):
        assert b"ScreenOverlay" not in other
        assert words.text("legend").encode() in other  # the balloon is there all the same


@pytest.mark.parametrize("profile", ["earth-pro", "earth-web"])
def test_with_its_legend_a_file_is_still_sound(tmp_path: Path, profile: kml.Profile) -> None:
    path = written(tmp_path, "units.kmz", legend=PNG, profile=profile)
    findings = kml.lint_kml(path, profile=profile)
    assert findings[findings["level"] == "error"].empty, findings.to_string()


def test_the_signs_of_the_legend_are_what_the_file_draws() -> None:
    given = toy()
    for lang in words.LANGUAGES:
        signs = kml.legend_signs(given["units"], given["layers"], lang=lang)
        told = [sign.label for sign in signs]
        expected = (
            "modelled candidate",
            "area of interest",
            "hotspots",
            "corridors",
            "border_fence",
        )
        assert {words.text(key, lang) for key in expected} <= set(told)
        assert words.text("adopted", lang) not in told
    assert {sign.label for sign in signs if sign.is_line} >= {words.text("corridors", lang)}


def test_each_border_is_one_thing_to_click_on(tmp_path: Path) -> None:
    given = toy()
    kml.write_kml(
        tmp_path / "units.kml",
        given["units"],
        cards=given["cards"]["en"],
        imprint=IMPRINT,
        layers={"borders": toy_pairs()},
    )
    marks, _ = kml.read_kml(tmp_path / "units.kml")
    (pair,) = [
        row for row in marks.to_dict("records") if row["data"].get("layer") == "border_pairs"
    ]
    assert pair["name"] == "KZ–UZ"
    assert pair["folder"].endswith(words.text("border pairs"))
    assert pair["data"]["border_km"] == "1234.5"
    assert pair["visibility"] is False or pair["visibility"] == 0


# -- hostile names, once more, all at once ---------------------------------------------------------


@pytest.mark.browser
def test_poison_in_an_atlas_with_a_before_stays_text(browser: Page, tmp_path: Path) -> None:
    given = poisoned()
    before = given["units"].assign(name_en=POISON, unit_id=[f"{POISON}{n}" for n in range(3)])
    write_map(tmp_path / "poison.html", **(given | {"before": before, "detail": "atlas"}))
    browser.open(tmp_path / "poison.html")
    browser.run("document.getElementById('show-table').click()")
    browser.run("document.getElementById('compare').click()")
    assert POISON in browser.run("return document.querySelector('#twin tbody').textContent")
    assert browser.run("return window.pwned") is None
    assert (
        browser.run("return document.querySelectorAll('img:not(.leaflet-image-layer)').length") == 0
    )
    assert browser.errors == []
    assert browser.asked_for() == []


# -- pictures to look at ---------------------------------------------------------------------------


_VIEW = """
const units = [...document.querySelectorAll('path.unit')].map((path) => path.getBoundingClientRect());
const map = camiMap.getContainer().getBoundingClientRect();
const isSeen = (box) => box.left >= map.left && box.right <= map.right && box.top >= map.top && box.bottom <= map.bottom;
return { zoom: camiMap.getZoom(), seen: units.filter((box) => box.width && isSeen(box)).length };"""


@pytest.mark.browser
def test_a_window_of_any_shape_begins_with_every_unit_and_no_farther_off(
    browser: Page, tmp_path: Path
) -> None:
    """All 44 units side by side are a strip on a phone: a unit that is not in it is one nobody looks for."""
    write_map(tmp_path / "map.html", **bundled())
    for width, height in ((390, 844), (1366, 768), (1920, 1080)):
        browser.size(width, height)
        browser.open(tmp_path / "map.html")
        view = browser.run(_VIEW)
        assert view["seen"] == 44, (width, view)
        if width < height:
            browser.run("camiMap.setZoom(0, {animate: false})")
            assert browser.run(_VIEW) == view
    browser.size(1366, 768)


@pytest.mark.browser
@pytest.mark.parametrize("width", [1920, 1366, 390])
def test_pictures_are_kept_for_people_to_look_at(browser: Page, tmp_path: Path, width: int) -> None:
    """No golden images: a person looks. They are kept where ``CAMI_UNITS_REPORTS`` says."""
    kept = Path(os.environ.get("CAMI_UNITS_REPORTS") or tmp_path)
    kept.mkdir(parents=True, exist_ok=True)
    write_map(tmp_path / "map.html", **bundled())
    browser.size(width, {1920: 1080, 1366: 768, 390: 844}[width])
    browser.open(tmp_path / "map.html")
    browser.picture(kept / f"map_{width}.png")
    browser.run("document.querySelector('[data-lang=ru]').click()")
    browser.run("document.getElementById('show-table').click()")
    browser.picture(kept / f"map_{width}_table_ru.png")
    assert browser.run("return document.documentElement.scrollWidth") == width
    for name in (f"map_{width}.png", f"map_{width}_table_ru.png"):
        assert (kept / name).stat().st_size > 15_000, "a blank page"
    browser.size(1366, 768)
