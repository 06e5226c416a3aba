"""Plenary: a board of one unit a screen, in three forms that show the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd

from cami_units import cache, kml, scene, store, workshop
from cami_units.commands._change_tables import of_pieces
from cami_units.commands.decide import decided_round, decisions_told, left_ground, shared_ground
from cami_units.commands.round_files import (
    ACTIVITY_LOG,
    allocation,
    groups_in,
    known_activities,
    table_left,
)
from cami_units.commands.shown_round import (
    cache_of_layers,
    drawn_scenes,
    kept_pieces,
    legend_png,
    public_layers,
    stamp_of_layers,
    told_fences,
)
from cami_units.documents.board import write_board, write_slides
from cami_units.documents.board_slides import ORDERS, Loop, boards
from cami_units.model import (
    InputError,
    Note,
    Problem,
    Progress,
    Round,
    clean_name,
    in_short,
    nearest_note,
    problem_of,
    quiet,
)

_FILES: Final = ("board.html", "board.pptx", "board.kmz")


def plenary(
    directory: Path,
    out: Path | None = None,
    *,
    before: Path | None = None,
    lang: str = "",
    order: Sequence[str] = ("rank",),
    progress: Progress = quiet,
) -> tuple[Path, tuple[Problem, ...]]:
    """Make the board of a round: HTML, PPTX and a KMZ with a tour.

    Parameters
    ----------
    directory : Path
        The folder of the round that plenary is to decide on.
    out : Path, optional
        Where to; ``None``: ``plenary`` in the round. Boards that are there are replaced.
    before : Path, optional
        The folder of the round before, drawn dashed behind each unit and compared with it;
        ``None``: the one beside this round that it was collected against, if it is there.
    lang : str
        Language that the board opens in, and of slides and tour; nothing: the first of the round.
        The page holds all languages of the round.
    order : sequence of str
        ``rank``, ``group`` or ``section``, or ids of units that come first: the order by hand.

    Returns
    -------
    Path
        The folder of the board.
    tuple of Problem
        What had to be simplified in the KMZ.

    Raises
    ------
    InputError
        A folder is no round, the folder of the board holds something else, or the order names no
        unit of the round.
    """
    round_ = decided_round(directory)
    earlier = before or base_beside(directory, round_)
    base = decided_round(earlier) if earlier else None
    first = lang or round_.imprint.languages[0]
    order = _known_order(round_, order)
    target = out or directory / "plenary"
    store.check_only(target, is_ours=lambda name: name in _FILES)
    with kept_pieces(directory), store.staging(target, replace=True) as folder:
        scenes = _scenes(round_, first)
        shown = boards(round_, scenes, _loop(directory, round_, base), order=order)
        write_board(folder / "board.html", shown, imprint=round_.imprint, progress=progress)
        progress("writing the board", 0, 0)
        write_slides(folder / "board.pptx", shown[0], imprint=round_.imprint)
        problems = _write_tour(folder / "board.kmz", round_, base, scenes[0])
    if base is None and (made_from := round_.manifest.get("base")):
        note = Note("base not beside", {"number": str(made_from.get("round", ""))})
        problems = (problem_of("note", "conservation_units", "", "", note), *problems)
    return target, problems


def order_typed(order: Iterable[str], unit_ids: Iterable[str] = ()) -> tuple[str, ...]:
    """An order as somebody typed it, with ids and words as they are written; what is neither stays.

    Of `unit_ids` a range takes in what is between its ends.
    """
    known_ids = tuple(unit_ids)
    return tuple(
        one
        for word in map(clean_name, order)
        for one in workshop.unit_ids_listed(word, known_ids)
        or [word.lower() if word.lower() in ORDERS else word]
        if one
    )


def _known_order(round_: Round, order: Sequence[str]) -> tuple[str, ...]:
    """An order as it is written; refused with what the round does not know, by name."""
    unit_ids = sorted(map(str, round_.tables["conservation_units"]["unit_id"]))
    written, known = order_typed(order, unit_ids), (*ORDERS, *unit_ids)
    if unknown := [one for one in written if one not in known]:
        hints = [nearest_note(one, known) for one in unknown]
        facts = {"names": in_short(unknown), "orders": in_short(ORDERS), "hints": hints}
        raise InputError.of("order unknown", units=in_short(unit_ids), **facts)
    return written


def write_board_page(
    path: Path,
    round_: Round,
    base: Round | None,
    beside: Path,
    *,
    order: Sequence[str] = ("rank",),
    progress: Progress = quiet,
) -> None:
    """Write the page of the board alone, of a round that need not be on the disk yet.

    Parameters
    ----------
    path : Path
        The page.
    round_, base : Round
        With its decisions; and the round before, if there is one.
    beside : Path
        The folder with what the loop left: the log of decisions, changes, conflicts, activities.
    order : sequence of str
        As in :func:`plenary`.
    """
    loop = _loop(beside, round_, base)
    shown = boards(round_, _scenes(round_, round_.imprint.languages[0]), loop, order=order)
    write_board(path, shown, imprint=round_.imprint, progress=progress)


def _scenes(round_: Round, first: str) -> list[scene.Scene]:
    """A round as it is drawn in each of its languages, the one that the board opens in first."""
    # The reader switches the language on the page; slides and tour speak the first one.
    languages = (first, *(language for language in round_.imprint.languages if language != first))
    return drawn_scenes(round_, languages)


def _loop(directory: Path, round_: Round, base: Round | None) -> Loop:
    """What the loop has left beside a round, as far as it has come."""
    conflicts = (
        *("unit_id", "groups", "overlap_km2", "default", "resolution", "open"),
        *("kind", "what", "facts"),
    )
    changes = ("unit_id", "change", "group", "decision", "note", "applied", "reason", "facts")
    sections = groups_in(round_)
    # a decision leaves outlines alone, and so whose they are; to measure that fetches scipy
    outlines = round_.tables["conservation_units"][["unit_id", "geometry"]]
    owners = cache.kept_table(
        cache_of_layers(round_),
        "allocation",
        [outlines, sections],
        lambda: allocation(round_, sections),
    )
    return Loop(
        log=decisions_told(directory, round_),
        before=base,
        changes=_table(directory / "changes.csv", changes),
        conflicts=_about_pieces(_table(directory / "conflicts.csv", conflicts), round_),
        activities=known_activities(directory),
        activity_log=store.read_log(directory / ACTIVITY_LOG, columns=workshop.LOG_COLUMNS),
        groups=dict(zip(owners["unit_id"], owners["group"], strict=True)),
        sections=dict(zip(owners["unit_id"], owners["section_id"], strict=True)),
        shared_ground=_shared(round_),
        fences=told_fences(round_).get("fences"),
        left_ground={
            unit_id: (into, km2)
            for unit_id, into, km2 in left_ground(round_).itertuples(index=False)
        },
    )


def _about_pieces(conflicts: pd.DataFrame | None, round_: Round) -> pd.DataFrame | None:
    """Conflicts of units that were split all the same, as those of their pieces."""
    pieces = workshop.pieces_of(round_.tables["conservation_units"])
    if conflicts is None or not pieces:
        return conflicts
    # a column stays one of text where it has no row; a list would make it one of numbers
    unit_ids = conflicts["unit_id"].map(partial(of_pieces, pieces=pieces))
    return conflicts.assign(unit_id=unit_ids)


def _shared(round_: Round) -> dict[str, list[tuple[str, float]]]:
    """What other units each unit shares ground with, and the km²."""
    units = round_.tables["conservation_units"]
    outlines = scene.shown_units(units)[["unit_id", "geometry"]]
    table = cache.kept_table(
        cache_of_layers(round_), "shared ground", [outlines], lambda: shared_ground(round_)
    )
    shared: dict[str, list[tuple[str, float]]] = {}
    for unit_id, other_id, km2 in table.itertuples(index=False):
        shared.setdefault(unit_id, []).append((other_id, km2))
    return shared


def base_beside(directory: Path, round_: Round) -> Path | None:
    """The folder beside a round that holds the round it was made from; ``None`` where none does.

    Two folders that both could be it are none: nothing is guessed.
    """
    if not (base := round_.manifest.get("base")):
        return None
    folders = [
        path
        for path, manifest in store.rounds_in(directory.resolve().parent).items()
        if path != directory.resolve()
        and manifest.get("round") == base.get("round")
        and manifest["imprint"].get("title") == base.get("title")
    ]
    return folders[0] if len(folders) == 1 else None


def _table(path: Path, columns: Sequence[str]) -> pd.DataFrame | None:
    """A table that `collect` left in the round; ``None`` where it left none."""
    try:
        return table_left(path, columns=columns, needs=columns[:1])
    except InputError as error:
        raise InputError.of("table left unreadable", why=error.note, file=str(path)) from error


def _write_tour(
    path: Path, round_: Round, before: Round | None, shown_scene: scene.Scene
) -> tuple[Problem, ...]:
    """Write the KMZ that flies from unit to unit, with what groups pinned and the round before."""
    tables, lang = round_.tables, shown_scene.lang
    units, remarks = gpd.GeoDataFrame(tables["conservation_units"]), tables.get("remarks")
    shown_units = scene.shown_units(units).reset_index(drop=True)

    def tour_layers() -> dict[str, gpd.GeoDataFrame]:
        """What lies around the units."""
        map_layers = public_layers(round_)
        return {name: map_layers[name] for name in _TOUR_LAYERS if name in map_layers}

    stamp = stamp_of_layers(round_)
    writers = kml.earth_writers(
        shown_units,
        cards=shown_scene.cards,
        imprint=round_.imprint,
        lang=lang,
        # other layers than those of the round's own KMZ, and so another stamp
        layers=scene.LaterLayers(stamp and b"tour" + stamp, tour_layers),
        typed=remarks if isinstance(remarks, gpd.GeoDataFrame) else None,
        species=tables["species"],
        pack=kml.Pack(
            before=None if before is None else gpd.GeoDataFrame(before.tables["conservation_units"])
        ),
        legend=partial(legend_png, lang=lang),
    )
    return writers["earth-pro"](path)


_TOUR_LAYERS: Final = (
    *("countries", "borders", "disputed", "sections"),
    *("hotspots", "protected_areas", "gazetteer"),
)
