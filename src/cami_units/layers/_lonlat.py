"""The way out: from the equal-area CRS to longitude and latitude."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from cami_units.model import LONLAT


def to_lonlat(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The same table with its geometry in longitude and latitude, cut where 180° runs through it.

    Vertices are projected as they are: the layers of a round came in with many.

    Parameters
    ----------
    table : GeoDataFrame
        Any geometry with a CRS. Rows keep their order and index.

    Returns
    -------
    GeoDataFrame
        In EPSG:4326; a shape across the 180° meridian has a part on either side of it.

    Examples
    --------
    >>> across = gpd.GeoDataFrame(geometry=[shapely.box(179, 60, 181, 61)], crs=LONLAT)
    >>> to_lonlat(across.to_crs("EPSG:3571")).total_bounds.round(3).tolist()
    [-180.0, 60.0, 180.0, 61.0]
    """
    lonlat = table.to_crs(LONLAT)
    shapes = np.asarray(lonlat.geometry.array, dtype=object)
    bounds = shapely.bounds(shapes)
    for row in np.flatnonzero(bounds[:, 2] - bounds[:, 0] > 180):
        shapes[row] = _cut(shapes[row])
    return lonlat.set_geometry(gpd.GeoSeries(shapes, index=lonlat.index, crs=LONLAT))


def _cut(shape: Any) -> Any:
    """A shape whose vertices jump across 180°, as its parts on either side."""
    unrolled = shapely.transform(shape, lambda xy: np.where([[1, 0]] * (xy < 0), xy + 360, xy))
    west = shapely.clip_by_rect(unrolled, 0, -90, 180, 90)
    east = shapely.clip_by_rect(unrolled, 180, -90, 360, 90)
    east = shapely.transform(east, lambda xy: xy - [360, 0])
    return shapely.union_all([west, east])
