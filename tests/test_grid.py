"""The lattice: ids that never move, cells that tile, points that find their cell."""

import re

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import cami_units as cu
from cami_units.grid import (
    ORIGIN_M,
    Lattice,
    cell_index,
    cells,
    centres,
    extent,
    neighbours,
    places,
    planning_units,
    pu_ids,
)
from cami_units.model import EQUAL_AREA, InputError

SHAPES = ["square", "hexagon"]


def test_ids_count_cells_from_ten_thousand_km_south_west():
    # (0, 0) is 10,000 km from the origin of the lattice: 400 cells of 25 km
    found = planning_units(shapely.box(1, 1, 26_000, 2), cell_km=25)
    assert found.pu_id.tolist() == ["R0400C0400", "R0400C0401"]
    assert found.geometry.iloc[0].equals(shapely.box(0, 0, 25_000, 25_000))
    assert list(found.columns) == ["pu_id", "row", "col", "geometry"]


def test_ids_beyond_the_origin_stay_unique():
    assert pu_ids([-1, 1], [0, -20]) == ["R-001C0000", "R0001C-020"]


@given(st.lists(st.tuples(st.integers(-99_999, 99_999), st.integers(-99_999, 99_999))))
def test_an_id_says_its_row_and_column(pairs):
    row, col = places(pu_ids([row for row, _ in pairs], [col for _, col in pairs]))
    assert list(zip(row.tolist(), col.tolist(), strict=True)) == pairs


@pytest.mark.parametrize("odd", ["", "R1", "C0001R0001", "R0001C0001x", "r0001c0001", "R١C٢"])
def test_what_is_no_id_of_a_cell_is_named(odd):
    with pytest.raises(InputError, match=f"no ids of planning units, such as R0412C0187: {odd}"):
        places(["R0001C0001", odd])


@pytest.mark.parametrize("shape", SHAPES)
def test_a_larger_study_area_keeps_the_ids_and_the_cells(shape):
    small = planning_units(shapely.box(0, 0, 3e5, 3e5), shape=shape).set_index("pu_id")
    large = planning_units(shapely.box(-9e5, -5e5, 8e5, 7e5), shape=shape).set_index("pu_id")
    assert small.index.isin(large.index).all()
    assert (small.geometry == large.geometry.loc[small.index]).all()


def test_a_cell_that_only_touches_is_not_a_planning_unit():
    # the study area is exactly one cell: its eight neighbours touch it and are left out
    assert len(planning_units(shapely.box(0, 0, 25_000, 25_000))) == 1


def test_cells_over_the_hole_of_a_study_area_are_left_out():
    ring = shapely.box(0, 0, 75_000, 75_000) - shapely.box(24_999, 24_999, 50_001, 50_001)
    assert len(planning_units(ring)) == 8


def test_rows_of_a_study_area_are_united_and_their_order_does_not_matter():
    area = gpd.GeoSeries(
        [shapely.box(0, 0, 60_000, 60_000), shapely.box(50_000, 0, 90_000, 40_000)], crs=EQUAL_AREA
    )
    found = planning_units(area)
    assert found.pu_id.is_unique
    assert found.equals(planning_units(area[::-1]))
    assert found.equals(planning_units(shapely.union_all(area.to_numpy())))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cell_km", [10, 25, 33.3])
def test_cells_tile_the_plane(shape, cell_km):
    found = planning_units(shapely.Point(0, 0).buffer(4e5), cell_km=cell_km, shape=shape)
    assert found.area.to_numpy() == pytest.approx(cell_km**2 * 1e6, rel=1e-9)
    united = shapely.coverage_union_all(found.geometry.to_numpy())
    assert shapely.coverage_is_valid(found.geometry.to_numpy())
    assert united.area == pytest.approx(found.area.sum(), rel=1e-12)
    assert shapely.covers(united, shapely.Point(0, 0).buffer(4e5))
    assert all(cell.exterior.is_ccw for cell in found.geometry)


@pytest.mark.parametrize("shape", SHAPES)
@given(
    x=st.floats(-9e6, 9e6, allow_nan=False),
    y=st.floats(-9e6, 9e6, allow_nan=False),
    cell_km=st.sampled_from([5, 10, 25, 50]),
)
def test_a_point_lies_in_the_cell_it_is_told(shape, x, y, cell_km):
    lattice = Lattice(cell_km, shape)
    row, col = cell_index(lattice, [x], [y])
    # 1 cm: hexagons have irrational corners, and x is known to a nanometre at best
    assert shapely.dwithin(cells(lattice, row, col)[0], shapely.Point(x, y), 0.01)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_middle_of_a_cell_is_in_it(shape):
    row, col = (grid.ravel() for grid in np.mgrid[-3:40, -5:30])
    lattice = Lattice(12.5, shape)
    assert np.array_equal(cell_index(lattice, *centres(lattice, row, col)), (row, col))
    centroid = shapely.get_coordinates(shapely.centroid(cells(lattice, row, col)))
    assert centroid == pytest.approx(np.column_stack(centres(lattice, row, col)), abs=1e-3)


def test_points_on_a_line_belong_north_and_east():
    row, col = cell_index(Lattice(25), [ORIGIN_M, ORIGIN_M + 25_000], [ORIGIN_M, ORIGIN_M])
    assert (row.tolist(), col.tolist()) == ([0, 0], [0, 1])


@pytest.mark.parametrize(
    ("shape", "corners"), [("square", False), ("square", True), ("hexagon", False)]
)
def test_neighbours_are_those_that_geos_says_share_a_side(shape, corners):
    found = planning_units(shapely.Point(0, 0).buffer(2e5), shape=shape)
    found = found.sample(frac=0.8, random_state=1)  # gaps and any order
    shapes = found.geometry.to_numpy()
    i, j = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=1)
    i, j = i[i < j], j[i < j]
    shared = shapely.length(shapely.intersection(shapely.buffer(shapes[i], 1), shapes[j]))
    side = i[shared > 100] if not corners else i
    other = j[shared > 100] if not corners else j
    expected = np.unique(np.column_stack([side, other]), axis=0)
    assert np.array_equal(neighbours(found, corners=corners), expected)


def test_no_cells_have_no_neighbours():
    nothing = planning_units(shapely.box(0, 0, 1_000, 1_000)).iloc[:0]
    assert neighbours(nothing).shape == (0, 2)


@pytest.mark.parametrize(
    ("area", "options", "message"),
    [
        (shapely.box(0, 0, 1_000, 1_000), {"cell_km": 0}, "cell_km must be a positive number"),
        (
            shapely.box(0, 0, 1_000, 1_000),
            {"cell_km": float("nan")},
            "cell_km must be a number, got nan",
        ),
        (
            shapely.box(0, 0, 1_000, 1_000),
            {"shape": "circle"},
            "'square' or 'hexagon', got 'circle'",
        ),
        (
            shapely.box(0, 0, 1_000, 1_000),
            {"crs": "EPSG:3857"},
            "EPSG:3857 is none: an area in it is off by",
        ),
        (shapely.box(0, 0, 1_000, 1_000), {"crs": "EPSG:99999"}, "that PROJ knows is expected"),
        # of the Moon: PROJ knows it, and no way there
        (shapely.box(0, 0, 1_000, 1_000), {"crs": "IAU_2015:30120"}, "that PROJ knows is expected"),
        (shapely.Polygon(), {}, "study area is empty"),
        (shapely.Point(1, 1), {}, "made of polygons; Point came too"),
        (gpd.GeoSeries([shapely.box(0, 0, 1_000, 1_000)]), {}, "it has no CRS"),
        (gpd.GeoSeries([shapely.box(0, 0, 1_000, 1_000)], crs=4326), {}, "it has EPSG:4326"),
        (shapely.box(0, 0, 5e6, 5e6), {"cell_km": 0.25}, "Is cell_km meant in km"),
    ],
)
def test_what_is_refused(area, options, message):
    with pytest.raises(InputError, match=message):
        planning_units(area, **options)


@pytest.mark.parametrize("shape", ["square", "hexagon"])
def test_cells_asked_about_in_blocks_are_those_that_share_area(shape):
    # A star of 24 rays over some hundred cells a side: whole blocks within, beyond, and cut.
    turn = 0.1 + np.linspace(0, 2 * np.pi, 48, endpoint=False)  # no ray runs along a row
    reach = np.where(np.arange(48) % 2, 90_000.0, 520_000.0)
    star = shapely.Polygon(np.column_stack([reach * np.cos(turn), reach * np.sin(turn)]))
    lattice = Lattice(10.0, shape, EQUAL_AREA)
    units = planning_units(star, cell_km=10, shape=shape)
    rows, cols = (np.arange(*ends) for ends in extent(lattice, star.bounds))
    row, col = (side.ravel() for side in np.meshgrid(rows, cols))
    area = shapely.area(shapely.intersection(cells(lattice, row, col), star))
    assert set(units["pu_id"]) == set(np.array(pu_ids(row, col))[area > 0])


@pytest.mark.parametrize(
    ("area", "said"),
    [
        ((60, 45, 61, 46), "must be a GeoDataFrame, a GeoSeries or a polygon; tuple came"),
        (shapely.box(60, 45, 61, 46), "within 61 by 46 of 0, 0, which looks like degrees"),
    ],
)
def test_a_bounding_box_in_degrees_is_no_study_area(area, said):
    """A degree was a metre: one cell came, in silence. What is advised works as it stands."""
    with pytest.raises(InputError, match=re.escape(said)) as refused:
        planning_units(area)
    advice = str(refused.value).rsplit(": ", 1)[1].removesuffix(".")
    assert advice.startswith(
        "cu.to_equal_area(gpd.GeoSeries([shapely.box(west, south, east, north)]"
    )
    names = {"cu": cu, "gpd": gpd, "shapely": shapely, "west": 60, "south": 45}
    cells = planning_units(eval(advice, names | {"east": 61, "north": 46}))
    # 78 by 111 km on the ground, in cells of 25 km
    assert 13 <= len(cells) <= 35


@pytest.mark.parametrize("came", [shapely.box(60, 45, 61, 46), None, "x.gpkg"])
def test_what_has_no_crs_is_not_projected(came):
    with pytest.raises(
        InputError, match=f"a GeoSeries with a CRS is wanted; {type(came).__name__}"
    ):
        cu.to_equal_area(came)
