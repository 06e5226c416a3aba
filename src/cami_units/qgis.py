"""How QGIS shows the layers of a GeoPackage: a table of styles that it finds and applies by itself.

QGIS looks for a table `layer_styles` in a GeoPackage and dresses each layer it opens with the row
that is marked as the default. The colours are those of every other product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final
from xml.etree import ElementTree as ET

import pandas as pd

from cami_units import palette
from cami_units.model import LAYERS

TABLE: Final = "layer_styles"
"""The name under which QGIS looks for the table."""

_VERSION: Final = "3.28.0"
_GREY: Final = "#8a8a8a"
_DARK: Final = "#1b1b1b"
_DASHED: Final = frozenset({"modelled candidate"})


def layer_styles(layers: Iterable[str], *, day: str, geometry: str = "geom") -> pd.DataFrame:
    """The table `layer_styles` for those of these layers that have a look of their own.

    Parameters
    ----------
    layers : iterable of str
        Names of the layers of a round.
    day : str
        The date that stands on the styles, ISO 8601: the round's, not today's.
    geometry : str
        The name of the geometry column.

    Returns
    -------
    DataFrame
        The twelve columns that QGIS expects, sorted by layer. A layer without a look has no row.

    Examples
    --------
    >>> table = layer_styles(["hotspots", "species"], day="2026-11-22")
    >>> table["f_table_name"].tolist(), table["useAsDefault"].tolist()
    (['hotspots'], [True])
    """
    names = sorted(set(layers) & set(_LOOKS))
    count = len(names)
    return pd.DataFrame(
        {
            "f_table_catalog": [""] * count,
            "f_table_schema": [""] * count,
            "f_table_name": names,
            "f_geometry_column": [geometry] * count,
            "styleName": [f"{name} (cami_units)" for name in names],
            "styleQML": [_qml(_LOOKS[name]) for name in names],
            "styleSLD": [""] * count,
            "useAsDefault": [True] * count,
            "description": ["Colours of cami_units"] * count,
            "owner": [""] * count,
            "ui": [""] * count,
            "update_time": pd.to_datetime([day] * count),
        }
    )


Look = Callable[[ET.Element], None]
"""Fills in an empty style."""


def _qml(look: Look) -> str:
    root = ET.Element(
        "qgis", version=_VERSION, styleCategories="Symbology|Labeling", labelsEnabled="0"
    )
    look(root)
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ET.tostring(
        root, encoding="unicode"
    )


def _colour(hexadecimal: str, opacity: float = 1.0) -> str:
    red, green, blue = (int(hexadecimal[at : at + 2], 16) for at in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"


def _symbol(parent: ET.Element, name: str, kind: str, layer: str, /, **options: str) -> None:
    symbol = ET.SubElement(parent, "symbol", type=kind, name=name, alpha="1")
    inner = ET.SubElement(symbol, "layer", {"class": layer, "enabled": "1", "pass": "0"})
    table = ET.SubElement(inner, "Option", type="Map")
    for key, value in sorted(options.items()):
        ET.SubElement(table, "Option", type="QString", name=key, value=value)


def _fill(
    parent: ET.Element, name: str, colour: str, *, opacity: float, width: float, dash: bool = False
) -> None:
    _symbol(
        parent,
        name,
        "fill",
        "SimpleFill",
        color=_colour(colour, opacity),
        style="solid" if opacity else "no",
        outline_color=_colour(colour),
        outline_style="dash" if dash else ("solid" if width else "no"),
        outline_width=f"{width:g}",
        outline_width_unit="MM",
    )


def _single(colour: str, *, opacity: float = 0.0, width: float = 0.4, dash: bool = False) -> Look:
    """Polygons of one look."""

    def look(root: ET.Element) -> None:
        renderer = ET.SubElement(root, "renderer-v2", type="singleSymbol")
        symbols = ET.SubElement(renderer, "symbols")
        _fill(symbols, "0", colour, opacity=opacity, width=width, dash=dash)

    return look


def _line(parent: ET.Element, name: str, look: palette.Look) -> None:
    """A line with the dashes of its look, in pixels as on a screen."""
    dashes = {"customdash": ";".join(f"{dash:g}" for dash in look.dashes)} if look.dashes else {}
    if dashes:
        dashes |= {"use_custom_dash": "1", "customdash_unit": "Pixel"}
    _symbol(
        parent,
        name,
        "line",
        "SimpleLine",
        line_color=_colour(look.line),
        line_style="solid",
        line_width=f"{look.width:g}",
        line_width_unit="Pixel",
        **dashes,
    )


def _lines(look: palette.Look) -> Look:
    """Lines of one look."""

    def fill_in(root: ET.Element) -> None:
        renderer = ET.SubElement(root, "renderer-v2", type="singleSymbol")
        _line(ET.SubElement(renderer, "symbols"), "0", look)

    return fill_in


def _barriers(root: ET.Element) -> None:
    """Barriers by their kind; what is of no known kind comes last."""
    renderer = ET.SubElement(root, "renderer-v2", type="categorizedSymbol", attr="kind")
    categories = ET.SubElement(renderer, "categories")
    symbols = ET.SubElement(renderer, "symbols")
    for number, (kind, look) in enumerate(palette.BARRIER_LOOKS.items()):
        value = "" if kind == "other barrier" else kind  # QGIS: an empty value is all the others
        ET.SubElement(
            categories, "category", value=value, label=kind, symbol=str(number), render="true"
        )
        _line(symbols, str(number), look)


def _points(colour: str, *, size: float, label: str) -> Look:
    """Round marks, each with a text of its row."""

    def look(root: ET.Element) -> None:
        renderer = ET.SubElement(root, "renderer-v2", type="singleSymbol")
        _symbol(
            ET.SubElement(renderer, "symbols"),
            "0",
            "marker",
            "SimpleMarker",
            color=_colour(colour),
            name="circle",
            outline_style="no",
            size=f"{size:g}",
            size_unit="MM",
        )
        _labels(root, label, 7)

    return look


def _units(root: ET.Element) -> None:
    """Units by status, each with its id. Rejected and merged ones are hidden."""
    renderer = ET.SubElement(root, "renderer-v2", type="categorizedSymbol", attr="status")
    categories = ET.SubElement(renderer, "categories")
    symbols = ET.SubElement(renderer, "symbols")
    for number, (status, colour) in enumerate(palette.STATUS.items()):
        ET.SubElement(
            categories, "category", value=status, label=status, symbol=str(number), render="true"
        )
        _fill(symbols, str(number), colour, opacity=0.15, width=0.7, dash=status in _DASHED)
    _labels(root, "unit_id", 9)


def _cells(root: ET.Element) -> None:
    """Planning units by score, in five equal steps."""
    renderer = ET.SubElement(
        root, "renderer-v2", type="graduatedSymbol", attr="score", graduatedMethod="GraduatedColor"
    )
    ranges = ET.SubElement(renderer, "ranges")
    symbols = ET.SubElement(renderer, "symbols")
    steps = len(palette.CELLS)
    for number, colour in enumerate(palette.CELLS):
        lower, upper = number / steps, (number + 1) / steps
        ET.SubElement(
            ranges,
            "range",
            lower=f"{lower:g}",
            upper=f"{upper:g}",
            label=f"{lower:g} - {upper:g}",
            symbol=str(number),
            render="true",
        )
        _fill(symbols, str(number), colour, opacity=0.8, width=0)


def _labels(root: ET.Element, column: str, size: int) -> None:
    root.set("labelsEnabled", "1")
    settings = ET.SubElement(ET.SubElement(root, "labeling", type="simple"), "settings")
    text = ET.SubElement(
        settings, "text-style", fieldName=column, fontSize=str(size), textColor="34,34,34,255"
    )
    ET.SubElement(
        text, "text-buffer", bufferDraw="1", bufferSize="0.8", bufferColor="255,255,255,255"
    )


_LOOKS: Final[Mapping[str, Look]] = MappingProxyType(
    {
        "conservation_units": _units,
        "planning_units": _cells,
        "hotspots": _single(palette.EVIDENCE["hotspots"], width=0.6, dash=True),
        "protected_areas": _single(palette.EVIDENCE["protected_areas"], opacity=0.4, width=0.2),
        "sections": _single(palette.EVIDENCE["sections"], width=0.5),
        "countries": _single(_GREY, width=0.2),
        "disputed": _single(palette.EVIDENCE["borders"], width=0.3, dash=True),
        "features": _single(palette.SPECIES[1], opacity=0.15, width=0.3),
        "ranges_used": _single(palette.SPECIES[6], opacity=0.15, width=0.2),
        **{
            name: _lines(palette.LAYER_LOOKS[name])
            for name, layer in LAYERS.items()
            if layer.geometry == "line" and not layer.by_kind and name in palette.LAYER_LOOKS
        },
        "barriers": _barriers,
        "borders": _lines(palette.LAYER_LOOKS["countries"]),
        "gazetteer": _points(_GREY, size=1.2, label="name_en"),
        "remarks": _points(_DARK, size=2.4, label="text"),
    }
)
