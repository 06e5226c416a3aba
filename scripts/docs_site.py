"""What the documentation site has beside `docs/`: pages from elsewhere, and two from the code.

Used by mkdocs as a hook. README, CONTRIBUTING and the like stay where people look for them in a
repository and are shown in the site as well; their links are turned to the pages of the site. The
references of the command line and of Python are made from the code, so they cannot differ from it.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

import typer
from mkdocs.structure.files import File, Files

import cami_units
from cami_units.cli import app

CHECKOUT = Path(__file__).resolve().parents[1]
FROM_ELSEWHERE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "data/README.md": "bundled-data.md",
    "benchmarks/README.md": "benchmarks.md",
}
CHAPTERS = {
    "Plans and layers in": (
        "read_",
        "Reading",
        "load",
        "cache_beside",
        "reopened",
        "features",
        "range_states",
    ),
    "Coordinate systems": ("EQUAL_AREA", "to_"),
    "Overlaps": (
        "overlaps",
        "near",
        "split",
        "crossings",
        "area_km2",
        "shared_borders",
        "overlap_bands",
        "write_overlaps",
        "write_richness",
    ),
    "From cells to units": ("planning_units", "pu_ids", "cut", "measure", "score_cells", "grow"),
    "Findings, decisions, ranks": (
        *("assess", "decide", "rank_units", "smallest_set", "with_sensitivity"),
        *("with_fences", "evaluate_units"),
    ),
    "The whole job, and the round after": ("propose", "collect", "write_proposal"),
    "Google Earth and maps": (
        *("write_kml", "lint_kml", "unit_map", "draw_map", "write_map", "unit_cards"),
    ),
    "Errors": ("CamiUnitsError", "InputError", "ArgumentError", "PlanError"),
}


def on_files(files: Files, *, config: Any) -> Files:
    """Add the pages from elsewhere and those made from the code."""
    made = {
        page: (CHECKOUT / source).read_text(encoding="utf-8")
        for source, page in FROM_ELSEWHERE.items()
    }
    made |= {"cli.md": command_line(), "api.md": python()}
    for page, text in made.items():
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Files) -> str:
    """Links from one file of the repository to another, as links from page to page.

    A file that is no page, such as a notebook, is named and not linked.
    """
    here = next(
        (source for source, made in FROM_ELSEWHERE.items() if made == page.file.src_uri),
        f"docs/{page.file.src_uri}",
    )

    def turned(found: re.Match[str]) -> str:
        bang, label, link, anchor = found.groups()
        target = posixpath.normpath(posixpath.join(posixpath.dirname(here), link))
        if target in FROM_ELSEWHERE:
            return f"{bang}[{label}]({FROM_ELSEWHERE[target]}{anchor})"
        if target.startswith("docs/"):
            return f"{bang}[{label}]({target.removeprefix('docs/')}{anchor})"
        return f"{label} (`{target}`)"

    return re.sub(
        r"(!?)\[([^\]]*)\]\((?!https?://|#|mailto:)([^)#\s]+)((?:#[^)\s]*)?)\)", turned, markdown
    )


def command_line() -> str:
    """The reference of the command line, from the commands themselves."""
    group: Any = typer.main.get_command(app)
    told = [
        "# Command line",
        str(group.help),
        "Every command ends with 0 when it is done, 1 when an input is at fault (one message: what was "
        "expected, what came, where, what to do), 2 when it was called wrongly.",
    ]
    for name, command in group.commands.items():
        arguments = [one for one in command.params if one.param_type_name == "argument"]
        options = [one for one in command.params if one.param_type_name == "option"]
        usage = " ".join(["cami-units", name, "[OPTIONS]", *map(_argument, arguments)])
        rows = [f"| `{_argument(one)}` | {_cell(one.help)} |" for one in arguments]
        rows += [
            f"| `{', '.join([*one.opts, *one.secondary_opts])}` | {_cell(one.help)} |"
            for one in options
        ]
        told += [f"## {name}", _cell(command.help), f"```text\n{usage}\n```"]
        told += ["\n".join(["| | |", "|--|--|", *rows])]
        if command.epilog:
            told.append(f"`{str(command.epilog).removeprefix('Example: ')}`")
    return "\n\n".join(told) + "\n"


def _argument(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return str(name) if argument.required else f"[{name}]"


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def python() -> str:
    """The reference of the public names, in chapters."""
    told = [
        "# Python",
        "`import cami_units as cu` gives these names, and no others are promised. Tables are plain "
        "(Geo)DataFrames; [their columns](tables.md) are explained. Everything inside is in the "
        "equal-area system.",
    ]
    left = list(cami_units.__all__)
    for chapter, beginnings in CHAPTERS.items():
        mine = [name for name in left if name.startswith(beginnings)]
        left = [name for name in left if name not in mine]
        told.append(f"## {chapter}")
        told += [_entry(name) for name in sorted(mine)]
    if left:
        raise ValueError(f"These public names belong to no chapter: {', '.join(left)}")
    return "\n\n".join(told) + "\n"


def _entry(name: str) -> str:
    found = getattr(cami_units, name)
    # what is no function or class knows no home: the coordinate system, which is one of the words
    path = f"{found.__module__ if callable(found) else 'cami_units.model'}.{name}"
    heading = f"cu.{name}"
    return f"::: {path}\n    options:\n      heading: {heading}"
