"""Sites over a layer: square kilometres, kilometres, counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Final, Literal, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from cami_units.model import RANGE_WEIGHT, InputError, check_arguments, listed
from cami_units.overlap._arrays import Floats, Geometries, Ints32, Positions
from cami_units.overlap._distance import geodesic_km
from cami_units.overlap._input_checks import (
    Kind,
    Shapes,
    check_inputs,
    check_valid,
    column_names,
    geometries,
    kind_of,
    projected,
)
from cami_units.overlap._lattice import (
    Found,
    Rings,
    Window,
    band_km2,
    cells_of,
    coded_km2,
    rings_of,
    window_km2,
    window_parts,
)
from cami_units.overlap._pieces import (
    dissolved_by_weight,
    line_pieces,
    pieces_of_giants,
    polygon_pieces,
)

MEASURE: Final[dict[Kind, str]] = {"polygon": "km2", "line": "km", "point": "n"}
"""The column that `overlap` returns for each kind of layer."""

_NOTHING: Final = 1e-11
"""Overlaps below this share of the site are rounding and left out (0.006 m² of a 25 km cell)."""

_TOO_MUCH: Final = 1e-9
"""More than the whole site by this share: something was counted twice."""

_BATCH: Final = 200_000
"""Pairs of geometries at a time; keeps memory in bounds."""

Number = TypeVar("Number", float, "pd.Series[float]")

Pairs = tuple[Positions, Positions, Floats]
"""Positions of sites and of rows of the layer, and what they share."""


def overlaps(
    sites: gpd.GeoDataFrame,
    layer: gpd.GeoDataFrame,
    *,
    site: str = "unit_id",
    by: str | Sequence[str] = ("sci_name",),
    kind: Kind | None = None,
    dissolve: bool = False,
    by_edges: bool | None = None,
) -> pd.DataFrame:
    """How much of each feature of a layer lies in each site.

    Sites that are whole cells of one lattice, as `planning_units` makes them, are measured in one
    walk over the layer's edges; all others by exact intersection. Both give the same numbers.

    Parameters
    ----------
    sites : GeoDataFrame
        Polygons with a unique column `site`, in an equal-area CRS. They may overlap each other.
    layer : GeoDataFrame
        Polygons, lines or points (one kind), in the CRS of `sites`, with the columns `by`. What it
        comes to is multiplied by its column ``range_weight``, where it has one: ranges that count in part.
    site : str, default "unit_id"
        The sites' id column.
    by : str or sequence of str, default ("sci_name",)
        The columns of `layer` that say what is measured. Rows with the same values are added up.
    kind : {"polygon", "line", "point"}, optional
        What the layer holds; needed only where it may have no rows at all.
    dissolve : bool, default False
        Unite the polygons of each key first, for layers in which they overlap one another. Ground of
        several weights has the greatest.
    by_edges : bool, optional
        Whether what polygons share is measured from their edges or by intersection; the last digits
        differ. ``None``: whichever is quicker for all sites together.

    Returns
    -------
    DataFrame
        `site`, `by`, and ``km2`` (polygons), ``km`` (lines, geodesic) or ``n`` (points). Only rows
        with something to say, in the order of the sites, then of the keys.

    Raises
    ------
    InputError
        If CRSs differ or are not projected, geometry is missing, invalid or of mixed kinds, an id
        repeats or a column is missing; if polygons of one key cover more than the whole of a site,
        which means that they overlap: dissolve them.

    Notes
    -----
    Polygons of one key must not overlap; only an excess over the whole site can be noticed here.
    A line along the common edge of two sites, or a point on it, counts in both. Overlaps below
    1e-11 of a site are rounding and left out. Lattice sites trust that the layer is valid, as
    `layers` hands it on: to check it would cost more than to measure it.

    Examples
    --------
    >>> import cami_units as cu
    >>> import geopandas as gpd, shapely
    >>> unit = gpd.GeoDataFrame({"unit_id": ["CU-001"]}, geometry=[shapely.box(0, 0, 4e3, 4e3)],
    ...                         crs=cu.EQUAL_AREA)
    >>> saiga = gpd.GeoDataFrame({"sci_name": ["Saiga tatarica"]},
    ...                          geometry=[shapely.box(1e3, 0, 9e3, 2e3)], crs=cu.EQUAL_AREA)
    >>> cu.overlaps(unit, saiga).km2.tolist()
    [6.0]
    """
    check_arguments(overlaps, locals())
    by = column_names(by)
    _check_keys(by, site, kind)
    if RANGE_WEIGHT in getattr(layer, "columns", ()) and RANGE_WEIGHT not in by:
        _check_weights(layer)
        shares = overlaps(
            sites,
            _weighed_once(layer, by) if dissolve else layer,
            site=site,
            by=(*by, RANGE_WEIGHT),
            kind=kind,
            dissolve=dissolve,
            by_edges=by_edges,
        )
        measure = shares.columns[-1]
        shares[measure] *= shares[RANGE_WEIGHT].astype(float)
        shares = shares[shares[measure] > 0]
        grouped = shares.groupby([site, *by], sort=False, observed=True)
        return grouped[[measure]].sum().reset_index()
    cells = cells_of(sites)
    tables = {"sites": (sites, [site]), "layer": (layer, by)}
    crs = check_inputs(tables, sites="sites", site=site, cells=cells is not None)
    layer_kind = kind_of(layer)
    kind = kind or layer_kind or "polygon"
    if layer_kind not in (None, kind):
        raise InputError(f"Nothing was measured: expected a layer of {kind}s, got {layer_kind}s.")
    keys, code = _keys(layer, by)
    geometry, code = _in_fixed_order(geometries(layer), code)
    if dissolve and kind == "polygon":
        geometry, code = _dissolved(geometry, code)
    shapes = geometries(sites)
    if cells is not None and kind == "polygon":
        found = coded_km2(cells, geometry, code)
    else:
        if cells is None:
            check_valid(sites, "sites")
        if kind == "polygon":
            check_valid(layer, "layer")
            pairs = _polygon_km2(shapes, geometry, by_edges)
        elif kind == "line":
            pairs = _line_km(shapes, geometry, crs)
        else:
            pairs = _point_n(shapes, geometry)
        found = _summed(pairs, code, shape=(len(sites), len(keys)))
    if kind == "polygon":
        site_area = shapely.area(shapes) / 1e6 if cells is None else cells.area_km2
        found = _plausible(found, site_area, sites[site], keys)
    place, number, value = found
    result = {site: sites[site].array.take(place)}
    result |= {column: keys[column].array.take(number) for column in by}
    result[MEASURE[kind]] = value if kind != "point" else value.astype(np.int64)
    return pd.DataFrame(result, copy=False)


def _check_keys(by: list[str], site: str, kind: str | None) -> None:
    """Refuse keys that would stand in a column of something else, and a kind that there is not."""
    if taken_names := [column for column in by if column in (site, *MEASURE.values())]:
        raise InputError(
            f"Nothing was measured: {listed(taken_names)} cannot be in `by`, as what comes back has a "
            "column of that name for something else. Rename the column of the layer."
        )
    if kind is not None and kind not in MEASURE:
        raise InputError(f"Nothing was measured: kind must be {listed(MEASURE)}, got {kind!r}.")


def _check_weights(layer: gpd.GeoDataFrame) -> None:
    """Refuse weights that are no share of the ground."""
    wrong = ~pd.to_numeric(layer[RANGE_WEIGHT], errors="coerce").between(0, 1)
    if wrong.any():
        raise InputError(
            f"Nothing was measured: {wrong.sum()} rows of layer have a {RANGE_WEIGHT} that is no "
            f"number from 0 to 1: {listed(layer.index[wrong])}."
        )


def _weighed_once(layer: gpd.GeoDataFrame, by: list[str]) -> gpd.GeoDataFrame:
    """A layer whose polygons of one key lie beside each other, whatever they weigh."""
    check_inputs({"layer": (layer, by)})
    if kind_of(layer) != "polygon":
        return layer
    check_valid(layer, "layer")
    return dissolved_by_weight(layer, by)


def covered_cells(
    layer: gpd.GeoDataFrame, window: Window, *, by: Sequence[str] = ("sci_name",)
) -> pd.DataFrame:
    """How much of each feature lies in each cell of a lattice, without a table of the cells.

    For lattices of millions of cells: `overlap` with planning units gives the same numbers.

    Parameters
    ----------
    layer : GeoDataFrame
        Valid polygons in an equal-area CRS, one row for each key `by`.
    window : Window
        The rows and columns of a lattice that are asked for, from :func:`window_of`.
    by : str or sequence of str, default ("sci_name",)
        The columns of `layer` that say what is measured.

    Returns
    -------
    DataFrame
        `by`, ``row``, ``col``, ``km2``: only cells with something to say, in the order of the
        layer, then of rows and columns.

    Raises
    ------
    InputError
        As :func:`overlaps`, or when a key has several rows: dissolve them first.
    """
    _check_measurable(layer, by)
    refuse = partial(_refuse_cells, layer, by, window)
    number, row, col, km2 = window_km2(window, geometries(layer), refuse)
    result = pd.DataFrame({column: layer[column].array.take(number) for column in by})
    return result.assign(row=row, col=col, km2=km2)


def covered_bands(
    layer: gpd.GeoDataFrame, window: Window, *, by: str = "sci_name"
) -> Iterator[pd.DataFrame]:
    """As :func:`covered_cells`, a band of rows at a time from the south: memory holds a few bands.

    Each table has `by` (a categorical of all keys), ``row``, ``col`` and ``km2``, in the order of the
    layer, then of rows and columns; where nothing lies in a band, it has no rows.
    """
    _check_measurable(layer, [by])
    kinds = pd.CategoricalDtype(layer[by].astype("str"))
    refuse = partial(_refuse_cells, layer, [by], window)
    weight = np.ones(len(layer))
    if RANGE_WEIGHT in layer:
        _check_weights(layer)
        weight = layer[RANGE_WEIGHT].to_numpy(dtype=float)
    for number, row, col, km2 in band_km2(window, geometries(layer), refuse):
        if RANGE_WEIGHT in layer:
            counts = weight[number] > 0
            number, row, col = number[counts], row[counts], col[counts]
            km2 = km2[counts] * weight[number]
        key = pd.Categorical.from_codes(number, dtype=kinds, validate=False)
        yield pd.DataFrame({by: key, "row": row, "col": col, "km2": km2}, copy=False)


@dataclass(frozen=True, slots=True, eq=False)
class CellSums:
    """What species come to in the cells of a window of a lattice: cells with something to say.

    Attributes
    ----------
    place : array of int32
        Cells, counted along the rows of the window, from row to row.
    richness : array of int32
        Species that occur.
    range_rarity, threat_weight : array
        The sum of overlap ÷ range over all species, however small the overlap; the sum of the weights
        of the species that occur.
    in_states : (species, states + 1) array
        km² of each species in the cells of each state; the last: of none.
    """

    place: Ints32
    richness: Ints32
    range_rarity: Floats
    threat_weight: Floats
    in_states: Floats


def cell_sums(
    parts: Iterable[Found],
    n_cells: int,
    *,
    range_km2: Floats,
    occurs_km2: Floats,
    weight: Floats,
    state_of: NDArray[np.int16] | None = None,
    n_states: int = 0,
) -> CellSums:
    """Richness, range rarity and threat weight of the cells of a window, from what covers them.

    Parameters
    ----------
    parts : iterable of (place, number, km2)
        Cells, numbers of species, and how much they share: of :func:`lattice_parts`, or out of a file.
        Each pair stands once. Sums are in this order.
    n_cells : int
        Cells of the window.
    range_km2, occurs_km2, weight : arrays
        Of each species: its whole range, km²; from how many km² of a cell it occurs in it; its weight.
    state_of : array, optional
        The number of the state of each cell; −1: of none.
    """
    from cami_units.overlap import _kernels  # numba is imported at first use, not with the package

    sums = (np.zeros(n_cells, np.int32), np.zeros(n_cells), np.zeros(n_cells))
    in_states = np.zeros((len(range_km2), n_states + 1))
    states = np.empty(0, np.int16) if state_of is None else state_of
    for part in parts:
        _kernels.add_cells(part, (range_km2, occurs_km2, weight), sums, states, in_states)
    place = np.flatnonzero(sums[1]).astype(np.int32)
    richness, rarity, threat = sums
    return CellSums(place, richness[place], rarity[place], threat[place], in_states)


def lattice_parts(
    layer: gpd.GeoDataFrame, window: Window, *, by: str = "sci_name"
) -> Iterator[Found]:
    """As :func:`covered_cells`: places in the window, row numbers of the layer and km², part by part."""
    _check_measurable(layer, [by])
    yield from window_parts(window, geometries(layer), partial(_refuse_cells, layer, [by], window))


def _check_measurable(layer: gpd.GeoDataFrame, by: Sequence[str]) -> None:
    """Refuse a layer that cannot be measured on the cells of a lattice."""
    by = column_names(by)
    check_inputs({"the layer": (layer, by)})
    if kind_of(layer, "the layer") not in ("polygon", None):
        raise InputError("Nothing was measured: a layer of polygons is expected.")
    twice = layer.duplicated(by)
    if twice.any():
        names = listed(" ".join(map(str, key)) for key in layer.loc[twice, by].to_numpy().tolist())
        raise InputError(f"Nothing was measured: {names} has several rows. Dissolve them first.")


def _refuse_cells(layer: gpd.GeoDataFrame, by: Sequence[str], window: Window, found: Found) -> None:
    """Refuse shapes that cover more than the whole of a cell, or less than nothing."""
    _, number, km2 = found
    area = window.area_km2
    wrong = (km2 > area * (1 + _TOO_MUCH)) | (km2 < -area * _TOO_MUCH)
    if not wrong.any():  # by rounding only
        return
    names = listed(str(key) for key in layer[by[0]].array.take(np.unique(number[wrong])))
    raise InputError(
        f"Nothing was measured: these polygons overlap themselves: {names}. Repair them first: "
        "shapely.make_valid(…, method='structure', keep_collapsed=False)."
    )


def area_km2(polygons: gpd.GeoSeries | gpd.GeoDataFrame) -> pd.Series:
    """Area of each row in km², planar in its equal-area CRS; the index is the caller's.

    Examples
    --------
    >>> import cami_units as cu
    >>> import geopandas as gpd, shapely
    >>> field = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 20_000, 10_000)], crs=cu.EQUAL_AREA)
    >>> cu.area_km2(field).tolist(), cu.area_km2(field[:0]).tolist()
    ([200.0], [])
    """
    check_arguments(area_km2, locals())
    projected(polygons.crs)
    return pd.Series(
        shapely.area(np.asarray(polygons.geometry.array)) / 1e6,
        index=polygons.index,
        name="area_km2",
    )


def range_km2(ranges: gpd.GeoDataFrame) -> pd.Series[float]:
    """As :func:`area_km2`, ground that counts in part by its weight (column ``range_weight``).

    Examples
    --------
    >>> import cami_units as cu
    >>> import geopandas as gpd, shapely
    >>> field = gpd.GeoDataFrame({"range_weight": [0.25]}, geometry=[shapely.box(0, 0, 2e4, 1e4)],
    ...                          crs=cu.EQUAL_AREA)
    >>> range_km2(field).tolist()
    [50.0]
    """
    km2 = area_km2(ranges)
    return km2 * ranges[RANGE_WEIGHT].astype(float) if RANGE_WEIGHT in ranges else km2


def species_range_km2(ranges: gpd.GeoDataFrame) -> pd.Series[float]:
    """:func:`range_km2` of each species' parts together, by ``sci_name``; the parts do not overlap."""
    km2: pd.Series[float] = range_km2(ranges).groupby(ranges["sci_name"]).sum()
    return km2


def shared_km2(first: gpd.GeoSeries, second: gpd.GeoSeries) -> Floats:
    """Area in km² that the polygons of two columns share, row by row, in one equal-area CRS.

    Raises
    ------
    InputError
        The CRSs differ.
    """
    if projected(first.crs) != projected(second.crs):
        raise InputError("Nothing was measured: the two columns have different CRSs.")
    shapes, others = np.asarray(first.array, dtype=object), np.asarray(second.array, dtype=object)
    n_vertices = shapely.get_num_coordinates(shapes) + shapely.get_num_coordinates(others)
    if n_vertices.sum() <= _FEW_VERTICES:
        return np.asarray(
            shapely.area(shapely.intersection(shapes, others)) / 1e6, dtype=np.float64
        )
    # a shape of hundreds of pairs is one object in all of them, and is walked over once
    (first_at, i), (second_at, j) = (
        np.unique(np.fromiter(map(id, side), np.int64), return_index=True, return_inverse=True)[1:]
        for side in (shapes, others)
    )
    return _walked_km2(shapes[first_at], others[second_at], i, j)


def length_km(lines: gpd.GeoSeries | gpd.GeoDataFrame) -> pd.Series:
    """Length of each row in km along the ellipsoid; the index is the caller's."""
    crs = projected(lines.crs)
    return pd.Series(
        geodesic_km(np.asarray(lines.geometry.array, dtype=object), crs),
        index=lines.index,
        name="length_km",
    )


def jaccard_index(shared_km2: Number, one_km2: Number, other_km2: Number) -> Number:
    """Shared ground ÷ joint ground of two outlines, 0–1, from what was measured of them.

    Examples
    --------
    >>> jaccard_index(50.0, 100.0, 100.0)
    0.3333333333333333
    """
    return shared_km2 / (one_km2 + other_km2 - shared_km2)


def jaccard_pairs(
    sites: gpd.GeoDataFrame, others: gpd.GeoDataFrame, *, site: str, other: str
) -> pd.DataFrame:
    """The pairs of two sets of polygons that share ground: `site`, `other`, ``km2``, ``jaccard``."""
    pairs = overlaps(sites, others, site=site, by=(other,))
    site_km2 = area_km2(sites).set_axis(sites[site])
    other_km2 = area_km2(others).set_axis(others[other])
    # Without a pair, what is mapped would be text: no column says of itself that it is of numbers.
    areas = [
        pairs[name].map(km2).astype(float) for name, km2 in ((site, site_km2), (other, other_km2))
    ]
    return pairs.assign(jaccard=jaccard_index(pairs["km2"], *areas))


def same_places(
    sites: gpd.GeoDataFrame,
    others: gpd.GeoDataFrame,
    *,
    site: str,
    other: str,
    least_jaccard: float,
) -> pd.Series:
    """Which of the `others` each site is: one to one, the likest pairs first.

    Parameters
    ----------
    least_jaccard : float
        The Jaccard index from which two outlines are one place. At exactly one half, two sites
        could both claim one place: the likest, and of equals the first by name, has it.

    Returns
    -------
    Series
        The id of the other, indexed by `site`; sites that are like none of them are not there.
    """
    pairs = jaccard_pairs(sites, others, site=site, other=other)
    likest = pairs[pairs["jaccard"] >= least_jaccard].sort_values(
        ["jaccard", site, other], ascending=[False, True, True]
    )
    return likest.drop_duplicates(site).drop_duplicates(other).set_index(site)[other]


def _keys(layer: gpd.GeoDataFrame, by: list[str]) -> tuple[pd.DataFrame, Positions]:
    """The distinct keys, sorted, and the number of each row's key."""
    plain = pd.DataFrame(layer)[by]
    code = np.zeros(len(plain), np.intp)
    for column in by:  # as digits of a number, so that whole keys are sorted as their columns are
        digits, distinct = pd.factorize(plain[column], sort=True)
        code = code * len(distinct) + digits
    _, first, code = np.unique(code, return_index=True, return_inverse=True)
    return plain.take(first).reset_index(drop=True), np.asarray(code, dtype=np.intp)


def _in_fixed_order(geometry: Geometries, code: Positions) -> tuple[Geometries, Positions]:
    """Rows by key and place, so that sums do not depend on the order of the table."""
    if (np.bincount(code) <= 1).all():
        order = np.argsort(code)
        return geometry[order], code[order]
    west, south, east, north = shapely.bounds(geometry).T if len(geometry) else [[]] * 4
    size = shapely.area(geometry) + shapely.length(geometry)
    order = np.lexsort((size, north, east, south, west, code))
    return geometry[order], code[order]


def _dissolved(geometry: Geometries, code: Positions) -> tuple[Geometries, Positions]:
    """One geometry a key, of rows that are sorted by it."""
    groups = np.split(geometry, np.flatnonzero(np.diff(code)) + 1) if len(code) else []
    united = [group[0] if len(group) == 1 else shapely.union_all(group) for group in groups]
    return np.array([*united, None], dtype=object)[:-1], np.unique(code)


def _polygon_km2(sites: Geometries, polygons: Geometries, by_edges: bool | None = None) -> Pairs:
    """What each site shares with each polygon, km²; intersected only where one cuts the other."""
    laid = laid_sites(Shapes(sites))
    site_parts, site_of = laid.parts, laid.owner
    parts, row_of = polygon_pieces(polygons)
    i, j = _meeting(site_parts, parts, None)
    if by_edges is None:
        n_vertices, n_others = map(shapely.get_num_coordinates, (site_parts, parts))
        by_edges = bool(n_vertices[i].sum() + n_others[j].sum() > _FEW_VERTICES)
    if by_edges:
        return site_of[i], row_of[j], _walked_km2(site_parts, parts, i, j, laid.rings)
    site_area, area = shapely.area(site_parts), shapely.area(parts)
    # Both sides, as each is asked whether it covers the other.
    shapely.prepare(site_parts)
    shapely.prepare(parts)
    is_met = shapely.intersects(site_parts[i], parts[j])
    i, j = i[is_met], j[is_met]
    shared = np.zeros(len(i))
    for batch in _batches(len(i)):
        s, p = site_parts[i[batch]], parts[j[batch]]
        # Most pairs lie one inside the other, and the area of the inner one is known: no
        # intersection.
        covered, around = shapely.covers(p, s), shapely.covers(s, p)
        cut = ~covered & ~around
        km2 = np.where(covered, site_area[i[batch]], area[j[batch]])
        km2[cut] = shapely.area(shapely.intersection(s[cut], p[cut]))
        shared[batch] = km2 / 1e6
    return site_of[i], row_of[j], shared


class _Sites:
    """Sites in pieces, and the position each one comes from."""

    def __init__(self, sites: Geometries) -> None:
        self.parts, self.owner = polygon_pieces(sites)

    @cached_property
    def rings(self) -> Rings:
        """The rings of the pieces."""
        return rings_of(self.parts)


@lru_cache(maxsize=2)  # sites, and the deep parts of them
def laid_sites(sites: Shapes) -> _Sites:
    """Sites in pieces: the very ones for each layer, so that GEOS prepares each of them once."""
    return _Sites(sites.array())


_FEW_VERTICES: Final = 2_000_000
"""Vertices of all pairs up to which GEOS intersects them, in the time that the kernel takes to load."""

_MANY_CORNERS: Final = 50_000
"""Corners of sites that are laid over all layers, from which on the kernel has repaid its loading."""


def are_many_corners(sites: gpd.GeoDataFrame) -> bool:
    """Whether these sites are sooner measured by their edges, over the layers of a plan together."""
    return bool(shapely.get_num_coordinates(geometries(sites)).sum() > _MANY_CORNERS)


_SAME_AREA: Final = 1e-12
"""Nearer than by this share to nothing, or to the whole of one of the two, is rounding."""


def _walked_km2(
    polygons: Geometries, others: Geometries, i: Positions, j: Positions, rings: Rings | None = None
) -> Floats:
    """What each polygon `i` shares with the other `j`, km², from their edges: no shape is built.

    `rings` are those of the polygons, where they are known.
    """
    from cami_units.overlap import _kernels  # numba is imported at first use, not with the package

    rings, other_rings = rings or rings_of(polygons), rings_of(others)
    shared = np.zeros(len(i))
    _kernels.shared_areas(
        (i.astype(np.int64), j.astype(np.int64)),
        (rings.xy, rings.ends, rings.turns, rings.first),
        (other_rings.xy, other_rings.ends, other_rings.turns, other_rings.first),
        shapely.bounds(polygons),
        shapely.bounds(others),
        shared,
    )
    area, other_area = shapely.area(polygons)[i], shapely.area(others)[j]
    least_area = np.minimum(area, other_area)
    shared[shared < _SAME_AREA * least_area] = 0.0
    is_whole = np.abs(shared - least_area) < _SAME_AREA * least_area
    return np.asarray(np.where(is_whole, least_area, shared) / 1e6)


def _line_km(sites: Geometries, lines: Geometries, crs: CRS) -> Pairs:
    """The km of each line in each site, along the ellipsoid."""
    parts, row_of = line_pieces(lines)
    site_parts, site_of = pieces_of_giants(sites)
    shapely.prepare(site_parts)
    i, j = _meeting(site_parts, parts)
    km = np.zeros(len(i))
    in_pieces = len(site_parts) > len(sites)
    for batch in [slice(0, len(i))] if in_pieces else _batches(len(i)):
        s, p = site_parts[i[batch]], parts[j[batch]]
        cut = ~shapely.covers(s, p)
        p[cut] = shapely.intersection(s[cut], p[cut])
        if in_pieces:
            _count_once(p, site_of[i[batch]], j[batch])
        km[batch] = geodesic_km(p, crs)
    return site_of[i[km > 0]], row_of[j[km > 0]], km[km > 0]


def _count_once(shared: Geometries, site: Positions, row: Positions) -> None:
    """Leave what two pieces of a site share with a line, for it runs along their cut, to one of them."""
    rows = pd.DataFrame({"site": site, "row": row, "at": np.arange(len(site))})
    rows = rows[rows.duplicated(["site", "row"], keep=False)]
    pairs = rows.merge(rows, on=["site", "row"])
    first, second = pairs.loc[pairs["at_x"] < pairs["at_y"], ["at_x", "at_y"]].to_numpy().T
    is_shared = shapely.relate_pattern(shared[first], shared[second], "1********")
    for one, other in zip(first[is_shared], second[is_shared], strict=True):
        shared[other] = shapely.difference(shared[other], shared[one])


def _point_n(sites: Geometries, points: Geometries) -> Pairs:
    """The points in each site, each counting one."""
    parts, row_of = shapely.get_parts(points, return_index=True)
    i, j = _meeting(sites, parts)
    return i, row_of[j], np.ones(len(i))


def _meeting(
    sites: Geometries, rows: Geometries, predicate: Literal["intersects"] | None = "intersects"
) -> tuple[Positions, Positions]:
    """Positions of the geometries that have a point in common (``None``: their boxes), sorted."""
    i, j = shapely.STRtree(rows).query(sites, predicate=predicate)
    # The tree answers in an order of its own, which may change with its version: sums must not.
    order = np.lexsort((j, i))
    return i[order], j[order]


def _batches(n: int) -> list[slice]:
    return [slice(start, start + _BATCH) for start in range(0, n, _BATCH)]


def _summed(pairs: Pairs, code: Positions, shape: tuple[int, int]) -> Found:
    """Sites, keys and sums of what rows of the layer share with sites, in the order of both."""
    place, row, value = pairs
    # a sparse matrix would do the same: to import it takes as long as to measure thousands of pairs
    number, at = np.unique(place * np.int64(shape[1]) + code[row], return_inverse=True)
    sites, keys = (part.astype(np.int32) for part in np.divmod(number, max(shape[1], 1)))
    return sites, keys, np.asarray(np.bincount(at, value, len(number)), dtype=np.float64)


def _plausible(found: Found, site_km2: Floats | float, ids: pd.Series, keys: pd.DataFrame) -> Found:
    """What was found without rounding; refuses a share of a site that cannot be."""
    place, number, km2 = found
    if len(km2) == 0:
        return found
    area = site_km2 if isinstance(site_km2, float) else site_km2[place]
    # Of a lattice, as good as always: two numbers settle it, without a look at each pair.
    if isinstance(area, float) and area * _NOTHING < km2.min() and km2.max() <= area:
        return found
    wrong = np.flatnonzero((km2 > area * (1 + _TOO_MUCH)) | (km2 < area * -_TOO_MUCH))
    if len(wrong):
        names = [" ".join(map(str, keys.iloc[code])) for code in np.unique(number[wrong])]
        first = wrong[0]
        share = km2[first] / (area if isinstance(area, float) else area[first])
        raise InputError(
            f"Nothing was measured: polygons of one key overlap each other or themselves "
            f"({listed(names)}): they cover {100 * share:.1f} % of site {ids.iloc[place[first]]}. "
            "Unite them first, pass dissolve=True, or repair them."
        )
    enough = km2 > area * _NOTHING
    return found if enough.all() else (place[enough], number[enough], km2[enough])
