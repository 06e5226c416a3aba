"""A legend alone, on a card for a corner of the globe.

Each KMZ has one. It is drawn by Pillow: to fetch the axes and artists of matplotlib for a dozen signs
took longer than to write all the rest of most files.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from itertools import pairwise
from typing import Final

from PIL import Image, ImageColor, ImageDraw, ImageFont

from cami_units.figures._typesetting import (
    LEADING,
    MM_PER_POINT,
    Face,
    drawable,
    font_file,
    lines,
    width_mm,
)
from cami_units.palette import CASING, Look

Entry = tuple[Look, str, bool]
"""A look, the words beside it, and whether its sign is a line."""

_SIZE: Final = 8.0
_MARGIN: Final = 4.0
_HEAD: Final = 10.5
"""Type in points; the rim of the card and the room of its title in mm."""
_STEP: Final = _SIZE * LEADING * MM_PER_POINT
"""From line to line, mm."""
_SIGN: Final = (9 * _SIZE / 7, 4 * _SIZE / 7)
"""Width and height of a sign, mm: they grow with the type."""
_GAP: Final = 2.5
_NEXT: Final = 1.6 * _SIZE / 7
_GROUND: Final = "#262d31"
_CASING: Final = 1.6
"""White on both sides of a line together, points."""
_FINE: Final = 4
"""Drawn so many times larger and made smaller: edges and letters come out smooth."""


def legend_card(title: str, rows: Sequence[Entry], *, dpi: float = 96.0) -> bytes:
    """The bytes of a PNG: a title and signs with their words, on a dark card as large as they need.

    Parameters
    ----------
    title : str
        What stands above the signs.
    rows : sequence of (Look, str, bool)
        A look, the words beside it, and whether its sign is a line.
    dpi : float
        Pixels of the picture to an inch of 25.4 mm. Google Earth Pro shows it dot by dot.
    """
    beside = _SIGN[0] + _GAP
    widest = max([width_mm(label, _SIZE) + beside for _, label, _ in rows] + [40.0])
    width = min(widest, 100.0) + 3
    lines_of = [lines(label, width - beside - 2, size=_SIZE, most=2) for _, label, _ in rows]
    depths = [max(_SIGN[1], _STEP * len(label)) + _NEXT for label in lines_of]
    scale = dpi / 25.4 * _FINE
    wide, high = width + 2 * _MARGIN, _HEAD + sum(depths) + _MARGIN - 1
    pixels = (round(wide * dpi / 25.4) * _FINE, round(high * dpi / 25.4) * _FINE)
    card = Image.new("RGB", pixels, _GROUND)
    draw = ImageDraw.Draw(card, "RGBA")
    _write(draw, title, _MARGIN, _MARGIN - 0.3, scale, size=_SIZE * 1.15, face="bold")
    top = _HEAD
    for (look, _, is_line), label, depth in zip(rows, lines_of, depths, strict=True):
        _draw_sign(draw, look, _MARGIN, top, scale, is_line=is_line)
        first = top + (_SIGN[1] - _SIZE * MM_PER_POINT) / 2 - 0.2
        for number, line in enumerate(label):
            _write(draw, line, _MARGIN + beside, first + number * _STEP, scale, size=_SIZE)
        top += depth
    out = BytesIO()
    card.reduce(_FINE).save(out, "png", dpi=(dpi, dpi))
    return out.getvalue()


def _write(
    draw: ImageDraw.ImageDraw,
    line: str,
    left: float,
    top: float,
    scale: float,
    *,
    size: float,
    face: Face = "plain",
) -> None:
    """One line in white, its letters hanging from `top`, at places in mm."""
    letters = size * MM_PER_POINT * scale
    drawn_font = _font(str(font_file(face, line)), letters)
    place = (left * scale, top * scale + letters)
    draw.text(place, drawable(line, face), font=drawn_font, fill="white", anchor="ls")


_font = lru_cache(maxsize=16)(ImageFont.truetype)
"""A font of some size: a dozen lines of a legend are set in two."""


def _draw_sign(
    draw: ImageDraw.ImageDraw, look: Look, left: float, top: float, scale: float, *, is_line: bool
) -> None:
    """A patch or a line as a look says, at a place in mm."""
    x, y = left * scale, top * scale
    east, south = x + _SIGN[0] * scale, y + _SIGN[1] * scale
    # widths and dashes of a look are points
    point = MM_PER_POINT * scale * _SIZE / 7
    if is_line:
        ends = [(x, (y + south) / 2), (east, (y + south) / 2)]
        # what is dark on imagery cannot be told from the card
        _draw_line(draw, ends, Look(CASING, look.width + _CASING), point)
        _draw_line(draw, ends, look, point)
        return
    if look.fill:
        opacity = round(255 * look.opacity)
        draw.rectangle((x, y, east, south), fill=(*ImageColor.getrgb(look.fill)[:3], opacity))
    if look.line:
        _draw_line(draw, [(x, y), (east, y), (east, south), (x, south), (x, y)], look, point)


def _draw_line(
    draw: ImageDraw.ImageDraw, corners: Sequence[tuple[float, float]], look: Look, point: float
) -> None:
    """A line along corners, in the dashes of a look."""
    width = max(1, round(look.width * point))
    dashes = [dash * point for dash in look.dashes] or [float("inf")]
    place, left = 0, dashes[0]
    for (x, y), (to_x, to_y) in pairwise(corners):
        length = abs(to_x - x) + abs(to_y - y)  # all run along an axis
        across, down = (to_x - x) / length, (to_y - y) / length
        begin = 0.0
        while begin < length:
            end = min(length, begin + left)
            if place % 2 == 0:
                ends = [(x + across * at, y + down * at) for at in (begin, end)]
                draw.line(ends, fill=look.line, width=width)
            # a dash that the corner cuts goes on behind it
            left -= end - begin
            if end < length:
                place += 1
                left = dashes[place % len(dashes)]
            begin = end
