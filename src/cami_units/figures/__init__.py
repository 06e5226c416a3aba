"""Maps for paper and projector: posters, section sheets, unit pages, slides.

A :class:`Scene` holds what is drawn; a function named after each sheet gives a matplotlib figure;
:func:`write_figure` and :func:`write_pages` make files. Nothing is computed here but where things
stand on the sheet.
"""

from collections.abc import Callable

from matplotlib.figure import Figure

from cami_units.figures._figure_files import png, write_figure, write_pages
from cami_units.figures._figure_legend import Entry, legend_card
from cami_units.figures._pages import poster, section_sheet, slide, unit_page, unit_slide
from cami_units.figures._stability_charts import (
    border_graph,
    coverage_curve,
    rank_intervals,
    selection_map,
)
from cami_units.figures._typesetting import undrawable
from cami_units.palette import Look
from cami_units.scene import Scene

Draw = Callable[[Scene, str], Figure]
"""What draws a sheet about one unit or section of a scene."""

__all__ = [
    "Draw",
    "Entry",
    "Figure",
    "Look",
    "Scene",
    "border_graph",
    "coverage_curve",
    "legend_card",
    "png",
    "poster",
    "rank_intervals",
    "section_sheet",
    "selection_map",
    "slide",
    "undrawable",
    "unit_page",
    "unit_slide",
    "write_figure",
    "write_pages",
]
