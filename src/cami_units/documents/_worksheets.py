"""Sheets of a workbook: columns, cells that are never a formula, pages, settled bytes."""

from __future__ import annotations

import io
import math
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from xml.sax.saxutils import escape
from zipfile import ZipFile

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.compat import safe_string
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.writer.excel import ExcelWriter

from cami_units import palette
from cami_units.documents.csv_tables import decimals, joined
from cami_units.drawn_pieces import packed_archive
from cami_units.model import (
    FINDINGS,
    STATUSES,
    Imprint,
    clean_name,
    clean_text,
    is_formula,
    package_table,
)
from cami_units.words import (
    LANGUAGES,
    MARKS,
    NEED_MARKS,
    disclaimer,
    has,
    profile_name,
    round_name,
    sources,
    text,
)

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


SHEETS: Final[Mapping[str, tuple[Column, ...]]] = MappingProxyType(
    {
        name: tuple(Column(column, **facts) for column, facts in columns.items())
        for name, columns in package_table("documents/sheets.toml").items()
    }
)
"""The columns of the sheets that always have the same, by sheet."""
WHOLE: Final = "#,##0"

FONT: Final = "Arial"
"""Every Office has it, or one of the same widths; a workbook without a named font is cut differently
by each program."""


def face(**options: Any) -> Font:
    """A font of the sheets."""
    return Font(**{"name": FONT, "size": 10, **options})


NAMES: Final = PatternFill("solid", fgColor="F2F2F2")
HEADER: Final = PatternFill("solid", fgColor="1F3A4D")
LINE: Final = Border(bottom=Side("hair", color="B0B0B0"))
TOP: Final = Alignment(vertical="top")
WRAP: Final = Alignment(vertical="top", wrap_text=True)
_MARKS: Final = Alignment(vertical="top", horizontal="center")
_NUMBERS: Final = Alignment(vertical="top", horizontal="right", indent=1)
"""A step away from the edge: a number and the text of the next column else read as one."""
_MARK_FONT: Final = {
    MARKS[True]: face(bold=True, color="1B6E3C"),
    MARKS[False]: face(color="8A3B12"),
    MARKS[None]: face(color="6B6B6B"),
    NEED_MARKS[True]: face(bold=True, color="333333"),
    NEED_MARKS[False]: face(color="6B6B6B"),
}


def _tint(colour: str) -> str:
    """A colour of the palette light enough to read black text on: a third of it, the rest white."""
    channels = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return "".join(f"{round(255 - (255 - channel) * 0.35):02X}" for channel in channels)


STATUS_FILL: Final = {
    status: PatternFill("solid", fgColor=_tint(colour)) for status, colour in palette.STATUS.items()
}


Rows = Sequence[Mapping[str, Any]]


def fill(sheet: Any, columns: Sequence[Column], rows: Rows, imprint: Imprint) -> None:
    """Fill a sheet: names, headings in the round's languages, a row a line, heights that show all text."""
    for number, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = column.width
        put(sheet.cell(1, number), column.name, font=face(size=8, color="6B6B6B"), fill=NAMES)
        put(
            sheet.cell(2, number),
            heading(column.says or column.name, imprint.languages),
            font=face(bold=True, color="FFFFFF"),
            fill=HEADER,
            alignment=Alignment(vertical="center", wrap_text=True),
        )
    below = _Below(sheet, columns, rows, imprint.languages[0])
    # both lines of headings, and the two columns that say of which unit a row is, stay in sight
    sheet.freeze_panes = "C3"
    sheet.auto_filter.ref = f"A2:{get_column_letter(len(columns))}{len(rows) + 2}"
    set_page(sheet, imprint, rows_repeated="1:2", below=below)


class _Below:
    """The rows below the headings of a sheet, as the text that openpyxl would write of their cells.

    A round of ten groups has 680,000 cells, and an object of each is dearer than all that they say.
    """

    first = 3
    """The line of the first of them."""

    def __init__(
        self, sheet: Any, columns: Sequence[Column], rows: Rows, lang: str = LANGUAGES[0]
    ) -> None:
        self._lang = lang
        # of each column what a value looks like, and what of it wraps: most values return
        self._known: list[dict[Any, tuple[str, str]]] = [{} for _ in columns]
        self._styles: dict[tuple[Any, ...], int] = {}
        self.columns = columns
        self.letters = [get_column_letter(number) for number in range(1, len(columns) + 1)]
        if sheet.max_row > 1:  # headings first
            _number_styles((*sheet[1], *sheet[2]))
        names = [column.name for column in columns]
        self.lines = [
            [self._cell(sheet, place, row.get(name)) for place, name in enumerate(names)]
            for row in rows
        ]

    def _cell(self, sheet: Any, place: int, value: Any) -> tuple[str, str]:
        """What follows the address of a cell, and its text where that wraps."""
        # 1, 1.0 and True are one key of a dict, and three cells
        key = (value.__class__, value)
        try:
            known = self._known[place].get(key)
        except TypeError:  # a list or a set
            return self._cell(sheet, place, joined(value))
        if known is None:
            known = self._known[place][key] = self._new_cell(sheet, self.columns[place], value)
        return known

    def _new_cell(self, sheet: Any, column: Column, value: Any) -> tuple[str, str]:
        """The same of a value that has not been met in its column."""
        if isinstance(value, float) and math.isfinite(value):
            value = round(value, decimals(column.name)) + 0.0
        if isinstance(value, bool):
            value = text("yes" if value else "no", self._lang)
        content = _shown(value)
        is_text = isinstance(content, str)
        special = str(content) if _is_special(content, column) else ""
        key = (column, special, is_text, content is None, is_text and is_formula(str(content)))
        if key not in self._styles:
            cell = Cell(sheet, 1, 1)
            looks = _looks(column, special, content)
            put(cell, value, **looks)
            self._styles[key] = cell.style_id
        style = self._styles[key]
        if content is None:
            return f'" s="{style}" t="n"></c>', ""
        if not is_text:
            return f'" s="{style}" t="n"><v>{safe_string(content)}</v></c>', ""
        told = escape(str(content))
        wraps = column.wrap and special not in _MARK_FONT
        return f'" s="{style}" t="inlineStr"><is><t>{told}</t></is></c>', str(content) * wraps

    def wrapping(self) -> Iterator[Wrapping]:
        """Each text that wraps, once in its column."""
        for letter, known in zip(self.letters, self._known, strict=True):
            yield from ((letter, wrapping, False) for _, wrapping in known.values() if wrapping)

    def as_xml(self, widths: Mapping[str, float]) -> bytes:
        """The rows as they stand in the file."""
        lines_of = [
            {wrapping: _lines((letter, wrapping, False), widths) for _, wrapping in known.values()}
            for letter, known in zip(self.letters, self._known, strict=True)
        ]
        texts = []
        for number, cells in enumerate(self.lines, start=self.first):
            most = max((lines[cell[1]] for lines, cell in zip(lines_of, cells, strict=True)))
            texts.append(f'<row r="{number}" ht="{safe_string(_height(most))}" customHeight="1">')
            texts += [
                f'<c r="{letter}{number}{cell[0]}'
                for letter, cell in zip(self.letters, cells, strict=True)
            ]
            texts.append("</row>")
        return "".join(texts).encode("ascii", "xmlcharrefreplace")


def _number_styles(cells: Iterable[Any]) -> None:
    """Number the looks of cells in this order: openpyxl does it where they are asked for."""
    for cell in cells:
        cell.style_id  # noqa: B018


class EmptyRows(_Below):
    """Rows to fill in, below those that a sheet has: all their cells look like one that is given."""

    def __init__(self, sheet: Any, like: Cell, count: int, width: int) -> None:
        # what stands before them in the book comes first
        for before in sheet.parent.worksheets:
            _number_styles(cell for cells in before.iter_rows() for cell in cells)
        super().__init__(sheet, [Column("", 0.0)] * width, ())
        self.first = sheet.max_row + 1
        empty = f'" s="{like.style_id}" t="n"></c>', ""
        self._known = [{None: empty}] * width
        self.lines = [[empty] * width] * count


def heading(name: str, languages: Sequence[str]) -> str:
    """What stands above a column, in each language."""
    if is_finding(name):
        return name
    # a theme of the programme can be a column: its heading is the word of the forms' lists
    key = next((key for key in (f"column {name}", f"choice {name}") if has(key)), "")
    return "\n".join(text(key, lang) for lang in languages) if key else name


def is_finding(name: str) -> bool:
    """Whether a column is that of a gate or criterion: its id is its heading in every language."""
    return name[:1] in ("G", "C") and name[1:].isdigit()


def _is_special(line: object, column: Column) -> bool:
    """Whether a text has looks of its own: a mark of a finding, or a status in its column."""
    return line in _MARK_FONT or (column.name == "status" and line in STATUS_FILL)


def _looks(column: Column, special: str, content: str | float | None) -> dict[str, Any]:
    """Alignment, border, and what a mark, a status and a number have besides."""
    is_number = isinstance(content, int | float)
    if special in _MARK_FONT:
        return {"alignment": _MARKS, "border": LINE, "font": _MARK_FONT[special]}
    plain = _NUMBERS if is_number else TOP
    looks = {"alignment": WRAP if column.wrap else plain, "border": LINE}
    if special:
        looks["fill"] = STATUS_FILL[special]
    if not isinstance(content, str):
        looks["number_format"] = column.format
    return looks


def status_styles(sheet: Any) -> dict[str, int]:
    """The number of the style of each status in a column that wraps, in the workbook of a sheet."""
    numbers = {}
    for status in STATUSES:  # those that no map shows have no colour
        cell = Cell(sheet, 1, 1)
        coloured = {"fill": STATUS_FILL[status]} if status in STATUS_FILL else {}
        put(cell, status, alignment=WRAP, border=LINE, **coloured)
        numbers[status] = cell.style_id
    return numbers


def put(cell: Any, value: object, **style: Any) -> None:
    """A value in a cell: a number as it is, anything else as text that cannot be a formula."""
    if (content := _shown(value)) is not None:
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
    # openpyxl would cut it at the limit without a sign
    if len(line) > _CELL_LIMIT:
        line = line[: _CELL_LIMIT - 1] + "…"
    return line or None


def fill_about(sheet: Any, imprint: Imprint) -> None:
    """Fill the sheet that says what the workbook is and how to read its marks."""
    sheet.column_dimensions["A"].width = 34
    sheet.column_dimensions["B"].width = 100
    languages = imprint.languages
    rows = [
        (together("title", imprint), imprint.title),
        (together("round", imprint), _in_each(round_name(imprint, lang) for lang in languages)),
        (together("date", imprint), imprint.date),
        (
            together("profile", imprint),
            _in_each(profile_name(imprint.profile, lang) for lang in languages),
        ),
        *(
            (together("disclaimer", imprint), line)
            for line in dict.fromkeys(disclaimer(imprint.disclaimer, lang) for lang in languages)
        ),
        *((together("sources", imprint), line) for line in sources(imprint, languages[0])),
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
        put(sheet.cell(number, 1), label, font=face(bold=True), alignment=WRAP)
        put(sheet.cell(number, 2), value, alignment=WRAP)
    set_page(sheet, imprint)


def _in_each(names: Iterable[str]) -> str:
    """What something is called in each language, once where it is the same."""
    return " / ".join(dict.fromkeys(names))


def together(key: str, imprint: Imprint) -> str:
    return " / ".join(text(key, lang) for lang in imprint.languages)


def set_page(
    sheet: Any, imprint: Imprint, *, rows_repeated: str | None = None, below: _Below | None = None
) -> None:
    """How a filled sheet prints: rows as high as their text, columns that can be read, a footer.

    A sheet that is wider than a page of A3 goes on on the next, its first two columns with it: all of
    it on one would be too small to read.
    """
    _fit_rows(sheet, below)
    wide = sum(dimension.width for dimension in sheet.column_dimensions.values())
    sheet.page_setup.orientation = "landscape"
    is_large = wide > _A4_LETTERS
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A3 if is_large else sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth = max(1, math.ceil(wide / _A3_LETTERS))
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = rows_repeated
    if sheet.page_setup.fitToWidth > 1:
        sheet.print_title_cols = "A:B"
    sheet.print_area = _extent(sheet, below)
    lang = imprint.languages[0]
    # a footer of Excel holds 255 characters in all
    line = f"{clean_name(imprint.title)[:120]} · {round_name(imprint, lang)} · {imprint.date}"
    sheet.oddFooter.left.text = line.replace("&", "&&")  # a lone & begins a code
    sheet.oddFooter.right.text = "&P / &N"


_A4_LETTERS: Final = 170.0
_A3_LETTERS: Final = 260.0
"""Widths of columns, in letters, that a page across holds at a size that is still read on paper."""

_LINE_POINTS: Final = 13.2
_MOST_POINTS: Final = 409.0
"""Height of a line of 10-point Arial, and the highest row that a workbook may have (ECMA-376)."""


def _extent(sheet: Any, below: _Below | None) -> str:
    """The rectangle of the cells of a sheet."""
    if below is None or not below.lines:
        return str(sheet.dimensions)
    return f"A1:{below.letters[-1]}{below.first + len(below.lines) - 1}"


def _fit_rows(sheet: Any, below: _Below | None) -> None:
    """Rows as high as the text of their fullest cell: LibreOffice does not do it for itself."""
    # Only texts that wrap can take more than a line; to ask a cell for its style is dear, so each
    # of the few styles of a book is asked once.
    book = sheet.parent
    wraps = [alignment.wrap_text for alignment in book._alignments]
    is_bold = [font.bold for font in book._fonts]
    letters = [get_column_letter(number) for number in range(1, sheet.max_column + 1)]
    wrapping = [
        [
            (letters[cell.column - 1], cell.value, is_bold[cell._style.fontId])
            for cell in cells
            if wraps[cell._style.alignmentId] and isinstance(cell.value, str) and cell.value
        ]
        for cells in sheet.iter_rows()
    ]
    texts_below = below.wrapping() if below else ()
    widths = _fit_columns(sheet, (*(text for texts in wrapping for text in texts), *texts_below))
    for number, texts in enumerate(wrapping, start=1):
        lines = max((_lines(text, widths) for text in texts), default=1)
        sheet.row_dimensions[number].height = _height(lines)
    if below and below.lines:
        book.rows_below[sheet.title] = (_extent(sheet, below), below.as_xml(widths))


def _height(lines: int) -> float:
    """How high a row is in points."""
    return min(_MOST_POINTS, max(1, lines) * _LINE_POINTS + 3)


Wrapping = tuple[str, str, bool]
"""A text that wraps: the letter of its column, what it says, whether it is bold."""


def _fit_columns(sheet: Any, wrapping: Iterable[Wrapping]) -> dict[str, float]:
    """Columns wide enough for each word of a heading, and for the longest text a row can hold."""
    widths = {letter: dimension.width for letter, dimension in sheet.column_dimensions.items()}
    most_lines = int((_MOST_POINTS - 3) / _LINE_POINTS)
    for letter, value, is_bold in wrapping:
        lines = _lines((letter, value, is_bold), widths)
        if is_bold:
            word = max(value.split(), key=lambda word: len(_spread(word)), default="")
            # half a letter more: the edge of a cell takes as much of its room
            needed = len(_spread(word)) / (_BOLD_ROOM * _narrowed(word)) + 0.5
            widths[letter] = max(widths.get(letter, _USUAL_WIDTH), min(needed, _WIDEST_HEADING))
        while lines > most_lines and widths.get(letter, _USUAL_WIDTH) < _WIDEST:
            widths[letter] = min(_WIDEST, widths.get(letter, _USUAL_WIDTH) * 1.25)
            lines = _lines((letter, value, is_bold), widths)
    for letter, width in widths.items():
        sheet.column_dimensions[letter].width = round(width, 2)
    return widths


_USUAL_WIDTH: Final = 8.43
_WIDEST: Final = 255.0
"""Width of a column that nobody set, and the widest that a workbook may have (ECMA-376), in letters."""
_WIDEST_HEADING: Final = 26.0
"""No word of a heading is longer; an address in one would be."""
_BOLD_ROOM: Final = 0.82


def _lines(wrapping: Wrapping, widths: Mapping[str, float]) -> int:
    """How many lines a wrapping text takes; a Chinese letter is two wide, bold ones a little wider."""
    letter, value, is_bold = wrapping
    # Where there is no Arial another font takes its place; DejaVu Sans, the widest, is a seventh wider.
    return _wrapped(value, widths.get(letter, _USUAL_WIDTH) * (_BOLD_ROOM if is_bold else 0.9))


@lru_cache(
    maxsize=100_000
)  # columns and rows are fitted to the same texts, and many cells hold one
def _wrapped(value: str, room: float) -> int:
    """How many lines a text takes where so many Latin letters stand side by side."""
    lines = value.split("\n")
    return sum(_wrapped_line(_spread(line), max(1, int(room * _narrowed(line)))) for line in lines)


def _wrapped_line(line: str, room: int) -> int:
    """The same of a text without line ends; one that fits needs no look at its words."""
    if len(line) <= room:
        return 1
    words = line.split(" ")
    # words between single blanks are counted here, as textwrap would, in a sixth of its time
    if "-" not in line and "" not in words and line.isprintable() and max(map(len, words)) <= room:
        lines, letters = 0, room
        for length in map(len, words):
            letters += 1 + length
            if letters > room:
                lines, letters = lines + 1, length
        return lines
    return len(textwrap.wrap(line, room)) or 1


def _spread(line: str) -> str:
    """A line in which each wide letter takes the room of two."""
    return _WIDE.sub(r"\g<0>\g<0>", line)


def _narrowed(line: str) -> float:
    """How much fewer letters a column holds of this line: Cyrillic ones are a sixth wider than Latin."""
    return 0.85 if _CYRILLIC.search(line) else 1.0


_WIDE: Final = re.compile("[\u2e81-\U0010ffff]")
_CYRILLIC: Final = re.compile("[\u0400-\u04ff]")


_DIMENSION: Final = re.compile(rb'(?<=<dimension ref=")[^"]*')


class Book(Workbook):  # type: ignore[misc]
    """A workbook, and by sheet what :class:`_Below` makes of it: its rectangle, and rows as XML."""

    def __init__(self) -> None:
        super().__init__()
        self.rows_below: dict[str, tuple[str, bytes]] = {}

    def save(self, filename: Any) -> None:
        """Write its parts as they are: they are packed when they are settled."""
        ExcelWriter(self, ZipFile(filename, "w")).save()


def new_workbook(imprint: Imprint) -> Book:
    """A workbook without sheets, with the title and the date of its round."""
    book = Book()
    # openpyxl begins each book with a sheet of its own
    book.remove(book.active)
    book._fonts[0] = face()  # of every cell that has none of its own
    book._named_styles["Normal"].font = face()
    book.properties.creator = "cami_units"
    book.properties.title = clean_name(imprint.title)
    book.properties.created = datetime.fromisoformat(imprint.date)
    return book


def save_settled(document: Any, path: Path, imprint: Imprint) -> None:
    """Write a workbook, a text or slides without the hour of saving: the same bytes each time."""
    path.write_bytes(packed_archive(settled_parts(document, imprint)))


def settled_parts(document: Any, imprint: Imprint) -> dict[str, bytes]:
    """The parts of a workbook, a text or slides, without the hour; sheets with the rows below their headings."""
    parts = _saved_parts(document, imprint)
    if isinstance(document, Book):
        for number, title in enumerate(document.sheetnames, start=1):
            if title in document.rows_below:
                name = f"xl/worksheets/sheet{number}.xml"
                parts[name] = _with_rows_below(parts[name], *document.rows_below[title])
    return parts


def _with_rows_below(sheet: bytes, extent: str, rows: bytes) -> bytes:
    """A sheet of headings with the rows below them."""
    head, end, rest = sheet.partition(b"</sheetData>")
    return _DIMENSION.sub(extent.encode(), head, count=1) + rows + end + rest


def _saved_parts(document: Any, imprint: Imprint) -> dict[str, bytes]:
    """The parts of a document without the hour at which it was saved, in order."""
    stamp = datetime.fromisoformat(imprint.date).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    unsettled = io.BytesIO()
    document.save(unsettled)
    with ZipFile(unsettled) as source:
        # Readers look for the list of content types first.
        names = sorted(source.namelist(), key=lambda n: (n != "[Content_Types].xml", n))
        parts = {name: source.read(name) for name in names}
    core = "docProps/core.xml"
    if core in parts:
        parts[core] = _MODIFIED.sub(rb"\g<1>" + stamp + rb"\g<2>", parts[core])
    return parts


_MODIFIED: Final = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")
