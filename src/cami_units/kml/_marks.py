"""Small values between tables and XML: marks in folders, how they look, and what every layer needs.

KML has no dashed lines. The second nine species are therefore outlines of double width, and
disputed lines are cut into short pieces (:func:`cami_units.kml._written_shapes.dashes`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from cami_units import palette
from cami_units.kml._written_shapes import as_written
from cami_units.model import EVIDENCE_LAYERS, LAYERS, records
from cami_units.scene import label_place

Profile = Literal["earth-pro", "earth-web"]
Bounds = tuple[float, float, float, float]
"""West, south, east, north, in degrees."""

LEGEND: Final = "files/legend.png"
"""Where the picture of the legend lies in a KMZ."""

RELIEFS: Final = ("files/relief.jpg", "files/relief_beyond.jpg")
"""Where the relief lies in a KMZ, on either side of 180°; by its name the reader knows our own again."""

SHOWN_LAYERS: Final = frozenset(
    {*LAYERS, "about", "before", "border_pairs", "labels", "neighbours", "water"}
)
"""What our files say under `layer` of marks that nobody is asked to edit; context layers beside."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One placemark: a single geometry (of lines: many), longitude and latitude, ready to write.

    `snippet` is the line below its name in the tree of Google Earth, `days` the first and the last
    of its season: it is drawn while the time slider stands between them, in Google Earth Pro.
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
    days: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A part of a document as text; as it is packed, where it was packed before; the ids in it.

    `shared`: other documents have the same one.
    """

    text: bytes
    deflated: bytes = b""
    ids: frozenset[str] = frozenset()
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder: its marks and folders in order. `radio`: one of its folders at a time.

    `written` is what else is in it, as texts, for each kind of Google Earth. `near`: its marks are
    drawn only where they are larger than a speck on the screen, in Google Earth Pro, which alone
    knows regions. `shared`: every file of a pack has the same marks, which are written once for all.
    """

    name: str
    marks: tuple[Mark, ...] = ()
    folders: tuple[Folder, ...] = ()
    visible: bool = True
    open: bool = False
    radio: bool = False
    near: bool = False
    shared: bool = False
    written: Mapping[Profile, tuple[Written, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )


@dataclass(frozen=True, slots=True)
class Sign:
    """One line of the legend: a look, what it stands for, and whether it is drawn as a line."""

    look: Look
    label: str
    is_line: bool = False


@dataclass(frozen=True, slots=True)
class Contents:
    """A whole file: folders, the looks they use, the order of the tour, what was left out.

    `unit_looks` are those of units for each kind of Google Earth, whose balloons differ. `legend`
    are its lines, species aside; `features` and `vertices` those of what the folders hold as text;
    `grounds` are the frames of the relief below.
    """

    title: str
    about: str
    folders: tuple[Folder, ...]
    looks: Mapping[str, Look]
    unit_looks: Mapping[Profile, Mapping[str, Look]]
    tour: tuple[Mark, ...]
    view: Bounds | None
    labels: Mapping[str, str]
    grounds: tuple[Bounds, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)
    legend: tuple[Sign, ...] = ()
    features: int = 0
    vertices: int = 0


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
    all_marks: list[Mark] = []
    for folder in folders:
        all_marks += folder.marks
        all_marks += marks(folder.folders)
    return all_marks


def rows(table: gpd.GeoDataFrame, key: str) -> list[dict[str, Any]]:
    """The rows of a table with a geometry, in the order of their key."""
    if table.active_geometry_name != "geometry":
        table = table.rename_geometry("geometry")
    shapes = np.asarray(table.geometry.array, dtype=object)
    is_there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    # rows and not tables are put in order: a new table of each layer took longer than its marks
    kept = [row for row, there in zip(records(table), is_there.tolist(), strict=True) if there]
    return sorted(kept, key=lambda row: str(row[key]))


def known_species(species: pd.DataFrame | None) -> dict[str, dict[str, Any]]:
    """The rows of the species table by scientific name."""
    if species is None:
        return {}
    return {str(row["sci_name"]): row for row in records(species)}


def label_point(geometry: BaseGeometry) -> BaseGeometry:
    """Where its name stands, as it is written."""
    return as_written(label_place(geometry))


# -- looks ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """A style: `line` and `fill` are ``rrggbb``, `opacity` of the fill is 0–1, widths are pixels.

    `label` is the scale of the text, 0 for none. `hover` is the width under the mouse; 0 means
    that nothing changes there.
    """

    line: str = "ffffff"
    width: float = 1.5
    fill: str = ""
    opacity: float = 0.0
    label: float = 0.0
    hover: float = 0.0
    balloon: str = ""
    radio: bool = False


def _bare(colour: str) -> str:
    """``#rrggbb`` as ``rrggbb``."""
    return colour.removeprefix("#").lower()


_EVIDENCE: Final = {layer: _bare(colour) for layer, colour in palette.EVIDENCE.items()}
_SIGNS: Final = {LAYERS[name].sign: colour for name, colour in _EVIDENCE.items() if name in LAYERS}
WHITE: Final = _bare(palette.CASING)
INK: Final = _bare(palette.EVIDENCE["borders"])
"""Borders and sections are ink, dark on paper: over imagery their ink is white."""

BARRIER_WIDTHS: Final[Mapping[str, float]] = MappingProxyType(
    {"border_fence": 4.0, "railway": 3.0, "road": 2.2, "canal": 3.5, "pipeline": 1.6}
)
"""KML has no dashes: kinds of barrier share a colour and differ by width, and by their folder."""
# As a road: what nobody named is neither hidden nor louder than a fence.
OTHER_BARRIER: Final = 2.2

_NEW_LAYERS: Final = tuple(
    name for name in EVIDENCE_LAYERS if not LAYERS[name].sign and not LAYERS[name].by_kind
)
"""Layers without a sign of their own."""

# Widths are pixels of Google Earth. What people choose between (units, pairs) is wide, what lies
# behind (states, places) thin; `hover` is the width under the pointer, wider by about two.
LOOKS: Final[MappingProxyType[str, Look]] = MappingProxyType(
    {
        "about": Look(label=0.9),
        "border": Look(WHITE, 1.2),
        "border-pair": Look(WHITE, 3.0, hover=5.0),
        "corridor": Look(_SIGNS["corridor"], 3.0, hover=5.0),
        # the globe draws no dashes: steps of a sensitive species are told by their width
        "coarse-corridor": Look(_SIGNS["corridor"], 5.5, hover=7.5),
        "country-label": Look(label=0.8),
        "disputed": Look(WHITE, 2.0),
        "hotspot": Look(_EVIDENCE["hotspots"], 2.0, _EVIDENCE["hotspots"], 0.12, hover=4.0),
        "place": Look(label=0.7),
        "protected": Look(
            _EVIDENCE["protected_areas"], 1.5, _EVIDENCE["protected_areas"], 0.30, hover=3.0
        ),
        "radio": Look(radio=True),
        "water": Look(_bare(palette.RIVER), 1.6),
        "remark": Look(_bare(palette.SPECIES[8]), 3.0, label=0.9, hover=5.0),
        "section": Look(WHITE, 2.5, hover=4.0),
        "unit-label": Look(label=1.1),
    }
    # a layer that is new here has its colour, and the line of a hotspot
    | {layer: Look(_EVIDENCE[layer], 2.0, hover=4.0) for layer in _NEW_LAYERS}
)

LAYER_LOOKS: Final[Mapping[str, str]] = MappingProxyType(
    dict(zip(_NEW_LAYERS, _NEW_LAYERS, strict=True))
    | {name: layer.sign for name, layer in LAYERS.items() if layer.sign and not layer.by_kind}
    | {"coarse corridors": "coarse-corridor"}
)
"""The looks of the layers of which each row is drawn alike, and of what is made coarse in one."""


def status_look(status: str, balloon: str) -> Look:
    """How a unit of this status is drawn; a status unknown here is drawn as a candidate."""
    colour = _bare(palette.ANY_STATUS.get(status, palette.STATUS["modelled candidate"]))
    # White carries the outline over any imagery; the fill says the status.
    return Look(WHITE, 3.0, colour, 0.45, hover=5.0, balloon=balloon)


def range_look(place: int) -> Look:
    """How the species at this place of the species table is drawn: nine filled, nine as outlines."""
    look = palette.species_look(place)
    line = _bare(look.line)
    if not look.dashes:
        # A range in one colour is filled a third, so that imagery and a second range still show
        # through.
        return Look(line, 1.5, _bare(look.fill), 0.35, label=0.9, hover=3.0)
    # A dashed species has no fill to be seen by: its line is twice as wide.
    return Look(line, 3.0, label=0.9, hover=5.0)


def barrier_look(kind: str) -> Look:
    """How a barrier of this kind is drawn."""
    width = BARRIER_WIDTHS.get(kind, OTHER_BARRIER)
    return Look(_EVIDENCE["barriers"], width, hover=width + 2.0)


def context_look(place: int) -> Look:
    """How the context layer at this place of the list is drawn: four colours, thin and thick lines."""
    colour = _bare(palette.context_look(place).line)
    # Beyond four layers the colours begin again, with a line one pixel wider each time round.
    return Look(colour, 1.4 + place // len(palette.CONTEXT), colour, 0.35, hover=3.5)


def kml_colour(rgb: str, opacity: float = 1.0) -> str:
    """``rrggbb`` and an opacity as KML's ``aabbggrr``.

    Examples
    --------
    >>> kml_colour("e69f00", 0.5)
    '80009fe6'
    """
    # KML writes a colour backwards: opacity, blue, green, red.
    return f"{round(opacity * 255):02x}{rgb[4:6]}{rgb[2:4]}{rgb[0:2]}"
