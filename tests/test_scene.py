"""What is shown of a round: restricted layers out, sensitive places coarse anywhere on earth."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from cami_units import scene, words
from cami_units.model import EQUAL_AREA

CEA = "+proj=cea +lat_ts=0 +datum=WGS84"
"""Equal-area, and far from true to lengths: at 60° it halves north-south and doubles east-west."""


def series(*shapes: shapely.Geometry) -> gpd.GeoSeries:
    return gpd.GeoSeries(list(shapes), crs=4326)


def sides_km(cell: shapely.Polygon) -> list[float]:
    """The geodesic lengths of the edges of a polygon: a witness that knows no projection."""
    lon, lat = shapely.get_coordinates(cell).T
    return list(Geod(ellps="WGS84").line_lengths(lon, lat) / 1000)


@pytest.mark.parametrize("crs", [EQUAL_AREA, CEA])
@settings(max_examples=25, deadline=None)
@given(lon=st.floats(-170, 170), lat=st.floats(-70, 75))
def test_a_cell_is_25_km_or_more_anywhere_on_earth(crs: str, lon: float, lat: float) -> None:
    if crs == EQUAL_AREA and not (lat > -20 and lon > -60):
        return  # the cone opens there
    spot = shapely.Point(lon, lat).buffer(0.001)
    cell = scene.coarse(series(spot), crs=crs).iloc[0]
    assert min(sides_km(cell)) >= 25 * 0.999


@settings(max_examples=15, deadline=None)
@given(
    west=st.floats(50, 110),
    south=st.floats(25, 52),
    wide=st.floats(0.01, 4),
    high=st.floats(0.01, 3),
)
def test_made_coarse_twice_is_made_coarse_once(
    west: float, south: float, wide: float, high: float
) -> None:
    shape = shapely.box(west, south, west + wide, south + high)
    once = scene.coarse(series(shape), crs=EQUAL_AREA)
    twice = scene.coarse(once, crs=EQUAL_AREA)
    assert shapely.symmetric_difference(once.iloc[0], twice.iloc[0]).area < 1e-6


def test_an_area_is_within_its_cells_and_lines_move_to_corners() -> None:
    area = shapely.box(80, 40, 80.4, 40.4)
    line = shapely.LineString([(80, 40), (82, 41)])
    short = shapely.LineString([(80.01, 40.01), (80.02, 40.02)])
    cells, moved, gone = scene.coarse(series(area, line, short), crs=EQUAL_AREA)
    assert area.difference(cells).area < area.area * 0.05  # a corner may reach in by less than 1 %
    corners = gpd.GeoSeries([moved], crs=4326).to_crs(EQUAL_AREA).get_coordinates() / 26_000
    assert np.allclose(corners, corners.round(), atol=1e-6)
    assert gone.is_empty


def layers() -> dict[str, gpd.GeoDataFrame]:
    boxes = [shapely.box(70, 40, 71, 41), shapely.box(72, 40, 73, 41)]
    tracks = [shapely.LineString([(70, 40), (72, 42)]), shapely.LineString([(72, 40), (74, 41)])]
    return {
        "features": gpd.GeoDataFrame({"sci_name": ["A a", "B b"]}, geometry=boxes, crs=4326),
        "corridors": gpd.GeoDataFrame({"sci_name": ["B b", "A a;B b"]}, geometry=tracks, crs=4326),
        "hotspots": gpd.GeoDataFrame({"hotspot_id": ["H"]}, geometry=boxes[:1], crs=4326),
    }


SPECIES = pd.DataFrame({"sci_name": ["A a", "B b"], "sensitive": ["yes", "no"]})


def test_sensitive_species_are_coarse_and_the_others_as_they_are() -> None:
    known = layers()
    shown = scene.shown_layers(known, SPECIES, restricted=frozenset(), crs=EQUAL_AREA)
    exact, drawn = known["features"].geometry, shown["features"].geometry
    assert drawn[1].equals(exact[1])
    assert not drawn[0].equals(exact[0])
    assert shown["corridors"].geometry[0].equals(known["corridors"].geometry[0])
    assert not shown["corridors"].geometry[1].equals(known["corridors"].geometry[1])


def test_a_restricted_layer_is_not_shown_and_restricted_ranges_are_all_coarse() -> None:
    known = layers()
    restricted = scene.restricted_layers(
        [{"layer": "ranges", "restricted": True}, {"layer": "hotspots", "restricted": True}]
    )
    shown = scene.shown_layers(known, SPECIES, restricted=restricted, crs=EQUAL_AREA)
    assert "hotspots" not in shown
    assert not shown["features"].geometry[1].equals(known["features"].geometry[1])


def test_each_coarse_row_says_why_and_no_other_row_does() -> None:
    """A species first: a collared animal of a sensitive one is told as sensitive."""
    known = layers()
    known["corridors"]["tracked"] = [True, True]
    shown = scene.shown_layers(known, SPECIES, restricted=frozenset(), crs=EQUAL_AREA)
    assert shown["features"][scene.COARSE].tolist() == ["sensitive", ""]
    assert shown["corridors"][scene.COARSE].tolist() == ["tracked", "sensitive"]
    assert scene.is_coarse(shown["features"]).tolist() == [True, False]
    assert not scene.is_coarse(shown["hotspots"]).any()
    restricted = scene.shown_layers(
        known, SPECIES, restricted=frozenset({"ranges"}), crs=EQUAL_AREA
    )
    assert restricted["features"][scene.COARSE].tolist() == ["sensitive", "restricted"]
    # a word of somebody else's under this heading says nothing
    assert scene.coarse_key({scene.COARSE: "grain"}) == scene.coarse_key({}) == ""
    for reason in ("sensitive", "tracked", "restricted"):
        for lang in words.LANGUAGES:
            assert "25" in words.text(scene.coarse_key({scene.COARSE: reason}), lang)


def test_a_species_is_sensitive_however_the_table_of_its_round_says_so() -> None:
    answers = ["yes", "TRUE", "Да", 1, True, "1.0", "?", "no", "", 0, False, None, "нет"]
    species = pd.DataFrame({"sci_name": list("abcdefghijklm"), "sensitive": answers})
    assert scene.sensitive_species(species) == set("abcdefg")


@pytest.mark.parametrize("kind", [object, "boolean"])
def test_a_line_that_nobody_called_a_track_is_none(kind) -> None:
    """Of corridors beside tracks the table of a round knows nothing; read again that is `NA`."""
    rows = pd.DataFrame({"tracked": pd.Series([True, False, None], dtype=kind)})
    assert scene.is_tracked(rows).tolist() == [True, False, False]
    assert scene.is_tracked(rows.iloc[:0]).dtype == bool


def test_a_legend_parts_corridors_in_steps_from_those_drawn_as_they_are() -> None:
    units = pd.DataFrame({"status": []})
    shown = scene.coarse_layers(layers(), SPECIES)
    keys = ("corridors", "coarse corridors")
    lines = [words.text(key, "en") for key in keys]
    signs = scene.legend_signs(units, shown, lang="en")[1:]
    assert [(sign.key, sign.label) for sign in signs] == list(zip(keys, lines, strict=True))
    alone = {"corridors": shown["corridors"].iloc[1:]}
    assert [sign.label for sign in scene.legend_signs(units, alone, lang="en")] == lines[1:]


def test_a_renderer_given_precise_places_makes_them_coarse_itself() -> None:
    safe = scene.coarse_layers(layers(), SPECIES)
    by_plan = scene.shown_layers(layers(), SPECIES, restricted=frozenset(), crs=EQUAL_AREA)
    assert safe["features"].geometry.geom_equals(by_plan["features"].geometry).all()
    again = scene.coarse_layers(by_plan, SPECIES)
    assert again["features"] is by_plan["features"]


def test_the_finest_tolerance_within_the_budget_is_taken() -> None:
    ring = shapely.Point(0, 0).buffer(1, quad_segs=200)
    kept = scene.simplest(lambda t: np.array([shapely.simplify(ring, t)]), most_vertices=60)
    assert shapely.get_num_coordinates(kept).sum() <= 60
    # found by leaps: of all tolerances, the first that keeps to the number
    finest = next(
        t for t in scene.TOLERANCES if len(shapely.simplify(ring, t).exterior.coords) <= 60
    )
    assert shapely.equals_exact(kept[0], shapely.simplify(ring, finest))


@pytest.mark.parametrize("most", [30, 60, 100, 300, 700, 900])
def test_looking_at_the_finest_last_finds_the_same(most: int) -> None:
    ring = shapely.Point(0, 0).buffer(1, quad_segs=200)
    asked: list[float] = []

    def drawn_at(tolerance: float) -> np.ndarray:
        asked.append(tolerance)
        return np.array([shapely.simplify(ring, tolerance)])

    found = scene.simplest(drawn_at, most_vertices=most)
    asked.clear()
    again = scene.simplest(drawn_at, most_vertices=most, in_all=801)
    assert shapely.equals_exact(found[0], again[0])
    assert len(asked) == len(set(asked)), "nothing is simplified twice"


def test_what_is_dear_to_simplify_is_not_tried_again_for_a_twentieth() -> None:
    """96 of 100 vertices are enough, where the next finer tolerance may bring four more; 94 are not."""
    left = {0.002: 400, 0.005: 300, 0.01: 99, 0.02: 96, 0.05: 50, 0.1: 30, 0.2: 4}
    asked: list[float] = []

    def drawn_at(tolerance: float) -> np.ndarray:
        asked.append(tolerance)
        return np.array([shapely.LineString(np.zeros((left[tolerance], 2)))])

    # 400 are 4 times too many, 250 2.5 times: the first guess is the sixth tolerance, or the fourth
    for in_all, finest, tried in ((0, 99, 6), (250, 96, 1)):
        asked.clear()
        [found] = scene.simplest(drawn_at, most_vertices=100, in_all=in_all)
        assert (shapely.get_num_coordinates(found), len(asked)) == (finest, tried)
    left |= {0.02: 94}
    [found] = scene.simplest(drawn_at, most_vertices=100, in_all=250)
    assert shapely.get_num_coordinates(found) == 99


def test_edges_have_one_number_from_both_sides() -> None:
    """Two squares side by side and a point that is there twice: seven edges, of eight that are walked."""
    xy = np.array(
        [
            *[(0, 0), (1, 0), (1, 0), (1, 1), (0, 1), (0, 0)],
            *[(1, 0), (2, 0), (2, 1), (1, 1), (1, 0)],
        ]
    )
    start, edge, place = scene.numbered_edges(xy, np.repeat([0, 1], [6, 5]))
    assert start.tolist() == [0, 2, 3, 4, 6, 7, 8, 9]
    assert place[0] == place[5]
    assert place[1] == place[2] == place[6] == place[10]
    values, times = np.unique(edge, return_counts=True)
    assert len(values) == 7
    assert edge[1] == edge[7] == values[times == 2]


# -- what was worked out of shapes before ----------------------------------------------------------


def test_what_is_known_of_a_shape_is_not_worked_out_again():
    """By the very shape and what is asked of it: an equal shape is another, and so is another question."""
    memory, asked = scene.ShapeMemory(), []
    one, twin = shapely.Point(1, 2), shapely.Point(1, 2)

    def of(shapes: list[shapely.Point], about: str) -> list[str]:
        def made(places: list[int]) -> list[str]:
            asked.append((about, places))
            return [f"{about} {shapes[place].x:g}" for place in places]

        return memory.of(shapes, [about] * len(shapes), made)

    assert of([one, twin], "x") == ["x 1", "x 1"]
    assert of([twin, one], "x") == ["x 1", "x 1"]
    assert of([one], "y") == ["y 1"]
    assert asked == [("x", [0, 1]), ("y", [0])]


def test_a_table_is_known_by_itself_and_not_by_what_is_in_it():
    """A table that can be changed, and that nobody can hash."""
    table = pd.DataFrame({"a": [1]})
    assert scene.Itself(table) == scene.Itself(table)
    assert {scene.Itself(table): "known"}.get(scene.Itself(table)) == "known"
    assert scene.Itself(table) != scene.Itself(table.copy())
    assert scene.Itself(None) == scene.Itself(None)


def test_a_shape_that_is_gone_leaves_its_address_to_nobody():
    """Ten thousand shapes, each thrown away at once: every one is told its own number."""
    memory = scene.ShapeMemory()
    told = [
        memory.of([shapely.Point(number, 0)], [None], lambda _, number=number: [number])[0]
        for number in range(10_000)
    ]
    assert told == list(range(10_000))


def test_shapes_simplified_with_others_are_those_simplified_alone():
    rng = np.random.default_rng(3)
    shapes = np.array(
        [shapely.LineString(rng.random((50, 2)).cumsum(axis=0)) for _ in range(5)], dtype=object
    )
    first = scene.simpler(shapes[:3], 0.5)
    both = scene.simpler(shapes, 0.5)
    assert shapely.equals_exact(both, shapely.simplify(shapes, 0.5)).all()
    assert first[0] is both[0]
