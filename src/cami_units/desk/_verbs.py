"""The commands as the desk calls them: the same verbs, on the folders of the day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import pandas as pd

from cami_units import store
from cami_units.cache import cache_of_round
from cami_units.commands._change_tables import CONFLICT_COLUMNS
from cami_units.commands.activities import activities
from cami_units.commands.annex import annex
from cami_units.commands.check import check
from cami_units.commands.collect import (
    Collected,
    HandedIn,
    next_directory,
    read_handed_in,
    read_pack,
    read_resolutions,
    settled,
    stored_pictures,
    write_collected,
    write_loop,
)
from cami_units.commands.decide import DECISION_LOG, decided_round
from cami_units.commands.figures import write_figures
from cami_units.commands.init import init
from cami_units.commands.lasting_ids import write_first_round
from cami_units.commands.pack import pack
from cami_units.commands.plenary import base_beside, plenary, write_board_page
from cami_units.commands.round_files import PACK_FILE, allocation, known_activities
from cami_units.commands.sensitivity import with_sensitivity, write_sensitivity
from cami_units.commands.shown_round import kept_pieces
from cami_units.desk._day import (
    HANDED_IN,
    IMPLEMENTATION,
    MADE_AGAIN,
    PACK,
    PLAN,
    PROGRAMME,
    ROUNDS,
    TAKEN_OUT,
    Day,
    Errand,
    only_file,
    read_order,
    sum_of,
)
from cami_units.model import InputError, Problem, Progress, as_typed, text_rows
from cami_units.plan import read_plan
from cami_units.store import MANIFEST, read_round

BOARD: Final = "plenary"


@dataclass(frozen=True, slots=True)
class Collecting:
    """Files that were read against a base; the same files need not be read for the next choice.

    `key` says what they hang on: the base as it stands, the packs, and each file by its checksum.
    """

    key: tuple[str, ...]
    handed_in: HandedIn


def read_day_files(
    directory: Path, day: Day, before: Collecting | None, progress: Progress
) -> Collecting:
    """What was handed in, read against the round that it is to be compared with.

    Raises
    ------
    InputError
        As :func:`cami_units.commands.collect.collect`; there is no round to compare with, or no file.
    """
    base = day.base
    if base is None:
        raise InputError.of("no round yet")
    if not day.inputs:
        raise InputError.of("nothing new handed in")
    pack_folder = directory / ROUNDS / PACK
    hangs_on = (base.path / MANIFEST, base.path / DECISION_LOG, pack_folder / PACK_FILE)
    key = tuple(map(sum_of, (*hangs_on, *day.inputs)))
    if before and before.key == key:
        return before
    # all of them as the folder that they are in, as people type it: what is passed over is the same
    is_all = len(day.inputs) == len(day.files)
    paths = [directory / HANDED_IN] if is_all else day.inputs
    handed_in = read_handed_in(
        paths, decided_round(base.path), base_dir=base.path, pack=pack_folder, progress=progress
    )
    return Collecting(key, handed_in)


def settle_day(directory: Path, day: Day, read: Collecting, progress: Progress) -> Collected:
    """The next round in memory, measured, with what is resolved by now."""
    choices, notices = read_resolutions(None, [directory / HANDED_IN], read.handed_in)
    return settled(
        read.handed_in,
        choices,
        notices=notices,
        base_dir=day.base.path if day.base else None,
        progress=progress,
    )


def write_day(day: Day, collected: Collected, progress: Progress) -> None:
    """Write the next round, as ``cami-units collect`` would."""
    target = _target(day)
    _clear_products(day, target)
    write_collected(collected, target, force=target.exists(), progress=progress)


def take_back(day: Day) -> None:
    """Set aside a round whose last file was taken out: what is compared next is what went out."""
    current = day.current
    if current is not None and current is not day.base:
        store.move_aside(current.path, day.directory / TAKEN_OUT)


def _target(day: Day) -> Path:
    """Where the next round goes: over the one that is still open, else beside its base."""
    base, current = day.base, day.current
    if base is None or current is None:
        raise InputError.of("no round yet")
    if current.path != base.path:
        return current.path
    return next_directory(base.path, decided_round(base.path))


def _clear_products(day: Day, target: Path) -> None:
    """What was drawn of a round that is measured anew shows nothing true any more.

    A board is made again at once; other folders go aside, for somebody may have worked in them.
    """
    store.discard(target / BOARD, is_ours=lambda name: name.startswith("board."))
    for name in sorted(MADE_AGAIN - {BOARD}):
        if (target / name).is_dir():
            store.move_aside(target / name, day.directory / TAKEN_OUT)


# -- before ---------------------------------------------------------------------------------------


Made: TypeAlias = tuple[Path, Sequence[Problem]]
"""The folder that a verb has made, and what was noticed."""

Verb: TypeAlias = Callable[..., Made]
"""From the workshop's folder and that of a round to what was made."""


def _make_workshop(directory: Path, round_: Path, progress: Progress, *, lang: str = "") -> Made:
    """The folder of a workshop: a plan that works as it stands, explained in a language."""
    init(directory, lang=lang)
    return directory, ()


def _propose(directory: Path, round_: Path, progress: Progress) -> Made:
    """The first round, from the plan."""
    _, problems = write_first_round(directory / PLAN, round_, progress=progress)
    return round_, problems


def _stability(directory: Path, round_: Path, progress: Progress) -> Made:
    """How sure each unit is, added to the round."""
    how_sure = with_sensitivity(read_round(round_), cache=cache_of_round(round_), progress=progress)
    return round_, write_sensitivity(how_sure, round_, progress=progress)


def _hand_out(directory: Path, round_: Path, progress: Progress) -> Made:
    """A folder for each group, for its stick."""
    packed = pack(round_, directory / ROUNDS / PACK, progress=progress)
    return packed.directory, packed.problems


BEFORE: Final[Mapping[str, Verb]] = {
    "make_workshop": _make_workshop,
    "propose": _propose,
    "stability": _stability,
    "hand_out": _hand_out,
}
"""What is made before the day, in its order; each is given the first round's folder."""


def first_round(directory: Path) -> Path:
    """The folder of the round that is handed out."""
    return directory / ROUNDS / "00-proposal"


def done_before(directory: Path) -> dict[str, Path | None]:
    """The folder of each thing that is made before the day, where it is there already."""
    first = first_round(directory)
    marks = {
        "make_workshop": (directory, directory / PLAN),
        "propose": (first, first / MANIFEST),
        "stability": (first, first / "sensitivity.csv"),
        "hand_out": (directory / ROUNDS / PACK, directory / ROUNDS / PACK / PACK_FILE),
    }
    return {name: folder if mark.is_file() else None for name, (folder, mark) in marks.items()}


def check_plan(directory: Path, progress: Progress) -> Sequence[Problem]:
    """What `cami-units check` says of the plan's layers."""
    problems, _ = check(read_plan(directory / PLAN), progress=progress)
    return problems


# -- what a round shows ---------------------------------------------------------------------------

_CHANGES: Final = (
    *("unit_id", "change", "group", "file", "before_km2", "after_km2"),
    *("criteria_gained", "criteria_lost", "states_gained", "states_lost", "applied", "facts"),
)
_PROBLEMS: Final = ("file", "placemark", "what", "assumed", "facts")


@dataclass(frozen=True, slots=True)
class LoopTables:
    """What the loop left beside a round, as text: on the disk, or measured and not written yet.

    `pictures` are label and outline for each row of `conflicts`.
    """

    changes: pd.DataFrame
    conflicts: pd.DataFrame
    problems: pd.DataFrame
    units: pd.DataFrame
    pictures: Sequence[Sequence[tuple[str, Any]]] = ()


def stored_loop(round_: Path, base: Path | None) -> LoopTables:
    """The tables of a round on the disk."""
    loop = _loop_in(round_)
    return replace(loop, pictures=stored_pictures(round_, base, loop.changes, loop.conflicts))


def fresh_loop(collected: Collected, folder: Path) -> LoopTables:
    """The tables of a round that was measured a moment ago, by way of a folder that nobody keeps."""
    write_loop(collected, folder)
    return replace(_loop_in(folder), pictures=[picture.outlines for picture in collected.pictures])


def _loop_in(folder: Path) -> LoopTables:
    """What collecting left in a folder of a round."""
    return LoopTables(
        changes=text_table(folder / "changes.csv", _CHANGES),
        conflicts=text_table(folder / "conflicts.csv", CONFLICT_COLUMNS),
        problems=text_table(folder / "problems.csv", _PROBLEMS),
        units=unit_table(folder),
    )


def unit_table(folder: Path) -> pd.DataFrame:
    """The units of a round, as text."""
    return text_table(folder / "conservation_units.csv", ("unit_id", "name_en", "name_ru"))


def text_table(path: Path, columns: Sequence[str] = ()) -> pd.DataFrame:
    """A CSV file as text, with these columns at least; without rows where there is no file."""
    if not path.is_file():
        return pd.DataFrame(columns=list(columns), dtype=str)
    # without the apostrophes that keep a spreadsheet from running a cell
    table = pd.read_csv(path, dtype=str, keep_default_na=False).map(as_typed)
    return table.assign(**{name: "" for name in columns if name not in table})


def draw_board(
    directory: Path, day: Day, page: Path, fresh: Collected | None, progress: Progress
) -> None:
    """The page of the board for the windows: of the round on the disk, or of one just measured."""
    if day.current is None:
        return
    order = board_order(directory, day.current.path)
    if fresh is None:
        round_ = decided_round(day.current.path)
        before = base_beside(day.current.path, round_)
        base = decided_round(before) if before else None
        with kept_pieces(day.current.path):
            write_board_page(page, round_, base, day.current.path, order=order, progress=progress)
        return
    with kept_pieces(day.current.path):
        # beside the page lies what the loop has left, as `collect` will write it
        write_board_page(page, fresh.round, fresh.base, page.parent, order=order, progress=progress)


def board_order(directory: Path, round_: Path) -> tuple[str, ...]:
    """What the board of a round is ordered by: by hand, where somebody has; else by rank.

    A unit of the order may be gone since; the page of the board names it.
    """
    known_ids = set(unit_table(round_)["unit_id"])
    return (*(one for one in read_order(directory) if one in known_ids), "rank")


# -- after ----------------------------------------------------------------------------------------


def _activities(directory: Path, round_: Path, progress: Progress) -> Made:
    """Forms that were handed in, the programme in force, and the tables of activities."""
    return round_, say_activities(directory, round_, progress=progress)


def say_activities(
    directory: Path, round_: Path, *, progress: Progress, **choices: Any
) -> Sequence[Problem]:
    """The command ``activities`` with what lies in the workshop; `choices` are options of it."""
    folder = directory / HANDED_IN  # as a folder: a map among the forms is passed over and named
    try:
        known = known_activities(round_)
    except InputError:
        known = None
    programme = only_file(directory, PROGRAMME) if known is None else None
    made = activities(
        round_,
        [folder] if folder.is_dir() else [],
        programme=programme,
        implementation=only_file(directory, IMPLEMENTATION),
        progress=progress,
        **choices,
    )
    return made.problems


def suggestions_of(round_: Path) -> list[dict[str, str]]:
    """What recurs in the activities of a round, for the general section: a row to tick."""
    path = round_ / "general_suggestions.csv"
    columns = (
        *("suggestion_id", "theme", "text", "other_wordings", "n_units", "of_units"),
        *("suggested", "moved"),
    )
    return text_rows(text_table(path, columns))


def _annex(directory: Path, round_: Path, progress: Progress) -> Made:
    """The annex of the round."""
    return annex(round_, progress=progress), ()


def _figures(directory: Path, round_: Path, progress: Progress) -> Made:
    """Posters, sheets and unit pages."""
    folder = round_ / "figures"
    return folder, write_figures(decided_round(round_), folder, progress=progress)


def _plenary(directory: Path, round_: Path, progress: Progress) -> Made:
    """The board as files to take along."""
    return plenary(round_, order=board_order(directory, round_), progress=progress)


def _pack(directory: Path, round_: Path, progress: Progress) -> Made:
    """Packs of this round, beside those that went out first."""
    packed = pack(round_, directory / ROUNDS / f"pack-{round_.name}", progress=progress)
    return packed.directory, packed.problems


PRODUCTS: Final[Mapping[str, Verb]] = {
    "plenary": _plenary,
    "activities": _activities,
    "annex": _annex,
    "figures": _figures,
    "pack": _pack,
}
"""What can be made after plenary, in the order of the page; each hands back its folder."""


SESSION: Final = "session"
"""The folder in a round with the forms and the programme for the themes of one session."""


def make(directory: Path, errand: Errand, progress: Progress) -> Made:
    """Make what was asked for; hands back the folder that it lies in, and what was noticed."""
    if errand.name in BEFORE:
        return BEFORE[errand.name](directory, first_round(directory), progress, **errand.choices)
    round_ = directory / ROUNDS / errand.round
    if not errand.choices:
        return PRODUCTS[errand.name](directory, round_, progress)
    choices = dict(errand.choices)
    if "ticked" in choices:
        choices |= _moves(round_, set(choices.pop("ticked")))
    return round_, say_activities(directory, round_, progress=progress, **choices)


def _moves(round_: Path, ticked_ids: set[str]) -> dict[str, list[str]]:
    """What goes to the general section, since it is ticked, and what goes back: as it is there now."""
    is_general = {
        row["suggestion_id"]: row["moved"] not in ("", "0", "false")
        for row in suggestions_of(round_)
    }
    return {
        "general": [name for name, moved in is_general.items() if name in ticked_ids and not moved],
        "back": [name for name, moved in is_general.items() if moved and name not in ticked_ids],
    }


def product_folder(directory: Path, round_: Path, name: str) -> Path:
    """Where a product lies, whether it is there or not."""
    elsewhere = {"activities": round_, "pack": directory / ROUNDS / f"pack-{round_.name}"}
    return elsewhere.get(name, round_ / name)


def places_of(directory: Path, round_: Path) -> dict[str, tuple[str, str]]:
    """The group and the section of each unit, as the packs were given out: for the order of a list."""
    decided = decided_round(round_)
    packed = read_pack(directory / ROUNDS / PACK, decided)
    if "sections" not in decided.tables:
        return {}
    sections = {str(name): (str(name),) for name in decided.tables["sections"]["section_id"]}
    groups = {str(group): names for group, names in (packed or {}).get("groups", {}).items()}
    section = _by_unit(allocation(decided, sections))
    group = _by_unit(allocation(decided, groups)) if groups else section
    return {unit: (group.get(unit, ""), section[unit]) for unit in section}


def _by_unit(table: pd.DataFrame) -> dict[str, str]:
    return dict(zip(table["unit_id"].astype(str), table["group"].astype(str), strict=True))
