"""Any layer summarised for sites: share, count, length per 1000 km², mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from pyproj import CRS, Proj

from cami_units.model import InputError, Raster, listed
from cami_units.overlap._arrays import Floats, Truths
from cami_units.overlap._input_checks import check_inputs, kind_of
from cami_units.overlap._layer_pieces import MOSTLY, covered_parts
from cami_units.overlap._measure import area_km2, overlaps

Summary = Literal["share", "count", "length_per_1000km2", "mean"]

_FITS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "polygon": ("share", "count", "mean"),
        "line": ("length_per_1000km2", "count"),
        "point": ("count", "mean"),
        "raster": ("mean", "share", "count"),
    }
)
"""What can be said of each kind of layer."""


def summarised(
    sites: gpd.GeoDataFrame,
    layer: gpd.GeoDataFrame | Raster,
    *,
    summary: Summary,
    site: str = "unit_id",
) -> pd.DataFrame:
    """What a context layer comes to in each site.

    Parameters
    ----------
    sites : GeoDataFrame
        Polygons with a unique column `site`: in the CRS of the layer, which is equal-area for
        vectors and the raster's own for a raster.
    layer : GeoDataFrame or Raster
        Polygons, lines or points (one kind), or a raster.
    summary : {"share", "count", "length_per_1000km2", "mean"}
        *share*: % of the site that polygons cover, overlaps counted once, or where a raster has a
        value other than 0. *count*: polygons, lines or points that touch it; of a raster the sum of
        its values, cells cut by the outline in part. *length_per_1000km2*: km of line. *mean*: of
        the column ``value`` (or the only column of numbers), weighted by area for polygons; of the
        cells of a raster, weighted by their area inside.

    Returns
    -------
    DataFrame
        `site`, ``value``, ``unit``: one row a site, in their order. A site without anything has 0,
        and no mean.

    Raises
    ------
    InputError
        The summary does not fit the kind of layer; there is no column to take a mean of.
    """
    kind = "raster" if isinstance(layer, Raster) else kind_of(layer, "the context layer")
    if kind is not None and summary not in _FITS[kind]:
        raise InputError(
            f"The summary '{summary}' does not fit a layer of {kind}s; {listed(_FITS[kind])} do."
        )
    if isinstance(layer, Raster):
        values, unit = _of_raster(sites, layer, summary)
    else:
        values, unit = _of_rows(sites, layer, summary, site, kind or "point")
    return pd.DataFrame({site: sites[site].array, "value": values.to_numpy(), "unit": unit})


def _of_rows(
    sites: gpd.GeoDataFrame, layer: gpd.GeoDataFrame, summary: Summary, site: str, kind: str
) -> tuple[pd.Series[float], str]:
    """What lies in each site of a layer of shapes, and its unit."""
    check_inputs(
        {"sites": (sites, [site]), "the context layer": (layer, [])}, sites="sites", site=site
    )
    # By id and never by position: sites without anything are missing from what is measured.
    ids = pd.Index(sites[site])
    rows = layer.reset_index(drop=True)
    rows = rows.assign(row=np.arange(len(rows)), all=0)
    if summary == "share":
        km2 = overlaps(sites, rows, site=site, by=("all",), dissolve=True, kind="polygon")
        covered = km2.set_index(site)["km2"].reindex(ids, fill_value=0.0)
        return 100 * covered / area_km2(sites).set_axis(ids), "%"
    rows_of_sites = overlaps(sites, rows, site=site, by=("row",), kind=kind)  # type: ignore[arg-type]
    size = rows_of_sites.columns[-1]
    if summary == "count":
        return rows_of_sites.groupby(site).size().reindex(ids, fill_value=0).astype(float), "count"
    if summary == "length_per_1000km2":
        km = rows_of_sites.groupby(site)[size].sum().reindex(ids, fill_value=0.0)
        return 1000 * km / area_km2(sites).set_axis(ids), "km per 1000 km²"
    value = rows_of_sites["row"].map(rows[_value_column(rows)].astype(float))
    # Rows without a value leave the divisor too, or a mean would be drawn towards nothing.
    rows_of_sites = rows_of_sites.assign(weighed=value * rows_of_sites[size])[value.notna()]
    total = rows_of_sites.groupby(site)[["weighed", size]].sum()
    return (total["weighed"] / total[size]).reindex(ids), "mean"


def _value_column(rows: gpd.GeoDataFrame) -> str:
    """The column of which a mean is taken."""
    named = [name for name in rows.columns if name not in ("row", "all", "geometry")]
    if "value" in named:
        return "value"
    numbers = [str(name) for name in named if pd.api.types.is_numeric_dtype(rows[name])]
    if len(numbers) != 1:
        raise InputError(
            "A mean needs one column of numbers, called 'value'; the context layer has "
            f"{listed(numbers) if numbers else 'none'}. Rename the column that is meant."
        )
    return numbers[0]


def _of_raster(
    sites: gpd.GeoDataFrame, raster: Raster, summary: Summary
) -> tuple[pd.Series[float], str]:
    """What lies in each site of a raster, each cell by its share, and its unit."""
    source = _source(raster, raster.values)
    if summary == "count":
        values_of_sites = exact_extract(source, sites, ["sum"], output="pandas")
        return values_of_sites["sum"].fillna(0.0).astype(float), "sum"
    if summary == "share":
        # Ground without a value is ground without the thing: it stays in the divisor.
        source = _source(raster, _Yes(raster.values, lambda values: np.nan_to_num(values) != 0))
    values_of_sites = exact_extract(source, sites, **_by_ground(raster), output="pandas")
    mean = values_of_sites.iloc[:, -1].astype(float)
    return (100 * mean, "%") if summary == "share" else (mean, "mean")


def _by_ground(raster: Raster) -> dict[str, Any]:
    """How the cells of a raster are weighted by their ground: what `exact_extract` is asked."""
    crs = CRS.from_user_input(raster.crs)
    if crs.is_geographic:  # cells of a raster in degrees grow smaller polewards
        return {"ops": ["mean(coverage_weight=area_spherical_m2)"]}
    rows, columns = (np.linspace(0, n, _SCALES) for n in raster.values.shape)
    y = raster.top - (raster.top - raster.low) * rows / raster.values.shape[0]
    x = raster.left + (raster.right - raster.left) * columns / raster.values.shape[1]
    plane = Proj(crs)
    flat_x, flat_y = np.meshgrid(x, y)
    lon, lat = plane(flat_x, flat_y, inverse=True)
    scale = np.asarray(plane.get_factors(lon, lat).areal_scale)
    if np.nanmax(np.abs(scale - 1)) < _SAME_SCALE:
        return {"ops": ["mean(coverage_weight=fraction)"]}
    with np.errstate(divide="ignore"):
        ground = _Ground(np.nan_to_num(1 / scale, posinf=0.0), raster.values.shape)
    return {"ops": ["weighted_mean"], "weights": _source(raster, ground)}


_SCALES: Final = 129
"""Lines across a raster at which the scale of its projection is asked for: between them it is straight,
to a millionth for what a country spans in Web Mercator."""

_SAME_SCALE: Final = 1e-6
"""Areas of an equal-area projection differ by less than this, which is rounding."""


class _Ground:
    """The ground of each cell, as a part of what it has on the map, between values on a lattice."""

    def __init__(self, lattice: Floats, shape: tuple[int, int]):
        self.lattice, self.shape = lattice, shape

    def __getitem__(self, window: tuple[slice, slice]) -> Floats:
        values = self.lattice
        for axis, (part, n) in enumerate(zip(window, self.shape, strict=True)):
            place = (np.arange(n)[part] + 0.5) * (values.shape[axis] - 1) / n
            before = np.minimum(place.astype(int), values.shape[axis] - 2)
            low, high = values.take(before, axis), values.take(before + 1, axis)
            share = np.expand_dims(place - before, 1 - axis)
            values = low + (high - low) * share
        return values


def has_values(sites: gpd.GeoDataFrame, raster: Raster) -> Truths:
    """Which sites, in the CRS of a raster, it speaks of: by a good part of them, or of its own cells.

    Cells stick out over a border: a raster of one state has a few in each of its neighbours. A site
    that has any far from its border is spoken of too: a thing that is rare in a large state leaves most
    of it without a value.
    """
    is_told = _source(raster, _Yes(raster.values, lambda values: ~np.isnan(values)))
    told = exact_extract(is_told, sites, ["sum"], output="pandas").iloc[:, -1]
    cells = np.nan_to_num(np.asarray(told, dtype=float))
    cell_size = (
        (raster.right - raster.left) * (raster.top - raster.low) / np.prod(raster.values.shape)
    )
    good_part = MOSTLY * np.minimum(
        shapely.area(sites.geometry.to_numpy()) / cell_size, cells.sum()
    )
    told_sites = np.asarray((cells > 0) & (cells >= good_part))
    rest = np.flatnonzero((cells > 0) & ~told_sites)
    cell_diagonal = np.hypot(
        (raster.right - raster.left) / raster.values.shape[1],
        (raster.top - raster.low) / raster.values.shape[0],
    )
    depth = max(2 * cell_diagonal, _SPILL_M / _metres_of_unit(CRS.from_user_input(raster.crs)))
    inner = shapely.buffer(sites.geometry.to_numpy()[rest], -depth)
    is_deep = ~shapely.is_empty(inner)
    if is_deep.any():
        inner_sites = gpd.GeoDataFrame(geometry=inner[is_deep], crs=sites.crs)
        values = exact_extract(is_told, inner_sites, ["max"], output="pandas").iloc[:, -1]
        told_sites[rest[is_deep]] = np.nan_to_num(np.asarray(values, dtype=float)) > 0
    return told_sites


def share_in_frame(
    sites: gpd.GeoDataFrame, flat: gpd.GeoDataFrame, raster: Raster
) -> pd.Series[float]:
    """The share of each site, 0–1, that lies in the frame of a raster; `flat` are the sites in its CRS."""
    frame = shapely.box(*raster.frame)
    share = pd.Series(1.0, index=sites.index)
    is_beyond = ~shapely.covers(frame, flat.geometry.to_numpy())
    shapes = flat.geometry[is_beyond].intersection(frame).segmentize(frame.length / 400)
    inside_m2 = shapely.area(shapes.to_crs(sites.crs).to_numpy())
    share[is_beyond] = inside_m2 / shapely.area(sites.geometry[is_beyond].to_numpy())
    return share.clip(upper=1.0)


_SPILL_M: Final = 5_000.0
"""Borders of two sources lie apart by up to this: what is no deeper in a state may be its neighbour's."""


def _metres_of_unit(crs: CRS) -> float:
    """The metres of a unit of a CRS, of a degree along a meridian."""
    factor = crs.axis_info[0].unit_conversion_factor
    return float(factor) * (6_371_000.0 if crs.is_geographic else 1.0)


class _Yes:
    """1 where the values of a raster are something, else 0, window by window."""

    def __init__(self, values: Any, asks: Callable[[Floats], Truths]):
        self.values, self.asks, self.shape = values, asks, values.shape

    def __getitem__(self, window: Any) -> Floats:
        return self.asks(self.values[window]).astype(np.float64)


def _source(raster: Raster, values: Any) -> NumPyRasterSource:
    """Values on the cells of a raster, as what extracts them takes them: sliced, window by window."""
    crs = CRS.from_user_input(raster.crs).to_wkt()
    return NumPyRasterSource(values, *raster.frame, nodata=np.nan, name="band", srs_wkt=crs)


def summary_of_cells(
    sites: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame,
    *,
    summary: Summary,
    ground: Any = None,
    site: str = "unit_id",
) -> pd.DataFrame:
    """What a raster comes to in sites, from its summary in each planning unit.

    A mean, or a share, is weighted by the km² of each cell inside, over the cells that have a value; of
    a sum each cell gives the part of it that lies inside.

    Parameters
    ----------
    sites : GeoDataFrame
        Polygons with a unique column `site`, in an equal-area CRS.
    cells : GeoDataFrame
        ``pu_id``, ``value`` and polygons in the same CRS: the planning units that have a value.
    ground : geometry, optional
        What the raster covers, in the same CRS; ``None``: everything.

    Returns
    -------
    DataFrame
        `site`, ``value``, ``covered_share`` (the part of the site, 0–1, that the value speaks of), in
        the order of the sites. A site that no cell with a value speaks of has no value.
    """
    covered_sites, share = sites, pd.Series(1.0, index=pd.Index(sites[site]))
    if ground is not None:
        covered_sites, share = covered_parts(sites, ground, site=site)
    values = cells.set_index("pu_id")["value"].astype(float)
    cell_parts = overlaps(
        covered_sites, cells[["pu_id", "geometry"]], site=site, by=("pu_id",), kind="polygon"
    )
    cell_parts = cell_parts.assign(value=cell_parts["pu_id"].map(values).astype(float))
    if summary == "count":
        cell_km2 = area_km2(cells).set_axis(cells["pu_id"])
        cell_parts["value"] /= cell_parts["pu_id"].map(cell_km2).astype(float)
    total = (cell_parts["value"] * cell_parts["km2"]).groupby(cell_parts[site]).sum()
    km2 = cell_parts.groupby(site)["km2"].sum()
    site_values = total if summary == "count" else total / km2
    if summary != "mean":  # of a mean, cells without a value may be ground without one
        site_share = (km2 / area_km2(sites).set_axis(sites[site])).reindex(share.index)
        share = site_share.fillna(0.0).mask(site_share >= 1 - 1e-9, 1.0)
    site_values = site_values.reindex(share.index).where(share > 0)
    table = pd.DataFrame({"value": site_values, "covered_share": share})
    return table.rename_axis(site).reset_index()
