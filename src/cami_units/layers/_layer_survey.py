"""All layers of a plan, for the main job."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

import geopandas as gpd

from cami_units.layers import _layer_tables as tables
from cami_units.layers._borders import shared_borders
from cami_units.layers._layer_rows import STATES, Found, Missing, Reading, Source, whole_layer
from cami_units.layers._layer_rules import (
    FINISH,
    corridors_layer,
    countries_layer,
    protected_areas_layer,
    region_of,
)
from cami_units.layers._ranges import range_layer
from cami_units.layers._shape_checks import refusal
from cami_units.layers._species import species_table
from cami_units.layers._taxa import TaxonRule, names_of
from cami_units.model import (
    EQUAL_AREA,
    INPUT_LAYERS,
    InputError,
    Layers,
    Problem,
    Progress,
    listed,
    nearest,
    quiet,
)


def survey_layers(
    *,
    states: Sequence[str],
    sources: Mapping[str, Sequence[Path] | None] = MappingProxyType({}),
    crs: str = EQUAL_AREA,
    assumed_crs: Mapping[str, str] = MappingProxyType({}),
    columns: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    taxa: Mapping[str, TaxonRule] = MappingProxyType({}),
    presence: Sequence[int] = (1, 2),
    origin: Sequence[int] = (1, 2, 6),
    seasonal: Sequence[int] = (1, 2, 3, 4, 5),
    missing: Missing = "extant",
    max_area_change: float = 0.01,
    progress: Progress = quiet,
) -> tuple[Layers | None, tuple[Problem, ...], tuple[Source, ...]]:
    """Every layer of a plan and everything noticed in it; a fault in an input stops nothing.

    Parameters
    ----------
    states
        Range states by ISO 3166 alpha-2 code.
    sources
        Layer → files, folders, zips or patterns; ``None`` or left out: the bundled layer; empty:
        no such layer.
    crs
        The equal-area CRS of everything that comes back.
    assumed_crs
        Layer → CRS of files that do not say theirs, or cannot be in the one they say.
    columns
        Layer → column names, ours → theirs, where they are not the usual ones.
    taxa
        By CAMI taxon: how a polygon of the whole species may stand for it.
    presence, origin, seasonal
        The IUCN codes that count as range.
    missing
        What blank codes mean: "extant" (1, 1, 1, said aloud) or "refuse".
    max_area_change
        The largest share of a shape that a repair may leave contested; more is refused.
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
    unknown = [name for name in sources if name not in INPUT_LAYERS]
    if unknown:
        hints = "".join(nearest(name, INPUT_LAYERS) for name in unknown)
        raise InputError(
            f"No such layer: {listed(unknown)}. Known: {listed(INPUT_LAYERS, 20)}.{hints}"
        )
    files = {
        name: None if sources.get(name) is None else [Path(path) for path in sources[name] or ()]
        for name in INPUT_LAYERS
    }
    reading = Reading(
        crs=crs,
        states=tuple(states),
        assumed_crs=assumed_crs,
        columns=columns,
        taxa=taxa,
        presence=tuple(presence),
        origin=tuple(origin),
        seasonal=tuple(seasonal),
        missing=missing,
        max_area_change=max_area_change,
    )
    parts: dict[str, Found] = {}
    steps = list(INPUT_LAYERS)

    def step(name: str) -> None:
        progress(f"reading {name.replace('_', ' ')}", len(parts), len(steps))

    def optional(name: str, read: Callable[[list[Path] | None], Found]) -> None:
        step(name)
        parts[name] = Found(None) if files[name] == [] else read(files[name])

    step("species")
    parts["species"] = _needed("species", files["species"], species_table)
    species = parts["species"].table
    step("countries")
    parts["countries"] = _needed(
        "countries", files["countries"], lambda entries: countries_layer(entries, reading)
    )
    countries = parts["countries"].table
    reading = replace(reading, region=None if countries is None else region_of(countries))
    # with a faulty table of species or countries, the rest is still looked at against the bundled
    known_species = species_table(None).table if species is None else species
    known_countries = (
        countries_layer(None, replace(reading, states=STATES)).table
        if countries is None
        else countries
    )
    step("ranges")
    parts["ranges"] = _needed(
        "ranges",
        files["ranges"],
        lambda entries: range_layer(entries, reading, known_species, known_countries),
    )
    for name in ("disputed", "hotspots", "sections", "barriers", "gazetteer"):
        optional(name, partial(whole_layer, name, reading=reading, finish=FINISH[name]))
    optional(
        "protected_areas", lambda entries: protected_areas_layer(entries, reading, known_countries)
    )
    names = names_of(known_species)
    optional("corridors", lambda entries: corridors_layer(entries, reading, names))
    progress("joining ranges and borders", len(steps), len(steps))
    ranges = parts["ranges"].table
    problems = [problem for name in INPUT_LAYERS for problem in parts[name].problems]
    files_read = tuple(entry for name in INPUT_LAYERS for entry in parts[name].sources)
    if any(one.level == "refuses" for one in problems):
        return None, tuple(problems), files_read
    features = tables.features(ranges)
    absent = sorted(set(species["sci_name"]) - set(features["sci_name"]))
    if absent:
        what = f"{len(absent)} species of the table have no kept range, so nothing is said of them"
        problems.append(Problem("counted", "features", "", listed(absent, 20), what))
    disputed = parts["disputed"].table
    borders, said = _borders(countries, disputed, own=files["countries"] is not None)
    problems += said
    layers = Layers(
        crs=crs,
        species=species,
        ranges=ranges,
        features=features,
        countries=countries,
        borders=borders,
        disputed=disputed,
        hotspots=parts["hotspots"].table,
        protected_areas=parts["protected_areas"].table,
        barriers=parts["barriers"].table,
        corridors=parts["corridors"].table,
        sections=parts["sections"].table,
        gazetteer=parts["gazetteer"].table,
        problems=tuple(problems),
        sources=files_read,
    )
    return layers, tuple(problems), files_read


def _needed(
    name: str, entries: list[Path] | None, read: Callable[[list[Path] | None], Found]
) -> Found:
    if entries == []:
        what, cure = "this layer cannot be left out", "Take the line out of [layers] of the plan."
        return Found(None, [Problem("refuses", name, "", "", what, cure)])
    return read(entries)


def _borders(
    countries: gpd.GeoDataFrame, disputed: gpd.GeoDataFrame | None, *, own: bool
) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """Shared borders; of a user's countries with a tolerance where neighbours do not quite meet."""
    exact = shared_borders(countries, disputed)
    if not own:
        return exact, []
    loose = shared_borders(countries, disputed, tolerance_km=_BORDER_TOLERANCE_KM)
    if exact.length.sum() >= 0.95 * loose.length.sum():
        return exact, []
    what = (
        f"the outlines of neighbouring states do not coincide: borders are where they run within "
        f"{_BORDER_TOLERANCE_KM:g} km of each other ({loose.length.sum() / 1000:,.0f} km in all)"
    )
    return loose, [Problem("note", "countries", "", "", what)]


_BORDER_TOLERANCE_KM: Final = 1.0


def read_layers(
    *,
    states: Sequence[str],
    sources: Mapping[str, Sequence[Path] | None] = MappingProxyType({}),
    crs: str = EQUAL_AREA,
    assumed_crs: Mapping[str, str] = MappingProxyType({}),
    columns: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    taxa: Mapping[str, TaxonRule] = MappingProxyType({}),
    presence: Sequence[int] = (1, 2),
    origin: Sequence[int] = (1, 2, 6),
    seasonal: Sequence[int] = (1, 2, 3, 4, 5),
    missing: Missing = "extant",
    max_area_change: float = 0.01,
    progress: Progress = quiet,
) -> Layers:
    """Every layer of a plan, cleaned, in one equal-area CRS.

    Parameters are those of :func:`survey_layers`, which tells of faults and does not raise.

    Raises
    ------
    InputError
        With every problem that must be mended first, each with its cure.

    Examples
    --------
    >>> import cami_units as cu
    >>> cu.read_layers(states=["KZ"], sources={"rangs": []})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    cami_units.model.InputError: No such layer: rangs. Known: ...
    """
    layers, problems, _ = survey_layers(
        states=states,
        sources=sources,
        crs=crs,
        assumed_crs=assumed_crs,
        columns=columns,
        taxa=taxa,
        presence=presence,
        origin=origin,
        seasonal=seasonal,
        missing=missing,
        max_area_change=max_area_change,
        progress=progress,
    )
    if layers is None:
        raise refusal(list(problems), "the work")
    return layers
