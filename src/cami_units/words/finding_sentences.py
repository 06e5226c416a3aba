"""The sentences of findings and decisions, made of the facts that they rest on."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, cast

import pandas as pd

from cami_units.model import (
    HIDDEN_STATUSES,
    SEASONAL_RANGE,
    Names,
    Note,
    SpokenNumber,
    clean_name,
    notes_as_text,
    notes_from_text,
    records,
)
from cami_units.phrases import FALLBACK
from cami_units.words import (
    BARRIER_KINDS,
    LEAST_SHARE,
    as_text,
    exact,
    has,
    in_clauses,
    in_list,
    measure,
    name_in,
    number,
    said,
    share,
    text,
)


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
    if (findings := tables.get("unit_criteria")) is not None and "facts" in findings:
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
    if (missed := tables.get("not_proposed")) is not None and "facts" in missed:
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
        new or as_text(own_text) for new, own_text in zip(sentences, table[column], strict=True)
    ]
    return table.assign(**{column: pd.Series(chosen_texts, index=table.index, dtype=object)})


def _sentence(clauses: Iterable[Note], names: Names, lang: str) -> str:
    """Clauses as one sentence, with a capital and a full stop."""
    line = _line(clauses, names, lang)
    return line[:1].upper() + line[1:]


def _line(clauses: Iterable[Note], names: Names, lang: str) -> str:
    """Clauses as one sentence that stands within another: without a capital."""
    if not (parts := [_said(clause, names, lang) for clause in clauses]):
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
    if name == "kind" and word in BARRIER_KINDS:
        return text(word, lang)
    if name == "direction":
        return text(f"direction {word}", lang) if has(f"direction {word}") else word
    return word


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
