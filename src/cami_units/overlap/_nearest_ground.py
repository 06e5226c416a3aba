"""The nearest ground of some kind beside a site, as much of it as is asked for."""

from __future__ import annotations

import math
from typing import Any, Final

import geopandas as gpd
import shapely

from cami_units.overlap._split import of_dimension

REACH_KM: Final = 300.0
"""Ground farther off than this is no neighbour of a site."""

_STEPS: Final = 24
"""Halvings of the reach: the last one is 2 cm."""


def nearest_ground(site: Any, ground: Any, km2: float) -> Any:
    """The part of `ground` nearest to a site, and outside of it, that has at least so many km².

    Parameters
    ----------
    site, ground : geometry
        Polygons in one equal-area CRS, in metres.
    km2 : float
        How much is asked for.

    Returns
    -------
    geometry
        Everything of it within the least distance that gives enough; empty where there is not
        enough within :data:`REACH_KM`.
    """
    west, south, east, north = shapely.bounds(site)
    reach = 1000 * REACH_KM
    frame = shapely.box(west - reach, south - reach, east + reach, north + reach)
    free = _polygons(shapely.difference(shapely.intersection(ground, frame), site))
    plain = shapely.simplify(site, 100.0)
    low, high = 0.0, reach
    if shapely.area(_within(plain, free, high)) / 1e6 < km2:
        return shapely.Polygon()
    for _ in range(_STEPS):
        middle = (low + high) / 2
        enough = shapely.area(_within(plain, free, middle)) / 1e6 >= km2
        low, high = (low, middle) if enough else (middle, high)
    return _within(plain, free, high)


def _within(site: Any, ground: Any, metres: float) -> Any:
    """The ground within some distance of a site."""
    return _polygons(shapely.intersection(ground, shapely.buffer(site, metres, quad_segs=8)))


def _polygons(shape: Any) -> Any:
    """What of a shape is polygon."""
    return of_dimension(gpd.GeoSeries([shape]).to_numpy(), 2)[0]


def direction(site: Any, ground: Any, crs: Any) -> str:
    """Where ground lies as seen from the middle of a site: "N", "NE" …, by longitude and latitude."""
    points = gpd.GeoSeries([shapely.centroid(site), shapely.centroid(ground)], crs=crs)
    lonlat = points.to_crs("EPSG:4326")
    east = float(lonlat.x.iloc[1] - lonlat.x.iloc[0])
    north = float(lonlat.y.iloc[1] - lonlat.y.iloc[0])
    # a degree of longitude is shorter than one of latitude
    east *= math.cos(math.radians(float(lonlat.y.mean())))
    return _SIDES[round(math.degrees(math.atan2(north, east)) / 45.0) % 8]


_SIDES: Final = ("E", "NE", "N", "NW", "W", "SW", "S", "SE")
