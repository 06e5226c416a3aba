"""Make every product there is, and list the SHA-256 of each: the proof that a move changed nothing.

    python scripts/products.py > before.txt          # all, about ten minutes on two cores
    python scripts/products.py --only round,pack --compare before.txt

Products are the same to the byte wherever the code that makes them is the same, GeoPackages and the
members of zips included. So code that is moved, renamed or made faster has to give the list it gave
before; where a number or a word is changed on purpose, CHANGELOG says which files that touches.

Everything goes through the command line and through `play_groups.py`, each in a process of its own:
the names inside the package may change as they like. `--source` takes another checkout of the same
contract, an older commit say, and uses its own scripts.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]

ZIPS = {".kmz", ".xlsx", ".pptx", ".docx", ".zip"}
"""Files whose members are listed too, so that a difference says where it is."""

DECISIONS = (
    ("CU-001", "agree", "No objection."),
    ("CU-007", "reject", "Nobody has seen an animal there since 2009."),
    ("CU-012", "park", "Ask the state on the other side first."),
    ("CU-021", "agree-with-change", "As the group drew it."),
    ("CU-002", "agree", "Said too early."),
    ("CU-002", "undo", "The second reading was not over."),
)
"""Every kind of decision, one after the other."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the products of all stages go, and the checkout that makes them."""

    out: Path
    source: Path

    def python(self, *arguments: object) -> None:
        """Run Python with the package of the checkout; its words only when it fails."""
        environment = os.environ | {
            "PYTHONPATH": str(self.source / "src"),
            "PYTHONHASHSEED": "random",  # an order that hangs on it shows up here
        }
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            env=environment,
            cwd=self.out,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}")

    def run(self, *arguments: object) -> None:
        """Run one command of the program."""
        self.python("-m", "cami_units", *arguments)

    def copy(self, round_: str, stage: str) -> Path:
        """A round in the folder of a stage, for a command that writes into it."""
        target = self.out / stage / Path(round_).name
        shutil.copytree(self.out / round_, target)
        return target


ROUND = "round/00-proposal"
COLLECTED = "collect/01-collected"
DECIDED = "decide/01-collected"


def _round(bench: Bench) -> None:
    """The demonstration, from nothing."""
    bench.run("propose", "--out", bench.out / ROUND)


def _assess(bench: Bench) -> None:
    """The bundled hotspots as drawn, as a KMZ, and the preflight of the layers."""
    bench.run("assess", bench.out / ROUND / "conservation_units.kmz", "--out", bench.out / "assess")


def _sensitivity(bench: Bench) -> None:
    """The repeated runs, added to a copy of the round."""
    bench.run("sensitivity", bench.copy(ROUND, "sensitivity"))


def _pack(bench: Bench) -> None:
    """The packs, without activities yet."""
    bench.run("pack", bench.out / ROUND, "--out", bench.out / "pack")


def _collect(bench: Bench) -> None:
    """Ten good files with every kind of edit, and a conflict; then the same with a resolution."""
    out = bench.out
    drawn = out / "collect" / "handed-in"
    bench.python(bench.source / "scripts" / "play_groups.py", out / "pack", drawn)
    options = ("--base", out / ROUND, "--pack", out / "pack")
    bench.run("collect", drawn, *options, "--out", out / COLLECTED)
    resolved = out / "collect" / "resolutions.csv"
    resolved.write_text("unit_id,resolution,reason\nCU-001,S2,the later drawing\n", "utf-8")
    target = out / "collect" / "01-resolved"
    bench.run("collect", drawn, *options, "--resolutions", resolved, "--out", target)


def _rehearse(bench: Bench) -> None:
    """Ten spoilt files of every damage we know, and what is made of them."""
    bench.run("rehearse", bench.out / ROUND, "--out", bench.out / "rehearse")


def _decide(bench: Bench) -> None:
    """Every kind of decision, on a copy of the collected round."""
    copied = bench.copy(COLLECTED, "decide")
    for minute, (unit, decision, reason) in enumerate(DECISIONS):
        time = f"2026-11-22T14:{minute:02}"
        bench.run("decide", copied, unit, decision, "--reason", reason, "--time", time)


def _plenary(bench: Bench) -> None:
    """The board in both languages, after decisions and beside the first proposal."""
    for language in ("en", "ru"):
        target = bench.out / "plenary" / language
        options = ("--before", bench.out / ROUND, "--lang", language)
        bench.run("plenary", bench.out / DECIDED, *options, "--out", target)


def _activities(bench: Bench) -> None:
    """The forms of the groups merged into a copy of the decided round; then packs with them."""
    copied = bench.copy(DECIDED, "activities")
    bench.run("activities", copied, *sorted((bench.out / "collect/handed-in").glob("*.xlsx")))


def _annex(bench: Bench) -> None:
    """The annex in both languages."""
    for language in ("en", "ru"):
        target = bench.out / "annex" / language
        bench.run("annex", bench.out / DECIDED, "--lang", language, "--out", target)


def _figures(bench: Bench) -> None:
    """Posters, sheets, pages and slides of the first round."""
    bench.run("figures", bench.out / ROUND, "--out", bench.out / "figures")


def _region(bench: Bench) -> None:
    """The other region of notebook 07, and its packs and figures."""
    cells = json.loads((bench.source / "notebooks" / "07_another_region.ipynb").read_text("utf-8"))[
        "cells"
    ]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    folder = bench.out / "region"
    folder.mkdir()
    # The notebook works in a temporary folder of a name that nobody knows before, and makes layers of its own, in
    # which GDAL writes the time of day.
    head = (
        f"import os, tempfile\ntempfile.mkdtemp = lambda: {str(folder)!r}\n"
        "os.environ['OGR_CURRENT_DATE'] = '2026-01-01T00:00:00.000Z'\n"
    )
    bench.python("-c", head + code)
    made = folder / "rounds" / "00-proposal"
    bench.run("pack", made, "--out", folder / "pack")
    bench.run("figures", made, "--out", folder / "figures")


STAGES: Mapping[str, tuple[Callable[[Bench], None], tuple[str, ...]]] = {
    "round": (_round, ()),
    "assess": (_assess, ("round",)),
    "pack": (_pack, ("round",)),
    "collect": (_collect, ("round", "pack")),
    "decide": (_decide, ("collect",)),
    "plenary": (_plenary, ("decide",)),
    "activities": (_activities, ("decide",)),
    "annex": (_annex, ("decide",)),
    "rehearse": (_rehearse, ("round",)),
    "figures": (_figures, ("round",)),
    "sensitivity": (_sensitivity, ("round",)),
    "region": (_region, ()),
}
"""What is made, in this order, and which stages it takes its inputs from."""


def with_inputs(wanted: Iterable[str]) -> list[str]:
    """The stages that have to run for these, in order."""
    needed: set[str] = set()
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        if name not in STAGES:
            raise SystemExit(f"There is no stage {name!r}; the stages are {', '.join(STAGES)}.")
        needed.add(name)
        waiting.extend(STAGES[name][1])
    return [name for name in STAGES if name in needed]


def sums(folder: Path) -> Iterator[tuple[str, str]]:
    """SHA-256 and path of every file below a folder, and of every member of a zip."""
    for path in sorted(folder.rglob("*")):
        # what a cache keeps is no product
        if not path.is_file() or ".cami-units-cache" in path.parts:
            continue
        name = path.relative_to(folder).as_posix()
        yield hashlib.sha256(path.read_bytes()).hexdigest(), name
        if path.suffix in ZIPS and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for member in sorted(archive.namelist()):
                    digest = hashlib.sha256(archive.read(member)).hexdigest()
                    yield digest, f"{name}!{member}"


def listed(text: str) -> dict[str, str]:
    """A list of sums as a dict: path to sum."""
    pairs = (line.split(maxsplit=1) for line in text.splitlines() if line.strip())
    return {path: digest for digest, path in pairs}


def differences(now: Mapping[str, str], before: Mapping[str, str]) -> list[str]:
    """One line for each path that is new, gone or has another sum."""
    lines = [f"gone     {path}" for path in before if path not in now]
    lines += [f"new      {path}" for path in now if path not in before]
    lines += [f"differs  {path}" for path in now if before.get(path, now[path]) != now[path]]
    return sorted(lines, key=lambda line: line[9:])


def main() -> None:
    """Run the stages asked for, then print their list, or what differs from another list."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help="stages, with commas; what they need runs too")
    parser.add_argument("--out", type=Path, help="an empty folder to keep the products in")
    parser.add_argument("--compare", type=Path, help="a list made before: print what differs")
    parser.add_argument("--source", type=Path, default=CHECKOUT, help="the checkout that is run")
    options = parser.parse_args()

    wanted = [name for name in options.only.split(",") if name] or list(STAGES)
    stages = with_inputs(wanted)
    with tempfile.TemporaryDirectory() as scratch:
        out = (options.out or Path(scratch)).resolve()
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise SystemExit(f"{out} is not empty: what was made before would be listed too.")
        for name in stages:
            print(name, file=sys.stderr, flush=True)
            STAGES[name][0](Bench(out, options.source.resolve()))
        now = {path: digest for digest, path in sums(out)}

    if options.compare is None:
        print("\n".join(f"{digest}  {path}" for path, digest in sorted(now.items())))
        return
    before = listed(options.compare.read_text(encoding="utf-8"))
    of_these = {path: sha for path, sha in before.items() if path.split("/", 1)[0] in stages}
    lines = differences(now, of_these)
    print("\n".join(lines) or f"{len(now)} products, all as before")
    raise SystemExit(1 if lines else 0)


if __name__ == "__main__":
    main()
