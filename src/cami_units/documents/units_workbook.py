"""The workbook of a round, with its statuses: the only thing in it that a decision changes.

The sheets are written with a mark in the place of each status (:mod:`cami_units.documents._unit_sheets`),
and kept as they are; the statuses are put in last. So a decision waits neither for sheets nor for the
library that makes them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import pandas as pd

from cami_units.documents.csv_tables import by_rank, without_geometry
from cami_units.drawn_pieces import packed_archive, piece
from cami_units.model import STATUSES, Round
from cami_units.words import text

_UNIT_SHEET: Final = "xl/worksheets/sheet1.xml"
_MARK: Final = "status-to-be-put-in {}"
"""In the place of a status: as long as the longest, so that rows are high enough for any."""
_MARKED: Final = re.compile(
    rb'(<c r="([A-Z]+)\d+" )s="\d+"( t="inlineStr"><is><t>)status-to-be-put-in (\d+)(?=</t>)'
)
"""A marked cell: a status is in the fourth column in words, and in a later one as its code."""


def write_units_workbook(
    path: Path,
    round: Round,
    *,
    further_tables: Mapping[str, pd.DataFrame] | None = None,
    stamp: bytes = b"",
) -> None:
    """Write the units of a round, with their evidence, as an Excel workbook.

    Sheets `units` (by rank, with a mark for every gate and criterion), `criteria`, `species`,
    `countries`, `not proposed` and `about`. The first row of each holds the names of the columns
    as in `docs/tables.md`, the second what they mean in the languages of the round.

    Parameters
    ----------
    path : Path
        The file to write.
    round : Round
        The tables `conservation_units`, `unit_criteria`, `unit_species`, `unit_countries` and
        `not_proposed`; species and states are named where it also has `species` or `countries`.
    further_tables : mapping, optional
        Further tables, a sheet each, by its name.
    stamp : bytes
        What all tables but the units hang on, where that is known: sheets that were written before
        of the same are not written again.

    Notes
    -----
    Every text is written as text: no cell is ever a formula. The dates inside are the round's, so
    the same round gives the same bytes.
    """
    units = by_rank(without_geometry(round.tables["conservation_units"]))
    statuses = [str(status) for status in units["status"]]
    # A status that nobody knows stays where it is: it has no colour, and could be a formula.
    is_known = set(statuses) <= set(STATUSES)
    marks = [_MARK.format(number) for number in range(len(units))] if is_known else statuses

    def written() -> list[bytes]:
        """The parts of the workbook, their names and styles first."""
        from cami_units.documents._unit_sheets import sheet_parts  # openpyxl, for who writes anew

        parts, styles = sheet_parts(round, further_tables or {}, marks)
        return [json.dumps([list(parts), styles]).encode(), *parts.values()]

    if stamp and is_known and not further_tables:
        # fifteen digits: with pandas' ten two rounds that differ could be taken for one
        told = units.drop(columns=[*_DECIDED], errors="ignore").to_json(double_precision=15)
        about, *bodies = piece("workbook", [stamp, told.encode()], written)
    else:
        about, *bodies = written()
    names, styles = json.loads(about)
    parts = dict(zip(names, bodies, strict=True))
    if is_known:
        lang = round.imprint.languages[0]
        parts[_UNIT_SHEET] = _with_statuses(parts[_UNIT_SHEET], statuses, styles, lang)
    path.write_bytes(packed_archive(parts))


_DECIDED: Final = ("status", "decision", "merged_into")
"""Columns that decisions change; the last two are not in the workbook."""


def _with_statuses(
    sheet: bytes, statuses: Sequence[str], styles: Mapping[str, int], lang: str
) -> bytes:
    """A sheet of units with their statuses in the place of the marks."""

    def cell(mark: re.Match[bytes]) -> bytes:
        """A cell up to the end of its text."""
        status = statuses[int(mark[4])]
        style = f's="{styles[status]}"'.encode()
        words = text(status, lang) if mark[2] == b"D" else status
        return mark[1] + style + mark[3] + escape(words).encode("ascii", "xmlcharrefreplace")

    return _MARKED.sub(cell, sheet)
