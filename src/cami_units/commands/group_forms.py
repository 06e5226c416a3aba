"""What a group asks for in words: in the rows of its form, one unit each, and in the place of a name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from string import ascii_lowercase
from typing import Final, cast

import pandas as pd

from cami_units import words, workshop
from cami_units.commands.group_reading import (
    FileRead,
    FileReading,
    HandedOut,
    ids_of_cell,
    known_names,
    named_group,
    words_beside_ids,
)
from cami_units.documents.form_reading import Form, words_of_row
from cami_units.documents.form_words import UNIT_ACTIONS, known_word
from cami_units.model import Note, clean_name, in_short, nearest_note, text_rows

# -- forms ----------------------------------------------------------------------------------------


def take_form(form: Form, reading: FileReading) -> None:
    """The units of a group's form: rejections, names and comments; shapes come from the KML."""
    label, base_facts, group_files = reading.label, reading.base_facts, reading.group_files
    group = form.group if form.group in base_facts.groups else named_group(label, base_facts.groups)
    group_by = "nothing"
    if group:
        group_by = "its first sheet" if group == form.group else "its name"
    else:
        group = workshop.EVERYBODY
        reading.note("form without group")
    for problem in form.problems:
        # a sheet is to a form what a folder is to a map, and a row what a placemark is
        note = problem.as_note()
        place = ("", problem.where) if "column" in note.facts else (problem.where, "")
        reading.note_in(*place, note)
    rows_of_form = [
        _with_mates(row, base_facts) | {"name_en": _typed_over(row, base_facts)}
        for row in text_rows(pd.concat([form.units, form.unfilled]))
    ]
    own_ids = base_facts.in_pack.get(group, sorted(base_facts.units))
    of_all = [_of_all(row, own_ids, base_facts) for row in rows_of_form]
    by_unit = [*map(partial(_one_unit_each, base_facts=base_facts), rows_of_form, of_all)]
    _note_of_all(rows_of_form, of_all, reading)
    names = {clean_name(name).casefold() for ones in base_facts.names.values() for name in ones}
    group_files.forms[label] = [
        form_row
        for cells in chain.from_iterable(by_unit)
        if (form_row := _form_row(cells, names - {""}, reading)) is not None
    ]
    filled = len(group_files.forms[label])
    group_files.forms[label] += _rows_of_mates(group_files.forms[label], base_facts)
    unheard = [
        words_of_row(row)
        for row, of_units in zip(rows_of_form, by_unit, strict=True)
        if row["action"] != "new"
        and not any(one["unit_id"] in base_facts.units for one in of_units)
    ]
    if unheard := list(filter(None, unheard)):
        reading.note_in("units", "", Note("form words", {"text": in_short(unheard, 20)}))
    rows_brought = form.activities
    is_of_table = rows_brought["activity_id"].ne("")
    marked = rows_brought["action"].isin(["add", "amend", "drop"])
    if activities := int(marked.where(is_of_table, rows_brought["text"].ne("")).sum()):
        reading.note_in("activities", "", Note("form activities", {"count": activities}))
    group_files.rounds[label] = form.round
    rows = filled + activities
    group_files.files.append(
        FileRead(label, reading.digest, group, group_by, rows=rows, is_form=True)
    )


def _rows_of_mates(
    rows: Iterable[workshop.FormRow], base_facts: HandedOut
) -> list[workshop.FormRow]:
    """What rows of a form ask to be merged, as rows of the other units: it is asked of them too."""
    asked = [
        (mate, request)
        for row in rows
        for request in row.requests
        if request.key == "form merges"
        for mate in cast("list[str]", request.facts["other"])
    ]
    own_rows = {row.unit_id for row in rows if row.merges}
    return [
        workshop.FormRow(mate, requests=(request,))
        for mate, request in asked
        if mate in base_facts.units and mate not in own_rows
    ]


def _with_mates(row: dict[str, str], base_facts: HandedOut) -> dict[str, str]:
    """A row of a form in which "merge with 6 and 7", as what is to be done, asks to merge with these."""
    verb, _, behind = clean_name(row["action"]).partition(" ")
    first = _FIRST_ID.search(behind)
    if row["merge_with"] or first is None or known_word(verb, ("merge",)) != "merge":
        return row
    before, named = behind[: first.start()], behind[first.start() :]
    if _COUNT.match(named):
        return row
    mates = "; ".join(ids_of_cell(named, base_facts.units))
    is_more = words_beside_ids(named, base_facts) or before.strip().casefold() not in _WITH
    more_words = row["action"] if is_more else ""
    comment = "\n".join(filter(None, (row["comment"], more_words)))
    return row | ({"action": "merge", "merge_with": mates, "comment": comment} if mates else {})


_FIRST_ID: Final = re.compile(r"(?:[CС][UУ]\W?)?\d", re.IGNORECASE)
_COUNT: Final = re.compile(r"\d+\s+(?!(?:and|и|болон|ба)\b|[和与及])[^\W\d_]", re.IGNORECASE)
"""How many, and no number of a unit: "merge 2 units", "merge into 1 unit"."""
_WITH: Final = frozenset({"", "with", "с", "со", "与", "和"})


def _typed_over(row: Mapping[str, str], base_facts: HandedOut) -> str:
    """The name that somebody typed over the one of a unit, in the column that was filled in; else nothing.

    Where nothing else is known of the unit the name may be how the group calls it. A code page that
    lacks a letter puts "?" for it.
    """
    unit_id, name = workshop.unit_id_typed(row["unit_id"]), clean_name(row["name_en"])
    if (known_names := base_facts.names.get(unit_id)) is None:
        return name
    is_known = name.casefold() in {clean_name(one).casefold() for one in known_names}
    is_known |= any(workshop.is_garbled(name, clean_name(own_name)) for own_name in known_names)
    return "" if is_known else name


def _one_unit_each(
    row: Mapping[str, str], of_all: Sequence[str], base_facts: HandedOut
) -> list[Mapping[str, str]]:
    """A row of a form for each unit that it is about: "CU-001; CU-002", or a line below the table that names one.

    `of_all` are those of a row about all units.

    A name that is typed for several units at once is that of none of them: it stands with the comment.
    """
    typed = row["unit_id"]
    if typed in base_facts.units or row["action"] == "new":
        return [row]
    ids = [one for one in ids_of_cell(typed, base_facts.units) if one in base_facts.units]
    is_all = not any(value for key, value in row.items() if key != "unit_id")
    words_of_row = [
        typed if is_all or words_beside_ids(typed, base_facts) else "",
        row["new_name"] if len(ids) > 1 else "",
        row["comment"],
    ]
    spoken = {**row, "comment": "\n".join(filter(None, words_of_row))}
    if len(ids) > 1:
        spoken["new_name"] = ""
    of_ids = [{**spoken, "unit_id": one} for one in ids]
    in_words = _of_pieces(row, base_facts) or of_all
    return _asked_of_first(of_ids, typed, base_facts) or _spoken_of(in_words, row) or [row]


def _asked_of_first(
    rows: Sequence[Mapping[str, str]], typed: str, base_facts: HandedOut
) -> list[Mapping[str, str]]:
    """Rows of the units in one cell: where other words stand beside their ids, what is asked is asked of the first.

    "CU-001, formerly CU-002" rejects one unit. A merge of all of them is asked once too: of the first, with the others.
    """
    is_merge = len(rows) > 1 and rows[0]["action"] == "merge" and not rows[0]["merge_with"]
    if not (is_merge or words_beside_ids(typed, base_facts)):
        return list(rows)
    mates = "; ".join(row["unit_id"] for row in rows[1:])
    first = [{**row, "merge_with": mates if is_merge else row["merge_with"]} for row in rows[:1]]
    nothing_asked = {"action": "", "merge_with": "", "new_name": ""}
    return [*first, *({**row, **nothing_asked} for row in rows[1:])]


def _of_pieces(row: Mapping[str, str], base_facts: HandedOut) -> list[str]:
    """The pieces of a unit that was split since a row was typed; else none."""
    whole = workshop.unit_id_typed(row["unit_id"])
    return [
        one for one in sorted(base_facts.units) if whole and one.rstrip(ascii_lowercase) == whole
    ]


def _of_all(row: Mapping[str, str], own_ids: Iterable[str], base_facts: HandedOut) -> list[str]:
    """The units of a group of which a row says that it is about all units, or all but some; else none."""
    if row["action"] == "new" or ids_of_cell(row["unit_id"], base_facts.units):
        return []
    return [*workshop.units_spoken_of(row["unit_id"], own_ids)]


def _note_of_all(
    rows: Iterable[Mapping[str, str]], of_all: Iterable[Sequence[str]], reading: FileReading
) -> None:
    """Note the rows that are about all units of a group, which `of_all` has row by row."""
    for row, unit_ids in zip(rows, of_all, strict=True):
        if unit_ids:
            facts = {"words": words_of_row(row), "count": len(unit_ids)}
            reading.note_in("units", "", Note("form all units", facts))


def _spoken_of(unit_ids: Iterable[str], row: Mapping[str, str]) -> list[Mapping[str, str]]:
    """The words of a row on several units as a comment on each: what is to be done with the whole is not done to the parts."""
    nothing = dict.fromkeys(row, "")
    return [{**nothing, "unit_id": one, "comment": words_of_row(row)} for one in unit_ids]


def _form_row(
    row: Mapping[str, str], names: Collection[str], reading: FileReading
) -> workshop.FormRow | None:
    """What a row of a form says of a unit, which the `names` of units may call; None where it says nothing of one.

    Only a map can show a new unit.
    """
    cells = {key: clean_name(value) for key, value in row.items()}
    # in two languages one below the other, as the headings are
    cells["new_name"] = clean_name(row["new_name"].strip().replace("\n", " / "))
    unit_id = workshop.unit_id_typed(cells["unit_id"])
    action = cells["action"].casefold()
    # of a new unit it says everything in one request
    comments = [] if action == "new" else [row["comment"], cells["open_question"]]
    requests = tuple(_requests(action, unit_id, cells, reading.base_facts.units))
    is_filled = any(value for key, value in cells.items() if key != "unit_id")
    if not is_filled or not (action == "new" or _may_name_unit(unit_id, names)):
        return None
    for request in requests:
        reading.note_in("units", unit_id or cells["new_name"], request)
    if action == "new" and unit_id not in reading.base_facts.units:
        return None
    typed = workshop.with_written_id(cells["new_name"], unit_id)
    name = workshop.bare_name(typed)
    if action == "new":
        name = ""  # that of the new unit: this row's keeps its own
    elif key := _asked_of_form(typed, unit_id, reading.base_facts):
        reading.note_in("units", unit_id, Note(key, {"name": cells["new_name"]}))
        comments += [name] if is_remark(typed) else []
        name = ""
    return workshop.FormRow(
        unit_id=unit_id,
        rejected=action == "reject",
        kept=action == "keep",
        merges=action == "merge",
        name=name,
        question="" if action == "new" else cells["open_question"],
        comment="\n".join(filter(None, comments)),
        requests=requests,
    )


def _may_name_unit(typed: str, names: Collection[str]) -> bool:
    """Whether a cell holds a number or the name of a unit: "Total" is none, and is told with its whole row."""
    return any(map(str.isdigit, typed)) or typed.casefold() in names


def _asked_of_form(typed: str, unit_id: str, base_facts: HandedOut) -> str:
    """What is to be asked of a new name in a form: the key of a note, or nothing.

    A unit's own id or name in place of a new one asks for nothing.
    """
    own_names = known_names(unit_id, base_facts)
    if not typed or typed in own_names:
        return ""
    is_none = workshop.is_no_name_of(typed, unit_id)
    return asked_of(typed, own_names) or ("odd name" if is_none else "")


def _requests(
    action: str, unit_id: str, cells: Mapping[str, str], known_ids: Collection[str]
) -> Iterator[Note]:
    """What a row of a form asks for that is not applied: only a map can give it, or a layer.

    Nothing of what is no unit: its words are told whole.
    """
    if unit_id not in known_ids and action != "new":
        return
    yield from _merge_requests(action, unit_id, cells, known_ids)
    if action == "new":
        clauses = list(filter(None, (cells["comment"], cells["open_question"])))
        named = Note("name behind", {"name": cells["new_name"]}) if cells["new_name"] else ""
        typed = Note("words behind", {"clauses": clauses}) if clauses else ""
        yield Note("form adds", {"named": named, "words": typed})
    if name := cells["name_en"]:
        yield Note("form name typed over", {"unit_id": unit_id, "name": name})
    keys = {"split": "form splits", "change": "form changes"}
    if action in keys:
        yield Note(keys[action], {"unit_id": unit_id})
    elif action not in ("", *UNIT_ACTIONS) and not (action == "rename" and cells["new_name"]):
        hint = nearest_note(action, UNIT_ACTIONS, "perhaps")
        yield Note("form says", {"unit_id": unit_id, "words": cells["action"], "hint": hint})
    if grade := cells["evidence_grade"]:
        yield Note("form grades", {"unit_id": unit_id, "grade": grade})


def _merge_requests(
    action: str, unit_id: str, cells: Mapping[str, str], known_ids: Collection[str]
) -> Iterator[Note]:
    """The units that a row would merge with its own, and the name that it has for all of them."""
    ids = ids_of_cell(cells["merge_with"], known_ids)
    mates = [one for one in ids or [workshop.unit_id_typed(cells["merge_with"])] if one != unit_id]
    if action == "merge" or any(mates):
        facts = {"unit_id": unit_id, "other": mates}
        yield Note("form merges" if any(mates) else "form merges with none", facts)
    if action == "merge" and cells["new_name"]:
        yield Note("form names the union", {"unit_id": unit_id, "name": cells["new_name"]})


# -- messages in the place of a name: "OK", "v2", "merge with CU-011" -----------------------------

# Names come in before an outline, in the data of one, and in a form. A message is never made a name,
# nor obeyed: it is asked about.


def _any_of(key: str) -> str:
    """The words that a phrase lists, in all languages, as a part of a pattern."""
    return "|".join(
        re.escape(word.strip()) + ("" if word.strip()[0] > "\u2e7f" else r"(?![^\W\d_])")
        for lang in words.LANGUAGES
        for word in words.text(key, lang).split(",")
    )


def _at_an_end(alternatives: str) -> re.Pattern[str]:
    """What begins or ends with such words: in the middle of a name one may be of a place."""
    pattern = rf"\W*(?:{alternatives})|.*(?<![^\W\d_])(?:{alternatives})\W*\Z"
    return re.compile(pattern, re.IGNORECASE)


REJECTING_WORDS: Final = _any_of("words that reject")
"""Words by which people reject, in all languages, as a part of a pattern."""
_REJECTING: Final = _at_an_end(REJECTING_WORDS)
_OF_A_REMARK: Final = _at_an_end(_any_of("words of a remark"))
_NO_NAMES: Final = frozenset(
    word.strip()
    for lang in words.LANGUAGES
    for word in words.text("words that are no name", lang).split(",")
)
_BRACKETS: Final = ("()", "（）", "[]")
_BEFORE_A_CROSS: Final = " -–—:,."
_COPY_MARK: Final = re.compile(r"\s*[(（]\d{1,3}[)）]")
"""By which programs tell a copy from what it is a copy of."""
_NO_LETTERS: Final = re.compile(r"[\W\d_]+")


def says_reject(name: str) -> bool:
    """Whether a name begins or ends with a word by which a unit may be meant to be rejected.

    Words are not obeyed, but asked about: only an X rejects.
    """
    return not workshop.rejects(name) and _has_rejecting_word(name)


def _has_rejecting_word(name: str) -> bool:
    """Whether a name begins or ends with a word by which people reject, with its id or without."""
    return any(map(_REJECTING.match, dict.fromkeys((name, workshop.bare_name(name)))))


def asked_of(typed: str, own_names: Iterable[str] = ()) -> str:
    """What is to be asked of what stands for the name of a unit: the key of a note, or nothing.

    Parameters
    ----------
    typed : str
        As somebody typed it; what says the unit in front of it, in whatever words, is no part of its name.
    own_names : iterable of str
        Names that the unit was handed out with: behind one of them a number is part of a name.

    Examples
    --------
    >>> [asked_of(typed) for typed in ("CU-003 OK", "v2", "see form", "merge with CU-011", "2026-11-30", "Removed")]
    ['odd name', 'odd name', 'odd name', 'odd name', 'odd name', 'word of rejection']
    >>> [asked_of(typed, ["Altai"]) for typed in ("Altai 2", "Altai - copy", "Final Gorge", "X Altai", "Altai")]
    ['', 'odd name', '', '', '']
    >>> [asked_of(typed, ["Altai", "Talas (2)"]) for typed in ("Altai (1)", "CU-003 Altai （2）", "Talas (2)")]
    ['odd name', 'odd name', '']
    >>> [asked_of(typed) for typed in ("CU-003 not priority", "Алтай, новые границы", "CU-003 没意见", "зөв", "High Altai")]
    ['odd name', '', 'odd name', 'odd name', '']
    >>> [asked_of(typed, ["Altai"]) for typed in ("CU-003 too big", "Altai, no saiga", "слишком большая", "Too-Ashuu", "太行山")]
    ['odd name', 'odd name', 'odd name', '', '']
    >>> [asked_of(typed, ["Altai"]) for typed in ("CU-003 (no saiga)", "Altai (east)", "Altai X", "Altai (X)", "Altai x2")]
    ['odd name', '', 'word of rejection', 'word of rejection', '']
    """
    name = workshop.bare_name(workshop.with_written_id(typed, workshop.numbered_id(typed)))
    handed_names = [begun for begun in own_names if begun and name.startswith(begun)]
    behind = name.removeprefix(max(handed_names, key=len)) if handed_names else name
    is_crossed = behind != name and workshop.rejects(behind.lstrip(_BEFORE_A_CROSS))
    # an X is obeyed
    has_x = workshop.rejects(typed)
    is_worded = not has_x and _has_rejecting_word(typed)
    if is_worded or is_crossed or (behind and _REJECTING.match(behind)):
        return "word of rejection"
    if not behind or has_x:
        return ""
    is_none = workshop.is_no_name(name) or name[:1] + name[-1:] in _BRACKETS
    is_message = _is_message(behind, behind != name) or (behind == name and is_none)
    return "odd name" if is_message else ""


def is_remark(typed: str) -> bool:
    """Whether what stands for the name of a unit speaks of it: "CU-003 too big", "no saiga here"."""
    return _OF_A_REMARK.match(workshop.bare_name(typed)) is not None


def _is_message(name: str, is_behind: bool) -> bool:
    """Whether words are rather a message than a name: "OK", "v2", "split?"; behind a name "(1)" too."""
    spoken = _NO_LETTERS.sub(" ", name).casefold().split()
    # a number tells one place from another, a sign alone says "done"
    is_number = not spoken and any(map(str.isalnum, name))
    is_message = not is_number and all(word in _NO_NAMES for word in spoken)
    return (
        is_message
        or (is_behind and _COPY_MARK.fullmatch(name) is not None)
        or is_remark(name)
        or name.rstrip().endswith(("?", "？"))
        or bool(workshop.unit_ids_in(name))
    )
