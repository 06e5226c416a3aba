"""Another region and convention: the round of notebook 07, with nothing of Central Asia in it."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest

from cami_units import store

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "07_another_region.ipynb"
OURS = re.compile(
    r"(?<!in_)\bcami\b(?!-)|Central Asia|Migratory Species|saiga|Kazakh|INDICATIVE:", re.I
)


@pytest.fixture(scope="module")
def made():
    """What the cells of the notebook leave behind."""
    names: dict = {}
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), NOTEBOOK.name, "exec"), names)
    return names


@pytest.mark.slow
def test_a_complete_round_comes_out_with_its_own_states_species_and_criteria(made):
    again = store.read_round(made["folder"] / "rounds" / "00-proposal")
    units = again.tables["conservation_units"]
    assert len(units) >= 1
    assert {iso2 for cell in units["countries"] for iso2 in cell.split(";")} <= set(
        made["countries"]["iso2"]
    )
    # "NA" is Namibia and no missing value, on the way in and on the way out
    assert "NA" in set(again.tables["countries"]["iso2"])
    assert again.imprint.profile == "river basin criteria"
    assert again.imprint.languages == ("en",)
    assert not again.imprint.indicative
    met = again.tables["unit_criteria"].set_index("criterion")["met"]
    assert met["C8"].isna().all()  # there are no hotspots: not assessed, never "not met"


@pytest.mark.slow
def test_no_file_of_it_speaks_of_central_asia(made):
    folder = made["folder"] / "rounds" / "00-proposal"
    texts = {
        name: (folder / name).read_text(encoding="utf-8")
        for name in ("manifest.json", "conservation_units.csv", "map.html")
    }
    for name in ("conservation_units.kmz", "conservation_units_web.kmz"):
        with zipfile.ZipFile(folder / name) as archive:
            texts[name] = archive.read("doc.kml").decode("utf-8")
    with zipfile.ZipFile(folder / "conservation_units.xlsx") as archive:
        texts["xlsx"] = "".join(
            archive.read(name).decode("utf-8")
            for name in archive.namelist()
            if name.endswith(".xml")
        )
    for name, text in texts.items():
        spoken = text
        if name == "map.html":  # its catalogue holds every phrase, said or not
            spoken = re.sub(r'"indicative": ?"[^"]*"', "", text)
        assert [found.group() for found in OURS.finditer(spoken)] == [], name
