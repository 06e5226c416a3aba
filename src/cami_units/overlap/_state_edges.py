"""Where the outlines of states overlap one another, or leave ground between them."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.overlap._door import geometries
from cami_units.overlap._union import joined

LEAST_KM2: Final = 1.0
"""What is smaller is the rounding of coordinates along thousands of km of border."""

MOST_GAP_KM: Final = 15.0
"""Wider ground between two states is a lake, a sea or somebody's own: no fault of drawing."""


_PLAIN_M: Final = 500.0


def state_edges(countries: gpd.GeoDataFrame) -> pd.DataFrame:
    """Ground that two states both claim, and ground between two states that neither does.

    Parameters
    ----------
    countries : GeoDataFrame
        ``iso2`` and polygons in an equal-area CRS; only range states are looked at.

    Returns
    -------
    DataFrame
        ``kind`` ("overlap", "gap"), ``pair`` ("KZ;UZ"), ``km2``, ``width_km`` (of the largest
        circle that fits), sorted by kind and pair.
    """
    states = countries[countries["range_state"].astype(bool)].sort_values("iso2")
    shapes, names = geometries(states), states["iso2"].to_numpy()
    i, j = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    i, j = i[i < j], j[i < j]
    shared = shapely.intersection(shapes[i], shapes[j])
    rows = [
        ("overlap", f"{names[a]};{names[b]}", *_size(shape))
        for a, b, shape in zip(i, j, shared, strict=True)
        if shapely.area(shape) / 1e6 >= LEAST_KM2
    ]
    rows += [("gap", pair, *_size(shape)) for pair, shape in sorted(_gaps(shapes, names).items())]
    return pd.DataFrame(rows, columns=["kind", "pair", "km2", "width_km"])


def _gaps(shapes: Any, names: Any) -> dict[str, Any]:
    """The ground between two neighbouring states, by their pair."""
    reach = 1000 * MOST_GAP_KM / 2
    # what is closed need not be exact to the metre: the ground itself is taken out of it afterwards
    plain = shapely.simplify(shapes, _PLAIN_M)
    near = [shapely.buffer(shape, reach, quad_segs=2) for shape in plain]
    closed = shapely.buffer(shapely.union_all(near), -reach, quad_segs=2)
    land = shapely.union_all(shapes)
    parts = shapely.get_parts(shapely.difference(closed, land))
    parts = parts[shapely.area(parts) / 1e6 >= LEAST_KM2]
    gaps: dict[str, list[Any]] = {}
    for part in parts:
        # a bay of one state's own coast has one state at its rim, a gap has two
        touching = np.flatnonzero(shapely.distance(shapes, part) < 1.0)
        shared = {int(at): shapely.length(_rim(part, shapes[at])) for at in touching}
        widest = sorted(shared, key=lambda at: (-shared[at], at))[:2]
        if len(widest) == 2 and min(shared[at] for at in widest) > reach:
            pair = ";".join(sorted(str(names[at]) for at in widest))
            gaps.setdefault(pair, []).append(part)
    return {pair: joined(np.array(found, dtype=object)) for pair, found in gaps.items()}


def _rim(gap: Any, state: Any) -> Any:
    """The part of a gap's outline that a state lies along."""
    return shapely.intersection(shapely.boundary(gap), shapely.buffer(state, 10.0, quad_segs=1))


def _size(shape: Any) -> tuple[float, float]:
    """Area in km² and the diameter, in km, of the largest circle in a shape."""
    largest = max(shapely.get_parts(shape), key=shapely.area)
    radius = shapely.length(shapely.maximum_inscribed_circle(largest))
    return float(shapely.area(shape) / 1e6), float(2 * radius / 1000)
