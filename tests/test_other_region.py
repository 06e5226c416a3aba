"""Another region and convention: the round of notebook 07, with nothing of Central Asia in it."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest

from cami_units import store
from cami_units.commands.collect import collect
from cami_units.commands.pack import pack
from cami_units.kml import rehearsal as draw

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


@pytest.mark.slow
def test_what_its_groups_draw_is_measured_and_complained_of_by_its_own_plan(made, tmp_path):
    """The region, the projection and the lattice are those of the round, not of Central Asia."""
    base_dir = made["folder"] / "rounds" / "00-proposal"
    base = store.read_round(base_dir)
    packed = pack(base_dir, tmp_path / "pack")
    handed_in = tmp_path / "in"
    handed_in.mkdir()
    for group in sorted(set(packed.allocation["group"])):
        file = f"edit_{group}.kmz"
        content = draw.handed_out(packed.directory / group / file)
        first = draw.unit_ids(content)[0]
        edited = draw.edited(content, draw.grown(first, 0.9))
        (handed_in / file).write_bytes(draw.packed(doc__kml=edited))
    collected = collect([handed_in], base, base_dir=base_dir)
    assert collected.problems["kind"].isin(["outside", "outside, turned inside"]).sum() == 0
    changes = collected.changes.set_index("unit_id")
    reshaped = changes[changes["change"] == "reshaped"]
    assert len(reshaped) == len(set(packed.allocation["group"]))
    # 0.9 of the side is 0.81 of the ground, in this region's own equal-area system.
    shares = (reshaped["after_km2"] / reshaped["before_km2"]).astype(float)
    assert shares.tolist() == pytest.approx([0.81] * len(shares), rel=0.01)
    cells = collected.round.tables["planning_units"]
    assert set(cells["pu_id"]) == set(base.tables["planning_units"]["pu_id"])
