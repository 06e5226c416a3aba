"""The form of a working group: a workbook with drop-down lists that comes back in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pandas as pd
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from cami_units.documents._worksheets import (
    HEADER,
    LINE,
    NAMES,
    WRAP,
    new_workbook,
    put,
    save_settled,
    set_page,
)
from cami_units.documents.typed_tables import opened_workbook, rows_of
from cami_units.model import Imprint, InputError, Problem, clean_name, clean_text, listed, nearest
from cami_units.words import text

THEMES: Final = (
    "anti-poaching",
    "community",
    "protected areas",
    "legislation",
    "infrastructure and barriers",
    "transboundary cooperation",
    "monitoring and research",
    "human-wildlife conflict",
    "land use",
    "finance",
)
"""The ten themes of the work programme, in the order of the agenda."""

PRIORITIES: Final = ("high", "medium", "low")
COST_BANDS: Final = (
    "up to 50,000 USD",
    "50,000 to 250,000 USD",
    "250,000 to 1 million USD",
    "over 1 million USD",
)
UNIT_ACTIONS: Final = ("keep", "change", "reject", "merge", "split", "new")
ACTIVITY_ACTIONS: Final = ("keep", "add", "amend", "drop")
_LISTED: Final[Mapping[str, Sequence[str]]] = {
    "action": ACTIVITY_ACTIONS,
    "theme": THEMES,
    "priority": PRIORITIES,
    "cost_band": COST_BANDS,
}
"""The columns of activities that have a list."""
GRADES: Final = ("A", "B", "C", "D", "N")

UNIT_FIELDS: Final = (
    "unit_id",
    "name_en",
    "action",
    "merge_with",
    "new_name",
    "evidence_grade",
    "comment",
    "open_question",
)
ACTIVITY_FIELDS: Final = (
    "activity_id",
    "unit_id",
    "action",
    "theme",
    "text",
    "species",
    "countries",
    "priority",
    "timeframe",
    "cost_band",
    "funding_source",
    "partner",
    "why",
)

_FORM: Final = "cami_units form 1"
_WIDTHS: Final = {
    "unit_id": 11,
    "name_en": 34,
    "action": 11,
    "merge_with": 12,
    "new_name": 28,
    "evidence_grade": 11,
    "comment": 60,
    "open_question": 40,
    "activity_id": 12,
    "theme": 26,
    "text": 60,
    "species": 30,
    "countries": 14,
    "priority": 10,
    "timeframe": 12,
    "cost_band": 24,
    "funding_source": 24,
    "partner": 24,
    "why": 40,
}
_EMPTY_ROWS: Final = 60
_WAS: Final = "was "
_TO_FILL: Final = PatternFill("solid", fgColor="FFFBE6")
_GIVEN: Final = {"unit_id", "name_en", "activity_id"}


@dataclass(frozen=True, slots=True)
class Form:
    """What a group wrote into its form.

    Attributes
    ----------
    file : the name of the file.
    group, round : whose form it is, and the round it was made from; empty when the sheet that
        says so is gone.
    units : :data:`UNIT_FIELDS`, text – only rows in which something was filled in.
    activities : :data:`ACTIVITY_FIELDS`, text – as given and as added.
    problems : what could not be taken as it stands.
    given : the activities as the form was handed out, :data:`ACTIVITY_FIELDS`; none where the sheet
        that holds them is gone.
    """

    file: str
    group: str
    round: str
    units: pd.DataFrame
    activities: pd.DataFrame
    problems: tuple[Problem, ...] = ()
    given: pd.DataFrame = field(default_factory=lambda: _no_rows(ACTIVITY_FIELDS))


def write_form(
    path: Path,
    units: pd.DataFrame,
    *,
    imprint: Imprint,
    group: str,
    activities: pd.DataFrame | None = None,
) -> None:
    """Write the form of one group: its units, the activities so far, and empty rows to fill.

    Parameters
    ----------
    path : Path
        The workbook to write.
    units : DataFrame
        The units that this group edits: ``unit_id``, ``name_en``.
    imprint : Imprint
        Title, date and round; they stand inside, so that the form is known again.
    group : str
        The name of the group.
    activities : DataFrame, optional
        Activities so far, by any of :data:`ACTIVITY_FIELDS`; those of other units are left out.

    Notes
    -----
    Cells to fill are light yellow; the lists only help, they refuse nothing, since a form that
    fights back comes back empty.
    """
    book = new_workbook(imprint)
    _fill_cover(book.create_sheet("how to fill"), imprint, group)
    sorted_units = units.sort_values("unit_id")
    ids = [clean_name(unit_id) for unit_id in sorted_units["unit_id"]]
    lists = {
        "units": [*ids, "general"],
        "actions": UNIT_ACTIONS,
        "activity actions": ACTIVITY_ACTIONS,
        "themes": THEMES,
        "priorities": PRIORITIES,
        "cost bands": COST_BANDS,
        "grades": GRADES,
    }
    ranges = _fill_lists(book.create_sheet("lists"), lists)
    unit_rows = [{str(k): v for k, v in row.items()} for row in sorted_units.to_dict("records")]
    activity_rows = _known_activities(activities, {*ids, "general"})
    _fill_form(
        book.create_sheet("units", 1),
        UNIT_FIELDS,
        unit_rows,
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
        activity_rows,
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
    sheet.column_dimensions["A"].width = 22
    sheet.column_dimensions["B"].width = 96
    rows: list[tuple[str, str]] = [
        ("form", _FORM),
        ("group", group),
        ("round", imprint.number),
        ("title", imprint.title),
        ("date", imprint.date),
    ]
    rows += [("", text("form how", lang)) for lang in imprint.languages]
    rows += [("", text("indicative", imprint.languages[0]))] if imprint.indicative else []
    rows += [("", imprint.disclaimer)]
    for number, (key, value) in enumerate(rows, start=1):
        put(sheet.cell(number, 1), key, font=Font(bold=True), alignment=WRAP)
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
        put(sheet.cell(1, number), f"{_WAS}{name}")
        for line, row in enumerate(rows, start=2):
            put(sheet.cell(line, number), row.get(name))


def _known_activities(activities: pd.DataFrame | None, ids: set[str]) -> list[dict[str, Any]]:
    if activities is None:
        return []
    rows = [{str(k): v for k, v in row.items()} for row in activities.to_dict("records")]
    own_rows = [{**row, "action": "keep"} for row in rows if clean_name(row.get("unit_id")) in ids]
    return sorted(own_rows, key=lambda row: clean_name(row.get("activity_id")))


def _fill_form(
    sheet: Any,
    fields: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    lists: Mapping[str, str],
    imprint: Imprint,
) -> None:
    last = len(rows) + _EMPTY_ROWS + 2
    for number, name in enumerate(fields, start=1):
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = _WIDTHS[name]
        put(sheet.cell(1, number), name, font=Font(size=8, color="6B6B6B"), fill=NAMES)
        heading = "\n".join(text(f"column {name}", lang) for lang in imprint.languages)
        style = {"font": Font(bold=True, color="FFFFFF"), "fill": HEADER}
        wrap = Alignment(vertical="center", wrap_text=True)
        put(sheet.cell(2, number), heading, alignment=wrap, **style)
        if name in lists:
            choice = DataValidation("list", formula1=f"={lists[name]}", allow_blank=True)
            choice.showErrorMessage = False
            sheet.add_data_validation(choice)
            choice.add(f"{letter}3:{letter}{last}")
    sheet.row_dimensions[2].height = 34
    for line in range(3, last + 1):
        row = rows[line - 3] if line - 3 < len(rows) else {}
        for number, name in enumerate(fields, start=1):
            cell = sheet.cell(line, number)
            put(cell, row.get(name), alignment=WRAP, border=LINE)
            if name not in _GIVEN or not row:
                cell.fill = _TO_FILL
    sheet.freeze_panes = "C3"
    set_page(sheet, imprint, rows_repeated="1:2")


# -- reading --------------------------------------------------------------------------------------


def read_form_content(content: bytes, ending: str) -> Form:
    """As :func:`read_form`, for a form out of a mail or an archive, under a name of ours."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"form.{ending}"
        path.write_bytes(content)
        return read_form(path)


def read_form(path: Path) -> Form:
    """Read a form back, whoever has been at it.

    Parameters
    ----------
    path : Path
        An XLSX that :func:`write_form` made, filled in, with rows moved, sheets renamed or lost.

    Returns
    -------
    Form
        Text, cleaned. Words that are in no list are kept and said; nothing is guessed.

    Raises
    ------
    InputError
        The file is no workbook, is dangerous (entities, a zip bomb), or has neither sheet.

    Notes
    -----
    No formula is computed: a cell holds what the spreadsheet last showed.
    """
    book = opened_workbook(path)
    cover = _cover(book)
    problems: list[Problem] = []
    tables: dict[str, pd.DataFrame] = {}
    for name, fields in (("units", UNIT_FIELDS), ("activities", ACTIVITY_FIELDS)):
        sheet_rows = next((rows for rows in book.values() if _is_sheet(rows, fields)), None)
        tables[name] = (
            rows_of(sheet_rows, fields, needs=fields[:2]) if sheet_rows else _no_rows(fields)
        )
        if sheet_rows is None:
            what = f"there is no sheet with the columns {', '.join(fields[:3])}"
            cure = f"Nothing of {name} was read. Take a fresh form if it was filled in."
            problems.append(Problem("counted", "form", path.name, "", what, cure))
    if not any(
        _is_sheet(rows, f) for rows in book.values() for f in (UNIT_FIELDS, ACTIVITY_FIELDS)
    ):
        raise InputError(
            f"'{path.name}' is no form of a group: it has neither the sheet 'units' nor "
            f"'activities' (sheets: {listed(book)}). Use the form of the pack."
        )
    units = tables["units"]
    filled = [column for column in UNIT_FIELDS if column not in _GIVEN]
    units = units[(units[filled] != "").any(axis=1)].reset_index(drop=True)
    activities, unlisted = known_words(tables["activities"], path.name)
    problems += unlisted
    is_filled = (activities[["text", "action", "theme"]] != "").any(axis=1)
    activities = activities[is_filled].reset_index(drop=True)
    for table, column, vocabulary in (
        (units, "action", UNIT_ACTIONS),
        (units, "evidence_grade", GRADES),
    ):
        problems += _unlisted(table, column, vocabulary, path.name)
    return Form(
        file=path.name,
        group=cover.get("group", ""),
        round=cover.get("round", ""),
        units=units,
        activities=activities,
        problems=tuple(problems),
        given=_given(book),
    )


def known_words(table: pd.DataFrame, file: str) -> tuple[pd.DataFrame, tuple[Problem, ...]]:
    """Activities with the words of the lists as the lists write them, and what is in no list.

    "Anti-Poaching" is *anti-poaching*. A word that is in no list is kept as it was written, and
    said with the one that was perhaps meant.

    Parameters
    ----------
    table : DataFrame
        Any of :data:`ACTIVITY_FIELDS`, text.
    file : str
        The name of the file, for what is said.
    """
    tidy, problems = table.copy(), []
    for column, vocabulary in _LISTED.items():
        if column in tidy:
            plain = {" ".join(word.split()).casefold(): word for word in vocabulary}
            tidy[column] = [
                plain.get(" ".join(word.split()).casefold(), word) for word in tidy[column]
            ]
            problems += _unlisted(tidy, column, vocabulary, file)
    return tidy, tuple(problems)


def is_form(path: Path) -> bool:
    """Whether a workbook looks like a group's form: it says so, or has one of the two sheets."""
    try:
        book = opened_workbook(path)
    except InputError:
        return False
    return _cover(book).get("form") == _FORM or any(
        _is_sheet(rows, fields)
        for rows in book.values()
        for fields in (UNIT_FIELDS, ACTIVITY_FIELDS)
    )


def _cover(book: Mapping[str, list[list[str]]]) -> dict[str, str]:
    for rows in book.values():
        pairs = {row[0]: row[1] for row in rows[:20] if len(row) > 1}
        if pairs.get("form") == _FORM:
            return pairs
    return {}


def _is_sheet(rows: Sequence[Sequence[str]], fields: Sequence[str]) -> bool:
    return any({*fields[:3], fields[-1]} <= set(row) for row in rows[:5])


def _given(book: Mapping[str, list[list[str]]]) -> pd.DataFrame:
    names = [f"{_WAS}{name}" for name in ACTIVITY_FIELDS]
    sheet_rows = next(
        (rows for rows in book.values() if rows and rows[0][: len(names)] == names), None
    )
    if sheet_rows is None:
        return _no_rows(ACTIVITY_FIELDS)
    return rows_of(sheet_rows, names, needs=names[:1]).set_axis(list(ACTIVITY_FIELDS), axis=1)


def _no_rows(fields: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame({field: pd.Series(dtype=str) for field in fields})


def _unlisted(
    table: pd.DataFrame, column: str, vocabulary: Sequence[str], file: str
) -> list[Problem]:
    problems = []
    for number, value in enumerate(table[column], start=1):
        if value and value not in vocabulary:
            ids = [
                table[key].iloc[number - 1] for key in ("activity_id", "unit_id") if key in table
            ]
            who = next(filter(None, map(clean_text, ids)), f"row {number}")
            what = f"'{value}' is not in the list of {column}"
            hint = nearest(value, vocabulary).strip()
            cure = f"{hint} Kept as written.".strip()
            problems.append(Problem("note", "form", file, who, what, cure))
    return problems
