"""Text from outside: read in whatever encoding it is, and made harmless once."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from math import log2
from numbers import Real
from typing import Final

import pandas as pd

from cami_units.model._errors import InputError, quoted

LONGEST_NAME: Final = 200
LONGEST_TEXT: Final = 20_000
"""Letters of a name, and of a description or remark, that are kept of what people hand in."""

_LINE_ENDS: Final = re.compile("\r\n?|[\x85\u2028\u2029]")

_HARMFUL: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    "\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
    + "".join(chr(plane << 16 | last) for plane in range(1, 17) for last in (0xFFFE, 0xFFFF))
    + "]"
)
"""Control characters, lone surrogates and non-characters, which no format takes; and what hides or
reorders text: soft hyphens, zero-width spaces, direction overrides, tags. The joiners U+200C and U+200D
stay: Persian, Hindi and Nepali names are misspelt without them."""


def is_missing(value: object) -> bool:
    """Whether a cell of a table says nothing: ``None``, ``NaN``, ``NaT`` or ``NA``."""
    if isinstance(value, (str, int)):
        return False
    if isinstance(value, float):  # to ask whether another class is that of a number is dear
        return value != value
    nothing = value is None or value is pd.NA or value is pd.NaT
    return nothing or (isinstance(value, Real) and value != value)


# What a spreadsheet in each language writes for a truth value stands beside what people type.
_TRUE: Final = frozenset(
    ["yes", "y", "true", "1", "1.0", "да", "д", "истина", "是", "真", "тийм", "үнэн"]
)
_FALSE: Final = frozenset(
    ["no", "n", "false", "0", "0.0", "нет", "н", "ложь", "否", "不", "不是", "假", "үгүй", "худал"]
)


def truth(value: object) -> bool | None:
    """A cell that says yes or no, in any of the four languages; empty: no; ``None``: neither.

    Examples
    --------
    >>> [truth(cell) for cell in ("TRUE", "да", 1, "", "maybe")]
    [True, True, True, False, None]
    """
    text = unicodedata.normalize("NFKC", clean_text(value)).strip().casefold()
    return True if text in _TRUE else False if not text or text in _FALSE else None


def clean_text(value: object) -> str:
    r"""A value from outside as text: composed (NFC), without characters that hide or harm.

    Whoever shows the text escapes it for that format; nothing is escaped here.

    Parameters
    ----------
    value : object
        Anything; ``None``, ``NaN`` and ``NA`` become an empty string.

    Returns
    -------
    str
        Any number of lines; line ends are ``\n``, a tab is a space.

    Examples
    --------
    >>> clean_text("Altai\x1b[31m\r\nСайгак"), clean_text(None)
    ('Altai[31m\nСайгак', '')
    """
    if is_missing(value):
        return ""
    raw = str(value)
    return _cleaned(raw) if len(raw) > _SHORT else _remembered(raw)


def _cleaned(raw: str) -> str:
    """Text without what hides or harms."""
    # most text in any script: what can be printed neither hides nor harms
    if raw.isprintable() and unicodedata.is_normalized("NFC", raw):
        return raw.strip()
    text = _LINE_ENDS.sub("\n", raw).replace("\t", " ")
    # composed last: what is taken out may have stood between a letter and its accent
    return unicodedata.normalize("NFC", _HARMFUL.sub("", text)).strip()


_SHORT: Final = 100
"""Names and numbers, which return over and over in the tables of a round."""

_remembered = lru_cache(maxsize=20_000)(_cleaned)


def clean_name(value: object) -> str:
    r"""A value from outside as one line: :func:`clean_text`, each run of white space one space.

    Examples
    --------
    >>> clean_name("  Tian\n Shan ")
    'Tian Shan'
    """
    if isinstance(value, str) and value.isascii() and value.isprintable():
        return " ".join(value.split())  # most names, and nothing in them can harm
    return " ".join(clean_text(value).split())


_LETTER: Final = r"[^\W\d_\u2e80-\uffff]"  # a Chinese line has no space behind its question marks
_LOST_LETTERS: Final = re.compile(
    rf"\ufffd|{_LETTER}\?+{_LETTER}|(?<!\S)\?+(?![CС][UУ]\W?\d){_LETTER}|(?<!\S)\?{{4,}}(?!\w)"
    r"|(?<!\S)\?{2,}[\W\d]{1,40}\?{2,}(?!\w)"
)
_IN_AN_ADDRESS: Final = ("//", "www.")


def lacks_letters(text: str) -> bool:
    """Whether a program has plainly put "?" for letters that its code page lacks: nobody can bring them back.

    Examples
    --------
    >>> [lacks_letters(text) for text in ("????", "?? ?????", "Х?вс?г?л", "?em", "a \ufffd b")]
    [True, True, True, True, True]
    >>> [lacks_letters(text) for text in ("Why??", "???", "keep? or reject?", "see http://a.b/?q=1")]
    [False, False, False, False]
    >>> [lacks_letters(text) for text in ("why?because", "the fence?who knows", "да?нет", "th?ringen", "?em?why")]
    [False, False, False, True, True]
    >>> [lacks_letters(text) for text in ("Why?Because", "OK?Yes", "?Altai", "?CU-003", "保留?还是删除?")]
    [False, False, False, False, False]
    """
    if "?" not in text and "\ufffd" not in text:
        return False
    # word by word: a pattern for addresses looks at a text of a million letters from each of them
    lines = "\n".join(
        " ".join(
            word for word in line.split(" ") if not any(sign in word for sign in _IN_AN_ADDRESS)
        )
        for line in text.splitlines()
    )
    return any(not _begins_a_word(match) for match in _LOST_LETTERS.finditer(lines))


def _begins_a_word(match: re.Match[str]) -> bool:
    """Whether a word begins behind a question mark, with a capital or after or as a word that asks: none is lost."""
    first, last = match[0][0], match[0][-1]
    begins_large = last.isupper() and (
        first.islower() or match.string[match.end() : match.end() + 1].islower()
    )
    before = match.string[max(match.start() - _LONGEST_ASKING, 0) : match.start() + 1]
    asked = _ASKED.search(before) or _ASKED_BEHIND.match(match.string, match.end() - 1)
    return begins_large or (asked is not None and first != "?")


_ASKING: Final = (
    "why|who|what|where|when|how|which|yes|no|not|ok|here|this|keep|reject|merge|split"
    "|почему|зачем|кто|что|где|куда|когда|как|да|нет|здесь|это|яагаад|хэн|юу|хаана|хэзээ|яаж|тийм|үгүй"
)
_LONGEST_ASKING: Final = 8
_ASKED: Final = re.compile(rf"(?<![^\W_])(?:{_ASKING})\Z", re.IGNORECASE)
_ASKED_BEHIND: Final = re.compile(rf"(?:{_ASKING})(?![^\W_])", re.IGNORECASE)


_BEGINS_A_FORMULA: Final = tuple("=+-@＝＋－＠")
_NUMBER: Final = re.compile(r"[=+-]?\d+(?:[.,]\d+)?%?", re.ASCII)
"""A rank like "=4" of an old round, and numbers written as text: what a spreadsheet makes of them does no harm."""


def is_formula(line: str) -> bool:
    """Whether a spreadsheet would take this text for a formula that does harm."""
    return line.startswith(_BEGINS_A_FORMULA) and not _NUMBER.fullmatch(line)


def harmless(value: object) -> str:
    """A value as one line of text for a CSV: with an apostrophe where it could be a formula.

    Examples
    --------
    >>> harmless("=HYPERLINK(…)"), harmless("-4"), harmless("'Ain Mulla")
    ("'=HYPERLINK(…)", '-4', "'Ain Mulla")
    """
    line = clean_name(value)
    return f"'{line}" if is_formula(line) else line


def as_typed(value: object) -> str:
    """A line from a CSV without the apostrophe of :func:`harmless`; one that somebody typed stays.

    Examples
    --------
    >>> as_typed("'=HYPERLINK(…)"), as_typed("'Ain Mulla")
    ('=HYPERLINK(…)', "'Ain Mulla")
    """
    line = clean_name(value)
    bare = line.removeprefix("'")
    return bare if is_formula(bare) else line


def page_policy(
    scripts: str, styles: str, *, images: str = "data:", sized_elements: bool = False
) -> str:
    """The Content-Security-Policy of a page that is one file: nothing is fetched, nothing else runs.

    Parameters
    ----------
    scripts, styles : str
        The hashes of what may run and what may dress the page, as the policy spells them.
    images : str
        Where pictures may come from: the page itself, unless somebody put online tiles on a map.
    sized_elements : bool
        Whether elements may carry a style of their own: a map places everything that way.

    Examples
    --------
    >>> page_policy("'sha256-a'", "'sha256-b'")[:52]
    "default-src 'none'; script-src 'sha256-a'; style-src"
    """
    own_styles = "style-src-attr 'unsafe-inline'; " if sized_elements else ""
    return (
        f"default-src 'none'; script-src {scripts}; style-src {styles}; {own_styles}"
        f"img-src {images}; base-uri 'none'; form-action 'none'"
    )


# -- bytes to text, and text to rows --------------------------------------------------------------

# Maps of this region come in Windows-1251, KOI8-R, CP866, GBK and Latin-1, under any label. A guess
# costs as many bits as a reader of each language would need for the letters that it gives; the
# cheapest one is taken, and the second kept beside it where it is nearly as cheap. (For names of a
# few letters this is right more often than libraries made for pages of text: `docs/decisions.md`.)

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
    if letter in "«»‹›–—“”„…‘’№° ":
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
    >>> delimited_rows("site;reason\\nH01;Устюрт, граница".encode("mac-cyrillic"))
    [['site', 'reason'], ['H01', 'Устюрт, граница']]
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
    of_a_mac = (_MAC,) if _OF_A_MAC.search(content) else ()
    text = content.removeprefix(codecs.BOM_UTF8)
    return guessed_text(text, encodings=(*ENCODINGS, *of_a_mac)).text


_MAC: Final = "mac-cyrillic"
"""What Excel of a Mac calls "CSV" in Russian: small letters as in Windows-1251, capitals and я elsewhere."""
_OF_A_MAC: Final = re.compile(rb"[\x80-\x9f][\xdf-\xfe]|[\xe0-\xfe]\xdf(?![\xc0-\xdf])")
"""A capital before a small letter, or a я behind one: in Windows-1251 "Ђ" or "Я" would stand there. Without
one the two cannot be told apart, and Windows-1251 it is."""
