"""Small maps as plain shapes, so that a page and a slide draw the same one: a unit, and all of them.

Each map has north up and its own projection, with its middle in the middle of the map: an
equal-area system for a continent leans by twenty degrees at its ends.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from functools import cache, lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
import shapely.affinity
import shapely.ops
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from cami_units import backdrop, palette, scene, words
from cami_units.drawn_pieces import piece
from cami_units.model import LAYERS, LONLAT, MAP_EVIDENCE, clean_name, package_table, transformer

Ring = tuple[tuple[float, float], ...]
_Frame = tuple[float, float, float, float]

WIDTH: Final = 800.0
HEIGHT: Final = 640.0
"""Size of a map in its own pixels; whoever shows it enlarges it."""


@dataclass(frozen=True, slots=True)
class Ink:
    """How a kind of shape is drawn: ``rrggbb``, widths in pixels of a drawing 800 wide."""

    line: str
    width: float
    fill: str = ""
    opacity: float = 0.0
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """One thing drawn: rings (closed) or lines, x to the right, y down; a unit's status, if it is one."""

    kind: str
    rings: tuple[Ring, ...]
    status: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """A word on the drawing, centred on its place."""

    kind: str
    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """A map: shapes from the back to the front, then labels; and how many km its bar stands for.

    `relief` is a grey JPEG to lay over the land, darker where the ground is steep.
    """

    width: float
    height: float
    shapes: tuple[Shape, ...]
    labels: tuple[Label, ...] = ()
    bar: float = 0.0
    bar_km: float = 0.0
    relief: bytes = b""


@dataclass(frozen=True, slots=True)
class KeptDrawing:
    """A map that is drawn, or taken from where it is kept, when somebody wants more than its stamp.

    Attributes
    ----------
    stamp : a hash of all that it shows.
    opened : gives the map; no part of its `repr`, by which what holds a map is told apart.
    """

    stamp: bytes
    opened: Callable[[], Drawing] = field(repr=False)


def _hex(colour: str) -> str:
    """A colour of the palette as slides and pages of this room write it."""
    return colour.removeprefix("#")


_DRAWING: Final[dict[str, dict[str, Any]]] = package_table("documents/drawing.toml")


def _ink(line: str = "", width: float = 0.0, fill: str = "", **others: Any) -> Ink:
    """How a kind is drawn as `drawing.toml` says it, names of the palette as their colours."""
    named = {**palette.GROUND, **palette.EVIDENCE}
    line, fill = (_hex(named.get(colour, colour)) for colour in (line, fill))
    return Ink(line, width, fill, **others)


INKS: Final[Mapping[str, Ink]] = MappingProxyType(
    {kind: _ink(**row) for kind, row in _DRAWING["inks"].items()}
)
"""Every kind of shape, from the back to the front; a unit's fill is the colour of its status."""

LINES: Final = frozenset(
    {
        *("river", "border", "disputed", "barrier", "corridor", "coarse corridor"),
        *("drawn", "leader"),
    }
)
"""Kinds that are lines: their ends are not joined."""

BESIDE_LABELS: Final = frozenset({"leader", "town"})
"""Kinds that hang on where the labels found room, and so on the language."""

SIGNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unit": "this unit",
        "before": "report before",
        "version": "another version",
        "pin": "report remarks",
        "drawn": "report remarks",
        "other": "other units",
        **{LAYERS[name].sign: name for name in MAP_EVIDENCE},
        **{f"coarse {LAYERS[name].sign}": f"coarse {name}" for name in MAP_EVIDENCE},
        "disputed": "disputed line",
    }
)
"""What the legend of a drawing explains, in its order: each kind, and the word for it."""

STATUS_FILLS: Final[Mapping[str, str]] = MappingProxyType(
    {status: _hex(colour) for status, colour in palette.ANY_STATUS.items()}
)
"""The colours of the palette, without its sign."""

LABEL_SIZES: Final[Mapping[str, float]] = MappingProxyType(_DRAWING["label_sizes"])
"""Kinds of label, the most important first, and the size of their letters: the first keeps its place."""

_NORTH_ARROW: Final = (WIDTH - 36, 8.0, WIDTH - 12, 48.0)
"""Where each map has its arrow: left, top, right, bottom."""
_SCALE_WORDS: Final = 80.0
"""How wide "1,000 km" is above the bar of the scale, in any language."""
_NEVER_HIDDEN: Final = frozenset({"unit", "version", "pin", "other", "id", "state"})
_WATER: Final = frozenset({"river", "lake", "wetland"})
_BAR_KM: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def signs(drawing: Drawing) -> tuple[tuple[str, str], ...]:
    """The legend of a drawing: the kinds that are in it, and the word for each, once a word."""
    kinds = {shape.kind for shape in drawing.shapes}
    word = {name: kind for kind, name in reversed(list(SIGNS.items())) if kind in kinds}
    return tuple((kind, name) for kind, name in SIGNS.items() if word.get(name) == kind)


def ink(kind: str, status: str) -> Ink:
    """How a kind of shape is drawn; a unit has the colour of its status."""
    plain = INKS[kind]
    if not status or kind not in ("unit", "other"):
        return plain
    return Ink(plain.line, plain.width, STATUS_FILLS.get(status, plain.fill), plain.opacity)


# -- what there is to draw ------------------------------------------------------------------------


Place = tuple[str, str, BaseGeometry]
"""Something that has a name: kind of label, text, and where it is."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What lies under and around every unit of a round, made ready once for all of its maps.

    Attributes
    ----------
    of : the scene.
    stamp : a hash of the layers, for what is drawn of them.
    """

    of: scene.Scene
    stamp: bytes

    @property
    def layers(self) -> tuple[tuple[str, npt.NDArray[Any]], ...]:
        """Kind and shapes, from the back to the front, in the CRS of the scene."""
        return _ground_layers(self.of)


@dataclass(frozen=True, slots=True)
class Places:
    """What has a name on the maps of a round, in one language.

    Attributes
    ----------
    of : the scene.
    stamp : a hash of the names and where they are.
    """

    of: scene.Scene
    stamp: bytes

    @property
    def named(self) -> tuple[Place, ...]:
        """States, towns, waters and whatever else the gazetteer holds."""
        return _named_places(self.of)[0]

    @property
    def states(self) -> tuple[Place, ...]:
        """The range states alone."""
        return _named_places(self.of)[1]

    @property
    def codes(self) -> dict[str, str]:
        """The codes of states, by their names."""
        countries = self.of.layers.get("countries")
        rows = [] if countries is None else scene.records(countries)
        return {words.name_in(row, self.of.lang): str(row["iso2"]) for row in rows}


def ground(shown_scene: scene.Scene) -> Ground:
    """The layers of a scene, ready to be cut to the frames of its maps; not yet made if known."""

    def hashed() -> list[bytes]:
        return [
            _hash(
                [shown_scene.crs], *(part for kind in _ground_layers(shown_scene) for part in kind)
            )
        ]

    # waters lie around the units
    around = _hash(shown_scene.crs, shown_scene.units.geometry.to_numpy())
    return Ground(shown_scene, _stamp("ground", shown_scene, around, hashed))


def places(shown_scene: scene.Scene) -> Places:
    """The names on the maps of a scene, in its language; not yet looked for if known."""

    def hashed() -> list[bytes]:
        named, states = _named_places(shown_scene)
        about = [(kind, name) for kind, name, _ in (*named, *states)]
        return [_hash(about, np.array([shape for *_, shape in named], dtype=object))]

    language = shown_scene.lang.encode()
    return Places(shown_scene, _stamp("places", shown_scene, language, hashed))


def _stamp(
    kind: str, shown_scene: scene.Scene, beside: bytes, hashed: Callable[[], list[bytes]]
) -> bytes:
    """A hash of what layers hold: kept by what they hang on, where that is known without them."""
    known_layers = scene.stamp_of(shown_scene.layers)
    [stamp] = piece(kind, [known_layers, beside], hashed) if known_layers else hashed()
    return stamp


@lru_cache(maxsize=4)
def _ground_layers(shown_scene: scene.Scene) -> tuple[tuple[str, npt.NDArray[Any]], ...]:
    """Kind and shapes of what lies under the units of a scene, from the back to the front."""
    tables = shown_scene.layers
    behind: list[tuple[str, npt.NDArray[Any]]] = []
    countries, disputed = tables.get("countries"), tables.get("disputed")
    ground = [table.geometry.to_numpy() for table in (countries, disputed) if table is not None]
    if ground:
        behind.append(("land", np.array([_beyond(shown_scene, np.concatenate(ground))])))
    behind += [("land", shapes) for shapes in ground]
    # protected areas are drawn over waters, so that a reserve round a lake is seen; both are pale
    behind += _waters(shown_scene)
    names = {LAYERS[name].sign: name for name in MAP_EVIDENCE}
    for kind in (sign for sign in INKS if sign in names):
        if (table := tables.get(names[kind])) is not None:
            dimension = 1 if kind in LINES else 2
            shapes = table.geometry.to_numpy()
            is_drawn = shapely.get_dimensions(shapes) == dimension
            made_coarse = scene.is_coarse(table).to_numpy()
            behind.append((kind, shapes[is_drawn & ~made_coarse]))
            if made_coarse.any():
                behind.append((f"coarse {kind}", shapes[is_drawn & made_coarse]))
    return (*behind, *_borders(countries, disputed))


# a scene for each language of a round
@lru_cache(maxsize=8)
def _named_places(shown_scene: scene.Scene) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
    """Everything that has a name on the maps of a scene, and of it the range states."""
    named: list[Place] = []
    states: list[Place] = []
    countries, gazetteer = (shown_scene.layers.get(name) for name in ("countries", "gazetteer"))
    if countries is not None:
        of_range = scene.is_range_state(countries)
        for row, is_state in zip(scene.records(countries), of_range, strict=True):
            name = words.name_in(row, shown_scene.lang)
            named.append(("country", name, row["geometry"]))
            states += [("state", name, row["geometry"])] if is_state else []
    if gazetteer is not None:
        # Larger places first, as the first label keeps its place; of equal ones by name.
        order = gazetteer.sort_values(["extent_km", "name_en"], ascending=[False, True])
        for row in scene.records(order):
            kind = str(row["kind"])
            label = "town" if kind == "town" else "water" if kind in _WATER else "place"
            named.append((label, words.name_in(row, shown_scene.lang), row["geometry"]))
    return tuple(named), tuple(states)


def _hash(*content: Any) -> bytes:
    """A hash of words, numbers, and arrays of shapes."""
    total = hashlib.sha256()
    for part in content:
        if isinstance(part, np.ndarray):
            for shape in shapely.to_wkb(part):
                total.update(shape)
        else:
            total.update(repr(part).encode())
    return total.digest()


def _beyond(region_scene: scene.Scene, known: npt.NDArray[Any]) -> Any:
    """The land around the units of a scene that its layers do not know, in its CRS."""
    left, low, right, top = scene.region(region_scene)
    # as far as a drawing of a unit at the rim reaches
    frame = (left - _RIM_M, low - _RIM_M, right + _RIM_M, top + _RIM_M)
    return backdrop.land_beyond(known, frame, region_scene.crs)


_RIM_M: Final = 600_000.0


def _waters(region_scene: scene.Scene) -> list[tuple[str, npt.NDArray[Any]]]:
    """Lakes and rivers around the units of a scene, in its CRS."""
    west, south, east, north = backdrop.lonlat_frame(scene.region(region_scene), region_scene.crs)
    # three degrees more: the map of a unit at the rim shows ground beyond the region
    table = backdrop.water_in((west - 3, south - 3, east + 3, north + 3)).to_crs(region_scene.crs)
    is_lake = table["kind"].eq(backdrop.LAKES).to_numpy()
    shapes = table.geometry.to_numpy()
    return [("lake", shapes[is_lake]), ("river", shapes[~is_lake])]


def _borders(
    countries: gpd.GeoDataFrame | None, disputed: gpd.GeoDataFrame | None
) -> list[tuple[str, npt.NDArray[Any]]]:
    """The lines between states, and apart from them, dashed, those around disputed areas."""
    if countries is None:
        return []
    states = countries.geometry.to_numpy()
    doubtful = np.array([], dtype=object) if disputed is None else disputed.geometry.to_numpy()

    def drawn() -> list[bytes]:
        """Each line once, though two states draw it."""
        lines = shapely.union_all(shapely.boundary(states))
        ground_in_doubt = shapely.union_all(doubtful)
        # What lies along disputed ground belongs to it: two lines there would say two things.
        both = (shapely.difference(lines, ground_in_doubt), shapely.boundary(ground_in_doubt))
        return [bytes(shapely.to_wkb(line)) for line in (both if len(doubtful) else [lines])]

    kept_lines = shapely.from_wkb(piece("state lines", [_hash(states, doubtful)], drawn))
    kinds = ("border", "disputed")
    return [(kind, np.array([line])) for kind, line in zip(kinds, kept_lines, strict=False)]


# -- a frame with north up ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _View:
    """The ground of one map: a projection of its own, its frame there, and pixels a metre.

    `crs` is that of the scene, `local` that projection; `window` is what the frame covers in the
    former, to cut away the rest first.
    """

    crs: str
    local: str
    frame: _Frame
    window: _Frame
    scale: float

    @property
    def project(self) -> Transformer:
        """From the CRS of the scene to the projection of the view."""
        return transformer(self.crs, self.local)


def _views(arounds: Sequence[BaseGeometry], crs: str, *, margin: float = 1.35) -> list[_View]:
    """The view of each of some shapes; as long as no outline changes, none of them is reckoned anew."""

    def found() -> list[bytes]:
        views = [_view(shape, crs, margin=margin) for shape in arounds]
        return [json.dumps([astuple(view)[1:] for view in views]).encode()]

    [packed] = piece("views", [_hash(crs, margin, np.array(arounds, dtype=object))], found)
    return [
        _View(crs, local, tuple(frame), tuple(window), scale)
        for local, frame, window, scale in json.loads(packed)
    ]


def _view(shape: BaseGeometry, crs: str, *, margin: float) -> _View:
    """A view of a shape: its middle in the middle, a third larger than it, north up."""
    west, south, east, north = shape.bounds
    middle = transformer(crs, LONLAT).transform((west + east) / 2, (south + north) / 2)
    # Three decimals are a hundred metres: a corner that moves a little leaves the projection as it
    # is.
    local = f"+proj=laea +lon_0={middle[0]:.3f} +lat_0={middle[1]:.3f} +datum=WGS84 +units=m"
    project = transformer(crs, local)
    west, south, east, north = _bounds(
        shapely.get_coordinates(_moved(shape, project, (east - west) / 40))
    )
    width = max(east - west, _LEAST_M) * margin
    height = max(north - south, _LEAST_M) * margin
    # widened to the proportions of the drawing, never cut to them
    width = max(width, height * WIDTH / HEIGHT)
    height = width * HEIGHT / WIDTH
    x, y = (west + east) / 2, (south + north) / 2
    frame = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    # the frame's sides are curves in the CRS of the scene: its corners alone would leave ground out
    edge = shapely.get_coordinates(shapely.segmentize(shapely.box(*frame), width / 20))
    xs, ys = project.transform(edge[:, 0], edge[:, 1], direction="INVERSE")
    window = _bounds(np.column_stack([xs, ys]))
    return _View(crs, local, frame, window, WIDTH / width)


def _bounds(xy: npt.NDArray[np.float64]) -> _Frame:
    """The bounds of points, but for the corners of a wide box that a projection does not reach."""
    finite_xy = xy[np.isfinite(xy).all(axis=1)]
    west, south, east, north = map(float, (*finite_xy.min(axis=0), *finite_xy.max(axis=0)))
    return west, south, east, north


_LEAST_M: Final = 20_000.0
"""The least ground that a map shows, before its margin: a smaller unit would fill it alone."""


def _moved(shape: Any, project: Transformer, step: float) -> Any:
    """A shape in the projection of a view, its long sides bent as they are there."""
    dense = shapely.segmentize(shape, max(step, 1.0))

    def flat(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(project.transform(xy[:, 0], xy[:, 1]))

    return shapely.transform(dense, flat)


def _in_view(shapes: Iterable[Any], view: _View) -> npt.NDArray[Any]:
    """What of each of these shapes lies inside the frame, in the projection of the view; else nothing."""
    shape_array = np.array(list(shapes), dtype=object)
    inside = np.full(len(shape_array), None, dtype=object)
    # Cut in the CRS of the scene before anything is projected: of a continent little is left.
    near = np.flatnonzero(shapely.intersects(shape_array, shapely.box(*view.window)))
    cut = shapely.clip_by_rect(shape_array[near], *view.window)
    # forty to a map: between two points so close a side bends by less than a pixel
    step = (view.frame[2] - view.frame[0]) / 40
    flat = shapely.clip_by_rect(_moved(cut, view.project, step), *view.frame)
    is_seen = ~shapely.is_empty(flat)
    inside[near[is_seen]] = flat[is_seen]
    return inside


def _rings(shapes: npt.NDArray[Any], view: _View) -> tuple[Ring, ...]:
    """The rings and lines of shapes in a view, in pixels, simplified to half a pixel."""
    west, north = view.frame[0], view.frame[3]
    seen = shapes[~shapely.is_missing(shapes)]
    is_many = shapely.get_type_id(seen) == shapely.GeometryType.MULTILINESTRING
    seen[is_many] = shapely.line_merge(seen[is_many])
    parts = shapely.get_parts(shapely.simplify(seen, 0.5 / view.scale))
    kinds = shapely.get_type_id(parts)
    is_area = kinds == shapely.GeometryType.POLYGON
    is_line = (kinds == shapely.GeometryType.LINESTRING) | (
        kinds == shapely.GeometryType.LINEARRING
    )
    rings, of_area = shapely.get_rings(parts[is_area], return_index=True)
    lines = np.concatenate([rings, parts[is_line]])
    # as they come: parts in order, of each its rings
    order = np.concatenate([np.flatnonzero(is_area)[of_area], np.flatnonzero(is_line)])
    lines = lines[np.argsort(order, kind="stable")]
    xy, of_line = shapely.get_coordinates(lines, return_index=True)
    # a tenth of a pixel, finer than any screen shows it; + 0.0 turns -0.0 into 0.0
    pixels = np.round((xy - [west, north]) * [view.scale, -view.scale], 1) + 0.0
    points = list(map(tuple, pixels.tolist()))
    ends = np.searchsorted(of_line, np.arange(len(lines) + 1)).tolist()
    all_rings = (tuple(points[start:end]) for start, end in pairwise(ends))
    return tuple(ring for ring in all_rings if len(ring) > 1)


# -- labels ---------------------------------------------------------------------------------------

_Pixel = tuple[float, float]
_Candidate = tuple[str, str, tuple[_Pixel, ...]]
"""A label that a view could hold: kind, text, and where it would like to stand, the best first."""


_FULL_STYLE: Final = re.compile(r"\s*[(（].*[)）]$")
"""What a state adds to its short name, between brackets."""


_Spots = tuple[float, tuple[_Pixel, ...]]
"""How wide the ground of a label is in pixels, and where on it the label could stand, the best first."""


def _candidates(
    named: Iterable[Place], view: _View, known_spots: dict[int, _Spots | None] | None = None
) -> list[_Candidate]:
    """Labels that a view could hold; a state has many places, for it must stand on its own ground.

    `known_spots` are those of shapes, by their identity, that another language has asked for.
    """
    spots = {} if known_spots is None else known_spots
    named_places = [place for place in named if place[1]]
    new_places = [place for place in named_places if id(place[2]) not in spots]
    visible_parts = _in_view([shape for *_, shape in new_places], view)
    for (kind, _, shape), visible_part in zip(new_places, visible_parts, strict=True):
        spots[id(shape)] = None if visible_part is None else _spots_on(visible_part, kind, view)
    candidates = []
    for kind, text, shape in named_places:
        if (on_ground := spots[id(shape)]) is not None:
            wide, own_spots = on_ground
            # "Iran (Islamic Republic of)" is named in full where its ground has room for it
            is_state = kind in ("state", "country")
            if is_state and _width(text, LABEL_SIZES[kind]) > wide:
                text = _FULL_STYLE.sub("", text)
            candidates.append((kind, text, own_spots))
    return candidates


def _spots_on(visible_part: BaseGeometry, kind: str, view: _View) -> _Spots:
    """How wide some ground is in a view, and where on it a label of a kind could stand."""
    west, north = view.frame[0], view.frame[3]
    is_state = kind in ("state", "country")
    points = (
        scene.label_places(visible_part) if is_state else [shapely.point_on_surface(visible_part)]
    )
    west_end, _, east_end, _ = visible_part.bounds
    return (east_end - west_end) * view.scale, tuple(
        ((x - west) * view.scale, (north - y) * view.scale)
        for x, y in shapely.get_coordinates(points).tolist()
    )


_NO_CODES: Final[Mapping[str, str]] = MappingProxyType({})


def _placed(
    candidates: Iterable[_Candidate], bar: float = 0.0, codes: Mapping[str, str] = _NO_CODES
) -> tuple[list[Label], list[_Pixel], list[Ring]]:
    """Labels that do not lie on one another; the towns that have theirs; leaders of the others.

    The important ones come first and stay where they are; another is moved by its own height or
    width, and left out where all of that is taken. What a decision hangs on is never left out. A
    state whose ground is full of units is called by its code, so that no name of a state lies on the
    ground of others, and not at all where the code has no room either; where it has no code, it stands
    beside its ground, with a line to it. `bar`: how long the bar of the scale is, in pixels; `codes`:
    those of states, by their names.
    """
    order = list(LABEL_SIZES)
    # The arrow is drawn on every map, so is the scale with its words: no label may stand there.
    scale = (8.0, HEIGHT - 40.0, 20.0 + max(bar, _SCALE_WORDS), HEIGHT - 8.0)
    taken_boxes: list[_Frame] = [_NORTH_ARROW, scale]
    labels: list[Label] = []
    towns: list[_Pixel] = []
    leaders: list[Ring] = []
    for kind, text, own_spots in sorted(candidates, key=lambda label: order.index(label[0])):
        x, y = own_spots[0]
        high = LABEL_SIZES[kind] * 1.15
        spots, boxes = _room(kind, text, own_spots)
        hidden = _shared(boxes, taken_boxes)
        by_code = kind == "state" and text in codes and hidden[: len(own_spots)].all()
        if by_code:
            text = codes[text]
            spots, boxes, hidden = _room_of_code(text, own_spots, taken_boxes)
        # What may not be hidden stands where it hides least of the labels that are there.
        chosen_place = int(hidden.argmin())
        if hidden[chosen_place] and (by_code or kind not in _NEVER_HIDDEN):
            continue
        taken_boxes.append(boxes[chosen_place])
        labels.append(
            Label(kind, text, round(spots[chosen_place][0], 1), round(spots[chosen_place][1], 1))
        )
        if kind == "town":
            towns.append((x, y))
        is_away = _is_away(boxes[chosen_place], (x, y), high)
        # what follows its own places lies beside the state's ground
        if kind == "state" and (is_away or by_code) and chosen_place > len(own_spots):
            left, top, right, low = boxes[chosen_place]
            edge = (min(max(x, left), right), min(max(y, top), low))
            leaders.append(tuple((round(px, 1), round(py, 1)) for px, py in ((x, y), edge)))
    return labels, towns, leaders


def _room_of_code(
    code: str, own_spots: Sequence[_Pixel], taken_boxes: Sequence[_Frame]
) -> tuple[list[_Pixel], list[_Frame], npt.NDArray[np.float64]]:
    """Where the code of a state may stand, its boxes, and how much of each is taken."""
    high = LABEL_SIZES["state"] * 1.15
    # with room around it, if there is any: two letters and the number of a unit read as one word
    for padded in (f" {code} ", code):
        spots, boxes = _room("state", padded, own_spots)
        hidden = _shared(boxes, taken_boxes)
        # farther off it would lie on the ground of another
        is_away = [_is_away(box, own_spots[0], high) for box in boxes[len(own_spots) :]]
        hidden[len(own_spots) :][is_away] = np.inf
        if not hidden.min():
            break
    return spots, boxes, hidden


def _is_away(box: _Frame, place: _Pixel, high: float) -> bool:
    """Whether a place lies farther from the box of a label than the label is high."""
    (left, top, right, low), (x, y) = box, place
    return not (left - high < x < right + high and top - high < y < low + high)


def _room(
    kind: str, text: str, own_spots: Sequence[_Pixel]
) -> tuple[list[tuple[float, float]], list[_Frame]]:
    """Where a label may stand, the best first, and the boxes that it takes there."""
    size = LABEL_SIZES[kind]
    wide, high = _width(text, size), size * 1.15
    spots = _spots(kind, own_spots, wide, high)
    # y is the baseline: most of a letter stands above it
    return spots, [
        (x - wide / 2 - 2, y - high * 0.8, x + wide / 2 + 2, y + high * 0.3) for x, y in spots
    ]


def _spots(
    kind: str, own_spots: Sequence[_Pixel], wide: float, high: float
) -> list[tuple[float, float]]:
    """Where a label of this size may stand, the best first: all of them within the frame."""
    x, y = own_spots[0]
    # a town's name begins beside its dot, not on it
    shift = 0.0 if kind != "town" else wide / 2 + 7
    shifts = [(shift, 0.0), (-shift, 0.0), (0.0, -high), (0.0, high), (0.0, -2 * high)]
    if kind in _NEVER_HIDDEN:
        shifts = [(0.0, 0.0), *_around(wide, high)]
    shifts = [*((px - x, py - y) for px, py in own_spots[1:]), *shifts]
    if len(own_spots) > 1:  # the widest place of all comes first
        shifts.insert(0, (0.0, 0.0))
    return [
        (
            min(max(x + dx, wide / 2 + 4), WIDTH - wide / 2 - 4),
            min(max(y + dy, high), HEIGHT - high),
        )
        for dx, dy in shifts
    ]


def _around(wide: float, high: float) -> list[tuple[float, float]]:
    """Places around a point, ring by ring, for a label that must stand somewhere near it."""
    return [
        (ring * wide * dx, ring * high * dy)
        # the first ring is just over half a label away, so that its edge clears the point
        for ring in (0.55, 1.0, 1.6, 2.3)
        for dx, dy in ((0, -1), (0, 1), (1, 0), (-1, 0), (1, -1), (-1, 1), (-1, -1), (1, 1))
    ]


def _width(text: str, size: float) -> float:
    """About how wide a text is in bold letters: two thirds of its size each, a Chinese one all of it."""
    return sum(size * (1.0 if ord(letter) > 0x2E80 else 0.66) for letter in text)


def _shared(boxes: Sequence[_Frame], other_boxes: Sequence[_Frame]) -> npt.NDArray[np.float64]:
    """How much ground each of some boxes shares with others, square pixels."""
    west, south, east, north = (np.array(boxes)[:, None, at] for at in range(4))
    left, top, right, low = (np.array(other_boxes)[None, :, at] for at in range(4))
    wide = np.minimum(east, right) - np.maximum(west, left)
    high = np.minimum(north, low) - np.maximum(south, top)
    shared: npt.NDArray[np.float64] = (wide.clip(0) * high.clip(0)).sum(axis=1)
    return shared


def _dots(towns: Iterable[_Pixel]) -> tuple[Ring, ...]:
    """A small octagon for each town that has its name on the map."""
    angles = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    return tuple(
        tuple(
            (round(float(x + 3.2 * np.cos(a)), 1), round(float(y + 3.2 * np.sin(a)), 1))
            for a in angles
        )
        for x, y in towns
    )


@dataclass(frozen=True, slots=True)
class _Map:
    """A map before anything is written on it: the same in every language."""

    view: _View
    shapes: tuple[Shape, ...]


def _map(shapes: Iterable[tuple[str, Iterable[Any], str]], view: _View) -> _Map:
    """Shapes (kind, geometries, status) in a view."""
    return _Map(
        view,
        tuple(
            Shape(kind, rings, status)
            for kind, geometries, status in shapes
            if (rings := _rings(_in_view(geometries, view), view))
        ),
    )


def _relief_pixels(view: _View) -> int:
    """As many pixels as a map can use: the relief of the world has one every 7 km."""
    west, _, east, _ = view.frame
    return round(min(max((east - west) / 7_000, 100.0), WIDTH))


def _labelled(
    bare_map: _Map,
    own_places: Sequence[Place],
    of_languages: Iterable[tuple[Iterable[Place], Mapping[str, str]]],
) -> list[Drawing]:
    """A map with its labels in each language: its own places, called alike in all, and the others.

    Beside the others of a language stand the codes of states, by their names.
    """
    # languages name the same ground: where a label could stand on it is looked for once
    known_spots: dict[int, _Spots | None] = {}
    return [
        _in_language(
            bare_map, _candidates([*own_places, *named], bare_map.view, known_spots), codes
        )
        for named, codes in of_languages
    ]


def _in_language(
    bare_map: _Map, candidates: Sequence[_Candidate], codes: Mapping[str, str]
) -> Drawing:
    """A map with those of some labels that have room on it, and the bar of its scale."""
    view, drawn_shapes = bare_map.view, list(bare_map.shapes)
    # A third of the width at most: a longer bar would lie across the map.
    fitting = [km for km in _BAR_KM if km * 1000 * view.scale <= WIDTH / 3]
    bar_km = fitting[-1] if fitting else _BAR_KM[0]
    bar = round(bar_km * 1000 * view.scale, 1)
    labels, towns, leaders = _placed(candidates, bar, codes)
    if leaders:
        drawn_shapes.append(Shape("leader", tuple(leaders)))
    if towns:
        drawn_shapes.append(Shape("town", _dots(towns)))
    return Drawing(
        WIDTH,
        HEIGHT,
        # leaders and towns, known only now, go to their place among the layers
        _stacked(drawn_shapes),
        tuple(labels),
        bar,
        bar_km,
        backdrop.grey_picture(view.frame, view.local, _relief_pixels(view)),
    )


def _stacked(shapes: Iterable[Shape]) -> tuple[Shape, ...]:
    """Shapes from the back to the front; those of one kind stay as they come."""
    order = list(INKS)
    return tuple(sorted(shapes, key=lambda shape: order.index(shape.kind)))


# -- kept, since drawing is dear ------------------------------------------------------------------


def _packed(drawings: Sequence[Drawing]) -> bytes:
    """The same map in several languages as bytes: what all of them show stands there once."""
    shared = [shape for shape in drawings[0].shapes if shape.kind not in BESIDE_LABELS]
    first = drawings[0]
    # JSON holds no bytes.
    relief = b64encode(first.relief).decode()
    about = [first.width, first.height, first.bar, first.bar_km, relief]
    own = [
        [
            [_shape_values(shape) for shape in drawing.shapes if shape.kind in BESIDE_LABELS],
            [[label.kind, label.text, label.x, label.y] for label in drawing.labels],
        ]
        for drawing in drawings
    ]
    return json.dumps([about, [_shape_values(shape) for shape in shared], own]).encode()


def _shape_values(shape: Shape) -> list[Any]:
    """A shape as plain values."""
    return [shape.kind, shape.rings, shape.status]


@lru_cache(maxsize=512)
def _unpacked(content: bytes, status: str = "") -> tuple[Drawing, ...]:
    """The drawings of :func:`_packed`, the unit with a status: of the same, the very same ones."""
    (width, height, bar, bar_km, relief_text), shared, own = json.loads(content)
    relief = b64decode(relief_text)
    together = [
        _shape([kind, rings, status if kind == "unit" else ""]) for kind, rings, _ in shared
    ]
    drawings = []
    for beside, labels in own:
        shapes = _stacked([*together, *map(_shape, beside)])
        marks = tuple(Label(*values) for values in labels)
        drawings.append(Drawing(width, height, shapes, marks, bar, bar_km, relief))
    return tuple(drawings)


def _shape(values: Sequence[Any]) -> Shape:
    """A shape out of the values that a file keeps of it."""
    kind, rings, status = values
    return Shape(kind, tuple(tuple(map(tuple, ring)) for ring in rings), status)


# -- the maps -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OnMap:
    """What belongs to the map of one unit.

    Attributes
    ----------
    unit_id : the unit in the middle.
    before : its outline in the round before.
    versions : other groups' outlines: ``geometry``, ``group``.
    remarks : what groups pinned or drew there, with the number that stands beside it; 0 has no place.
    """

    unit_id: str
    before: BaseGeometry | None = None
    versions: Sequence[Mapping[str, Any]] = ()
    remarks: Sequence[tuple[int, Mapping[str, Any]]] = ()


def unit_drawings(
    base: Ground, names: Sequence[Places], maps: Sequence[OnMap]
) -> list[tuple[KeptDrawing, ...]]:
    """The map of each of some units, with what lies around it: in each of the languages of `names`."""
    units = base.of.units
    shapes = dict(zip(units["unit_id"], units.geometry, strict=True))
    statuses = dict(zip(units["unit_id"], map(str, units["status"]), strict=True))
    arounds = [
        shapely.union_all(
            [
                shapes[on_map.unit_id],
                *(row["geometry"] for row in on_map.versions),
                *([] if on_map.before is None else [on_map.before]),
                *(
                    row["geometry"]
                    for number, row in on_map.remarks
                    if number and not row["geometry"].length
                ),
            ]
        )
        for on_map in maps
    ]
    views = _views(arounds, base.of.crs)
    return [
        _unit_drawing(base, names, on_map, shapes[on_map.unit_id], statuses[on_map.unit_id], view)
        for on_map, view in zip(maps, views, strict=True)
    ]


def _unit_drawing(
    base: Ground,
    names: Sequence[Places],
    on_map: OnMap,
    shape: BaseGeometry,
    status: str,
    view: _View,
) -> tuple[KeptDrawing, ...]:
    """The map of one unit, in each language; of the same content the one that was drawn before."""
    unit_id, before = on_map.unit_id, on_map.before
    rivals = [(clean_name(row["group"]), row["geometry"]) for row in on_map.versions]
    others = _others_near(base, unit_id, view)
    pins = [(number, row["geometry"]) for number, row in on_map.remarks if number]

    def drawn() -> list[bytes]:
        """The map, and its labels in each language."""
        # seven pixels in metres of this map
        half = 7 / view.scale
        bare_map = _map(
            [
                *((kind, layer_shapes, "") for kind, layer_shapes in base.layers),
                ("other", [other for _, other in others], ""),
                ("unit", [shape], ""),
                ("before", [] if before is None else [before], ""),
                ("version", [rival for _, rival in rivals], ""),
                ("drawn", [place for _, place in pins if place.length], ""),
                ("pin", [_diamond(point, half) for _, at in pins for point in _points(at)], ""),
            ],
            view,
        )
        own_places: list[Place] = [
            ("unit", unit_id, shape),
            *(("version", group, _beside(rival, shape)) for group, rival in rivals),
            *(
                ("pin", f"({number})", shapely.affinity.translate(place, 16 / view.scale, 0))
                for number, place in pins
            ),
            *(("other", other_id, _beside(other, shape)) for other_id, other in others),
        ]
        return [
            _packed(_labelled(bare_map, own_places, [(language.named, {}) for language in names]))
        ]

    content = _hash(
        [unit_id, before is None, *(number for number, _ in pins)],
        [[name for name, _ in named] for named in (rivals, others)],
        np.array([shape, *(outline for _, outline in (*rivals, *others, *pins))], dtype=object),
        *([] if before is None else [np.array([before], dtype=object)]),
    )
    stamps = [base.stamp, *(language.stamp for language in names), content]

    def opened() -> tuple[Drawing, ...]:
        [packed] = piece("unit map", stamps, drawn)
        # a decision changes the colour of a unit, and nothing else of its map
        return _unpacked(packed, status)

    return _in_each_language(opened, names, [*stamps, status.encode()])


def _in_each_language(
    opened: Callable[[], tuple[Drawing, ...]], names: Sequence[Places], content: Sequence[bytes]
) -> tuple[KeptDrawing, ...]:
    """A map in each language; none is drawn for it. All of them hang on `content`."""
    together = cache(opened)

    def of_language(number: int) -> Callable[[], Drawing]:
        return lambda: together()[number]

    numbers = range(len(names))
    return tuple(KeptDrawing(_hash(number, *content), of_language(number)) for number in numbers)


def _others_near(base: Ground, unit_id: str, view: _View) -> list[tuple[str, BaseGeometry]]:
    """The other units that a view shows: what lies outside leaves a map that was drawn as it is."""
    unit_ids, shapes = _outlines(base.of)
    near = np.flatnonzero(shapely.intersects(shapes, shapely.box(*view.window)))
    return [(unit_ids[at], shapes[at]) for at in near.tolist() if unit_ids[at] != unit_id]


@lru_cache(maxsize=4)
def _outlines(shown_scene: scene.Scene) -> tuple[list[str], npt.NDArray[Any]]:
    """Ids and shapes of the units that are shown; each map of a board asks for them."""
    units = scene.shown_units(shown_scene.units)
    return list(map(str, units["unit_id"])), units.geometry.to_numpy()


def overview_drawings(base: Ground, names: Sequence[Places]) -> tuple[KeptDrawing, ...]:
    """The map of all units, each in the colour of its status, with its id; in each language."""
    shown_scene = base.of
    units = scene.drawn_units(shown_scene)

    def behind(view: _View) -> list[Shape]:
        """What lies under the units: the same as long as all of them together reach as far."""

        def drawn() -> list[bytes]:
            layers = [(kind, shapes, "") for kind, shapes in base.layers if kind in _BEHIND_ALL]
            return [json.dumps(list(map(_shape_values, _map(layers, view).shapes))).encode()]

        [packed] = piece("overview ground", [base.stamp, repr(view).encode()], drawn)
        return list(map(_shape, json.loads(packed)))

    # none is left where all were rejected: then the ground that they lay on is shown
    around = units.total_bounds if len(units) else scene.region(shown_scene)
    [view] = _views([shapely.box(*around)], shown_scene.crs, margin=1.08)

    def drawn() -> list[bytes]:
        """What the units lie on, and the labels in each language."""
        ids: list[Place] = [
            # All of them begin so: on a map of sixty units the letters would take the room of the
            # numbers.
            ("id", str(row["unit_id"]).removeprefix("CU-"), row["geometry"])
            for row in scene.records(units)
        ]
        bare_map = _Map(view, tuple(behind(view)))
        # range states only: names of their neighbours would take the room of the units' ids
        of_languages = [(language.states, language.codes) for language in names]
        return [_packed(_labelled(bare_map, ids, of_languages))]

    def coloured() -> list[bytes]:
        """The units by status, which is all that a decision changes."""
        of_status = [
            ("unit", units.geometry[units["status"] == status], str(status))
            for status in palette.STATUS
            if units["status"].eq(status).any()
        ]
        return [json.dumps(list(map(_shape_values, _map(of_status, view).shapes))).encode()]

    content = _hash(list(units["unit_id"]), units.geometry.to_numpy(), view)
    stamps = [base.stamp, *(language.stamp for language in names)]
    statuses = repr(list(units["status"])).encode()

    def opened() -> tuple[Drawing, ...]:
        """The ground and the labels, the units of each status on it."""
        [packed] = piece("overview map", [*stamps, content], drawn)
        [packed_units] = piece("overview units", [content, statuses], coloured)
        unit_shapes = list(map(_shape, json.loads(packed_units)))
        return tuple(
            replace(drawing, shapes=_stacked([*drawing.shapes, *unit_shapes]))
            for drawing in _unpacked(packed)
        )

    return _in_each_language(opened, names, [*stamps, content, statuses])


_BEHIND_ALL: Final = frozenset({"land", "lake", "border", "disputed"})
"""Kinds of layers under the map of all units; more would hide them."""


def _points(place: BaseGeometry) -> list[shapely.Point]:
    return [part for part in shapely.get_parts(place) if isinstance(part, shapely.Point)]


def _beside(shape: BaseGeometry, unit_shape: BaseGeometry) -> BaseGeometry:
    """The part of a shape that the unit does not cover: there its label can be read."""
    return shapely.difference(shape, unit_shape)


def _diamond(point: shapely.Point, half: float) -> BaseGeometry:
    """A pin: a square on its corner, `half` as far from the middle as its corners are."""
    x, y = point.x, point.y
    return shapely.Polygon([(x, y + half), (x + half, y), (x, y - half), (x - half, y)])
