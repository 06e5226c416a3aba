"""Documents for people: CSV to script against; workbooks to read, sort and print.

All of them are plain: no formula, no macro, the same bytes for the same tables. Text from a file is
cleaned, and kept from being taken for a formula or for markup.

Each name is fetched when it is first asked for: a decision need not wait for what writes slides.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cami_units.documents._activities import (
        write_activities_document as write_activities_document,
    )
    from cami_units.documents._activities import (
        write_activities_workbook as write_activities_workbook,
    )
    from cami_units.documents._activities import write_funding_notes as write_funding_notes
    from cami_units.documents._annex import write_annex as write_annex
    from cami_units.documents._board import Slide as Slide
    from cami_units.documents._board import write_board as write_board
    from cami_units.documents._board import write_slides as write_slides
    from cami_units.documents._csv import harmless as harmless
    from cami_units.documents._csv import write_csv as write_csv
    from cami_units.documents._drawing import Drawing as Drawing
    from cami_units.documents._drawing import Label as Label
    from cami_units.documents._drawing import Shape as Shape
    from cami_units.documents._forms import THEMES as THEMES
    from cami_units.documents._forms import Form as Form
    from cami_units.documents._forms import is_form as is_form
    from cami_units.documents._forms import known_words as known_words
    from cami_units.documents._forms import read_form as read_form
    from cami_units.documents._forms import write_form as write_form
    from cami_units.documents._howto import write_howto as write_howto
    from cami_units.documents._report import Report as Report
    from cami_units.documents._report import write_report as write_report
    from cami_units.documents._report import write_report_workbook as write_report_workbook
    from cami_units.documents._tables import read_table as read_table
    from cami_units.documents._units import write_units_workbook as write_units_workbook

_HOME: Final = {
    "Drawing": "_drawing",
    "Form": "_forms",
    "Label": "_drawing",
    "Report": "_report",
    "Shape": "_drawing",
    "Slide": "_board",
    "THEMES": "_forms",
    "harmless": "_csv",
    "is_form": "_forms",
    "known_words": "_forms",
    "read_form": "_forms",
    "read_table": "_tables",
    "write_activities_document": "_activities",
    "write_activities_workbook": "_activities",
    "write_annex": "_annex",
    "write_board": "_board",
    "write_csv": "_csv",
    "write_form": "_forms",
    "write_funding_notes": "_activities",
    "write_howto": "_howto",
    "write_report": "_report",
    "write_report_workbook": "_report",
    "write_slides": "_board",
    "write_units_workbook": "_units",
}
"""The module that each name lives in."""

__all__ = [
    "THEMES",
    "Drawing",
    "Form",
    "Label",
    "Report",
    "Shape",
    "Slide",
    "harmless",
    "is_form",
    "known_words",
    "read_form",
    "read_table",
    "write_activities_document",
    "write_activities_workbook",
    "write_annex",
    "write_board",
    "write_csv",
    "write_form",
    "write_funding_notes",
    "write_howto",
    "write_report",
    "write_report_workbook",
    "write_slides",
    "write_units_workbook",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'cami_units.documents' has no attribute '{name}'")
    return getattr(import_module(f"cami_units.documents.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
