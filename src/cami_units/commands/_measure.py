"""Layers cut by one another, and any sites laid over the pieces."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from cami_units import criteria, grid, layers, overlap, rank
from cami_units.cache import NOTHING_KEPT, Cache
from cami_units.commands._kept import kept_value
from cami_units.model import Findings, Layers, SiteTables
from cami_units.plan import Plan


@dataclass(frozen=True, slots=True)
class Pieces:
    """The layers cut by one another, once, so that any sites can be laid over them."""

    layers: Layers
    states: gpd.GeoDataFrame
    sides: gpd.GeoDataFrame
    graded: gpd.GeoDataFrame
    supporting: gpd.GeoDataFrame
    shared_borders: gpd.GeoDataFrame
    undisputed: gpd.GeoDataFrame | None
    crossings: gpd.GeoDataFrame | None
    protected: gpd.GeoDataFrame | None
    pa_pairs: pd.DataFrame | None
    hotspot_ground: gpd.GeoDataFrame | None
    seasonal: gpd.GeoDataFrame | None


def cut(known: Layers, plan: Plan, *, cache: Cache = NOTHING_KEPT) -> Pieces:
    """The pieces of a set of layers: ranges by state, borders by range, ranges by protection.

    Parameters
    ----------
    known : Layers
        From :func:`cami_units.load`, in one equal-area system.
    plan : Plan
        How far apart two protected areas may lie to be a pair.
    cache : Cache, optional
        Where pieces are kept from one run to the next; by default nowhere.

    Returns
    -------
    Pieces
        Cut once, so that any sites can be laid over them as often as wanted.

    Notes
    -----
    The regional range of a species (``layers.features["range_km2"]``) is measured before anything is
    cut.

    Examples
    --------
    >>> import cami_units as cu
    >>> plan = cu.read_plan(None)
    >>> pieces = cu.cut(cu.load(plan), plan)
    >>> pieces.sides.columns.tolist()
    ['sci_name', 'iso2', 'geometry']
    """
    return kept_value(
        cache, "pieces", plan.profile.C7.pair_km, Pieces, lambda: _cut(known, plan), layers=known
    )


def _cut(known: Layers, plan: Plan) -> Pieces:
    states = known.countries[known.countries["range_state"]].reset_index(drop=True)
    areas = known.protected_areas
    return Pieces(
        layers=known,
        states=states,
        sides=overlap.split(known.features, states, keep=("sci_name", "iso2")),
        graded=graded_ranges(layers.kept(known.ranges)),
        supporting=layers.dissolved(layers.possibly_extant(known.ranges), ("sci_name",)),
        shared_borders=overlap.split(known.borders, known.features, keep=("pair", "sci_name")),
        undisputed=(
            None
            if known.disputed is None
            else states[["iso2", "geometry"]].overlay(known.disputed, how="difference")
        ),
        crossings=None if known.corridors is None else _crossings(known.corridors, known.borders),
        protected=(
            None
            if areas is None
            else overlap.split(known.features, layers.dissolved(areas), keep=("sci_name",))
        ),
        pa_pairs=None if areas is None else _pa_pairs(areas, plan.profile.C7.pair_km),
        hotspot_ground=None
        if known.hotspots is None
        else layers.dissolved(known.hotspots).assign(ground="hotspots"),
        seasonal=_seasonal(known.ranges, states),
    )


def measure(
    sites: gpd.GeoDataFrame,
    pieces: Pieces,
    *,
    site: str = "unit_id",
    cache: Cache = NOTHING_KEPT,
) -> SiteTables:
    """Every table of overlaps that the criteria ask for.

    Parameters
    ----------
    sites : GeoDataFrame
        Polygons in the CRS of the layers, with a unique column `site`.
    pieces : Pieces
        What :func:`cut` made of the layers.
    cache : Cache
        The cache that the pieces came from.

    Examples
    --------
    >>> import cami_units as cu
    >>> plan = cu.read_plan(None)
    >>> pieces = cu.cut(cu.load(plan), plan)
    >>> tables = cu.measure(pieces.layers.hotspots[:1], pieces, site="hotspot_id")
    >>> sorted(tables.states["iso2"])
    ['KZ', 'TM', 'UZ']
    """
    plain = sites[[site, "geometry"]].rename(columns={site: "site"}).reset_index(drop=True)
    return kept_value(cache, "sites", plain, SiteTables, lambda: _measured(plain, pieces))


def _measured(plain: gpd.GeoDataFrame, pieces: Pieces) -> SiteTables:

    def over(layer: gpd.GeoDataFrame, *by: str) -> pd.DataFrame:
        return overlap.overlap(plain, layer, site="site", by=by)

    def maybe(layer: gpd.GeoDataFrame | None, *by: str) -> pd.DataFrame | None:
        return None if layer is None else over(layer, *by)

    known = pieces.layers
    area = pd.DataFrame({"site": plain["site"].array, "area_km2": overlap.area_km2(plain).array})
    return SiteTables(
        sites=area,
        states=over(pieces.states, "iso2"),
        undisputed=maybe(pieces.undisputed, "iso2"),
        species=over(pieces.sides, "sci_name", "iso2"),
        confidence=over(pieces.graded, "sci_name", "confidence"),
        supporting=over(pieces.supporting, "sci_name"),
        borders=over(known.borders, "pair"),
        shared_borders=over(pieces.shared_borders, "sci_name", "pair"),
        corridors=maybe(known.corridors, "corridor_id", "sci_name", "evidence_grade"),
        crossings=maybe(
            pieces.crossings, "corridor_id", "sci_name", "evidence_grade", "pair", "source"
        ),
        seasonal=maybe(pieces.seasonal, "sci_name", "seasonal", "iso2"),
        barriers=maybe(known.barriers, "barrier_id", "kind", "permeability"),
        protected=maybe(pieces.protected, "sci_name"),
        pa_pairs=_pairs_in(maybe(known.protected_areas, "pa_id"), pieces.pa_pairs),
        hotspots=_with_jaccard(
            maybe(known.hotspots, "hotspot_id", "name_en"), area, known.hotspots
        ),
        in_hotspots=maybe(pieces.hotspot_ground, "ground"),
    )


@dataclass(frozen=True, slots=True)
class Cells:
    """Scored planning units; species and hotspots in each (km²); species shared nearby."""

    units: gpd.GeoDataFrame
    species: pd.DataFrame
    shared: pd.DataFrame
    hotspots: pd.DataFrame


@dataclass(frozen=True, slots=True)
class _CellTables:
    """Planning units; km² of each species and state in them; species shared nearby; hotspots."""

    units: gpd.GeoDataFrame
    here: pd.DataFrame
    both: pd.DataFrame
    hotspots: pd.DataFrame


def score_cells(pieces: Pieces, plan: Plan, *, cache: Cache = NOTHING_KEPT) -> Cells:
    """The planning units of the range states, as far as any range reaches, scored.

    A species is *shared* in a cell when it lives in it and, within the plan's border distance, also
    in another state. The score is the plain mean of three measures (shared species, their threat
    weight, range rarity), each divided by the fixed maximum of the profile and capped at 1.

    Parameters
    ----------
    pieces : Pieces
        From :func:`cami_units.cut`.
    plan : Plan
        Side and shape of cells, border distance, maxima.

    Returns
    -------
    Cells
        ``units`` with ``richness``, ``n_shared``, ``threat_weight``, ``range_rarity`` and ``score``
        (0–1); ``species`` and ``shared`` by cell.

    Notes
    -----
    Richness is not additive: count it again for a larger site, never sum it.

    References
    ----------
    Crisp, M. D. et al. (2001). Endemism in the Australian flora. *Journal of Biogeography* 28,
    183–198. doi:10.1046/j.1365-2699.2001.00524.x

    Examples
    --------
    >>> import cami_units as cu
    >>> plan = cu.read_plan(None)
    >>> plan = plan.model_copy(update={"study": plan.study.model_copy(update={"cell_km": 150.0})})
    >>> cells = cu.score_cells(cu.cut(cu.load(plan), plan), plan).units
    >>> bool(cells["score"].between(0, 1).all()), bool((cells["n_shared"] <= cells["richness"]).all())
    (True, True)
    """
    study = plan.study
    on = [study.cell_km, study.shape, plan.criteria.border_km]
    tables = kept_value(cache, "cells", on, _CellTables, lambda: _cell_tables(pieces, plan))
    scores = criteria.score_cells(
        tables.units,
        tables.here,
        tables.both,
        with_range(pieces.layers),
        plan.profile,
        cell_km2=float(overlap.area_km2(tables.units).iloc[0]),
    )
    return Cells(
        units=tables.units.merge(scores, on="pu_id"),
        species=tables.here.groupby(["pu_id", "sci_name"])[["km2"]].sum().reset_index(),
        shared=tables.both,
        hotspots=tables.hotspots,
    )


def _cell_tables(pieces: Pieces, plan: Plan) -> _CellTables:
    study = plan.study
    within = pieces.states.clip_by_rect(*pieces.layers.ranges.total_bounds)
    units = grid.planning_units(
        within[~within.is_empty], cell_km=study.cell_km, shape=study.shape, crs=study.crs
    )
    here = overlap.overlap(units, pieces.sides, site="pu_id", by=("sci_name", "iso2"))
    near = overlap.near(
        units, pieces.sides, by=("sci_name", "iso2"), within_km=plan.criteria.border_km
    )
    key = ["pu_id", "sci_name"]
    sides = near.groupby(key)["iso2"].nunique()
    both = here[key].drop_duplicates().merge(sides[sides >= 2].reset_index()[key])
    hotspots = pieces.layers.hotspots
    known = units[:0].rename(columns={"pu_id": "hotspot_id"}) if hotspots is None else hotspots
    inside = overlap.overlap(units, known, site="pu_id", by=("hotspot_id",), kind="polygon")
    return _CellTables(units, here, both, inside)


@dataclass(frozen=True, slots=True)
class Assessed:
    """What was found on a set of sites, and what is decided on each."""

    tables: SiteTables
    findings: Findings
    decisions: pd.DataFrame

    def _repr_html_(self) -> str:
        """The marks of every site and the decision on it, as a notebook shows them."""
        return self.findings._repr_html_() + self.decisions.to_html(index=False, escape=True)

    def decided(self, *decisions: str) -> list[str]:
        """The sites of these decisions."""
        return self.decisions.loc[self.decisions["decision"].isin(decisions), "site"].tolist()


def assess_sites(
    sites: gpd.GeoDataFrame | None,
    pieces: Pieces,
    plan: Plan,
    *,
    site: str = "unit_id",
    cache: Cache = NOTHING_KEPT,
) -> Assessed:
    """Every gate and criterion of sites as they are drawn, and the decision on each.

    Examples
    --------
    Of the 44 bundled hotspots three fail the gate of occurrence, as drawn.

    >>> import cami_units as cu
    >>> plan = cu.read_plan(None)
    >>> pieces = cu.cut(cu.load(plan), plan)
    >>> drawn = cu.assess_sites(pieces.layers.hotspots, pieces, plan, site="hotspot_id")
    >>> found = drawn.findings.criteria
    >>> found.loc[(found["criterion"] == "G2") & (found["met"] == False), "site"].tolist()
    ['H41', 'H42', 'H43']
    """
    if sites is None:
        sites = pieces.states.iloc[:0].assign(**{site: []})
    tables = measure(sites, pieces, site=site, cache=cache)
    findings = criteria.assess(
        tables,
        with_range(pieces.layers),
        plan.profile,
        adjacent=adjacent_sites(sites, pieces.layers, plan, site),
    )
    return Assessed(tables, findings, rank.decide(findings, plan.profile))


def adjacent_sites(
    sites: gpd.GeoDataFrame, known: Layers, plan: Plan, site: str
) -> pd.DataFrame | None:
    """The overrides of the geography gate on these sites, and how far each is from a border.

    An override names a unit or a hotspot; a unit grown from a hotspot carries it on.
    """
    within = plan.profile.G1.adjacent_km
    if known.overrides is None or within is None:
        return None
    chosen = known.overrides[known.overrides["what"] == "adjacent"]
    reason = dict(zip(chosen["site"], chosen["reason"], strict=True))
    named = {
        one: next((reason[p] for p in one.split(";") if p in reason), "") for one in sites[site]
    }
    near = overlap.borders_within(sites, known.borders, within_km=within, site=site)
    nearest = near.groupby(site)[["km"]].min().reset_index().rename(columns={site: "site"})
    table = nearest.assign(reason=nearest["site"].map(named))
    return table[table["reason"] != ""]


def with_range(known: Layers) -> pd.DataFrame:
    """The species table with the regional range of each."""
    return known.species.merge(known.features[["sci_name", "range_km2"]], how="left")


def graded_ranges(parts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Range parts by species and grade of confidence; those without one are "ungraded"."""
    grade = parts["confidence"].fillna("ungraded")
    return layers.dissolved(parts.assign(confidence=grade), ("sci_name", "confidence"))


def _crossings(corridors: gpd.GeoDataFrame, borders: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    points = overlap.crossings(corridors, borders)
    told = corridors[["corridor_id", "sci_name", "evidence_grade"]].assign(source="")
    if "source" in corridors:
        told["source"] = corridors["source"].fillna("").astype(str)
    return points.merge(told, on="corridor_id")


def _seasonal(ranges: gpd.GeoDataFrame, states: gpd.GeoDataFrame) -> gpd.GeoDataFrame | None:
    """Breeding, non-breeding and passage parts of kept ranges by state; None: all is resident."""
    parts = layers.kept(ranges)
    parts = parts[parts["seasonal"].isin([2, 3, 4])]
    if parts.empty:
        return None
    whole = layers.dissolved(parts, ("sci_name", "seasonal"))
    return overlap.split(whole, states, keep=("sci_name", "seasonal", "iso2"))


def _pa_pairs(areas: gpd.GeoDataFrame, within_km: float | None) -> pd.DataFrame | None:
    """Pairs of protected areas of different states, near each other; None: no distance is given."""
    if within_km is None:
        return None
    pairs = overlap.pairs_apart(areas, key="pa_id", group="iso2", within_km=within_km)
    pairs = pairs.rename(columns={"key_a": "pa_a", "key_b": "pa_b"})
    name = areas.set_index("pa_id")["name"]
    return pairs.assign(name_a=pairs["pa_a"].map(name), name_b=pairs["pa_b"].map(name))


def _pairs_in(areas: pd.DataFrame | None, pairs: pd.DataFrame | None) -> pd.DataFrame | None:
    """The pairs of which a site touches both."""
    if areas is None or pairs is None:
        return None
    touched = areas[["site", "pa_id"]]
    first = touched.rename(columns={"pa_id": "pa_a"}).merge(pairs, on="pa_a")
    return first.merge(touched.rename(columns={"pa_id": "pa_b"}), on=["site", "pa_b"])


def _with_jaccard(
    shared: pd.DataFrame | None, area: pd.DataFrame, hotspots: gpd.GeoDataFrame | None
) -> pd.DataFrame | None:
    if shared is None or hotspots is None:
        return None
    whole = overlap.area_km2(hotspots).set_axis(hotspots["hotspot_id"])
    site = area.set_index("site")["area_km2"]
    site_km2, hotspot_km2 = shared["site"].map(site), shared["hotspot_id"].map(whole)
    joint = site_km2.astype(float) + hotspot_km2.astype(float) - shared["km2"]
    return shared.assign(jaccard=shared["km2"] / joint)
