"""Marks as placemarks: the elements of which a file has thousands, written as they have to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import shapely
from lxml import etree
from shapely.geometry.base import BaseGeometry

from cami_units.kml._marks import Bounds, Mark
from cami_units.kml._written_shapes import DECIMALS, look_range_m

KML: Final = "http://www.opengis.net/kml/2.2"


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
    longitude, latitude, away = place_of_eye(bounds)
    look = _add(parent, "LookAt")
    _add(look, "longitude", str(longitude))
    _add(look, "latitude", str(latitude))
    _add(look, "heading", "0")
    _add(look, "tilt", "0")
    _add(look, "range", str(away))


def _add_shape(parent: etree._Element, geometry: BaseGeometry) -> None:
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
    element = etree.SubElement(parent, _tag(name))
    if text:
        element.text = text
    return element


def _tag(name: str) -> str:
    return f"{{{KML}}}{name}"
