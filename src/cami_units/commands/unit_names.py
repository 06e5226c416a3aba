"""What stands where the name of a unit is asked for, and reads as a message: "OK", "v2", "merge with CU-011".

Names come in before an outline, in the data of one, and in a form. A message is never made a name, nor
obeyed: it is asked about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from cami_units import words, workshop


def _any_of(key: str) -> str:
    """The words that a phrase lists, in all languages, as a part of a pattern."""
    return "|".join(
        re.escape(word.strip()) + ("" if word.strip()[0] > "\u2e7f" else r"(?![^\W\d_])")
        for lang in words.LANGUAGES
        for word in words.text(key, lang).split(",")
    )


def _at_an_end(alternatives: str) -> re.Pattern[str]:
    """What begins or ends with such words: in the middle of a name one may be of a place."""
    pattern = rf"\W*(?:{alternatives})|.*(?<![^\W\d_])(?:{alternatives})\W*\Z"
    return re.compile(pattern, re.IGNORECASE)


REJECTING_WORDS: Final = _any_of("words that reject")
"""Words by which people reject, in all languages, as a part of a pattern."""
_REJECTING: Final = _at_an_end(REJECTING_WORDS)
_OF_A_REMARK: Final = _at_an_end(_any_of("words of a remark"))
_NO_NAMES: Final = frozenset(
    word.strip()
    for lang in words.LANGUAGES
    for word in words.text("words that are no name", lang).split(",")
)
_BRACKETS: Final = ("()", "（）", "[]")
_BEFORE_A_CROSS: Final = " -–—:,."
_NO_LETTERS: Final = re.compile(r"[\W\d_]+")


def says_reject(name: str) -> bool:
    """Whether a name begins or ends with a word by which a unit may be meant to be rejected.

    Words are not obeyed, but asked about: only an X rejects.
    """
    return not workshop.rejects(name) and _has_rejecting_word(name)


def _has_rejecting_word(name: str) -> bool:
    """Whether a name begins or ends with a word by which people reject, with its id or without."""
    return any(map(_REJECTING.match, dict.fromkeys((name, workshop.bare_name(name)))))


def asked_of(typed: str, own_names: Iterable[str] = ()) -> str:
    """What is to be asked of what stands for the name of a unit: the key of a note, or nothing.

    Parameters
    ----------
    typed : str
        As somebody typed it; what says the unit in front of it, in whatever words, is no part of its name.
    own_names : iterable of str
        Names that the unit was handed out with: behind one of them a number is part of a name.

    Examples
    --------
    >>> [asked_of(typed) for typed in ("CU-003 OK", "v2", "see form", "merge with CU-011", "2026-11-30", "Removed")]
    ['odd name', 'odd name', 'odd name', 'odd name', 'odd name', 'word of rejection']
    >>> [asked_of(typed, ["Altai"]) for typed in ("Altai 2", "Altai - copy", "Final Gorge", "X Altai", "Altai")]
    ['', 'odd name', '', '', '']
    >>> [asked_of(typed) for typed in ("CU-003 not priority", "Алтай, новые границы", "CU-003 没意见", "зөв", "High Altai")]
    ['odd name', '', 'odd name', 'odd name', '']
    >>> [asked_of(typed, ["Altai"]) for typed in ("CU-003 too big", "Altai, no saiga", "слишком большая", "Too-Ashuu", "太行山")]
    ['odd name', 'odd name', 'odd name', '', '']
    >>> [asked_of(typed, ["Altai"]) for typed in ("CU-003 (no saiga)", "Altai (east)", "Altai X", "Altai (X)", "Altai x2")]
    ['odd name', '', 'word of rejection', 'word of rejection', '']
    """
    name = workshop.bare_name(workshop.with_written_id(typed, workshop.numbered_id(typed)))
    handed_names = [begun for begun in own_names if begun and name.startswith(begun)]
    behind = name.removeprefix(max(handed_names, key=len)) if handed_names else name
    is_crossed = behind != name and workshop.rejects(behind.lstrip(_BEFORE_A_CROSS))
    # an X is obeyed
    has_x = workshop.rejects(typed)
    is_worded = not has_x and _has_rejecting_word(typed)
    if is_worded or is_crossed or (behind and _REJECTING.match(behind)):
        return "word of rejection"
    if not behind or has_x:
        return ""
    is_none = workshop.is_no_name(name) or name[:1] + name[-1:] in _BRACKETS
    is_message = _is_message(behind) or (behind == name and is_none)
    return "odd name" if is_message else ""


def is_remark(typed: str) -> bool:
    """Whether what stands for the name of a unit speaks of it: "CU-003 too big", "no saiga here"."""
    return _OF_A_REMARK.match(workshop.bare_name(typed)) is not None


def _is_message(name: str) -> bool:
    """Whether words are rather a message than a name: "OK", "v2", "split?", "merge with CU-011"."""
    spoken = _NO_LETTERS.sub(" ", name).casefold().split()
    # a number tells one place from another, a sign alone says "done"
    is_number = not spoken and any(map(str.isalnum, name))
    is_message = not is_number and all(word in _NO_NAMES for word in spoken)
    return (
        is_message
        or is_remark(name)
        or name.rstrip().endswith(("?", "？"))
        or bool(workshop.unit_ids_in(name))
    )
