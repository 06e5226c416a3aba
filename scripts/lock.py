"""Write `requirements-ci.lock`: the versions that pip would choose today, for `make LOCK=… test`.

Usage: python scripts/lock.py
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
HEAD = """\
# The versions CI runs with: `make test LOCK=requirements-ci.lock`. pyproject.toml says what range of
# versions is meant to work; this says what was tried. Made by scripts/lock.py with Python {python}.
"""


def main() -> None:
    """Ask pip what it would install, install nothing, and write it down."""
    command = [
        *(sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"),
        *("--disable-pip-version-check", "--report", "-", f"{CHECKOUT}[test,notebook,docs]"),
    ]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    chosen = {one["metadata"]["name"]: one["metadata"]["version"] for one in report["install"]}
    chosen.pop("cami_units", None)
    lines = [f"{name}=={chosen[name]}\n" for name in sorted(chosen, key=str.casefold)]
    head = HEAD.format(python=".".join(map(str, sys.version_info[:2])))
    (CHECKOUT / "requirements-ci.lock").write_text(head + "".join(lines), encoding="utf-8")
    print(f"requirements-ci.lock: {len(lines)} versions")


if __name__ == "__main__":
    main()
