"""How things look in Google Earth: colours, line widths, and which of them are drawn filled.

KML has no dashed lines. The second nine species are therefore outlines of double width, and
disputed lines are cut into short pieces (:func:`cami_units.kml._shape.dashes`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


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


MUTED: Final = (
    "cc6677",
    "332288",
    "ddcc77",
    "117733",
    "88ccee",
    "882255",
    "44aa99",
    "999933",
    "aa4499",
)
"""Paul Tol's muted scheme: nine colours that colour-blind readers can tell apart."""

STATUS_COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "modelled candidate": "999999",
        "area of interest": "0072b2",
        "working-group proposal": "e69f00",
        "plenary-agreed": "f0e442",
        "endorsed by range states": "009e73",
        "adopted": "00542f",
        "rejected": "cccccc",
        "merged": "cccccc",
    }
)
HIDDEN_STATUSES: Final = frozenset({"rejected", "merged"})

BARRIER_COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "border_fence": "d55e00",
        "railway": "222222",
        "road": "7f4f24",
        "canal": "56b4e9",
        "pipeline": "8a6fb0",
    }
)
OTHER_BARRIER: Final = "666666"

LOOKS: Final[MappingProxyType[str, Look]] = MappingProxyType(
    {
        "about": Look(label=0.9),
        "border": Look("e8e8e8", 1.2),
        "corridor": Look("f781bf", 3.0, hover=5.0),
        "country-label": Look(label=0.8),
        "disputed": Look("e8e8e8", 2.0),
        "hotspot": Look("f5c710", 2.0, "f5c710", 0.12, hover=4.0),
        "place": Look(label=0.7),
        "protected": Look("2e7d32", 1.2, "66bb6a", 0.30, hover=3.0),
        "radio": Look(radio=True),
        "section": Look("ffffff", 2.5, hover=4.0),
        "unit-label": Look(label=1.1),
    }
)


def status_look(status: str, balloon: str) -> Look:
    """How a unit of this status is drawn; a status unknown here is drawn as a candidate."""
    colour = STATUS_COLOURS.get(status, STATUS_COLOURS["modelled candidate"])
    return Look(colour, 2.5, colour, 0.30, hover=4.5, balloon=balloon)


def range_look(place: int) -> Look:
    """How the species at this place of the list is drawn: nine filled, then nine as outlines."""
    colour = MUTED[place % len(MUTED)]
    if place // len(MUTED) % 2 == 0:
        return Look(colour, 1.5, colour, 0.35, label=0.9, hover=3.0)
    return Look(colour, 3.0, label=0.9, hover=5.0)


def barrier_look(kind: str) -> Look:
    """How a barrier of this kind is drawn."""
    return Look(BARRIER_COLOURS.get(kind, OTHER_BARRIER), 3.0, hover=5.0)


def kml_colour(rgb: str, opacity: float = 1.0) -> str:
    """``rrggbb`` and an opacity as KML's ``aabbggrr``.

    Examples
    --------
    >>> kml_colour("e69f00", 0.5)
    '80009fe6'
    """
    return f"{round(opacity * 255):02x}{rgb[4:6]}{rgb[2:4]}{rgb[0:2]}"
