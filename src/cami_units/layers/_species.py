"""The species table: names, category, range states, label codes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pandas as pd

from cami_units.layers import _dialects as dialects
from cami_units.layers._layer_rows import files_of, source_entry
from cami_units.layers._reading import LayerRead
from cami_units.model import Problem, delimited_rows, listed, nearest


def species_table(entries: Iterable[Path] | None) -> LayerRead:
    """The species of a plan, one row each."""
    files, problems, is_own = files_of("species", entries)
    rows: list[dict[str, str]] = []
    sources = []
    for path in files:
        csv_rows, notes = _csv_rows(path)
        problems += notes
        if notes:
            continue
        rows += csv_rows
        entry = source_entry("species", path, (), is_own=is_own)
        sources.append(entry | {"rows": len(csv_rows), "kept": len(csv_rows), "dropped": 0})
    table = None
    if rows:
        table, notes = _species_rows(pd.DataFrame(rows).fillna(""))
        problems += notes
    elif files and not problems:
        cure = "Start from the bundled species.csv."
        problems.append(Problem("refuses", "species", "", "", "the table has no rows", cure))
    return LayerRead(table, tuple(problems), tuple(sources))


def _csv_rows(path: Path) -> tuple[list[dict[str, str]], list[Problem]]:
    """The lines of a table of species, by the names of its columns."""
    try:
        headings, *rows = delimited_rows(path.read_bytes()) or [[]]
    except (OSError, ValueError):
        cure = "Save it as 'CSV UTF-8'."
        return [], [Problem("refuses", "species", path.name, "", "cannot be read", cure)]
    names = [str(dialects.clean_text(heading) or "") for heading in headings]
    return [
        {
            name: dialects.clean_text(value) or ""
            for name, value in zip(names, row, strict=False)
            if name
        }
        for row in rows
        if any(row)
    ], []


_NEEDED: Final = ("sci_name", "name_en", "iucn_category", "range_states")
"""What nothing else can stand for; the other columns have a plain reading when they are left out."""


def _species_rows(table: pd.DataFrame) -> tuple[pd.DataFrame | None, list[Problem]]:
    missing = [column for column in _NEEDED if column not in table.columns]
    if missing:
        what = f"columns are missing: {listed(missing, 20)}"
        hints = "".join(nearest(column, table.columns) for column in missing)
        cure = f"Start from the bundled species.csv.{hints}"
        return None, [Problem("refuses", "species", "", "", what, cure)]
    table, notes = _filled(table[table["sci_name"] != ""])
    twice = sorted(table.loc[table["sci_name"].duplicated(), "sci_name"].unique())
    if twice:
        what, cure = f"species come twice: {listed(twice)}", "Keep one row a species."
        notes.append(Problem("refuses", "species", "", "", what, cure))
    if "code" not in table or (table["code"] == "").any() or table["code"].duplicated().any():
        table = table.assign(code=_codes(table))
        what = "label codes are missing or repeated: made from the scientific names"
        notes.append(Problem("note", "species", "", listed(table["code"], 20), what))
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
    what = (
        f"columns left out: {listed(absent, 20)}; so every species counts and none is sensitive, "
        "as far as they are concerned"
    )
    return table.assign(**absent), [Problem("note", "species", "", "", what)]


def _codes(table: pd.DataFrame) -> list[str]:
    """Label codes of three letters, unique: the file's own first, else from the scientific name."""
    codes_given = table["code"].tolist() if "code" in table else [""] * len(table)
    once = {code for code in codes_given if code and codes_given.count(code) == 1}
    codes_made: dict[str, str] = {}
    for name in sorted(table["sci_name"]):
        letters = re.sub("[^A-Z]", "", name.upper()) + "XYZ"
        options = (
            f"{letters[0]}{letters[first]}{letters[second]}"
            for first in range(1, len(letters))
            for second in range(first + 1, len(letters))
        )
        codes_made[name] = next(
            code for code in options if code not in once and code not in codes_made.values()
        )
    return [
        code if code in once else codes_made[name]
        for code, name in zip(codes_given, table["sci_name"], strict=True)
    ]
