"""The composition: from a plan to a round, and from any polygons to their assessment.

Every step is one call to a room that knows how; this one only knows the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from cami_units import (
    __version__,
    criteria,
    delineate,
    documents,
    grid,
    kml,
    layers,
    overlap,
    rank,
    store,
    webmap,
    words,
)
from cami_units.model import (
    AREA_OF_INTEREST,
    EQUAL_AREA,
    GATES,
    LONLAT,
    PROPOSED,
    TABLES,
    Findings,
    Imprint,
    Layers,
    Problem,
    Progress,
    Round,
    SiteTables,
    data_dir,
    quiet,
)
from cami_units.plan import Plan

# -- measuring ------------------------------------------------------------------------------------


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


def cut(known: Layers, plan: Plan) -> Pieces:
    """The pieces of a set of layers: ranges by state, borders by range, ranges by protection."""
    states = known.countries[known.countries["range_state"]].reset_index(drop=True)
    areas = known.protected_areas
    return Pieces(
        layers=known,
        states=states,
        sides=overlap.split(known.features, states, keep=("sci_name", "iso2")),
        graded=_graded(known.ranges),
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
    )


def measure(sites: gpd.GeoDataFrame, pieces: Pieces, *, site: str = "unit_id") -> SiteTables:
    """Every table of overlaps that the criteria ask for.

    Parameters
    ----------
    sites : GeoDataFrame
        Polygons in the CRS of the layers, with a unique column `site`.
    pieces : Pieces
        What :func:`cut` made of the layers.
    """

    def over(layer: gpd.GeoDataFrame, *by: str) -> pd.DataFrame:
        return overlap.overlap(plain, layer, site="site", by=by)

    def maybe(layer: gpd.GeoDataFrame | None, *by: str) -> pd.DataFrame | None:
        return None if layer is None else over(layer, *by)

    known = pieces.layers
    plain = sites[[site, "geometry"]].rename(columns={site: "site"})
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
        crossings=maybe(pieces.crossings, "corridor_id", "sci_name", "evidence_grade", "pair"),
        barriers=maybe(known.barriers, "barrier_id", "kind", "permeability"),
        protected=maybe(pieces.protected, "sci_name"),
        pa_pairs=_pairs_in(maybe(known.protected_areas, "pa_id"), pieces.pa_pairs),
        hotspots=_with_jaccard(
            maybe(known.hotspots, "hotspot_id", "name_en"), area, known.hotspots
        ),
        in_hotspots=maybe(pieces.hotspot_ground, "ground"),
    )


def _graded(ranges: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Kept ranges by species and grade of confidence; parts without one are "ungraded"."""
    kept = layers.kept(ranges)
    grade = kept["confidence"].fillna("ungraded")
    return layers.dissolved(kept.assign(confidence=grade), ("sci_name", "confidence"))


def _crossings(corridors: gpd.GeoDataFrame, borders: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    points = overlap.crossings(corridors, borders)
    return points.merge(corridors[["corridor_id", "sci_name", "evidence_grade"]], on="corridor_id")


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
    joint = shared["site"].map(site) + shared["hotspot_id"].map(whole) - shared["km2"]
    return shared.assign(jaccard=shared["km2"] / joint)


# -- from a plan to layers ------------------------------------------------------------------------


def load(plan: Plan, *, progress: Progress = quiet) -> Layers:
    """Every layer of a plan, cleaned and projected.

    Raises
    ------
    InputError
        With everything at once that must be mended before anything can be computed.
    """
    return layers.read_layers(**_reading(plan), progress=progress)


def check(
    plan: Plan, *, progress: Progress = quiet
) -> tuple[tuple[Problem, ...], tuple[Mapping[str, Any], ...]]:
    """Preflight: everything noticed in the layers of a plan, and what each file gave.

    Computes nothing else, and is never stopped by a fault in an input.
    """
    _, problems, sources = layers.survey_layers(**_reading(plan), progress=progress)
    return problems, sources


def _reading(plan: Plan) -> dict[str, Any]:
    return {
        "crs": plan.study.crs,
        "states": plan.study.states,
        "sources": plan.sources,
        "assumed_crs": plan.crs,
        "columns": plan.columns,
        "taxa": {
            taxon: layers.TaxonRule(rule.source, rule.within or (), rule.skip)
            for taxon, rule in plan.taxa.items()
        },
        "presence": plan.codes.presence,
        "origin": plan.codes.origin,
        "seasonal": plan.codes.seasonal,
        "missing": plan.codes.missing,
    }


# -- the main job ---------------------------------------------------------------------------------


def propose(plan: Plan, *, progress: Progress = quiet) -> Round:
    """A first proposal of conservation units: round 00.

    Known hotspots that pass both gates as drawn, and peaks of the score far from every hotspot, are
    grown into landscapes; these are measured again as they will be written, and decided on.

    Raises
    ------
    InputError
        As :func:`load`, before anything is computed.
    """
    known = load(plan, progress=progress)
    progress("cutting layers by states", 0, 0)
    pieces = cut(known, plan)
    progress("scoring planning units", 0, 0)
    cells = score_cells(pieces, plan)
    drawn = assess_sites(known.hotspots, pieces, plan, site="hotspot_id")
    grown = _grow(cells, drawn, pieces, plan, progress)
    progress("measuring the finished units", 0, 0)
    found = assess_sites(grown, pieces, plan, site="seed")
    progress("writing down what was found", 0, 0)
    return _round(plan, pieces, cells, drawn, grown, found)


@dataclass(frozen=True, slots=True)
class Cells:
    """Scored planning units; the species in each (km²), and those shared across a border nearby."""

    units: gpd.GeoDataFrame
    species: pd.DataFrame
    shared: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Assessed:
    """What was found on a set of sites, and what is decided on each."""

    tables: SiteTables
    findings: Findings
    decisions: pd.DataFrame

    def decided(self, *decisions: str) -> list[str]:
        """The sites of these decisions."""
        return self.decisions.loc[self.decisions["decision"].isin(decisions), "site"].tolist()


def score_cells(pieces: Pieces, plan: Plan) -> Cells:
    """The planning units of the range states, as far as any range reaches, scored."""
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
    scores = criteria.score_cells(
        units,
        here,
        both,
        _with_range(pieces.layers),
        plan.profile,
        cell_km2=float(overlap.area_km2(units).iloc[0]),
    )
    return Cells(
        units=units.merge(scores, on="pu_id"),
        species=here.groupby(key)[["km2"]].sum().reset_index(),
        shared=both,
    )


def _with_range(known: Layers) -> pd.DataFrame:
    """The species table with the regional range of each."""
    return known.species.merge(known.features[["sci_name", "range_km2"]], how="left")


def assess_sites(
    sites: gpd.GeoDataFrame | None, pieces: Pieces, plan: Plan, *, site: str = "unit_id"
) -> Assessed:
    """Every gate and criterion of sites as they are drawn, and the decision on each."""
    if sites is None:
        sites = pieces.states.iloc[:0].assign(**{site: []})
    tables = measure(sites, pieces, site=site)
    findings = criteria.assess(tables, _with_range(pieces.layers), plan.profile)
    return Assessed(tables, findings, rank.decide(findings, plan.profile))


def _grow(
    cells: Cells, drawn: Assessed, pieces: Pieces, plan: Plan, progress: Progress
) -> gpd.GeoDataFrame:
    """Units grown from hotspots and peaks, each beside its ``outline`` as it will be written.

    They are measured as written: the geometry is the outline itself, in the equal-area CRS.
    """
    cores, members = _hotspot_seeds(cells, drawn, pieces)
    new_cores, new_members = _new_seeds(cells, cores, pieces, plan)
    cell_km2 = float(overlap.area_km2(cells.units).iloc[0])
    least = (plan.profile.occurrence.min_site_share or 0.0) / 100 * cell_km2
    units = delineate.delineate(
        cells.units,
        delineate.occupied(cells.species, pd.concat([members, new_members]), least_km2=least),
        grid.neighbours(cells.units, corners=True),
        pd.concat([cores, new_cores]),
        reach_km=plan.units.reach_km,
        min_km2=plan.units.min_km2,
        max_km2=plan.units.max_km2,
        max_vertices=plan.units.max_vertices,
        progress=progress,
    )
    units["hotspot_ids"] = units["seed"].where(units["seed"].isin(cores["seed"]), "")
    written = delineate.editable(units)
    return layers.to_equal_area(written, plan.study.crs).assign(outline=written.geometry)


def _hotspot_seeds(
    cells: Cells, drawn: Assessed, pieces: Pieces
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cores and species of the landscapes of hotspots that qualify as drawn.

    One that does not is reported with its numbers, not grown until it does.
    """
    hotspots = pieces.layers.hotspots
    passing = drawn.decided(PROPOSED, AREA_OF_INTEREST)
    if hotspots is None or not passing:
        return _CORES, _MEMBERS
    chosen = hotspots[hotspots["hotspot_id"].isin(passing)]
    shared = overlap.overlap(
        chosen, chosen.rename(columns={"hotspot_id": "other"}), site="hotspot_id", by=("other",)
    )
    seed_of = delineate.landscapes(shared)
    inside = overlap.overlap(cells.units, chosen, site="pu_id", by=("hotspot_id",))
    cell_km2 = float(overlap.area_km2(cells.units).iloc[0])
    found = drawn.findings.species
    qualifying = found[found["role"] == "qualifying"]
    return (
        delineate.hotspot_cores(inside, seed_of, cell_km2=cell_km2),
        qualifying.assign(seed=qualifying["site"].map(seed_of)).dropna(subset="seed")[
            ["seed", "sci_name"]
        ],
    )


def _new_seeds(
    cells: Cells, cores: pd.DataFrame, pieces: Pieces, plan: Plan
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cores and species of the peaks far from every hotspot: as good as hotspots are, or better."""
    hotspots, units = pieces.layers.hotspots, cells.units
    shared = units[units["n_shared"] > 0]
    known = shared[shared["pu_id"].isin(cores["pu_id"])]
    taken: list[str] = []
    if hotspots is not None:
        taken = list(overlap.overlap(units, hotspots, site="pu_id", by=("hotspot_id",))["pu_id"])
    reach = plan.units.reach_km
    found = delineate.peaks(
        units,
        shared["pu_id"],
        apart_km=2 * reach,
        taken=taken,
        away_km=reach,
        least_score=float((known if len(known) else shared)["score"].median()),
    )
    discs = delineate.discs(units, found, radius_km=reach / 2)
    return discs, discs.merge(cells.shared, on="pu_id")[["seed", "sci_name"]].drop_duplicates()


_CORES = pd.DataFrame({"seed": [], "pu_id": [], "growth": []})
_MEMBERS = pd.DataFrame({"seed": [], "sci_name": []})


# -- writing down what was found ------------------------------------------------------------------


def _round(
    plan: Plan,
    pieces: Pieces,
    cells: Cells,
    drawn: Assessed,
    grown: gpd.GeoDataFrame,
    found: Assessed,
) -> Round:
    """The tables of a round, in longitude and latitude, from what was found on the grown units."""
    kept = found.decided(PROPOSED, AREA_OF_INTEREST)
    units = delineate.numbered(grown[grown["seed"].isin(kept)].reset_index(drop=True))
    ids = units.set_index("seed")["unit_id"]
    table = _conservation_units(plan, pieces, units, found)
    known = pieces.layers
    tables: dict[str, pd.DataFrame] = {
        "conservation_units": table,
        "not_proposed": _not_proposed(known.hotspots, units, drawn, found, grown),
        "unit_criteria": _by_unit(found.findings.criteria, ids),
        "unit_species": _by_unit(found.findings.species, ids),
        "unit_countries": _by_unit(found.findings.countries, ids),
        "planning_units": _with_unit(cells.units, units),
        "ranges_used": known.ranges,
        "species": known.species,
    }
    for name in _LAYERS_OF_A_ROUND:
        if getattr(known, name) is not None:
            tables[name] = getattr(known, name)
    return Round(
        imprint=_imprint(plan, known),
        tables={name: _as_written(table) for name, table in tables.items()},
        manifest=_manifest(plan, known),
    )


_LAYERS_OF_A_ROUND = (
    "hotspots",
    "features",
    "countries",
    "borders",
    "disputed",
    "protected_areas",
    "barriers",
    "corridors",
    "sections",
    "gazetteer",
)


def _conservation_units(
    plan: Plan, pieces: Pieces, units: gpd.GeoDataFrame, found: Assessed
) -> gpd.GeoDataFrame:
    """The table `conservation_units`, in the order of the ids."""
    summary = found.findings.summary.set_index("site").loc[units["seed"]]
    ranked = rank.rank_units(found.findings, found.decisions, plan.profile).set_index("site")
    ranked = ranked.loc[units["seed"]]
    names = _names(units, pieces.layers)
    columns = {
        "unit_id": units["unit_id"].array,
        "name_en": names["name_en"].array,
        "name_ru": names["name_ru"].array,
        "status": ranked["decision"].map(_STATUS).array,
        "origin": delineate.origins(units["hotspot_ids"], _likeness(units, pieces)).array,
        "hotspot_ids": units["hotspot_ids"].array,
        **{column: ranked[column].array for column in ("rank", "rank_label", "tier", "score")},
        **{column: summary[column].array for column in _SUMMARY},
        "rationale": _rationale(found, units["seed"]),
    }
    outline = gpd.GeoSeries(units["outline"].array, crs=LONLAT)
    return gpd.GeoDataFrame(columns, geometry=outline)


_STATUS: Mapping[str, str] = {PROPOSED: "modelled candidate", AREA_OF_INTEREST: "area of interest"}
_SUMMARY = (
    *("area_km2", "countries", "n_countries", "disputed", "species", "n_species"),
    *("species_supporting", "criteria_met", "confidence"),
)


def _likeness(units: gpd.GeoDataFrame, pieces: Pieces) -> pd.Series[float]:
    """Jaccard index of each unit and the hotspots that it was grown from, together."""
    hotspots = pieces.layers.hotspots
    if hotspots is None:
        return pd.Series(0.0, index=units.index)
    pairs = units.assign(hotspot_id=units["hotspot_ids"].str.split(";")).explode("hotspot_id")
    own = hotspots.merge(pairs[["unit_id", "hotspot_id"]], on="hotspot_id")
    joint = layers.dissolved(own, ("unit_id",))
    shared = overlap.overlap(units, joint.rename(columns={"unit_id": "of"}), by=("of",))
    own_part = shared[shared["unit_id"] == shared["of"]].set_index("unit_id")["km2"]
    whole = overlap.area_km2(joint).set_axis(joint["unit_id"])
    ids = units["unit_id"]
    both: pd.Series[float] = overlap.area_km2(units) + ids.map(whole) - ids.map(own_part)
    likeness: pd.Series[float] = ids.map(own_part) / both
    return likeness.fillna(0.0)


def _names(units: gpd.GeoDataFrame, known: Layers) -> pd.DataFrame:
    """Names from the hotspots, else from the gazetteer, else from the states and the place."""
    names = pd.DataFrame("", index=units.index, columns=["name_en", "name_ru"])
    if known.hotspots is not None:
        of = known.hotspots.set_index("hotspot_id")
        for column in names:
            names[column] = [
                " / ".join(str(of.at[name, column]) for name in ids.split(";")) if ids else ""
                for ids in units["hotspot_ids"]
            ]
    nameless = units[names["name_en"] == ""]
    if known.gazetteer is not None and len(nameless):
        names.loc[nameless.index] = delineate.place_names(nameless, known.gazetteer)
    for row in names.index[names["name_en"] == ""]:
        names.loc[row] = delineate.coordinate_names(units.loc[[row]]).iloc[0]
    return names


def _rationale(found: Assessed, seeds: pd.Series[str]) -> list[str]:
    """Why each unit is proposed: the decision, and the evidence of every criterion that decides."""
    reason = found.decisions.set_index("site")["reason"]
    met = found.findings.criteria
    met = met[met["met"].fillna(False) & met["criterion"].isin([*GATES, "C1", "C2", "C3", "C5"])]
    told = {
        site: " ".join(f"{row.criterion}: {row.because}" for row in rows.itertuples())
        for site, rows in met.groupby("site")
    }
    return [f"{reason[seed]} {told.get(seed, '')}".strip() for seed in seeds]


def _not_proposed(
    hotspots: gpd.GeoDataFrame | None,
    units: gpd.GeoDataFrame,
    drawn: Assessed,
    found: Assessed,
    grown: gpd.GeoDataFrame,
) -> pd.DataFrame:
    """Every hotspot that became no unit, with the reason and its numbers."""
    columns = ["hotspot_id", "name_en", "name_ru", "reason"]
    if hotspots is None:
        return pd.DataFrame(columns=columns)
    placed = {name for ids in units["hotspot_ids"] for name in ids.split(";")}
    left = hotspots[~hotspots["hotspot_id"].isin(placed)]
    as_drawn = drawn.decisions.set_index("site")["reason"]
    as_grown = found.decisions.set_index("site")["reason"]
    passing = set(drawn.decided(PROPOSED, AREA_OF_INTEREST))
    tried = {
        name: str(as_grown[seed])
        for seed in grown["seed"]
        for name in seed.split(";")
        if name in passing
    }
    reasons = []
    for name in left["hotspot_id"]:
        told = f"As drawn: {as_drawn[name]}"
        if name in tried:
            told += f" Grown to a landscape: {tried[name]}"
        elif name in passing:
            told += " Its landscape came to nothing: below the least size of a unit beside its neighbours."
        reasons.append(told)
    table = pd.DataFrame(left[columns[:-1]])
    return table.assign(reason=reasons).reset_index(drop=True)


def _as_written(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers to six decimals; shapes in longitude and latitude."""
    rounded = table.round(_DIGITS)
    return layers.to_lonlat(rounded) if isinstance(rounded, gpd.GeoDataFrame) else rounded


_DIGITS = 6


def _shown_layers(proposal: Round) -> dict[str, gpd.GeoDataFrame]:
    """The layers that maps and KMZ may show.

    A layer that came from a restricted source stays out, and the range of a sensitive species, or
    one from a restricted source, is drawn in cells of :data:`SHOWN_CELL_KM` only.
    """
    tables = proposal.tables
    restricted = {
        str(source["layer"]) for source in proposal.manifest["inputs"] if source["restricted"]
    }
    shown = {
        name: table
        for name in _LAYERS_OF_A_ROUND
        if isinstance(table := tables.get(name), gpd.GeoDataFrame) and name not in restricted
    }
    species = tables["species"]
    coarse = set(species.loc[species["sensitive"].eq("yes"), "sci_name"])
    features = tables["features"]
    if "ranges" in restricted:
        coarse |= set(features["sci_name"])
    shown["features"] = _coarsened(features, coarse)
    return shown


SHOWN_CELL_KM = 25.0
"""Cells in which the range of a sensitive species is shown on what may be published."""


def _coarsened(features: gpd.GeoDataFrame, names: set[str]) -> gpd.GeoDataFrame:
    """Features with the ranges of these species as the planning units that they touch."""
    if not names:
        return features
    flat = features.to_crs(EQUAL_AREA)
    shapes = [
        grid.planning_units(gpd.GeoSeries([shape], crs=flat.crs), cell_km=SHOWN_CELL_KM).union_all()
        if name in names
        else shape
        for name, shape in zip(flat["sci_name"], flat.geometry, strict=True)
    ]
    return flat.set_geometry(gpd.GeoSeries(shapes, index=flat.index, crs=flat.crs)).to_crs(LONLAT)


def _by_unit(table: pd.DataFrame, ids: pd.Series[str]) -> pd.DataFrame:
    """Rows of the units, under their ids."""
    mine = table[table["site"].isin(ids.index)]
    named = mine.assign(unit_id=mine["site"].map(ids)).drop(columns="site")
    front = ["unit_id", *[column for column in named if column != "unit_id"]]
    return named[front].sort_values("unit_id", kind="stable").reset_index(drop=True)


def _with_unit(cells: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Planning units with the unit that holds most of each; empty where none holds half."""
    inside = overlap.overlap(cells, units, site="pu_id", by=("unit_id",))
    half = overlap.area_km2(cells).set_axis(cells["pu_id"]) / 2
    held = inside[inside["km2"] >= inside["pu_id"].map(half)].drop_duplicates("pu_id")
    unit = cells["pu_id"].map(held.set_index("pu_id")["unit_id"]).fillna("")
    columns = [*TABLES["planning_units"].columns, "geometry"]
    return cells.assign(unit_id=unit)[columns]


def _imprint(plan: Plan, known: Layers) -> Imprint:
    """What stands on every product of a plan."""
    used = sorted({str(source["cite"]) for source in known.sources if source.get("cite")})
    return Imprint(
        title=plan.title,
        date=plan.date,
        round="Round 00",
        profile=plan.profile.name,
        disclaimer=plan.output.disclaimer,
        sources=tuple(used),
        indicative=any(bool(source.get("bundled")) for source in known.sources),
        languages=plan.output.languages,
    )


def _manifest(plan: Plan, known: Layers) -> dict[str, Any]:
    """What went in, in full, so that a second person gets the same bytes."""
    return {
        "version": __version__,
        "round": 0,
        "plan": dict(plan.as_written),
        "profile": dict(plan.profile_as_written),
        "inputs": [dict(source) for source in known.sources],
        "problems": [asdict(problem) for problem in known.problems],
    }


def write_proposal(
    proposal: Round, directory: Path, *, force: bool = False, progress: Progress = quiet
) -> tuple[Problem, ...]:
    """Write a round as a folder: tables, workbook, both KMZ, the map, the manifest. Whole or not.

    Returns
    -------
    tuple of Problem
        What had to be simplified or left out of the KMZ to keep its budgets.

    Raises
    ------
    InputError
        The folder holds a round already and `force` is not given, or cannot be written.
    """
    tables, imprint = proposal.tables, proposal.imprint
    species = tables["species"]
    cards = {lang: words.unit_cards(tables, species, lang=lang) for lang in imprint.languages}
    shown = _shown_layers(proposal)
    noticed: list[Problem] = []

    def google_earth(profile: kml.Profile) -> store.Writer:
        def write(path: Path) -> None:
            progress(f"writing {path.name}", 0, 0)
            noticed.extend(
                kml.write_kml(
                    path,
                    tables["conservation_units"],
                    cards=cards[imprint.languages[0]],
                    imprint=imprint,
                    profile=profile,
                    lang=imprint.languages[0],
                    layers=shown,
                    species=species,
                )
            )

        return write

    def web_map(path: Path) -> None:
        progress(f"writing {path.name}", 0, 0)
        webmap.write_map(
            path,
            tables["conservation_units"],
            cards=cards,
            imprint=imprint,
            layers=shown,
            species=species,
            planning_units=tables["planning_units"],
            unit_criteria=tables["unit_criteria"],
            lang=imprint.languages[0],
        )

    files: dict[str, store.Writer] = {
        "conservation_units.csv": lambda path: documents.write_csv(
            path, tables["conservation_units"]
        ),
        "conservation_units.xlsx": lambda path: documents.write_units_workbook(path, proposal),
        "conservation_units.kmz": google_earth("earth-pro"),
        "conservation_units_web.kmz": google_earth("earth-web"),
        "map.html": web_map,
    }
    store.write_round(proposal, directory, files=files, force=force)
    return tuple(noticed)


# -- any polygons ---------------------------------------------------------------------------------


def assess(path: Path, plan: Plan, *, progress: Progress = quiet) -> pd.DataFrame:
    """Any polygons against every gate and criterion, as they are drawn.

    Parameters
    ----------
    path : Path
        KML, KMZ, GeoPackage, GeoJSON, shapefile or GeoParquet.
    plan : Plan
        The layers and the profile to hold them against.

    Returns
    -------
    DataFrame
        ``site``, ``decision``, ``criterion``, ``met``, ``value``, ``unit``, ``threshold``,
        ``because``: one row for every gate and criterion of every site.

    Raises
    ------
    InputError
        As :func:`load`, or when the file cannot be read or holds no polygon.
    """
    sites, problems = layers.read_sites(path, crs=plan.study.crs)
    pieces = cut(load(plan, progress=progress), plan)
    progress("measuring the sites", 0, 0)
    found = assess_sites(sites, pieces, plan, site="site")
    table = found.findings.criteria.merge(found.decisions[["site", "decision"]], on="site")
    columns = ["site", "decision", "criterion", "met", "value", "unit", "threshold", "because"]
    result = table[columns].round(_DIGITS)
    result.attrs["problems"] = problems
    return result


def init(directory: Path) -> list[Path]:
    """A workshop folder to start from: plan, criteria, a place for inputs, and what to do next.

    Raises
    ------
    InputError
        The folder exists and is not empty.
    """
    return store.write_workshop(
        directory, plan=data_dir() / "plan.toml", criteria=data_dir() / "criteria.toml"
    )
