"""The page of a map: one HTML file that asks nobody for anything.

A page is composed around :class:`Fragments`: of a bare map, which are written down here, or of a
folium map with whatever layers somebody put on it (:mod:`cami_units.webmap._folium_map`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Unpack

import geopandas as gpd
from xstatic.pkg import jquery, leaflet

from cami_units import words
from cami_units.drawn_pieces import piece
from cami_units.model import Imprint, check_arguments, page_policy
from cami_units.webmap._page_values import page_json, shown
from cami_units.webmap._payload import NO_LAYERS, Frame, PageTables, Sheet, imprint_said, payload

if TYPE_CHECKING:
    import jinja2

_OF_BOTH_PAGES: Final = ("plurals.js", "scale.js")
"""Modules of the drawing page that the map runs too, before its own scripts."""

# In the order in which the page runs them: all of them share one function.
_SCRIPTS: Final = (
    "core.js",
    "map.js",
    "labels.js",
    "panel.js",
    "table.js",
    "colours.js",
    "charts.js",
    "swipe.js",
    "search.js",
    "start.js",
)


@dataclass(frozen=True, slots=True)
class Fragments:
    """What a map leaves for its page: its name in the script, HTML, script, hosts of pictures."""

    name: str
    head: str
    body: str
    script: str
    hosts: tuple[str, ...] = ()


MAP_OPTIONS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        # a continent, until the page has fitted the sheet into its window
        "zoom": 4,
        "zoomControl": False,
        "preferCanvas": True,
        "zoomSnap": 0.25,
        "zoomDelta": 0.5,
        "wheelPxPerZoomLevel": 110,
        "attributionControl": False,
    }
)
"""How Leaflet opens a map, in its own words."""

BODY: Final = """
        <div class="folium-map" id="{name}"></div>
        """
SCRIPT: Final = """
        var {name} = L.map("{name}", {{
            center: {center}, crs: L.CRS.EPSG3857,
            ...{options}
        }});
        """


def centre(frame: Frame) -> list[float]:
    """Latitude and longitude of the middle of the sheet."""
    west, south, east, north = frame
    return [(south + north) / 2, (west + east) / 2]


def bare_map(frame: Frame) -> Fragments:
    """The fragments of a map without further layers: those of folium, letter by letter."""
    name = "map_cami0"
    lines = "".join(f'  "{key}": {json.dumps(value)},\n' for key, value in MAP_OPTIONS.items())
    script = SCRIPT.format(name=name, center=json.dumps(centre(frame)), options=f"{{\n{lines}}}")
    return Fragments(
        name=name,
        head='\n    <meta http-equiv="content-type" content="text/html; charset=UTF-8" />',
        body=f"\n    {BODY.format(name=name)}",
        script=f"\n    {script}",
    )


def composed(content: Mapping[str, Any], imprint: Imprint, map_: Fragments) -> str:
    """The whole page: our template round the fragments of a map."""
    about = (content["lang"], content["languages"], imprint, map_)
    around = piece("page", [repr(about).encode()], lambda: _around(content, imprint, map_))
    return page_json(content).join(part.decode() for part in around)


def _around(content: Mapping[str, Any], imprint: Imprint, map_: Fragments) -> list[bytes]:
    """What stands before the content of a page and after it."""
    scripts = [*_libraries(), map_.script, f"window.camiMap = {map_.name};\n{_own_script()}"]
    styles = [leaflet_css(), _text("page.css")]
    page = template(_text("page.html")).render(
        lang=content["lang"],
        t=content["words"][content["lang"]],
        csp=page_policy(
            scripts=" ".join(_hash(_block(script)) for script in scripts),
            styles=" ".join(map(_hash, [*map(_block, styles), *_style_blocks(map_.head)])),
            images=" ".join(["data:", *map_.hosts]),
            sized_elements=True,
        ),
        styles=[_block(style) for style in styles],
        scripts=[_block(script) for script in scripts],
        head=map_.head,
        body=map_.body,
        content=_HOLE,
        imprint=_imprint(imprint, content),
    )
    return [part.encode() for part in page.split(_HOLE)]


@cache  # every map of a pack is put into the same one
def template(text: str) -> jinja2.Template:
    """A template of ours: values arrive as values, cleaned; nothing from data is ever compiled."""
    import jinja2  # for who draws anew

    return jinja2.Environment(keep_trailing_newline=True).from_string(text)


_HOLE: Final = "\0"
"""Where the content will stand: no text of a page holds this sign."""


def write_map(
    path: str | Path,
    units: gpd.GeoDataFrame,
    *,
    layers: Mapping[str, gpd.GeoDataFrame] = NO_LAYERS,
    **tables: Unpack[PageTables],
) -> Sheet:
    """Write :func:`unit_map` as one HTML file; what lies around its units, for a drawing page.

    Parameters
    ----------
    path : str or Path
        The file to write. The other parameters are those of :func:`unit_map`; `planning_units`
        and `unit_criteria` may also be what reads them, and `layers` such that are made when they are wanted.

    Raises
    ------
    InputError
        As :func:`unit_map`; nothing is written then.
    """
    check_arguments(write_map, locals())
    content, sheet = payload(units, layers, tables)
    page = composed(content, tables["imprint"], bare_map(sheet.around["frame"]))
    Path(path).write_bytes(page.encode("utf-8"))
    return sheet


def _imprint(imprint: Imprint, content: Mapping[str, Any]) -> dict[str, Any]:
    """What the foot of the page says."""
    return {
        "date": shown(imprint.date),
        **imprint_said(imprint, content["lang"]),
        "sources": [shown(source) for source in words.sources(imprint, content["lang"])],
        "indicative": imprint.indicative,
        "name": shown(f"{imprint.title} · {imprint.date}"),
        "languages": content["languages"],
    }


def _block(text: str) -> str:
    """The content of a script or style element exactly as the parser will see it."""
    return "\n" + text.replace("\r\n", "\n").replace("\r", "\n").strip("\n") + "\n"


def _hash(block: str) -> str:
    """The source that a page's policy allows one block by: its digest."""
    digest = hashlib.sha256(block.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _style_blocks(head: str) -> list[str]:
    return re.findall(r"<style[^>]*>(.*?)</style>", head, flags=re.DOTALL)


@cache
def _text(name: str, folder: str = "page") -> str:
    return (files("cami_units.webmap") / folder / name).read_text(encoding="utf-8")


@cache
def _own_script() -> str:
    """Our scripts as one, strict, and hidden from other scripts of a page."""
    modules = (_text(name, "assets/draw") for name in _OF_BOTH_PAGES)
    shared = (re.sub("^export ", "", module, flags=re.MULTILINE) for module in modules)
    parts = "\n".join([*shared, *map(_text, _SCRIPTS)])
    return f'(function () {{\n"use strict";\n{parts}\n}})();'


@cache
def _libraries() -> tuple[str, str]:
    """Leaflet and jQuery (which folium's popups call), from the wheels that carry them."""
    return (
        _without_source_map(_packaged(leaflet.BASE_DIR, "leaflet.js")),
        _without_source_map(_packaged(jquery.BASE_DIR, "jquery.min.js")),
    )


def _without_source_map(script: str) -> str:
    # a browser with its tools open would ask for that file
    return re.sub(r"^//# sourceMappingURL=.*$", "", script, flags=re.MULTILINE)


@cache
def leaflet_css() -> str:
    """Leaflet's style with its images inside."""
    css = _packaged(leaflet.BASE_DIR, "leaflet.css")
    return re.sub(
        r"url\((images/[a-z0-9-]+\.png)\)",
        lambda match: f"url(data:image/png;base64,{_image(match[1])})",
        css,
    )


def _image(name: str) -> str:
    return base64.b64encode((Path(leaflet.BASE_DIR) / name).read_bytes()).decode("ascii")


def _packaged(folder: str, name: str) -> str:
    return (Path(folder) / name).read_text(encoding="utf-8")
