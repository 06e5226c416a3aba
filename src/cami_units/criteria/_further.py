"""Criteria beyond C9: one function each, which gives a number for every site.

To add one: write a function of the tables of overlaps, put it into :data:`FURTHER` under its id,
and say in `criteria.toml` what it is called and what meets it::

    [further.C10]
    name_en = "share of the largest state"
    name_ru = "доля крупнейшего государства"
    unit = "% of site"
    at_least = 60

It is then found, told and shown wherever the nine are. It decides where ``[decision]`` names it,
is repeated in every run of `sensitivity`, and is never scored. A site of which a function says
nothing (``NaN``, or no row) is *not assessed* there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import pandas as pd

from cami_units.model import PlanError, Profile, SiteTables, listed

Measure = Callable[[SiteTables], "pd.Series[float]"]
"""From what was measured on sites to one number a site, indexed by ``site``."""

FURTHER: Final[Mapping[str, Measure]] = MappingProxyType({})
"""The measures of further criteria, by id (C10, C11 …)."""


def unknown_criteria(profile: Profile) -> str:
    """Why the further criteria of a profile cannot be measured; an empty text where they can."""
    strange = sorted(set(profile.further) - set(FURTHER))
    if not strange:
        return ""
    there = f"C1 to C9 and {listed(FURTHER, 20)}" if FURTHER else "C1 to C9"
    return (
        f"the profile '{profile.name}' has [further.{strange[0]}], and nothing measures "
        f"{listed(strange, 20)}: {there} are there. Add its function to FURTHER in "
        "cami_units.criteria, or take the table out of the profile"
    )


def further_measures(tables: SiteTables, profile: Profile) -> pd.DataFrame:
    """The number of each further criterion of the profile for every site; NaN: not assessed."""
    fault = unknown_criteria(profile)
    if fault:
        raise PlanError(fault[:1].upper() + fault[1:] + ".")
    sites = pd.Index(tables.sites["site"], name="site")
    found = {name: FURTHER[name](tables).reindex(sites) for name in sorted(profile.further)}
    return pd.DataFrame(found, index=sites, dtype=float)
