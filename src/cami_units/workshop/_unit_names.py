"""What people write in front of, behind and instead of a unit's name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from cami_units.model import clean_name

_X: Final = r"(?:[\[(]\s*[XxХх×✗✘❌✕✖]\s*[\])]|[XxХх×✗✘❌✕✖]{1,3})"
_REJECTED: Final = re.compile(
    rf"{_X}(?:\s*[-–—:.,_]\s+|\s*[–—:.,_]\s*|\s+[-–—]\s*|\s+|(?=\s*[-_]?\s*[CcСс][UuУу]\W?\d)[\s\-_]*|$)"
)
"""A Latin or a Cyrillic X, or a cross, in front: whoever types on a Russian keyboard means the same.
A hyphen with a letter behind it ("X-ray") is part of a name, unless the letters are those of an id.
"""
_ID: Final = re.compile(r"[CС]U[\s\-‐‑–—_.]*0*(\d{1,5})([a-z]{0,3})(?![^\W_])", re.IGNORECASE)
_PART: Final = re.compile(r"\s*\((?:part|часть)\s+\d+\)\s*$", re.IGNORECASE)
_UNTITLED: Final = re.compile(
    r"(?:untitled|unnamed|new|без\s+названия|без\s+имени|новый|новая|未命名)?\s*"
    r"(?:polygon|path|placemark|shape|line|feature|многоугольник|полигон|путь|линия|метка|"
    r"объект|多边形|路径|地标)?(?:\s+без\s+названия)?\s*\(?\d*\)?",
    re.IGNORECASE,
)
_CYRILLIC: Final = re.compile(r"[\u0400-\u04ff]")


def rejects(name: str, *, own_names: Iterable[str] = ()) -> bool:
    """Whether a name begins with the X that rejects a unit.

    Parameters
    ----------
    name : str
        As somebody typed it.
    own_names : iterable of str
        Names that the unit has anyway: one of them that begins with an X rejects nothing.

    Examples
    --------
    >>> rejects("X CU-012 Wakhan"), rejects("х-CU-012"), rejects("Xinjiang steppe")
    (True, True, False)
    >>> rejects("X Valley", own_names=["X Valley"]), rejects("X-ray ridge"), rejects("X Wakhan")
    (False, False, True)
    """
    typed_name = clean_name(name)
    if typed_name.casefold() in {
        clean_name(own_name).casefold() for own_name in own_names if own_name
    }:
        return False
    if _REJECTED.match(typed_name):
        return True
    glued = re.match(rf"{_X}-", typed_name)
    behind = typed_name[glued.end() :].casefold() if glued else ""
    return bool(behind) and behind in {
        clean_name(own_name).casefold() for own_name in own_names if own_name
    }


def spoken_id(name: str) -> str:
    """The unit id at the front of a name, as ids are written, or an empty string.

    Examples
    --------
    >>> spoken_id("X cu 12 Wakhan"), spoken_id("CU-012a"), spoken_id("CUT-12"), spoken_id("Wakhan")
    ('CU-012', 'CU-012a', '', '')
    """
    match = _ID.match(_unmarked(name))
    return f"CU-{int(match[1]):03d}{match[2].lower()}" if match else ""


def bare_name(name: str) -> str:
    """A name without the X, the id in front and the part behind; empty for "Untitled Polygon".

    Examples
    --------
    >>> bare_name("X CU-012 Wakhan (part 2)"), bare_name("Untitled Polygon"), bare_name("CU-3")
    ('Wakhan', '', '')
    """
    text = _unmarked(name)
    match = _ID.match(text)
    text = text[match.end() :].lstrip(" -–—:.,_") if match else text
    text = _PART.sub("", text)
    return "" if _UNTITLED.fullmatch(text) else text


def is_cyrillic(name: str) -> bool:
    """Whether a name is written in Cyrillic, so that it is the Russian one."""
    return _CYRILLIC.search(name) is not None


def _unmarked(name: str) -> str:
    text = clean_name(name)
    match = _REJECTED.match(text)
    return text[match.end() :] if match else text
