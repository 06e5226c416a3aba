"""What people read: the phrases of a language, and a unit's figures in words.

Balloons, popups, tables and documents take their words from here, so that they cannot differ. A
card holds a unit's figures as strings ready to show (not escaped: whoever writes KML, HTML or XLSX
cleans and escapes for that format).
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar, cast

import pandas as pd

from cami_units.model import (
    DISCLAIMER,
    HIDDEN_STATUSES,
    INDICATIVE,
    INPUT_LAYERS,
    NEEDS,
    SEASONAL_RANGE,
    Imprint,
    InputError,
    Names,
    Note,
    Problem,
    SpokenNumber,
    check_arguments,
    check_columns,
    clean_name,
    clean_text,
    filled,
    finding_key,
    is_missing,
    listed,
    nearest,
    notes_as_text,
    notes_from_text,
    records,
    source_note,
)
from cami_units.model import assumed as assumed
from cami_units.model import in_clauses as in_clauses
from cami_units.model import in_list as in_list
from cami_units.model import number as number
from cami_units.model import said as said
from cami_units.model import with_aside as with_aside
from cami_units.model import with_label as with_label
from cami_units.phrases import FALLBACK, table
from cami_units.phrases import LANGUAGES as LANGUAGES

CARD_FIELDS: Final = (
    "name_en",
    "name_ru",
    "status",
    "rank",
    "states",
    "area",
    "species",
    "criteria",
    "protected",
    "barriers",
    "context",
    "confidence",
    "stability",
    "origin",
    "takes",
    "open_questions",
    "comment",
)
"""The fields of a unit's card, in the order in which a balloon or popup shows them."""

OPTIONAL_FIELDS: Final = frozenset({"context", "stability", "takes", "open_questions"})
"""Fields that are empty until somebody asks for them, and are not shown while they are."""


T = TypeVar("T")


class Figure(NamedTuple):
    """A number in a sentence, and with how many decimals it is told."""

    value: float
    digits: int = 0

    @property
    def plain(self) -> str:
        """As a program reads it: a decimal point, no thousands separator, no unit."""
        return f"{self.value:.{self.digits}f}"


class FieldParts(NamedTuple):
    """A field of a card taken apart: the sentence around its values, and these by their keys.

    In `pattern` a value stands as ``$[key]``, as in the template of a balloon; in `counted` the one
    of these, if any, that says how many the field lists, beside its label. Figures are
    :class:`Figure`; the others are words.
    """

    pattern: str
    values: Mapping[str, str | Figure] = MappingProxyType({})
    counted: str = ""

    def spoken(self, lang: str) -> str:
        """The field as people read it."""
        return self._filled(self.pattern, lang)

    def count_said(self, lang: str) -> str:
        """How many the field lists, as people read it; empty of one that lists nothing."""
        return self._filled(self.counted, lang)

    def _filled(self, pattern: str, lang: str) -> str:
        said_values = {
            key: number(value.value, lang, value.digits) if isinstance(value, Figure) else value
            for key, value in self.values.items()
        }
        return _VALUE.sub(lambda found: said_values[found[1]], pattern)


def field_count(card: Mapping[Any, Any], card_field: str, lang: str) -> str:
    """How many things a field of a card lists; empty where it lists none."""
    parts = (card.get("parts") or {}).get(card_field)
    return parts.count_said(lang) if parts else ""


def field_label(card: Mapping[Any, Any], card_field: str, lang: str) -> str:
    """What a field of a card is called, and how many things it lists: "Species (4)"."""
    return with_aside(text(card_field, lang), field_count(card, card_field, lang), lang)


_VALUE: Final = re.compile(r"\$\[([^]]+)\]")

NEED: Final = NEEDS
SUPPORT: Final = ("C8", "C9")
"""Criteria that are no merit of a unit: what it needs, and what supports the finding."""

NEED_MARKS: Final[Mapping[bool | None, str]] = MappingProxyType({True: "●", False: "○", None: "?"})
"""Of a need: there is one, or not. A gap in protection is no failure of a unit, nor a merit."""

MARKS: Final[Mapping[bool | None, str]] = MappingProxyType({True: "✓", False: "✗", None: "?"})


def text(key: str, /, lang: str = "en", **facts: object) -> str:
    """A phrase of the catalogue, filled in with facts where any are given.

    Raises
    ------
    InputError
        When the phrase or the language is unknown.

    Examples
    --------
    >>> text("area", "ru")
    'Площадь'
    >>> text("drawn of", drawn=500, all=12000)
    '500 of 12,000 drawn'
    """
    phrases = catalogue(lang)
    # a page that shows a key in place of a sentence would be handed out: rather no page
    if key not in phrases:
        raise InputError(f"The phrase '{key}' is not in the catalogue.{nearest(str(key), phrases)}")
    return filled(phrases[key], facts, lang) if facts else phrases[key]


def counted(n: int, noun: str, lang: str = "en") -> str:
    """So many of something, the noun bent as the language bends it after that number.

    The nouns are the phrases ``counted …`` of the catalogue: whoever counts something for people
    to read takes the words from there.

    Examples
    --------
    >>> counted(1, "shapes"), counted(2, "shapes"), counted(22, "rows", "ru")
    ('1 shape', '2 shapes', '22 строки формы')
    """
    return text(f"counted {noun}", lang, n=n)


SIGNS: Final[Mapping[str, Callable[..., str]]] = MappingProxyType(
    {
        "in_list": in_list,
        "in_clauses": in_clauses,
        "with_label": with_label,
        "with_aside": with_aside,
    }
)
"""What writes the signs of a language into templates of pages, as their filters."""

COUNTED: Final = ("shapes", "pins", "evidence", "rows", "unusable")
"""What is counted in a file that a group hands in."""


def found_in(file: Mapping[str, Any], lang: str = "en") -> str:
    """What a file that a group handed in gave, counted; empty where it gave nothing.

    Examples
    --------
    >>> found_in({"shapes": 1, "pins": 2, "rows": 0})
    '1 shape, 2 pins and lines'
    """
    return in_list((counted(int(file[key]), key, lang) for key in COUNTED if file.get(key)), lang)


def catalogue(lang: str = "en") -> Mapping[str, str]:
    """Every phrase of a language, by its key.

    Raises
    ------
    InputError
        When there is no table of that language.
    """
    if lang not in LANGUAGES:
        raise InputError(f"Language '{lang}' is unknown: {listed(LANGUAGES)} are there.")
    return table(lang)


def has(key: str) -> bool:
    """Whether there is a phrase of this key, in every language."""
    return key in catalogue()


def name_in(row: Mapping[Any, Any], lang: str = "en") -> str:
    """The name of a unit, species, state or place in a language, or else the English one.

    Examples
    --------
    >>> name_in({"name_en": "Altai", "name_ru": "Алтай"}, "ru"), name_in({"name_en": "Altai"}, "ru")
    ('Алтай', 'Altai')
    """
    # a name in Latin letters is read in any language; an empty place says nothing in all of them
    return clean_name(row.get(f"name_{lang}")) or clean_name(row.get("name_en"))


def name_field(lang: str = "en") -> str:
    """The field of a card that holds a unit's name in a language, or else the English one.

    Examples
    --------
    >>> name_field("ru")
    'name_ru'
    """
    # a card names a unit twice, for rooms of two languages: others find the English one first
    return f"name_{lang}" if f"name_{lang}" in CARD_FIELDS else "name_en"


def disclaimer(standing: str, lang: str = "en") -> str:
    """The disclaimer of an imprint; our own standing one in the reader's language.

    Examples
    --------
    >>> disclaimer("An organisation's own words.", "ru")
    "An organisation's own words."
    """
    words = text("standing disclaimer", lang) if standing == DISCLAIMER else standing
    return " ".join(filter(None, (words, text("translation note", lang))))


def sources_in(cited: Iterable[Note], lang: str = "en") -> tuple[str, ...]:
    """The sources of a round in words, a line each."""
    lines = ((note.key, said(note, lang)) for note in cited)
    # a context layer is called as its user called it
    return tuple(
        line if key == "source context" else line[:1].upper() + line[1:] for key, line in lines
    )


def sources(imprint: Imprint, lang: str = "en") -> tuple[str, ...]:
    """The sources of an imprint in the reader's language; as they stand, where nobody knows them as values.

    Examples
    --------
    >>> sources(Imprint("T", "2026-11-22", "Round 00", "p", sources=("Own survey",)), "ru")
    ('Own survey',)
    """
    is_known = sources_in(imprint.cited) == imprint.sources
    return sources_in(imprint.cited, lang) if is_known else imprint.sources


def source_said(source: str, facts: object, lang: str = "en") -> str:
    """Where something is from: in a language where `facts` hold it as values, else as it stands.

    Examples
    --------
    >>> source_said("from memory", "memory", "ru"), source_said("from memory", "", "ru")
    ('по памяти', 'from memory')
    """
    note = source_note(source, facts)
    return said(note, lang) if note else source


def layer_value(column: str, value: str, lang: str = "en", source_facts: object = "") -> str:
    """A value of a layer in a language where it is a word of ours; what others wrote as it stands.

    `source_facts` is the column of that name, which holds the source of a row as values.

    Examples
    --------
    >>> layer_value("confidence", "high", "ru"), layer_value("name", "high", "ru")
    ('высокая', 'high')
    """
    if column == "source":
        return source_said(value, source_facts, lang)
    if column == "label" and value == INDICATIVE:
        return text("indicative", lang)
    if column == "kind" and value in _BARRIER_KINDS:
        return text(value, lang)
    keys = {"confidence": f"note certainty {value}", "designation": f"designation {value}"}
    key = (keys | {"kind": f"kind {value}"}).get(column, "")
    return text(key, lang) if has(key) else value


def day(date: str, lang: str = "en") -> str:
    """A date as people say it.

    Examples
    --------
    >>> day("2026-11-22"), day("2026-11-22", "ru")
    ('22 November 2026', '22 ноября 2026')
    """
    moment_of = datetime.fromisoformat(date)
    # not by the locale: that is the machine's and not the reader's, and its bytes would differ
    month = text(f"month {moment_of.month}", lang)
    return text("written date", lang, day=moment_of.day, month=month, year=moment_of.year)


def moment(time: str, lang: str = "en") -> str:
    """A day and an hour as people say them; what is no time, as it is.

    Examples
    --------
    >>> moment("2026-11-22T14:05"), moment("after lunch")
    ('22 November, 14:05', 'after lunch')
    """
    try:
        moment_of = datetime.fromisoformat(time)
    except ValueError:
        return time
    month = text(f"month {moment_of.month}", lang)
    time_of_day = f"{moment_of:%H:%M}"
    return text("written moment", lang, day=moment_of.day, month=month, time=time_of_day)


def round_name(imprint: Imprint, lang: str = "en") -> str:
    """What a round is called: "Round 01"; by its own name where it has no number."""
    return f"{text('round', lang)} {imprint.number}" if imprint.number else imprint.round


def imprint_in(imprint: Imprint, lang: str) -> Imprint:
    """An imprint for readers of a language: the demonstration is called in theirs, all else as its plan says.

    Examples
    --------
    >>> from cami_units.model import Imprint
    >>> demonstration = Imprint(text("title of the demonstration"), "2026-11-22", "Round 00", "P")
    >>> imprint_in(demonstration, "ru").title
    'Приоритетные природоохранные единицы для млекопитающих Центральной Азии: демонстрация'
    """
    return replace(imprint, title=title_in(imprint.title, lang, is_ours=imprint.demonstration))


def title_in(title: str, lang: str, *, is_ours: bool | None = None) -> str:
    """A title for readers of a language: the demonstration's is in theirs.

    `is_ours`: whether it is the demonstration's; ``None`` of a round of an earlier version, which says it by its title.
    """
    if is_ours is None:
        is_ours = is_demonstration(title)
    return text("title of the demonstration", lang) if is_ours else title


def is_demonstration(title: str) -> bool:
    """Whether a title is that of the demonstration, in whatever language.

    Examples
    --------
    >>> is_demonstration(text("title of the demonstration", "ru")), is_demonstration("Altai 2026")
    (True, False)
    """
    return any(title == text("title of the demonstration", lang) for lang in LANGUAGES)


def profile_name(name: str, lang: str = "en") -> str:
    """What a profile of criteria is called: the bundled ones in the reader's language.

    Examples
    --------
    >>> profile_name("operational proxy criteria", "ru"), profile_name("the Secretariat's", "ru")
    ('рабочие замещающие критерии', "the Secretariat's")
    """
    return _known("profile", name, lang)


def measure(unit: object, value: float = 0, lang: str = "en") -> str:
    """What a number of the table `unit_criteria` counts, in the reader's language, bent after the number.

    Examples
    --------
    >>> measure("crossings", 1), measure("species", 3, "ru"), measure("of another profile", 3, "ru")
    ('crossing', 'вида', 'of another profile')
    """
    key = f"measure {unit}"
    return text(key, lang, n=value) if has(key) else _string(unit)


def _known(kind: str, word: object, lang: str) -> str:
    """A word of ours in the reader's language; another one as somebody wrote it."""
    key = f"{kind} {word}"
    return text(key, lang) if has(key) else _string(word)


def complaint(problem: Problem, lang: str = "en") -> str:
    """A problem in one line of a page's language; without a note in English, as it was found.

    Examples
    --------
    >>> complaint(Problem("note", "ranges", "saiga.shp", "row 3", "no geometry", "Draw it."))
    'saiga.shp, row 3: no geometry. Draw it.'
    """
    note = problem.as_note()
    what, cure = said(note, lang), assumed(note, lang)
    # the layer stands for a place only where no file does; other "layers" are rooms of ours
    layer = problem.layer if problem.layer in INPUT_LAYERS else ""
    place = problem.place(lang) or layer
    return ". ".join(filter(None, (with_label(place, what, lang) if place else what, cure)))


def unit_cards(
    tables: Mapping[str, pd.DataFrame], species: pd.DataFrame, *, lang: str = "en"
) -> pd.DataFrame:
    """What each unit says of itself, as strings ready to show.

    Parameters
    ----------
    tables : mapping
        `conservation_units`, `unit_criteria`, `unit_species` and `what_it_takes` of a round;
        `sensitivity`, where it has been run; `unit_context`, where the plan has context layers.
    species : DataFrame
        The `species` table: names and label codes.
    lang : str
        A code of :data:`LANGUAGES`: the language of the phrases and of the species' names.

    Returns
    -------
    DataFrame
        One row a unit, in the order of `conservation_units`: ``unit_id``,
        :data:`CARD_FIELDS`, and ``parts``: the :class:`FieldParts` of each field that has figures,
        for files that hold these as numbers. An unknown value is an empty string.

    Examples
    --------
    >>> import cami_units as cu
    >>> import pandas as pd
    >>> units = pd.DataFrame(
    ...     {
    ...         "unit_id": ["CU-001"], "name_en": ["Ustyurt"], "name_ru": ["Устюрт"],
    ...         "status": ["modelled candidate"], "origin": ["new"], "hotspot_ids": [""],
    ...         "rank_label": ["1"], "tier": ["high"], "score": [0.5], "area_km2": [12345.6],
    ...         "countries": ["KZ;UZ"], "disputed": [False], "species": ["Saiga tatarica"],
    ...         "confidence": [0.67],
    ...     }
    ... )
    >>> found = pd.DataFrame({"unit_id": ["CU-001"], "criterion": ["C1"], "met": [False], "value": [1.0]})
    >>> tables = {"conservation_units": units, "unit_criteria": found}
    >>> card = cu.unit_cards(tables, cu.read_species()).iloc[0]
    >>> card["area"], card["species"], card["criteria"], card["barriers"]
    ('12,346 km²', 'Saiga antelope', 'C1 ✗', 'not assessed')
    """
    check_arguments(unit_cards, locals())
    catalogue(lang)  # of a language that there is
    for name, columns in _CARD_COLUMNS.items():
        check_columns(tables.get(name, pd.DataFrame()), name, columns)
    check_columns(species, "species", ("sci_name",))
    units = tables["conservation_units"]
    findings: dict[str, dict[str, dict[str, Any]]] = {}
    for row in records(tables["unit_criteria"]):
        # Every table is gone through once and asked by unit: cards of three hundred units else take
        # minutes.
        findings.setdefault(row["unit_id"], {})[row["criterion"]] = row
    names = {row["sci_name"]: name_in(row, lang) for row in records(species)}
    sure = {
        row["unit_id"]: _stability_parts(row, lang)
        for row in records(tables.get("sensitivity", pd.DataFrame()))
    }
    # silent until sensitivity has been run: then a unit that it missed (drawn since) says so
    unsure = FieldParts(text("not computed", lang) if sure else "")
    around = _of_each(tables.get("unit_context"), lambda row: _context_parts(row, lang))
    present = tables.get("unit_species")
    # the unit's own species first, whatever letter it begins with
    if present is not None and "range_share" in present:
        present = present.sort_values("range_share", ascending=False, kind="stable")
    also = _of_each(present, lambda row: _uncounted(row, names, lang))
    called = names_of({"species": species, "countries": tables.get("countries")})
    states = states_named(tables, lang)
    takes = _of_each(
        tables.get("what_it_takes"), lambda row: what_it_takes(row, called, lang), "site"
    )
    rows = []
    for unit in records(units.drop(columns="geometry", errors="ignore")):
        unit_id = unit["unit_id"]
        unit_findings = findings.get(unit_id, {})
        parts = _figure_parts(unit, unit_findings, names, also.get(unit_id, ()), lang) | {
            "stability": sure.get(unit_id, unsure),
            "context": _joint(around.get(unit_id, ()), lang),
        }
        rows.append(
            _card(unit, unit_findings, states[unit_id], lang)
            | {field: field_parts.spoken(lang) for field, field_parts in parts.items()}
            | {
                "takes": in_clauses(takes.get(unit_id, ()), lang),
                "parts": parts,
            }
        )
    return pd.DataFrame(rows, columns=["unit_id", *CARD_FIELDS, "parts"])


_CARD_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "conservation_units": (
        *("unit_id", "name_en", "name_ru", "status", "origin", "hotspot_ids", "rank_label", "tier"),
        *("score", "area_km2", "countries", "disputed", "species", "confidence"),
    ),
    "unit_criteria": ("unit_id", "criterion", "met"),
}
"""What a card is made of."""


def states_with_ground(tables: Mapping[str, pd.DataFrame]) -> dict[str, list[str]]:
    """The states of each unit of which no state has enough to count, by their codes.

    Parameters
    ----------
    tables : mapping
        `conservation_units` and, where it is known what lies in which state, `unit_countries`.

    Examples
    --------
    >>> units = pd.DataFrame({"unit_id": ["CU-1", "CU-2"], "countries": ["KZ", ""]})
    >>> ground = pd.DataFrame({"unit_id": ["CU-1", "CU-1", "CU-2"], "iso2": ["KZ", "UZ", "MN"]})
    >>> states_with_ground({"conservation_units": units, "unit_countries": ground})
    {'CU-2': ['MN']}
    """
    units = tables["conservation_units"]
    uncounted = set(units.loc[units["countries"].fillna("").eq(""), "unit_id"])
    of_ground = _of_each(tables.get("unit_countries"), lambda row: str(row["iso2"]))
    return {unit_id: sorted(of_ground[unit_id]) for unit_id in sorted(uncounted & set(of_ground))}


def states_named(tables: Mapping[str, pd.DataFrame], lang: str) -> dict[str, str]:
    """The states of each unit by their names: those that count, else those with any of its ground, which is said.

    Parameters
    ----------
    tables : mapping
        As for :func:`states_with_ground`; `countries`, for the names.
    lang : str
        The language of the names.
    """
    called = names_of({"countries": tables.get("countries")})["state"]
    uncounted = states_with_ground(tables)
    states = {}
    for unit in records(tables["conservation_units"][["unit_id", "countries"]]):
        small = uncounted.get(unit["unit_id"], [])
        codes = small or [code for code in _string(unit["countries"]).split(";") if code]
        names = in_list((name_in(called.get(code, {}), lang) or code for code in codes), lang)
        aside = text("too little to count", lang) if small else ""
        states[unit["unit_id"]] = with_aside(names, aside, lang)
    return states


def _of_each(
    table: pd.DataFrame | None, said_of: Callable[[dict[str, Any]], T], key: str = "unit_id"
) -> dict[str, list[T]]:
    """What the rows of a table say of each unit, in their order; rows that say nothing left out."""
    sayings: dict[str, list[T]] = {}
    for row in records(pd.DataFrame() if table is None else table):
        if saying := said_of(row):
            sayings.setdefault(row[key], []).append(saying)
    return sayings


def _card(
    unit: Mapping[str, Any],
    findings: Mapping[str, Mapping[str, Any]],
    states: str,
    lang: str,
) -> dict[str, str]:
    """The fields of one unit that are words alone."""
    if unit["disputed"]:
        states = with_aside(states, text("disputed", lang), lang)
    return {
        "unit_id": unit["unit_id"],
        "name_en": _string(unit["name_en"]),
        "name_ru": _string(unit["name_ru"]),
        "status": text(unit["status"], lang),
        "states": states,
        "criteria": _marked(findings, lang),
        "origin": _origin(unit, findings.get("C8", {}).get("value"), lang),
        "open_questions": in_clauses(open_questions(unit.get(OPEN_QUESTIONS)).values(), lang),
        "comment": text("how_to_comment", lang),
    }


OPEN_QUESTIONS: Final = "open_questions"
"""Column of units in rounds in which plenary has asked: a line a question, its id first."""


def open_questions(cell: object) -> dict[str, str]:
    """What plenary asks of a unit, by the id of the question, from its :data:`OPEN_QUESTIONS`.

    Examples
    --------
    >>> open_questions("A-001 Who guards the pass?"), open_questions(None)
    ({'A-001': 'Who guards the pass?'}, {})
    """
    rows = [row.partition(" ") for row in clean_text(cell).split("\n") if row]
    return {question_id: question for question_id, _, question in rows}


def _figure_parts(
    unit: Mapping[str, Any],
    findings: Mapping[str, Mapping[str, Any]],
    names: Mapping[str, str],
    also_present: Sequence[str],
    lang: str,
) -> dict[str, FieldParts]:
    """The fields of one unit that hold figures, taken apart."""
    qualifying = [name for name in _string(unit["species"]).split(";") if name]
    patterns = ["$[species]" if qualifying else "$[n_species]"]
    values: dict[str, str | Figure] = {"n_species": Figure(len(qualifying))}
    if qualifying:
        values["species"] = in_list((names.get(name, name) for name in qualifying), lang)
    if also_present:
        patterns.append(text("species beside them", lang, species="$[also_present]"))
        values["also_present"] = in_list(also_present, lang)
    species = FieldParts(in_clauses(patterns, lang), values, "$[n_species]" if qualifying else "")
    return {
        "rank": _rank(unit, lang),
        "area": _measured("area_km2", unit["area_km2"], text("km2", lang), lang),
        "species": species,
        "protected": _percent(findings, "C7", "of qualifying range protected", lang),
        "barriers": _percent(findings, "C6", "of the shared border fenced", lang),
        "confidence": _measured("confidence", unit["confidence"], "", lang, digits=2),
    }


def _measured(key: str, value: Any, unit: str, lang: str, *, digits: int = 0) -> FieldParts:
    """A figure with what it counts behind it; what is unknown was not assessed."""
    if pd.isna(value):
        return FieldParts(text("not assessed", lang))
    return FieldParts(f"$[{key}] {unit}".strip(), {key: Figure(float(value), digits)})


def _joint(fields: Iterable[FieldParts], lang: str) -> FieldParts:
    """Several fields as one, with their values together."""
    listed_fields = list(fields)
    values = {
        key: value for field_parts in listed_fields for key, value in field_parts.values.items()
    }
    return FieldParts(in_clauses((each.pattern for each in listed_fields), lang), values)


def _uncounted(row: Mapping[str, Any], names: Mapping[str, str], lang: str) -> str:
    """A species that is there without counting, with how much of its range; empty for the others."""
    name = names.get(row["sci_name"], str(row["sci_name"]))
    if row["role"] == "supporting":
        return with_aside(name, text("possibly", lang), lang)
    if row["role"] != "occurs":
        return ""
    if pd.isna(value := row["range_share"]):
        return name
    return with_aside(name, f"{share(float(value), lang)} % {text('of its range', lang)}", lang)


def _marked(findings: Mapping[str, Mapping[str, Any]], lang: str) -> str:
    """Marks of all findings; those of need and of support stand apart, as they are no merit."""
    ordered = told_order(findings)
    axes = [
        ("", [name for name in ordered if name not in (*NEED, *SUPPORT)]),
        (text("need", lang), [name for name in ordered if name in NEED]),
        (text("support", lang), [name for name in ordered if name in SUPPORT]),
    ]
    return " · ".join(
        " ".join(
            [
                *filter(None, [axis]),
                *(f"{name} {mark(findings[name]['met'], name)}" for name in names),
            ]
        )
        for axis, names in axes
        if names
    )


def stability(row: Mapping[str, Any], lang: str = "en") -> str:
    """How sure a unit is, from its row of the table `sensitivity`.

    Examples
    --------
    >>> stability({"label": "robust", "share_qualifying": 0.92, "runs": 1000, "flips": "cell size"})
    'robust (qualifies in 92 % of 1,000 runs; most often undone by cell size)'
    """
    return _stability_parts(row, lang).spoken(lang)


def _stability_parts(row: Mapping[str, Any], lang: str) -> FieldParts:
    """How sure a unit is, its shares and runs as figures."""
    values: dict[str, str | Figure] = {
        "stability": text(row["label"], lang),
        "share_qualifying_percent": Figure(share_of_runs(row["share_qualifying"])),
        "runs": Figure(float(row["runs"])),
    }
    sentence = text("qualifies in", lang, share="$[share_qualifying_percent]", runs="$[runs]")
    weakest = _string(row["flips"])
    if weakest:
        values["weakest"] = text(weakest, lang)
        sentence = in_clauses([sentence, text("weakest in", lang, factor="$[weakest]")], lang)
    return FieldParts(with_aside("$[stability]", sentence, lang), values)


def context(row: Mapping[str, Any], lang: str = "en") -> str:
    """What a context layer comes to in a unit, from its row of the table `unit_context`.

    Examples
    --------
    >>> context({"layer": "human-wildlife_conflict", "value": 12.3, "unit": "%"})
    'human-wildlife conflict (12 % of the area)'
    >>> context({"layer": "cattle", "value": 3.21, "unit": "mean"}, "ru")
    'cattle (3,2, среднее)'
    """
    return _context_parts(row, lang).spoken(lang)


def _context_parts(row: Mapping[str, Any], lang: str) -> FieldParts:
    """What a context layer comes to in a unit, its value and what it covers as figures."""
    # a layer's name is its user's: in a pattern it must not look like a value
    name, value = _string(row["layer"]).replace("_", " ").replace("$[", "$ ["), row["value"]
    key = f"context_{_NO_KEY.sub('_', _string(row['layer']))}"
    if pd.isna(value):
        return FieldParts(with_aside(name, text("not assessed", lang), lang))
    values: dict[str, str | Figure] = {}
    parts: list[str] = []
    covered = row.get("covered_share", 1.0)
    # less than half a thousandth outside is a rim, not ground that nobody looked at
    if not pd.isna(covered) and float(covered) < 0.9995:
        share = Figure(100 * float(covered), _digits(100 * float(covered)))
        values[f"{key}_covered_percent"] = share
        parts = [text("of the part looked at", lang, share=f"$[{key}_covered_percent]")]
    measured = context_measure(row["unit"], lang)
    values[key] = Figure(float(value), _digits(float(value)))
    # a measure that reads on after its number; others ("mean", "count") stand behind it
    figure = [f"$[{key}] {measured}"]
    if row["unit"] not in ("%", "km per 1000 km²"):
        figure = [f"$[{key}]", measured]
    return FieldParts(with_aside(name, in_list([*figure, *parts], lang), lang), values)


_NO_KEY: Final = re.compile(r"[^0-9A-Za-z_]")


def context_measure(unit: object, lang: str = "en") -> str:
    """What the numbers of a context layer count.

    Examples
    --------
    >>> context_measure("%"), context_measure("sum", "ru")
    ('% of the area', 'сумма')
    """
    return _known("context", unit, lang)


def context_title(
    title: object, measure: object, n_drawn: int, in_all: int, lang: str = "en"
) -> str:
    """A context layer in a legend: its name, what its numbers count, and how much of it is drawn.

    Examples
    --------
    >>> context_title("conflict", "%", 2, 2), context_title("mines", "count", 500, 12000)
    ('conflict (% of the area)', 'mines (count, 500 of 12,000 drawn)')
    """
    parts = [context_measure(measure, lang)]
    if n_drawn < in_all:
        counts = {"drawn": number(n_drawn, lang), "all": number(in_all, lang)}
        parts.append(text("drawn of", lang, **counts))
    return with_aside(_string(title), in_list(parts, lang), lang)


LEAST_SHARE: Final = 0.01
"""Per cent: below it a share is told as less than that. No layer is drawn so finely that more holds."""


def share(percent: float, lang: str = "en", digits: int | None = None) -> str:
    """A share in per cent, without its sign: never 0 where there is some of it, never finer than it is known.

    Parameters
    ----------
    digits : int, optional
        Its decimals; ``None``: about two digits in all.

    Examples
    --------
    >>> share(0.0041), share(3.21), share(82.4), share(0.02, "ru", 1), share(0.0)
    ('< 0.01', '3.2', '82', '< 0,1', '0')
    """
    least_share = LEAST_SHARE if digits is None else 10.0**-digits
    if 0 < percent < least_share:
        return f"< {exact(least_share, lang)}"
    return number(percent, lang, _digits(percent) if digits is None else digits)


def _digits(value: float) -> int:
    """The decimals of about two digits of a number below ten, and of whole numbers above."""
    size = abs(value)
    # from 9.95 on one decimal would give 10.0
    return 0 if size >= 9.95 or value.is_integer() else 1 if size >= 1 else 2


def share_of_runs(share: float) -> int:
    """A share (0–1) in whole per cent: 100 only where it is all of them, 0 only where none.

    Examples
    --------
    >>> share_of_runs(0.999), share_of_runs(0.001), share_of_runs(0.497)
    (99, 1, 49)
    """
    # Cut, not rounded: 999 runs in 1000 are not "always", and 49.7 % is fragile, which begins below 50.
    # A part of a billionth is what 0.29 × 100 lacks of 29.
    percent = 100 * float(share)
    return max(int(percent + 1e-9), int(percent > 0))


# -- evidence: what findings and decisions rest on ------------------------------------------------


def names_of(tables: Mapping[str, pd.DataFrame | None]) -> Names:
    """What the species, states, hotspots and protected areas of some tables are called."""
    names: dict[str, dict[str, Mapping[str, Any]]] = {}
    for kind, table_name, key in _NAMED:
        rows = tables.get(table_name)
        columns = [] if rows is None else [key, *(c for c in rows if str(c).startswith("name_"))]
        plain = pd.DataFrame() if rows is None else pd.DataFrame(rows)[columns]
        names[kind] = {str(row[key]): row for row in records(plain)}
    return names


_NAMED: Final = (
    ("species", "species", "sci_name"),
    ("state", "countries", "iso2"),
    ("hotspot", "hotspots", "hotspot_id"),
    ("protected_area", "protected_areas", "pa_id"),
)
"""What is named by its id among facts: the kind, the table that has its names, and its key there."""


def because(facts: Any, names: Names, lang: str = "en") -> str:
    """The sentence of a finding: its clauses, as `criteria` writes them into the column ``facts``.

    Examples
    --------
    >>> facts = '[{"key": "C3 none"}, {"key": "need", "limit": 0.5}]'
    >>> because(facts, {}), because(facts, {}, "ru")[-11:]
    ('No transboundary species, so no share of a range to count; 0.5 are needed.', 'нужно: 0,5.')
    """
    return _sentence(notes_from_text(facts), names, lang)


def each_because(facts: Iterable[Any], names: Names, lang: str = "en") -> list[str]:
    """The sentence of each of many findings: see :func:`because`.

    Those that rest on the same are said once: of the findings of thousands of units three in four.
    """
    column = list(facts)
    sentences = {cell: because(cell, names, lang) for cell in dict.fromkeys(column)}
    return [sentences[cell] for cell in column]


def reason(facts: Any, names: Names, lang: str = "en") -> str:
    """Why a site is proposed or not: a sentence for each note of the column ``facts``."""
    return _joined_sentences(notes_from_text(facts), names, lang)


def rationale(facts: Any, evidence: Mapping[str, str], names: Names, lang: str = "en") -> str:
    """Why a unit is one: the decision, and the evidence of what it hangs on.

    Parameters
    ----------
    facts : str
        The notes of the table `unit_rationale`.
    evidence : mapping
        The sentence of each finding of the unit, in this language.
    """
    sentences = [
        text("because criterion", lang, criterion=name, sentence=evidence[name])
        if note.key == EVIDENCE_OF
        else _said(note, names, lang)
        for note in notes_from_text(facts)
        for name in (_criteria_of(note) if note.key == EVIDENCE_OF else [""])
        # a profile may name a criterion of which this round has no finding: nothing is said for it
        if note.key != EVIDENCE_OF or name in evidence
    ]
    return text("between sentences", lang).join(sentences)


def is_taken_out(facts: str) -> bool:
    """Whether the notes of a unit say why a group rejected or merged it."""
    return bool(_outing(facts))


def facts_that_stand(facts: str, status: str) -> str:
    """The notes of `unit_rationale` for a unit of that status.

    Why a group rejected or merged it stays in the table, for an undo, and is no reason for a unit that
    stands by itself again.
    """
    if status in HIDDEN_STATUSES or not _outing(facts):
        return facts
    return notes_as_text(notes_from_text(facts)[1:])


def _outing(facts: str) -> list[Note]:
    """Why a group rejected or merged a unit, which comes first among its notes; else nothing."""
    return [note for note in notes_from_text(facts)[:1] if note.key in _OUT]


_OUT: Final = ("reason rejected", "reason rejected, none given", "reason merged")


def _criteria_of(note: Note) -> list[str]:
    """The criteria that a note speaks of, none where it speaks of none."""
    criteria = note.facts.get("criteria")
    return [str(name) for name in criteria] if isinstance(criteria, list | tuple) else []


EVIDENCE_OF: Final = "evidence of"
"""The key of the note that names the findings whose sentences belong into a rationale."""


def what_it_takes(row: Mapping[Any, Any], names: Names, lang: str = "en") -> str:
    """What would meet a criterion that a site misses, from its row of the table `what_it_takes`.

    Examples
    --------
    >>> what_it_takes(
    ...     {"criterion": "C3", "kind": "ground", "sci_name": "Panthera uncia", "iso2": "",
    ...      "missing": 0.033, "km2": 812.4, "direction": "NE", "corridor_id": ""},
    ...     {"species": {"Panthera uncia": {"name_en": "Snow leopard"}}},
    ... )
    'C3 lacks 0.033 points of Snow leopard range (812 km² more of it, nearest to the NE)'
    """
    return _said(taking(row), names, lang)


def taking(row: Mapping[Any, Any]) -> Note:
    """The note of a row of the table `what_it_takes`."""
    kind, species, iso2 = str(row["kind"]), str(row["sci_name"]), str(row["iso2"])
    facts: dict[str, object] = {"criterion": str(row["criterion"])}
    if kind == "ground":
        facts |= {"km2": round(float(row["km2"])), "direction": str(row["direction"])}
        if facts["criterion"] == "C3":
            # two figures: what is short is a part of a point, and nobody draws it finer
            points = float(f"{float(row['missing']):.2g}")
            facts |= {"species": species, "points": int(points) if points >= 10 else points}
            return Note("takes share", facts)
        if species:
            return Note("takes side", facts | {"species": species})
        return Note("takes ground", facts | {"state": iso2 or Note("any state", {})})
    if kind == "grade":
        corridor = str(row["corridor_id"])
        facts |= {"corridor": corridor, "species": species, "pair": iso2}
    # how many layers would have to be looked at: `missing` counts them, no distance to a limit
    if kind == "layers":
        facts |= {"n": round(float(row["missing"]))}
    return Note(f"takes {kind}", facts)


def in_language(
    tables: Mapping[str, pd.DataFrame], lang: str, names: Names | None = None
) -> Mapping[str, pd.DataFrame]:
    """The tables of a round with their sentences in a language: because, rationale, reason, says.

    Rows without facts, as in rounds of old, keep the words that they have. English is what a round
    is written in: its tables come back as they are. A table in which nothing is said is not read.
    """
    if lang == FALLBACK:
        return tables
    translated_tables: dict[str, pd.DataFrame] = {}
    named = names_of(tables) if names is None else names
    findings = tables.get("unit_criteria")
    if findings is not None and "facts" in findings:
        findings = _spoken(findings, "because", each_because(findings["facts"], named, lang))
        translated_tables["unit_criteria"] = findings
    units, why = tables.get("conservation_units"), tables.get("unit_rationale")
    if units is not None and why is not None and findings is not None:
        facts = dict(zip(why["unit_id"], why["facts"], strict=True))
        statuses = dict(zip(units["unit_id"], units["status"], strict=True))
        facts = {
            name: facts_that_stand(text, statuses.get(name, "")) for name, text in facts.items()
        }
        evidence: dict[str, dict[str, str]] = {}
        columns = (findings[name] for name in ("unit_id", "criterion", "because"))
        for unit_id, criterion, sentence in zip(*columns, strict=True):
            evidence.setdefault(unit_id, {})[criterion] = sentence
        translated_tables["conservation_units"] = _spoken(
            units,
            "rationale",
            [
                rationale(facts.get(unit_id, ""), evidence.get(unit_id, {}), named, lang)
                for unit_id in units["unit_id"]
            ],
        )
    missed = tables.get("not_proposed")
    if missed is not None and "facts" in missed:
        translated_tables["not_proposed"] = _spoken(
            missed, "reason", [reason(note_facts, named, lang) for note_facts in missed["facts"]]
        )
    takes = tables.get("what_it_takes")
    if takes is not None and {"kind", "iso2", "corridor_id"} <= set(takes):
        rows = records(pd.DataFrame(takes.drop(columns="geometry", errors="ignore")))
        translated_tables["what_it_takes"] = _spoken(
            takes, "says", [what_it_takes(row, named, lang) for row in rows]
        )
    # the others lie beneath, where nobody writes
    return ChainMap(translated_tables, cast(dict[str, pd.DataFrame], tables))


def with_languages(
    tables: Mapping[str, pd.DataFrame], languages: Iterable[str]
) -> dict[str, pd.DataFrame]:
    """The tables of a round with their sentences in several languages beside the English ones.

    `unit_criteria` has ``because_ru`` and so on, `not_proposed` ``reason_ru``: for a page whose
    reader chooses.
    """
    spoken_tables = dict(tables)
    columns = {"unit_criteria": "because", "not_proposed": "reason"}
    others = [lang for lang in languages if lang != FALLBACK]
    told_tables = {name: tables[name] for name in columns if others and name in tables}
    names = names_of(tables) if others else {}
    for lang in others:
        translated_tables = in_language(told_tables, lang, names)
        for name, column in columns.items():
            if name in tables and "facts" in tables[name]:
                sentences = translated_tables[name][column]
                spoken_tables[name] = spoken_tables[name].assign(**{f"{column}_{lang}": sentences})
    return spoken_tables


def _spoken(table: pd.DataFrame, column: str, sentences: Iterable[str]) -> pd.DataFrame:
    """A table with a column of sentences made anew; a row of which nothing can be said keeps its own."""
    chosen_texts = [
        new or _string(own_text) for new, own_text in zip(sentences, table[column], strict=True)
    ]
    return table.assign(**{column: pd.Series(chosen_texts, index=table.index, dtype=object)})


def _sentence(clauses: Iterable[Note], names: Names, lang: str) -> str:
    """Clauses as one sentence, with a capital and a full stop."""
    line = _line(clauses, names, lang)
    return line[:1].upper() + line[1:]


def _line(clauses: Iterable[Note], names: Names, lang: str) -> str:
    """Clauses as one sentence that stands within another: without a capital."""
    parts = [_said(clause, names, lang) for clause in clauses]
    if not parts:
        return ""
    return text("because sentence", lang, clauses=in_clauses(parts, lang))


def _joined_sentences(notes: Iterable[Note], names: Names, lang: str) -> str:
    return text("between sentences", lang).join(_said(note, names, lang) for note in notes)


def _said(note: Note, names: Names, lang: str) -> str:
    """A note among the facts of a finding, in words."""
    if note.key in _KINDS:
        row = names.get(note.key, {}).get(str(note.facts.get("id")), {})
        return name_in(row, lang) or clean_name(note.facts.get("name"))
    key = f"because {note.key}"
    if not has(key):  # what a group or plenary said, or was done for it
        return said(note, lang)
    facts = {name: _shown_fact(name, value, names, lang) for name, value in note.facts.items()}
    part, limit = note.facts.get("share"), note.facts.get("limit")
    # beside a limit that is as small the figures are what the finding hangs on
    is_limit_small = isinstance(limit, int | float) and not limit >= LEAST_SHARE
    if isinstance(part, float) and 0 < part < LEAST_SHARE and not is_limit_small:
        facts["share"] = share(part, lang)
    if "name_en" in facts:
        facts["name"] = name_in(note.facts, lang)
    if "unit" in facts:
        facts["unit"] = measure(
            note.facts["unit"], limit if isinstance(limit, int | float) else 0, lang
        )
    return text(key, lang).format_map(_Blanks(facts))


class _Blanks(dict[str, str]):
    """Facts of a round that another version wrote: what it does not say leaves a blank."""

    def __missing__(self, name: str) -> str:
        return SpokenNumber("", 0, FALLBACK)  # a noun may hang on it


_KINDS: Final = frozenset(kind for kind, _, _ in _NAMED)

_KIND_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{kind: kind for kind in _KINDS},
        "names": "species",
        "states_all": "state",
        "states": "state",
    }
)
"""Facts that hold ids of things with a name."""

_MOST: Final[Mapping[str, int]] = MappingProxyType(
    {
        "names": 20,
        "sources": 3,
        "pairs": 3,
        "keys": 5,
        "species": 5,
        "crossings": 5,
        "hotspots": 5,
        "states": 5,
    }
)
"""How many parts of a list are said, and the rest counted; of the others all."""


def _shown_fact(name: str, value: object, names: Names, lang: str) -> str:
    """A fact in words: by what it is called where it names a thing, else by what it is."""
    if isinstance(value, Note):
        return _said(value, names, lang)
    if isinstance(value, list | tuple):
        return _shown_list(name, list(value), names, lang)
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return SpokenNumber(exact(value, lang), value, lang)
    word = clean_name(value)
    # before the names of states: a pair is two of them, which a language joins its own way
    if name == "pair" and ";" in word:
        first_state, second_state = (
            _shown_fact("state", code, names, lang) for code in word.split(";", 1)
        )
        return text("because pair", lang, one=first_state, other=second_state)
    if name == "corridor" and word == SEASONAL_RANGE:
        return text("because seasonal range", lang)
    if name in _KIND_OF:
        return _named(_KIND_OF[name], word, names, lang) or word
    if name == "kind" and word in _BARRIER_KINDS:
        return text(word, lang)
    if name == "direction":
        return text(f"direction {word}", lang) if has(f"direction {word}") else word
    return word


_BARRIER_KINDS: Final = ("border_fence", "railway", "road", "canal", "pipeline")


def _named(kind: str, thing_id: str, names: Names, lang: str) -> str:
    """What a thing of a kind is called within a sentence; empty where nobody says."""
    name = name_in(names.get(kind, {}).get(thing_id, {}), lang)
    is_small = kind == "species" and text("species within a sentence", lang)[:1].islower()
    return name[:1].lower() + name[1:] if is_small else name


def _shown_list(name: str, values: list[Any], names: Names, lang: str) -> str:
    """Several facts: notes of sentences, clauses of one, or names with their last joiner."""
    if name == "causes":
        return _line(values, names, lang)
    if name == "reason":
        return _joined_sentences(values, names, lang)
    parts = [_shown_fact(name, value, names, lang) for value in values]
    if name in ("takes", "listing"):
        return in_clauses(parts, lang)
    if name == "grades_any" or name == "criteria_any":
        return text("because or", lang).join(parts)
    most = _MOST.get(name, len(parts))
    # all of them are meant, so "and" stands before the last, and none is counted away
    if name.endswith("_all") and len(parts) > 1:
        return text("because and", lang).join([in_list(parts[:-1], lang), parts[-1]])
    line = in_list(parts[:most], lang)
    if len(parts) <= most:
        return line
    return text("because and more", lang, listed=line, n=number(len(parts) - most, lang))


def exact(value: float, lang: str = "en") -> str:
    """A number with all digits that it has; a measured one below 100 with one decimal at least.

    Examples
    --------
    >>> exact(12300.0), exact(8.0), exact(29.97), exact(0.034, "ru"), exact(30)
    ('12,300', '8.0', '29.97', '0,034', '30')
    """
    if isinstance(value, int):
        return number(value, lang)
    # twelve decimals leave out the noise of a binary fraction
    shortest = f"{value:.12f}".rstrip("0").partition(".")[2]
    # from 99.95 on it would be told as 100.0
    least_digits = 1 if 1 <= abs(value) < 99.95 else 0
    return number(value, lang, max(len(shortest), least_digits))


def line_name(row: Mapping[Any, Any], lang: str = "en") -> str:
    """The name of a barrier or a corridor in a language, else the one that it has.

    Examples
    --------
    >>> line_name({"name": "Karakum Canal", "name_ru": "Каракумский канал"}, "ru")
    'Каракумский канал'
    """
    return name_in(row, lang) or clean_name(row.get("name"))


def id_and_name(identity: object, name: object) -> str:
    """An id before the name; alone where it stands for the name too.

    Examples
    --------
    >>> id_and_name("B05", "Altai fence"), id_and_name("B05", "B05")
    ('B05 Altai fence', 'B05')
    """
    return " ".join(dict.fromkeys(filter(None, map(clean_name, (identity, name)))))


def fence_name(row: Mapping[Any, Any], lang: str = "en") -> str:
    """A closed stretch of border in a list: its place in it, its fence, and the unit it runs through.

    Examples
    --------
    >>> fence_name({"rank": 3, "name": "Altai fence", "unit_id": "CU-019"})
    '3. Altai fence (CU-019)'
    """
    unit = clean_name(row["unit_id"])
    return with_aside(f"{row['rank']}. {line_name(row, lang)}", unit, lang)


def fence_opening(row: Mapping[Any, Any], species: pd.DataFrame, lang: str = "en") -> str:
    """What opening a closed stretch of border would join, and what that rests on.

    Parameters
    ----------
    row : mapping
        A row of table `fences`.
    species : DataFrame
        Table `species`, for the names.

    Examples
    --------
    >>> fence_opening(
    ...     {"km": 229.6, "permeability": 0.2, "joined_km2": 50345.5, "species": "Saiga tatarica",
    ...      "barrier_share": 82.7, "barrier_share_open": 58.6, "best_grade": "B", "confidence": "high"},
    ...     pd.DataFrame({"sci_name": ["Saiga tatarica"], "name_en": ["Saiga"]}))
    '230 km fenced, 80 % closed to large ungulates; open, it would join 50,346 km² of range (Saiga); border of the unit closed 83 % → 59 %; crossing of grade B documented'
    """
    names = {
        str(species_row["sci_name"]): name_in(species_row, lang)
        for species_row in species.to_dict("records")
    }
    species_ids = clean_name(row["species"]).split(";")
    joined = in_list((names.get(name, name) for name in species_ids), lang)
    parts = [
        text(
            "fence joins",
            lang,
            closed=number(100 * (1 - row["permeability"]), lang),
            km=number(row["km"], lang),
            km2=number(row["joined_km2"], lang),
            species=joined,
        )
    ]
    if not pd.isna(row["barrier_share"]):
        now, then = (number(row[name], lang) for name in ("barrier_share", "barrier_share_open"))
        parts.append(text("fence unit", lang, now=now, then=then))
    grade = clean_name(row["best_grade"])
    if grade:
        parts.append(text("fence crossing", lang, grade=grade))
    else:
        # missing: nobody looked; rounds of before have 0 there
        is_unknown = pd.isna(row.get("n_crossings", 0))
        parts.append(text("fence crossings unknown" if is_unknown else "fence no crossing", lang))
    return in_clauses(parts, lang)


def mark(met: Any, finding: object = "") -> str:
    """✓ met, ✗ not met, ? not assessed; of a finding of need ● a need, ○ none.

    Examples
    --------
    >>> mark(True), mark(False), mark(None), mark(True, "C7")
    ('✓', '✗', '?', '●')
    """
    marks = NEED_MARKS if finding in NEED else MARKS
    return marks[None if pd.isna(met) else bool(met)]


def told_order(findings: Iterable[str]) -> list[str]:
    """Gates and criteria in the order in which they are told; those beyond C9 come last.

    Examples
    --------
    >>> told_order(["C10", "C2", "G1"])
    ['G1', 'C2', 'C10']
    """
    return sorted(findings, key=finding_key)


def _string(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def _rank(unit: Mapping[str, Any], lang: str) -> FieldParts:
    """Rank, tier and score on one line; a shared rank is "4=", of which the 4 is the figure.

    What is not proposed is scored too, often with nothing: it is said to have no rank, and no more.
    """
    tier, shown_rank = _string(unit["tier"]), _string(unit["rank_label"])
    if not shown_rank and not is_missing(unit["score"]):
        return FieldParts(text("not ranked", lang))
    place = re.match(r"\d+", shown_rank)
    values: dict[str, str | Figure] = {}
    if place:
        values["unit_rank"] = Figure(float(place[0]))
        shown_rank = f"$[unit_rank]{shown_rank[place.end() :]}"
    if tier:
        values["tier"] = text(tier, lang) if has(tier) else tier
    # a unit without a score is told as such: "nan" in Russian was never a word
    score = _measured("score", unit["score"], "", lang, digits=3)
    parts = (shown_rank, "$[tier]" if tier else "", f"{text('score', lang)} {score.pattern}")
    return FieldParts(" · ".join(filter(None, parts)), values | dict(score.values))


def _percent(
    findings: Mapping[str, Mapping[str, Any]], criterion: str, phrase: str, lang: str
) -> FieldParts:
    """The value of a criterion as a share of something."""
    key = {"C6": "barriers_percent", "C7": "protected_percent"}[criterion]
    value = findings.get(criterion, {}).get("value")
    return _measured(key, value, f"% {text(phrase, lang)}", lang)


def _origin(unit: Mapping[str, Any], share_in_hotspots: Any, lang: str) -> str:
    """What a unit is to the hotspots that it was grown from, with their ids.

    One that was grown from none may lie in some all the same: the share of C8 says so, where it is known.
    """
    hotspots = in_list(_string(unit["hotspot_ids"]).split(";"), lang)
    kind = text(unit["origin"], lang)
    if hotspots:
        return f"{kind} {hotspots}"
    if unit["origin"] != "new" or is_missing(share_in_hotspots):
        return kind
    return text("new, in hotspots" if share_in_hotspots > 0 else "new, no hotspots", lang)
