"""Ranges with their edges moved, by as much as their confidence leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely

from cami_units.layers._equal_area import only
from cami_units.overlap import dissolved

_DETAIL: Final = 0.02
"""Bends smaller than this part of the way an edge is moved do not matter to where it ends up."""
_TOUCHING_M: Final = 1.0


def moved_edges(
    graded: gpd.GeoDataFrame, *, km: Mapping[str, float], ungraded: str, outwards: bool
) -> gpd.GeoDataFrame:
    """Ranges grown, or shrunk, along their outer edges.

    Parameters
    ----------
    graded : GeoDataFrame
        ``sci_name``, ``confidence`` and polygons in metres, one row for each pair of the two.
    km : mapping
        How far the edge of a part of each confidence is moved, in km.
    ungraded : str
        The confidence that a part without one, or with one that `km` does not know, counts as.
    outwards : bool
        Whether edges move out, or in.

    Returns
    -------
    GeoDataFrame
        ``sci_name``, ``confidence`` and polygons, sorted by both; what has shrunk to nothing is not
        there. Seams between parts of one species are no edge and do not move.
    """
    edge_rows = [
        (name, grade, shape)
        for name, rows in graded.groupby("sci_name", sort=True)
        for grade, shape in _species_moved(rows, km, ungraded, outwards)
        if not shape.is_empty
    ]
    table = gpd.GeoDataFrame(
        {
            "sci_name": np.array([row[0] for row in edge_rows], dtype=object),
            "confidence": np.array([row[1] for row in edge_rows], dtype=object),
        },
        geometry=[row[2] for row in edge_rows],
        crs=graded.crs,
    )
    return dissolved(table, ("sci_name", "confidence"))


def _species_moved(
    rows: gpd.GeoDataFrame, km: Mapping[str, float], ungraded: str, outwards: bool
) -> list[tuple[Any, Any]]:
    shapes = np.asarray(rows.geometry.array, dtype=object)
    metres = np.array([1000 * km.get(str(grade), km[ungraded]) for grade in rows["confidence"]])
    if outwards:
        grown = shapely.buffer(shapely.simplify(shapes, _DETAIL * metres), metres, quad_segs=4)
        return list(zip(rows["confidence"], shapely.union(shapes, grown), strict=True))
    rim = shapely.boundary(shapely.union_all(shapes))
    outer_edges = shapely.intersection(rim, shapely.buffer(shapes, _TOUCHING_M))
    outer_edges = shapely.simplify([only(line, "line") for line in outer_edges], _DETAIL * metres)
    gone = shapely.union_all(shapely.buffer(outer_edges, metres, quad_segs=4))
    left = [only(shape, "polygon") for shape in shapely.difference(shapes, gone)]
    return list(zip(rows["confidence"], left, strict=True))
