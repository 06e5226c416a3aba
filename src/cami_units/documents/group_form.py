"""The form of a working group: a workbook with drop-down lists that comes back in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from cami_units.documents._worksheets import (
    HEADER,
    LINE,
    NAMES,
    SHEETS,
    WRAP,
    EmptyRows,
    face,
    new_workbook,
    put,
    save_settled,
    set_page,
)
from cami_units.documents.form_reading import (
    ACTIVITY_FIELDS,
    FORM,
    HANDED_OUT_FIELDS,
    TO_FILL_COLOUR,
    UNIT_FIELDS,
    WAS,
)
from cami_units.documents.form_words import (
    ACTIVITY_ACTIONS,
    ACTIVITY_LISTS,
    COST_BANDS,
    GENERAL,
    PRIORITIES,
    THEMES,
    UNIT_ACTIONS,
    in_language,
)
from cami_units.model import GRADES, Imprint, clean_name, records
from cami_units.words import disclaimer, has, name_in, text

_WIDTHS: Final = {column.name: column.width for column in SHEETS["form"]}
_EMPTY_ROWS: Final = 60
_TO_FILL: Final = PatternFill("solid", fgColor=TO_FILL_COLOUR)


def write_form(
    path: Path,
    units: pd.DataFrame,
    *,
    imprint: Imprint,
    group: str,
    activities: pd.DataFrame | None = None,
    themes: Sequence[str] = THEMES,
) -> None:
    """Write the form of one group: its units, the activities so far, and empty rows to fill.

    Parameters
    ----------
    path : Path
        The workbook to write.
    units : DataFrame
        The units that this group edits: ``unit_id``, ``name_en``, and where the form speaks another
        language ``name_ru`` or the like, which then stands first.
    imprint : Imprint
        Title, date and round; they stand inside, so that the form is known again.
    group : str
        The name of the group.
    activities : DataFrame, optional
        Activities so far, by any of :data:`ACTIVITY_FIELDS`; those of other units are left out.
    themes : sequence of str
        The themes of the session: the list that is offered, and the activities that stand inside.

    Notes
    -----
    Cells to fill are light yellow; the lists only help, they refuse nothing, since a form that
    fights back comes back empty.
    """
    book = new_workbook(imprint)
    _fill_cover(book.create_sheet("how to fill"), imprint, group)
    sorted_units = units.sort_values("unit_id")
    ids = [clean_name(unit_id) for unit_id in sorted_units["unit_id"]]
    lang = imprint.languages[0]
    choices = {
        "actions": UNIT_ACTIONS,
        "activity actions": ACTIVITY_ACTIONS,
        "themes": tuple(themes),
        "priorities": PRIORITIES,
        "cost bands": COST_BANDS,
        "grades": GRADES,
    }
    lists = {
        "units": [*ids, in_language(GENERAL, lang)],
        **{name: [in_language(word, lang) for word in some] for name, some in choices.items()},
    }
    # before the sheets whose drop-down lists refer to it; these are put in front of it below
    ranges = _fill_lists(book.create_sheet("lists"), lists)
    if activities is not None and tuple(themes) != THEMES:
        activities = activities[activities["theme"].isin(themes)]
    activity_rows = _known_activities(activities, {*ids, GENERAL})
    # beside the English name, by which a sheet is known again: a group reads the names of its map
    own_name = [name for name in (f"name_{lang}",) if name in units and name not in UNIT_FIELDS]
    _fill_form(
        book.create_sheet("units", 1),
        [UNIT_FIELDS[0], *own_name, *UNIT_FIELDS[1:]],
        [row | {name: name_in(row, lang) for name in own_name} for row in records(sorted_units)],
        {
            "action": ranges["actions"],
            "merge_with": ranges["units"],
            "evidence_grade": ranges["grades"],
        },
        imprint,
    )
    _fill_form(
        book.create_sheet("activities", 2),
        ACTIVITY_FIELDS,
        [_in_language(row, lang) for row in activity_rows],
        {
            "unit_id": ranges["units"],
            "action": ranges["activity actions"],
            "theme": ranges["themes"],
            "priority": ranges["priorities"],
            "cost_band": ranges["cost bands"],
        },
        imprint,
    )
    _fill_given(book.create_sheet("given"), activity_rows)
    for name in ("lists", "given"):
        book[name].sheet_state = "hidden"
    save_settled(book, path, imprint)


def _fill_cover(sheet: Any, imprint: Imprint, group: str) -> None:
    """Fill the first sheet: whose form it is, and how it is filled in."""
    sheet.column_dimensions["A"].width = 22
    sheet.column_dimensions["B"].width = 96
    rows: list[tuple[str, str]] = [
        ("form", FORM),
        ("group", group),
        ("round", imprint.number),
        ("title", imprint.title),
        ("date", imprint.date),
    ]
    # a key before each line: what a group writes between them is told from ours
    rows += [("how", text("form how", lang)) for lang in imprint.languages]
    rows += [("note", text("indicative", imprint.languages[0]))] if imprint.indicative else []
    rows += [
        ("disclaimer", line)
        for line in dict.fromkeys(
            disclaimer(imprint.disclaimer, lang) for lang in imprint.languages
        )
    ]
    for number, (key, value) in enumerate(rows, start=1):
        put(sheet.cell(number, 1), key, font=face(bold=True), alignment=WRAP)
        put(sheet.cell(number, 2), value, alignment=WRAP)
    set_page(sheet, imprint)


def _fill_lists(sheet: Any, lists: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The lists, one a column; for each the range that a drop-down refers to."""
    ranges = {}
    for column, (name, values) in enumerate(lists.items(), start=1):
        put(sheet.cell(1, column), name)
        for line, value in enumerate(values, start=2):
            put(sheet.cell(line, column), value)
        letter = get_column_letter(column)
        ranges[name] = f"lists!${letter}$2:${letter}${len(values) + 1}"
    return ranges


def _fill_given(sheet: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """The activities as they are handed out: what a group changed is told from these."""
    for number, name in enumerate(ACTIVITY_FIELDS, start=1):
        put(sheet.cell(1, number), f"{WAS}{name}")
        for line, row in enumerate(rows, start=2):
            put(sheet.cell(line, number), row.get(name))


def _known_activities(activities: pd.DataFrame | None, ids: set[str]) -> list[dict[str, Any]]:
    """What the unit had before, for the group to keep, change or drop."""
    if activities is None:
        return []
    own_rows = [
        {**row, "action": "keep"}
        for row in records(activities)
        if clean_name(row.get("unit_id")) in ids
    ]
    return sorted(own_rows, key=lambda row: clean_name(row.get("activity_id")))


def _in_language(row: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """An activity with the words of its lists as the form's language writes them."""
    spoken = {
        column: in_language(str(row[column]), lang)
        for column, vocabulary in ACTIVITY_LISTS.items()
        if row.get(column) in vocabulary
    }
    unit = {"unit_id": in_language(GENERAL, lang)} if row.get("unit_id") == GENERAL else {}
    return {**row, **spoken, **unit}


def _fill_form(
    sheet: Any,
    fields: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    lists: Mapping[str, str],
    imprint: Imprint,
) -> None:
    """Fill a sheet of the form: headings, known rows, empty ones, lists to choose from."""
    # Two rows of headings: the names that programs read, and those that people do.
    last = len(rows) + _EMPTY_ROWS + 2
    for number, name in enumerate(fields, start=1):
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = _WIDTHS.get(name, _WIDTHS["name_en"])
        put(sheet.cell(1, number), name, font=face(size=8, color="6B6B6B"), fill=NAMES)
        # of an activity: whatever the group names, whether it qualifies or not
        column = "species named" if name == "species" else name
        key = f"column {column}" if has(f"column {column}") else "column name"
        heading = "\n".join(text(key, lang) for lang in imprint.languages)
        style = {"font": face(bold=True, color="FFFFFF"), "fill": HEADER}
        wrap = Alignment(vertical="center", wrap_text=True)
        put(sheet.cell(2, number), heading, alignment=wrap, **style)
        if name in lists:
            choice = DataValidation("list", formula1=f"={lists[name]}", allow_blank=True)
            # A list helps and does not refuse: a form that fights back comes back empty.
            choice.showErrorMessage = False
            sheet.add_data_validation(choice)
            choice.add(f"{letter}3:{letter}{last}")
    for line, row in enumerate(rows, start=3):
        for number, name in enumerate(fields, start=1):
            cell = sheet.cell(line, number)
            put(cell, row.get(name), alignment=WRAP, border=LINE)
            # What was handed out stays white: it is there to be read, and yellow asks for an
            # answer.
            if name not in HANDED_OUT_FIELDS and not name.startswith("name_"):
                cell.fill = _TO_FILL
    # a thousand cells that are all alike: an object of each was most of a form
    empty_cell = Cell(sheet, 1, 1)
    put(empty_cell, None, alignment=WRAP, border=LINE, fill=_TO_FILL)
    empty_rows = EmptyRows(sheet, empty_cell, _EMPTY_ROWS, len(fields))
    # The first two columns, which say what a row is about, and both headings stay in sight.
    sheet.freeze_panes = "C3"
    set_page(sheet, imprint, rows_repeated="1:2", below=empty_rows)
