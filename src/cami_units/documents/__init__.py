"""Documents for people: CSV to script against; workbooks to read, sort and print.

All of them are plain: no formula, no macro, the same bytes for the same tables. Text from a file is
cleaned, and kept from being taken for a formula or for markup.
"""

from cami_units.documents._activities import (
    write_activities_document,
    write_activities_workbook,
    write_funding_notes,
)
from cami_units.documents._annex import write_annex
from cami_units.documents._board import Slide, write_board, write_slides
from cami_units.documents._csv import harmless, write_csv
from cami_units.documents._drawing import Drawing, Label, Shape
from cami_units.documents._forms import THEMES, Form, is_form, read_form, write_form
from cami_units.documents._howto import write_howto
from cami_units.documents._report import Report, write_report, write_report_workbook
from cami_units.documents._tables import read_table
from cami_units.documents._units import write_units_workbook

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
