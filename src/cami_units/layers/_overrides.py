"""What people decided against the numbers: `overrides.csv`, append-only."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Final

import pandas as pd

from cami_units.model import InputError, clean_text, listed, nearest

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
        A CSV file in UTF-8 with the columns ``when``, ``who``, ``site``, ``what``, ``old``, ``new``,
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
        text = file.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"The overrides in {file.name} cannot be read ({error}): a CSV file in UTF-8 is expected."
        ) from None
    rows = list(csv.DictReader(io.StringIO(text)))
    headings = list(rows[0]) if rows else text.strip().split(",")
    missing = [column for column in COLUMNS if column not in headings]
    if missing:
        hints = "".join(nearest(column, [str(name) for name in headings]) for column in missing)
        raise InputError(
            f"{file.name} has no column {listed(missing, 8)}.{hints} The first line must be: "
            f"{','.join(COLUMNS)}"
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS)).map(
        lambda value: clean_text(value or "").strip()
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
