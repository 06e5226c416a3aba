"""Another region and convention: the round of notebook 07, with nothing of Central Asia in it."""

from __future__ import annotations

import json
import re
import time
import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from lxml import etree

import cami_units as cu
from cami_units import kml, store
from cami_units.commands.collect import collect
from cami_units.commands.pack import pack
from cami_units.commands.plenary import plenary
from cami_units.commands.sensitivity import with_sensitivity
from cami_units.kml import rehearsal as draw
from cami_units.model import InputError
from tests.browser import chromium
from tests.test_draw_page import answer, map_click, snap_off
from tests.test_kml_read import document, mark, polygon

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "07_another_region.ipynb"
browser = pytest.fixture(scope="module")(chromium)
OURS = re.compile(
    r"(?<!in_)\bcami\b(?!-)|Central Asia|Migratory Species|saiga|Kazakh|INDICATIVE:", re.I
)


@pytest.fixture(scope="module")
def made():
    """What the cells of the notebook leave behind."""
    names: dict = {}
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), NOTEBOOK.name, "exec"), names)
    return names


@pytest.mark.slow
def test_a_complete_round_comes_out_with_its_own_states_species_and_criteria(made):
    again = store.read_round(made["folder"] / "rounds" / "00-proposal")
    units = again.tables["conservation_units"]
    assert len(units) >= 1
    assert {iso2 for cell in units["countries"] for iso2 in cell.split(";")} <= set(
        made["countries"]["iso2"]
    )
    # "NA" is Namibia and no missing value, on the way in and on the way out
    assert "NA" in set(again.tables["countries"]["iso2"])
    assert again.imprint.profile == "river basin criteria"
    assert again.imprint.languages == ("en",)
    assert not again.imprint.indicative
    met = again.tables["unit_criteria"].set_index("criterion")["met"]
    assert met["C8"].isna().all()  # there are no hotspots: not assessed, never "not met"


@pytest.mark.slow
def test_no_file_of_it_speaks_of_central_asia(made):
    folder = made["folder"] / "rounds" / "00-proposal"
    texts = {
        name: (folder / name).read_text(encoding="utf-8")
        for name in ("manifest.json", "conservation_units.csv", "map.html")
    }
    for name in ("conservation_units.kmz", "conservation_units_web.kmz"):
        with zipfile.ZipFile(folder / name) as archive:
            texts[name] = archive.read("doc.kml").decode("utf-8")
    with zipfile.ZipFile(folder / "conservation_units.xlsx") as archive:
        texts["xlsx"] = "".join(
            archive.read(name).decode("utf-8")
            for name in archive.namelist()
            if name.endswith(".xml")
        )
    for name, text in texts.items():
        spoken = text
        if name == "map.html":  # its catalogue holds every phrase, said or not
            spoken = re.sub(r'"indicative": ?"[^"]*"', "", text)
        assert [found.group() for found in OURS.finditer(spoken)] == [], name


@pytest.mark.slow
def test_what_its_groups_draw_is_measured_and_complained_of_by_its_own_plan(made, tmp_path):
    """The region, the projection and the lattice are those of the round, not of Central Asia."""
    base_dir = made["folder"] / "rounds" / "00-proposal"
    base = store.read_round(base_dir)
    packed = pack(base_dir, tmp_path / "pack")
    handed_in = tmp_path / "in"
    handed_in.mkdir()
    for group in sorted(set(packed.allocation["group"])):
        file = f"edit_{group}.kmz"
        content = draw.handed_out(packed.directory / group / file)
        first = draw.unit_ids(content)[0]
        edited = draw.edited(content, draw.grown(first, 0.9))
        (handed_in / file).write_bytes(draw.packed(doc__kml=edited))
    collected = collect([handed_in], base, base_dir=base_dir)
    assert collected.problems["kind"].isin(["outside", "outside, turned inside"]).sum() == 0
    changes = collected.changes.set_index("unit_id")
    reshaped = changes[changes["change"] == "reshaped"]
    assert len(reshaped) == len(set(packed.allocation["group"]))
    # 0.9 of the side is 0.81 of the ground, in this region's own equal-area system.
    shares = (reshaped["after_km2"] / reshaped["before_km2"]).astype(float)
    assert shares.tolist() == pytest.approx([0.81] * len(shares), rel=0.01)
    cells = collected.round.tables["planning_units"]
    assert set(cells["pu_id"]) == set(base.tables["planning_units"]["pu_id"])


# -- where longitudes end ----------------------------------------------------------------------------


def across(west: float, south: float, east: float, north: float) -> shapely.MultiPolygon:
    """A box over 180°, as a GIS has it: cut there. `east` counts on."""
    parts = shapely.box(west, south, 180, north), shapely.box(-180, south, east - 360, north)
    return shapely.MultiPolygon(parts)


REGIONS = {
    # the border of two states 2° beyond 180°, and two species over both
    "date line": (
        "+proj=laea +lat_0=66 +lon_0=-170 +datum=WGS84 +units=m +no_defs",
        [across(170, 62, 182, 70), shapely.box(-178, 58, -150, 70)],
        [across(176, 63, 190, 68), across(177, 64, 188, 67)],
    ),
    # two states that meet at 180°: one ends there from the west, the other from the east
    "meeting at 180": (
        "+proj=laea +lat_0=65 +lon_0=180 +datum=WGS84 +units=m +no_defs",
        [shapely.box(160, 60, 180, 72), shapely.box(-180, 60, -150, 72)],
        [across(176, 63, 186, 68), across(177, 64, 184, 67)],
    ),
    "pole": (
        "+proj=laea +lat_0=90 +lon_0=0 +datum=WGS84 +units=m +no_defs",
        [shapely.box(-180, 70, 0, 90), shapely.box(0, 70, 180, 90)],
        [shapely.box(-180, 84, 180, 90), shapely.box(-180, 85, 180, 90)],
    ),
    "south pole": (
        "+proj=laea +lat_0=-90 +lon_0=0 +datum=WGS84 +units=m +no_defs",
        [shapely.box(-180, -90, 0, -60), shapely.box(0, -90, 180, -60)],
        [shapely.box(-180, -90, 180, -84), shapely.box(-180, -90, 180, -85)],
    ),
    # south of the equator, over 180°: no unit comes out where a species lives in one state only
    "no units": (
        "+proj=laea +lat_0=-18 +lon_0=180 +datum=WGS84 +units=m +no_defs",
        [across(174, -24, 184, -12), shapely.box(-176, -24, -166, -12)],
        [across(176, -18, 181, -15), across(177, -20, 182, -16)],
    ),
}


def round_at(made, inputs, where):
    """The folder of the round of one of these regions, its inputs written beside it."""
    crs, states, ranges = REGIONS[where]
    plan = (made["folder"] / "plan.toml").read_text(encoding="utf-8")
    plan = re.sub(r"(?m)^states = .*", 'states = ["NA", "ZM"]', plan)
    (inputs / "plan.toml").write_text(re.sub(r"(?m)^crs = .*", f'crs = "{crs}"', plan))
    (inputs / "criteria.toml").write_text(made["CRITERIA"], encoding="utf-8")
    (inputs / "species.csv").write_text(
        "sci_name,name_en,iucn_category,range_states\nUrsus maritimus,Bear,EN,NA;ZM\n"
        "Ovis nivicola,Sheep,EN,NA;ZM\n"
    )
    names = {"iso2": ["NA", "ZM"], "name_en": ["One", "Other"]}
    gpd.GeoDataFrame(names, geometry=states, crs=4326).to_file(inputs / "countries.gpkg")
    codes = {"presence": 1, "origin": 1, "seasonal": 1}
    species = {"sci_name": ["Ursus maritimus", "Ovis nivicola"], **codes}
    gpd.GeoDataFrame(species, geometry=ranges, crs=4326).to_file(inputs / "ranges.gpkg")
    folder = inputs / "rounds" / "00-proposal"
    cu.write_proposal(cu.propose(cu.read_plan(inputs / "plan.toml")), folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("where", REGIONS)
def test_a_round_where_longitudes_end(made, tmp_path, where):
    """Over 180°, over a pole, and with nothing to propose: units keep their areas, and all is written."""
    crs, folder = REGIONS[where][0], round_at(made, tmp_path, where)
    again = store.read_round(folder)
    units = again.tables["conservation_units"]
    assert units.is_valid.all()
    # measured on the ellipsoid, as it was written: each has the area that was measured on the plane
    for unit in units.itertuples():
        on_ground = cu.to_equal_area(units[units["unit_id"] == unit.unit_id], crs).area.sum() / 1e6
        assert on_ground == pytest.approx(unit.area_km2, rel=1e-6)
        assert unit.area_km2 < 200_000, "no belt round the Earth"
    pack(folder, tmp_path / "pack")
    plenary(folder)
    # a box in Norway, as any program writes one: far from all units, where there are some
    elsewhere = tmp_path / "elsewhere.kml"
    elsewhere.write_bytes(document(mark(polygon("20,65 22,65 22,66 20,66 20,65"), "Box")))
    far = collect([elsewhere], again, base_dir=folder).problems["what"].str.contains("the region")
    assert far.any() == (where != "no units")
    if where == "no units":
        assert units.empty
        with pytest.raises(InputError, match="no units, so there is nothing to ask"):
            with_sensitivity(again)
    elif where.endswith("pole"):
        assert abs(units.total_bounds[[1, 3]]).max() == 90, "one has the pole in it, or at a corner"
    else:
        wide = units.bounds["maxx"] - units.bounds["minx"] > 180
        assert wide.any(), "one lies over 180°"
        assert not kml.lint_kml(folder / "conservation_units.kmz").values.tolist()
        with zipfile.ZipFile(folder / "conservation_units.kmz") as archive:
            root = etree.fromstring(archive.read("doc.kml"))
            assert {"files/relief.jpg", "files/relief_beyond.jpg"} <= set(archive.namelist())
        # the eye is where the units are, and not on the other side of the Earth
        eyes = root.iterfind(".//{*}LookAt/{*}longitude")
        assert all(abs(float(eye.text)) > 170 for eye in eyes)
        edges = [
            [float(box.find(f"{{*}}{edge}").text) for edge in ("west", "east")]
            for box in root.iter("{*}LatLonBox")
        ]
        (west, middle), (again_middle, east) = edges
        assert (middle, again_middle) == (180, -180), "a picture on either side, as files have it"
        assert east + 360 - west < 60


@pytest.mark.slow
@pytest.mark.browser
def test_a_map_and_a_drawing_page_over_180_are_one_sheet(made, tmp_path, browser):
    """A map is as wide as its region, not as the world; what is drawn on it arrives where it was drawn."""
    folder = round_at(made, tmp_path, "date line")
    base = store.read_round(folder)
    units = base.tables["conservation_units"].set_index("unit_id").geometry
    cut = units.index[units.geom_type == "MultiPolygon"][0]
    browser.open(folder / "map.html")
    west, east = browser.run("const b = camiMap.getBounds(); return [b.getWest(), b.getEast()]")
    assert west < 178 < 185 < east < west + 60, "the region lies round 182 as longitudes count on"
    outline = browser.run(
        "return document.querySelector(`[data-unit='${arguments[0]}']`).getAttribute('d')", cut
    )
    assert outline.count("M") == 1, "sewn where 180° cuts it"
    assert browser.errors == []

    pack(folder, tmp_path / "pack")
    [group] = (tmp_path / "pack").glob("*/draw_*.html")
    [name] = [group.stem.removeprefix("draw_")]
    browser.open(group, ready=False)
    browser.wait("return document.documentElement.dataset.begun")
    save = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.driver.execute_cdp_cmd("Browser.setDownloadBehavior", save)
    file = tmp_path / f"edit_{name}.kml"

    def collected():
        browser.driver.find_element("id", "save").click()
        for _ in range(200):
            if file.is_file() and file.stat().st_size and not list(tmp_path.glob("*.crdownload")):
                break
            time.sleep(0.03)
        found = collect([file], base, base_dir=folder)
        file.unlink()
        return found

    untouched = collected()
    assert set(untouched.changes["change"]) == {"kept"}
    assert untouched.problems.empty
    # one over 180°, one beyond it, and a pin, as hands draw them
    snap_off(browser)
    browser.run("camiDraw.map.setView([64.5, 183], 5, { animate: false })")
    for west, east in ((178, 182), (184, 187)):
        browser.driver.find_element("css selector", '[data-mode="draw"]').click()
        for place in ((west, 61), (east, 61), (east, 62.5), (west, 62.5), (west, 61)):
            map_click(browser, *place)
    browser.driver.find_element("css selector", '[data-mode="pin"]').click()
    map_click(browser, 186, 66)
    answer(browser, "thin ice")
    drawn = collected()
    fresh = drawn.round.tables["conservation_units"].set_index("unit_id").drop(units.index)
    over, beyond = (shape for _, shape in sorted(fresh.geometry.items()))
    assert over.geom_type == "MultiPolygon", over.bounds
    assert shapely.box(-176, 61, -173, 62.5).hausdorff_distance(beyond) < 0.1
    [pin] = drawn.remarks.geometry
    assert pin.distance(shapely.Point(-174, 66)) < 0.1
    [ground] = cu.to_equal_area(fresh.loc[[fresh.index[0]]], REGIONS["date line"][0]).area / 1e6
    [square] = (
        cu.to_equal_area(
            gpd.GeoDataFrame(geometry=[across(178, 61, 182, 62.5)], crs=4326),
            REGIONS["date line"][0],
        ).area
        / 1e6
    )
    assert ground == pytest.approx(square, rel=0.03)  # a pixel is a fiftieth of a degree
