"""How things look: status colours, species colours, strokes of evidence. Legend and map read the same.

A style is what Leaflet calls path options, with a legend `shape` beside them. Every class differs
from its neighbours by dash or weight as well as by colour, so that it survives grey print.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from cami_units import palette

Style = Mapping[str, Any]

CELL_COLOURS: Final = palette.CELLS

_STATUS_PATTERNS: Final[tuple[Style, ...]] = (
    {"dashArray": "7 5"},
    {"dashArray": "2 5"},
    {},
    {"weight": 3.2},
    {"weight": 3.2, "dashArray": "12 3"},
    {"weight": 4},
)
STATUS_STYLES: Final[Mapping[str, Style]] = MappingProxyType(
    {
        status: {"color": colour, "fillColor": colour, **pattern}
        for (status, colour), pattern in zip(palette.STATUS.items(), _STATUS_PATTERNS, strict=True)
    }
)
"""In the order of a unit's life. Rejected and merged units are not drawn."""

TIER_OPACITY: Final[Mapping[str, float]] = MappingProxyType(
    {"very high": 0.46, "high": 0.32, "moderate": 0.18}
)
"""How strongly a unit is filled: its tier, readable whatever its status."""

_EVIDENCE: Final = palette.EVIDENCE

EVIDENCE_STYLES: Final[Mapping[str, Style]] = MappingProxyType(
    {
        "hotspots": {
            "color": _EVIDENCE["hotspots"],
            "weight": 1.8,
            "dashArray": "1 4",
            "fillColor": _EVIDENCE["hotspots"],
            "fillOpacity": 0.06,
        },
        "protected_areas": {
            "color": _EVIDENCE["protected_areas"],
            "weight": 1.2,
            "fillColor": _EVIDENCE["protected_areas"],
            "fillOpacity": 0.75,
        },
        "remarks": {
            "color": "#1b1b1b",
            "weight": 1.5,
            "fillColor": "#ffffff",
            "fillOpacity": 0.9,
        },
        "corridors": {"color": _EVIDENCE["corridors"], "weight": 2.2, "dashArray": "9 4 2 4"},
        "borders": {"color": _EVIDENCE["borders"], "weight": 2.8, "opacity": 0.7},
        "sections": {
            "color": _EVIDENCE["sections"],
            "weight": 2.4,
            "opacity": 0.8,
            "dashArray": "16 4",
            "fillColor": _EVIDENCE["sections"],
            "fillOpacity": 0.02,
        },
    }
)

_BARRIER_PATTERNS: Final[Mapping[str, Style]] = {
    "border_fence": {"weight": 2.8, "dashArray": "2 4"},
    "railway": {"weight": 1.8, "dashArray": "10 3"},
    "road": {"weight": 1.6},
    "canal": {"weight": 2.2, "dashArray": "12 3 2 3 2 3"},
    "pipeline": {"weight": 1.6, "dashArray": "1 5"},
    "other barrier": {"weight": 1.6, "dashArray": "5 5"},
}
BARRIER_STYLES: Final[Mapping[str, Style]] = MappingProxyType(
    {
        kind: {"color": _EVIDENCE["barriers"], **pattern}
        for kind, pattern in _BARRIER_PATTERNS.items()
    }
)
"""One colour for all barriers; the pattern of the line says which kind it is."""


def context_style(place: int, *, is_line: bool) -> Style:
    """The style of the context layer at a place of the list: four colours, then the same dashed."""
    colour = palette.CONTEXT[place % len(palette.CONTEXT)]
    style: dict[str, Any] = {"color": colour, "weight": 2.0 if is_line else 1.2, "line": is_line}
    if not is_line:
        style |= {"fillColor": colour, "fillOpacity": 0.3}
    return style if place < len(palette.CONTEXT) else style | {"dashArray": "3 3"}


def species_style(place: int) -> Style:
    """The style of the species at a place in the species table: nine colours, solid, then dashed."""
    colour = palette.SPECIES[place % len(palette.SPECIES)]
    line = palette.SPECIES_LINES[place % len(palette.SPECIES)]
    style = {"color": line, "weight": 2.4, "fillColor": colour, "fillOpacity": 0.34}
    return (
        style if place < len(palette.SPECIES) else style | {"dashArray": "8 5", "fillOpacity": 0.24}
    )
