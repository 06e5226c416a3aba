"""The rows of a layer, brought together from all of its files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

import geopandas as gpd
import pandas as pd

from cami_units.layers import _dialects as words
from cami_units.layers._database import SUFFIX, rows_hash
from cami_units.layers._gis_files import Dataset, Kind, Select, datasets, file_hash, found_files
from cami_units.layers._shape_checks import Cleaned, Rules, cleaned
from cami_units.layers._taxa import TaxonRule
from cami_units.model import EQUAL_AREA, INPUT_LAYERS, LAYERS, Problem, check_table, data_dir

Missing = Literal["extant", "refuse"]
Source = Mapping[str, Any]
"""One file: layer, file, sha256, rows, kept, dropped, repaired, bundled, restricted."""

STATES: Final = ("AF", "BT", "CN", "IN", "IR", "KG", "KZ", "MN", "NP", "PK", "RU", "TJ", "TM", "UZ")
"""The fourteen range states of CAMI, the default of the single-layer readers."""

_FURTHER_KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {"conservation_units": "polygon", "context": "every"}
)
"""What else is read with the same care and is no layer of a plan: its geometry."""


def _geometry_of(layer: str) -> Kind:
    return LAYERS[layer].geometry or "any" if layer in LAYERS else _FURTHER_KINDS[layer]


def _title_of(layer: str) -> str:
    """The column that names a row of a layer in messages."""
    return LAYERS[layer].titles[0] if layer in LAYERS else "name_en"


_RESTRICTED: Final = re.compile(r"\biucn\b|red list|birdlife|wdpa|protected planet", re.IGNORECASE)


@dataclass(slots=True)
class Found:
    """What one layer came to: its table, what was said, and one mapping a file."""

    table: Any
    problems: list[Problem] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading any layer needs to know."""

    crs: str = EQUAL_AREA
    states: tuple[str, ...] = STATES
    assumed_crs: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    taxa: Mapping[str, TaxonRule] = field(default_factory=dict)
    presence: tuple[int, ...] = (1, 2)
    origin: tuple[int, ...] = (1, 2, 6)
    seasonal: tuple[int, ...] = (1, 2, 3, 4, 5)
    missing: Missing = "extant"
    max_area_change: float = 0.01
    region: Any = None

    @property
    def codes(self) -> dict[str, tuple[int, ...]]:
        """The IUCN codes that count as range, by column."""
        return {"presence": self.presence, "origin": self.origin, "seasonal": self.seasonal}

    def rules(self, layer: str, *, own: bool) -> Rules:
        """How the shapes of a layer are looked at; bundled layers need no help from the plan."""
        return Rules(
            self.crs,
            self.assumed_crs.get(layer) if own else None,
            self.max_area_change,
            None if layer in ("countries", "disputed") else self.region,
        )


Prepare = Callable[[Dataset, Rules], Cleaned]
Finish = Callable[[gpd.GeoDataFrame], tuple[gpd.GeoDataFrame, list[Problem]]]


def files_of(layer: str, entries: Iterable[Path] | None) -> tuple[list[Path], list[Problem], bool]:
    """The files of a layer, and whether they are the user's own."""
    if entries is None:
        return sorted(data_dir().glob(LAYERS[layer].files)), [], False
    files, problems = found_files(layer, entries)
    return files, problems, True


def _entry(layer: str, path: Path, read: Iterable[Dataset], *, own: bool) -> dict[str, Any]:
    rows = sum(dataset.rows for dataset in read)
    return {
        "layer": layer,
        "file": path.name,
        "sha256": rows_hash([one.table for one in read])
        if path.suffix.casefold() == SUFFIX
        else file_hash(path),
        "rows": rows,
        "kept": 0,
        "dropped": rows,
        "repaired": 0,
        "bundled": not own,
        "restricted": False,
    }


def _is_restricted(layer: str, table: pd.DataFrame) -> bool:
    """Whether a file looks like the Red List's or WDPA's, which may not be passed on."""
    if layer in ("protected_areas", "context") and words.is_wdpa(table):
        return True
    texts = [
        str(value)
        for column in table.columns
        if words.plain(str(column)) in ("citation", "source", "compiler", "sourcedata")
        for value in table[column].dropna().unique()
    ]
    return any(_RESTRICTED.search(text) for text in texts)


def gathered(
    layer: str,
    files: Iterable[Path],
    reading: Reading,
    *,
    own: bool,
    select: Select | None = None,
    prepare: Prepare | None = None,
) -> Found:
    """The cleaned rows of all files of a layer, one after another."""
    kind, title = _geometry_of(layer), _title_of(layer)
    columns = reading.columns.get(layer, {}) if own else {}
    found = Found(None)
    pieces = []
    for path in files:
        read, said = datasets(layer, path, kind, select=select)
        found.problems += said
        if path.exists():
            found.sources.append(_entry(layer, path, read, own=own))
        if not read:
            continue
        spoken = [_in_our_words(dataset, layer, columns) for dataset in read]
        if len(spoken) > 1 and any(not said for _, said in spoken):
            # of the layers of one file, those with the columns that are needed are meant
            for dataset, said in spoken:
                if said:
                    what = "has not the columns of this layer and is passed over"
                    found.problems.append(Problem("note", layer, dataset.name, "", what))
            spoken = [(dataset, said) for dataset, said in spoken if not said]
        entry = found.sources[-1]
        for dataset, said in spoken:
            found.problems += said
            entry["restricted"] |= own and _is_restricted(layer, dataset.table)
            if said:
                continue
            if not dataset.rows:
                what, cure = "the file has no rows", "Give a file with rows, or [] for no layer."
                found.problems.append(Problem("refuses", layer, dataset.name, "", what, cure))
                continue
            rules = reading.rules(layer, own=own)
            clean = (
                prepare(dataset, rules) if prepare else cleaned(dataset, layer, kind, title, rules)
            )
            found.problems += clean.problems
            entry["repaired"] += clean.repaired
            pieces.append(clean.table.assign(_file=entry["sha256"]))
    filled = [piece for piece in pieces if len(piece)]
    if filled:
        found.table = gpd.GeoDataFrame(
            pd.concat([piece.astype(object) for piece in filled], ignore_index=True),
            geometry="geometry",
            crs=reading.crs,
        ).infer_objects()
    return found


def _in_our_words(
    dataset: Dataset, layer: str, columns: Mapping[str, str]
) -> tuple[Dataset, list[Problem]]:
    table, problems = words.in_our_words(dataset.table, layer, dataset.name, columns)
    spoken = gpd.GeoDataFrame(table, geometry=dataset.table.geometry, crs=dataset.table.crs)
    return replace(dataset, table=spoken), problems


def counted(found: Found) -> Found:
    """The counts of what was kept of each file, now that the table is finished."""
    kept = {} if found.table is None else found.table["_file"].value_counts().to_dict()
    for entry in found.sources:
        entry["kept"] = int(kept.get(entry["sha256"], 0))
        entry["dropped"] = entry["rows"] - entry["kept"]
    return found


def whole_layer(
    layer: str,
    entries: Iterable[Path] | None,
    reading: Reading,
    finish: Finish,
    *,
    select: Select | None = None,
) -> Found:
    """A whole layer from its files: read, cleaned, finished, checked."""
    files, problems, own = files_of(layer, entries)
    found = gathered(layer, files, reading, own=own, select=select)
    found.problems = problems + found.problems
    if found.table is not None:
        counted(found)
        found.table, said = finish(found.table)
        found.problems += said
    if found.table is None or not len(found.table):
        found.table = None
        if files and not any(one.level == "refuses" for one in found.problems):
            what = "no row of its files is left"
            cure = "Look at what was left out above, or give [] for no layer."
            found.problems.append(Problem("refuses", layer, "", "", what, cure))
    else:
        found.table = found.table.drop(columns="_file", errors="ignore")
        check_table(found.table, layer, crs=reading.crs)
    return found


def input_hashes(sources: Mapping[str, Sequence[Path] | None]) -> dict[str, list[list[str]]]:
    """Name and SHA-256 of every file of every layer, in the order in which they are read.

    `sources` is as in :func:`read_layers`: a layer that is ``None`` or left out is the bundled one.
    """
    found = {}
    for layer in INPUT_LAYERS:
        files, problems, own = files_of(layer, sources.get(layer))
        told = [[path.name, file_hash(path)] for path in files if path.exists()]
        found[layer] = [["own" if own else "bundled", ""], *told, *[[p.what, ""] for p in problems]]
    return found
