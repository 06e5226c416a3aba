"""Tables that people send: workbooks and CSV, read as text, under limits, without a formula run."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import openpyxl
import pandas as pd

from cami_units.model import InputError, clean_name, clean_text, listed, nearest
from cami_units.words import LANGUAGES, has, text

_MOST_BYTES: Final = 20_000_000
_MOST_UNPACKED: Final = 100_000_000
_MOST_PARTS: Final = 1_000
_MOST_ROWS: Final = 20_000
_MOST_COLUMNS: Final = 100
_ENCODINGS: Final = ("utf-8-sig", "cp1251")


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
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        sheets = list(opened_workbook(path).values())
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


def opened_workbook(path: Path) -> dict[str, list[list[str]]]:
    """The sheets of a workbook as rows of text.

    Raises
    ------
    InputError
        The file is no workbook, or too large, or holds what no spreadsheet writes.
    """
    content = _bytes(path)
    _check_archive(path, content)
    try:
        book = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True, keep_links=False
        )
        return {str(sheet.title): _rows(sheet) for sheet in book.worksheets}
    except InputError:
        raise
    except Exception as error:  # openpyxl raises whatever a damaged file makes it raise
        raise InputError(
            f"'{path.name}' cannot be read as a workbook ({type(error).__name__}). Open it in a "
            "spreadsheet and save it again as .xlsx."
        ) from error


def _rows(sheet: openpyxl.worksheet.worksheet.Worksheet) -> list[list[str]]:
    sheet.reset_dimensions()  # what the file says of its own size is not to be trusted
    rows = []
    empty = 0
    for row in sheet.iter_rows(max_row=_MOST_ROWS, max_col=_MOST_COLUMNS, values_only=True):
        cells = [_cell(value) for value in row]
        empty = 0 if any(cells) else empty + 1
        if empty > 500:
            break
        rows.append(cells)
    return rows


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return clean_text(value)


def _check_archive(path: Path, content: bytes) -> None:
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise InputError(
            f"'{path.name}' is no .xlsx workbook. Open it in a spreadsheet and save it as .xlsx."
        )
    unpacked = 0
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if len(archive.infolist()) > _MOST_PARTS:
            raise _refused(path, f"it has more than {_MOST_PARTS:,} parts")
        for entry in archive.infolist():
            if entry.flag_bits & 1:
                raise _refused(path, "it is encrypted")
            with archive.open(entry) as stream:
                part = stream.read(_MOST_UNPACKED - unpacked + 1)
            unpacked += len(part)
            if unpacked > _MOST_UNPACKED:
                raise _refused(path, f"it unpacks to more than {_MOST_UNPACKED // 1_000_000} MB")
            if b"<!DOCTYPE" in part or b"<!ENTITY" in part:
                raise _refused(path, "it declares a document type, which no spreadsheet does")


def _refused(path: Path, why: str) -> InputError:
    return InputError(f"'{path.name}' was refused: {why}. Ask for a fresh copy.")


def _csv_rows(path: Path) -> list[list[str]]:
    content = _bytes(path)
    for encoding in _ENCODINGS:
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        text = content.decode("utf-8", "replace")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    lines = csv.reader(io.StringIO(text.replace("\x00", "")), delimiter=delimiter)
    try:
        return [[clean_name(cell) for cell in row] for row in islice(lines, _MOST_ROWS)]
    except csv.Error as error:
        raise InputError(f"'{path.name}' cannot be read as CSV: {error}.") from error


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _refused(path, f"it is larger than {_MOST_BYTES // 1_000_000} MB")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"'{path.name}' cannot be read: {error.strerror or error}.") from error
