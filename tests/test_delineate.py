"""Seeds, growth and smoothing, on the toy region whose answers are worked by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from cami_units.delineate import (
    _Raster,
    coordinate_names,
    cost_distance,
    delineate,
    discs,
    editable,
    hotspot_cores,
    landscapes,
    occupied,
    outlines,
    peaks,
    place_names,
    range_depth,
)
from cami_units.grid import planning_units
from cami_units.model import EQUAL_AREA, LONLAT, InputError
from tests.conftest import km_box


def with_score(cells: gpd.GeoDataFrame, score: object = 0.5) -> gpd.GeoDataFrame:
    return cells.assign(score=score)


def ids(cells: gpd.GeoDataFrame, rows: range, columns: range) -> list[str]:
    return [f"R{row:04d}C{col:04d}" for row in rows for col in columns]


def core(cells: list[str], growth: float = np.inf, seed: str = "S") -> pd.DataFrame:
    return pd.DataFrame({"seed": seed, "pu_id": cells, "growth": growth})


def test_a_step_costs_its_length_times_the_mean_price_of_its_cells():
    # Three cells in a row, 10 km apart. Price 1 at worth 1, 4 at worth 0.
    # 0 -> 1: 10 * (1 + 4)/2 = 25; 1 -> 2: 10 * (4 + 1)/2 = 25 more.
    centres = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0]])
    links = np.array([[0, 1], [1, 2]])
    cost = cost_distance(
        centres, links, np.array([0, 1, 2]), np.array([0]), np.array([1.0, 0.0, 1.0])
    )
    assert cost.tolist() == [0.0, 25.0, 50.0]


def test_beyond_the_limit_nothing_is_reached_and_within_it_costs_are_the_same():
    # As above: 25 and 50; a limit of 25 holds what costs just as much.
    centres = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0]])
    ground = (np.array([[0, 1], [1, 2]]), np.arange(3), np.array([0]), np.array([1.0, 0.0, 1.0]))
    assert cost_distance(centres, *ground, limit_km=25.0).tolist() == [0.0, 25.0, np.inf]


def test_cells_farther_than_a_unit_may_reach_are_left_out_and_nothing_else_changes(
    toy_cells, everywhere
):
    # Worth hangs on the core and on the cell alone: those within the reach are worth what they were.
    members = pd.DataFrame({"seed": ["S"], "sci_name": ["fox"], "threshold_km2": [100.0]})
    species = everywhere[["pu_id"]].assign(sci_name="fox", km2=100.0)
    depth = species.assign(depth_km=np.arange(len(species), dtype=float))
    start = core(ids(toy_cells, range(7, 8), range(14, 15)))
    whole = occupied(species, depth, members, start)
    near = occupied(species, depth, members, start, planning_units=toy_cells, reach_km=40.0)
    centres = toy_cells.set_index("pu_id").centroid
    middle = centres[start["pu_id"]].iloc[0]
    off = centres[whole["pu_id"]]
    is_near = (abs(off.x - middle.x) <= 40_000) & (abs(off.y - middle.y) <= 40_000)
    expected = whole[is_near.to_numpy()].reset_index(drop=True)
    pd.testing.assert_frame_equal(near.reset_index(drop=True), expected, check_exact=True)
    assert 0 < len(near) < len(whole)


def test_no_way_leads_over_cells_that_are_not_the_seeds_own():
    centres = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0]])
    cost = cost_distance(
        centres, np.array([[0, 1], [1, 2]]), np.array([0, 2]), np.array([0]), np.ones(3)
    )
    assert cost.tolist() == [0.0, np.inf, np.inf]


def test_a_unit_reaches_as_far_as_it_may(toy_cells, toy_links, everywhere):
    # Core: one cell with its centre at (290, 150). All cells equally good, so a km costs a km;
    # reach 100 km: the farthest centres to the east are 100 km away, at x = 390, their cells end
    # at 400. A circle of radius 100 km holds 31,416 km²; steps go by sides and corners, so the
    # shape is an octagon inside it: at least 2*sqrt(2)*r² = 28,284 km².
    units = delineate(
        with_score(toy_cells),
        everywhere,
        toy_links,
        core(ids(toy_cells, range(7, 8), range(14, 15))),
    )
    assert len(units) == 1
    assert 26_000 < units["cell_km2"][0] < 33_000
    left, _low, right, _top = units.total_bounds / 1000
    assert left == pytest.approx(190, abs=15)
    assert right == pytest.approx(390, abs=15)


def test_growth_stops_at_the_budget(toy_cells, toy_links, everywhere):
    # Core of 4 x 4 cells = 6,400 km²; growth 1.5 -> 9,600 km² = 24 cells.
    start = core(ids(toy_cells, range(5, 9), range(10, 14)), growth=1.5)
    units = delineate(with_score(toy_cells), everywhere, toy_links, start)
    assert units["cell_km2"][0] == pytest.approx(9_600)
    small = delineate(with_score(toy_cells), everywhere, toy_links, start, max_km2=8_000)
    assert small["cell_km2"][0] == pytest.approx(8_000)


def test_a_landscape_below_the_least_size_is_no_unit(toy_cells, toy_links, everywhere):
    start = core(ids(toy_cells, range(5, 9), range(10, 14)), growth=1.0)
    assert delineate(with_score(toy_cells), everywhere, toy_links, start, min_km2=10_000).empty


def test_two_seeds_share_the_ground_between_them_and_do_not_overlap(
    toy_cells, toy_links, everywhere
):
    # Equal cells, cores at columns 5 and 15 of the same row: the watershed is the column between,
    # x = 210 km, whichever of the two takes it.
    both = pd.concat([everywhere, everywhere.assign(seed="T")])
    starts = pd.concat(
        [
            core(ids(toy_cells, range(7, 8), range(5, 6))),
            core(ids(toy_cells, range(7, 8), range(15, 16)), seed="T"),
        ]
    )
    units = delineate(with_score(toy_cells), both, toy_links, starts)
    west, east = units.geometry
    assert west.intersection(east).area == pytest.approx(0, abs=1)
    assert west.bounds[2] / 1000 == pytest.approx(210, abs=15)
    assert east.bounds[0] / 1000 == pytest.approx(210, abs=15)


def test_a_core_that_is_no_planning_unit_is_refused(toy_cells, toy_links, everywhere):
    with pytest.raises(InputError, match=r"1 cells of 'cores' are no planning units, such as R9"):
        delineate(with_score(toy_cells), everywhere, toy_links, core(["R9999C0000"]))


def test_row_order_changes_nothing(toy_cells, toy_links, everywhere):
    start = core(ids(toy_cells, range(5, 9), range(10, 14)), growth=2.0)
    plain = delineate(with_score(toy_cells), everywhere, toy_links, start)
    shuffled = delineate(
        with_score(toy_cells),
        everywhere.sample(frac=1, random_state=3),
        toy_links[::-1],
        start.sample(frac=1, random_state=4),
    )
    assert plain.geometry.to_wkb().tolist() == shuffled.geometry.to_wkb().tolist()


def covered(cells: list[str], km2: float = 400.0, name: str = "fox") -> pd.DataFrame:
    return pd.DataFrame({"pu_id": cells, "sci_name": name, "km2": km2})


def test_depth_is_the_way_to_the_nearest_cell_that_is_not_range(toy_cells, toy_links):
    # Cells of 20 km; range on 5 x 5 of them, rows 4-8, columns 10-14, and half of the rim's cell
    # R0004C0015. From the middle (6, 12) the nearest other cell is three rows or columns off: 60 km.
    # At the rim it is the next one: 20 km. A cell of which 40 % is range lies 0.4 x 10 km deep.
    block = ids(toy_cells, range(4, 9), range(10, 15))
    species = pd.concat([covered(block), covered(["R0006C0015"], 160.0)])
    depth = range_depth(toy_cells, species, toy_links).set_index("pu_id")["depth_km"]
    assert depth["R0006C0012"] == pytest.approx(60)
    assert depth["R0004C0012"] == pytest.approx(20)
    assert depth["R0006C0015"] == pytest.approx(0.4 * 10)


def test_where_the_planning_units_end_nobody_knows_the_range_to_end(toy_cells, toy_links):
    # All of the toy region is range: no cell is an edge, each is as deep as half its own side.
    depth = range_depth(toy_cells, covered(list(toy_cells["pu_id"])), toy_links)
    assert depth["depth_km"].unique() == pytest.approx([10.0])
    assert range_depth(toy_cells, covered([]), toy_links).empty


def test_a_landscape_follows_the_species_that_it_matters_most_for(toy_cells, toy_links):
    # The deer lives north of the core, the fox south of it. The core holds as much range of both,
    # but of the deer's threshold ten times as much: the unit grows north.
    start = ids(toy_cells, range(6, 9), range(12, 17))
    north = ids(toy_cells, range(9, 14), range(12, 17))
    south = ids(toy_cells, range(1, 6), range(12, 17))
    species = pd.concat([covered(start + south), covered(start + north, name="deer")])
    depth = species.assign(depth_km=20.0)
    members = pd.DataFrame(
        {"seed": "S", "sci_name": ["fox", "deer"], "threshold_km2": [60_000.0, 6_000.0]}
    )
    ground = occupied(species, depth, members, core(start))
    worth = ground.set_index("pu_id")["worth"]
    assert worth[start[0]] == pytest.approx(1)
    assert worth[north[0]] == pytest.approx(10 / 11)
    assert worth[south[0]] == pytest.approx(1 / 11)
    # Price 1 + 3 (1 - worth): a row north costs 20 x (1 + 14/11) / 2 = 22.7, a row south 47.3. Room
    # for 20 cells, 15 of them core: the row north of it, y from 180 to 200, and none in the south.
    (unit,) = delineate(toy_cells, ground, toy_links, core(start, growth=4 / 3)).geometry
    assert unit.bounds[1] / 1000 == pytest.approx(120, abs=5)
    assert unit.bounds[3] / 1000 == pytest.approx(200, abs=5)


def test_a_landscape_takes_the_core_of_a_range_before_its_edge(toy_cells, toy_links):
    # Range in columns 2-25 of rows 1-13, the core at its western edge: worth rises eastwards.
    block = ids(toy_cells, range(1, 14), range(2, 26))
    species = covered(block)
    depth = range_depth(toy_cells, species, toy_links)
    members = pd.DataFrame({"seed": ["S"], "sci_name": ["fox"], "threshold_km2": [1000.0]})
    start = ids(toy_cells, range(1, 14), range(4, 7))
    worth = occupied(species, depth, members, core(start)).set_index("pu_id")["worth"]
    assert worth["R0007C0002"] < worth["R0007C0004"] < worth["R0007C0007"] == 1
    ground = occupied(species, depth, members, core(start))
    (unit,) = delineate(toy_cells, ground, toy_links, core(start, growth=2.0)).geometry
    assert unit.bounds[2] - 7 * 20_000 > 4 * 20_000 - unit.bounds[0]


def test_a_strip_along_a_river_is_measured_by_its_own_depth(toy_cells, toy_links):
    # A tenth of each cell of row 7 is range: nowhere deep, and as good as it gets for its own seed.
    river = ids(toy_cells, range(7, 8), range(30))
    species = covered(river, 40.0)
    members = pd.DataFrame({"seed": ["S"], "sci_name": ["fox"], "threshold_km2": [100.0]})
    depth = range_depth(toy_cells, species, toy_links)
    ground = occupied(species, depth, members, core(river[10:15]), least_km2=20)
    assert ground["worth"].tolist() == pytest.approx([1.0] * 30)
    assert occupied(species, depth, members, core(river[10:15]), least_km2=50).empty


# -- seeds ----------------------------------------------------------------------------------------


def test_hotspots_that_cover_one_another_are_one_landscape():
    # H1 100 km², H2 50, H3 40: H1 and H2 share 25, half of the smaller; H2 and H3 19, just less.
    shared = pd.DataFrame(
        [("H1", "H1", 100), ("H1", "H2", 25), ("H2", "H2", 50), ("H2", "H3", 19), ("H3", "H3", 40)],
        columns=["hotspot_id", "other", "km2"],
    )
    assert landscapes(shared) == {"H1": "H1;H2", "H2": "H1;H2", "H3": "H3"}


def test_a_hotspot_starts_from_the_cells_half_in_it_or_from_its_best():
    inside = pd.DataFrame(
        [("a", "H1", 60.0), ("b", "H1", 49.0), ("b", "H2", 30.0), ("c", "H2", 20.0)],
        columns=["pu_id", "hotspot_id", "km2"],
    )
    cores = hotspot_cores(inside, {"H1": "H1", "H2": "H2"}, cell_km2=100)
    assert cores[["seed", "pu_id"]].to_numpy().tolist() == [["H1", "a"], ["H2", "b"]]
    both = hotspot_cores(inside, {"H1": "H1;H2", "H2": "H1;H2"}, cell_km2=100)
    assert both["pu_id"].tolist() == ["a", "b"]
    assert hotspot_cores(inside, {"H1": "H1"}, cell_km2=100)["pu_id"].tolist() == ["a"]


def test_a_seed_starts_only_where_its_species_live(toy_cells, toy_links, everywhere):
    west = everywhere[everywhere["pu_id"].str[-2:].astype(int) < 12]
    start = core(ids(toy_cells, range(5, 9), range(8, 16)), growth=1.0)
    (unit,) = delineate(with_score(toy_cells), west, toy_links, start).geometry
    assert unit.bounds[2] / 1000 <= 241


def test_peaks_are_far_from_one_another_and_from_what_is_known(toy_cells):
    # Scores fall from west to east along row 0; 20 km cells, so 100 km are 5 cells.
    scored = with_score(toy_cells, np.where(toy_cells["row"] == 0, 1 - toy_cells["col"] / 100, 0.0))
    row = ids(toy_cells, range(1), range(30))
    found = peaks(scored, row, apart_km=100)
    assert found == [row[column] for column in (0, 5, 10, 15, 20, 25)]
    assert peaks(scored, row, apart_km=100, taken=[row[2]], away_km=100) == [
        row[column] for column in (7, 12, 17, 22, 27)
    ]
    assert peaks(scored, row, apart_km=100, least_score=0.93) == [row[0], row[5]]
    assert peaks(scored, [], apart_km=100) == []


def test_a_disc_holds_the_cells_whose_centre_is_near(toy_cells):
    # Radius 20 km on 20 km cells: the cell and the four beside it.
    middle = "R0007C0014"
    assert set(discs(toy_cells, [middle], radius_km=20)["pu_id"]) == {
        middle,
        "R0006C0014",
        "R0008C0014",
        "R0007C0013",
        "R0007C0015",
    }


# -- outlines -------------------------------------------------------------------------------------


def cell_groups(cells: gpd.GeoDataFrame, **groups: list[str]) -> pd.Series:
    of = pd.Series(None, index=cells["pu_id"], dtype=object)
    for name, members in groups.items():
        of[members] = name
    return of


@given(
    left=st.integers(3, 12),
    low=st.integers(2, 5),
    width=st.integers(3, 8),
    height=st.integers(3, 6),
    gap=st.integers(0, 2),
)
def test_outlines_keep_area_and_never_overlap(toy_cells, left, low, width, height, gap):
    rows = range(low, low + height)
    one = ids(toy_cells, rows, range(left, left + width))
    two = ids(toy_cells, rows, range(left + width + gap, left + 2 * width + gap))
    units = outlines(toy_cells, cell_groups(toy_cells, one=one, two=two))
    assert units["seed"].tolist() == ["one", "two"]
    assert units.area.to_numpy() / 1e6 == pytest.approx(units["cell_km2"], rel=0.05)
    a, b = units.geometry
    assert a.intersection(b).area == pytest.approx(0, abs=1e-3)
    assert units.is_valid.all()
    assert (units.geom_type == "Polygon").all()


def test_an_outline_has_tens_of_vertices(toy_cells):
    ragged = [
        pu_id
        for pu_id, row, col in zip(
            toy_cells["pu_id"], toy_cells["row"], toy_cells["col"], strict=True
        )
        if 2 <= row <= 12 and 3 + row % 3 <= col <= 25 - (row * 7) % 4
    ]
    groups = cell_groups(toy_cells, one=ragged)
    assert shapely.get_num_coordinates(outlines(toy_cells, groups).geometry[0]) < 80
    assert (
        shapely.get_num_coordinates(outlines(toy_cells, groups, max_vertices=12).geometry[0]) <= 12
    )


def test_a_hole_that_nobody_lives_in_is_filled(toy_cells):
    ring = set(ids(toy_cells, range(2, 11), range(5, 14))) - set(
        ids(toy_cells, range(5, 8), range(8, 11))
    )
    (shape,) = outlines(toy_cells, cell_groups(toy_cells, one=sorted(ring))).geometry
    assert not shape.interiors


def test_outlines_of_hexagons_keep_their_area():
    # sqrt(area) of a hexagon is not a round number of metres; squares must still fit together.
    cells = planning_units(shapely.box(0, 0, 300_000, 200_000), shape="hexagon")
    middle = cells.geometry.centroid
    inside = np.hypot(middle.x - 150_000, middle.y - 100_000) < 80_000
    groups = pd.Series(np.where(inside, "one", None), index=cells["pu_id"], dtype=object)
    (unit,) = outlines(cells, groups).geometry
    assert unit.area / 1e6 == pytest.approx(625 * inside.sum(), rel=0.03)


def test_no_groups_no_outlines(toy_cells):
    assert outlines(toy_cells, cell_groups(toy_cells)).empty


# -- names and origins ----------------------------------------------------------------------------


def gazetteer(*rows: tuple[str, str, float, float, float]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "name_en": [row[0] for row in rows],
            "name_ru": [f"{row[0]}-ru" for row in rows],
            "kind": [row[1] for row in rows],
            "extent_km": [row[2] for row in rows],
        },
        geometry=[shapely.Point(row[3] * 1000, row[4] * 1000) for row in rows],
        crs=EQUAL_AREA,
    )


def test_a_side_is_the_same_over_the_date_line():
    bering = "+proj=laea +lat_0=65 +lon_0=180 +datum=WGS84 +units=m"
    unit = gpd.GeoDataFrame(geometry=[km_box(90, -10, 110, 10)], crs=bering)
    wide = gazetteer(("Wide", "steppe", 100.0, -50, 0)).set_crs(bering, allow_override=True)
    assert place_names(unit, wide)["name_en"].tolist() == ["Eastern Wide"]


def test_landscapes_name_units_before_rivers_and_towns():
    unit = gpd.GeoDataFrame(geometry=[km_box(0, 0, 100, 100)], crs=EQUAL_AREA)
    town, river = ("Town", "town", 5.0, 50, 50), ("River", "river", 300.0, 40, 50)
    wide, near = ("Wide", "desert", 900.0, 300, 50), ("Range", "mountain range", 80.0, 90, 50)
    assert place_names(unit, gazetteer(town))["name_en"].tolist() == ["Town"]
    assert place_names(unit, gazetteer(town, river))["name_en"].tolist() == ["River"]
    # Wide lies 250 km from the middle = 0.28 of its extent, Range 40 km = 0.5; but Range lies in it.
    assert place_names(unit, gazetteer(town, wide, near))["name_en"].tolist() == ["Range"]
    assert place_names(unit, gazetteer(town, wide))["name_ru"].tolist() == ["Wide-ru"]
    # Wide is 900 / 113 = 8 units wide: a river in the unit says more of where it is; at 5 it does not.
    assert place_names(unit, gazetteer(wide, river))["name_en"].tolist() == ["River"]
    half = ("Half", "desert", 565.0, 300, 50)
    assert place_names(unit, gazetteer(half, river))["name_en"].tolist() == ["Half"]


def test_the_side_of_a_place_that_has_a_side_in_its_name_stands_behind_it():
    unit = gpd.GeoDataFrame(geometry=[km_box(90, -10, 110, 10)], crs=EQUAL_AREA)
    for name, said in (
        ("Eastern Sayan", "Eastern Sayan (eastern)"),
        ("Central Range", "Central Range (eastern)"),
        ("Sayan", "Eastern Sayan"),
    ):
        named = place_names(unit, gazetteer((name, "steppe", 100.0, -50, 0)))
        assert named["name_en"].tolist() == [said]


def test_no_two_units_get_one_name_and_a_place_close_by_lends_its_own():
    units = gpd.GeoDataFrame(
        geometry=[km_box(0, 0, 100, 100), km_box(100, 0, 200, 100), km_box(900, 0, 990, 90)],
        crs=EQUAL_AREA,
    )
    names = place_names(
        units, gazetteer(("Range", "mountain range", 400.0, 99, 50), ("Town", "town", 5.0, 250, 50))
    )
    # The second unit lies in the range too: its side of it says more than a town at the rim.
    assert names["name_en"].tolist() == ["Range", "Eastern Range", ""]
    assert names["name_ru"].tolist() == ["Range-ru", "Range-ru (восток)", ""]
    town = place_names(units.iloc[[1]], gazetteer(("Town", "town", 5.0, 250, 50)))
    assert town["name_en"].tolist() == ["Near Town"]
    [names_there] = coordinate_names(units.iloc[[0]]).itertuples(index=False)
    assert names_there == ("Area near 40.4° N 80.6° E", "Район 40,4° с. ш. 80,6° в. д.")


def test_units_and_gazetteer_in_two_systems_are_refused():
    unit = gpd.GeoDataFrame(geometry=[km_box(0, 0, 9, 9)], crs=EQUAL_AREA)
    with pytest.raises(InputError, match="different CRSs"):
        place_names(unit, gazetteer(("Town", "town", 5.0, 1, 1)).to_crs(LONLAT))


# -- the door -------------------------------------------------------------------------------------


def test_editable_rounds_and_shortens_edges():
    wide = gpd.GeoDataFrame(
        {"unit_id": ["CU-001"]},
        geometry=[shapely.box(70.0000049, 40, 73.5, 41)],
        crs=LONLAT,
    )
    (shape,) = editable(wide, max_edge_deg=1).geometry
    xy = shapely.get_coordinates(shape)
    assert np.abs(np.diff(xy, axis=0)).max() <= 1
    assert xy.tolist() == np.round(xy, 5).tolist()
    assert shape.exterior.is_ccw
    # 3.5 degrees want four pieces a side: 3 more vertices on each of two sides.
    assert len(xy) == 5 + 6


def test_neighbours_agree_on_the_vertices_of_their_common_edge():
    pair = gpd.GeoDataFrame(
        {"unit_id": ["a", "b"]},
        geometry=[km_box(0, 0, 300, 200), km_box(300, 0, 500, 200)],
        crs=EQUAL_AREA,
    )
    west, east = editable(pair, max_edge_deg=0.3).geometry
    common = {tuple(xy) for xy in shapely.get_coordinates(west)} & {
        tuple(xy) for xy in shapely.get_coordinates(east)
    }
    assert len(common) >= 7
    assert west.intersection(east).area == 0


def test_editable_treats_each_ring_of_each_part_alone():
    # A long part with a hole, a short part, and a polygon after it: corners counted by hand.
    holed = shapely.Polygon(
        [(60, 40), (63, 40), (63, 41), (60, 41)], [[(61, 40.4), (61, 40.6), (61.5, 40.6)]]
    )
    islands = shapely.MultiPolygon([holed, shapely.box(70, 40, 70.5, 40.5)])
    units = gpd.GeoDataFrame(geometry=[islands, shapely.box(80, 40, 82, 40.5)], crs=4326)
    many, one = editable(units, max_edge_deg=1).geometry
    assert [many.geom_type, one.geom_type] == ["MultiPolygon", "Polygon"]
    large, small = many.geoms
    # 3 + 1 + 3 + 1 edges, the hole's three; each ring ends where it began
    assert [len(ring.coords) for ring in (large.exterior, *large.interiors)] == [9, 4]
    assert [len(small.exterior.coords), len(one.exterior.coords)] == [5, 7]
    assert many.equals(islands)
    assert all(part.exterior.is_ccw for part in (large, small, one))
    assert not large.interiors[0].is_ccw


def test_editable_keeps_the_geodesic_area():
    cell = gpd.GeoDataFrame({"unit_id": ["a"]}, geometry=[km_box(0, 0, 60, 60)], crs=EQUAL_AREA)
    (shape,) = editable(cell).geometry
    area = Geod(ellps="WGS84").geometry_area_perimeter(shape)[0] / 1e6
    assert area == pytest.approx(3_600, rel=1e-4)


@given(st.integers(0, 2**16))
def test_an_outline_is_the_union_of_its_squares(seed: int):
    # GEOS is the witness: diagonal squares, holes and neighbours as they come, of three groups.
    labels = np.random.default_rng(seed).integers(-1, 3, (7, 9))
    raster = _Raster(labels, 3, 500.0, (-1000.0, 2000.0))
    pieces = raster._whole(labels)
    row, col = np.indices(pieces.shape)
    squares = shapely.box(
        -1000.0 + col * 500.0, 2000.0 + row * 500.0, -500.0 + col * 500.0, 2500.0 + row * 500.0
    )
    for number, outline in enumerate(raster.outlines(pieces)):
        united = shapely.coverage_union_all(squares[pieces == number])
        assert outline.is_valid
        assert outline.is_empty == united.is_empty
        assert outline.is_empty or outline == shapely.normalize(united)
