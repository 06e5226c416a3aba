"""Numbers held against the thresholds of a profile: met, not met, not assessed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cami_units.criteria._measures import at_least, at_most
from cami_units.model import CRITERIA, Profile, unfilled

_WEIGHED = CRITERIA[:-1]
"""The criteria whose being assessed or not weighs on the confidence, C9."""


def verdicts(measures: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Whether each site meets each gate and criterion.

    Parameters
    ----------
    measures : DataFrame
        As :func:`cami_units.criteria.measures` gives it: one row a site.
    profile : Profile
        The thresholds.

    Returns
    -------
    DataFrame
        The index of `measures`; the columns G1, G2, C1 … C9, and the further criteria of the
        profile, as nullable booleans, where ``<NA>`` is *not assessed*; and ``confidence``: ``range_confidence`` times the share of C1–C8 that
        could be assessed, 0–1.

    Notes
    -----
    *And* and *or* are Kleene's: true or unknown is true, false or unknown is unknown. A criterion
    whose table in the profile has a number left open is not assessed anywhere.
    """
    m = measures
    met = pd.DataFrame(index=m.index)
    met["G1"] = _geography(m, profile)
    met["G2"] = reaches(m["n_transboundary"] + m["n_by_crossing"], profile.G2.min_species)
    met["C1"] = reaches(m["n_transboundary"], profile.C1.min_species)
    met["C3"] = reaches(m["top_ratio"], 1.0)
    met["C4"] = _responsibility(m, profile)
    met["C5"] = reaches(m["n_crossings"], profile.C5.min_crossings)
    met["C2"] = _threat(m, met, profile)
    met["C6"] = reaches(m["barrier_share"], profile.C6.min_barrier_share)
    met["C7"] = ~reaches(m["protected_share"], profile.C7.gap_below)
    met["C8"] = _concordance(m, profile)
    met = met.mask(_still_open(met, profile))
    assessed = met[list(_WEIGHED)].notna().sum(axis=1) / len(_WEIGHED)
    met["confidence"] = m["range_confidence"] * assessed
    met["C9"] = reaches(met["confidence"], profile.C9.min_confidence)
    for name, rule in profile.further.items():
        met[name] = reaches(m[name], rule.at_least)
    return met[[*profile.findings, "confidence"]]


def _still_open(met: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    blank = {name: bool(unfilled(profile, name)) for name in met.columns}
    return pd.DataFrame(blank, index=met.index)


def reaches(values: pd.Series[float], threshold: float | None) -> pd.Series[bool]:
    """Whether values reach a threshold; unknown where either is not there."""
    if threshold is None:
        return pd.Series(pd.NA, index=values.index, dtype="boolean")
    reached: pd.Series[bool] = at_least(values, threshold)
    return reached.astype("boolean").mask(values.isna())


def _geography(m: pd.DataFrame, profile: Profile) -> pd.Series[bool]:
    rule = profile.G1
    near = np.nan if rule.adjacent_km is None else rule.adjacent_km
    let_in: pd.Series[bool] = (m["n_states"] == 1) & at_most(m["adjacent_km"], near)
    met: pd.Series[bool] = reaches(m["n_states"], rule.min_states) | let_in.astype("boolean")
    return met


def _threat(m: pd.DataFrame, met: pd.DataFrame, profile: Profile) -> pd.Series[bool]:
    rule = profile.C2
    with_other = pd.Series(False, index=m.index, dtype="boolean")
    for other in rule.or_categories_with:
        with_other = with_other | met[other]
    enough = reaches(m["threat_weight"], rule.min_weight)
    return enough | (m["has_severe"].astype("boolean") & with_other)


def _responsibility(m: pd.DataFrame, profile: Profile) -> pd.Series[bool]:
    rule = profile.C4
    long = reaches(m["shared_border_km"], rule.min_border_km)
    if rule.riverine:
        long = long | reaches(m["riverine_border_km"], rule.min_border_km_riverine)
    return (reaches(m["evenness"], rule.min_evenness) & long).mask(m["evenness"].isna())


def _concordance(m: pd.DataFrame, profile: Profile) -> pd.Series[bool]:
    share = reaches(m["hotspot_share"], profile.C8.min_share)
    return share | reaches(m["jaccard"], profile.C8.min_jaccard)
