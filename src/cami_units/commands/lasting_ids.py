"""Ids hold: a proposal computed again takes the ids of the round that was handed out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import geopandas as gpd

from cami_units import cache, drawn_pieces, layers, store, workshop
from cami_units.commands.propose import propose
from cami_units.commands.round_files import PACK_FILE, write_proposal
from cami_units.commands.shown_round import crs_of
from cami_units.model import InputError, Problem, Progress, Round, clean_name, listed, quiet
from cami_units.plan import read_plan

PACK: Final = "pack"


def with_ids_from(proposal: Round, directory: Path) -> Round:
    """A proposal under the ids of an earlier round: each place keeps its own, no other gets it.

    Parameters
    ----------
    proposal : Round
        As :func:`cami_units.propose` makes it.
    directory : Path
        The folder of the earlier round. Its hash goes into the manifest.

    Raises
    ------
    InputError
        The folder holds no round.
    """
    earlier = store.read_round(directory)
    ids_used = [str(unit_id) for unit_id in earlier.manifest.get("ids_used", ())]
    ids = workshop.lasting_ids(
        _flat(proposal, proposal), _flat(earlier, proposal), used_ids=ids_used
    )
    tables = {}
    for name, table in proposal.tables.items():
        if "unit_id" in table:
            table = table.assign(unit_id=table["unit_id"].map(lambda old: ids.get(old, old)))
            # Those are in the order of their cells, which no id changes.
            if name != "planning_units":
                table = table.sort_values("unit_id", kind="stable", ignore_index=True)
        tables[name] = table
    # Every id that anybody ever saw: one that was given up must not come back for another place.
    ever = {*ids_used, *map(str, earlier.tables["conservation_units"]["unit_id"]), *ids.values()}
    manifest = {
        **proposal.manifest,
        "ids_used": sorted(ever),
        "ids_from": {
            "round": int(earlier.imprint.number),
            "title": earlier.imprint.title,
            "manifest_sha256": store.sha256(directory / store.MANIFEST),
        },
    }
    return replace(proposal, tables=tables, manifest=manifest)


def check_ids_stay(proposal: Round, directory: Path, *, ids_from: Path | None = None) -> None:
    """Refuse to replace a round that was packed, where an id would come to another place or be gone.

    Parameters
    ----------
    proposal : Round
        The round that is about to be written.
    directory : Path
        The folder that it would replace.
    ids_from : Path, optional
        The round whose ids it has.

    Raises
    ------
    InputError
        Naming each id that would move, and what it would be.
    """
    pack = directory.resolve().parent / PACK / PACK_FILE
    if not pack.is_file() or not (directory / store.MANIFEST).is_file():
        return
    earlier = store.read_round(directory)
    about = store.read_json(pack)
    # packs of another round do not hold these ids
    if not isinstance(about, dict) or str(about.get("round")) != earlier.imprint.number:
        return
    ids = workshop.lasting_ids(_flat(proposal, proposal), _flat(earlier, proposal))
    old = earlier.tables["conservation_units"].set_index("unit_id")["name_en"]
    new = proposal.tables["conservation_units"].set_index("unit_id")["name_en"]
    moving = [
        f"{unit_id} {clean_name(old[unit_id])} would become {clean_name(new[unit_id])}"
        for unit_id in new.index
        if unit_id in old.index and ids[unit_id] != unit_id
    ]
    moving += [
        f"{unit_id} {clean_name(old[unit_id])} would be gone"
        for unit_id in old.index
        if unit_id not in new.index and unit_id not in ids.values()
    ]
    if moving:
        # under the ids of that very round nothing moves: what is left are units that are no more
        cure = "Write to another folder with --out"
        if ids_from is None or ids_from.resolve() != directory.resolve():
            cure = (
                f"Pass --ids-from {directory} so that every place keeps its id, "
                "or write to another folder with --out"
            )
        raise InputError(
            f"This round was packed for the groups, and {len(moving)} ids would move: "
            f"{listed(moving, 12)}. {cure}."
        )


def _flat(done: Round, like: Round) -> gpd.GeoDataFrame:
    """The units of a round in the equal-area CRS of a proposal."""
    return layers.to_equal_area(gpd.GeoDataFrame(done.tables["conservation_units"]), crs_of(like))


def write_first_round(
    plan: Path | None,
    out: Path,
    *,
    ids_from: Path | None = None,
    overlaps: Path | None = None,
    force: bool = False,
    is_cached: bool = True,
    progress: Progress = quiet,
) -> tuple[Round, tuple[Problem, ...]]:
    """Propose a round from a plan and write it as a folder, no id moving to another place unsaid.

    Parameters
    ----------
    plan : Path or None
        The plan; ``None``: the bundled one.
    out : Path
        The folder of the round.
    ids_from : Path, optional
        A round whose ids are taken by overlap.
    overlaps : Path, optional
        A file of what the plan's ranges share with its cells, as `cami-units overlaps` writes it.
    force : bool
        Whether a round that is there may be replaced: one that was packed only where no id moves or goes.
    is_cached : bool
        Whether what was measured before is taken from beside the plan.

    Returns
    -------
    Round
        As it was written.
    tuple of Problem
        What had to be simplified in the KMZ.

    Raises
    ------
    InputError
        The plan or a layer is at fault, the place is taken, or ids would move.
    """
    plan_values = read_plan(plan)
    # before minutes of computing, not after
    store.check_place(out, force=force)
    if ids_from is not None:
        store.open_round(ids_from)
    if overlaps is not None:
        layers.overlap_batches(overlaps)
    measured_cache = cache.cache_beside(plan) if is_cached else cache.NOTHING_KEPT
    round_ = propose(plan_values, overlaps=overlaps, progress=progress, cache=measured_cache)
    if ids_from is not None:
        round_ = with_ids_from(round_, ids_from)
    if force:
        check_ids_stay(round_, out, ids_from=ids_from)
    with drawn_pieces.keeping(cache.keeper_of(measured_cache)):
        problems = write_proposal(round_, out, force=force, progress=progress)
    return round_, problems
