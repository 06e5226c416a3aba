"""What everything looks like, once: on paper, on screens, in QGIS and on the globe.

A status, a layer, a kind of barrier or a species has one colour and one pattern of line wherever it
is drawn. Any two colours of :data:`TOGETHER`, and any of them with any one species, stay apart for
eyes without red, green or blue cones (CAM02-UCS distance of 10 or more: a test measures it). Where
colours repeat (kinds of barrier, the second nine species) the pattern tells them apart.

Imagery is dark: there a bright casing carries a line that would drown, and the colours stay. All of them
stand in `palette.toml`.

References
----------
Luo, M. R., Cui, G. and Li, C. (2006). Uniform colour spaces based on CIECAM02 colour appearance
model. Color Research & Application 31: 320–330. https://doi.org/10.1002/col.20227

Tol, P. (2021). Colour schemes. SRON technical note SRON/EPS/TN/09-002, issue 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from cami_units.model import package_table


@dataclass(frozen=True, slots=True)
class Look:
    """A line (width and dashes in pixels of a screen) and a fill; an empty colour is not drawn."""

    line: str = ""
    width: float = 1.0
    dashes: tuple[float, ...] = ()
    fill: str = ""
    opacity: float = 1.0


def scaled(look: Look, scale: float) -> Look:
    """A look with its line thicker or thinner, and its dashes in the same measure."""
    dashes = tuple(round(dash * scale, 2) for dash in look.dashes)
    return replace(look, width=round(look.width * scale, 2), dashes=dashes)


_PALETTE: Final[dict[str, dict[str, Any]]] = package_table("palette.toml")


def _colours(table: str) -> Mapping[str, str]:
    return MappingProxyType(_PALETTE[table])


def _look(line: str, fill: str = "", dashes: tuple[float, ...] = (), **others: float) -> Look:
    """A look as a row of the palette; a layer of evidence stands for its colour."""
    line, fill = (EVIDENCE.get(colour, colour) for colour in (line, fill))
    return Look(line, dashes=tuple(dashes), fill=fill, **others)


def _looks(table: str) -> Mapping[str, Look]:
    return MappingProxyType({name: _look(**row) for name, row in _PALETTE[table].items()})


EVIDENCE: Final = _colours("evidence")
LAYER_LOOKS: Final = _looks("layers")
BARRIER_LOOKS: Final = _looks("barriers")
TIER_OPACITY: Final[Mapping[str, float]] = MappingProxyType(_PALETTE["tier_opacity"])
STATUS_LOOKS: Final[Mapping[str, Look]] = MappingProxyType(
    {
        status: replace(look, fill=look.line, opacity=TIER_OPACITY["high"])
        for status, look in _looks("statuses").items()
    }
)
STATUS: Final = MappingProxyType({status: look.line for status, look in STATUS_LOOKS.items()})
HIDDEN_STATUS: Final = _colours("hidden_statuses")
ANY_STATUS: Final[Mapping[str, str]] = MappingProxyType({**STATUS, **HIDDEN_STATUS})
"""Of units whether they are drawn or not."""
CASING: Final[str] = _PALETTE["colours"]["casing"]
SPECIES, SPECIES_LINES, CELLS, SECTIONS, CONTEXT = (
    tuple(map(str, _PALETTE["colours"][name]))
    for name in ("species", "species_lines", "cells", "sections", "context")
)
VERDICTS: Final = _colours("verdicts")
NEEDS: Final = _colours("needs")
STABILITY: Final = _colours("stability")
GROUND: Final = _colours("ground")
LAND, WATER, RIVER, SHORE = (GROUND[name] for name in ("land", "water", "river", "shore"))
TOGETHER: Final = (*STATUS.values(), *EVIDENCE.values())
"""Every colour that can be on at once, one species and the cells aside."""


def barrier_kind(kind: object) -> str:
    """A kind of barrier that has a look of its own, or "other barrier"."""
    return str(kind) if kind in BARRIER_LOOKS else "other barrier"


def status_of_look(status: str) -> str:
    """A status that has a look of its own; any other is drawn as a candidate."""
    return status if status in STATUS else "modelled candidate"


def species_look(place: int) -> Look:
    """The look of the species at a place of the species table: the same in every pack and product."""
    turn = place % len(SPECIES)
    if place // len(SPECIES) % 2 == 0:
        return Look(SPECIES_LINES[turn], 2.4, (), SPECIES[turn], 0.34)
    return Look(SPECIES_LINES[turn], 2.4, (8.0, 5.0), SPECIES[turn], 0.24)


def context_look(place: int) -> Look:
    """The look of the context layer at a place of the list: four colours, then the same dashed."""
    colour = CONTEXT[place % len(CONTEXT)]
    dashes = () if place < len(CONTEXT) else (3.0, 3.0)
    return Look(colour, 1.2, dashes, colour, 0.3)
