"""What stands in a form: words of its lists, written in its language and understood in any; names as typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from types import MappingProxyType
from typing import Any, Final

import pandas as pd

from cami_units.model import (
    GRADES,
    ISO2,
    STATES_ALSO,
    Note,
    Problem,
    as_typed,
    clean_name,
    clean_text,
    in_short,
    nearest_note,
    notes_as_text,
    package_table,
    problem_of,
)
from cami_units.words import LANGUAGES, has, text

THEMES: Final = (
    "anti-poaching",
    "community",
    "protected areas",
    "legislation",
    "infrastructure and barriers",
    "transboundary cooperation",
    "monitoring and research",
    "human-wildlife conflict",
    "land use",
    "finance",
)
"""The ten themes of the work programme, in the order of the agenda."""


def themes_in_order(used: Iterable[str]) -> list[str]:
    """The ten themes in the order of the agenda, then any other that somebody used."""
    return [*THEMES, *sorted(set(used) - set(THEMES))]


def in_theme_order(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """A table sorted by some columns, of which ``theme`` goes by the agenda and not by its letters."""
    place = themes_in_order(table["theme"]).index
    return table.sort_values(
        list(columns), key=lambda of: of.map(place) if of.name == "theme" else of, kind="stable"
    )


PRIORITIES: Final = ("high", "medium", "low")
COST_BANDS: Final = (
    "up to 50,000 USD",
    "50,000 to 250,000 USD",
    "250,000 to 1 million USD",
    "over 1 million USD",
)
UNIT_ACTIONS: Final = ("keep", "change", "reject", "merge", "split", "new")
ACTIVITY_ACTIONS: Final = ("keep", "add", "amend", "drop")
GENERAL: Final = "general"
"""What stands for a unit where an activity belongs to none."""

UNIT_LISTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    # no list offers "rename": the new name says it
    {"action": (*UNIT_ACTIONS, "rename"), "evidence_grade": GRADES}
)
ACTIVITY_LISTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"action": ACTIVITY_ACTIONS, "theme": THEMES, "priority": PRIORITIES, "cost_band": COST_BANDS}
)
"""The columns of the two sheets that have a list."""

TYPED_WORDS: Final[Mapping[str, Any]] = package_table("documents/typed_words.toml")
"""What people type beside the words that a form offers."""
_NO_WORDS: Final = frozenset(TYPED_WORDS["no_words"].split(", "))
# blanks and hyphens between letters, and what parts thousands
_JOINTS: Final = re.compile(r"(?<=\w)[\s\-‐‑–—]+(?=\w)|(?<=\d)[.,'’](?=\d{3}(?!\d))")
_ONLY_DASHES: Final = re.compile(r"[\s\-–—−_.·]+|[/\\]")
_DITTO: Final = frozenset(TYPED_WORDS["ditto"].split(", "))
_DITTO_MARKS: Final = re.compile(r"[\s\-–—−./]*(?:[\"”“″〃„«»]|''|’’|//){1,2}[\s\-–—−./]*")


def is_no_word(typed: str) -> bool:
    """Whether somebody typed that there is nothing to say: a dash, "n/a", "нет замечаний".

    A bare "no" says something.
    """
    return _ONLY_DASHES.fullmatch(typed) is not None or plain_word(typed) in _NO_WORDS


def is_ditto(typed: str) -> bool:
    """Whether what stands above is meant: a ditto mark, "то же", 同上."""
    return _DITTO_MARKS.fullmatch(typed) is not None or plain_word(typed) in _DITTO


def in_language(word: str, lang: str) -> str:
    """A word of a list in a language; grades are the same in all."""
    return word if word in GRADES else text(f"choice {word}", lang)


def known_word(value: str, vocabulary: tuple[str, ...]) -> str:
    """The word of a list that a value means, in whatever language; the value where it means none."""
    plain = _letters(value)
    return next((word for word in vocabulary if plain in _plain_spellings(word)), value)


@cache
def _plain_spellings(word: str) -> frozenset[str]:
    """The ways in which a word of a list is written, as words are compared."""
    return frozenset(map(_letters, _spellings(word)))


def _letters(value: str) -> str:
    """A word of a list as it is compared: "Anti poaching" is "anti-poaching"; "A-" is no "A"."""
    return _JOINTS.sub("", plain_word(value).replace("&", " and "))


def _spellings(word: str) -> Iterator[str]:
    """Each way in which a group may have written a word of a list."""
    yield word
    if has(f"choice {word}"):
        yield from (text(f"choice {word}", lang) for lang in LANGUAGES)
    if word == "reject":
        yield from (one for lang in LANGUAGES for one in text("words that reject", lang).split(","))
    if word in TYPED_WORDS["lists"]:
        yield from TYPED_WORDS["lists"][word].split(",")


def plain_word(value: str) -> str:
    """A word as it is compared: without case, with single blanks."""
    # Russian is written with and without the dots of ё
    return " ".join(value.split()).casefold().replace("ё", "е").strip(" .!。！")


def known_words(
    table: pd.DataFrame, file: str, lists: Mapping[str, tuple[str, ...]] = ACTIVITY_LISTS
) -> tuple[pd.DataFrame, tuple[Problem, ...]]:
    """Rows with the words of the lists as the lists write them, and what is in no list.

    "Anti-Poaching" and "борьба с браконьерством" are *anti-poaching*. A word that is in no list is
    kept as it was written, and said with the one that was perhaps meant.

    Parameters
    ----------
    table : DataFrame
        Any columns of a sheet of the form, text.
    file : str
        The name of the file, for what is said.
    lists : mapping
        The vocabulary of each column that has one.
    """
    tidy, problems = table.copy(), []
    for column, vocabulary in lists.items():
        if column in tidy:
            tidy[column] = [known_word(value, vocabulary) for value in tidy[column]]
            problems += _unlisted(tidy, column, vocabulary, file)
    # an activity may be of no unit; what is said of a unit may not
    for column in {"unit_id", "unit_name"} & set(tidy) if "theme" in lists else ():
        tidy[column] = [known_word(value, (GENERAL,)) for value in tidy[column]]
    return tidy, tuple(problems)


def _unlisted(
    table: pd.DataFrame, column: str, vocabulary: tuple[str, ...], file: str
) -> list[Problem]:
    """The words of a column that are in no list, each with the nearest one."""
    row_notes = (
        (number, nearest_listed(value, column, vocabulary))
        for number, value in enumerate(table[column], start=1)
        if value and value not in vocabulary
    )
    return at_rows(table, row_notes, file)


def nearest_listed(value: str, column: str, vocabulary: Iterable[str]) -> Note:
    """That a word is in no list, with the nearest one."""
    facts: dict[str, object] = {"words": value, "column": column}
    if isinstance(close := nearest_note(value, vocabulary), Note):
        return Note("not in the list, one like it", facts | dict(close.facts), "note")
    return Note("not in the list", facts, "note")


def at_rows(table: pd.DataFrame, row_notes: Iterable[tuple[int, Note]], file: str) -> list[Problem]:
    """What is said of words in rows of a form, which are numbered from 1; the same of several once."""
    # by their ids, or their numbers: a form may have ten thousand rows with one word
    rows_of: dict[str, tuple[Note, dict[str | int, str | Note]]] = {}
    for number, note in row_notes:
        ids = [table[key].iloc[number - 1] for key in ("activity_id", "unit_id") if key in table]
        row_id = next(filter(None, map(clean_text, ids)), "")
        _, rows = rows_of.setdefault(notes_as_text([note]), (note, {}))
        rows[row_id or number] = row_id or Note("row", {"row": number})
    return [
        problem_of("note", "form", file, in_short(rows.values()), note)
        for note, rows in rows_of.values()
    ]


def first_texts(log: pd.DataFrame | None) -> dict[str, str]:
    """What each activity said before it was first amended, by its id."""
    texts: dict[str, str] = {}
    for line in () if log is None else log.to_dict("records"):
        if line["action"] == "amend" and line["field"] == "text":
            texts.setdefault(str(line["activity_id"]), as_typed(line["old"]))
    return texts


def theme_said(theme: str, lang: str) -> str:
    """A theme of the work programme in words; one that somebody made up, as it was written."""
    return text(f"choice {theme}", lang) if has(f"choice {theme}") else clean_name(theme)


def listed_said(value: object, lang: str) -> str:
    """A word of the forms' lists in the reader's language; anything else as it was written."""
    key = f"listed {clean_name(value)}"
    if has(key):
        return text(key, lang)
    word = clean_name(value)
    return text(f"choice {word}", lang) if has(f"choice {word}") else word


# -- species and states as people type them: in any language, in the plural, by a part of a name --

_OF_SPECIES: Final = (
    *("sci_name", "code", "name_", "cms_name", "iucn_name", "synonyms", "part_taxa"),
)
"""Columns of the table `species` that hold names of it; of `name_` one for each language."""
_BETWEEN_NAMES: Final = re.compile(r"\s*[;,/\n；，、]\s*")
_JOINED: Final = re.compile(r"\s*(?:[-–—+&和及与]|\b(?:and|и|ба|болон)\b)\s*")
"""Between names in a sentence; inside a name too: only where all that it parts is known."""
_IN_BRACKETS: Final = re.compile(r"([^()（）]*)[(（]([^()（）]*)[)）]?\s*")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’ʼ`][^\W\d_]*)?")
_ENDING: Final = re.compile(
    r"(?:(?<=[a-z]{3})(?:(?:e?s)?['’ʼ`]s?|es?|s)"
    r"|(?<=[а-я]{2})(?:и?[аоеиы]?[йя]|[аяыи]х|[аоеиыя]м[иу]?|[ое]го|[ое]в|[ыи]е|и[ию]|[ьую]?ю|[аеоуыиь]))$"
)
"""Of plurals and cases, English and Russian: what is left of a word is compared, so "сайгаки" is "сайгак"."""
_IDEOGRAPHS: Final = re.compile(r"[\u3400-\u9fff]{3,}")

Meant = Mapping[str, str]
"""The ids that a name may mean, each with the name of it that says so."""


@dataclass(frozen=True, slots=True)
class Spellings:
    """What names mean: `written` as they are, `stems` but for endings and hyphens, `parts` by some of their words."""

    names: tuple[str, ...]
    written: Mapping[str, Meant]
    stems: Mapping[tuple[str, ...], Meant]
    parts: Mapping[tuple[str, ...], Meant]


def species_spellings(species: pd.DataFrame) -> Spellings:
    """What names of species mean: in all languages, common ones, codes, synonyms, and parts of these.

    The scientific name of one means that one, though it is a synonym of others.

    Parameters
    ----------
    species : DataFrame
        The table `species`.
    """
    columns = [name for name in species if str(name).startswith(_OF_SPECIES)]
    return _spellings_of(
        (str(row["sci_name"]), name)
        for row in species.to_dict("records")
        for cell in (
            *(clean_name(row[column]) for column in columns),
            TYPED_WORDS["species"].get(str(row["sci_name"]), "").replace(", ", ";"),
        )
        for name in cell.split(";")
    )


def state_spellings(countries: pd.DataFrame) -> Spellings:
    """What names of states mean: in all languages, codes of two and of three letters, and what else they are called.

    Parameters
    ----------
    countries : DataFrame
        The table `countries`.
    """
    columns = ["iso2", *(name for name in countries if str(name).startswith("name_"))]
    three_letters = {two: three for three, two in ISO2.items()}
    return _spellings_of(
        (str(row["iso2"]), name)
        for row in countries.to_dict("records")
        for name in (
            *(clean_name(row[column]) for column in columns),
            three_letters.get(str(row["iso2"]), ""),
            *STATES_ALSO.get(str(row["iso2"]), "").split(","),
        )
    )


def _spellings_of(pairs: Iterable[tuple[str, str]]) -> Spellings:
    """What names mean, from an id with each name of it."""
    written: dict[str, dict[str, str]] = {}
    stems: dict[tuple[str, ...], dict[str, str]] = {}
    parts: dict[tuple[str, ...], dict[str, str]] = {}
    names: dict[str, None] = {}
    known_ids = set()
    for known, cell in pairs:
        known_ids.add(known)
        # "Asiatic wild ass (khulan)" is either
        for name in filter(None, {cell.strip(): None, **dict.fromkeys(_either(cell))}):
            names[name] = None
            written.setdefault(plain_word(name), {}).setdefault(known, name)
            words = _stems(name)
            for key in {
                words,
                (words[0][0], *words[1:]) if len(words) > 1 else words,
            }:  # "P. uncia"
                stems.setdefault(key, {}).setdefault(known, name)
            for key in _parts(words):
                parts.setdefault(key, {}).setdefault(known, name)
    for known in known_ids:
        written[plain_word(known)] = {known: known}
    return Spellings(tuple(names), written, stems, parts)


def _either(name: str) -> tuple[str, ...]:
    """What stands before brackets, and what in them; nothing where there are none."""
    match = _IN_BRACKETS.fullmatch(name)
    return tuple(part.strip() for part in match.groups() if part.strip()) if match else ()


def _stems(name: str) -> tuple[str, ...]:
    """The words of a name without endings."""
    words = _WORD.findall(plain_word(name))
    return tuple(_ENDING.sub("", word) for word in words)


def _parts(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Every run of the words of a name; of Chinese, which has no blanks, its last characters."""
    for start, end in combinations(range(len(words) + 1), 2):
        yield words[start:end]
    if words and _IDEOGRAPHS.fullmatch(words[-1]):
        yield from ((words[-1][start:],) for start in range(1, len(words[-1]) - 1))


def _meant(typed: str, spellings: Spellings) -> tuple[Meant, bool]:
    """The ids that a typed name may mean, and whether all of it is a name and not a part of one."""
    words = _stems(typed)
    whole = spellings.written.get(plain_word(typed)) or spellings.stems.get(words)
    if whole:
        return whole, True
    sides = [_meant(side, spellings) for side in _either(typed) if side != typed]
    if not (said := [meant for meant, _ in sides if meant]):
        return spellings.parts.get(words, {}), False
    # "leopard (Panthera pardus)" is what both sides may be
    both = set.intersection(*map(set, said)) or set().union(*said)
    meant = {known: name for side in said for known, name in side.items() if known in both}
    return meant, len(said) == len(sides) and any(is_whole for _, is_whole in sides)


def known_names(
    table: pd.DataFrame, spellings: Mapping[str, Spellings], file: str
) -> tuple[pd.DataFrame, tuple[Problem, ...]]:
    """Rows with species and states by their scientific names and codes, and what names none for sure.

    A name that may mean several is kept as it was written, and told with all of them.

    Parameters
    ----------
    table : DataFrame
        With the columns that `spellings` names, text; they come back as `a;b`.
    spellings : mapping
        By column: see :func:`species_spellings`, :func:`state_spellings`.
    file : str
        The name of the file, for what is said.
    """
    tidy, problems = table.copy(), []
    for column, of_column in spellings.items():
        cells, row_notes = [], []
        for number, cell in enumerate(table[column], start=1):
            parts = [
                name for part in _BETWEEN_NAMES.split(cell) for name in _apart(part, of_column)
            ]
            meant = [_meant(part, of_column) for part in parts]
            row_notes += [
                (number, note)
                for part, one in zip(parts, meant, strict=True)
                if (note := _noticed(part, column, *one, of_column)) is not None
            ]
            # what names nothing that is known is no list: it stays as it was written
            is_list = any(len(ids) == 1 for ids, _ in meant)
            names = [
                min(ids) if len(ids) == 1 else part
                for part, (ids, _) in zip(parts, meant, strict=True)
            ]
            cells.append(";".join(dict.fromkeys(names)) if is_list else cell)
        tidy[column] = cells
        problems += at_rows(table, row_notes, file)
    return tidy, tuple(problems)


def _apart(part: str, spellings: Spellings) -> list[str]:
    """The names in a part of a list: "KZ and UZ" are two where both are known."""
    names = [name for name in _JOINED.split(part) if name]
    is_joined = not _meant(part, spellings)[0] and all(_meant(name, spellings)[0] for name in names)
    return names if is_joined else [part] if part.strip() else []


def _noticed(
    typed: str, column: str, meant: Meant, is_whole: bool, spellings: Spellings
) -> Note | None:
    """What is said of a typed name: that it names none, or any of several, or what it was taken for."""
    if not meant:
        return nearest_listed(typed, column, spellings.names)
    names = in_short(
        known if name == known else f"{known} ({name})" for known, name in sorted(meant.items())
    )
    facts = {"words": typed, "column": column, "names": names}
    if len(meant) > 1:
        return Note("name of several", facts, "note")
    return None if is_whole else Note("part of a name", facts, "note")
