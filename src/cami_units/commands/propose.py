"""The main job: from layers to units that are grown, measured and decided on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd

from cami_units import criteria, delineate, grid, layers, overlap, store
from cami_units.cache import NOTHING_KEPT, Cache, kept, kept_table, kept_value, narrowed
from cami_units.commands._round_tables import round_tables, shapes_as_written, tables_of_units
from cami_units.commands.assess import Assessed, assess_sites, cut, pieces_key, species_ranges
from cami_units.commands.check import missing_context, proposal_overrides
from cami_units.commands.context import with_context
from cami_units.commands.plan_layers import faulty_cells, faulty_groups, ground, load
from cami_units.model import (
    AREA_OF_INTEREST,
    PROPOSED,
    InputError,
    Layers,
    Progress,
    Round,
    check_arguments,
    crs_name,
    in_short,
    quiet,
)
from cami_units.overlap import CellTables, Pieces
from cami_units.plan import Plan


def propose(
    plan: Plan,
    *,
    overlaps: Path | str | None = None,
    progress: Progress = quiet,
    cache: Cache = NOTHING_KEPT,
) -> Round:
    """A first proposal of conservation units: round 00.

    Known hotspots that pass both gates as drawn, and peaks of the score far from every hotspot, are
    grown into landscapes; these are measured again as they will be written, and decided on.

    With a `cache`, what was measured before on the same files is not measured again: weights and
    thresholds can be tried one after another. The round is the same to the last bit.

    `overlaps` is what `cami-units overlaps` wrote of the plan's ranges, on the plan's cells: ranges are
    not laid over the cells again.

    Raises
    ------
    InputError
        As :func:`load`, before anything is computed; the overlaps are of other cells or other ranges.

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
    check_arguments(propose, locals())
    # context is read last of all: that a file is missing is said before anything is computed
    if lacking := missing_context(plan):
        raise InputError.of("several problems", problems=lacking)
    cache = ground(plan, cache)
    clean = load(plan, progress=progress, cache=cache)
    if faults := (*faulty_groups(plan, clean.sections), *faulty_cells(clean, plan)):
        raise InputError.of("several problems", problems=faults)
    clean = replace(clean, problems=(*clean.problems, *proposal_overrides(clean)))
    # what is measured hangs on the same numbers; weights and thresholds change nothing of it
    of_layers = narrowed(cache, *pieces_key(clean, plan))
    file = None if overlaps is None else Path(overlaps)

    @lru_cache(maxsize=1)
    def pieces_and_cells() -> tuple[Pieces, CellTables]:
        """The layers cut, and what lies in the planning units."""
        progress("cutting layers by states", 0, 0)
        pieces = cut(clean, plan, cache=cache)
        progress("scoring planning units", 0, 0)
        return pieces, measured_cells(pieces, plan, cache=of_layers, overlaps=file)

    def unit_tables() -> dict[str, pd.DataFrame]:
        """The units grown, measured and decided on."""
        pieces, cell_tables = pieces_and_cells()
        cells = scored(cell_tables, pieces, plan)
        # As somebody drew them: only hotspots that hold as they are may seed a unit.
        hotspots = assess_sites(
            clean.hotspots, pieces, plan, site="hotspot_id", cache=of_layers, is_told=False
        )
        landscapes = grow(cells, hotspots, pieces, plan, progress, cache=of_layers)
        progress("measuring the finished units", 0, 0)
        assessed = assess_sites(landscapes, pieces, plan, site="seed", cache=of_layers)
        progress("writing down what was found", 0, 0)
        return tables_of_units(
            plan, pieces, cells.units, hotspots, landscapes, assessed, cache=of_layers
        )

    def shapes() -> dict[str, pd.DataFrame]:
        """The shapes of layers and planning units in longitude and latitude."""
        return shapes_as_written(clean, pieces_and_cells()[1].units)

    study = plan.study
    round_ = round_tables(
        plan,
        clean,
        kept(of_layers, "tables", _all_but_weights(plan, clean, file), unit_tables),
        kept(of_layers, "shapes", [study.cell_km, study.shape], shapes),
    )
    return with_context(round_, plan, progress=progress)


def _all_but_weights(plan: Plan, clean: Layers, overlaps: Path | None) -> list[Any]:
    """What the tables of units hang on beside the layers: every number but those of the score."""
    told = {"title", "layers", "context", "workshop", "output"}
    numbers = plan.model_dump(mode="json", exclude=told)
    profile = plan.profile.model_dump(mode="json", exclude={"score"})
    return [numbers, profile, clean.overrides, overlaps and store.sha256(overlaps)]


@dataclass(frozen=True, slots=True)
class Cells(CellTables):
    """Scored planning units; species and hotspots in each (km²); species shared nearby."""


AnyCells = TypeVar("AnyCells", Cells, CellTables)


def score_cells(pieces: Pieces, plan: Plan, *, cache: Cache = NOTHING_KEPT) -> Cells:
    """The planning units of the range states, as far as any range reaches, scored.

    A species is *shared* in a cell when it lives in it and, within the plan's border distance, also
    in another state. The score is the plain mean of three measures (shared species, their threat
    weight, range rarity), each divided by the fixed maximum of the profile and capped at 1.

    Parameters
    ----------
    pieces : Pieces
        From :func:`cami_units.cut`.
    plan : Plan
        Side and shape of cells, border distance, maxima.

    Returns
    -------
    Cells
        ``units`` with ``richness``, ``n_shared``, ``threat_weight``, ``range_rarity`` and ``score``
        (0–1); ``species`` and ``shared`` by cell.

    Notes
    -----
    Richness is not additive: count it again for a larger site, never sum it.

    References
    ----------
    Crisp, M. D. et al. (2001). Endemism in the Australian flora. *Journal of Biogeography* 28,
    183–198. doi:10.1046/j.1365-2699.2001.00524.x

    Examples
    --------
    >>> import cami_units as cu
    >>> plan = cu.read_plan(None)
    >>> plan = plan.model_copy(update={"study": plan.study.model_copy(update={"cell_km": 150.0})})
    >>> cells = cu.score_cells(cu.cut(cu.load(plan), plan), plan).units
    >>> bool(cells["score"].between(0, 1).all()), bool((cells["n_shared"] <= cells["richness"]).all())
    (True, True)
    """
    check_arguments(score_cells, locals())
    return scored(measured_cells(pieces, plan, cache=cache), pieces, plan)


def measured_cells(
    pieces: Pieces,
    plan: Plan,
    *,
    cache: Cache = NOTHING_KEPT,
    beside: CellTables | None = None,
    overlaps: Path | None = None,
    living: bool = False,
) -> CellTables:
    """What lies in the planning units of a plan, before they are scored.

    `beside` is the same of a plan whose only difference is its distance to a border: what does not
    hang on that is taken from it. `overlaps` is a file of what ranges share with cells. `living`
    units are all that anything grows over, as :func:`living_cells` has them.
    """
    study, border_km = plan.study, plan.criteria.border_km
    side_km2 = plan.profile.occurrence.side_km2 or 0.0
    if beside is not None:
        return overlap.shared_nearby(beside, pieces, border_km=border_km, side_km2=side_km2)

    def measured() -> CellTables:
        cells = study_cells(pieces, plan, living=living)
        of_file = None if overlaps is None else stored_overlaps(overlaps, cells, pieces, plan)
        return overlap.cell_tables(
            cells, pieces, border_km=border_km, side_km2=side_km2, species=of_file
        )

    # by its bytes and not its path: another file may come to lie there
    file_hash = None if overlaps is None else store.sha256(overlaps)
    key = [study.cell_km, study.shape, border_km, side_km2, file_hash, living]
    return kept_value(cache, "cells", key, CellTables, measured)


def stored_overlaps(
    path: Path, cells: gpd.GeoDataFrame, pieces: Pieces, plan: Plan
) -> pd.DataFrame:
    """What a file of overlaps says of planning units: ``pu_id``, ``sci_name``, ``km2``.

    Raises
    ------
    InputError
        The file is none of overlaps, is of other cells than the plan's, or of other ranges: the km² of
        a species in it are not those of its range.
    """
    about, batches = layers.overlap_batches(path)
    study = plan.study
    plan_cells, theirs = (
        f"{km:g} km {shape}s from {corner:,.0f} m in {crs_name(crs)}"
        for km, shape, corner, crs in (
            (study.cell_km, study.shape, grid.ORIGIN_M, study.crs),
            *[(about["cell_km"], about["shape"], about["corner_m"], about["crs"])],
        )
    )
    command = f"cami-units overlaps RANGES --out '{path.name}' --cell-km {study.cell_km:g}"
    # Compared as people read them: a lattice in another spelling of the same CRS fits.
    if plan_cells != theirs:
        facts = {"path": str(path), "theirs": theirs, "own": plan_cells, "again": command}
        raise InputError.of("overlaps of other cells", **facts)
    table, odd = overlap.listed_overlaps(
        (batch.to_pandas() for batch in batches()), cells, pieces.layers.features
    )
    if len(odd):
        differing = (
            f"{row.sci_name} ({row.km2:,.0f}, {row.range_km2:,.0f})" for row in odd.itertuples()
        )
        names = in_short(differing)
        raise InputError.of("overlaps of other ranges", path=str(path), names=names, again=command)
    return table


def scored(tables: CellTables, pieces: Pieces, plan: Plan) -> Cells:
    """Planning units with the scores that a plan's profile gives them."""
    scores = criteria.score_cells(
        tables.units,
        tables.species,
        tables.shared,
        species_ranges(pieces.layers),
        plan.profile,
        cell_km2=float(overlap.area_km2(tables.units).iloc[0]),
    )
    units = tables.units.merge(scores, on="pu_id")
    return Cells(units, tables.species, tables.shared, tables.hotspots)


def study_cells(pieces: Pieces, plan: Plan, *, living: bool = False) -> gpd.GeoDataFrame:
    """The planning units of the range states, as far as any range reaches.

    Of `living` ones those that a range or a hotspot reaches, and those around them, by numbers.
    """
    study, ranges = plan.study, pieces.layers.ranges
    # Russia reaches to 180°: without this most cells would be ones that no range touches
    within = pieces.states.clip_by_rect(*ranges.total_bounds)
    units = grid.planning_units(
        within[~within.is_empty],
        cell_km=study.cell_km,
        shape=study.shape,
        crs=study.crs,
        among=grid.neighbourhood(_living_places(pieces, plan)) if living else None,
    )
    return units.assign(pu_id=np.arange(len(units))) if living else units


def living_cells(tables: CellTables) -> CellTables:
    """What lies in the planning units where a species lives or a hotspot lies, and in those around them.

    They have numbers in the order of their names: to join and sort texts takes ten times as long, and
    who grows units over and over tells nobody of their cells.
    """
    living = _living(tables)
    ids = pd.Index(living.units["pu_id"])
    parts = {name: getattr(living, name) for name in ("species", "shared", "hotspots")}
    numbered = {
        name: table.assign(pu_id=ids.get_indexer(pd.Index(table["pu_id"])))
        for name, table in parts.items()
    }
    return replace(living, units=living.units.assign(pu_id=np.arange(len(ids))), **numbered)


def _living_places(pieces: Pieces, plan: Plan) -> grid.Places:
    """Rows and columns of the cells that a range or a hotspot reaches."""
    from cami_units.commands.overlaps import window  # with readers of files, for who varies cells

    lattice = grid.Lattice(plan.study.cell_km, plan.study.shape, plan.study.crs)
    layers_there = [one for one in (pieces.ranges, pieces.layers.hotspots) if one is not None]
    shapes = gpd.GeoDataFrame(geometry=pd.concat([one.geometry for one in layers_there]))
    frame = window(lattice, *grid.extent(lattice, tuple(shapes.total_bounds)))
    parts = overlap.lattice_parts(shapes.assign(number=range(len(shapes))), frame, by="number")
    # a part is written over by the next one: what is wanted of it is taken out at once
    place = np.unique(np.concatenate([np.unique(place) for place, _, _ in parts]))
    row, col = np.divmod(place, frame.cols)
    return row + frame.row, col + frame.col


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
    check_arguments(grow, locals())
    cells = _living(cells)
    hotspot_cores, members = _hotspot_seeds(cells, drawn, pieces)
    new_cores, new_members = _new_seeds(cells, hotspot_cores, plan)
    least_km2 = criteria.least_overlap(plan.profile, _cell_km2(cells))
    all_members, cores = pd.concat([members, new_members]), pd.concat([hotspot_cores, new_cores])
    threshold = criteria.threshold_km2(species_ranges(pieces.layers), plan.profile)
    all_members = all_members.assign(threshold_km2=all_members["sci_name"].map(threshold))
    limits = plan.units.model_dump()

    def delineated() -> gpd.GeoDataFrame:
        """The units grown anew; cells go by their numbers, which are sorted sooner than their names."""
        ids = pd.Index(cells.units["pu_id"])
        units = cells.units.assign(pu_id=np.arange(len(ids)))
        species, starts = (
            table.assign(pu_id=ids.get_indexer(pd.Index(table["pu_id"])))
            for table in (cells.species, cores)
        )
        links = grid.neighbours(units, corners=True)
        depth = delineate.range_depth(units, species, links)
        return delineate.delineate(
            units,
            delineate.occupied(
                species,
                depth,
                all_members,
                starts,
                least_km2=least_km2,
                planning_units=units,
                reach_km=plan.units.reach_km,
            ),
            links,
            starts,
            reach_km=plan.units.reach_km,
            min_km2=plan.units.min_km2,
            max_km2=plan.units.max_km2,
            max_vertices=plan.units.max_vertices,
            progress=progress,
        )

    # the cells' shapes and their species hang on the plan's grid; their scores on its profile too
    key = [plan.study.model_dump(), cells.units[["pu_id", "score"]], all_members, least_km2, cores]
    units = kept_table(cache, "units", [*key, limits], delineated)
    of_hotspots = units["seed"].isin(hotspot_cores["seed"].unique())
    units["hotspot_ids"] = units["seed"].where(of_hotspots, "")
    outlines = delineate.editable(units)
    return layers.to_equal_area(outlines, plan.study.crs).assign(outline=outlines.geometry)


def _living(cells: AnyCells) -> AnyCells:
    """The planning units where a species lives or a hotspot lies, and those around them.

    Nothing grows elsewhere, and of a region that is two thirds of the cells. Those around tell where
    a range ends.
    """
    units = cells.units
    ids = pd.Index(units["pu_id"])
    names = [pd.Index(table["pu_id"].unique()) for table in (cells.species, cells.hotspots)]
    at = ids.get_indexer(names[0].union(names[1], sort=False))
    row, col = (units[name].to_numpy() for name in ("row", "col"))
    is_living = grid.neighbourhood((row[at], col[at]))((row, col))
    return replace(cells, units=units[is_living].reset_index(drop=True))


def _cell_km2(cells: Cells) -> float:
    """The area of a planning unit; all of a grid have the same."""
    return float(overlap.area_km2(cells.units).iloc[0])


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
    rows = hotspots[hotspots["hotspot_id"].isin(passing)]
    shared = overlap.overlaps(
        rows, rows.rename(columns={"hotspot_id": "other"}), site="hotspot_id", by=("other",)
    )
    seed_of = delineate.landscapes(shared)
    inside = cells.hotspots[cells.hotspots["hotspot_id"].isin(passing)]
    site_species = drawn.findings.species
    qualifying = site_species[site_species["role"] == "qualifying"]
    return (
        delineate.hotspot_cores(inside, seed_of, cell_km2=_cell_km2(cells)),
        qualifying.assign(seed=qualifying["site"].map(seed_of)).dropna(subset="seed")[
            ["seed", "sci_name"]
        ],
    )


def _new_seeds(cells: Cells, cores: pd.DataFrame, plan: Plan) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cores and species of the peaks far from every hotspot: as good as hotspots are, or better."""
    units = cells.units
    ids = pd.Index(units["pu_id"])
    shared = units[units["n_shared"] > 0]
    in_cores = shared[pd.Index(cores["pu_id"].unique()).get_indexer(pd.Index(shared["pu_id"])) >= 0]
    discs = delineate.new_cores(
        units,
        shared["pu_id"],
        # Of all hotspots, those that failed too: what is known to fail is not proposed anew beside
        # it.
        taken=list(cells.hotspots["pu_id"]),
        reach_km=plan.units.reach_km,
        # As good as half of what hotspots stand on; without any, as half of all shared cells.
        least_score=float((in_cores if len(in_cores) else shared)["score"].median()),
    )
    # a unit is called after its peak, whether cells go by names here or by numbers
    peaks = units.iloc[ids.get_indexer(pd.Index(discs["seed"]))]
    discs = discs.assign(seed=grid.pu_ids(peaks["row"], peaks["col"]))
    return discs, discs.merge(cells.shared, on="pu_id")[["seed", "sci_name"]].drop_duplicates()


_CORES = pd.DataFrame({"seed": [], "pu_id": [], "growth": []})


_MEMBERS = pd.DataFrame({"seed": [], "sci_name": []})
