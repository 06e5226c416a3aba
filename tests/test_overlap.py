"""Areas, lengths and counts of a layer in sites: by hand, by GEOS, by exactextract, by argument."""

import gc
import os
import subprocess
import sys

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyproj import CRS, Geod, Transformer
from shapely.affinity import scale, translate

from cami_units.grid import planning_units
from cami_units.model import EQUAL_AREA, InputError
from cami_units.overlap import (
    _lattice,
    _measure,
    _pieces,
    _site_tables,
    area_km2,
    dissolved,
    joined_states,
    length_km,
    measurable_sites,
    overlaps,
    split,
    state_edges,
)
from cami_units.overlap._layer_pieces import area_pairs
from tests.conftest import km_box

SHAPES = ["square", "hexagon"]


@pytest.fixture(autouse=True, scope="module", params=["kernels", "NumPy"])
def walk(request):
    """Cells of small layers are walked in NumPy: all that is told here holds of either way."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "kernels":
            patch.setattr(_lattice, "_FEW_POLYGONS", 0)
        yield request.param


def frame(geometries, crs=EQUAL_AREA, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(geometries), crs=crs)


def box_km(*sides):
    return shapely.box(*(1000 * side for side in sides))


def layer(*geometries, names=None):
    names = names or [f"Species {n}" for n in range(len(geometries))]
    return frame(geometries, sci_name=names)


def grid(shape="square", cell_km=25, half_km=150):
    area = box_km(-half_km, -half_km, half_km, half_km)
    return planning_units(area, cell_km=cell_km, shape=shape)


def shares(sites, polygons, site="pu_id"):
    """Overlap as an array, sites down, polygons across, in km²."""
    wide = overlaps(sites, layer(*polygons), site=site).pivot(
        index=site, columns="sci_name", values="km2"
    )
    names = [f"Species {n}" for n in range(len(polygons))]
    return wide.reindex(index=sites[site], columns=names).fillna(0).to_numpy()


def by_geos(sites, polygons):
    shapes, polygons = np.asarray(sites.geometry.array), np.array(polygons, dtype=object)
    i, j = shapely.STRtree(polygons).query(shapes)
    km2 = np.zeros((len(shapes), len(polygons)))
    km2[i, j] = shapely.area(shapely.intersection(shapes[i], polygons[j])) / 1e6
    return km2


def star(seed, vertices, *, radius=1e5, centre=(0, 0), hole=0.0):
    """A valid polygon with a jagged coast, and perhaps a jagged hole."""
    random = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)

    def ring(size):
        reach = size * random.uniform(0.6, 1.0, vertices)
        return np.column_stack([np.cos(angle) * reach, np.sin(angle) * reach]) + centre

    return shapely.Polygon(ring(radius), [ring(radius * hole)] if hole else [])


# -- by hand --------------------------------------------------------------------------------------


def test_toy_ranges_in_toy_countries(toy_countries, toy_features):
    # fox: half in AA, half in BB; goat: half in BB, half in CC; deer: all of its 1,600 km² in AA
    found = overlaps(toy_countries, toy_features, site="iso2")
    assert found.to_dict("list") == {
        "iso2": ["AA", "AA", "BB", "BB", "CC"],
        "sci_name": ["deer", "fox", "fox", "goat", "goat"],
        "km2": [1_600.0, 20_000.0, 20_000.0, 5_000.0, 5_000.0],
    }


def test_one_cell_one_triangle():
    # the triangle (5, 5) (15, 5) (5, 15) km in cells of 10 km: it holds 25 km² of the cell at
    # (0, 0), its south-west corner square; of the 25 km² left, half is east and half is north
    sites = planning_units(box_km(0, 0, 20, 20), cell_km=10)
    triangle = shapely.Polygon([(5e3, 5e3), (15e3, 5e3), (5e3, 15e3)])
    assert shares(sites, [triangle])[:, 0].tolist() == [25.0, 12.5, 12.5, 0.0]


def test_six_triangles_make_a_hexagon():
    # a hexagon covers itself and nothing of its neighbours; its upper half is half of it
    sites = grid("hexagon", half_km=60)
    cell = sites.geometry.iloc[len(sites) // 2]
    west, south, east, north = cell.bounds
    upper = shapely.intersection(cell, shapely.box(west, (south + north) / 2, east, north))
    found = shares(sites, [cell, upper])
    assert found[len(sites) // 2] == pytest.approx([625, 312.5], rel=1e-9)
    assert found.sum(axis=0) == pytest.approx([625, 312.5], rel=1e-9)
    assert (found > 0).sum(axis=0).tolist() == [1, 1]


def test_rows_of_one_key_are_added_and_nothing_else_is_returned():
    sites = frame([box_km(0, 0, 10, 10), box_km(50, 0, 60, 10)], unit_id=["CU-002", "CU-001"])
    parts = layer(box_km(0, 0, 2, 2), box_km(4, 4, 6, 6), names=["b", "b"])
    found = overlaps(sites, parts)
    assert found.to_dict("list") == {"unit_id": ["CU-002"], "sci_name": ["b"], "km2": [8.0]}


def test_one_key_may_be_given_as_a_text():
    """`by="sci_name"` was taken letter by letter: "no column s, c, i, _, n and 3 more.."."""
    site, ranges = frame([box_km(0, 0, 2, 2)], unit_id=["a"]), layer(box_km(0, 0, 1, 1))
    assert overlaps(site, ranges, by="sci_name").equals(overlaps(site, ranges))
    with pytest.raises(InputError, match=r"Did you mean 'sci_name'\?$"):
        overlaps(site, ranges, by="sciname")
    with pytest.raises(InputError, match=r"layer must be a GeoDataFrame, got GeoSeries"):
        overlaps(site, ranges.geometry)


def test_the_order_is_that_of_the_sites_then_of_the_keys():
    sites = frame([box_km(0, 0, 10, 10)] * 2, unit_id=["z", "a"])
    parts = frame(
        [box_km(0, 0, 1, 1)] * 3, sci_name=["q", "p", "p"], confidence=["low", "low", "high"]
    )
    found = overlaps(sites, parts, by=("sci_name", "confidence"))
    assert found.unit_id.tolist() == ["z"] * 3 + ["a"] * 3
    assert found.confidence.tolist() == ["high", "low", "low"] * 2


def test_lines_are_measured_on_the_ground():
    # 1° of the meridian 80°E from 40° to 41°N, cut at 40.5°: witness pyproj.Geod
    door = Transformer.from_crs(4326, EQUAL_AREA, always_xy=True)
    xy = np.column_stack(door.transform(np.full(101, 80.0), np.linspace(40, 41, 101)))
    split_y = door.transform(80, 40.5)[1]
    sites = frame(
        [shapely.box(-1e5, -1e6, 1e5, split_y), shapely.box(-1e5, split_y, 1e5, 1e6)],
        unit_id=["south", "north"],
    )
    line = frame([shapely.LineString(xy)], pair=["KG;KZ"])
    found = overlaps(sites, line, by=("pair",))
    geod = Geod(ellps="WGS84")
    expected = [geod.line_length([80, 80], [40, 40.5]), geod.line_length([80, 80], [40.5, 41])]
    assert found.km.to_numpy() == pytest.approx(np.array(expected) / 1000, rel=1e-7)
    assert length_km(line).iloc[0] == pytest.approx(sum(expected) / 1000, rel=1e-7)


def test_lines_in_cells_add_up_to_the_line():
    random = np.random.default_rng(4)
    walk = shapely.LineString(np.cumsum(random.normal(0, 3e3, (3000, 2)), axis=0))
    sites = planning_units(shapely.box(*walk.bounds).buffer(1e4))
    found = overlaps(sites, frame([walk], pair=["A;B"]), site="pu_id", by=("pair",))
    assert found.km.sum() == pytest.approx(length_km(frame([walk])).iloc[0], rel=1e-9)


def test_points_are_counted():
    sites = frame([box_km(0, 0, 10, 10), box_km(20, 0, 30, 10)], unit_id=["a", "b"])
    points = frame(
        [shapely.MultiPoint([(1e3, 1e3), (2e3, 2e3)]), shapely.Point(25e3, 5e3)], kind=["x", "y"]
    )
    found = overlaps(sites, points, by=("kind",))
    assert found.to_dict("list") == {"unit_id": ["a", "b"], "kind": ["x", "y"], "n": [2, 1]}


# -- the kernel against exact intersections -------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cell_km", [10, 25, 100])
@pytest.mark.parametrize("hole", [0.0, 0.5])
def test_cells_agree_with_geos(shape, cell_km, hole):
    sites = grid(shape, cell_km)
    polygons = [
        star(1, 400, hole=hole),
        star(2, 3_000, radius=2.5e5, centre=(4e4, -6e4), hole=hole),  # reaches beyond the sites
        shapely.MultiPolygon(
            [star(3, 50, radius=3e3, centre=(x, 3e4), hole=hole) for x in np.arange(-1e5, 1e5, 7e3)]
        ),
        star(4, 30, centre=(9e5, 9e5)),  # nowhere near
        star(5, 30, centre=(9e5, 0)),  # east: in the rows of the sites, none of their columns
        star(6, 30, centre=(-9e5, 0)),
    ]
    error = np.abs(shares(sites, polygons) - by_geos(sites, polygons))
    assert error.max() <= 1e-10 * cell_km**2


@st.composite
def lattice_polygons(draw):
    """Polygons whose vertices and edges like to lie on the lines and corners of 10 km cells."""
    ticks = st.one_of(
        st.integers(-4, 4),
        st.integers(-8, 8).map(lambda n: n / 2),
        st.floats(-4, 4).map(lambda n: round(n, 6)),
    )  # no coordinate finer than a centimetre
    points = draw(st.lists(st.tuples(ticks, ticks), min_size=3, max_size=9))
    shape = shapely.make_valid(
        shapely.Polygon(np.array(points, float) * 1e4), method="structure", keep_collapsed=False
    )
    assume(shape.area > 1)
    return shape


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=50)
@given(polygon=lattice_polygons())
def test_vertices_on_lines_and_edges_along_them(shape, polygon):
    sites = grid(shape, cell_km=10, half_km=50)
    error = np.abs(shares(sites, [polygon]) - by_geos(sites, [polygon]))
    assert error.max() <= 1e-7  # 0.1 m² of 100 km²


@pytest.mark.slow
@settings(max_examples=50)
@given(polygon=lattice_polygons(), dx=st.integers(-3, 3), dy=st.integers(-3, 3))
def test_moving_by_whole_cells_moves_the_answer(polygon, dx, dy):
    sites = grid(cell_km=10, half_km=90)
    here = shares(sites, [polygon])[:, 0]
    there = shares(sites, [translate(polygon, dx * 1e4, dy * 1e4)])[:, 0]
    table = pd.Series(here, index=[sites.row + dy, sites.col + dx])
    moved = table.reindex(pd.MultiIndex.from_frame(sites[["row", "col"]])).fillna(0)
    assert there == pytest.approx(moved.to_numpy(), abs=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=50)
@given(seed=st.integers(0, 999), vertices=st.integers(3, 200), angle=st.floats(0, 3.14))
def test_cutting_a_polygon_in_two_changes_nothing(shape, seed, vertices, angle):
    sites = grid(shape)
    whole = star(seed, vertices)
    side = 1e6 * np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-side[1], side[0]])
    half = shapely.Polygon([side, -side, -side + across, side + across])
    pieces = [shapely.intersection(whole, half), shapely.difference(whole, half)]
    cut = frame(
        [p for p in pieces if p.area], sci_name=["Species 0"] * sum(p.area > 0 for p in pieces)
    )
    found = overlaps(sites, cut, site="pu_id").set_index("pu_id").km2
    expected = overlaps(sites, layer(whole), site="pu_id").set_index("pu_id").km2
    difference = found.subtract(expected, fill_value=0).abs()
    assert difference.max() <= 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@given(seed=st.integers(0, 9_999), vertices=st.integers(3, 500), hole=st.sampled_from([0, 0.3]))
def test_overlaps_of_a_range_add_up_to_the_range(shape, seed, vertices, hole):
    whole = star(seed, vertices, hole=hole)
    assume(whole.is_valid)
    assert overlaps(grid(shape), layer(whole), site="pu_id").km2.sum() == pytest.approx(
        whole.area / 1e6, rel=1e-11
    )


def test_slivers_and_rings_inside_one_cell():
    sites = grid()
    polygons = [
        box_km(-100, 3, 100, 3.001),  # 1 m high across nine cells: 25 km × 1 m each
        shapely.box(10_000, 10_000, 10_001, 10_001),  # 1 m²
        shapely.box(25_000, -60_000, 25_000.5, 60_000),  # half a metre along a line of the lattice
    ]
    found, expected = shares(sites, polygons), by_geos(sites, polygons)
    assert found == pytest.approx(expected, abs=1e-9)
    assert found.sum(axis=0) == pytest.approx([0.2, 1e-6, 0.06], abs=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 9_999),
    where=st.tuples(st.floats(-60, 60), st.floats(-60, 60)),
    size_m=st.floats(0.5, 12_000),
    thin=st.sampled_from([1.0, 1e-2, 1e-5]),
)
def test_small_rings_and_slivers_agree_with_geos(shape, seed, where, size_m, thin):
    # from a stone of half a metre within one cell to a sliver of 12 cm across several
    centre = tuple(1000 * side for side in where)
    stone = star(seed, 12, radius=size_m)
    stone = translate(scale(stone, 1.0, thin, origin=(0, 0)), *centre)
    assume(stone.is_valid and stone.area > 0)
    sites = grid(shape, cell_km=10, half_km=90)
    found, exact = shares(sites, [stone]), by_geos(sites, [stone])
    # 1e-11 of a cell (1 dm²) is where a share counts as nothing
    assert np.abs(found - exact).max() <= 100 * 1.1e-11


def test_touching_is_no_overlap():
    sites = grid()
    assert (shares(sites, [box_km(0, 0, 25, 25)]) > 0).sum() == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_a_ring_of_a_million_vertices(shape):
    whole = star(7, 1_000_000, radius=1.4e5)
    found = overlaps(grid(shape), layer(whole), site="pu_id").km2.sum()
    assert found == pytest.approx(whole.area / 1e6, rel=1e-11)


def test_rings_may_turn_either_way():
    sites, polygon = grid(), star(8, 100, hole=0.4)
    clockwise = shares(sites, [shapely.orient_polygons(polygon, exterior_cw=True)])
    assert clockwise == pytest.approx(
        shares(sites, [shapely.orient_polygons(polygon, exterior_cw=False)]), abs=1e-9
    )


def test_exactextract_is_a_second_witness():
    exactextract = pytest.importorskip("exactextract", reason="exactextract is a test extra")
    sites = grid(cell_km=10)
    west, south, east, north = sites.total_bounds
    rows, cols = sites.row.nunique(), sites.col.nunique()
    polygon = star(9, 5_000, hole=0.3)
    raster = exactextract.raster.NumPyRasterSource(
        np.zeros((rows, cols)), xmin=west, ymin=south, xmax=east, ymax=north
    )
    feature = exactextract.feature.JSONFeatureSource(
        [{"type": "Feature", "geometry": polygon.__geo_interface__, "properties": {}}]
    )
    result = exactextract.exact_extract(raster, feature, ["cell_id", "coverage"])[0]["properties"]
    image = np.zeros(rows * cols)
    image[np.asarray(result["cell_id"])] = np.asarray(result["coverage"])
    witness = image.reshape(rows, cols)[sites.row.max() - sites.row, sites.col - sites.col.min()]
    assert shares(sites, [polygon])[:, 0] / 100 == pytest.approx(witness, abs=1e-6)  # float32


# -- the two ways agree ---------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_lattice_and_exact_intersection_give_the_same_table(shape):
    sites = grid(shape)
    parts = layer(star(11, 6_000, hole=0.5), star(12, 40, centre=(5e4, 5e4)))
    quick = overlaps(sites, parts, site="pu_id")
    plain = overlaps(sites.drop(columns="row"), parts, site="pu_id")
    pd.testing.assert_frame_equal(quick, plain, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("harm", ["clip", "move", "swap", "hole", "vertex"])
def test_cells_that_are_not_what_their_row_says_are_measured_as_drawn(shape, harm):
    sites = grid(shape, half_km=60)
    cell = sites.geometry.iloc[3]
    corners = np.array(cell.exterior.coords)
    harmed = {
        "clip": cell.intersection(translate(cell, 9e3, 4e3)),
        "move": translate(cell, 100, 0),
        "swap": sites.geometry.iloc[4],
        "hole": shapely.Polygon(corners, [cell.centroid.buffer(2e3).exterior.coords]),
        "vertex": shapely.Polygon(np.vstack([corners[:1] + np.array([700, 300]), corners[1:-1]])),
    }[harm]
    sites.loc[sites.index[3], "geometry"] = harmed
    polygons = [star(13, 300, radius=2e5)]
    assert shares(sites, polygons) == pytest.approx(by_geos(sites, polygons), abs=1e-6)


def test_any_subset_of_the_cells_in_any_order_gives_the_same_numbers():
    sites, parts = grid(), layer(star(14, 500), star(15, 500))
    full = overlaps(sites, parts, site="pu_id").set_index(["pu_id", "sci_name"]).km2
    some = sites.sample(frac=0.5, random_state=2)
    found = overlaps(some, parts[::-1], site="pu_id")
    assert found.pu_id.drop_duplicates().isin(some.pu_id).all()
    assert np.array_equal(
        found.km2, full.loc[pd.MultiIndex.from_frame(found[["pu_id", "sci_name"]])]
    )


def test_sites_drawn_by_people_agree_with_geos():
    sites = frame(
        [
            star(n, 60, centre=(x, y))
            for n, (x, y) in enumerate(np.random.default_rng(1).normal(0, 2e5, (30, 2)))
        ],
        unit_id=[f"CU-{n:03d}" for n in range(30)],
    )
    polygons = [star(20, 4_000, radius=3e5, hole=0.4), star(21, 1_000, radius=2e5, centre=(1e5, 0))]
    error = np.abs(shares(sites, polygons, "unit_id") - by_geos(sites, polygons))
    assert error.max() <= 1e-9 * by_geos(sites, polygons).max()


@pytest.mark.parametrize("seed", range(3))
def test_sites_drawn_by_people_are_walked_over_as_geos_intersects_them(monkeypatch, seed):
    """Thousands of pairs are measured from their edges; GEOS, which builds each shape, is the witness."""
    random = np.random.default_rng(seed)

    def blob(corners, reach_km, turn):
        angle = np.sort(random.uniform(0, 2 * np.pi, corners))
        away = 1000 * reach_km * random.uniform(0.5, 1, corners)
        around = np.column_stack([np.cos(angle), np.sin(angle)]) * away[:, None]
        centre = random.uniform(-300_000, 300_000, 2)
        hole = [around[::-1] * 0.3 + centre] if turn > 0 else []
        return shapely.make_valid(shapely.Polygon((around + centre)[::turn], hole))

    drawn = [blob(random.integers(3, 60), 80, (-1, 1)[n % 2]) for n in range(30)]
    ranges = [blob(random.integers(3, 90), 250, (-1, 1)[n % 2]) for n in range(20)]
    # edges along edges, corners on corners, one inside the other, the same, a hole filled to its rim
    square = box_km(-100, -100, 100, 100)
    framed = square.difference(box_km(-50, -50, 50, 50))
    drawn += [square, framed, box_km(-50, -50, 50, 50), box_km(-20, -20, 20, 20)]
    ranges += [square, framed, box_km(-50, -50, 50, 50), box_km(100, -100, 200, 0)]
    ranges.append(shapely.MultiPolygon([box_km(-90, -90, -60, -60), box_km(60, 60, 90, 300)]))
    sites = frame(drawn, unit_id=[f"CU-{n:03d}" for n in range(len(drawn))])
    monkeypatch.setattr(_measure, "_FEW_VERTICES", 0)
    km2, expected = shares(sites, ranges, site="unit_id"), by_geos(sites, ranges)
    assert np.abs(km2 - expected).max() < 1e-13 * shapely.area(ranges).max()
    # what is inside is known to the last bit, what only touches is nothing
    assert (km2[expected == 0] == 0).all()
    assert km2[-1, -5] == 1600
    pairs = [(a, b) for a in drawn for b in ranges]
    first, second = (gpd.GeoSeries(side, crs=EQUAL_AREA) for side in zip(*pairs, strict=True))
    assert np.abs(_measure.shared_km2(first, second) - expected.ravel()).max() < 1e-8


def test_sites_with_many_vertices_are_cut_too():
    sites = frame([star(22, 5_000, radius=2e5)], unit_id=["CU-001"])
    polygons = [star(23, 5_000, radius=2e5, centre=(5e4, 5e4))]
    assert shares(sites, polygons, "unit_id") == pytest.approx(by_geos(sites, polygons), rel=1e-11)


def test_row_order_changes_not_one_bit():
    random = np.random.default_rng(6)
    sites = frame([star(n, 30, centre=(n * 2e4, 0)) for n in range(5)], unit_id=list("abcde"))
    slots = [(x * 3e4, y * 3e4) for x in range(-4, 8) for y in range(-3, 4)]
    parts = frame(
        [star(n, 40, radius=1.4e4, centre=slot) for n, slot in enumerate(slots)],
        sci_name=random.choice(["a", "b"], len(slots)),
    )
    for table in (sites, grid().rename(columns={"pu_id": "unit_id"})):
        expected = overlaps(table, parts)
        pd.testing.assert_frame_equal(
            overlaps(table, parts.sample(frac=1, random_state=3)), expected, check_exact=True
        )


def test_inputs_are_not_changed():
    sites, parts = grid(), layer(star(30, 50))
    before = sites.copy(), parts.copy()
    overlaps(sites, parts, site="pu_id")
    overlaps(sites.drop(columns="row"), parts, site="pu_id", dissolve=True)
    assert sites.equals(before[0])
    assert parts.equals(before[1])


# -- empty, dissolve, refusals --------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "measure"), [(None, "km2"), ("line", "km"), ("point", "n")])
def test_an_empty_layer_gives_an_empty_table(kind, measure):
    found = overlaps(grid(), layer().iloc[:0], site="pu_id", kind=kind)
    assert list(found.columns) == ["pu_id", "sci_name", measure]
    assert found.empty


def test_no_sites_give_an_empty_table():
    assert overlaps(grid().iloc[:0], layer(star(1, 9)), site="pu_id").empty


def test_overlapping_rows_are_united_on_request_only():
    # two boxes of 100 km² that share 25 km²: 200 added up, 175 united; more than the site of 100
    # km² that both cover is noticed
    sites = frame([box_km(0, 0, 30, 30)], unit_id=["CU-001"])
    parts = layer(box_km(0, 0, 10, 10), box_km(5, 5, 15, 15), names=["a", "a"])
    assert overlaps(sites, parts).km2.tolist() == [200.0]
    assert overlaps(sites, parts, dissolve=True).km2.tolist() == [175.0]


@pytest.mark.parametrize("drop", [[], ["row"]])
def test_more_than_the_whole_site_is_refused(drop):
    parts = layer(box_km(0, 0, 50, 50), box_km(0, 0, 50, 50), names=["a", "a"])
    with pytest.raises(InputError, match=r"overlap each other.*\(a\).*200.0 % of site R0400C0400"):
        overlaps(grid().drop(columns=drop), parts, site="pu_id")
    found = overlaps(grid(), parts, site="pu_id", dissolve=True)
    assert found.km2.tolist() == [625.0] * 4


BOW_TIE = shapely.Polygon([(0, 0), (9e4, 9e4), (9e4, 0), (0, 9e4)])


@pytest.mark.parametrize(
    ("sites", "parts", "options", "message"),
    [
        (frame([box_km(0, 0, 1, 1)] * 2, unit_id=["a", "a"]), layer(star(1, 9)), {}, "unit_id must be unique in sites; repeated: a"),
        (frame([box_km(0, 0, 1, 1)], unit_id=["a"], crs=4326), layer(star(1, 9)), {}, "sites must be in an equal-area CRS in metres, got EPSG:4326"),
        (frame([box_km(0, 0, 1, 1)], unit_id=["a"], crs=6933), layer(star(1, 9)), {}, "layer is in .*aea.* and sites in EPSG:6933"),
        (frame([box_km(0, 0, 1, 1)], unit_id=["a"], crs=None), layer(star(1, 9)), {}, "sites has no CRS"),
        (frame([box_km(0, 0, 1, 1)], unit_id=["a"]), layer(star(1, 9), None), {}, "1 of 2 rows of layer have no geometry: 1"),
        (frame([shapely.Polygon()], unit_id=["a"]), layer(star(1, 9)), {}, "1 of 1 rows of sites have no geometry"),
        (frame([box_km(0, 0, 1, 1)], unit_id=["a"]), layer(star(1, 9)), {"by": ("sciname",)}, "layer has no column sciname. Did you mean 'sci_name'"),
        (frame([box_km(0, 0, 1, 1)], unit_id=[None]), layer(star(1, 9)), {}, "1 rows of sites have no unit_id"),
        (frame([shapely.Point(0, 0)], unit_id=["a"]), layer(star(1, 9)), {}, "sites must be polygons; 1 of 1 rows are not"),
        (frame([box_km(0, 0, 1, 1)], unit_id=["a"]), layer(star(1, 9), shapely.Point(0, 0)), {}, "it holds points and polygons"),
        (frame([box_km(0, 0, 1, 1)], unit_id=["a"]), layer(shapely.GeometryCollection([star(1, 9)])), {}, "geometry collections"),
        (frame([box_km(0, 0, 1, 1)], unit_id=["a"]), layer(star(1, 9)), {"kind": "line"}, "expected a layer of lines, got polygons"),
        (frame([BOW_TIE], unit_id=["a"]), layer(star(1, 9)), {}, "1 of 1 rows of sites are not valid geometry: 0 .Self-intersection"),
        (frame([box_km(0, 0, 1, 1)], unit_id=["a"]), layer(BOW_TIE), {}, "1 of 1 rows of layer are not valid"),
        (frame([box_km(0, 0, 1, 1)], unit_id=["a"]), layer(shapely.Polygon([(0, 0), (1, np.inf), (1, 0)])), {}, "coordinates that are not numbers"),
        (pd.DataFrame({"unit_id": ["a"]}), layer(star(1, 9)), {}, "sites must be a GeoDataFrame, got DataFrame"),
        (gpd.GeoDataFrame({"unit_id": ["a"]}), layer(star(1, 9)), {}, "sites has no column of shapes"),
        (frame([box_km(0, 0, 1, 1)], unit_id=["a"], crs=3857), layer(star(1, 9)), {}, "equal-area CRS, and EPSG:3857 is none"),
        (frame([box_km(0, 0, 1, 1)], unit_id=["a"], crs=32643), layer(star(1, 9)), {}, "equal-area CRS, and EPSG:32643 is none"),
        (frame([box_km(0, 0, 1, 1)], unit_id=["a"]), frame([star(1, 9)], unit_id=["b"]), {"by": "unit_id"}, "unit_id cannot be in `by`"),
        (frame([box_km(0, 0, 1, 1)], unit_id=["a"]), frame([star(1, 9)], km2=[7]), {"by": "km2"}, "km2 cannot be in `by`"),
        (frame([box_km(0, 0, 1, 1)], unit_id=["a"]), layer(star(1, 9)), {"kind": "polygons"}, "kind must be polygon, line, point, got 'polygons'"),
        (frame([box_km(0, 0, 1, 1)], unit_id=["a"]), frame([star(1, 9)] * 3, sci_name=["A"] * 3, range_weight=[-0.1, 1, "half"]), {}, "2 rows of layer have a range_weight that is no number from 0 to 1: 0, 2"),
        (frame([box_km(0, 0, 1, 1)], unit_id=["a"]), pd.concat([layer(star(1, 9)), layer(star(1, 9))[["sci_name"]]], axis=1), {}, "layer has several columns sci_name"),
    ],
)  # fmt: skip
def test_what_is_refused(sites, parts, options, message):
    with pytest.raises(InputError, match=message):
        overlaps(sites, parts, **options)


def test_sites_of_a_category_and_in_another_column_are_sites_like_any():
    sites = frame([box_km(0, 0, 1, 1)] * 2, name=pd.Categorical(["b", "a"])).rename_geometry("g")
    plain = measurable_sites(sites, "name")
    assert plain["name"].tolist() == ["b", "a"]
    assert (plain["name"] < "b").tolist() == [False, True]
    assert plain.geometry.name == "geometry"
    for wrong, message in (
        (plain.drop(columns="name"), "sites has no column name"),
        (pd.DataFrame(plain), "sites must be a GeoDataFrame, got DataFrame"),
        (plain.to_crs(4326), "sites must be in an equal-area CRS"),
    ):
        with pytest.raises(InputError, match=message):
            measurable_sites(wrong, "name")


def test_all_faults_come_at_once():
    sites = frame([None], unit_id=["a"], crs=None)
    with pytest.raises(InputError, match=r"no CRS.*no geometry.*no column sci_name"):
        overlaps(sites, frame([star(1, 9)]))


def test_a_line_along_the_cut_of_a_large_site_counts_once():
    # A disc of 80,000 corners is laid in pieces, cut at its middle: a fence of 800 km there lies on
    # the edges of two pieces each. Twice its length came.
    disc = frame([shapely.Point(0, 0).buffer(6e5, quad_segs=20_000)], unit_id=["u"])
    fences = frame([shapely.LineString([(x, -4e5), (x, 4e5)]) for x in (0, 1)], sci_name=["a", "b"])
    fence, beside = overlaps(disc, fences).km
    assert fence == pytest.approx(beside, rel=1e-9)
    assert fence == pytest.approx(length_km(fences)[0], rel=1e-7)


# -- witnesses for area, and the machine ----------------------------------------------------------


def test_areas_agree_with_the_ellipsoid():
    # units of 20 to 400 km, all over the region, against the geodesic area of the same corners,
    # with edges every kilometre because the straight lines of the two worlds differ
    random = np.random.default_rng(7)
    centres = random.uniform((-2.2e6, -1.2e6), (2.4e6, 1.4e6), (25, 2))
    units = frame(
        [star(n, 12, radius=random.uniform(2e4, 4e5), centre=c) for n, c in enumerate(centres)]
    )
    door = Transformer.from_crs(EQUAL_AREA, 4326, always_xy=True)
    geod = CRS(EQUAL_AREA).get_geod()
    dense = shapely.transform(
        shapely.segmentize(units.geometry.to_numpy(), 1_000), door.transform, interleaved=False
    )
    witness = [abs(geod.geometry_area_perimeter(unit)[0]) / 1e6 for unit in dense]
    assert area_km2(units).to_numpy() == pytest.approx(witness, rel=1e-6)


def test_area_keeps_the_index_and_wants_a_projected_crs():
    units = gpd.GeoSeries([box_km(0, 0, 2, 3)], index=["x"], crs=EQUAL_AREA)
    assert area_km2(units).to_dict() == {"x": 6.0}
    with pytest.raises(InputError, match="EPSG:4326"):
        area_km2(units.set_crs(4326, allow_override=True))
    with pytest.raises(InputError, match="no CRS"):
        length_km(gpd.GeoSeries([shapely.LineString([(0, 0), (1, 1)])]))


def test_rows_and_columns_of_a_place_are_exact_up_to_the_last_one():
    """A product instead of a division: at both ends of rows, in the largest windows there are."""
    from cami_units.overlap import _kernels

    for wide in (1, 2, 3, 7, 9_000, 46_340, 65_537, 2**31 - 1):
        last = (2**31 - 1) // wide
        row = np.unique(np.r_[0, 1, last // 2, last - 1].clip(0))
        places = (row[:, None] * wide + np.r_[0, 1, wide // 2, wide - 1] % wide).ravel()
        places = places[places < 2**31]
        found = np.empty((2, len(places)), np.int32)
        _kernels.rows_cols(places.astype(np.int32), (wide, 0, -3), found[0], found[1])
        assert (found[0] == places // wide).all()
        assert (found[1] == places % wide - 3).all()


def test_numba_waits_until_it_is_needed():
    code = "import sys, cami_units.overlap, cami_units.grid; sys.exit('numba' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_a_read_only_installation_compiles_in_memory(tmp_path):
    # numba keeps machine code beside the source or in a cache folder; with neither, it must run
    code = """
import numba.core.caching as caching
caching.CacheImpl._locator_classes = []
import shapely, geopandas as gpd
from cami_units.grid import planning_units
from cami_units.overlap import overlaps
sites = planning_units(shapely.box(0, 0, 5e4, 5e4))
layer = gpd.GeoDataFrame({"sci_name": ["a"]}, geometry=[shapely.box(0, 0, 5e4, 5e4)], crs=sites.crs)
assert overlaps(sites, layer, site="pu_id").km2.sum() == 2500
"""
    environment = {**os.environ, "NUMBA_CACHE_DIR": ""}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=tmp_path)


# -- a table that was looked at before ------------------------------------------------------------


def test_a_cell_that_was_moved_since_is_measured_where_it_is():
    """A quarter of the ground of a cell of 10 km: 25 km² where the cell is whole, 0 once it has left."""
    cells = planning_units(shapely.box(0, 0, 20_000, 20_000), cell_km=10)
    ground = gpd.GeoDataFrame(
        {"sci_name": ["a"]}, geometry=[shapely.box(0, 0, 5_000, 5_000)], crs=cells.crs
    )
    first = int(np.flatnonzero(cells.geometry.contains(shapely.Point(1, 1)))[0])
    assert overlaps(cells, ground, site="pu_id")["km2"].tolist() == [25.0]
    assert overlaps(cells, ground, site="pu_id")["km2"].tolist() == [25.0]
    # in place, behind everybody's back: the array is the same, the shape in it is not
    np.asarray(cells.geometry.array)[first] = shapely.box(100_000, 0, 110_000, 10_000)
    assert overlaps(cells, ground, site="pu_id").empty


@pytest.mark.slow
def test_nothing_is_remembered_of_a_table_that_is_gone():
    cells = planning_units(shapely.box(0, 0, 20_000, 20_000), cell_km=10)
    before = len(_lattice._SEEN)
    assert _lattice.cells_of(cells) is _lattice.cells_of(cells)
    assert len(_lattice._SEEN) == before + 1
    del cells
    gc.collect()
    assert len(_lattice._SEEN) == before


# -- cells that are known, rings, threads ---------------------------------------------------------


def many_stars(number=40, corners=400):
    """Star-shaped ranges all over 3,000 km, some with an island."""
    random = np.random.default_rng(8)
    shapes = []
    for _ in range(number):
        angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
        reach = random.uniform(50_000, 400_000) * random.uniform(0.6, 1.2, corners)
        x, y = random.uniform(-1.5e6, 1.5e6, 2)
        ring = np.column_stack([x + reach * np.cos(angle), y + reach * np.sin(angle)])
        shapes.append(
            shapely.MultiPolygon(
                [shapely.Polygon(ring), shapely.box(x + 5e5, y, x + 5.5e5, y + 4e4)]
            )
        )
    names = [f"Species {number:03d}" for number in range(number)]
    return gpd.GeoDataFrame({"sci_name": names}, geometry=shapes, crs=EQUAL_AREA)


@pytest.mark.parametrize("shape", ["square", "hexagon"])
def test_threads_and_blocks_change_not_one_bit(monkeypatch, shape):
    """Rows are dealt to threads in blocks: the sum of a row hangs on its own edges alone."""
    cells = planning_units(shapely.box(-2e6, -2e6, 2e6, 2e6), cell_km=25, shape=shape)
    layer = many_stars()
    whole = overlaps(cells, layer, site="pu_id")
    total = whole.groupby("sci_name")["km2"].sum()
    assert np.allclose(total, layer.set_index("sci_name").area / 1e6, rtol=1e-11)
    for threads, block, part in ((1, 1 << 30, 1 << 30), (1, 1, 1), (2, 2000, 1), (5, 7000, 10)):
        monkeypatch.setattr(_lattice, "thread_count", lambda threads=threads: threads)
        monkeypatch.setattr(_lattice, "_BLOCK", block)
        monkeypatch.setattr(_lattice, "_PART", part)
        pd.testing.assert_frame_equal(overlaps(cells, layer, site="pu_id"), whole, check_exact=True)


def test_made_cells_and_cells_that_were_looked_at_give_the_same_bits():
    """Cells are known by what made them; a copy of their shapes has to be looked at."""
    for shape in ("square", "hexagon"):
        cells = planning_units(shapely.box(-1e6, -1e6, 1e6, 1e6), cell_km=30, shape=shape)
        layer = many_stars(10)
        strangers = cells.set_geometry(shapely.from_wkb(shapely.to_wkb(cells.geometry.to_numpy())))
        strangers = strangers.set_crs(cells.crs)
        whole = overlaps(cells, layer, site="pu_id")
        pd.testing.assert_frame_equal(
            overlaps(strangers, layer, site="pu_id"), whole, check_exact=True
        )
        part = cells[cells["row"] % 3 == 0].sample(frac=0.5, random_state=2)
        found = overlaps(part, layer, site="pu_id")
        kept = whole.set_index(["pu_id", "sci_name"])["km2"]
        again = found.set_index(["pu_id", "sci_name"])["km2"]
        assert np.abs(again - kept[again.index]).max() < 900 * 1e-11
        assert found["pu_id"].drop_duplicates().isin(part["pu_id"]).all()


def test_a_made_cell_that_was_exchanged_is_measured_as_it_is():
    """Two shapes change places, one is exchanged in the array itself: neither is believed."""
    cells = planning_units(shapely.box(-2e5, -2e5, 2e5, 2e5), cell_km=50)
    layer = gpd.GeoDataFrame(
        {"sci_name": ["a"]}, geometry=[shapely.box(-2e5, -2e5, 0, 0)], crs=EQUAL_AREA
    )
    assert overlaps(cells, layer, site="pu_id")["km2"].sum() == pytest.approx(40_000)
    shapes = cells.geometry.to_numpy().copy()
    shapes[[0, -1]] = shapes[[-1, 0]]
    swapped = overlaps(
        cells.set_geometry(gpd.GeoSeries(shapes, crs=EQUAL_AREA)), layer, site="pu_id"
    )
    assert cells["pu_id"].iloc[-1] in set(swapped["pu_id"])
    assert cells["pu_id"].iloc[0] not in set(swapped["pu_id"])
    shapes = cells.geometry.to_numpy().copy()
    shapes[0] = shapely.box(-2e5, -2e5, -1.75e5, -1.5e5)
    smaller = overlaps(
        cells.set_geometry(gpd.GeoSeries(shapes, crs=EQUAL_AREA)), layer, site="pu_id"
    )
    assert smaller.set_index("pu_id")["km2"].min() == pytest.approx(1_250)


def test_ids_that_were_edited_are_looked_at():
    cells = planning_units(shapely.box(0, 0, 1e5, 1e5), cell_km=50)
    layer = gpd.GeoDataFrame(
        {"sci_name": ["a"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=EQUAL_AREA
    )
    cells.loc[1, "pu_id"] = cells["pu_id"].iloc[0]
    with pytest.raises(InputError, match="must be unique in sites"):
        overlaps(cells, layer, site="pu_id")


def test_a_ring_whose_first_vertex_is_repeated():
    """Valid for GEOS, and not where the walk around it ends."""
    ring = [(0, 0), (0, 0), (0, 0), (0, 0), (9e4, 0), (9e4, 9e4), (0, 9e4), (0, 0)]
    hole = [(1e4, 1e4), (1e4, 1e4), (2e4, 1e4), (2e4, 2e4), (2e4, 2e4), (1e4, 1e4), (1e4, 1e4)]
    shape = shapely.Polygon(ring, [hole])
    assert shapely.is_valid(shape)
    cells = planning_units(shapely.box(-1e5, -1e5, 1e5, 1e5), cell_km=7)
    layer = gpd.GeoDataFrame({"sci_name": ["a"]}, geometry=[shape], crs=EQUAL_AREA)
    assert overlaps(cells, layer, site="pu_id")["km2"].sum() == pytest.approx(8050, rel=1e-11)


def test_polygons_that_reach_beyond_the_cells_or_lie_outside_of_them():
    cells = planning_units(shapely.box(0, 0, 1e5, 1e5), cell_km=10)
    shapes = [
        shapely.box(-1e6, -1e6, 1e6, 1e6),
        shapely.box(-1e6, 2e5, 1e6, 3e5),
        shapely.box(-5e5, 5e4, -4e5, 6e4),
        shapely.box(5e4, -1e6, 6e4, 1e6),
    ]
    layer = gpd.GeoDataFrame({"sci_name": list("abcd")}, geometry=shapes, crs=EQUAL_AREA)
    found = overlaps(cells, layer, site="pu_id").groupby("sci_name")["km2"].agg(["sum", "size"])
    assert found.loc["a"].tolist() == [10_000, 100]
    assert found.loc["d"].tolist() == [1_000, 10]
    assert list(found.index) == ["a", "d"]


def test_sides_without_their_disputed_ground():
    """A has 1,000 km², of which two claims that overlap take 500 + 500 - 100; all of B is disputed."""
    states = frame([box_km(0, 0, 100, 10), box_km(100, 0, 110, 10)], iso2=["A", "B"])
    claims = frame([box_km(0, 0, 50, 10), box_km(40, 0, 90, 10), box_km(99, 0, 150, 10)])
    sites = frame([box_km(0, 0, 110, 10), box_km(90, 2, 95, 4)], site=["S", "T"])
    sides = overlaps(sites, states, site="site", by="iso2")
    disputed = split(states, dissolved(claims), keep="iso2")
    left = _site_tables._undisputed(sides, overlaps(sites, disputed, site="site", by="iso2"))
    # of A the strips from 90 to 99 km, of T nothing is disputed
    assert left[["site", "iso2"]].to_numpy().tolist() == [["S", "A"], ["T", "A"]]
    assert left["km2"].tolist() == pytest.approx([90, 10])
    nothing = overlaps(sites, disputed[:0], site="site", by="iso2", kind="polygon")
    pd.testing.assert_frame_equal(_site_tables._undisputed(sides, nothing), sides)


@pytest.mark.parametrize("second", ["beside", "over", "inside", "with other corners"])
def test_states_are_one_ground_whether_they_share_their_edges_or_not(second):
    """100 × 100 km, and a neighbour that shares an edge, lies on half of it, or all in it."""
    other, km2 = {
        "beside": (box_km(100, 0, 200, 100), 20_000),
        "over": (box_km(50, 0, 150, 100), 15_000),
        "inside": (box_km(40, 40, 60, 60), 10_000),
        "with other corners": (box_km(100, 25, 200, 75), 15_000),
    }[second]
    # a third state in the east that is not asked for
    states = frame([box_km(0, 0, 100, 100), other, box_km(300, 0, 400, 100)], iso2=["A", "B", "C"])
    ground = joined_states(states, ["B", "A"])
    assert ground.is_valid
    assert ground.area / 1e6 == pytest.approx(km2)
    assert ground.geom_type == "Polygon"
    assert not ground.interiors
    assert joined_states(states[::-1], ["A", "B"]).wkb == ground.wkb
    assert joined_states(states, []).is_empty


def test_an_area_of_several_states_is_in_each_only_where_it_lies():
    # A and B side by side, 100 km each. P reaches from XX, which the study lacks, through A to 5 km
    # from B; T and S are one ground in A, of which S is named for B too. U lies in no state at all.
    states = gpd.GeoDataFrame(
        {"iso2": ["A", "B"]},
        geometry=[km_box(0, 0, 100, 100), km_box(100, 0, 200, 100)],
        crs=EQUAL_AREA,
    )
    areas = gpd.GeoDataFrame(
        {"pa_id": list("PRSTU"), "name": list("PRSTU"), "iso2": ["A;XX", "B", "A;B", "A", "A;B"]},
        geometry=[
            km_box(-50, 0, 95, 10),
            km_box(100, 0, 110, 10),
            km_box(60, 50, 70, 60),
            km_box(60, 50, 68, 60),
            km_box(0, 500, 10, 510),
        ],
        crs=EQUAL_AREA,
    )
    pairs = area_pairs(areas, states, 20)
    # neither XX and B, 5 km apart, nor A and B where one ground has two designations
    assert pairs[["pa_a", "pa_b", "pair"]].values.tolist() == [["P", "R", "A;B"]]
    assert pairs["km"].tolist() == pytest.approx([5], rel=0.02)


def test_a_comb_is_cut_between_its_teeth():
    # across them each half would be thousands of shapes, more than three times the pieces
    teeth = [(x / 2, 1000 if x % 2 else 1) for x in range(1, 10_000)]
    comb = shapely.Polygon([(0, 0), *teeth, (5000, 0)])  # 5,000 teeth: higher than wide, each
    tall = shapely.affinity.scale(comb, yfact=20, origin=(0, 0))
    pieces, _ = _pieces.polygon_pieces(np.array([tall], dtype=object))
    assert len(pieces) <= 2 * 10_000 / (_pieces.MOST_VERTICES / 2)
    assert shapely.area(pieces).sum() == pytest.approx(tall.area, rel=1e-12)


def test_a_large_shape_is_asked_once_whether_it_is_valid(monkeypatch):
    corner = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    wheel = shapely.Polygon(9000 * np.column_stack([np.cos(corner), np.sin(corner)]))
    small = [km_box(0, 0, 1, 1), km_box(2, 2, 3, 3)]
    asked = []
    is_valid = shapely.is_valid

    def counted(shapes):
        asked.extend(shapes)
        return is_valid(shapes)

    monkeypatch.setattr(shapely, "is_valid", counted)
    layer = gpd.GeoDataFrame({"sci_name": ["S"]}, geometry=[km_box(0, 0, 5, 5)], crs=EQUAL_AREA)
    for other in small:  # another table each time, with the same wheel in it
        units = gpd.GeoDataFrame({"unit_id": ["a", "b"]}, geometry=[wheel, other], crs=EQUAL_AREA)
        overlaps(units, layer)
    assert sum(shape is wheel for shape in asked) == 1
    assert sum(shape in small for shape in asked) == 2
    crossed = shapely.Polygon([*shapely.get_coordinates(wheel)[:1500], (9000, 500), (-9000, 500)])
    units = gpd.GeoDataFrame({"unit_id": ["a"]}, geometry=[crossed], crs=EQUAL_AREA)
    for _ in range(2):  # what is not valid is refused each time
        with pytest.raises(InputError, match="not valid"):
            overlaps(units, layer)


@pytest.mark.parametrize("lost", [False, True])
def test_large_polygons_are_cut_into_small_pieces_without_a_gap(monkeypatch, lost):
    """A wheel of 9,000 corners, π km² less what its chords cut off, beside a comb of 1,000 teeth.

    Where clips lose the ground, as they may, the polygons are intersected.
    """
    corner = np.linspace(0, 2 * np.pi, 9000, endpoint=False)
    wheel = shapely.Polygon(1000 * np.column_stack([np.cos(corner), np.sin(corner)]))
    teeth = [(x, 10 if x % 2 else 1) for x in range(1, 2000)]
    comb = shapely.Polygon([(0, 0), *teeth, (2000, 0)])
    if lost:
        clips = np.array([shapely.Polygon()], dtype=object)
        monkeypatch.setattr(_pieces, "_clipped", lambda polygons, _: clips.repeat(len(polygons)))
    pieces, owner = _pieces.polygon_pieces(np.array([wheel, comb], dtype=object))
    assert (shapely.get_num_coordinates(pieces) <= _pieces.MOST_VERTICES).all()
    assert shapely.is_valid(pieces).all()
    inscribed = 9000 / 2 * np.sin(2 * np.pi / 9000) * 1000**2
    areas = np.bincount(owner, shapely.area(pieces))
    assert areas == pytest.approx([inscribed, comb.area], rel=1e-12)


# -- how outlines of states fit --------------------------------------------------------------------


def fit(*shapes: shapely.Geometry) -> list[tuple[str, float]]:
    """What is said of the edges of states in metres: overlap or gap, and its km²."""
    states = {"iso2": ["AA", "BB", "CC"][: len(shapes)], "range_state": True}
    table = gpd.GeoDataFrame(states, geometry=list(shapes), crs=EQUAL_AREA)
    return list(state_edges(table)[["kind", "km2"]].itertuples(index=False, name=None))


def test_a_strip_between_two_states_is_a_gap_and_a_coast_is_none():
    """100 km of a strip 5 km wide are 500 km². A hollow coast of 900 km is simplified by up to 500 m to be
    closed, and runs through water then: strips along it were told as a gap between the two states."""
    west, east = shapely.box(0, 0, 100e3, 100e3), shapely.box(105e3, 0, 200e3, 100e3)
    [(kind, km2)] = fit(west, east)
    # closed by a circle of 7.5 km, whose open ends are hollow by some km²
    assert kind == "gap"
    assert km2 == pytest.approx(500, rel=0.02)
    bay = shapely.Point(0, 700e3).buffer(500e3, quad_segs=256)
    ground = shapely.difference(shapely.box(-400e3, -400e3, 400e3, 400e3), bay)
    half = shapely.box(-600e3, -600e3, 0, 600e3)
    assert fit(shapely.intersection(ground, half), shapely.difference(ground, half)) == []
    # with a strip of 4 km between the halves that strip is told, and nothing of the coast
    strip = shapely.box(0, -600e3, 4e3, 600e3)
    apart = shapely.difference(shapely.difference(ground, half), strip)
    [(kind, km2)] = fit(shapely.intersection(ground, half), apart)
    assert kind == "gap"
    assert km2 == pytest.approx(4 * 600, rel=0.02)  # from 400 km south to the bay


def test_a_side_that_one_state_cut_into_several_is_neither_gap_nor_overlap():
    """Half-way along 200 km the corner of BB is 60 m off: 200 · 0.06 / 2 = 6 km², 30 m wide on average."""
    west = shapely.box(0, 0, 100e3, 200e3)
    for off in (60, -60):
        corners = [(100e3, 0), (200e3, 0), (200e3, 200e3), (100e3, 200e3), (100e3 + off, 100e3)]
        assert fit(west, shapely.Polygon(corners)) == []
    # 600 m off it is a fault of drawing
    corners[-1] = (100e3 - 600, 100e3)
    assert fit(west, shapely.Polygon(corners)) == [("overlap", pytest.approx(60))]


@pytest.mark.parametrize("kind", ["overlap", "gap"])
def test_wide_ground_on_a_long_sliver_is_told(kind):
    """60 m along 1,500 km, 90 km², and on it 4 × 10 km: 84 m wide on average, and 4 km at most."""
    west, off = shapely.box(0, 0, 100e3, 1500e3), -60 if kind == "overlap" else 60
    east = shapely.box(100e3 + off, 0, 200e3, 1500e3)
    if kind == "overlap":
        east = shapely.union(east, shapely.box(96e3, 700e3, 100e3, 710e3))
    else:
        east = shapely.difference(east, shapely.box(100e3, 700e3, 104e3, 710e3))
    # where both are, the sliver is counted once: 10 km of it
    assert fit(west, east) == [(kind, pytest.approx(90 + 40 - 0.6, rel=0.01))]
    states = {"iso2": ["AA", "BB"], "range_state": True}
    table = gpd.GeoDataFrame(states, geometry=[west, east], crs=EQUAL_AREA)
    assert state_edges(table)["width_km"].tolist() == pytest.approx([4], abs=0.1)


@pytest.mark.parametrize("km", [10, 20, 60])
def test_a_strip_is_a_gap_though_it_is_short_and_open_at_both_ends(km):
    """12 km wide: of an end the circle of 7.5 km leaves a segment over a chord of 12 km empty, 25 km²
    of it (30 with a circle of eight corners).
    At 20 km and less the two ends together are as long as half of the outline, and it was told as a coast."""
    west = shapely.box(0, 0, 100e3, 1000 * km)
    [(kind, km2)] = fit(west, translate(west, 112e3))
    assert kind == "gap"
    assert km2 == pytest.approx(12 * km - 2 * 25.2, abs=2 * 6)
    # with a third state behind one end it is an inlet
    behind = shapely.box(0, -50e3, 212e3, 0)
    [(kind, km2)] = fit(west, translate(west, 112e3), behind)
    assert km2 == pytest.approx(12 * km - 25.2, abs=6)


def test_the_corner_in_which_two_coasts_meet_is_no_gap():
    """The coast of AA runs north, that of BB east: a circle of 7.5 km fills (1 - π/4) · 7.5² = 12 km²."""
    assert fit(shapely.box(0, 0, 100e3, 100e3), shapely.box(100e3, 0, 200e3, 40e3)) == []
    # an inlet as deep as it is wide has a state on either side, and AA at its end
    inlet = [shapely.box(0, 0, 100e3, 40e3), shapely.box(0, 40e3, 95e3, 60e3)]
    between = shapely.box(105e3, 40e3, 200e3, 60e3)
    bottom = shapely.box(100e3, 0, 200e3, 40e3)
    [(kind, km2)] = fit(shapely.union_all(inlet), shapely.union(bottom, between))
    assert kind == "gap"
    assert km2 == pytest.approx(200 - 13, rel=0.01)  # less what the circle leaves of its mouth


def test_ground_of_several_weights_has_the_greatest_where_overlaps_are_dissolved():
    """A raster of 0.5 over 4 x 2 km and a row of 1 over 2 x 2 of it: 4 + 0.5 x 4 = 6 km², not 4 + 4."""
    site = frame([box_km(0, 0, 4, 2)], unit_id=["u"])
    parts = frame(
        [box_km(0, 0, 4, 2), box_km(0, 0, 2, 2)], sci_name=["a", "a"], range_weight=[0.5, 1]
    )
    assert overlaps(site, parts, dissolve=True)["km2"].tolist() == [6.0]
    assert overlaps(site, parts[::-1], dissolve=True)["km2"].tolist() == [6.0]
