"""The bare numbers of each site: what the thresholds of a profile are held against."""

from __future__ import annotations

from collections import defaultdict, namedtuple
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cami_units.model import (
    DRAWN_AS,
    SEASONAL_RANGE,
    SITE_COLUMNS,
    SOURCE_FACTS,
    TOLERANCE,
    InputError,
    Note,
    PlanError,
    Profile,
    SiteTables,
    at_least,
    at_most,
    cami_species,
    drawn_lines,
    fence_rows,
    in_short,
    listed,
    nearest,
)

_BARRIERS: Final = ("fenced_km", "closed_km", "looked_border_km", "barrier_share")
_CONCORDANCE: Final = ("hotspot_share", "jaccard")
_FLOATS: Final = ("km2", "km", "n", "jaccard", "permeability")
_MAY_BE_UNKNOWN: Final = ("permeability",)
_MAY_BE_LACKING: Final = {
    "corridors": (DRAWN_AS,),
    **dict.fromkeys(("crossings", "near_crossings"), ("source", SOURCE_FACTS, DRAWN_AS)),
}
_BREEDING, _NON_BREEDING, _PASSAGE = 2, 3, 4

Row = Any
"""A row of a table, as a named tuple."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The tables behind the numbers, cut to the species and sites that count, in a fixed order."""

    tables: SiteTables
    species: pd.DataFrame
    at_sites: pd.DataFrame
    measures: pd.DataFrame
    adjacent: pd.DataFrame
    firm: pd.DataFrame | None = None
    """The measures without sides that may be an error of the border, where they were asked for."""


Numbers = Mapping[str, pd.DataFrame]
"""The numbers of :class:`Evidence`: its fields ``at_sites``, ``measures`` and ``firm``."""


def _reckoned(make: Callable[[], Numbers]) -> Numbers:
    """The numbers made now."""
    return make()


def measures(
    tables: SiteTables,
    species: pd.DataFrame,
    profile: Profile,
    *,
    adjacent: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The numbers of each site that the criteria are about, without any verdict.

    Parameters
    ----------
    tables : SiteTables
        What was measured on the sites. No table is changed.
    species : DataFrame
        The table ``species`` with a column ``range_km2``: the regional range of each, measured
        before any clipping (``species.merge(features[["sci_name", "range_km2"]], how="left")``).
        Species that are not in it, or have ``in_cami`` other than "yes", are never counted.
    profile : Profile
        Its occurrence rule decides what counts as present.
    adjacent : DataFrame, optional
        Overrides of the geography gate: ``site``, ``reason``, ``km`` to the nearest border.

    Returns
    -------
    DataFrame
        Indexed by ``site`` in the order of ``tables.sites``; ``<NA>``/NaN where a number cannot be
        had. ``area_km2``; ``n_states``, ``n_states_undisputed``; ``n_transboundary`` (T);
        ``n_by_crossing`` (species on one side with a documented crossing); ``n_qualifying``;
        ``threat_weight`` (W); ``has_severe``; ``max_share`` (largest S, %), ``share_sum`` (E, %),
        ``top_share``, ``top_threshold``, ``top_ratio`` (the species nearest to or furthest above
        its own threshold); ``evenness`` (J); ``border_km``, ``shared_border_km`` (L),
        ``riverine_border_km``; ``n_corridors``, ``corridor_km``, ``n_crossings``,
        ``movement_grade``; ``fenced_km``, ``closed_km`` (less what is permeable),
        ``looked_border_km``, ``barrier_share`` (B, %); ``qualifying_km2``,
        ``protected_share`` (P, %), ``n_pa_pairs``; ``hotspot_share`` (%), ``jaccard``;
        ``range_confidence`` (0–1); and one column a further criterion of the profile.

    Raises
    ------
    InputError
        A table lacks a column, names a site that is not among the sites, or a species overlaps a
        site and has no ``range_km2``.
    PlanError
        The profile leaves [occurrence] or [G2] min_sides open: then nothing can be said at all.
        It asks for a further criterion that nobody has added.

    Notes
    -----
    Pielou's evenness of a species is :math:`J = -\\sum p_i \\ln p_i / \\ln k` over the *k* states
    whose side counts, with *p* the share of each in their sum; one state alone gives 0. The site's
    J is the mean over its qualifying species, weighted by their overlap. L adds up, border by
    border, the longest stretch that any one qualifying species has: a lower bound of the length
    that all of them share. P is the mean of the protected share over the qualifying species,
    weighted by their overlap.

    References
    ----------
    Pielou, E. C. (1966). The measurement of diversity in different types of biological
    collections. *Journal of Theoretical Biology* 13, 131–144. doi:10.1016/0022-5193(66)90013-0
    """
    return evidence(tables, species, profile, adjacent=adjacent).measures


def evidence(
    tables: SiteTables,
    species: pd.DataFrame,
    profile: Profile,
    *,
    adjacent: pd.DataFrame | None = None,
    is_repeated: bool = False,
    keep: Callable[[Callable[[], Numbers]], Numbers] = _reckoned,
) -> Evidence:
    """The numbers together with the tables they come from; `is_repeated`: with the `firm` ones too.

    `keep` may give the numbers that were made before of the same tables and :func:`measuring_rules`.
    """
    counted_table = counted_species(species, profile)
    # Looked at first: an override without a reason is refused before anything is measured.
    overrides = _adjacent(adjacent, tables.sites)
    tables = _with_seasonal(_tidy(tables, set(counted_table.index)), profile)
    # After the seasonal ones and before the species: crossings decide which species qualify.
    tables = _with_near_crossings(tables, overrides, profile)

    def numbers() -> Numbers:
        """All that is reckoned, a third of the time of a finding."""
        sites = tables.sites.set_index("site")
        beside = (_barriers(tables, sites, profile), _concordance(tables, sites))
        at_sites, measured = _measured(tables, counted_table, profile, overrides, *beside)
        seen = Evidence(tables, counted_table, at_sites, measured, overrides)
        firm = {"firm": firm_measures(seen, profile)} if is_repeated else {}
        return {"at_sites": at_sites, "measures": measured, **firm}

    return Evidence(tables, counted_table, adjacent=overrides, **keep(numbers))


def _measured(
    tables: SiteTables,
    species: pd.DataFrame,
    profile: Profile,
    overrides: pd.DataFrame,
    barriers: pd.DataFrame,
    concordance: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The species in sites, and all numbers: those of fences and hotspots hang on no side and are given."""
    at_sites = _species_at_sites(tables, species, profile)
    sites = tables.sites.set_index("site")
    parts = (
        _geography(tables, sites, profile, overrides),
        _threat_and_share(at_sites, sites, profile),
        _responsibility(tables, at_sites, sites, profile),
        _movement(tables, at_sites, sites, profile),
        barriers,
        _protection(tables, at_sites, sites, profile),
        concordance,
        _range_confidence(tables, at_sites, sites, profile),
        further_measures(tables, profile),
    )
    return at_sites, pd.concat([sites[["area_km2"]], *parts], axis=1)


def firm_measures(seen: Evidence, profile: Profile) -> pd.DataFrame:
    """The numbers once more, without the sides that hang on where exactly a border was drawn."""
    beside = (seen.measures[list(names)] for names in (_BARRIERS, _CONCORDANCE))
    tables = without_strips(seen.tables, profile)
    return _measured(tables, seen.species, profile, seen.adjacent, *beside)[1]


def measures_within(
    site_evidence: Evidence, species: pd.DataFrame, profile: Profile
) -> pd.DataFrame:
    """The measures of the same sites under a profile with other limits of G1 and C3 alone.

    They say which states count in a site, and which species is nearest to its own share; everything
    else was measured without them, and is not measured again.
    """
    sites = site_evidence.tables.sites.set_index("site")
    at_sites = site_evidence.at_sites
    min_share = at_sites["sci_name"].map(counted_species(species, profile)["min_share"])
    moved = (
        _geography(site_evidence.tables, sites, profile, site_evidence.adjacent),
        _threat_and_share(at_sites.assign(min_share=min_share), sites, profile),
    )
    return site_evidence.measures.assign(
        **{str(name): table[name] for table in moved for name in table}
    )


# -- at the door ----------------------------------------------------------------------------------


def counted_species(species: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """The CAMI species by ``sci_name`` with what the profile makes of their category.

    Adds ``weight``, ``category_known``, ``severe`` and ``min_share`` (%, the threshold of C3).
    """
    needed = ("sci_name", "name_en", "iucn_category", "in_cami", "range_km2")
    if missing := [column for column in needed if column not in species.columns]:
        hint = (
            ' Add it with species.merge(features[["sci_name", "range_km2"]], how="left").'
            if missing == ["range_km2"]
            else "".join(nearest(column, map(str, species.columns)) for column in missing)
        )
        raise InputError(f"The species table lacks {listed(missing)}.{hint}")
    repeated = species.loc[species["sci_name"].duplicated(), "sci_name"]
    if len(repeated):
        raise InputError(
            f"Each species stands once in the species table; repeated: {listed(repeated)}."
        )
    listed_species = species.loc[species["sci_name"].isin(cami_species(species)), list(needed)]
    listed_species = listed_species.set_index("sci_name").sort_index()
    category = listed_species["iucn_category"].fillna("").astype(str)
    weights = dict(profile.C2.weights or {})
    has_weight = category.isin(list(weights))
    # A category that the profile does not weigh counts as the one it names, and is told as such.
    fallback = weights.get(profile.C2.unknown_counts_as or "", np.nan)
    # NaN where the profile leaves the general share open: only categories with a share of their own
    # can meet C3.
    general = np.nan if profile.C3.min_share is None else profile.C3.min_share
    return listed_species.assign(
        iucn_category=category,
        category_known=has_weight,
        weight=category.map(weights).astype(float).where(has_weight, fallback),
        severe=category.isin(profile.C2.or_categories),
        min_share=category.map(dict(profile.C3.min_share_by_category))
        .astype(float)
        .fillna(general),
    )


def threshold_km2(species: pd.DataFrame, profile: Profile) -> pd.Series[float]:
    """The range with which each CAMI species reaches its threshold of C3, in km².

    A profile without a threshold gives the whole regional range: then species count by their shares.
    """
    counted = counted_species(species, profile)
    share = counted["min_share"].where(counted["min_share"] > 0, 100.0) / 100
    return (share * counted["range_km2"]).rename("threshold_km2")


def _tidy(tables: SiteTables, known_species: Collection[str]) -> SiteTables:
    """The tables with their promised columns, known species only, rows in an order of their own.

    Sums of floats depend on the order of the rows; sorted by every column they cannot.
    """
    faults: list[str] = []
    tidy: dict[str, pd.DataFrame | None] = {}
    site_names = set(tables.sites.get("site", ()))
    for name in (field.name for field in fields(tables)):
        if (table := getattr(tables, name)) is None:
            tidy[name] = None
            continue
        rows, table_faults = _tidy_table(name, table, known_species, site_names)
        faults += table_faults
        if rows is not None:
            tidy[name] = rows
    faults += _site_faults(tidy.get("sites"))
    if faults:
        raise InputError("The tables of the sites are not as expected: " + "; ".join(faults) + ".")
    return SiteTables(**tidy)  # type: ignore[arg-type]


def _tidy_table(
    name: str, table: pd.DataFrame, known_species: Collection[str], site_names: Collection[Any]
) -> tuple[pd.DataFrame | None, list[str]]:
    """One table with its promised columns, and what is wrong with it; None: it lacks a column."""
    # a layer that somebody added has the columns that its line in `overlap` gives it
    columns = list(SITE_COLUMNS.get(name, table.columns))
    if missing := [column for column in columns if column not in table.columns]:
        return None, [f"'{name}' lacks the column {listed(missing)}"]
    columns += [column for column in _MAY_BE_LACKING.get(name, ()) if column in table.columns]
    table = pd.DataFrame(table)[columns]
    faults = []
    if strange := sorted({str(site) for site in set(table["site"].unique()) - set(site_names)}):
        faults.append(f"'{name}' speaks of sites that are not in 'sites': {listed(strange)}")
    # Sites keep their order, which is the user's; all other tables are sorted, so that sums come
    # out the same.
    if name == "sites":
        return table.reset_index(drop=True), faults
    if "sci_name" in columns:
        table = of_species(table, known_species)
    numbers = {column: float for column in columns if column in _FLOATS}
    needed = [column for column in numbers if column not in _MAY_BE_UNKNOWN]
    for column in (column for column in needed if table[column].isna().any()):
        where = table.loc[table[column].isna(), "site"].unique()
        faults.append(f"'{name}' has rows without a number in '{column}': {listed(where)}")
    return settled(table, columns, numbers), faults


def of_species(table: pd.DataFrame, names: Collection[str]) -> pd.DataFrame:
    """The rows of some species; all of them, where there are no others.

    `isin` makes an Arrow scalar of each name that it looks for: a third of the time of a whole table.
    """
    if {*table["sci_name"].unique()} <= {*names}:
        return table
    return table[table["sci_name"].isin(list(names))]


def settled(table: pd.DataFrame, columns: list[str], numbers: Mapping[str, type]) -> pd.DataFrame:
    """A table sorted by all its columns, its numbers floats; nothing is made anew that is so already."""
    if not _is_sorted(table, columns):
        table = table.sort_values(columns)
    floats = {column: kind for column, kind in numbers.items() if table[column].dtype != kind}
    table = table.reset_index(drop=True)
    return table.astype(floats) if floats else table


def _is_sorted(table: pd.DataFrame, columns: Iterable[str]) -> bool:
    """Whether no row comes before the one above it.

    What was measured here is: to see that takes a tenth of the time of sorting texts again.
    """
    equal = np.ones(max(len(table) - 1, 0), dtype=bool)
    for column in columns:
        above, below = table[column].array[:-1], table[column].array[1:]
        # a value that is missing is neither: such a table is sorted
        rising, same = (np.asarray(answer) for answer in (above < below, above == below))
        if not all(answer.dtype == bool for answer in (rising, same)):
            return False
        if (equal & ~rising & ~same).any():
            return False
        equal &= same
    return True


def _site_faults(sites: pd.DataFrame | None) -> list[str]:
    """What is wrong with the table of sites: a site that stands twice, or has no area."""
    if sites is None:
        return []
    faults = []
    if sites["site"].duplicated().any():
        twice = sites.loc[sites["site"].duplicated(), "site"].unique()
        faults.append(f"each site stands once in 'sites'; repeated: {listed(twice)}")
    empty = sites.loc[~(sites["area_km2"] > 0), "site"]
    if len(empty):
        faults.append(f"every site needs an area_km2 above 0; not so: {listed(empty)}")
    return faults


def _with_seasonal(tables: SiteTables, profile: Profile) -> SiteTables:
    """The tables with the crossings that seasonal parts of a range speak of among the others.

    A species that breeds on one side of a border and spends another season on the other crosses it;
    so does a passage range that lies on both. Both parts must be as large as a side that counts.
    """
    # A grade without a worth of its own would add crossings that count for nothing.
    side_km2, grade = profile.occurrence.side_km2, profile.C5.seasonal_grade
    if tables.seasonal is None or side_km2 is None or grade not in (profile.C5.grades or {}):
        return tables
    parts = tables.seasonal[at_least(tables.seasonal["km2"], side_km2)]
    key = ["site", "sci_name"]
    sides = {code: parts.loc[parts["seasonal"] == code, [*key, "iso2"]] for code in (2, 3, 4)}
    state_pairs = pd.concat(
        [
            sides[_BREEDING].merge(sides[_NON_BREEDING], on=key),
            sides[_PASSAGE].merge(sides[_PASSAGE], on=key),
        ]
    )
    # A move within one state crosses no border, however far it is.
    state_pairs = state_pairs[state_pairs["iso2_x"] != state_pairs["iso2_y"]]
    if state_pairs.empty:
        return tables
    ends = state_pairs[["iso2_x", "iso2_y"]].to_numpy()
    seasonal_rows = state_pairs[key].assign(
        corridor_id=SEASONAL_RANGE,
        evidence_grade=grade,
        pair=[";".join(sorted(pair)) for pair in ends],
        n=1.0,
    )
    # Breeding here and wintering there, and the other way round: one crossing.
    seasonal_rows = seasonal_rows.drop_duplicates([*key, "pair"])
    # And the two states have to meet inside the site: seasonal parts at its two ends prove nothing
    # about it.
    touching = tables.borders[["site", "pair"]].drop_duplicates()
    seasonal_rows = seasonal_rows.merge(touching, on=["site", "pair"])
    given_rows = tables.crossings
    columns = list(SITE_COLUMNS["crossings"]) if given_rows is None else list(given_rows.columns)
    if "source" in columns:
        seasonal_rows["source"] = "read from the seasonal parts of its range"
    if SOURCE_FACTS in columns:
        seasonal_rows[SOURCE_FACTS] = ""
    if DRAWN_AS in columns:
        seasonal_rows[DRAWN_AS] = SEASONAL_RANGE
    all_rows = (
        seasonal_rows
        if given_rows is None or given_rows.empty
        else pd.concat([given_rows, seasonal_rows])
    )
    corridors = tables.corridors
    if corridors is None:
        corridors = pd.DataFrame({name: [] for name in SITE_COLUMNS["corridors"]})
    return replace(
        tables,
        corridors=corridors,
        crossings=all_rows[columns].sort_values(columns, ignore_index=True),
    )


def _with_near_crossings(
    tables: SiteTables, adjacent: pd.DataFrame, profile: Profile
) -> SiteTables:
    """The tables with the crossings close to sites that are let in as *adjacent* among the others.

    A one-state site cannot hold a crossing: it counts where its corridor reaches the site and
    crosses a border as close by as the site must lie to it.
    """
    close = tables.near_crossings
    limit = profile.G1.adjacent_km
    if close is None or limit is None or adjacent.empty:
        return tables
    let_in = adjacent.index[at_most(adjacent["km"].astype(float), limit)]
    close = close[close["site"].isin(let_in)]
    inside_rows = tables.crossings
    all_rows = close if inside_rows is None else pd.concat([inside_rows, close])
    key = ["site", "corridor_id", "sci_name", "pair"]
    columns = list(all_rows.columns)
    all_rows = all_rows.drop_duplicates(key).sort_values(columns, ignore_index=True)
    return replace(tables, crossings=all_rows)


def _adjacent(adjacent: pd.DataFrame | None, sites: pd.DataFrame) -> pd.DataFrame:
    """The overrides of the geography gate by site; each must carry a reason and a distance."""
    if adjacent is None:
        return pd.DataFrame({"reason": pd.Series(dtype=str), "km": pd.Series(dtype=float)})
    missing = [column for column in ("site", "reason", "km") if column not in adjacent.columns]
    if missing:
        raise InputError(f"The overrides 'adjacent' lack the column {listed(missing)}.")
    table = pd.DataFrame(adjacent)[["site", "reason", "km"]]
    bare = table.loc[table["reason"].fillna("").astype(str).str.strip() == "", "site"]
    if len(bare):
        raise InputError(
            f"An override 'adjacent' needs a written reason; {listed(bare)} has none. Write why the "
            "site belongs to a transboundary landscape."
        )
    if table["site"].duplicated().any():
        twice = table.loc[table["site"].duplicated(), "site"].unique()
        raise InputError(f"One override 'adjacent' a site is expected; repeated: {listed(twice)}.")
    return table[table["site"].isin(sites["site"])].set_index("site").sort_index()


# -- species in sites -----------------------------------------------------------------------------


def occurs(
    overlap: pd.Series[float],
    area: pd.Series[float] | float,
    share: pd.Series[float],
    profile: Profile,
) -> pd.Series[bool]:
    """Whether an overlap, km², counts as occurrence: large enough for the site, or for the range."""
    rule = profile.occurrence
    if rule.min_km2 is None or rule.min_site_share is None or rule.min_range_share is None:
        raise PlanError(_open_occurrence(profile))
    enough = np.minimum(rule.min_km2, rule.min_site_share / 100 * area)
    # A profile may ask for 0 km², which nothing at all would reach.
    large: pd.Series[bool] = at_least(overlap, enough) & (overlap > 0)
    wide: pd.Series[bool] = at_least(share, rule.min_range_share)
    return large | wide


def occurrence_km2(profile: Profile, area_km2: float, range_km2: Any) -> Any:
    """From how many km² of a site of some area species occur in it, by their ranges."""
    rule = profile.occurrence
    if rule.min_km2 is None or rule.min_site_share is None or rule.min_range_share is None:
        raise PlanError(_open_occurrence(profile))
    enough = min(rule.min_km2, rule.min_site_share / 100 * area_km2)
    # what is exactly enough is enough: sums of pieces are off by their last digits
    return np.minimum(enough, rule.min_range_share / 100 * range_km2) * (1 - TOLERANCE)


def category_weights(categories: pd.Series[str], profile: Profile) -> pd.Series[float]:
    """The threat weight of each category of the Red List; an unknown one weighs as the profile says."""
    weights = dict(profile.C2.weights or {})
    unknown = weights.get(profile.C2.unknown_counts_as or "", 0.0)
    return categories.map(weights).astype(float).fillna(unknown)


def least_overlap(profile: Profile, area_km2: float) -> float:
    """The least share of a site, in km², from which a species may count as occurring in it."""
    return (profile.occurrence.min_site_share or 0.0) / 100 * area_km2


def _open_occurrence(profile: Profile) -> str:
    """The refusal of a profile that does not say when a species occurs."""
    still = profile.open_numbers("occurrence", "G2")
    return (
        f"The profile '{profile.name}' does not say when a species occurs in a site, so nothing can "
        f"be assessed. Fill in {listed(still, 9)}, or leave `profile` out of the plan to use the "
        "bundled operational proxy criteria."
    )


def _species_at_sites(tables: SiteTables, species: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """One row for each species with range in a site: overlap, share, sides, and what it counts as."""
    side_km2, min_sides = profile.occurrence.side_km2, profile.G2.min_sides
    if side_km2 is None or min_sides is None:
        raise PlanError(_open_occurrence(profile))
    key = ["site", "sci_name"]
    by_state = tables.species.groupby([*key, "iso2"])[["km2"]].sum().reset_index()
    # The whole range where it was measured: ground of no state counts as range, and as no side.
    ranges = by_state if tables.ranges is None else tables.ranges
    table = ranges.groupby(key)[["km2"]].sum().reset_index()
    counted_sides = by_state[at_least(by_state["km2"], side_km2)]
    sides = counted_sides.groupby(key)["km2"].agg(n_sides="size", counted_km2="sum")
    ends = np.append(0, sides["n_sides"].cumsum())  # the rows are in the order of their groups
    states = counted_sides["iso2"].tolist()
    joined = [";".join(states[low:high]) for low, high in pairwise(ends)]
    sides["sides"] = pd.Series(joined, index=sides.index, dtype=object)
    table = table.merge(sides, on=key, how="left").merge(
        species.reset_index(), on="sci_name", how="left"
    )
    table["sides"] = table["sides"].fillna("").astype(str)
    table[["n_sides", "counted_km2"]] = table[["n_sides", "counted_km2"]].fillna(0.0).astype(float)
    rangeless = table.loc[~(table["range_km2"] > 0), "sci_name"].unique()
    if len(rangeless):
        raise InputError(
            f"{listed(sorted(rangeless))}: there is range in a site and no range_km2 in the species "
            "table. Measure the regional range before any clipping and give it with the species."
        )
    area = table["site"].map(tables.sites.set_index("site")["area_km2"]).astype(float)
    table["share"] = 100 * table["km2"] / table["range_km2"]
    table["occurs"] = occurs(table["km2"], area, table["share"], profile)
    table["transboundary"] = table["occurs"] & (table["n_sides"] >= min_sides)
    table["by_crossing"] = (
        table["occurs"]
        & ~table["transboundary"]
        & (table["n_sides"] == 1)
        & _crosses(table, tables.crossings, profile)
    )
    is_shared_site = table.groupby("site")["transboundary"].transform("any").astype(bool)
    table["qualifying"] = table["transboundary"] | (table["by_crossing"] & ~is_shared_site)
    return table


def _crosses(
    table: pd.DataFrame, crossings: pd.DataFrame | None, profile: Profile
) -> pd.Series[bool]:
    """Whether a documented crossing of the species leads into, or out of, one of its sides."""
    if crossings is None or table.empty:
        return pd.Series(False, index=table.index)
    documented = crossings[
        crossings["evidence_grade"].isin(profile.G2.crossing_grades or ()) & (crossings["n"] > 0)
    ]
    # A crossing leads out of both of its states.
    ends = documented.assign(iso2=documented["pair"].str.split(";")).explode("iso2")
    led = set(ends[["site", "sci_name", "iso2"]].itertuples(index=False, name=None))
    rows = zip(table["site"], table["sci_name"], table["sides"], strict=True)
    return pd.Series(
        [any((site, name, iso2) in led for iso2 in sides.split(";")) for site, name, sides in rows],
        index=table.index,
        dtype=bool,
    )


# -- gate and criteria, one by one ----------------------------------------------------------------


def _geography(
    tables: SiteTables, sites: pd.DataFrame, profile: Profile, adjacent: pd.DataFrame
) -> pd.DataFrame:
    """The states that count in each site, with and without disputed ground."""
    counted_sides = counted_states(tables.states, sites, profile)
    n_states = counted_sides.groupby("site").size().reindex(sites.index, fill_value=0)
    # Without disputed ground on any site both counts are the same, and one measurement is spared.
    if tables.undisputed is None:
        n_undisputed = n_states
    else:
        sure = counted_states(tables.undisputed, sites, profile)
        n_undisputed = sure.groupby("site").size().reindex(sites.index, fill_value=0)
    return pd.DataFrame(
        {
            "n_states": n_states.astype(float),
            "n_states_undisputed": n_undisputed.astype(float),
            "adjacent_km": adjacent["km"].astype(float).reindex(sites.index),
        }
    )


def rows_by_site(table: pd.DataFrame | None) -> dict[Any, list[Row]] | None:
    """The rows of each site, in the order of the table; ``None`` where there is no such table."""
    if table is None:
        return None
    rows: defaultdict[Any, list[Row]] = defaultdict(list)
    # column by column: a column of text hands out its values one by one far more slowly
    row_of = namedtuple("row_of", map(str, table), rename=True)  # type: ignore[misc]
    place = list(table).index("site")
    for values in zip(*(table[name].tolist() for name in table), strict=True):
        rows[values[place]].append(row_of(*values))
    return rows


def rows_of(rows: Mapping[Any, list[Row]] | None, site: object) -> tuple[Row, ...] | None:
    """Those of one site, as :func:`rows_by_site` has them."""
    return None if rows is None else tuple(rows.get(site, ()))


def counted_states(states: pd.DataFrame, sites: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """The rows of states whose part of a site is large enough for the geography gate."""
    rule = profile.G1
    if rule.min_side_km2 is None or rule.min_side_share is None:
        return states.iloc[:0]
    summed = states.groupby(["site", "iso2"])[["km2"]].sum().reset_index()
    area = summed["site"].map(sites["area_km2"]).astype(float)
    least_km2 = np.maximum(rule.min_side_km2, rule.min_side_share / 100 * area)
    large: pd.DataFrame = summed[at_least(summed["km2"], least_km2)]
    return large


def _threat_and_share(
    at_sites: pd.DataFrame, sites: pd.DataFrame, profile: Profile
) -> pd.DataFrame:
    """The transboundary species of each site: how many, how threatened, with how much of their range."""
    shared_rows = at_sites[at_sites["transboundary"]]
    by_site = shared_rows.groupby("site")
    ratio = (shared_rows["share"] / shared_rows["min_share"]).where(
        shared_rows["min_share"].notna()
    )
    # The species nearest to, or farthest beyond, its own limit stands for C3; ties by share, then
    # by name.
    first = shared_rows.assign(ratio=ratio).sort_values(
        ["site", "ratio", "share", "sci_name"], ascending=[True, False, False, True]
    )
    top = first.drop_duplicates("site").set_index("site")
    weight = (
        by_site["weight"]
        .sum()
        # One species of unknown weight makes the sum unknown: leaving it out would call a threat
        # less than it may be.
        .mask(shared_rows["weight"].isna().groupby(shared_rows["site"]).any())
    )
    general = np.nan if profile.C3.min_share is None else profile.C3.min_share

    def spread(values: pd.Series[Any], empty: float = 0.0) -> pd.Series[float]:
        return (
            values.reindex(sites.index).astype(float).where(sites.index.isin(by_site.groups), empty)
        )

    return pd.DataFrame(
        {
            "n_transboundary": spread(by_site.size()),
            "n_by_crossing": at_sites.groupby("site")["by_crossing"]
            .sum()
            .reindex(sites.index, fill_value=0)
            .astype(float),
            "n_qualifying": at_sites.groupby("site")["qualifying"]
            .sum()
            .reindex(sites.index, fill_value=0)
            .astype(float),
            "threat_weight": spread(weight, 0.0 if profile.C2.weights is not None else np.nan),
            "has_severe": by_site["severe"]
            .any()
            .reindex(sites.index, fill_value=False)
            .astype(bool),
            "max_share": spread(by_site["share"].max()),
            "share_sum": spread(by_site["share"].sum()),
            "top_share": spread(top["share"]),
            "top_threshold": spread(top["min_share"], general),
            "top_ratio": spread(top["ratio"], 0.0 if np.isfinite(general) else np.nan),
        }
    )


def _responsibility(
    tables: SiteTables, at_sites: pd.DataFrame, sites: pd.DataFrame, profile: Profile
) -> pd.DataFrame:
    """The evenness of range over the sides, and the length of border that species share."""
    side_km2 = profile.occurrence.side_km2 or 0.0
    key = ["site", "sci_name"]
    qualifying = at_sites.loc[at_sites["qualifying"], [*key, "km2", "counted_km2", "n_sides"]]
    parts = tables.species.groupby([*key, "iso2"])[["km2"]].sum().reset_index()
    parts = parts[at_least(parts["km2"], side_km2)].merge(
        qualifying, on=key, suffixes=("_side", "")
    )
    # Shares of the ground on sides that count: a sliver on a third side is no responsibility.
    p = parts["km2_side"] / parts["counted_km2"]
    # Shannon's entropy over its maximum, the logarithm of the number of sides (Pielou's evenness).
    entropy = (-(p * np.log(p))).groupby([parts["site"], parts["sci_name"]]).sum()
    table = qualifying.set_index(key)
    spread = np.log(table["n_sides"].where(table["n_sides"] > 1))
    table["evenness"] = (entropy.reindex(table.index) / spread).fillna(0.0)
    table["weighed"] = table["evenness"] * table["km2"]
    total = table.groupby("site")[["weighed", "km2"]].sum()

    shared = tables.shared_borders.merge(qualifying[key], on=key)
    longest = shared.groupby(["site", "pair", "sci_name"])["km"].sum()
    # Of each pair of states the species that shares most of their border: lengths of several are
    # one border.
    shared_km = longest.groupby(["site", "pair"]).max().groupby("site").sum()
    riverine = shared[shared["sci_name"].isin(profile.C4.riverine)]
    riverine_km = riverine.groupby(["site", "sci_name"])["km"].sum().groupby("site").max()
    border_km = tables.borders.groupby("site")["km"].sum()
    return pd.DataFrame(
        {
            "evenness": (total["weighed"] / total["km2"]).reindex(sites.index),
            "border_km": border_km.reindex(sites.index, fill_value=0.0),
            "shared_border_km": shared_km.reindex(sites.index, fill_value=0.0),
            "riverine_border_km": riverine_km.reindex(sites.index, fill_value=0.0),
        }
    ).astype(float)


def graded(table: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """The rows whose evidence grade has a worth; "N", no information, has none."""
    return table[table["evidence_grade"].isin(list(profile.C5.grades or {}))]


def occurring(table: pd.DataFrame, at_sites: pd.DataFrame) -> pd.Series[bool]:
    """Whether the species of each row occurs in the site of the row."""
    site_species = at_sites.loc[at_sites["occurs"], ["site", "sci_name"]]
    pairs = pd.MultiIndex.from_frame(table[["site", "sci_name"]])
    return pd.Series(
        pairs.isin(pd.MultiIndex.from_frame(site_species)), index=table.index, dtype=bool
    )


def _movement(
    tables: SiteTables, at_sites: pd.DataFrame, sites: pd.DataFrame, profile: Profile
) -> pd.DataFrame:
    """Corridors and crossings of species that occur in each site, and the worth of the best."""
    none = pd.Series(np.nan, index=sites.index)
    rule = profile.C5
    if tables.corridors is None or rule.grades is None or rule.counted_grades is None:
        names = ("n_corridors", "corridor_km", "n_crossings", "movement_grade")
        return pd.DataFrame(dict.fromkeys(names, none))
    corridors = graded(tables.corridors, profile)
    crossings = (
        corridors.iloc[:0].assign(pair="", n=0.0)
        if tables.crossings is None
        else graded(tables.crossings, profile)
    )
    corridors = corridors[occurring(corridors, at_sites)]
    crossings = crossings[(crossings["n"] > 0) & occurring(crossings, at_sites)]
    # A site that no corridor or crossing reaches was perhaps never looked at: not assessed, and not
    # zero.
    reached = sites.index.isin(corridors["site"]) | sites.index.isin(crossings["site"])
    corridors, crossings = (
        links.assign(**{DRAWN_AS: drawn_lines(links)}) for links in (corridors, crossings)
    )
    graded_rows = crossings[crossings["evidence_grade"].isin(rule.counted_grades)]
    worth = crossings["evidence_grade"].map(dict(rule.grades)).astype(float)
    table = pd.DataFrame(
        {
            "n_corridors": corridors.groupby("site")[DRAWN_AS].nunique(),
            "corridor_km": _once_a_line(corridors, "km", []),
            # One corridor across one border is one crossing, however many species use it.
            "n_crossings": _once_a_line(graded_rows, "n", ["pair"]),
            "movement_grade": worth.groupby(crossings["site"]).max(),
        },
        index=sites.index,
    )
    return table.astype(float).fillna(0.0).where(pd.Series(reached, sites.index), axis=0)


def _once_a_line(links: pd.DataFrame, value: str, further: list[str]) -> pd.Series[Any]:
    """What lines come to in each site: parts of one add up, and of several species the most counts."""
    rows = links.drop_duplicates(["site", "corridor_id", "sci_name", *further])
    line = ["site", DRAWN_AS, *further]
    of_species = rows.groupby([*line, "sci_name"])[value].sum()
    return of_species.groupby(line).max().groupby("site").sum()


DEEP_SHARE: Final = 0.01
"""A side of which less than this part lies deep is a strip: its rim is drawn with corners."""


def strips(tables: SiteTables, name: str) -> pd.Series[bool]:
    """Which rows of `states` or `species` lie nowhere farther from a border than it may be off."""
    table: pd.DataFrame = getattr(tables, name)
    deep: pd.DataFrame | None = getattr(tables, f"deep_{name}")
    if deep is None:
        return pd.Series(False, index=table.index)
    key = [column for column in table.columns if column != "km2"]
    inner = table[key].merge(deep.groupby(key)[["km2"]].sum().reset_index(), on=key, how="left")
    # What has no deep part at all is not in the table of deep ones.
    is_strip = inner["km2"].fillna(0.0).to_numpy() < DEEP_SHARE * table["km2"].to_numpy()
    return pd.Series(is_strip, index=table.index)


def without_strips(
    tables: SiteTables, profile: Profile, *, of_sites: pd.Series[Any] | None = None
) -> SiteTables:
    """The tables without the sides that hang on where exactly a border was drawn.

    Species that live along rivers keep theirs: their ground is a strip by nature. With `of_sites`, all
    other sites keep theirs too.
    """
    stays = tables.species["sci_name"].isin(profile.C4.riverine)
    thin_states = strips(tables, "states")
    if of_sites is not None:
        stays |= ~tables.species["site"].isin(of_sites)
        thin_states &= tables.states["site"].isin(of_sites)
    return replace(
        tables,
        states=tables.states[~thin_states],
        undisputed=(
            None
            if tables.undisputed is None
            else tables.undisputed[~_pairs_in(tables.undisputed, tables.states[thin_states])]
        ),
        species=tables.species[~strips(tables, "species") | stays],
    )


def _pairs_in(table: pd.DataFrame, others: pd.DataFrame) -> pd.Series[bool]:
    """Which rows are of a site and state that `others` has a row of."""
    key = ["site", "iso2"]
    pairs = pd.MultiIndex.from_frame(others[key])
    return pd.Series(pd.MultiIndex.from_frame(table[key]).isin(pairs), index=table.index)


def covered_share(tables: SiteTables, layer: str) -> pd.Series[float]:
    """The share of each site, 0–1, that a layer of evidence was compiled for."""
    area = tables.sites.set_index("site")["area_km2"]
    if tables.covered is None:
        return pd.Series(1.0, index=area.index)
    rows = tables.covered[tables.covered["layer"] == layer]
    share = rows.groupby("site")["km2"].sum().reindex(area.index, fill_value=0.0) / area
    # A site wholly on covered ground may measure 1e-14 more or less: then it is all of it.
    return share.mask(share >= 1 - TOLERANCE, 1.0).mask(share < TOLERANCE, 0.0)


def _barriers(tables: SiteTables, sites: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Fences on shared borders: km, km closed after what is permeable, and the share of border.

    Borders and fences count where barriers were looked for on both sides of them.
    """
    if tables.barriers is None or profile.C6.fences is None:
        return pd.DataFrame(dict.fromkeys(_BARRIERS, np.nan), index=sites.index)
    fences = fence_rows(tables.barriers, profile.C6.fences)
    closed = fences["km"] * (1 - fences["permeability"])
    table = tables.borders if tables.covered_borders is None else tables.covered_borders
    border = table.groupby("site")["km"].sum().reindex(sites.index, fill_value=0.0)
    covered = covered_share(tables, "barriers") > 0
    fence_km = fences["km"].groupby(fences["site"]).sum().reindex(sites.index, fill_value=0.0)
    fenced = closed.groupby(fences["site"]).sum().reindex(sites.index, fill_value=0.0)
    # fences zigzag, and two may stand side by side: more than the whole border is not closed
    share = (100 * fenced / border.where(border > 0)).clip(upper=100.0)
    return pd.DataFrame(
        {
            "fenced_km": fence_km.where(covered),
            "closed_km": fenced.where(covered),
            "looked_border_km": border.where(covered, 0.0),
            "barrier_share": share.where(covered),
        }
    )


def _protection(
    tables: SiteTables, at_sites: pd.DataFrame, sites: pd.DataFrame, profile: Profile
) -> pd.DataFrame:
    """The protected share of the qualifying range, over the ground where it was looked for."""
    qualifying = at_sites[at_sites["qualifying"]]
    km2 = qualifying.groupby("site")["km2"].sum().reindex(sites.index)
    share = pd.Series(np.nan, index=sites.index)
    if tables.protected is not None:
        key = ["site", "sci_name"]
        protected_rows = tables.protected.merge(qualifying[key], on=key)
        # Range where nobody compiled protected areas is neither protected nor a gap.
        looked = km2
        if tables.covered_ranges is not None:
            rows = tables.covered_ranges.merge(qualifying[key], on=key)
            looked = rows.groupby("site")["km2"].sum().reindex(sites.index)
        protected = protected_rows.groupby("site")["km2"].sum().reindex(sites.index, fill_value=0.0)
        # Above 100 by the last digit where all of the range is protected.
        share = (100 * protected / looked.where(looked > 0)).clip(upper=100.0)
    pairs = pd.Series(np.nan, index=sites.index)
    if tables.pa_pairs is not None and profile.C7.pair_km is not None:
        near = tables.pa_pairs[at_most(tables.pa_pairs["km"], profile.C7.pair_km)]
        pairs = near.groupby("site").size().reindex(sites.index, fill_value=0).astype(float)
    return pd.DataFrame({"qualifying_km2": km2, "protected_share": share, "n_pa_pairs": pairs})


def _concordance(tables: SiteTables, sites: pd.DataFrame) -> pd.DataFrame:
    """The share of a site in known hotspots, over the ground where they were looked for."""
    share = jaccard = pd.Series(np.nan, index=sites.index)
    covered = covered_share(tables, "hotspots")
    looked = (sites["area_km2"] * covered).where(covered > 0)
    if tables.in_hotspots is not None:
        hotspot_km2 = tables.in_hotspots.groupby("site")["km2"].sum()
        share = 100 * hotspot_km2.reindex(sites.index, fill_value=0.0) / looked
        share = share.clip(upper=100.0)  # a site wholly inside may measure 1e-14 more
    if tables.hotspots is not None:
        best = tables.hotspots.groupby("site")["jaccard"].max()
        jaccard = best.reindex(sites.index, fill_value=0.0).where(covered > 0)
    return pd.DataFrame({"hotspot_share": share, "jaccard": jaccard}).astype(float)


def _worth_of_records(
    tables: SiteTables, parts: pd.DataFrame, profile: Profile
) -> NDArray[np.float64]:
    """What records make the range of a species in a site worth; not a number where there are too few."""
    rule = profile.C9
    worth = np.full(len(parts), np.nan)
    if tables.records is None or not rule.record_years or rule.confidence is None:
        return worth
    # Records without a date have the age −1: they prove nothing about today.
    dated = tables.records[tables.records["age_years"] >= 0]
    for grade, years in rule.record_years.items():
        recent = dated[dated["age_years"] <= years].groupby(["site", "sci_name"])["n"].sum()
        pairs = pd.MultiIndex.from_frame(parts[["site", "sci_name"]])
        enough = recent.reindex(pairs, fill_value=0).to_numpy() >= rule.min_records
        grade_worth = rule.confidence.get(grade, np.nan)
        # Records only ever raise what a range is worth: that nobody has looked lately is no fault
        # of it.
        worth = np.where(enough, np.fmax(worth, grade_worth), worth)
    return worth


def _range_confidence(
    tables: SiteTables, at_sites: pd.DataFrame, sites: pd.DataFrame, profile: Profile
) -> pd.DataFrame:
    """The confidence of the ranges of qualifying species, each weighed by its overlap."""
    rule = profile.C9
    if rule.confidence is None or rule.ungraded is None:
        return pd.DataFrame({"range_confidence": np.nan}, index=sites.index)
    qualifying = at_sites.loc[at_sites["qualifying"], ["site", "sci_name"]]
    parts = tables.confidence.merge(qualifying, on=["site", "sci_name"])
    worth = parts["confidence"].map(dict(rule.confidence)).astype(float).fillna(rule.ungraded)
    raised = _worth_of_records(tables, parts, profile)
    worth = worth.combine(pd.Series(raised, index=parts.index), np.fmax)
    sums = pd.DataFrame({"weighed": worth * parts["km2"], "km2": parts["km2"]})
    total = sums.groupby(parts["site"]).sum()
    mean = (total["weighed"] / total["km2"].where(total["km2"] > 0)).reindex(sites.index)
    return pd.DataFrame({"range_confidence": mean}).astype(float)


# -- criteria beyond C9 -----------------------------------------------------------------------------

Measure = Callable[[SiteTables], "pd.Series[float]"]
"""From what was measured on sites to one number a site, indexed by ``site``."""

FURTHER: Final[Mapping[str, Measure]] = MappingProxyType({})
"""The measures of further criteria, by id (C10, C11 …)."""


def unknown_criteria(profile: Profile) -> Note | None:
    """Why the further criteria of a profile cannot be measured, if they cannot be."""
    if not (strange := sorted(set(profile.further) - set(FURTHER))):
        return None
    facts = {"profile": profile.name, "first": strange[0], "names": in_short(strange, 20)}
    key = "criteria and further" if FURTHER else "criteria only"
    there = Note(key, {"names": in_short(FURTHER, 20)})
    return Note("criterion unmeasured", {**facts, "there": there})


def further_measures(tables: SiteTables, profile: Profile) -> pd.DataFrame:
    """The number of each further criterion of the profile for every site; NaN: not assessed."""
    if fault := unknown_criteria(profile):
        raise PlanError(fault)
    sites = pd.Index(tables.sites["site"], name="site")
    found = {name: FURTHER[name](tables).reindex(sites) for name in sorted(profile.further)}
    return pd.DataFrame(found, index=sites, dtype=float)
