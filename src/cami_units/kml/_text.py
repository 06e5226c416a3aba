"""Strings from outside, made harmless: once on the way in, once more on the way out."""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from typing import Any
from xml.sax.saxutils import escape

import nh3
import pandas as pd

_UNSEEN = re.compile(
    "[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Soft hyphens, zero-width spaces, direction overrides, tags: they hide or reorder what is read.

The joiners U+200C and U+200D stay: Persian, Hindi and Nepali names are misspelt without them.
"""
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef]")
"""What XML 1.0 forbids or discourages: control characters, lone surrogates, non-characters."""
_LINE_ENDS = re.compile("\r\n?|[\x85\u2028\u2029]")
_BEGINS_MARKUP = re.compile(r"<(?=[A-Za-z/!?])")
_BREAKS = re.compile(r"<\s*(?:br|/p|/div|/tr|/li|/h[1-6])\b[^>]*>\n?", re.IGNORECASE)
_NOT_NCNAME = re.compile(r"[^0-9A-Za-z_.\-]")
NCNAME = re.compile(r"[A-Za-z_][0-9A-Za-z_.\-]*\Z|(?!\d)[^\W]([\w.\-\u00b7]*)\Z")


def clean_text(value: Any) -> str:
    r"""A value as text of any number of lines: composed (NFC), without characters that hide or harm.

    Parameters
    ----------
    value : object
        Anything; ``None``, ``NaN`` and ``NA`` become an empty string.

    Returns
    -------
    str
        Line ends are ``\n``; control characters, lone surrogates, non-characters, direction
        overrides and zero-width spaces are gone.

    Examples
    --------
    >>> clean_text("Altai\x0b\r\nСайгак"), clean_text(None)
    ('Altai\nСайгак', '')
    """
    if value is None or (
        not isinstance(value, str) and pd.api.types.is_scalar(value) and pd.isna(value)
    ):
        return ""
    text = _LINE_ENDS.sub("\n", str(value)).replace("\t", " ")
    text = _UNSEEN.sub("", _FORBIDDEN.sub("", text))
    text = "".join(c for c in text if ord(c) & 0xFFFE != 0xFFFE) if not text.isascii() else text
    return unicodedata.normalize("NFC", text).strip()


def clean_name(value: Any) -> str:
    r"""A value as one line: as :func:`clean_text`, with every run of white space as one space.

    Examples
    --------
    >>> clean_name("  Tian\n Shan ")
    'Tian Shan'
    """
    return " ".join(clean_text(value).split())


def plain_text(markup: Any) -> str:
    """The words of a description: no tags, no scripts, entities as characters.

    Google Earth keeps descriptions as HTML. Whoever shows the result escapes it again.

    Examples
    --------
    >>> plain_text("<b>Agreed</b><br>5 &lt; 6<script>alert(1)</script>")
    'Agreed\\n5 < 6'
    """
    text = clean_text(markup)
    if "<" not in text and "&" not in text:
        return text
    bare = nh3.clean(_BREAKS.sub("\n", text), tags=set(), clean_content_tags={"script", "style"})
    return clean_text(unescape(bare))


def shown(value: Any) -> str:
    """A value that a balloon may show: clean, and nothing in it can begin a tag.

    Earth puts names and data into a balloon as HTML. A ``<`` that could begin a tag becomes ``‹``;
    "P < 30 %" stays as it is.

    Examples
    --------
    >>> shown("<img src=x> P < 30 %")
    '‹img src=x> P < 30 %'
    """
    return _BEGINS_MARKUP.sub("‹", clean_text(value))


def shown_name(value: Any) -> str:
    """As :func:`shown`, on one line: for names."""
    return " ".join(shown(value).split())


def xml_text(text: str) -> str:
    """Clean text escaped for XML: what alone may be handed to simplekml, which escapes little."""
    return escape(text)


def ncname(*parts: str) -> str:
    """An XML id from a few words, in ASCII: ``ncname("CU-007", "1")`` is ``CU-007.1``."""
    text = _NOT_NCNAME.sub("_", ".".join(part for part in parts if part))
    return text if text[:1].isalpha() or text[:1] == "_" else f"_{text}"
