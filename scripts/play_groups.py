"""Play the working groups: take their packs, edit them as groups do, and hand in ten files.

    cami-units pack rounds/00-proposal
    python scripts/play_groups.py rounds/pack handed-in

For the pictures of docs/workshop.md and the test that follows that page; with the packs of any other
round, groups do the same to the units that they were given. Unlike `cami-units rehearse`, which spoils files on purpose, this is what a
good morning looks like: six KMZ, four forms, two groups on one unit, one activity amended twice.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import openpyxl
import shapely
from shapely.affinity import scale, translate

from cami_units.documents._worksheets import save_settled
from cami_units.kml import rehearsal as draw
from cami_units.model import Imprint

ACTIVITIES: Mapping[str, Sequence[Mapping[str, str]]] = {
    "S1": (
        {
            "unit_id": "CU-001",
            "theme": "infrastructure and barriers",
            "text": "Open the border fence every 10 km where khulan still walk along it.",
            "priority": "high",
            "timeframe": "2027-2028",
            "cost_band": "250,000 to 1 million USD",
            "funding_source": "railway and border services",
            "partner": "Ministry of Transport",
        },
    ),
    "S3": (
        {
            "unit_id": "CU-014",
            "theme": "community",
            "text": "Pay herders for argali and ibex counted on their pastures.",
            "priority": "medium",
            "timeframe": "2027-2030",
            "cost_band": "50,000 to 250,000 USD",
            "partner": "community conservancies",
        },
    ),
    "S4": (
        {
            "unit_id": "CU-017",
            "theme": "monitoring and research",
            "text": "Считать снежного барса по единой методике на обеих сторонах границы.",
            "priority": "high",
            "timeframe": "2027-2029",
            "cost_band": "up to 50,000 USD",
        },
    ),
    "S5": (
        {
            "unit_id": "CU-021",
            "theme": "infrastructure and barriers",
            "text": "Take down the railway fence where gazelles crossed before it was built.",
            "priority": "high",
            "timeframe": "2026-2028",
            "cost_band": "over 1 million USD",
            "funding_source": "railway authority",
        },
    ),
}
"""New activities that groups type into their forms."""

AMENDED: Mapping[str, str] = {"S3": "2027-2030", "S5": "2028"}
"""The time frame that two groups give the first activity of the general section."""


ROLES = ("S1", "S2", "S3", "S4", "S5", "S6")
"""The groups of the demonstration, and what they do; other groups take their parts in this order."""


def handed_in(pack: Path, folder: Path) -> list[Path]:
    """The files, written: a KMZ of each group, and the forms of four.

    The parts are those of the demonstration. Where a group was not given the unit that a part is
    about, it plays it with one that it was given.

    Parameters
    ----------
    pack : Path
        The folder that `cami-units pack` made of a round.
    folder : Path
        Where the files go; made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    about = json.loads((pack / "pack.json").read_text(encoding="utf-8"))
    kmz = {group: (pack / group / f"edit_{group}.kmz").read_bytes() for group in about["groups"]}
    able = [group for group in kmz if draw.unit_ids(kmz[group])]
    roles = dict(zip(ROLES, able, strict=False))
    edits = _edits({role: kmz[group] for role, group in roles.items()})
    written = []
    for group in kmz:
        role = next((name for name, player in roles.items() if player == group), "")
        own = edits[role] if role else [draw.grown(unit, 0.9) for unit in draw.unit_ids(kmz[group])]
        path = folder / f"edit_{group}.kmz"
        path.write_bytes(draw.packed(doc__kml=draw.edited(kmz[group], *own[:6])))
        written.append(path)
    for role, rows in ACTIVITIES.items():
        if role in roles:
            group = roles[role]
            path = folder / f"form_{group}.xlsx"
            units = _cast(draw.unit_ids(kmz[group]), *(row["unit_id"] for row in rows))
            own_rows = [{**row, "unit_id": unit} for row, unit in zip(rows, units, strict=True)]
            _fill(pack / group / path.name, path, own_rows, AMENDED.get(role, ""))
            written.append(path)
    return written


def _cast(units: Sequence[str], *wanted: str) -> list[str]:
    """The units that a group was given for those that a part is about: the same where it was given them.

    Nothing where it was given too few.
    """
    others = iter([unit for unit in units if unit not in wanted])
    return [name if name in units else next(others, "") for name in wanted]


def _edits(kmz: Mapping[str, bytes]) -> dict[str, list[draw.Edit]]:
    """What each group does to its file, as far as it has units to do it with."""
    units = {role: draw.unit_ids(content) for role, content in kmz.items()}
    edits: dict[str, list[draw.Edit]] = {}
    contested = None
    if "S1" in kmz:
        first, gone, asked = _cast(units["S1"], "CU-001", "CU-033", "CU-002")
        contested = (first, draw.outline(kmz["S1"], first))
        crossing = contested[1].representative_point()
        edits["S1"] = [
            draw.drawn_as(first, _without_the(contested[1], north=0.35)),
            *([draw.rejected(gone, "no animals have been seen since 2009")] if gone else []),
            *(
                [draw.commented(asked, "Is the calving ground in the north part of this unit?")]
                if asked
                else []
            ),
            draw.drawn("khulan crossed here in 2024", crossing, "4 ", "seen by rangers"),
        ]
    if "S2" in kmz and contested:
        [smaller] = _cast(units["S2"], "CU-005")
        name = NAMES.get(contested[0], f"{contested[0]} as we know it")
        # a neighbour's unit, drawn again beside one's own
        again = draw.drawn(name, translate(contested[1], 0.9, -0.3), "2 ")
        edits["S2"] = [again, draw.grown(smaller, 0.8)]
    if "S3" in kmz:
        parted, named, taker, taken, shrunk = _cast(
            units["S3"], "CU-006", "CU-014", "CU-010", "CU-008", "CU-026"
        )
        edits["S3"] = [
            *([draw.halved(parted)] if parted else []),
            *([draw.renamed(named, f"{named} Central Tian Shan")] if named else []),
            *([draw.swallowed(taker, taken)] if taker and taken else []),
            *([draw.grown(shrunk, 0.9)] if shrunk else []),
        ]
    if "S4" in kmz:
        edits["S4"] = [draw.resaved]
    if "S5" in kmz:
        [steppe_id] = _cast(units["S5"], "CU-021")
        steppe = draw.outline(kmz["S5"], steppe_id)
        smaller = scale(steppe, 0.7, 0.9, origin=steppe.centroid)
        edits["S5"] = [
            draw.drawn_as(steppe_id, smaller),
            draw.drawn(
                "fence without a gap", smaller.representative_point(), "4 ", "built in 2019"
            ),
            draw.drawn("Dornod corridor", shapely.box(115.6, 45.6, 117.4, 46.6), "2 "),
        ]
    if "S6" in kmz:
        near, asked = _cast(units["S6"], "CU-030", "CU-029")
        valley = translate(draw.outline(kmz["S6"], near), 0.0, -0.6)
        edits["S6"] = [
            draw.drawn("upper valley", shapely.convex_hull(valley), "2 "),
            *([draw.commented(asked, "Ask the state on the other side first.")] if asked else []),
        ]
    return edits


NAMES: Mapping[str, str] = {"CU-001": "CU-001 Southern Ustyurt - Kaplankyr"}
"""What a neighbour calls a unit that it draws again."""


def _without_the(shape: shapely.Polygon, *, north: float) -> shapely.Polygon:
    """The largest part of a shape south of a line this share of its height below its top."""
    west, south, east, top = shape.bounds
    below = shape.intersection(shapely.box(west, south, east, top - north * (top - south)))
    return max(shapely.get_parts(below), key=lambda part: part.area)


def _fill(
    form: Path, target: Path, activities: Sequence[Mapping[str, str]], timeframe: str
) -> None:
    """A form as a group fills it in: new activities below, one of the general section amended."""
    book = openpyxl.load_workbook(form)
    sheet = book["activities"]
    column = {cell.value: cell.column for cell in sheet[1]}
    line = 3
    amended = not timeframe
    while sheet.cell(line, column["activity_id"]).value:
        if not amended and sheet.cell(line, column["unit_id"]).value == "general":
            sheet.cell(line, column["action"]).value = "amend"
            sheet.cell(line, column["timeframe"]).value = timeframe
            amended = True
        line += 1
    for row in activities:
        for field, value in {"action": "add", **row}.items():
            sheet.cell(line, column[field]).value = value
        line += 1
    # without the hour of saving: the rounds that are made of it are compared byte for byte
    day = book.properties.created.date().isoformat()
    save_settled(book, target, Imprint("", day, "", ""))


def main() -> None:
    """Read the command line, and play."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pack", type=Path, help="the folder that `cami-units pack` made")
    parser.add_argument("folder", type=Path, help="where the ten files go")
    chosen = parser.parse_args()
    for path in handed_in(chosen.pack, chosen.folder):
        print(path)


if __name__ == "__main__":
    main()
