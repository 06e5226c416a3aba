"""Styles for QGIS: what is in the table, that a GeoPackage carries it, and that rounds do without."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import textwrap
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
from PIL import Image

from cami_units import palette, qgis, store, words
from cami_units.model import EQUAL_AREA, RECORDS, TABLES, Imprint, Round
from tests.rounds import toy_round

SPATIAL = sorted(name for name, table in TABLES.items() if table.geometry)
# what `sensitivity`, `fences`, `collect` and `propose` add to a round: with shapes, and without
ADDED = ["border_pairs", "crossings", "earlier_units", "fences", "nearest_ground", "set_aside"]
ADDED_TABLES = [
    *("complementarity", "complementarity_curve", "complementarity_targets", "coverage"),
    *("fence_species", "questions", "restoration", "sensitivity", "sensitivity_factors"),
    *("unit_presence", "unit_rationale", "what_it_takes"),
]


def table():
    return qgis.layer_styles([*SPATIAL, *ADDED, "ranges_used", "species"], day="2026-11-22")


def test_every_layer_of_a_round_has_one_default_style_and_tables_have_none():
    styles = table()
    # context layers are called as the plan calls them, and hold any kind of shape: QGIS's own look;
    # records of single animals are kept to be measured on, and are in nothing that is shown
    own = set(SPATIAL) - {"ranges", "context", *RECORDS}
    assert set(styles["f_table_name"]) == own | {"ranges_used", *ADDED}
    assert styles["f_table_name"].is_unique
    assert styles["useAsDefault"].all()
    assert set(styles["f_geometry_column"]) == {"geom"}
    # QGIS asks for f_table_schema = '': a null would never be found
    assert set(styles["f_table_schema"]) == {""}


@pytest.mark.parametrize("name", table()["f_table_name"])
def test_each_style_is_one_renderer_whose_classes_all_have_their_symbol(name):
    qml = table().set_index("f_table_name").at[name, "styleQML"]
    root = ET.fromstring(qml.split("\n", 1)[1])
    assert root.tag == "qgis"
    (renderer,) = root.findall("renderer-v2")
    symbols = [symbol.get("name") for symbol in renderer.iter("symbol")]
    wanted = [one.get("symbol") for one in renderer.iter() if one.tag in ("category", "rule")]
    assert symbols == (wanted or ["0"])
    for option in renderer.iter("Option"):
        if str(option.get("name")).endswith("color"):
            assert all(0 <= int(part) <= 255 for part in option.get("value").split(","))


def options(root, name):
    return [one.get("value") for one in root.iter("Option") if one.get("name") == name]


def test_units_have_the_colours_of_their_status_above_a_bright_casing():
    styles = table().set_index("f_table_name")["styleQML"]
    units = ET.fromstring(styles["conservation_units"].split("\n", 1)[1])
    shown = [category.get("value") for category in units.iter("category")]
    assert shown == list(palette.STATUS)
    assert "rejected" not in shown
    own = [",".join(map(str, bytes.fromhex(one[1:]))) + ",255" for one in palette.STATUS.values()]
    assert options(units, "line_color") == [
        line for colour in own for line in ("255,255,255,255", colour)
    ]


def test_every_score_has_one_class_nought_is_clear_and_what_is_not_assessed_has_its_own_colour():
    styles = table().set_index("f_table_name")["styleQML"]
    cells = ET.fromstring(styles["planning_units"].split("\n", 1)[1])
    rules = {
        rule.get("filter"): rule.get("symbol") for rule in cells.iter("rule") if rule.get("filter")
    }
    cases = pd.DataFrame({"score": [None, 0.0, 1e-9, 0.2, 0.2000001, 0.5, 1.0]})
    with sqlite3.connect(":memory:") as connection:
        cases.to_sql("cells", connection)
        caught = [
            connection.execute(f'SELECT "index" FROM cells WHERE {rule}').fetchall()
            for rule in rules
        ]
    connection.close()
    assert sorted(row for (row, *_) in (x for rows in caught for x in rows)) == list(
        range(len(cases))
    )
    fills = {
        symbol.get("name"): options(symbol, "color")[0].split(",")
        for symbol in cells.iter("symbol")
    }
    assert fills[rules['"score" = 0']][3] == "0"
    grey = fills[rules['"score" IS NULL']]
    assert grey[:3] == [str(part) for part in bytes.fromhex(palette.VERDICTS["unknown"][1:])]
    assert int(grey[3]) > 0
    assert len({tuple(fill) for fill in fills.values()}) == len(fills)


def test_species_have_the_colour_of_their_place_in_the_table():
    styles = qgis.layer_styles(
        ["features"], day="2026-11-22", species=["Saiga tatarica", "Equus kiang"]
    )
    root = ET.fromstring(styles["styleQML"].iloc[0].split("\n", 1)[1])
    assert [one.get("value") for one in root.iter("category")] == ["Equus kiang", "Saiga tatarica"]
    lines = [palette.species_look(place).line for place in (0, 1)]
    assert options(root, "line_color") == [
        ",".join(map(str, bytes.fromhex(line[1:]))) + ",255" for line in lines
    ]


def small_round():
    empty = {name: pd.DataFrame(columns=list(TABLES[name].columns)) for name in store.UNIT_TABLES}
    units = {column: [""] for column in TABLES["conservation_units"].columns}
    units |= {"unit_id": ["CU-001"], "status": ["modelled candidate"], "disputed": [False]}
    units |= {name: [1] for name in ("rank", "n_countries", "n_species")}
    units |= {name: [1.0] for name in ("score", "area_km2", "confidence")}
    empty["conservation_units"] = gpd.GeoDataFrame(
        units, geometry=[shapely.box(60, 44, 61, 45)], crs="EPSG:4326"
    )
    return Round(Imprint("T", "2026-11-22", "Round 00", "p"), empty, {"version": "0"})


def test_the_geopackage_carries_the_table_under_the_name_qgis_looks_for(tmp_path):
    store.write_round(small_round(), tmp_path / "one")
    store.write_round(small_round(), tmp_path / "two")
    one, two = (tmp_path / name / store.GEOPACKAGE for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    assert qgis.TABLE in [name for name, _ in pyogrio.list_layers(one)]
    with sqlite3.connect(one) as connection:
        rows = connection.execute(
            "SELECT f_table_name, useAsDefault, update_time FROM layer_styles "
            "WHERE f_table_schema = '' AND f_geometry_column = 'geom'"
        ).fetchall()
        listed = connection.execute(
            "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = 'conservation_units'"
        ).fetchall()
    connection.close()
    assert rows == [("conservation_units", 1, "2026-11-22T00:00:00.000Z")] or (
        rows[0][:2] == ("conservation_units", 1) and rows[0][2].startswith("2026-11-22")
    )
    assert listed == [("geom",)]


def test_a_round_that_is_read_again_has_no_such_table(tmp_path):
    store.write_round(small_round(), tmp_path / "one")
    assert qgis.TABLE not in store.read_round(tmp_path / "one").tables


def project_of(round_, lang="en"):
    text = qgis.project(
        qgis.contents(round_.tables),
        geopackage=store.GEOPACKAGE,
        imprint=round_.imprint,
        crs="+proj=laea +lat_0=44 +lon_0=60 +datum=WGS84",
        lang=lang,
    )
    return qgis.in_view(text, (0, 0, 100_000, 80_000))


def test_the_frame_stands_in_three_places_and_in_no_title():
    """A title that reads like the place for a number stays."""
    one = small_round()
    one = replace(one, imprint=replace(one.imprint, title="From [xmin] to [ymax]"))
    root = ET.fromstring(project_of(one).split("\n", 1)[1])
    frame = {"xmin": "0", "ymin": "0", "xmax": "100000", "ymax": "80000"}
    extent = root.find("mapcanvas/extent")
    assert {side.tag: side.text for side in extent} == frame
    assert [dict(view.attrib) for view in root.find("ProjectViewSettings")] == [frame, frame]
    assert root.findtext("title").startswith("From [xmin] to [ymax] · ")


def test_a_disclaimer_with_what_no_xml_holds_leaves_the_project_whole():
    """Two characters out of a PDF: the page of a unit is filled in beside the template."""
    one = small_round()
    stray = replace(one, imprint=replace(one.imprint, disclaimer="a\ufffe\x0bb"))
    texts = [item.get("labelText") for item in ET.fromstring(project_of(stray)).iter("LayoutItem")]
    assert any((text or "").endswith("ab") for text in texts)


def test_the_project_hangs_on_the_tables_and_not_on_their_rows():
    """Other figures, the same project: of all rows only species, findings and kinds of shapes count."""
    tables = dict(toy_round().tables)
    before = qgis.contents(tables)
    units = tables["conservation_units"]
    tables["conservation_units"] = units.assign(score=units["score"] + 1, status="rejected")
    assert qgis.contents(tables) == before
    tables["conservation_units"] = units.assign(note="")
    assert qgis.contents(tables) != before
    tables["conservation_units"] = units.set_geometry(units.representative_point())
    assert qgis.contents(tables).kinds["conservation_units"] == "Point"


def test_the_project_names_every_table_by_a_relative_path_and_each_thing_that_hangs_on_a_unit():
    text = project_of(small_round(), "ru")
    assert text == project_of(small_round(), "ru")
    root = ET.fromstring(text.split("\n", 1)[1])
    layers = {one.findtext("id"): one for one in root.iter("maplayer")}
    assert all(len(id_) >= 10 for id_ in layers)  # QGIS gives shorter ids up
    sources = {one.findtext("datasource") for one in layers.values()}
    assert sources == {f"./{store.GEOPACKAGE}|layername={name}" for name in small_round().tables}
    leaves = [one.get("id") for one in root.iter("layer-tree-layer")]
    assert sorted(leaves) == sorted(layers)
    for relation in root.iter("relation"):
        assert {relation.get("referencedLayer"), relation.get("referencingLayer")} <= set(layers)
    children = {one.get("referencingLayer") for one in root.iter("relation")}
    assert {"layer_unit_criteria", "layer_unit_species", "layer_unit_countries"} <= children
    names = {
        one.get("field"): one.get("name")
        for one in layers["layer_conservation_units"].iter("alias")
    }
    assert names["status"] == words.text("column status", "ru")
    assert root.find(".//Atlas").get("coverageLayer") == "layer_conservation_units"


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_every_table_is_called_in_the_tree_by_words_and_not_as_in_the_file(lang):
    names = {*TABLES, *ADDED, *ADDED_TABLES, "borders", "ranges_used"} - {"ranges", "context"}
    given = qgis.Contents(
        columns={name: ["unit_id"] for name in names},
        kinds=dict.fromkeys(names & {*SPATIAL, *ADDED}, "Polygon"),
        species=[],
        findings=[],
    )
    imprint, place = Imprint("T", "2026-11-22", "Round 00", "p"), "round.gpkg"
    text = qgis.project(given, geopackage=place, imprint=imprint, lang=lang, crs=EQUAL_AREA)
    root = ET.fromstring(text.split("\n", 1)[1])
    titles = {layer.get("name") for layer in root.iter("layer-tree-layer")}
    called_as_in_the_file = {name for name in names if {name, name.replace("_", " ")} & titles}
    assert called_as_in_the_file == set()


def test_a_page_marks_a_need_as_every_other_product_does():
    """C6 and C7 met are no merit: a filled ring, not a tick."""
    root = ET.fromstring(project_of(small_round()).split("\n", 1)[1])
    [text] = [
        one.get("labelText") for one in root.iter("LayoutItem") if one.get("id") == "criteria"
    ]
    needs, others = text.partition("IN ('C6', 'C7') THEN")[2].split(" ELSE CASE ", 1)
    assert ("●" in needs, "○" in needs, "✓" in needs) == (True, True, False)
    assert ("✓" in others, "✗" in others, "●" in others) == (True, True, False)


def test_a_name_that_looks_like_markup_is_text_in_the_tip():
    root = ET.fromstring(project_of(small_round()).split("\n", 1)[1])
    tip = next(
        one.findtext("mapTip")
        for one in root.iter("maplayer")
        if one.findtext("id") == "layer_conservation_units"
    )
    assert tip.count("replace(") == tip.count("[%")


def test_nothing_typed_into_a_plan_or_called_by_a_file_is_an_expression():
    """QGIS reckons what stands in "[% %]" of a label; a column is quoted with its quotes doubled."""
    small = small_round()
    small = replace(
        small, imprint=replace(small.imprint, title="[% 7*7 %]", disclaimer="[% 8*8 %]")
    )
    root = ET.fromstring(project_of(small).split("\n", 1)[1])
    [foot] = [one.get("labelText") for one in root.iter("LayoutItem") if one.get("id") == "imprint"]
    assert ("[ % 7*7 %]" in foot, "[ % 8*8 %]" in foot, "[%" in foot) == (True, True, False)
    assert qgis._preview(['a"b'], qgis._Language("en")) == '"a""b"'


def in_qgis(code: str, folder: Path) -> str:
    """What QGIS's own Python prints without a screen; skipped, aloud, where QGIS is not."""
    if not Path("/usr/lib/python3/dist-packages/qgis").is_dir():
        pytest.skip("QGIS is not installed: not tried here")
    begin = "from qgis.core import *\napp = QgsApplication([], False); app.initQgis()\n"
    here = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    passed = {name: os.environ[name] for name in ("PGPASSFILE",) if name in os.environ}
    ran = subprocess.run(
        ["/usr/bin/python3", "-c", begin + textwrap.dedent(code)],
        cwd=folder,
        env=here | passed,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "may only be partially supported" not in ran.stderr
    return ran.stdout


def test_qgis_opens_the_project_without_a_word(tmp_path):
    one = small_round()
    store.write_round(one, tmp_path / "round")
    (tmp_path / "round" / "conservation_units.qgs").write_text(project_of(one), encoding="utf-8")
    in_qgis(
        """
        project = QgsProject.instance()
        assert project.read('conservation_units.qgs')
        assert all(layer.isValid() for layer in project.mapLayers().values())
        assert project.crs().isValid() and 'laea' in project.crs().toProj()
        assert all(r.isValid() for r in project.relationManager().relations().values())
        atlas = project.layoutManager().printLayouts()[0].atlas(); atlas.updateFeatures()
        assert atlas.count() == 1
        """,
        tmp_path / "round",
    )


def of_toy(folder: Path):
    """A round with tables in every relation, and its project."""
    one = toy_round()
    store.write_round(one, folder / "round")
    frame = one.tables["conservation_units"].to_crs(EQUAL_AREA).total_bounds
    text = qgis.project(
        qgis.contents(one.tables),
        geopackage=store.GEOPACKAGE,
        imprint=one.imprint,
        crs=EQUAL_AREA,
        lang="ru",
    )
    (folder / "round" / "conservation_units.qgs").write_text(
        qgis.in_view(text, frame), encoding="utf-8"
    )
    return one


def test_in_qgis_each_unit_has_its_rows_its_words_and_its_card(tmp_path):
    """Asked of QGIS itself: relations, aliases, value maps, tips; and whatever it logs on opening."""
    one = of_toy(tmp_path)
    said = in_qgis(
        """
        import json
        log = []
        QgsApplication.messageLog().messageReceived[str, str, Qgis.MessageLevel].connect(
            lambda text, tag, level: log.append(text) if level != Qgis.Info else None)
        project = QgsProject.instance()
        assert project.read('conservation_units.qgs')
        units = project.mapLayer('layer_conservation_units')
        rows = {feature['unit_id']: feature for feature in units.getFeatures()}
        counts = {}
        for relation in project.relationManager().relations().values():
            assert relation.isValid(), relation.name()
            if relation.referencedLayerId() == units.id():
                child = relation.referencingLayerId().removeprefix('layer_')
                counts[child] = {
                    key: sum(1 for _ in relation.getRelatedFeatures(row)) for key, row in rows.items()}
        at = units.fields().indexOf('status')
        setup = units.editorWidgetSetup(at)
        formatter = QgsApplication.fieldFormatterRegistry().fieldFormatter(setup.type())
        words = {key: formatter.representValue(units, at, setup.config(), None, row['status'])
                 for key, row in rows.items()}
        tips = {}
        for key, row in rows.items():
            context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(units))
            context.setFeature(row)
            tips[key] = QgsExpression.replaceExpressionText(units.mapTipTemplate(), context)
        print(json.dumps({'counts': counts, 'words': words, 'tips': tips, 'log': log,
                          'alias': units.attributeAlias(at)}))
        """,
        tmp_path / "round",
    )
    asked = json.loads(said.strip().splitlines()[-1])
    units = one.tables["conservation_units"].set_index("unit_id")
    for child in ("unit_criteria", "unit_species"):
        ours = one.tables[child].groupby("unit_id").size().reindex(units.index, fill_value=0)
        assert asked["counts"][child] == ours.to_dict(), child
        assert ours.sum()
    for unit_id, row in units.iterrows():
        assert asked["words"][unit_id] == words.text(str(row["status"]), "ru")
        assert unit_id in asked["tips"][unit_id]
        assert words.text(str(row["status"]), "ru") in asked["tips"][unit_id]
        assert "[%" not in asked["tips"][unit_id]
    assert asked["alias"] == words.text("column status", "ru")
    assert asked["log"] == []


def test_qgis_draws_the_map_and_a_page_of_a_unit_without_a_window(tmp_path):
    """What a script or a server sees: the view of the project, in its metres, with the units in it."""
    of_toy(tmp_path)
    in_qgis(
        """
        from qgis.PyQt.QtCore import QSize
        project = QgsProject.instance()
        assert project.read('conservation_units.qgs')
        view = project.viewSettings().defaultViewExtent()
        assert view == project.viewSettings().presetFullExtent() and view.width() > 1000
        settings = QgsMapSettings()
        settings.setLayers(project.layerTreeRoot().checkedLayers())
        settings.setDestinationCrs(project.crs())
        settings.setOutputSize(QSize(400, 300))
        settings.setExtent(view)
        job = QgsMapRendererParallelJob(settings)
        job.start()
        job.waitForFinished()
        assert job.errors() == [], [error.message for error in job.errors()]
        job.renderedImage().save('map.png')
        layout = project.layoutManager().printLayouts()[0]
        atlas = layout.atlas()
        assert atlas.beginRender() and atlas.first()
        export = QgsLayoutExporter.ImageExportSettings()
        export.dpi = 60
        assert QgsLayoutExporter(layout).exportToImage('page.png', export) == 0
        """,
        tmp_path / "round",
    )
    for name in ("map.png", "page.png"):
        with Image.open(tmp_path / "round" / name) as image:
            colours = image.convert("RGB").getcolors(1 << 20)
        background = max(colours)[0]
        assert 1 - background / sum(count for count, _ in colours) > 0.05, name
        assert len(colours) > 20, name


def test_the_geopackage_is_of_a_version_that_debian_and_ubuntu_open_without_a_warning(tmp_path):
    store.write_round(small_round(), tmp_path / "one")
    with sqlite3.connect(tmp_path / "one" / store.GEOPACKAGE) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (10200,)
    connection.close()
