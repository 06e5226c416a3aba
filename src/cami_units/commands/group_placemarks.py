"""What a placemark of a group means: which unit it is, what it says, whether it is ours coming back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely

from cami_units import kml, overlap, words, workshop
from cami_units.commands.edited_evidence import edited_evidence, unknown_evidence
from cami_units.commands.group_forms import REJECTING_WORDS, asked_of, is_remark, says_reject
from cami_units.commands.group_reading import (
    LETTERS,
    FileRead,
    FileReading,
    GroupFiles,
    HandedOut,
    agreed_value,
    catalogued,
    data_values,
    group_of_document,
    group_of_each,
    group_of_file,
    ids_above,
    is_folder_there,
    is_of_another_round,
    is_units_folder,
    is_units_step,
    known_names,
    named_group,
    notice_of,
    words_beside_ids,
)
from cami_units.documents.form_words import known_word
from cami_units.model import (
    CONTEXT,
    LONGEST_TEXT,
    TABLES,
    Note,
    Placemarks,
    clean_name,
    clean_text,
    in_short,
    lacks_letters,
    records,
)
from cami_units.words.unit_card import CARD_FIELDS


def take_placemarks(placemarks: Placemarks, reading: FileReading) -> None:
    """What one file holds, put with that of the others."""
    label, base_facts, group_files = reading.label, reading.base_facts, reading.group_files
    rows = records(placemarks.table)
    own_columns = _own_columns(rows)
    for row in rows:
        row["data"] = _without_foreign_layer(row["data"])
        row["comment"] = _with_own_columns(row, _comment(row), own_columns)
        _part_joined_ids(row, reading)
        _know_its_id(row, base_facts)
        # what lacks letters of the name of a unit is held against that name
        typed = row["comment"] if row["data"] else f"{row['name']} {row['comment']}"
        if lacks_letters(typed):
            what = Note("lacks letters", {"text": kml.in_a_notice(typed.strip())})
            reading.note_in(row["folder"], row["name"], what, int(row["line"]))
    group_files.note_names(label, "columns unread", _columns_unread(rows, own_columns))
    usable = [_mark(row, label) for row in rows if row["kind"] in ("polygon", "line", "point")]
    is_foreign = is_of_another_round(usable, base_facts)
    evidence, own_marks = _parted(usable, lambda mark: _is_evidence(mark, base_facts, is_foreign))
    _keep_names_of_neighbours(evidence, base_facts, is_foreign)
    _keep_lines_beside_loops(own_marks)
    pins, grounds = _parted(own_marks, lambda mark: mark["ground"] is None)
    labels, pins = _parted_labels(pins, grounds, reading)
    # parts of one unit are put together before they are held against a square kilometre
    specks, others = _parted(_parts_together(grounds), lambda mark: _is_too_small(mark, base_facts))
    far, shapes = _parted(others, lambda mark: _is_far_away(mark, base_facts))
    # by what was drawn: pins and our own evidence say nothing of whose file it is
    group, group_by = group_of_file(shapes, reading) if own_marks else _named(label, base_facts)
    folder_there = is_folder_there(placemarks.folders, shapes, group, reading)
    group_files.unsound[label] = _unsound(placemarks, pins, base_facts)
    group_files.rounds[label] = agreed_value(data_values(shapes, "round"))
    if is_foreign:
        group_files.of_another_round.append(label)
        group_files.unsound[label].setdefault("", "another round")
        for mark in shapes:
            _leave_name(mark)
    turned = [mark for mark in shapes if _turn_swapped(mark, reading)]
    _ask_about_words(shapes, reading)
    _ask_about_folders(shapes, placemarks.folders, reading)
    retold = {
        "unlikely area": _numbers(specks),
        **dict.fromkeys(("outside", "outside, turned inside"), _numbers([*far, *turned])),
    }
    group_files.notices += _reader_notices(placemarks.notes, label, retold)
    groups = group_of_each(shapes, group, reading)
    if len(set(groups)) > 1:
        group, group_by = ";".join(sorted(set(groups))), "its placemarks"
    group_files.placemarks += _shapes(shapes, groups, reading)
    group_files.pins += _all_remarks(pins, shapes, [*specks, *far], evidence, (group, groups))
    group_files.pins += _words_without_ground(rows, group, reading)
    # a file of the pack, byte for byte: another release may have drawn its evidence otherwise
    unchanged = reading.digest in reading.handed_out
    group_files.notices += _noticed([] if unchanged else evidence, specks, far, base_facts)
    if not is_foreign:
        group_files.notices += [
            notice_of(mark, Note("evidence unknown", {"layer": title}))
            for mark, title in unknown_evidence(evidence, base_facts.shown)
        ]
    passed = sum(row["kind"] in ("view", "vertex") for row in rows) + len(labels)
    group_files.files.append(
        FileRead(
            file=label,
            sha256=reading.digest,
            group=group,
            group_by=group_by,
            # placemarks that a cut-off text only begins are counted, so that the sums of the report
            # are true
            placemarks=len(rows) + placemarks.n_seen + placemarks.beyond,
            evidence=len(evidence) + placemarks.n_seen,
            shapes=len(shapes),
            pins=len(pins) + len(specks) + len(far),
            unusable=len(rows) + placemarks.beyond - len(usable) - passed + len(labels),
            passed=passed,
            folder_there=folder_there,
            unchanged=unchanged,
        )
    )
    if unchanged:  # of a group without units nothing is in it, and nothing is wrong with that
        reading.note("unchanged file")
    elif not own_marks:
        _say_nothing_drawn(group_files, placemarks)


def _all_remarks(
    pins: Sequence[Mapping[str, Any]],
    shapes: Sequence[Mapping[str, Any]],
    no_units: Sequence[Mapping[str, Any]],
    evidence: Sequence[Mapping[str, Any]],
    whose: tuple[str, Sequence[str]],
) -> list[dict[str, Any]]:
    """All remarks of a file: pins, what lies beside shapes, shapes that are no unit, comments on evidence.

    `whose` is the group of the file and that of each shape: what is no shape is of its document's.
    """
    group, groups = whose
    is_of_several = len(set(groups)) > 1

    def owner(mark: Mapping[str, Any]) -> str:
        return (is_of_several and group_of_document(mark, shapes, groups)) or group

    # A polygon may have lines beside it: they are remarks, as those without a polygon are.
    marks = [*((mark, owner(mark)) for mark in pins), *zip(shapes, groups, strict=True)]
    rows = [row for mark, own_group in marks for row in _remarks(mark, own_group)]
    rows += [_pin_on_ground(mark, owner(mark)) for mark in no_units]
    return rows + [_pin_on_evidence(mark, owner(mark)) for mark in evidence if _is_comment(mark)]


def _noticed(
    evidence: Sequence[Mapping[str, Any]],
    specks: Iterable[Mapping[str, Any]],
    far: Iterable[Mapping[str, Any]],
    base_facts: HandedOut,
) -> list[workshop.Notice]:
    """What is noticed of evidence that was edited, and of shapes that are made no unit."""
    return [
        *(
            notice_of(mark, Note("evidence edited", {"layer": title}))
            for mark, title in edited_evidence(evidence, base_facts.shown)
        ),
        *(notice_of(mark, Note("too small")) for mark in specks),
        *(notice_of(mark, _far_note(mark, base_facts)) for mark in far),
    ]


def _parted(
    marks: Iterable[dict[str, Any]], fits: Callable[[dict[str, Any]], bool]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The marks that fit, and the others, each in their order."""
    fitting: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for mark in marks:
        (fitting if fits(mark) else others).append(mark)
    return fitting, others


def _parted_labels(
    pins: list[dict[str, Any]], grounds: Iterable[Mapping[str, Any]], reading: FileReading
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The points by which a GIS labels outlines, and all other pins.

    Each says nothing but the name of the unit that it stands on, and is the only one for it; a single one in a
    file somebody may have dropped.
    """
    base_facts, bare = reading.base_facts, dict[str, list[dict[str, Any]]]()
    for mark in pins:
        if not mark["comment"] and mark["lines"] is None:
            bare.setdefault(_label_said(mark["name"]), []).append(mark)
    named = [(_label_said(mark["name"]), mark["ground"]) for mark in grounds] if bare else []
    drawn = Counter(label for label, _ in named)
    for unit_id, outline in base_facts.outlines.items() if bare else ():
        names = (unit_id, *known_names(unit_id, base_facts))
        named += [(_label_said(name), outline) for name in names]
    # more points than outlines of a name: somebody marks places
    trees = {
        label: shapely.STRtree([mark["points"] for mark in marks])
        for label, marks in bare.items()
        if label and len(marks) <= max(1, drawn[label])
    }
    on_their_own = {
        id(bare[label][number])
        for label, outline in named
        if label in trees
        for number in trees[label].query(outline, predicate="intersects")
    }
    labels, others = _parted(pins, lambda mark: id(mark) in on_their_own)
    if len(labels) < 2:
        return [], pins
    reading.note("label points", count=len(labels))
    return labels, others


def _label_said(name: str) -> str:
    """What a label and the outline that it belongs to have in common: the name, else the id."""
    return workshop.bare_name(name) or workshop.spoken_id(name)


def _say_nothing_drawn(group_files: GroupFiles, placemarks: Placemarks) -> None:
    """Note of the last file that nothing of a group is in it, unless its reader has said why."""
    if (file := group_files.files[-1]).unusable:
        group_files.note(file.file, "none usable", count=file.unusable)
    elif not _SAYS_WHY & set(placemarks.notes["key"]):
        group_files.note(file.file, "nothing drawn")


def _named(label: str, base_facts: HandedOut) -> tuple[str, str]:
    """The group of a file in which nothing was drawn: that of its name, if any."""
    group = named_group(label, base_facts.groups)
    return (group, "its name") if group else ("", "")


def _unsound(
    placemarks: Placemarks, pins: Sequence[Mapping[str, Any]], base_facts: HandedOut
) -> dict[str, str]:
    """Units that came back without an outline that can be used, and why; under "" a file cut off."""
    reasons = {} if placemarks.is_whole else {"": "file cut off"}
    table = placemarks.table
    for row in records(table[table["kind"].isin(["none", "mask"])]):
        if (unit_id := _meant(row)) in base_facts.units:
            reasons[unit_id] = "broken placemark"
    for mark in pins:
        unit_id = str(mark["data"].get("cu_id", ""))
        # its outline drawn anew as a path, under its name; a pin of that name only speaks of it
        if mark["lines"] is not None and not mark["data"].get("about"):
            unit_id = unit_id or mark["meant"]
        if unit_id in base_facts.units:
            reasons[unit_id] = "no ground"
    return reasons


def _words_without_ground(
    rows: Iterable[Mapping[Any, Any]], group: str, reading: FileReading
) -> Iterator[dict[str, Any]]:
    """What was typed into placemarks whose shape cannot be used, or that have none, as rows of `remarks`.

    Tables joined to a map leave such rows, and Google Earth where a polygon was begun and never drawn. Said
    of a unit that was handed out it stands on that unit, and says nothing of whether it is to stay.
    """
    for row in rows:
        text = row["comment"] if row["kind"] in ("none", "view") else ""
        unit_id = _meant(row) if text else ""
        if (outline := reading.base_facts.outlines.get(unit_id)) is not None:
            mark = {**row, "file": reading.label, "data": {"about": unit_id}}
            yield _remark(mark, group, "comment", shapely.point_on_surface(outline))
        elif text:
            what = Note("typed beside", {"text": kml.in_a_notice(text)})
            reading.note_in(row["folder"], row["name"], what, int(row["line"]))


def _meant(row: Mapping[Any, Any]) -> str:
    """The unit that a placemark says it is: by its data, its id, or its name."""
    by_id = str(row["placemark_id"]).partition(".")[0]
    in_folder = str(row["folder"]).rpartition("/")[2]
    spoken = (workshop.spoken_id(words) for words in (by_id, row["name"], in_folder))
    return row["data"].get("cu_id") or next(filter(None, spoken), "")


_SAYS_WHY: Final = frozenset({"no placemark", "no placemark but", "only a link", "only a picture"})
"""What a reader says of a file without placemarks: nothing more needs to be asked."""
_TOLD_LATER: Final = frozenset({"closes"})
"""Paths that nearly close are told with what was made of them."""


def _numbers(marks: Iterable[Mapping[str, Any]]) -> frozenset[int]:
    """The numbers in their file of some placemarks."""
    return frozenset(mark["placemark"] for mark in marks)


def _reader_notices(
    notes: pd.DataFrame, label: str, retold: Mapping[str, Collection[int]]
) -> list[workshop.Notice]:
    """What the reader noticed and a person should know.

    `retold` are the placemarks of which a note says what is said of them here once more, by its key.
    """
    notices = []
    for row in records(notes):
        if row["placemark"] in retold.get(row["key"], ()):
            continue
        if row["key"] in _TOLD_LATER:
            continue
        folder = "/".join(filter(None, (row["member"], row["folder"])))
        note = Note(row["key"], row["facts"], row["level"])
        notices.append(workshop.Notice(label, folder, row["name"], note, int(row["line"])))
    return notices


def _mark(row: Mapping[Any, Any], label: str) -> dict[str, Any]:
    """A row of `placemarks` with what counts here: its ground, and what was typed into it."""
    from_path = row["polygons"] is None and row["loops"] is not None
    return {
        **{
            key: row[key] for key in ("folder", "name", "data", "placemark_id", "placemark", "line")
        },
        "file": label,
        "meant": _meant(row),
        "comment": row["comment"],
        "ground": row["loops"] if from_path else row["polygons"],
        "from_path": from_path,
        "lines": row["lines"],
        "points": row["points"],
    }


def _keep_lines_beside_loops(marks: Iterable[dict[str, Any]]) -> None:
    """Of marks of a group only: our evidence has barriers of 70,000 corners, some of whose parts close."""
    for mark in marks:
        if mark["from_path"]:
            mark["lines"] = _beside_loops(mark["lines"], mark["ground"])


def _beside_loops(lines: Any, loops: Any) -> Any:
    """The lines of a placemark that are no side of what its closing paths surround; None: all are."""
    parts = shapely.get_parts(lines)
    sides = shapely.boundary(loops)
    # A resting GPS draws thousands of corners: an index over the sides instead of each side for each corner.
    shapely.prepare(sides)
    corners = [shapely.points(shapely.get_coordinates(part)) for part in parts]
    # In degrees: a ten-thousandth of a metre, for corners that were cut anew where paths cross. By most
    # of its corners, for the end of a closing path may hang over where it meets the beginning.
    beside = [
        part
        for part, points in zip(parts, corners, strict=True)
        if np.mean(shapely.dwithin(sides, points, 1e-9)) <= 0.5
    ]
    return shapely.multilinestrings(beside) if len(beside) > 1 else next(iter(beside), None)


_WORD_COLUMNS: Final = frozenset(
    {*("description", "desc", "comment", "comments", "cmt", "remark", "remarks", "note", "notes")}
    | {*("text", "memo", "описание", "комментарий", "комментарии", "примечание", "примечания")}
    | {*("замечание", "замечания", "заметка", "заметки", "пояснение", "текст", "тайлбар", "санал")}
    | {*("тэмдэглэл", "备注", "说明", "描述", "注释", "意见", "iconcaption")}
)
"""What people call the column of a table into which they type words."""
_OF_ONE_UNIT: Final = frozenset(
    {*("cu_id", "part", "rev", "geom_hash", "round", "section_id", "working_group", "group", "grp")}
)
"""The keys of the pack that say which unit a placemark is, and whose."""
_HANDED_OUT: Final = frozenset(
    {*CARD_FIELDS, *TABLES["conservation_units"].columns, *_OF_ONE_UNIT}
    | {*("also_present", "how_to", "decision", "merged_into", "split_from", "weakest")}
    | {*("label", "draw_id", "split_of", "piece", "merged_from", "rejected", "reason", "ticks")}
    | {*("about", "drawn", "new_name_en", "new_name_ru", "of_unit", "of", "unit", "name", "title")}
)
"""The columns of text that a file of ours is handed out with, from packs, rounds and the drawing page."""
_OF_PROGRAMS: Final = re.compile(
    r"(?:stroke|fill|marker|style|icon|symbol|shape|created|modified|last_edit|edit|auxiliary|geom|merge|"
    r"buff|gx|is|has|iso|label|owner|user|device)[-_ ]?\w*|_.*|timestamp|begin|end|when|alt(?:itude)?mode|"
    r"base|clamped|extruded?|tessellate|visib\w*|hidden|locked|draworder|snippet|popupinfo|layer|path|"
    r"folder(?:path|id)?|class|id|fid|ogc_fid|gid|uuid|globalid|objectid|creator|author|editor|colou?r|source|kind|"
    r"type|valid\w*|country|times?|date.*",
    re.IGNORECASE,
)
"""Columns that programs add to what they save: styles, times, ids, who saved it."""
_NO_SPEECH: Final = re.compile(
    r"#?\{?[0-9a-f-]{6,}\}?|[\d:TZ.+-]+|true|false|.*(?:<html|<table|<body|://).*",
    re.IGNORECASE | re.DOTALL,
)
"""Ids, colours, times, marks and pages, which hold letters and say nothing."""


def _own_columns(rows: Sequence[Mapping[Any, Any]]) -> frozenset[str]:
    """The columns of data that a group has added to units that it was handed out, by what is typed into them.

    What is the same in all of several units was written there by a program.
    """
    units = [row["data"] for row in rows if row["data"].get("cu_id")]
    typed: dict[str, list[str]] = {}
    for data in units:
        for key, value in data.items():
            if value:
                typed.setdefault(key, []).append(value)
    return frozenset(
        key
        for key, values in typed.items()
        if not _is_known_column(key) and not (len(values) == len(units) > 1 and len({*values}) == 1)
    )


def _columns_unread(rows: Iterable[Mapping[Any, Any]], own_columns: Collection[str]) -> list[str]:
    """The columns of pins and new shapes in which words stand that are read as none."""
    return sorted(
        {
            key
            for row in rows
            if not (row["data"].get("layer") or row["data"].get("cu_id"))
            for key, text in row["data"].items()
            if LETTERS.search(text) and not (_NO_SPEECH.fullmatch(text) or text == row["name"])
            if not (_is_read_of(row, key) or key in own_columns)
        }
    )


def _is_read_of(row: Mapping[Any, Any], key: str) -> bool:
    """Whether a column holds words that are read, or none: our columns are those of units and of our page's pins."""
    name = _column_name(key)
    is_own_pin = row["kind"] == "point" and not {"label", "about"} & {*row["data"]}
    if is_own_pin and name not in ("name", "title", "unit"):
        return name in _WORD_COLUMNS or _OF_PROGRAMS.fullmatch(name) is not None
    return name in _WORD_COLUMNS or _is_known_column(key)


def _is_known_column(key: str) -> bool:
    """Whether a column is one that we hand out, or that programs add; a shapefile cuts names at ten letters."""
    name = _column_name(key)
    return name[:10] in _HANDED_OUT_CUT or _OF_PROGRAMS.fullmatch(name) is not None


def _column_name(key: str) -> str:
    # some programs put their own name in front: "felt:note"
    return key.casefold().rpartition(":")[2].rstrip("_0123456789 ")


def _with_own_columns(row: Mapping[Any, Any], said: str, own_columns: Collection[str]) -> str:
    """What was typed into the description of a placemark, and into columns that a group has added to its data.

    In a GIS, a table or a phone people type into a column of their own sooner than into a description. Of a
    file that nobody handed out only columns that are called so hold words: the others are whatever its layer
    knows.
    """
    if row["data"].get("layer"):
        return said
    for key, text in row["data"].items():
        is_of_words = _column_name(key) in _WORD_COLUMNS
        if not (is_of_words or key in own_columns) or not LETTERS.search(text):
            continue
        # what was said already is not said again
        is_new = text not in (said if is_of_words else said.split("\n")) and text != row["name"]
        if is_new and not (_NO_SPEECH.fullmatch(text) or _is_our_own(text)):
            said = f"{said}\n{text if is_of_words else f'{key} – {text}'}".strip()
    return said[: max(LONGEST_TEXT, len(row["description"]))]


_HANDED_OUT_CUT: Final = frozenset(name[:10] for name in _HANDED_OUT)


def _comment(row: Mapping[Any, Any]) -> str:
    """What somebody typed: not our own instruction, and not an attribute that a program echoes."""
    if not (text := _without_echoes(clean_text(row["description"]), row["data"])):
        return ""
    echoes = {row["name"], *(row["data"].get(key) for key in _CARD_KEYS)}
    if row["data"].get("layer"):
        echoes.add(row["data"].get("note"))  # that of our evidence, which a GIS has for a comment
    return "" if _is_our_own(text) or text in echoes else text


def _is_our_own(text: str) -> bool:
    """Whether a text is our instruction how to comment, in any language."""
    # a shapefile cuts it off at 254 bytes; and below 20 letters a remark of a group could begin as ours does
    return len(text) > 20 and any(_reads_as(text, own) for own in _OWN_WORDS)


def _without_echoes(text: str, data: Mapping[str, str]) -> str:
    """A description without the lines that a program has made of the data: "cu_id: CU-001".

    Google My Maps writes all of them so when it exports what was imported with data.
    """
    if ":" not in text:
        return text
    wholes = (f"{key}: {value}" for key, value in ({"description": ""} | dict(data)).items())
    echoes = {line.strip() for whole in wholes for line in whole.split("\n")}
    return "\n".join(line for line in text.split("\n") if line.strip() not in echoes).strip()


def _reads_as(text: str, own: str) -> bool:
    """Whether a text begins one of ours, letters aside that a code page has turned into "?"."""
    if len(text) > len(own) or not text.strip("? "):
        return False
    # strict=False: what came back may be cut off, so only its own length is compared
    return all(letter in (ours, "?") for letter, ours in zip(text, own, strict=False))


_OWN_WORDS: Final = frozenset(words.text("how_to_comment", lang) for lang in words.LANGUAGES)
_NO_WORDS_OF_A_NAME: Final = re.compile(
    rf"(?<![^\W\d_])(?:{REJECTING_WORDS})|\b[CС][UУ]\b|\S*\d\S*", re.IGNORECASE
)


def _ask_about_words(marks: Iterable[dict[str, Any]], reading: FileReading) -> None:
    """Note each name that is a message rather than a name of a unit, and take the unit's id in its place.

    Such are words by which it may be meant to be rejected, "OK", "merge with CU-011". What is of no unit
    that was handed out is new: "Removed Hills" is its name. So it is of a unit that was handed out under it.
    """
    for mark in marks:
        # the drawing page asks for names by themselves
        if mark["data"].get("layer") or mark["data"].get("label"):
            continue
        unit_id = _unit_of(mark, reading.base_facts)
        own_names = known_names(unit_id, reading.base_facts)
        if "cu_id" not in mark["data"] and (united := _united(mark, reading.base_facts)):
            mark["name"] = "+".join(united)  # which is asked of them all
            continue
        key = asked_of(mark["name"], own_names) if unit_id else ""
        if key and workshop.bare_name(mark["name"]) not in own_names:
            reading.group_files.notices.append(notice_of(mark, Note(key, {"name": mark["name"]})))
            if key == "odd name" and is_remark(mark["name"]):
                # to be read where the unit is spoken of
                remark = workshop.bare_name(mark["name"])
                mark["comment"] = "\n".join(filter(None, (mark["comment"], remark)))
            mark["name"] = unit_id


def _united(mark: Mapping[str, Any], base_facts: HandedOut) -> list[str]:
    """The units that the name of a new shape asks to merge: it names two or more, and takes in all of them."""
    if known_word(mark["name"].partition(" ")[0], ("merge",)) != "merge":
        return []
    ids = workshop.unit_ids_in(mark["name"], base_facts.units)
    outlines = map(base_facts.outlines.get, ids)
    are_inside = (outline and workshop.is_taken_in(outline, mark["ground"]) for outline in outlines)
    return [*ids] if len(ids) > 1 and all(are_inside) else []


def _messages(
    mark: Mapping[str, Any], facts: workshop.DrawnFacts, base_facts: HandedOut
) -> dict[str, str]:
    """What stands for a name, before an outline or in its data, and reads as a message: by the words the question."""
    own_names = known_names(mark["meant"], base_facts)
    typed = {mark["name"], *facts.data_names} - {None, ""}
    return {name: key for name in sorted(typed) if (key := asked_of(name, own_names))}


def _ask_about_folders(
    shapes: Iterable[Mapping[str, Any]], folders: Iterable[str], reading: FileReading
) -> None:
    """Note each folder of the group's own into which it has put units that were handed out.

    In Google Earth a unit is dragged into "To be removed" sooner than its name is edited. Where our
    folder is gone, a program has put all units into one of its own, which says nothing.
    """
    is_ours_there = any(map(is_units_folder, folders))
    ids_by_folder: dict[str, list[str]] = {}
    for mark in shapes:
        folder = _own_folder(mark["folder"])
        if folder and mark["meant"] in reading.base_facts.units:
            ids_by_folder.setdefault(folder, []).append(mark["meant"])
    for folder, unit_ids in sorted(ids_by_folder.items()):
        last_step = folder.rpartition("/")[2]
        is_rejecting = workshop.rejects(last_step) or says_reject(last_step)
        if not (is_ours_there or is_rejecting):
            continue
        key = "units in a folder of rejection" if is_rejecting else "units in a folder"
        facts = {"folder": last_step, "names": in_short(dict.fromkeys(unit_ids), 12)}
        reading.note_in(folder, "", Note(key, facts))


def _own_folder(folder: str) -> str:
    """The path of a folder that a group has made, inside ours of the units or beside it; else nothing."""
    last_step = folder.rpartition("/")[2]
    is_ours = is_units_step(last_step) or last_step.casefold() in _OUR_FOLDERS
    return "" if is_ours else folder


def _unit_of(mark: Mapping[str, Any], base_facts: HandedOut) -> str:
    """The unit, or the piece of one, that a placemark is of, by all that it says; empty for what is new.

    Data, an id and the front of a name say what it is. Within a name an id may as well say what it is near
    ("Removed Hills near CU-003"): there it counts where the middle of the shape lies on that unit, and
    where nothing else is said ("Delete CU-003").
    """
    within = workshop.unit_ids_in(mark["name"])
    if within and LETTERS.search(_NO_WORDS_OF_A_NAME.sub("", mark["name"])):
        within = tuple(one for one in within if _lies_on(mark, one, base_facts))
    own_ids = filter(None, (mark["meant"], *within))
    return next((one for one in own_ids if _was_handed_out(one, base_facts)), "")


def _was_handed_out(unit_id: str, base_facts: HandedOut) -> bool:
    """Whether a unit, or the one that it is a piece of, is or was one of the round."""
    return any(one in base_facts.units or one in base_facts.hashes for one in ids_above(unit_id))


def _lies_on(mark: Mapping[str, Any], unit_id: str, base_facts: HandedOut) -> bool:
    """Whether the middle of a shape lies on a unit; of one whose outline is not known it may."""
    outline = base_facts.outlines.get(unit_id)
    return outline is None or bool(shapely.covers(outline, shapely.centroid(mark["ground"])))


def _handed_names(data: Mapping[str, str]) -> set[str]:
    """The names that a unit was handed out with, as they stand in its data."""
    return {clean_name(data.get(key, "")) for key in _NAMES}


_CARD_KEYS: Final = frozenset(CARD_FIELDS) - {"comment"}


def _is_evidence(mark: Mapping[str, Any], base_facts: HandedOut, is_foreign: bool) -> bool:
    """Whether a placemark is one of ours that nobody was asked to edit.

    A copy of one that was put among the units is meant as a unit. In a file of another round the
    units of other groups stand as they were there, and the base cannot say whether anybody moved one.
    """
    former_id = mark["meant"]
    is_former = former_id not in base_facts.units and former_id in base_facts.hashes
    if is_former and mark["ground"] is not None and not mark["data"].get("layer"):
        # a unit that was parted since, as it was handed out: it changes nothing, whatever round it is from
        return kml.geom_hash(mark["ground"]) in base_facts.hashes[former_id]
    if (layer := mark["data"].get("layer")) == _NEIGHBOURS and mark["ground"] is not None:
        is_left = is_foreign and not is_units_folder(mark["folder"])
        return is_left or _is_as_shown(mark, base_facts)
    if layer:
        return not (mark["ground"] is not None and is_units_folder(mark["folder"]))
    front = str(mark["name"]).partition(" ")[0]
    return front in base_facts.evidence and _is_in(mark["folder"], _EVIDENCE_FOLDERS)


_NEIGHBOURS: Final = "neighbours"
"""The layer of our evidence that shows the units of other groups."""


def _part_joined_ids(row: dict[Any, Any], reading: FileReading) -> None:
    """Read the ids of several units in the data of one outline, as a GIS writes them where it joins rows.

    An outline that covers all of these units is the first, merged from the others. Else nothing in its data
    says which one it is.
    """
    base_facts, typed = reading.base_facts, row["data"].get("cu_id", "")
    joint = _JOINT.search(typed)
    ground = row["loops"] if row["polygons"] is None else row["polygons"]
    if joint is None or ground is None or typed in base_facts.hashes:
        return
    unit_ids = [name for name in workshop.unit_ids_listed(typed) if name in base_facts.units]
    if len(unit_ids) < 2 or words_beside_ids(typed, base_facts):
        return
    outlines = map(base_facts.outlines.get, unit_ids)
    is_union = all(outline and workshop.is_taken_in(outline, ground) for outline in outlines)
    key = "ids joined, one outline" if is_union else "ids joined"
    what = Note(key, {"names": in_short(unit_ids, 12), "unit_id": unit_ids[0]})
    reading.note_in(row["folder"], row["name"], what, int(row["line"]))
    row["data"] = _without_joined(row["data"], joint[0], base_facts)
    if is_union:
        row["data"] |= {"cu_id": unit_ids[0], "merged_from": ";".join(unit_ids[1:])}
    if not words_beside_ids(f"{typed} {row['name']}", base_facts):
        row["name"] = workshop.spoken_id(row["name"])


def _without_joined(data: Mapping[str, str], joint: str, base_facts: HandedOut) -> dict[str, str]:
    """Data of several units that were joined, without their ids and names, and without what they differ in."""
    parted: dict[str, str] = {}
    for key, value in data.items():
        if key in _OF_ONE_UNIT:
            values = {*value.split(joint)}
            if len(values) == 1:
                parted[key] = values.pop()
        elif key not in _NAMES or words_beside_ids(f"{data['cu_id']} {value}", base_facts):
            parted[key] = value
    return parted


_JOINT: Final = re.compile(r"\s?[;,|/+&]\s?")
"""What a GIS writes between the values of rows that it joins."""
_NAMES: Final = ("name_en", "name_ru")


def _know_its_id(row: dict[Any, Any], base_facts: HandedOut) -> None:
    """Write the id in the data of a placemark as ids are written; words beside it go into the comment."""
    typed = row["data"].get("cu_id", "")
    row["data"] = _with_known_id(row, base_facts)
    if row["data"].get("cu_id", "") != typed and words_beside_ids(typed, base_facts):
        row["comment"] = "\n".join(filter(None, (row["comment"], typed)))


def _with_known_id(row: Mapping[str, Any], base_facts: HandedOut) -> dict[str, str]:
    """The data of a placemark, with the id that somebody typed there ("cu29", "29", "29.0") as ids are written.

    A bare number may as well be that of a row in a table: it is the unit's where the shape lies on that unit.
    """
    data: dict[str, str] = row["data"]
    typed = data.get("cu_id", "")
    if not typed or typed in base_facts.hashes or typed in base_facts.units:
        return data
    unit_ids = workshop.unit_ids_listed(typed, base_facts.units)
    if len(unit_ids) != 1 or unit_ids[0] not in base_facts.units:
        return data
    outline = base_facts.outlines.get(unit_ids[0])
    if _ONLY_NUMBER.fullmatch(typed) and outline is not None:
        grounds = [row[key] for key in ("polygons", "loops") if row[key] is not None]
        if not any(shapely.intersects(outline, grounds)):
            return data
    return {**data, "cu_id": unit_ids[0]}


_ONLY_NUMBER: Final = re.compile(r"\s*\d+(?:[.,]0*)?\s*")
"""A number, also as a table has it that has no whole numbers in a column with gaps: "29.0"."""


def _without_foreign_layer(data: Mapping[str, str]) -> dict[str, str]:
    """The data of a placemark without a `layer` that is not ours.

    QGIS adds such a column where it merges layers, and CAD programs have one: it is no mark of evidence.
    """
    layer = data.get("layer", "")
    is_ours = (layer in kml.SHOWN_LAYERS or layer.startswith(CONTEXT)) and not data.get("cu_id")
    return {key: value for key, value in data.items() if key != "layer" or is_ours}


def _is_as_shown(mark: Mapping[str, Any], base_facts: HandedOut) -> bool:
    """Whether the outline of another group's unit is still as the evidence shows it.

    One that was drawn otherwise, in that folder or in a copy of it, is a proposal about that unit.
    """
    hashes = base_facts.hashes.get(_neighbour_of(mark["data"]), ())
    return kml.geom_hash(mark["ground"]) in hashes


def _keep_names_of_neighbours(
    evidence: Iterable[dict[str, Any]], base_facts: HandedOut, is_foreign: bool
) -> None:
    """Take what a group typed over the names of other groups' units, an X before one too, for comments on these."""
    neighbours = [
        mark for mark in evidence if mark["data"].get("layer") == _NEIGHBOURS and mark["name"]
    ]
    renamed = [mark for mark in neighbours if _is_neighbour_renamed(mark, base_facts)]
    # nobody renames most of them: a program, or a release of before, calls them otherwise; so does another round
    if not is_foreign and (len(renamed) <= _FEW or 2 * len(renamed) <= len(neighbours)):
        for mark in renamed:
            words_typed = (_neighbour_name(mark["name"]), mark["comment"])
            mark["comment"] = "\n".join(filter(None, words_typed))


_FEW: Final = 3


def _is_neighbour_renamed(mark: Mapping[str, Any], base_facts: HandedOut) -> bool:
    """Whether another group's unit has a name that it never had."""
    unit_id, typed = _neighbour_of(mark["data"]), _neighbour_name(mark["name"])
    names = {name.casefold() for name in known_names(unit_id, base_facts)}
    name = workshop.bare_name(typed).replace("‹", "<").casefold()
    return bool(names) and (workshop.rejects(typed) or name not in ("", *names))


def _neighbour_name(name: str) -> str:
    """The name of another group's unit without what the evidence writes around it."""
    for lang in words.LANGUAGES:
        # files of before have a colon of ASCII in every language
        for title in (
            f"{words.text(_NEIGHBOURS, lang)}: ",
            words.with_label(words.text(_NEIGHBOURS, lang), "", lang),
        ):
            if name.startswith(title):
                return re.sub(r"\s*[(（][A-Za-z0-9_-]{1,40}[)）]\Z", "", name.removeprefix(title))
    return name


_EVIDENCE_FOLDERS: Final = catalogued(
    "folder evidence", "folder about", "folder sections", "folder your section", "folder labels"
)
_OUR_FOLDERS: Final = _EVIDENCE_FOLDERS | catalogued("folder notes")


def is_only_seen(folder: str, data: Mapping[str, str]) -> bool:
    """Whether a placemark without words is told nothing of: no row of the round is held against it.

    What lies among the units is meant as one.
    """
    layer = data.get("layer")
    # a range of no species is none that was handed out
    is_ours = layer in _ONLY_SEEN and (layer != "ranges" or bool(data.get("sci_name")))
    return is_ours and "cu_id" not in data and _is_looked_at(folder)


_ONLY_SEEN: Final = frozenset(
    {"borders", "border_pairs", "disputed", "gazetteer", "labels", "ranges", "water"}
)


@lru_cache(maxsize=10_000)
def _is_looked_at(folder: str) -> bool:
    """Whether a folder is one of those to look at, and in none of those to edit."""
    return _is_in(folder, _EVIDENCE_FOLDERS) and not is_units_folder(folder)


def _is_in(folder: str, names: frozenset[str]) -> bool:
    return any(step.casefold() in names for step in folder.split("/"))


# -- shapes and pins ------------------------------------------------------------------------------


def _is_too_small(mark: Mapping[str, Any], base_facts: HandedOut) -> bool:
    """Whether a new shape is below a square kilometre: a plot, a house, a slip of the mouse."""
    if mark["meant"] in base_facts.units or mark["data"].get("layer"):
        return False
    return kml.is_below_a_unit(mark["ground"])


def _is_far_away(mark: Mapping[str, Any], base_facts: HandedOut) -> bool:
    """Whether a new shape lies all outside of the region: of another map, or latitude first."""
    if base_facts.region is None or mark["meant"] in base_facts.units or mark["data"].get("layer"):
        return False
    return not kml.boxes_meet(mark["ground"].bounds, base_facts.region)


def _far_note(mark: Mapping[str, Any], base_facts: HandedOut) -> Note:
    """What to say of a shape outside the region: where its mirror image lies in it, that too."""
    is_turned = base_facts.region and kml.turned_meet(mark["ground"].bounds, base_facts.region)
    return Note("far away, turned inside" if is_turned else "far away")


def _turn_swapped(mark: dict[str, Any], reading: FileReading) -> bool:
    """Turn a unit that stands latitude first: it touches nothing of itself, and turned round it does.

    GRASS writes KML so, and any program that takes the order of EPSG:4326 by the letter.
    """
    outline = reading.base_facts.outlines.get(mark["meant"])
    if outline is None or not _is_elsewhere(mark["ground"], outline):
        return False
    turned = shapely.transform(mark["ground"], lambda xy: xy[:, ::-1])
    # Near 45° N 45° E a unit overlaps its own mirror image: there only its very outline will do.
    least = _VERY_LIKE if shapely.intersects(outline, mark["ground"]) else workshop.SAME_PLACE
    if _likeness(outline, turned) < least:
        return False
    mark["ground"] = shapely.orient_polygons(turned)
    reading.group_files.notices.append(notice_of(mark, Note("axes turned")))
    return True


_VERY_LIKE: Final = 0.99


def _is_elsewhere(ground: Any, outline: Any) -> bool:
    """Whether a shape is plainly not where its unit was: boxes first, they cost nothing."""
    if not shapely.box(*ground.bounds).intersects(shapely.box(*outline.bounds)):
        return True
    return _likeness(outline, ground) < 0.75


def _likeness(first: Any, second: Any) -> float:
    """Jaccard index of two outlines in degrees: to tell, never to report."""
    shared = float(shapely.intersection(first, second).area)
    return overlap.jaccard_index(shared, float(first.area), float(second.area))


def _shapes(
    marks: Sequence[Mapping[str, Any]], groups: Sequence[str], reading: FileReading
) -> list[dict[str, Any]]:
    """Placemarks with ground, each of its group, as rows with their outlines, which are written all at once."""
    outlines = kml.unit_outlines([mark["ground"] for mark in marks])
    return [
        _shape(mark, outline, group, reading)
        for mark, outline, group in zip(marks, outlines, groups, strict=True)
    ]


def _shape(
    mark: Mapping[str, Any], outline: Any, group: str, reading: FileReading
) -> dict[str, Any]:
    """A placemark with ground, by :data:`cami_units.workshop.PLACEMARK_COLUMNS`, with its outline."""
    data = mark["data"]
    outline_hash = kml.hash_of_written(outline)
    layer = data.get("layer", "")
    points = 0 if mark["points"] is None else shapely.get_num_geometries(mark["points"])
    notes = [Note("closed path")] if mark["from_path"] else []
    notes += [Note("points beside", {"count": points})] if points else []
    is_neighbour = layer == _NEIGHBOURS and bool(_neighbour_of(data))
    if is_neighbour:
        notes.append(Note("neighbour drawn", {"unit_id": _neighbour_of(data)}))
    elif layer:
        notes.append(Note("evidence copied", {"layer": layer}))
    place = (mark["file"], mark["folder"], mark["name"])
    reading.group_files.notices += [
        workshop.Notice(*place, mark_note, int(mark["line"])) for mark_note in notes
    ]
    own_data = {} if layer else data  # a copy of our evidence is no unit of ours
    own_data = {"cu_id": _neighbour_of(data)} if is_neighbour else own_data
    facts = workshop.drawn_facts(own_data)
    if not facts.label and (messages := _messages(mark, facts, reading.base_facts)):
        facts = facts._replace(messages=messages)
    return {
        **{key: mark[key] for key in ("file", "folder")},
        "name": _neighbour_name(mark["name"]) if is_neighbour else mark["name"],
        "comment": "\n".join(filter(None, (facts.reason, mark["comment"]))),
        **{key: own_data.get(key, "") for key in ("cu_id", "part", "rev", "section_id")},
        "group": group,
        "placemark_id": "" if layer else mark["placemark_id"],
        "untouched": own_data.get("geom_hash") == outline_hash,
        "facts": facts,
        "outline": outline,
        "outline_hash": outline_hash,
    }


def _parts_together(marks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Placemarks; the parts of one piece, or of one new unit, of the drawing page as one of them."""
    together: dict[tuple[str, str], dict[str, Any]] = {}
    result = []
    for mark in marks:
        facts = workshop.drawn_facts(mark["data"])
        is_known = bool(mark["data"].get("cu_id"))
        key = (mark["data"].get("cu_id", ""), facts.piece if is_known else facts.key)
        first = together.setdefault(key, mark) if key[1] and facts.label else mark
        if first is mark:
            result.append(mark)
        else:
            first["ground"] = _side_by_side([first["ground"], mark["ground"]])
    return result


def _side_by_side(shapes: Sequence[Any]) -> Any:
    """Shapes as one: side by side where they are, else united."""
    parts = shapely.multipolygons(list(shapely.get_parts(shapes)))
    return parts if parts.is_valid else shapely.union_all(shapes)


def _remarks(mark: Mapping[str, Any], group: str) -> list[dict[str, Any]]:
    """What of a placemark has no ground, as rows of `remarks`: all its points, all its lines."""
    kinds = (("pin", mark["points"] if mark["ground"] is None else None), ("line", mark["lines"]))
    return [_remark(mark, group, kind, shape) for kind, shape in kinds if shape is not None]


def _remark(mark: Mapping[str, Any], group: str, kind: str, geometry: Any) -> dict[str, Any]:
    """A row of `remarks`."""
    return {
        "kind": kind,
        "group": group,
        "file": mark["file"],
        "placemark": mark["name"],
        "text": mark["comment"] or mark["name"],
        "unit_id": workshop.spoken_id(str(mark["data"].get("about", ""))),
        "geometry": geometry,
    }


def _is_comment(mark: Mapping[str, Any]) -> bool:
    """Whether somebody typed into the balloon of a hotspot, a protected area, and so on."""
    return bool(mark["comment"]) and mark["data"].get("layer") not in (None, "", "about")


def _pin_on_ground(mark: Mapping[str, Any], group: str) -> dict[str, Any]:
    """A shape that is made no unit, as a row of `remarks`."""
    return _remark(mark, group, "pin", shapely.point_on_surface(mark["ground"]))


def _pin_on_evidence(mark: Mapping[str, Any], group: str) -> dict[str, Any]:
    """What somebody typed into the balloon of our evidence, as a row of `remarks`."""
    shapes = (mark["ground"], mark["lines"], mark["points"])
    geometry = next(shape for shape in shapes if shape is not None)
    return _remark(mark, group, "comment", shapely.point_on_surface(geometry))


def _leave_name(mark: dict[str, Any]) -> None:
    """Take no name for a new one that the unit was handed out with: it stands in its data."""
    data, name = mark["data"], workshop.bare_name(mark["name"])
    if data.get("cu_id") and name in _handed_names(data) and not workshop.rejects(mark["name"]):
        mark["name"] = data["cu_id"]
    mark["data"] = {key: data[key] for key in data if key not in _NAMES}


def _neighbour_of(data: Mapping[str, str]) -> str:
    """The unit that an outline of the evidence is of; `of` in packs before that key was renamed."""
    return data.get("of_unit") or data.get("of") or ""
