"""GIS layers in: found, read, checked, repaired, selected, projected; every step is told.

What people bring is never quite right, so this room trusts nothing: it knows the dialects of the
Red List, of WDPA and of Google Earth, keeps a whole-species polygon from standing for a
sub-species, repairs shapes with a witness, and names what it kept, dropped, repaired or refused,
with the cure. Everything it hands on is valid and in one equal-area CRS.
"""

from cami_units.layers._context_layers import context_rows, read_context
from cami_units.layers._equal_area import to_equal_area, to_lonlat
from cami_units.layers._file_kinds import VECTORS, FileKind, file_kinds
from cami_units.layers._gis_files import is_companion
from cami_units.layers._gis_placemarks import (
    DRAWN_SUFFIXES,
    check_beginning,
    read_gis_content,
    read_gis_placemarks,
)
from cami_units.layers._layer_rows import input_hashes
from cami_units.layers._layer_survey import read_layers, shared_borders, survey_layers
from cami_units.layers._layer_tables import features, kept, possibly_extant
from cami_units.layers._range_stream import (
    RangeStream,
    range_shares,
    range_stream,
    ranges_of,
    stream_advice,
    stream_bounds,
)
from cami_units.layers._ranges import moved_edges
from cami_units.layers._reading import STATES, LayerRead, Reading
from cami_units.layers._shape_checks import refusal
from cami_units.layers._sheets import read_overrides
from cami_units.layers._single_layers import (
    read_barriers,
    read_corridors,
    read_countries,
    read_disputed,
    read_gazetteer,
    read_hotspots,
    read_protected_areas,
    read_ranges,
    read_sections,
    read_sites,
    read_species,
)
from cami_units.layers._taxa import TaxonRule

__all__ = [
    "DRAWN_SUFFIXES",
    "STATES",
    "VECTORS",
    "FileKind",
    "LayerRead",
    "RangeStream",
    "Reading",
    "TaxonRule",
    "check_beginning",
    "context_rows",
    "features",
    "file_kinds",
    "input_hashes",
    "is_companion",
    "kept",
    "moved_edges",
    "possibly_extant",
    "range_shares",
    "range_stream",
    "ranges_of",
    "read_barriers",
    "read_context",
    "read_corridors",
    "read_countries",
    "read_disputed",
    "read_gazetteer",
    "read_gis_content",
    "read_gis_placemarks",
    "read_hotspots",
    "read_layers",
    "read_overrides",
    "read_protected_areas",
    "read_ranges",
    "read_sections",
    "read_sites",
    "read_species",
    "refusal",
    "shared_borders",
    "stream_advice",
    "stream_bounds",
    "survey_layers",
    "to_equal_area",
    "to_lonlat",
]
