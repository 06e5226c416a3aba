"""What was found, as the tables of a round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from cami_units import __version__, delineate, layers, overlap, rank, words
from cami_units.cache import NOTHING_KEPT, Cache, kept_table, narrowed
from cami_units.commands.assess import Assessed, what_it_takes
from cami_units.model import (
    AREA_OF_INTEREST,
    DIGITS,
    GATES,
    LONLAT,
    PROPOSED,
    ROUND_LAYERS,
    TABLES,
    Findings,
    Imprint,
    Layers,
    Note,
    Profile,
    Round,
    cited_sources,
    notes_as_text,
    notes_from_text,
)
from cami_units.overlap import Pieces
from cami_units.plan import Plan
from cami_units.words import finding_sentences
from cami_units.words.finding_sentences import EVIDENCE_OF, reason, taking

STABILITY_TABLES: Final[tuple[str, ...]] = (
    *("sensitivity", "sensitivity_factors", "unit_presence", "restoration"),
    *("crossings", "border_pairs"),
    *("complementarity", "complementarity_curve", "complementarity_targets"),
)
"""What `sensitivity` adds to a round: it speaks of the outlines of that round and of no later one."""


def round_tables(
    plan: Plan,
    known_layers: Layers,
    unit_tables: Mapping[str, pd.DataFrame],
    shapes: Mapping[str, pd.DataFrame],
) -> Round:
    """The tables of a round, in longitude and latitude: its units ranked, and the layers that it was made of.

    `unit_tables` and `shapes` are what :func:`tables_of_units` and :func:`shapes_as_written` gave.
    """
    tables = dict(unit_tables)
    units, cells = tables["conservation_units"], tables["planning_units"]
    tables["conservation_units"] = _with_ranks(units, tables.pop(MEASURES), plan.profile)
    tables["planning_units"] = gpd.GeoDataFrame(
        cells, geometry=shapes["planning_units"].geometry.array, crs=LONLAT
    )
    for name, table in _layer_tables(known_layers).items():
        tables[name] = shapes[name] if name in shapes else as_written(table)
    return Round(
        imprint=_imprint(plan, known_layers),
        tables=tables,
        manifest=_manifest(plan, known_layers),
    )


def _layer_tables(known_layers: Layers) -> dict[str, pd.DataFrame]:
    """The layers that a round is made of, by the names of its tables."""
    tables: dict[str, pd.DataFrame] = {
        "ranges_used": known_layers.ranges,
        "species": known_layers.species,
    }
    beside = ("overrides", "coverage", "coverage_areas", "occurrences", "animal_crossings")
    for name in (*beside, *ROUND_LAYERS):
        if getattr(known_layers, name) is not None:
            tables[name] = getattr(known_layers, name)
    return tables


def shapes_as_written(known_layers: Layers, cells: gpd.GeoDataFrame) -> dict[str, pd.DataFrame]:
    """The layers that have shapes, and those of the planning units: no number of the criteria changes them."""
    tables = _layer_tables(known_layers) | {"planning_units": cells[["geometry"]]}
    return {
        name: as_written(table)
        for name, table in tables.items()
        if isinstance(table, gpd.GeoDataFrame)
    }


MEASURES: Final = "measures"
"""The table beside those of a round by which its units are scored and ranked."""


def tables_of_units(
    plan: Plan,
    pieces: Pieces,
    cells: gpd.GeoDataFrame,
    drawn_sites: Assessed,
    grown: gpd.GeoDataFrame,
    assessed_sites: Assessed,
    *,
    cache: Cache = NOTHING_KEPT,
) -> dict[str, pd.DataFrame]:
    """What was found on the grown units, as it is written: all that hangs on no weight of the score.

    Units are not ranked yet, planning units have no shapes; what ranks units is the table `measures`.
    """
    kept_sites = assessed_sites.decided(PROPOSED, AREA_OF_INTEREST)
    # numbered after the choice, so that ids have no gaps
    units = delineate.numbered(grown[grown["seed"].isin(kept_sites)].reset_index(drop=True))
    ids = units.set_index("seed")["unit_id"]
    known_layers = pieces.layers
    takes = _what_it_takes(plan, pieces, drawn_sites, assessed_sites, grown, ids, cache)
    of_lattice = narrowed(cache, plan.study.model_dump())
    tables: dict[str, pd.DataFrame] = {
        "conservation_units": _conservation_units(plan, pieces, units, assessed_sites),
        "not_proposed": _not_proposed(
            known_layers.hotspots, units, drawn_sites, assessed_sites, grown, plan.profile, takes
        ),
        "what_it_takes": pd.DataFrame(takes.drop(columns="geometry")),
        "nearest_ground": takes.loc[takes["kind"] == "ground", GROUND_COLUMNS].reset_index(
            drop=True
        ),
        "unit_criteria": by_unit(assessed_sites.findings.criteria, ids),
        "unit_rationale": unit_rationale(assessed_sites, ids, plan.profile),
        "unit_species": by_unit(assessed_sites.findings.species, ids),
        "unit_countries": by_unit(assessed_sites.findings.countries, ids),
        "planning_units": pd.DataFrame(
            with_unit(cells, units, cache=of_lattice).drop(columns="geometry")
        ),
    }
    if assessed_sites.tables.records is not None:
        tables["unit_records"] = unit_records(assessed_sites, ids, plan, known_layers)
    # last of all: every table was made from unrounded numbers, in the plan's CRS
    written = {name: as_written(table) for name, table in tables.items()}
    decided = assessed_sites.findings.summary.merge(assessed_sites.decisions, on="site")
    return written | {MEASURES: by_unit(decided, ids)}


GROUND_COLUMNS: Final = ["site", "criterion", "sci_name", "km2", "direction", "says", "geometry"]
"""What the layer `nearest_ground` says of each outline."""


def _what_it_takes(
    plan: Plan,
    pieces: Pieces,
    drawn_sites: Assessed,
    assessed_sites: Assessed,
    grown: gpd.GeoDataFrame,
    ids: pd.Series[str],
    cache: Cache,
) -> gpd.GeoDataFrame:
    """What would meet the criteria that units miss, and those that hotspots miss as drawn."""
    units = grown[grown["seed"].isin(ids.index)]
    of_units = what_it_takes(units, pieces, plan, assessed_sites, site="seed", cache=cache)
    of_units = of_units[of_units["site"].isin(ids.index)]
    parts = [of_units.assign(site=of_units["site"].map(ids))]
    if pieces.layers.hotspots is not None:
        hotspots = pieces.layers.hotspots
        parts.append(
            what_it_takes(hotspots, pieces, plan, drawn_sites, site="hotspot_id", cache=cache)
        )
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=grown.crs)


def _conservation_units(
    plan: Plan, pieces: Pieces, units: gpd.GeoDataFrame, assessed_sites: Assessed
) -> gpd.GeoDataFrame:
    """The table `conservation_units` without ranks, in the order of the ids."""
    summary = assessed_sites.findings.summary.set_index("site").loc[units["seed"]]
    decision = assessed_sites.decisions.set_index("site")["decision"].loc[units["seed"]]
    names = _names(units, pieces.layers)
    columns = {
        "unit_id": units["unit_id"].array,
        "name_en": names["name_en"].array,
        "name_ru": names["name_ru"].array,
        "status": decision.map(_STATUS).array,
        "origin": delineate.origins(units["hotspot_ids"], likeness(units, pieces)).array,
        "hotspot_ids": units["hotspot_ids"].array,
        **{column: summary[column].array for column in SUMMARY},
        "rationale": rationale(assessed_sites, units["seed"], plan.profile),
    }
    outline = gpd.GeoSeries(units["outline"].array, crs=LONLAT)
    return gpd.GeoDataFrame(columns, geometry=outline)


def _with_ranks(units: pd.DataFrame, measures: pd.DataFrame, profile: Profile) -> gpd.GeoDataFrame:
    """Units with rank, tier and score; what was not proposed has no rank, and takes none from them."""
    sites = measures.rename(columns={"unit_id": "site"})
    findings = Findings(pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), summary=sites)
    ranked = rank.rank_units(findings, sites[["site", "decision"]], profile).set_index("site")
    ranked = ranked.loc[units["unit_id"]]
    table = gpd.GeoDataFrame(units.copy())
    columns = ("rank", "rank_label", "tier", "score")
    for place, column in enumerate(columns, start=list(table).index("hotspot_ids") + 1):
        table.insert(place, column, ranked[column].array)
    return table


_STATUS: Mapping[str, str] = {PROPOSED: "modelled candidate", AREA_OF_INTEREST: "area of interest"}


SUMMARY = (
    *("area_km2", "countries", "n_countries", "disputed", "species", "n_species"),
    *("species_supporting", "criteria_met", "confidence"),
)


def likeness(units: gpd.GeoDataFrame, pieces: Pieces) -> pd.Series[float]:
    """Jaccard index of each unit and the hotspots that it was grown from, together."""
    hotspots = pieces.layers.hotspots
    if hotspots is None:
        return pd.Series(0.0, index=units.index)
    pairs = units.assign(hotspot_id=units["hotspot_ids"].str.split(";")).explode("hotspot_id")
    parts = hotspots.merge(pairs[["unit_id", "hotspot_id"]], on="hotspot_id")
    ground = overlap.dissolved(parts, ("unit_id",)).rename(columns={"unit_id": "of"})
    pairs = overlap.jaccard_pairs(units, ground, site="unit_id", other="of")
    matched = pairs[pairs["unit_id"] == pairs["of"]].set_index("unit_id")["jaccard"]
    index: pd.Series[float] = units["unit_id"].map(matched).fillna(0.0)
    return index


def _names(units: gpd.GeoDataFrame, known_layers: Layers) -> pd.DataFrame:
    """Names from the hotspots, else from the gazetteer, else from the states and the place."""
    names = pd.DataFrame("", index=units.index, columns=["name_en", "name_ru"])
    if known_layers.hotspots is not None:
        of = known_layers.hotspots.set_index("hotspot_id")
        for column, together in (("name_en", "and"), ("name_ru", "и")):
            names[column] = [
                delineate.joint_name(
                    [str(of.at[name, column]) for name in ids.split(";")], together
                )
                if ids
                else ""
                for ids in units["hotspot_ids"]
            ]
    nameless = units[names["name_en"] == ""]
    if known_layers.gazetteer is not None and len(nameless):
        names.loc[nameless.index] = delineate.place_names(nameless, known_layers.gazetteer)
    # where no place is near enough, a name is made of states and coordinates: no unit is nameless
    for row in names.index[names["name_en"] == ""]:
        names.loc[row] = delineate.coordinate_names(units.loc[[row]]).iloc[0]
    return names


def rationale_facts(
    assessed_sites: Assessed, seeds: Iterable[str], profile: Profile
) -> list[list[Note]]:
    """Why each unit is proposed: the decision, and which findings that it hangs on are met."""
    reasons = assessed_sites.decisions.set_index("site")["facts"]
    met = assessed_sites.findings.criteria
    # what the decision hangs on, and no other criterion, however well it is met
    met = met[
        met["met"].fillna(False) & met["criterion"].isin([*GATES, *(profile.decision.any_of or ())])
    ]
    by_site = {site: list(rows) for site, rows in met.groupby("site")["criterion"]}
    return [
        [*notes_from_text(reasons[seed]), Note(EVIDENCE_OF, {"criteria": by_site.get(seed, [])})]
        for seed in seeds
    ]


def rationale(assessed_sites: Assessed, seeds: pd.Series[str], profile: Profile) -> list[str]:
    """Why each unit is proposed, in English: the decision, and the evidence that it hangs on."""
    findings = assessed_sites.findings
    evidence: dict[str, dict[str, str]] = {}
    columns = (findings.criteria[name].tolist() for name in ("site", "criterion", "because"))
    for site, criterion, because in zip(*columns, strict=True):
        evidence.setdefault(str(site), {})[str(criterion)] = str(because)
    return [
        finding_sentences.rationale(notes_as_text(notes), evidence.get(seed, {}), findings.names)
        for seed, notes in zip(seeds, rationale_facts(assessed_sites, seeds, profile), strict=True)
    ]


def unit_rationale(assessed_sites: Assessed, ids: pd.Series[str], profile: Profile) -> pd.DataFrame:
    """The table `unit_rationale`: what the rationale of each unit says, as values."""
    facts = rationale_facts(assessed_sites, ids.index, profile)
    table = pd.DataFrame({"unit_id": ids.array, "facts": [notes_as_text(notes) for notes in facts]})
    return table.sort_values("unit_id", ignore_index=True)


def _not_proposed(
    hotspots: gpd.GeoDataFrame | None,
    units: gpd.GeoDataFrame,
    drawn_sites: Assessed,
    assessed_sites: Assessed,
    grown: gpd.GeoDataFrame,
    profile: Profile,
    takes: gpd.GeoDataFrame,
) -> pd.DataFrame:
    """Every hotspot that became no unit, with the reason and its numbers."""
    columns = ["hotspot_id", "name_en", "name_ru"]
    if hotspots is None:
        return pd.DataFrame(columns=[*columns, "reason", "facts"])
    placed_ids = {name for ids in units["hotspot_ids"] for name in ids.split(";")}
    left = hotspots[~hotspots["hotspot_id"].isin(placed_ids)]
    as_drawn = _reason_notes(drawn_sites)
    as_grown = _reason_notes(assessed_sites)
    passing = set(drawn_sites.decided(PROPOSED, AREA_OF_INTEREST))
    tried = {
        name: as_grown[seed]
        for seed in grown["seed"]
        for name in seed.split(";")
        if name in passing
    }
    short = {
        row["site"]: _nearest_miss(row)
        for row in rank.nearest_misses(drawn_sites.findings, profile).to_dict("records")
    }
    by_hotspot: dict[str, list[Note]] = {}
    for row in takes.drop(columns="geometry").to_dict("records"):
        by_hotspot.setdefault(row["site"], []).append(taking(row))
    reasons = []
    for name in left["hotspot_id"]:
        notes = [Note("as drawn", {"reason": as_drawn[name]})]
        if name not in passing:
            notes += [short[name]] if name in short else []
            if name in by_hotspot:
                needs = by_hotspot[name]
                notes.append(Note("any of these", {"n": len(needs), "takes": needs}))
        if name in tried:
            notes.append(Note("grown", {"reason": tried[name]}))
        elif name in passing:
            notes.append(Note("came to nothing"))
        reasons.append(notes_as_text(notes))
    names = drawn_sites.findings.names
    table = pd.DataFrame(left[columns]).assign(
        reason=[reason(facts, names) for facts in reasons], facts=reasons
    )
    return table.reset_index(drop=True)


def _reason_notes(assessed_sites: Assessed) -> dict[str, list[Note]]:
    """The sentences of each decision, as notes."""
    decisions = assessed_sites.decisions
    return {
        site: notes_from_text(facts)
        for site, facts in zip(decisions["site"], decisions["facts"], strict=True)
    }


def _nearest_miss(row: Mapping[Any, Any]) -> Note:
    """Which criterion a hotspot comes nearest to, with numbers as they are said."""
    # three figures of the value and two of what is missing, which is the smaller number
    facts = {"value": ("value", 3), "limit": ("threshold", 6), "missing": ("missing", 2)}
    return Note(
        "nearest miss",
        {"criterion": str(row["criterion"]), "unit": str(row["unit"])}
        | {name: _to_figures(float(row[column]), n) for name, (column, n) in facts.items()},
    )


def _to_figures(value: float, n: int) -> float | int:
    """A number of so many figures; a whole one without decimals."""
    number = float(f"{value:.{n}g}")
    return int(number) if number.is_integer() else number


def by_unit(table: pd.DataFrame, ids: pd.Series[str]) -> pd.DataFrame:
    """Rows of the units, under their ids."""
    mine = table[table["site"].isin(ids.index)]
    named = mine.assign(unit_id=mine["site"].map(ids)).drop(columns="site")
    front = ["unit_id", *[column for column in named if column != "unit_id"]]
    return named[front].sort_values("unit_id", kind="stable").reset_index(drop=True)


def unit_records(
    assessed: Assessed, ids: pd.Series[str], plan: Plan, known_layers: Layers
) -> pd.DataFrame:
    """How often each species was recorded on each side of each unit, and when last.

    Returns
    -------
    DataFrame
        ``unit_id``, ``sci_name``, ``iso2``, ``records``, ``recent`` (within the years of the best grade
        of the profile's `C9.record_years`), ``undated``, ``last_year``. A side on which a species has
        range and nobody recorded it is there too, with 0: it questions the range.
    """
    records, sides = assessed.tables.records, assessed.tables.species
    key = ["site", "sci_name", "iso2"]
    least_km2 = plan.profile.occurrence.side_km2 or 0.0
    counted = pd.DataFrame(columns=[*key, "age_years", "n"]) if records is None else records
    with_range = sides.loc[sides["km2"] >= least_km2, key]
    # of a species that the files do not speak of nothing is asked
    known_species = (
        set() if known_layers.occurrences is None else set(known_layers.occurrences["sci_name"])
    )
    rows = pd.concat([counted[key], with_range[with_range["sci_name"].isin(known_species)]])
    table = rows.drop_duplicates().sort_values(key, ignore_index=True)
    # the shortest of the profile's grades; where it leaves them open, that of the bundled one
    years = min(plan.profile.C9.record_years.values(), default=10.0)
    year_of_plan = int(plan.date[:4])

    def total(mask: pd.Series[bool]) -> pd.Series[int]:
        """The number of these records of each row."""
        sums = counted[mask].groupby(key)["n"].sum()
        counts = sums.reindex(pd.MultiIndex.from_frame(table[key]), fill_value=0)
        return pd.Series(counts.to_numpy(dtype=int), index=table.index)

    age = counted["age_years"].astype(int)
    youngest = counted[age >= 0].groupby(key)["age_years"].min()
    last = youngest.reindex(pd.MultiIndex.from_frame(table[key])).to_numpy(dtype=float)
    table = table.assign(
        records=total(age >= -1),
        recent=total((age >= 0) & (age <= years)),
        undated=total(age < 0),
        last_year=year_of_plan - last,
    )
    return by_unit(table, ids)


def with_unit(
    cells: gpd.GeoDataFrame, units: gpd.GeoDataFrame, *, cache: Cache = NOTHING_KEPT
) -> gpd.GeoDataFrame:
    """Planning units with the unit that holds most of each; empty where none holds half.

    `cache` is one of the lattice: on it their names say where cells lie.
    """
    shapes = units[["unit_id", "geometry"]]
    key = [cells[["pu_id"]], shapes]
    owners = kept_table(
        cache, "owners", key, lambda: overlap.cell_owners(cells, shapes, site="unit_id")
    )
    by_cell = dict(zip(owners["pu_id"], owners["unit_id"], strict=True))
    unit = pd.Series([by_cell.get(pu_id, "") for pu_id in cells["pu_id"]], cells.index, dtype=str)
    columns = [*TABLES["planning_units"].columns, "geometry"]
    return cells.assign(unit_id=unit)[columns]


def _imprint(plan: Plan, known_layers: Layers) -> Imprint:
    """What stands on every product of a plan."""
    cited = cited_sources(known_layers.sources)
    imprint = Imprint(
        title=plan.title,
        date=plan.date,
        round="Round 00",
        profile=plan.profile.name,
        disclaimer=plan.output.disclaimer,
        sources=words.sources_in(cited),
        cited=cited,
        indicative=any(bool(source.get("bundled")) for source in known_layers.sources),
        languages=plan.output.languages,
        demonstration=words.is_demonstration(plan.title),
    )
    return words.imprint_in(imprint, plan.output.languages[0])


def _manifest(plan: Plan, known_layers: Layers) -> dict[str, Any]:
    """What went in, in full, so that a second person gets the same bytes."""
    return {
        "version": __version__,
        "round": 0,
        "plan": _without_folders(plan.as_written),
        "profile": dict(plan.profile_as_written),
        "inputs": [dict(source) for source in known_layers.sources],
        "problems": list(known_layers.problems),
    }


def as_written(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers to six decimals; shapes in longitude and latitude, to as many."""
    rounded = table.round(DIGITS)
    if not isinstance(rounded, gpd.GeoDataFrame):
        return rounded
    lonlat: pd.DataFrame = layers.to_lonlat(rounded, decimals=DIGITS)
    return lonlat


def _without_folders(value: Any) -> Any:
    """A plan as written, but for absolute paths: they say whose machine this was, and lead nowhere."""
    if isinstance(value, Mapping):
        return {key: _without_folders(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_folders(inner) for inner in value]
    if isinstance(value, str):
        for kind in (PurePosixPath, PureWindowsPath):
            if kind(value).is_absolute():
                return kind(value).name
    return value
