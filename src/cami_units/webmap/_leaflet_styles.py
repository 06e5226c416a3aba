"""The looks of `palette` as what Leaflet calls path options; legend and map read the same."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from cami_units import palette
from cami_units.palette import Look

Style = Mapping[str, Any]

_FAINT: Final[Mapping[str, float]] = MappingProxyType({"borders": 0.7, "sections": 0.8})
"""Lines that lie over much else let it show through."""


def leaflet(look: Look, *, opacity: float = 1.0, filled: bool = True) -> Style:
    """The path options of a look. `filled`: a unit's fill is set by its tier, in the page."""
    style: dict[str, Any] = {"color": look.line, "weight": look.width}
    if look.dashes:
        style["dashArray"] = " ".join(f"{dash:g}" for dash in look.dashes)
    if look.fill:
        style["fillColor"] = look.fill
        if filled:
            style["fillOpacity"] = look.opacity
    return style if opacity == 1.0 else style | {"opacity": opacity}


STATUS_STYLES: Final[Mapping[str, Style]] = MappingProxyType(
    {status: leaflet(look, filled=False) for status, look in palette.STATUS_LOOKS.items()}
)
EVIDENCE_STYLES: Final[Mapping[str, Style]] = MappingProxyType(
    {
        name: leaflet(look, opacity=_FAINT.get(name, 1.0))
        for name, look in palette.LAYER_LOOKS.items()
    }
)
BARRIER_STYLES: Final[Mapping[str, Style]] = MappingProxyType(
    {kind: leaflet(look) for kind, look in palette.BARRIER_LOOKS.items()}
)


def context_style(place: int, *, is_line: bool) -> Style:
    """The style of the context layer at a place of the list."""
    style = dict(leaflet(palette.context_look(place)))
    if is_line:
        style |= {"weight": 2.0}
        del style["fillColor"], style["fillOpacity"]
    return style | {"line": is_line}


def species_style(place: int) -> Style:
    """The style of the species at a place in the species table."""
    return leaflet(palette.species_look(place))
