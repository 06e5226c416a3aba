"""Identity: which unit each placemark means, and how that is known.

Google Earth keeps the data of a placemark, loses its id when it is restyled, and a shape that was
drawn again has neither. So identity is layered, and each match says which layer made it: ``cu_id``
of the data, the placemark's id, the id in front of the name, that of the folder it lies in (GPS
programs keep nothing else), the ground it covers, or *none*.
What is in doubt is said, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_lowercase
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units import overlap
from cami_units.model import Note, clean_name, clean_text, in_short
from cami_units.workshop._unit_ids import (
    UNIT_ID,
    bare_name,
    ids_in_front,
    numbered_id,
    rejects,
    spoken_id,
)

# -- what a file of the drawing page says of itself ----------------------------------------------

MOST_SOURCES: Final = 200
_PIECE: Final = re.compile(r"[a-z]{1,2}")
_TICK: Final = re.compile(r"(G[12]|C[1-9])=(yes|no|close|open)")


class DrawnFacts(NamedTuple):
    """What the data of a placemark say was done with it.

    `label` is the name that the page wrote: while a placemark still has it, nobody has named it
    otherwise since. `messages` are words that stand for a name and hardly are one, each with the key of the note
    that asks. `piece` is the letter of a piece of a split unit, `merged_from` the units that
    went into this one, `ticks` what the page showed of each criterion (yes, no, close, open).
    `data_names` are the names that any other unit has in its data, the English and the Russian one:
    who edits attributes changes these, and not the name of the placemark. One that is not there is
    ``None``, one that somebody emptied is empty.
    """

    label: str = ""
    key: str = ""
    piece: str = ""
    merged_from: tuple[str, ...] = ()
    rejected: bool = False
    reason: str = ""
    name_en: str = ""
    name_ru: str = ""
    ticks: tuple[tuple[str, str], ...] = ()
    data_names: tuple[str | None, str | None] = (None, None)
    messages: Mapping[str, str] = MappingProxyType({})

    def stand_for(self, name: str) -> bool:
        """Whether the name of a placemark is still the one that the page wrote."""
        return bool(self.label) and clean_name(name) == self.label


NOT_DRAWN: Final = DrawnFacts()
"""The facts of a placemark that comes from anywhere else."""


def drawn_facts(data: Mapping[str, str]) -> DrawnFacts:
    """The facts in a placemark's data; what is not as the page writes it is left out.

    Examples
    --------
    >>> facts = drawn_facts({"label": "CU-002a West", "piece": "a", "ticks": "G1=yes C2=maybe"})
    >>> facts.piece, facts.ticks, drawn_facts({"cu_id": "CU-002"}) == NOT_DRAWN
    ('a', (('G1', 'yes'),), True)
    """
    if not data:
        return NOT_DRAWN
    label = clean_name(data.get("label", ""))
    sources = str(data.get("merged_from", "")).split(";")[:MOST_SOURCES]
    merged_from = tuple(one for one in sources if UNIT_ID.fullmatch(one))
    if not label:
        name_en, name_ru = (
            clean_name(data[key]) if key in data else None for key in ("name_en", "name_ru")
        )
        return NOT_DRAWN._replace(data_names=(name_en, name_ru), merged_from=merged_from)
    piece = str(data.get("piece", ""))
    return DrawnFacts(
        label=label,
        key=clean_name(data.get("draw_id", "")),
        piece=piece if _PIECE.fullmatch(piece) else "",
        merged_from=merged_from,
        rejected=data.get("rejected") == "yes",
        reason=clean_text(data.get("reason", "")),
        name_en=clean_name(data.get("new_name_en", "")),
        name_ru=clean_name(data.get("new_name_ru", "")),
        # the eleven findings take a hundred letters: what is far longer was not written by our page
        ticks=tuple(_TICK.findall(str(data.get("ticks", ""))[:400])),
    )


# -- which unit each placemark is ----------------------------------------------------------------

MatchedBy = Literal["cu_id", "id", "name", "folder", "overlap", "none"]

SAME_PLACE: Final = 0.5
"""Jaccard index from which a shape without an id is taken for the unit that lies there."""
INSIDE: Final = 0.5
"""Share of a piece that lies in the former outline, for the piece to be one of a split unit."""
APART: Final = 0.1
"""Share of a piece that may overlap another piece of a split unit: hands are not exact."""
TAKEN_IN: Final = 0.8
"""Share of a vanished unit that another shape covers, for the unit to count as merged into it."""

_PLACEMARK_ID: Final = re.compile(r"(CU-\d+[a-z]*)(?:\.(\d+))?\Z")


def note(key: str, **facts: Any) -> Note:
    """Something to be said, before it is a sentence."""
    return Note(key, facts)


class Notice(NamedTuple):
    """One thing noticed of a placemark: where it is, and what was found and assumed."""

    file: str
    folder: str
    placemark: str
    note: Note
    line: int = 0


class Placemark(NamedTuple):
    """A row of the table `placemarks`: what it says of itself, and the unit that it is taken for.

    `place` is the number of the row; `untouched` says that its outline is the one its own data name,
    `outline_hash` which one it is; `iou` the Jaccard index with the unit; `copy_of` the unit
    whose data a new shape was copied with.
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
    section_id: str
    placemark_id: str
    untouched: bool
    facts: DrawnFacts = NOT_DRAWN
    outline_hash: str = ""
    unit_id: str = ""
    matched_by: MatchedBy = "none"
    iou: float = 0.0
    copy_of: str = ""
    notes: tuple[Note, ...] = ()

    def called(self) -> str:
        """What to call it in a sentence."""
        return self.name or "?"

    def notice(self, key: str, **facts: Any) -> Notice:
        """Something noticed of it."""
        return Notice(self.file, self.folder, self.name, note(key, **facts))


PLACEMARK_COLUMNS: Final = Placemark._fields[1:14]


def placemarks_of(table: pd.DataFrame) -> list[Placemark]:
    """The rows of a table of placemarks with ground, by :data:`PLACEMARK_COLUMNS`."""
    # only files of the drawing page carry facts: a table without them is as good
    no_facts = pd.Series([NOT_DRAWN] * len(table), index=table.index, dtype=object)
    full = table if "facts" in table else table.assign(facts=no_facts)
    rows = zip(*(full[column] for column in PLACEMARK_COLUMNS), strict=True)
    return [Placemark(place, *row) for place, row in enumerate(rows)]


@dataclass(slots=True)
class Identified:
    """The placemarks of one file, each with its unit.

    `pieces` holds the placemarks of each unit; `split` the units that came in several pieces;
    `new_shapes` the placemarks that are no known unit; `contested` the units that more than one
    placemark claimed, with what contests them.
    """

    pieces: dict[str, list[Placemark]] = field(default_factory=dict)
    split: set[str] = field(default_factory=set)
    new_shapes: list[Placemark] = field(default_factory=list)
    contested: dict[str, Note] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)


def is_taken_in(outline: Any, shape: Any) -> bool:
    """Whether a shape covers so much of a unit's outline, both in degrees, that the unit counts as merged into it."""
    return float(shapely.intersection(outline, shape).area) >= TAKEN_IN * float(outline.area)


class Ground:
    """How much ground placemarks share with the units of the base and with each other, km²."""

    def __init__(self, placemarks: gpd.GeoDataFrame, base: gpd.GeoDataFrame) -> None:
        sites = placemarks[["geometry"]].assign(place=range(len(placemarks)))
        self.area: dict[int, float] = dict(enumerate(overlap.area_km2(placemarks)))
        self.base_area: dict[str, float] = dict(
            zip(base["unit_id"], overlap.area_km2(base), strict=True)
        )
        shared = overlap.overlaps(
            sites, base[["unit_id", "geometry"]], site="place", by=("unit_id",), kind="polygon"
        )
        self.of_unit: dict[int, dict[str, float]] = {}
        for place, unit_id, km2 in zip(*(shared[column] for column in shared), strict=True):
            self.of_unit.setdefault(int(place), {})[str(unit_id)] = float(km2)
        self._shapes = placemarks.geometry
        self._bounds: list[list[float]] = placemarks.geometry.bounds.to_numpy().tolist()
        self._between: dict[tuple[int, int], float] = {}

    def extent(self, place: int) -> tuple[float, ...]:
        """The km² of a placemark, and the box around it in metres: west, south, east, north."""
        return self.area[place], *self._bounds[place]

    def boxes(self, places: Sequence[int]) -> Any:
        """The boxes around placemarks, in an array."""
        return shapely.box(*np.array([self._bounds[place] for place in places]).reshape(-1, 4).T)

    def with_unit(self, place: int, unit_id: str) -> float:
        """Ground that a placemark shares with a unit of the base."""
        return self.of_unit.get(place, {}).get(unit_id, 0.0)

    def likeness(self, place: int, unit_id: str) -> float:
        """Jaccard index of a placemark and a unit of the base."""
        shared = self.with_unit(place, unit_id)
        unit_km2 = self.base_area.get(unit_id, 0.0)
        return overlap.jaccard_index(shared, self.area[place], unit_km2) if shared else 0.0

    def mostly_shared(self, place: int, unit_id: str) -> bool:
        """Whether most of a placemark, or of a unit of the base, lies in the other."""
        shared = self.with_unit(place, unit_id)
        return shared > 0 and shared >= INSIDE * min(self.area[place], self.base_area[unit_id])

    def could_share(self, first: int, second: int) -> float:
        """The ground that two placemarks share at most: that of their boxes. Costs nothing."""
        a, b = self._bounds[first], self._bounds[second]
        width = min(a[2], b[2]) - max(a[0], b[0])
        height = min(a[3], b[3]) - max(a[1], b[1])
        # bounds are in metres, all ground here in km²
        return max(width, 0.0) * max(height, 0.0) / 1e6

    def could_be_alike(self, first: int, second: int, least_index: float) -> bool:
        """Whether the Jaccard index of two placemarks may reach `least_index`, by their boxes."""
        # shared ÷ (a + b − shared) ≥ least  ⇔  shared ≥ (a + b) · least ÷ (1 + least)
        total = self.area[first] + self.area[second]
        return self.could_share(first, second) >= total * least_index / (1 + least_index)

    def alike(self, first: int, second: int, least_index: float) -> float:
        """Jaccard index of two placemarks; 0 where it cannot reach `least_index`."""
        if not self.could_be_alike(first, second, least_index):
            return 0.0
        shared = self.between(first, second)
        return overlap.jaccard_index(shared, self.area[first], self.area[second]) if shared else 0.0

    def perhaps_alike(self, places: Sequence[int], least_index: float) -> list[tuple[int, int]]:
        """Pairs of placemarks whose Jaccard index may reach `least_index`, in the order given.

        The boxes around the shapes rule the others out.
        """
        boxes = self.boxes(places)
        first, second = shapely.STRtree(boxes).query(boxes)
        ordered = sorted(zip(first.tolist(), second.tolist(), strict=True))
        pairs = ((places[a], places[b]) for a, b in ordered if a < b)
        return [pair for pair in pairs if self.could_be_alike(*pair, least_index=least_index)]

    def measure(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Measure what pairs share all at once: one by one it costs ten times as much."""
        ordered = {(min(pair), max(pair)) for pair in pairs}
        missing = sorted(pair for pair in ordered if pair not in self._between)
        sides = (self._shapes.iloc[[pair[side] for pair in missing]] for side in (0, 1))
        self._between |= zip(missing, map(float, overlap.shared_km2(*sides)), strict=True)

    def between(self, first: int, second: int) -> float:
        """Ground that two placemarks share."""
        if first == second:
            return self.area[first]
        pair = (min(first, second), max(first, second))
        if pair not in self._between:
            if self.could_share(first, second) > 0:
                self.measure([pair])
            else:
                self._between[pair] = 0.0
        return self._between[pair]

    def is_clear(self, mark: Placemark, pieces: Iterable[Placemark]) -> bool:
        """Whether a placemark overlaps none of these by more than a hand's slip."""
        most_km2 = APART * self.area[mark.place]
        return all(self.between(mark.place, piece.place) <= most_km2 for piece in pieces)


def identified(
    placemarks: Iterable[Placemark],
    units: Iterable[str],
    ground: Ground,
    *,
    pieces_of: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Identified:
    """The placemarks of one file, each with the unit that it means.

    Parameters
    ----------
    placemarks : iterable of Placemark
        Those of one file, in its order.
    units : iterable of str
        The ids of the units that were handed out.
    ground : Ground
        Measured on the table whose rows ``Placemark.place`` counts.
    pieces_of : mapping
        The pieces, as they are now, of units that were split since: what a file shows of such a unit is a
        new shape that says so.
    """
    unit_ids = set(units)
    result = Identified()
    # First what says which unit it is, then, of the rest, what lies where a unit was: a label that
    # somebody typed must not take ground from a placemark that has its id.
    claims: dict[str, list[Placemark]] = {}
    unclaimed = []
    for mark in placemarks:
        if mark.cu_id in pieces_of:
            facts = {"unit_id": mark.cu_id, "names": list(pieces_of[mark.cu_id])}
            result.notices.append(mark.notice("split since", **facts))
            unclaimed.append(mark._replace(notes=(note("split since", **facts),)))
            continue
        claimed = _claimed(mark, unit_ids, ground, result)
        if claimed.unit_id:
            claims.setdefault(claimed.unit_id, []).append(claimed)
        else:
            unclaimed.append(claimed)
    unclaimed = _once(unclaimed, ground, result)
    # Before single shapes are matched: two halves of a unit that nobody claimed are a split.
    pieces = _pieces_of_vanished(unclaimed, set(claims), ground)
    for mark in unclaimed:
        by_ground = mark if mark.place in pieces else _lying_there(mark, set(claims), ground)
        if by_ground.unit_id:
            claims[by_ground.unit_id] = [by_ground]
        else:
            result.new_shapes.append(by_ground)
    for unit_id in sorted(claims):
        _settle_claims(unit_id, claims[unit_id], ground, result)
    return result


def _claimed(mark: Placemark, unit_ids: set[str], ground: Ground, result: Identified) -> Placemark:
    """A placemark with the unit that it says it is: by its data, its id or its name."""
    named = spoken_id(mark.name)
    if mark.cu_id:
        if mark.cu_id not in unit_ids:
            result.notices.append(mark.notice("foreign id", cu_id=mark.cu_id))
            return mark._replace(notes=(note("came with foreign id", cu_id=mark.cu_id),))
        is_piece = named not in unit_ids and named.rstrip(ascii_lowercase) == mark.cu_id
        is_same = is_piece or named in ("", mark.cu_id)  # "CU-012a Wakhan" is a piece of CU-012
        if not is_same and not mark.facts.stand_for(mark.name):
            return _of_two_names(mark, named, unit_ids, ground, result)
        return _as(mark, mark.cu_id, "cu_id", ground)
    if (kept_id := _PLACEMARK_ID.match(mark.placemark_id)) and kept_id[1] in unit_ids:
        part = mark.part or kept_id[2] or ""
        return _as(mark._replace(part=part), kept_id[1], "id", ground)
    if named in unit_ids:
        return _as(mark, named, "name", ground)
    if named:
        result.notices.append(mark.notice("foreign id in name", named=named))
    # A part of a unit stands in a folder of the unit's name, and may have lost everything else.
    in_folder = spoken_id(mark.folder.rpartition("/")[2])
    if in_folder in unit_ids and not bare_name(mark.name):
        return _as(mark, in_folder, "folder", ground)
    return mark


def _as(mark: Placemark, unit_id: str, matched_by: MatchedBy, ground: Ground) -> Placemark:
    """A placemark as a unit."""
    iou = ground.likeness(mark.place, unit_id)
    return mark._replace(unit_id=unit_id, matched_by=matched_by, iou=iou)


def _of_two_names(
    mark: Placemark, named: str, unit_ids: set[str], ground: Ground, result: Identified
) -> Placemark:
    """A placemark whose name says another unit than its data: the one that it covers more of."""
    options = [_as(mark, mark.cu_id, "cu_id", ground)]
    if named in unit_ids:
        options.append(_as(mark, named, "name", ground))
    best = max(options, key=lambda option: option.iou)
    values = {"named": named, "cu_id": mark.cu_id}
    if best.iou <= 0:
        result.contested[mark.cu_id] = note("two ids contested", **values)
        result.notices.append(mark.notice("two ids, neither", **values))
        return mark._replace(notes=(note("covers neither", **values),))
    result.contested[best.unit_id] = note("two ids contested", **values)
    result.notices.append(mark.notice("two ids", **values, unit_id=best.unit_id))
    return best._replace(notes=(note("two ids contested", **values),))


def _once(marks: Sequence[Placemark], ground: Ground, result: Identified) -> list[Placemark]:
    """Placemarks without those that repeat another one exactly."""
    unique: list[Placemark] = []
    # thousands of placemarks are held against each other by size and box first, all at once
    extents = np.empty((5, len(marks)))
    for mark in marks:
        km2, west, south, east, north = extent = ground.extent(mark.place)
        sizes, wests, souths, easts, norths = extents[:, : len(unique)]
        of_like_size = (sizes >= 0.999 * km2) & (sizes <= 1.001 * km2)
        boxes_meet = (wests <= east) & (easts >= west) & (souths <= north) & (norths >= south)
        mates = np.flatnonzero(of_like_size & boxes_meet).tolist()
        number = next((one for one in mates if _is_twin(mark, unique[one], ground)), None)
        if number is None:
            extents[:, len(unique)] = extent
            unique.append(mark)
            continue
        twin = unique[number]
        # of a pack that was opened twice one may be as it was handed out: it says nothing against the other
        keeper, spare = (
            (mark, twin) if _is_as_named(twin) and not _is_as_named(mark) else (twin, mark)
        )
        result.notices.append(spare.notice("drawn twice", twin=keeper.called()))
        comments = dict.fromkeys(filter(None, (twin.comment, mark.comment)))
        unique[number] = keeper._replace(comment="\n".join(comments))
        extents[:, number] = ground.extent(keeper.place)
    return unique


def _is_as_named(mark: Placemark) -> bool:
    """Whether the name of a placemark is still the one of its data, without an X."""
    return not rejects(mark.name) and bare_name(mark.name) in ("", *mark.facts.data_names)


def _is_twin(first: Placemark, second: Placemark, ground: Ground) -> bool:
    """Whether two placemarks cover the same ground, to one part in ten thousand."""
    a, b = ground.area[first.place], ground.area[second.place]
    least_km2 = (1 - 1e-4) * max(a, b)
    if abs(a - b) > 1e-4 * max(a, b) or ground.could_share(first.place, second.place) < least_km2:
        return False
    return ground.between(first.place, second.place) >= least_km2


def _pieces_of_vanished(
    marks: Sequence[Placemark], claimed_units: set[str], ground: Ground
) -> set[int]:
    """Places of placemarks that make up a unit only together: none of them is that unit."""
    touched = {unit for mark in marks for unit in ground.of_unit.get(mark.place, {})}
    places: set[int] = set()
    for unit_id in sorted(touched - claimed_units):
        pieces = cut_into(unit_id, marks, ground)
        largest = max((ground.with_unit(piece.place, unit_id) for piece in pieces), default=0.0)
        if pieces and largest < TAKEN_IN * ground.base_area[unit_id]:
            places |= {piece.place for piece in pieces}
    return places


def cut_into(unit_id: str, marks: Iterable[Placemark], ground: Ground) -> list[Placemark]:
    """Placemarks without an id that together make up a unit; none where they do not."""
    free = [mark for mark in marks if not mark.cu_id]
    return _made_up(unit_id, free, ground, least_inside=TAKEN_IN, least_held=TAKEN_IN)


def _made_up(
    unit_id: str,
    marks: Iterable[Placemark],
    ground: Ground,
    *,
    least_inside: float,
    least_held: float,
) -> list[Placemark]:
    """Two or more placemarks, side by side, that make up a unit; none where they do not.

    Each lies in the former outline by the share `least_inside` of its ground, and together they hold the
    share `least_held` of the unit.
    """
    pieces: list[Placemark] = []
    # the largest first: a sliver must not keep a half out by lying on it
    for mark in sorted(marks, key=lambda mark: -ground.with_unit(mark.place, unit_id)):
        shared = ground.with_unit(mark.place, unit_id)
        mostly = shared > 0 and shared >= least_inside * ground.area[mark.place]
        if mostly and ground.is_clear(mark, pieces):
            pieces.append(mark)
    total = sum(ground.with_unit(piece.place, unit_id) for piece in pieces)
    return pieces if len(pieces) > 1 and total >= least_held * ground.base_area[unit_id] else []


def _lying_there(mark: Placemark, claimed_units: set[str], ground: Ground) -> Placemark:
    """A placemark without an id, as the unit that lies there and that no other placemark is."""
    numbered = numbered_id(mark.name)
    if not (mark.cu_id or numbered in claimed_units) and ground.mostly_shared(mark.place, numbered):
        return _as(mark, numbered, "name", ground)
    likest = [
        (ground.likeness(mark.place, unit_id), unit_id)
        for unit_id in ground.of_unit.get(mark.place, {})
        if unit_id not in claimed_units
    ]
    # of equals the highest id: any rule will do that gives the same each time
    iou, unit_id = max(likest, default=(0.0, ""))
    return mark if mark.cu_id or iou < SAME_PLACE else _as(mark, unit_id, "overlap", ground)


def _settle_claims(
    unit_id: str, claims: Sequence[Placemark], ground: Ground, result: Identified
) -> None:
    """Who is the unit, where several placemarks say so."""
    by_part: dict[str, list[Placemark]] = {}
    unique = _once(claims, ground, result)
    if len(unique) > 1 and len({mark.facts.piece for mark in unique} - {""}) == len(unique):
        result.pieces[unit_id] = unique  # the page says which piece each is: nothing to infer
        result.split.add(unit_id)
        return
    for mark in unique:
        by_part.setdefault(mark.part or "1", []).append(mark)
    result.pieces[unit_id] = []
    for rivals in by_part.values():
        winners = rivals
        if len(rivals) > 1:
            winners = _made_up(unit_id, rivals, ground, least_inside=INSIDE, least_held=INSIDE)
            if winners and len(by_part) == 1:
                result.split.add(unit_id)
            # else the one most like the unit keeps the id; where none is like it at all, the
            # largest
            winners = winners or [max(rivals, key=lambda m: (m.iou, ground.area[m.place]))]
        result.pieces[unit_id] += winners
        for copy in rivals:
            if copy not in winners:
                _set_copy_loose(copy, unit_id, winners[0], _united(copy, ground), result)


def _set_copy_loose(
    copy: Placemark,
    unit_id: str,
    keeper: Placemark,
    united: Sequence[str],
    result: Identified,
) -> None:
    """A copy that brought the id of its original along is a new shape, and the id is contested.

    So is an outline over several units that is named after all of them, the `united`.
    """
    new_shape = copy._replace(unit_id="", matched_by="none", iou=0.0, copy_of=unit_id)
    facts = {"names": in_short(united, 12), "name": copy.called(), "unit_id": unit_id}
    if united:
        result.contested[unit_id] = note("union beside", **facts)
        others = tuple(name for name in united if name != unit_id)
        new_shape = new_shape._replace(facts=copy.facts._replace(merged_from=others))
        notes = (note("a union", **facts), *copy.notes)
    else:
        result.contested[unit_id] = note("claimed twice", unit_id=unit_id, file=copy.file)
        result.notices.append(copy.notice("copied", unit_id=unit_id, keeper=keeper.called()))
        notes = (note("a copy", unit_id=unit_id), *copy.notes)
    result.new_shapes.append(new_shape._replace(notes=notes))


def _united(mark: Placemark, ground: Ground) -> list[str]:
    """The units whose ids a placemark has, two or more, where its outline takes in all of them."""
    ids = dict.fromkeys((mark.unit_id, *ids_in_front(mark.name), *mark.facts.merged_from))
    are_inside = (
        ground.with_unit(mark.place, unit_id) >= TAKEN_IN * ground.base_area.get(unit_id, np.inf)
        for unit_id in ids
    )
    return [*ids] if len(ids) > 1 and all(are_inside) else []


# -- ids that last -------------------------------------------------------------------------------


def lasting_ids(
    units: gpd.GeoDataFrame, earlier: gpd.GeoDataFrame, *, used_ids: Iterable[str] = ()
) -> dict[str, str]:
    """The id that each unit should have, from the units of an earlier round.

    A unit that is the same place as an earlier one (Jaccard index of at least ½, one to one, the
    likest first) takes its id. All others get numbers that nobody ever had.

    Parameters
    ----------
    units : GeoDataFrame
        The units as they are numbered now: ``unit_id`` and polygons, equal-area.
    earlier : GeoDataFrame
        Those of the earlier round, in the same CRS; rejected ones too, since a place that comes
        back is the same place.
    used_ids : iterable of str
        Every id ever given.

    Returns
    -------
    dict
        For each ``unit_id`` of `units` the one it should have.
    """
    before = earlier[["unit_id", "geometry"]].rename(columns={"unit_id": "before"})
    same = overlap.same_places(
        units[["unit_id", "geometry"]],
        before,
        site="unit_id",
        other="before",
        least_jaccard=SAME_PLACE,
    )
    # Ids of every earlier round, also of units that are gone: a number is never given to another
    # place.
    ever = {*map(str, used_ids), *map(str, earlier["unit_id"])}
    numbers = [int(number[1]) for name in ever if (number := re.match(r"CU-(\d+)", name))]
    free = max(numbers, default=0)
    ids: dict[str, str] = {}
    for unit_id in map(str, units["unit_id"]):
        if unit_id in same.index:
            ids[unit_id] = str(same[unit_id])
        else:
            free += 1
            ids[unit_id] = f"CU-{free:03d}"
    return ids


SAME_HOTSPOT: Final = 0.3
"""Jaccard index from which a drawn outline and a hotspot are one place, as in C8."""
MOSTLY: Final = 0.5
"""Share of a hotspot inside an outline from which the outline covers it."""


def hotspots_of_outlines(shared: pd.DataFrame, hotspots: gpd.GeoDataFrame) -> dict[str, list[str]]:
    """The hotspots that each drawn outline is, or mostly covers.

    Parameters
    ----------
    shared : DataFrame
        ``site``, ``hotspot_id``, ``km2`` that they share, and their ``jaccard`` index.
    hotspots : GeoDataFrame
        The table `hotspots`, equal-area.

    Returns
    -------
    dict
        For each site that has any, the ids, sorted.
    """
    hotspot_km2 = overlap.area_km2(hotspots).set_axis(hotspots["hotspot_id"])
    covers = shared["km2"] >= MOSTLY * shared["hotspot_id"].map(hotspot_km2).astype(float)
    own_hotspots = shared[covers | (shared["jaccard"] >= SAME_HOTSPOT)]
    return {
        str(site): sorted(map(str, rows["hotspot_id"]))
        for site, rows in own_hotspots.groupby("site")
    }
