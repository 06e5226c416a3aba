"""The web map: one file, nothing fetched, nothing run, the same bytes; read in a real browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import folium
import folium.plugins
import geopandas as gpd
import matplotlib.image
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon, box

from cami_units import kml, model, palette, words
from cami_units.cache import Cache, keeper_of
from cami_units.drawn_pieces import keeping
from cami_units.model import MAP_LAYERS, Imprint, InputError, data_dir
from cami_units.scene import LaterLayers, label_place
from cami_units.webmap import CamiMap, unit_map, write_map
from cami_units.webmap import _html as page_room
from cami_units.webmap import _payload as payload_room
from cami_units.webmap._basemap import basemap
from cami_units.webmap._page_values import (
    coverage_joined,
    label_point,
    packed,
    shared_edges,
    shown,
    simplified,
    species_style,
)
from cami_units.words.unit_card import CARD_FIELDS, OPTIONAL_FIELDS, unit_cards
from tests.browser import Page, chromium

browser = pytest.fixture(scope="module")(chromium)

POISON = (
    "{{7*7}}<img src=x onerror=alert(1)> {% raw ${window.pwned=1} `x` \\u0041 & \"q\" 'a' "
    "</script><script>window.pwned=1</script>]]>"
)
IMPRINT = Imprint(
    title="Toy workshop",
    date="2026-11-22",
    round="00",
    profile="operational proxy criteria",
    sources=("Toy source, 2026",),
)

# -- a toy region: three countries side by side, one disputed strip, two species, three units ------


def _unit(number: int, shape: Polygon, **other: object) -> dict[str, Any]:
    row = dict.fromkeys(model.TABLES["conservation_units"].columns, "")
    return row | {
        "unit_id": f"CU-{number:03d}",
        "name_en": ["Altai knot", "Ustyurt", "Pamir"][number - 1],
        "name_ru": ["Алтайский узел", "Устюрт", "Памир"][number - 1],
        "status": ["modelled candidate", "area of interest", "modelled candidate"][number - 1],
        "origin": "confirms",
        "hotspot_ids": "H01",
        "rank": number,
        "rank_label": str(number),
        "tier": ["very high", "high", "moderate"][number - 1],
        "score": 0.9 - number / 10,
        "area_km2": [12345.6, 900.0, 50000.0][number - 1],
        "countries": "KZ;UZ",
        "n_countries": 2,
        "disputed": False,
        "species": "Saiga tatarica",
        "n_species": 1,
        "confidence": 0.67,
        "geometry": shape,
        **other,
    }


def toy_units(**first: object) -> gpd.GeoDataFrame:
    rows = [
        _unit(1, box(62, 42, 66, 45), **first),
        _unit(2, box(70, 41, 74, 44)),
        _unit(3, box(78, 42, 82, 46)),
    ]
    return gpd.GeoDataFrame(rows, crs="EPSG:4326")


def toy_criteria(units: gpd.GeoDataFrame) -> pd.DataFrame:
    rows = [
        {
            "unit_id": unit,
            "criterion": criterion,
            "met": [True, False, None][(i + j) % 3],
            "value": 1.5 * j,
            "unit": "species",
            "threshold": "≥ 3",
            "because": f"{j} species are on both sides",
        }
        for i, unit in enumerate(units["unit_id"])
        for j, criterion in enumerate(model.FINDINGS)
    ]
    return pd.DataFrame(rows, columns=model.TABLES["unit_criteria"].columns)


def toy_species(name: str = "Saiga antelope") -> pd.DataFrame:
    columns = model.TABLES["species"].columns
    rows = [
        dict.fromkeys(columns, "")
        | {"sci_name": "Saiga tatarica", "code": "SAI", "name_en": name, "name_ru": "Сайгак"},
        dict.fromkeys(columns, "")
        | {
            "sci_name": "Panthera uncia",
            "code": "SNL",
            "name_en": "Snow leopard",
            "name_ru": "Снежный барс",
            "name_zh": "雪豹",
        },
    ]
    return pd.DataFrame(rows).assign(iucn_category="VU")


def table(geometries: list[Any], **columns: list[Any]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=geometries, crs="EPSG:4326")


def toy_layers(name: str = "Known hotspot") -> dict[str, gpd.GeoDataFrame]:
    return {
        "countries": table(
            [box(50, 35, 68, 52), box(68, 35, 80, 52), box(80, 35, 95, 52)],
            iso2=["KZ", "UZ", "CN"],
            name_en=["Kazakhstan", "Uzbekistan", "China"],
            name_ru=["Казахстан", "Узбекистан", "Китай"],
            range_state=["yes", "yes", "yes"],
        ),
        "disputed": table(
            [box(79, 40, 81, 41)], disputed_id=["D1"], name_en=["Strip"], states=["UZ;CN"]
        ),
        "features": table(
            [box(60, 40, 75, 47), box(72, 38, 85, 48)],
            sci_name=["Saiga tatarica", "Panthera uncia"],
            range_km2=[900000.4, 1200000.0],
        ),
        "hotspots": table(
            [box(62, 42, 65, 44)],
            hotspot_id=["H01"],
            name_en=[name],
            name_ru=["Ключевой район"],
            species=["Saiga tatarica;Panthera uncia"],
            source=[name],
        ),
        "protected_areas": table([box(63, 42, 64, 43)], pa_id=["PA1"], name=["Park"], iso2=["KZ"]),
        "barriers": table(
            [LineString([(68, 36), (68, 50)]), LineString([(55, 40), (60, 41)])],
            barrier_id=["B1", "B2"],
            name=["Fence", "Odd thing"],
            kind=["border_fence", "moat"],
            permeability=[0.25, 0.5],
        ),
        "corridors": table(
            [LineString([(66, 42), (70, 43)])],
            corridor_id=["L1"],
            name=["Route"],
            sci_name=["Saiga tatarica"],
            evidence_grade=["A"],
        ),
        "sections": table(
            [box(50, 36, 70, 50), box(70, 36, 90, 50)],
            section_id=["S1", "S2"],
            name_en=["West", "East"],
            name_ru=["Запад", "Восток"],
        ),
        "gazetteer": table(
            [Point(88, 48.5)],
            name_en=["Altai Mountains"],
            name_ru=["Алтай"],
            kind=["mountain range"],
            extent_km=[350.0],
        ),
    }


def toy_cells() -> gpd.GeoDataFrame:
    cells = [box(60 + i, 40, 61 + i, 41) for i in range(20)]
    return table(
        cells,
        pu_id=[f"R0001C{i:04d}" for i in range(20)],
        richness=[1] * 20,
        n_shared=[1] * 20,
        threat_weight=[1.0] * 20,
        range_rarity=[0.1] * 20,
        score=[i / 20 for i in range(20)],
        unit_id=[""] * 20,
    )


def toy(**changes: Any) -> dict[str, Any]:
    """Everything that `write_map` takes, with changes."""
    units = changes.pop("units", toy_units())
    species = changes.pop("species", toy_species())
    criteria = toy_criteria(units)
    tables = {"conservation_units": units, "unit_criteria": criteria}
    cards = {lang: unit_cards(tables, species, lang=lang) for lang in ("en", "ru")}
    return {
        "units": units,
        "cards": cards,
        "imprint": IMPRINT,
        "layers": toy_layers(),
        "species": species,
        "planning_units": toy_cells(),
        "unit_criteria": criteria,
    } | changes


@pytest.fixture(scope="module")
def toy_map(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("map") / "map.html"
    write_map(path, **toy())
    return path


def content(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="cami-data">(.*?)</script>', html)
    assert found is not None
    return json.loads(found[1])


def test_cards_of_coarse_places_say_why(tmp_path: Path) -> None:
    layers = toy_layers()
    layers["corridors"] = layers["corridors"].assign(tracked=True, name_ru="Путь")
    layers["barriers"] = layers["barriers"].assign(source="from memory", source_facts="memory")
    species = toy_species()
    species["sensitive"] = ["no", "yes"]
    write_map(tmp_path / "map.html", **toy(layers=layers, species=species))
    page = content((tmp_path / "map.html").read_text("utf-8"))

    def said(things: list[dict[str, Any]]) -> dict[str, str]:
        return {thing["id"]: dict(thing["rows"]).get("coarse", "") for thing in things}

    assert said(page["evidence"]["corridors"]) == {"L1": "coarse tracked"}
    assert said(page["species"]) == {"Panthera uncia": "coarse sensitive", "Saiga tatarica": ""}
    assert said(page["evidence"]["hotspots"]) == {"H01": ""}
    own = dict(page["evidence"]["barriers"][0]["rows"])["source"]
    assert (own["en"], own["ru"]) == ("from memory", words.text("note source memory", "ru"))
    # names follow where a layer has them
    hotspots = layers["hotspots"].assign(name_zh="阿尔泰山")
    write_map(tmp_path / "zh.html", **toy(layers={**layers, "hotspots": hotspots}))
    zh_page = content((tmp_path / "zh.html").read_text("utf-8"))
    assert zh_page["evidence"]["hotspots"][0]["name"]["zh"] == "阿尔泰山"
    assert "zh" not in page["evidence"]["hotspots"][0]["name"]
    # a layer of one's own may have no second name
    assert page["evidence"]["corridors"][0]["name"] == {"en": "Route", "ru": "Путь"}
    assert page["evidence"]["barriers"][0]["name"] == {"en": "Fence", "ru": "Fence"}
    for lang in ("en", "ru"):
        sentence = page["words"][lang]["coarse tracked"]
        assert sentence == shown(words.text("coarse tracked", lang))


# -- cleaning --------------------------------------------------------------------------------------


@given(st.text())
@settings(deadline=None, derandomize=True)
def test_no_dangerous_character_survives_and_nothing_else_is_lost(text: str) -> None:
    clean = shown(text)
    bare = re.sub(r"&#\d+;", "", clean)
    assert not set(bare) & set("&<>\"'{}`$\\")
    clean.encode("utf-8")  # lone surrogates are gone
    assert shown(clean.replace("&", "")) == clean.replace("&", "")  # what is clean stays as it is


def test_cleaning_by_hand() -> None:
    assert shown('a & b <"x">') == "a &#38; b &#60;&#34;x&#34;&#62;"
    assert shown("\ud800x\x0b\u202ey\u2028z") == "xy\nz"
    assert shown("е\u0308") == "ё"  # composed, so that search and sorting find it
    assert [shown(nothing) for nothing in (None, float("nan"), pd.NA, pd.NaT)] == [""] * 4
    assert shown(0) == "0"


# -- geometry --------------------------------------------------------------------------------------


def unpacked(flat: list[int]) -> np.ndarray[Any, Any]:
    return np.cumsum(np.array(flat).reshape(-1, 2), axis=0) / 10_000


@given(
    st.lists(
        st.tuples(
            st.floats(-179, 179, allow_nan=False, allow_subnormal=False),
            st.floats(-80, 80, allow_nan=False, allow_subnormal=False),
        ).map(lambda xy: (round(xy[0], 9), round(xy[1], 9))),
        min_size=2,
        max_size=20,
    )
)
@settings(deadline=None, derandomize=True)
def test_a_line_unpacks_to_itself_within_half_a_step(points: list[tuple[float, float]]) -> None:
    line = LineString(points)
    flat = packed(line)
    if not flat:  # every point falls on one step of the lattice
        assert line.length < 0.0002 * len(points)
        return
    back = LineString(unpacked(flat[0]))
    assert shapely.hausdorff_distance(line, back) <= 0.00008  # √2 · 0.00005, and rounding


def test_packing_the_awkward_cases() -> None:
    assert packed(None) == packed(Polygon()) == []
    ring = Polygon([(0, 0), (1, 0), (1, 1), (0, 1)], [[(0.2, 0.2), (0.4, 0.2), (0.4, 0.4)]])
    (rings,) = packed(ring)
    assert len(rings[0]) == 8  # four corners, the closing one left out
    assert len(rings[1]) == 6
    sliver = Polygon([(0, 0), (0.00001, 0), (0.00001, 0.00001)])
    assert packed(MultiPolygon([sliver, box(2, 2, 3, 3)])) == packed(box(2, 2, 3, 3))
    mixed = shapely.GeometryCollection([Point(1, 1), LineString([(0, 0), (1, 0)])])
    assert packed(mixed) == [[10000, 10000], [0, 0, 10000, 0]]


def test_each_shared_border_comes_once() -> None:
    left, right = box(0, 0, 1, 1), box(1, 0, 2, 1)
    borders = shared_edges(np.array([left, right]))
    assert borders.equals(LineString([(1, 0), (1, 1)]))
    assert shared_edges(np.array([box(0, 0, 1, 1), box(5, 5, 6, 6)])).is_empty
    # 4 m wide, both of its sides are one edge of the lattice, and no border
    spit = Polygon([(1, 0), (2, 0), (2, 0.5), (3, 0.50002), (2, 0.50004), (2, 1), (1, 1)])
    assert shared_edges(np.array([left, spit])).equals(borders)


def test_simplifying_keeps_to_the_budget_and_shared_edges_shared() -> None:
    wave = [(x, 0.3 * np.sin(9 * x)) for x in np.linspace(0, 10, 2001)]
    south = Polygon([*wave, (10, -5), (0, -5)])
    north = Polygon([*wave, (10, 5), (0, 5)])
    kept = simplified(np.array([south, north]), most=900, coverage=True)
    assert shapely.get_num_coordinates(kept).sum() <= 900
    assert shapely.coverage_is_valid(kept)
    assert abs(shapely.area(kept).sum() - 100) < 1e-9


def test_a_label_stands_inside_even_where_the_centre_does_not() -> None:
    ring = Point(0, 0).buffer(5).difference(Point(0, 0).buffer(4))
    x, y = label_point(ring)
    assert ring.contains(Point(x / 1e4, y / 1e4))
    assert label_point(Polygon()) == []


def test_borders_near_a_disputed_area_have_their_own_lines() -> None:
    layers = toy_layers()
    sheet = json.loads(
        basemap(layers["countries"], layers["disputed"], None, frame=(50, 35, 95, 52))
    )
    plain = [LineString(unpacked(flat)) for flat in sheet["borders"]]
    contested = [LineString(unpacked(flat)) for flat in sheet["contested"]]
    # Borders at 68° E (17° long) and 80° E (17°), of which 40–41° N is disputed, ± 0.03° beside it.
    assert sum(line.length for line in plain) == pytest.approx(34 - 1.06, abs=0.001)
    # That piece, and the outline of the strip (2 × 1 degrees).
    assert sum(line.length for line in contested) == pytest.approx(1.06 + 6, abs=0.001)
    assert json.loads(basemap(None, None, None, frame=(0, 0, 1, 1)))["land"] == []


def test_the_sheet_has_land_where_the_layer_of_countries_ends() -> None:
    """Anatolia lies west of 40° E, where neighbours are cut: a wide window showed sea there."""
    states = gpd.read_file(data_dir() / "boundaries" / "countries.geojson")
    sheet = json.loads(basemap(states, None, None, frame=(30, 35, 50, 45)))
    land = shapely.union_all([Polygon(*map(unpacked, rings[:1])) for rings in sheet["land"]])
    assert land.contains(shapely.box(32, 38, 44, 40))  # of one piece: no shore at the cut
    assert not land.contains(Point(34, 43))  # the Black Sea


# -- the payload -----------------------------------------------------------------------------------


def test_states_with_corners_of_one_on_an_edge_of_the_other_are_one_land():
    """As two states come that end at 180° on either side: GEOS joins no such coverage, and stopped."""
    west = shapely.segmentize(shapely.box(160, 60, 180, 72), 0.1)
    shapes = np.array([west, shapely.box(180, 60, 210, 72)], dtype=object)
    with pytest.raises(shapely.errors.GEOSException):
        shapely.coverage_union_all(shapes)
    assert coverage_joined(shapes).area == pytest.approx(50 * 12)
    names = {"iso2": ["RU", "US"], "name_en": ["Russia", "United States"], "range_state": True}
    states = gpd.GeoDataFrame(names, geometry=shapes, crs=4326)
    assert json.loads(basemap(states, None, None, frame=(150, 55, 215, 75)))["land"]


@pytest.mark.parametrize("other", [box(1, 1, 3, 3), box(0.5, 0.5, 1, 1), box(2, 0.5, 3, 1)])
def test_states_that_overlap_or_share_no_corners_are_one_valid_land(other):
    """GEOS joins them as it would a coverage, into what is invalid, and stops at disputed ground beside it."""
    shapes = np.array([box(0, 0, 2, 2), other])
    joined = coverage_joined(shapes)
    assert joined.is_valid
    assert joined.equals(shapely.union_all(shapes))
    names = {"iso2": ["AA", "BB"], "name_en": ["A", "B"], "range_state": True}
    states = gpd.GeoDataFrame(names, geometry=shapes, crs=4326)
    disputed = gpd.GeoDataFrame({"disputed_id": ["D"]}, geometry=[box(1.5, 1, 2.5, 2.5)], crs=4326)
    assert json.loads(basemap(states, disputed, None, frame=(-1, -1, 4, 4)))["land"]


def test_every_species_has_its_own_look() -> None:
    looks = [json.dumps(dict(species_style(place)), sort_keys=True) for place in range(18)]
    assert len(set(looks)) == 2 * len(palette.SPECIES) == 18


def test_rejected_and_merged_units_are_not_drawn() -> None:
    units = toy_units(status="rejected")
    drawn = content(unit_map(**toy(units=units)).get_root().render())["units"]
    assert [unit["id"] for unit in drawn] == ["CU-002", "CU-003"]


def test_the_card_is_the_card() -> None:
    given_cards = toy()["cards"]
    drawn = content(unit_map(**toy()).get_root().render())["units"][0]
    for lang in ("en", "ru"):
        card = given_cards[lang].set_index("unit_id").loc["CU-001"]
        assert [line[2:] for line in drawn["card"][lang] if line[0] == "species"] == [["1"]]
        assert {line[0]: line[1] for line in drawn["card"][lang]} == {
            field: shown(card[field])
            for field in CARD_FIELDS
            if field not in ("name_en", "name_ru", "comment")  # how to comment in Google Earth
            and (card[field] or field not in OPTIONAL_FIELDS)
        }


def test_tiers_of_another_profile_are_shaded_by_their_scores() -> None:
    units = toy_units().assign(tier=["second", "first", "third"], score=[0.5, 0.9, 0.1])
    tiers = content(unit_map(**toy(units=units)).get_root().render())["tiers"]
    assert tiers == [["first", 0.46], ["second", 0.32], ["third", 0.18]]


def test_cells_become_five_classes_that_cover_the_scored_ones() -> None:
    cells = payload_room._cells(toy_cells())
    assert len(cells) == 5
    edges = [cells[0]["from"], *(cell["to"] for cell in cells)]
    assert edges == sorted(edges)
    area = sum(Polygon(unpacked(rings[0])).area for cell in cells for rings in cell["g"])
    assert area == pytest.approx(19)  # twenty cells of a square degree, one of them without score
    one = toy_cells().assign(score=0.4)
    assert [(cell["from"], cell["to"]) for cell in payload_room._cells(one)] == [(0.4, 0.4)]
    assert payload_room._cells(toy_cells().assign(score=0.0)) == []


def test_layers_are_all_optional(tmp_path: Path) -> None:
    units = toy_units()
    one = unit_cards(
        {"conservation_units": units, "unit_criteria": toy_criteria(units)}, toy_species()
    )
    write_map(tmp_path / "bare.html", units, cards=one, imprint=IMPRINT)
    html = (tmp_path / "bare.html").read_text(encoding="utf-8")
    assert content(html)["languages"] == ["en"]
    assert "data-lang=" not in html.split("<script")[0]


def test_the_demonstration_is_called_in_each_language_and_a_workshop_as_its_plan_says(
    tmp_path: Path,
) -> None:
    ours = words.text("title of the demonstration")
    theirs = words.text("title of the demonstration", "ru")
    for title, titles in ((ours, (ours, theirs)), ("Altai 2026", ("Altai 2026",) * 2)):
        given = toy(imprint=replace(IMPRINT, title=title, demonstration=None))
        write_map(tmp_path / "map.html", **given)
        said = content((tmp_path / "map.html").read_text(encoding="utf-8"))["said"]
        assert (said["en"]["title"], said["ru"]["title"]) == titles


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"units": toy_units().to_crs(3857)}, "its CRS is EPSG:3857, expected EPSG:4326"),
        ({"units": toy_units(status="agred")}, r"status is one of .*; agred came"),
        ({"layers": {"hotspot": toy_layers()["hotspots"]}}, r"Did you mean 'hotspots'\?"),
        ({"lang": "kk"}, f"A map speaks {', '.join(words.LANGUAGES)}; cards came for kk"),
        ({"cards": {"ru": pd.DataFrame()}}, "to open in 'en', but the cards are in ru"),
        (
            {"cards": pd.DataFrame({"unit_id": ["CU-001"]})},
            r"column name_en, .* is missing; no card for CU-002, CU-003",
        ),
    ],
)
def test_refusals_say_what_came(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        unit_map(**(toy() | changes))


def test_nothing_is_written_when_a_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        write_map(tmp_path / "map.html", **(toy() | {"lang": "kk"}))
    assert list(tmp_path.iterdir()) == []


def test_a_folium_layer_that_needs_the_network_is_refused() -> None:
    made = unit_map(**toy())
    folium.plugins.MarkerCluster().add_to(made)
    with pytest.raises(InputError, match="must open without a network, but a folium layer"):
        made.get_root().render()


# -- the same bytes --------------------------------------------------------------------------------


def test_row_order_and_a_second_run_change_nothing() -> None:
    first = unit_map(**toy()).get_root().render()
    turned = toy()
    turned["units"] = turned["units"].iloc[::-1]
    turned["layers"] = {name: layer.iloc[::-1] for name, layer in turned["layers"].items()}
    turned["species"] = turned["species"].iloc[::-1]
    turned["unit_criteria"] = turned["unit_criteria"].iloc[::-1]
    turned["planning_units"] = turned["planning_units"].iloc[::-1]
    turned["cards"] = {lang: cards.iloc[::-1] for lang, cards in turned["cards"].items()}
    assert unit_map(**turned).get_root().render() == first


@pytest.mark.parametrize("storage", ["python", "pyarrow"])
def test_rows_of_one_border_keep_their_order_however_texts_are_stored(storage: str) -> None:
    # of more than sixteen rows the quick way of sorting changes places of those with one name: each of
    # twenty borders is there twice, as it is and where it is disputed, a degree further east
    with pd.option_context("mode.string_storage", storage):
        pairs = [f"A{number % 20:02d};B" for number in range(40)]
        lines = [LineString([(50 + n, 40), (50 + n, 41)]) for n in range(40)]
        layer = table(lines, pair=pairs, disputed=[n >= 20 for n in range(40)])
        assert layer["pair"].dtype.storage == storage
        rows = json.loads(str(payload_room._evidence("borders", layer, 1)))
    west = [row["at"][0] for row in rows]
    assert [row["id"] for row in rows] == sorted(pairs)
    assert all(first < second for first, second in zip(west[::2], west[1::2], strict=True))


def test_a_written_map_is_the_folium_map_letter_by_letter(tmp_path: Path) -> None:
    """Commands write a map without folium, notebooks show one with it: folium is the witness."""
    write_map(tmp_path / "map.html", **toy())
    shown = unit_map(**toy()).get_root().render()
    assert (tmp_path / "map.html").read_text(encoding="utf-8") == shown


def test_a_map_renders_the_same_twice_with_folium_layers_on_it() -> None:
    renders = []
    for _ in range(2):
        made = unit_map(**toy())
        folium.GeoJson(toy_layers()["sections"][["section_id", "geometry"]]).add_to(made)
        renders += [made.get_root().render(), made.get_root().render()]
    assert len(set(renders)) == 1


@pytest.mark.slow
def test_the_hash_seed_changes_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from tests.test_webmap import toy; from cami_units.webmap import write_map;"
        "write_map(sys.argv[1], **toy())"
    )
    root = Path(__file__).resolve().parents[1]
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / seed)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            cwd=root,
        )
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_no_clock_no_path_no_address_in_the_file(toy_map: Path) -> None:
    html = toy_map.read_text(encoding="utf-8")
    assert str(Path.home()) not in html
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!data:|#)""", html.split("<script>")[0])


def test_online_tiles_are_let_in_only_by_their_host() -> None:
    made = unit_map(**toy())
    folium.TileLayer("https://{s}.tiles.example/{z}/{x}/{y}.png", attr="x").add_to(made)
    folium.TileLayer("http://plain.example/{z}/{x}/{y}.png", attr="x").add_to(made)
    policy = made.get_root().render().split('http-equiv="Content-Security-Policy"')[1][:2000]
    assert "img-src data: https://*.tiles.example;" in policy
    assert "plain.example" not in policy


def test_the_policy_allows_no_script_but_ours(toy_map: Path) -> None:
    policy = re.search(r'Policy" content="([^"]+)"', toy_map.read_text(encoding="utf-8"))
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy[1].split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert re.fullmatch(r"('sha256-[\w+/]{43}=' ?){4}", rules["script-src"])
    assert re.fullmatch(r"('sha256-[\w+/]{43}=' ?)+", rules["style-src"])


def test_it_is_a_folium_map_for_notebooks() -> None:
    made = unit_map(**toy())
    assert isinstance(made, CamiMap)
    assert isinstance(made, folium.Map)
    assert made._repr_html_().startswith("<iframe srcdoc=")


def test_making_one_leaves_other_folium_maps_alone() -> None:
    before = folium.Map().default_js
    unit_map(**toy()).get_root().render()
    assert folium.Map().default_js == before
    assert any("leaflet" in url for _, url in before)


def test_every_phrase_the_page_asks_for_is_in_the_catalogue() -> None:
    asked = set()
    for name in ("page.html", *page_room._SCRIPTS):
        text = page_room._text(name)
        asked |= set(re.findall(r'\bword\("([^"]+)"\)', text))
        asked |= set(re.findall(r'data-(?:t|hint)="([^"]+)"', text))
        asked |= set(re.findall(r't\["([^"]+)"\]', text))
    assert len(asked) > 25
    assert sorted(asked - set(words.catalogue())) == []


# -- in the browser --------------------------------------------------------------------------------


@pytest.mark.browser
def test_it_opens_from_a_file_with_no_request_and_no_error(browser: Page, toy_map: Path) -> None:
    browser.open(toy_map)
    assert browser.asked_for() == []
    assert browser.errors == []
    assert browser.run("return document.title") == "Toy workshop · 2026-11-22"
    text = browser.run("return document.body.innerText")
    for promised in ("Toy workshop", "2026-11-22", "operational proxy criteria", "INDICATIVE"):
        assert promised in text
    assert model.DISCLAIMER in text
    assert (
        browser.run("return document.querySelectorAll('.leaflet-control-scale-line').length") == 1
    )


@pytest.mark.browser
def test_a_wide_window_begins_with_the_ground_of_the_units_and_returns_to_it(
    browser: Page, toy_map: Path
) -> None:
    # of toy's sheet of 56° by 19° the three units take 20° by 5°: as near as they fit, at once
    view = "return [camiMap.getZoom(), camiMap._animatingZoom || false, camiMap.getBounds().toBBoxString()]"
    browser.size(1366, 768)
    browser.open(toy_map)
    assert browser.run(view)[:2] == [6, False]
    west, south, east, north = map(float, browser.run(view)[2].split(","))
    sheet, ground = shapely.box(west, south, east, north), shapely.box(62, 41, 82, 46)
    assert sheet.contains(ground)
    assert east - west < 40
    # from beyond the sheet too, where Leaflet is on its way back
    browser.run(
        "camiMap.setView([20, 60], 5, {animate: false}); document.querySelector('.home').click()"
    )
    assert browser.run(view)[:2] == [6, False]


@pytest.mark.browser
def test_every_layer_can_be_put_on_and_taken_off(browser: Page, toy_map: Path) -> None:
    browser.open(toy_map)
    count = browser.run("return document.querySelectorAll('#panel input').length")
    assert count >= 10
    for _ in range(2):
        for place in range(count):
            browser.run(
                f"const i = document.querySelectorAll('#panel input')[{place}]; i && i.click()"
            )
    browser.listen()
    assert browser.errors == []


@pytest.mark.browser
def test_a_card_opens_on_click_and_by_keyboard(browser: Page, toy_map: Path) -> None:
    browser.open(toy_map)
    browser.run(
        "document.querySelector('[data-unit=\"CU-002\"].unit')"
        ".dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    card = browser.wait("const c = document.querySelector('.unit-card'); return c && c.innerText")
    for said in ("CU-002", "Ustyurt", "Устюрт", "area of interest", "KZ, UZ", "900 km²"):
        assert said in card
    assert browser.run("return document.querySelector('.unit-card dl').children.length") >= 18
    assert "C1 ✓" in card  # criteria are signs of their own
    browser.key("\ue00c")  # Escape
    browser.run("document.querySelector('[data-unit=\"CU-001\"].unit').focus()")
    assert "Altai knot" in browser.run("return document.activeElement.getAttribute('aria-label')")
    browser.key("\ue007")  # Enter
    heading = "const c = document.querySelector('.unit-card h2'); return c && c.innerText"
    browser.wait(f"{heading} === 'Altai knot'".replace("; return c &&", "; return !!c &&"))
    assert browser.run("return document.activeElement.className") == "unit-card"
    assert browser.run("return location.hash.includes('unit=CU-001')")


@pytest.mark.browser
@pytest.mark.parametrize("unit", ["CU-001", "CU-002"])
def test_a_card_stands_beside_its_unit_and_within_the_map(
    browser: Page, toy_map: Path, unit: str
) -> None:
    """By an address, and by a click on a map of the whole region: on a laptop a card is as high as the map."""
    browser.size(1366, 768)
    places = (
        "const at = (name) => document.querySelector(name).getBoundingClientRect();"
        f" const unit = at('[data-unit={unit}].unit'), card = at('.card .leaflet-popup-content-wrapper');"
        " const map = at('.leaflet-container'), middle = (unit.left + unit.right) / 2;"
        " return [middle < card.left || middle > card.right,"
        " card.top >= map.top && card.bottom <= map.bottom && card.left >= map.left"
        " && card.right <= map.right, unit.right <= card.left || unit.left >= card.right]"
    )
    opened = "return !!document.querySelector('.unit-card')"
    browser.open(toy_map, anchor=f"#unit={unit}")
    browser.wait(opened)
    assert browser.run(places) == [True, True, True]
    browser.open(toy_map)
    browser.run(
        f"document.querySelector('[data-unit={unit}].unit')"
        ".dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    browser.wait(opened)
    assert browser.run(places)[:2] == [True, True]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("altai", "Altai knot"),
        ("Сайгак", "Saiga antelope"),
        ("panthera", "Snow leopard"),
        ("CU-0", "Altai knot"),
        ("tyur", "Ustyurt"),  # in the middle of a word
        ("SNL", "Snow leopard"),
        ("雪豹", "Snow leopard"),  # in a language that the page does not speak
    ],
)
def test_search_finds_any_name(browser: Page, toy_map: Path, text: str, first: str) -> None:
    if browser.run("return location.href.split('#')[0]") != toy_map.resolve().as_uri():
        browser.open(toy_map)
    browser.run(
        "const s = document.getElementById('search'); s.value = arguments[0];"
        "s.dispatchEvent(new Event('input'))",
        text,
    )
    found = browser.run(
        "return [...document.querySelectorAll('#found .what')].map(e => e.innerText)"
    )
    assert found[0] == first
    browser.run("document.getElementById('search').focus()")
    browser.key("\ue007")
    assert browser.run("return document.getElementById('found').hidden") is True


@pytest.mark.browser
def test_the_table_sorts_filters_and_is_linked(browser: Page, toy_map: Path) -> None:
    browser.open(toy_map)
    browser.run("document.getElementById('show-table').click()")
    ids = "return [...document.querySelectorAll('#twin tbody tr')].map(r => r.dataset.unit)"
    assert browser.run(ids) == ["CU-001", "CU-002", "CU-003"]
    browser.run(
        "[...document.querySelectorAll('#twin thead button')].find(b => b.innerText.startsWith('Area')).click()"
    )
    assert browser.run(ids) == ["CU-002", "CU-001", "CU-003"]  # 900, 12,346 and 50,000 km²
    assert browser.run(
        "return document.querySelector('[aria-sort=ascending]').innerText"
    ).startswith("Area")
    browser.run(
        "const f = document.getElementById('filter'); f.value = 'interest';"
        "f.dispatchEvent(new Event('input'))"
    )
    assert browser.run(ids) == ["CU-002"]
    pale = "return [...document.querySelectorAll('.unit.pale')].map(p => p.dataset.unit).sort()"
    assert browser.run(pale) == ["CU-001", "CU-003"]
    browser.run("document.querySelector('#twin tbody tr').click()")
    assert browser.wait("return document.querySelector('.unit-card .id')?.innerText") == "CU-002"
    assert browser.run("return document.querySelector('#twin tr.chosen').dataset.unit") == "CU-002"


@pytest.mark.browser
def test_the_language_switches_everywhere(browser: Page, toy_map: Path) -> None:
    browser.open(toy_map)
    browser.run("document.querySelector('[data-lang=ru]').click()")
    assert browser.run("return document.documentElement.lang") == "ru"
    text = browser.run("return document.body.innerText")
    for said in ("ОРИЕНТИРОВОЧНО", "предварительная единица", "Сайгак", "Слои"):
        assert said in text
    # Leaflet's own words too: it writes km in Latin letters
    scale = browser.run("return document.querySelector('.leaflet-control-scale-line').textContent")
    assert re.fullmatch(r"\d+ км", scale)
    # names are placed with the next frame
    names = "document.querySelector('.leaflet-names-pane').textContent"
    assert browser.wait(f"return {names}.includes('Казахстан')")
    browser.run("document.getElementById('show-table').click()")
    assert "район интереса" in browser.run("return document.querySelector('#twin').innerText")
    assert browser.run("return location.hash.includes('lang=ru')")


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_figure_of_a_criterion_bends_its_noun(browser: Page, toy_map: Path, lang: str) -> None:
    """As in the tables and on paper; the toy's figures are 0, 1.5, 3 … of species."""
    browser.open(toy_map, anchor=f"#lang={lang}&unit=CU-001")
    browser.wait("return document.querySelector('.unit-card .id')?.innerText")
    said = browser.run(
        "return [...document.querySelectorAll('.unit-card .value')].map(v => v.textContent)"
    )
    figures = [1.5 * place for place in range(len(model.FINDINGS))]
    assert said == [
        f"{words.number(n, lang, int(n % 1 > 0))} {words.measure('species', n, lang)}"
        for n in figures
    ]
    assert lang == "en" or said[1:3] == ["1,5 вида", "3 вида"]


@pytest.mark.browser
def test_a_view_is_in_its_address(browser: Page, toy_map: Path) -> None:
    browser.open(toy_map, anchor="#lang=ru&on=units,hotspots&species=Saiga%20tatarica&unit=CU-003")
    assert browser.wait("return document.querySelector('.unit-card .id')?.innerText") == "CU-003"
    assert browser.run("return document.documentElement.lang") == "ru"
    ticked = "return [...document.querySelectorAll('#panel input:checked')].map(i => i.closest('label').innerText)"
    assert any("Сайгак" in label for label in browser.run(ticked))
    browser.open(toy_map, anchor="#map=x/y&on=nonsense&species=%E0%A4%A&unit=CU-999&lang=zz&=&a")
    assert browser.errors == []


@pytest.mark.browser
def test_distances_are_measured_in_kilometres(browser: Page, toy_map: Path) -> None:
    browser.open(toy_map)
    browser.run("document.getElementById('measure').click()")
    browser.run(
        "for (const at of [[45, 70], [46, 70]]) camiMap.fire('click', {latlng: L.latLng(at)})"
    )
    # One degree of latitude on a sphere of 6,371 km: 2π · 6371 / 360 = 111.2 km.
    assert browser.run("return document.getElementById('hint').innerText") == "111 km"
    browser.key("\ue00c")  # Escape
    assert browser.run("return document.getElementById('hint').hidden") is True


@pytest.mark.browser
def test_print_is_one_page(browser: Page, toy_map: Path) -> None:
    browser.size(1366, 768)
    browser.open(toy_map)
    pdf = browser.pdf()
    assert len(re.findall(rb"/Type\s*/Page[^s]", pdf)) == 1


@pytest.mark.browser
def test_on_paper_the_ground_lies_below_the_units_and_fills_the_sheet(
    browser: Page, toy_map: Path, tmp_path: Path
) -> None:
    # Chromium prints a canvas as what was drawn on it: when an upper one was wiped, all below was gone.
    program = shutil.which("pdftoppm")
    if program is None:
        pytest.skip("pdftoppm is not on the PATH: apt-get install poppler-utils")
    browser.size(1366, 768)
    browser.open(toy_map)
    browser.run(
        "document.querySelector('.leaflet-relief-pane').remove()"
    )  # plain colours to look for
    (tmp_path / "page.pdf").write_bytes(browser.pdf())
    command = [program, "-r", "40", "-singlefile", "-png", "page.pdf", "page"]
    subprocess.run(command, cwd=tmp_path, check=True)
    pixels = (matplotlib.image.imread(tmp_path / "page.png")[..., :3] * 255).round()
    height, width, _ = pixels.shape
    assert width == pytest.approx(height * 297 / 210, rel=0.02)
    ground = np.zeros((height, width), dtype=bool)
    for colour in (palette.LAND, palette.WATER):
        wanted = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])
        ground |= (np.abs(pixels - wanted) <= 3).all(axis=2)  # a canvas of 99.9 % is a shade paler
    sheet = ground[int(height * 0.15) : int(height * 0.85), int(width * 0.25) : int(width * 0.97)]
    assert sheet.mean() > 0.5
    # in each of nine parts of the sheet, and up to its edges
    for rows in np.array_split(sheet, 3):
        assert all(part.any() for part in np.array_split(rows, 3, axis=1))
    assert sheet[:, :3].any()
    assert sheet[:, -3:].any()


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 768, 1366, 1920])
def test_it_fits_the_window(browser: Page, toy_map: Path, width: int) -> None:
    browser.size(width, 800)
    browser.open(toy_map)
    wide = browser.run("return document.documentElement.scrollWidth")
    high = browser.run("return document.documentElement.scrollHeight")
    assert (wide, high) == (width, 800)
    left, right = browser.run(
        "const m = document.getElementById('map').getBoundingClientRect(); return [m.left, m.right]"
    )
    assert right - left >= min(width, 400) * 0.9  # the panel does not cover the map
    browser.size(1366, 768)


def poisoned() -> dict[str, Any]:
    return toy(
        units=toy_units(name_en=POISON, name_ru=POISON, countries=POISON, rank_label=POISON),
        species=toy_species(POISON),
        layers=toy_layers(POISON),
        imprint=Imprint(
            title=POISON,
            date=POISON,
            round=POISON,
            profile=POISON,
            disclaimer=POISON,
            sources=(POISON,),
        ),
    )


@pytest.mark.browser
@pytest.mark.browser
def test_what_search_asks_for_and_why_places_are_coarse_is_read_in_each_language(
    browser: Page, tmp_path: Path
) -> None:
    """Beside a long title too, which takes the room that it can get."""
    layers, species = toy_layers(), toy_species().assign(sensitive=["no", "yes"])
    layers["corridors"]["tracked"] = True
    given = toy(layers=layers, species=species)
    tables = {"conservation_units": given["units"], "unit_criteria": given["unit_criteria"]}
    given["cards"] = {lang: unit_cards(tables, species, lang=lang) for lang in words.LANGUAGES}
    given["imprint"] = replace(IMPRINT, title="Conservation units across borders " * 4)
    write_map(tmp_path / "map.html", **given)
    for width in (1366, 390):
        browser.size(width, 800)
        browser.open(tmp_path / "map.html")
        for lang in words.LANGUAGES:
            browser.run(f"document.querySelector('.languages [lang={lang}]').click()")
            asked, room = browser.run(
                "const i = document.getElementById('search'), s = getComputedStyle(i);"
                "const ink = document.createElement('canvas').getContext('2d'); ink.font = s.font;"
                "return [ink.measureText(i.placeholder).width,"
                "  i.clientWidth - parseFloat(s.paddingLeft) - parseFloat(s.paddingRight)]"
            )
            assert asked <= room, (width, lang)
    browser.size(1366, 768)
    browser.open(tmp_path / "map.html")
    said = "return [...document.querySelectorAll('#panel .kinds')].map((one) => one.textContent)"
    assert browser.run(said) == []
    browser.run("document.querySelector('input[name=corridors]').click()")
    browser.run("document.querySelectorAll('input[name=species]')[1].click()")
    assert browser.run(said) == [
        words.text(f"coarse {why}", "en") for why in ("sensitive", "tracked")
    ]


def test_hostile_names_show_as_text(browser: Page, tmp_path: Path) -> None:
    write_map(tmp_path / "poison.html", **poisoned())
    browser.open(
        tmp_path / "poison.html",
        anchor="#on=units,hotspots,gazetteer&species=Saiga%20tatarica&unit=CU-001",
    )
    browser.wait("return document.querySelector('.unit-card h2')")
    browser.run("document.getElementById('show-table').click()")
    for place in ("h1", "title", ".disclaimer", ".unit-card h2", "#panel", "#twin tbody", ".facts"):
        seen = browser.run(f"return document.querySelector('{place}').textContent")
        assert POISON in seen, place
    assert browser.run("return document.querySelectorAll('img').length") == 0
    assert browser.run("return window.pwned") is None
    browser.listen()
    assert browser.asked_for() == []
    assert browser.errors == []


@pytest.mark.browser
def test_without_the_cleaning_the_policy_still_blocks(
    browser: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_room, "shown", lambda value: str(value))
    bad = Imprint(
        title="x</title><script>window.pwned = 1</script>",
        date="<img src=x onerror='window.pwned = 2'>",
        round="0",
        profile="<iframe src='javascript:parent.pwned = 3'></iframe>",
    )
    html = unit_map(**toy(imprint=bad)).get_root().render()
    guarded, bare = tmp_path / "guarded.html", tmp_path / "bare.html"
    guarded.write_text(html, encoding="utf-8")
    bare.write_text(
        re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html), encoding="utf-8"
    )
    browser.open(bare)
    assert browser.run("return window.pwned"), "the control shows nothing: its text did not run"
    browser.open(guarded)
    assert browser.run("return window.pwned") is None
    assert any("Content Security Policy" in error for error in browser.errors)


@pytest.mark.browser
def test_a_folium_layer_of_ones_own_is_drawn(browser: Page, tmp_path: Path) -> None:
    made = unit_map(**toy())
    folium.CircleMarker([43, 64], radius=9, tooltip="mine").add_to(made)
    folium.GeoJson(toy_layers()["sections"][["section_id", "geometry"]]).add_to(made)
    made.save(str(tmp_path / "own.html"))
    browser.open(tmp_path / "own.html")
    assert browser.errors == []
    assert browser.asked_for() == []


@pytest.mark.browser
def test_a_map_without_units_opens(browser: Page, tmp_path: Path) -> None:
    write_map(tmp_path / "empty.html", **toy(units=toy_units().iloc[:0]))
    browser.open(tmp_path / "empty.html")
    assert browser.errors == []


# -- the bundled layers ----------------------------------------------------------------------------


def bundled() -> dict[str, Any]:
    folder = model.data_dir()
    paths = {
        name: folder
        / ("boundaries" if name in ("countries", "disputed") else name)
        / f"{name}.geojson"
        for name in MAP_LAYERS
        if name != "features"
    }
    layers = {name: gpd.read_file(path) for name, path in paths.items() if path.exists()}
    parts = []
    for path in sorted((folder / "ranges").glob("*.geojson")):
        part = gpd.read_file(path)
        shape = shapely.union_all(shapely.make_valid(part.geometry.to_numpy()))
        parts.append((path.stem.replace("_", " "), shape))
    layers["features"] = table(
        [shape for _, shape in parts],
        sci_name=[name for name, _ in parts],
        range_km2=[1.0] * len(parts),
    )
    hotspots = layers["hotspots"]
    units = gpd.GeoDataFrame(
        [
            _unit(1, shape, unit_id=f"CU-{i + 1:03d}", rank=i + 1, name_en=name)
            for i, (shape, name) in enumerate(
                zip(hotspots.geometry, hotspots["name_en"], strict=True)
            )
        ],
        crs="EPSG:4326",
    )
    return toy(
        units=units,
        layers={name: layer.to_crs(4326) for name, layer in layers.items()},
        species=pd.read_csv(folder / "species.csv"),
        planning_units=None,
    )


@pytest.mark.browser
def test_the_bundled_layers_keep_the_budgets(browser: Page, tmp_path: Path) -> None:
    path = tmp_path / "map.html"
    write_map(path, **bundled())
    assert path.stat().st_size <= 1_800_000
    steps = sum(
        len(flat) // 2
        for flat in re.findall(r"\[(-?\d+(?:,-?\d+){3,})\]", path.read_text(encoding="utf-8"))
        for flat in [flat.split(",")]
    )
    assert 10_000 < steps <= 150_000
    browser.open(path)
    assert browser.errors == []
    assert browser.asked_for() == []
    assert browser.run("return document.querySelectorAll('.unit').length") == 44


@pytest.fixture(scope="module")
def spoken_map(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled layers as one page in every language."""
    given = bundled()
    tables = {"conservation_units": given["units"], "unit_criteria": given["unit_criteria"]}
    cards = {lang: unit_cards(tables, given["species"], lang=lang) for lang in words.LANGUAGES}
    path = tmp_path_factory.mktemp("spoken") / "map.html"
    write_map(path, **{**given, "cards": cards})
    return path


@pytest.mark.browser
@pytest.mark.parametrize("lang", words.LANGUAGES)
@pytest.mark.parametrize(
    ("width", "height", "least"), [(1920, 1080, 14), (1366, 768, 14), (390, 844, 8)]
)
def test_the_first_view_names_the_range_states_and_every_unit(
    browser: Page, spoken_map: Path, width: int, height: int, least: int, lang: str
) -> None:
    """IMMA's and Felt's first view reads as a map; so must this one, on a projector and a phone."""
    browser.size(width, height)
    browser.open(spoken_map, anchor=f"#lang={lang}")
    assert browser.run(_NAMED, ".state-name") >= least
    assert browser.run(_OUT_OF_VIEW) == 0
    for zoom in (None, *range(3, 11)):
        if zoom:
            browser.run("camiMap.setZoom(arguments[0], {animate: false})", zoom)
            browser.wait("return new Promise(done => requestAnimationFrame(() => done(true)))")
        assert browser.run(_UNNAMED) == []
        # An id with another on it is no better than hidden.
        assert browser.run(_COVERED) == [], (lang, zoom)
    browser.size(1366, 768)


@pytest.mark.browser
def test_a_phone_that_is_turned_and_turned_back_shows_every_unit_again(
    browser: Page, spoken_map: Path
) -> None:
    browser.size(390, 844)
    browser.open(spoken_map)
    first = browser.run("return camiMap.getZoom()")
    for width, height in ((844, 390), (390, 844)):
        browser.size(width, height)
        browser.wait("return new Promise(done => setTimeout(() => done(true), 400))")
        assert browser.run(_OUT_OF_VIEW) == 0
        if width > height:  # title, tools and imprint leave most of it to the ground
            assert browser.run("return camiMap.getSize().y") > height * 0.65
    assert browser.run("return camiMap.getZoom()") == first
    # who looks at a part goes on looking at it
    browser.run("camiMap.setView([45, 65], 6, {animate: false})")
    browser.size(844, 390)
    browser.wait("return new Promise(done => setTimeout(() => done(true), 400))")
    assert browser.run("return camiMap.getZoom()") == 6
    browser.size(1366, 768)


@pytest.mark.browser
def test_the_map_leaves_the_bar_of_the_table_in_sight(browser: Page, spoken_map: Path) -> None:
    """On a small screen the map kept its height and lay over what closes and filters the table."""
    for width, height in ((360, 480), (390, 700), (844, 390), (1366, 768)):
        browser.size(width, height)
        browser.open(spoken_map)
        browser.run("document.getElementById('show-table').click()")
        on_top = browser.run(
            "const box = document.getElementById('filter').getBoundingClientRect();"
            "return document.elementFromPoint(box.left + 9, box.top + 4).id"
        )
        assert on_top == "filter", (width, height)
    browser.size(1366, 768)


_OUT_OF_VIEW = """let out = 0;
camiMap.eachLayer((one) => {
    const isUnit = one.options.pane === 'units' && one.getBounds;
    if (isUnit && !camiMap.getBounds().contains(one.getBounds())) out += 1;
});
return out;"""
_NAMED = """return [...document.querySelectorAll(arguments[0] + ' span')]
    .filter((span) => span.style.visibility === 'visible').length"""
_UNNAMED = """return [...document.querySelectorAll('.unit-name span')]
    .filter((span) => span.style.visibility !== 'visible').map((span) => span.textContent)"""
_COVERED = """
const map = camiMap.getContainer().getBoundingClientRect();
const seen = [...document.querySelectorAll('.name span')].filter((span) => span.style.visibility === 'visible')
    .map((span) => [span, span.getBoundingClientRect(), span.parentElement.parentElement.classList.contains('unit-name')])
    .filter(([, box]) => box.left > map.left && box.top > map.top && box.right < map.right && box.bottom < map.bottom);
const out = [];
for (const [span, box, isUnit] of seen) for (const [other, its] of isUnit ? seen : [])
    if (other !== span && box.left < its.right && its.left < box.right && box.top < its.bottom && its.top < box.bottom)
        out.push([span.textContent, other.textContent]);
return out;"""


@pytest.mark.browser
@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_no_key_of_the_catalogue_is_read_on_the_page(
    browser: Page, spoken_map: Path, lang: str
) -> None:
    browser.open(spoken_map, anchor=f"#lang={lang}")
    browser.run("document.getElementById('show-table').click()")
    said = browser.run("return document.body.innerText")
    assert re.findall(r"\b[a-z]+_[a-z_]+\b", said) == []


def test_a_page_does_not_carry_what_is_said_elsewhere(toy_map: Path) -> None:
    """Each map and each drawing page of a pack would hold the words of terminal, desk and report."""
    spoken = content(toy_map.read_text(encoding="utf-8"))["words"]["en"]
    elsewhere = (
        "note ",
        "desk ",
        "report ",
        "found line ",
        "decided line ",
        "damage ",
        "sure line",
    )
    assert {key for key in words.catalogue("en") if key.startswith(elsewhere)}
    assert not {key for key in spoken if key.startswith(elsewhere)}
    assert "disputed line" in spoken


def test_a_round_with_other_units_takes_what_lies_around_them_from_the_one_before(tmp_path):
    """The frame holds hotspots and sections of both; what groups pinned is of the one round alone."""
    layers = toy()["layers"]
    pins = table(
        [Point(64, 43)],
        **{name: ["x"] for name in ("remark_id", "kind", "group", "text", "unit_id")},
    )
    moved = toy_units(geometry=box(61, 41, 66, 45))

    def written(units, shown_layers, name="map.html"):
        write_map(tmp_path / name, **toy(units=units, layers=shown_layers, remarks=pins))
        return (tmp_path / name).read_bytes()

    def not_again():
        raise AssertionError("layers that were drawn before are not drawn again")

    plain = [written(units, layers) for units in (toy_units(), moved)]
    with keeping(keeper_of(Cache(tmp_path / "kept"))):
        first = written(toy_units(), LaterLayers(b"round 1", lambda: layers, lasting=b"layers"))
        second = written(moved, LaterLayers(b"round 2", not_again, lasting=b"layers"))
    assert [first, second] == plain
    # as among the layers, where a map in Python has them
    write_map(tmp_path / "map.html", **toy(units=moved, layers={**layers, "remarks": pins}))
    assert (tmp_path / "map.html").read_bytes() == plain[1]


def test_a_layer_that_did_not_change_is_not_drawn_again_because_another_did(tmp_path, monkeypatch):
    layers = toy()["layers"]
    drawn: list[str] = []
    draw = payload_room._evidence
    monkeypatch.setattr(
        payload_room, "_evidence", lambda name, *rest: (drawn.append(name), draw(name, *rest))[1]
    )

    def written(change):
        drawn.clear()
        stamps = {name: name.encode() for name in layers} | {"hotspots": change}
        later = LaterLayers(change, lambda: layers, by_layer=stamps, lasting=change)
        write_map(tmp_path / "map.html", **toy(layers=later))
        return (tmp_path / "map.html").read_bytes()

    plain = written(b"")
    with keeping(keeper_of(Cache(tmp_path / "kept"))):
        first = written(b"1")
        assert {"hotspots", "sections"} <= set(drawn)
        assert written(b"2") == first == plain
        assert drawn == ["hotspots"]


@pytest.mark.browser
def test_an_id_gives_way_to_a_pin(browser: Page, tmp_path: Path) -> None:
    given = toy()
    units = toy_units()
    pins = gpd.GeoDataFrame(
        {
            "remark_id": [f"R-{number}" for number in range(len(units))],
            "kind": "pin",
            "group": "S1",
            "text": "here",
            "unit_id": units["unit_id"],
        },
        geometry=[label_place(shape) for shape in units.geometry],
        crs=units.crs,
    )
    path = tmp_path / "map.html"
    write_map(path, **{**given, "layers": {**given["layers"], "remarks": pins}})
    browser.open(path)
    browser.run(
        "[...document.querySelectorAll('#panel .choice')].find((row) =>"
        "  row.textContent.startsWith(arguments[0])).querySelector('input').click()",
        words.text("remarks"),
    )
    browser.wait("return document.querySelectorAll('.remark-pin').length")
    browser.wait("return new Promise(done => requestAnimationFrame(() => done(true)))")
    assert browser.run(_UNNAMED) == []
    below = browser.run(
        "const pins = [...document.querySelectorAll('.remark-pin')].map((pin) => pin.getBoundingClientRect());"
        "return [...document.querySelectorAll('.unit-name span')].filter((span) => {"
        "  const box = span.getBoundingClientRect();"
        "  return pins.some((pin) => box.left < pin.right && pin.left < box.right"
        "    && box.top < pin.bottom && pin.top < box.bottom); }).map((span) => span.textContent)"
    )
    assert below == []


@pytest.mark.browser
def test_an_id_that_steps_aside_has_a_line_that_ends_at_its_unit(
    browser: Page, spoken_map: Path
) -> None:
    browser.size(1366, 768)
    browser.open(spoken_map)
    lines = browser.run(
        "return [...document.querySelectorAll('.unit-name i:not([hidden])')].map((line) => {"
        "const span = line.nextSibling, box = span.getBoundingClientRect();"
        "const [right, down] = [parseFloat(span.style.marginLeft), parseFloat(span.style.marginTop)];"
        "return [parseFloat(line.style.width), Math.hypot(right, down),"
        "  Math.hypot(box.width, box.height) / 2]; })"
    )
    assert lines  # 44 units in Central Asia: some stand too close
    for length, away, half in lines:
        assert 0 < length < away <= length + half + 1


def toy_history() -> dict[str, Any]:
    """The toy map with what its units can be coloured by and compared with."""
    units = toy_units()
    labels = ["robust", "sensitive", "fragile"]
    return {
        "before": units.iloc[:2],
        "sensitivity": pd.DataFrame(
            {"unit_id": units["unit_id"], "label": [labels[i % 3] for i in range(len(units))]}
        ),
        "unit_countries": pd.DataFrame(
            {"unit_id": ["CU-001", "CU-001"], "iso2": ["KZ", "UZ"], "share": [75.0, 25.0]}
        ),
        "unit_species": pd.DataFrame(
            {
                "unit_id": ["CU-001", "CU-001"],
                "sci_name": ["Saiga tatarica", "Camelus ferus"],
                "role": ["qualifying", "supporting"],
                "range_share": [4.0, 50.0],
            }
        ),
    }


@pytest.mark.browser
def test_units_are_coloured_by_what_the_reader_asks(browser: Page, tmp_path: Path) -> None:
    path = tmp_path / "map.html"
    write_map(path, **{**toy(), **toy_history()})
    browser.open(path)
    asked = browser.run(
        "return [...document.querySelectorAll('#colour-by option')].map(o => o.value)"
    )
    assert asked[:3] == ["status", "tier", "score title"]
    assert {"stability", "sections", "C1", "G2"} <= set(asked)
    fills = {}
    for key in asked:
        browser.run(
            "const s = document.getElementById('colour-by'); s.value = arguments[0];"
            "s.dispatchEvent(new Event('change'))",
            key,
        )
        fills[key] = browser.run(
            "return document.querySelector('[data-unit=CU-001]').getAttribute('fill')"
        )
    assert fills["stability"] == palette.STABILITY["robust"]
    # every finding by hand: of the first unit C1 and so on as the marks of its row say
    found = toy_criteria(toy_units()).query("unit_id == 'CU-001'")
    for criterion, met in zip(found["criterion"], found["met"], strict=True):
        classes = palette.NEEDS if criterion in words.NEED else palette.VERDICTS
        key = "unknown" if pd.isna(met) else "yes" if met else "no"
        assert fills[criterion] == classes[key], criterion
    assert "colour=" in browser.run("return location.hash")
    assert browser.errors == []


@pytest.mark.browser
def test_a_species_chosen_filters_units_and_table(browser: Page, tmp_path: Path) -> None:
    path = tmp_path / "map.html"
    write_map(path, **toy())
    browser.open(path)
    wanted = browser.run(
        "const row = [...document.querySelectorAll('input[name=species]')][1]; row.click();"
        "return document.querySelectorAll('#twin tbody tr').length"
    )
    every = browser.run("return document.querySelectorAll('.unit').length")
    pale = browser.run("return document.querySelectorAll('.unit.pale').length")
    assert wanted == every - pale < every


@pytest.mark.browser
def test_a_card_draws_shares_and_gives_the_unit_as_a_file(browser: Page, tmp_path: Path) -> None:
    path = tmp_path / "map.html"
    write_map(path, **{**toy(), **toy_history()})
    browser.open(path, anchor="#unit=CU-001")
    card = browser.wait("return document.querySelector('.unit-card')?.textContent")
    assert "KZ 75 %" in card
    assert "UZ 25 %" in card
    assert words.text("how_to_comment") not in card
    # Blobs made here are read where they are made: nothing is fetched, and the outline is the unit's.
    saved = browser.run(
        "window.saved = []; const make = URL.createObjectURL;"
        "URL.createObjectURL = (blob) => { window.saved.push(blob); return make(blob); };"
        "for (const b of document.querySelectorAll('.downloads button')) b.click();"
        "return Promise.all(window.saved.map((blob) => blob.text()))"
    )
    kml_text, json_text = saved
    shape = shapely.from_geojson(json_text).geoms[0]
    unit = toy_units().set_index("unit_id").geometry["CU-001"]
    assert shape.symmetric_difference(unit).area < 1e-3
    (tmp_path / "unit.kml").write_text(kml_text, encoding="utf-8")
    rows, _ = kml.read_kml(tmp_path / "unit.kml")
    assert rows["data"].iloc[0]["cu_id"] == "CU-001"
    # the toy has sides of 300 km, which are read along the great circle
    assert rows.geometry.union_all().symmetric_difference(unit).area < 0.02 * unit.area
    for profile in get_args(kml.Profile):  # valid, and what each Google Earth takes
        found = kml.lint_kml(tmp_path / "unit.kml", profile=profile)
        assert found[found["level"] == "error"].empty, found.to_string()
    assert browser.errors == []


@pytest.mark.browser
def test_a_divider_wipes_from_before_to_after(browser: Page, tmp_path: Path) -> None:
    path = tmp_path / "map.html"
    write_map(path, **{**toy(), **toy_history()})
    browser.open(path)
    browser.run("document.getElementById('swipe').click()")
    clip = browser.run("return camiMap.getPane('units').style.clip")
    assert clip.startswith("rect(")
    assert not browser.run("return document.getElementById('divider').hidden")
    browser.run("document.getElementById('swipe').click()")
    assert browser.run("return camiMap.getPane('units').style.clip") == ""


def test_a_unit_shows_its_way_through_the_rounds_and_the_last_round_is_what_was() -> None:
    units = toy_units()
    earlier = pd.concat(
        [
            units.assign(round=number, area_km2=area)
            for number, area in (("00", 100.0), ("01", 250.0))
        ],
        ignore_index=True,
    )
    imprint = replace(IMPRINT, round="Round 02", number="02")
    drawn = content(unit_map(**toy(earlier=earlier, imprint=imprint)).get_root().render())
    of_first = drawn["units"][0]["rounds"]
    assert [point[:2] for point in of_first][:2] == [["00", 100], ["01", 250]]
    assert of_first[2][0] == "02"
    assert of_first[2][1] == round(float(units["area_km2"].iloc[0]))
    assert {row["was"] for row in drawn["before"] if row["was"] is not None} == {250}
    alone = content(unit_map(**toy()).get_root().render())
    assert alone["before"] is None
    assert alone["units"][0]["rounds"] == []
