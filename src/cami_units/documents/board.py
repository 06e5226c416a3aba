"""The board of plenary: one unit a screen, in a browser without a network, and as slides."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.dml import MSO_LINE
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.shapes.freeform import FreeformBuilder
from pptx.util import Emu, Length, Mm, Pt

from cami_units.documents._filled_page import page
from cami_units.documents._worksheets import save_settled
from cami_units.documents.unit_drawing import LINES, STATUS_FILLS, Drawing, Ink, Shape, ink, signs
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
    remarks : what groups pinned and typed there.
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
    remarks: tuple[str, ...] = ()


# -- in a browser ---------------------------------------------------------------------------------


def write_board(path: Path, slides: Sequence[Slide], *, imprint: Imprint, lang: str) -> None:
    """Write the board as one HTML file: ← → turn it over, Home lists, E opens the evidence.

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
class _Sign:
    """A line of the legend: what it looks like, and the word for it."""

    kind: str
    d: str
    ink: Ink
    word: str


_SIGN: Final = Shape("", (((1.0, 2.0), (29.0, 2.0), (29.0, 14.0), (1.0, 14.0)),))
_SIGN_LINE: Final = Shape("", (((1.0, 8.0), (29.0, 8.0)),))
_SIGN_PIN: Final = Shape("", (((15.0, 1.0), (22.0, 8.0), (15.0, 15.0), (8.0, 8.0)),))
"""What a sign of the legend shows, in a box of 30 × 16."""


def _sign(kind: str) -> Shape:
    shape = _SIGN_PIN if kind == "pin" else _SIGN_LINE if kind in LINES else _SIGN
    return replace(shape, kind=kind)


@dataclass(frozen=True, slots=True)
class _Svg:
    drawing: Drawing
    paths: tuple[_Path, ...]
    bar: str
    signs: tuple[_Sign, ...]


def _svg(slide: Slide) -> _Svg | None:
    if slide.drawing is None:
        return None
    paths = tuple(
        _Path(shape.kind, _d(shape), ink(shape.kind, slide.status))
        for shape in slide.drawing.shapes
    )
    key = tuple(
        _Sign(kind, _d(_sign(kind)), ink(kind, slide.status), word)
        for kind, word in signs(slide.drawing)
    )
    return _Svg(slide.drawing, paths, number(slide.drawing.bar_km), key)


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
    properties = book.core_properties
    properties.title, properties.author, properties.last_modified_by = (
        clean_name(imprint.title),
        "cami_units",
        "",
    )
    properties.created = properties.modified = day
    _add_cover(book, imprint, len(slides), lang)
    for place, slide in enumerate(slides, start=1):
        _add_unit(book, slide, imprint, f"{place} / {len(slides)}", lang)
    save_settled(book, path, imprint)


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
        _draw(slide, unit.drawing, unit.status, _EDGE, Mm(25), Mm(160), Mm(128))
        _draw_key(slide, unit.drawing, unit.status, _EDGE, Mm(156), lang)
    body, width, height = _body(unit, lang), _WIDE - left - _EDGE, Mm(150)
    lines, size = _fitted(body, Emu(width).pt, Emu(height).pt)
    _write(slide, "\n".join(lines), left, Mm(24), width, height, size=size)
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
    notes = [*body, *unit.decisions] if lines != body else list(unit.decisions)
    if notes:
        slide.notes_slide.notes_text_frame.text = "\n".join(map(_line, notes))


def _body(unit: Slide, lang: str) -> list[str]:
    """What a slide says beside its map, the most important first."""
    compared = {label for label, _, _ in unit.compared}
    lines = [f"{text('proposed by', lang)}: {unit.proposed_by}"]
    lines += [f"? {question}" for question in unit.questions]
    lines += [f"{label}: {before} → {after}" for label, before, after in unit.compared]
    lines += [f"{label}: {value}" for label, value in unit.facts if value and label not in compared]
    lines.append("  ".join(f"{name} {mark}" for name, mark, _, _ in unit.criteria))
    lines += [f"• {decision}" for decision in unit.decisions[-2:]]
    return [*lines, *unit.remarks]


_SIZES: Final = (16.0, 14.0, 12.0, 11.0)
"""Type sizes of a slide, points: nothing smaller is read in a room."""

_LETTER: Final = 0.62
"""Width of a letter beside its size, in DejaVu Sans: wider than the mean of either alphabet."""

_LEADING: Final = 1.45
"""Height of a line beside its size, the space after a paragraph included."""


def _fitted(lines: Sequence[str], width: float, height: float) -> tuple[list[str], float]:
    """The lines that fit a box of these points, and the largest size at which they do.

    What does not fit at the smallest size is left to the notes of the slide, and "…" says so.
    """
    for size in _SIZES:
        if sum(_rows(line, width, size) for line in lines) * size * _LEADING <= height:
            return list(lines), size
    fitting, room = [], height / (_SIZES[-1] * _LEADING) - 1
    for line in lines:
        room -= _rows(line, width, _SIZES[-1])
        if room < 0:
            break
        fitting.append(line)
    return [*fitting, "…"], _SIZES[-1]


def _rows(line: str, width: float, size: float) -> int:
    """How many rows a line takes when it is broken between words."""
    letters = max(1, int(width / (_LETTER * size)))
    return len(textwrap.wrap(line, letters, break_on_hyphens=False)) or 1


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
    for place, line in enumerate(words.split("\n")):
        paragraph = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
        run = paragraph.add_run()
        run.text = _line(line)
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
        _add_shape(slide, shape, ink(shape.kind, status), left, top, scale)
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


def _draw_key(slide: Any, drawing: Drawing, status: str, left: int, top: int, lang: str) -> None:
    """The legend below the map: three signs a row."""
    scale = Mm(7) / 30
    for place, (kind, word) in enumerate(signs(drawing)):
        x, y = left + (place % 3) * Mm(54), top + (place // 3) * Mm(5.2)
        _add_shape(slide, _sign(kind), ink(kind, status), x, y, scale)
        _write(slide, text(word, lang), x + Mm(8.5), y, Mm(45), Mm(5), size=9)


_LABEL_SIZES: Final = {
    "version": 10.0,
    "pin": 10.0,
    "unit": 13.0,
    "other": 8.0,
    "country": 11.0,
    "place": 8.0,
}


class _Freeform(FreeformBuilder):  # type: ignore[misc]
    """The library's builder, with its corner looked for once and not once a point."""

    @cached_property
    def shape_offset_x(self) -> Length:
        """The leftmost point, once all points are there."""
        return super().shape_offset_x

    @cached_property
    def shape_offset_y(self) -> Length:
        """The topmost point, once all points are there."""
        return super().shape_offset_y


def _add_shape(slide: Any, shape: Shape, look: Ink, left: int, top: int, scale: float) -> None:
    """All rings of a shape as the contours of one freeform."""
    closed = shape.kind not in LINES
    rings = [[(round(x * scale), round(y * scale)) for x, y in ring] for ring in shape.rings]
    builder = _Freeform.new(slide.shapes, *rings[0][0], 1.0, 1.0)
    for place, ring in enumerate(rings):
        if place:
            builder.move_to(*ring[0])
        builder.add_line_segments(ring[1:], close=closed)
    freeform = builder.convert_to_shape(left, top)
    freeform.shadow.inherit = False
    _paint(freeform, look)
    if not closed:
        freeform.fill.background()


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
