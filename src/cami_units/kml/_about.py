"""What stands in every file about itself: title, date, how to edit, legend, sources, disclaimer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import geopandas as gpd
import shapely

from cami_units import scene, words
from cami_units.kml import _evidence, _styles
from cami_units.kml._marks import Bounds, Mark, rows
from cami_units.kml._written_shapes import as_written
from cami_units.model import Imprint, clean_name
from cami_units.scene import species_places


def about_mark(about: str, view: Bounds | None, lang: str) -> Mark:
    """The placemark whose balloon is the legend: south-west of everything, where nobody draws."""
    west, south, _, _ = view or (80.0, 40.0, 80.0, 40.0)
    corner = shapely.Point(max(west - 1.0, -179.0), max(south - 1.0, -89.0))
    return Mark(
        name=words.text("legend", lang),
        geometry=as_written(corner),
        look="about",
        id="about",
        data=(("layer", "about"),),
        description=about,
    )


def about(
    imprint: Imprint,
    lang: str,
    units: gpd.GeoDataFrame,
    layers: Mapping[str, gpd.GeoDataFrame],
    kinds: Mapping[str, Mapping[str, Any]],
) -> str:
    """Title, date, round, profile, how to edit, legend, sources and disclaimer, as HTML."""
    lines = [
        f"<b>{_html(imprint.title)}</b>",
        f"{_html(imprint.date)} · {words.text('round', lang)} {_html(imprint.number)} · "
        f"{words.text('profile', lang)}: {_html(imprint.profile)}",
        words.text("how to edit", lang),
        f"<b>{words.text('legend', lang)}</b>",
    ]
    lines += [
        _swatch(
            _on_white(sign.look),
            _html(sign.label),
            "━" if sign.is_line else "■" if sign.look.fill else "□",
        )
        for sign in legend(units, layers, kinds, lang)
    ]
    if "disputed" in layers or "borders" in layers:
        lines.append(f"- - - {words.text('disputed line', lang)}")
    if imprint.sources:
        lines.append(f"{words.text('sources', lang)}: {'; '.join(map(_html, imprint.sources))}")
    if imprint.indicative:
        lines.append(words.text("indicative", lang))
    lines.append(_html(imprint.disclaimer))
    return "<br/>\n".join(lines)


def _on_white(look: _styles.Look) -> str:
    """The colour that says what a look is; white ink of the globe is dark in a balloon."""
    colour = look.fill or look.line
    return _styles.INK if colour == _styles.WHITE else colour


def _swatch(colour: str, label: str, symbol: str = "■") -> str:
    return f'<font color="#{colour}">{symbol}</font> {label}'


def legend_signs(
    units: gpd.GeoDataFrame, layers: Mapping[str, gpd.GeoDataFrame], *, lang: str = "en"
) -> tuple[Sign, ...]:
    """The legend of a file with these units and layers, species aside, for whoever draws it.

    Ranges are one at a time and named by their codes; they would make the picture taller than a
    screen, and stand in the balloon of the legend.
    """
    without = {name: table for name, table in layers.items() if name != "features"}
    return tuple(legend(units, without, {}, lang))


@dataclass(frozen=True, slots=True)
class Sign:
    """One line of the legend: a look, what it stands for, and whether it is drawn as a line."""

    look: _styles.Look
    label: str
    is_line: bool = False


def legend(
    units: gpd.GeoDataFrame,
    layers: Mapping[str, gpd.GeoDataFrame],
    kinds: Mapping[str, Mapping[str, Any]],
    lang: str,
) -> list[Sign]:
    """What the file draws, in the looks it draws it in."""
    signs = [
        Sign(_look(sign), sign.label, sign.is_line)
        for sign in scene.legend_signs(units, layers, lang=lang)
    ]
    signs += [
        Sign(
            _styles.context_look(place),
            _evidence.context_title(layers[name], lang),
            bool(shapely.get_dimensions(layers[name].geometry.iloc[0]) == 1),
        )
        for place, name in enumerate(_evidence.context_names(layers))
    ]
    if "features" in layers:
        places = species_places(kinds, layers["features"]["sci_name"])
        for row in rows(layers["features"], "sci_name"):
            known = kinds.get(str(row["sci_name"]), {})
            spoken = words.name_in(known, lang) or clean_name(row["sci_name"])
            label = f"{clean_name(known.get('code'))} {spoken}".strip()
            signs.append(Sign(_styles.range_look(places[str(row["sci_name"])]), label))
    return signs


def _look(sign: scene.Sign) -> _styles.Look:
    """How the globe draws what a line of the legend stands for."""
    if sign.kind == "status":
        return _styles.status_look(sign.key, "")
    if sign.kind == "barrier":
        return _styles.barrier_look(sign.key)
    return _styles.LOOKS[_styles.LAYER_LOOKS[sign.key]]


def _html(value: Any) -> str:
    return escape(clean_name(value))
