"""The workshop as its folder says: nothing of the day lives in memory only.

The desk can be stopped at any moment and the day goes on by command line, and the other way round.
So each page begins here, with what is on the disk now.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final

import pandas as pd

from cami_units import store
from cami_units.commands.decide import DECISION_LOG
from cami_units.commands.group_folders import (
    RESOLUTION_COLUMNS,
    RESOLUTIONS,
    files_in,
    handed_in_sum,
    is_resolutions,
    resolution_rows,
    resolutions_beside,
)
from cami_units.commands.plenary import order_typed
from cami_units.documents.csv_tables import write_csv
from cami_units.documents.workbook_cells import read_table
from cami_units.model import InputError, clean_name, harmless

HANDED_IN: Final = "handed-in"
TAKEN_OUT: Final = "taken-out"
ROUNDS: Final = "rounds"
PACK: Final = "pack"
PLAN: Final = "plan.toml"
PROGRAMME: Final = "programme"
IMPLEMENTATION: Final = "implementation"
"""Folders of one file each: the measures of the programme in force, and how far they have come."""
ORDER: Final = "board-order.csv"
"""The order of the board by hand; a file of the workshop, so that it outlives the desk."""
MADE_AGAIN: Final = frozenset({"plenary", "figures", "annex"})
"""Folders in a round that a button makes again: a round that is measured anew does without them."""
ERRANDS: Final = ".cami-units-desk.json"
"""What was clicked and is not done yet: a desk that starts anew does it. It is there only meanwhile."""

_UNSAFE: Final = re.compile(r'[\x00-\x1f<>:"/\\|?*\x7f]+')
_LONGEST_NAME: Final = 120
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HandedFile:
    """A file in `handed-in`: where it lies, its name from there on, and whether a round has taken it in."""

    path: Path
    name: str
    sha256: str
    collected_in: str = ""


@dataclass(frozen=True, slots=True)
class RoundFolder:
    """A round on the disk: its number, what was read of each file it was collected from.

    `reads` are by SHA-256, `taken` all that was looked at, also what has no line: an archive, whose
    files have one each, or what nobody edits of a pack. `resolved` is what was chosen by then, by the
    units of each conflict. It is begun once there is something in it that measuring it anew would
    lose: decisions, activities.
    """

    path: Path
    number: int
    reads: Mapping[str, Mapping[str, Any]]
    taken: frozenset[str]
    resolved: Mapping[str, str]
    is_collected: bool
    is_decided: bool
    is_begun: bool
    imprint: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Day:
    """The state of a workshop folder.

    `current` is the latest round, `base` the one that the waiting files are compared with.
    `from_elsewhere` are the files that the command line took into the current round and that lie
    neither in `handed-in`, replaced or not, nor in `taken-out`: made anew from what lies there, it
    would lose them.
    """

    directory: Path
    rounds: tuple[RoundFolder, ...]
    files: tuple[HandedFile, ...]
    from_elsewhere: tuple[str, ...] = ()

    @property
    def current(self) -> RoundFolder | None:
        """The latest round."""
        return self.rounds[-1] if self.rounds else None

    @property
    def base(self) -> RoundFolder | None:
        """The round that files handed in now are compared with.

        A collected round is made anew from all of its files until plenary decides something, or
        activities are brought together in it: then it is the base of what comes late. So is one
        whose files are not all here.
        """
        if not self.rounds:
            return None
        last = self.rounds[-1]
        if last.is_collected and not self.is_closed and len(self.rounds) > 1:
            return self.rounds[-2]
        return last

    @property
    def is_closed(self) -> bool:
        """Whether the current round stays as it is, whatever is handed in or settled."""
        return bool(self.from_elsewhere or (self.rounds and self.rounds[-1].is_begun))

    @property
    def waiting(self) -> tuple[HandedFile, ...]:
        """Files that no round has taken in."""
        return tuple(file for file in self.files if not file.collected_in)

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The files that the next collect reads: all but those that went into an earlier base."""
        base = self.base
        # a file that went into the base, or into a round before it, is in that base
        closed = {
            sum_
            for folder in self.rounds
            if base is not None and folder.number <= base.number
            for sum_ in folder.taken
        }
        return tuple(file.path for file in self.files if file.sha256 not in closed)


def read_day(directory: Path) -> Day:
    """The workshop folder as it is now.

    Raises
    ------
    InputError
        The folder is not there, or has no round yet.
    """
    if not directory.is_dir():
        raise InputError.of("no workshop folder", folder=str(directory))
    rounds = sorted(
        (_round_folder(path, manifest) for path, manifest in _rounds(directory).items()),
        key=lambda folder: (folder.number, folder.path.name),
    )
    folder_names = {sum_: folder.path.name for folder in rounds for sum_ in folder.taken}
    files = tuple(
        HandedFile(path, name, sum_, folder_names.get(sum_, ""))
        for name, path in _files(directory / HANDED_IN).items()
        if (sum_ := sum_of(path))
    )
    from_elsewhere = _from_elsewhere(directory, rounds, files) if rounds else ()
    return Day(directory, tuple(rounds), files, from_elsewhere)


def _from_elsewhere(
    directory: Path, rounds: Sequence[RoundFolder], files: Sequence[HandedFile]
) -> tuple[str, ...]:
    """The files that something was read from for the last round, and that this folder does not have."""
    *earlier, last = rounds
    here = {file.path: file.sha256 for file in files}
    if not _read_besides(set(here.values()), last):
        return ()
    # whole rounds may lie in folders there
    out = [path for name, path in _files(directory / TAKEN_OUT).items() if "/" not in name]
    near = here | {path: sum_of(path) for path in out}
    # what an earlier round was collected from is the older of two files of one name
    older = frozenset[str]().union(*(folder.taken for folder in earlier)) - last.taken
    holders = [path for path, sum_ in near.items() if sum_ not in older]
    # a file of that name, saved once more
    replacements = [path for path, sum_ in here.items() if sum_ not in older | last.taken]
    return tuple(
        name
        for name in _read_besides(set(near.values()), last)
        if not is_inside(name, holders) and not is_label_of(name, replacements)
    )


def _read_besides(sums: Collection[str], round_: RoundFolder) -> list[str]:
    """The names of the files that something was read from for a round, besides those of some sums."""
    return [
        str(read["file"])
        for sum_, read in round_.reads.items()
        if sum_ not in sums and not read.get("refused")
    ]


def is_inside(label: str, holders: Collection[Path]) -> bool:
    """Whether a file that was read lies in one of some archives or mails, by what it was called."""
    # the last of the folders before it is "."
    return any(
        is_label_of(folder.as_posix(), holders) for folder in [*PurePosixPath(label).parents][:-1]
    )


def is_label_of(label: str, files: Iterable[Path]) -> bool:
    """Whether a label stands for one of some files.

    Of files of one name, `collect` puts as much of the folder before it as tells them apart.
    """
    ending = f"/{_folded(label)}"
    return any(_folded(file.as_posix()).endswith(ending) for file in files)


@lru_cache(maxsize=4096)
def _folded(name: str) -> str:
    """A name as Windows compares it: it may come back in other letters."""
    return clean_name(name).casefold()


def is_collected_in_full(day: Day) -> bool:
    """Whether the current round was made from the very files and resolutions that lie there now.

    Not, where the power went between a click and the end of its work. A round that is decided on
    stays as it is, whatever its files have become.
    """
    current = day.current
    if current is None or current is day.base:
        return not day.waiting
    handed_sums = {file.sha256 for file in day.files if file.path in day.inputs}
    paths = [file.path for file in day.files]
    # files of archives and mails have a line of their own, and lie in none of the folders
    inside = {sum_ for sum_, read in current.reads.items() if is_inside(str(read["file"]), paths)}
    table = open_resolutions(day, day.base, read_resolutions(day.directory))
    resolved = dict(zip(table["unit_id"], table["resolution"], strict=True))
    return (
        current.taken - (inside - handed_sums) == handed_sums and dict(current.resolved) == resolved
    )


def sum_of(path: Path) -> str:
    """The SHA-256 of a file; of one that has not changed since, as it was reckoned the last time."""
    try:
        about = path.stat()
        # every page asks after every file: on a stick of a day that is tens of megabytes
        return _sum_of(path, about.st_mtime_ns, about.st_size, about.st_ino)
    except FileNotFoundError:  # between two renames there is none for the blink of an eye
        return ""


@lru_cache(maxsize=4096)
def _sum_of(path: Path, _changed: int, _size: int, _place: int) -> str:
    """What tells a file in one of its states from others, as `collect` takes it down."""
    return handed_in_sum(path)


def _rounds(directory: Path) -> Mapping[Path, Mapping[str, Any]]:
    """The rounds of a workshop and their manifests."""
    folder = directory / ROUNDS
    return store.rounds_in(folder) if folder.is_dir() else {}


def _round_folder(path: Path, manifest: Mapping[str, Any]) -> RoundFolder:
    """A round from its manifest."""
    reads = {str(row["sha256"]): row for row in manifest.get("collected", ())}
    return RoundFolder(
        path=path,
        number=int(manifest.get("round", 0)),
        reads=reads,
        taken=frozenset({*reads, *map(str, manifest.get("looked_at", ()))}),
        resolved={
            str(row["unit_id"]): str(row["choice"]) for row in manifest.get("resolutions", ())
        },
        is_collected="collected" in manifest,
        is_decided=(path / DECISION_LOG).is_file(),
        is_begun=bool(set(store.made_beside(path)) - MADE_AGAIN),
        imprint=dict(manifest.get("imprint", {})),
    )


def _files(folder: Path) -> dict[str, Path]:
    """The files of the groups in a folder, by their names from there on: those that `collect` looks at."""
    return {
        path.relative_to(folder).as_posix(): path for path in files_in(folder) if path.is_file()
    }


# -- files in and out -----------------------------------------------------------------------------


def safe_name(name: str) -> str:
    """The name under which a file from a browser is kept: its last part, without what is no name.

    A browser may send a whole path, and a hostile page anything. What comes back is one plain name
    that Windows takes too, never empty, never hidden.

    Examples
    --------
    >>> safe_name("../../etc/passwd"), safe_name("C:\\\\stick\\\\edit S1.kmz"), safe_name("..")
    ('passwd', 'edit S1.kmz', 'file')
    """
    last = re.split(r"[/\\]", clean_name(name))[-1]
    plain = _UNSAFE.sub("_", last).strip(" .")
    if _RESERVED.match(plain):
        plain = f"_{plain}"
    stem, dot, ending = plain.rpartition(".")
    # a longer "ending" is a part of a name with a dot in it
    if dot and len(ending) <= 10:
        return f"{stem[: _LONGEST_NAME - 11]}.{ending}" if stem else f"file.{ending}"
    return plain[:_LONGEST_NAME] or "file"


def keep_file(directory: Path, name: str, content: BinaryIO) -> Path:
    """Copy a file that was dropped on the page into `handed-in`; nothing is ever replaced.

    Returns
    -------
    Path
        Where it lies: where the very same bytes lay before, under its name, or with a number behind
        it where another file has that name.
    """
    folder = directory / HANDED_IN
    plain = safe_name(name)
    sum_ = store.sha256_of_stream(content)
    for path in _files(folder).values():
        if sum_of(path) == sum_:
            return path
    path, number = folder / plain, 1
    # a file that anybody brings settles no conflict: under a name of its own it is named, and not read
    while path.exists() or is_resolutions(path):
        number += 1
        path = folder / f"{Path(plain).stem} ({number}){Path(plain).suffix}"
    return store.write_atomically(path, store.copy_of_stream(content))


def keep_only_file(directory: Path, folder: str, name: str, content: BinaryIO) -> None:
    """Copy a file into a folder that holds one; the one before it goes aside and is not lost."""
    place = directory / folder
    place.mkdir(exist_ok=True)
    for path in _files(place).values():
        store.move_aside(path, directory / TAKEN_OUT)
    store.write_atomically(place / safe_name(name), store.copy_of_stream(content))


def only_file(directory: Path, folder: str) -> Path | None:
    """The file of a folder that holds one; the last by name where somebody put in more."""
    return next(reversed(_files(directory / folder).values()), None)


def take_out(directory: Path, name: str) -> None:
    """Move a file out of `handed-in` into `taken-out`, where it harms nothing and is not lost.

    Raises
    ------
    InputError
        There is no such file among those handed in.
    """
    if (path := _files(directory / HANDED_IN).get(name)) is None:
        raise InputError.of("not handed in", file=clean_name(name), folder=HANDED_IN)
    store.move_aside(path, directory / TAKEN_OUT)


# -- what is settled ------------------------------------------------------------------------------


def resolution_file(directory: Path) -> Path:
    """The table of resolutions of the workshop, or where it will be once somebody resolves anything."""
    folder = directory / HANDED_IN
    return resolutions_beside([folder]) or folder / RESOLUTIONS


def read_resolutions(directory: Path) -> pd.DataFrame:
    """`resolutions.csv` of the workshop: unit_id, resolution, reason; without rows where there is none."""
    if not (path := resolution_file(directory)).is_file():
        return pd.DataFrame(columns=list(RESOLUTION_COLUMNS), dtype=str)
    return resolution_rows(path)


def open_resolutions(day: Day, onto: RoundFolder | None, table: pd.DataFrame) -> pd.DataFrame:
    """What is resolved, in the table of resolutions, of that which files brought onto a round.

    What settled a conflict of an earlier round says nothing of what a late file brought: the same
    line stays in the table, and `collect` passes over it.
    """
    before = {
        resolved
        for folder in day.rounds
        if onto is not None and folder.number <= onto.number
        for resolved in folder.resolved.items()
    }
    pairs = zip(table["unit_id"], table["resolution"], strict=True)
    # of a table without rows an empty list would take no column
    return table.loc[[pair not in before for pair in pairs]]


def settle(directory: Path, unit_id: str, resolution: str, reason: str) -> None:
    """Write what is to become of one conflict; an empty resolution opens it again."""
    table = read_resolutions(directory)
    others = table[table["unit_id"] != unit_id]
    row = pd.DataFrame([[unit_id, resolution, harmless(reason)]], columns=others.columns)
    resolutions = pd.concat([others, row] if resolution else [others], ignore_index=True)
    resolutions = resolutions.sort_values("unit_id", ignore_index=True)
    path = directory / HANDED_IN / RESOLUTIONS
    store.write_atomically(path, lambda target: write_csv(target, resolutions))


def read_order(directory: Path) -> tuple[str, ...]:
    """The units in the order that somebody gave the board by hand; none where nobody did."""
    if not (path := directory / ORDER).is_file():
        return ()
    return order_typed(read_table(path, columns=("unit_id",), needs=("unit_id",))["unit_id"])


def write_order(directory: Path, unit_ids: Sequence[str]) -> None:
    """Keep the order of the board with the workshop."""
    table = pd.DataFrame({"unit_id": list(dict.fromkeys(filter(None, unit_ids)))}, dtype=str)
    store.write_atomically(directory / ORDER, lambda target: write_csv(target, table))


@dataclass(frozen=True, slots=True)
class Errand:
    """Something to be made: its name, the folder of the round it is made of, and what was chosen."""

    name: str
    round: str = ""
    choices: Mapping[str, Any] = field(default_factory=dict)


def read_errands(directory: Path) -> list[Errand]:
    """What was asked for and is not done yet, in order; of a damaged file nothing."""
    path = directory / ERRANDS
    try:
        rows = store.read_json(path)["errands"] if path.is_file() else []
        return [Errand(str(row["name"]), str(row["round"]), dict(row["choices"])) for row in rows]
    except (InputError, KeyError, TypeError, ValueError):
        return []


def write_errands(directory: Path, errands: Sequence[Errand]) -> None:
    """Keep what is asked for with the workshop until it is done."""
    path = directory / ERRANDS
    if not errands:
        path.unlink(missing_ok=True)
        return
    text = json.dumps({"errands": [asdict(errand) for errand in errands]}, ensure_ascii=False)
    store.write_atomically(path, store.text_writer(text))


def mark_of_rows(table: pd.DataFrame, unit_id: str) -> str:
    """A short mark of the lines on one unit: of two people at two units nobody is in the way."""
    lines = table.loc[table["unit_id"] == unit_id].to_csv(index=False)
    return hashlib.sha256(lines.encode()).hexdigest()[:16]


def mark_of_place(directory: Path) -> str:
    """A short mark of a workshop's place on the disk: two desks may follow at one address."""
    return hashlib.sha256(os.fsencode(directory.resolve())).hexdigest()[:16]


def mark_of(paths: Iterable[Path]) -> str:
    """A short mark of what some files hold now: a page that shows an older one is out of date."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(sum_of(path).encode() or b"-")
    return digest.hexdigest()[:16]
