"""Reading KML: whatever people send back gives rows and plain words, never a crash or a surprise."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from shapely import box

from cami_units import kml
from cami_units.cache import Cache, keeper_of
from cami_units.drawn_pieces import keeping
from cami_units.kml import _containers, _placemarks
from cami_units.model import InputError

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "kml"
FOREIGN = sorted(CORPUS.rglob("*.km[lz]"))
NS = "http://www.opengis.net/kml/2.2"
RING = "70,40,0 71,40,0 71,41,0 70,41,0 70,40,0"
SQUARE = box(70, 40, 71, 41)


def polygon(ring=RING, holes=()):
    inner = "".join(
        f"<innerBoundaryIs><LinearRing><coordinates>{hole}</coordinates></LinearRing>"
        "</innerBoundaryIs>"
        for hole in holes
    )
    return (
        f"<Polygon><outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing>"
        f"</outerBoundaryIs>{inner}</Polygon>"
    )


def mark(shape=None, name="CU-001 Altai", more="", attributes=""):
    shape = polygon() if shape is None else shape
    return f"<Placemark{attributes}><name>{name}</name>{more}{shape}</Placemark>"


def document(*marks, ns=f' xmlns="{NS}"', declaration='<?xml version="1.0" encoding="UTF-8"?>'):
    body = "".join(marks) or mark()
    return f"{declaration}<kml{ns}><Document><name>D</name>{body}</Document></kml>".encode()


def counts(rows):
    return {key: rows.attrs[key] for key in ("placemarks", "read", "unusable")}


def zipped(**entries):
    return archive([(name.replace("__", "."), content) for name, content in entries.items()])


def archive(entries):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries:
            # no clock: the bytes stand in the ids of tests, which every worker makes anew
            entry = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name)
            made.writestr(entry, content, made.compression)
    return buffer.getvalue()


def notes_of(content, **options):
    """The keys of what is noted of a file: which sentence it becomes is another matter."""
    return list(kml.read_placemarks(content, "f.kml", **options).notes["key"])


def read_one(shape, **options):
    """The only row of a file with one placemark, and the keys of what was noted about it."""
    rows, problems = kml.read_kml(document(mark(shape, **options)))
    assert len(rows) == 1
    keys = notes_of(document(mark(shape, **options)))
    assert len(problems) == len(keys)
    return rows.iloc[0], keys


def why_unusable(shape):
    """The last note on a placemark of which nothing can be used."""
    rows, problems = kml.read_kml(document(mark(shape)))
    assert len(rows) == 0
    assert counts(rows) == {"placemarks": 1, "read": 0, "unusable": 1}
    last = kml.read_placemarks(document(mark(shape)), "f.kml").notes.iloc[-1]
    assert last["placemark"] == 1
    assert last["name"] == "CU-001 Altai"
    assert "placemark 'CU-001 Altai'" in problems[-1].where
    assert "line 1" in problems[-1].where
    return last["key"]


pytestmark = pytest.mark.usefixtures("no_network")


# -- plain files -----------------------------------------------------------------------------------


def test_a_row_for_each_part(tmp_path):
    path = tmp_path / "group 1.kml"
    path.write_bytes(
        b"""<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>Ignored</name>
<Folder><name>2 Proposed units</name><Folder><name>Deep</name>
<Placemark id="CU-001"><name> CU-001  Altai </name><visibility>0</visibility>
<description><![CDATA[Good<br>but <b>larger</b> &amp; wetter]]></description>
<ExtendedData><Data name="cu_id"><value>CU-001</value></Data>
<SchemaData schemaUrl="#s"><SimpleData name="note">seen</SimpleData></SchemaData></ExtendedData>
<MultiGeometry><Point><coordinates>70.5,40.5,0</coordinates></Point>
<Polygon><outerBoundaryIs><LinearRing><coordinates>
70,40,0 71,40,0 71,41,0 70,41,0 70,40,0 </coordinates></LinearRing></outerBoundaryIs></Polygon>
</MultiGeometry></Placemark></Folder></Folder></Document></kml>"""
    )
    rows, problems = kml.read_kml(path)
    assert problems == ()
    assert list(rows["kind"]) == ["point", "polygon"]
    assert list(rows["part"]) == [1, 2]
    row = rows.iloc[1]
    assert row["file"] == "group 1.kml"
    assert row["folder"] == "2 Proposed units/Deep"
    assert row["name"] == "CU-001 Altai"
    assert row["description"] == "Good\nbut larger & wetter"
    assert row["placemark_id"] == "CU-001"
    assert row["data"] == {"cu_id": "CU-001", "note": "seen"}
    assert not row["visibility"]
    assert row["line"] == 4
    assert row["geometry"].equals(SQUARE)
    assert rows.crs.to_epsg() == 4326


@pytest.mark.parametrize(
    "ns",
    [
        "",
        ' xmlns="http://earth.google.com/kml/2.0"',
        ' xmlns="http://earth.google.com/kml/2.1"',
        ' xmlns="http://earth.google.com/kml/2.2"',
        f' xmlns="{NS}"',
        ' xmlns="http://www.opengis.net/kml/2.3"',
        ' xmlns="http://www.google.com/kml/ext/2.2"',
    ],
)
def test_every_namespace_is_read(ns):
    rows, _ = kml.read_kml(document(ns=ns))
    assert rows.geometry.iloc[0].equals(SQUARE)


def test_a_prefix_for_kml_itself_is_read():
    text = document(ns="").decode().split("?>")[1]
    text = text.replace("</", "</k:").replace("<", "<k:").replace("<k:/k:", "</k:")
    rows, _ = kml.read_kml(text.replace("<k:kml>", f'<k:kml xmlns:k="{NS}">').encode())
    assert len(rows) == 1


def test_what_earth_on_the_web_saves():
    style = (
        '<gx:CascadingStyle xmlns:gx="http://www.google.com/kml/ext/2.2" kml:id="__managed"'
        f' xmlns:kml="{NS}"><Style><IconStyle/></Style></gx:CascadingStyle>'
    )
    made = document(style, mark(attributes=' id="0A1B2C3D4E5F60718293"'))
    rows, problems = kml.read_kml(made)
    assert rows["placemark_id"].iloc[0] == "0A1B2C3D4E5F60718293"
    assert problems == ()
    kml_id = f' xmlns:kml="{NS}" kml:id="CU-009"'
    rows, _ = kml.read_kml(document(mark(attributes=kml_id)))
    assert rows["placemark_id"].iloc[0] == "CU-009"


def test_our_own_evidence_is_not_questioned():
    # A path that closes, far from the region, as part of a saved pack.
    data = '<ExtendedData><Data name="layer"><value>borders</value></Data></ExtendedData>'
    line = "<LineString><coordinates>10,10 11,10 11,11 10,10</coordinates></LineString>"
    rows, problems = kml.read_kml(document(mark(line, more=data)))
    assert len(rows) == 1
    assert problems == ()


def test_repeated_ids_are_said():
    made = document(mark(attributes=' id="a"'), mark(attributes=' id="a"'))
    rows, problems = kml.read_kml(made)
    assert len(rows) == 2
    assert [p.what for p in problems] == ["2 placemarks have the id 'a'"]


def test_a_colon_in_an_id_cuts_no_sentence():
    made = document(*[mark(attributes=' id="Zone: north: 3"')] * 2)
    _, problems = kml.read_kml(made)
    assert problems[0].what == "2 placemarks have the id 'Zone: north: 3'"


def test_what_is_not_followed_is_said():
    link = "<NetworkLink><Link><href>http://example.org/x.kml</href></Link></NetworkLink>"
    _, problems = kml.read_kml(document(link, mark()))
    assert [p.what for p in problems] == ["links to other maps (NetworkLink): 1"]
    assert problems[0].cure == "not followed, nothing was fetched"


OVERLAYS = {
    "GroundOverlay": "<Icon><href>scan.jpg</href></Icon>",
    "ScreenOverlay": "<Icon><href>logo.png</href></Icon>",
    "NetworkLink": "<Link><href>http://example.org/x.kml</href></Link>",
    "PhotoOverlay": "<Icon><href>photo.jpg</href></Icon>",
    "Tour": "<Playlist/>",
}


@pytest.mark.parametrize("kind", OVERLAYS)
def test_the_words_of_what_is_not_followed_are_kept(kind):
    text = (
        "<name>our scan</name><description>&lt;b&gt;extend&lt;/b&gt; it to the east</description>"
    )
    _, problems = kml.read_kml(document(f"<{kind}>{text}{OVERLAYS[kind]}</{kind}>", mark()))
    said = {problem.what: problem.where for problem in problems}
    assert "our scan" in said["its words say: extend it to the east"]
    [counted] = [what for what in said if what.endswith(": 1 (our scan)")]
    assert kind in counted or counted == "tours: 1 (our scan)"


def test_the_place_of_a_photo_is_a_pin_with_its_words():
    photo = (
        "<PhotoOverlay><name>fence</name><description>cut here</description>"
        "<Point><coordinates>61,35.5</coordinates></Point></PhotoOverlay>"
    )
    rows, problems = kml.read_kml(document(photo, mark()))
    pin = rows.query("kind == 'point'").iloc[0]
    assert (pin["name"], pin["description"]) == ("fence", "cut here")
    assert pin["geometry"].equals(shapely.Point(61, 35.5))
    assert [p.what for p in problems] == ["photos (PhotoOverlay): 1 (fence)"]


def test_a_photo_that_says_nothing_is_no_pin():
    photo = "<PhotoOverlay><Point><coordinates>61,35.5</coordinates></Point></PhotoOverlay>"
    rows, problems = kml.read_kml(document(photo, mark()))
    assert counts(rows) == {"placemarks": 1, "read": 1, "unusable": 0}
    assert [p.what for p in problems] == ["photos (PhotoOverlay): 1"]


def test_a_placemark_says_when_and_whom_to_ask_too():
    inside = (
        "<TimeSpan><begin>2027-04-01</begin></TimeSpan><address>12 Mira, Almaty</address>"
        "<phoneNumber>+7 000</phoneNumber><TimeStamp><when>2020</when></TimeStamp>"
    )
    rows, _ = kml.read_kml(document(mark().replace("<Polygon", f"{inside}<Polygon", 1)))
    assert rows["description"].iloc[0] == "2027-04-01 – …\n12 Mira, Almaty\n+7 000"


TABLE = (
    "&lt;table&gt;&lt;tr&gt;&lt;td&gt;Agreed by&lt;/td&gt; &lt;td&gt;KZ, UZ&lt;/td&gt;&lt;/tr&gt;"
    "&lt;tr&gt;&lt;td&gt;Priority&lt;/td&gt;&lt;td&gt;HIGH&lt;/td&gt;&lt;/tr&gt;&lt;/table&gt;see"
)
OWN_DATA = '<ExtendedData><Data name="cu_id"><value>CU-001</value></Data></ExtendedData>'


def test_a_table_pasted_beside_data_of_our_own_is_words():
    """What a GIS wrote it writes of its data; a unit that has them still was pasted something into."""
    described = f"<description>{TABLE}</description>"
    pasted = mark().replace("<Polygon", f"{described}{OWN_DATA}<Polygon", 1)
    rows, problems = kml.read_kml(document(pasted))
    assert rows["description"].iloc[0] == "Agreed by | KZ, UZ\nPriority | HIGH\nsee"
    assert problems == ()
    # what only repeats them, and what a program wrote in place of them, are data
    echo = described.replace("Agreed by", "cu_id")
    rows, _ = kml.read_kml(document(mark().replace("<Polygon", f"{echo}{OWN_DATA}<Polygon", 1)))
    assert rows["description"].iloc[0] == "see"
    rows, problems = kml.read_kml(document(mark().replace("<Polygon", f"{described}<Polygon", 1)))
    assert rows["description"].iloc[0] == "see"
    assert problems[0].what.endswith("(Agreed by: KZ, UZ, Priority: HIGH)")


def test_what_a_database_writes_for_nothing_is_nothing_beside_data_of_our_own():
    empty = mark().replace("<Polygon", f"<description>NULL</description>{OWN_DATA}<Polygon", 1)
    rows, problems = kml.read_kml(document(empty))
    assert (rows["description"].iloc[0], problems) == ("", ())


@pytest.mark.parametrize("parent", [' parent="Placemark"', ""])
def test_placemarks_of_a_schema_are_placemarks(parent):
    """KML 2.0 and 2.1 derive types of their own from <Placemark>."""
    inner = "" if parent else "<parent>Placemark</parent>"
    schema = (
        f'<Schema name="S_units"{parent}>{inner}<SimpleField name="KEY" type="string"/></Schema>'
    )
    typed = mark().replace("Placemark", "S_units").replace("<Polygon", "<KEY>abc</KEY><Polygon", 1)
    rows, problems = kml.read_kml(document(schema, typed, mark()))
    plain, _ = kml.read_kml(document(mark(), mark()))
    assert rows.geometry.to_list() == plain.geometry.to_list()
    assert rows["data"].to_list() == [{"KEY": "abc"}, {}]
    assert problems == ()


def test_a_file_without_placemarks_is_said():
    rows, problems = kml.read_kml(f'<kml xmlns="{NS}"><Document/></kml>'.encode())
    assert len(rows) == 0
    assert list(rows.columns)[-1] == "geometry"
    assert [p.what for p in problems] == ["there is no placemark in it"]


def test_placemarks_of_an_update_are_counted_not_read():
    update = f"<NetworkLinkControl><Update><Change>{mark()}</Change></Update></NetworkLinkControl>"
    rows, problems = kml.read_kml(f"<kml xmlns='{NS}'>{update}</kml>".encode())
    assert counts(rows) == {"placemarks": 1, "read": 0, "unusable": 1}
    assert problems[0].what == "it is inside an Update"


# -- geometry as people draw it --------------------------------------------------------------------


def test_holes_stay_and_altitudes_go():
    hole = "70.2,40.2,9 70.4,40.2,9 70.4,40.4,9 70.2,40.4,9 70.2,40.2,9"
    row, said = read_one(polygon(RING.replace(",0 ", ",1500 "), [hole]))
    assert row["geometry"].equals(SQUARE.difference(box(70.2, 40.2, 70.4, 40.4)))
    assert not row["geometry"].has_z
    assert said == ["altitudes"]


def test_two_rings_in_one_inner_boundary_as_google_earth_writes_them():
    holes = [
        "<LinearRing><coordinates>70.2,40.2 70.3,40.2 70.3,40.3 70.2,40.2</coordinates></LinearRing>",
        "<LinearRing><coordinates>70.6,40.6 70.7,40.6 70.7,40.7 70.6,40.6</coordinates></LinearRing>",
    ]
    inner = f"<innerBoundaryIs>{''.join(holes)}</innerBoundaryIs></Polygon>"
    row, _ = read_one(polygon().replace("</Polygon>", inner))
    assert len(row["geometry"].interiors) == 2


def test_an_unclosed_ring_is_closed_and_said():
    row, said = read_one(polygon("70,40 71,40 71,41 70,41"))
    assert row["geometry"].equals(SQUARE)
    assert said == ["ring closed"]


def test_repeated_points_do_no_harm():
    row, said = read_one(polygon("70,40 70,40 71,40 71,41 71,41 70,41 70,40"))
    assert row["geometry"].equals(SQUARE)
    assert len(row["geometry"].exterior.coords) == 5
    assert said == []


def test_a_bow_tie_is_mended_by_structure_and_said():
    # Two triangles that touch in the middle: neither is lost, as buffer(0) would.
    rows, problems = kml.read_kml(document(mark(polygon("70,40 71,41 71,40 70,41 70,40"))))
    assert len(rows) == 2
    # Half a square degree; the long diagonals follow the great circle, a hair beside the straight.
    assert shapely.area(rows.geometry.values).sum() == pytest.approx(0.5, rel=2e-4)
    assert [(p.what, p.cure) for p in problems] == [("it crossed itself", "mended: 2 parts")]
    assert list(rows["part"]) == [1, 2]


def test_what_mending_leaves_over_has_a_figure_only_where_it_has_ground():
    """The last side runs d past the corner: a right triangle of about d · d ÷ 2 hangs below it.

    0.001° is 111 m, and 85 m from west to east at 40°: half of 111 · 85 m² are 0.47 ha. Of a
    thousandth of that nobody wants to read "3.8e-08 ha".
    """
    said = {}
    for d in (0.001, 0.00003):
        ring = f"70,40 71,40 71,41 70,41 {70 + d},{40 - d} 70,40"
        _, problems = kml.read_kml(document(mark(polygon(ring))))
        said[d] = problems[-1].what
    assert said == {
        0.001: "parts below a hectare and a thousandth of the largest: 1, 0.47 ha in all",
        0.00003: "specks left by the mending, with next to no ground: 1",
    }


def test_a_hole_outside_its_ring_adds_no_area():
    row, said = read_one(polygon(RING, ["80,40 81,40 81,41 80,40"]))
    assert row["geometry"].equals(SQUARE)
    assert said == ["holes outside"]


@pytest.mark.parametrize(
    ("shape", "key"),
    [
        ("", "no geometry"),
        (polygon(""), "no coordinates"),
        (polygon("70,40 71,40 70,40"), "short ring"),
        (polygon("70,40 71,40 72,40 70,40"), "flat outline"),
        ("<Polygon/>", "no outer ring"),
        ("<LineString><coordinates>70,40 70,40</coordinates></LineString>", "short line"),
        (polygon("70,40 171,140 70,141 70,40"), "beyond"),
        (polygon("512345,4651234 522345,4651234 522345,4661234 512345,4651234"), "metres"),
        ("<Model/>", "model"),
        (f"<MultiPolygon>{polygon()}</MultiPolygon>", "odd geometry"),
        ("<LookAt><longitude>70</longitude></LookAt>", "view"),
        (polygon("-180,-90 180,-90 180,90 -180,90 -180,-90", [RING]), "mask"),
        (polygon("70,40 70.000001,40 70.000001,40.000001 70,40"), "speck"),
    ],
)
def test_what_cannot_be_used_is_said(shape, key):
    assert why_unusable(shape) == key


@pytest.mark.parametrize(
    "number",
    ["nan", "inf", "1e999", "1_0", "٧٠", "0x10", "1,5,3,4", "--1", "1e", "", "NaN", "７０"],
)
def test_only_numbers_are_numbers(number):
    assert why_unusable(polygon(f"70,40 {number},40 71,41 70,40")) == "no coordinate"


def test_plain_odd_numbers_are_numbers():
    row, _ = read_one(polygon("+70,4.e1 71,40.,5 7.1e1,.41E2,  70,41,0 70.0,40"))
    assert row["geometry"].equals(SQUARE)


def test_a_space_after_the_comma_is_forgiven():
    ring = "70, 40, 0 70.5, 40, 0 70.5, 40.5, 0 70, 40, 0"
    row, said = read_one(polygon(ring.replace(", 0", ",0")))
    assert row["geometry"].equals(shapely.Polygon([(70, 40), (70.5, 40), (70.5, 40.5)]))
    assert said == []


def test_a_bad_hole_does_not_cost_the_polygon():
    row, said = read_one(polygon(RING, ["70.2,40.2 x,y 70.3,40.3 70.2,40.2"]))
    assert row["geometry"].equals(SQUARE)
    assert said == ["hole dropped"]


def test_one_bad_placemark_does_not_stop_the_rest():
    rows, problems = kml.read_kml(document(mark(), mark(polygon("no")), mark("")))
    assert len(rows) == 1
    assert counts(rows) == {"placemarks": 3, "read": 1, "unusable": 2}
    assert len(problems) == 2


def test_a_path_whose_ends_nearly_meet_is_proposed_as_a_polygon():
    # The gap is 0.1° of 3.9°: 2.6 %.
    row, said = read_one(
        "<LineString><coordinates>70,40 71,40 71,41 70,41 70,40.1</coordinates></LineString>"
    )
    assert row["kind"] == "line"
    assert row["closes"]
    assert said == ["closes"]


def test_a_path_that_closes_over_the_180_meridian_surrounds_ground_on_both_sides():
    # Two degrees wide, one on each side; the gap is 0.1° of 5.9°.
    path = "<LineString><coordinates>{}</coordinates></LineString>".format
    counted_on = "179,60 181,60 181,61 179,61 179,60.1"
    for points in (counted_on, counted_on.replace("181", "-179")):
        rows = kml.read_placemarks(document(mark(path(points))), "f.kml").table
        (row,) = rows.to_dict("records")
        assert row["loops"].bounds == pytest.approx((-180, 60, 180, 61), abs=0.01)
        # sides along great circles bulge a little
        assert row["loops"].area == pytest.approx(2, rel=0.01)
        assert not row["loops"].intersects(shapely.box(-178.9, 60, 178.9, 61))
        assert row["polygons"] is None
    # An open one of the same width is none: its ends are 2° apart, however far the numbers are.
    rows = kml.read_placemarks(document(mark(path("179,60 179,61 -179,61 -179,60"))), "f.kml").table
    assert rows["loops"].isna().all()


def test_an_open_path_stays_a_line():
    row, said = read_one("<LineString><coordinates>70,40 71,40 71,41</coordinates></LineString>")
    assert row["kind"] == "line"
    assert not row["closes"]
    assert said == []


def test_nested_multigeometry_is_unfolded():
    inner = f"<MultiGeometry>{polygon()}</MultiGeometry>"
    point = "<Point><coordinates>70,40</coordinates></Point>"
    nested = f"<MultiGeometry>{inner}<MultiGeometry>{point}</MultiGeometry></MultiGeometry>"
    rows, _ = kml.read_kml(document(mark(nested)))
    assert list(rows["kind"]) == ["polygon", "point"]


def test_the_180_meridian_cuts_a_polygon_in_two():
    # A box from 179° E to 179° W, 2° wide: not one around the whole globe.
    ring = "179,60 -179,60 -179,61 179,61 179,60"
    rows, problems = kml.read_kml(document(mark(polygon(ring))))
    assert len(rows) == 2
    # Two square degrees; its sides of 2° follow the great circle, a little north of the parallel.
    assert shapely.area(rows.geometry.values).sum() == pytest.approx(2.0, rel=2e-3)
    assert (problems[0].what, problems[0].cure) == (
        "it crosses the 180° meridian",
        "cut in two there",
    )
    assert rows.total_bounds[0] == -180


REGION = (35.0, 5.0, 150.0, 70.0)


@pytest.mark.parametrize(
    ("shape", "key"),
    [
        (polygon("40,80 41,80 41,81 40,80"), "outside, turned inside"),
        (polygon("-70,-40 -71,-40 -71,-41 -70,-40"), "outside"),
        # in the Pacific, north of 0: turned round it would lie at latitudes of 170 and more
        (polygon("-172,10 -170,10 -170,12 -172,10"), "outside"),
        (polygon("178,60 186,60 186,61 178,61 178,60"), "outside"),
        ("<Point><coordinates>48,80</coordinates></Point>", "outside"),
    ],
)
def test_what_lies_outside_the_region_asked_about_is_said(shape, key):
    # A pin elsewhere is a pin elsewhere: only shapes are suspected of standing latitude first.
    assert key in notes_of(document(mark(shape)), region=REGION)
    assert key not in notes_of(document(mark(shape)))


def test_latitudes_beyond_90_can_only_be_longitudes():
    row, said = read_one(polygon("41,100 41,101 42,101 42,100 41,100"))
    assert row["geometry"].equals(box(100, 41, 101, 42))
    assert said == ["axes turned"]


@pytest.mark.parametrize(
    "ring", ["70,40 70.001,40 70.001,40.001 70,40", "40,20 140,20 140,60 40,60 40,20"]
)
def test_unlikely_areas_are_said(ring):
    # 0.005 km², and about 38 million km².
    _, said = read_one(polygon(ring))
    assert said[-1] == "unlikely area"


@pytest.mark.parametrize("step", [1, -1])
def test_a_hole_takes_ground_from_an_area_whichever_way_it_was_drawn(step):
    # 50° × 20° less all but a rim: about a million km², and fifteen million with the hole added.
    outer = [(60, 35), (110, 35), (110, 55), (60, 55), (60, 35)]
    inner = [(62, 36), (108, 36), (108, 54.5), (62, 54.5), (62, 36)][::step]
    outer_text, inner_text = (" ".join(f"{x},{y}" for x, y in ring) for ring in (outer, inner))
    _, said = read_one(
        f"<Polygon><outerBoundaryIs><LinearRing><coordinates>{outer_text}</coordinates></LinearRing>"
        f"</outerBoundaryIs><innerBoundaryIs><LinearRing><coordinates>{inner_text}</coordinates>"
        "</LinearRing></innerBoundaryIs></Polygon>"
    )
    assert "unlikely area" not in said


def test_a_hostile_tangle_is_given_up_quickly():
    rng = np.random.default_rng(1)
    xy = rng.uniform((60, 30), (100, 50), (20_000, 2))
    ring = " ".join(f"{x:.5f},{y:.5f}" for x, y in [*xy, xy[0]])
    assert why_unusable(polygon(ring)) in ("too tangled", "too heavy")


# -- damaged text ----------------------------------------------------------------------------------


def test_cp1251_under_a_utf8_header():
    text = document(mark(name="Алтай")).decode()
    rows, problems = kml.read_kml(text.encode("cp1251"))
    assert rows["name"].iloc[0] == "Алтай"
    assert problems[0].what == "its bytes are not UTF-8, as it declares: they are cp1251"


def test_a_few_broken_bytes_do_not_make_it_cyrillic():
    made = document(mark(name="Алтай")).replace("Алтай".encode(), "Алтай".encode() + b"\xff")
    rows, problems = kml.read_kml(made)
    assert rows["name"].iloc[0] == "Алтай\ufffd"
    assert (problems[0].what, problems[0].cure) == ("broken characters: 1", "replaced by '\ufffd'")


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_byte_order_marks_and_utf16(codec):
    text = document(mark(name="Алтай 阿尔泰")).decode()
    rows, _ = kml.read_kml(text.encode(codec))
    assert rows["name"].iloc[0] == "Алтай 阿尔泰"


def test_a_declared_encoding_is_believed():
    declaration = '<?xml version="1.0" encoding="koi8-r"?>'
    text = document(mark(name="Алтай"), declaration=declaration).decode()
    rows, problems = kml.read_kml(text.encode("koi8-r"))
    assert rows["name"].iloc[0] == "Алтай"
    assert problems == ()


def test_an_unknown_encoding_is_said():
    rows, problems = kml.read_kml(document(declaration='<?xml version="1.0" encoding="klingon"?>'))
    assert len(rows) == 1
    assert problems[0].what == "the encoding 'klingon' is unknown"


def test_bare_ampersands_and_html_entities_are_mended():
    rows, problems = kml.read_kml(document(mark(name="Fish & Chips&nbsp;&eacute;&bogus;")))
    assert rows["name"].iloc[0] == "Fish & Chips é&bogus;"
    assert "bare '&' signs" in problems[0].what


def test_control_characters_are_taken_out():
    rows, problems = kml.read_kml(document(mark(name="Al\x0btai&#11;&#x1F; &#65;")))
    assert rows["name"].iloc[0] == "Altai A"
    assert "control characters" in problems[0].what


def test_a_missing_namespace_declaration_is_added():
    shape = polygon().replace("<Polygon>", "<Polygon><gx:drawOrder>1</gx:drawOrder>")
    rows, problems = kml.read_kml(document(mark(shape)))
    assert len(rows) == 1
    assert problems[0].what == "namespace declarations are missing"


@pytest.mark.parametrize(
    "mail",
    [
        lambda text: f"Dear all,\n\nhere it is:\n\n{text}\n\nBest & regards <me@example.org>\n",
        lambda text: "Hello\n> " + text.replace("><", ">\n> <") + "\nBye",
        lambda text: "Hello\n" + text.replace("=", "=3D").replace("<Document>", "<Docu=\nment>"),
        lambda text: "<pre>" + text.replace("&", "&amp;").replace("<", "&lt;") + "</pre>",
    ],
)
def test_kml_pasted_into_a_mail(mail):
    rows, problems = kml.read_kml(mail(document().decode()).encode())
    assert rows.geometry.iloc[0].equals(SQUARE)
    assert "cut out of a mail" in notes_of(mail(document().decode()).encode())
    assert problems


def test_an_attachment_without_a_map_costs_the_mail_no_other():
    mail = EmailMessage()
    mail.set_content("Two files.")
    for name, content in (("a.kmz", zipped(a__txt=b"a")), ("b.kmz", zipped(doc__kml=document()))):
        mail.add_attachment(content, maintype="application", subtype="x", filename=name)
    rows, _ = kml.read_kml(mail.as_bytes())
    assert rows.geometry.iloc[0].equals(SQUARE)
    assert "member refused" in notes_of(mail.as_bytes())


def test_strings_are_cleaned_on_the_way_in():
    name = "<![CDATA[<script>alert(1)</script>\u202e\u200b]]>"
    description = "<description>&lt;img src=x onerror=alert(1)&gt;Hi&lt;script&gt;x()&lt;/script&gt;</description>"
    rows, _ = kml.read_kml(document(mark(name=name, more=description)))
    assert rows["name"].iloc[0] == "<script>alert(1)</script>"  # text; every way out escapes it
    assert rows["description"].iloc[0] == "Hi"


# -- archives --------------------------------------------------------------------------------------


def test_a_kmz_by_any_name(tmp_path):
    path = tmp_path / "group.zip"
    path.write_bytes(zipped(doc__kml=document()))
    rows, problems = kml.read_kml(path)
    assert rows["file"].iloc[0] == "group.zip/doc.kml"
    assert problems == ()


def test_a_kmz_without_doc_kml():
    rows, _ = kml.read_kml(archive([("files/", b""), ("my/places.kml", document())]), name="g.kmz")
    assert rows["file"].iloc[0] == "g.kmz/my/places.kml"


def test_several_kml_in_one_archive_with_doc_kml_first():
    made = archive([("a.kml", document()), ("doc.kml", document()), ("__MACOSX/._a.kml", b"x")])
    rows, problems = kml.read_kml(made, name="g.kmz")
    assert list(rows["file"]) == ["g.kmz/doc.kml", "g.kmz/a.kml"]
    assert problems[0].what == "KML files in one archive: 2"


def test_a_zip_of_kmz_files():
    inner = zipped(doc__kml=document())
    rows, _ = kml.read_kml(archive([("a.kmz", inner), ("b.kmz", inner)]), name="all.zip")
    assert list(rows["file"]) == ["all.zip/a.kmz/doc.kml", "all.zip/b.kmz/doc.kml"]


def test_a_damaged_member_does_not_cost_the_others():
    made = archive([("doc.kml", document()), ("bad.kml", b"<kml><Doc")])
    rows, problems = kml.read_kml(made, name="g.kmz")
    assert len(rows) == 1
    assert any("g.kmz/bad.kml is cut off" in problem.what for problem in problems)


# -- refusals --------------------------------------------------------------------------------------

LOL = (
    '<!DOCTYPE lolz [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]>"
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"f\.kml is empty \(0 bytes\)"),
        (b" \n\x00", r"f\.kml is empty \(3 bytes\)"),
        (document()[:-60], "is cut off at line 1: its end is missing"),
        (document().replace(b"Polygon>", b"Polygo"), "is not well-formed XML at line 1"),
        (b"<html><body/></html>", "is not KML"),
        (b"<osm><Placemark/></osm>", "outermost element is <osm>, <kml> is expected"),
        (b"just words", "is not KML: there is no <kml> in it. .* from a GIS as GeoPackage"),
        (b"{}", "is not KML"),
        (b"SQLite format 3\x00....", "is a GeoPackage or another database, not KML"),
        (b"\x1f\x8b\x08....", "is a gzip archive"),
        (b"%PDF-1.7", "is a PDF"),
        (b"<<<<<<< HEAD\n" + document() + b"\n=======\n", "version-control conflict markers"),
        (
            document().replace(b"<kml", LOL.encode() + b"<kml"),
            "refused: it declares a document type",
        ),
        (
            document().replace(b"<kml", b'<!DOCTYPE k SYSTEM "file:///etc/passwd"><kml'),
            "refused: it declares a document type",
        ),
        (
            ("\ufeff" + document().decode().replace("<kml", LOL + "<kml")).encode("utf-16-le"),
            "refused: it declares a document type",
        ),
        (
            document(declaration="<!-- x --><?pi y?>").replace(b"<kml", b"<!doctype html><kml"),
            "refused: it declares a document type",
        ),
        (
            document("<Folder>" * 150 + mark() + "</Folder>" * 150),
            "nested deeper than 100",
        ),
        (document("<Folder>" * 5000 + "</Folder>" * 5000), "nested too deep"),
        (document(mark(name="x" * 11_000_000)), "longer than 10 MB"),
        # no library's English behind it, on whatever page it is said
        (b"PK\x03\x04 broken", r"is a damaged or cut-off archive\. Save it again"),
        # a photo cannot be saved as KMZ
        (b"\xff\xd8\xff\xe0 JFIF", "is a picture, .*No outline can be read from it: draw it"),
        (b"Rar!\x1a\x07", "is a RAR archive, .*Unpack it"),
        (zipped(doc__kml=document() * 9)[:-40], "is a damaged or cut-off archive"),
        (archive([("readme.txt", b"x")]), "an archive without any KML; it holds readme.txt"),
        (archive([]), "an archive without any KML; it holds nothing"),
        (archive([("../doc.kml", b"x")]), "points out of the archive"),
        (archive([("/etc/doc.kml", b"x")]), "points out of the archive"),
        (archive([("C:/doc.kml", b"x")]), "points out of the archive"),
        (archive([("a\\..\\..\\doc.kml", b"x")]), "points out of the archive"),
        (archive([(f"{i}.kml", b"") for i in range(1001)]), "1001 entries in the archive"),
        (zipped(doc__kml=b"<kml>" + b" " * 30_000_000), "as a zip bomb does"),
    ],
)
def test_refused_with_a_clear_message(content, message):
    with pytest.raises(InputError, match=message) as error:
        kml.read_kml(content, name="f.kml")
    assert len(str(error.value)) < 400


def test_bombs_in_pieces_share_one_budget(monkeypatch):
    monkeypatch.setattr(_containers, "MAX_UNPACKED", 3_000_000)
    made = archive([(f"{i}.kml", b"<kml>" + bytes(1_000_000)) for i in range(4)])
    with pytest.raises(InputError, match="as a zip bomb does"):
        kml.read_kml(made)


def test_a_link_in_an_archive_is_refused():
    entry = zipfile.ZipInfo("doc.kml")
    entry.external_attr = 0o120777 << 16
    with pytest.raises(InputError, match=r"its entry 'doc\.kml' is a link"):
        kml.read_kml(archive([(entry, b"/etc/passwd")]))


def test_an_encrypted_archive_is_refused():
    made = bytearray(zipped(doc__kml=document()))
    made[6] |= 1  # the flag in the local header, and in the directory
    made[made.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(InputError, match=r"is encrypted\. Save it without a password"):
        kml.read_kml(bytes(made))


def test_an_over_large_file_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(_containers, "MAX_FILE", 100)
    path = tmp_path / "big.kml"
    path.write_bytes(document())
    for either in (path, document()):
        with pytest.raises(InputError, match="is too large"):
            kml.read_kml(either)


def test_a_missing_file_is_said_without_its_folder(tmp_path):
    with pytest.raises(InputError, match=r"^none\.kml: there is no such file") as error:
        kml.read_kml(tmp_path / "none.kml")
    assert str(tmp_path) not in str(error.value)
    with pytest.raises(InputError, match="there is no such file"):
        kml.read_kml(tmp_path)


def test_too_many_placemarks_are_refused(monkeypatch):
    monkeypatch.setattr("cami_units.kml._xml.MAX_PLACEMARKS", 3)
    with pytest.raises(InputError, match="more than 3 placemarks"):
        kml.read_kml(document(*[mark()] * 4))


def test_an_impossible_date_in_an_archive_is_read():
    # Google Earth writes 1980-00-00: month and day of the DOS date are zero.
    made = bytearray(zipped(doc__kml=document()))
    for start in (10, made.index(b"PK\x01\x02") + 12):
        made[start : start + 4] = b"\x00\x00\x00\x00"
    rows, _ = kml.read_kml(bytes(made))
    assert len(rows) == 1


# -- anything at all -------------------------------------------------------------------------------


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_rows_or_a_message(content):
    for made in (content, document().replace(b"CU-001", content), document() + content):
        try:
            rows, _ = kml.read_kml(made)
        except InputError:
            continue
        assert rows.attrs["read"] + rows.attrs["unusable"] == rows.attrs["placemarks"]


@given(st.integers(0, 5000), st.integers(0, 255))
@settings(max_examples=60, deadline=None)
def test_any_flipped_byte_of_a_kmz_is_rows_or_a_message(place, byte):
    made = bytearray(zipped(doc__kml=document(mark(), mark(polygon("no")))))
    made[place % len(made)] = byte
    try:
        rows, _ = kml.read_kml(bytes(made))
    except InputError:
        return
    assert rows.attrs["read"] + rows.attrs["unusable"] == rows.attrs["placemarks"]


@given(st.integers(1, 400))
@settings(max_examples=60, deadline=None)
def test_a_file_cut_anywhere_is_never_read_as_whole(cut):
    made = document(mark(name="CU-001"), mark(name="CU-002"))[:-cut]
    begun = made.count(b"<Placemark>")
    ended = made.count(b"</Placemark>")
    if not ended:
        with pytest.raises(InputError, match=r"f\.kml is (?:cut off at line 1|not KML)"):
            kml.read_kml(made, name="f.kml")
        return
    rows, problems = kml.read_kml(made, name="f.kml")
    # What ended before the cut is there; what had only begun is counted, and the loss is said.
    assert counts(rows) == {"placemarks": begun, "read": ended, "unusable": begun - ended}
    assert not rows.attrs["whole"]
    placemarks = "placemark" if begun == 1 else "placemarks"
    told = f"it is cut off at line 1: {ended} of its {begun} {placemarks} could be read"
    assert told in [problem.what for problem in problems]


@pytest.mark.parametrize("path", FOREIGN or [None], ids=lambda p: p.name if p else "absent")
@pytest.mark.reference
@pytest.mark.skipif(not FOREIGN, reason="the KML of others is not beside the checkout")
def test_the_kml_of_others_is_read_or_refused_and_the_counts_add_up(path):
    try:
        rows, _ = kml.read_kml(path)
    except InputError:
        return
    assert rows.attrs["read"] + rows.attrs["unusable"] == count_placemarks(path)
    assert rows.geometry.is_valid.all()
    assert rows["placemark"].nunique() == rows.attrs["read"] or len(set(rows["file"])) > 1


def count_placemarks(path):
    """Placemarks by another reader of XML, that knows nothing of ours."""
    contents = [path.read_bytes()]
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as opened:
            contents = [opened.read(n) for n in opened.namelist() if n.endswith(".kml")]
    parser = etree.XMLParser(recover=True, resolve_entities=False)
    return sum(sum(1 for e in etree.fromstring(c, parser).iter("{*}Placemark")) for c in contents)


OURS = '<ExtendedData><Data name="layer"><value>hotspots</value></Data></ExtendedData>'
CROSSED = "70,40 71,41 71,40 70,41 70,40"


def reading(content, label="a.kml"):
    """All that was read of a file, and all that was noted."""
    made = kml.read_placemarks(content, label)
    return repr(made.table.to_dict("records")), repr(made.notes.to_dict("records"))


def test_evidence_that_ten_groups_hand_in_is_read_alike_in_each_file(monkeypatch):
    file = document(
        mark(more=OURS),
        mark(polygon(CROSSED), more=OURS),  # mended, and said, each time
        mark("", more=OURS),
        mark(name="A"),
    )
    readings = [reading(file), reading(file)]
    known = list(_placemarks._KNOWN)
    assert sum(b"hotspots" in text and RING.encode() in text for text in known) == 1
    assert not any(CROSSED.encode() in text for text in known)
    # the whole row but for where it stands: in another file, folder and line it is the same
    rows = list(_placemarks._KNOWN.values())
    assert {"name", "description", "data", "pieces"} <= set(rows[-1])
    assert not {"file", "folder", "line", "placemark"} & set(rows[-1])
    moved = document("\n<Folder><name>B</name>" + mark(more=OURS) + "</Folder>")
    at_home, away = (kml.read_placemarks(one, "a.kml").table.iloc[0] for one in (file, moved))
    assert (at_home["folder"], away["folder"], away["line"] - at_home["line"]) == ("", "B", 1)
    assert at_home["data"] == away["data"]
    assert at_home["data"] is not away["data"]
    monkeypatch.setattr(_placemarks, "_KNOWN", {})
    readings.append(reading(file))
    assert readings[0] == readings[1] == readings[2]
    assert len(kml.read_placemarks(file, "a.kml").notes) == 2


def test_evidence_that_a_program_gave_another_style_is_read_once(monkeypatch):
    """Google Earth numbers the styles of a file anew when it saves it; what is drawn is the same."""
    monkeypatch.setattr(_placemarks, "_KNOWN", {})
    styles = ("<styleUrl>#exploded1</styleUrl>", "<styleUrl>#msn_ylw-pushpin20</styleUrl>", "")
    plain = document(mark(more=OURS))
    prefixed = plain.replace(b"<kml", b'<kml xmlns:ns92="http://www.opengis.net/kml/2.2"', 1)
    files = [document(mark(more=style + OURS)) for style in styles] + [prefixed]
    tables = [kml.read_placemarks(file, "a.kml").table.drop(columns="file") for file in files]
    assert len(_placemarks._KNOWN) == 1
    assert len({repr(table.to_dict("records")) for table in tables}) == 1
    # words are not style: another description is another placemark, though it reads like markup
    for words in ("xmlns:a=&quot;b&quot;", "&lt;styleUrl&gt;#a&lt;/styleUrl&gt;"):
        described = mark(more=f"<description>Here {words}</description>" + OURS)
        assert "Here" in kml.read_placemarks(document(described), "a.kml").table["description"][0]
    assert len(_placemarks._KNOWN) == 3


def test_what_was_read_of_a_file_is_kept_by_its_content_and_its_name(tmp_path):
    """A bow-tie is mended with a note, a point is a pin: both come back as they were read."""
    pin = "<Point><coordinates>70,40</coordinates></Point>"
    file = document(mark(polygon(CROSSED)), mark(pin))
    unkept = reading(file)
    with keeping(keeper_of(Cache(tmp_path))):
        assert reading(file) == reading(file) == unkept
        assert len(list(tmp_path.glob("placemarks-*.entry"))) == 1
        assert "'label': 'b.kml'" in reading(file, "b.kml")[0]


def test_what_is_there_for_eyes_alone_is_counted_and_has_no_row(tmp_path):
    """Of two borders one was written on, a third has no shape; a copy of the first lies among the units."""
    line = "<LineString><coordinates>{}</coordinates></LineString>"
    more = OURS.replace("hotspots", "borders")
    # its corners are not looked at: elsewhere a longitude of 999 is told
    border = mark(line.format("70,40 999,41"), "border", more, ' id="b"')
    described = mark(line.format("70,40 71,41"), "border", f"<description>Here</description>{more}")
    shown = border + described + mark("", "border", more)
    file = document(f"<Folder><name>Borders</name>{shown}</Folder>", border, mark())

    def read(**options):
        made = kml.read_placemarks(file, "a.kml", **options)
        numbers = made.table["placemark"].tolist(), made.notes.query("placemark > 0")["placemark"]
        return made.n_seen, numbers[0], numbers[1].tolist(), made.notes["key"].tolist()

    def is_only_seen(folder, data):
        return folder == "Borders" and data.get("layer") == "borders"

    assert read()[:3] == (0, [1, 2, 3, 4, 5], [1, 3, 4])
    assert (unkept := read(is_only_seen=is_only_seen))[:3] == (1, [2, 3, 4, 5], [3, 4])
    assert "repeated id" in unkept[3]
    with keeping(keeper_of(Cache(tmp_path))):
        for _ in range(2):
            assert read(is_only_seen=is_only_seen) == unkept
            assert read()[0] == 0


def test_a_file_without_placemarks_has_columns_of_text_each_time_it_is_read(tmp_path):
    file = document("<Folder/>")
    unkept = kml.read_placemarks(file, "a.kml").table
    with keeping(keeper_of(Cache(tmp_path))):
        for _ in range(2):
            table = kml.read_placemarks(file, "a.kml").table
            assert table.dtypes.to_dict() == unkept.dtypes.to_dict()


def test_evidence_of_a_file_heavier_than_any_of_ours_is_not_remembered(monkeypatch):
    pins = (f"<Point><coordinates>{lon},40</coordinates></Point>" for lon in range(70, 80))
    file = document(*(mark(pin, more=OURS) for pin in pins))
    monkeypatch.setattr(_placemarks, "_KNOWN", {})
    kml.read_placemarks(file, "a.kml")
    assert len(_placemarks._KNOWN) == 10
    monkeypatch.setattr(_placemarks, "_MOST_KNOWN", len(file) // 2)
    assert len(kml.read_placemarks(file, "a.kml").table) == 10
    assert not _placemarks._KNOWN
