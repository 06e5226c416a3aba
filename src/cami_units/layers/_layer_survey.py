"""All layers of a plan, for the main job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from itertools import combinations
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely

from cami_units.layers import _layer_tables as tables
from cami_units.layers._equal_area import only, parts_of_kind
from cami_units.layers._layer_rows import LayerReader, countries_layer, layer_reader, region_of
from cami_units.layers._layer_tables import lines_of
from cami_units.layers._national_files import beside_bundled, own_entries
from cami_units.layers._ranges import range_layer
from cami_units.layers._reading import STATES, LayerRead, Reading, Source
from cami_units.layers._shape_checks import refusal
from cami_units.layers._sheets import species_table, with_state_names
from cami_units.layers._taxa import names_of, one_rule_each
from cami_units.layers._telemetry import animal_crossings, crossings_in_words, with_tracks
from cami_units.model import (
    INPUT_LAYERS,
    LAYERS,
    InputError,
    Layers,
    Note,
    Problem,
    Progress,
    check_arguments,
    equal_area_crs,
    in_short,
    nearest_note,
    problem_of,
    quiet,
)
from cami_units.overlap import check_inputs, check_reach


def survey_layers(
    reading: Reading, *, progress: Progress = quiet
) -> tuple[Layers | None, tuple[Problem, ...], tuple[Source, ...]]:
    """Every layer of a plan and everything noticed in it; a fault in an input stops nothing.

    Parameters
    ----------
    reading : Reading
        Which files, and how they are read.
    progress
        Told of each layer.

    Returns
    -------
    Layers or None
        ``None`` where anything refuses.
    tuple of Problem
        In the order of the layers.
    tuple of mappings
        One a file: layer, file (name only), sha256, rows, kept, dropped, repaired, bundled,
        restricted (looks like Red List or WDPA data, which may not be passed on).
    """
    if unknown := [layer for layer in reading.sources if layer not in INPUT_LAYERS]:
        hints = [nearest_note(layer, INPUT_LAYERS) for layer in unknown]
        facts = {"names": in_short(unknown), "known": in_short(INPUT_LAYERS, 20)}
        raise InputError.of("no such layer", hints=hints, **facts)
    reads: dict[str, LayerRead] = {}
    sound_countries: gpd.GeoDataFrame | None = None

    def read(layer: str, reader: LayerReader) -> LayerRead:
        """Read a layer: the user's files, the bundled one, or both."""
        progress(f"reading {layer.replace('_', ' ')}", len(reads), len(INPUT_LAYERS))
        entries = reading.files_of(layer)
        own_files, with_bundled = own_entries(entries or ())
        if entries == []:
            reads[layer] = _left_out(layer)
        elif not with_bundled or layer == "ranges":
            reads[layer] = reader(entries)
        elif own_files:
            bundled = reader(None)
            # countries are cut by their own bundled outlines, and species by none
            states = bundled.table if sound_countries is None else sound_countries
            reads[layer] = beside_bundled(layer, reader(own_files), bundled, states)
        else:
            reads[layer] = reader(None)
        return reads[layer]

    # Species and countries first: all other layers are looked at against them.
    species = read("species", species_table).table
    countries = read("countries", lambda entries: countries_layer(entries, reading)).table
    local = replace(reading, region=None if countries is None else region_of(countries))
    # with a faulty table of species or countries, the rest is still looked at against the bundled
    sound_species = species_table(None).table if species is None else species
    sound_countries = (
        countries_layer(None, replace(local, states=STATES)).table
        if countries is None
        else countries
    )
    if species is not None:
        # by the names of the plan's own countries, which are read after the species
        sound_species, state_notes = with_state_names(species, sound_countries)
        problems_of_species = (*reads["species"].problems, *state_notes)
        reads["species"] = replace(
            reads["species"], table=sound_species, problems=problems_of_species
        )
    names = names_of(sound_species)
    # Before the ranges, to which the ground around records may be added.
    records = layer_reader("occurrences", local, sound_countries, names)
    sightings = read("occurrences", records).table
    read(
        "ranges", lambda files: range_layer(files, local, sound_species, sound_countries, sightings)
    )
    for layer in INPUT_LAYERS:
        if layer not in reads:
            read(layer, layer_reader(layer, local, sound_countries, names))
    progress("joining ranges and borders", len(INPUT_LAYERS), len(INPUT_LAYERS))
    problems = one_rule_each(
        [problem for layer in INPUT_LAYERS for problem in reads[layer].problems], reading.taxa
    )
    sources = tuple(source for layer in INPUT_LAYERS for source in reads[layer].sources)
    if any(problem.level == "refuses" for problem in problems):
        return None, tuple(problems), sources
    layers = _joined_layers(reading, reads, problems, sources)
    return layers, layers.problems, sources


def _joined_layers(
    reading: Reading,
    reads: Mapping[str, LayerRead],
    problems: Sequence[Problem],
    sources: tuple[Source, ...],
) -> Layers:
    """The layers that were read, with what follows from several: ranges whole, borders, crossings."""
    tables_read = {layer: reads[layer].table for layer in INPUT_LAYERS}
    species, countries = tables_read["species"], tables_read["countries"]
    features = tables.features(tables_read["ranges"])
    absent = sorted(set(species["sci_name"]) - set(features["sci_name"]))
    notes = []
    if absent:
        note = Note("species without range", {"count": len(absent)})
        notes.append(problem_of("counted", "features", "", in_short(absent, 20), note))
    is_own = reading.files_of("countries") is not None
    borders, border_notes = _borders(countries, tables_read["disputed"], is_own=is_own)
    notes += border_notes
    crossings = None
    if tables_read["telemetry"] is not None:
        states = countries[countries["range_state"]]
        crossings = animal_crossings(tables_read["telemetry"], borders, states)
        notes += crossings_in_words(tables_read["telemetry"], crossings)
        tables_read = with_tracks(tables_read, crossings)
        tables_read["telemetry"] = tables_read["telemetry"].drop(columns="seen")
    return Layers(
        crs=reading.crs,
        features=features,
        borders=borders,
        animal_crossings=crossings,
        problems=(*problems, *notes),
        sources=sources,
        **tables_read,
    )


def _left_out(layer: str) -> LayerRead:
    """A layer that the plan leaves out, or the refusal of one that cannot be."""
    if not LAYERS[layer].needed:
        return LayerRead(None)
    return LayerRead(None, (problem_of("refuses", layer, "", "", Note("layer needed")),))


def _borders(
    countries: gpd.GeoDataFrame, disputed: gpd.GeoDataFrame | None, *, is_own: bool
) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """Shared borders; of a user's countries with a tolerance where neighbours do not quite meet."""
    if not is_own:
        return shared_borders(countries, disputed), []
    *narrower_km, widest_km = _BORDER_TOLERANCES_KM
    widest = shared_borders(countries, disputed, tolerance_km=widest_km)
    enough_km = _ALL_BUT_CORNERS * widest.length.sum()
    # The narrowest with which no border is lost. Outlines of two sources may all lie a kilometre or
    # two apart, so that one a little wider than none finds no more than that: the widest judges.
    for km in (_ROUNDING_KM, *narrower_km):
        tolerant = shared_borders(countries, disputed, tolerance_km=km)
        if tolerant.length.sum() >= enough_km:
            tolerance_km = km
            break
    else:
        tolerant, tolerance_km = widest, widest_km
    if tolerance_km == _ROUNDING_KM:
        return tolerant, []
    facts = {"km": tolerance_km, "all_km": float(tolerant.length.sum() / 1000)}
    return tolerant, [problem_of("note", "countries", "", "", Note("outlines apart", facts))]


# two drawings of one border lie this far apart: at a scale of 1 : 1 million, 1 : 2 and 1 : 5 million
_BORDER_TOLERANCES_KM: Final = (1.0, 2.0, 5.0)
# a state that comes in several rows has corners on its border that its neighbour has not: joined and
# projected, both sides are one line but for centimetres
_ROUNDING_KM: Final = 0.001
# with a tolerance each border runs a little on round the corners where it ends
_ALL_BUT_CORNERS: Final = 0.95


def read_layers(reading: Reading, *, progress: Progress = quiet) -> Layers:
    """Every layer of a plan, cleaned, in one equal-area CRS.

    Parameters are those of :func:`survey_layers`, which tells of faults and does not raise.

    Raises
    ------
    InputError
        With every problem that must be mended first, each with its cure.

    Examples
    --------
    >>> import cami_units as cu
    >>> cu.read_layers(cu.Reading(states=("KZ",), sources={"rangs": []}))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    cami_units.model.InputError: No such layer: rangs. Known: ...
    """
    check_arguments(read_layers, locals())
    check_arguments(
        Reading, {field.name: getattr(reading, field.name) for field in fields(Reading)}
    )
    equal_area_crs(reading.crs)
    layers, problems, _ = survey_layers(reading, progress=progress)
    if layers is None:
        raise refusal(problems, Note("work"))
    return layers


# -- borders ---------------------------------------------------------------------------------------


def shared_borders(
    countries: gpd.GeoDataFrame,
    disputed: gpd.GeoDataFrame | None = None,
    *,
    tolerance_km: float = 0.0,
) -> gpd.GeoDataFrame:
    """The lines along which each pair of range states touch.

    Parameters
    ----------
    countries
        ``iso2``, ``range_state`` (boolean) and polygons in an equal-area CRS.
    disputed
        Polygons in the same CRS; a stretch inside any of them is marked.
    tolerance_km
        0: only where the two outlines are the same to the last bit. More: where the outline of
        the first state runs within this distance of the second, for layers whose neighbours were
        not drawn along one line.

    Returns
    -------
    GeoDataFrame
        ``pair`` ("KZ;UZ", alphabetical), ``disputed`` (boolean), ``geometry`` (lines); at most
        two rows a pair, sorted by both. States that touch in points only are no pair.

    Raises
    ------
    InputError
        If a column, a value or a geometry is missing, a state comes twice, or the CRS is none that
        keeps areas, or differs; if `tolerance_km` is below 0.

    Examples
    --------
    Two states of 100 km a side share one border of 100 km; one state has none.

    >>> import cami_units as cu
    >>> import geopandas as gpd, shapely
    >>> states = gpd.GeoDataFrame(
    ...     {"iso2": ["AA", "BB"], "range_state": True},
    ...     geometry=[shapely.box(0, 0, 1e5, 1e5), shapely.box(1e5, 0, 2e5, 1e5)],
    ...     crs=cu.EQUAL_AREA,
    ... )
    >>> borders = cu.shared_borders(states)
    >>> borders["pair"].tolist(), borders.length.tolist()
    (['AA;BB'], [100000.0])
    >>> len(cu.shared_borders(states[:1]))
    0
    """
    check_arguments(shared_borders, locals())
    given_tables = {"countries": (countries, ("iso2", "range_state"))}
    check_inputs(
        given_tables | ({} if disputed is None else {"disputed": (disputed, ())}),
        sites="countries",
        site="iso2",
    )
    check_reach(tolerance_km)
    states = countries[countries["range_state"].astype(bool)].sort_values("iso2")
    names, shapes = states["iso2"].tolist(), states.geometry.to_numpy()
    ground = None
    if disputed is not None and len(disputed):
        ground = shapely.union_all(disputed.geometry.to_numpy())
        # Asked once for every border: most of them lie nowhere near disputed ground.
        shapely.prepare(ground)
    rows: list[tuple[str, bool, Any]] = []
    for (first, second), line in _lines_between(shapes, 1000.0 * tolerance_km).items():
        pair = f"{names[first]};{names[second]}"
        if ground is None or not shapely.intersects(ground, line):
            rows.append((pair, False, line))
            continue
        for is_disputed in (False, True):
            cut = shapely.intersection if is_disputed else shapely.difference
            # A border that only touches the ground gives points.
            if not (stretch := only(cut(line, ground), "line")).is_empty:
                rows.append((pair, is_disputed, lines_of([stretch])))
    return gpd.GeoDataFrame(
        {
            "pair": np.array([row[0] for row in rows], dtype=object),
            "disputed": np.array([row[1] for row in rows], dtype=bool),
        },
        geometry=[row[2] for row in rows],
        crs=countries.crs,
    )


def _lines_between(shapes: Any, tolerance_m: float) -> dict[tuple[int, int], Any]:
    """The border of each two states that have one, by their places in the list."""
    outlines = shapely.boundary(shapes)
    shapely.prepare(shapes)  # each is asked by all others whether they are near
    margin = np.array([[-1], [-1], [1], [1]]) * tolerance_m
    reach: Any = shapely.box(*(shapely.bounds(shapes).T + margin))
    neighbours = [
        (first, second)
        for first, second in combinations(range(len(shapes)), 2)
        if shapely.intersects(reach[first], reach[second])
    ]
    shared = {
        (first, second): shapely.intersection(outlines[first], outlines[second])
        for first, second in neighbours
    }
    if not tolerance_m:
        in_parts = {pair: parts_of_kind(shape, "line") for pair, shape in shared.items()}
        # What two outlines have in common comes in pieces that meet at their ends and lie on no other:
        # they are merged without being united first, which takes five times as long.
        whole_lines = {
            pair: shapely.line_merge(shapely.multilinestrings(shapely.get_parts(parts)))
            for pair, parts in in_parts.items()
        }
        return {
            pair: shapely.normalize(line)
            for pair, line in whole_lines.items()
            if not shapely.is_empty(line)
        }
    # What coincides exactly is border for certain, and takes no part in what is near enough.
    exact = {pair: only(shape, "line") for pair, shape in shared.items()}
    exact = {pair: line for pair, line in exact.items() if not line.is_empty}
    lone = _lone_outlines(outlines, exact)
    lines = {}
    for first, second in neighbours:
        facing = shapely.intersection(lone[second], reach[first])
        close_to = shapely.union(shapes[second], shapely.buffer(facing, tolerance_m))
        near = only(shapely.intersection(lone[first], close_to), "line")
        near = _nearest_to((first, second), near, shapes, tolerance_m)
        lines[first, second] = _completed(exact.get((first, second)), near, tolerance_m)
    return {pair: lines_of([line]) for pair, line in lines.items() if not line.is_empty}


def _lone_outlines(outlines: Any, exact: Mapping[tuple[int, int], Any]) -> list[Any]:
    """What of each outline is no border that two states draw alike."""
    lone = []
    for number, outline in enumerate(outlines):
        shared = [line for pair, line in exact.items() if number in pair]
        lone.append(only(shapely.difference(outline, shapely.union_all(shared)), "line"))
    return lone


def _completed(exact: Any, near: Any, tolerance_m: float) -> Any:
    """A border with the stretches where its two sides were drawn apart.

    Where the sides meet all along, what is near them is their coasts, at the ends of the border.
    """
    if exact is None:
        return near
    n_ends = 2 * len(shapely.get_parts(shapely.line_merge(exact)))
    if near.length <= n_ends * tolerance_m:
        return exact
    return only(shapely.line_merge(shapely.union(exact, near)), "line")


_STEPS_A_TOLERANCE: Final = 20
"""So finely a line is cut where two neighbours are within reach, to see which is nearer."""


_MOST_STEPS: Final = 50_000
"""More are not cut: outlines that overlap for 1,000 km are told apart every 20 m, and not every 5 cm."""


def _nearest_to(pair: tuple[int, int], line: Any, shapes: Any, reach: float) -> Any:
    """The parts of a state's outline that lie near another one and no nearer to a third.

    Near the end of a border, and across a strip of somebody's ground, a third state is as close by.
    """
    second = pair[1]
    for third in range(len(shapes)):
        if third in pair or line.is_empty or not shapely.dwithin(shapes[third], line, reach):
            continue
        close_to = shapely.buffer(shapely.clip_by_rect(shapes[third], *_around(line, reach)), reach)
        doubtful = only(shapely.intersection(line, close_to), "line")
        step = max(reach / _STEPS_A_TOLERANCE, doubtful.length / _MOST_STEPS)
        steps = _steps(shapely.segmentize(doubtful, step) if step else doubtful)
        middle = shapely.line_interpolate_point(steps, 0.5, normalized=True)
        around = _around(doubtful, reach) if len(steps) else (0.0, 0.0, 0.0, 0.0)
        nearer = _distances(middle, shapes[second], around) <= _distances(
            middle, shapes[third], around
        )
        sure = only(shapely.difference(line, close_to), "line")
        lines = [*shapely.get_parts(sure), *_joined_steps(steps[nearer])]
        line = shapely.line_merge(shapely.multilinestrings(lines))
    return only(line, "line")


def _distances(points: Any, shape: Any, around: tuple[float, float, float, float]) -> Any:
    """How far points lie from a shape; of its outline only what lies in a box around them is asked.

    Through a tree of its stretches: a state has tens of thousands, and so have the points.
    """
    stretches = _steps(shapely.clip_by_rect(shapely.boundary(shape), *around))
    if not len(points) or not len(stretches):
        return shapely.distance(points, shape)
    at, metres = shapely.STRtree(stretches).query_nearest(
        points, return_distance=True, all_matches=False
    )
    distances = np.zeros(len(points))
    distances[at[0]] = metres
    return np.where(shapely.intersects(shape, points), 0.0, distances)


def _around(line: Any, reach: float) -> tuple[float, float, float, float]:
    """The box around a line that holds all that is within reach of it, and a little more."""
    west, south, east, north = shapely.bounds(line)
    return west - 2 * reach, south - 2 * reach, east + 2 * reach, north + 2 * reach


def _joined_steps(steps: Any) -> Any:
    """Stretches in the order of their line, those that follow one another as one line again.

    By their ends: to find out by geometry what touches what takes minutes where there are 100,000.
    """
    ends = shapely.get_coordinates(steps).reshape(-1, 2, 2)
    begins = np.ones(len(ends), dtype=bool)
    begins[1:] = (ends[1:, 0] != ends[:-1, 1]).any(axis=1)
    # of a stretch that goes on the first end is there already
    kept_steps = np.column_stack([begins, np.ones_like(begins)]).ravel()
    number = np.repeat(np.cumsum(begins) - 1, 2)
    return shapely.linestrings(ends.reshape(-1, 2)[kept_steps], indices=number[kept_steps])


def _steps(line: Any) -> Any:
    """Each straight stretch of lines by itself."""
    parts = shapely.get_parts(line)
    ends = [shapely.get_coordinates(part) for part in parts]
    pairs = [np.stack([line_points[:-1], line_points[1:]], axis=1) for line_points in ends]
    return shapely.linestrings(np.concatenate(pairs)) if pairs else np.array([], dtype=object)
