"""Sheets as PDF: a page is drawn into operators, and pages are bound into one document.

matplotlib's own writer sets each line of text anew, cuts each font anew for every file, and knows no
page apart from its document. A page here is a value that can be kept and bound again: it names glyphs
by their numbers in the whole font, pictures by their content, and what many pages share by a word.
The format is ISO 32000-1 (PDF 1.7): operators in annex A, fonts in 9.7, pictures in 8.9.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.ft2font import FT2Font, Kerning, LoadFlags
from matplotlib.path import Path as Outline
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Affine2D

from cami_units.drawn_pieces import piece
from cami_units.figures._typesetting import own_fonts

_POINTS: Final = 72
"""matplotlib's dots to an inch at which a dot is a point of PDF."""
_LEVEL: Final = 4
"""How hard streams are packed: at 6 they are one part in twenty smaller, for three times the time."""


@dataclass(frozen=True, slots=True)
class Page:
    """A drawn page: its size in points, its operators, and what of a document they call by name."""

    size: tuple[float, float]
    content: bytes
    """Operators, deflated."""
    letters: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    """By the path of a font, the numbers of the glyphs that are used, with what each stands for."""
    opacities: tuple[float, ...] = ()
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    """By name, as :func:`_picture` packs them."""
    forms: Mapping[str, Page] = field(default_factory=dict)
    """What is drawn once for many pages, by a word; left out of what is kept of a page."""


def page_as_bytes(page: Page) -> list[bytes]:
    """A page without its forms as bytes, to be kept."""
    # fonts by their names alone: what is kept may be opened on another machine
    letters = {
        Path(path).name: sorted(used_letters.items()) for path, used_letters in page.letters.items()
    }
    about = {
        "size": page.size,
        "letters": letters,
        "opacities": page.opacities,
        "pictures": list(page.pictures),
    }
    return [json.dumps(about).encode(), page.content, *page.pictures.values()]


def page_of_bytes(parts: Sequence[bytes]) -> Page:
    """A page as :func:`page_as_bytes` has kept it."""
    about = json.loads(parts[0])
    wide, high = about["size"]
    letters = {
        str(own_fonts()[name]): dict(map(tuple, used_letters))
        for name, used_letters in about["letters"].items()
    }
    pictures = dict(zip(about["pictures"], parts[2:], strict=True))
    return Page((wide, high), parts[1], letters, tuple(about["opacities"]), pictures)


def drawn_page(figure: Figure, forms: Mapping[str, Page] | None = None) -> Page:
    """Draw a figure as a page; the `forms` that are there already are not drawn again."""
    wide, high = (float(side) * _POINTS for side in figure.get_size_inches())
    figure.set_dpi(_POINTS)
    renderer = PdfRenderer(wide, high, dict(forms or {}))
    figure.draw(renderer)
    return renderer.page()


# -- one page --------------------------------------------------------------------------------------

_CAPS: Final = {"butt": 0, "round": 1, "projecting": 2}
_JOINS: Final = {"miter": 0, "round": 1, "bevel": 2}
_SEGMENT: Final = {
    int(Outline.MOVETO): "%.2f %.2f m\n",
    int(Outline.LINETO): "%.2f %.2f l\n",
    # a curve has three places; its operator stands after the last of them
    int(Outline.CURVE4): "%.2f %.2f ",
    int(Outline.CLOSEPOLY): "h\n",
}


class PdfRenderer(RendererBase):
    """What matplotlib's artists draw on: operators of one page, in points from the lower left."""

    def __init__(self, width: float, height: float, forms: dict[str, Page]) -> None:
        super().__init__()
        self._size = (width, height)
        self._forms = forms
        self._called: set[str] = set()
        self._operators: list[str] = []
        self._letters: dict[str, dict[int, str]] = {}
        self._opacities: set[float] = set()
        self._pictures: dict[str, bytes] = {}
        self._clip: tuple[float, ...] | None = None
        self._state: dict[str, str] = {}
        self.halo: tuple[float, str] | None = None
        """Width in points and colour of what surrounds the letters that are drawn now."""

    def page(self) -> Page:
        """What was drawn so far."""
        self._restore()
        return Page(
            self._size,
            zlib.compress("".join(self._operators).encode("ascii"), _LEVEL),
            self._letters,
            tuple(sorted(self._opacities)),
            self._pictures,
            {name: self._forms[name] for name in sorted(self._called)},
        )

    # matplotlib asks these of whatever it draws on

    def get_canvas_width_height(self) -> tuple[float, float]:
        """The size of the page."""
        return self._size

    def flipy(self) -> bool:
        """Lines of text are counted from the bottom, like everything of a PDF."""
        return False

    def option_image_nocomposite(self) -> bool:
        """Pictures stay apart: each keeps its place among the lines."""
        return True

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: Any
    ) -> tuple[float, float, float]:
        """The box of a line: as wide as it is drawn, as high as an l and as deep as a p."""
        size, path = prop.get_size_in_points(), _found(prop)
        high, deep = _height(path)
        return _line(path, s).width * size, high * size, deep * size

    def draw_path(  # what the renderers of matplotlib call their arguments
        self,
        gc: Any,
        path: Outline,
        transform: Any,
        rgbFace: Any = None,  # noqa: N803
    ) -> None:
        """Fill and stroke an outline."""
        forced = gc.get_alpha() if gc.get_forced_alpha() else None
        stroke = gc.get_rgb()
        ink = forced if forced is not None else stroke[3] if len(stroke) > 3 else 1.0
        is_filled = rgbFace is not None and (len(rgbFace) < 4 or rgbFace[3] > 0)
        is_stroked = gc.get_linewidth() > 0 and ink > 0
        if not (is_filled or is_stroked):
            return
        self._enter(gc)
        if is_filled:
            paint = forced if forced is not None else rgbFace[3] if len(rgbFace) > 3 else 1.0
            self._set("fill", _colour(rgbFace, "rg"))
            self._opacity("ca", paint)
        if is_stroked:
            self._pen(gc, stroke, ink)
        self._operators.append(_operators(path, transform))
        self._operators.append({(1, 0): "f\n", (0, 1): "S\n", (1, 1): "B\n"}[is_filled, is_stroked])

    def draw_path_collection(
        self, gc: Any, master_transform: Any, paths: Any, *rest: Any, **more: Any
    ) -> None:
        """Draw many outlines: lines that look alike in one stroke."""
        all_transforms, offsets, _, faces, edges, widths, dashes, *_ = rest
        alike = not len(faces) and len(edges) == len(widths) == len(dashes) == 1
        if not alike or len(all_transforms) or np.any(offsets):
            super().draw_path_collection(gc, master_transform, paths, *rest, **more)
            return
        gc.set_foreground(edges[0], isRGBA=True)
        gc.set_linewidth(widths[0])
        gc.set_dashes(*dashes[0])
        self.draw_path(gc, Outline.make_compound_path(*paths), master_transform)

    def draw_image(self, gc: Any, x: float, y: float, im: Any, transform: Any = None) -> None:
        """Lay a picture of RGBA on the page, a point to a pixel."""
        picture = np.asarray(im)[::-1]
        colours = picture[..., :3]
        if (colours == colours[:1, :1]).all():
            colours = colours[:1, :1]
        self._lay(gc, x, y, colours, picture[..., 3])

    def draw_text(
        self,
        gc: Any,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: Any = False,
        mtext: Any = None,
    ) -> None:
        """Write a line from its baseline, as text."""
        path = _found(prop)
        line = _line(path, s)
        if line.glyphs is None:  # a script whose letters join or run from the right
            self._draw_outlines(gc, x, y, s, prop, angle)
            return
        _noted(self._letters.setdefault(path, {}), line.glyphs.items())
        self._enter(gc)
        cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        turned = f"{cos:.5f} {sin:.5f} {-sin:.5f} {cos:.5f} " if angle else "1 0 0 1 "
        shown_text = (
            f"BT /{_font_name(path)} {prop.get_size_in_points():.2f} Tf "
            f"{turned}{x:.2f} {y:.2f} Tm {line.shown} TJ ET\n"
        )
        if self.halo is not None:
            width, colour = self.halo
            self._set("stroke", _colour(colour, "RG"))
            self._set("width", f"{width:.2f} w\n")
            self._set("dashes", "[] 0 d\n")
            self._set("join", "1 j\n")
            self._opacity("CA", HALO_OPACITY)
            self._operators.append(f"1 Tr\n{shown_text}0 Tr\n")
        forced = gc.get_alpha() if gc.get_forced_alpha() else None
        self._set("fill", _colour(gc.get_rgb(), "rg"))
        self._opacity("ca", 1.0 if forced is None else forced)
        self._operators.append(shown_text)

    def _draw_outlines(
        self, gc: Any, x: float, y: float, text: str, prop: FontProperties, angle: float
    ) -> None:
        """Draw a line of text as the outlines of its letters, joined as matplotlib joins them."""
        vertices, codes = text_to_path.get_text_path(prop, text)
        letters = Outline(np.asarray(vertices), np.asarray(codes))
        scale = prop.get_size_in_points() / text_to_path.FONT_SCALE
        transform = Affine2D().scale(scale).rotate_deg(angle).translate(x, y)
        pen = self.new_gc()
        pen.copy_properties(gc)
        if self.halo is not None:
            width, colour = self.halo
            pen.set_linewidth(width)
            pen.set_joinstyle("round")
            pen.set_foreground(colour)
            pen.set_alpha(HALO_OPACITY)
            self.draw_path(pen, letters, transform)
            pen.copy_properties(gc)
        pen.set_linewidth(0.0)
        self.draw_path(pen, letters, transform, gc.get_rgb())

    # and these our own artists

    def draw_form(self, name: str, left: float, low: float, draw: Callable[[], Figure]) -> None:
        """Lay a small sheet on the page that other pages of the document have, too."""
        if name not in self._forms:
            self._forms[name] = drawn_page(draw())
        self._called.add(name)
        self._restore()
        self._operators.append(f"q 1 0 0 1 {left:.2f} {low:.2f} cm /{name} Do Q\n")

    def draw_veil(self, gc: Any, x: float, y: float, opacities: npt.NDArray[np.uint8]) -> None:
        """Lay black on the page that hides as much of each pixel, rows from the top."""
        self._lay(gc, x, y, np.zeros((1, 1, 3), dtype=np.uint8), opacities)

    def _lay(
        self,
        gc: Any,
        x: float,
        y: float,
        colours: npt.NDArray[np.uint8],
        opacities: npt.NDArray[np.uint8],
    ) -> None:
        """Lay a picture on the page, a point to a pixel of its opacities."""
        self._enter(gc)
        self._opacity("ca", 1.0)
        body = _picture(colours, opacities)
        name = f"P{hashlib.sha256(body).hexdigest()[:16]}"
        self._pictures[name] = body
        high, wide = opacities.shape
        self._operators.append(f"q {wide} 0 0 {high} {x:.2f} {y:.2f} cm /{name} Do Q\n")

    def _enter(self, gc: Any) -> None:
        """Cut what follows to the ground that a thing is drawn on."""
        frame = gc.get_clip_rectangle()
        clip = None if frame is None else tuple(float(edge) for edge in frame.bounds)
        outline, transform = gc.get_clip_path()
        if outline is not None:  # axes are rectangles, and nothing else of ours is cut
            ends = transform.transform(outline.vertices)
            low, high = ends.min(axis=0), ends.max(axis=0)
            clip = (*map(float, low), *map(float, high - low))
        if clip != self._clip:
            self._restore()
            if clip is not None:
                self._operators.append("q {:.2f} {:.2f} {:.2f} {:.2f} re W n\n".format(*clip))
            self._clip = clip

    def _restore(self) -> None:
        """Take back the cut; colours and pens go with it."""
        if self._clip is not None:
            self._operators.append("Q\n")
            self._state.clear()
            self._clip = None

    def _pen(self, gc: Any, stroke: Any, ink: float) -> None:
        """The line of a stroke."""
        self._set("stroke", _colour(stroke, "RG"))
        self._opacity("CA", ink)
        self._set("width", f"{gc.get_linewidth():.2f} w\n")
        offset, dashes = gc.get_dashes()
        runs = " ".join(f"{dash:.2f}" for dash in ([] if dashes is None else dashes))
        self._set("dashes", f"[{runs}] {offset or 0:.2f} d\n")
        self._set("join", f"{_JOINS[str(gc.get_joinstyle())]} j\n")
        self._set("cap", f"{_CAPS[str(gc.get_capstyle())]} J\n")

    def _opacity(self, kind: str, value: float) -> None:
        """How much of what lies below is hidden, by strokes (CA) or fills (ca)."""
        rounded = round(float(value), 3)
        self._opacities.add(rounded)
        self._set(kind, f"/{_opacity_name(kind, rounded)} gs\n")

    def _set(self, what: str, operator: str) -> None:
        """Say what is not said yet."""
        if self._state.get(what) != operator:
            self._state[what] = operator
            self._operators.append(operator)


HALO_OPACITY: Final = 0.85
"""How much of the map the white around a name hides: it is guessed below, and does not compete."""


def _opacity_name(kind: str, value: float) -> str:
    return f"{kind}{round(value * 1000)}"


@lru_cache(maxsize=256)
def _known_colour(colour: Any) -> str:
    return " ".join(f"{share:.3f}" for share in to_rgb(colour))


def _colour(colour: Any, operator: str) -> str:
    """A colour for fills (rg) or strokes (RG)."""
    key = colour if isinstance(colour, str) else tuple(map(float, colour[:3]))
    return f"{_known_colour(key)} {operator}\n"


def _operators(path: Outline, transform: Any) -> str:
    """The outline of a path in points, to a hundredth of one."""
    codes: Any = path.codes
    if codes is not None and (codes == Outline.CURVE3).any():
        path = _cubic(path)
        codes = path.codes
    places: npt.NDArray[Any] = transform.transform(path.vertices)
    if codes is None:
        template = _SEGMENT[1] + _SEGMENT[2] * (len(places) - 1)
        return template % tuple(places.ravel().tolist())
    is_place = (codes != Outline.CLOSEPOLY) & (codes != Outline.STOP)
    runs, n_curved = [], 0
    for code in codes.tolist():
        runs.append(_SEGMENT.get(code, ""))
        if code == Outline.CURVE4:
            n_curved += 1
            if n_curved % 3 == 0:
                runs.append("c\n")
    return "".join(runs) % tuple(places[is_place].ravel().tolist())


def _cubic(path: Outline) -> Outline:
    """A path with curves of two places as curves of three: PDF has no others."""
    vertices: list[Any] = []
    codes: list[int] = []
    for places, code in path.iter_segments(curves=True, simplify=False):
        ends = np.reshape(places, (-1, 2))
        if code == Outline.CURVE3:
            middle, end = ends
            ends = np.array([(vertices[-1] + 2 * middle) / 3, (end + 2 * middle) / 3, end])
            code = Outline.CURVE4
        vertices += list(ends)
        codes += [int(code)] * len(ends)
    return Outline(np.array(vertices), codes)


def _picture(colours: npt.NDArray[np.uint8], opacities: npt.NDArray[np.uint8]) -> bytes:
    """A picture packed: sizes, then colours, which may be one pixel for all, and opacities."""
    # A pixel as the difference from the one before it (predictor 2 of TIFF): smooth ground packs
    # into half.
    planes = [np.diff(plane, axis=1, prepend=np.uint8(0)) for plane in (colours, opacities)]
    packed_colours, packed_opacities = map(_runs, planes)
    sizes = (*colours.shape[:2], *opacities.shape, len(packed_colours))
    return struct.pack("<5I", *sizes) + packed_colours + packed_opacities


def _runs(differences: npt.NDArray[np.uint8]) -> bytes:
    """Small differences packed by runs alone: as small as by all of zlib's means, in a sixth of the time."""
    packer = zlib.compressobj(strategy=zlib.Z_RLE)
    return packer.compress(differences.tobytes()) + packer.flush()


# -- lines of text ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    """A line at a size of one: its width, what shows it, and the glyphs that it takes."""

    width: float
    shown: str
    glyphs: Mapping[int, str] | None
    """``None``: its letters change with their neighbours, and it is drawn as outlines."""


# A sheet says most of what the sheet before it said.
@lru_cache(maxsize=20_000)
def _line(path: str, text: str) -> _Line:
    """A line of text with its letters drawn together as the font says."""
    font = _font(path)
    numbers = [font.glyph_of.get(ord(letter), 0) for letter in text]
    gaps = [font.kerning(*pair) for pair in pairwise(numbers)]
    width = sum(map(font.advance, numbers)) + sum(gaps)
    shown_text, run = [], ""
    for number, gap in zip(numbers, [*gaps, 0.0], strict=True):
        run += f"{number:04x}"
        if gap:
            shown_text.append(f"<{run}> {-gap * 1000:.0f}")
            run = ""
    shown_text.append(f"<{run}>")
    is_shaped = any(map(_is_shaped, text))
    glyphs = None if is_shaped else _noted({}, zip(numbers, text, strict=True))
    return _Line(width, f"[{' '.join(shown_text)}]", glyphs)


def _noted(
    known_letters: dict[int, str], used_letters: Iterable[tuple[int, str]]
) -> dict[int, str]:
    """Note what glyphs stand for: of several characters the plainest, which has the lowest code."""
    for number, letter in used_letters:
        known_letters[number] = min(letter, known_letters.get(number, letter))
    return known_letters


def _is_shaped(letter: str) -> bool:
    """Whether a letter is of a script that is set by more than its letters one after another."""
    # Hebrew to Thaana and beyond to the scripts of India and South-East Asia; combining marks
    return 0x300 <= ord(letter) <= 0x36F or 0x590 <= ord(letter) < 0x10A0


@dataclass(frozen=True, slots=True)
class _Font:
    """An open font: which glyph draws a character, and how far it goes."""

    opened: Any
    glyph_of: Mapping[int, int]
    advances: dict[int, float] = field(default_factory=dict)
    pairs: dict[tuple[int, int], float] = field(default_factory=dict)

    def advance(self, number: int) -> float:
        """How far a glyph goes, by the size of the letters."""
        if number not in self.advances:
            glyph = self.opened.load_glyph(number, LoadFlags.NO_SCALE)
            self.advances[number] = glyph.horiAdvance / self.opened.units_per_EM
        return self.advances[number]

    def kerning(self, left: int, right: int) -> float:
        """How much nearer the second of two glyphs stands, mostly less than nothing."""
        if (left, right) not in self.pairs:
            gap = self.opened.get_kerning(left, right, Kerning.UNSCALED)
            self.pairs[left, right] = gap / self.opened.units_per_EM
        return self.pairs[left, right]


@cache
def _font(path: str) -> _Font:
    # before matplotlib 3.11 kerning came divided by this factor, and by 8 unless told otherwise
    whole: Any = {} if mpl.__version_info__ >= (3, 11) else {"hinting_factor": 1}
    opened: Any = FT2Font(path, **whole)
    return _Font(opened, opened.get_charmap())


@cache
def _height(path: str) -> tuple[float, float]:
    """How high an l and how deep a p of a font is, by the size of the letters."""
    opened = FT2Font(path)
    opened.set_size(100, _POINTS)
    opened.set_text("lp", 0.0, flags=LoadFlags.NO_HINTING)
    _, high = opened.get_width_height()
    # in 64ths of a point
    return high / 6400, opened.get_descent() / 6400


def _found(prop: FontProperties) -> str:
    """The file of a font; one that was named and not given is looked for."""
    return str(prop.get_file() or findfont(prop))


# -- a document ------------------------------------------------------------------------------------


class _Objects:
    """The numbered objects of a document, in order."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def add(self, body: str | bytes) -> int:
        """An object; its number."""
        self.bodies.append(body.encode("ascii") if isinstance(body, str) else body)
        return len(self.bodies)

    def stream(self, about: str, content: bytes) -> int:
        """A stream of what is deflated already."""
        head = f"<< {about} /Filter /FlateDecode /Length {len(content)} >>\nstream\n"
        return self.add(head.encode("ascii") + content + b"\nendstream")

    def document(self, root: int, info: int) -> bytes:
        """Header, objects, the table of where each begins."""
        parts, starts = [b"%PDF-1.7\n%\xac\xdc \xab\xba\n"], []
        at = len(parts[0])
        for number, body in enumerate(self.bodies, start=1):
            starts.append(at)
            parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))
            at += len(parts[-1])
        table = "".join(f"{start:010d} 00000 n \n" for start in starts)
        size = len(self.bodies) + 1
        parts.append(
            f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n"
            f"<< /Size {size} /Root {root} 0 R /Info {info} 0 R >>\n"
            f"startxref\n{at}\n%%EOF\n".encode("ascii")
        )
        return b"".join(parts)


def bound(pages: Iterable[Page], forms: Mapping[str, Page] | None = None) -> bytes:
    """Pages as one PDF, in order; `forms` are those that kept pages call and do not bring.

    No date and no version of the program: the same pages, the same bytes.
    """
    objects = _Objects()
    catalog, tree, resources = (objects.add("") for _ in range(3))
    info = objects.add("<< /Creator (cami_units) >>")
    numbers = []
    shared: dict[str, Page] = dict(forms or {})
    pictures: dict[str, int] = {}
    letters: dict[str, dict[int, str]] = {}
    opacities: set[float] = set()

    def notice(page: Page) -> None:
        """Note what a page calls, and lay its pictures down."""
        opacities.update(page.opacities)
        for path, used_letters in page.letters.items():
            _noted(letters.setdefault(path, {}), used_letters.items())
        for name, body in page.pictures.items():
            if name not in pictures:
                pictures[name] = _add_picture(objects, body)

    for page in pages:
        notice(page)
        shared |= page.forms
        wide, high = page.size
        content = objects.stream("", page.content)
        numbers.append(
            objects.add(
                f"<< /Type /Page /Parent {tree} 0 R /MediaBox [ 0 0 {wide:.2f} {high:.2f} ] "
                f"/Resources {resources} 0 R /Contents {content} 0 R "
                "/Group << /S /Transparency /CS /DeviceRGB >> >>"
            )
        )
    called = dict(pictures)
    for name, form in sorted(shared.items()):
        notice(form)
        wide, high = form.size
        about = f"/Type /XObject /Subtype /Form /BBox [ 0 0 {wide:.2f} {high:.2f} ]"
        called[name] = objects.stream(f"{about} /Resources {resources} 0 R", form.content)
    fonts = {
        _font_name(path): _add_font(objects, path, letters[path])
        for path in sorted(letters, key=_font_name)
    }
    states = "".join(
        f"/{_opacity_name(kind, value)} << /{kind} {value:.3f} >> "
        for value in sorted(opacities)
        for kind in ("CA", "ca")
    )
    objects.bodies[resources - 1] = (
        f"<< /Font << {_references(fonts)}>> /XObject << {_references(called | pictures)}>> "
        f"/ExtGState << {states}>> >>"
    ).encode("ascii")
    objects.bodies[catalog - 1] = b"<< /Type /Catalog /Pages %d 0 R >>" % tree
    kids = " ".join(f"{number} 0 R" for number in numbers)
    objects.bodies[tree - 1] = f"<< /Type /Pages /Kids [ {kids} ] /Count {len(numbers)} >>".encode(
        "ascii"
    )
    return objects.document(catalog, info)


def _references(numbers: Mapping[str, int]) -> str:
    return "".join(f"/{name} {number} 0 R " for name, number in numbers.items())


def _add_picture(objects: _Objects, body: bytes) -> int:
    """A picture and its opacities."""
    begin = struct.calcsize("<5I")
    high, wide, mask_high, mask_wide, length = struct.unpack("<5I", body[:begin])
    kind = "/Type /XObject /Subtype /Image /BitsPerComponent 8 /Interpolate true"

    def described(width: int, height: int, colours: int, space: str) -> str:
        unpacked = f"<< /Predictor 2 /Colors {colours} /Columns {width} >>"
        return (
            f"{kind} /Width {width} /Height {height} /ColorSpace /{space} /DecodeParms {unpacked}"
        )

    mask = objects.stream(described(mask_wide, mask_high, 1, "DeviceGray"), body[begin + length :])
    about = f"{described(wide, high, 3, 'DeviceRGB')} /SMask {mask} 0 R"
    return objects.stream(about, body[begin : begin + length])


def _font_name(path: str) -> str:
    """A font in the operators of a page."""
    return Path(path).stem.replace(" ", "")


def _add_font(objects: _Objects, path: str, used_letters: Mapping[int, str]) -> int:
    """A font cut to the alphabets of its used glyphs, which keep their numbers."""
    font = _font(path)
    scale = 1000 / font.opened.units_per_EM
    program, length = _program(path, _with_alphabets(font, used_letters))
    file = objects.stream(f"/Length1 {length}", program)
    tag = hashlib.sha256(program).hexdigest()[:6].translate(_AS_LETTERS)
    name = f"{tag}+{font.opened.postscript_name}"
    box = " ".join(f"{edge * scale:.0f}" for edge in font.opened.bbox)
    rise, fall = (f"{edge * scale:.0f}" for edge in (font.opened.ascender, font.opened.descender))
    # 4: symbolic, for the glyphs are called by their numbers and not by names of a Latin alphabet
    descriptor = objects.add(
        f"<< /Type /FontDescriptor /FontName /{name} /Flags 4 /FontBBox [ {box} ] "
        f"/ItalicAngle 0 /Ascent {rise} /Descent {fall} /CapHeight {rise} /StemV 80 "
        f"/FontFile2 {file} 0 R >>"
    )
    widths = " ".join(
        f"{number} [{font.advance(number) * 1000:.0f}]" for number in sorted(used_letters)
    )
    letters = objects.add(
        f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} /CIDToGIDMap /Identity "
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
        f"/FontDescriptor {descriptor} 0 R /W [ {widths} ] >>"
    )
    meaning = objects.stream("", zlib.compress(_meaning(used_letters).encode("ascii"), _LEVEL))
    return objects.add(
        f"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H "
        f"/DescendantFonts [ {letters} 0 R ] /ToUnicode {meaning} 0 R >>"
    )


_AS_LETTERS: Final = str.maketrans("0123456789abcdef", "ABCDEFGHIJKLMNOP")


def _meaning(used_letters: Mapping[int, str]) -> str:
    """What characters the glyphs stand for, so that text can be searched and copied."""
    rows = [
        f"<{number:04x}> <{text.encode('utf-16-be').hex()}>"
        for number, text in sorted(used_letters.items())
    ]
    # a block may have a hundred
    blocks = [rows[at : at + 100] for at in range(0, len(rows), 100)]
    listed = "".join(
        f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar\n" for block in blocks
    )
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        "/CMapName /used def /CMapType 2 def\n"
        f"1 begincodespacerange <0000> <ffff> endcodespacerange\n{listed}"
        "endcmap CMapName currentdict /CMap defineresource pop end end\n"
    )


# -- fonts -----------------------------------------------------------------------------------------

_EMBEDDED: Final = ("glyf", "head", "hhea", "hmtx", "loca", "maxp", "post")
"""What a reader of a PDF uses: no instructions for screens of the nineties, no tables that place letters."""
_BLOCK: Final = 128
"""Characters of Unicode that are cut together: an alphabet is one or two blocks of as many."""
_FIRST_IDEOGRAPH: Final = 0x2E80
"""From here on blocks are thousands of characters of which a sheet has a few."""


def _with_alphabets(font: _Font, used_letters: Mapping[int, str]) -> frozenset[int]:
    """The used glyphs and all others of their alphabets: documents then share one cut font."""
    blocks = {
        ord(letter) // _BLOCK for letter in used_letters.values() if ord(letter) < _FIRST_IDEOGRAPH
    }
    neighbours = (number for code, number in font.glyph_of.items() if code // _BLOCK in blocks)
    return frozenset({0, *used_letters, *neighbours})


@lru_cache(maxsize=64)
def _program(path: str, wanted_glyphs: frozenset[int]) -> tuple[bytes, int]:
    """A font in which only the wanted glyphs have an outline, deflated; its length before that.

    All glyphs keep their numbers, which are what pages call them by.
    """
    content = Path(path).read_bytes()

    def cut() -> list[bytes]:
        from fontTools import subset
        from fontTools.ttLib import TTFont

        font = TTFont(BytesIO(content), lazy=True, recalcTimestamp=False, recalcBBoxes=False)
        options = subset.Options(
            retain_gids=True,
            hinting=False,
            glyph_names=False,
            layout_features=[],
            drop_tables=[tag for tag in font.keys() if tag not in _EMBEDDED],  # noqa: SIM118
        )
        cutter = subset.Subsetter(options)
        cutter.populate(gids=sorted(wanted_glyphs))
        cutter.subset(font)
        for tag in set(font.keys()) - {"GlyphOrder", *_EMBEDDED}:
            del font[tag]
        program = BytesIO()
        font.save(program)
        return [zlib.compress(program.getvalue(), _LEVEL), str(program.tell()).encode()]

    numbers = ",".join(map(str, sorted(wanted_glyphs)))
    packed_font, length = piece("cut font", [content, numbers.encode()], cut)
    return packed_font, int(length)
