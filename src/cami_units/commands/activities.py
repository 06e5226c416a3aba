"""Activities of a round: brought together, compared, moved, and written for people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from cami_units import store, words, workshop
from cami_units.commands.collect import RESOLUTIONS
from cami_units.commands.decide import decided_round
from cami_units.commands.stored_round import allocation
from cami_units.documents.activity_documents import (
    write_activities_document,
    write_activities_workbook,
    write_funding_notes,
)
from cami_units.documents.csv_tables import harmless as run_harmless
from cami_units.documents.csv_tables import write_csv
from cami_units.documents.group_form import is_form, known_words, read_form
from cami_units.documents.typed_tables import read_table
from cami_units.model import (
    HIDDEN_STATUSES,
    InputError,
    Problem,
    Progress,
    Round,
    clean_name,
    data_dir,
    listed,
    nearest,
    quiet,
)
from cami_units.plan import stored_plan

ACTIVITIES: Final = "activities.csv"
ACTIVITY_LOG: Final = "activities_log.csv"
_READ: Final = (*workshop.ACTIVITY_COLUMNS, "hotspot_id", "unit_name")
_EXAMPLE: Final = Path("activities") / "activities_example.csv"


@dataclass(frozen=True, slots=True)
class Activities:
    """The activities of a round, and what was noticed.

    `table` by :data:`cami_units.workshop.ACTIVITY_COLUMNS`; `log` what this run changed;
    `suggestions`, `completeness` as the room `workshop` makes them; `files` what was written.
    """

    table: pd.DataFrame
    log: pd.DataFrame
    suggestions: pd.DataFrame
    completeness: pd.DataFrame
    problems: tuple[Problem, ...]
    files: tuple[Path, ...]


def activities(
    directory: Path,
    files: Sequence[Path] = (),
    *,
    programme: Path | None = None,
    general: Sequence[str] = (),
    back: Sequence[str] = (),
    by: str = "facilitator",
    reason: str = "",
    progress: Progress = quiet,
) -> Activities:
    """Bring the activities of a round together, and write them for people.

    Parameters
    ----------
    directory : Path
        The folder of the round. Its ``activities.csv`` is what there is so far.
    files : sequence of Path
        Groups' forms (XLSX), or tables of activities (CSV, XLSX). A folder stands for its files.
    programme : Path, optional
        The measures of the current programme (CSV, XLSX): the ground that forms amend.
    general, back : sequence of str
        Suggestions or activities to move to the general section, or back.
    by, reason : str
        Whose move it is (a group or role), and why; for the log.

    Returns
    -------
    Activities
        Everything is written into the folder of the round, each file whole or not at all; the log
        only grows.

    Raises
    ------
    InputError
        A file cannot be read, a suggestion or activity to move is not there, or nothing is known
        and nothing was brought.

    Notes
    -----
    Where a round on the bundled hotspots has no activities and none are brought, the bundled
    illustrative ones are taken, and said so.
    """
    done = decided_round(directory)
    units = done.tables["conservation_units"]
    log_path = directory / ACTIVITY_LOG
    base, problems = _base(directory, done, files, programme)
    earlier = store.read_log(log_path, columns=workshop.LOG_COLUMNS)
    progress("merging activities", 0, 0)
    brought, tables, noticed = _brought(files, programme, units, base, earlier)
    owner = _owners(done)
    table, lines, unsettled = workshop.merged_activities(base, brought, owner=owner, log=earlier)
    problems += [*noticed, *unsettled, *_homeless(table, units)]
    logs = [lines]
    for names, homewards in ((general, False), (back, True)):
        ids = _activity_ids(names, table)
        table, moves = workshop.moved(
            table, ids, by=run_harmless(by), reason=run_harmless(reason), back=homewards
        )
        logs.append(moves)
    log = pd.concat(logs, ignore_index=True)
    suggestions = workshop.recurring(table)
    lacking = workshop.completeness(
        units, done.tables["unit_criteria"], table, done.imprint.sources
    )
    for line in log.to_dict("records"):
        harmless = {str(key): run_harmless(value) for key, value in line.items()}
        store.append_to_log(log_path, harmless, columns=workshop.LOG_COLUMNS)
    progress("writing activities", 0, 0)
    everything = store.read_log(log_path, columns=workshop.LOG_COLUMNS)
    written = _write(directory, done, table, everything, suggestions, lacking, tables)
    return Activities(table, log, suggestions, lacking, tuple(problems), written)


def known_activities(directory: Path) -> pd.DataFrame | None:
    """The activities of a round so far; ``None`` where nobody has brought any.

    Raises
    ------
    InputError
        The file is damaged.
    """
    path = directory / ACTIVITIES
    if not path.is_file():
        return None
    table = read_table(path, columns=workshop.ACTIVITY_COLUMNS, needs=workshop.ACTIVITY_COLUMNS[:4])
    return table.map(lambda value: value.removeprefix("'"))


def _base(
    directory: Path, done: Round, files: Sequence[Path], programme: Path | None
) -> tuple[pd.DataFrame, list[Problem]]:
    """What there is so far."""
    known = known_activities(directory)
    if known is not None:
        return known, []
    empty = pd.DataFrame({name: pd.Series(dtype=str) for name in workshop.ACTIVITY_COLUMNS})
    if files or programme:
        return empty, []
    if not _on_bundled_hotspots(done):
        raise InputError(
            "This round has no activities yet, and none were brought. Name the groups' forms or a "
            "table: cami-units activities ROUND form_S1.xlsx …"
        )
    rows = read_table(data_dir() / _EXAMPLE, columns=_READ, needs=("text",))
    table, _, noticed = workshop.placed(
        rows, done.tables["conservation_units"], source="bundled example"
    )
    what = f"no activities were brought: the {len(table)} bundled ILLUSTRATIVE ones are shown"
    told = Problem("note", "activities", _EXAMPLE.name, "", what, "Name your own files.")
    return table.sort_values("activity_id", ignore_index=True), [told, *noticed]


def _on_bundled_hotspots(done: Round) -> bool:
    return any(
        source["layer"] == "hotspots" and source.get("bundled")
        for source in done.manifest.get("inputs", ())
    )


def _homeless(table: pd.DataFrame, units: pd.DataFrame) -> list[Problem]:
    """Activities of units that this round does not have, or does not show any more."""
    status = dict(zip(units["unit_id"], units["status"], strict=True))
    gone = {}
    for unit_id in sorted(set(table.loc[table["status"] != workshop.DROPPED, "unit_id"])):
        pieces = [one for one in status if re.fullmatch(rf"{re.escape(unit_id)}[a-z]+", str(one))]
        if unit_id not in ("", workshop.GENERAL, *status):
            gone[unit_id] = f"now {listed(pieces)}" if pieces else "not in this round"
        elif status.get(unit_id) in HIDDEN_STATUSES:
            gone[unit_id] = str(status[unit_id])
    if not gone:
        return []
    count = int(table["unit_id"].isin(list(gone)).sum())
    told = ", ".join(f"{one} ({why})" for one, why in gone.items())
    what = f"{count} activities belong to units that are not shown: {told}"
    cure = "They stand under 'without a unit'. Amend their unit_id in a form or a table."
    return [Problem("counted", "activities", ACTIVITIES, "", what, cure)]


def _brought(
    files: Sequence[Path],
    programme: Path | None,
    units: pd.DataFrame,
    base: pd.DataFrame,
    log: pd.DataFrame,
) -> tuple[list[workshop.Contribution], pd.DataFrame, list[Problem]]:
    """What each file brings; for the programme also which of our units its units are."""
    brought: list[workshop.Contribution] = []
    problems: list[Problem] = []
    matches = pd.DataFrame(
        {name: pd.Series(dtype=str) for name in ("named", "unit_id", "matched_by")}
    )
    if programme is not None:
        rows = read_table(programme, columns=_READ, needs=("text",))
        rows, said = known_words(rows, programme.name)
        rows["status"] = rows["status"].where(rows["status"] != "", workshop.PROGRAMME)
        table, matches, noticed = workshop.placed(rows, units, source=workshop.PROGRAMME)
        table = workshop.numbered(table, base, log)
        brought.append(workshop.Contribution(workshop.PROGRAMME, table, is_form=False))
        problems += [*said, *noticed]
    for path, is_named in _files(files):
        try:
            one, noticed = _contribution(path, units)
        except InputError as error:
            if is_named:
                raise
            # one bad file of a folder never stops the others
            problems.append(Problem("counted", "activities", path.name, "", f"not read: {error}"))
            continue
        brought.append(one)
        problems += noticed
    return brought, matches, problems


def _contribution(
    path: Path, units: pd.DataFrame
) -> tuple[workshop.Contribution, tuple[Problem, ...]]:
    """What a group's form, or a table of activities, brings."""
    if path.suffix.lower() in (".xlsx", ".xlsm") and is_form(path):
        form = read_form(path)
        group = clean_name(form.group) or path.stem.removeprefix("form_")
        rows = form.activities
        new = rows["action"].ne("keep") | rows["activity_id"].eq("")
        asks = rows["unit_id"].ne("") | rows["activity_id"].eq("")
        placed, _, noticed = workshop.placed(rows[new & asks], units, source=path.name)
        rows = rows.copy()
        rows.loc[new & asks, "unit_id"] = placed["unit_id"].to_numpy()
        given = {
            str(row["activity_id"]): {str(key): str(value) for key, value in row.items()}
            for row in form.given.to_dict("records")
        }
        return workshop.Contribution(group, rows, given=given), (*form.problems, *noticed)
    rows = read_table(path, columns=_READ, needs=("text",))
    rows, said = known_words(rows, path.name)
    table, _, noticed = workshop.placed(rows, units, source=path.stem)
    return workshop.Contribution(path.stem, table, is_form=False), (*said, *noticed)


def _files(files: Sequence[Path]) -> list[tuple[Path, bool]]:
    """Every file, and whether it was named itself; tables of a folder that are of `collect` aside."""
    found: list[tuple[Path, bool]] = []
    for path in files:
        if path.is_dir():
            found += [
                (inner, False)
                for inner in sorted(path.rglob("*"))
                if inner.suffix.lower() in (".xlsx", ".csv")
                and not store.is_litter(inner.name)
                and inner.name != RESOLUTIONS
            ]
        else:
            found.append((path, True))
    missing = [path.name for path, _ in found if not path.is_file()]
    if missing:
        raise InputError(f"There is no file {listed(missing)}. Check the names.")
    return found


def _owners(done: Round) -> dict[str, str]:
    """The group of each unit: its sections decide, as for packs."""
    rules = stored_plan(done.manifest["plan"], done.manifest["profile"])
    groups = workshop.groups_of(rules.workshop.groups, done.tables.get("sections"))
    known = allocation(done, groups)
    return dict(zip(known["unit_id"], known["group"], strict=True))


def _activity_ids(names: Sequence[str], table: pd.DataFrame) -> list[str]:
    """The activities behind suggestions ("R-A001") and ids."""
    if not names:
        return []
    suggestions = workshop.recurring(table).set_index("suggestion_id")["activity_ids"]
    known = [*suggestions.index, *table["activity_id"]]
    unknown = [name for name in names if name not in known]
    if unknown:
        hints = "".join(nearest(name, known) for name in unknown)
        raise InputError(
            f"There is no suggestion or activity {listed(unknown)}.{hints} Suggestions are in "
            "general_suggestions.csv."
        )
    return [
        activity_id
        for name in names
        for activity_id in (suggestions[name].split(";") if name in suggestions.index else [name])
    ]


def _write(
    directory: Path,
    done: Round,
    table: pd.DataFrame,
    log: pd.DataFrame,
    suggestions: pd.DataFrame,
    lacking: pd.DataFrame,
    matches: pd.DataFrame,
) -> tuple[Path, ...]:
    imprint, lang = done.imprint, done.imprint.languages[0]
    units = done.tables["conservation_units"]
    shown = units[~units["status"].isin(HIDDEN_STATUSES)].sort_values("unit_id")
    plain = pd.DataFrame(shown.drop(columns="geometry"))
    live = table[table["status"] != "dropped"].reset_index(drop=True)
    cards = words.unit_cards(
        {**done.tables, "conservation_units": shown}, done.tables["species"], lang=lang
    )
    matrix = workshop.species_by_unit(done.tables["unit_species"], done.tables["species"])
    writers: dict[str, store.Writer] = {
        ACTIVITIES: lambda path: write_csv(path, table),
        "general_suggestions.csv": lambda path: write_csv(path, suggestions),
        "completeness.csv": lambda path: write_csv(path, lacking),
        "activities.xlsx": lambda path: write_activities_workbook(
            path,
            plain,
            live,
            suggestions=suggestions,
            log=log,
            matrix=matrix,
            completeness=lacking,
            imprint=imprint,
        ),
        "activities.docx": lambda path: write_activities_document(
            path, plain, live, suggestions=suggestions, imprint=imprint, lang=lang
        ),
        "funding_notes.docx": lambda path: write_funding_notes(
            path, cards, live, imprint=imprint, lang=lang
        ),
    }
    if len(matches):
        writers["programme_units.csv"] = lambda path: write_csv(path, matches)
    return tuple(store.write_atomically(directory / name, write) for name, write in writers.items())
