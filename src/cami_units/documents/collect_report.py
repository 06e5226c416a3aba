"""The report of what groups handed in: a page to read in ten minutes, and the same as a workbook."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from markupsafe import Markup

from cami_units import words
from cami_units.documents._worksheets import (
    SHEETS,
    WHOLE,
    Column,
    fill,
    fill_about,
    new_workbook,
    save_settled,
)
from cami_units.documents.csv_tables import without_geometry
from cami_units.documents.html_pages import page
from cami_units.model import Imprint, answer_said, clean_text, is_missing, records, spoken_groups

_SENTENCES: Final = ("refused", "note", "what", "assumed", "text")
_SHOWN: Final = {
    "changes": "unit_id name_en change group before_km2 after_km2 criteria_changed states_changed "
    "species_changed note",
    "losses": "unit_id name_en group criteria_lost before_km2 after_km2 species_lost states_lost "
    "decision",
    "gone": "unit_id name_en change group before_km2 note",
    "problems": "file folder placemark what assumed",
    "remarks": "unit_id group kind text placemark",
    "files": "file group group_by placemarks evidence shapes pins unusable passed rows refused",
}
_TILES: Final = (
    *("kept", "reshaped", "renamed", "new", "split", "merged", "rejected"),
    *("deleted", "absent", "commented"),
)
_MOST_REMARKS: Final = 60
"""Pins and comments that the page lists openly. Ten groups bring a handful each; who saves all of
"My Places" brings hundreds, and what else is on the page would be lost below them."""
_PICTURE: Final = 100.0
"""Width and height of a picture, in its own units."""
# Detail finer than this, in the same units, is left out of a picture.
_LEAST_STEP: Final = 0.15


@dataclass(frozen=True, slots=True)
class Report:
    """What the report speaks of.

    Attributes
    ----------
    imprint : of the round that was made.
    before : the label of the round that was handed out.
    files : one row a file, with the columns of its sheet.
    changes, conflicts, problems, remarks : the tables of `collect`.
    names : the name of each unit.
    pictures : for each row of `conflicts`: label and outline (longitude and latitude), the base
        first.
    """

    imprint: Imprint
    before: str
    files: pd.DataFrame
    changes: pd.DataFrame
    conflicts: pd.DataFrame
    problems: pd.DataFrame
    remarks: pd.DataFrame
    names: Mapping[str, str]
    pictures: Sequence[Sequence[tuple[str, Any]]]


def write_report(path: Path, report: Report) -> None:
    """Write the report as one HTML page, in the first language of the round.

    It opens with the network off; nothing in it comes from elsewhere, and no text from a file is
    run or taken for markup.
    """
    lang = report.imprint.languages[0]
    changes = _with_balances(_named(report.changes, report.names))
    # what people have taken out, and not only a folder lacks, is a change like any other
    is_gone = changes["change"].isin(["deleted", "absent"]) & ~changes["applied"].eq(True)
    is_unchanged = changes["change"].eq("kept")
    # Told by themselves, as nobody looks for what is not there any more in a list of changes.
    losses = changes[~changes["criteria_lost"].isin(["", None]) & changes["criteria_lost"].notna()]
    remarks = without_geometry(report.remarks)
    sections = {
        "changes": (changes[~is_gone & ~is_unchanged], SHEETS["changes"]),
        "losses": (losses, SHEETS["changes"]),
        "gone": (changes[is_gone], SHEETS["changes"]),
        "problems": (report.problems, SHEETS["problems"]),
        # Conflicts are remarks too, for the map; on this page they stand above, with pictures.
        "remarks": (remarks[remarks["kind"] != "conflict"], SHEETS["remarks"]),
        "files": (report.files, SHEETS["files"]),
    }
    tables: dict[str, Any] = {name: _shown(table, lang) for name, (table, _) in sections.items()}
    headings: dict[str, Any] = {}
    for name, (_, columns) in sections.items():
        # columns in which some row says more than nothing or none; a count of none is told too where
        # the counts of a file add up
        telling = [
            column
            for column in _SHOWN[name].split()
            if name == "files" or any(row[column] not in ("", "0") for row in tables[name])
        ]
        section = "loss" if name == "losses" else name.rstrip("s")
        headings[f"{section}_columns"] = _headed(telling, columns, lang)
    folded_remarks = tables["remarks"][_MOST_REMARKS:]
    tables["remarks"] = tables["remarks"][:_MOST_REMARKS]
    content = page(
        "report.html",
        lang=lang,
        styles=["report.css"],
        imprint=report.imprint,
        before=report.before,
        warnings=_shown(report.problems[report.problems["kind"] == "another round"], lang),
        profile_said=words.profile_name(report.imprint.profile, lang),
        glance=_glance(report, lang),
        conflicts=_conflicts(report, lang),
        n_open=int(report.conflicts["open"].astype(bool).sum()),
        folded_remarks=folded_remarks,
        folded_said=words.text("report folded", lang, n=len(folded_remarks)),
        kept=unchanged_units(changes),
        **tables,
        **headings,
    )
    path.write_bytes(content)


def write_report_workbook(path: Path, report: Report) -> None:
    """Write the report as a workbook: files, conflicts, changes, problems, remarks, about."""
    book = new_workbook(report.imprint)
    names, lang = report.names, report.imprint.languages[0]
    for title, columns, table in (
        ("files", SHEETS["files"], report.files),
        ("conflicts", SHEETS["conflicts"], _named(report.conflicts, names)),
        ("changes", SHEETS["changes"], _named(report.changes, names)),
        ("problems", SHEETS["problems"], report.problems),
        ("remarks", SHEETS["remarks"], without_geometry(report.remarks)),
    ):
        rows = [row_said(row, lang) for row in records(table)]
        fill(book.create_sheet(title), columns, rows, report.imprint)
    fill_about(book.create_sheet("about"), report.imprint)
    save_settled(book, path, report.imprint)


def _named(table: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """A table with the name of each unit; of several units, all of them."""
    names_of_units = [
        " / ".join(filter(None, (names.get(unit_id, "") for unit_id in str(ids).split(";"))))
        for ids in table["unit_id"].tolist()
    ]
    return table.assign(name_en=names_of_units)


def _with_balances(changes: pd.DataFrame) -> pd.DataFrame:
    """Changes with what each gained and lost in one cell: "+ AF; CN · − UZ".

    A column for each, most of them empty, made the table wider than a screen.
    """
    balances = {
        f"{what}_changed": [
            " · ".join(
                f"{sign} {value}"
                for sign, value in (("+", gained), ("−", lost))
                if not is_missing(value) and value != ""
            )
            for gained, lost in zip(changes[f"{what}_gained"], changes[f"{what}_lost"], strict=True)
        ]
        for what in ("criteria", "states", "species")
    }
    return changes.assign(**balances)


def _glance(report: Report, lang: str) -> list[dict[str, Any]]:
    """The figures at the head of the report: files read, and units by what became of them."""
    refused = sum(bool(reason) for reason in report.files["refused"])
    read = f"{len(report.files) - refused}/{len(report.files)}"
    what = words.with_label(words.text("report files", lang), words.text("report read", lang), lang)
    glances: list[dict[str, Any]] = [{"count": read, "what": what}]
    tiles = counted_changes(report.changes)
    # Those that are settled stay in the table, with what was decided.
    tiles["conflicts"] = int(report.conflicts["open"].astype(bool).sum())
    glances += [
        {"count": count, "what": words.text(f"report tile {tile}", lang, n=count)}
        for tile, count in tiles.items()
    ]
    return glances


def counted_changes(changes: pd.DataFrame) -> dict[str, int]:
    """How many units became what, and how many changes were asked for and not applied.

    Keys are those of the phrases ``report tile …``, in the order in which they are told.
    """
    is_not_applied = changes["applied"].eq(False)
    counts = changes[~is_not_applied].groupby("change")["unit_id"].nunique().to_dict()
    counts["kept"] = len(unchanged_units(changes))
    tiles = {change: int(counts[change]) for change in _TILES if counts.get(change)}
    return tiles | ({"not applied": n} if (n := int(is_not_applied.sum())) else {})


def unchanged_units(changes: pd.DataFrame) -> list[str]:
    """Units that came back as they were handed out, and of which nobody's change counts."""
    kept = changes.loc[changes["change"].eq("kept"), "unit_id"]
    return sorted({*kept} - {*changes.loc[changes["applied"].eq(True), "unit_id"]})


def _conflicts(report: Report, lang: str) -> list[dict[str, Any]]:
    """What is to be settled, each with its picture."""
    rows = records(_named(report.conflicts, report.names))
    return [
        {
            **{key: _cell(row[key], lang) for key in ("unit_id", "what")},
            "groups": _cell(spoken_groups(row["groups"], lang), lang),
            **{key: _said_answer(row[key], lang) for key in ("default", "resolution")},
            # as they are typed
            "choices": words.in_list(json.loads(row["choices"]), lang),
            "name": row["name_en"],
            "overlap": _cell(row["overlap_km2"], lang) if row["overlap_km2"] else "",
            "picture": drawing,
        }
        for row, drawing in zip(rows, outline_pictures(report.pictures, lang), strict=True)
    ]


def _shown(table: pd.DataFrame, lang: str) -> list[dict[str, str]]:
    """Rows as text ready to show."""
    rows = []
    for row in records(table):
        cells = {key: _cell(value, lang) for key, value in row_said(row, lang).items()}
        rows.append({"refused": "", **cells})
    return rows


def row_said(row: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """A row with its words of ours (what became of a unit, by what it was known) in the reader's language."""
    said = {
        key: words.text(f"{before}{row[key]}", lang)
        for key, before in _OUR_WORDS.items()
        if not is_missing(row.get(key)) and words.has(f"{before}{row[key]}")
    }
    said |= {
        key: spoken_groups(row[key], lang)
        for key in ("group", "groups")
        if not is_missing(row.get(key))
    }
    answers = {key: _said_answer(row[key], lang) for key in ("default", "resolution") if key in row}
    if "choices" in row:
        answers["choices"] = words.in_list(json.loads(row["choices"]), lang)
    return {**row, **said, **answers}


_OUR_WORDS: Final = {
    "change": "change ",
    "decision": "",
    "kind": "kind ",
    "matched_by": "known by ",
}
"""Columns that hold a word of ours, and how the keys of their phrases begin."""


def _said_answer(answer: object, lang: str) -> str:
    """The default or the resolution of a conflict in words; nothing where there is none."""
    return "" if is_missing(answer) else answer_said(str(answer), lang)


def _cell(value: object, lang: str) -> str:
    """A cell as people read it."""
    if is_missing(value):
        return ""
    if isinstance(value, float | int | np.number) and not isinstance(value, bool):
        return words.number(float(value), lang)
    text = clean_text(value)
    return words.in_clauses(text.split(";"), lang) if ";" in text else text


def _headed(names: Sequence[str], columns: Sequence[Column], lang: str) -> list[dict[str, Any]]:
    """The columns of a table of the page: heading, and whether it holds numbers."""
    numbers = {column.name for column in columns if column.format == WHOLE}
    css = {"unit_id": "id", "criteria_lost": "lost", **dict.fromkeys(_SENTENCES, "wide")}
    says = {column.name: column.says for column in columns}
    return [
        {
            "name": name,
            "heading": words.text(f"column {says.get(name) or name}", lang),
            "number": name in numbers,
            "css": "n" if name in numbers else css.get(name, ""),
        }
        for name in names
    ]


# -- pictures -------------------------------------------------------------------------------------


def outline_pictures(
    labelled: Sequence[Sequence[tuple[str, Any]]], lang: str
) -> list[dict[str, Any]]:
    """Small drawings of outlines: the base grey and dashed, each other one in its own style.

    Parameters
    ----------
    labelled : sequence
        For each drawing its labels and outlines, longitude and latitude, "base" first.

    Returns
    -------
    list of dict
        ``box``, the view box of an SVG; ``paths`` with ``d``, ``style`` (0 the base, then 1, 2, 3)
        and ``label``.
    """
    outlines = [[(at, shape) for at, shape in picture if shape is not None] for picture in labelled]
    number = np.repeat(np.arange(len(outlines)), [len(picture) for picture in outlines])
    shapes = np.array(
        [None, *(shape for picture in outlines for _, shape in picture)], dtype=object
    )[1:]
    boxes, flat = _laid_out(shapes, number, len(outlines))
    data = iter(_paths(flat))
    before = words.text("report before", lang)
    pictures = []
    for picture, box in zip(outlines, boxes, strict=True):
        others = itertools.count()
        paths = [
            {
                "d": next(data),
                # Three styles; a fourth outline begins again.
                "style": 0 if label == "base" else 1 + next(others) % 3,
                "label": before if label == "base" else label,
            }
            for label, _ in picture
        ]
        pictures.append({"box": box, "paths": paths})
    return pictures


def _laid_out(shapes: Any, number: Any, count: int) -> tuple[list[str], Any]:
    """The view box of each of so many drawings, and all shapes in the units of theirs.

    `number` is the drawing that each shape is in. Longitudes are drawn narrower towards the poles.
    """
    low, high = np.full((count, 2), np.inf), np.full((count, 2), -np.inf)
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    np.fmin.at(low, number, bounds[:, :2])
    np.fmax.at(high, number, bounds[:, 2:])
    empty = ~np.isfinite(low[:, 0])
    low[empty], high[empty] = 0.0, 0.0
    # a tenth at least: near a pole nothing is drawn as a mere line
    narrow = np.maximum(np.cos(np.radians((low[:, 1] + high[:, 1]) / 2)), 0.1)
    wide, tall = (high[:, 0] - low[:, 0]) * narrow, high[:, 1] - low[:, 1]
    # a millionth, so that what has no width can be divided by it
    size = np.maximum.reduce([wide, tall, np.full(count, 1e-6)]) / _PICTURE
    points, shape = shapely.get_coordinates(shapes, return_index=True)
    of = number[shape]
    right = (points[:, 0] - low[of, 0]) * narrow[of] / size[of]
    down = (high[of, 1] - points[:, 1]) / size[of]
    flat = shapely.set_coordinates(shapes.copy(), np.column_stack([right, down]))
    # So that a line along the edge of the picture is not cut in half.
    pad = 0.04 * _PICTURE
    boxes = [
        f"0 0 {_PICTURE:g} {_PICTURE:g}"
        if nothing
        else f"{-pad:g} {-pad:g} {width + 2 * pad:.1f} {height + 2 * pad:.1f}"
        for nothing, width, height in zip(empty, wide / size, tall / size, strict=True)
    ]
    return boxes, flat


def _paths(shapes: Any) -> list[Markup]:
    """The rings of polygons as the data of an SVG path each: numbers of ours, safe as they are."""
    # in an eighth of the time that it takes to keep each ring from crossing another, which at this
    # size nobody sees; a shape of which a part would vanish is simplified the other way
    simple = shapely.simplify(shapes, _LEAST_STEP, preserve_topology=False)
    is_lost = shapely.get_num_geometries(simple) != shapely.get_num_geometries(shapes)
    is_lost |= shapely.is_empty(simple)
    simple[is_lost] = shapely.simplify(shapes[is_lost], _LEAST_STEP)
    parts, of_part = shapely.get_parts(simple, return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    points = shapely.get_coordinates(rings)
    ends = np.cumsum(shapely.get_num_coordinates(rings))
    paths: list[list[str]] = [[] for _ in shapes]
    start = 0
    for shape, end in zip(of_part[of_ring], ends, strict=True):
        ring = points[start : end - 1].ravel().tolist()  # a ring that is closed repeats its start
        paths[shape].append("M" + " ".join(["%.1f,%.1f"] * (len(ring) // 2)) % tuple(ring) + "Z")
        start = end
    return [Markup(" ".join(rings)) for rings in paths]
