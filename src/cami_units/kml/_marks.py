"""Small values between tables and XML: marks in folders, and what every layer needs for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from cami_units.kml._styles import Look
from cami_units.kml._written_shapes import as_written
from cami_units.scene import label_place

Profile = Literal["earth-pro", "earth-web"]
Bounds = tuple[float, float, float, float]
"""West, south, east, north, in degrees."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One placemark: a single geometry (of lines: many), longitude and latitude, ready to write.

    `snippet` is the line below its name in the tree of Google Earth.
    """

    name: str
    geometry: BaseGeometry
    look: str
    id: str
    data: tuple[tuple[str, str], ...] = ()
    visible: bool = True
    view: Bounds | None = None
    description: str = ""
    snippet: str = ""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder: its marks and folders in order. `radio`: one of its folders at a time."""

    name: str
    marks: tuple[Mark, ...] = ()
    folders: tuple[Folder, ...] = ()
    visible: bool = True
    open: bool = False
    radio: bool = False


@dataclass(frozen=True, slots=True)
class Contents:
    """A whole file: folders, the looks they use, the order of the tour, what was left out.

    `unit_looks` are those of units for each kind of Google Earth, whose balloons differ.
    """

    title: str
    about: str
    folders: tuple[Folder, ...]
    looks: Mapping[str, Look]
    unit_looks: Mapping[str, Mapping[str, Look]]
    tour: tuple[Mark, ...]
    view: Bounds | None
    labels: Mapping[str, str]
    dropped: Mapping[str, int] = field(default_factory=dict)


_EARTH_KEYS: Final = {
    "comment": "how_to",
    "group": "working_group",
    "of": "of_unit",
    "rank": "unit_rank",
    "value": "amount",
}


def earth_key(name: str) -> str:
    """What a column or field is called in the data of a KMZ.

    Where SQL reserves its name it has another: GRASS stops at a column `group`, and GIS programs
    take `comment` for something that somebody typed. Files with the old names are read for ever.
    """
    return _EARTH_KEYS.get(name, name)


def marks(folders: Iterable[Folder]) -> list[Mark]:
    """Every mark of these folders and the folders in them."""
    found: list[Mark] = []
    for folder in folders:
        found += folder.marks
        found += marks(folder.folders)
    return found


def rows(table: pd.DataFrame, key: str) -> list[dict[str, Any]]:
    """The rows of a table with a geometry, in the order of their key."""
    kept = table[~(table.geometry.isna() | table.geometry.is_empty)]
    ordered = kept.iloc[np.argsort(kept[key].astype(str).to_numpy(), kind="stable")]
    names = [str(column) for column in ordered.columns]
    return [
        dict(zip(names, row, strict=True)) for row in ordered.itertuples(index=False, name=None)
    ]


def known_species(species: pd.DataFrame | None) -> dict[str, dict[str, Any]]:
    if species is None:
        return {}
    return {
        str(row["sci_name"]): {str(key): value for key, value in row.items()}
        for row in species.to_dict("records")
    }


def truth(value: Any) -> bool:
    return str(value).strip().lower() in ("yes", "true", "1", "1.0")


def label_point(geometry: BaseGeometry) -> BaseGeometry:
    """Where its name stands, as it is written."""
    return as_written(label_place(geometry))


def bounds(geometries: Sequence[BaseGeometry]) -> Bounds | None:
    if not geometries:
        return None
    west, south, east, north = (float(edge) for edge in shapely.total_bounds(list(geometries)))
    return west, south, east, north
