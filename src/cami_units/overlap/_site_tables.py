"""Everything that the criteria ask of sites, measured: the pieces of the layers laid under them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.model import DRAWN_AS, SOURCE_FACTS, SiteTables, drawn_lines
from cami_units.overlap._arrays import Positions
from cami_units.overlap._distance import meeting, near
from cami_units.overlap._input_checks import Kind
from cami_units.overlap._layer_pieces import Pieces, large_sides
from cami_units.overlap._measure import area_km2, jaccard_index, laid_sites, overlaps
from cami_units.overlap._pieces import dissolved, pieces_of_giants, weight_column
from cami_units.overlap._split import of_dimension

Reading = tuple[str, str]
"""How ranges are read: the names of presence codes and of the side of their edges."""


def site_tables(
    sites: gpd.GeoDataFrame,
    pieces: Pieces,
    *,
    inner: gpd.GeoDataFrame | None = None,
    by_edges: bool | None = None,
) -> SiteTables:
    """Every table of overlaps that the criteria ask for.

    Parameters
    ----------
    sites : GeoDataFrame
        ``site``, unique, and polygons in the CRS of the layers.
    pieces : Pieces
        From :func:`layer_pieces`.
    inner : GeoDataFrame, optional
        The :func:`deep_sites` of the sites, where they were cut before.
    by_edges : bool, optional
        As :func:`overlaps` takes it. Given, what is measured of a site hangs on no other site.

    Returns
    -------
    SiteTables
        Rows in the order of the sites, then of their keys.
    """

    def over(layer: gpd.GeoDataFrame, *by: str, kind: Kind = "polygon") -> pd.DataFrame:
        return overlaps(sites, layer, site="site", by=by, kind=kind, by_edges=by_edges)

    def maybe(
        layer: gpd.GeoDataFrame | None, *by: str, kind: Kind = "polygon"
    ) -> pd.DataFrame | None:
        return None if layer is None else over(layer, *by, kind=kind)

    layers = pieces.layers
    area = pd.DataFrame({"site": sites["site"].array, "area_km2": area_km2(sites).array})
    inner = deep_sites(sites, pieces) if inner is None else inner
    crossing = _crossing_columns(pieces)
    areas = maybe(layers.protected_areas, "pa_id")
    states = over(pieces.states, "iso2")
    tables = SiteTables(
        sites=area,
        states=states,
        undisputed=_undisputed(states, maybe(pieces.disputed, "iso2")),
        ranges=over(pieces.ranges, "sci_name"),
        species=over(pieces.sides, "sci_name", "iso2"),
        confidence=over(pieces.graded, "sci_name", "confidence"),
        supporting=over(pieces.supporting, "sci_name"),
        borders=over(layers.borders, "pair", kind="line"),
        shared_borders=over(pieces.shared_borders, "sci_name", "pair", kind="line"),
        corridors=_corridors(over, layers.corridors),
        crossings=maybe(pieces.crossings, *crossing, kind="point"),
        near_crossings=_near_crossings(sites, pieces),
        seasonal=maybe(pieces.seasonal, "sci_name", "seasonal", "iso2"),
        barriers=maybe(layers.barriers, "barrier_id", "kind", "permeability", kind="line"),
        protected=maybe(pieces.protected, "sci_name"),
        pa_pairs=_pairs_in_sites(areas, pieces.pa_pairs, sites),
        hotspots=_hotspots(maybe(layers.hotspots, "hotspot_id", "name_en"), area, layers.hotspots),
        in_hotspots=maybe(pieces.hotspot_ground, "ground"),
        deep_states=_deep(inner, pieces.states, "iso2", by_edges=by_edges),
        deep_species=_deep(inner, pieces.sides, "sci_name", "iso2", by_edges=by_edges),
        covered=_covered(sites, pieces.grounds, by_edges),
        records=maybe(pieces.sightings, "sci_name", "iso2", "age_years", kind="point"),
        covered_ranges=maybe(pieces.covered_ranges, "sci_name"),
        covered_borders=maybe(pieces.covered_borders, "pair", kind="line"),
    )
    laid_sites.cache_clear()  # of a coast of a million points they are 40 MB
    return tables


def _undisputed(sides: pd.DataFrame, disputed: pd.DataFrame | None) -> pd.DataFrame | None:
    """The sides of sites without the ground that is disputed; a side that is all so is left out."""
    if disputed is None:
        return None
    taken = sides.merge(disputed, "left", ["site", "iso2"], suffixes=("", "_taken"))["km2_taken"]
    km2 = sides["km2"] - taken.fillna(0.0)
    return sides.assign(km2=km2)[km2 > _NOTHING_LEFT * sides["km2"]].reset_index(drop=True)


_NOTHING_LEFT: Final = 1e-9
"""The share of a side up to which what is left of it is rounding."""


def with_ranges_measured(
    tables: SiteTables,
    sites: gpd.GeoDataFrame,
    inner: gpd.GeoDataFrame | None,
    pieces: Pieces,
    species: Collection[str] | None = None,
) -> SiteTables:
    """The tables with what hangs on the ranges measured anew; the rest stays as it was.

    `inner` are the :func:`deep_sites` of the sites: no range changes them, and to cut them takes as long
    as to measure. With `species`, the pieces hold the ranges of these only, and what was measured of
    all others stays.
    """
    place = pd.Series(np.arange(len(sites)), index=sites["site"])

    def others(older: pd.DataFrame | None, table: pd.DataFrame, *by: str) -> pd.DataFrame:
        """What was measured of the other species among what was measured now, in the usual order."""
        if species is None or older is None:
            return table
        rows = pd.concat([older[~older["sci_name"].isin(species)], table], ignore_index=True)
        rows = rows.assign(place=rows["site"].map(place)).sort_values(["place", *by])
        return rows.drop(columns="place").reset_index(drop=True)

    def over(
        older: pd.DataFrame | None, layer: gpd.GeoDataFrame, *by: str, kind: Kind = "polygon"
    ) -> pd.DataFrame:
        table = overlaps(sites[["site", "geometry"]], layer, site="site", by=by, kind=kind)
        return others(older, table, *by)

    def maybe(older: pd.DataFrame | None, layer: gpd.GeoDataFrame | None) -> pd.DataFrame | None:
        return None if layer is None else over(older, layer, "sci_name")

    deep = _deep(inner, pieces.sides, "sci_name", "iso2")
    borders = over(tables.shared_borders, pieces.shared_borders, "sci_name", "pair", kind="line")
    return replace(
        tables,
        ranges=over(tables.ranges, pieces.ranges, "sci_name"),
        species=over(tables.species, pieces.sides, "sci_name", "iso2"),
        confidence=over(tables.confidence, pieces.graded, "sci_name", "confidence"),
        shared_borders=borders,
        protected=maybe(tables.protected, pieces.protected),
        deep_species=None
        if deep is None
        else others(tables.deep_species, deep, "sci_name", "iso2"),
        covered_ranges=maybe(tables.covered_ranges, pieces.covered_ranges),
    )


def deep_sites(sites: gpd.GeoDataFrame, pieces: Pieces) -> gpd.GeoDataFrame | None:
    """The part of each site farther from every border than the borders may be off; None: they are not.

    A site of very many corners has several rows, a piece each.
    """
    if pieces.border_strips is None:
        return None
    shapes, site_of = pieces_of_giants(np.asarray(sites.geometry.array, dtype=object))
    shapes = shapes.copy()
    strips = pieces.border_strips.geometry.to_numpy()
    i, j = meeting(shapes, strips)
    # Only strips that meet a site are joined, and a site at a time: most borders are near none.
    for site in np.unique(site_of[i]):
        is_own = site_of[i] == site
        cut, own_sites = np.unique(i[is_own]), np.unique(j[is_own])
        shapes[cut] = shapely.difference(shapes[cut], shapely.union_all(strips[own_sites]))
    shapes = of_dimension(shapes, 2)
    rows = ~shapely.is_empty(shapes)
    return gpd.GeoDataFrame(
        {"site": sites["site"].array.take(site_of[rows])}, geometry=shapes[rows], crs=sites.crs
    )


def _deep(
    inner: gpd.GeoDataFrame | None, layer: gpd.GeoDataFrame, *by: str, by_edges: bool | None = None
) -> pd.DataFrame | None:
    """What lies in the parts of sites deep inside of states."""
    if inner is None:
        return None
    over = partial(overlaps, layer=layer, by=by, kind="polygon", by_edges=by_edges)
    if inner["site"].is_unique:
        return over(inner, site="site")
    km2 = over(inner.assign(row=range(len(inner))), site="row")
    place, sites = pd.factorize(inner["site"])
    added = km2.assign(site=place[km2["row"]]).groupby(["site", *by], observed=True)["km2"].sum()
    table = added.reset_index()
    return table.assign(site=sites.take(table["site"]))


def _corridors(
    over: Callable[..., pd.DataFrame], corridors: gpd.GeoDataFrame | None
) -> pd.DataFrame | None:
    """The km of each corridor in each site, with the line on which it lies where several share one."""
    if corridors is None:
        return None
    columns = ["corridor_id", "sci_name", "evidence_grade"]
    if DRAWN_AS in corridors:
        corridors = corridors.assign(**{DRAWN_AS: drawn_lines(corridors)})
        columns.append(DRAWN_AS)
    return over(corridors, *columns, kind="line")


def _crossing_columns(pieces: Pieces) -> list[str]:
    """What is told of a crossing; where it is from as values too, where they are there."""
    columns = ["corridor_id", "sci_name", "evidence_grade", "pair", "source"]
    there = () if pieces.crossings is None else pieces.crossings.columns
    return [*columns, *(name for name in (SOURCE_FACTS, DRAWN_AS) if name in there)]


def _near_crossings(sites: gpd.GeoDataFrame, pieces: Pieces) -> pd.DataFrame | None:
    """Crossings near each site of corridors that reach it: they count where a site is *adjacent*."""
    points, corridors = pieces.crossings, pieces.layers.corridors
    if points is None or corridors is None or pieces.adjacent_km is None:
        return None
    columns = _crossing_columns(pieces)
    numbered = points.assign(point=range(len(points)))
    close = near(sites, numbered, by=("point",), within_km=pieces.adjacent_km, site="site")
    table = close.merge(pd.DataFrame(numbered[["point", *columns]]), on="point")
    i, j = corridors.sindex.query(sites.geometry, predicate="intersects")
    reaching = pd.DataFrame(
        {"site": sites["site"].array.take(i), "corridor_id": corridors["corridor_id"].array.take(j)}
    )
    # Near is not enough: a crossing counts for a site that its own corridor runs through.
    table = table.merge(reaching.drop_duplicates(), on=["site", "corridor_id"])
    crossing_counts: pd.Series[int] = table.groupby(["site", *columns], sort=True).size()
    return _in_order(pd.DataFrame({"n": crossing_counts}).reset_index(), sites)


def _in_order(table: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table in the order of the sites, those of a site as they are."""
    place = pd.Index(sites["site"]).get_indexer(pd.Index(table["site"]))
    return table.take(np.argsort(place, kind="stable")).reset_index(drop=True)


def _covered(
    sites: gpd.GeoDataFrame, grounds: gpd.GeoDataFrame, by_edges: bool | None
) -> pd.DataFrame:
    """The ground of each site that each layer covers; layers of one ground are measured once."""
    ground = pd.factorize(grounds.geometry.to_wkb())[0]  # layers of the same states share one
    first = grounds.assign(ground=ground).drop_duplicates("ground")
    km2 = overlaps(sites, first, site="site", by=("ground",), kind="polygon", by_edges=by_edges)
    layer = pd.DataFrame({"layer": grounds["layer"].array, "ground": ground})
    table = layer.merge(km2, on="ground")[["site", "layer", "km2"]]
    return _in_order(table.sort_values("layer"), sites)


def tables_by_way(
    measured: Mapping[Reading, SiteTables], sites: gpd.GeoDataFrame
) -> dict[tuple[str, Reading], SiteTables]:
    """The tables of each way of drawing sites, under the names that the sites have in that way.

    Parameters
    ----------
    measured : mapping
        The tables of all sites of all ways, by how ranges are read.
    sites : GeoDataFrame
        ``site``, ``way``, and ``drawn``: the name of the site in its way. One site may be drawn in
        several ways, and once in each.
    """
    ids, names = pd.Index(sites["site"].unique()), sites["drawn"].array
    code, ways = pd.factorize(sites["way"])
    # where each site stands in each way; −1: it is not drawn there
    standing = np.full((len(ways), len(ids)), -1)
    standing[code, ids.get_indexer(pd.Index(sites["site"]))] = np.arange(len(sites))
    parts: dict[int, list[pd.DataFrame]] = {}
    for table in (getattr(tables, name) for tables in measured.values() for name in _TABLES):
        # most tables hang on no range, and all readings have them in common
        if table is not None and id(table) not in parts:
            at = standing[:, ids.get_indexer(pd.Index(table["site"]))]
            parts[id(table)] = []
            for place in at:
                rows = np.argsort(place, kind="stable")[np.count_nonzero(place < 0) :]
                parts[id(table)].append(table.take(rows).assign(site=names.take(place[rows])))
    return {
        (str(way), reading): SiteTables(
            **{
                name: parts[id(table)][number]
                for name in _TABLES
                if (table := getattr(tables, name)) is not None
            }
        )
        for reading, tables in measured.items()
        for number, way in enumerate(ways)
    }


_TABLES: Final = tuple(field.name for field in fields(SiteTables))


def of_sites(tables: SiteTables, places: Positions, names: pd.Series) -> SiteTables:
    """The tables of some of the sites, in an order and under names of their own.

    Parameters
    ----------
    tables : SiteTables
        ``site`` is a number, from 0.
    places : array
        Which of the sites are asked for; one may be asked for twice.
    names : Series
        What each is called, beside `places`.
    """

    def taken(table: pd.DataFrame) -> pd.DataFrame:
        number = table["site"].to_numpy()
        order = np.argsort(number, kind="stable")
        first, last = (np.searchsorted(number[order], places, side) for side in ("left", "right"))
        n = last - first
        asking = np.repeat(np.arange(len(places)), n)
        # each row is the first of its site's, and those before it
        rows = np.arange(n.sum()) + np.repeat(first - (np.cumsum(n) - n), n)
        own = table.take(order[rows]).reset_index(drop=True)
        return own.assign(site=names.array.take(asking))

    return _each_table(taken, tables)


def with_more_sites(
    tables: SiteTables | None, n: int, further: SiteTables, names: pd.Series
) -> SiteTables:
    """The tables of `n` numbered sites with those of further ones, which are numbered on as in `names`.

    Of no tables, those of the further ones. A layer is there for both sets of sites or for neither.
    """
    index = pd.Index(names)

    def numbered(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(site=index.get_indexer(pd.Index(table["site"])) + n)

    def joint(table: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
        # a table without a row says nothing of the kinds of its columns
        if not len(table) or not len(more):
            return more if len(more) else table
        return pd.concat([table, more], ignore_index=True)

    more = _each_table(numbered, further)
    return more if tables is None else _each_table(joint, tables, more)


def _each_table(change: Callable[..., pd.DataFrame], *sets: SiteTables) -> SiteTables:
    """Each table of one or more sets changed; a layer that is not there stays away."""
    tables = {name: [getattr(one, name) for one in sets] for name in _TABLES}
    there = {name: change(*same) for name, same in tables.items() if same[0] is not None}
    return SiteTables(**there)


def _pairs_in_sites(
    areas: pd.DataFrame | None, pairs: pd.DataFrame | None, sites: pd.DataFrame
) -> pd.DataFrame | None:
    """The pairs of protected areas of which a site touches both, from the areas in each site."""
    if areas is None or pairs is None:
        return None
    touched = areas[["site", "pa_id"]]
    numbered = pairs.assign(number=range(len(pairs)))
    sides: list[pd.DataFrame] = []
    for side in ("pa_a", "pa_b"):  # one of the designations on a ground is enough
        ids = numbered.assign(pa_id=numbered[side].str.split(";")).explode("pa_id")
        sides.append(ids[["number", "pa_id"]].merge(touched)[["site", "number"]].drop_duplicates())
    joint_pairs = sides[0].merge(sides[1]).merge(numbered, on="number")
    return _in_order(joint_pairs.drop(columns="number").sort_values(["pa_a", "pa_b"]), sites)


def _hotspots(
    shared: pd.DataFrame | None, area: pd.DataFrame, hotspots: gpd.GeoDataFrame | None
) -> pd.DataFrame | None:
    """The hotspots in each site, with the Jaccard index of both."""
    if shared is None or hotspots is None:
        return None
    hotspot_km2 = area_km2(hotspots).set_axis(hotspots["hotspot_id"])
    site_km2 = area.set_index("site")["area_km2"]
    index = jaccard_index(
        shared["km2"],
        shared["site"].map(site_km2).astype(float),
        shared["hotspot_id"].map(hotspot_km2).astype(float),
    )
    return shared.assign(jaccard=index)


# -- planning units -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CellTables:
    """What lies in planning units, before it is scored.

    Attributes
    ----------
    units : the planning units.
    species : ``pu_id``, ``sci_name``, ``km2`` – kept range in each cell.
    shared : ``pu_id``, ``sci_name`` – species that also live close by in another state.
    hotspots : ``pu_id``, ``hotspot_id``, ``km2``.
    """

    units: gpd.GeoDataFrame
    species: pd.DataFrame
    shared: pd.DataFrame
    hotspots: pd.DataFrame


def cell_tables(
    cells: gpd.GeoDataFrame,
    pieces: Pieces,
    *,
    border_km: float,
    side_km2: float,
    species: pd.DataFrame | None = None,
) -> CellTables:
    """Species, shared species and hotspots of planning units.

    Parameters
    ----------
    cells : GeoDataFrame
        Planning units in the CRS of the layers.
    pieces : Pieces
        From :func:`layer_pieces`.
    border_km : float
        A species is shared in a cell that it lives in and, so close by, in another state too.
    side_km2 : float
        A state has a species from this much range.
    species : DataFrame, optional
        ``pu_id``, ``sci_name``, ``km2``, where it is known what ranges share with the cells.
    """
    cell_species = species
    if cell_species is None:
        cell_species = overlaps(cells, pieces.ranges, site="pu_id")
    hotspots = pieces.layers.hotspots
    if hotspots is None:
        hotspots = cells[:0].rename(columns={"pu_id": "hotspot_id"})
    in_hotspots = overlaps(cells, hotspots, site="pu_id", by=("hotspot_id",), kind="polygon")
    tables = CellTables(cells, cell_species, cell_species[["pu_id", "sci_name"]], in_hotspots)
    return shared_nearby(tables, pieces, border_km=border_km, side_km2=side_km2)


def shared_nearby(
    tables: CellTables, pieces: Pieces, *, border_km: float, side_km2: float
) -> CellTables:
    """The tables with the species that are shared within so many km; the rest hangs on no distance."""
    key = ["pu_id", "sci_name"]
    sides = large_sides(pieces, side_km2)
    if weight_column(sides):  # how much of it counts is no matter to how near it is
        sides = dissolved(sides, ("sci_name", "iso2"))
    in_cells = tables.species[key].drop_duplicates()
    nearby = near(tables.units, sides, by=("sci_name", "iso2"), within_km=border_km, among=in_cells)
    n_states = nearby.groupby(key).size()
    return replace(tables, shared=in_cells.merge(n_states[n_states >= 2].reset_index()[key]))


_SAME_RANGE: Final = 1e-4
"""Two ways to read one range differ by less than this part of it: straight in degrees or in metres."""


def listed_overlaps(
    parts: Iterable[pd.DataFrame], cells: gpd.GeoDataFrame, ranges: gpd.GeoDataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What a list of overlaps with the cells of a lattice says of some of its cells.

    Parameters
    ----------
    parts : iterable of DataFrame
        ``sci_name``, ``row``, ``col``, ``km2``: every cell of the lattice that a species covers.
    cells : GeoDataFrame
        ``pu_id``, ``row``, ``col``: the cells that are asked for.
    ranges : GeoDataFrame
        ``sci_name``, unique, and ``range_km2``: the species that are asked for.

    Returns
    -------
    DataFrame
        ``pu_id``, ``sci_name``, ``km2``, in the order of the cells, then of the names.
    DataFrame
        ``sci_name``, ``km2`` of all its cells, ``range_km2``: where the two are not of one range.
    """
    names = pd.Index(ranges["sci_name"].sort_values())
    # From the cells' own corner: rows and columns may be below zero, and places must not be.
    low_row, low_col = cells["row"].min(), cells["col"].min()
    wide = cells["col"].max() - low_col + 1
    places = pd.Index((cells["row"] - low_row) * wide + cells["col"] - low_col)
    total_km2 = np.zeros(len(names))
    within = [
        pd.DataFrame({"place": [], "code": [], "km2": []}).astype({"place": int, "code": int})
    ]
    for part in parts:
        rows = part.assign(code=names.get_indexer(pd.Index(part["sci_name"].astype(str))))
        rows = rows[rows["code"] >= 0]
        total_km2 += np.bincount(rows["code"], rows["km2"], len(names))
        col = rows["col"].astype(int) - low_col
        place = places.get_indexer(pd.Index((rows["row"].astype(int) - low_row) * wide + col))
        # A column beyond the last would be taken for the first ones of the next row.
        is_there = (place >= 0) & col.between(0, wide - 1)
        within.append(rows.assign(place=place).loc[is_there, ["place", "code", "km2"]])
    range_km2 = ranges.set_index("sci_name")["range_km2"].reindex(names).to_numpy()
    compared = pd.DataFrame({"sci_name": names, "km2": total_km2, "range_km2": range_km2})
    odd = compared[np.abs(total_km2 - range_km2) > _SAME_RANGE * range_km2]
    table = pd.concat(within).sort_values(["place", "code"], ignore_index=True)
    found = {
        "pu_id": cells["pu_id"].array.take(table["place"].to_numpy()),
        "sci_name": names.array.take(table["code"].to_numpy()),
        "km2": table["km2"],
    }
    return pd.DataFrame(found), odd


def cell_owners(cells: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, *, site: str) -> pd.DataFrame:
    """The site that holds at least half of each planning unit: ``pu_id`` and `site`.

    Two sites that overlap may each hold half of a cell: the first by `site` has it. Cells that no
    site holds half of are not there.
    """
    # the kernel walks a lattice in no time, but takes ten times as long to load as a few sites take
    # to be intersected: where nothing else was measured on the lattice, it is not there yet
    if (
        "numba" not in sys.modules
        and area_km2(sites).sum() < _FEW_CELLS * area_km2(cells[:1]).sum()
    ):
        # nine cells of ten lie beneath no site
        at = shapely.STRtree(cells.geometry.array).query(sites.geometry.array)[1]
        cells = cells[["pu_id", "geometry"]].take(np.unique(at))
    parts = overlaps(cells, sites, site="pu_id", by=(site,))
    half = area_km2(cells).set_axis(cells["pu_id"]) / 2
    enough = parts["km2"] >= parts["pu_id"].map(half).astype(float)
    return parts.loc[enough, ["pu_id", site]].drop_duplicates("pu_id")


_FEW_CELLS: Final = 10_000
"""Cells under all sites up to which each is intersected: in a tenth of a second."""
