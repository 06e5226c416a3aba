"""The ground under every map: relief, land, rivers and lakes of the world, from the bundled data.

For the eye only: nothing is measured on it. It fetches nothing, and a region beyond the bundled
layers has it as well.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from io import BytesIO
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from cami_units.model import LONLAT, data_dir, transformed, transformer

Frame = tuple[float, float, float, float]
"""West, south, east, north, in degrees; or left, low, right, top in metres of a CRS."""

Shades = npt.NDArray[np.uint8]
"""Rows from the north down; 255 is water or full light, about 237 is flat ground."""

# The bundled study takes 97 kB at 42 and 121 kB at 60: a page may carry 250 kB of ground in all.
_FLAT: Final = 237.0
_SHADOW_PIXELS: Final = 400
_SHADOW: Final = 0.5
"""How dark the deepest shadow is where shadows lie on colours: names must be read on it."""
PICTURE_QUALITY: Final = 42
PICTURE_PIXELS: Final = 1500
"""A page carries the relief of a region in about 100 kB: finer than this the source is not."""

RIVERS: Final = "river"
LAKES: Final = "lake"


@dataclass(frozen=True, slots=True)
class Picture:
    """A relief for a page: a data URI, and the frame it fills."""

    uri: str
    frame: Frame


def shades_in(frame: Frame, crs: Any, *, width: int) -> Shades:
    """The relief in a frame of a map, resampled into its CRS.

    Parameters
    ----------
    frame : tuple
        In units of `crs`.
    crs : str or CRS
        Of the map. Where it has no inverse, nothing is drawn.
    width : int
        Pixels from left to right; as many to a unit from top to bottom.
    """
    left, low, right, top = frame
    height = max(1, round(width * (top - low) / (right - left)))
    x = left + (np.arange(width) + 0.5) * (right - left) / width
    y = top - (np.arange(height) + 0.5) * (top - low) / height
    return np.concatenate([_sampled(lon, lat) for lon, lat in _lonlat_bands(x, y, crs)])


_BAND: Final = 32
"""Rows of a picture that are sampled at a time."""


_KNOT: Final = 16
"""Pixels between two places of which the projection is asked, at most: between them it is as good as
straight, a tenth of a pixel off at 70° north."""
_LEAST_KNOTS: Final = 24
"""Such places across a picture, at least: pixels of a small one of a continent are 50 km wide."""


def _lonlat_bands(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], crs: Any
) -> Iterator[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Longitude and latitude of every x (columns) at every y (rows) of a regular grid.

    A band of rows at a time: what lies between places and shades stays beside the processor.
    """
    to_lonlat = transformer(crs, LONLAT)
    (column, across, at_x), (row, down, at_y) = _knots(x), _knots(y)
    knots = np.asarray(to_lonlat.transform(*np.meshgrid(at_x, at_y)))
    bands = [slice(start, start + _BAND) for start in range(0, len(y), _BAND)]
    if not np.isfinite(knots).all() or np.ptp(knots[0]) > 180:  # over an edge of the world
        for band in bands:
            lon, lat = to_lonlat.transform(*np.meshgrid(x, y[band]))
            yield np.asarray(lon), np.asarray(lat)
        return
    between = knots[..., column] * (1 - across) + knots[..., column + 1] * across
    for band in bands:
        above, share = row[band], down[band, None]
        lon, lat = between[:, above] * (1 - share) + between[:, above + 1] * share
        yield lon, lat


def _knots(
    values: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Between evenly spaced values: behind which knot each lies, how far on to the next, the knots."""
    n = len(values)
    n_knots = max((n - 1) // _KNOT + 2, _LEAST_KNOTS)
    at = np.linspace(0, n_knots - 1, n)
    behind = np.minimum(at.astype(np.intp), n_knots - 2)
    return behind, at - behind, np.linspace(values[0], values[-1], n_knots)


@cache
def grey_picture(frame: Frame, crs: str, width: int) -> bytes:
    """The relief in a frame of a map as a small grey JPEG: whoever shows it enlarges it, smoothly.

    A drawing of a unit covers some fifty pixels of the source: three times as many are plenty.
    """
    return _jpeg(shades_in(frame, crs, width=width))


def shadow_picture(grey: bytes) -> bytes:
    """A grey relief as shadows to lay on colours, for programs that cannot multiply them.

    A PNG of black: the darker the relief, the less can be seen through it; flat ground and water
    are clear.
    """
    from PIL import Image

    with Image.open(BytesIO(grey)) as picture:
        wide, high = picture.size
        # Enlarged here, for not every Office smooths what it enlarges.
        width = max(wide, _SHADOW_PIXELS)
        smooth = picture.convert("L").resize(
            (width, round(high * width / wide)), Image.Resampling.BICUBIC
        )
    # Sixteen steps: no eye tells more in a shadow, and the file is a third.
    steps = np.rint(_SHADOW * np.clip((_FLAT - np.arange(256)) / _FLAT, 0, 1) * 15)
    veil = smooth.point(steps.astype(int).tolist())
    veil.putpalette(bytes(3 * 16))
    out = BytesIO()
    # Blacks of four bits a pixel, a quarter of grey with a veil; packed by runs alone (zlib's Z_RLE):
    # smaller than by all of zlib's means, for the steps are broad, and in a quarter of the time.
    clear = bytes(range(0, 256, 17))
    veil.save(out, "png", bits=4, transparency=clear, compress_type=3)
    return out.getvalue()


def mercator_picture(frame: Frame) -> Picture:
    """The relief of a frame in degrees as web maps stretch it: rows by Mercator, not by latitude."""
    west, south, east, north = frame
    low, top = (_mercator(latitude) for latitude in (south, north))
    # The source has about 15 pixels a degree: more of them would be blown up, not finer.
    width = min(PICTURE_PIXELS, round((east - west) * 15))
    height = max(1, round(width * (top - low) / (east - west)))
    y = top - (np.arange(height) + 0.5) * (top - low) / height
    lat = np.degrees(2 * np.arctan(np.exp(np.radians(y))) - np.pi / 2)
    lon = west + (np.arange(width) + 0.5) * (east - west) / width
    # as near to the source as a WebP of 42, which is a sixth smaller and takes twenty times as long
    picture = _jpeg(_sampled(lon[None, :], lat[:, None]), quality=50)
    text = base64.b64encode(picture).decode("ascii")
    return Picture(f"data:image/jpeg;base64,{text}", frame)


@cache
def lonlat_picture(frame: Frame) -> bytes:
    """The relief of a frame in degrees, rows by latitude, as a JPEG: what a globe lays on its ground."""
    west, south, east, north = frame
    width = min(PICTURE_PIXELS, round((east - west) * 15))
    height = max(1, round(width * (north - south) / (east - west)))
    lon = west + (np.arange(width) + 0.5) * (east - west) / width
    lat = north - (np.arange(height) + 0.5) * (north - south) / height
    return _jpeg(_sampled(lon[None, :], lat[:, None]))


def _jpeg(shades: Shades, quality: int = PICTURE_QUALITY) -> bytes:
    """Shades as a grey JPEG."""
    # Pillow is fetched where something is drawn: a picture that was drawn before needs none. A lazy
    # stand-in for it would be found by matplotlib, which then looks for PIL.Image in vain.
    from PIL import Image

    out = BytesIO()
    Image.fromarray(shades).save(out, "jpeg", quality=quality, optimize=True)
    return out.getvalue()


def lonlat_frame(frame: Frame, crs: str) -> Frame:
    """A frame of a map in degrees: what its edge and its middle reach.

    Over the 180° meridian longitudes count on, so that it is no wider than it is; nothing but zeros
    where no place of it is on Earth.
    """
    left, low, right, top = frame
    # a grid and not the corners: the northernmost point of a map is in the middle of its upper edge
    x, y = np.meshgrid(np.linspace(left, right, 25), np.linspace(low, top, 25))
    lon, lat = transformer(crs, LONLAT).transform(x.ravel(), y.ravel())
    is_place = np.isfinite(lon) & np.isfinite(lat)
    if not is_place.any():
        return (0.0, 0.0, 0.0, 0.0)
    lon, lat = lon[is_place], lat[is_place]
    if np.ptp(lon) > 180:  # half of the globe: counted from the middle it may be less
        turned = lon % 360
        lon = turned if np.ptp(turned) < np.ptp(lon) else lon
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def water_in(frame: Frame) -> gpd.GeoDataFrame:
    """Rivers and lakes that reach into a frame in degrees, the longest and largest first.

    The frame may count on over the 180° meridian.

    Returns
    -------
    GeoDataFrame
        ``kind`` (:data:`RIVERS` or :data:`LAKES`), ``size`` (km or km²), in longitude and latitude.
    """
    table = _water()
    west, south, east, north = frame
    turns = [shapely.box(west + turn, south, east + turn, north) for turn in (-360, 0, 360)]
    shapes = table.geometry.to_numpy()
    # frame by frame: what meets a rectangle GEOS finds by bounds alone, mostly
    is_there = np.any([shapely.intersects(shapes, turn) for turn in turns], axis=0)
    return table[is_there].reset_index(drop=True)


def land_beyond(
    known: Sequence[BaseGeometry] | npt.NDArray[Any], frame: Frame, crs: str = LONLAT
) -> BaseGeometry:
    """The land in a frame that no known shape covers: neighbours are cut where their layer ends.

    Without it a wide window shows sea under relief there.

    Parameters
    ----------
    known : array of geometry
        All ground that the map draws itself, in `crs`.
    frame : tuple
        In units of `crs`.
    crs : str
        Longitude and latitude, or metres.

    Returns
    -------
    geometry
        Reaching a little under the known ground, so that no crack shows; empty where nothing is missing.
    """
    step = _COAST if crs == LONLAT else _COAST * 111_200
    left, low, right, top = frame
    # what is cut at the edge lies outside of it
    frame = (left - 3 * step, low - 3 * step, right + 3 * step, top + 3 * step)
    west, south, east, north = frame if crs == LONLAT else lonlat_frame(frame, crs)
    # longitudes of a frame count on over the 180° meridian
    turned = [
        shapely.transform(
            shapely.clip_by_rect(_land(), west + turn, south, east + turn, north),
            partial(np.add, (-turn, 0.0)),
        )
        for turn in (-360.0, 0.0, 360.0)
    ]
    land = shapely.get_parts(turned)
    if crs != LONLAT:
        land = transformed(land, LONLAT, crs)
        # what is no place of the map is cut away with the part that it lies in
        land = shapely.clip_by_rect(land[np.isfinite(shapely.bounds(land)).all(axis=1)], *frame)
    # half a step: what is finer falls to the opening below
    near = shapely.clip_by_rect([_coarse(shape, step / 2) for shape in known], *frame)
    # moved corner by corner and cut, either may touch itself
    ground, known_ground = (shapely.union_all(shapely.make_valid(one)) for one in (land, near))
    beyond = shapely.difference(ground, known_ground)
    # coasts of two sources never agree: a strip along them is no ground, and lies on the sea
    return shapely.buffer(shapely.buffer(beyond, -step), 1.2 * step)


# the page of each group of a pack asks for the same ground in a frame of its own
@lru_cache(maxsize=1 << 6)
def _coarse(shape: BaseGeometry, tolerance: float) -> BaseGeometry:
    """A shape without what is finer than a tolerance."""
    coarse: BaseGeometry = shapely.simplify(shape, tolerance)
    return coarse


_COAST: Final = 0.1
"""Degrees that the coasts of two sources may differ by; straits of twice that are closed."""


@cache
def _land() -> BaseGeometry:
    """The land of the world, read once."""
    table = gpd.read_file(data_dir() / "backdrop" / "land.geojson")
    return shapely.MultiPolygon(list(shapely.get_parts(table.geometry.to_numpy())))


def _mercator(latitude: float) -> float:
    """A latitude as Mercator's northing, in degrees at the equator."""
    return float(np.degrees(np.log(np.tan(np.pi / 4 + np.radians(latitude) / 2))))


def _sampled(lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]) -> Shades:
    """The relief at places, between its pixels; white where there is no place.

    Columns of one longitude and rows of one latitude come as a row and a column.
    """
    world = _relief()
    rows, columns = world.shape
    x, y = (lon + 180) / 360 * columns - 0.5, (90 - lat) / 180 * rows - 0.5
    is_known = None
    if lon.shape == lat.shape:  # a row and a column are places, every one
        is_known = np.isfinite(x) & np.isfinite(y)
        if not is_known.all():
            x, y = np.where(is_known, x, 0), np.where(is_known, y, 0)
    left, top = np.floor(x).astype(np.int32), np.floor(np.clip(y, 0, rows - 1)).astype(np.int32)
    # shades are whole numbers to 255: seven digits are plenty for what lies between two of them
    across, down = (x - left).astype(np.float32), (np.clip(y, 0, rows - 1) - top).astype(np.float32)
    left %= columns
    right, below = (left + 1) % columns, np.minimum(top + 1, rows - 1)
    if is_known is None:
        # each row of the source is looked at once, however many rows of the picture lie on it
        first = int(top.min())
        band = world[first : int(below.max()) + 1]
        between = band[:, left[0]] * (1 - across) + band[:, right[0]] * across
        upper, lower = between[top[:, 0] - first], between[below[:, 0] - first]
    else:
        north, south = top * columns, below * columns
        upper = world.take(north + left) * (1 - across) + world.take(north + right) * across
        lower = world.take(south + left) * (1 - across) + world.take(south + right) * across
    shades = np.rint(upper * (1 - down) + lower * down)
    if is_known is not None:
        shades[~is_known] = 255
    return np.asarray(shades, dtype=np.uint8)


@cache
def _relief() -> Shades:
    """The relief of the world, read once."""
    from PIL import Image

    with Image.open(data_dir() / "backdrop" / "relief.jpg") as picture:
        return np.asarray(picture)


@cache
def _water() -> gpd.GeoDataFrame:
    """Rivers and lakes of the world, read once."""
    return gpd.read_file(data_dir() / "backdrop" / "water.geojson")[["kind", "size", "geometry"]]
