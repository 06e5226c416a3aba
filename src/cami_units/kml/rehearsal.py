"""What happens to a KMZ between handing it out and getting it back, done on purpose.

A rehearsal, and the tests, need files as Google Earth saves them and as people leave them. Each
function here gives an *edit*: a change of the tree of a pack. :func:`edited` applies them.
"""

from __future__ import annotations

import copy
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from io import BytesIO
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec

import numpy as np
import shapely
from lxml import etree
from shapely.affinity import scale, translate

from cami_units.kml._xml import local
from cami_units.model import InputError

Edit = Callable[[etree._Element], None]
"""Changes the tree of a KML in place."""
How = ParamSpec("How")

_KML: Final = "{http://www.opengis.net/kml/2.2}"
_GX: Final = "{http://www.google.com/kml/ext/2.2}"


def edited(content: bytes, *edits: Edit) -> bytes:
    """The `doc.kml` of a KMZ, or a KML, after some edits; as plain KML.

    Parameters
    ----------
    content : bytes
        A KMZ or KML of our own.
    *edits : Edit
        Applied in this order.
    """
    if content.startswith(b"PK"):
        with zipfile.ZipFile(BytesIO(content)) as archive:
            content = archive.read("doc.kml")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(content, parser)
    for edit in edits:
        edit(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + etree.tostring(root, encoding="UTF-8")


def packed(**entries: bytes) -> bytes:
    """An archive of entries by name ("__" stands for a dot): ``packed(doc__kml=content)``."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name.replace("__", "."), date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()


# -- what people do to a unit ---------------------------------------------------------------------


def _of_unit(
    change: Callable[Concatenate[etree._Element, How], None],
) -> Callable[Concatenate[str, How], Edit]:
    """A change of a unit's placemark as an edit of a file: by the id of the unit."""

    @wraps(change)
    def edit_of(cu_id: str, /, *args: How.args, **named: How.kwargs) -> Edit:
        return lambda root: change(_unit(root, cu_id), *args, **named)

    return edit_of


@_of_unit
def renamed(mark: etree._Element, name: str) -> None:
    """Another name for a unit, as typed."""
    _child(mark, "name").text = name


@_of_unit
def rejected(mark: etree._Element, reason: str = "", sign: str = "X ") -> None:
    """An X before the name of a unit, and perhaps a reason in its description."""
    name = _child(mark, "name")
    name.text = f"{sign}{name.text}"
    if reason:
        _child(mark, "description").text = reason


@_of_unit
def commented(mark: etree._Element, text: str) -> None:
    """A description typed into a unit."""
    _child(mark, "description").text = text


def deleted(cu_id: str) -> Edit:
    """A unit deleted."""

    def edit(root: etree._Element) -> None:
        _unit(root, cu_id)  # or say that it is not there
        for mark in _units(root, cu_id):
            if (above := mark.getparent()) is not None:
                above.remove(mark)

    return edit


@_of_unit
def stripped(mark: etree._Element, name: str = "Untitled Polygon") -> None:
    """A unit drawn again by hand: no id, no data, no name of its own."""
    mark.attrib.pop("id", "")
    for child in list(mark):
        if local(child) == "ExtendedData":
            mark.remove(child)
    _child(mark, "name").text = name


@_of_unit
def grown(mark: etree._Element, factor: float) -> None:
    """A unit drawn larger or smaller about its middle."""
    _draw(mark, scale(_shape(mark), factor, factor))


@_of_unit
def shifted(mark: etree._Element, lon: float, lat: float) -> None:
    """A unit dragged elsewhere, by degrees."""
    _draw(mark, translate(_shape(mark), lon, lat))


def drawn_as(cu_id: str, shape: Any) -> Edit:
    """A unit with this outline, longitude and latitude."""
    return lambda root: _draw(_unit(root, cu_id), shape)


def neighbour_drawn(cu_id: str, shape: Any) -> Edit:
    """Another group's unit with this outline, where the evidence shows it."""

    def edit(root: etree._Element) -> None:
        shown = {"layer": "neighbours", "of_unit": cu_id}
        marks = [mark for mark in _marks(root) if shown.items() <= _data(mark).items()]
        if not marks:
            raise InputError(f"The evidence does not show '{cu_id}'.")
        _draw(marks[0], shape)

    return edit


@_of_unit
def respelt(mark: etree._Element, spelling: Callable[[list[str]], list[str]]) -> None:
    """The points of a unit's outer ring, rewritten: left open, repeated, with altitudes …."""
    text = _coordinates(mark)[0]
    text.text = " ".join(spelling(str(text.text).split()))


def twisted(cu_id: str) -> Edit:
    """A unit whose ring crosses itself: two corners far from each other have changed places."""

    def crossing(points: list[str]) -> list[str]:
        half = len(points) // 2
        points[1], points[half] = points[half], points[1]
        return points

    return respelt(cu_id, crossing)


@_of_unit
def as_path(mark: etree._Element) -> None:
    """A unit drawn as a path instead of a polygon; the ends do not quite meet."""
    points = str(_coordinates(mark)[0].text).split()
    _drop_shapes(mark)
    line = etree.SubElement(mark, f"{_KML}LineString")
    lon, lat = map(float, points[-1].split(",")[:2])
    points[-1] = f"{lon + 0.001:.5f},{lat:.5f}"
    etree.SubElement(line, f"{_KML}coordinates").text = " ".join(points)


@_of_unit
def nested(mark: etree._Element) -> None:
    """A unit's polygon inside a MultiGeometry inside another."""
    shape = next(child for child in mark if local(child) == "Polygon")
    mark.remove(shape)
    outer = etree.SubElement(mark, f"{_KML}MultiGeometry")
    etree.SubElement(outer, f"{_KML}MultiGeometry").append(shape)


@_of_unit
def copied(mark: etree._Element, lon: float, lat: float, name: str | None = None) -> None:
    """A copy of a unit beside it, with all that the original carries."""
    twin = copy.deepcopy(mark)
    mark.addnext(twin)
    if name is not None:
        _child(twin, "name").text = name
    _draw(twin, translate(_shape(twin), lon, lat))


@_of_unit
def halved(mark: etree._Element) -> None:
    """A unit cut in two at its middle meridian; both halves keep its id."""
    shape = _shape(mark)
    west, south, east, north = shape.bounds
    middle = (west + east) / 2
    twin = copy.deepcopy(mark)
    mark.addnext(twin)
    for half, (left, right) in ((mark, (west - 1, middle)), (twin, (middle, east + 1))):
        pieces = shapely.get_parts(shape.intersection(shapely.box(left, south, right, north)))
        _draw(half, max(pieces, key=lambda piece: piece.area))


def swallowed(cu_id: str, other: str) -> Edit:
    """Two units merged: the first one's outline takes in the other, which is deleted."""

    def edit(root: etree._Element) -> None:
        shapes = [_shape(_unit(root, one)) for one in (cu_id, other)]
        _draw(_unit(root, cu_id), shapely.convex_hull(shapely.union_all(shapes)))
        deleted(other)(root)

    return edit


@_of_unit
def identified(mark: etree._Element, value: str) -> None:
    """Another id in the data of a unit, as from another round."""
    entry = next(e for e in mark.iter(etree.Element) if e.get("name") == "cu_id")
    next(child for child in entry if local(child) == "value").text = value


@_of_unit
def stated(mark: etree._Element, /, **facts: str) -> None:
    """Facts in the data of a unit, as the drawing page writes them; they stand for its name."""
    data = next(child for child in mark if local(child) == "ExtendedData")
    for key, value in {"label": str(_child(mark, "name").text), **facts}.items():
        entry = etree.SubElement(data, f"{_KML}Data", name=key)
        etree.SubElement(entry, f"{_KML}value").text = value


def drawn(name: str, shape: Any, folder: str | None = None, comment: str = "") -> Edit:
    """A new placemark: a polygon, a line or a point, in a folder (none: at the top)."""

    def edit(root: etree._Element) -> None:
        home = _top(root) if folder is None else _folder(root, folder)
        mark = etree.SubElement(home, f"{_KML}Placemark")
        etree.SubElement(mark, f"{_KML}name").text = name
        if comment:
            etree.SubElement(mark, f"{_KML}description").text = comment
        _draw(mark, shape)

    return edit


def outline(content: bytes, cu_id: str) -> Any:
    """The outline of a unit in a KMZ or KML of ours: longitude and latitude."""
    found: list[Any] = []
    edited(content, lambda root: found.append(_shape(_unit(root, cu_id))))
    return found[0]


def handed_out(path: Path) -> bytes:
    """A file of a pack, as it was handed out."""
    return path.read_bytes()


def unit_ids(content: bytes) -> list[str]:
    """The ids of the units that a KMZ or KML of ours lets people edit, in its order."""
    found: list[str] = []
    edited(content, lambda root: found.extend(str(_data(mark)["cu_id"]) for mark in _units(root)))
    return list(dict.fromkeys(found))


# -- what Google Earth and people do to the whole file --------------------------------------------


def wrapped(*names: str) -> Edit:
    """Everything inside folders of these names, outermost first: "My Places", "Temporary Places"."""

    def edit(root: etree._Element) -> None:
        document = _top(root)
        for name in reversed(names):
            folder = etree.Element(f"{_KML}Folder")
            etree.SubElement(folder, f"{_KML}name").text = name
            root.replace(_top(root), folder)
            folder.append(document)
            document = folder

    return edit


def only(folder: str) -> Edit:
    """One folder saved instead of the whole file."""
    return lambda root: root.replace(_top(root), _folder(root, folder))


def loose(*cu_ids: str) -> Edit:
    """Single units saved, without the folder that they were in."""

    def edit(root: etree._Element) -> None:
        marks = [mark for one in cu_ids for mark in _units(root, one)]
        document = etree.Element(f"{_KML}Document")
        document.extend(marks)
        root.replace(_top(root), document)

    return edit


def reordered(root: etree._Element) -> None:
    """Folders in the opposite order."""
    top = _top(root)
    folders = [child for child in top if local(child) == "Folder"]
    for folder in folders:
        top.remove(folder)
    top.extend(reversed(folders))


def resaved(root: etree._Element) -> None:
    """The file as Google Earth saves it at its worst: everything that :func:`saved` can do."""
    saved()(root)


def saved(
    *,
    digits: bool = True,
    turned: bool = True,
    reverse: bool = True,
    ids: bool = True,
    styles: bool = True,
    wrap: bool = True,
) -> Edit:
    """The file as Google Earth saves it.

    Parameters
    ----------
    digits : bool
        Fifteen digits or more, with noise in the last, and ``,0``.
    turned, reverse : bool
        Rings that start elsewhere; every second one runs the other way.
    ids : bool
        The ids of placemarks are gone.
    styles : bool
        A style for every placemark, as Earth on the web writes them.
    wrap : bool
        The whole in a folder of its own.
    """

    def edit(root: etree._Element) -> None:
        for number, mark in enumerate(_marks(root)):
            if ids:
                mark.attrib.pop("id", "")
            for text in _coordinates(mark):
                points = str(text.text).split()
                if _is_ring(text):
                    points = _turned(points, number if turned else 0)
                    points = points[::-1] if reverse and number % 2 else points
                text.text = " ".join(map(_noisy, points) if digits else points)
            for child in mark:
                if styles and local(child) == "styleUrl":
                    child.text = f"#exploded{number}"
        if styles:
            _explode_styles(root)
        if wrap:
            wrapped("Temporary Places")(root)

    return edit


def _explode_styles(root: etree._Element) -> None:
    """Give each placemark a cascading style of its own, as Google Earth on the web does."""
    top = _top(root)
    for style in [child for child in top if local(child) in ("Style", "StyleMap")]:
        top.remove(style)
    for number, _ in enumerate(list(_marks(root))):
        cascade = etree.Element(f"{_GX}CascadingStyle")
        cascade.set(f"{_KML}id", f"exploded{number}")
        etree.SubElement(cascade, f"{_KML}Style")
        top.insert(1, cascade)


def _turned(points: Sequence[str], places: int) -> list[str]:
    """A closed ring that starts some points further on."""
    inner = list(points[:-1])
    if len(inner) < 3:
        return list(points)
    inner = inner[places % len(inner) :] + inner[: places % len(inner)]
    return [*inner, inner[0]]


def _noisy(point: str) -> str:
    """A point as Google Earth gives it back, a few digits off."""
    # Noise in the last digits, as Earth's own arithmetic leaves it.
    lon, lat = (float(number) for number in point.split(",")[:2])
    return f"{lon + 3e-14:.16g},{lat - 3e-14:.16g},0"


def _is_ring(text: etree._Element) -> bool:
    """Whether coordinates are those of a ring."""
    above = text.getparent()
    return above is not None and local(above) == "LinearRing"


def with_namespace(content: bytes, namespace: str) -> bytes:
    """The same KML under an older namespace, or under none."""
    declared = f' xmlns="{namespace}"' if namespace else ""
    return content.replace(b' xmlns="http://www.opengis.net/kml/2.2"', declared.encode(), 1)


def in_a_mail(content: bytes) -> bytes:
    """KML pasted into an e-mail, with a greeting around it and every line quoted."""
    text = re.sub(r"(>)\s*(<(?:Placemark|Folder))", r"\1\n\2", content.decode("utf-8"))
    quoted = "\n".join(f"> {line}" for line in text.splitlines())
    return f"Dear all,\nthis is our map.\n\n{quoted}\n\nBest wishes\n".encode()


# -- in the tree ----------------------------------------------------------------------------------


def _marks(root: etree._Element) -> Iterator[etree._Element]:
    return (element for element in root.iter(etree.Element) if local(element) == "Placemark")


def _data(mark: etree._Element) -> dict[str, str]:
    """The extended data of a placemark."""
    return {
        str(entry.get("name")): "".join(map(str, entry.itertext())).strip()
        for entry in mark.iter(etree.Element)
        if local(entry) == "Data"
    }


def _units(root: etree._Element, cu_id: str | None = None) -> list[etree._Element]:
    """The placemarks of units, or of one of them."""
    found = [(mark, _data(mark).get("cu_id")) for mark in _marks(root)]
    return [mark for mark, unit in found if unit and (cu_id is None or unit == cu_id)]


def _unit(root: etree._Element, cu_id: str) -> etree._Element:
    """The first placemark of a unit."""
    if not (marks := _units(root, cu_id)):
        raise InputError(f"There is no unit '{cu_id}' to edit in this file.")
    return marks[0]


def _top(root: etree._Element) -> etree._Element:
    return next(child for child in root if local(child) in ("Document", "Folder"))


def _folder(root: etree._Element, name: str) -> etree._Element:
    """The folder whose name begins so."""
    for element in root.iter(etree.Element):
        if local(element) == "Folder" and str(_child(element, "name").text).startswith(name):
            return element
    raise InputError(f"There is no folder '{name}' in this file.")


def _child(element: etree._Element, name: str) -> etree._Element:
    """The child of a name, made where it is not there."""
    for child in element:
        if local(child) == name:
            return child
    made = etree.Element(f"{_KML}{name}")
    element.insert(0 if name == "name" else 1, made)
    return made


def _coordinates(mark: etree._Element) -> list[etree._Element]:
    return [element for element in mark.iter(etree.Element) if local(element) == "coordinates"]


def _shape(mark: etree._Element) -> Any:
    """The polygon of a placemark."""
    shell, *holes = (_points(text) for text in _coordinates(mark))
    return shapely.Polygon(shell, holes)


def _points(text: etree._Element) -> np.ndarray[Any, Any]:
    return np.array([point.split(",")[:2] for point in str(text.text).split()], dtype=float)


def _drop_shapes(mark: etree._Element) -> None:
    """Take all shapes out of a placemark."""
    for child in list(mark):
        if local(child) in ("Point", "LineString", "Polygon", "MultiGeometry"):
            mark.remove(child)


def _draw(mark: etree._Element, shape: Any) -> None:
    """The geometry of a placemark, as Earth writes it."""
    _drop_shapes(mark)
    if shape.geom_type == "Polygon":
        polygon = etree.SubElement(mark, f"{_KML}Polygon")
        for number, ring in enumerate(shapely.get_rings(shape)):
            side = "innerBoundaryIs" if number else "outerBoundaryIs"
            boundary = etree.SubElement(polygon, f"{_KML}{side}")
            _write_points(etree.SubElement(boundary, f"{_KML}LinearRing"), ring)
    else:
        _write_points(etree.SubElement(mark, f"{_KML}{shape.geom_type}"), shape)


def _write_points(element: etree._Element, line: Any) -> None:
    """Put the corners of a shape into an element, as Earth writes them."""
    points = (f"{x:.9g},{y:.9g},0" for x, y in shapely.get_coordinates(line))
    etree.SubElement(element, f"{_KML}coordinates").text = " ".join(points)
