"""The board of plenary: one unit a screen, in a browser without a network, and as slides."""

from __future__ import annotations

import math
import textwrap
from base64 import b64encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR
from pptx.opc.oxml import serialize_part_xml
from pptx.oxml import parse_xml
from pptx.oxml.ns import qn
from pptx.util import Emu, Mm, Pt

from cami_units import words
from cami_units.backdrop import shadow_picture
from cami_units.documents._worksheets import save_settled
from cami_units.documents.board_slides import Board, ShownActivity, Slide
from cami_units.documents.html_pages import page
from cami_units.documents.unit_drawing import (
    BESIDE_LABELS,
    LABEL_SIZES,
    LINES,
    STATUS_FILLS,
    WIDTH,
    Drawing,
    Ink,
    Shape,
    ink,
    signs,
)
from cami_units.drawn_pieces import piece
from cami_units.model import Imprint, clean_name
from cami_units.palette import WATER
from cami_units.words import day, disclaimer, profile_name, round_name, text

# -- in a browser ---------------------------------------------------------------------------------


def write_board(path: Path, boards: Sequence[Board], *, imprint: Imprint) -> None:
    """Write the board as one HTML file, in every language that it comes in.

    ← → turn it over, Home goes to the overview, E opens the evidence, A the activities and F the
    fences, L changes the language.

    Parameters
    ----------
    path : Path
        The file to write.
    boards : sequence of Board
        The same units in the same order, a language each; the page opens in the first.
    imprint : Imprint
        Title, date, round, profile, sources, disclaimer.

    Notes
    -----
    The clock is the browser's; the file holds none. Maps stand in the page once: the other
    languages refer to the shapes of the first. Without scripts all units stand below one another,
    and printing gives one unit a page.
    """
    content = page(
        "board.html",
        lang=boards[0].lang,
        styles=["board.css"],
        scripts=["board.js"],
        imprint=imprint,
        pages=[_page_values(each_board, imprint) for each_board in boards],
        fills=STATUS_FILLS,
        sizes=LABEL_SIZES,
        water=WATER,
    )
    path.write_bytes(content)


def _page_values(board: Board, imprint: Imprint) -> dict[str, Any]:
    """What the template of the board asks for, in one language."""
    return {
        "lang": board.lang,
        "name": text("language name", board.lang),
        "t": partial(text, lang=board.lang),
        "round_said": round_name(imprint, board.lang),
        "profile_said": profile_name(imprint.profile, board.lang),
        "date_said": day(imprint.date, board.lang),
        "disclaimer": disclaimer(imprint.disclaimer, board.lang),
        "progress": progress_said(board),
        "statuses": board.statuses,
        "total": board.total,
        "fences": board.fences,
        "overview": None if board.overview is None else _svg(board.overview, board.lang),
        "slides": [
            {
                "slide": slide,
                "map": None if slide.drawing is None else _svg(slide.drawing, board.lang),
            }
            for slide in board.slides
        ],
    }


def progress_said(board: Board) -> str:
    """How far plenary has come: "12 of 39 decided"."""
    return text("board progress", board.lang).format(decided=board.decided, total=board.total)


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
    """The shape that stands for a kind in the legend."""
    shape = _SIGN_PIN if kind == "pin" else _SIGN_LINE if kind in LINES else _SIGN
    return replace(shape, kind=kind)


@dataclass(frozen=True, slots=True)
class _Svg:
    drawing: Drawing
    relief: str
    land: tuple[_Path, ...]
    paths: tuple[_Path, ...]
    marks: tuple[_Path, ...]
    bar: str
    signs: tuple[_Sign, ...]


def _svg(drawing: Drawing, lang: str) -> _Svg:
    """A drawing as paths, with the signs of its legend."""
    paths = tuple(
        _Path(shape.kind, _d(shape), ink(shape.kind, shape.status)) for shape in drawing.shapes
    )
    status = {shape.kind: shape.status for shape in drawing.shapes}
    key = tuple(
        _Sign(kind, _d(_sign(kind)), ink(kind, status[kind]), word) for kind, word in signs(drawing)
    )
    land = tuple(path for path in paths if path.kind == "land")
    shared = tuple(path for path in paths if path.kind not in {"land", *BESIDE_LABELS})
    marks = tuple(path for path in paths if path.kind in BESIDE_LABELS)
    return _Svg(
        drawing,
        f"data:image/jpeg;base64,{b64encode(drawing.relief).decode()}" if drawing.relief else "",
        land,
        shared,
        marks,
        f"{words.number(drawing.bar_km, lang)} {text('km', lang)}",
        key,
    )


def _d(shape: Shape) -> str:
    """A shape as the path of an SVG; lines stay open."""
    end = "" if shape.kind in LINES else "Z"
    return "".join("M" + "L".join(f"{x:g},{y:g}" for x, y in ring) + end for ring in shape.rings)


# -- as slides ------------------------------------------------------------------------------------

# A slide of 16 : 9 as PowerPoint itself makes it, 13.33 by 7.5 inches.
_WIDE: Final = Mm(338.7)
_HIGH: Final = Mm(190.5)
_EDGE: Final = Mm(9)
_TOP: Final = Mm(24.5)
_RIGHT: Final = Mm(176)
_BODY_HIGH: Final = Mm(150)
_MAP: Final = (_EDGE, _TOP, Mm(160), Mm(128))
"""Where the map of a slide stands: left, top, width, height. Titles end above it, words begin right
of it."""


def write_slides(path: Path, board: Board, *, imprint: Imprint) -> None:
    """Write the same board as PPTX, its maps as shapes that a presenter can enlarge.

    Parameters
    ----------
    path : Path
        The file to write.
    board : Board
        In one language: slides of two are two files.
    imprint : Imprint
        Title, date, round, profile, sources, disclaimer.

    Notes
    -----
    The dates inside are the round's, so the same slides give the same bytes. The font is one that
    every Office has.
    """
    book = Presentation()
    book.slide_width, book.slide_height = _WIDE, _HIGH
    properties = book.core_properties
    properties.title = clean_name(imprint.title)
    properties.author, properties.last_modified_by = "cami_units", ""
    properties.created = properties.modified = datetime.fromisoformat(imprint.date)
    _add_cover(book, imprint, board)
    if board.overview is not None:
        _add_overview(book, imprint, board, board.overview)
    if board.fences:
        _add_fences(book, imprint, board)
    for number, slide in enumerate(board.slides, start=1):
        place = f"{number} / {len(board.slides)}"
        _add_unit(book, slide, imprint, place, board.lang)
        if slide.activities:
            _add_activities(book, slide, imprint, place, board.lang)
    save_settled(book, path, imprint)


def _blank(book: Any) -> Any:
    """A slide without place holders: the seventh layout of the library's template is empty."""
    return book.slides.add_slide(book.slide_layouts[6])


def _add_cover(book: Any, imprint: Imprint, board: Board) -> None:
    """The first slide: what this is, of when, and what is to be said of it."""
    slide, lang = _blank(book), board.lang
    width = _WIDE - 2 * _EDGE
    _write(slide, imprint.title, _EDGE, Mm(45), width, Mm(40), size=34, bold=True)
    facts = (
        f"{round_name(imprint, lang)} · {day(imprint.date, lang)} · "
        f"{text('units', lang)}: {len(board.slides)}"
    )
    _write(slide, facts, _EDGE, Mm(88), width, Mm(12), size=20)
    _write(
        slide,
        f"{text('profile', lang)}: {profile_name(imprint.profile, lang)}",
        _EDGE,
        Mm(101),
        width,
        Mm(12),
        size=16,
    )
    small = [text("indicative", lang)] if imprint.indicative else []
    small += [
        disclaimer(imprint.disclaimer, lang),
        f"{text('sources', lang)}: {'; '.join(imprint.sources)}",
    ]
    _write(slide, "\n".join(small), _EDGE, Mm(140), width, Mm(42), size=11)


def _add_overview(book: Any, imprint: Imprint, board: Board, drawing: Drawing) -> None:
    """All units on one map, how many are decided, and their list."""
    slide, lang = _blank(book), board.lang
    _write_title(slide, progress_said(board), _WIDE - 2 * _EDGE)
    _draw(slide, drawing, _MAP, lang)
    signs_of_statuses = [
        (status, f"{phrase}: {count}") for status, phrase, count in board.statuses if count
    ]
    for number, (status, phrase) in enumerate(signs_of_statuses):
        x, y = _EDGE + (number % 2) * Mm(80), Mm(155.5) + (number // 2) * Mm(5.2)
        look = Ink("333333", 0.8, STATUS_FILLS.get(status, "999999"), 1.0)
        # The signs are 30 wide in their own units, and 7 mm on the slide.
        _add_shape(slide, _sign(""), look, x, y, Mm(7) / 30)
        _write(slide, phrase, x + Mm(8.5), y, Mm(70), Mm(5), size=9)
    lines = [
        f"{'✓ ' if unit.standing else ''}{unit.unit_id} {unit.name}"
        + (f" ({len(unit.questions)}?)" if unit.questions else "")
        for unit in board.slides
    ]
    # two columns beside the map: a list of forty in one would be too small to read
    half = (len(lines) + 1) // 2
    width = (_WIDE - _RIGHT - _EDGE) // 2 - Mm(1)
    room, columns = (Emu(width).pt, Emu(_BODY_HIGH).pt), (lines[:half], lines[half:])
    # one size for both: two columns of different letters look like two lists
    size = min(_fitted(column, *room, sizes=_LIST_SIZES)[1] for column in columns)
    for number, column in enumerate(columns):
        fitting, _ = _fitted(column, *room, sizes=(size,))
        left = _RIGHT + number * (width + Mm(2))
        _write(slide, "\n".join(fitting), left, _TOP, width, _BODY_HIGH, size=size)
    _write_foot(slide, imprint, lang, "")


_LIST_SIZES: Final = (12.0, 11.0, 10.0, 9.0, 8.0, 7.0)
"""Type sizes of the list of all units: both of its columns have the same."""


def _add_fences(book: Any, imprint: Imprint, board: Board) -> None:
    """Which fence first: a table of the first stretches, and what it leaves out."""
    slide, lang = _blank(book), board.lang
    _write_title(slide, text("which fence first", lang), _WIDE - 2 * _EDGE)
    widths = [Mm(100), Mm(220.7)]
    # the caution stands below, however long the table is: it goes on at no other slide
    size, _ = _table_pages(board.fences, widths, Mm(160) - _TOP, _FENCE_SIZES)
    heads = [text(key, lang) for key in ("fence column", "fence column says")]
    _write_table(slide, heads, board.fences, widths, size)
    _write(slide, text("fence caution", lang), _EDGE, Mm(160), _WIDE - 2 * _EDGE, Mm(12), size=11)
    _write_foot(slide, imprint, lang, "")


_FENCE_SIZES: Final = (12.0, 11.0, 10.0, 9.0, 8.0)


def _add_unit(book: Any, unit: Slide, imprint: Imprint, place: str, lang: str) -> None:
    """A slide of a unit. A decision changes one of them: the others are kept as XML, if anywhere."""
    slide = _blank(book)
    tree = slide.shapes._spTree

    def drawn() -> list[bytes]:
        """Its shapes and its notes, drawn now."""
        notes = _draw_unit(slide, unit, imprint, place, lang)
        return [serialize_part_xml(tree), "\n".join(notes).encode()]

    # python-pptx takes a tenth of a second for the shapes of one map
    shapes, notes = piece("slide", [repr((unit, imprint, place, lang)).encode()], drawn)
    if len(tree) == _EMPTY_TREE:
        # kept XML names a picture that this new file has not got yet
        if unit.drawing is not None and _has_shadows(unit.drawing):
            slide.part.get_or_add_image_part(BytesIO(_shadows(unit.drawing)))
        # Only where nothing was drawn above: a slide that was drawn has its shapes already.
        tree.getparent().replace(tree, parse_xml(shapes))
    if notes:
        slide.notes_slide.notes_text_frame.text = notes.decode()


_EMPTY_TREE: Final = 2
"""What stands in the tree of a slide without shapes: the properties of the group that it is."""


def _draw_unit(slide: Any, unit: Slide, imprint: Imprint, place: str, lang: str) -> list[str]:
    """The map on the left, what is to be said on the right, the decision on top; lines for the notes."""
    _write_heading(slide, unit)
    if unit.drawing is not None:
        _draw(slide, unit.drawing, _MAP, lang)
        _draw_key(slide, unit.drawing, _EDGE, Mm(156), lang)
    top, width = _TOP, _WIDE - _RIGHT - _EDGE
    if unit.standing:
        banner = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, _RIGHT, top, width, Mm(13))
        banner.shadow.inherit = False
        _paint(banner, Ink("143d26", 0.5, "143d26", 1.0))
        decision, size = _shortened(unit.standing, Emu(width).pt, Mm(12).pt, _SIZES)
        _say(banner.text_frame, decision, size=size, bold=True, centre=True, ink="FFFFFF")
        top += Mm(15)
    body, height = _body(unit, lang), _TOP + _BODY_HIGH - top
    lines, size = _fitted(body, Emu(width).pt, Emu(height).pt)
    _write(slide, "\n".join(lines), _RIGHT, top, width, height, size=size)
    _write_foot(slide, imprint, lang, place)
    notes = [*body, *unit.decisions] if lines != body else list(unit.decisions)
    return list(map(_line, notes))


def _has_shadows(drawing: Drawing) -> bool:
    """Whether a relief lies on the land of a drawing."""
    return bool(drawing.relief) and any(shape.kind == "land" for shape in drawing.shapes)


def _shadows(drawing: Drawing) -> bytes:
    """The relief of a drawing as shadows to lay on its land."""
    [shadows] = piece("shadows", [drawing.relief], lambda: [shadow_picture(drawing.relief)])
    return shadows


def _add_activities(book: Any, unit: Slide, imprint: Imprint, place: str, lang: str) -> None:
    """What is to be done in a unit: by theme, the old text beside the new, dropped ones struck out.

    In the largest letters in which all of it fits one slide; else on as many slides as it takes.
    """
    rows = [(theme, row) for theme, activities in unit.activities for row in activities]
    # The column of the old text is there only where something was changed.
    keys = ["column theme", "before", "after", "column timeframe"]
    widths = [Mm(46), Mm(112), Mm(112), Mm(50.7)]
    if not any(row.old_text for _, row in rows):
        keys, widths = (
            ["column theme", "column text", "column timeframe"],
            [Mm(46), Mm(214), Mm(60.7)],
        )
    cells = [_activity_cells(theme, row, with_old=len(keys) == 4) for theme, row in rows]
    size, pages = _table_pages(cells, widths, Mm(_TABLE_HIGH), _TABLE_SIZES)
    for number, page_rows in enumerate(pages, start=1):
        slide = _blank(book)
        _write_heading(slide, unit, f" ({number} / {len(pages)})" if len(pages) > 1 else "")
        struck = {
            (line, len(keys) - 2) for line, at in enumerate(page_rows) if rows[at][1].is_dropped
        }
        heads = [text(key, lang) for key in keys]
        _write_table(slide, heads, [cells[at] for at in page_rows], widths, size, struck)
        _write_foot(slide, imprint, lang, place)


def _write_table(
    slide: Any,
    heads: Sequence[str],
    cells: Sequence[Sequence[str]],
    widths: Sequence[int],
    size: float,
    struck: Collection[tuple[int, int]] = (),
) -> None:
    """A table below the title of a slide; `struck` are the cells, line and column, struck out."""
    high = Mm(8) * (len(cells) + 1)
    grid = slide.shapes.add_table(len(cells) + 1, len(heads), _EDGE, _TOP, sum(widths), high).table
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = width
    for number, head in enumerate(heads):
        _say(grid.cell(0, number).text_frame, head, size=size, bold=True, ink="FFFFFF")
    for line, row in enumerate(cells):
        for number, content in enumerate(row):
            frame = grid.cell(line + 1, number).text_frame
            _say(frame, content, size=size, struck=(line, number) in struck)


def _table_pages(
    cells: Sequence[Sequence[str]], widths: Sequence[int], high: int, sizes: Sequence[float]
) -> tuple[float, list[list[int]]]:
    """The largest letters in which all rows fit one slide, and the rows of each slide.

    In the smallest letters as many slides as it takes.
    """
    for size in sizes:
        heights = [_row_height(row, widths, size) for row in cells]
        # the head of the table is a row too
        pages = _dealt(heights, Emu(high).pt - _LEADING * size - _ROW_EDGE)
        if len(pages) == 1:
            break
    return size, pages


_TABLE_SIZES: Final = (16.0, 14.0, 12.0)
"""Type sizes of a table of activities, points: what does not fit at the last goes on."""

_TABLE_HIGH: Final = 150.0
"""How high such a table may be, mm: from the title down to the foot."""

_ROW_EDGE: Final = 9.0
"""What the margins of a row of a table add to the lines in it, points."""


def _row_height(line: Sequence[str], widths: Sequence[int], size: float) -> float:
    """How high a row of a table is, in points: as its fullest cell."""
    # a cell keeps its own margins at its sides, a tenth of an inch each
    room = [Emu(width).pt - 14.4 for width in widths]
    rows = [_rows(words_in, width, size) for words_in, width in zip(line, room, strict=True)]
    return max(rows) * size * _LEADING + _ROW_EDGE


def _dealt(heights: Sequence[float], room: float) -> list[list[int]]:
    """The numbers of rows page by page: as many to each as fit, at least one."""
    pages: list[list[int]] = [[]]
    left = room
    for number, height in enumerate(heights):
        if height > left and pages[-1]:
            pages.append([])
            left = room
        pages[-1].append(number)
        left -= height
    return pages


def _activity_cells(theme: str, row: ShownActivity, *, with_old: bool) -> list[str]:
    """What a row of the table of activities says."""
    return [theme, *([row.old_text] if with_old else []), row.text, row.facts]


def _write_heading(slide: Any, unit: Slide, part: str = "") -> None:
    """Id and name of a unit, and its status as a badge."""
    _write_title(slide, f"{unit.unit_id}  {unit.name}{part}", Mm(250))
    badge = slide.shapes.add_shape(
        MSO_SHAPE.ROUNDED_RECTANGLE, _WIDE - _EDGE - Mm(62), Mm(7), Mm(62), Mm(11)
    )
    badge.shadow.inherit = False
    fill = STATUS_FILLS.get(unit.status, "999999")
    _paint(badge, Ink("333333", 1.0, fill, 1.0))
    said, size = _shortened(unit.status_said, Mm(60).pt, Mm(7).pt, (12.0, 11.0, 10.0, 9.0, 8.0))
    _say(badge.text_frame, said, size=size, bold=True, centre=True, ink=_readable(fill))


def _readable(fill: str) -> str:
    """Black or white, whichever can be read on this colour (relative luminance of WCAG 2)."""
    channels = [int(fill[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    # where black and white stand out alike: (L + 0.05)² = 1.05 × 0.05
    return "1B1B1B" if luminance > 0.179 else "FFFFFF"


def _write_title(slide: Any, title: str, width: int) -> None:
    """A title in the largest letters in which it stays above the map, on one line or two."""
    height = Mm(18)
    shortened, size = _shortened(title, Emu(width).pt, Emu(height).pt, _TITLE_SIZES)
    _write(slide, shortened, _EDGE, Mm(5), width, height, size=size, bold=True)


def _write_foot(slide: Any, imprint: Imprint, lang: str, place: str) -> None:
    """What every slide says of itself, small."""
    parts = [
        clean_name(imprint.title),
        round_name(imprint, lang),
        day(imprint.date, lang),
        place,
        text("indicative", lang) if imprint.indicative else "",
    ]
    foot = " · ".join(part for part in parts if part)
    lines = f"{foot}\n{disclaimer(imprint.disclaimer, lang)}"
    _write(slide, lines, _EDGE, Mm(178), _WIDE - 2 * _EDGE, Mm(11), size=8)


def _body(unit: Slide, lang: str) -> list[str]:
    """What a slide says beside its map, the most important first."""
    compared = {label for label, _, _ in unit.compared}
    lines = [f"{text('proposed by', lang)}: {unit.proposed_by}"]
    lines += [f"? {question}" for question in unit.questions]
    lines += [f"{label}: {before} → {after}" for label, before, after in unit.compared]
    lines += [f"{label}: {value}" for label, value in unit.facts if value and label not in compared]
    lines.append("  ".join(f"{name} {mark}" for name, mark, _, _ in unit.criteria))
    earlier = [decision for decision in unit.decisions if decision != unit.standing]
    # the one that stands is in the banner; of the others the last two
    lines += [f"• {decision}" for decision in earlier[-2:]]
    return [*lines, *unit.remarks]


_SIZES: Final = (16.0, 14.0, 12.0, 11.0)
"""Type sizes of a slide, points: nothing smaller is read in a room."""

_TITLE_SIZES: Final = (26.0, 22.0, 20.0, 18.0, 16.0, 14.0)

_FONT: Final = "Arial"
"""Every Office has it, or one of the same widths (Liberation Sans)."""

_LETTER: Final = 0.62
"""Width of a letter beside its size, in sans-serif fonts: wider than the mean of either alphabet."""

_AFTER: Final = 0.25
"""Space after a paragraph beside its size."""

_LEADING: Final = 1.45
"""Height of a line beside its size, the space after a paragraph included."""


def _fitted(
    lines: Sequence[str], width: float, height: float, *, sizes: Sequence[float] = _SIZES
) -> tuple[list[str], float]:
    """The lines that fit a box of these points, and the largest size at which they do.

    What does not fit at the smallest size is left to the notes of the slide, and "…" says so.
    """
    # The largest first: a slide is read from the back of a room.
    for size in sizes:
        rows = sum(_rows(line, width, size) for line in lines)
        # the space after a paragraph stands once, however many rows it has
        if (rows * (_LEADING - _AFTER) + len(lines) * _AFTER) * size <= height:
            return list(lines), size
    fitting, room = [], height / (sizes[-1] * _LEADING) - 1
    for line in lines:
        room -= _rows(line, width, sizes[-1])
        if room < 0:
            break
        fitting.append(line)
    return [*fitting, "…"], sizes[-1]


def _shortened(line: str, width: float, height: float, sizes: Sequence[float]) -> tuple[str, float]:
    """One line of text in the largest letters in which it fits a box; in the smallest, cut by words."""
    for size in sizes:
        if _rows(line, width, size) * size * _LEADING <= height:
            return line, size
    size = sizes[-1]
    # As many letters as the rows of the box hold, less the sign that something is missing.
    letters = int(width / (_LETTER * size)) * max(1, int(height / (size * _LEADING)))
    return textwrap.shorten(line, letters - 2, placeholder=" …"), size


def _rows(line: str, width: float, size: float) -> int:
    """How many rows a line takes when it is broken between words."""
    letters = max(1, int(width / (_LETTER * size)))
    return len(textwrap.wrap(line, letters, break_on_hyphens=False)) or 1


def _line(value: object) -> str:
    return clean_name(value)


def _write(
    slide: Any,
    content: str,
    left: int,
    top: int,
    width: int,
    height: int,
    *,
    ground: Ink | None = None,
    wraps: bool = True,
    **letters: Any,
) -> None:
    """A text box, on a ground if its letters need one; `letters` as :func:`_paragraphs` takes them.

    One that does not wrap keeps its line whole where an Office has only wider letters.
    """
    anchor = ' anchor="ctr"' if letters.get("centre") else ""
    place = f'<a:off x="{left}" y="{top}"/><a:ext cx="{width}" cy="{height}"/>'
    _append(
        slide,
        "TextBox",
        f'<p:cNvSpPr txBox="1"/><p:nvPr/></p:nvSpPr><p:spPr><a:xfrm>{place}</a:xfrm>'
        f'<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
        f"{'<a:noFill/>' if ground is None else _painted(ground)}</p:spPr>"
        f'<p:txBody><a:bodyPr wrap="{"square" if wraps else "none"}" lIns="{_SIDE}" '
        f'rIns="{_SIDE}" tIns="{_SIDE}" bIns="{_SIDE}"{anchor}><a:spAutoFit/></a:bodyPr><a:lstStyle/>'
        f"{_paragraphs(content, **letters)}</p:txBody>",
    )


_SIDE: Final = int(Mm(0.5))
"""What stays free round the text of a box."""

_NAMESPACES: Final = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
)


def _append(slide: Any, kind: str, inside: str) -> None:
    """A shape of a slide as XML, numbered as python-pptx does.

    A board has hundreds of shapes with tens of thousands of points. The library makes an element of
    each through some twenty calls, and looks at all shapes for the next number: half of the time of
    a board. What it would write is written here; what is rare on a slide is left to it.
    """
    tree = slide.shapes._spTree
    number = len(tree)  # an empty one holds two elements, of which one has a number: 1
    head = f'<p:nvSpPr><p:cNvPr id="{number}" name="{kind} {number - 1}"/>'
    tree.append(parse_xml(f"<p:sp {_NAMESPACES}>{head}{inside}</p:sp>"))


_HALO: Final = (
    '<a:effectLst><a:glow rad="38100"><a:srgbClr val="FFFFFF"><a:alpha val="90000"/></a:srgbClr>'
    "</a:glow></a:effectLst>"
)
"""A white glow of 3 points round letters, as the board's page has round its own."""


def _paragraphs(
    content: str,
    *,
    size: float,
    bold: bool = False,
    centre: bool = False,
    struck: bool = False,
    haloed: bool = False,
    ink: str = "1B1B1B",
) -> str:
    """Lines of text as XML, in the font of the slides; `haloed`: to be read on a dark shape."""
    align = ' algn="ctr"' if centre else ""
    strike = ' strike="sngStrike"' if struck else ""
    # the halo after the colour and before the font: the order of the schema
    head = (
        f'<a:p><a:pPr{align}><a:spcAft><a:spcPts val="{Pt(size * _AFTER).centipoints}"/></a:spcAft>'
        f'</a:pPr><a:r><a:rPr sz="{Pt(size).centipoints}" b="{int(bold)}"{strike}><a:solidFill>'
        f'<a:srgbClr val="{ink}"/></a:solidFill>{_HALO if haloed else ""}'
        f'<a:latin typeface="{_FONT}"/></a:rPr><a:t>'
    )
    return "".join(f"{head}{escape(_line(line))}</a:t></a:r></a:p>" for line in content.split("\n"))


def _say(frame: Any, content: str, *, centre: bool = False, **letters: Any) -> None:
    """Lines of text in a frame that is there."""
    frame.word_wrap = True
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = _SIDE
    if centre:
        frame.vertical_anchor = MSO_ANCHOR.MIDDLE
    body = frame._txBody
    for paragraph in body.findall(qn("a:p")):
        body.remove(paragraph)
    lines = _paragraphs(content, centre=centre, **letters)
    body.extend(list(parse_xml(f"<a:txBody {_NAMESPACES}>{lines}</a:txBody>")))


def _draw(slide: Any, drawing: Drawing, box: tuple[int, int, int, int], lang: str) -> None:
    """A map in its box on a slide: shapes, labels and the bar of its scale."""
    left, top, width, height = box
    scale = min(width / drawing.width, height / drawing.height)
    frame = slide.shapes.add_shape(
        MSO_SHAPE.RECTANGLE,
        left,
        top,
        Emu(round(drawing.width * scale)),
        Emu(round(drawing.height * scale)),
    )
    frame.shadow.inherit = False
    _paint(frame, Ink("999999", 0.8, WATER.removeprefix("#"), 1.0))
    for shape in drawing.shapes:
        _add_shape(slide, shape, ink(shape.kind, shape.status), left, top, scale)
        if shape.kind == "land" and drawing.relief:
            shadows = BytesIO(_shadows(drawing))
            slide.shapes.add_picture(shadows, left, top, frame.width, frame.height)
    for label in drawing.labels:
        # a pixel of the drawing is 0.57 points of its 160 mm; below seven points nothing can be
        # read
        size = max(7.0, LABEL_SIZES[label.kind] * 0.6)
        on_unit = label.kind in ("unit", "id")
        # bold capitals and digits of the font are six tenths of its size wide: no more of the map
        half = Pt(len(label.text) * size * 0.3 + 1.5) if on_unit else Mm(30)
        high = Pt(size * 1.15) if on_unit else Mm(6)
        x, y = left + round(label.x * scale), top + round(label.y * scale)
        _write(
            slide,
            label.text,
            x - half,
            y - Mm(1) - high // 2,
            2 * half,
            high,
            # not every Office draws a glow: on a dark unit letters need a ground
            ground=_LETTERS_GROUND if on_unit else None,
            wraps=False,
            size=size,
            bold=label.kind in ("unit", "id", "state"),
            centre=True,
            haloed=True,
        )
    if drawing.bar:
        bottom = top + round((drawing.height - 14) * scale)
        bar = slide.shapes.add_connector(
            # 1 is a straight connector (MSO_CONNECTOR.STRAIGHT)
            1,
            left + Mm(4),
            bottom,
            left + Mm(4) + round(drawing.bar * scale),
            bottom,
        )
        bar.line.width, bar.line.color.rgb = Pt(2), RGBColor.from_string("333333")
        scale_words = f"{words.number(drawing.bar_km, lang)} {text('km', lang)}"
        # a coast or border may run below it
        box = (left + Mm(4), bottom - Mm(5.5), Mm(17), Mm(4.6))
        _write(slide, scale_words, *box, ground=_LETTERS_GROUND, wraps=False, size=9)


_LETTERS_GROUND: Final = Ink("", 0.0, "FFFFFF", 0.75)
"""What lies under letters on a dark unit or a line: not every Office draws a glow round them."""


def _draw_key(slide: Any, drawing: Drawing, left: int, top: int, lang: str) -> None:
    """The legend below the map: three signs a row."""
    scale = Mm(7) / 30
    status = {shape.kind: shape.status for shape in drawing.shapes}
    for place, (kind, word) in enumerate(signs(drawing)):
        x, y = left + (place % 3) * Mm(54), top + (place // 3) * Mm(5.2)
        _add_shape(slide, _sign(kind), ink(kind, status[kind]), x, y, scale)
        phrase, size = _shortened(text(word, lang), Mm(45).pt, Mm(5).pt, (9.0, 8.0, 7.0, 6.0))
        _write(slide, phrase, x + Mm(8.5), y, Mm(45), Mm(5), size=size)


def _add_shape(slide: Any, shape: Shape, look: Ink, left: int, top: int, scale: float) -> None:
    """All rings of a shape as the contours of one freeform."""
    closed = shape.kind not in LINES
    rings = [[(round(x * scale), round(y * scale)) for x, y in ring] for ring in shape.rings]
    xs, ys = ([point[axis] for ring in rings for point in ring] for axis in (0, 1))
    x, y = min(xs), min(ys)
    size = max(xs) - x, max(ys) - y
    contours = "".join(_contour([(px - x, py - y) for px, py in ring], closed) for ring in rings)
    painted = _painted(look if closed else replace(look, fill=""))
    _append(
        slide,
        "Freeform",
        f'<p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr><a:xfrm><a:off x="{left + x}" y="{top + y}"/>'
        f'<a:ext cx="{size[0]}" cy="{size[1]}"/></a:xfrm><a:custGeom><a:avLst/><a:gdLst/><a:ahLst/>'
        f'<a:cxnLst/><a:rect l="l" t="t" r="r" b="b"/><a:pathLst><a:path w="{size[0]}" '
        f'h="{size[1]}">{contours}</a:path></a:pathLst></a:custGeom>{painted}<a:effectLst/></p:spPr>'
        '<p:txBody><a:bodyPr rtlCol="0" anchor="ctr"/><a:lstStyle/><a:p><a:pPr algn="ctr"/></a:p>'
        "</p:txBody>",
    )


def _contour(ring: Sequence[tuple[int, int]], closed: bool) -> str:
    """A ring, counted from the corner of its freeform, as XML."""
    first, *others = (f'<a:pt x="{x}" y="{y}"/>' for x, y in ring)
    lines = "".join(f"<a:lnTo>{point}</a:lnTo>" for point in others)
    return f"<a:moveTo>{first}</a:moveTo>{lines}" + "<a:close/>" * closed


def _painted(look: Ink) -> str:
    """Fill and outline of a shape as XML."""
    fill, line = "<a:noFill/>", "<a:ln><a:noFill/></a:ln>"
    if look.fill and look.opacity:
        # DrawingML counts opacity in thousandths of a per cent
        opacity = f'<a:alpha val="{math.floor(look.opacity * 100_000)}"/>' * (look.opacity < 1)
        fill = (
            f'<a:solidFill><a:srgbClr val="{look.fill.upper()}">{opacity}</a:srgbClr></a:solidFill>'
        )
    if look.line:
        dashes = '<a:prstDash val="dash"/>' * look.dashed
        # as thick beside the map as on the page: 800 pixels of a drawing are 160 mm here
        line = (
            f'<a:ln w="{round(look.width * _MAP[2] / WIDTH)}"><a:solidFill><a:srgbClr val="{look.line.upper()}"/>'
            f"</a:solidFill>{dashes}</a:ln>"
        )
    return fill + line


def _paint(shape: Any, look: Ink) -> None:
    """Fill and outline a shape of the library as a look says."""
    # The theme's shadow goes with the theme's style: LibreOffice draws it even where the shape says
    # that it has none, and through a fill that lets light through it makes every colour darker.
    for theme_style in shape._element.findall(qn("p:style")):
        shape._element.remove(theme_style)
    # a text box of the library comes with a fill of its own, and the schema allows one
    for first_look in [
        *shape._element.spPr.findall(qn("a:noFill")),
        *shape._element.spPr.findall(qn("a:ln")),
    ]:
        shape._element.spPr.remove(first_look)
    geometry = shape._element.spPr.find(qn("a:prstGeom"))
    for painted in reversed(parse_xml(f"<p:spPr {_NAMESPACES}>{_painted(look)}</p:spPr>")):
        geometry.addnext(painted)
