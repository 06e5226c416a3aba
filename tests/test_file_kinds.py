"""Each kind of file in each role: read, and as large as the ellipsoid says.

Files are written as programs write them: MapInfo's exchange format by hand (its CoordSys line and the
Region blocks of the Professional's export), GML as a GeoServer answers (EPSG:4326 by URN, latitude
first), TopoJSON as mapshaper packs it (a transform and deltas), GeoJSON text sequences with record
separators (RFC 8142), SpatiaLite with its own geometry columns.
"""

from __future__ import annotations

import json
import re
import sqlite3
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from exactextract import exact_extract
from pyproj import Geod

import cami_units as cu
from cami_units import layers, overlap
from cami_units.commands.plan_layers import reading_of
from cami_units.layers._gis_files import GDAL_SUFFIXES, KML_SUFFIXES, PARQUET_SUFFIXES, file_hash
from cami_units.layers._layer_rows import countries_layer, layer_reader
from cami_units.layers._ranges import range_layer
from cami_units.layers._taxa import names_of
from cami_units.model import EQUAL_AREA
from cami_units.plan import read_plan
from tests.native_parquet import Wkb
from tests.test_animals import SPRING, archive, at, gbif, known, movebank, walk

CORNERS = [(70.0, 42.0), (71.0, 42.0), (71.0, 43.0), (70.0, 43.0), (70.0, 42.0)]
SQUARE, LINE = shapely.Polygon(CORNERS), shapely.LineString([(70, 42), (71, 43)])
GEOD = Geod(ellps="WGS84")
COLUMNS = {
    "name": "Талас",
    "sci_name": "Ovis ammon",
    "kind": "railway",
    "permeability": 0.5,
    "evidence_grade": "B",
    "iso2": "KG",
    "day": "2020-05-01",
    "reported_area_km2": 321.0,
}


def by_gdal(driver: str, **options):
    """A file as GDAL writes it."""

    def write(path: Path, shape) -> None:
        table = gpd.GeoDataFrame(
            {key: [value] for key, value in COLUMNS.items()}, geometry=[shape], crs=4326
        )
        pyogrio.write_dataframe(table, path, driver=driver, **options)

    return write


def mif(path: Path, shape) -> None:
    corners = shapely.get_coordinates(shape).tolist()
    places = "\n".join(f"{x:g} {y:g}" for x, y in corners)
    head = {"Polygon": f"Region 1\n  {len(corners)}\n", "Point": "Point "}
    begin = head.get(shape.geom_type, f"Pline {len(corners)}\n")
    path.write_bytes(
        'Version 450\nCharset "WindowsCyrillic"\nDelimiter ","\nCoordSys Earth Projection 1, 104\n'
        "Columns 8\n  name Char(40)\n  sci_name Char(40)\n  kind Char(20)\n  permeability Float\n"
        "  evidence_grade Char(1)\n  iso2 Char(2)\n  day Char(10)\n  reported_area_km2 Float\n"
        f"Data\n\n{begin}{places}\n    Pen (1,2,0)\n".encode("cp1251")
    )
    values = ",".join(
        f'"{value}"' if isinstance(value, str) else str(value) for value in COLUMNS.values()
    )
    path.with_suffix(".mid").write_bytes((values + "\r\n").encode("cp1251"))


def gml(path: Path, shape) -> None:
    """As a GeoServer answers a WFS: by URN, so latitude comes first."""
    places = " ".join(f"{y:g} {x:g}" for x, y in shapely.get_coordinates(shape).tolist())
    inner = (
        f"<gml:exterior><gml:LinearRing><gml:posList>{places}</gml:posList></gml:LinearRing></gml:exterior>"
        if shape.geom_type == "Polygon"
        else f"<gml:posList>{places}</gml:posList>"
    )
    inner = f"<gml:pos>{places}</gml:pos>" if shape.geom_type == "Point" else inner
    columns = "".join(f"<c:{key}>{value}</c:{key}>" for key, value in COLUMNS.items())
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><wfs:FeatureCollection '
        'xmlns:wfs="http://www.opengis.net/wfs" xmlns:gml="http://www.opengis.net/gml" xmlns:c="http://c">'
        f'<gml:featureMember><c:row gml:id="row.1">{columns}<c:geom><gml:{shape.geom_type} '
        f'srsName="urn:ogc:def:crs:EPSG::4326">{inner}</gml:{shape.geom_type}></c:geom></c:row>'
        "</gml:featureMember></wfs:FeatureCollection>",
        encoding="utf-8",
    )


def topojson(path: Path, shape) -> None:
    """As mapshaper writes it: whole numbers, each corner as the step from the one before."""
    corners = np.round((shapely.get_coordinates(shape) - [70, 42]) / 1e-4).astype(int)
    arc = np.vstack([corners[:1], np.diff(corners, axis=0)]).tolist()
    arcs = [[0]] if shape.geom_type == "Polygon" else [0]
    row = {"type": shape.geom_type, "arcs": arcs, "properties": COLUMNS}
    if shape.geom_type == "Point":
        row = {"type": "Point", "coordinates": corners[0].tolist(), "properties": COLUMNS}
    path.write_text(
        json.dumps(
            {
                "type": "Topology",
                "arcs": [arc],
                "transform": {"scale": [1e-4, 1e-4], "translate": [70, 42]},
                "objects": {"rows": {"type": "GeometryCollection", "geometries": [row]}},
            }
        ),
        encoding="utf-8",
    )


def sequence(path: Path, shape) -> None:
    row = {"type": "Feature", "properties": COLUMNS, "geometry": shapely.geometry.mapping(shape)}
    path.write_text(f"\x1e{json.dumps(row)}\n", encoding="utf-8")


def parquet(path: Path, shape) -> None:
    table = gpd.GeoDataFrame(
        {key: [value] for key, value in COLUMNS.items()}, geometry=[shape], crs=4326
    )
    table.to_parquet(path)


def native_parquet(path: Path, shape) -> None:
    """As Parquet 2.11 has shapes by itself (DuckDB, Snowflake, Sedona write it so)."""
    wkb = pa.array([shapely.to_wkb(shape)], pa.binary())
    pa.register_extension_type(Wkb())
    try:
        shapes = pa.ExtensionArray.from_storage(Wkb(), wkb)
        columns = {key: pa.array([value]) for key, value in COLUMNS.items()}
        pq.write_table(pa.table({**columns, "shape": shapes}), path)
    finally:
        pa.unregister_extension_type("geoarrow.wkb")


def kml(path: Path, shape) -> None:
    places = " ".join(f"{x},{y},0" for x, y in shapely.get_coordinates(shape).tolist())
    inner = (
        f"<outerBoundaryIs><LinearRing><coordinates>{places}</coordinates></LinearRing></outerBoundaryIs>"
        if shape.geom_type == "Polygon"
        else f"<coordinates>{places}</coordinates>"
    )
    data = "".join(
        f'<Data name="{key}"><value>{value}</value></Data>'
        for key, value in COLUMNS.items()
        if key != "name"
    )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<Placemark><name>{COLUMNS['name']}</name><ExtendedData>{data}</ExtendedData>"
        f"<{shape.geom_type}>{inner}</{shape.geom_type}></Placemark></Document></kml>"
    )
    if path.suffix == ".kmz":
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr("doc.kml", text)
    else:
        path.write_text(text, encoding="utf-8")


KINDS = {
    ".shp": by_gdal("ESRI Shapefile", ENCODING="UTF-8"),
    ".gpkg": by_gdal("GPKG"),
    ".geojson": by_gdal("GeoJSON"),
    ".json": topojson,
    ".gdb": by_gdal("OpenFileGDB"),
    ".fgb": by_gdal("FlatGeobuf"),
    ".geojsonl": by_gdal("GeoJSONSeq"),
    ".geojsons": sequence,
    ".ndjson": by_gdal("GeoJSONSeq"),
    ".topojson": topojson,
    ".tab": by_gdal("MapInfo File", FORMAT="TAB", ENCODING="UTF-8"),
    ".mif": mif,
    ".gml": gml,
    ".sqlite": by_gdal("SQLite", SPATIALITE="YES"),
    ".parquet": parquet,
    ".geoparquet": parquet,
    ".kml": kml,
    ".kmz": kml,
}
POLYGONS = (
    *("hotspots", "ranges", "protected_areas", "sections", "disputed", "countries", "context"),
)
LINES = ("barriers", "corridors", "telemetry", "context")
POINTS = ("gazetteer", "occurrences", "protected_areas", "context")
PLACE = shapely.Point(70.5, 42.5)


def test_every_ending_that_is_read_is_tried_here():
    assert set(KINDS) == {*GDAL_SUFFIXES, *PARQUET_SUFFIXES, *KML_SUFFIXES}


def read(layer: str, path: Path) -> layers.LayerRead:
    """A layer with one file, as a plan that says its CRS reads it."""
    reading = layers.Reading(assumed_crs={layer: "EPSG:4326"}, folder=path.parent)
    if layer == "context":
        reading = layers.Reading(assumed_crs={"context.x": "EPSG:4326"})
        around = gpd.GeoDataFrame(geometry=[SQUARE], crs=4326)
        return layers.read_context(path, around=around, reading=reading, name="x")
    countries, species = known()
    if layer == "countries":
        return countries_layer([path], replace(reading, states=("KG",)))
    if layer == "ranges":
        found = cu.read_ranges(path, assumed_crs="EPSG:4326")
        return layers.LayerRead(found[found["sci_name"] == "Ovis ammon"])
    return layer_reader(layer, reading, countries, names_of(species))([path])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("shape", "role"), [(SQUARE, "hotspots"), (SQUARE, "ranges"), (LINE, "barriers")]
)
def test_the_type_of_a_column_is_enough_for_parquet(tmp_path, shape, role):
    native_parquet(tmp_path / "x.parquet", shape)
    assert b"geo" not in (pq.read_schema(tmp_path / "x.parquet").metadata or {})
    parquet(tmp_path / "y.parquet", shape)
    native, told = (read(role, tmp_path / name).table for name in ("x.parquet", "y.parquet"))
    assert native.geometry.geom_equals_exact(told.geometry, 1e-6).all()
    assert (
        native.drop(columns="geometry").columns.tolist()
        == told.drop(columns="geometry").columns.tolist()
    )


SHAPES = {"areas": (SQUARE, POLYGONS), "lines": (LINE, LINES), "points": (PLACE, POINTS)}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("what", SHAPES)
def test_a_kind_of_file_is_read_in_its_first_role(tmp_path, suffix, what):
    shape, roles = SHAPES[what]
    read_in_roles(tmp_path, suffix, shape, roles[:1])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", KINDS)
def test_a_kind_of_file_is_read_in_every_role(tmp_path, suffix):
    for what, (shape, roles) in SHAPES.items():
        (tmp_path / what).mkdir()
        read_in_roles(tmp_path / what, suffix, shape, roles)


def read_in_roles(folder: Path, suffix: str, shape, roles) -> None:
    """8,253 km² and 138 km by Karney's geodesics on edges that follow the map as drawn."""
    path = folder / f"x{suffix}"
    KINDS[suffix](path, shape)
    beside = sorted(folder.iterdir())
    dense = shapely.segmentize(shape, 0.01)
    area, length = (
        abs(GEOD.geometry_area_perimeter(SQUARE.segmentize(0.01))[0]),
        GEOD.geometry_length(dense),
    )
    for role in roles:
        found = read(role, path)
        assert not found.is_refused, [one.sentence() for one in found.problems]
        table = found.table
        assert table.crs == EQUAL_AREA
        if shape is PLACE and role == "protected_areas":  # a circle of the area that it reports
            assert table.area.sum() / 1e6 == pytest.approx(321, rel=1e-3)
        elif shape is PLACE:
            [point] = table.to_crs(4326).geometry
            assert (point.x, point.y) == pytest.approx((70.5, 42.5))
        elif shape is SQUARE:
            assert table.area.sum() == pytest.approx(area, rel=1e-6), role
        else:
            assert overlap.length_km(table).sum() == pytest.approx(length / 1000, rel=1e-4), role
        title = next(name for name in ("name_en", "name", "sci_name") if name in table)
        assert set(table[title]) <= {"Талас", "Ovis ammon"}, role
    assert sorted(folder.iterdir()) == beside  # nothing is left in a folder that is not ours


def test_parts_of_a_mapinfo_file_are_in_its_hash(tmp_path):
    path = tmp_path / "x.mif"
    mif(path, SQUARE)
    before = file_hash(path)
    path.with_suffix(".mid").write_text('"Other","Ovis ammon","railway",0.5,"B"\n')
    assert file_hash(path) != before


def test_spatialite_has_tables_of_its_own_that_are_none_of_ours(tmp_path):
    path = tmp_path / "x.sqlite"
    KINDS[".sqlite"](path, SQUARE)
    with sqlite3.connect(path) as opened:
        tables = {name for (name,) in opened.execute("select name from sqlite_master")}
    assert "spatial_ref_sys" in tables
    assert [one for one in read("hotspots", path).problems if one.level != "note"] == []


@pytest.mark.parametrize(
    ("columns", "names", "is_restricted"),
    [
        # KBAsGlobal_2024_September_02_POL.shp of keybiodiversityareas.org
        (
            {
                "SitRecID": [23_456],
                "Country": ["KZ"],
                "NatName": ["Үстірт"],
                "IntName": ["Ustyurt"],
                "KbaStatus": ["confirmed"],
            },
            ["23456", "Ustyurt"],
            True,
        ),
        # the IBA layer of BirdLife: without a status of KBA
        (
            {
                "SitRecID": [7],
                "IntName": ["Tengiz"],
                "IbaStatus": ["confirmed"],
                "Criteria": ["A1"],
            },
            ["7", "Tengiz"],
            True,
        ),
        # GSLEP's landscapes, as the working secretariat sends them
        (
            {"OBJECTID": [1], "Landscape": ["Sarychat"], "Country_1": ["Kyrgyzstan"]},
            ["HS001", "Sarychat"],
            False,
        ),
    ],
)
def test_known_sites_come_in_the_columns_of_those_who_keep_them(
    tmp_path, columns, names, is_restricted
):
    path = tmp_path / "sites.shp"
    gpd.GeoDataFrame(columns, geometry=[SQUARE], crs=4326).to_file(path, encoding="UTF-8")
    found = read("hotspots", path)
    [row] = found.table[["hotspot_id", "name_en"]].values.tolist()
    assert row == names
    assert found.sources[0]["restricted"] is is_restricted


@pytest.mark.parametrize("heading", ["НАЗВА", "Имя"])
def test_a_heading_that_utf_8_cut_in_a_shapefile_is_known(tmp_path, heading):
    """Ten bytes of UTF-8 hold five letters of Cyrillic: QGIS saves "НАЗВАНИЕ" as "НАЗВА"."""
    columns = {heading: ["Устюрт", "Бадхыз", None], "name_en": ["Ustyurt", None, None]}
    path = tmp_path / "sites.shp"
    squares = [shapely.affinity.translate(SQUARE, 2 * place) for place in range(3)]
    gpd.GeoDataFrame(columns, geometry=squares, crs=4326).to_file(path, encoding="UTF-8")
    rows = read("hotspots", path).table.sort_values("name_ru")[["name_en", "name_ru"]]
    # a site is called by the name that it has, in any language, before its number
    assert rows.values.tolist()[1:] == [["Бадхыз", "Бадхыз"], ["Ustyurt", "Устюрт"]]
    assert rows["name_en"].iloc[0] == rows["name_ru"].iloc[0]


def test_columns_of_another_script_are_told_apart(tmp_path):
    """A national file in Windows' Cyrillic, without a .prj and without a .cpg: two columns, one of them the name."""
    path = tmp_path / "oopt.shp"
    columns = {"НАЗВАНИЕ": ["Бадхызский"], "ПЛОЩ_ГА": [87_700]}
    gpd.GeoDataFrame(columns, geometry=[SQUARE], crs=4326).to_file(path, encoding="cp1251")
    for ending in (".prj", ".cpg"):
        path.with_suffix(ending).unlink()
    found = read("protected_areas", path)
    assert found.table["name"].tolist() == ["Бадхызский"]
    countries, species = known()
    reading = layers.Reading(
        assumed_crs={"protected_areas": "EPSG:4326"},
        columns={"protected_areas": {"reported_area_km2": "ПЛОЩ_ГА"}},
    )
    told = layer_reader("protected_areas", reading, countries, names_of(species))([path])
    assert told.table["reported_area_km2"].astype(float).tolist() == [87_700]


def test_rows_of_one_shape_are_said_of_a_context_layer_as_of_any(tmp_path):
    path = tmp_path / "x.gpkg"
    gpd.GeoDataFrame({"name": ["A", "B"]}, geometry=[SQUARE, SQUARE], crs=4326).to_file(path)
    said = [one for one in read("context", path).problems if "exactly the shape" in one.what]
    assert [one.where for one in said] == ["B"]


# -- the table of `check --kinds`, cell by cell ------------------------------------------------------


def geodesic_km2(shape) -> float:
    """The ground inside a shape whose edges follow the map, by Karney's geodesics."""
    return abs(GEOD.geometry_area_perimeter(shape.segmentize(0.01))[0]) / 1e6


def table_of(path: Path, shapes: list, columns: dict, **options) -> Path:
    gpd.GeoDataFrame(columns, geometry=shapes, crs=4326).to_file(path, **options)
    return path


def planned(layer: str, path: Path, text: str = "") -> gpd.GeoDataFrame:
    """A layer with one file, as a plan with this text reads it."""
    plan = path.parent / "plan.toml"
    plan.write_text(f'title = "t"\ndate = "2026-11-22"\n{text}', encoding="utf-8")
    reading = reading_of(read_plan(plan))
    if layer == "ranges":
        found = range_layer([path], reading, known()[1], known()[0])
        return found.table[found.table["sci_name"] == "Ovis ammon"]
    if layer.startswith("context"):
        around = gpd.GeoDataFrame(geometry=[SQUARE], crs=4326)
        return layers.read_context(path, around=around, reading=reading, name="x").table
    return layer_reader(layer, reading, known()[0], names_of(known()[1]))([path]).table


def a_species_table(folder: Path) -> None:
    """As Excel in Almaty saves a CSV: semicolons, and Windows' Cyrillic."""
    rows = "sci_name;name_en;name_ru;iucn_category;range_states\nOvis ammon;Argali;Архар;NT;KZ,KG\n"
    (folder / "s.csv").write_bytes(rows.replace("KZ,KG", '"KZ;KG"').encode("cp1251"))
    [row] = cu.read_species(folder / "s.csv").to_dict("records")
    assert (row["name_ru"], row["range_states"].split(";")) == ("Архар", ["KZ", "KG"])


def red_list_polygons(folder: Path) -> None:
    """The columns of IUCN's shapefiles since 2018, whose legend says what the codes say."""
    columns = {
        "ID_NO": [15733],
        "SCI_NAME": ["Ovis ammon"],
        "PRESENCE": [1],
        "ORIGIN": [1],
        "SEASONAL": [1],
        "COMPILER": ["IUCN"],
        "YRCOMPILED": [2019],
        "CITATION": ["IUCN"],
        "SUBSPECIES": [None],
        "SUBPOP": [None],
        "LEGEND": ["Extant (resident)"],
    }
    path = table_of(folder / "data_0.shp", [SQUARE], columns)
    assert planned("ranges", path).area.sum() / 1e6 == pytest.approx(geodesic_km2(SQUARE), rel=1e-6)


def a_raster_of_a_range(folder: Path) -> None:
    """An ASCII grid as Maxent writes it: no system, suitability, a number for no value."""
    (folder / "Ovis_ammon.asc").write_text(
        "ncols         4\nnrows         2\nxllcorner     70\nyllcorner     42\ncellsize      0.5\n"
        "NODATA_value  -9999\n0.91 0.62 0.13 -9999\n0.50 0.08 0.55 0.77\n"
    )
    text = '[species]\n"*.asc" = "file name"\n[crs]\nranges = "EPSG:4326"\n[defaults.ranges]\n'
    cells = {0.91: (70, 42.5), 0.62: (70.5, 42.5), 0.5: (70, 42), 0.55: (71, 42), 0.77: (71.5, 42)}
    cells |= {0.13: (71, 42.5), 0.08: (70.5, 42)}
    km2 = {w: geodesic_km2(shapely.box(x, y, x + 0.5, y + 0.5)) for w, (x, y) in cells.items()}
    whole = planned("ranges", folder / "Ovis_ammon.asc", text + "at_least = 0.5")
    assert whole.area.sum() / 1e6 == pytest.approx(
        sum(v for w, v in km2.items() if w >= 0.5), rel=1e-6
    )
    by_weight = planned("ranges", folder / "Ovis_ammon.asc", text + "whole_at = 1")
    assert overlap.range_km2(by_weight).sum() == pytest.approx(
        sum(w * v for w, v in km2.items()), rel=1e-6
    )


def a_raster_as_other_programs_write_it(folder: Path, driver: str, **options) -> None:
    """The cells of the grid above that are at least 0.5, as GDAL writes them: cell by cell on the ellipsoid."""
    rasterio = pytest.importorskip("rasterio")
    values = np.array([[0.91, 0.62, 0.13, -9999], [0.50, 0.08, 0.55, 0.77]], "float32")
    path = folder / "Ovis_ammon.tif"
    shape = {"height": 2, "width": 4, "count": 1, "dtype": "float32", "nodata": -9999}
    where = rasterio.transform.from_origin(70, 43, 0.5, 0.5)
    with rasterio.open(
        path, "w", driver=driver, crs="EPSG:4326", transform=where, **shape | options
    ) as target:
        target.write(values, 1)
    text = '[species]\n"*.tif" = "file name"\n[defaults.ranges]\nat_least = 0.5'
    row, col = np.nonzero(values >= 0.5)
    x, y = 70 + 0.5 * col, 42.5 - 0.5 * row
    km2 = sum(map(geodesic_km2, shapely.box(x, y, x + 0.5, y + 0.5)))
    assert planned("ranges", path, text).area.sum() / 1e6 == pytest.approx(km2, rel=1e-6)


def states(folder: Path) -> None:
    """Natural Earth's columns, where a state may have -99 for its code and the right one beside it."""
    away = shapely.affinity.translate(SQUARE, 2, 0)
    columns = {"ADMIN": ["Kazakhstan", "Mongolia"], "NAME_RU": ["Казахстан", "Монголия"]}
    columns |= {"ISO_A2": ["KZ", "-99"], "ISO_A2_EH": ["KZ", "MN"]}
    path = table_of(folder / "ne_50m_countries.shp", [SQUARE, away], columns, encoding="UTF-8")
    found = cu.read_countries(path, states=("KZ", "MN")).set_index("iso2")
    assert found["range_state"].all()
    assert found.area["KZ"] / 1e6 == pytest.approx(geodesic_km2(SQUARE), rel=1e-6)


def sections_of_google_earth(folder: Path) -> None:
    """A placemark drawn in Google Earth: heights of 0, a description in HTML."""
    kml(folder / "s.kml", SQUARE)
    found = planned("sections", folder / "s.kml")
    assert found.area.sum() / 1e6 == pytest.approx(geodesic_km2(SQUARE), rel=1e-6)


def ground_in_dispute(folder: Path) -> None:
    """Natural Earth's breakaway and disputed areas."""
    columns = {
        "BRK_NAME": ["Aksai Chin"],
        "name_en": ["Aksai Chin"],
        "NOTE_BRK": ["Admin. by China"],
    }
    path = table_of(folder / "ne_10m_admin_0_disputed_areas.geojson", [SQUARE], columns)
    found = planned("disputed", path)
    assert found.area.sum() / 1e6 == pytest.approx(geodesic_km2(SQUARE), rel=1e-6)


def known_areas(folder: Path) -> None:
    """Key Biodiversity Areas, in the columns of their keepers."""
    columns = {"SitRecID": [23_456], "Country": ["KG"], "NatName": ["Талас"], "IntName": ["Talas"]}
    path = table_of(folder / "KBAsGlobal_POL.shp", [SQUARE], columns, encoding="UTF-8")
    found = planned("hotspots", path)
    assert found["name_en"].tolist() == ["Talas"]
    assert found.area.sum() / 1e6 == pytest.approx(geodesic_km2(SQUARE), rel=1e-6)


def protected_ground(folder: Path) -> None:
    """WDPA as of 2026: polygons, and points that stand for their reported area (a circle of it)."""
    columns = {
        "SITE_ID": [1],
        "SITE_PID": ["1"],
        "SITE_TYPE": ["PA"],
        "NAME": ["Талас"],
        "DESIG_ENG": ["State Nature Reserve"],
        "STATUS": ["Designated"],
        "ISO3": ["KGZ"],
        "REP_AREA": [321.0],
    }
    path = table_of(folder / "WDPA_KGZ_shp-polygons.shp", [SQUARE], columns, encoding="UTF-8")
    assert planned("protected_areas", path).area.sum() / 1e6 == pytest.approx(
        geodesic_km2(SQUARE), rel=1e-6
    )
    path = table_of(
        folder / "WDPA_KGZ_shp-points.shp", [SQUARE.centroid], columns, encoding="UTF-8"
    )
    assert planned("protected_areas", path).area.sum() / 1e6 == pytest.approx(321, rel=1e-3)


def railways(folder: Path) -> None:
    """Geofabrik's extract of OpenStreetMap, by the lines that `check` advises."""
    columns = {"osm_id": ["7"], "code": [6101], "fclass": ["rail"], "name": ["Турксиб"]}
    path = table_of(folder / "gis_osm_railways_free_1.shp", [LINE], columns, encoding="UTF-8")
    text = '[defaults.barriers]\nkind = "railway"\npermeability = 0.5\n'
    km = GEOD.geometry_length(LINE.segmentize(0.01)) / 1000
    assert overlap.length_km(planned("barriers", path, text)).sum() == pytest.approx(km, rel=1e-4)


def corridors_drawn_in_qgis(folder: Path) -> None:
    columns = {"fid": [1], "species": ["Ovis ammon"], "grade": ["B"]}
    path = table_of(folder / "c.gpkg", [LINE], columns)
    text = '[columns.corridors]\nevidence_grade = "grade"\n'
    km = GEOD.geometry_length(LINE.segmentize(0.01)) / 1000
    assert overlap.length_km(planned("corridors", path, text)).sum() == pytest.approx(km, rel=1e-4)


def places(folder: Path) -> None:
    """As overpass-turbo exports places of OpenStreetMap."""
    columns = {"@id": ["node/1"], "place": ["town"], "name": ["Талас"], "name_en": ["Talas"]}
    path = table_of(folder / "export.geojson", [shapely.Point(70.25, 42.5)], columns)
    [point] = planned("gazetteer", path).to_crs(4326).geometry
    assert (point.x, point.y) == pytest.approx((70.25, 42.5))


def records_of_gbif(folder: Path) -> None:
    rows = [at(44.5, 57.1), at(44.5, 57.1), at(44.5, 57.1, "2020-05-01"), at(0, 0)]
    found = planned("occurrences", gbif(folder / "0012345.csv", rows))
    assert found["day"].tolist() == ["2019-05-01", "2020-05-01"]


def records_of_an_archive(folder: Path) -> None:
    found = planned("occurrences", archive(folder / "dwca.zip"))
    assert found["day"].tolist() == ["2019-05-01", "2019-05-01"]


def records_of_a_spreadsheet(folder: Path) -> None:
    """As Excel saves them in Almaty (semicolons, decimal commas), and as QGIS does (WKT)."""
    rows = ("lon;lat;species;date\n57,1;44,5;Saiga tatarica;01.05.2019\n",)
    rows += ('WKT,Species,Observed on\n"POINT (57.1 44.5)",Saiga tatarica,2019-05-01\n',)
    for text in rows:
        (folder / "seen.csv").write_text(text, encoding="utf-8-sig")
        [point] = planned("occurrences", folder / "seen.csv").to_crs(4326).geometry
        assert (point.x, point.y) == pytest.approx((57.1, 44.5))


def records_as_points(folder: Path) -> None:
    """As iNaturalist's or a survey's points come out of QGIS."""
    columns = {"species": ["Saiga tatarica"], "observed_on": ["2019-05-01"]}
    path = table_of(folder / "seen.gpkg", [shapely.Point(57.1, 44.5)], columns)
    assert planned("occurrences", path)["day"].tolist() == ["2019-05-01"]


def positions_as_points(folder: Path) -> None:
    """The shapefile of points that Movebank offers beside its CSV: headings cut to ten letters."""
    fixes = walk("S1", SPRING, (56.5, 44.5), (56.6, 44.5), (56.6, 44.6))
    columns = {"ind_ident": ["S1"] * 3, "taxon": ["Saiga tatarica"] * 3}
    columns["timestamp"] = [f"{time:%Y-%m-%d %H:%M:%S}" for _, time, _, _ in fixes]
    path = table_of(folder / "points.shp", [shapely.Point(x, y) for *_, x, y in fixes], columns)
    km = GEOD.line_length([56.5, 56.6, 56.6], [44.5, 44.5, 44.6]) / 1000
    assert overlap.length_km(planned("telemetry", path)).sum() == pytest.approx(km, rel=1e-3)


def positions_of_movebank(folder: Path) -> None:
    """A track is as long as the geodesics from fix to fix."""
    fixes = walk("S1", SPRING, (56.5, 44.5), (56.6, 44.5), (56.6, 44.6))
    found = planned("telemetry", movebank(folder / "m.csv", fixes))
    km = GEOD.line_length([56.5, 56.6, 56.6], [44.5, 44.5, 44.6]) / 1000
    assert overlap.length_km(found).sum() == pytest.approx(km, rel=1e-3)


def tracks_of_movebank(folder: Path) -> None:
    columns = {"ind_ident": ["S1"], "taxon": ["Saiga tatarica"], "starttime": ["2020-04-01"]}
    line = shapely.LineString([(56.5, 44.5), (57.5, 44.5)])
    path = table_of(folder / "lines.shp", [line], {**columns, "endtime": ["2020-05-01"]})
    km = GEOD.geometry_length(line.segmentize(0.01)) / 1000
    assert overlap.length_km(planned("telemetry", path)).sum() == pytest.approx(km, rel=1e-3)


def a_table_as_context(folder: Path) -> None:
    (folder / "camps.csv").write_text("name,lon,lat,heads\nA,70.2,42.2,5\nB,70.4,42.4,7\n")
    assert len(planned("context", folder / "camps.csv")) == 2


def anything_as_context(folder: Path) -> None:
    """Polygons, lines and points of a GIS; of a raster the mean that exactextract has of the file."""
    for name, shape in (("a", SQUARE), ("b", LINE), ("c", SQUARE.centroid)):
        assert len(planned("context", table_of(folder / f"{name}.gpkg", [shape], {"n": [1]}))) == 1
    rasterio = pytest.importorskip("rasterio")
    values = np.arange(16, dtype="float32").reshape(4, 4)
    where = rasterio.transform.from_origin(69.5, 43.5, 0.5, 0.5)
    options = {"driver": "COG", "height": 4, "width": 4, "count": 1, "dtype": "float32"}
    with rasterio.open(
        folder / "r.tif", "w", crs="EPSG:4326", transform=where, **options
    ) as target:
        target.write(values, 1)
    raster = planned("context", folder / "r.tif")
    sites = gpd.GeoDataFrame(
        {"unit_id": ["a"]}, geometry=[shapely.box(69.7, 42.1, 71, 43)], crs=4326
    )
    found = overlap.summarised(sites, raster, summary="mean")["value"].iloc[0]
    operation = "mean(coverage_weight=area_spherical_m2)"
    witness = exact_extract(str(folder / "r.tif"), sites, [operation], output="pandas")
    assert found == pytest.approx(float(witness.iloc[0, -1]), rel=1e-6)


CELLS = {
    ("[layers] species", "a table"): a_species_table,
    ("[layers] ranges", "polygons"): red_list_polygons,
    ("[layers] ranges", "a raster"): a_raster_of_a_range,
    ("[layers] countries", "polygons"): states,
    ("[layers] disputed", "polygons"): ground_in_dispute,
    ("[layers] hotspots", "polygons"): known_areas,
    ("[layers] protected_areas", "polygons"): protected_ground,
    ("[layers] barriers", "lines"): railways,
    ("[layers] corridors", "lines"): corridors_drawn_in_qgis,
    ("[layers] sections", "polygons"): sections_of_google_earth,
    ("[layers] gazetteer", "points"): places,
    ("[layers] occurrences", "records of animals"): records_of_gbif,
    ("[layers] telemetry", "positions of tracked animals"): positions_of_movebank,
    ("[layers] telemetry", "tracks"): tracks_of_movebank,
    ("[context.NAME]", "a table with coordinates"): a_table_as_context,
    ("[context.NAME]", "polygons, lines, points"): anything_as_context,
}
"""By role and the first words of what one has: a file of the real dialect, against another program."""


FORMATS = {
    ("[layers] species", "CSV of any spreadsheet"): a_species_table,
    ("[layers] ranges", "GeoTIFF"): partial(a_raster_as_other_programs_write_it, driver="GTiff"),
    ("[layers] ranges", "COG"): partial(a_raster_as_other_programs_write_it, driver="COG"),
    ("[layers] ranges", "ASCII grid"): a_raster_of_a_range,
    ("[layers] occurrences", "a GBIF download"): records_of_gbif,
    ("[layers] occurrences", "a Darwin Core archive"): records_of_an_archive,
    ("[layers] occurrences", "a CSV with lon and lat or WKT"): records_of_a_spreadsheet,
    ("[layers] occurrences", "points"): records_as_points,
    ("[layers] telemetry", "CSV of Movebank"): positions_of_movebank,
    ("[layers] telemetry", "points"): positions_as_points,
    ("[layers] telemetry", "lines"): tracks_of_movebank,
    ("[context.NAME]", "CSV"): a_table_as_context,
    ("[context.NAME]", "as above"): a_table_as_context,
}
"""Each format that the table names in brackets."""


def named_formats() -> list[tuple[str, str]]:
    brackets = [(kind.role, re.search(r"\((.*)\)", kind.have)) for kind in layers.file_kinds()]
    return [(role, word) for role, found in brackets if found for word in found[1].split(", ")]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("named", named_formats(), ids=" ".join)
def test_every_format_that_the_table_of_kinds_names_is_read_and_measured(tmp_path, named):
    FORMATS[named](tmp_path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "kind", layers.file_kinds(), ids=lambda kind: f"{kind.role} {kind.have[:20]}"
)
def test_every_cell_of_the_table_of_kinds_is_read_and_measured(tmp_path, kind):
    """A row of `check --kinds` without a cell here is a KeyError: whoever adds a kind adds its test."""
    cells = {have: cell for (role, have), cell in CELLS.items() if role == kind.role}
    longest = max((have for have in cells if kind.have.startswith(have)), key=len, default="")
    cells[longest](tmp_path)


def test_no_cell_is_of_a_kind_that_is_gone():
    have = {
        (kind.role, name)
        for kind in layers.file_kinds()
        for role, name in CELLS
        if kind.role == role and kind.have.startswith(name)
    }
    assert have == set(CELLS)
    assert set(named_formats()) == set(FORMATS)
