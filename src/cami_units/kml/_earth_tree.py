"""Contents as a simplekml tree, and that tree as XML that Google Earth and the schema accept.

simplekml makes the document and its styles; it must never see raw text (it escapes little and lets
CDATA through), so its own parsing of text is off and every string is cleaned and escaped before. The
finish, on lxml, does what simplekml does not: our ids for its process-wide numbers, children in the
order of the schema, a declaration that Earth on the web accepts. Folders, placemarks and the tour, by
far the most of a file, are written as text, as they have to stand: elements of them would cost ten
times as much, and what was written before can be put in as it is.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final
from xml.sax.saxutils import escape

import numpy as np
import shapely
import simplekml
from lxml import etree
from shapely.geometry.base import BaseGeometry

from cami_units.kml._escapes import xml_text
from cami_units.kml._marks import (
    LEGEND,
    RELIEFS,
    Bounds,
    Contents,
    Folder,
    Look,
    Mark,
    Profile,
    Written,
    kml_colour,
)
from cami_units.kml._written_shapes import DECIMALS, look_range_m
from cami_units.scene import ShapeMemory

KML: Final = "http://www.opengis.net/kml/2.2"
GX: Final = "http://www.google.com/kml/ext/2.2"
DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'

_ORDER: Final = (
    *("key", "name", "visibility", "open"),
    *("longitude", "latitude", "altitude", "heading", "tilt", "range", "altitudeMode"),
    *("Snippet", "description", "LookAt", "styleUrl", "Style", "StyleMap"),
    *("IconStyle", "LabelStyle", "LineStyle", "PolyStyle", "BalloonStyle", "ListStyle"),
    *("bgColor", "color", "colorMode", "scale", "width", "text"),
    *("fill", "outline", "listItemType"),
)
"""The order of children that the schema wants; elements not named here come last, as they were."""
_PLACES: Final = {name: place for place, name in enumerate(_ORDER)}
_SECONDS: Final = 4.0
"""How long the tour flies to a unit, and how long it stays."""


class _Tree:
    """A simplekml document under way, and our id for each of simplekml's."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.kml = simplekml.Kml()
        self.kml.parsetext(False)
        self.ids: dict[str, str] = {}
        self.taken: set[str] = set()
        self.styles: dict[str, str] = {}

    def identify(self, element: Any, wanted_id: str) -> None:
        """Give an element its id."""
        self.ids[element.id] = free_id(wanted_id, self.taken)


def free_id(wanted_id: str, taken_ids: set[str]) -> str:
    """An id that nothing else has: the second one to want it gets a number behind it."""
    name, number = wanted_id, 1
    while name in taken_ids:
        number += 1
        name = f"{wanted_id}_{number}"
    taken_ids.add(name)
    return name


def document(
    contents: Contents, profile: Profile, *, pictures: Collection[str] = ()
) -> list[Written]:
    """The bytes of `doc.kml`, in parts: the same contents, the same bytes.

    `pictures` are the places of those that lie in the archive: of the legend, of the relief.
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
    root.newfolder(name=_FOLDERS)
    # Earth on the web knows no displayName.
    labels = contents.labels if profile == "earth-pro" else {}
    text = _FolderText(profile, labels, tree.taken)
    folders = [part for folder in contents.folders for part in text.parts(folder, 2)]
    if LEGEND in pictures:
        _add_legend(tree, LEGEND, contents.labels["legend"])
    for place, ground in zip(RELIEFS, contents.grounds, strict=False):
        if place in pictures:
            _add_relief(tree, place, contents.labels["relief"], ground)
    before, after = _finished(tree)
    if profile == "earth-pro" and contents.tour:
        tour = _tour(contents.labels["tour"], contents.tour, text.ids)
        after = after.replace(_END, tour.encode() + _END)
    return [Written(before), *folders, Written(after)]


def written_folders(
    marks: Sequence[Mark], folders: Sequence[Folder], profile: Profile, labels: Mapping[str, str]
) -> tuple[bytes, frozenset[str]]:
    """What stands in a folder of the document, as text, and the ids in it."""
    text = _FolderText(profile, labels if profile == "earth-pro" else {}, set())
    parts = [text.placemarks(marks, 3)]
    parts += [part.text for folder in folders for part in text.parts(folder, 3)]
    return b"".join(parts), frozenset(text.taken)


# -- simplekml ------------------------------------------------------------------------------------


def _add_style(tree: _Tree, key: str, look: Look) -> None:
    """Register a look as a style, or as two where it changes under the pointer."""
    # One species at a time: Pro knows folders with radio buttons, the web version takes none of
    # their style.
    if look.radio:
        if tree.profile == "earth-pro":
            style = simplekml.Style()
            style.liststyle.listitemtype = "radioFolder"
            _register(tree, key, style)
        return
    normal = _style(look, look.width)
    # What is not looked at under the pointer needs no pair of styles: half of the lines of a heavy
    # file.
    if not look.hover:
        _register(tree, key, normal)
        return
    style_map = simplekml.StyleMap(normal, _style(look, look.hover))
    tree.identify(style_map.normalstyle, f"{key}.normal")
    tree.identify(style_map.highlightstyle, f"{key}.highlight")
    tree.kml.document.stylemaps.append(style_map)
    tree.identify(style_map, key)
    tree.styles[key] = style_map.id


def _register(tree: _Tree, key: str, style: Any) -> None:
    """Take a style into the document, by its key."""
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


def _singles(mark: Mark) -> list[Mark]:
    """A mark as Earth on the web takes it: one geometry each, and no line below its name."""
    if not hasattr(mark.geometry, "geoms"):  # nearly all
        return [replace(mark, snippet="") if mark.snippet else mark]
    parts = shapely.get_parts(mark.geometry)
    if len(parts) < 2:
        return [replace(mark, geometry=parts[0], snippet="")]
    return [
        replace(mark, geometry=part, id=f"{mark.id}.{number}", snippet="")
        for number, part in enumerate(parts, start=1)
    ]


def _look_at(bounds: Bounds) -> Any:
    """From where a box of degrees is seen whole."""
    longitude, latitude, away = place_of_eye(bounds)
    return simplekml.LookAt(longitude=longitude, latitude=latitude, heading=0, tilt=0, range=away)


def _add_legend(tree: _Tree, place: str, name: str) -> None:
    """The picture of the legend in the upper left corner, in its own size, to be switched off."""
    overlay = tree.kml.newscreenoverlay(name=xml_text(name))
    tree.identify(overlay, "legend")
    overlay.icon.href = place
    fraction, corner = simplekml.Units.fraction, {"x": 0, "y": 1}
    overlay.overlayxy = simplekml.OverlayXY(**corner, xunits=fraction, yunits=fraction)
    overlay.screenxy = simplekml.ScreenXY(x=0.01, y=0.98, xunits=fraction, yunits=fraction)
    overlay.size = simplekml.Size(x=0, y=0, xunits=fraction, yunits=fraction)


def _add_relief(tree: _Tree, place: str, name: str, frame: Bounds) -> None:
    """Shaded relief on the ground, to be switched on where there is no imagery for want of a network."""
    overlay = tree.kml.newgroundoverlay(name=xml_text(name))
    tree.identify(overlay, "relief")
    overlay.visibility = 0
    overlay.icon.href = place
    west, south, east, north = frame
    overlay.latlonbox.west, overlay.latlonbox.east = west, east
    overlay.latlonbox.south, overlay.latlonbox.north = south, north


# -- folders and placemarks ----------------------------------------------------------------------


class TakenIdError(Exception):
    """Something else has an id that text which was written before has, too."""


_LEVEL: Final = 4
"""In three fifths of the time of 5, and a KMZ is one part in twenty-five larger."""

DEFLATE_END: Final = b"\x03\x00"
"""The last block of a deflated stream, with nothing in it (RFC 1951)."""


def deflated(text: bytes) -> bytes:
    """Text as a part of a deflated stream: parts can stand one behind another, in any order."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(text) + packer.flush(zlib.Z_FULL_FLUSH)


@lru_cache(maxsize=8)  # of a few languages, for both kinds of Google Earth
def _texts(profile: Profile, labels: tuple[tuple[str, str], ...]) -> ShapeMemory:
    """The text of each mark, where data have these titles."""
    return ShapeMemory()


class _FolderText:
    """Writes folders and placemarks as text, children in the order of the schema.

    `labels` are the titles of data; data without a title has none.
    """

    def __init__(self, profile: Profile, labels: Mapping[str, str], taken: set[str]) -> None:
        self.profile = profile
        self.labels = labels
        self.texts = _texts(profile, tuple(sorted(labels.items())))
        self.taken = taken
        self.ids: dict[str, str] = {}

    def parts(self, folder: Folder, depth: int) -> list[Written]:
        """A folder, `depth` elements deep, and what was written of it before, in parts."""
        pad, inner = " " * depth, " " * (depth + 1)
        radio = folder.radio and self.profile == "earth-pro"
        head = (
            f"{pad}<Folder>\n{_line(inner, 'name', folder.name)}"
            f"{inner}<visibility>{int(folder.visible)}</visibility>\n"
            f"{inner}<open>{int(folder.open)}</open>\n"
            + (f"{inner}<styleUrl>#radio</styleUrl>\n" if radio else "")
        )
        near = folder.near and self.profile == "earth-pro"
        shared = self._shared(folder.marks, depth + 1) if folder.shared else None
        if shared is None or shared.ids & self.taken:
            text = self.placemarks(folder.marks, depth + 1, near=near)
            written_parts = [Written(head.encode() + text)]
        else:
            written_parts = [Written(head.encode()), shared]
            self.taken |= shared.ids
        for subfolder in folder.folders:
            written_parts += self.parts(subfolder, depth + 1)
        # A folder written before is put in as it is; its ids must not be given to anything that
        # comes after.
        for before in folder.written.get(self.profile, ()):
            if before.ids & self.taken:
                raise TakenIdError
            written_parts.append(before)
            self.taken |= before.ids
        return [*written_parts, Written(f"{pad}</Folder>\n".encode())]

    def _shared(self, marks: tuple[Mark, ...], depth: int) -> Written:
        """Placemarks that stand in other files too, each with its own id there."""
        text = _FolderText(self.profile, self.labels, set())
        return Written(text.placemarks(marks, depth), ids=frozenset(text.taken), shared=True)

    def placemarks(self, marks: Sequence[Mark], depth: int, *, near: bool = False) -> bytes:
        """Placemarks one after another, each with an id of its own.

        `near`: each is drawn only where it is no speck on the screen.
        """

        def written(places: list[int]) -> list[list[tuple[str, str, str]]]:
            """Marks by their places: of each single one its id, and its text before that and after."""
            singles = [
                (number, mark)
                for number, place in enumerate(places)
                for mark in (
                    _singles(marks[place]) if self.profile == "earth-web" else [marks[place]]
                )
            ]
            coordinates = _coordinates([mark.geometry for _, mark in singles])
            texts: list[list[tuple[str, str, str]]] = [[] for _ in places]
            for (number, mark), of_mark in zip(singles, coordinates, strict=True):
                region = _region(mark.geometry, " " * (depth + 1)) if near else ""
                text = self._placemark(mark, of_mark, " " * depth, region)
                texts[number].append((mark.id, *text))
            return texts

        # units have a view: each file has its own, and a desk that runs all day would hold every one
        is_own = any(mark.view for mark in marks)
        about = [(depth, near)] * len(marks)
        places = list(range(len(marks)))
        texts_of = written(places) if is_own else self.texts.of(marks, about, written)
        lines: list[str] = []
        for of_mark in texts_of:
            for wanted_id, head, rest in of_mark:
                self.ids[wanted_id] = free_id(wanted_id, self.taken)
                lines += (head, _attribute(self.ids[wanted_id]), rest)
        return "".join(lines).encode()

    def _placemark(
        self, mark: Mark, coordinates: Sequence[str], pad: str, region: str
    ) -> tuple[str, str]:
        """One placemark before and after its id; `coordinates` are those of its parts or rings, in order."""
        inner = f"{pad} "
        lines = [
            '">\n',
            _line(inner, "name", mark.name),
            f"{inner}<visibility>{int(mark.visible)}</visibility>\n",
        ]
        if mark.snippet:
            lines.append(f'{inner}<Snippet maxLines="1">{_text(mark.snippet)}</Snippet>\n')
        if mark.description:
            lines.append(_line(inner, "description", mark.description))
        if mark.view:
            lines.append(_eye(mark.view, inner))
        # Earth on the web refuses a time, so there the name of the season says it.
        if mark.days and self.profile == "earth-pro":
            begin, end = mark.days
            lines.append(
                f"{inner}<TimeSpan>\n{inner} <begin>{begin}</begin>\n{inner} <end>{end}</end>\n"
                f"{inner}</TimeSpan>\n"
            )
        lines.append(f"{inner}<styleUrl>#{_text(mark.look)}</styleUrl>\n{region}")
        if mark.data:
            lines.append(f"{inner}<ExtendedData>\n")
            for key, value in mark.data:
                lines.append(f'{inner} <Data name="{_attribute(key)}">\n')
                if key in self.labels:
                    lines.append(_line(f"{inner}  ", "displayName", self.labels[key]))
                lines.append(f"{_line(f'{inner}  ', 'value', value)}{inner} </Data>\n")
            lines.append(f"{inner}</ExtendedData>\n")
        lines.append(_shape(mark.geometry, coordinates, inner))
        lines.append(f"{pad}</Placemark>\n")
        return f'{pad}<Placemark id="', "".join(lines)


def _eye(bounds: Bounds, pad: str) -> str:
    """From where a box of degrees is seen whole, as :func:`_look_at`."""
    longitude, latitude, away = place_of_eye(bounds)
    return (
        f"{pad}<LookAt>\n{pad} <longitude>{longitude}</longitude>\n"
        f"{pad} <latitude>{latitude}</latitude>\n{pad} <heading>0</heading>\n"
        f"{pad} <tilt>0</tilt>\n{pad} <range>{away}</range>\n{pad}</LookAt>\n"
    )


def _tour(name: str, stops: Sequence[Mark], ids: Mapping[str, str]) -> str:
    """The flight from unit to unit that waits at each until it is played on."""
    steps = []
    for stop in stops:
        # The balloon opens in the tour alone, nothing in the file changes; and the tour stands still
        # until the room has talked, and plays on.
        opened, closed = (
            _BALLOON.format(id=_attribute(ids[stop.id]), shown=shown) for shown in (1, 0)
        )
        steps.append(
            f"    <gx:FlyTo>\n     <gx:duration>{_SECONDS}</gx:duration>\n"
            "     <gx:flyToMode>smooth</gx:flyToMode>\n"
            f"{_eye(stop.view or stop.geometry.bounds, ' ' * 5)}"
            f"    </gx:FlyTo>\n{opened}    <gx:Wait>\n"
            f"     <gx:duration>{_SECONDS}</gx:duration>\n    </gx:Wait>\n    <gx:TourControl>\n"
            f"     <gx:playMode>pause</gx:playMode>\n    </gx:TourControl>\n{closed}"
        )
    title = _line("   ", "name", name)
    return (
        f"  <gx:Tour>\n{title}   <gx:Playlist>\n{''.join(steps)}   </gx:Playlist>\n  </gx:Tour>\n"
    )


_BALLOON: Final = """    <gx:AnimatedUpdate>
     <gx:duration>0</gx:duration>
     <Update>
      <targetHref/>
      <Change>
       <Placemark targetId="{id}">
        <gx:balloonVisibility>{shown}</gx:balloonVisibility>
       </Placemark>
      </Change>
     </Update>
    </gx:AnimatedUpdate>
"""


deflated_once = lru_cache(maxsize=8)(deflated)
"""As :func:`deflated`, of text that the next file has too."""

# Pixels of the screen from which a shape is more than a speck, and a name has room among others:
# that of a place stands for a square of half a degree, which is 48 pixels wide from about 1,000 km.
_SPECK, _NAME, _ROUND_A_POINT = 6, 48, 0.25


def _region(geometry: BaseGeometry, pad: str) -> str:
    """From how near a placemark is drawn: a level of detail, so that a globe of much stays quick."""
    is_point = geometry.geom_type == "Point"
    beyond = _ROUND_A_POINT if is_point else 0.01
    west, south, east, north = geometry.bounds
    edges = {
        # A border around the box, so that a straight line or a point has an area on the screen at
        # all.
        "north": min(north + beyond, 90.0),
        "south": max(south - beyond, -90.0),
        "east": min(east + beyond, 180.0),
        "west": max(west - beyond, -180.0),
    }
    box = "".join(f"{pad}  <{name}>{_decimal(value)}</{name}>\n" for name, value in edges.items())
    least_pixels = _NAME if is_point else _SPECK
    return (
        f"{pad}<Region>\n{pad} <LatLonAltBox>\n{box}{pad} </LatLonAltBox>\n{pad} <Lod>\n"
        f"{pad}  <minLodPixels>{least_pixels}</minLodPixels>\n{pad}  <maxLodPixels>-1</maxLodPixels>\n"
        f"{pad} </Lod>\n{pad}</Region>\n"
    )


def _shape(geometry: BaseGeometry, coordinates: Sequence[str], pad: str) -> str:
    """The geometry of a placemark; rings of a polygon, lines of several, one after another."""
    kind = geometry.geom_type
    # As text, kind by kind: thousands of placemarks are most of the file, and need no tree of objects.
    if kind == "MultiLineString":
        lines = "".join(_line_string(line, f"{pad} ") for line in coordinates)
        return f"{pad}<MultiGeometry>\n{lines}{pad}</MultiGeometry>\n"
    if kind == "LineString":
        return _line_string(coordinates[0], pad)
    if kind == "Point":
        point = f"{pad} <coordinates>{coordinates[0]}</coordinates>\n"
        return f"{pad}<Point>\n{point}{pad}</Point>\n"
    rings = []
    for number, ring in enumerate(coordinates):
        side = "innerBoundaryIs" if number else "outerBoundaryIs"
        rings.append(
            f"{pad} <{side}>\n{pad}  <LinearRing>\n{pad}   <coordinates>{ring}</coordinates>\n"
            f"{pad}  </LinearRing>\n{pad} </{side}>\n"
        )
    tessellate = f"{pad} <tessellate>1</tessellate>\n"
    return f"{pad}<Polygon>\n{tessellate}{''.join(rings)}{pad}</Polygon>\n"


def _line_string(coordinates: str, pad: str) -> str:
    """One line, laid on the ground."""
    return (
        f"{pad}<LineString>\n{pad} <tessellate>1</tessellate>\n"
        f"{pad} <coordinates>{coordinates}</coordinates>\n{pad}</LineString>\n"
    )


def _line(pad: str, name: str, text: str) -> str:
    """An element with text alone, on a line."""
    return f"{pad}<{name}>{_text(text)}</{name}>\n" if text else f"{pad}<{name}/>\n"


# The same keys, looks and titles stand in thousands of placemarks.
@lru_cache(maxsize=1 << 13)
def _text(text: str) -> str:
    """Text as XML, as lxml writes it: a carriage return would come back as a line feed."""
    return escape(text).replace("\r", "&#13;")


@lru_cache(maxsize=1 << 13)
def _attribute(text: str) -> str:
    """The value of an attribute, as lxml writes it."""
    return escape(text, {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})


def place_of_eye(bounds: Bounds) -> tuple[float, float, float]:
    """Longitude, latitude, and the distance in metres from which a box of degrees is seen whole."""
    west, south, east, north = bounds
    longitude, latitude = (west + east) / 2, (south + north) / 2
    longitude -= 360.0 if longitude > 180.0 else 0.0  # over 180° bounds count on
    return round(longitude, DECIMALS), round(latitude, DECIMALS), look_range_m(bounds)


def _coordinates(geometries: Sequence[BaseGeometry]) -> list[list[str]]:
    """`lon,lat` with spaces between, no altitude: Earth lays shapes on the ground without it.

    A text for each part of a geometry, or each ring of a polygon; all of them written at once.
    """
    shapes = np.empty(len(geometries), dtype=object)
    shapes[:] = geometries
    parts, owner = shapely.get_parts(shapes, return_index=True)
    is_area = shapely.get_dimensions(parts) == 2
    rings, of_part = shapely.get_rings(parts[is_area], return_index=True)
    sequences = np.concatenate([parts[~is_area], rings])
    owners = np.concatenate([owner[~is_area], owner[is_area][of_part]])
    texts: list[list[str]] = [[] for _ in geometries]
    # WKT is written in C: five times as fast as numbers in Python
    wkt = shapely.to_wkt(sequences, rounding_precision=DECIMALS, trim=True, output_dimension=2)
    for place, sequence, text in zip(owners.tolist(), sequences, wkt.tolist(), strict=True):
        numbers = text[text.index("(") + 1 : -1]
        if "e" in numbers:  # it writes 7e-5, which Earth does not read
            pairs = shapely.get_coordinates(sequence).tolist()
            texts[place].append(" ".join(f"{_decimal(x)},{_decimal(y)}" for x, y in pairs))
        else:
            pairs_text = numbers.replace(", ", ";").replace(" ", ",").replace(";", " ")
            texts[place].append(pairs_text)
    return texts


def _decimal(number: float) -> str:
    """Never ``1e-05``, no zeros at the end."""
    return f"{number:.{DECIMALS}f}".rstrip("0").rstrip(".")


# -- the finish -----------------------------------------------------------------------------------

_FOLDERS: Final = "folders stand here"
_END: Final = b" </Document>\n"
_HOLE: Final = re.compile(rb"  <Folder>\s*<name>folders stand here</name>\s*</Folder>\n")


def _finished(tree: _Tree) -> tuple[bytes, bytes]:
    """The document as it stands before and after its folders."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True
    )
    # Our own bytes: huge_tree only lifts the 10 MB limit on one text.
    root = etree.fromstring(tree.kml.kml(format=False).encode("utf-8"), parser)
    for element in [*root.iter(etree.Element)]:
        if (number := str(element.attrib.pop("id", ""))) in tree.ids:
            element.set("id", tree.ids[number])
        if len(element) > 1 and etree.QName(element).namespace == KML:
            element[:] = sorted(element, key=_place)
        if _name(element) == "styleUrl":
            element.text = "#" + tree.ids[str(element.text).removeprefix("#")]
    if tree.profile == "earth-web":
        etree.cleanup_namespaces(root)
    etree.indent(root, space=" ")
    # Names are data, but a folder with nothing but this name is ours.
    before, after = _HOLE.split(etree.tostring(root, encoding="UTF-8"), maxsplit=1)
    return DECLARATION + before, after + b"\n"


def _place(element: etree._Element) -> int:
    return _PLACES.get(_name(element), len(_PLACES))


def _name(element: etree._Element) -> str:
    """The name of an element of our own, without its namespace."""
    return str(element.tag).rpartition("}")[2]
