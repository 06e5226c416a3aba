"""The names of `figures`, and where each lives."""

from ._legend_card import Entry as Entry
from ._legend_card import legend_card as legend_card
from ._pages import LOCATION as LOCATION
from ._pages import is_around as is_around
from ._pages import location_map as location_map
from ._pages import poster as poster
from ._pages import section_sheet as section_sheet
from ._pages import slide as slide
from ._pages import unit_page as unit_page
from ._pages import unit_slide as unit_slide
from ._pdf import Page as Page
from ._sheet import Draw as Draw
from ._sheet import kept_page as kept_page
from ._sheet import png as png
from ._sheet import write_figure as write_figure
from ._sheet import write_pages as write_pages
from ._stability_charts import border_graph as border_graph
from ._stability_charts import coverage_curve as coverage_curve
from ._stability_charts import rank_intervals as rank_intervals
from ._stability_charts import selection_map as selection_map
from ._typesetting import undrawable as undrawable
