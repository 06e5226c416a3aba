"""Writing KML: what stands in the file, who else can read it, and what can never get in."""

from __future__ import annotations

import io
import math
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from shapely import LineString, Point, box

from cami_units import drawn_pieces, kml, model, scene, words
from cami_units.kml import _earth_files, _evidence, _marks
from cami_units.kml._escapes import ncname, plain_text, shown
from cami_units.kml._marks import earth_key
from cami_units.kml._written_shapes import (
    all_written,
    as_written,
    dashes,
    hash_of_written,
    parts,
    unit_outlines,
    written_pieces,
)
from cami_units.model import clean_name, clean_text
from cami_units.model._text import _HARMFUL, _LINE_ENDS
from cami_units.words.unit_card import CARD_FIELDS, OPTIONAL_FIELDS, field_label, unit_cards

K = "{http://www.opengis.net/kml/2.2}"
GX = "{http://www.google.com/kml/ext/2.2}"
POISON = (
    "& < \" ' ]]> <![CDATA[ {{7*7}} {% ${} </script><img src=x onerror=alert(1)> \x0b\u202e "
    '=HYPERLINK("http://example.org") Сайгак 羚羊 שלום'
)
WEB_ELEMENTS = """
    kml Document Folder Placemark name description open visibility LookAt longitude latitude
    altitude heading tilt range altitudeMode styleUrl Style StyleMap Pair key IconStyle Icon href
    hotSpot scale LabelStyle LineStyle color width PolyStyle fill outline BalloonStyle text
    ExtendedData Data value Point LineString Polygon outerBoundaryIs innerBoundaryIs LinearRing
    coordinates extrude tessellate
"""
IMPRINT = model.Imprint(
    title="Toy workshop", date="2026-11-22", round="Round 00", profile="operational proxy criteria"
)

# Three units: a plain box, a box with a hole and a second part, and a rejected one.
SQUARE = box(60, 40, 60.5, 40.5)
TWO_PARTS = shapely.union(
    box(62, 40, 63, 41).difference(box(62.25, 40.25, 62.5, 40.5)), box(64, 40, 64.5, 40.5)
)
GONE = box(66, 40, 67, 41)


def make_units(names=("Alpha", "Beta", "Gamma"), geometries=(SQUARE, TWO_PARTS, GONE)):
    rows = []
    statuses = ("modelled candidate", "area of interest", "rejected")
    for number, (name, geometry) in enumerate(zip(names, geometries, strict=True), start=1):
        row = dict.fromkeys(model.TABLES["conservation_units"].columns, "")
        row |= {
            "unit_id": f"CU-{number:03d}",
            "name_en": name,
            "name_ru": f"Имя {number}",
            "status": statuses[(number - 1) % 3],
            "rank": float(len(names) - number + 1),
            "geometry": geometry,
        }
        rows.append(row)
    return gpd.GeoDataFrame(rows, crs="EPSG:4326")


def make_cards(units, text="value"):
    return pd.DataFrame(
        [
            {"unit_id": unit_id} | {key: f"{key} {text}" for key in CARD_FIELDS}
            for unit_id in units["unit_id"]
        ]
    )


def frame(geometries, **columns):
    return gpd.GeoDataFrame(columns, geometry=geometries, crs="EPSG:4326")


def make_layers(name="Name"):
    west, east = box(55, 38, 63, 44), box(63, 38, 71, 44)
    line = LineString([(63, 38), (63, 44)])
    return {
        "hotspots": frame([box(60, 40, 62, 41)], hotspot_id=["H01"], name_en=[name], name_ru=["Х"]),
        "features": frame(
            [box(58, 39, 68, 43), box(60.031, 39.017, 61.013, 40.007)],
            sci_name=["Saiga tatarica", "Ursus arctos gobiensis"],
            range_km2=[1.0, 1.0],
        ),
        "protected_areas": frame([box(60, 40, 60.2, 40.2)], pa_id=["P1"], name=[name], iso2=["KZ"]),
        "barriers": frame(
            [line, line],
            barrier_id=["B1", "B2"],
            name=[name, "Wall"],
            kind=["border_fence", name],
            permeability=[0.25, 0.5],
        ),
        "corridors": frame(
            [LineString([(60, 40), (64, 41)])],
            corridor_id=["L01"],
            name=[name],
            sci_name=["Saiga tatarica"],
            evidence_grade=["A"],
        ),
        "sections": frame([west, east], section_id=["S1", "S2"], name_en=[name, "E"], name_ru="С"),
        "countries": frame(
            [west, east], iso2=["KZ", "UZ"], name_en=[name, "U"], name_ru="Г", range_state="yes"
        ),
        "disputed": frame(
            [box(62.5, 40, 63.5, 41)], disputed_id=["D1"], name_en=[name], states="KZ;UZ"
        ),
        "borders": frame([line], pair=["KZ;UZ"], disputed=[False]),
        "gazetteer": frame(
            [Point(60, 40), Point(61, 41)],
            name_en=["Wide " + name, "Small"],
            name_ru=["Широкий", "Малый"],
            kind="range",
            extent_km=[200, 10],
        ),
    }


def make_species(name="Saiga antelope"):
    rows = [
        {"sci_name": "Saiga tatarica", "code": "SAI", "name_en": name, "sensitive": "no"},
        {"sci_name": "Ursus arctos gobiensis", "code": "GOB", "name_en": "B", "sensitive": "yes"},
    ]
    return pd.DataFrame([dict.fromkeys(model.TABLES["species"].columns, "") | row for row in rows])


def write(path, units=None, **options):
    units = make_units() if units is None else units
    given = {
        "cards": make_cards(units),
        "imprint": IMPRINT,
        "layers": make_layers(),
        "species": make_species(),
    }
    return kml.write_kml(path, units, **(given | options))


def doc_of(path):
    if path.suffix == ".kmz":
        with zipfile.ZipFile(path) as archive:
            return archive.read("doc.kml")
    return path.read_bytes()


def root_of(path):
    return etree.fromstring(doc_of(path))


def ogc_schema():
    folder = Path(find_spec("fastkml").submodule_search_locations[0]) / "schema"
    return etree.XMLSchema(etree.parse(str(folder / "kml22gx.xsd")))


def folders(root):
    """Names of the top folders, in order."""
    return [folder.findtext(f"{K}name") for folder in root.findall(f"{K}Document/{K}Folder")]


def folder_named(root, beginning):
    return next(
        folder
        for folder in root.iter(f"{K}Folder")
        if folder.findtext(f"{K}name").startswith(beginning)
    )


def data_of(placemark):
    return {
        entry.get("name"): entry.findtext(f"{K}value")
        for entry in placemark.iterfind(f"{K}ExtendedData/{K}Data")
    }


EVERY_KIND = [
    (profile, lang, suffix)
    for profile in ("earth-pro", "earth-web")
    for lang in ("en", "ru")
    for suffix in ("kml", "kmz")
]


# -- valid, and read the same by others -----------------------------------------------------------


@pytest.mark.parametrize(("profile", "lang", "suffix"), EVERY_KIND)
@pytest.mark.parametrize("text", ["plain", POISON])
def test_the_ogc_schema_accepts_every_kind(tmp_path, profile, lang, suffix, text):
    path = tmp_path / f"units.{suffix}"
    units = make_units(names=(text, text, text))
    write(
        path,
        units,
        profile=profile,
        lang=lang,
        cards=make_cards(units, text),
        layers=make_layers(text),
        species=make_species(text),
        imprint=replace(IMPRINT, title=text, round="00", sources=(text,), disclaimer=text),
    )
    schema = ogc_schema()
    assert schema.validate(root_of(path)), schema.error_log
    assert kml.lint_kml(path, profile=profile).to_dict("records") == []


@pytest.mark.parametrize("profile", ["earth-pro", "earth-web"])
def test_several_holes_are_valid_and_come_back(tmp_path, profile):
    # A range drawn in cells has many; simplekml would put them all into one boundary.
    holed = shapely.Polygon(
        shapely.box(60, 40, 64, 44).exterior,
        [shapely.box(x, 41, x + 0.5, 42).exterior for x in (60.5, 61.5, 62.5)],
    )
    path = tmp_path / "units.kml"
    units = make_units(names=("Alpha",), geometries=(holed,))
    write(path, units, profile=profile, layers={})
    schema = ogc_schema()
    assert schema.validate(root_of(path)), schema.error_log
    rows, _ = kml.read_kml(path)
    (back,) = rows.geometry[rows["kind"] == "polygon"]
    assert len(back.interiors) == 3
    assert back.equals(holed)


def test_the_file_begins_as_earth_on_the_web_wants_it(tmp_path):
    write(tmp_path / "u.kml", profile="earth-web")
    content = (tmp_path / "u.kml").read_bytes()
    assert content.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<kml ')


def test_the_web_profile_uses_only_the_listed_elements(tmp_path):
    write(tmp_path / "u.kml", profile="earth-web")
    used = {etree.QName(element) for element in root_of(tmp_path / "u.kml").iter(etree.Element)}
    assert {name.localname for name in used} <= set(WEB_ELEMENTS.split())
    assert {name.namespace for name in used} == {K[1:-1]}


def test_gdal_reads_the_same_units(tmp_path):
    # GDAL knows nothing of our writer. Its layers are our folders.
    path = tmp_path / "u.kml"
    units = make_units()
    write(path, units, layers={})
    read = pyogrio.read_dataframe(path, layer="2 Proposed units (edit these)")
    names = ["CU-001 Alpha", "CU-002 Beta (part 1)", "CU-002 Beta (part 2)", "CU-003 Gamma"]
    assert list(read["Name"]) == names
    whole = shapely.union_all(shapely.force_2d(read.geometry.values))
    assert whole.equals(shapely.union_all(units.geometry.values))


def test_fastkml_reads_the_same_placemarks(tmp_path):
    fastkml = pytest.importorskip("fastkml.kml")
    utils = pytest.importorskip("fastkml.utils")
    from fastkml.features import Placemark

    path = tmp_path / "u.kml"
    write(path)
    tree = fastkml.KML.parse(io.BytesIO(path.read_bytes()))
    theirs = {
        (mark.name, shapely.normalize(part).wkt)
        for mark in utils.find_all(tree, of_type=Placemark)
        if mark.geometry is not None  # a step of the tour
        for part in shapely.get_parts(shapely.geometry.shape(mark.geometry))
    }
    rows, _ = kml.read_kml(path)
    pairs = zip(rows["name"], rows.geometry, strict=True)
    assert theirs == {
        (name, shapely.normalize(part).wkt)
        for name, geometry in pairs
        for part in shapely.get_parts(geometry)
    }


def test_reading_back_gives_what_was_written(tmp_path):
    units = make_units()
    write(tmp_path / "u.kmz", units)
    rows, problems = kml.read_kml(tmp_path / "u.kmz")
    assert problems == ()  # our own tour is nothing to be told of
    back = rows[rows["data"].map(lambda data: "cu_id" in data)]
    for unit_id, geometry in zip(units["unit_id"], units.geometry, strict=True):
        mine = back[back["data"].map(lambda data: data["cu_id"]) == unit_id]
        assert shapely.union_all(mine.geometry.values).equals(geometry)
        for _, row in mine.iterrows():
            assert kml.geom_hash(row["geometry"]) == row["data"]["geom_hash"]


coordinate = st.integers(0, 10_000_000).map(lambda n: n / 100_000)


@given(
    names=st.lists(st.text(max_size=40), min_size=1, max_size=4),
    corner=st.tuples(coordinate, coordinate.map(lambda y: y * 0.6)),
    size=st.tuples(st.floats(0.001, 0.9), st.floats(0.001, 0.9)),
)
@settings(max_examples=25, deadline=None)
def test_any_name_and_any_box_come_back(tmp_path_factory, names, corner, size):
    # pandas keeps text as UTF-8 and refuses lone surrogates itself, so they cannot be in a table.
    names = [name.encode("utf-8", "ignore").decode("utf-8") for name in names]
    (x, y), (w, h) = corner, size
    shapes = [box(x + 2 * i, y, x + 2 * i + w, y + h) for i in range(len(names))]
    units = make_units(tuple(names), tuple(shapes))
    path = tmp_path_factory.mktemp("any") / "u.kml"
    write(path, units, layers={})
    rows, _ = kml.read_kml(path)
    back = rows[rows["data"].map(lambda data: "cu_id" in data)].reset_index(drop=True)
    for row, name, shape in zip(back.itertuples(), names, shapes, strict=True):
        expected = clean_name(f"{row.data['cu_id']} {clean_name(name)}")
        assert row.name == re.sub(r"<(?=[A-Za-z/!?])", "‹", expected)
        assert row.geometry.normalize().equals_exact(as_written(shape).normalize(), 0)
        assert row.data["geom_hash"] == kml.geom_hash(shape) == kml.geom_hash(row.geometry)


# -- the contract ---------------------------------------------------------------------------------


def test_folders_are_in_the_order_of_the_task(tmp_path):
    write(tmp_path / "u.kml")
    assert folders(root_of(tmp_path / "u.kml")) == [
        "0 About this map",
        "1 Sections",
        "2 Proposed units (edit these)",
        "Labels of units",
        "3 Evidence (look)",
        "4 Notes (drop pins here)",
    ]


def test_russian_files_speak_russian(tmp_path):
    write(tmp_path / "u.kml", lang="ru")
    root = root_of(tmp_path / "u.kml")
    assert folders(root)[2] == "2 Предлагаемые единицы (редактируйте их)"
    assert folder_named(root, "2 ").findtext(f"{K}Placemark/{K}name") == "CU-001 Имя 1"


def test_evidence_speaks_the_language_of_its_file(tmp_path):
    """ "INDICATIVE: …" stood three hundred times in a Russian file, and sections had «borders»."""
    layers = make_layers()
    barriers = layers["barriers"].assign(
        label=model.INDICATIVE,
        source=["from memory (high); set-back of 6 km is ours", "Ali et al. 2017 Oryx"],
        source_facts=["memory high;set-back 6", ""],
        countries="KZ;UZ",
        confidence="low",
    )
    write(tmp_path / "u.kml", lang="ru", layers={**layers, "barriers": barriers})
    data = [
        (one.get("name"), one.findtext(f"{K}displayName"), one.findtext(f"{K}value"))
        for one in root_of(tmp_path / "u.kml").iter(f"{K}Data")
    ]
    assert ("countries", "Государства", "KZ;UZ") in data
    assert ("label", "Примечание", words.text("indicative", "ru")) in data
    assert ("confidence", "Достоверность", "низкая") in data
    assert ("kind", "Тип", "пограничное ограждение") in data
    own = "по памяти (достоверность высокая); отступ в 6 км — наш"
    sources = {value for name, _, value in data if name == "source"}
    # what somebody else wrote is cited as it stands
    assert sources >= {own, "Ali et al. 2017 Oryx"}
    assert not any("INDICATIVE" in (value or "") for _, _, value in data)
    # a pin of a group too, whose kind is a code
    assert words.layer_value("kind", "pin", "ru") == "метка"


RESERVED = frozenset(
    """
    access all and as by check column comment connect current date default distinct else
    exclusive file for from group having identified in index into is level like limit lock
    mode not null number of offset on or order rank row rows select session set size start
    table then to trigger uid union unique update user using value values view when where
    with
    """.split()  # noqa: SIM905 - a list to be read by people
)
"""Words that SQL:2016, PostgreSQL, MySQL, SQLite or Oracle reserve, as far as a column of ours might
be called so."""


def test_units_are_plain_polygons_with_their_data(tmp_path):
    write(tmp_path / "u.kml", make_units().assign(section_id="S3"))
    marks = folder_named(root_of(tmp_path / "u.kml"), "2 ").findall(f"{K}Placemark")
    assert [mark.get("id") for mark in marks] == ["CU-001", "CU-002.1", "CU-002.2", "CU-003"]
    for mark in marks:
        data = data_of(mark)
        assert data["round"] == data["rev"] == "00"
        assert list(data)[:6] == ["cu_id", "part", "rev", "geom_hash", "round", "section_id"]
        assert {earth_key(field) for field in CARD_FIELDS} <= set(data)
        assert not {"id", "name", "description"} & set(data)
        assert not RESERVED & set(data)
        assert mark.find(f"{K}Polygon") is not None
        assert mark.find(f"{K}LookAt") is not None
        assert mark.find(f"{K}description") is None
    assert [data_of(mark)["part"] for mark in marks] == ["1", "1", "2", "1"]
    assert data_of(marks[2])["cu_id"] == "CU-002"


def test_without_a_section_there_is_no_section_id(tmp_path):
    write(tmp_path / "u.kml")
    mark = folder_named(root_of(tmp_path / "u.kml"), "2 ").find(f"{K}Placemark")
    assert "section_id" not in data_of(mark)


def test_a_unit_that_parts_when_rounded_is_written_in_parts(tmp_path):
    neck = shapely.Polygon([(60, 40), (60.9, 40), (60.9, 40.9), (60.5, 40.000004), (60, 40.9)])
    write(tmp_path / "u.kml", make_units(("Neck",), (neck,)), layers={})
    rows, _ = kml.read_kml(tmp_path / "u.kml")
    ids = [one for one in rows["placemark_id"] if one.startswith("CU-")]
    assert ids[:2] == ["CU-001.1", "CU-001.2"]


def test_rev_is_the_round_in_which_a_polygon_last_changed(tmp_path):
    write(tmp_path / "u.kml", make_units().assign(rev=["00", "01", None]))
    root = root_of(tmp_path / "u.kml")
    revs = [data_of(mark)["rev"] for mark in folder_named(root, "2 ").findall(f"{K}Placemark")]
    assert revs == ["00", "01", "01", "00"]


def test_a_rejected_unit_is_there_but_hidden(tmp_path):
    write(tmp_path / "u.kml")
    marks = folder_named(root_of(tmp_path / "u.kml"), "2 ").findall(f"{K}Placemark")
    assert [mark.findtext(f"{K}visibility") for mark in marks] == ["1", "1", "1", "0"]


def test_outer_rings_run_counter_clockwise_and_close(tmp_path):
    write(tmp_path / "u.kml")
    root = root_of(tmp_path / "u.kml")
    rings = list(root.iter(f"{K}outerBoundaryIs"))
    assert rings
    for ring in rings:
        text = ring.findtext(f"{K}LinearRing/{K}coordinates")
        points = [tuple(map(float, point.split(","))) for point in text.split()]
        assert points[0] == points[-1]
        assert all(len(point) == 2 for point in points)
        assert shapely.LinearRing(points).is_ccw


def test_coordinates_have_five_decimals_and_no_exponent(tmp_path):
    tiny = box(0.00001, 0.00002, 0.5, 0.123456789)
    write(tmp_path / "u.kml", make_units(("A",), (tiny,)), layers={})
    root = root_of(tmp_path / "u.kml")
    text = folder_named(root, "2 ").find(f".//{K}coordinates").text
    assert set(text.split()) == {"0.00001,0.00002", "0.5,0.00002", "0.5,0.12346", "0.00001,0.12346"}


def test_edges_are_short_enough_for_a_globe(tmp_path):
    # A box of 7° by 5°, cut at least every 0.99°: 8 and 6 pieces, so 7/8 = 0.875°.
    # Evidence: edges of at most 0.25°.
    big = box(60, 40, 67, 45)
    layers = {"hotspots": frame([big], hotspot_id=["H"], name_en=["n"], name_ru=["n"])}
    write(tmp_path / "u.kml", make_units(("A",), (big,)), layers=layers)
    root = root_of(tmp_path / "u.kml")

    def longest(folder):
        text = folder.find(f".//{K}Polygon//{K}coordinates").text
        xy = np.array([point.split(",") for point in text.split()], dtype=float)
        return np.hypot(*np.diff(xy, axis=0).T).max()

    assert 0.8 < longest(folder_named(root, "2 ")) <= 1.0
    assert 0.2 < longest(folder_named(root, "Known hotspots")) <= 0.25


def test_a_balloon_has_twelve_lines_with_every_field(tmp_path):
    for profile in ("earth-pro", "earth-web"):
        write(tmp_path / "u.kml", profile=profile)
        texts = {text.text for text in root_of(tmp_path / "u.kml").iter(f"{K}text")}
        assert len(texts) == 1, "one template for all units"
        template = texts.pop()
        assert len(template.split("<br/>")) <= 12
        assert template.startswith("<b>$[name]</b>")
        assert template.endswith("$[description]")
        for field in CARD_FIELDS:
            key = earth_key(field)
            assert f"$[{key}]" in template
            assert (f"$[{key}/displayName]" in template) == (profile == "earth-pro")


def test_evidence_is_off_and_at_most_six_layers_are_on(tmp_path):
    write(tmp_path / "u.kml")
    rows, _ = kml.read_kml(tmp_path / "u.kml")
    evidence = rows["folder"].str.startswith("3 Evidence")
    assert evidence.any()
    assert not rows.loc[evidence, "visibility"].any()
    assert rows.loc[rows["visibility"], "folder"].nunique() <= 6


def test_every_mark_says_what_it_is(tmp_path):
    write(tmp_path / "u.kml")
    rows, _ = kml.read_kml(tmp_path / "u.kml")
    assert all("cu_id" in data or "layer" in data for data in rows["data"])


def test_the_legend_tells_title_date_round_profile_sources_and_disclaimer(tmp_path):
    imprint = replace(IMPRINT, sources=("bundled ranges", "my <layer>"))
    for profile in ("earth-pro", "earth-web"):
        write(tmp_path / "u.kml", profile=profile, imprint=imprint)
        about = folder_named(root_of(tmp_path / "u.kml"), "0 ").find(f"{K}Placemark")
        told = about.findtext(f"{K}description")
        for phrase in (
            "Toy workshop",
            "2026-11-22",
            "Round 00",
            "operational proxy criteria",
            "bundled ranges; my &lt;layer&gt;",
            "INDICATIVE",
            model.DISCLAIMER,
            "SAI Saiga antelope",
            "border fence",
            "modelled candidate",
        ):
            assert phrase in told
        assert "adopted" not in told, "only what the map shows is in its legend"


def test_without_bundled_layers_nothing_claims_to_be_indicative(tmp_path):
    write(tmp_path / "u.kml", imprint=replace(IMPRINT, indicative=False))
    assert b"INDICATIVE" not in (tmp_path / "u.kml").read_bytes()


def test_the_tour_visits_units_by_rank_in_the_pro_profile_only(tmp_path):
    write(tmp_path / "u.kml")
    tour = root_of(tmp_path / "u.kml").find(f".//{GX}Tour")
    stops = [float(stop.text) for stop in tour.iter(f"{K}longitude")]
    # CU-003 has rank 1 but is rejected; CU-002 (rank 2, both its parts seen, round 63.25) comes first.
    assert stops == [63.25, 60.25]
    # At each stop: fly, open the balloon, wait, pause until somebody plays on, close it.
    steps = [etree.QName(step).localname for step in tour.find(f"{GX}Playlist")]
    assert steps == ["FlyTo", "AnimatedUpdate", "Wait", "TourControl", "AnimatedUpdate"] * 2
    shown = [change.text for change in tour.iter(f"{GX}balloonVisibility")]
    assert shown == ["1", "0"] * 2
    known = {mark.get("id") for mark in root_of(tmp_path / "u.kml").iter(f"{K}Placemark")}
    assert {mark.get("targetId") for mark in tour.iter(f"{K}Placemark")} <= known
    write(tmp_path / "w.kml", profile="earth-web")
    assert root_of(tmp_path / "w.kml").find(f".//{GX}Tour") is None


def test_one_species_at_a_time_in_the_pro_profile(tmp_path):
    write(tmp_path / "u.kml")
    root = root_of(tmp_path / "u.kml")
    url = folder_named(root, "Species ranges").findtext(f"{K}styleUrl")
    style = next(s for s in root.iter(f"{K}Style") if s.get("id") == url[1:])
    assert style.findtext(f"{K}ListStyle/{K}listItemType") == "radioFolder"


def test_nine_colours_filled_then_nine_as_outlines():
    looks = [_marks.range_look(place) for place in range(18)]
    assert len({(look.line, bool(look.fill), look.width) for look in looks}) == 18
    assert [bool(look.fill) for look in looks] == [True] * 9 + [False] * 9
    assert _marks.kml_colour("0072b2") == "ffb27200"


def test_a_sensitive_range_is_drawn_in_coarse_cells(tmp_path):
    # The bear's range ends at 60.031, 39.017 …; the saiga's stays as it is.
    write(tmp_path / "u.kml")
    rows, _ = kml.read_kml(tmp_path / "u.kml")
    polygons = rows[rows["kind"] == "polygon"]
    bear = polygons[polygons["folder"].str.contains("GOB")]
    steps = bear.geometry.to_crs(model.EQUAL_AREA).total_bounds / 26_000  # 25 km, stretched by 1.02
    assert np.allclose(steps, np.round(steps), atol=1e-3)
    assert bear["data"].iloc[0]["note"].startswith("sensitive species")
    saiga = polygons[polygons["folder"].str.contains("SAI")]
    assert saiga.geometry.iloc[0].equals(box(58, 39, 68, 43))


def test_a_corridor_in_steps_says_why_and_the_legend_names_it(tmp_path):
    layers = make_layers()
    tracked = pd.concat([layers["corridors"]] * 2, ignore_index=True)
    layers["corridors"] = tracked.assign(corridor_id=["L01", "T-1"], tracked=[False, True])
    write(tmp_path / "u.kml", layers=layers)
    rows, _ = kml.read_kml(tmp_path / "u.kml")
    notes = {
        data["corridor_id"]: data.get("note", "")
        for data in rows["data"]
        if data.get("layer") == "corridors"
    }
    assert notes == {"L01": "", "T-1": words.text("coarse tracked", "en")}
    looks = {
        mark.findtext("{*}name"): mark.findtext("{*}styleUrl")
        for mark in etree.parse(tmp_path / "u.kml").iter("{*}Placemark")
        if mark.get("id", "").startswith("corridors")
    }
    assert sorted(looks.values()) == ["#coarse-corridor", "#corridor"]
    assert words.text("coarse corridors", "en") in (tmp_path / "u.kml").read_text("utf-8")


def test_a_line_is_called_as_in_the_language_of_the_file_where_it_has_such_a_name(tmp_path):
    layers = make_layers()
    fences = layers["barriers"].assign(name_ru=["Ограждение", None])
    for lang, called in (("ru", {"B1 Ограждение", "B2 Wall"}), ("zh", {"B1 Fence", "B2 Wall"})):
        named = fences.assign(name=["Fence", "Wall"])
        write(tmp_path / "u.kml", layers=layers | {"barriers": named}, lang=lang)
        rows, _ = kml.read_kml(tmp_path / "u.kml")
        of_barriers = [data.get("layer") == "barriers" for data in rows["data"]]
        assert set(rows.loc[of_barriers, "name"]) == called


def test_disputed_lines_are_dashes_and_no_line_runs_below_them(tmp_path):
    # The border runs along 63° E from 38° to 44° N; 40° to 41° N lies in a disputed area.
    write(tmp_path / "u.kml")
    rows, _ = kml.read_kml(tmp_path / "u.kml")
    borders = rows[rows["folder"].str.endswith("/Borders")]
    dashed = borders[borders["name"] == "disputed line"]
    solid = shapely.union_all(borders[borders["name"] == "border"].geometry.values)
    assert len(dashed) > 10
    assert shapely.length(dashed.geometry.values).max() < 0.13
    assert not solid.intersects(Point(63, 40.5).buffer(0.2))
    assert solid.intersects(Point(63, 43).buffer(0.001))
    covered = shapely.union_all(dashed.geometry.values)
    assert covered.intersects(LineString([(63, 40.1), (63, 40.9)]))


def test_dashes_cover_a_line_in_part():
    # 1° in dashes of 0.12° and gaps of 0.08°: five dashes, 0.6° drawn.
    line = LineString([(0, 0), (1, 0)])
    assert len(dashes(line)) == 5
    assert sum(dash.length for dash in dashes(line)) == pytest.approx(0.6)
    assert len(dashes(LineString([(0, 0), (0.01, 0)]))) == 1


# -- nothing from data can act ---------------------------------------------------------------------


def test_poison_stays_text_everywhere(tmp_path):
    units = make_units(names=(POISON, POISON, POISON))
    write(
        tmp_path / "u.kmz",
        units,
        cards=make_cards(units, POISON),
        layers=make_layers(POISON),
        species=make_species(POISON),
        imprint=replace(IMPRINT, title=POISON, sources=(POISON,), disclaimer=POISON),
    )
    root = root_of(tmp_path / "u.kmz")
    for element in root.iter(etree.Element):
        kind = etree.QName(element).localname
        assert kind not in ("script", "img")
        for text in (element.text or "", *element.attrib.values()):
            assert "\x0b" not in text
            assert "\u202e" not in text
            # A balloon shows these as HTML: no tag but our own may begin in them.
            tags = set(re.findall(r"<\s*/?\s*([A-Za-z!?]+)", text))
            own = {"b", "br", "font"} if kind in ("description", "text") else set()
            assert tags <= own, (kind, text)
    names = [mark.findtext(f"{K}name") for mark in folder_named(root, "2 ").iter(f"{K}Placemark")]
    assert "{{7*7}} {% ${} ‹/script>‹img src=x onerror=alert(1)>" in names[0]
    assert "Сайгак 羚羊 שלום" in names[0]


def test_a_local_file_named_by_data_is_not_packed(tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"secret")
    write(tmp_path / "u.kmz", make_units(names=(str(secret), "B", "C")))
    with zipfile.ZipFile(tmp_path / "u.kmz") as archive:
        assert archive.namelist() == ["doc.kml", "files/relief.jpg"]


def test_nothing_is_fetched_and_no_folder_of_this_machine_is_named(tmp_path):
    write(tmp_path / "u.kml")
    content = (tmp_path / "u.kml").read_text("utf-8")
    assert re.findall(r"https?://[^\"<]*", content) == [K[1:-1], GX[1:-1]]
    assert str(tmp_path) not in content
    assert str(Path.home()) not in content


def test_hostile_ids_become_names_that_xml_allows_and_stay_apart(tmp_path):
    units = make_units()
    units["unit_id"] = ["1 <x>", "1 <y>", "1_<x>"]
    write(tmp_path / "u.kml", units)
    root = root_of(tmp_path / "u.kml")
    marks = folder_named(root, "2 ").findall(f"{K}Placemark")
    ids = [mark.get("id") for mark in marks]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z_][\w.\-]*", found) for found in ids)
    assert data_of(marks[0])["cu_id"] == "1 <x>"
    assert ogc_schema().validate(root)


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("a\x00b\x0bc\x1f\x7f\x9fd", "abcd"),
        ("\ud800lone", "lone"),
        ("\ufffe\uffff\U0001ffff\ufdd0end", "end"),
        ("\u202eevil\u202c\u200b\ufeff", "evil"),
        ("e\u0301", "é"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("نام‌ها", "نام‌ها"),  # the joiner U+200C belongs to the word
        (None, ""),
        (float("nan"), ""),
        (pd.NA, ""),
        (12, "12"),
        ("  tab\tbed  ", "tab bed"),
    ],
)
def test_clean_text(dirty, clean):
    assert clean_text(dirty) == clean


def test_no_letter_that_harms_passes_because_it_can_be_printed():
    """Text that can be printed is not looked through: each letter of Unicode is tried here."""
    letters = [chr(number) for number in range(sys.maxunicode + 1)]
    harmful = [letter for letter in letters if _HARMFUL.match(letter) or _LINE_ENDS.match(letter)]
    assert {"\u202e", "\u200b", "\x1b", "\u2028"} <= set(harmful)
    assert not [letter for letter in harmful if letter.isprintable()]
    assert {clean_text(f"a{letter}b") for letter in harmful} == {"ab", "a\nb"}


@given(st.text())
@settings(deadline=None)
def test_cleaning_twice_is_cleaning_once(text):
    for clean in (clean_text, clean_name, shown, plain_text):
        once = clean(text)
        etree.Element("a").text = once  # lxml refuses what XML forbids
        if clean is not plain_text:
            assert clean(once) == once
    assert "\n" not in clean_name(text)
    assert re.search(r"<[A-Za-z/!?]", shown(text)) is None


def test_xml_ids_from_words():
    assert ncname("CU-007", "1") == "CU-007.1"
    assert ncname("CU-007", "") == "CU-007"
    assert ncname("7 ‹x›") == "_7__x_"


# -- same input, same bytes ------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["kml", "kmz"])
def test_twice_the_same_bytes_in_any_row_order(tmp_path, suffix):
    units, layers, species = make_units(), make_layers(), make_species()
    write(tmp_path / f"a.{suffix}", units, layers=layers, species=species)
    turned = {name: table.iloc[::-1] for name, table in reversed(layers.items())}
    write(
        tmp_path / f"b.{suffix}",
        units.iloc[::-1],
        layers=turned,
        species=species.iloc[::-1],
        cards=make_cards(units).iloc[::-1].set_index("unit_id"),
    )
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_the_hash_seed_changes_nothing(tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import test_kml_write as t; "
        "from pathlib import Path; t.write(Path(sys.argv[2]))"
    )
    made = []
    for seed in ("1", "2"):
        path = tmp_path / f"seed{seed}.kmz"
        subprocess.run(
            [sys.executable, "-c", code, str(Path(__file__).parent), str(path)],
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        )
        made.append(path.read_bytes())
    assert made[0] == made[1]


def test_a_kmz_has_doc_kml_first_one_date_and_one_mode(tmp_path):
    write(tmp_path / "u.kmz")
    with zipfile.ZipFile(tmp_path / "u.kmz") as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == ["doc.kml", "files/relief.jpg"]
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o644}


def test_the_inputs_are_not_changed(tmp_path):
    units, layers = make_units(), make_layers()
    before = units.copy(), {name: table.copy() for name, table in layers.items()}
    write(tmp_path / "u.kml", units, layers=layers)
    pd.testing.assert_frame_equal(units, before[0])
    for name, table in layers.items():
        pd.testing.assert_frame_equal(table, before[1][name])


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "u.kml"
    path.write_bytes(b"old")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write(path)
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


# -- hashes ---------------------------------------------------------------------------------------


def test_a_hash_does_not_see_how_a_polygon_is_spelt():
    ring = [(60, 40), (60.5, 40), (60.5, 40.5), (60, 40.5)]
    square = shapely.Polygon(ring)
    for other in (
        shapely.Polygon(ring[2:] + ring[:2]),
        shapely.Polygon(ring[::-1]),
        shapely.MultiPolygon([square]),
        shapely.Polygon([(x + 1e-7, y - 1e-7) for x, y in ring]),
        shapely.Polygon([(x, y, 5.0) for x, y in ring]),
    ):
        assert kml.geom_hash(other) == kml.geom_hash(square)
    assert kml.geom_hash(shapely.Polygon([(60.0001, 40), *ring[1:]])) != kml.geom_hash(square)
    assert re.fullmatch("[0-9a-f]{16}", kml.geom_hash(square))


def test_parts_and_holes_in_any_order_have_one_hash():
    one, two = box(0, 0, 1, 1), box(2, 0, 3, 1)
    assert kml.geom_hash(shapely.MultiPolygon([one, two])) == kml.geom_hash(
        shapely.MultiPolygon([two, one])
    )


@given(st.integers(0, 10_000), st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_each_edge_of_states_once_is_the_union_of_their_outlines(seed, n):
    """Cells of a lattice dealt to states: shared edges, corners where four meet, islands and lakes."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(6.0), np.arange(5.0))
    cells, state = shapely.box(x, y, x + 1, y + 1).ravel(), rng.integers(-2, n, 30)
    states = [shapely.union_all(cells[state == number]) for number in range(n)]
    outlines = shapely.boundary([one for one in states if not one.is_empty])
    # corners that a union would drop where an edge goes straight on
    outlines = shapely.segmentize(outlines, 1.0)
    once, whole = _evidence._each_edge_once(outlines), shapely.union_all(outlines)
    once, whole = (shapely.normalize(_evidence._merged(lines)) for lines in (once, whole))
    assert shapely.equals_exact(once, whole) or (once.is_empty and whole.is_empty)


def test_a_neck_thinner_than_a_metre_parts_a_polygon_in_two():
    # The notch ends 0.000004° above the base: rounded, it touches it, and the ring is no ring.
    neck = shapely.Polygon([(60, 40), (61, 40), (61, 41), (60.5, 40.000004), (60, 41)])
    written = as_written(neck)
    assert written.is_valid
    assert len(written.geoms) == 2
    assert written.area == pytest.approx(neck.area, abs=1e-5)
    assert as_written(written).equals_exact(written, 0)


def test_a_coast_that_rounding_spoils_is_mended_ring_by_ring(monkeypatch):
    """GEOS would put all of it on the grid again, in seconds, for a notch and a hole too near the shore."""

    def never(*_, **__):
        raise AssertionError("the whole outline was put on the grid")

    monkeypatch.setattr(shapely, "set_precision", never)
    angle = np.linspace(0, 2 * np.pi, 60_000, endpoint=False)
    # a circle of 1°, so that its corners lie ten metres apart, with the neck of the test above
    circle = np.stack([70 + np.cos(angle), 40 + np.sin(angle)], axis=1)
    notch = [(71.0, 39.9995), (70.2, 39.9), (70.0, 39.000004), (69.8, 39.9), (71.0, 39.9998)]
    hole = [(70.000001, 40.99), (70.001, 40.98), (69.999, 40.98)]
    shore = shapely.Polygon([*circle[:-10], *notch], [hole])
    assert shore.is_valid
    assert not shapely.transform(shore, lambda xy: np.round(xy, 5)).is_valid
    written = as_written(shore)
    assert written.is_valid
    assert len(written.geoms) == 2
    assert (shapely.get_coordinates(written) == shapely.get_coordinates(written).round(5)).all()
    assert written.area == pytest.approx(shore.area, abs=1e-4)
    assert as_written(written).equals_exact(written, 0)


@pytest.mark.parametrize("longest", [0.25, 1.0])
def test_shapes_written_all_at_once_are_those_written_one_by_one(longest):
    """Long edges, specks, rings that rounding has cross themselves, and a hundred that have nothing."""
    rng = np.random.default_rng(11)
    ring = rng.uniform(0, 0.3, (100, 3, 2)).round(7)
    shapes = [
        *shapely.polygons(ring),
        *shapely.linestrings(rng.uniform(0, 0.1, (20, 5, 3))),
        shapely.box(0, 0, 3, 2),
        shapely.segmentize(shapely.box(0, 0, 3, 2), 0.07),
        shapely.LineString([(0, 0), (0, 2)]),
        shapely.LineString([(0, 0), (1e-7, 1e-7)]),
        shapely.Polygon([(0, 0), (0.1, 0), (0.1, 0.1), (0.0500001, 0.0000001), (0, 0.1)]),
        shapely.Point(1.123456789, -1e-9),
    ]
    speck = shapely.Polygon([(0, 0), (1e-7, 0), (0, 1e-7)])
    for some in (shapes, [*shapes, speck], []):
        each = [as_written(shape, longest=longest) for shape in some]
        assert [one.wkb for one in all_written(some, longest=longest)] == [one.wkb for one in each]


def test_an_outline_known_to_be_written_is_never_rounded_again():
    """It is itself, object for object, in a file; another one of the same corners has its hash."""
    drawn = [shapely.box(70.1234567, 40, 73, 41), shapely.box(75, 40, 76, 41).buffer(0.1)]
    drawn.append(shapely.union_all(shapely.box([70, 80], 40, [71, 81], 41)))
    for outline, shape in zip(unit_outlines(drawn), drawn, strict=True):
        assert outline.wkb == as_written(shape).wkb
        assert as_written(outline) is outline
        assert len(parts(outline)) > 1 or written_pieces(outline)[0] is outline
        twin = shapely.from_wkb(outline.wkb)
        assert as_written(twin) is not twin
        assert hash_of_written(outline) == hash_of_written(outline) == hash_of_written(twin)
        # evidence has shorter edges than units
        assert as_written(outline, longest=0.25) is not outline


@given(st.integers(3, 30), st.floats(0.01, 8), st.floats(-170, 170), st.floats(-70, 70))
@settings(max_examples=50, deadline=None)
def test_writing_twice_is_writing_once(n, radius, x, y):
    angles = np.linspace(0, 2 * np.pi, n, endpoint=False)
    ring = shapely.Polygon(np.c_[x + radius * np.cos(angles), y + radius * np.sin(angles)])
    once = as_written(ring)
    assert once.is_valid
    assert as_written(once).equals_exact(once, 0)


# -- budgets --------------------------------------------------------------------------------------


def wiggly(x, y, n):
    angles = np.linspace(0, 2 * np.pi, n, endpoint=False)
    radius = 1 + 0.02 * np.sin(angles * n / 4)
    return shapely.Polygon(np.c_[x + radius * np.cos(angles), y + radius * np.sin(angles)])


def test_heavy_evidence_is_simplified_and_said(tmp_path, monkeypatch):
    monkeypatch.setattr(_earth_files, "MAX_VERTICES", 4_000)
    heavy = [wiggly(60 + 3 * i, 40, 3_000) for i in range(4)]  # 12,000 vertices
    layers = {
        "hotspots": frame(
            heavy, hotspot_id=[f"H{i}" for i in range(4)], name_en="heavy", name_ru="т"
        )
    }
    units = make_units()
    problems = write(tmp_path / "u.kmz", units, layers=layers)
    assert [problem.level for problem in problems] == ["counted"]
    assert "evidence was simplified by 0.0" in problems[0].what
    rows, _ = kml.read_kml(tmp_path / "u.kmz")
    assert rows.geometry.count_coordinates().sum() <= 4_000
    kept = rows[rows["folder"].str.contains("hotspots")].geometry
    assert len(kept) == 4
    for old, new in zip(heavy, kept, strict=True):
        assert new.area == pytest.approx(old.area, rel=0.01)
    back = rows[rows["data"].map(lambda data: "cu_id" in data)].geometry
    assert shapely.union_all(back.values).equals(shapely.union_all(units.geometry.values))


def test_too_many_specks_are_left_out_and_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(_earth_files, "MAX_FEATURES", 200)
    places = [(60 + i / 100, 40 + j / 100) for i in range(15) for j in range(20)]
    specks = [box(x, y, x + 0.0005, y + 0.0005) for x, y in places]
    specks = shapely.MultiPolygon([*specks, box(70, 40, 71, 41)])
    layers = {"features": frame([specks], sci_name=["Saiga tatarica"], range_km2=[1.0])}
    (problem,) = write(tmp_path / "u.kml", layers=layers)
    assert "parts smaller than that were left out: 300 of ranges" in problem.what


def test_the_finest_evidence_that_fits_is_found_by_halves(monkeypatch):
    """Eight tolerances between the finest and the coarsest: of a weight that falls, four are weighed."""
    _, *others, coarsest = _earth_files._TOLERANCES
    monkeypatch.setattr(_earth_files, "MAX_VERTICES", 0)
    monkeypatch.setattr(_earth_files, "_n_features", lambda _: 0)
    for fitting in range(len(others) + 1):
        fits = {*others[fitting:], coarsest}
        monkeypatch.setattr(_earth_files, "_n_vertices", lambda at, fits=fits: at not in fits)
        drawn: list[float] = []
        light = _earth_files._light_enough(lambda at, drawn=drawn: drawn.append(at) or at, {})
        assert [at for at, _ in light] == [*others[fitting:], coarsest]
        assert len(set(drawn)) <= 2 + 4 + len(others[fitting:])


def test_sections_simplified_together_keep_no_gap(tmp_path, monkeypatch):
    monkeypatch.setattr(_earth_files, "MAX_VERTICES", 4_000)
    # Two sections share a wiggly edge; a heavy layer beside them forces the simplification.
    edge = [(63 + 0.05 * math.sin(y * 40), 38 + y) for y in np.linspace(0, 6, 2000)]
    west = shapely.Polygon([(55, 38), *edge, (55, 44)])
    east = shapely.Polygon([(71, 38), *edge, (71, 44)])
    heavy = [wiggly(60 + 3 * i, 40, 3_000) for i in range(4)]
    layers = {
        "sections": frame([west, east], section_id=["S1", "S2"], name_en="s", name_ru="с"),
        "hotspots": frame(heavy, hotspot_id=list("abcd"), name_en="h", name_ru="х"),
    }
    (problem,) = write(tmp_path / "u.kml", layers=layers)
    assert "simplified" in problem.what
    rows, _ = kml.read_kml(tmp_path / "u.kml")
    one, two = rows[rows["folder"] == "1 Sections"].geometry
    assert one.intersection(two).area < 1e-4
    assert shapely.union(one, two).area == pytest.approx(box(55, 38, 71, 44).area, rel=1e-5)


def test_units_too_heavy_to_edit_are_named_never_changed(tmp_path):
    blob = wiggly(60, 40, 400)
    problems = write(tmp_path / "u.kml", make_units(("Blob",), (blob,)), layers={})
    assert any("1 unit has more than 150 vertices" in problem.what for problem in problems)
    assert "CU-001 Blob" in problems[0].where


# -- awkward tables, and refusals ------------------------------------------------------------------


def test_no_units_and_no_layers_is_still_a_file(tmp_path):
    empty = make_units().iloc[:0]
    write(tmp_path / "u.kml", empty, cards=make_cards(make_units()), layers={}, species=None)
    assert ogc_schema().validate(root_of(tmp_path / "u.kml"))
    rows, _ = kml.read_kml(tmp_path / "u.kml")
    assert list(rows["name"]) == ["Legend"]


def test_empty_layers_are_left_out(tmp_path):
    layers = {name: table.iloc[:0] for name, table in make_layers().items()}
    write(tmp_path / "u.kml", layers=layers)
    assert ogc_schema().validate(root_of(tmp_path / "u.kml"))


def test_protected_areas_may_be_points(tmp_path):
    layers = {"protected_areas": frame([Point(60, 40)], pa_id=["P"], name=["n"], iso2=["KZ"])}
    write(tmp_path / "u.kml", layers=layers)
    rows, _ = kml.read_kml(tmp_path / "u.kml")
    assert list(rows.loc[rows["folder"].str.contains("Protected"), "kind"]) == ["point"]


def test_faults_of_the_call_come_in_one_message(tmp_path):
    units = make_units()
    with pytest.raises(model.InputError, match=r"must end in \.kml or \.kmz, 'u\.txt'.*") as error:
        kml.write_kml(
            tmp_path / "u.txt",
            units,
            cards=make_cards(units),
            imprint=IMPRINT,
            profile="earth-por",
            lang="fr",
            layers={"hotspot": units},
        )
    for part in (
        "profile 'earth-por' is unknown: earth-pro or earth-web. Did you mean 'earth-pro'?",
        "language 'fr' is unknown",
        "layer 'hotspot' is unknown. Did you mean 'hotspots'?",
    ):
        assert part in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_units_in_metres_are_refused(tmp_path):
    with pytest.raises(model.InputError, match=r"conservation_units.*its CRS is"):
        write(tmp_path / "u.kml", make_units().to_crs(model.EQUAL_AREA))


def test_layers_in_metres_are_refused(tmp_path):
    layers = {"hotspots": make_layers()["hotspots"].to_crs(model.EQUAL_AREA)}
    with pytest.raises(model.InputError, match=r"hotspots.*its CRS is"):
        write(tmp_path / "u.kml", layers=layers)


def test_a_unit_without_a_card_is_named(tmp_path):
    with pytest.raises(model.InputError, match=r"1 of 3 units have no card: CU-003"):
        write(tmp_path / "u.kml", cards=make_cards(make_units()).iloc[:2])


def test_a_card_without_a_field_is_named(tmp_path):
    cards = make_cards(make_units()).drop(columns="area")
    with pytest.raises(model.InputError, match="The cards have no column area"):
        write(tmp_path / "u.kml", cards=cards)


# -- the ground without a network -----------------------------------------------------------------


def test_great_rivers_and_lakes_travel_in_every_profile(tmp_path):
    """The toy units lie by the Aral Sea and the Amu Darya: both are in the file, as lines."""
    for profile in ("earth-pro", "earth-web"):
        write(tmp_path / f"{profile}.kml", profile=profile)
        root = root_of(tmp_path / f"{profile}.kml")
        waters = [one for one in root.iter(f"{K}Placemark") if data_of(one).get("layer") == "water"]
        assert waters
        assert all(one.find(f".//{K}Polygon") is None for one in waters)


def test_relief_lies_on_the_ground_of_the_pro_profile_alone_and_is_off(tmp_path):
    write(tmp_path / "pro.kmz")
    write(tmp_path / "web.kmz", profile="earth-web")
    (overlay,) = root_of(tmp_path / "pro.kmz").iter(f"{K}GroundOverlay")
    assert overlay.findtext(f"{K}visibility") == "0"
    west, east = (float(overlay.findtext(f".//{K}{side}")) for side in ("west", "east"))
    assert west < make_units().total_bounds[0] < make_units().total_bounds[2] < east
    place = overlay.findtext(f".//{K}href")
    with zipfile.ZipFile(tmp_path / "pro.kmz") as archive:
        picture = archive.read(place)
    assert picture.startswith(b"\xff\xd8")
    assert len(picture) < 150_000
    assert not list(root_of(tmp_path / "web.kmz").iter(f"{K}GroundOverlay"))
    # it comes back with a whole pack, and is no picture that a group laid there
    _, problems = kml.read_kml(tmp_path / "pro.kmz")
    assert not [problem for problem in problems if "GroundOverlay" in str(problem)]


def test_heavy_evidence_has_levels_of_detail_in_the_pro_profile_and_units_never(tmp_path):
    layers = make_layers()
    areas = layers["protected_areas"]
    many = pd.concat([areas] * 101, ignore_index=True)
    many["pa_id"] = [f"PA{number:03}" for number in range(len(many))]
    for profile, expected in (("earth-pro", len(many)), ("earth-web", 0)):
        path = tmp_path / f"{profile}.kml"
        write(path, profile=profile, layers=layers | {"protected_areas": many})
        root = root_of(path)
        near = [one for one in root.iter(f"{K}Placemark") if one.find(f"{K}Region") is not None]
        drawn = [one for one in near if data_of(one)["layer"] == "protected_areas"]
        assert len(drawn) >= expected
        assert bool(near) == bool(expected)
        assert not any("cu_id" in data_of(one) for one in near)
        if profile == "earth-pro":
            ogc_schema().assertValid(root)


def test_figures_of_a_row_are_plain_numbers(tmp_path):
    units = make_units().assign(area_km2=[12345.6, None, 7.0], score=[0.5, 0.25, None])
    write(tmp_path / "u.kml", units)
    data = data_of_units(tmp_path / "u.kml")
    assert (data["CU-001"]["area_km2"], data["CU-001"]["score"]) == ("12346", "0.500")
    assert "area_km2" not in data["CU-002"]
    assert float(data["CU-002"]["score"]) == 0.25


FIGURES = [
    "part",
    "area_km2",
    "unit_rank",
    "score",
    "n_countries",
    "n_species",
    "protected_percent",
    "barriers_percent",
    "confidence",
    "share_qualifying_percent",
    "runs",
    "context_conflict",
    "context_conflict_covered_percent",
    "context_cattle_2020",
]
"""The data of a unit that are figures."""


def data_of_units(path):
    """The data of each unit in a file, by its id."""
    every = [data_of(mark) for mark in root_of(path).iter(f"{K}Placemark")]
    return {data["cu_id"]: data for data in every if "cu_id" in data}


def balloons(path):
    """What Earth shows of each unit: its template with the data put in, as the schema says."""
    root = root_of(path)
    styles = {style.get("id"): style for style in root.iter(f"{K}Style", f"{K}StyleMap")}
    told = {}
    for mark in root.iter(f"{K}Placemark"):
        data = data_of(mark)
        if "cu_id" not in data:
            continue
        style = styles[mark.findtext(f"{K}styleUrl")[1:]]
        if style.tag == f"{K}StyleMap":
            style = styles[style.findtext(f"{K}Pair/{K}styleUrl")[1:]]
        titles = {
            f"{one.get('name')}/displayName": one.findtext(f"{K}displayName") or ""
            for one in mark.iter(f"{K}Data")
        }
        values = data | titles | {"name": mark.findtext(f"{K}name"), "description": ""}
        template = style.findtext(f"{K}BalloonStyle/{K}text")
        told[data["cu_id"]] = re.sub(r"\$\[([^]]+)\]", partial(_value, values), template)
    return told


def _value(values, found):
    return values[found[1]]


def real_tables():
    """Three units of which each lacks something: a rank of its own, a shared border, all evidence."""
    units = make_units().assign(
        origin=["confirms", "new", "new"],
        hotspot_ids=["H01", "", ""],
        rank=[1.0, 1.0, None],
        rank_label=["1=", "1=", ""],
        tier=["very high", "high", ""],
        score=[0.7034, 0.7034, None],
        area_km2=[1234567.4, 7.0, None],
        countries=["KZ;UZ", "KZ", ""],
        n_countries=[2, 1, 0],
        disputed=[False, True, False],
        species=["Saiga tatarica;Ovis ammon", "Ovis ammon", ""],
        confidence=[0.667, 0.5, None],
    )
    found = [
        ("CU-001", "C6", True, 82.6),
        ("CU-001", "C7", False, 33.8),
        ("CU-002", "C6", None, None),
        ("CU-002", "C7", True, 0.2),
    ]
    measured = [
        ("CU-001", "conflict", 1234.4, "%", 0.5),
        ("CU-001", "cattle-2020", 3.21, "mean", 1.0),
        ("CU-002", "conflict", 4.0, "%", 1.0),
        ("CU-002", "cattle-2020", None, "mean", 1.0),
    ]
    return {
        "conservation_units": units,
        "unit_criteria": pd.DataFrame(found, columns=["unit_id", "criterion", "met", "value"]),
        "unit_species": pd.DataFrame(
            [
                ("CU-001", "Panthera uncia", "occurs", 1.5),
                ("CU-003", "Ovis ammon", "supporting", 2),
            ],
            columns=["unit_id", "sci_name", "role", "range_share"],
        ),
        "sensitivity": pd.DataFrame(
            [("CU-001", "robust", 0.92, 1000, "cell size"), ("CU-002", "fragile", 0.5, 1000, "")],
            columns=["unit_id", "label", "share_qualifying", "runs", "flips"],
        ),
        "unit_context": pd.DataFrame(
            measured, columns=["unit_id", "layer", "value", "unit", "covered_share"]
        ),
    }


SPECIES = pd.DataFrame(
    {
        "sci_name": ["Saiga tatarica", "Ovis ammon", "Panthera uncia"],
        "name_en": ["Saiga", "Argali", "Snow leopard"],
        "name_ru": ["Сайгак", "Архар", "Снежный барс"],
    }
)


@pytest.mark.parametrize("profile", ["earth-pro", "earth-web"])
@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_figures_are_numbers_in_the_data_and_their_words_stand_in_the_template(
    tmp_path, lang, profile
):
    tables = real_tables()
    cards = unit_cards(tables, SPECIES, lang=lang)
    units = tables["conservation_units"]
    write(tmp_path / "u.kml", units, cards=cards, lang=lang, profile=profile)
    data = data_of_units(tmp_path / "u.kml")
    assert set(FIGURES) <= set(data["CU-001"])
    plain = re.compile(r"\d+(\.\d+)?")
    for one in data.values():
        for key, value in one.items():
            if key in FIGURES:
                assert plain.fullmatch(value), (key, value)
            # and no figure hides among words; whose parts and numbers of rounds are names
            elif key not in (
                "takes",
                "also_present",
                "geom_hash",
                "cu_id",
                "round",
                "rev",
                "criteria",
            ):
                assert not re.search(r"\d[\d\s.,]*\s(km|км|%)", value), (key, value)
    # by hand: 1,234,567.4 km², 82.6 %, 33.8 %, 0.667, 92 % of 1,000 runs, half of it covered
    first = data["CU-001"]
    assert list(first)[:5] == ["cu_id", "part", "rev", "geom_hash", "round"]
    assert [first[key] for key in FIGURES[1:]] == (
        ["1234567", "1", "0.703", "2", "2", "34", "83", "0.67", "92", "1000", "1234", "50", "3.2"]
    )
    # what a unit lacks is told in words, and has no figure
    assert data["CU-002"]["species"] == words.name_in(SPECIES.iloc[1], lang)
    assert not {"barriers_percent", "context_cattle_2020"} & set(data["CU-002"])
    assert not {"area_km2", "score", "unit_rank", "confidence", "runs"} & set(data["CU-003"])


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_a_balloon_says_what_the_card_says_but_for_the_signs_in_its_numbers(tmp_path, lang):
    tables = real_tables()
    cards = unit_cards(tables, SPECIES, lang=lang).set_index("unit_id")
    write(tmp_path / "u.kml", tables["conservation_units"], cards=cards, lang=lang)
    signs = {
        words.text("thousands separator", lang) if lang != "en" else ",": "",
        words.text("decimal separator", lang) if lang != "en" else ".": ".",
    }

    def without_signs(said):
        # a sign between two digits is the number's own: a comma in a list is left alone
        for sign, written in signs.items():
            said = re.sub(rf"(?<=\d){re.escape(sign)}(?=\d)", written, said)
        return said

    comma = words.text("between parts", lang)
    for unit_id, balloon in balloons(tmp_path / "u.kml").items():
        assert "$[" not in balloon
        assert len(balloon.split("<br/>")) <= 12
        for field in CARD_FIELDS:
            said = cards.loc[unit_id, field]
            if said or field not in OPTIONAL_FIELDS:
                assert without_signs(said) in without_signs(balloon), (unit_id, field)
                label = field_label(cards.loc[unit_id], field, lang)
                if field == "states" and said:
                    label = words.with_aside(label, len(said.split(comma)), lang)
                assert words.with_label(label, "", lang) in balloon


def test_a_context_layer_with_a_hostile_name_puts_no_tag_into_a_template(tmp_path):
    tables = real_tables()
    tables["unit_context"]["layer"] = "<img src=x onerror=alert(1)> $[how_to]"
    cards = unit_cards(tables, SPECIES)
    assert "$ [how" in cards.loc[0, "context"]
    write(tmp_path / "u.kml", tables["conservation_units"], cards=cards)
    assert "<img" not in "".join(balloons(tmp_path / "u.kml").values())
    assert all(key.isascii() for data in data_of_units(tmp_path / "u.kml").values() for key in data)


# -- seasons --------------------------------------------------------------------------------------


def seasonal_layers():
    """A corridor in two seasons, one over the turn of the year, and parts of a range with months."""
    layers = make_layers()
    lines = [LineString([(60, 40), (64, 41)]), LineString([(61, 40), (64, 42)])]
    layers["corridors"] = frame(
        [*lines, lines[0]],
        corridor_id=["L01", "L02", "L03"],
        name="n",
        sci_name="Saiga tatarica",
        evidence_grade="A",
        months=["3-4;11-12", "11-2", ""],
    )
    names = ["Saiga tatarica"] * 3 + ["Ursus arctos gobiensis"]
    layers["ranges"] = frame(
        [
            box(58, 39, 60, 40),
            box(60, 39, 61, 40),
            box(61, 39, 62, 40),
            box(60.03, 39, 60.04, 39.01),
        ],
        range_id=["SAI-001", "SAI-002", "SAI-003", "GOB-001"],
        sci_name=names,
        presence=1,
        origin=1,
        seasonal=[2, 3, 1, 2],
        confidence="high",
        source="own",
        months=["4-6", "10-3", "", "4-6"],
    )
    return layers


def days_of(path):
    """First and last day of each placemark with a time, by its id."""
    return {
        mark.get("id"): tuple(mark.findtext(f"{K}TimeSpan/{K}{end}") for end in ("begin", "end"))
        for mark in root_of(path).iter(f"{K}Placemark")
        if mark.find(f"{K}TimeSpan") is not None
    }


def test_what_has_months_is_drawn_in_its_season_in_the_year_of_the_map(tmp_path):
    write(tmp_path / "u.kml", layers=seasonal_layers())
    # by hand: the map is of 2026; winter ends in 2027, whose February has 28 days
    assert days_of(tmp_path / "u.kml") == {
        "corridors.L01.m3": ("2026-03-01", "2026-04-30"),
        "corridors.L01.m11": ("2026-11-01", "2026-12-31"),
        "corridors.L02.m11": ("2026-11-01", "2027-02-28"),
        "ranges.SAI-001.m4": ("2026-04-01", "2026-06-30"),
        "ranges.SAI-002.m10": ("2026-10-01", "2027-03-31"),
    }
    root = root_of(tmp_path / "u.kml")
    ogc_schema().assertValid(root)
    # what is edited has no time: it must never vanish; and of a sensitive species no part is told
    timed = [mark for mark in root.iter(f"{K}Placemark") if mark.find(f"{K}TimeSpan") is not None]
    assert {data_of(mark)["layer"] for mark in timed} == {"corridors", "ranges"}
    assert "GOB-001" not in etree.tostring(root).decode()
    titles = {mark.findtext(f"{K}name") for mark in folder_named(root, "Seasons")}
    assert {
        "SAI Saiga antelope: breeding season (months 4-6)",
        "SAI Saiga antelope: non-breeding season (months 10-3)",
    } <= titles
    report = kml.lint_kml(tmp_path / "u.kml")
    assert report[report["level"] == "error"].empty


def test_earth_on_the_web_has_seasons_by_name_and_no_times(tmp_path):
    write(tmp_path / "w.kml", layers=seasonal_layers(), profile="earth-web")
    assert days_of(tmp_path / "w.kml") == {}
    assert folder_named(root_of(tmp_path / "w.kml"), "Seasons") is not None
    report = kml.lint_kml(tmp_path / "w.kml", profile="earth-web")
    assert report[report["level"] == "error"].empty


def test_a_map_without_a_date_and_months_that_cannot_be_read_have_no_times(tmp_path):
    layers = seasonal_layers()
    write(tmp_path / "u.kml", layers=layers, imprint=replace(IMPRINT, date=""))
    assert days_of(tmp_path / "u.kml") == {}
    layers["corridors"]["months"] = ["spring", "13", None]
    write(tmp_path / "u.kml", layers=layers)
    assert not any(key.startswith("corridors") for key in days_of(tmp_path / "u.kml"))


# -- evidence, kept by layer -----------------------------------------------------------------------


class Kept:
    """A place where pieces are kept by kind and content, and the kinds of those that were drawn."""

    def __init__(self):
        self.pieces, self.drawn = {}, []

    def __call__(self, kind, content, make):
        key = kind, tuple(content)
        if key not in self.pieces:
            self.pieces[key] = make()
            self.drawn.append(kind)
        return self.pieces[key]


def both_files(folder, layers, keeper=None):
    """Both KMZ of a round with these layers: the parts of their text, and their bytes."""
    folder.mkdir()
    units = make_units()
    with drawn_pieces.keeping(keeper):
        writers = kml.earth_writers(
            units,
            cards=make_cards(units),
            imprint=IMPRINT,
            layers=layers,
            species=make_species(),
            legend=lambda signs: b"",
        )
        for profile, write_one in writers.items():
            write_one(folder / f"{profile}.kmz")
    return [path.read_bytes() for path in sorted(folder.iterdir())]


def later(layers, **changed):
    """Layers that are known by stamps: all by their names and what is said of each."""
    by_layer = {
        name: f"{name} {changed.get(name, '')}".encode()
        for name in (*model.ROUND_LAYERS, "ranges", "remarks")
    }
    stamp = b"".join(by_layer.values())
    return scene.LaterLayers(stamp, lambda: layers, by_layer=by_layer)


def test_of_a_changed_layer_alone_evidence_is_drawn_anew(tmp_path):
    """Other criteria change what is said of hotspots: no range, area or border is drawn again."""
    layers, keeper = make_layers(), Kept()
    other_layers = {**layers, "hotspots": layers["hotspots"].assign(reason="too small")}
    first = both_files(tmp_path / "first", later(layers), keeper)
    drawn = len([kind for kind in keeper.drawn if kind.startswith("earth-")])
    keeper.drawn.clear()
    second = both_files(tmp_path / "second", later(other_layers, hotspots="others"), keeper)
    again = [kind for kind in keeper.drawn if kind.startswith("earth-")]
    # the legend and what a plan brings may hang on all layers; beside them the hotspots alone
    assert len(set(again)) == 3
    # once for each kind of Google Earth, the legend for both
    assert len(again) == 5
    assert drawn > 20
    assert first != second

    # what is put together of kept parts is, to the byte, what is drawn of nothing
    nothing_known = scene.LaterLayers(b"", lambda: other_layers)
    assert both_files(tmp_path / "third", nothing_known) == second


def test_an_id_that_two_layers_want_is_given_once_whatever_was_kept(tmp_path):
    """Two layers give one id: their parts do not fit together as they were kept, and all is written anew."""
    layers = make_layers()
    named = {**layers, "gazetteer": layers["gazetteer"].assign(name_en=["Same", "Same "])}
    named["gazetteer"]["extent_km"] = [200, 10]
    keeper = Kept()
    files = [both_files(tmp_path / name, later(named), keeper) for name in ("first", "second")]
    assert (
        files[0]
        == files[1]
        == both_files(tmp_path / "third", scene.LaterLayers(b"", lambda: named))
    )
    for content in files[0]:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            ids = re.findall(rb' id="([^"]+)"', archive.read("doc.kml"))
        assert len(ids) == len(set(ids))
