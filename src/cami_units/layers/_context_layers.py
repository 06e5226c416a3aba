"""Context layers: any polygons, lines, points or raster that a plan names, shown and not scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.layers import _dialects as dialects
from cami_units.layers._equal_area import in_crs
from cami_units.layers._gis_files import found_files
from cami_units.layers._layer_rows import gathered, same_shapes, source_entry, with_counts
from cami_units.layers._rasters import RASTERS, BandWindows, rasterio_for
from cami_units.layers._reading import AdvisedError, LayerRead, Reading
from cami_units.model import (
    LONLAT,
    InputError,
    Note,
    Raster,
    clean_name,
    counted_on,
    in_short,
    nearest_note,
    plan_lines,
    problem_of,
    quoted,
    read_crs,
    toml_key,
)

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
