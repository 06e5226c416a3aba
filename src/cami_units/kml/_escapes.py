"""Strings from outside, made harmless: once on the way in, once more on the way out."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from xml.sax.saxutils import escape

import nh3

from cami_units.model import clean_name as clean_name
from cami_units.model import clean_text as clean_text

_BEGINS_MARKUP = re.compile(r"<(?=[A-Za-z/!?])")
_BREAKS = re.compile(r"<\s*(?:br|/p|/div|/tr|/li|/h[1-6])\b[^>]*>\n?", re.IGNORECASE)
_NOT_NCNAME = re.compile(r"[^0-9A-Za-z_.\-]")
NCNAME = re.compile(r"[A-Za-z_][0-9A-Za-z_.\-]*\Z|(?!\d)[^\W]([\w.\-\u00b7]*)\Z")


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
