"""Colours with a meaning, one set for maps on paper, on screens and on the globe.

A status, a layer or a species has one colour wherever it is drawn. Any two colours of
:data:`TOGETHER` (or :data:`TOGETHER_ON_GLOBE`), and any of them with any one species, stay apart for eyes without red, green or
blue cones (CAM02-UCS distance of 10 or more: a test measures it). Where colours repeat (kinds of
barrier, the second nine species) the pattern of the line tells them apart.

References
----------
Luo, M. R., Cui, G. and Li, C. (2006). Uniform colour spaces based on CIECAM02 colour appearance
model. Color Research & Application 31: 320–330. https://doi.org/10.1002/col.20227

Tol, P. (2021). Colour schemes. SRON technical note SRON/EPS/TN/09-002, issue 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

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
"""Lines of units, in the order of a unit's life. Rejected and merged units are not drawn."""

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

GLOBE_STATUS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "modelled candidate": "#b1b1ba",
        "area of interest": "#939dff",
        "working-group proposal": "#ffa727",
        "plenary-agreed": "#fff562",
        "endorsed by range states": "#80ba80",
        "adopted": "#1d581d",
    }
)
"""The same statuses over imagery, where dark lines drown: the same hues, lighter."""

GLOBE_EVIDENCE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "hotspots": "#ce76c4",
        "protected_areas": "#b1d8b1",
        "corridors": "#9d6cff",
        "sections": "#ffffff",
        "barriers": "#d82745",
        "borders": "#ffffff",
    }
)
"""The same layers over imagery."""

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

CELLS: Final = ("#f3e9c6", "#e3cf9b", "#cda866", "#a97a38", "#764d1a")
"""Sand to brown, lightest first: falls steadily in lightness, so grey print keeps the order."""

CONTEXT: Final = ("#7a4f00", "#00646e", "#8a3a6b", "#5c6b1e")
GLOBE_CONTEXT: Final = ("#ffcf70", "#7fe3ee", "#f0a5d0", "#d5e58a")
"""Context layers that a plan brings: any number of them, so in turn, on paper and over imagery. They
are off at first and each is named in the legend."""

LAND: Final = "#f8f6f1"
WATER: Final = "#d9e4ea"

TOGETHER: Final = (*STATUS.values(), *EVIDENCE.values())
TOGETHER_ON_GLOBE: Final = (*GLOBE_STATUS.values(), *GLOBE_EVIDENCE.values())
"""Every colour that can be on at once, one species and the cells aside."""
