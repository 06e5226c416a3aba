"""The criteria, as values.

No number of the criteria lives in code: `plan` reads them from `criteria.toml` into these values.
``None`` stands for a number that nobody has filled in yet; what hangs on it is *not assessed*.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict

from cami_units.model._codes import FINDINGS

EARTH_KM2: Final = 510_100_000
"""The surface of the Earth, rounded up: no site has more km², and nothing else that is measured here
comes near. A larger number is a slip of the keyboard, and would stand in sentences with all its digits."""
MOST_COUNTED: Final = 100_000
"""More states, sides, species, crossings or records than anybody will ask for: birds and mammals together
are some 18,000 species."""

TOLERANCE: Final = 1e-9
"""How far below a limit a number may lie, as a part of it, and still hold: the noise of floats."""


def at_least(values: Any, limit: Any) -> Any:
    """Whether values reach a limit, the noise of floats aside; False where either is not there."""
    return values >= limit - TOLERANCE * abs(limit)


def at_most(values: Any, limit: Any) -> Any:
    """Whether values keep within a limit, the noise of floats aside; False where one is missing."""
    return values <= limit + TOLERANCE * abs(limit)


_Percent = Annotated[float, Field(ge=0, le=100)]
_Fraction = Annotated[float, Field(ge=0, le=1)]
_Measure = Annotated[float, Field(ge=0, le=EARTH_KM2)]
_Above = Annotated[float, Field(gt=0, le=EARTH_KM2)]
_Count = Annotated[int, Field(ge=1, le=MOST_COUNTED)]
_Words = Annotated[tuple[str, ...], Strict(False)]
_Further = Annotated[str, Field(pattern=r"^C[1-9][0-9]$")]
_AnyCriteria = Annotated[tuple[str, ...], Strict(False)]
_Scored = Literal["C1", "C2", "C3", "C5"]


class _Rule(BaseModel):
    """A frozen table of `criteria.toml`: unknown keys and words in place of numbers are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class OccurrenceRule(_Rule):
    """When a species occurs in a site, and when one state's side of it counts.

    A species occurs where its overlap is at least ``min(min_km2, min_site_share % of the site)``
    or ``min_range_share`` % of its regional range; a side counts from `side_km2`.
    """

    min_km2: _Measure | None = None
    min_site_share: _Percent | None = None
    min_range_share: _Percent | None = None
    side_km2: _Measure | None = None


class G1Rule(_Rule):
    """Geography: states, each with ``max(min_side_km2, min_side_share % of the site)``."""

    min_states: _Count | None = None
    min_side_km2: _Measure | None = None
    min_side_share: _Percent | None = None
    adjacent_km: _Measure | None = None


class G2Rule(_Rule):
    """Occurrence: species on both sides, or on one side with a crossing of one of these grades."""

    min_species: _Count | None = None
    min_sides: _Count | None = None
    crossing_grades: _Words | None = None


class C1Rule(_Rule):
    """Transboundary species: how many."""

    min_species: _Count | None = None


class C2Rule(_Rule):
    """Threatened transboundary species: the sum of `weights`, or one of `or_categories`.

    The second way needs one of the criteria `or_categories_with` too. A category that `weights`
    does not know counts as the category `unknown_counts_as`.
    """

    min_weight: _Measure | None = None
    weights: Mapping[str, _Measure] | None = None
    unknown_counts_as: str | None = None
    or_categories: _Words = ()
    or_categories_with: Annotated[tuple[Literal["C3", "C5"], ...], Strict(False)] = ()


class C3Rule(_Rule):
    """Share of a species' regional range, %: the general threshold and those by category."""

    min_share: _Percent | None = None
    min_share_by_category: Mapping[str, _Percent] = Field(default_factory=dict)


class C4Rule(_Rule):
    """Shared responsibility: evenness, and km of shared border (fewer for riverine species)."""

    min_evenness: _Fraction | None = None
    min_border_km: _Measure | None = None
    min_border_km_riverine: _Measure | None = None
    riverine: _Words = ()


class C5Rule(_Rule):
    """Documented movement: the worth of each evidence grade, and which of them count.

    `seasonal_grade` is the grade of a crossing that is only read from seasonal parts of a range on
    different sides of a border; a grade that `grades` does not know makes it count for nothing.
    """

    seasonal_grade: str = "D"
    min_crossings: _Count | None = None
    counted_grades: _Words | None = None
    grades: Mapping[str, _Fraction] | None = None


class C6Rule(_Rule):
    """Barriers: fenced share of the shared border, %, and the `kind` of barrier that is a fence."""

    min_barrier_share: _Measure | None = None
    fences: _Words | None = None


class C7Rule(_Rule):
    """Protection: the share below which there is a gap, %, and pairs across a border."""

    gap_below: _Percent | None = None
    min_pairs: _Count | None = None
    pair_km: _Measure | None = None


class C8Rule(_Rule):
    """Concordance with known hotspots: share of the site, %, or Jaccard index."""

    min_share: _Percent | None = None
    min_jaccard: _Fraction | None = None


class C9Rule(_Rule):
    """Evidence confidence: what each grade of a range part is worth, and a part without one.

    Where a species was recorded in a site within `record_years` of a grade, `min_records` times at
    least, its range there is worth that grade; records never make it less.
    """

    min_confidence: _Fraction | None = None
    ungraded: _Fraction | None = None
    confidence: Mapping[str, _Fraction] | None = None
    record_years: Mapping[str, _Above] = Field(default_factory=dict)
    min_records: _Count = 1


class FurtherRule(_Rule):
    """A criterion beyond C9: what it is called, what it is measured in, and what meets it.

    The measure itself is a function of the tables of overlaps: see `cami_units.criteria.FURTHER`.
    """

    name_en: str = Field(min_length=1)
    name_ru: str = Field(min_length=1)
    unit: str
    at_least: float | None = None


class DecisionRule(_Rule):
    """A proposed unit holds both gates, any criterion of `any_of`, and all of `evidence`."""

    any_of: _AnyCriteria | None = None
    evidence: _AnyCriteria | None = None


class ScoreRule(_Rule):
    """Value score: weights, fixed reference maxima, and the lower bound of each tier."""

    weights: Mapping[_Scored, _Measure] | None = None
    maxima: Mapping[_Scored, _Above] | None = None
    tiers: Mapping[str, _Fraction] | None = None


class CellRule(_Rule):
    """Cell score: the fixed reference maximum of each part (rarity per 1000 km²)."""

    n_shared: _Above | None = None
    threat_weight: _Above | None = None
    range_rarity: _Above | None = None


class Change(_Rule):
    """Who (a role) changed the profile, and why."""

    who: str = Field(min_length=1)
    why: str = Field(min_length=1)


class Profile(_Rule):
    """The criteria of a workshop, as `criteria.toml` states them. A change of it is another value.

    `status` is "operational proxy", or "official" with the `reference` of the document that says so.
    """

    name: str = Field(min_length=1)
    status: Literal["operational proxy", "official"]
    reference: str = ""
    changed: Annotated[tuple[Change, ...], Strict(False)] = ()
    occurrence: OccurrenceRule = OccurrenceRule()
    G1: G1Rule = G1Rule()
    G2: G2Rule = G2Rule()
    C1: C1Rule = C1Rule()
    C2: C2Rule = C2Rule()
    C3: C3Rule = C3Rule()
    C4: C4Rule = C4Rule()
    C5: C5Rule = C5Rule()
    C6: C6Rule = C6Rule()
    C7: C7Rule = C7Rule()
    C8: C8Rule = C8Rule()
    C9: C9Rule = C9Rule()
    decision: DecisionRule = DecisionRule()
    score: ScoreRule = ScoreRule()
    cells: CellRule = CellRule()
    further: Mapping[_Further, FurtherRule] = Field(default_factory=dict)

    @property
    def findings(self) -> tuple[str, ...]:
        """The gates and criteria that are looked at, in the order in which they are told."""
        return (*FINDINGS, *sorted(self.further))

    def open_numbers(self, *tables: str) -> tuple[str, ...]:
        """The numbers that are left open: ``("C1.min_species", …)``.

        Parameters
        ----------
        *tables : str
            Only these tables (``"G1"``, ``"occurrence"`` …). None named: all of them.
        """
        looked_at = tables or tuple(
            name for name in type(self).model_fields if isinstance(getattr(self, name), _Rule)
        )
        return tuple(
            f"{table}.{key}"
            for table in looked_at
            for key, value in getattr(self, table)
            if value is None
        )
