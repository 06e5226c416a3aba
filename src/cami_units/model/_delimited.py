"""Tables as text in any dialect of CSV: what spreadsheets of any language write."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from itertools import islice
from typing import Final

from cami_units.model._encodings import guessed_text

_DELIMITERS: Final = ",;\t"
# Rows by which the separator is judged: enough to outvote a title above the table.
_SAMPLED_ROWS: Final = 20
MOST_ROWS: Final = 20_000
"""Rows that are read of a table that somebody typed."""


def delimited_rows(content: bytes, *, most_rows: int = MOST_ROWS) -> list[list[str]]:
    """The rows of a CSV file, whatever wrote it.

    Excel writes the list separator of the computer's language (a semicolon where the comma is the
    decimal sign) and, unless asked for UTF-8, the code page of that language; "Unicode text" is
    UTF-16 with tabs. A first line ``sep=;`` says the separator and is no row.

    Raises
    ------
    ValueError
        The quotes do not match, or the file is no text.

    Examples
    --------
    >>> delimited_rows("site;reason\\nH01;Устюрт, юг".encode("cp1251"))
    [['site', 'reason'], ['H01', 'Устюрт, юг']]
    """
    # UTF-16 without a mark is full of NULs; without them its ASCII letters are read all the same
    text = _decoded(content).replace("\x00", "")
    first, _, rest = text.partition("\n")
    said = first.casefold().startswith("sep=") and len(first.strip()) == len("sep=") + 1
    delimiter, text = (first.strip()[-1], rest) if said else (_delimiter(text), text)
    try:
        return _rows(text, delimiter, most_rows)
    except csv.Error as error:
        raise ValueError(str(error)) from error


def _rows(text: str, delimiter: str, most_rows: int) -> list[list[str]]:
    """The cells of a text, row by row, as many as are read."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return list(islice(lines, most_rows))


def _delimiter(text: str) -> str:
    """What stands between the cells: the sign by which most cells stand in rows of one width.

    Neither the first row decides alone (above a table people put a title, with commas in it), nor
    the widest one (a remark may hold more commas than a table has columns).
    """

    def cells_in_line(sign: str) -> int:
        try:
            widths = Counter(map(len, _rows(text, sign, _SAMPLED_ROWS)))
        except csv.Error:  # a quote that does not end, by a sign that is not the file's
            return 0
        # width - 1: rows of one cell speak for no sign
        return max((count * (width - 1) for width, count in widths.items()), default=0)

    # of equals the first: a comma, as in the contract of our own CSV
    return max(_DELIMITERS, key=cells_in_line)


def _decoded(content: bytes) -> str:
    """The text of a table by its byte order mark, as UTF-8, or in the encoding that it looks like."""
    # the mark first: UTF-16 is also valid in several code pages, and would be read as one
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    return guessed_text(content.removeprefix(codecs.BOM_UTF8)).text
