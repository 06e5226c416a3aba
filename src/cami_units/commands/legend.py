"""The legend of a KMZ as a picture: the looks of `kml`, drawn by `figures`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import geopandas as gpd

from cami_units import figures, kml, words


def legend_png(
    units: gpd.GeoDataFrame, layers: Mapping[str, gpd.GeoDataFrame], *, lang: str = "en"
) -> bytes:
    """The legend of a KMZ with these units and layers, as the bytes of a PNG."""
    signs = kml.legend_signs(units, layers, lang=lang)
    rows = [(_look(sign), sign.label, sign.is_line) for sign in signs]
    return figures.png(figures.legend_card(words.text("legend", lang), rows), dpi=_DPI)


_DPI: Final = 96.0
"""Google Earth Pro lays the picture over the screen dot by dot."""


def _look(sign: kml.Sign) -> figures.Look:
    look = sign.look
    return figures.Look(
        f"#{look.line}",
        look.width * 0.75,
        fill=f"#{look.fill}" if look.fill else "",
        opacity=max(look.opacity, 0.3),
    )
