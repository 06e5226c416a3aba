"""How far the last programme has come: a page with a chart by theme and a line a measure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from cami_units.documents._filled_page import page
from cami_units.documents.form_words import THEMES, theme_said
from cami_units.model import Imprint, clean_name
from cami_units.words import LANGUAGES, text

MEASURE_COLUMNS: Final = ("measure_id", "theme", "text", "unit_id", "status", "note")

_COLOURS: Final = {
    "done": "#0a4e27",
    "under way": "#80ba80",
    "planned": "#e2b100",
    "not started": "#ba3b00",
    "not said": "#cccccc",
}
"""From the palette's statuses: the further a measure has come, the greener and darker."""


def known_status(word: str, statuses: Sequence[str]) -> str:
    """How far a measure has come, as the list has it, whatever language it was written in."""
    plain = " ".join(word.split()).casefold()
    for status in statuses:
        if plain in {
            status,
            *(text(f"measure is {status}", lang).casefold() for lang in LANGUAGES),
        }:
            return status
    return word


def write_implementation(
    path: Path, sums: pd.DataFrame, measures: pd.DataFrame, *, imprint: Imprint, lang: str
) -> None:
    """Write the page on how far the measures of the last programme have come.

    Parameters
    ----------
    path : Path
        The HTML file to write.
    sums : DataFrame
        ``theme``, a column for each status, ``measures``: as `workshop.implementation` gives them.
    measures : DataFrame
        :data:`MEASURE_COLUMNS`, text.
    imprint : Imprint
        Title, date, round, disclaimer.
    lang : str
        Language of the headings.
    """
    place = {theme: number for number, theme in enumerate(THEMES)}
    order = sorted(sums.to_dict("records"), key=lambda row: place.get(row["theme"], len(place)))
    largest = max((int(row["measures"]) for row in order), default=1)
    lines = measures.assign(place=measures["theme"].map(place).fillna(len(place)))
    lines = lines.sort_values(["place", "theme", "measure_id"], kind="stable")
    content = page(
        "implementation.html",
        lang=lang,
        styles=["implementation.css"],
        imprint=imprint,
        total=len(measures),
        statuses=[
            (_status_said(status, lang), colour, int(sums[status].sum()))
            for status, colour in _COLOURS.items()
        ],
        bars=[_bar(row, largest, lang) for row in order],
        measures=[
            {
                "id": clean_name(row["measure_id"]),
                "theme": theme_said(str(row["theme"]), lang),
                "text": clean_name(row["text"]),
                "unit": clean_name(row["unit_id"]),
                "status": _status_said(str(row["status"]), lang),
                "colour": _COLOURS.get(str(row["status"]), _COLOURS["not said"]),
                "note": clean_name(row["note"]),
            }
            for row in lines.to_dict("records")
        ],
    )
    path.write_bytes(content)


def _bar(row: dict[Any, Any], largest: int, lang: str) -> dict[str, Any]:
    """The bar of one theme: where each part begins and how wide it is, of 100."""
    parts, left = [], 0.0
    for status, colour in _COLOURS.items():
        wide = 100 * int(row[status]) / largest
        if wide:
            parts.append({"x": left, "width": wide, "colour": colour, "count": int(row[status])})
        left += wide
    return {
        "theme": theme_said(str(row["theme"]), lang),
        "parts": parts,
        "measures": int(row["measures"]),
    }


def _status_said(status: str, lang: str) -> str:
    return text(f"measure is {status if status in _COLOURS else 'not said'}", lang)
