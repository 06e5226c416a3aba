"""States by their codes, and by what people call them beside their names in the layer of states."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from cami_units.model._layers import rows_of

_STATES: Final = rows_of("states.toml")

ISO2: Final[Mapping[str, str]] = MappingProxyType(
    {pair[:3]: pair[3:] for pair in _STATES["codes"]["iso_3166"].split()}
)
"""ISO 3166: three letters, as WDPA writes states, to two letters, as we do."""

ISO2_CODES: Final = frozenset(ISO2.values())

STATES_ALSO: Final[Mapping[str, str]] = MappingProxyType(_STATES["also"])
"""Names beside those of the bundled states, ", " between them."""
