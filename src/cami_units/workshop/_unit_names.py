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


def rejects(name: str, *, own: Iterable[str] = ()) -> bool:
    """Whether a name begins with the X that rejects a unit.

    Parameters
    ----------
    name : str
        As somebody typed it.
    own : iterable of str
        Names that the unit has anyway: one of them that begins with an X rejects nothing.

    Examples
    --------
    >>> rejects("X CU-012 Wakhan"), rejects("х-CU-012"), rejects("Xinjiang steppe")
    (True, True, False)
    >>> rejects("X Valley", own=["X Valley"]), rejects("X-ray ridge"), rejects("X Wakhan")
    (False, False, True)
    """
    said = clean_name(name)
    if said.casefold() in {clean_name(one).casefold() for one in own if one}:
        return False
    if _REJECTED.match(said):
        return True
    glued = re.match(rf"{_X}-", said)
    behind = said[glued.end() :].casefold() if glued else ""
    return bool(behind) and behind in {clean_name(one).casefold() for one in own if one}


def spoken_id(name: str) -> str:
    """The unit id at the front of a name, as ids are written, or an empty string.

    Examples
    --------
    >>> spoken_id("X cu 12 Wakhan"), spoken_id("CU-012a"), spoken_id("CUT-12"), spoken_id("Wakhan")
    ('CU-012', 'CU-012a', '', '')
    """
    found = _ID.match(_unmarked(name))
    return f"CU-{int(found[1]):03d}{found[2].lower()}" if found else ""


def bare_name(name: str) -> str:
    """A name without the X, the id in front and the part behind; empty for "Untitled Polygon".

    Examples
    --------
    >>> bare_name("X CU-012 Wakhan (part 2)"), bare_name("Untitled Polygon"), bare_name("CU-3")
    ('Wakhan', '', '')
    """
    text = _unmarked(name)
    found = _ID.match(text)
    text = text[found.end() :].lstrip(" -–—:.,_") if found else text
    text = _PART.sub("", text)
    return "" if _UNTITLED.fullmatch(text) else text


def is_cyrillic(name: str) -> bool:
    """Whether a name is written in Cyrillic, so that it is the Russian one."""
    return _CYRILLIC.search(name) is not None


def _unmarked(name: str) -> str:
    text = clean_name(name)
    found = _REJECTED.match(text)
    return text[found.end() :] if found else text
