"""Play the working groups: take their packs, edit them as groups do, and hand in ten files.

    cami-units pack rounds/00-proposal
    python scripts/play_groups.py rounds/pack handed-in

For the pictures of docs/workshop.md and the test that follows that page. It needs the packs of the
bundled demonstration. Unlike `cami-units rehearse`, which spoils files on purpose, this is what a
good morning looks like: six KMZ, four forms, two groups on one unit, one activity amended twice.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import openpyxl
import shapely
from shapely.affinity import scale, translate

from cami_units.kml import rehearsal as draw

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


def handed_in(pack: Path, folder: Path) -> list[Path]:
    """The ten files, written: a KMZ of each group, and the forms of four.

    Parameters
    ----------
    pack : Path
        The folder that `cami-units pack` made of round 00 of the demonstration.
    folder : Path
        Where the files go; made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kmz = {
        group: (pack / group / f"edit_{group}.kmz").read_bytes()
        for group in ("S1", "S2", "S3", "S4", "S5", "S6")
    }
    written = []
    for group, edits in _edits(kmz).items():
        path = folder / f"edit_{group}.kmz"
        path.write_bytes(draw.packed(doc__kml=draw.edited(kmz[group], *edits)))
        written.append(path)
    for group, rows in ACTIVITIES.items():
        path = folder / f"form_{group}.xlsx"
        _fill(pack / group / path.name, path, rows, AMENDED.get(group, ""))
        written.append(path)
    return written


def _edits(kmz: Mapping[str, bytes]) -> dict[str, list[draw.Edit]]:
    """What each group does to its file."""
    ustyurt = draw.outline(kmz["S1"], "CU-001")
    crossing = ustyurt.representative_point()
    steppe = draw.outline(kmz["S5"], "CU-021")
    fence = translate(steppe.representative_point(), -1.4, -0.5)
    valley = translate(draw.outline(kmz["S6"], "CU-030"), 0.0, -0.6)
    return {
        "S1": [
            draw.drawn_as("CU-001", _without_the(ustyurt, north=0.35)),
            draw.rejected("CU-033", "no animals have been seen since 2009"),
            draw.commented("CU-002", "Is the calving ground in the north part of this unit?"),
            draw.drawn("khulan crossed here in 2024", crossing, "4 ", "seen by rangers"),
        ],
        "S2": [
            # a neighbour's unit, drawn again beside one's own
            draw.drawn("CU-001 Southern Ustyurt - Kaplankyr", translate(ustyurt, 0.9, -0.3), "2 "),
            draw.grown("CU-005", 0.8),
        ],
        "S3": [
            draw.halved("CU-006"),
            draw.renamed("CU-014", "CU-014 Central Tian Shan"),
            draw.swallowed("CU-010", "CU-008"),
            draw.grown("CU-026", 0.9),
        ],
        "S4": [draw.resaved],
        "S5": [
            draw.drawn_as("CU-021", scale(steppe, 0.7, 0.9, origin=steppe.centroid)),
            draw.drawn("fence without a gap", fence, "4 ", "built in 2019"),
            draw.drawn("Dornod corridor", shapely.box(115.6, 45.6, 117.4, 46.6), "2 "),
        ],
        "S6": [
            draw.drawn("upper valley", shapely.convex_hull(valley), "2 "),
            draw.commented("CU-029", "Ask the state on the other side first."),
        ],
    }


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
    book.save(target)


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
