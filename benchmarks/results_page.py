"""What benchmarks say: the machine, and their part of docs/performance.md."""

from __future__ import annotations

import platform
import shutil
from importlib.metadata import version
from pathlib import Path

import shapely

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
PAGE = HERE.parent / "docs" / "performance.md"
PICTURES = PAGE.parent / "images"


def machine() -> dict[str, str]:
    """What it ran on, without names of hosts or folders."""
    info = Path("/proc/cpuinfo")
    models = [
        line.partition(":")[2].strip()
        for line in (info.read_text().splitlines() if info.exists() else [])
        if line.startswith("model name")
    ]
    packages = ("numpy", "shapely", "geopandas", "numba", "pyarrow", "exactextract")
    return {
        "processor": models[0] if models else platform.processor() or platform.machine(),
        "cores": str(len(models) or "unknown"),
        "system": platform.system(),
        "python": platform.python_version(),
        "geos": shapely.geos_version_string,
        **{name: version(name) for name in packages},
        "R": "found, not used" if shutil.which("Rscript") else "not installed",
    }


def written(part: str, text: str) -> None:
    """Put a part between its marks in docs/performance.md."""
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.split(begin)[0], page.split(end)[1]
    PAGE.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
