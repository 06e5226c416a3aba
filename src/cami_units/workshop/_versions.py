"""Versions: what each group did to each unit: kept, renamed, reshaped, split, merged, rejected, gone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import shapely

from cami_units import overlap
from cami_units.model import HIDDEN_STATUSES, Note, clean_name, in_short
from cami_units.workshop._activities import pieces_of
from cami_units.workshop._identity import (
    APART,
    INSIDE,
    SAME_PLACE,
    TAKEN_IN,
    DrawnFacts,
    Ground,
    Identified,
    MatchedBy,
    Notice,
    Placemark,
    cut_into,
    identified,
    note,
)
from cami_units.workshop._unit_ids import (
    bare_name,
    is_cyrillic,
    is_no_name_of,
    rejects,
    says_another,
    spoken_id,
    with_written_id,
)

Change = Literal["kept", "reshaped", "split", "merged", "rejected", "deleted", "absent", "new"]

SAME_OUTLINE_M: Final = 5.0
"""How far two outlines may be apart and still be one: five decimals of a degree, and rounding."""
OVERLAP_SHARE: Final = 0.01
"""Units of different groups that share more than this of the smaller one are shown to plenary."""
HOLE: Final = 0.99
"""Share of a new shape inside one unit from which it may be meant as a hole of it."""


class FormRow(NamedTuple):
    """What a row of a form says of a unit, without a shape; `requests` ask for what only a map can give.

    Where it `merges` the unit, `name` is that of the union, which only a map can draw.
    """

    unit_id: str
    rejected: bool = False
    name: str = ""
    comment: str = ""
    question: str = ""
    requests: tuple[Note, ...] = ()
    kept: bool = False
    merges: bool = False


class GroupFile(NamedTuple):
    """One file that a group brought, as read: who, and whether the folder of the units is in it.

    `unsound` says which units came back without an outline that can be used, and why (``no ground``,
    ``broken placemark``); under the empty id, why nothing is concluded from what is not in the
    file (``file cut off``, ``another round``). `round` is the one that its units were handed out in, where they say so.
    """

    file: str
    group: str
    folder_there: bool
    placemarks: tuple[Placemark, ...] = ()
    form_rows: tuple[FormRow, ...] = ()
    unsound: Mapping[str, str] = {}  # never changed
    round: str = ""


class Version(NamedTuple):
    """A row of the versions: what one group makes of one unit.

    `places` are the placemarks that are its ground (none: the ground is unchanged); `into` says
    what a merged unit went into, or what its outline in another place has become: a unit id, or
    ``#`` and the place of a new shape. `stale`: it was
    drawn on an older outline than the base has, or before the unit was rejected or merged. `beside` is the
    file, placemark and words of what the group says elsewhere of a unit that this one rejects, which
    is no reason for it. `unheard` is what other files of the group ask for instead. `named_in` and `told_in`
    are the forms from which the new name and all words come, where they are not from `file`.
    """

    unit_id: str
    group: str
    file: str
    change: Change
    owner: bool = False
    places: tuple[int, ...] = ()
    name_en: str = ""
    name_ru: str = ""
    comment: str = ""
    placemark: str = ""
    matched_by: MatchedBy = "none"
    into: str = ""
    stale: bool = False
    notes: tuple[Note, ...] = ()
    requests: tuple[Note, ...] = ()
    beside: tuple[tuple[str, str, str], ...] = ()
    unheard: tuple[Version, ...] = ()
    named_in: str = ""
    told_in: str = ""

    @property
    def said(self) -> Note | None:
        """What the group says of it: its own words, then what its form asks for; ``None``: nothing."""
        own_words = self.comment.rstrip(" .") if self.requests else self.comment
        clauses = [*([note("", text=own_words)] if self.comment else []), *self.requests]
        if len(clauses) > 1:
            return note("said together", clauses=clauses)
        return clauses[0] if clauses else None

    @property
    def renamed(self) -> bool:
        """Whether it brings another name."""
        return bool(self.name_en or self.name_ru)

    @property
    def is_elsewhere(self) -> bool:
        """Whether it was drawn where no part of it touches the former outline."""
        return any(one.key == "elsewhere" for one in self.notes)

    @property
    def stands_by_itself(self) -> bool:
        """Whether what was drawn of the unit in another place is a unit of its own now."""
        return bool(self.places and self.into)

    @property
    def differs(self) -> bool:
        """Whether it asks for anything to be changed."""
        return self.renamed or self.change not in ("kept", "deleted", "absent")

    def noted(self, key: str, **facts: Any) -> Version:
        """The same with one more note."""
        return self._replace(notes=(*self.notes, note(key, **facts)))


@dataclass(slots=True)
class GroupVersions:
    """Everything that one group brought: a version a file of each unit, and new shapes."""

    group: str
    files: tuple[str, ...]
    folder_there: bool = False
    unsound: dict[str, str] = field(default_factory=dict)
    versions: dict[str, list[Version]] = field(default_factory=dict)
    new_shapes: list[Placemark] = field(default_factory=list)
    dropped_shapes: list[Placemark] = field(default_factory=list)
    outlines_aside: list[Version] = field(default_factory=list)
    contested: dict[str, Note] = field(default_factory=dict)
    form_answers: dict[str, tuple[str, FormRow]] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)


class _ReadFile(NamedTuple):
    """A file, its placemarks told apart, and what it makes of each unit in it."""

    file: GroupFile
    identity: Identified
    versions: dict[str, Version]


def versions_of_group(
    group: str,
    files: Sequence[GroupFile],
    base: gpd.GeoDataFrame,
    placemarks: gpd.GeoDataFrame,
    ground: Ground,
    *,
    owned: Iterable[str],
    expected: Iterable[str],
) -> GroupVersions:
    """What a group made of the units it was given, and what it drew besides.

    Parameters
    ----------
    group : str
        The group that brought the files.
    files : sequence of GroupFile
        Its files, the fullest first: see :func:`fullest_first`.
    base : GeoDataFrame
        The units that were handed out, equal-area: ``unit_id``, ``name_en``, ``name_ru``,
        ``status``, ``rev``, and ``outline`` (longitude and latitude, as written). ``former_hashes``
        and ``former_names``, where they are there, hold the outlines and names of earlier rounds,
        ``first_round`` the round in which a unit was made, ``hidden_since`` the one from which on
        it is rejected or merged (empty: it stands).
    placemarks : GeoDataFrame
        The placemarks with ground, equal-area, with ``outline``; ``Placemark.place`` counts its
        rows.
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
    own_units, due = set(owned), set(expected)
    units = {str(row["unit_id"]): row for row in base.to_dict("records")}
    result = GroupVersions(group, tuple(file.file for file in files))
    pieces_now = pieces_of(base)
    read_files = []
    for file in files:
        identity = identified(file.placemarks, units, ground, pieces_of=pieces_now)
        versions = {
            unit_id: _version(units[unit_id], pieces, identity, placemarks, group, own_units)
            for unit_id, pieces in sorted(identity.pieces.items())
        }
        read_files.append(_ReadFile(file, identity, versions))
    counting = _counting_files(group, read_files, due, units, result)
    result.folder_there = any(read_file.file.folder_there for read_file in counting)
    for file, identity, versions in counting:
        result.notices += identity.notices
        result.contested |= identity.contested
        result.unsound |= file.unsound
        for unit_id, version in versions.items():
            result.versions.setdefault(unit_id, []).append(version)
        _add_form_rows(result, file, units, own_units)
    if not result.folder_there:
        # Single units beside the whole pack: the pack says how the others stand.
        for unchanged in read_files:
            if unchanged not in counting:
                for unit_id, version in unchanged.versions.items():
                    result.versions.setdefault(unit_id, [version])
    new_shapes = _new_shapes(counting, ground, result)
    # an outline of several groups' units merges those of the others too: that is for all of them to settle
    for unit_id in sorted((due | _united_with(counting)) & units.keys()):
        if unit_id not in result.versions and units[unit_id]["status"] not in HIDDEN_STATUSES:
            vanished = _vanished(units[unit_id], result, counting, new_shapes, ground)
            result.versions[unit_id] = [vanished._replace(owner=unit_id in own_units)]
            new_shapes = [mark for mark in new_shapes if mark.place not in vanished.places]
    new_shapes = _split_by_recipe(result, new_shapes, ground)
    _merge_by_recipe(result, new_shapes, ground)
    _tell_outlived(result, files, units)
    result.new_shapes = [_beside_its_unit(mark, ground, result) for mark in new_shapes]
    return result


def _united_with(files: Sequence[_ReadFile]) -> set[str]:
    """The units that say nothing any more where an outline of one unit says that it took them in."""
    return {unit_id for mark, *_ in _outlines(files, ()) for unit_id in mark.facts.merged_from}


def _beside_its_unit(mark: Placemark, ground: Ground, result: GroupVersions) -> Placemark:
    """A new shape; contested where a unit lies there that came back untouched: it may be an edited copy of it."""
    if mark.cu_id or mark.copy_of:
        return mark
    for unit_id in sorted(ground.of_unit.get(mark.place, {})):
        [version, *_] = result.versions.get(unit_id, [None])
        is_untouched = version is not None and is_as_it_was(version)
        if is_untouched and ground.likeness(mark.place, unit_id) >= SAME_PLACE:
            what = note("drawn beside", unit_id=unit_id, name=mark.called(), file=mark.file)
            result.contested.setdefault(unit_id, what)
            return mark._replace(copy_of=unit_id)
    return mark


def is_as_it_was(version: Version) -> bool:
    """Whether the placemark of a unit came back with its outline and its name."""
    return bool(version.placemark) and not version.differs


def version_of_copy(
    unit: Mapping[str, Any],
    version: Version,
    copied: Placemark,
    placemarks: gpd.GeoDataFrame,
    ground: Ground,
) -> Version:
    """What a group makes of a unit, by the copy of it that it edited, in place of the one that it left as it was."""
    unit_id = version.unit_id
    iou = ground.likeness(copied.place, unit_id)
    piece = copied._replace(unit_id=unit_id, matched_by="overlap", iou=iou, copy_of="", notes=())
    own_units = {unit_id} if version.owner else set()
    edited = _version(unit, [piece], Identified(), placemarks, version.group, own_units)
    comment = joined_comments([edited, version])
    return edited._replace(comment=comment, requests=version.requests)


def _counting_files(
    group: str,
    read_files: Sequence[_ReadFile],
    due: set[str],
    units: Mapping[str, Mapping[str, Any]],
    result: GroupVersions,
) -> list[_ReadFile]:
    """The files that count: a second one in which nothing was changed says nothing."""
    # a form beside the map is no second file of it
    with_map = [read_file for read_file in read_files if _has_map(read_file)]
    unchanged = [read_file for read_file in read_files if _is_unchanged(read_file, due, units)]
    if all(read_file in unchanged for read_file in with_map):
        unchanged = [read_file for read_file in unchanged if read_file not in with_map[:1]]
    elif with_map:
        result.notices += _second_files(group, with_map, unchanged)
    return [read_file for read_file in read_files if read_file not in unchanged]


def _second_files(
    group: str, with_map: Sequence[_ReadFile], unchanged: Sequence[_ReadFile]
) -> Iterator[Notice]:
    """A notice of each file that says nothing beside the first, or that differs from it."""
    first = next(read_file for read_file in with_map if read_file not in unchanged)
    for read_file in with_map:
        if read_file in unchanged or _differ(read_file, first):
            key = "second file unchanged" if read_file in unchanged else "second file"
            file_note = note(key, group=group, first=first.file.file)
            yield Notice(read_file.file.file, "", "", file_note)


def _differ(read_file: _ReadFile, first: _ReadFile) -> bool:
    """Whether both of two files speak of a unit, and one of them changes it."""
    pairs = (
        (version, first.versions[unit_id])
        for unit_id, version in read_file.versions.items()
        if read_file is not first and unit_id in first.versions
    )
    return any(one.differs or other.differs for one, other in pairs)


def _has_map(read_file: _ReadFile) -> bool:
    """Whether a file is one of shapes, or of the folder that they were in."""
    return bool(read_file.file.placemarks) or read_file.file.folder_there


def _is_unchanged(
    read_file: _ReadFile, due: set[str], units: Mapping[str, Mapping[str, Any]]
) -> bool:
    """Whether a file came back as it went out: every unit in it, and nothing said of any."""
    file, identity, versions = read_file
    if identity.new_shapes or identity.contested or file.form_rows or file.unsound:
        return False
    changed = any(version.differs or version.said for version in versions.values())
    missing = due - set(versions)
    is_whole = not any(_is_due(units[unit_id], read_file) for unit_id in missing)
    return bool(file.placemarks) and not changed and is_whole


def _is_due(unit: Mapping[str, Any], read_file: _ReadFile) -> bool:
    """Whether a unit was there already when a file was handed out; a file that says no round has all."""
    first, handed = unit.get("first_round", ""), read_file.file.round
    return not (first.isdigit() and handed.isdigit()) or int(first) <= int(handed)


def _tell_outlived(
    result: GroupVersions, files: Iterable[GroupFile], units: Mapping[str, Mapping[str, Any]]
) -> None:
    """Mark the versions as stale that would bring back what has been rejected or merged since."""
    rounds = {file.file: file.round for file in files}
    for unit_id, versions in result.versions.items():
        result.versions[unit_id] = [
            version._replace(stale=version.stale or _is_outlived(version, units[unit_id], rounds))
            for version in versions
        ]


def _is_outlived(version: Version, unit: Mapping[str, Any], rounds: Mapping[str, str]) -> bool:
    """Whether a version would bring back what was rejected or merged after its file was handed out.

    A file that says no round may be as old as any: the unit was in none that knows what became of it.
    """
    since, handed = str(unit.get("hidden_since", "")), rounds.get(version.file, "")
    if not (since and version.differs) or version.change == unit["status"] == "rejected":
        return False
    return not handed.isdigit() or int(handed) < int(since)


def fullest_first(files: Iterable[GroupFile]) -> list[GroupFile]:
    """Files of one group: the one with the most shapes first, then by name; never by date.

    Of files with as many shapes the last save comes first: what a browser or a file manager
    numbered, "edit_S1 (2).kml", was saved after "edit_S1.kml".
    """
    return sorted(
        files,
        key=lambda file: (-len(file.placemarks), -_save(file), -len(file.form_rows), file.file),
    )


_SAVED_AGAIN: Final = re.compile(r"\((\d{1,3})\)(?:\.[^.]+)?\Z")
"""The number that browsers and file managers put behind the name of a second save."""


def _save(file: GroupFile) -> int:
    """Which save of a file this is, by the number in its name; 0: the first."""
    number = _SAVED_AGAIN.search(file.file)
    return int(number[1]) if number else 0


def ground_of(places: Sequence[int], placemarks: gpd.GeoDataFrame) -> Any:
    """The ground of several placemarks together, in the equal-area CRS."""
    return joined(placemarks.geometry.iloc[list(places)].to_numpy())


def joined(shapes: Any) -> Any:
    """One shape of several: their parts side by side, joined only where they overlap."""
    if len(shapes) == 1:
        return shapes[0]
    side_by_side = shapely.multipolygons(shapely.get_parts(shapes))
    return side_by_side if shapely.is_valid(side_by_side) else shapely.union_all(shapes)


def same_outline(first: Any, second: Any) -> bool:
    """Whether two outlines, in metres, are one but for rounding: nowhere 5 m apart."""
    # boxes first: they cost nothing, and tell most redrawn outlines apart
    gap = np.abs(np.array(shapely.bounds(first)) - np.array(shapely.bounds(second))).max()
    if not gap <= SAME_OUTLINE_M:
        return False
    edges = shapely.boundary([first, second])
    return bool(shapely.hausdorff_distance(edges[0], edges[1]) <= SAME_OUTLINE_M)


def sharing(ground: gpd.GeoSeries) -> Iterator[tuple[int, int, float]]:
    """Pairs of polygons that share more than :data:`OVERLAP_SHARE` of the smaller one, and the km²."""
    shapes, area = ground.to_numpy(), overlap.area_km2(ground).to_numpy()
    first, second = shapely.STRtree(shapes).query(shapes)
    first, second = (side[first < second] for side in (first, second))
    west, south, east, north = np.moveaxis(shapely.bounds(shapes), 1, 0)
    width = np.minimum(east[first], east[second]) - np.maximum(west[first], west[second])
    height = np.minimum(north[first], north[second]) - np.maximum(south[first], south[second])
    least_km2 = OVERLAP_SHARE * np.minimum(area[first], area[second])
    near = (
        width * height / 1e6 >= least_km2
    )  # what the boxes share is the most the shapes can share
    first, second, least_km2 = (side[near] for side in (first, second, least_km2))
    km2 = overlap.shared_km2(ground.iloc[first], ground.iloc[second])
    # a tree answers in an order of its own
    for place in np.lexsort((second, first)):
        if km2[place] >= least_km2[place]:
            yield int(first[place]), int(second[place]), float(km2[place])


# -- one unit of one file -------------------------------------------------------------------------


def _version(
    unit: Mapping[str, Any],
    pieces: Sequence[Placemark],
    identity: Identified,
    placemarks: gpd.GeoDataFrame,
    group: str,
    own_units: set[str],
) -> Version:
    """What one file makes of a unit that is in it."""
    unit_id = str(unit["unit_id"])
    first = min(pieces, key=lambda piece: (piece.part or "1", piece.place))
    places = tuple(piece.place for piece in pieces)
    notes = [piece_note for piece in pieces for piece_note in piece.notes]
    change, outline_notes = _outline_change(unit, pieces, first, identity, placemarks)
    notes += outline_notes
    stale = any(_number(piece.rev) != _number(unit["rev"]) for piece in pieces if piece.rev)
    if _are_rejected(unit, pieces):
        if change != "kept":
            notes.append(note("rejection voids outline"))
        change = "rejected"
    (name_en, name_ru), odd_notes = _brought_names(unit, pieces, first, change)
    notes += [*odd_notes, *_emptied_names(unit, first, identity)]
    if (name_en or name_ru) and _waits(change, notes):
        notes.append(note("typed", name=first.name))
        name_en = name_ru = ""
    drawn_anew = change in ("reshaped", "split")
    unique_notes = [
        piece_note for place, piece_note in enumerate(notes) if piece_note not in notes[:place]
    ]
    return Version(
        unit_id=unit_id,
        group=group,
        file=first.file,
        change=change,
        owner=unit_id in own_units,
        places=places if drawn_anew else (),
        name_en=name_en,
        name_ru=name_ru,
        comment=joined_comments(pieces),
        placemark=first.name,
        matched_by=first.matched_by,
        stale=stale and drawn_anew,
        notes=tuple(unique_notes),
    )


def _brought_names(
    unit: Mapping[str, Any], pieces: Sequence[Placemark], first: Placemark, change: Change
) -> tuple[tuple[str, str], list[Note]]:
    """The names that a unit is given, before its outline or in its data; and what is hardly meant as one."""
    (data_en, data_ru), odd_notes = names_in_data(unit, first.facts)
    (typed_en, typed_ru), typed_notes = _new_name(unit, pieces)
    # what a piece of a split unit is called is a name of its own
    names = ("", "") if change == "split" else (typed_en or data_en, typed_ru or data_ru)
    return names, [*typed_notes, *odd_notes]


def _waits(change: Change, notes: Sequence[Note]) -> bool:
    """Whether a new name of a unit is not taken: the unit goes, or people must say which unit is meant."""
    # A name beside an X is mostly the reason; one behind the id of another unit waits with that conflict.
    return change == "rejected" or any(one.key == "two ids contested" for one in notes)


def _outline_change(
    unit: Mapping[str, Any],
    pieces: Sequence[Placemark],
    first: Placemark,
    identity: Identified,
    placemarks: gpd.GeoDataFrame,
) -> tuple[Change, list[Note]]:
    """What was done to the outline of a unit, and what is to be said of it."""
    places = tuple(piece.place for piece in pieces)
    same = same_outline(ground_of(places, placemarks), unit["geometry"])
    former = unit.get("former_hashes", ())
    if not same and all(piece.untouched or piece.outline_hash in former for piece in pieces):
        # Whatever round it is from: what nobody moved asks for nothing.
        older = note("older outline", rev=first.rev or "?", base_rev=str(unit["rev"]))
        return "kept", [older]
    if str(unit["unit_id"]) in identity.split:
        return "split", []
    if same:
        return "kept", []
    is_elsewhere = first.iou <= 0 and len(pieces) == 1
    return "reshaped", [note("elsewhere")] if is_elsewhere else []


def _are_rejected(unit: Mapping[str, Any], pieces: Sequence[Placemark]) -> bool:
    """Whether a unit is rejected: by any of its parts; of pieces told as such, by all of them."""
    own_names = [*map(str, (unit["name_en"], unit["name_ru"])), *unit.get("former_names", ())]
    rejections = [_is_rejected(piece, own_names) for piece in pieces]
    return all(rejections) if all(piece.facts.piece for piece in pieces) else any(rejections)


def _is_rejected(piece: Placemark, own_names: Sequence[str]) -> bool:
    """Whether a piece is rejected: by a fact that still stands, else by an X before its name."""
    if piece.facts.stand_for(piece.name):
        return piece.facts.rejected
    typed = filter(None, (piece.name, *piece.facts.data_names))
    names = (with_written_id(name, piece.unit_id) for name in typed)
    return any(rejects(name, own_names=own_names) for name in names)


def joined_comments(rows: Iterable[Placemark | Version]) -> str:
    """The comments of several rows, each once, a line each."""
    return "\n".join(dict.fromkeys(row.comment for row in rows if row.comment))


def joined_requests(rows: Iterable[Version | FormRow]) -> tuple[Note, ...]:
    """What several rows of forms ask for, each once."""
    requests = [request for row in rows for request in row.requests]
    return tuple(
        request for place, request in enumerate(requests) if request not in requests[:place]
    )


def _number(rev: Any) -> str:
    """The number of a round without its zeros in front."""
    return str(rev).strip().lstrip("0") or "0"


def _new_name(
    unit: Mapping[str, Any], pieces: Sequence[Placemark]
) -> tuple[tuple[str, str], list[Note]]:
    """The English and the Russian name that the pieces bring, empty where it is the old one; and what is none."""
    notes: list[Note] = []
    for piece in sorted(pieces, key=lambda piece: piece.place):
        if piece.facts.stand_for(piece.name):
            names = (piece.facts.name_en, piece.facts.name_ru)
            if any(names) and not piece.facts.piece:
                name_en, name_ru = ("" if plain(name) in _names(unit) else name for name in names)
                return (name_en, name_ru), notes
            continue
        name, odd_notes = _name_typed(unit, piece.name, piece.facts)
        notes += odd_notes
        names = _new_by_script(unit, name)
        if any(names):
            return names, notes
    return ("", ""), notes


def _name_typed(unit: Mapping[str, Any], typed: str, facts: DrawnFacts) -> tuple[str, list[Note]]:
    """The name that somebody typed for a unit, empty where it is an old one; and what is hardly meant as one."""
    unit_id = str(unit["unit_id"])
    name = bare_name(with_written_id(typed, unit_id))
    if {plain(typed), plain(name)} & (_names(unit) - {""}):
        return "", []
    # whose id in letters stands before an outline is a conflict already
    is_other = not spoken_id(typed) and says_another(typed, unit_id)
    key = facts.messages.get(typed) or ("odd name" if is_other else "")
    return ("", [note(key, name=typed)]) if key else (name, [])


def names_in_data(unit: Mapping[str, Any], facts: DrawnFacts) -> tuple[tuple[str, str], list[Note]]:
    """The names that somebody changed in the data of a placemark; and what is hardly meant as one."""
    names: list[str] = []
    notes = []
    given_names = (given or "" for given in facts.data_names)
    for own_name, given in zip(
        (str(unit["name_en"]), str(unit["name_ru"])), given_names, strict=True
    ):
        if plain(given) in _names(unit) or is_garbled(given, own_name):
            names.append("")
            continue
        name, odd_notes = _name_typed(unit, given, facts)
        # letters of a third alphabet in place of Cyrillic ones, and marks: mostly a code page misread
        is_misread = "??" in given or "\ufffd" in given
        is_misread |= bool(name) and is_cyrillic(own_name) and not _is_plain(given)
        if is_misread or is_no_name_of(given, str(unit["unit_id"])):
            name, odd_notes = "", [note("odd name", name=given)]
        notes += odd_notes
        names.append(name)
    name_en, name_ru = names
    # a Cyrillic name is the Russian one, wherever it was typed
    if is_cyrillic(name_en):
        name_en, name_ru = "", name_ru or name_en
    return (name_en, name_ru), notes


def _emptied_names(
    unit: Mapping[str, Any], piece: Placemark, identity: Identified
) -> Iterator[Note]:
    """A note for each name that somebody emptied in the data of a placemark.

    A GIS leaves an empty cell out: it is told from a column that is gone by the other name, and by the
    names that other units of the file have in that column.
    """
    given_names = piece.facts.data_names
    for place, column in enumerate(("name_en", "name_ru")):
        own_name, given = str(unit[column]), given_names[place]
        if given or not own_name or not any(name is not None for name in given_names):
            continue
        is_column_there = given is not None or any(
            other.facts.data_names[place] for pieces in identity.pieces.values() for other in pieces
        )
        if is_column_there:
            yield note("name emptied", column=column, name=own_name)


def _is_plain(name: str) -> bool:
    return name.isascii() or is_cyrillic(name)


_CUT_OFF: Final = 40
"""Letters from which a shapefile may have cut a name off: 80 bytes of Cyrillic."""


def is_garbled(given: str, own_name: str) -> bool:
    """Whether a program made of a name what it is: cut off, or with letters lost to a code page.

    Examples
    --------
    >>> [is_garbled(given, "Žem – Вахан") for given in ("?em ? ?????", "?em ? ???? or so", "split?")]
    [True, False, False]
    """
    is_cut = len(given) >= _CUT_OFF and plain(own_name).startswith(plain(given))
    if not {*given} & {"?", "\ufffd"}:
        return is_cut or given == own_name
    # a letter of two bytes may have become two marks
    spoilt = (rf"(?:{re.escape(letter)}|[?\ufffd]{{1,2}})" for letter in own_name)
    return is_cut or re.fullmatch("".join(spoilt), given) is not None


_IN_TWO_LANGUAGES: Final = re.compile(r"(.{3,}?)\s*(?:[/;|\\]|(?=[(（]))\s*[(（]?(.{3,}?)[)）]?")


def by_script(name: str) -> tuple[str, str]:
    """A name as the English one, or as the Russian one where it is in Cyrillic; typed in both, each of them.

    Examples
    --------
    >>> by_script("Wakhan"), by_script("Вахан")
    (('Wakhan', ''), ('', 'Вахан'))
    >>> by_script("Wakhan / Вахан"), by_script("Вахан (Wakhan)"), by_script("Памир / Алай")
    (('Wakhan', 'Вахан'), ('Wakhan', 'Вахан'), ('', 'Памир / Алай'))
    """
    halves = _IN_TWO_LANGUAGES.fullmatch(name)
    for one, other in (halves.groups(), halves.groups()[::-1]) if halves else ():
        # letters of one alphabet in each: "Памир KZ / Алай" is one name
        if is_cyrillic(other) and not is_cyrillic(one) and not _LATIN.search(other):
            return one, other
    return ("", name) if is_cyrillic(name) else (name, "")


_LATIN: Final = re.compile("[A-Za-z]")


def _new_by_script(unit: Mapping[str, Any], name: str) -> tuple[str, str]:
    """As :func:`by_script`, each empty that the unit has or had anyway."""
    name_en, name_ru = ("" if plain(one) in _names(unit) else one for one in by_script(name))
    return name_en, name_ru


def plain(name: Any) -> str:
    """A name as it is compared."""
    # What could begin a tag is written as ‹ into a KML; spaces, case, and the dashes and quotes that programs
    # put in place of typed ones are no new name.
    return clean_name(name).translate(_TYPED).casefold()


_TYPED: Final = str.maketrans("‹–—‑−’‘“”«»", '<----\'\'""""')


def _names(unit: Mapping[str, Any]) -> set[str]:
    """The names that a unit has or had, as they are compared, and none."""
    former = unit.get("former_names", ())
    return {"", *map(plain, (unit["name_en"], unit["name_ru"], *former))}


_AGAINST_THE_MAP: Final = (
    (True, False, "rejected"),
    *((False, True, drawn) for drawn in ("reshaped", "split", "merged")),
)
"""Where the row of a form (keep, reject) says otherwise than the map of its group."""


def _add_form_rows(
    result: GroupVersions,
    file: GroupFile,
    units: Mapping[str, Mapping[str, Any]],
    own_units: set[str],
) -> None:
    """The rows of a form that are not against another form of the group, which came first."""
    for row in file.form_rows:
        if not _is_against_a_form(result, file, row):
            _add_form_row(result, file, row, units, own_units)


def _add_form_row(
    result: GroupVersions,
    file: GroupFile,
    row: FormRow,
    units: Mapping[str, Mapping[str, Any]],
    own_units: set[str],
) -> None:
    """A row of a form, added to what the group drew of that unit, or as a version of its own."""
    unit_id = row.unit_id
    if unit_id not in units:
        row_note = note("no such unit", unit_id=unit_id, hint=_called_so(unit_id, units))
        result.notices.append(Notice(file.file, "", unit_id, row_note))
        return
    of_unit = result.versions.setdefault(unit_id, [])
    if not of_unit:
        mine = unit_id in own_units
        of_unit.append(Version(unit_id, result.group, file.file, "kept", mine, matched_by="cu_id"))
    version = of_unit[0]
    is_taken = plain(row.name) not in _names(units[unit_id])
    # a name of what is merged, where nobody has drawn it, is that of nothing
    is_taken &= not row.merges or version.change in ("reshaped", "merged")
    name_en, name_ru = _new_by_script(units[unit_id], row.name) if is_taken else ("", "")
    comments = [version.comment, row.comment]
    if version.file != file.file and (row.kept, row.rejected, version.change) in _AGAINST_THE_MAP:
        _tell_against_the_map(result, file, row, version)
        # why it should stay is no reason for its rejection
        comments = comments[:1] if row.kept else comments
    for drawn, typed in ((version.name_en, name_en), (version.name_ru, name_ru)):
        if version.file != file.file and drawn and typed and plain(drawn) != plain(typed):
            facts = {"unit_id": unit_id, "name": typed, "file": version.file, "called": drawn}
            result.notices.append(Notice(file.file, "", unit_id, note("form names", **facts)))
    of_unit[0] = _with_form(version, file.file)._replace(
        change="rejected" if row.rejected else version.change,
        places=() if row.rejected else version.places,
        name_en=version.name_en or name_en,
        name_ru=version.name_ru or name_ru,
        comment="\n".join(filter(None, dict.fromkeys(comments))),
        requests=joined_requests((version, row)),
    )


def _with_form(version: Version, form: str) -> Version:
    """A version with the form that a name and words are from, where it has none yet."""
    return version._replace(
        named_in=version.named_in if version.renamed else form,
        told_in=version.told_in if version.said else form,
    )


def _is_against_a_form(result: GroupVersions, file: GroupFile, row: FormRow) -> bool:
    """Whether another form of the group, which came first, says otherwise of a unit: keep or reject.

    Both are told; the row counts for nothing, and its words are no reason of what the other says.
    """
    if not (row.kept or row.rejected):
        return False
    first_file, first_row = result.form_answers.setdefault(row.unit_id, (file.file, row))
    if first_file == file.file or first_row.kept == row.kept:
        return False
    key = "second form keeps" if row.kept else "second form rejects"
    what = [note(key, unit_id=row.unit_id, group=result.group, file=first_file)]
    what += [note("", text=row.comment)] if row.comment else []
    result.notices += [Notice(file.file, "", row.unit_id, one) for one in what]
    return True


def _called_so(name: str, units: Mapping[str, Mapping[str, Any]]) -> str | Note:
    """The units of a name that somebody typed in place of an id."""
    ids = [unit_id for unit_id, unit in units.items() if plain(name) in _names(unit) - {""}]
    return Note("units called so", {"names": in_short(ids)}) if ids else ""


def _tell_against_the_map(
    result: GroupVersions, file: GroupFile, row: FormRow, version: Version
) -> None:
    """Note that a form says otherwise of a unit than the map of its group, and keep what each made of it."""
    key = "form keeps" if row.kept else "form rejects"
    what = note(key, unit_id=row.unit_id, group=result.group, file=version.file)
    result.notices.append(Notice(file.file, "", row.unit_id, what))
    if row.rejected:
        result.outlines_aside.append(version)
    elif row.comment:
        result.notices.append(Notice(file.file, "", row.unit_id, note("", text=row.comment)))


# -- what is no known unit, and units that are gone -----------------------------------------------


def _new_shapes(
    files: Sequence[_ReadFile], ground: Ground, result: GroupVersions
) -> list[Placemark]:
    """The new shapes of all files of a group, each once, without those that carry an X."""
    unique: list[Placemark] = []
    for _, identity, _ in files:
        # what a file repeats of its own is known already
        earlier = tuple(unique)
        boxes = shapely.STRtree(ground.boxes([shape.place for shape in earlier]))
        for mark in identity.new_shapes:
            if rejects(mark.name):
                result.dropped_shapes.append(mark)
                result.notices.append(mark.notice("new shape with X"))
                continue
            new_shape = _asked_whether_hole(mark, identity, ground, result)
            near = sorted(boxes.query(*ground.boxes([mark.place])).tolist())
            twins = (earlier[at] for at in near if _is_same_place(earlier[at], new_shape, ground))
            if (twin := next(twins, None)) is None:
                unique.append(new_shape)
                continue
            result.dropped_shapes.append(new_shape)
            notice = new_shape.notice("same new shape", twin=twin.called(), file=twin.file)
            result.notices.append(notice)
    return unique


def _is_same_place(first: Placemark, second: Placemark, ground: Ground) -> bool:
    """Whether two new shapes of different files are one place."""
    return first.file != second.file and (
        ground.alike(first.place, second.place, TAKEN_IN) >= TAKEN_IN
    )


def _asked_whether_hole(
    mark: Placemark, identity: Identified, ground: Ground, result: GroupVersions
) -> Placemark:
    """A new shape; said when it lies wholly inside a unit, where it may be meant as a hole."""
    least_km2 = HOLE * ground.area[mark.place]
    for unit_id, pieces in sorted(identity.pieces.items()):
        for piece in pieces:
            if ground.could_share(mark.place, piece.place) < least_km2:
                continue
            if ground.between(mark.place, piece.place) >= least_km2:
                result.notices.append(mark.notice("inside a unit", unit_id=unit_id))
                return mark._replace(notes=(*mark.notes, note("hole or unit", unit_id=unit_id)))
    return mark


def _split_by_recipe(
    result: GroupVersions, new_shapes: Sequence[Placemark], ground: Ground
) -> list[Placemark]:
    """New shapes without those that are the other part of a unit which was pulled back from them.

    That is how the how-to page splits a unit: draw the new part, pull the old one back.
    """
    free = [mark for mark in new_shapes if not mark.cu_id]
    taken_places: set[int] = set()
    for unit_id, versions in sorted(result.versions.items()):
        marks = [mark for mark in free if mark.place not in taken_places]
        if parts := _drawn_parts(unit_id, versions[0], marks, ground):
            places = (*versions[0].places, *(part.place for part in parts))
            comment = joined_comments([versions[0], *parts])
            # the new name of what is left is that of a piece, which bears it
            split = versions[0]._replace(
                change="split", places=places, comment=comment, name_en="", name_ru=""
            )
            versions[0] = split.noted("split by recipe")
            taken_places |= {part.place for part in parts}
    return [mark for mark in new_shapes if mark.place not in taken_places]


def _drawn_parts(
    unit_id: str, version: Version, marks: Sequence[Placemark], ground: Ground
) -> list[Placemark]:
    """The new shapes that make up a unit together with what is left of it; none where they do not."""
    if version.change != "reshaped" or len(version.places) != 1:
        return []
    [rest] = version.places
    parts = [
        mark
        for mark in marks
        if ground.with_unit(mark.place, unit_id) >= TAKEN_IN * ground.area[mark.place]
        and ground.between(mark.place, rest) <= APART * ground.area[mark.place]
    ]
    total = sum(ground.with_unit(place, unit_id) for place in (rest, *(p.place for p in parts)))
    stays = ground.with_unit(rest, unit_id) >= INSIDE * ground.area[rest]
    return parts if stays and total >= TAKEN_IN * ground.base_area[unit_id] else []


def _merge_by_recipe(
    result: GroupVersions, new_shapes: Sequence[Placemark], ground: Ground
) -> None:
    """Units with an X that another outline was drawn over are merged into it, not rejected.

    That is how the how-to page merges two units: draw one over both, put an X before the other.
    """
    takers = [
        (place, unit_id)
        for unit_id, versions in sorted(result.versions.items())
        if versions[0].change == "reshaped"
        for place in versions[0].places
    ]
    takers += [(mark.place, f"#{mark.place}") for mark in new_shapes]
    for unit_id, versions in sorted(result.versions.items()):
        version = versions[0]
        if version.change != "rejected" or not version.placemark:
            continue  # a form rejects without a map: nothing was drawn over it
        least_km2 = TAKEN_IN * ground.base_area[unit_id]
        into = next(
            (taker for place, taker in takers if ground.with_unit(place, unit_id) >= least_km2), ""
        )
        if into:
            versions[0] = version._replace(change="merged", into=into).noted("merged by recipe")


def _vanished(
    unit: Mapping[str, Any],
    result: GroupVersions,
    files: Sequence[_ReadFile],
    new_shapes: Sequence[Placemark],
    ground: Ground,
) -> Version:
    """A unit that did not come back: merged, cut into new shapes, deleted, or absent."""
    unit_id = str(unit["unit_id"])
    absent = Version(unit_id, result.group, result.files[0], "absent")
    if unit_id in result.unsound:
        return absent.noted(f"{result.unsound[unit_id]}, outline left")
    outlines = [*_outlines(files, new_shapes)]
    # What the drawing page wrote down is a fact; what follows is read from shapes alone.
    for mark, into, _ in outlines:
        if unit_id in mark.facts.merged_from:
            return _taken_in(absent, mark, into, matched_by="cu_id")
    if not result.folder_there:
        return _dissolved(absent, files, ground)
    with_folder = [read_file for read_file in files if read_file.file.folder_there]
    if not any(_is_due(unit, read_file) for read_file in with_folder):
        file = with_folder[0].file
        facts = {"rev": unit["first_round"], "handed": file.round}
        return absent._replace(file=file.file).noted("made after", **facts)
    # Split before merged before deleted: what explains more of the ground is believed first.
    if pieces := cut_into(unit_id, new_shapes, ground):
        return absent._replace(
            file=pieces[0].file,
            change="split",
            places=tuple(piece.place for piece in pieces),
            matched_by="overlap",
            placemark=pieces[0].name,
            comment=joined_comments(pieces),
        )
    least_km2 = TAKEN_IN * ground.base_area[unit_id]
    for mark, into, is_drawn_anew in outlines:
        # what came back as it went out takes nothing in
        if is_drawn_anew and ground.with_unit(mark.place, unit_id) >= least_km2:
            return _taken_in(absent, mark, into, matched_by="overlap")
    # Somewhere in this file a shape could not be read: it may be the unit that seems to be gone.
    if "" in result.unsound:
        return absent.noted(f"{result.unsound['']}, nothing concluded")
    return absent._replace(change="deleted").noted("deleted")


def _dissolved(absent: Version, files: Sequence[_ReadFile], ground: Ground) -> Version:
    """A unit that is in no file, nor its folder: absent, or merged into one whose outline is that of both.

    A GIS dissolves units so, and no hand draws to the last corner.
    """
    for read_file in files:
        for taker, [mark, *others] in read_file.identity.pieces.items():
            held = {
                unit_id: km2
                for unit_id, km2 in ground.of_unit.get(mark.place, {}).items()
                if km2 >= _WHOLE * ground.base_area[unit_id]
            }
            is_sum = sum(held.values()) >= _WHOLE * ground.area[mark.place]
            if is_sum and not others and {taker, absent.unit_id} <= set(held):
                return _taken_in(absent, mark, taker, matched_by="overlap")
    return absent.noted("no folder")


def _taken_in(absent: Version, mark: Placemark, into: str, *, matched_by: MatchedBy) -> Version:
    """A unit that did not come back, merged into the one that a placemark is."""
    return absent._replace(
        file=mark.file, change="merged", into=into, matched_by=matched_by, placemark=mark.name
    )


_WHOLE: Final = 0.999
"""Share of an outline from which all of it is meant, but for what digits cost."""


def _outlines(
    files: Sequence[_ReadFile], new_shapes: Sequence[Placemark]
) -> Iterator[tuple[Placemark, str, bool]]:
    """Each outline of a group, the unit or new shape that it is of, and whether it was drawn anew."""
    for _, identity, versions in files:
        for unit_id, pieces in identity.pieces.items():
            drawn_anew = versions[unit_id].places
            yield from ((mark, unit_id, mark.place in drawn_anew) for mark in pieces)
    yield from ((mark, f"#{mark.place}", True) for mark in new_shapes)
