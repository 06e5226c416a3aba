"""The annex of a report: the list of units as a text that can be tabled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cami_units.documents import _word_document as _docx
from cami_units.documents._worksheets import save_settled
from cami_units.documents.board_slides import decision_said, status_said
from cami_units.documents.form_words import in_theme_order, theme_said
from cami_units.model import HIDDEN_STATUSES, STATUSES, Round, clean_name, records
from cami_units.words import in_clauses, name_in, sources, text, with_aside, with_label
from cami_units.words.finding_sentences import in_language
from cami_units.words.unit_card import OPTIONAL_FIELDS, field_label, name_field


def write_annex(
    path: Path,
    round_: Round,
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
    lang : str
        Of every phrase and name.
    """
    imprint = round_.imprint
    document = _docx.new_document(imprint, text("annex", lang), lang=lang)
    tables = in_language(round_.tables, lang)
    units = tables["conservation_units"]
    card = {str(row["unit_id"]): row for row in cards.to_dict("records")}
    rows = {str(row["unit_id"]): row for row in units.drop(columns="geometry").to_dict("records")}
    visible = [
        unit_id for unit_id in sorted(rows) if rows[unit_id]["status"] not in HIDDEN_STATUSES
    ]
    _docx.paragraph(document, _counted(rows, visible, lang))
    head = [text(name, lang) for name in ("unit_id", name_field(lang), "states", "area", "status")]
    _docx.table(
        document,
        head,
        [
            (
                unit_id,
                name_in(card[unit_id], lang),
                card[unit_id]["states"],
                card[unit_id]["area"],
                card[unit_id]["status"],
            )
            for unit_id in visible
        ],
        (18, 66, 36, 24, 34),
    )
    if activities is not None:
        live = activities["status"] != "dropped"
        general = activities[live & (activities["unit_id"] == "general")]
        if len(general):
            _docx.heading(document, text("general section", lang), 1)
            for line in sorted(set(general["text"])):
                _docx.paragraph(document, line, style="List Bullet")
    for unit_id in visible:
        _add_unit(document, card[unit_id], rows[unit_id], activities, decisions, lang)
    _add_hidden(document, rows, card, decisions, lang)
    # plenary may have agreed on a unit that a group had rejected: its hotspots are in a unit again
    placed_ids = {
        one for unit_id in visible for one in str(rows[unit_id]["hotspot_ids"]).split(";")
    }
    missed = tables["not_proposed"]
    _add_missed(document, missed[~missed["hotspot_id"].isin(placed_ids)], lang)
    if imprint.sources:
        _docx.heading(document, text("sources", lang), 1)
        for source in sources(imprint, lang):
            _docx.paragraph(document, source, style="List Bullet")
    save_settled(document, path, imprint)


def _counted(rows: Mapping[str, Mapping[Any, Any]], visible: list[str], lang: str) -> str:
    """How many units there are, and how many of each status."""
    statuses = [rows[unit_id]["status"] for unit_id in visible]
    parts = [
        with_label(text(status, lang), statuses.count(status), lang)
        for status in STATUSES
        if status in statuses
    ]
    count = with_aside(str(len(visible)), in_clauses(parts, lang), lang)
    return with_label(text("units", lang), count, lang)


def _add_unit(
    document: Any,
    card: Mapping[Any, Any],
    row: Mapping[Any, Any],
    activities: pd.DataFrame | None,
    decisions: pd.DataFrame,
    lang: str,
) -> None:
    """Add a unit: its card, its activities, what was decided of it."""
    unit_id = str(card["unit_id"])
    _docx.heading(document, f"{unit_id} {name_in(card, lang)}", 1)
    fields = ("status", "states", "area", "species", "criteria", "protected", "barriers")
    _docx.table(
        document,
        ("", unit_id),
        [
            (field_label(card, key, lang), str(card[key]))
            for key in (*fields, "confidence", "origin", "open_questions")
            if card[key] or key not in OPTIONAL_FIELDS
        ],
        (40, 138),
    )
    _docx.paragraph(document, clean_name(row["rationale"]))
    if activities is not None:
        of_unit = activities[
            (activities["unit_id"] == unit_id) & (activities["status"] != "dropped")
        ]
        for activity in in_theme_order(of_unit, "theme", "activity_id").to_dict("records"):
            _docx.paragraph(
                document,
                with_label(theme_said(activity["theme"], lang), activity["text"], lang),
                style="List Bullet",
            )
    for line in records(decisions[decisions["unit_id"] == unit_id]):
        _docx.paragraph(document, decision_said(line, lang))


def _add_hidden(
    document: Any,
    rows: Mapping[str, Mapping[Any, Any]],
    card: Mapping[str, Mapping[Any, Any]],
    decisions: pd.DataFrame,
    lang: str,
) -> None:
    """Add units that are out, each under its status, with the reason and what took it in."""
    for status in HIDDEN_STATUSES:
        if hidden := [unit_id for unit_id in sorted(rows) if rows[unit_id]["status"] == status]:
            _docx.heading(document, text(status, lang), 1)
        for unit_id in hidden:
            lines = records(decisions[decisions["unit_id"] == unit_id])
            why = decision_said(lines[-1], lang) if lines else text(status, lang)
            named = status_said(rows[unit_id], f"{unit_id} {name_in(card[unit_id], lang)}")
            line = with_label(named, why, lang)
            _docx.paragraph(document, line, style="List Bullet")


def _add_missed(document: Any, missed: pd.DataFrame, lang: str) -> None:
    """Add hotspots that became no unit, with the reason."""
    if missed.empty:
        return
    _docx.heading(document, text("column reason", lang), 1)
    for row in missed.sort_values("hotspot_id").to_dict("records"):
        named = f"{row['hotspot_id']} {name_in(row, lang)}"
        line = with_label(named, clean_name(row["reason"]), lang)
        _docx.paragraph(document, line, style="List Bullet")
