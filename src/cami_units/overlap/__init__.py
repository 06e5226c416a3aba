"""The only place where area, length and distance are measured.

A *site* is any polygon with an id: a planning unit, a proposed unit, what a group redrew. Laid over
a layer it gives square kilometres (polygons), kilometres (lines) or a count (points). Everything
is in one equal-area CRS, so areas are planar and exact; lengths and distances are kilometres on
the ground (geodesic), because no equal-area projection keeps them.

:func:`layer_pieces` cuts the layers of a plan by one another, once; :func:`site_tables` lays any
sites over the pieces and gives the tables that the criteria ask for.
"""

from cami_units.overlap._border_pairs import barrier_cuts, border_pairs, fenced_links, gone_ranges
from cami_units.overlap._coverage import (
    covered_grounds,
    covered_parts,
    ground_of_states,
    layer_coverage,
    states_of,
)
from cami_units.overlap._distance import (
    REACH_KM,
    borders_within,
    direction,
    distance_km,
    near,
    nearest_ground,
    pairs_apart,
)
from cami_units.overlap._layer_pieces import Pieces, graded_ranges, layer_pieces, with_ranges
from cami_units.overlap._measure import (
    area_km2,
    covered_cells,
    jaccard_index,
    jaccard_pairs,
    length_km,
    overlaps,
    same_places,
    shared_km2,
)
from cami_units.overlap._pieces import dissolved, joined, sorted_shapes
from cami_units.overlap._site_tables import (
    CellTables,
    cell_owners,
    cell_tables,
    renamed_sites,
    site_tables,
    with_ranges_measured,
)
from cami_units.overlap._split import along, border_crossings, crossings, middles, split
from cami_units.overlap._states import range_states, state_edges
from cami_units.overlap._summary import Summary, summarised, summary_of_cells

__all__ = [
    "REACH_KM",
    "CellTables",
    "Pieces",
    "Summary",
    "along",
    "area_km2",
    "barrier_cuts",
    "border_crossings",
    "border_pairs",
    "borders_within",
    "cell_owners",
    "cell_tables",
    "covered_cells",
    "covered_grounds",
    "covered_parts",
    "crossings",
    "direction",
    "dissolved",
    "distance_km",
    "fenced_links",
    "gone_ranges",
    "graded_ranges",
    "ground_of_states",
    "jaccard_index",
    "jaccard_pairs",
    "joined",
    "layer_coverage",
    "layer_pieces",
    "length_km",
    "middles",
    "near",
    "nearest_ground",
    "overlaps",
    "pairs_apart",
    "range_states",
    "renamed_sites",
    "same_places",
    "shared_km2",
    "site_tables",
    "sorted_shapes",
    "split",
    "state_edges",
    "states_of",
    "summarised",
    "summary_of_cells",
    "with_ranges",
    "with_ranges_measured",
]
