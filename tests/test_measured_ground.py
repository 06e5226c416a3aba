"""What is said where somebody looked, and nowhere else: made regions whose answers are plain.

Two states of 4° a side share the border at 44° N, Kazakhstan north and Uzbekistan south of it. The
study also has Turkmenistan, which lies west of Uzbekistan.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from pyproj import Geod
from shapely import LineString, box

from cami_units.commands.assess import assess, assess_sites, cut, what_it_takes
from cami_units.commands.check import check
from cami_units.commands.plan_layers import load
from cami_units.model import data_dir
from cami_units.overlap import border_pairs, states_of
from cami_units.plan import read_plan

STATES = {"KZ": box(60, 44, 64, 48), "UZ": box(60, 40, 64, 44), "TM": box(56, 40, 60, 44)}
SAIGA, LEOPARD = "Saiga tatarica", "Panthera pardus tulliana"
ADJACENT = "2026-11-22,Group 1,near,adjacent,,,Calving ground of the shared herd,C\n"


def written(path: Path, *shapes: Any, **columns: Any) -> None:
    frame = gpd.GeoDataFrame(columns, geometry=list(shapes), crs="EPSG:4326")
    path.write_text(frame.to_json(), encoding="utf-8")


def found(
    folder: Path,
    sites: dict[str, Any],
    ranges: dict[str, list[Any]],
    *,
    states: dict[str, Any] = STATES,
    text: str = "",
    criteria: str = "",
    **layers: dict[str, Any],
) -> pd.DataFrame:
    """The assessment of sites over layers that are given as shapes; layers not given are none."""
    folder.mkdir(exist_ok=True)
    written(folder / "countries.geojson", *states.values(), iso2=list(states))
    rows = [(name, shape) for name, shapes in ranges.items() for shape in shapes]
    written(
        folder / "ranges.geojson",
        *(shape for _, shape in rows),
        sci_name=[name for name, _ in rows],
        presence=1,
        origin=1,
        seasonal=1,
    )
    species = pd.read_csv(data_dir() / "species.csv", dtype=str, keep_default_na=False)
    species[species["sci_name"].isin(list(ranges))].to_csv(folder / "species.csv", index=False)
    lines = ['countries = ["countries.geojson"]', 'ranges = ["ranges.geojson"]', "disputed = []"]
    lines.append('species = ["species.csv"]')
    for name in ("hotspots", "protected_areas", "barriers", "corridors"):
        if name in layers:
            columns = dict(layers[name])
            written(folder / f"{name}.geojson", *columns.pop("shapes"), **columns)
        lines.append(f'{name} = ["{name}.geojson"]' if name in layers else f"{name} = []")
    listing = json.dumps([code for code in states if code in STATES])
    head = f'title = "t"\ndate = "2026-11-22"\n[study]\nstates = {listing}\n[layers]\n'
    (folder / "overrides.csv").write_text(
        f"when,who,site,what,old,new,reason,grade\n{ADJACENT}", encoding="utf-8"
    )
    (folder / "plan.toml").write_text(
        head + "\n".join(lines) + f'\n[workshop]\noverrides = "overrides.csv"\n{text}',
        encoding="utf-8",
    )
    written(folder / "sites.geojson", *sites.values(), id=list(sites))
    return assess(folder / "sites.geojson", read_plan(folder / "plan.toml"))


def row(table: pd.DataFrame, site: str, criterion: str) -> pd.Series:
    return table[(table["site"] == site) & (table["criterion"] == criterion)].iloc[0]


# -- overlap is overlap ---------------------------------------------------------------------------


@pytest.mark.slow
def test_ground_of_no_state_belongs_to_the_range(tmp_path):
    # The range reaches 2° east of both states, where no state is: the site holds all of it.
    table = found(tmp_path, {"A": box(61, 42, 66, 46)}, {SAIGA: [box(62, 42, 66, 46)]})
    assert row(table, "A", "C3")["value"] == pytest.approx(100)


@pytest.mark.slow
def test_ground_that_two_states_claim_counts_once(tmp_path):
    # Uzbekistan claims 0.5° more; the site is the eastern half of the range.
    claims = STATES | {"UZ": box(60, 40, 64, 44.5)}
    ranges = {SAIGA: [box(61, 43, 63, 45)]}
    table = found(tmp_path, {"A": box(62, 43, 63, 45)}, ranges, states=claims)
    assert row(table, "A", "C3")["value"] == pytest.approx(50, abs=1e-3)
    notes = [problem.sentence() for problem in check(read_plan(tmp_path / "plan.toml"))[0]]
    assert any("both claim" in note and "KZ and UZ" in note for note in notes)


# -- a layer speaks only where somebody looked ------------------------------------------------------


@pytest.mark.slow
def test_a_national_layer_says_nothing_of_the_others(tmp_path):
    # Protected areas of Turkmenistan only: none is known in the site, and nobody looked there.
    sites = {"north": box(61, 43, 63, 45)}
    areas = {"shapes": [box(57, 41, 58, 42)], "pa_id": ["P1"], "name": ["p"], "iso2": ["TM"]}
    table = found(tmp_path, sites, {SAIGA: [box(61, 43, 63, 45)]}, protected_areas=areas)
    c7 = row(table, "north", "C7")
    assert pd.isna(c7["met"])
    assert pd.isna(c7["value"])
    assert "was not compiled for the states of this site" in c7["because"]
    # The plan may say that it was compiled for all: then none is a gap.
    text = '[coverage]\nprotected_areas = ["KZ", "UZ", "TM"]\n'
    table = found(tmp_path, sites, {SAIGA: [box(61, 43, 63, 45)]}, protected_areas=areas, text=text)
    assert row(table, "north", "C7")["value"] == 0
    assert row(table, "north", "C7")["met"] == True  # noqa: E712


def test_ground_of_no_state_is_that_of_layers_compiled_for_all_states(tmp_path):
    """As on Siachen: a known hotspot that lies there is one, whoever's the ground is."""
    sites = {"ice": box(65, 42, 66, 43), "sea": box(67, 42, 68, 43)}
    hotspots = {"shapes": [box(65, 42, 65.5, 43)], "hotspot_id": ["H1"], "name_en": ["h"]}
    text = '[coverage]\nhotspots = ["KZ", "UZ", "TM"]\n'
    table = found(tmp_path, sites, {SAIGA: [box(61, 43, 63, 45)]}, hotspots=hotspots, text=text)
    assert row(table, "ice", "C8")["value"] == pytest.approx(50, abs=0.5)
    assert row(table, "sea", "C8")["value"] == 0


def test_a_share_is_over_the_ground_that_was_looked_at(tmp_path):
    # Half of the range lies in Kazakhstan, where alone protected areas were looked for; half of
    # that half is protected: 50 %, said of half of the site.
    sites, ranges = {"A": box(61, 43, 63, 45)}, {SAIGA: [box(61, 43, 63, 45)]}
    areas = {"shapes": [box(61, 44, 62, 45)], "pa_id": ["P"], "name": ["p"], "iso2": ["KZ"]}
    c7 = row(found(tmp_path, sites, ranges, protected_areas=areas), "A", "C7")
    assert c7["value"] == pytest.approx(50, abs=1e-3)
    assert "of the site looked at" in c7["because"]


def test_a_border_is_looked_at_where_both_of_its_states_are(tmp_path):
    # A railway in Turkmenistan says nothing of fences on the border of the two others.
    rail = {
        "shapes": [LineString([(57, 41), (58, 43)])],
        "barrier_id": ["R"],
        "name": ["rail"],
        "kind": ["railway"],
        "permeability": [0.5],
    }
    sites, ranges = {"A": box(61, 43, 63, 45)}, {SAIGA: [box(61, 43, 63, 45)]}
    c6 = row(found(tmp_path, sites, ranges, barriers=rail), "A", "C6")
    assert pd.isna(c6["met"])
    assert "closed" not in c6["because"]


def test_a_density_is_over_the_ground_that_was_looked_at_and_says_so(tmp_path):
    """A railway of 1° in the Kazakh half: 1° of longitude by 1° of latitude has about 2 x its km in km²."""
    line = LineString([(61.5, 44.5), (62.5, 44.5)])
    rail = {
        "shapes": [line],
        "barrier_id": ["R"],
        "name": ["r"],
        "kind": ["railway"],
        "permeability": [0],
    }
    sites, ranges = {"A": box(61, 43, 63, 45)}, {SAIGA: [box(61, 43, 63, 45)]}
    c6 = row(found(tmp_path, sites, ranges, barriers=rail), "A", "C6")
    geod = Geod(ellps="WGS84")
    half = box(61, 44, 63, 45)
    half_km2 = abs(geod.geometry_area_perimeter(shapely.segmentize(half, 0.01))[0]) / 1e6
    whole = shapely.segmentize(sites["A"], 0.01)
    share = 100 * half_km2 / (abs(geod.geometry_area_perimeter(whole)[0]) / 1e6)
    density = 1000 * geod.geometry_length(line) / 1e3 / half_km2
    said = f"per 1000 km² of the {share:.1f} % of the site looked at, less what is permeable"
    assert f"{said}, in km: railway {density:.1f}." in c6["because"]


@pytest.mark.parametrize(
    "codes", ["KZ, UZ", "KZ/UZ", "kz; uz", "KAZ", "Kazakhstan", "", None, "XX"]
)
def test_states_in_a_layer_are_read_as_people_write_them(tmp_path, codes):
    # An area on both sides of the border; where its column names no state of the study by a code,
    # it speaks of the states in which it lies.
    area = box(61, 43, 63, 45)
    areas = gpd.GeoDataFrame({"iso2": [codes]}, geometry=[area], crs="EPSG:4326")
    states = gpd.GeoDataFrame(
        {"iso2": list(STATES)}, geometry=list(STATES.values()), crs="EPSG:4326"
    )
    assert states_of(areas, states) == ["KZ", "UZ"]
    # Beside a row that says its state, one that does not is where it lies.
    west = pd.DataFrame({"iso2": ["TM"], "geometry": [box(57, 41, 58, 42)]})
    both = gpd.GeoDataFrame(pd.concat([pd.DataFrame(areas), west]), crs="EPSG:4326")
    expected = ["TM"] if codes == "XX" else ["KZ", "TM", "UZ"]
    assert states_of(both, states) == expected


def test_a_layer_without_anything_in_the_study_is_not_assessed_and_stops_nothing(tmp_path):
    # All four layers lie in a state next door.
    next_door = {"shapes": [box(50, 40, 51, 41)], "name": ["n"]}
    line = {"shapes": [LineString([(50, 40), (51, 41)])], "name": ["n"]}
    table = found(
        tmp_path,
        {"A": box(61, 43, 63, 45)},
        {SAIGA: [box(61, 43, 63, 45)]},
        hotspots=next_door,
        protected_areas=next_door | {"iso2": ["KZ"]},
        barriers=line | {"kind": ["border_fence"], "permeability": [0.5]},
        corridors=line | {"sci_name": [SAIGA], "grade": ["A"]},
    )
    for criterion in ("C5", "C6", "C8"):
        assert pd.isna(row(table, "A", criterion)["met"]), criterion


def test_fences_are_told_in_km_and_as_what_they_close(tmp_path):
    # A fence on half of the 2° of border in the site, of permeability 0.5: half of a half is closed.
    fence = {
        "shapes": [LineString([(61, 44), (62, 44)])],
        "barrier_id": ["F"],
        "name": ["fence"],
        "kind": ["border_fence"],
        "permeability": [0.5],
    }
    sites, ranges = {"A": box(61, 43, 63, 45)}, {SAIGA: [box(61, 43, 63, 45)]}
    text = '[coverage]\nbarriers = ["KZ", "UZ", "TM"]\n'
    c6 = row(found(tmp_path, sites, ranges, barriers=fence, text=text), "A", "C6")
    assert c6["value"] == pytest.approx(25, abs=0.1)
    assert "80.2 of 160 km of shared border fenced" in c6["because"]
    assert "closed to large ungulates" in c6["because"]


def test_a_corridor_of_several_species_is_one(tmp_path):
    # One line of 2° along 62° E, drawn once for both: one crossing, one corridor, its km once.
    both = {SAIGA: [box(61, 43, 63, 45)], LEOPARD: [box(61, 43, 63, 45)]}
    line = LineString([(62, 43), (62, 45)])
    one, two = (
        {"shapes": [line], "corridor_id": ["L"], "name": ["l"], "sci_name": [names], "grade": ["A"]}
        for names in (SAIGA, f"{SAIGA};{LEOPARD}")
    )
    because = [
        row(found(tmp_path / str(n), {"A": box(61, 43, 63, 45)}, both, corridors=links), "A", "C5")
        for n, links in enumerate((one, two))
    ]
    assert [c5["value"] for c5 in because] == [1, 1]
    assert all("1 corridor with 222 km" in c5["because"] for c5 in because)
    assert "L.1 " in because[1]["because"]
    assert "L.2 " in because[1]["because"]
    # and along the border it is one crossing
    plan = read_plan(tmp_path / "1" / "plan.toml")
    units = gpd.GeoDataFrame(
        {"unit_id": ["A"]}, geometry=[box(61, 43, 63, 45)], crs="EPSG:4326"
    ).to_crs(plan.study.crs)
    pairs = border_pairs(units, cut(load(plan), plan), plan.profile).set_index("pair")
    assert pairs.loc["KZ;UZ", "n_crossings"] == 1


def test_the_parts_of_a_corridor_of_several_species_add_up(tmp_path):
    # Two lines under one id, for both species: 2° along 62° E over the border, and 1° beside it.
    both = {SAIGA: [box(61, 43, 63, 45)], LEOPARD: [box(61, 43, 63, 45)]}
    lines = [LineString([(62, 43), (62, 45)]), LineString([(61.5, 43.5), (61.5, 44.5)])]
    named = {"corridor_id": ["L", "L"], "name": ["l", "l"], "grade": ["A", "A"]}
    links = {"shapes": lines, "sci_name": [f"{SAIGA};{LEOPARD}"] * 2, **named}
    c5 = row(found(tmp_path, {"A": box(61, 43, 63, 45)}, both, corridors=links), "A", "C5")
    assert c5["value"] == 2
    assert "1 corridor with 333 km" in c5["because"]


# -- what a crossing is -----------------------------------------------------------------------------


def corridors(**shapes: Any) -> dict[str, Any]:
    species = [LEOPARD if name == "leopard" else SAIGA for name in shapes]
    return {
        "shapes": list(shapes.values()),
        "corridor_id": list(shapes),
        "name": list(shapes),
        "sci_name": species,
        "evidence_grade": "A",
    }


ACROSS = LineString([(62, 43.5), (62, 44.5)])
# 40 km along the border of 44° N, which it cuts every 8 km and never gets 600 m off
RIVER = [(61.3 + 0.1 * n, 44 + 0.005 * (-1) ** n) for n in range(6)]


@pytest.mark.parametrize(
    ("name", "shape", "crosses"),
    [
        ("across", ACROSS, True),
        ("touching", LineString([(62, 45), (62, 44)]), False),
        ("along", LineString([(61, 44), (63, 44)]), False),
        ("cut at the border, and a hair beyond", LineString([(62, 45), (62, 44 - 1e-9)]), False),
        ("down a river to the far side", LineString([(61.2, 44.5), *RIVER, (62, 43.5)]), True),
        ("down a river and back", LineString([(61.2, 44.5), *RIVER, (62, 44.5)]), False),
        ("leopard", ACROSS, False),  # a species that does not occur here
    ],
)
def test_a_crossing_goes_from_one_state_into_another(tmp_path, name, shape, crosses):
    sites, ranges = {"A": box(61, 43, 63, 45)}, {SAIGA: [box(61, 43, 63, 45)]}
    ranges[LEOPARD] = [box(57, 41, 58, 42)]
    c5 = row(found(tmp_path, sites, ranges, corridors=corridors(**{name: shape})), "A", "C5")
    # a corridor that does not cross gives 0, one of a species that is not there gives nothing
    assert c5["value"] == 1 if crosses else not c5["value"] > 0


def test_a_corridor_that_reaches_an_adjacent_site_counts_for_it(tmp_path):
    # `near` lies 11 km north of the border and is let in by an override; its corridor leaves it and
    # crosses the border within 50 km. `other` has no override.
    shapes = {"near": box(61, 44.1, 62, 45), "other": box(62.5, 44.1, 63.5, 45)}
    ranges = {SAIGA: [box(61, 43, 64, 45)]}
    lines = corridors(
        L1=LineString([(61.5, 44.5), (61.5, 43.5)]), L2=LineString([(63, 44.5), (63, 43.5)])
    )
    table = found(tmp_path, shapes, ranges, corridors=lines)
    assert row(table, "near", "G1")["met"] == True  # noqa: E712
    assert row(table, "near", "G2")["met"] == True  # noqa: E712
    assert row(table, "near", "C5")["value"] == 1
    assert row(table, "other", "G2")["met"] == False  # noqa: E712


# -- borders have a width, limits hold, grounds are one ----------------------------------------------


@pytest.mark.slow
def test_a_side_that_is_a_strip_is_said_and_told_apart(tmp_path):
    # Uzbekistan has a strip of 0.03° (3.3 km) of the site, 267 km²: within the 5 km that the border
    # may be off. It counts; without it the site lies in one state.
    sites, ranges = {"A": box(61, 43.97, 62, 44.3)}, {SAIGA: [box(61, 43, 63, 45)]}
    table = found(tmp_path, sites, ranges)
    g1 = row(table, "A", "G1")
    assert g1["met"] == True  # noqa: E712
    assert g1["met_without_strips"] == False  # noqa: E712
    assert "only within 5 km of the border as drawn" in g1["because"]
    g1 = row(found(tmp_path, sites, ranges, text="[borders]\nerror_km = 2\n"), "A", "G1")
    assert g1["met_without_strips"] == True  # noqa: E712


def test_designations_on_one_ground_are_one_of_a_pair(tmp_path):
    north, south = box(61, 44, 62, 45), box(61, 43, 62, 44)
    areas = {
        "shapes": [north, north, south, box(61.5, 43.9, 61.7, 44.1)],
        "pa_id": ["a", "b", "c", "d"],
        "name": ["Park", "Reserve", "South", "Both"],
        "iso2": ["KZ", "KZ", "UZ", "KZ;UZ"],
    }
    sites, ranges = {"A": box(61, 43, 63, 45)}, {SAIGA: [box(61, 43, 63, 45)]}
    c7 = row(found(tmp_path, sites, ranges, protected_areas=areas), "A", "C7")
    # Park, Reserve and the northern part of Both are one ground; South and its southern part another.
    assert "1 pair of protected areas faces each other across a border" in c7["because"]
    assert "(KZ–UZ, 0 km)" in c7["because"]


# -- what it would take -----------------------------------------------------------------------------


@pytest.mark.slow
def test_what_it_takes_meets_the_criterion_when_it_is_done():
    # Every outline of missing ground that is told of a hotspot is added to it and measured again.
    plan = read_plan(None)
    pieces = cut(load(plan), plan)
    hotspots = pieces.layers.hotspots
    drawn = assess_sites(hotspots, pieces, plan, site="hotspot_id")
    takes = what_it_takes(hotspots, pieces, plan, drawn, site="hotspot_id")
    ground = takes[takes["kind"] == "ground"]
    assert len(ground) >= 10
    shapes = hotspots.set_index("hotspot_id").geometry
    done = {
        f"{site}={criterion}": shapely.union_all([shapes[site], *rows.geometry])
        for (site, criterion), rows in ground.groupby(["site", "criterion"])
    }
    sites = gpd.GeoDataFrame(
        {"unit_id": list(done)}, geometry=list(done.values()), crs=hotspots.crs
    )
    after = assess_sites(sites, pieces, plan).findings.criteria
    for name in done:
        assert row(after, name, name.partition("=")[2])["met"] == True, name  # noqa: E712
    # The western Tian Shan lacks a hair of the snow leopard's range.
    assert row(takes, "H14", "C3")["says"].startswith(
        "C3 lacks 0.033 points of Snow leopard range (581 km² more of it"
    )


# -- what may not change anything --------------------------------------------------------------------


def scenario() -> tuple[dict[str, Any], dict[str, list[Any]], dict[str, Any]]:
    sites = {"A": box(61, 43, 63, 45), "B": box(60.2, 43.2, 61.2, 44.6)}
    ranges = {SAIGA: [box(61, 43, 63, 45)], "Gazella subgutturosa": [box(60.5, 42, 62, 47)]}
    return sites, ranges, corridors(L1=ACROSS)


def plain(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values(["site", "criterion"], ignore_index=True)


@pytest.mark.slow
def test_nothing_changes_that_should_not(tmp_path):
    sites, ranges, lines = scenario()
    reference = plain(found(tmp_path / "reference", sites, ranges, corridors=lines))
    shuffled = dict(reversed(ranges.items()))
    doubled = {name: [*shapes, *shapes] for name, shapes in ranges.items()}
    turned = {name: [shape.reverse() for shape in shapes] for name, shapes in ranges.items()}
    far = ranges | {"Equus kiang": [box(57, 41, 58, 42)]}
    halves = dict(STATES)
    halves.pop("TM")
    halves = {"TM": shapely.MultiPolygon([box(56, 40, 58, 44), box(58, 40, 60, 44)])} | halves
    for name, variant, states in (
        ("shuffled", shuffled, STATES),
        ("doubled", doubled, STATES),
        ("turned", turned, STATES),
        ("far", far, STATES),
        ("split", ranges, halves),
    ):
        table = plain(found(tmp_path / name, sites, variant, corridors=lines, states=states))
        pd.testing.assert_frame_equal(table, reference, obj=name)


def test_no_score_falls_by_added_evidence_of_movement():
    from cami_units.plan import read_profile
    from cami_units.rank import value_scores

    profile = read_profile()
    numbers = pd.DataFrame(
        {"n_transboundary": [3.0, 6.0], "threat_weight": [7.5, 15.0], "max_share": [10.0, 20.0]}
    )
    before = value_scores(numbers.assign(movement_grade=float("nan")), profile)
    for grade in (0.0, 0.25, 0.5, 0.75, 1.0):
        assert (value_scores(numbers.assign(movement_grade=grade), profile) >= before).all()
