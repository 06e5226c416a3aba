"""Files as people's programs leave them: what is read, and advice that works when it is pasted."""

from __future__ import annotations

import json
import math
import re
import shutil
import sqlite3
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
import shapely.geometry
from exactextract import exact_extract
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

import cami_units as cu
from cami_units import drawn_pieces, layers, overlap, scene
from cami_units.commands.check import _context_layers, said_once
from cami_units.commands.plan_layers import reading_of
from cami_units.layers import _rasters, _shape_checks
from cami_units.layers._gis_files import file_hash, found_files, is_companion
from cami_units.layers._layer_rows import gathered, keyed_layer
from cami_units.layers._layer_survey import _borders
from cami_units.model import EQUAL_AREA, InputError, PlanError
from cami_units.plan import read_plan
from cami_units.webmap._page_values import shared_edges

HEAD = 'title = "A workshop"\ndate = "2026-11-22"\n'
STEPPE = box(60, 45, 64, 47)


def written(path: Path, columns: dict, shapes: list, crs="EPSG:4326", **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gpd.GeoDataFrame(columns, geometry=shapes, crs=crs).to_file(path, **options)
    return path


def names_found(folder: Path, entry: str) -> list[str]:
    return [path.name for path in found_files("ranges", [folder / entry])[0]]


# -- names -----------------------------------------------------------------------------------------


def test_signs_of_patterns_in_the_names_of_folders_are_names(tmp_path):
    """ "round [2]" as a pattern is "round 2": the folder beside it must not be read instead."""
    for folder, file in (("round 2", "kiang"), ("round [2]", "saiga")):
        written(tmp_path / folder / f"{file}.geojson", {"a": [1]}, [STEPPE])
    assert names_found(tmp_path, "round [2]/*.geojson") == ["saiga.geojson"]
    shutil.rmtree(tmp_path / "round 2")
    assert names_found(tmp_path, "round [2]/*.geojson") == ["saiga.geojson"]
    assert names_found(tmp_path, "round [3]/*.geojson") == []


def test_patterns_are_still_patterns(tmp_path):
    for name in ("a1", "a2", "b1"):
        written(tmp_path / "in" / f"{name}.geojson", {"a": [1]}, [STEPPE])
    assert names_found(tmp_path, "in/[a]*.geojson") == ["a1.geojson", "a2.geojson"]
    assert names_found(tmp_path, "i*") == ["a1.geojson", "a2.geojson", "b1.geojson"]


def test_tables_beside_maps_are_passed_over_with_a_note(tmp_path):
    """The Red List hands out assessments.csv beside its shapefiles."""
    written(tmp_path / "in" / "data_0.shp", {"a": [1]}, [STEPPE])
    (tmp_path / "in" / "assessments.csv").write_text("id\n1\n")
    files, notes = found_files("ranges", [tmp_path / "in"])
    assert [path.name for path in files] == ["data_0.shp"]
    assert [(one.level, one.where) for one in notes] == [("note", "assessments.csv")]


def test_a_shapefile_is_one_file(tmp_path):
    path = written(tmp_path / "units.shp", {"a": [1]}, [STEPPE])
    assert [one.name for one in sorted(tmp_path.iterdir()) if not is_companion(one)] == [path.name]
    (tmp_path / "other.dbf").write_bytes(b"")
    assert not is_companion(tmp_path / "other.dbf")
    assert is_companion(tmp_path / "units.gpkg-wal")


@pytest.mark.parametrize("path", [r"inputs\ranges", r"inputs\new.kml", r"C:\Users\me\ranges.shp"])
def test_backslashes_in_a_path_are_explained(tmp_path, path):
    """In TOML a backslash begins an escape: the r of ranges becomes a line end, \\U wants digits."""
    plan = tmp_path / "plan.toml"
    plan.write_text(f'{HEAD}[layers]\nranges = ["{path}"]\n')
    with pytest.raises(PlanError, match=r'Write paths with "/" instead of "\\"'):
        read_plan(plan)


# -- encodings -------------------------------------------------------------------------------------


def dbf_without_a_word(folder: Path, encoding: str, name: str) -> Path:
    """A shapefile whose .dbf has language byte 0, and no .cpg beside it."""
    path = written(folder / "h.shp", {"name_en": [name]}, [STEPPE], encoding=encoding)
    (folder / "h.cpg").unlink()
    dbf = bytearray((folder / "h.dbf").read_bytes())
    dbf[29] = 0
    (folder / "h.dbf").write_bytes(dbf)
    return path


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r"])
def test_names_in_a_code_page_that_nobody_names_are_read_and_said(tmp_path, encoding):
    path = dbf_without_a_word(tmp_path, encoding, "Устюрт южный")
    with pytest.warns(UserWarning, match=f"read as {encoding}"):
        assert layers.read_hotspots(path)["name_en"].tolist() == ["Устюрт южный"]


def test_the_plan_can_say_the_encoding_of_a_file(tmp_path):
    dbf_without_a_word(tmp_path, "cp866", "Устюрт")
    plan = tmp_path / "plan.toml"
    plan.write_text(f'{HEAD}[layers]\nhotspots = ["h.shp"]\n[encoding]\n"h.shp" = "cp866"\n')
    reading = reading_of(read_plan(plan))
    rows = gathered("hotspots", [tmp_path / "h.shp"], reading, is_own=True)
    assert rows.table["name_en"].tolist() == ["Устюрт"]
    assert not rows.problems


def test_an_encoding_that_is_none_is_refused(tmp_path):
    plan = tmp_path / "plan.toml"
    plan.write_text(f'{HEAD}[encoding]\n"h.shp" = "windows"\n')
    with pytest.raises(PlanError, match='such as "cp1251"'):
        read_plan(plan)


# -- a GeoPackage that is open ---------------------------------------------------------------------


def test_edits_beside_an_open_geopackage_count(tmp_path):
    """A program that is open keeps its last edits in -wal: the file itself does not change."""
    path = written(tmp_path / "h.gpkg", {"hotspot_id": ["H1"]}, [STEPPE])
    before = file_hash(path)
    edit = sqlite3.connect(path)
    edit.execute("PRAGMA journal_mode=WAL")
    edit.execute("CREATE TABLE note (a TEXT)")
    edit.commit()
    inside = path.read_bytes()
    assert (tmp_path / "h.gpkg-wal").stat().st_size > 0
    assert file_hash(path) != before
    rows = gathered("hotspots", [path], layers.Reading(), is_own=True)
    assert any("last edits are in h.gpkg-wal" in one.what for one in rows.problems)
    copy = tmp_path / "copy.gpkg"
    copy.write_bytes(inside)  # as a memory stick gets it while the program is open
    edit.close()
    rows = gathered("hotspots", [copy], layers.Reading(), is_own=True)
    assert any("there is none" in one.what and "copy again" in one.cure for one in rows.problems)


@pytest.mark.parametrize("ending", ["geojson", "json"])
def test_codes_that_look_like_days_are_codes(tmp_path, ending):
    """GDAL makes days of 2012 of them, if all of a file pass for days, and refuses a 30 February."""
    codes = ["12-03-04", "12-02-30", "99/05/17", "12:30"]
    features = [
        {
            "type": "Feature",
            "properties": {"unit_id": code},
            "geometry": shapely.geometry.mapping(STEPPE),
        }
        for code in codes
    ]
    for some in (features[:1], features[1:3], features[3:]):
        path = tmp_path / f"units.{ending}"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": some}))
        wanted = [one["properties"]["unit_id"] for one in some]
        placemarks = layers.read_gis_placemarks(path, path.name)
        assert [row["unit_id"] for row in placemarks.table["data"]] == wanted
        assert "GDAL says" not in set(placemarks.notes["key"])
        sites, _ = layers.read_sites(path)
        assert sorted(sites["site"]) == sorted(wanted)


@pytest.mark.parametrize("ending", ["geojsonl", "ndjson", "geojsons", "topojson", "json"])
def test_codes_of_other_kinds_of_json_are_codes(tmp_path, ending):
    """Of a TopoJSON and of a sequence of features GDAL cannot be asked to leave texts as they are."""
    ring = shapely.geometry.mapping(STEPPE)["coordinates"][0]
    for codes in (["12-03-04", "12-03-05"], ["12-02-30", "99/05/17"], ["12:30", "13:30"]):
        said = [{"unit_id": code, "seen": "2024-03-04", "n": 3} for code in codes]
        path = tmp_path / f"units.{ending}"
        if ending in ("topojson", "json"):
            shapes = [{"type": "Polygon", "arcs": [[0]], "properties": one} for one in said]
            group = {"type": "GeometryCollection", "geometries": shapes}
            whole = {"type": "Topology", "objects": {"units": group}, "arcs": [ring]}
            path.write_text(json.dumps(whole))
        else:
            shape = {"type": "Polygon", "coordinates": [ring]}
            rows = [{"type": "Feature", "properties": one, "geometry": shape} for one in said]
            between = "\x1e" if ending == "geojsons" else ""
            path.write_text("".join(f"{between}{json.dumps(row)}\n" for row in rows))
        sites, _ = layers.read_sites(path, assumed_crs="EPSG:4326")
        assert sorted(sites["site"]) == sorted(codes)
        placemarks = layers.read_gis_placemarks(path, path.name)
        assert [row["unit_id"] for row in placemarks.table["data"]] == codes
        assert set(sites["n"]) == {3}
        assert set(sites["seen"]) == {"2024-03-04"}


def test_a_line_cut_off_makes_no_days_of_the_codes_before_it(tmp_path):
    shape = shapely.geometry.mapping(STEPPE)
    rows = [
        {"type": "Feature", "properties": {"unit_id": code}, "geometry": shape}
        for code in ("12-03-04", "12-03-05")
    ]
    path = tmp_path / "units.ndjson"
    path.write_text("\n".join([*map(json.dumps, rows), '{"type": "Feat']))
    sites, _ = layers.read_sites(path)
    assert sorted(sites["site"]) == ["12-03-04", "12-03-05"]


@pytest.mark.parametrize("has_log", [True, False])
def test_a_drawing_copied_while_a_gis_had_it_open_is_not_touched(tmp_path, has_log):
    """SQLite puts the log into the file, and takes it away, at the first question of how many rows there are."""
    path = written(tmp_path / "h.gpkg", {"name": ["CU-001", "CU-002"]}, [STEPPE, STEPPE])
    edit = sqlite3.connect(path)
    edit.execute("PRAGMA journal_mode=WAL")
    for (trigger,) in list(edit.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")):
        edit.execute(f'DROP TRIGGER "{trigger}"')  # they call functions that only a GIS has
    edit.commit()
    edit.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    edit.execute("UPDATE h SET name = 'moved' WHERE name = 'CU-002'")
    edit.commit()
    folder = tmp_path / "handed-in"
    folder.mkdir()
    for name in ("h.gpkg", "h.gpkg-wal")[: 2 if has_log else 1]:
        (folder / name).write_bytes((tmp_path / name).read_bytes())
    edit.close()
    before = {one.name: one.read_bytes() for one in folder.iterdir()}
    placemarks = layers.read_gis_placemarks(folder / "h.gpkg", "h.gpkg")
    assert {one.name: one.read_bytes() for one in folder.iterdir()} == before
    assert list(placemarks.table["name"]) == ["CU-001", "moved" if has_log else "CU-002"]
    logs = set(placemarks.notes["key"]) & {"open elsewhere", "log missing"}
    assert logs == {"open elsewhere" if has_log else "log missing"}


# -- what files do not say -------------------------------------------------------------------------


def planned(folder: Path, text: str) -> Path:
    plan = folder / "plan.toml"
    plan.write_text(HEAD + text, encoding="utf-8")
    return plan


def pasted(plan: Path) -> list[str]:
    """The plan with every advice of `check` pasted, until nothing refuses; what was pasted."""
    advice: list[str] = []
    for _ in range(5):
        reading = reading_of(read_plan(plan))
        refusing = []
        for layer, entries in reading.sources.items():
            if not entries:
                continue
            files, notes = found_files(layer, entries)
            rows = gathered(layer, files, reading, is_own=True)
            refusing += [one for one in (*notes, *rows.problems) if one.level == "refuses"]
        if not refusing:
            return advice
        cure = next(one.cure for one in refusing if "\n[" in one.cure)
        lines = cure[cure.index("\n[") + 1 :]
        assert lines not in advice, f"pasted before, and no use: {lines}"
        advice.append(lines)
        plan.write_text(f"{plan.read_text(encoding='utf-8')}\n{lines}\n", encoding="utf-8")
    raise AssertionError(advice)


RAIL = LineString([(60, 45), (62, 46)])


def test_railways_without_columns_are_in_by_pasted_advice_alone(tmp_path):
    """OpenStreetMap says fclass and code; nobody says how permeable a railway is."""
    written(tmp_path / "rail.shp", {"osm_id": ["1"], "fclass": ["rail"]}, [RAIL])
    plan = planned(tmp_path, '[layers]\nbarriers = ["rail.shp"]\n')
    advice = pasted(plan)
    assert any('kind = "railway"' in lines for lines in advice)
    assert any("permeability = 0.5" in lines for lines in advice)


def test_a_file_of_one_species_without_its_name_is_in_by_pasted_advice_alone(tmp_path):
    written(tmp_path / "Saiga_tatarica.geojson", {"presence": [1]}, [STEPPE])
    plan = planned(tmp_path, '[layers]\nranges = ["*.geojson"]\n')
    assert pasted(plan) == ['[species]\n"*.geojson" = "file name"']
    reading = reading_of(read_plan(plan))
    rules = reading.rules("ranges", tmp_path / "Saiga_tatarica.geojson", is_own=True)
    assert rules.defaults == {"sci_name": "Saiga tatarica"}


def test_a_crs_that_is_missing_is_in_by_pasted_advice_alone(tmp_path):
    path = written(tmp_path / "h.shp", {"name_en": ["A"]}, [STEPPE])
    path.with_suffix(".prj").unlink()
    assert pasted(planned(tmp_path, '[layers]\nhotspots = ["h.shp"]\n')) == [
        '[crs]\nhotspots = "EPSG:4326"'
    ]


def test_context_layers_are_in_by_pasted_advice_alone(tmp_path):
    """A shapefile and a raster without their CRS, and a table whose degrees nobody knows."""
    written(tmp_path / "in" / "towns.shp", {"name": ["Aral"]}, [Point(61, 46)], crs=None)
    (tmp_path / "in" / "camps.csv").write_text("name,lon_dd,lat_dd\nA,61,46\n")
    (tmp_path / "in" / "cattle.asc").write_text(
        "ncols 2\nnrows 2\nxllcorner 60\nyllcorner 45\ncellsize 1\n1 2\n3 4\n"
    )
    plan = planned(
        tmp_path,
        "".join(
            f'[context.{name}]\npath = "in/{file}"\nsummary = "{summary}"\n'
            for name, file, summary in (
                ("towns", "towns.shp", "count"),
                ("camps", "camps.csv", "count"),
                ("cattle", "cattle.asc", "mean"),
            )
        ),
    )
    for _ in range(2):
        reads = _context_layers(read_plan(plan), None, lambda *_: None)
        refusing = [one for read in reads for one in read.problems if one.level == "refuses"]
        assert all("\n[" in one.cure for one in refusing), refusing
        cures = {one.cure[one.cure.index("\n[") :] for one in refusing}
        plan.write_text(plan.read_text(encoding="utf-8") + "\n".join(sorted(cures)) + "\n")
        if not refusing:
            break
        assert len(refusing) == 3
    assert not refusing


def test_sites_without_a_crs_are_assessed_by_pasted_advice(tmp_path):
    written(tmp_path / "in" / "areas.shp", {"name": ["A"]}, [STEPPE], crs=None)
    sites = tmp_path / "in" / "areas.shp"
    plan = planned(tmp_path, "")
    with pytest.raises(InputError) as refused:
        layers.read_sites(sites, folder=tmp_path)
    text = str(refused.value)
    lines = text[text.index("\n[crs]") :]
    assert lines.split("\n")[1:3] == ["[crs]", '"in/areas.shp" = "EPSG:4326"']
    plan.write_text(plan.read_text(encoding="utf-8") + lines, encoding="utf-8")
    rules = reading_of(read_plan(plan)).rules("sites", sites, is_own=True)
    assert len(layers.read_sites(sites, assumed_crs=rules.assumed_crs, folder=tmp_path)[0]) == 1


def test_columns_of_one_file_go_before_those_of_its_layer(tmp_path):
    columns = {"kind": ["x"], "what": ["road"], "typ": ["rail"], "permeability": [0.1]}
    for name in ("a.geojson", "b.geojson"):
        written(tmp_path / name, columns, [RAIL])
    plan = planned(
        tmp_path,
        '[layers]\nbarriers = ["a.geojson", "b.geojson"]\n'
        '[columns.barriers]\nkind = "what"\n[columns."b.geojson"]\nkind = "typ"\n',
    )
    reading = reading_of(read_plan(plan))
    files = [tmp_path / "a.geojson", tmp_path / "b.geojson"]
    rows = gathered("barriers", files, reading, is_own=True)
    assert rows.table["kind"].tolist() == ["road", "rail"]


def test_a_column_that_is_called_as_ours_wins(tmp_path):
    columns = {"nameen": ["the wrong one"], "name_en": ["Ustyurt"], "name": ["local"]}
    path = written(tmp_path / "h.geojson", columns, [STEPPE])
    assert layers.read_hotspots(path)["name_en"].tolist() == ["Ustyurt"]


def test_any_layer_can_be_said_to_be_restricted(tmp_path):
    written(tmp_path / "h.geojson", {"hotspot_id": ["H1"]}, [STEPPE])
    plan = planned(
        tmp_path, '[layers]\nhotspots = ["h.geojson"]\n[restricted]\nlayers = ["hotspots"]\n'
    )
    reading = reading_of(read_plan(plan))
    rows = gathered("hotspots", [tmp_path / "h.geojson"], reading, is_own=True)
    assert [source["restricted"] for source in rows.sources] == [True]


def test_a_default_of_a_column_that_the_layer_does_not_have_is_refused(tmp_path):
    written(tmp_path / "b.geojson", {"kind": ["road"], "permeability": [0.1]}, [RAIL])
    plan = planned(
        tmp_path, '[layers]\nbarriers = ["b.geojson"]\n[defaults.barriers]\nkinds = "x"\n'
    )
    reading = reading_of(read_plan(plan))
    rows = gathered("barriers", [tmp_path / "b.geojson"], reading, is_own=True)
    assert re.search(
        r"\[defaults.barriers\] names 'kinds'.*Did you mean 'kind'", rows.problems[0].sentence()
    )


# -- context ---------------------------------------------------------------------------------------

AROUND = gpd.GeoDataFrame(geometry=[STEPPE], crs="EPSG:4326")


def test_the_column_of_a_context_mean_is_the_plans(tmp_path):
    path = written(tmp_path / "c.geojson", {"heads": [7.0], "code": [3]}, [Point(61, 46)])
    read = layers.read_context(path, around=AROUND, column="heads")
    assert read.table["value"].tolist() == [7.0]
    read = layers.read_context(path, around=AROUND, name="cattle", column="head")
    assert read.is_refused
    assert "Did you mean 'heads'" in read.problems[-1].cure


def test_empty_shapes_of_a_context_layer_are_counted_and_left_out(tmp_path):
    path = written(tmp_path / "c.geojson", {"a": [1, 2]}, [Point(61, 46), MultiPolygon()])
    read = layers.read_context(path, around=AROUND)
    assert len(read.table) == 1
    assert [one.level for one in read.problems] == ["counted"]


def test_check_opens_context_layers_and_one_bad_one_stops_none(tmp_path):
    written(tmp_path / "c.geojson", {"a": [1]}, [Point(61, 46)])
    (tmp_path / "bad.gpkg").write_bytes(b"SQLite format 3\x00 and no more")
    plan = read_plan(
        planned(
            tmp_path,
            '[context.towns]\npath = "c.geojson"\nsummary = "count"\n'
            '[context.bad]\npath = "bad.gpkg"\nsummary = "count"\n',
        )
    )
    reads = _context_layers(plan, None, lambda *_: None)
    told = {read.problems[0].layer: read.problems[0].level for read in reads if read.problems}
    assert told == {"context.bad": "refuses"}
    assert [source["layer"] for read in reads for source in read.sources] == [
        "context.bad",
        "context.towns",
    ]


def test_what_is_said_of_several_files_is_said_once(tmp_path):
    for number in range(18):
        written(tmp_path / f"species_{number}.geojson", {"presence": [1]}, [STEPPE])
    reading = layers.Reading(folder=tmp_path)
    files = sorted(tmp_path.glob("*.geojson"))
    rows = gathered("ranges", files, reading, is_own=True)
    told = said_once(rows.problems)
    assert len(told) == 1
    assert told[0].file.startswith("18 files: species_0.geojson")


def test_overrides_in_any_dialect_of_a_spreadsheet(tmp_path):
    columns = ["when", "who", "site", "what", "old", "new", "reason", "grade"]
    line = ["20.11.2026", "S1", "H01", "adjacent", "", "", "Граница рядом; забора нет", "B"]
    path = tmp_path / "overrides.csv"
    pd.DataFrame([line], columns=columns).to_csv(path, sep=";", index=False, encoding="cp1251")
    assert layers.read_overrides(path).iloc[0].tolist() == line
    path.write_text(f"{','.join(columns)}\n\n,S1,H01,adjacent,,,,B\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 3 has no reason"):
        layers.read_overrides(path)
    path.write_text("when,who\n", encoding="utf-8")
    with pytest.raises(InputError, match="has no column site"):
        layers.read_overrides(path)


# -- shapes ----------------------------------------------------------------------------------------


def in_kazakhstan(layer: str, path: Path):
    """The rows of a layer as a plan with one state reads them: its region is a box of 20° by 10°."""
    region = layers.to_equal_area(gpd.GeoDataFrame(geometry=[box(55, 42, 75, 52)], crs="EPSG:4326"))
    return gathered(layer, [path], layers.Reading(region=region.geometry.iloc[0]), is_own=True)


def test_a_box_round_the_globe_is_cut_to_the_study_and_said(tmp_path):
    """All of the Earth is a mistake: no row has 1 % of the globe."""
    shapes = [box(-180, 50, 180, 90), box(-180, -90, 180, 90), box(60, 45, 61, 46)]
    rows = in_kazakhstan(
        "protected_areas", written(tmp_path / "p.geojson", {"name": list("abc")}, shapes)
    )
    # what is left of the first two reaches 5° beyond the study at most
    assert len(rows.table) == 3
    assert (rows.table.area / 1e6).max() < 5_100_000
    assert "spans more than half the globe: cut to the surroundings" in rows.problems[0].what
    assert rows.problems[0].where == "a (row 1), b (row 2)"


@pytest.mark.parametrize("layer", ["hotspots", "protected_areas", "ranges"])
def test_a_side_over_180_degrees_goes_the_short_way(tmp_path, layer):
    """A box of 13° by 2° across 180° that was not cut there reads as its complement, 347° wide.

    Its ground is measured on the ellipsoid by pyproj; the last has a hole of 8° by 1°, uncut too.
    """
    whole = Polygon([(175, 66), (-172, 66), (-172, 68), (175, 68)])
    hole = [(178, 66.5), (178, 67.5), (-174, 67.5), (-174, 66.5)]
    pierced = Polygon(whole.exterior, [hole])
    shapes = [whole, MultiPolygon([whole, box(60, 45, 61, 46)]), pierced]
    columns = {"name": list("abc"), "sci_name": ["Saiga tatarica"] * 3}
    rows = in_kazakhstan(layer, written(tmp_path / "p.gpkg", columns, shapes))
    geod = pyproj.Geod(ellps="WGS84")

    def km2(shape) -> float:
        return abs(geod.geometry_area_perimeter(shapely.segmentize(shape, 0.05))[0]) / 1e6

    ground = km2(box(175, 66, 188, 68))
    expected = [ground, ground + km2(box(60, 45, 61, 46)), ground - km2(box(178, 66.5, 186, 67.5))]
    assert (rows.table.area / 1e6).tolist() == pytest.approx(expected, rel=1e-4)
    [told] = [one for one in rows.problems if "180°" in one.sentence()]
    assert "3 of 3 rows have a side over 180° long: taken the short way" in told.sentence()
    assert "If it runs the long way, give it a vertex every 90°" in told.sentence()


def test_a_box_of_300_degrees_is_as_wide_once_it_has_the_vertices_that_are_asked_for(tmp_path):
    arctic = shapely.segmentize(box(-150, 60, 150, 70), 90.0)
    crs = "+proj=laea +lat_0=90 +datum=WGS84 +units=m"
    path = written(tmp_path / "h.gpkg", {"name": ["a"]}, [arctic])
    area = layers.read_hotspots(path, crs=crs).area.sum()
    ring = shapely.segmentize(arctic, 0.05)
    true = abs(pyproj.Geod(ellps="WGS84").geometry_area_perimeter(ring)[0])
    assert area == pytest.approx(true, rel=1e-4)


def test_a_box_around_eurasia_is_not_taken_for_the_other_half(tmp_path):
    """A side of 190° may be meant: the box is cut to the study, and holds the steppe in the middle of it."""
    eurasia = written(tmp_path / "p.geojson", {"name": ["a"]}, [box(-20, 20, 170, 80)])
    rows = in_kazakhstan("protected_areas", eurasia)
    assert "cut to the surroundings" in rows.problems[0].what
    steppe = layers.to_equal_area(gpd.GeoSeries([box(60, 45, 61, 46)], crs="EPSG:4326"))
    assert rows.table.covers(steppe.geometry[0]).all()


@pytest.mark.parametrize("wests", [(70, 80, 75), (-170, 170, 0), (-179, 179, 170)])
@pytest.mark.parametrize("layer", ["hotspots", "ranges"])
def test_a_polygon_along_a_parallel_encloses_no_ground(tmp_path, wests, layer):
    flat = Polygon([(lon, 50) for lon in wests])
    columns = {"name_en": ["flat", "b"], "sci_name": ["Saiga tatarica"] * 2}
    path = written(tmp_path / "flat.geojson", columns, [flat, box(60, 45, 61, 46)])
    rows = gathered(layer, [path], layers.Reading(), is_own=True)
    [told] = [one for one in rows.problems if one.level == "refuses"]
    assert "1 of 2 rows has a shape that encloses no ground" in told.sentence()


def test_a_shape_in_two_parts_at_180_is_whole(tmp_path):
    """Chukotka as it should be: both parts are narrow, only their common box is not."""
    shape = MultiPolygon([box(170, 60, 180, 65), box(-180, 60, -170, 65)])
    rows = in_kazakhstan("hotspots", written(tmp_path / "h.geojson", {"a": [1]}, [shape]))
    assert not any("half the globe" in one.what for one in rows.problems)


@pytest.mark.parametrize("layer", ["hotspots", "protected_areas", "context"])
def test_heights_are_said_of_every_layer(tmp_path, layer):
    path = written(
        tmp_path / "z.gpkg", {"a": [1]}, [Polygon([(60, 45, 9), (61, 45, 9), (61, 46, 9)])]
    )
    rows = gathered(layer, [path], layers.Reading(), is_own=True)
    assert [one.what for one in rows.problems] == ["1 of 1 row has heights: they are not used"]
    assert not rows.table.geometry.has_z.any()


def test_the_same_shape_twice_is_said(tmp_path):
    path = written(tmp_path / "h.geojson", {"name_en": ["A", "B"]}, [STEPPE, STEPPE])
    _, problems = layers.read_sites(path)  # sites are as drawn: nothing is said of them
    assert not problems or "exactly the shape" not in problems[0].what
    read = keyed_layer("hotspots", [path], layers.Reading())
    assert [one.where for one in read.problems if "exactly the shape" in one.what] == ["B"]


def test_a_shape_that_geos_cannot_measure_is_named(tmp_path, monkeypatch):
    """GEOS stops at some shapes without a word of which: layer, file and row are found for it."""
    path = written(
        tmp_path / "h.geojson", {"name_en": ["good", "bad"]}, [STEPPE, box(70, 45, 71, 46)]
    )

    def refusing(shapes, *_):
        if (shapely.bounds(shapes)[:, 0] > 65).any():
            raise shapely.errors.GEOSException("TopologyException: side location conflict")
        return shapes

    monkeypatch.setattr(_shape_checks, "projected", refusing)
    rows = gathered("hotspots", [path], layers.Reading(), is_own=True)
    assert rows.table["name_en"].tolist() == ["good"]
    assert (
        rows.problems[0]
        .sentence()
        .startswith(
            "hotspots: 1 of 2 rows has a shape that cannot be measured (TopologyException: side location "
            "conflict) (h.geojson, bad (row 2))."
        )
    )


def test_a_unit_that_was_only_turned_into_another_crs_has_no_vertex_more(tmp_path):
    unit = box(60, 45, 64, 47)
    there = gpd.GeoSeries([unit], crs="EPSG:4326").to_crs(3857)
    path = written(tmp_path / "u.gpkg", {"cu_id": ["CU-001"]}, list(there), crs="EPSG:3857")
    back = layers.read_gis_placemarks(path, "u.gpkg").table["polygons"].iloc[0]
    assert shapely.get_num_coordinates(back) == shapely.get_num_coordinates(unit)
    assert shapely.equals_exact(shapely.normalize(back), shapely.normalize(unit), tolerance=1e-11)


# -- own states ------------------------------------------------------------------------------------


def test_borders_of_outlines_that_do_not_coincide_are_one_line_on_maps():
    """Left state and two right ones: a T-joint in an edge, a gap of 0.02° above, an overlap below."""
    states = gpd.GeoDataFrame(
        {"iso2": ["AA", "BB", "CC"]},
        geometry=[box(0, 0, 10, 10), box(10.02, 5, 20, 10), box(9.98, 0, 20, 5)],
        crs="EPSG:4326",
    )
    assert not shapely.coverage_is_valid(states.geometry.array)
    mended = scene.with_shared_edges(states)
    shapes = mended.geometry.array
    assert shapely.coverage_is_valid(shapes)
    # AA–BB 5, AA–CC 5, BB–CC 9.98 to 10: 20 in all, give or take the strips
    assert shared_edges(np.asarray(shapes)).length == pytest.approx(20, abs=0.15)
    assert shapely.area(shapes).sum() == pytest.approx(200, rel=1e-3)


def test_states_that_lie_apart_all_around_have_a_border_on_maps():
    """No edge is shared and none is crossed: a valid coverage of islands, with a strip of 0.02° between."""
    states = gpd.GeoDataFrame(
        {"iso2": ["AA", "BB"]}, geometry=[box(0, 0, 10, 10), box(10.02, 0, 20, 10)], crs="EPSG:4326"
    )
    assert shapely.coverage_is_valid(states.geometry.array)
    mended = scene.with_shared_edges(states).geometry.array
    assert shared_edges(np.asarray(mended)).length == pytest.approx(10, abs=0.05)
    islands = gpd.GeoDataFrame(
        {"iso2": ["AA", "BB"]}, geometry=[box(0, 0, 10, 10), box(11, 0, 20, 10)], crs="EPSG:4326"
    )
    assert scene.with_shared_edges(islands) is islands  # a sea of a degree is no border


def test_states_whose_frames_only_touch_are_islands():
    """Frames 0.2° apart, each widened by 0.1°, meet in a line: nothing to clip, and `propose` stopped."""
    shapes = np.array([box(0, 0, 10, 5), box(10 + 2 * scene._SLIVER_DEGREES, 0, 20, 5)])
    assert not scene._lie_apart(shapes)


def test_borders_are_looked_for_once_and_come_back_from_where_they_are_kept():
    """What was kept of states that overlap is, vertex by vertex, what is made of them now."""
    states = gpd.GeoDataFrame(
        {"iso2": ["AA", "BB"]}, geometry=[box(0, 0, 1.05, 1), box(1, 0, 2, 1)], crs="EPSG:4326"
    )
    kept = []

    def keeper(kind, content, make):
        kept.append(kept[0] if kept else make())
        return kept[-1]

    now = scene.with_shared_edges(states)
    for _ in range(2):
        scene._mended.cache_clear()  # as another process would begin
        with drawn_pieces.keeping(keeper):
            later = scene.with_shared_edges(states)
        assert later.geometry.to_wkb().tolist() == now.geometry.to_wkb().tolist()
        assert later.crs == states.crs
    assert len(kept) == 2


def test_states_that_coincide_come_back_as_they_are():
    states = gpd.GeoDataFrame({"iso2": ["AA", "BB"]}, geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)])
    assert scene.with_shared_edges(states) is states


@pytest.mark.parametrize(
    ("apart_km", "within_km"),
    [((0, 0), 0), ((0.4, 0.4), 1), ((2.4, 2.4), 5), ((0, 4), 5), ((-3, 1.5), 2)],
)
def test_borders_of_outlines_set_apart_are_found(apart_km, within_km):
    """Three states side by side, 1000 km high: two borders of 1000 km, drawn alike or up to 4 km apart."""
    first, second = apart_km
    west, east = 200e3 + 1e3 * first, 400e3 + 1e3 * second
    shapes = [box(0, 0, 200e3, 1e6), box(west, 0, 400e3, 1e6), box(east, 0, 600e3, 1e6)]
    states = gpd.GeoDataFrame(
        {"iso2": ["AA", "BB", "CC"], "range_state": True}, geometry=shapes, crs=EQUAL_AREA
    )
    borders, notes = _borders(states, None, is_own=True)
    assert borders["pair"].tolist() == ["AA;BB", "BB;CC"]
    assert (borders.length / 1e3).tolist() == pytest.approx([1000, 1000], abs=17)
    assert [f"within {within_km} km" in one.what for one in notes] == [True] * bool(within_km)


def test_vertices_that_rounding_makes_one_are_one():
    """sf stops on an edge of no length; what GEOS calls valid may have one."""
    ring = [(60, 45), (61, 45), (61.0000002, 45.0000002), (62, 46), (61, 47), (60, 47), (59.5, 46)]
    flat = layers.to_equal_area(gpd.GeoDataFrame(geometry=[Polygon(ring)], crs="EPSG:4326"))
    [shape] = layers.to_lonlat(flat, decimals=6).geometry
    corners = shapely.get_coordinates(shape)
    assert (np.diff(corners, axis=0) != 0).any(axis=1).all()
    assert shape.area == pytest.approx(Polygon(ring).area, rel=1e-5)


# -- rasters as ranges -----------------------------------------------------------------------------


def raster(path: Path, values: np.ndarray, west=60.0, north=47.0, cell=0.5) -> Path:
    rasterio = pytest.importorskip("rasterio")
    path.parent.mkdir(parents=True, exist_ok=True)
    high, wide = values.shape
    transform = rasterio.transform.from_origin(west, north, cell, cell)
    shape = {"driver": "GTiff", "height": high, "width": wide, "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", crs="EPSG:4326", transform=transform, **shape) as target:
        target.write(values.astype("float32"), 1)
    return path


def test_rasters_named_by_their_species_are_in_by_pasted_advice_alone(tmp_path):
    """As PHYLACINE hands them out: a folder of Genus_species.tif with 1 where the species is."""
    present = np.array([[0, 1, 1, 0], [0, 0, 1, 0]])
    for name in ("Saiga_tatarica", "Equus_kiang"):
        raster(tmp_path / "tif" / f"{name}.tif", present)
    plan = planned(tmp_path, '[layers]\nranges = ["tif/*.tif"]\n')
    assert pasted(plan) == ['[species]\n"tif/*.tif" = "file name"']
    reading = reading_of(read_plan(plan))
    rows = gathered("ranges", sorted((tmp_path / "tif").iterdir()), reading, is_own=True)
    assert rows.table["sci_name"].tolist() == ["Equus kiang", "Saiga tatarica"]
    # three cells of 0.5° each: exactly the ground of the boxes that they are
    boxes = gpd.GeoDataFrame(
        geometry=[box(60.5, 46.5, 61.5, 47), box(61, 46, 61.5, 46.5)], crs="EPSG:4326"
    )
    expected = layers.to_equal_area(boxes).area.sum()
    assert rows.table.area.tolist() == pytest.approx([expected, expected], rel=1e-9)


def test_a_raster_of_suitability_needs_to_be_told_what_counts(tmp_path):
    suitable = np.array([[0.2, 0.5, 0.9], [np.nan, 0.49, 0.0]])
    raster(tmp_path / "Saiga_tatarica.tif", suitable)
    plan = planned(tmp_path, '[layers]\nranges = ["*.tif"]\n[species]\n"*.tif" = "file name"\n')
    assert pasted(plan) == ["[defaults.ranges]\nat_least = 0.5"]
    rows = gathered(
        "ranges", [tmp_path / "Saiga_tatarica.tif"], reading_of(read_plan(plan)), is_own=True
    )
    # 0.5 holds at its limit, 0.49 does not: the two cells above, side by side
    expected = layers.to_equal_area(
        gpd.GeoDataFrame(geometry=[box(60.5, 46.5, 61.5, 47)], crs="EPSG:4326")
    )
    assert rows.table.area.sum() == pytest.approx(expected.area.sum(), rel=1e-9)


WEIGHTED = '[layers]\nranges = ["*.tif"]\n[species]\n"*.tif" = "file name"\n[defaults.ranges]\nwhole_at = {}\n'


def weighted(folder: Path, whole_at: float) -> gpd.GeoDataFrame:
    """The rows of the rasters of a folder, each cell by its value."""
    plan = planned(folder, WEIGHTED.format(whole_at))
    rows = gathered(
        "ranges", sorted(folder.glob("*.tif")), reading_of(read_plan(plan)), is_own=True
    )
    assert not [one for one in rows.problems if one.level == "refuses"]
    return rows.table


def test_cells_count_by_their_value(tmp_path):
    """By hand: two cells of 20 %, one of 50 %, one above the whole, one below nothing."""
    values = np.array([[20, 20, 50], [np.nan, -3, 250]])
    flat_raster(tmp_path / "Saiga_tatarica.tif", values)
    table = weighted(tmp_path, 100)
    assert table["range_weight"].tolist() == [0.2, 0.5, 1.0]
    assert (table.area / 1e6).tolist() == pytest.approx([200, 100, 100])
    assert overlap.range_km2(table).sum() == pytest.approx(0.2 * 200 + 0.5 * 100 + 100)
    everything = overlap.regional_ranges(table.assign(sci_name="Saiga tatarica"))
    assert everything["range_km2"].tolist() == pytest.approx([190])
    assert everything.area.tolist() == pytest.approx([400e6])
    # three of the four cells' western half, and what is wholly there
    site = gpd.GeoDataFrame({"unit_id": ["a"]}, geometry=[box(5e3, 0, 20e3, 20e3)], crs=EQUAL_AREA)
    assert overlap.overlaps(site, table)["km2"].tolist() == pytest.approx([0.2 * 50 + 0.2 * 100])


def flat_raster(path: Path, values: np.ndarray, cell: float = 10_000.0, **options) -> Path:
    """A raster on the equal-area plane with its lower left corner at 0, 0, in cells of 10 km."""
    rasterio = pytest.importorskip("rasterio")
    high, wide = values.shape
    shape = {"driver": "GTiff", "height": high, "width": wide, "count": 1, "dtype": "float32"}
    where = rasterio.transform.from_origin(0, high * cell, cell, cell)
    with rasterio.open(path, "w", crs=EQUAL_AREA, transform=where, **shape | options) as target:
        target.write(values.astype(shape["dtype"] if not options else options["dtype"]), 1)
    return path


def slopes(high: int, wide: int) -> np.ndarray:
    """Suitability as models make it: hills of many heights, nothing between them."""
    y, x = np.mgrid[0:high, 0:wide]
    return np.clip(np.sin(x / 7.3) * np.cos(y / 9.1) + 0.2 * np.sin(x * y / 501), 0, 1)


def test_weights_come_to_what_another_program_sums(tmp_path):
    """exactextract's sums of value × share of the cell, times 100 km²: over all, and site by site."""
    values = slopes(60, 90)
    path = flat_raster(tmp_path / "Saiga_tatarica.tif", values)
    table = weighted(tmp_path, 1)
    assert 10 < len(table) <= 25
    every = float(values.astype("float32").astype(float).sum() * 100)
    assert overlap.range_km2(table).sum() == pytest.approx(every, rel=1e-6)
    sites = gpd.GeoDataFrame(
        {"unit_id": [f"{x}-{y}" for x in range(4) for y in range(3)]},
        geometry=[
            Point(1e5 + 2.1e5 * x, 1e5 + 1.9e5 * y).buffer(95e3) for x in range(4) for y in range(3)
        ],
        crs=EQUAL_AREA,
    )
    sums = exact_extract(str(path), sites, ["sum"], output="pandas")["sum"] * 100
    found = (
        overlap.overlaps(sites, table)
        .set_index("unit_id")["km2"]
        .reindex(sites["unit_id"])
        .fillna(0)
    )
    assert np.abs(found.to_numpy() - sums.to_numpy()).max() < 0.003 * sites.area.max() / 1e6


def test_a_fine_raster_is_averaged_and_keeps_its_sum(tmp_path, monkeypatch):
    values = slopes(61, 90)  # no multiple of the blocks
    flat_raster(tmp_path / "Saiga_tatarica.tif", values)
    monkeypatch.setattr(_rasters, "_MOST_WEIGHTED", 300)
    found = _rasters.raster_range(tmp_path / "Saiga_tatarica.tif", whole_at=1.0)
    counted = int((values.astype("float32") > 0).sum())
    assert found.attrs["block"] == math.ceil(math.sqrt(counted / 300)) == 4
    every = float(values.astype("float32").astype(float).sum() * 100)
    assert overlap.range_km2(found).sum() == pytest.approx(every, rel=1e-6)


def test_a_range_in_crumbs_is_averaged_and_keeps_its_sum(tmp_path, monkeypatch):
    """Every second cell of a board: 64 crumbs in 16 × 8 cells, two in each block of two by two."""
    y, x = np.mgrid[0:8, 0:16]
    path = flat_raster(tmp_path / "Saiga_tatarica.tif", (x + y) % 2, dtype="uint8")
    whole = _rasters.raster_range(path)
    assert "range_weight" not in whole
    assert whole.area.tolist() == [64 * 100e6]
    monkeypatch.setattr(_rasters, "_MOST_CORNERS", 60)
    monkeypatch.setattr(_rasters, "_MOST_WEIGHTED", 32)
    averaged = _rasters.raster_range(path)
    assert averaged.attrs["block"] == 2  # 128 ÷ 32 cells a block
    assert averaged["range_weight"].tolist() == [0.5]
    assert overlap.range_km2(averaged).sum() == pytest.approx(6400)
    # single cells, so few that they need no blocks, and with too many corners: doubled until it does
    lone = flat_raster(tmp_path / "y.tif", (x % 2) * (y % 2), dtype="uint8")
    monkeypatch.setattr(_rasters, "_MOST_WEIGHTED", 128)
    found = _rasters.raster_range(lone)
    assert found.attrs["block"] == 2
    assert overlap.range_km2(found).sum() == pytest.approx(3200)


def test_a_raster_of_one_value_below_nothing_is_where_it_is(tmp_path):
    path = flat_raster(tmp_path / "x.tif", np.array([[-1, 0, 0], [0, -1, -1]]), dtype="int16")
    assert _rasters.raster_range(path).area.tolist() == [300e6]


def test_a_raster_that_can_only_be_unpacked_whole_is_refused(tmp_path, monkeypatch):
    path = flat_raster(tmp_path / "x.tif", np.ones((8, 16)), dtype="uint8", blockysize=8)
    monkeypatch.setattr(_rasters, "_BLOCK_CELLS", 100)
    with pytest.raises(cu.InputError, match="only be unpacked 128 at a time; 100 can be held"):
        _rasters.raster_range(path)


@pytest.mark.parametrize("rule", [{"at_least": 0.4}, {"whole_at": 1.0}])
def test_a_raster_read_in_strips_is_the_raster_read_whole(tmp_path, monkeypatch, rule):
    path = flat_raster(tmp_path / "x.tif", slopes(60, 90), blockysize=1, dtype="float32")
    whole = _rasters.raster_range(path, **rule)
    monkeypatch.setattr(_rasters, "_STRIP_CELLS", 7 * 90)
    in_strips = _rasters.raster_range(path, **rule)
    assert in_strips.drop(columns="geometry").equals(whole.drop(columns="geometry"))
    assert shapely.is_valid(in_strips.geometry.to_numpy()).all()
    assert shapely.equals(in_strips.geometry.to_numpy(), whole.geometry.to_numpy()).all()
    count = [
        shapely.get_num_geometries(table.geometry.to_numpy()).sum() for table in (whole, in_strips)
    ]
    assert count[0] == count[1]  # nothing stays cut at a seam


def test_memory_holds_a_strip_of_a_raster_and_not_the_raster(tmp_path, monkeypatch):
    """72 MB of numbers, of which at most 2 are there at a time; a context of it reads what lies there."""
    values = np.zeros((3000, 3000))
    values[1000:1010, 1000:1010] = 1
    tiled = {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate"}
    path = flat_raster(tmp_path / "x.tif", values, 1000.0, dtype="uint8", **tiled)
    sizes: list[int] = []
    plain = _rasters.BandWindows.__getitem__

    def counted(band, window):
        part = plain(band, window)
        sizes.append(part.nbytes)
        return part

    monkeypatch.setattr(_rasters.BandWindows, "__getitem__", counted)
    monkeypatch.setattr(_rasters, "_STRIP_CELLS", 100_000)
    found = _rasters.raster_range(path)
    assert found.area.tolist() == [100e6]
    assert max(sizes) <= 3000 * 256 * 8 < sum(sizes)
    sizes.clear()
    ground = box(1000e3, 1990e3, 1010e3, 2000e3)  # the hundred cells, from the upper edge down
    sites = gpd.GeoDataFrame({"unit_id": ["a"]}, geometry=[ground], crs=EQUAL_AREA)
    far = gpd.GeoDataFrame({"unit_id": ["b"]}, geometry=[box(0, 0, 9e3, 9e3)], crs=EQUAL_AREA)
    context = layers.read_context(path, around=pd.concat([sites, far], ignore_index=True)).table
    assert context.values.shape[0] > 1900  # two sites far apart
    assert overlap.summarised(sites, context, summary="mean")["value"].tolist() == [1.0]
    assert sum(sizes) < 20_000


def test_whole_numbers_with_a_scale_are_what_they_stand_for(tmp_path):
    """As raster libraries save space: 0–200 with a scale of 0.005."""
    rasterio = pytest.importorskip("rasterio")
    path = flat_raster(tmp_path / "Saiga_tatarica.tif", np.array([[100, 200]]), dtype="uint8")
    with rasterio.open(path, "r+") as opened:
        opened.scales = (0.005,)
    assert weighted(tmp_path, 1)["range_weight"].tolist() == pytest.approx([0.5, 1.0])


def test_rows_that_count_whole_go_before_rows_that_count_in_part():
    """A survey's polygon over a raster of 0.4: its ground is range, the rest is four tenths of it."""
    parts = gpd.GeoDataFrame(
        {"sci_name": "Bos mutus", "range_weight": [0.4, 1.0]},
        geometry=[box(0, 0, 20e3, 10e3), box(10e3, 0, 30e3, 10e3)],
        crs=EQUAL_AREA,
    )
    assert overlap.regional_ranges(parts)["range_km2"].tolist() == pytest.approx([240])


def test_one_file_may_have_a_rule_of_its_own(tmp_path):
    """Thresholds of models differ from species to species."""
    for name in ("Saiga_tatarica", "Equus_kiang"):
        flat_raster(tmp_path / f"{name}.tif", np.array([[0.3, 0.6, 0.9]]))
    plan = planned(
        tmp_path,
        '[layers]\nranges = ["*.tif"]\n[species]\n"*.tif" = "file name"\n[defaults.ranges]\n'
        'at_least = 0.5\n[defaults."Equus_kiang.tif"]\nat_least = 0.8\n',
    )
    files = sorted(tmp_path.glob("*.tif"))
    rows = gathered("ranges", files, reading_of(read_plan(plan)), is_own=True).table
    assert (rows.area / 1e6).tolist() == pytest.approx([100, 200])


def test_the_rule_of_one_file_takes_nothing_from_that_of_its_layer(tmp_path):
    """Whoever pastes a threshold for the others does not cut the weights of this one, nor the reverse."""
    for name in ("Saiga_tatarica", "Equus_kiang"):
        flat_raster(tmp_path / f"{name}.tif", np.array([[0.25, 0.5, 0.75]]))
    rules = {
        "whole_at = 1": ("at_least = 0.5", 150, 200),
        "at_least = 0.5": ("whole_at = 1", 200, 150),
    }
    for of_file, (of_layer, own_km2, other_km2) in rules.items():
        plan = planned(
            tmp_path,
            '[layers]\nranges = ["*.tif"]\n[species]\n"*.tif" = "file name"\n'
            f'[defaults.ranges]\n{of_layer}\n[defaults."Equus_kiang.tif"]\n{of_file}\n',
        )
        files = sorted(tmp_path.glob("*.tif"))
        rows = gathered("ranges", files, reading_of(read_plan(plan)), is_own=True).table
        weight = rows.get("range_weight", pd.Series(1.0, rows.index)).fillna(1.0).astype(float)
        km2 = (weight * rows.area / 1e6).groupby(rows["sci_name"]).sum()
        assert km2.to_dict() == pytest.approx({"Equus kiang": own_km2, "Saiga tatarica": other_km2})


def test_a_weight_that_is_none_is_refused(tmp_path):
    columns = {"sci_name": ["Saiga tatarica"] * 3, "psi": [0.5, 7, -1]}
    written(tmp_path / "grid.gpkg", columns, [STEPPE] * 3)
    plan = planned(
        tmp_path, '[layers]\nranges = ["grid.gpkg"]\n[columns.ranges]\nrange_weight = "psi"\n'
    )
    found = layers.survey_layers(reading_of(read_plan(plan)))[1]
    (fault,) = [one for one in found if one.level == "refuses"]
    assert fault.what == "range_weight -1.0, 7.0 is no share from 0 to 1"
    assert fault.where == "row 2, row 3"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("whole_at = 0", "whole_at is 0: the value at which a cell counts whole is above 0"),
        ('at_least = "half"', "at_least = 'half' is no number"),
    ],
)
def test_rules_for_rasters_that_cannot_be(tmp_path, rule, message):
    flat_raster(tmp_path / "Saiga_tatarica.tif", np.array([[0.3, 0.6]]))
    plan = planned(tmp_path, WEIGHTED.format(1).replace("whole_at = 1", rule))
    rows = gathered(
        "ranges", [tmp_path / "Saiga_tatarica.tif"], reading_of(read_plan(plan)), is_own=True
    )
    assert message in rows.problems[0].what


def test_a_plan_with_weights_measures_by_them_throughout(tmp_path):
    """A range of 0.25 everywhere has a quarter of each number that one of 1 has, and the same shares."""
    values = np.zeros((40, 60))
    values[5:35, 5:55] = 1.0
    known = {}
    for weight in (1.0, 0.25):
        folder = tmp_path / str(weight)
        folder.mkdir()
        raster(folder / "Saiga_tatarica.tif", weight * values, west=55, north=50, cell=0.25)
        plan = planned(folder, WEIGHTED.format(1) + "[study]\nstates = ['KZ', 'UZ', 'TM', 'KG']\n")
        clean = layers.read_layers(reading_of(read_plan(plan)))
        pieces = overlap.layer_pieces(clean, pair_km=25, adjacent_km=50)
        sites = clean.hotspots[["hotspot_id", "geometry"]].rename(columns={"hotspot_id": "site"})
        known[weight] = clean, pieces, overlap.site_tables(sites, pieces)
    (full, full_pieces, whole), (part, part_pieces, quarter) = known.values()
    saiga = "Saiga tatarica"

    def km2(table: pd.DataFrame) -> list[float]:
        return table.loc[table["sci_name"] == saiga, "km2"].tolist()

    for name in ("ranges", "species", "confidence", "protected", "covered_ranges"):
        ours = km2(getattr(quarter, name))
        assert len(ours), name
        assert ours == pytest.approx([one / 4 for one in km2(getattr(whole, name))]), name
    assert quarter.shared_borders.equals(whole.shared_borders)  # a border runs through it or not
    sizes = [known.features.set_index("sci_name").at[saiga, "range_km2"] for known in (full, part)]
    assert sizes[1] == pytest.approx(sizes[0] / 4)
    cells = cu.planning_units(
        cu.to_equal_area(gpd.GeoSeries([box(60, 42, 66, 46)], crs=4326)), cell_km=50
    )
    tables = [
        overlap.cell_tables(cells, pieces, border_km=50, side_km2=100).species
        for pieces in (full_pieces, part_pieces)
    ]
    assert km2(tables[1]) == pytest.approx([one / 4 for one in km2(tables[0])])
    states = [overlap.range_states(one) for one in (full, part)]
    states = [one[(one["sci_name"] == saiga) & (one["km2"] > 0)] for one in states]
    assert (states[1]["km2"] * 4).tolist() == pytest.approx(states[0]["km2"].tolist())
    # moved edges: how sure the edge is, the weights say already
    moved = layers.moved_edges(
        part_pieces.graded, km={"medium": 25.0}, ungraded="medium", outwards=True
    )
    again = overlap.with_ranges(part_pieces, moved)
    assert km2(again.layers.features.rename(columns={"range_km2": "km2"})) == pytest.approx(
        [sizes[1]]
    )


def test_a_study_of_some_states_has_the_bundled_ranges_of_all(tmp_path):
    """Gobi bear and Mongolian gazelle live far from the four: that is no fault of their files."""
    text = "[study]\nstates = ['KZ', 'UZ', 'TM', 'KG']\n"
    assert layers.survey_layers(reading_of(read_plan(planned(tmp_path, text))))[0] is not None
    away = {"sci_name": ["Procapra gutturosa"]}
    path = written(tmp_path / "dzeren.gpkg", away, [box(110, 46, 112, 47)])
    plan = planned(tmp_path, text + '[layers]\nranges = ["dzeren.gpkg"]\n')
    clean, found, _ = layers.survey_layers(reading_of(read_plan(plan)))
    assert "Procapra gutturosa" in set(clean.features["sci_name"])
    (said,) = [one for one in found if "far from the range states" in one.what]
    assert (said.level, said.file) == ("note", path.name)
    # and turned, it is one: latitude first
    written(tmp_path / "dzeren.gpkg", away, [box(46, 60, 47, 62)])
    found = layers.survey_layers(reading_of(read_plan(plan)))[1]
    assert "Longitude and latitude are swapped" in next(
        one.cure for one in found if one.level == "refuses"
    )


def test_a_raster_is_no_hotspot(tmp_path):
    path = raster(tmp_path / "a.tif", np.ones((2, 2)))
    rows = gathered("hotspots", [path], layers.Reading(), is_own=True)
    assert rows.problems[0].cure == "A raster can be a range (under ranges), or a context layer."


def test_the_table_of_kinds_is_the_one_in_the_documentation():
    text = (Path(__file__).parents[1] / "docs" / "data.md").read_text(encoding="utf-8")
    for kind in layers.file_kinds():
        assert f"| {kind.have} | `{kind.role}` | {kind.columns} |" in text


# -- records of animals ----------------------------------------------------------------------------


def test_a_download_of_gbif_is_cleaned_step_by_step_and_never_drawn(tmp_path):
    """Tabs and these headings are what GBIF's "simple" download has. Of nine records two are good."""
    head = "gbifID species decimalLatitude decimalLongitude coordinateUncertaintyInMeters eventDate basisOfRecord"
    seen = "HUMAN_OBSERVATION"
    lines = [
        ["1", "Saiga tatarica", "46", "61", "100", "2019-05-01", seen],
        ["2", "Saiga tatarica", "46", "61", "100", "2019-05-01", seen],  # the same again
        ["3", "Saiga tatarica", "46", "61", "", "2020-05-01", seen],  # another day: another record
        ["4", "Saiga tatarica", "0", "0", "", "2019-05-01", seen],
        ["5", "Saiga tatarica", "", "", "", "2019-05-01", seen],
        ["6", "Saiga tatarica", "46.1", "61", "20000", "2019-05-01", seen],
        ["7", "Saiga tatarica", "46.2", "61", "", "", "FOSSIL_SPECIMEN"],
        ["8", "Saiga tatarica", "46.3", "61", "", "", "LIVING_SPECIMEN"],
        ["9", "Saiga tatarica", "95", "61", "", "", seen],
    ]
    path = tmp_path / "0001234.csv"
    path.write_text("\n".join("\t".join(row) for row in [head.split(), *lines]), encoding="utf-8")
    read = layers.read_context(path, around=AROUND)
    assert len(read.table) == 2
    counts = {one.what.split(" records ")[1].split(":")[0]: one.what[0] for one in read.problems}
    assert counts == {
        "have no coordinates": "1",
        "have coordinates that do not exist": "1",
        "lie at 0° or have one number twice, where nobody saw them": "1",
        "are less certain than 12.5 km": "1",
        "are fossils or animals in captivity": "2",
        "repeat species, place and day of another": "1",
    }
    assert [source["restricted"] for source in read.sources] == [True]


def test_fixes_of_movebank_are_points_by_their_own_headings(tmp_path):
    path = tmp_path / "collars.csv"
    path.write_text(
        "event-id,timestamp,location-long,location-lat,individual-taxon-canonical-name\n"
        "1,2019-05-01 00:00:00.000,61.5,46.5,Equus hemionus\n",
        encoding="utf-8",
    )
    read = layers.read_context(path, around=AROUND)
    assert read.table["name"].tolist() == ["Equus hemionus"]


def test_a_table_without_coordinates_says_what_is_expected(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("species,count\nSaiga tatarica,3\n", encoding="utf-8")
    read = layers.read_context(path, around=AROUND)
    assert "no columns of coordinates" in read.problems[0].what
    assert "Add a column of longitude" in read.problems[0].cure
    # a program is not told as a table whose columns are called so
    path.write_bytes(bytes(range(256)) * 20)
    read = layers.read_context(path, around=AROUND)
    why = "it is no table (a file of another kind has this ending)"
    assert why in read.problems[0].what
    assert len(read.problems[0].sentence()) < 200


def boxes(*corners: tuple[float, float]) -> gpd.GeoDataFrame:
    """Squares of 2° with these south-western corners, longitude and latitude; equal-area."""
    shapes = [shapely.box(x, y, x + 2, y + 2) for x, y in corners]
    return layers.to_equal_area(gpd.GeoDataFrame(geometry=shapes, crs="EPSG:4326"))


STATES = boxes((70, 40), (47, 66)).assign(range_state=True)
"""One state at 70° E 40° N, and one at 47° E 66° N, where 66° E 47° N turned round lies."""


@pytest.mark.parametrize(
    ("corners", "says"),
    [
        # latitude first: one lies in the other state all the same, one in the sea
        ([(47, 66), (40, 70)], "of 2 shapes 1 lies in a range state, and 2 would"),
        ([(40, 70)], "of 1 shape 0 lie in a range state, and 1 would"),
        # as they are: both lie in a state; a third in neither, and turned round nowhere
        ([(70, 40), (47, 66)], ""),
        ([(70, 40), (90, 50)], ""),
        # of 100° E no latitude can be made
        ([(100, 40)], ""),
    ],
)
def test_a_layer_that_lies_better_turned_round_is_asked_about(corners, says):
    states = pd.concat([STATES, boxes((66, 47)).assign(range_state=True)])
    problems = layers.turned_note("hotspots", boxes(*corners), gpd.GeoDataFrame(states))
    assert [problem.level for problem in problems] == ["counted"] * bool(says)
    assert not says or problems[0].what.startswith(says)


def test_a_straight_side_over_300_km_is_named_in_every_kind_of_file(tmp_path):
    # ten degrees of the equator are 1,112 km; one degree is 111 km, and no word is lost on it
    shapes = [box(60, 0, 70, 5), box(60, 0, 61, 1)]
    path = written(tmp_path / "drawn.geojson", {"name": ["long", "short"]}, shapes)
    _, problems = layers.read_sites(path)
    (told,) = [one for one in problems if one.level == "note"]
    assert told.sentence() == (
        "conservation_units: 1 of 2 rows has a side over 300 km (the longest: 1,112 km) (drawn.geojson, "
        "long (row 1)). Measured straight in the file's own coordinates; in a KML it is a great circle. "
        "Put vertices on it where that matters."
    )
    # what a group hands in is named too, each placemark by itself
    notes = layers.read_gis_placemarks(path, "drawn.geojson").notes
    assert notes[["name", "key"]].to_numpy().tolist() == [["long", "side straight"]]
    # in metres of another CRS the side is as long
    flat = tmp_path / "flat.gpkg"
    gpd.read_file(path).to_crs("EPSG:6933").to_file(flat)
    _, problems = layers.read_sites(flat)
    assert [one.what for one in problems if "300 km" in one.what] == [told.what]


def test_the_cure_for_a_file_that_is_not_there_is_of_whoever_asked(tmp_path):
    with pytest.raises(InputError, match=r"nothing is found under this name") as refused:
        layers.read_sites(tmp_path / "nothere.kml")
    assert "Check the name and the folder." in str(refused.value)
    assert "[layers]" not in str(refused.value)
    with pytest.raises(InputError, match=r"Correct the path in \[layers\] hotspots of the plan"):
        layers.read_hotspots(tmp_path / "nothere.gpkg")


def test_files_of_one_name_in_two_folders_are_told_apart(tmp_path):
    for folder in ("north", "south"):
        (tmp_path / folder).mkdir()
        names = {"hotspot_id": [folder, None], "name_en": [folder, "bare"]}
        written(tmp_path / folder / "h.gpkg", names, [box(70, 40, 71, 41), None])
    with pytest.raises(InputError) as refused:
        layers.read_hotspots(tmp_path)
    assert "north/h.gpkg" in str(refused.value)
    assert "south/h.gpkg" in str(refused.value)
