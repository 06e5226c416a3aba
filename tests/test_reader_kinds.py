"""Kinds of damage that trials with other people's files showed: each with the reason of its right value."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import geopandas as gpd
import numpy as np
import pytest
import shapely
import shapely.affinity
import shapely.geometry
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from cami_units import kml, layers
from cami_units.commands.group_placemarks import _reads_as
from cami_units.commands.group_reading import named_group
from cami_units.kml._coordinates import Effort, geometry_of
from cami_units.kml._escapes import described
from cami_units.kml._evidence import Drawing
from cami_units.kml._written_shapes import along_great_circle, as_written
from cami_units.model import InputError, Note, assumed, bits_per_byte, guessed_text
from tests.test_kml_read import archive, document, mark, polygon

SQUARE = box(70, 42, 70.5, 42.5)
RING = "70,42,0 70.5,42,0 70.5,42.5,0 70,42.5,0 70,42,0"


def read(content):
    return kml.read_placemarks(content, "f.kml")


def keys(content):
    return list(read(content).notes["key"])


def only(content):
    """The only row of a file."""
    [row] = read(content).table.to_dict("records")
    return row


# -- specks ----------------------------------------------------------------------------------------


def test_a_speck_stops_nothing():
    # A ring of 0.2 m: all its points are one place on the grid of 5 decimals that is written.
    speck = "70.200001,42.200001 70.200003,42.200001 70.200003,42.200003 70.200001,42.200001"
    row = only(document(mark(polygon(RING, [speck]))))
    assert row["polygons"].equals(SQUARE)
    assert keys(document(mark(polygon(RING, [speck])))) == ["specks"]
    table = read(document(mark(polygon(speck)), mark(polygon(RING)))).table
    assert list(table["kind"]) == ["none", "polygon"]


def test_what_is_written_has_no_specks():
    speck = shapely.Polygon([(70.1, 42.1), (70.100002, 42.1), (70.100002, 42.100002)])
    assert as_written(speck).is_empty
    assert as_written(SQUARE.difference(speck)).equals(SQUARE)
    both = shapely.MultiPolygon([shapely.Polygon(speck), box(71, 42, 72, 43)])
    assert as_written(both).equals(box(71, 42, 72, 43))


def test_specks_of_evidence_are_counted_part_and_hole_alike():
    # A layer of protected areas with one of each: neither is drawn, both are said.
    speck = shapely.Polygon([(70.1, 42.1), (70.100002, 42.1), (70.100002, 42.100002)])
    far = shapely.affinity.translate(speck, xoff=5)
    drawing = Drawing("en", 0.0)
    [piece] = drawing.pieces("protected_areas", shapely.union(SQUARE.difference(speck), far))
    assert piece.equals(SQUARE)
    assert drawing.dropped == {"protected_areas": 2}


def test_a_resting_gps_leaves_an_outline_and_no_slivers():
    # A boundary of 1,000 points that wanders for 200 fixes of 10 m at ten places.
    rng = np.random.default_rng(3)
    angle = np.linspace(0, 2 * np.pi, 1_000, endpoint=False)
    xy = np.stack([70 + 0.2 * np.cos(angle), 42 + 0.15 * np.sin(angle)], axis=1)
    rests = [np.vstack([p, p + rng.normal(0, 1e-4, (200, 2))]) for p in xy[::100]]
    walked = np.vstack(
        [np.vstack([rests[i // 100] if i % 100 == 0 else xy[i]]) for i in range(1000)]
    )
    ring = " ".join(f"{x:.7f},{y:.7f}" for x, y in [*walked, walked[0]])
    row = only(document(mark(polygon(ring))))
    # The ellipse has π · 0.2 · 0.15 square degrees, and is 1.1° around. The wandering adds or takes
    # a few hectares, and thinning by 25 m at most 1.1 · 2.5e-4 / 2, a 700th.
    assert shapely.area(row["polygons"]) == pytest.approx(np.pi * 0.2 * 0.15, rel=1 / 700)
    assert shapely.get_num_geometries(row["polygons"]) < 30


@pytest.mark.slow
def test_thousands_of_strips_are_refused_before_they_are_projected(tmp_path):
    """Valid at a look in degrees; in metres, where they slant, GEOS compares each with each."""
    south = 41 + np.arange(5000) * 2e-5
    strips = shapely.multipolygons(shapely.box(70.5, south, 71.5, south + 1e-5))
    layer = gpd.GeoDataFrame({"name": ["strips", "square"]}, geometry=[strips, SQUARE], crs=4326)
    layer.to_file(tmp_path / "units.gpkg")
    placemarks = layers.read_gis_placemarks(tmp_path / "units.gpkg", "units.gpkg")
    assert list(placemarks.notes["key"]) == ["too many beside"]
    assert list(placemarks.notes["name"]) == ["strips"]
    strips_row, square_row = placemarks.table["polygons"]
    assert strips_row is None or strips_row.is_empty
    assert square_row.equals(SQUARE)
    # hundreds are read, and so is a raster as polygons, whose steps lie along the axes
    few = shapely.get_parts(strips)[:300]
    column, row = np.divmod(np.arange(40_000), 200)
    is_land = np.random.default_rng(1).random(40_000) < 0.5
    west, south = 70 + column[is_land] / 100, 41 + row[is_land] / 100
    cells = shapely.coverage_union_all(shapely.box(west, south, west + 0.01, south + 0.01))
    shapes = [shapely.multipolygons(few), cells]
    gpd.GeoDataFrame({"name": ["few", "cells"]}, geometry=shapes, crs=4326).to_file(
        tmp_path / "read.gpkg"
    )
    placemarks = layers.read_gis_placemarks(tmp_path / "read.gpkg", "read.gpkg")
    assert shapely.area(list(placemarks.table["polygons"])).min() > 0
    assert "too many beside" not in set(placemarks.notes["key"])


@pytest.mark.parametrize("ending", ["geojson", "json"])
def test_a_project_of_umap_is_the_shapes_of_its_layers(tmp_path, ending):
    """Its own geometry is where the map was last looked at, and came as the only pin."""

    def layer(*names):
        """A layer of the project, with a square for each name."""
        features = [
            {
                "type": "Feature",
                "properties": {"name": name},
                "geometry": shapely.geometry.mapping(SQUARE),
            }
            for name in names
        ]
        return {"type": "FeatureCollection", "features": features, "_umap_options": {"name": "L"}}

    project = {
        "type": "umap",
        "properties": {"name": "S1", "zoom": 6, "description": "Drawn by herders"},
        "geometry": {"type": "Point", "coordinates": [56, 43]},
        "layers": [
            layer("CU-001 Ustyurt"),
            {"_umap_options": {"name": "Doubtful", "description": "not visited\nsince 2019"}},
            layer("Hills", "CU-002"),
        ],
    }
    path = tmp_path / f"S1.{ending}"
    path.write_text(json.dumps(project), encoding="utf-8")
    placemarks = layers.read_gis_placemarks(path, path.name)
    assert list(placemarks.table["name"]) == ["CU-001 Ustyurt", "Hills", "CU-002"]
    assert set(placemarks.table["kind"]) == {"polygon"}
    said = [(row["folder"], row["facts"]["text"]) for row in placemarks.notes.to_dict("records")]
    assert said == [("", "Drawn by herders"), ("Doubtful", "not visited\nsince 2019")]


def test_a_picture_on_the_ground_that_gdal_made_a_polygon_of_is_no_shape(tmp_path):
    """GDAL itself reads the KML: of all that lies there it gives the picture alone an icon."""
    square = polygon("70,42 71,42 71,43 70,43 70,42")
    box = "<north>43</north><south>42</south><east>72</east><west>71</west>"
    picture = f"<GroundOverlay><name>Sheet K-43</name><Icon><href>a/k43.jpg</href></Icon><LatLonBox>{box}</LatLonBox></GroundOverlay>"
    style = "<Style><IconStyle><Icon><href>a/pin.png</href></Icon></IconStyle></Style>"
    mark = f"<Placemark><name>Hills</name>{style}{square}</Placemark>"
    text = f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{picture}{mark}</Document></kml>'
    (tmp_path / "drawn.kml").write_text(text, encoding="utf-8")
    gpd.read_file(tmp_path / "drawn.kml", driver="LIBKML").to_file(tmp_path / "drawn.gpkg")
    placemarks = layers.read_gis_placemarks(tmp_path / "drawn.gpkg", "drawn.gpkg")
    assert dict(placemarks.table[["name", "kind"]].to_numpy().tolist()) == {
        "Sheet K-43": "view",
        "Hills": "polygon",
    }
    assert "not followed GroundOverlay" in set(placemarks.notes["key"])
    # a symbol that geojson.io, uMap or Felt gives a rectangle has the same column, and none of GDAL's
    symbol = {"type": "Feature", "properties": {"name": "Hills", "icon": "https://a.b/pin.png"}}
    symbol["geometry"] = shapely.geometry.mapping(shapely.box(70, 42, 71, 43))
    (tmp_path / "S1.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": [symbol]})
    )
    [kind] = layers.read_gis_placemarks(tmp_path / "S1.geojson", "S1.geojson").table["kind"]
    assert kind == "polygon"


@pytest.mark.parametrize(
    "words",
    [
        "<Snippet>Created Mon Nov 30 14:01:32 2026</Snippet>",
        "<Snippet>Created 11/30/26 14:01:32</Snippet>",
        "<description>Exported by Locus, 2026-11-30T14:01:32Z</description>",
        "<description>&lt;table>&lt;tr>&lt;td>&lt;b>Distance&lt;/b> 9 km &lt;/td>&lt;/tr>&lt;tr>&lt;td>"
        "&lt;b>Min Alt&lt;/b> 812 m &lt;/td>&lt;/tr>&lt;/table></description>",
        "<description>&lt;table>&lt;tr>&lt;td>&lt;b>Distance&lt;/b> 682.3 mi &lt;/td>&lt;/tr>&lt;/table></description>",
        "<description>&lt;!-- desc_gen:start -->Length: 1 234 km&lt;!-- desc_gen:end --></description>",
    ],
)
def test_what_a_program_writes_of_its_document_is_nobodys_words(words):
    mark = f"<Placemark><name>Hills</name>{polygon('70,42 71,42 71,43 70,43 70,42')}</Placemark>"
    if "description" in words and "Exported" not in words:
        [row] = read(
            f"<kml>{mark.replace('</name>', '</name>' + words)}</kml>".encode()
        ).table.to_dict("records")
        assert row["description"] == ""
    for tag in ("Document", "Folder"):
        text = f"<kml><{tag}><name>GPS device</name>{words}{mark}</{tag}></kml>"
        assert "folder description" not in keys(text.encode())


@pytest.mark.parametrize(
    "words",
    [
        "12:30:15 three argali",
        "2026-11-30 14:01:32 three argali",
        "в 12:30:15 видели архаров",
        "2026-11-30 14:01:32 合并这两个单元",
        "合并这两个单元 2026-11-30 14:01:32",
        "&lt;table>&lt;tr>&lt;td>CU-001&lt;/td>&lt;td>5 argali&lt;/td>&lt;/tr>&lt;tr>&lt;td>CU-002&lt;/td>&lt;td>3 yak&lt;/td>&lt;/tr>&lt;/table>",
    ],
)
def test_what_somebody_noted_with_a_time_or_a_count_is_kept(words):
    mark = f"<Placemark><name>Hills</name>{polygon('70,42 71,42 71,43 70,43 70,42')}</Placemark>"
    for tag in ("description", "Snippet"):
        text = f"<kml><Folder><{tag}>{words}</{tag}>{mark}</Folder></kml>"
        assert "folder description" in keys(text.encode())


def test_what_somebody_typed_beside_the_stamp_of_a_program_is_kept():
    mark = f"<Placemark><name>Hills</name>{polygon('70,42 71,42 71,43 70,43 70,42')}</Placemark>"
    typed = "Created Mon Nov 30 14:01:32 2026\nthe herds wait here at 8:30\nat 12:30:15 three argali on the southern slope"
    table = "&lt;table>&lt;tr>&lt;td>CU-001&lt;/td>&lt;td>too dry&lt;/td>&lt;/tr>&lt;tr>&lt;td>CU-002&lt;/td>&lt;td>good&lt;/td>&lt;/tr>&lt;/table>"
    text = f"<kml><Document><description>{typed}{table}</description>{mark}</Document></kml>"
    notes = read(text.encode()).notes
    [said] = [
        row["facts"]["text"]
        for row in notes.to_dict("records")
        if row["key"] == "folder description"
    ]
    assert "Created" not in said
    for words in ("the herds wait", "three argali", "too dry", "good"):
        assert words in said


def test_what_stands_below_a_picture_of_a_pin_is_words():
    image = "<gx:Image><gx:ImageUrl>https://a.example/1.jpg</gx:ImageUrl><gx:Caption>calves in May</gx:Caption></gx:Image>"
    inner = f"<gx:Carousel>{image}</gx:Carousel><Point><coordinates>70,42</coordinates></Point>"
    row = only(f"<kml{GX}><Placemark><name>pin</name>{inner}</Placemark></kml>".encode())
    assert row["description"] == "calves in May"


@pytest.mark.parametrize("layers_of_it", [3, [{"features": 1}], [4, None]])
def test_a_project_of_other_things_loses_nothing_without_a_word(tmp_path, layers_of_it):
    path = tmp_path / "S1.geojson"
    path.write_text(json.dumps({"type": "umap", "layers": layers_of_it}), encoding="utf-8")
    try:
        assert layers.read_gis_placemarks(path, path.name).table.empty
    except InputError:
        assert layers_of_it == 3


# -- lines, tracks, parts --------------------------------------------------------------------------

GX = ' xmlns:gx="http://www.google.com/kml/ext/2.2"'


def track(*points, tag="gx:Track", coord="gx:coord"):
    inner = "".join(f"<{coord}>{point}</{coord}>" for point in points)
    return f"<{tag}{GX}><when>2026-05-01T10:00:00Z</when>{inner}</{tag}>"


def test_a_track_is_a_line():
    row = only(document(mark(track("70 42 900", "70.1 42.1 900", "70.2 42.2 900"))))
    assert row["kind"] == "line"
    assert row["lines"].equals(shapely.LineString([(70, 42), (70.1, 42.1), (70.2, 42.2)]))
    row = only(document(mark(track("70 42 0", "70.1 42 0", tag="Track", coord="coord"))))
    assert row["lines"].equals(shapely.LineString([(70, 42), (70.1, 42)]))


def test_a_multitrack_is_its_tracks_and_a_polygon_keeps_its_track():
    both = track("70 42 0", "70.1 42 0") + track("71 42 0", "71.1 42 0")
    row = only(document(mark(f"<gx:MultiTrack{GX}>{both}</gx:MultiTrack>")))
    assert shapely.get_num_geometries(row["lines"]) == 2
    mixed = f"<MultiGeometry>{polygon(RING)}{track('70 42 0', '70.1 42 0')}</MultiGeometry>"
    row = only(document(mark(mixed)))
    assert row["polygons"].equals(SQUARE)
    assert row["lines"].length == pytest.approx(0.1)


def test_a_boundary_walked_with_a_phone_is_proposed_as_a_polygon():
    row = only(
        document(mark(track("70 42 0", "70.5 42 0", "70.5 42.5 0", "70 42.5 0", "70 42.01 0")))
    )
    # Half a degree square, less the corner between 42 and 42.01: 0.25 exactly.
    assert row["loops"].area == pytest.approx(0.25)


def test_all_parts_of_a_line_and_of_a_pin_are_kept():
    lines = "".join(
        f"<LineString><coordinates>{x},42 {x}.5,42</coordinates></LineString>" for x in (70, 72, 74)
    )
    points = "<Point><coordinates>70,42</coordinates></Point>" * 2
    row = only(document(mark(f"<MultiGeometry>{lines}{points}</MultiGeometry>")))
    assert shapely.get_num_geometries([row["lines"], row["points"]]).tolist() == [3, 2]


def test_gpx_by_any_name():
    content = b"""<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">
    <wpt lat="42" lon="70"><name>camp</name><desc>argali seen</desc></wpt>
    <trk><name>patrol</name><trkseg><trkpt lat="42" lon="70"/><trkpt lat="42.5" lon="70.5"/></trkseg>
    <trkseg><trkpt lat="43" lon="71"/><trkpt lat="43.1" lon="71"/></trkseg></trk></gpx>"""
    table = read(content).table
    assert list(zip(table["name"], table["kind"], strict=True)) == [
        ("camp", "point"),
        ("patrol", "line"),
    ]
    assert table["description"].iloc[0] == "argali seen"
    assert shapely.get_num_geometries(table["lines"].iloc[1]) == 2
    assert keys(content) == ["gpx"]


GPX = """<?xml version="1.0"?><gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">
<wpt lat="41.1" lon="71.1"><name>Camp & well</name></wpt>
<trk><name>boundary</name><trkseg>
<trkpt lat="41" lon="71"/><trkpt lat="41" lon="72"/><trkpt lat="42" lon="72"/>
</trkseg></trk><trk><name>second</name></trk></gpx>"""


def test_a_gpx_that_is_cut_off_gives_what_is_whole():
    # The power went while the third point was written: the line has two, the other track none.
    cut = GPX[: GPX.index('lat="42"') + 6].replace("&", "&amp;").encode()
    made = read(cut)
    assert [row["name"] for row in made.table.to_dict("records")] == ["Camp & well", "boundary"]
    assert len(made.table["lines"][1].coords) == 2
    assert set(made.notes["key"]) == {"gpx", "cut off"}
    assert not made.is_whole


def test_a_gpx_with_a_bare_ampersand_is_mended():
    made = read(GPX.encode())
    assert made.table["name"].tolist() == ["Camp & well", "boundary", "second"]
    assert list(made.notes["key"]) == ["ampersands", "gpx", "no coordinates"]


def test_archives_in_a_zip_of_one_map_are_opened_or_named(tmp_path):
    path = tmp_path / "all.zip"
    inner = archive([("deep.kml", document(mark(name="deep"))), ("b.txt", b"x")])
    path.write_bytes(archive([("a.kml", document(mark(name="flat"))), ("more.zip", inner)]))
    entries, _ = kml.inner_files(path, "all.zip")
    labels = ["a.kml", "more.zip/b.txt", "more.zip/deep.kml"]
    assert [entry.label for entry in entries] == [f"all.zip/{label}" for label in labels]
    # in a KMZ one archive is opened, and one inside of that is named
    made = kml.read_placemarks(
        archive(
            [("doc.kml", document()), ("m.zip", archive([("a.kml", document()), ("z.zip", inner)]))]
        ),
        "f.kmz",
    )
    assert len(made.table) == 2
    assert [
        note["facts"]["entry"]
        for note in made.notes.to_dict("records")
        if note["key"] == "passed entry"
    ] == ["z.zip"]


def test_points_of_every_vertex_are_no_pins():
    points = "".join(
        mark(f"<Point><coordinates>{c}</coordinates></Point>", name=f"path-{i}")
        for i, c in enumerate(RING.split()[:4])
    )
    pin = mark("<Point><coordinates>70.2,42.2</coordinates></Point>", name="den")
    table = read(document(mark(polygon(RING)), points, pin)).table
    assert list(table["kind"]) == ["polygon", *["vertex"] * 4, "point"]


# -- numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ring", "key"),
    [
        (RING.replace(",0", ",nan"), "altitudes that are no numbers"),
        (RING.replace(",0", ",-inf"), "altitudes that are no numbers"),
        (RING.replace(",0", ",null"), "altitudes that are no numbers"),
        (RING.replace(",0", ",0,17"), "further numbers"),
        (RING.replace(" ", "; "), "semicolons between points"),
        (RING.replace(" ", ";"), "semicolons between points"),
        (RING.replace(",", " ,"), "spaces before commas"),
        (RING.replace(",", " , "), "spaces before commas"),
        (RING.replace(" ", ",\n"), "commas between points"),
    ],
)
def test_one_odd_number_does_not_cost_the_shape(ring, key):
    assert only(document(mark(polygon(ring))))["polygons"].equals(SQUARE)
    assert keys(document(mark(polygon(ring)))) == [key]


@pytest.mark.parametrize("ring", ["70,5;42,5 71,5;42,5 71,5;43,5", "70,42 ,42 71,43 70,42"])
def test_what_may_mean_two_things_is_not_guessed(ring):
    # A decimal comma, and a longitude that is missing: no reading of them is safe.
    assert keys(document(mark(polygon(ring)))) == ["no coordinate"]


def test_longitudes_that_count_on_past_180():
    row = only(document(mark(polygon("179.5,66 180.5,66 180.5,67 179.5,67 179.5,66"))))
    assert row["polygons"].bounds == (-180, 66, 180, 67)
    assert row["polygons"].area == pytest.approx(1.0)
    row = only(document(mark(polygon("179,66 180.0000000001,66 180.0000000001,67 179,67 179,66"))))
    assert row["polygons"].equals(box(179, 66, 180, 67))


def test_swapped_rings_and_a_mask():
    row = only(document(mark(polygon("70.2,42.2 70.3,42.2 70.3,42.3 70.2,42.3 70.2,42.2", [RING]))))
    assert row["polygons"].area == pytest.approx(0.25 - 0.01)
    world = polygon("-180,-90 180,-90 180,90 -180,90 -180,-90", [RING])
    assert only(document(mark(world)))["kind"] == "mask"


# -- great circles ---------------------------------------------------------------------------------


def test_a_long_side_follows_the_great_circle():
    # Between two places on the 45th parallel, 90° apart, the great circle reaches
    # atan(tan 45° / cos 45°) = 54.7356° north in the middle (the right spherical triangle).
    points, longest_km, count = along_great_circle(np.array([[0.0, 45.0], [90.0, 45.0]]))
    middle = points[np.abs(points[:, 0] - 45).argmin()]
    assert middle[1] == pytest.approx(54.7356, abs=0.01)
    # cos c = sin² 45° + cos² 45° · cos 90° = 0.5, so 60 degrees of 111.195 km.
    assert longest_km == pytest.approx(60 * 111.195, rel=1e-4)
    assert count == 1
    assert np.hypot(*np.diff(points, axis=0).T).max() < 2


def test_short_sides_and_meridians_stay_as_they_are():
    xy = np.array([[70.0, 40.0], [71.0, 40.0], [71.0, 41.0]])
    assert np.array_equal(along_great_circle(xy)[0], xy)
    north = along_great_circle(np.array([[70.0, 40.0], [70.0, 50.0]]))[0]
    assert np.allclose(north[:, 0], 70)


# -- one slip --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "name", "slip"),
    [
        (mark(polygon(RING), name="herds < 50 animals"), "herds < 50 animals", "slip in words"),
        (
            mark(polygon(RING), more="<description><b>Area<br>agreed</description>"),
            "CU-001 Altai",
            "slip in words",
        ),
        (mark(polygon(RING), attributes=' id="a" id="a"'), "CU-001 Altai", "slip in attribute"),
        (
            mark(
                polygon(RING),
                more="<ExtendedData><Data name=cu_id><value>x</value></Data></ExtendedData>",
            ),
            "CU-001 Altai",
            "slip in attribute",
        ),
    ],
)
def test_one_slip_costs_neither_shape_nor_file(broken, name, slip):
    placemarks = read(document(mark(polygon(RING), name="good"), broken))
    assert list(placemarks.table["name"]) == ["good", name]
    assert all(shape.equals(SQUARE) for shape in placemarks.table["polygons"])
    assert list(placemarks.notes["key"]) == [slip]
    assert placemarks.is_whole


@pytest.mark.parametrize("language", ["en", "ru", "mn", "zh"])
@pytest.mark.parametrize(
    "broken",
    [
        mark(name="x < y", shape=""),
        mark(attributes=' id="a" id="a"', shape=""),
    ],
)
def test_a_slip_promises_no_shape_where_there_is_none(broken, language):
    # Both placemarks have no geometry, and the same note stands at placemarks that have one: what
    # was assumed about the slip may say of neither that its shape was read.
    notes = read(document(broken)).notes
    assert "no geometry" in set(notes["key"])
    [slip] = [Note(key) for key in notes["key"] if key.startswith("slip")]
    shape = {"en": "shape", "ru": "фигур", "mn": "дүрс", "zh": "图形"}[language]
    assert assumed(slip, language)
    assert shape not in assumed(slip, language)


def test_thousands_of_slips_have_a_budget_and_the_rest_is_named():
    # Each placemark of a broken text is parsed by itself: what comes beyond 8,000 is named, unread.
    made = read(document(*(mark("", name=f"herds < {number}") for number in range(8_100))))
    assert len(made.table) == 8_100
    named = made.notes.groupby("key")["placemark"].nunique()
    assert (named["slip in words"], named["too heavy"]) == (8_000, 100)


def test_a_placemark_that_a_text_only_shows_is_none():
    shown = mark(more=f"<description><![CDATA[{mark(name='EXAMPLE')}]]></description>")
    comment = f"<!-- {mark(name='WITHDRAWN')} -->"
    placemarks = read(document(shown, comment, mark(name="x < y", shape="")))
    assert list(placemarks.table["name"]) == ["CU-001 Altai", "x < y"]


def test_two_documents_one_after_the_other():
    twice = document(mark(name="first")) + b"\n" + document(mark(name="second"), mark(name="third"))
    assert list(read(twice).table["name"]) == ["first", "second", "third"]
    bare = (mark(name="a") + "\n" + mark(name="b")).encode()
    assert list(read(bare).table["name"]) == ["a", "b"]


def test_a_layer_of_which_nothing_can_be_used_is_refused_with_the_readers_reason(tmp_path):
    # It has seven rows, so "no rows" would be untrue; and one reason is told once, whatever number
    # of placemarks has it: five places and how many more.
    metres = polygon("512346,4651234 522346,4651234 522346,4661234 512346,4651234")
    path = tmp_path / "metres.kml"
    path.write_bytes(document(*(mark(metres, name=f"plot {number}") for number in range(7))))
    with pytest.raises(InputError, match="export it in WGS 84") as refused:
        layers.read_hotspots(path)
    said = str(refused.value)
    assert said.count("look like metres") == 1
    assert re.search(r"metres\.kml, placemark 'plot 0', line 1, .* and 2 more\)", said)
    assert "no rows" not in said


def test_a_layer_without_any_placemark_has_no_rows(tmp_path):
    path = tmp_path / "empty.kml"
    path.write_bytes(document("<Folder><name>mine</name></Folder>"))
    with pytest.raises(InputError, match="the file has no rows"):
        layers.read_hotspots(path)


# -- encodings -------------------------------------------------------------------------------------

NAMES = {
    "cp1251": "Устюрт, участок сайгака",
    "koi8-r": "Северный Тянь-Шань",
    "cp866": "Граница по хребту",
    "gbk": "阿尔金山自然保护区",
    "latin-1": "Réserve Ala-Too",
}


@pytest.mark.parametrize("codec", NAMES)
def test_text_is_decoded_by_its_bytes(codec):
    content = document(mark(name=NAMES[codec])).decode().encode(codec)
    placemarks = read(content)
    assert placemarks.table["name"].iloc[0] == NAMES[codec]
    assert placemarks.notes["key"].iloc[0].startswith("encoding")


def test_utf8_under_another_label():
    declared = '<?xml version="1.0" encoding="windows-1251"?>'
    content = document(mark(name="Алтай"), declaration=declared)
    assert read(content).table["name"].iloc[0] == "Алтай"
    assert keys(content) == ["encoding"]


def test_a_declared_encoding_is_overruled_only_where_it_is_plainly_wrong():
    declared = '<?xml version="1.0" encoding="windows-1251"?>'
    text = document(mark(name="Северный Тянь-Шань"), declaration=declared).decode()
    assert read(text.encode("koi8-r")).table["name"].iloc[0] == "Северный Тянь-Шань"
    assert keys(text.encode("cp1251")) == []


def test_a_guess_knows_how_dear_the_other_one_is():
    content = "Устюрт".encode("koi8-r")
    assert bits_per_byte(content, "koi8-r") + 2 < bits_per_byte(content, "cp1251")
    assert guessed_text("Устюрт".encode()).encoding == "utf-8"


@given(st.text(alphabet="абвгдежзийклмнопрстуфхцчшщъыьэюя", min_size=12, max_size=60))
@settings(max_examples=50)
def test_any_small_letters_come_back_as_small_letters(text):
    # Whatever page is guessed, the letters of no guess are mixed: small ones stay small ones.
    assert guessed_text(text.encode("cp1251")).text.islower()


def test_names_in_a_zip_of_windows():
    # Windows writes CP866 and says nothing; Python would write UTF-8 and say so.
    made = archive([("NAMES.kml", document()), ("two.kml", document())])
    made = made.replace(b"NAMES.kml", "карта.kml".encode("cp866"))
    rows, _ = kml.read_kml(made, name="g.zip")
    assert set(rows["file"]) == {"g.zip/карта.kml", "g.zip/two.kml"}


# -- descriptions ----------------------------------------------------------------------------------


def test_a_table_of_a_gis_is_data_and_what_is_typed_beneath_it_is_not():
    table = (
        "<html><table><tr><td>Area A</td></tr><tr><td><table><tr><td>FID</td><td>0</td></tr>"
        "<tr><td>NAME</td><td>Area A</td></tr></table></td></tr></table>too small</html>"
    )
    assert described(table) == ("too small", {"FID": "0", "NAME": "Area A"})
    row = only(document(mark(more=f"<description><![CDATA[{table}]]></description>")))
    assert row["data"] == {"FID": "0", "NAME": "Area A"}
    assert row["description"] == "too small"


@pytest.mark.parametrize("nothing", ["NULL", "&lt;Null&gt;", "None", "nan"])
def test_the_word_for_nothing_is_nothing(nothing):
    assert only(document(mark(more=f"<description>{nothing}</description>")))["description"] == ""


# -- containers ------------------------------------------------------------------------------------


def entries_of(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    entries, passed = kml.inner_files(tmp_path / name, name)
    return [(entry.label, entry.ending) for entry in entries], passed


def test_a_zip_is_its_members_and_a_kmz_is_one_file(tmp_path):
    kmz = archive([("doc.kml", document())])
    form = archive([("[Content_Types].xml", b"<Types/>")])
    entries, passed = entries_of(
        tmp_path,
        "all.zip",
        archive(
            [
                ("a/edit.kmz", kmz),
                ("b/edit.kmz", kmz + b" "),
                ("c.kml", document()),
                ("form.xlsx", form),
                ("units.shp", b"shp"),
                ("units.dbf", b"dbf"),
                ("icon.png", b"x"),
                ("minutes.pdf", b"x"),
                # as large as the photo of a map that somebody drew on with a pen
                ("map.JPG", b"x" * 100_000),
            ]
        ),
    )
    assert [label for label, _ in entries] == [
        f"all.zip/{name}"
        for name in ("c.kml", "form.xlsx", "units.shp", "a/edit.kmz", "b/edit.kmz")
    ]
    assert passed == ("map.JPG", "minutes.pdf")
    assert entries_of(tmp_path, "one.kmz", kmz) == ([], ())
    assert entries_of(tmp_path, "renamed.zip", kmz) == ([], ())


def test_two_attachments_of_one_name_are_two_files(tmp_path):
    from email.message import EmailMessage

    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.org", "b@example.org", "maps"
    mail.set_content("both maps")
    for place in (70, 72):
        content = archive([("doc.kml", document(mark(name=f"at {place}")))])
        mail.add_attachment(content, maintype="application", subtype="zip", filename="units.kmz")
    entries, _ = entries_of(tmp_path, "m.eml", mail.as_bytes())
    assert [label for label, _ in entries] == ["m.eml/units.kmz", "m.eml/units.kmz (2)"]


def test_photos_do_not_keep_a_kmz_from_being_read():
    photos = [(f"files/{n}.jpg", b"\xff\xd8") for n in range(1_200)]
    assert len(read(archive([("doc.kml", document()), *photos])).table) == 1


# -- budgets ---------------------------------------------------------------------------------------


def star(points):
    """A ring whose every edge crosses nearly every other."""
    angle = 2 * np.pi * np.arange(points) * (points // 2) / points
    xy = np.stack([70 + 0.3 * np.cos(angle), 42 + 0.3 * np.sin(angle)], axis=1)
    return polygon(" ".join(f"{x:.8f},{y:.8f}" for x, y in [*xy, xy[0]]))


def test_stars_share_one_budget():
    # 401 points cross some 80,000 times: fifty of them would cost a minute, and are given up at once.
    placemarks = read(document(*[mark(star(401))] * 50, mark(polygon(RING))))
    assert list(placemarks.table["kind"]) == [*["none"] * 50, "polygon"]
    assert set(placemarks.notes["key"]) == {"too tangled"}
    assert only(document(mark(star(51))))["kind"] == "polygon"


def test_the_budget_of_added_points():
    zigzag = " ".join(f"{-80 if n % 2 else 80},{n % 60}" for n in range(20_000))
    line = f"<LineString><coordinates>{zigzag}</coordinates></LineString>"
    assert keys(document(mark(line))) == ["too heavy"]


def test_what_a_placemark_costs_is_counted():
    from lxml import etree

    effort = Effort()
    geometry_of(etree.fromstring(mark(star(101))), effort)
    # n (n - 3) / 2 pairs of edges of a star polygon cross.
    assert Effort().crossings - effort.crossings == pytest.approx(101 * 98 / 2, rel=0.05)


def in_gis(tmp_path, *geometries, **columns):
    """A GeoJSON of these shapes, read as a group's file."""
    table = gpd.GeoDataFrame(columns, geometry=list(geometries), crs="EPSG:4326")
    path = tmp_path / "drawn.geojson"
    table.to_file(path)
    return layers.read_gis_placemarks(path, "drawn.geojson")


def test_a_gis_counts_on_past_180_as_a_kml_does(tmp_path):
    # Maps of the Pacific run from 0 to 360: 200° is 160° west, and -190° is 170° east.
    shapes = {
        "past it": shapely.box(200, 50, 201, 51),
        "across it, counting on": shapely.box(179, 50, 181, 51),
        "across it, to the west": shapely.box(-181, 50, -179, 51),
        "a line across it": shapely.LineString([(179, 50), (181, 50)]),
        "a pin past it": shapely.Point(190, 50),
        "a turn to the east": shapely.box(414, 50, 415, 51),
        "a turn to the west": shapely.box(-306, 50, -305, 51),
        "off the globe": shapely.box(600, 50, 601, 51),
    }
    found = in_gis(tmp_path, *shapes.values(), name=list(shapes))
    tags = {
        "Polygon": "<Polygon><outerBoundaryIs><LinearRing>{}</LinearRing></outerBoundaryIs></Polygon>",
        "LineString": "<LineString>{}</LineString>",
        "Point": "<Point>{}</Point>",
    }
    marks = ""
    for name, shape in shapes.items():
        text = " ".join(f"{x},{y},0" for x, y in shapely.get_coordinates(shape))
        drawn = tags[shape.geom_type].format(f"<coordinates>{text}</coordinates>")
        marks += f"<Placemark><name>{name}</name>{drawn}</Placemark>"
    path = tmp_path / "drawn.kml"
    path.write_text(
        f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{marks}</Document></kml>'
    )
    witness = kml.read_placemarks(path, "drawn.kml")
    assert found.notes["key"].tolist() == witness.notes["key"].tolist()
    turned = found.notes[found.notes["key"].str.startswith("longitudes past")]
    assert list(zip(turned["name"], turned["key"], strict=True)) == [
        ("past it", "longitudes past 180"),
        ("a pin past it", "longitudes past 180"),
        ("a turn to the east", "longitudes past 180"),
        ("a turn to the west", "longitudes past -180"),
    ]
    # 414° and -306° are 54° east, for all who read maps
    by_name = found.table.set_index("name")["polygons"]
    for name in ("a turn to the east", "a turn to the west"):
        assert np.allclose(by_name[name].bounds, (54, 50, 55, 51))
    for column in ("polygons", "lines", "points"):
        for own, other in zip(found.table[column], witness.table[column], strict=True):
            assert (own is None) == (other is None)
            # a KML follows the great circle: 0.005° north of a side of two degrees
            assert own is None or np.allclose(own.bounds, other.bounds, atol=0.006)


def test_a_gis_file_has_the_budget_of_a_kml(tmp_path):
    # A star of 801 points meets itself 801 · 798 / 2 times: 320,000, six times what a file may cost.
    turn = np.arange(801) * 2 * np.pi * 400 / 801
    star = shapely.Polygon(np.stack([70 + np.cos(turn), 42 + np.sin(turn)], axis=1))
    found = in_gis(tmp_path, star, SQUARE)
    assert list(found.table["kind"]) == ["none", "polygon"]
    assert list(found.notes["key"]) == ["too tangled"]


def test_more_rows_than_are_read_are_refused_before_they_are(tmp_path, monkeypatch):
    monkeypatch.setattr("cami_units.layers._gis_placemarks._MOST_ROWS", 1)
    with pytest.raises(InputError, match=r"more than 1 rows \(2\)\. Save only the layer"):
        in_gis(tmp_path, SQUARE, SQUARE)


def test_a_box_across_180_in_a_gis_file_is_the_narrow_one(tmp_path):
    # 175° E to 175° W is 10° wide: two boxes of 5° × 2°, not one of 350°.
    found = in_gis(
        tmp_path, shapely.Polygon([(175, 60), (-175, 60), (-175, 62), (175, 62), (175, 60)])
    )
    [row] = found.table.to_dict("records")
    assert shapely.area(row["polygons"]) == pytest.approx(20.0)
    # its sides of 10° are 556 km of a parallel, and would be great circles in a KML
    assert list(found.notes["key"]) == ["side straight", "cut at the meridian"]


def test_holes_one_within_the_other_cost_what_they_hold():
    # 3,000 squares, each a little within the last: together the hole is the outermost, 0.5° wide.
    # GEOS would hold each against each; 4.5 million pairs are more than a file may cost.
    holes = []
    for n in range(3_000):
        low, high = n * 1e-5, 0.5 - n * 1e-5
        corners = ((low, low), (high, low), (high, high), (low, high), (low, low))
        holes.append(" ".join(f"{70 + x:.5f},{42 + y:.5f}" for x, y in corners))
    row = only(document(mark(polygon("69,41 69.9,41 69.9,41.9 71,43 69,43 69,41", holes))))
    assert row["polygons"].is_valid


def test_the_word_for_nothing_is_no_name():
    assert only(document(mark(polygon(RING), name="NULL")))["name"] == ""


def test_our_own_words_are_known_where_a_code_page_has_lost_some_letters():
    own = "Type in the description; put “X ” before the name"
    assert _reads_as(own.replace("“", "?").replace("”", "?"), own)
    assert _reads_as(own[:30], own)
    assert not _reads_as("Type in the description; we do not agree", own)
    assert not _reads_as("????????????????????????", own)


@pytest.mark.parametrize(
    ("file", "group"),
    [
        ("edit_2 (1).kmz", "2"),
        ("edit_1.kmz", "1"),
        ("edit_12 (1) (2).kml", "12"),
        ("form_2.xlsx", "2"),
        ("units (1).kml", ""),
        ("edit_2_final 1.kml", "2"),
    ],
)
def test_groups_may_be_called_by_numbers(file, group):
    # Browsers and phones number a second copy: that number is no group.
    assert named_group(file, ["1", "2", "12"]) == group


def test_whole_numbers_of_a_column_with_gaps_are_whole(tmp_path):
    # A group called 2 comes as 2.0 where another row has none.
    found = in_gis(tmp_path, SQUARE, SQUARE, working_group=[2.0, None])
    assert [data.get("working_group") for data in found.table["data"]] == ["2", None]


_COST = '''
import json, resource, sys, time
from pathlib import Path
from cami_units import kml, layers

def peak():
    """kB of this process alone: `getrusage` begins with the peak of the one that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

read = layers.read_gis_placemarks if sys.argv[1].endswith("json") else kml.read_placemarks
read(Path(sys.argv[1]), "f")  # libraries are loaded the first time
began, before = time.process_time(), peak()
read(Path(sys.argv[2]), "f")
seconds = time.process_time() - began
print(json.dumps([seconds, (peak() - before) / 1024]))
'''


def _bow(n):
    x, y = 50 + n % 100 * 0.5, 30 + n // 100 * 0.1
    return [(x, y), (x + 0.1, y + 0.1), (x + 0.1, y), (x, y + 0.1)]


def _star(n):
    turn = np.arange(n | 1) * 2 * np.pi * (n // 2) / (n | 1)
    return np.stack([70 + np.cos(turn), 42 + np.sin(turn)], axis=1)


def _rested(n):
    rng = np.random.default_rng(n)
    turn = np.linspace(0, 2 * np.pi, 1_000, endpoint=False)
    xy = np.stack([70 + 0.2 * np.cos(turn), 42 + 0.15 * np.sin(turn)], axis=1)
    legs = [[leg, leg[-1] + rng.normal(0, 1e-4, (n, 2))] for leg in np.split(xy, 10)]
    return np.vstack([part for leg in legs for part in leg])


def _box(low, high):
    return [(low, low), (high, low), (high, high), (low, high)]


_HEAVY = {
    "a star": lambda n: [[_star(n // 6)]],
    "where a GPS rested": lambda n: [[_rested(n // 2)]],
    "bow ties": lambda n: [[_bow(i)] for i in range(n)],
    "holes in rows": lambda n: [
        [_box(0, 50), *(_box(1 + i * 0.004, 1.003 + i * 0.004) for i in range(n))]
    ],
    "holes in holes": lambda n: [
        [_box(0, 50), *(_box(1 + i * 1e-3, 49 - i * 1e-3) for i in range(n))]
    ],
    "parts on parts": lambda n: [[_box(1 + i * 1e-4, 2 + i * 1e-4)] for i in range(n)],
}


def _written(path, rings, is_one):
    """These polygons as a file, each its own placemark or all of them one."""
    rings = [[[*map(tuple, ring), tuple(ring[0])] for ring in polygon] for polygon in rings]
    if path.suffix == ".kml":
        texts = [[" ".join(f"{x:.7f},{y:.7f}" for x, y in ring) for ring in one] for one in rings]
        marks = [polygon(outer, holes) for outer, *holes in texts]
        marks = [f"<MultiGeometry>{''.join(marks)}</MultiGeometry>"] if is_one else marks
        path.write_bytes(document(*map(mark, marks)))
    else:
        shapes = [shapely.Polygon(outer, holes) for outer, *holes in rings]
        shapes = [shapely.MultiPolygon(shapes)] if is_one else shapes
        gpd.GeoDataFrame(geometry=shapes, crs="EPSG:4326").to_file(path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["kml", "geojson"])
@pytest.mark.parametrize("kind", sorted(_HEAVY))
def test_twice_as_much_costs_about_twice(kind, ending, tmp_path):
    # Linear is 2 and a square law 4; where less than half a second is spent, nobody waits.
    small = _written(tmp_path / f"small.{ending}", [[_box(70, 71)]], False)
    cost = []
    for n in (4_000, 8_000):
        path = _written(tmp_path / f"{n}.{ending}", _HEAVY[kind](n), kind == "parts on parts")
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _COST, str(small), str(path)],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        cost.append(json.loads(done.stdout))
    (once, _), (twice, megabytes) = cost
    assert twice < 3 * once + 0.5
    assert twice < 8  # two on an idle machine
    assert megabytes < 200


# -- 5,000 random damages --------------------------------------------------------------------------


def damaged(rng):
    """A small file of our kind with one to three damages of the kinds above."""
    names = ["CU-001 Altai", "herds < 50", "Алтай", "青海湖", "a & b", "", "X CU-002"]
    speck = "70.200001,42.200001 70.200003,42.200001 70.200003,42.200003 70.200001,42.200001"
    shapes = [
        polygon(RING),
        polygon(RING, [speck]),
        polygon(speck),
        polygon(RING.replace(",0", ",nan")),
        polygon(RING.replace(" ", "; ")),
        polygon("70,42 71,43 71,42 70,43 70,42"),
        polygon("179,60 -179,60 -179,61 179,61 179,60"),
        polygon("512345,4651234 522345,4651234 522345,4661234"),
        track("70 42 900", "70.1 42.1 900", "70.2 42.2 900"),
        "<LookAt><longitude>70</longitude></LookAt>",
        star(31),
        "",
    ]
    marks = [
        mark(shapes[rng.integers(len(shapes))], name=names[rng.integers(len(names))])
        for _ in range(rng.integers(1, 6))
    ]
    content = document(*marks)
    for _ in range(rng.integers(1, 4)):
        kind = rng.integers(8)
        start = int(rng.integers(len(content)))
        if kind == 0:
            content = content[:start] + content[start + int(rng.integers(1, 60)) :]
        elif kind == 1:
            content = (
                content[:start] + bytes(rng.integers(0, 256, 3, dtype=np.uint8)) + content[start:]
            )
        elif kind == 2:
            content = content[:start]
        elif kind == 3:
            codec = ["cp1251", "koi8-r", "gb18030", "utf-16"][rng.integers(4)]
            content = content.decode("utf-8", "replace").encode(codec, "replace")
        elif kind == 4:
            content += document(mark(name="pasted"))
        elif kind == 5:
            content = content.replace(b"<name>", b"<name", 1)
        elif kind == 6:
            content = archive([("doc.kml", content), ("more.kml", document())])
        else:
            content = b"Dear all,\n> " + content.replace(b"><", b">\n> <")
        if not content:
            content = b"x"
    return content


@pytest.mark.slow
def test_five_thousand_random_damages():
    """No crash, nothing unaccounted, and no note without a phrase in every language."""
    from cami_units import words
    from cami_units.model import InputError, Note

    rng = np.random.default_rng(20261122)
    read_files = 0
    for _ in range(5_000):
        content = damaged(rng)
        try:
            placemarks = read(content)
        except InputError:
            continue
        read_files += 1
        table, notes = placemarks.table, placemarks.notes
        named = set(notes["placemark"])
        lost = table.loc[table["kind"].isin(["none", "view", "mask"]), "placemark"]
        assert set(lost) <= named, "each placemark that is not used is named"
        assert len(table) + placemarks.beyond >= 0
        for note in notes.to_dict("records"):
            for lang in words.LANGUAGES:
                assert words.said(Note(note["key"], note["facts"]), lang)
        for shape in table["polygons"].dropna():
            assert shape.is_valid
    assert read_files > 2_500


def test_every_note_has_its_phrases():
    """The keys that the readers write are in the table of phrases."""
    from pathlib import Path

    from cami_units import words

    folder = Path(kml.__file__).parent
    sources = [*folder.glob("*.py"), folder.parent / "layers" / "_gis_placemarks.py"]
    pattern = re.compile(
        r'(?:Note|UnusableError|shapes\.say|reading\.say\(\w+,)\(?\s*"([a-z][^"]+)"'
    )
    found = {key for path in sources for key in pattern.findall(path.read_text(encoding="utf-8"))}
    assert len(found) > 40
    assert sorted(key for key in found if not words.has(f"note {key}")) == []
