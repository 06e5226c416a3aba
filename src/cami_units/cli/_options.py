"""The command line's frame: its name, and the options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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


def _known_language(code: str) -> str:
    if code and code not in LANGUAGES:
        raise typer.BadParameter(f"'{code}' is not one of {', '.join(LANGUAGES)}.")
    return code


LanguageOption = Annotated[
    str,
    typer.Option(
        "--lang",
        metavar="|".join(LANGUAGES),
        callback=_known_language,
        help="The language of what is written. Left out: the plan's first.",
        show_default=False,
    ),
]

QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing but what is wrong.", show_default=False)
]

VerboseOption = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", help="Say more; after an unexpected failure, all.", show_default=False
    ),
]

PlanArgument = Annotated[
    Path | None,
    typer.Argument(metavar="PLAN", help="A plan.toml. Left out: the bundled demonstration."),
]

RoundArgument = Annotated[Path, typer.Argument(metavar="ROUND", help="The folder of the round.")]

NoCacheOption = Annotated[
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
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Say which version this is.", is_eager=True, callback=_say_version
        ),
    ] = False,
) -> None:
    """Take the options that stand before the command."""
    ctx.obj = (quiet, verbose)
