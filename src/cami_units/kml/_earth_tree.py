"""Contents as a simplekml tree, and that tree as XML that Google Earth and the schema accept.

simplekml makes the document, its folders, styles and tour; it must never see raw text (it escapes
little and lets CDATA through), so its own parsing of text is off and every string is cleaned and
escaped before. The finish, on lxml, does what simplekml does not: our ids for its process-wide
numbers, children in the order of the schema, a declaration that Earth on the web accepts. The
placemarks, by far the most of a file, would cost more to finish than to write: they are put into
their folders there, written as they have to be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import shapely
import simplekml
from lxml import etree
from shapely.geometry.base import BaseGeometry

from cami_units.kml._escapes import xml_text
from cami_units.kml._marks import Bounds, Contents, Folder, Look, Mark, Profile, kml_colour
from cami_units.kml._written_shapes import DECIMALS, look_range_m
from cami_units.kml._xml import local

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
    "Snippet",
    "description",
    "LookAt",
    "styleUrl",
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
]
"""The order of children that the schema wants; elements not named here come last, as they were."""
_PLACES: Final = {name: place for place, name in enumerate(_ORDER)}
_SECONDS: Final = 4.0
"""How long the tour flies to a unit, and how long it stays."""


class _Tree:
    """A simplekml document under way, our id for each of simplekml's, and each folder's marks."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.kml = simplekml.Kml()
        self.kml.parsetext(False)
        self.ids: dict[str, str] = {}
        self.taken: set[str] = set()
        self.styles: dict[str, str] = {}
        self.placed: dict[str, list[Placed]] = {}

    def identify(self, element: Any, wanted: str) -> None:
        """Give an element its id."""
        self.ids[element.id] = self.free(wanted)

    def free(self, wanted: str) -> str:
        """An id that nothing else has: the second one to want it gets a number behind it."""
        name, number = wanted, 1
        while name in self.taken:
            number += 1
            name = f"{wanted}_{number}"
        self.taken.add(name)
        return name


def document(contents: Contents, profile: Profile, *, legend: str = "") -> bytes:
    """The bytes of `doc.kml`: the same contents, the same bytes.

    `legend` is the place of the legend's picture in the archive; empty: there is none.
    """
    tree = _Tree(profile)
    root = tree.kml.document
    root.name = xml_text(contents.title)
    root.open = 1
    root.description = xml_text(contents.about)
    if contents.view:
        root.lookat = _look_at(contents.view)
    looks = {**contents.looks, **contents.unit_looks[profile]}
    for key in sorted(looks):
        _add_style(tree, key, looks[key])
    for folder in contents.folders:
        _add_folder(tree, root, folder)
    if legend:
        _add_legend(tree, legend, contents.labels["legend"])
    if profile == "earth-pro" and contents.tour:
        _add_tour(tree, contents)
    # Earth on the web knows no displayName.
    return _finished(tree, contents.labels if profile == "earth-pro" else {})


# -- simplekml ------------------------------------------------------------------------------------


def _add_style(tree: _Tree, key: str, look: Look) -> None:
    """Register a look as a style, or as two where it changes under the pointer."""
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
    """A look as simplekml has it, without an icon that would be fetched."""
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
    """Add a folder with its placemarks' places kept free, and the folders in it."""
    made = parent.newfolder(name=xml_text(folder.name), open=int(folder.open))
    made.visibility = int(folder.visible)
    if folder.radio and tree.profile == "earth-pro":
        made.styleurl = f"#{tree.styles['radio']}"
    tree.placed[made.id] = [
        Placed(mark, tree.free(mark.id), tree.ids[tree.styles[mark.look]])
        for whole in folder.marks
        for mark in (_singles(whole) if tree.profile == "earth-web" else [whole])
    ]
    for inner in folder.folders:
        _add_folder(tree, made, inner)


def _singles(mark: Mark) -> list[Mark]:
    """A mark as Earth on the web takes it: one geometry each, and no line below its name."""
    parts = shapely.get_parts(mark.geometry)
    if len(parts) < 2:
        return [replace(mark, geometry=parts[0], snippet="")]
    return [
        replace(mark, geometry=part, id=f"{mark.id}.{number}", snippet="")
        for number, part in enumerate(parts, start=1)
    ]


def _look_at(bounds: Bounds) -> Any:
    longitude, latitude, away = place_of_eye(bounds)
    return simplekml.LookAt(longitude=longitude, latitude=latitude, heading=0, tilt=0, range=away)


def _add_legend(tree: _Tree, place: str, name: str) -> None:
    """The picture of the legend in the upper left corner, in its own size, to be switched off."""
    overlay = tree.kml.newscreenoverlay(name=xml_text(name))
    tree.identify(overlay, "legend")
    overlay.icon.href = place
    whole, corner = simplekml.Units.fraction, {"x": 0, "y": 1}
    overlay.overlayxy = simplekml.OverlayXY(**corner, xunits=whole, yunits=whole)
    overlay.screenxy = simplekml.ScreenXY(x=0.01, y=0.98, xunits=whole, yunits=whole)
    overlay.size = simplekml.Size(x=0, y=0, xunits=whole, yunits=whole)


def _add_tour(tree: _Tree, contents: Contents) -> None:
    """Add the flight from unit to unit that waits at each until it is played on."""
    tour = tree.kml.newgxtour(name=xml_text(contents.labels["tour"]))
    tree.identify(tour, "tour")
    playlist = tour.newgxplaylist()
    ids = {one.mark.id: one.id for placed in tree.placed.values() for one in placed}
    for stop in contents.tour:
        flight = playlist.newgxflyto(gxduration=_SECONDS, gxflytomode="smooth")
        flight.lookat = _look_at(stop.view or stop.geometry.bounds)
        _show_balloon(playlist, ids[stop.id], shown=True)
        playlist.newgxwait(gxduration=_SECONDS)
        playlist.newgxtourcontrol(gxplaymode="pause")  # until the room has talked, and plays on
        _show_balloon(playlist, ids[stop.id], shown=False)


def _show_balloon(playlist: Any, placemark_id: str, *, shown: bool) -> None:
    """Open or close the balloon of a unit, in the tour alone: nothing in the file changes."""
    update = playlist.newgxanimatedupdate(gxduration=0).update
    update.targethref = ""
    update.change = (
        f'<Placemark targetId="{placemark_id}">'
        f"<gx:balloonVisibility>{int(shown)}</gx:balloonVisibility></Placemark>"
    )


# -- placemarks -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Placed:
    """A mark, and the ids of its placemark and of its style in the file."""

    mark: Mark
    id: str
    style: str


def placemark(placed: Placed, labels: Mapping[str, str]) -> etree._Element:
    """The placemark of a mark, its children in the order of the schema.

    `labels` are the titles of its data; data without a title has none.
    """
    mark = placed.mark
    element = etree.Element(_tag("Placemark"), id=placed.id)
    _add(element, "name", mark.name)
    _add(element, "visibility", str(int(mark.visible)))
    if mark.snippet:
        _add(element, "Snippet", mark.snippet).set("maxLines", "1")
    if mark.description:
        _add(element, "description", mark.description)
    if mark.view:
        _add_look_at(element, mark.view)
    _add(element, "styleUrl", f"#{placed.style}")
    if mark.data:
        data = _add(element, "ExtendedData")
        for key, value in mark.data:
            entry = _add(data, "Data")
            entry.set("name", key)
            if key in labels:
                _add(entry, "displayName", labels[key])
            _add(entry, "value", value)
    _add_shape(element, mark.geometry)
    return element


def place_of_eye(bounds: Bounds) -> tuple[float, float, float]:
    """Longitude, latitude, and the distance in metres from which a box of degrees is seen whole."""
    west, south, east, north = bounds
    longitude, latitude = (west + east) / 2, (south + north) / 2
    return round(longitude, DECIMALS), round(latitude, DECIMALS), look_range_m(bounds)


def _add_look_at(parent: etree._Element, bounds: Bounds) -> None:
    """Add where the eye stands, looking straight down, north up."""
    longitude, latitude, away = place_of_eye(bounds)
    look = _add(parent, "LookAt")
    _add(look, "longitude", str(longitude))
    _add(look, "latitude", str(latitude))
    _add(look, "heading", "0")
    _add(look, "tilt", "0")
    _add(look, "range", str(away))


def _add_shape(parent: etree._Element, geometry: BaseGeometry) -> None:
    """Add a geometry; lines of several parts become several lines, for the web version."""
    if geometry.geom_type == "MultiLineString":
        group = _add(parent, "MultiGeometry")
        for line in shapely.get_parts(geometry):
            _add_shape(group, line)
        return
    shape = _add(parent, geometry.geom_type)
    if geometry.geom_type != "Point":
        _add(shape, "tessellate", "1")
    if geometry.geom_type != "Polygon":
        _add(shape, "coordinates", _coordinates(geometry))
        return
    for number, ring in enumerate(shapely.get_rings(geometry)):
        side = _add(shape, "innerBoundaryIs" if number else "outerBoundaryIs")
        _add(_add(side, "LinearRing"), "coordinates", _coordinates(ring))


def _coordinates(geometry: BaseGeometry) -> str:
    """`lon,lat` with spaces between, no altitude: Earth lays shapes on the ground without it."""
    return " ".join(
        f"{_decimal(x)},{_decimal(y)}" for x, y in shapely.get_coordinates(geometry).tolist()
    )


def _decimal(number: float) -> str:
    """Never ``1e-05``, no zeros at the end."""
    return f"{number:.{DECIMALS}f}".rstrip("0").rstrip(".")


def _add(parent: etree._Element, name: str, text: str = "") -> etree._Element:
    """Add an element of KML, with text where it has some."""
    element = etree.SubElement(parent, _tag(name))
    if text:
        element.text = text
    return element


def _tag(name: str) -> str:
    return f"{{{KML}}}{name}"


# -- the finish -----------------------------------------------------------------------------------


def _finished(tree: _Tree, labels: Mapping[str, str]) -> bytes:
    """The bytes: elements in the order of the schema, ids that stay, placemarks in their places."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True
    )
    # Our own bytes: huge_tree only lifts the 10 MB limit on one text.
    root = etree.fromstring(tree.kml.kml(format=False).encode("utf-8"), parser)
    for element in [*root.iter(etree.Element)]:
        number = str(element.attrib.pop("id", ""))
        if number in tree.ids:
            element.set("id", tree.ids[number])
        if local(element) == "styleUrl":
            element.text = "#" + tree.ids[str(element.text).removeprefix("#")]
        if len(element) > 1 and etree.QName(element).namespace == KML:
            element[:] = sorted(element, key=_place)
        if number in tree.placed:
            _fill(element, tree.placed[number], labels)
    if tree.profile == "earth-web":
        etree.cleanup_namespaces(root)
    etree.indent(root, space=" ")
    return b"".join((DECLARATION, etree.tostring(root, encoding="UTF-8"), b"\n"))


def _fill(folder: etree._Element, placed: Sequence[Placed], labels: Mapping[str, str]) -> None:
    """Placemarks into their folder, before the folders in it."""
    inner = folder.find(f"{{{KML}}}Folder")
    place = len(folder) if inner is None else folder.index(inner)
    folder[place:place] = [placemark(one, labels) for one in placed]


def _place(element: etree._Element) -> int:
    return _PLACES.get(local(element), len(_PLACES))
