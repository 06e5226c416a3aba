"""Logs that only grow: a line is on the disk before anything else happens."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import pandas as pd

from cami_units.model import InputError, delimited_rows, in_short, listed
from cami_units.store._atomic_write import (
    Writer,
    copy_of,
    disk_words,
    exclusive,
    flush,
    text_writer,
    write_atomically,
)


def append_to_log(path: Path, row: Mapping[str, str], *, columns: Sequence[str]) -> None:
    """Add one line to a CSV that only ever grows, and see it onto the disk before going on.

    Parameters
    ----------
    path : Path
        The log. It is made, with a line of column names, when it is not there.
    row : mapping
        A value for each column, on one line; control characters have no place in it.
    columns : sequence of str
        The columns of the log, in order.

    Raises
    ------
    InputError
        When the file is something else, cannot be written to, or the disk is full.

    Notes
    -----
    A line counts once its line feed is written. What a power cut has left of a last line is cut
    off before the next one is added, unless it has all its columns (somebody edited the file by
    hand and left out the last line feed). A note that somebody typed there is refused as any other line
    that is none of the log's.
    """
    with exclusive(path.parent), disk_words(path):
        _append(path, [[row[column] for column in columns]], columns)
        flush(path.parent)


def extended_log(path: Path, lines: pd.DataFrame, *, columns: Sequence[str]) -> Writer:
    """A writer of a log as it stands when it is asked, and of further lines after those."""

    def write(target: Path) -> None:
        if path.is_file():
            copy_of(path)(target)
        _append(target, lines[list(columns)].to_numpy().tolist(), columns)

    return write


def _append(path: Path, lines: list[list[str]], columns: Sequence[str]) -> None:
    """Add lines to a log, whoever else is at work."""
    # One decision, one line: a line break inside one would be torn in two by the next mending.
    odd = [value for line in lines for value in line if any(ord(letter) < 32 for letter in value)]
    if odd:
        raise InputError.of("log line", file=path.name, words=repr(listed(odd, 1)))
    content = path.read_bytes() if path.is_file() else b""
    ours = _as_written(content, columns)
    if b"\n" not in ours and not _is_begun(ours, columns):  # nothing of ours: it would be cut off
        raise InputError.of("log with other columns", file=path.name, names=",".join(columns))
    if ours != content:
        write_atomically(path, text_writer(ours.decode("utf-8")))
    if _mended_log(path, columns):
        _widen(path, columns)
    else:
        lines = [list(columns), *lines]
    length = path.stat().st_size if path.is_file() else 0
    try:
        with path.open("ab") as stream:
            stream.write("".join(map(_csv_line, lines)).encode("utf-8"))
            stream.flush()
            # On the disk before anybody is told that it is decided.
            os.fsync(stream.fileno())
    except OSError:
        # of a line that a full disk has no room for nothing stays, nor a log that holds none
        with suppress(OSError):
            os.truncate(path, length) if length else path.unlink()
        raise


def read_log(path: Path, *, columns: Sequence[str]) -> pd.DataFrame:
    """The lines of a log that :func:`append_to_log` keeps, as text; no file is a log of no lines.

    Raises
    ------
    InputError
        When the columns are not those expected, naming them, or a line inside is damaged, naming
        its number. A last line that a power cut has left unfinished is passed over.

    Notes
    -----
    A log that a spreadsheet saved in its own way (semicolons, the code page of its language, days
    first) is read as the log it was; the next line is added to that, and no longer to the spreadsheet's.
    """
    if path.is_dir():
        raise InputError.of("folder for a log", folder=str(path))
    if not path.is_file():
        return _no_lines(columns)
    with disk_words(path):
        content = path.read_bytes()
    content = _as_written(content, columns)
    if _is_begun(content, columns):
        return _no_lines(columns)
    lines = content.decode("utf-8-sig", "replace").split("\n")
    log_columns = _csv_fields(lines[0])
    if not _is_older(log_columns, columns):
        raise InputError.of("log with other columns", file=path.name, names=",".join(columns))
    rows, damaged = [], []
    for number, line in enumerate(lines[1:], start=2):
        fields = _csv_fields(line)
        if len(fields) == len(log_columns):
            rows.append(fields + [""] * (len(columns) - len(log_columns)))
        elif line.strip("\r ") and (number < len(lines) or _is_note(line, lines[1:-1])):
            damaged.append(number)
    if damaged:
        raise _damaged(path, damaged, len(log_columns))
    return pd.DataFrame(rows, columns=list(columns), dtype=str) if rows else _no_lines(columns)


def _damaged(path: Path, numbers: Sequence[int], width: int) -> InputError:
    """What is said of a log with lines, by their numbers, that are none of its own."""
    facts = {"lines_damaged": in_short(numbers), "count": width}
    return InputError.of("log damaged", file=path.name, **facts)


def _is_note(torn: str, lines: Iterable[str]) -> bool:
    """Whether a last line without its end was typed by a person and not torn as it was written.

    No cell of ours begins with a space, and none of the first ones (an id, a time) has one behind a letter.
    Nor does any lack a digit in a first cell that is whole, or begins otherwise than those of the `lines`
    before: a torn one may, behind the name of a group.

    Examples
    --------
    >>> [_is_note(line, ()) for line in ("ask Anna", "CU-003: who?", "CU-003, who?", "CU-003,01,agr", 'CU-003,01,"a, b')]
    [True, True, True, False, False]
    >>> [_is_note(line, ["west-001,add"]) for line in ("checked", "проверено", "checked,ok", "CU-", "wes", "west-0", "2026")]
    [True, True, True, False, False, False, False]
    """
    if _TYPED.match(_QUOTED.sub("", torn)):
        return True
    first, comma, _ = torn.partition(",")
    is_id = any(map(str.isdigit, first)) or sum(map(str.isalpha, first)) < _WORD
    return not is_id and (bool(comma) or not any(line.startswith(first) for line in lines))


_WORD: Final = 3
"""Letters of a word; ids of units, and of most groups, begin with fewer."""


_TYPED: Final = re.compile(r"[^,]*[^\d,\s]\s+\S|.*,\s")
_QUOTED: Final = re.compile(r'"[^"]*(?:"|\Z)')
_ROUNDED: Final = re.compile(r"\d(?:[.,]\d+)?E[+-]\d+")
"""A hash that a spreadsheet took for a number: what it was is lost."""
_TYPED_TIME: Final = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4})(?: (\d\d?):(\d\d)((?::\d\d)?))?")


def _as_written(content: bytes, columns: Sequence[str]) -> bytes:
    """A log as this program writes it, whatever spreadsheet saved it since; a log of ours as it is."""
    if _is_ours(content, columns):
        return content
    try:
        table = [_unwrapped(row) for row in delimited_rows(content)]
    except ValueError:
        return content
    heading = [name for name in table[0] if name] if table else []
    rows = [row for row in table[1:] if any(row)]
    is_lost = any(_ROUNDED.fullmatch(cell) for row in rows for cell in row)
    if is_lost or not _is_older(heading, columns):
        return content
    if "time" in heading:
        place = heading.index("time")
        rows = [
            [*row[:place], *map(_iso_time, row[place : place + 1]), *row[place + 1 :]]
            for row in rows
        ]
    return "".join(map(_csv_line, [heading, *rows])).encode("utf-8")


def _is_ours(content: bytes, columns: Sequence[str]) -> bool:
    """Whether a log, a torn last line aside, is UTF-8 with commas, as it was written."""
    if _is_begun(content, columns):
        return True
    whole = content[: content.rfind(b"\n") + 1]  # the last line may be torn within a letter too
    text = whole.decode("utf-8-sig", "replace")
    if not _is_utf8(text):
        return False
    heading, *lines = text.split("\n")
    # a spreadsheet that knows semicolons only keeps each line in one cell, and quotes it as that
    is_one_cell = any(len(_csv_fields(line)) == 1 for line in lines if line)
    return not is_one_cell and _is_older(_csv_fields(heading), columns)


def _is_begun(content: bytes, columns: Sequence[str]) -> bool:
    """Whether nothing is there but the line of columns, or what a power cut has left of it."""
    return ",".join(columns).startswith(content.decode("utf-8-sig", "replace"))


def _is_utf8(text: str) -> bool:
    """Whether a text came out of UTF-8, with a damaged letter here and there at most.

    Letters of another code page are hardly ever UTF-8 by chance: nearly all of a word would be lost.
    """
    lost = text.count("\ufffd")
    # two letters are no word; of more, one in five
    return lost <= 2 or lost * 5 <= sum(letter > "\x7f" for letter in text)


def _unwrapped(row: list[str]) -> list[str]:
    """The cells of a line that stands in the first cell of its row, all others empty."""
    is_one = len(row) > 0 and not any(row[1:]) and "," in row[0]
    return _csv_fields(row[0]) or row if is_one else row


def _iso_time(text: str) -> str:
    """A time as ISO 8601 has it, where a spreadsheet put the day first."""
    if (match := _TYPED_TIME.fullmatch(text.strip())) is None:
        return text
    day, month, year, hour, minute, second = match.groups()
    date = f"{year}-{int(month):02d}-{int(day):02d}"
    return f"{date}T{int(hour):02d}:{minute}{second}" if hour else date


def _no_lines(columns: Sequence[str]) -> pd.DataFrame:
    """A log without lines, of text all the same."""
    return pd.DataFrame({column: pd.Series(dtype=str) for column in columns})


def _is_older(log_columns: Sequence[str], columns: Sequence[str]) -> bool:
    """Whether a log has the columns of today, or the first of them, as it was begun long ago."""
    return bool(log_columns) and list(log_columns) == list(columns[: len(log_columns)])


def _widen(path: Path, columns: Sequence[str]) -> None:
    """Give a log that was begun with fewer columns those of today: whole, or not at all."""
    # at line feeds only: further signs end a line for Python, and stand in what people type
    heading, *lines = path.read_bytes().decode("utf-8-sig", "replace").split("\n")
    log_columns = _csv_fields(heading)
    if not _is_older(log_columns, columns) or len(log_columns) == len(columns):
        return
    rows = [fields for line in lines if (fields := _csv_fields(line))]
    missing = len(columns) - len(log_columns)
    text = "".join(map(_csv_line, [list(columns), *(row + [""] * missing for row in rows)]))
    write_atomically(path, text_writer(text))


def _mended_log(path: Path, columns: Sequence[str]) -> bool:
    """Whether the log has its first line; an unfinished last line is finished or cut off."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        return False
    if (content := path.read_bytes()) and not content.endswith(b"\n"):
        before_last, _, torn = content.rpartition(b"\n")
        width = len(_csv_fields(before_last.partition(b"\n")[0].decode("utf-8-sig", "replace")))
        # A last line without its end is either whole and lacks the break, or was torn when the
        # power went.
        is_complete = bool(before_last) and len(_csv_fields(torn.decode("utf-8", "replace"))) in (
            len(columns),
            width,
        )
        lines = before_last.decode("utf-8", "replace").split("\n")
        if not is_complete and _is_note(torn.decode("utf-8", "replace"), lines):
            raise _damaged(path, [content.count(b"\n") + 1], width)
        with path.open("r+b") as stream:
            if is_complete:
                stream.seek(0, os.SEEK_END)
                stream.write(b"\n")
            else:
                stream.truncate(len(before_last) + 1 if b"\n" in content else 0)
            stream.flush()
            os.fsync(stream.fileno())
        return is_complete or bool(before_last)
    return bool(content)


def _csv_line(values: Sequence[str]) -> str:
    """Values as one line of a CSV, quoted where they must be."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(values)
    return buffer.getvalue()


def _csv_fields(line: str) -> list[str]:
    """The cells of a line; none where it ends within quotes."""
    try:
        return next(csv.reader([line.rstrip("\r")], strict=True), [])
    except csv.Error:  # it ends within quotes
        return []
