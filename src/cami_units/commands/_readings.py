"""The ranges read otherwise: other presence codes, edges moved in or out."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd

from cami_units import layers, overlap
from cami_units.commands._measure import Pieces, graded_ranges
from cami_units.plan import Plan
from cami_units.sensitivity import Design


def read_otherwise(
    pieces: Pieces, plan: Plan, design: Design, presence: tuple[int, ...], side: int
) -> Pieces:
    """The pieces with other presence codes kept, and the edges of ranges moved to one side."""
    if side == 0 and presence == tuple(sorted(set(plan.codes.presence))):
        return pieces
    graded = graded_ranges(_with_presence(pieces.layers.ranges, plan, presence))
    if side:
        graded = layers.moved_edges(
            graded, km=design.edge_km, ungraded=design.ungraded, outwards=side > 0
        )
    whole = layers.dissolved(graded, ("sci_name",))
    features = whole.assign(range_km2=overlap.area_km2(whole))
    known = pieces.layers
    areas = known.protected_areas
    return replace(
        pieces,
        layers=replace(known, features=features),
        sides=overlap.split(features, pieces.states, keep=("sci_name", "iso2")),
        graded=graded,
        shared_borders=overlap.split(known.borders, features, keep=("pair", "sci_name")),
        protected=(
            None
            if areas is None
            else overlap.split(features, layers.dissolved(areas), keep=("sci_name",))
        ),
    )


def _with_presence(
    ranges: gpd.GeoDataFrame, plan: Plan, presence: tuple[int, ...]
) -> gpd.GeoDataFrame:
    """The range parts that count with these presence codes, origin and seasonal as in the plan."""
    fitting = ranges["origin"].isin(plan.codes.origin) & ranges["seasonal"].isin(
        plan.codes.seasonal
    )
    return ranges[fitting & ranges["presence"].isin(presence)].reset_index(drop=True)
