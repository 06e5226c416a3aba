"""What everything looks like, once: on paper, on screens, in QGIS and on the globe.

A status, a layer, a kind of barrier or a species has one colour and one pattern of line wherever it
is drawn. Any two colours of :data:`TOGETHER`, and any of them with any one species, stay apart for
eyes without red, green or blue cones (CAM02-UCS distance of 10 or more: a test measures it). Where
colours repeat (kinds of barrier, the second nine species) the pattern tells them apart.

Imagery is dark: there a bright casing carries a line that would drown, and the colours stay.

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
from typing import Final


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


STATUS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "modelled candidate": "#4e586c",
        "area of interest": "#1d6cce",
        "working-group proposal": "#ba3b00",
        "plenary-agreed": "#e2b100",
        "endorsed by range states": "#80ba80",
        "adopted": "#0a4e27",
    }
)
"""In the order of a unit's life. Rejected and merged units are not drawn."""

HIDDEN_STATUS: Final[Mapping[str, str]] = MappingProxyType(
    {"rejected": "#cccccc", "merged": "#8f8f8f"}
)
"""Of units that are not drawn, where a list names them all the same: by their lightness, in any print."""

ANY_STATUS: Final[Mapping[str, str]] = MappingProxyType({**STATUS, **HIDDEN_STATUS})
"""Of units whether they are drawn or not."""

_STATUS_LINES: Final = (
    (2.2, (7.0, 5.0)),
    (2.2, (2.0, 5.0)),
    (2.6, ()),
    (3.4, ()),
    (3.4, (12.0, 3.0)),
    (4.2, ()),
)
"""A status advances: the line gets heavier, and grey print keeps what colour says."""

TIER_OPACITY: Final[Mapping[str, float]] = MappingProxyType(
    {"very high": 0.46, "high": 0.32, "moderate": 0.18}
)
"""How strongly a unit is filled, readable whatever its status; another profile's tiers: the middle."""

STATUS_LOOKS: Final[Mapping[str, Look]] = MappingProxyType(
    {
        status: Look(colour, width, dashes, colour, TIER_OPACITY["high"])
        for (status, colour), (width, dashes) in zip(STATUS.items(), _STATUS_LINES, strict=True)
    }
)

CASING: Final = "#ffffff"
"""Below a line on imagery or relief, and round a unit on the globe."""

EVIDENCE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "hotspots": "#ba6cb1",
        "protected_areas": "#bad8b1",
        "corridors": "#5827ba",
        "sections": "#272731",
        "barriers": "#89000a",
        "borders": "#272731",
    }
)
"""Layers of evidence. All barriers share one colour: their kinds differ by the line's pattern. So
do sections and borders, which differ by weight."""

LAYER_LOOKS: Final[Mapping[str, Look]] = MappingProxyType(
    {
        "hotspots": Look(EVIDENCE["hotspots"], 1.8, (1.0, 4.0), EVIDENCE["hotspots"], 0.06),
        "protected_areas": Look(
            EVIDENCE["protected_areas"], 1.2, (), EVIDENCE["protected_areas"], 0.75
        ),
        "corridors": Look(EVIDENCE["corridors"], 2.2, (9.0, 4.0, 2.0, 4.0)),
        # of sensitive species, in steps: told apart in grey print by a wide line of short dashes
        "coarse corridors": Look(EVIDENCE["corridors"], 4.2, (3.0, 3.0)),
        "sections": Look(EVIDENCE["sections"], 2.4, (16.0, 4.0), EVIDENCE["sections"], 0.02),
        "borders": Look(EVIDENCE["borders"], 2.8),
        "countries": Look(EVIDENCE["borders"], 0.9, (5.0, 3.0)),
        "disputed": Look(EVIDENCE["borders"], 1.1, (1.0, 4.0)),
        "remarks": Look("#1b1b1b", 1.5, (), "#ffffff", 0.9),
    }
)

BARRIER_LOOKS: Final[Mapping[str, Look]] = MappingProxyType(
    {
        kind: Look(EVIDENCE["barriers"], width, dashes)
        for kind, width, dashes in (
            ("border_fence", 2.8, (2.0, 4.0)),
            ("railway", 1.8, (10.0, 3.0)),
            ("road", 1.6, ()),
            ("canal", 2.2, (12.0, 3.0, 2.0, 3.0, 2.0, 3.0)),
            ("pipeline", 1.6, (1.0, 5.0)),
            ("other barrier", 1.6, (5.0, 5.0)),
        )
    }
)


def barrier_kind(kind: object) -> str:
    """A kind of barrier that has a look of its own, or "other barrier"."""
    return str(kind) if kind in BARRIER_LOOKS else "other barrier"


def status_of_look(status: str) -> str:
    """A status that has a look of its own; any other is drawn as a candidate."""
    return status if status in STATUS else "modelled candidate"


SPECIES: Final = (
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
"""Paul Tol's *muted* scheme: one species at a time, nine solid and then nine dashed."""

SPECIES_LINES: Final = (*SPECIES[:4], "#1a9dd8", *SPECIES[5:7], "#aa962e", SPECIES[8])
"""Outlines of ranges: the two hues too pale for a line on a projector are drawn darker."""


def species_look(place: int) -> Look:
    """The look of the species at a place of the species table: the same in every pack and product."""
    turn = place % len(SPECIES)
    if place // len(SPECIES) % 2 == 0:
        return Look(SPECIES_LINES[turn], 2.4, (), SPECIES[turn], 0.34)
    return Look(SPECIES_LINES[turn], 2.4, (8.0, 5.0), SPECIES[turn], 0.24)


CELLS: Final = ("#f3e9c6", "#e0ca92", "#cda866", "#a97a38", "#764d1a")
"""Sand to brown, lightest first: falls steadily in lightness, so grey print keeps the order."""

VERDICTS: Final[Mapping[str, str]] = MappingProxyType(
    {"yes": "#2a6f4e", "no": "#d98a3d", "unknown": "#bcc4ca"}
)
"""Whether a criterion is met, where a map is coloured by it."""

NEEDS: Final[Mapping[str, str]] = MappingProxyType(
    {"yes": CELLS[4], "no": CELLS[1], "unknown": VERDICTS["unknown"]}
)
"""Whether there is a need, which is neither a merit nor a failure: dark where there is one."""

STABILITY: Final[Mapping[str, str]] = MappingProxyType(
    {"robust": VERDICTS["yes"], "sensitive": "#ecd27a", "fragile": "#c9602f"}
)

SECTIONS: Final = ("#4477aa", "#ee6677", "#4a8a1c", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb")
"""Paul Tol's *bright* scheme, where units are coloured by the section they lie in; its green is yellower,
so that eyes without blue cones tell it from the blue."""

CONTEXT: Final = ("#7a4f00", "#00646e", "#8a3a6b", "#5c6b1e")
"""Context layers that a plan brings: any number of them, so in turn. They are off at first and each
is named in the legend."""


def context_look(place: int) -> Look:
    """The look of the context layer at a place of the list: four colours, then the same dashed."""
    colour = CONTEXT[place % len(CONTEXT)]
    dashes = () if place < len(CONTEXT) else (3.0, 3.0)
    return Look(colour, 1.2, dashes, colour, 0.3)


# Sand and sea, so that grey is left to the units; on sand the palest layer, protected areas, keeps its 10.
LAND: Final = "#f7f0df"
WATER: Final = "#d0e4f1"
RIVER: Final = "#6fa5c4"
SHORE: Final = "#8aaabc"
GROUND: Final[Mapping[str, str]] = MappingProxyType(
    {"land": LAND, "water": WATER, "river": RIVER, "shore": SHORE}
)
"""What lies below everything, on every map."""

TOGETHER: Final = (*STATUS.values(), *EVIDENCE.values())
"""Every colour that can be on at once, one species and the cells aside."""
