"""The score of planning units: where species live that also live close by in another state."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cami_units.criteria._measures import counted_species, occurs, of_species, settled
from cami_units.model import InputError, PlanError, Profile, listed


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
        if missing := [column for column in needed if column not in table.columns]:
            raise InputError(f"The table '{name}' lacks the column {listed(missing)}.")
    counted = counted_species(species, profile)
    key = ["pu_id", "sci_name"]
    here = of_species(pd.DataFrame(cell_species)[[*key, "km2"]], counted.index)
    # Sorted before they are summed: sums of floats depend on their order, and tables may come in
    # any.
    here = settled(here, [*key, "km2"], {"km2": float})
    if here.duplicated(key).any():
        here = here.groupby(key)[["km2"]].sum().reset_index()
    # by the positions of cells and species: to look texts up once is most of the work
    ids = pd.Index(planning_units["pu_id"])
    (cell, kind), (shared_cell, shared_kind) = (
        (
            ids.get_indexer(pd.Index(table["pu_id"])),
            counted.index.get_indexer(pd.Index(table["sci_name"])),
        )
        for table in (here, shared)
    )
    range_km2 = counted["range_km2"].to_numpy(np.float64)[kind]
    rangeless = here["sci_name"][~(range_km2 > 0)].unique()
    if len(rangeless):
        raise InputError(f"{listed(rangeless)}: range in a cell and no range_km2 with the species.")
    here["rarity"] = here["km2"] / range_km2
    here["occurs"] = occurs(here["km2"], cell_km2, 100 * here["rarity"], profile)
    # with a row and a column more, for what is neither a cell of these nor a species that counts
    is_shared = np.zeros((len(ids) + 1, len(counted) + 1), dtype=bool)
    is_shared[shared_cell, shared_kind] = True
    is_shared[-1], is_shared[:, -1] = False, False
    here["shared"] = here["occurs"] & is_shared[cell, kind]
    weight = pd.Series(counted["weight"].to_numpy(np.float64)[kind], here.index)
    here["threat_weight"] = weight.where(here["shared"], 0.0)
    summed = here.groupby(cell)[["occurs", "shared", "threat_weight", "rarity"]].sum()
    # Cells where nothing occurs score 0; they are cells of the study, not missing values.
    cells = summed.reindex(range(len(ids)), fill_value=0).set_axis(planning_units.index)
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
    still = [*profile.open_numbers("cells", "occurrence")]
    still += [key for key in profile.open_numbers("C2") if key != "C2.min_weight"]
    if still:
        raise PlanError(
            f"The profile '{profile.name}' leaves {listed(still, 9)} open, so cells cannot be "
            "scored. Fill them in, or leave `profile` out of the plan to use the bundled operational "
            "proxy criteria."
        )
