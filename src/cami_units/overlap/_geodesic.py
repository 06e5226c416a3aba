"""Kilometres on the ground: no equal-area projection keeps lengths."""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Proj, Transformer

from cami_units.overlap._door import Geometries

_SAMPLES: Final = 9
"""The stretch of a projection is looked up at this many places across and down."""

_MARGIN: Final = 1.01
"""Room for what the projection does between those places."""


def lonlat(xy: NDArray[np.float64], crs: CRS) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitude and latitude of points, on the ellipsoid of their own CRS."""
    door = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    lon, lat = door.transform(xy[:, 0], xy[:, 1])
    return np.asarray(lon), np.asarray(lat)


def geodesic_km(lines: Geometries, crs: CRS) -> NDArray[np.float64]:
    """Sum of the geodesic lengths of the edges of each line, in km; 0 for points and nothing."""
    parts, owner = shapely.get_parts(lines, return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    first = np.flatnonzero(part[1:] == part[:-1])
    if len(first) == 0:
        return np.zeros(len(lines))
    lon, lat = lonlat(xy, crs)
    _, _, metres = _geod(crs).inv(lon[first], lat[first], lon[first + 1], lat[first + 1])
    return np.bincount(owner[part[first]], np.asarray(metres), minlength=len(lines)) / 1000


def stretch(crs: CRS, bounds: NDArray[np.float64]) -> float:
    """The factor by which the projection changes distances within `bounds`, at most.

    An equal-area projection that stretches one way by this factor shrinks the other way by it.
    """
    west, south, east, north = bounds
    x, y = np.meshgrid(np.linspace(west, east, _SAMPLES), np.linspace(south, north, _SAMPLES))
    lon, lat = lonlat(np.column_stack([x.ravel(), y.ravel()]), crs)
    on_globe = np.isfinite(lon) & np.isfinite(lat)
    factors = Proj(crs).get_factors(lon[on_globe], lat[on_globe])
    largest = np.asarray(factors.tissot_semimajor)
    smallest = np.asarray(factors.tissot_semiminor)
    change = np.maximum(largest, 1 / smallest)
    return _MARGIN * float(change[np.isfinite(change)].max(initial=1.0))


def _geod(crs: CRS) -> Geod:
    geod = crs.get_geod()
    if geod is None:  # pragma: no cover - a projected CRS has an ellipsoid
        raise ValueError(f"{crs.name} has no ellipsoid")
    return geod
