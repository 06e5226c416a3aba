"""A sheet of paper or a screen, laid out in millimetres from the top left corner, and its files.

PDF stays vector and text, PNG is for a screen; the same figure, the same bytes.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import get_ident
from typing import Any, Final, Literal

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from PIL import Image

from cami_units import words
from cami_units.drawn_pieces import piece
from cami_units.figures._pdf import (
    Page,
    PdfRenderer,
    bound,
    drawn_page,
    page_as_bytes,
    page_of_bytes,
)
from cami_units.figures._typesetting import (
    LEADING,
    MM_PER_POINT,
    Face,
    drawable,
    font,
    lines,
    width_of,
)
from cami_units.model import InputError, clean_name
from cami_units.palette import Look
from cami_units.scene import Frame, Scene

A4: Final = (210.0, 297.0)
A3: Final = (420.0, 297.0)
"""Width and height of sheets, mm."""
INK: Final = "#1c252b"
SOFT: Final = "#55636c"
RULE: Final = "#c3ccd1"
_Dots: Final[Any] = RendererAgg
"""Dots to draw on: width, height, dots to an inch."""
# matplotlib measures sheets in inches
_INCH: Final = 25.4


def sheet(width: float, height: float, *, colour: str = "white") -> Figure:
    """An empty sheet of this size in mm."""
    return Figure(figsize=(width / _INCH, height / _INCH), facecolor=colour)


def size_mm(figure: Figure) -> tuple[float, float]:
    """Width and height of a sheet."""
    width, height = figure.get_size_inches()
    return float(width) * _INCH, float(height) * _INCH


def axes_at(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Bare axes of a chart at a place of the sheet."""
    axes: Axes = figure.add_axes(shares_of_sheet(figure, left, top, width, height))
    axes.set_xticks([])
    axes.set_yticks([])
    return axes


def shares_of_sheet(figure: Figure, left: float, top: float, width: float, height: float) -> Frame:
    """A place of a sheet as matplotlib counts: from the lower left corner, in parts of its size."""
    wide, high = size_mm(figure)
    return left / wide, 1 - (top + height) / high, width / wide, height / high


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet: where it begins and how wide it is, mm."""

    figure: Figure
    left: float
    width: float


def write_in(column: Column, top: float, value: object, *, size: float, **letters: Any) -> float:
    """As :func:`write`, as wide as a column."""
    return write(column.figure, column.left, top, value, size=size, width=column.width, **letters)


def write(
    figure: Figure,
    left: float,
    top: float,
    value: object,
    *,
    size: float,
    width: float = 1e9,
    face: Face = "plain",
    colour: str = INK,
    most: int = 99,
) -> float:
    """Write a text into a column of this width; say where the next line would begin."""
    for line in lines(value, width, size=size, face=face, most=most):
        put(figure, left, top, line, size=size, face=face, colour=colour)
        top += size * LEADING * MM_PER_POINT
    return top


def put(
    figure: Figure,
    left: float,
    top: float,
    line: object,
    *,
    size: float,
    face: Face = "plain",
    colour: str = INK,
    align: str = "left",
) -> None:
    """One line, its letters hanging from `top`; nothing in it is read as mathematics."""
    wide, high = size_mm(figure)
    place = (left / wide, 1 - (top + size * MM_PER_POINT) / high)
    text, letters = drawable(line, face), font(face, clean_name(line), size)
    if align == "left":
        figure.add_artist(Line(place, text, letters, colour))
        return
    look: Any = {"color": colour, "ha": align, "va": "baseline", "parse_math": False}
    figure.add_artist(Text(*place, text, fontproperties=letters, **look))


class Line(Artist):
    """A line of text that begins at a place: nothing of it has to be measured to draw it there.

    matplotlib sets every line twice, once to find its box. A sheet has hundreds of lines and has
    measured each of them already, to break them.
    """

    def __init__(
        self, place: tuple[float, float], text: str, letters: FontProperties, colour: str
    ) -> None:
        super().__init__()
        self.place, self.text, self.letters, self.colour = place, text, letters, colour
        self.set_zorder(Text.zorder)

    def get_text(self) -> str:
        """What it says, as matplotlib asks its texts."""
        return self.text

    def draw(self, renderer: Any) -> None:
        """Hand the line to the renderer."""
        text, letters = self.text, self.letters
        if not text:
            return
        x, y = self.get_transform().transform(self.place)
        if renderer.flipy():
            y = renderer.get_canvas_width_height()[1] - y
        gc = renderer.new_gc()
        gc.set_foreground(self.colour)
        if isinstance(renderer, RendererAgg):
            # rows from the top, of the dots that the line covers and of the whole sheet
            left, top = int(x), int(y)
            size = letters.get_size_in_points()
            picture, above = _line_of_dots(
                text, str(letters.get_file()), size, gc.get_rgb(), renderer.dpi, x - left, y - top
            )
            low = round(self.figure.bbox.height) - (top - above + len(picture))
            renderer.draw_image(gc, left - _SPARE, low, picture[::-1])
        else:
            renderer.draw_text(gc, x, y, text, letters, 0.0)
        gc.restore()


_SPARE: Final = 4
"""Dots to the left of a line, for letters that begin before their place."""


# Two lines in three of a slide stand on the slide before it, at the same place: their letters are
# drawn once.
@lru_cache(maxsize=512)
def _line_of_dots(
    text: str, path: str, size: float, colour: Any, dpi: float, right: float, down: float
) -> tuple[npt.NDArray[np.uint8], int]:
    """A line as RGBA, and how many dots of it lie above its baseline; `right` and `down` of a dot."""
    letters = FontProperties(fname=path, size=size)
    high = math.ceil(size * dpi / 72 * 1.3)
    # kerning brings letters nearer to each other, if anything
    wide = width_of(text, Path(path)) * size * dpi / 72
    renderer = _Dots(math.ceil(wide) + 3 * _SPARE, 2 * high, dpi)
    gc = renderer.new_gc()
    gc.set_foreground(colour, isRGBA=True)
    renderer.draw_text(gc, _SPARE + right, high + down, text, letters, 0.0)
    picture = np.array(renderer.buffer_rgba())
    # whatever no letter covers is white that is not seen
    covered = np.flatnonzero(picture[..., 3].any(axis=1))
    if not len(covered):
        return picture[:1], 0
    first, last = int(covered[0]), int(covered[-1]) + 1
    return picture[first:last].copy(), high - first


def rule(figure: Figure, left: float, top: float, width: float, *, colour: str = RULE) -> None:
    """A thin line across a column."""
    _add_line(figure, left, top, width, color=colour, linewidth=0.5)


def box(
    figure: Figure, place: tuple[float, float, float, float], *, fill: str = "", line: str = ""
) -> None:
    """A rectangle at a place (left, top, width, height) of the sheet."""
    look = {"facecolor": fill or "none", "edgecolor": line or "none", "linewidth": 0.5}
    _add_rectangle(figure, place, **look)


def _add_line(figure: Figure, left: float, top: float, width: float, **look: Any) -> None:
    """A level line on the sheet, in a look of matplotlib's words."""
    wide, high = size_mm(figure)
    ends = [left / wide, (left + width) / wide]
    figure.add_artist(Line2D(ends, [1 - top / high] * 2, **look))


def _add_rectangle(figure: Figure, place: tuple[float, float, float, float], **look: Any) -> None:
    """A rectangle on the sheet, in a look of matplotlib's words."""
    left, low, width, height = shares_of_sheet(figure, *place)
    figure.add_artist(Rectangle((left, low), width, height, **look))


def add_form(
    figure: Figure, name: str, left: float, top: float, height: float, draw: Callable[[], Figure]
) -> None:
    """Lay a small sheet on this one; a document of many pages holds it once, by its name."""
    figure.add_artist(_Form(name, left, size_mm(figure)[1] - top - height, draw))


class _Form(Artist):
    """A small sheet on another, at a place in mm from the lower left."""

    def __init__(self, name: str, left: float, low: float, draw: Callable[[], Figure]) -> None:
        super().__init__()
        self.name, self.place, self.small = name, (left, low), draw

    def draw(self, renderer: Any) -> None:
        """A PDF calls it by its name; on a screen it is a picture."""
        figure: Any = self.figure
        x, y = (along / _INCH * figure.dpi for along in self.place)
        if isinstance(renderer, PdfRenderer):
            renderer.draw_form(self.name, x, y, self.small)
            return
        small = self.small()
        dots = _drawn(small, figure.dpi, _Dots(*_size_in_dots(small, figure.dpi), figure.dpi))
        renderer.draw_image(renderer.new_gc(), round(x), round(y), dots[::-1])


def swatch(
    figure: Figure, left: float, top: float, look: Look, *, scale: float = 1.0, line: bool = False
) -> None:
    """The sign of a legend: a patch of 9 × 4 mm, or a line as long."""
    width, height = 9 * scale, 4 * scale
    stroke = {"linewidth": look.width * scale, "linestyle": dashed(look)}
    if line:
        _add_line(figure, left, top + height / 2, width, color=look.line, **stroke)
        return
    place = (left, top, width, height)
    if look.fill:
        _add_rectangle(figure, place, facecolor=look.fill, alpha=look.opacity, linewidth=0)
    if look.line:
        _add_rectangle(figure, place, fill=False, edgecolor=look.line, **stroke)


def dashed(look: Look) -> Literal["solid"] | tuple[float, tuple[float, ...]]:
    """The line style of a look. Matplotlib counts dashes in widths of the line; a look, in points."""
    if not look.dashes or not look.width:
        return "solid"
    return 0.0, tuple(dash / look.width for dash in look.dashes)


def facts(scene: Scene) -> str:
    """Date, round, profile and scale of trust: the line under every title."""
    imprint, lang = scene.imprint, scene.lang
    return (
        f"{imprint.date}  ·  {words.text('round', lang)} {imprint.number}  ·  "
        + words.with_label(
            words.text("profile", lang), words.profile_name(imprint.profile, lang), lang
        )
    )


def foot(figure: Figure, scene: Scene, *, size: float, margin: float) -> float:
    """Sources, the warning and the disclaimer at the bottom of a sheet; say where it begins."""
    wide, high = size_mm(figure)
    imprint, lang = scene.imprint, scene.lang
    width = wide - 2 * margin
    blocks: list[tuple[list[str], Face, str]] = []
    if imprint.indicative:
        warning = lines(words.text("indicative", lang), width, size=size, face="bold")
        blocks.append((warning, "bold", "#8a3b00"))
    disclaimer = words.disclaimer(imprint.disclaimer, lang)
    blocks.append((lines(disclaimer, width, size=size), "plain", SOFT))
    if imprint.sources:
        cited = words.in_clauses(words.sources(imprint, lang), lang)
        text = words.with_label(words.text("sources", lang), cited, lang)
        blocks.append((lines(text, width, size=size, most=3), "plain", SOFT))
    step = size * LEADING * MM_PER_POINT
    top = high - margin - step * sum(len(block) for block, _, _ in blocks)
    begin = top - step / 2
    rule(figure, margin, begin, width)
    for block, face, colour in blocks:
        for line in block:
            put(figure, margin, top, line, size=size, face=face, colour=colour)
            top += step
    return begin


def table(
    figure: Figure,
    left: float,
    top: float,
    rows: Sequence[Sequence[tuple[object, Face]]],
    widths: Sequence[float],
    *,
    size: float,
    limit: float,
    most: int = 2,
) -> tuple[int, float]:
    """Rows of cells in columns, ruled; say how many found room above `limit`, and where they end."""
    step = size * LEADING * MM_PER_POINT
    for number, row in enumerate(rows):
        cells = [
            lines(value, width - 2, size=size, face=face, most=most)
            for (value, face), width in zip(row, widths, strict=True)
        ]
        deepest = max(len(cell) for cell in cells) * step
        if top + deepest > limit:
            return number, top
        at = left
        for cell, (_, face), width in zip(cells, row, widths, strict=True):
            for place, line in enumerate(cell):
                put(figure, at, top + place * step, line, size=size, face=face)
            at += width
        top += deepest + step * 0.35
        rule(figure, left, top - step * 0.12, sum(widths) - 2, colour="#e4e9ec")
    return len(rows), top


Draw = Callable[[Scene, str], Figure]
"""What draws a sheet about one unit or section of a scene."""

SCREEN_DPI: Final = 152.4
"""A sheet of 320 × 180 mm then has 1920 × 1080 pixels."""

_TYPE: Final[Any] = {"path.simplify": False, "text.hinting": "none"}


def write_figure(path: str | Path, figure: Figure) -> None:
    """Write a figure as ``….pdf`` or ``….png``, by the ending.

    Raises
    ------
    InputError
        Another ending.
    """
    if (target := Path(path)).suffix.lower() == ".pdf":
        write_pages(target, [figure])
    elif target.suffix.lower() == ".png":
        target.write_bytes(png(figure))
    else:
        raise InputError(f"A figure is written as .pdf or .png; '{target.name}' ends otherwise.")


def write_pages(
    path: str | Path, pages: Iterable[Figure | Page], forms: Mapping[str, Page] | None = None
) -> None:
    """Write figures as the pages of one PDF; those that are drawn already are only bound.

    `forms` is what kept pages call by name and do not bring.
    """
    # what the pages have in common is drawn with the first of them
    shared = dict(forms or {})

    def drawn() -> Iterator[Page]:
        for page in pages:
            one = page if isinstance(page, Page) else drawn_page(page, shared)
            shared.update(one.forms)
            yield one

    Path(path).write_bytes(bound(drawn(), shared))


def kept_page(
    content: Sequence[bytes], draw: Callable[[], Figure], forms: Mapping[str, Page] | None = None
) -> Page:
    """A page, or the one that was drawn of the same `content` before; without any, drawn anew.

    `forms` is what it calls by name and does not bring: see :func:`write_pages`.
    """

    def drawn() -> Sequence[bytes]:
        return page_as_bytes(drawn_page(draw(), forms))

    return page_of_bytes(piece("page", content, drawn) if content else drawn())


def png(figure: Figure, *, dpi: float = SCREEN_DPI) -> bytes:
    """A figure as the bytes of a PNG, without transparency: no sheet of ours has any."""
    wide, high = _size_in_dots(figure, dpi)
    dots = _drawn(figure, dpi, _screen(wide, high, dpi, get_ident()))
    # Pillow leaves the fourth channel out in half the time of a view of three in four
    colours = np.asarray(Image.fromarray(dots).convert("RGB")).reshape(high, 3 * wide)
    # Each row as what differs from the row above it (PNG's filter 2). Pillow tries all five filters on
    # each row, which takes twice the time to save one byte in twenty.
    rows = np.full((high, 1 + 3 * wide), 2, dtype=np.uint8)
    rows[0, 1:] = colours[0]
    np.subtract(colours[1:], colours[:-1], out=rows[1:, 1:])
    dots_per_m = round(dpi * 1000 / _INCH)
    blocks = (
        # eight bits of three colours, not interlaced
        (b"IHDR", struct.pack(">2I5B", wide, high, 8, 2, 0, 0, 0)),
        (b"pHYs", struct.pack(">2IB", dots_per_m, dots_per_m, 1)),
        (b"IDAT", zlib.compress(rows.data, 1)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in blocks
    )


# The names on a figure hold what they were drawn on, and a figure is a circle: with dots of their own,
# slides would hold 8 MB each until somebody looks for them.
@lru_cache(maxsize=2)
def _screen(wide: int, high: int, dpi: float, thread: int) -> Any:
    """The dots that the sheets of one size are drawn on, one after another; a thread has its own."""
    return _Dots(wide, high, dpi)


def _size_in_dots(figure: Figure, dpi: float) -> tuple[int, int]:
    """How many dots wide and high a sheet is."""
    figure.set_dpi(dpi)
    wide, high = figure.canvas.get_width_height(physical=True)
    return wide, high


def _drawn(figure: Figure, dpi: float, renderer: Any) -> npt.NDArray[np.uint8]:
    """A figure drawn as dots of RGBA, rows from the top, on whatever dots are there."""
    renderer.clear()
    with mpl.rc_context(_TYPE):
        figure.set_dpi(dpi)
        figure.draw(renderer)
    return np.asarray(renderer.buffer_rgba())
