"""The states that each species' range lies in, beside those that are expected."""

from __future__ import annotations

import pandas as pd

from cami_units.model import Layers, is_missing
from cami_units.overlap._measure import overlaps


def range_states(layers: Layers, *, least_km2: float = 100.0) -> pd.DataFrame:
    """The states of each species: those its row of the species table names, and those found.

    Parameters
    ----------
    layers : Layers
        The layers of a plan.
    least_km2 : float
        From this much kept range, km², a species is found in a state.

    Returns
    -------
    DataFrame
        ``sci_name``, ``iso2``, ``km2`` (kept range in the state), ``expected`` ("yes", "extinct",
        "no") and ``verdict`` ("as expected", "missing", "unexpected"), a row for every species and
        range state that either side names; sorted by both.

    Notes
    -----
    *Extinct* states come from the optional column ``extinct_states``. Range found there is
    unexpected: it may be a reintroduction, or a part with the wrong presence code. States outside
    the plan are not looked at.

    Examples
    --------
    >>> import cami_units as cu
    >>> states = cu.range_states(cu.load(cu.read_plan(None)))
    >>> odd = states[states["verdict"] == "missing"]
    >>> odd.loc[odd["sci_name"] == "Lynx lynx", "iso2"].tolist()
    ['BT']
    """
    states = layers.countries[layers.countries["range_state"]]
    in_states = overlaps(states, layers.features, site="iso2", by=("sci_name",))
    area = in_states.set_index(["sci_name", "iso2"])["km2"]
    expected = {
        **_named_states(layers.species, "extinct_states", "extinct", set(states["iso2"])),
        **_named_states(layers.species, "range_states", "yes", set(states["iso2"])),
    }
    keys = sorted(set(expected) | set(area.index[area >= least_km2]))
    rows = [
        (name, iso2, float(area.get((name, iso2), 0.0)), expected.get((name, iso2), "no"))
        for name, iso2 in keys
    ]
    table = pd.DataFrame(rows, columns=["sci_name", "iso2", "km2", "expected"])
    present, due = table["km2"] >= least_km2, table["expected"] == "yes"
    verdict = pd.Series("as expected", index=table.index)
    verdict = verdict.mask(due & ~present, "missing").mask(~due & present, "unexpected")
    return table.assign(verdict=verdict)


def _named_states(
    species: pd.DataFrame, column: str, word: str, states: set[str]
) -> dict[tuple[str, str], str]:
    """The states that a column names for each species, with what it says of them."""
    if column not in species:
        return {}
    return {
        (name, iso2.strip()): word
        for name, cell in zip(species["sci_name"], species[column], strict=True)
        for iso2 in ("" if is_missing(cell) else str(cell)).split(";")
        if iso2.strip() in states
    }
