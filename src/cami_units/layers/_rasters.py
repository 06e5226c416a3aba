"""Rasters in: windows of a band, and ranges as the cells that count, whole or by their value."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from cami_units.model import (
    RANGE_WEIGHT,
    InputError,
    quoted,
)

RASTERS: Final = (".tif", ".tiff", ".asc")
"""Rasters whose file holds its own values; one that points to other files is not followed."""

MOST_CELLS: Final = 1_000_000_000
"""Cells of a range that are looked through; half an hour of them."""

_STRIP_CELLS: Final = 4_000_000
"""Cells that are in memory at a time: 32 MB of numbers, and as much again while they are sorted."""

_MOST_VALUES: Final = 100
"""A raster of up to so many values (per cents, classes) is taken value by value, exactly."""

_STEP: Final = 0.04
"""Of more values, cells whose weights lie within so much are one part, with their mean weight.

A cell is off by up to half of it, the range as a whole by nothing, a site by 0.2 % of its area at the
most that was found; finer steps make parts of single cells, which take memory and time.
"""

_MOST_WEIGHTED: Final = 200_000
"""Finer rasters are averaged over blocks of cells until about so many count. The sum stays; a range of
3 million km² is then told every 4 km, where units have thousands of km²."""


def rasterio_for(file: Path, refusal: str) -> Any:
    """The library that reads rasters: only who brings one needs its 100 MB."""
    try:
        import rasterio
        import rasterio.features
        import rasterio.windows
    except ImportError:
        raise InputError.of(refusal, file=file.name) from None
    return rasterio


class BandWindows:
    """The first band of a raster, read window by window as it is sliced: ``band[4:9, 0:7]``.

    Rows from the top; float64 with the file's scale and offset applied, NaN where there is no value.
    """

    def __init__(self, source: Any, shape: tuple[int, int], corner: tuple[int, int] = (0, 0)):
        self.source, self.shape, self.corner = source, shape, corner

    def __getitem__(self, window: tuple[slice, slice]) -> NDArray[np.float64]:
        (top, bottom), (left, right) = (
            part.indices(size)[:2] for part, size in zip(window, self.shape, strict=True)
        )
        rows = (self.corner[0] + top, self.corner[0] + max(top, bottom))
        cols = (self.corner[1] + left, self.corner[1] + max(left, right))
        try:
            band = self.source.read(1, window=(rows, cols), masked=True)
        except OSError as error:  # what rasterio raises of a file that was cut short is one
            name = Path(self.source.name).name
            facts = {"file": name, "row": str(rows[0]), "why": quoted(error)}
            raise InputError.of("raster damaged", **facts) from error
        values = np.ma.filled(band.astype(np.float64), np.nan)
        return np.asarray(values * self.source.scales[0] + self.source.offsets[0])


def raster_range(
    file: Path, *, at_least: float | None = None, whole_at: float | None = None
) -> gpd.GeoDataFrame:
    """A range out of a raster: the ground of the cells that count, outlined along their edges.

    Parameters
    ----------
    file : Path
        GeoTIFF (cloud-optimised or not) or ASCII grid; its first band. It is read in strips, so that
        memory holds one of them, and a byte for each cell of the next.
    at_least : float or None
        From which value on a cell counts. Without this and without `whole_at` the raster says
        presence, with 1 (or another single value) where the species is and 0 or nothing elsewhere.
    whole_at : float or None
        Cells count by weight, value ÷ `whole_at`, at most 1: suitability or occupancy from 0 to 1
        has 1 here, one in per cents 100.

    Returns
    -------
    GeoDataFrame
        ``cells`` (how many), polygons, and with `whole_at` ``range_weight``: a row a weight, by weight.
        Up to 100 different values keep their weight exactly; of more, cells within 0.04 are one row
        with the mean of their weights by area. ``attrs["block"]``: how many cells along and across
        were averaged beforehand, where more than 200,000 count.

    Raises
    ------
    InputError
        It cannot be read, is too large, or has several values and nobody says from which on they
        count.
    """
    rasterio = rasterio_for(file, "raster library missing")
    try:
        with rasterio.open(file) as source:
            if source.width * source.height > MOST_CELLS:
                count = source.width * source.height
                raise InputError.of("raster large", count=count, most=MOST_CELLS)
            if whole_at is not None:
                return _weighted_cells(rasterio, source, at_least, whole_at)
            if at_least is None:
                at_least = _only_value(source)
            parts = _Parts(rasterio, source)
            for top, values in _strips(source):
                parts.add(top, (values >= at_least).astype(np.uint8))
    except rasterio.errors.RasterioError as error:
        raise InputError(quoted(error)) from error
    return gpd.GeoDataFrame(
        {"cells": [parts.cells.get(1, 0)]}, geometry=[parts.outline(1)], crs=parts.crs
    )


def _strips(source: Any, rows: int = 1) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """The row of its top edge and the values of each strip, a multiple of some rows high.

    About as high as whole tiles of the file, so that none is unpacked often.
    """
    band = BandWindows(source, (source.height, source.width))
    for top, values in strips(band, tile=source.block_shapes[0][0], rows=rows):
        # No value is no range; and a comparison with what is no number would warn.
        values[~np.isfinite(values)] = 0.0
        yield top, values


def strips(values: Any, *, tile: int = 1, rows: int = 1) -> Iterator[tuple[int, Any]]:
    """The bands of a raster from the top, each with the row of its top edge.

    Parameters
    ----------
    values
        An array, or what gives windows of one when it is sliced, as :class:`cami_units.model.Raster`
        has it.
    tile : int
        No band is less high than this.
    rows : int
        Each is a multiple of so many rows high.
    """
    height, width = values.shape
    high = max(tile, _STRIP_CELLS // max(1, width))
    high = max(1, high // rows) * rows
    for top in range(0, height, high):
        yield top, values[top : top + high, 0:width]


def _only_value(source: Any) -> float:
    """The one value of a raster of presence; refused where there are several."""
    least, greatest = np.inf, -np.inf
    for _, strip in _strips(source):
        values = strip[strip != 0]
        if len(values):
            least, greatest = min(least, values.min()), max(greatest, values.max())
    if least < greatest:
        span = {"low": float(least), "high": float(greatest)}
        raise SeveralValuesError.of("raster of several values", **span)
    return float(least) if np.isfinite(least) else 1.0


def _positive_values(source: Any, least: float) -> tuple[NDArray[np.float64], int]:
    """The values of a band above 0, sorted, or the first of too many; and how many cells have them."""
    values: NDArray[np.float64] = np.empty(0)
    count = 0
    for _, strip in _strips(source):
        positive = strip[(strip > 0) & (strip >= least)]
        count += len(positive)
        # Past that it is known that there are too many: only the count goes on.
        if len(values) <= _MOST_VALUES:
            values = np.union1d(values, positive)
    return values, count


def _weighted_cells(
    rasterio: Any, source: Any, at_least: float | None, whole_at: float
) -> gpd.GeoDataFrame:
    """A row for each weight of the cells of a raster, least first."""
    if whole_at <= 0:
        raise InputError.of("whole_at not above 0", value=float(whole_at))
    least = 0.0 if at_least is None else at_least
    values, count = _positive_values(source, least)
    block = max(1, math.ceil(math.sqrt(count / _MOST_WEIGHTED)))
    is_exact = len(values) <= _MOST_VALUES and block == 1
    exact = np.unique(np.minimum(values / whole_at, 1.0))
    parts = _Parts(rasterio, source, block)
    for top, strip in _strips(source, block):
        weight = np.clip(strip / whole_at, 0.0, 1.0)
        # Before blocks are averaged: a cell below the limit counts as none in the mean.
        weight[strip < least] = 0.0
        weight = _averaged(weight, block)
        # a weight on the edge of a step must not be rounded into the next one
        steps = np.searchsorted(exact, weight) + 1 if is_exact else np.ceil(weight / _STEP - 1e-9)
        codes = np.where(weight > 0, np.maximum(steps, 1), 0).astype(np.uint8)
        # Rows of blocks and not of the file.
        parts.add(top // block, codes, weight)
    rows = sorted(parts.cells)
    weights = [
        float(exact[code - 1]) if is_exact else round(parts.mean_weight(code), 6) for code in rows
    ]
    table = gpd.GeoDataFrame(
        {"cells": [parts.cells[code] for code in rows], RANGE_WEIGHT: weights},
        geometry=[parts.outline(code) for code in rows],
        crs=parts.crs,
    )
    table.attrs["block"] = block
    return table


def _averaged(values: NDArray[np.float64], block: int) -> NDArray[np.float64]:
    """The means of blocks of cells; beyond the edge of the raster is nothing."""
    if block == 1:
        return values
    high, wide = (-(-size // block) * block for size in values.shape)
    padded = np.pad(values, ((0, high - values.shape[0]), (0, wide - values.shape[1])))
    means: NDArray[np.float64] = padded.reshape(high // block, block, wide // block, block).mean(
        axis=(1, 3)
    )
    return means


class _Parts:
    """The outlines of the cells of each code, gathered from strips."""

    def __init__(self, rasterio: Any, source: Any, block: int = 1) -> None:
        self.rasterio = rasterio
        self.transform = source.transform * rasterio.Affine.scale(block)
        self.crs = source.crs.to_wkt() if source.crs else None
        self.is_round = bool(source.crs and source.crs.is_geographic)
        self.cells: dict[int, int] = {}
        self.polygons: dict[int, list[Any]] = {}
        self.seams: list[int] = []
        self.sums: dict[int, NDArray[np.float64]] = {}

    def add(
        self, top: int, codes: NDArray[np.uint8], weight: NDArray[np.float64] | None = None
    ) -> None:
        """Add a strip whose top edge is that of row `top`; cells of code 0 are none."""
        # in rows and columns of the raster, which are whole: what a seam cut apart meets exactly
        down = self.rasterio.Affine.translation(0, top)
        shapes = self.rasterio.features.shapes(
            # By edges only: cells that meet at a corner would make rings that touch themselves.
            codes,
            mask=codes > 0,
            transform=down,
            connectivity=4,
        )
        for shape, code in shapes:
            self.polygons.setdefault(int(code), []).append(shapely.geometry.shape(shape))
        self.seams.append(top)
        counts = np.bincount(codes.ravel(), minlength=256)
        for code in np.flatnonzero(counts[1:]) + 1:
            self.cells[int(code)] = self.cells.get(int(code), 0) + int(counts[code])
        if weight is not None:
            size = self._row_size(top, len(codes))
            for code in np.flatnonzero(counts[1:]) + 1:
                of_code = codes == code
                sums = np.array([(weight * of_code).sum(axis=1) @ size, of_code.sum(axis=1) @ size])
                self.sums[int(code)] = self.sums.get(int(code), np.zeros(2)) + sums

    def _row_size(self, top: int, high: int) -> NDArray[np.float64]:
        """The ground of a cell of each row against one another: degrees shrink towards the poles."""
        if not self.is_round:
            return np.ones(high)
        y = [(self.transform * (0, top + row + 0.5))[1] for row in range(high)]
        return np.asarray(np.cos(np.radians(y)))

    def mean_weight(self, code: int) -> float:
        """The mean weight of the cells of a code, by area."""
        weight, size = self.sums[code]
        return float(weight / size)

    def outline(self, code: int) -> Any:
        """The cells of a code as one shape; polygons that strips cut apart are joined again."""
        polygons = np.array([*self.polygons.get(code, ()), None], dtype=object)[:-1]
        if not len(polygons):
            return shapely.MultiPolygon()
        _, top, _, bottom = shapely.bounds(polygons).T
        # Only what touches a seam was cut apart; the first seam is the upper edge of the raster.
        cut = np.isin(top, self.seams[1:]) | np.isin(bottom, self.seams[1:])
        if cut.any():
            joined = shapely.get_parts(shapely.union_all(polygons[cut]))
            polygons = np.append(polygons[~cut], joined)
        return shapely.transform(shapely.multipolygons(polygons), self._placed)

    def _placed(self, cells: NDArray[np.float64]) -> NDArray[np.float64]:
        """Columns and rows as coordinates of the raster's CRS."""
        x, y = self.transform * (cells[:, 0], cells[:, 1])
        return np.column_stack([x, y])


class SeveralValuesError(InputError):
    """A raster holds several values, and nobody says from which on they count."""
