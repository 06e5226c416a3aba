"""Styles for QGIS: what is in the table, that a GeoPackage carries it, and that rounds do without."""

from __future__ import annotations

import sqlite3
from itertools import pairwise
from xml.etree import ElementTree as ET

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

from cami_units import palette, qgis, store
from cami_units.model import TABLES, Imprint, Round

SPATIAL = sorted(name for name, table in TABLES.items() if table.geometry)


def table():
    return qgis.layer_styles([*SPATIAL, "ranges_used", "species"], day="2026-11-22")


def test_every_layer_of_a_round_has_one_default_style_and_tables_have_none():
    styles = table()
    # context layers are called as the plan calls them, and hold any kind of shape: QGIS's own look
    own = set(SPATIAL) - {"ranges", "context"}
    assert set(styles["f_table_name"]) == own | {"ranges_used"}
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
    wanted = [one.get("symbol") for one in renderer.iter() if one.tag in ("category", "range")]
    assert symbols == (wanted or ["0"])
    for option in renderer.iter("Option"):
        if str(option.get("name")).endswith("color"):
            assert all(0 <= int(part) <= 255 for part in option.get("value").split(","))


def test_units_have_the_colours_of_their_status_and_cells_cover_every_score():
    styles = table().set_index("f_table_name")["styleQML"]
    units = ET.fromstring(styles["conservation_units"].split("\n", 1)[1])
    shown = [category.get("value") for category in units.iter("category")]
    assert shown == list(palette.STATUS)
    assert "rejected" not in shown
    outlines = [
        option.get("value")
        for option in units.iter("Option")
        if option.get("name") == "outline_color"
    ]
    own = [",".join(map(str, bytes.fromhex(one[1:]))) + ",255" for one in palette.STATUS.values()]
    assert outlines == own
    cells = ET.fromstring(styles["planning_units"].split("\n", 1)[1])
    steps = [(float(one.get("lower")), float(one.get("upper"))) for one in cells.iter("range")]
    assert steps[0][0] == 0
    assert steps[-1][1] == 1
    assert all(one[1] == other[0] for one, other in pairwise(steps))


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
