"""What groups hand in, compared with what they were given, measured, merged: the next round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from cami_units import store, words, workshop
from cami_units.cache import Cache
from cami_units.commands._change_tables import (
    QUESTION_COLUMNS,
    MeasuredMerge,
    Picture,
    changes_table,
    conflicts_table,
    problems_in_short,
    problems_table,
    questions_table,
    remarks_table,
    size_notices,
    tick_notices,
)
from cami_units.commands._next_round import (
    base_units,
    collected_files,
    earlier_resolutions,
    earlier_units,
    former_versions,
    measured_merge,
    next_manifest,
    next_tables,
    unasked_notices,
    units_table,
    with_hotspots_of_merged,
)
from cami_units.commands.assess import cut
from cami_units.commands.context import context_again
from cami_units.commands.decide import DECISION_LOG, EARLIER_LOGS, all_decisions
from cami_units.commands.group_files import placemark_table, read_files
from cami_units.commands.group_folders import (
    RESOLUTIONS,
    found_files,
    resolution_rows,
    resolutions_beside,
    sums_of,
    unread_resolutions,
)
from cami_units.commands.group_reading import (
    FileRead,
    GroupFiles,
    HandedOut,
    looked_at,
    say_tables_beside,
    unread_note,
)
from cami_units.commands.round_files import (
    ACTIVITIES,
    ACTIVITY_LOG,
    PACK_FILE,
    known_activities,
    next_number,
    products,
    reopened,
)
from cami_units.commands.shown_round import cache_of_layers, kept_beside, kept_pieces
from cami_units.documents.collect_report import Report, write_report, write_report_workbook
from cami_units.documents.csv_tables import write_csv
from cami_units.model import (
    BEFORE,
    CONTEXT,
    DRAWN_CHANGES,
    EVIDENCE_LAYERS,
    LAYERS,
    InputError,
    Note,
    Problem,
    Progress,
    Round,
    check_arguments,
    harmless,
    in_short,
    narrowest_bounds,
    notes_from_text,
    quiet,
    records,
    said,
    widened,
)
from cami_units.overlap import Pieces
from cami_units.plan import Plan


@dataclass(frozen=True, slots=True)
class Collected:
    """The next round, and everything to be told about how it came about."""

    round: Round
    base: Round
    files: tuple[FileRead, ...]
    changes: pd.DataFrame
    conflicts: pd.DataFrame
    problems: pd.DataFrame
    remarks: gpd.GeoDataFrame
    pictures: tuple[Picture, ...]
    carried: Mapping[str, Path]


def collect(
    paths: Sequence[Path | str],
    base: Round,
    *,
    base_dir: Path | str | None = None,
    pack: Path | str | None = None,
    resolutions: Path | str | None = None,
    progress: Progress = quiet,
) -> Collected:
    """The next round from the files that groups hand in, three-way against the round handed out.

    Parameters
    ----------
    paths : sequence of paths
        Files, or folders with files: KML, KMZ, GeoPackage, GeoJSON, or the XLSX form.
    base : Round
        The round that the groups were given, never a later one.
    base_dir : Path, optional
        Its folder: activities that hang on its units go along.
    pack : Path, optional
        The folder of the packs that were handed out, which says who was given what. ``None``:
        as the plan of the round says.
    resolutions : Path, optional
        A CSV or XLSX with ``unit_id``, ``resolution``, ``reason``. ``None``: `resolutions.csv`
        in one of the folders of `paths`, where there is one.

    Returns
    -------
    Collected

    Raises
    ------
    InputError
        No file could be read, the base cannot be measured on again, or the resolutions name what
        is not there. One bad file, and one bad placemark, stop nothing.
    """
    check_arguments(collect, locals())
    files = [Path(path) for path in paths]
    folder, packs, answers = (
        Path(path) if path else None for path in (base_dir, pack, resolutions)
    )
    handed_in = read_handed_in(files, base, base_dir=folder, pack=packs, progress=progress)
    choices, notices = read_resolutions(answers, files, handed_in)
    return settled(handed_in, choices, notices=notices, base_dir=folder, progress=progress)


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What groups handed in against a round: read, each shape with its unit, nothing merged yet.

    All that does not hang on what people resolve: who settles one conflict after the other reads
    the files once.
    """

    base: Round
    plan: Plan
    pieces: Pieces
    of_layers: Cache
    """Where what is measured on the pieces is kept beside the base."""
    units: gpd.GeoDataFrame
    group_files: GroupFiles
    placemarks: gpd.GeoDataFrame
    ground: workshop.Ground
    versions: tuple[workshop.GroupVersions, ...]
    groups: Mapping[str, Sequence[str]]
    owner: Mapping[str, str]
    ground_inside: Mapping[int, Mapping[str, float]]


def read_handed_in(
    paths: Sequence[Path],
    base: Round,
    *,
    base_dir: Path | None = None,
    pack: Path | None = None,
    progress: Progress = quiet,
) -> HandedIn:
    """Read what groups hand in and say which unit each shape is: the first half of :func:`collect`.

    Raises
    ------
    InputError
        As :func:`collect`, but for the resolutions.
    """
    plan, known_layers = reopened(base)
    former = former_versions(base, all_decisions(base_dir) if base_dir else None)
    units = base_units(base, plan, former)
    packed = read_pack(pack, base) if pack else None
    sections_of = packed["groups"] if packed else plan.workshop.groups
    groups = workshop.groups_of(sections_of, known_layers.sections)
    owners = workshop.allocated(units, known_layers.sections, groups)
    owner = dict(zip(owners["unit_id"], owners["group"], strict=True))
    owner |= packed["units"] if packed else {}
    in_pack = workshop.units_in_packs(owners.assign(group=owners["unit_id"].map(owner)), groups)
    handed_out = _handed_out(base, owner, groups, in_pack, former)
    sums = sums_of(_of_packs(paths, pack))
    files = found_files(paths)
    with kept_beside(base):
        group_files = read_files(files, handed_out, handed_out=sums, progress=progress)
    say_tables_beside(paths, set(files), group_files, sums)
    group_files.looked_at = looked_at(paths, group_files)
    if of_another := group_files.of_another_round:
        called = base.imprint.number or base.imprint.round
        names = in_short(of_another, 6)
        group_files.note("", "another round", count=len(of_another), base=called, names=names)
    if not group_files.files:
        raise InputError.of("pack files only", names=in_short(file.name for file in files))
    # what came before came: decisions alone may be brought into the next round
    if not any(file.is_known or not file.refused for file in group_files.files):
        reasons = [
            Note("of a file", {"file": file.file, "why": file.refusal})
            for file in group_files.files[:5]
        ]
        facts = {"count": len(group_files.files), "sentences": reasons}
        raise InputError.of("none read", **facts)
    progress("comparing with the round handed out", 0, 0)
    placemarks = placemark_table(group_files, plan.study.crs)
    with kept_beside(base):
        of_layers = cache_of_layers(base)
    pieces = cut(known_layers, plan, cache=of_layers)
    ground = workshop.Ground(placemarks, units)
    return HandedIn(
        base=base,
        plan=plan,
        pieces=pieces,
        of_layers=of_layers,
        units=units,
        group_files=group_files,
        placemarks=placemarks,
        ground=ground,
        versions=tuple(_versions(group_files, placemarks, units, ground, handed_out, groups)),
        groups=groups,
        owner=owner,
        ground_inside=workshop.ground_inside(
            placemarks, pieces.states, known_layers.sections, groups
        ),
    )


def settled(
    handed_in: HandedIn,
    choices: Mapping[str, workshop.Resolution],
    *,
    notices: Sequence[workshop.Notice] = (),
    base_dir: Path | None = None,
    progress: Progress = quiet,
) -> Collected:
    """The next round from what was handed in and what people resolved: merged, and measured.

    Parameters
    ----------
    handed_in : HandedIn
        Never changed: it can be settled again, otherwise.
    choices : mapping
        What people resolved, by the conflict's units.
    notices : sequence of Notice
        What is to be told beside what is noticed here.
    base_dir : Path, optional
        As in :func:`collect`.
    """
    plan, units, files = handed_in.plan, handed_in.units, handed_in.group_files.files
    rules = workshop.Rules(
        overlap=plan.workshop.defaults.overlap,
        outside=plan.workshop.defaults.outside_section,
        order=tuple(handed_in.groups),
        owner=handed_in.owner,
        resolutions=choices,
        unread={file.group: unread_note(file) for file in files if file.refused and file.group},
    )
    merge = workshop.merged(
        units,
        handed_in.placemarks,
        handed_in.ground,
        handed_in.versions,
        rules,
        ground_inside=handed_in.ground_inside,
        used_ids=[str(unit_id) for unit_id in handed_in.base.manifest.get("ids_used", ())],
    )
    outlines = workshop.outlines(merge, units, handed_in.placemarks)
    progress("measuring what was drawn", 0, 0)
    measured = measured_merge(
        handed_in.base, plan, handed_in.pieces, units, merge, outlines, handed_in.of_layers
    )
    progress("writing down what was found", 0, 0)
    return _collected(handed_in, measured, rules, notices, base_dir)


def read_pack(directory: Path, base: Round) -> dict[str, Any] | None:
    """What `pack.json` says: the sections of each group, and the group of each unit.

    Returns
    -------
    dict or None
        ``groups`` and ``units``; ``None`` where there is no such file, or one of another round.

    Raises
    ------
    InputError
        The file is damaged.
    """
    if not (file := directory / PACK_FILE).is_file():
        return None
    try:
        about = store.read_json(file)
        ids = set(base.tables["conservation_units"]["unit_id"])
        groups = {
            str(group): tuple(map(str, sections)) for group, sections in about["groups"].items()
        }
        units = {str(unit_id): str(group) for unit_id, group in about["units"].items()}
        same = str(about["round"]) == base.imprint.number and set(units) <= ids
    except (KeyError, TypeError, AttributeError) as error:
        raise store.damaged_json(file, error) from error
    return {"groups": groups, "units": units} if same else None


# -- what went out, and what came in --------------------------------------------------------------


def _of_packs(paths: Iterable[Path], pack: Path | None) -> list[Path]:
    """Folders in which a list of what was handed out may lie."""
    near = [folder for path in paths for folder in ((path, path.parent) if path.is_dir() else ())]
    return [*([pack] if pack else []), *near]


def _handed_out(
    base: Round,
    owner: Mapping[str, str],
    groups: Mapping[str, Sequence[str]],
    in_pack: Mapping[str, Sequence[str]],
    former: Mapping[str, Mapping[str, Sequence[str]]],
) -> HandedOut:
    """What files that come back are told apart by."""
    evidence = {
        str(evidence_id)
        for layer in EVIDENCE_LAYERS
        if layer in base.tables
        for evidence_id in base.tables[layer][LAYERS[layer].key[0]]
    }
    return HandedOut(
        units=frozenset(owner),
        owner=owner,
        section_group=workshop.section_owners(groups),
        groups=tuple(groups),
        evidence=frozenset(evidence),
        region=_region(base),
        shown=_shown(base),
        in_pack=in_pack,
        hashes={unit_id: row["hashes"] for unit_id, row in former.items()},
        names={unit_id: row["names"] for unit_id, row in former.items()},
        outlines=_outlines_of(base.tables["conservation_units"]),
        collected={
            row["sha256"]: (row["file"], row["round"]) for row in collected_files(base.manifest)
        },
    )


def _shown(base: Round) -> dict[str, gpd.GeoDataFrame]:
    """The layers that are handed out to be looked at and are not read back."""
    # name by name: a table that is asked for is read
    return {
        name: base.tables[name]
        for name in base.tables
        if name in (*EVIDENCE_LAYERS, "sections") or name.startswith(CONTEXT)
    }


REGION_MARGIN: Final = 5.0
"""Degrees around all that a round draws, in which a group may well draw something new."""


def _region(base: Round) -> tuple[float, float, float, float] | None:
    """West, south, east, north of the units, hotspots and sections of a round, with a margin.

    Of a region over 180° `east` counts on; of a round with none of these nothing is known.
    """
    tables = [base.tables.get(name) for name in ("conservation_units", "hotspots", "sections")]
    shapes = [table.geometry for table in tables if isinstance(table, gpd.GeoDataFrame)]
    seen = narrowest_bounds(np.concatenate(shapes))
    return None if seen is None else widened(seen, REGION_MARGIN)


def _versions(
    group_files: GroupFiles,
    table: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    ground: workshop.Ground,
    handed_out: HandedOut,
    groups: Mapping[str, Sequence[str]],
) -> list[workshop.GroupVersions]:
    """What each group made of its units, the groups in the order of the plan."""
    placemarks: dict[tuple[str, str], list[workshop.Placemark]] = {}
    for mark in workshop.placemarks_of(table):
        placemarks.setdefault((mark.file, mark.group), []).append(mark)
    files: dict[str, list[workshop.GroupFile]] = {}
    for file, group in _files_by_group(group_files, placemarks):
        if not file.refused:
            files.setdefault(group, []).append(
                workshop.GroupFile(
                    file.file,
                    group,
                    file.folder_there,
                    tuple(placemarks.get((file.file, group), ())),
                    tuple(group_files.forms.get(file.file, ())),
                    group_files.unsound.get(file.file, {}),
                    group_files.rounds.get(file.file, ""),
                )
            )
    versions = []
    for group in dict.fromkeys([*groups, workshop.EVERYBODY]):
        own_files = files.get(group, [])
        is_everybody = group == workshop.EVERYBODY
        speaks = any(
            read_file.placemarks or read_file.form_rows or read_file.folder_there
            for read_file in own_files
        )
        if not own_files or (is_everybody and group not in groups and not speaks):
            continue
        units_of_group = handed_out.in_pack.get(group, ())
        expected = sorted(handed_out.units if is_everybody else units_of_group)
        owned = [unit for unit in expected if is_everybody or handed_out.owner[unit] == group]
        ordered = workshop.fullest_first(own_files)
        versions.append(
            workshop.versions_of_group(
                group, ordered, units, table, ground, owned=owned, expected=expected
            )
        )
    return versions


def _files_by_group(
    group_files: GroupFiles, placemarks: Iterable[tuple[str, str]]
) -> list[tuple[FileRead, str]]:
    """Each file with its group; one that holds documents of several groups with each of them."""
    drawers: dict[str, list[str]] = {}
    for name, group in placemarks:
        drawers.setdefault(name, []).append(group)
    return [
        (file, group)
        for file in group_files.files
        for group in drawers.get(file.file, [file.group])
    ]


def read_resolutions(
    named_file: Path | None, paths: Iterable[Path], handed_in: HandedIn
) -> tuple[dict[str, workshop.Resolution], list[workshop.Notice]]:
    """What people decided on conflicts, from the file named or the one beside the groups' files.

    Returns
    -------
    dict
        The resolutions, by the conflict's units.
    list of Notice
        That a file is there and none of its lines says anything, or that one was not read.
    """
    places = list(paths)
    file_beside = resolutions_beside(places)
    path = named_file or file_beside
    notices = []
    if unread := unread_resolutions(places, {named_file, file_beside}):
        facts = {"count": len(unread), "names": in_short(sorted(file.name for file in unread), 6)}
        what = workshop.note("resolutions unread", **facts)
        notices.append(workshop.Notice("", "", "", what))
    if path is None:
        return {}, notices
    if path != named_file and path.name != RESOLUTIONS:
        what = workshop.note("resolutions called otherwise", file=path.name)
        notices.append(workshop.Notice("", "", "", what))
    table = resolution_rows(path)
    if not (table["resolution"] != "").any():
        silent = workshop.note("no resolution", file=path.name, lines=len(table))
        notices.append(workshop.Notice("", "", "", silent))
    manifest = handed_in.base.manifest
    files = [file.file for file in handed_in.group_files.files]
    files += [str(row["file"]) for row in manifest.get("collected", ())]
    resolutions = workshop.resolutions_of(table, groups=handed_in.groups, files=files)
    # The table grows through the day: what an earlier round was made by is no answer to what came
    # late, and would name groups that brought nothing this time.
    applied = earlier_resolutions(manifest)
    return {key: row for key, row in resolutions.items() if asdict(row) not in applied}, notices


# -- the next round -------------------------------------------------------------------------------


def _collected(
    handed_in: HandedIn,
    measured: MeasuredMerge,
    rules: workshop.Rules,
    notices: Sequence[workshop.Notice],
    base_dir: Path | None,
) -> Collected:
    """What was merged and measured, as the next round and its tables."""
    base, merge, group_files = handed_in.base, measured.merge, handed_in.group_files
    table = with_hotspots_of_merged(units_table(measured), base)
    conflicts, pictures = conflicts_table(measured)
    remarks = remarks_table(measured, group_files, table)
    questions = questions_table(measured, group_files, table)
    noticed = [
        *(*group_files.notices, *notices, *merge.notices),
        *size_notices(measured),
        *tick_notices(group_files.placemarks, measured),
        *unasked_notices(measured),
    ]
    next_round = Round(
        imprint=replace(base.imprint, round=f"Round {next_number(base)}", number=next_number(base)),
        tables=next_tables(measured, table, remarks)
        | ({"questions": questions} if len(questions) else {})
        | {"earlier_units": earlier_units(base)},
        manifest=next_manifest(base, group_files, merge, rules),
    )
    return Collected(
        round=context_again(next_round, base, crs=handed_in.plan.study.crs),
        base=base,
        files=tuple(group_files.files),
        changes=changes_table(measured),
        conflicts=conflicts,
        problems=problems_table(noticed, base.imprint.languages[0]),
        remarks=remarks[remarks["round"] == next_number(base)].reset_index(drop=True),
        pictures=pictures,
        carried=_carried(base_dir, base.imprint.number) if base_dir else {},
    )


# -- files ----------------------------------------------------------------------------------------


def _carried(base_dir: Path, number: str) -> dict[str, Path]:
    """Files that go along, by their name in the next round: its own log of decisions starts anew."""
    names = {name: base_dir / name for name in (ACTIVITIES, ACTIVITY_LOG)}
    names[f"decisions_{number}.csv"] = base_dir / DECISION_LOG
    names |= {path.name: path for path in sorted(base_dir.glob(EARLIER_LOGS))}
    if folders := [str(path) for path in names.values() if path.is_dir()]:
        raise InputError.of("folder for a log", folder=folders[0])
    return {name: path for name, path in names.items() if path.is_file()}


def report(collected: Collected) -> Report:
    """What the report speaks of."""
    lang = collected.round.imprint.languages[0]
    units = [
        collected.base.tables["conservation_units"],
        collected.round.tables["conservation_units"],
    ]
    names = {
        str(row["unit_id"]): words.name_in(row, lang)
        for table in units
        for row in records(pd.DataFrame(table.drop(columns="geometry")))
    }
    return Report(
        imprint=collected.round.imprint,
        before=words.round_name(collected.base.imprint, lang),
        files=pd.DataFrame([_file_row(file, lang) for file in collected.files]),
        changes=_species_named(collected.changes, collected.base.tables["species"], lang),
        conflicts=collected.conflicts,
        problems=problems_in_short(collected.problems, lang),
        remarks=pd.DataFrame(collected.remarks.drop(columns="geometry")),
        names=names,
        pictures=[picture.outlines for picture in collected.pictures],
    )


def _species_named(changes: pd.DataFrame, species: pd.DataFrame, lang: str) -> pd.DataFrame:
    """The table of changes with the species that came and went as readers of a language call them."""
    called = {str(row["sci_name"]): words.name_in(row, lang) for row in records(species)}
    return changes.assign(
        **{
            column: [
                ";".join(called.get(name, name) for name in names.split(";"))
                for names in changes[column].fillna("")
            ]
            for column in ("species_gained", "species_lost")
        }
    )


def _file_row(file: FileRead, lang: str) -> dict[str, Any]:
    """A file that was handed in, as a row of the report."""
    row = {key: value for key, value in asdict(file).items() if key != "refusal"}
    known_by = words.text(f"known by {file.group_by}", lang) if file.group_by else ""
    refused = said(file.refusal, lang) if file.refusal else ""
    return row | {"group_by": known_by, "refused": refused}


def write_collected(
    collected: Collected, directory: Path, *, force: bool = False, progress: Progress = quiet
) -> tuple[Problem, ...]:
    """Write the next round as a folder, with the tables of changes and the report. Whole or not.

    Returns
    -------
    tuple of Problem
        What had to be simplified or left out of the KMZ to keep its budgets.

    Raises
    ------
    InputError
        As :func:`cami_units.store.write_round`.
    """
    problems: list[Problem] = []
    content = report(collected)
    files = products(collected.round, noticed=problems, progress=progress)
    files |= {
        **_loop_files(collected),
        "questions.csv": lambda path: write_csv(
            path, collected.round.tables.get("questions", pd.DataFrame(columns=QUESTION_COLUMNS))
        ),
        "report.html": lambda path: write_report(path, content),
        "report.xlsx": lambda path: write_report_workbook(path, content),
    }
    files |= {name: store.copy_of(path) for name, path in collected.carried.items()}
    files |= _followed_activities(collected)
    with kept_pieces(directory):
        store.write_round(collected.round, directory, files=files, force=force)
    return tuple(problems)


def _loop_files(collected: Collected) -> dict[str, store.Writer]:
    """The tables of the loop that a page reads back."""
    tables = {
        "changes.csv": collected.changes,
        "conflicts.csv": collected.conflicts,
        "problems.csv": collected.problems,
    }
    return {name: partial(write_csv, table=table) for name, table in tables.items()}


def write_loop(collected: Collected, folder: Path) -> None:
    """Write what a board and a page read of the loop, beside a round that is not on the disk yet."""
    tables: dict[str, store.Writer] = _loop_files(collected)
    units = collected.round.tables["conservation_units"]
    tables["conservation_units.csv"] = partial(write_csv, table=units)
    tables |= {name: store.copy_of(path) for name, path in collected.carried.items()}
    for name, write in tables.items():
        write(folder / name)


def stored_pictures(
    directory: Path, base_dir: Path | None, changes: pd.DataFrame, conflicts: pd.DataFrame
) -> list[list[tuple[str, Any]]]:
    """The outlines that each conflict of a round on the disk is about: label and shape.

    Parameters
    ----------
    directory, base_dir : Path
        The folder of the round, and of the one that was handed out.
    changes, conflicts : DataFrame
        Its tables, as text.

    Returns
    -------
    list
        For each row of `conflicts`: ``base``, what was collected under the group that drew it, each
        version that was set aside under its group, and edited copies beside the unit under their ids;
        longitude and latitude.
    """
    if conflicts.empty:
        return []
    tables = store.read_round(directory, only=("conservation_units", "set_aside")).tables
    set_aside = tables.get("set_aside", pd.DataFrame(columns=["unit_id", "group", "geometry"]))
    is_former = set_aside["group"].eq(BEFORE)
    # where a decision took another outline, what the groups disagreed on is what stood before it
    shapes = _outlines_of(tables["conservation_units"]) | _outlines_of(set_aside[is_former])
    base: dict[str, Any] = {}
    if base_dir is not None:
        base = _outlines_of(
            store.read_round(base_dir, only=("conservation_units",)).tables["conservation_units"]
        )
    applied = changes[changes["applied"].eq("true") & changes["change"].isin(DRAWN_CHANGES)]
    # an outline that two groups made together is neither's
    drawer = {
        str(unit_id): "+".join(dict.fromkeys(groups))
        for unit_id, groups in applied.groupby("unit_id")["group"]
    }
    aside: dict[str, list[tuple[str, Any]]] = {}
    for row in set_aside[~is_former].to_dict("records"):
        group = str(row["group"])
        # of two files of one group the one that was set aside says which it is
        label = f"{group} ({row['file']})" if drawer.get(str(row["unit_id"])) == group else group
        aside.setdefault(str(row["unit_id"]), []).append((label, row["geometry"]))
    pictures = []
    for ids, facts in zip(conflicts["unit_id"], conflicts["facts"], strict=True):
        unit_ids = str(ids).split(";")
        alone = len(unit_ids) == 1
        outlines = [("base", base[unit_id]) for unit_id in unit_ids if alone and unit_id in base]
        outlines += [
            (drawer.get(unit_id, "") if alone else unit_id, shapes[unit_id])
            for unit_id in unit_ids
            if unit_id in shapes and not (alone and unit_id not in drawer)
        ]
        outlines += [version for unit_id in unit_ids for version in aside.get(unit_id, ())]
        outlines += _edited_copies(facts, shapes)
        pictures.append(outlines)
    return pictures


def _edited_copies(facts: str, shapes: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The edited copies that a conflict is about, by its facts: new units beside the one in question."""
    lists = (noted.facts.get("copies") for noted in notes_from_text(facts))
    copies = next((ids for ids in lists if isinstance(ids, list)), [])
    return [(new_id, shapes[new_id]) for new_id in copies if new_id in shapes]


def _outlines_of(units: pd.DataFrame) -> dict[str, Any]:
    """The outlines of a table of units by their ids."""
    return dict(zip(units["unit_id"].astype(str), units["geometry"], strict=True))


def _followed_activities(collected: Collected) -> dict[str, store.Writer]:
    """The activities and their log, where units that have some were merged or split."""
    path = collected.carried.get(ACTIVITIES)
    following = workshop.successors(collected.round.tables["conservation_units"])
    table = known_activities(path.parent) if path and following else None
    if path is None or table is None:
        return {}
    table, lines = workshop.followed(table, following, by="collect")
    if lines.empty:
        return {}

    return {
        ACTIVITIES: partial(write_csv, table=table),
        ACTIVITY_LOG: store.extended_log(
            path.parent / ACTIVITY_LOG, lines.map(harmless), columns=workshop.LOG_COLUMNS
        ),
    }


def next_directory(base_dir: Path, base: Round) -> Path:
    """Where the next round goes unless said otherwise: ``01-collected`` beside its base."""
    return base_dir.parent / f"{next_number(base)}-collected"
