"""A unit's card: what it says of itself, field by field, as strings ready to show and as figures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

import pandas as pd

from cami_units.model import (
    check_arguments,
    check_columns,
    clean_name,
    clean_text,
    is_missing,
    records,
)
from cami_units.words import (
    NEED,
    SUPPORT,
    as_text,
    catalogue,
    digits_of,
    has,
    in_clauses,
    in_list,
    known_word,
    mark,
    name_in,
    number,
    share,
    share_of_runs,
    text,
    told_order,
    with_aside,
)
from cami_units.words.finding_sentences import names_of, what_it_takes

CARD_FIELDS: Final = (
    *("name_en", "name_ru", "status", "rank", "states", "area", "species", "criteria"),
    *("protected", "barriers", "context", "confidence", "stability"),
    *("origin", "takes", "open_questions", "comment"),
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


def name_field(lang: str = "en") -> str:
    """The field of a card that holds a unit's name in a language, or else the English one.

    Examples
    --------
    >>> name_field("ru")
    'name_ru'
    """
    # a card names a unit twice, for rooms of two languages: others find the English one first
    return f"name_{lang}" if f"name_{lang}" in CARD_FIELDS else "name_en"


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
            | {"takes": in_clauses(takes.get(unit_id, ()), lang), "parts": parts}
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
        codes = small or [code for code in as_text(unit["countries"]).split(";") if code]
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
    unit: Mapping[str, Any], findings: Mapping[str, Mapping[str, Any]], states: str, lang: str
) -> dict[str, str]:
    """The fields of one unit that are words alone."""
    if unit["disputed"]:
        states = with_aside(states, text("disputed", lang), lang)
    return {
        "unit_id": unit["unit_id"],
        "name_en": as_text(unit["name_en"]),
        "name_ru": as_text(unit["name_ru"]),
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
    qualifying = [name for name in as_text(unit["species"]).split(";") if name]
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
    if weakest := as_text(row["flips"]):
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
    name, value = as_text(row["layer"]).replace("_", " ").replace("$[", "$ ["), row["value"]
    key = f"context_{_NO_KEY.sub('_', as_text(row['layer']))}"
    if pd.isna(value):
        return FieldParts(with_aside(name, text("not assessed", lang), lang))
    values: dict[str, str | Figure] = {}
    parts: list[str] = []
    covered = row.get("covered_share", 1.0)
    # less than half a thousandth outside is a rim, not ground that nobody looked at
    if not pd.isna(covered) and float(covered) < 0.9995:
        share = Figure(100 * float(covered), digits_of(100 * float(covered)))
        values[f"{key}_covered_percent"] = share
        parts = [text("of the part looked at", lang, share=f"$[{key}_covered_percent]")]
    measured = context_measure(row["unit"], lang)
    values[key] = Figure(float(value), digits_of(float(value)))
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
    return known_word("context", unit, lang)


def context_legend(layer: pd.DataFrame, lang: str = "en") -> str:
    """A context layer in a legend: its name, what its numbers count, and how much of it is drawn.

    Examples
    --------
    >>> context_legend(pd.DataFrame({"title": ["mines"], "measure": ["count"], "in_all": [12_000]}))
    'mines (count, 1 of 12,000 drawn)'
    """
    first = layer.iloc[0]  # the same on all rows
    parts = [context_measure(first["measure"], lang)]
    if len(layer) < first["in_all"]:
        counts = {"drawn": number(len(layer), lang), "all": number(first["in_all"], lang)}
        parts.append(text("drawn of", lang, **counts))
    return with_aside(clean_name(first["title"]), in_list(parts, lang), lang)


def _rank(unit: Mapping[str, Any], lang: str) -> FieldParts:
    """Rank, tier and score on one line; a shared rank is "4=", of which the 4 is the figure.

    What is not proposed is scored too, often with nothing: it is said to have no rank, and no more.
    """
    tier, shown_rank = as_text(unit["tier"]), as_text(unit["rank_label"])
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
    hotspots = in_list(as_text(unit["hotspot_ids"]).split(";"), lang)
    kind = text(unit["origin"], lang)
    if hotspots:
        return f"{kind} {hotspots}"
    if unit["origin"] != "new" or is_missing(share_in_hotspots):
        return kind
    return text("new, in hotspots" if share_in_hotspots > 0 else "new, no hotspots", lang)
