"""The lint: every rule of both profiles, on our files, on bad ones, and on other people's."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from cami_units import kml, words
from cami_units.kml import _lint
from cami_units.model import InputError

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "kml"
FOREIGN = sorted(CORPUS.rglob("*.km[lz]"))
NS = "http://www.opengis.net/kml/2.2"
RING = "70,40 71,40 71,41 70,41 70,40"


def polygon(ring=RING):
    return (
        "<Polygon><outerBoundaryIs><LinearRing>"
        f"<coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon>"
    )


def mark(shape=None, name="Altai", before="", attributes=""):
    return f"<Placemark{attributes}><name>{name}</name>{before}{polygon() if shape is None else shape}</Placemark>"


def document(*body, style=""):
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="{NS}">\n<Document>{style}<Folder>'
        f"<name>Units</name>\n{''.join(body) or mark()}</Folder></Document></kml>\n"
    ).encode()


def packed(*entries):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name), content)  # no clock in the ids of tests
    return buffer.getvalue()


def found(content, profile="earth-pro"):
    return kml.lint_kml(content, profile=profile)


def rules(content, profile="earth-pro"):
    return set(found(content, profile)["rule"])


def icon(href):
    return f'<Style id="s"><IconStyle><Icon><href>{href}</href></Icon></IconStyle></Style>'


def balloon(text):
    return f'<Style id="s"><BalloonStyle><text><![CDATA[{text}]]></text></BalloonStyle></Style>'


@pytest.mark.parametrize("profile", ["earth-pro", "earth-web"])
def test_a_sound_file_has_no_findings(profile):
    table = found(document(), profile)
    assert list(table.columns) == list(_lint.COLUMNS)
    assert table.empty
    assert found(packed(("doc.kml", document())), profile).empty


CASES = [
    # rule, level, content
    ("well-formed", "error", document()[:-20]),
    ("readable", "error", b""),
    ("readable", "error", b"PK\x03\x04 broken"),
    ("readable", "error", b"<html/>"),
    ("readable", "error", document().replace(b"<kml", b"<!DOCTYPE k [<!ENTITY a 'b'>]><kml")),
    ("namespace", "error", document().replace(NS.encode(), b"http://earth.google.com/kml/2.1")),
    ("schema", "error", document(mark(before="<bogus/>"))),
    ("schema", "error", document(f"<Placemark>{polygon()}<name>late</name></Placemark>")),
    ("network-link", "error", document("<NetworkLink><Link/></NetworkLink>")),
    ("remote-href", "error", document(style=icon("http://example.org/a.png"))),
    ("remote-href", "error", document(style=balloon('<img src="https://example.org/a.png">'))),
    ("local-href", "error", document(style=icon("file:///C:/a.png"))),
    ("local-href", "error", document(style=icon("C:\\a.png"))),
    ("local-href", "error", document(style=icon("/home/me/a.png"))),
    ("local-href", "error", document(style=icon("files/a.png"))),
    ("missing-file", "error", packed(("doc.kml", document(style=icon("files/a.png"))))),
    (
        "missing-file",
        "error",
        packed(("doc.kml", document(style=icon("../a.png"))), ("a.png", b"")),
    ),
    ("style-missing", "warning", document(mark(before="<styleUrl>#none</styleUrl>"))),
    ("id-ncname", "error", document(mark(attributes=' id="7"'))),
    ("id-unique", "error", document(mark(attributes=' id="a"'), mark(attributes=' id="a"'))),
    ("name-clean", "error", document(mark(name="Al\u202etai"))),
    ("name-clean", "error", document(mark(name="Al\u0085tai"))),
    ("name-clean", "warning", document(mark(name="Tie\u0302n"))),
    (
        "colour",
        "error",
        document(style='<Style id="s"><LineStyle><color>#ff0000</color></LineStyle></Style>'),
    ),
    ("coordinates", "error", document(mark(polygon("70,40 x,y 71,41 70,40")))),
    ("coordinates", "error", document(mark(polygon("")))),
    ("range", "error", document(mark(polygon("70,40 190,40 71,41 70,40")))),
    ("range", "error", document(mark(polygon("40,100 41,100 41,101 40,100")))),
    ("ring-closed", "error", document(mark(polygon("70,40 71,40 71,41 70,41")))),
    ("ring-points", "error", document(mark(polygon("70,40 71,40 70,40 70,40")))),
    ("ring-winding", "warning", document(mark(polygon("70,40 70,41 71,41 71,40 70,40")))),
    ("script", "error", document(style=balloon("<script>alert(1)</script>"))),
    ("script", "error", document(style=balloon("<a href='javascript:x()'>"))),
    ("script", "error", document(style=balloon("<img src=x onerror=alert(1)>"))),
    (
        "script",
        "error",
        document(mark(before="<description>&lt;iframe src='a'&gt;</description>")),
    ),
    ("doc-first", "error", packed(("a.png", b""), ("doc.kml", document()))),
    ("several-kml", "warning", packed(("doc.kml", document()), ("b.kml", document()))),
]


@pytest.mark.parametrize(("rule", "level", "content"), CASES)
def test_each_rule_bites(rule, level, content):
    table = found(content)
    hit = table[table["rule"] == rule]
    assert set(hit["level"]) == {level}
    assert (hit["what"] != "").all()
    assert (hit["cure"] != "").all()


def test_every_rule_has_a_test_and_a_cure():
    tested = {rule for rule, _, _ in CASES}
    elsewhere = {
        "declaration", "web-element", "ring-vertices", "features", "vertices", "bytes",
        "unit-polygons", "unit-vertices", "unit-shape", "layers", "shape", "style-hash", "web-own",
    }  # fmt: skip
    cured = {key for key in words.catalogue() if key.startswith("lint cure ")}
    assert {f"lint cure {rule}" for rule in tested | elsewhere} == cured


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_what_is_found_and_its_cure_are_said_in_the_language_asked_for(lang):
    for _, _, content in CASES:
        told = kml.lint_kml(content, profile="earth-pro", lang=lang)
        english = found(content)
        # codes and places are for programs, and the same in all languages
        codes = ["level", "rule", "placemark", "folder", "line"]
        assert told[codes].equals(english[codes])
        for now, then in zip(told.itertuples(), english.itertuples(), strict=True):
            # the parser of XML says what it says in its own words
            own_words = now.rule in ("well-formed", "schema")
            for one, other in ((now.what, then.what), (now.cure, then.cure)):
                assert "{n" not in one
                is_same = lang == "en" or (own_words and one == now.what)
                assert (one == other) == is_same, one


def test_a_style_without_its_sign():
    content = document(mark(before="<styleUrl>s</styleUrl>"), style=icon("files/i.png"))
    assert "style-hash" in rules(content)
    assert "style-hash" not in rules(content.replace(b">s<", b">#s<"))


@pytest.mark.parametrize(
    ("ring", "hole", "is_bad"),
    [
        (RING, "", False),
        ("70,40 71.5,41 71,40 70,41 70,40", "", True),
        ("70,40 71,40 72,40 70,40", "", True),
        (RING, "80,40 81,40 81,41 80,40", True),
        (RING, RING, True),
        ("178,66 -174,66 -174,68 178,68 178,66", "", False),
    ],
)
def test_what_the_reader_would_have_to_mend_is_found(ring, hole, is_bad):
    shape = polygon(ring)
    if hole:
        inner = f"<innerBoundaryIs><LinearRing><coordinates>{hole}</coordinates></LinearRing></innerBoundaryIs>"
        shape = shape.replace("</Polygon>", f"{inner}</Polygon>")
    assert ("shape" in rules(document(mark(shape)))) == is_bad
    # A ring over the 180° meridian turns as it is drawn, not as its numbers run.
    assert "ring-winding" not in rules(document(mark(shape))) or is_bad


def test_a_space_in_a_link_may_be_written_as_percent_20():
    content = document(mark(), style=icon("files/my%20icon.png"))
    assert "missing-file" not in rules(packed(("doc.kml", content), ("files/my icon.png", b"x")))
    assert "missing-file" in rules(packed(("doc.kml", content), ("files/other.png", b"x")))


def test_what_earth_on_the_web_writes_itself_is_called_so():
    style = (
        '<gx:CascadingStyle xmlns:gx="http://www.google.com/kml/ext/2.2" '
        f'xmlns:kml="{NS}" kml:id="s"><Style/></gx:CascadingStyle>'
    )
    table = found(document(mark(), style=style), "earth-web")
    assert "web-own" in set(table["rule"])
    assert "web-element" not in set(table["rule"])


def test_a_file_that_earth_on_the_web_saved_is_fit_for_it():
    # its own styles, and ids of twenty hexadecimal digits that begin with a digit: neither follows the
    # schema, and Google Earth on the web reads both again
    style = (
        '<gx:CascadingStyle xmlns:gx="http://www.google.com/kml/ext/2.2" '
        f'xmlns:kml="{NS}" kml:id="s"><Style/></gx:CascadingStyle>'
    )
    content = document(mark(), style=style)
    own_id = b'<Placemark id="0A1B2C3D4E5F60718293">'
    content = (content if isinstance(content, bytes) else content.encode()).replace(
        b"<Placemark>", own_id, 1
    )
    assert own_id in content
    table = found(content, "earth-web")
    assert set(table["level"]) == {"warning"}
    assert table["rule"].tolist() == ["web-own"]
    # on the desktop both stay faults, and another id that is no XML name is one everywhere
    assert {"schema", "id-ncname"} <= set(found(content)["rule"])
    other = content.replace(b"0A1B2C3D4E5F60718293", b"0A1B")
    assert "id-ncname" in set(found(other, "earth-web")["rule"])


@pytest.mark.parametrize(
    ("ring", "hole", "words_said"),
    [
        ("70,40 71,40 72,40 70,40", "", "lies on one line and has no area"),
        (
            "70,40 71,40 71,41 70,41 70,40",
            "70,40 71,40 71,41 70,41 70,40",
            "its holes take all of its area",
        ),
        ("70,40 71,41 71,40 70,41 70,40", "", "it crossed itself"),
    ],
)
def test_a_polygon_without_area_is_told_by_its_cause(ring, hole, words_said):
    shape = polygon(ring)
    if hole:
        inner = f"<innerBoundaryIs><LinearRing><coordinates>{hole}</coordinates></LinearRing></innerBoundaryIs>"
        shape = shape.replace("</Polygon>", f"{inner}</Polygon>")
    table = found(document(mark(shape)))
    assert any(words_said in what for what in table.loc[table["rule"] == "shape", "what"])


def test_a_meta_tag_is_no_script_unless_it_leads_away():
    harmless = '<META http-equiv="Content-Type" content="text/html">'
    assert "script" not in rules(document(mark(), style=balloon(harmless)))
    leading = balloon('<meta http-equiv="refresh" content="0;url=x">')
    assert "script" in rules(document(mark(), style=leading))


def test_a_finding_says_where():
    bad = document(mark(), mark(polygon("70,40 71,40 71,41 70,41"), name="CU-002  Gobi"))
    (row,) = found(bad).to_dict("records")
    assert row["placemark"] == "CU-002 Gobi"
    assert row["folder"] == "Units"
    assert row["line"] == 4
    assert row["rule"] == "ring-closed"
    assert row["cure"] == "Repeat the first point of the ring at its end."


def test_a_schema_fault_names_its_placemark():
    (row,) = found(document(mark(before="<visibility>maybe</visibility>"))).to_dict("records")[:1]
    assert row["rule"] == "schema"
    assert row["placemark"] == "Altai"
    assert "maybe" in row["what"]
    assert "{http" not in row["what"]


@pytest.mark.parametrize(
    "declaration",
    [b"", b"<?xml version='1.0' encoding='UTF-8'?>\n", b'<?xml version="1.0" encoding="UTF-8"?>'],
)
def test_the_web_wants_its_declaration(declaration):
    made = document().replace(b'<?xml version="1.0" encoding="UTF-8"?>\n', declaration)
    assert rules(made) == set()
    assert rules(made, "earth-web") == {"declaration"}


def test_the_web_takes_only_its_elements():
    multi = f"<MultiGeometry>{polygon()}{polygon()}</MultiGeometry>"
    made = document(mark(multi), mark(multi))
    assert rules(made) == set()
    (row,) = found(made, "earth-web").to_dict("records")
    assert row["rule"] == "web-element"
    assert row["what"] == "2 × <MultiGeometry>"


def test_no_gx_in_the_web():
    gx = '<gx:Tour xmlns:gx="http://www.google.com/kml/ext/2.2"><name>t</name></gx:Tour>'
    assert "web-element" in rules(document(mark(), gx), "earth-web")


def unit(shape, data="cu_id"):
    before = f'<ExtendedData><Data name="{data}"><value>CU-1</value></Data></ExtendedData>'
    return mark(shape, before=before)


def circle(n):
    angles = np.linspace(0, 2 * np.pi, n)
    return " ".join(f"{70 + np.cos(a):.5f},{40 + np.sin(a):.5f}" for a in angles[:-1]) + " 71,40"


def test_units_are_light_and_plain():
    assert rules(document(unit(polygon(circle(140))))) == set()
    assert rules(document(unit(polygon(circle(160))))) == {"unit-vertices"}
    assert rules(document(unit(polygon(circle(160)), data="layer"))) == set()
    # a cap round the pole, as files have it: cut along 180°, a vertex a degree for straight sides
    side = [f"{lon},{80 + lon % 2}" for lon in range(-180, 181)]
    cap = " ".join([*side, *(f"{lon},90" for lon in range(180, -181, -1)), side[0]])
    assert "unit-vertices" not in rules(document(unit(polygon(cap))))
    multi = f"<MultiGeometry>{polygon()}</MultiGeometry>"
    assert rules(document(unit(multi))) == {"unit-shape"}


def test_a_ring_past_thirty_thousand_vertices():
    assert "ring-vertices" in rules(document(mark(polygon(circle(31_000)))))


def test_budgets(monkeypatch):
    for limit in ("MAX_FEATURES", "MAX_VERTICES", "MAX_WEB_VERTICES", "MAX_UNIT_POLYGONS"):
        monkeypatch.setattr(_lint, limit, 1)
    monkeypatch.setattr(_lint, "MAX_BYTES", 100)
    made = document(unit(polygon()), unit(polygon()))
    table = found(made).set_index("rule")["level"].to_dict()
    assert table == {
        "features": "error",
        "vertices": "warning",
        "unit-polygons": "warning",
        "bytes": "warning",
    }
    assert found(made, "earth-web").set_index("rule")["level"]["vertices"] == "error"


def test_at_most_six_layers_are_on():
    def folder(on):
        return f"<Folder><name>f</name><visibility>{on}</visibility>{mark()}</Folder>"

    assert rules(document(*[folder(1)] * 6)) == set()
    assert rules(document(*[folder(1)] * 7)) == {"layers"}
    assert rules(document(*[folder(1)] * 6, *[folder(0)] * 9)) == set()


def test_relative_files_inside_the_archive_are_fine():
    entries = ("doc.kml", document(style=icon("files/a.png"))), ("files/a.png", b"")
    assert rules(packed(*entries)) == set()


def test_findings_past_a_hundred_are_counted():
    made = document(*[mark(polygon("70,40 71,40 71,41 70,41"))] * 130)
    table = found(made)
    assert len(table) == 101
    assert table["what"].iloc[-1] == "and 30 more"


def test_errors_come_first():
    made = document(
        mark(polygon("70,40 70,41 71,41 71,40 70,40")),
        mark(polygon("70,40 71,40 71,41 70,41")),
    )
    assert list(found(made)["level"]) == ["error", "warning"]


def test_an_unknown_profile_is_refused():
    with pytest.raises(InputError, match=r"Profile 'earth-wed' is unknown.*mean 'earth-web'"):
        found(document(), "earth-wed")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no\.kml: there is no such file"):
        kml.lint_kml(tmp_path / "no.kml")


def test_hostile_markup_is_judged_in_time():
    # Matched carelessly, these would run for hours: the test would never end.
    for text in ("<" * 200_000, "<a " * 100_000, "< " * 100_000, "on" * 100_000, " on" * 60_000):
        assert found(document(style=balloon(text))).empty


@pytest.mark.reference
@pytest.mark.skipif(not FOREIGN, reason="the KML of others is not beside the checkout")
@pytest.mark.parametrize("profile", ["earth-pro", "earth-web"])
def test_anybodys_kml_is_judged(profile):
    for path in FOREIGN:
        table = kml.lint_kml(path, profile=profile)
        assert set(table["level"]) <= {"error", "warning"}
        assert (table["line"] >= 0).all()


@pytest.mark.parametrize(
    ("name", "profile"),
    [
        ("conservation_units_web.kmz", "earth-web"),
        ("edit_S1_web (2).kmz", "earth-web"),
        ("web.kml", "earth-pro"),
        ("cobweb.kml", "earth-pro"),
        ("edit_S1.kmz", "earth-pro"),
    ],
)
def test_a_file_is_held_against_the_program_that_it_is_called_after(name, profile):
    document = f'<kml xmlns="{NS}"><Document/></kml>'.encode()
    assert kml.lint_kml(document, name=name).attrs["profile"] == profile
    # what only Google Earth on the web writes tells its files whatever they are called
    style = b'<gx:CascadingStyle xmlns:gx="http://www.google.com/kml/ext/2.2"/>'
    of_web = document.replace(b"<Document/>", b"<Document>" + style + b"</Document>")
    assert kml.lint_kml(of_web, name=name).attrs["profile"] == "earth-web"
    assert kml.lint_kml(of_web, name=name, profile="earth-pro").attrs["profile"] == "earth-pro"
