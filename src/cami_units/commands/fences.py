"""Which fence first: what opening each closed stretch of border would join, added to a round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import geopandas as gpd
import pandas as pd

from cami_units import criteria, layers, scene
from cami_units.commands._round_tables import as_written
from cami_units.commands.assess import cut, measure, species_ranges
from cami_units.commands.round_files import reopened, write_added
from cami_units.commands.shown_round import FENCE_TABLES
from cami_units.documents.csv_tables import write_csv
from cami_units.fences import fence_openings
from cami_units.model import Problem, Progress, Round, check_arguments, quiet
from cami_units.store import Writer


def with_fences(round_: Round, *, progress: Progress = quiet) -> Round:
    """A round with what opening each closed stretch of border would join, the most first.

    Adds ``fences`` (lines) and ``fence_species``; what an earlier run added is replaced. A stretch is
    the part of a shared border that one fence closes within one unit, or outside all of them.

    .. math:: joined = \\min(A, B) \\cdot \\frac{\\sum_{e} l_e (p_e' - p_e)}{\\sum l}

    with *A* and *B* the range of a species in one piece on either side, *l* the km of their common
    border within the range, *p* how much of it lets animals through now (1 where no fence is known)
    and *p'* with the stretch open. Stretches are ranked by ``gain``: what they join, each species in
    its own thresholds of C3, summed.

    Parameters
    ----------
    round_ : Round
        A round with its ranges, as `propose` or `collect` wrote it.

    Returns
    -------
    Round
        The same, with the tables `fences` and `fence_species`, whose columns
        :func:`cami_units.fences.fence_openings` tells.

    Raises
    ------
    InputError
        The round is one for publication: it came without its ranges.

    Notes
    -----
    It rests on range maps, on the permeability that somebody gave each fence (for large ungulates: cats
    pass where khulan cannot), and on the year of neither. It leaves out terrain, water, poaching,
    disease, mines, people and what an opening costs: a place to look first, no advice to open.

    References
    ----------
    Saura, S. & Pascual-Hortal, L. (2007). *Landscape and Urban Planning* 83, 91–103.
    doi:10.1016/j.landurbplan.2007.03.005
    """
    check_arguments(with_fences, locals())
    plan, round_layers = reopened(round_)
    progress("cutting layers by states", 0, 0)
    pieces = cut(round_layers, plan)
    table = round_.tables["conservation_units"]
    alive = scene.shown_units(table).sort_values("unit_id", ignore_index=True)
    units = layers.to_equal_area(gpd.GeoDataFrame(alive[["unit_id", "geometry"]]), plan.study.crs)
    progress("opening fences one by one", 0, 0)
    lines, by_species = fence_openings(
        units,
        pieces,
        plan.profile,
        criteria.threshold_km2(species_ranges(round_layers), plan.profile),
        measure(units, pieces),
    )
    added: Mapping[str, pd.DataFrame] = {
        "fences": as_written(lines),
        "fence_species": as_written(by_species),
    }
    return replace(round_, tables={**round_.tables, **added})


def write_fences(
    round_: Round, directory: Path, *, progress: Progress = quiet
) -> tuple[Problem, ...]:
    """Write what :func:`with_fences` added over the round it came from: whole, or not at all.

    Returns
    -------
    tuple of Problem
        As :func:`write_proposal`.

    Raises
    ------
    InputError
        There is no round in the folder, or it cannot be written to.
    """

    def files(written: Round) -> dict[str, Writer]:
        """The tables for a spreadsheet."""
        return {
            f"{name}.csv": partial(write_csv, table=written.tables[name]) for name in FENCE_TABLES
        }

    return write_added(round_, directory, FENCE_TABLES, files, progress=progress)
