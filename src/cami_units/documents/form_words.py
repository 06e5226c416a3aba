"""The words of a form's lists: written in the form's language, understood in any."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

import pandas as pd

from cami_units.model import (
    Note,
    Problem,
    as_typed,
    clean_name,
    clean_text,
    nearest_note,
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
GRADES: Final = ("A", "B", "C", "D", "N")
GENERAL: Final = "general"
"""What stands for a unit where an activity belongs to none."""

UNIT_LISTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"action": UNIT_ACTIONS, "evidence_grade": GRADES}
)
ACTIVITY_LISTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "action": ACTIVITY_ACTIONS,
        "theme": THEMES,
        "priority": PRIORITIES,
        "cost_band": COST_BANDS,
    }
)
"""The columns of the two sheets that have a list."""

_ALSO: Final[Mapping[str, str]] = MappingProxyType(
    {
        "keep": "без изменений, сохранить, оставляем, 保留, 不变",
        "change": "изменение, правка, 修改, 更改, 变更",
        "reject": "отклонено, отвергнуть, отказать, 拒绝, 否决, 删除",
        "merge": "слить, объединение, 合并",
        "split": "разделение, 拆分, 分割",
        "new": "новая, новый, 新增, 新建",
        "add": "добавление, новое, new, 添加, 新增",
        "amend": "изменение, поправка, change, 修改, 修订",
        "drop": "удалить, убрать, снять, reject, delete, 删除, 取消",
        "anti-poaching": "браконьерство, антибраконьерство, 反偷猎, 反盗猎",
        "community": "население, местное население, сообщества, 社区, 社区参与",
        "protected areas": "оопт, охраняемые территории, 保护区, 保护地",
        "legislation": "законы, право, 立法, 法律",
        "infrastructure and barriers": "fences, barriers, infrastructure, инфраструктура, барьеры, преграды, заборы, ограждения, 基础设施, 障碍, 围栏",
        "transboundary cooperation": "сотрудничество, 跨境合作, 跨界合作",
        "monitoring and research": "мониторинг, исследования, 监测, 研究, 监测与研究",
        "human-wildlife conflict": "конфликт, конфликты, 人兽冲突, 人与野生动物冲突",
        "land use": "земля, выпас, 土地利用",
        "finance": "финансы, деньги, 资金, 财务, 融资",
        "high": "высокая, высоко, 高",
        "medium": "средняя, средне, 中",
        "low": "низкая, низко, 低",
        GENERAL: "общее, общий, общая часть, общие, все, все единицы, all, all units, 总则, 一般, 总体, 全部, 所有, 所有单元, 通用, ерөнхий, нийтлэг, бүгд, бүх нэгж",
        # the keys of a Russian or Mongolian keyboard that look so, and the wide letters of a Chinese one
        "A": "А, Ａ",
        "B": "В, Ｂ",
        "C": "С, Ｃ",
        "D": "Ｄ",
        "N": "Ｎ",
    }
)
"""What else people write for a word of a list, beside the word itself in each language."""


def in_language(word: str, lang: str) -> str:
    """A word of a list in a language; grades are the same in all."""
    return word if word in GRADES else text(f"choice {word}", lang)


def known_word(value: str, vocabulary: tuple[str, ...]) -> str:
    """The word of a list that a value means, in whatever language; the value where it means none."""
    plain = plain_word(value)
    spellings = (
        word
        for word in vocabulary
        if any(plain == plain_word(spelling) for spelling in _spellings(word))
    )
    return next(spellings, value)


def _spellings(word: str) -> Iterator[str]:
    """Each way in which a group may have written a word of a list."""
    yield word
    if word not in GRADES:
        yield from (text(f"choice {word}", lang) for lang in LANGUAGES)
    yield from _ALSO.get(word, word).split(",")


def plain_word(value: str) -> str:
    """A word as it is compared: without case, with single blanks."""
    # Russian is written with and without the dots of ё
    return " ".join(value.split()).casefold().replace("ё", "е").strip(" .")


def known_words(
    table: pd.DataFrame,
    file: str,
    lists: Mapping[str, tuple[str, ...]] = ACTIVITY_LISTS,
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
    for column in {"unit_id", "unit_name"} & set(tidy):
        tidy[column] = [known_word(value, (GENERAL,)) for value in tidy[column]]
    return tidy, tuple(problems)


_OF_SPECIES: Final = ("sci_name", "code", "name_", "cms_name", "iucn_name", "synonyms")
"""Columns of the table `species` that hold names of it; of `name_` one for each language."""
_BETWEEN_NAMES: Final = re.compile(r"\s*[;,/\n；，、]\s*")
_JOINED: Final = re.compile(r"\s*(?:[-–—+&和及与]|\b(?:and|и|ба|болон)\b)\s*")
"""Between names in a sentence; inside a name too: only where all that it parts is known."""

_STATES_ALSO: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CN": "PRC, P.R. China, People's Republic of China, КНР, 中华人民共和国, БНХАУ",
        "IN": "Republic of India, Bharat",
        "IR": "I.R. Iran, Islamic Republic of Iran, ИРИ, Исламская Республика Иран, 伊朗伊斯兰共和国",
        "KG": "Kyrgyz Republic, Kirghizia, Киргизия, Киргизстан, Кыргызская Республика, 吉尔吉斯",
        "KZ": "Republic of Kazakhstan, Республика Казахстан, 哈萨克",
        "MN": "Монгол Улс, 蒙古国",
        "RU": "Russia, Россия, РФ, 俄罗斯, 俄国, Орос, ОХУ",
        "TJ": "Republic of Tajikistan, Республика Таджикистан",
        "TM": "Туркмения, Туркменистан Республика",
        "TR": "Turkey, Турк Улс",
        "UZ": "Republic of Uzbekistan, Республика Узбекистан",
    }
)
"""What else people write for a state, beside its names in the layer of states."""


def species_spellings(species: pd.DataFrame) -> dict[str, str]:
    """The scientific name behind each name of a species: in all languages, its code, its synonyms.

    A name that several species have, and that is not the scientific one of any, means none of them.

    Parameters
    ----------
    species : DataFrame
        The table `species`.
    """
    columns = [name for name in species if str(name).startswith(_OF_SPECIES)]
    meant: dict[str, set[str]] = {}
    for row in species.to_dict("records"):
        for name in (part for column in columns for part in clean_name(row[column]).split(";")):
            meant.setdefault(name.strip(), set()).add(str(row["sci_name"]))
    own = {str(name): str(name) for name in species["sci_name"]}
    return {name: min(of) for name, of in meant.items() if name and len(of) == 1} | own


def state_spellings(countries: pd.DataFrame) -> dict[str, str]:
    """The code behind each name of a state: its names in all languages, and what else it is called.

    "Iran (Islamic Republic of)" is "Iran" too. A name that several states have means none of them.

    Parameters
    ----------
    countries : DataFrame
        The table `countries`.
    """
    meant: dict[str, set[str]] = {}
    for row in countries.to_dict("records"):
        code = str(row["iso2"])
        names = [clean_name(row[name]) for name in countries if str(name).startswith("name_")]
        for name in (*names, *_STATES_ALSO.get(code, "").split(",")):
            for spelling in {name, name.partition("(")[0]}:
                meant.setdefault(spelling.strip(), set()).add(code)
    own = {str(code): str(code) for code in countries["iso2"]}
    return {name: min(of) for name, of in meant.items() if name and len(of) == 1} | own


def known_names(
    table: pd.DataFrame, spellings: Mapping[str, Mapping[str, str]], file: str
) -> tuple[pd.DataFrame, tuple[Problem, ...]]:
    """Rows with species and states by their scientific names and codes, and what names none.

    Parameters
    ----------
    table : DataFrame
        With the columns that `spellings` names, text; they come back as `a;b`.
    spellings : mapping
        By column, the id behind each name: see :func:`species_spellings`, :func:`state_spellings`.
    file : str
        The name of the file, for what is said.
    """
    tidy, unknown = table.copy(), []
    for column, of_column in spellings.items():
        by_plain = {plain_word(name): known for name, known in of_column.items()}
        cells = []
        for number, cell in enumerate(table[column], start=1):
            parts = [name for part in _BETWEEN_NAMES.split(cell) for name in _apart(part, by_plain)]
            unknown += [
                _not_listed(table, number, part, column, of_column, file)
                for part in parts
                if plain_word(part) not in by_plain
            ]
            # what names nothing that is known is no list: it stays as it was written
            is_list = any(plain_word(part) in by_plain for part in parts)
            names = [by_plain.get(plain_word(part), part) for part in parts]
            cells.append(";".join(dict.fromkeys(names)) if is_list else cell)
        tidy[column] = cells
    return tidy, tuple(unknown)


def _apart(part: str, by_plain: Mapping[str, str]) -> list[str]:
    """The names in a part of a list: "KZ and UZ" are two where both are known."""
    names = [name for name in _JOINED.split(part) if name]
    is_joined = plain_word(part) not in by_plain and {plain_word(name) for name in names} <= set(
        by_plain
    )
    return names if is_joined else [part] if part.strip() else []


def _unlisted(
    table: pd.DataFrame, column: str, vocabulary: tuple[str, ...], file: str
) -> list[Problem]:
    """The words of a column that are in no list, each with the nearest one."""
    return [
        _not_listed(table, number, value, column, vocabulary, file)
        for number, value in enumerate(table[column], start=1)
        if value and value not in vocabulary
    ]


def _not_listed(
    table: pd.DataFrame,
    number: int,
    value: str,
    column: str,
    vocabulary: Iterable[str],
    file: str,
) -> Problem:
    """What is said of a word in a row that is in no list, with the nearest one."""
    ids = [table[key].iloc[number - 1] for key in ("activity_id", "unit_id") if key in table]
    row = next(filter(None, map(clean_text, ids)), "") or Note("row", {"row": number})
    facts: dict[str, object] = {"words": value, "column": column}
    note = Note("not in the list", facts, "note")
    if isinstance(close := nearest_note(value, vocabulary), Note):
        note = Note("not in the list, one like it", facts | dict(close.facts), "note")
    return problem_of("note", "form", file, row, note)


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
