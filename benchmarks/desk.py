"""The facilitator's desk beside the commands of an earlier commit: one decision, one settled conflict.

    python benchmarks/desk.py                    # beside e998edb, five of each: about ten minutes
    python benchmarks/desk.py --runs 1

On the desk the clock runs from the click (the request is sent) until the line is on the disk, until
a second window has it, and until the board is drawn anew; for a conflict, until the page says what
was measured. By command line it runs from the prompt to the prompt: `decide` and `plenary`;
`collect --force` and `plenary`. Both work on the same rounds, packs and handed-in files, in turn.
Beside each time on the clock stands the processor time that it took (Linux): on a machine that others
use too, only that says how fast either is.
"""

from __future__ import annotations

import argparse
import http.cookiejar
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from urllib import parse, request

from shapely.affinity import translate

from results_page import RESULTS, machine
from side_by_side import CHECKOUT, EARLIER, Build

_SERVE = (
    "import sys; from pathlib import Path; from cami_units.desk import serve;"
    "serve(Path(sys.argv[1]), browser=False, announce=lambda one: print(one, flush=True))"
)
_NOW = "99999999"
"""A version that no desk has reached: it answers at once."""


class Desk:
    """A desk as a process of its own, and a browser of the simplest kind."""

    def __init__(self, workshop: Path) -> None:
        self.workshop = workshop
        environment = os.environ | {"PYTHONPATH": str(CHECKOUT / "src")}
        command = [sys.executable, "-c", _SERVE, str(workshop)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert self.process.stdout is not None
        address = self.process.stdout.readline().strip()
        self.home = address.partition("/enter")[0]
        jar = request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = request.build_opener(jar)
        self.get(address.removeprefix(self.home))

    def get(self, path: str) -> str:
        """A page, as text."""
        with self.opener.open(self.home + path, timeout=600) as answer:
            return answer.read().decode()

    def post(self, path: str, **form: str) -> None:
        """A click on a button of a form."""
        data = parse.urlencode(form).encode()
        asked = request.Request(self.home + path, data, {"Origin": self.home})
        self.opener.open(asked, timeout=600).read()

    def state(self, version: str = _NOW) -> dict:
        """What is new since a version, as the script of a page asks for it."""
        return json.loads(self.get(f"/events?version={version}"))

    def until(self, is_so: Callable[[dict], bool]) -> None:
        """Wait, as the script of the page does, until its state is so."""
        state = self.state()
        while not is_so(state):
            state = self.state(str(state["version"]))

    def idle(self) -> None:
        """Wait until nothing is under way."""
        self.until(lambda state: not state["jobs"])

    def processor(self) -> float:
        """Seconds that a processor has worked for it, all threads together."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()


def _hidden(page: str, name: str) -> str:
    return re.search(rf'name="{name}" value="([^"]*)"', page)[1]


def decision(desk: Desk, unit: str) -> dict[str, float]:
    """Seconds from the click to the disk, to the second window, and to the board drawn anew."""
    page = desk.get(f"/board?unit={unit}")
    known = desk.state()
    taken: dict[str, float] = {}

    def second_window() -> None:
        version = str(known["version"])
        while "second window" not in taken:
            state = desk.state(version)
            version = str(state["version"])
            if state["decided_unit"] == unit:
                taken["second window"] = time.perf_counter() - began

    window = threading.Thread(target=second_window)
    window.start()
    log = next((desk.workshop / "rounds").glob("01-*")) / "decisions.csv"
    size = log.stat().st_size if log.exists() else 0
    form = {"unit": unit, "decision": "agree", "reason": "no objection", "by": "plenary"}
    began, worked = time.perf_counter(), desk.processor()
    click = threading.Thread(
        target=desk.post, args=("/decide",), kwargs={**form, "seen": _hidden(page, "seen")}
    )
    click.start()
    while not (log.exists() and log.stat().st_size > size):
        time.sleep(0.002)
    taken["on disk"] = time.perf_counter() - began
    click.join()
    window.join()
    desk.until(lambda state: state["board"] != known["board"])
    taken["board"] = time.perf_counter() - began
    taken["board, processor"] = desk.processor() - worked
    desk.idle()
    return taken


def settled(desk: Desk, place: int) -> dict[str, float]:
    """Seconds from the click until the page says what was measured, and until the board shows it."""
    page = desk.get("/settle")
    first = page.partition('<form method="post" action="/settle"')[2].partition("</form>")[0]
    choices = re.findall(r'name="resolution" value="([^"]+)"', first)
    board = desk.state()["board"]
    began, worked = time.perf_counter(), desk.processor()
    unit = _hidden(first, "unit_id")
    desk.post(
        "/settle",
        unit_id=unit,
        resolution=choices[place % 2],
        reason="newer",
        seen=_hidden(first, "seen"),
    )
    while "is being measured" in desk.get("/settle"):
        time.sleep(0.05)
    taken = {"measured and shown": time.perf_counter() - began}
    taken["measured and shown, processor"] = desk.processor() - worked
    desk.until(lambda state: state["board"] != board)
    taken["board"] = time.perf_counter() - began
    taken["board, processor"] = desk.processor() - worked
    desk.idle()
    return taken


def handed_in(packs: Path, folder: Path) -> None:
    """A file a group: its first unit smaller; and of the first group's unit a version by the second."""
    sys.path.insert(0, str(CHECKOUT / "src"))
    from cami_units.kml import rehearsal as draw

    folder.mkdir()
    contested = None
    for pack in sorted(
        path for path in packs.iterdir() if (path / f"edit_{path.name}.kmz").exists()
    ):
        content = (pack / f"edit_{pack.name}.kmz").read_bytes()
        unit = draw.unit_ids(content)[0]
        edits = [draw.grown(unit, 0.9)]
        if contested is None:
            contested = (unit, draw.outline(content, unit))
        elif pack.name == "S2":
            moved = translate(contested[1], 0.3, 0)
            edits.append(draw.drawn(f"{contested[0]} as we know it", moved, "2 "))
        edited = draw.packed(doc__kml=draw.edited(content, *edits))
        (folder / f"edit_{pack.name}.kmz").write_bytes(edited)


def by_command(build: Build, given: Path, unit: str) -> dict[str, float]:
    """The same two things by the commands of the earlier build."""
    target = build.work / "01-collected"
    rounds = given / "rounds"
    base = ("--base", rounds / "00-proposal", "--pack", rounds / "pack")
    collect = ("collect", given / "handed-in", *base)
    taken = build.run(*collect, "--force", "--out", target)
    board = build.run("plenary", target)
    said = build.run("decide", target, unit, "agree", "--reason", "no objection")
    again = build.run("plenary", target)
    shutil.rmtree(target)  # a round that was decided on is not collected anew
    figures = {}
    for name, runs in (("settled", (taken, board)), ("decided", (said, again))):
        for key, end in (("seconds", ""), ("cpu", ", processor")):
            figures[f"{name}{end}"] = runs[0][key]
            figures[f"{name}, with board{end}"] = sum(run[key] for run in runs)
    return figures


def measured(runs: int, folder: Path, commit: str) -> dict[str, list[dict[str, float]]]:
    """Both in turn, on the same files."""
    source = folder / "earlier"
    git = ["git", "-C", str(CHECKOUT)]
    subprocess.run([*git, "worktree", "add", "--quiet", "--detach", source, commit], check=True)
    try:
        # its own plan, whose keys it knows; both work on the round that it proposes from its layers
        earlier = Build("earlier", source, folder / "by-earlier")
        given, workshop = folder / "given", folder / "workshop"
        earlier.run("init", given)
        proposal = given / "rounds" / "00-proposal"
        earlier.run("propose", given / "plan.toml", "--out", proposal)
        earlier.run("pack", proposal, "--out", given / "rounds" / "pack")
        handed_in(given / "rounds" / "pack", given / "handed-in")
        shutil.copytree(given, workshop)
        desk = Desk(workshop)
        try:
            desk.idle()
            units = re.findall(r'data-unit="(CU-\d+)"', desk.get("/board"))
            results: dict[str, list[dict[str, float]]] = {
                "settle": [],
                "decide": [],
                "commands": [],
            }
            for place in range(runs):
                results["settle"].append(settled(desk, place))
                results["commands"].append(by_command(earlier, given, units[place]))
            for place in range(runs):
                results["decide"].append(decision(desk, units[place]))
        finally:
            desk.close()
        return results
    finally:
        subprocess.run([*git, "worktree", "remove", "--force", source], check=True)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="of each")
    parser.add_argument("--earlier", default=EARLIER, help="the commit whose commands are run")
    parser.add_argument("--write", action="store_true", help="keep the figures in results/")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = measured(asked.runs, Path(folder), asked.earlier)
    for name, runs in results.items():
        for key in runs[0]:
            print(f"{name:8} {key:32} {median(run[key] for run in runs):7.2f} s")
    if asked.write:
        kept = {"machine": machine(), "earlier": asked.earlier, "runs": asked.runs, **results}
        (RESULTS / "desk.json").write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
