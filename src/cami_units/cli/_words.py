"""Words for a terminal: cleaned, wrapped, counted, in rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

LEVEL_MARKS: Final = {"refuses": ("✗", "red"), "counted": ("!", "yellow"), "note": ("·", "dim")}


def terminal(*, stderr: bool = False) -> Console:
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def say(words: object, *, style: str = "", stderr: bool = False) -> None:
    """One thing said, cleaned: nothing from a file moves the cursor or sets a colour."""
    from cami_units.model import clean_text

    lines = str(words).split("\n")
    clean = "\n".join(line[: _indent(line)] + clean_text(line) for line in lines)
    terminal(stderr=stderr).print(Text(clean, style=style), soft_wrap=True)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def one_line(value: object) -> str:
    from cami_units.model import clean_name

    return clean_name(value)


def counted(number: int, singular: str, plural: str = "") -> str:
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def say_rows(rows: Sequence[Sequence[object]], *, indent: int = 2) -> None:
    """Rows of words in aligned columns; wide characters count as two."""
    cells = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        )
        say((" " * indent + "  ".join(padded)).rstrip())
