"""The board of plenary: one unit a screen, in a browser without a network, and as slides."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.dml import MSO_LINE
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Emu, Mm, Pt

from cami_units.documents._drawing import LINES, STATUS_FILLS, Drawing, Ink, Shape, ink
from cami_units.documents._page import page
from cami_units.documents._sheets import settled
from cami_units.model import Imprint, clean_name
from cami_units.words import number, text


@dataclass(frozen=True, slots=True)
class Slide:
    """What plenary is shown of one unit: words ready to show, not escaped.

    Attributes
    ----------
    unit_id, name, status : who it is; `status` is a word of the model, `status_said` is shown.
    facts : label and value, in order.
    criteria : id, mark, what it asks, because.
    compared : label, before, after – empty where there is no round before.
    proposed_by : who proposed it.
    questions : what is open.
    decisions : what plenary has said so far, oldest first.
    drawing : its map, or ``None``.
    """

    unit_id: str
    name: str
    status: str
    status_said: str
    facts: tuple[tuple[str, str], ...]
    criteria: tuple[tuple[str, str, str, str], ...]
    compared: tuple[tuple[str, str, str], ...]
    proposed_by: str
    questions: tuple[str, ...]
    decisions: tuple[str, ...]
    drawing: Drawing | None = None


# -- in a browser ---------------------------------------------------------------------------------


def write_board(path: Path, slides: Sequence[Slide], *, imprint: Imprint, lang: str) -> None:
    """Write the board as one HTML file: ← → turn it over, Home shows the list, a clock ticks.

    Parameters
    ----------
    path : Path
        The file to write.
    slides : sequence of Slide
        In the order in which they are to be shown.
    imprint : Imprint
        Title, date, round, profile, sources, disclaimer.
    lang : {"en", "ru"}
        Language of the phrases.

    Notes
    -----
    The clock is the browser's; the file holds none. Without scripts all units stand below one
    another, and printing gives one unit a page.
    """
    content = page(
        "board.html",
        lang=lang,
        styles=["board.css"],
        scripts=["board.js"],
        imprint=imprint,
        slides=[{"slide": slide, "map": _svg(slide)} for slide in slides],
        fills=STATUS_FILLS,
    )
    path.write_bytes(content)


@dataclass(frozen=True, slots=True)
class _Path:
    kind: str
    d: str
    ink: Ink


@dataclass(frozen=True, slots=True)
class _Svg:
    drawing: Drawing
    paths: tuple[_Path, ...]
    bar: str


def _svg(slide: Slide) -> _Svg | None:
    if slide.drawing is None:
        return None
    paths = tuple(
        _Path(shape.kind, _d(shape), ink(shape, slide.status)) for shape in slide.drawing.shapes
    )
    return _Svg(slide.drawing, paths, number(slide.drawing.bar_km))


def _d(shape: Shape) -> str:
    end = "" if shape.kind in LINES else "Z"
    return "".join("M" + "L".join(f"{x:g},{y:g}" for x, y in ring) + end for ring in shape.rings)


# -- as slides ------------------------------------------------------------------------------------

_WIDE: Final = Mm(338.7)
_HIGH: Final = Mm(190.5)
_EDGE: Final = Mm(9)
_DARK: Final = "1f3a4d"


def write_slides(path: Path, slides: Sequence[Slide], *, imprint: Imprint, lang: str) -> None:
    """Write the same board as PPTX, its maps as shapes that a presenter can enlarge.

    Parameters
    ----------
    path : Path
        The file to write. The other parameters are those of :func:`write_board`.

    Notes
    -----
    The dates inside are the round's, so the same slides give the same bytes.
    """
    book = Presentation()
    book.slide_width, book.slide_height = _WIDE, _HIGH
    day = datetime.fromisoformat(imprint.date)
    told = book.core_properties
    told.title, told.author, told.last_modified_by = clean_name(imprint.title), "cami_units", ""
    told.created = told.modified = day
    _add_cover(book, imprint, len(slides), lang)
    for place, slide in enumerate(slides, start=1):
        _add_unit(book, slide, imprint, f"{place} / {len(slides)}", lang)
    unsettled = io.BytesIO()
    book.save(unsettled)
    path.write_bytes(settled(unsettled.getvalue(), day))


def _blank(book: Any) -> Any:
    return book.slides.add_slide(book.slide_layouts[6])


def _add_cover(book: Any, imprint: Imprint, count: int, lang: str) -> None:
    slide = _blank(book)
    width = _WIDE - 2 * _EDGE
    _write(slide, imprint.title, _EDGE, Mm(45), width, Mm(40), size=34, bold=True)
    facts = f"{imprint.round} · {imprint.date} · {count} × {text('unit', lang)}"
    _write(slide, facts, _EDGE, Mm(88), width, Mm(12), size=20)
    _write(
        slide, f"{text('profile', lang)}: {imprint.profile}", _EDGE, Mm(101), width, Mm(12), size=16
    )
    small = [text("indicative", lang)] if imprint.indicative else []
    small += [imprint.disclaimer, f"{text('sources', lang)}: {'; '.join(imprint.sources)}"]
    _write(slide, "\n".join(small), _EDGE, Mm(140), width, Mm(42), size=11)


def _add_unit(book: Any, unit: Slide, imprint: Imprint, place: str, lang: str) -> None:
    slide = _blank(book)
    title = f"{unit.unit_id}  {unit.name}"
    _write(slide, title, _EDGE, Mm(5), Mm(250), Mm(18), size=_fitting(title), bold=True)
    badge = slide.shapes.add_shape(
        MSO_SHAPE.ROUNDED_RECTANGLE, _WIDE - _EDGE - Mm(62), Mm(7), Mm(62), Mm(11)
    )
    badge.shadow.inherit = False
    _paint(badge, Ink("333333", 1.0, STATUS_FILLS.get(unit.status, "999999"), 1.0))
    _say(badge.text_frame, unit.status_said, size=13, bold=True, centre=True)
    left = Mm(176)
    if unit.drawing is not None:
        _draw(slide, unit.drawing, unit.status, _EDGE, Mm(25), Mm(160), Mm(150))
    _write(
        slide, _body(unit, lang), left, Mm(24), _WIDE - left - _EDGE, Mm(152), size=_body_size(unit)
    )
    foot = f"{clean_name(imprint.title)} · {imprint.round} · {imprint.date} · {place}"
    note = f" · {text('indicative', lang)}" if imprint.indicative else ""
    _write(
        slide,
        f"{foot}{note}\n{imprint.disclaimer}",
        _EDGE,
        Mm(178),
        _WIDE - 2 * _EDGE,
        Mm(11),
        size=8,
    )
    if unit.decisions:
        slide.notes_slide.notes_text_frame.text = _line("; ".join(unit.decisions))


def _body(unit: Slide, lang: str) -> str:
    lines = [f"{label}: {value}" for label, value in unit.facts if value]
    lines.append(f"{text('proposed by', lang)}: {unit.proposed_by}")
    lines.append("  ".join(f"{name} {mark}" for name, mark, _, _ in unit.criteria))
    lines += [f"{label}: {before} → {after}" for label, before, after in unit.compared]
    lines += [f"? {question}" for question in unit.questions]
    lines += [f"• {decision}" for decision in unit.decisions[-2:]]
    return "\n".join(lines)


def _body_size(unit: Slide) -> float:
    length = len(_body(unit, "en"))
    return 15 if length < 620 else 13 if length < 900 else 11 if length < 1300 else 9


def _fitting(title: str) -> float:
    return 26 if len(title) < 52 else 20 if len(title) < 80 else 16


def _line(value: object) -> str:
    return clean_name(value)


def _write(
    slide: Any,
    words: str,
    left: int,
    top: int,
    width: int,
    height: int,
    *,
    size: float,
    bold: bool = False,
) -> None:
    box = slide.shapes.add_textbox(left, top, width, height)
    _say(box.text_frame, words, size=size, bold=bold)


def _say(frame: Any, words: str, *, size: float, bold: bool = False, centre: bool = False) -> None:
    frame.word_wrap = True
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = Mm(0.5)
    if centre:
        frame.vertical_anchor = MSO_ANCHOR.MIDDLE
    for place, told in enumerate(words.split("\n")):
        paragraph = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
        run = paragraph.add_run()
        run.text = _line(told)
        run.font.size, run.font.bold, run.font.name = Pt(size), bold, "DejaVu Sans"
        run.font.color.rgb = RGBColor.from_string("1B1B1B")
        paragraph.space_after = Pt(size * 0.25)
        if centre:
            paragraph.alignment = PP_ALIGN.CENTER


def _draw(
    slide: Any, drawing: Drawing, status: str, left: int, top: int, width: int, height: int
) -> None:
    scale = min(width / drawing.width, height / drawing.height)
    frame = slide.shapes.add_shape(
        MSO_SHAPE.RECTANGLE,
        left,
        top,
        Emu(round(drawing.width * scale)),
        Emu(round(drawing.height * scale)),
    )
    frame.shadow.inherit = False
    _paint(frame, Ink("999999", 0.8, "e9eff3", 1.0))
    for shape in drawing.shapes:
        _add_shape(slide, shape, ink(shape, status), left, top, scale)
    for label in drawing.labels:
        half = Mm(30)
        x, y = left + round(label.x * scale), top + round(label.y * scale)
        box = slide.shapes.add_textbox(x - half, y - Mm(3), 2 * half, Mm(6))
        _say(
            box.text_frame,
            label.text,
            size=_LABEL_SIZES[label.kind],
            bold=label.kind == "unit",
            centre=True,
        )
    if drawing.bar:
        bottom = top + round((drawing.height - 14) * scale)
        bar = slide.shapes.add_connector(
            1, left + Mm(4), bottom, left + Mm(4) + round(drawing.bar * scale), bottom
        )
        bar.line.width, bar.line.color.rgb = Pt(2), RGBColor.from_string("333333")
        _write(
            slide,
            f"{number(drawing.bar_km)} km",
            left + Mm(4),
            bottom - Mm(6),
            Mm(40),
            Mm(5),
            size=9,
        )


_LABEL_SIZES: Final = {"unit": 13.0, "other": 8.0, "country": 11.0, "place": 8.0}


def _add_shape(slide: Any, shape: Shape, look: Ink, left: int, top: int, scale: float) -> None:
    """All rings of a shape as the contours of one freeform."""
    closed = shape.kind not in LINES
    rings = [[(round(x * scale), round(y * scale)) for x, y in ring] for ring in shape.rings]
    builder = slide.shapes.build_freeform(*rings[0][0], scale=1.0)
    for place, ring in enumerate(rings):
        if place:
            builder.move_to(*ring[0])
        builder.add_line_segments(ring[1:], close=closed)
    made = builder.convert_to_shape(left, top)
    made.shadow.inherit = False
    _paint(made, look)
    if not closed:
        made.fill.background()


def _paint(shape: Any, look: Ink) -> None:
    if look.fill and look.opacity:
        shape.fill.solid()
        shape.fill.fore_color.rgb = RGBColor.from_string(look.fill.upper())
        if look.opacity < 1:
            colour = shape.fill._xPr.find(qn("a:solidFill"))[0]
            alpha = colour.makeelement(
                qn("a:alpha"), {"val": str(math.floor(look.opacity * 100_000))}
            )
            colour.append(alpha)
    else:
        shape.fill.background()
    if look.line:
        shape.line.color.rgb = RGBColor.from_string(look.line.upper())
        shape.line.width = Pt(look.width * 0.8)
        if look.dashed:
            shape.line.dash_style = MSO_LINE.DASH
    else:
        shape.line.fill.background()
