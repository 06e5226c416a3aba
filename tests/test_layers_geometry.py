"""Shapes made fit to be measured: densified, projected, repaired, dissolved."""

from __future__ import annotations

import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Geod
from pyproj.crs import ProjectedCRS
from pyproj.crs.coordinate_operation import AlbersEqualAreaConversion
from shapely.geometry import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from cami_units import kml, layers
from cami_units.layers._equal_area import (
    circle,
    clipped,
    densified,
    even_odd,
    only,
    projected,
    repaired,
)
from cami_units.model import EQUAL_AREA, LONLAT, InputError
from cami_units.overlap import _pieces, joined

SHARED = Path(__file__).resolve().parents[2] / "shared"
GEOD = Geod(ellps="WGS84")


def array(*shapes: object) -> np.ndarray:
    out = np.empty(len(shapes), dtype=object)
    out[:] = shapes
    return out


def geodesic_km2(shape: object) -> float:
    """Area on the ellipsoid of what is drawn with straight edges in longitude and latitude.

    An independent witness: PROJ's geodesics on edges of a hundredth of a degree, so short that
    the geodesic and the straight line are one.
    """
    fine = shapely.segmentize(shape, 0.01)
    area, _ = GEOD.geometry_area_perimeter(shapely.orient_polygons(fine))
    return abs(area) / 1e6


# -- to_equal_area --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape",
    [
        box(80, 40, 81, 41),
        box(50, 25, 100, 45),  # projected corner by corner this loses 5 %
        box(26, 60, 179.9, 77),
        Polygon([(60, 30), (75, 55), (110, 33)], [[(70, 35), (80, 38), (75, 45)]]),
        MultiPolygon([box(45, 36, 46, 37), box(119, 47, 121, 50)]),
    ],
)
def test_areas_agree_with_the_geodesic_area(shape):
    table = gpd.GeoDataFrame(geometry=[shape], crs="EPSG:4326")
    ours = layers.to_equal_area(table).area.iloc[0] / 1e6
    assert ours == pytest.approx(geodesic_km2(shape), rel=1e-4)


@given(
    west=st.floats(30, 130),
    south=st.floats(10, 65),
    width=st.floats(0.05, 30),
    height=st.floats(0.05, 12),
)
def test_the_area_of_any_box_agrees_with_the_geodesic_area(west, south, width, height):
    shape = box(west, south, west + width, south + height)
    table = gpd.GeoDataFrame(geometry=[shape], crs="EPSG:4326")
    ours = layers.to_equal_area(table).area.iloc[0] / 1e6
    assert ours == pytest.approx(geodesic_km2(shape), rel=1e-4)


def test_a_projected_source_is_densified_on_its_way_out_too():
    # 20° of longitude and 10° of latitude of straight Mercator: meridians and parallels, so the
    # same ground as the box in degrees
    mercator = gpd.GeoDataFrame(geometry=[box(60, 40, 80, 50)], crs="EPSG:4326").to_crs(3395)
    ours = layers.to_equal_area(mercator).area.iloc[0] / 1e6
    assert ours == pytest.approx(geodesic_km2(box(60, 40, 80, 50)), rel=1e-4)


def test_a_table_without_crs_is_refused_and_the_table_handed_in_is_not_changed():
    with pytest.raises(InputError, match=r"no CRS.*set_crs"):
        layers.to_equal_area(gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)]))
    table = gpd.GeoDataFrame({"a": [7]}, geometry=[box(80, 40, 81, 41)], crs="EPSG:4326", index=[5])
    before = table.to_wkb()
    there = layers.to_equal_area(table)
    assert table.to_wkb().equals(before)
    assert there.index.tolist() == [5]
    assert there["a"].tolist() == [7]


def test_what_is_in_equal_area_already_comes_back_bit_for_bit():
    shape = box(0, 0, 1_000_000, 1_000_000)
    table = gpd.GeoDataFrame(geometry=[shape], crs=EQUAL_AREA)
    assert layers.to_equal_area(table).geometry.iloc[0].equals_exact(shape, 0)


def test_altitudes_are_dropped():
    table = gpd.GeoDataFrame(geometry=[Point(80, 40, 999)], crs="EPSG:4326")
    assert not layers.to_equal_area(table).has_z.any()


def test_a_range_across_the_meridian_opposite_the_projection_is_cut_there():
    # lon_0 is 80° E, so the projection is torn at 100° W: the area must not explode
    shape = box(-110, 45, -90, 50)
    table = gpd.GeoDataFrame(geometry=[shape], crs="EPSG:4326")
    ours = layers.to_equal_area(table).area.iloc[0] / 1e6
    assert ours == pytest.approx(geodesic_km2(shape), rel=1e-3)


@pytest.mark.parametrize("crs", ["EPSG:3571", "+proj=laea +lat_0=66 +lon_0=180 +datum=WGS84"])
def test_ground_across_180_in_metres_is_as_large_as_it_was(crs):
    # both systems are equal-area: what a shape measures there is the witness. It came back as a
    # belt round the Earth, of 3 million km².
    across = box(177, 66, 187, 69)
    table = gpd.GeoDataFrame(geometry=[shapely.segmentize(across, 0.01)], crs="EPSG:4326")
    there = table.to_crs(crs)
    assert there.area.iloc[0] / 1e6 == pytest.approx(geodesic_km2(across), rel=1e-6)
    for target in (EQUAL_AREA, "EPSG:6933", "EPSG:3576"):
        ours = layers.to_equal_area(there, target).area.iloc[0]
        assert ours == pytest.approx(there.area.iloc[0], rel=1e-5)


@pytest.mark.parametrize("crs", [EQUAL_AREA, "EPSG:6933", "EPSG:3571"])
@pytest.mark.parametrize("west", [175, 255, -185])
def test_degrees_that_count_on_past_180_are_torn_by_no_projection(crs, west):
    shape = box(west, 60, west + 10, 66)
    table = gpd.GeoDataFrame(geometry=[shape], crs="EPSG:4326")
    ours = layers.to_equal_area(table, crs).area.iloc[0] / 1e6
    assert ours == pytest.approx(geodesic_km2(box(0, 60, 10, 66)), rel=1e-5)


@pytest.mark.parametrize(
    ("west", "wide"), [(-180, 360 + 1e-11), (-180, 360 + 1e-7), (0, 360), (-181, 360), (10, 340)]
)
def test_a_box_that_goes_round_the_earth_and_on_is_as_wide_as_it_says(west, wide):
    # The ground of a degree, by the ellipsoid, so many times. A world box of which a file rounded
    # one end past 180° came back as nothing, one from 0 to 360 was a fault of Python's.
    world = gpd.GeoDataFrame(geometry=[box(west, 40, west + wide, 60)], crs="EPSG:4326")
    ours = layers.to_equal_area(world, "EPSG:6933").area.iloc[0] / 1e6
    degree = geodesic_km2(shapely.segmentize(box(0, 40, 1, 60), 0.05))
    assert ours == pytest.approx(wide * degree, rel=1e-5)


def test_a_cap_around_the_pole_in_metres_is_as_large_as_it_was():
    # Lambert's projection from the pole keeps areas: π r². The cap came back as 36 km².
    cap = gpd.GeoDataFrame(geometry=[Point(0, 0).buffer(1.5e6, quad_segs=200)], crs="EPSG:3571")
    assert layers.to_equal_area(cap).area.iloc[0] == pytest.approx(math.pi * 1.5e6**2, rel=1e-4)


# -- densified ------------------------------------------------------------------------------------

COORDINATE = st.floats(-50, 50, allow_nan=False).map(lambda x: round(x, 3))


@given(a=st.tuples(COORDINATE, COORDINATE), b=st.tuples(COORDINATE, COORDINATE))
def test_a_shared_edge_gets_the_same_vertices_from_both_sides(a, b):
    if a == b:
        return
    there, back = densified(array(LineString([a, b]), LineString([b, a])), 0.1)
    assert list(there.coords) == list(back.coords)[::-1]
    assert there.coords[0] == a
    assert there.coords[-1] == b


def test_no_edge_is_longer_than_asked_and_no_edge_joins_two_rings():
    holed = Polygon(
        box(0, 0, 10, 10).exterior, [box(2, 2, 3, 3).exterior, box(5, 5, 9, 6).exterior]
    )
    shapes = array(holed, MultiPolygon([box(20, 0, 21, 1), box(40, 0, 41, 1)]), Point(1, 2))
    dense = densified(shapes, 0.25)
    for before, after in zip(shapes, dense, strict=True):
        assert shapely.equals(before, after)
        assert after.area == pytest.approx(before.area, rel=1e-12)
    xy = shapely.get_coordinates(dense[0].exterior)
    assert np.hypot(*np.diff(xy, axis=0).T).max() <= 0.25 + 1e-12
    assert dense[2] == Point(1, 2)


def test_shapes_with_short_edges_come_back_as_they_are():
    shape = box(0, 0, 1, 1)
    assert densified(array(shape), 5.0)[0].equals_exact(shape, 0)


def test_collections_and_empty_shapes_survive():
    shapes = array(GeometryCollection([box(0, 0, 1, 1), Point(5, 5)]), Polygon())
    dense = densified(shapes, 0.5)
    assert dense[0].geoms[0].equals(box(0, 0, 1, 1))
    assert dense[1].is_empty


# -- repair ---------------------------------------------------------------------------------------

BOW = Polygon([(0, 0), (2000, 2000), (2000, 0), (0, 2000)])  # two triangles of 1 km² each
TWICE_ROUND = Polygon(
    # the ring runs around [0,4]² km and then, without lifting the pen, around [1,3]² the same way
    [
        *[(0, 0), (4000, 0), (4000, 4000), (0, 4000), (0, 0)],
        *[(1000, 1000), (3000, 1000), (3000, 3000), (1000, 3000), (1000, 1000), (0, 0)],
    ]
)


def test_a_bow_tie_keeps_both_halves_and_nothing_is_contested():
    shapes, repairs = repaired(array(BOW, box(0, 0, 10, 10)))
    assert shapes[0].area == pytest.approx(2e6)  # buffer(0) would leave 1e6
    assert shapely.is_valid(shapes).all()
    assert [one.row for one in repairs] == [0]
    assert repairs[0].before_km2 == pytest.approx(2.0)
    assert repairs[0].after_km2 == pytest.approx(2.0)
    assert repairs[0].share == pytest.approx(0.0, abs=1e-12)


def test_ground_that_a_ring_surrounds_twice_is_contested():
    # meant or a hole? by winding it is land (16 km²), by even-odd a hole of 4 km²
    shapes, (repair,) = repaired(array(TWICE_ROUND))
    assert shapes[0].area == pytest.approx(16e6)
    assert repair.before_km2 == pytest.approx(12.0)
    assert repair.after_km2 == pytest.approx(16.0)
    assert repair.moved_km2 == pytest.approx(4.0)
    assert repair.share == pytest.approx(0.25)


def test_overlapping_parts_are_joined_and_not_contested():
    # every part of a multipolygon is meant as land: 4 + 4 − 1 km²
    both = MultiPolygon([box(0, 0, 2000, 2000), box(1000, 1000, 3000, 3000)])
    shapes, (repair,) = repaired(array(both))
    assert shapes[0].area == pytest.approx(7e6)
    assert repair.share == pytest.approx(0.0, abs=1e-12)
    assert even_odd(both).area == pytest.approx(7e6)


def test_a_shape_that_collapses_is_wholly_contested():
    flat = Polygon([(0, 0), (1000, 0), (2000, 0)])
    shapes, (repair,) = repaired(array(flat))
    assert shapes[0].is_empty
    assert repair.share == 1.0


@pytest.mark.reference
def test_the_82_broken_ecoregions_are_mended_and_their_ground_stays():
    path = SHARED / "data" / "resolve_ecoregions2017.gpkg"
    if not path.exists():
        pytest.skip("the reference layers are not beside the checkout")
    regions = gpd.read_file(path)
    moved = projected(regions.geometry.to_numpy(), regions.crs, EQUAL_AREA)
    shapes, repairs = repaired(moved)
    assert len(repairs) > 80
    assert shapely.is_valid(shapes).all()
    assert max(one.share for one in repairs) < 0.005


# -- clipping, joining, picking -------------------------------------------------------------------


def test_clipping_keeps_what_is_inside_untouched_and_drops_what_only_touches():
    area = box(0, 0, 10, 10)
    inside, across, touching = clipped(
        array(box(1, 1, 2, 2), box(8, 8, 12, 12), box(10, 0, 12, 2)), area
    )
    assert inside.equals_exact(box(1, 1, 2, 2), 0)
    assert across.area == pytest.approx(4)
    assert touching.is_empty


def test_only_takes_the_parts_of_one_kind_however_deep_they_lie():
    nested = GeometryCollection([GeometryCollection([box(0, 0, 1, 1), Point(3, 3)]), Point(4, 4)])
    assert only(nested, "polygon").area == 1
    assert only(nested, "line").is_empty
    assert len(only(nested, "point").geoms) == 2


@given(order=st.permutations(range(4)))
def test_joining_does_not_depend_on_the_order_of_rows(order):
    parts = [box(0, 0, 2, 2), box(1, 1, 3, 3), box(7, 7, 8, 8), box(2, 0, 4, 1)]
    one = joined(array(*parts))
    other = joined(array(*[parts[at] for at in order]))
    assert shapely.to_wkb(one) == shapely.to_wkb(other)
    assert one.area == pytest.approx(4 + 4 - 1 + 1 + 2)


def test_a_circle_has_exactly_the_area_asked_for():
    assert circle(Point(500, 700), 123_456.0).area == pytest.approx(123_456.0, rel=1e-12)


def test_a_hole_drawn_without_lifting_the_pen_stays_a_hole():
    # an outer ring that touches itself, as ESRI software writes them: [0,4]² km less a kite
    ring = [(0, 0), (4, 0), (4, 4), (0, 4), (0, 0), (1, 3), (3, 3), (3, 1), (0, 0)]
    shape = Polygon([(1000 * x, 1000 * y) for x, y in ring])
    shapes, (repair,) = repaired(array(shape))
    assert shapes[0].area == pytest.approx(shape.area)
    assert repair.share == pytest.approx(0.0, abs=1e-12)


def test_a_hole_that_reaches_out_of_its_part_adds_no_ground():
    # 16 km² less the 2 km² of the hole that lie inside
    shape = Polygon(box(0, 0, 4000, 4000).exterior, [box(3000, 1000, 5000, 3000).exterior])
    shapes, (repair,) = repaired(array(shape))
    assert shapes[0].area == pytest.approx(14e6)
    assert repair.share == pytest.approx(0.0, abs=1e-12)


# -- out again: longitude and latitude on a lattice -------------------------------------------------


@given(st.integers(-1_800_000_000, 1_800_000_000), st.sampled_from([-4e-13, 0.0, 4e-13]))
def test_two_versions_of_proj_give_one_longitude(step, noise):
    """Seven decimals, as files have them: every tenth ends in 5, the middle between two of ours."""
    said = step / 1e7
    plain, other = (
        layers.to_lonlat(
            gpd.GeoDataFrame(geometry=[shapely.Point(x, 40)], crs=LONLAT), decimals=6
        ).geometry.x[0]
        for x in (said, said + noise)
    )
    assert plain == other
    assert abs(plain - said) < 0.53e-6
    # The nearest number to a decimal: what a reader of the file gets when it reads the text.
    assert plain == float(f"{plain:.6f}")


POLAR = "+proj=laea +lat_0={} +lon_0=20 +datum=WGS84 +units=m +no_defs"


@pytest.mark.parametrize("pole", [90, -90])
@pytest.mark.parametrize(
    "shape",
    [
        shapely.Point(1e5, 5e4).buffer(3e5),  # the pole in it, not in its middle
        shapely.Point(0, 0)
        .buffer(3e5)
        .difference(shapely.Point(2e4, 0).buffer(1e5)),  # in its hole
        shapely.Point(-1e5, 5e5).buffer(6e5).difference(shapely.Point(0, 5e5).buffer(2e5)),
        shapely.box(0, 0, 2e5, 2e5),  # the pole is a corner of it
        shapely.box(-2e5, 0, 2e5, 2e5),  # … or on a side
        shapely.Point(1e5, 9e5).buffer(3e5),  # beside the pole, over 180° or far from it
    ],
)
def test_a_shape_around_a_pole_comes_back_with_its_area(pole, shape):
    """A ring round a pole closes over it, one across 180° is cut; a hole is one still."""
    table = gpd.GeoDataFrame(geometry=[shapely.segmentize(shape, 2e3)], crs=POLAR.format(pole))
    lonlat = layers.to_lonlat(table)
    assert lonlat.is_valid.all()
    assert (np.abs(lonlat.total_bounds) <= (180, 90, 180, 90)).all()
    back = layers.to_equal_area(lonlat, POLAR.format(pole))
    assert shapely.area(shapely.symmetric_difference(back.geometry[0], shape)) < 2e-3 * shape.area


@pytest.mark.parametrize("lon_0", [-170, 0, 180])
def test_a_line_or_points_over_the_end_of_longitudes_arrive_whole(lon_0):
    """A road that a GIS has cut at 180° spans the globe in its numbers, and some tens of kilometres on it."""
    cut = [[(179.5, 66), (180, 66)], [(-180, 66), (-179.5, 66)]]
    shapes = [shapely.MultiLineString(cut), shapely.MultiPoint([cut[0][0], cut[1][1]])]
    flat = layers.to_equal_area(
        gpd.GeoDataFrame(geometry=shapes, crs=LONLAT), f"+proj=laea +lat_0=66 +lon_0={lon_0}"
    ).geometry
    # one degree of the parallel: its radius on the ellipsoid is 2,603 km
    if lon_0:  # on 0° the map of Lambert is torn and stretched where this line lies
        assert flat[0].length == pytest.approx(math.radians(1) * 2_602_600, rel=0.002)
    assert shapely.get_num_coordinates(flat[1]) == 2
    assert not flat.is_empty.any()


def test_a_plan_on_an_old_datum_writes_places_where_it_read_them():
    """For Beijing 1954 PROJ knows shifts of parts of China only: by its own choice they came out 50 to 210 m off."""
    albers = AlbersEqualAreaConversion(30, 50, 40, 80)
    crs = ProjectedCRS(albers, geodetic_crs=CRS.from_epsg(4214))
    places = gpd.GeoDataFrame(geometry=[Point(35, 50), Point(70, 40), Point(105, 45)], crs=LONLAT)
    back = layers.to_lonlat(layers.to_equal_area(places, crs))
    # 1e-6 of a degree is 0.1 m
    assert (shapely.get_coordinates(back.geometry) - shapely.get_coordinates(places.geometry)) == (
        pytest.approx(0, abs=1e-6)
    )


def test_a_wide_box_in_degrees_is_as_wide_as_it_says():
    world = gpd.GeoDataFrame(geometry=[shapely.box(-180, -60, 180, 80)], crs=LONLAT)
    assert layers.to_lonlat(world).geometry[0].equals(world.geometry[0])


def test_neighbours_keep_the_vertices_they_share():
    corner = (70.123456789, 40.987654321)
    west = shapely.Polygon([(70, 40), corner, (70, 41), (69.5, 40.5), (69.6, 40.2), (69.8, 40.1)])
    east = shapely.Polygon([(70, 40), (71, 40), (71, 41), (70, 41), corner, (70, 40)])
    table = gpd.GeoDataFrame(geometry=[west, east], crs=LONLAT)
    one, two = layers.to_lonlat(table, decimals=6).geometry
    assert one.touches(two)
    assert one.intersection(two).length == pytest.approx(west.intersection(east).length, abs=1e-5)


def test_a_shape_that_rounding_would_spoil_is_mended():
    """A spike narrower than a step folds onto itself; the rest of the shape stays."""
    spike = [(70.5, 41), (70.5000001, 42), (70.5000002, 41)]
    thin = shapely.Polygon([(70, 40), (71, 40), (71, 41), *reversed(spike), (70, 41)])
    assert thin.is_valid
    [flat] = layers.to_lonlat(gpd.GeoDataFrame(geometry=[thin], crs=LONLAT), decimals=6).geometry
    assert flat.is_valid
    assert flat.equals(shapely.box(70, 40, 71, 41))


def test_a_sliver_that_rounding_makes_a_point_goes_and_its_neighbours_stay():
    """Weights of a raster cut along borders leave parts and holes of a hand's breadth."""
    speck = [(62.0, 46.0), (62.0 + 1e-9, 46.0), (62.0, 46.0 + 1e-9)]
    square = shapely.box(60, 45, 61, 46)
    hole = shapely.Polygon(square.exterior, [[(x - 1.5, y - 0.5) for x, y in speck]])
    parts = shapely.MultiPolygon([square, shapely.Polygon(speck)])
    table = gpd.GeoDataFrame(geometry=[hole, parts], crs="EPSG:4326")
    rounded = layers.to_lonlat(table, decimals=6).geometry
    assert rounded.is_valid.all()
    assert all(shape.equals(square) for shape in rounded)


def teeth(count: int, lean: float) -> shapely.Polygon:
    """A comb of so many edges: upright teeth lie beside one another, leaning ones in one another's boxes."""
    at = 70.5 + np.arange(count) / count
    up = np.where(np.arange(count) % 2, 0.0, 0.4)
    edge = np.stack([at + lean * up, 40.5 + up], axis=1)
    return shapely.Polygon([(70.5, 40.4), *edge, (71.95, 40.4)])


def test_outlines_that_take_the_square_of_their_size_are_told_by_their_boxes():
    """GEOS compares each run of edges with all whose boxes meet its own: a count, and no clock, decides."""
    assert kml.is_tangled(teeth(20_000, 1.0))
    assert not kml.is_tangled(teeth(20_000, 0.0))  # as many edges, each beside two others
    turn = np.linspace(0, 2 * np.pi, 100_000, endpoint=False)
    assert not kml.is_tangled(shapely.Polygon(np.stack([np.cos(turn), np.sin(turn)], axis=1)))
    walk = np.random.default_rng(1).normal(0, 1, (30_000, 2)).cumsum(axis=0)
    rest = np.random.default_rng(1).normal(0, 1, (30_000, 2))
    assert kml.is_tangled(shapely.Polygon(rest))  # an animal that stays where it is
    assert not kml.is_tangled(shapely.Polygon(walk * 30))  # and one that goes


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (teeth(20_000, 1.0), "edges lie to and fro over one another: to check it would take"),
        (
            shapely.Polygon(
                [
                    (
                        71 + np.cos(2.0 * np.pi * 400 * n / 801),
                        41 + np.sin(2.0 * np.pi * 400 * n / 801),
                    )
                    for n in range(801)
                ]
            ),
            "crosses itself too often to be mended",
        ),
    ],
)
def test_a_shape_that_would_cost_minutes_is_refused_with_the_reason(tmp_path, shape, message):
    columns = {"pa_id": ["P1"], "name": ["n"], "iso2": ["KZ"]}
    path = tmp_path / "areas.parquet"
    gpd.GeoDataFrame(columns, geometry=[shape], crs=LONLAT).to_parquet(path)
    with pytest.raises(InputError, match=message):
        layers.read_protected_areas(path)


def test_many_islands_are_joined_as_few_are():
    """Those that meet are united, all others only stand beside one another: the same shape either way."""
    at = np.arange(2_500)
    islands = shapely.box(at * 2.0, 0, at * 2.0 + 1 + (at % 5 == 0), 1)
    assert len(islands) > _pieces.MANY_PARTS
    assert joined(islands).equals_exact(shapely.normalize(shapely.union_all(islands)))
    assert joined(islands[::-1]).equals_exact(joined(islands))


@pytest.mark.parametrize(("south", "vertices"), [(39, 201), (40, 2)])
def test_a_range_of_an_old_map_is_moved_whole_and_not_torn(south: int, vertices: int) -> None:
    """Beijing 1954: PROJ knows a shift for the Tarim (to 88° E) and none beside it, and takes each for its part."""
    shape = shapely.segmentize(box(87, south, 89, south + 1), 2 / (vertices - 1))
    old_map = gpd.GeoDataFrame(geometry=[shape], crs="EPSG:4214")
    x, y = shapely.get_coordinates(layers.to_lonlat(layers.to_equal_area(old_map)).geometry).T
    edge = np.abs(y - 40) < 0.005
    order = np.argsort(x[edge])
    # all along the edge it is that of the Tarim (EPSG:15936): some 25 m to the west, 38 m to the north
    assert x[edge].min() == pytest.approx(87 - 0.00028, abs=2e-5)
    assert y[edge] == pytest.approx(40.00034, abs=2e-5)
    assert np.abs(np.diff(y[edge][order])).max() < 1e-5


def test_a_datum_whose_shifts_want_heights_is_taken_as_it_stands() -> None:
    """PZ-90.02 (GLONASS): the one shift in the register cannot be carried out on longitude and latitude."""
    table = gpd.GeoDataFrame(geometry=[box(87, 39, 89, 40)], crs="EPSG:9474")
    bounds = layers.to_lonlat(layers.to_equal_area(table)).total_bounds
    assert bounds == pytest.approx([87, 39, 89, 40], abs=1e-3)
