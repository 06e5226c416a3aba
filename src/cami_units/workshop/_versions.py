"""What each group did to each unit: kept, renamed, reshaped, split, merged, rejected, or gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.model import clean_name
from cami_units.workshop._identity import (
    SAME_OUTLINE_M,
    TAKEN_IN,
    Ground,
    MatchedBy,
    Notice,
    Shape,
    Sorted,
    cut_into,
    jaccard,
    told_apart,
)
from cami_units.workshop._unit_names import bare_name, is_cyrillic, rejects

Change = Literal["kept", "reshaped", "split", "merged", "rejected", "deleted", "absent", "new"]

HIDDEN: Final = ("rejected", "merged")
"""Statuses of units that are handed out no more."""


@dataclass(frozen=True, slots=True)
class Bringing:
    """One file that a group brought, as read: who, whether the folder of the units is in it.

    `unsound` says which units came back without an outline that can be used, and why; under the
    empty id, why nothing is concluded from what is not in the file.
    """

    file: str
    group: str
    folder_there: bool
    shapes: tuple[Shape, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    unsound: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a form says of a unit, without a shape."""

    unit_id: str
    rejected: bool = False
    name: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """What one group makes of one unit.

    `places` are the rows of the drawn table that are its ground (none: the ground is unchanged);
    `into` says what a merged unit went into: a unit id, or ``#`` and the place of a new shape.
    `stale`: it was drawn on an older outline than the base has.
    """

    unit_id: str
    group: str
    file: str
    change: Change
    owner: bool
    places: tuple[int, ...] = ()
    name_en: str = ""
    name_ru: str = ""
    comment: str = ""
    placemark: str = ""
    matched_by: MatchedBy = "none"
    into: str = ""
    stale: bool = False
    notes: tuple[str, ...] = ()

    @property
    def renamed(self) -> bool:
        """Whether it brings another name."""
        return bool(self.name_en or self.name_ru)

    @property
    def differs(self) -> bool:
        """Whether it asks for anything to be changed."""
        return self.renamed or self.change not in ("kept", "deleted", "absent")


@dataclass(frozen=True, slots=True)
class Fresh:
    """A shape that is no known unit: a proposed new one."""

    shape: Shape
    owner_file: str
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Brought:
    """Everything that one group brought: a version a file of each unit, and new shapes."""

    group: str
    files: tuple[str, ...]
    folder_there: bool
    unsound: dict[str, str] = field(default_factory=dict)
    versions: dict[str, list[Version]] = field(default_factory=dict)
    fresh: list[Fresh] = field(default_factory=list)
    dropped: list[Fresh] = field(default_factory=list)
    contested: dict[str, str] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)


def brought(
    group: str,
    files: Sequence[Bringing],
    base: gpd.GeoDataFrame,
    drawn: gpd.GeoDataFrame,
    ground: Ground,
    *,
    owned: Iterable[str],
    expected: Iterable[str],
) -> Brought:
    """What a group made of the units it was given, and what it drew besides.

    Parameters
    ----------
    group : str
        The group that brought the files.
    files : sequence of Bringing
        Its files, the fullest first: see :func:`fullest_first`.
    base : GeoDataFrame
        The units that were handed out, equal-area: ``unit_id``, ``name_en``, ``name_ru``,
        ``status``, ``rev``, and ``outline`` (longitude and latitude, as written).
    drawn : GeoDataFrame
        The drawn shapes, equal-area, with ``outline``; ``Shape.place`` counts its rows.
    ground : Ground
        Measured on these two.
    owned : iterable of str
        The units whose owner the group is.
    expected : iterable of str
        The units that should come back: those the files were handed out with.

    Notes
    -----
    A unit that is missing while the folder it was in has come back is *deleted*; where the folder
    is missing too it is *absent*, and nothing is concluded.
    """
    mine, due = set(owned), set(expected)
    units = {str(row["unit_id"]): row for row in _rows(base)}
    result = Brought(group, tuple(one.file for one in files), folder_there=False)
    told = [(one, told_apart(one.shapes, base, ground)) for one in files]
    read = [(one, found, _versions(found, units, mine, drawn, group)) for one, found in told]
    drawn_files = [one.file for one, _, _ in read if one.shapes or one.folder_there]
    silent = {one.file for one, found, made in read if _is_silent(one, found, made, due)}
    if silent >= set(drawn_files):
        silent -= set(drawn_files[:1])
    else:
        result.notices += _several(group, drawn_files, silent)
    speaking = [part for part in read if part[0].file not in silent]
    result.folder_there = any(one.folder_there for one, _, _ in speaking)
    for one, found, made in speaking:
        result.notices += found.notices
        result.contested |= found.contested
        result.unsound |= one.unsound
        for unit_id, version in made.items():
            result.versions.setdefault(unit_id, []).append(version)
        for verdict in one.verdicts:
            _add_verdict(result, one, verdict, units, mine)
    if not result.folder_there:
        # Single units beside the whole pack: the pack says how the others stand.
        for one, _, made in read:
            for unit_id, version in made.items() if one.file in silent else ():
                result.versions.setdefault(unit_id, [version])
    files = [one for one, _, _ in speaking]
    sorted_files = [found for _, found, _ in speaking]
    loose = _loose(files, sorted_files, ground, result)
    for unit_id in sorted(due):
        if unit_id not in result.versions and units[unit_id]["status"] not in HIDDEN:
            gone, used = _gone(unit_id, group, result, sorted_files, loose, ground)
            result.versions[unit_id] = [replace(gone, owner=unit_id in mine)]
            loose = [shape for shape in loose if shape.place not in used]
    result.fresh = [Fresh(shape, shape.file, shape.notes) for shape in loose]
    return result


def _versions(
    found: Sorted,
    units: Mapping[str, Mapping[str, Any]],
    mine: set[str],
    drawn: gpd.GeoDataFrame,
    group: str,
) -> dict[str, Version]:
    """What one file makes of each unit that is in it."""
    made = {}
    for unit_id, pieces in sorted(found.of.items()):
        version = _version(units[unit_id], pieces, unit_id in found.split, drawn, group)
        made[unit_id] = replace(version, owner=unit_id in mine)
    return made


def _is_silent(file: Bringing, found: Sorted, made: Mapping[str, Version], due: set[str]) -> bool:
    """Whether a file came back as it went out: every unit in it, and nothing said of any."""
    said = found.loose or found.contested or file.verdicts or file.unsound
    changed = any(one.differs or one.comment for one in made.values())
    return bool(file.shapes) and not said and not changed and due <= set(made)


def _several(group: str, drawn: Sequence[str], silent: set[str]) -> list[Notice]:
    """Which of several drawn files of a group counts."""
    first = next(one for one in drawn if one not in silent)
    told = []
    for one in drawn:
        if one in silent:
            what = f"a second file of group {group}, in which nothing was changed"
            told.append(Notice(one, "", "", what, f"{first} counts"))
        elif one != first:
            what = f"a second file of group {group}"
            told.append(Notice(one, "", "", what, f"where both differ, {first} counts"))
    return told


def fullest_first(files: Iterable[Bringing]) -> list[Bringing]:
    """Files of one group: the one with the most shapes first, then by name; never by date."""
    return sorted(files, key=lambda one: (-len(one.shapes), -len(one.verdicts), one.file))


def outline_of(places: Sequence[int], drawn: gpd.GeoDataFrame) -> Any:
    """The outline of several shapes together, in longitude and latitude as written."""
    outlines = drawn["outline"].iloc[list(places)].to_numpy()
    return outlines[0] if len(outlines) == 1 else _joined(outlines)


def ground_of(places: Sequence[int], drawn: gpd.GeoDataFrame) -> Any:
    """The ground of several shapes together, in the equal-area CRS."""
    shapes = drawn.geometry.iloc[list(places)].to_numpy()
    return shapes[0] if len(shapes) == 1 else _joined(shapes)


def _joined(shapes: Any) -> Any:
    parts = shapely.get_parts(shapes)
    apart = shapely.multipolygons(parts)
    return apart if shapely.is_valid(apart) else shapely.union_all(shapes)


def same_outline(one: Any, other: Any) -> bool:
    """Whether two outlines, in metres, are one but for rounding: nowhere 5 m apart."""
    gap = np.abs(np.array(shapely.bounds(one)) - np.array(shapely.bounds(other))).max()
    if not gap <= SAME_OUTLINE_M:
        return False
    edges = shapely.boundary([one, other])
    return bool(shapely.hausdorff_distance(edges[0], edges[1]) <= SAME_OUTLINE_M)


# -- one unit of one file -------------------------------------------------------------------------


def _version(
    unit: Mapping[str, Any],
    pieces: Sequence[Shape],
    is_split: bool,
    drawn: gpd.GeoDataFrame,
    group: str,
) -> Version:
    first = min(pieces, key=lambda piece: (piece.part or "1", piece.place))
    places = tuple(piece.place for piece in pieces)
    notes = [note for piece in pieces for note in piece.notes]
    same = same_outline(ground_of(places, drawn), unit["geometry"])
    stale = _is_stale(pieces, unit)
    change: Change = "split" if is_split else "kept" if same else "reshaped"
    if stale and not same and all(piece.untouched for piece in pieces):
        notes.append(
            f"handed out in round {first.rev} and not changed: the newer outline of round "
            f"{unit['rev']} stands"
        )
        change, stale = "kept", False
    if change == "reshaped" and first.iou <= 0 and len(pieces) == 1:
        notes.append("it does not touch its former outline")
    own = [str(unit[key]) for key in ("name_en", "name_ru")]
    if any(rejects(piece.name, own=own) for piece in pieces):
        if change != "kept":
            notes.append("its outline was changed too, which a rejection makes void")
        change = "rejected"
    name_en, name_ru = _new_name(unit, pieces)
    if change == "rejected" and (name_en or name_ru):
        # A name beside an X is mostly the reason: a unit that goes needs no other name.
        notes.append(f"typed as '{first.name}'")
        name_en = name_ru = ""
    return Version(
        unit_id=str(unit["unit_id"]),
        group=group,
        file=first.file,
        change=change,
        owner=False,
        places=places if change in ("reshaped", "split") else (),
        name_en=name_en,
        name_ru=name_ru,
        comment="\n".join(dict.fromkeys(piece.comment for piece in pieces if piece.comment)),
        placemark=first.name,
        matched_by=first.matched_by,
        stale=stale and change in ("reshaped", "split"),
        notes=tuple(dict.fromkeys(notes)),
    )


def _is_stale(pieces: Sequence[Shape], unit: Mapping[str, Any]) -> bool:
    return any(_number(piece.rev) != _number(unit["rev"]) for piece in pieces if piece.rev)


def _number(rev: Any) -> str:
    return str(rev).strip().lstrip("0") or "0"


def _new_name(unit: Mapping[str, Any], pieces: Sequence[Shape]) -> tuple[str, str]:
    """The English and the Russian name that the pieces bring, empty where it is the old one."""
    for piece in sorted(pieces, key=lambda one: one.place):
        name = bare_name(piece.name) if plain(piece.name) not in _names(unit) else ""
        if name and plain(name) not in {plain(unit["name_en"]), plain(unit["name_ru"])}:
            return ("", name) if is_cyrillic(name) else (name, "")
    return "", ""


def plain(name: Any) -> str:
    """A name as it is compared."""
    # What could begin a tag is written as ‹ into a KML; spaces and case are no new name.
    return clean_name(name).replace("‹", "<").casefold()


def _add_verdict(
    result: Brought,
    file: Bringing,
    verdict: Verdict,
    units: Mapping[str, Mapping[str, Any]],
    mine: set[str],
) -> None:
    """A row of a form, added to what the group drew of that unit, or as a version of its own."""
    unit_id = verdict.unit_id
    if unit_id not in units:
        result.notices.append(
            Notice(file.file, "", unit_id, f"there is no unit {unit_id} in the round", "not used")
        )
        return
    name = "" if plain(verdict.name) in _names(units[unit_id]) else verdict.name
    words = ("", name) if is_cyrillic(name) else (name, "")
    given = result.versions.setdefault(unit_id, [])
    if not given:
        given.append(
            Version(unit_id, result.group, file.file, "kept", unit_id in mine, matched_by="cu_id")
        )
    old = given[0]
    given[0] = replace(
        old,
        change="rejected" if verdict.rejected else old.change,
        places=() if verdict.rejected else old.places,
        name_en=old.name_en or words[0],
        name_ru=old.name_ru or words[1],
        comment="\n".join(filter(None, dict.fromkeys((old.comment, verdict.comment)))),
    )


def _names(unit: Mapping[str, Any]) -> set[str]:
    return {plain(unit["name_en"]), plain(unit["name_ru"]), ""}


# -- what is no known unit, and units that are gone -----------------------------------------------


def _loose(
    files: Sequence[Bringing], found: Sequence[Sorted], ground: Ground, result: Brought
) -> list[Shape]:
    """The new shapes of all files of a group, each once, without those that carry an X."""
    kept: list[Shape] = []
    for sorted_file in found:
        for shape in sorted_file.loose:
            if rejects(shape.name):
                result.dropped.append(Fresh(shape, shape.file, shape.notes))
                what, assumed = "a new shape with an X before its name", "set aside"
                result.notices.append(_notice(shape, what, assumed))
                continue
            kept.append(_questioned(shape, sorted_file, ground, result))
    if len(files) < 2:
        return kept
    once: list[Shape] = []
    for shape in kept:
        twin = next((one for one in once if _is_same_place(one, shape, ground)), None)
        if twin is None or twin.file == shape.file:
            once.append(shape)
            continue
        result.dropped.append(Fresh(shape, shape.file, shape.notes))
        what = f"the same new shape as '{twin.called()}' in {twin.file}"
        result.notices.append(_notice(shape, what, f"the one in {twin.file} counts"))
    return once


def _is_same_place(one: Shape, other: Shape, ground: Ground) -> bool:
    return jaccard(one.place, other.place, ground, least=TAKEN_IN) >= TAKEN_IN


def _questioned(shape: Shape, file: Sorted, ground: Ground, result: Brought) -> Shape:
    """A new shape; said when it lies wholly inside a unit, where it may be meant as a hole."""
    area = ground.area[shape.place]
    for unit_id, pieces in sorted(file.of.items()):
        if any(_lies_in(shape.place, piece.place, 0.99 * area, ground) for piece in pieces):
            what = f"it lies wholly inside {unit_id}"
            cure = "a proposed new unit; if a hole was meant, draw it as a hole of the unit"
            result.notices.append(_notice(shape, what, cure))
            return replace(shape, notes=(*shape.notes, f"{what}: a hole, or a unit in a unit?"))
    return shape


def _lies_in(one: int, other: int, least: float, ground: Ground) -> bool:
    return ground.could_share(one, other) >= least and ground.between(one, other) >= least


def _notice(shape: Shape, what: str, assumed: str) -> Notice:
    return Notice(shape.file, shape.folder, shape.name, what, assumed)


def _gone(
    unit_id: str,
    group: str,
    result: Brought,
    found: Sequence[Sorted],
    loose: Sequence[Shape],
    ground: Ground,
) -> tuple[Version, set[int]]:
    """A unit that did not come back: merged, cut into new shapes, deleted, or absent."""
    file = result.files[0]
    version = Version(unit_id, group, file, "absent", False)
    unsound = result.unsound.get(unit_id)
    if unsound:
        return replace(version, notes=(f"{unsound}: its outline was left as it was",)), set()
    if not result.folder_there:
        note = "the folder of the units is not in the file either: nothing was concluded"
        return replace(version, notes=(note,)), set()
    whole = ground.base_area[unit_id]
    pieces = cut_into(unit_id, loose, ground)
    if pieces:
        return replace(
            version,
            file=pieces[0].file,
            change="split",
            places=tuple(piece.place for piece in pieces),
            matched_by="overlap",
            placemark=pieces[0].name,
            comment="\n".join(piece.comment for piece in pieces if piece.comment),
        ), {piece.place for piece in pieces}
    takers = [(piece, unit) for one in found for unit, of in one.of.items() for piece in of]
    takers += [(shape, f"#{shape.place}") for shape in loose]
    for shape, into in takers:
        if ground.with_unit(shape.place, unit_id) >= TAKEN_IN * whole:
            return replace(
                version,
                file=shape.file,
                change="merged",
                into=into,
                matched_by="overlap",
                placemark=shape.name,
            ), set()
    if "" in result.unsound:
        note = f"{result.unsound['']}: nothing was concluded"
        return replace(version, notes=(note,)), set()
    note = "its folder came back without it: not applied without a decision"
    return replace(version, change="deleted", notes=(note,)), set()


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
