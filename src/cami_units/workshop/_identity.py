"""What groups drew, told apart: whose it is, and which unit it means.

Google Earth keeps the data of a placemark, loses its id when it is restyled, and a shape that was
drawn again has neither. So identity is layered, and each match says which layer made it: ``cu_id``
of the data, the placemark's id, the id in front of the name, the ground it covers, or *none*.
What is in doubt is said, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units import overlap
from cami_units.workshop._unit_names import spoken_id

MatchedBy = Literal["cu_id", "id", "name", "overlap", "none"]

SAME_PLACE: Final = 0.5
"""Jaccard index from which a shape without an id is taken for the unit that lies there."""
INSIDE: Final = 0.5
"""Share of a piece that lies in the former outline, for the piece to be one of a split unit."""
APART: Final = 0.1
"""Share of a piece that may overlap another piece of a split unit: hands are not exact."""
TAKEN_IN: Final = 0.8
"""Share of a vanished unit that another shape covers, for the unit to count as merged into it."""
SAME_OUTLINE_M: Final = 5.0
"""How far two outlines may be apart and still be one: five decimals of a degree, and rounding."""

_PLACEMARK_ID: Final = re.compile(r"(CU-\d+[a-z]*)(?:\.(\d+))?\Z")


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing said of a placemark: where it is, what was found, what was assumed."""

    file: str
    folder: str
    placemark: str
    what: str
    assumed: str


@dataclass(frozen=True, slots=True)
class Shape:
    """One placemark with ground: what it says of itself, and which unit it is taken for.

    `place` is its row in the table of drawn shapes; `iou` the Jaccard index with the unit.
    """

    place: int
    file: str
    group: str
    folder: str
    name: str
    comment: str
    cu_id: str
    part: str
    rev: str
    placemark_id: str
    untouched: bool
    section_id: str = ""
    unit_id: str = ""
    matched_by: MatchedBy = "none"
    iou: float = 0.0
    notes: tuple[str, ...] = ()

    def called(self) -> str:
        """What to call it in a sentence."""
        return self.name or "a placemark without a name"


@dataclass(slots=True)
class Sorted:
    """The shapes of one file, told apart.

    `of` holds the pieces of each unit; `split` the units whose pieces are several; `loose` the
    shapes that are no known unit; `contested` the units that more than one placemark claimed.
    """

    of: dict[str, list[Shape]] = field(default_factory=dict)
    split: set[str] = field(default_factory=set)
    loose: list[Shape] = field(default_factory=list)
    contested: dict[str, str] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)

    def say(self, shape: Shape, what: str, assumed: str) -> None:
        self.notices.append(Notice(shape.file, shape.folder, shape.name, what, assumed))


class Ground:
    """How much ground shapes share with the units of the base and with each other, km²."""

    def __init__(self, drawn: gpd.GeoDataFrame, base: gpd.GeoDataFrame) -> None:
        sites = drawn[["geometry"]].assign(place=range(len(drawn)))
        self.area: dict[int, float] = dict(enumerate(overlap.area_km2(drawn)))
        self.base_area: dict[str, float] = dict(
            zip(base["unit_id"], overlap.area_km2(base), strict=True)
        )
        found = overlap.overlap(
            sites, base[["unit_id", "geometry"]], site="place", by=("unit_id",), kind="polygon"
        )
        self.of_unit: dict[int, dict[str, float]] = {}
        for place, unit_id, km2 in zip(*(found[one] for one in found), strict=True):
            self.of_unit.setdefault(int(place), {})[str(unit_id)] = float(km2)
        self._shapes = drawn.geometry
        self._bounds: list[list[float]] = drawn.geometry.bounds.to_numpy().tolist()
        self._between: dict[tuple[int, int], float] = {}

    def with_unit(self, place: int, unit_id: str) -> float:
        """Ground that a shape shares with a unit of the base."""
        return self.of_unit.get(place, {}).get(unit_id, 0.0)

    def likeness(self, place: int, unit_id: str) -> float:
        """Jaccard index of a shape and a unit of the base: shared ÷ joint ground."""
        shared = self.with_unit(place, unit_id)
        joint = self.area[place] + self.base_area.get(unit_id, 0.0) - shared
        return shared / joint if joint > 0 else 0.0

    def could_share(self, one: int, other: int) -> float:
        """The ground that two shapes share at most: that of the boxes around them. Costs nothing."""
        a, b = self._bounds[one], self._bounds[other]
        width = min(a[2], b[2]) - max(a[0], b[0])
        height = min(a[3], b[3]) - max(a[1], b[1])
        return max(width, 0.0) * max(height, 0.0) / 1e6

    def perhaps_alike(self, places: Sequence[int], least: float) -> list[tuple[int, int]]:
        """Pairs of these shapes whose Jaccard index may reach `least`, in the order given.

        The boxes around the shapes rule the others out.
        """
        boxes = shapely.box(*np.array([self._bounds[place] for place in places]).reshape(-1, 4).T)
        first, second = shapely.STRtree(boxes).query(boxes)
        ordered = sorted(zip(first.tolist(), second.tolist(), strict=True))
        pairs = ((places[a], places[b]) for a, b in ordered if a < b)
        return [pair for pair in pairs if could_be_alike(*pair, self, least=least)]

    def measure(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Measure what pairs of shapes share all at once: one by one it costs ten times as much."""
        asked = sorted({(min(pair), max(pair)) for pair in pairs} - set(self._between))
        ones, others = (self._shapes.iloc[[pair[side] for pair in asked]] for side in (0, 1))
        self._between |= zip(asked, map(float, overlap.shared_km2(ones, others)), strict=True)

    def between(self, one: int, other: int) -> float:
        """Ground that two shapes share."""
        if one == other:
            return self.area[one]
        pair = (min(one, other), max(one, other))
        if pair not in self._between:
            near = self.could_share(one, other) > 0
            self._between[pair] = self._shared(*pair) if near else 0.0
        return self._between[pair]

    def _shared(self, one: int, other: int) -> float:
        first, second = self._shapes.iloc[[one]], self._shapes.iloc[[other]]
        return float(overlap.shared_km2(first, second)[0])


def jaccard(one: int, other: int, ground: Ground, *, least: float) -> float:
    """Jaccard index of two drawn shapes; 0 where it cannot reach `least`."""
    if not could_be_alike(one, other, ground, least=least):
        return 0.0
    both, shared = ground.area[one] + ground.area[other], ground.between(one, other)
    return shared / (both - shared) if both > shared else 0.0


def could_be_alike(one: int, other: int, ground: Ground, *, least: float) -> bool:
    """Whether the Jaccard index of two shapes may reach `least`, by the boxes around them."""
    # shared ÷ (a + b − shared) ≥ least  ⇔  shared ≥ (a + b) · least ÷ (1 + least)
    both = ground.area[one] + ground.area[other]
    return ground.could_share(one, other) >= both * least / (1 + least)


def told_apart(shapes: Iterable[Shape], base: pd.DataFrame, ground: Ground) -> Sorted:
    """The shapes of one file, each with the unit that it means.

    Parameters
    ----------
    shapes : iterable of Shape
        The shapes of one file, in its order.
    base : DataFrame
        The units that were handed out: ``unit_id``.
    ground : Ground
        Measured on the table that ``Shape.place`` counts in.
    """
    known = set(base["unit_id"])
    found = Sorted()
    claims: dict[str, list[Shape]] = {}
    unclaimed = []
    for shape in shapes:
        claimed = _claimed(shape, known, ground, found)
        if claimed.unit_id:
            claims.setdefault(claimed.unit_id, []).append(claimed)
        else:
            unclaimed.append(claimed)
    unclaimed = _once(unclaimed, ground, found)
    pieces = _pieces_of_others(unclaimed, set(claims), ground)
    for shape in unclaimed:
        here = shape if shape.place in pieces else _lying_there(shape, set(claims), ground)
        if here.unit_id:
            claims[here.unit_id] = [here]
        else:
            found.loose.append(here)
    for unit_id in sorted(claims):
        _settle(unit_id, claims[unit_id], ground, found)
    return found


def _claimed(shape: Shape, known: set[str], ground: Ground, found: Sorted) -> Shape:
    """The unit that a shape says it is: by its data, its id or its name."""
    named = spoken_id(shape.name)
    if shape.cu_id:
        if shape.cu_id not in known:
            found.say(
                shape,
                f"its id {shape.cu_id} is not one of the round that was handed out",
                "a proposed new unit; nothing was guessed",
            )
            return replace(shape, notes=(f"came with the id {shape.cu_id} of another round",))
        if named and named != shape.cu_id:
            return _two_names(shape, named, known, ground, found)
        return _as(shape, shape.cu_id, "cu_id", ground)
    kept_id = _PLACEMARK_ID.match(shape.placemark_id)
    if kept_id and kept_id[1] in known:
        part = shape.part or kept_id[2] or ""
        return _as(replace(shape, part=part), kept_id[1], "id", ground)
    if named in known:
        return _as(shape, named, "name", ground)
    if named:
        found.say(
            shape,
            f"the id {named} in its name is not one of the round that was handed out",
            "the ground it covers decides",
        )
    return shape


def _as(shape: Shape, unit_id: str, matched_by: MatchedBy, ground: Ground) -> Shape:
    iou = ground.likeness(shape.place, unit_id)
    return replace(shape, unit_id=unit_id, matched_by=matched_by, iou=iou)


def _two_names(shape: Shape, named: str, known: set[str], ground: Ground, found: Sorted) -> Shape:
    """A shape whose name says another unit than its data: the one that it covers more of."""
    options = [_as(shape, shape.cu_id, "cu_id", ground)]
    if named in known:
        options.append(_as(shape, named, "name", ground))
    best = max(options, key=lambda option: option.iou)
    what = f"its name says {named}, its data say {shape.cu_id}"
    if best.iou <= 0:
        found.contested[shape.cu_id] = what
        found.say(shape, what, "it covers neither: a proposed new unit")
        return replace(shape, notes=(f"{what}; it covers neither",))
    found.contested[best.unit_id] = what
    found.say(shape, what, f"{best.unit_id}, whose ground it covers")
    return replace(best, notes=(what,))


def _once(shapes: Sequence[Shape], ground: Ground, found: Sorted) -> list[Shape]:
    """Shapes without those that repeat another one exactly."""
    kept: list[Shape] = []
    for shape in shapes:
        twin = next((other for other in kept if _is_twin(shape, other, ground)), None)
        if twin is None:
            kept.append(shape)
            continue
        found.say(shape, f"it is drawn twice: the other is '{twin.called()}'", "one of them counts")
        if shape.comment and shape.comment != twin.comment:
            joined = "\n".join(filter(None, (twin.comment, shape.comment)))
            kept[kept.index(twin)] = replace(twin, comment=joined)
    return kept


def _is_twin(one: Shape, other: Shape, ground: Ground) -> bool:
    a, b = ground.area[one.place], ground.area[other.place]
    least = (1 - 1e-4) * max(a, b)
    if abs(a - b) > 1e-4 * max(a, b) or ground.could_share(one.place, other.place) < least:
        return False
    return ground.between(one.place, other.place) >= least


def _pieces_of_others(shapes: Sequence[Shape], taken: set[str], ground: Ground) -> set[int]:
    """Places of shapes that make up a unit only together: none of them is that unit."""
    touched = {unit for shape in shapes for unit in ground.of_unit.get(shape.place, {})}
    found: set[int] = set()
    for unit_id in sorted(touched - taken):
        pieces = cut_into(unit_id, shapes, ground)
        most = max((ground.with_unit(one.place, unit_id) for one in pieces), default=0.0)
        if pieces and most < TAKEN_IN * ground.base_area[unit_id]:
            found |= {piece.place for piece in pieces}
    return found


def cut_into(unit_id: str, shapes: Sequence[Shape], ground: Ground) -> list[Shape]:
    """Shapes without an id that together make up a unit; none where they do not."""
    pieces: list[Shape] = []
    inside = [(ground.with_unit(shape.place, unit_id), shape) for shape in shapes]
    for shared, shape in sorted(inside, key=lambda one: -one[0]):
        area = ground.area[shape.place]
        mostly = shared >= TAKEN_IN * area and shared > 0 and not shape.cu_id
        if mostly and all(ground.between(shape.place, one.place) <= APART * area for one in pieces):
            pieces.append(shape)
    held = sum(ground.with_unit(piece.place, unit_id) for piece in pieces)
    return pieces if len(pieces) > 1 and held >= TAKEN_IN * ground.base_area[unit_id] else []


def _lying_there(shape: Shape, taken: set[str], ground: Ground) -> Shape:
    """A shape without an id, as the unit that lies there and that no other shape is."""
    places = [
        (ground.likeness(shape.place, unit_id), unit_id)
        for unit_id in ground.of_unit.get(shape.place, {})
        if unit_id not in taken
    ]
    best = max(places, default=(0.0, ""), key=lambda pair: (pair[0], pair[1]))
    if shape.cu_id or best[0] < SAME_PLACE:
        return shape
    return _as(shape, best[1], "overlap", ground)


def _settle(unit_id: str, claims: Sequence[Shape], ground: Ground, found: Sorted) -> None:
    """Who is the unit, where several placemarks say so."""
    by_part: dict[str, list[Shape]] = {}
    for shape in _once(claims, ground, found):
        by_part.setdefault(shape.part or "1", []).append(shape)
    kept: list[Shape] = []
    for rivals in by_part.values():
        if len(rivals) == 1:
            kept += rivals
            continue
        pieces = _pieces(unit_id, rivals, ground)
        if pieces:
            kept += pieces
            if len(by_part) == 1:
                found.split.add(unit_id)
        else:
            pieces = [max(rivals, key=lambda shape: (shape.iou, ground.area[shape.place]))]
            kept += pieces
        for copy in rivals:
            if copy not in pieces:
                _copied(copy, unit_id, pieces[0], found)
    found.of[unit_id] = kept


def _pieces(unit_id: str, rivals: Sequence[Shape], ground: Ground) -> list[Shape]:
    """The pieces that a unit was cut into; none where the rivals are copies of one another."""
    pieces: list[Shape] = []
    for shape in sorted(rivals, key=lambda one: -ground.with_unit(one.place, unit_id)):
        area = ground.area[shape.place]
        inside = ground.with_unit(shape.place, unit_id) >= INSIDE * area
        clear = all(ground.between(shape.place, other.place) <= APART * area for other in pieces)
        if inside and clear:
            pieces.append(shape)
    held = sum(ground.with_unit(piece.place, unit_id) for piece in pieces)
    whole = ground.base_area[unit_id]
    return pieces if len(pieces) > 1 and held >= INSIDE * whole else []


def _copied(copy: Shape, unit_id: str, keeper: Shape, found: Sorted) -> None:
    found.contested[unit_id] = f"{unit_id} is there more than once in {copy.file}"
    found.say(
        copy,
        f"a second placemark with the id {unit_id}",
        f"'{keeper.called()}' keeps the id, being more like it; this one is a proposed new unit",
    )
    found.loose.append(
        replace(
            copy,
            unit_id="",
            matched_by="none",
            iou=0.0,
            notes=(copy_of(unit_id), *copy.notes),
        )
    )


def copy_of(unit_id: str) -> str:
    """The note on a shape that came with the id of a unit that another shape is."""
    return f"a copy of {unit_id}"


def shapes_of(rows: Sequence[Mapping[str, Any]]) -> list[Shape]:
    """Shapes from the rows of a table, each with its place in it."""
    names = [name for name in Shape.__slots__ if name not in _MADE]
    return [
        Shape(place=place, **{name: row[name] for name in names}) for place, row in enumerate(rows)
    ]


_MADE: Final = ("place", "unit_id", "matched_by", "iou", "notes")
