"""Whose range is it: the names in a file, the taxa of CAMI, and the sub-species guard.

Five CAMI taxa are below species level. A polygon of the whole species must never stand for one
of them by accident, so a row under the bare name of the species is *guarded*: it is used only
where the row itself says which sub-species it is, or where the plan says what to do with it.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import pandas as pd

from cami_units.model import InputError, Note, Problem, assumed, plan_lines, toml_key

_RANKS: Final = {"ssp", "subsp", "spp", "var", "sp", "cf", "aff", "sl", "ss", "sensu", "lato"}


@dataclass(frozen=True, slots=True)
class TaxonRule:
    """How rows under the name `source` may stand for a CAMI taxon: clipped to states, or not at all.

    Parameters
    ----------
    source
        The name in the file, e.g. ``"Panthera pardus"``, or several.
    within
        ISO 3166 alpha-2 codes of the states the rows are clipped to.
    skip
        Leave the rows out. Either this or `within`.
    """

    source: str | tuple[str, ...]
    within: tuple[str, ...] = ()
    skip: bool = False

    def __post_init__(self) -> None:
        if bool(self.within) == self.skip:
            came = Note("both" if self.skip else "neither")
            raise InputError.of("rule one way", source=self.in_words, came=came)

    @property
    def sources(self) -> tuple[str, ...]:
        """The names in the file, one or several."""
        return (self.source,) if isinstance(self.source, str) else self.source

    @property
    def in_words(self) -> str:
        """The names as a sentence has them."""
        return ", ".join(self.sources)


@dataclass(frozen=True, slots=True)
class Match:
    """What a name in a file turned out to be.

    `verdict`: "ours" (rows of `taxon`), "guarded" (the bare species of `taxon`: refused without a
    rule), "domestic" (a name that its livestock bears too: likewise), "wider" (a name below species
    level that other animals bear too: likewise), "other" (another sub-species of
    its species), "ruled" (the rules of the plan for the name `source` apply), "unknown". `is_part`:
    the name is that of a part of the taxon only.
    """

    verdict: Literal["ours", "guarded", "domestic", "wider", "other", "ruled", "unknown"]
    taxon: str = ""
    source: str = ""
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class Names:
    """Every name the taxa of a species table are known by, ready to be looked up."""

    taxa: Mapping[str, str]
    guarded: Mapping[str, str]
    related: Mapping[str, str]
    """Species that a taxon was once part of ("ovis orientalis"): unknown, but worth a hint."""
    subpopulations: Mapping[tuple[str, str], str]
    """By the two-word name and the words that tell the subpopulation."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """Names of a part of a taxon ("saiga borealis")."""
    domestic: Mapping[str, str] = field(default_factory=dict)
    """Names that livestock bears, wherever a taxon's wild relatives bear them too."""
    wider: Mapping[str, str] = field(default_factory=dict)
    """Names that other animals bear too ("ursus arctos isabellinus"), whatever list has them."""
    homes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The range states of each taxon."""
    full_names: Mapping[str, str] = field(default_factory=dict)
    """Whole names of taxa that the words of a name do not tell apart ("aa bb (north)", "aa sp. 2")."""


def words_of(name: str) -> tuple[str, ...]:
    """The words of a scientific name that count, in lower case.

    Rank marks, author names and years are left out: an author begins with a capital after a word
    that does not, or stands in brackets or behind a comma.
    """
    text = unicodedata.normalize("NFKC", str(name)).replace("_", " ")
    text = re.sub(r"\([^)]*\)", " ", text).split(",")[0]
    raw = [re.sub(r"[^\w'-]+", "", word) for word in text.split()]
    raw = [word for word in raw if word]
    shouted = all(word.isupper() for word in raw[1:2])
    words: list[str] = []
    for position, word in enumerate(raw):
        if word.casefold().rstrip(".") in _RANKS:
            continue
        if re.search(r"\d", word) or (position >= 2 and word[:1].isupper() and not shouted):
            break
        words.append(word.casefold())
    return tuple(words[:3])


def _as_written(name: str) -> str:
    """A whole name as it is compared where its words are not enough."""
    return " ".join(unicodedata.normalize("NFKC", name).replace("_", " ").split()).casefold()


_BETWEEN_NAMES: Final = re.compile(
    r"(?:[;；,，、/&+|\n]|\s(?:and|et|und|и|ба|болон)\s)(?![^(]*\))", re.IGNORECASE
)
_YEAR: Final = re.compile(r"\W*\d{4}\W*")


def names_in(cell: str) -> list[str]:
    """Each name of a cell that may name several species; the year behind an author stays with its name.

    Examples
    --------
    >>> names_in("Saiga tatarica, Equus hemionus and Equus kiang Moorcroft, 1841")
    ['Saiga tatarica', 'Equus hemionus', 'Equus kiang Moorcroft 1841']
    >>> names_in("Panthera uncia (Schreber, 1775)"), names_in("")
    (['Panthera uncia (Schreber, 1775)'], [''])
    """
    names: list[str] = []
    for part in filter(None, map(str.strip, _BETWEEN_NAMES.split(cell))):
        if names and _YEAR.fullmatch(part):
            names[-1] += f" {part}"
        else:
            names.append(part)
    return names or [""]


def _in_brackets(name: str) -> str:
    """What stands in brackets in a name; empty where nothing does."""
    bracket = re.search(r"\(([^)]*)\)", name)
    return bracket.group(1) if bracket else ""


def _place(name: str) -> str:
    """The telling words of a subpopulation: "Gobi subpopulation" is "gobi"."""
    words = re.findall(r"\w+", name.casefold())
    return " ".join(word for word in words if not re.match("subpop|popul|bear|sub$|the$", word))


def names_of(species: pd.DataFrame) -> Names:
    """The lookup of every name in a species table: ours, CMS, IUCN, synonyms; and the guard.

    Guarded are the two-word names behind the scientific and IUCN names of taxa below species
    level, even where a synonym list has them.
    """
    related: dict[str, str] = {}
    guarded, subpopulations = _guarded_names(species)
    key_of = {name: " ".join(words_of(name)) for name in map(str, species["sci_name"])}
    count = Counter(key_of.values())
    exact = {key: name for name, key in key_of.items() if count[key] == 1}
    taxa = dict(exact)
    for column in ("iucn_name", "cms_name", "synonyms"):
        for row in species.itertuples():
            for name in _split(getattr(row, column)):
                taxa.setdefault(" ".join(words_of(name)), str(row.sci_name))
                related.setdefault(" ".join(words_of(name)[:2]), str(row.sci_name))
    range_states = species.get("range_states", pd.Series("", index=species.index))
    parts = _without(_listed_names(species, "part_taxa"), exact)
    taxa.update(parts)
    # of two taxa that share their words, the words alone name neither
    taxa = {key: taxon for key, taxon in taxa.items() if count[key] < 2}
    return Names(
        parts=parts,
        domestic=_without(_listed_names(species, "domestic_names"), exact),
        wider=_without(_listed_names(species, "wider_names"), exact),
        homes={
            str(name): tuple(sorted(_split(states)))
            for name, states in zip(species["sci_name"], range_states, strict=True)
        },
        taxa=taxa,
        guarded=_without(guarded, exact),
        related=_without(related, taxa),
        subpopulations=subpopulations,
        full_names={_as_written(name): name for name, key in key_of.items() if count[key] > 1},
    )


def _guarded_names(species: pd.DataFrame) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """The whole species of taxa below species level, and the places that tell such a taxon."""
    guarded: dict[str, str] = {}
    subpopulations: dict[tuple[str, str], str] = {}
    # a name of three words is below species level, whatever its level is called
    level = species["taxon_level"].astype(str).str.casefold()
    below = (level != "species") | species["sci_name"].map(lambda name: len(words_of(name)) > 2)
    for row in species.loc[below].itertuples():
        for name in (str(row.sci_name), *_split(row.iucn_name)):
            bare = " ".join(words_of(name)[:2])
            guarded.setdefault(bare, str(row.sci_name))
            if place := _place(_in_brackets(name)):
                subpopulations[bare, place] = str(row.sci_name)
    return guarded, subpopulations


def _without(names: Mapping[str, str], known_names: Mapping[str, str]) -> dict[str, str]:
    """Names by what they are of, those aside that are known already."""
    return {name: taxon for name, taxon in names.items() if name not in known_names}


def _listed_names(species: pd.DataFrame, column: str) -> dict[str, str]:
    """The names that a column lists for each taxon, by their words."""
    if column not in species:
        return {}
    return {
        " ".join(words_of(name)): str(row.sci_name)
        for row in species.itertuples()
        for name in _split(getattr(row, column))
    }


def _split(value: object) -> list[str]:
    """The names in a cell, ";" between them."""
    if not isinstance(value, str):
        return []
    return [name.strip() for name in value.split(";") if name.strip()]


def _below_species(
    full: str, short: str, names: Names, rules: Mapping[str, Sequence[str]]
) -> Match:
    """Which taxon a row is of that names a sub-species."""
    if full in rules:
        return Match("ruled", source=full)
    if full in names.wider:
        # the plan says already by which other rows the taxon is known
        is_settled = any(names.wider[full] in taxa for taxa in rules.values())
        return Match("other" if is_settled else "wider", names.wider[full])
    if full in names.domestic:
        return Match("domestic", names.domestic[full])
    if full in names.taxa:
        return Match("ours", names.taxa[full], is_part=full in names.parts)
    if short in names.guarded:
        return Match("other", names.guarded[short])
    # a sub-species of a species of ours
    if short in names.taxa and short not in names.domestic:
        return Match("ours", names.taxa[short], is_part=True)
    return Match("unknown")


def _whole_words(name: str | None, subspecies: str | None) -> tuple[str, ...]:
    """The words of a name with its sub-species, where a column of its own has that."""
    words, below = words_of(name or ""), words_of(subspecies or "")
    if below:  # "tulliana", "ssp. tulliana", "P. p. tulliana", or the whole name again
        words = (*words[:2], below[2] if len(below) == 3 else below[0])
    return words


def asked_name(verdict: str, name: Any, subspecies: Any = None) -> str:
    """The name under which a row is asked about, as a rule of the plan would have it."""
    texts = (None if pd.isna(text) else str(text) for text in (name, subspecies))
    words = _whole_words(*texts)
    return " ".join(words[:2] if verdict == "guarded" else words).capitalize()


ASKED: Final = {
    "guarded": "whole species guarded",
    "domestic": "livestock guarded",
    "wider": "wider name guarded",
}
"""Verdicts that a rule of the plan must settle, and what is said of rows of ranges."""


def match(
    name: str | None,
    subspecies: str | None,
    subpop: str | None,
    *,
    names: Names,
    rules: Mapping[str, Sequence[str]],
) -> Match:
    """Which taxon a row is of, by its name, sub-species and subpopulation.

    `rules` maps the words of a rule's source name to the taxa it is for.
    """
    if (
        names.full_names
        and name
        and not subspecies
        and (full_name := _as_written(name)) in names.full_names
    ):
        return Match("ours", names.full_names[full_name])
    words = _whole_words(name, subspecies)
    short = " ".join(words[:2])
    if len(words) == 3:
        return _below_species(" ".join(words), short, names, rules)
    if place := _place(subpop or _in_brackets(name or "")):
        ours = {
            taxon
            for (bare, telling), taxon in names.subpopulations.items()
            if bare == short and telling in place
        }
        if len(ours) == 1:
            return Match("ours", ours.pop())
    if short in rules:
        return Match("ruled", source=short)
    if short in names.domestic:
        return Match("domestic", names.domestic[short])
    if short in names.guarded:
        return Match("guarded", names.guarded[short])
    if short in names.taxa:
        return Match("ours", names.taxa[short], is_part=short in names.parts)
    return Match("unknown")


def matches(
    rows: Sequence[tuple[Any, ...]], names: Names, rules: Mapping[str, Sequence[str]]
) -> list[Match]:
    """What each row turns out to be by its name, sub-species and subpopulation, as far as it has them.

    Each different one is looked up once: a file of GBIF has a million rows and a few dozen names.
    """
    match_of = {
        row: match(*row, *(None,) * (3 - len(row)), names=names, rules=rules) for row in set(rows)
    }
    return [match_of[row] for row in rows]


def rules_by_source(rules: Mapping[str, TaxonRule]) -> dict[str, list[str]]:
    """The taxa that each source name has a rule for."""
    taxa_of: dict[str, list[str]] = {}
    for taxon in sorted(rules):
        for source in dict.fromkeys(" ".join(words_of(name)) for name in rules[taxon].sources):
            taxa_of.setdefault(source, []).append(taxon)
    return taxa_of


def one_rule_each(problems: Sequence[Problem], rules: Mapping[str, TaxonRule]) -> list[Problem]:
    """The same problems with one rule of the plan for each taxon, wherever its names came.

    A key that is set twice is no plan: the first problem that stops the work, or else the first,
    has the lines for all names of its taxon, the others have none. Of a taxon for which the plan has
    one of its `rules`, or that was asked about above, it has the line that names these too.
    """
    # what is only worth knowing stays apart: to cure a refusal nobody has to follow a hint
    asked_about: dict[tuple[bool, str], list[int]] = {}
    asked: dict[int, dict[str, Any]] = {}
    for position, problem in enumerate(problems):
        if problem.lines.startswith("[taxa."):
            [(taxon, asked[position])] = tomllib.loads(problem.lines)["taxa"].items()
            asked_about.setdefault((problem.level == "note", taxon), []).append(position)
    known = {taxon: list(rule.sources) for taxon, rule in rules.items()}
    all_problems = list(problems)
    # the refusals first
    for (_, taxon), positions in sorted(asked_about.items()):
        bearer = min(positions, key=lambda position: problems[position].level != "refuses")
        sources = sorted({asked[position]["from"] for position in positions})
        lines = rule_lines(taxon, sources, asked[bearer].get("within", ()))
        table, there = lines.partition("\n")[0], known.get(taxon, [])
        known[taxon] = [*there, *sources]
        if there:
            lines = plan_lines("", **{"from": known[taxon]}).partition("\n")[2]
        for position in positions:
            is_bearer = position == bearer
            all_problems[position] = _with_lines(
                problems[position], lines if is_bearer else "", table if is_bearer and there else ""
            )
    return all_problems


def _with_lines(problem: Problem, lines: str, table: str) -> Problem:
    """A problem with these lines for the plan in place of its own; in a table that it has, if any."""
    note = problem.as_note()
    facts = {**note.facts, "plan_lines": lines}
    if table:
        facts["into"] = Note("in place of from", {"table": table})
    # "skip = true" is no line of a rule that is there
    left_out = (*(() if lines else ("plan_lines", "aside")), *(("aside",) if table else ()))
    facts = {name: fact for name, fact in facts.items() if name not in left_out}
    note = Note(note.key, facts, note.level)
    return replace(problem, cure=assumed(note), note=note)


def rule_lines(taxon: str, sources: str | Sequence[str], states: Sequence[str]) -> str:
    """The lines of a plan that say how rows under one name, or several, may stand for a taxon."""
    # a name alone is written as the word that it is
    source = sources[0] if len(sources) == 1 else sources
    table = f"taxa.{toml_key(taxon)}"
    if not states:  # it lives in no state of the study: there is nothing to stand for
        return plan_lines(table, **{"from": source, "skip": True})
    return plan_lines(table, **{"from": source, "within": list(states)})


def skip_aside(states: Sequence[str]) -> dict[str, object]:
    """The other way beside the lines of :func:`rule_lines`, as a fact of the note they go with."""
    return {"aside": Note("or skip")} if states else {}
