"""The main job: from layers to units that are grown, measured and decided on."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from cami_units import delineate, grid, layers, overlap
from cami_units.cache import NOTHING_KEPT, Cache, narrowed
from cami_units.commands._context import missing_context, with_context
from cami_units.commands._kept import kept_table
from cami_units.commands._load import ground, load
from cami_units.commands._measure import (
    Assessed,
    Cells,
    Pieces,
    assess_sites,
    cut,
    score_cells,
)
from cami_units.commands._round_tables import round_tables
from cami_units.model import AREA_OF_INTEREST, PROPOSED, InputError, Progress, Round, quiet
from cami_units.plan import Plan


def propose(plan: Plan, *, progress: Progress = quiet, cache: Cache = NOTHING_KEPT) -> Round:
    """A first proposal of conservation units: round 00.

    Known hotspots that pass both gates as drawn, and peaks of the score far from every hotspot, are
    grown into landscapes; these are measured again as they will be written, and decided on.

    With a `cache`, what was measured before on the same files is not measured again: weights and
    thresholds can be tried one after another. The round is the same to the last bit.

    Raises
    ------
    InputError
        As :func:`load`, before anything is computed.

    Examples
    --------
    On cells of 150 km, so that it is quick:

    >>> import cami_units as cu
    >>> plan = cu.read_plan(None)
    >>> plan = plan.model_copy(update={"study": plan.study.model_copy(update={"cell_km": 150.0})})
    >>> proposal = cu.propose(plan)
    >>> sorted(set(proposal.tables["conservation_units"]["status"]))
    ['area of interest', 'modelled candidate']
    """
    if lacking := missing_context(plan):
        raise InputError("\n".join(one.sentence() for one in lacking))
    cache = ground(plan, cache)
    known = load(plan, progress=progress, cache=cache)
    progress("cutting layers by states", 0, 0)
    pieces = cut(known, plan, cache=cache)
    cache = narrowed(cache, plan.profile.C7.pair_km)
    progress("scoring planning units", 0, 0)
    cells = score_cells(pieces, plan, cache=cache)
    drawn = assess_sites(known.hotspots, pieces, plan, site="hotspot_id", cache=cache)
    grown = grow(cells, drawn, pieces, plan, progress, cache=cache)
    progress("measuring the finished units", 0, 0)
    found = assess_sites(grown, pieces, plan, site="seed", cache=cache)
    progress("writing down what was found", 0, 0)
    made = round_tables(plan, pieces, cells, drawn, grown, found, cache=cache)
    return with_context(made, plan, progress=progress)


def grow(
    cells: Cells,
    drawn: Assessed,
    pieces: Pieces,
    plan: Plan,
    progress: Progress = quiet,
    *,
    cache: Cache = NOTHING_KEPT,
) -> gpd.GeoDataFrame:
    """Units grown from hotspots and peaks, each beside its ``outline`` as it will be written.

    They are measured as written: the geometry is the outline itself, in the equal-area CRS.

    Examples
    --------
    >>> import cami_units as cu
    >>> plan = cu.read_plan(None)
    >>> plan = plan.model_copy(update={"study": plan.study.model_copy(update={"cell_km": 150.0})})
    >>> pieces = cu.cut(cu.load(plan), plan)
    >>> drawn = cu.assess_sites(pieces.layers.hotspots, pieces, plan, site="hotspot_id")
    >>> units = cu.grow(cu.score_cells(pieces, plan), drawn, pieces, plan)
    >>> units["seed"].is_unique, bool(cu.area_km2(units).gt(0).all())
    (True, True)
    """
    cores, members = _hotspot_seeds(cells, drawn, pieces)
    new_cores, new_members = _new_seeds(cells, cores, plan)
    cell_km2 = float(overlap.area_km2(cells.units).iloc[0])
    least = (plan.profile.occurrence.min_site_share or 0.0) / 100 * cell_km2
    all_members, all_cores = pd.concat([members, new_members]), pd.concat([cores, new_cores])
    limits = plan.units.model_dump()

    def delineated() -> gpd.GeoDataFrame:
        return delineate.delineate(
            cells.units,
            delineate.occupied(cells.species, all_members, least_km2=least),
            grid.neighbours(cells.units, corners=True),
            all_cores,
            reach_km=plan.units.reach_km,
            min_km2=plan.units.min_km2,
            max_km2=plan.units.max_km2,
            max_vertices=plan.units.max_vertices,
            progress=progress,
        )

    # the cells' shapes and their species hang on the plan's grid; their scores on its profile too
    on = [plan.study.model_dump(), cells.units[["pu_id", "score"]], all_members, least, all_cores]
    units = kept_table(cache, "units", [*on, limits], delineated)
    units["hotspot_ids"] = units["seed"].where(units["seed"].isin(cores["seed"]), "")
    written = delineate.editable(units)
    return layers.to_equal_area(written, plan.study.crs).assign(outline=written.geometry)


def _hotspot_seeds(
    cells: Cells, drawn: Assessed, pieces: Pieces
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cores and species of the landscapes of hotspots that qualify as drawn.

    One that does not is reported with its numbers, not grown until it does.
    """
    hotspots = pieces.layers.hotspots
    passing = drawn.decided(PROPOSED, AREA_OF_INTEREST)
    if hotspots is None or not passing:
        return _CORES, _MEMBERS
    chosen = hotspots[hotspots["hotspot_id"].isin(passing)]
    shared = overlap.overlap(
        chosen, chosen.rename(columns={"hotspot_id": "other"}), site="hotspot_id", by=("other",)
    )
    seed_of = delineate.landscapes(shared)
    inside = cells.hotspots[cells.hotspots["hotspot_id"].isin(passing)]
    cell_km2 = float(overlap.area_km2(cells.units).iloc[0])
    found = drawn.findings.species
    qualifying = found[found["role"] == "qualifying"]
    return (
        delineate.hotspot_cores(inside, seed_of, cell_km2=cell_km2),
        qualifying.assign(seed=qualifying["site"].map(seed_of)).dropna(subset="seed")[
            ["seed", "sci_name"]
        ],
    )


def _new_seeds(cells: Cells, cores: pd.DataFrame, plan: Plan) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cores and species of the peaks far from every hotspot: as good as hotspots are, or better."""
    units = cells.units
    shared = units[units["n_shared"] > 0]
    known = shared[shared["pu_id"].isin(cores["pu_id"])]
    reach = plan.units.reach_km
    found = delineate.peaks(
        units,
        shared["pu_id"],
        apart_km=2 * reach,
        taken=list(cells.hotspots["pu_id"]),
        away_km=reach,
        least_score=float((known if len(known) else shared)["score"].median()),
    )
    discs = delineate.discs(units, found, radius_km=reach / 2)
    return discs, discs.merge(cells.shared, on="pu_id")[["seed", "sci_name"]].drop_duplicates()


_CORES = pd.DataFrame({"seed": [], "pu_id": [], "growth": []})


_MEMBERS = pd.DataFrame({"seed": [], "sci_name": []})
