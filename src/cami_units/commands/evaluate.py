"""Units held against evidence that they were not made from."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units import evaluation, grid, layers
from cami_units.model import (
    EQUAL_AREA,
    AnyCrs,
    InputError,
    Note,
    Raster,
    check_arguments,
    equal_area_crs,
)

_BOX_CELLS: Final = 10_000
"""Cells of the box in which units are moved: a hundredth of its side, as finely as chance need be told."""

_LEAST_CELL_KM: Final = 1.0

_MOST_RASTER_CELLS: Final = 500_000
"""Cells of a raster with a value that are taken as polygons: 1 km cells of a large country."""


def evaluate_units(
    units: gpd.GeoDataFrame,
    evidence: gpd.GeoDataFrame | Path | str,
    *,
    value: str | None = None,
    by: str | None = None,
    individual: str | None = None,
    study_area: gpd.GeoDataFrame | None = None,
    cell_km: float | None = None,
    runs: int = 999,
    seed: int = 2026,
    crs: AnyCrs = EQUAL_AREA,
) -> pd.DataFrame:
    """The share of some evidence that lies inside units, against their share of the ground.

    .. math:: lift = \\frac{\\sum_i v_i |e_i \\cap U| / \\sum_i v_i |e_i|}{|U| / |A|}

    with *U* the ground of all units and *e* the evidence of value *v*, both within the study area
    *A*; :math:`|\\cdot|` is area for polygons and rasters, and 1 or 0 for points. A lift of 1 is what
    units laid anywhere would hold. How far from 1 chance comes is found by laying the same units
    elsewhere, whole: moved by lot over the study area, closed to a torus, and mirrored or not.

    Parameters
    ----------
    units : GeoDataFrame
        Polygons in any CRS, such as table `conservation_units`; their ground counts once.
    evidence : GeoDataFrame or path
        Evidence that the units were *not* made from, in any CRS: polygons (cells of an occupancy
        grid, ranges), points (records, fixes of collars), or a file of such (any of the formats of
        a context layer, a GeoTIFF or ASCII grid, or a CSV of coordinates).
    value : str, optional
        The column with how much a row counts, 0 or more: occupancy, a density, a number seen.
        ``None``: the column ``value`` where there is one (a raster has it), else every row counts
        alike. Rows without a value are ground where nobody looked.
    by : str, optional
        A column of groups, such as ``sci_name``: each gives a row.
    individual : str, optional
        For telemetry, the column of animals: each counts once, however many fixes it has.
    study_area : GeoDataFrame, optional
        The ground that was looked at, in any CRS. ``None``: of polygons with values and of rasters
        their own ground; else the convex hull of the evidence (with polygons: and of the units).
        Give it where you know it: the answer is about this ground and no other.
    cell_km : float, optional
        Side of the cells on which the units are moved. ``None``: about 10,000 cells, of 1 km or more.
    runs, seed : int
        How many placements, and the seed of the lot: the same call gives the same numbers.
    crs : str, int or CRS
        The equal-area CRS to measure in.

    Returns
    -------
    DataFrame
        ``group`` (the value of `by`; else "all"), ``rows`` of evidence, ``share_inside`` and
        ``share_ground`` (0–1), ``lift`` (their ratio), ``chance_low`` and ``chance_high`` (0–1: 95 %
        of the placements hold a share between them, for as much ground), ``p_value`` (how often
        chance does as well, one-sided, (1 + as good) / (1 + placements)), ``placements`` that lie
        in the study area by half at least (below 19 nothing is said of chance), ``study_km2``. One
        row a group, sorted by ``group``.

    Raises
    ------
    InputError
        A table has no CRS, mixes points with polygons, or holds lines; a column is missing; a value
        is negative; nothing lies in the study area; a raster has more than 500,000 cells with a
        value; `runs` is below 1.

    Notes
    -----
    Not for the ranges that the units were grown over: they lie inside by construction. Sightings
    lie where observers go; a lift of such points is also about roads. The test is about where units
    lie, given their shapes; it is exact where evidence is alike all over the study area but for its
    clumps, and no more than a guide where a trend runs across it. Groups are tested one by one.

    References
    ----------
    Lotwick, H. W. & Silverman, B. W. (1982). *J. R. Stat. Soc. B* 44, 406–413.
    doi:10.1111/j.2517-6161.1982.tb01221.x

    Harms, K. E. et al. (2001). *Journal of Ecology* 89, 947–959.
    doi:10.1111/j.1365-2745.2001.00615.x

    Examples
    --------
    A unit holds a quarter of a grid of four cells, and the cell in it half of what was counted:

    >>> import geopandas as gpd, shapely
    >>> import cami_units as cu
    >>> boxes = [shapely.box(x, y, x + 9e4, y + 9e4) for x in (0, 9e4) for y in (0, 9e4)]
    >>> grid = gpd.GeoDataFrame({"value": [3, 1, 1, 1]}, geometry=boxes, crs=cu.EQUAL_AREA)
    >>> found = cu.evaluate_units(grid[:1], grid, runs=99)
    >>> found[["share_inside", "share_ground", "lift"]].round(3).values.tolist()
    [[0.5, 0.25, 2.0]]
    """
    check_arguments(evaluate_units, locals())
    if runs < 1:
        raise InputError(f"Chance needs at least one placement; runs is {runs}.")
    if seed < 0:
        raise InputError(f"A seed is 0 or more; {seed} came.")
    crs = equal_area_crs(crs)
    unit_shapes = layers.to_equal_area(units, crs)
    table = _opened(evidence, value, crs)
    value = "value" if not isinstance(evidence, gpd.GeoDataFrame) and value else value
    rows = evaluation.checked_values(
        layers.to_equal_area(table, crs), value=value, by=by, individual=individual
    )
    kinds = set(shapely.get_dimensions(rows.geometry.to_numpy()).tolist())
    if kinds not in ({0}, {2}):
        raise InputError(
            "Evidence is polygons or points, one kind; this has "
            + (" and ".join(sorted(_KINDS.get(kind, "nothing") for kind in kinds)) or "no rows")
            + ". Give tracks as their fixes."
        )
    has_values = value is not None or "value" in table.columns
    if kinds == {2} and not has_values:
        rows = rows.dissolve("group", as_index=False)  # parts of a range that overlap count once
    if study_area is not None:
        ground = layers.to_equal_area(study_area, crs)
    elif kinds == {2} and has_values:
        ground = rows[["geometry"]]
    else:
        shapes = [*rows.geometry, *(unit_shapes.geometry if kinds == {2} else [])]
        hull = shapely.convex_hull(shapely.geometrycollections(shapes))
        ground = gpd.GeoDataFrame(geometry=[hull], crs=crs)
    ground = gpd.GeoDataFrame(geometry=[shapely.union_all(ground.geometry.to_numpy())], crs=crs)
    cells = grid.planning_units(ground, cell_km=cell_km or _cell_km(ground), crs=crs)
    shares = evaluation.evaluation(unit_shapes, rows, ground, cells, runs=runs, seed=seed)
    return shares.assign(rows=shares["group"].map(_row_counts(table, by)))


_KINDS: Final = {0: "points", 1: "lines", 2: "polygons"}


def _row_counts(table: gpd.GeoDataFrame, by: str | None) -> pd.Series[int]:
    """How many rows of evidence each group came with."""
    if by is None:
        return pd.Series({"all": len(table)})
    counted: pd.Series[int] = table.groupby(table[by].astype(str)).size()
    return counted


def _cell_km(ground: gpd.GeoDataFrame) -> float:
    """The side of a cell of which the box of the study area holds about :data:`_BOX_CELLS`."""
    left, low, right, top = ground.total_bounds / 1000
    side = float(np.sqrt((right - left) * (top - low) / _BOX_CELLS))
    return max(_LEAST_CELL_KM, float(f"{side:.2g}"))


def _opened(
    evidence: gpd.GeoDataFrame | Path | str, value: str | None, crs: str
) -> gpd.GeoDataFrame:
    """Evidence as rows: a file is read as a context layer, a raster's cells are polygons."""
    if isinstance(evidence, gpd.GeoDataFrame):
        return evidence
    file = Path(evidence)
    # it may be a pattern of several, as in a plan
    if not file.exists() and not any(file.parent.glob(file.name)):
        raise InputError.of("no such file", file=str(file))
    read = layers.read_context(
        file, around=None, reading=layers.Reading(crs=crs), name="evidence", column=value
    )
    if read.is_refused:
        raise layers.refusal(read.problems, Note("work evidence"))
    if isinstance(read.table, Raster):
        return _raster_cells(read.table, file.name)
    return gpd.GeoDataFrame(read.table)


def _raster_cells(raster: Raster, name: str) -> gpd.GeoDataFrame:
    """The cells of a raster that have a value, as polygons with it."""
    height, width = raster.values.shape
    rows, cols, values = [], [], []
    # Band by band, so that a raster of the world with a study in it is never in memory as a whole.
    for top, part in layers.strips(raster.values):
        down, across = np.nonzero(np.isfinite(part))
        rows.append(down + top)
        cols.append(across)
        values.append(part[down, across])
        if sum(map(len, rows)) > _MOST_RASTER_CELLS:
            raise InputError(
                f"{name} has more than {_MOST_RASTER_CELLS:,} cells with a value, too many to be held "
                "against units. Make it coarser first (gdalwarp -r average -tr)."
            )
    down, across = np.concatenate(rows), np.concatenate(cols)
    x = raster.left + (raster.right - raster.left) * np.arange(width + 1) / width
    y = raster.top - (raster.top - raster.low) * np.arange(height + 1) / height
    return gpd.GeoDataFrame(
        {"value": np.concatenate(values)},
        geometry=shapely.box(x[across], y[down + 1], x[across + 1], y[down]),
        crs=raster.crs,
    )
