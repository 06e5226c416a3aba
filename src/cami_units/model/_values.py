"""Small frozen values that rooms hand to one another."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Self
from weakref import finalize

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cami_units.model._codes import DISCLAIMER, NEEDS
from cami_units.model._errors import Note, Problem
from cami_units.model._text import clean_name


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
    ranges : ``site``, ``sci_name``, ``km2`` – kept range, whatever lies beneath it. ``None``: the
        states tile the sites, so that it is the sum of the sides.
    species : ``site``, ``sci_name``, ``iso2``, ``km2`` – kept range in each state's side.
    confidence : ``site``, ``sci_name``, ``confidence``, ``km2`` – kept range parts by their grade.
    supporting : ``site``, ``sci_name``, ``km2`` – presence 3, possibly extant.
    borders : ``site``, ``pair``, ``km`` – length of each shared border.
    shared_borders : ``site``, ``sci_name``, ``pair``, ``km`` – border length within a kept range.
    corridors : ``site``, ``corridor_id``, ``sci_name``, ``evidence_grade``, ``km``.
    crossings : ``site``, ``corridor_id``, ``sci_name``, ``evidence_grade``, ``pair``, ``n``, and,
        where it is known, ``source`` and ``source_facts``.
    near_crossings : as `crossings`, of corridors that reach the site and cross a border close to it.
    barriers : ``site``, ``barrier_id``, ``kind``, ``permeability``, ``km``.
    protected : ``site``, ``sci_name``, ``km2`` – kept range inside protected areas.
    pa_pairs : ``site``, ``pair``, ``pa_a``, ``pa_b``, ``name_a``, ``name_b``, ``km`` apart.
    seasonal : ``site``, ``sci_name``, ``seasonal``, ``iso2``, ``km2`` – breeding (2), non-breeding
        (3) and passage (4) parts of the kept range in each state's side.
    deep_states, deep_species : as `states` and `species`, only what lies farther from every border
        than the border layer may be off. ``None``: it has no error.
    covered : ``site``, ``layer``, ``km2`` – ground of the site that a layer of evidence was compiled
        for. ``None``: all of it, of every layer; a layer without a row here covers nothing.
    covered_ranges : ``site``, ``sci_name``, ``km2`` – kept range where protected areas were looked
        for. ``None``: everywhere.
    covered_borders : ``site``, ``pair``, ``km`` – shared border where barriers were looked for, on
        both sides. ``None``: everywhere.
    records : ``site``, ``sci_name``, ``iso2``, ``age_years`` (before the plan's date; -1: no date),
        ``n`` – records of animals on each side.
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
    ranges: pd.DataFrame | None = None
    undisputed: pd.DataFrame | None = None
    corridors: pd.DataFrame | None = None
    crossings: pd.DataFrame | None = None
    near_crossings: pd.DataFrame | None = None
    barriers: pd.DataFrame | None = None
    protected: pd.DataFrame | None = None
    pa_pairs: pd.DataFrame | None = None
    hotspots: pd.DataFrame | None = None
    in_hotspots: pd.DataFrame | None = None
    seasonal: pd.DataFrame | None = None
    deep_states: pd.DataFrame | None = None
    deep_species: pd.DataFrame | None = None
    covered: pd.DataFrame | None = None
    records: pd.DataFrame | None = None
    covered_ranges: pd.DataFrame | None = None
    covered_borders: pd.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class Raster:
    """One band of a raster: `values` from the top row down, NaN where there is none.

    `values` is an array, or anything with its ``shape`` that gives windows of it when it is sliced.
    `left`, `low`, `right`, `top` are its outer edges in the units of `crs` (well-known text).
    """

    values: Any
    left: float
    low: float
    right: float
    top: float
    crs: str

    @property
    def frame(self) -> tuple[float, float, float, float]:
        """Its outer edges: left, low, right, top."""
        return self.left, self.low, self.right, self.top


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
    occurrences: gpd.GeoDataFrame | None = None
    telemetry: gpd.GeoDataFrame | None = None
    animal_crossings: pd.DataFrame | None = None
    overrides: pd.DataFrame | None = None
    coverage: pd.DataFrame | None = None
    coverage_areas: gpd.GeoDataFrame | None = None
    problems: tuple[Problem, ...] = ()
    sources: tuple[Mapping[str, Any], ...] = field(default=())
    """One mapping a file: layer, file (name only), sha256, rows, and what was kept."""


@dataclass(frozen=True, slots=True)
class Imprint:
    """What stands on every product: title, date, round, profile, sources, disclaimer.

    `date` is the plan's (ISO 8601); nothing reads the clock. `indicative` says whether any bundled,
    hand-digitised layer went in. `cited` are the sources as values, for readers of other languages.
    `demonstration` says whether the title is that of ours (``None``: a round of old, which its title tells).
    `languages` are the plan's, the first one leads. `number` is the
    round's, in two digits; `round` what people call it.
    """

    title: str
    date: str
    round: str
    profile: str
    disclaimer: str = DISCLAIMER
    sources: tuple[str, ...] = ()
    indicative: bool = True
    languages: tuple[str, ...] = ("en", "ru")
    number: str = "00"
    cited: tuple[Note, ...] = ()
    demonstration: bool | None = None


_SHOWN: Final = (
    *("rank_label", "unit_id", "name_en", "countries", "area_km2", "tier", "score"),
    *("species", "criteria_met", "status"),
)


def _heading(text: str) -> str:
    return f"<p><b>{html.escape(clean_name(text))}</b></p>"


def _html(table: pd.DataFrame) -> str:
    """A table as a notebook shows it: escaped, whole, and not in exponents."""
    with pd.option_context("display.max_colwidth", 60):
        html: str = pd.DataFrame(table).to_html(
            index=False, escape=True, na_rep="", float_format="{:,.2f}".format
        )
    return html


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


PLACEMARK_COLUMNS: Final = (
    *("file", "placemark", "label", "member", "folder", "line", "name", "description"),
    *("placemark_id", "data", "visibility", "kind", "polygons", "loops", "lines", "points"),
)
NOTE_COLUMNS: Final = (
    *("file", "placemark", "label", "member", "folder", "name", "line", "level", "key", "facts"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Placemarks:
    """What one handed-in file holds, as tables (`docs/tables.md`, "Files that groups hand in").

    Attributes
    ----------
    table : the table `placemarks`: a row for every placemark, usable or not.
    notes : the table `notes`: what the reader noticed.
    folders : every folder of the file, empty ones too, sorted.
    is_whole : whether nothing was cut off or refused: only then does what is missing mean anything.
    beyond : placemarks that the text begins and that are not in `table`, their places being lost.
    n_seen : placemarks that are not in `table` since they are there for eyes alone.
    """

    table: pd.DataFrame
    notes: pd.DataFrame
    folders: tuple[str, ...] = ()
    is_whole: bool = True
    beyond: int = 0
    n_seen: int = 0


Names = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""What things are called: by kind (species, state, hotspot, protected_area) and id, the row that has
``name_en``, ``name_ru`` and so on."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What `criteria` finds on a set of sites. Sites come in the order they were handed in.

    Attributes
    ----------
    criteria : ``site``, ``criterion``, ``met`` (nullable boolean; ``<NA>`` is *not assessed*),
        ``value``, ``unit``, ``threshold``, ``facts`` (what it rests on: see
        :func:`notes_as_text`), ``met_without_strips`` – one row for every gate and criterion;
        from :func:`cami_units.assess_sites` also ``because``, those facts as an English sentence.
    species : ``site``, ``sci_name``, ``role`` (qualifying, occurs, supporting, marginal),
        ``overlap_km2``, ``range_share`` (% of the regional range), ``sides`` ("KZ;UZ").
    countries : ``site``, ``iso2``, ``area_km2``, ``share`` (% of the site).
    summary : one row a site; ``site``, ``area_km2``, ``countries``, ``n_countries``, ``disputed``,
        ``species`` (qualifying, ";"), ``n_species``, ``species_supporting``, ``criteria_met``,
        ``confidence`` and the bare measures behind the criteria.
    names : what species, states, hotspots and protected areas are called, for sentences.
    """

    criteria: pd.DataFrame
    species: pd.DataFrame
    countries: pd.DataFrame
    summary: pd.DataFrame
    names: Names = field(default_factory=dict)

    def _repr_html_(self) -> str:
        """One row a site, a mark for every gate and criterion, as a notebook shows it."""
        marks, needs = {True: "✓", False: "✗"}, {True: "●", False: "○"}
        wide = self.criteria.pivot(index="site", columns="criterion", values="met")
        wide = wide.loc[self.summary["site"], self.criteria["criterion"].unique()]
        marked = wide.astype(object).apply(
            lambda column: [
                (needs if column.name in NEEDS else marks).get(met, "?") for met in column
            ]
        )
        return _html(marked.reset_index())


def data_dir() -> Path:
    """The folder of the bundled layers: inside the installed package, else in the checkout."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "data"
    return packaged if packaged.is_dir() else package.parents[1] / "data"


def version_of(library: str) -> str:
    """The version of an installed library.

    Raises
    ------
    importlib.metadata.PackageNotFoundError
        It is not installed.
    """
    from importlib.metadata import distribution

    about = distribution(library)
    # `importlib.metadata.version` reads all of it as an e-mail: 2 ms for each of twenty libraries
    line = re.search(r"^Version: (\S+)$", about.read_text("METADATA") or "", re.MULTILINE)
    return line[1] if line else about.version


class Step(str):
    """A step of work on one thing, as a file that is written: `key` names the step, `subject` the thing."""

    key: str
    subject: str

    def __new__(cls, key: str, subject: str) -> Self:
        """The step in English, as whoever shows steps as they come shows it."""
        step = super().__new__(cls, f"{key} {subject}")
        step.key, step.subject = key, subject
        return step


Progress = Callable[[str, int, int], None]
"""Called as ``progress(step, done, total)``; ``total`` 0 means that it is not known."""


def quiet(step: str, number: int, total: int) -> None:
    """A :data:`Progress` that says nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class MadeCells:
    """Shapes that `grid` made as the cells of a lattice, each for its row and column.

    Shapes never change: whoever meets the same objects again, in the same table or in a part of it,
    need not look at them to know that they are cells.

    Attributes
    ----------
    shape : "square" or "hexagon"
    row, col : arrays of int
    shapes : array
        Polygons in the same order: kept, so that no other can take the place of one in memory.
    pointers : bytes
        Their addresses.
    ids, ids_at
        Their ids, and where these lie in memory: from :func:`text_at`.
    """

    shape: Literal["square", "hexagon"]
    row: NDArray[np.int64]
    col: NDArray[np.int64]
    shapes: NDArray[np.object_]
    pointers: bytes
    ids: Any
    ids_at: tuple[int, ...] | None

    def positions(self, row: NDArray[np.integer], col: NDArray[np.integer]) -> NDArray[np.int32]:
        """Where the cells of some rows and columns stand; of cells that were not made, the first."""
        low_row, low_col = int(self.row.min()), int(self.col.min())
        high, wide = int(self.row.max()) - low_row + 1, int(self.col.max()) - low_col + 1
        places = np.zeros((high, wide), np.int32)
        places[self.row - low_row, self.col - low_col] = np.arange(len(self.row))
        is_inside = (row >= low_row) & (row < low_row + high)
        is_inside &= (col >= low_col) & (col < low_col + wide)
        return places[np.where(is_inside, row - low_row, 0), np.where(is_inside, col - low_col, 0)]


_MADE_CELLS: Final[dict[int, MadeCells]] = {}
"""What was made, for as long as the table that it was made for keeps its shapes alive."""


def text_at(column: pd.Series) -> tuple[Any, tuple[int, ...] | None]:
    """The text of a column as it lies in memory, and where: text that is there never changes.

    ``None``: the column is not of the kind that lies in one piece.
    """
    if getattr(column.dtype, "storage", "") != "pyarrow":
        return None, None
    text = column.array.__arrow_array__()
    if text.num_chunks != 1:
        return None, None
    chunk = text.chunk(0)
    addresses = [0 if buffer is None else buffer.address for buffer in chunk.buffers()]
    return chunk, (*addresses, chunk.offset, len(chunk))


def note_cells(cells: gpd.GeoDataFrame, shape: Literal["square", "hexagon"]) -> None:
    """Remember that the shapes of a table are the cells of its rows and columns."""
    shapes = np.asarray(cells.geometry.array, dtype=object)
    row, col = (cells[name].to_numpy(np.int64, copy=True) for name in ("row", "col"))
    if len(shapes) and id(shapes) not in _MADE_CELLS:
        _MADE_CELLS[id(shapes)] = MadeCells(
            shape, row, col, shapes.copy(), shapes.tobytes(), *text_at(cells["pu_id"])
        )
        finalize(shapes, _MADE_CELLS.pop, id(shapes), None)


def made_cells() -> list[MadeCells]:
    """The cells that were made and are still there, the newest first."""
    return list(_MADE_CELLS.values())[::-1]
