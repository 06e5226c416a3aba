"""Whether a coordinate system carries areas: measured, not believed."""

from __future__ import annotations

from typing import Final

import numpy as np
from pyproj import CRS, Geod, Transformer

from cami_units import model
from cami_units.model import (
    listed,
)

_AREA_TOLERANCE: Final = 5e-4
"""How far an area may be off in a CRS that calls itself equal-area; a true one is off by 1e-6."""


def equal_area_fault(crs: str) -> str:
    """Why a coordinate system cannot carry areas in square metres; an empty text where it can.

    Boxes of 2° over the region (or over the CRS's own area of use) are measured twice: on the
    plane, with their edges densified, and on the ellipsoid (Karney 2013).

    References
    ----------
    Karney, C. F. F. (2013). Algorithms for geodesics. *Journal of Geodesy* 87, 43–55.
    doi:10.1007/s00190-012-0578-z
    """
    plane = CRS.from_user_input(crs)
    name = model.crs_name(plane)
    cure = "Leave crs out (Central Asia), or name an equal-area system of your region in metres"
    if not plane.is_projected:
        return f"an equal-area system in metres is expected; {name} is not projected. {cure}"
    units = {axis.unit_name for axis in plane.axis_info}
    if units != {"metre"}:
        return f"an equal-area system in metres is expected; {name} is in {listed(sorted(units))}. {cure}"
    to_plane = Transformer.from_crs(model.LONLAT, plane, always_xy=True)
    worst = max((_area_error(to_plane, west, south) for west, south in _corners(plane)), key=abs)
    if np.isfinite(worst) and abs(worst) <= _AREA_TOLERANCE:
        return ""
    off = (
        f"an area in it is off by {100 * worst:+.3g} %"
        if np.isfinite(worst)
        else "it ends inside the region"
    )
    return f"an equal-area system is expected; {name} is none: {off}. {cure}"


def _corners(plane: CRS) -> list[tuple[float, float]]:
    use = plane.area_of_use
    west, south, east, north = (47.0, 24.0, 123.0, 54.0) if use is None else use.bounds
    wide, high = max(east - west - 4, 0.0), max(min(north, 86.0) - max(south, -86.0) - 4, 0.0)
    return [
        (west + 1 + wide * x, max(south, -86.0) + 1 + high * y)
        for x in (0.0, 0.5, 1.0)
        for y in (0.0, 0.5, 1.0)
    ]


def _area_error(to_plane: Transformer, west: float, south: float) -> float:
    """Relative error of the area of a box of 2° on the plane; infinite where it cannot be drawn."""
    step = np.linspace(0.0, 2.0, 41)
    low, high = np.zeros_like(step), np.full_like(step, 2.0)
    lon = west + np.concatenate([step, high, step[::-1], low])
    lat = south + np.concatenate([low, step, high, step[::-1]])
    true, _ = Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)
    x, y = to_plane.transform(lon, lat)
    x, y = np.asarray(x) - np.mean(x), np.asarray(y) - np.mean(y)
    flat = 0.5 * abs(float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)))
    return flat / abs(true) - 1 if np.isfinite(flat) else float("inf")
