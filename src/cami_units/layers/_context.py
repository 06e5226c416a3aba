"""Context layers: any polygons, lines, points or raster that a plan names, shown and not scored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np

from cami_units.layers._clean import refusal
from cami_units.layers._files import found_files
from cami_units.layers._gather import Reading, gathered
from cami_units.layers._geometry import projected
from cami_units.model import EQUAL_AREA, InputError, Problem, Raster

RASTERS: Final = (".tif", ".tiff", ".asc")
"""Rasters whose file holds its own values; one that points to other files is not followed."""

_MOST_CELLS: Final = 200_000_000


def read_context(
    path: Path | str,
    *,
    around: gpd.GeoDataFrame,
    crs: str = EQUAL_AREA,
    assumed_crs: str | None = None,
) -> tuple[gpd.GeoDataFrame | Raster, tuple[Problem, ...]]:
    """A context layer: its rows, or the part of a raster that lies around some sites.

    Parameters
    ----------
    path
        Any vector format of the other layers, or a raster (GeoTIFF, ASCII grid; its first band).
    around : GeoDataFrame
        The sites it will be summarised for, in any CRS: of a raster only their surroundings are
        read.
    crs : str
        The equal-area CRS to project vectors to. A raster stays in its own.
    assumed_crs : str, optional
        The CRS of a file that does not say its own.

    Returns
    -------
    GeoDataFrame or Raster
        A table with the file's own columns in lower case.
    tuple of Problem
        What was repaired or left out.

    Raises
    ------
    InputError
        The file cannot be read, has no CRS, holds nothing, or no part of the raster lies near.
    """
    file = Path(path)
    if file.suffix.lower() in RASTERS:
        return _raster(file, around, assumed_crs), ()
    reading = Reading(crs=crs, assumed_crs={"context": assumed_crs} if assumed_crs else {})
    files, problems = found_files("context", [file])
    found = gathered("context", files, replace(reading, max_area_change=1.0), own=True)
    said = problems + found.problems
    if any(one.level == "refuses" for one in said):
        raise refusal(said, "reading a context layer")
    if found.table is None:
        raise InputError(f"The context layer {file.name} holds nothing. Give another file.")
    return found.table.drop(columns="_file"), tuple(said)


def _raster(file: Path, around: gpd.GeoDataFrame, assumed_crs: str | None) -> Raster:
    if not file.is_file():
        raise InputError(
            f"The context layer {file.name} is not there. Correct its path in the plan."
        )
    rasterio = _rasterio(file)
    try:
        with rasterio.open(file) as source:
            crs = source.crs.to_wkt() if source.crs else assumed_crs
            if crs is None:
                raise InputError(
                    f"The context layer {file.name} does not say its CRS. Write one into the file."
                )
            if source.transform.b or source.transform.d or source.transform.e > 0:
                raise InputError(
                    f"The context layer {file.name} is turned or upside down. Warp it to a north-up "
                    "grid first (gdalwarp)."
                )
            window = _window(rasterio, source, around, crs, file.name)
            band = source.read(1, window=window, masked=True)
            left, low, right, top = source.window_bounds(window)
    except rasterio.errors.RasterioError as error:
        raise InputError(f"The context layer {file.name} cannot be read: {error}.") from error
    values = np.ma.filled(band.astype(np.float64), np.nan)
    return Raster(values, left, low, right, top, crs)


def _rasterio(file: Path) -> Any:
    """The library that reads rasters: only who brings one needs its 100 MB."""
    try:
        import rasterio
        import rasterio.windows
    except ImportError:
        raise InputError(
            f"The context layer {file.name} is a raster, and what reads rasters is not installed. "
            "Install it with: pip install rasterio"
        ) from None
    return rasterio


def _window(rasterio: Any, source: Any, around: gpd.GeoDataFrame, crs: str, name: str) -> Any:
    """The rows and columns around the sites, a cell more on every side."""
    flat = gpd.GeoSeries(projected(around.geometry.to_numpy(), around.crs, crs), crs=crs)
    wanted = rasterio.windows.from_bounds(*flat.total_bounds, transform=source.transform)
    wanted = rasterio.windows.Window(
        np.floor(wanted.col_off) - 1,
        np.floor(wanted.row_off) - 1,
        np.ceil(wanted.width) + 3,
        np.ceil(wanted.height) + 3,
    )
    whole = rasterio.windows.Window(0, 0, source.width, source.height)
    try:
        window = rasterio.windows.intersection(wanted, whole)
    except rasterio.errors.RasterioError:
        raise InputError(
            f"No part of the context layer {name} lies where the units are. Is its CRS right?"
        ) from None
    if window.width * window.height > _MOST_CELLS:
        raise InputError(
            f"The context layer {name} has {window.width * window.height:,.0f} cells around the "
            f"units; {_MOST_CELLS:,} can be read. Make it coarser first (gdalwarp -tr)."
        )
    return window
