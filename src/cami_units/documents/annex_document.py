"""The annex of a report: the list of units as a text that can be tabled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd

from cami_units.documents import _word_document as _docx
from cami_units.documents._worksheets import save_settled
from cami_units.model import STATUSES, Round, clean_name
from cami_units.words import name_field, name_in, text

_HIDDEN: Final = ("rejected", "merged")


def write_annex(
    path: Path,
    done: Round,
    *,
    cards: pd.DataFrame,
    activities: pd.DataFrame | None,
    decisions: pd.DataFrame,
    lang: str,
) -> None:
    """Write the list of units, each with what it is, why, and what is to be done there.

    Parameters
    ----------
    path : Path
        The DOCX to write.
    done : Round
        With its decisions applied.
    cards : DataFrame
        The units' cards in this language.
    activities : DataFrame or None
        The activities; ``None``: nobody has brought any.
    decisions : DataFrame
        The log of decisions, oldest first.
    lang : {"en", "ru"}
        Language of the headings.
    """
    imprint = done.imprint
    made = _docx.new_document(imprint, text("annex", lang), lang=lang)
    units = done.tables["conservation_units"]
    card = {str(row["unit_id"]): row for row in cards.to_dict("records")}
    rows = {str(row["unit_id"]): row for row in units.drop(columns="geometry").to_dict("records")}
    shown = [unit_id for unit_id in sorted(rows) if rows[unit_id]["status"] not in _HIDDEN]
    _docx.paragraph(made, _counted(rows, shown, lang))
    head = [text(name, lang) for name in ("unit", name_field(lang), "states", "area", "status")]
    _docx.table(
        made,
        head,
        [
            (
                one,
                _name(card[one], lang),
                card[one]["states"],
                card[one]["area"],
                card[one]["status"],
            )
            for one in shown
        ],
        (18, 66, 36, 24, 34),
    )
    if activities is not None:
        live = activities["status"] != "dropped"
        general = activities[live & (activities["unit_id"] == "general")]
        if len(general):
            _docx.heading(made, text("general section", lang), 1)
            for told in sorted(set(general["text"])):
                _docx.paragraph(made, told, style="List Bullet")
    for unit_id in shown:
        _add_unit(made, card[unit_id], rows[unit_id], activities, decisions, lang)
    _add_hidden(made, rows, card, decisions, lang)
    _add_missed(made, done.tables["not_proposed"], lang)
    if imprint.sources:
        _docx.heading(made, text("sources", lang), 1)
        for source in imprint.sources:
            _docx.paragraph(made, source, style="List Bullet")
    save_settled(made, path, imprint)


def _counted(rows: Mapping[str, Mapping[Any, Any]], shown: list[str], lang: str) -> str:
    found = [rows[unit_id]["status"] for unit_id in shown]
    parts = [
        f"{text(status, lang)}: {found.count(status)}" for status in STATUSES if status in found
    ]
    return f"{text('units', lang)}: {len(shown)} ({'; '.join(parts)})"


def _name(card: Mapping[Any, Any], lang: str) -> str:
    return name_in(card, lang)


def _add_unit(
    document: Any,
    card: Mapping[Any, Any],
    row: Mapping[Any, Any],
    activities: pd.DataFrame | None,
    decisions: pd.DataFrame,
    lang: str,
) -> None:
    unit_id = str(card["unit_id"])
    _docx.heading(document, f"{unit_id} {_name(card, lang)}", 1)
    fields = ("status", "states", "area", "species", "criteria", "protected", "barriers")
    _docx.table(
        document,
        ("", unit_id),
        [(text(key, lang), str(card[key])) for key in (*fields, "confidence", "origin")],
        (40, 138),
    )
    _docx.paragraph(document, clean_name(row["rationale"]))
    if activities is not None:
        own = activities[(activities["unit_id"] == unit_id) & (activities["status"] != "dropped")]
        for told in own.sort_values(["theme", "activity_id"]).to_dict("records"):
            _docx.paragraph(document, f"{told['theme']}: {told['text']}", style="List Bullet")
    for line in decisions[decisions["unit_id"] == unit_id].to_dict("records"):
        _docx.paragraph(document, _said(line, lang))


def _said(line: Mapping[Any, Any], lang: str) -> str:
    parts = (
        line["time"],
        text(line["decision"], lang),
        line["by"],
        line["document"],
        line["reason"],
    )
    return " · ".join(clean_name(part).removeprefix("'") for part in parts if part)


def _add_hidden(
    document: Any,
    rows: Mapping[str, Mapping[Any, Any]],
    card: Mapping[str, Mapping[Any, Any]],
    decisions: pd.DataFrame,
    lang: str,
) -> None:
    hidden = [unit_id for unit_id in sorted(rows) if rows[unit_id]["status"] in _HIDDEN]
    if not hidden:
        return
    _docx.heading(document, text("rejected", lang), 1)
    for unit_id in hidden:
        said = decisions[decisions["unit_id"] == unit_id].to_dict("records")
        why = _said(said[-1], lang) if said else text(str(rows[unit_id]["status"]), lang)
        line = f"{unit_id} {_name(card[unit_id], lang)}: {why}"
        _docx.paragraph(document, line, style="List Bullet")


def _add_missed(document: Any, missed: pd.DataFrame, lang: str) -> None:
    if missed.empty:
        return
    _docx.heading(document, text("column reason", lang), 1)
    for row in missed.sort_values("hotspot_id").to_dict("records"):
        line = f"{row['hotspot_id']} {clean_name(row['name_en'])}: {clean_name(row['reason'])}"
        _docx.paragraph(document, line, style="List Bullet")
