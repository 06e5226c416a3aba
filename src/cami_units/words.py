"""What people read: the phrases of a language, and a unit's figures in words.

Balloons, popups, tables and documents take their words from here, so that they cannot differ. A
card holds a unit's figures as strings ready to show (not escaped: whoever writes KML, HTML or XLSX
cleans and escapes for that format).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import pandas as pd

from cami_units.model import (
    DISCLAIMER,
    FINDINGS,
    Imprint,
    InputError,
    Note,
    clean_name,
    listed,
    nearest,
)
from cami_units.phrases import LANGUAGES as LANGUAGES
from cami_units.phrases import table

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
    "comment",
)
"""The fields of a unit's card, in the order in which a balloon or popup shows them."""

OPTIONAL_FIELDS: Final = frozenset({"context", "stability"})
"""Fields that are empty until somebody asks for them, and are not shown while they are."""

NEED: Final = ("C6", "C7")
SUPPORT: Final = ("C8", "C9")
"""Criteria that are no merit of a unit: what it needs, and what supports the finding."""

NEED_MARKS: Final[Mapping[bool | None, str]] = MappingProxyType({True: "●", False: "○", None: "?"})
"""Of a need: there is one, or not. A gap in protection is no failure of a unit, nor a merit."""

MARKS: Final[Mapping[bool | None, str]] = MappingProxyType({True: "✓", False: "✗", None: "?"})


def text(key: str, lang: str = "en") -> str:
    """A phrase of the catalogue.

    Raises
    ------
    InputError
        When the phrase or the language is unknown.

    Examples
    --------
    >>> text("area", "ru")
    'Площадь'
    """
    phrases = catalogue(lang)
    if key not in phrases:
        raise InputError(f"The phrase '{key}' is not in the catalogue.{nearest(key, phrases)}")
    return phrases[key]


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
    return clean_name(row.get(f"name_{lang}")) or clean_name(row.get("name_en"))


def name_field(lang: str = "en") -> str:
    """The field of a card that holds a unit's name in a language, or else the English one.

    Examples
    --------
    >>> name_field("ru")
    'name_ru'
    """
    return f"name_{lang}" if f"name_{lang}" in CARD_FIELDS else "name_en"


def label(field: str, lang: str = "en") -> str:
    """The label of a card's field: what stands before its value."""
    return text(field, lang)


def disclaimer(standing: str, lang: str = "en") -> str:
    """The disclaimer of an imprint; our own standing one in the reader's language.

    Examples
    --------
    >>> disclaimer("An organisation's own words.", "ru")
    "An organisation's own words."
    """
    words = text("standing disclaimer", lang) if standing == DISCLAIMER else standing
    return " ".join(filter(None, (words, text("translation note", lang))))


def day(date: str, lang: str = "en") -> str:
    """A date as people say it.

    Examples
    --------
    >>> day("2026-11-22"), day("2026-11-22", "ru")
    ('22 November 2026', '22 ноября 2026')
    """
    moment_of = datetime.fromisoformat(date)
    month = text(f"month {moment_of.month}", lang)
    return text("written date", lang).format(day=moment_of.day, month=month, year=moment_of.year)


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
    return text("written moment", lang).format(
        day=moment_of.day, month=month, time=f"{moment_of:%H:%M}"
    )


def round_name(imprint: Imprint, lang: str = "en") -> str:
    """What a round is called: "Round 01"; by its own name where it has no number."""
    return f"{text('round', lang)} {imprint.number}" if imprint.number else imprint.round


def measure(unit: object, lang: str = "en") -> str:
    """What a number of the table `unit_criteria` counts, in the reader's language.

    Examples
    --------
    >>> measure("% of site"), measure("of another profile", "ru")
    ('% of site', 'of another profile')
    """
    key = f"measure {unit}"
    return text(key, lang) if has(key) else _string(unit)


def number(value: float, lang: str = "en", digits: int = 0) -> str:
    """A number as people write it: "12,345" in English, "12 345" (no-break) in Russian.

    Examples
    --------
    >>> number(12345.4), number(0.5, "ru", 1)
    ('12,345', '0,5')
    """
    plain = f"{value:,.{digits}f}"
    if lang == "en":
        return plain
    signs: dict[str, str | int | None] = {
        ",": text("thousands separator", lang),
        ".": text("decimal separator", lang),
    }
    return plain.translate(str.maketrans(signs))


def said(note: Note, lang: str = "en") -> str:
    """The sentence of a note: what was found. A note without a key holds somebody's own words.

    Examples
    --------
    >>> said(Note("", {"text": "wolves here"}))
    'wolves here'
    """
    if not note.key:
        return str(note.facts["text"])
    facts = _facts(note, lang)
    sentence = text(f"note {note.key}", lang).format(**facts)
    return (
        f"{sentence} {text('note times', lang).format(**facts)}" if "times" in facts else sentence
    )


def assumed(note: Note, lang: str = "en") -> str:
    """What was assumed or done about what a note says; empty where nothing was."""
    if not note.key:
        return str(note.facts.get("assumed", ""))
    key = f"note {note.key} assumed"
    return text(key, lang).format(**_facts(note, lang)) if has(key) else ""


def _facts(note: Note, lang: str) -> dict[str, str]:
    """The facts of a note as they are read."""
    return {name: _fact(value, lang) for name, value in note.facts.items()}


def _fact(value: object, lang: str) -> str:
    """A number, a name, several of either, or a note, in words."""
    if isinstance(value, Note):
        return said(value, lang)
    if isinstance(value, list | tuple):
        *first, last = [_fact(part, lang) for part in value] or [""]
        return f"{', '.join(first)} {text('and', lang)} {last}" if first else last
    # Years, and lines of a file, are whole numbers that nobody parts: five digits are a count.
    if isinstance(value, float) or (isinstance(value, int) and abs(value) >= 10_000):
        return number(value, lang)
    return str(value)


def unit_cards(
    tables: Mapping[str, pd.DataFrame], species: pd.DataFrame, *, lang: str = "en"
) -> pd.DataFrame:
    """What each unit says of itself, as strings ready to show.

    Parameters
    ----------
    tables : mapping
        `conservation_units`, `unit_criteria` and `unit_species` of a round; `sensitivity`, where
        it has been run; `unit_context`, where the plan has context layers.
    species : DataFrame
        The `species` table: names and label codes.
    lang : str
        A code of :data:`LANGUAGES`: the language of the phrases and of the species' names.

    Returns
    -------
    DataFrame
        One row a unit, in the order of `conservation_units`: ``unit_id`` and
        :data:`CARD_FIELDS`. An unknown value is an empty string.

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
    ('12,346 km²', '1: Saiga antelope', 'C1 ✗', 'not assessed')
    """
    units = tables["conservation_units"]
    findings: dict[str, dict[str, dict[str, Any]]] = {}
    for row in _records(tables["unit_criteria"]):
        findings.setdefault(row["unit_id"], {})[row["criterion"]] = row
    names = {row["sci_name"]: name_in(row, lang) for row in _records(species)}
    sure = {
        row["unit_id"]: stability(row, lang)
        for row in _records(tables.get("sensitivity", pd.DataFrame()))
    }
    unsure = text("not computed", lang) if sure else ""
    around: dict[str, list[str]] = {}
    for row in _records(tables.get("unit_context", pd.DataFrame())):
        around.setdefault(row["unit_id"], []).append(context(row, lang))
    states = {
        str(row["iso2"]): name_in(row, lang)
        for row in _records(
            tables.get("countries", pd.DataFrame()).drop(columns="geometry", errors="ignore")
        )
    }
    also: dict[str, list[str]] = {}
    for row in _records(tables.get("unit_species", pd.DataFrame())):
        if phrase := _uncounted(row, names, lang):
            also.setdefault(row["unit_id"], []).append(phrase)
    rows = [
        _card(
            unit,
            findings.get(unit["unit_id"], {}),
            names,
            states,
            also.get(unit["unit_id"], ()),
            lang,
        )
        | {"stability": sure.get(unit["unit_id"], unsure)}
        | {"context": "; ".join(around.get(unit["unit_id"], ()))}
        for unit in _records(units.drop(columns="geometry", errors="ignore"))
    ]
    return pd.DataFrame(rows, columns=["unit_id", *CARD_FIELDS])


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _card(
    unit: Mapping[str, Any],
    findings: Mapping[str, Mapping[str, Any]],
    names: Mapping[str, str],
    state_names: Mapping[str, str],
    also_present: Sequence[str],
    lang: str,
) -> dict[str, str]:
    """The strings of one unit."""
    qualifying = [name for name in _string(unit["species"]).split(";") if name]
    codes = [code for code in _string(unit["countries"]).split(";") if code]
    states = ", ".join(state_names.get(code, code) for code in codes)
    if unit["disputed"]:
        states += f" ({text('disputed', lang)})"
    species_names = ", ".join(names.get(name, name) for name in qualifying)
    species = f"{len(qualifying)}: {species_names}" if qualifying else "0"
    if also_present:
        species += f"; {text('also present', lang).lower()}: {', '.join(also_present)}"
    return {
        "unit_id": unit["unit_id"],
        "name_en": _string(unit["name_en"]),
        "name_ru": _string(unit["name_ru"]),
        "status": text(unit["status"], lang),
        "rank": _rank(unit, lang),
        "states": states,
        "area": f"{number(unit['area_km2'], lang)} {text('km2', lang)}",
        "species": species,
        "criteria": _marked(findings, lang),
        "protected": _percent(findings, "C7", "of qualifying range protected", lang),
        "barriers": _percent(findings, "C6", "of the shared border fenced", lang),
        "confidence": _confidence(unit["confidence"], lang),
        "origin": _origin(unit, lang),
        "comment": text("how_to_comment", lang),
    }


def _uncounted(row: Mapping[str, Any], names: Mapping[str, str], lang: str) -> str:
    """A species that is there without counting, with how much of its range; empty for the others."""
    name = names.get(row["sci_name"], str(row["sci_name"]))
    if row["role"] == "supporting":
        return f"{name} ({text('possibly', lang)})"
    if row["role"] != "occurs":
        return ""
    share = row["range_share"]
    return (
        name
        if pd.isna(share)
        else f"{name} ({_figure(float(share), lang)} % {text('of its range', lang)})"
    )


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
    'robust: qualifies in 92 % of 1,000 runs; weakest: cell size'
    """
    share = share_of_runs(row["share_qualifying"])
    sentence = text("qualifies in", lang).format(share=share, runs=number(row["runs"], lang))
    weakest = _string(row["flips"])
    ending = f"; {text('weakest', lang)}: {text(weakest, lang)}" if weakest else ""
    return f"{text(row['label'], lang)}: {sentence}{ending}"


def context(row: Mapping[str, Any], lang: str = "en") -> str:
    """What a context layer comes to in a unit, from its row of the table `unit_context`.

    Examples
    --------
    >>> context({"layer": "human-wildlife_conflict", "value": 12.3, "unit": "%"})
    'human-wildlife conflict: 12 % of the area'
    >>> context({"layer": "cattle", "value": 3.21, "unit": "mean"}, "ru")
    'cattle: 3,2 (среднее)'
    """
    name, value = _string(row["layer"]).replace("_", " "), row["value"]
    if pd.isna(value):
        return f"{name}: {text('not assessed', lang)}"
    covered = row.get("covered_share", 1.0)
    if not pd.isna(covered) and float(covered) < 0.9995:
        name = f"{name} ({text('of the part looked at', lang).format(share=_figure(100 * float(covered), lang))})"
    measured, figure = context_measure(row["unit"], lang), _figure(float(value), lang)
    if row["unit"] in ("%", "km per 1000 km²"):
        return f"{name}: {figure} {measured}"
    return f"{name}: {figure} ({measured})"


def context_measure(unit: object, lang: str = "en") -> str:
    """What the numbers of a context layer count.

    Examples
    --------
    >>> context_measure("%"), context_measure("sum", "ru")
    ('% of the area', 'сумма')
    """
    key = f"context {unit}"
    return text(key, lang) if has(key) else _string(unit)


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
        part = text("drawn of", lang)
        parts.append(part.format(drawn=number(n_drawn, lang), all=number(in_all, lang)))
    return f"{_string(title)} ({', '.join(parts)})"


def _figure(value: float, lang: str) -> str:
    """About two digits of a number below ten, whole numbers above."""
    size = abs(value)
    return number(value, lang, 0 if size >= 9.95 or value.is_integer() else 1 if size >= 1 else 2)


def share_of_runs(share: float) -> int:
    """A share (0–1) in whole per cent: 100 only where it is all of them, 0 only where none.

    Examples
    --------
    >>> share_of_runs(0.999), share_of_runs(0.001), share_of_runs(0.925)
    (99, 1, 92)
    """
    percent = 100 * float(share)
    return min(max(round(percent), int(percent > 0)), 100 - int(percent < 100))


def what_it_takes(
    row: Mapping[Any, Any],
    species: Mapping[str, str] | pd.Series[str],
    states: Mapping[str, str] | pd.Series[str],
) -> str:
    """What would meet a criterion that a site misses, in a sentence.

    Examples
    --------
    >>> what_it_takes(
    ...     {"criterion": "C3", "kind": "ground", "sci_name": "Panthera uncia", "iso2": "",
    ...      "missing": 0.033, "km2": 812.4, "direction": "NE", "corridor_id": ""},
    ...     {"Panthera uncia": "Snow leopard"}, {},
    ... )
    'C3: 0.033 points of Snow leopard range short: 812 km² more of it, nearest to the NE'
    """
    name = species.get(row["sci_name"], row["sci_name"])
    km2 = f"{float(row['km2']):,.0f} km²" if not pd.isna(row["km2"]) else ""
    state = states.get(row["iso2"], row["iso2"])
    pair = "–".join(str(states.get(code, code)) for code in str(row["iso2"]).split(";"))
    said = {
        "grade": f"the crossing {row['corridor_id']} of {name} ({pair}) with evidence of a grade that counts",
        "crossing": "one documented crossing of a species that occurs here, of a grade that counts",
        "layers": f"{float(row['missing']):.0f} more of C1 to C8 assessed, by layers that cover the site",
    }
    if row["kind"] == "ground" and row["criterion"] == "C3":
        points = f"{float(row['missing']):.2g} points of {name} range short"
        text_ = f"{points}: {km2} more of it, nearest to the {row['direction']}"
    elif row["kind"] == "ground" and row["sci_name"]:
        text_ = f"a further side of {name}: {km2} of its range in another state, nearest to the {row['direction']}"
    elif row["kind"] == "ground":
        text_ = f"{km2} of {state or 'another range state'}, nearest to the {row['direction']}"
    else:
        text_ = said[str(row["kind"])]
    return f"{row['criterion']}: {text_}"


def fence_name(row: Mapping[Any, Any]) -> str:
    """A closed stretch of border in a list: its place in it, its fence, and the unit it runs through.

    Examples
    --------
    >>> fence_name({"rank": 3, "name": "Altai fence", "unit_id": "CU-019"})
    '3. Altai fence (CU-019)'
    """
    unit = clean_name(row["unit_id"])
    return f"{row['rank']}. {clean_name(row['name'])}" + (f" ({unit})" if unit else "")


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
    ...     {"km": 229.6, "closed_km": 183.7, "joined_km2": 50345.5, "species": "Saiga tatarica",
    ...      "barrier_share": 82.7, "barrier_share_open": 58.6, "best_grade": "B", "confidence": "high"},
    ...     pd.DataFrame({"sci_name": ["Saiga tatarica"], "name_en": ["Saiga"]}))
    '184 of 230 km closed; open, it would join 50,346 km² of range (Saiga); border of the unit closed 83 % → 59 %; crossing of grade B documented'
    """
    names = {str(one["sci_name"]): name_in(one, lang) for one in species.to_dict("records")}
    joined = ", ".join(names.get(name, name) for name in clean_name(row["species"]).split(";"))
    parts = [
        text("fence joins", lang).format(
            closed=number(row["closed_km"], lang),
            km=number(row["km"], lang),
            km2=number(row["joined_km2"], lang),
            species=joined,
        )
    ]
    if not pd.isna(row["barrier_share"]):
        now, then = (number(row[name], lang) for name in ("barrier_share", "barrier_share_open"))
        parts.append(text("fence unit", lang).format(now=now, then=then))
    grade = clean_name(row["best_grade"])
    parts.append(
        text("fence crossing", lang).format(grade=grade)
        if grade
        else text("fence no crossing", lang)
    )
    return "; ".join(parts)


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
    places = {name: place for place, name in enumerate(FINDINGS)}
    return sorted(findings, key=lambda name: (places.get(name, len(places)), len(name), name))


def _string(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def _rank(unit: Mapping[str, Any], lang: str) -> str:
    """Rank, tier and score on one line."""
    tier = _string(unit["tier"])
    parts = (
        _string(unit["rank_label"]),
        text(tier, lang) if has(tier) else tier,
        f"{text('score', lang)} {number(unit['score'], lang, 3)}",
    )
    return " · ".join(part for part in parts if part)


def _percent(
    findings: Mapping[str, Mapping[str, Any]], criterion: str, phrase: str, lang: str
) -> str:
    """The value of a criterion as a share of something."""
    value = findings.get(criterion, {}).get("value")
    if pd.isna(value):
        return text("not assessed", lang)
    return f"{number(value, lang)} % {text(phrase, lang)}"


def _confidence(value: Any, lang: str) -> str:
    return text("not assessed", lang) if pd.isna(value) else number(value, lang, 2)


def _origin(unit: Mapping[str, Any], lang: str) -> str:
    hotspots = _string(unit["hotspot_ids"]).replace(";", ", ")
    kind = text(unit["origin"], lang)
    return f"{kind} {hotspots}" if hotspots else kind
