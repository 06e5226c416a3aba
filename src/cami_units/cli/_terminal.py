"""The frame of the command line: its options, its words in rows, its progress, and whatever stops it told plainly."""

from __future__ import annotations

import os
import re
import shlex
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import partial, wraps
from inspect import Parameter, Signature, getdoc, signature
from operator import add
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, Final, get_origin

import typer
from typer.core import TyperCommand, TyperGroup

from cami_units.phrases import FALLBACK, LANGUAGES

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from cami_units.model import CamiUnitsError, Progress


def as_word(path: Path | str) -> str:
    """A path as one word of a command to paste: quoted where its shell would take it for several.

    Examples
    --------
    >>> as_word("rounds/00-proposal"), as_word("my day/plan.toml")
    ('rounds/00-proposal', "'my day/plan.toml'")
    """
    if os.name == "nt":  # its shell knows double quotes only
        return f'"{path}"' if " " in str(path) else str(path)
    return shlex.quote(str(path))


_PANELS: Final = {
    "A proposal": ("init", "check", "propose", "assess", "sensitivity", "fences", "figures"),
    "A workshop": (
        *("pack", "desk", "collect", "plenary", "decide", "activities", "annex", "publish"),
        "rehearse",
    ),
    "Files by themselves": ("lint", "overlaps", "richness"),
}
"""Under which heading of `--help` a command stands."""
_PANEL_OF: Final = {name: panel for panel, names in _PANELS.items() for name in names}


class _AsTyped:
    """The value of a parameter that is what was typed: text, a path, or whether a flag was there."""

    def __init__(self, kind: type) -> None:
        self._kind = kind

    def coerce(self, value: Any, *_: object, **__: object) -> Any:
        """The value as that kind; ``None`` where nothing was typed."""
        return None if value is None else self._kind(value)


class _Command(TyperCommand):
    """A command that takes words, paths and flags as they are typed.

    From 0.28 on typer asks pydantic whether text is text, and a decision waits 0.1 s until pydantic is
    there. Numbers, choices and lists still go that way, and so does all of a typer with other names.
    """

    def get_params(self, ctx: Any) -> list[Any]:
        return [_as_typed(parameter) for parameter in super().get_params(ctx)]


class _Commands(TyperGroup):
    """The program itself, whose options are taken as those of its commands are."""

    def get_params(self, ctx: Any) -> list[Any]:
        return [_as_typed(parameter) for parameter in super().get_params(ctx)]

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands in the order of the work, not of the files that they stand in."""
        return sorted(super().list_commands(ctx), key=[*_PANEL_OF].index)


def _as_typed(parameter: Any) -> Any:
    """A parameter that converts no single text, path or flag, and tells help no type of Python."""
    if parameter.param_type_name == "argument":
        parameter.display_type_rich = lambda *_, **__: ""
    elif getattr(parameter, "is_flag", False):
        parameter.metavar = ""
    else:
        parameter.metavar = parameter.metavar or "TEXT"
    kind = getattr(getattr(parameter, "type_descriptor", None), "annotation", None)
    if kind in (str, Path, bool) and parameter.nargs == 1 and not parameter.multiple:
        parameter.get_runtime_param = partial(_AsTyped, kind)
    return parameter


app = typer.Typer(
    cls=_Commands,
    name="cami-units",
    help="Propose priority conservation units for migratory mammals that cross borders, from "
    "species ranges and stated criteria: as KMZ for Google Earth, as a map that opens offline, and "
    "as tables.",
    epilog="To begin: cami-units propose\n\nFor your own data: cami-units init my-workshop",
    no_args_is_help=True,
    add_completion=False,
    # at_work catches every fault and tells it plainly; typer's own box may print local variables,
    # with whatever data is in them
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _known_language(code: str) -> str:
    """A language that there is, or a refusal that names them all."""
    if code and code not in LANGUAGES:
        raise typer.BadParameter(f"'{code}' is not one of {', '.join(LANGUAGES)}.")
    return code


def _language_option(left_out: str) -> Any:
    """An option that names a language."""
    return typer.Option(
        metavar="|".join(LANGUAGES),
        callback=_known_language,
        help=f"The language of what is written. Left out: {left_out}.",
        show_default=False,
    )


LanguageOption = Annotated[str, _language_option("the plan's first")]

PlanLanguageOption = Annotated[str, _language_option("English")]

PlanArgument = Annotated[
    Path | None,
    typer.Argument(metavar="PLAN", help="A plan.toml. Left out: the bundled demonstration."),
]

RoundArgument = Annotated[Path, typer.Argument(metavar="ROUND", help="The folder of the round.")]

ForceOption = Annotated[
    bool, typer.Option("--force", help="Replace the round that is there.", show_default=False)
]


def words_of(line: str) -> list[str]:
    """The words of an option that takes several, parted by commas."""
    return [word.strip() for word in line.split(",") if word.strip()]


def _say_version(is_asked: bool) -> None:
    """Say the version and stop."""
    if is_asked:
        from cami_units import __version__

        typer.echo(f"cami-units {__version__}")
        raise typer.Exit


_QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing but what is wrong.", show_default=False)
]
_VerboseOption = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", help="Say more; after an unexpected failure, all.", show_default=False
    ),
]
_MANNER: Final[ContextVar[tuple[bool, bool]]] = ContextVar("manner", default=(False, False))
"""Whether a command is to be quiet, and whether it is to say more: asked for before or behind its name."""


_SPEAKING: Final = ("directory", "round_", "base", "plan")
"""Parameters of commands that name a round or a plan."""
_ABOUT: Final[ContextVar[Path | None]] = ContextVar("about", default=None)
"""The round or plan that a command was given: what stops it is told in its first language."""


def language_of(directory: Path) -> str:
    """The first language of the round in a folder."""
    from cami_units import store

    return store.languages_of(directory)[0]


def plan_above(file: Path) -> Path | None:
    """The plan of the workshop in whose folder a file lies, however deep."""
    plans = (folder / "plan.toml" for folder in file.absolute().parents)
    return next(filter(Path.is_file, plans), None)


def language(of: Path | None = None) -> str:
    """The first language of a round or plan, else of that at work; English where it cannot be read."""
    from cami_units.model import CamiUnitsError

    about = of or _ABOUT.get()
    with suppress(CamiUnitsError, OSError):
        if about and about.is_dir():
            return language_of(about)
        if about and about.is_file():
            # asks pydantic, for which a decision need not wait
            from cami_units.plan import read_plan

            return read_plan(about).output.languages[0]
    return FALLBACK


def _described(function: Callable[..., None]) -> tuple[str, list[Parameter]]:
    """What a command does, and its parameters as typer takes them, by what its docstring says of each.

    What is passed by position is an argument of the command line, all else are options. Behind a name stands what is
    shown in the place of its value; of a flag nothing.
    """
    about, _, section = (getdoc(function) or "").partition("\n\nParameters\n----------\n")
    helps: dict[str, dict[str, Any]] = {
        name: {"metavar": metavar or None, "help": " ".join(lines.split())}
        for name, metavar, lines in _OF_A_PARAMETER.findall(section)
    }
    parameters = []
    for parameter in signature(function, eval_str=True).parameters.values():
        if get_origin(parameter.annotation) is not Annotated:
            make = typer.Option if parameter.kind is Parameter.KEYWORD_ONLY else typer.Argument
            default = ... if parameter.default is Parameter.empty else parameter.default
            flag = [f"--{parameter.name.replace('_', '-')}"] if parameter.annotation is bool else []
            # without docstrings (python -OO) an option is one all the same
            facts = helps.get(parameter.name, {}) | ({"show_default": False} if flag else {})
            parameter = parameter.replace(default=make(default, *flag, **facts))
        parameters.append(parameter)
    return about, parameters


_OF_A_PARAMETER: Final = re.compile(r"(\w+)(?: : (.+))?\n((?: {4}.+\n?)+)")
"""A name, what stands for its value, and what it is, as numpydoc has them."""


def command(example: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add a function to the app, as a command that also takes how much it is to say."""

    def added(function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def run(*, quiet: bool, verbose: bool, **options: Any) -> None:
            """Run it in that manner."""
            is_quiet_before, is_verbose_before = _MANNER.get()
            _MANNER.set((quiet or is_quiet_before, verbose or is_verbose_before))
            _ABOUT.set(next((options[name] for name in _SPEAKING if options.get(name)), None))
            with _in_plain_words():
                _refuse_unreachable(options.values())
            function(**options)

        # typer reads options from signatures: those of the function, and the two of every command
        run.__doc__, parameters = _described(function)
        parameters += [
            Parameter(name, Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
            for name, annotation in (("quiet", _QuietOption), ("verbose", _VerboseOption))
        ]
        run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        panel, example_line = _PANEL_OF[function.__name__], f"Example: cami-units {example}"
        return app.command(cls=_Command, epilog=example_line, rich_help_panel=panel)(run)

    return added


@app.callback()
def options(
    quiet: _QuietOption = False,
    verbose: _VerboseOption = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Say which version this is.", is_eager=True, callback=_say_version
        ),
    ] = False,
) -> None:
    """Take the options that stand before the command."""
    _MANNER.set((quiet, verbose))


# -- words and progress -----------------------------------------------------------------------------

FAULT: Final = 1
"""Exit code: the input is at fault (2, wrong usage, is typer's)."""

BUG: Final = 70
"""Exit code: the program is at fault (EX_SOFTWARE of sysexits)."""

STOPPED: Final = 130
"""Exit code: stopped from the keyboard."""


def is_quiet() -> bool:
    return _MANNER.get()[0]


def is_verbose() -> bool:
    return _MANNER.get()[1]


@contextmanager
def at_work() -> Iterator[Progress]:
    """Progress for the block, and plain words for whatever stops it."""
    with _in_plain_words():
        import pandas as pd  # as every command does; `--help` does not wait for it

        # In tables of ten to a thousand rows Arrow takes longer to begin with a column of texts than
        # Python to go through it: 6 % of a proposal. What comes out is the same.
        texts = pd.option_context("mode.string_storage", "python")
        with _progress(is_silent=is_quiet()) as progress, texts:
            yield progress


@contextmanager
def _in_plain_words() -> Iterator[None]:
    """Plain words and an exit code for whatever stops the block."""
    try:
        yield
    # typer ends a command with exceptions that are RuntimeErrors: the last clause would call them
    # faults of ours; nor is a pipe that was closed (| head) one
    except (typer.Exit, typer.Abort, BrokenPipeError):
        raise
    except KeyboardInterrupt:
        say("Stopped. Nothing half-written was left behind.", stderr=True)
        raise typer.Exit(STOPPED) from None
    except Exception as error:
        from cami_units.model import CamiUnitsError

        # imported here and caught by its base: `--help` must not wait for what the model imports
        if is_verbose() and not isinstance(error, CamiUnitsError):
            say("".join(traceback.format_exception(error)), stderr=True)
        if isinstance(error, CamiUnitsError) or (isinstance(error, OSError) and error.errno):
            say(_refusal(error), style="red", stderr=True)
            raise typer.Exit(FAULT) from None
        _apologise(error)
        raise typer.Exit(BUG) from None


def _refuse_unreachable(values: Iterable[object]) -> None:
    """Ask the system for every path that was typed: a loop of links, or too long a name, stops it here."""
    for value in values:
        for path in value if isinstance(value, list) else [value]:
            # of what is not there each command says what it is
            with suppress(FileNotFoundError, NotADirectoryError):
                if isinstance(path, Path):
                    path.stat()


@contextmanager
def listening() -> Iterator[None]:
    """Plain words where standard output takes no more of what is said: a full disk, a closed pipe."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        # Python writes what is left once more when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        with suppress(OSError):
            say(_refusal(error), style="red", stderr=True)
        raise SystemExit(FAULT) from None


def _refusal(error: CamiUnitsError | OSError) -> str:
    """What stopped a command, in the language of its round or plan where there are words for it."""
    from cami_units import words
    from cami_units.model import InputError

    if isinstance(error, OSError):
        from cami_units.store import system_refusal

        error = system_refusal(error)
    note = error.note if isinstance(error, InputError) and error.note.key else None
    lang = language() if note else FALLBACK
    return words.text("error line", lang, what=words.said(note, lang) if note else str(error))


def _apologise(error: Exception) -> None:
    """Say that the fault is ours, and how to report it."""
    say(
        "Sorry: cami-units stopped at something it did not expect, and left nothing half-written.\n"
        f"  {type(error).__name__}: {error}",
        style="red",
        stderr=True,
    )
    hint = (
        "Please report it with the lines above" if is_verbose() else "Run it again with -v for more"
    )
    say(f"{hint}; your plan and data may not be at fault.", stderr=True)


@contextmanager
def _progress(*, is_silent: bool) -> Iterator[Progress]:
    """Bars on a terminal, one line a step elsewhere, nothing when silent."""
    if is_silent:
        yield lambda step, number, total: None
    elif not (console := terminal(stderr=True)).is_terminal:
        yield _lines()
    else:
        from rich.progress import BarColumn, SpinnerColumn, TextColumn
        from rich.progress import Progress as Bars

        columns = (
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}", markup=False),
            # the words before it may take forty columns, the count and the time left behind it as many:
            # a terminal of 100 holds a line
            BarColumn(bar_width=24),
            TextColumn("{task.fields[count]}", markup=False),
        )
        with Bars(*columns, console=console) as bars:
            yield _bars(bars)
            _finish(bars)


class Pace:
    """How long the rest of each step takes, at the pace that it has had so far."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._begun: dict[str, tuple[float, int]] = {}

    def seconds_left(self, step: str, number: int, total: int) -> float | None:
        """Seconds until `number` is `total`; ``None``: it is too early to say, or nobody counts."""
        now = self._clock()
        begun, first = self._begun.setdefault(step, (now, number))
        if now - begun < _EARLY_S or number <= first or not total:
            return None
        # what comes first is slower (files opened, code compiled): the guess errs to the long side
        return (now - begun) * (total - number) / (number - first)

    def words(self, step: str, number: int, total: int, lang: str = FALLBACK) -> str:
        """How far a step is and how long it still takes, as much of it as is known."""
        if not total:
            return ""
        # kilobytes of shapes say nothing to anybody
        count = f"{number}/{total}" if total < 1000 else f"{100 * number // total} %"
        if (seconds := self.seconds_left(step, number, total)) is None:
            return count
        return _phrase("time left", lang, count=count, time=_duration(seconds, lang))


_EARLY_S: Final = 5.0
"""Seconds before which no step says how long it takes: it may be done before anybody has read it."""


def _duration(seconds: float, lang: str) -> str:
    """A time as people say it: no finer than it is known."""
    # steps of five would round what is above to "60 s"
    if seconds < 55:
        return _phrase("time in seconds", lang, n=max(5 * round(seconds / 5), 5))
    if (minutes := max(round(seconds / 60), 1)) < 60:
        return _phrase("time in minutes", lang, n=minutes)
    # the Red List takes hours: the minutes beside them say whether it is worth waiting
    return _phrase("time in hours", lang, hours=minutes // 60, n=minutes % 60)


def _phrase(key: str, lang: str, **facts: object) -> str:
    """A phrase of the catalogue, fetched when it is told."""
    from cami_units import words

    return words.text(key, lang, **facts)


def _step(step: str, lang: str) -> str:
    """A step in the reader's language; as it is called where nobody has words for it."""
    from cami_units import words
    from cami_units.model import Step

    if isinstance(step, Step):
        return f"{_step(step.key, lang)} {step.subject}"
    return words.text(f"step {step}", lang) if words.has(f"step {step}") else step


def _lines(clock: Callable[[], float] = monotonic) -> Progress:
    """Progress as a line a step, where nobody watches; of long steps one now and then."""
    pace = Pace(clock)
    next_line: dict[str, float] = {}
    lang = language()

    def progress(step: str, number: int, total: int) -> None:
        now = clock()
        # the first line at once: a log that is silent for minutes looks like a program that hangs
        if step not in next_line:
            next_line[step] = now + _EARLY_S
            say(f"{_step(step, lang)} …", stderr=True)
        # from the first call on: how long a step takes is told by when it began
        seconds = pace.seconds_left(step, number, total)
        if now >= next_line[step] and seconds is not None:
            next_line[step] = now + _BETWEEN_LINES_S
            from cami_units.model import with_label

            far = pace.words(step, number, total, lang)
            say(with_label(_step(step, lang), far, lang), stderr=True)

    return progress


_BETWEEN_LINES_S: Final = 30.0
"""Seconds between two lines of one step, in a file that somebody reads afterwards."""


def _bars(bars: Bars) -> Progress:
    """Progress as bars, where somebody does."""
    tasks: dict[str, TaskID] = {}
    pace = Pace()
    lang = language()

    def progress(step: str, number: int, total: int) -> None:
        # bars know only that a step has begun: whoever computes calls with a name and a number,
        # never with an end
        if step not in tasks:
            _finish(bars)
            called = one_line(_step(step, lang))
            tasks[step] = bars.add_task(called, total=total or None, count="")
        count = pace.words(step, number, total, lang)
        bars.update(tasks[step], completed=number, total=total or None, count=count)

    return progress


def _finish(bars: Bars) -> None:
    """A step has ended when the next one begins, whether or not it knew its own end."""
    for task in bars.tasks:
        if not task.finished:
            bars.update(task.id, total=1, completed=1, count="")


# -- words ------------------------------------------------------------------------------------------

LEVEL_MARKS: Final = {"refuses": ("✗", "red"), "counted": ("!", "yellow"), "note": ("·", "dim")}


def terminal(*, stderr: bool = False) -> Console:
    """What writes to a terminal or a file; fetched here, for commands that say nothing."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def say(words: object, *, style: str = "", stderr: bool = False) -> None:
    """One thing said, cleaned: nothing from a file moves the cursor or sets a colour."""
    from rich.text import Text

    from cami_units.model import clean_text

    lines = str(words).split("\n")
    # cleaning takes the spaces from both ends of a text, and our indents with them
    indents = [line[: len(line) - len(line.lstrip(" "))] for line in lines]
    clean = "\n".join(map(add, indents, map(_shortened, map(clean_text, lines))))
    # no wrapping of ours: a path that is broken in two cannot be copied
    terminal(stderr=stderr).print(Text(clean, style=style), soft_wrap=True)


_MOST_LETTERS: Final = 800
"""Letters of a line on a terminal: half a window, whatever somebody has pasted into a name."""


def _shortened(line: str) -> str:
    """A line; of a far longer one its beginning and its end, since tables have the whole of it."""
    if len(line) <= _MOST_LETTERS:
        return line
    return f"{line[: 2 * _MOST_LETTERS // 3]}…{line[-_MOST_LETTERS // 4 :]}"


def one_line(value: object) -> str:
    """A value as one line of text: what a terminal may show of anything."""
    from cami_units.model import clean_name

    return clean_name(value)


def _cell(value: object) -> str:
    """A value as a cell: a path whole, so that it can be copied, anything else not wider than a line."""
    line = one_line(value)
    return line if isinstance(value, Path) or len(line) <= 100 else f"{line[:99]}…"


def say_rows(*rows: Sequence[object], indent: int = 2) -> None:
    """Rows of words in aligned columns; wide characters count as two."""
    from rich.cells import cell_len

    cells = [[_cell(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        )
        say((" " * indent + "  ".join(padded)).rstrip())
