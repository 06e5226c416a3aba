"""Contents as a simplekml tree, and that tree as XML that Google Earth and the schema accept.

simplekml nests the elements; it must never see raw text (it escapes little and lets CDATA through),
so its own parsing of text is off and every string is cleaned and escaped before. The finish, on
lxml, does what simplekml does not: our ids for its process-wide numbers, children in the order of
the schema, coordinates of two numbers and 5 decimals, a declaration that Earth on the web accepts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import shapely
import simplekml
from lxml import etree

from cami_units.kml._marks import Bounds, Contents, Folder, Mark, Profile
from cami_units.kml._shape import DECIMALS, look_range_m
from cami_units.kml._source import local
from cami_units.kml._styles import Look, kml_colour
from cami_units.kml._text import xml_text

KML: Final = "http://www.opengis.net/kml/2.2"
GX: Final = "http://www.google.com/kml/ext/2.2"
DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'

_ORDER: Final = [
    "key",
    "name",
    "visibility",
    "open",
    "longitude",
    "latitude",
    "altitude",
    "heading",
    "tilt",
    "range",
    "altitudeMode",
    "description",
    "LookAt",
    "styleUrl",
    "displayName",
    "value",
    "Style",
    "StyleMap",
    "IconStyle",
    "LabelStyle",
    "LineStyle",
    "PolyStyle",
    "BalloonStyle",
    "ListStyle",
    "bgColor",
    "color",
    "colorMode",
    "scale",
    "width",
    "text",
    "fill",
    "outline",
    "listItemType",
    "ExtendedData",
    "extrude",
    "tessellate",
    "coordinates",
    "outerBoundaryIs",
    "innerBoundaryIs",
]
"""The order of children that the schema wants; elements not named here come last, as they were."""
_PLACES: Final = {name: place for place, name in enumerate(_ORDER)}
_USUAL: Final = re.compile(r"(?:-?\d+\.\d{1,5},-?\d+\.\d{1,5},0\.0(?: |$))+")
_NEEDLESS: Final = re.compile(r",0\.0(?= |$)|\.0(?=[, ]|$)")
_SECONDS: Final = 4.0
"""How long the tour flies to a unit, and how long it stays."""


class _Tree:
    """A simplekml document under way, and our id for each of simplekml's."""

    def __init__(self, profile: Profile, labels: Mapping[str, str]) -> None:
        self.profile = profile
        self.labels = labels
        self.kml = simplekml.Kml()
        self.kml.parsetext(False)
        self.ids: dict[str, str] = {}
        self.taken: set[str] = set()
        self.styles: dict[str, str] = {}

    def identify(self, element: Any, wanted: str) -> None:
        """Give an element its id; a second element that wants the same gets a number behind it."""
        name, number = wanted, 1
        while name in self.taken:
            number += 1
            name = f"{wanted}_{number}"
        self.taken.add(name)
        self.ids[element.id] = name


def document(contents: Contents, profile: Profile, *, legend: str = "") -> bytes:
    """The bytes of `doc.kml`: the same contents, the same bytes.

    `legend` is the place of the legend's picture in the archive; empty: there is none.
    """
    tree = _Tree(profile, contents.labels)
    root = tree.kml.document
    root.name = xml_text(contents.title)
    root.open = 1
    root.description = xml_text(contents.about)
    if contents.view:
        root.lookat = _look_at(contents.view)
    for key in sorted(contents.looks):
        _add_style(tree, key, contents.looks[key])
    for folder in contents.folders:
        _add_folder(tree, root, folder)
    if legend:
        _add_legend(tree, legend)
    if profile == "earth-pro" and contents.tour:
        _add_tour(tree, contents)
    return _finished(tree)


# -- simplekml ------------------------------------------------------------------------------------


def _add_style(tree: _Tree, key: str, look: Look) -> None:
    if look.radio:
        if tree.profile == "earth-pro":
            style = simplekml.Style()
            style.liststyle.listitemtype = "radioFolder"
            _register(tree, key, style)
        return
    normal = _style(look, look.width)
    if not look.hover:
        _register(tree, key, normal)
        return
    both = simplekml.StyleMap(normal, _style(look, look.hover))
    tree.identify(both.normalstyle, f"{key}.normal")
    tree.identify(both.highlightstyle, f"{key}.highlight")
    tree.kml.document.stylemaps.append(both)
    tree.identify(both, key)
    tree.styles[key] = both.id


def _register(tree: _Tree, key: str, style: Any) -> None:
    tree.kml.document.styles.append(style)
    tree.identify(style, key)
    tree.styles[key] = style.id


def _style(look: Look, width: float) -> Any:
    style = simplekml.Style()
    # Scale 0 and an empty Icon: the text alone. simplekml's own icon would be fetched from afar.
    style.iconstyle.scale = 0
    style.iconstyle.icon.href = None
    style.iconstyle.heading = None
    style.labelstyle.scale = look.label
    style.linestyle.color = kml_colour(look.line)
    style.linestyle.width = width
    style.polystyle.color = kml_colour(look.fill or look.line, look.opacity)
    style.polystyle.fill = int(bool(look.fill))
    for part in (style.iconstyle, style.labelstyle, style.linestyle, style.polystyle):
        part.colormode = None
    if look.balloon:
        style.balloonstyle.text = xml_text(look.balloon)
        style.balloonstyle.displaymode = None
    return style


def _add_folder(tree: _Tree, parent: Any, folder: Folder) -> None:
    made = parent.newfolder(name=xml_text(folder.name), open=int(folder.open))
    made.visibility = int(folder.visible)
    if folder.radio and tree.profile == "earth-pro":
        made.styleurl = f"#{tree.styles['radio']}"
    for mark in folder.marks:
        _add_mark(tree, made, mark)
    for inner in folder.folders:
        _add_folder(tree, made, inner)


def _add_mark(tree: _Tree, parent: Any, mark: Mark) -> None:
    shape = _add_shape(parent, mark)
    placemark = shape.placemark
    placemark.name = xml_text(mark.name)
    placemark.visibility = int(mark.visible)
    placemark.styleurl = f"#{tree.styles[mark.look]}"
    if mark.description:
        placemark.description = xml_text(mark.description)
    if mark.view:
        placemark.lookat = _look_at(mark.view)
    for key, value in mark.data:
        # Earth on the web knows no displayName.
        title = tree.labels.get(key) if tree.profile == "earth-pro" else None
        placemark.extendeddata.newdata(key, xml_text(value), title)
    tree.identify(placemark, mark.id)


def _add_shape(parent: Any, mark: Mark) -> Any:
    geometry = mark.geometry
    if geometry.geom_type == "Point":
        return parent.newpoint(coords=list(geometry.coords))
    if geometry.geom_type == "LineString":
        return parent.newlinestring(coords=list(geometry.coords), tessellate=1)
    rings = [list(ring.coords) for ring in shapely.get_rings(geometry)]
    return parent.newpolygon(outerboundaryis=rings[0], innerboundaryis=rings[1:], tessellate=1)


def _look_at(bounds: Bounds) -> Any:
    west, south, east, north = bounds
    return simplekml.LookAt(
        longitude=round((west + east) / 2, DECIMALS),
        latitude=round((south + north) / 2, DECIMALS),
        heading=0,
        tilt=0,
        range=look_range_m(bounds),
    )


def _add_legend(tree: _Tree, place: str) -> None:
    """The picture of the legend in the upper left corner, in its own size, to be switched off."""
    overlay = tree.kml.newscreenoverlay(name=xml_text(tree.labels["legend"]))
    tree.identify(overlay, "legend")
    overlay.icon.href = place
    whole, corner = simplekml.Units.fraction, {"x": 0, "y": 1}
    overlay.overlayxy = simplekml.OverlayXY(**corner, xunits=whole, yunits=whole)
    overlay.screenxy = simplekml.ScreenXY(x=0.01, y=0.98, xunits=whole, yunits=whole)
    overlay.size = simplekml.Size(x=0, y=0, xunits=whole, yunits=whole)


def _add_tour(tree: _Tree, contents: Contents) -> None:
    tour = tree.kml.newgxtour(name=xml_text(tree.labels["tour"]))
    tree.identify(tour, "tour")
    playlist = tour.newgxplaylist()
    for stop in contents.tour:
        flight = playlist.newgxflyto(gxduration=_SECONDS, gxflytomode="smooth")
        flight.lookat = _look_at(stop.view or stop.geometry.bounds)
        playlist.newgxwait(gxduration=_SECONDS)


# -- the finish -----------------------------------------------------------------------------------


def _finished(tree: _Tree) -> bytes:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True
    )
    # Our own bytes: huge_tree only lifts the 10 MB limit on one text.
    root = etree.fromstring(tree.kml.kml(format=False).encode("utf-8"), parser)
    for inner in [*root.iter(f"{{{KML}}}innerBoundaryIs")]:
        _a_boundary_each(inner)
    for element in root.iter(etree.Element):
        _identified(element, tree.ids)
        _shortened(element)
        if len(element) > 1 and etree.QName(element).namespace == KML:
            ordered = sorted(element, key=_place)
            if ordered != list(element):  # to move children is dear, and most are in place
                element[:] = ordered
    if tree.profile == "earth-web":
        etree.cleanup_namespaces(root)
    etree.indent(root, space=" ")
    return DECLARATION + etree.tostring(root, encoding="UTF-8") + b"\n"


def _a_boundary_each(inner: etree._Element) -> None:
    """One `innerBoundaryIs` for each hole: simplekml puts all of them into one, which is not valid."""
    for ring in reversed(list(inner)[1:]):
        own = etree.Element(inner.tag)
        own.append(ring)
        inner.addnext(own)


def _identified(element: etree._Element, ids: Mapping[str, str]) -> None:
    number = str(element.attrib.pop("id", ""))
    if number in ids:
        element.set("id", ids[number])
    if local(element) == "styleUrl":
        element.text = "#" + ids[str(element.text).removeprefix("#")]


def _shortened(element: etree._Element) -> None:
    if local(element) == "coordinates":
        text = str(element.text)
        if _USUAL.fullmatch(text):  # rounded before: only the altitude and zeros have to go
            element.text = _NEEDLESS.sub("", text)
            return
        element.text = " ".join(
            ",".join(_decimal(number) for number in point.split(",")[:2]) for point in text.split()
        )


def _decimal(number: str) -> str:
    """Never ``1e-05``, no zeros at the end."""
    return f"{float(number):.{DECIMALS}f}".rstrip("0").rstrip(".")


def _place(element: etree._Element) -> int:
    return _PLACES.get(local(element), len(_PLACES))
