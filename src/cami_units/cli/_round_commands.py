"""Commands about a round by itself: computed, checked, measured, drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import lazy_loader
import typer

from cami_units import commands, model, store
from cami_units.cli._terminal import (
    FAULT,
    ForceOption,
    LanguageOption,
    PlanArgument,
    PlanLanguageOption,
    RoundArgument,
    as_word,
    at_work,
    command,
    is_quiet,
    is_verbose,
    language,
    say,
    say_rows,
)

# Rooms are imported when something is asked of them: geopandas and scipy take seconds that `--help` and a
# slip in an option should not cost.
if TYPE_CHECKING:
    from cami_units.cli import _summaries as summaries
else:
    summaries = lazy_loader.load("cami_units.cli._summaries", suppress_warning=True)

_FIRST_ROUND: Final = Path("rounds/00-proposal")

NoCacheOption = Annotated[
    bool,
    typer.Option(
        "--no-cache",
        help="Measure everything anew, and keep nothing beside the plan.",
        show_default=False,
    ),
]

CellOption = Annotated[
    float | None, typer.Option(metavar="KM", help="Of ranges: side of a cell, in km. Left out: 25.")
]

HexagonsOption = Annotated[
    bool,
    typer.Option(
        "--hexagons", help="Of ranges: hexagons of that area, not squares.", show_default=False
    ),
]

LatticeCrsOption = Annotated[
    str,
    typer.Option(
        help="Of ranges: an equal-area coordinate system in metres, such as EPSG:6933 for the whole "
        "world. Left out: that of Central Asia."
    ),
]

SchedulerOption = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Of ranges: a Dask scheduler whose workers see the same files. Left out: this process.",
    ),
]


@command("propose plan.toml --out rounds/00-proposal")
def propose(
    plan: PlanArgument = None,
    *,
    out: Path = _FIRST_ROUND,
    force: ForceOption = False,
    ids_from: Path | None = None,
    overlaps: Path | None = None,
    no_cache: NoCacheOption = False,
) -> None:
    """Compute a first proposal of conservation units: round 00, with KMZ, map and tables.

    Parameters
    ----------
    out : DIR
        The folder of the round to write.
    ids_from : ROUND
        Give each place the id that it has in this round, and its id to no other.
    overlaps : FILE
        What `overlaps` wrote of the plan's ranges, on its cells: they are not measured again.
    """
    with at_work() as progress:
        round_, problems = commands.lasting_ids.write_first_round(
            plan,
            out,
            ids_from=ids_from,
            overlaps=overlaps,
            force=force,
            is_cached=not no_cache,
            progress=progress,
        )
    if not is_quiet():
        summaries.say_what_went_in(round_, problems, cures=is_verbose())
        summaries.say_what_was_found(round_)
        summaries.say_where_it_is(round_, out)
        summaries.say_what_is_next(
            round_, out, plan_folder=plan.parent if plan and out == _FIRST_ROUND else None
        )


@command("assess drawn.kml plan.toml --out results")
def assess(
    file: Path, plan: PlanArgument = None, *, out: Path = Path(), no_cache: NoCacheOption = False
) -> None:
    """Measure any polygons, as drawn, against every gate and criterion.

    Parameters
    ----------
    file : FILE
        Polygons: KML, KMZ, GeoPackage, GeoJSON, shapefile.
    out : DIR
        The folder for assessment.csv.
    """
    with at_work() as progress:
        from cami_units import cache
        from cami_units.documents.csv_tables import write_csv
        from cami_units.plan import read_plan

        measured_cache = cache.NOTHING_KEPT if no_cache else cache.cache_beside(plan)
        lang = language()
        table = commands.assess.assess(
            file, read_plan(plan), progress=progress, cache=measured_cache
        )
        csv_path = store.write_atomically(
            out / "assessment.csv", lambda path: write_csv(path, table)
        )
    if not is_quiet():
        summaries.say_problems(table.attrs.get("problems", ()), lang)
        summaries.say_assessment(table, lang, verbose=is_verbose())
        say(f"\n{summaries.speaker(lang)('assessed line where', file=str(csv_path))}")


@command("overlaps ranges.parquet --cell-km 10")
def overlaps(
    ranges: Path,
    *,
    out: Path = Path("overlaps.parquet"),
    cell_km: CellOption = None,
    hexagons: HexagonsOption = False,
    crs: LatticeCrsOption = "",
    scheduler: SchedulerOption = None,
) -> None:
    """Measure thousands of ranges on millions of cells: km² of each species in each cell.

    Parameters
    ----------
    ranges : RANGES
        A GeoParquet file of ranges, or a folder of them.
    out : FILE
        The Parquet file to write.
    """
    with at_work() as progress:
        overlap_file = commands.overlaps.write_overlaps(
            ranges,
            out,
            cell_km=25 if cell_km is None else cell_km,
            shape="hexagon" if hexagons else "square",
            crs=crs or model.EQUAL_AREA,
            scheduler=scheduler,
            progress=progress,
        )
    if not is_quiet():
        summaries.say_problems(overlap_file.problems, cures=is_verbose())
        say(f"{overlap_file.species:,} species, {overlap_file.rows:,} overlaps with cells: {out}")


@command("richness overlaps.parquet --out richness")
def richness(
    source: Path,
    *,
    out: Path = Path("richness"),
    cell_km: CellOption = None,
    hexagons: HexagonsOption = False,
    crs: LatticeCrsOption = "",
    species: Path | None = None,
    states: Path | None = None,
    scheduler: SchedulerOption = None,
) -> None:
    """Sum thousands of species cell by cell: richness, range rarity, threat weight, as maps and tables.

    Parameters
    ----------
    source : OVERLAPS
        What `overlaps` wrote; or ranges, as `overlaps` takes them.
    out : DIR
        The folder to write.
    species : FILE
        A species table with iucn_category. Left out: the bundled one.
    states : FILE
        States with iso2: km² of each species in each.
    """
    with at_work() as progress:
        result = commands.richness.write_richness(
            source,
            out,
            cell_km=cell_km,
            shape="hexagon" if hexagons else None,
            crs=crs or None,
            species=species,
            states=states,
            scheduler=scheduler,
            progress=progress,
        )
    if not is_quiet():
        summaries.say_problems(result.problems, cures=is_verbose())
        say(
            f"{result.species:,} species in {result.cells:,} cells: {out} ({', '.join(result.files)})"
        )


@command("check plan.toml")
def check(plan: PlanArgument = None, *, kinds: bool = False) -> None:
    """Look at every layer of a plan, and say what is there and what must be mended.

    Parameters
    ----------
    kinds
        List the kinds of files that can be named, and stop.
    """
    # the list hangs on no plan, so a plan that cannot be read must not hide it
    if kinds:
        summaries.say_kinds()
        return
    with at_work() as progress:
        from cami_units.plan import read_plan

        plan_values = read_plan(plan)
        lang = plan_values.output.languages[0]
        problems, sources = commands.check.check(plan_values, progress=progress)
    t = summaries.speaker(lang)
    refusals = [problem for problem in problems if problem.level == "refuses"]
    if not is_quiet():
        summaries.say_check(problems, sources, lang)
    # told to be quiet, it still says what stops the work
    elif refusals:
        summaries.say_problems(refusals, lang, stderr=True)
    if refusals:
        say(f"\n{t('checked line mend', n=len(refusals))}", style="red", stderr=True)
        raise typer.Exit(FAULT)
    if not is_quiet():
        say(f"\n{t('checked line ready', command=_propose_line(plan))}")


def _propose_line(plan: Path | None) -> str:
    """How to propose from a plan, with the round beside it wherever one stands.

    Examples
    --------
    >>> _propose_line(Path("plan.toml"))
    'cami-units propose plan.toml'
    """
    if plan is None:
        return "cami-units propose"
    beside = plan.parent / _FIRST_ROUND
    out = "" if beside == _FIRST_ROUND else f" --out {as_word(beside)}"
    return f"cami-units propose {as_word(plan)}{out}"


@command("init my-workshop")
def init(directory: Path, *, lang: PlanLanguageOption = "") -> None:
    """Make the folder of a workshop: a plan that works as it stands, criteria, and a README.

    Parameters
    ----------
    directory : DIR
        A new or empty folder.
    """
    with at_work():
        paths = commands.init.init(directory, lang=lang)
    if not is_quiet():
        t = summaries.speaker(lang or "en")
        say(t("init line where", folder=str(directory)))
        for path in paths:
            say(f"  {path}")
        say(
            f"\n{t('init line next')}\n"
            f"  cami-units check {as_word(directory / 'plan.toml')}\n"
            f"  {_propose_line(directory / 'plan.toml')}"
        )


def _catch_up(directory: Path, progress: model.Progress) -> None:
    """Show what stands in the log and, since the power went in between, not yet in the tables."""
    if not commands.decide.are_decisions_shown(directory):
        commands.decide.show_decisions(directory, progress=progress)


@command("sensitivity rounds/00-proposal")
def sensitivity(round_: RoundArgument) -> None:
    """Say how sure each unit and rank is: 1,000 runs under other assumptions, added to the round."""
    with at_work() as progress:
        from cami_units.cache import cache_of_round

        assessed_round = commands.sensitivity.with_sensitivity(
            store.read_round(round_), cache=cache_of_round(round_), progress=progress
        )
        commands.sensitivity.write_sensitivity(assessed_round, round_, progress=progress)
        _catch_up(round_, progress)
    if not is_quiet():
        summaries.say_how_sure(assessed_round)
        t = summaries.speaker(assessed_round.imprint.languages[0])
        say(f"\n{t('sure line added', folder=str(round_))}")


@command("fences rounds/00-proposal")
def fences(round_: RoundArgument) -> None:
    """Say which fence first: what opening each closed stretch of border would join, added to the round."""
    with at_work() as progress:
        round_with_fences = commands.fences.with_fences(store.read_round(round_), progress=progress)
        problems = commands.fences.write_fences(round_with_fences, round_, progress=progress)
        _catch_up(round_, progress)
    if not is_quiet():
        lang = round_with_fences.imprint.languages[0]
        summaries.say_problems(problems, lang)
        summaries.say_fences(round_with_fences)
        is_drawn = bool((round_with_fences.tables["fences"]["gain"] > 0).any())
        added = "fence line added" if is_drawn else "fence line added tables"
        say(f"\n{summaries.speaker(lang)(added, folder=str(round_))}")


@command("figures rounds/00-proposal --lang ru")
def figures(round_: RoundArgument, *, out: Path | None = None, lang: LanguageOption = "") -> None:
    """Draw a round for paper and projector: poster, section sheets, unit pages, slides, an atlas.

    Parameters
    ----------
    out : DIR
        The folder to write. Left out: figures/ in the round.
    """
    folder = round_ / "figures" if out is None else out
    with at_work() as progress, commands.shown_round.kept_pieces(round_):
        opened = store.open_round(round_)
        problems = commands.figures.write_figures(opened, folder, lang=lang, progress=progress)
    if not is_quiet():
        t = summaries.speaker(opened.imprint.languages[0])
        summaries.say_problems(problems, opened.imprint.languages[0])
        say(t("figures line where", folder=str(folder)), style="bold")
        drawings = [
            (t("figures line poster"), "poster_a1.pdf"),
            (t("figures line sections"), "section_*_a3.pdf"),
            (t("figures line units"), "units_a4.pdf"),
            (t("figures line slides"), "slide_*.png"),
            (t("figures line atlas"), "atlas.html"),
        ]
        # of a round without sections, or without units, there are no sheets of them
        there = ((what, name) for what, name in drawings if [*folder.glob(name)])
        say_rows(*((what, folder / name.replace("*", "…")) for what, name in there))
