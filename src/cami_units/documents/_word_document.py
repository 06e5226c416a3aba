"""Text documents: headings, paragraphs and tables of words from data, the same bytes every time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import docx
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from cami_units.model import Imprint, clean_name, clean_text
from cami_units.words import text


def new_document(imprint: Imprint, title: str, *, lang: str, landscape: bool = False) -> Any:
    """An A4 document with its title, its facts, and the disclaimer in the footer of each page."""
    document = docx.Document()
    properties = document.core_properties
    properties.title, properties.author, properties.comments = (
        clean_name(f"{imprint.title}: {title}"),
        "cami_units",
        "",
    )
    properties.created = properties.modified = datetime.fromisoformat(imprint.date)
    document.styles["Normal"].font.name = "DejaVu Sans"
    document.styles["Normal"].font.size = Pt(9.5)
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    if landscape:
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = Mm(297), Mm(210)
    section.left_margin = section.right_margin = Mm(16)
    section.top_margin = section.bottom_margin = Mm(15)
    small(section.footer.paragraphs[0], f"{imprint.title} · {imprint.round} · {imprint.date}")
    small(section.footer.add_paragraph(), imprint.disclaimer)
    heading(document, imprint.title, 0)
    heading(document, title, 1)
    facts = f"{imprint.round} · {imprint.date} · {text('profile', lang)}: {imprint.profile}"
    document.add_paragraph(clean_name(facts))
    if imprint.indicative:
        paragraph(document, text("indicative", lang), bold=True)
    return document


def heading(document: Any, words: str, level: int) -> None:
    """A heading; level 0 is the title."""
    document.add_heading(clean_name(words), level)


def paragraph(document: Any, words: str, *, bold: bool = False, style: str | None = None) -> None:
    """A paragraph of text; a list item with the style "List Bullet"."""
    document.add_paragraph(style=style).add_run(clean_text(words)).bold = bold


def small(paragraph: Any, words: str) -> None:
    """Words in small grey type."""
    run = paragraph.add_run(clean_name(words))
    run.font.size, run.font.color.rgb = Pt(7), RGBColor(0x44, 0x44, 0x44)


def table(
    document: Any, head: Sequence[str], rows: Sequence[Sequence[str]], widths_mm: Sequence[float]
) -> None:
    """A table with lines, its head repeated on each page."""
    grid = document.add_table(rows=1, cols=len(head))
    grid.style = "Table Grid"
    grid.autofit = False
    for cell, words, width in zip(grid.rows[0].cells, head, widths_mm, strict=True):
        _fill(cell, words, width, bold=True)
    repeated = OxmlElement("w:tblHeader")
    repeated.set(qn("w:val"), "true")
    grid.rows[0]._tr.get_or_add_trPr().append(repeated)
    for row in rows:
        for cell, words, width in zip(grid.add_row().cells, row, widths_mm, strict=True):
            _fill(cell, words, width)


def _fill(cell: Any, words: str, width: float, *, bold: bool = False) -> None:
    cell.width = Mm(width)
    run = cell.paragraphs[0].add_run(clean_text(words))
    run.font.size, run.bold = Pt(8), bold
