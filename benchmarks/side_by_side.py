"""An earlier commit beside the present one: whole commands of both builds, in turn, on the same inputs.

    python benchmarks/side_by_side.py                  # beside e998edb, five runs of each: an hour
    python benchmarks/side_by_side.py --runs 1 --only decide,plenary

The earlier build is a worktree of this repository with the layers of this commit, so that both
propose the same; rounds, packs and handed-in files are made once, by the earlier one, and given to
both. Figures are processor time of the command and its children, from the prompt to the prompt, and
their medians. Both builds run in this Python with the same libraries, one at a time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter

from results_page import HERE, RESULTS, machine, written

CHECKOUT = HERE.parent
EARLIER = "e998edb"

Taken = dict[str, float]


@dataclass(frozen=True, slots=True)
class Build:
    """One of the two: a name, where its package is, and a folder to work in."""

    name: str
    source: Path
    work: Path

    def run(self, *arguments: object) -> Taken:
        """One command of the program: seconds, processor time with children, peak memory."""
        return self.python("-m", "cami_units", "-q", *arguments)

    def python(self, *arguments: object) -> Taken:
        """One run of Python with the package of this build."""
        environment = os.environ | {"PYTHONPATH": str(self.source / "src")}
        # an installed program is not compiled at each start
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        start = perf_counter()
        process = subprocess.Popen(
            [sys.executable, *map(str, arguments)], env=environment, stdout=subprocess.DEVNULL
        )
        _, status, used = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"{self.name}: {' '.join(map(str, arguments))} failed.")
        return {
            "seconds": perf_counter() - start,
            "cpu": used.ru_utime + used.ru_stime,
            "peak_mb": used.ru_maxrss / 1024,
        }


@dataclass(frozen=True, slots=True)
class Inputs:
    """What both builds are given: made once, by the earlier one."""

    plan: Path
    round: Path
    packs: Path
    handed_in: Path
    again: Path
    """The same files with one of them changed."""
    ten: Path
    """The first round of a plan with ten groups."""
    ten_packs: Path
    three_hundred: Path
    """Ten files of 300 polygons."""


def inputs(earlier: Build, folder: Path, wanted: Collection[str]) -> Inputs:
    """Rounds, packs and handed-in files, by the earlier build: those that the commands want."""
    plan = folder / "workshop" / "plan.toml"
    earlier.run("init", plan.parent)
    made = Inputs(
        plan=plan,
        round=folder / "rounds" / "00",
        packs=folder / "rounds" / "pack",
        handed_in=folder / "handed-in",
        again=folder / "again",
        ten=folder / "ten" / "rounds" / "00",
        ten_packs=folder / "ten" / "rounds" / "pack",
        three_hundred=folder / "ten" / "handed-in",
    )
    earlier.run("propose", "--out", made.round)
    earlier.run("pack", made.round, "--out", made.packs)
    this = Build("this", CHECKOUT, folder)
    this.python(CHECKOUT / "scripts" / "play_groups.py", made.packs, made.handed_in)
    shutil.copytree(made.handed_in, made.again)
    # one group changes its mind: the pack as it was handed out
    shutil.copy(made.packs / "S6" / "edit_S6.kmz", made.again / "edit_S6.kmz")

    if not {"pack", "repack", "collect300"} & set(wanted):
        return made
    ten_plan = folder / "ten" / "plan.toml"
    earlier.run("init", ten_plan.parent)
    make = (
        f"import sys; sys.path.insert(0, {str(HERE)!r}); from pathlib import Path; import groups; "
    )
    sections = ten_plan.parent / "inputs" / "sections.gpkg"
    this.python("-c", f"{make}groups.sections_of_ten(Path({str(sections)!r}))")
    text = ten_plan.read_text(encoding="utf-8")
    text = text.replace("# sections = []", 'sections = ["inputs/sections.gpkg"]')
    ten_plan.write_text(text, encoding="utf-8")
    earlier.run("propose", ten_plan, "--out", made.ten)
    earlier.run("pack", made.ten, "--out", made.ten_packs)
    paths = ", ".join(f"Path({str(one)!r})" for one in (made.ten, made.ten_packs))
    this.python("-c", f"{make}groups.group_files({paths}, Path({str(made.three_hundred)!r}))")
    return made


def _fresh(build: Build, name: str, source: Path) -> Path:
    """A copy of a round with nothing kept beside it, taken anew at each run."""
    target = build.work / name / source.name
    shutil.rmtree(target.parent, ignore_errors=True)
    shutil.copytree(source, target)
    return target


def _start(build: Build, _: Inputs) -> Taken:
    return build.python("-c", "import cami_units.cli, geopandas, shapely, pyogrio, pyproj")


def _propose(build: Build, given: Inputs) -> Taken:
    out = build.work / "propose"
    return build.run("propose", given.plan, "--no-cache", "--force", "--out", out)


def _weights(build: Build, given: Inputs) -> Taken:
    """Another number in the criteria; what was measured before is kept beside the plan."""
    folder = build.work / "weights"
    if not folder.exists():
        shutil.copytree(given.plan.parent, folder)
        build.run("propose", folder / "plan.toml", "--out", _weighed(build))
    criteria = folder / "criteria.toml"
    text = criteria.read_text(encoding="utf-8")
    now = next(n for n in range(1, 99) if f"min_species = {n}\n" in text.partition("[C1]")[2])
    head, mark, tail = text.partition("[C1]")
    criteria.write_text(
        head + mark + tail.replace(f"min_species = {now}\n", f"min_species = {now + 1}\n", 1),
        encoding="utf-8",
    )
    return build.run("propose", folder / "plan.toml", "--force", "--out", _weighed(build))


def _weighed(build: Build) -> Path:
    """In a folder of its own: over a round with a pack beside it, ids are not moved without a word."""
    return build.work / "weighed" / "00"


def _pack(build: Build, given: Inputs) -> Taken:
    """From nothing: what was kept of earlier runs is taken away."""
    return build.run("pack", _fresh(build, "pack", given.ten), "--out", build.work / "packed")


def _pack_again(build: Build, given: Inputs) -> Taken:
    _pack(build, given)
    return build.run("pack", build.work / "pack" / given.ten.name, "--out", build.work / "packed")


def _collect(build: Build, files: Path, base: Path, packs: Path) -> Taken:
    out = build.work / "collected" / "01"
    return build.run("collect", files, "--base", base, "--pack", packs, "--force", "--out", out)


def _collect_ten_files(build: Build, given: Inputs) -> Taken:
    shutil.rmtree(build.work / "collected", ignore_errors=True)
    base = _fresh(build, "base", given.round)
    return _collect(build, given.handed_in, base, given.packs)


def _collect_again(build: Build, given: Inputs) -> Taken:
    _collect_ten_files(build, given)
    return _collect(build, given.again, build.work / "base" / given.round.name, given.packs)


def _collect_300(build: Build, given: Inputs) -> Taken:
    shutil.rmtree(build.work / "collected", ignore_errors=True)
    base = _fresh(build, "base", given.ten)
    return _collect(build, given.three_hundred, base, given.ten_packs)


def _decide(build: Build, given: Inputs) -> Taken:
    """A decision that is not the first of the day, on the round that the first has left."""
    round_ = _fresh(build, "decide", given.round)
    build.run("decide", round_, "CU-003", "agree", "--reason", "no objection")
    return build.run("decide", round_, "CU-002", "agree", "--reason", "no objection")


def _plenary(build: Build, given: Inputs) -> Taken:
    return build.run("plenary", _fresh(build, "plenary", given.round))


def _plenary_again(build: Build, given: Inputs) -> Taken:
    """A board after a decision on one unit, where one was made before it."""
    done = _fresh(build, "plenary", given.round)
    build.run("plenary", done)
    build.run("decide", done, "CU-002", "agree", "--reason", "no objection")
    return build.run("plenary", done)


def _figures(build: Build, given: Inputs) -> Taken:
    """From nothing: what was kept of earlier runs is taken away."""
    return build.run("figures", _fresh(build, "figures", given.round))


def _figures_again(build: Build, given: Inputs) -> Taken:
    """After a decision on one unit, where all were drawn before it."""
    _figures(build, given)
    done = build.work / "figures" / given.round.name
    build.run("decide", done, "CU-002", "agree", "--reason", "no objection")
    return build.run("figures", done)


def _sensitivity(build: Build, given: Inputs) -> Taken:
    return build.run("sensitivity", _fresh(build, "sensitivity", given.round))


_PRODUCTS = """
import sys, time
from pathlib import Path
from importlib import import_module
from cami_units import store
for name in ("commands.round_files", "pipeline._write"):
    try:
        products = import_module("cami_units." + name).products
        break
    except ImportError:
        pass
written = products(store.read_round(Path(sys.argv[1])), noticed=[])
out = Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)
for name in ("map.html", "conservation_units.kmz", "conservation_units_web.kmz"):
    written[name](out / name)
"""


def _maps(build: Build, given: Inputs) -> Taken:
    """One process: a round read, its map and both KMZ written."""
    return build.python("-c", _PRODUCTS, given.round, build.work / "maps")


COMMANDS: Mapping[str, tuple[str, Callable[[Build, Inputs], Taken]]] = {
    "start": ("Python and the imports of every command", _start),
    "decide": ("`decide`", _decide),
    "again": ("`plenary` after one decision", _plenary_again),
    "plenary": ("`plenary` from nothing", _plenary),
    "collect": ("`collect`, ten real files", _collect_ten_files),
    "recollect": ("`collect` again, one file changed", _collect_again),
    "collect300": ("`collect`, ten files of 300 polygons", _collect_300),
    "pack": ("`pack`, ten groups, from nothing", _pack),
    "repack": ("`pack` again, nothing changed", _pack_again),
    "figures": ("`figures` from nothing", _figures),
    "refigures": ("`figures` after one decision", _figures_again),
    "sensitivity": ("`sensitivity`", _sensitivity),
    "propose": ("`propose`, nothing kept", _propose),
    "weights": ("`propose` with another number of the criteria", _weights),
    "maps": ("`map.html` and both KMZ written", _maps),
}


@dataclass(slots=True)
class Pair:
    """The runs of one command, by build."""

    earlier: list[Taken] = field(default_factory=list)
    this: list[Taken] = field(default_factory=list)


def measured(wanted: Collection[str], runs: int, folder: Path, commit: str) -> dict[str, Pair]:
    """Both builds in turn, so that a busy minute of the machine falls on both."""
    source = folder / "earlier"
    git = ["git", "-C", str(CHECKOUT)]
    subprocess.run([*git, "worktree", "add", "--quiet", "--detach", source, commit], check=True)
    try:
        # its own plan and criteria, whose keys it knows; our layers
        for layer in (path for path in (CHECKOUT / "data").iterdir() if path.is_dir()):
            shutil.rmtree(source / "data" / layer.name, ignore_errors=True)
            shutil.copytree(layer, source / "data" / layer.name)
        earlier = Build("earlier", source, folder / "by-earlier")
        this = Build("this", CHECKOUT, folder / "by-this")
        given = inputs(earlier, folder / "inputs", wanted)
        pairs: dict[str, Pair] = {name: Pair() for name in wanted}
        for _ in range(runs):
            for name, pair in pairs.items():
                for build, taken in ((earlier, pair.earlier), (this, pair.this)):
                    taken.append(COMMANDS[name][1](build, given))
                    print(f"{name:12} {build.name:8} {taken[-1]['cpu']:7.2f} s", flush=True)
        return pairs
    finally:
        subprocess.run([*git, "worktree", "remove", "--force", source], check=True)


def _median(runs: Sequence[Taken], key: str) -> float:
    return median(taken[key] for taken in runs)


def page(pairs: Mapping[str, Pair], runs: int, commit: str) -> str:
    """The results as Markdown."""
    rows = [
        f"Processor time of whole commands, medians of {runs}; {commit} and this commit in one run.",
        "",
        f"| | {commit} | this commit | ratio | seconds on the clock | peak memory |",
        "|--|--|--|--|--|--|",
    ]
    for name, pair in pairs.items():
        before, now = _median(pair.earlier, "cpu"), _median(pair.this, "cpu")
        clock = f"{_median(pair.earlier, 'seconds'):.1f} → {_median(pair.this, 'seconds'):.1f}"
        peak = f"{_median(pair.earlier, 'peak_mb'):.0f} → {_median(pair.this, 'peak_mb'):.0f} MB"
        rows.append(
            f"| {COMMANDS[name][0]} | {before:.2f} s | {now:.2f} s | {before / now:.1f} × "
            f"| {clock} | {peak} |"
        )
    return "\n".join(rows)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help=f"of {','.join(COMMANDS)}")
    parser.add_argument("--runs", type=int, default=5, help="runs of each command by each build")
    parser.add_argument("--earlier", default=EARLIER, help="the commit beside which this one runs")
    parser.add_argument("--write", action="store_true", help="renew docs/performance.md")
    asked = parser.parse_args()
    wanted = [name for name in asked.only.split(",") if name] or list(COMMANDS)
    with tempfile.TemporaryDirectory() as folder:
        pairs = measured(wanted, asked.runs, Path(folder), asked.earlier)
    text = page(pairs, asked.runs, asked.earlier)
    print(text)
    if asked.write:
        results = {
            "machine": machine(),
            "earlier": asked.earlier,
            "runs": asked.runs,
            "commands": {
                name: {"earlier": pair.earlier, "this": pair.this} for name, pair in pairs.items()
            },
        }
        (RESULTS / "side_by_side.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")
        written("side by side", text)


if __name__ == "__main__":
    main()
