"""What is known while files of groups are read: what was handed out, what each file gave, whose it is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from string import ascii_lowercase
from typing import Any, Final

import geopandas as gpd

from cami_units import layers, words, workshop
from cami_units.commands.group_folders import (
    PLAIN_TABLES,
    files_in,
    handed_in_sum,
    is_resolutions,
    looks_like_resolutions,
)
from cami_units.model import Note, clean_name, in_short, said

# "edit_1 (2).kmz": browsers and file managers number copies so.
_COPY: Final = re.compile(r"(?:[\s_]*\(\d{1,3}\))+\Z")
_EDIT_NAME: Final = re.compile(r"edit[\s_\-]+(.+)", re.IGNORECASE)
# Our folder is called "2 …" in each language; whoever renames it mostly leaves the number and the
# word.
_UNITS_FOLDER: Final = re.compile(r"2\b.*(?:\bunits?\b|единиц)", re.IGNORECASE)
_MEANT: Final = 0.9
"""Share of a file's units that must say one group for the file to be that group's."""


COLLECTED_BEFORE: Final = "collected before"
TWIN: Final = "twin"


@dataclass(frozen=True, slots=True)
class FileRead:
    """What one file gave: how many placemarks, whose it is and how that is known.

    ``placemarks`` is always ``evidence + shapes + pins + unusable + passed``: `evidence` is ours
    coming back, `passed` saved views and corners of shapes, which nobody drew as pins. `rows` are
    those that somebody filled in of a form. `refusal` says why nothing was read.
    """

    file: str
    sha256: str
    group: str = ""
    group_by: str = ""
    placemarks: int = 0
    evidence: int = 0
    shapes: int = 0
    pins: int = 0
    unusable: int = 0
    passed: int = 0
    rows: int = 0
    folder_there: bool = False
    unchanged: bool = False
    is_form: bool = False
    refusal: Note | None = None

    @property
    def refused(self) -> str:
        """Why nothing was read, in English; empty where it was."""
        return said(self.refusal) if self.refusal else ""

    @property
    def is_known(self) -> bool:
        """Whether a round up to the base was collected from it: it was read, and then."""
        return self.refusal is not None and self.refusal.key == COLLECTED_BEFORE

    @property
    def is_used(self) -> bool:
        """Whether anything of it was taken; a form that nobody filled in was read all the same."""
        is_something = bool(self.shapes or self.pins or self.evidence)
        return self.refusal is None and (is_something or self.is_form or self.unchanged)


def unread_note(file: FileRead) -> Note:
    """What is said of the units of a group whose file was not read: it is damaged, or there already."""
    facts = {"group": file.group, "file": file.file}
    if file.refusal is not None and file.refusal.key in (TWIN, COLLECTED_BEFORE):
        return Note("file passed over", facts | {"why": file.refusal})
    return Note("file unread", facts)


@dataclass(slots=True)
class GroupFiles:
    """All files together: placemarks with ground, pins and comments, forms, what was noticed.

    `placemarks` are rows by :data:`cami_units.workshop.PLACEMARK_COLUMNS`, with ``outline``; `pins`
    rows of `remarks`. `unsound` says of each file which units came back but could not be used, and
    why; under the empty id why nothing is concluded from what is not in it.
    """

    files: list[FileRead] = field(default_factory=list)
    placemarks: list[dict[str, Any]] = field(default_factory=list)
    pins: list[dict[str, Any]] = field(default_factory=list)
    forms: dict[str, list[workshop.FormRow]] = field(default_factory=dict)
    unsound: dict[str, dict[str, str]] = field(default_factory=dict)
    notices: list[workshop.Notice] = field(default_factory=list)
    sums: dict[Path, str] = field(default_factory=dict)
    of_another_round: list[str] = field(default_factory=list)
    """Files whose units were handed out with outlines that none of the base ever had."""
    rounds: dict[str, str] = field(default_factory=dict)
    """The round in which the units of a file were handed out, as nearly all of them say."""
    looked_at: frozenset[str] = frozenset()
    """By :func:`handed_in_sum`, what lay among them without a line of its own: a mail or an archive, whose
    files have one each; what nobody edits of a pack; a table that is no form; a file far too large."""

    def sha256(self, path: Path) -> str:
        """What :func:`handed_in_sum` gives for a file that lies among them, whose bytes are read once."""
        if path not in self.sums:
            self.sums[path] = handed_in_sum(path)
        return self.sums[path]

    def note(self, of_file: str, key: str, **facts: object) -> None:
        """Note something of a file as a whole."""
        self.notices.append(workshop.Notice(of_file, "", "", Note(key, facts)))

    def note_names(self, of_file: str, key: str, names: Sequence[str], most: int = 6) -> None:
        """Note how many things there are, and what the first of them are called; nothing of none."""
        if names:
            self.note(of_file, key, count=len(names), names=in_short(names, most))


@dataclass(frozen=True, slots=True)
class HandedOut:
    """What the round handed out says of a file that comes back.

    `in_pack` are the units that each group was handed, `hashes` the outlines and `names` the names that
    each unit ever had, also of units that are no more.
    """

    units: frozenset[str]
    owner: Mapping[str, str]
    section_group: Mapping[str, str]
    groups: tuple[str, ...]
    evidence: frozenset[str]
    region: tuple[float, float, float, float] | None = None
    shown: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)
    """The layers that are handed out to be looked at, longitude and latitude: evidence, sections, context."""
    in_pack: Mapping[str, Sequence[str]] = field(default_factory=dict)
    hashes: Mapping[str, Collection[str]] = field(default_factory=dict)
    names: Mapping[str, Collection[str]] = field(default_factory=dict)
    outlines: Mapping[str, Any] = field(default_factory=dict)
    collected: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """By the SHA-256 of each file that the round was collected from: its name then, and the round."""


def say_tables_beside(
    paths: Iterable[Path],
    files: Collection[Path],
    group_files: GroupFiles,
    handed_out: Mapping[str, str],
) -> None:
    """Note the tables in the folders named that are no forms: a list of points may be among them.

    Forms are among the `files` that :func:`found_files` looked into already. Tables of the pack
    itself, known by their SHA-256, are nobody's work and stay unsaid.
    """
    tables = [
        one
        for path in paths
        if path.is_dir()
        for one in files_in(path)
        if one.suffix.casefold() in PLAIN_TABLES
        and one not in files
        and one.is_file()
        and not looks_like_resolutions(one)
        and group_files.sha256(one) not in handed_out
    ]
    with_outlines = [one.name for one in tables if layers.has_outlines_as_text(one)]
    others = [one.name for one in tables if one.name not in with_outlines]
    group_files.note_names("", "tables beside", sorted(others))
    group_files.note_names("", "tables of outlines", sorted(with_outlines))


def looked_at(paths: Iterable[Path], group_files: GroupFiles) -> frozenset[str]:
    """What :func:`handed_in_sum` gives for all that was brought and has no line among the files read."""
    brought = [inner for path in paths for inner in ([path] if path.is_file() else files_in(path))]
    plain = [path for path in brought if path.is_file() and not path.is_symlink()]
    sums = {group_files.sha256(path) for path in plain if not is_resolutions(path)}
    return frozenset(sums - {file.sha256 for file in group_files.files})


@dataclass(slots=True)
class FileReading:
    """One file under way: what it is called, what is known of it, and where what is in it goes.

    `handed_out` are the names of the files of the packs, by their SHA-256; `twins` the first file of
    each content.
    """

    label: str
    digest: str
    base_facts: HandedOut
    handed_out: Mapping[str, str]
    twins: dict[str, str]
    group_files: GroupFiles

    def note(self, key: str, **facts: object) -> None:
        """Note something of the file as a whole."""
        self.group_files.note(self.label, key, **facts)

    def note_in(self, folder: str, placemark: str, what: Note, line: int = 0) -> None:
        """Note something of a folder of it (of a form: a sheet), or of a placemark there."""
        self.group_files.notices.append(workshop.Notice(self.label, folder, placemark, what, line))

    def refuse(self, why: Note) -> None:
        """Put the file among the others as one of which nothing is read."""
        group = named_group(self.label, self.base_facts.groups)
        self.group_files.files.append(FileRead(self.label, self.digest, group, refusal=why))


def notice_of(mark: Mapping[str, Any], note: Note) -> workshop.Notice:
    """Something noticed of a placemark."""
    return workshop.Notice(mark["file"], mark["folder"], mark["name"], note, int(mark["line"]))


LETTERS: Final = re.compile(r"[^\W\d_]")


def known_names(unit_id: str, base_facts: HandedOut) -> set[str]:
    """The names that a unit, or the one that it is a piece of, was ever handed out with."""
    names_of = (base_facts.names.get(base_id, ()) for base_id in ids_above(unit_id))
    return {clean_name(name) for names in names_of for name in names}


def ids_above(unit_id: str) -> set[str]:
    """An id, and that of the unit that it is a piece of."""
    return {unit_id, unit_id.rstrip(ascii_lowercase)}


def catalogued(*keys: str) -> frozenset[str]:
    """What phrases of the catalogue say in each language, in small letters."""
    return frozenset(words.text(key, lang).casefold() for key in keys for lang in words.LANGUAGES)


_UNITS_NAMES: Final = catalogued("folder units")


def is_units_folder(folder: str) -> bool:
    """Whether one of the folders of a path is that of the units, in any language."""
    return any(map(is_units_step, folder.split("/")))


# thousands of placemarks lie in a handful of folders
@lru_cache(maxsize=10_000)
def is_units_step(step: str) -> bool:
    """Whether one folder on the way to a placemark is that of the units, whatever its language."""
    return step.casefold() in _UNITS_NAMES or _UNITS_FOLDER.match(step) is not None


# -- whose file it is -----------------------------------------------------------------------------


def group_of_file(shapes: Sequence[Mapping[str, Any]], reading: FileReading) -> tuple[str, str]:
    """The group of a file, and how that is known: data, file name, units, or the ground covered."""
    base_facts = reading.base_facts
    by_data = agreed_value(map(_group_in_data, shapes))
    by_name = named_group(reading.label, base_facts.groups)
    if by_data in base_facts.groups:
        if by_name and by_name != by_data:
            reading.note("name or data", by_name=by_name, by_data=by_data)
        return by_data, "its placemarks"
    if by_name:
        return by_name, "its name"
    by_section = base_facts.section_group.get(agreed_value(data_values(shapes, "section_id")), "")
    if by_section:
        reading.note("group by sections", group=by_section)
        return by_section, "the section of its units"
    # The name says the unit where a program has kept nothing else.
    named = {mark["meant"] for mark in shapes}
    owners = {base_facts.owner.get(unit, "") for unit in named if unit in base_facts.units}
    if len(owners) == 1:
        by_units = owners.pop()
        reading.note("group by units", group=by_units)
        return by_units, "the units in it"
    if not _groups_of_shapes(shapes, base_facts):
        reading.note("no group")
    return workshop.EVERYBODY, "nothing"


def group_of_each(
    shapes: Sequence[Mapping[str, Any]], group: str, reading: FileReading
) -> list[str]:
    """The group of each shape of a file: that of the file, unless documents of several groups are in it."""
    is_unsaid = group == workshop.EVERYBODY
    several = _groups_of_shapes(shapes, reading.base_facts) if is_unsaid else []
    if several:
        reading.note("groups in one file", groups=sorted(set(several)))
    return several or [group] * len(shapes)


def _groups_of_shapes(shapes: Sequence[Mapping[str, Any]], base_facts: HandedOut) -> list[str]:
    """The group of each shape where a file holds documents of several groups, as "My Places" does.

    What a shape's own data do not say, the shape before it does: documents stand one after the other.
    None where the data name fewer than two groups.
    """
    said_groups = [
        group if group in base_facts.groups else "" for group in map(_group_in_data, shapes)
    ]
    named = list(filter(None, said_groups))
    if len(set(named)) < 2:
        return []
    groups, group = [], named[0]
    for said_group in said_groups:
        group = said_group or group
        groups.append(group)
    return groups


def group_of_document(
    mark: Mapping[str, Any], shapes: Sequence[Mapping[str, Any]], groups: Sequence[str]
) -> str:
    """The group of the document that a pin or a comment lies in; empty where it lies in none.

    Documents of two groups are called the same: of those the shape before it in the file says which.
    """
    places = [shape["folder"].rpartition("/") for shape in shapes]
    documents = [
        outer if outer and is_units_folder(inner) else shape["folder"]
        for shape, (outer, _, inner) in zip(shapes, places, strict=True)
    ]
    around = {one for one in documents if one and f"{mark['folder']}/".startswith(f"{one}/")}
    if not around:
        return ""
    inside = [
        (shape["placemark"], group)
        for shape, group, document in zip(shapes, groups, documents, strict=True)
        if document == max(around, key=len)
    ]
    before = [group for place, group in inside if place <= mark["placemark"]]
    return before[-1] if before else inside[0][1]


def is_of_another_round(marks: Iterable[Mapping[str, Any]], base_facts: HandedOut) -> bool:
    """Whether most units in a file were handed out with an outline that the unit never had here."""
    handed = [
        mark["data"]["geom_hash"] in base_facts.hashes.get(mark["data"].get("cu_id", ""), ())
        for mark in marks
        if mark["data"].get("geom_hash") and not mark["data"].get("layer")
    ]
    # one alone may be a copy from somewhere; where nothing is known of outlines, nothing is said
    return len(handed) > 1 and bool(base_facts.hashes) and 2 * sum(handed) < len(handed)


def _group_in_data(mark: Mapping[str, Any]) -> str:
    """The group that a placemark was handed to; `group` in packs before that key was renamed.

    GRASS takes no `group`, which SQL reserves: people rename it to `grp`.
    """
    data = mark["data"]
    return data.get("working_group") or data.get("group") or data.get("grp") or ""


def data_values(shapes: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    """What the data of shapes hold under a key, where they hold anything."""
    return [mark["data"][key] for mark in shapes if mark["data"].get(key)]


def agreed_value(values: Iterable[str]) -> str:
    """The value that nearly all say; empty where they do not agree."""
    if not (counts := Counter(value for value in values if value)):
        return ""
    value, times = counts.most_common(1)[0]
    return value if times >= _MEANT * counts.total() else ""


def named_group(called: str, groups: Sequence[str]) -> str:
    """The group in the name of a file: after ``edit_``, else any word that is a group."""
    stem = re.sub(
        r"(?:\.(?:kml|kmz|zip|xlsx|xlsm|ods|csv|tsv|txt|gpx|gpkg|geojson|json))+\Z",
        "",
        called.lower(),
    )
    # "edit_1 (2).kmz" is the second save of group 1: the number in brackets is no group.
    stem = _COPY.sub("", stem)
    edit_name = _EDIT_NAME.search(stem)
    parts = [edit_name[1], stem] if edit_name else [stem]
    for part in parts:
        fitting = [group for group in groups if _is_word(group.lower(), part)]
        leading = [group for group in fitting if part.startswith(group.lower())]
        if fitting:
            return max(leading or fitting, key=len)
    return ""


def _is_word(word: str, text: str) -> bool:
    return re.search(rf"(?:\A|[^a-z0-9]){re.escape(word)}(?![a-z0-9])", text) is not None


def is_folder_there(
    folders: Sequence[str], shapes: Sequence[Mapping[str, Any]], group: str, reading: FileReading
) -> bool:
    """Whether the folder that the units were handed out in has come back."""
    if any(is_units_folder(folder) for folder in folders):
        return True
    base_facts, everything = reading.base_facts, group == workshop.EVERYBODY
    mine = set(base_facts.units if everything else base_facts.in_pack.get(group, ()))
    units_by_folder = Counter(
        mark["folder"] for mark in shapes if mark["folder"] and mark["data"].get("cu_id") in mine
    )
    if units_by_folder:
        folder, count = units_by_folder.most_common(1)[0]
        if count >= 2 and count * 2 >= len(mine):
            facts = {"folder": folder, "count": count, "due": len(mine)}
            reading.note_in(folder, "", Note("folder renamed", facts))
            return True
    return False


def ids_of_cell(typed: str, unit_ids: Collection[str]) -> list[str]:
    """The ids of all units that a cell names, as a list or within other words; `unit_ids` are those of the round."""
    if workshop.leaves_out_only(typed, unit_ids):
        return []
    listed = workshop.unit_ids_listed(typed, unit_ids)
    return list(dict.fromkeys([*listed, *workshop.unit_ids_in(typed, unit_ids)]))


def words_beside_ids(typed: str, base_facts: HandedOut) -> bool:
    """Whether other words stand beside the ids of units in a cell than the names of these units."""
    ids = ids_of_cell(typed, base_facts.units)
    names = {clean_name(name) for one in ids for name in base_facts.names.get(one, ())} - {""}
    line = workshop.ids_as_written(clean_name(typed))
    for name in sorted(names, key=len, reverse=True):
        line = re.sub(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", "", line, flags=re.IGNORECASE)
    return LETTERS.search(_ONLY_IDS.sub("", workshop.without_unit_ids(line))) is not None


_ONLY_IDS: Final = re.compile(
    r"[CС][UУ]\W{0,3}\d+[a-zа-я]{0,3}|\b(?:and|from|to|till|thru|through|units|и|с|со|по|до|единицы|болон|хүртэл|аас|ээс|оос"
    r"|өөс|except|excluding|excl|but\s+not|кроме|исключая|за\s+исключением|но\s+не|бусад)\b|单元|除外|[和与及从至到第号除]",
    re.IGNORECASE,
)
"""What a cell of ids alone consists of."""
