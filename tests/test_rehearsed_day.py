"""A rehearsed day: ten groups, twenty files, ten decisions, one taken back, and two late files.

Ten strips of 0.8° from 70° E on are the sections S1 … S10 and the groups, two units in each::

    lat
    42.4   CU-002  CU-004 …  CU-020     each 0.5° × 0.5°, the odd ones in the south
    40.4   CU-001  CU-003 …  CU-019     columns at 70.1, 70.9, … 77.3
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from cami_units import kml, words
from cami_units.commands.collect import collect, write_collected
from cami_units.commands.decide import decided_round, record_decision, show_decisions
from cami_units.commands.round_files import write_proposal
from cami_units.kml import rehearsal as draw
from cami_units.model import LONLAT, Round, is_decided, notes_from_text
from cami_units.words.unit_card import unit_cards
from tests.test_collect import base as toy_base
from tests.test_collect import shapely_km2

NOON = "2026-11-23T12:40"
GROUPS = [f"S{number}" for number in range(1, 11)]
UNITS = [f"CU-{number:03d}" for number in range(1, 21)]


def units_of(group: str) -> list[str]:
    first = 2 * int(group[1:]) - 1
    return [f"CU-{first:03d}", f"CU-{first + 1:03d}"]


def square(unit_id: str) -> shapely.Polygon:
    number = int(unit_id[3:]) - 1
    west, south = 70.1 + 0.8 * (number // 2), 40.4 + 2 * (number % 2)
    return shapely.box(west, south, west + 0.5, south + 0.5)


@cache
def base() -> Round:
    """The round that is handed out."""
    plain = toy_base()
    tables = plain.tables
    one = tables["conservation_units"].iloc[[0]]
    units = gpd.GeoDataFrame(
        pd.concat([one] * len(UNITS), ignore_index=True),
        geometry=[square(unit_id) for unit_id in UNITS],
        crs=LONLAT,
    ).assign(
        unit_id=UNITS,
        name_en=[f"Place {unit_id[3:]}" for unit_id in UNITS],
        name_ru=[f"Место {unit_id[3:]}" for unit_id in UNITS],
        area_km2=[shapely_km2(square(unit_id)) for unit_id in UNITS],
    )
    first = tables["unit_criteria"].query("unit_id == 'CU-001'")
    criteria = pd.concat([first.assign(unit_id=unit_id) for unit_id in UNITS], ignore_index=True)
    strips = [shapely.box(70 + 0.8 * place, 39, 70.8 + 0.8 * place, 44) for place in range(10)]
    sections = gpd.GeoDataFrame(
        {"section_id": GROUPS, "name_en": GROUPS, "name_ru": GROUPS}, geometry=strips, crs=LONLAT
    )
    changed = {"conservation_units": units, "unit_criteria": criteria, "sections": sections}
    return replace(plain, tables={**tables, **changed})


@cache
def handed_out(group: str) -> bytes:
    """The editable KMZ of a group, its neighbours in the evidence."""
    done = base()
    everyone = gpd.GeoDataFrame(done.tables["conservation_units"])
    own = everyone[everyone["unit_id"].isin(units_of(group))].reset_index(drop=True)
    others = everyone[~everyone["unit_id"].isin(units_of(group))].assign(group="S0")
    species = done.tables["species"]
    cards = unit_cards({**done.tables, "conservation_units": own}, species)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"edit_{group}.kmz"
        kml.write_kml(
            path,
            own,
            cards=cards,
            imprint=done.imprint,
            layers={"sections": done.tables["sections"]},
            species=species,
            pack=kml.Pack(group=group, neighbours=others.reset_index(drop=True)),
        )
        return path.read_bytes()


def kmz(group: str, *edits: draw.Edit) -> bytes:
    return draw.packed(doc__kml=draw.edited(handed_out(group), *edits))


def handed_in(tmp_path: Path, files: dict[str, bytes], name: str = "in") -> Path:
    folder = tmp_path / name
    folder.mkdir()
    for file, content in files.items():
        (folder / file).write_bytes(content)
    return folder


def half(unit_id: str, side: str) -> shapely.Polygon:
    west, south, east, north = square(unit_id).bounds
    middle = (west + east) / 2
    return shapely.box(
        *((west, south, middle, north) if side == "west" else (middle, south, east, north))
    )


def over_both(unit_id: str, other: str) -> shapely.Polygon:
    return shapely.box(*shapely.union(square(unit_id), square(other)).bounds)


def pins(group: str) -> bytes:
    """A second file of a group: what it pinned, and nothing else."""
    spot = square(units_of(group)[0]).representative_point()
    edits = (draw.drawn("wolves", spot, "4 ", f"seen by {group}"), draw.only("4 "))
    return draw.packed(doc__kml=draw.edited(handed_out(group), *edits))


def first_files() -> dict[str, bytes]:
    """Twenty files: ten maps, each with something of its own, and ten files of pins."""
    maps = {
        "S1": (draw.grown("CU-001", 0.8), draw.renamed("CU-002", "CU-002 Barskoon")),
        # the how-to page: draw one over both, put an X before the other
        "S2": (draw.drawn_as("CU-003", over_both("CU-003", "CU-004")), draw.rejected("CU-004")),
        # the how-to page: draw the new part, pull the old one back
        "S3": (
            draw.drawn_as("CU-005", half("CU-005", "west")),
            draw.drawn("the eastern part", half("CU-005", "east"), "2 "),
        ),
        "S4": (draw.rejected("CU-007", "no water"),),
        "S5": (draw.deleted("CU-009"),),
        "S6": (draw.resaved, draw.wrapped("My Places")),
        "S7": (draw.commented("CU-013", "extend to the river"),),
        "S8": (draw.drawn("new steppe", shapely.box(75.7, 41.3, 76.2, 41.8), "2 "),),
        "S9": (draw.halved("CU-017"),),
        "S10": (),
    }
    files = {f"edit_{group}.kmz": kmz(group, *edits) for group, edits in maps.items()}
    return files | {f"notes_{group}.kmz": pins(group) for group in GROUPS}


DECISIONS = (
    ("CU-001", "agree", {}),
    ("CU-002", "agree", {"name_en": "Barskoon gorge"}),
    ("CU-003", "agree", {}),
    ("CU-005a", "agree-with-change", {}),
    ("CU-007", "reject", {}),
    ("CU-008", "agree", {}),
    ("CU-010", "reject", {}),
    ("CU-012", "agree", {}),
    ("CU-013", "merge", {"into": "CU-014"}),
    ("CU-018", "agree", {}),
    ("CU-018", "undo", {}),
)


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("day")
    write_proposal(base(), tmp_path / "00")
    text = (
        "activity_id,unit_id,theme,text,species,countries,priority,timeframe,status,moved_from,"
        "cost_band,funding_source,partner,source\n"
    )
    for number, unit_id in enumerate(("CU-001", "CU-004", "CU-005"), start=1):
        text += f"A-{number},{unit_id},poaching,Patrols in {unit_id},,,,,proposed,,,,,S1\n"
    (tmp_path / "00" / "activities.csv").write_text(text, encoding="utf-8")
    folder = handed_in(tmp_path, first_files())
    first = collect([folder], base(), base_dir=tmp_path / "00")
    write_collected(first, tmp_path / "01")
    for unit_id, decision, options in DECISIONS:
        record_decision(tmp_path / "01", unit_id, decision, reason="as said", time=NOON, **options)
    show_decisions(tmp_path / "01")
    decided = decided_round(tmp_path / "01")
    late = {
        # everything that S1 was handed, as it was handed out in round 00, and CU-001 redrawn
        "edit_S1_late.kmz": kmz("S1", draw.grown("CU-001", 0.5)),
        "edit_S4_late.kmz": kmz("S4", draw.rejected("CU-008", "we think again")),
    }
    second = collect([handed_in(tmp_path, late, "late")], decided, base_dir=tmp_path / "01")
    write_collected(second, tmp_path / "02")
    return tmp_path, first, decided, second


def rows_of(collected, unit_id: str) -> list[tuple[str, str]]:
    rows = collected.changes[collected.changes["unit_id"] == unit_id]
    return list(zip(rows["change"], rows["group"], strict=True))


def test_every_placemark_of_twenty_files_is_read_or_named(day):
    _, first, _, second = day
    assert len(first.files) == 20
    for file in (*first.files, *second.files):
        counted = file.evidence + file.shapes + file.pins + file.unusable + file.passed
        assert (file.file, counted) == (file.file, file.placemarks)
        assert not file.refused


def keys_of(table: pd.DataFrame) -> Counter[tuple[str, ...]]:
    """How often the lines of a table say what, by the keys of the catalogue."""
    return Counter(tuple(note.key for note in notes_from_text(cell)) for cell in table["facts"])


def test_the_lines_of_the_report_by_their_keys_in_the_catalogue(day):
    """Twenty files, and one line to ask about: the half of CU-017 that was copied has its id still.

    All other lines are changes: a key each where there is more to say than the change itself.
    """
    _, first, decided, second = day
    assert first.problems[["file", "kind"]].to_numpy().tolist() == [["edit_S9.kmz", "repeated id"]]
    assert second.problems.empty
    said = keys_of(first.changes)
    assert {keys: count for keys, count in said.items() if keys} == {
        ("renamed", "other name stays"): 1,  # CU-002 of S1, whose Russian name nobody typed anew
        ("merged into", "merged by recipe"): 1,  # CU-004 of S2: drawn over, and an X before it
        ("split by recipe",): 1,  # CU-005 of S3: the new part drawn, the old one pulled back
        ("piece",): 4,  # of CU-005, and of CU-017 whose half was copied
        ("deleted",): 1,  # CU-009 of S5: its folder is there, and it is not
        ("",): 2,  # the words of S4 and S7 themselves, of a rejection and a comment
    }
    # two late files: both differences are questions, and the groups that sent nothing are absent
    assert keys_of(second.conflicts) == {("decided",): 2}
    assert keys_of(second.changes)["no file",] == 16
    for made in (first, second):
        tables = (made.problems, made.changes, made.conflicts, made.round.tables["questions"])
        for note in (
            note for table in tables for cell in table["facts"] for note in notes_from_text(cell)
        ):
            for lang in words.LANGUAGES:
                assert words.said(note, lang), (note.key, lang)
    assert decided.imprint.round == "Round 01"


def test_merge_and_split_as_the_how_to_page_teaches_them(day):
    _, first, _, _ = day
    assert rows_of(first, "CU-004") == [("merged", "S2")]
    assert rows_of(first, "CU-003") == [("reshaped", "S2")]
    assert ("split", "S3") in rows_of(first, "CU-005")
    units = first.round.tables["conservation_units"].set_index("unit_id")
    assert units.loc["CU-004", ["status", "merged_into"]].tolist() == ["merged", "CU-003"]
    pieces = units[units["split_from"] == "CU-005"]
    assert sorted(pieces.index) == ["CU-005a", "CU-005b"]
    assert "the eastern part" in set(pieces["name_en"])
    # Nobody drew a new unit there, and nobody rejected one.
    assert "CU-021" not in units.index or units.at["CU-021", "name_en"] == "new steppe"
    kinds = set(first.conflicts["kind"])
    assert "overlap" not in kinds


def test_activities_follow_their_units(day):
    tmp_path, _, _, _ = day
    table = pd.read_csv(tmp_path / "01" / "activities.csv").set_index("activity_id")
    homes = table["unit_id"].to_dict()
    assert homes["A-1"] == "CU-001"
    assert homes["A-2"] == "CU-003"  # CU-004 went into it
    assert {homes["A-3"], homes["A-3.b"]} == {"CU-005a", "CU-005b"}
    log = pd.read_csv(tmp_path / "01" / "activities_log.csv")
    assert log["activity_id"].tolist() == ["A-2", "A-3", "A-3.b"]
    assert log["reason"][0] == "CU-004 is now CU-003"


def test_nothing_decided_changes_and_every_difference_is_a_question(day):
    _, _, decided, second = day
    before = decided.tables["conservation_units"].set_index("unit_id")
    after = second.round.tables["conservation_units"].set_index("unit_id")
    settled = [unit_id for unit_id, row in before.iterrows() if is_decided(row)]
    assert len(settled) == 9  # ten decisions, one of them taken back
    for unit_id in settled:
        same = ["name_en", "name_ru", "status", "decision", "area_km2", "merged_into"]
        assert after.loc[unit_id, same].tolist() == before.loc[unit_id, same].tolist(), unit_id
        assert after.at[unit_id, "geometry"].equals(before.at[unit_id, "geometry"])
    asked = second.conflicts.query("kind == 'decided'").set_index("unit_id")
    assert asked.index.tolist() == ["CU-001", "CU-008"]
    assert set(asked["default"]) == {"keep what was decided"}
    assert asked["open"].all()
    assert asked.at["CU-001", "what"] == "it is plenary-agreed; S1 changed it"
    pictures = {one.unit_id: [label for label, _ in one.outlines] for one in second.pictures}
    assert pictures["CU-001"] == ["base", "S1"]  # both outlines
    questions = second.round.tables["questions"]
    assert {"CU-001", "CU-008"} <= set(questions["unit_id"])


def test_what_came_back_as_it_was_handed_out_asks_for_nothing_whatever_round_it_is_from(day):
    _, _, _, second = day
    # CU-002 lies in the late file under the name of round 00; plenary has named it otherwise since.
    assert rows_of(second, "CU-002") == [("kept", "S1")]
    names = second.round.tables["conservation_units"].set_index("unit_id")["name_en"]
    assert names["CU-002"] == "Barskoon gorge"
    # CU-005 and CU-017 were parted since; the late file of S1 shows them as round 00 had them.
    assert "new" not in set(second.changes["change"])
    assert not second.problems["kind"].isin(["neighbour drawn", "foreign id"]).any()
    # CU-007 was rejected with its outline of round 00, and comes back in the late file of S4.
    assert rows_of(second, "CU-007") == [("kept", "S4")]


def test_a_unit_that_was_parted_since_comes_back_untouched_and_changes_nothing(day, tmp_path):
    """S3 hands in, late, what it was handed out in round 00: CU-005 whole, which is two pieces now."""
    _, _, decided, _ = day
    folder = handed_in(tmp_path, {"edit_S3_late.kmz": kmz("S3")})
    made = collect([folder], decided)
    assert "new" not in set(made.changes["change"])
    assert made.conflicts.empty
    before = decided.tables["conservation_units"]["unit_id"].tolist()
    assert made.round.tables["conservation_units"]["unit_id"].tolist() == before
    [file] = made.files
    counted = file.evidence + file.shapes + file.pins + file.unusable + file.passed
    assert counted == file.placemarks


def test_a_question_stands_until_a_decision_answers_it(day):
    _, first, _, second = day
    asked = first.round.tables["questions"]
    about = dict(zip(asked["unit_id"], asked["kind"], strict=True))
    assert (about["CU-007"], about["CU-002"]) == ("rejected", "renamed")
    assert asked.set_index("unit_id").at["CU-007", "text"] == "no water"
    later = second.round.tables["questions"]
    assert "rejected" not in set(later.query("unit_id == 'CU-007'")["kind"])


@pytest.mark.slow
def test_either_of_two_files_of_one_group_can_be_chosen_by_its_name(day, tmp_path):
    _, _, decided, _ = day
    late = handed_in(
        tmp_path,
        {
            "edit_S10.kmz": kmz("S10", draw.grown("CU-019", 0.9)),
            "edit_S10 (1).kmz": kmz("S10", draw.grown("CU-019", 0.7)),
        },
    )
    second = collect([late], decided)
    [asked] = second.conflicts.query("kind == 'same group twice'").to_dict("records")
    # A second save is a later file of the same group.
    assert (asked["default"], asked["open"]) == ("keep edit_S10 (1).kmz", True)
    shape = {
        "edit_S10.kmz": draw.outline(kmz("S10", draw.grown("CU-019", 0.9)), "CU-019"),
        "edit_S10 (1).kmz": draw.outline(kmz("S10", draw.grown("CU-019", 0.7)), "CU-019"),
    }
    for file, outline in shape.items():
        text = f"unit_id,resolution,reason\nCU-019,keep {file},theirs\n"
        (late / "resolutions.csv").write_text(text, encoding="utf-8")
        made = collect([late], decided)
        units = made.round.tables["conservation_units"].set_index("unit_id")
        assert units.at["CU-019", "geometry"].area == pytest.approx(outline.area, rel=1e-3)
        [asked] = made.conflicts.query("kind == 'same group twice'").to_dict("records")
        assert (asked["resolution"], asked["open"]) == (f"{file}: theirs", False)


def test_a_neighbours_unit_drawn_in_the_evidence_is_a_proposal_under_its_own_name(tmp_path):
    """S2 redraws CU-001 of S1 where the evidence shows it; it is named as the evidence names it."""
    shown = draw.edited(handed_out("S2")).decode("utf-8")
    assert "Unit of another group: CU-001 Place 001" in shown
    moved = half("CU-001", "west")
    content = draw.edited(handed_out("S2"), draw.neighbour_drawn("CU-001", moved))
    folder = handed_in(tmp_path, {"edit_S2.kmz": draw.packed(doc__kml=content)})
    made = collect([folder], base())
    assert rows_of(made, "CU-001") == [("reshaped", "S2")]
    [asked] = made.conflicts.to_dict("records")
    assert (asked["unit_id"], asked["kind"]) == ("CU-001", "another group's unit")
    problems = made.problems.set_index("kind")
    assert problems.at["neighbour drawn", "assumed"].startswith("a proposal about that unit")


def test_what_collect_prints_of_ten_files_and_more_fits_on_two_screens(day, capsys):
    """24 lines of 80 letters are one screen of the smallest window that anybody has open."""
    from cami_units.cli._summaries import say_collected

    _, first, _, _ = day
    ten = replace(first, files=tuple(one for one in first.files if one.file.startswith("edit_")))
    say_collected(ten, Path("rounds/01-collected"))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 48
    assert any("more" in line for line in lines) or len(first.problems) < 20
    say_collected(ten, Path("rounds/01-collected"), verbose=True)
    assert len(capsys.readouterr().out.splitlines()) >= len(lines)
