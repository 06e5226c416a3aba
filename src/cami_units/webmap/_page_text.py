"""The one door through which a string from data reaches the page."""

from __future__ import annotations

from typing import Final

from cami_units.model import clean_text
from cami_units.model import is_missing as is_missing

_ENTITIES: Final = str.maketrans({char: f"&#{ord(char)};" for char in "&<>\"'{}`$\\"})


def shown(value: object) -> str:
    r"""A value from data as text that no parser on its way can take for anything else.

    The text is cleaned as every text from outside is (:func:`cami_units.model.clean_text`), and ``& < > " ' { } ` $ \`` become numeric HTML entities: the value then is plain text to
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
    return clean_text(value).translate(_ENTITIES)
