"""Any polygons against every gate and criterion, as they are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from cami_units import criteria, layers, overlap, rank
from cami_units.cache import NOTHING_KEPT, Cache, kept_value
from cami_units.commands.plan_layers import ground, load
from cami_units.model import DIGITS, Findings, Layers, Progress, SiteTables, quiet
from cami_units.overlap import Pieces
from cami_units.plan import Plan


def assess(
    path: Path, plan: Plan, *, progress: Progress = quiet, cache: Cache = NOTHING_KEPT
) -> pd.DataFrame:
    """Any polygons against every gate and criterion, as they are drawn.

    Parameters
    ----------
    path : Path
        KML, KMZ, GeoPackage, GeoJSON, shapefile or GeoParquet.
    plan : Plan
        The layers and the profile to hold them against.
    cache : Cache
        Where the layers may be kept, and found again.

    Returns
    -------
    DataFrame
        ``site``, ``decision``, ``criterion``, ``met``, ``value``, ``unit``, ``threshold``,
        ``because``, ``met_without_strips`` (without sides that lie nowhere farther from a border
        than the border layer may be off): one row for every gate and criterion of every site.

    Raises
    ------
    InputError
        As :func:`load`, or when the file cannot be read or holds no polygon.
    """
    sites, problems = layers.read_sites(path, crs=plan.study.crs)
    cache = ground(plan, cache)
    pieces = cut(load(plan, progress=progress, cache=cache), plan, cache=cache)
    progress("measuring the sites", 0, 0)
    assessed = assess_sites(sites, pieces, plan, site="site")
    table = assessed.findings.criteria.merge(assessed.decisions[["site", "decision"]], on="site")
    columns = ["site", "decision", "criterion", "met", "value", "unit", "threshold", "because"]
    columns.append("met_without_strips")
    result = table[columns].round(DIGITS)
    result.attrs["problems"] = problems
    return result


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
    pair_km, adjacent_km = plan.profile.C7.pair_km, plan.profile.G1.adjacent_km
    error_km = plan.borders.error_km

    def cut_anew() -> Pieces:
        return overlap.layer_pieces(
            known, pair_km=pair_km, adjacent_km=adjacent_km, error_km=error_km
        )

    coverage = [known.coverage, known.coverage_areas]
    key = [pair_km, adjacent_km, error_km, coverage]
    return kept_value(cache, "pieces", key, Pieces, cut_anew, layers=known)


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
    return kept_value(cache, "sites", plain, SiteTables, lambda: overlap.site_tables(plain, pieces))


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
        species_ranges(pieces.layers),
        plan.profile,
        adjacent=adjacent_sites(sites, pieces.layers, plan, site),
        border_error_km=plan.borders.error_km,
        state_names=dict(zip(pieces.states["iso2"], pieces.states["name_en"], strict=True)),
    )
    return Assessed(tables, findings, rank.decide(findings, plan.profile))


def adjacent_sites(
    sites: gpd.GeoDataFrame, known: Layers, plan: Plan, site: str
) -> pd.DataFrame | None:
    """The overrides of the geography gate on these sites, and how far each is from a border.

    An override names a unit or a hotspot; a unit grown from a hotspot carries it on.
    """
    within_km = plan.profile.G1.adjacent_km
    if known.overrides is None or within_km is None:
        return None
    rows = known.overrides[known.overrides["what"] == "adjacent"]
    reasons = dict(zip(rows["site"], rows["reason"], strict=True))
    reason_of = {
        names: next((reasons[name] for name in names.split(";") if name in reasons), "")
        for names in sites[site]
    }
    nearby = overlap.borders_within(sites, known.borders, within_km=within_km, site=site)
    nearest = nearby.groupby(site)[["km"]].min().reset_index().rename(columns={site: "site"})
    table = nearest.assign(reason=nearest["site"].map(reason_of))
    return table[table["reason"] != ""]


def species_ranges(known: Layers) -> pd.DataFrame:
    """The species table with the regional range of each."""
    return known.species.merge(known.features[["sci_name", "range_km2"]], how="left")
