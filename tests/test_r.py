"""R opens what we write without a word: sf with its spherical geometry, and terra.

Skipped, aloud, where R with these packages is not installed (Debian: r-cran-sf, r-cran-terra).
"""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]


@lru_cache(maxsize=1)
def has_r() -> bool:
    """Whether R is here with both packages."""
    if shutil.which("Rscript") is None:
        return False
    code = 'q(status = !(requireNamespace("sf", quietly = TRUE) && requireNamespace("terra", quietly = TRUE)))'
    return (
        subprocess.run(
            ["Rscript", "-e", code], capture_output=True, timeout=120, check=False
        ).returncode
        == 0
    )


def in_r(code: str, folder: Path) -> str:
    """What R prints; a warning is an error."""
    if not has_r():
        pytest.skip("R with sf and terra is not installed: not tried here")
    script = folder / "x.R"
    script.write_text(
        f"options(warn = 2)\nsuppressPackageStartupMessages(library(sf))\n{code}\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        ["Rscript", str(script)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_every_layer_of_a_round_opens_in_sf_and_terra_without_a_word(written, tmp_path):
    """On the sphere too: an edge along a parallel is an arc there, and must cross no neighbour."""
    shutil.copy(written / "conservation_units.gpkg", tmp_path)
    told = in_r(
        """
        f <- "conservation_units.gpkg"
        stopifnot(sf_use_s2())
        for (l in st_layers(f)$name) {
          x <- st_read(f, l, quiet = TRUE)
          if (inherits(x, "sf")) { stopifnot(st_is_valid(x)); invisible(st_union(x)) }
          cat(l, nrow(x), "")
        }
        for (l in terra::vector_layers(f)) invisible(terra::vect(f, layer = l))
        """,
        tmp_path,
    )
    assert "conservation_units" in told
    assert "planning_units" in told


def test_the_r_of_the_documentation_runs(written, tmp_path):
    """The chunk of docs/data.md, on a round: classes are made of what was assessed, and of nothing else."""
    shutil.copy(written / "conservation_units.gpkg", tmp_path)
    text = (CHECKOUT / "docs" / "data.md").read_text(encoding="utf-8")
    [chunk] = re.findall(r"## In R\n.*?```r\n(.*?)```", text, re.DOTALL)
    assert "NA" not in in_r(chunk + "\nprint(levels(shown$class))\n", tmp_path)
