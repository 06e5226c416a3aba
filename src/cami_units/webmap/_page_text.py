"""The one door through which a string from data reaches the page."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from cami_units.model import is_missing as is_missing

_ENTITIES: Final = str.maketrans({char: f"&#{ord(char)};" for char in "&<>\"'{}`$\\"})
# What a name must not carry: control characters, lone surrogates, non-characters, and the marks
# that turn the direction of the text after them. U+200E, U+200F and the joiners are honest.
_UNWANTED: Final = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_BREAKS: Final = re.compile("[\u2028\u2029\u0085]")


def shown(value: object) -> str:
    r"""A value from data as text that no parser on its way can take for anything else.

    Control characters, lone surrogates and direction overrides are dropped, the text is put into
    NFC, and ``& < > " ' { } ` $ \`` become numeric HTML entities: the value then is plain text to
    HTML (as content and inside quotes), to JavaScript strings and templates, and to Jinja, which
    branca runs over rendered scripts a second time.

    Parameters
    ----------
    value : object
        Anything; a missing value (``None``, NaN, NA) gives an empty string.

    Examples
    --------
    >>> shown("{{7*7}}<b>")
    '&#123;&#123;7*7&#125;&#125;&#60;b&#62;'
    >>> shown(None), shown(float("nan"))
    ('', '')
    """
    if is_missing(value):
        return ""
    text = unicodedata.normalize("NFC", _UNWANTED.sub("", _BREAKS.sub(" ", str(value))))
    return text.translate(_ENTITIES)
