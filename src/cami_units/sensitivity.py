"""How sure are we: the same arithmetic again, under other assumptions.

Each run draws the weights of the score by lot and, independently, one level of everything else
that somebody could have chosen otherwise: the IUCN codes, the edge of the ranges, the size of the
cells, the distance to a border, a species left out, a threshold moved. Geometry is measured before,
once for each way of drawing the units and of reading the ranges; here are tables only.

All factors move together, because a unit that stands when one thing is changed at a time may fall
when two are [1]_. What turns a unit over *alone* is asked for by itself.

References
----------
.. [1] Saltelli, A. & Annoni, P. (2010). How to avoid a perfunctory sensitivity analysis.
   *Environmental Modelling & Software* 25, 1508–1517. doi:10.1016/j.envsoft.2010.04.012
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cami_units import criteria, rank
from cami_units.model import (
    NOT_PROPOSED,
    PROPOSED,
    InputError,
    Profile,
    Progress,
    SiteTables,
    cami_species,
    listed,
    quiet,
)

STATED: Final = "as stated"
"""The level of every factor that the plan and the profile themselves name."""

AXES: Final = ("delineation", "presence", "edge", "species", "thresholds", "borders")
"""What a run draws beside the weights. One axis may hold several factors, one of which moves."""

FACTORS: Final = (
    "cell size",
    "border distance",
    "presence codes",
    "range edge",
    "species left out",
    "thresholds",
    "border as drawn",
)
"""What may turn a unit over, in the order in which ties are told."""

STRIPS_OUT: Final = "border as drawn: strips left out"
"""The level of the axis *borders*: sides that no one can tell from the error of the border layer do
not count. Species that live along rivers keep theirs."""

Label = Literal["robust", "sensitive", "fragile"]
Way = tuple[str, str, str]
"""How units were drawn and ranges read: levels of the axes delineation, presence and edge."""


@dataclass(frozen=True, slots=True)
class Design:
    """What is varied, and how far. A change of it is another value.

    Attributes
    ----------
    runs, seed : how many runs, and the seed of the lot: the same seed gives the same runs.
    stated : the share of the runs in which a factor keeps the level that the plan names, 0–1. The
        other levels share the rest evenly.
    presence : sets of IUCN presence codes.
    cell_km, border_km : sides of planning units, and distances to a border, in km.
    edge_km : how far the edge of a range part of each confidence may be off, in km.
    ungraded : the confidence of a part without one.
    threshold_change : by which share thresholds move, up and down; whole numbers by one at least.
    top : how many ranks are the top.
    robust, sensitive : least share of runs in which a unit of that label qualifies, 0–1.
    interval : the quantiles of the interval of ranks.
    """

    # A share of 90 % of 1000 runs is known to within two points (binomial, 95 %): enough to tell a
    # robust unit from a sensitive one.
    runs: int = 1000
    seed: int = 2026
    # A third of the runs keep what the plan says of a factor, the rest is shared by its other
    # levels: what the plan names is likelier than any of its neighbours, and still doubted.
    stated: float = 1 / 3
    presence: tuple[tuple[int, ...], ...] = ((1,), (1, 2), (1, 2, 3))
    # Half and twice the usual, so that no result hangs on a lattice that nobody can defend to the
    # km.
    cell_km: tuple[float, ...] = (10.0, 25.0, 50.0)
    border_km: tuple[float, ...] = (25.0, 50.0, 100.0)
    # No range layer says how far its edges may be off: these steps are our reading of its grades,
    # told in docs/method.md, and another Design may name others.
    edge_km: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType({"high": 10.0, "medium": 25.0, "low": 50.0})
    )
    ungraded: str = "medium"
    threshold_change: float = 0.25
    top: int = 10
    robust: float = 0.9
    sensitive: float = 0.5
    # Nine runs in ten: the ends of 1000 runs are single draws, and would make every unit look
    # unsure.
    interval: tuple[float, float] = (0.05, 0.95)

    def __post_init__(self) -> None:
        faults = []
        if self.runs < 1:
            faults.append(f"runs must be 1 or more, {self.runs} came")
        if not 0 < self.stated <= 1:
            faults.append(f"stated must be above 0 and at most 1, {self.stated:g} came")
        if not 0 < self.threshold_change < 1:
            faults.append(
                f"threshold_change must be between 0 and 1, {self.threshold_change:g} came"
            )
        if not 0 <= self.sensitive <= self.robust <= 1:
            faults.append(
                f"0 ≤ sensitive ≤ robust ≤ 1 is expected, {self.sensitive:g} and {self.robust:g} came"
            )
        if self.ungraded not in self.edge_km:
            faults.append(f"ungraded must be one of {listed(self.edge_km)}, '{self.ungraded}' came")
        if faults:
            raise InputError("The design cannot be run: " + "; ".join(faults) + ".")


@dataclass(frozen=True, slots=True)
class Stability:
    """How the units of a round fared.

    Attributes
    ----------
    units : ``site``, ``runs``, ``rank_low``, ``rank_median``, ``rank_high`` (over the runs in which
        the unit has a rank; ``<NA>`` where it never has), ``share_qualifying``, ``share_top10``
        (0–1, of all runs), ``label``, ``flips`` (the factor that turns the unit over most often;
        empty where every run agrees with the plan), ``flips_at`` (every level that does so alone).
    factors : ``site``, ``factor``, ``level``, ``qualifies`` (with nothing else changed), ``runs``,
        ``share_qualifying`` (of the runs at this level).
    ways : ``delineation``, ``site``, ``share`` – share of all runs in which units were drawn this
        way and this one qualified.
    """

    units: pd.DataFrame
    factors: pd.DataFrame
    ways: pd.DataFrame


# -- what is varied -------------------------------------------------------------------------------


def cell_level(km: float) -> str:
    """The name of a level of the axis *delineation*: planning units of another size."""
    return f"cell size: {km:g} km"


def border_level(km: float) -> str:
    """The name of a level of the axis *delineation*: another distance to a border."""
    return f"border distance: {km:g} km"


def presence_level(codes: Sequence[int]) -> str:
    """The name of a level of the axis *presence*."""
    return "presence codes: " + ", ".join(map(str, sorted(codes)))


def left_out_level(sci_name: str) -> str:
    """The name of a level of the axis *species*: one that is left out."""
    return f"species left out: {sci_name}"


_FACTOR_OF_AXIS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "presence": "presence codes",
        "edge": "range edge",
        "species": "species left out",
        "thresholds": "thresholds",
        "borders": "border as drawn",
    }
)
"""What the levels of an axis move; those of the axis *delineation* move one of two things."""


def level_factors(axes: Mapping[str, Sequence[str]], design: Design) -> dict[str, str]:
    """Which of :data:`FACTORS` each level moves; an empty text for the level that the plan names."""
    factors = {
        level: _FACTOR_OF_AXIS[axis]
        for axis, levels in axes.items()
        if axis in _FACTOR_OF_AXIS
        for level in levels
    }
    factors |= {cell_level(km): "cell size" for km in design.cell_km}
    factors |= {border_level(km): "border distance" for km in design.border_km}
    return factors | {STATED: ""}


EDGES: Final[Mapping[str, int]] = MappingProxyType(
    {STATED: 0, "range edge: drawn in": -1, "range edge: drawn out": 1}
)
"""The levels of the axis *edge*, and the side to which the edges of ranges are moved."""


def delineations(
    design: Design, *, cell_km: float, border_km: float
) -> dict[str, tuple[float, float]]:
    """The ways of drawing units: the name of each, its cell size and its distance to a border.

    The two are moved one at a time, since units are grown anew for each way.
    """
    ways = {STATED: (cell_km, border_km)}
    ways |= {cell_level(km): (km, border_km) for km in design.cell_km if km != cell_km}
    return ways | {border_level(km): (cell_km, km) for km in design.border_km if km != border_km}


def readings(design: Design, presence: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """The ways of reading the presence codes: the name of each, and its codes."""
    own_codes = tuple(sorted(set(presence)))
    others = [tuple(sorted(codes)) for codes in design.presence]
    return {STATED: own_codes} | {
        presence_level(codes): codes for codes in others if codes != own_codes
    }


_MOVED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "occurrence": ("min_km2", "min_site_share", "min_range_share", "side_km2"),
        "G1": ("min_side_km2", "min_side_share"),
        "C1": ("min_species",),
        "C2": ("min_weight",),
        "C3": ("min_share", "min_share_by_category"),
        "C4": ("min_evenness", "min_border_km", "min_border_km_riverine"),
        "C5": ("min_crossings",),
        "C6": ("min_barrier_share",),
        "C7": ("gap_below",),
        "C8": ("min_share", "min_jaccard"),
        "C9": ("min_confidence",),
    }
)
"""The numbers that move, by table of the profile. How many states and sides make a unit
transboundary is no threshold but what the word means: it does not move."""


def threshold_levels(profile: Profile, change: float) -> dict[str, tuple[str, float]]:
    """The levels of the axis *thresholds*: name, table of the profile, and factor.

    Only tables that the decision hangs on; all numbers of a table move together.
    """
    named = {*(profile.decision.any_of or ()), *(profile.decision.evidence or ()), "G1"}
    if "C2" in named:
        named |= set(profile.C2.or_categories_with)
    levels = {STATED: ("", 1.0)}
    for table in _MOVED:
        if table == "occurrence" or table in named:
            for sign, word in ((-1, "−"), (1, "+")):
                factor = 1 + sign * change
                levels[f"thresholds: {table} {word}{100 * change:g} %"] = (table, factor)
    return levels


def with_threshold(profile: Profile, table: str, factor: float) -> Profile:
    """A profile with the thresholds of one of its tables multiplied by a factor.

    A whole number moves by one at least and never below 1; a percentage stays at most 100, a
    fraction at most 1. An open number stays open.
    """
    rule = getattr(profile, table)
    moved = {key: _moved(key, getattr(rule, key), factor) for key in _MOVED[table]}
    return profile.model_copy(update={table: rule.model_copy(update=moved)})


def _moved(key: str, value: Any, factor: float) -> Any:
    """A threshold moved by a factor, within what it can be; whole numbers by one at least."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        return {name: _moved(key, number, factor) for name, number in value.items()}
    if isinstance(value, int):
        step = 1 if factor > 1 else -1
        # A quarter of 2 rounds to nothing: a whole number moves by one at least.
        farthest = max if factor > 1 else min
        return max(1, farthest(value + step, round(value * factor)))
    largest = 1.0 if key in _FRACTIONS else 100.0 if key in _PERCENTAGES else np.inf
    return min(float(value) * factor, largest)


_FRACTIONS: Final = ("min_evenness", "min_jaccard", "min_confidence")
_PERCENTAGES: Final = (
    *("min_site_share", "min_range_share", "min_side_share"),
    *("min_share", "min_share_by_category", "gap_below"),
)


# -- the lot --------------------------------------------------------------------------------------


def drawn(
    axes: Mapping[str, Sequence[str]], *, runs: int, seed: int, stated: float
) -> pd.DataFrame:
    """The levels of every run, balanced: each level of an axis comes as often as it should.

    Parameters
    ----------
    axes : mapping
        The levels of each axis, the stated one first.
    runs, seed, stated
        As in :class:`Design`.

    Returns
    -------
    DataFrame
        A row a run, a column an axis.
    """
    # A stream of its own beside that of the weights: another number of weights leaves this lot as
    # it is.
    lot = np.random.default_rng([seed, 1])
    columns: dict[str, Any] = {}
    for axis, levels in axes.items():
        # Shuffled before they are dealt out: where they do not come out even, no level is favoured
        # by its place.
        others = lot.permutation(np.arange(1, len(levels)))
        n_stated = runs if not len(others) else round(runs * stated)
        places = np.concatenate([np.zeros(n_stated, dtype=int), np.resize(others, runs - n_stated)])
        columns[axis] = np.asarray(levels, dtype=object)[lot.permutation(places)]
    return pd.DataFrame(columns)


def weight_draws(profile: Profile, *, runs: int, seed: int) -> NDArray[np.float64]:
    """Weights of the score by lot: Dirichlet around those of the profile.

    With weights *w* of *k* criteria the parameters are :math:`k w_i / \\sum w`: with equal weights
    all of them are 1 and every mixture is as likely as any other; otherwise the profile's weights
    are the mean. A criterion without weight stays out.

    Returns
    -------
    array
        A row a run, a column for each of :func:`cami_units.rank.weighted_criteria`; rows sum to 1.
    """
    weights = np.array(list(rank.weighted_criteria(profile).values()))
    draws: NDArray[np.float64] = np.random.default_rng([seed, 2]).dirichlet(
        len(weights) * weights / weights.sum(), size=runs
    )
    return draws


# -- the runs -------------------------------------------------------------------------------------


def stability(
    tables: Mapping[Way, SiteTables],
    species: Mapping[tuple[str, str], pd.DataFrame],
    units: list[str],
    profile: Profile,
    design: Design | None = None,
    *,
    adjacent: pd.DataFrame | None = None,
    progress: Progress = quiet,
) -> Stability:
    """How often each unit qualifies, where it ranks, and what turns it over.

    Parameters
    ----------
    tables : mapping
        For each way of drawing the units and reading the ranges what was measured on the sites. A
        unit that came out again has the name of the unit; other sites have names of their own.
        Where a unit came to nothing it is missing.
    species : mapping
        For each reading of the ranges (presence, edge) the table ``species`` with ``range_km2``.
    units : list of str
        The units to report on.
    profile : Profile
        The criteria as stated.
    design : Design, optional
        What is varied; ``None``: the defaults.
    adjacent : DataFrame, optional
        Overrides of the geography gate, as :func:`cami_units.criteria.assess` takes them; they hold
        in every run.

    Raises
    ------
    InputError
        A way or a reading is missing.
    PlanError
        The profile leaves open what the decision or the score needs.

    Notes
    -----
    Do not use it to validate the units: it tells how far they hang on choices, not whether the
    layers are true. A rank is that among all sites of a run that are proposed or of interest.
    """
    plan = design or Design()
    axes = _axes(tables, species, profile, plan)
    # Balanced by axis and not all combinations: a thousand runs tell shares, all would be tens of
    # thousands.
    runs = drawn(axes, runs=plan.runs, seed=plan.seed, stated=plan.stated)
    # Run with the lot in one table, behind it: the same arithmetic, once.
    alone = _one_at_a_time(axes)
    all_scenarios = pd.concat([runs, alone], ignore_index=True)
    outcome = outcomes(
        all_scenarios, tables, species, profile, plan, adjacent=adjacent, progress=progress
    )
    outcome["qualifies"] = outcome["decision"] == PROPOSED
    single = outcome[outcome["scenario"] >= plan.runs]
    outcome = outcome[outcome["scenario"] < plan.runs].reset_index(drop=True)
    weights = weight_draws(profile, runs=plan.runs, seed=plan.seed)
    score = rank.value_scores(outcome, profile, weights=weights[outcome["scenario"].to_numpy()])
    outcome["rank"] = rank.ranks(
        # Ranks are those among the sites of the same run.
        score.where(outcome["decision"] != NOT_PROPOSED),
        outcome["scenario"],
    )
    factors = _by_factor(outcome, single, runs, alone, axes, units, level_factors(axes, plan))
    return Stability(
        units=_by_unit(outcome, factors, units, plan),
        factors=factors,
        ways=_by_way(outcome, runs, plan.runs),
    )


def _axes(
    tables: Mapping[Way, SiteTables],
    species: Mapping[tuple[str, str], pd.DataFrame],
    profile: Profile,
    design: Design,
) -> dict[str, list[str]]:
    """The levels of each axis, in the order in which they came, the stated one first."""
    ways: list[list[str]] = [
        list(dict.fromkeys(way[place] for way in tables)) for place in range(3)
    ]
    _check_ways(ways, tables, species)
    cami_names = {
        str(name) for table in tables.values() for name in table.species["sci_name"].unique()
    }
    # Only species that count are left out: without another one nothing changes.
    cami = cami_species(species[STATED, STATED])
    # Where the borders have no error, no side is a strip, and the axis would turn nothing.
    has_width = any(table.deep_states is not None for table in tables.values())
    left_out = [left_out_level(name) for name in sorted(cami_names & set(cami))]
    levels = {
        **dict(zip(AXES, ways, strict=False)),
        "species": [STATED, *left_out],
        "thresholds": list(threshold_levels(profile, design.threshold_change)),
        "borders": [STATED, STRIPS_OUT] if has_width else [STATED],
    }
    # Stated levels first, in every axis: scenario 0 of the one-at-a-time runs is then the plan
    # itself.
    return {axis: sorted(names, key=lambda name: name != STATED) for axis, names in levels.items()}


def _check_ways(
    ways: list[list[str]],
    tables: Mapping[Way, SiteTables],
    species: Mapping[tuple[str, str], pd.DataFrame],
) -> None:
    """Refuse runs of which a table is missing, or the way that the plan itself names."""
    missing = [" / ".join(way) for way in itertools.product(*ways) if way not in tables]
    unread = [" / ".join(way) for way in itertools.product(*ways[1:]) if way not in species]
    unstated = [axis for axis, levels in zip(AXES, ways, strict=False) if STATED not in levels]
    if missing or unread or unstated or not tables:
        faults = [f"no tables for {listed(missing)}"] if missing else []
        faults += [f"no species for {listed(unread)}"] if unread else []
        faults += [f"no level '{STATED}' of {listed(unstated)}"] if unstated or not tables else []
        raise InputError("The runs cannot be made: " + "; ".join(faults) + ".")


def _one_at_a_time(axes: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Everything as stated, then each other level of each axis with nothing else changed."""
    stated = dict.fromkeys(axes, STATED)
    rows = [stated]
    rows += [{**stated, axis: level} for axis, levels in axes.items() for level in levels[1:]]
    return pd.DataFrame(rows)


def outcomes(
    scenarios: pd.DataFrame,
    tables: Mapping[Way, SiteTables],
    species: Mapping[tuple[str, str], pd.DataFrame],
    profile: Profile,
    design: Design,
    *,
    adjacent: pd.DataFrame | None = None,
    progress: Progress = quiet,
) -> pd.DataFrame:
    """The decision on every site of every scenario, and the measures that its score is made of.

    Parameters
    ----------
    scenarios : DataFrame
        A row a scenario, with a level of each of :data:`AXES`.

    Returns
    -------
    DataFrame
        ``scenario`` (position in `scenarios`), ``site``, ``decision``, ``n_transboundary``,
        ``threat_weight``, ``max_share``, ``movement_grade``.
    """
    stacks = _Stacks.of(tables, species)
    levels = threshold_levels(profile, design.threshold_change)
    rows_of_scenarios = scenarios.assign(scenario=np.arange(len(scenarios)))
    measured_by = rows_of_scenarios["thresholds"].map(
        lambda level: levels[level] if levels[level][0] == "occurrence" else ("", 1.0)
    )
    # Only what counts as present changes all that is measured; other thresholds change some of it,
    # or a verdict on the same measures, and share the rest.
    groups = rows_of_scenarios.groupby(measured_by, sort=True)
    parts = []
    for number, (key, rows) in enumerate(groups):
        moved_rule: Any = key
        table, factor = moved_rule
        progress("running the arithmetic again", number, len(groups))
        rules = with_threshold(profile, table, factor) if table else profile
        cases = stacks.cases(rows)
        distinct = cases.drop_duplicates("site")
        let_in = None if adjacent is None else stacks.overrides(adjacent, distinct)
        stack, keyed_rules = stacks.stacked(distinct), stacks.rules(rules)
        firm = distinct.loc[distinct["firm"], "site"]
        if len(firm):
            stack = criteria.without_strips(stack, keyed_rules, of_sites=firm)
        evidence = criteria.evidence(stack, stacks.species, keyed_rules, adjacent=let_in)
        scenario, place, at = stacks.spread(rows, cases)
        level_of = rows_of_scenarios["thresholds"].take(scenario)
        for level, rows_at in level_of.groupby(level_of.array, sort=True).indices.items():
            here = np.asarray(rows_at, dtype=np.intp)
            moved, change = levels[str(level)]
            rules = with_threshold(profile, moved, change) if moved else profile
            measures = evidence.measures
            if moved in _MEASURED_IN_PART:
                measures = criteria.measures_within(evidence, stacks.species, stacks.rules(rules))
            # Many scenarios share a case: each is decided on once, and dealt out again.
            which, again = np.unique(at[here], return_inverse=True)
            measured = measures.iloc[which]
            decision = rank.bare_decisions(criteria.verdicts(measured, rules), rules)
            parts.append(
                pd.DataFrame(
                    {
                        "scenario": scenario[here],
                        "site": place[here],
                        "decision": decision.array.take(again),
                        **{name: measured[name].array.take(again) for name in _SCORED},
                    }
                )
            )
    # Groups were made by what is measured: the order of the scenarios comes back here.
    table = pd.concat(parts).sort_values(["scenario", "site"], ignore_index=True)
    return table.assign(site=stacks.sites["name"].array.take(table["site"]))


_MEASURED_IN_PART: Final = ("G1", "C3")
"""Tables whose thresholds change some of what is measured: see `criteria.measures_within`."""


_SCORED: Final = ("n_transboundary", "threat_weight", "max_share", "movement_grade")


_NOBODY: Final = -2
"""The number of the species that is left out where none is; −1 are all that the species table lacks."""


class _Stacks:
    """The tables of all ways, one below the other, so that many scenarios are one call.

    A species has another regional range in another reading, so it stands in the species table once
    for each of them, under a key that names both. A site of a way counts by its number, ``at``.

    Nothing is measured twice: scenarios that draw, read and leave out the same are one *case*, and a
    species that is left out changes only the sites where it lives. A site of which all tables say the
    same in two ways, as most do where other presence codes are read, is one case in both.
    """

    def __init__(
        self,
        tables: Mapping[str, pd.DataFrame | None],
        sites: pd.DataFrame,
        species: pd.DataFrame,
        ways: Mapping[Way, int],
    ) -> None:
        self.sites, self.species, self.ways = sites, species, ways
        # Rows by place: what a case takes of a table is then a slice, and no join.
        self.tables = {
            name: None if table is None else table.sort_values("at", kind="stable")
            for name, table in tables.items()
        }
        names = species["name"].unique()
        self.names = pd.Index(names)
        self.left_out = {left_out_level(name): number for number, name in enumerate(names)}
        of_sites = tables["sites"]
        assert of_sites is not None
        self.alike = _alike(self.tables, len(ways), len(sites))
        self.at_of_way = of_sites.groupby("way")["at"].agg(np.array)
        living = [
            table[["of", "way", "at"]]
            for table in tables.values()
            if table is not None and "of" in table
        ]
        self.at_of_species = (
            pd.concat(living).drop_duplicates().groupby(["way", "of"])["at"].agg(np.array)
        )

    @classmethod
    def of(
        cls, tables: Mapping[Way, SiteTables], species: Mapping[tuple[str, str], pd.DataFrame]
    ) -> _Stacks:
        """The tables of every way to draw and read the layers, laid one on another."""
        ways = {way: number for number, way in enumerate(tables)}
        names = sorted({str(site) for table in tables.values() for site in table.sites["site"]})
        species_tables = [
            table.assign(name=table["sci_name"], reading=number)
            for number, table in enumerate(species.values())
        ]
        all_species = pd.concat(species_tables, ignore_index=True)
        of_names = pd.Index(all_species["name"].unique())
        # Keys in the order of the names: sums of floats are added up in the order of the rows.
        order = pd.Index(of_names.sort_values())
        # A species of which two readings say the same has one key in both.
        said = [column for column in all_species if column not in ("sci_name", "reading")]
        first = all_species.groupby(said, dropna=False)["reading"].transform("min")
        number = order.get_indexer(pd.Index(all_species["name"]))
        keys = np.arange(len(order) * len(species)).reshape(len(order), len(species))
        keys[number, all_species["reading"]] = keys[number, first]
        all_species["sci_name"] = keys[number, all_species["reading"]]
        all_species = all_species.drop_duplicates("sci_name", ignore_index=True)
        reading_of = {reading: number for number, reading in enumerate(species)}
        reading_of_way = np.array([reading_of[way[1:]] for way in ways])
        stacked: dict[str, pd.DataFrame | None] = {}
        for name in (one.name for one in fields(SiteTables)):
            pieces = {
                ways[way]: pd.DataFrame(getattr(table, name))
                for way, table in tables.items()
                if getattr(table, name) is not None
            }
            if not pieces:
                stacked[name] = None
                continue
            rows = pd.concat(pieces.values(), ignore_index=True)
            rows["way"] = np.repeat(list(pieces), [len(piece) for piece in pieces.values()])
            if "sci_name" in rows:
                rows["of"] = of_names.get_indexer(pd.Index(rows["sci_name"]))
                number = order.get_indexer(pd.Index(rows["sci_name"]))
                # A name that no species has, and that counts nowhere, is −1.
                key = keys[number, reading_of_way[rows["way"]]]
                rows["sci_name"] = np.where(number < 0, -1, key)
            rows["at"] = rows["way"] * len(names) + pd.Index(names).get_indexer(
                pd.Index(rows["site"])
            )
            stacked[name] = rows.drop(columns="site")
        sites = pd.DataFrame({"place": np.arange(len(names)), "name": names})
        return cls(stacked, sites, all_species, ways)

    def rules(self, profile: Profile) -> Profile:
        """The profile, which names riverine species, in terms of the keys of this stack."""
        riverine = self.species.loc[self.species["name"].isin(profile.C4.riverine), "sci_name"]
        return profile.model_copy(
            update={"C4": profile.C4.model_copy(update={"riverine": tuple(riverine)})}
        )

    def _drawn(self, rows: pd.DataFrame) -> list[tuple[int, int, bool]]:
        """The way of each scenario, the species that it leaves out, and whether it leaves strips out."""
        ways = zip(rows["delineation"], rows["presence"], rows["edge"], strict=True)
        out = [self.left_out.get(level, _NOBODY) for level in rows["species"]]
        firm = (rows["borders"] == STRIPS_OUT).tolist()
        return list(zip((self.ways[way] for way in ways), out, firm, strict=True))

    def cases(self, rows: pd.DataFrame) -> pd.DataFrame:
        """What is to be measured for some scenarios: ``way``, ``out``, ``firm``, ``at``, and its ``site``.

        That is a number, one for all that are alike.
        """
        drawn_ways = self._drawn(rows)
        # In a fixed order: that of a set is no promise.
        asked_cases = sorted({*drawn_ways, *((way, _NOBODY, firm) for way, _, firm in drawn_ways)})
        none = np.empty(0, np.int64)
        places = [
            self.at_of_way[way] if out == _NOBODY else self.at_of_species.get((way, out), none)
            for way, out, _ in asked_cases
        ]
        many = [len(at) for at in places]
        ways, outs, firm = (np.repeat(column, many) for column in zip(*asked_cases, strict=True))
        at = np.concatenate(places)
        alike = pd.MultiIndex.from_arrays([self.alike[at], outs, firm])
        site = pd.factorize(alike)[0]
        return pd.DataFrame({"way": ways, "out": outs, "firm": firm, "at": at, "site": site})

    def spread(
        self, rows: pd.DataFrame, cases: pd.DataFrame
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Scenario, place, and the number of the measured case, of each site of each scenario."""
        number = {
            case: dict(zip(table["at"], table["site"], strict=True))
            for case, table in cases.groupby(["way", "out", "firm"])
        }
        drawn_ways = self._drawn(rows)
        numbers: dict[tuple[int, int, bool], NDArray[np.intp]] = {}
        for way, out, firm in set(drawn_ways):
            of_all, of_fewer = number[way, _NOBODY, firm], number.get((way, out, firm), {})
            numbers[way, out, firm] = np.array(
                [of_fewer.get(at, of_all[at]) for at in self.at_of_way[way]]
            )
        at_sites = [self.at_of_way[way] for way, _, _ in drawn_ways]
        # A number counts ways first, then sites: the rest of the division is the site.
        place = np.concatenate(at_sites) % len(self.sites)
        scenario = np.repeat(rows["scenario"].to_numpy(), [len(at) for at in at_sites])
        return scenario, place, np.concatenate([numbers[case] for case in drawn_ways])

    def stacked(self, cases: pd.DataFrame) -> SiteTables:
        """The tables of some cases, without the species that each leaves out."""
        stack = {
            name: None if table is None else self._rows(table, cases)
            for name, table in self.tables.items()
        }
        return SiteTables(**stack)  # type: ignore[arg-type]

    def overrides(self, adjacent: pd.DataFrame, cases: pd.DataFrame) -> pd.DataFrame:
        """The overrides of some sites for each case in which they are there."""
        names = self.sites["name"].array.take(cases["at"] % len(self.sites))
        number = pd.DataFrame({"number": cases["site"], "site": names})
        rows = number.merge(adjacent, on="site")
        return rows.assign(site=rows["number"]).drop(columns="number")

    def _rows(self, table: pd.DataFrame, cases: pd.DataFrame) -> pd.DataFrame:
        """The rows of a table for each case, one case after the other."""
        at, wanted = table["at"].to_numpy(), cases["at"].to_numpy()
        low = np.searchsorted(at, wanted)
        many = np.searchsorted(at, wanted, side="right") - low
        case = np.repeat(np.arange(len(cases)), many)
        row = np.arange(len(case)) + (low - np.cumsum(many) + many)[case]
        if "of" in table:
            stays = table["of"].to_numpy()[row] != cases["out"].to_numpy()[case]
            case, row = case[stays], row[stays]
        site = cases["site"].to_numpy()[case]
        columns = [column for column in table if column not in ("at", "way", "of")]
        return table[columns].take(row).assign(site=site)


def _alike(tables: Mapping[str, pd.DataFrame | None], ways: int, sites: int) -> NDArray[np.intp]:
    """For each site of each way the first of its name of which every table says the same, to the bit."""
    said: list[list[bytes]] = [[] for _ in range(ways * sites)]
    for table in tables.values():
        if table is not None:
            columns = [table[name] for name in table if name not in ("at", "way")]
            bits = np.column_stack([_bits(column) for column in columns])
            ends = np.searchsorted(table["at"], np.arange(len(said) + 1)).tolist()
            for rows, (low, high) in zip(said, itertools.pairwise(ends), strict=True):
                rows.append(bits[low:high].tobytes())
    first: dict[tuple[Any, ...], int] = {}
    keys = ((at % sites, *rows) for at, rows in enumerate(said))
    return np.array([first.setdefault(key, at) for at, key in enumerate(keys)], dtype=np.intp)


def _bits(column: pd.Series[Any]) -> NDArray[np.int64]:
    """A number for each value of a column, of which no two are alike unless the values are."""
    if pd.api.types.is_numeric_dtype(column.dtype) and not column.hasnans:
        return column.to_numpy(np.float64).view(np.int64)
    return np.asarray(pd.factorize(column)[0], dtype=np.int64)


# -- what came out --------------------------------------------------------------------------------


def _by_unit(
    outcome: pd.DataFrame, factors: pd.DataFrame, units: list[str], design: Design
) -> pd.DataFrame:
    """One row a unit: interval of ranks, shares, label, and what turns it over."""
    low, high = design.interval
    by_site = outcome.groupby("site")
    # Over all runs, as a unit that is not there in a run does not qualify in it.
    qualifying = by_site["qualifies"].sum().reindex(units, fill_value=0) / design.runs
    # An area of interest has a rank too, and is not a unit among the first ten.
    in_top = (outcome["rank"] <= design.top).fillna(False).astype(bool) & outcome["qualifies"]
    top = in_top.groupby(outcome["site"]).sum().reindex(units, fill_value=0) / design.runs
    # A rank that it has not got is no last rank: the interval is of the runs that gave it one.
    ranked = outcome[outcome["rank"].notna()].groupby("site")["rank"]
    intervals = {
        # A rank that the unit really had, and one on the far side of the share asked for.
        name: ranked.quantile(share, interpolation=side).reindex(units).astype("Int64")
        for name, share, side in (
            ("rank_low", low, "lower"),
            ("rank_median", 0.5, "lower"),
            ("rank_high", high, "higher"),
        )
    }
    flips = _flips(factors, qualifying)
    return pd.DataFrame(
        {
            "site": units,
            "runs": design.runs,
            **{name: values.array for name, values in intervals.items()},
            "share_qualifying": qualifying.array,
            "share_top10": top.array,
            "label": [label(share, design) for share in qualifying],
            "flips": [flips[unit][0] for unit in units],
            "flips_at": [flips[unit][1] for unit in units],
        }
    )


def label(share: float, design: Design | None = None) -> Label:
    """The word for a share of runs in which a unit qualifies: robust, sensitive or fragile.

    Examples
    --------
    >>> label(0.9), label(0.5), label(0.49)
    ('robust', 'sensitive', 'fragile')
    """
    plan = design or Design()
    if share >= plan.robust:
        return "robust"
    return "sensitive" if share >= plan.sensitive else "fragile"


def _by_factor(
    outcome: pd.DataFrame,
    single: pd.DataFrame,
    runs: pd.DataFrame,
    alone: pd.DataFrame,
    axes: Mapping[str, Sequence[str]],
    units: list[str],
    factor_of: Mapping[str, str],
) -> pd.DataFrame:
    """For each unit and level: whether it qualifies with nothing else changed, and how often."""
    qualifying = outcome[outcome["qualifies"]]
    sole = single[single["qualifies"]]
    standing = set(zip(sole["site"], sole["scenario"] - len(runs), strict=True))
    moved = (alone != STATED).to_numpy()
    parts = []
    for place, (axis, levels) in enumerate(axes.items()):
        count = runs[axis].value_counts()
        level_of = runs[axis].array.take(qualifying["scenario"].to_numpy())
        often = qualifying.groupby([qualifying["site"], level_of]).size().to_dict()
        others_stated = ~np.delete(moved, place, axis=1).any(axis=1)
        for level in levels:
            # For the stated level itself that is the run in which nothing is changed.
            at = np.flatnonzero((alone[axis] == level).to_numpy() & others_stated).tolist()
            number = int(count.get(level, 0))
            parts += [
                (
                    *(unit, axis, factor_of.get(level, ""), level),
                    any((unit, run) in standing for run in at),
                    number,
                    often.get((unit, level), 0) / number if number else np.nan,
                )
                for unit in units
            ]
    names = ["site", "axis", "factor", "level", "qualifies", "runs", "share_qualifying"]
    table = pd.DataFrame(parts, columns=names)
    order = {unit: number for number, unit in enumerate(units)}
    return table.sort_values(
        "site", key=lambda sites: sites.map(order), kind="stable", ignore_index=True
    )


def _flips(factors: pd.DataFrame, share: pd.Series[float]) -> dict[str, tuple[str, str]]:
    """The factor that turns each unit over most often, and every level that does so alone.

    How often: the share of runs that agree with the plan's own decision where the factor is as
    stated, less that share where it is moved. A factor that turns the unit over alone goes before
    one that only does so together with others.
    """
    stated = factors[factors["level"] == STATED]
    base = stated.drop_duplicates("site").set_index("site")["qualifies"].astype(bool)
    levels = factors[factors["level"] != STATED]
    weighed = levels.assign(weighed=levels["share_qualifying"] * levels["runs"])
    sums = weighed.groupby(["site", "factor", "axis"])[["weighed", "runs"]].sum().reset_index()
    sums = sums.merge(stated[["site", "axis", "share_qualifying"]], on=["site", "axis"])
    drop = sums["share_qualifying"] - sums["weighed"] / sums["runs"]
    signed = drop.where(sums["site"].map(base).astype(bool), -drop)
    effect = dict(zip(zip(sums["site"], sums["factor"], strict=True), signed, strict=True))
    turned = levels[levels["qualifies"] != levels["site"].map(base)]
    turned_by: dict[str, list[tuple[str, str]]] = {site: [] for site in base.index}
    for site, factor, level in zip(
        *(turned[name] for name in ("site", "factor", "level")), strict=True
    ):
        turned_by[site].append((factor, level))
    flips = {}
    for unit, alone in turned_by.items():
        is_base = bool(base[unit])
        agreed = share[unit] == (1.0 if is_base else 0.0)
        effects = {name: effect.get((unit, name), 0.0) for name in FACTORS}
        # A factor that turns the unit over alone goes before one that needs others with it.
        candidates = [name for name in FACTORS if name in dict(alone)]
        if not candidates and not agreed:
            candidates = [name for name in FACTORS if effects[name] > 0]
        # Of equal effects the first by the order of the factors.
        weakest = max(candidates, key=effects.__getitem__, default="")
        flips[str(unit)] = (weakest, "; ".join(level for _, level in alone))
    return flips


def selection_frequency(owners: Mapping[str, pd.DataFrame], result: Stability) -> pd.DataFrame:
    """The share of all runs in which each planning unit lies in a unit that qualifies.

    Parameters
    ----------
    owners : mapping
        For each way of drawing the units: ``pu_id`` and the ``site`` that holds half of it.
    result : Stability
        How often each site of each way qualified.

    Returns
    -------
    DataFrame
        ``pu_id``, ``selection_frequency`` (0–1); cells that never are selected are missing.
    """
    parts = [pd.DataFrame({"pu_id": pd.Series(dtype=object), "share": pd.Series(dtype=float)})]
    for way, cells in owners.items():
        rows = result.ways[result.ways["delineation"] == way].set_index("site")
        parts.append(cells.assign(share=cells["site"].map(rows["share"]).fillna(0.0)))
    frequency = pd.concat(parts).groupby("pu_id")["share"].sum().rename("selection_frequency")
    return frequency[frequency > 0].reset_index()


def _by_way(outcome: pd.DataFrame, runs: pd.DataFrame, total: int) -> pd.DataFrame:
    """The share of all runs in which each site qualifies, by way of delineation."""
    qualifying = outcome.loc[outcome["qualifies"], ["scenario", "site"]]
    qualifying = qualifying.assign(
        delineation=runs["delineation"].to_numpy()[qualifying["scenario"].to_numpy()]
    )
    table = qualifying.groupby(["delineation", "site"]).size() / total
    return table.rename("share").reset_index()
