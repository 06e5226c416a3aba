"""Colours with a meaning, one set for maps on paper, on screens and on the globe.

A status, a layer or a species has one colour wherever it is drawn. Any two colours of
:data:`TOGETHER`, and any of them with any one species, stay apart for eyes without red, green or
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
        "modelled candidate": "#4f565c",
        "area of interest": "#1c63b7",
        "working-group proposal": "#c85a00",
        "plenary-agreed": "#8f7400",
        "endorsed by range states": "#1f8a3b",
        "adopted": "#0b4a23",
    }
)
"""Lines of units, in the order of a unit's life. Rejected and merged units are not drawn."""

EVIDENCE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "hotspots": "#8e2a6b",
        "protected_areas": "#8dbb8a",
        "corridors": "#5b2a86",
        "sections": "#31404a",
        "barriers": "#a3161a",
        "borders": "#6f6a66",
    }
)
"""Layers of evidence. All barriers share one colour: their kinds differ by the line's pattern."""

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

CELLS: Final = ("#f3e9c6", "#e3cf9b", "#cda866", "#a97a38", "#764d1a")
"""Sand to brown, lightest first: falls steadily in lightness, so grey print keeps the order."""

LAND: Final = "#f8f6f1"
WATER: Final = "#d9e4ea"

TOGETHER: Final = (*STATUS.values(), *EVIDENCE.values())
"""Every colour that can be on a map at once, one species and the cells aside."""
