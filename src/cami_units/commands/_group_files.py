"""Files that groups hand in, each read as far as it can be: shapes, pins, comments, forms."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units import documents, kml, layers, store, words, workshop
from cami_units.model import LONLAT, InputError, Progress, clean_name, clean_text, listed, quiet

PROBLEM_COLUMNS: Final = ("file", "folder", "placemark", "line", "what", "assumed")

_FORMS: Final = (".xlsx", ".xlsm")
_PASSED_OVER: Final = (".csv", ".md", ".txt~", ".tmp", ".lock")
_LITTER: Final = re.compile(r"\.|~\$|Thumbs\.db$|desktop\.ini$|__MACOSX$", re.IGNORECASE)
_OF_A_PACK: Final = re.compile(
    r"SHA256SUMS\.txt|pack\.json|(?:howto|map)(?:_.+)?\.(?:html|pdf)|poster\.pdf", re.IGNORECASE
)
_TO_EDIT: Final = re.compile(r"(?:edit_.+\.km[lz]|form_.+\.xls[xm])\Z", re.IGNORECASE)
MAX_FILE: Final = 100_000_000
_EDIT_NAME: Final = re.compile(r"edit[\s_\-]+(.+)", re.IGNORECASE)
_UNITS_FOLDER: Final = re.compile(r"2\b.*(?:\bunits?\b|единиц)", re.IGNORECASE)
_PATH: Final = "a path whose ends nearly meet"
_MEANT: Final = 0.9
"""Share of a file's units that must say one group for the file to be that group's."""


@dataclass(frozen=True, slots=True)
class FileRead:
    """What one file gave: how many placemarks, whose it is and how that is known.

    ``placemarks`` is always ``evidence + shapes + pins + unusable + beside``: `evidence` is ours
    coming back, `beside` what lies in a placemark's data only. `refused` says why nothing was read.
    """

    file: str
    sha256: str
    refused: str = ""
    group: str = ""
    group_by: str = ""
    placemarks: int = 0
    evidence: int = 0
    shapes: int = 0
    pins: int = 0
    unusable: int = 0
    rows: int = 0
    folder_there: bool = False
    unchanged: bool = False


@dataclass(slots=True)
class HandedIn:
    """All files together: their shapes as one table, pins and comments, forms, what was noticed.

    `unsound` says of each file which units came back but could not be used, and why; under the
    empty id why nothing is concluded from what is not in it.
    """

    files: list[FileRead] = field(default_factory=list)
    shapes: list[dict[str, Any]] = field(default_factory=list)
    pins: list[dict[str, Any]] = field(default_factory=list)
    forms: dict[str, list[workshop.Verdict]] = field(default_factory=dict)
    unsound: dict[str, dict[str, str]] = field(default_factory=dict)
    problems: list[dict[str, Any]] = field(default_factory=list)

    def say(
        self, file: str, folder: str, placemark: str, what: str, assumed: str = "", line: int = 0
    ) -> None:
        """Note one problem."""
        row = (file, folder, placemark, line, what, assumed)
        self.problems.append(dict(zip(PROBLEM_COLUMNS, row, strict=True)))


@dataclass(frozen=True, slots=True)
class Known:
    """What the round handed out says of a file that comes back."""

    units: frozenset[str]
    owner: Mapping[str, str]
    section_group: Mapping[str, str]
    groups: tuple[str, ...]
    evidence: frozenset[str]


def found_files(paths: Iterable[Path]) -> list[Path]:
    """The files that paths and folders stand for, each once, by name; tables of ours left out.

    Raises
    ------
    InputError
        A path is not there, or nothing is found at all.
    """
    found: dict[Path, None] = {}
    missing = []
    for path in paths:
        if path.is_dir():
            inner = (one for one in path.rglob("*") if _is_meant(one, path))
            found.update(dict.fromkeys(inner))
        elif path.exists():
            found[path] = None
        else:
            missing.append(path)
    if missing:
        raise InputError(
            f"There is no file {listed(map(str, missing))}. Name the groups' files, or the folder "
            "that they are in."
        )
    if not found:
        raise InputError(
            "There is no file to read. Name the groups' files (KMZ, KML, GeoPackage, GeoJSON, or "
            "the XLSX form), or the folder that they are in."
        )
    return sorted(found, key=lambda one: (one.name, str(one)))


def _is_meant(path: Path, folder: Path) -> bool:
    hidden = any(_LITTER.match(part) for part in path.relative_to(folder).parts)
    there = path.is_file() or path.is_symlink()
    return there and not hidden and path.suffix.casefold() not in _PASSED_OVER


def sums_of(folders: Iterable[Path]) -> dict[str, str]:
    """The names of the files that were handed out, by their SHA-256, as the lists in packs say."""
    known: dict[str, str] = {}
    for folder in folders:
        for name, digest in store.read_sums(folder).items():
            known.setdefault(digest, name.rpartition("/")[2])
    return known


def read_files(
    paths: Sequence[Path],
    known: Known,
    *,
    handed_out: Mapping[str, str] | None = None,
    progress: Progress = quiet,
) -> HandedIn:
    """Every file, read as far as it can be. One bad file never stops the others.

    Parameters
    ----------
    paths : sequence of Path
        As :func:`found_files` gives them.
    known : Known
        What the round handed out says.
    handed_out : mapping, optional
        The names of the files of the packs, by their SHA-256. One of them that comes back as it
        was is *unchanged*; those that nobody can edit are passed over.
    """
    handed = HandedIn()
    twins: dict[str, str] = {}
    names = Counter(path.name for path in paths)
    passed: list[str] = []
    for number, path in enumerate(paths, start=1):
        progress("reading files", number, len(paths))
        called = path.name if names[path.name] == 1 else f"{path.parent.name}/{path.name}"
        called = clean_name(called)[:_LONGEST]
        digest = ""
        try:
            _refuse_odd(path, called)
            digest = store.sha256(path)
            if _is_passed_over(path, digest, handed_out or {}):
                passed.append(called)
                continue
            if digest in twins:
                handed.files.append(FileRead(called, digest, f"the same file as {twins[digest]}"))
                what = f"it is the same file as {twins[digest]}, byte for byte"
                handed.say(called, "", "", what, "read once")
                continue
            twins[digest] = called
            _read(path, called, digest, known, handed, unchanged=digest in (handed_out or {}))
        except InputError as error:
            _refuse(handed, called, digest, str(error), known)
        except OSError as error:
            why = f"{called} cannot be read: {error.strerror or error}"
            _refuse(handed, called, digest, why, known)
    if passed:
        what = f"{len(passed)} files of the pack that nobody edits: {listed(passed, 6)}"
        handed.say("", "", "", what, "passed over")
    return handed


_LONGEST: Final = 200


def _is_passed_over(path: Path, digest: str, handed_out: Mapping[str, str]) -> bool:
    """Whether a file is of a pack, and nothing that a group could have put its work into."""
    if path.name in (store.SUMS, "pack.json"):
        return True
    name = handed_out.get(digest)
    return not _TO_EDIT.match(name) if name else bool(_OF_A_PACK.fullmatch(path.name))


def _refuse_odd(path: Path, called: str) -> None:
    """Refuse, before a byte is read, what is no file, is a link, or is far too large."""
    if path.is_symlink():
        raise InputError(
            f"{called} is a link to another file. Hand in the file itself, not a link to it."
        )
    if not path.is_file():
        raise InputError(f"{called} is no plain file (a device or a pipe).")
    size = path.stat().st_size
    if size > MAX_FILE:
        raise InputError(
            f"{called} is too large: {size / 1e6:,.0f} MB, at most {MAX_FILE / 1e6:,.0f} MB are "
            "read. Save only the folder with the units."
        )
    layers.check_beginning(path, called)


def _refuse(handed: HandedIn, called: str, digest: str, why: str, known: Known) -> None:
    handed.files.append(FileRead(called, digest, why, _named_group(called, known.groups)))
    handed.say(called, "", "", why, "not read; the other files were")


def _read(
    path: Path, called: str, digest: str, known: Known, handed: HandedIn, *, unchanged: bool
) -> None:
    suffix = path.suffix.casefold()
    if suffix in _FORMS:
        _read_form(path, called, digest, known, handed)
        return
    if suffix in layers.DRAWN_SUFFIXES:
        rows, _ = layers.read_drawn(path)
        _take(rows, called, digest, known, handed, unchanged=unchanged)
        return
    inner, passed = kml.inner_archives(path, called)
    for entry in passed:
        what = f"the archive also holds {entry}, which is not read from inside it"
        handed.say(called, "", "", what, "Hand it in by itself.")
    for name, content in inner:
        # An archive of KMZ files is several files, each with its own group.
        own = hashlib.sha256(content).hexdigest()
        try:
            rows, _ = kml.read_kml(content, name=name)
            _take(rows, name, own, known, handed, unchanged=False)
        except InputError as error:
            _refuse(handed, name, own, str(error), known)
    if not inner:
        rows, _ = kml.read_kml(path, name=called)
        _take(rows, called, digest, known, handed, unchanged=unchanged)


def _take(
    rows: gpd.GeoDataFrame,
    called: str,
    digest: str,
    known: Known,
    handed: HandedIn,
    *,
    unchanged: bool,
) -> None:
    """What one file holds, put with that of the others."""
    handed.problems += [_problem(note, called) for note in rows.attrs["notes"] if _is_news(note)]
    marks = [_mark(parts, called) for parts in _placemarks(rows)]
    ours = [_is_evidence(mark, known) for mark in marks]
    own = [mark for mark, evidence in zip(marks, ours, strict=True) if not evidence]
    shapes = [mark for mark in own if mark["polygons"]]
    pins = [mark for mark in own if not mark["polygons"]]
    group, how = _group(called, shapes, known, handed) if own else _named(called, known)
    folder = _folder_there(rows.attrs["folders"], shapes, group, known, called, handed)
    handed.unsound[called] = _unsound(rows.attrs, pins, known)
    for mark in shapes:
        handed.shapes.append(_shape(mark, group, called, handed))
    for mark in pins:
        handed.pins.append(_pin(mark, group))
    for mark, evidence in zip(marks, ours, strict=True):
        if evidence:
            handed.pins += _said_of_evidence(mark, group)
    counts = rows.attrs
    handed.files.append(
        FileRead(
            file=called,
            sha256=digest,
            group=group,
            group_by=how,
            placemarks=counts["placemarks"],
            evidence=len(marks) - len(own),
            shapes=len(shapes),
            pins=len(pins),
            unusable=counts["unusable"],
            folder_there=folder,
            unchanged=unchanged,
        )
    )
    if unchanged:
        what = "unchanged: it is the file that was handed out, byte for byte"
        handed.say(called, "", "", what, "its units are kept as they are")
    if not shapes and not pins:
        what = "nothing that was drawn or edited is in it"
        handed.say(called, "", "", what, "was the wrong folder saved? Nothing was concluded")


def _named(called: str, known: Known) -> tuple[str, str]:
    """The group of a file in which nothing was drawn: that of its name, if any."""
    group = _named_group(called, known.groups)
    return (group, "its name") if group else ("", "")


def _unsound(
    about: Mapping[str, Any], pins: Sequence[Mapping[str, Any]], known: Known
) -> dict[str, str]:
    """Units that came back without an outline that can be used, and why; under "" a file cut off."""
    found = {} if about.get("whole", True) else {"": "a part of its file is missing or broken"}
    for mark in about.get("broken", ()):
        unit_id = _meant(mark)
        if unit_id in known.units:
            found[unit_id] = "its placemark came back, but cannot be used (see problems)"
    for mark in pins:
        unit_id = str(mark["data"].get("cu_id", ""))
        if unit_id in known.units:
            found[unit_id] = "it came back as an open path or a point, without ground"
    return found


def _meant(mark: Mapping[str, Any]) -> str:
    """The unit that a placemark says it is: by its data, its id, or its name."""
    by_id = str(mark["placemark_id"]).partition(".")[0]
    return mark["data"].get("cu_id") or workshop.spoken_id(by_id or mark["name"])


def _is_news(note: Mapping[str, Any]) -> bool:
    """Whether a note is worth a line: not our own tour and legend; paths are told with what follows."""
    what = str(note["what"])
    return not what.startswith(("1 Tour:", "1 ScreenOverlay:", _PATH))


def _problem(note: Mapping[str, Any], called: str) -> dict[str, Any]:
    """A note of a reader as a row: what was found, and what was assumed."""
    member = clean_name(note["file"]).removeprefix(called).strip("/")
    folder = "/".join(filter(None, (member if member != "doc.kml" else "", note["folder"])))
    what, _, assumed = str(note["what"]).rpartition(": ")
    told = (what, assumed) if what else (assumed, "")
    given = "; ".join(filter(None, (told[1], str(note["cure"]))))
    row = (called, folder, note["placemark"], note["line"], told[0], given)
    return dict(zip(PROBLEM_COLUMNS, row, strict=True))


def _placemarks(rows: gpd.GeoDataFrame) -> list[list[dict[str, Any]]]:
    """The rows of each placemark together, in the order of the file."""
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in rows.to_dict("records"):
        plain = {str(key): value for key, value in row.items()}
        found.setdefault((plain["file"], plain["placemark"]), []).append(plain)
    return list(found.values())


def _mark(parts: Sequence[Mapping[str, Any]], called: str) -> dict[str, Any]:
    """One placemark: its words once, its parts by kind."""
    first = parts[0]
    shapes = [part["geometry"] for part in parts]
    polygons = [part["geometry"] for part in parts if part["kind"] == "polygon"]
    loops = [part["geometry"] for part in parts if part["closes"] and not polygons]
    return {
        **{key: first[key] for key in ("folder", "name", "data", "placemark", "line")},
        "file": called,
        "comment": first["description"],
        "placemark_id": first["placemark_id"],
        "polygons": polygons or [made for one in loops if (made := _closed(one)) is not None],
        "from_path": bool(loops),
        "others": len(shapes) - len(polygons) - len(loops) if polygons or loops else 0,
        "shapes": shapes,
    }


def _closed(line: Any) -> Any:
    """A path as the polygon that it surrounds; None where there is none."""
    ring = shapely.Polygon(shapely.get_coordinates(line))
    made = shapely.make_valid(ring, method="structure", keep_collapsed=False)
    return made if made.area > 0 and made.geom_type in ("Polygon", "MultiPolygon") else None


def _is_evidence(mark: Mapping[str, Any], known: Known) -> bool:
    """Whether a placemark is one of ours that nobody was asked to edit.

    A copy of one that was put among the units is meant as a unit.
    """
    if "layer" in mark["data"]:
        return not (mark["polygons"] and _is_units_folder(mark["folder"]))
    front = str(mark["name"]).partition(" ")[0]
    return front in known.evidence and _is_in(mark["folder"], _EVIDENCE_FOLDERS)


def _catalogued(*keys: str) -> frozenset[str]:
    return frozenset(words.text(key, lang).casefold() for key in keys for lang in words.LANGUAGES)


_UNITS_NAMES: Final = _catalogued("folder units")
_EVIDENCE_FOLDERS: Final = _catalogued(
    "folder evidence", "folder about", "folder sections", "folder your section", "folder labels"
)


def _is_in(folder: str, names: frozenset[str]) -> bool:
    return any(step.casefold() in names for step in folder.split("/"))


def _is_units_folder(folder: str) -> bool:
    return any(
        step.casefold() in _UNITS_NAMES or _UNITS_FOLDER.match(step) for step in folder.split("/")
    )


# -- shapes and pins ------------------------------------------------------------------------------


def _shape(mark: Mapping[str, Any], group: str, called: str, handed: HandedIn) -> dict[str, Any]:
    """A placemark with ground, as a row of the drawn shapes."""
    data = mark["data"]
    whole = mark["polygons"][0] if len(mark["polygons"]) == 1 else _together(mark["polygons"])
    outline = kml.as_written(whole)
    at = (mark["file"], mark["folder"], mark["name"])
    line = int(mark["line"])
    if mark["from_path"]:
        handed.say(*at, _PATH, "taken as the polygon that it surrounds", line)
    if mark["others"]:
        what = f"{mark['others']} points or lines beside its polygon"
        handed.say(*at, what, "left out", line)
    if "layer" in data:
        what = f"a copy of our own {data['layer']} among the units"
        handed.say(*at, what, "a proposed new unit", line)
    own = {} if "layer" in data else data
    return {
        "file": called,
        "group": group,
        "folder": mark["folder"],
        "name": mark["name"],
        "comment": clean_text(mark["comment"]),
        "cu_id": own.get("cu_id", ""),
        "part": own.get("part", ""),
        "rev": own.get("rev", ""),
        "section_id": own.get("section_id", ""),
        "placemark_id": "" if "layer" in data else mark["placemark_id"],
        "untouched": bool(own.get("geom_hash")) and own["geom_hash"] == kml.geom_hash(outline),
        "outline": outline,
    }


def _together(polygons: Sequence[Any]) -> Any:
    parts = shapely.multipolygons(list(shapely.get_parts(polygons)))
    return parts if parts.is_valid else shapely.union_all(polygons)


def _pin(mark: Mapping[str, Any], group: str) -> dict[str, Any]:
    kind = "pin" if mark["shapes"][0].geom_type == "Point" else "line"
    return {
        "kind": kind,
        "group": group,
        "file": mark["file"],
        "placemark": mark["name"],
        "text": clean_text(mark["comment"]) or mark["name"],
        "unit_id": "",
        "geometry": mark["shapes"][0],
    }


def _said_of_evidence(mark: Mapping[str, Any], group: str) -> list[dict[str, Any]]:
    """What somebody typed into the balloon of a hotspot, a protected area, and so on."""
    text = clean_text(mark["comment"])
    if not text or mark["data"].get("layer") in (None, "about"):
        return []
    point = shapely.point_on_surface(mark["shapes"][0])
    return [{**_pin(mark, group), "kind": "comment", "text": text, "geometry": point}]


# -- whose file it is -----------------------------------------------------------------------------


def _group(
    called: str, shapes: Sequence[Mapping[str, Any]], known: Known, handed: HandedIn
) -> tuple[str, str]:
    """The group of a file, and how it is known: data, file name, units, or the ground covered."""
    by_data = _mostly(mark["data"].get("group", "") for mark in shapes)
    by_name = _named_group(called, known.groups)
    if by_data in known.groups:
        if by_name and by_name != by_data:
            what = f"its name says group {by_name}, its placemarks say {by_data}"
            handed.say(called, "", "", what, f"taken as the file of {by_data}")
        return by_data, "its placemarks"
    if by_name:
        return by_name, "its name"
    by_section = known.section_group.get(_mostly(_data(shapes, "section_id")), "")
    if by_section:
        return _assumed(called, by_section, "the section of its units", handed)
    owners = {known.owner.get(one, "") for one in _data(shapes, "cu_id") if one in known.units}
    if len(owners) == 1:
        return _assumed(called, owners.pop(), "the units in it", handed)
    what = "no group is named in it, and it holds units of several groups or of none"
    handed.say(called, "", "", what, "taken as a file of all groups together")
    return workshop.EVERYBODY, "nothing"


def _data(shapes: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    return [mark["data"][key] for mark in shapes if mark["data"].get(key)]


def _assumed(called: str, group: str, how: str, handed: HandedIn) -> tuple[str, str]:
    handed.say(called, "", "", "no group is named in it", f"taken as the file of {group}, by {how}")
    return group, f"assumed by {how}"


def _mostly(values: Iterable[str]) -> str:
    """The value that nearly all say; empty where they do not agree."""
    counts = Counter(value for value in values if value)
    if not counts:
        return ""
    value, times = counts.most_common(1)[0]
    return value if times >= _MEANT * counts.total() else ""


def _named_group(called: str, groups: Sequence[str]) -> str:
    """The group in the name of a file: after ``edit_``, else any word that is a group."""
    stem = re.sub(r"(?:\.(?:kml|kmz|zip|xlsx|xlsm|gpkg|geojson|json))+\Z", "", called.lower())
    found = _EDIT_NAME.search(stem)
    parts = [found[1], stem] if found else [stem]
    for part in parts:
        fitting = [group for group in groups if _is_word(group.lower(), part)]
        if fitting:
            return max(fitting, key=len)
    return ""


def _is_word(word: str, text: str) -> bool:
    return re.search(rf"(?:\A|[^a-z0-9]){re.escape(word)}(?![a-z0-9])", text) is not None


def _folder_there(
    folders: Sequence[str],
    shapes: Sequence[Mapping[str, Any]],
    group: str,
    known: Known,
    called: str,
    handed: HandedIn,
) -> bool:
    """Whether the folder that the units were handed out in has come back."""
    if any(_is_units_folder(folder) for folder in folders):
        return True
    mine = {unit for unit in known.units if group in (known.owner.get(unit), workshop.EVERYBODY)}
    held = Counter(
        mark["folder"] for mark in shapes if mark["folder"] and mark["data"].get("cu_id") in mine
    )
    if held:
        folder, count = held.most_common(1)[0]
        if count >= 2 and count * 2 >= len(mine):
            what = f"there is no folder of the units, but '{folder}' holds {count} of {len(mine)}"
            handed.say(called, folder, "", what, "taken as that folder under another name")
            return True
    return False


# -- forms ----------------------------------------------------------------------------------------


def _read_form(path: Path, called: str, digest: str, known: Known, handed: HandedIn) -> None:
    """The units of a group's form: rejections, names and comments; shapes come from the KML."""
    form = documents.read_form(path)
    group = form.group if form.group in known.groups else _named_group(called, known.groups)
    how = "its first sheet" if group and group == form.group else "its name" if group else "nothing"
    if not group:
        group = workshop.EVERYBODY
        handed.say(called, "", "", "no group is named in the form", "taken as that of all groups")
    for problem in form.problems:
        handed.say(called, "units", problem.where, problem.what, problem.cure)
    verdicts = []
    for row in form.units.to_dict("records"):
        asked = {str(key): clean_name(value) for key, value in row.items()}
        unit_id = workshop.spoken_id(asked["unit_id"]) or asked["unit_id"]
        action = asked["action"].casefold()
        said = [str(row["comment"]), str(row["open_question"])]
        told, to_do = _asked_for(action, unit_id, asked)
        if told:
            handed.say(called, "units", unit_id or asked["new_name"], told, to_do)
            said.insert(0, told)
        if action == "new" and unit_id not in known.units:
            continue
        verdicts.append(
            workshop.Verdict(
                unit_id=unit_id,
                rejected=action == "reject",
                name=workshop.bare_name(asked["new_name"]),
                comment="\n".join(filter(None, said)),
            )
        )
    handed.forms[called] = verdicts
    marked = form.activities["action"].isin(["add", "amend", "drop"])
    spoken = int((marked | (form.activities["activity_id"] == "")).sum())
    if spoken:
        told = f"activities added or changed: {spoken}"
        handed.say(
            called, "activities", "", told, "not read here: cami-units activities takes them"
        )
    rows = len(verdicts) + spoken
    handed.files.append(FileRead(called, digest, group=group, group_by=how, rows=rows))


def _asked_for(action: str, unit_id: str, asked: Mapping[str, str]) -> tuple[str, str]:
    """What a row of a form asks for that only a map can give, and what is to be done about it."""
    other = workshop.spoken_id(asked["merge_with"]) or asked["merge_with"]
    if action == "merge":
        return (
            f"the form asks to merge {unit_id} with {other or 'a unit that it does not name'}",
            "a remark, not applied: unless the map shows it, draw one outline around both, keep "
            f"the id {unit_id}, and delete the other; or ask the group",
        )
    if action == "split":
        return (
            f"the form asks to split {unit_id}",
            "a remark, not applied: unless the map shows it, copy the unit on the map and cut each "
            "copy to its part; or ask the group where the line runs",
        )
    if action == "new":
        named = f" '{asked['new_name']}'" if asked["new_name"] else ""
        words = f": {asked['comment']}" if asked["comment"] else ""
        return (
            f"the form asks for a new unit{named}{words}",
            "not applied: unless the map shows it, draw it there, or ask the group where it lies",
        )
    if action == "change":
        return f"the form says that {unit_id} changes", "a remark: its outline is that of the map"
    return "", ""


def drawn_table(handed: HandedIn, crs: str) -> tuple[gpd.GeoDataFrame, list[dict[str, Any]]]:
    """The drawn shapes in the equal-area CRS beside their ``outline`` as written."""
    rows = handed.shapes
    outlines = gpd.GeoSeries([row["outline"] for row in rows], crs=LONLAT)
    plain = pd.DataFrame(rows, columns=list(rows[0]) if rows else ["name", "outline", "file"])
    flat = layers.to_equal_area(gpd.GeoDataFrame(plain, geometry=outlines), crs)
    shapes = np.asarray(flat.geometry.array, dtype=object)
    bad = ~shapely.is_valid(shapes)
    shapes[bad] = shapely.make_valid(shapes[bad], method="structure", keep_collapsed=False)
    return flat.set_geometry(gpd.GeoSeries(shapes, index=flat.index, crs=crs)), rows
