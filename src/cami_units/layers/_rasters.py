"""Rasters in: windows of a band, and ranges as the cells that count, whole or by their value."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from cami_units.model import RANGE_WEIGHT, InputError, quoted

RASTERS: Final = (".tif", ".tiff", ".asc")
"""Rasters whose file holds its own values; one that points to other files is not followed."""

MOST_CELLS: Final = 1_000_000_000
"""Cells of a range that are looked through; a quarter of a minute of them."""

_STRIP_CELLS: Final = 4_000_000
"""Cells that are looked at a time: 32 MB of numbers, and as much again while they are sorted."""

_BLOCK_CELLS: Final = 50_000_000
"""Cells of a tile, or of a row of tiles, which can only be unpacked as a whole: as bytes 50 MB."""

_CACHE_MB: Final = 32
"""What GDAL keeps of unpacked tiles; no tile is asked for twice. Left to itself it takes 5 % of memory."""

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

_MOST_CORNERS: Final = 4 * _MOST_WEIGHTED
"""Corners of an outline, as many as so many single cells have: two seconds and 200 MB. A range in more
crumbs than that is averaged too."""


def rasterio_for(file: Path, refusal: str = "raster library missing") -> Any:
    """The library that reads rasters: only who brings one needs its 100 MB."""
    try:
        import rasterio
        import rasterio.features
        import rasterio.windows
    except ImportError:
        raise InputError.of(refusal, file=file.name) from None
    return rasterio


_SHAPES_AT_A_TIME: Final = 5_000
"""Outlines that are there as lists of numbers, which take ten times the memory of a shape."""


class BandWindows:
    """The first band of a raster, read window by window as it is sliced: ``band[4:9, 0:7]``.

    Rows from the top, with the file's scale and offset applied. Where there is no value stands `fill`:
    of NaN all numbers are float64; with another they stay as they are stored.
    """

    def __init__(
        self,
        source: Any,
        shape: tuple[int, int],
        corner: tuple[int, int] = (0, 0),
        fill: float = np.nan,
    ):
        self.source, self.shape, self.corner, self.fill = source, shape, corner, fill

    def __getitem__(self, window: tuple[slice, slice]) -> NDArray[Any]:
        (top, bottom), (left, right) = (
            part.indices(size)[:2] for part, size in zip(window, self.shape, strict=True)
        )
        rows = (self.corner[0] + top, self.corner[0] + max(top, bottom))
        cols = (self.corner[1] + left, self.corner[1] + max(left, right))
        try:
            with rasterio_for(Path(self.source.name)).Env(GDAL_CACHEMAX=_CACHE_MB):
                band = self.source.read(1, window=(rows, cols), masked=True)
        except OSError as error:  # what rasterio raises of a file that was cut short is one
            name = Path(self.source.name).name
            facts = {"file": name, "row": str(rows[0]), "why": quoted(error)}
            raise InputError.of("raster damaged", **facts) from error
        scale, offset = self.source.scales[0], self.source.offsets[0]
        if np.isnan(self.fill) or (scale, offset) != (1.0, 0.0):
            band = band.astype(np.float64) * scale + offset
        return np.asarray(np.ma.filled(band, self.fill))


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
    rasterio = rasterio_for(file)
    try:
        with rasterio.open(file) as source:
            _refuse_large(source)
            if whole_at is None:
                table = _present_cells(rasterio, source, at_least)
            else:
                table = _weighted_cells(rasterio, source, at_least, whole_at)
    except rasterio.errors.RasterioError as error:
        raise InputError(quoted(error)) from error
    return table


def _refuse_large(source: Any) -> None:
    """Refuse what would take minutes, or more memory than the cells that are looked at."""
    if (count := source.width * source.height) > MOST_CELLS:
        raise InputError.of("raster large", count=count, most=MOST_CELLS)
    high, wide = source.block_shapes[0]
    # strips are read in whole rows of tiles
    block = high * max(wide, source.width)
    if block > _BLOCK_CELLS:
        raise InputError.of("raster block large", count=block, most=_BLOCK_CELLS)


def _strips(source: Any, rows: int = 1) -> Iterator[tuple[int, NDArray[Any]]]:
    """The row of its top edge and the values of each strip, a multiple of some rows high.

    Whole tiles of the file are read, so that none is unpacked twice, and looked at a strip at a time.
    """
    band = BandWindows(source, (source.height, source.width), fill=0)
    high = max(1, _STRIP_CELLS // source.width // rows) * rows
    for top, stored in strips(band, tile=source.block_shapes[0][0], rows=rows):
        for at in range(0, len(stored), high):
            values = stored[at : at + high]
            if values.dtype.kind == "f":  # no value is no range
                values = values.astype(np.float64)
                values[~np.isfinite(values)] = 0.0
            yield top + at, values


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


def _present_cells(rasterio: Any, source: Any, at_least: float | None) -> gpd.GeoDataFrame:
    """The cells of a raster of presence as one row; by weight, averaged, where they lie in crumbs."""

    def is_present(values: NDArray[Any]) -> NDArray[np.bool_]:
        """Which cells count."""
        return values != 0 if at_least is None else values >= at_least

    parts = _Parts(rasterio, source)
    least_value, greatest_value = np.inf, -np.inf
    for top, values in _strips(source):
        present = is_present(values)
        if at_least is None and present.any():
            some = values[present]
            least_value = min(least_value, some.min())
            greatest_value = max(greatest_value, some.max())
        # of a raster of several values only their span is still looked for
        if least_value >= greatest_value and parts.n_corners <= _MOST_CORNERS:
            parts.add(top, present.astype(np.uint8))
    if least_value < greatest_value:
        span = {"low": float(least_value), "high": float(greatest_value)}
        raise SeveralValuesError.of("raster of several values", **span)
    if parts.n_corners > _MOST_CORNERS:
        # crumbs may lie all over the raster: in nearly every block of it
        count = source.width * source.height
        return _averaged_cells(rasterio, source, is_present, np.ones(1), count)
    return gpd.GeoDataFrame(
        {"cells": [parts.cells.get(1, 0)]}, geometry=[parts.outline(1)], crs=parts.crs
    )


def _positive_values(source: Any, least_value: float) -> tuple[NDArray[np.float64], int]:
    """The values of a band above 0, sorted, or the first of too many; and how many cells have them."""
    values: NDArray[np.float64] = np.empty(0)
    count = 0
    for _, strip in _strips(source):
        positive = strip[(strip > 0) & (strip >= least_value)]
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
    least_value = 0.0 if at_least is None else at_least
    values, count = _positive_values(source, least_value)

    def weight_of(strip: NDArray[Any]) -> NDArray[np.float64]:
        """How much of each cell counts. Before blocks are averaged: one below the limit is none."""
        weight = np.clip(strip / whole_at, 0.0, 1.0)
        weight[strip < least_value] = 0.0
        return weight

    exact = np.unique(np.minimum(values / whole_at, 1.0)) if len(values) <= _MOST_VALUES else None
    return _averaged_cells(rasterio, source, weight_of, exact, count)


def _averaged_cells(
    rasterio: Any,
    source: Any,
    weight_of: Callable[[NDArray[Any]], NDArray[Any]],
    exact: NDArray[np.float64] | None,
    count: int,
) -> gpd.GeoDataFrame:
    """A row for each weight of the cells of a raster, or of blocks of them, `count` cells being above 0.

    `weight_of` says how much of each counts, 0–1; `exact` are the weights that there are; ``None``: too
    many to be told apart.
    """
    block = max(1, math.ceil(math.sqrt(count / _MOST_WEIGHTED)))
    while (table := _cells_of_blocks(rasterio, source, weight_of, exact, block)) is None:
        block *= 2  # crumbs so far apart that there is one in nearly every block
    return table


def _cells_of_blocks(
    rasterio: Any,
    source: Any,
    weight_of: Callable[[NDArray[Any]], NDArray[Any]],
    exact: NDArray[np.float64] | None,
    block: int,
) -> gpd.GeoDataFrame | None:
    """The rows of :func:`_averaged_cells` for one size of blocks; ``None``: their outlines are too fine."""
    known_values = exact if block == 1 else None
    parts = _Parts(rasterio, source, block)
    for top, strip in _strips(source, block):
        weight = _averaged(weight_of(strip).astype(np.float64), block)
        # a weight on the edge of a step must not be rounded into the next one
        steps = (
            np.ceil(weight / _STEP - 1e-9)
            if known_values is None
            else np.searchsorted(known_values, weight) + 1
        )
        codes = np.where(weight > 0, np.maximum(steps, 1), 0).astype(np.uint8)
        # Rows of blocks and not of the file.
        parts.add(top // block, codes, weight)
        if parts.n_corners > _MOST_CORNERS:
            return None
    rows = sorted(parts.cells)
    weights = [
        round(parts.mean_weight(code), 6) if known_values is None else float(known_values[code - 1])
        for code in rows
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
        self.n_corners = 0
        self.cells: dict[int, int] = {}
        self.polygons: dict[int, list[NDArray[Any]]] = {}
        self.seams: list[int] = []
        self.sums: dict[int, NDArray[np.float64]] = {}

    def add(
        self, top: int, codes: NDArray[np.uint8], weight: NDArray[np.float64] | None = None
    ) -> None:
        """Add a strip whose top edge is that of row `top`; cells of code 0 are none.

        Once there are more corners than an outline may have, nothing is added.
        """
        self.seams.append(top)
        rows, cols = (np.flatnonzero((codes > 0).any(axis=axis)) for axis in (1, 0))
        if not len(rows):  # most of a range map is none
            return
        inner_codes = codes[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
        self.n_corners += _n_corners(inner_codes)
        if self.n_corners > _MOST_CORNERS:
            return
        # in rows and columns of the raster, which are whole: what a seam cut apart meets exactly
        place = self.rasterio.Affine.translation(cols[0], top + rows[0])
        # By edges only: cells that meet at a corner would make rings that touch themselves.
        shapes = self.rasterio.features.shapes(
            inner_codes, mask=inner_codes > 0, transform=place, connectivity=4
        )
        while some := list(islice(shapes, _SHAPES_AT_A_TIME)):
            polygons = _polygons([shape["coordinates"] for shape, _ in some])
            of_polygon = np.array([int(code) for _, code in some])
            for code in np.unique(of_polygon):
                self.polygons.setdefault(int(code), []).append(polygons[of_polygon == code])
        counts = np.bincount(inner_codes.ravel(), minlength=256)
        codes_there = [int(code) for code in np.flatnonzero(counts[1:]) + 1]
        for code in codes_there:
            self.cells[code] = self.cells.get(code, 0) + int(counts[code])
        if weight is None:
            return
        size = self._row_size(top, len(codes))
        for code in codes_there:
            of_code = codes == code
            sums = np.array([(weight * of_code).sum(axis=1) @ size, of_code.sum(axis=1) @ size])
            self.sums[code] = self.sums.get(code, np.zeros(2)) + sums

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
        if code not in self.polygons:
            return shapely.MultiPolygon()
        polygons = np.concatenate(self.polygons[code])
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


def _n_corners(codes: NDArray[np.uint8]) -> int:
    """About how many corners the outlines of some cells have: where an upright edge ends or is crossed."""
    upright = codes[:, 1:] != codes[:, :-1]
    level = codes[1:, 1:] != codes[:-1, 1:]
    inner = np.count_nonzero((upright[1:] != upright[:-1]) | (upright[1:] & level))
    return int(inner + np.count_nonzero(upright[0]) + np.count_nonzero(upright[-1]))


def _polygons(outlines: list[Any]) -> NDArray[Any]:
    """Polygons from the rings of each, as GeoJSON has them; all at once, as there may be 200,000."""
    rings = list(chain.from_iterable(outlines))
    corners = np.array(list(chain.from_iterable(rings)), dtype=float)
    ring_ends = np.cumsum([0, *map(len, rings)])
    polygon_ends = np.cumsum([0, *map(len, outlines)])
    kind = shapely.GeometryType.POLYGON
    return np.asarray(shapely.from_ragged_array(kind, corners, (ring_ends, polygon_ends)))


class SeveralValuesError(InputError):
    """A raster holds several values, and nobody says from which on they count."""
