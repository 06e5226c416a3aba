"""A further layer as CONTRIBUTING describes it: the places that it names, and no other."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]

EDITS = {
    "model/layers.toml": (
        "[sections]\n",
        '[wetlands]\nrole = "evidence"\ncolumns = "wetland_id name_en name_ru"\nkey = "wetland_id"\n'
        'geometry = "polygon"\nfiles = "wetlands/wetlands.geojson"\nprefix = "W"\n'
        'mark_columns = "source"\ncard_columns = "source"\nmap_vertices = 3_000\n\n',
    ),
    "model/_values.py": (
        "    corridors: gpd.GeoDataFrame | None = None\n",
        "    wetlands: gpd.GeoDataFrame | None = None\n",
    ),
    "layers/dialects.toml": (
        "[spellings.barriers]\n",
        '[spellings.wetlands]\nwetland_id = "id"\nname_en = "name"\n\n',
    ),
    "palette.toml": ('sections = "', 'wetlands = "#2b7a78"\n'),
    "phrases/en.toml": ('corridors = "', 'wetlands = "Wetlands"\n'),
    "overlap/_site_tables.py": (
        "        barriers=maybe(",
        '        wetlands=maybe(layers.wetlands, "wetland_id"),\n',
    ),
}
"""By file: the line before which the new one stands."""

LOOK = (
    "sections = { line",
    'wetlands = { line = "wetlands", width = 1.2, fill = "wetlands", opacity = 0.5 }\n',
)
FIELD_OF_SITES = (
    "    corridors: pd.DataFrame | None = None\n",
    "    wetlands: pd.DataFrame | None = None\n",
)

USE = """
import sys
from pathlib import Path
import geopandas as gpd
from shapely.geometry import box
import cami_units as cu
from cami_units import layers, model, words
from cami_units.kml import _evidence
from cami_units.layers._layer_rows import layer_reader
from cami_units.model import SiteTables
from cami_units.plan import read_plan

folder = Path(sys.argv[1])
rows = {"id": ["R1"], "name": ["Tengiz"]}
gpd.GeoDataFrame(rows, geometry=[box(68, 50, 69, 51)], crs=4326).to_file(folder / "w.geojson")
(folder / "plan.toml").write_text('title = "T"\\ndate = "2026-11-22"\\n[layers]\\nwetlands = ["w.geojson"]\\n')
plan = read_plan(folder / "plan.toml")
reading = layers.Reading(sources=plan.sources)
read = layer_reader("wetlands", reading, None, None)(reading.files_of("wetlands"))
print(read.table[["wetland_id", "name_en"]].values.tolist(), [str(p) for p in read.problems])
print("wetlands" in model.ROUND_LAYERS, "wetlands" in model.MAP_LAYERS, words.text("wetlands", "en"))
print("wetlands" in SiteTables.__dataclass_fields__, "wetlands" in model.Layers.__dataclass_fields__)
folder_of_layer = _evidence.plain(
    _evidence.Drawing("en", 0.0), "wetlands", {"wetlands": cu.to_lonlat(read.table)})
print(folder_of_layer.name, [mark.name for mark in folder_of_layer.marks])
"""


ROUND = """
import sys, zipfile
from pathlib import Path
import geopandas as gpd
from shapely.geometry import box
import cami_units as cu

folder = Path(sys.argv[1])
rows = {"id": ["R1"], "name": ["Tengiz"]}
gpd.GeoDataFrame(rows, geometry=[box(68, 50, 69, 51)], crs=4326).to_file(folder / "w.geojson")
(folder / "plan.toml").write_text(
    'title = "T"\\ndate = "2026-11-22"\\n[study]\\ncell_km = 150\\n[layers]\\nwetlands = ["w.geojson"]\\n')
made = folder / "round"
cu.write_proposal(cu.propose(cu.read_plan(folder / "plan.toml")), made)
print(len(gpd.read_file(made / "conservation_units.gpkg", layer="wetlands")), "table")
print("Wetlands" in (made / "map.html").read_text(), "map")
with zipfile.ZipFile(made / "conservation_units.kmz") as archive:
    print("R1 Tengiz" in archive.read("doc.kml").decode(), "KMZ")
print("wetlands" in (made / "conservation_units.qgs").read_text(), "QGIS")
"""


@pytest.fixture(scope="module")
def wetlands_folder(tmp_path_factory):
    """The folder of a package to which the layer has been added."""
    folder = tmp_path_factory.mktemp("added")
    package = folder / "src" / "cami_units"
    shutil.copytree(
        CHECKOUT / "src" / "cami_units", package, ignore=shutil.ignore_patterns("__pycache__")
    )
    (folder / "data").symlink_to(CHECKOUT / "data")
    edits = [
        *((name, *lines) for name, lines in EDITS.items()),
        ("palette.toml", *LOOK),
        ("model/_values.py", *FIELD_OF_SITES),
    ]
    for name, before, line in edits:
        path = package / name
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, name
        path.write_text(text.replace(before, line + before), encoding="utf-8")
    return folder


def output_lines(folder, program):
    """What a program says that imports the package of this folder."""
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(folder)],
        env={**os.environ, "PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not run.stderr, run.stderr[-1500:]
    return run.stdout.splitlines()


def test_a_layer_is_added_in_the_places_that_contributing_names(wetlands_folder):
    told = re.search(
        r"To feed a criterion.*?\n\n", (CHECKOUT / "CONTRIBUTING.md").read_text(), re.DOTALL
    )
    for name in EDITS:
        assert name.split("/")[0].removesuffix(".py") in told[0], name
    assert output_lines(wetlands_folder, USE) == [
        "[['R1', 'Tengiz']] []",
        "True True Wetlands",
        "True True",
        "Wetlands ['R1 Tengiz']",
    ]


@pytest.mark.slow
def test_a_layer_that_was_added_is_in_all_of_a_round(wetlands_folder):
    assert output_lines(wetlands_folder, ROUND) == ["1 table", "True map", "True KMZ", "True QGIS"]
