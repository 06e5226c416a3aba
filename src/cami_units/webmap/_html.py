"""The page itself: a folium map whose HTML is one file that asks nobody for anything.

folium gives the map, its options, its display in notebooks, and room for further folium layers.
What it cannot do safely or offline is done here: the page is composed around branca's fragments
instead of by them, because branca compiles rendered scripts *again* as Jinja, links its libraries
from outside hosts, and numbers its elements at random.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import folium
import jinja2
from branca.element import CssLink, Element, Figure, JavascriptLink
from folium.template import Template
from xstatic.pkg import jquery, leaflet

from cami_units import words
from cami_units.model import DISCLAIMER, Imprint, InputError, listed, page_policy
from cami_units.webmap._page_values import shown

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


class CamiMap(folium.Map):  # type: ignore[misc]
    """A folium map of conservation units that works without a network.

    It displays itself in a notebook, saves with ``.save(path)``, and takes further folium layers
    (``folium.GeoJson(…).add_to(m)``), as long as they load nothing from elsewhere. Made by
    :func:`cami_units.webmap.unit_map`.
    """

    default_js: ClassVar[list[tuple[str, str]]] = []
    default_css: ClassVar[list[tuple[str, str]]] = []

    # folium's own header forbids zooming and adds a script of its own.
    _template = Template(
        """
        {% macro html(this, kwargs) %}
        <div class="folium-map" id="{{ this.get_name() }}"></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
        var {{ this.get_name() }} = L.map("{{ this.get_name() }}", {
            center: {{ this.location|tojson }}, crs: L.CRS.{{ this.crs }},
            ...{{ this.options|tojavascript }}
        });
        {% endmacro %}
        """
    )

    def __init__(self, content: Mapping[str, Any], imprint: Imprint) -> None:
        west, south, east, north = content["base"]["frame"]
        super().__init__(
            location=[(south + north) / 2, (west + east) / 2],
            tiles=None,
            zoom_start=4,
            zoom_control=False,
            prefer_canvas=True,
            zoom_snap=0.25,
            zoom_delta=0.5,
            wheel_px_per_zoom_level=110,
            attribution_control=False,
            max_zoom=11,
            min_zoom=2.5,
        )
        _Page(content, imprint).add_child(self)


class _Page(Figure):  # type: ignore[misc]
    """branca's root element, composed by our own template and under a Content-Security-Policy."""

    def __init__(self, content: Mapping[str, Any], imprint: Imprint) -> None:
        super().__init__()
        self._content = content
        self._imprint = imprint
        self.height = "720px"  # of the frame in a notebook

    def render(self, **kwargs: Any) -> str:
        """The whole page as HTML: the same text however often it is asked for."""
        with _unchanged([self.header, self.html, self.script, self, *_descendants(self)]):
            for place, element in enumerate(_descendants(self)):
                element._id = f"cami{place}"
            for child in self._children.values():
                child.render(**kwargs)
            _refuse_links(self.header)
            return self._composed(**kwargs)

    def _composed(self, **kwargs: Any) -> str:
        """Our template round the fragments that folium's elements have left."""
        name = next(iter(self._children.values())).get_name()
        scripts = [
            *_libraries(),
            self.script.render(**kwargs),
            f"window.camiMap = {name};\n{_own_script()}",
        ]
        head = self.header.render(**kwargs)
        styles = [_leaflet_css(), _text("page.css")]
        return _template().render(
            lang=self._content["lang"],
            t=self._content["words"][self._content["lang"]],
            csp=page_policy(
                scripts=" ".join(_hash(_block(script)) for script in scripts),
                styles=" ".join(map(_hash, [*map(_block, styles), *_style_blocks(head)])),
                images=" ".join(["data:", *_tile_hosts(_descendants(self))]),
                sized_elements=True,
            ),
            styles=[_block(style) for style in styles],
            scripts=[_block(script) for script in scripts],
            head=head,
            body=self.html.render(**kwargs),
            content=_json(self._content),
            imprint=_imprint(self._imprint, self._content),
        )


@contextmanager
def _unchanged(elements: Sequence[Element]) -> Iterator[None]:
    """Take back what elements add to one another while they render; a second time is the first."""
    before = [(element, element._children.copy()) for element in elements]
    try:
        yield
    finally:
        for element, children in before:
            element._children = children


def _descendants(element: Element) -> Iterator[Element]:
    for child in element._children.values():
        yield child
        yield from _descendants(child)


def _refuse_links(header: Element) -> None:
    links = [
        child.url
        for child in header._children.values()
        if isinstance(child, JavascriptLink | CssLink)
    ]
    if links:
        raise InputError(
            "This map must open without a network, but a folium layer on it loads "
            f"{listed(links, 3)}. Leave that layer out, or draw with GeoJson, CircleMarker or "
            "DivIcon, which need no files."
        )


def _tile_hosts(elements: Iterable[Element]) -> list[str]:
    """Hosts of online tiles that somebody put on top: the only thing the page may then fetch."""
    hosts = [
        urlsplit(element.tiles).netloc.replace("{s}", "*")
        for element in elements
        if isinstance(element, folium.TileLayer) and element.tiles.startswith("https://")
    ]
    return sorted(f"https://{host}" for host in set(hosts) if re.fullmatch(r"[*\w.:-]+", host))


def _imprint(imprint: Imprint, content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": shown(imprint.title),
        "date": shown(imprint.date),
        "round": shown(imprint.round),
        "profile": shown(imprint.profile),
        "disclaimer": shown(words.disclaimer(imprint.disclaimer, content["lang"])),
        "standing": imprint.disclaimer == DISCLAIMER,
        "sources": [shown(source) for source in imprint.sources],
        "indicative": imprint.indicative,
        "name": shown(f"{imprint.title}, {imprint.date}"),
        "languages": content["languages"],
    }


def _json(content: Mapping[str, Any]) -> str:
    """JSON that a script element cannot be talked out of: `<`, `>` and `&` as escapes as well."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _block(text: str) -> str:
    """The content of a script or style element exactly as the parser will see it."""
    return "\n" + text.replace("\r\n", "\n").replace("\r", "\n").strip("\n") + "\n"


def _hash(block: str) -> str:
    digest = hashlib.sha256(block.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _style_blocks(head: str) -> list[str]:
    return re.findall(r"<style[^>]*>(.*?)</style>", head, flags=re.DOTALL)


@cache
def _template() -> jinja2.Template:
    """Values arrive as values, cleaned; nothing from data is ever compiled."""
    return jinja2.Environment(keep_trailing_newline=True).from_string(_text("page.html"))


@cache
def _text(name: str) -> str:
    return (files("cami_units.webmap") / "page" / name).read_text(encoding="utf-8")


@cache
def _own_script() -> str:
    parts = "\n".join(_text(name) for name in _SCRIPTS)
    return f'(function () {{\n"use strict";\n{parts}\n}})();'


@cache
def _libraries() -> tuple[str, str]:
    """Leaflet and jQuery (which folium's popups call), from the wheels that carry them."""
    return (
        _without_source_map(_packaged(leaflet.BASE_DIR, "leaflet.js")),
        _without_source_map(_packaged(jquery.BASE_DIR, "jquery.min.js")),
    )


def _without_source_map(script: str) -> str:
    return re.sub(r"^//# sourceMappingURL=.*$", "", script, flags=re.MULTILINE)


@cache
def _leaflet_css() -> str:
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
