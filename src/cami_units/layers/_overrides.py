"""What people decided against the numbers: `overrides.csv`, append-only."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from cami_units.model import InputError, clean_text, delimited_rows, listed, nearest

COLUMNS: Final = ("when", "who", "site", "what", "old", "new", "reason", "grade")
"""When (as written), who (a group or role), which site, what, from what to what, why, how sure."""

KINDS: Final = ("adjacent", "boundary", "threshold", "species", "decision", "lock")
"""What can be overridden. `adjacent` lets a one-state site near a border past the gate G1."""

GRADES: Final = ("A", "B", "C", "D", "N")


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
    except (OSError, ValueError) as error:
        raise InputError(f"The overrides in {file.name} cannot be read ({error}).") from None
    headings = [clean_text(name).strip() for name in rows[0]] if rows else []
    missing = [column for column in COLUMNS if column not in headings]
    if missing:
        hints = "".join(nearest(column, headings) for column in missing)
        raise InputError(
            f"{file.name} has no column {listed(missing, 8)}.{hints} The first line must be: "
            f"{','.join(COLUMNS)}"
        )
    lines = [[*row, *[""] * len(headings)][: len(headings)] for row in rows[1:] if any(row)]
    table = pd.DataFrame(lines, columns=headings, dtype=object)[list(COLUMNS)].map(
        lambda value: clean_text(value).strip()
    )
    faults = []
    for number, row in enumerate(table.itertuples(index=False), start=2):
        bare = [name for name in ("site", "who", "reason") if not getattr(row, name)]
        if bare:
            faults.append(f"line {number} has no {listed(bare)}")
        if row.what not in KINDS:
            faults.append(
                f"line {number}: '{row.what}' is unknown, {listed(KINDS, 9)} can be overridden"
                + nearest(str(row.what), KINDS)
            )
        if row.grade not in GRADES:
            faults.append(f"line {number}: the grade is one of {listed(GRADES)}, not '{row.grade}'")
    if faults:
        raise InputError(f"{file.name} is not as expected: " + "; ".join(faults) + ".")
    return table
