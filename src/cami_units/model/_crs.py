"""The two coordinate systems, and how two of them are told apart."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any, Final

from pyproj import CRS, Transformer

EQUAL_AREA: Final = (
    "+proj=aea +lat_1=30 +lat_2=50 +lat_0=40 +lon_0=80 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs"
)
"""Albers equal-area for Central Asia: a cell is stretched by at most 1.05 over the region."""

LONLAT: Final = "EPSG:4326"
"""Longitude and latitude on WGS 84. They exist at the doors only: files in, files out."""


def same_crs(first: Any, second: Any) -> bool:
    """Whether two CRSs are the same thing, however each is written down."""
    one, other = _crs(first), _crs(second)
    # written alike they are alike: PROJ, which compares them part by part, is asked of others only
    return one.srs == other.srs or one.equals(other, ignore_axis_order=True)


def transformer(source: Any, target: Any) -> Transformer:
    """What takes x and y, longitude and latitude, from one CRS to another; found once for each pair.

    PROJ looks for the way between two systems for some ten milliseconds: longer than most maps take
    to be projected.
    """
    return _transformer(_crs(source), _crs(target))


@lru_cache(maxsize=256)  # a page for each unit has a projection of its own
def _transformer(source: CRS, target: CRS) -> Transformer:
    """The way between two CRSs: known where both are on one datum, else looked for by PROJ."""
    there, back = _step(target), _step(source)
    if not there or not back or there == back:
        return Transformer.from_crs(source, target, always_xy=True)
    return Transformer.from_pipeline(f"+proj=pipeline +step +inv {back} +step {there}")


def _step(crs: CRS) -> str:
    """The step of a pipeline from radians on WGS 84 to a CRS; nothing where that is not known for sure.

    PROJ arrives at these same two steps, to the last bit, after a search of five milliseconds for
    what two datums have to do with each other. Texts that say more than this are left to it.
    """
    text = crs.srs
    if text == LONLAT:
        return "+proj=unitconvert +xy_in=rad +xy_out=deg"
    said = dict(word.partition("=")[::2] for word in text.split())
    known = {"+datum": "WGS84", "+units": "m"}
    plain = said.keys() <= _PLAIN and all(said.get(key) == known[key] for key in known)
    return text if plain and said.get("+proj") in _METRES else ""


_METRES: Final = frozenset({"aea", "laea", "cea"})
_PLAIN: Final = frozenset(
    f"+{key}"
    for key in (
        *("proj", "lat_0", "lon_0", "lat_1", "lat_2", "lat_ts", "x_0", "y_0"),
        *("datum", "units", "no_defs", "type"),
    )
)
"""What the text of a projection in metres may say beside its name for :func:`_step` to know it."""


def _crs(value: Any) -> CRS:
    """A CRS however it is written down, each text read once."""
    return _read_crs(value) if isinstance(value, str) else CRS.from_user_input(value)


@lru_cache(maxsize=256)
def _read_crs(text: str) -> CRS:
    return CRS.from_user_input(text)


def crs_name(crs: Any) -> str:
    """A CRS as people call it: its authority code, else its name, else its PROJ text."""
    system = CRS.from_user_input(crs)
    authority = system.to_authority()
    if authority:
        return ":".join(authority)
    if system.name != "unknown":
        return system.name
    with warnings.catch_warnings():  # that PROJ text may lose detail: here it is for reading only
        warnings.simplefilter("ignore", UserWarning)
        return system.to_proj4()
