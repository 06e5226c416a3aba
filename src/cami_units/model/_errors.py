"""What goes wrong, and what was noticed, in words that say what to do."""

from __future__ import annotations

import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from numbers import Integral, Real
from typing import Any, Final, Literal, Self

from cami_units.phrases import FALLBACK, table

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

    What a file of others can cause is raised with a :class:`Note`, so that a page says it in its
    reader's language; as text, and on the command line, it is English.

    Examples
    --------
    >>> import cami_units as cu
    >>> from cami_units.model import Note
    >>> issubclass(cu.InputError, cu.CamiUnitsError), issubclass(cu.InputError, ValueError)
    (True, True)
    >>> str(cu.InputError(Note("file empty", {"file": "G1.kml", "bytes": 0})))
    'G1.kml is empty (0 bytes). Save it again and resend it.'
    """

    __module__ = "cami_units.model"  # where people import it from, and see it in a traceback

    def __init__(self, what: str | Note = "") -> None:
        super().__init__(what)
        self.note = what if isinstance(what, Note) else Note("", {"text": what})

    @classmethod
    def of(cls, key: str, /, **facts: object) -> Self:
        """The refusal whose sentence is the phrase ``note <key>``, with its facts."""
        return cls(Note(key, facts))

    def __str__(self) -> str:
        return said(self.note)


class ArgumentError(InputError, TypeError):
    """A public function was handed something of another kind than its signature says.

    Examples
    --------
    >>> import cami_units as cu
    >>> issubclass(cu.ArgumentError, cu.InputError), issubclass(cu.ArgumentError, TypeError)
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
    `cure` says what to do, and ends in `lines`, if there are any to paste at the end of a plan.
    `note` is the same as a value, for pages of other languages.
    """

    level: Literal["refuses", "counted", "note"]
    layer: str
    file: str
    where: str
    what: str
    cure: str = ""
    note: Note | None = None

    @property
    def lines(self) -> str:
        """Lines to paste into a plan (:func:`plan_lines`), at its end where they begin with a table; or none."""
        return str(self.note.facts.get("plan_lines", "")) if self.note else ""

    def as_note(self) -> Note:
        """What was noticed as a note; of a problem that came in words only, one that holds these."""
        return self.note or Note("", {"text": self.what, "assumed": self.cure})

    def sentence(self, lang: str = FALLBACK) -> str:
        """The problem in one line; its file, rows and cure in a language if they are values."""
        note = self.as_note()
        text = with_label(self.layer, said(note, lang), lang)
        place, cure = self.place(lang), assumed(note, lang)
        text = with_aside(text, place, lang)
        return f"{text}. {cure}" if cure else text

    def place(self, lang: str = FALLBACK) -> str:
        """The file and the rows, as far as they are known."""
        facts = self.note.facts if self.note else {}
        file, where = facts.get("place", self.file), facts.get("where", self.where)
        return in_list(filter(None, (_fact(part, lang) for part in (file, where))), lang)


def plan_lines(table: str, /, **values: object) -> str:
    """Lines to paste at the end of a plan.

    Parameters
    ----------
    table : str
        The table of the plan, written as TOML has it: :func:`toml_key` makes a key of any text.
    **values
        Keys, already as TOML where they are no plain words, and what they are set to.

    Examples
    --------
    >>> print(plan_lines("crs", hotspots="EPSG:4326"))
    [crs]
    hotspots = "EPSG:4326"
    """
    lines = (f"{key} = {_toml_value(value)}" for key, value in values.items())
    return "\n".join([f"[{table}]", *lines])


def toml_key(text: str) -> str:
    """A text as a key of TOML, in quotes where it is no plain word.

    Examples
    --------
    >>> print(toml_key("cattle"), toml_key('inputs/"old".shp'))
    cattle "inputs/\\"old\\".shp"
    """
    return text if re.fullmatch("[A-Za-z0-9_-]+", text) else _toml_text(text)


def _toml_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _toml_value(value: object) -> str:
    """A number, a text or a list of texts as TOML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml_value, value))}]"
    return _toml_text(value) if isinstance(value, str) else f"{value:g}"


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
    return [*_notes_of(str(text))]


def source_note(source: str, facts: object) -> Note | None:
    """Where something is from as a value, from the column ``source_facts``; ``None`` where it is none.

    The column holds a note, or a code for each clause of the source: ``=`` for others' words, which
    stand there, else a remark of ours, with how sure it is or its km behind it. Whoever mends the source
    of a row that came with such values says it anew: what no longer says in English what stands there is
    passed over.

    Examples
    --------
    >>> said(source_note("Ali 2017; extent from memory (low)", "=;memory extent low"), "ru")
    'Ali 2017; очертания по памяти (достоверность низкая)'
    >>> source_note("own survey 2027", "memory low") is None
    True
    """
    notes = notes_from_text(facts)
    codes = [] if notes else str(facts).split(";")
    clauses = source.split("; ")
    if not notes and len(codes) == len(clauses) and {*codes} != {"="}:
        notes = [_clause(*pair) for pair in zip(clauses, codes, strict=True)]
        notes = notes if len(notes) == 1 else [Note("source clauses", {"clauses": notes})]
    return notes[0] if len(notes) == 1 and said(notes[0]) == source else None


_CERTAINTIES: Final = ("high", "medium", "low")


def _clause(words: str, code: str) -> Note:
    """A clause of a source by its code."""
    if code == "=":
        return Note("", {"text": words})
    remark, _, last = code.rpartition(" ")
    if last in _CERTAINTIES:
        facts = {"remark": Note(f"source {remark}"), "certainty": Note(f"certainty {last}")}
        return Note("source with certainty", facts)
    if last.isdecimal():
        return Note(f"source {remark}", {"km": int(last)})
    return Note(f"source {code}")


@lru_cache(
    maxsize=65_536
)  # the findings of 5,000 units: each is said in several places and languages
def _notes_of(text: str) -> tuple[Note, ...]:
    """The notes of a column; whoever is given them leaves their facts as they are."""
    try:
        values = json.loads(text, object_hook=_as_note)
    except (ValueError, RecursionError):
        return ()
    return (
        tuple(value for value in values if isinstance(value, Note))
        if isinstance(values, list)
        else ()
    )


def _as_object(value: object) -> object:
    """A note, or a number of numpy among its facts, as JSON has it."""
    return {"key": value.key, **value.facts} if isinstance(value, Note) else float(str(value))


def _as_note(value: dict[str, object]) -> Note:
    return Note(str(value.pop("key", "")), value)


def problem_of(
    level: Literal["refuses", "counted", "note"],
    layer: str,
    file: str | Note,
    where: str | Note,
    note: Note,
    lines: str = "",
) -> Problem:
    """A problem that is a value: its sentence and its cure in English, and the note they are made of."""
    places = {"place": file, "where": where}
    facts: dict[str, object] = {
        name: value for name, value in places.items() if isinstance(value, Note)
    }
    facts |= {"plan_lines": lines} if lines else {}
    if facts:
        note = Note(note.key, {**note.facts, **facts}, note.level)
    said_file, said_where = _fact(file, FALLBACK), _fact(where, FALLBACK)
    return Problem(level, layer, said_file, said_where, said(note), assumed(note), note)


def problem_row(problem: Problem) -> dict[str, object]:
    """A problem as JSON has it, for a cache: :func:`problem_of_row` makes it again."""
    note = notes_as_text([problem.note] if problem.note else [])
    return english_row(problem) | {"note": note}


def english_row(problem: Problem) -> dict[str, object]:
    """A problem as a manifest has it: in English, for whoever reads the file."""
    names = ("level", "layer", "file", "where", "what", "cure")
    return {name: getattr(problem, name) for name in names} | {"note": None}


def problem_of_row(row: Mapping[str, Any]) -> Problem:
    """The problem of a row of a cache or of a manifest."""
    return Problem(**{**row, "note": next(iter(notes_from_text(row.get("note"))), None)})


# -- the sentence of a note, made last --------------------------------------------------------------


def said(note: Note, lang: str = FALLBACK) -> str:
    """The sentence of a note: what was found. A note without a key holds somebody's own words.

    Examples
    --------
    >>> said(Note("", {"text": "wolves here"}))
    'wolves here'
    """
    if not note.key:
        return str(note.facts.get("text", ""))
    phrases = table(lang)
    if f"note {note.key}" not in phrases:  # of a round that another version wrote
        return note.key
    sentence = filled(phrases[f"note {note.key}"], note.facts, lang)
    times = filled(phrases["note times"], note.facts, lang) if "times" in note.facts else ""
    return f"{sentence} {times}".rstrip()


def assumed(note: Note, lang: str = FALLBACK) -> str:
    """What was assumed or is to be done about what a note says; empty where nothing is.

    Below it stands the fact `plan_lines`, lines for the plan that do it, and behind them, as a comment
    of TOML, the fact `aside`: what else might be said there. Before them stands the fact `into`: where
    in the plan they go, if not at its end.
    """
    if not note.key:
        return str(note.facts.get("assumed", ""))
    phrase = table(lang).get(f"note {note.key} assumed", "")
    # one fault may have a cure for each of its causes
    advice = note.facts.get("advice", "")
    cure = filled(phrase, note.facts, lang) if phrase else _fact(advice, lang)
    lines, aside = note.facts.get("plan_lines", ""), _fact(note.facts.get("aside", ""), lang)
    into = _fact(note.facts.get("into", ""), lang)
    cure = in_list(filter(None, (cure, into)), lang) if lines else cure
    if not lines:
        return cure
    return f"{with_label(cure, '', lang).rstrip()}\n{lines}{f' # {aside}' if aside else ''}"


def in_list(parts: Iterable[str], lang: str = FALLBACK) -> str:
    """Several of a kind in a row, parted by the sign of the language.

    Examples
    --------
    >>> in_list(["KZ", "UZ"]), in_list(["KZ", "UZ"], "zh")
    ('KZ, UZ', 'KZ、UZ')
    """
    return table(lang)["between parts"].join(parts)


def in_clauses(parts: Iterable[str], lang: str = FALLBACK) -> str:
    """Parts of a sentence in a row, which may be lists themselves.

    Examples
    --------
    >>> in_clauses(["robust", "weakest in C1, C2"], "ru")
    'robust; weakest in C1, C2'
    """
    return table(lang)["between clauses"].join(parts)


def with_label(label: str, value: object, lang: str = FALLBACK) -> str:
    """A value behind what it is called.

    Examples
    --------
    >>> with_label("Area", "12 km²"), with_label("面积", "12 km²", "zh")
    ('Area: 12 km²', '面积：12 km²')
    """
    return table(lang)["label and value"].format(label=label, value=value)


def with_aside(words: str, aside: object, lang: str = FALLBACK) -> str:
    """Words with others behind them in brackets; alone where there are none.

    Examples
    --------
    >>> with_aside("Saiga", "possibly"), with_aside("Saiga", ""), with_aside("物种", 4, "zh")
    ('Saiga (possibly)', 'Saiga', '物种（4）')
    """
    if aside == "":
        return words
    return table(lang)["words and aside"].format(words=words, aside=aside)


_JOINED: Final = frozenset({"sentences", "parts", "clauses"})
"""Facts that are lists of sentences or of their parts, by their names: a language says what joins them."""

_JOINERS: Final[Mapping[str, str]] = {
    "hints": "",
    "lines": "\n  - ",
    "entries": "\n- ",
    "problems": "\n",
}
"""The same where what joins them is no matter of language."""


def filled(phrase: str, facts: Mapping[str, object], lang: str = FALLBACK) -> str:
    """A phrase with its facts as they are read, and its nouns as the counts before them ask.

    Examples
    --------
    >>> filled("{n} {n:unit|units}", {"n": 1}), filled("{n} {n:вид|вида|видов}", {"n": 22}, "ru")
    ('1 unit', '22 вида')
    >>> filled("{file} 是空的", {"file": Note("the file")}, "zh"), filled("{file} 是空的", {"file": "a.kml"}, "zh")
    ('该文件是空的', 'a.kml 是空的')
    """
    said_facts = {name: _named_fact(name, value, lang) for name, value in facts.items()}
    for name, fact in facts.items():
        # Chinese parts a name or number from its own words by a space, and none of these from each other
        if isinstance(fact, Note) and _HAN.match(said_facts[name][-1:]):
            phrase = re.sub(rf"(?<={{{name}}}) (?={_HAN.pattern})", "", phrase)
    return phrase.format(**said_facts)


_HAN: Final = re.compile("[\u4e00-\u9fff]")


def _named_fact(name: str, value: object, lang: str) -> str:
    """A fact by its name where that says how it is read, else by its kind."""
    # a word of the model, in every language
    if name in ("status", "code_word") and str(value) in table(lang):
        return table(lang)[str(value)]
    if name in ("group", "groups", "owner") and isinstance(value, str):
        return spoken_groups(value, lang)
    if name == "answer":
        return answer_said(str(value), lang)
    if name == "cure" and isinstance(value, Note):  # what to do about what another fact says
        return assumed(value, lang)
    if name in _JOINED | _JOINERS.keys() and isinstance(value, list | tuple):
        joiner = _JOINERS[name] if name in _JOINERS else table(lang)[f"between {name}"]
        return joiner.join(_fact(part, lang) for part in value)
    return _fact(value, lang)


def spoken_groups(groups: object, lang: str = FALLBACK) -> str:
    """Groups as a workshop calls them, those of everybody in the reader's language.

    Examples
    --------
    >>> spoken_groups("S1;everybody", "ru")
    'S1;все группы'
    """
    return ";".join(
        table(lang)["everybody"] if name == "everybody" else name for name in str(groups).split(";")
    )


def answer_said(answer: str, lang: str = FALLBACK) -> str:
    """A default or a resolution of a conflict in words: rules have phrases, a group or file its name.

    Examples
    --------
    >>> answer_said("keep S1"), answer_said("ask: nobody knows")
    ('Keep S1', 'Ask plenary · nobody knows')
    """
    choice, _, reason = answer.partition(":")
    phrases, keeper = table(lang), choice.strip().removeprefix(_KEEP)
    line = phrases["desk keep"].format(group=keeper) if keeper else ""
    return " · ".join(filter(None, (phrases.get(f"answer {choice.strip()}", line), reason.strip())))


_KEEP: Final = "keep "
"""Before the name of a group or file in the table of conflicts, whose spelling is a contract."""


def _fact(value: object, lang: str) -> str:
    """A number, a name, several of either, or a note, in words."""
    if isinstance(value, Note):
        return said(value, lang)
    if isinstance(value, list | tuple):
        *first, last = [_fact(part, lang) for part in value] or [""]
        return table(lang)["because and"].join([in_list(first, lang), last]) if first else last
    if isinstance(value, Problem):
        return value.sentence(lang)
    # Years, and lines of a file, are whole numbers that nobody parts: five digits are a count.
    if not isinstance(value, Real):
        return str(value)
    is_parted = not isinstance(value, Integral) or abs(int(value)) >= 10_000
    return SpokenNumber(number(float(value), lang) if is_parted else str(value), value, lang)


class SpokenNumber(str):
    """A number as it is read, which a phrase may ask for otherwise.

    ``{km:.1f}`` and the like give it so many digits, in the signs of the language; ``{n:row|rows}``
    is the noun that goes with it, in two forms (one, more) or three (one, two to four, more).
    """

    def __new__(cls, text: str, value: Any, lang: str) -> Self:
        """The number as text, with the number itself."""
        figure = super().__new__(cls, text)
        figure.value = int(value) if isinstance(value, Integral) else float(value)
        figure.lang = lang
        return figure

    value: float
    lang: str

    def __format__(self, spec: str) -> str:
        if "|" in spec:
            forms = spec.split("|")
            return forms[_form(self.value, len(forms))]
        if not spec:
            return str(self)
        figure = format(self.value, spec)
        if "e" in figure:  # nobody reads "1.2e+02"
            from decimal import Decimal

            figure = format(Decimal(figure), "+,f" if "+" in spec else ",f")
        return _in_signs(figure, self.lang)


def _form(count: float, n_forms: int) -> int:
    """Which of the forms of a noun a count takes: of two as in English, of three as in Russian."""
    # a fraction takes the second: 1.5 points, 5,5 балла
    if n_forms < 3 or count != int(count):
        return int(count != 1)
    if count % 10 == 1 and count % 100 != 11:
        return 0
    return 1 if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14) else 2


def number(value: float, lang: str = FALLBACK, digits: int = 0) -> str:
    """A number as people write it: "12,345" in English, "12 345" (no-break) in Russian.

    Examples
    --------
    >>> number(12345.4), number(0.5, "ru", 1)
    ('12,345', '0,5')
    """
    return _in_signs(f"{value:,.{digits}f}", lang)


def _in_signs(plain: str, lang: str) -> str:
    """A number with the signs that a language parts thousands and decimals with."""
    if lang == FALLBACK:
        return plain
    phrases = table(lang)
    signs: dict[str, Any] = {",": phrases["thousands separator"], ".": phrases["decimal separator"]}
    return plain.translate(str.maketrans(signs))


def quoted(words: object) -> Note:
    """What a program of others says of its trouble, in its own words: they are no sentence of ours."""
    return Note("program's words", {"words": str(words)})


def nearest_note(word: str, vocabulary: Iterable[str], key: str = "did you mean") -> str | Note:
    """As :func:`nearest`, as a fact of a note; *perhaps* says it in brackets, for a note that goes on."""
    close = nearest_word(word, vocabulary)
    return Note(key, {"word": close}) if close else ""


def in_short(
    names: Iterable[object], limit: int | None = 5, note_of: Callable[[Any], Note] | None = None
) -> str | Note:
    """As :func:`listed`, as a fact of a note, all of it without a limit; of notes too, made by `note_of`."""
    all_names = list(names)
    # a file may have a hundred thousand such rows, of which five are told: no note for the others
    first = [note_of(name) if note_of else name for name in all_names[:limit]]
    parts = [part if isinstance(part, Note) else str(part) for part in first]
    # several as a value: what stands between them is the language's
    line = Note("in a row", {"parts": parts}) if len(parts) > 1 else (parts or [""])[0]
    untold = len(all_names) - len(first)
    return Note("more", {"names": line, "n": untold}) if untold else line


def nearest_word(word: str, vocabulary: Iterable[str]) -> str:
    """The known word that was perhaps meant, or an empty string."""
    # 0.6, the library's own: a slip or two in a word, and no other word
    return next(iter(get_close_matches(word, list(vocabulary), n=1, cutoff=0.6)), "")


def nearest(word: str, vocabulary: Iterable[str]) -> str:
    """A hint at the known word that was perhaps meant, or an empty string."""
    close = nearest_word(word, vocabulary)
    return f" Did you mean '{close}'?" if close else ""


def hints_behind(words: Iterable[str], vocabulary: Iterable[object]) -> str:
    """Behind a fault the known words that were perhaps meant, as sentences of their own; or nothing."""
    known_words = list(map(str, vocabulary))
    hints = "".join(nearest(word, known_words) for word in words)
    return f".{hints}" if hints else ""


def faults_said(faults: Iterable[str]) -> str:
    """Faults one behind the other, with a full stop unless the last ends with a hint, which is a question."""
    together = "; ".join(faults)
    return together if together.endswith("?") else f"{together}."


def listed(names: Iterable[object], limit: int = 5, lang: str = FALLBACK) -> str:
    """The first few names, and how many more: "a, b, c and 4 more"."""
    return _fact(in_short(map(str, names), limit), lang)
