"""The map as a folium map, for notebooks and for whoever puts further folium layers on it.

folium gives the map, its options, its display in notebooks, and room for further folium layers.
What it cannot do safely or offline is done by our page: it is composed around branca's fragments
instead of by them, because branca compiles rendered scripts *again* as Jinja, links its libraries
from outside hosts, and numbers its elements at random. A command that writes a map wants none of
it, and does not wait for its imports.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Unpack
from urllib.parse import urlsplit

import folium
import geopandas as gpd
from branca.element import CssLink, Element, Figure, JavascriptLink
from folium.template import Template

from cami_units.model import Imprint, InputError, check_arguments, listed
from cami_units.webmap._html import Fragments, centre, composed
from cami_units.webmap._payload import NO_LAYERS, Frame, PageTables, payload


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

    def __init__(self, content: Mapping[str, Any], imprint: Imprint, frame: Frame) -> None:
        super().__init__(
            location=centre(frame),
            tiles=None,
            zoom_start=4,
            zoom_control=False,
            prefer_canvas=True,
            # Quarters of a level: on a level of its own the region fills half of a screen, or
            # spills over it.
            zoom_snap=0.25,
            zoom_delta=0.5,
            # Twice the usual way of a wheel: on a touchpad a level would go by at a breath.
            wheel_px_per_zoom_level=110,
            attribution_control=False,
            # Outlines and background were simplified for a screen: nearer than this they only show
            # their corners.
            max_zoom=11,
            # farther away the world would stand beside itself twice
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
                # branca numbers its elements at random, and no two pages would have the same bytes
                element._id = f"cami{place}"
            for child in self._children.values():
                child.render(**kwargs)
            _refuse_links(self.header)
            return composed(self._content, self._imprint, self._fragments(**kwargs))

    def _fragments(self, **kwargs: Any) -> Fragments:
        """What folium's elements have left for the page."""
        return Fragments(
            name=next(iter(self._children.values())).get_name(),
            head=self.header.render(**kwargs),
            body=self.html.render(**kwargs),
            script=self.script.render(**kwargs),
            hosts=tuple(_tile_hosts(_descendants(self))),
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
    """All elements of a map below one, depth first."""
    for child in element._children.values():
        yield child
        yield from _descendants(child)


def _refuse_links(header: Element) -> None:
    """Refuse folium layers that load files from a network."""
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


def unit_map(
    units: gpd.GeoDataFrame,
    *,
    layers: Mapping[str, gpd.GeoDataFrame] = NO_LAYERS,
    **tables: Unpack[PageTables],
) -> CamiMap:
    """A map of conservation units with everything a reader needs, and no need of a network.

    Parameters
    ----------
    units : GeoDataFrame
        The table `conservation_units` in longitude and latitude. Rejected and merged units are not
        drawn.
    cards : DataFrame or mapping of language to DataFrame
        What popups say: one row a unit, ``unit_id`` and :data:`cami_units.words.unit_card.CARD_FIELDS`, as
        :func:`cami_units.words.unit_card.unit_cards` makes them (plain text, not escaped). Several languages
        give the page a language switch, in the order of the mapping.
    imprint : Imprint
        Title, date, round, profile, sources, disclaimer.
    layers : mapping of name to GeoDataFrame
        Any of :data:`cami_units.model.MAP_LAYERS`, in longitude and latitude. An absent one is not offered.
    species : DataFrame, optional
        The table `species`: label codes and names. ``None``: scientific names only.
    planning_units : GeoDataFrame, optional
        The table `planning_units` in longitude and latitude, drawn as a score in five classes.
    unit_criteria : DataFrame, optional
        The table `unit_criteria`: marks in the table twin and the evidence in the popups.
    unit_species, unit_countries : DataFrame, optional
        The tables of those names: small charts in the popups.
    sensitivity : DataFrame, optional
        The table `sensitivity`: units can be coloured by how stable they are.
    before : GeoDataFrame, optional
        The table `conservation_units` as it was: drawn dashed and grey below the units, with a table
        of what each of them became, and a divider that wipes from then to now.
    earlier : GeoDataFrame, optional
        The table `earlier_units`: the card of a unit draws how it went from round to round; without
        `before`, the last of these rounds is what was.
    detail : {"map", "atlas"}
        A map is light (1.5 MB for the bundled layers). An atlas has shapes in full detail, and the
        parts of each range with their codes where `layers` has ``ranges``.
    lang : {"en", "ru"}
        Language in which the page opens.

    Returns
    -------
    CamiMap
        A :class:`folium.Map`: it displays itself in a notebook.

    Raises
    ------
    InputError
        When a table is not what its name promises, is not in longitude and latitude, when a layer
        or language is unknown, or a unit has no card.

    Notes
    -----
    Shapes are drawn simplified and on a lattice of 0.0001°: the page shows, the GeoPackage holds.
    """
    check_arguments(unit_map, locals())
    content, sheet = payload(units, layers, tables)
    return CamiMap(content, tables["imprint"], sheet.around["frame"])
