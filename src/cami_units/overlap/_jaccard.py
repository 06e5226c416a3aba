"""How much two outlines are the same place."""

from __future__ import annotations

from typing import TypeVar

import geopandas as gpd
import pandas as pd

from cami_units.overlap._measure import area_km2, overlaps

Number = TypeVar("Number", float, "pd.Series[float]")


def jaccard_index(shared_km2: Number, one_km2: Number, other_km2: Number) -> Number:
    """Shared ground ÷ joint ground of two outlines, 0–1, from what was measured of them.

    Examples
    --------
    >>> jaccard_index(50.0, 100.0, 100.0)
    0.3333333333333333
    """
    return shared_km2 / (one_km2 + other_km2 - shared_km2)


def jaccard_pairs(
    sites: gpd.GeoDataFrame, others: gpd.GeoDataFrame, *, site: str, other: str
) -> pd.DataFrame:
    """The pairs of two sets of polygons that share ground: `site`, `other`, ``km2``, ``jaccard``."""
    pairs = overlaps(sites, others, site=site, by=(other,))
    site_km2 = area_km2(sites).set_axis(sites[site])
    other_km2 = area_km2(others).set_axis(others[other])
    # Without a pair, what is mapped would be text: no column says of itself that it is of numbers.
    areas = [
        pairs[name].map(km2).astype(float) for name, km2 in ((site, site_km2), (other, other_km2))
    ]
    index = jaccard_index(pairs["km2"], *areas)
    return pairs.assign(jaccard=index)


def same_places(
    sites: gpd.GeoDataFrame,
    others: gpd.GeoDataFrame,
    *,
    site: str,
    other: str,
    least_jaccard: float,
) -> pd.Series:
    """Which of the `others` each site is: one to one, the likest pairs first.

    Parameters
    ----------
    least_jaccard : float
        The Jaccard index from which two outlines are one place. At exactly one half, two sites
        could both claim one place: the likest, and of equals the first by name, has it.

    Returns
    -------
    Series
        The id of the other, indexed by `site`; sites that are like none of them are not there.
    """
    pairs = jaccard_pairs(sites, others, site=site, other=other)
    likest = pairs[pairs["jaccard"] >= least_jaccard].sort_values(
        ["jaccard", site, other], ascending=[False, True, True]
    )
    return likest.drop_duplicates(site).drop_duplicates(other).set_index(site)[other]
