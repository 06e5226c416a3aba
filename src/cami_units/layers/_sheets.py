"""Tables without shapes: the species, and what people decided against the numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain, product
from pathlib import Path
from string import ascii_uppercase
from typing import Any, Final

import pandas as pd

from cami_units.layers import _dialects as dialects
from cami_units.layers._dialects import plain_state, state_names
from cami_units.layers._layer_rows import files_of, source_entry
from cami_units.layers._point_tables import WORKBOOKS
from cami_units.layers._reading import LayerRead, rows_in_short
from cami_units.model import (
    GRADES,
    ISO2_CODES,
    InputError,
    Note,
    Problem,
    clean_text,
    delimited_rows,
    in_short,
    nearest_note,
    problem_of,
    quoted,
    truth,
)


def species_table(entries: Iterable[Path] | None) -> LayerRead:
    """The species of a plan, one row each."""
    files, problems, is_own = files_of("species", entries)
    rows: list[dict[str, str]] = []
    sources = []
    for path in files:
        csv_rows, notes = _csv_rows(path)
        problems += notes
        if any(problem.level == "refuses" for problem in notes):
            continue
        rows += csv_rows
        entry = source_entry("species", path, (), is_own=is_own)
        sources.append(entry | {"rows": len(csv_rows), "kept": len(csv_rows), "dropped": 0})
    table = None
    if rows:
        table, notes = _species_rows(pd.DataFrame(rows).fillna(""))
        problems += notes
    elif files and not any(problem.level == "refuses" for problem in problems):
        problems.append(problem_of("refuses", "species", "", "", Note("table without rows")))
    return LayerRead(table, tuple(problems), tuple(sources))


def _csv_rows(path: Path) -> tuple[list[dict[str, str]], list[Problem]]:
    """The lines of a table of species, by the names of its columns."""
    if path.suffix.casefold() in WORKBOOKS:
        return [], [problem_of("refuses", "species", path.name, "", Note("workbook not read"))]
    try:
        headings, *rows = delimited_rows(path.read_bytes()) or [[]]
    except (OSError, InputError):
        return [], [problem_of("refuses", "species", path.name, "", Note("table unreadable"))]
    names = [str(dialects.clean_text(heading) or "") for heading in headings]
    csv_rows, notes = [], list[Problem]()
    for number, row in enumerate(rows, start=2):
        if not any(row):
            continue
        cells = {
            name: dialects.clean_text(value) or ""
            for name, value in zip(names, row, strict=False)
            if name
        }
        read_cells, cell_notes = _species_cells(cells)
        where = rows_in_short([number], [cells.get("sci_name")])
        notes += [
            problem_of(
                "refuses" if note.key == _NO_TRUTH else "counted", "species", path.name, where, note
            )
            for note in cell_notes
        ]
        csv_rows.append(read_cells)
    return csv_rows, notes


_NO_TRUTH: Final = "neither yes nor no"


def _species_cells(cells: dict[str, str]) -> tuple[dict[str, str], list[Note]]:
    """The cells of a row in our words, and what is said of those that nobody can read."""
    notes = []
    words: dict[str, str] = {
        name: dialects.state_codes(cells[name]) for name in STATE_COLUMNS if name in cells
    }
    for column in (name for name in _TRUTHS if name in cells):
        if (answer := truth(cells[column])) is None:
            notes.append(Note(_NO_TRUTH, {"column": column, "came": cells[column]}))
        words[column] = "yes" if answer else "no"
    if category := cells.get("iucn_category"):
        words["iucn_category"] = code = dialects.red_list_code(category)
        if code not in dialects.RED_LIST:
            notes.append(Note("category unknown", {"came": category}))
    return cells | words, notes


def with_state_names(
    species: pd.DataFrame, countries: pd.DataFrame
) -> tuple[pd.DataFrame, list[Problem]]:
    """The species with states by name as codes, and what is said of words that are no state's."""
    columns = [name for name in countries if str(name).startswith("name_")]
    codes = state_names() | {
        plain_state(name): code
        for column in columns
        for name, code in zip(countries[column], countries["iso2"], strict=True)
        if name
    }
    notes = []
    for column in (name for name in STATE_COLUMNS if name in species):
        cells = [dialects.state_codes(cell, codes) for cell in species[column]]
        species = species.assign(**{column: cells})
        for name, cell in zip(species["sci_name"], cells, strict=True):
            if words := [word for word in cell.split(";") if word and word not in ISO2_CODES]:
                note = Note("states unknown", {"column": column, "names": in_short(words)})
                notes.append(problem_of("counted", "species", "", str(name), note))
    return species, notes


STATE_COLUMNS: Final = ("range_states", "extinct_states")
"""Columns of codes of states, ";" between them."""

_TRUTHS: Final = ("sensitive", "in_cami", "clip_to_states")
"""Columns of yes and no, which a spreadsheet saves in words of its own: TRUE, ИСТИНА, 1."""


_NEEDED: Final = ("sci_name", "name_en", "iucn_category", "range_states")
"""What nothing else can stand for; the other columns have a plain reading when they are left out."""


def _species_rows(table: pd.DataFrame) -> tuple[pd.DataFrame | None, list[Problem]]:
    """The rows of a species table with every column filled; None where one is lacking."""
    if missing := [column for column in _NEEDED if column not in table.columns]:
        hints = [nearest_note(column, table.columns) for column in missing]
        note = Note("columns missing", {"names": in_short(missing, 20), "hints": hints})
        return None, [problem_of("refuses", "species", "", "", note)]
    table, notes = _filled(table[table["sci_name"] != ""])
    if twice := sorted(table.loc[table["sci_name"].duplicated(), "sci_name"].unique()):
        note = Note("species twice", {"names": in_short(twice)})
        notes.append(problem_of("refuses", "species", "", "", note))
    if "code" not in table or (table["code"] == "").any() or table["code"].duplicated().any():
        table = table.assign(code=_codes(table))
        where = in_short(table["code"], 20)
        notes.append(problem_of("note", "species", "", where, Note("label codes made")))
    return table.sort_values("sci_name", kind="stable").reset_index(drop=True), notes


def _filled(table: pd.DataFrame) -> tuple[pd.DataFrame, list[Problem]]:
    """The table with the columns that may be left out: every species counts, none is sensitive."""
    levels = ["species" if len(name.split()) < 3 else "subspecies" for name in table["sci_name"]]
    readings: dict[str, Any] = {
        "name_ru": table["name_en"],
        "cms_name": table["sci_name"],
        "iucn_name": table["sci_name"],
        "synonyms": "",
        "cms_appendix": "",
        "in_cami": "yes",
        "taxon_level": levels,
        "sensitive": "no",
        "confidence": "",
    }
    absent = {name: value for name, value in readings.items() if name not in table.columns}
    if not absent:
        return table, []
    note = Note("columns left out", {"names": in_short(absent, 20)})
    return table.assign(**absent), [problem_of("note", "species", "", "", note)]


def _codes(table: pd.DataFrame) -> list[str]:
    """Label codes of three letters, unique: the file's own first, else from the scientific name."""
    codes_given = table["code"].tolist() if "code" in table else [""] * len(table)
    # Of two species with one code neither keeps it: nobody can say whose it was.
    once = {code for code in codes_given if code and codes_given.count(code) == 1}
    codes_made: dict[str, str] = {}
    # By name, so that a code does not hang on the order of the rows.
    for name in sorted(table["sci_name"]):
        letters = re.sub("[^A-Z]", "", name.upper()) + "XYZ"
        of_name = (
            f"{letters[0]}{letters[first]}{letters[second]}"
            for first in range(1, len(letters))
            for second in range(first + 1, len(letters))
        )
        # Of names in other letters there is one option and no second: any three letters, then.
        options = chain(of_name, map("".join, product(ascii_uppercase, repeat=3)))
        codes_made[name] = next(
            code for code in options if code not in once and code not in codes_made.values()
        )
    return [
        code if code in once else codes_made[name]
        for code, name in zip(codes_given, table["sci_name"], strict=True)
    ]


# -- what people decided against the numbers -------------------------------------------------------


COLUMNS: Final = ("when", "who", "site", "what", "old", "new", "reason", "grade")
"""When (as written), who (a group or role), which site, what, from what to what, why, how sure."""

KINDS: Final = ("adjacent", "boundary", "threshold", "species", "decision", "lock")
"""What can be overridden. `adjacent` lets a one-state site near a border past the gate G1."""


def read_overrides(path: Path | str) -> pd.DataFrame:
    """The overrides of a workshop, in the order in which they were written.

    Parameters
    ----------
    path : path
        A CSV file, as any spreadsheet saves it, with the columns ``when``, ``who``, ``site``, ``what``, ``old``, ``new``,
        ``reason``, ``grade``.

    Returns
    -------
    DataFrame
        These columns as text. Of two lines on one site and one matter the later one holds; both are
        there.

    Raises
    ------
    InputError
        With every fault: the file cannot be read, a column is missing, an unknown kind or grade, a
        line without a site, a role or a reason.
    """
    file = Path(path)
    try:
        rows = delimited_rows(file.read_bytes())
    except (OSError, InputError) as error:
        why = getattr(error, "note", quoted(error))
        raise InputError.of("overrides unreadable", file=file.name, why=why) from None
    headings = [clean_text(name).strip() for name in rows[0]] if rows else []
    if missing := [column for column in COLUMNS if column not in headings]:
        facts = {"names": in_short(missing, 8), "columns": ",".join(COLUMNS)}
        hints = [nearest_note(column, headings) for column in missing]
        raise InputError.of("overrides without column", file=file.name, hints=hints, **facts)
    # Lines that are empty are passed over and counted: a fault names the line of the file.
    filled = [(number, row) for number, row in enumerate(rows[1:], start=2) if any(row)]
    lines = [[*row, *[""] * len(headings)][: len(headings)] for _, row in filled]
    table = pd.DataFrame(lines, columns=headings, dtype=object)[list(COLUMNS)].map(
        lambda value: clean_text(value).strip()
    )
    faults = []
    for (number, _), row in zip(filled, table.itertuples(index=False), strict=True):
        if bare := [name for name in ("site", "who", "reason") if not getattr(row, name)]:
            faults.append(Note("override lacks", {"line": number, "names": in_short(bare)}))
        if row.what not in KINDS:
            facts = {"names": in_short(KINDS, 9), "hint": nearest_note(str(row.what), KINDS)}
            faults.append(Note("override unknown", {"line": number, "what": row.what, **facts}))
        if row.grade not in GRADES:
            grades = {"names": in_short(GRADES), "grade": row.grade}
            faults.append(Note("override grade", {"line": number, **grades}))
    if faults:
        raise InputError.of("overrides faulty", file=file.name, clauses=faults)
    return table
