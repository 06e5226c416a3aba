"""How things look on paper: each class by its pattern as well as by its colour, so that grey print keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from cami_units import palette


@dataclass(frozen=True, slots=True)
class Look:
    """A line (width and dashes in points) and a fill; an empty colour is not drawn."""

    line: str = ""
    width: float = 1.0
    dashes: tuple[float, ...] = ()
    fill: str = ""
    opacity: float = 1.0


_PATTERNS: Final[Mapping[str, tuple[float, tuple[float, ...]]]] = MappingProxyType(
    {
        "modelled candidate": (1.3, (5.0, 2.5)),
        "area of interest": (1.3, (1.5, 2.5)),
        "working-group proposal": (1.8, ()),
        "plenary-agreed": (2.4, ()),
        "endorsed by range states": (2.4, (9.0, 2.0)),
        "adopted": (3.0, ()),
    }
)
TIER_OPACITY: Final[Mapping[str, float]] = MappingProxyType(
    {"very high": 0.42, "high": 0.28, "moderate": 0.15}
)
"""How strongly a unit is filled, readable whatever its status; another profile's tiers: the middle."""


def unit_look(status: str, tier: str = "high") -> Look:
    """How a unit of this status and tier is drawn; an unknown status is drawn as a candidate."""
    known = status if status in _PATTERNS else "modelled candidate"
    width, dashes = _PATTERNS[known]
    colour = palette.STATUS[known]
    return Look(colour, width, dashes, colour, TIER_OPACITY.get(tier, TIER_OPACITY["high"]))


def faint(look: Look) -> Look:
    """A look for what is only context here."""
    return replace(look, width=look.width * 0.7, opacity=look.opacity * 0.4)


LOOKS: Final[Mapping[str, Look]] = MappingProxyType(
    {
        "land": Look("#a8b5bb", 0.4, (), palette.LAND),
        "countries": Look(palette.EVIDENCE["borders"], 0.7, (4.0, 2.0)),
        "disputed": Look(palette.EVIDENCE["borders"], 0.9, (1.0, 1.8)),
        "protected_areas": Look("", 0.0, (), palette.EVIDENCE["protected_areas"], 0.75),
        "hotspots": Look(palette.EVIDENCE["hotspots"], 1.0, (1.0, 1.6)),
        "corridors": Look(palette.EVIDENCE["corridors"], 1.3, (7.0, 2.0, 1.5, 2.0)),
        "sections": Look(palette.EVIDENCE["sections"], 1.6, (14.0, 3.0)),
        "graticule": Look("#b9c6cc", 0.3),
    }
)

BARRIERS: Final[Mapping[str, Look]] = MappingProxyType(
    {
        "border_fence": Look(palette.EVIDENCE["barriers"], 1.8, (1.2, 1.2)),
        "railway": Look(palette.EVIDENCE["barriers"], 1.0, (6.0, 1.5)),
        "road": Look(palette.EVIDENCE["barriers"], 0.9),
        "canal": Look(palette.EVIDENCE["barriers"], 1.5, (10.0, 1.5, 2.0, 1.5, 2.0, 1.5)),
        "pipeline": Look(palette.EVIDENCE["barriers"], 0.8, (1.0, 3.0)),
        "other barrier": Look(palette.EVIDENCE["barriers"], 0.8, (3.0, 3.0)),
    }
)


def barrier_kind(kind: object) -> str:
    """A kind of barrier that has a look of its own, or "other barrier"."""
    return str(kind) if kind in BARRIERS else "other barrier"
