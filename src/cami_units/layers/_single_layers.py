"""Each layer by itself, for notebooks."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypedDict, Unpack, get_args

import geopandas as gpd
import pandas as pd

from cami_units.layers import _layer_tables as tables
from cami_units.layers._gis_files import found_files
from cami_units.layers._layer_rows import (
    countries_layer,
    gathered,
    keyed_layer,
    movement_layer,
    protected_areas_layer,
    region_of,
)
from cami_units.layers._ranges import range_layer
from cami_units.layers._reading import STATES, LayerRead, Missing, Reading
from cami_units.layers._shape_checks import refusal
from cami_units.layers._sheets import species_table
from cami_units.layers._taxa import TaxonRule, names_of
from cami_units.model import (
    EQUAL_AREA,
    KEPT_CODES,
    AnyCrs,
    InputError,
    Note,
    Problem,
    check_arguments,
    check_table,
    equal_area_crs,
    in_short,
    read_crs,
)


class FileOptions(TypedDict, total=False):
    """How files of one layer are read.

    crs : the equal-area CRS to project to (text, number or CRS), that of Central Asia unless said otherwise.
    assumed_crs : the CRS of files that do not say theirs.
    columns : column names, ours → theirs, where they are not the usual ones.
    """

    crs: AnyCrs
    assumed_crs: str | None
    columns: Mapping[str, str] | None


def _alone(layer_read: LayerRead, what: str) -> Any:
    """A table for a notebook: refusals raise; what was dropped or repaired of own files warns."""
    if layer_read.is_refused:
        raise refusal(layer_read.problems, Note("work read", {"layer": what}))
    bundled = {source["file"] for source in layer_read.sources if source["bundled"]}
    counted_rows = [
        problem.sentence()
        for problem in layer_read.problems
        if problem.level == "counted" and problem.file not in bundled
    ]
    if counted_rows and not all(source["bundled"] for source in layer_read.sources):
        warnings.warn("\n".join(counted_rows), stacklevel=3)
    return layer_read.table


def read_species(path: Path | str | None = None) -> pd.DataFrame:
    """The species table: names, synonyms, category, range states, label codes.

    Parameters
    ----------
    path
        A CSV file in UTF-8 with the columns of the bundled one; ``None``: the bundled one.

    Raises
    ------
    InputError
        If columns are missing or a species comes twice.

    Examples
    --------
    >>> import cami_units as cu
    >>> species = cu.read_species()
    >>> int((species["in_cami"] == "yes").sum())
    17
    """
    check_arguments(read_species, locals())
    table: pd.DataFrame = _alone(species_table(None if path is None else [Path(path)]), "species")
    return table


def read_countries(
    *paths: Path | str, states: Sequence[str] = STATES, **options: Unpack[FileOptions]
) -> gpd.GeoDataFrame:
    """Countries by ISO 3166 alpha-2 code, with `range_state` saying which are `states`.

    Examples
    --------
    >>> import cami_units as cu
    >>> countries = cu.read_countries()
    >>> int(countries["range_state"].sum()), countries["iso2"].is_unique
    (14, True)
    """
    check_arguments(read_countries, locals())
    reading = _one("countries", states, **options)
    return _alone(countries_layer(_own(paths), reading), "countries")


def read_ranges(
    *paths: Path | str,
    species: pd.DataFrame | None = None,
    countries: gpd.GeoDataFrame | None = None,
    taxa: Mapping[str, TaxonRule] | None = None,
    presence: Sequence[int] = KEPT_CODES["presence"],
    origin: Sequence[int] = KEPT_CODES["origin"],
    seasonal: Sequence[int] = KEPT_CODES["seasonal"],
    missing: Missing = "extant",
    max_area_change: float = 0.01,
    **options: Unpack[FileOptions],
) -> gpd.GeoDataFrame:
    """Range parts of the CAMI taxa, every coded part, cleaned and projected.

    Parameters
    ----------
    *paths
        Files, folders, zips or patterns in any of the usual formats and spellings. A species found
        here replaces its bundled range; without paths all ranges are the bundled ones.
    species, countries
        Tables of :func:`read_species` and :func:`read_countries`; ``None``: the bundled ones. The system
        of `countries` holds, unless `crs` names it.
    taxa
        The sub-species guard: by CAMI taxon, how a polygon of the whole species may stand for it.
    presence, origin, seasonal
        The IUCN codes that count as range: they fill the column `use`.
    missing
        What blank codes mean: "extant" (1, 1, 1) or "refuse".
    max_area_change
        The largest share of a shape that a repair may leave contested.
    **options
        :class:`FileOptions`.

    Returns
    -------
    GeoDataFrame
        The table `ranges`, with `use` ("kept", "supporting", "left out"), `part` and `label`.

    Raises
    ------
    InputError
        With everything at once that must be mended first.

    Examples
    --------
    >>> import cami_units as cu
    >>> ranges = cu.read_ranges()
    >>> ranges["use"].value_counts().to_dict()
    {'kept': 130, 'supporting': 8, 'left out': 5}
    """
    check_arguments(read_ranges, locals())
    if missing not in get_args(Missing):
        raise InputError.of("blank codes expected", came=missing)
    species = read_species() if species is None else species
    check_table(species, "species")
    options = _in_crs_of(countries, options)
    countries = read_countries(crs=options["crs"]) if countries is None else countries
    reading = replace(
        _one("ranges", _states_of(countries), **options),
        taxa=taxa or {},
        presence=tuple(presence),
        origin=tuple(origin),
        seasonal=tuple(seasonal),
        missing=missing,
        max_area_change=max_area_change,
        region=region_of(countries),
    )
    return _alone(range_layer(_own(paths), reading, species, countries), "ranges")


def read_hotspots(*paths: Path | str, **options: Unpack[FileOptions]) -> gpd.GeoDataFrame:
    """Expert-drawn hotspots, from GIS files or from Google Earth; without paths the bundled ones.

    Ids are the file's; rows without one are numbered in order of their names.

    Examples
    --------
    >>> import cami_units as cu
    >>> hotspots = cu.read_hotspots()
    >>> len(hotspots), hotspots["hotspot_id"].iloc[0]
    (44, 'H01')
    """
    check_arguments(read_hotspots, locals())
    return _alone(_plain("hotspots", paths, options), "hotspots")


def read_sections(*paths: Path | str, **options: Unpack[FileOptions]) -> gpd.GeoDataFrame:
    """Sections of the range that working groups take; without paths the bundled ones."""
    check_arguments(read_sections, locals())
    return _alone(_plain("sections", paths, options), "sections")


def read_protected_areas(
    *paths: Path | str,
    countries: gpd.GeoDataFrame | None = None,
    steps: Iterable[int] = tables.PA_STEPS,
    **options: Unpack[FileOptions],
) -> gpd.GeoDataFrame:
    """Protected areas and OECMs, in either dialect of WDPA; without paths the bundled ones.

    In numbered steps, each of which says how many rows and km² it concerns:

    1. areas of other states are left out,
    2. areas that are not in force (proposed, or not reported) are left out,
    3. UNESCO biosphere reserves are left out,
    4. points become circles of their reported area; a point that reports none is left out,
    5. ground that areas share is told; whatever is measured counts it once.

    Parameters
    ----------
    steps
        The steps to take. Without step 4 all points are left out; without one of the first three
        the areas that it speaks of stay.
    countries
        Table of :func:`read_countries`: its range states are the ones kept, and areas that do not
        say their state get the one they lie in; their system holds, unless `crs` names it. ``None``:
        the 14 states, and nothing is looked up.

    Examples
    --------
    >>> import cami_units as cu
    >>> areas = cu.read_protected_areas()
    >>> areas["pa_id"].is_unique
    True
    """
    check_arguments(read_protected_areas, locals())
    options = _in_crs_of(countries, options)
    reading = _one("protected_areas", _states_of(countries), **options)
    numbers = frozenset(steps)
    if numbers - tables.PA_STEPS:
        raise InputError.of("PA steps", names=in_short(sorted(numbers)))
    areas = protected_areas_layer(_own(paths), reading, countries, steps=numbers)
    return _alone(areas, "protected areas")


def read_barriers(*paths: Path | str, **options: Unpack[FileOptions]) -> gpd.GeoDataFrame:
    """Fences, railways, roads, canals and pipelines; without paths the bundled ones."""
    check_arguments(read_barriers, locals())
    return _alone(_plain("barriers", paths, options), "barriers")


def read_corridors(
    *paths: Path | str, species: pd.DataFrame | None = None, **options: Unpack[FileOptions]
) -> gpd.GeoDataFrame:
    """Documented movements of the CAMI taxa; without paths the bundled ones."""
    check_arguments(read_corridors, locals())
    reading = _one("corridors", **options)
    species = read_species() if species is None else species
    check_table(species, "species")
    names = names_of(species)
    return _alone(movement_layer("corridors", _own(paths), reading, names), "corridors")


def read_gazetteer(*paths: Path | str, **options: Unpack[FileOptions]) -> gpd.GeoDataFrame:
    """Places that units are named after; without paths the bundled ones."""
    check_arguments(read_gazetteer, locals())
    return _alone(_plain("gazetteer", paths, options), "gazetteer")


def _in_crs_of(countries: gpd.GeoDataFrame | None, options: FileOptions) -> FileOptions:
    """The options of a reader that is handed countries, whose system holds where none is said."""
    if countries is None:
        return {"crs": EQUAL_AREA, **options}
    crs = equal_area_crs(options.get("crs", countries.crs or EQUAL_AREA))
    check_table(countries, "countries", crs=read_crs(crs))
    return {**options, "crs": crs}


def _own(paths: Sequence[Path | str]) -> list[Path] | None:
    return [Path(path) for path in paths] or None


def _states_of(countries: gpd.GeoDataFrame | None) -> tuple[str, ...]:
    """The range states of a study; without countries the fourteen of CAMI."""
    if countries is None:
        return STATES
    return tuple(countries.loc[countries["range_state"], "iso2"])


def _one(
    layer: str,
    states: Sequence[str] = STATES,
    *,
    crs: AnyCrs = EQUAL_AREA,
    assumed_crs: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Reading:
    """How to read one layer by itself, without a plan. A misspelt option is an error, not nothing."""
    return Reading(
        crs=equal_area_crs(crs),
        states=tuple(states),
        assumed_crs={layer: assumed_crs} if assumed_crs else {},
        columns={layer: columns} if columns else {},
    )


def _plain(layer: str, paths: Sequence[Path | str], options: FileOptions) -> LayerRead:
    """A layer that needs no other one to be understood."""
    return keyed_layer(layer, _own(paths), _one(layer, **options))


SITE_KEYS: Final = ("unit_id", "hotspot_id", "id", "name_en")


def read_sites(
    path: Path | str,
    *,
    max_area_change: float = 0.01,
    folder: Path | str | None = None,
    **options: Unpack[FileOptions],
) -> tuple[gpd.GeoDataFrame, tuple[Problem, ...]]:
    """Any polygons, as drawn, with one id each.

    Parameters
    ----------
    path
        KML, KMZ, GeoPackage, GeoJSON, shapefile, GeoParquet or a zip of them. Of a GeoPackage of a
        round the layer `conservation_units` is read.
    max_area_change
        As in :func:`read_ranges`.
    folder
        Of the plan, if there is one: advice names the file from there.
    **options
        :class:`FileOptions`.

    Returns
    -------
    GeoDataFrame
        ``site`` (the first of unit_id, hotspot_id, id and name that the file has), ``name_en``,
        ``name_ru``, the file's other columns, and polygons in `crs`; sorted by ``site``. Rows
        under one id are one site.
    tuple of Problem
        What was repaired, joined or left out.

    Raises
    ------
    InputError
        If the file cannot be read, holds no polygon, or says too little about where they lie.

    Examples
    --------
    >>> import cami_units as cu
    >>> from pathlib import Path
    >>> cu.read_sites(Path("nowhere.kml"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    cami_units.model.InputError: ...
    """
    check_arguments(read_sites, locals())
    reading = replace(
        _one("conservation_units", **options),
        max_area_change=max_area_change,
        folder=None if folder is None else Path(folder),
    )
    files, problems = found_files("conservation_units", [Path(path)])
    rows = gathered("conservation_units", files, reading, is_own=True)
    rows = replace(rows, problems=(*problems, *rows.problems))
    if rows.is_refused:
        raise refusal(rows.problems, Note("work sites"))
    if rows.table is None:
        raise InputError.of("sites without polygons", file=Path(path).name)
    table = rows.table.drop(columns="_file")
    table, shared_notes = _with_own_ids(table)
    table, id_notes = tables.with_ids(table, tables.SITES)
    table, joined_notes = tables.one_row_a_key(tables.named(table, "site"), tables.SITES)
    return table, (*rows.problems, *shared_notes, *id_notes, *joined_notes)


def _with_own_ids(table: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """Sites called by the first key that the file has; a row without it by the next that is its alone."""
    if "name" in table and "name_en" in table:
        # of a KML: what somebody drew has the name of its placemark only, and none in the data
        table = table.assign(
            name_en=table["name_en"].where(table["name_en"].notna(), table["name"])
        )
    keys = [name for name in SITE_KEYS if name in table and table[name].notna().any()]
    if not keys:
        return table, []
    site, notes = table[keys[0]].astype(object), list[Problem]()
    if "name_en" in keys[1:]:
        ids = [None if pd.isna(value) else tables.id_text(value) for value in site]
        names = table["name_en"].fillna("").astype(str)
        told_ids, notes = tables.told_apart(ids, names, "conservation_units", keys[0])
        site = site.where([old == new for old, new in zip(ids, told_ids, strict=True)], None)
    for name in keys[1:]:
        # rows under one id are one site: of a name that several bear, or that is an id, nobody knows
        of_one_row = ~table[name].duplicated(keep=False) & ~table[name].isin(site)
        site = site.where(site.notna() | ~of_one_row, table[name])
    return table.assign(site=site), notes
