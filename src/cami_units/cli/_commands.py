"""The commands: options in, one call, words and progress out."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cami_units.cli._told import (
    say_activities,
    say_assessment,
    say_check,
    say_collected,
    say_how_sure,
    say_lint,
    say_packed,
    say_problems,
    say_rehearsed,
    say_what_was_found,
    say_what_went_in,
    say_where_it_is,
)
from cami_units.cli._words import counted, say, say_rows
from cami_units.cli._work import BUG, FAULT, at_work, is_quiet, is_verbose
from cami_units.phrases import LANGUAGES

app = typer.Typer(
    name="cami-units",
    help="Propose priority conservation units for migratory mammals that cross borders, from "
    "species ranges and stated criteria: as KMZ for Google Earth, as a map that opens offline, and "
    "as tables.",
    epilog="To begin: cami-units propose — or, for your own data: cami-units init my-workshop",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class LintProfile(StrEnum):
    """The program a KML or KMZ is meant for."""

    earth_pro = "earth-pro"
    earth_web = "earth-web"


def _known_language(code: str) -> str:
    if code and code not in LANGUAGES:
        raise typer.BadParameter(f"'{code}' is not one of {', '.join(LANGUAGES)}.")
    return code


_Lang = Annotated[
    str,
    typer.Option(
        "--lang",
        metavar="|".join(LANGUAGES),
        callback=_known_language,
        help="The language of what is written. Left out: the plan's first.",
        show_default=False,
    ),
]

_Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing but what is wrong.", show_default=False)
]

_Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", help="Say more; after an unexpected failure, all.", show_default=False
    ),
]

_Plan = Annotated[
    Path | None,
    typer.Argument(metavar="PLAN", help="A plan.toml. Left out: the bundled demonstration."),
]

_Round = Annotated[Path, typer.Argument(metavar="ROUND", help="The folder of the round.")]

_NoCache = Annotated[
    bool,
    typer.Option(
        "--no-cache",
        help="Measure everything anew, and keep nothing beside the plan.",
        show_default=False,
    ),
]


def _say_version(is_asked: bool) -> None:
    if is_asked:
        from cami_units import __version__

        typer.echo(f"cami-units {__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    quiet: _Quiet = False,
    verbose: _Verbose = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Say which version this is.", is_eager=True, callback=_say_version
        ),
    ] = False,
) -> None:
    """Take the options that stand before the command."""
    ctx.obj = (quiet, verbose)


@app.command(epilog="Example: cami-units propose plan.toml --out rounds/00-proposal")
def propose(
    ctx: typer.Context,
    plan: _Plan = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The folder of the round to write.")
    ] = Path("rounds/00-proposal"),
    force: Annotated[
        bool, typer.Option("--force", help="Replace the round that is there.", show_default=False)
    ] = False,
    no_cache: _NoCache = False,
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Compute a first proposal of conservation units: round 00, with KMZ, map and tables."""
    with at_work(ctx, quiet, verbose) as progress:
        from cami_units import cache, store
        from cami_units.commands.propose import propose as run_propose
        from cami_units.commands.round_files import write_proposal
        from cami_units.plan import read_plan

        plan_values = read_plan(plan)
        store.check_place(out, force=force)
        measured_cache = cache.NOTHING_KEPT if no_cache else cache.cache_beside(plan)
        round_ = run_propose(plan_values, progress=progress, cache=measured_cache)
        problems = write_proposal(round_, out, force=force, progress=progress)
    if not is_quiet(ctx, quiet):
        say_what_went_in(round_.manifest, problems, cures=is_verbose(ctx, verbose))
        say_what_was_found(round_)
        say_where_it_is(round_, out)


@app.command(epilog="Example: cami-units assess drawn.kml plan.toml --out results")
def assess(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Polygons: KML, KMZ, GeoPackage, GeoJSON, shapefile."),
    ],
    plan: _Plan = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The folder for assessment.csv.")
    ] = Path(),
    no_cache: _NoCache = False,
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Measure any polygons, as drawn, against every gate and criterion."""
    with at_work(ctx, quiet, verbose) as progress:
        from cami_units import cache, store
        from cami_units.commands.assess import assess as run_assess
        from cami_units.documents.csv_tables import write_csv
        from cami_units.plan import read_plan

        measured_cache = cache.NOTHING_KEPT if no_cache else cache.cache_beside(plan)
        table = run_assess(file, read_plan(plan), progress=progress, cache=measured_cache)
        csv_path = store.write_atomically(
            out / "assessment.csv", lambda path: write_csv(path, table)
        )
    if not is_quiet(ctx, quiet):
        say_problems(table.attrs.get("problems", ()))
        say_assessment(table, verbose=is_verbose(ctx, verbose))
        say(f"\nEvery number, with its evidence: {csv_path}")


@app.command(
    epilog="Example: cami-units overlaps ranges.parquet --out overlaps.parquet --cell-km 10"
)
def overlaps(
    ctx: typer.Context,
    ranges: Annotated[
        Path,
        typer.Argument(metavar="RANGES", help="A GeoParquet file of ranges, or a folder of them."),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The Parquet file to write.")
    ] = Path("overlaps.parquet"),
    cell_km: Annotated[
        float, typer.Option("--cell-km", metavar="KM", help="Side of a cell, in km.")
    ] = 25.0,
    hexagons: Annotated[
        bool, typer.Option("--hexagons", help="Hexagons of that area, not squares.")
    ] = False,
    crs: Annotated[
        str,
        typer.Option(
            "--crs",
            help="An equal-area coordinate system in metres, such as EPSG:6933 for the whole "
            "world. Left out: that of Central Asia.",
        ),
    ] = "",
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            metavar="ADDRESS",
            help="A Dask scheduler whose workers see the same files. Left out: this process.",
        ),
    ] = None,
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Measure thousands of ranges on millions of cells: km² of each species in each cell."""
    with at_work(ctx, quiet, verbose) as progress:
        from cami_units.commands.overlaps import write_overlaps
        from cami_units.model import EQUAL_AREA

        overlap_file = write_overlaps(
            ranges,
            out,
            cell_km=cell_km,
            shape="hexagon" if hexagons else "square",
            crs=crs or EQUAL_AREA,
            scheduler=scheduler,
            progress=progress,
        )
    if not is_quiet(ctx, quiet):
        say_problems(overlap_file.problems, cures=is_verbose(ctx, verbose))
        say(f"{overlap_file.species:,} species, {overlap_file.rows:,} overlaps with cells: {out}")


@app.command(epilog="Example: cami-units check plan.toml")
def check(
    ctx: typer.Context,
    plan: _Plan = None,
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Look at every layer of a plan, and say what is there and what must be mended."""
    with at_work(ctx, quiet, verbose) as progress:
        from cami_units.commands.check import check as run_check
        from cami_units.plan import read_plan

        problems, sources = run_check(read_plan(plan), progress=progress)
    refusals = [problem for problem in problems if problem.level == "refuses"]
    if not is_quiet(ctx, quiet):
        say_check(problems, sources)
    elif refusals:
        say_problems(refusals, stderr=True)
    if refusals:
        say(
            f"\n{counted(len(refusals), 'problem')} to mend before anything can be computed.",
            style="red",
            stderr=True,
        )
        raise typer.Exit(FAULT)
    if not is_quiet(ctx, quiet):
        command = f"cami-units propose {plan}" if plan else "cami-units propose"
        say(f"\nReady. Next: {command}")


@app.command(epilog="Example: cami-units init my-workshop")
def init(
    ctx: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Make the folder of a workshop: a plan that works as it stands, criteria, and a README."""
    with at_work(ctx, quiet, verbose):
        from cami_units.commands.init import init as run_init

        paths = run_init(directory)
    if not is_quiet(ctx, quiet):
        say(f"A workshop folder is in {directory}:")
        for path in paths:
            say(f"  {path}")
        say(
            "\nPut your layers into inputs/, name them in plan.toml, then:\n"
            f"  cami-units check {directory / 'plan.toml'}\n"
            f"  cami-units propose {directory / 'plan.toml'}"
        )


@app.command(epilog="Example: cami-units sensitivity rounds/00-proposal")
def sensitivity(
    ctx: typer.Context,
    round_: Annotated[Path, typer.Argument(metavar="ROUND", help="The folder of a round.")],
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Say how sure each unit and rank is: 1,000 runs under other assumptions, added to the round."""
    with at_work(ctx, quiet, verbose) as progress:
        from cami_units import store
        from cami_units.commands.sensitivity import with_sensitivity, write_sensitivity

        assessed_round = with_sensitivity(store.read_round(round_), progress=progress)
        write_sensitivity(assessed_round, round_, progress=progress)
    if not is_quiet(ctx, quiet):
        say_how_sure(assessed_round)
        say(f"\nAdded to the round in {round_}: sensitivity.csv and its map and figure,")
        say(
            "complementarity.csv, border_pairs.csv, crossings.csv, unit_presence.csv, restoration.csv."
        )
        say("The unit table, both KMZ and the map now say how stable each unit is.")


@app.command(epilog="Example: cami-units figures rounds/00-proposal --lang ru")
def figures(
    ctx: typer.Context,
    round_: Annotated[Path, typer.Argument(metavar="ROUND", help="The folder of a round.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="The folder to write. Left out: figures/ in the round."
        ),
    ] = None,
    lang: _Lang = "",
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Draw a round for paper and projector: poster, section sheets, unit pages, slides, an atlas."""
    folder = round_ / "figures" if out is None else out
    with at_work(ctx, quiet, verbose) as progress:
        from cami_units import store
        from cami_units.commands.figures import write_figures

        problems = write_figures(store.read_round(round_), folder, lang=lang, progress=progress)
    if not is_quiet(ctx, quiet):
        say_problems(problems)
        say(f"The figures are in {folder}", style="bold")
        say_rows(
            [
                ("Poster of the region, A1", folder / "poster_a1.pdf"),
                ("A sheet for each section, A3", folder / "section_…_a3.pdf"),
                ("A page for each unit, A4", folder / "units_a4.pdf"),
                ("For the projector, 1920 × 1080", folder / "slide_….png"),
                ("Map with all evidence, for any browser", folder / "atlas.html"),
            ]
        )


@app.command(epilog="Example: cami-units collect handed-in --base rounds/00-proposal")
def collect(
    ctx: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE…",
            help="The groups' files, or folders with them: KMZ, KML, GeoPackage, GeoJSON, and the "
            "XLSX form.",
        ),
    ],
    base: Annotated[
        Path,
        typer.Option("--base", metavar="ROUND", help="The round that the groups were handed."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="The folder of the next round. Left out: beside the base."
        ),
    ] = None,
    resolutions: Annotated[
        Path | None,
        typer.Option(
            "--resolutions",
            metavar="CSV",
            help="unit_id, resolution, reason. Left out: resolutions.csv beside the files.",
        ),
    ] = None,
    pack: Annotated[
        Path | None,
        typer.Option(
            "--pack", metavar="DIR", help="The packs handed out. Left out: pack beside the base."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the round that is there.", show_default=False)
    ] = False,
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Read what the groups hand in, compare, measure and merge it: the next round, and a report."""
    with at_work(ctx, quiet, verbose) as progress:
        from cami_units import store
        from cami_units.commands.collect import collect as run_collect
        from cami_units.commands.collect import next_directory, write_collected
        from cami_units.commands.decide import decided_round

        before = decided_round(base)
        target = out or next_directory(base, before)
        store.check_place(target, force=force)
        left = store.left_behind(target)
        collected = run_collect(
            files,
            before,
            base_dir=base,
            pack=pack or base.resolve().parent / "pack",
            resolutions=resolutions,
            progress=progress,
        )
        problems = write_collected(collected, target, force=force, progress=progress)
    if not is_quiet(ctx, quiet):
        if left:
            say("An earlier run was stopped while it wrote; what it had left was cleared away.")
        say_collected(collected, target)
        say_problems(problems, cures=is_verbose(ctx, verbose))


@app.command(epilog="Example: cami-units pack rounds/00-proposal --plan plan.toml")
def pack(
    ctx: typer.Context,
    directory: Annotated[
        Path, typer.Argument(metavar="ROUND", help="The folder of the round to hand out.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where to; left out: pack/ beside the round."),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="PLAN",
            help="Take the groups from this plan, not from the one the round was made with.",
        ),
    ] = None,
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Make a folder for each working group, one for plenary, and one with everything."""
    with at_work(ctx, quiet, verbose) as progress:
        from cami_units.commands.pack import pack as run_pack
        from cami_units.plan import read_plan

        plan_values = read_plan(plan) if plan else None
        packs = run_pack(directory, out, plan=plan_values, progress=progress)
    if not is_quiet(ctx, quiet):
        say_packed(packs)


@app.command(epilog='Example: cami-units decide rounds/01 CU-012 agree --reason "no objection"')
def decide(
    ctx: typer.Context,
    directory: _Round,
    unit: Annotated[str, typer.Argument(metavar="UNIT", help="The unit, as CU-012.")],
    decision: Annotated[
        str,
        typer.Argument(
            metavar="DECISION",
            help="agree, agree-with-change, park, reject, or undo (takes back the last one).",
        ),
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why, on one line.")],
    by: Annotated[str, typer.Option("--by", help="A group or a role, never a person.")] = "plenary",
    document: Annotated[
        str, typer.Option("--document", help="The number of the document that says so.")
    ] = "",
    status: Annotated[
        str,
        typer.Option("--status", help="endorsed or adopted: only with agree and --document."),
    ] = "",
    time: Annotated[
        str, typer.Option("--time", help="When (2026-11-22T14:05). Left out: now.")
    ] = "",
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Write one decision of plenary into the log, and show it in the tables and maps."""
    with at_work(ctx, quiet, verbose) as progress:
        from datetime import datetime

        from cami_units.commands.decide import DECISION_LOG
        from cami_units.commands.decide import decide as run_decide

        # The only clock that this program reads: a decision is an event, a round is not.
        moment = time or datetime.now().astimezone().isoformat(timespec="seconds")
        line = run_decide(
            directory,
            unit,
            decision,
            reason=reason,
            time=moment,
            by=by,
            document=document,
            status=status,
            progress=progress,
        )
    if not is_quiet(ctx, quiet):
        say(f"{line['unit_id']}: {line['before']} → {line['status']} ({line['decision']})")
        say(f"  in {directory / DECISION_LOG}, the tables and the maps of the round")


@app.command(epilog="Example: cami-units plenary rounds/01-collected --before rounds/00-proposal")
def plenary(
    ctx: typer.Context,
    directory: _Round,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where to; left out: plenary/ in the round."),
    ] = None,
    before: Annotated[
        Path | None,
        typer.Option(
            "--before",
            metavar="ROUND",
            help="The round to compare with; left out: the base of this one, if it lies beside it.",
        ),
    ] = None,
    lang: _Lang = "",
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Make the board for plenary: one unit a screen, in a browser, as slides, as a tour."""
    with at_work(ctx, quiet, verbose) as progress:
        from cami_units.commands.plenary import plenary as run_plenary

        folder, problems = run_plenary(directory, out, before=before, lang=lang, progress=progress)
    if not is_quiet(ctx, quiet):
        say_problems(problems)
        say(f"The board is in {folder}", style="bold")
        say_rows(
            [
                ("In a browser (← → turn it over)", folder / "board.html"),
                ("As slides", folder / "board.pptx"),
                ("As a tour in Google Earth Pro", folder / "board.kmz"),
            ]
        )


@app.command(epilog="Example: cami-units activities rounds/01-collected handed-in/")
def activities(
    ctx: typer.Context,
    directory: _Round,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE…", help="Groups' forms (XLSX) or tables (CSV, XLSX)."),
    ] = None,
    programme: Annotated[
        Path | None,
        typer.Option("--programme", metavar="FILE", help="Measures of the current programme."),
    ] = None,
    general: Annotated[
        list[str] | None,
        typer.Option("--general", metavar="ID", help="Move a suggestion to the general section."),
    ] = None,
    back: Annotated[
        list[str] | None,
        typer.Option("--back", metavar="ID", help="Move it back to the units it came from."),
    ] = None,
    by: Annotated[str, typer.Option("--by", help="A group or a role.")] = "facilitator",
    reason: Annotated[str, typer.Option("--reason", help="Why it is moved.")] = "",
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Bring the activities of the units together: tables, text, funding notes, what recurs."""
    with at_work(ctx, quiet, verbose) as progress:
        from cami_units.commands.activities import activities as run_activities

        activity_tables = run_activities(
            directory,
            files or (),
            programme=programme,
            general=general or (),
            back=back or (),
            by=by,
            reason=reason,
            progress=progress,
        )
    if not is_quiet(ctx, quiet):
        say_activities(activity_tables)


@app.command(epilog="Example: cami-units annex rounds/01-collected")
def annex(
    ctx: typer.Context,
    directory: _Round,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where to; left out: annex/ in the round."),
    ] = None,
    lang: _Lang = "",
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Write the annex of a report: text, workbook, map, GeoPackage, and what went in."""
    with at_work(ctx, quiet, verbose) as progress:
        from cami_units.commands.annex import ANNEX_FILES
        from cami_units.commands.annex import annex as run_annex

        folder = run_annex(directory, out, lang=lang, progress=progress)
    if not is_quiet(ctx, quiet):
        say(f"The annex is in {folder}", style="bold")
        say_rows([(name, folder / name) for name in ANNEX_FILES])


@app.command(epilog="Example: cami-units rehearse --out rehearsal")
def rehearse(
    ctx: typer.Context,
    round_: Annotated[
        Path | None,
        typer.Argument(
            metavar="ROUND", help="The round to rehearse with. Left out: the bundled demonstration."
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="A new folder for all that is made.")
    ] = Path("rehearsal"),
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Fabricate ten group files with the usual damage, collect them, and say what was caught."""
    with at_work(ctx, quiet, verbose) as progress:
        from cami_units.commands.propose import propose as run_propose
        from cami_units.commands.rehearse import check_rehearsal
        from cami_units.commands.rehearse import rehearse as run_rehearse
        from cami_units.commands.round_files import write_proposal
        from cami_units.plan import read_plan

        check_rehearsal(out)
        base = round_
        if base is None:
            base = out / "00-proposal"
            proposal = run_propose(read_plan(None), progress=progress)
            write_proposal(proposal, base, progress=progress)
        rehearsal = run_rehearse(base, out, progress=progress)
    missed = [damage for damage in rehearsal.caught if not damage.line]
    if not is_quiet(ctx, quiet):
        say_rehearsed(rehearsal)
    if missed:
        say(
            f"{len(missed)} of {len(rehearsal.caught)} damages were not told of; please report it.",
            style="red",
            stderr=True,
        )
        raise typer.Exit(BUG)


@app.command(epilog="Example: cami-units lint units.kmz --profile earth-web")
def lint(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="KML or KMZ files, anybody's.")
    ],
    profile: Annotated[
        LintProfile, typer.Option("--profile", help="The program they are meant for.")
    ] = LintProfile.earth_pro,
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Say whether KML and KMZ files are fit for Google Earth, and what to mend."""
    fit = True
    with at_work(ctx, quiet, verbose):
        from cami_units import kml
        from cami_units.model import InputError

        for file in files:
            try:
                faults = kml.lint_kml(file, profile=profile.value)
            except InputError as error:
                fit = False
                say(f"✗ {file}", style="red")
                say(f"    {error}")
                continue
            wrong = bool((faults["level"] == "error").any())
            fit = fit and not wrong
            if wrong or not is_quiet(ctx, quiet):
                say_lint(file, faults, profile.value)
    if not fit:
        raise typer.Exit(FAULT)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; ends the process with one of the exit codes of the room."""
    for stream in (sys.stdout, sys.stderr):
        # A pipe on Windows speaks a code page in which ✓ and Cyrillic do not exist.
        if (stream.encoding or "").lower().replace("-", "") != "utf8":
            stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    # Millions of cells and elements come and go, hardly any in a circle: to look for circles at
    # every 700th object takes a twelfth of the time of a large round.
    gc.set_threshold(20_000, 10, 10)
    app(args=None if arguments is None else list(arguments), prog_name="cami-units")
