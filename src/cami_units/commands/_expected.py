"""What is expected of each species beside what its range gives: states, and area."""

from __future__ import annotations

from typing import Final

import pandas as pd

from cami_units import layers, overlap
from cami_units.model import Layers, Problem, is_missing, listed

_TIMES: Final = 3.0
"""A range this many times larger or smaller than expected is worth a look."""


def range_states(known: Layers, *, least_km2: float = 100.0) -> pd.DataFrame:
    """The states of each species: those its row of the species table names, and those found.

    Parameters
    ----------
    known : Layers
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
    states = known.countries[known.countries["range_state"]]
    found = overlap.overlap(states, known.features, site="iso2", by=("sci_name",))
    area = found.set_index(["sci_name", "iso2"])["km2"]
    said = {
        **_named(known.species, "extinct_states", "extinct", set(states["iso2"])),
        **_named(known.species, "range_states", "yes", set(states["iso2"])),
    }
    keys = sorted(set(said) | set(area.index[area >= least_km2]))
    rows = [
        (name, iso2, float(area.get((name, iso2), 0.0)), said.get((name, iso2), "no"))
        for name, iso2 in keys
    ]
    table = pd.DataFrame(rows, columns=["sci_name", "iso2", "km2", "expected"])
    here, due = table["km2"] >= least_km2, table["expected"] == "yes"
    verdict = pd.Series("as expected", index=table.index)
    verdict = verdict.mask(due & ~here, "missing").mask(~due & here, "unexpected")
    return table.assign(verdict=verdict)


def _named(
    species: pd.DataFrame, column: str, word: str, states: set[str]
) -> dict[tuple[str, str], str]:
    if column not in species:
        return {}
    return {
        (name, iso2.strip()): word
        for name, cell in zip(species["sci_name"], species[column], strict=True)
        for iso2 in ("" if is_missing(cell) else str(cell)).split(";")
        if iso2.strip() in states
    }


def unexpected(known: Layers, *, least_km2: float = 100.0) -> tuple[Problem, ...]:
    """What looks wrong with a range beside what is expected of the species, one note each."""
    return (*_states(known, least_km2), *_areas(known))


def _states(known: Layers, least_km2: float) -> list[Problem]:
    table = range_states(known, least_km2=least_km2)
    present = set(known.features["sci_name"])
    odd = table[(table["verdict"] != "as expected") & table["sci_name"].isin(present)]
    problems = []
    for name, rows in odd.groupby("sci_name"):
        lacking = rows.loc[rows["verdict"] == "missing", "iso2"].tolist()
        extra = [
            f"{row.iso2} ({row.km2:,.0f} km²{', given as extinct' if row.expected == 'extinct' else ''})"
            for row in rows[rows["verdict"] == "unexpected"].itertuples()
        ]
        parts = [f"no kept range in {', '.join(lacking)}, where it is expected"] if lacking else []
        parts += [f"range in {listed(extra, 20)}, where it is not expected"] if extra else []
        cure = (
            "Look at the map of the range, at its codes, and at range_states in the species table."
        )
        problems.append(Problem("note", "ranges", "", str(name), "; ".join(parts), cure))
    return problems


def _areas(known: Layers) -> list[Problem]:
    """Ranges far larger or smaller than the species table says, else than the bundled ones are."""
    stated = known.species.set_index("sci_name")
    expected: dict[str, tuple[float, str]] = {}
    if any(one["layer"] == "ranges" and not one["bundled"] for one in known.sources):
        bundled = layers.features(layers.read_ranges())
        expected = {
            name: (float(km2), "the bundled INDICATIVE range has")
            for name, km2 in zip(bundled["sci_name"], bundled["range_km2"], strict=True)
        }
    if "expected_km2" in stated:
        told = pd.to_numeric(stated["expected_km2"], errors="coerce").dropna()
        expected |= {str(name): (km2, "expected_km2 says") for name, km2 in told.items()}
    problems = []
    for name, km2 in zip(known.features["sci_name"], known.features["range_km2"], strict=True):
        due, who = expected.get(name, (0.0, ""))
        if due > 0 and not 1 / _TIMES <= km2 / due <= _TIMES:
            what = f"a range of {km2:,.0f} km², where {who} {due:,.0f} km² ({km2 / due:.2g} times)"
            cure = "A part may be missing, be there for another taxon, or be in the wrong place."
            problems.append(Problem("note", "ranges", "", name, what, cure))
    return problems
