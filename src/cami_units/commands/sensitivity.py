"""How sure are we: a round measured again under other assumptions, and what is added to it."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from cami_units import complementarity, criteria, figures, grid, layers, overlap, rank, store
from cami_units import sensitivity as room
from cami_units.cache import (
    NOTHING_KEPT,
    Cache,
    Parts,
    entry,
    kept,
    kept_table,
    narrowed,
    parts_of,
    program_key,
)
from cami_units.commands._round_tables import STABILITY_TABLES, as_written
from cami_units.commands.assess import adjacent_sites, assess_sites, cut, measure, species_ranges
from cami_units.commands.check import lost_overrides
from cami_units.commands.plan_layers import sites_typed
from cami_units.commands.propose import Cells, grow, living_cells, measured_cells, scored
from cami_units.commands.round_files import reopened, write_added
from cami_units.commands.shown_round import drawn_scene
from cami_units.documents.csv_tables import write_csv
from cami_units.model import (
    AGREED_STATUSES,
    HIDDEN_STATUSES,
    LONLAT,
    PRESENCE,
    SOFTWARE_STATUSES,
    InputError,
    Layers,
    Problem,
    Progress,
    Round,
    SiteTables,
    cami_species,
    check_arguments,
    has_codes,
    quiet,
    records,
)
from cami_units.overlap import Pieces
from cami_units.plan import Plan
from cami_units.scene import COARSE, CoarseReason, coarse, coarse_reasons, sensitive_species
from cami_units.sensitivity import EDGES, STATED, Design, Stability
from cami_units.words import unit_card

SAME_UNIT = 0.5
"""A unit drawn anew is the same one where the Jaccard index of both is at least this."""

Drawings = Mapping[str, gpd.GeoDataFrame]
"""The units of each way of drawing them: ``site`` and polygons."""


def with_sensitivity(
    round_: Round,
    *,
    design: Design | None = None,
    cache: Cache = NOTHING_KEPT,
    progress: Progress = quiet,
) -> Round:
    """A round with what is known of how sure it is, added to its tables.

    Adds ``sensitivity``, ``sensitivity_factors``, ``unit_presence``, ``restoration``,
    ``crossings``, ``border_pairs``, ``complementarity``, ``complementarity_curve`` and
    ``complementarity_targets``; the column ``stability`` of ``conservation_units``; and of
    ``planning_units`` the columns ``selection_frequency`` (0–1) and ``in_smallest_set``. What an
    earlier run added is replaced. Rejected and merged units are left out.

    Parameters
    ----------
    round_ : Round
        A round with its ranges, as `propose` or `collect` wrote it.
    design : Design, optional
        What is varied; ``None``: the defaults.
    cache : Cache, optional
        Where steps are kept from one run to the next; by default nowhere. What is kept is the same to
        the last bit: a decision changes the smallest set of units and leaves the thousand runs alone.

    Raises
    ------
    InputError
        The round is one for publication: it came without its ranges; or it has no units.
    """
    check_arguments(with_sensitivity, locals())
    design = design or Design()
    plan, round_layers = reopened(round_)
    cache = _ground(round_layers, plan, cache)
    pieces = cut(round_layers, plan, cache=cache)
    table = round_.tables["conservation_units"]
    alive = table[~table["status"].isin(HIDDEN_STATUSES)].sort_values("unit_id", ignore_index=True)
    if alive.empty:
        raise InputError.of("no units to vary")
    units = layers.to_equal_area(alive, plan.study.crs)
    tables = functools.cache(partial(measured_cells, pieces, plan))
    cells = functools.cache(lambda: scored(tables(), pieces, plan))
    solve = _smallest_set(cells, pieces, plan, cache)
    ways = functools.cache(
        partial(measured_ways, units, pieces, plan, design, tables, cache=cache, progress=progress)
    )
    with ThreadPoolExecutor(max_workers=1) as thread:
        # The solver needs no Python and no geometry: it works while units are drawn anew.
        solution = thread.submit(solve)
        result, frequency = stability_of(
            units, pieces, plan, ways, design=design, tables=tables, cache=cache, progress=progress
        )
        progress("looking for the smallest set", 0, 0)
        smallest = solution.result()
    progress("looking at codes, barriers and borders", 0, 0)
    unit_species, locked = round_.tables["unit_species"], _locked(units, round_layers)

    def of_outlines() -> Parts:
        """What hangs on the outlines of the units, and on no decision."""
        return {
            "unit_presence": unit_presence(units, pieces, plan, design, ways()),
            "restoration": restoration_notes(units, round_layers),
            "crossings": crossings_of(units, pieces),
            "border_pairs": overlap.border_pairs(units, pieces, plan.profile),
        }

    def of_sets() -> Parts:
        """What hangs on which units are agreed on, too."""
        return complementary(units, unit_species, cells(), pieces, locked=locked)

    outlines = _outlines(units)
    presence = [list(codes) for codes in design.presence]
    added: dict[str, pd.DataFrame] = {
        "sensitivity": result.units.rename(columns={"site": "unit_id"}),
        "sensitivity_factors": result.factors.rename(columns={"site": "unit_id"}),
        **kept(cache, "outlines", [outlines, presence], of_outlines),
        **kept(cache, "sets", [outlines, pd.DataFrame(unit_species), locked], of_sets),
    }
    sentences = {row["unit_id"]: unit_card.stability(row) for row in records(added["sensitivity"])}
    planning_units = round_.tables["planning_units"]
    share = planning_units["pu_id"].map(frequency.set_index("pu_id")["selection_frequency"])
    added["planning_units"] = planning_units.assign(
        selection_frequency=share.fillna(0.0),
        in_smallest_set=planning_units["pu_id"].isin(smallest),
    )
    stability = table["unit_id"].map(sentences).fillna("").astype(str)
    added["conservation_units"] = table.assign(stability=stability)
    # rounded last: the sentences above are made from the full numbers
    rounded = {name: as_written(table) for name, table in added.items()}
    return replace(round_, tables={**round_.tables, **rounded})


def _ground(round_layers: Layers, plan: Plan, cache: Cache) -> Cache:
    """The part of a cache that hangs on the layers and the plan of a round."""
    if cache.folder is None:
        return cache
    tables = {name: table for name, table in parts_of(round_layers).items() if name != "sources"}
    sources = [str(source) for source in round_layers.sources]
    return narrowed(cache, program_key(), plan.model_dump_json(), sources, tables)


def _outlines(units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """What the steps know of units: names and outlines, and no status."""
    named = units[["unit_id", "geometry"]]
    return named.assign(named=every_name(units)).reset_index(drop=True)


def _locked(units: gpd.GeoDataFrame, round_layers: Layers) -> list[str]:
    """Units that must be in the smallest set: agreed on, or locked by a written override."""
    agreed = units.loc[units["status"].isin(AGREED_STATUSES), "unit_id"]
    overrides = round_layers.overrides
    typed = () if overrides is None else overrides.loc[overrides["what"] == "lock", "site"]
    names_of = [names.split(";") for names in every_name(units)]
    by_hand = {*sites_typed(typed, {one for names in names_of for one in names})}
    locked = [bool(by_hand & {*names}) for names in names_of]
    return sorted({*agreed, *units.loc[locked, "unit_id"]})


def write_sensitivity(
    round_: Round, directory: Path, *, progress: Progress = quiet
) -> tuple[Problem, ...]:
    """Write what :func:`sensitivity` added over the round it came from: whole, or not at all.

    Returns
    -------
    tuple of Problem
        As :func:`write_proposal`, and the overrides that name no unit of the round.

    Raises
    ------
    InputError
        There is no round in the folder, or it cannot be written to.
    """
    names = ";".join(every_name(gpd.GeoDataFrame(round_.tables["conservation_units"]))).split(";")
    overrides, kinds = round_.tables.get("overrides"), ("adjacent", "lock")
    lost = lost_overrides(overrides, names, kinds=kinds, note="override of no unit")

    def files(written: Round) -> dict[str, store.Writer]:
        """The tables for a spreadsheet, and the figures."""
        sheets = {
            f"{name}.csv": partial(write_csv, table=written.tables[name])
            for name in STABILITY_TABLES
        }
        return sheets | _figures(written)

    added = [*STABILITY_TABLES, "planning_units"]
    return lost + write_added(
        round_, directory, added, files, columns=["stability"], progress=progress
    )


def _figures(round_: Round) -> dict[str, store.Writer]:
    """The figures, in the first language of the round."""
    shown_scene = drawn_scene(round_, lang=round_.imprint.languages[0])
    tables, cells = round_.tables, round_.tables["planning_units"]
    often = layers.to_equal_area(cells[cells["selection_frequency"] > 0], shown_scene.crs)
    curve = (tables["complementarity_curve"], tables["complementarity"])
    drawings = {
        "sensitivity_ranks.pdf": partial(
            figures.rank_intervals, shown_scene, tables["sensitivity"]
        ),
        "sensitivity_map.pdf": partial(figures.selection_map, shown_scene, often),
        "complementarity_curve.pdf": partial(figures.coverage_curve, shown_scene, *curve),
        "border_pairs.pdf": partial(figures.border_graph, shown_scene, tables["border_pairs"]),
    }
    return {name: partial(_write_drawn, draw=draw) for name, draw in drawings.items()}


def _write_drawn(path: Path, draw: Callable[[], Any]) -> None:
    """Draw a figure when its file is written."""
    figures.write_figure(path, draw())


def stability_of(
    units: gpd.GeoDataFrame,
    pieces: Pieces,
    plan: Plan,
    ways: Callable[[], MeasuredWays],
    *,
    design: Design,
    tables: Callable[[], overlap.CellTables],
    cache: Cache = NOTHING_KEPT,
    progress: Progress = quiet,
) -> tuple[Stability, pd.DataFrame]:
    """The stability of units, and how often each planning unit was selected.

    Parameters
    ----------
    units : GeoDataFrame
        ``unit_id``, ``status`` and polygons in the CRS of the plan.
    pieces : Pieces
        What :func:`cut` made of the layers.
    plan : Plan
        The assumptions as stated.
    ways : callable
        Gives what :func:`measured_ways` gives for the same design.
    design : Design
        What is varied.
    tables : callable
        Gives what lies in the planning units of the plan.
    cache : Cache, optional
        Where steps are kept: one for these layers and this plan.

    Returns
    -------
    Stability
        Its ``site`` are the ids of the units.
    DataFrame
        ``pu_id``, ``selection_frequency``: the share of all runs in which the planning unit lies,
        by half of it at least, in a unit that qualifies. Cells that never do are missing.
    """
    of_people = ~units["status"].isin(SOFTWARE_STATUSES)
    # as text: two designs that differ in anything read differently
    varied = repr({**parts_of(design), "edge_km": dict(design.edge_km)})
    key = [_outlines(units).assign(of_people=of_people.to_numpy()), varied]

    def made() -> Parts:
        """The runs themselves."""
        measured = ways()
        result = room.stability(
            measured.tables,
            measured.species,
            units["unit_id"].tolist(),
            plan.profile,
            design,
            adjacent=_adjacent_units(units, pieces, plan),
            progress=progress,
        )
        owners = {
            way: overlap.cell_owners(tables().units, polygons, site="site")
            for way, polygons in measured.drawings.items()
            if way in set(result.ways["delineation"])
        }
        return {**parts_of(result), "frequency": room.selection_frequency(owners, result)}

    parts = dict(kept(cache, "stability", key, made))
    frequency: pd.DataFrame = parts.pop("frequency")
    return Stability(**parts), frequency


@dataclass(frozen=True, slots=True)
class MeasuredWays:
    """The ways of drawing the units, and what was measured on them with each reading of the ranges."""

    drawings: Drawings
    tables: Mapping[room.Way, SiteTables]
    """By way of drawing, presence codes and edges."""
    species: Mapping[tuple[str, str], pd.DataFrame]
    """The species with their ranges, by presence codes and edges."""


def measured_ways(
    units: gpd.GeoDataFrame,
    pieces: Pieces,
    plan: Plan,
    design: Design,
    cells: Callable[[], overlap.CellTables],
    *,
    cache: Cache = NOTHING_KEPT,
    progress: Progress = quiet,
) -> MeasuredWays:
    """The units drawn in each way, all of them measured with each reading of the ranges."""
    drawings = _drawings(units, pieces, plan, design, cells, cache, progress)
    every_site = _side_by_side(drawings)
    sites = every_site.drop_duplicates("site", ignore_index=True)
    inner = overlap.deep_sites(sites, pieces)
    stated = measure(sites, pieces, site="site", cache=cache, inner=inner)
    by_reading: dict[tuple[str, str], SiteTables] = {}
    species: dict[tuple[str, str], pd.DataFrame] = {}
    readings = room.readings(design, plan.codes.presence)
    for edge, side in EDGES.items():
        progress("reading the ranges otherwise", len(species), 0)
        edge_pieces = read_otherwise(pieces, plan, design, readings[STATED], side)
        edge_tables = stated
        if side:
            edge_tables = overlap.with_ranges_measured(stated, sites, inner, edge_pieces)
        for presence, codes in readings.items():
            other_pieces, measured = _read_again(
                edge_pieces, edge_tables, sites, inner, plan, design, codes, side
            )
            species[presence, edge] = species_ranges(other_pieces.layers)
            by_reading[presence, edge] = measured
    # in the order of the axes, on which the lot of the runs hangs
    order = list(itertools.product(readings, EDGES))
    by_way = overlap.tables_by_way({reading: by_reading[reading] for reading in order}, every_site)
    return MeasuredWays(
        drawings,
        {(way, *reading): tables for (way, reading), tables in by_way.items()},
        {reading: species[reading] for reading in order},
    )


def _adjacent_units(units: gpd.GeoDataFrame, pieces: Pieces, plan: Plan) -> pd.DataFrame | None:
    """The overrides of the geography gate on units, by their own ids or by those of their hotspots."""
    named = units.assign(named=every_name(units))
    if (overrides := adjacent_sites(named, pieces.layers, plan, "named")) is None:
        return None
    return overrides.assign(site=overrides["site"].str.split(";").str[0])


def _read_again(
    pieces: Pieces,
    tables: SiteTables,
    sites: gpd.GeoDataFrame,
    inner: gpd.GeoDataFrame | None,
    plan: Plan,
    design: Design,
    presence: tuple[int, ...],
    side: int,
) -> tuple[Pieces, SiteTables]:
    """The outlines of ranges and the tables with other presence codes: of most species the same."""
    parts = pieces.layers.ranges
    codes = parts["presence"]
    is_moved = codes.isin(presence) != codes.isin(plan.codes.presence)
    is_moved &= has_codes(parts, origin=plan.codes.origin, seasonal=plan.codes.seasonal)
    if not (names := set(parts.loc[is_moved, "sci_name"])):
        return pieces, tables
    moved_pieces = read_otherwise(pieces, plan, design, presence, side, names)
    features = pieces.layers.features
    same_features = features[~features["sci_name"].isin(names)]
    features = pd.concat([same_features, moved_pieces.layers.features], ignore_index=True)
    return (
        replace(pieces, layers=replace(pieces.layers, features=features)),
        overlap.with_ranges_measured(tables, sites, inner, moved_pieces, names),
    )


def read_otherwise(
    pieces: Pieces,
    plan: Plan,
    design: Design,
    presence: tuple[int, ...],
    side: int,
    species: Collection[str] | None = None,
) -> Pieces:
    """The pieces with other presence codes kept, and the edges of ranges moved to one side.

    With `species`, of the ranges of these only.
    """
    codes = plan.codes
    if side == 0 and presence == tuple(sorted(set(codes.presence))):
        return pieces
    parts = pieces.layers.ranges
    use = has_codes(parts, presence=presence, origin=codes.origin, seasonal=codes.seasonal)
    if species is not None:
        use &= parts["sci_name"].isin(species)
    graded = overlap.graded_ranges(parts[use].reset_index(drop=True))
    if side:
        graded = layers.moved_edges(
            graded, km=design.edge_km, ungraded=design.ungraded, outwards=side > 0
        )
    return overlap.with_ranges(pieces, graded)


# -- drawing the units otherwise ------------------------------------------------------------------


def _drawings(
    units: gpd.GeoDataFrame,
    pieces: Pieces,
    plan: Plan,
    design: Design,
    cells: Callable[[], overlap.CellTables],
    cache: Cache,
    progress: Progress,
) -> Drawings:
    """The units as they are, and grown anew with other cells or another distance to borders."""
    stated = units[["unit_id", "geometry"]].rename(columns={"unit_id": "site"})
    by_people = stated[~units["status"].isin(SOFTWARE_STATUSES).to_numpy()]
    # asked for only where something grows, which is kept: nothing of them need be kept beside it
    assess = partial(assess_sites, site="hotspot_id", is_told=False)
    hotspots = functools.cache(partial(assess, pieces.layers.hotspots, pieces, plan))
    living = functools.cache(lambda: living_cells(cells()))
    study, rules = plan.study, plan.criteria
    ways = room.delineations(design, cell_km=study.cell_km, border_km=rules.border_km)
    drawings = {}
    for number, (way, (cell_km, border_km)) in enumerate(ways.items()):
        progress("drawing the units otherwise", number, len(ways))
        if way == STATED:
            drawings[way] = stated
            continue
        changed_study = study.model_copy(update={"cell_km": cell_km})
        changed_rules = rules.model_copy(update={"border_km": border_km})
        other_plan = plan.model_copy(update={"study": changed_study, "criteria": changed_rules})

        def grown(plan: Plan = other_plan) -> gpd.GeoDataFrame:
            """The units of this way, under the names of what they grew from."""
            beside = living() if plan.study == study else None
            tables = measured_cells(pieces, plan, beside=beside, living=True)
            table = grow(scored(tables, pieces, plan), hotspots(), pieces, plan, quiet)
            return table[["seed", "geometry"]]

        # what grows hangs on the plan and the layers, and on nothing that anybody decided
        landscapes = kept_table(cache, "grown", [cell_km, border_km], grown)
        drawings[way] = _drawn_anew(units, by_people, landscapes)
    return drawings


def _drawn_anew(
    units: gpd.GeoDataFrame, by_people: gpd.GeoDataFrame, landscapes: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Units grown otherwise, under the ids of those they stand for; what people drew stays."""
    ids = overlap.same_places(
        landscapes, units, site="seed", other="unit_id", least_jaccard=SAME_UNIT
    )
    names = landscapes["seed"].map(ids)
    sites = landscapes.assign(site=names.fillna("grown from " + landscapes["seed"].astype(str)))
    # what people drew stands as they drew it in every way of drawing
    sites = sites.loc[~sites["site"].isin(by_people["site"]), ["site", "geometry"]]
    return gpd.GeoDataFrame(pd.concat([by_people, sites], ignore_index=True), crs=units.crs)


def _side_by_side(drawings: Drawings) -> gpd.GeoDataFrame:
    """All sites of all ways of drawing: ``site``, ``way``, ``drawn``; one outline is one ``site``.

    What is grown the same in two ways is measured once.
    """
    rows = pd.concat(
        [table.assign(way=way, drawn=table["site"]) for way, table in drawings.items()],
        ignore_index=True,
    )
    # two of one way that have one outline stay two
    outline = rows.geometry.to_wkb()
    turn = rows.groupby(["way", outline]).cumcount()
    number = pd.factorize(pd.MultiIndex.from_arrays([outline, turn]))[0]
    # one id occurs in several ways of drawing, and a measured table wants unique ones
    return rows.assign(site=[f"{one:05d}" for one in number])


# -- by codes and barriers, and as a set that covers everything ------------------------------------


def unit_presence(
    units: gpd.GeoDataFrame, pieces: Pieces, plan: Plan, design: Design, ways: MeasuredWays
) -> pd.DataFrame:
    """What each unit comes to with each choice of presence codes, from what was measured of it.

    Returns
    -------
    DataFrame
        ``unit_id``, ``presence`` ("1, 2"), ``as_stated``, ``decision``, ``n_species``, ``species``
        (qualifying), ``gained`` and ``lost`` (against the plan's own codes), ``criteria_met``,
        ``species_supporting`` (possibly extant), in the order of the units.
    """
    stated = tuple(sorted(set(plan.codes.presence)))
    adjacent = _adjacent_units(units, pieces, plan)
    readings = room.readings(design, plan.codes.presence)
    parts = []
    for level, codes in sorted(readings.items(), key=lambda reading: reading[1]):
        tables, species = ways.tables[STATED, level, STATED], ways.species[level, STATED]
        evidence = criteria.evidence(tables, species, plan.profile, adjacent=adjacent)
        met = criteria.verdicts(evidence.measures, plan.profile)
        summary = criteria.summary(evidence, plan.profile)
        columns = {
            "unit_id": units["unit_id"].array,
            "presence": ", ".join(map(str, codes)),
            "as_stated": codes == stated,
            "decision": rank.bare_decisions(met, plan.profile).array,
        }
        of_summary = ("n_species", "species", "criteria_met", "species_supporting")
        columns |= {name: summary[name] for name in of_summary}
        parts.append(pd.DataFrame(columns))
    table = pd.concat(parts, ignore_index=True)
    qualifying = table["species"].str.split(";").map(lambda names: {*names} - {""})
    base = table["unit_id"].map(qualifying[table["as_stated"]].set_axis(units["unit_id"]))
    pairs = list(zip(qualifying, base, strict=True))
    # beside the species that they are told of
    table.insert(6, "gained", [";".join(sorted(names_now - before)) for names_now, before in pairs])
    table.insert(7, "lost", [";".join(sorted(before - names_now)) for names_now, before in pairs])
    order = {unit: number for number, unit in enumerate(units["unit_id"])}
    return table.sort_values(
        ["unit_id", "presence"],
        key=lambda column: column.map(order) if column.name == "unit_id" else column,
        ignore_index=True,
    )


def every_name(units: gpd.GeoDataFrame) -> pd.Series[str]:
    """The id of each unit and those of its hotspots: an override may name any of them."""
    hotspots = units["hotspot_ids"] if "hotspot_ids" in units else pd.Series("", units.index)
    names: pd.Series[str] = units["unit_id"].str.cat(hotspots.fillna(""), sep=";").str.rstrip(";")
    return names


def restoration_notes(units: gpd.GeoDataFrame, round_layers: Layers) -> pd.DataFrame:
    """Where in each unit a species is possibly extinct or extinct: notes, never counted.

    Returns
    -------
    DataFrame
        ``unit_id``, ``sci_name``, ``presence``, ``note`` (its meaning), ``overlap_km2``.
    """
    gone = overlap.gone_ranges(units, round_layers)
    gone.insert(3, "note", gone["presence"].map(PRESENCE).astype(object))
    return gone


def crossings_of(units: gpd.GeoDataFrame, pieces: Pieces) -> gpd.GeoDataFrame:
    """Which species' range each barrier cuts inside each unit, and where links of movement meet them.

    Returns
    -------
    GeoDataFrame
        As :func:`cami_units.overlap.barrier_cuts`, with ``lon``, ``lat`` of a point in longitude and
        latitude. For sensitive species it is made coarse, and ``coarse`` says why.
    """
    cuts = overlap.barrier_cuts(units, pieces)
    points = layers.to_lonlat(cuts).geometry
    # nor is it told where a single animal met a fence
    delicate_species: dict[str, CoarseReason] = dict.fromkeys(
        sensitive_species(pieces.layers.species), "sensitive"
    )
    cuts[COARSE] = coarse_reasons(cuts, delicate_species)
    delicate = cuts[COARSE].ne("").to_numpy()
    points[delicate] = coarse(points[delicate], crs=units.crs)
    # five decimals are a metre
    cuts["lon"], cuts["lat"] = points.x.round(5), points.y.round(5)
    names = ["unit_id", "corridor_id", "barrier_id", "sci_name"]
    columns = [*names, "permeability", "lon", "lat", "kind", "name", "evidence_grade", "km", COARSE]
    table = cuts.sort_values([*names, "lon", "lat"], ignore_index=True)[columns]
    return gpd.GeoDataFrame(
        table, geometry=gpd.points_from_xy(table["lon"], table["lat"]), crs=LONLAT
    )


def complementary(
    units: gpd.GeoDataFrame,
    unit_species: pd.DataFrame,
    cells: Cells,
    pieces: Pieces,
    *,
    locked: list[str],
) -> dict[str, pd.DataFrame]:
    """The tables of :func:`cami_units.complementarity.set_of_units` for the units of a round.

    A species' transboundary range is its range in the cells where it also lives close by in
    another state.
    """
    counted_species = cami_species(pieces.layers.species)
    shared = cells.units[["pu_id", "geometry"]].merge(cells.shared, on="pu_id")
    shared = shared[shared["sci_name"].isin(counted_species)]
    ground = overlap.dissolved(shared, ("sci_name",)).rename(columns={"sci_name": "shared"})
    by = ("sci_name", "shared", *overlap.weight_column(pieces.ranges))
    parts = overlap.split(pieces.ranges, ground, keep=by)
    ranges = parts[parts["sci_name"] == parts["shared"]].reset_index(drop=True)
    return complementarity.set_of_units(
        units,
        unit_species,
        overlap.overlaps(units, ranges),
        overlap.species_range_km2(ranges),
        counted=counted_species,
        locked=locked,
    )


def _smallest_set(
    cells: Callable[[], Cells], pieces: Pieces, plan: Plan, cache: Cache
) -> Callable[[], Sequence[str]]:
    """Finds the planning units of the smallest set; or has them, where they were found before."""
    if (stored := entry(cache, "smallest", [])) is not None:
        return lambda: stored["chosen"]
    solve = _cell_solver(cells(), pieces, plan)
    make: Callable[[], Parts] = lambda: {"chosen": list(solve().chosen)}  # noqa: E731
    return lambda: kept(cache, "smallest", [], make)["chosen"]


def _cell_solver(cells: Cells, pieces: Pieces, plan: Plan) -> partial[complementarity.Selection]:
    """The search for the smallest set of planning units, measured and ready to run."""
    key = ["pu_id", "sci_name"]
    shared = cells.shared[cells.shared["sci_name"].isin(cami_species(pieces.layers.species))][key]
    shared_km2 = shared.merge(cells.species, on=key)
    units = cells.units[cells.units["pu_id"].isin(shared_km2["pu_id"])]
    units = units.sort_values("pu_id", ignore_index=True)
    by_state = overlap.overlaps(units, pieces.sides, site="pu_id", by=("sci_name", "iso2"))
    profile = plan.profile
    return partial(
        complementarity.set_of_cells,
        shared_km2,
        shared.merge(by_state, on=key),
        grid.neighbours(units, corners=False),
        # sides of a cell: the boundary term counts those that no chosen neighbour shares
        corners=6 if plan.study.shape == "hexagon" else 4,
        least_km2=profile.occurrence.side_km2 or 0.0,
        min_sides=profile.G2.min_sides or 2,
    )
