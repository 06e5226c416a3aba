"""The values that reading passes along: how a layer is read, a file as it stands, what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final, Literal

import geopandas as gpd

from cami_units.layers._taxa import TaxonRule
from cami_units.model import (
    EQUAL_AREA,
    KEPT_CODES,
    RANGE_STATES,
    InputError,
    Note,
    Problem,
    in_short,
)

Missing = Literal["extant", "refuse"]
"""What blank codes of a range mean: extant, native, resident; or that the file is refused."""

Source = Mapping[str, Any]
"""One file: layer, file, sha256, rows, kept, dropped, repaired, bundled, restricted."""

STATES: Final = tuple(sorted(RANGE_STATES))
"""The fourteen range states of CAMI, the default of the single-layer readers."""


@dataclass(frozen=True, slots=True)
class FileRules:
    """How one file is read and its shapes are looked at.

    Attributes
    ----------
    crs
        The equal-area CRS that its shapes are projected to.
    assumed_crs
        The CRS of a file that does not say its own, or cannot be in the one it says.
    columns
        Column names, ours → theirs: of the file, else of its layer.
    columns_of_file
        Which of these the plan says of the file itself: it must have them.
    constants
        What a column holds in every row of the file, whether it is there or not.
    defaults
        What a column holds in every row of a file that lacks it.
    encoding
        The encoding of its texts, where it does not say it.
    plan_key
        What the file is called in a plan: advice that names it can be pasted.
    max_area_change
        The largest share of a shape that a repair may leave contested.
    region
        The range states in `crs`; ``None``: anywhere will do.
    is_own
        Whether the user brought it; bundled files need no help from a plan.
    is_restricted
        Whether the plan says that it may not be passed on.
    """

    crs: str = EQUAL_AREA
    assumed_crs: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    columns_of_file: frozenset[str] = frozenset()
    constants: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str | float] = field(default_factory=dict)
    encoding: str | None = None
    plan_key: str = ""
    max_area_change: float = 0.01
    region: Any = None
    is_own: bool = True
    is_restricted: bool = False


@dataclass(frozen=True, slots=True)
class FixRules:
    """How positions of an animal become tracks, and what these are worth.

    Attributes
    ----------
    gap_hours
        Longer without a position, and nobody knows the way: the track ends and begins anew.
    # As fast as a gazelle runs for a minute; over hours nothing does. What is left are slips of the
    # receiver.
    max_kmh
        Faster than this both to and from a position, and the position is a mistake.
    years, grade, older_grade
        The grade of movement seen within so many years of the plan's date, and of older.
    """

    # Two days: collars that send daily miss a fix now and then; what an animal did in a longer gap
    # is unknown.
    gap_hours: float = 48.0
    # Faster than a gazelle runs, and over hours far faster: what is left are slips of the receiver.
    max_kmh: float = 80.0
    # As long as the records of C9 count as recent: a crossing older than that may have been fenced
    # since.
    years: float = 10.0
    grade: str = "A"
    older_grade: str = "C"


_RASTER_RULE: Final = frozenset({"at_least", "whole_at"})
"""What says how the cells of a raster count."""

FILE_NAME: Final = "file name"
"""What stands for the species where the name of the file says it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the layers of a plan are read.

    Attributes
    ----------
    states
        Range states by ISO 3166 alpha-2 code.
    sources
        Layer → files, folders, zips or patterns; ``None`` or left out: the bundled layer; empty:
        no such layer.
    crs
        The equal-area CRS of everything that comes back.
    assumed_crs
        Layer or file → CRS of files that do not say theirs, or cannot be in the one they say.
    columns
        Layer or file → column names, ours → theirs, where they are not the usual ones.
    defaults
        Layer or file → column → what it holds in files that lack it.
    species
        File, or a pattern of files → the species of all of its rows, or "file name".
    encodings
        File → the encoding of its texts.
    restricted
        Layers that may not be passed on.
    folder
        The folder of the plan: files are named from there.
    taxa
        By CAMI taxon: how a polygon of the whole species may stand for it.
    presence, origin, seasonal
        The IUCN codes that count as range.
    missing
        What blank codes mean: "extant" (1, 1, 1, said aloud) or "refuse".
    max_area_change
        The largest share of a shape that a repair may leave contested; more is refused.
    region
        The range states in `crs`: what lies wholly elsewhere has the wrong CRS.
    date
        The plan's, ISO 8601: records of later days are none, and ages are counted from it.
    max_uncertainty_m
        How uncertain the place of a record may be.
    record_km
        Species → how far around its records its range is let reach; empty: records are no ranges.
    fixes
        How positions of tracked animals become tracks.

    Examples
    --------
    Hotspots from a file, no barriers at all, everything else as bundled.

    >>> import cami_units as cu
    >>> from pathlib import Path
    >>> cu.Reading(sources={"hotspots": [Path("areas.kml")], "barriers": []}).files_of("barriers")
    []
    """

    states: tuple[str, ...] = STATES
    sources: Mapping[str, Sequence[Path] | None] = field(default_factory=dict)
    crs: str = EQUAL_AREA
    assumed_crs: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    defaults: Mapping[str, Mapping[str, str | float]] = field(default_factory=dict)
    species: Mapping[str, str] = field(default_factory=dict)
    encodings: Mapping[str, str] = field(default_factory=dict)
    restricted: tuple[str, ...] = ()
    folder: Path | None = None
    taxa: Mapping[str, TaxonRule] = field(default_factory=dict)
    presence: tuple[int, ...] = KEPT_CODES["presence"]
    origin: tuple[int, ...] = KEPT_CODES["origin"]
    seasonal: tuple[int, ...] = KEPT_CODES["seasonal"]
    missing: Missing = "extant"
    max_area_change: float = 0.01
    region: Any = None
    date: str = "9999-12-31"
    # Half a cell of 25 km: a less certain record cannot be said to lie in its cell.
    max_uncertainty_m: float = 12_500.0
    record_km: Mapping[str, float] = field(default_factory=dict)
    fixes: FixRules = FixRules()

    @property
    def codes(self) -> dict[str, tuple[int, ...]]:
        """The IUCN codes that count as range, by column."""
        return {"presence": self.presence, "origin": self.origin, "seasonal": self.seasonal}

    def files_of(self, layer: str) -> list[Path] | None:
        """What the plan names for a layer; ``None``: the bundled files."""
        entries = self.sources.get(layer)
        return None if entries is None else [Path(entry) for entry in entries]

    def rules(self, layer: str, path: Path, *, is_own: bool) -> FileRules:
        """How a file of a layer is read."""
        # states far away are in every layer of countries: nothing is wrong with their CRS
        region = None if layer in ("countries", "disputed") else self.region
        if not is_own:  # the bundled files are of the whole region, whatever part a plan studies
            return FileRules(self.crs, max_area_change=self.max_area_change, is_own=False)
        species = self._of_file(self.species, path)
        of_layer, of_file = self.defaults.get(layer, {}), self._of_file(self.defaults, path) or {}
        if _RASTER_RULE & set(of_file):  # one rule: half of another would change what it means
            of_layer = {key: value for key, value in of_layer.items() if key not in _RASTER_RULE}
        defaults = {**of_layer, **of_file}
        columns_of_file = self._of_file(self.columns, path) or {}
        if species == FILE_NAME:  # only for files that do not say it themselves
            defaults = {"sci_name": " ".join(path.stem.replace("_", " ").split()), **defaults}
            species = None
        return FileRules(
            crs=self.crs,
            assumed_crs=self._of_file(self.assumed_crs, path) or self.assumed_crs.get(layer),
            columns={**self.columns.get(layer, {}), **columns_of_file},
            columns_of_file=frozenset(columns_of_file),
            constants={"sci_name": species} if species else {},
            defaults=defaults,
            encoding=self._of_file(self.encodings, path),
            plan_key=self._plan_key(path),
            max_area_change=self.max_area_change,
            region=region,
            is_restricted=layer in self.restricted,
        )

    def _of_file(self, keys: Mapping[str, Any], path: Path) -> Any:
        """What a plan says of a file, by its path or by a pattern; ``None``: nothing."""
        name = self._plan_key(path)
        return keys.get(name) or next(
            (value for key, value in keys.items() if fnmatchcase(name, key)), None
        )

    def _plan_key(self, path: Path) -> str:
        """The path of a file as a plan names it: from the plan's folder, with slashes."""
        if self.folder is not None and path.is_relative_to(self.folder):
            return path.relative_to(self.folder).as_posix()
        return path.as_posix()


class AdvisedError(InputError):
    """A file at fault of which it is known what helps, with lines for a plan that do it, if any do."""

    def __init__(self, what: Note, advice: str, lines: str = "") -> None:
        super().__init__(Note("what and advice", {"what": what, "advice": Note(advice)}))
        self.lines = lines


@dataclass(frozen=True, slots=True)
class Dataset:
    """One layer of one file, as it stands there, less the rows that are none of our business.

    `table` keeps the file's own column names; its index counts the rows of the file from 1.
    `rows` is how many there are in the file. `unclosed` are the rows whose rings do not end where
    they began (they were closed in reading). A table of points lies in degrees, whatever its file holds.
    """

    file: str
    part: str
    table: gpd.GeoDataFrame
    rows: int
    unclosed: tuple[int, ...] = ()
    is_point_table: bool = False

    @property
    def name(self) -> str:
        """The file, and the layer in it where there are several."""
        return f"{self.file}: {self.part}" if self.part else self.file


@dataclass(frozen=True, slots=True)
class LayerRead:
    """What reading came to: a table (or a raster), what was noticed, one mapping a file.

    `table` is ``None`` where nothing is left; `repaired` counts the shapes that were mended.
    """

    table: Any
    problems: tuple[Problem, ...] = ()
    sources: tuple[Mapping[str, Any], ...] = ()
    repaired: int = 0

    @property
    def is_refused(self) -> bool:
        """Whether anything must be mended first."""
        return any(problem.level == "refuses" for problem in self.problems)


def names_in_short(names: Iterable[str]) -> str | Note:
    """The first few names of a file; of rows that have none it is said."""
    return in_short(name or Note("no name") for name in names)


@dataclass(frozen=True, slots=True, order=True)
class RowOfFile:
    """A row by its number in one of several files."""

    number: int
    file: str

    def __str__(self) -> str:
        return f"{self.number}, {self.file}"


def rows_in_short(rows: Iterable[object], names: Iterable[object] = ()) -> str | Note:
    """The first few rows of a file, each by its name where it has one."""

    def row_note(row_and_name: tuple[object, object]) -> Note:
        """A row of a file, by its name where that is a text."""
        row, name = row_and_name
        is_named = isinstance(name, str) and name != ""
        facts = {"row": str(row), "name": name if is_named else ""}
        if isinstance(row, RowOfFile):
            facts |= {"row": str(row.number), "file": row.file}
            return Note("named row of file" if is_named else "row of file", facts)
        return Note("named row" if is_named else "row", facts)

    return in_short(zip_longest(rows, names), note_of=row_note)
