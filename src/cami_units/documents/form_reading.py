"""The form of a working group read back, whatever a spreadsheet and a busy group have made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from string import ascii_uppercase
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Final

import pandas as pd

from cami_units.documents.form_words import (
    UNIT_LISTS,
    is_ditto,
    is_no_word,
    known_word,
    known_words,
)
from cami_units.documents.workbook_cells import (
    TABLE_SUFFIXES,
    Sheet,
    cell_reference,
    fields_named,
    workbook_sheets,
)
from cami_units.model import (
    DISCLAIMER,
    LONGEST_NAME,
    LONGEST_TEXT,
    InputError,
    Note,
    Problem,
    clean_name,
    in_short,
    lacks_letters,
    problem_of,
)
from cami_units.words import LANGUAGES, disclaimer, text

FORM: Final = "cami_units form 1"
"""What the first sheet of a form says of itself."""
COVER_KEYS: Final = ("form", "group", "round", "title", "date", "how", "note", "disclaimer")
"""What stands in front of each line of the first sheet."""
WAS: Final = "was "
"""What the columns begin with that hold the activities as they were handed out."""

UNIT_FIELDS: Final = (
    *("unit_id", "name_en", "action", "merge_with", "new_name"),
    *("evidence_grade", "comment", "open_question"),
)
ACTIVITY_FIELDS: Final = (
    *("activity_id", "unit_id", "action", "theme", "text", "species", "countries"),
    *("priority", "timeframe", "cost_band", "funding_source", "partner", "why"),
)
_SHEETS: Final = MappingProxyType({"units": UNIT_FIELDS, "activities": ACTIVITY_FIELDS})
TO_FILL_COLOUR: Final = "FFFBE6"
"""Behind the cells that a group fills in."""
HANDED_OUT_FIELDS: Final = frozenset({"unit_id", "name_en", "activity_id"})
"""Columns that are filled in before a form is handed out."""
_TO_FILL: Final = [column for column in UNIT_FIELDS if column not in HANDED_OUT_FIELDS]
ONE_SHEET: Final = "one sheet"
"""Key of the note that of a form only one sheet came."""
FORM_SUFFIXES: Final = (".xlsx", ".xlsm", ".ods")
"""Endings of workbooks that are read."""

_WRITTEN: Final = (".doc", ".docx", ".odt", ".rtf", ".ppt", ".pptx", ".odp", ".pages", ".key")
PLAIN_TEXTS: Final = (".txt", ".text", ".md")
"""Endings of plain texts: notes of a group, where they hold no KML and no sheet of a form."""
_BOOKS: Final = (".fods", ".ots", ".sxc", ".et", ".xltx", ".xltm")
_UNREAD_SUFFIXES: Final = (".xls", ".xlsb", ".gsheet", ".numbers", ".msg", *_WRITTEN, *_BOOKS)
"""Files that may hold a group's form and are not read: each has a note with its cure."""


def refuse_unread(path: Path, called: str) -> None:
    """Refuse a file that may hold a group's form in a way that is not read; `called` is its name.

    Raises
    ------
    InputError
        With the cure.
    """
    if may_hold_form(path):
        ending = "winmail" if path.suffix.casefold() == ".dat" else path.suffix.casefold()
        ending = "document" if ending in _WRITTEN else "workbook" if ending in _BOOKS else ending
        raise InputError.of(f"unread {ending}", file=called)


def may_hold_form(path: Path) -> bool:
    """Whether a file may hold a group's form, in a way that is not read."""
    is_mail = path.name.casefold() == "winmail.dat"
    return is_mail or path.suffix.casefold() in _UNREAD_SUFFIXES


# our heading is in row 1; people paste a letterhead above it, never a page
_MOST_ROWS_ABOVE: Final = 50


@dataclass(frozen=True, slots=True)
class Form:
    """What a group wrote into its form.

    Attributes
    ----------
    file : the name of the file.
    group, round : whose form it is, and the round it was made from; empty when the sheet that
        says so is gone.
    units : :data:`UNIT_FIELDS`, text – only rows in which something was filled in, or that were added. What
        stands in columns of the group's own is part of the comment.
    activities : :data:`ACTIVITY_FIELDS`, text – as given and as added.
    problems : what could not be taken as it stands.
    given : the activities as the form was handed out, :data:`ACTIVITY_FIELDS`; none where the sheet
        that holds them is gone.
    unfilled : the other rows of units: only who knows the round can tell whether a name was typed over.
    """

    file: str
    group: str
    round: str
    units: pd.DataFrame
    activities: pd.DataFrame
    problems: tuple[Problem, ...] = ()
    given: pd.DataFrame = field(default_factory=lambda: _no_rows(ACTIVITY_FIELDS))
    unfilled: pd.DataFrame = field(default_factory=lambda: _no_rows(UNIT_FIELDS))


def read_form(path: Path) -> Form:
    """Read a form back, whoever has been at it.

    Parameters
    ----------
    path : Path
        A workbook that :func:`write_form` made, filled in and saved by any program, with rows
        moved, the line of column names or whole sheets lost, or lines put above; or one of its
        sheets as a table of text, in any dialect of CSV.

    Returns
    -------
    Form
        Text, cleaned. Words of the lists in any language; those that are in no list are kept and
        said; nothing is guessed.

    Raises
    ------
    InputError
        The file is no workbook, is dangerous (entities, a zip bomb), or has neither sheet.
    """
    book = workbook_sheets(path)
    problems: list[Problem] = []
    tables: dict[str, pd.DataFrame] = {}
    sheets = {name: list(_sheets_of(book, fields)) for name, fields in _SHEETS.items()}
    is_text = path.suffix.lower() in TABLE_SUFFIXES
    cover = _cover(book)
    # who saves each sheet as a table of text has the first one too
    if not any(sheets.values()) and not (is_text and cover.get("form") == FORM):
        raise InputError.of("no form", file=path.name, names=in_short(book))
    for name, fields in _SHEETS.items():
        for title, place in sheets[name][:1]:
            typed, ditto_words = _spoken_out(_table(book[title], place, fields))
            tables[name], longest = _bounded(typed)
            if ditto_words:
                of_dittos = {
                    "words": in_short(dict.fromkeys(ditto_words)),
                    "count": len(ditto_words),
                }
                note = Note("ditto", of_dittos, "note")
                problems.append(problem_of("note", "form", path.name, title, note))
            problems += _beside_cells(book[title], title, path.name)
            problems += _coloured_rows(book[title], title, place, fields, path.name)
            problems += _lost_letters(book[title], title, place, fields, path.name)
            if longest:
                facts = {"count": float(longest), "text": float(LONGEST_TEXT), "name": LONGEST_NAME}
                note = Note("long cell", facts)
                problems.append(problem_of("counted", "form", path.name, title, note))
            problems += _second_sheets(book, sheets[name], fields, path.name)
        if sheets[name]:
            continue
        note = Note("no sheet", {"names": in_short(fields[:3]), "sheet": name})
        if is_text:  # one sheet is all that such a file can hold
            note = Note(ONE_SHEET, {"sheet": name}, "note")
        problems.append(problem_of(note.level, "form", path.name, "", note))
        tables[name] = _no_rows(fields)
    units, unlisted = known_words(_new_ones(tables["units"]), path.name, UNIT_LISTS)
    # what is to be done with a unit is asked about on the unit itself
    unlisted = tuple(one for one in unlisted if one.as_note().facts["column"] != "action")
    activities, unlisted_too = known_words(tables["activities"], path.name)
    # a row that was handed out has a name
    is_typed = (units[_TO_FILL] != "").any(axis=1) | units["name_en"].eq("")
    problems += _beside_the_tables(book, sheets, path.name)
    return Form(
        file=path.name,
        group=cover.get("group", ""),
        round=cover.get("round", ""),
        units=units[is_typed].reset_index(drop=True),
        unfilled=units[~is_typed].reset_index(drop=True),
        # whether a row says enough, `activities` decides, and tells
        activities=_rows_with(activities, [one for one in ACTIVITY_FIELDS if one != "unit_id"]),
        problems=(*problems, *unlisted, *unlisted_too),
        given=_handed_out(book),
    )


def words_of_row(row: Mapping[str, str]) -> str:
    """All that a row of a form or table says, on one line."""
    return " | ".join(filter(None, map(clean_name, row.values())))


def still_asked(noted: Sequence[tuple[str, str, Note]]) -> list[bool]:
    """Whether each note (its group, its file) holds: none asks for a sheet that the group saved as another table.

    Two files of which nobody knows the group (it is empty) may be of two.
    """
    sheets = [(*whose, note.facts["sheet"]) for *whose, note in noted if note.key == ONE_SHEET]
    forms = {(group, file) for group, file, _ in sheets}
    brought = {
        (group, sheet)
        for group, file in forms
        for sheet in _SHEETS
        if group and (group, file, sheet) not in sheets
    }
    return [
        note.key != ONE_SHEET or (group, note.facts["sheet"]) not in brought
        for group, _, note in noted
    ]


def _new_ones(units: pd.DataFrame) -> pd.DataFrame:
    """Rows of units; what says in the column of the ids that it is a new one, as a row that asks for one."""

    def says_new(cells: pd.Series) -> pd.Series:
        return cells.map(lambda cell: known_word(cell, ("new",)) == "new").astype(bool)

    rows = units.copy()
    is_new = says_new(units["unit_id"]) & (units["action"].eq("") | says_new(units["action"]))
    rows.loc[is_new, ["unit_id", "action"]] = ["", "new"]
    return rows


def read_form_content(content: bytes, ending: str) -> Form:
    """As :func:`read_form`, for a form out of a mail or an archive, under a name of ours."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"form.{ending}"
        path.write_bytes(content)
        return read_form(path)


def may_be_form(content: bytes, ending: str) -> bool:
    """Whether a file out of a mail or an archive is to be read as a form.

    A workbook is, and is refused with its reason where it is none; a table of text only where it
    has the columns of a form.
    """
    if f".{ending}" not in TABLE_SUFFIXES:
        return f".{ending}" in FORM_SUFFIXES
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"form.{ending}"
        path.write_bytes(content)
        return is_form(path)


def is_form(path: Path) -> bool:
    """Whether a workbook or a table of text looks like a group's form: it says so, or has one of the two sheets."""
    try:
        book = workbook_sheets(path)
    except InputError:
        return False
    return _cover(book).get("form") == FORM or any(
        any(_sheets_of(book, fields)) for fields in _SHEETS.values()
    )


def _cover(book: Mapping[str, Sheet]) -> dict[str, str]:
    """What the first sheet says of the form: group, round, title, date."""
    return next((pairs for sheet in book.values() if (pairs := _said_on_cover(sheet))), {})


def _said_on_cover(sheet: Sheet) -> dict[str, str]:
    """What a sheet says of the form; nothing where it is not the first one."""
    pairs = {row[0]: row[1] for row in sheet.rows[:_MOST_ROWS_ABOVE] if len(row) > 1}
    return pairs if pairs.get("form") == FORM else {}


def _sheets_of(book: Mapping[str, Sheet], fields: Sequence[str]) -> Iterator[tuple[str, int]]:
    """The sheets with the columns of a table, each with the row that names them."""
    # four of the columns tell a form from any other table, though somebody deleted some of the rest
    telling = {*fields[:3], fields[-1]}
    for title, sheet in book.items():
        for place, row in enumerate(sheet.rows[:_MOST_ROWS_ABOVE]):
            if telling <= set(fields_named(row, fields)):
                yield title, place
                break


def _second_sheets(
    book: Mapping[str, Sheet], places: Sequence[tuple[str, int]], fields: Sequence[str], file: str
) -> Iterator[Problem]:
    """Further sheets of the same columns, of which nothing is read: "units (2)", copied and filled in.

    Which of two holds, nobody can say: each row in which one says otherwise than the first is named.
    """
    (first, place), *others = places
    rows_of_first = set(_table(book[first], place, fields).itertuples(index=False, name=None))
    for title, place in others:
        rows = _table(book[title], place, fields).itertuples(index=False, name=None)
        if names := [next(filter(None, row)) for row in rows if row not in rows_of_first]:
            facts = {"sheet": title, "first": first, "names": in_short(names)}
            yield problem_of("counted", "form", file, title, Note("second sheet", facts))


def _table(sheet: Sheet, place: int, fields: Sequence[str]) -> pd.DataFrame:
    """The rows below the one that names the columns; empty ones and a second heading left out."""
    names = fields_named(sheet.rows[place], fields)
    own_columns = _own_columns(sheet, place, fields) if "comment" in fields else {}
    body = []
    for number, row in enumerate(sheet.rows[place + 1 :], start=place + 2):
        if _is_heading(row, fields):
            continue
        values = {
            name: row[at]
            for at, name in enumerate(names)
            if name and at < len(row) and not _is_withdrawn(sheet, name, (number, at + 1))
        }
        own_words = [
            f"{heading}: {row[at]}" if heading else row[at]
            for at, heading in own_columns.items()
            if at < len(row) and _has_letters(row[at])
        ]
        if own_words:
            comment = values.get("comment", "")
            values["comment"] = "\n".join(filter(None, (comment, *own_words)))
        if any(values.values()):
            body.append([values.get(name, "") for name in fields])
    return pd.DataFrame(body, columns=list(fields), dtype=str)


def _is_withdrawn(sheet: Sheet, name: str, place: tuple[int, int]) -> bool:
    """Whether a group has drawn a line through what it asked for in a cell."""
    return name in _ASKS and bool(sheet.struck) and cell_reference(place) in sheet.struck


_ASKS: Final = frozenset(_TO_FILL)
"""Columns in which a unit, or an activity, is asked for something."""


def _is_heading(row: Sequence[str], fields: Sequence[str]) -> bool:
    """Whether a row names the columns once more."""
    return sum(map(bool, fields_named(row, fields))) > 2


def _own_columns(sheet: Sheet, place: int, fields: Sequence[str]) -> dict[int, str]:
    """The columns of a sheet that are none of the form, by place, with what somebody wrote above them.

    The names of units in the form's own language are ours too.
    """
    ours = fields_named(
        sheet.rows[place], (*fields, "name", *(f"name_{lang}" for lang in LANGUAGES))
    )
    headings = [row for row in sheet.rows[place : place + 2] if _is_heading(row, fields)]
    width = max(map(len, sheet.rows[place:]))
    return {
        at: next((row[at] for row in headings if at < len(row) and row[at]), "")
        for at in range(width)
        if at >= len(ours) or not ours[at]
    }


def _has_letters(cell: str) -> bool:
    """Whether a cell says anything in words: numbers that somebody put beside rows do not."""
    return any(map(str.isalpha, cell))


_MOST_BESIDE: Final = 20
"""Rows that are told one by one of what stands beside the tables of a form."""


def _beside_the_tables(
    book: Mapping[str, Sheet], sheets: Mapping[str, Sequence[tuple[str, int]]], file: str
) -> Iterator[Problem]:
    """What a group wrote where nothing is asked for: above a table, on the first sheet, on sheets of its own.

    Of activities also what stands in further columns; of units that is part of the comment.
    """
    places = {title: (name, place) for name in sheets for title, place in reversed(sheets[name])}
    for title, sheet in book.items():
        name, place = places.get(title, ("", len(sheet.rows)))
        rows = [" | ".join(filter(None, row)) for row in sheet.rows[:place]]
        if _said_on_cover(sheet):
            rows = list(_typed_on_cover(sheet))
        elif _is_hidden_sheet(sheet):
            continue
        if name == "activities":
            own_columns = _own_columns(sheet, place, ACTIVITY_FIELDS)
            rows += [
                " | ".join(row[at] for at in own_columns if at < len(row) and row[at])
                for row in sheet.rows[place + 1 :]
                if not _is_heading(row, ACTIVITY_FIELDS)
            ]
        if typed := list(filter(_has_letters, rows)):
            note = Note("form words", {"text": in_short(typed, _MOST_BESIDE)})
            yield problem_of("counted", "form", file, title, note)


def _typed_on_cover(sheet: Sheet) -> Iterator[str]:
    """The rows of the first sheet that are none of ours, and what stands beside those that are.

    In forms of old our lines have no key before them, and may go on in other words than today's.
    """
    ours = {text(key, lang) for key in ("form how", "indicative") for lang in LANGUAGES}
    ours |= {disclaimer(DISCLAIMER, lang) for lang in LANGUAGES}
    beginnings = {line[:_AS_WE_BEGIN] for line in ours}
    for row in sheet.rows:
        is_keyless = len(row) > 1 and not row[0]
        is_old = is_keyless and row[1][:_AS_WE_BEGIN] in beginnings
        is_ours = bool(row) and (row[0] in COVER_KEYS or is_old)
        typed = row[2:] if is_ours else row
        yield " | ".join(filter(None, typed))


_AS_WE_BEGIN: Final = 30
"""Letters by which a line of ours is known: a group that writes as many of them alike has copied it."""


def _is_hidden_sheet(sheet: Sheet) -> bool:
    """Whether a sheet is one of those that a form has for itself: its lists, and what was handed out."""
    first_row = sheet.rows[0] if sheet.rows else []
    return {"actions", "themes"} <= {*first_row} or any(one.startswith(WAS) for one in first_row)


def _spoken_out(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Rows without the marks that say nothing, each "the same as above" in the words above; and these."""
    ditto_words = []
    rows: list[list[str]] = []
    for row in table.itertuples(index=False, name=None):
        above = rows[-1] if rows else [""] * len(row)
        cells = ["" if is_no_word(cell) else cell for cell in row]
        at_ditto = [n for n, cell in enumerate(cells) if above[n] and is_ditto(cell)]
        ditto_words += [cells[n] for n in at_ditto]
        rows.append([above[n] if n in at_ditto else cell for n, cell in enumerate(cells)])
    return pd.DataFrame(rows, columns=table.columns, dtype=str), ditto_words


_NAMED_FIELDS: Final = frozenset({"unit_id", "name_en", "merge_with", "new_name", "activity_id"})


def _bounded(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The cells of a form no longer than any name or remark; letters of the longest one cut, else 0."""
    limits = {
        name: LONGEST_NAME if name in _NAMED_FIELDS else LONGEST_TEXT for name in table.columns
    }
    cells = {name: table[name].tolist() for name in limits}
    lengths = [
        len(cell) for name, most in limits.items() for cell in cells[name] if len(cell) > most
    ]
    if not lengths:
        return table, 0
    return table.apply(lambda column: column.str[: limits[column.name]]), max(lengths)


def _beside_cells(sheet: Sheet, title: str, file: str) -> Iterator[Problem]:
    """Cells without a text, for an error or a formula, and notes beside cells: none is text of the form."""
    for cell, error in sheet.errors.items():
        key = "cell formula" if error.startswith("=") else "cell error"
        note = Note(key, {"cell": cell, "error": error})
        yield problem_of("counted", "form", file, title, note)
    for _, row in groupby(sheet.struck.items(), key=lambda one: one[0].strip(ascii_uppercase)):
        cells, struck = zip(*row, strict=True)
        facts = {"cell": ", ".join(cells), "words": " ".join(" | ".join(struck).split())}
        note = Note("cell struck", {"count": len(cells), **facts})
        yield problem_of("counted", "form", file, title, note)
    for cell, remark in sheet.remarks.items():
        note = Note("cell note", {"cell": cell, "words": " ".join(remark.split())}, "note")
        yield problem_of("note", "form", file, title, note)


def _coloured_rows(
    sheet: Sheet, title: str, place: int, fields: Sequence[str], file: str
) -> Iterator[Problem]:
    """The rows of a table that a group has put a colour behind: nobody can say what it asks for."""
    names = [
        next(filter(None, row))
        for number, row in enumerate(sheet.rows[place + 1 :], start=place + 2)
        if any(row) and not _is_heading(row, fields)
        if sheet.colours.get(number, set()) - {"", TO_FILL_COLOUR, "FFFFFF"}
    ]
    if names:
        note = Note("rows coloured", {"count": len(names), "names": in_short(names, _MOST_BESIDE)})
        yield problem_of("counted", "form", file, title, note)


def _lost_letters(
    sheet: Sheet, title: str, place: int, fields: Sequence[str], file: str
) -> Iterator[Problem]:
    """In which of the cells that a group filled in a program has put "?" for letters."""
    # names are ours: those that came back otherwise are known again
    ours = {*HANDED_OUT_FIELDS, "name", *(f"name_{lang}" for lang in LANGUAGES)}
    names = fields_named(sheet.rows[place], (*fields, *ours))
    cells = [
        cell_reference((number, at))
        for number, row in enumerate(sheet.rows[place + 1 :], start=place + 2)
        if not _is_heading(row, fields)
        for at, cell in enumerate(row, start=1)
        if lacks_letters(cell) and not (at <= len(names) and names[at - 1] in ours)
    ]
    if cells:
        facts = {"count": len(cells), "cells": in_short(cells, _MOST_BESIDE)}
        yield problem_of("counted", "form", file, title, Note("cells lack letters", facts))


def _rows_with(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The rows in which something stands in any of some columns."""
    return table[(table[list(columns)] != "").any(axis=1)].reset_index(drop=True)


def _handed_out(book: Mapping[str, Sheet]) -> pd.DataFrame:
    """The activities as the form was handed out."""
    names = [f"{WAS}{name}" for name in ACTIVITY_FIELDS]
    for sheet in book.values():
        if sheet.rows and sheet.rows[0][: len(names)] == names:
            rows = [[*row, *[""] * len(names)][: len(names)] for row in sheet.rows[1:] if any(row)]
            return pd.DataFrame(rows, columns=list(ACTIVITY_FIELDS), dtype=str)
    return _no_rows(ACTIVITY_FIELDS)


def _no_rows(fields: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=str) for name in fields})
