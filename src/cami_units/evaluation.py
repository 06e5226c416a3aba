"""Are units landscapes of their species? Evidence inside them, ground inside them, and chance.

A range map that units were grown over cannot say whether they lie well. Evidence that nobody used
can: an occupancy model, a grid of counts, records, fixes of collars. The question is whether more of
it lies in the units than of the ground; the answer needs to know what chance gives, and animals and
units both lie in clumps. So the units are laid elsewhere, whole: moved by lot over the study area,
which is closed to a torus, and mirrored or not ([1]_, [2]_). Their shapes and the clumps of the
evidence stay as they are; shuffling cells would break both and find everything significant.

References
----------
.. [1] Lotwick, H. W. & Silverman, B. W. (1982). Methods for analysing spatial processes of several
   types of points. *Journal of the Royal Statistical Society B* 44, 406–413.
   doi:10.1111/j.2517-6161.1982.tb01221.x
.. [2] Harms, K. E., Condit, R., Hubbell, S. P. & Foster, R. B. (2001). Habitat associations of trees
   and shrubs in a 50-ha neotropical forest plot. *Journal of Ecology* 89, 947–959.
   doi:10.1111/j.1365-2745.2001.00615.x
"""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from cami_units.model import InputError, listed
from cami_units.overlap import area_km2, overlaps

LEAST_GROUND: Final = 0.5
"""A placement counts where at least this part of the units' ground comes to lie in the study area."""

FEWEST: Final = 19
"""Below this many placements nothing is said of chance: no p below 5 % could come of them."""

_TRIES: Final = 20
"""Placements drawn for each that is wanted: a ragged study area refuses some."""

_INTERVAL: Final = (0.025, 0.975)

COLUMNS: Final = (
    *("rows", "share_inside", "share_ground", "lift"),
    *("chance_low", "chance_high", "p_value", "placements", "study_km2"),
)


def evaluation(
    units: gpd.GeoDataFrame,
    evidence: gpd.GeoDataFrame,
    study_area: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame,
    *,
    runs: int,
    seed: int,
) -> pd.DataFrame:
    """The share of evidence inside units against their share of the ground, and what chance gives.

    .. math:: lift = \\frac{\\sum_i v_i |e_i \\cap U| / \\sum_i v_i |e_i|}{|U| / |A|}

    with *U* the ground of all units and *e* the evidence of value *v*, both within the study area
    *A*; :math:`|\\cdot|` is area for polygons, and 1 or 0 for points.

    Parameters
    ----------
    units : GeoDataFrame
        Polygons in an equal-area CRS, any number; where they overlap their ground counts once.
    evidence : GeoDataFrame
        ``group``, ``value`` (≥ 0) and polygons or points (one kind), in the CRS of `units`.
    study_area : GeoDataFrame
        Polygons: the ground that was looked at.
    cells : GeoDataFrame
        ``pu_id``, ``row``, ``col``: square planning units over the study area, on which the units
        are moved. What is inside is measured exactly; only chance is read on the cells.
    runs, seed : int
        How many placements, and the seed of the lot.

    Returns
    -------
    DataFrame
        ``group`` and :data:`COLUMNS`, one row a group, sorted; see :func:`cami_units.evaluate_units`.

    Raises
    ------
    InputError
        No evidence, or no unit, lies in the study area.
    """
    area = shapely.union_all(study_area.geometry.to_numpy())
    inside = shapely.intersection(shapely.union_all(units.geometry.to_numpy()), area)
    sites = gpd.GeoDataFrame({"site": ["study", "inside"]}, geometry=[area, inside], crs=units.crs)
    study_km2, inside_km2 = area_km2(sites)
    if not inside_km2 > 0:
        raise InputError("No unit lies in the study area: nothing can be evaluated there.")
    rows = evidence.assign(row=np.arange(len(evidence)))
    amount = _amounts(sites, rows, "site").unstack("site").reindex(columns=["study", "inside"])
    amount = amount.fillna(0.0)
    total, amount_inside = amount["study"], amount["inside"]
    # A group without evidence in the study has no share: it is left out, not counted as 0.
    total = total[total > 0]
    if total.empty:
        raise InputError(
            "No evidence lies in the study area: its values are 0, or it lies elsewhere."
        )
    share = (amount_inside.reindex(total.index) / total).rename("share_inside")
    share_ground = inside_km2 / study_km2
    table = share.reset_index()
    table.insert(1, "rows", table["group"].map(evidence.groupby("group").size()))
    table["share_ground"] = share_ground
    table["lift"] = table["share_inside"] / share_ground
    by_chance, observed = _placements(
        units, sites[:1], rows, cells, list(total.index), runs=runs, seed=seed
    )
    enough = len(by_chance) >= FEWEST
    low, high = (
        np.quantile(by_chance, _INTERVAL, axis=0) if enough else np.full((2, len(table)), np.nan)
    )
    table["chance_low"], table["chance_high"] = low * share_ground, high * share_ground
    # As good to twelve digits: a placement that equals the observed one counts as one that does as
    # well.
    as_good = (by_chance >= observed * (1 - 1e-12)).sum(axis=0)
    # The observed set is one of all placements, so that no p is 0 (Davison & Hinkley 1997, ch. 4).
    table["p_value"] = (1 + as_good) / (1 + len(by_chance)) if enough else np.nan
    return table.assign(placements=len(by_chance), study_km2=study_km2)[["group", *COLUMNS]]


def _amounts(sites: gpd.GeoDataFrame, rows: gpd.GeoDataFrame, site: str) -> pd.Series[float]:
    """How much evidence of each group lies in each site: values times km², or of points."""
    parts = overlaps(sites, rows, site=site, by=("group", "row"))
    measure = parts.columns[-1]
    value = rows["value"].to_numpy(dtype=float)[parts["row"].to_numpy(dtype=int)]
    summed: pd.Series[float] = (
        parts.assign(amount=value * parts[measure]).groupby([site, "group"])["amount"].sum()
    )
    return summed


def _placements(
    units: gpd.GeoDataFrame,
    study: gpd.GeoDataFrame,
    rows: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame,
    groups: list[Any],
    *,
    runs: int,
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lift of each group at each placement by lot, and where the units are, on the cells."""
    row = cells["row"].to_numpy(int) - int(cells["row"].min())
    col = cells["col"].to_numpy(int) - int(cells["col"].min())
    shape = (int(row.max()) + 1, int(col.max()) + 1)
    position = pd.Series(row * shape[1] + col, index=cells["pu_id"])

    def on_cells(amount: pd.Series[float]) -> NDArray[np.float64]:
        """An amount a cell as a flat picture of the study area's box."""
        picture = np.zeros(shape[0] * shape[1])
        picture[position.loc[amount.index].to_numpy()] = amount.to_numpy()
        return picture

    def km2(layer: gpd.GeoDataFrame, key: str) -> NDArray[np.float64]:
        """The ground of a layer in each cell."""
        return on_cells(overlaps(cells, layer, site="pu_id", by=(key,)).set_index("pu_id")["km2"])

    outline = gpd.GeoDataFrame(
        {"all": ["units"]}, geometry=[shapely.union_all(units.geometry.to_numpy())], crs=units.crs
    )
    ground = km2(study, "site")
    part = np.reshape(km2(outline, "all") / float(area_km2(cells[:1]).iloc[0]), shape)
    amount = _amounts(cells, rows, "pu_id").unstack("group").reindex(columns=groups).fillna(0.0)
    evidence = np.column_stack([on_cells(amount[group]) for group in groups])
    weights = np.column_stack([evidence / evidence.sum(axis=0), ground / ground.sum()])

    def shares(placed: NDArray[np.float64]) -> NDArray[np.float64]:
        """The share of each group, and of the ground, under the units as placed."""
        sums: NDArray[np.float64] = placed.ravel() @ weights
        return sums

    observed_shares = shares(part)
    lot = np.random.default_rng(seed)
    lifts: list[NDArray[np.float64]] = []
    # Placements that hang out of the study are thrown away: without a limit a narrow study would
    # never end.
    for _ in range(_TRIES * runs):
        if len(lifts) == runs:
            break
        down, right = lot.integers(shape[0]), lot.integers(shape[1])
        # Moved and mirrored as a whole: the units keep their shapes and distances, which a draw
        # unit by unit would lose.
        flips = tuple(axis for axis in (0, 1) if lot.integers(2))
        placed_shares = shares(np.roll(np.flip(part, flips), (down, right), (0, 1)))
        if placed_shares[-1] >= LEAST_GROUND * observed_shares[-1]:
            # Over the ground that the placement covers: where it hangs out of the study, it holds
            # less of both.
            lifts.append(placed_shares[:-1] / placed_shares[-1])
    return np.array(lifts).reshape(-1, len(groups)), observed_shares[:-1] / observed_shares[-1]


def checked_values(
    evidence: gpd.GeoDataFrame, *, value: str | None, by: str | None, individual: str | None
) -> gpd.GeoDataFrame:
    """Evidence as ``group``, ``value`` and shapes: what its columns say, and 1 where they say nothing.

    Rows without a value are ground where nobody looked, and left out. With `individual`, the values
    of each one's rows are divided by their sum: an animal with a collar counts once, however often
    it was heard.

    Raises
    ------
    InputError
        A column is missing, or a value is negative.
    """
    named = [name for name in (value, by, individual) if name is not None]
    if missing := [name for name in named if name not in evidence.columns]:
        raise InputError(
            f"The evidence has no column {listed(missing)}; it has "
            f"{listed([str(name) for name in evidence.columns if name != 'geometry'], 20)}."
        )
    # As a layer of context has it; a file of bare shapes has none, and each of them counts one.
    column = value or ("value" if "value" in evidence.columns else None)
    values = (
        pd.Series(1.0, index=evidence.index)
        if column is None
        else pd.to_numeric(evidence[column], errors="coerce")
    )
    if (values < 0).any():
        raise InputError(
            f"Evidence has values of 0 or more; {int((values < 0).sum())} of '{column}' are negative, "
            f"the least {values.min():g}. Where they mean 'no value', give that as empty."
        )
    table = gpd.GeoDataFrame(
        {"group": "all" if by is None else evidence[by].astype(str), "value": values.astype(float)},
        geometry=evidence.geometry.array,
        crs=evidence.crs,
    )
    if individual is not None:
        # Each individual weighs one in all: a collar with ten thousand fixes is still one animal.
        names = evidence[individual].astype(str).array
        total = table["value"].groupby([table["group"].array, names]).transform("sum")
        table["value"] = (table["value"] / total).fillna(0.0)
    return table[table["value"].notna()].reset_index(drop=True)
