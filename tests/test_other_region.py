"""Another region and convention: the round of notebook 07, with nothing of Central Asia in it."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

import cami_units as cu
from cami_units import store
from cami_units.commands.collect import collect
from cami_units.commands.pack import pack
from cami_units.commands.plenary import plenary
from cami_units.commands.sensitivity import with_sensitivity
from cami_units.kml import rehearsal as draw
from cami_units.model import InputError

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


# -- where longitudes end ----------------------------------------------------------------------------


def across(west: float, south: float, east: float, north: float) -> shapely.MultiPolygon:
    """A box over 180°, as a GIS has it: cut there. `east` counts on."""
    parts = shapely.box(west, south, 180, north), shapely.box(-180, south, east - 360, north)
    return shapely.MultiPolygon(parts)


REGIONS = {
    # the border of two states 2° beyond 180°, and two species over both
    "date line": (
        "+proj=laea +lat_0=66 +lon_0=-170 +datum=WGS84 +units=m +no_defs",
        [across(170, 62, 182, 70), shapely.box(-178, 58, -150, 70)],
        [across(176, 63, 190, 68), across(177, 64, 188, 67)],
    ),
    "pole": (
        "+proj=laea +lat_0=90 +lon_0=0 +datum=WGS84 +units=m +no_defs",
        [shapely.box(-180, 70, 0, 90), shapely.box(0, 70, 180, 90)],
        [shapely.box(-180, 84, 180, 90), shapely.box(-180, 85, 180, 90)],
    ),
    "south pole": (
        "+proj=laea +lat_0=-90 +lon_0=0 +datum=WGS84 +units=m +no_defs",
        [shapely.box(-180, -90, 0, -60), shapely.box(0, -90, 180, -60)],
        [shapely.box(-180, -90, 180, -84), shapely.box(-180, -90, 180, -85)],
    ),
    # south of the equator, over 180°: no unit comes out where a species lives in one state only
    "no units": (
        "+proj=laea +lat_0=-18 +lon_0=180 +datum=WGS84 +units=m +no_defs",
        [across(174, -24, 184, -12), shapely.box(-176, -24, -166, -12)],
        [across(176, -18, 181, -15), across(177, -20, 182, -16)],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("where", REGIONS)
def test_a_round_where_longitudes_end(made, tmp_path, where):
    """Over 180°, over a pole, and with nothing to propose: units keep their areas, and all is written."""
    crs, states, ranges = REGIONS[where]
    plan = (made["folder"] / "plan.toml").read_text(encoding="utf-8")
    plan = re.sub(r"(?m)^states = .*", 'states = ["NA", "ZM"]', plan)
    (tmp_path / "plan.toml").write_text(re.sub(r"(?m)^crs = .*", f'crs = "{crs}"', plan))
    (tmp_path / "criteria.toml").write_text(made["CRITERIA"], encoding="utf-8")
    (tmp_path / "species.csv").write_text(
        "sci_name,name_en,iucn_category,range_states\nUrsus maritimus,Bear,EN,NA;ZM\n"
        "Ovis nivicola,Sheep,EN,NA;ZM\n"
    )
    names = {"iso2": ["NA", "ZM"], "name_en": ["One", "Other"]}
    gpd.GeoDataFrame(names, geometry=states, crs=4326).to_file(tmp_path / "countries.gpkg")
    codes = {"presence": 1, "origin": 1, "seasonal": 1}
    species = {"sci_name": ["Ursus maritimus", "Ovis nivicola"], **codes}
    gpd.GeoDataFrame(species, geometry=ranges, crs=4326).to_file(tmp_path / "ranges.gpkg")
    proposal = cu.propose(cu.read_plan(tmp_path / "plan.toml"))
    folder = tmp_path / "rounds" / "00-proposal"
    cu.write_proposal(proposal, folder)
    again = store.read_round(folder)
    units = again.tables["conservation_units"]
    assert units.is_valid.all()
    # measured on the ellipsoid, as it was written: each has the area that was measured on the plane
    for unit in units.itertuples():
        on_ground = cu.to_equal_area(units[units["unit_id"] == unit.unit_id], crs).area.sum() / 1e6
        assert on_ground == pytest.approx(unit.area_km2, rel=1e-6)
        assert unit.area_km2 < 200_000, "no belt round the Earth"
    pack(folder, tmp_path / "pack")
    plenary(folder)
    if where == "no units":
        assert units.empty
        with pytest.raises(InputError, match="no units, so there is nothing to ask"):
            with_sensitivity(again)
    elif where != "date line":
        assert abs(units.total_bounds[[1, 3]]).max() == 90, "one has the pole in it, or at a corner"
    else:
        wide = units.bounds["maxx"] - units.bounds["minx"] > 180
        assert wide.any(), "one lies over 180°"
