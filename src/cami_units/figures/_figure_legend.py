"""The legend, and the looks of `palette` on paper, which is looked at from closer than a screen: in points.

A sign and a word stand for what is on the map, and for nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import geopandas as gpd
import shapely

from cami_units import palette, words
from cami_units.figures._legend_card import Entry
from cami_units.figures._sheet import Column, swatch, write
from cami_units.figures._typesetting import MM_PER_POINT
from cami_units.palette import TIER_OPACITY, Look, scaled
from cami_units.scene import Frame, Scene, drawn_units, legend_signs

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


def entries(scene: Scene, layers: Iterable[str], frame: Frame) -> list[Entry]:
    """The lines of a legend for what these layers of a scene have within the frame of a map."""
    lang = scene.lang

    def in_frame(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        is_inside = shapely.intersects(table.geometry.to_numpy(), shapely.box(*frame))
        # a section's sheet is given little else than what lies in it
        return table if is_inside.all() else table[is_inside]

    units = in_frame(drawn_units(scene))
    shown_layers = {name: in_frame(scene.layers[name]) for name in layers if name in scene.layers}
    rows: list[Entry] = []
    tier_word = words.text("tier", lang)
    signs = legend_signs(units, shown_layers, lang=lang)
    rows += [(unit_look(sign.key), sign.label, False) for sign in signs if sign.kind == "status"]
    rows += [
        (
            Look("", 0.0, (), "#39424a", opacity),
            words.with_label(tier_word, words.text(tier, lang), lang),
            False,
        )
        for tier, opacity in TIER_OPACITY.items()
        if (units["tier"] == tier).any()
    ]
    rows += [(LOOKS[sign.key], sign.label, sign.is_line) for sign in signs if sign.kind == "layer"]
    rows += [(BARRIERS[sign.key], sign.label, True) for sign in signs if sign.kind == "barrier"]
    if "countries" in scene.layers:
        rows.append((LOOKS["countries"], words.text("countries", lang), True))
    if "disputed" in scene.layers and len(in_frame(scene.layers["disputed"])):
        rows.append((LOOKS["disputed"], words.text("disputed areas", lang), True))
    return rows


def legend(
    column: Column, rows: list[Entry], top: float, *, size: float, columns: int = 1
) -> float:
    """Draw a legend into a column of the sheet, in equal sub-columns; say where it ends."""
    scale, figure = size / 7, column.figure
    sign, gap = 9 * scale + 2.5, 1.6 * scale
    wide = column.width / columns
    # Rounded up, so that no sign is left over.
    deepest, per_column = top, -(-len(rows) // columns)
    for number in range(columns):
        y = top
        x = column.left + number * wide
        for look, label, is_line in rows[number * per_column : (number + 1) * per_column]:
            swatch(figure, x, y, look, scale=scale, line=is_line)
            first = y + (4 * scale - size * MM_PER_POINT) / 2 - 0.2
            end = write(figure, x + sign, first, label, size=size, width=wide - sign - 2, most=3)
            y = max(y + 4 * scale, end - 0.8) + gap
        deepest = max(deepest, y)
    return deepest
