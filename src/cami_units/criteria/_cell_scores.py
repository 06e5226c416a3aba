"""The score of planning units: where species live that also live close by in another state."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cami_units.criteria._measures import counted_species, occurs
from cami_units.model import InputError, PlanError, Profile, listed, unfilled


def score_cells(
    planning_units: pd.DataFrame,
    cell_species: pd.DataFrame,
    shared: pd.DataFrame,
    species: pd.DataFrame,
    profile: Profile,
    *,
    cell_km2: float,
) -> pd.DataFrame:
    """The score of each planning unit and the three parts that it is made of.

    .. math:: score = \\tfrac13 \\left[\\min(1, n/n_0) + \\min(1, W/W_0) + \\min(1, R/R_0)\\right]

    with *n* the number of shared species, *W* the sum of their threat weights, *R* the range rarity
    per 1000 km², and the fixed reference maxima of the profile's ``[cells]``.

    Parameters
    ----------
    planning_units : DataFrame
        ``pu_id``; other columns are not looked at.
    cell_species : DataFrame
        ``pu_id``, ``sci_name``, ``km2`` of kept range; several rows a species (one a state) add up.
    shared : DataFrame
        ``pu_id``, ``sci_name``: species that also live close by in another state.
    species : DataFrame
        The table ``species`` with ``range_km2``.
    profile : Profile
        Its occurrence rule, threat weights and reference maxima.
    cell_km2 : float
        Area of a whole planning unit.

    Returns
    -------
    DataFrame
        In the order and with the index of `planning_units`: ``pu_id``; ``richness``, the number of
        species that occur (recompute it for larger areas, never sum it); ``n_shared``, of those the
        shared ones; ``threat_weight``; ``range_rarity``, the sum of overlap ÷ regional range over
        *all* overlaps, however small, so that it may be summed; ``score``, 0–1.

    Raises
    ------
    InputError
        A table lacks a column, or a species has overlap and no ``range_km2``.
    PlanError
        The profile leaves [cells], [C2] weights or [occurrence] open.
    """
    _complete(profile)
    for name, table, needed in (
        ("planning_units", planning_units, ("pu_id",)),
        ("cell_species", cell_species, ("pu_id", "sci_name", "km2")),
        ("shared", shared, ("pu_id", "sci_name")),
    ):
        missing = [column for column in needed if column not in table.columns]
        if missing:
            raise InputError(f"The table '{name}' lacks the column {listed(missing)}.")
    counted = counted_species(species, profile)
    here = pd.DataFrame(cell_species)[["pu_id", "sci_name", "km2"]]
    # Sorted before they are summed: sums of floats depend on their order, and tables may come in
    # any.
    here = here[here["sci_name"].isin(counted.index)].sort_values(["pu_id", "sci_name", "km2"])
    here = here.groupby(["pu_id", "sci_name"])[["km2"]].sum().reset_index()
    range_km2 = here["sci_name"].map(counted["range_km2"]).astype(float)
    rangeless = here.loc[~(range_km2 > 0), "sci_name"].unique()
    if len(rangeless):
        raise InputError(f"{listed(rangeless)}: range in a cell and no range_km2 with the species.")
    here["rarity"] = here["km2"] / range_km2
    here["occurs"] = occurs(here["km2"], cell_km2, 100 * here["rarity"], profile)
    key = ["pu_id", "sci_name"]
    is_shared = pd.MultiIndex.from_frame(here[key]).isin(pd.MultiIndex.from_frame(shared[key]))
    here["shared"] = here["occurs"] & is_shared
    weight = here["sci_name"].map(counted["weight"]).astype(float)
    here["threat_weight"] = weight.where(here["shared"], 0.0)
    summed = here.groupby("pu_id")[["occurs", "shared", "threat_weight", "rarity"]].sum()
    # Cells where nothing occurs score 0; they are cells of the study, not missing values.
    cells = summed.reindex(planning_units["pu_id"], fill_value=0).set_axis(planning_units.index)
    maxima = profile.cells
    parts = (
        cells["shared"] / (maxima.n_shared or np.nan),
        cells["threat_weight"] / (maxima.threat_weight or np.nan),
        # Per 1,000 km², so that cells of 10 and of 50 km are on one scale.
        cells["rarity"] / (cell_km2 / 1000) / (maxima.range_rarity or np.nan),
    )
    return pd.DataFrame(
        {
            "pu_id": planning_units["pu_id"],
            "richness": cells["occurs"].astype(int),
            "n_shared": cells["shared"].astype(int),
            "threat_weight": cells["threat_weight"].astype(float),
            "range_rarity": cells["rarity"].astype(float),
            "score": sum((part.clip(upper=1) for part in parts), pd.Series(0.0, cells.index)) / 3,
        }
    )


def _complete(profile: Profile) -> None:
    """Refuse a profile that leaves open what cells are scored by."""
    still = [*unfilled(profile, "cells", "occurrence")]
    still += [key for key in unfilled(profile, "C2") if key != "C2.min_weight"]
    if still:
        raise PlanError(
            f"The profile '{profile.name}' leaves {listed(still, 9)} open, so cells cannot be "
            "scored. Fill them in, or leave `profile` out of the plan to use the bundled operational "
            "proxy criteria."
        )
