"""Any polygons as they are drawn, and a folder to start from."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from cami_units import layers, store
from cami_units.cache import NOTHING_KEPT, Cache
from cami_units.commands._load import ground, load
from cami_units.commands._measure import assess_sites, cut
from cami_units.commands._round_tables import DIGITS
from cami_units.model import Progress, data_dir, quiet
from cami_units.plan import Plan


def assess(
    path: Path, plan: Plan, *, progress: Progress = quiet, cache: Cache = NOTHING_KEPT
) -> pd.DataFrame:
    """Any polygons against every gate and criterion, as they are drawn.

    Parameters
    ----------
    path : Path
        KML, KMZ, GeoPackage, GeoJSON, shapefile or GeoParquet.
    plan : Plan
        The layers and the profile to hold them against.
    cache : Cache
        Where the layers may be kept, and found again.

    Returns
    -------
    DataFrame
        ``site``, ``decision``, ``criterion``, ``met``, ``value``, ``unit``, ``threshold``,
        ``because``: one row for every gate and criterion of every site.

    Raises
    ------
    InputError
        As :func:`load`, or when the file cannot be read or holds no polygon.
    """
    sites, problems = layers.read_sites(path, crs=plan.study.crs)
    cache = ground(plan, cache)
    pieces = cut(load(plan, progress=progress, cache=cache), plan, cache=cache)
    progress("measuring the sites", 0, 0)
    found = assess_sites(sites, pieces, plan, site="site")
    table = found.findings.criteria.merge(found.decisions[["site", "decision"]], on="site")
    columns = ["site", "decision", "criterion", "met", "value", "unit", "threshold", "because"]
    result = table[columns].round(DIGITS)
    result.attrs["problems"] = problems
    return result


def init(directory: Path) -> list[Path]:
    """A workshop folder to start from: plan, criteria, a place for inputs, and what to do next.

    Raises
    ------
    InputError
        The folder exists and is not empty.
    """
    return store.write_workshop(
        directory, plan=data_dir() / "plan.toml", criteria=data_dir() / "criteria.toml"
    )
