"""A small map as plain shapes, so that a page and a slide draw the same one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from cami_units import palette
from cami_units.model import HIDDEN_STATUSES

Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Ink:
    """How a kind of shape is drawn: ``rrggbb``, widths in pixels of a drawing 800 wide."""

    line: str
    width: float
    fill: str = ""
    opacity: float = 0.0
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """One thing drawn: rings (closed) or lines, x to the right, y down."""

    kind: str
    rings: tuple[Ring, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """A word on the drawing, centred on its place."""

    kind: str
    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """A map: shapes from the back to the front, then labels; and how many km its bar stands for."""

    width: float
    height: float
    shapes: tuple[Shape, ...]
    labels: tuple[Label, ...] = ()
    bar: float = 0.0
    bar_km: float = 0.0


_EVIDENCE: Final = {name: colour.removeprefix("#") for name, colour in palette.EVIDENCE.items()}

INKS: Final[Mapping[str, Ink]] = MappingProxyType(
    {
        "land": Ink("", 0.0, palette.LAND.removeprefix("#"), 1.0),
        "protected": Ink(_EVIDENCE["protected_areas"], 0.8, _EVIDENCE["protected_areas"], 0.75),
        "hotspot": Ink(_EVIDENCE["hotspots"], 1.8, dashed=True),
        "other": Ink("777777", 1.2, "bbbbbb", 0.45),
        "border": Ink("555555", 1.4),
        "disputed": Ink("555555", 1.4, dashed=True),
        "barrier": Ink(_EVIDENCE["barriers"], 1.6),
        "before": Ink("555555", 2.6, dashed=True),
        "unit": Ink("333333", 3.0, "999999", 0.5),
        "version": Ink("aa3377", 2.6, dashed=True),
        "pin": Ink("ffffff", 1.2, "aa3377", 1.0),
        "drawn": Ink("aa3377", 2.0),
    }
)
"""Every kind of shape; a unit's fill is the colour of its status."""

LINES: Final = frozenset({"border", "disputed", "barrier", "drawn"})
"""Kinds that are lines: their ends are not joined."""

SIGNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unit": "this unit",
        "before": "report before",
        "version": "another version",
        "pin": "report remarks",
        "drawn": "report remarks",
        "other": "other units",
        "protected": "protected_areas",
        "hotspot": "hotspots",
        "barrier": "barriers",
        "disputed": "disputed line",
    }
)
"""What the legend of a drawing explains, in its order: each kind, and the word for it."""

STATUS_FILLS: Final[Mapping[str, str]] = MappingProxyType(
    {status: colour.removeprefix("#") for status, colour in palette.STATUS.items()}
    | dict.fromkeys(HIDDEN_STATUSES, palette.HIDDEN_STATUS.removeprefix("#"))
)


def signs(drawing: Drawing) -> tuple[tuple[str, str], ...]:
    """The legend of a drawing: the kinds that are in it, and the word for each, once a word."""
    kinds = {shape.kind for shape in drawing.shapes}
    word = {name: kind for kind, name in reversed(list(SIGNS.items())) if kind in kinds}
    return tuple((kind, name) for kind, name in SIGNS.items() if word.get(name) == kind)


def ink(kind: str, status: str) -> Ink:
    """How a kind of shape is drawn in the drawing of a unit of this status."""
    plain = INKS[kind]
    if kind != "unit":
        return plain
    return Ink(plain.line, plain.width, STATUS_FILLS.get(status, plain.fill), plain.opacity)
