"""The sheets of the workbook of a round: its units, with their evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from cami_units.documents._worksheets import (
    SHEETS,
    Column,
    Rows,
    fill,
    fill_about,
    new_workbook,
    settled_parts,
    status_styles,
)
from cami_units.documents.csv_tables import by_rank, without_geometry
from cami_units.model import FINDINGS, Round, clean_name, finding_key, is_missing, records
from cami_units.words import LANGUAGES, has, mark, name_in, text
from cami_units.words.finding_sentences import in_language
from cami_units.words.unit_card import stability


def sheet_parts(
    round: Round, further_tables: Mapping[str, pd.DataFrame], marks: Sequence[str]
) -> tuple[dict[str, bytes], dict[str, int]]:
    """The parts of the workbook of a round, and the number of the style of each status.

    `marks` stand in the place of the statuses of the units, in the order of their ranks.
    """
    imprint = round.imprint
    book = new_workbook(imprint)
    styles: dict[str, int] = {}
    for name, codes, coded_rows in _sheets(round, marks):
        columns, rows = _worded(codes, coded_rows, imprint.languages[0])
        sheet = book.create_sheet(name)
        # Once for the book: styles belong to it, and a number means the same on every sheet.
        styles = styles or status_styles(sheet)
        fill(sheet, columns, rows, imprint)
    for name, table in further_tables.items():
        says = _DECISIONS if name == "decisions" else {}
        plain = [
            Column(str(column), _width(column), wrap=True, says=says.get(str(column), ""))
            for column in table
        ]
        lines = records(table)
        is_worded = name in ("decisions", "activities")
        shown = _worded(plain, lines, imprint.languages[0]) if is_worded else (plain, lines)
        fill(book.create_sheet(name), *shown, imprint)
    fill_about(book.create_sheet("about"), imprint)
    return settled_parts(book, imprint), styles


def _worded(codes: Sequence[Column], rows: Rows, lang: str) -> tuple[Sequence[Column], Rows]:
    """A sheet for readers of another language: words of ours in it, and our codes behind them all.

    The columns of words are called as their codes are, with the language behind: ``status_ru``.
    """
    coded = [column for column in codes if column.name in _SAID]
    if lang == LANGUAGES[0] or not coded:
        return codes, rows
    columns = [
        replace(
            column,
            name=f"{column.name}_{lang}",
            says=column.says or column.name,
            # statuses are put in last, where no row grows higher with them
            width=36 if column.name == "status" else max(column.width, 14),
        )
        if column in coded
        else column
        for column in codes
    ]
    spoken_rows = [
        {**row, **{f"{code.name}_{lang}": _said(code.name, row, lang) for code in coded}}
        for row in rows
    ]
    return [
        *columns,
        *(replace(code, says=f"code {code.says or code.name}") for code in coded),
    ], spoken_rows


_SAID: Final = {
    "status": "",
    "tier": "",
    "origin": "",
    "role": "role ",
    "unit": "measure ",
    "decision": "",
    "before": "",
    "by": "by ",
    **dict.fromkeys(("theme", "priority", "cost_band"), "choice "),
}
"""Columns of codes that have words, and how the keys of their phrases begin."""

_DECISIONS: Final = {
    "decision": "decided",
    "before": "status before",
    "status": "status after",
    "by": "decided by",
    "reason": "why",
}
"""Columns of the log of decisions whose headings are not those of other tables."""


def _said(name: str, row: Mapping[str, Any], lang: str) -> Any:
    """The code of a column in words; as it stands where nobody has words for it."""
    # an activity has a status of its own, a word of the lists of the forms
    keys = (f"{_SAID[name]}{row.get(name)}", f"listed {row.get(name)}")
    return next((text(key, lang, n=0) for key in keys if has(key)), row.get(name))


def _width(column: object) -> float:
    return {"text": 60.0, "reason": 60.0, "name_en": 28.0, "sci_name": 28.0}.get(str(column), 13.0)


_TABLES: Final = (
    *("conservation_units", "unit_criteria", "unit_species", "unit_countries", "not_proposed"),
    *("unit_rationale", "species", "countries", "sensitivity"),
)
"""The tables that the workbook tells."""


def _sheets(round: Round, status_marks: Sequence[str]) -> list[tuple[str, Sequence[Column], Rows]]:
    """Each sheet of the workbook: its name, columns and rows."""
    languages = round.imprint.languages
    told_tables = {name: round.tables[name] for name in _TABLES if name in round.tables}
    spoken_tables = in_language(told_tables, languages[0])
    tables = {name: without_geometry(table) for name, table in spoken_tables.items()}
    # Marks and not statuses: a decision then changes these cells alone, and the rest of the book is
    # kept.
    units = by_rank(tables["conservation_units"]).assign(status=list(status_marks))
    if "stability" in units and languages[0] != LANGUAGES[0]:
        units["stability"] = _how_sure(units, tables.get("sensitivity"), languages[0])
    place = {unit_id: number for number, unit_id in enumerate(units["unit_id"])}
    own_name = f"name_{languages[0]}"
    titles = [name for name in dict.fromkeys(("name_en", own_name)) if name in units]
    names = {row["unit_id"]: {name: row[name] for name in titles} for row in records(units)}
    species = _names(tables.get("species"), "sci_name", languages)
    states = _names(tables.get("countries"), "iso2", languages)
    marks = _marks(tables["unit_criteria"])

    def evidence(name: str, order: Callable[[Mapping[str, Any]], Any]) -> list[dict[str, Any]]:
        rows = [{**row, **names.get(row["unit_id"], {})} for row in records(tables[name])]
        return sorted(rows, key=lambda row: (place.get(row["unit_id"], len(place)), order(row)))

    findings = [
        {**row, "what": _what(row["criterion"], round), "met": mark(row["met"], row["criterion"])}
        for row in evidence("unit_criteria", lambda row: finding_key(row["criterion"]))
    ]
    present = [
        {**row, "species_name": species.get(row["sci_name"])}
        for row in evidence("unit_species", lambda row: row["sci_name"])
    ]
    shares = [
        {**row, "state": states.get(row["iso2"])}
        for row in evidence("unit_countries", lambda row: row["iso2"])
    ]
    return [
        (
            "units",
            (
                *SHEETS["units"],
                *(Column(name, 6) for name in FINDINGS),
                *(column for column in SHEETS["units, asked for"] if column.name in units),
                *_further(marks),
            ),
            [{**row, **marks.get(row["unit_id"], {})} for row in records(units)],
        ),
        ("criteria", _named(SHEETS["criteria"], titles), findings),
        ("species", _named(SHEETS["species"], titles), present),
        ("countries", _named(SHEETS["countries"], titles), shares),
        (
            "not proposed",
            _named(SHEETS["not proposed"], titles),
            records(tables["not_proposed"].sort_values("hotspot_id")),
        ),
    ]


def _named(columns: Sequence[Column], titles: Sequence[str]) -> list[Column]:
    """Columns with the name in the reader's language beside the English one, which scripts know."""
    return [
        replace(column, name=name)
        for column in columns
        for name in (titles if column.name == "name_en" else [column.name])
    ]


def _how_sure(units: pd.DataFrame, sensitivity: pd.DataFrame | None, lang: str) -> list[str]:
    """How sure each unit is, in a language; nothing where nobody has asked."""
    told = {} if sensitivity is None else {str(row["unit_id"]): row for row in records(sensitivity)}
    return [
        stability(told[unit_id], lang) if unit_id in told else said and text("not computed", lang)
        for unit_id, said in zip(units["unit_id"], units["stability"].fillna(""), strict=True)
    ]


def _names(table: pd.DataFrame | None, key: str, languages: Sequence[str]) -> dict[str, str]:
    """What each species or state is called, in the languages of the round."""
    if table is None:
        return {}
    columns = [f"name_{lang}" for lang in languages if f"name_{lang}" in table.columns]
    return {
        str(row[key]): " / ".join(clean_name(row[c]) for c in columns if not is_missing(row[c]))
        for row in records(table)
    }


def _marks(findings: pd.DataFrame) -> dict[str, dict[str, str]]:
    """The mark of each criterion of each unit."""
    marks: dict[str, dict[str, str]] = {}
    for row in records(findings):
        marks.setdefault(row["unit_id"], {})[row["criterion"]] = mark(row["met"], row["criterion"])
    return marks


def _further(marks: Mapping[str, Mapping[str, str]]) -> list[Column]:
    """Columns for the criteria beyond C9 that a profile has added."""
    names = {name for findings in marks.values() for name in findings} - set(FINDINGS)
    return [Column(name, 6) for name in sorted(names)]


def _what(criterion: str, round: Round) -> str:
    """What a gate or criterion asks; of one that the profile added, in the profile's words."""
    added = round.manifest.get("profile", {}).get("further", {}).get(criterion)
    languages = round.imprint.languages
    if added is None:
        return _spoken(criterion, languages)
    return "\n".join(name_in(added, lang) for lang in languages)


def _spoken(key: str, languages: Sequence[str]) -> str:
    """What a gate or criterion asks, a line a language."""
    return "\n".join(text(key, lang) for lang in languages) if key in FINDINGS else ""
