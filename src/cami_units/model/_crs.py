"""The two coordinate systems, and how two of them are told apart."""

from __future__ import annotations

import warnings
from typing import Any, Final

from pyproj import CRS

EQUAL_AREA: Final = (
    "+proj=aea +lat_1=30 +lat_2=50 +lat_0=40 +lon_0=80 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs"
)
"""Albers equal-area for Central Asia: a cell is stretched by at most 1.05 over the region."""

LONLAT: Final = "EPSG:4326"
"""Longitude and latitude on WGS 84. They exist at the doors only: files in, files out."""


def same_crs(first: Any, second: Any) -> bool:
    """Whether two CRSs are the same thing, however each is written down."""
    return CRS.from_user_input(first).equals(CRS.from_user_input(second), ignore_axis_order=True)


def crs_name(crs: Any) -> str:
    """A CRS as people call it: its authority code, else its name, else its PROJ text."""
    system = CRS.from_user_input(crs)
    authority = system.to_authority()
    if authority:
        return ":".join(authority)
    if system.name != "unknown":
        return system.name
    with warnings.catch_warnings():  # that PROJ text may lose detail: here it is for reading only
        warnings.simplefilter("ignore", UserWarning)
        return system.to_proj4()
