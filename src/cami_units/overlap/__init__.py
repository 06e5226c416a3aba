"""The only place where area, length and distance are measured.

A *site* is any polygon with an id: a planning unit, a proposed unit, what a group redrew. Laid over
a layer it gives square kilometres (polygons), kilometres (lines) or a count (points). Everything
is in one equal-area CRS, so areas are planar and exact; lengths and distances are kilometres on
the ground (geodesic), because no equal-area projection keeps them.

:func:`layer_pieces` cuts the layers of a plan by one another, once; :func:`site_tables` lays any
sites over the pieces and gives the tables that the criteria ask for.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
