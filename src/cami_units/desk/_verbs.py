"""The commands as the desk calls them: the same verbs, on the folders of the day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from cami_units import store
from cami_units.commands.activities import activities
from cami_units.commands.annex import annex
from cami_units.commands.collect import collect, next_directory, read_pack, write_collected
from cami_units.commands.decide import decided_round
from cami_units.commands.figures import write_figures
from cami_units.commands.pack import pack
from cami_units.commands.plenary import plenary
from cami_units.commands.stored_round import allocation
from cami_units.desk._day import HANDED_IN, PACK, RESOLUTIONS, ROUNDS, Day, read_day
from cami_units.model import InputError, Progress

BOARD: Final = "plenary"


def collect_day(directory: Path, progress: Progress) -> Path:
    """Collect what was handed in, as ``cami-units collect`` would; hands back the round's folder.

    Raises
    ------
    InputError
        As :func:`cami_units.commands.collect.collect`; there is no round to compare with, or no file.
    """
    day = read_day(directory)
    base = day.base
    if base is None:
        raise InputError("There is no round yet. Make one with: cami-units propose plan.toml")
    if not day.inputs:
        raise InputError("Nothing is handed in that no round has taken in.")
    before = decided_round(base.path)
    target = _target(day)
    _clear_board(target)
    store.check_place(target, force=target.exists())
    resolutions = directory / HANDED_IN / RESOLUTIONS
    collected = collect(
        day.inputs,
        before,
        base_dir=base.path,
        pack=directory / ROUNDS / PACK,
        resolutions=resolutions if resolutions.is_file() else None,
        progress=progress,
    )
    write_collected(collected, target, force=target.exists(), progress=progress)
    return target


def _target(day: Day) -> Path:
    """Where the next round goes: over the one that is still open, else beside its base."""
    base, current = day.base, day.current
    if base is None or current is None:
        raise InputError("There is no round yet. Make one with: cami-units propose plan.toml")
    if current.path != base.path:
        return current.path
    return next_directory(base.path, decided_round(base.path))


def _clear_board(target: Path) -> None:
    """A board of a round that is measured anew shows nothing true any more; it is made from it."""
    store.discard(target / BOARD, is_ours=lambda name: name.startswith("board."))


# -- after ----------------------------------------------------------------------------------------


def _activities(directory: Path, round_: Path, progress: Progress) -> Path:
    """Forms that were handed in, and the tables of activities."""
    forms = [file.path for file in read_day(directory).files]
    activities(round_, forms, progress=progress)
    return round_


def _annex(directory: Path, round_: Path, progress: Progress) -> Path:
    """The annex of the round."""
    return annex(round_, progress=progress)


def _figures(directory: Path, round_: Path, progress: Progress) -> Path:
    """Posters, sheets and unit pages."""
    folder = round_ / "figures"
    write_figures(decided_round(round_), folder, progress=progress)
    return folder


def _plenary(directory: Path, round_: Path, progress: Progress) -> Path:
    """The board as files to take along."""
    folder, _ = plenary(round_, progress=progress)
    return folder


def _pack(directory: Path, round_: Path, progress: Progress) -> Path:
    """Packs of this round, beside those that went out first."""
    target = directory / ROUNDS / f"pack-{round_.name}"
    return pack(round_, target, progress=progress).directory


PRODUCTS: Final[Mapping[str, Callable[[Path, Path, Progress], Path]]] = {
    "plenary": _plenary,
    "activities": _activities,
    "annex": _annex,
    "figures": _figures,
    "pack": _pack,
}
"""What can be made after plenary, in the order of the page; each hands back its folder."""


def product_folder(directory: Path, round_: Path, name: str) -> Path:
    """Where a product lies, whether it is there or not."""
    return {
        "activities": round_,
        "pack": directory / ROUNDS / f"pack-{round_.name}",
    }.get(name, round_ / name)


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


def conflicts_of(round_: Path) -> pd.DataFrame:
    """`conflicts.csv` of a round as text; no rows where there is none."""
    path = round_ / "conflicts.csv"
    columns = ("unit_id", "groups", "overlap_km2", "default", "resolution", "kind", "what")
    if not path.is_file():
        return pd.DataFrame(columns=list(columns), dtype=str)
    return pd.read_csv(path, dtype=str, keep_default_na=False)
