"""The cells of a workbook as text, whoever wrote it: .xlsx of any program, strict or not, and .ods.

Only the cells are read, by the local names of their elements, so neither odd styles nor another
namespace matters. No formula is computed: a cell holds what the spreadsheet last showed. A library
would be shorter, but openpyxl stops at styles it does not know and at the strict namespace, and
calamine gives an error cell as an empty one and makes room for every cell up to the farthest.

:func:`read_table` gives such a workbook, or a CSV, as a table of text.
"""

from __future__ import annotations

import datetime as dt
import io
import posixpath
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pandas as pd
from lxml import etree

from cami_units.model import (
    ARCHIVE_DAMAGE,
    InputError,
    Note,
    clean_name,
    clean_text,
    delimited_rows,
    in_short,
    nearest_note,
    quoted,
)
from cami_units.words import LANGUAGES, has, text

TABLE_SUFFIXES: Final = (".csv", ".tsv", ".txt")
"""Endings of tables in text; Excel calls its "Unicode text" .txt."""
# Counted before anything is parsed, each far above what a group's form can hold.
MOST_BYTES: Final = 20_000_000
_MOST_UNPACKED: Final = 50_000_000
_MOST_PARTS: Final = 1_000
# as many as of a KML: a tree of a million takes 150 MB
_MOST_TAGS: Final = 600_000
_MOST_ROWS: Final = 20_000
_MOST_COLUMNS: Final = 100
# a form has fewer than a hundred rows; what comes after this many empty ones was typed by mistake
_MOST_EMPTY_ROWS: Final = 500

# "#…" is Excel's, "Err:509" LibreOffice's.
_ERROR: Final = re.compile(r"#(?:N/A|NAME\?|NULL!|NUM!|REF!|VALUE!|DIV/0!|SPILL!|CALC!)|Err:\d+")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its rows as text, and what its cells hold beside text.

    Attributes
    ----------
    rows
        From the first row on, each as long as its last filled cell.
    errors
        Cells that show an error ("E3" → "#VALUE!"), or hold a formula that no program has computed
        ("=…"); in `rows` they are empty.
    remarks
        What people wrote beside a cell, as a note of the spreadsheet, by cell.
    struck
        Cells through whose whole text a line is drawn, by cell; in `rows` they are as they stand.
    colours
        What is behind the cells of a row, by its number: six hex digits, what a program has for them, or nothing.
    """

    rows: list[list[str]]
    errors: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)
    struck: Mapping[str, str] = field(default_factory=dict)
    colours: Mapping[int, Set[str]] = field(default_factory=dict)


def workbook_sheets(path: Path) -> dict[str, Sheet]:
    """The sheets of a workbook, by name, in their order; a table in text is one sheet.

    Raises
    ------
    InputError
        The file is no workbook, or too large, or holds what no spreadsheet writes.
    """
    content = file_bytes(path)
    if path.suffix.lower() in TABLE_SUFFIXES:
        return {path.stem: _text_sheet(path.name, content)}
    # the first bytes of OLE2, which holds an .xls and every workbook with a password
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError.of("workbook old or locked", file=path.name)
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise InputError.of("no workbook", file=path.name)
    parts = _unpacked(path, content)
    try:
        if "content.xml" in parts:
            return dict(_ods_sheets(_tree(parts["content.xml"])))
        return dict(_xlsx_sheets(parts))
    except (etree.XMLSyntaxError, KeyError, ValueError, IndexError, OverflowError) as error:
        raise InputError.of("workbook unreadable", file=path.name) from error


def _text_sheet(name: str, content: bytes) -> Sheet:
    """A table in text, of any dialect, as the sheet that it was saved from."""
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<", b"PK", b"{")):
        raise InputError.of("no table in text", file=name)
    try:
        raw_rows = delimited_rows(content, most_rows=_MOST_ROWS)
    except InputError as error:
        raise InputError.of("CSV unreadable", file=name, why=error.note) from error
    cells: dict[int, dict[int, str]] = {}
    errors = {}
    for row, line in enumerate(raw_rows, start=1):
        for column, raw in enumerate(line[:_MOST_COLUMNS], start=1):
            value = clean_text(raw)
            if _ERROR.fullmatch(value):
                errors[cell_reference((row, column))] = value
            elif value:
                cells.setdefault(row, {})[column] = value
    return Sheet(_filled(cells), errors)


def file_bytes(path: Path) -> bytes:
    """The bytes of a file that is not too large."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise _refused(path, Note("larger than", {"mb": MOST_BYTES // 1_000_000}))
        return path.read_bytes()
    except OSError as error:
        why = quoted(error.strerror or error)
        raise InputError.of("file unreadable", file=f"'{path.name}'", why=why) from error


def _refused(path: Path, why: Note) -> InputError:
    return InputError.of("workbook refused", file=path.name, why=why)


def _unpacked(path: Path, content: bytes) -> dict[str, bytes]:
    """The parts of the archive, under limits: what a part says of its own size is not believed."""
    parts: dict[str, bytes] = {}
    unpacked = 0
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if len(archive.infolist()) > _MOST_PARTS:
                raise _refused(path, Note("many parts", {"most": float(_MOST_PARTS)}))
            for entry in archive.infolist():
                if not _is_text(entry.filename):
                    continue
                part = _part(archive, entry, path, _MOST_UNPACKED - unpacked)
                unpacked += len(part)
                parts[entry.filename.lstrip("/")] = part
    except ARCHIVE_DAMAGE as error:
        if isinstance(error, InputError):
            raise
        raise InputError.of("workbook unreadable", file=path.name) from error
    return parts


def _is_text(name: str) -> bool:
    """Whether a part may hold cells: pictures and printers' settings are passed over."""
    return name.lower().endswith((".xml", ".rels"))


def _part(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, most_bytes: int) -> bytes:
    """One part, its packing and its first words looked at before anything parses it."""
    if entry.flag_bits & 1:
        raise _refused(path, Note("encrypted"))
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refused(path, Note("packed oddly"))
    with archive.open(entry) as stream:
        part = stream.read(most_bytes + 1)
    if len(part) > most_bytes:
        raise _refused(path, Note("unpacks to much", {"mb": _MOST_UNPACKED // 1_000_000}))
    if b"<!DOCTYPE" in part or b"<!ENTITY" in part:
        raise _refused(path, Note("sheet with document type"))
    if part.count(b"<") > _MOST_TAGS:
        raise _refused(path, Note("many cells", {"most": float(_MOST_TAGS)}))
    return part


def _tree(part: bytes) -> Any:
    """The root element of a part, with nothing fetched and nothing expanded."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    return etree.fromstring(part, parser)


def _name(element: Any) -> str:
    """The local name of an element: strict and transitional workbooks differ in the rest."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _all(root: Any, name: str) -> Iterator[Any]:
    return iter(root.iter(f"{{*}}{name}"))


def _attribute(element: Any, name: str) -> str:
    """An attribute by its local name."""
    if (plain := element.get(name)) is not None:
        return str(plain)
    return next((v for key, v in element.attrib.items() if key.endswith(f"}}{name}")), "")


def _filled(cells: Mapping[int, Mapping[int, str]]) -> list[list[str]]:
    """Rows and columns that were found here and there, as rows of the same beginning."""
    rows: list[list[str]] = []
    for number in sorted(cells):
        if number > len(rows) + _MOST_EMPTY_ROWS or number > _MOST_ROWS:
            break
        rows += [[] for _ in range(number - len(rows))]
        width = max(cells[number], default=0)
        rows[number - 1] = [cells[number].get(column, "") for column in range(1, width + 1)]
    return rows


# -- .xlsx ----------------------------------------------------------------------------------------


def _xlsx_sheets(parts: Mapping[str, bytes]) -> Iterator[tuple[str, Sheet]]:
    """The sheets of an .xlsx file, found by its relations as any writer names them."""
    # a third of a second, for workbooks only: boards and packs read tables of text
    from openpyxl.utils.datetime import CALENDAR_MAC_1904, WINDOWS_EPOCH

    home = next(
        (
            target
            for kind, target in _relations(parts, "").values()
            if kind.endswith("/officeDocument")
        ),
        "xl/workbook.xml",
    )
    book = _tree(parts[home])
    relations = _relations(parts, home)
    parts_by_kind = {kind.rsplit("/", 1)[-1]: target for kind, target in relations.values()}
    texts = _shared_texts(parts.get(parts_by_kind.get("sharedStrings", "")))
    styles = parts.get(parts_by_kind.get("styles", ""))
    date_styles, struck_styles = _date_styles(styles), _struck_styles(styles)
    coloured_styles = _coloured_styles(styles)
    is_mac = any(
        _attribute(element, "date1904") in ("1", "true") for element in _all(book, "workbookPr")
    )
    epoch = CALENDAR_MAC_1904 if is_mac else WINDOWS_EPOCH
    for sheet in _all(book, "sheet"):
        _, target = relations.get(_attribute(sheet, "id"), ("", ""))
        if target not in parts:
            continue
        cells: dict[int, dict[int, str]] = {}
        errors, struck = {}, {}
        colours: dict[int, set[str]] = defaultdict(set)
        root = _tree(parts[target])
        for place, cell in _placed_cells(root):
            value = _xlsx_value(cell, texts, date_styles, epoch)
            style = int(_attribute(cell, "s") or 0)
            colours[place[0]].add(coloured_styles.get(style, ""))
            if value and style in struck_styles:
                struck[cell_reference(place)] = value
            if _attribute(cell, "t") == "e" or _ERROR.fullmatch(value):
                errors[cell_reference(place)] = value
            elif value:
                cells.setdefault(place[0], {})[place[1]] = value
            # a text that is empty is a result, and no value at all is none
            elif (
                _attribute(cell, "t") != "str"
                and (formula := next(_all(cell, "f"), None)) is not None
            ):
                errors[cell_reference(place)] = f"={clean_name(formula.text)}"
        _fill_down(cells, _merged_down(root))
        remarks = _xlsx_remarks(parts, target)
        title = clean_text(_attribute(sheet, "name"))
        yield title, Sheet(_filled(cells), errors, remarks, struck, colours)


def _merged_down(root: Any) -> Iterator[tuple[int, int, int]]:
    """Of each block of merged cells its first row, its column, and its last row."""
    from openpyxl.utils import coordinate_to_tuple

    for block in _all(root, "mergeCell"):
        corners = _attribute(block, "ref").split(":")
        if len(corners) == 2 and all(map(_A1.fullmatch, corners)):
            (first, column), (last, _) = map(coordinate_to_tuple, corners)
            yield first, column, last


_A1: Final = re.compile(r"[A-Z]{1,3}[1-9]\d{0,6}")
_MOST_BLOCKS: Final = 1_000


def _fill_down(cells: Mapping[int, dict[int, str]], blocks: Iterable[tuple[int, int, int]]) -> None:
    """Put the value of each merged block into its further rows, where anything stands in them.

    Spreadsheets keep it in the first row only: "CU-001", typed once beside three activities. To the right
    it says nothing more: a title lies over columns that have their own meaning.
    """
    rows_there = frozenset(cells)
    for first, column, last in islice(blocks, _MOST_BLOCKS):
        value = cells.get(first, {}).get(column, "")
        further_rows = range(first + 1, min(last, first + _MOST_EMPTY_ROWS) + 1)
        for row in further_rows if value else ():
            if row in rows_there:
                cells[row].setdefault(column, value)


def _relations(parts: Mapping[str, bytes], part: str) -> dict[str, tuple[str, str]]:
    """By id: of what kind a related part is, and where it lies."""
    folder, name = posixpath.split(part)
    if (listing := parts.get(posixpath.join(folder, "_rels", f"{name}.rels"))) is None:
        return {}
    return {
        _attribute(relation, "Id"): (
            _attribute(relation, "Type"),
            posixpath.normpath(posixpath.join("/", folder, _attribute(relation, "Target")))[1:],
        )
        for relation in _all(_tree(listing), "Relationship")
    }


def _shared_texts(part: bytes | None) -> list[str]:
    """The texts that cells refer to by number."""
    return [] if part is None else [_rich_text(item) for item in _all(_tree(part), "si")]


def _rich_text(item: Any) -> str:
    """A text in its runs; how it is spoken (phonetic runs of East Asian text) is not part of it."""
    from openpyxl.utils.escape import unescape

    runs = (
        run.text or ""
        for run in _all(item, "t")
        if not any(_name(parent) == "rPh" for parent in run.iterancestors())
    )
    return str(unescape("".join(runs)))


def _date_styles(part: bytes | None) -> set[int]:
    """The numbers of the cell styles that show a number as a date."""
    from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format

    if part is None:
        return set()
    root = _tree(part)
    formats = dict(BUILTIN_FORMATS)
    for own_format in _all(root, "numFmt"):
        formats[int(_attribute(own_format, "numFmtId"))] = _attribute(own_format, "formatCode")
    styles = next(_all(root, "cellXfs"), ())
    return {
        number
        for number, style in enumerate(styles)
        if is_date_format(formats.get(int(_attribute(style, "numFmtId") or 0)))
    }


def _struck_styles(part: bytes | None) -> set[int]:
    """The numbers of the cell styles whose font has a line through it."""
    if part is None:
        return set()
    root = _tree(part)
    fonts = next(_all(root, "fonts"), ())
    struck_fonts = {
        number
        for number, font in enumerate(fonts)
        if any((_attribute(line, "val") or "1") in ("1", "true") for line in _all(font, "strike"))
    }
    styles = next(_all(root, "cellXfs"), ())
    return {
        number
        for number, style in enumerate(styles)
        if int(_attribute(style, "fontId") or 0) in struck_fonts
    }


def _coloured_styles(part: bytes | None) -> dict[int, str]:
    """By the number of a cell style the colour behind the cell, where there is one."""
    if part is None:
        return {}
    root = _tree(part)
    fills = [next(_all(fill, "patternFill"), None) for fill in next(_all(root, "fills"), ())]
    colours = {
        number: _attribute(colour, "rgb")[-6:].upper()
        or ("FFFFFF" if (look := dict(colour.attrib)) in _WHITES else str(look))
        for number, fill in enumerate(fills)
        if fill is not None and _attribute(fill, "patternType") == "solid"
        for colour in _all(fill, "fgColor")
    }
    numbers = [int(_attribute(style, "fillId") or 0) for style in next(_all(root, "cellXfs"), ())]
    return {style: colours[fill] for style, fill in enumerate(numbers) if fill in colours}


_WHITES: Final = ({"theme": "0"}, {"indexed": "1"}, {"indexed": "9"})
"""What Excel has for white: of the theme, and of the two old lists of colours."""


def _placed_cells(root: Any) -> Iterator[tuple[tuple[int, int], Any]]:
    """Each cell with its row and column; programs that leave the reference out count from the last."""
    from openpyxl.utils import coordinate_to_tuple

    row = 0
    for line in _all(root, "row"):
        row = int(_attribute(line, "r") or row + 1)
        column = 0
        for cell in line:
            if _name(cell) != "c":
                continue
            reference = _attribute(cell, "r")
            place = coordinate_to_tuple(reference) if reference else (row, column + 1)
            column = place[1]
            if place[0] <= _MOST_ROWS and place[1] <= _MOST_COLUMNS:
                yield place, cell


def cell_reference(place: tuple[int, int]) -> str:
    """A place as a spreadsheet names it: ``B7``."""
    from openpyxl.utils import get_column_letter

    return f"{get_column_letter(place[1])}{place[0]}"


def _xlsx_value(cell: Any, texts: list[str], date_styles: set[int], epoch: dt.datetime) -> str:
    """What a cell shows, as text."""
    from openpyxl.utils.datetime import from_excel
    from openpyxl.utils.escape import unescape

    if (kind := _attribute(cell, "t")) == "inlineStr":
        return clean_text("\n".join(_rich_text(element) for element in _all(cell, "is")))
    if not (value := next((element.text or "" for element in _all(cell, "v")), "")):
        return ""
    if kind == "s":
        return clean_text(texts[int(value)])
    if kind == "b":
        return str(value == "1")
    if kind in ("str", "e"):
        return clean_text(unescape(value))
    if kind == "d":
        return _day(dt.datetime.fromisoformat(value))
    number = float(value)
    # a date is a number like any other, but for its style
    if int(_attribute(cell, "s") or 0) in date_styles:
        return _day(from_excel(number, epoch))
    return clean_text(int(number) if number.is_integer() else number)


def _day(moment: object) -> str:
    """A day without the hours that a spreadsheet adds to it."""
    if isinstance(moment, dt.datetime) and moment.time() == dt.time():
        return moment.date().isoformat()
    return str(moment)


def _xlsx_remarks(parts: Mapping[str, bytes], target: str) -> dict[str, str]:
    """The notes beside the cells of a sheet."""
    remarks = {}
    for kind, place in _relations(parts, target).values():
        if kind.endswith("/comments") and place in parts:
            for comment in _all(_tree(parts[place]), "comment"):
                remarks[_attribute(comment, "ref")] = clean_text(_rich_text(comment))
    return {cell: remark for cell, remark in remarks.items() if remark}


# -- .ods -----------------------------------------------------------------------------------------


def _ods_sheets(root: Any) -> Iterator[tuple[str, Sheet]]:
    """The sheets of an .ods file, its repeated cells and rows laid out."""
    struck_styles, coloured_styles = _struck_ods_styles(root), _coloured_ods_styles(root)
    for table in _all(root, "table"):
        cells: dict[int, dict[int, str]] = {}
        errors, remarks, struck = {}, {}, {}
        colours: dict[int, set[str]] = defaultdict(set)
        blocks = []
        row = 0
        for line in _all(table, "table-row"):
            column = 0
            for cell in line:
                if _name(cell) not in ("table-cell", "covered-table-cell"):
                    continue
                place = (row + 1, column + 1)
                column += int(_attribute(cell, "number-columns-repeated") or 1)
                if place[0] > _MOST_ROWS or place[1] > _MOST_COLUMNS:
                    continue
                value, remark = _ods_value(cell)
                if remark:
                    remarks[cell_reference(place)] = remark
                blocks.append((*place, row + int(_attribute(cell, "number-rows-spanned") or 1)))
                colours[place[0]].add(coloured_styles.get(_attribute(cell, "style-name"), ""))
                if value and _attribute(cell, "style-name") in struck_styles:
                    struck[cell_reference(place)] = value
                if error := _ods_error(cell, value):
                    errors[cell_reference(place)] = error
                elif value:
                    # a value that is repeated stands in each of its cells
                    for number in range(place[1], min(column, _MOST_COLUMNS) + 1):
                        cells.setdefault(place[0], {})[number] = value
            row += int(_attribute(line, "number-rows-repeated") or 1)
        _fill_down(cells, (block for block in blocks if block[0] < block[2]))
        title = clean_text(_attribute(table, "name"))
        yield title, Sheet(_filled(cells), errors, remarks, struck, colours)


def _struck_ods_styles(root: Any) -> set[str]:
    """The names of the cell styles whose text has a line through it."""
    return {
        _attribute(style, "name")
        for style in _all(root, "style")
        for look in _all(style, "text-properties")
        if _attribute(look, "text-line-through-style") not in ("", "none")
    }


def _coloured_ods_styles(root: Any) -> dict[str, str]:
    """As :func:`_coloured_styles`, by the name of a cell style."""
    return {
        _attribute(style, "name"): colour.removeprefix("#").upper()
        for style in _all(root, "style")
        for look in _all(style, "table-cell-properties")
        if (colour := _attribute(look, "background-color")) not in ("", "transparent")
    }


def _ods_error(cell: Any, value: str) -> str:
    """The error that a cell shows, or the formula of which it has no result; else nothing."""
    if _ERROR.fullmatch(value):
        return value
    formula = _attribute(cell, "formula").partition("=")[2]
    is_open = bool(formula) and not (value or _attribute(cell, "value-type"))
    return f"={clean_name(formula)}" if is_open else ""


def _ods_value(cell: Any) -> tuple[str, str]:
    """What a cell shows, and the note beside it."""
    lines: list[str] = []
    remark_lines: list[str] = []
    for paragraph in _all(cell, "p"):
        is_remark = any(_name(parent) == "annotation" for parent in paragraph.iterancestors())
        (remark_lines if is_remark else lines).append("".join(paragraph.itertext()))
    cell_text = clean_text("\n".join(lines))
    if (kind := cell.get(f"{{{_OFFICE}}}value-type", "")) == "date":
        moment = cell.get(f"{{{_OFFICE}}}date-value", "")
        cell_text = _day(dt.datetime.fromisoformat(moment)) if moment else cell_text
    elif kind == "float" and not _ERROR.fullmatch(cell_text):
        number = float(cell.get(f"{{{_OFFICE}}}value", "nan"))
        cell_text = clean_text(int(number) if number.is_integer() else number)
    return cell_text, clean_text("\n".join(remark_lines))


_OFFICE: Final = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"


def fields_named(row: Sequence[str], fields: Sequence[str]) -> list[str]:
    """Of each cell of a row the column that it names, by our name or by a heading; else ""."""
    names = _names_by_heading(tuple(fields))
    return [_named(cell.split("\n")[0].strip().casefold(), names) for cell in row]


_LONGEST_HEADING: Final = 200


def _named(heading: str, names: Mapping[str, str]) -> str:
    """The column of a heading, or of one and the same in two languages, with a blank in place of a line's end."""
    if name := names.get(heading) or names.get("_".join(heading.split())):
        return name
    parts = heading.split() if len(heading) <= _LONGEST_HEADING else []
    for cut in range(1, len(parts)):
        name = names.get(" ".join(parts[:cut]), "")
        if name and _named(" ".join(parts[cut:]), names) == name:
            return name
    return ""


@cache  # every row of a form is asked whether it is its heading
def _names_by_heading(fields: tuple[str, ...]) -> dict[str, str]:
    """Columns by all that they are headed with."""
    return {
        heading.casefold(): name
        # reversed: where two columns have one heading, the first of them is meant
        for name in reversed(fields)
        for lang in LANGUAGES
        for heading in (
            name,
            *([text(f"column {name}", lang)] if has(f"column {name}") else ()),
            *(text(f"also column {name}", lang).split(", ") if has(f"also column {name}") else ()),
        )
    }


def read_table(
    path: Path, *, columns: Sequence[str], needs: Sequence[str], prose: str = ""
) -> pd.DataFrame:
    """A table of text from a CSV, or from the first sheet of an XLSX that has the columns.

    Parameters
    ----------
    path : Path
        ``….csv`` (commas, semicolons or tabs; UTF-8, else Windows Cyrillic) or ``….xlsx``.
    columns : sequence of str
        The columns to hand on, in this order; one that is not there is empty.
    needs : sequence of str
        Those that must be there.
    prose : str
        The column of free text to which cells behind the last column belong, where it is the last:
        whoever types "because, they, agreed" forgets the quotes. Elsewhere such lines are refused.
        Without it what stands beside a table is no part of it.

    Raises
    ------
    InputError
        The file cannot be read, is too large or dangerous, or lacks a column: the nearest one
        that is there is named.
    """
    if not path.is_file():
        raise InputError.of("no file there", file=str(path))
    if path.suffix.lower() in _WORKBOOKS:
        sheets = [sheet.rows for sheet in workbook_sheets(path).values()]
    else:
        sheets = [_csv_rows(path, needs)]
    for sheet in sheets:
        rows = _with_our_names(sheet, columns, needs)
        # a title or two may stand above the names of the columns
        if any(set(needs) <= set(row) for row in rows[:5]):
            rows = _with_whole_prose(rows, prose, needs, path.name) if prose else rows
            return rows_of(rows, columns, needs=needs)
    columns_there = sheets[0][0] if sheets and sheets[0] else []
    if not any(columns_there):
        raise InputError.of("file empty", file=path.name, bytes=path.stat().st_size)
    if path.suffix.lower() not in (*_WORKBOOKS, *TABLE_SUFFIXES):
        raise InputError.of("other than a table", file=path.name, names=in_short(needs))
    missing = [column for column in needs if column not in columns_there]
    facts = {"names": in_short(missing or needs), "there": in_short(columns_there, 12)}
    hints = [nearest_note(column, columns_there) for column in missing]
    raise InputError.of("no such column", file=path.name, hints=hints, **facts)


_WORKBOOKS: Final = (".xlsx", ".xlsm", ".ods")


def _with_our_names(
    rows: list[list[str]], columns: Sequence[str], needs: Sequence[str]
) -> list[list[str]]:
    """Rows of which the one that names the columns does so as we do: "Unit_ID" is ``unit_id``."""
    named_rows = [
        [
            name if name and name not in row else cell
            for cell, name in zip(row, fields_named(row, columns), strict=True)
        ]
        for row in rows[:5]
    ]
    # our own name first: the words of a heading may stand in the line below it
    for heads in (rows[:5], named_rows):
        for place, row in enumerate(heads):
            if set(needs) <= set(row):
                return [*rows[:place], named_rows[place], *rows[place + 1 :]]
    return rows


def _with_whole_prose(
    rows: Sequence[list[str]], prose: str, needs: Sequence[str], called: str
) -> list[list[str]]:
    """The rows with what stands behind the last column put into it, where that is the column of prose."""
    place = next(number for number, row in enumerate(rows) if set(needs) <= set(row))
    width = max(at for at, name in enumerate(rows[place], start=1) if name)
    long = [number for number, row in enumerate(rows) if number > place and any(row[width:])]
    if long and rows[place][width - 1] != prose:
        lines = in_short([number + 1 for number in long])
        raise InputError.of("cells behind the columns", file=called, lines=lines, column=prose)
    whole = list(rows)
    for number in long:
        row = rows[number]
        told = ", ".join(filter(None, row[width - 1 :]))
        whole[number] = [*row[: width - 1], told]
    return whole


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
    return any(
        one and one == name and cell != name
        for cell, name, one in zip(row, names, fields_named(row, names), strict=False)
    )


def _csv_rows(path: Path, needs: Sequence[str]) -> list[list[str]]:
    """The rows of a CSV in any dialect, each cell cleaned."""
    content = file_bytes(path)
    try:
        rows = delimited_rows(content)
    except InputError as error:
        if path.suffix.lower() not in TABLE_SUFFIXES:  # a map, a page, a picture
            raise InputError.of(
                "other than a table", file=path.name, names=in_short(needs)
            ) from error
        raise InputError.of("CSV unreadable", file=path.name, why=error.note) from error
    return [[clean_name(cell) for cell in row] for row in rows]
