"""Context layers on their way through every product: measured, drawn, never scored, never trusted."""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from lxml import etree

from cami_units import kml, layers, overlap, store, webmap, words
from cami_units.commands.context import context_again, with_context
from cami_units.commands.propose import propose
from cami_units.commands.shown_round import all_context, annotated_layers, published, shown_context
from cami_units.kml import rehearsal as draw
from cami_units.layers import context_rows, read_context
from cami_units.model import EQUAL_AREA, LONLAT, InputError, Raster, Round, data_dir
from cami_units.plan import read_plan
from cami_units.scene import MOST_FEATURES, MOST_VERTICES, light_context
from cami_units.words import unit_card
from cami_units.words.unit_card import context_legend, unit_cards
from tests.browser import Page, chromium
from tests.rounds import BOXES, toy_round
from tests.test_collect import base, collected, handed_out, kmz

browser = pytest.fixture(scope="module")(chromium)

POISON = "{{7*7}}<img src=x onerror=alert(1)></name>${window.pwned=1} {% raw"

# The toy round has CU-001 at lon 71–73, lat 41–42. `conflict` covers its western half, and nothing
# else: 50 % of CU-001 but for the stretch of a degree with latitude, 0 % of the others.
HALF = shapely.box(71, 41, 72, 42)


def context_file(path: Path, *shapes: object, **columns: object) -> Path:
    gpd.GeoDataFrame(columns, geometry=list(shapes), crs=LONLAT).to_file(path)
    return path


def planned(folder: Path, text: str, *, everywhere: bool = True):
    """A plan whose context layers were compiled for all states, unless a test is about that."""
    names = re.findall(r"^\[context\.([A-Za-z_-]+)\]$", text, re.MULTILINE) if everywhere else []
    states = ["AF", "BT", "CN", "IN", "IR", "KZ", "KG", "MN", "NP", "PK", "RU", "TJ", "TM", "UZ"]
    coverage = "".join(f'"context.{name}" = {json.dumps(states)}\n' for name in names)
    head = 'title = "t"\ndate = "2026-11-22"\n'
    text = f"{head}[coverage]\n{coverage}{text}"
    (folder / "plan.toml").write_text(text, encoding="utf-8")
    return read_plan(folder / "plan.toml")


@pytest.fixture
def made(tmp_path: Path) -> Round:
    context_file(tmp_path / "hwc.gpkg", HALF, name=[POISON], cases=[7], kind=[POISON])
    context_file(tmp_path / "mines.geojson", shapely.Point(71.5, 41.5), name=["Old shaft"])
    context_file(tmp_path / "rail.shp", shapely.LineString([(70, 41.5), (80, 41.5)]), name=["Line"])
    plan = planned(
        tmp_path,
        '[context.human-wildlife_conflict]\npath = "hwc.gpkg"\nsummary = "share"\n'
        '[context.mines]\npath = "mines.geojson"\nsummary = "count"\n'
        '[context.rail]\npath = "rail.shp"\nsummary = "length_per_1000km2"\n',
    )
    return with_context(toy_round(), plan)


def test_polygons_points_and_lines_are_told_for_every_unit(made: Round) -> None:
    table = made.tables["unit_context"].set_index(["layer", "unit_id"])["value"]
    assert table["human-wildlife_conflict"].tolist() == pytest.approx([50, 0, 0, 0], abs=0.1)
    assert table["mines"].tolist() == [1, 0, 0, 0]
    # 2° along 41.5° N are 166.9 km; CU-001 has 18,566 km² on the ellipsoid: 8.99 km per 1000 km².
    assert table["rail"].iloc[0] == pytest.approx(8.99, abs=0.05)
    # CU-003 ends at 41° N, so the line passes it by.
    assert table["rail", "CU-003"] == 0


def test_a_layer_speaks_only_where_it_was_looked_for(tmp_path: Path) -> None:
    # The layer has one polygon, in one state (the western half of CU-001): it speaks of that half,
    # all of which it fills, and of no other unit; nobody looked there, and none is not nothing.
    context_file(tmp_path / "hwc.gpkg", HALF, name=["Report"])
    text = '[context.conflict]\npath = "hwc.gpkg"\nsummary = "share"\n'
    made = with_context(toy_round(), planned(tmp_path, text, everywhere=False))
    table = made.tables["unit_context"].set_index("unit_id")
    assert table["value"].iloc[0] == pytest.approx(100, abs=0.1)
    assert table["covered_share"].iloc[0] == pytest.approx(0.5, abs=0.01)
    assert table["value"].iloc[1:].isna().all()
    assert (table["covered_share"].iloc[1:] == 0).all()
    card = unit_cards(made.tables, made.tables["species"])["context"]
    assert card[0] == "conflict (100 % of the area, of the 50 % of the unit that it covers)"
    assert card[1] == "conflict (not assessed)"


def test_the_card_says_it_in_both_languages(made: Round) -> None:
    card = unit_cards(made.tables, made.tables["species"]).set_index("unit_id")["context"]
    assert card["CU-001"] == (
        "human-wildlife conflict (50 % of the area); mines (1, count); rail (9.0 km per 1000 km²)"
    )
    said = unit_cards(made.tables, made.tables["species"], lang="ru")["context"].iloc[0]
    assert said.startswith("human-wildlife conflict (50 % площади); mines (1, число)")
    bare = unit_cards(toy_round().tables, made.tables["species"])
    assert (bare["context"] == "").all()


def test_a_value_that_is_not_there_is_not_zero() -> None:
    row = {"layer": "cattle", "value": np.nan, "unit": "mean"}
    assert unit_card.context(row) == "cattle (not assessed)"


def test_files_are_cited_and_hashed_like_any_input(made: Round) -> None:
    own = [one for one in made.manifest["inputs"] if one["layer"].startswith("context_")]
    assert [(one["layer"], one["file"], one["rows"], one["kept"]) for one in own] == [
        ("context_human-wildlife_conflict", "hwc.gpkg", 1, 1),
        ("context_mines", "mines.geojson", 1, 1),
        ("context_rail", "rail.shp", 1, 1),
    ]
    assert all(re.fullmatch("[0-9a-f]{64}", one["sha256"]) for one in own)
    assert made.imprint.sources[1:] == (
        "human-wildlife conflict: hwc.gpkg",
        "mines: mines.geojson",
        "rail: rail.shp",
    )


def test_the_order_of_rows_in_the_file_changes_nothing() -> None:
    rows = gpd.GeoDataFrame(
        {"name": ["b", "a", "a"], "value": [1.0, 3.0, 2.0]},
        geometry=[shapely.Point(x, 0) for x in (1, 2, 3)],
        crs=EQUAL_AREA,
    )
    one, other = context_rows(rows), context_rows(rows.iloc[::-1])
    pd.testing.assert_frame_equal(one, other)
    assert one["context_id"].tolist() == ["0001", "0002", "0003"]
    assert one["value"].tolist() == [2.0, 3.0, 1.0]


def test_a_round_with_context_can_be_written_and_read_and_is_drawn(
    made: Round, tmp_path: Path
) -> None:
    shown = shown_context(made)
    units = made.tables["conservation_units"]
    species = made.tables["species"]
    for profile in ("earth-pro", "earth-web"):
        path = tmp_path / f"{profile}.kmz"
        kml.write_kml(
            path,
            units,
            cards=unit_cards(made.tables, species),
            imprint=made.imprint,
            profile=profile,
            layers=shown,
        )
        assert kml.lint_kml(path, profile=profile).empty
        marks, _ = kml.read_kml(path)
        table = pd.DataFrame(marks)
        folders = table["folder"].map(str)
        inside = table[folders.str.contains("Context (not scored)", regex=False)]
        assert sorted(set(inside["folder"].map(lambda path: str(path).rpartition("/")[2]))) == [
            "human-wildlife conflict (% of the area)",
            "mines (count)",
            "rail (km per 1000 km²)",
        ]
        visible = {
            mark.findtext("{*}name"): mark.findtext("{*}visibility")
            for mark in etree.fromstring(zipfile.ZipFile(path).read("doc.kml")).iter("{*}Placemark")
        }
        assert {visible[name] for name in inside["name"]} == {"0"}  # off at first
        assert "<img" not in " ".join(inside["name"])
        unit = next(row for row in marks.to_dict("records") if row["data"].get("cu_id") == "CU-001")
        assert (
            unit["data"]["context_human_wildlife_conflict"] == "50"
        )  # a figure, its words in the balloon


def page_data(page: str) -> dict[str, object]:
    found = re.search(r'<script[^>]*id="cami-data"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found.group(1))


def test_the_map_offers_each_layer_with_its_measure_and_trusts_no_string(made: Round) -> None:
    shown = shown_context(made)
    page = webmap.unit_map(
        made.tables["conservation_units"],
        cards={
            lang: unit_cards(made.tables, made.tables["species"], lang=lang)
            for lang in words.LANGUAGES
        },
        imprint=made.imprint,
        layers=shown,
    )
    html = page.get_root().render()
    assert "{{7*7}}" not in html
    assert "<img src=x" not in html
    data = page_data(html)
    key = "context_human-wildlife_conflict"
    assert data["words"]["en"][key] == "human-wildlife conflict (% of the area)"
    assert data["words"]["ru"]["context_mines"] == "mines (число)"
    assert data["styles"]["context_rail"]["line"] is True
    assert data["styles"][key]["line"] is False
    assert len(data["evidence"][key]) == 1
    assert data["evidence"]["context_mines"][0]["g"]  # a point is drawn, as a small square


def test_a_heavy_layer_is_thinned_for_drawing_and_says_so() -> None:
    lot = np.random.default_rng(1)
    places = lot.uniform([50, 30], [110, 50], (900, 2))
    shapes = shapely.buffer(shapely.points(places), lot.uniform(0.1, 0.5, 900), quad_segs=30)
    table = gpd.GeoDataFrame({"name": "x"}, index=range(900), geometry=shapes, crs=LONLAT)
    rows = context_rows(table).assign(title="crops", measure="%")
    noticed: list = []
    light = light_context({"context_crops": rows}, problems=noticed)["context_crops"]
    assert len(light) == MOST_FEATURES
    assert shapely.get_num_coordinates(light.geometry.to_numpy()).sum() <= MOST_VERTICES
    # The largest stay: the smallest that is drawn is at least as large as any that is not.
    gone = rows[~rows["context_id"].isin(light["context_id"])]
    drawn = rows[rows["context_id"].isin(light["context_id"])]
    assert shapely.area(drawn.geometry).min() >= shapely.area(gone.geometry).max()
    assert noticed[0].what.startswith("of the context layer crops 500 of 900 features are drawn")
    crops = pd.DataFrame({"title": ["crops"] * 500, "measure": "%", "in_all": 900})
    assert context_legend(crops, "ru") == "crops (% площади, показано 500 из 900)"


def test_points_that_are_too_many_are_thinned_evenly() -> None:
    # 1,000 points on a line from 50° to 110° E: whichever are drawn, no gap is wider than a degree.
    places = shapely.points(np.linspace(50, 110, 1000), np.full(1000, 40.0))
    table = gpd.GeoDataFrame(geometry=places, crs=LONLAT)
    rows = context_rows(table).assign(title="towns", measure="count")
    light = light_context({"context_towns": rows})["context_towns"]
    assert len(light) == MOST_FEATURES
    assert (light.geometry.geom_type == "Polygon").all()
    assert np.diff(np.sort(light.bounds["minx"])).max() < 1


def test_a_restricted_layer_is_measured_and_never_shown(tmp_path: Path) -> None:
    context_file(tmp_path / "iucn.gpkg", HALF, name=["x"], citation=["IUCN Red List 2025"])
    plan = planned(tmp_path, '[context.other]\npath = "iucn.gpkg"\nsummary = "share"\n')
    made = with_context(toy_round(), plan)
    assert made.tables["unit_context"]["value"].iloc[0] == pytest.approx(50, abs=0.1)
    assert made.manifest["inputs"][-1]["restricted"]
    assert all_context(made) == {}
    assert "context_other" not in published(made).tables


@pytest.mark.parametrize("name", ["protected_areas", "renamed"])
def test_a_file_that_came_with_the_software_is_shown_whatever_its_sources_are(tmp_path, name):
    # one of its rows was checked against the Red List's makers and says so; nothing of theirs is in it
    bundled = data_dir() / "protected_areas" / "protected_areas.geojson"
    copy = tmp_path / f"{name}.geojson"
    copy.write_bytes(bundled.read_bytes())
    assert [one["restricted"] for one in read_context(copy, around=None).sources] == [False]
    copy.write_bytes(bundled.read_bytes() + b"\n")
    assert [one["restricted"] for one in read_context(copy, around=None).sources] == [True]


def test_units_that_were_redrawn_are_told_anew_and_the_others_as_they_were(made: Round) -> None:
    # CU-001 moves a degree east, off the western half; CU-002 stays and keeps its row, whatever it
    # says; a new unit lies wholly inside.
    marked = made.tables["unit_context"].copy()
    marked.loc[marked["unit_id"] == "CU-002", "value"] = 77.0
    base = replace(made, tables={**made.tables, "unit_context": marked})
    units = base.tables["conservation_units"].set_index("unit_id", drop=False)
    moved = units.copy()
    moved.loc["CU-001", "geometry"] = shapely.box(72, 41, 74, 42)
    new = moved.loc[["CU-004"]].assign(unit_id="CU-005", geometry=shapely.box(71.2, 41.2, 71.8, 42))
    later = gpd.GeoDataFrame(pd.concat([moved, new]), crs=LONLAT).reset_index(drop=True)
    after = replace(base, tables={**base.tables, "conservation_units": later})
    found = context_again(after, base, crs=EQUAL_AREA).tables["unit_context"]
    share = found[found["layer"] == "human-wildlife_conflict"].set_index("unit_id")["value"]
    assert share.drop("CU-002").tolist() == pytest.approx([0, 0, 0, 100], abs=0.1)
    assert share["CU-002"] == 77.0
    assert set(found["unit_id"]) == {*BOXES, "CU-005"}
    assert context_again(toy_round(), toy_round(), crs=EQUAL_AREA).tables.keys() == (
        toy_round().tables.keys()
    )


@pytest.mark.parametrize(
    ("summary", "unit", "value"), [("mean", "mean", 5.0), ("share", "%", 5.0), ("count", "sum", 20)]
)
def test_a_raster_is_told_anew_on_the_planning_units(summary: str, unit: str, value: float) -> None:
    # Two planning units side by side, with 4 and 6. A unit over the eastern half of one and the
    # western half of the other: a mean (and a share, %) of 5; of sums 8 and 32 halves: 4 + 16.
    cells = gpd.GeoDataFrame(
        {"pu_id": ["P1", "P2"]},
        geometry=[shapely.box(0, 0, 1e4, 1e4), shapely.box(1e4, 0, 2e4, 1e4)],
        crs=EQUAL_AREA,
    )
    own = [8.0, 32.0] if summary == "count" else [4.0, 6.0]
    unit_shape = gpd.GeoDataFrame(
        {"unit_id": ["CU-001"]}, geometry=[shapely.box(5e3, 0, 1.5e4, 1e4)], crs=EQUAL_AREA
    )
    tables = {
        "conservation_units": layers.to_lonlat(unit_shape),
        "planning_units": layers.to_lonlat(cells),
        "context_cells": pd.DataFrame({"pu_id": ["P1", "P2"], "layer": "herds", "value": own}),
        "unit_context": pd.DataFrame(
            {
                "unit_id": ["CU-001"],
                "layer": ["herds"],
                "summary": [summary],
                "value": [0.0],
                "unit": [unit],
                "measured_on": ["layer"],
            }
        ),
    }
    done = Round(imprint=None, tables=tables, manifest={})  # type: ignore[arg-type]
    elsewhere = tables["conservation_units"].assign(geometry=[shapely.box(0, 0, 1, 1)])
    base = replace(done, tables={**tables, "conservation_units": elsewhere})
    found = context_again(done, base, crs=EQUAL_AREA).tables["unit_context"].iloc[0]
    assert found["value"] == pytest.approx(value, rel=1e-4)
    assert (found["unit"], found["measured_on"]) == (unit, "planning units")
    # 5 km further east half of it lies in no cell with a value: the other half alone is spoken of.
    beyond = shapely.box(1.5e4, 0, 2.5e4, 1e4)
    moved_shape = unit_shape.set_geometry([beyond], crs=EQUAL_AREA)
    moved = replace(done, tables={**tables, "conservation_units": layers.to_lonlat(moved_shape)})
    found = context_again(moved, base, crs=EQUAL_AREA).tables["unit_context"].iloc[0]
    assert found["value"] == pytest.approx(16.0 if summary == "count" else 6.0, rel=1e-4)
    told = 1.0 if summary == "mean" else 0.5  # of a mean cells without a value may be such ground
    assert found["covered_share"] == pytest.approx(told, rel=1e-4)


@pytest.mark.parametrize(("summary", "value"), [("share", 50.0), ("mean", 0.5), ("count", 4.0)])
def test_a_raster_speaks_of_no_ground_beyond_its_frame(
    tmp_path: Path, summary: str, value: float
) -> None:
    # Cells of 0.25° from 70° to 72° E, 1 from 71.5° on. Of CU-001, 71–73° E and 41–42° N, half lies in
    # the frame, 4 × 4 cells of which 8 have something; where values are summed that is 0.5 each. The
    # other units lie beyond it.
    rasterio = pytest.importorskip("rasterio")
    values = np.zeros((8, 8))
    values[:, 6:] = 0.5 if summary == "count" else 1.0
    edges = rasterio.transform.from_bounds(70, 40.5, 72, 42.5, 8, 8)
    shape = {"width": 8, "height": 8, "count": 1, "dtype": "float64"}
    with rasterio.open(
        tmp_path / "r.tif", "w", driver="GTiff", crs=LONLAT, transform=edges, **shape
    ) as file:
        file.write(values, 1)
    text = f'[context.forest]\npath = "r.tif"\nsummary = "{summary}"\n'
    made = with_context(toy_round(), planned(tmp_path, text))
    found = made.tables["unit_context"].set_index("unit_id")
    assert found.loc["CU-001", "value"] == pytest.approx(value, rel=2e-3)
    assert found.loc["CU-001", "covered_share"] == pytest.approx(0.5, rel=2e-3)
    others = found.drop("CU-001")
    assert others["value"].isna().all()
    assert (others["covered_share"] == 0).all()


def test_hostile_names_of_layers_survive_the_geopackage(tmp_path: Path) -> None:
    context_file(tmp_path / "a.gpkg", HALF, name=["x"])
    plan = planned(
        tmp_path,
        "[context.\"<b>'x'</b> {{7*7}}; DROP TABLE units\"]\npath = 'a.gpkg'\nsummary = 'share'\n",
    )
    made = with_context(toy_round(), plan)
    store.write_geopackage(tmp_path / "out.gpkg", made)
    name = "context_<b>'x'</b> {{7*7}}; DROP TABLE units"
    assert len(gpd.read_file(tmp_path / "out.gpkg", layer=name)) == 1
    with pytest.raises(InputError, match="does not fit a layer of polygons"):
        with_context(
            toy_round(),
            planned(
                tmp_path,
                "[context.a]\npath = 'a.gpkg'\nsummary = 'length_per_1000km2'\n",
            ),
        )


def test_the_next_round_keeps_context_and_drops_what_was_said_of_other_outlines(
    tmp_path: Path,
) -> None:
    units = base().tables["conservation_units"]
    context = pd.DataFrame(
        {
            "unit_id": units["unit_id"],
            "layer": "conflict",
            "summary": "share",
            "value": 12.0,
            "unit": "%",
            "measured_on": "layer",
        }
    )
    inside = gpd.GeoDataFrame({"name": ["x"]}, geometry=[HALF], crs=LONLAT)
    sure = pd.DataFrame(
        {
            "unit_id": units["unit_id"],
            "runs": 1000,
            "share_qualifying": 1.0,
            "label": "robust",
            "flips": "",
        }
    )
    on = replace(
        base(),
        tables={
            **base().tables,
            "conservation_units": units.assign(
                stability="robust (qualifies in 100 % of 1,000 runs)"
            ),
            "unit_context": context,
            "context_conflict": context_rows(inside),
            "sensitivity": sure,
        },
    )
    made = collected(tmp_path, {"edit_S1.kmz": handed_out("S1")}, on=on).round.tables
    assert made["unit_context"]["value"].eq(12.0).all()
    assert len(made["context_conflict"]) == 1
    # Nothing was redrawn: what was computed of each outline still holds.
    assert made["sensitivity"]["unit_id"].tolist() == units["unit_id"].tolist()
    files = {"edit_S1.kmz": kmz(draw.grown("CU-001", 0.8))}
    later = collected(tmp_path, files, on=on).round.tables
    assert "CU-001" not in set(later["sensitivity"]["unit_id"])
    stability = later["conservation_units"].set_index("unit_id")["stability"]
    assert stability["CU-001"] == "not computed"
    assert stability["CU-002"].startswith("robust")
    cards = unit_cards(made, made["species"])
    assert cards["stability"].str.startswith("robust").all()
    assert cards["context"].eq("conflict (12 % of the area)").all()


def test_a_hotspot_says_why_it_became_no_unit_wherever_it_is_drawn() -> None:
    done = toy_round()
    reason = "As drawn: G2 not met."
    spots = gpd.GeoDataFrame(
        {"hotspot_id": ["H01", "H09"], "name_en": ["In", "Out"], "name_ru": ["", ""]},
        geometry=[HALF, shapely.box(75, 42, 76, 43)],
        crs=LONLAT,
    )
    shown = annotated_layers({"hotspots": spots}, done.tables)["hotspots"]
    assert shown.set_index("hotspot_id")["reason"].fillna("").to_dict() == {
        "H01": "",
        "H09": reason,
    }
    page = webmap.unit_map(
        done.tables["conservation_units"],
        cards=unit_cards(done.tables, done.tables["species"]),
        imprint=done.imprint,
        layers={"hotspots": shown},
    )
    told = page_data(page.get_root().render())["evidence"]["hotspots"]
    assert [dict(one["rows"]).get("reason") for one in told] == [None, reason]


def test_a_file_that_is_not_there_is_told_before_anything_is_computed(tmp_path: Path) -> None:
    plan = planned(tmp_path, '[context.conflict]\npath = "gone.gpkg"\nsummary = "share"\n')
    with pytest.raises(InputError, match=r"the file of \[context\.conflict\] is not there"):
        propose(plan)


@pytest.mark.browser
def test_in_a_browser_context_is_off_until_asked_for(
    made: Round, tmp_path: Path, browser: Page
) -> None:
    webmap.write_map(
        tmp_path / "map.html",
        made.tables["conservation_units"],
        cards=unit_cards(made.tables, made.tables["species"]),
        imprint=made.imprint,
        layers=shown_context(made),
    )
    browser.open(tmp_path / "map.html")
    boxes = (
        "[...document.querySelectorAll('#panel input')].filter(i => i.name.startsWith('context_'))"
    )
    told = "return " + boxes + ".map(i => [i.parentNode.textContent, i.checked])"
    assert browser.driver.execute_script(told) == [
        ["human-wildlife conflict (% of the area)1", False],
        ["mines (count)1", False],
        ["rail (km per 1000 km²)1", False],
    ]
    browser.driver.execute_script(f"for (const i of [0, 1, 2]) {boxes}[i].click()")
    assert all(on for _, on in browser.driver.execute_script(told))
    browser.listen()
    assert browser.errors == []
    assert browser.driver.execute_script("return window.pwned === undefined")


def test_a_raster_speaks_of_the_state_that_it_was_made_for_and_not_of_its_neighbours() -> None:
    # Cells of 0.5° with values from 0° to 10° E, half a cell of which sticks out into BB on the east.
    states = gpd.GeoDataFrame(
        {"iso2": ["AA", "BB"]},
        geometry=[shapely.box(0, 0, 9.75, 10), shapely.box(9.75, 0, 20, 10)],
        crs=LONLAT,
    )
    values = np.ones((20, 40))
    values[:, 20:] = np.nan
    raster = Raster(values, 0.0, 0.0, 20.0, 10.0, LONLAT)
    assert overlap.has_values(states, raster).tolist() == [True, False]
    # a raster of a park, 1 % of a wide state, speaks of that state all the same
    values[:] = np.nan
    values[0, 0:2] = 1
    assert overlap.has_values(states, raster).tolist() == [True, False]
    # one of both states, of a thing of which BB has 1 % of its ground, far from the border
    values[:, :20] = 1
    values[10, 30:32] = 1
    assert overlap.has_values(states, raster).tolist() == [True, True]


def test_cells_of_a_web_map_count_by_their_ground() -> None:
    # Web Mercator from 40° to 60° N: 1 north of 50°. On the sphere that is (sin 60 − sin 50) over
    # (sin 60 − sin 40), 44.8 %; of the cells of the map it is 54.7 %.
    low, middle, top = (6378137 * np.arctanh(np.sin(np.radians(lat))) for lat in (40, 50, 60))
    y = top - (top - low) * (np.arange(2000) + 0.5) / 2000
    values = np.repeat((y > middle)[:, None].astype(float), 4, axis=1)
    raster = Raster(values, 0.0, float(low), 1e5, float(top), "EPSG:3857")
    site = gpd.GeoDataFrame(
        {"unit_id": ["x"]}, geometry=[shapely.box(1, low, 1e5 - 1, top)], crs="EPSG:3857"
    )
    share = overlap.summarised(site, raster, summary="share")["value"].iloc[0]
    sines = np.sin(np.radians([40, 50, 60]))
    assert share == pytest.approx(100 * (sines[2] - sines[1]) / (sines[2] - sines[0]), abs=0.25)
    mean = overlap.summarised(site, raster, summary="mean")["value"].iloc[0]
    assert 100 * mean == pytest.approx(share)


@pytest.mark.parametrize("west", [170, -190, -180])
def test_a_raster_that_counts_on_past_180_speaks_on_both_sides(tmp_path: Path, west: int) -> None:
    # 1 on each cell west of 180°, 3 on each east of it, as a raster of 170–190° has them and as the
    # whole Earth: the mean of a site half on either side is 2. East of 180° it had no value.
    rasterio = pytest.importorskip("rasterio")
    lon = (np.arange(west, west + (360 if west == -180 else 20)) + 0.5) % 360
    values = np.where((lon > 170) & (lon < 190), np.where(lon < 180, 1.0, 3.0), np.nan)
    edges = rasterio.transform.from_bounds(west, 60, west + len(lon), 70, len(lon), 10)
    shape = {"width": len(lon), "height": 10, "count": 1, "dtype": "float64"}
    with rasterio.open(
        tmp_path / "value.tif", "w", driver="GTiff", crs=LONLAT, transform=edges, **shape
    ) as file:
        file.write(np.tile(values, (10, 1)), 1)
    sites = gpd.GeoDataFrame(
        {"unit_id": ["across", "east"]},
        geometry=[shapely.box(178, 63, 182, 66), shapely.box(-179, 63, -176, 66)],
        crs=LONLAT,
    )
    sites = layers.to_equal_area(sites, "+proj=laea +lat_0=66 +lon_0=180 +datum=WGS84 +units=m")
    raster = layers.read_context(tmp_path / "value.tif", around=sites).table
    assert isinstance(raster, Raster)
    there = layers.on_raster(sites, raster.crs, raster.frame)
    told = overlap.summarised(there, raster, summary="mean")
    assert told["value"].tolist() == pytest.approx([2.0, 3.0], abs=1e-6)
