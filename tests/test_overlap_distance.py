"""Distances against geodesics, and what is cut by borders."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import CRS, Transformer
from scipy.spatial import cKDTree

from cami_units.grid import planning_units
from cami_units.model import EQUAL_AREA, InputError
from cami_units.overlap import (
    _distance,
    borders_within,
    crossings,
    direction,
    distance_km,
    length_km,
    line_points,
    near,
    nearest_ground,
    pairs_apart,
    split,
)

GEOD = CRS(EQUAL_AREA).get_geod()
LONLAT = Transformer.from_crs(EQUAL_AREA, 4326, always_xy=True)
PLANE = Transformer.from_crs(4326, EQUAL_AREA, always_xy=True)
EARTH = Transformer.from_crs(EQUAL_AREA, 4978, always_xy=True)


def frame(geometries, crs=EQUAL_AREA, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(geometries), crs=crs)


def box_km(*sides):
    return shapely.box(*(1000 * side for side in sides))


def line_km(*points):
    return shapely.LineString(np.array(points) * 1000)


def wiggly_borders():
    """Two borders end to end, 60° long between 33° and 47°N, with a bend every few km."""
    random = np.random.default_rng(3)
    lon = np.linspace(50, 110, 3000)
    lat = 40 + 6 * np.sin(lon / 7) + np.cumsum(random.normal(0, 0.02, 3000))
    xy = np.column_stack(PLANE.transform(lon, lat))
    return frame(
        [shapely.LineString(xy[:1500]), shapely.LineString(xy[1499:])], pair=["A;B", "B;C"]
    )


def nearest_km(x, y, lines):
    """Geodesic distance to the nearest of points every 100 m: through the Earth, then along it."""
    dense = shapely.get_coordinates(shapely.segmentize(lines.geometry.to_numpy(), 100))
    earth = np.column_stack(EARTH.transform(*dense.T, np.zeros(len(dense))))
    here = np.column_stack(EARTH.transform(x, y, np.zeros(len(x))))
    _, which = cKDTree(earth).query(here)
    there = LONLAT.transform(*dense[which].T)
    return GEOD.inv(*LONLAT.transform(x, y), *there)[2] / 1000


# -- distances ------------------------------------------------------------------------------------


def test_border_distances_are_geodesic():
    borders = wiggly_borders()
    points = shapely.points(
        np.random.default_rng(1).uniform((-2.5e6, -8e5), (2.5e6, 1e6), (4000, 2))
    )
    found = distance_km(gpd.GeoSeries(points, crs=EQUAL_AREA), borders, within_km=60)
    expected = nearest_km(shapely.get_x(points), shapely.get_y(points), borders)
    close = np.isfinite(found)
    assert close.sum() > 200
    assert (expected[~close] > 59.9).all()
    # 0.3 km is what DESIGN allows; the planar distance is off by more
    assert found[close].to_numpy() == pytest.approx(expected[close], abs=0.1)
    planar = shapely.distance(points, borders.union_all())[close] / 1000
    assert np.abs(planar - expected[close]).max() > 0.5


def test_a_site_is_as_far_as_its_nearest_corner():
    border = frame([line_km((100, -50), (100, 50))], pair=["A;B"])
    sites = frame(
        [box_km(0, -10, 60, 10), box_km(90, 0, 130, 10), box_km(0, 0, 10, 10)],
        unit_id=["near", "on it", "far"],
    )
    found = borders_within(sites, border)
    # 40 km of the projection along the parallel of 40°N, where it is about 1.5 % off
    expected = GEOD.line_length(*LONLAT.transform([60_000, 100_000], [0, 0])) / 1000
    assert found.unit_id.tolist() == ["near", "on it"]
    assert found.pair.tolist() == ["A;B"] * 2
    assert found.km.tolist() == [pytest.approx(expected, rel=1e-3), 0.0]
    assert distance_km(sites, border, within_km=50).tolist() == [*found.km, np.inf]


def test_distance_between_points_is_the_geodesic_itself():
    one, other = gpd.GeoSeries.from_xy([-2e6], [1e6]), gpd.GeoSeries.from_xy([-2.03e6], [1.02e6])
    found = distance_km(one.set_crs(EQUAL_AREA), other.set_crs(EQUAL_AREA))
    expected = GEOD.line_length(*LONLAT.transform([-2e6, -2.03e6], [1e6, 1.02e6])) / 1000
    assert found.iloc[0] == pytest.approx(expected, rel=1e-9)


def test_within_a_large_polygon_or_around_a_small_one_is_no_distance():
    disc = shapely.Point(0, 0).buffer(2e5, quad_segs=200)  # 800 vertices: measured by its outline
    sites = frame([box_km(-1, -1, 1, 1), disc.buffer(1e4)], unit_id=["inside", "around"])
    assert distance_km(sites, frame([disc])).tolist() == [0, 0]


def test_the_order_of_borders_is_by_key():
    borders = frame([line_km((5, -5), (5, 5)), line_km((8, -5), (8, 5))], pair=["Z;Z", "A;A"])
    site = frame([box_km(0, 0, 1, 1)], unit_id=["u"])
    assert borders_within(site, borders).pair.tolist() == ["A;A", "Z;Z"]


@pytest.mark.parametrize(("east_km", "side"), [(50, "E"), (-50, "W")])
def test_over_the_date_line_east_is_east(east_km, side):
    bering = CRS.from_proj4("+proj=laea +lat_0=65 +lon_0=180 +datum=WGS84 +units=m")
    here, there = box_km(-1, -1, 1, 1), box_km(east_km - 1, -1, east_km + 1, 1)
    site = shapely.transform(here, lambda xy: xy - [np.sign(east_km) * 10_000, 0])
    assert direction(site, there, bering) == side


def test_nothing_is_near_nothing():
    site, none = frame([box_km(0, 0, 1, 1)], unit_id=["u"]), wiggly_borders().iloc[:0]
    assert borders_within(site, none).empty
    assert distance_km(site, none).tolist() == [np.inf]
    assert list(near(site, none, by=["pair"], within_km=9, site="unit_id")) == ["unit_id", "pair"]


def test_what_distances_refuse():
    site, borders = frame([box_km(0, 0, 1, 1)] * 2, unit_id=["u", "u"]), wiggly_borders()
    with pytest.raises(InputError, match="unit_id must be unique"):
        borders_within(site, borders)
    with pytest.raises(InputError, match="unit_id must be unique"):
        near(site, borders, by=["pair"], within_km=50, site="unit_id")
    with pytest.raises(InputError, match="0 km or more is expected, got -1"):
        borders_within(site.iloc[:1], borders, within_km=-1)
    for km, said in ((-1, "0 km or more is expected, got -1"), (float("nan"), "a number, got nan")):
        with pytest.raises(InputError, match=said):
            near(site.iloc[:1], borders, by="pair", within_km=km, site="unit_id")
    with pytest.raises(InputError, match=r"(?s)borders is in EPSG:4326 and sites in"):
        borders_within(site.iloc[:1], borders.to_crs(4326))


@pytest.mark.parametrize("shape", ["square", "hexagon", "points"])
def test_near_is_within_that_many_kilometres(shape):
    random = np.random.default_rng(5)
    parts = frame(
        [shapely.Point(x, y).buffer(r, quad_segs=q) for x, y, r, q in zip(
            random.uniform(-4e5, 4e5, 12), random.uniform(-4e5, 4e5, 12),
            random.uniform(1e4, 2e5, 12), random.integers(1, 60, 12), strict=True)],
        sci_name=[f"Species {n % 5}" for n in range(12)],
    )  # fmt: skip
    sites = planning_units(box_km(-700, -700, 700, 700), shape=shape.replace("points", "square"))
    if shape == "points":
        sites = sites.set_geometry(sites.centroid)
    found = near(sites, parts, by=["sci_name"], within_km=50)
    expected = borders_within(
        sites.set_geometry(sites.buffer(0.01)), parts, within_km=50, site="pu_id", by=["sci_name"]
    )
    pd.testing.assert_frame_equal(found, expected.drop(columns="km"))
    assert not found.duplicated().any()
    # Asked about some pairs only, it says the same of these, and nothing of others.
    among = pd.concat([found.iloc[::3], sites[["pu_id"]].iloc[::5].assign(sci_name="Species 2")])
    asked = near(sites, parts, by=["sci_name"], within_km=50, among=among)
    pairs = set(among.itertuples(index=False, name=None))
    is_among = [pair in pairs for pair in found.itertuples(index=False, name=None)]
    pd.testing.assert_frame_equal(asked, found[is_among].reset_index(drop=True))


@pytest.mark.parametrize(
    ("crs", "north", "within_km", "far_km"),
    [(EQUAL_AREA, 56, 500, 500.5), ("EPSG:6933", 52, 500, 510.0), ("EPSG:6933", 70, 100, 100.2)],
)
def test_what_lies_far_around_a_small_site_is_measured_as_the_projection_has_it_there(
    crs, north, within_km, far_km
):
    # To the pole a projection changes distances by more than where the site lies: of two points due
    # north of it, by the geodesic, one is near and one is not.
    other_way = Transformer.from_crs(4326, crs, always_xy=True)
    place = other_way.transform(80, north)
    km = [2 * within_km - far_km, far_km]
    lon, lat, _ = GEOD.fwd([80, 80], [north, north], [0, 0], 1000 * np.array(km))
    site = gpd.GeoDataFrame({"pu_id": ["a"]}, geometry=[shapely.Point(place).buffer(1)], crs=crs)
    points = gpd.GeoDataFrame(
        {"name": ["in", "out"]}, geometry=shapely.points(*other_way.transform(lon, lat)), crs=crs
    )
    assert near(site, points, by="name", within_km=within_km)["name"].tolist() == ["in"]
    found = borders_within(site, points, within_km=within_km, site="pu_id", by=["name"])
    assert found["name"].tolist() == ["in"]


def test_pairs_apart_by_hand():
    # a and b are 20 km apart across a border, c overlaps b in the same state, d is 30 km from c
    areas = frame(
        [box_km(0, 0, 10, 10), box_km(30, 0, 40, 10), box_km(35, 0, 45, 10), box_km(75, 0, 80, 10)],
        pa_id=["a", "b", "c", "d"],
        iso2=["UZ", "KZ", "KZ", "UZ"],
    )
    found = pairs_apart(areas, key="pa_id", group="iso2", within_km=25)
    assert found.drop(columns="km").to_dict("list") == {
        "key_a": ["b"],
        "key_b": ["a"],
        "pair": ["KZ;UZ"],
    }
    assert found.km.iloc[0] == pytest.approx(20, rel=0.03)
    further = pairs_apart(areas.iloc[::-1], key="pa_id", group="iso2", within_km=35)
    assert list(zip(further.key_a, further.key_b, strict=True)) == [
        ("b", "a"),
        ("c", "a"),
        ("c", "d"),
    ]


def test_areas_that_overlap_across_a_border_are_no_distance_apart():
    areas = frame(
        [box_km(0, 0, 9, 9), shapely.Point(1e3, 1e3)], pa_id=["a", "b"], iso2=["CN", "MN"]
    )
    assert pairs_apart(areas, key="pa_id", group="iso2", within_km=25).km.tolist() == [0]


def islands_km(count, west, south, *, step=2.0, size=0.7):
    """Islands in rows, as one shape."""
    x, y = np.divmod(np.arange(count), round(np.sqrt(count)))
    corners = [edge * 1000 for edge in (west + step * x, south + step * y)]
    return shapely.multipolygons(
        shapely.box(*corners, corners[0] + 1000 * size, corners[1] + 1000 * size)
    )


def test_thousands_of_islands_are_as_far_off_as_when_each_is_measured(monkeypatch):
    # The nearest of whole shapes is looked for among few; of all pairs it is the same to the bit.
    borders = wiggly_borders()
    x, y = shapely.get_coordinates(borders.geometry.iloc[0])[-1] / 1000
    sites = frame(
        [islands_km(100, x + shift, y + 60) for shift in (-30, 0, 30)],
        unit_id=["a", "b", "c"],
    )
    areas = sites.rename(columns={"unit_id": "pa_id"}).assign(iso2=["KZ", "UZ", "KZ"])

    def measured(most_pairs):
        monkeypatch.setattr("cami_units.overlap._distance._MOST_PAIRS", most_pairs)
        apart = pairs_apart(areas, key="pa_id", group="iso2", within_km=40)
        return borders_within(sites, borders, within_km=80), apart

    for few, every in zip(measured(1_000), measured(10**9), strict=True):
        pd.testing.assert_frame_equal(few, every, check_exact=True)
        assert len(few) > 1
    assert (few["km"] > 0).all()


def test_thousands_of_islands_are_cut_one_by_one_and_come_back_as_one_piece():
    # 51 columns of islands, two km apart, and a border through the middle of the 26th
    islands = islands_km(51 * 51, 0, 0)
    border = 25 * 2 + 0.35
    states = frame([box_km(-1, -1, border, 200), box_km(border, -1, 200, 200)], iso2=["A", "B"])
    plain = frame([box_km(0, 0, 1, 1)], unit_id=["u2"])
    sites = pd.concat([frame([islands], unit_id=["u1"]), plain], ignore_index=True)
    pieces = split(sites, states, keep=("unit_id", "iso2"))
    assert list(zip(pieces["unit_id"], pieces["iso2"], strict=True)) == [
        ("u1", "A"),
        ("u1", "B"),
        ("u2", "A"),
    ]
    whole, half = 0.7**2, 0.7**2 / 2
    assert pieces.area.to_numpy() / 1e6 == pytest.approx(
        [51 * (25 * whole + half), 51 * (25 * whole + half), 1]
    )
    assert shapely.get_num_geometries(pieces.geometry.to_numpy()).tolist() == [51 * 26, 51 * 26, 1]
    assert shapely.is_valid(pieces.geometry.to_numpy()).all()


def test_pairs_want_a_key():
    areas = frame([box_km(0, 0, 9, 9)] * 2, pa_id=["a", "a"], iso2=["CN", "MN"])
    with pytest.raises(InputError, match="pa_id must be unique; repeated: a"):
        pairs_apart(areas, key="pa_id", group="iso2", within_km=25)


# -- split ----------------------------------------------------------------------------------------


def test_toy_ranges_split_by_country(toy_features, toy_countries):
    found = split(toy_features, toy_countries, keep=("sci_name", "iso2"))
    # deer in AA; fox in AA and BB; goat in BB and CC (conftest)
    assert list(zip(found.sci_name, found.iso2, found.area / 1e6, strict=True)) == [
        ("deer", "AA", 1_600),
        ("fox", "AA", 20_000),
        ("fox", "BB", 20_000),
        ("goat", "BB", 5_000),
        ("goat", "CC", 5_000),
    ]
    assert found.crs == toy_features.crs


def test_touching_gives_no_piece_and_lower_dimensions_are_dropped():
    # the C touches the box with a point and an edge, and shares an area with it
    shape = shapely.union_all([box_km(0, 0, 4, 1), box_km(0, 1, 1, 5), box_km(0, 5, 4, 6)])
    knife = shapely.Polygon(np.array([(1, 3), (3, 1), (5, 1), (5, 5.5), (3, 5.5)]) * 1000)
    touching = box_km(4, 0, 5, 0.5)
    found = split(
        frame([shape], a=["c"]), frame([knife, touching], b=["cut", "touch"]), keep=("a", "b")
    )
    assert found.b.tolist() == ["cut"]
    assert found.geom_type.tolist() == ["Polygon"]
    assert found.area.iloc[0] == pytest.approx(shapely.intersection(shape, knife).area)


def test_lines_and_points_are_split_too():
    knives = frame([box_km(0, 0, 10, 10), box_km(10, 0, 20, 10)], iso2=["A", "B"])
    lines = frame([line_km((-5, 5), (15, 5)), line_km((0, 20), (9, 20))], barrier_id=["f", "g"])
    found = split(lines, knives, keep=("barrier_id", "iso2"))
    assert found.iso2.tolist() == ["A", "B"]
    assert found.length.tolist() == [10_000, 5_000]
    points = frame([shapely.MultiPoint([(1, 1), (2e4, 2e4)])], barrier_id=["p"])
    assert split(points, knives, keep=("iso2",)).geometry.iloc[0].equals(shapely.Point(1, 1))


def test_pieces_add_up_and_may_be_many():
    comb = shapely.union_all(
        [box_km(0, 0, 100, 1), *[box_km(x, 1, x + 1, 9) for x in range(0, 100, 2)]]
    )
    found = split(
        frame([comb], a=[1]),
        frame([box_km(0, 0, 100, 1), box_km(0, 1, 100, 9)], b=[1, 2]),
        keep=("b",),
    )
    assert found.geom_type.tolist() == ["Polygon", "MultiPolygon"]
    assert found.area.sum() == pytest.approx(comb.area, rel=1e-12)


def test_an_empty_split_keeps_its_columns():
    far = frame([box_km(500, 0, 501, 1)], iso2=["A"])
    found = split(frame([box_km(0, 0, 1, 1)], a=["x"]), far, keep=("a", "iso2"))
    assert list(found.columns) == ["a", "iso2", "geometry"]
    assert found.empty
    assert split(far.iloc[:0].rename(columns={"iso2": "a"}), far, keep=("a", "iso2")).empty


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        (("a", "x"), "no table has a column x"),
        (("a", "geometry"), "both tables have a column geometry"),
    ],
)
def test_split_wants_each_column_once(keep, message):
    one = frame([box_km(0, 0, 1, 1)], a=["x"])
    with pytest.raises(InputError, match=message):
        split(one, one.rename(columns={"a": "b"}), keep=keep)


def test_split_refuses_lines_as_knives_and_invalid_shapes():
    area, line = frame([box_km(0, 0, 1, 1)], a=["x"]), frame([line_km((0, 0), (1, 1))], b=["y"])
    with pytest.raises(InputError, match="cutting layer must be polygons"):
        split(area, line, keep=("a", "b"))
    tie = frame([shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])], b=["y"])
    with pytest.raises(InputError, match="1 of 1 rows of the cutting layer are not valid"):
        split(area, tie, keep=("a", "b"))


def test_one_column_may_be_named_as_it_is():
    one, two = frame([box_km(0, 0, 1, 1)], unit_id=["u"]), frame([box_km(0, 0, 1, 2)], iso2=["AA"])
    assert near(one, two, by="iso2", within_km=9, site="unit_id")["iso2"].tolist() == ["AA"]
    assert split(one, two, keep="iso2")["iso2"].tolist() == ["AA"]


# -- crossings ------------------------------------------------------------------------------------


def test_a_line_crosses_two_borders():
    borders = frame([line_km((0, -9), (0, 9)), line_km((50, -9), (50, 9))], pair=["A;B", "B;C"])
    way = frame([line_km((-10, 1), (90, 1))], corridor_id=["w"])
    found = crossings(way, borders)
    assert list(found.columns) == ["corridor_id", "pair", "geometry"]
    assert found.pair.tolist() == ["A;B", "B;C"]
    assert shapely.get_coordinates(found.geometry.to_numpy()).tolist() == [
        [0, 1_000],
        [50_000, 1_000],
    ]


@pytest.mark.parametrize(("wiggle_km", "count"), [(5, 2), (1, 4), (100, 1)])
def test_wiggles_are_one_crossing(wiggle_km, count):
    # the way goes east along y = 0; the border comes back at x = 2, 4 and far off at 60
    border = frame(
        [line_km((0, 9), (0, -1), (2, -1), (2, 1), (4, 1), (4, -9), (60, -9), (60, 9))],
        pair=["A;B"],
    )
    way = frame([line_km((-10, 0), (90, 0))], corridor_id=["w"])
    found = crossings(way, border, wiggle_km=wiggle_km)
    assert len(found) == count
    if count == 2:
        # the middle cut of the first three, and the one far off
        assert found.geometry.x.tolist() == [2_000, 60_000]


def test_running_along_a_border_is_one_crossing_in_its_middle():
    border = frame([line_km((0, 0), (40, 0))], pair=["A;B"])
    way = frame([line_km((0, 10), (10, 0), (30, 0), (40, -10))], corridor_id=["w"])
    found = crossings(way, border)
    assert found.geometry.iloc[0].equals(shapely.Point(20_000, 0))


def test_two_rows_of_one_border_are_one_border():
    border = frame([line_km((0, -9), (0, 9)), line_km((1, -9), (1, 9))], pair=["A;B", "A;B"])
    assert len(crossings(frame([line_km((-10, 0), (10, 0))], corridor_id=["w"]), border)) == 1


def test_row_order_does_not_change_the_crossings():
    borders = wiggly_borders()
    ways = frame(
        [
            shapely.LineString([(x, -1e6), (x + 2e5, 1.2e6)])
            for x in range(-2_000_000, 2_000_000, 400_000)
        ],
        corridor_id=[f"w{n}" for n in range(10)],
    )
    found = crossings(ways, borders)
    again = crossings(ways.iloc[::-1], borders.iloc[::-1])
    assert len(found) > 5
    assert found.equals(again)
    assert shapely.distance(found.geometry.to_numpy(), borders.union_all()).max() < 1e-3


def test_no_crossing_gives_an_empty_table():
    found = crossings(
        frame([line_km((0, 0), (1, 1))], corridor_id=["w"]), wiggly_borders().iloc[:0]
    )
    assert list(found.columns) == ["corridor_id", "pair", "geometry"]
    assert found.empty


def test_length_of_no_line_is_zero():
    assert length_km(frame([shapely.LineString()])).tolist() == [0]


def test_points_along_lines_stand_where_geos_puts_them():
    """Witness: GEOS, which walks from the start of a line for each point; stray vertices among them."""
    random = np.random.default_rng(7)
    lines = [
        shapely.LineString(np.cumsum(random.normal(0, 900, (n, 2)), axis=0)) for n in (2, 5, 300)
    ]
    lines.append(shapely.LineString([(0, 0), (0, 0), (2_400, 0), (2_400, 0)]))
    table = gpd.GeoDataFrame(geometry=lines, crs=EQUAL_AREA)
    xy, line, metres = line_points(table, every_km=1)
    for number, shape in enumerate(lines):
        own = xy[line == number]
        at = (np.arange(len(own)) + 0.5) * shape.length / len(own)
        expected = shapely.get_coordinates(shapely.line_interpolate_point(shape, at))
        np.testing.assert_allclose(own, expected, atol=1e-6)
    assert line.tolist() == sorted(line.tolist())
    assert metres.sum() / 1000 == pytest.approx(length_km(table).sum())


def test_missing_ground_by_hand():
    # a square of 10 km, ground from 20 km east of it on: a strip of 40 km² in 10 × 4 km, where the
    # ends of the circle add nothing, since the ground is as high as the square
    site, ground = box_km(0, 0, 10, 10), box_km(30, 0, 90, 10)
    found = nearest_ground(site, gpd.GeoSeries([ground], crs=EQUAL_AREA), [40])
    assert found.area / 1e6 == pytest.approx(40, abs=1e-3)
    assert np.divide(found.bounds, 1000) == pytest.approx([30, 0, 34, 10], abs=1e-3)
    assert nearest_ground(site, gpd.GeoSeries([ground], crs=EQUAL_AREA), [601]) is None


def test_ground_around_thousands_of_islands_is_found_from_squares(monkeypatch):
    # 49 islands, so that GEOS can still be asked for the circles around each of them
    site = islands_km(49, 0, 0)  # of 0.7 km, 2 km apart: 12.7 km across
    grounds = gpd.GeoSeries([box_km(60, -50, 200, 50), box_km(-300, 400, 300, 500)], crs=EQUAL_AREA)
    every = nearest_ground(site, grounds, [500, 500])
    monkeypatch.setattr("cami_units.overlap._distance._FEW_PARTS", 49)
    in_one_go = nearest_ground(site, grounds, [500, 500])
    assert shapely.hausdorff_distance(every, in_one_go) < 1
    monkeypatch.setattr("cami_units.overlap._distance._MOST_PARTS", 10)
    asked = []
    ground_within = _distance._ground_within
    counted = lambda *of: asked.append(of[2]) or ground_within(*of)  # noqa: E731
    monkeypatch.setattr("cami_units.overlap._distance._ground_within", counted)
    few = nearest_ground(site, grounds, [500, 500])
    # the nearer ground: the reach, 12 halvings, the answer; the other one lies beyond the reach
    assert len(asked) == 14
    # squares of 1 km at the end: their diagonal, and what a plainer outline of them adds
    assert shapely.hausdorff_distance(every, few) < 3000
    assert every.area / 1e6 == pytest.approx(500, abs=0.01)  # 2 cm of a front of 100 km
    assert 500 <= few.area / 1e6 <= 500 + 7.4  # 73 m of it: squares are off by more
    for found in (every, few):
        assert shapely.bounds(found)[0] == 60_000
    # 300 km and no further, however coarse the squares are
    far = gpd.GeoSeries([box_km(313, -50, 400, 50)], crs=EQUAL_AREA)
    assert nearest_ground(site, far, [1]) is None


def test_ground_amid_islands_is_outside_of_them(monkeypatch):
    monkeypatch.setattr("cami_units.overlap._distance._MOST_PARTS", 10)
    site = islands_km(400, 0, 0, step=5)
    found = nearest_ground(site, gpd.GeoSeries([box_km(-20, -20, 120, 120)], crs=EQUAL_AREA), [50])
    assert found.area / 1e6 >= 50
    assert found.intersection(site).area == pytest.approx(0, abs=1)


def test_crossings_refuse_what_is_no_line_and_names_that_are_taken():
    way = frame([line_km((-9, 0), (9, 0))], corridor_id=["w"])
    borders = frame([line_km((0, -9), (0, 9))], pair=["A;B"])
    with pytest.raises(InputError, match="lines must be lines, got polygons"):
        crossings(frame([box_km(0, 0, 1, 1)], corridor_id=["w"]), borders)
    with pytest.raises(InputError, match="cannot be called part: rename it"):
        crossings(way.rename(columns={"corridor_id": "part"}), borders, line="part")
    with pytest.raises(InputError, match="both id columns are called pair"):
        crossings(way.rename(columns={"corridor_id": "pair"}), borders, line="pair")
