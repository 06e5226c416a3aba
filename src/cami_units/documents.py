"""Tables for people: CSV to script against, and a workbook to read, sort and print.

Both are plain: no geometry, no formula, the same bytes for the same tables. Text from a file is
cleaned, and kept from being taken for a formula.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from cami_units.model import (
    FINDINGS,
    STATUSES,
    Imprint,
    Round,
    clean_name,
    clean_text,
    is_missing,
)
from cami_units.words import MARKS, mark, text

_BEGINS_A_FORMULA: Final = tuple("=+-@＝＋－＠")
_HARMLESS: Final = re.compile(r"[=+-]?\d+(?:[.,]\d+)?%?", re.ASCII)
"""A rank like "=4" and numbers written as text: what a spreadsheet makes of them does no harm."""

_CELL_LIMIT: Final = 32_767
"""The longest text a cell of a workbook takes, in characters."""


# -- CSV ------------------------------------------------------------------------------------------


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV, rows and columns as they come, geometry left out.

    Parameters
    ----------
    path : Path
        The file to write.
    table : DataFrame or GeoDataFrame
        Any table. Lists become ``a;b``; yes and no ``true`` and ``false``; a missing value nothing.

    Notes
    -----
    UTF-8 without a byte-order mark, since people script against the first column; commas, and a
    bare line feed. Whoever wants to read it in Excel takes the workbook. Square kilometres and
    kilometres have 2 decimals, longitude and latitude 5, other numbers 4. Text is put on one line;
    where a spreadsheet would take it for a formula, an apostrophe stands before it, as OWASP
    advises (a rank like ``=4`` and numbers are left alone).
    """
    plain = _without_geometry(table)
    columns = {clean_name(column): _csv_column(plain[column]) for column in plain.columns}
    pd.DataFrame(columns, index=plain.index).to_csv(
        path, index=False, encoding="utf-8", lineterminator="\n"
    )


def _without_geometry(table: pd.DataFrame) -> pd.DataFrame:
    shapes = [column for column, kind in table.dtypes.items() if str(kind) == "geometry"]
    return pd.DataFrame(table.drop(columns=shapes))


def _csv_column(values: pd.Series[Any]) -> pd.Series[Any]:
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.map({True: "true", False: "false"}).astype(object)
    if pd.api.types.is_float_dtype(values.dtype):
        return values.round(_decimals(str(values.name))) + 0.0  # no "-0.0"
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values
    cells = [_csv_cell(value, str(values.name)) for value in values]
    return pd.Series(cells, index=values.index, dtype=object)


def _csv_cell(value: object, column: str) -> object:
    if is_missing(value):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return round(value, _decimals(column)) + 0.0
    if isinstance(value, int):
        return value
    line = clean_name(_joined(value))
    return f"'{line}" if _is_formula(line) else line


def _decimals(column: str) -> int:
    if column in {"lon", "lat"}:
        return 5
    return 2 if column.endswith(("_km2", "_km")) else 4


def _joined(value: object) -> object:
    if isinstance(value, set | frozenset):
        return ";".join(sorted(map(str, value)))
    if isinstance(value, list | tuple):
        return ";".join(map(str, value))
    return value


def _is_formula(line: str) -> bool:
    return line.startswith(_BEGINS_A_FORMULA) and not _HARMLESS.fullmatch(line)


# -- the workbook of a round ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of a sheet: its name in the tables, its width in characters, its number format."""

    name: str
    width: float
    format: str = "General"
    wrap: bool = False


_WHOLE: Final = "#,##0"
_FINE: Final = "0.000"
_SHARE: Final = "0.0"

_UNITS: Final = (
    _Column("unit_id", 10),
    _Column("name_en", 28, wrap=True),
    _Column("name_ru", 28, wrap=True),
    _Column("status", 20, wrap=True),
    _Column("rank_label", 7),
    _Column("tier", 10),
    _Column("score", 9, _FINE),
    _Column("area_km2", 11, _WHOLE),
    _Column("countries", 14, wrap=True),
    _Column("n_countries", 9),
    _Column("disputed", 12),
    _Column("species", 38, wrap=True),
    _Column("n_species", 9),
    _Column("species_supporting", 24, wrap=True),
    _Column("criteria_met", 22, wrap=True),
    _Column("confidence", 12, "0.00"),
    _Column("origin", 14),
    _Column("hotspot_ids", 12, wrap=True),
    _Column("rationale", 60, wrap=True),
    _Column("rank", 11),
    *(_Column(name, 6) for name in FINDINGS),
)
_CRITERIA: Final = (
    _Column("unit_id", 10),
    _Column("name_en", 28, wrap=True),
    _Column("criterion", 9),
    _Column("what", 30, wrap=True),
    _Column("met", 10),
    _Column("value", 11, "#,##0.00"),
    _Column("unit", 18, wrap=True),
    _Column("threshold", 11, "#,##0.##"),
    _Column("because", 80, wrap=True),
)
_SPECIES: Final = (
    _Column("unit_id", 10),
    _Column("name_en", 28, wrap=True),
    _Column("sci_name", 28),
    _Column("species_name", 34, wrap=True),
    _Column("role", 12),
    _Column("overlap_km2", 14, _WHOLE),
    _Column("range_share", 14, _SHARE),
    _Column("sides", 16, wrap=True),
)
_COUNTRIES: Final = (
    _Column("unit_id", 10),
    _Column("name_en", 28, wrap=True),
    _Column("iso2", 8),
    _Column("state", 30, wrap=True),
    _Column("area_km2", 12, _WHOLE),
    _Column("share", 12, _SHARE),
)
_NOT_PROPOSED: Final = (
    _Column("hotspot_id", 10),
    _Column("name_en", 34, wrap=True),
    _Column("reason", 100, wrap=True),
)

_NAMES: Final = PatternFill("solid", fgColor="F2F2F2")
_HEADER: Final = PatternFill("solid", fgColor="1F3A4D")
_LINE: Final = Border(bottom=Side("hair", color="B0B0B0"))
_TOP: Final = Alignment(vertical="top")
_WRAP: Final = Alignment(vertical="top", wrap_text=True)
_MARKS: Final = Alignment(vertical="top", horizontal="center")
_MARK_FONT: Final = {
    MARKS[True]: Font(bold=True, color="1B6E3C"),
    MARKS[False]: Font(color="8A3B12"),
    MARKS[None]: Font(color="6B6B6B"),
}
# DOMAIN's colours of the statuses, light enough to read black text on.
_STATUS_FILL: Final = {
    status: PatternFill("solid", fgColor=colour)
    for status, colour in zip(
        STATUSES[:6],
        ("D9D9D9", "C9DDF2", "F9D3A8", "FBF0A6", "BFE3C0", "8FC79A"),
        strict=True,
    )
}


def write_units_workbook(path: Path, round: Round) -> None:
    """Write the units of a round, with their evidence, as an Excel workbook.

    Sheets `units` (by rank, with a mark for every gate and criterion), `criteria`, `species`,
    `countries`, `not proposed` and `about`. The first row of each holds the names of the columns
    as in `docs/tables.md`, the second what they mean in the languages of the round.

    Parameters
    ----------
    path : Path
        The file to write.
    round : Round
        The tables `conservation_units`, `unit_criteria`, `unit_species`, `unit_countries` and
        `not_proposed`; species and states are named where it also has `species` or `countries`.

    Notes
    -----
    Every text is written as text: no cell is ever a formula. The dates inside are the round's, so
    the same round gives the same bytes.
    """
    book = Workbook()
    book.remove(book.active)
    imprint = round.imprint
    for name, columns, rows in _sheets(round):
        _fill(book.create_sheet(name), columns, rows, imprint)
    _fill_about(book.create_sheet("about"), imprint)
    day = datetime.fromisoformat(imprint.date)
    book.properties.creator = "cami_units"
    book.properties.title = clean_name(imprint.title)
    book.properties.created = day
    unsettled = io.BytesIO()
    book.save(unsettled)
    path.write_bytes(_settled(unsettled.getvalue(), day))


_Rows = Sequence[Mapping[str, Any]]


def _sheets(round: Round) -> list[tuple[str, Sequence[_Column], _Rows]]:
    tables = {name: _without_geometry(table) for name, table in round.tables.items()}
    units = tables["conservation_units"].sort_values(["rank", "unit_id"], na_position="last")
    place = {unit_id: number for number, unit_id in enumerate(units["unit_id"])}
    names = dict(zip(units["unit_id"], units["name_en"], strict=True))
    languages = round.imprint.languages
    species = _names(tables.get("species"), "sci_name", languages)
    states = _names(tables.get("countries"), "iso2", languages)
    marks = _marks(tables["unit_criteria"])

    def evidence(name: str, order: Callable[[Mapping[str, Any]], Any]) -> list[dict[str, Any]]:
        rows = [{**row, "name_en": names.get(row["unit_id"])} for row in _records(tables[name])]
        return sorted(rows, key=lambda row: (place.get(row["unit_id"], len(place)), order(row)))

    findings = [
        {**row, "what": _spoken(row["criterion"], languages), "met": mark(row["met"])}
        for row in evidence("unit_criteria", lambda row: _finding(row["criterion"]))
    ]
    present = [
        {**row, "species_name": species.get(row["sci_name"])}
        for row in evidence("unit_species", lambda row: row["sci_name"])
    ]
    shares = [
        {**row, "state": states.get(row["iso2"])}
        for row in evidence("unit_countries", lambda row: row["iso2"])
    ]
    return [
        ("units", _UNITS, [{**row, **marks.get(row["unit_id"], {})} for row in _records(units)]),
        ("criteria", _CRITERIA, findings),
        ("species", _SPECIES, present),
        ("countries", _COUNTRIES, shares),
        ("not proposed", _NOT_PROPOSED, _records(tables["not_proposed"].sort_values("hotspot_id"))),
    ]


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _names(table: pd.DataFrame | None, key: str, languages: Sequence[str]) -> dict[str, str]:
    """What each species or state is called, in the languages of the round."""
    if table is None:
        return {}
    columns = [f"name_{lang}" for lang in languages if f"name_{lang}" in table.columns]
    return {
        str(row[key]): " / ".join(clean_name(row[c]) for c in columns if not is_missing(row[c]))
        for row in _records(table)
    }


def _marks(findings: pd.DataFrame) -> dict[str, dict[str, str]]:
    marks: dict[str, dict[str, str]] = {}
    for row in _records(findings):
        marks.setdefault(row["unit_id"], {})[row["criterion"]] = mark(row["met"])
    return marks


def _finding(name: str) -> int:
    return FINDINGS.index(name) if name in FINDINGS else len(FINDINGS)


def _spoken(key: str, languages: Sequence[str]) -> str:
    return "\n".join(text(key, lang) for lang in languages) if key in FINDINGS else ""


def _fill(sheet: Any, columns: Sequence[_Column], rows: _Rows, imprint: Imprint) -> None:
    for number, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = column.width
        _put(sheet.cell(1, number), column.name, font=Font(size=8, color="6B6B6B"), fill=_NAMES)
        _put(
            sheet.cell(2, number),
            _heading(column.name, imprint.languages),
            font=Font(bold=True, color="FFFFFF"),
            fill=_HEADER,
            alignment=Alignment(vertical="center", wrap_text=True),
        )
    sheet.row_dimensions[2].height = 48
    for line, row in enumerate(rows, start=3):
        for number, column in enumerate(columns, start=1):
            _fill_cell(sheet.cell(line, number), row.get(column.name), column)
    sheet.freeze_panes = "C3"
    sheet.auto_filter.ref = f"A2:{get_column_letter(len(columns))}{len(rows) + 2}"
    _set_page(sheet, imprint, rows_repeated="1:2")


def _heading(name: str, languages: Sequence[str]) -> str:
    if name in FINDINGS:
        return name
    return "\n".join(text(f"column {name}", lang) for lang in languages)


def _fill_cell(cell: Any, value: object, column: _Column) -> None:
    marked = value in _MARK_FONT if isinstance(value, str) else False
    alignment = _MARKS if marked else (_WRAP if column.wrap else _TOP)
    if isinstance(value, float) and math.isfinite(value):
        value = round(value, _decimals(column.name)) + 0.0
    _put(cell, value, alignment=alignment, border=_LINE)
    if marked:
        cell.font = _MARK_FONT[str(value)]
    elif column.name == "status" and value in _STATUS_FILL:
        cell.fill = _STATUS_FILL[str(value)]
    if not isinstance(cell.value, str):
        cell.number_format = column.format


def _put(cell: Any, value: object, **style: Any) -> None:
    """A value in a cell: a number as it is, anything else as text that cannot be a formula."""
    if isinstance(value, bool):
        cell.value = "yes" if value else "no"
    elif isinstance(value, int | float) and math.isfinite(value):
        cell.value = value
    else:
        line = clean_text(_joined(value))
        if len(line) > _CELL_LIMIT:
            line = line[: _CELL_LIMIT - 1] + "…"
        if line:
            cell.value = line
            cell.data_type = "s"
            cell.quotePrefix = _is_formula(line)
    for name, what in style.items():
        setattr(cell, name, what)


def _fill_about(sheet: Any, imprint: Imprint) -> None:
    sheet.column_dimensions["A"].width = 34
    sheet.column_dimensions["B"].width = 100
    rows = [
        (_together("title", imprint), imprint.title),
        (_together("round", imprint), imprint.round),
        (_together("date", imprint), imprint.date),
        (_together("profile", imprint), imprint.profile),
        (_together("disclaimer", imprint), imprint.disclaimer),
        *((_together("sources", imprint), source) for source in imprint.sources),
        *(
            (_together("marks", imprint), f"{MARKS[met]}  {_together(phrase, imprint)}")
            for met, phrase in ((True, "met"), (False, "not met"), (None, "not assessed"))
        ),
        *((_together("statuses", imprint), _together(status, imprint)) for status in STATUSES),
        *((name, _together(name, imprint)) for name in FINDINGS),
        ("", _together("scripting", imprint)),
    ]
    if imprint.indicative:
        rows.insert(0, ("", _together("indicative", imprint)))
    for number, (label, value) in enumerate(rows, start=1):
        _put(sheet.cell(number, 1), label, font=Font(bold=True), alignment=_WRAP)
        _put(sheet.cell(number, 2), value, alignment=_WRAP)
    _set_page(sheet, imprint)


def _together(key: str, imprint: Imprint) -> str:
    return " / ".join(text(key, lang) for lang in imprint.languages)


def _set_page(sheet: Any, imprint: Imprint, *, rows_repeated: str | None = None) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = rows_repeated
    line = f"{clean_name(imprint.title)[:120]} · {imprint.round} · {imprint.date}"
    sheet.oddFooter.left.text = line.replace("&", "&&")  # a lone & begins a code
    sheet.oddFooter.right.text = "&P / &N"


_MODIFIED: Final = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")


def _settled(workbook: bytes, day: datetime) -> bytes:
    """The same workbook without the hour at which it was saved, and with its parts in order."""
    stamp = day.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    settled = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as source,
        zipfile.ZipFile(settled, "w", zipfile.ZIP_DEFLATED) as target,
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
    return settled.getvalue()
