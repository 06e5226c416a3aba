"""Bytes of unknown encoding to text, and text to rows: what a name or a table was written in.

Maps of this region come in Windows-1251, KOI8-R, CP866, GBK and Latin-1, under any label. A guess
costs as many bits as a reader of each language would need for the letters that it gives; the
cheapest one is taken, and the second kept beside it where it is nearly as cheap. (For names of a
few letters this is right more often than libraries made for pages of text: `docs/decisions.md`.)
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from math import log2
from typing import Final

from cami_units.model._errors import InputError, quoted

ENCODINGS: Final = ("cp1251", "koi8-r", "cp866", "gb18030", "cp1252")
"""What maps of the region come in, the most likely first."""

_RUSSIAN: Final = (
    "о 1098 е 848 а 799 и 737 н 670 т 632 с 547 р 475 в 453 л 434 к 349 м 320 д 298 п 280 у 262 я 200 "
    "ы 190 ь 174 г 169 з 164 б 159 ч 145 й 121 х 97 ж 94 ш 72 ю 64 ц 48 щ 36 э 33 ф 27 ъ 4 ё 4 "
    "і 20 қ 20 ң 15 ғ 15 ү 15 ұ 10 ө 15 һ 5 ә 20"
)
"""Letters of Russian by how often they stand in 10,000; the further ones of Kazakh and Kyrgyz."""
_COMMON_HAN: Final = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产"
    "种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从"
    "业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又"
    "么利比或但质气第向道命此变条只没结解问意建月公无系军很情最何东西南北山河湖江海岭岗坡沟谷川泉滩沙漠"
    "草原林场区县市州省乡镇村旗盟保护自然生态单元羚羊马驴鹿雪豹野生动物边界通道牧站路桥库金银阿尔泰昆仑"
    "祁连天帕米尔喀什和田伊犁哈密青藏甘肃新疆西内蒙古巴音布鲁克准噶木塔里玛曲若羌且末红黑白黄绿老羊牛"
)
_NON_ASCII_RUN: Final = re.compile(
    rb"[\x20-\x7e]?[\x80-\xff](?:[\x80-\xff]|[\x20-\x7e]{1,2}(?=[\x80-\xff]))*[\x40-\x7e]?"
)
"""A word with a letter on each side: a letter beside ASCII letters is not Cyrillic, and the second
byte of a Chinese character may be ASCII."""
_MOST_BYTES: Final = 4_000
"""Bytes that are looked at: a guess does not get better with more."""
_DOUBTFUL: Final = 0.75
"""Bits a byte by which the second guess may be dearer and still be kept beside the first."""
_ODD: Final = 14.0
"""Bits of a letter that no name of any language here would hold in its place."""


@dataclass(frozen=True, slots=True)
class Guess:
    """Text, the encoding it was read in, and the next best one where that is in doubt."""

    text: str
    encoding: str
    other: str = ""


def guessed_text(content: bytes, *, encodings: Sequence[str] = ENCODINGS) -> Guess:
    """Bytes as text: UTF-8 where they are that, else in the encoding that gives likely words.

    Parameters
    ----------
    content : bytes
        Any text; markup in ASCII does not matter.
    encodings : sequence of str
        Single-byte ones and GB 18030, those preferred among equals first.

    Examples
    --------
    >>> guessed_text("Устюрт".encode("koi8-r"))
    Guess(text='Устюрт', encoding='koi8-r', other='')
    >>> guessed_text("青海湖".encode("gbk")).text
    '青海湖'
    """
    try:
        return Guess(content.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        pass
    sample = _sample(content)
    # of equals the one that comes first in the list
    costs = sorted((_bits(sample, name), place, name) for place, name in enumerate(encodings))
    (least_cost, _, best), *others = costs
    close = others[0] if others and others[0][0] - least_cost < _DOUBTFUL else None
    return Guess(content.decode(best, "replace"), best, close[2] if close else "")


def bits_per_byte(content: bytes, encoding: str) -> float:
    """How dear bytes are as text in an encoding: 4 to 6 where it is theirs, 8 and more else."""
    return _bits(_sample(content), encoding)


def _sample(content: bytes) -> bytes:
    """The words of a text that hold other bytes than ASCII, up to what makes a guess sure."""
    # of a map most is markup and coordinates: fifty times as much is looked through for words
    return b"\n".join(_NON_ASCII_RUN.findall(content[: 50 * _MOST_BYTES]))[:_MOST_BYTES]


def _bits(sample: bytes, encoding: str) -> float:
    """Bits that the letters of a sample need in an encoding, for each byte that is no ASCII."""
    text = sample.decode(encoding, "replace")
    count = sum(byte > 127 for byte in sample)
    total = 0.0
    before = " "
    for place, letter in enumerate(text):
        if not letter.isascii():
            after = text[place + 1 : place + 2] or " "
            total += _letter_bits(before, letter, after)
        before = letter
    return total / max(count, 1)


def _letter_bits(before: str, letter: str, after: str) -> float:
    """Bits of one letter between its neighbours."""
    # signs that any language has between words: they speak for no encoding, and against none
    if letter in "«»–—“”„…’№° ":
        return 9.0
    beside_latin = (before.isascii() and before.isalpha()) or (after.isascii() and after.isalpha())
    if "\u0400" <= letter <= "\u052f":
        bits = _cyrillic_bits().get(letter.lower(), _ODD)
        # Capitals begin a word, or stand among capitals.
        follows_small = before.islower() and not before.isascii()
        bits += 1.0 if letter.islower() else 8.0 if follows_small else 3.0
        return bits + (_ODD if beside_latin else 0.0)
    if "\u4e00" <= letter <= "\u9fff":
        # the rarer a letter is in the language, the dearer: GB 18030 makes some Han letter of nearly
        # any two bytes, so only common ones may be cheap
        bits = 17.0 if letter in _COMMON_HAN else 24.0 if _is_common_plane(letter) else 36.0
        return 0.6 * bits + (_ODD if beside_latin else 0.0)
    if "\u00c0" <= letter <= "\u024f":
        # an accent belongs among Latin letters: "Zürich", not a word of accents alone
        bits = 5.0 if beside_latin else 10.0
        return bits + (4.0 if letter.isupper() and before.islower() else 0.0)
    return _ODD


@cache
def _cyrillic_bits() -> dict[str, float]:
    """What each Cyrillic letter costs, in bits."""
    words = _RUSSIAN.split()
    counts = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    total = sum(counts.values())
    return {letter: -log2(count / total) for letter, count in counts.items()}


@cache
def _is_common_plane(letter: str) -> bool:
    """Whether a character is of the 3,755 that GB 2312 counts as the frequent ones."""
    try:
        return 0xB0 <= letter.encode("gb2312")[0] <= 0xD7
    except UnicodeEncodeError:
        return False


# -- tables as text ---------------------------------------------------------------------------------


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
    InputError
        The quotes do not match, or the file is no text.

    Examples
    --------
    >>> delimited_rows("site;reason\\nH01;Устюрт, юг".encode("cp1251"))
    [['site', 'reason'], ['H01', 'Устюрт, юг']]
    """
    # what a power cut has left of a file may end in NULs
    text = _decoded(content).replace("\x00", "")
    if not is_written(text):
        raise InputError.of("no text inside")
    first, _, rest = text.partition("\n")
    says_separator = first.casefold().startswith("sep=") and len(first.strip()) == len("sep=") + 1
    delimiter, text = (first.strip()[-1], rest) if says_separator else (_delimiter(text), text)
    try:
        rows = _rows(text, delimiter, most_rows)
        # opened in one column and saved so: each line is one cell with all of its quotes in quotes
        if len(rows) > 1 and all(len(row) < 2 for row in rows) and _is_quoted_whole(rows[0]):
            text = "\n".join(cell for row in rows for cell in row)
            parted = _rows(text, _delimiter(text), most_rows)
            # sentences in one column have commas too, but not each as many as the heading
            alike = sum(len(row) == len(parted[0]) for row in parted if row)
            # there are fewer where a cell has several lines, or where a quote is never closed
            is_whole = len(parted) == len(rows) or text.count('"') % 2 == 0
            return parted if 2 * alike > len(parted) and is_whole else rows
        return rows
    except csv.Error as error:
        raise InputError(quoted(error)) from error


def is_written(text: str) -> bool:
    """Whether somebody wrote a text: a program or a picture read as one is full of control characters.

    Examples
    --------
    >>> is_written("site;reason\\n"), is_written(bytes(range(1, 255)).decode("latin-1"))
    (True, False)
    """
    beginning = text[:_LOOKED_AT]
    odd = [letter for letter in beginning if letter < " " and letter not in _IN_TEXTS]
    # in a text one kind may come in by mistake, in each cell
    return len(set(odd)) < 4 or len(odd) * 50 < len(beginning)


_IN_TEXTS: Final = "\0\t\n\v\f\r\x1a"
"""Control characters of texts; NUL stands in every letter of UTF-16 that is read as something else."""
_LOOKED_AT: Final = 10_000


def _is_quoted_whole(row: Sequence[str]) -> bool:
    """Whether the only cell of a row is a row itself."""
    return any(mark in cell for cell in row for mark in ",;\t")


def _rows(text: str, delimiter: str, most_rows: int) -> list[list[str]]:
    """The cells of a text, row by row, as many as are read."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return list(islice(lines, most_rows))


def _delimiter(text: str) -> str:
    """What stands between the cells: the sign by which most cells stand in rows of one width.

    Neither the first row decides alone (above a table people put a title, with commas in it), nor
    the widest one (a remark may hold more commas than a table has columns). A sign that gives every
    row one width goes before one that stands in a list of each row but not in the heading.
    """

    def cells_in_line(sign: str) -> tuple[bool, bool, int]:
        try:
            widths = Counter(map(len, _rows(text, sign, _SAMPLED_ROWS)))
        except csv.Error:  # a quote that does not end, by a sign that is not the file's
            return False, False, 0
        is_even = len([width for width in widths if width]) == 1
        # width - 1: rows of one cell speak for no sign; nor does one long remark against two rows
        cells = (
            (is_even and count > 1 < width, count > 1 < width, count * (width - 1))
            for width, count in widths.items()
        )
        return max(cells, default=(False, False, 0))

    # of equals the first: a comma, as in the contract of our own CSV
    return max(_DELIMITERS, key=cells_in_line)


def _decoded(content: bytes) -> str:
    """The text of a table by its byte order mark or first letter, as UTF-8, or in the encoding that it looks like."""
    # the mark first: UTF-16 is also valid in several code pages, and would be read as one
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    for codec, letter in (("utf-16-le", content[:2]), ("utf-16-be", content[1::-1])):
        if letter[1:] == b"\0" and letter[:1] >= b"\t":  # no mark, but half of an ASCII letter
            return content.decode(codec, "replace")
    return guessed_text(content.removeprefix(codecs.BOM_UTF8)).text
