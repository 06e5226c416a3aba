"""A small map as a picture, for documents that take no shapes."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
import shapely
import shapely.ops
from PIL import Image, ImageChops, ImageDraw, ImageFont

from cami_units import palette, words
from cami_units.documents.unit_drawing import (
    LABEL_SIZES,
    LINES,
    Drawing,
    Ink,
    KeptDrawing,
    Ring,
    ink,
    signs,
)
from cami_units.drawn_pieces import piece
from cami_units.model import data_dir

_DOTS: Final = 2
"""Dots of the picture for a pixel of the drawing: 1,600 across 16 cm of paper are 250 to an inch."""

_DASH: Final = (9.0, 6.0)
_KEY_LINE: Final = 22
_KEY_COLUMNS: Final = 3


def map_picture(drawing: KeptDrawing, lang: str) -> bytes:
    """A map as a PNG, with its labels, the bar of its scale and its legend below."""
    content = [drawing.stamp, lang.encode()]
    [picture] = piece("map picture", content, lambda: [_painted(drawing.opened(), lang)])
    return picture


def _painted(drawing: Drawing, lang: str) -> bytes:
    """The picture of a map, painted anew."""
    # rounded up: a row that is not full is a row
    rows = -(-len(signs(drawing)) // _KEY_COLUMNS)
    size = (round(drawing.width), round(drawing.height) + 8 + rows * _KEY_LINE)
    sheet = Image.new("RGB", (size[0] * _DOTS, size[1] * _DOTS), "white")
    ground_size = (size[0] * _DOTS, round(drawing.height) * _DOTS)
    sheet.paste(Image.new("RGB", ground_size, palette.WATER), (0, 0))
    for shape in drawing.shapes:
        _paint_shape(sheet, shape.kind, shape.rings, ink(shape.kind, shape.status))
    # what reaches over the lower edge of the map must not lie under its legend
    sheet.paste("white", (0, ground_size[1], *sheet.size))
    pen = ImageDraw.Draw(sheet)
    for label in drawing.labels:
        _write_on(pen, label.text, label.x, label.y, LABEL_SIZES[label.kind], anchor="ms")
    bar_y = drawing.height - 14
    bar = [(14 * _DOTS, bar_y * _DOTS), ((14 + drawing.bar) * _DOTS, bar_y * _DOTS)]
    pen.line(bar, fill="#333333", width=3 * _DOTS)
    scale_words = f"{words.number(drawing.bar_km, lang)} {words.text('km', lang)}"
    _write_on(pen, scale_words, 14, bar_y - 6, 14, anchor="ls")
    top = (drawing.width - 24) * _DOTS
    pen.line([(top, 44 * _DOTS), (top, 14 * _DOTS)], fill="#333333", width=2 * _DOTS)
    arrow = [(top - 14, 24 * _DOTS), (top, 12 * _DOTS), (top + 14, 24 * _DOTS)]
    pen.line(arrow, fill="#333333", width=2 * _DOTS)
    status = {shape.kind: shape.status for shape in drawing.shapes}
    for place, (kind, word) in enumerate(signs(drawing)):
        x = 6.0 + (place % _KEY_COLUMNS) * drawing.width / _KEY_COLUMNS
        y = drawing.height + 10 + (place // _KEY_COLUMNS) * _KEY_LINE
        box = ((x, y), (x + 26, y), (x + 26, y + 12), (x, y + 12))
        sign: Ring = ((x, y + 6), (x + 26, y + 6)) if kind in LINES else (*box, box[0])
        _paint_shape(sheet, kind, (sign,), ink(kind, status[kind]))
        _write_on(pen, words.text(word, lang), x + 32, y + 12, 13, anchor="ls")
    target = BytesIO()
    # few colours are in it: a palette of them is a fifth of the bytes
    sheet.quantize(128, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(target, "PNG")
    return target.getvalue()


def _paint_shape(sheet: Image.Image, kind: str, rings: Sequence[Ring], look: Ink) -> None:
    """Rings with their fill, holes left out, and their line; dashed where the ink is."""
    dots = [[(x * _DOTS, y * _DOTS) for x, y in ring] for ring in rings]
    if look.fill and kind not in LINES:
        mask = Image.new("1", sheet.size)
        for ring in dots:
            if len(ring) > 2:
                _turn_over(mask, ring)
        if box := mask.getbbox():
            cover = mask.crop(box).convert("L").point(lambda dot: round(dot * look.opacity))
            sheet.paste(f"#{look.fill}", box, cover)
    pen, width = ImageDraw.Draw(sheet), max(1, round(look.width * _DOTS))
    for ring in dots if look.line else ():
        for line in _dashes(ring) if look.dashed else (ring,):
            pen.line(line, fill=f"#{look.line}", width=width, joint="curve")


def _turn_over(mask: Image.Image, ring: Sequence[tuple[float, float]]) -> None:
    """Turn over what lies in a ring: a hole lies in another ring, and is outside again."""
    xs, ys = zip(*ring, strict=True)
    west, north = max(0, int(min(xs))), max(0, int(min(ys)))
    east, south = min(mask.width, int(max(xs)) + 2), min(mask.height, int(max(ys)) + 2)
    if west >= east or north >= south:
        return
    box = (west, north, east, south)
    face = Image.new("1", (east - west, south - north))
    ImageDraw.Draw(face).polygon([(x - west, y - north) for x, y in ring], fill=1)
    mask.paste(ImageChops.logical_xor(mask.crop(box), face), box)


def _dashes(line: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """The dashes of a line."""
    outline = shapely.LineString(line)
    step = sum(_DASH) * _DOTS
    starts = np.arange(0.0, outline.length, step)
    parts = shapely.get_parts(
        [
            shapely.ops.substring(outline, start, min(start + _DASH[0] * _DOTS, outline.length))
            for start in starts
        ]
    )
    return [list(part.coords) for part in parts if part.geom_type == "LineString"]


def _write_on(
    pen: ImageDraw.ImageDraw, said: str, x: float, y: float, size: float, *, anchor: str
) -> None:
    """Words on a map, with a white edge, so that they can be read on anything."""
    place = (x * _DOTS, y * _DOTS)
    font = _font(round(size * _DOTS), any(ord(letter) > 0x2E80 for letter in said))
    pen.text(
        place, said, "#222222", font, anchor=anchor, stroke_width=2 * _DOTS, stroke_fill="white"
    )


@lru_cache(maxsize=64)
def _font(size: int, is_chinese: bool) -> ImageFont.FreeTypeFont:
    """The bold letters of the figures; of Chinese those that travel with the package."""
    if is_chinese:
        return ImageFont.truetype(str(data_dir() / "fonts" / "NotoSansSC-Bold.ttf"), size)
    # found and not imported: that would take half a second for one font
    place = importlib.util.find_spec("matplotlib")
    folder = Path(str(place and place.origin)).parent / "mpl-data" / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / "DejaVuSans-Bold.ttf"), size)
