"""Each layer by itself, for notebooks; and context layers: whatever a plan names, shown and not scored."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypedDict, Unpack, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.layers import _dialects as dialects
from cami_units.layers import _layer_tables as tables
from cami_units.layers._equal_area import in_crs
from cami_units.layers._gis_files import found_files
from cami_units.layers._layer_rows import (
    countries_layer,
    gathered,
    keyed_layer,
    movement_layer,
    protected_areas_layer,
    region_of,
    same_shapes,
    source_entry,
    with_counts,
)
from cami_units.layers._ranges import range_layer
from cami_units.layers._rasters import RASTERS, BandWindows, rasterio_for
from cami_units.layers._reading import STATES, AdvisedError, LayerRead, Missing, Reading
from cami_units.layers._shape_checks import refusal
from cami_units.layers._sheets import species_table
from cami_units.layers._taxa import TaxonRule, names_of
from cami_units.model import (
    EQUAL_AREA,
    KEPT_CODES,
    LONLAT,
    AnyCrs,
    InputError,
    Note,
    Problem,
    Raster,
    check_arguments,
    check_table,
    clean_name,
    counted_on,
    equal_area_crs,
    in_short,
    nearest_note,
    plan_lines,
    problem_of,
    quoted,
    read_crs,
    toml_key,
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


# -- context --------------------------------------------------------------------------------------

_NAMES: Final = ("name_en", "name", "title", "label")
# How much of a foreign layer's own columns a card shows: the first six, cut to a line each.
_NOTES: Final = 6
_NOTE_LENGTH: Final = 200


def read_context(
    path: Path | str,
    *,
    around: gpd.GeoDataFrame | None,
    reading: Reading | None = None,
    name: str = "",
    column: str | None = None,
    summary: str = "",
) -> LayerRead:
    """A context layer: its rows, or the part of a raster that lies around some sites.

    Parameters
    ----------
    path
        Any vector format of the other layers, or a raster (GeoTIFF, ASCII grid; its first band).
    around : GeoDataFrame or None
        The sites it will be summarised for, in any CRS: of a raster only their surroundings are
        read; ``None``: the whole raster.
    reading : Reading, optional
        How the layers of the plan are read: the equal-area CRS to project vectors to, what the
        plan says of files. A raster stays in its own CRS.
    name : str
        What the plan calls it: ``[crs] context.NAME`` is the CRS of files that do not say theirs.
    column : str, optional
        The column whose values count: it comes back as ``value``.
    summary : str
        What the layer is summed up by: a mean is refused where nobody says of which column.

    Returns
    -------
    LayerRead
        A table with the file's own columns in lower case, or a raster; what was repaired or left
        out, refusals among it; and where it came from.

    Raises
    ------
    InputError
        A raster cannot be read, has no CRS, or no part of it lies near.
    """
    file, reading = Path(path), reading or Reading()
    key = f"context.{name}"
    assumed_crs = reading.assumed_crs.get(key)
    if file.suffix.lower() in RASTERS:
        rules = reading.rules("context", file, is_own=True)
        try:
            raster = _raster(file, around, rules.assumed_crs or assumed_crs, name)
        except AdvisedError as error:
            note = Note("raster without CRS", {"advice": error.note.facts["advice"]})
            problem = problem_of("refuses", "context", file.name, "", note, error.lines)
            return LayerRead(None, (problem,))
        # of a raster the manifest says that it is one row, taken as it is
        entry = source_entry("context", file, (), is_own=True)
        return LayerRead(raster, (), (entry | {"rows": 1, "kept": 1, "dropped": 0},))
    # nothing is measured against a threshold here, so a doubtful repair is better than a hole
    local = replace(
        reading,
        assumed_crs={**reading.assumed_crs, **({"context": assumed_crs} if assumed_crs else {})},
        max_area_change=1.0,
        region=None,
    )
    files, problems = found_files("context", [file])
    rows = gathered("context", files, local, is_own=True)
    rows = replace(rows, problems=(*problems, *rows.problems))
    if rows.table is None and not rows.is_refused:
        nothing = problem_of("refuses", "context", file.name, "", Note("context empty"))
        rows = replace(rows, problems=(*rows.problems, nothing))
    if rows.table is None:
        return rows
    rows = replace(with_counts(rows), problems=(*rows.problems, *same_shapes(rows, "context")))
    rows = replace(rows, table=rows.table.drop(columns="_file"))
    if column is not None:
        return _with_values(rows, column, file.name, name)
    return _with_one_column(rows, file.name, name) if summary == "mean" else rows


def _with_one_column(rows: LayerRead, file: str, name: str) -> LayerRead:
    """The rows, of which a mean is taken; refused where several columns have numbers, or none."""
    table = pd.DataFrame(rows.table.drop(columns=rows.table.active_geometry_name))
    numbers = [name for name in table if pd.api.types.is_numeric_dtype(table[name])]
    if "value" in table or len(numbers) == 1:
        return rows
    place = {"id", "fid", "objectid"} | {
        word for column in dialects.POINT for word in column.spellings
    }
    candidates = [
        str(heading)
        for heading in table
        if dialects.plain(str(heading)) not in place
        and dialects.numbers(table[heading]).notna().any()
    ]
    advice, lines = "column of numbers wanted", ""
    if candidates:
        advice = "say it in the plan"
        lines = plan_lines(f"context.{toml_key(name)}", column=candidates[0])
    facts = {"names": in_short(candidates) or Note("none"), "advice": Note(advice)}
    problem = problem_of("refuses", "context", file, "", Note("mean of which column", facts), lines)
    return replace(rows, table=None, problems=(*rows.problems, problem))


def _with_values(rows: LayerRead, column: str, file: str, name: str) -> LayerRead:
    """The rows with the numbers of one column as ``value``; refused where there is no such column."""
    theirs = {dialects.plain(heading): heading for heading in rows.table.columns}
    heading = theirs.get(dialects.plain(column))
    numbers = None if heading is None else dialects.numbers(rows.table[heading])
    if numbers is not None and numbers.notna().any():
        return replace(rows, table=rows.table.assign(value=numbers.astype(float)))
    headings = [heading for heading in rows.table.columns if heading != "geometry"]
    hint = nearest_note(column, headings) if heading is None else ""
    facts = {"names": in_short(headings, 20), "hint": hint}
    note = Note("no column of numbers", {"name": name, "column": column, **facts})
    problem = problem_of("refuses", "context", file, "", note)
    return replace(rows, table=None, problems=(*rows.problems, problem))


def context_rows(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The rows of a context layer as a round keeps and shows them, whatever columns the file has.

    Parameters
    ----------
    layer : GeoDataFrame
        From :func:`read_context`.

    Returns
    -------
    GeoDataFrame
        ``context_id`` (a number in the order of what follows), ``name_en`` and ``name_ru``,
        ``value`` (the column of that name, or the only one of numbers; NaN without), ``note`` (the
        first few other columns in words), and the geometry.

    Examples
    --------
    >>> rows = gpd.GeoDataFrame({"name": ["Talas"], "heads": [7], "kind": ["wolf"]},
    ...                         geometry=[shapely.Point(0, 0)])
    >>> context_rows(rows).drop(columns="geometry").values.tolist()
    [['0001', 'Talas', 'Talas', 7.0, 'kind: wolf']]
    """
    plain = pd.DataFrame(layer.drop(columns=layer.active_geometry_name))
    numbers = [name for name in plain if pd.api.types.is_numeric_dtype(plain[name])]
    # Of two columns of numbers nobody can guess which is meant: then the plan has to say it.
    only_number = numbers[0] if len(numbers) == 1 else ""
    value = "value" if "value" in plain else only_number
    name = next((column for column in _NAMES if column in plain), "")
    noted = [column for column in plain if column not in (value, *_NAMES, "name_ru")][:_NOTES]
    table = gpd.GeoDataFrame(
        {
            "name_en": _texts(plain, name),
            "name_ru": _texts(plain, "name_ru" if "name_ru" in plain else name),
            "value": dialects.numbers(plain[value]) if value else np.nan,
            "note": [
                "; ".join(
                    f"{clean_name(column)}: {text}"
                    for column, cell in zip(noted, row, strict=True)
                    if (text := clean_name(cell))
                )[:_NOTE_LENGTH]
                for row in plain[noted].itertuples(index=False, name=None)
            ],
        },
        geometry=layer.geometry.array,
        crs=layer.crs,
    )
    # Sorted by what the rows say and where they lie: ids do not depend on the order in the file.
    keyed = table.assign(_wkb=[bytes(column) for column in shapely.to_wkb(table.geometry.array)])
    ordered = table.loc[
        keyed.sort_values(["name_en", "name_ru", "value", "note", "_wkb"], kind="stable").index
    ].reset_index(drop=True)
    digits = max(4, len(str(len(ordered))))
    ordered.insert(0, "context_id", [f"{n:0{digits}d}" for n in range(1, len(ordered) + 1)])
    return ordered


def _texts(table: pd.DataFrame, column: str) -> list[str]:
    return [clean_name(cell) for cell in table[column]] if column else [""] * len(table)


def _unsaid_system(bounds: Sequence[float], name: str) -> AdvisedError:
    """The refusal of a raster without a CRS, with lines of a plan that say it where it is in degrees."""
    west, south, east, north = bounds
    advice, lines = "raster CRS to ask for", ""
    if -180 <= west < east <= 360 and -90 <= south < north <= 90:
        advice = "raster in degrees"
        lines = plan_lines("crs", **{f"context.{toml_key(name)}": LONLAT})
    return AdvisedError(Note("raster without CRS"), advice, lines)


def _raster(
    file: Path, around: gpd.GeoDataFrame | None, assumed_crs: str | None, name: str
) -> Raster:
    """The part of a raster around the sites, read by window; None: all of it."""
    if not file.is_file():
        raise InputError.of("context not there", file=file.name)
    rasterio = rasterio_for(file, "context library missing")
    try:
        # it stays open: its values are read where sites lie, when they do
        source = rasterio.open(file)
        crs = source.crs.to_wkt() if source.crs else assumed_crs
        if crs is None:
            raise _unsaid_system(source.bounds, name)
        # Cells of a turned grid are no rows and columns of the ground: exact means need them straight.
        if source.transform.b or source.transform.d or source.transform.e > 0:
            raise InputError.of("context turned", file=file.name)
        window = (
            rasterio.windows.Window(0, 0, source.width, source.height)
            if around is None
            else _window(rasterio, source, around, crs, file.name)
        )
        left, low, right, top = source.window_bounds(window)
        shape, corner = (window.height, window.width), (window.row_off, window.col_off)
        band = BandWindows(source, (int(shape[0]), int(shape[1])), (int(corner[0]), int(corner[1])))
        # a file that was cut short says so here, and not in the middle of a round
        _ = band[0:1, 0:1]
    except rasterio.errors.RasterioError as error:
        why = quoted(error)
        raise InputError.of("context unreadable", file=file.name, why=why) from error
    return Raster(band, left, low, right, top, crs)


def on_raster(
    sites: gpd.GeoDataFrame, crs: Any, frame: tuple[float, float, float, float]
) -> gpd.GeoDataFrame:
    """Sites in the CRS of a raster; where its longitudes count on past 180°, those of sites do too.

    `frame` is the raster's left, low, right, top. What lies in it is one shape.

    Examples
    --------
    >>> strait = gpd.GeoDataFrame(geometry=[shapely.box(-171, 65, -169, 66)], crs=LONLAT)
    >>> frames = [(west, 50.0, west + 360, 70.0) for west in (-180.0, 0.0)]
    >>> [on_raster(strait, LONLAT, frame).total_bounds.tolist()[0] for frame in frames]
    [-171.0, 189.0]
    """
    flat = in_crs(sites, crs)
    if not read_crs(crs).is_geographic:
        return flat
    left, low, right, top = frame
    turn = 360.0 if left < -180.0 else 0.0
    shapes = counted_on(flat.geometry.to_numpy(), (left + turn, low, right + turn, top))
    shapes = shapely.transform(shapes, lambda xy: xy - (turn, 0.0)) if turn else shapes
    return flat.set_geometry(gpd.GeoSeries(shapes, index=flat.index, crs=flat.crs))


def _window(rasterio: Any, source: Any, around: gpd.GeoDataFrame, crs: str, name: str) -> Any:
    """The rows and columns around the sites, a cell more on every side."""
    flat = on_raster(around, crs, tuple(source.bounds))
    around_sites = rasterio.windows.from_bounds(*flat.total_bounds, transform=source.transform)
    # A cell more on each side: at its rim a site may take part of a cell whose middle lies outside.
    around_sites = rasterio.windows.Window(
        np.floor(around_sites.col_off) - 1,
        np.floor(around_sites.row_off) - 1,
        np.ceil(around_sites.width) + 3,
        np.ceil(around_sites.height) + 3,
    )
    whole_raster = rasterio.windows.Window(0, 0, source.width, source.height)
    try:
        window = rasterio.windows.intersection(around_sites, whole_raster)
    except rasterio.errors.RasterioError:
        raise InputError.of("context elsewhere", file=name) from None
    return window
