"""The looks of `palette` on paper, which is looked at from closer than a screen: in points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from cami_units import palette
from cami_units.palette import Look, scaled

_PAPER: Final = 0.6
"""Points of paper for a pixel of screen: a line of 2.2 px is 1.3 pt on a sheet of A4."""


def unit_look(status: str, tier: str = "high") -> Look:
    """How a unit of this status and tier is drawn; an unknown status is drawn as a candidate."""
    look = scaled(palette.STATUS_LOOKS[palette.status_of_look(status)], _PAPER)
    opacity = palette.TIER_OPACITY.get(tier, palette.TIER_OPACITY["high"])
    return replace(look, opacity=opacity)


def faint(look: Look) -> Look:
    """A look for what is only context here."""
    return replace(look, width=look.width * 0.7, opacity=look.opacity * 0.4)


LOOKS: Final[Mapping[str, Look]] = MappingProxyType(
    {name: scaled(look, _PAPER) for name, look in palette.LAYER_LOOKS.items()}
    | {
        # On paper an outline or a faint fill of what is wide only adds grey to the sheet.
        "protected_areas": replace(palette.LAYER_LOOKS["protected_areas"], line="", width=0.0),
        "hotspots": replace(scaled(palette.LAYER_LOOKS["hotspots"], _PAPER), fill=""),
        "sections": replace(scaled(palette.LAYER_LOOKS["sections"], _PAPER), fill=""),
        "land": Look("#a8b5bb", 0.4, (), palette.LAND),
        "rivers": Look(palette.RIVER, 0.7),
        "lakes": Look(palette.SHORE, 0.3, (), palette.WATER),
        "graticule": Look("#b9c6cc", 0.3),
    }
)

BARRIERS: Final[Mapping[str, Look]] = MappingProxyType(
    {kind: scaled(look, _PAPER) for kind, look in palette.BARRIER_LOOKS.items()}
)
