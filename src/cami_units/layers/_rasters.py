"""Rasters in: as cells with values, and as the outline of the cells that count."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely

from cami_units.model import InputError

RASTERS: Final = (".tif", ".tiff", ".asc")
"""Rasters whose file holds its own values; one that points to other files is not followed."""

MOST_CELLS: Final = 200_000_000
"""Cells that are read at a time: 1.6 GB of numbers."""


def rasterio_for(file: Path, what: str) -> Any:
    """The library that reads rasters: only who brings one needs its 100 MB."""
    try:
        import rasterio
        import rasterio.features
        import rasterio.windows
    except ImportError:
        raise InputError(
            f"{what} {file.name} is a raster, and what reads rasters is not installed. "
            "Install it with: pip install rasterio"
        ) from None
    return rasterio


def counted_cells(file: Path, at_least: float | None) -> gpd.GeoDataFrame:
    """One row: the ground of the cells with at least a value, outlined along their edges.

    Parameters
    ----------
    file : Path
        GeoTIFF (cloud-optimised or not) or ASCII grid; its first band.
    at_least : float or None
        ``None``: the raster says presence, with 1 (or another single value) where the species is and
        0 or nothing elsewhere.

    Raises
    ------
    InputError
        It cannot be read, is too large, or has several values and nobody says from which on they
        count.
    """
    rasterio = rasterio_for(file, "The file")
    try:
        with rasterio.open(file) as source:
            if source.width * source.height > MOST_CELLS:
                raise InputError(
                    f"it has {source.width * source.height:,} cells; {MOST_CELLS:,} can be read. "
                    "Make it coarser first (gdalwarp -tr)"
                )
            values = source.read(1, masked=True)
            crs = source.crs.to_wkt() if source.crs else None
            transform = source.transform
    except rasterio.errors.RasterioError as error:
        raise InputError(str(error)) from error
    filled = np.ma.filled(values.astype(np.float64), np.nan)
    filled[~np.isfinite(filled)] = 0.0
    if at_least is None:
        kinds = np.unique(filled[filled != 0])
        if len(kinds) > 1:
            raise SeveralValuesError(f"{kinds[0]:g} to {kinds[-1]:g}")
        at_least = float(kinds[0]) if len(kinds) else 1.0
    counts = filled >= at_least
    outlines = rasterio.features.shapes(
        counts.astype(np.uint8), mask=counts, transform=transform, connectivity=4
    )
    parts = [shapely.geometry.shape(outline) for outline, _ in outlines]
    outline_of_all = shapely.multipolygons(parts) if parts else shapely.MultiPolygon()
    return gpd.GeoDataFrame({"cells": [int(counts.sum())]}, geometry=[outline_of_all], crs=crs)


class SeveralValuesError(InputError):
    """A raster holds several values, and nobody says from which on they count."""
