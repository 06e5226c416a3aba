"""The names of `webmap`, and where each lives."""

from ._drawing_page import DrawingPage as DrawingPage
from ._drawing_page import GroundBlock as GroundBlock
from ._drawing_page import add_cells as add_cells
from ._drawing_page import add_points as add_points
from ._drawing_page import add_polygons as add_polygons
from ._drawing_page import drawing_page as drawing_page
from ._drawing_page import packed_block as packed_block
from ._drawing_page import projection_of as projection_of
from ._drawing_page import spelt as spelt
from ._folium_map import CamiMap as CamiMap
from ._folium_map import unit_map as unit_map
from ._html import write_map as write_map
from ._page_values import Spelt as Spelt
from ._payload import Detail as Detail
from ._payload import Sheet as Sheet
from ._payload import drawn_sheet as drawn_sheet
