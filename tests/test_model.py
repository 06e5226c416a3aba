"""The words of the house: tables look at what they are handed, errors help."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Transformer

from cami_units.model import (
    EQUAL_AREA,
    LONLAT,
    TABLES,
    InputError,
    PlanError,
    Problem,
    check_table,
    crs_name,
    data_dir,
    listed,
    nearest,
    same_crs,
    transformer,
    united_coverage,
)


def features(**changes: object) -> gpd.GeoDataFrame:
    table = gpd.GeoDataFrame(
        {"sci_name": ["fox", "goat"], "range_km2": [1.0, 1.0]},
        geometry=[shapely.box(0, 0, 1000, 1000), shapely.box(0, 0, 2000, 500)],
        crs=EQUAL_AREA,
    )
    return table.assign(**changes)


def test_a_table_as_promised_passes():
    check_table(features(), "features", crs=EQUAL_AREA)
    check_table(features(extra=1), "features")


def test_every_fault_comes_in_one_message():
    table = features(sci_name=["fox", "fox"]).rename(columns={"range_km2": "range_km"})
    with pytest.raises(InputError) as refused:
        check_table(table, "features", crs=LONLAT)
    for part in (
        "'features' is not as expected",
        "column range_km2 is missing. Did you mean 'range_km'?",
        "sci_name must be unique; repeated: fox",
        "expected EPSG:4326",
    ):
        assert part in str(refused.value)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pd.DataFrame(features().drop(columns="geometry")), "a GeoDataFrame is expected"),
        (features().set_crs(None, allow_override=True), "it has no CRS"),
        (features(geometry=[None, shapely.box(0, 0, 1, 1)]), "1 rows have no geometry: 0"),
        (
            features(geometry=gpd.points_from_xy([0, 1], [0, 1])),
            "polygon geometry is expected, Point",
        ),
        (features(sci_name=["fox", None]), "1 rows have no sci_name"),
    ],
)
def test_what_a_table_is_refused_for(table, message):
    with pytest.raises(InputError, match=message):
        check_table(table, "features")


def test_the_same_system_however_it_is_written():
    assert same_crs("EPSG:4326", "OGC:CRS84")
    assert not same_crs(EQUAL_AREA, LONLAT)
    assert crs_name("EPSG:4326") == "EPSG:4326"
    assert "+proj=aea" in crs_name(EQUAL_AREA)


def test_a_problem_is_a_sentence_with_its_cure():
    problem = Problem("refuses", "ranges", "a.shp", "row 3", "it has no CRS", "Add one.")
    assert problem.sentence() == "ranges: it has no CRS (a.shp, row 3). Add one."
    assert Problem("note", "ranges", "", "", "all is well").sentence() == "ranges: all is well"
    with pytest.raises(dataclasses.FrozenInstanceError):
        problem.what = "else"  # type: ignore[misc]


def test_words_that_help():
    assert nearest("presense", ["presence", "origin"]) == " Did you mean 'presence'?"
    assert nearest("xyz", ["presence"]) == ""
    assert listed("abc") == "a, b, c"
    assert listed("abcdefg") == "a, b, c, d, e and 2 more"
    assert issubclass(PlanError, InputError)
    assert issubclass(InputError, ValueError)


def test_the_bundled_layers_are_found():
    assert (data_dir() / "species.csv").is_file()


def test_every_table_has_a_key_among_its_columns():
    for name, table in TABLES.items():
        assert set(table.key) <= set(table.columns), name


LAEA = "+proj=laea +lat_0=48.12 +lon_0=91.5 +datum=WGS84 +units=m"


@pytest.mark.parametrize(
    ("source", "target"),
    [
        *((LONLAT, crs) for crs in (EQUAL_AREA, LAEA, f"{LAEA} +x_0=500000")),
        *((crs, LONLAT) for crs in (EQUAL_AREA, LAEA)),
        *((EQUAL_AREA, LAEA), (EQUAL_AREA, "EPSG:6933"), ("EPSG:28406", EQUAL_AREA)),
        *((LONLAT, f"{LAEA} +towgs84=1,2,3"), (LONLAT, LAEA.replace("units=m", "units=km"))),
        *((LONLAT, LAEA.replace("+datum=WGS84", "+ellps=krass")), (LONLAT, LONLAT)),
    ],
)
def test_the_short_way_between_two_crss_is_the_way_proj_finds(source: str, target: str) -> None:
    lon, lat = np.random.default_rng(3).uniform((40, 20), (120, 70), (2_000, 2)).T
    x, y = Transformer.from_crs(LONLAT, source, always_xy=True).transform(lon, lat)
    expected = Transformer.from_crs(source, target, always_xy=True).transform(x, y)
    np.testing.assert_array_equal(transformer(source, target).transform(x, y), expected)


@pytest.mark.parametrize(
    "other",
    [
        shapely.box(2, 0, 3, 1),
        # a corner of one on the edge of the other: their ground is whole, but the edge is not shared
        shapely.box(2, 0, 3, 0.5),
        shapely.box(1, 0, 3, 1),
        shapely.box(0.5, 0.2, 1.5, 0.8),
        shapely.box(0, 0, 2, 1),
        shapely.box(2 + 1e-9, 0, 3, 1),
        shapely.box(2 - 1e-9, 0, 3, 1),
        shapely.box(5, 5, 6, 6),
    ],
)
def test_polygons_are_a_coverage_where_geos_says_so(other: shapely.Polygon) -> None:
    """GEOS looks for crossings; what is asked here is whether ground was lost."""
    polygons = np.array([shapely.box(0, 0, 2, 1), other])
    united = united_coverage(polygons)
    assert (united is not None) == shapely.coverage_is_valid(polygons)
    if united is not None:
        assert united.equals(shapely.union_all(polygons))
