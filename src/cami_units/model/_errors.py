"""What goes wrong, and what was noticed, in words that say what to do."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, Literal

ARCHIVE_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    ValueError,
    OSError,
    RuntimeError,
    IndexError,
)
"""What the standard library raises on archives that lost a few bytes: `BadZipFile` is one of nine."""


class CamiUnitsError(Exception):
    """Anything this package raises on purpose.

    Examples
    --------
    >>> import cami_units as cu
    >>> issubclass(cu.CamiUnitsError, Exception)
    True
    """

    __module__ = "cami_units.model"  # where people import it from, and see it in a traceback


class InputError(CamiUnitsError, ValueError):
    """A file, a plan or a table is at fault: says what was expected, what came, where, what to do.

    Examples
    --------
    >>> import cami_units as cu
    >>> issubclass(cu.InputError, cu.CamiUnitsError), issubclass(cu.InputError, ValueError)
    (True, True)
    """

    __module__ = "cami_units.model"  # where people import it from, and see it in a traceback


class PlanError(InputError):
    """`plan.toml` or `criteria.toml` is at fault. All faults of the file come in one message.

    Examples
    --------
    >>> import cami_units as cu
    >>> issubclass(cu.PlanError, cu.InputError)
    True
    """

    __module__ = "cami_units.model"  # where people import it from, and see it in a traceback


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that was noticed in an input, in the words of the person who must mend it.

    `level` is "refuses" (nothing is computed until it is mended), "counted" (dropped, repaired or
    ignored, and the work goes on) or "note" (worth knowing). `where` names the rows or placemarks;
    `cure` says what to do.
    """

    level: Literal["refuses", "counted", "note"]
    layer: str
    file: str
    where: str
    what: str
    cure: str = ""

    def sentence(self) -> str:
        """The problem in one line."""
        place = ", ".join(part for part in (self.file, self.where) if part)
        text = f"{self.layer}: {self.what}" + (f" ({place})" if place else "")
        return f"{text}. {self.cure}" if self.cure else text


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that a reader noticed, as a value: no code reads a sentence to know what it is.

    `key` names the phrase ``note <key>`` of :mod:`cami_units.words`, which makes the sentence last,
    in the reader's language; `facts` are the numbers and names that the phrase leaves open (a list
    of names, or a note again, is put into words too). `level` is that of :class:`Problem`. What a
    finding rests on is a list of notes, whose phrases are ``because <key>``.
    """

    key: str
    facts: Mapping[str, object] = field(default_factory=dict)
    level: Literal["counted", "note"] = "counted"


def notes_as_text(notes: Iterable[Note]) -> str:
    """Notes as they stand in a column: a JSON list of objects, the key of each under ``key``.

    Examples
    --------
    >>> notes_as_text([Note("ground", {"state": "KZ", "km2": 12300.0})])
    '[{"key": "ground", "state": "KZ", "km2": 12300.0}]'
    """
    return json.dumps([*notes], default=_as_object, ensure_ascii=False)


def notes_from_text(text: object) -> list[Note]:
    """The notes of a column; none where it is empty or holds none, as in rounds of old.

    Examples
    --------
    >>> notes_from_text('[{"key": "ground", "state": "KZ"}]')
    [Note(key='ground', facts={'state': 'KZ'}, level='counted')]
    """
    try:
        values = json.loads(str(text), object_hook=_as_note)
    except (ValueError, RecursionError):
        return []
    return (
        [value for value in values if isinstance(value, Note)] if isinstance(values, list) else []
    )


def _as_object(note: Note) -> dict[str, object]:
    """A note among the facts of another, as JSON has it."""
    return {"key": note.key, **note.facts}


def _as_note(value: dict[str, object]) -> Note:
    return Note(str(value.pop("key", "")), value)


def nearest(word: str, vocabulary: Iterable[str]) -> str:
    """A hint at the known word that was perhaps meant, or an empty string."""
    # 0.6, the library's own: a slip or two in a word, and no other word
    close = get_close_matches(word, list(vocabulary), n=1, cutoff=0.6)
    return f" Did you mean '{close[0]}'?" if close else ""


def listed(names: Iterable[object], limit: int = 5) -> str:
    """The first few names, and how many more: "a, b, c and 4 more"."""
    words = [str(name) for name in names]
    line = ", ".join(words[:limit])
    return line if len(words) <= limit else f"{line} and {len(words) - limit} more"
