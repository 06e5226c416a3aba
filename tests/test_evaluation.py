"""Units held against evidence: made grids and points whose answers are known."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import cami_units as cu
from cami_units.model import EQUAL_AREA, LONLAT, InputError
from tests.conftest import km_box

AREA = gpd.GeoDataFrame(geometry=[km_box(0, 0, 400, 200)], crs=EQUAL_AREA)


def units_of(*boxes: tuple[float, float, float, float]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[km_box(*box) for box in boxes], crs=EQUAL_AREA)


def occupancy(values: np.ndarray, side_km: float = 20) -> gpd.GeoDataFrame:
    """A grid of values, the first row in the south."""
    rows, columns = np.indices(values.shape)
    boxes = [
        km_box(x * side_km, y * side_km, (x + 1) * side_km, (y + 1) * side_km)
        for y, x in zip(rows.ravel(), columns.ravel(), strict=True)
    ]
    return gpd.GeoDataFrame({"value": values.ravel()}, geometry=boxes, crs=EQUAL_AREA)


def points_of(xy: np.ndarray, **columns: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=shapely.points(xy * 1000), crs=EQUAL_AREA)


def test_evenly_spread_evidence_lies_inside_as_the_ground_does():
    # 60 x 80 km of 400 x 200 km are 6 %, and so is every other placement's share of its own ground.
    even = cu.evaluate_units(
        units_of((100, 40, 160, 120)), occupancy(np.full((10, 20), 0.3)), runs=99
    )
    (row,) = even.to_dict("records")
    assert row["share_inside"] == pytest.approx(0.06)
    assert row["share_ground"] == pytest.approx(0.06)
    assert row["lift"] == pytest.approx(1)
    assert row["chance_low"] == pytest.approx(0.06)
    assert row["chance_high"] == pytest.approx(0.06)
    assert row["p_value"] == pytest.approx(1)
    assert row["study_km2"] == pytest.approx(80_000)


def test_evidence_that_lies_inside_altogether_is_more_than_chance():
    values = np.zeros((10, 20))
    values[2:6, 5:8] = 0.9
    (row,) = cu.evaluate_units(units_of((100, 40, 160, 120)), occupancy(values)).to_dict("records")
    assert row["share_inside"] == pytest.approx(1)
    assert row["lift"] == pytest.approx(1 / 0.06)
    # of 999 placements on a torus of 400 x 200 km (some mirrored) only one that hits it squarely is as good
    assert row["p_value"] < 0.01
    assert row["chance_high"] < 0.6  # 19 in 20 placements miss at least four tenths of it


def test_half_of_what_was_counted_in_a_quarter_of_the_ground():
    # Values 3, 1, 1, 1 on four cells, the unit is the first and half of the second:
    # (3 + 0.5) / 6 of the evidence, 1.5 / 4 of the ground.
    grid = occupancy(np.array([[3.0, 1.0], [1.0, 1.0]]), side_km=100)
    (row,) = cu.evaluate_units(units_of((0, 0, 150, 100)), grid, runs=50).to_dict("records")
    assert row["share_inside"] == pytest.approx(3.5 / 6)
    assert row["share_ground"] == pytest.approx(1.5 / 4)
    assert row["lift"] == pytest.approx(3.5 / 6 / (1.5 / 4))


def test_points_count_one_each_or_what_their_column_says():
    xy = np.array([[10, 10], [20, 10], [30, 10], [350, 150]])
    points = points_of(xy, seen=[1, 1, 1, 7])
    unit = units_of((0, 0, 100, 100))
    (row,) = cu.evaluate_units(unit, points, study_area=AREA, runs=50).to_dict("records")
    assert (row["rows"], row["share_inside"]) == (4, pytest.approx(0.75))
    assert row["share_ground"] == pytest.approx(0.125)
    (row,) = cu.evaluate_units(unit, points, value="seen", study_area=AREA, runs=50).to_dict(
        "records"
    )
    assert row["share_inside"] == pytest.approx(0.3)


def test_an_animal_with_a_collar_counts_once_however_often_it_was_heard():
    xy = np.vstack([np.full((90, 2), 50.0), np.full((2, 2), 150.0), [[60.0, 60.0], [390.0, 190.0]]])
    fixes = points_of(xy, animal=["A"] * 90 + ["B"] * 2 + ["C"] * 2)
    found = cu.evaluate_units(
        units_of((0, 0, 100, 100)), fixes, individual="animal", study_area=AREA, runs=50
    )
    assert found["share_inside"].tolist() == pytest.approx([1.5 / 3])  # A 1, B 0, C a half


def clumps(lot: np.random.Generator) -> np.ndarray:
    """Sixty points in three clumps, anywhere on the torus that the study area is closed to."""
    middles = lot.uniform((0, 0), (400, 200), (3, 2))
    return (middles[lot.integers(3, size=60)] + lot.normal(0, 15, (60, 2))) % (400, 200)


def test_chance_finds_something_as_often_as_it_says():
    # 200 patterns of clumped points that know nothing of the units. A test at 5 % rejects 10 of 200,
    # give or take: fewer than 20 in 999 of 1,000 cases. Shuffled cells would reject some 80.
    lot = np.random.default_rng(7)
    patterns = [points_of(clumps(lot), pattern=[f"{number:03d}"] * 60) for number in range(200)]
    points = gpd.GeoDataFrame(pd.concat(patterns, ignore_index=True), crs=EQUAL_AREA)
    found = cu.evaluate_units(
        units_of((60, 40, 120, 120), (250, 100, 330, 180)),
        points,
        by="pattern",
        study_area=AREA,
        cell_km=10,
        runs=499,
    )
    assert len(found) == 200
    assert 2 <= (found["p_value"] <= 0.05).sum() <= 20
    covers = found["share_inside"].between(found["chance_low"] - 1e-9, found["chance_high"] + 1e-9)
    assert 0.88 <= covers.mean() <= 1
    assert found["share_inside"].mean() == pytest.approx(found["share_ground"].mean(), abs=0.03)


def test_nothing_hangs_on_the_order_of_rows_on_the_crs_or_on_how_units_are_cut():
    lot = np.random.default_rng(3)
    values = lot.uniform(0, 1, (10, 20))
    grid = occupancy(values)
    whole = cu.evaluate_units(units_of((60, 40, 200, 120)), grid, runs=60, cell_km=20)
    again = cu.evaluate_units(
        units_of((130, 40, 200, 120), (60, 40, 130, 120), (70, 50, 90, 60)),
        grid.sample(frac=1, random_state=1),
        runs=60,
        cell_km=20,
    )
    pd.testing.assert_frame_equal(whole, again)
    there = cu.evaluate_units(
        units_of((60, 40, 200, 120)).to_crs("EPSG:32644"),
        grid.to_crs("EPSG:32644"),
        runs=60,
        cell_km=20,
    )
    # straight sides of 20 km bend by metres from one CRS to the other
    assert there[["share_inside", "share_ground"]].to_numpy() == pytest.approx(
        whole[["share_inside", "share_ground"]].to_numpy(), rel=1e-3
    )


def test_parts_of_a_range_that_overlap_count_once():
    ranges = gpd.GeoDataFrame(
        {"sci_name": ["fox", "fox", "goat"]},
        geometry=[km_box(0, 0, 100, 100), km_box(50, 0, 150, 100), km_box(300, 0, 400, 100)],
        crs=EQUAL_AREA,
    )
    found = cu.evaluate_units(
        units_of((0, 0, 75, 100)), ranges, by="sci_name", study_area=AREA, runs=50
    )
    assert found["group"].tolist() == ["fox", "goat"]
    assert found["share_inside"].tolist() == pytest.approx([0.5, 0.0])
    assert found["rows"].tolist() == [2, 1]


def test_a_raster_and_a_table_of_records_are_read(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    raster = tmp_path / "occupancy.tif"
    values = np.full((4, 4), 0.2, dtype=np.float32)
    values[:2, :2] = 0.6  # the north-west
    values[3, 3] = np.nan
    with rasterio.open(
        raster,
        "w",
        driver="GTiff",
        width=4,
        height=4,
        count=1,
        dtype="float32",
        crs="EPSG:4326",
        transform=rasterio.transform.from_origin(80, 44, 0.5, 0.5),
        nodata=np.nan,
    ) as file:
        file.write(values, 1)
    unit = gpd.GeoDataFrame(geometry=[shapely.box(80, 43, 81, 44)], crs=LONLAT)
    (row,) = cu.evaluate_units(unit, raster, runs=50).to_dict("records")
    assert row["rows"] == 15
    # cells of one row of latitude are equal; further south they are larger, by 1 % for half a degree
    assert row["share_inside"] == pytest.approx(4 * 0.6 / (4 * 0.6 + 11 * 0.2), abs=0.01)
    assert row["share_ground"] == pytest.approx(4 / 15, abs=0.01)
    records = tmp_path / "records.csv"
    records.write_text("longitude,latitude\n80.5,43.5\n80.6,43.5\n81.9,42.1\n", encoding="utf-8")
    (row,) = cu.evaluate_units(unit, records, runs=50).to_dict("records")
    assert row["share_inside"] == pytest.approx(2 / 3)
    (same,) = cu.evaluate_units(unit, records.with_name("rec*.csv"), runs=50).to_dict("records")
    assert same["share_inside"] == row["share_inside"]


def test_too_few_placements_say_nothing_of_chance():
    # The unit is as large as the study area's one solid half: elsewhere most of it falls outside.
    found = cu.evaluate_units(
        units_of((0, 0, 100, 100)), occupancy(np.ones((10, 10))), runs=5, cell_km=20
    )
    assert found[["chance_low", "chance_high", "p_value"]].isna().all(axis=None)
    assert found["placements"].tolist() == [5]


@pytest.mark.parametrize(
    ("evidence", "options", "message"),
    [
        (occupancy(np.ones((2, 2))), {"by": "species"}, "no column species; it has value"),
        (occupancy(-np.ones((2, 2))), {}, "4 of 'value' are negative, the least -1"),
        (occupancy(np.zeros((2, 2))), {}, "No evidence lies in the study area"),
        (occupancy(np.ones((2, 2))).shift(0).set_crs(None, allow_override=True), {}, "CRS"),
        (points_of(np.array([[0.0, 0.0]])), {"runs": 0}, "at least one placement; runs is 0"),
        ("nowhere.tif", {}, "nowhere.tif: there is no such file"),
        (occupancy(np.ones((2, 2))), {"crs": "EPSG:99999"}, "that PROJ knows is expected"),
        (occupancy(np.ones((2, 2))), {"crs": "EPSG:3857"}, "EPSG:3857 is none"),
        (
            gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (9e4, 9e4)])], crs=EQUAL_AREA),
            {},
            "polygons or points, one kind; this has lines. Give tracks as their fixes",
        ),
    ],
)
def test_what_cannot_be_evaluated_is_refused(evidence, options, message):
    with pytest.raises(InputError, match=message):
        cu.evaluate_units(units_of((0, 0, 30, 30)), evidence, **options)


def test_units_elsewhere_are_refused():
    with pytest.raises(InputError, match="No unit lies in the study area"):
        cu.evaluate_units(units_of((900, 900, 950, 950)), occupancy(np.ones((2, 2))), runs=10)
