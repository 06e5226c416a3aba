"""Each kind of file in each role: read, and as large as the ellipsoid says.

Files are written as programs write them: MapInfo's exchange format by hand (its CoordSys line and the
Region blocks of the Professional's export), GML as a GeoServer answers (EPSG:4326 by URN, latitude
first), TopoJSON as mapshaper packs it (a transform and deltas), GeoJSON text sequences with record
separators (RFC 8142), SpatiaLite with its own geometry columns.
"""

from __future__ import annotations

import json
import sqlite3
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from pyproj import Geod

import cami_units as cu
from cami_units import layers, overlap
from cami_units.layers._gis_files import GDAL_SUFFIXES, KML_SUFFIXES, PARQUET_SUFFIXES, file_hash
from cami_units.layers._layer_rows import layer_reader
from cami_units.layers._taxa import names_of
from cami_units.model import EQUAL_AREA
from tests.test_animals import known

CORNERS = [(70.0, 42.0), (71.0, 42.0), (71.0, 43.0), (70.0, 43.0), (70.0, 42.0)]
SQUARE, LINE = shapely.Polygon(CORNERS), shapely.LineString([(70, 42), (71, 43)])
GEOD = Geod(ellps="WGS84")
COLUMNS = {
    "name": "Талас",
    "sci_name": "Ovis ammon",
    "kind": "railway",
    "permeability": 0.5,
    "evidence_grade": "B",
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
    head = (
        f"Region 1\n  {len(corners)}" if shape.geom_type == "Polygon" else f"Pline {len(corners)}"
    )
    path.write_bytes(
        'Version 450\nCharset "WindowsCyrillic"\nDelimiter ","\nCoordSys Earth Projection 1, 104\n'
        "Columns 5\n  name Char(40)\n  sci_name Char(40)\n  kind Char(20)\n  permeability Float\n"
        f"  evidence_grade Char(1)\nData\n\n{head}\n{places}\n    Pen (1,2,0)\n".encode("cp1251")
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


class Wkb(pa.ExtensionType):
    """What pyarrow writes as the Parquet type GEOMETRY, without any "geo" metadata."""

    def __init__(self, about: bytes = b"{}") -> None:
        self.about = about
        super().__init__(pa.binary(), "geoarrow.wkb")

    def __arrow_ext_serialize__(self) -> bytes:
        return self.about

    @classmethod
    def __arrow_ext_deserialize__(cls, storage: pa.DataType, about: bytes) -> Wkb:
        return cls(about)


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
POLYGONS = ("hotspots", "ranges", "protected_areas", "sections", "disputed", "context")
LINES = ("barriers", "corridors", "context")


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
    if layer == "ranges":
        found = cu.read_ranges(path, assumed_crs="EPSG:4326")
        return layers.LayerRead(found[found["sci_name"] == "Ovis ammon"])
    return layer_reader(layer, reading, countries, names_of(species))([path])


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


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize(
    ("shape", "roles"), [(SQUARE, POLYGONS), (LINE, LINES)], ids=["areas", "lines"]
)
def test_a_kind_of_file_is_read_in_every_role(tmp_path, suffix, shape, roles):
    """8,253 km² and 138 km by Karney's geodesics on edges that follow the map as drawn."""
    path = tmp_path / f"x{suffix}"
    KINDS[suffix](path, shape)
    beside = sorted(tmp_path.iterdir())
    dense = shapely.segmentize(shape, 0.01)
    area, length = (
        abs(GEOD.geometry_area_perimeter(SQUARE.segmentize(0.01))[0]),
        GEOD.geometry_length(dense),
    )
    for role in roles if suffix in (".shp", ".mif", ".gml", ".kml") else roles[:1]:
        found = read(role, path)
        assert not found.is_refused, [one.sentence() for one in found.problems]
        table = found.table
        assert table.crs == EQUAL_AREA
        if shape is SQUARE:
            assert table.area.sum() == pytest.approx(area, rel=1e-6), role
        else:
            assert overlap.length_km(table).sum() == pytest.approx(length / 1000, rel=1e-4), role
        title = next(name for name in ("name_en", "name", "sci_name") if name in table)
        assert set(table[title]) <= {"Талас", "Ovis ammon"}, role
    assert sorted(tmp_path.iterdir()) == beside  # nothing is left in a folder that is not ours


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
