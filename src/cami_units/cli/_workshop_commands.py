"""Commands of the workshop: what is handed out, what comes back, what is decided and what follows."""

from __future__ import annotations

import gc
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import lazy_loader
import typer

from cami_units import commands, store
from cami_units.cli._terminal import (
    BUG,
    FAULT,
    ForceOption,
    LanguageOption,
    RoundArgument,
    at_work,
    command,
    is_quiet,
    is_verbose,
    language,
    language_of,
    plan_above,
    say,
    say_rows,
    words_of,
)
from cami_units.model import InputError, Note

if TYPE_CHECKING:
    from cami_units.cli import _summaries as summaries
else:
    summaries = lazy_loader.load("cami_units.cli._summaries", suppress_warning=True)


class LintProfile(StrEnum):
    """The program a KML or KMZ is meant for."""

    earth_pro = "earth-pro"
    earth_web = "earth-web"


@command("collect handed-in --base rounds/00-proposal")
def collect(
    files: list[Path],
    *,
    base: Path,
    out: Path | None = None,
    resolutions: Path | None = None,
    pack: Path | None = None,
    force: ForceOption = False,
) -> None:
    """Read what the groups hand in, compare, measure and merge it: the next round, and a report.

    Parameters
    ----------
    files : FILE
        The groups' files, or folders with them: KMZ, KML, GeoPackage, GeoJSON, and the XLSX
        form.
    base : ROUND
        The round that the groups were handed.
    out : DIR
        The folder of the next round. Left out: beside the base.
    resolutions : CSV
        unit_id, resolution, reason. Left out: resolutions.csv beside the files.
    pack : DIR
        The packs handed out. Left out: pack beside the base.
    """
    # Of the millions of rows and notes of thousands of shapes some nine thousand are in circles, all of
    # them small: to look for these as often as other commands do takes a twentieth of it.
    gc.set_threshold(5_000_000, 10, 10)
    with at_work() as progress:
        before = commands.decide.decided_round(base)
        target = out or commands.collect.next_directory(base, before)
        # before ten files are read and measured, not after; and first of all whether there are any
        commands.group_folders.found_files(files)
        store.check_place(target, force=force)
        if pack and not (pack / commands.round_files.PACK_FILE).is_file():
            raise InputError.of("no packs there", folder=str(pack))
        # looked at first: the next writing clears it away without a word
        left = store.left_behind(target)
        collected = commands.collect.collect(
            files,
            before,
            base_dir=base,
            pack=pack or base.resolve().parent / "pack",
            resolutions=resolutions,
            progress=progress,
        )
        problems = commands.collect.write_collected(
            collected, target, force=force, progress=progress
        )
    if not is_quiet():
        lang = collected.round.imprint.languages[0]
        if left:
            say(summaries.speaker(lang)("report line left"))
        place = commands.group_folders.resolutions_place(files, resolutions)
        summaries.say_collected(collected, target, resolutions=place, verbose=is_verbose())
        summaries.say_problems(problems, lang, cures=is_verbose())


@command("pack rounds/00-proposal --plan plan.toml")
def pack(directory: RoundArgument, *, out: Path | None = None, plan: Path | None = None) -> None:
    """Make a folder for each working group, one for plenary, and one with everything.

    Parameters
    ----------
    out : DIR
        Where to; left out: pack/ beside the round.
    plan : PLAN
        Take the groups from this plan, not from the one the round was made with.
    """
    gc.set_threshold(5_000_000, 10, 10)  # as in `collect`
    with at_work() as progress:
        from cami_units.plan import read_plan

        plan_values = read_plan(plan) if plan else None
        packs = commands.pack.pack(directory, out, plan=plan_values, progress=progress)
    if not is_quiet():
        summaries.say_packed(packs, directory, language_of(directory))


@command('decide rounds/01 CU-012 agree --reason "no objection"')
def decide(
    directory: RoundArgument,
    unit: str,
    decision: str,
    *,
    reason: str,
    by: str = "plenary",
    document: str = "",
    status: str = "",
    into: str = "",
    name_en: str = "",
    name_ru: str = "",
    outline: str = "",
    question: str = "",
    time: str = "",
) -> None:
    """Write one decision of plenary into the log, and show it in the tables and maps.

    Parameters
    ----------
    unit : UNIT
        The unit, as CU-012.
    decision : DECISION
        agree, agree-with-change, park, reject, merge, undo (takes back the last one); ask,
        answer or withdraw: one more question, and what became of it.
    reason
        Why, on one line.
    by
        A group or a role, never a person.
    document
        The number of the document that says so.
    status
        endorsed or adopted: only with agree and --document.
    into : UNIT
        The unit it goes into: only with merge.
    name_en
        A new English name.
    name_ru
        A new Russian name.
    outline : GROUP
        The group whose outline stands from now on.
    question : ID
        Which question is answered or withdrawn, A-001; left out: the only one.
    time
        When (2026-11-22T14:05). Left out: now.
    """
    with at_work() as progress:
        # The only clock that this program reads: a decision is an event, a round is not.
        moment = time or datetime.now().astimezone().isoformat(timespec="seconds")
        line, shown = commands.decide.decide_and_show(
            directory,
            unit,
            decision,
            reason=reason,
            time=moment,
            by=by,
            document=document,
            status=status,
            into=into,
            name_en=name_en,
            name_ru=name_ru,
            outline=outline,
            question=question,
            progress=progress,
        )
    if not is_quiet():
        summaries.say_decided(line, shown, directory)


@command("plenary rounds/01-collected --before rounds/00-proposal")
def plenary(
    directory: RoundArgument,
    *,
    out: Path | None = None,
    before: Path | None = None,
    order: str = "rank",
    lang: LanguageOption = "",
) -> None:
    """Make the board for plenary: one unit a screen, in a browser, as slides, as a tour.

    Parameters
    ----------
    out : DIR
        Where to; left out: plenary/ in the round.
    before : ROUND
        The round to compare with; left out: the base of this one, if it lies beside it.
    order : rank|group|section|CU-…
        What the units follow one another by; or ids with commas: these first.
    """
    with at_work() as progress:
        folder, problems = commands.plenary.plenary(
            directory, out, before=before, lang=lang, order=words_of(order), progress=progress
        )
    if not is_quiet():
        told_in = language_of(directory)
        t = summaries.speaker(told_in)
        summaries.say_problems(problems, told_in)
        say(t("board line where", folder=str(folder)), style="bold")
        say_rows(
            (t("board line browser"), folder / "board.html"),
            (t("board line slides"), folder / "board.pptx"),
            (t("board line tour"), folder / "board.kmz"),
        )


@command("activities rounds/01-collected handed-in/")
def activities(
    directory: RoundArgument,
    files: list[Path] | None = None,
    *,
    programme: Path | None = None,
    session: str = "",
    implementation: Path | None = None,
    general: list[str] | None = None,
    back: list[str] | None = None,
    by: str = "facilitator",
    reason: str = "",
) -> None:
    """Bring the activities of the units together: tables, text, funding notes, what recurs.

    Parameters
    ----------
    files : FILE
        Groups' forms (XLSX) or tables (CSV, XLSX).
    programme : FILE
        Measures of the current programme.
    session : THEMES
        Forms and a programme with these themes only.
    implementation : FILE
        How far each of them has come.
    general : ID|FILE
        Move a suggestion, or those ticked in a workbook.
    back : ID
        Move it back to the units it came from.
    by
        A group or a role.
    reason
        Why it is moved.
    """
    with at_work() as progress:
        activity_tables = commands.activities.activities(
            directory,
            files or (),
            programme=programme,
            implementation=implementation,
            session=words_of(session),
            general=general or (),
            back=back or (),
            by=by,
            reason=reason,
            progress=progress,
        )
    if not is_quiet():
        summaries.say_activities(activity_tables, language_of(directory))


@command("annex rounds/01-collected")
def annex(directory: RoundArgument, *, out: Path | None = None, lang: LanguageOption = "") -> None:
    """Write the annex of a report: text, workbook, map, GeoPackage, and what went in.

    Parameters
    ----------
    out : DIR
        Where to; left out: annex/ in the round.
    """
    with at_work() as progress:
        folder = commands.annex.annex(directory, out, lang=lang, progress=progress)
    if not is_quiet():
        say(
            summaries.speaker(language_of(directory))("annex line where", folder=str(folder)),
            style="bold",
        )
        say_rows(*((name, folder / name) for name in commands.annex.ANNEX_FILES))


@command("publish rounds/01 postgresql://me@db.example.org/cami")
def publish(directory: RoundArgument, address: str, *, schema: str = "cami") -> None:
    """Write a round into a PostGIS database, as it may be handed to anybody.

    Parameters
    ----------
    address : URL
        The database: postgresql://user@host/name. The password goes into ~/.pgpass.
    schema : NAME
        The schema to write the tables in.
    """
    with at_work() as progress:
        names = commands.publish.publish(directory, address, schema=schema, progress=progress)
    if not is_quiet():
        t = summaries.speaker(language_of(directory))
        say(t("published line", n=len(names), schema=schema, names=names))


@command("desk my-workshop")
def desk(
    workshop: Path,
    *,
    port: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=65535, help="Left out: one that is free.")
    ] = None,
    no_browser: bool = False,
) -> None:
    """The facilitator's page for the day: before, hand in, settle, board, late files, after.

    Parameters
    ----------
    workshop : WORKSHOP
        The folder of the workshop, or an empty one.
    no_browser
        Print the address only.
    """
    with at_work():
        from cami_units.desk import serve
        from cami_units.words import said

        def announce(address: str) -> None:
            t = summaries.speaker(language(workshop / "plan.toml"))
            say(t("desk line open", folder=str(workshop), address=address), style="bold")
            say(t("desk line private"))
            say(t("desk line stop"))

        def warn(note: Note) -> None:
            say(said(note, language(workshop / "plan.toml")), style="yellow")

        serve(workshop, port=port, browser=not no_browser, announce=announce, warn=warn)


@command("rehearse --out rehearsal")
def rehearse(round_: Path | None = None, *, out: Path = Path("rehearsal")) -> None:
    """Fabricate a dozen group files with the usual damage, collect them, and say what was caught.

    Parameters
    ----------
    round_ : ROUND
        The round to rehearse with. Left out: the bundled demonstration.
    out : DIR
        A new folder for all that is made.
    """
    with at_work() as progress:
        from cami_units.plan import read_plan

        # the round below goes into the same folder, which would then no longer be empty
        commands.rehearse.check_rehearsal(out)
        base = round_
        if base is None:
            base = out / "00-proposal"
            proposal = commands.propose.propose(read_plan(None), progress=progress)
            commands.round_files.write_proposal(proposal, base, progress=progress)
        rehearsal = commands.rehearse.rehearse(base, out, progress=progress)
    missed = [damage for damage in rehearsal.caught if not damage.line]
    if not is_quiet():
        summaries.say_rehearsed(rehearsal)
    if missed:
        t = summaries.speaker(rehearsal.collected.round.imprint.languages[0])
        counts = {"n": len(missed), "of": len(rehearsal.caught)}
        say(t("rehearsed line not told", **counts), style="red", stderr=True)
        # a damage that nobody told of is a fault of the program, not of the input
        raise typer.Exit(BUG)


@command("lint units.kmz --profile earth-web")
def lint(files: list[Path], *, profile: LintProfile | None = None) -> None:
    """Say whether KML and KMZ files are fit for Google Earth, and what to mend.

    In the first language of the plan of the folder that a file lies in; elsewhere in English.

    Parameters
    ----------
    files : FILE
        KML or KMZ files, anybody's, or folders of such.
    profile : earth-pro|earth-web
        The program they are meant for. Left out: earth-web for files called …_web, else
        earth-pro.
    """
    fit = True
    with at_work():
        from cami_units import kml, words

        for file in _in_folders(files):
            lang = language(plan_above(file))
            # one damaged file must not hide what is wrong with the others
            try:
                if file.is_dir():
                    raise InputError.of("no KML in folder", file=str(file))
                faults = kml.lint_kml(file, profile=profile.value if profile else None, lang=lang)
            except InputError as error:
                fit = False
                say(f"✗ {file}", style="red")
                say(f"    {words.said(error.note, lang)}")
                continue
            wrong = bool((faults["level"] == "error").any())
            fit = fit and not wrong
            if wrong or not is_quiet():
                summaries.say_lint(file, faults, faults.attrs["profile"], lang)
    if not fit:
        raise typer.Exit(FAULT)


def _in_folders(paths: list[Path]) -> list[Path]:
    """Files as they are, of a folder the KML and KMZ in it, by name; without one, the folder itself."""
    files: list[Path] = []
    for path in paths:
        inner = sorted(one for one in path.rglob("*") if one.suffix.casefold() in (".kml", ".kmz"))
        # what a Mac puts beside files on a stick is none of anybody's
        inner = [one for one in inner if not one.name.startswith("._")]
        files += [one for one in inner if one.is_file()] or [path]
    return files
