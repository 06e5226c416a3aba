"""Sheets of a workbook: columns, cells that are never a formula, pages, settled bytes."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from cami_units.documents.csv_tables import decimals, is_formula, joined
from cami_units.model import FINDINGS, STATUSES, Imprint, clean_name, clean_text
from cami_units.words import MARKS, NEED_MARKS, has, text

_CELL_LIMIT: Final = 32_767
"""The longest text a cell of a workbook takes, in characters."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet: its name in the tables, its width in characters, its number format.

    `says` is the phrase for its heading, where it is not that of its name.
    """

    name: str
    width: float
    format: str = "General"
    wrap: bool = False
    says: str = ""


WHOLE: Final = "#,##0"
FINE: Final = "0.000"
SHARE: Final = "0.0"

NAMES: Final = PatternFill("solid", fgColor="F2F2F2")
HEADER: Final = PatternFill("solid", fgColor="1F3A4D")
LINE: Final = Border(bottom=Side("hair", color="B0B0B0"))
TOP: Final = Alignment(vertical="top")
WRAP: Final = Alignment(vertical="top", wrap_text=True)
_MARKS: Final = Alignment(vertical="top", horizontal="center")
_MARK_FONT: Final = {
    MARKS[True]: Font(bold=True, color="1B6E3C"),
    MARKS[False]: Font(color="8A3B12"),
    MARKS[None]: Font(color="6B6B6B"),
    NEED_MARKS[True]: Font(bold=True, color="333333"),
    NEED_MARKS[False]: Font(color="6B6B6B"),
}
# DOMAIN's colours of the statuses, light enough to read black text on.
STATUS_FILL: Final = {
    status: PatternFill("solid", fgColor=colour)
    for status, colour in zip(
        STATUSES[:6],
        ("D9D9D9", "C9DDF2", "F9D3A8", "FBF0A6", "BFE3C0", "8FC79A"),
        strict=True,
    )
}


Rows = Sequence[Mapping[str, Any]]


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    names = [str(column) for column in table]
    columns = [table[column].to_numpy(dtype=object).tolist() for column in table]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def fill(sheet: Any, columns: Sequence[Column], rows: Rows, imprint: Imprint) -> None:
    for number, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = column.width
        put(sheet.cell(1, number), column.name, font=Font(size=8, color="6B6B6B"), fill=NAMES)
        put(
            sheet.cell(2, number),
            heading(column.says or column.name, imprint.languages),
            font=Font(bold=True, color="FFFFFF"),
            fill=HEADER,
            alignment=Alignment(vertical="center", wrap_text=True),
        )
    sheet.row_dimensions[2].height = 48
    styles: dict[tuple[Any, ...], Any] = {}
    for line, row in enumerate(rows, start=3):
        cells = [Cell(sheet, line, number) for number in range(1, len(columns) + 1)]
        for cell, column in zip(cells, columns, strict=True):
            _fill_cell(cell, row.get(column.name), column, styles)
        sheet.append(cells)
    sheet.freeze_panes = "C3"
    sheet.auto_filter.ref = f"A2:{get_column_letter(len(columns))}{len(rows) + 2}"
    set_page(sheet, imprint, rows_repeated="1:2")


def heading(name: str, languages: Sequence[str]) -> str:
    if is_finding(name):
        return name
    if not has(f"column {name}"):
        return name
    return "\n".join(text(f"column {name}", lang) for lang in languages)


def is_finding(name: str) -> bool:
    """Whether a column is that of a gate or criterion: its id is its heading in every language."""
    return name[:1] in ("G", "C") and name[1:].isdigit()


def _fill_cell(
    cell: Any, value: object, column: Column, styles: dict[tuple[Any, ...], Any]
) -> None:
    """A value in its cell, styled; `styles` remembers those made, which are dear to make anew."""
    if isinstance(value, float) and math.isfinite(value):
        value = round(value, decimals(column.name)) + 0.0
    content = _shown(value)
    text = isinstance(content, str)
    marked = content if text and content in _MARK_FONT else ""
    status = content if text and column.name == "status" and content in STATUS_FILL else ""
    key = (column, marked, status, text, text and is_formula(str(content)))
    if key not in styles:
        put(cell, value)
        cell.alignment = _MARKS if marked else (WRAP if column.wrap else TOP)
        cell.border = LINE
        if marked:
            cell.font = _MARK_FONT[marked]
        elif status:
            cell.fill = STATUS_FILL[status]
        if not text:
            cell.number_format = column.format
        styles[key] = cell._style
        return
    # past the door of the cell, which would look for characters that are not there any more
    cell._style = styles[key]
    if content is not None:
        cell._value = content
        cell.data_type = "s" if text else "n"


def put(cell: Any, value: object, **style: Any) -> None:
    """A value in a cell: a number as it is, anything else as text that cannot be a formula."""
    content = _shown(value)
    if content is not None:
        cell.value = content
    if isinstance(content, str):
        cell.data_type = "s"
        cell.quotePrefix = is_formula(content)
    for name, what in style.items():
        setattr(cell, name, what)


def _shown(value: object) -> str | int | float | None:
    """What a cell holds: a number, or clean text that is not too long, or nothing."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float) and math.isfinite(value):
        return value
    line = clean_text(joined(value))
    if len(line) > _CELL_LIMIT:
        line = line[: _CELL_LIMIT - 1] + "…"
    return line or None


def fill_about(sheet: Any, imprint: Imprint) -> None:
    sheet.column_dimensions["A"].width = 34
    sheet.column_dimensions["B"].width = 100
    rows = [
        (together("title", imprint), imprint.title),
        (together("round", imprint), imprint.round),
        (together("date", imprint), imprint.date),
        (together("profile", imprint), imprint.profile),
        (together("disclaimer", imprint), imprint.disclaimer),
        *((together("sources", imprint), source) for source in imprint.sources),
        *(
            (together("marks", imprint), f"{MARKS[met]}  {together(phrase, imprint)}")
            for met, phrase in ((True, "met"), (False, "not met"), (None, "not assessed"))
        ),
        *(
            (together("marks", imprint), f"{NEED_MARKS[met]}  {together(phrase, imprint)}")
            for met, phrase in ((True, "a need"), (False, "no need"))
        ),
        *((together("statuses", imprint), together(status, imprint)) for status in STATUSES),
        *((name, together(name, imprint)) for name in FINDINGS),
        ("", together("scripting", imprint)),
    ]
    if imprint.indicative:
        rows.insert(0, ("", together("indicative", imprint)))
    for number, (label, value) in enumerate(rows, start=1):
        put(sheet.cell(number, 1), label, font=Font(bold=True), alignment=WRAP)
        put(sheet.cell(number, 2), value, alignment=WRAP)
    set_page(sheet, imprint)


def together(key: str, imprint: Imprint) -> str:
    return " / ".join(text(key, lang) for lang in imprint.languages)


def set_page(sheet: Any, imprint: Imprint, *, rows_repeated: str | None = None) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = rows_repeated
    line = f"{clean_name(imprint.title)[:120]} · {imprint.round} · {imprint.date}"
    sheet.oddFooter.left.text = line.replace("&", "&&")  # a lone & begins a code
    sheet.oddFooter.right.text = "&P / &N"


_MODIFIED: Final = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")


def new_workbook(imprint: Imprint) -> Workbook:
    """A workbook without sheets, with the title and the date of its round."""
    book = Workbook()
    book.remove(book.active)
    book.properties.creator = "cami_units"
    book.properties.title = clean_name(imprint.title)
    book.properties.created = datetime.fromisoformat(imprint.date)
    return book


def save_settled(document: Any, path: Path, imprint: Imprint) -> None:
    """Write a workbook, a text or slides without the hour of saving: the same bytes each time."""
    unsettled = io.BytesIO()
    document.save(unsettled)
    path.write_bytes(_settled(unsettled.getvalue(), datetime.fromisoformat(imprint.date)))


def _settled(package: bytes, day: datetime) -> bytes:
    """The same package without the hour at which it was saved, and with its parts in order."""
    stamp = day.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    target_bytes = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(package)) as source,
        zipfile.ZipFile(target_bytes, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        # Readers look for the list of content types first.
        for name in sorted(source.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            part = source.read(name)
            if name == "docProps/core.xml":
                part = _MODIFIED.sub(rb"\g<1>" + stamp + rb"\g<2>", part)
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            target.writestr(entry, part)
    return target_bytes.getvalue()
