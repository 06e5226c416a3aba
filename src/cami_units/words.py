"""What people read: one catalogue of phrases in English and Russian, and a unit's figures in words.

Balloons, popups, tables and documents take their words from here, so that they cannot differ. A
card holds a unit's figures as strings ready to show (not escaped: whoever writes KML, HTML or XLSX
cleans and escapes for that format).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import pandas as pd

from cami_units.model import FINDINGS, InputError, listed, nearest

LANGUAGES: Final = ("en", "ru")

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
    "confidence",
    "origin",
    "comment",
)
"""The fields of a unit's card, in the order in which a balloon or popup shows them."""

CATALOGUE: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        # fields of a card
        "name_en": ("Name", "Название (англ.)"),
        "name_ru": ("Name (Russian)", "Название"),
        "status": ("Status", "Статус"),
        "rank": ("Rank", "Место"),
        "states": ("States", "Государства"),
        "area": ("Area", "Площадь"),
        "species": ("Species", "Виды"),
        "criteria": ("Criteria", "Критерии"),
        "protected": ("Protected", "Охраняется"),
        "barriers": ("Barriers", "Преграды"),
        "confidence": ("Confidence", "Достоверность"),
        "origin": ("Hotspots", "Ключевые районы"),
        "comment": ("To comment", "Как высказаться"),
        "how_to_comment": (
            "type in the description, or drop a pin; put “X ” before the name to reject",
            "напишите в описании или поставьте метку; «X » перед названием — отклонить",
        ),
        # statuses
        "modelled candidate": ("modelled candidate", "расчётный кандидат"),
        "area of interest": ("area of interest", "район интереса"),
        "working-group proposal": ("working-group proposal", "предложение рабочей группы"),
        "plenary-agreed": ("plenary-agreed", "согласовано на пленарном заседании"),
        "endorsed by range states": ("endorsed by range states", "одобрено государствами ареала"),
        "adopted": ("adopted", "принято"),
        "rejected": ("rejected", "отклонено"),
        "merged": ("merged", "объединено"),
        # origins and tiers
        "confirms": ("confirms", "подтверждает"),
        "reshapes": ("reshapes", "изменяет"),
        "new": ("new: no known hotspot here", "новый: известного ключевого района здесь нет"),
        "very high": ("very high", "очень высокий"),
        "high": ("high", "высокий"),
        "moderate": ("moderate", "умеренный"),
        # gates and criteria
        "G1": ("two range states", "два государства ареала"),
        "G2": ("a species on both sides", "вид по обе стороны"),
        "C1": ("transboundary species", "трансграничные виды"),
        "C2": ("threatened transboundary species", "угрожаемые трансграничные виды"),
        "C3": ("share of a species’ range", "доля ареала вида"),
        "C4": ("shared responsibility", "общая ответственность"),
        "C5": ("documented movement", "подтверждённые перемещения"),
        "C6": ("barriers", "преграды"),
        "C7": ("protection gap", "пробел в охране"),
        "C8": ("concordance with hotspots", "совпадение с ключевыми районами"),
        "C9": ("confidence of the evidence", "достоверность данных"),
        # small phrases
        "not assessed": ("not assessed", "не оценено"),
        "met": ("met", "выполнен"),
        "not met": ("not met", "не выполнен"),
        "of qualifying range protected": (
            "of qualifying range protected",
            "ареала учтённых видов под охраной",
        ),
        "of the shared border fenced": (
            "of the shared border fenced",
            "общей границы перекрыто ограждением",
        ),
        "disputed": (
            "the count of states hinges on a disputed area",
            "число государств зависит от спорной территории",
        ),
        "score": ("score", "балл"),
        "km2": ("km²", "км²"),
    }
)
"""Every fixed phrase, as (English, Russian). A phrase without both is a failing test."""

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
    if lang not in LANGUAGES:
        raise InputError(f"Language '{lang}' is unknown: {listed(LANGUAGES)} are there.")
    if key not in CATALOGUE:
        raise InputError(f"The phrase '{key}' is not in the catalogue.{nearest(key, CATALOGUE)}")
    return CATALOGUE[key][LANGUAGES.index(lang)]


def label(field: str, lang: str = "en") -> str:
    """The label of a card's field: what stands before its value."""
    return text(field, lang)


def number(value: float, lang: str = "en", digits: int = 0) -> str:
    """A number as people write it: "12,345" in English, "12 345" (no-break) in Russian.

    Examples
    --------
    >>> number(12345.4), number(0.5, "ru", 1)
    ('12,345', '0,5')
    """
    plain = f"{value:,.{digits}f}"
    if lang == "ru":
        return plain.replace(",", "\u00a0").replace(".", ",")
    return plain


def unit_cards(
    tables: Mapping[str, pd.DataFrame], species: pd.DataFrame, *, lang: str = "en"
) -> pd.DataFrame:
    """What each unit says of itself, as strings ready to show.

    Parameters
    ----------
    tables : mapping
        `conservation_units`, `unit_criteria` and `unit_species` of a round.
    species : DataFrame
        The `species` table: names and label codes.
    lang : {"en", "ru"}
        Language of the phrases and of the species' names.

    Returns
    -------
    DataFrame
        One row a unit, in the order of `conservation_units`: ``unit_id`` and
        :data:`CARD_FIELDS`. An unknown value is an empty string.
    """
    units = tables["conservation_units"]
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in _records(tables["unit_criteria"]):
        found.setdefault(row["unit_id"], {})[row["criterion"]] = row
    names = dict(zip(species["sci_name"], species[f"name_{lang}"], strict=True))
    rows = [
        _card(unit, found.get(unit["unit_id"], {}), names, lang)
        for unit in _records(units.drop(columns="geometry", errors="ignore"))
    ]
    return pd.DataFrame(rows, columns=["unit_id", *CARD_FIELDS])


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _card(
    unit: Mapping[str, Any],
    findings: Mapping[str, Mapping[str, Any]],
    names: Mapping[str, str],
    lang: str,
) -> dict[str, str]:
    qualifying = [name for name in _string(unit["species"]).split(";") if name]
    states = _string(unit["countries"]).replace(";", ", ")
    if unit["disputed"]:
        states += f" ({text('disputed', lang)})"
    spoken = ", ".join(names.get(name, name) for name in qualifying)
    return {
        "unit_id": unit["unit_id"],
        "name_en": _string(unit["name_en"]),
        "name_ru": _string(unit["name_ru"]),
        "status": text(unit["status"], lang),
        "rank": _rank(unit, lang),
        "states": states,
        "area": f"{number(unit['area_km2'], lang)} {text('km2', lang)}",
        "species": f"{len(qualifying)}: {spoken}" if qualifying else "0",
        "criteria": " ".join(
            f"{name} {mark(findings[name]['met'])}" for name in FINDINGS if name in findings
        ),
        "protected": _percent(findings, "C7", "of qualifying range protected", lang),
        "barriers": _percent(findings, "C6", "of the shared border fenced", lang),
        "confidence": _confidence(unit["confidence"], lang),
        "origin": _origin(unit, lang),
        "comment": text("how_to_comment", lang),
    }


def mark(met: Any) -> str:
    """✓ met, ✗ not met, ? not assessed.

    Examples
    --------
    >>> mark(True), mark(False), mark(None)
    ('✓', '✗', '?')
    """
    return MARKS[None if pd.isna(met) else bool(met)]


def _string(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def _rank(unit: Mapping[str, Any], lang: str) -> str:
    tier = _string(unit["tier"])
    parts = (
        _string(unit["rank_label"]),
        text(tier, lang) if tier in CATALOGUE else tier,
        f"{text('score', lang)} {number(unit['score'], lang, 3)}",
    )
    return " · ".join(part for part in parts if part)


def _percent(
    findings: Mapping[str, Mapping[str, Any]], criterion: str, phrase: str, lang: str
) -> str:
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
