"""Activities of a round: brought together, compared, moved, and written for people."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path
from typing import Any, Final

import pandas as pd

from cami_units import kml, scene, store, words, workshop
from cami_units.commands.decide import decided_round
from cami_units.commands.group_folders import is_resolutions
from cami_units.commands.group_reading import named_group
from cami_units.commands.pack import groups_of, languages_of
from cami_units.commands.round_files import (
    ACTIVITIES,
    ACTIVITY_LOG,
    allocation,
    groups_in,
    known_activities,
)
from cami_units.commands.shown_round import drawn_scene, kept_pieces
from cami_units.documents.activity_documents import (
    write_activities_document,
    write_activities_workbook,
    write_funding_notes,
    write_species_pages,
    write_sums_page,
)
from cami_units.documents.csv_tables import write_csv
from cami_units.documents.form_reading import (
    FORM_SUFFIXES,
    Form,
    is_form,
    may_be_form,
    may_hold_form,
    read_form,
    read_form_content,
    refuse_unread,
    still_asked,
    words_of_row,
)
from cami_units.documents.form_words import (
    THEMES,
    Spellings,
    known_names,
    known_word,
    known_words,
    species_spellings,
    state_spellings,
)
from cami_units.documents.group_form import write_form
from cami_units.documents.html_pages import MEASURE_COLUMNS, known_status, write_implementation
from cami_units.documents.map_picture import map_picture
from cami_units.documents.unit_drawing import OnMap, ground, places, unit_drawings
from cami_units.documents.workbook_cells import read_table
from cami_units.model import (
    HIDDEN_STATUSES,
    InputError,
    Note,
    Problem,
    Progress,
    Round,
    clean_name,
    data_dir,
    harmless,
    in_short,
    listed,
    nearest_note,
    problem_of,
    quiet,
    text_rows,
)
from cami_units.words.finding_sentences import in_language, names_of
from cami_units.words.unit_card import unit_cards

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
    implementation: Path | None = None,
    general: Sequence[str] = (),
    back: Sequence[str] = (),
    session: Sequence[str] = (),
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
    implementation : Path, optional
        How far each measure of it has come (CSV, XLSX): ``measure_id``, ``theme``, ``text``,
        ``unit_id``, ``status`` (done, under way, planned, not started), ``note``.
    general, back : sequence of str
        Suggestions or activities to move to the general section, or back.
    session : sequence of str
        Themes of a session: the folder ``session`` then holds a form of each group and the work
        programme with these themes only.
    by, reason : str
        Whose move it is (a group or role), and why; for the log.

    Returns
    -------
    Activities
        Everything is written into the folder of the round, all of it or nothing (the folder of a
        session in a step of its own); the log only grows.

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
    base_round = decided_round(directory)
    units = base_round.tables["conservation_units"]
    log_path = directory / ACTIVITY_LOG
    themes = _themes_of(session)
    base, problems = _base(directory, base_round, files, programme)
    earlier = store.read_log(log_path, columns=workshop.LOG_COLUMNS)
    progress("merging activities", 0, 0)
    owner = _owners(base_round)
    groups = sorted(set(owner.values()))
    contributions, tables, noticed_problems = _brought(
        files, programme, base_round, base, earlier, groups
    )
    table, lines, unsettled = workshop.merged_activities(
        base, contributions, owner=owner, log=earlier
    )
    problems += [*noticed_problems, *unsettled, *_without_form(contributions, owner)]
    table, following = workshop.followed(table, workshop.successors(units), by="decision")
    lines = pd.concat([lines, following], ignore_index=True)
    # after the merge: what a form moved to another unit has a home again
    problems += _homeless(table, units, ACTIVITIES)
    logs = [lines]
    # to the general section first: what is named in both ends at home
    for names, homewards in ((general, False), (back, True)):
        ids = _activity_ids(names, table, base_round)
        table, moves = workshop.moved(
            table, ids, by=harmless(by), reason=harmless(reason), back=homewards
        )
        logs.append(moves)
    log = pd.concat(logs, ignore_index=True)
    suggestions = _suggestions(table, base_round)
    gaps = workshop.completeness(
        units, base_round.tables["unit_criteria"], table, base_round.imprint.sources
    )
    # as a spreadsheet may open it; the documents tell of this run too
    log_lines = log.map(harmless)
    everything = pd.concat([earlier, log_lines], ignore_index=True)
    progress("writing activities", 0, 0)
    writers = _writers(directory, base_round, table, everything, suggestions, gaps, tables)
    if implementation is not None:
        pages, noticed_problems = _implementation_writers(base_round, implementation)
        writers |= pages
        problems += noticed_problems

    def carry(folder: Path) -> None:
        """The log, as long as nobody else can add to it."""
        extend = store.extended_log(log_path, log_lines, columns=workshop.LOG_COLUMNS)
        extend(folder / ACTIVITY_LOG)

    # The log last: a line of something that is in no table would never be done again.
    written_files = store.write_files(directory, writers, carry=carry if len(log) else None)
    if themes:
        written_files += _write_session(directory, base_round, table, everything, themes)
    return Activities(table, log, suggestions, gaps, tuple(problems), written_files)


def _base(
    directory: Path, base_round: Round, files: Sequence[Path], programme: Path | None
) -> tuple[pd.DataFrame, list[Problem]]:
    """What there is so far."""
    if (so_far := known_activities(directory)) is not None:
        return known_names(so_far, _spellings(base_round), ACTIVITIES)[0], []
    empty = pd.DataFrame({name: pd.Series(dtype=str) for name in workshop.ACTIVITY_COLUMNS})
    if files or programme:
        return empty, []
    # The bundled activities are of the bundled hotspots: anywhere else they would be invented.
    if not _on_bundled_hotspots(base_round):
        raise InputError.of("no activities yet")
    rows = read_table(data_dir() / _EXAMPLE, columns=_READ, needs=("text",))
    table, _, noticed_problems = workshop.placed(
        rows, base_round.tables["conservation_units"], source="bundled example"
    )
    note = Note("bundled activities", {"count": len(table)}, "note")
    example_problem = problem_of("note", "activities", _EXAMPLE.name, "", note)
    return table.sort_values("activity_id", ignore_index=True), [example_problem, *noticed_problems]


def _on_bundled_hotspots(base_round: Round) -> bool:
    """Whether a round stands on the bundled hotspots: only then the bundled activities fit."""
    return any(
        source["layer"] == "hotspots" and source.get("bundled")
        for source in base_round.manifest.get("inputs", ())
    )


def _themes_of(session: Sequence[str]) -> list[str]:
    """The themes of a session by their keys.

    Raises
    ------
    InputError
        A theme is none of the ten, in no language.
    """
    themes = [known_word(theme, THEMES) for theme in session]
    if unknown := [theme for theme in themes if theme not in THEMES]:
        hints = [nearest_note(theme, THEMES) for theme in unknown]
        facts = {"names": in_short(unknown), "themes": in_short(THEMES, 10)}
        raise InputError.of("no theme", hints=hints, **facts)
    return themes


def _write_session(
    directory: Path,
    base_round: Round,
    table: pd.DataFrame,
    log: pd.DataFrame,
    themes: Sequence[str],
) -> tuple[Path, ...]:
    """Forms and a view by the themes of one session, in a folder of their own."""
    rows = table[table["theme"].isin(themes)].reset_index(drop=True)
    units = _shown_units(base_round)
    owners = _owners(base_round)
    imprint, lang = base_round.imprint, base_round.imprint.languages[0]
    # of all groups: one that shares a section owns no unit, and has activities to bring all the same
    languages = languages_of(base_round, groups_of(base_round))
    target = directory / "session"
    # Asked before anything is made: the folder is replaced as a whole.
    store.check_only(target, is_ours=lambda name: name.startswith(("form_", "programme.docx")))
    with store.staging(target, replace=True) as folder:
        for group, own_languages in sorted(languages.items()):
            own_imprint = replace(imprint, languages=own_languages)
            write_form(
                folder / f"form_{group}.xlsx",
                units[units["unit_id"].map(owners).eq(group)],
                imprint=words.imprint_in(own_imprint, own_languages[0]),
                group=group,
                activities=rows,
                themes=themes,
            )
        write_activities_document(
            folder / "programme.docx",
            units,
            workshop.once_in_general(rows),
            suggestions=_recurring(rows, base_round),
            log=log,
            names=names_of(base_round.tables),
            imprint=imprint,
            lang=lang,
        )
    return tuple(sorted(target.iterdir()))


def _shown_units(base_round: Round) -> pd.DataFrame:
    """The units that are shown, by id, without their outlines."""
    units = scene.shown_units(base_round.tables["conservation_units"]).sort_values("unit_id")
    return pd.DataFrame(units.drop(columns="geometry"))


def _implementation_writers(
    base_round: Round, source: Path
) -> tuple[dict[str, store.Writer], list[Problem]]:
    """How far the measures of the programme in force have come: the page, and the table as read.

    With what was noticed: words that are in no list, statuses that had to be counted as not said, and
    measures of units that are not shown.
    """
    rows = read_table(source, columns=MEASURE_COLUMNS, needs=("text", "status"))
    rows, word_problems = known_words(rows, source.name)
    by_unit, range_problems = _one_unit_a_row(rows, base_round, source.name)
    units = base_round.tables["conservation_units"]
    problems = [*word_problems, *range_problems, *_homeless(by_unit, units, source.name)]
    statuses = workshop.IMPLEMENTATION_STATUSES
    rows["status"] = [known_status(word, statuses) for word in rows["status"]]
    unknown = rows.loc[~rows["status"].isin([*statuses, ""]), "status"]
    if len(unknown):
        facts = {"count": len(unknown), "parts": sorted(set(unknown))}
        note = Note("statuses unknown", facts, "note")
        problems.append(problem_of("counted", "activities", source.name, "", note))
    sums = workshop.implementation(rows)
    imprint, lang = base_round.imprint, base_round.imprint.languages[0]
    writers: dict[str, store.Writer] = {
        "implementation.csv": lambda path: write_csv(path, rows),
        "implementation.html": lambda path: write_implementation(
            path, sums, rows, imprint=imprint, lang=lang
        ),
    }
    return writers, problems


def _homeless(table: pd.DataFrame, units: pd.DataFrame, file: str) -> list[Problem]:
    """Activities in a file of units that this round does not have, or does not show any more."""
    status = dict(zip(units["unit_id"], units["status"], strict=True))
    gone: dict[str, Note] = {}
    live = table[table["status"] != workshop.DROPPED]
    for unit_id in sorted(set(live["unit_id"])):
        of_piece = re.compile(rf"{re.escape(unit_id)}[a-z]+")
        pieces = [piece for piece in status if of_piece.fullmatch(str(piece))]
        if unit_id not in ("", workshop.GENERAL, *status):
            parted = Note("now pieces", {"names": in_short(pieces)})
            gone[unit_id] = parted if pieces else Note("not in round")
        elif status.get(unit_id) in HIDDEN_STATUSES:
            gone[unit_id] = Note("status of unit", {"status": str(status[unit_id])})
    if not gone:
        return []
    units_gone = [Note("unit gone", {"unit_id": one, "why": why}) for one, why in gone.items()]
    facts = {"count": int(live["unit_id"].isin(list(gone)).sum()), "parts": units_gone}
    note = Note("activities of hidden units", facts)
    return [problem_of("counted", "activities", file, "", note)]


def _brought(
    files: Sequence[Path],
    programme: Path | None,
    base_round: Round,
    base: pd.DataFrame,
    log: pd.DataFrame,
    groups: Sequence[str],
) -> tuple[list[workshop.Contribution], pd.DataFrame, list[Problem]]:
    """What each file brings; for the programme also which of our units its units are."""
    contributions: list[workshop.Contribution] = []
    problems: list[Problem] = []
    units = base_round.tables["conservation_units"]
    matches = pd.DataFrame(columns=["named", "unit_id", "matched_by"], dtype=str)
    if programme is not None:
        rows, noticed_problems = _table_of(programme, base_round, base)
        # A measure that says no status of its own has that of the programme in force.
        rows["status"] = rows["status"].where(rows["status"] != "", workshop.PROGRAMME)
        table, matches, unplaced = workshop.placed(rows, units, source=workshop.PROGRAMME)
        table = workshop.numbered(table, base, log)
        contributions.append(workshop.Contribution(workshop.PROGRAMME, table, is_form=False))
        problems += [*noticed_problems, *unplaced]
    group_of: dict[str, str] = {}
    for path, is_named in _files(files):
        try:
            contribution, noticed_problems = _contribution(path, base_round, base, groups)
        except InputError as error:
            if is_named:
                raise
            # one bad file of a folder never stops the others
            note = Note("not read", {"why": error.note})
            problems.append(problem_of("counted", "activities", path.name, "", note))
            continue
        contributions.append(contribution)
        problems += noticed_problems
        group_of[path.name] = contribution.by
    problems = _still_asked(problems, group_of)
    # last: files that were handed in as they are go before those found in mails
    posted, posted_problems = _posted(files, base_round, base, groups)
    return [*contributions, *posted], matches, [*problems, *posted_problems, *_empty_folders(files)]


def _still_asked(problems: Sequence[Problem], group_of: Mapping[str, str]) -> list[Problem]:
    """The problems of forms without what the group of a file brought in another one."""
    noted = [(group_of.get(one.file, ""), one.file, one.as_note()) for one in problems]
    return [*compress(problems, still_asked(noted))]


def _empty_folders(files: Sequence[Path]) -> list[Problem]:
    """The folders that hold no file at all."""
    return [
        problem_of("note", "activities", folder.name, "", Note("folder empty"))
        for folder in files
        if folder.is_dir()
        and not any(one.is_file() and not store.is_litter(one.name) for one in folder.rglob("*"))
    ]


def _posted(
    files: Sequence[Path], base_round: Round, base: pd.DataFrame, groups: Sequence[str]
) -> tuple[list[workshop.Contribution], list[Problem]]:
    """The forms in mails and archives of the folders named; every file that was not read is named."""
    contributions: list[workshop.Contribution] = []
    problems: list[Problem] = []
    unread: list[str] = []
    group_of: dict[str, str] = {}
    folders = [folder for folder in files if folder.is_dir()]
    for path in (path for folder in folders for path in sorted(folder.rglob("*"))):
        is_known = _is_form_or_table(path) or is_resolutions(path)
        if not path.is_file() or is_known or store.is_litter(path.name):
            continue
        try:
            entries, _ = kml.inner_files(path, path.name)
        except InputError:
            entries = []
        forms = [entry for entry in entries if may_be_form(entry.content, entry.ending)]
        for entry in forms:
            try:
                form = read_form_content(entry.content, entry.ending)
            except InputError as error:
                note = Note("not read", {"why": error.note})
                problems.append(problem_of("counted", "activities", entry.label, "", note))
                continue
            contribution, form_problems = _of_form(form, entry.label, base_round, base, groups)
            contributions.append(contribution)
            # a form that was packed is read under a name of ours
            problems += (replace(one, file=entry.label) for one in form_problems)
            group_of[entry.label] = contribution.by
        if not forms:
            unread.append(path.name)
    problems = _still_asked(problems, group_of)
    if unread:
        facts = {"count": len(unread), "place": in_short(unread, 8)}
        note = Note("files without form", facts, "note")
        problems.append(problem_of("note", "activities", listed(unread, 8), "", note))
    return contributions, problems


def _without_form(
    contributions: Sequence[workshop.Contribution], owner: Mapping[str, str]
) -> list[Problem]:
    """The groups that have units and from which no form came."""
    came = {contribution.by for contribution in contributions if contribution.is_form}
    missing = sorted(set(owner.values()) - came - {workshop.EVERYBODY})
    if not came or not missing:
        return []  # only tables were brought: nobody is waiting for forms
    note = Note("no form from", {"names": in_short(missing, 12)})
    return [problem_of("counted", "activities", "", "", note)]


def _contribution(
    path: Path, base_round: Round, base: pd.DataFrame, groups: Sequence[str]
) -> tuple[workshop.Contribution, tuple[Problem, ...]]:
    """What a group's form, or a table of activities, brings."""
    refuse_unread(path, path.name)
    if _is_form_or_table(path) and is_form(path):
        return _of_form(read_form(path), path.name, base_round, base, groups)
    rows, noticed_problems = _table_of(path, base_round, base)
    units = base_round.tables["conservation_units"]
    table, _, unplaced = workshop.placed(rows, units, source=path.stem)
    return workshop.Contribution(path.stem, table, is_form=False), (*noticed_problems, *unplaced)


def _of_form(
    form: Form, name: str, base_round: Round, base: pd.DataFrame, groups: Sequence[str]
) -> tuple[workshop.Contribution, tuple[Problem, ...]]:
    """What a group's form brings."""
    # a sheet saved as a table of text says nothing of its group: its name may
    group = clean_name(form.group) or named_group(name, groups)
    group = group or Path(name).stem.removeprefix("form_")
    spellings = _spellings(base_round)
    # of what is kept nothing is told again
    telling, silent = _telling(
        form.activities, {*base["activity_id"], *form.given["activity_id"]}, name
    )
    _, unknown = known_names(telling[_brings(telling)], spellings, name)
    rows, given = (known_names(one, spellings, name)[0] for one in (telling, form.given))
    rows, range_problems = _one_unit_a_row(rows, base_round, name)
    is_brought = _brings(rows)
    units = base_round.tables["conservation_units"]
    placed_rows, _, noticed_problems = workshop.placed(rows[is_brought], units, source=name)
    rows.loc[is_brought, "unit_id"] = placed_rows["unit_id"].to_numpy()
    as_given = {row["activity_id"]: row for row in text_rows(given)}
    contribution = workshop.Contribution(group, rows, as_given=as_given)
    return contribution, (*form.problems, *silent, *unknown, *range_problems, *noticed_problems)


def _telling(
    rows: pd.DataFrame, known_ids: Collection[str], file: str
) -> tuple[pd.DataFrame, tuple[Problem, ...]]:
    """The rows that say what is to be done, or name an activity that is there; what else was typed is told."""
    is_drop = rows["action"].eq("drop") if "action" in rows else False
    is_telling = rows["text"].ne("") | rows["activity_id"].isin(list(known_ids)) | is_drop
    others = [words_of_row(row) for row in text_rows(rows[~is_telling])]
    if not others:
        return rows, ()
    facts = {"count": len(others), "text": in_short(others, _MOST_ROWS_TOLD)}
    note = Note("rows without activity", facts)
    told = problem_of("counted", "activities", file, "", note)
    return rows[is_telling].reset_index(drop=True), (told,)


_MOST_ROWS_TOLD: Final = 20


def _brings(rows: pd.DataFrame) -> pd.Series[bool]:
    """Which rows of a form bring anything: those that are kept stand where they stood, whatever their unit is called."""
    is_new = rows["activity_id"].eq("")
    return (rows["action"].ne("keep") | is_new) & (rows["unit_id"].ne("") | is_new)


def _table_of(
    path: Path, base_round: Round, base: pd.DataFrame
) -> tuple[pd.DataFrame, tuple[Problem, ...]]:
    """A table of activities in our words, species and states by their ids, one unit a row.

    What is said of a word is asked of a row before it is made one for each of its units.
    """
    rows = read_table(path, columns=_READ, needs=("text",))
    rows, silent = _telling(rows, {*base["activity_id"]}, path.name)
    rows, word_problems = known_words(rows, path.name)
    rows, unknown = known_names(rows, _spellings(base_round), path.name)
    rows, range_problems = _one_unit_a_row(rows, base_round, path.name)
    return rows, (*silent, *word_problems, *unknown, *range_problems)


def _one_unit_a_row(
    rows: pd.DataFrame, base_round: Round, file: str
) -> tuple[pd.DataFrame, tuple[Problem, ...]]:
    """As :func:`workshop.one_unit_a_row`: a range takes in the units that are shown."""
    units = base_round.tables["conservation_units"]
    shown_ids = scene.shown_units(units)["unit_id"]
    return workshop.one_unit_a_row(rows, [*map(str, shown_ids)], source=file)


def _spellings(base_round: Round) -> dict[str, Spellings]:
    """What names mean that people write into the columns of species and of states."""
    return {
        "species": species_spellings(base_round.tables["species"]),
        "countries": state_spellings(base_round.tables["countries"]),
    }


def _files(files: Sequence[Path]) -> list[tuple[Path, bool]]:
    """Every file, and whether it was named itself; tables of a folder that are of `collect` aside."""
    named_files: list[tuple[Path, bool]] = []
    for path in files:
        if not path.is_dir():
            named_files.append((path, True))
            continue
        for inner in sorted(path.rglob("*")):
            is_ours = store.is_litter(inner.name) or is_resolutions(inner)
            if _is_form_or_table(inner) and not is_ours:
                named_files.append((inner, False))
    if missing := [path.name for path, _ in named_files if not path.is_file()]:
        raise InputError.of("files not there", names=in_short(missing))
    return named_files


def _is_form_or_table(path: Path) -> bool:
    """Whether a file may be a form or a table of activities, one that has to be refused included."""
    suffix = path.suffix.lower()
    # a .txt may be anything: a letter, a map, a list of checksums
    is_table = suffix in (*FORM_SUFFIXES, ".csv", ".tsv") or (suffix == ".txt" and is_form(path))
    return path.is_file() and (is_table or may_hold_form(path))


def _owners(base_round: Round) -> dict[str, str]:
    """The group of each unit: its sections decide, as for packs."""
    allocated = allocation(base_round, groups_in(base_round))
    return dict(zip(allocated["unit_id"], allocated["group"], strict=True))


def _suggestions(table: pd.DataFrame, base_round: Round) -> pd.DataFrame:
    """What recurs among the units that are there: rejected and merged ones leave the count."""
    units = base_round.tables["conservation_units"]
    hidden_ids = set(units.loc[units["status"].isin(HIDDEN_STATUSES), "unit_id"])
    # What was moved to the general section is judged by the unit that it came from.
    home = table["moved_from"].where(table["moved_from"] != "", table["unit_id"])
    return _recurring(table[~home.isin(hidden_ids)], base_round)


def _recurring(table: pd.DataFrame, base_round: Round) -> pd.DataFrame:
    """What recurs, told apart by the species of the round, whatever they are called."""
    names = species_spellings(base_round.tables["species"]).names
    return workshop.recurring(table, species_names=names)


def _activity_ids(names: Sequence[str], table: pd.DataFrame, base_round: Round) -> list[str]:
    """The activities behind suggestions ("R-A001") and ids."""
    # Files first: a workbook that went round with ticks in it stands for the ids that it names.
    names = [ticked for name in names for ticked in _ticked(name)]
    if not names:
        return []
    suggestions = _suggestions(table, base_round).set_index("suggestion_id")["activity_ids"]
    known_ids = [*suggestions.index, *table["activity_id"]]
    if unknown := [name for name in names if name not in known_ids]:
        hints = [nearest_note(name, known_ids) for name in unknown]
        raise InputError.of("no suggestion", names=in_short(unknown), hints=hints)
    return [
        activity_id
        for name in names
        for activity_id in (suggestions[name].split(";") if name in suggestions.index else [name])
    ]


def _needs(base_round: Round, lang: str) -> dict[str, list[str]]:
    """The sentences of evidence for what each unit needs: barriers, and a gap in protection."""
    findings = in_language(base_round.tables, lang)["unit_criteria"]
    needs: dict[str, list[str]] = {}
    for row in findings[findings["criterion"].isin(words.NEED)].to_dict("records"):
        if not pd.isna(row["met"]) and bool(row["met"]):
            needs.setdefault(str(row["unit_id"]), []).append(clean_name(row["because"]))
    return needs


def _maps(directory: Path, base_round: Round, lang: str) -> dict[str, bytes]:
    """The map of each unit that is shown, as a picture."""
    shown_scene = drawn_scene(base_round, lang=lang)
    unit_ids = [str(unit_id) for unit_id in scene.shown_units(shown_scene.units)["unit_id"]]
    with kept_pieces(directory):
        maps = [OnMap(unit_id) for unit_id in unit_ids]
        drawings = unit_drawings(ground(shown_scene), [places(shown_scene)], maps)
        pictures = [map_picture(drawing, lang) for (drawing,) in drawings]
    return dict(zip(unit_ids, pictures, strict=True))


def _ticked(name: str) -> list[str]:
    """The suggestions that a table has ticked, where a file is named; else the id that was typed.

    Raises
    ------
    InputError
        The file is none with the columns ``suggestion_id`` and ``tick``.
    """
    path = Path(name)
    if path.suffix.lower() not in (".csv", *FORM_SUFFIXES) or not path.is_file():
        return [name]
    rows = read_table(path, columns=("suggestion_id", "tick"), needs=("suggestion_id", "tick"))
    return rows.loc[rows["tick"].ne("") & rows["suggestion_id"].ne(""), "suggestion_id"].tolist()


def _writers(
    directory: Path,
    base_round: Round,
    table: pd.DataFrame,
    log: pd.DataFrame,
    suggestions: pd.DataFrame,
    gaps: pd.DataFrame,
    matches: pd.DataFrame,
) -> dict[str, store.Writer]:
    """The writers of the tables, the documents and the pages of the activities."""
    imprint, lang = base_round.imprint, base_round.imprint.languages[0]
    plain = _shown_units(base_round)
    live = table[table["status"] != workshop.DROPPED].reset_index(drop=True)
    lines = workshop.once_in_general(live)
    shown_ids = [*map(str, plain["unit_id"])]
    overviews = {
        "sums": workshop.activity_sums(live, shown_ids),
        "gaps": workshop.theme_gaps(plain, live, THEMES),
        "offers": workshop.offers(workshop.of_shown(live, shown_ids)),
    }
    tables = {**base_round.tables, "conservation_units": plain}
    species, unit_species = tables["species"], tables["unit_species"]
    cards = unit_cards(tables, species, lang=lang)
    said_in: Any = {"imprint": imprint, "lang": lang}
    named: Any = {"names": names_of(tables), **said_in}
    writers: dict[str, store.Writer] = {
        ACTIVITIES: lambda path: write_csv(path, table),
        "general_suggestions.csv": lambda path: write_csv(path, suggestions),
        "completeness.csv": lambda path: write_csv(path, gaps),
        "activities.xlsx": lambda path: write_activities_workbook(
            path,
            plain,
            live,
            general=lines[lines["unit_id"] == workshop.GENERAL],
            suggestions=suggestions,
            log=log,
            matrix=workshop.species_by_unit(unit_species, species, lang),
            completeness=gaps,
            overviews=overviews,
            imprint=imprint,
        ),
        "sums.html": lambda path: write_sums_page(path, plain, overviews, **said_in),
        "activities.docx": lambda path: write_activities_document(
            path, plain, workshop.once_in_general(table), suggestions=suggestions, log=log, **named
        ),
        "species_pages.docx": lambda path: write_species_pages(
            path, species, unit_species, cards, lines, **named
        ),
        "funding_notes.docx": lambda path: write_funding_notes(
            path,
            cards,
            live,
            needs=_needs(base_round, lang),
            maps=_maps(directory, base_round, lang),
            **said_in,
        ),
    }
    if len(matches):
        writers["programme_units.csv"] = lambda path: write_csv(path, matches)
    return writers
