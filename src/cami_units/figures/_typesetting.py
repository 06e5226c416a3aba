"""Type: fonts that travel with matplotlib, characters checked before anything is drawn, line breaks.

DejaVu Sans has Latin, Cyrillic, ✓ and ✗, and comes in matplotlib's wheel; Noto Sans SC, with the
characters of our Chinese phrases, comes in ours: a figure looks the same on every machine. A character
that it lacks is drawn as ``□``; :func:`undrawable` names them.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from fontTools.ttLib import TTFont

from cami_units.model import clean_name, data_dir

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties

Face = Literal["plain", "bold", "italic"]

MM_PER_POINT: Final = 25.4 / 72
LEADING: Final = 1.32
"""From line to line, by the size of the letters."""
MISSING: Final = "□"
_ELLIPSIS: Final = "…"
_FILES: Final[dict[Face, str]] = {
    "plain": "DejaVuSans.ttf",
    "bold": "DejaVuSans-Bold.ttf",
    "italic": "DejaVuSans-Oblique.ttf",
}


_CHINESE: Final[dict[Face, str]] = {
    "plain": "NotoSansSC-Regular.ttf",
    "bold": "NotoSansSC-Bold.ttf",
    "italic": "NotoSansSC-Regular.ttf",  # Chinese has no italics
}


def font(face: Face = "plain", text: str = "", size: float | None = None) -> FontProperties:
    """The font that draws a text: DejaVu Sans; Noto Sans SC for a line with Chinese in it.

    It may be the one that other texts have: nobody changes it.
    """
    return _letters(font_file(face, text), size)


@cache
def _letters(path: Path, size: float | None) -> FontProperties:
    """A font file at a size in points, else at that of matplotlib."""
    # a card for the globe is measured and drawn without a tenth of a second for matplotlib
    from matplotlib.font_manager import FontProperties

    return FontProperties(fname=path, size=size)


def font_file(face: Face = "plain", text: str = "") -> Path:
    """The file of the font that draws a text."""
    return _path(face, _is_chinese(text))


@cache
def own_fonts() -> Mapping[str, Path]:
    """The fonts of all faces by the names of their files: where they lie differs between machines."""
    paths = [_path(face, chinese) for face in _FILES for chinese in (False, True)]
    return {path.name: path for path in paths}


def drawable(value: object, face: Face = "plain", beside: str = "") -> str:
    """A value from a table as one line that this face can draw; ``□`` for what it lacks.

    `beside` is the whole text that the line is part of: all of it is set in one font.

    Examples
    --------
    >>> drawable("Altai Сайгак ✓"), drawable("中")
    ('Altai Сайгак ✓', '中')
    """
    text = clean_name(value)
    drawn_letters = _advances(font_file(face, text + beside)).keys()
    if drawn_letters >= set(text):
        return text
    return "".join(c if c in drawn_letters else MISSING for c in text)


def _is_chinese(text: str) -> bool:
    """Whether a line has a character that Noto Sans SC draws and DejaVu Sans does not."""
    return not text.isascii() and not _han().isdisjoint(text)


@cache
def _han() -> frozenset[str]:
    return frozenset(_advances(_path("plain", True)).keys() - _advances(_path("plain")).keys())


def undrawable(values: Iterable[object]) -> str:
    """The characters of these values that would be drawn as ``□``, each once, in order.

    Examples
    --------
    >>> undrawable(["Өмнөговь", "南"]), undrawable(["Өмнөговь 南"])
    ('', 'Өө')
    """
    return "".join(
        sorted(
            {
                character
                for text in map(clean_name, values)
                for character in set(text) - _advances(font_file("plain", text)).keys()
            }
        )
    )


def width_mm(text: str, size: float, face: Face = "plain") -> float:
    """The width of a line of text of a size in points."""
    return _ems(text, face) * size * MM_PER_POINT


@lru_cache(maxsize=16_384)  # of ten texts that are measured, seven were measured before
def _ems(text: str, face: Face) -> float:
    """The width of a line of text as a share of its size."""
    return width_of(text, font_file(face, text))


def width_of(text: str, path: Path) -> float:
    """The width of a line of text in the font of a file, as a share of its size; not closer by kerning."""
    return sum(map(_advances(path).__getitem__, text))


def lines(
    value: object, width: float, *, size: float, face: Face = "plain", most: int = 99
) -> list[str]:
    """A value broken into lines no wider than `width` mm; past `most` lines it ends with "…".

    Examples
    --------
    >>> lines("one two three", 12, size=10)
    ['one', 'two', 'three']
    >>> lines("ареал 12 345 км²", 24, size=10)
    ['ареал', '12 345 км²']
    """
    return list(_broken(drawable(value, face), width, size, face, most))


_GAP: Final = re.compile(r"(?<!\d) | (?!\d{3}(?!\d)|%|\w+²)")
"""Where a line may end: not within "12 345", and not between a number and its % or km²."""


@lru_cache(maxsize=4096)  # two sheets in three say the same of sources, criteria and the legend
def _broken(text: str, width: float, size: float, face: Face, most: int) -> tuple[str, ...]:
    """A text of one line broken into lines, as :func:`lines` hands them out."""
    broken: list[str] = []
    for word in _GAP.split(text):
        joint = " "
        for piece in _pieces(word, width, size, face):
            longer = f"{broken[-1]}{joint}{piece}" if broken else piece
            if broken and width_mm(longer, size, face) <= width:
                broken[-1] = longer
            else:
                broken.append(piece)
            joint = ""
    if len(broken) <= most:
        return tuple(broken)
    last = broken[most - 1]
    while last and width_mm(last + _ELLIPSIS, size, face) > width:
        last = last[:-1]
    return (*broken[: most - 1], last.rstrip(" ,;.，；。、") + _ELLIPSIS)


def _pieces(word: str, width: float, size: float, face: Face) -> list[str]:
    """A word, cut where Chinese may be cut, and where it must be if no line can hold it."""
    pieces: list[str] = []
    for part in _unbroken(word):
        if width_mm(part, size, face) <= width:
            pieces.append(part)
            continue
        pieces.append("")
        for character in part:
            if pieces[-1] and width_mm(pieces[-1] + character, size, face) > width:
                pieces.append("")
            pieces[-1] += character
    return pieces


_OPENING: Final = "（《「“‘"
_CLOSING: Final = "，。、；：？！）》」”’…%"
_EAST_ASIAN: Final = "\u2e80"
"""From this character on a script has no spaces: a line may end between any two of its characters."""


def _unbroken(word: str) -> list[str]:
    """A word as the parts that stay on one line: no line begins with a comma or ends with a bracket.

    Examples
    --------
    >>> _unbroken("7,038（雪豹，C1）"), _unbroken("Altai")
    (['7,038', '（雪', '豹，', 'C1）'], ['Altai'])
    """
    parts = [word[:1]]
    for before, after in pairwise(word):
        is_east_asian = max(before, after) >= _EAST_ASIAN
        if is_east_asian and before not in _OPENING and after not in _CLOSING:
            parts.append(after)
        else:
            parts[-1] += after
    return parts


@cache
def _path(face: Face, chinese: bool = False) -> Path:
    """The file of a face: of Matplotlib, or of the package for Chinese."""
    if chinese:
        return data_dir() / "fonts" / _CHINESE[face]
    # found and not imported, for the reason above
    matplotlib = importlib.util.find_spec("matplotlib")
    folder = Path(str(matplotlib and matplotlib.origin)).parent / "mpl-data" / "fonts" / "ttf"
    return folder / _FILES[face]


class _Advances(dict[str, float]):
    """How wide every character that a font has is, as a share of the type size."""

    def __missing__(self, character: str) -> float:
        """About as wide as what is drawn in the place of what the font lacks."""
        return 0.6


@cache
def _advances(path: Path) -> _Advances:
    """The characters of a font file."""
    with TTFont(path, lazy=True) as opened:
        units, advance = opened["head"].unitsPerEm, opened["hmtx"].metrics
        characters = opened.getBestCmap().items()
        return _Advances({chr(code): advance[name][0] / units for code, name in characters})
