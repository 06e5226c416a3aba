"""Any polygons against every gate and criterion, as they are drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from cami_units import criteria, layers, overlap, rank, words
from cami_units.cache import NOTHING_KEPT, Cache, entry, keep, kept, kept_value, parts_of
from cami_units.commands.plan_layers import ground, load, reading_of, sites_typed
from cami_units.model import (
    DIGITS,
    Findings,
    Layers,
    Names,
    Profile,
    Progress,
    SiteTables,
    check_arguments,
    quiet,
)
from cami_units.overlap import DrawnPieces, Pieces
from cami_units.plan import Plan
from cami_units.words import finding_sentences
from cami_units.words.finding_sentences import each_because


def assess(
    path: Path | str, plan: Plan, *, progress: Progress = quiet, cache: Cache = NOTHING_KEPT
) -> pd.DataFrame:
    """Any polygons against every gate and criterion, as they are drawn.

    Parameters
    ----------
    path : path
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
        than the border layer may be off): one row for every gate and criterion of every site. The
        sentences are in the first language of the plan.

    Raises
    ------
    InputError
        As :func:`load`, or when the file cannot be read or holds no polygon.
    """
    check_arguments(assess, locals())
    file = Path(path).absolute()
    assumed_crs = reading_of(plan).rules("sites", file, is_own=True).assumed_crs
    sites, problems = layers.read_sites(
        file, crs=plan.study.crs, assumed_crs=assumed_crs, folder=plan.folder
    )
    cache = ground(plan, cache)
    plan_layers = load(plan, progress=progress, cache=cache)
    problems = (*problems, *layers.turned_note("conservation_units", sites, plan_layers.countries))
    pieces = cut(plan_layers, plan, cache=cache)
    progress("measuring the sites", 0, 0)
    assessed = assess_sites(sites, pieces, plan, site="site")
    findings = assessed.findings.criteria
    if (lang := plan.output.languages[0]) != words.LANGUAGES[0]:
        because = each_because(findings["facts"], layer_names(plan_layers), lang)
        findings = findings.assign(because=because)
    table = findings.merge(assessed.decisions[["site", "decision"]], on="site")
    columns = ["site", "decision", "criterion", "met", "value", "unit", "threshold", "because"]
    columns.append("met_without_strips")
    result = table[columns].round(DIGITS)
    result.attrs["problems"] = problems
    return result


def cut(plan_layers: Layers, plan: Plan, *, cache: Cache = NOTHING_KEPT) -> Pieces:
    """The pieces of a set of layers: ranges by state, borders by range, ranges by protection.

    Parameters
    ----------
    plan_layers : Layers
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
    check_arguments(cut, locals())
    pair_km, adjacent_km, error_km, _ = key = pieces_key(plan_layers, plan)

    def cut_anew() -> Pieces:
        return overlap.layer_pieces(
            plan_layers, pair_km=pair_km, adjacent_km=adjacent_km, error_km=error_km
        )

    return kept_value(cache, "pieces", key, Pieces, cut_anew, layers=plan_layers)


def pieces_key(plan_layers: Layers, plan: Plan) -> list[Any]:
    """What the pieces of layers hang on, beside the layers."""
    coverage = [plan_layers.coverage, plan_layers.coverage_areas]
    profile = plan.profile
    return [profile.C7.pair_km, profile.G1.adjacent_km, plan.borders.error_km, coverage]


def cut_to_draw(plan_layers: Layers, plan: Plan, *, cache: Cache) -> DrawnPieces:
    """As much of :func:`cut` as drawing pages measure on; all of it where it is kept already."""
    if (known_pieces := entry(cache, "pieces", pieces_key(plan_layers, plan))) is not None:
        return Pieces(layers=plan_layers, **known_pieces)
    return overlap.drawn_pieces(plan_layers, adjacent_km=plan.profile.G1.adjacent_km)


def measure(
    sites: gpd.GeoDataFrame,
    pieces: Pieces,
    *,
    site: str = "unit_id",
    cache: Cache = NOTHING_KEPT,
    inner: gpd.GeoDataFrame | None = None,
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
    inner : GeoDataFrame, optional
        The :func:`overlap.deep_sites` of the same sites, where they were cut before.

    Examples
    --------
    >>> import cami_units as cu
    >>> plan = cu.read_plan(None)
    >>> pieces = cu.cut(cu.load(plan), plan)
    >>> tables = cu.measure(pieces.layers.hotspots[:1], pieces, site="hotspot_id")
    >>> sorted(tables.states["iso2"])
    ['KZ', 'TM', 'UZ']
    """
    check_arguments(measure, locals())
    sites = overlap.measurable_sites(sites, site)
    plain = sites[[site, "geometry"]].rename(columns={site: "site"}).reset_index(drop=True)
    # of all of them together, whatever was measured before: numbers do not hang on that
    by_edges = overlap.are_many_corners(plain)

    def measured(rows: gpd.GeoDataFrame) -> SiteTables:
        deep = None if inner is None else inner[inner["site"].isin(rows["site"])]
        return overlap.site_tables(rows, pieces, inner=deep, by_edges=by_edges)

    if cache.folder is None:
        return measured(plain)
    shapes = pd.Index([sha256(wkb).hexdigest() for wkb in shapely.to_wkb(plain.geometry.array)])
    stored = dict(entry(cache, "sites", by_edges) or {})
    names = pd.Index(stored.pop("shapes", []), dtype=object)
    tables = SiteTables(**stored) if stored else None
    is_new = ~shapes.isin(names) & ~shapes.duplicated()
    if is_new.any() and len(names) > _MOST_SHAPES:
        names, tables, is_new = names[:0], None, ~shapes.duplicated()
    if is_new.any() or tables is None:
        more = measured(plain[is_new])
        tables = overlap.with_more_sites(tables, len(names), more, plain["site"][is_new])
        names = names.append(shapes[is_new])
        keep(cache, "sites", by_edges, {"shapes": names.tolist(), **parts_of(tables)})
    return overlap.of_sites(tables, names.get_indexer(shapes), plain["site"])


_MOST_SHAPES: Final = 5_000
"""Of more shapes, some 20 MB of tables, nothing is added to: those that are asked for take their place."""


@dataclass(frozen=True, slots=True)
class Assessed:
    """What was found on a set of sites, and what is decided on each."""

    tables: SiteTables
    findings: Findings
    decisions: pd.DataFrame
    evidence: criteria.Evidence | None = None
    """The numbers behind the findings, where these sites were assessed together."""

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
    tables: SiteTables | None = None,
    known_as: Mapping[str, Sequence[str]] | None = None,
    is_told: bool = True,
) -> Assessed:
    """Every gate and criterion of sites as they are drawn, and the decision on each.

    `tables` are what :func:`measure` gave for these sites, where they were measured before; `known_as`
    are the units and hotspots by which overrides may name each, where it is not its name. Of sites that
    are not told of finding by finding, there is no sentence for each and no ``met_without_strips``: a
    third of the time.

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
    check_arguments(assess_sites, locals())
    # a plan without hotspots goes the same way, with no row
    if sites is None:
        sites = pieces.states.iloc[:0].assign(**{site: []})
    sites = overlap.measurable_sites(sites, site)
    if tables is None:
        tables = measure(sites, pieces, site=site, cache=cache)
    species, profile = species_ranges(pieces.layers), plan.profile
    overrides = adjacent_sites(sites, pieces.layers, plan, site, known_as)
    key = [sites[[site, "geometry"]], criteria.measuring_rules(profile), overrides, is_told]
    evidence = criteria.evidence(
        tables,
        species,
        profile,
        adjacent=overrides,
        is_repeated=is_told,
        keep=partial(kept, cache, "numbers", key),
    )
    findings = criteria.assess(
        tables,
        species,
        profile,
        adjacent=overrides,
        border_error_km=plan.borders.error_km,
        site_evidence=evidence,
    )
    names = layer_names(pieces.layers)
    findings = with_sentences(findings, names) if is_told else replace(findings, names=names)
    return Assessed(tables, findings, decide(findings, profile), evidence)


def with_sentences(findings: Findings, names: Names) -> Findings:
    """Findings with the column ``because``: what each rests on, as an English sentence."""
    table = findings.criteria.copy()
    because = each_because(table["facts"], names)
    table.insert(list(table).index("facts"), "because", because)
    return replace(findings, criteria=table, names=names)


def layer_names(plan_layers: Layers) -> Names:
    """What the species, states, hotspots and protected areas of the layers are called."""
    layer_tables = ("species", "countries", "hotspots", "protected_areas")
    return finding_sentences.names_of({name: getattr(plan_layers, name) for name in layer_tables})


def decide(findings: Findings, profile: Profile) -> pd.DataFrame:
    """The decision that the profile's rule takes on each site, and its reason in English.

    As :func:`cami_units.rank.decide`, which says what is decided and how, with a sentence.

    Returns
    -------
    DataFrame
        ``site``, ``decision``, ``reason`` (English), ``facts`` (the reason as values), in the order
        of ``findings.summary``.

    Raises
    ------
    PlanError
        The profile leaves ``[decision]`` open.

    Examples
    --------
    >>> import cami_units as cu
    >>> import pandas as pd
    >>> from cami_units.model import Findings
    >>> rows = {"site": "s", "criterion": ["G1", "G2", "C1", "C9"], "met": [True, True, True, False]}
    >>> none = pd.DataFrame()
    >>> findings = Findings(
    ...     pd.DataFrame({**rows, "facts": "[]"}), none, none, pd.DataFrame({"site": ["s"]})
    ... )
    >>> cu.decide(findings, cu.read_profile())["reason"].tolist()
    ['G1 and G2 hold, and C1 is met, but the evidence is thin. C9 fails: ']
    """
    check_arguments(decide, locals())
    decisions = rank.decide(findings, profile)
    reasons = [finding_sentences.reason(facts, findings.names) for facts in decisions["facts"]]
    decisions.insert(2, "reason", reasons)
    return decisions


def what_it_takes(
    sites: gpd.GeoDataFrame,
    pieces: Pieces,
    plan: Plan,
    assessed: Assessed,
    *,
    site: str = "unit_id",
    cache: Cache = NOTHING_KEPT,
) -> gpd.GeoDataFrame:
    """For each gate and criterion of the decision that a site misses, what would meet it.

    Parameters
    ----------
    sites, pieces, plan, site
        As for :func:`assess_sites`.
    assessed : Assessed
        What was found on the sites.
    cache : Cache
        The cache that the pieces came from: what is nearest to a site hangs on no other site.

    Returns
    -------
    GeoDataFrame
        The rows of :func:`cami_units.criteria.what_it_takes`, with ``direction`` (as seen from the
        site) and the outline of the nearest ground where ground is missing; ``says``, all of it in a
        sentence. Ground that is not there within 300 km has no row.
    """
    evidence = assessed.evidence
    rows = criteria.what_it_takes(
        assessed.tables,
        species_ranges(pieces.layers),
        plan.profile,
        adjacent=None if evidence else adjacent_sites(sites, pieces.layers, plan, site),
        site_evidence=evidence,
        max_km2=plan.units.max_km2,
    )
    # Sites that were measured and are not asked about have no outline to look from.
    rows = rows[rows["site"].isin(set(sites[site]))].reset_index(drop=True)
    shapes = dict(zip(sites[site], sites.geometry, strict=True))
    side_km2 = plan.profile.occurrence.side_km2 or 0.0
    # a site of a million corners is asked about in several rows
    wkb = shapely.to_wkb(sites.geometry.array)
    stamps = {name: sha256(one).hexdigest() for name, one in zip(sites[site], wkb, strict=True)}
    outline = _outlines(pieces, assessed, side_km2, cache)
    outlines = [outline(row, shapes[row.site], stamps[row.site]) for row in rows.itertuples()]
    table = gpd.GeoDataFrame(rows, geometry=outlines, crs=sites.crs)
    drawn = (table["kind"] == "ground") & ~table.geometry.isna()
    # What the outline comes to, which has corners, and not what was asked for.
    table.loc[drawn, "km2"] = overlap.area_km2(table[drawn])
    has_ground = (table["kind"] != "ground") | ~(table.geometry.isna() | table.geometry.is_empty)
    table = table[has_ground].reset_index(drop=True)
    sides = [
        overlap.direction(shapes[row.site], row.geometry, sites.crs) if row.kind == "ground" else ""
        for row in table.itertuples()
    ]
    table["direction"] = sides
    names = layer_names(pieces.layers)
    says = [finding_sentences.what_it_takes(row, names) for row in table.to_dict("records")]
    return table.assign(says=says)


def _outlines(
    pieces: Pieces, assessed: Assessed, side_km2: float, cache: Cache
) -> Callable[[Any, BaseGeometry, str], Any]:
    """What gives the nearest ground of the kind that a row asks for; None: it asks for none."""
    summary, species = assessed.findings.summary, assessed.findings.species
    # columns are taken out once: a row is about a handful of lines of four tables
    counted_states = dict(zip(summary["site"], summary["countries"].astype(str), strict=True))
    key = (species["site"].tolist(), species["sci_name"].tolist())
    counted_sides = dict(zip(zip(*key, strict=True), species["sides"].tolist(), strict=True))
    lacking_km2 = criteria.lacking_km2(assessed.tables, side_km2)
    ranges = pieces.layers.features
    range_names = ranges["sci_name"].tolist()
    state_names = pieces.states["iso2"].tolist()
    sides = list(zip(pieces.sides["sci_name"].tolist(), pieces.sides["iso2"].tolist(), strict=True))

    def outline(row: Any, shape: BaseGeometry, stamp: str) -> Any:
        """The ground that one row asks for, seen from a shape; `stamp` tells it from any other."""
        if row.kind != "ground":
            return None
        needed: list[float] | None = None
        if not row.sci_name:  # of a state: the one that is named, else any that does not count yet
            counted = counted_states[row.site].split(";")
            layer_name, layer = "states", pieces.states
            mine = [name not in counted and row.iso2 in ("", name) for name in state_names]
        elif row.criterion == "C3":
            layer_name, layer = "features", ranges
            mine = [name == row.sci_name for name in range_names]
        else:  # a side that does not count yet
            counted = counted_sides.get((row.site, row.sci_name), "").split(";")
            layer_name, layer = "sides", pieces.sides
            mine = [name == row.sci_name and iso2 not in counted for name, iso2 in sides]
            states = [iso2 for (_, iso2), is_mine in zip(sides, mine, strict=True) if is_mine]
            needed = lacking_km2(row.site, row.sci_name, states)
        grounds = layer.geometry[mine]
        km2 = [float(one) for one in needed or [row.km2 for _ in grounds]]

        def nearest() -> dict[str, bytes]:
            # of several states, the one whose ground is nearest
            ground = overlap.nearest_ground(shape, grounds, km2)
            return {"ground": b"" if ground is None else shapely.to_wkb(ground)}

        # rows of a table of pieces: which they are hangs on what the cache is of
        places = [place for place, is_mine in enumerate(mine) if is_mine]
        key = [stamp, layer_name, places, km2]
        ground = kept(cache, "ground", key, nearest)["ground"]
        return shapely.from_wkb(ground) if ground else None

    return outline


def adjacent_sites(
    sites: gpd.GeoDataFrame,
    plan_layers: Layers,
    plan: Plan,
    site: str,
    known_as: Mapping[str, Sequence[str]] | None = None,
) -> pd.DataFrame | None:
    """The overrides of the geography gate on these sites, and how far each is from a border.

    An override names a unit or a hotspot; a unit grown from a hotspot carries it on. What each site is
    known as stands in `known_as`, else in its name, with ";" between.
    """
    if plan_layers.overrides is None or plan.profile.G1.adjacent_km is None:
        return None
    rows = plan_layers.overrides[plan_layers.overrides["what"] == "adjacent"]
    names_of = known_as or {names: str(names).split(";") for names in sites[site]}
    known_names = {one for names in names_of.values() for one in names}
    reasons = dict(zip(sites_typed(rows["site"], known_names), rows["reason"], strict=True))
    reason_of = {
        name: next((reasons[one] for one in names if one in reasons), "")
        for name, names in names_of.items()
    }
    # farther off than the profile allows, it is told that it was not let in
    named = sites[sites[site].map(reason_of).fillna("") != ""]
    km = overlap.distance_km(named, plan_layers.borders, within_km=_FAR_KM).to_numpy()
    reason = named[site].map(reason_of).array
    table = pd.DataFrame({"site": named[site].array, "km": km, "reason": reason})
    return table.query("km < inf").reset_index(drop=True)


_FAR_KM: Final = 2_000.0
"""How far off a border is looked for, of sites for which somebody has written that they are adjacent."""


def species_ranges(plan_layers: Layers) -> pd.DataFrame:
    """The species table with the regional range of each."""
    return plan_layers.species.merge(plan_layers.features[["sci_name", "range_km2"]], how="left")
