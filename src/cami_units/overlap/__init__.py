"""The only place where area, length and distance are measured.

A *site* is any polygon with an id: a planning unit, a proposed unit, what a group redrew. Laid over
a layer it gives square kilometres (polygons), kilometres (lines) or a count (points). Everything
is in one equal-area CRS, so areas are planar and exact; lengths and distances are kilometres on
the ground (geodesic), because no equal-area projection keeps them.
"""

from cami_units.overlap._distance import borders_within, distance_km, near, pairs_apart
from cami_units.overlap._measure import area_km2, covered_cells, length_km, overlap, shared_km2
from cami_units.overlap._split import along, crossings, middles, split
from cami_units.overlap._summary import Summary, summarised

__all__ = [
    "Summary",
    "along",
    "area_km2",
    "borders_within",
    "covered_cells",
    "crossings",
    "distance_km",
    "length_km",
    "middles",
    "near",
    "overlap",
    "pairs_apart",
    "shared_km2",
    "split",
    "summarised",
]
