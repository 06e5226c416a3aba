"""Tables that people send: workbooks and CSV, read as text, under limits, without a formula run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cami_units.documents.workbook_cells import file_bytes, workbook_sheets
from cami_units.model import InputError, clean_name, delimited_rows, listed, nearest
from cami_units.words import LANGUAGES, has, text


def read_table(path: Path, *, columns: Sequence[str], needs: Sequence[str]) -> pd.DataFrame:
    """A table of text from a CSV, or from the first sheet of an XLSX that has the columns.

    Parameters
    ----------
    path : Path
        ``….csv`` (commas, semicolons or tabs; UTF-8, else Windows Cyrillic) or ``….xlsx``.
    columns : sequence of str
        The columns to hand on, in this order; one that is not there is empty.
    needs : sequence of str
        Those that must be there.

    Raises
    ------
    InputError
        The file cannot be read, is too large or dangerous, or lacks a column: the nearest one
        that is there is named.
    """
    if not path.is_file():
        raise InputError(f"There is no file '{path}'.")
    if path.suffix.lower() in (".xlsx", ".xlsm", ".ods"):
        sheets = [sheet.rows for sheet in workbook_sheets(path).values()]
    else:
        sheets = [_csv_rows(path)]
    for rows in sheets:
        if any(set(needs) <= set(row) for row in rows[:5]):
            return rows_of(rows, columns, needs=needs)
    columns_there = sheets[0][0] if sheets and sheets[0] else []
    missing = [column for column in needs if column not in columns_there]
    hints = "".join(nearest(column, columns_there) for column in missing)
    raise InputError(
        f"'{path.name}' has no column {listed(missing or needs)}; it has {listed(columns_there, 12)}.{hints}"
    )


def rows_of(
    rows: Sequence[Sequence[str]], columns: Sequence[str], *, needs: Sequence[str]
) -> pd.DataFrame:
    """The rows below the line that names the columns; lines of headings and empty ones left out."""
    place = next(number for number, row in enumerate(rows) if set(needs) <= set(row))
    names = list(rows[place])
    body = []
    for row in rows[place + 1 :]:
        if row is rows[place + 1] and _is_heading(row, names):
            continue
        values = {name: row[at] if at < len(row) else "" for at, name in enumerate(names) if name}
        if any(values.values()):
            body.append([values.get(column, "") for column in columns])
    return pd.DataFrame(body, columns=list(columns), dtype=str)


def _is_heading(row: Sequence[str], names: Sequence[str]) -> bool:
    """Our own workbooks say below the names of the columns what each means."""
    headings = {
        name: {text(f"column {name}", lang) for lang in LANGUAGES}
        for name in names
        if has(f"column {name}")
    }
    cells = dict(zip(names, row, strict=False))
    return any(cells.get(name, "").split("\n")[0] in phrases for name, phrases in headings.items())


def _csv_rows(path: Path) -> list[list[str]]:
    """The rows of a CSV in any dialect, each cell cleaned."""
    try:
        rows = delimited_rows(file_bytes(path))
    except ValueError as error:
        raise InputError(f"'{path.name}' cannot be read as CSV: {error}.") from error
    return [[clean_name(cell) for cell in row] for row in rows]
