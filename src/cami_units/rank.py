"""From findings to an order: the decision on each site, its value score, tier and rank.

Arithmetic on tables, no geometry. Value, need and support stay apart: the score knows nothing of
barriers, protection or known hotspots.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cami_units.model import (
    AREA_OF_INTEREST,
    GATES,
    NOT_ASSESSED,
    NOT_PROPOSED,
    PROPOSED,
    Findings,
    InputError,
    Note,
    PlanError,
    Profile,
    check_arguments,
    check_columns,
    listed,
    notes_as_text,
    notes_from_text,
)

_SCORED: Final[Mapping[str, str]] = {
    "C1": "n_transboundary",
    "C2": "threat_weight",
    "C3": "max_share",
    "C5": "movement_grade",
}
"""Which measure stands for a criterion in the value score."""

_DIGITS: Final = 3
"""Scores that agree to so many decimals share a rank."""


def decide(findings: Findings, profile: Profile) -> pd.DataFrame:
    """The decision that the profile's rule takes on each site, and its reason.

    *Proposed CU*: both gates hold, any criterion of ``any_of`` is met, and all of ``evidence``.
    All but the evidence: *area of interest*. Everything else: *not proposed*. A finding that was
    not assessed does not hold.

    Parameters
    ----------
    findings : Findings
        From :func:`cami_units.criteria.assess`.
    profile : Profile
        Its ``[decision]``.

    Returns
    -------
    DataFrame
        ``site``, ``decision``, ``facts`` (the sentences of the reason, as notes), in the order of
        ``findings.summary``. :func:`cami_units.decide` has the ``reason`` in words.

    Raises
    ------
    PlanError
        The profile leaves ``[decision]`` open.

    Examples
    --------
    >>> import pandas as pd
    >>> import cami_units as cu
    >>> from cami_units.model import Findings
    >>> rows = {"site": "s", "criterion": ["G1", "G2", "C1", "C9"], "met": [True, True, True, False]}
    >>> none = pd.DataFrame()
    >>> findings = Findings(
    ...     pd.DataFrame({**rows, "facts": "[]"}), none, none, pd.DataFrame({"site": ["s"]})
    ... )
    >>> decide(findings, cu.read_profile())["decision"].tolist()
    ['area of interest']
    """
    any_of, evidence = profile.decision.any_of, profile.decision.evidence
    if any_of is None or evidence is None:
        raise _open(profile, "decision", "no site can be decided on")
    sites = findings.summary["site"]
    wide = findings.criteria.pivot(index="site", columns="criterion", values="met")
    # In the order of the sites as handed in: `pivot` sorts them.
    wide = wide.reindex(index=sites, columns=list(profile.findings))
    decision = bare_decisions(wide, profile).to_numpy()
    columns = (findings.criteria[name].tolist() for name in ("site", "criterion", "facts"))
    clauses = {(site, str(name)): facts for site, name, facts in zip(*columns, strict=True)}
    met = {site: dict(zip(wide.columns, row, strict=True)) for site, row in _rows(wide)}
    reasons = [
        notes_as_text(_reason(site, str(verdict), met[site], clauses, any_of, evidence))
        for site, verdict in zip(sites, decision, strict=True)
    ]
    return pd.DataFrame({"site": sites.array, "decision": decision, "facts": reasons})


def bare_decisions(met: pd.DataFrame, profile: Profile) -> pd.Series[str]:
    """The bare decision on each row, from what is met: :func:`decide` without a sentence.

    Parameters
    ----------
    met : DataFrame
        The gates and criteria as columns, nullable booleans, such as
        :func:`cami_units.criteria.verdicts` gives. What was not assessed does not hold.
    profile : Profile
        Its ``[decision]``.

    Returns
    -------
    Series of str
        "proposed CU", "area of interest" or "not proposed", with the index of `met`.

    Raises
    ------
    PlanError
        The profile leaves ``[decision]`` open.
    """
    any_of, evidence = profile.decision.any_of, profile.decision.evidence
    if any_of is None or evidence is None:
        raise _open(profile, "decision", "no site can be decided on")
    # A criterion that nobody measured is missing here: it counts as not assessed.
    held = met.reindex(columns=list(profile.findings)).astype("boolean").fillna(False).astype(bool)
    gates = held[list(GATES)].all(axis=1)
    value = held[list(any_of)].any(axis=1)
    sure = held[list(evidence)].all(axis=1)
    decision = np.select(
        [gates & value & sure, gates & value], [PROPOSED, AREA_OF_INTEREST], default=NOT_PROPOSED
    )
    return pd.Series(decision, index=met.index, name="decision")


def _rows(wide: pd.DataFrame) -> Any:
    return zip(wide.index, wide.astype(object).itertuples(index=False, name=None), strict=True)


def _reason(
    site: object,
    decision: str,
    met: Mapping[str, Any],
    clauses: Mapping[tuple[Any, str], object],
    any_of: tuple[str, ...],
    evidence: tuple[str, ...],
) -> list[Note]:
    """Why a site is proposed or not, with what is said of each finding that fails; a note a sentence."""

    def failing(names: list[str]) -> list[Note]:
        # few findings of many sites fail: their facts alone are read
        return [
            _failing(name, met[name], notes_from_text(clauses.get((site, name), "")))
            for name in names
        ]

    held = [name for name in any_of if met[name] is True]
    # Not met or not assessed: neither is evidence.
    thin = [name for name in evidence if met[name] is not True]
    gates = {"gates_all": list(GATES)}
    # What holds is told of proposed sites, what fails of the others: first the gates, which end the
    # matter.
    if decision != NOT_PROPOSED:
        holds = {**gates, "n": len(held), "criteria_all": held}
        if decision == AREA_OF_INTEREST:
            return [Note("holds, thin", holds), *failing(thin)]
        if evidence:
            return [Note("holds, enough", {**holds, "evidence_all": list(evidence)})]
        return [Note("holds", holds)]
    if closed := [gate for gate in GATES if met[gate] is not True]:
        return failing(closed)
    return [Note("none is met", {**gates, "criteria": list(any_of)}), *failing(list(any_of))]


def nearest_misses(findings: Findings, profile: Profile) -> pd.DataFrame:
    """Which criterion of the decision each site comes nearest to meeting, and by how much it misses.

    Parameters
    ----------
    findings : Findings
        From :func:`cami_units.criteria.assess`.
    profile : Profile
        Its ``[decision]``.

    Returns
    -------
    DataFrame
        ``site``, ``criterion``, ``value``, ``threshold``, ``unit``, ``missing`` (threshold less
        value). Sites that reach a threshold, or have nothing at all, are not there.
    """
    names = list(profile.decision.any_of or ())
    rows = findings.criteria[findings.criteria["criterion"].isin(names)]
    ratio = rows["value"].astype(float) / rows["threshold"].astype(float)
    # A value summed from many cells may lack the last digit of its own threshold.
    reached = set(rows.loc[ratio >= 1 - 1e-9, "site"])
    short = rows.assign(missing=rows["threshold"] - rows["value"], ratio=ratio)
    short = short[(ratio > 0) & ~short["site"].isin(reached)]
    # By the share of the threshold that is there: criteria have units of their own. Ties go to the
    # first.
    first = short.sort_values(["ratio", "criterion"], ascending=[False, True], kind="stable")
    columns = ["site", "criterion", "value", "threshold", "unit", "missing"]
    return first.drop_duplicates("site")[columns].sort_values("site", ignore_index=True)


def _failing(name: str, met: object, clauses: list[Note]) -> Note:
    """A finding that does not hold, and why. What was not assessed gives the bare cause."""
    bare = [clause.facts["why"] if clause.key == NOT_ASSESSED else clause for clause in clauses]
    key = "fails" if met is False else "was not assessed"
    return Note(key, {"criterion": name, "causes": bare})


def value_scores(
    measures: pd.DataFrame, profile: Profile, *, weights: NDArray[np.float64] | None = None
) -> pd.Series[float]:
    """The value score of each site, 0–1.

    .. math:: score = \\sum_i w_i \\min(1, x_i / m_i) \\Big/ \\sum_i w_i

    over the criteria *i* that were assessed, with weights *w* and fixed reference maxima *m* of the
    profile, and *x* the transboundary species (C1), their threat weight (C2), the largest share of
    a range in % (C3), and the worth of the best documented crossing (C5). Because the maxima are
    fixed, the score of one site never depends on another. Evidence of movement can lift a site and
    never lower it: C5 is among *i* only where the mean is higher with it.

    Parameters
    ----------
    measures : DataFrame
        ``n_transboundary``, ``threat_weight``, ``max_share``, ``movement_grade``: the table of
        :func:`cami_units.criteria.measures`, or ``findings.summary``.
    profile : Profile
        Its ``[score]``.
    weights : array, optional
        Other weights than the profile's, a row for each row of `measures` and a column for each of
        :func:`weighted_criteria`: to see what a change of weights does to many sites at once.

    Returns
    -------
    Series
        With the index of `measures`; NaN where nothing was assessed.

    Raises
    ------
    PlanError
        The profile leaves ``[score]`` open.
    """
    rule = profile.score
    if rule.weights is None or rule.maxima is None:
        raise _open(profile, "score", "nothing can be scored")
    names = list(weighted_criteria(profile))
    parts = measures[[_SCORED[name] for name in names]].to_numpy(dtype=float)
    maxima = np.array([rule.maxima[name] for name in names])  # type: ignore[index]
    if weights is None:
        weights = np.array([rule.weights[name] for name in names])  # type: ignore[index]
    capped = np.minimum(parts / maxima, 1.0)
    # What was not assessed leaves the mean, and its weight the divisor: silence is no zero.
    known_weights = np.where(np.isnan(capped), 0.0, weights)
    score = _mean(capped, known_weights)
    # With and without it, and the better of the two: a poor crossing must not pull a score down.
    if _LIFTING in names:
        without = known_weights.copy()
        without[:, names.index(_LIFTING)] = 0.0
        score = np.fmax(score, _mean(capped, without))
    return pd.Series(score, index=measures.index, name="score")


_LIFTING: Final = "C5"
"""The criterion that can lift a score and never lower it: more evidence must not cost a unit."""


def _mean(parts: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weighted mean of each row; NaN where nothing has weight."""
    total = weights.sum(axis=1)
    weighed = (np.nan_to_num(parts) * weights).sum(axis=1)
    mean: NDArray[np.float64] = np.divide(
        weighed, total, out=np.full(len(total), np.nan), where=total > 0
    )
    return mean


def weighted_criteria(profile: Profile) -> dict[str, float]:
    """The criteria that carry weight in the value score, with it, in a fixed order.

    Raises
    ------
    PlanError
        The profile leaves the weights of ``[score]`` open.
    """
    given = profile.score.weights
    if given is None:
        raise _open(profile, "score", "nothing can be scored")
    return {name: float(weight) for name in _SCORED if (weight := given.get(name, 0)) > 0}  # type: ignore[call-overload]


def ranks(score: pd.Series[float], runs: pd.Series[Any] | None = None) -> pd.Series[Any]:
    """Ranks from scores: 1 is the highest, scores equal to 3 decimals share one, NaN has none.

    Parameters
    ----------
    score : Series of float
        Scores of the sites that are to be ranked; NaN for the others.
    runs : Series, optional
        What each row belongs to, where several rankings are made at once.

    Returns
    -------
    Series of Int64
        With the index of `score`.
    """
    rounded = score.round(_DIGITS)
    grouped: Any = rounded if runs is None else rounded.groupby(runs)
    ranked: pd.Series[Any] = grouped.rank(method="min", ascending=False).astype("Int64")
    return ranked


def rank_labels(rank: pd.Series[Any]) -> pd.Series[str]:
    """Ranks as people say them: "4", "4=" where it is shared, nothing where there is none.

    Not "=4": a spreadsheet that opens the table takes that for a formula.
    """
    # Sites without a rank have nothing in common.
    shared = rank.duplicated(keep=False) & rank.notna()
    label = rank.astype("string").fillna("").astype(str)
    return label.where(~shared, label + "=")


def rank_units(findings: Findings, decisions: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Score, tier and rank of each site, in the order of their ranks.

    Parameters
    ----------
    findings : Findings
        From :func:`cami_units.criteria.assess`.
    decisions : DataFrame
        From :func:`decide`. Sites that are *not proposed* are scored and get no rank.
    profile : Profile
        Its ``[score]``: weights, maxima, tiers.

    Returns
    -------
    DataFrame
        ``site``, ``decision``, ``score`` (0–1, to 3 decimals), ``tier``, ``rank`` (nullable
        integer), ``rank_label``: "4", or "4=" where the score is shared to 3 decimals; the next
        rank is then 6. Rows go by rank; those of one rank by site, as do those without a rank,
        which come last.

    Raises
    ------
    InputError
        `decisions` does not speak of the same sites as `findings`.
    PlanError
        The profile leaves ``[score]`` open.

    Examples
    --------
    Six species, 15 points of threat, 20 % of a range and a crossing of grade A are the maxima: a
    score of 1. Half of each gives 0.5.

    >>> import pandas as pd
    >>> import cami_units as cu
    >>> from cami_units.model import Findings
    >>> summary = pd.DataFrame(
    ...     {"site": ["a", "b"], "n_transboundary": [3, 6], "threat_weight": [7.5, 15.0],
    ...      "max_share": [10.0, 20.0], "movement_grade": [0.5, 1.0]}
    ... )
    >>> none = pd.DataFrame()
    >>> decisions = pd.DataFrame({"site": ["a", "b"], "decision": "proposed CU"})
    >>> ranked = cu.rank_units(Findings(none, none, none, summary), decisions, cu.read_profile())
    >>> ranked[["site", "score", "tier", "rank_label"]].values.tolist()
    [['b', 1.0, 'very high', '1'], ['a', 0.5, 'high', '2']]
    """
    check_arguments(rank_units, locals())
    if profile.score.tiers is None:
        raise _open(profile, "score", "nothing can be scored")
    check_columns(decisions, "decisions", ("site", "decision"))
    sites = findings.summary["site"]
    decided = decisions.set_index("site")["decision"]
    missing = sites[~sites.isin(decided.index)]
    if len(missing) or len(decided) != len(sites):
        raise InputError(
            f"The decisions are those of other sites: {len(sites)} sites were assessed, "
            f"{len(decided)} decided on{_named(missing)}. Use decide() on the same findings."
        )
    # Rounded before it is ranked: sites that look equal in every table are equal.
    score = value_scores(findings.summary, profile).round(_DIGITS)
    table = pd.DataFrame(
        {
            "site": sites,
            "decision": sites.map(decided),
            "score": score,
            "tier": _tiers(score, profile.score.tiers),
        }
    )
    ranked = (table["decision"] != NOT_PROPOSED) & score.notna()
    table["rank"] = ranks(score.where(ranked))
    table["rank_label"] = rank_labels(table["rank"])
    return table.sort_values(["rank", "site"], na_position="last").reset_index(drop=True)


def _named(sites: pd.Series[Any]) -> str:
    return f" (without {listed(sites)})" if len(sites) else ""


def _tiers(score: pd.Series[float], tiers: Mapping[str, float]) -> list[str]:
    """The tier of each score: the one with the highest bound that the score reaches."""
    # The highest bound first, in whatever order a profile lists them.
    falling = sorted(tiers.items(), key=lambda tier: -tier[1])
    return [next((name for name, bound in falling if value >= bound), "") for value in score]


def _open(profile: Profile, table: str, so: str) -> PlanError:
    """The refusal of a profile that leaves something open."""
    return PlanError(
        f"The profile '{profile.name}' leaves {listed(profile.open_numbers(table), 9)} open, so {so}. "
        "Fill it in, or leave `profile` out of the plan to use the bundled operational proxy criteria."
    )
