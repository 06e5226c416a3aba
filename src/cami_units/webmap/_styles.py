"""How things look: status colours, species colours, strokes of evidence. Legend and map read the same.

A style is what Leaflet calls path options, with a legend `shape` beside them. Every class differs
from its neighbours by dash or weight as well as by colour, so that it survives grey print.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

Style = Mapping[str, Any]

STATUS_STYLES: Final[Mapping[str, Style]] = MappingProxyType(
    {
        "modelled candidate": {"color": "#4f565c", "fillColor": "#6b737a", "dashArray": "7 5"},
        "area of interest": {"color": "#1c63b7", "fillColor": "#3f86d8", "dashArray": "2 5"},
        "working-group proposal": {"color": "#c85a00", "fillColor": "#f08a24"},
        "plenary-agreed": {"color": "#8f7400", "fillColor": "#ffd400"},
        "endorsed by range states": {"color": "#1f8a3b", "fillColor": "#3fb75c"},
        "adopted": {"color": "#0b4a23", "fillColor": "#17703a"},
    }
)
"""In the order of a unit's life. Rejected and merged units are not drawn."""

TIER_OPACITY: Final[Mapping[str, float]] = MappingProxyType(
    {"very high": 0.46, "high": 0.32, "moderate": 0.18}
)
"""How strongly a unit is filled: its tier, readable whatever its status."""

TOL_MUTED: Final = (
    "#CC6677",
    "#332288",
    "#999933",
    "#117733",
    "#88CCEE",
    "#882255",
    "#44AA99",
    "#DDCC77",
    "#AA4499",
)
"""Paul Tol's *muted* scheme: nine colours that people with any colour vision tell apart.

References
----------
Tol, P. (2021). Colour schemes. SRON technical note SRON/EPS/TN/09-002, issue 3.2.
"""

CELL_COLOURS: Final = ("#f3e9c6", "#e3cf9b", "#cda866", "#a97a38", "#764d1a")
"""Sand to brown, lightest first: falls steadily in lightness, so grey print keeps the order."""

EVIDENCE_STYLES: Final[Mapping[str, Style]] = MappingProxyType(
    {
        "hotspots": {
            "color": "#8e2a6b",
            "weight": 1.6,
            "dashArray": "1 4",
            "fillColor": "#8e2a6b",
            "fillOpacity": 0.06,
        },
        "protected_areas": {
            "color": "#4f7f52",
            "weight": 0.8,
            "fillColor": "#8dbb8a",
            "fillOpacity": 0.5,
        },
        "corridors": {"color": "#5b2a86", "weight": 2.2, "dashArray": "9 4 2 4"},
        "borders": {"color": "#31404a", "weight": 2.6, "opacity": 0.85},
        "sections": {
            "color": "#31404a",
            "weight": 2.4,
            "opacity": 0.8,
            "fillColor": "#31404a",
            "fillOpacity": 0.02,
        },
    }
)

BARRIER_STYLES: Final[Mapping[str, Style]] = MappingProxyType(
    {
        "border_fence": {"color": "#a3161a", "weight": 2.6, "dashArray": "2 4"},
        "railway": {"color": "#1d1d1d", "weight": 1.8, "dashArray": "10 3"},
        "road": {"color": "#8a5a12", "weight": 2},
        "canal": {"color": "#1d7fa6", "weight": 2},
        "pipeline": {"color": "#6d6d6d", "weight": 1.8, "dashArray": "1 5"},
        "other barrier": {"color": "#6a4040", "weight": 1.6, "dashArray": "5 5"},
    }
)


_OUTLINES: Final = {"#DDCC77": "#96841c", "#88CCEE": "#2b86b5"}
"""The two that are too pale for a line on a projector are drawn darker round the same fill."""


def species_style(place: int) -> Style:
    """The style of the species at a place in the species table: nine colours, solid, then dashed."""
    colour = TOL_MUTED[place % len(TOL_MUTED)]
    outline = _OUTLINES.get(colour, colour)
    style = {"color": outline, "weight": 2.4, "fillColor": colour, "fillOpacity": 0.34}
    return style if place < len(TOL_MUTED) else style | {"dashArray": "8 5", "fillOpacity": 0.24}
