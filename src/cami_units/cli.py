"""The command line: options in, one call, words and progress out.

Results go to standard output, progress and complaints to standard error. What comes from a file is
cleaned before it reaches the terminal. The rooms are imported when a command runs, so that
`cami-units --help` answers at once.
"""

from __future__ import annotations

import gc
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.text import Text

if TYPE_CHECKING:
    import pandas as pd

    from cami_units.model import Problem, Progress, Round
    from cami_units.pipeline import Activities, Collected, FileRead, Packed, Rehearsed

FAULT: Final = 1
"""Exit code: the input is at fault (2, wrong usage, is typer's)."""

BUG: Final = 70
"""Exit code: the program is at fault (EX_SOFTWARE of sysexits)."""

STOPPED: Final = 130
"""Exit code: stopped from the keyboard."""

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


class Language(StrEnum):
    """A language that products speak."""

    en = "en"
    ru = "ru"


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
_NoCache = Annotated[
    bool,
    typer.Option(
        "--no-cache",
        help="Measure everything anew, and keep nothing beside the plan.",
        show_default=False,
    ),
]
_LEVEL_MARKS: Final = {"refuses": ("✗", "red"), "counted": ("!", "yellow"), "note": ("·", "dim")}


def _say_version(asked: bool) -> None:
    if asked:
        from cami_units import __version__

        typer.echo(f"cami-units {__version__}")
        raise typer.Exit


# -- commands -------------------------------------------------------------------------------------


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
    with _at_work(ctx, quiet, verbose) as progress:
        from cami_units import cache, pipeline, store
        from cami_units.plan import read_plan

        chosen = read_plan(plan)
        store.check_place(out, force=force)
        kept = cache.NOTHING_KEPT if no_cache else cache.beside(plan)
        made = pipeline.propose(chosen, progress=progress, cache=kept)
        noticed = pipeline.write_proposal(made, out, force=force, progress=progress)
    if not _is_quiet(ctx, quiet):
        _say_what_went_in(made.manifest, noticed, cures=_is_verbose(ctx, verbose))
        _say_what_was_found(made)
        _say_where_it_is(made, out)


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
    with _at_work(ctx, quiet, verbose) as progress:
        from cami_units import cache, documents, pipeline, store
        from cami_units.plan import read_plan

        kept = cache.NOTHING_KEPT if no_cache else cache.beside(plan)
        table = pipeline.assess(file, read_plan(plan), progress=progress, cache=kept)
        written = store.write_atomically(
            out / "assessment.csv", lambda path: documents.write_csv(path, table)
        )
    if not _is_quiet(ctx, quiet):
        _say_problems(table.attrs.get("problems", ()))
        _say_assessment(table, verbose=_is_verbose(ctx, verbose))
        _say(f"\nEvery number, with its evidence: {written}")


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
    with _at_work(ctx, quiet, verbose) as progress:
        from cami_units import pipeline
        from cami_units.model import EQUAL_AREA

        found = pipeline.write_overlaps(
            ranges,
            out,
            cell_km=cell_km,
            shape="hexagon" if hexagons else "square",
            crs=crs or EQUAL_AREA,
            scheduler=scheduler,
            progress=progress,
        )
    if not _is_quiet(ctx, quiet):
        _say_problems(found.problems, cures=_is_verbose(ctx, verbose))
        _say(f"{found.species:,} species, {found.rows:,} overlaps with cells: {out}")


@app.command(epilog="Example: cami-units check plan.toml")
def check(
    ctx: typer.Context,
    plan: _Plan = None,
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Look at every layer of a plan, and say what is there and what must be mended."""
    with _at_work(ctx, quiet, verbose) as progress:
        from cami_units import pipeline
        from cami_units.plan import read_plan

        problems, sources = pipeline.check(read_plan(plan), progress=progress)
    refusals = [problem for problem in problems if problem.level == "refuses"]
    if not _is_quiet(ctx, quiet):
        _say_check(problems, sources)
    elif refusals:
        _say_problems(refusals, stderr=True)
    if refusals:
        _say(
            f"\n{_counted(len(refusals), 'problem')} to mend before anything can be computed.",
            style="red",
            stderr=True,
        )
        raise typer.Exit(FAULT)
    if not _is_quiet(ctx, quiet):
        command = f"cami-units propose {plan}" if plan else "cami-units propose"
        _say(f"\nReady. Next: {command}")


@app.command(epilog="Example: cami-units init my-workshop")
def init(
    ctx: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Make the folder of a workshop: a plan that works as it stands, criteria, and a README."""
    with _at_work(ctx, quiet, verbose):
        from cami_units import pipeline

        made = pipeline.init(directory)
    if not _is_quiet(ctx, quiet):
        _say(f"A workshop folder is in {directory}:")
        for path in made:
            _say(f"  {path}")
        _say(
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
    with _at_work(ctx, quiet, verbose) as progress:
        from cami_units import pipeline, store

        made = pipeline.sensitivity(store.read_round(round_), progress=progress)
        pipeline.write_sensitivity(made, round_, progress=progress)
    if not _is_quiet(ctx, quiet):
        _say_how_sure(made)
        _say(f"\nAdded to the round in {round_}: sensitivity.csv and its map and figure,")
        _say(
            "complementarity.csv, border_pairs.csv, crossings.csv, unit_presence.csv, restoration.csv."
        )
        _say("The unit table, both KMZ and the map now say how stable each unit is.")


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
    lang: Annotated[
        Language | None,
        typer.Option("--lang", help="Language of the figures. Left out: the plan's first."),
    ] = None,
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Draw a round for paper and projector: poster, section sheets, unit pages, slides, an atlas."""
    folder = round_ / "figures" if out is None else out
    with _at_work(ctx, quiet, verbose) as progress:
        from cami_units import pipeline, store

        noticed = pipeline.write_figures(
            store.read_round(round_), folder, lang=lang.value if lang else "", progress=progress
        )
    if not _is_quiet(ctx, quiet):
        _say_problems(noticed)
        _say(f"The figures are in {folder}", style="bold")
        _say_rows(
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
    with _at_work(ctx, quiet, verbose) as progress:
        from cami_units import pipeline, store

        before = pipeline.decided_round(base)
        target = out or pipeline.next_directory(base, before)
        store.check_place(target, force=force)
        left = store.left_behind(target)
        made = pipeline.collect(
            files,
            before,
            base_dir=base,
            pack=pack or base.resolve().parent / "pack",
            resolutions=resolutions,
            progress=progress,
        )
        noticed = pipeline.write_collected(made, target, force=force, progress=progress)
    if not _is_quiet(ctx, quiet):
        if left:
            _say("An earlier run was stopped while it wrote; what it had left was cleared away.")
        _say_collected(made, target)
        _say_problems(noticed, cures=_is_verbose(ctx, verbose))


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
    with _at_work(ctx, quiet, verbose) as progress:
        from cami_units import pipeline
        from cami_units.plan import read_plan

        chosen = read_plan(plan) if plan else None
        made = pipeline.pack(directory, out, plan=chosen, progress=progress)
    if not _is_quiet(ctx, quiet):
        _say_packed(made)


@app.command(epilog='Example: cami-units decide rounds/01 CU-012 agree --reason "no objection"')
def decide(
    ctx: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="ROUND", help="The folder of the round.")],
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
    with _at_work(ctx, quiet, verbose) as progress:
        from datetime import datetime

        from cami_units import pipeline

        # The only clock that this program reads: a decision is an event, a round is not.
        moment = time or datetime.now().astimezone().isoformat(timespec="seconds")
        line = pipeline.decide(
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
    if not _is_quiet(ctx, quiet):
        _say(f"{line['unit_id']}: {line['before']} → {line['status']} ({line['decision']})")
        _say(f"  in {directory / pipeline.DECISION_LOG}, the tables and the maps of the round")


@app.command(epilog="Example: cami-units plenary rounds/01-collected --before rounds/00-proposal")
def plenary(
    ctx: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="ROUND", help="The folder of the round.")],
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
    lang: Annotated[str, typer.Option("--lang", help="en or ru; left out: the plan's first.")] = "",
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Make the board for plenary: one unit a screen, in a browser, as slides, as a tour."""
    with _at_work(ctx, quiet, verbose) as progress:
        from cami_units import pipeline

        made, noticed = pipeline.plenary(
            directory, out, before=before, lang=lang, progress=progress
        )
    if not _is_quiet(ctx, quiet):
        _say_problems(noticed)
        _say(f"The board is in {made}", style="bold")
        _say_rows(
            [
                ("In a browser (← → turn it over)", made / "board.html"),
                ("As slides", made / "board.pptx"),
                ("As a tour in Google Earth Pro", made / "board.kmz"),
            ]
        )


@app.command(epilog="Example: cami-units activities rounds/01-collected handed-in/")
def activities(
    ctx: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="ROUND", help="The folder of the round.")],
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
    with _at_work(ctx, quiet, verbose) as progress:
        from cami_units import pipeline

        made = pipeline.activities(
            directory,
            files or (),
            programme=programme,
            general=general or (),
            back=back or (),
            by=by,
            reason=reason,
            progress=progress,
        )
    if not _is_quiet(ctx, quiet):
        _say_activities(made)


@app.command(epilog="Example: cami-units annex rounds/01-collected")
def annex(
    ctx: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="ROUND", help="The folder of the round.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where to; left out: annex/ in the round."),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", help="en or ru; left out: the plan's first.")] = "",
    quiet: _Quiet = False,
    verbose: _Verbose = False,
) -> None:
    """Write the annex of a report: text, workbook, map, GeoPackage, and what went in."""
    with _at_work(ctx, quiet, verbose) as progress:
        from cami_units import pipeline

        made = pipeline.annex(directory, out, lang=lang, progress=progress)
    if not _is_quiet(ctx, quiet):
        _say(f"The annex is in {made}", style="bold")
        _say_rows([(name, made / name) for name in pipeline.ANNEX_FILES])


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
    with _at_work(ctx, quiet, verbose) as progress:
        from cami_units import pipeline
        from cami_units.plan import read_plan

        pipeline.check_rehearsal(out)
        base = round_
        if base is None:
            base = out / "00-proposal"
            made = pipeline.propose(read_plan(None), progress=progress)
            pipeline.write_proposal(made, base, progress=progress)
        done = pipeline.rehearse(base, out, progress=progress)
    missed = [one for one in done.caught if not one.line]
    if not _is_quiet(ctx, quiet):
        _say_rehearsed(done)
    if missed:
        _say(
            f"{len(missed)} of {len(done.caught)} damages were not told of; please report it.",
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
    with _at_work(ctx, quiet, verbose):
        from cami_units import kml
        from cami_units.model import InputError

        for file in files:
            try:
                found = kml.lint_kml(file, profile=profile.value)
            except InputError as error:
                fit = False
                _say(f"✗ {file}", style="red")
                _say(f"    {error}")
                continue
            wrong = bool((found["level"] == "error").any())
            fit = fit and not wrong
            if wrong or not _is_quiet(ctx, quiet):
                _say_lint(file, found, profile.value)
    if not fit:
        raise typer.Exit(FAULT)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; ends the process with one of the exit codes above."""
    for stream in (sys.stdout, sys.stderr):
        # A pipe on Windows speaks a code page in which ✓ and Cyrillic do not exist.
        if (stream.encoding or "").lower().replace("-", "") != "utf8":
            stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    # Millions of cells and elements come and go, hardly any in a circle: to look for circles at
    # every 700th object takes a twelfth of the time of a large round.
    gc.set_threshold(20_000, 10, 10)
    app(args=None if arguments is None else list(arguments), prog_name="cami-units")


# -- at work --------------------------------------------------------------------------------------


def _is_quiet(ctx: typer.Context, quiet: bool) -> bool:
    return bool(quiet or (ctx.obj or (False, False))[0])


def _is_verbose(ctx: typer.Context, verbose: bool) -> bool:
    return bool(verbose or (ctx.obj or (False, False))[1])


@contextmanager
def _at_work(ctx: typer.Context, quiet: bool, verbose: bool) -> Iterator[Progress]:
    """Progress for the block, and plain words for whatever stops it."""
    try:
        with _progress(silent=_is_quiet(ctx, quiet)) as progress:
            yield progress
    except (typer.Exit, typer.Abort, BrokenPipeError):
        raise
    except KeyboardInterrupt:
        _say("Stopped. Nothing half-written was left behind.", stderr=True)
        raise typer.Exit(STOPPED) from None
    except Exception as error:
        from cami_units.model import CamiUnitsError

        if isinstance(error, CamiUnitsError):
            _say(f"Error: {error}", style="red", stderr=True)
            raise typer.Exit(FAULT) from None
        _apologise(error, verbose=_is_verbose(ctx, verbose))
        raise typer.Exit(BUG) from None


def _apologise(error: Exception, *, verbose: bool) -> None:
    if verbose:
        _say("".join(traceback.format_exception(error)), stderr=True)
    _say(
        "Sorry: cami-units stopped at something it did not expect, and wrote nothing.\n"
        f"  {type(error).__name__}: {error}",
        style="red",
        stderr=True,
    )
    hint = "Please report it with the lines above" if verbose else "Run it again with -v for more"
    _say(f"{hint}; your plan and data may not be at fault.", stderr=True)


@contextmanager
def _progress(*, silent: bool) -> Iterator[Progress]:
    """Bars on a terminal, one line a step elsewhere, nothing when silent."""
    console = _console(stderr=True)
    if silent:
        yield lambda step, done, total: None
    elif not console.is_terminal:
        yield _lines()
    else:
        columns = (
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[count]}", markup=False),
        )
        with Bars(*columns, console=console) as bars:
            yield _bars(bars)
            _finish(bars)


def _lines() -> Progress:
    begun: set[str] = set()

    def progress(step: str, done: int, total: int) -> None:
        if step not in begun:
            begun.add(step)
            _say(f"{step} …", stderr=True)

    return progress


def _bars(bars: Bars) -> Progress:
    tasks: dict[str, TaskID] = {}

    def progress(step: str, done: int, total: int) -> None:
        if step not in tasks:
            _finish(bars)
            tasks[step] = bars.add_task(_line(step), total=total or None, count="")
        count = f"{done}/{total}" if total else ""
        bars.update(tasks[step], completed=done, total=total or None, count=count)

    return progress


def _finish(bars: Bars) -> None:
    """A step has ended when the next one begins, whether or not it knew its own end."""
    for task in bars.tasks:
        if not task.finished:
            bars.update(task.id, total=1, completed=1, count="")


# -- words ----------------------------------------------------------------------------------------


def _console(*, stderr: bool = False) -> Console:
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def _say(words: object, *, style: str = "", stderr: bool = False) -> None:
    """One thing said, cleaned: nothing from a file moves the cursor or sets a colour."""
    from cami_units.model import clean_text

    lines = str(words).split("\n")
    shown = "\n".join(line[: _indent(line)] + clean_text(line) for line in lines)
    _console(stderr=stderr).print(Text(shown, style=style), soft_wrap=True)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _line(value: object) -> str:
    from cami_units.model import clean_name

    return clean_name(value)


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _say_rows(rows: Sequence[Sequence[object]], *, indent: int = 2) -> None:
    """Rows of words in aligned columns; wide characters count as two."""
    cells = [[_line(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        )
        _say((" " * indent + "  ".join(padded)).rstrip())


# -- what `propose` says --------------------------------------------------------------------------


def _say_what_went_in(
    manifest: Mapping[str, Any], noticed: Iterable[Problem], *, cures: bool
) -> None:
    from cami_units.model import Problem

    _say("What went in", style="bold")
    sources = list(manifest.get("inputs", ()))
    if sources:
        _say_rows(_by_layer(sources))
    _say_problems([Problem(**each) for each in manifest.get("problems", ())], cures=cures)
    _say_problems(noticed, cures=cures)


def _by_layer(sources: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """For each layer what its files gave in all, in words."""
    layers: dict[str, dict[str, int]] = {}
    for source in sources:
        sums = layers.setdefault(str(source["layer"]), {"files": 0})
        sums["files"] += 1
        for key in ("rows", "kept", "dropped", "repaired"):
            sums[key] = sums.get(key, 0) + int(source.get(key) or 0)
    return [(layer, _sum_in_words(sums)) for layer, sums in layers.items()]


def _sum_in_words(sums: Mapping[str, int]) -> str:
    words = f"{_counted(sums['rows'], 'row')} in {_counted(sums['files'], 'file')}"
    parts = [f"{sums[key]} {key}" for key in ("kept", "dropped", "repaired") if sums.get(key)]
    return ", ".join([words, *parts])


def _say_what_was_found(made: Round) -> None:
    units = made.tables["conservation_units"]
    missed = made.tables["not_proposed"]
    count = units["status"].value_counts()
    origin = units["origin"].value_counts()
    proposed = int(count.get("modelled candidate", 0))
    interest = int(count.get("area of interest", 0))
    _say("\nWhat was found", style="bold")
    _say(
        f"  {_counted(proposed, 'proposed conservation unit')} and "
        f"{_counted(interest, 'area of interest', 'areas of interest')}: "
        f"{int(origin.get('confirms', 0))} confirm a known hotspot, "
        f"{int(origin.get('reshapes', 0))} reshape one, {int(origin.get('new', 0))} are new."
    )
    best = units.sort_values(["rank", "unit_id"], na_position="last").head(3)
    if len(best):
        _say("  The first by value:")
        _say_rows(
            [
                (
                    unit["rank_label"],
                    unit["unit_id"],
                    unit["name_en"],
                    str(unit["countries"]).replace(";", ", "),
                    f"{unit['area_km2']:,.0f} km²",
                    f"score {unit['score']:.3f}",
                    unit["tier"],
                )
                for unit in best.drop(columns="geometry", errors="ignore").to_dict("records")
            ],
            indent=4,
        )
    if len(missed):
        from cami_units.model import listed

        names = listed(sorted(missed["hotspot_id"]), most=8)
        _say(
            f"  {_counted(len(missed), 'hotspot')} became no unit ({names}); the reasons are in "
            "the table not_proposed."
        )


def _say_where_it_is(made: Round, out: Path) -> None:
    from cami_units.model import listed
    from cami_units.words import text

    _say(f"\n{made.imprint.round} is in {out}", style="bold")
    if made.imprint.indicative:
        _say(f"  {text('indicative')}", style="dim")
    products = [
        ("Google Earth", "conservation_units.kmz"),
        ("Google Earth on the web", "conservation_units_web.kmz"),
        ("Map, for any browser", "map.html"),
        ("Workbook", "conservation_units.xlsx"),
        ("GeoPackage", "conservation_units.gpkg"),
    ]
    _say_rows([(what, out / name) for what, name in products if (out / name).is_file()])
    restricted = sorted(
        str(source["file"]) for source in made.manifest["inputs"] if source.get("restricted")
    )
    if restricted:
        _say(
            f"  The GeoPackage holds layers that may not be passed on ({listed(restricted)}): keep it "
            "to yourself, hand out the KMZ and the map.",
            style="yellow",
        )


# -- what `assess` says ---------------------------------------------------------------------------


def _say_assessment(table: pd.DataFrame, *, verbose: bool) -> None:
    """One line a site; then, for a site not proposed, what it does not meet or lacks, and why."""
    if table.empty:
        _say("There is no site in this file.")
        return
    sites = [(str(site), rows) for site, rows in table.groupby("site", sort=False)]
    criteria = list(dict.fromkeys(table["criterion"]))
    rows: list[Sequence[object]] = [("site", "decision", *criteria)]
    for site, found in sites:
        marks = dict(zip(found["criterion"], map(_mark, found["met"]), strict=True))
        rows.append((site, found["decision"].iloc[0], *(marks.get(c, "") for c in criteria)))
    _say_rows(rows, indent=0)
    _say("\n✓ met   ✗ not met   ? not assessed")
    for site, found in sites:
        decision = str(found["decision"].iloc[0])
        told = found if verbose else found[[_mark(met) != "✓" for met in found["met"]]]
        if len(told) and (verbose or decision != "proposed CU"):
            _say(f"\n{_line(site)}: {decision}", style="bold")
            for row in told.to_dict("records"):
                _say(f"  {_mark(row['met'])} {row['criterion']}  {_line(row['because'])}")
    counts = table.drop_duplicates("site")["decision"].value_counts().sort_index()
    summary = ", ".join(f"{number} {decision}" for decision, number in counts.items())
    _say(f"\n{_counted(len(sites), 'site')}: {summary}")


def _mark(met: object) -> str:
    from cami_units.words import mark

    return mark(met)


# -- what `collect` says --------------------------------------------------------------------------


def _say_collected(made: Collected, out: Path) -> None:
    """File by file what was found and assumed; then what changed, and what is to be settled."""
    problems: list[dict[str, Any]] = [
        {str(key): value for key, value in row.items()} for row in made.problems.to_dict("records")
    ]
    for file in made.files:
        _say(f"{'✗' if file.refused else '✓'} {_line(file.file)}: {_file_in_words(file)}")
        for row in problems:
            if row["file"] == file.file and row["what"] != file.refused:
                _say_noticed(row)
    for row in problems:
        if not row["file"]:
            _say_noticed(row)
    counts = made.changes.groupby("change")["unit_id"].nunique()
    told = ", ".join(f"{number} {change}" for change, number in counts.items())
    _say(f"\nUnits: {told or 'none'}", style="bold")
    lost = made.changes[made.changes["criteria_lost"].fillna("") != ""]
    for unit_id, group, missing in zip(
        lost["unit_id"], lost["group"], lost["criteria_lost"], strict=True
    ):
        gone = str(missing).replace(";", ", ")
        _say(f"  {unit_id} no longer meets {gone} as {_line(group)} drew it")
    if len(made.conflicts):
        _say(f"\n{_counted(len(made.conflicts), 'conflict')} to be settled", style="bold")
        for conflict in made.conflicts.to_dict("records"):
            settled = conflict["resolution"] or f"default: {conflict['default']}"
            _say(f"  {conflict['unit_id']}: {_line(conflict['what'])} → {_line(settled)}")
    _say(f"\n{made.round.imprint.round} is in {out}", style="bold")
    _say_rows(
        [
            ("To read first", out / "report.html"),
            ("The same, as a workbook", out / "report.xlsx"),
            ("Changes, conflicts, problems", out / "changes.csv"),
        ]
    )
    _say(f"Next: cami-units plenary {out}")


def _say_rehearsed(done: Rehearsed) -> None:
    """Every damage, and the line of a report that tells of it."""
    file = ""
    for one in done.caught:
        if one.damage.file != file:
            file = one.damage.file
            _say(f"\n{file}", style="bold")
        told = f"{one.damage.table}: {one.line}" if one.line else "NOT CAUGHT"
        style = "" if one.line else "red"
        _say(f"  {'✓' if one.line else '✗'} {one.damage.done}", style=style)
        _say(f"      {told}", style="dim")
    held = sum(bool(one.line) for one in done.caught)
    _say(f"\n{held} of {len(done.caught)} damages were caught.", style="bold")
    _say_rows(
        [
            ("The files", done.handed_in),
            ("What was made of them", done.next_round / "report.html"),
        ]
    )


def _file_in_words(file: FileRead) -> str:
    if file.refused:
        return file.refused
    whose = f"group {file.group}, by {file.group_by}" if file.group_by != "nothing" else "no group"
    parts = [
        f"{getattr(file, key)} {word}"
        for key, word in (
            ("shapes", "shapes"),
            ("pins", "pins and lines"),
            ("evidence", "of our own evidence"),
            ("unusable", "unusable"),
            ("rows", "rows of the form"),
        )
        if getattr(file, key)
    ]
    return f"{whose}: " + (", ".join(parts) or "nothing")


def _say_noticed(row: Mapping[str, Any]) -> None:
    place = ", ".join(
        f"{word} '{_line(row[key])}'"
        for key, word in (("placemark", "placemark"), ("folder", "folder"))
        if row[key]
    )
    assumed = f" → {_line(row['assumed'])}" if row["assumed"] else ""
    where = f" ({place})" if place else ""
    _say(f"    · {_line(row['what'])}{where}{assumed}", style="dim")


# -- what `pack` and `activities` say --------------------------------------------------------------


def _say_packed(made: Packed) -> None:
    _say_problems(made.problems)
    _say(f"The packs are in {made.directory}", style="bold")
    counts = made.allocation["group"].value_counts()
    rows = [("folder", "units to edit", "size")]
    folders = dict.fromkeys(name.partition("/")[0] for name in made.files if "/" in name)
    for folder in folders:
        size = sum(size for name, size in made.files.items() if name.startswith(f"{folder}/"))
        units = str(counts.get(folder, 0)) if folder not in ("plenary", "everything") else ""
        rows.append((folder, units, f"{size / 1e6:.1f} MB"))
    _say_rows(rows)
    _say("Each unit is editable in exactly one of them. SHA256SUMS.txt lists every file.")


def _say_activities(made: Activities) -> None:
    _say_problems(made.problems)
    live = made.table[made.table["status"] != "dropped"]
    units = live.loc[~live["unit_id"].isin(["", "general"]), "unit_id"].nunique()
    _say(
        f"{_counted(len(live), 'activity', 'activities')} in {_counted(units, 'unit')}, "
        f"{int((live['unit_id'] == 'general').sum())} in the general section, "
        f"{_counted(len(made.log), 'change')} logged.",
        style="bold",
    )
    waiting = made.suggestions[made.suggestions["suggested"] & ~made.suggestions["moved"]]
    if len(waiting):
        _say("Suggested for the general section (move one with --general ID):")
        _say_rows(
            [
                (row["suggestion_id"], f"{row['n_units']}/{row['of_units']} units", row["text"])
                for row in waiting.to_dict("records")
            ]
        )
    lacking = made.completeness[~made.completeness["complete"]]
    if len(lacking):
        from cami_units.model import listed

        _say(f"Not complete yet: {listed(lacking['unit_id'], 8)} (completeness.csv says why).")
    _say_rows([(path.name, path) for path in made.files])


# -- what `check` and `lint` say ------------------------------------------------------------------


def _say_check(problems: Sequence[Problem], sources: Sequence[Mapping[str, Any]]) -> None:
    layers = dict.fromkeys([str(source["layer"]) for source in sources])
    layers.update(dict.fromkeys(problem.layer for problem in problems))
    for layer in layers:
        _say(layer, style="bold")
        for source in sources:
            if source["layer"] == layer:
                bad = any(p.level == "refuses" and p.file == source["file"] for p in problems)
                mark, style = ("✗", "red") if bad else ("✓", "green")
                _say(f"  {mark} {_line(source['file'])}: {_source_in_words(source)}", style=style)
        _say_problems([problem for problem in problems if problem.layer == layer])


def _source_in_words(source: Mapping[str, Any]) -> str:
    parts = [_counted(int(source.get("rows") or 0), "row")]
    parts += [f"{source[key]} {key}" for key in ("kept", "dropped", "repaired") if source.get(key)]
    return ", ".join(parts)


def _say_problems(problems: Iterable[Problem], *, cures: bool = True, stderr: bool = False) -> None:
    for problem in problems:
        mark, style = _LEVEL_MARKS[problem.level]
        place = ", ".join(_line(part) for part in (problem.file, problem.where) if part)
        where = f" ({place})" if place else ""
        _say(f"  {mark} {problem.what}{where}", style=style, stderr=stderr)
        if problem.cure and cures:
            cure = problem.cure.replace("\n", "\n      ")
            _say(f"      → {cure}", stderr=stderr)


def _say_how_sure(made: Round) -> None:
    found = made.tables["sensitivity"]
    count = found["label"].value_counts()
    parts = [f"{count.get(name, 0)} {name}" for name in ("robust", "sensitive", "fragile")]
    _say(f"How sure are we: of {_counted(len(found), 'unit')}, {', '.join(parts)}.", style="bold")
    units = made.tables["conservation_units"].set_index("unit_id")
    shaky = found[found["label"] != "robust"].sort_values(["share_qualifying", "unit_id"])
    rows = [
        (unit, units.at[unit, "name_en"], units.at[unit, "stability"]) for unit in shaky["unit_id"]
    ]
    if rows:
        _say_rows(rows)
    chosen = made.tables["complementarity"]
    gap = float(chosen["gap"].max()) if len(chosen) else 0.0
    size = int(chosen["chosen"].sum())
    proof = "proven to be the fewest" if gap < 1e-6 else f"proven to be within {100 * gap:.1f} %"
    _say(f"{_counted(size, 'unit')} together cover every species that can be covered, {proof}.")
    targets = made.tables["complementarity_targets"]
    for row in targets[targets["missing"] > 0].to_dict("records"):
        what = (
            f"{row['missing']:,.0f} of {row['target']:,.0f} km² are out of reach"
            if row["asks"] == "range"
            else "no unit holds it on both sides"
        )
        _say(f"  ! {row['sci_name']}: {what}")


def _say_lint(file: Path, found: pd.DataFrame, profile: str) -> None:
    if found.empty:
        _say(f"✓ {file}: fit for {profile}", style="green")
        return
    wrong = bool((found["level"] == "error").any())
    errors = int((found["level"] == "error").sum())
    counts = (
        f"{_counted(errors, 'error')}, {_counted(len(found) - errors, 'warning')} for {profile}"
    )
    _say(f"{'✗' if wrong else '!'} {file}: {counts}", style="red" if wrong else "yellow")
    for row in found.to_dict("records"):
        parts = [(part, _line(row[part])) for part in ("placemark", "folder", "line")]
        where = ", ".join(f"{part} {value}" for part, value in parts if value)
        mark = "✗" if row["level"] == "error" else "!"
        _say(f"  {mark} {row['rule']}: {_line(row['what'])}" + (f" ({where})" if where else ""))
        if _line(row["cure"]):
            _say(f"      → {_line(row['cure'])}")
