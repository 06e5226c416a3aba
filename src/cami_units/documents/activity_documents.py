"""Activities as people read them: a workbook, a text by unit, and a funding note for each unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from cami_units.documents import _word_document as _docx
from cami_units.documents._worksheets import (
    Column,
    fill,
    fill_about,
    new_workbook,
    records,
    save_settled,
)
from cami_units.documents.form_words import THEMES
from cami_units.model import Imprint, clean_name
from cami_units.words import name_in, text

_ACTIVITY: Final = (
    Column("activity_id", 12),
    Column("unit_id", 11),
    Column("theme", 24, wrap=True),
    Column("text", 70, wrap=True),
    Column("species", 30, wrap=True),
    Column("countries", 14, wrap=True),
    Column("priority", 10),
    Column("timeframe", 12),
    Column("status", 14),
    Column("moved_from", 14),
    Column("cost_band", 24, wrap=True),
    Column("funding_source", 24, wrap=True),
    Column("partner", 24, wrap=True),
    Column("source", 20, wrap=True),
)
_SUGGESTIONS: Final = (
    Column("suggestion_id", 12),
    Column("theme", 24, wrap=True),
    Column("text", 60, wrap=True),
    Column("n_units", 9),
    Column("of_units", 9),
    Column("share", 9, "0 %"),
    Column("suggested", 11),
    Column("moved", 9),
    Column("wordings", 10),
    Column("other_wordings", 60, wrap=True),
    Column("unit_ids", 30, wrap=True),
    Column("activity_ids", 30, wrap=True),
)
_LOG: Final = (
    Column("activity_id", 12),
    Column("action", 10),
    Column("field", 14),
    Column("old", 50, wrap=True),
    Column("new", 50, wrap=True),
    Column("by", 16),
    Column("reason", 40, wrap=True),
)


def write_activities_workbook(
    path: Path,
    units: pd.DataFrame,
    activities: pd.DataFrame,
    *,
    suggestions: pd.DataFrame,
    log: pd.DataFrame,
    matrix: pd.DataFrame,
    completeness: pd.DataFrame,
    imprint: Imprint,
) -> None:
    """Write the activities of a round as a workbook.

    Sheets `by theme` (units down, the ten themes across), `activities`, `general`, `suggestions`,
    `species` (species down, units across), `completeness`, `log` and `about`.

    Parameters
    ----------
    path : Path
        The file to write.
    units : DataFrame
        ``unit_id``, ``name_en``: in the order of the rows.
    activities, suggestions, log, matrix, completeness : DataFrame
        As the room `workshop` makes them.
    imprint : Imprint
        Title, date, round, sources, disclaimer.
    """
    book = new_workbook(imprint)
    of_units = activities[activities["unit_id"] != "general"]
    themes = _themes(activities)
    by_theme = [Column("unit_id", 11), Column("name_en", 30, wrap=True)]
    by_theme += [Column(theme, 34, wrap=True) for theme in themes]
    general = activities[activities["unit_id"] == "general"]
    sheets: list[tuple[str, Sequence[Column], list[dict[str, Any]]]] = [
        ("by theme", by_theme, _by_theme(units, of_units, themes)),
        ("activities", _ACTIVITY, records(activities)),
        ("general", _ACTIVITY, records(general)),
        ("suggestions", _SUGGESTIONS, records(suggestions)),
        (
            "species",
            [Column(str(name), 28 if "name" in str(name) else 9) for name in matrix],
            records(matrix),
        ),
        ("completeness", [Column(str(name), 13) for name in completeness], records(completeness)),
        ("log", _LOG, records(log)),
    ]
    for name, columns, rows in sheets:
        fill(book.create_sheet(name), columns, rows, imprint)
    fill_about(book.create_sheet("about"), imprint)
    save_settled(book, path, imprint)


def _themes(activities: pd.DataFrame) -> list[str]:
    """The ten themes in the order of the agenda, then any other that somebody used."""
    others = sorted(set(activities["theme"]) - set(THEMES))
    return [*THEMES, *others]


def _by_theme(
    units: pd.DataFrame, activities: pd.DataFrame, themes: Sequence[str]
) -> list[dict[str, Any]]:
    cells: dict[tuple[str, str], list[str]] = {}
    for row in activities.sort_values("activity_id").to_dict("records"):
        cells.setdefault((row["unit_id"], row["theme"]), []).append(str(row["text"]))
    lost_ids = sorted(set(activities["unit_id"]) - set(units["unit_id"]))
    names = [(str(unit["unit_id"]), unit["name_en"]) for unit in units.to_dict("records")]
    names += [(unit_id, text("without a unit", "en")) for unit_id in lost_ids]
    return [
        {
            "unit_id": unit_id,
            "name_en": name,
            **{theme: "\n".join(cells.get((unit_id, theme), ())) for theme in themes},
        }
        for unit_id, name in names
    ]


def write_activities_document(
    path: Path,
    units: pd.DataFrame,
    activities: pd.DataFrame,
    *,
    suggestions: pd.DataFrame,
    imprint: Imprint,
    lang: str,
) -> None:
    """Write the activities as a text document: the general section first, then unit by unit.

    Parameters
    ----------
    path : Path
        The file to write. The other parameters are those of :func:`write_activities_workbook`.
    lang : {"en", "ru"}
        Language of the headings.
    """
    document = _docx.new_document(imprint, text("activities", lang), lang=lang, landscape=True)
    general = activities[activities["unit_id"] == "general"]
    _docx.heading(document, text("general section", lang), 2)
    _activity_table(document, _once(general), lang)
    waiting = suggestions[suggestions["suggested"] & ~suggestions["moved"]]
    if len(waiting):
        _docx.heading(document, text("suggested for general", lang), 3)
        for row in waiting.to_dict("records"):
            share = f"{row['n_units']} / {row['of_units']}"
            line = f"{row['suggestion_id']} ({share}): {row['text']}"
            _docx.paragraph(document, line, style="List Bullet")
    for unit in units.to_dict("records"):
        rows = activities[activities["unit_id"] == unit["unit_id"]]
        if len(rows):
            _docx.heading(document, f"{unit['unit_id']} {_name(unit, lang)}", 2)
            _activity_table(document, rows, lang)
    unplaced = activities[~activities["unit_id"].isin([*units["unit_id"], "general"])]
    if len(unplaced):
        _docx.heading(document, text("without a unit", lang), 2)
        _activity_table(document, unplaced, lang)
    save_settled(document, path, imprint)


def _once(general: pd.DataFrame) -> pd.DataFrame:
    """Activities of the general section, one row for those that say the same."""
    folded = general.copy()
    folded["moved_from"] = folded.groupby(["theme", "text"])["moved_from"].transform(
        lambda ids: ";".join(sorted({part for part in ids if part}))
    )
    return folded.drop_duplicates(["theme", "text"])


def _activity_table(document: Any, activities: pd.DataFrame, lang: str) -> None:
    fields = (
        *("activity_id", "theme", "text", "countries", "priority", "timeframe"),
        *("cost_band", "funding_source", "partner"),
    )
    head = [text(f"column {name}", lang) for name in fields]
    order = activities.assign(place=activities["theme"].map(_place))
    order = order.sort_values(["place", "theme", "activity_id"])
    rows = [[_cell(row, name) for name in fields] for row in order.to_dict("records")]
    _docx.table(document, head, rows, (18, 32, 84, 20, 18, 22, 26, 23, 22))


def _place(theme: str) -> int:
    return THEMES.index(theme) if theme in THEMES else len(THEMES)


def _cell(row: Mapping[Any, Any], name: str) -> str:
    value = clean_name(row[name])
    if name == "text" and row["moved_from"]:
        value += f" ({clean_name(row['moved_from']).replace(';', ', ')})"
    return value.replace(";", ", ") if name in ("countries", "species") else value


def _name(unit: Mapping[Any, Any], lang: str) -> str:
    return name_in(unit, lang)


def write_funding_notes(
    path: Path,
    cards: pd.DataFrame,
    activities: pd.DataFrame,
    *,
    imprint: Imprint,
    lang: str,
) -> None:
    """Write a page for each unit that a donor can read alone: what, where, who, how much.

    Parameters
    ----------
    path : Path
        The file to write.
    cards : DataFrame
        The units' cards, in the order of the pages.
    activities : DataFrame
        The activities; those of the general section stand on no page.
    imprint : Imprint
        Title, date, round, disclaimer.
    lang : {"en", "ru"}
        Language of the headings.
    """
    document = _docx.new_document(imprint, text("funding notes", lang), lang=lang)
    for card in cards.to_dict("records"):
        rows = activities[activities["unit_id"] == card["unit_id"]]
        document.add_page_break()
        _docx.heading(document, f"{card['unit_id']} {_name(card, lang)}", 1)
        for key in ("status", "states", "area", "species", "criteria", "protected", "barriers"):
            _docx.paragraph(document, f"{text(key, lang)}: {card[key]}")
        for column in ("partner", "cost_band", "funding_source"):
            values = sorted({clean_name(value) for value in rows[column]} - {""})
            label = text(f"column {column}", lang)
            _docx.paragraph(document, f"{label}: {'; '.join(values) or text('not said', lang)}")
        _docx.heading(document, text("activities", lang), 2)
        if not len(rows):
            _docx.paragraph(document, text("not said", lang))
        for row in rows.sort_values(["theme", "activity_id"]).to_dict("records"):
            details = ", ".join(
                clean_name(row[name])
                for name in ("priority", "timeframe", "cost_band")
                if row[name]
            )
            line = f"{row['theme']}: {row['text']}" + (f" ({details})" if details else "")
            _docx.paragraph(document, line, style="List Bullet")
    save_settled(document, path, imprint)
