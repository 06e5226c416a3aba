"""How sure are we: a round measured again under other assumptions, and what is added to it."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path

import geopandas as gpd
import pandas as pd

from cami_units import complementarity, documents, figures, grid, layers, overlap, store, words
from cami_units.commands._measure import (
    Assessed,
    Pieces,
    adjacent_sites,
    assess_sites,
    cut,
    measure,
    score_cells,
    with_range,
)
from cami_units.commands._propose import grow
from cami_units.commands._readings import read_otherwise
from cami_units.commands._round_files import products
from cami_units.commands._round_tables import STABILITY_TABLES, as_written
from cami_units.commands._shown_round import scene
from cami_units.commands._stored_round import reopened
from cami_units.commands._views import (
    border_pairs,
    cell_problem,
    complementary,
    crossings_of,
    every_name,
    restoration_notes,
    unit_presence,
)
from cami_units.model import Layers, Problem, Progress, Round, SiteTables, quiet
from cami_units.plan import Plan
from cami_units.sensitivity import (
    EDGES,
    STATED,
    Design,
    Stability,
    Way,
    delineations,
    readings,
    stability,
)

SAME_UNIT = 0.5
"""A unit drawn anew is the same one where the Jaccard index of both is at least this."""

MACHINE = ("modelled candidate", "area of interest")
"""Units of these statuses were drawn by the software; the others by people."""

Drawings = Mapping[str, gpd.GeoDataFrame]
"""The units of each way of drawing them: ``site`` and polygons."""


AGREED = ("plenary-agreed", "endorsed by range states", "adopted")
"""Units of these statuses are in the smallest set, whatever else is."""

DEAD = ("rejected", "merged")
"""Units of these statuses are out of the running."""


def sensitivity(done: Round, *, design: Design | None = None, progress: Progress = quiet) -> Round:
    """A round with what is known of how sure it is, added to its tables.

    Adds ``sensitivity``, ``sensitivity_factors``, ``unit_presence``, ``restoration``,
    ``crossings``, ``border_pairs``, ``complementarity``, ``complementarity_curve`` and
    ``complementarity_targets``; the column ``stability`` of ``conservation_units``; and of
    ``planning_units`` the columns ``selection_frequency`` (0–1) and ``in_smallest_set``. What an
    earlier run added is replaced. Rejected and merged units are left out.

    Parameters
    ----------
    done : Round
        A round with its ranges, as `propose` or `collect` wrote it.
    design : Design, optional
        What is varied; ``None``: the defaults.

    Raises
    ------
    InputError
        The round is one for publication: it came without its ranges.
    """
    chosen = design or Design()
    plan, known = reopened(done)
    pieces = cut(known, plan)
    table = done.tables["conservation_units"]
    alive = table[~table["status"].isin(DEAD)].sort_values("unit_id", ignore_index=True)
    units = layers.to_equal_area(alive, plan.study.crs)
    cells = score_cells(pieces, plan)
    problem = cell_problem(cells, pieces, plan.profile)
    with ThreadPoolExecutor(max_workers=1) as beside:
        # The solver needs no Python and no geometry: it works while units are drawn anew.
        solved = beside.submit(lambda: complementarity.smallest_set(**problem))
        found, frequency = stability_of(units, pieces, plan, design=chosen, progress=progress)
        progress("looking for the smallest set", 0, 0)
        compact = solved.result()
    progress("looking at codes, barriers and borders", 0, 0)
    added: dict[str, pd.DataFrame] = {
        "sensitivity": found.units.rename(columns={"site": "unit_id"}),
        "sensitivity_factors": found.factors.rename(columns={"site": "unit_id"}),
        "unit_presence": unit_presence(units, pieces, plan, chosen),
        "restoration": restoration_notes(units, pieces),
        "crossings": crossings_of(units, pieces),
        "border_pairs": border_pairs(units, pieces, plan.profile),
        **complementary(
            units, done.tables["unit_species"], cells, pieces, locked=_locked(units, known)
        ),
    }
    told = {
        row["unit_id"]: words.stability({str(key): value for key, value in row.items()})
        for row in added["sensitivity"].to_dict("records")
    }
    own = done.tables["planning_units"]
    share = own["pu_id"].map(frequency.set_index("pu_id")["selection_frequency"])
    added["planning_units"] = own.assign(
        selection_frequency=share.fillna(0.0),
        in_smallest_set=own["pu_id"].isin(compact.chosen),
    )
    added["conservation_units"] = table.assign(
        stability=table["unit_id"].map(told).fillna("").astype(str)
    )
    written = {name: as_written(one) for name, one in added.items()}
    return replace(done, tables={**done.tables, **written})


def _locked(units: gpd.GeoDataFrame, known: Layers) -> list[str]:
    """Units that must be in the smallest set: agreed on, or locked by a written override."""
    agreed = units.loc[units["status"].isin(AGREED), "unit_id"]
    written = known.overrides
    by_hand = [] if written is None else written.loc[written["what"] == "lock", "site"].tolist()
    return sorted({*agreed, *(set(by_hand) & set(units["unit_id"]))})


def write_sensitivity(
    made: Round, directory: Path, *, progress: Progress = quiet
) -> tuple[Problem, ...]:
    """Write what :func:`sensitivity` added over the round it came from: whole, or not at all.

    Returns
    -------
    tuple of Problem
        As :func:`write_proposal`.

    Raises
    ------
    InputError
        There is no round in the folder, or it cannot be written to.
    """
    noticed: list[Problem] = []
    files = products(made, noticed=noticed, progress=progress)
    for name in STABILITY_TABLES:
        files[f"{name}.csv"] = _csv(made.tables[name])
    files |= _figures(made)
    store.update_round(made, directory, files=files)
    return tuple(noticed)


def _csv(table: pd.DataFrame) -> store.Writer:
    return lambda path: documents.write_csv(path, table)


def _figures(made: Round) -> dict[str, store.Writer]:
    """The figures, in the first language of the round."""
    drawn = scene(made, lang=made.imprint.languages[0])
    tables = made.tables
    cells = tables["planning_units"]
    often = layers.to_equal_area(cells[cells["selection_frequency"] > 0], drawn.crs)
    return {
        "sensitivity_ranks.pdf": lambda path: figures.write_figure(
            path, figures.rank_intervals(drawn, tables["sensitivity"])
        ),
        "sensitivity_map.pdf": lambda path: figures.write_figure(
            path, figures.selection_map(drawn, often)
        ),
        "complementarity_curve.pdf": lambda path: figures.write_figure(
            path,
            figures.coverage_curve(
                drawn, tables["complementarity_curve"], tables["complementarity"]
            ),
        ),
        "border_pairs.pdf": lambda path: figures.write_figure(
            path, figures.border_graph(drawn, tables["border_pairs"])
        ),
    }


def stability_of(
    units: gpd.GeoDataFrame,
    pieces: Pieces,
    plan: Plan,
    *,
    design: Design | None = None,
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
    design : Design, optional
        What is varied; ``None``: the defaults.

    Returns
    -------
    Stability
        Its ``site`` are the ids of the units.
    DataFrame
        ``pu_id``, ``selection_frequency``: the share of all runs in which the planning unit lies,
        by half of it at least, in a unit that qualifies. Cells that never do are missing.
    """
    chosen = design or Design()
    drawings = _drawings(units, pieces, plan, chosen, progress)
    sites = _side_by_side(drawings)
    stated = measure(sites, pieces, site="site")
    tables: dict[Way, SiteTables] = {}
    species: dict[tuple[str, str], pd.DataFrame] = {}
    for presence, codes in readings(chosen, plan.codes.presence).items():
        for edge, side in EDGES.items():
            progress("reading the ranges otherwise", len(species), 0)
            read = read_otherwise(pieces, plan, chosen, codes, side)
            species[presence, edge] = with_range(read.layers)
            measured = stated if read is pieces else _ranges_measured(sites, read, stated)
            for way, rows in sites.groupby("way", sort=False):
                names = rows.set_index("site")["drawn"]
                tables[str(way), presence, edge] = _of(measured, names)
    found = stability(
        tables,
        species,
        units["unit_id"].tolist(),
        plan.profile,
        chosen,
        adjacent=_adjacent_units(units, pieces, plan),
        progress=progress,
    )
    return found, _selection(drawings, found, pieces, plan)


def _adjacent_units(units: gpd.GeoDataFrame, pieces: Pieces, plan: Plan) -> pd.DataFrame | None:
    """The overrides of the geography gate on units, by their own ids or by those of their hotspots."""
    named = units.assign(named=every_name(units))
    found = adjacent_sites(named, pieces.layers, plan, "named")
    return None if found is None else found.assign(site=found["site"].str.partition(";")[0])


# -- drawing the units otherwise ------------------------------------------------------------------


def _drawings(
    units: gpd.GeoDataFrame, pieces: Pieces, plan: Plan, design: Design, progress: Progress
) -> Drawings:
    """The units as they are, and grown anew with other cells or another distance to borders."""
    stated = units[["unit_id", "geometry"]].rename(columns={"unit_id": "site"})
    fixed = stated[~units["status"].isin(MACHINE).to_numpy()]
    drawn = assess_sites(pieces.layers.hotspots, pieces, plan, site="hotspot_id")
    ways = delineations(design, cell_km=plan.study.cell_km, border_km=plan.criteria.border_km)
    made = {}
    for number, (way, (cell_km, border_km)) in enumerate(ways.items()):
        progress("drawing the units otherwise", number, len(ways))
        made[way] = (
            stated
            if way == STATED
            else _drawn_anew(units, fixed, drawn, pieces, _with(plan, cell_km, border_km))
        )
    return made


def _with(plan: Plan, cell_km: float, border_km: float) -> Plan:
    return plan.model_copy(
        update={
            "study": plan.study.model_copy(update={"cell_km": cell_km}),
            "criteria": plan.criteria.model_copy(update={"border_km": border_km}),
        }
    )


def _drawn_anew(
    units: gpd.GeoDataFrame,
    fixed: gpd.GeoDataFrame,
    drawn: Assessed,
    pieces: Pieces,
    plan: Plan,
) -> gpd.GeoDataFrame:
    """Units grown under a plan, under the ids of those they stand for; what people drew stays."""
    grown = grow(score_cells(pieces, plan), drawn, pieces, plan, quiet)
    both = overlap.overlap(grown, units, site="seed", by=("unit_id",))
    seed = overlap.area_km2(grown).set_axis(grown["seed"])
    whole = overlap.area_km2(units).set_axis(units["unit_id"])
    joint = both["seed"].map(seed) + both["unit_id"].map(whole) - both["km2"]
    likeness = both.assign(jaccard=both["km2"] / joint)
    likest = likeness[likeness["jaccard"] >= SAME_UNIT].sort_values(
        ["jaccard", "seed", "unit_id"], ascending=[False, True, True]
    )
    # At exactly one half two units could claim one landscape: the first keeps it.
    same = likest.drop_duplicates("seed").drop_duplicates("unit_id")
    names = grown["seed"].map(same.set_index("seed")["unit_id"])
    sites = grown.assign(site=names.fillna("grown from " + grown["seed"].astype(str)))
    sites = sites.loc[~sites["site"].isin(fixed["site"]), ["site", "geometry"]]
    return gpd.GeoDataFrame(pd.concat([fixed, sites], ignore_index=True), crs=units.crs)


# -- measuring all of it -------------------------------------------------------------------------


def _side_by_side(drawings: Drawings) -> gpd.GeoDataFrame:
    """All sites of all ways of drawing, to be measured in one go: ``site``, ``way``, ``drawn``."""
    every = pd.concat(
        [table.assign(way=way, drawn=table["site"]) for way, table in drawings.items()],
        ignore_index=True,
    )
    return every.assign(site=[f"{number:05d}" for number in range(len(every))])


def _ranges_measured(sites: gpd.GeoDataFrame, pieces: Pieces, stated: SiteTables) -> SiteTables:
    """The tables with what hangs on the ranges measured anew; the rest is as it was."""

    def over(layer: gpd.GeoDataFrame, *by: str) -> pd.DataFrame:
        return overlap.overlap(sites[["site", "geometry"]], layer, site="site", by=by)

    return replace(
        stated,
        species=over(pieces.sides, "sci_name", "iso2"),
        confidence=over(pieces.graded, "sci_name", "confidence"),
        shared_borders=over(pieces.shared_borders, "sci_name", "pair"),
        protected=None if pieces.protected is None else over(pieces.protected, "sci_name"),
    )


def _of(tables: SiteTables, names: pd.Series[str]) -> SiteTables:
    """The rows of some sites, under other names."""
    own: dict[str, pd.DataFrame] = {}
    for name in (one.name for one in fields(tables)):
        table = getattr(tables, name)
        if table is not None:
            rows = table[table["site"].isin(names.index)]
            own[name] = rows.assign(site=rows["site"].map(names))
    return SiteTables(**own)


# -- how often a cell is selected -----------------------------------------------------------------


def _selection(drawings: Drawings, found: Stability, pieces: Pieces, plan: Plan) -> pd.DataFrame:
    """The share of all runs in which half of each planning unit lies in a unit that qualifies."""
    study = plan.study
    within = pieces.states.clip_by_rect(*pieces.layers.ranges.total_bounds)
    cells = grid.planning_units(
        within[~within.is_empty], cell_km=study.cell_km, shape=study.shape, crs=study.crs
    )
    half = overlap.area_km2(cells).set_axis(cells["pu_id"]) / 2
    parts = []
    for way, sites in drawings.items():
        share = found.ways[found.ways["delineation"] == way].set_index("site")["share"]
        if share.empty:
            continue
        inside = overlap.overlap(cells, sites, site="pu_id", by=("site",))
        held = inside[inside["km2"] >= inside["pu_id"].map(half)].drop_duplicates("pu_id")
        parts.append(held.assign(share=held["site"].map(share).fillna(0.0))[["pu_id", "share"]])
    table = pd.concat(parts) if parts else pd.DataFrame({"pu_id": [], "share": []})
    frequency = table.groupby("pu_id")["share"].sum().rename("selection_frequency")
    return frequency[frequency > 0].reset_index()
