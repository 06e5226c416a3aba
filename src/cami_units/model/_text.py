"""Text from outside, made harmless once."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from numbers import Real
from typing import Final

import pandas as pd

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
