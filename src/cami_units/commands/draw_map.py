"""The drawing page of a group: its units, the layers they are measured on, and the profile as data."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units import grid, kml, overlap, scene, webmap
from cami_units.commands.round_files import reopened
from cami_units.commands.shown_round import cache_of_layers
from cami_units.model import DRAWN_AS, Layers, Round, records
from cami_units.overlap import DrawnPieces

SIMPLER_M: Final = (4.0, 16.0, 64.0)
"""How far a layer's edge may be moved to spare vertices. Four metres are far less than its own error;
the others are for layers of a user that would not fit: 64 m along 500 km of edge inside a unit are
at most 32 km², and what is within a percent of a limit is *close* anyway."""
MOST_BLOCK: Final = 1_800_000
"""Characters of packed layers in a page, which is to stay below 3 MB; the bundled ones take 1.2 million."""
POINT_KM: Final = 1.0
"""Each point of a line stands for so much of it: a border of 50 km is counted to 1 or 2 %."""


@dataclass(frozen=True, slots=True)
class DrawingGround:
    """What the pages of all groups of a round share: layers to measure on, species, criteria.

    These are `measured`, as :func:`cami_units.webmap.drawing_page` takes them. `key` names the round
    by what its units are, so that a browser never takes the work on one round for that on another.
    """

    measured: Mapping[str, webmap.Spelt]
    adjacent: frozenset[str]
    number: str
    key: str


def ground_of_round(round_: Round) -> DrawingGround:
    """What the drawing pages of a round measure on."""
    # measuring, for who draws anew
    from cami_units.commands.assess import cut_to_draw, species_ranges

    plan, round_layers = reopened(round_)
    pieces = cut_to_draw(round_layers, plan, cache=cache_of_layers(round_))
    ground = drawing_ground(pieces, round_)
    counted = _counted(species_ranges(round_layers), ground["coarse_species"])
    units = gpd.GeoDataFrame(round_.tables["conservation_units"]).sort_values("unit_id")
    hashes = [kml.geom_hash(shape) for shape in units.geometry]
    number = round_.imprint.number
    adjacent = _adjacent_names(round_layers, units["unit_id"])
    return DrawingGround(
        measured={
            "ground": webmap.spelt(ground),
            "counted": webmap.spelt(counted),
            "profile": webmap.spelt(plan.profile.model_dump(mode="json")),
        },
        adjacent=frozenset(adjacent),
        number=number,
        key=_short_hash([round_.imprint.title, number, *hashes]),
    )


def _short_hash(lines: Iterable[str]) -> str:
    """The 64 bits that tell the rounds and units of one browser apart."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _adjacent_names(round_layers: Layers, unit_ids: Iterable[str]) -> list[str]:
    """Units and hotspots that an override lets in with one state."""
    table, hotspots = round_layers.overrides, round_layers.hotspots
    if table is None:
        return []
    from cami_units.commands.plan_layers import sites_typed

    known = {*unit_ids, *(() if hotspots is None else hotspots["hotspot_id"])}
    sites = sites_typed(table.loc[table["what"] == "adjacent", "site"], known)
    return [name for site in sites for name in site.split(";") if name]


def _counted(species: pd.DataFrame, coarse: Collection[str]) -> list[dict[str, Any]]:
    """The species with what the page reckons from, and whether each range is coarse."""
    columns = ["sci_name", "iucn_category", "in_cami", "range_km2"]
    return [row | {"coarse": row["sci_name"] in coarse} for row in _records(species, columns)]


def group_page(
    group: str,
    own_units: gpd.GeoDataFrame,
    others: gpd.GeoDataFrame,
    shared: DrawingGround,
    public: Round,
    sheet: webmap.Sheet,
) -> webmap.DrawingPage:
    """The page of one group.

    Parameters
    ----------
    group : str
        Whose page it is.
    own_units, others : GeoDataFrame
        The units it edits, and those of its neighbours with their ``group``.
    shared : DrawingGround
        From :func:`ground_of_round`.
    public : Round
        The round as it may be handed out.
    sheet : Sheet
        What lies around the units of the group, as its map shows it.
    """
    units = scene.shown_units(own_units).reset_index(drop=True)
    parts = [kml.written_pieces(shape) for shape in units.geometry]
    return webmap.drawing_page(
        units.assign(geometry=[shapely.multipolygons(pieces) for pieces in parts]),
        others.assign(geometry=[kml.as_written(shape) for shape in others.geometry]),
        group=group,
        number=shared.number,
        # a group that was given other units begins anew: kept work of its former ones is no work on these
        key=f"{shared.key} {group} {_short_hash(sorted(map(str, units['unit_id'])))}",
        given={
            str(row["unit_id"]): {
                "rev": _text_of(row.get("rev")) or shared.number,
                "section": _text_of(row.get("section_id")),
                "hashes": [kml.geom_hash(piece) for piece in pieces],
            }
            for row, pieces in zip(records(units), parts, strict=True)
        },
        adjacent=_let_in(units, shared.adjacent),
        measured=shared.measured,
        imprint=public.imprint,
        sheet=sheet,
    )


def _text_of(value: Any) -> str:
    return "" if value is None or value != value else str(value)


def _let_in(units: gpd.GeoDataFrame, names: frozenset[str]) -> list[str]:
    """The units that an override names, or one of whose hotspots it names."""
    return [
        str(row["unit_id"])
        for row in records(units)
        if names & {str(row["unit_id"]), *str(row["hotspot_ids"] or "").split(";")}
    ]


@dataclass(frozen=True, slots=True)
class _OpenGround:
    """A block under way, what it is filled from, and what may stand in it.

    `coarse` are the species that are told by cells of `lattice` only, `restricted` the layers that
    came from a source that may not be passed on.
    """

    block: webmap.GroundBlock
    pieces: DrawnPieces
    coarse: Collection[str]
    restricted: Collection[str]
    lattice: grid.Lattice


def drawing_ground(pieces: DrawnPieces, round_: Round) -> dict[str, Any]:
    """The layers of a round as a drawing page measures on them.

    Sensitive species, species whose range counts by weight, and every species where the ranges came
    from a restricted source, are there only as shares of cells of 25 km; other restricted layers are not there at all.

    Parameters
    ----------
    pieces : DrawnPieces
        From :func:`cami_units.cut` among others, on the layers of the round.
    round_ : Round
        Says which layers are restricted and which species sensitive.
    """
    round_layers = pieces.layers
    restricted = scene.restricted_layers(round_.manifest.get("inputs", ()))
    coarse = set(scene.sensitive_species(round_layers.species))
    if "ranges" in restricted:
        # All of them: an outline of one species from the file is the file passed on.
        coarse |= set(round_layers.features["sci_name"])
    for weight in overlap.weight_column(pieces.ranges):
        in_part = pieces.ranges.loc[pieces.ranges[weight] < 1, "sci_name"]
        coarse |= set(in_part)  # an outline does not say how much of it counts, a share does
    # the lattice of maps and KMZ: two that are shifted would tell together what one hides
    lattice = grid.Lattice(scene.COARSE_KM, crs=round_layers.crs)
    rest = webmap.GroundBlock()  # what no simplification touches
    ground = _OpenGround(rest, pieces, coarse, restricted, lattice)
    if coarse:
        _add_coarse(ground)
    _add_lines(ground)
    # the finest that fits; the coarsest stands where none does
    for simpler_m in SIMPLER_M:
        block = webmap.GroundBlock(cells=rest.cells, points=rest.points)
        _add_pieces(replace(ground, block=block), simpler_m)
        block.numbers += rest.numbers  # outlines come before cells and points
        packed = webmap.packed_block(block)
        if len(packed["block"]) <= MOST_BLOCK:
            break
    has_layer = {
        "protected_areas": pieces.protected is not None,
        "hotspots": round_layers.hotspots is not None,
        "barriers": round_layers.barriers is not None,
        "corridors": round_layers.corridors is not None,
    }
    return packed | {
        "crs": webmap.projection_of(round_layers.crs),
        "lattice": {"step": grid.step_m(lattice), "x": grid.ORIGIN_M, "y": grid.ORIGIN_M},
        "has": {name: is_there and name not in restricted for name, is_there in has_layer.items()}
        | {"adjacent_km": pieces.adjacent_km, "looked_in_part": _looked_in_part(pieces)}
        | {"seasonal": pieces.seasonal is not None and "ranges" not in restricted},
        "withheld": sorted(
            name for name, is_there in has_layer.items() if is_there and name in restricted
        ),
        "coarse_species": sorted(coarse & set(round_layers.features["sci_name"])),
    }


def _add_pieces(ground: _OpenGround, simpler_m: float) -> None:
    """Everything with ground that may be shown as it is, its edges moved by so many metres at most."""
    pieces, restricted = ground.pieces, ground.restricted

    def add(table: str, layer: gpd.GeoDataFrame | None, *columns: str) -> None:
        """Add the rows of a layer that may be shown with their outlines."""
        if layer is None:
            return
        open_rows = layer
        if "sci_name" in layer:
            open_rows = layer[~layer["sci_name"].isin(ground.coarse)]
        shapes = shapely.simplify(open_rows.geometry.to_numpy(), simpler_m)
        for row, shape in zip(_records(open_rows, columns), shapes, strict=True):
            webmap.add_polygons(ground.block, {"table": table, **row}, shape)

    round_layers = pieces.layers
    add("states", pieces.states, "iso2")
    if round_layers.disputed is not None:
        disputed_parts = overlap.split(round_layers.disputed, pieces.states, keep=("iso2",))
        add("disputed", overlap.dissolved(disputed_parts, ("iso2",)), "iso2")
    add("ranges", round_layers.features, "sci_name")
    add("species", pieces.sides, "sci_name", "iso2")
    add("confidence", pieces.graded, "sci_name", "confidence")
    add("supporting", pieces.supporting, "sci_name")
    if "ranges" not in restricted:
        add("seasonal", pieces.seasonal, "sci_name", "seasonal", "iso2")
    if "protected_areas" not in restricted:
        add("protected", pieces.protected, "sci_name")
        if "protected_areas" in _looked_in_part(pieces):
            add("covered_ranges", pieces.covered_ranges, "sci_name")
    add("covered", pieces.grounds[pieces.grounds["layer"].isin(_looked_in_part(pieces))], "layer")
    if round_layers.hotspots is not None and "hotspots" not in restricted:
        # To a thousandth of a km²: the page takes the Jaccard index of it.
        km2 = overlap.area_km2(round_layers.hotspots).round(3)
        add("hotspots", round_layers.hotspots.assign(km2=km2), "hotspot_id", "km2")
        add("in_hotspots", pieces.hotspot_ground)


def _looked_in_part(pieces: DrawnPieces) -> list[str]:
    """The layers of evidence that were not compiled for all there is."""
    # The box of all states: a layer that covers it was compiled for all there is.
    frame = shapely.box(*pieces.states.total_bounds)
    return [
        str(layer)
        for layer, ground in zip(pieces.grounds["layer"], pieces.grounds.geometry, strict=True)
        if not shapely.covers(ground, frame)
    ]


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _add_coarse(ground: _OpenGround) -> None:
    """Species that are told by cells only, and beside them states and protection by the same cells."""
    pieces, coarse, lattice = ground.pieces, ground.coarse, ground.lattice
    ranges = pieces.ranges[pieces.ranges["sci_name"].isin(coarse)]
    possible = pieces.supporting[pieces.supporting["sci_name"].isin(coarse)]
    if not (filled_tables := [table for table in (ranges, possible) if len(table)]):
        return
    bounds = np.array([table.total_bounds for table in filled_tables])
    west, south = bounds[:, :2].min(axis=0)
    east, north = bounds[:, 2:].max(axis=0)
    window = overlap.window_of(
        *grid.extent(lattice, (west, south, east, north)),
        step_m=grid.step_m(lattice),
        corner_m=(grid.ORIGIN_M, grid.ORIGIN_M),
    )

    def add(table: str, layer: gpd.GeoDataFrame, *columns: str) -> None:
        """Add how much of the coarse cells each key of a layer covers."""
        by = (*columns, *overlap.weight_column(layer))
        cell_km2 = overlap.covered_cells(layer, window, by=by)
        cell_km2 = overlap.weighed_cells(cell_km2, [*columns, "row", "col"])
        for key, cells in cell_km2.groupby(list(columns), sort=True):
            named = dict(zip(columns, key, strict=True))
            webmap.add_cells(
                ground.block,
                {"table": table, **named},
                cells["row"].to_numpy(),
                cells["col"].to_numpy(),
                km2=cells["km2"].to_numpy(),
                cell_km2=lattice.cell_km2,
            )

    add("species", ranges, "sci_name")
    graded = pieces.graded[pieces.graded["sci_name"].isin(coarse)]
    add("confidence", graded, "sci_name", "confidence")
    if len(possible):
        add("supporting", possible, "sci_name")
    states = pieces.states[["iso2", "geometry"]]
    if not states["iso2"].is_unique:
        states = overlap.dissolved(states, ("iso2",))
    add("states", states, "iso2")
    areas = pieces.layers.protected_areas
    if areas is not None and "protected_areas" not in ground.restricted:
        protected = overlap.dissolved(areas).assign(ground="protected")
        add("protected", protected[["ground", "geometry"]], "ground")


def _add_lines(ground: _OpenGround) -> None:
    """Borders with the species that range across them, corridors, crossings and barriers, as points."""
    barriers, corridors = ground.pieces.layers.barriers, ground.pieces.layers.corridors
    _add_borders(ground)
    if barriers is not None and "barriers" not in ground.restricted:
        xy, row, metres = overlap.line_points(barriers, every_km=POINT_KM)
        rows = _records(barriers, ("barrier_id", "kind", "permeability"))
        webmap.add_points(ground.block, "barriers", rows, xy, row, metres)
    if corridors is not None and "corridors" not in ground.restricted:
        _add_corridors(ground, corridors)
        _add_crossings(ground)


def _add_borders(ground: _OpenGround) -> None:
    """Borders with the species on them, and whether barriers were looked for there."""
    pieces, coarse = ground.pieces, ground.coarse
    borders, ranges = pieces.layers.borders, pieces.layers.features
    xy, line, metres = overlap.line_points(borders, every_km=POINT_KM)
    points: Any = shapely.points(xy)
    open_ranges = ranges[~ranges["sci_name"].isin(coarse)].reset_index(drop=True)
    row, spot = shapely.STRtree(points).query(
        np.asarray(open_ranges.geometry), predicate="intersects"
    )
    is_there = np.zeros((len(xy), len(open_ranges)), dtype=bool)
    is_there[spot, row] = True
    names = open_ranges["sci_name"].astype(str).to_numpy()
    pairs = borders["pair"].astype(str).to_numpy()
    looked = _is_looked_at(points, pairs[line], pieces)
    # of ten thousands of kilometres some hundred differ in what is said of them
    _, first, kind = np.unique(
        np.column_stack([line, looked, np.packbits(is_there, axis=1)]),
        axis=0,
        return_index=True,
        return_inverse=True,
    )
    keys = [
        (pairs[line[place]], tuple(sorted(names[is_there[place]].tolist())), bool(looked[place]))
        for place in first
    ]
    # kilometres of one pair with the same species are one row: the page names it once
    order = {key: number for number, key in enumerate(sorted(set(keys)))}
    rows = [{"pair": pair, "species": list(seen), "looked": there} for pair, seen, there in order]
    numbers = np.array([order[key] for key in keys], dtype=int)[kind.reshape(-1)]
    webmap.add_points(ground.block, "borders", rows, xy, numbers, metres)


def _is_looked_at(points: Any, pairs: Any, pieces: DrawnPieces) -> Any:
    """Whether barriers were looked for at each point of a border."""
    if pieces.covered_borders is None:
        return np.ones(len(points), dtype=bool)
    areas = pieces.layers.coverage_areas
    if areas is not None and "barriers" in set(areas["layer"]):
        ground = areas.loc[areas["layer"] == "barriers"].geometry.union_all()
        return shapely.intersects(ground, points)
    return np.isin(pairs, pieces.covered_borders["pair"].astype(str).unique())


def _add_corridors(ground: _OpenGround, corridors: gpd.GeoDataFrame) -> None:
    """Corridors as points, a kilometre each; those of sensitive species by the cells they pass."""
    columns = _link_columns(corridors, "corridor_id", "sci_name", "evidence_grade")
    # Tracks of any species: where one animal walks is told of none.
    delicate = _is_delicate(corridors, ground.coarse)
    exact, hidden = corridors[~delicate], corridors[delicate]
    xy, row, metres = overlap.line_points(exact, every_km=POINT_KM)
    rows = _records(exact, columns)
    if len(hidden):
        places, owner, _ = overlap.line_points(hidden, every_km=POINT_KM)
        cells = np.column_stack(grid.cell_index(ground.lattice, *places.T))
        for number, record in enumerate(_records(hidden, columns)):
            passed = np.unique(cells[owner == number], axis=0)
            rows.append({**record, "cells": passed.tolist()})
    webmap.add_points(ground.block, "corridors", rows, xy, row, metres)


def _add_crossings(ground: _OpenGround) -> None:
    """Crossings as points of one metre each; those of sensitive species by their cell only."""
    crossings = ground.pieces.crossings
    if crossings is None or crossings.empty:
        return
    columns = _link_columns(crossings, "corridor_id", "sci_name", "evidence_grade", "pair")
    is_delicate = _is_delicate(crossings, ground.coarse)
    exact, delicate = crossings[~is_delicate], crossings[is_delicate]
    places, hidden = (shapely.get_coordinates(part.geometry.array) for part in (exact, delicate))
    cells = np.column_stack(grid.cell_index(ground.lattice, *hidden.T)).tolist()
    rows = _records(exact, columns)
    of_cells = zip(_records(delicate, columns), cells, strict=True)
    rows += [{**record, "cell": cell} for record, cell in of_cells]
    count = len(exact)
    webmap.add_points(ground.block, "crossings", rows, places, np.arange(count), np.ones(count))


def _link_columns(links: pd.DataFrame, *columns: str) -> list[str]:
    """What is told of corridors or crossings, with the line of each where several species share one."""
    return [*columns, DRAWN_AS] if DRAWN_AS in links else [*columns]


def _is_delicate(table: pd.DataFrame, coarse: Collection[str]) -> pd.Series[bool]:
    """Which links or crossings are told by their cells only."""
    return scene.coarse_reasons(table, dict.fromkeys(coarse, "sensitive")).ne("")


def _records(table: pd.DataFrame, columns: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of a table as JSON has them."""
    rows = records(table[list(columns)])
    return [{key: _plain(value) for key, value in row.items()} for row in rows]
