"""Text documents: headings, paragraphs and tables of words from data, the same bytes every time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import docx
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from cami_units.model import Imprint, clean_name, clean_text
from cami_units.words import day, disclaimer, imprint_in, profile_name, round_name, text, with_label

FONT: Final = "Arial"

Run = tuple[str, str]
"""Words of a cell and how they are marked: "" plain, "added" underlined, "removed" struck through."""

_MARKS: Final = {"added": RGBColor(0x1B, 0x6E, 0x3C), "removed": RGBColor(0x8A, 0x3B, 0x12)}


def new_document(imprint: Imprint, title: str, *, lang: str, landscape: bool = False) -> Any:
    """An A4 document with its title, its facts, and the disclaimer in the footer of each page."""
    document, imprint = docx.Document(), imprint_in(imprint, lang)
    properties = document.core_properties
    # python-docx refuses properties of more letters
    properties.title = clean_name(f"{imprint.title} · {title}")[:255]
    properties.author, properties.comments = "cami_units", ""
    properties.created = properties.modified = datetime.fromisoformat(imprint.date)
    for style in ("Normal", "Title", "Heading 1", "Heading 2", "Heading 3"):
        _set_font(document.styles[style])
    _set_language(document, text("language tag", lang))
    document.styles["Normal"].font.size = Pt(9.5)
    # the template leaves ten points below each line: a unit's note would take two pages
    document.styles["Normal"].paragraph_format.space_after = Pt(3)
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    if landscape:
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = Mm(297), Mm(210)
    # 178 mm are left upright, which the widths of all tables add up to
    section.left_margin = section.right_margin = Mm(16)
    section.top_margin, section.bottom_margin = Mm(15), Mm(20)
    # LibreOffice sets the body down to the footer, and a translated disclaimer takes two lines.
    section.footer_distance = Mm(7)
    small(
        section.footer.paragraphs[0],
        f"{imprint.title} · {round_name(imprint, lang)} · {day(imprint.date, lang)}",
    )
    small(section.footer.add_paragraph(), disclaimer(imprint.disclaimer, lang))
    heading(document, imprint.title, 0)
    heading(document, title, 1)
    profile = with_label(text("profile", lang), profile_name(imprint.profile, lang), lang)
    facts = f"{round_name(imprint, lang)} · {day(imprint.date, lang)} · {profile}"
    document.add_paragraph(clean_name(facts))
    if imprint.indicative:
        paragraph(document, text("indicative", lang), bold=True)
    return document


def _set_font(style: Any) -> None:
    """A font that every Office has, or one of the same widths; Chinese in one that has its letters."""
    style.font.name = FONT
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("w:hAnsi", "w:cs"):
        fonts.set(qn(script), FONT)
    # Arial has no Chinese, and Word would take any font that has
    fonts.set(qn("w:eastAsia"), "Microsoft YaHei")
    # a font of the theme goes before one that is named
    for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
        fonts.attrib.pop(qn(theme), None)


def _set_language(document: Any, tag: str) -> None:
    """The language that its speller takes letters for, and that of Chinese signs.

    The template says American English of all of it: a speller underlined each word of Russian, and
    commas of Chinese stood in the middle of their square, as in Taiwan.
    """
    [of_text] = document.styles.element.iter(qn("w:lang"))
    of_text.set(qn("w:val"), tag)
    of_text.set(qn("w:eastAsia"), "zh-CN")


def heading(document: Any, words: str, level: int) -> None:
    """A heading; level 0 is the title."""
    document.add_heading(clean_name(words), level)


def paragraph(document: Any, words: str, *, bold: bool = False, style: str | None = None) -> None:
    """A paragraph of text; a list item with the style "List Bullet"."""
    added = document.add_paragraph(style=style)
    added.add_run(clean_text(words)).bold = bold
    before = added._p.getprevious()
    if before is not None and before.tag == qn("w:tbl"):  # a table leaves no room below its line
        added.paragraph_format.space_before = Pt(4)


def small(paragraph: Any, words: str) -> None:
    """Words in small grey type."""
    run = paragraph.add_run(clean_name(words))
    run.font.size, run.font.color.rgb = Pt(7), RGBColor(0x44, 0x44, 0x44)


def table(
    document: Any,
    head: Sequence[str],
    rows: Sequence[Sequence[str | Sequence[Run]]],
    widths_mm: Sequence[float],
) -> None:
    """A table with lines, its head repeated on each page; a cell is words, or marked runs of them.

    Without a head its first column says what the others are.
    """
    widths_mm = _for_words(head, widths_mm) if head else widths_mm
    grid = document.add_table(rows=1 if head else 0, cols=len(widths_mm))
    grid.style = "Table Grid"
    grid.autofit = False
    # Word reads the width of a cell, LibreOffice that of its column: both are set.
    for column, width in zip(grid.columns, widths_mm, strict=True):
        column.width = Mm(width)
    if head:
        for cell, title, width in zip(grid.rows[0].cells, head, widths_mm, strict=True):
            _fill(cell, title, width, bold=True)
        repeated = OxmlElement("w:tblHeader")
        repeated.set(qn("w:val"), "true")
        grid.rows[0]._tr.get_or_add_trPr().append(repeated)
    for row in rows:
        added_row = grid.add_row()
        unbroken = OxmlElement("w:cantSplit")  # a row is not torn apart by the end of a page
        added_row._tr.get_or_add_trPr().append(unbroken)
        for place, (cell, words, width) in enumerate(
            zip(added_row.cells, row, widths_mm, strict=True)
        ):
            _fill(cell, words, width, bold=not head and place == 0)
    # the facts of a unit stand on one page, below its heading
    if len(rows) <= _SHORT_TABLE:
        for cell in grid.column_cells(0)[:-1]:
            cell.paragraphs[0].paragraph_format.keep_with_next = True


_SHORT_TABLE: Final = 12
"""Rows of a table that is not torn apart by the end of a page: a third of one."""


def side_by_side(document: Any, widths_mm: Sequence[float]) -> Sequence[Any]:
    """Places beside each other, without lines: a picture or a table can be put into each."""
    grid = document.add_table(rows=1, cols=len(widths_mm))
    grid.autofit = False
    for column, cell, width in zip(grid.columns, grid.rows[0].cells, widths_mm, strict=True):
        column.width = cell.width = Mm(width)
    return tuple(grid.rows[0].cells)


_LETTER_MM: Final = 8.5 * 0.72 * 25.4 / 72
"""Width of a letter of a bold heading of 8.5 points: Cyrillic ones in the widest font that may stand in."""
_BESIDE_MM: Final = 4.2
"""What the lines of a cell and the room beside them take."""


def _for_words(head: Sequence[str], widths_mm: Sequence[float]) -> list[float]:
    """Columns that hold each word of their headings whole, at the cost of the widest one."""
    words = [max(map(len, title.split()), default=0) for title in head]
    widths = [
        max(width, letters * _LETTER_MM + _BESIDE_MM)
        for width, letters in zip(widths_mm, words, strict=True)
    ]
    widest = widths.index(max(widths))
    widths[widest] -= sum(widths) - sum(widths_mm)
    return widths


def _fill(cell: Any, words: str | Sequence[Run], width: float, *, bold: bool = False) -> None:
    """Words in a cell, each run marked as it is to be."""
    cell.width = Mm(width)
    for place, (content, mark) in enumerate([(words, "")] if isinstance(words, str) else words):
        if place:  # cleaning takes the blanks at the ends of each run
            cell.paragraphs[0].add_run(" ")
        run = cell.paragraphs[0].add_run(clean_text(content))
        run.font.size, run.bold = Pt(8.5), bold
        if mark:
            run.font.underline, run.font.strike = mark == "added", mark == "removed"
            run.font.color.rgb = _MARKS[mark]
