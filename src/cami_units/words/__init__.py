"""What people read: the phrases of a language, and names, days, shares and marks in it.

Balloons, popups, tables and documents take their words from here, so that they cannot differ. Two files
tell more, each imported where it is needed: `unit_card` what a unit says of itself, `finding_sentences` the
sentences of findings and decisions. All are strings ready to show (not escaped: whoever writes KML, HTML
or XLSX cleans and escapes for that format).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import pandas as pd

from cami_units.model import (
    DISCLAIMER,
    INDICATIVE,
    INPUT_LAYERS,
    NEEDS,
    Imprint,
    InputError,
    Note,
    Problem,
    clean_name,
    filled,
    finding_key,
    listed,
    nearest,
    source_note,
)
from cami_units.model import assumed as assumed
from cami_units.model import in_clauses as in_clauses
from cami_units.model import in_list as in_list
from cami_units.model import number as number
from cami_units.model import said as said
from cami_units.model import with_aside as with_aside
from cami_units.model import with_label as with_label
from cami_units.phrases import LANGUAGES as LANGUAGES
from cami_units.phrases import table

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
    if column == "kind" and value in BARRIER_KINDS:
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
    return known_word("profile", name, lang)


def measure(unit: object, value: float = 0, lang: str = "en") -> str:
    """What a number of the table `unit_criteria` counts, in the reader's language, bent after the number.

    Examples
    --------
    >>> measure("crossings", 1), measure("species", 3, "ru"), measure("of another profile", 3, "ru")
    ('crossing', 'вида', 'of another profile')
    """
    key = f"measure {unit}"
    return text(key, lang, n=value) if has(key) else as_text(unit)


def known_word(kind: str, word: object, lang: str) -> str:
    """A word of ours in the reader's language; another one as somebody wrote it."""
    key = f"{kind} {word}"
    return text(key, lang) if has(key) else as_text(word)


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
    return number(percent, lang, digits_of(percent) if digits is None else digits)


def digits_of(value: float) -> int:
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


BARRIER_KINDS: Final = ("border_fence", "railway", "road", "canal", "pipeline")


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
    if grade := clean_name(row["best_grade"]):
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


def as_text(value: Any) -> str:
    """A cell as text; empty where it is missing."""
    return "" if pd.isna(value) else str(value)
