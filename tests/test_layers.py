"""GIS layers in: every format, every dialect, every fault with its cure."""

from __future__ import annotations

import re
import struct
import time
import tomllib
import warnings
import zipfile
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPoint, MultiPolygon, Point, Polygon, box

from cami_units import layers, overlap
from cami_units.layers import TaxonRule, _layer_rows, _layer_survey
from cami_units.layers._dialects import RED_LIST, clean_text, code, iso2, legend_codes
from cami_units.layers._layer_tables import CODES
from cami_units.layers._sheets import with_state_names
from cami_units.layers._taxa import names_of
from cami_units.model import (
    EQUAL_AREA,
    ISO2,
    LAYERS,
    PRESENCE,
    InputError,
    check_table,
    data_dir,
    same_crs,
)
from tests.test_kml_read import document, mark, polygon

SHARED = Path(__file__).resolve().parents[2] / "shared"
STATES = layers.STATES
SAIGA = box(60, 45, 64, 47)


def ranges(rows, **columns) -> gpd.GeoDataFrame:
    """A made-up Red List file: rows of (name, presence, shape)."""
    table = {
        "sci_name": [row[0] for row in rows],
        "presence": [row[1] for row in rows],
        "origin": [1] * len(rows),
        "seasonal": [1] * len(rows),
        **columns,
    }
    return gpd.GeoDataFrame(table, geometry=[row[2] for row in rows], crs="EPSG:4326")


def written(path: Path, table: gpd.GeoDataFrame, **options) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what GDAL thinks of the faults we write on purpose
        table.to_file(path, **options)
    return path


OTHERS = ["hotspots", "protected_areas", "barriers", "corridors", "sections", "gazetteer"]


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """A survey of what a test brings, on coarse borders and few bundled ranges: quick."""
    path = tmp_path_factory.mktemp("borders") / "coarse.parquet"
    countries = gpd.read_file(data_dir() / "boundaries" / "countries.geojson")
    coarse = shapely.coverage_simplify(countries.geometry.to_numpy(), 0.05)
    countries.set_geometry(coarse, crs=countries.crs).to_parquet(path)
    base = {**dict.fromkeys(OTHERS, ()), "countries": [path], "disputed": ()}

    ranges = replace(LAYERS["ranges"], files="ranges/[LSU]*.geojson")  # lynx, saiga, bear
    few = {**LAYERS, "ranges": ranges}

    def surveyed(**options):
        sources = {**base, **options.pop("sources", {})}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_layer_rows, "LAYERS", few)
            states = options.pop("states", STATES)
            return layers.survey_layers(layers.Reading(states=states, sources=sources, **options))

    return surveyed


def sentences(problems, level=None) -> str:
    return "\n".join(one.sentence() for one in problems if level in (None, one.level))


@pytest.fixture(scope="module")
def bundled():
    return layers.read_layers(layers.Reading(states=STATES))


# -- the bundled layers ---------------------------------------------------------------------------


def test_every_bundled_table_keeps_its_promise(bundled):
    for name in ["ranges", "features", "countries", "borders", "disputed", *OTHERS]:
        table = getattr(bundled, name)
        check_table(table, name, crs=EQUAL_AREA)
        assert table.is_valid.all(), name
        assert table.index.tolist() == list(range(len(table))), name
    check_table(bundled.species, "species")
    assert len(bundled.species) == 18
    assert len(bundled.ranges) == 143
    assert len(bundled.hotspots) == 44
    assert bundled.countries["range_state"].dtype == bool
    assert sorted(bundled.countries.loc[bundled.countries["range_state"], "iso2"]) == list(STATES)


def test_nothing_refuses_in_the_bundled_layers_and_what_is_left_out_is_said(bundled):
    text = sentences(bundled.problems)
    assert "refuses" not in {one.level for one in bundled.problems}
    assert "with presence 3 (possibly extant): supporting species only" in text
    assert "with presence 5 (extinct): left out of the features" in text
    assert "130 of 143 range parts are kept (presence 1, 2; origin 1, 2, 6;" in text
    assert "clipped to the 14 range states" in text
    assert "Lynx lynx" in text


def test_the_use_of_each_part_follows_from_its_codes(bundled):
    table = bundled.ranges
    assert set(table.loc[table["use"] == "kept", "presence"]) == {1}
    assert set(table.loc[table["presence"] == 3, "use"]) == {"supporting"}
    assert set(table.loc[table["presence"] > 3, "use"]) == {"left out"}
    assert len(layers.kept(table)) + int(table["use"].eq("supporting").sum()) + (
        table["use"] == "left out"
    ).sum() == len(table)


def test_a_feature_is_smaller_than_the_sum_of_its_overlapping_parts(bundled):
    kept = layers.kept(bundled.ranges)
    parts = kept.area.groupby(kept["sci_name"]).sum() / 1e6
    whole = bundled.features.set_index("sci_name")["range_km2"]
    assert (whole <= parts * (1 + 1e-9)).all()
    assert (whole < parts * 0.999).any()
    assert np.allclose(bundled.features.area / 1e6, whole.to_numpy(), rtol=1e-12)


def test_every_file_has_a_line_of_its_own(bundled):
    names = [(one["layer"], one["file"]) for one in bundled.sources]
    assert len(set(names)) == len(names)
    for one in bundled.sources:
        assert len(one["sha256"]) == 64
        assert one["rows"] == one["kept"] + one["dropped"]
        assert "/" not in one["file"]
        assert one["bundled"]
        assert not one["restricted"]


def test_two_readings_are_the_same_to_the_last_bit(bundled):
    again = layers.read_layers(layers.Reading(states=STATES))
    for name in ("ranges", "features", "countries", "borders", "hotspots", "protected_areas"):
        one, other = getattr(bundled, name), getattr(again, name)
        assert one.to_wkb().equals(other.to_wkb())


# -- formats --------------------------------------------------------------------------------------

TWO = [("Saiga tatarica", 1, SAIGA), ("Ovis ammon", 1, box(90, 46, 92, 48))]


PLACES = gpd.GeoDataFrame(
    {"Name": ["b", "a"], "HOTSPOT_ID": ["H2", "H1"]},
    geometry=[SAIGA, box(90, 46, 92, 48)],
    crs="EPSG:4326",
)


def write_as(kind: str, folder: Path) -> Path:
    table = PLACES
    if kind in ("shp", "gpkg", "geojson", "json", "fgb"):
        driver = {"json": {"driver": "GeoJSON"}}.get(kind, {})
        return written(folder / f"mine.{kind}", table, **driver)
    if kind in ("parquet", "geoparquet"):
        table.to_parquet(folder / f"mine.{kind}")
        return folder / f"mine.{kind}"
    if kind == "SHP":  # as Windows software names them
        written(folder / "mine.shp", table)
        for file in list(folder.iterdir()):
            file.rename(file.with_suffix(file.suffix.upper()))
        return folder / "mine.SHP"
    if kind == "folder":
        written(folder / "a.geojson", table[:1])
        (folder / "sub").mkdir()
        written(folder / "sub" / "b.gpkg", table[1:])
        (folder / "readme.txt").write_text("not a layer")
        return folder
    if kind == "glob":
        written(folder / "a1.geojson", table[:1])
        written(folder / "a2.geojson", table[1:])
        return folder / "a?.geojson"
    parts = [written(folder / f"x_part{at + 1}.shp", table[at : at + 1]) for at in (0, 1)]
    archive = folder / "download.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for part in parts:
            for file in sorted(folder.glob(f"{part.stem}.*")):
                target.write(file, f"MAMMALS/{file.name}")
        target.writestr("__MACOSX/._x_part1.shp", b"nonsense")
        target.writestr("readme.pdf", b"%PDF")
    if kind == "zip":
        return archive
    nested = folder / "outer.zip"
    with zipfile.ZipFile(nested, "w") as target:
        target.write(archive, "inner_0.zip")
    return nested


@pytest.mark.parametrize(
    "kind",
    [
        *("shp", "SHP", "gpkg", "geojson", "json", "fgb", "parquet", "geoparquet"),
        *("folder", "glob", "zip", "nested"),
    ],
)
def test_every_format_gives_the_same_hotspots(tmp_path, kind):
    found = layers.read_hotspots(write_as(kind, tmp_path))
    expected = layers.to_equal_area(PLACES).area.to_numpy()[::-1]
    assert found["hotspot_id"].tolist() == ["H1", "H2"]
    assert found["name_en"].tolist() == ["a", "b"]
    assert found.area.to_numpy() == pytest.approx(expected, rel=1e-9)


def test_a_geopackage_is_read_where_it_fits(tmp_path, survey):
    path = tmp_path / "all.gpkg"
    written(path, ranges(TWO), layer="range data")
    points = gpd.GeoDataFrame({"n": [1]}, geometry=[Point(60, 45)], crs="EPSG:4326")
    written(path, points, layer="sightings")
    other = gpd.GeoDataFrame({"n": [1]}, geometry=[SAIGA], crs="EPSG:4326")
    written(path, other, layer="study area")
    found, problems, _ = survey(sources={"ranges": [path]})
    assert found is not None, sentences(problems)
    said = sentences(problems, "note")
    assert "other layers of the file are passed over: sightings (all.gpkg)" in said
    assert "has not the columns of this layer and is passed over (all.gpkg: study area)" in said


def test_a_layer_of_our_own_name_is_preferred(tmp_path, survey):
    path = tmp_path / "round.gpkg"
    written(path, ranges([("Saiga tatarica", 1, SAIGA)]), layer="ranges_used")
    written(path, ranges([("Saiga tatarica", 1, box(70, 45, 71, 46))]), layer="features")
    found, _, sources = survey(sources={"ranges": [path]})
    assert next(one for one in sources if one["file"] == "round.gpkg")["rows"] == 1
    assert layers.kept(found.ranges).query("sci_name == 'Saiga tatarica'").shape[0] == 1


def test_hotspots_come_from_google_earth_too(tmp_path, survey):
    path = tmp_path / "drawn.kml"
    ring = "70,40 72,40 72,42 70,42 70,40"
    other = "80,40 81,40 81,41 80,41 80,40"
    shape = "<Polygon><outerBoundaryIs><LinearRing><coordinates>{}</coordinates></LinearRing></outerBoundaryIs></Polygon>"
    path.write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Folder><name>mine</name>'
        f"<Placemark><name>Алай</name>{shape.format(ring)}</Placemark>"
        f"<Placemark><name>Two parts</name><MultiGeometry>{shape.format(other)}"
        f"{shape.format('82,40 83,40 83,41 82,41 82,40')}</MultiGeometry></Placemark>"
        "<Placemark><name>pin</name><Point><coordinates>70,40</coordinates></Point></Placemark>"
        "</Folder></Document></kml>",
        encoding="utf-8",
    )
    found, problems, _ = survey(sources={"hotspots": [path]})
    assert found is not None, sentences(problems)
    assert found.hotspots["name_en"].tolist() == ["Two parts", "Алай"]
    assert found.hotspots["hotspot_id"].tolist() == ["HS001", "HS002"]  # in order of names
    # and told in that order, though "Алай" stands first in the file
    assert "numbered in order of their names (HS001, HS002)" in sentences(problems)
    assert found.hotspots.geom_type.tolist() == ["MultiPolygon", "Polygon"]
    assert "point geometry where a polygon is expected: left out (drawn.kml, pin (row 3))" in (
        sentences(problems)
    )


# -- what cannot be read --------------------------------------------------------------------------


def broken(kind: str, folder: Path) -> Path:
    path = folder / "bad"
    if kind == "missing":
        (folder / "good.gpkg").touch()
        return folder / "god.gpkg"
    if kind == "empty":
        path = folder / "bad.gpkg"
        path.touch()
    elif kind == "truncated":
        path = written(folder / "bad.gpkg", ranges(TWO))
        path.write_bytes(path.read_bytes()[:5000])
    elif kind == "no shx":
        path = written(folder / "bad.shp", ranges(TWO))
        (folder / "bad.shx").unlink()
    elif kind == "not a zip":
        path = folder / "bad.zip"
        path.write_bytes(b"PK nonsense")
    elif kind == "zip without layers":
        path = folder / "bad.zip"
        with zipfile.ZipFile(path, "w") as target:
            target.writestr("readme.txt", b"sorry")
    elif kind == "zip slip":
        path = folder / "bad.zip"
        with zipfile.ZipFile(path, "w") as target:
            target.writestr("../evil.geojson", b"{}")
    elif kind == "parquet":
        path = folder / "bad.parquet"
        pd.DataFrame({"a": [1]}).to_parquet(path)
    elif kind == "json":
        path = folder / "bad.geojson"
        path.write_text('{"type": "FeatureCollection", "features": [{"type"')
    elif kind == "other":
        path = folder / "bad.docx"
        path.write_bytes(b"PK")
    elif kind == "no files":
        path = folder / "bad"
        path.mkdir()
    elif kind == "long name":
        path = folder / f"{300 * 'b'}.gpkg"
    return path


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("missing", r"nothing is found under this name; its folder holds good.gpkg \(god.gpkg\)"),
        ("empty", r"cannot be read: the file is empty \(bad.gpkg\)\. Get it once more"),
        ("truncated", r"cannot be read: .*\(bad.gpkg\)\. Open it in a GIS"),
        ("no shx", r"\(bad.shp\)\. Its .shx file is missing"),
        ("not a zip", r"cannot be read: File is not a zip file \(bad.zip\)"),
        ("zip without layers", r"the archive holds no file of a kind that is read"),
        ("zip slip", r"the archive has members that point outside it"),
        ("parquet", r"cannot be read: .*\(bad.parquet\)"),
        ("json", r"cannot be read: .*\(bad.geojson\)"),
        ("other", r"a file of this kind is not read here \(bad.docx\)\. Give one of .shp"),
        ("no files", r"the folder holds no file of a kind that is read"),
        ("long name", r"hotspots: cannot be read: .*name too long"),
    ],
)
def test_what_cannot_be_read_is_named_with_a_cure(tmp_path, kind, said):
    with pytest.raises(InputError, match=said) as error:
        layers.read_hotspots(broken(kind, tmp_path))
    assert str(tmp_path) not in str(error.value)


def test_all_refusals_come_in_one_error(tmp_path):
    sources = {"ranges": [tmp_path / "a.shp"], "hotspots": [tmp_path / "b.kml"], "countries": []}
    with pytest.raises(InputError, match=r"(?s)3 problems stop the work:.*a\.shp.*b\.kml") as error:
        layers.read_layers(layers.Reading(sources=sources))
    assert "this layer cannot be left out" in str(error.value)


def test_an_unknown_layer_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r"No such layer: hotspot\..*Did you mean 'hotspots'"):
        layers.survey_layers(layers.Reading(sources={"hotspot": None}))


def test_curves_become_lines_and_surfaces_of_3d_models_are_called_what_they_are(tmp_path, survey):
    # WKB by hand, for GEOS has no such types: a circle of radius 2° around 72° E 40° N as one arc, and a
    # polyhedral surface of one triangle, as a multipatch of ArcGIS arrives.
    def points(*xy):
        return struct.pack("<I", len(xy)) + b"".join(struct.pack("<2d", *one) for one in xy)

    arc = struct.pack("<BI", 1, 8) + points((70, 40), (74, 40), (70, 40))
    circle = struct.pack("<BII", 1, 10, 1) + arc
    triangle = struct.pack("<BII", 1, 3, 1) + points((84, 40), (85, 40), (85, 41), (84, 40))
    patch = struct.pack("<BII", 1, 15, 1) + triangle
    pyogrio.raw.write(
        tmp_path / "ranges.fgb",
        np.array([circle, patch], dtype=object),
        [np.array(["Panthera uncia"] * 2, dtype=object), np.array([1, 1])],
        ["sci_name", "presence"],
        geometry_type="Unknown",
        crs="EPSG:4326",
    )
    _, problems, _ = survey(sources={"ranges": [tmp_path / "ranges.fgb"]})
    assert "1 of 2 rows has a geometry of 3D models (multipatch, TIN," in sentences(
        problems, "refuses"
    )
    (tmp_path / "ranges.fgb").unlink()
    pyogrio.raw.write(
        tmp_path / "ranges.fgb",
        np.array([circle], dtype=object),
        [np.array(["Panthera uncia"], dtype=object), np.array([1])],
        ["sci_name", "presence"],
        geometry_type="Unknown",
        crs="EPSG:4326",
    )
    found, _, _ = survey(sources={"ranges": [tmp_path / "ranges.fgb"]})
    mine = found.features[found.features["sci_name"] == "Panthera uncia"].to_crs(4326)
    # π r², less what lies beyond the range states: the arc came as a fine polygon, not as its three points.
    assert 0.9 * np.pi * 4 < shapely.area(mine.geometry.to_numpy()).sum() < np.pi * 4


# -- the nasty shapefile --------------------------------------------------------------------------

BOW = Polygon([(60, 45), (62, 47), (62, 45), (60, 47)])


@pytest.fixture
def nasty(tmp_path) -> Path:
    """What the Red List might hand out on its worst day, and a colleague lost the .prj of."""
    rows = [
        ("SAIGA_TATARICA", 1, BOW),  # a ring that crosses itself; another spelling
        ("Saiga tatarica (Linnaeus, 1766)", 5, box(63, 45, 64, 46)),  # extinct there
        ("Ovis  ammon", 1, None),  # no geometry
        ("Homo sapiens", 1, box(60, 40, 61, 41)),  # not ours
        ("Panthera pardus", 1, box(55, 36, 60, 38)),  # the whole species
        ("Panthera pardus", 1, box(130, 36, 131, 38)),  # another sub-species
        ("equus hemionus", 9, box(100, 43, 103, 44)),  # no such code
        ("Equus kiang", None, box(82, 32, 86, 34)),  # no code
    ]
    table = ranges(rows).rename(columns={"sci_name": "BINOMIAL", "presence": "PRESENCE_"})
    table["SUBSPECIES"] = [None, None, None, None, None, "orientalis", None, None]
    written(tmp_path / "mammals.shp", table)
    (tmp_path / "mammals.prj").unlink()
    wrong = ranges([("Saiga tatarica", 1, SAIGA)])
    written(tmp_path / "wrong.shp", wrong.set_crs(3857, allow_override=True))
    return tmp_path


@pytest.mark.slow
def test_the_nasty_shapefile_each_fault_is_named_with_its_cure(nasty, survey):
    found, problems, sources = survey(sources={"ranges": [nasty / "*.shp"]})
    assert found is None
    refused, counted = sentences(problems, "refuses"), sentences(problems, "counted")
    for said in (
        "the file has no CRS (a missing .prj?) (mammals.shp). Add to the plan (its coordinates "
        'look like longitude and latitude):\n[crs]\nranges = "EPSG:4326"',
        "the file says it is in EPSG:3857, but its coordinates look like degrees",
        "1 of 8 rows has no geometry (mammals.shp, Ovis ammon (row 3)). Draw the missing shapes",
        "1 row of the whole species Panthera pardus, of which only Panthera pardus tulliana is a "
        "taxon of CAMI: not used unless the plan says how (mammals.shp, row 5)",
        "presence 9 is no IUCN code (mammals.shp, Equus hemionus (row 7)). Correct it to one of: "
        "1 extant",
    ):
        assert said in refused, said
    for said in (
        "1 of 8 rows of species that are not in the species table: left out (mammals.shp, Homo "
        "sapiens)",
        "1 of 8 rows of other sub-species: left out (mammals.shp, Panthera pardus orientalis)",
        "1 range part with presence 5 (extinct): left out of the features (mammals.shp, Saiga",
        "an invalid shape (a ring crosses or touches itself): repaired, 17,219.8 km² before, "
        "17,219.8 km² after",
        "Saiga tatarica (row 1)",
        "presence is not given for 1 of 5 rows: taken as presence 1 (extant)",
    ):
        assert said in counted, said
    assert next(one for one in sources if one["file"] == "mammals.shp")["rows"] == 8
    with pytest.raises(InputError, match="5 problems stop the work"):
        layers.read_layers(layers.Reading(sources={"ranges": [nasty / "*.shp"]}))


def test_the_cures_of_the_nasty_shapefile_cure_it(nasty, survey):
    # the lines that the messages say to add, read back as TOML
    _, problems, _ = survey(sources={"ranges": [nasty / "*.shp"]})
    lines = [one.cure.partition("\n")[2] for one in problems if "\n[" in one.cure]
    plan = {}
    for text in sorted(set(lines)):
        for key, value in tomllib.loads(text).items():
            plan.setdefault(key, {}).update(value)
    rules = {
        taxon: TaxonRule(rule["from"], tuple(rule["within"]))
        for taxon, rule in plan["taxa"].items()
    }
    # and two rows to be mended in the file itself
    table = gpd.read_file(nasty / "mammals.shp")
    table = table[table.geometry.notna()]
    table["PRESENCE_"] = table["PRESENCE_"].replace(9, 1)
    written(nasty / "mammals.shp", table)
    (nasty / "mammals.prj").unlink(missing_ok=True)
    found, problems, _ = survey(
        sources={"ranges": [nasty / "*.shp"]}, assumed_crs=plan["crs"], taxa=rules
    )
    assert found is not None, sentences(problems, "refuses")
    text = sentences(problems)
    assert "the file has no CRS (a missing .prj?): taken as EPSG:4326, as the plan says" in text
    assert "Panthera pardus stands for Panthera pardus tulliana within AF, IR, PK, RU, TM" in text
    saiga = found.features.query("sci_name == 'Saiga tatarica'")
    witness = layers.to_equal_area(
        gpd.GeoDataFrame(geometry=[SAIGA], crs="EPSG:4326")  # the bow tie lies inside
    )
    assert saiga["range_km2"].iloc[0] == pytest.approx(witness.area.iloc[0] / 1e6, rel=1e-9)


# -- coordinates and CRSs -------------------------------------------------------------------------


def test_degrees_that_are_metres_are_refused(tmp_path, survey):
    table = ranges(TWO).to_crs(3857).set_crs(4326, allow_override=True)
    written(tmp_path / "a.gpkg", table)
    _, problems, _ = survey(sources={"ranges": [tmp_path / "a.gpkg"]})
    text = sentences(problems, "refuses")
    assert "says its coordinates are degrees (EPSG:4326), but they are not: x 6,67" in text
    assert 'ranges = "EPSG:3857"' in text  # of the usual systems the only one it can be in
    # the cure works: what the plan says stands in for an impossible CRS
    found, _, _ = survey(
        sources={"ranges": [tmp_path / "a.gpkg"]}, assumed_crs={"ranges": "EPSG:3857"}
    )
    assert found is not None


def test_a_crs_in_the_plan_does_not_overrule_a_file_that_has_one(tmp_path, survey):
    written(tmp_path / "a.gpkg", ranges(TWO))
    found, problems, _ = survey(
        sources={"ranges": [tmp_path / "a.gpkg"]}, assumed_crs={"ranges": "EPSG:32642"}
    )
    assert found is not None
    assert "says its CRS is EPSG:4326, and that is used" in sentences(problems, "note")


def test_a_crs_in_the_plan_that_is_none_is_refused(tmp_path, survey):
    written(tmp_path / "a.gpkg", ranges(TWO))
    _, problems, _ = survey(
        sources={"ranges": [tmp_path / "a.gpkg"]}, assumed_crs={"ranges": "WGS eighty-four"}
    )
    assert "[crs] ranges = 'WGS eighty-four' of the plan is no known CRS" in sentences(problems)


@pytest.mark.parametrize("crs", ["EPSG:32642", "EPSG:6933", "EPSG:3395", "EPSG:4284"])
def test_any_crs_gives_the_same_ground(tmp_path, crs, survey):
    # another datum (Pulkovo 1942) moves everything by some metres, which is why 1e-4
    shape = shapely.segmentize(SAIGA, 0.01)
    written(tmp_path / "a.gpkg", ranges([("Saiga tatarica", 1, shape)]).to_crs(crs))
    found, _, _ = survey(sources={"ranges": [tmp_path / "a.gpkg"]})
    ours = found.features.query("sci_name == 'Saiga tatarica'")["range_km2"].iloc[0]
    direct = layers.to_equal_area(ranges([("Saiga tatarica", 1, SAIGA)])).area.iloc[0] / 1e6
    assert ours == pytest.approx(direct, rel=1e-4)


KRASOVSKY = (
    'GEOGCS["GCS_Krasovsky_1940",DATUM["D_Krasovsky_1940",SPHEROID["Krasovsky_1940",6378245.0,298.3]],'
    'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
)
"""A .prj as many a GIS writes it: an ellipsoid, and not a word of how it lies to WGS 84."""


@pytest.mark.parametrize(
    ("crs", "key", "metres"),
    [
        # in EPSG's shift of Pulkovo 1942 (24, -124, -82 m) what stands on the globe at 62° E, 46° N moves
        # 24·sin 62° + 124·cos 62° = 79 m to the west, and hardly to the north
        (KRASOVSKY, "datum without shift", r"about (79|8\d) m \(as in Pulkovo 1942\)"),
        ("+proj=longlat +ellps=clrk66", "datum without shift", "some hundred metres"),
        ("EPSG:4267", "datum of elsewhere", r"moved by 2\d\d m"),  # NAD27, of North America
        ("EPSG:4284", "", ""),  # Pulkovo 1942, where it belongs
        ("EPSG:4258", "", ""),  # ETRS89 in Asia: it moves nothing
        ("+proj=longlat +ellps=WGS84", "", ""),
        ("+proj=longlat +ellps=krass +towgs84=24,-124,-82,0,0,0,0", "", ""),
        ("EPSG:32642", "", ""),
    ],
)
def test_a_datum_that_cannot_be_moved_or_is_of_elsewhere_is_told(
    tmp_path, survey, crs, key, metres
):
    """With its name, how far the file may be off, and what to do: as a layer, and as a group's file."""
    table = ranges([("Saiga tatarica", 1, SAIGA)])
    table = table.to_crs(crs) if crs == "EPSG:32642" else table.set_crs(crs, allow_override=True)
    # a .prj of ESRI has no place for a shift that a system brings along
    path = written(tmp_path / ("a.gpkg" if "towgs84" in crs else "a.shp"), table)
    _, problems, _ = survey(sources={"ranges": [path]})
    told = [one for one in problems if one.as_note().key.startswith("datum")]
    noted = list(layers.read_gis_placemarks(path, path.name).notes["key"])
    assert [one.as_note().key for one in told] == [key] * bool(key)
    assert [kind for kind in noted if kind.startswith("datum")] == [key] * bool(key)
    for one in told:
        assert (one.level, one.file) == ("note", "a.shp")
        assert re.search(metres, one.what)
        assert "WGS 84" in one.cure
        # EPSG's words for where NAD27 is used are 57 states and provinces, in English
        assert len(one.what) < 250
        assert "Canada" not in one.what + one.sentence("ru")


def test_a_file_that_lies_wholly_elsewhere_is_refused(tmp_path, survey):
    # the Deccan with its axes swapped lies in the Norwegian Sea
    for name, shape, cure in (
        ("swapped", box(10, 70, 12, 72), "Longitude and latitude are swapped: x must be"),
        ("brazil", box(-60, -20, -58, -18), "its CRS is probably not the one it says"),
    ):
        table = gpd.GeoDataFrame({"name": [name]}, geometry=[shape], crs="EPSG:4326")
        path = written(tmp_path / f"{name}.gpkg", table)
        _, problems, _ = survey(sources={"hotspots": [path]})
        text = sentences(problems, "refuses")
        assert "everything in it lies far from the range states (EPSG:4326, x " in text
        assert cure in text


def test_coordinates_beyond_the_globe_are_refused(tmp_path, survey):
    rows = [*TWO, ("Saiga tatarica", 1, box(179, 66, 370, 68))]
    written(tmp_path / "a.gpkg", ranges(rows))
    _, problems, _ = survey(sources={"ranges": [tmp_path / "a.gpkg"]})
    assert (
        "1 of 3 rows has coordinates beyond ±180/±90 degrees (x 179 to 370, y 66 to 68) (a.gpkg, "
        "Saiga tatarica (row 3))" in sentences(problems, "refuses")
    )


def test_latitudes_that_would_be_longitudes_are_told_as_swapped(tmp_path, survey):
    """97° E 45° N written latitude first: no latitude is 97°."""
    rows = [*TWO, ("Saiga tatarica", 1, box(45, 97, 46, 98))]
    written(tmp_path / "a.gpkg", ranges(rows))
    _, problems, _ = survey(sources={"ranges": [tmp_path / "a.gpkg"]})
    text = sentences(problems, "refuses")
    assert "1 of 3 rows has latitudes beyond 90° that would be longitudes (x 45 to 46, y 97" in text
    assert "Longitude and latitude look swapped" in text


def test_a_file_of_ranges_that_lies_in_range_states_only_when_turned_is_asked_about(
    tmp_path, survey
):
    """Kyrgyz ground at 75° E 41° N, latitude first, is the Barents Sea; Kazakh ground is as written."""
    turned = [("Ovis ammon", 1, box(41, 74, 42, 75)), ("Ovis ammon", 1, box(40.5, 75, 41.5, 76))]
    written(tmp_path / "turned.gpkg", ranges(turned))
    written(tmp_path / "plain.gpkg", ranges([("Saiga tatarica", 1, SAIGA)]))
    files = [tmp_path / "plain.gpkg", tmp_path / "turned.gpkg"]
    _, problems, _ = survey(sources={"ranges": files})
    (said,) = [one for one in problems if "longitude and latitude swapped" in one.what]
    assert (said.level, said.layer, said.file) == ("counted", "ranges", "turned.gpkg")
    assert said.what.startswith("of 2 shapes 0 lie in a range state, and 2 would")


def test_a_table_of_outlines_is_told_as_one_and_not_as_points(tmp_path, survey):
    """QGIS writes geometry into a CSV as well-known text."""
    path = tmp_path / "hotspots.csv"
    path.write_text('WKT,name\n"POLYGON ((60 40,61 40,61 41,60 40))",Ustyurt\n', encoding="utf-8")
    _, problems, _ = survey(sources={"hotspots": [path]})
    text = sentences(problems, "refuses")
    assert "a table with outlines as text is not read here" in text
    assert "export it as GeoPackage" in text


@pytest.mark.slow
@pytest.mark.parametrize("west", [179, -181])
def test_longitudes_that_count_on_past_180_are_the_shape_cut_there(tmp_path, west):
    """As the reader of groups' files takes them: the same ground as two boxes that meet at 180°."""
    halves = MultiPolygon([box(179, 66, 180, 68), box(-180, 66, -179, 68)])
    counting = box(west, 66, west + 2, 68)
    found = {}
    for name, shape in (("cut", halves), ("counting", counting)):
        path = written(tmp_path / f"{name}.gpkg", ranges([*TWO, ("Saiga tatarica", 1, shape)]))
        found[name] = layers.read_layers(layers.Reading(sources={"ranges": [path]}))
    areas = [one.ranges.query("sci_name == 'Saiga tatarica'").area.sum() for one in found.values()]
    assert areas[0] == pytest.approx(areas[1], rel=1e-12)
    [said] = [one for one in found["counting"].problems if "longitudes past 180°" in one.what]
    assert said.level == "counted"
    assert "360° was taken off" in said.what
    assert not [one for one in found["cut"].problems if "past 180°" in one.what]


def test_coordinates_that_are_no_numbers_are_refused(tmp_path):
    path = tmp_path / "a.parquet"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shape = Polygon([(60, 45), (float("nan"), 46), (61, 47)])
        ranges([*TWO, ("Saiga tatarica", 1, shape)]).to_parquet(path)
    with pytest.raises(InputError, match=r"1 of 3 rows has coordinates that are no numbers \(a"):
        layers.read_sections(path)


def test_rings_that_were_left_open_are_closed_and_counted(tmp_path, survey):
    path = tmp_path / "a.geojson"
    path.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"sci_name":'
        '"Saiga tatarica","presence":1,"origin":1,"seasonal":1},"geometry":{"type":"Polygon",'
        '"coordinates":[[[60,45],[64,45],[64,47],[60,47]]]}}]}'
    )
    found, problems, _ = survey(sources={"ranges": [path]})
    assert found is not None, sentences(problems)
    assert "rings that were not closed: closed (a.geojson, Saiga" in sentences(problems, "counted")
    ours = found.features.query("sci_name == 'Saiga tatarica'")["range_km2"].iloc[0]
    direct = layers.to_equal_area(ranges([("Saiga tatarica", 1, SAIGA)])).area.iloc[0] / 1e6
    assert ours == pytest.approx(direct, rel=1e-9)


@pytest.mark.slow
def test_a_repair_that_contests_too_much_is_refused_and_a_looser_limit_lets_it_pass(
    tmp_path, survey
):
    twice = [*box(60, 45, 64, 47).exterior.coords, *box(61, 45.5, 63, 46.5).exterior.coords]
    twice.append(twice[0])
    written(tmp_path / "a.gpkg", ranges([("Saiga tatarica", 1, Polygon(twice))]))
    sources = {"ranges": [tmp_path / "a.gpkg"]}
    _, problems, _ = survey(sources=sources)
    text = sentences(problems, "refuses")
    assert "an invalid shape whose area is not certain: up to" in text
    assert "and 1 % is allowed (a.gpkg, Saiga tatarica (row 1)). Mend these shapes in a GIS" in text
    found, _, _ = survey(sources=sources, max_area_change=0.5)
    assert found is not None


# -- codes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "number"),
    [
        *[(1, 1), (3.0, 3), ("2", 2), ("1 - Extant", 1), ("Extant", 1), ("POSSIBLY EXTANT", 3)],
        *[("5: Extinct", 5), (None, None), ("", None), (float("nan"), None), (9, -1), ("x", -1)],
        *[(1.5, -1), (0, -1), (-1, -1)],
    ],
)
def test_a_presence_code_however_it_is_written(value, number):
    assert code(value, PRESENCE) == number


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Extant (resident)", (1, 1, 1)),
        ("Extant & Reintroduced (resident)", (1, 2, 1)),
        ("Possibly Extant (passage)", (3, 1, 4)),
        ("Extant & Introduced (seasonality uncertain)", (1, 3, 5)),
        ("Extant (non-breeding)", (1, 1, 3)),
    ],
)
def test_the_legend_of_the_red_list_says_the_codes(text, codes):
    assert legend_codes(text, CODES) == dict(
        zip(("presence", "origin", "seasonal"), codes, strict=True)
    )


def test_a_legend_without_season_gives_the_others():
    assert legend_codes("Possibly Extinct", CODES) == {"presence": 4, "origin": 1}
    assert legend_codes("Dreamt of", CODES) == {}
    assert legend_codes(None, CODES) == {}


@pytest.mark.slow
def test_missing_codes_are_filled_and_said_or_refused(tmp_path, survey):
    table = ranges(TWO)[["sci_name", "geometry"]]
    sources = {"ranges": [written(tmp_path / "a.gpkg", table)]}
    found, problems, _ = survey(sources=sources)
    assert found is not None
    assert "seasonal is not given for 2 of 2 rows: taken as presence 1 (extant), origin 1" in (
        sentences(problems, "counted")
    )
    _, problems, _ = survey(sources=sources, missing="refuse")
    assert "take `missing` out of [codes]" in sentences(problems, "refuses")


def test_which_codes_are_kept_is_a_choice_and_passage_is_kept(tmp_path, survey):
    rows = [("Saiga tatarica", 1, box(60 + at, 45, 61 + at, 46)) for at in range(5)]
    table = ranges(rows, seasonal=[1, 4, 1, 1, 1], origin=[1, 1, 3, 4, 2])
    sources = {"ranges": [written(tmp_path / "a.gpkg", table)]}
    found, problems, _ = survey(sources=sources)
    mine = found.ranges.query("sci_name == 'Saiga tatarica'")
    assert sorted(mine["use"]) == ["kept"] * 3 + ["left out"] * 2
    assert mine.loc[mine["seasonal"] == 4, "use"].tolist() == ["kept"]
    text = sentences(problems, "counted")
    assert "1 range part with origin 3 (introduced): left out of the features" in text
    found, _, _ = survey(sources=sources, origin=(1, 2, 3, 4, 6), seasonal=(1,))
    assert sorted(found.ranges.query("sci_name == 'Saiga tatarica'")["use"]) == (
        ["kept"] * 4 + ["left out"]
    )


# -- whose file goes before whose -----------------------------------------------------------------


def test_a_file_for_a_species_replaces_the_bundled_one_and_leaves_the_others(
    tmp_path, bundled, survey
):
    sources = {"ranges": [written(tmp_path / "mine.gpkg", ranges([("Saiga tatarica", 1, SAIGA)]))]}
    found, problems, used = survey(sources=sources)
    assert "Saiga tatarica comes from your files and replaces 7 bundled parts (mine.gpkg)" in (
        sentences(problems, "note")
    )
    bear = "sci_name == 'Ursus arctos gobiensis'"
    same, before = found.ranges.query(bear), bundled.ranges.query(bear)
    assert same["range_id"].tolist() == before["range_id"].tolist()
    assert same.to_wkb()["geometry"].tolist() == before.to_wkb()["geometry"].tolist()
    assert "Saiga_tatarica.geojson" not in {one["file"] for one in used}
    mine = next(one for one in used if one["file"] == "mine.gpkg")
    assert (mine["rows"], mine["kept"], mine["dropped"], mine["bundled"]) == (1, 1, 0, False)


def test_a_whole_download_may_hold_thousands_of_other_species(tmp_path, survey):
    strangers = [(f"Rattus n{at}", 1, box(0, 0, 1, 1)) for at in range(3000)]
    path = written(tmp_path / "mammals.gpkg", ranges([*strangers, *TWO]))
    found, problems, used = survey(sources={"ranges": [path]})
    assert "3000 of 3,002 rows of species that are not in the species table: left out" in (
        sentences(problems, "counted")
    )
    assert "Rattus n0" in sentences(problems, "counted")
    assert found.ranges.query("sci_name == 'Saiga tatarica'").shape[0] == 1
    assert next(one for one in used if one["file"] == "mammals.gpkg")["dropped"] == 3000


@pytest.mark.slow
def test_a_rule_may_also_name_a_species_that_is_not_guarded(tmp_path, survey):
    rows = [("Ovis orientalis", 1, box(48, 36, 62, 38))]  # from Azerbaijan into Turkmenistan
    sources = {"ranges": [written(tmp_path / "a.gpkg", ranges(rows))]}
    found, problems, _ = survey(sources=sources)
    assert "Ovis vignei is known as part of Ovis orientalis in some sources" in sentences(problems)
    rule = {"Ovis vignei": TaxonRule("Ovis orientalis", ("TM",))}
    found, problems, _ = survey(sources=sources, taxa=rule)
    assert found.ranges.query("sci_name == 'Ovis vignei'").shape[0] == 1
    state = found.countries.query("iso2 == 'TM'").geometry.iloc[0]
    mine = found.features.query("sci_name == 'Ovis vignei'").geometry.iloc[0]
    assert shapely.difference(mine, state).area < 1.0
    assert "Ovis orientalis stands for Ovis vignei within TM" in sentences(problems, "counted")


@pytest.mark.slow
def test_a_rule_to_skip_leaves_the_bundled_range_in_place(tmp_path, bundled, survey):
    rows = [("Ursus arctos", 1, box(30, 50, 140, 65))]
    sources = {"ranges": [written(tmp_path / "a.gpkg", ranges(rows))]}
    rule = {"Ursus arctos gobiensis": TaxonRule("Ursus arctos", skip=True)}
    found, problems, _ = survey(sources=sources, taxa=rule)
    assert "1 of 1 row that [taxa] of the plan says to skip: left out" in sentences(problems)
    bear = "sci_name == 'Ursus arctos gobiensis'"
    assert found.features.query(bear)["range_km2"].iloc[0] == pytest.approx(
        bundled.features.query(bear)["range_km2"].iloc[0]
    )


def test_the_names_of_one_taxon_in_several_files_and_layers_are_one_rule(tmp_path, survey):
    """Two tables of one name are no TOML: whoever pasted both lines had a plan that nobody reads."""
    bears = ("Ursus arctos", "Ursus arctos isabellinus")
    rows = [(name, n, box(96, 42, 98, 44)) for n, name in enumerate(bears, start=1)]
    records = tmp_path / "r.csv"
    records.write_text(
        "species,lon,lat,date\n"
        + "".join(f"{name},96.5,43.2,2020-05-0{day}\n" for day, name in enumerate(bears, start=1)),
        encoding="utf-8",
    )
    sources = {
        "ranges": [written(tmp_path / f"{n}.gpkg", ranges(rows[n:])) for n in (0, 1)],
        "occurrences": [records],
    }
    _, problems, _ = survey(sources=sources)
    pasted = "\n".join(one.lines for one in problems)
    [(taxon, rule)] = tomllib.loads(pasted)["taxa"].items()
    assert (taxon, rule["from"]) == ("Ursus arctos gobiensis", list(bears))
    assert [one.level for one in problems if one.lines] == ["refuses"]
    # a plan that has a rule for one of them: the line of its table, of which a second would be no plan
    _, problems, _ = survey(sources=sources, taxa={taxon: TaxonRule(bears[1], ("MN",))})
    [told] = [one for one in problems if one.lines]
    assert tomllib.loads(told.lines) == {"from": [bears[1], bears[0]]}
    assert f'in place of the line `from` of its table [taxa."{taxon}"]:\nfrom = [' in told.cure
    assert told.sentence("ru").count("вместо строки `from`") == 1
    cured = {taxon: TaxonRule(tuple(rule["from"]), tuple(rule["within"]))}
    found, problems, _ = survey(sources=sources, taxa=cured)
    assert not sentences(problems, "refuses")
    assert (found.ranges["sci_name"] == taxon).sum() == 2  # presence 1 and 2
    assert (found.occurrences["sci_name"] == taxon).sum() == 2
    del sources["ranges"]
    for aside, told in (
        (TaxonRule(bears[0], ("MN",)), "1 of 2 records is of other sub-species, or of names that"),
        (TaxonRule(bears, skip=True), "2 of 2 records that [taxa] of the plan says to skip"),
    ):
        text = sentences(survey(sources=sources, taxa={taxon: aside})[1])
        assert told in text
        assert "of no taxon of the species table" not in text


def test_rules_that_make_no_sense_are_refused(tmp_path, survey):
    rules = {
        "Ursus arctos gobi": TaxonRule("Ursus arctos", ("MN",)),
        "Panthera pardus tulliana": TaxonRule("Panthera pardus", ("IR", "XX")),
    }
    _, problems, _ = survey(taxa=rules)
    text = sentences(problems, "refuses")
    assert "'Ursus arctos gobi', which is no species of the species table" in text
    assert "Did you mean 'Ursus arctos gobiensis'" in text
    assert "within names states without a country polygon: XX" in text


def test_lynx_is_clipped_to_the_states_and_said_so(tmp_path, survey):
    # from Lake Van (Türkiye) into Iran: the part in Türkiye goes
    rows = [("Lynx lynx", 1, box(40, 37, 48, 38))]
    sources = {"ranges": [written(tmp_path / "a.gpkg", ranges(rows))]}
    found, problems, _ = survey(sources=sources)
    lynx = found.features.query("sci_name == 'Lynx lynx'").geometry.iloc[0]
    states = shapely.union_all(found.countries[found.countries["range_state"]].geometry.to_numpy())
    assert shapely.difference(lynx, states).area < 1.0
    assert "clipped to the 14 range states" in sentences(problems, "note")


# -- columns --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelling", ["sci_name", "SCINAME", "binomial", "BINOMIAL", "Scientific Name", "species"]
)
def test_the_usual_spellings_are_known(tmp_path, spelling, survey):
    table = ranges(TWO).rename(columns={"sci_name": spelling})
    path = tmp_path / "a.gpkg"
    found, problems, _ = survey(sources={"ranges": [written(path, table)]})
    assert found is not None, sentences(problems)


def test_an_unusual_spelling_is_refused_with_the_lines_that_cure_it(tmp_path, survey):
    table = ranges(TWO).rename(columns={"sci_name": "sci_nom"})
    sources = {"ranges": [written(tmp_path / "a.gpkg", table)]}
    _, problems, _ = survey(sources=sources)
    text = sentences(problems, "refuses")
    assert "the column sci_name is missing; the file has sci_nom, presence, origin" in text
    assert '[columns.ranges]\nsci_name = "sci_nom"' in text
    found, _, _ = survey(sources=sources, columns={"ranges": {"sci_name": "SCI_NOM"}})
    assert found is not None


def test_columns_of_the_plan_that_are_not_there_are_refused_with_the_nearest(tmp_path, survey):
    sources = {"ranges": [written(tmp_path / "a.gpkg", ranges(TWO))]}
    columns = {"ranges": {"sci_name": "sci_nam", "presenc": "presence"}}
    _, problems, _ = survey(sources=sources, columns=columns)
    text = sentences(problems, "refuses")
    assert "but the file has no column 'sci_nam' (a.gpkg). It has sci_name" in text
    assert "Did you mean 'sci_name'?" in text
    assert "[columns.ranges] names 'presenc', which is no column of this layer" in text
    assert "Did you mean 'presence'?" in text


def test_text_from_files_is_cleaned_and_kept():
    assert clean_text("  a\u0000b\u202e c\n\td ") == "ab c d"
    assert clean_text("й") == "й"  # one letter, not two
    assert clean_text("{{7*7}}<img src=x>") == "{{7*7}}<img src=x>"  # escaped on every way out
    assert clean_text(float("nan")) is None
    assert clean_text("\u200b") is None


# -- the other layers -----------------------------------------------------------------------------


def wdpa(new: bool, shapes, **columns) -> gpd.GeoDataFrame:
    """WDPA as it was handed out before November 2025, or after."""
    size = len(shapes)
    names = {
        "SITE_ID" if new else "WDPAID": [float(at) for at in range(size)],
        "SITE_PID" if new else "WDPA_PID": [f"{at}_A" for at in range(size)],
        "SITE_TYPE" if new else "PA_DEF": (["PA", "OECM"] if new else ["1", "0"]) * size,
        "NAME_ENG" if new else "NAME": [f"park {at}" for at in range(size)],
        "NAME" if new else "ORIG_NAME": [f"парк {at}" for at in range(size)],
        "DESIG_ENG": ["National Park"] * size,
        "STATUS": ["Designated"] * size,
        "REP_AREA": [100.0] * size,
        "PRNT_ISO3" if new else "PARENT_ISO3": ["KAZ"] * size,
        "ISO3": ["KAZ"] * size,
        **columns,
    }
    names = {key: value[:size] for key, value in names.items()}
    return gpd.GeoDataFrame(names, geometry=shapes, crs="EPSG:4326")


@pytest.mark.parametrize(
    ("columns", "is_restricted"),
    [
        (["WDPAID", "NAME"], True),
        (["WDPA_PID"], True),
        (["SITE_ID", "NAME_ENG", "DESIG_ENG"], True),
        (["SITE_ID", "NAME"], False),  # a national list numbers its sites too
    ],
)
@pytest.mark.parametrize("layer", ["protected_areas", "hotspots"])
def test_a_piece_of_wdpa_with_one_of_its_ids_is_restricted(
    tmp_path, survey, layer, columns, is_restricted
):
    """Whoever cuts a download to a region often keeps an id and a name: what it is under our names tells nothing."""
    table = wdpa("SITE_ID" in columns, [box(60, 45, 61, 46)])
    path = written(tmp_path / "parks.gpkg", table[[*columns, "geometry"]])
    _, _, used = survey(sources={layer: [path]})
    assert [one["restricted"] for one in used if one["file"] == path.name] == [is_restricted]


@pytest.mark.parametrize("new", [False, True])
def test_wdpa_is_read_in_both_dialects(tmp_path, new, survey):
    table = wdpa(new, [box(60, 45, 61, 46), box(62, 45, 63, 46)])
    areas = layers.read_protected_areas(written(tmp_path / "wdpa.gpkg", table))
    assert areas["pa_id"].tolist() == ["0_A", "1_A"]
    assert areas["name"].tolist() == ["park 0", "park 1"]
    assert areas["iso2"].tolist() == ["KZ", "KZ"]
    assert areas["kind"].tolist() == ["PA", "OECM"]
    _, _, used = survey(sources={"protected_areas": [tmp_path / "wdpa.gpkg"]})
    assert next(one for one in used if one["file"] == "wdpa.gpkg")["restricted"]


def test_wdpa_is_cleaned_in_numbered_steps_each_counted(tmp_path):
    shapes = [box(60 + at, 45, 61 + at, 46) for at in range(4)] + [Point(66, 45), Point(67, 45)]
    table = wdpa(
        False,
        shapes,
        ISO3=["KAZ", "FRA", "KAZ;UZB", "KAZ", "KAZ", "KAZ"],
        STATUS=["Proposed", "Designated", "Established", "Designated", "Adopted", "Inscribed"],
        DESIG_ENG=["Park"] * 3 + ["UNESCO-MAB Biosphere Reserve"] + ["Park"] * 2,
        REP_AREA=[1.0, 1.0, 1.0, 1.0, 250.0, 0.0],
    )
    path = tmp_path / "wdpa.geojson"
    written(path, table)
    with pytest.warns(UserWarning, match="step 1: 1 of 6 areas lie in other states") as heard:
        areas = layers.read_protected_areas(path)
    text = str(heard[0].message)
    assert "step 2: 1 of 6 areas are not in force (proposed or not reported): left out" in text
    assert "step 3: 1 of 6 areas are UNESCO biosphere reserves: left out" in text
    assert "1 point without a reported area: left out (park 5)" in text
    assert "1 point drawn as a circle of its reported area (250 km²) (park 4)" in text
    assert areas["name"].tolist() == ["park 2", "park 4"]
    assert areas["iso2"].tolist() == ["KZ;UZ", "KZ"]
    assert areas.area.iloc[1] / 1e6 == pytest.approx(250.0, rel=1e-9)


def test_areas_without_a_name_are_left_out_without_one(tmp_path):
    table = wdpa(False, [box(60 + at, 45, 61 + at, 46) for at in range(2)], ISO3=["KAZ", "FRA"])
    path = tmp_path / "national.geojson"
    written(path, table.drop(columns=["NAME", "ORIG_NAME"]))
    with pytest.warns(UserWarning, match="step 1: 1 of 2 areas lie in other states") as heard:
        layers.read_protected_areas(path)
    assert str(heard[0].message).endswith("(100 km² as reported) (national.geojson)")


def test_several_points_of_one_area_share_its_reported_area(tmp_path):
    table = wdpa(True, [MultiPoint([(60, 45), (64, 45)])], REP_AREA=[300.0])
    path = written(tmp_path / "a.gpkg", table)
    with pytest.warns(UserWarning, match="drawn as a circle"):
        areas = layers.read_protected_areas(path)
    assert areas.area.iloc[0] / 1e6 == pytest.approx(300.0, rel=1e-9)


def test_an_area_without_a_state_gets_the_one_it_lies_in(tmp_path, bundled):
    table = gpd.GeoDataFrame({"name": ["mine"]}, geometry=[box(66, 46, 67, 47)], crs="EPSG:4326")
    path = written(tmp_path / "a.gpkg", table)
    areas = layers.read_protected_areas(path, countries=bundled.countries)
    assert areas["iso2"].tolist() == ["KZ"]
    assert areas["pa_id"].tolist() == ["PA001"]


@pytest.mark.reference
def test_iso_codes_agree_with_natural_earth():
    path = SHARED / "data" / "ne10_countries.gpkg"
    if not path.exists():
        pytest.skip("the reference layers are not beside the checkout")
    known = gpd.read_file(path, ignore_geometry=True)
    for three, two in zip(known["ISO_A3_EH"], known["ISO_A2_EH"], strict=True):
        if three != "-99":
            assert ISO2[three] == two
    assert len(ISO2) == 250
    assert len(set(ISO2.values())) == 250


def test_states_of_several_spellings():
    assert iso2("KAZ; UZB") == "KZ;UZ"
    assert iso2("uz,kz") == "KZ;UZ"
    assert iso2("Kazakhstan; Республика Узбекистан;Iran (Islamic Republic of)") == "IR;KZ;UZ"
    assert iso2("ABNJ; xx") == "XX"  # the sea of nobody, and two letters that nobody has
    assert iso2("-99") is None
    assert iso2(None) is None


def test_key_areas_that_are_not_confirmed_are_told(tmp_path):
    columns = {"IntName": ["A", "B", "C", "D"], "IbaStatus": ["confirmed"] * 4}
    columns |= {"KbaStatus": ["confirmed", "superseded", "candidate", None]}
    table = gpd.GeoDataFrame(
        columns, geometry=[box(60 + x, 45, 61 + x, 46) for x in range(4)], crs=4326
    )
    path = written(tmp_path / "kba.gpkg", table)
    read = _layer_rows.keyed_layer("hotspots", [path], layers.Reading())
    assert len(read.table) == 4
    [told] = [problem for problem in read.problems if "KBA" in problem.sentence()]
    assert (
        "2 of 4 key areas (KBA) are not confirmed by their keepers (candidate, super" in told.what
    )
    assert told.where == "B, C"
    # in another file it is a number
    other = written(tmp_path / "other.gpkg", table.drop(columns="IbaStatus").assign(KbaStatus=3))
    read = _layer_rows.keyed_layer("hotspots", [path, other], layers.Reading())
    assert any("6 of 8 key areas" in problem.what for problem in read.problems)


def rows_told(tmp_path, layer, shapes, **columns):
    """A layer of some rows, and all that is said of it."""
    path = written(tmp_path / "l.gpkg", gpd.GeoDataFrame(columns, geometry=shapes, crs=4326))
    read = _layer_rows.layer_reader(
        layer, layers.Reading(), layers.read_countries(), names_of(layers.read_species())
    )([path])
    return read.table, "\n".join(problem.sentence() for problem in read.problems)


PATHS = [LineString([(55 + x, 43), (57 + x, 44)]) for x in range(4)]


def test_a_decimal_comma_is_a_number_of_a_layer(tmp_path):
    """A Russian Excel writes 0,5; "50%" is no share, and the row is that of the file."""
    columns = {"name": list("abcd"), "kind": "fence", "permeability": ["0,5", "0,125", "1", "0"]}
    barriers, _ = rows_told(tmp_path, "barriers", PATHS, **columns)
    assert barriers["permeability"].tolist() == [0.5, 0.125, 1, 0]
    _, said = rows_told(tmp_path, "barriers", PATHS, **columns | {"permeability": [1, 0, "50%", 1]})
    assert "1 of 4 barriers has no permeability from 0 to 1: 50% (c (row 3))" in said


def test_every_species_of_a_corridor_is_one(tmp_path):
    """Behind a comma stands an author, or a second species, which was gone without a word."""
    named = ["Saiga tatarica, Equus hemionus", "Saiga tatarica (Linnaeus, 1766)"]
    named += [
        "Equus kiang Moorcroft, 1841 and Panthera uncia / Uncia uncia",
        "Saiga tatarica & dog",
    ]
    corridors, said = rows_told(
        tmp_path, "corridors", PATHS, id=list("ABCD"), species=named, grade="B"
    )
    assert dict(zip(corridors["corridor_id"], corridors["sci_name"], strict=True)) == {
        "A.1": "Saiga tatarica",
        "A.2": "Equus hemionus",
        "B": "Saiga tatarica",
        "C.1": "Equus kiang",
        "C.2": "Panthera uncia",
        "D": "Saiga tatarica",  # of one species of ours: its id stays
    }
    assert "1 of 7 corridors is of other species: left out (dog)" in said


def test_a_range_of_two_species_is_told(tmp_path):
    """It counted for the first, as if the second were an author."""
    names = ["Saiga tatarica, Equus hemionus", "Saiga tatarica (Linnaeus, 1766)"]
    path = written(tmp_path / "r.gpkg", ranges([(name, 1, SAIGA) for name in names]))
    with pytest.warns(UserWarning, match="1 of 2 rows names several species: read as of the first"):
        table = layers.read_ranges(path)
    assert (table["source"] == "r.gpkg").sum() == 1  # both have one shape
    assert (table["sci_name"] == "Equus hemionus").sum() == 15


@pytest.mark.parametrize("layer", ["occurrences", "species", "hotspots"])
def test_of_a_workbook_its_sheet_is_wanted_as_a_table(tmp_path, survey, layer):
    pd.DataFrame({"sci_name": ["Saiga tatarica"]}).to_excel(tmp_path / "a.xlsx", index=False)
    _, problems, _ = survey(sources={layer: [tmp_path / "a.xlsx"]})
    assert "a workbook is not read here (a.xlsx). Save its sheet as CSV" in sentences(problems)


# -- states as their keepers write them ----------------------------------------------------------

KZ_AND_MN = {"name": ["Kazakhstan", "Mongolia"], "two": ["KZ", "MN"], "three": ["KAZ", "MNG"]}
STATES_OF = {
    "geoBoundaries": "shapeName=name shapeISO=gone shapeID=name shapeGroup=three shapeType=level",
    "geoBoundaries CGAZ": "shapeGroup=three shapeType=level shapeName=name",
    "GAUL 2015": "STATUS=level DISP_AREA=no ADM0_CODE=number ADM0_NAME=name",
    "GAUL 2024": "iso3_code=three gaul0_code=number gaul0_name=name disp_en=no",
    "Natural Earth": "ADMIN=name ADM0_A3=three ISO_A2=minus ISO_A2_EH=minus WB_A3=three NAME=name",
    "World Bank": "ISO_A2=two ISO_A3=three WB_A3=three WB_REGION=no NAM_0=name",
    "GADM 4": "GID_0=three COUNTRY=name",
    "GADM 3": "GID_0=three NAME_0=name",
    "OpenStreetMap": "admin_level=number ISO3166-1:alpha2=two ISO3166-1:alpha3=three name:en=name",
    "UN": "ISO3CD=three NAM_EN=name M49_CD=number",
    "OCHA": "ADM0_EN=name ADM0_PCODE=two",
    "WHO": "ISO_2_CODE=two ISO_3_CODE=three ADM0_NAME=name",
    "GISCO": "CNTR_ID=two NAME_ENGL=name ISO3_CODE=three",
    "Esri": "CNTRY_NAME=name ISO_2DIGIT=two ISO_3DIGIT=three FIPS_CNTRY=fips",
    "marineregions": "UNION=name POL_TYPE=whole TERRITORY1=name ISO_TER1=three",
    # of FIPS 10-4 MG is Mongolia, which is Madagascar in ISO 3166, and MI is Malawi
    "LSIB": "COUNTRY_NA=name country_co=fips",
}


@pytest.mark.parametrize("suffix", [".geojson", ".shp"])
@pytest.mark.parametrize("keeper", STATES_OF)
def test_states_are_known_by_the_columns_of_their_keepers(tmp_path, keeper, suffix):
    """Each with no line of a plan: their codes of two or three letters, else their names."""
    values = KZ_AND_MN | {"gone": [None, "None"], "level": ["ADM0"] * 2, "no": ["NO", "NO"]}
    values |= {"number": [132, 167], "minus": ["KZ", "-99"], "fips": ["MI", "MG"]}
    values |= {"whole": ["Union EEZ and country", "Landlocked country"]}
    columns = dict(word.split("=") for word in STATES_OF[keeper].split())
    table = gpd.GeoDataFrame(
        {heading: values[key] for heading, key in columns.items()},
        geometry=[box(60, 45, 64, 47), box(95, 45, 99, 47)],
        crs=4326,
    )
    states = layers.read_countries(written(tmp_path / f"s{suffix}", table), states=("KZ", "MN"))
    assert states["iso2"].tolist() == ["KZ", "MN"]
    assert states["name_en"].tolist() == ["Kazakhstan", "Mongolia"]
    assert states["range_state"].all()


def states_told(tmp_path, states, **columns):
    """The layer of states of some rows, and all that is said of it."""
    shapes = [box(50 + 4 * row, 45, 53 + 4 * row, 47) for row in range(len(columns["name"]))]
    table = gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)
    path = written(tmp_path / "states.geojson", table)
    read = _layer_rows.countries_layer([path], layers.Reading(states=states))
    return read.table, "\n".join(problem.sentence() for problem in read.problems)


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        # Natural Earth's provinces say their state; geoBoundaries' only their own name
        ({"iso_a2": list("XXYY"), "admin": ["Ecks", "Ecks", "Wye", "Wye"]}, ["Ecks", "Wye"]),
        ({"shapeGroup": ["KEN", "KEN", "TZA", "TZA"]}, ["KE", "TZ"]),
        ({"ISO3166-2": ["KE-33", "KE-43", "TZ-13", "TZ-01"]}, ["KE", "TZ"]),  # of OpenStreetMap
        ({"shapeGroup": ["KAZ", "KAZ", "UZB", "UZB"]}, ["Kazakhstan", "Uzbekistan"]),
    ],
)
def test_a_state_is_called_as_itself_and_not_as_its_largest_province(tmp_path, columns, names):
    """Two provinces of a third and two thirds of their state. Islands beside a mainland change no name."""
    own = {
        key: [{"X": "KE", "Y": "TZ"}.get(one, one) for one in some] for key, some in columns.items()
    }
    for widths, expected in (((1, 2, 2, 1), names), ((9, 1, 9, 1), ["Narok", "Mara"])):
        edges = np.cumsum([0, *widths])
        shapes = [box(50 + a, 44, 50 + b, 46) for a, b in pairwise(edges)]
        provinces = {**own, "name_en": ["Narok", "Turkana", "Mara", "Arusha"]}
        path = written(
            tmp_path / "p.geojson", gpd.GeoDataFrame(provinces, geometry=shapes, crs=4326)
        )
        states = _layer_rows.countries_layer([path], layers.Reading(states=())).table
        assert states["name_en"].tolist() == expected


def test_ground_that_gadm_gives_no_state_is_told_where_it_goes(tmp_path):
    columns = {"GID_0": ["IND", "Z01", "CHN"], "name": ["India", "India", "China"]}
    states, said = states_told(tmp_path, ("IN",), **columns)
    assert states["iso2"].tolist() == ["CN", "IN"]
    assert (
        "1 of 3 rows is ground that several states claim, by GADM's codes (Z01): taken for the"
        in said
    )


def test_a_row_of_one_of_several_files_is_told_by_its_number_there(tmp_path, survey):
    """The second row of the second file is its row 2, and not the fourth of the layer."""
    lines = [LineString([(60, 45), (61, 45)]), LineString([(62, 45), (63, 45)])]
    for name, open_share in (("north", [0, 0.5]), ("south", [0.2, 7])):
        fences = {"kind": "fence", "permeability": open_share, "name": ["", f"{name} fence"]}
        written(tmp_path / f"{name}.geojson", gpd.GeoDataFrame(fences, geometry=lines, crs=4326))
    _, problems, _ = survey(sources={"barriers": [tmp_path / "*.geojson"]})
    assert "south fence (row 2 of south.geojson)" in sentences(problems)
    grades = {"sci_name": "Saiga tatarica", "evidence_grade": ["A", "Q"]}
    for name in ("a", "b"):
        written(tmp_path / f"{name}.gpkg", gpd.GeoDataFrame(grades, geometry=lines, crs=4326))
    _, problems, _ = survey(sources={"corridors": [tmp_path / "*.gpkg"]})
    assert "(row 2 of a.gpkg, row 2 of b.gpkg)" in sentences(problems)
    _, problems, _ = survey(sources={"corridors": [tmp_path / "a.gpkg"]})
    assert "(row 2)" in sentences(problems)


def test_states_without_a_code_are_told_by_what_stands_there(tmp_path):
    columns = {"iso2": ["KZ", "KOS", "-99", None], "name": ["Qazaqstan", "Kosovo", "Elbonia", "X"]}
    states, said = states_told(tmp_path, ("KZ",), **columns)
    assert states["iso2"].tolist() == ["KZ"]
    assert "3 of 4 rows have no ISO 3166 code: left out (Kosovo (KOS), Elbonia (-99), X)" in said
    states, said = states_told(tmp_path, ("KZ", "XK"), **columns)
    assert "range states without a country polygon: XK; rows without a code: Kosovo (KOS)" in said


def test_states_known_by_their_names_are_told(tmp_path):
    names = ["Iran  (Islamic Republic of)", "Россия", "Elbonia", "Казахстан"]
    states, said = states_told(tmp_path, ("IR", "KZ", "RU"), name=names, area=[1, 2, 3, 4])
    assert states["iso2"].tolist() == ["IR", "KZ", "RU"]
    assert "3 of 4 rows have no ISO 3166 code: known by the name of the state" in said
    assert "1 of 4 rows has no ISO 3166 code: left out (Elbonia)" in said
    only_russian = gpd.GeoDataFrame({"NAME_RU": ["Иран"]}, geometry=[box(50, 30, 55, 35)], crs=4326)
    path = written(tmp_path / "ru.geojson", only_russian)
    assert layers.read_countries(path, states=("IR",))["iso2"].tolist() == ["IR"]


def test_columns_of_yes_and_no_are_no_codes_of_states(tmp_path):
    """NO is Norway; names that nobody knows leave the question open, and no wrong line is advised."""
    _, said = states_told(tmp_path, ("BW",), name=["Botswana", "Zambia"], DISP_AREA=["NO", "NO"])
    assert "the column iso2 is missing; the file has name, DISP_AREA" in said
    assert "DISP_AREA" not in said.split("Add the column")[1]


def test_seas_are_no_ground_of_a_state(tmp_path):
    """Zones of marineregions.org: what is sea alone stays out, and of unions the sea is told."""
    kinds = ["Union EEZ and country", "200NM", "Overlapping claim"]
    names = ["Kazakhstan", "Russia", "Turkmenistan"]
    columns = {"name": names, "ISO_TER1": ["KAZ", "RUS", "TKM"], "POL_TYPE": kinds}
    states, said = states_told(tmp_path, ("KZ",), **columns)
    assert states["iso2"].tolist() == ["KZ"]
    assert "2 of 3 rows are of sea alone: left out (Russia (RU), Turkmenistan (TM))" in said
    assert "outlines of this source hold territorial waters: sea counts there as ground" in said
    _, said = states_told(tmp_path, ("KZ",), **columns | {"POL_TYPE": ["200NM"] * 3})
    assert "3 of 3 rows are of sea alone" in said
    # a column of that name may be of another's words
    states, _ = states_told(tmp_path, ("KZ",), **columns | {"POL_TYPE": ["republic", "", "state"]})
    assert len(states) == 3
    for codes in ({"ISO3166-1": "KZ", "ISO3166-1:alpha3": "KAZ"}, {"ISO3166-1:alpha3": "KAZ"}):
        columns = {"name": ["Kazakhstan"]} | {heading: [code] for heading, code in codes.items()}
        states, said = states_told(tmp_path, ("KZ",), **columns)
        assert states["iso2"].tolist() == ["KZ"]
        assert "hold territorial waters" in said


def lines(**columns) -> gpd.GeoDataFrame:
    size = len(next(iter(columns.values())))
    shapes = [LineString([(60 + at, 45), (61 + at, 46)]) for at in range(size)]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4326")


def test_what_has_no_name_is_called_by_its_id(tmp_path, survey):
    """It was told as "a closed fence ()" and " and  (China–Nepal, 0 km)"; hotspots had their ids."""
    fences = lines(permeability=[0.0, 0.0], name=["", "Altai fence"], barrier_id=["B05", "B06"])
    barriers = layers.read_barriers(written(tmp_path / "a.gpkg", fences.assign(kind="fence")))
    assert barriers["name"].tolist() == ["B05", "Altai fence"]
    parks = gpd.GeoDataFrame({"iso2": ["KZ"]}, geometry=[box(60, 45, 61, 46)], crs="EPSG:4326")
    areas = layers.read_protected_areas(written(tmp_path / "b.gpkg", parks))
    assert areas["name"].tolist() == areas["pa_id"].tolist() != [""]
    # two species along one corridor have a number behind its id, and the name is that id
    ways = lines(sci_name=["Lynx lynx;Saiga tatarica"], corridor_id=["L11"], evidence_grade=["A"])
    written(tmp_path / "c.gpkg", ways)
    clean, _, _ = survey(sources={"corridors": [tmp_path / "c.gpkg"]})
    assert clean.corridors["name"].tolist() == ["L11.1", "L11.2"]


def test_a_permeability_that_is_no_share_is_refused(tmp_path):
    table = lines(kind=["road", "rail"], permeability=[0.5, 80.0], name=["a", "b"])
    with pytest.raises(InputError, match=r"1 of 2 barriers has no permeability from 0 to 1: 80.0"):
        layers.read_barriers(written(tmp_path / "a.gpkg", table))


@pytest.mark.slow
def test_months_of_ranges_and_corridors_are_kept_and_odd_ones_are_told(tmp_path, survey):
    rows = [("Saiga tatarica", 1, box(60 + at, 45, 61 + at, 46)) for at in range(4)]
    mine = ranges(rows).assign(months=["4-7", "3–4; 11-12", "spring", None])
    ways = gpd.GeoDataFrame(
        {
            "corridor_id": ["a", "b", "c"],
            "sci_name": "Saiga tatarica",
            "evidence_grade": "A",
            "MONTHS": [4.0, 13.0, None],  # a column of numbers, as a shapefile has it
        },
        geometry=[LineString([(60, 45), (61, 46)])] * 3,
        crs="EPSG:4326",
    )
    sources = {
        "ranges": [written(tmp_path / "a.gpkg", mine)],
        "corridors": [written(tmp_path / "b.gpkg", ways)],
    }
    found, problems, _ = survey(sources=sources)
    own = found.ranges[found.ranges["sci_name"] == "Saiga tatarica"]
    assert sorted(own["months"]) == ["", "", "3–4; 11-12", "4-7"]
    # the bundled ranges beside it say nothing of months
    assert set(found.ranges["months"][found.ranges["sci_name"] != "Saiga tatarica"]) <= {""}
    assert found.corridors.sort_values("corridor_id")["months"].tolist() == ["4", "", ""]
    text = sentences(problems, "counted")
    assert "months spring names no months: taken as not given (a.gpkg, row 3)" in text
    assert "months 13.0 names no months: taken as not given" in text


def test_corridors_are_matched_to_the_taxa(tmp_path):
    table = lines(
        species=["Saiga borealis", "Panthera pardus", "Homo sapiens", "Ovis ammon;Equus kiang"],
        grade=["a", "B", "C", None],
        id=["L1", "L2", "L3", "L4"],
    )
    with pytest.warns(UserWarning, match="1 of 5 corridors is of other species: left out"):
        found = layers.read_corridors(written(tmp_path / "a.gpkg", table))
    assert found[["corridor_id", "sci_name", "evidence_grade"]].to_numpy().tolist() == [
        ["L1", "Saiga tatarica", "A"],
        ["L2", "Panthera pardus tulliana", "B"],  # a movement of leopards: no polygon to misuse
        ["L4.1", "Ovis ammon", "N"],
        ["L4.2", "Equus kiang", "N"],
    ]


@pytest.mark.parametrize("east", [-179.0, 181.0])
def test_a_line_over_180_is_not_taken_round_the_earth(tmp_path, east):
    """A GPS writes 179, then -179: such a track was 49,122 km long, and crossed a border twice."""
    table = gpd.GeoDataFrame(
        {"species": ["Saiga tatarica"], "grade": ["A"]},
        geometry=[LineString([(178, 60), (179, 60), (east, 60)])],
        crs="EPSG:4326",
    )
    crs = "+proj=laea +lat_0=60 +lon_0=180 +datum=WGS84 +units=m"
    read = partial(layers.read_corridors, written(tmp_path / "a.gpkg", table), crs=crs)
    if east > 180:
        with pytest.warns(UserWarning, match="longitudes past 180°"):
            corridors = read()
    else:
        corridors = read()
    # 3° of longitude at 60° N are 167 km
    assert overlap.length_km(corridors).sum() == pytest.approx(167.2, abs=0.5)


def test_a_parallel_round_the_earth_refuses_no_layer(tmp_path):
    """Cut at 180° nothing is left of it, and a layer with a row without ground was refused."""
    lines_of_two = [LineString([(-180, 50), (180, 50)]), LineString([(60, 44), (62, 44)])]
    table = gpd.GeoDataFrame(
        {"species": ["Saiga tatarica"] * 2, "grade": ["A", "A"]},
        geometry=lines_of_two,
        crs="EPSG:4326",
    )
    corridors = layers.read_corridors(written(tmp_path / "a.gpkg", table))
    assert len(corridors) == 2


def test_an_evidence_grade_that_is_not_known_is_refused(tmp_path):
    table = lines(species=["Saiga tatarica"], grade=["excellent"])
    with pytest.raises(InputError, match="evidence grade EXCELLENT is not known"):
        layers.read_corridors(written(tmp_path / "a.gpkg", table))


def test_rows_under_one_id_are_one_hotspot(tmp_path):
    shapes = [box(60, 45, 61, 46), box(60.5, 45, 62, 46), box(70, 40, 71, 41)]
    table = gpd.GeoDataFrame(
        {"hotspot_id": ["H2", "H2", "H1"], "name": ["b", "b", "a"]}, geometry=shapes, crs=4326
    )
    with pytest.warns(UserWarning, match="2 rows share the hotspot_id of another: joined into 1"):
        found = layers.read_hotspots(written(tmp_path / "a.gpkg", table))
    assert found["hotspot_id"].tolist() == ["H1", "H2"]
    whole = layers.to_equal_area(gpd.GeoDataFrame(geometry=[box(60, 45, 62, 46)], crs=4326))
    assert found.area.iloc[1] == pytest.approx(whole.area.iloc[0], rel=1e-9)
    assert found["name_ru"].tolist() == ["a", "b"]  # never a blank on a map


def test_of_rows_under_one_key_the_largest_speaks(tmp_path):
    """Natural Earth has Baikonur under the code of Kazakhstan: the whole state was called by it."""
    rows = {"ISO_A2_EH": ["KZ", "KZ", "UZ"], "NAME_EN": ["Baikonur", "Kazakhstan", "Uzbekistan"]}
    for order in ([0, 1, 2], [1, 0, 2]):
        shapes = [box(63, 45, 64, 46), box(50, 44, 80, 50), box(56, 38, 70, 43)]
        table = gpd.GeoDataFrame(rows, geometry=shapes, crs=4326).iloc[order]
        path = written(tmp_path / f"c{order[0]}.gpkg", table)
        with pytest.warns(UserWarning, match="2 rows share the iso2 of another"):
            states = layers.read_countries(path, states=["KZ", "UZ"])
        assert states["name_en"].tolist() == ["Kazakhstan", "Uzbekistan"]


def test_a_number_that_rows_of_several_names_share_is_no_id(tmp_path):
    """QGIS gives a new layer a column `id`, which people leave at 0: three places were one site."""
    shapes = [box(55, 42, 58, 44), box(55, 37, 58, 38), box(61, 35, 63, 36)]
    table = gpd.GeoDataFrame(
        {"id": [0, 0, 0], "name": ["Ustyurt", "Kopet Dag", "Badkhyz"]}, geometry=shapes, crs=4326
    )
    path = written(tmp_path / "new.gpkg", table)
    sites, problems = layers.read_sites(path)
    assert sites["site"].tolist() == ["Badkhyz", "Kopet Dag", "Ustyurt"]
    assert "rows of several names share one id: each is called by its name" in sentences(problems)
    hotspots = layers.read_hotspots(path)
    assert hotspots["name_en"].tolist() == ["Badkhyz", "Kopet Dag", "Ustyurt"]
    # parts of one place are one site, and so is what somebody gave a code
    for columns in ({"name": ["Ustyurt"] * 3}, {"id": ["H1"] * 3}):
        sites, problems = layers.read_sites(written(tmp_path / "one.gpkg", table.assign(**columns)))
        assert len(sites) == 1


def test_the_parts_of_a_unit_in_two_states_are_one_under_its_number(tmp_path):
    """They bear a name each; taken for a column that tells nothing, the unit was torn in two."""
    shapes = [box(55, 42, 57, 44), box(57, 42, 58, 44), box(61, 35, 63, 36)]
    names = ["Ustyurt (KZ)", "Ustyurt (UZ)", "Badkhyz"]
    table = gpd.GeoDataFrame({"unit_id": [12, 12, 13], "name": names}, geometry=shapes, crs=4326)
    sites, problems = layers.read_sites(written(tmp_path / "units.gpkg", table))
    assert sites["site"].astype(str).tolist() == ["12", "13"]
    assert "12 (Ustyurt (KZ), Ustyurt (UZ))" in sentences(problems)


def test_places_of_one_name_leave_the_largest(tmp_path):
    table = gpd.GeoDataFrame(
        {"name": ["Altai", "Altai", None], "extent_km": [10.0, 350.0, 1.0]},
        geometry=[Point(80, 40), Point(88, 49), Point(60, 40)],
        crs=4326,
    )
    path = written(tmp_path / "a.gpkg", table)
    with pytest.warns(UserWarning, match="1 place without a name: left out"):
        found = layers.read_gazetteer(path)
    assert found["extent_km"].tolist() == [350.0]


def test_a_state_without_a_polygon_is_refused():
    with pytest.raises(
        InputError,
        match=r"range states without a country polygon: XX, BR; not in ISO 3166: XX.*\[study\]",
    ):
        layers.read_countries(states=["KZ", "XX", "BR"])


def test_a_bundled_layer_with_nothing_for_a_study_elsewhere_is_called_so(tmp_path, survey):
    """The bundled areas are all of other states: there is nothing in a file of the user's to look at."""
    _, problems, _ = survey(states=("TR",), sources={"protected_areas": None})
    (bare,) = [p for p in problems if p.as_note().key == "no bundled row left"]
    assert (bare.layer, bare.level) == ("protected_areas", "refuses")
    assert "The bundled layer is of Central Asia. Name your own files" in bare.cure
    assert bare.lines == "[layers]\nprotected_areas = []"


# -- species --------------------------------------------------------------------------------------


def species_csv(path: Path, change) -> Path:
    table = change(layers.read_species())
    table.to_csv(path, index=False, encoding="utf-8")
    return path


def test_a_species_table_says_what_is_missing(tmp_path):
    path = species_csv(
        tmp_path / "s.csv", lambda table: table.rename(columns={"iucn_category": "category"})
    )
    with pytest.raises(
        InputError, match=r"columns are missing: iucn_category.*bundled species.csv"
    ):
        layers.read_species(path)
    path = species_csv(tmp_path / "s.csv", lambda table: pd.concat([table, table[:1]]))
    with pytest.raises(InputError, match="species come twice: Acinonyx jubatus venaticus"):
        layers.read_species(path)
    path.write_bytes("Название".encode("cp1251"))
    with pytest.raises(InputError, match=r"the table has no rows\. Start from the bundled"):
        layers.read_species(path)


def test_a_species_table_may_come_from_a_spreadsheet_in_russian(tmp_path):
    """Excel in Russian writes semicolons and Windows-1251: the same table as our own."""
    path = tmp_path / "s.csv"
    layers.read_species().to_csv(path, index=False, sep=";", encoding="cp1251", errors="replace")
    names = layers.read_species(path)["name_ru"]
    assert names.tolist() == layers.read_species()["name_ru"].tolist()


YES = ("yes", "Yes", "TRUE", "1", "1.0", " y", "да", "ИСТИНА", "是", "тийм", "Үнэн", "ＹＥＳ")
NO = ("no", "FALSE", "0", "", "нет", "ложь", "否", "үгүй", "Худал")


@pytest.mark.parametrize("column", ["sensitive", "in_cami", "clip_to_states"])
def test_yes_and_no_of_a_species_table_may_be_typed_in_any_language(tmp_path, column):
    """TRUE of a spreadsheet made a sensitive species an open one, in silence."""
    answers = pd.Series([*YES, *NO])
    path = species_csv(
        tmp_path / "s.csv",
        lambda table: (
            pd.concat([table] * 2)
            .head(len(answers))
            .assign(**{column: answers.to_numpy()}, sci_name=[f"A a{n:02}" for n in answers.index])
            .drop(columns="code")
        ),
    )
    read = layers.read_species(path).sort_values("sci_name")[column]
    assert read.tolist() == ["yes"] * len(YES) + ["no"] * len(NO)


def test_what_is_neither_yes_nor_no_is_refused_with_its_row(tmp_path):
    path = species_csv(
        tmp_path / "s.csv", lambda table: table.assign(sensitive=["perhaps", *table.sensitive[1:]])
    )
    first = "Acinonyx jubatus venaticus"
    with pytest.raises(
        InputError, match=rf"'perhaps' .*\(sensitive\) \(s\.csv, {first} \(row 2\)\)"
    ):
        layers.read_species(path)


def test_categories_and_states_of_a_species_table_may_be_typed_as_people_do(tmp_path, survey):
    """ "Endangered", as downloads of the Red List have it, counted as data deficient, in silence."""
    categories = {
        "EN": (
            *("Endangered", "en", "EN ", "Endangered (EN)", "исчезающий", "濒危", "EN A2cd"),
            *("Endangered A2cd+3cd", "EN – Endangered", "EN (A2cd)", "IUCN: EN", "en a4cd; c1"),
        ),
        "CR": ("Critically Endangered (Possibly Extinct)", "CR(PE)", "极危", "CR (PE)", "CR D"),
        "VU": ("VU B1ab(iii)", "VU D1+2", "Уязвимый (VU)", "Rare (VU)", "VU/Vulnerable"),
        "NT": ("Near Threatened", "LR/nt", "Lower Risk/conservation dependent", "Near-threatened"),
        "LC": ("least concern", "LR/lc", "LC ver 3.1", "LC (IUCN 3.1)"),
        "NE": ("NE", "неоценённый", "неоцененный"),
        "Rare": ("Rare",),
        # numbers of red books, letters of before 1994, and two at once: nobody knows
        **{word: (word,) for word in ("2", "III", "3 - редкий", "V", "EN?", "EN/VU", "-")},
    }
    typed = [word for words in categories.values() for word in words]
    states = ["KZ, UZ", "kz/uz", "KAZ;UZB", "Kazakhstan; Узбекистан", "哈萨克斯坦，乌兹别克斯坦"]
    rows = pd.DataFrame({"iucn_category": typed}).assign(
        sci_name=[
            f"Aus b{chr(97 + number // 26)}{chr(97 + number % 26)}" for number in range(len(typed))
        ],
        name_en="A",
        range_states=[*states, "KZ;Nowhere", *["KZ;UZ"] * (len(typed) - 6)],
    )
    path = tmp_path / "s.csv"
    rows.to_csv(path, index=False)
    with pytest.warns(UserWarning, match=r"'Rare' is no category of the Red List"):
        table = layers.read_species(path)
    assert table["iucn_category"].tolist() == [
        code for code, words in categories.items() for _ in words
    ]
    assert table["iucn_category"].isin(list(RED_LIST)).sum() == len(typed) - 8
    with_codes, _ = with_state_names(table, layers.read_countries())
    assert set(with_codes["range_states"]) == {"KZ;UZ", "KZ;Nowhere"}
    _, problems, _ = survey(sources={"species": [path]})
    text = sentences(problems, "counted")
    for number, word in enumerate(typed):
        if number >= len(typed) - 8:
            assert f"'{word}' is no category of the Red List" in text
            assert f"{rows['sci_name'][number]} (row {number + 2})" in text
    assert "range_states: Nowhere is no state" in text


def test_a_cell_that_says_nothing_names_no_state(tmp_path):
    """ "-" and "n/a" were told as states that nobody knows; NO and NA are Norway and Namibia."""
    nothing = ["-", "—", "n/a", "нет", "Нет данных", "none", "无", "байхгүй", "/", "KZ; —"]
    cells = [*nothing, "NO;NA", "KZ;UZ; Russia", "KZ-UZ", "?"]
    rows = pd.DataFrame({"extinct_states": cells, "range_states": "KZ"}).assign(
        sci_name=[f"Aus b{chr(97 + number)}" for number in range(len(cells))],
        name_en="A",
        iucn_category="LC",
    )
    path = tmp_path / "s.csv"
    rows.to_csv(path, index=False)
    table, problems = with_state_names(layers.read_species(path), layers.read_countries())
    read = [*[""] * 9, "KZ", "NO;NA", "KZ;UZ;RU", "KZ-UZ", "?"]
    assert table["extinct_states"].tolist() == read
    told = [problem.sentence() for problem in problems]
    assert len(told) == 2
    assert "extinct_states: KZ-UZ is no state" in told[0]
    assert "extinct_states: ? is no state" in told[1]


def test_label_codes_are_made_where_there_are_none(tmp_path):
    path = species_csv(tmp_path / "s.csv", lambda table: table.drop(columns="code"))
    made = layers.read_species(path)["code"]
    assert made.is_unique
    assert made.str.fullmatch("[A-Z]{3}").all()
    cyrillic = {
        name: f"Вид {number}" for number, name in enumerate(layers.read_species()["sci_name"])
    }
    path = species_csv(
        tmp_path / "c.csv",
        lambda table: table.drop(columns="code").assign(sci_name=table["sci_name"].map(cyrillic)),
    )
    assert layers.read_species(path)["code"].is_unique


def test_a_species_table_with_semicolons_from_excel_is_read(tmp_path):
    path = tmp_path / "s.csv"
    table = layers.read_species()
    table = table.apply(lambda column: column.str.replace(";", "/"))
    table.to_csv(path, index=False, sep=";", encoding="utf-8-sig")
    assert layers.read_species(path)["sci_name"].tolist() == table["sci_name"].tolist()


# -- borders --------------------------------------------------------------------------------------


def two_states(gap: float = 0.0) -> gpd.GeoDataFrame:
    shapes = [box(0, 0, 100_000, 300_000), box(100_000 + gap, 0, 200_000, 300_000)]
    return gpd.GeoDataFrame(
        {"iso2": ["AA", "BB"], "range_state": [True, True]}, geometry=shapes, crs=EQUAL_AREA
    )


def test_a_shared_border_is_split_where_it_runs_through_disputed_ground():
    ground = gpd.GeoDataFrame(geometry=[box(50_000, 100_000, 150_000, 150_000)], crs=EQUAL_AREA)
    found = layers.shared_borders(two_states(), ground)
    assert found["pair"].tolist() == ["AA;BB", "AA;BB"]
    assert found["disputed"].tolist() == [False, True]
    assert found.length.tolist() == pytest.approx([250_000, 50_000])
    check_table(found, "borders", crs=EQUAL_AREA)


def test_states_that_touch_in_a_point_or_not_at_all_share_no_border():
    corner = two_states()
    corner.loc[1, "geometry"] = box(100_000, 300_000, 200_000, 400_000)
    assert len(layers.shared_borders(corner)) == 0
    assert len(layers.shared_borders(two_states(gap=500))) == 0


def test_neighbours_that_do_not_quite_meet_share_a_border_within_a_tolerance():
    found = layers.shared_borders(two_states(gap=500), tolerance_km=1.0)
    assert found["pair"].tolist() == ["AA;BB"]
    assert found.length.iloc[0] == pytest.approx(300_000, rel=0.01)


def states_of(**shapes) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"iso2": list(shapes), "range_state": True}, geometry=list(shapes.values()), crs=EQUAL_AREA
    )


@pytest.mark.slow
def test_the_borders_of_states_that_overlap_all_around_are_found_in_time(bundled):
    """Each state drawn 3 km too large, as two sources of one border are: no border lost, no minutes."""
    larger = bundled.countries.set_geometry(bundled.countries.geometry.buffer(3000))
    began = time.process_time()
    found, _ = _layer_survey._borders(larger, None, is_own=True)
    assert time.process_time() - began < 40  # 7 s; once they took minutes
    assert set(found["pair"]) >= set(bundled.borders["pair"])
    assert found.length.sum() == pytest.approx(bundled.borders.length.sum(), rel=0.05)


@pytest.mark.parametrize("gap", [0, 400])
def test_within_a_tolerance_a_border_ends_where_a_third_state_begins(gap):
    # BB and CC lie beside AA, one above the other; CC was drawn by somebody else, 400 m off.
    table = states_of(
        AA=box(0, 0, 100_000, 300_000),
        BB=box(100_000, 150_000, 200_000, 300_000),
        CC=box(100_000 + gap, 0, 200_000, 150_000),
    )
    borders = layers.shared_borders(table, tolerance_km=5.0)
    km = dict(zip(borders["pair"], borders.length / 1000, strict=True))
    assert km["AA;BB"] == 150  # where outlines are one, the border is theirs to the metre
    corner = 5 if gap else 0  # at the other end nobody else is near: it runs on round the corner
    assert km["AA;CC"] == pytest.approx(150 + corner, abs=1)
    assert km["BB;CC"] == pytest.approx(100, abs=0.5)


@pytest.mark.parametrize("gap", [0, 300])
def test_states_on_both_sides_of_a_narrow_strip_share_no_border(gap):
    # as Tajikistan and Pakistan on the two sides of the Wakhan: the strip is 4 km wide
    table = states_of(
        AA=box(0, 0, 100_000, 50_000),
        BB=box(0, 50_000 + gap, 100_000, 54_000),
        CC=box(0, 54_000, 100_000, 90_000),
    )
    borders = layers.shared_borders(table, tolerance_km=5.0)
    km = dict(zip(borders["pair"], borders.length / 1000, strict=True))
    assert set(km) == {"AA;BB", "BB;CC"}
    assert km["BB;CC"] == 100
    assert km["AA;BB"] == pytest.approx(110 if gap else 100, abs=1)  # on round two corners


def test_borders_survive_the_projection_whole(bundled):
    # in longitude and latitude, before any vertex was added or moved, the same pairs touch
    pairs = set(bundled.borders["pair"])
    assert {"KZ;RU", "KZ;UZ", "CN;MN", "AF;CN", "IN;NP"} <= pairs
    assert "IR;KZ" not in pairs
    long = bundled.borders.length.groupby(bundled.borders["pair"]).sum() / 1000
    assert long["CN;MN"] == pytest.approx(4630, rel=0.1)  # 4,630 km by treaty, drawn at 1:10m
    assert bundled.borders.loc[bundled.borders["disputed"], "pair"].tolist().count("CN;IN") == 1


# -- order changes nothing ------------------------------------------------------------------------

MANY = [
    ("Saiga tatarica", 1, box(60, 45, 64, 47)),
    ("Saiga tatarica", 1, box(62, 46, 66, 48)),
    ("Saiga tatarica", 2, box(62, 46, 66, 48)),
    ("Saiga tatarica", 3, box(50, 46, 52, 48)),
    ("Ovis ammon", 1, box(90, 46, 92, 48)),
    ("Saiga tatarica", 1, BOW),
]


def read_in_order(folder: Path, order) -> gpd.GeoDataFrame:
    columns = {"iso2": STATES, "name_en": STATES, "name_ru": STATES, "range_state": True}
    shapes = [box(at * 1e6, -1e6, at * 1e6 + 1e6, 1e6) for at in range(-7, 7)]
    strips = gpd.GeoDataFrame(columns, geometry=shapes, crs=EQUAL_AREA)  # quick stand-ins
    path = folder / "rows.parquet"
    ranges([MANY[at] for at in order]).to_parquet(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return layers.read_ranges(path, countries=strips)


@pytest.mark.slow
@settings(max_examples=4)
@given(order=st.permutations(range(len(MANY))))
def test_the_order_of_rows_changes_nothing(tmp_path_factory, order):
    folder = tmp_path_factory.mktemp("order")
    one = read_in_order(folder, range(len(MANY)))
    other = read_in_order(folder, order)
    assert one.to_wkb().equals(other.to_wkb())


def test_dissolving_keeps_a_group_without_a_name():
    table = gpd.GeoDataFrame(
        {"sci_name": ["a", "a", "a"], "confidence": ["high", None, None]},
        geometry=[box(0, 0, 1, 1), box(0, 0, 2, 1), box(1, 0, 3, 1)],
        crs=EQUAL_AREA,
    )
    found = overlap.dissolved(table, ["sci_name", "confidence"])
    assert found.area.tolist() == [1.0, 3.0]
    assert found["confidence"].isna().tolist() == [False, True]
    assert overlap.dissolved(table).area.tolist() == [3.0]
    assert len(overlap.dissolved(table[:0], ["sci_name"])) == 0


# -- sites ----------------------------------------------------------------------------------------


def test_sites_take_the_first_key_that_the_file_has(tmp_path):
    shapes = [box(70, 40, 71, 41), box(60, 40, 61, 41)]
    for columns, ids in (
        ({"unit_id": ["U2", "U1"], "id": [1, 2]}, ["U1", "U2"]),
        ({"hotspot_id": ["H2", "H1"], "name": ["x", "y"]}, ["H1", "H2"]),
        ({"id": [12, 7]}, ["12", "7"]),
        ({"name": ["b", "a"]}, ["a", "b"]),
        ({"colour": ["red", "blue"]}, ["site-001", "site-002"]),
    ):
        table = gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)
        found, _ = layers.read_sites(written(tmp_path / "a.gpkg", table))
        assert found["site"].tolist() == ids
        assert same_crs(found.crs, EQUAL_AREA)
        (tmp_path / "a.gpkg").unlink()


def test_an_id_is_one_id_in_lists_of_ids(tmp_path):
    """ ";" stands between them: what has one in it was two of which none was there."""
    shapes = [box(70, 40, 71, 41), box(60, 40, 61, 41)]
    table = gpd.GeoDataFrame({"hotspot_id": ["H1;H2", "H3"]}, geometry=shapes, crs=4326)
    found = layers.read_hotspots(written(tmp_path / "a.gpkg", table))
    assert found["hotspot_id"].tolist() == ["H1,H2", "H3"]
    table["hotspot_id"] = ["a;b", "a,b"]  # two they were, and two they stay
    found = layers.read_hotspots(written(tmp_path / "b.gpkg", table))
    assert sorted(found["hotspot_id"]) == ["a,,b", "a,b"]


def test_sites_without_an_id_beside_others_keep_their_names(tmp_path):
    """A new shape in a file of units is called as it was drawn; what two bear is no name of a site."""
    columns = {
        "unit_id": ["CU-001", None, None, None, None],
        "name_en": ["Ustyurt", None, None, None, None],
        "name": ["CU-001 Ustyurt", "Hills", "Untitled Polygon", "Untitled Polygon", "CU-001"],
    }
    shapes = [box(60 + at, 40, 61 + at, 41) for at in range(5)]
    table = gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)
    found, _ = layers.read_sites(written(tmp_path / "a.gpkg", table))
    assert found["site"].tolist() == ["CU-001", "Hills", "site-001", "site-002", "site-003"]
    names = ["Ustyurt", "Hills", "CU-001", "Untitled Polygon", "Untitled Polygon"]
    assert found["name_en"].tolist() == names


def test_a_path_that_nearly_closes_is_said_to_be_one_thing(tmp_path):
    corners = "60,40 61,40 61,41 60,41 60,40.05"
    line = f"<LineString><coordinates>{corners}</coordinates></LineString>"
    text = f"<kml><Placemark><name>drawn</name>{line}</Placemark></kml>"
    (tmp_path / "a.kml").write_text(text, encoding="utf-8")
    found, problems = layers.read_sites(tmp_path / "a.kml")
    assert found["site"].tolist() == ["drawn"]
    assert [one.as_note().key for one in problems] == ["paths as polygons"]


def test_sites_without_polygons_are_refused(tmp_path):
    table = gpd.GeoDataFrame({"id": [1]}, geometry=[Point(60, 40)], crs=4326)
    with pytest.raises(InputError, match=r"a.gpkg has no polygons"):
        layers.read_sites(written(tmp_path / "a.gpkg", table))


# -- ranges that nobody here drew -----------------------------------------------------------------


@pytest.mark.reference
def test_phylacine_reads_through_a_plan_or_says_exactly_what_is_missing(survey):
    path = SHARED / "data" / "phylacine_present_natural_13sp.gpkg"
    if not path.exists():
        pytest.skip("the reference layers are not beside the checkout")
    _, problems, _ = survey(sources={"ranges": [path]})
    refused = [one for one in problems if one.level == "refuses"]
    assert [one.what.split(", of which only ")[1].split(" is a")[0] for one in refused] == [
        "Acinonyx jubatus venaticus",
        "Equus ferus przewalskii",
        "Panthera pardus tulliana",
        "Ursus arctos gobiensis",
    ]
    plan = [tomllib.loads(one.cure.partition("\n")[2])["taxa"] for one in refused]
    rules = {
        taxon: TaxonRule(rule["from"], tuple(rule["within"]))
        for table in plan
        for taxon, rule in table.items()
    }
    found, problems, _ = survey(sources={"ranges": [path]}, taxa=rules)
    assert found is not None, sentences(problems, "refuses")
    # PHYLACINE says how many cells of 96.486 km a species has, each of 9,309.6 km²: a second way
    # to the area of the saiga's range, whole because nothing clips it
    saiga = found.features.query("sci_name == 'Saiga tatarica'")["range_km2"].iloc[0]
    assert saiga == pytest.approx(1338 * 96.4862**2, rel=0.01)


def test_of_a_pack_that_comes_back_whole_only_units_are_sites(tmp_path):
    """Ranges, and a river whose ends nearly meet, are our own evidence; alone they are what somebody asks for."""

    def placemark(shape: str, **data: str) -> str:
        values = "".join(f'<Data name="{k}"><value>{v}</value></Data>' for k, v in data.items())
        return mark(shape, "x", f"<ExtendedData>{values}</ExtendedData>")

    ring = "70,40 71,40 71,41 70,41 70,40.001"
    field = polygon(f"{ring} 70,40")
    river = f"<LineString><coordinates>{ring}</coordinates></LineString>"
    evidence = placemark(field, layer="ranges"), placemark(river, layer="water")
    pack = tmp_path / "edit_S1.kml"
    pack.write_bytes(document(placemark(field, cu_id="CU-001", part="1"), *evidence))
    sites, problems = layers.read_sites(pack)
    assert sites["site"].tolist() == ["CU-001"]
    [said] = [problem.sentence() for problem in problems]
    assert "2 placemarks of our own evidence: not taken for sites" in said
    pack.write_bytes(document(*evidence))
    assert layers.read_sites(pack)[0]["site"].tolist() == ["x"]


def test_a_misspelt_option_of_a_reader_is_an_error():
    with pytest.raises(InputError, match=r"assumed_crss\. Did you mean 'assumed_crs'\?"):
        layers.read_hotspots(assumed_crss="EPSG:4326")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a system without devices as files")
def test_a_device_is_refused_as_a_layer_before_a_byte_is_read():
    with pytest.raises(InputError, match="this is a device or a pipe, and no file"):
        layers.read_hotspots("/dev/zero")
