"""The words of the house: codes, coordinate systems, tables, small values, errors.

Every other room imports this one and, as a rule, no other. Nothing here opens a file or computes
a score. The tables are plain (Geo)DataFrames; :data:`TABLES` names their columns and
:func:`check_table` is the door at which a public function looks at what it was handed.
`docs/tables.md` says the same in prose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

import geopandas as gpd
import pandas as pd
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
    """Anything this package raises on purpose."""


class InputError(CamiUnitsError, ValueError):
    """A file, a plan or a table is at fault: says what was expected, what came, where, what to do."""


class PlanError(InputError):
    """`plan.toml` or `criteria.toml` is at fault. All faults of the file come in one message."""


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
    return known.name if known.name != "unknown" else known.to_proj4()


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
    crossings : ``site``, ``corridor_id``, ``sci_name``, ``evidence_grade``, ``pair``, ``n``.
    barriers : ``site``, ``barrier_id``, ``kind``, ``permeability``, ``km``.
    protected : ``site``, ``sci_name``, ``km2`` – kept range inside protected areas.
    pa_pairs : ``site``, ``pair``, ``pa_a``, ``pa_b``, ``name_a``, ``name_b``, ``km`` apart.
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


@dataclass(frozen=True, slots=True)
class Round:
    """One round of units, complete: its imprint, its tables in longitude and latitude, its manifest.

    `tables` holds the tables of :data:`TABLES` that a round on disk consists of, by name;
    `manifest` is what `manifest.json` will say, the hashes of the outputs aside.
    """

    imprint: Imprint
    tables: Mapping[str, pd.DataFrame]
    manifest: Mapping[str, Any]


def data_dir() -> Path:
    """The folder of the bundled layers: inside the installed package, else in the checkout."""
    here = Path(__file__).resolve().parent
    packaged = here / "data"
    return packaged if packaged.is_dir() else here.parents[1] / "data"


Progress = Callable[[str, int, int], None]
"""Called as ``progress(step, done, total)``; ``total`` 0 means that it is not known."""


def quiet(step: str, done: int, total: int) -> None:
    """A :data:`Progress` that says nothing."""
