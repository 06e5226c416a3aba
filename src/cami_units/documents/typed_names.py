"""Species and states by the names that people type: in any language, in the plural, by a part of a name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import pandas as pd

from cami_units.documents.form_words import TYPED_WORDS, at_rows, nearest_listed, plain_word
from cami_units.model import ISO2, STATES_ALSO, Note, Problem, clean_name, in_short

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
    return _spellings(
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
    return _spellings(
        (str(row["iso2"]), name)
        for row in countries.to_dict("records")
        for name in (
            *(clean_name(row[column]) for column in columns),
            three_letters.get(str(row["iso2"]), ""),
            *STATES_ALSO.get(str(row["iso2"]), "").split(","),
        )
    )


def _spellings(pairs: Iterable[tuple[str, str]]) -> Spellings:
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
