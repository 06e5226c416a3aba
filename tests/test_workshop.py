"""Identity, comparison and merging on squares in the plane, with answers by hand.

Units are squares of 100 km side in the equal-area CRS (10,000 km²)::

    CU-001  x   0–100    CU-002  x 200–300    CU-003  x 400–500      all y 0–100
    section S1: x < 350 (CU-001, CU-002)      section S2: the rest
"""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate

from cami_units import words, workshop
from cami_units.model import EQUAL_AREA, InputError, Note
from cami_units.workshop import bare_name, rejects, spoken_id
from cami_units.workshop._identity import Identified, Placemark, _once
from cami_units.workshop._unit_ids import _SPEAKS_OF_UNITS, _in_a_sentence
from cami_units.workshop._versions import _emptied_names
from tests.conftest import km_box

SQUARES = {
    "CU-001": km_box(0, 0, 100, 100),
    "CU-002": km_box(200, 0, 300, 100),
    "CU-003": km_box(400, 0, 500, 100),
}


@pytest.fixture(scope="module")
def base() -> gpd.GeoDataFrame:
    ids = list(SQUARES)
    table = {
        "unit_id": ids,
        "name_en": ["One", "Two", "Three"],
        "name_ru": ["Один", "Два", "Три"],
        "status": "modelled candidate",
        "rev": "00",
        "outline": list(SQUARES.values()),
    }
    return gpd.GeoDataFrame(table, geometry=list(SQUARES.values()), crs=EQUAL_AREA)


@pytest.fixture(scope="module")
def sections() -> gpd.GeoDataFrame:
    columns = {"section_id": ["S1", "S2"], "name_en": ["W", "E"], "name_ru": ["З", "В"]}
    shapes = [km_box(-500, -500, 350, 500), km_box(350, -500, 900, 500)]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=EQUAL_AREA)


def row(shape, name="", cu_id="", *, group="S1", part="", rev="00", placemark_id="", file=None):
    return {
        "file": file or f"edit_{group}.kmz",
        "group": group,
        "folder": "2 Units",
        "name": name,
        "comment": "",
        "cu_id": cu_id,
        "part": part,
        "rev": rev,
        "placemark_id": placemark_id,
        "untouched": False,
        "outline_hash": "",
        "section_id": "",
        "outline": shape,
    }


def unit(unit_id, shape=None, **more):
    names = {"CU-001": "One", "CU-002": "Two", "CU-003": "Three"}
    name = more.pop("name", f"{unit_id} {names.get(unit_id, 'x')}")
    return row(SQUARES[unit_id] if shape is None else shape, name, unit_id, **more)


def brought(base, rows, *, folder_there=True, owners=None):
    """What each group brought, and what is needed to merge it."""
    drawn = gpd.GeoDataFrame(
        pd.DataFrame(rows), geometry=[one["outline"] for one in rows], crs=EQUAL_AREA
    )
    ground = workshop.Ground(drawn, base)
    owners = owners or {"CU-001": "S1", "CU-002": "S1", "CU-003": "S2"}
    marks = workshop.placemarks_of(drawn)
    made = []
    for group in sorted({one["group"] for one in rows}):
        files = [
            workshop.GroupFile(file, group, folder_there, tuple(m for m in marks if m.file == file))
            for file in sorted({m.file for m in marks if m.group == group})
        ]
        mine = [unit_id for unit_id, owner in owners.items() if owner == group]
        ordered = workshop.fullest_first(files)
        made.append(
            workshop.versions_of_group(
                group, ordered, base, drawn, ground, owned=mine, expected=mine
            )
        )
    return drawn, ground, made, owners


def merged(base, rows, *, overlap="section-owner", outside="keep", resolutions=None, **more):
    drawn, ground, made, owners = brought(base, rows, **more)
    rules = workshop.Rules(overlap, outside, ("S1", "S2"), owners, resolutions or {})
    inside = {place: {"": 1e9, one["group"]: 1e9} for place, one in enumerate(rows)}
    return workshop.merged(base, drawn, ground, made, rules, ground_inside=inside, used_ids=())


def told(outcome):
    return [(one.unit_id, one.change, one.group) for one in outcome.changes]


WEST = [unit("CU-001"), unit("CU-002")]
EAST = [unit("CU-003", group="S2")]


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(*[st.integers(0, 300)] * 2, *[st.integers(20, 200)] * 2, st.sampled_from("AB")),
        min_size=1,
        max_size=8,
    )
)
def test_pairs_are_found_as_by_looking_at_every_pair(base, rectangles):
    """Two groups draw rectangles anywhere east of the units; the witness measures every pair.

    One place: the joint ground of rectangles of two groups at least half shared. One question: they
    share at least 1 % of the smaller one.
    """
    shapes = [km_box(1000 + x, y, 1000 + x + w, y + h) for x, y, w, h, _ in rectangles]
    rows = [
        row(shape, f"New {place}", group={"A": "S1", "B": "S2"}[one[-1]])
        for place, (shape, one) in enumerate(zip(shapes, rectangles, strict=True))
    ]
    ground = brought(base, rows)[1]
    shared = {
        (a, b): shapes[a].intersection(shapes[b]).area / 1e6
        for a in range(len(shapes))
        for b in range(a + 1, len(shapes))
    }
    alike = {
        (a, b): km2 / (ground.area[a] + ground.area[b] - km2) for (a, b), km2 in shared.items()
    }
    found = ground.perhaps_alike(range(len(shapes)), 0.5)
    assert found == sorted(found)
    assert {pair for pair, index in alike.items() if index >= 0.5} <= set(found)
    ground.measure(found)
    assert {pair: ground.between(*pair) for pair in found} == pytest.approx(
        {pair: shared[pair] for pair in found}
    )
    outcome = merged(base, rows, overlap="ask")
    place = {f"New {number}": number for number in range(len(rows))}
    drawn = {one.unit_id: place[one.placemark] for one in outcome.changes if one.change == "new"}
    pairs = {
        tuple(sorted(drawn[unit_id] for unit_id in conflict.unit_id.split(";"))): conflict.kind
        for conflict in outcome.conflicts
        if ";" in conflict.unit_id
    }
    asked = {
        (a, b): "same new area" if alike[a, b] >= 0.5 else "overlap"
        for (a, b), km2 in shared.items()
        if a in drawn.values() and b in drawn.values()
        if rows[a]["group"] != rows[b]["group"]
        if alike[a, b] >= 0.5 or km2 >= 0.01 * min(ground.area[a], ground.area[b])
    }
    assert pairs == asked


# -- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *("X CU-012", "x CU-012 Wakhan", "Х CU-012", "× CU-012", "XCU-012", "X"),
        # the how-to says both: leave the id in front, and put X before the name
        *(
            "CU-012 X Wakhan",
            "CU-012 Х Вахан",
            "CU-012 X",
            "cu 12 - x Wakhan",
            "CU-012 [X] Wakhan",
            "CU-012X Wakhan",
            "CU-012х",
            "CU-012 X CU-012 Wakhan",
        ),
        # wide letters of a Chinese keyboard, a Greek X, a stroke, and the quotes that the how-to prints
        *("Ｘ CU-012 A", "Ｘ ＣＵ－０１２", "ＣＵ－０１２ ｘ A", "Χ CU-012", "X/CU-012"),
        *('"X CU-012 A"', "«X CU-012 A»", "“X” CU-012"),
    ],
)
def test_an_x_before_the_name_rejects(name):
    assert rejects(name)


@pytest.mark.parametrize("name", ["帕米尔：北部", "ＵＮＥＳＣＯ 1号？", "Ａ＝Ｂ"])
def test_a_name_in_wide_letters_stays_as_it_is_written(name):
    assert bare_name(f"ＣＵ－００６ {name}") == name == bare_name(f"CU-006 {name}")


@pytest.mark.parametrize(
    "name",
    [
        *("Xinjiang", "Хангай", "", "Xylem steppe", "CU-012 Xinjiang", "CU-012 Хангай"),
        *("X/Y ridge", "«Хан» ridge", '"Xinjiang"'),
        *("CU-012 X-ray ridge", "CU-012 Wakhan X", "CU-012a"),
        # what is between two units
        *(
            "CU-016 x CU-020 corridor",
            "CU-016 × cu 20",
            "CU-016 + CU-017 х СУ-020",
            "CU-016xCU-020",
        ),
    ],
)
def test_a_name_that_begins_with_x_does_not(name):
    assert not rejects(name)


@pytest.mark.parametrize(
    ("name", "unit_id"),
    [
        ("CU-012 Wakhan", "CU-012"),
        ("cu 12", "CU-012"),
        ("CU12a rest", "CU-012a"),
        ("X CU-7", "CU-007"),
        ("СU-012", "CU-012"),  # the first letter is Cyrillic
        ("СУ-012 Вахан", "CU-012"),  # both are
        ("су 12", "CU-012"),
        ("суша 12", ""),
        ("CU-014а Тянь-Шань", "CU-014a"),  # the last letter is Cyrillic
        ("CU-014б", "CU-014b"),
        ("CU-014В", "CU-014b"),
        ("CU-014X Тянь-Шань", "CU-014"),  # no piece: the X rejects
        ("CU-014ж Вахан", ""),
        ("CUT-12", ""),
        ("Wakhan CU-012", ""),
        ("", ""),
    ],
)
def test_the_id_in_front_of_a_name(name, unit_id):
    assert spoken_id(name) == unit_id


_OF_SENTENCES = (
    *(
        "CU",
        "СУ",
        "cu-",
        "unit",
        "units",
        "Unit no.",
        "pcu",
        "p.c.u.",
        "ед. №",
        "единицы",
        "нэгж",
        "нэгжүүд",
    ),
    *(
        "保护单元",
        "单元",
        "第",
        "号",
        "participants",
        "участок",
        "№",
        "#",
        "3",
        "012",
        "4a",
        "9 May",
        "к",
        "р",
    ),
    *(" ", " ", "-", "–", ", ", " and ", " и ", " from ", " to ", "到", "和", "; "),
)


@given(st.lists(st.sampled_from(_OF_SENTENCES), max_size=12).map("".join))
@settings(max_examples=500, deadline=None)
def test_no_unit_is_spoken_of_in_a_line_that_is_not_looked_at(line):
    """Most names have no word for a unit: only the others are read as sentences."""
    assert _SPEAKS_OF_UNITS.search(line) or not _in_a_sentence().search(line)


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("CU-012 Wakhan (part 2)", "Wakhan"),
        ("CU-012 Вахан (часть 1)", "Вахан"),
        ("Untitled Polygon", ""),
        ("Untitled Path (3)", ""),
        ("Многоугольник без названия", ""),
        ("Polygon 4", ""),
        ("New steppe", "New steppe"),
    ],
)
def test_what_is_left_of_a_name(name, bare):
    assert bare_name(name) == bare


# -- groups ---------------------------------------------------------------------------------------


def test_each_unit_is_given_to_the_group_that_holds_most_of_it(base, sections):
    groups = workshop.groups_of({}, sections)
    table = workshop.allocated(base, sections, groups).set_index("unit_id")
    assert table["group"].to_dict() == {"CU-001": "S1", "CU-002": "S1", "CU-003": "S2"}
    assert table["share"].tolist() == pytest.approx([100, 100, 100])


def test_a_unit_in_no_section_goes_to_the_nearest(base, sections):
    far = base.iloc[[2]].assign(geometry=[km_box(1000, 0, 1100, 100)])
    table = workshop.allocated(far, sections, {"G": ("S1",), "H": ("S2",)})
    assert table.loc[0, ["group", "section_id", "share"]].tolist() == ["H", "S2", 0.0]


def test_a_group_with_two_sections_holds_the_sum(base, sections):
    across = base.iloc[[0]].assign(geometry=[km_box(290, 0, 390, 100)])  # 60 % in S1, 40 % in S2
    table = workshop.allocated(across, sections, {"G": ("S1", "S2")})
    assert table.loc[0, ["group", "section_id"]].tolist() == ["G", "S1"]
    assert table.loc[0, "share"] == pytest.approx(100)


def test_two_groups_on_one_section_both_hold_its_units_and_the_first_named_owns_them(
    base, sections
):
    groups = {"G": ("S1",), "H": ("S1", "S2")}
    table = workshop.allocated(base, sections, groups)
    assert table["group"].tolist() == ["G", "G", "H"]
    held = workshop.units_in_packs(table, groups)
    assert held == {"G": ["CU-001", "CU-002"], "H": ["CU-001", "CU-002", "CU-003"]}


def test_without_sections_there_is_one_group(base):
    groups = workshop.groups_of({}, None)
    assert groups == {workshop.EVERYBODY: ()}
    assert set(workshop.allocated(base, None, groups)["group"]) == {workshop.EVERYBODY}


def test_a_section_that_is_not_there_is_named(sections):
    with pytest.raises(
        InputError, match=r"sections that are not there: S9.*The sections are S1, S2"
    ):
        workshop.groups_of({"G": ("S9",)}, sections)


# -- comparing ------------------------------------------------------------------------------------


def test_what_is_handed_back_as_it_was_changes_nothing(base):
    outcome = merged(base, [*WEST, *EAST])
    assert told(outcome) == [
        ("CU-001", "kept", "S1"),
        ("CU-002", "kept", "S1"),
        ("CU-003", "kept", "S2"),
    ]
    assert outcome.conflicts == []
    assert outcome.sites == {}


@given(
    turn=st.integers(0, 3),
    noise=st.floats(-1.5, 1.5),
    reverse=st.booleans(),
    order=st.permutations(range(3)),
)
def test_rings_turned_reversed_and_blurred_by_a_metre_are_kept(base, turn, noise, reverse, order):
    def saved(shape):
        points = [(x + noise, y - noise) for x, y in shape.exterior.coords[:-1]]
        points = points[turn:] + points[:turn]
        return shapely.Polygon(points[::-1] if reverse else points)

    rows = [
        unit(one, saved(SQUARES[one]), group="S2" if one == "CU-003" else "S1") for one in SQUARES
    ]
    outcome = merged(base, [rows[place] for place in order])
    assert {change for _, change, _ in told(outcome)} == {"kept"}


def test_a_unit_in_parts_is_one(base):
    parts = shapely.MultiPolygon([km_box(0, 0, 100, 100), km_box(0, 120, 50, 170)])
    whole = base.copy()
    whole.loc[0, "geometry"] = parts
    rows = [
        unit("CU-001", parts.geoms[1], part="2", name="CU-001 One (part 2)"),
        unit("CU-001", parts.geoms[0], part="1", name="CU-001 One (part 1)"),
        WEST[1],
    ]
    assert told(merged(whole, rows))[:1] == [("CU-001", "kept", "S1")]


def test_a_part_that_is_there_twice_is_contested(base):
    rows = [unit("CU-001", part="1"), unit("CU-001", km_box(0, 150, 90, 240), part="1"), WEST[1]]
    outcome = merged(base, rows)
    assert ("CU-001", "conflict", "S1") in told(outcome)
    assert ("CU-004", "new", "S1") in told(outcome)
    assert outcome.conflicts[0].sites == (("base", "CU-001"), ("CU-004", "CU-004"))


def test_what_covers_the_same_ground_is_there_once_whatever_else_is_as_large(base):
    """A side longer by 5 m adds 1 part in 20,000 of the area, one by 50 m 1 in 2,000; twins differ by 1 in 10,000."""
    shapes = [km_box(0, 1000, 100, 1100 + more) for more in (0, 0.005, 0.05)]
    shapes += [km_box(200, 1000, 300, 1100), shapes[2], km_box(0, 1300, 70, 1370)]
    rows = [unit("", shape, name=f"New {number}") for number, shape in enumerate(shapes)]
    ground, marks = brought(base, rows)[1], workshop.placemarks_of(brought(base, rows)[0])
    for order in (marks, marks[::-1]):
        found = Identified()
        kept = {mark.place for mark in _once(order, ground, found)}
        assert {len(kept & twins) for twins in ({0, 1}, {2, 4}, {3}, {5})} == {1}
        assert [one.note.key for one in found.notices] == ["drawn twice"] * 2


@pytest.mark.parametrize("files", [("a.kml",), ("a.kml", "b.kml")])
def test_squares_of_a_grid_are_held_against_their_neighbours_only(base, monkeypatch, files):
    """All are as large as each other. Of 20 by 20 squares each touches eight at most: in its file, and in the other."""
    corners = [(x, y) for x in range(0, 200, 10) for y in range(1000, 1200, 10)]
    squares = [km_box(x, y, x + 10, y + 10) for x, y in corners]
    rows = [
        unit("", shape, name=f"Plot {number}", file=file)
        for file in files
        for number, shape in enumerate(squares)
    ]
    held: list[tuple[int, int]] = []
    could_share = workshop.Ground.could_share

    def counted(ground, first, second):
        held.append((first, second))
        return could_share(ground, first, second)

    monkeypatch.setattr(workshop.Ground, "could_share", counted)
    versions = brought(base, rows)[2][0]
    assert len(versions.new_shapes) == len(squares)
    assert len(versions.dropped_shapes) == len(rows) - len(squares)
    assert len(held) < 2 * 8 * len(rows)


def test_the_more_alike_keeps_the_id_whichever_comes_first(base):
    near, far = unit("CU-001", km_box(5, 0, 105, 100)), unit("CU-001", km_box(60, 0, 160, 100))
    for rows in ([near, far, WEST[1]], [far, near, WEST[1]]):
        outcome = merged(base, rows)
        places = outcome.sites["CU-001"]
        assert rows[places[0]] is near


def test_halves_under_one_id_are_a_split(base):
    west, east = km_box(0, 0, 60, 100), km_box(60, 0, 100, 100)
    outcome = merged(base, [unit("CU-001", east), unit("CU-001", west), WEST[1]])
    # The larger one is "a".
    assert [one.unit_id for one in outcome.units] == ["CU-001a", "CU-001b", "CU-002", "CU-003"]
    assert outcome.sites["CU-001a"] == (1,)
    assert ("CU-001", "split", "S1") in told(outcome)


@pytest.mark.parametrize(
    ("letters", "used_ids", "ids"),
    [
        (("a", "c"), [], ["CU-001a", "CU-001c"]),  # b was merged into a on the page
        (("a", "c"), ["CU-001c"], ["CU-001a", "CU-001b"]),
        (("", ""), [], ["CU-001a", "CU-001b"]),
    ],
)
def test_pieces_have_the_letters_that_their_group_saw(base, letters, used_ids, ids):
    """Remarks and activities speak of CU-001c: it must not come back as another piece."""
    shapes = (km_box(0, 0, 60, 100), km_box(60, 0, 100, 100))
    rows = [
        unit("CU-001", shape) | {"facts": workshop.drawn_facts({"piece": letter, "label": "x"})}
        for shape, letter in zip(shapes, letters, strict=True)
    ]
    rows += [WEST[1] | {"facts": workshop.drawn_facts({})}]
    drawn, ground, made, owners = brought(base, rows)
    rules = workshop.Rules("ask", "keep", ("S1", "S2"), owners, {})
    inside = {place: {"": 1.0} for place in range(3)}
    outcome = workshop.merged(
        base, drawn, ground, made, rules, ground_inside=inside, used_ids=used_ids
    )
    assert [one.unit_id for one in outcome.units][:2] == ids


def test_a_piece_is_split_on_with_letters_that_nobody_had(base):
    older = base.assign(unit_id=["CU-001a", "CU-002", "CU-003"])
    older[["name_en", "name_ru"]] = older[["name_en", "name_ru"]].map("{} (a)".format)
    west, east = km_box(0, 0, 60, 100), km_box(60, 0, 100, 100)
    rows = [unit("CU-002"), row(west, "", "CU-001a"), row(east, "", "CU-001a")]
    owners = {"CU-001a": "S1", "CU-002": "S1", "CU-003": "S2"}
    drawn, ground, made, _ = brought(older, rows, owners=owners)
    rules = workshop.Rules("ask", "keep", ("S1", "S2"), owners, {})
    inside = {place: {"": 1.0} for place in range(3)}
    outcome = workshop.merged(
        older, drawn, ground, made, rules, ground_inside=inside, used_ids=["CU-001b"]
    )
    pieces = outcome.units[:2]
    assert [one.unit_id for one in pieces] == ["CU-001c", "CU-001d"]
    [whole] = base.loc[base["unit_id"] == "CU-001", "name_en"]
    assert [one.name_en for one in pieces] == [f"{whole} (c)", f"{whole} (d)"]


def test_two_new_shapes_that_make_up_a_vanished_unit_are_its_split(base):
    halves = [row(km_box(0, 0, 50, 100), "north"), row(km_box(50, 0, 100, 100), "south")]
    outcome = merged(base, [*halves, WEST[1]])
    # Each is half of it, Jaccard ½: the first is the unit by its ground, or both are its pieces.
    assert {change for name, change, _ in told(outcome) if name == "CU-001"} <= {
        "reshaped",
        "split",
    }
    thirds = [row(km_box(x, 0, x + 100 / 3, 100), f"p{x}") for x in (0, 100 / 3, 200 / 3)]
    outcome = merged(base, [*thirds, WEST[1]])
    assert ("CU-001", "split", "S1") in told(outcome)


def test_a_vanished_unit_that_another_shape_covers_is_merged(base):
    outcome = merged(base, [unit("CU-001", km_box(0, 0, 300, 100))])
    assert ("CU-002", "merged", "S1") in told(outcome)
    [settled] = [one for one in outcome.units if one.unit_id == "CU-002"]
    assert (settled.status, settled.into) == ("merged", "CU-001")


def test_two_units_that_a_gis_has_dissolved_are_one_though_no_folder_is_there(base):
    """CU-001 has the ground of both to the last corner; a hand that draws over both goes beyond, and is asked."""
    both = shapely.union_all([SQUARES["CU-001"], SQUARES["CU-002"]])
    outcome = merged(base, [unit("CU-001", both)], folder_there=False)
    assert told(outcome)[:2] == [("CU-001", "reshaped", "S1"), ("CU-002", "merged", "S1")]
    outcome = merged(base, [unit("CU-001", km_box(0, 0, 300, 100))], folder_there=False)
    assert ("CU-002", "absent", "S1") in told(outcome)


def test_it_may_be_merged_into_a_new_shape(base):
    outcome = merged(base, [row(km_box(-100, -100, 400, 200), "all of it")])
    into = {one.unit_id: one.into for one in outcome.units}
    assert into["CU-001"] == into["CU-002"] == "CU-004"


def test_what_came_back_as_handed_out_takes_no_unit_in(base):
    inner = km_box(20, 20, 60, 60)
    table = base.assign(outline=base.geometry)
    table.loc[1, ["outline", "geometry"]] = [inner, inner]  # CU-002 lies in CU-001
    assert ("CU-002", "deleted", "S1") in told(merged(table, [WEST[0]]))
    assert ("CU-002", "merged", "S1") in told(merged(table, [unit("CU-001", BIGGER)]))


@pytest.mark.parametrize(("there", "change"), [(True, "deleted"), (False, "absent")])
def test_deleted_and_absent_are_told_apart_and_neither_is_applied(base, there, change):
    outcome = merged(base, [WEST[1]], folder_there=there)
    assert ("CU-001", change, "S1") in told(outcome)
    [settled] = [one for one in outcome.units if one.unit_id == "CU-001"]
    assert (settled.status, settled.site) == ("modelled candidate", "")


@pytest.mark.parametrize(
    ("shape", "fields", "matched_by"),
    [
        (None, {"cu_id": "CU-001"}, "cu_id"),
        (None, {"placemark_id": "CU-001.1"}, "id"),
        (None, {"name": "CU-001 something"}, "name"),
        (km_box(10, 0, 110, 100), {"name": "Untitled Polygon"}, "overlap"),  # 90/110
    ],
)
def test_identity_goes_through_the_layers(base, shape, fields, matched_by):
    outcome = merged(base, [row(shape or SQUARES["CU-001"], **fields), WEST[1]])
    found = {one.matched_by for one in outcome.changes if one.unit_id == "CU-001"}
    assert found == {matched_by}


def test_half_the_ground_is_not_enough_to_be_a_unit(base):
    # 60 of 140 km: Jaccard 0.43
    outcome = merged(base, [row(km_box(40, 0, 140, 100), "Untitled Polygon"), WEST[1]])
    assert ("CU-001", "deleted", "S1") in told(outcome)
    assert ("CU-004", "new", "S1") in told(outcome)


def test_an_id_in_the_placemark_never_beats_the_data(base):
    both = unit("CU-001", placemark_id="CU-002")
    outcome = merged(base, [both, WEST[1]])
    assert ("CU-001", "kept", "S1") in told(outcome)


def test_a_name_behind_the_id_of_another_unit_waits_with_the_conflict(base):
    """Two names exchanged: which of the two ids was meant is asked, and nothing is renamed meanwhile."""
    swapped = [unit("CU-001", name="CU-002 Two"), unit("CU-002", name="CU-001 One")]
    outcome = merged(base, [*swapped, *EAST])
    assert [(one.unit_id, one.kind) for one in outcome.conflicts] == [
        ("CU-001", "id"),
        ("CU-002", "id"),
    ]
    names = {one.unit_id: one.name_en for one in outcome.units}
    assert names == dict(zip(base["unit_id"], base["name_en"], strict=True))
    assert "renamed" not in {one.change for one in outcome.changes}


@pytest.mark.parametrize("letters", ["ab", "аб"])  # the second are Cyrillic
def test_letters_behind_the_id_of_a_unit_are_those_of_its_pieces(base, letters):
    west, east = km_box(0, 0, 60, 100), km_box(60, 0, 100, 100)
    names = [
        f"CU-001{letter} {word}" for letter, word in zip(letters, ("West", "East"), strict=True)
    ]
    for cu_id in ("CU-001", ""):
        rows = [row(shape, name, cu_id) for shape, name in zip((west, east), names, strict=True)]
        outcome = merged(base, [*rows, unit("CU-002"), *EAST])
        pieces = {one.unit_id: one.name_en for one in outcome.units if one.parent == "CU-001"}
        assert pieces == {"CU-001a": "West", "CU-001b": "East"}
        assert not outcome.conflicts


def test_a_piece_is_called_as_its_group_called_it_in_both_languages(base):
    west, east = km_box(0, 0, 50, 100), km_box(50, 0, 100, 100)
    rows = [row(west, "Badkhyz", "CU-001"), row(east, "CU-001 One", "CU-001"), WEST[1]]
    names = {one.unit_id: (one.name_en, one.name_ru) for one in merged(base, rows).units}
    assert {names["CU-001a"], names["CU-001b"]} >= {("Badkhyz", "Badkhyz")}
    assert {names["CU-001a"], names["CU-001b"]} & {("One (a)", "Один (a)"), ("One (b)", "Один (b)")}


def test_a_name_that_another_unit_has_is_kept_and_told_apart(base):
    """A copy of a unit brings its name along; what a group typed is its own."""
    shapes = [km_box(0, y, 100, y + 100) for y in (200, 400)]
    rows = [row(shapes[0], "Two"), row(shapes[1], "two"), *WEST]
    outcome = merged(base, rows)
    names = {one.unit_id: one.name_en for one in outcome.units}
    assert {names["CU-004"], names["CU-005"]} == {"Two (2)", "two (3)"}
    notes = [one for change in outcome.changes for one in change.notes]
    assert Note("name doubled", {"name": "Two", "called": "Two (2)"}) in notes
    copied = merged(base, [row(shapes[0], "CU-002 Two", "CU-002"), *WEST])
    assert {one.name_en for one in copied.units if one.unit_id == "CU-004"} == {""}


# -- merging --------------------------------------------------------------------------------------

BIGGER = km_box(-10, 0, 100, 100)
SHIFTED = km_box(30, 0, 130, 100)


def two(owner=BIGGER, other=SHIFTED):
    rows = [unit("CU-001", other, group="S2", name="CU-001 One"), WEST[1], *EAST]
    return [*rows, unit("CU-001", owner)] if owner is not None else rows


@pytest.mark.parametrize(
    ("rule", "default", "km2"),
    [
        ("section-owner", "keep S1", 11_000),
        ("first", "keep S1", 11_000),
        ("union", "union", 14_000),  # x from -10 to 130
        ("ask", "ask plenary", 10_000),
    ],
)
def test_the_default_of_the_plan_decides_between_two_versions(base, rule, default, km2):
    rows = two()
    outcome = merged(base, rows, overlap=rule)
    [conflict] = [one for one in outcome.conflicts if one.unit_id == "CU-001"]
    assert (conflict.groups, conflict.default) == ("S1;S2", default)
    assert conflict.overlap_km2 == pytest.approx(7_000)  # x from 30 to 100
    [settled] = [one for one in outcome.units if one.unit_id == "CU-001"]
    drawn = gpd.GeoDataFrame(
        pd.DataFrame(rows), geometry=[r["outline"] for r in rows], crs=EQUAL_AREA
    )
    sites = workshop.outlines(outcome, base, drawn).set_index("site")
    shape = sites.geometry[settled.site] if settled.site else SQUARES["CU-001"]
    assert shape.area / 1e6 == pytest.approx(km2)


def test_what_is_not_taken_is_set_aside(base):
    outcome = merged(base, two())
    assert [(one.unit_id, one.group) for one in outcome.set_aside] == [("CU-001", "S2")]


def test_two_groups_that_ask_for_the_same_are_no_conflict(base):
    outcome = merged(base, two(owner=BIGGER, other=translate(BIGGER, 1, 1)))
    assert [one for one in outcome.conflicts if one.unit_id == "CU-001"] == []
    [settled] = [one for one in outcome.units if one.unit_id == "CU-001"]
    assert settled.site == "CU-001"
    # each is told that it applies, and the second of whom it agrees with
    asked = [one for one in outcome.changes if one.unit_id == "CU-001"]
    assert {one.group: one.applied for one in asked} == {"S1": True, "S2": True}
    [other] = [one for one in asked if one.group == "S2"]
    assert other.notes[-1] == Note("asked by others too", {"groups": ["S1"]})


def test_a_stranger_alone_does_not_change_a_unit_under_the_owners_rule(base):
    rows = [unit("CU-001", SHIFTED, group="S2"), *EAST]
    [conflict] = merged(base, rows).conflicts
    assert (conflict.kind, conflict.default) == ("another group's unit", "ask plenary")
    [settled] = [
        one for one in merged(base, rows, overlap="first").units if one.unit_id == "CU-001"
    ]
    assert settled.site == "CU-001"


def test_row_order_changes_nothing(base):
    rows = [
        *two(),
        row(km_box(600, 0, 700, 90), "new", group="S2"),
        row(km_box(0, 300, 90, 390), "n"),
    ]
    one, other = merged(base, rows), merged(base, rows[::-1])
    assert one.units == other.units
    assert sorted(map(str, told(one))) == sorted(map(str, told(other)))


def test_new_units_go_on_after_the_highest_number_ever_given(base):
    rows = [
        *WEST,
        *EAST,
        row(km_box(0, 300, 90, 390), "small"),
        row(km_box(0, 500, 150, 650), "large"),
    ]
    drawn, ground, made, owners = brought(base, rows)
    rules = workshop.Rules("ask", "keep", ("S1", "S2"), owners, {})
    inside = {place: {"": 1.0, "S1": 1e9, "S2": 1e9} for place in range(len(rows))}
    outcome = workshop.merged(
        base, drawn, ground, made, rules, ground_inside=inside, used_ids=["CU-040"]
    )
    names = {one.unit_id: one.name_en for one in outcome.units if not one.parent}
    assert names == {"CU-041": "large", "CU-042": "small"}


@pytest.mark.parametrize(("rule", "there"), [("ask", True), ("keep", True), ("leave-out", False)])
def test_a_new_unit_outside_the_section_by_each_default(base, rule, there):
    rows = [*WEST, *EAST, row(km_box(600, 0, 700, 100), "east")]
    drawn, ground, made, owners = brought(base, rows)
    rules = workshop.Rules("ask", rule, ("S1", "S2"), owners, {})
    inside = {place: {"": 1.0} for place in range(len(rows))}
    outcome = workshop.merged(base, drawn, ground, made, rules, ground_inside=inside, used_ids=())
    [conflict] = outcome.conflicts
    assert words.said(conflict.what) == "100 % of it lies outside the section of S1"
    assert ("CU-004" in {one.unit_id for one in outcome.units}) is there


def test_a_new_shape_outside_every_range_state_is_set_aside(base):
    rows = [*WEST, row(km_box(0, 300, 90, 390), "sea")]
    drawn, ground, made, owners = brought(base, rows)
    rules = workshop.Rules("ask", "keep", ("S1", "S2"), owners, {})
    outcome = workshop.merged(base, drawn, ground, made, rules, ground_inside={}, used_ids=())
    assert [one.placemark for one in outcome.set_aside] == ["sea"]
    assert outcome.notices[-1].note == Note("new shape off the map")


def test_rejecting_keeps_the_outline_and_says_why(base):
    rows = [unit("CU-001", name="X CU-001 One") | {"comment": "no water"}, WEST[1]]
    [settled] = [one for one in merged(base, rows).units if one.unit_id == "CU-001"]
    assert (settled.status, words.said(settled.reason)) == ("rejected", "Rejected by S1: no water.")
    assert settled.site == ""


# -- resolutions ----------------------------------------------------------------------------------


def test_resolutions_are_read_from_a_filled_in_table_of_conflicts():
    table = pd.DataFrame(
        {
            "unit_id": ["CU-001", "CU-002", "CU-003"],
            "default": ["keep S1", "ask plenary", "union"],
            "resolution": ["keep s2: the pass", "", "Union"],
        }
    )
    found = workshop.resolutions_of(table, groups=["S1", "S2"])
    assert {one.unit_id: (one.choice, one.reason) for one in found.values()} == {
        "CU-001": ("S2", "the pass"),
        "CU-003": ("union", ""),
    }


def test_a_resolution_overrules_the_default(base):
    chosen = workshop.Resolution("CU-001", "S2", "their pass")
    outcome = merged(base, two(), resolutions={"CU-001": chosen})
    [conflict] = [one for one in outcome.conflicts if one.unit_id == "CU-001"]
    assert conflict.resolution == "S2: their pass"
    assert outcome.sites["CU-001"] == (0,)


@pytest.mark.parametrize("typed", [" cu-002 ; CU-1", "CU‑001;CU–002", "CU 1 Talas; cu_2"])
def test_ids_in_resolutions_are_read_as_they_are_in_forms(typed):
    table = pd.DataFrame([{"unit_id": typed, "resolution": "S1", "reason": ""}])
    assert list(workshop.resolutions_of(table, groups=["S1"])) == ["CU-001;CU-002"]


@pytest.mark.parametrize(("unit_id", "choice"), [("CU-002", "S1"), ("CU-002;CU-003", "both")])
def test_what_has_no_conflict_is_not_taken_for_another_one(base, unit_id, choice):
    """Nor are two units whose outlines no longer meet, as another answer has parted them: what is open is named."""
    resolutions = {unit_id: workshop.Resolution(unit_id, choice, "")}
    outcome = merged(base, two(), resolutions=resolutions)
    [idle] = [words.said(one.note) for one in outcome.notices if one.note.facts.get("choice")]
    assert idle == (
        f"resolution {unit_id}, {choice}: it settled nothing, {unit_id} has no open conflict."
        " Open: CU-001."
    )


def test_a_name_is_emptied_where_its_column_is_there_and_not_where_a_file_lost_the_column():
    """A GIS leaves empty cells out: the column is known by the names of other units."""
    unit = {"name_en": "Wakhan", "name_ru": "Вахан"}

    def emptied(data, *others):
        marks = [
            Placemark(0, *[""] * 10, False, facts=workshop.drawn_facts(one))
            for one in (data, *others)
        ]
        identity = Identified({str(place): [mark] for place, mark in enumerate(marks)})
        return [one.facts["column"] for one in _emptied_names(unit, marks[0], identity)]

    whole = {"name_en": "Altai", "name_ru": "Алтай"}
    assert emptied({"name_en": "Wakhan"}, whole) == ["name_ru"]
    assert emptied({"name_en": "Wakhan"}, {"name_en": "Altai"}) == []
    assert emptied({"name_en": "", "name_ru": ""}) == ["name_en", "name_ru"]
    assert emptied({}, whole) == emptied({"label": "drawn"}, whole) == []


def conflicts_of(outcome, unit_id):
    return [one for one in outcome.conflicts if one.unit_id == unit_id]


def test_a_resolution_that_settles_nothing_is_named_with_the_conflict_that_was_perhaps_meant(base):
    """CU-010 for CU-001 leaves the default in force; CU-004 is a new unit that is left out."""
    rows = [*two(), row(km_box(0, 300, 90, 390), "new")]
    answers = {"CU-010": "S2", "valley": "base", "CU-004": "leave-out"}
    resolutions = {name: workshop.Resolution(name, choice, "") for name, choice in answers.items()}
    outcome = merged(base, rows, resolutions=resolutions)
    idle = [one.note for one in outcome.notices if one.note.key == "idle resolution"]
    assert list(map(words.said, idle)) == [
        "resolution CU-010, S2: it settled nothing, there is no such conflict. Did you mean 'CU-001'?",
        "resolution valley, base: it settled nothing, there is no such conflict. Open: CU-001.",
    ]
    [aside] = [one for one in outcome.set_aside if one.unit_id == "CU-004"]
    assert words.said(aside.reason) == "Leave it out"
    # nor does it settle anything to choose what no rule had asked about
    choice = workshop.Resolution("CU-001", "S1", "")
    outcome = merged(base, [unit("CU-001", BIGGER), WEST[1]], resolutions={"CU-001": choice})
    assert [one.note.facts["unit_id"] for one in outcome.notices] == ["CU-001"]
    assert outcome.conflicts == []


@pytest.mark.parametrize(
    ("choice", "names", "places"),
    [
        ("union", {"CU-004": "West"}, (3, 4)),
        ("S1", {"CU-004": "West"}, (3,)),
        ("edit_S2.kmz", {"CU-005": "East"}, (4,)),
        ("delete", {}, ()),
        ("both", {"CU-004": "West", "CU-005": "East"}, (3, 4)),
    ],
)
def test_what_is_said_of_two_new_units_that_share_ground_is_done(base, choice, names, places):
    """They share 30 of 170 km, and are no drawings of one place."""
    west, east = km_box(0, 300, 100, 400), km_box(70, 300, 170, 400)
    rows = [*WEST, *EAST, row(west, "West"), row(east, "East", group="S2")]
    said = {"CU-004;CU-005": workshop.Resolution("CU-004;CU-005", choice, "same steppe")}
    outcome = merged(base, rows, resolutions=said)
    new = {one.unit_id: one for one in outcome.units if not one.parent}
    assert {unit_id: one.name_en for unit_id, one in new.items()} == names
    assert tuple(place for one in new.values() for place in outcome.sites[one.site]) == places
    [conflict] = outcome.conflicts
    assert (conflict.kind, conflict.default, conflict.groups) == ("overlap", "ask plenary", "S1;S2")
    assert (conflict.resolution, conflict.open) == (f"{choice}: same steppe", False)
    assert conflict.overlap_km2 == pytest.approx(3_000)
    assert {one.unit_id for one in outcome.set_aside} == {"CU-004", "CU-005"} - {
        "CU-005" if choice == "union" else "",
        *names,
    }
    assert outcome.notices == []


def test_a_chain_of_unions_loses_no_drawing(base):
    """CU-005 and CU-006 are one place; the first, which shares ground with CU-005, takes in both."""
    shapes = {
        "S1": km_box(0, 300, 120, 420),
        "S2": km_box(80, 300, 180, 400),
        "S3": km_box(85, 300, 185, 400),
    }
    rows = [*WEST, *EAST, *(row(shape, "", group=group) for group, shape in shapes.items())]
    said = {
        pair: workshop.Resolution(pair, "union", "") for pair in ("CU-004;CU-005", "CU-005;CU-006")
    }
    outcome = merged(base, rows, overlap="ask", resolutions=said)
    [whole] = [one for one in outcome.units if not one.parent]
    assert (whole.unit_id, sorted(outcome.sites[whole.site])) == ("CU-004", [3, 4, 5])


def test_an_answer_that_changes_nothing_is_refused_with_what_does(base):
    """S2 draws over CU-001, which S1 drew larger; and S1 draws a unit in the section of S2."""
    over = row(km_box(-100, 0, 0, 100), "Over", group="S2")
    rows = [unit("CU-001", BIGGER), WEST[1], *EAST, over]
    for choice in ("union", "S1", "delete"):
        said = {"CU-001;CU-004": workshop.Resolution("CU-001;CU-004", choice, "")}
        outcome = merged(base, rows, resolutions=said)
        [conflict] = outcome.conflicts
        assert (conflict.kind, conflict.resolution, conflict.open) == ("overlap", "", True)
        [notice] = outcome.notices
        assert words.said(notice.note) == (
            f"resolution CU-001;CU-004, {choice}: it would change nothing here, and the conflict stays "
            "open. Any one of these lines settles it: CU-001;CU-004,both | CU-001,base | CU-004,leave-out"
        )
    # and these lines do
    for pair, choice in (("CU-001;CU-004", "both"), ("CU-001", "base"), ("CU-004", "leave-out")):
        said = {pair: workshop.Resolution(pair, choice, "")}
        outcome = merged(base, rows, resolutions=said)
        assert not any(one.open for one in outcome.conflicts)
        assert outcome.notices == []


@pytest.mark.parametrize(
    ("choice", "is_answered"), [("S1", True), ("S2", False), ("union", False), ("both", True)]
)
def test_a_unit_outside_its_section_is_kept_by_its_own_group_alone(base, choice, is_answered):
    rows = [*WEST, *EAST, row(km_box(600, 0, 700, 100), "east")]
    drawn, ground, made, owners = brought(base, rows)
    said = {"CU-004": workshop.Resolution("CU-004", choice, "")}
    rules = workshop.Rules("ask", "ask", ("S1", "S2"), owners, said)
    inside = {place: {"": 1.0} for place in range(len(rows))}
    outcome = workshop.merged(base, drawn, ground, made, rules, ground_inside=inside, used_ids=())
    [conflict] = outcome.conflicts
    assert (conflict.open, bool(conflict.resolution)) == (not is_answered, is_answered)
    works = [one.note.facts["lines"] for one in outcome.notices]
    assert works == ([] if is_answered else ["CU-004,S1 | CU-004,leave-out"])


def test_every_choice_of_a_conflict_does_something_and_answers_it(base):
    """What is offered is what is done: each choice is an answer, and no two come to the same.

    S1 and S2 draw CU-001 otherwise; S2 draws CU-002 in another place; S3 draws a new unit over that
    of S1; and S2 one over CU-003, which S1 drew larger.
    """
    rows = [
        *two(),
        unit("CU-002", km_box(200, 600, 300, 700), group="S2"),
        row(km_box(0, 300, 100, 400), "West"),
        row(km_box(70, 300, 170, 400), "East", group="S3"),
        unit("CU-003", km_box(400, 0, 560, 100)),
        row(km_box(500, 0, 600, 90), "Over", group="S2"),
    ]
    asked = merged(base, rows, overlap="union").conflicts
    assert {one.unit_id: (one.kind, one.choices) for one in asked} == {
        "CU-001": ("two groups", ("S1", "S2", "union", "base", "delete", "ask")),
        "CU-002": ("drawn elsewhere", ("S2", "new-unit", "base", "delete", "ask")),
        "CU-003": ("another group's unit", ("S1", "base", "delete", "ask")),
        "CU-003;CU-005": ("overlap", ("both", "ask")),
        "CU-004;CU-006": ("overlap", ("S1", "S3", "union", "both", "leave-out", "ask")),
    }
    for conflict in asked:
        outcomes = set()
        for choice in conflict.choices:
            said = {conflict.unit_id: workshop.Resolution(conflict.unit_id, choice, "")}
            outcome = merged(base, rows, overlap="union", resolutions=said)
            [settled] = conflicts_of(outcome, conflict.unit_id)
            assert (settled.resolution, settled.open) == (choice, choice == "ask")
            assert [one for one in outcome.notices if "resolution" in one.note.key] == []
            units = tuple((one.unit_id, one.status, one.site) for one in outcome.units)
            sites = tuple(outcome.sites.get(site) for *_, site in units)
            outcomes.add((units, sites, settled.open))
        assert len(outcomes) == len(conflict.choices)
    # what is none of them is refused, and what does is named
    said = {"CU-003": workshop.Resolution("CU-003", "union", "")}
    outcome = merged(base, rows, overlap="union", resolutions=said)
    [refused] = [one.note for one in outcome.notices if "resolution" in one.note.key]
    assert refused.facts["lines"] == "CU-003,S1 | CU-003,base | CU-003,delete"


def test_what_was_drawn_in_another_place_becomes_a_unit_of_its_own(base):
    """S1 draws CU-001 600 km to the north, under a new name: people make that a new unit."""
    there = km_box(0, 600, 100, 700)
    rows = [unit("CU-001", there, name="North") | {"comment": "seen there"}, WEST[1], *EAST]
    said = {"CU-001": workshop.Resolution("CU-001", "new-unit", "another herd")}
    outcome = merged(base, rows, resolutions=said)
    units = {one.unit_id: one for one in outcome.units}
    assert (units["CU-001"].site, units["CU-001"].name_en) == ("", "One")
    new = units["CU-004"]
    assert (new.name_en, new.status, new.parent) == ("North", "working-group proposal", "")
    assert outcome.sites[new.site] == (0,)
    [conflict] = outcome.conflicts
    assert (conflict.kind, conflict.resolution) == ("drawn elsewhere", "new-unit: another herd")
    assert not conflict.open
    rows_told = [one for one in outcome.changes if one.unit_id in ("CU-001", "CU-004")]
    assert [(one.unit_id, one.change, one.of_unit) for one in rows_told] == [
        ("CU-001", "absent", "CU-004"),
        ("CU-004", "new", "CU-001"),
        ("CU-004", "commented", ""),
    ]
    assert "stays where it was" in words.said(rows_told[0].notes[0])
    # it is taken, so nothing of it is set aside
    assert (outcome.set_aside, outcome.notices) == ([], [])


def test_a_unit_made_of_two_drawings_is_united_with_a_third_that_either_shares_ground_with(base):
    """CU-005 lies in the place of CU-004; CU-006 shares ground with CU-005 only."""
    shapes = {
        "S1": km_box(0, 300, 100, 400),
        "S2": km_box(30, 300, 130, 400),
        "S3": km_box(110, 300, 240, 400),
    }
    rows = [*WEST, *EAST, *(row(shape, "", group=group) for group, shape in shapes.items())]
    united = {"CU-004;CU-005": workshop.Resolution("CU-004;CU-005", "union", "")}
    [asked] = conflicts_of(merged(base, rows, resolutions=united), "CU-004;CU-006")
    assert asked.choices == ("S1", "S2", "S3", "union", "both", "leave-out", "ask")
    for choice, ids in (("union", ["CU-004"]), ("S2", ["CU-004"]), ("S3", ["CU-006"])):
        said = united | {"CU-004;CU-006": workshop.Resolution("CU-004;CU-006", choice, "")}
        outcome = merged(base, rows, resolutions=said)
        assert [one.unit_id for one in outcome.units if not one.parent] == ids
        assert [one.note.key for one in outcome.notices] == []
        assert not any(one.open for one in outcome.conflicts)
        taken = [
            place for one in outcome.units if not one.parent for place in outcome.sites[one.site]
        ]
        assert sorted(taken) == {"union": [3, 4, 5], "S2": [3, 4], "S3": [5]}[choice]


def test_a_deletion_by_people_is_told_as_applied_and_among_what_was_settled(base):
    """S1 hands its folder back without CU-001, or with another outline; S2 lets the unit stand."""
    out = workshop.Resolution("CU-001", "delete", "nothing lives there")
    letting = unit("CU-001", group="S2")
    for rows, change, applied, said in (
        ([WEST[1], letting, *EAST], "deleted", True, "it is missing from what S1 handed in"),
        ([unit("CU-001", BIGGER), WEST[1]], "reshaped", False, "S1 brought a version of it"),
    ):
        outcome = merged(base, rows, resolutions={"CU-001": out})
        [settled] = [one for one in outcome.units if one.unit_id == "CU-001"]
        assert words.said(settled.reason) == "Rejected by S1: nothing lives there."
        [conflict] = conflicts_of(outcome, "CU-001")
        assert (conflict.groups, conflict.open) == ("S1", False)
        assert conflict.resolution == "delete: nothing lives there"
        assert words.said(conflict.what) == said
        [told] = [one for one in outcome.changes if (one.unit_id, one.group) == ("CU-001", "S1")]
        assert (told.change, told.applied) == (change, applied)
        assert "without a decision" not in "".join(map(words.said, told.notes))
        assert len(outcome.set_aside) == (change == "reshaped")
        assert outcome.notices == []


def test_of_two_files_of_a_group_the_chosen_one_is_one_conflict_and_called_chosen(base):
    """Both files hold two shapes: by itself the first by name counts."""
    files = {"a.kmz": BIGGER, "b.kmz": SHIFTED}
    rows = [
        row(shape, f"{unit_id} as we see it", unit_id, file=file)
        for file, first in files.items()
        for unit_id, shape in (("CU-001", first), ("CU-002", SQUARES["CU-002"]))
    ]
    [asked] = merged(base, rows).conflicts
    assert (asked.default, asked.open) == ("keep a.kmz", True)
    assert "the one in a.kmz counts" in words.said(asked.what)
    for choice, place in (("a.kmz", 0), ("b.kmz", 2), ("base", None)):
        decided = workshop.Resolution("CU-001", choice, "newer")
        outcome = merged(base, rows, resolutions={"CU-001": decided})
        [conflict] = outcome.conflicts
        assert (conflict.kind, conflict.default) == ("same group twice", "keep a.kmz")
        assert (conflict.resolution, conflict.open) == (f"{choice}: newer", False)
        assert ("was chosen" in words.said(conflict.what)) == (choice != "base")
        assert outcome.sites.get("CU-001") == (None if place is None else (place,))


def test_what_another_file_says_is_no_reason_of_a_rejection(base):
    """a.kmz makes CU-001 larger and says why; b.kmz rejects it without a word, and is chosen."""
    rows = [
        unit("CU-001", BIGGER, file="a.kmz") | {"comment": "the east moved"},
        unit("CU-001", file="b.kmz", name="X CU-001 One"),
    ]
    decided = workshop.Resolution("CU-001", "b.kmz", "newer")
    outcome = merged(base, rows, resolutions={"CU-001": decided})
    _, gone, comment = sorted(
        (one for one in outcome.changes if one.unit_id == "CU-001"),
        key=lambda one: ("reshaped", "rejected", "commented").index(one.change),
    )
    assert (gone.change, gone.file, gone.reason) == ("rejected", "b.kmz", "")
    assert "no reason was given" in words.said(gone.notes[0])
    assert (comment.change, comment.file) == ("commented", "a.kmz")
    assert [words.said(one) for one in comment.notes] == ["the east moved"]
    [next_unit] = [one for one in outcome.units if one.unit_id == "CU-001"]
    assert next_unit.reason.key == "reason rejected, none given"
    # the other way round it is a comment as ever
    chosen = replace(decided, choice="a.kmz")
    other = merged(base, rows, resolutions={"CU-001": chosen}).changes
    assert [one.change for one in other if one.unit_id == "CU-001" and one.file == "a.kmz"] == [
        "reshaped",
        "commented",
    ]


def test_each_of_two_files_of_a_group_says_what_it_makes_of_a_unit(base):
    """a.kmz makes CU-001 larger, b.kmz rejects it and says why: whichever counts, both are told."""
    rows = [
        unit("CU-001", BIGGER, file="a.kmz") | {"comment": "the east moved"},
        unit("CU-001", file="b.kmz", name="X CU-001 One") | {"comment": "no saiga left"},
        # b.kmz is no less full, and gives the other unit a name
        unit("CU-002", file="a.kmz"),
        row(SQUARES["CU-002"], "Two, the dry one", "CU-002", file="b.kmz"),
    ]
    made = {"a.kmz": "reshaped", "b.kmz": "rejected"}
    for counts, other in (("a.kmz", "b.kmz"), ("b.kmz", "a.kmz")):
        decided = workshop.Resolution("CU-001", counts, "")
        outcome = merged(base, rows, resolutions={"CU-001": decided})
        told = {
            one.file: one
            for one in outcome.changes
            if one.unit_id == "CU-001" and one.change != "commented"
        }
        assert {file: one.change for file, one in told.items()} == made
        assert {file: one.applied for file, one in told.items()} == {counts: True, other: False}
        assert told["b.kmz"].reason == "no saiga left"
        said = "; ".join(map(words.said, told[other].notes))
        assert f"asked for in {other}, while the version in {counts} counts" in said
        comments = [one for one in outcome.changes if one.change == "commented"]
        # each once, and the reason of a rejection not as a comment beside it
        assert [[words.said(note) for note in one.notes] for one in comments] == [
            ["the east moved"]
        ]
        [conflict] = conflicts_of(outcome, "CU-001")
        assert "; a.kmz: reshaped" in words.said(conflict.what)
        assert "; b.kmz: rejected, no saiga left" in words.said(conflict.what)
        # the ground of the one outline within the unit as it was: the unit, which lies inside it
        assert conflict.overlap_km2 == pytest.approx(SQUARES["CU-001"].area / 1e6)
    # the fuller file leads, of two as full the first: it only lets CU-002 stand, the other asks
    [renamed] = [one for one in outcome.changes if one.change == "renamed"]
    assert (renamed.unit_id, renamed.file, renamed.applied) == ("CU-002", "b.kmz", True)


def test_what_another_group_asks_for_too_is_applied_though_another_file_of_the_first_counts(base):
    """S1 makes CU-001 larger in one file and rejects it in another; S2 rejects it, and is chosen."""
    rows = [
        *(unit("CU-001", BIGGER, file="a.kmz"), unit("CU-002", file="a.kmz")),
        unit("CU-001", file="b.kmz", name="X CU-001 One"),
        unit("CU-001", group="S2", name="X CU-001 One"),
    ]
    decided = workshop.Resolution("CU-001", "S2", "")
    outcome = merged(base, rows, resolutions={"CU-001": decided})
    applied = {
        (one.group, one.change): one.applied for one in outcome.changes if one.unit_id == "CU-001"
    }
    assert applied == {
        ("S1", "reshaped"): False,
        ("S1", "rejected"): True,
        ("S2", "rejected"): True,
    }


@pytest.mark.parametrize(
    ("drawn", "says", "key"),
    [
        ("X CU-001 One", {"kept": True}, "form keeps"),
        ("CU-001 One", {"rejected": True}, "form rejects"),
        ("X CU-001 One", {"rejected": True}, None),
    ],
)
def test_a_form_that_says_otherwise_than_the_map_of_its_group_is_named(base, drawn, says, key):
    """The map rejects CU-001 or makes it larger, and the form beside it keeps or rejects it."""
    rows = [unit("CU-001", BIGGER, name=drawn), WEST[1]]
    placemarks = gpd.GeoDataFrame(
        pd.DataFrame(rows), geometry=[one["outline"] for one in rows], crs=EQUAL_AREA
    )
    marks = tuple(workshop.placemarks_of(placemarks))
    said = (workshop.FormRow("CU-001", comment="we keep it after all", **says),)
    files = [
        workshop.GroupFile("edit_S1.kmz", "S1", True, marks),
        workshop.GroupFile("form_S1.xlsx", "S1", False, (), said),
    ]
    ground = workshop.Ground(placemarks, base)
    of_group = workshop.versions_of_group(
        "S1", files, base, placemarks, ground, owned=["CU-001"], expected=["CU-001"]
    )
    told = [(one.file, one.note.key) for one in of_group.notices if "form" in one.note.key]
    assert told == ([("form_S1.xlsx", key)] if key else [])
    # why it should stay is no reason for its rejection, and is told beside
    [version] = of_group.versions["CU-001"]
    quoted = [one.note.facts.get("text") for one in of_group.notices if one.note.key == ""]
    assert version.comment == ("" if key == "form keeps" else "we keep it after all")
    assert quoted == (["we keep it after all"] if key == "form keeps" else [])
    # what was drawn of a unit that the form rejects is set aside: nothing that a group drew is lost
    aside = [one.places for one in of_group.outlines_aside]
    assert aside == ([(0,)] if key == "form rejects" else [])


@pytest.mark.parametrize("first_keeps", [True, False])
def test_two_forms_that_contradict_are_told_and_the_first_counts(base, first_keeps):
    """Neither lends the other its words: a reason comes from whoever rejects."""
    keeps = workshop.FormRow("CU-001", kept=True, comment="person one: yes")
    rejects = workshop.FormRow("CU-001", rejected=True, comment="person two: no")
    rows = [keeps, rejects] if first_keeps else [rejects, keeps]
    nothing = base.iloc[:0]
    of_group = workshop.versions_of_group(
        "S1",
        [
            workshop.GroupFile(f"form {place}.xlsx", "S1", False, (), (row,))
            for place, row in enumerate(rows)
        ],
        base,
        nothing,
        workshop.Ground(nothing, base),
        owned=["CU-001"],
        expected=["CU-001"],
    )
    [version] = of_group.versions["CU-001"]
    assert version.change == ("kept" if first_keeps else "rejected")
    assert (version.file, version.comment) == ("form 0.xlsx", rows[0].comment)
    told = [one for one in of_group.notices if one.file == "form 1.xlsx"]
    key = "second form rejects" if first_keeps else "second form keeps"
    assert [one.note.key for one in told] == [key, ""]
    assert told[1].note.facts == {"text": rows[1].comment}


@pytest.mark.parametrize(
    ("drawn", "typed", "told"),
    [
        ("CU-001 Upper Valley", "Lower Valley", ["Lower Valley", "Upper Valley"]),
        ("CU-001 Долина", "Ущелье", ["Ущелье", "Долина"]),
        ("CU-001 Upper Valley", "upper  valley", None),
        ("CU-001 Upper Valley", "Долина", None),  # one in each language: both are taken
        ("CU-001 One", "Lower Valley", None),
    ],
)
def test_two_names_from_the_map_and_the_form_of_one_group_are_told(base, drawn, typed, told):
    rows = [unit("CU-001", name=drawn), WEST[1]]
    placemarks = gpd.GeoDataFrame(
        pd.DataFrame(rows), geometry=[one["outline"] for one in rows], crs=EQUAL_AREA
    )
    files = [
        workshop.GroupFile("edit_S1.kmz", "S1", True, tuple(workshop.placemarks_of(placemarks))),
        workshop.GroupFile(
            "form_S1.xlsx", "S1", False, (), (workshop.FormRow("CU-001", name=typed),)
        ),
    ]
    of_group = workshop.versions_of_group(
        "S1",
        files,
        base,
        placemarks,
        workshop.Ground(placemarks, base),
        owned=["CU-001"],
        expected=["CU-001"],
    )
    named = [one for one in of_group.notices if one.note.key == "form names"]
    assert [one.file for one in named] == (["form_S1.xlsx"] if told else [])
    assert [[one.note.facts["name"], one.note.facts["called"]] for one in named] == (
        [told] if told else []
    )


# -- ids that last --------------------------------------------------------------------------------


def test_a_place_keeps_its_id_whatever_comes_before_it_in_the_new_order(base):
    """A hotspot is left out: what was CU-002 is computed first now, and must not become CU-001.

    The new first unit is CU-002 moved by 10 of 100 km (Jaccard 90/110); the second is CU-003; the
    third is nobody's place. CU-009 was given to a unit that is long gone.
    """
    shapes = [km_box(210, 0, 310, 100), SQUARES["CU-003"], km_box(900, 0, 1000, 100)]
    again = gpd.GeoDataFrame(
        {"unit_id": ["CU-001", "CU-002", "CU-003"]}, geometry=shapes, crs=EQUAL_AREA
    )
    ids = workshop.lasting_ids(again, base, used_ids=["CU-009"])
    assert ids == {"CU-001": "CU-002", "CU-002": "CU-003", "CU-003": "CU-010"}


def test_resolutions_that_cannot_be_used_are_told_a_line_each_with_one_stop():
    rows = [("CU-001", "S9", ""), ("CU-002", "base", ""), ("CU-002", "base", "")]
    table = pd.DataFrame(rows, columns=["unit_id", "resolution", "reason"])
    for lang in words.LANGUAGES:
        with pytest.raises(InputError) as refused:
            workshop.resolutions_of(table, groups=["S1"], files=[])
        told = words.said(refused.value.note, lang)
        assert ".." not in told
        assert "。。" not in told
        assert len(told.splitlines()) == 4


def three_on_one_place(base, rule="ask", resolutions=None):
    """S1, S2 and S3 each draw 100 km × 100 km in one place, 10 km apart: CU-004, CU-005, CU-006."""
    rows = [
        *WEST,
        *EAST,
        row(km_box(0, 300, 100, 400), "Untitled Polygon", group="S1"),
        row(km_box(10, 300, 110, 400), "Pass", group="S2") | {"comment": "ours too"},
        row(km_box(20, 300, 120, 400), "Перевал", group="S3"),
    ]
    return merged(base, rows, overlap=rule, resolutions=resolutions), rows


def answers(**choices):
    ids = {key.replace("_", "-").replace("and", ";"): choice for key, choice in choices.items()}
    return {key: workshop.Resolution(key, choice, "") for key, choice in ids.items()}


@pytest.mark.parametrize(
    ("rule", "resolutions"),
    [
        ("union", None),
        ("ask", answers(CU_004andCU_005="union", CU_004andCU_006="union")),
    ],
)
def test_drawings_that_are_united_are_one_unit_and_each_is_applied(base, rule, resolutions):
    outcome, rows = three_on_one_place(base, rule, resolutions)
    [whole] = [one for one in outcome.units if not one.parent]
    # the first that has a name gives it, and all three drew it
    assert (whole.unit_id, whole.name_en, whole.groups) == ("CU-004", "Pass", ("S1", "S2", "S3"))
    drawn = gpd.GeoDataFrame(
        pd.DataFrame(rows), geometry=[one["outline"] for one in rows], crs=EQUAL_AREA
    )
    sites = workshop.outlines(outcome, base, drawn).set_index("site")
    assert sites.geometry[whole.site].area / 1e6 == pytest.approx(12_000)  # x from 0 to 120
    news = [one for one in outcome.changes if one.change == "new"]
    assert [(one.unit_id, one.group, one.applied) for one in news] == [
        ("CU-004", group, True) for group in ("S1", "S2", "S3")
    ]
    assert [words.said(one) for one in news[1].notes] == [
        "drawn as CU-005; one unit with what S1 drew here"
    ]
    assert ("CU-004", "commented", "S2") in told(outcome)
    assert outcome.set_aside == []


def test_what_is_said_of_a_pair_of_new_shapes_is_done_or_refused(base):
    """A file is as good as its group, base is neither of them, and a stranger's name is refused."""
    chosen, _ = three_on_one_place(base, resolutions=answers(CU_004andCU_005="edit_S2.kmz"))
    assert {"CU-005", "CU-006"} == {one.unit_id for one in chosen.units if not one.parent}
    none_of_two, _ = three_on_one_place(base, resolutions=answers(CU_004andCU_005="base"))
    assert {"CU-006"} == {one.unit_id for one in none_of_two.units if not one.parent}
    # what was set aside says why in the reader's language, the default or what people wrote
    by_default, _ = three_on_one_place(base, "first")
    asides = [words.said(one.reason, "ru") for one in by_default.set_aside]
    assert asides == ["CU-004;CU-005: Оставить вариант S1", "CU-004;CU-006: Оставить вариант S1"]
    [row] = [one for one in by_default.changes if (one.unit_id, one.change) == ("CU-005", "new")]
    assert words.said(row.notes[-1], "ru").endswith("CU-004;CU-005: Оставить вариант S1")
    # a part that is left out takes nothing with it
    united = answers(CU_004andCU_005="union", CU_005="leave-out")
    part, _ = three_on_one_place(base, resolutions=united)
    assert part.sites["CU-004"] == (3,)
    with pytest.raises(InputError) as refused:
        three_on_one_place(base, resolutions=answers(CU_004andCU_005="S3", CU_001="S2"))
    message = str(refused.value)
    assert "CU-004;CU-005 names S3, which brought no version of it" in message
    assert "CU-001 names S2, which brought no version of it" in message  # all faults at once
