"""What goes from tables into the page: text as entities, looks as Leaflet's path options, shapes packed.

A string from data reaches the page through :func:`shown` and no other door. Geometry is simplified
for the eye, on a lattice of 0.0001°, as differences: a ring or line becomes one flat list
``[x0, y0, dx1, dy1, …]`` of whole ten-thousandths of a degree (11 m), half the size of GeoJSON, and
nothing of the coordinates' binary noise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from cami_units import palette
from cami_units.drawn_pieces import piece
from cami_units.model import clean_text, united_coverage
from cami_units.model import is_missing as is_missing
from cami_units.palette import Look
from cami_units.scene import common_edges, label_place, simpler, simplest
from cami_units.words import LANGUAGES

_ENTITIES: Final = str.maketrans({char: f"&#{ord(char)};" for char in "&<>\"'{}`$\\"})


def shown(value: object) -> str:
    r"""A value from data as text that no parser on its way can take for anything else.

    The text is cleaned as every text from outside is (:func:`cami_units.model.clean_text`), and
    ``& < > " ' { } ` $ \`` become numeric HTML entities: the value then is plain text to HTML (as content
    and inside quotes), to JavaScript strings and templates, and to Jinja, which branca runs over rendered
    scripts a second time.

    Parameters
    ----------
    value : object
        Anything; a missing value (``None``, NaN, NA) gives an empty string.

    Examples
    --------
    >>> shown("{{7*7}}<b>")
    '&#123;&#123;7*7&#125;&#125;&#60;b&#62;'
    >>> shown(None), shown(float("nan"))
    ('', '')
    """
    return _shown_text(value) if isinstance(value, str) else clean_text(value).translate(_ENTITIES)


# of the sentences of thousands of units three in four are said again
@lru_cache(maxsize=1 << 15)
def _shown_text(text: str) -> str:
    """A text as :func:`shown` gives it."""
    return clean_text(text).translate(_ENTITIES)


def shown_phrase(phrase: str) -> str:
    """A phrase of ours as :func:`shown` gives a text, with the spaces at its ends: ", " joins a list."""
    return " ".join(map(shown, phrase.split(" ")))


class Spelt(str):
    """A value that is JSON of a page already, and is put into one as it stands."""

    __slots__ = ()


def page_json(content: Any) -> str:
    """JSON that a script element cannot be talked out of: `<`, `>` and `&` as escapes as well."""
    if isinstance(content, Spelt):
        return content
    if isinstance(content, Mapping) and any(isinstance(one, Spelt) for one in content.values()):
        return f"{{{','.join(f'{page_json(key)}:{page_json(content[key])}' for key in content)}}}"
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # within JSON these signs stand in strings only, where an escape is the same letter
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def names_in_languages(row: Mapping[Any, Any]) -> dict[str, str]:
    """What a thing is called, by language: the columns ``name_en``, ``name_ru`` and so on that say it.

    Examples
    --------
    >>> names_in_languages({"name_en": "Altai", "name_ru": None, "name_zh": "阿尔泰山"})
    {'en': 'Altai', 'zh': '阿尔泰山'}
    """
    columns = {lang: f"name_{lang}" for lang in LANGUAGES}
    return {lang: name for lang, column in columns.items() if (name := shown(row.get(column)))}


Style = Mapping[str, Any]

_FAINT: Final[Mapping[str, float]] = MappingProxyType({"borders": 0.7, "sections": 0.8})
"""Lines that lie over much else let it show through."""


def leaflet(look: Look, *, opacity: float = 1.0, filled: bool = True) -> Style:
    """The path options of a look. `filled`: a unit's fill is set by its tier, in the page."""
    style: dict[str, Any] = {"color": look.line, "weight": look.width}
    if look.dashes:
        style["dashArray"] = " ".join(f"{dash:g}" for dash in look.dashes)
    if look.fill:
        style["fillColor"] = look.fill
        if filled:
            style["fillOpacity"] = look.opacity
    return style if opacity == 1.0 else style | {"opacity": opacity}


STATUS_STYLES: Final[Mapping[str, Style]] = MappingProxyType(
    {status: leaflet(look, filled=False) for status, look in palette.STATUS_LOOKS.items()}
)
EVIDENCE_STYLES: Final[Mapping[str, Style]] = MappingProxyType(
    {
        name: leaflet(look, opacity=_FAINT.get(name, 1.0))
        for name, look in palette.LAYER_LOOKS.items()
    }
)
BARRIER_STYLES: Final[Mapping[str, Style]] = MappingProxyType(
    {kind: leaflet(look) for kind, look in palette.BARRIER_LOOKS.items()}
)


def context_style(place: int, *, is_line: bool) -> Style:
    """The style of the context layer at a place of the list."""
    style = dict(leaflet(palette.context_look(place)))
    if is_line:
        style |= {"weight": 2.0}
        del style["fillColor"], style["fillOpacity"]
    return style | {"line": is_line}


def species_style(place: int) -> Style:
    """The style of the species at a place in the species table."""
    return leaflet(palette.species_look(place))


LATTICE: Final = 10_000
"""Steps in a degree: four decimals."""

Flat = list[int]
Geometries = npt.NDArray[np.object_]


def packed(geometry: BaseGeometry | None) -> list[Any]:
    """A geometry as nested lists of differences.

    Polygons: ``[[ring, hole, …], …]``, rings open. Lines: ``[line, …]``. Points: ``[point, …]``.
    What vanishes on the lattice is left out; nothing left gives an empty list.

    Examples
    --------
    >>> packed(shapely.Point(1.5, 2))
    [[15000, 20000]]
    >>> packed(shapely.LineString([(0, 0), (0.0001, 0), (0.0001, 0.0002)]))
    [[0, 0, 1, 0, 0, 2]]
    """
    if geometry is None or geometry.is_empty:
        return []
    parts = shapely.get_parts(geometry)
    if geometry.geom_type == "GeometryCollection":
        return [piece for part in parts for piece in packed(part)]
    if geometry.geom_type.endswith("Polygon"):
        polygons = [[_flat(ring, closed=True) for ring in _rings(part)] for part in parts]
        return [[ring for ring in rings if ring] for rings in polygons if rings[0]]
    fewest_points = 2 if geometry.geom_type.endswith("LineString") else 1
    flats = [_flat(part) for part in parts]
    return [flat for flat in flats if len(flat) >= 2 * fewest_points]


def _rings(polygon: shapely.Polygon) -> list[shapely.LinearRing]:
    return [polygon.exterior, *polygon.interiors]


def _flat(line: BaseGeometry, *, closed: bool = False) -> Flat:
    """Whole steps, repeated points left out; an open ring of fewer than three points is nothing."""
    steps = on_lattice(shapely.get_coordinates(line))
    is_kept = np.ones(len(steps), dtype=bool)
    is_kept[1:] = (steps[1:] != steps[:-1]).any(axis=1)
    steps = steps[is_kept]
    # the last point of a ring is its first again: the page closes it
    if closed:
        steps = steps[:-1]
        if len(steps) < 3:
            return []
    moved = steps.copy()
    moved[1:] -= steps[:-1]
    flat: Flat = moved.ravel().tolist()
    return flat


def on_lattice(coordinates: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Longitudes and latitudes as whole steps of the lattice."""
    return np.rint(coordinates * LATTICE).astype(np.int64)


def simplified(geometries: Geometries, *, most: int, coverage: bool = False) -> Geometries:
    """The geometries with no more vertices than the eye, and the budget, can use.

    The finest of a fixed row of tolerances (0.002–0.2°) that keeps `most` vertices is used; when
    even the coarsest does not, that one. Shapes stay valid; in a coverage (countries, sections,
    classes of cells) shared edges stay shared.

    Parameters
    ----------
    geometries : array of Geometry
        In longitude and latitude.
    most : int
        Vertices allowed in all.
    coverage : bool
        Whether the polygons share edges and do not overlap.
    """
    if coverage:  # the same countries for every map of a pack
        beside = _simplified_coverage(tuple(shapely.to_wkb(geometries)), most)
        return np.array(beside, dtype=object)
    return simplest(lambda tolerance: simpler(geometries, tolerance), most_vertices=most)


@lru_cache(maxsize=4)
def _simplified_coverage(polygons: tuple[bytes, ...], most: int) -> tuple[BaseGeometry, ...]:
    """A coverage simplified, from its shapes as WKB; kept, for it is the dearest part of a map."""

    def beside() -> list[bytes]:
        """The polygons simplified together, so that they stay beside one another."""
        shapes = shapely.from_wkb(polygons)
        found = simplest(
            lambda tolerance: shapely.coverage_simplify(shapes, tolerance),
            most_vertices=most,
            in_all=int(shapely.get_num_coordinates(shapes).sum()),
        )
        return list(shapely.to_wkb(found))

    return tuple(shapely.from_wkb(piece("coverage", [*polygons, str(most).encode()], beside)))


def coverage_joined(polygons: Geometries) -> BaseGeometry:
    """The polygons of a coverage as one; those that only look like one are joined all the same, slower."""
    # a corner of one on an edge of another, as 180° cuts them, or states that overlap
    united = united_coverage(polygons)
    joined: BaseGeometry = shapely.union_all(polygons) if united is None else united
    return joined


def label_point(geometry: BaseGeometry) -> Flat:
    """Where a name stands, in steps of the lattice; nowhere in an empty geometry."""
    if geometry.is_empty:
        return []
    place: Flat = on_lattice(shapely.get_coordinates(label_place(geometry)))[0].tolist()
    return place


def shared_edges(polygons: Geometries) -> BaseGeometry:
    """The edges of a coverage that two of its polygons share, as lines.

    Each border comes once, so that its dashes show.
    """
    ends = common_edges(polygons, on_lattice) / LATTICE
    lines: Any = shapely.linestrings(ends)
    merged: BaseGeometry = shapely.line_merge(shapely.multilinestrings(lines))
    return merged
