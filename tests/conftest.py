"""The toy region: three rectangular countries and three square ranges, answers by hand.

All numbers are kilometres in the equal-area CRS (the fixtures multiply by 1000)::

    y
  300 +---------+---------+---------+
      |   AA    |   BB    |   CC    |     AA, BB, CC: 200 x 300 km = 60,000 km² each
      |     +-------+     |         |     fox   [100,300] x [100,300]  40,000 km²: AA 20,000, BB 20,000
      |     |  fox  | +-------+     |     goat  [350,450] x [150,250]  10,000 km²: BB  5,000, CC  5,000
      |     |       | |  goat |     |     deer  [ 20, 60] x [ 20, 60]   1,600 km²: AA only
      | deer+-------+ +-------+     |
    0 +---------+---------+---------+
      0        200       400       600 x
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import settings

from cami_units.commands.round_files import write_proposal
from cami_units.model import EQUAL_AREA
from tests.rounds import toy_round

settings.register_profile("steady", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("steady")


def km_box(left: float, low: float, right: float, top: float) -> shapely.Polygon:
    """A rectangle given in km, in metres."""
    return shapely.box(left * 1000, low * 1000, right * 1000, top * 1000)


def modules_loaded_by(code: str, *arguments: object) -> set[str]:
    """The modules that a process of its own has loaded once it has run some lines."""
    command = [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.fixture(scope="session")
def toy_countries() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "iso2": ["AA", "BB", "CC"],
            "name_en": ["Aland", "Beland", "Celand"],
            "name_ru": ["А", "Б", "В"],
            "range_state": [True, True, True],
        },
        geometry=[km_box(0, 0, 200, 300), km_box(200, 0, 400, 300), km_box(400, 0, 600, 300)],
        crs=EQUAL_AREA,
    )


@pytest.fixture(scope="session")
def toy_features() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"sci_name": ["deer", "fox", "goat"], "range_km2": [1_600.0, 40_000.0, 10_000.0]},
        geometry=[km_box(20, 20, 60, 60), km_box(100, 100, 300, 300), km_box(350, 150, 450, 250)],
        crs=EQUAL_AREA,
    )


@pytest.fixture(scope="session")
def toy_cells() -> gpd.GeoDataFrame:
    """Square cells of 20 km over the toy region: 30 columns, 15 rows."""
    column, row = (part.ravel() for part in np.meshgrid(np.arange(30), np.arange(15)))
    return gpd.GeoDataFrame(
        {
            "pu_id": [f"R{r:04d}C{c:04d}" for r, c in zip(row, column, strict=True)],
            "row": row,
            "col": column,
        },
        geometry=shapely.box(
            column * 20_000, row * 20_000, (column + 1) * 20_000, (row + 1) * 20_000
        ),
        crs=EQUAL_AREA,
    )


@pytest.fixture(scope="session")
def toy_links(toy_cells: gpd.GeoDataFrame) -> np.ndarray:
    """Neighbouring cells of `toy_cells`, by side or corner, each pair once."""
    place = {
        (row, col): number
        for number, (row, col) in enumerate(zip(toy_cells["row"], toy_cells["col"], strict=True))
    }
    steps = ((0, 1), (1, 0), (1, 1), (1, -1))
    pairs = [
        (here, place[row + down, col + right])
        for (row, col), here in place.items()
        for down, right in steps
        if (row + down, col + right) in place
    ]
    return np.array(pairs)


@pytest.fixture
def everywhere(toy_cells: gpd.GeoDataFrame) -> pd.DataFrame:
    """One seed, "S", that may grow over every cell of the toy region."""
    return pd.DataFrame({"seed": "S", "pu_id": toy_cells["pu_id"], "worth": 1.0})


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy round on disk, for those who leave it as it is."""
    directory = tmp_path_factory.mktemp("rounds") / "00-proposal"
    write_proposal(toy_round(), directory)
    return directory


@pytest.fixture
def round_dir(written: Path, tmp_path: Path) -> Path:
    """The toy round on disk, for one test to change."""
    return Path(shutil.copytree(written, tmp_path / "00-proposal"))


@pytest.fixture
def no_network(monkeypatch):
    """Nothing in the test may reach the network."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("something tried to reach the network")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
