"""The words of the house: codes, coordinate systems, tables, small values, errors.

Every other room imports this one and, as a rule, no other. Nothing here opens a file or computes
a score. The tables are plain (Geo)DataFrames; :data:`TABLES` names their columns and
:func:`check_table` is the door at which a public function looks at what it was handed.
`docs/tables.md` says the same in prose.
"""

from __future__ import annotations

import html
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from numbers import Real
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, Strict
from pyproj import CRS

# -- coordinate systems ---------------------------------------------------------------------------

EQUAL_AREA: Final = (
    "+proj=aea +lat_1=30 +lat_2=50 +lat_0=40 +lon_0=80 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs"
)
"""Albers equal-area for Central Asia: a cell is stretched by at most 1.05 over the region."""

LONLAT: Final = "EPSG:4326"
"""Longitude and latitude on WGS 84. They exist at the doors only: files in, files out."""

# -- IUCN codes -----------------------------------------------------------------------------------

PRESENCE: Final[Mapping[int, str]] = MappingProxyType(
    {
        1: "extant",
        2: "probably extant",
        3: "possibly extant",
        4: "possibly extinct",
        5: "extinct",
        6: "presence uncertain",
        7: "expected additional range",
    }
)
ORIGIN: Final[Mapping[int, str]] = MappingProxyType(
    {
        1: "native",
        2: "reintroduced",
        3: "introduced",
        4: "vagrant",
        5: "origin uncertain",
        6: "assisted colonisation",
    }
)
SEASONAL: Final[Mapping[int, str]] = MappingProxyType(
    {
        1: "resident",
        2: "breeding season",
        3: "non-breeding season",
        4: "passage",
        5: "seasonal occurrence uncertain",
    }
)

# -- words of the workshop ------------------------------------------------------------------------

GATES: Final = ("G1", "G2")
CRITERIA: Final = ("C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9")
FINDINGS: Final = GATES + CRITERIA

Decision = Literal["proposed CU", "area of interest", "not proposed"]
PROPOSED: Final = "proposed CU"
AREA_OF_INTEREST: Final = "area of interest"
NOT_PROPOSED: Final = "not proposed"

STATUSES: Final = (
    "modelled candidate",
    "area of interest",
    "working-group proposal",
    "plenary-agreed",
    "endorsed by range states",
    "adopted",
    "rejected",
    "merged",
)
"""What a unit can be. Software sets only the first two; the fifth and sixth want a document."""

ORIGINS: Final = ("confirms", "reshapes", "new")

DISCLAIMER: Final = (
    "Boundaries and place names are shown for orientation only. They express no position on the "
    "legal status of any territory, or on where any border runs."
)
INDICATIVE: Final = (
    "INDICATIVE: hand-digitised at 10–100 km; not for legal, border, navigation or range use."
)

# -- errors ---------------------------------------------------------------------------------------


class CamiUnitsError(Exception):
    """Anything this package raises on purpose.

    Examples
    --------
    >>> import cami_units as cu
    >>> issubclass(cu.CamiUnitsError, Exception)
    True
    """


class InputError(CamiUnitsError, ValueError):
    """A file, a plan or a table is at fault: says what was expected, what came, where, what to do.

    Examples
    --------
    >>> import cami_units as cu
    >>> issubclass(cu.InputError, cu.CamiUnitsError), issubclass(cu.InputError, ValueError)
    (True, True)
    """


class PlanError(InputError):
    """`plan.toml` or `criteria.toml` is at fault. All faults of the file come in one message.

    Examples
    --------
    >>> import cami_units as cu
    >>> issubclass(cu.PlanError, cu.InputError)
    True
    """


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that was noticed in an input, in the words of the person who must mend it.

    `level` is "refuses" (nothing is computed until it is mended), "counted" (dropped, repaired or
    ignored, and the work goes on) or "note" (worth knowing). `where` names the rows or placemarks;
    `cure` says what to do.
    """

    level: Literal["refuses", "counted", "note"]
    layer: str
    file: str
    where: str
    what: str
    cure: str = ""

    def sentence(self) -> str:
        """The problem in one line."""
        place = ", ".join(part for part in (self.file, self.where) if part)
        text = f"{self.layer}: {self.what}" + (f" ({place})" if place else "")
        return f"{text}. {self.cure}" if self.cure else text


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint at the known word that was perhaps meant, or an empty string."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean '{close[0]}'?" if close else ""


def listed(names: Iterable[object], most: int = 5) -> str:
    """The first few names, and how many more: "a, b, c and 4 more"."""
    words = [str(name) for name in names]
    shown = ", ".join(words[:most])
    return shown if len(words) <= most else f"{shown} and {len(words) - most} more"


# -- text from outside ----------------------------------------------------------------------------

_LINE_ENDS: Final = re.compile("\r\n?|[\x85\u2028\u2029]")
_HARMFUL: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    "\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
    + "".join(chr(plane << 16 | last) for plane in range(1, 17) for last in (0xFFFE, 0xFFFF))
    + "]"
)
"""Control characters, lone surrogates and non-characters, which no format takes; and what hides or
reorders text: soft hyphens, zero-width spaces, direction overrides, tags. The joiners U+200C and U+200D
stay: Persian, Hindi and Nepali names are misspelt without them."""


def is_missing(value: object) -> bool:
    """Whether a cell of a table says nothing: ``None``, ``NaN``, ``NaT`` or ``NA``."""
    if isinstance(value, str):
        return False
    nothing = value is None or value is pd.NA or value is pd.NaT
    return nothing or (isinstance(value, Real) and value != value)


def clean_text(value: object) -> str:
    r"""A value from outside as text: composed (NFC), without characters that hide or harm.

    Whoever shows the text escapes it for that format; nothing is escaped here.

    Parameters
    ----------
    value : object
        Anything; ``None``, ``NaN`` and ``NA`` become an empty string.

    Returns
    -------
    str
        Any number of lines; line ends are ``\n``, a tab is a space.

    Examples
    --------
    >>> clean_text("Altai\x1b[31m\r\nСайгак"), clean_text(None)
    ('Altai[31m\nСайгак', '')
    """
    if is_missing(value):
        return ""
    raw = str(value)
    return _cleaned(raw) if len(raw) > _SHORT else _remembered(raw)


def _cleaned(raw: str) -> str:
    if raw.isascii() and raw.isprintable():  # most text, and nothing in it can harm
        return raw.strip()
    text = _LINE_ENDS.sub("\n", raw).replace("\t", " ")
    return unicodedata.normalize("NFC", _HARMFUL.sub("", text)).strip()


_SHORT: Final = 100
"""Names and numbers, which return over and over in the tables of a round."""
_remembered = lru_cache(maxsize=20_000)(_cleaned)


def clean_name(value: object) -> str:
    r"""A value from outside as one line: :func:`clean_text`, each run of white space one space.

    Examples
    --------
    >>> clean_name("  Tian\n Shan ")
    'Tian Shan'
    """
    return " ".join(clean_text(value).split())


# -- tables ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Table:
    """What a table promises: its columns, its key, and the kind of geometry it carries."""

    columns: tuple[str, ...]
    key: tuple[str, ...]
    geometry: Literal["polygon", "line", "point", "any", None] = None


_SPECIES_COLUMNS: Final = (
    "sci_name code name_en name_ru cms_name iucn_name synonyms iucn_category cms_appendix "
    "range_states in_cami taxon_level sensitive confidence"
)
_UNIT_COLUMNS: Final = (
    "unit_id name_en name_ru status origin hotspot_ids rank rank_label tier score area_km2 "
    "countries n_countries disputed species n_species species_supporting criteria_met confidence "
    "rationale"
)

TABLES: Final[Mapping[str, Table]] = MappingProxyType(
    {
        # layers, as `layers` hands them on: in the equal-area CRS, valid, sorted by key
        "species": Table(
            tuple(_SPECIES_COLUMNS.split()),
            ("sci_name",),
        ),
        "ranges": Table(
            ("range_id", "sci_name", "presence", "origin", "seasonal", "confidence", "source"),
            ("range_id",),
            "polygon",
        ),
        "features": Table(("sci_name", "range_km2"), ("sci_name",), "polygon"),
        "countries": Table(("iso2", "name_en", "name_ru", "range_state"), ("iso2",), "polygon"),
        "disputed": Table(("disputed_id", "name_en", "states"), ("disputed_id",), "polygon"),
        "borders": Table(("pair", "disputed"), ("pair", "disputed"), "line"),
        "hotspots": Table(("hotspot_id", "name_en", "name_ru"), ("hotspot_id",), "polygon"),
        "protected_areas": Table(("pa_id", "name", "iso2"), ("pa_id",), "any"),
        "barriers": Table(("barrier_id", "name", "kind", "permeability"), ("barrier_id",), "line"),
        "corridors": Table(
            ("corridor_id", "name", "sci_name", "evidence_grade"), ("corridor_id",), "line"
        ),
        "sections": Table(("section_id", "name_en", "name_ru"), ("section_id",), "polygon"),
        "gazetteer": Table(("name_en", "name_ru", "kind", "extent_km"), ("name_en",), "point"),
        "remarks": Table(("remark_id", "kind", "group", "text", "unit_id"), ("remark_id",), "any"),
        "context": Table(
            ("context_id", "name_en", "name_ru", "value", "note"), ("context_id",), "any"
        ),
        # results of a round
        "planning_units": Table(
            ("pu_id", "richness", "n_shared", "threat_weight", "range_rarity", "score", "unit_id"),
            ("pu_id",),
            "polygon",
        ),
        "conservation_units": Table(
            tuple(_UNIT_COLUMNS.split()),
            ("unit_id",),
            "polygon",
        ),
        "not_proposed": Table(("hotspot_id", "name_en", "reason"), ("hotspot_id",)),
        "unit_criteria": Table(
            ("unit_id", "criterion", "met", "value", "unit", "threshold", "because"),
            ("unit_id", "criterion"),
        ),
        "unit_species": Table(
            ("unit_id", "sci_name", "role", "overlap_km2", "range_share", "sides"),
            ("unit_id", "sci_name"),
        ),
        "unit_countries": Table(("unit_id", "iso2", "area_km2", "share"), ("unit_id", "iso2")),
        "unit_context": Table(
            ("unit_id", "layer", "summary", "value", "unit", "measured_on"), ("unit_id", "layer")
        ),
    }
)
"""Every table that passes between rooms, by name. `docs/tables.md` explains each column."""

_GEOMETRY_TYPES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "polygon": frozenset({"Polygon", "MultiPolygon"}),
        "line": frozenset({"LineString", "MultiLineString"}),
        "point": frozenset({"Point", "MultiPoint"}),
    }
)


def check_table(table: pd.DataFrame, name: str, *, crs: str | CRS | None = None) -> None:
    """Refuse a table that is not what its name promises.

    Parameters
    ----------
    table : DataFrame or GeoDataFrame
        The table as handed in. Extra columns are welcome.
    name : str
        A key of :data:`TABLES`.
    crs : str or CRS, optional
        The CRS its geometry must have. ``None``: any CRS, but there must be one.

    Raises
    ------
    InputError
        With every fault at once: missing columns (and the nearest one that is there), a repeated
        or empty key, a wrong kind of geometry, null or empty geometry, no CRS, another CRS.
    """
    promise = TABLES[name]
    faults = []
    missing = [column for column in promise.columns if column not in table.columns]
    if missing:
        hints = "".join(nearest(column, map(str, table.columns)) for column in missing)
        faults.append(f"column {listed(missing)} is missing.{hints}")
    key = [column for column in promise.key if column in table.columns]
    if len(key) == len(promise.key):
        repeated = table.loc[table.duplicated(key), key]
        if len(repeated):
            faults.append(
                f"{'+'.join(key)} must be unique; repeated: {listed(repeated.iloc[:, 0].unique())}"
            )
        empty = table[key].isna().any(axis=1)
        if empty.any():
            faults.append(f"{int(empty.sum())} rows have no {'+'.join(key)}")
    if promise.geometry is not None:
        faults += _geometry_faults(table, promise.geometry, crs)
    if faults:
        raise InputError(f"The table '{name}' is not as expected: " + "; ".join(faults) + ".")


def _geometry_faults(table: pd.DataFrame, kind: str, crs: str | CRS | None) -> list[str]:
    if not isinstance(table, gpd.GeoDataFrame):
        return ["it has no geometry: a GeoDataFrame is expected"]
    faults = []
    if table.crs is None:
        faults.append("it has no CRS: set one with .set_crs(…)")
    elif crs is not None and not same_crs(table.crs, crs):
        faults.append(
            f"its CRS is {crs_name(table.crs)}, expected {crs_name(crs)}: use cu.to_equal_area(…)"
        )
    bare = table.geometry.isna() | table.geometry.is_empty
    if bare.any():
        faults.append(f"{int(bare.sum())} rows have no geometry: {listed(table.index[bare])}")
    if kind != "any":
        odd = set(table.geometry[~bare].geom_type) - _GEOMETRY_TYPES[kind]
        if odd:
            faults.append(f"{kind} geometry is expected, {listed(sorted(odd))} came")
    return faults


def same_crs(one: Any, other: Any) -> bool:
    """Whether two CRSs are the same thing, however each is written down."""
    return CRS.from_user_input(one).equals(CRS.from_user_input(other), ignore_axis_order=True)


def crs_name(crs: Any) -> str:
    """A CRS as people call it: its authority code, else its name, else its PROJ text."""
    known = CRS.from_user_input(crs)
    authority = known.to_authority()
    if authority:
        return ":".join(authority)
    if known.name != "unknown":
        return known.name
    with warnings.catch_warnings():  # that PROJ text may lose detail: here it is for reading only
        warnings.simplefilter("ignore", UserWarning)
        return known.to_proj4()


# -- small values ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SiteTables:
    """Everything measured on a set of sites: what `criteria` turns into findings.

    Each table is tidy, has a ``site`` column, and holds only rows with something to say. ``None``
    means that the layer is not there, so what hangs on it is *not assessed*.

    Attributes
    ----------
    sites : ``site``, ``area_km2`` – one row a site, in the order of the results.
    states : ``site``, ``iso2``, ``km2`` – area in each range state.
    undisputed : as `states`, with the disputed areas taken out; ``None``: no disputed layer.
    species : ``site``, ``sci_name``, ``iso2``, ``km2`` – kept range in each state's side.
    confidence : ``site``, ``sci_name``, ``confidence``, ``km2`` – kept range parts by their grade.
    supporting : ``site``, ``sci_name``, ``km2`` – presence 3, possibly extant.
    borders : ``site``, ``pair``, ``km`` – length of each shared border.
    shared_borders : ``site``, ``sci_name``, ``pair``, ``km`` – border length within a kept range.
    corridors : ``site``, ``corridor_id``, ``sci_name``, ``evidence_grade``, ``km``.
    crossings : ``site``, ``corridor_id``, ``sci_name``, ``evidence_grade``, ``pair``, ``n``, and,
        where it is known, ``source``.
    barriers : ``site``, ``barrier_id``, ``kind``, ``permeability``, ``km``.
    protected : ``site``, ``sci_name``, ``km2`` – kept range inside protected areas.
    pa_pairs : ``site``, ``pair``, ``pa_a``, ``pa_b``, ``name_a``, ``name_b``, ``km`` apart.
    seasonal : ``site``, ``sci_name``, ``seasonal``, ``iso2``, ``km2`` – breeding (2), non-breeding
        (3) and passage (4) parts of the kept range in each state's side.
    hotspots : ``site``, ``hotspot_id``, ``name_en``, ``km2``, ``jaccard``.
    in_hotspots : ``site``, ``km2`` – area inside any hotspot, overlaps counted once.
    """

    sites: pd.DataFrame
    states: pd.DataFrame
    species: pd.DataFrame
    confidence: pd.DataFrame
    borders: pd.DataFrame
    shared_borders: pd.DataFrame
    supporting: pd.DataFrame
    undisputed: pd.DataFrame | None = None
    corridors: pd.DataFrame | None = None
    crossings: pd.DataFrame | None = None
    barriers: pd.DataFrame | None = None
    protected: pd.DataFrame | None = None
    pa_pairs: pd.DataFrame | None = None
    hotspots: pd.DataFrame | None = None
    in_hotspots: pd.DataFrame | None = None
    seasonal: pd.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class Raster:
    """One band of a raster: `values` from the top row down, NaN where there is none.

    `left`, `low`, `right`, `top` are its outer edges in the units of `crs` (well-known text).
    """

    values: NDArray[np.float64]
    left: float
    low: float
    right: float
    top: float
    crs: str


@dataclass(frozen=True, slots=True)
class Layers:
    """Every layer of a plan, cleaned and in one equal-area CRS. ``None``: the plan has none."""

    crs: str
    species: pd.DataFrame
    ranges: gpd.GeoDataFrame
    features: gpd.GeoDataFrame
    countries: gpd.GeoDataFrame
    borders: gpd.GeoDataFrame
    disputed: gpd.GeoDataFrame | None = None
    hotspots: gpd.GeoDataFrame | None = None
    protected_areas: gpd.GeoDataFrame | None = None
    barriers: gpd.GeoDataFrame | None = None
    corridors: gpd.GeoDataFrame | None = None
    sections: gpd.GeoDataFrame | None = None
    gazetteer: gpd.GeoDataFrame | None = None
    overrides: pd.DataFrame | None = None
    problems: tuple[Problem, ...] = ()
    sources: tuple[Mapping[str, Any], ...] = field(default=())
    """One mapping a file: layer, file (name only), sha256, rows, and what was kept."""


@dataclass(frozen=True, slots=True)
class Imprint:
    """What stands on every product: title, date, round, profile, sources, disclaimer.

    `date` is the plan's (ISO 8601); nothing reads the clock. `indicative` says whether any bundled,
    hand-digitised layer went in. `languages` are the plan's, the first one leads.
    """

    title: str
    date: str
    round: str
    profile: str
    disclaimer: str = DISCLAIMER
    sources: tuple[str, ...] = ()
    indicative: bool = True
    languages: tuple[str, ...] = ("en", "ru")


_SHOWN: Final = (
    *("rank_label", "unit_id", "name_en", "countries", "area_km2", "tier", "score"),
    *("species", "criteria_met", "status"),
)


def _heading(text: str) -> str:
    return f"<p><b>{html.escape(clean_name(text))}</b></p>"


def _html(table: pd.DataFrame) -> str:
    """A table as a notebook shows it: escaped, whole, and not in exponents."""
    with pd.option_context("display.max_colwidth", 60):
        shown: str = pd.DataFrame(table).to_html(
            index=False, escape=True, na_rep="", float_format="{:,.2f}".format
        )
    return shown


@dataclass(frozen=True, slots=True)
class Round:
    """One round of units, complete: its imprint, its tables in longitude and latitude, its manifest.

    `tables` holds the tables of :data:`TABLES` that a round on disk consists of, by name;
    `manifest` is what `manifest.json` will say, the hashes of the outputs aside.
    """

    imprint: Imprint
    tables: Mapping[str, pd.DataFrame]
    manifest: Mapping[str, Any]

    def _repr_html_(self) -> str:
        """The units by rank, as a notebook shows them."""
        units = self.tables["conservation_units"].sort_values(["rank", "unit_id"])
        return _heading(f"{self.imprint.title}: {self.imprint.round}") + _html(units[[*_SHOWN]])


# -- the criteria, as values ----------------------------------------------------------------------
#
# No number of the criteria lives in code: `plan` reads them from `criteria.toml` into these values.
# ``None`` stands for a number that nobody has filled in yet; what hangs on it is *not assessed*.

_Percent = Annotated[float, Field(ge=0, le=100)]
_Fraction = Annotated[float, Field(ge=0, le=1)]
_Measure = Annotated[float, Field(ge=0)]
_Above = Annotated[float, Field(gt=0)]
_Count = Annotated[int, Field(ge=1)]
_Words = Annotated[tuple[str, ...], Strict(False)]
_Criteria = Annotated[
    tuple[Literal["C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9"], ...], Strict(False)
]
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
    """Evidence confidence: what each grade of a range part is worth, and a part without one."""

    min_confidence: _Fraction | None = None
    ungraded: _Fraction | None = None
    confidence: Mapping[str, _Fraction] | None = None


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


def unfilled(rules: Profile, *tables: str) -> tuple[str, ...]:
    """The numbers that a profile leaves open: ``("C1.min_species", …)``.

    Parameters
    ----------
    rules : Profile
        The profile to look at.
    *tables : str
        Only these tables of it (``"G1"``, ``"occurrence"`` …). None named: all of them.
    """
    looked_at = tables or tuple(
        name for name in type(rules).model_fields if isinstance(getattr(rules, name), _Rule)
    )
    return tuple(
        f"{table}.{key}"
        for table in looked_at
        for key, value in getattr(rules, table)
        if value is None
    )


@dataclass(frozen=True, slots=True)
class Findings:
    """What `criteria` finds on a set of sites. Sites come in the order they were handed in.

    Attributes
    ----------
    criteria : ``site``, ``criterion``, ``met`` (nullable boolean; ``<NA>`` is *not assessed*),
        ``value``, ``unit``, ``threshold``, ``because`` – one row for every gate and criterion.
    species : ``site``, ``sci_name``, ``role`` (qualifying, occurs, supporting, marginal),
        ``overlap_km2``, ``range_share`` (% of the regional range), ``sides`` ("KZ;UZ").
    countries : ``site``, ``iso2``, ``area_km2``, ``share`` (% of the site).
    summary : one row a site; ``site``, ``area_km2``, ``countries``, ``n_countries``, ``disputed``,
        ``species`` (qualifying, ";"), ``n_species``, ``species_supporting``, ``criteria_met``,
        ``confidence`` and the bare measures behind the criteria.
    """

    criteria: pd.DataFrame
    species: pd.DataFrame
    countries: pd.DataFrame
    summary: pd.DataFrame

    def _repr_html_(self) -> str:
        """One row a site, a mark for every gate and criterion, as a notebook shows it."""
        marks = {True: "✓", False: "✗"}
        wide = self.criteria.pivot(index="site", columns="criterion", values="met")
        wide = wide.loc[self.summary["site"], self.criteria["criterion"].unique()]
        shown = wide.astype(object).apply(lambda column: [marks.get(one, "?") for one in column])
        return _html(shown.reset_index())


def data_dir() -> Path:
    """The folder of the bundled layers: inside the installed package, else in the checkout."""
    here = Path(__file__).resolve().parent
    packaged = here / "data"
    return packaged if packaged.is_dir() else here.parents[1] / "data"


Progress = Callable[[str, int, int], None]
"""Called as ``progress(step, done, total)``; ``total`` 0 means that it is not known."""


def quiet(step: str, done: int, total: int) -> None:
    """A :data:`Progress` that says nothing."""
