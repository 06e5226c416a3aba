"""The dialects: how columns, categories and states are spelt by the Red List, by WDPA, by people and by us.

And which of the columns each kind of file needs.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.layers._reading import FILE_NAME, FileRules
from cami_units.model import (
    INPUT_LAYERS,
    ISO2,
    ISO2_CODES,
    LAYERS,
    STATES_ALSO,
    Note,
    Problem,
    clean_name,
    data_dir,
    in_short,
    nearest_note,
    nearest_word,
    package_table,
    plan_lines,
    problem_of,
    toml_key,
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of ours, the spellings it is known by (best first), and whether it must be there.

    Our own name goes before every spelling but `after`, which means it better where both are there.
    """

    name: str
    spellings: tuple[str, ...]
    required: bool = False
    after: str = ""


def plain(name: str) -> str:
    """A column name as it is compared: letters of any script and digits, without case.

    Examples
    --------
    >>> plain("SITE_PID"), plain("Площадь, га")
    ('sitepid', 'площадьга')
    """
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", str(name)).casefold())


_WORDS: Final = package_table("layers/dialects.toml")


def _columns(rows: Mapping[str, Any]) -> tuple[Column, ...]:
    """The columns of a table of `dialects.toml`, each with our own name before those of others."""
    columns = []
    for name, words in rows.items():
        if isinstance(words, str):
            after = rows.get("before", {}).get(name, "")
            spellings = words.split()
            own_spelling = [] if plain(name) in spellings else [plain(name)]
            first = [after] if after else []
            is_needed = name in rows.get("needed", ())
            columns.append(Column(name, (*first, *own_spelling, *spellings), is_needed, after))
    return tuple(columns)


POINT: Final = _columns(_WORDS["point"])
"""Where a row of a table lies, best first."""

DIALECTS: Final[Mapping[str, tuple[Column, ...]]] = MappingProxyType(
    {
        # a record and a position of an animal are points, in a table without shapes
        layer: _columns(rows | (_WORDS["point"] if layer in ("occurrences", "telemetry") else {}))
        for layer, rows in _WORDS["spellings"].items()
    }
    | {"context": ()}
)

_WDPA: Final = frozenset({"sitepid", "wdpapid", "wdpaid"})
_BESIDE_SITE_ID: Final = frozenset({"desigeng", "prntiso3", "sitetype", "reparea", "statusyr"})
"""Columns of WDPA, of which one at least is in each piece of it: others number their sites too."""


_KEY_AREAS: Final = frozenset({"kbastatus", "ibastatus"})


def is_key_areas(table: pd.DataFrame) -> bool:
    """Whether a table is of Key Biodiversity Areas or Important Bird Areas, which may not be passed on."""
    return bool(_KEY_AREAS & {plain(column) for column in table.columns})


_SINGLE_ANIMALS: Final = frozenset(_WORDS["single_animals"].split())
_BINOMIAL: Final = re.compile(r"[A-Z][a-z]{2,} [a-z]{3,}\b")


def is_of_single_animals(table: gpd.GeoDataFrame) -> bool:
    """Whether rows are records or positions of animals, in whatever layer they came.

    By the headings of those who keep such tables; or points beside the scientific name of what was seen.
    """
    headings = {plain(str(column)): column for column in table.columns}
    if _SINGLE_ANIMALS & set(headings):
        return True
    if not len(table) or shapely.get_dimensions(table.geometry.to_numpy()).max() > 0:
        return False
    names = next(column for column in DIALECTS["occurrences"] if column.name == "sci_name")
    return any(
        isinstance(value, str) and _BINOMIAL.match(value) is not None
        for word in names.spellings
        if word in headings
        for value in table[headings[word]].unique()
    )


def is_wdpa(table: pd.DataFrame) -> bool:
    """Whether a table, as it stands in its file, speaks a dialect of the World Database on Protected Areas."""
    columns = {plain(column) for column in table.columns}
    return bool(_WDPA & columns) or bool("siteid" in columns and _BESIDE_SITE_ID & columns)


def in_our_words(
    table: pd.DataFrame,
    layer: str,
    file: str,
    rules: FileRules,
    *,
    only: Collection[str] | None = None,
) -> tuple[pd.DataFrame, list[Problem]]:
    """A table with our column names, the file's other columns after them in lower case.

    Parameters
    ----------
    table
        As it stands in the file; a geometry column is carried along untouched.
    layer, file
        Whose dialect, and what to call the file in messages.
    rules
        What the plan says of the file: its columns (these go before a column that is called as
        ours is, and that before the usual spellings), what it holds throughout, what it lacks.
    only
        Just these columns of ours, no others, and nothing is missed: a first look.

    Returns
    -------
    DataFrame, list of Problem
        Every text is cleaned on the way: normalised, without control characters, trimmed.
    """
    headings: dict[str, Any] = {}
    for heading in table.columns:
        if heading != "geometry":
            # Of two headings that differ in case or signs only the first counts, as it does in a
            # shapefile.
            headings.setdefault(plain(str(heading)), heading)
    dialect = [column for column in DIALECTS[layer] if only is None or column.name in only]
    theirs_of_ours, problems = _matched(dialect, table, headings, layer, file, rules)
    if only is None:
        problems = [*_unknown_columns(layer, file, rules), *problems]
    ours = {name: cleaned_values(table[heading]) for name, heading in theirs_of_ours.items()}
    if layer == "countries" and "iso2" in ours:
        ours["iso2"], notes = _state_of_each_row(ours["iso2"], table, headings, file, rules)
        problems += notes
        if any("3166-1" in str(heading) for heading in headings.values()):
            # so OpenStreetMap calls its codes, whose outlines run along territorial waters
            problems.append(problem_of("note", layer, file, "", Note("states with sea")))
    names = [column.name for column in dialect]
    # What a file says itself goes before what the plan says of files that are silent.
    for name, value in (*rules.defaults.items(), *rules.constants.items()):
        if name in names and name not in ours:
            ours[name] = pd.Series([value] * len(table), index=table.index, dtype=object)
    if only is not None:
        return pd.DataFrame(ours, index=table.index), []
    others = _other_columns(table, headings, theirs_of_ours)
    return pd.DataFrame({**ours, **others, **ours}, index=table.index), problems


def _other_columns(
    table: pd.DataFrame, headings: Mapping[str, Any], theirs_of_ours: Mapping[str, Any]
) -> dict[str, Any]:
    """The columns of a file that stand for none of ours, by their headings in small letters."""
    our_headings = {*theirs_of_ours.values(), "geometry"}
    extras: dict[str, Any] = {}
    for heading in headings.values():
        if heading not in our_headings:
            extras.setdefault(str(heading).strip().casefold(), heading)
    return {name: cleaned_values(table[heading]) for name, heading in extras.items()}


def _matched(
    dialect: Sequence[Column],
    table: pd.DataFrame,
    headings: Mapping[str, Any],
    layer: str,
    file: str,
    rules: FileRules,
) -> tuple[dict[str, Any], list[Problem]]:
    """By our name the heading of the file that stands for it, and what is missed."""
    theirs_of_ours: dict[str, Any] = {}
    problems = []
    for column in dialect:
        if column.name in rules.constants:
            continue
        theirs = rules.columns.get(column.name, "")
        their_heading: Any = headings.get(plain(theirs)) if theirs else None
        # what a plan says of all files of a layer holds for those that have such a column
        if their_heading is None and column.name not in rules.columns_of_file:
            their_heading = _heading(column, table, headings)
            if theirs and their_heading is not None:
                facts = {"layer": layer, "column": column.name, "theirs": theirs}
                note = Note("column used instead", {**facts, "heading": str(their_heading)})
                problems.append(problem_of("note", layer, file, "", note))
        if their_heading is not None:
            theirs_of_ours[column.name] = their_heading
        elif (layer, column.name) == ("countries", "iso2") and (
            called := _state_names_in(table, headings, rules)
        ):
            theirs_of_ours[column.name] = called
        elif column.name in rules.defaults and column.name not in rules.columns_of_file:
            continue
        elif column.required and column.name not in rules.columns_of_file:
            problems.append(_missing_column(layer, file, column, table, rules))
        elif theirs:
            problems.append(_no_such_column(layer, file, column.name, theirs, headings))
    return theirs_of_ours, problems


def _heading(column: Column, table: pd.DataFrame, headings: Mapping[str, Any]) -> Any:
    """The heading that stands for a column: ours to the letter, else the best known spelling.

    A shapefile cuts names to ten letters, or to the letters that ten bytes hold: one so long that a
    spelling begins with is that spelling.
    """
    if column.name in table.columns and column.after not in headings:
        return column.name
    words = [name for name in column.spellings if name in headings]
    words += [
        word
        for name in column.spellings
        for word, heading in headings.items()
        if _may_be_cut(str(heading)) and name.startswith(word)
    ]
    return headings[words[0]] if words else None


def _state_of_each_row(
    codes_given: pd.Series[Any],
    table: pd.DataFrame,
    headings: Mapping[str, Any],
    file: str,
    rules: FileRules,
) -> tuple[pd.Series[Any], list[Problem]]:
    """The code of the state of each row: by the best column that has one there, else by its name.

    Atlases write -99 for a state in one column of codes, and the code in the next. What a plan says
    of the column holds.
    """
    if not rules.is_own or "iso2" in rules.columns:
        return codes_given, []
    iso, *names = DIALECTS["countries"]
    spellings = [word for name in names for word in name.spellings]
    called = _states_called(table, [word for word in spellings if word in headings], headings)
    if _is_denied(codes_given.map(_iso_code), called):
        codes_given = blank(codes_given.index)
    states = blank(codes_given.index)
    for word in (word for word in iso.spellings if word in headings):
        codes = by_value(cleaned_values(table[headings[word]]), _iso_code)
        states = states if _is_denied(codes, called) else states.fillna(codes)
    by_name = states.isna() & called.notna()
    states = states.fillna(called).fillna(codes_given)
    notes: list[Problem] = []
    codes = cleaned_values(codes_given).fillna("").astype(str)
    is_claimed = by_name & codes.str.fullmatch(_CLAIMED)
    if is_claimed.any():
        facts: dict[str, Any] = {"names": in_short(sorted(set(codes[is_claimed])))}
        facts |= {"count": int(is_claimed.sum()), "of": len(table)}
        note = Note("ground of several claims", facts)
        where = in_short(sorted(set(called[is_claimed])), 20)
        notes.append(problem_of("counted", "countries", file, where, note))
    by_name &= ~is_claimed
    if by_name.any():
        note = Note("states by name", {"count": int(by_name.sum()), "of": len(table)})
        where = in_short(sorted(set(called[by_name])), 20)
        notes.append(problem_of("note", "countries", file, where, note))
    return states, notes


_CLAIMED: Final = r"Z\d\d"
"""How GADM's codes of ground that several states claim look."""


def _states_called(
    table: pd.DataFrame, words: Sequence[str], headings: Mapping[str, Any]
) -> pd.Series[Any]:
    """The state of each row by what it is called, where that is a name that we know."""
    called = blank(table.index)
    for word in words:
        called = called.fillna(by_value(cleaned_values(table[headings[word]]), state_called))
    return called


def _is_denied(codes: pd.Series[Any], called: pd.Series[Any]) -> bool:
    """Whether codes are of other states than the names beside them: of the list FIPS 10-4, CH is China."""
    has_both = codes.notna() & called.notna()
    wrong = int((codes[has_both] != called[has_both]).sum())
    # one may be a namesake: Georgia is one of the United States too
    return wrong > max(1, 0.05 * int(has_both.sum()))


def _iso_code(value: object) -> str | None:
    """One state of ISO 3166 by its code, or that of its province (KE-33); ``None``: anything else."""
    text = re.sub(r"^([A-Z]{2})-[A-Z0-9]{1,3}$", r"\1", (clean_text(value) or "").upper())
    return text if text in ISO2_CODES else ISO2.get(text)


def _state_names_in(table: pd.DataFrame, headings: Mapping[str, Any], rules: FileRules) -> Any:
    """The heading under which states are called by names that we know, where no column has codes."""
    if "iso2" in rules.columns_of_file or _by_content("iso2", table):
        return None
    _, *names = DIALECTS["countries"]
    spellings = (word for name in names for word in name.spellings if word in headings)
    return next(
        (headings[word] for word in spellings if any(map(state_called, table[headings[word]]))),
        None,
    )


# dBASE III keeps ten bytes of a column's name: longer ones are met cut off.
_LONGEST_OF_DBF: Final = 10


def _may_be_cut(heading: str) -> bool:
    """Whether a longer name would not have been kept, in an old encoding or in UTF-8."""
    return _LONGEST_OF_DBF in (len(heading), len(heading.encode()))


def _unknown_columns(layer: str, file: str, rules: FileRules) -> list[Problem]:
    """Columns that the plan speaks of and the layer does not have."""
    # a context layer has no columns of ours, but its table may be told which are degrees
    known_columns = POINT if layer == "context" else DIALECTS[layer]
    ours = [column.name for column in known_columns]
    return [
        problem_of(
            "refuses",
            layer,
            file,
            "",
            Note(
                "column unknown to the layer",
                {"table": table, "layer": layer, "name": name}
                | {"names": in_short(ours, 20), "hint": nearest_note(name, ours)},
            ),
        )
        for table, names in (("columns", rules.columns), ("defaults", rules.defaults))
        for name in names
        if name not in ours
    ]


def _no_such_column(
    layer: str, file: str, ours: str, theirs: str, headings: Mapping[str, Any]
) -> Problem:
    """A column that the plan names and the file has not."""
    facts: dict[str, object] = {"layer": layer, "column": ours, "theirs": theirs}
    facts["names"] = in_short(headings.values(), 20)
    facts["hint"] = nearest_note(theirs, map(str, headings.values()))
    return problem_of("refuses", layer, file, "", Note("no column of the file", facts))


ADVISED: Final[Mapping[str, str | float]] = MappingProxyType(
    {"kind": "railway", "permeability": 0.5, "evidence_grade": "N"}
)
"""What a column may hold throughout where a file lacks it: advice that can be pasted as it stands."""


def _missing_column(
    layer: str, file: str, column: Column, table: pd.DataFrame, rules: FileRules
) -> Problem:
    """A column that must be there and is not, with lines for the plan that mend it."""
    names = [str(heading) for heading in table.columns if heading != "geometry"]
    key = toml_key(rules.plan_key or Path(file).name)
    guess = nearest_word(column.name, names) or _by_content(column.name, table)
    if guess:
        # what the plan says of the whole layer does not fit this file: say it of the file
        place = key if column.name in rules.columns else layer
        advice, lines = "say which column", plan_lines(f"columns.{place}", **{column.name: guess})
    elif column.name == "sci_name":
        folder, _, name = (rules.plan_key or file).rpartition("/")
        # every file of the folder that does not say its species, as the download came
        pattern = f"{folder}/*{Path(name).suffix}" if folder else f"*{Path(name).suffix}"
        lines = plan_lines("species", **{toml_key(pattern): FILE_NAME})
        advice = "say which species"
    elif column.name in ADVISED:
        advice = "say for all rows"
        lines = plan_lines(f"defaults.{layer}", **{column.name: ADVISED[column.name]})
    elif column.name == "animal":
        advice, lines = "say which animal", plan_lines(f"defaults.{key}", animal=Path(file).stem)
    else:
        advice, lines = "add the column", ""
    facts = {"column": column.name, "names": in_short(names, 20) or Note("none")}
    note = Note("column missing", {**facts, "advice": Note(advice, {"layer": layer})})
    return problem_of("refuses", layer, file, "", note, lines)


def _by_content(name: str, table: pd.DataFrame) -> str:
    """The heading of a column that must hold what is missed, by what stands in it; "": none does."""
    for heading in table.columns:
        if heading == "geometry":
            continue
        texts = [text for text in table[heading] if isinstance(text, str) and text.strip()]
        if name == "iso2" and _is_of_states(table[heading], table):
            return str(heading)
        # a place is called by a word: a column of codes has figures in it
        if name == "name_en" and texts and all(re.search(r"[^\W\d]{3}", text) for text in texts):
            return str(heading)
    return ""


def _is_of_states(values: pd.Series[Any], table: pd.DataFrame) -> bool:
    """Whether most values are codes of states, and of those that the names beside them are of."""
    codes = values.map(_iso_code)
    # atlases write -99 for a state whose code is in dispute; "NO" throughout is an answer, not Norway
    if 2 * codes.notna().sum() <= values.notna().sum() or codes.nunique() < min(2, len(table)):
        return False
    others = {name: name for name in table.columns if name not in ("geometry", values.name)}
    return not _is_denied(codes, _states_called(table, list(others), others))


def cleaned_values(values: pd.Series[Any]) -> pd.Series[Any]:
    """A column with every text in it cleaned; numbers stay numbers, nothing stays ``None``."""
    if pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_numeric_dtype(values.dtype):
        return values
    if _is_plain(values):
        return values.astype(object)
    return by_value(values.astype(object), clean_text)


def _is_plain(values: pd.Series[Any]) -> bool:
    """Whether all are texts that cleaning leaves as they are: looked at as one, which is much faster."""
    if values.hasnans or pd.api.types.infer_dtype(values, skipna=False) != "string":
        return False
    texts = values.tolist()
    full_text = "\n".join(["", *texts, ""])
    return (
        full_text.isascii()
        and full_text.count("\n") == len(texts) + 1
        and full_text.replace("\n", "").isprintable()
        and not any(spare in full_text for spare in ("\n\n", "  ", " \n", "\n "))
        and max(map(len, texts), default=0) <= _LONGEST_CELL
    )


def by_value(values: pd.Series[Any], say: Callable[[Any], Any]) -> pd.Series[Any]:
    """What is said of each value of a column, each different text looked at once."""
    kind = pd.api.types.infer_dtype(values, skipna=True)
    if kind not in ("string", "empty"):  # 1, 1.0 and True are one to a table
        return pd.Series([say(value) for value in values], index=values.index, dtype=object)
    place, texts = pd.factorize(values)
    answers = np.empty(len(texts) + 1, dtype=object)  # the last is where -1, nothing, points
    answers[:] = [*map(say, texts), say(None) if (place < 0).any() else None]
    return pd.Series(answers[place], index=values.index, dtype=object)


def clean_text(value: object) -> str | None:
    """One value as text fit to show, on one line; ``None`` where there is none."""
    if isinstance(value, str):  # an outline as text may have millions of letters
        value = value[: 5 * _LONGEST_CELL]
    return clean_name(value)[:_LONGEST_CELL] or None


# No column of ours holds more than a few sentences; what is longer is a whole document pasted in.
_LONGEST_CELL: Final = 4_000


_COMMA: Final = re.compile(r"^([-+]?\d+),(\d+)$")
_SURE_COMMA: Final = re.compile(r"^(?![-+]?[1-9]\d*,\d{3}$)([-+]?\d+),(\d+)$")
"""A decimal comma, and one that cannot stand between thousands."""


def numbers(values: pd.Series[Any], *, of_degrees: bool = False) -> pd.Series[float]:
    """A column as numbers; what is none is NaN, and "47,25" is one where the comma is the decimal sign.

    "1,250" may be a thousand or one and a quarter and is no number; `of_degrees` it is the latter.

    Examples
    --------
    >>> numbers(pd.Series(["0,5", "1.5", 2, "1,250", "0,125", "half", None])).tolist()
    [0.5, 1.5, 2.0, nan, 0.125, nan, nan]
    """
    result = pd.to_numeric(values, errors="coerce").astype(float)
    rest = result.isna() & values.notna()
    if rest.any():
        comma = _COMMA if of_degrees else _SURE_COMMA
        texts = values[rest].astype(str).str.strip().str.replace(comma, r"\1.\2", regex=True)
        result = result.mask(rest, pd.to_numeric(texts, errors="coerce"))
    return result


def blank(index: pd.Index[Any]) -> pd.Series[Any]:
    """A column with nothing in it, for one that a file does not have."""
    return pd.Series([None] * len(index), index=index, dtype=object)


# -- codes ----------------------------------------------------------------------------------------


NO_CODE: Final = -1
"""What a value comes to that is there and is no code."""


def code(value: object, words: Mapping[int, str]) -> int | None:
    """An IUCN code from a number, a text that begins with one, or its words; ``None``: blank.

    Anything else comes back as :data:`NO_CODE`.
    """
    if (text := clean_text(value)) is None:
        return None
    if number := re.match(r"\s*([0-9]+)(?:\.0*)?(?![0-9.])", text):
        number_given = int(number.group(1))
        return number_given if number_given in words else NO_CODE
    return _by_word(words).get(re.sub(r"[^a-z]+", " ", text.casefold()).strip(), NO_CODE)


def _by_word(words: Mapping[int, str]) -> dict[str, int]:
    """The codes of some words."""
    return {word: key for key, word in words.items()}


_LEGEND: Final = re.compile(r"^([^&(]+?)\s*(?:&\s*([^(]+?)\s*)?(?:\(([^)]*)\)\s*)?$")
_LEGEND_SEASON: Final = MappingProxyType(
    {
        "resident": 1,
        "breeding": 2,
        "non breeding": 3,
        "passage": 4,
        "seasonality uncertain": 5,
        "seasonal uncertain": 5,
    }
)


def legend_codes(text: str | None, words: Mapping[str, Mapping[int, str]]) -> dict[str, int]:
    """The codes behind a Red List legend such as "Extant & Reintroduced (passage)"."""
    if (match := _LEGEND.match(text or "")) is None:
        return {}
    first, second, season = (
        re.sub(r"[^a-z]+", " ", (group or "").casefold()).strip() for group in match.groups()
    )
    codes = {
        "presence": _by_word(words["presence"]).get(first),
        # A legend that names no origin means native: the Red List writes it out only where it is
        # not.
        "origin": _by_word(words["origin"]).get(second) if second else 1,
        "seasonal": _LEGEND_SEASON.get(season) if season else None,
    }
    if codes["presence"] is None:
        return {}
    return {name: value for name, value in codes.items() if value is not None}


# -- countries ------------------------------------------------------------------------------------


def iso2(value: object) -> str | None:
    """One or several states as our alpha-2 codes: "KAZ; Uzbekistan" is "KZ;UZ"; ``None``: none given."""
    words = state_codes(value, state_names()).split(";")
    codes = {word.upper() for word in words if re.fullmatch("[A-Z]{2,3}", word, re.IGNORECASE)}
    return ";".join(sorted(codes)) or None


# What people type where there is nothing to say, alone or in a list; "NO" and "NA" are states.
_NO_STATE: Final = re.compile(
    r"(?<![^;,/；，])\s*(?:[-–—−_.·/\\]+|n/a|n\.a\.?|none|nil|null|no data|нет|нет данных|н/д|"
    r"无|没有|暂无|байхгүй|үгүй)\s*(?![^;,/；，])",
    re.IGNORECASE,
)


def state_codes(value: object, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """States as alpha-2 codes, in the order in which they came; words that are none stay as they are.

    Parameters
    ----------
    names : mapping
        The code of each name, as :func:`plain_state` has it.

    Examples
    --------
    >>> state_codes("KAZ, uz/Botswana"), state_codes("KZ;Botswana", {"botswana": "BW"})
    ('KZ;UZ;Botswana', 'KZ;BW')
    >>> state_codes("n/a"), state_codes("KZ; —"), state_codes("KZ / -"), state_codes("n/a / KZ")
    ('', 'KZ', 'KZ', 'KZ')
    """
    text = clean_text(value) or ""
    words = [word.strip() for word in re.split(r"[;,/\n；，、]", _NO_STATE.sub("", text))]
    codes = [
        names.get(plain_state(word), ISO2.get(word.upper(), word))
        if word.upper() not in ISO2_CODES
        else word.upper()
        for word in words
    ]
    return ";".join(dict.fromkeys(filter(None, codes)))


RED_LIST: Final[Mapping[str, str]] = MappingProxyType(_WORDS["red_list"])
"""The categories of the Red List by code, and how its downloads and people write them."""

_RED_LIST_CODES: Final = MappingProxyType(
    {
        spelling: code
        for code, words in RED_LIST.items()
        for word in [code.lower(), *words.replace("ё", "е").split(", ")]
        for spelling in (word, word.replace(" ", "-"))
    }
)


# What stands behind a category: criteria (A2cd+3cd; B1ab(iii); D), a version, a year.
_BEHIND_CATEGORY: Final = re.compile(
    r"[\s;,:]+(?:[a-e]\d|[a-e]$|under\b|criteria\b|v(?:er(?:sion)?)?\.?\s*\d|\d\.\d|\d{4}\b).*$"
)
_SIGNS_OF_CATEGORIES: Final = re.compile(r"[()（）\[\]:：;；,，]|\s[-–—/]\s|[–—]|/")


def red_list_code(value: str) -> str:
    """The code of a category of the Red List; what is none, or two, stays as it is.

    Criteria and versions behind it are passed over. Numbers of national red books are no category.

    Examples
    --------
    >>> [red_list_code(one) for one in ("nt ", "Endangered A2cd+3cd", "VU – Vulnerable", "CR (PE)")]
    ['NT', 'EN', 'VU', 'CR']
    >>> [red_list_code(one) for one in ("II", "2", "EN/VU", "V")]
    ['II', '2', 'EN/VU', 'V']
    """
    plainly = " ".join(value.casefold().replace("ё", "е").split()).strip("*. ")
    bare = _BEHIND_CATEGORY.sub("", plainly)
    # "Endangered (EN)", "Critically Endangered (Possibly Extinct)"
    shorter = re.split(r"[(（]", bare)[0].strip()
    for word in (plainly, plainly.replace(" ", ""), bare, shorter):
        if word in _RED_LIST_CODES:
            return _RED_LIST_CODES[word]
    parts = (_BEHIND_CATEGORY.sub("", part.strip()) for part in _SIGNS_OF_CATEGORIES.split(plainly))
    codes = {_RED_LIST_CODES[part] for part in parts if part in _RED_LIST_CODES}
    return codes.pop() if len(codes) == 1 else value


# -- states by the names that layers and people call them, for tables without a code --------------


def state_called(name: object) -> str | None:
    """The code of the state that a name is of, among those that the bundled layer has; else ``None``.

    Examples
    --------
    >>> state_called("Iran  (Islamic Republic of)"), state_called("Россия"), state_called("Elbonia")
    ('IR', 'RU', None)
    """
    return state_names().get(plain_state(name)) if isinstance(name, str) else None


def plain_state(name: object) -> str:
    """A name of a state as it is compared: without case, and without what stands in brackets."""
    return clean_name(name).casefold().split("(")[0].strip()


@cache
def names_of_states() -> dict[str, tuple[str, str]]:
    """The English and the Russian name of each bundled state, by its code."""
    table = _bundled()
    return {row["iso2"]: (row["name_en"], row["name_ru"]) for row in table.to_dict("records")}


@cache
def _bundled() -> pd.DataFrame:
    """What each bundled state says of itself: GDAL would read all outlines for these words."""
    (path,) = data_dir().glob(LAYERS["countries"].files)
    text, decode = path.read_text(encoding="utf-8"), json.JSONDecoder().raw_decode
    return pd.DataFrame([decode(text, m.end())[0] for m in re.finditer('"properties": *', text)])


@cache
def state_names() -> dict[str, str]:
    """By name in small letters, in each language of the bundled states, the code of the state."""
    table = _bundled()
    bundled = {
        plain_state(name): code
        for column in table.columns
        if column.startswith("name_")
        for name, code in zip(table[column], table["iso2"], strict=True)
    }
    also = {
        plain_state(name): code for code, names in STATES_ALSO.items() for name in names.split(", ")
    }
    return bundled | also


# -- what people have, what it can be here, and which columns that needs --------------------------

_KINDS: Final[dict[str, Any]] = package_table("layers/file_kinds.toml")
VECTORS: Final[str] = _KINDS["vectors"]
_WORDS_OF_GEOMETRY: Final = {"polygon": "polygons", "line": "lines", "point": "points"}


class FileKind(NamedTuple):
    """A kind of file in one role: what it is, where a plan names it, which columns it needs."""

    have: str
    role: str
    columns: str


def file_kinds() -> list[FileKind]:
    """Every kind of file in every role that it can have, in the order of the layers.

    Examples
    --------
    >>> [kind.columns for kind in file_kinds() if kind.role == "[layers] barriers"]
    ['kind, permeability (or [defaults.barriers]); name, barrier_id']
    """
    kinds = []
    for layer in INPUT_LAYERS:
        role = f"[layers] {layer}"
        if LAYERS[layer].geometry is not None and LAYERS[layer].role != "record":
            what = _WORDS_OF_GEOMETRY.get(str(LAYERS[layer].geometry), "polygons or points")
            kinds.append(FileKind(what, role, _columns_asked(layer)))
        kinds += [FileKind(role=role, **row) for row in _KINDS.get(layer, ())]
    return [*kinds, *(FileKind(role="[context.NAME]", **row) for row in _KINDS["context"])]


def _columns_asked(layer: str) -> str:
    """The columns of a layer: those that must be there, then the first that are used if they are."""
    dialect = DIALECTS[layer]
    needed = [column.name for column in dialect if column.required]
    if needed and needed[-1] in ADVISED:
        needed[-1] += f" (or [defaults.{layer}])"
    if layer == "ranges":
        needed[-1] += " (or [species])"
    others = [column.name for column in dialect if not column.required][:4]
    optional = sorted(others, key=lambda name: name.endswith("_id"))
    return "; ".join((", ".join(needed) or "none needed", ", ".join(optional)))
