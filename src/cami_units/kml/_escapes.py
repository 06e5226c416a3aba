"""Strings from outside, made harmless: once on the way in, once more on the way out."""

from __future__ import annotations

import re
from html import unescape
from typing import Any, Final
from xml.sax.saxutils import escape

import nh3

from cami_units.model import clean_name, clean_text

_BEGINS_MARKUP = re.compile(r"<(?=[A-Za-z/!?])")
_BREAKS = re.compile(r"<\s*(?:br|/p|/div|/tr|/li|/h[1-6])\b[^>]*>\n?", re.IGNORECASE)
_BETWEEN_CELLS = re.compile(r"</t[dh]\s*>\s*(?=<t[dh]\b)", re.IGNORECASE)
_ROW = re.compile(r"<tr\b[^<>]*>", re.IGNORECASE)
_CELL = re.compile(r"<t[dh]\b[^<>]*>", re.IGNORECASE)
_LABELLED = re.compile(r"\A\s*<b>([^<>]*)</b>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>?")
NO_WORDS: Final = frozenset({"NULL", "<Null>", "&lt;Null&gt;", "None", "nan", "NaN"})
"""What databases and tables write where a cell is empty: nobody has said it."""
_NOT_NCNAME = re.compile(r"[^0-9A-Za-z_.\-]")
NCNAME = re.compile(r"[A-Za-z_][0-9A-Za-z_.\-]*\Z|(?!\d)[^\W]([\w.\-\u00b7]*)\Z")
MEASURED: Final = re.compile(
    r"[+-]?[\d.,]+\s*(?:k?m|mi|ft|nm|mph|kn?ts?|[bcr]pm|%|°[cf]?|(?:k?m|met(?:er|re)s|ft|feet)/(?:h|hour|s|sec))?"
    r"|[\dtz:./+ -]+",
    re.IGNORECASE,
)
"""A measure as loggers write it, a count, or a time."""


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
    text = _BETWEEN_CELLS.sub(" | ", text)
    # With what is in it, as the words of a script are no words; of all other tags the words stay.
    bare = nh3.clean(_BREAKS.sub("\n", text), tags=set(), clean_content_tags={"script", "style"})
    return clean_text(unescape(bare))


def described(markup: Any) -> tuple[str, dict[str, str]]:
    """What was typed into a description, and the table that a GIS wrote there, cell by cell.

    ArcGIS and others put the attributes of a row into the description as an HTML table: data, and
    nothing that a group has said. What stands before or behind the table was typed by somebody.

    Examples
    --------
    >>> described("<table><tr><td>NAME</td><td>Altai</td></tr><tr><td>ID</td><td>7</td></tr></table>ok")
    ('ok', {'NAME': 'Altai', 'ID': '7'})
    >>> described("<table><tr><td><b>Distance</b> 9 km</td></tr><tr><td><b>Points</b> 12</td></tr></table>")
    ('', {'Distance': '9 km', 'Points': '12'})
    >>> described("<table><tr><td><b>Distance</b> 682.3 mi </td></tr></table>")
    ('', {'Distance': '682.3 mi'})
    >>> described("<!-- desc_gen:start -->Length: 9 km<!-- desc_gen:end -->two wells")
    ('two wells', {})
    """
    text = _without_generated(clean_text(markup))
    before, table, rest = _parted(text)
    cells = [_CELL.split(row)[1:] for row in _ROW.split(table)[1:]]
    # Bare words: a cell holds a value, and whoever shows it escapes it again.
    pairs = [
        [clean_name(unescape(_TAG.sub(" ", cell))) for cell in row]
        for row in (_LABELLED.split(row[0], 1)[1:] if len(row) == 1 else row for row in cells)
        if len(row) == 2
    ]
    # One row of two cells may be how somebody laid out a sentence; two are a table of attributes, and so is
    # the one cell of a label and a measure that GPSBabel writes of a path.
    is_one_cell = len(pairs) == len(cells) == 1 == len(cells[0])
    is_measure = is_one_cell and MEASURED.fullmatch(pairs[0][1]) is not None
    if not (len(pairs) > 1 or is_measure):
        words = plain_text(text)
        return ("" if words in NO_WORDS else words), {}
    values: dict[str, str] = {}
    for key, value in pairs:
        if key:
            values.setdefault(key, "" if value in NO_WORDS else value)
    return "\n".join(filter(None, (plain_text(before), plain_text(rest)))), values


def _without_generated(text: str) -> str:
    """A description without what Locus Map has marked as its own, from what it measured."""
    before, *generated = text.split(_GENERATED[0])
    return before + "".join(piece.rpartition(_GENERATED[1])[2] for piece in generated)


_GENERATED: Final = ("<!-- desc_gen:start -->", "<!-- desc_gen:end -->")


def _parted(text: str) -> tuple[str, str, str]:
    """A text before, in, and behind its tables."""
    # A few letters (İ) are longer in lower case: places found in it would be off in the text.
    lower = text.lower() if len(text.lower()) == len(text) else text
    start, end = lower.find("<table"), lower.rfind("</table>")
    if start < 0 or end < start:
        return text, "", ""
    return text[:start], text[start:end], text[end + len("</table>") :]


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
