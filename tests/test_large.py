"""Thousands of ranges on millions of cells: the same numbers, share by share, whoever does the work."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import pytest
import shapely

import cami_units as cu
from cami_units import cli, grid, layers, overlap
from cami_units.commands import overlaps as _overlaps
from cami_units.commands.overlaps import write_overlaps
from cami_units.layers import _range_stream
from cami_units.model import EQUAL_AREA, InputError, Progress
from cami_units.overlap import _lattice
from cami_units.plan import read_profile
from tests.native_parquet import Wkb

WORLD = "EPSG:6933"


def box(west: float, south: float, side: float = 1.0) -> shapely.Polygon:
    return shapely.box(west, south, west + side, south + side)


def ragged(x: float, y: float, seed: int, corners: int = 60) -> shapely.Polygon:
    """A star-shaped range of about 1°, with a coast."""
    random = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    knots = random.uniform(0.5, 1.2, 60)
    reach = np.interp(angle, np.linspace(0, 2 * np.pi, 61), np.append(knots, knots[0]))
    reach = reach + random.uniform(0, 0.5 / corners, corners)
    return shapely.Polygon(np.column_stack([x + reach * np.cos(angle), y + reach * np.sin(angle)]))


def many(number: int = 40) -> gpd.GeoDataFrame:
    names = [f"Genus species{number:03d}" for number in range(number)]
    shapes = [ragged(60 + 1.3 * n % 40, 35 + 0.7 * n % 20, n) for n in range(number)]
    return gpd.GeoDataFrame({"sci_name": names}, geometry=shapes, crs="OGC:CRS84")


def saved(path: Path, table: gpd.GeoDataFrame, rows: int = 8) -> Path:
    table.to_parquet(path, row_group_size=rows)
    return path


def measured(ranges: Path, out: Path, **how: object) -> pd.DataFrame:
    write_overlaps(ranges, out, **{"cell_km": 25, **how})  # type: ignore[arg-type]
    return pd.read_parquet(out)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# -- the numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["square", "hexagon"])
def test_the_stream_says_what_overlap_says(tmp_path: Path, shape: grid.Shape) -> None:
    """Two ways to the same table: cells listed one by one, and a lattice that nobody lists."""
    table = many(12)
    streamed = measured(saved(tmp_path / "r.parquet", table), tmp_path / "o.parquet", shape=shape)
    flat = layers.to_equal_area(table)
    cells = grid.planning_units(flat, cell_km=25, shape=shape)
    listed = overlap.overlaps(cells, flat, site="pu_id")
    streamed["pu_id"] = grid.pu_ids(streamed["row"], streamed["col"])
    both = listed.merge(streamed, on=["pu_id", "sci_name"], how="outer", suffixes=("", "_streamed"))
    assert np.abs(both["km2"] - both["km2_streamed"]).max() < 625 * 1e-9
    assert list(streamed.columns[:4]) == ["sci_name", "row", "col", "km2"]


def test_overlaps_of_a_range_add_up_to_the_range(tmp_path: Path) -> None:
    table = many(12)
    streamed = measured(saved(tmp_path / "r.parquet", table), tmp_path / "o.parquet", cell_km=3)
    whole = layers.to_equal_area(table).set_index("sci_name").area / 1e6
    total = streamed.groupby("sci_name")["km2"].sum()
    assert np.allclose(total, whole, rtol=1e-10)


def test_tiles_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut into tiles of 7 × 7 cells, every cell is measured once, and as before."""
    ranges = saved(tmp_path / "r.parquet", many(6))
    key = ["sci_name", "row", "col"]
    whole = measured(ranges, tmp_path / "1.parquet").sort_values(key, ignore_index=True)
    monkeypatch.setattr(_overlaps, "TILE", 7)
    tiled = measured(ranges, tmp_path / "2.parquet").sort_values(key, ignore_index=True)
    pd.testing.assert_frame_equal(whole[key], tiled[key])
    assert np.abs(whole["km2"] - tiled["km2"]).max() < 625 * 1e-9


def test_metres_taken_for_kilometres_are_refused_at_once(tmp_path: Path) -> None:
    """Cells of a metre over a region are ten million million: days, and gigabytes for their columns."""
    table = gpd.GeoDataFrame(
        {"sci_name": ["Saiga tatarica"]}, geometry=[shapely.box(50, 40, 90, 55)], crs=4326
    )
    ranges = saved(tmp_path / "r.parquet", table)
    with pytest.raises(InputError, match=r"A grid of 0\.001 km cells .* Is cell_km meant in km\?"):
        write_overlaps(ranges, tmp_path / "o.parquet", cell_km=0.001)
    assert not (tmp_path / "o.parquet").exists()


def test_rows_of_one_species_are_joined(tmp_path: Path) -> None:
    """Two squares of 1° that share half their ground: that half counts once."""
    table = gpd.GeoDataFrame(
        {"binomial": ["Saiga tatarica", "Ovis ammon", "Saiga tatarica"]},
        geometry=[box(60, 45), box(70, 40), box(60.5, 45)],
        crs="OGC:CRS84",
    )
    streamed = measured(saved(tmp_path / "r.parquet", table, rows=1), tmp_path / "o.parquet")
    joint = gpd.GeoDataFrame(geometry=[shapely.box(60, 45, 61.5, 46)], crs="OGC:CRS84")
    saiga = streamed.query("sci_name == 'Saiga tatarica'")["km2"].sum()
    assert saiga == pytest.approx(layers.to_equal_area(joint).area.iloc[0] / 1e6, rel=1e-10)


def test_codes_are_heeded_and_told(tmp_path: Path) -> None:
    table = gpd.GeoDataFrame(
        {
            "sci_name": ["Saiga tatarica", "Saiga tatarica", "Ovis ammon", None],
            "presence": [1, 5, 1, 1],
            "origin": [1, 1, 3, 1],
            "seasonal": [4, 1, 1, 1],
        },
        geometry=[box(60, 45), box(62, 45), box(70, 40), box(75, 40)],
        crs="OGC:CRS84",
    )
    saved(tmp_path / "r.parquet", table)
    found = write_overlaps(tmp_path / "r.parquet", tmp_path / "o.parquet")
    streamed = pd.read_parquet(tmp_path / "o.parquet")
    assert streamed["sci_name"].unique().tolist() == ["Saiga tatarica"]
    one = layers.to_equal_area(table.iloc[[0]]).area.iloc[0] / 1e6
    assert streamed["km2"].sum() == pytest.approx(one, rel=1e-10), "passage is kept, extinct is not"
    told = " ".join(problem.what for problem in found.problems)
    assert "presence 5 (extinct)" in told
    assert "origin 3 (introduced)" in told
    assert "1 row without a name" in told
    assert (found.species, found.rows) == (1, len(streamed))


def test_weights_are_said_not_to_count_in_a_stream(tmp_path: Path) -> None:
    table = gpd.GeoDataFrame(
        {"sci_name": ["Saiga tatarica"], "range_weight": [0.5]},
        geometry=[box(60, 45)],
        crs="OGC:CRS84",
    )
    found = write_overlaps(saved(tmp_path / "r.parquet", table), tmp_path / "o.parquet")
    [note] = [problem for problem in found.problems if "weights" in problem.what]
    assert (note.level, note.file) == ("note", "r.parquet")
    whole = layers.to_equal_area(table).area.iloc[0] / 1e6
    assert pd.read_parquet(tmp_path / "o.parquet")["km2"].sum() == pytest.approx(whole, rel=1e-10)


def test_the_whole_world_fits(tmp_path: Path) -> None:
    """Far from the origin, rows and columns are negative; ids are those of planning units."""
    table = gpd.GeoDataFrame(
        {"sci_name": ["Panthera onca", "Vombatus ursinus"]},
        geometry=[box(-70, -10), box(147, -42)],
        crs="OGC:CRS84",
    )
    ranges = saved(tmp_path / "r.parquet", table)
    streamed = measured(ranges, tmp_path / "o.parquet", crs=WORLD, cell_km=50)
    flat = layers.to_equal_area(table, WORLD)
    cells = grid.planning_units(flat, cell_km=50, crs=WORLD)
    assert set(grid.pu_ids(streamed["row"], streamed["col"])) == set(cells["pu_id"])
    assert streamed["km2"].sum() == pytest.approx(flat.area.sum() / 1e6, rel=1e-10)


def test_a_lattice_may_be_told_as_geopandas_takes_it(tmp_path: Path) -> None:
    """By number, or as pyproj has it: the bytes are those of its text."""
    ranges, cells = saved(tmp_path / "r.parquet", many(2)), tmp_path / "text.parquet"
    cu.write_overlaps(ranges, cells, crs=WORLD, cell_km=50)
    cu.write_richness(ranges, tmp_path / "text", crs=WORLD, cell_km=50)
    for number, crs in enumerate((6933, pyproj.CRS(6933))):
        again, folder = tmp_path / f"{number}.parquet", tmp_path / f"{number}"
        cu.write_overlaps(ranges, again, crs=crs, cell_km=50)
        assert again.read_bytes() == cells.read_bytes()
        cu.write_richness(ranges, folder, crs=crs, cell_km=50)
        for path in (tmp_path / "text").glob("*.parquet"):
            assert (folder / path.name).read_bytes() == path.read_bytes()
        with pytest.raises(InputError, match=r"crs EPSG:3035 cannot"):
            cu.write_richness(again, folder, crs=pyproj.CRS(3035))
        cu.write_richness(again, folder, crs=crs)


# -- shares, order, bytes -------------------------------------------------------------------------


def test_shares_hold_whole_species_and_only_read_their_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = layers.range_stream(saved(tmp_path / "r.parquet", many(40), rows=10))
    shares = layers.range_shares(stream, most_bytes=int(stream.rows["bytes"].sum() / 4) + 1)
    names = [name for share in shares for name in share.rows["sci_name"]]
    assert len(shares) == 4
    assert names == sorted(set(names))
    read: list[int] = []
    real = pq.ParquetFile.read_row_group

    def noted(self: pq.ParquetFile, group: int, **how: object) -> object:
        read.append(group)
        return real(self, group, **how)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", noted)
    for share in shares:
        layers.ranges_of(share)
    assert sorted(set(read)) == [0, 1, 2, 3]
    assert len(read) <= 7, "a row group is read again only where a share ends within it"
    assert layers.stream_advice(shares) == ()


def test_a_file_that_is_not_sorted_says_the_same_and_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_range_stream, "SHARE_BYTES", 10_000)
    table = many(40)
    mixed = table.iloc[np.random.default_rng(1).permutation(len(table))]
    sizes = {"sorted": table, "mixed": mixed}
    shares = {}
    for name, rows in sizes.items():
        ranges = saved(tmp_path / f"{name}.parquet", rows)
        stream = layers.range_stream(ranges)
        shares[name] = layers.range_shares(stream, most_bytes=12_000)
        measured(ranges, tmp_path / f"{name}.out")
    one, other = (pd.read_parquet(tmp_path / f"{name}.out") for name in sizes)
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert layers.stream_advice(shares["sorted"]) == ()
    (note,) = layers.stream_advice(shares["mixed"])
    assert "are not sorted by species" in note.what
    assert "sort_values('sci_name')" in note.cure


def test_a_folder_is_one_table(tmp_path: Path) -> None:
    table = many(20)
    whole = saved(tmp_path / "whole.parquet", table)
    parts = tmp_path / "parts"
    parts.mkdir()
    saved(parts / "b.parquet", table.iloc[:7])
    saved(parts / "a.parquet", table.iloc[7:])
    one, other = measured(whole, tmp_path / "1.out"), measured(parts, tmp_path / "2.out")
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_the_same_ranges_give_the_same_bytes_and_say_what_they_are(tmp_path: Path) -> None:
    ranges = saved(tmp_path / "r.parquet", many(10))
    for name in ("1.parquet", "2.parquet"):
        measured(ranges, tmp_path / name)
    assert sha256(tmp_path / "1.parquet") == sha256(tmp_path / "2.parquet")
    told = json.loads(pq.read_schema(tmp_path / "1.parquet").metadata[b"cami_units"])
    assert told["cell_km"] == 25
    assert told["ranges"] == ["r.parquet"]
    assert str(tmp_path) not in str(told)


# -- a lattice that nobody lists ------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["square", "hexagon"])
def test_bands_say_what_overlap_says(monkeypatch: pytest.MonkeyPatch, shape: grid.Shape) -> None:
    """Band by band, on any number of threads: each cell once, and as with cells that are listed."""
    flat = layers.to_equal_area(many(12))
    cells = grid.planning_units(flat, cell_km=20, shape=shape)
    listed = overlap.overlaps(cells, flat, site="pu_id").set_index(["pu_id", "sci_name"])["km2"]
    monkeypatch.setattr(_lattice, "_FEW_POLYGONS", 0)  # what is few is one band
    for band, threads in ((1 << 22, 1), (500, 1), (500, 3)):
        monkeypatch.setattr(_lattice, "_BAND", band)
        monkeypatch.setattr(_lattice, "thread_count", lambda threads=threads: threads)
        bands = list(cu.overlap_bands(flat, cell_km=20, shape=shape))
        assert (len(bands) > 3) == (band == 500)
        rows = [(table["row"].min(), table["row"].max()) for table in bands if len(table)]
        assert all(one[1] < other[0] for one, other in pairwise(rows)), "bands go north"
        table = pd.concat(bands).assign(pu_id=lambda t: grid.pu_ids(t["row"], t["col"]))
        found = table.astype({"sci_name": "str"}).set_index(["pu_id", "sci_name"])["km2"]
        assert found.index.is_unique
        assert sorted(found.index) == sorted(listed.index)
        assert np.abs(found - listed[found.index]).max() < 400 * 1e-11


def test_bands_of_layers_that_cannot_be_measured() -> None:
    flat = layers.to_equal_area(many(2))
    with pytest.raises(InputError, match="the CRS of the lattice"):
        list(cu.overlap_bands(flat, crs=WORLD))
    with pytest.raises(InputError, match="has several rows"):
        list(cu.overlap_bands(pd.concat([flat, flat])))
    assert list(cu.overlap_bands(flat[:0])) == []


def test_bands_count_ground_by_its_weight_as_overlaps_does() -> None:
    fox = gpd.GeoDataFrame(
        {"sci_name": ["fox"], "range_weight": [0.25]},
        geometry=[shapely.box(0, 0, 2500, 1000)],
        crs=cu.EQUAL_AREA,
    )
    (band,) = (band for band in cu.overlap_bands(fox, cell_km=1) if len(band))
    assert band["km2"].tolist() == [0.25, 0.25, 0.125]
    with pytest.raises(InputError, match="no number from 0 to 1: 0"):
        list(cu.overlap_bands(fox.assign(range_weight=2), cell_km=1))
    # ground that does not count has nothing to say: no rows of 0 km²
    nothing = fox.assign(range_weight=0.0)
    cells = gpd.GeoDataFrame({"unit_id": ["u"]}, geometry=[shapely.box(0, 0, 1000, 1000)])
    assert sum(map(len, cu.overlap_bands(nothing, cell_km=1))) == 0
    assert cu.overlaps(cells.set_crs(cu.EQUAL_AREA), nothing).empty


# -- what thousands of species come to ------------------------------------------------------------


def test_richness_by_hand(tmp_path: Path) -> None:
    """Cells of 100 km. One species has one whole cell and half of its eastern neighbour; another a
    hundredth of that neighbour and nothing else: it occurs there, for all of its range is there."""
    x, y = 0.0, 0.0
    shapes = [
        shapely.box(x, y, x + 150e3, y + 100e3),
        shapely.box(x + 180e3, y, x + 190e3, y + 10e3),
    ]
    table = gpd.GeoDataFrame(
        {"sci_name": ["Saiga tatarica", "Nobody knowsthis"]}, geometry=shapes, crs=EQUAL_AREA
    )
    ranges = saved(tmp_path / "r.parquet", table)
    result = cu.write_richness(ranges, tmp_path / "out", cell_km=100)
    cells = pd.read_parquet(tmp_path / "out" / "richness.parquet")
    assert cells["richness"].tolist() == [1, 2]
    assert cells["range_rarity"].tolist() == pytest.approx([2 / 3, 1 / 3 + 1])
    category = layers.read_species().set_index("sci_name").loc["Saiga tatarica", "iucn_category"]
    weights = read_profile().C2.weights
    assert weights is not None
    saiga, unknown = weights[category], weights["DD"]
    assert cells["threat_weight"].tolist() == [saiga, saiga + unknown]
    assert (result.species, result.cells) == (2, 2)
    assert "1 of 2 species is not in the species table" in " ".join(p.what for p in result.problems)


def test_richness_of_ranges_of_overlaps_and_of_tables_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An independent way: the table of overlaps, grouped by pandas."""
    monkeypatch.setattr(_range_stream, "SHARE_BYTES", 10_000)
    ranges = saved(tmp_path / "r.parquet", many(30))
    table = measured(ranges, tmp_path / "o.parquet", cell_km=10)
    cu.write_richness(ranges, tmp_path / "one", cell_km=10)
    cu.write_richness(tmp_path / "o.parquet", tmp_path / "two")
    # Overlaps bring their cells: what is said otherwise of them is refused and not passed over.
    o = tmp_path / "o.parquet"
    for asked, words in (
        ({"cell_km": 25}, "cells of 25 km"),
        ({"shape": "hexagon"}, "hexagons"),
        ({"crs": "EPSG:6933"}, "crs EPSG:6933"),
        ({"scheduler": "tcp://x"}, "a scheduler"),
    ):
        with pytest.raises(InputError, match=rf"its own \(10 km, square.*: {words} cannot"):
            cu.write_richness(o, tmp_path / "no", **asked)
    cu.write_richness(o, tmp_path / "again", cell_km=10, shape="square")
    share = table["km2"] / table.groupby("sci_name")["km2"].transform("sum")
    rarity = share.groupby([table["row"], table["col"]]).sum()
    for name in ("one", "two"):
        found = pd.read_parquet(tmp_path / name / "richness.parquet").set_index(["row", "col"])
        assert np.allclose(found["range_rarity"], rarity[found.index], rtol=1e-9)
        assert found["range_rarity"].sum() == pytest.approx(30)
        assert len(found) == len(rarity)
    one, two = (pd.read_parquet(tmp_path / n / "richness.parquet") for n in ("one", "two"))
    pd.testing.assert_frame_equal(one, two, rtol=1e-9)
    for again in ("again", "tiled"):
        if again == "tiled":
            monkeypatch.setattr(_overlaps, "TILE", 60)
        cu.write_richness(ranges, tmp_path / again, cell_km=10)
        other = pd.read_parquet(tmp_path / again / "richness.parquet")
        pd.testing.assert_frame_equal(one, other, rtol=1e-9)
    for file in sorted((tmp_path / "one").iterdir()):
        assert sha256(file) == sha256(tmp_path / "again" / file.name), file.name


def test_what_richness_writes_is_geoparquet_for_a_program_of_others(tmp_path: Path) -> None:
    """The tests of the specification, run by the validator of its makers; and a layer that is read again."""
    validator = pytest.importorskip("geoparquet_validator")
    ranges = saved(tmp_path / "r.parquet", many(8))
    for shape in ("square", "hexagon"):
        cu.write_richness(ranges, tmp_path / shape, cell_km=20, shape=shape)
        path = tmp_path / shape / "richness.parquet"
        report = validator.check(str(path))
        core = [one for one in report["outcomes"] if one["id"].startswith("/conf/core/")]
        assert report["version"] == "1.1.0"
        assert [one for one in core if one["status"] == "fail"] == []
        passed = {one["id"] for one in core if one["status"] == "pass"}
        assert {f"/conf/core/{name}" for name in ("geo-metadata", "wkb", "crs-projjson")} <= passed
        cells = gpd.read_parquet(path)
        drawn = gpd.read_file(tmp_path / shape / "richness.gpkg")
        assert cells.crs == drawn.crs
        assert cells.geometry.geom_equals_exact(drawn.geometry, 1e-6).all()
        assert cells["richness"].tolist() == drawn["richness"].tolist()
        again = layers.read_context(path, around=cells, column="range_rarity").table
        assert again["value"].sum() == pytest.approx(8)
        assert again.area.sum() == pytest.approx(cells.area.sum())


def test_richness_as_raster_cells_and_states(tmp_path: Path) -> None:
    """The raster and the GeoPackage say what the table says, where it says it."""
    rasterio = pytest.importorskip("rasterio")
    ranges = saved(tmp_path / "r.parquet", many(8))
    states = gpd.GeoDataFrame(
        {"iso2": ["KZ", "UZ"], "name": ["a", "b"]},
        geometry=[shapely.box(50, 30, 65, 50), shapely.box(65, 30, 90, 50)],
        crs="OGC:CRS84",
    )
    states.to_file(tmp_path / "states.gpkg")
    cu.write_richness(ranges, tmp_path / "out", cell_km=20, states=tmp_path / "states.gpkg")
    table = pd.read_parquet(tmp_path / "out" / "richness.parquet")
    x, y = grid.centres(grid.Lattice(20), table["row"].to_numpy(), table["col"].to_numpy())
    with rasterio.open(tmp_path / "out" / "richness.tif") as raster:
        assert raster.descriptions == ("richness", "range_rarity", "threat_weight")
        assert raster.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        got = np.array(list(raster.sample(zip(x, y, strict=True))))
        assert np.isfinite(raster.read(1)).sum() == len(table)
    assert np.allclose(got, table[["richness", "range_rarity", "threat_weight"]], rtol=1e-6)
    cells = gpd.read_file(tmp_path / "out" / "richness.gpkg")
    assert cells["pu_id"].tolist() == grid.pu_ids(table["row"], table["col"])
    assert np.allclose(cells.area, 400e6)
    by_state = pd.read_csv(tmp_path / "out" / "species_states.csv", keep_default_na=False)
    species = pd.read_csv(tmp_path / "out" / "species.csv").set_index("sci_name")["range_km2"]
    assert np.allclose(by_state.groupby("sci_name")["km2"].sum(), species.sort_index())
    assert set(by_state["iso2"]) <= {"KZ", "UZ", ""}
    assert {"KZ", "UZ"} <= set(by_state["iso2"])
    top = pd.read_csv(tmp_path / "out" / "top_cells.csv")
    assert top["range_rarity"].is_monotonic_decreasing
    assert top["lon"].between(50, 110).all()


def test_the_richness_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ranges = saved(tmp_path / "r.parquet", many(4))
    measured(ranges, tmp_path / "o.parquet", shape="hexagon")
    with pytest.raises(SystemExit) as done:
        cli.main(["richness", str(tmp_path / "o.parquet"), "--out", str(tmp_path / "out")])
    assert done.value.code == 0
    assert "4 species in" in capsys.readouterr().out
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "richness.gpkg",
        "richness.parquet",
        "species.csv",
        "top_cells.csv",
    ], "hexagons are no raster"
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(SystemExit) as done:
        cli.main(["richness", str(tmp_path / "other.parquet"), "--out", str(tmp_path / "x")])
    assert done.value.code == 1
    assert not (tmp_path / "x").exists()


# -- Parquet's own geometry -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("about", "crs"),
    [
        ({}, "OGC:CRS84"),
        ({"edges": "spherical"}, "OGC:CRS84"),
        ({"crs": "EPSG:6933", "crs_type": "authority_code"}, WORLD),
        ({"crs": pyproj.CRS(EQUAL_AREA).to_json_dict(), "crs_type": "projjson"}, EQUAL_AREA),
    ],
)
def test_native_geometry_is_read(tmp_path: Path, about: dict[str, object], crs: str) -> None:
    """Parquet 2.11 knows shapes by itself; the numbers are those of the same table as GeoParquet."""
    table = many(5).to_crs(crs)
    wkb = pa.array(shapely.to_wkb(table.geometry.to_numpy()), pa.binary())
    pa.register_extension_type(Wkb())
    try:
        shapes = pa.ExtensionArray.from_storage(Wkb(json.dumps(about).encode()), wkb)
        names = pa.array(table["sci_name"].tolist())
        plain = tmp_path / "native.parquet"
        pq.write_table(pa.table({"sci_name": names, "shape": shapes}), plain, row_group_size=2)
    finally:
        pa.unregister_extension_type("geoarrow.wkb")
    assert b"geo" not in (pq.read_schema(plain).metadata or {})
    native = measured(plain, tmp_path / "1.parquet")
    geo = measured(saved(tmp_path / "geo.parquet", table), tmp_path / "2.parquet")
    pd.testing.assert_frame_equal(native, geo)


# -- what is refused ------------------------------------------------------------------------------


def bowtie() -> shapely.Polygon:
    return shapely.Polygon([(60, 40), (62, 42), (62, 40), (60, 42)])


def test_refused_ranges_are_all_named_and_nothing_is_written(tmp_path: Path) -> None:
    """A bow-tie is mended; a range without a shape is not guessed, wherever it stands."""
    table = many(6)
    shapes = table.geometry.to_numpy().copy()
    shapes[1], shapes[3], shapes[5] = bowtie(), None, None
    ranges = saved(tmp_path / "r.parquet", table.set_geometry(gpd.GeoSeries(shapes, crs=table.crs)))
    with pytest.raises(InputError, match="species003") as refusal:
        measured(ranges, tmp_path / "o.parquet")
    assert "species005" in str(refusal.value)
    assert not (tmp_path / "o.parquet").exists()
    assert not list(tmp_path.glob(".*"))


def test_ranges_of_which_none_counts_are_refused_with_what_was_left_out(tmp_path: Path) -> None:
    ranges = saved(tmp_path / "r.parquet", many(2).assign(presence=5, origin=1, seasonal=1))
    with pytest.raises(InputError, match=r"nothing to measure[\s\S]*extinct"):
        measured(ranges, tmp_path / "o.parquet")


def test_what_is_no_geoparquet_is_refused_with_the_cure(tmp_path: Path) -> None:
    plain = tmp_path / "plain.parquet"
    pd.DataFrame({"sci_name": ["a"]}).to_parquet(plain)
    with pytest.raises(InputError, match=r"plain\.parquet is no GeoParquet with shapes as WKB"):
        layers.range_stream(plain)
    with pytest.raises(InputError, match=r"to_parquet\('ranges\.parquet', row_group_size=100\)"):
        layers.range_stream(tmp_path / "missing.parquet")
    shapes = tmp_path / "ranges.geojson"
    shapes.write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(
        InputError, match=r"is no GeoParquet file, .* make one: ranges\.sort_values"
    ):
        layers.range_stream(shapes)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 not really")
    with pytest.raises(InputError, match=r"broken\.parquet cannot be read"):
        layers.range_stream(broken)
    nameless = saved(tmp_path / "nameless.parquet", many(2).rename(columns={"sci_name": "x"}))
    with pytest.raises(InputError, match="sci_name"):
        layers.range_stream(nameless)
    assert len(layers.range_stream(nameless, columns={"sci_name": "x"}).rows) == 2
    no_crs = saved(tmp_path / "nocrs.parquet", many(2).set_crs(None, allow_override=True))
    with pytest.raises(InputError, match="does not know its CRS"):
        layers.range_stream(no_crs)


def test_files_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    saved(tmp_path / "a.parquet", many(2))
    saved(tmp_path / "b.parquet", many(2).to_crs(EQUAL_AREA))
    with pytest.raises(InputError, match="the files differ in their CRS"):
        layers.range_stream(tmp_path)


def test_a_row_group_that_would_not_fit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_range_stream, "_GROUP_BYTES", 1000)
    with pytest.raises(InputError, match="too much to read at once"):
        layers.range_stream(saved(tmp_path / "r.parquet", many(20), rows=20))


def test_a_crs_that_is_not_equal_area_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="crs: an equal-area system is expected; EPSG:3857 is none"
    ):
        measured(saved(tmp_path / "r.parquet", many(1)), tmp_path / "o.parquet", crs="EPSG:3857")
    with pytest.raises(InputError, match="crs: a coordinate system that PROJ knows is expected"):
        cu.write_overlaps(str(tmp_path / "r.parquet"), str(tmp_path / "o"), crs="EPSG:99999")
    with pytest.raises(InputError, match="crs: a coordinate system that PROJ knows is expected"):
        cu.write_richness(str(tmp_path / "r.parquet"), str(tmp_path / "o"), crs="nonsense")


def test_two_rows_of_one_key_are_refused_by_the_kernel() -> None:
    table = gpd.GeoDataFrame(
        {"sci_name": ["a", "a"]}, geometry=[shapely.box(0, 0, 1, 1)] * 2, crs=EQUAL_AREA
    )
    where = overlap.window_of((0, 2), (0, 2), step_m=1.0, corner_m=(0.0, 0.0))
    with pytest.raises(InputError, match=r"a has several rows\. Dissolve them first"):
        overlap.covered_cells(table, where)
    twice = shapely.MultiPolygon([shapely.box(0, 0, 1, 1)] * 2)
    with pytest.raises(InputError, match="overlap themselves: a"):
        overlap.covered_cells(table.iloc[:1].set_geometry([twice], crs=EQUAL_AREA), where)


PEAK = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:])
_, status, used = os.wait4(child.pid, 0)
print(used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "wait4"), reason="peak memory is asked of Unix only")
def test_a_tenth_of_the_world_in_bounded_memory(tmp_path: Path) -> None:
    """600 ranges of 2,000 to 20,000 vertices, all over the world, on cells of 22 km."""
    random = np.random.default_rng(3)
    corners = np.exp(random.uniform(np.log(2_000), np.log(20_000), 600)).astype(int)
    where = zip(random.uniform(-170, 170, 600), random.uniform(-70, 70, 600), strict=True)
    shapes = [ragged(x, y, n, corners[n]) for n, (x, y) in enumerate(where)]
    names = [f"Genus species{n:03d}" for n in range(600)]
    table = gpd.GeoDataFrame({"sci_name": names}, geometry=shapes, crs="OGC:CRS84")
    ranges, out = saved(tmp_path / "r.parquet", table, rows=50), tmp_path / "o.parquet"
    command = [sys.executable, "-m", "cami_units", "-q", "overlaps", str(ranges)]
    # A process begins with the peak of the one that starts it: a small one has to, not the tests.
    small = [sys.executable, "-c", PEAK, *command, "--out", str(out), "--cell-km", "22"]
    done = subprocess.run([*small, "--crs", WORLD], check=True, capture_output=True, text=True)
    assert int(done.stdout) * (1 if sys.platform == "darwin" else 1024) < 3e9
    total = pd.read_parquet(out).groupby("sci_name")["km2"].sum()
    some = table.iloc[::60]
    whole = layers.to_equal_area(some, WORLD).area.to_numpy() / 1e6
    assert len(total) == 600
    assert np.allclose(total[some["sci_name"]], whole, rtol=1e-9)


# -- the command, and Dask ------------------------------------------------------------------------


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ranges = saved(tmp_path / "r.parquet", many(5))
    out = tmp_path / "o.parquet"
    with pytest.raises(SystemExit) as done:
        cli.main(["overlaps", str(ranges), "--out", str(out), "--cell-km", "50", "--hexagons"])
    assert done.value.code == 0
    assert "5 species," in capsys.readouterr().out
    assert len(pd.read_parquet(out))
    with pytest.raises(SystemExit) as done:
        cli.main(["overlaps", str(tmp_path / "none.parquet")])
    assert done.value.code == 1


def test_a_scheduler_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(_overlaps, "PATIENCE_S", 1)
    ranges = saved(tmp_path / "r.parquet", many(2))
    with pytest.raises(InputError, match=r"No Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"):
        measured(ranges, tmp_path / "o.parquet", scheduler="tcp://127.0.0.1:9")


def test_workers_that_die_of_a_share_are_said() -> None:
    scheduler = pytest.importorskip("distributed.scheduler")

    class Future:
        """What is asked of workers that all ran out of memory."""

        def result(self, timeout: float) -> None:
            raise scheduler.KilledWorker("covered_cells-1", None, 3)

    with pytest.raises(InputError, match=r"died one after the other .* --memory-limit"):
        _overlaps._result(Future(), None, "tcp://127.0.0.1:9")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_dask_gives_the_same_bytes_and_a_killed_worker_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three processes do the work; one of them is killed while it is under way."""
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(_range_stream, "SHARE_BYTES", 40_000)
    ranges = saved(tmp_path / "r.parquet", many(240))
    tasks: list[int] = []

    def count(step: str, done: int, total: int) -> None:
        tasks.append(total)

    progress: Progress = count
    shares = layers.range_shares(layers.range_stream(ranges), most_bytes=4_000)
    assert len(shares) > 20
    monkeypatch.setattr(layers, "range_shares", lambda stream: shares)
    alone = tmp_path / "alone.parquet"
    write_overlaps(ranges, alone, cell_km=5, progress=progress)
    with distributed.LocalCluster(
        n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        victims = [worker.pid for worker in cluster.workers.values()]
        together = tmp_path / "together.parquet"
        address = cluster.scheduler_address
        write_overlaps(ranges, together, cell_km=5, scheduler=address)
        assert sha256(together) == sha256(alone)

        killed: list[int] = []

        def kill_one(step: str, done: int, total: int) -> None:
            if done >= 5 and not killed:
                killed.append(victims[0])
                os.kill(victims[0], signal.SIGKILL)

        harmed = tmp_path / "harmed.parquet"
        write_overlaps(ranges, harmed, cell_km=5, scheduler=address, progress=kill_one)
        assert killed
        assert sha256(harmed) == sha256(alone)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_workers_that_cannot_do_it_are_said_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No worker; another version; files that are not there; a scheduler that goes away at work."""
    distributed = pytest.importorskip("distributed")
    ranges = saved(tmp_path / "r.parquet", many(30))
    out = tmp_path / "o.parquet"
    monkeypatch.setattr(_range_stream, "SHARE_BYTES", 4_000)
    monkeypatch.setattr(_overlaps, "PATIENCE_S", 3)
    with (
        distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=None) as nobody,
        pytest.raises(InputError, match="has no worker"),
    ):
        measured(ranges, out, scheduler=nobody.scheduler_address)
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        richness = tmp_path / "there"
        cu.write_richness(ranges, richness, cell_km=25, scheduler=address)
        cu.write_richness(ranges, tmp_path / "here", cell_km=25)
        for file in sorted(richness.iterdir()):
            assert sha256(file) == sha256(tmp_path / "here" / file.name), file.name
        with monkeypatch.context() as other:
            other.setattr(_overlaps, "__version__", "9.9.9")
            with pytest.raises(InputError, match=r"has version 0\.1\.0, here is 9\.9\.9"):
                measured(ranges, out, scheduler=address)
        stream = layers.range_stream(ranges)
        moved = dataclasses.replace(stream, files=(tmp_path / "elsewhere" / "r.parquet",))
        with monkeypatch.context() as other:
            other.setattr(layers, "range_stream", lambda *_, **__: moved)
            with pytest.raises(InputError, match="does not see"):
                measured(ranges, out, scheduler=address)
    assert not out.exists()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_goes_away_at_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    ranges = saved(tmp_path / "r.parquet", many(60))
    monkeypatch.setattr(_overlaps, "PATIENCE_S", 3)
    shares = layers.range_shares(layers.range_stream(ranges), most_bytes=2_000)
    monkeypatch.setattr(layers, "range_shares", lambda stream: shares)
    cluster = (
        "import time, distributed\n"
        "c = distributed.LocalCluster(n_workers=1, processes=False, protocol='tcp://', dashboard_address=None)\n"
        "print(c.scheduler_address, flush=True)\n"
        "time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", cluster], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        address = child.stdout.readline().decode().strip()

        def lose(step: str, done: int, total: int) -> None:
            child.kill()

        begun = time.monotonic()
        try:
            with pytest.raises(InputError, match="went away"):
                write_overlaps(
                    ranges, tmp_path / "o.parquet", cell_km=2, scheduler=address, progress=lose
                )
        finally:
            child.kill()
        assert time.monotonic() - begun < 30
    assert not (tmp_path / "o.parquet").exists()
