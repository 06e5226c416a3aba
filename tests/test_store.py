"""Rounds on disk: whole or not at all, the same bytes, and back again."""

from __future__ import annotations

import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cami_units import store
from cami_units.commands.init import init
from cami_units.model import LONLAT, TABLES, Imprint, InputError, Round, data_dir
from cami_units.plan import read_plan, read_profile
from cami_units.store import (
    _atomic_write,
    check_place,
    read_round,
    staging,
    write_atomically,
    write_round,
    write_workshop,
)
from cami_units.store._atomic_write import exclusive
from cami_units.store._geopackage import in_memory, layer_names, layer_rows, update_geopackage
from cami_units.words import LANGUAGES
from cami_units.words import text as phrase


def _polygons(table: dict, boxes: list) -> gpd.GeoDataFrame:
    shapes = [shapely.box(*box) for box in boxes]
    return gpd.GeoDataFrame(table, geometry=shapes, crs="EPSG:4326")


def a_round(*, title: str = "A workshop") -> Round:
    """Two units and a hotspot that became none; every kind of value a round can hold."""
    units = _polygons(
        {
            "unit_id": ["CU-001", "CU-002"],
            "name_en": ["Ustyurt", "Wakhan <b>&amp;"],
            "name_ru": ["Устюрт", "Вахан"],
            "status": ["modelled candidate", "area of interest"],
            "origin": ["confirms", "new"],
            "hotspot_ids": ["H01", None],
            "rank": pd.array([1, None], dtype="Int64"),
            "rank_label": ["=1", None],
            "tier": ["high", None],
            "score": [0.51234, 0.2],
            "area_km2": [12_345.6, 2_000.0],
            "countries": ["KZ;UZ", "AF;TJ"],
            "n_countries": [2, 2],
            "disputed": [False, True],
            "species": ["Saiga tatarica", ""],
            "n_species": [1, 0],
            "species_supporting": ["", ""],
            "criteria_met": ["C1;C3", ""],
            "confidence": [0.67, 0.4],
            "rationale": ["2 states.", "Thin evidence."],
        },
        [(55, 44, 57, 46), (72, 37, 73, 38)],
    )
    findings = pd.DataFrame(
        {
            "unit_id": ["CU-001", "CU-001", "CU-001"],
            "criterion": ["C9", "G1", "C5"],
            "met": pd.array([True, False, None], dtype="boolean"),
            "value": [0.67, 2.0, None],
            "unit": ["", "states", "crossings"],
            "threshold": [0.5, 2.0, None],
            "because": ["Enough.", "Two states.", "No corridor reaches it."],
        }
    )
    species = pd.DataFrame(
        {
            "unit_id": ["CU-001"],
            "sci_name": ["Saiga tatarica"],
            "role": ["qualifying"],
            "overlap_km2": [10_000.0],
            "range_share": [7.5],
            "sides": ["KZ;UZ"],
        }
    )
    states = pd.DataFrame(
        {
            "unit_id": ["CU-001", "CU-001"],
            "iso2": ["KZ", "UZ"],
            "area_km2": [8_000.0, 4_345.6],
            "share": [64.8, 35.2],
        }
    )
    cells = _polygons(
        {
            "pu_id": ["R0002C0001", "R0001C0001"],
            "richness": [3, 1],
            "n_shared": [1, 0],
            "threat_weight": [5.0, 0.0],
            "range_rarity": [0.01, 0.002],
            "score": [0.4, 0.1],
            "unit_id": ["CU-001", None],
        },
        [(55, 44, 56, 45), (10, 44, 11, 45)],
    )
    notes = pd.DataFrame({"hotspot_id": ["H41"], "name_en": ["X"], "reason": ["G2 fails."]})
    return Round(
        imprint=Imprint(
            title=title,
            date="2026-11-22",
            round="00",
            profile="operational proxy criteria",
            sources=("indicative ranges", "world-atlas 2.0.2"),
        ),
        tables={
            "conservation_units": units,
            "not_proposed": notes,
            "unit_criteria": findings,
            "unit_species": species,
            "unit_countries": states,
            "planning_units": cells,
        },
        manifest={"version": "0.1.0", "plan": {"title": title}, "sources": [{"rows": 3}]},
    )


def shuffled(round: Round, seed: int) -> Round:
    rows = {name: table.sample(frac=1, random_state=seed) for name, table in round.tables.items()}
    return replace(round, tables=dict(reversed(rows.items())))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def hello(path: Path) -> None:
    path.write_text("hello", encoding="utf-8")


# -- what a round holds ---------------------------------------------------------------------------


def test_a_round_comes_back_as_it_was_written(tmp_path):
    written = a_round()
    read = read_round(write_round(written, tmp_path / "rounds" / "00", files={"map.html": hello}))
    assert read.imprint == written.imprint
    assert read.manifest == written.manifest
    assert set(read.tables) == set(written.tables)
    units = read.tables["conservation_units"]
    expected = written.tables["conservation_units"]
    for column in TABLES["conservation_units"].columns:
        pd.testing.assert_series_equal(
            units[column], expected[column], check_dtype=False, check_index=False
        )
    assert units.geometry.geom_equals(expected.geometry).all()
    assert units.crs == "EPSG:4326"
    assert set(units.geom_type) == {"Polygon"}


def test_yes_no_and_not_assessed_stay_three_things(tmp_path):
    found = read_round(write_round(a_round(), tmp_path / "r")).tables["unit_criteria"]
    # gates first, then criteria, as people read them
    assert list(found["criterion"]) == ["G1", "C5", "C9"]
    assert found["met"].dtype == "boolean"
    assert list(found["met"].fillna(False)) == [False, False, True]
    assert list(found["met"].isna()) == [False, True, False]
    assert found["value"].isna().tolist() == [False, True, False]


def test_whole_numbers_stay_whole_where_some_are_missing(tmp_path):
    units = read_round(write_round(a_round(), tmp_path / "r")).tables["conservation_units"]
    assert units["rank"].dtype == "Int64"
    assert units["rank"].tolist() == [1, pd.NA]
    assert units["n_countries"].tolist() == [2, 2]


def test_multipart_units_keep_their_parts(tmp_path):
    written = a_round()
    parts = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)])
    units = written.tables["conservation_units"].copy()
    units.loc[0, "geometry"] = parts
    written = replace(written, tables={**written.tables, "conservation_units": units})
    read = read_round(write_round(written, tmp_path / "r")).tables["conservation_units"]
    assert read.geometry[0].equals_exact(parts)
    assert read.geom_type.tolist() == ["MultiPolygon", "Polygon"]


def test_a_round_without_a_unit_has_the_same_layers_and_columns(tmp_path):
    full = a_round()
    bare = replace(full, tables={name: table.iloc[:0] for name, table in full.tables.items()})
    objects = {
        name: table.astype({c: object for c in table.columns if c != "geometry"})
        for name, table in bare.tables.items()
    }
    # pandas calls a column of nothing numbers, and ids that are numbers join with none of text
    numbers = {
        **bare.tables,
        "conservation_units": bare.tables["conservation_units"].astype(
            {"unit_id": float, "name_en": float, "tier": float}
        ),
    }
    schemas = []
    for number, tables in enumerate((full.tables, bare.tables, objects, numbers)):
        each = replace(full, tables=tables)
        path = write_round(each, tmp_path / str(number)) / store.GEOPACKAGE
        layers = pyogrio.list_layers(path)
        schemas.append(
            [
                (name, kind, pyogrio.read_arrow(path, layer=name)[1].schema.types)
                for name, kind in layers
            ]
        )
    assert schemas[0] == schemas[1] == schemas[2] == schemas[3]
    assert len(read_round(tmp_path / "2").tables["conservation_units"]) == 0


def test_the_geopackage_opens_with_the_units_in_any_gis(tmp_path):
    path = write_round(a_round(), tmp_path / "r") / store.GEOPACKAGE
    # an independent witness: what SQLite says of the file, without GDAL
    with sqlite3.connect(path) as base:
        assert base.execute("pragma integrity_check").fetchone() == ("ok",)
        first = base.execute("select table_name from gpkg_contents").fetchone()
        assert first == ("conservation_units",)
        columns = base.execute("select table_name, srs_id from gpkg_geometry_columns").fetchall()
        assert sorted(columns) == [("conservation_units", 4326), ("planning_units", 4326)]
        dates = {row[0] for row in base.execute("select last_change from gpkg_contents")}
        assert dates == {"2026-11-22T00:00:00.000Z"}
    base.close()
    assert gpd.read_file(path, layer="conservation_units")["unit_id"].tolist() == [
        "CU-001",
        "CU-002",
    ]


def test_the_manifest_lists_every_file_with_its_hash(tmp_path):
    folder = write_round(a_round(), tmp_path / "r", files={"map.html": hello})
    manifest = json.loads((folder / store.MANIFEST).read_text(encoding="utf-8"))
    # sha256("hello"), from any other tool
    assert manifest["outputs"]["map.html"] == (
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    )
    assert set(manifest["outputs"]) | {store.MANIFEST, "versions.txt"} == set(contents(folder))
    assert manifest["plan"] == {"title": "A workshop"}


def test_versions_are_named_and_in_no_hash(tmp_path, monkeypatch):
    folder = write_round(a_round(), tmp_path / "r", files={"map.html": hello})
    named = dict(
        line.split(" ", 1) for line in (folder / "versions.txt").read_text("utf-8").splitlines()
    )
    assert named["Python"] == ".".join(map(str, sys.version_info[:3]))
    assert named["shapely"] == shapely.__version__
    assert {"PROJ", "GEOS", "GDAL", "numpy"} <= set(named)
    assert "pytest" not in named  # what only tests need has written nothing
    before = contents(folder)
    monkeypatch.setattr(store._round_folder, "versions", lambda *_: "Python 9\n")
    after = contents(
        store.update_round(store.read_round(folder), folder, files={"map.html": hello})
    )
    assert [name for name in after if after[name] != before[name]] == ["versions.txt"]
    write_round(a_round(), folder, force=True)  # a file of the round itself, which is no obstacle


def test_a_manifest_holds_numpy_values_and_sets_but_no_folder(tmp_path):
    values = {"n": np.int64(3), "x": np.float64(0.5), "s": {"b", "a"}, "p": Path("/home/me/x.shp")}
    folder = write_round(replace(a_round(), manifest=values), tmp_path / "r")
    manifest = json.loads((folder / store.MANIFEST).read_text(encoding="utf-8"))
    assert [manifest[key] for key in "nxsp"] == [3, 0.5, ["a", "b"], "x.shp"]


# -- the same bytes -------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="a file system that takes no folders")
@pytest.mark.parametrize("path", ["/proc/workshop", "/proc/a/b/c"])
def test_a_place_that_takes_no_folders_is_no_file_that_vanished(path: str) -> None:
    with pytest.raises(InputError, match=r"was not written: writing there is not allowed"):
        init(Path(path))


@settings(max_examples=3, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1000))
def test_neither_row_order_nor_folder_changes_a_byte(tmp_path_factory, seed):
    base = tmp_path_factory.mktemp("rounds")
    one = write_round(a_round(), base / "one", files={"map.html": hello})
    two = write_round(shuffled(a_round(), seed), base / "ünother" / "x", files={"map.html": hello})
    assert contents(one) == contents(two)


def test_a_round_that_was_read_is_written_with_the_same_bytes(tmp_path):
    first = write_round(a_round(), tmp_path / "first", files={"map.html": hello})
    again = write_round(read_round(first), tmp_path / "again", files={"map.html": hello})
    assert contents(first) == contents(again)


def test_neither_the_day_nor_the_hash_seed_changes_a_byte(tmp_path):
    here = write_round(a_round(), tmp_path / "here")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; import test_store;"
        "from cami_units.store import write_round; write_round(test_store.a_round(), Path(sys.argv[2]))"
    )
    time.sleep(1.1)  # GDAL's own stamp has seconds
    run(
        script,
        str(Path(__file__).parent),
        str(tmp_path / "there"),
        PYTHONHASHSEED="7",
        TZ="Asia/Tokyo",
    )
    assert contents(here) == contents(tmp_path / "there")


def test_the_date_given_to_gdal_is_taken_back(tmp_path):
    write_round(a_round(), tmp_path / "r")
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None


def test_tables_are_not_changed_by_writing(tmp_path):
    given_round, twin = a_round(), a_round()
    write_round(shuffled(given_round, 1), tmp_path / "r")
    write_round(given_round, tmp_path / "s")
    for name, table in given_round.tables.items():
        pd.testing.assert_frame_equal(pd.DataFrame(table), pd.DataFrame(twin.tables[name]))


# -- hostile strings ------------------------------------------------------------------------------

POISON = [
    "x'); DROP TABLE conservation_units;--",
    "\x00\x01\x1b[31m",
    "../../etc/passwd",
    "${7*7}{{7*7}}",
    "\u202eevil",
    "a\nb\r\n",
    "e\u0301 العربية 普氏 🐪",
]


@pytest.mark.parametrize("text", POISON)
def test_hostile_names_are_text_and_nothing_else(tmp_path, text):
    written = a_round(title=text)
    units = written.tables["conservation_units"].assign(name_en=text)
    written = replace(written, tables={**written.tables, "conservation_units": units})
    read = read_round(write_round(written, tmp_path / "r"))
    # SQLite keeps no text after a zero byte; layers remove it long before
    assert read.tables["conservation_units"]["name_en"].tolist() == [text.split("\x00")[0]] * 2
    assert read.imprint.title == text


# -- what is refused ------------------------------------------------------------------------------


def test_a_round_is_not_overwritten_without_force(tmp_path):
    folder = write_round(a_round(), tmp_path / "r")
    before = contents(folder)
    with pytest.raises(InputError, match=r"There is a round in .* already.*--force"):
        write_round(a_round(title="Another"), folder)
    assert contents(folder) == before
    write_round(a_round(title="Another"), folder, force=True)
    assert read_round(folder).imprint.title == "Another"


def test_an_empty_folder_may_be_filled(tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / ".DS_Store").touch()
    assert read_round(write_round(a_round(), tmp_path / "r")).imprint.round == "00"


def test_force_never_replaces_what_is_no_round(tmp_path):
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(InputError, match=r"is not empty and holds no round \(thesis.docx\)"):
        write_round(a_round(), tmp_path, force=True)
    assert (tmp_path / "thesis.docx").exists()


def test_force_never_deletes_what_people_put_into_a_round(tmp_path):
    folder = write_round(a_round(), tmp_path / "r")
    (folder / "decisions.csv").write_text("CU-001,agreed")
    (folder / "conservation_units.gpkg-wal").touch()  # QGIS had it open: nobody misses it
    with pytest.raises(InputError, match=r"did not write: decisions.csv\. --force would delete it"):
        write_round(a_round(), folder, force=True)
    assert (folder / "decisions.csv").read_text() == "CU-001,agreed"


def test_hidden_folders_are_not_litter(tmp_path):
    (tmp_path / "r" / ".git").mkdir(parents=True)
    with pytest.raises(InputError, match=r"holds no round \(\.git\)"):
        write_round(a_round(), tmp_path / "r", force=True)


def test_the_folder_one_is_in_is_not_replaced(tmp_path, monkeypatch):
    (tmp_path / "r" / "inner").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "r" / "inner")
    for place in (Path(), Path(".."), tmp_path):
        with pytest.raises(InputError, match="is the folder you are in, or one around it"):
            check_place(place, force=True)


def test_a_place_is_refused_before_anything_is_computed(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(InputError, match="cannot be made: writing there is not allowed"):
        check_place(tmp_path / "a" / "b")


def test_a_file_is_no_place_for_a_round(tmp_path):
    hello(tmp_path / "r")
    with pytest.raises(InputError, match=r"r' is a file, where a folder is to be made"):
        check_place(tmp_path / "r" / "00" / "x")
    with pytest.raises(InputError, match="is a file, where a folder is to be made"):
        write_round(a_round(), tmp_path / "r", force=True)


@pytest.mark.parametrize("name", ["../x", "a/b", ".."])
def test_file_names_cannot_leave_the_round(tmp_path, name):
    with pytest.raises(InputError, match="plain file names"):
        write_round(a_round(), tmp_path / "r", files={name: hello})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [store.MANIFEST, store.GEOPACKAGE])
def test_the_names_of_the_store_are_taken(tmp_path, name):
    with pytest.raises(InputError, match="written by the store itself"):
        write_round(a_round(), tmp_path / "r", files={name: hello})


def test_all_faults_of_a_round_come_in_one_message(tmp_path):
    tables = dict(a_round().tables)
    del tables["not_proposed"]
    tables["unit_species"] = tables["unit_species"].drop(columns="role")
    tables["planning_units"] = tables["planning_units"].to_crs("EPSG:3857")
    tables["extra"] = tables["conservation_units"].to_crs("EPSG:3857")
    bad = Round(replace(a_round().imprint, date="22 November"), tables, {})
    with pytest.raises(InputError) as caught:
        write_round(bad, tmp_path / "r")
    for words in (
        "The table 'not_proposed' is missing",
        "column role is missing",
        "'planning_units'",
        "The table 'extra' is in EPSG:3857, not in EPSG:4326",
        "The date must be written as 2026-11-22; '22 November' came",
    ):
        assert words in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_column_of_mixed_kinds_is_named(tmp_path):
    tables = {**a_round().tables, "extra": pd.DataFrame({"id": ["a", "b"], "x": [1, "one"]})}
    with pytest.raises(InputError, match="The column 'x' of the table 'extra' cannot be written"):
        write_round(replace(a_round(), tables=tables), tmp_path / "r")
    assert not list(tmp_path.iterdir())


def test_reading_says_what_is_wrong_with_a_folder(tmp_path):
    with pytest.raises(InputError, match=r"There is no folder .*Name the folder of a round"):
        read_round(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"is not a round: it has no manifest.json"):
        read_round(tmp_path / "empty")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"format": 1}', '{"format":1,"imprint":3}']
)
def test_a_damaged_manifest_is_said_to_be(tmp_path, text):
    folder = write_round(a_round(), tmp_path / "r")
    (folder / store.MANIFEST).write_text(text)
    with pytest.raises(InputError, match=r"manifest.json in .* is damaged"):
        read_round(folder)


def test_a_round_of_a_later_version_is_not_guessed_at(tmp_path):
    folder = write_round(a_round(), tmp_path / "r")
    manifest = json.loads((folder / store.MANIFEST).read_text(encoding="utf-8"))
    manifest["format"] = 99
    (folder / store.MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(InputError, match=r"later version of cami_units \(layout 99"):
        read_round(folder)


def test_a_strange_imprint_is_damage(tmp_path):
    folder = write_round(a_round(), tmp_path / "r")
    manifest = json.loads((folder / store.MANIFEST).read_text(encoding="utf-8"))
    manifest["imprint"]["colour"] = "blue"
    (folder / store.MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(InputError, match=r"is damaged \(its imprint is not as expected"):
        read_round(folder)


def test_a_missing_damaged_or_partial_geopackage_is_named(tmp_path):
    folder = write_round(a_round(), tmp_path / "r")
    path = folder / store.GEOPACKAGE
    with sqlite3.connect(path) as base:
        base.execute("delete from gpkg_contents where table_name = 'unit_species'")
    base.close()
    with pytest.raises(
        InputError, match=r"is not whole: conservation_units.gpkg lacks unit_species"
    ):
        read_round(folder)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InputError, match="cannot be read"):
        read_round(folder)
    path.unlink()
    with pytest.raises(InputError, match=r"conservation_units.gpkg is missing"):
        read_round(folder)


# -- whole or not at all --------------------------------------------------------------------------


def run(script: str, *arguments: str, **environment: str) -> None:
    subprocess.run(
        [sys.executable, "-c", script, *arguments],
        check=True,
        env={**os.environ, **environment},
        timeout=60,
    )


def fails(error: Exception):
    def writer(path: Path) -> None:
        path.write_bytes(b"half of i")
        raise error

    return writer


@pytest.mark.parametrize("may_replace", [True, False])
def test_a_file_is_never_replaced_by_a_folder(tmp_path, may_replace):
    (tmp_path / "pack").write_bytes(b"mine")
    with pytest.raises(InputError, match="is a file, where a folder is to be made"):  # noqa: SIM117
        with store.staging(tmp_path / "pack", replace=may_replace):
            pass
    assert contents(tmp_path) == {"pack": b"mine"}


def test_a_file_that_found_no_room_in_a_folder_on_its_way_in_is_told_by_the_folder(tmp_path):
    def build() -> None:
        with store.staging(tmp_path / "richness") as made:
            full = OSError(errno.ENOSPC, "No space left on device")
            store.write_atomically(made / "cells.parquet", fails(full))

    with pytest.raises(InputError, match=f"'{tmp_path / 'richness'}' was not written: the disk is"):
        build()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (OSError(errno.EROFS, "Read-only file system"), "writing there is not allowed"),
        (PermissionError(errno.EACCES, "Permission denied"), "another program has a file open"),
        (OSError(errno.ENAMETOOLONG, "File name too long"), "name is too long"),
        (FileNotFoundError(errno.ENOENT, "No such file"), "another run writes to the same place"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
    ],
)
@pytest.mark.parametrize("old", [True, False])
def test_what_the_disk_refuses_is_said_once_and_leaves_no_trace(tmp_path, error, words, old):
    folder = tmp_path / "rounds" / "00"
    if old:
        write_round(a_round(), folder)
    before = contents(folder) if old else None
    with pytest.raises(InputError, match=words):
        write_round(a_round(title="New"), folder, files={"map.html": fails(error)}, force=True)
    if old:
        assert contents(folder) == before
        assert [path.name for path in folder.parent.iterdir()] == ["00"]
    else:
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyboardInterrupt()])
def test_any_other_failure_passes_through_and_leaves_no_trace(tmp_path, error):
    with pytest.raises(type(error)):
        write_round(a_round(), tmp_path / "r", files={"map.html": fails(error)})
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_folder_that_is_read_only(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(InputError, match="writing there is not allowed"):
            write_round(a_round(), tmp_path / "r")
    finally:
        tmp_path.chmod(0o700)


def test_a_rename_that_fails_puts_the_old_round_back(tmp_path, monkeypatch):
    folder = write_round(a_round(), tmp_path / "r")
    before = contents(folder)
    rename = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if ".writing-" in self.name:
            raise PermissionError(errno.EACCES, "in use")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(InputError, match="another program has a file open"):
        write_round(a_round(title="New"), folder, force=True)
    assert contents(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


KILLED = textwrap.dedent(
    """
    import os, signal, sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[1])
    import test_store
    from cami_units import store

    moment, folder = sys.argv[2], Path(sys.argv[3])

    def die(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    def dies(name):
        real = getattr(Path, name)
        def at(self, *rest):
            real(self, *rest)
            if moment == "between the renames" and not self.name.startswith("."):
                die()
            if moment == "after the renames" and self.name.startswith("."):
                die()
        return at

    files = {"a.txt": test_store.hello}
    if moment == "in a writer":
        files["map.html"] = die
    if moment == "before the manifest":
        store._round_folder.as_json = die
    if moment == "while flushing":
        store._atomic_write.flush = die
    Path.replace = dies("replace")
    store.write_round(test_store.a_round(title="New"), folder, files=files, force=True)
    """
)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize(
    "moment",
    [
        "in a writer",
        "before the manifest",
        "while flushing",
        "between the renames",
        "after the renames",
    ],
)
def test_a_kill_leaves_one_whole_round(tmp_path, moment):
    folder = write_round(a_round(title="Old"), tmp_path / "r")
    before = contents(folder)
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run(KILLED, str(Path(__file__).parent), moment, str(folder))
    assert caught.value.returncode == -signal.SIGKILL
    if moment == "after the renames":
        assert read_round(folder).imprint.title == "New"
    else:
        assert read_round(folder).imprint.title == "Old"
        assert contents(folder) == before
    # the next run clears up and goes on as if nothing had been
    write_round(a_round(title="Newer"), folder, force=True)
    assert read_round(folder).imprint.title == "Newer"
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_a_kill_before_the_first_round_leaves_none(tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        run(KILLED, str(Path(__file__).parent), "while flushing", str(tmp_path / "r"))
    assert not (tmp_path / "r").exists()
    with pytest.raises(InputError, match="There is no folder"):
        read_round(tmp_path / "r")
    write_round(a_round(), tmp_path / "r")
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


@pytest.mark.parametrize("force", [False, True])
def test_of_two_runs_at_once_neither_takes_the_other_for_dead(tmp_path, force):
    """The one that is done later replaces the other where it may; else it says what is there now."""
    folder = tmp_path / "r"

    def second(path: Path) -> None:
        write_round(a_round(title="Second"), folder, force=force)
        hello(path)

    def both() -> None:
        write_round(a_round(title="First"), folder, force=force, files={"map.html": second})

    if force:
        both()
    else:
        with pytest.raises(InputError, match="There is a round in"):
            both()
    assert read_round(folder).imprint.title == ("First" if force else "Second")
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_a_link_to_a_round_keeps_pointing_at_it(tmp_path):
    real = write_round(a_round(), tmp_path / "real")
    link = tmp_path / "latest"
    try:
        link.symlink_to(real, target_is_directory=True)
    except OSError:
        pytest.skip("links are not allowed here")
    write_round(a_round(title="New"), link, force=True)
    assert link.is_symlink()
    assert read_round(real).imprint.title == "New"


def test_names_with_the_letters_of_a_pattern(tmp_path):
    folder = tmp_path / "[0]*?x" if os.name != "nt" else tmp_path / "[0]x"
    write_round(a_round(), folder)
    write_round(a_round(title="New"), folder, force=True)
    assert read_round(folder).imprint.title == "New"
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_a_round_can_be_read_by_whoever_the_system_lets(tmp_path):
    folder = write_round(a_round(), tmp_path / "r")
    (tmp_path / "plain").mkdir()
    assert folder.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_staging_refuses_a_folder_with_something_in_it(tmp_path):
    hello(tmp_path / "x")
    with pytest.raises(InputError, match="exists and is not empty"), staging(tmp_path):
        pass
    with staging(tmp_path / "new") as folder:
        (folder / "inner").mkdir()
        hello(folder / "inner" / "y")
    assert (tmp_path / "new" / "inner" / "y").read_text() == "hello"


# -- the folder of a workshop ---------------------------------------------------------------------


def test_a_workshop_begins_with_a_plan_that_names_its_criteria(tmp_path):
    hello(tmp_path / "c.toml")
    (tmp_path / "p.toml").write_text('[criteria]\n# profile = "criteria.toml" # left out: …\n')
    made = write_workshop(
        tmp_path / "w", readme="#", plan=tmp_path / "p.toml", criteria=tmp_path / "c.toml"
    )
    assert [path.name for path in made] == ["README.md", "plan.toml", "criteria.toml", "inputs"]
    assert all(path.exists() for path in made)
    assert (tmp_path / "w" / "plan.toml").read_text() == (
        '[criteria]\nprofile = "criteria.toml" # left out: …\n'
    )
    with pytest.raises(InputError, match="exists and is not empty"):
        write_workshop(
            tmp_path / "w", readme="#", plan=tmp_path / "p.toml", criteria=tmp_path / "c.toml"
        )


def test_a_workshop_begins_in_the_empty_folder_that_one_is_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = init(Path())
    # the names are seen from where the shell stands: it is in the folder still
    assert [str(path) for path in made] == ["README.md", "plan.toml", "criteria.toml", "inputs"]
    assert sorted(Path().iterdir()) == sorted(made)
    assert Path("inputs").is_dir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    for place in (Path(), Path(".."), Path("other")):
        with pytest.raises(InputError, match="exists and is not empty"):
            init(place)
    assert [path.name for path in Path("other").iterdir()] == ["mine.txt"]


def test_a_workshop_begins_where_a_run_that_was_killed_has_left_a_hidden_folder(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    left = tmp_path / ".README.md.writing-0badcafe"
    left.mkdir()
    hello(left / "plan.toml")
    init(Path())
    assert not left.exists()


def test_a_workshop_is_in_an_empty_folder_whole_or_not_at_all(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    mkdir = Path.mkdir

    def full(path: Path, *how, **more) -> None:
        if path.name == "inputs":  # the last of them
            raise OSError(errno.ENOSPC, "no space")
        mkdir(path, *how, **more)

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(InputError, match="the disk is full"):
        init(Path())
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("lang", "languages"),
    [("", ("en", "ru")), *((lang, (lang, "en")) for lang in LANGUAGES if lang != "en")],
)
def test_the_bundled_plan_works_in_a_workshop_as_it_stands(tmp_path, lang, languages):
    readme, plan_file, criteria, _ = init(tmp_path / "w", lang=lang)
    plan = read_plan(plan_file)
    assert plan.profile == read_profile(criteria)
    assert plan.as_written["criteria"]["profile"] == "criteria.toml"
    assert plan.output.languages == languages
    told = readme.read_text("utf-8")
    # every command and file that a reader is to use, in each language
    for name in ("`plan.toml`", "`inputs/`", "`[layers]`", "`cami-units propose plan.toml`"):
        assert name in told
    assert told.startswith(f"# {phrase('init line title', lang or 'en')}\n\n")
    assert [line[:3] for line in told.splitlines() if line[:1].isdigit()] == [
        *("1. ", "2. ", "3. ", "4. ")
    ]


def parted_comments(text: str) -> tuple[list[str], list[str]]:
    """Lines of TOML, switched off or not, without what is said about them; and what is said."""
    lines, said = [], []
    for line in text.splitlines():
        switched_off = line.removeprefix("# ") if line.startswith("# ") else ""
        try:
            is_prose = line.startswith("#") and not tomllib.loads(switched_off)
        except tomllib.TOMLDecodeError:
            is_prose = True
        if is_prose:
            said.append(line.removeprefix("#").strip())
            continue
        code, _, remark = (switched_off or line).partition(" # ")
        lines.append("# " * bool(switched_off) + code.rstrip())
        said.append(remark.strip())
    return lines, [one for one in said if one]


@pytest.mark.parametrize("lang", [lang for lang in LANGUAGES if lang != "en"])
@pytest.mark.parametrize("name", ["plan", "criteria"])
def test_what_a_workshop_begins_with_says_the_same_in_every_language(name, lang):
    """A value that was translated or mended in one language only would decide otherwise there."""
    english, own = (
        (data_dir() / file).read_text(encoding="utf-8")
        for file in (f"{name}.toml", f"{name}.{lang}.toml")
    )
    key = "title of the demonstration"
    title, own_title = (f'title = "{phrase(key, language)}"' for language in ("en", lang))
    (lines, said), (own_lines, own_said) = parted_comments(english), parted_comments(own)
    assert own_lines == [own_title if line == title else line for line in lines]
    # each line that is explained there is explained here, in words of this language
    assert len(own_said) == pytest.approx(len(said), abs=3)
    assert set(own_said).isdisjoint(said)


# -- single files ---------------------------------------------------------------------------------


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "out" / "assessment.csv"
    assert write_atomically(path, hello) == path
    write_atomically(path, lambda p: p.write_text(f"again in {p.name}"))
    assert path.read_text() == "again in assessment.csv"
    assert [p.name for p in path.parent.iterdir()] == ["assessment.csv"]


def test_a_file_that_could_not_be_written_stays_as_it_was(tmp_path):
    path = tmp_path / "assessment.csv"
    hello(path)
    with pytest.raises(InputError, match="disk is full"):
        write_atomically(path, fails(OSError(errno.ENOSPC, "full")))
    assert path.read_text() == "hello"
    assert [p.name for p in tmp_path.iterdir()] == ["assessment.csv"]
    with pytest.raises(InputError, match="is a folder, where a file is to be written"):
        write_atomically(tmp_path, hello)
    with pytest.raises(InputError, match="disk is full"):
        write_atomically(tmp_path / "a" / "b.csv", fails(OSError(errno.ENOSPC, "full")))
    assert not (tmp_path / "a").exists()


# -- lists beside files ---------------------------------------------------------------------------


def test_checksums_are_those_of_sha256sum_and_come_back(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.txt").write_bytes(b"abc")
    (tmp_path / "two.txt").write_bytes(b"")
    assert store.write_sums(tmp_path) == {"a/one.txt": 3, "two.txt": 0}
    # the test vectors of the standard: SHA-256 of "abc" and of nothing
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert store.read_sums(tmp_path) == {"a/one.txt": abc, "two.txt": nothing}


@pytest.mark.parametrize(
    "text", ["", "no sums\n", "ab  short\n", "\x00\xff" * 50, "g" * 64 + "  a\n"]
)
def test_a_list_that_is_none_names_no_file(tmp_path, text):
    (tmp_path / store.SUMS).write_text(text, encoding="latin-1")
    assert store.read_sums(tmp_path) == {}
    assert store.read_sums(tmp_path / "nowhere") == {}


def test_json_comes_back_and_what_is_none_is_refused_by_name(tmp_path):
    store.write_json(tmp_path / "a.json", {"b": 1, "a": "Хан"})
    assert (tmp_path / "a.json").read_bytes() == '{\n  "a": "Хан",\n  "b": 1\n}\n'.encode()
    assert store.read_json(tmp_path / "a.json") == {"a": "Хан", "b": 1}
    (tmp_path / "b.json").write_bytes(b"{")
    with pytest.raises(InputError, match=r"b\.json' is damaged \(JSONDecodeError\)\. Take an"):
        store.read_json(tmp_path / "b.json")


def test_a_folder_of_bytes_appears_whole(tmp_path):
    store.write_folder(tmp_path / "f", {"a.txt": b"1", "b.txt": b"2"})
    assert sorted(path.name for path in (tmp_path / "f").iterdir()) == ["a.txt", "b.txt"]
    with pytest.raises(InputError, match="exists and is not empty"):
        store.write_folder(tmp_path / "f", {"c.txt": b""})


def test_a_round_that_is_just_being_replaced_is_waited_for(tmp_path):
    """Between two renames there is no folder: who reads then neither finds nothing nor undoes it."""
    import threading

    from cami_units.store import _atomic_write
    from tests.rounds import toy_round

    rounds = tmp_path / "rounds"
    store.write_round(toy_round(), rounds / "01")
    aside, staged = rounds / ".01.replaced", rounds / ".01.writing-x"
    begun = threading.Event()

    def swap() -> None:
        with _atomic_write.exclusive(rounds / "01"):
            (rounds / "01").replace(aside)
            staged.mkdir()
            begun.set()
            time.sleep(0.3)
            (staged / "manifest.json").write_bytes((aside / "manifest.json").read_bytes())
            (staged / "new").write_text("new")
            staged.replace(rounds / "01")

    worker = threading.Thread(target=swap)
    worker.start()
    begun.wait(5)
    assert [path.name for path in store.rounds_in(rounds)] == ["01"]
    worker.join()
    assert (rounds / "01" / "new").is_file()  # the new one, not the old one put back
    assert not aside.exists()


def test_what_is_made_in_a_round_that_is_replaced_meanwhile_is_whole(tmp_path, monkeypatch):
    """Figures take minutes: a file of theirs may come when the round has been copied and not yet swapped."""
    folder = write_round(a_round(), tmp_path / "r")
    swap = _atomic_write._swap
    with store.staging(folder / "figures") as made:
        hello(made / "1.pdf")

        def late(staged: Path, target: Path) -> None:
            hello(made / "2.pdf")
            swap(staged, target)

        monkeypatch.setattr(_atomic_write, "_swap", late)
        store.update_round(read_round(folder), folder, files={})
        monkeypatch.undo()
        hello(made / "3.pdf")
    assert sorted(contents(folder / "figures")) == ["1.pdf", "2.pdf", "3.pdf"]
    assert store.made_beside(folder) == ["figures"]


def test_a_product_takes_no_place_in_a_round_that_is_being_replaced(tmp_path):
    import threading

    folder = write_round(a_round(), tmp_path / "r")
    is_done = threading.Event()

    def make() -> None:
        with store.staging(folder / "figures") as made:
            hello(made / "1.pdf")
        is_done.set()

    worker = threading.Thread(target=make)
    with exclusive(folder):
        worker.start()
        assert not is_done.wait(0.3)
    worker.join()
    assert list(contents(folder / "figures")) == ["1.pdf"]


def test_what_a_killed_run_left_of_a_product_lies_beside_its_round_until_the_next_one(tmp_path):
    folder = write_round(a_round(), tmp_path / "r")
    with store.staging(folder / "plenary") as made:
        hello(made / "board.html")
        assert made.parent == tmp_path
        assert store.made_beside(folder) == []
        left = made.with_name(f"{made.name[:-8]}0badcafe")
        left.mkdir()
    assert store.left_behind(folder / "plenary") == [left]
    assert store.left_behind(folder) == []
    with store.staging(folder / "plenary", replace=True) as made:
        hello(made / "board.html")
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


@pytest.mark.parametrize("stray", [None, "order.csv"])
def test_a_round_that_lies_aside_outlives_a_folder_made_in_its_place(tmp_path, stray):
    """The power went between the two renames, and somebody has made the folder anew."""
    folder = write_round(a_round(), tmp_path / "r")
    aside = folder.rename(tmp_path / ".r.replaced")
    folder.mkdir()
    if stray:
        (folder / stray).touch()
        with pytest.raises(InputError):
            store.read_round(folder)
        assert (aside / "manifest.json").is_file()
        (folder / stray).unlink()
    assert len(store.read_round(folder).tables["conservation_units"])
    assert not aside.exists()


@pytest.mark.parametrize("product", [False, True])
def test_what_is_written_into_a_round_that_is_swapped_waits_for_it(tmp_path, product):
    folder = write_round(a_round(), tmp_path / "r")

    def add():
        if product:
            with store.staging(folder / "plenary") as made:
                hello(made / "board.html")
        else:
            write_atomically(folder / "order.csv", hello)

    with ThreadPoolExecutor(1) as other:
        with exclusive(folder):
            folder.rename(tmp_path / ".r.replaced")
            adding = other.submit(add)
            with pytest.raises(TimeoutError):
                adding.result(timeout=0.5)
            assert not folder.exists()  # nobody makes it meanwhile
            (tmp_path / ".r.replaced").rename(folder)
        adding.result(timeout=30)
    assert (folder / ("plenary/board.html" if product else "order.csv")).is_file()
    assert store.read_round(folder).tables.keys()


def test_a_geopackage_of_no_bytes_is_said_to_be_empty(tmp_path):
    folder = write_round(a_round(), tmp_path / "r")
    (folder / "conservation_units.gpkg").write_bytes(b"")
    for read in (store.read_round, store.open_round):
        with pytest.raises(InputError, match=r"conservation_units.gpkg is missing or empty"):
            read(folder)


@pytest.mark.parametrize(
    ("part", "value"),
    [("imprint", []), ("outputs", None), ("plan", None), ("profile", "x"), ("inputs", None)],
)
def test_a_manifest_with_a_part_of_another_kind_is_damaged(tmp_path, part, value):
    folder = write_round(a_round(), tmp_path / "r")
    manifest = store.read_json(folder / store.MANIFEST)
    store.write_json(folder / store.MANIFEST, {**manifest, part: value})
    with pytest.raises(InputError, match=rf"manifest.json in '.*' is damaged \(.*{part} is no"):
        store.read_round(folder)


# -- tables one by one ------------------------------------------------------------------------------


def test_changed_cells_give_the_bytes_of_a_file_written_from_nothing(tmp_path):
    """Two ways to one file: GDAL writes all of it, or SQLite changes a cell and adds a column."""
    store.write_round(a_round(), tmp_path / "round")
    opened = store.open_round(tmp_path / "round")
    units = opened.tables["conservation_units"]
    changed = units.assign(decision="").astype({"decision": object})
    changed.loc[0, "decision"], changed.loc[0, "status"] = "agree", "plenary-agreed"
    decided = store.with_tables(opened, {"conservation_units": changed})
    assert update_geopackage(tmp_path / "cells.gpkg", decided.tables)
    store.write_geopackage(tmp_path / "whole.gpkg", decided)
    assert (tmp_path / "cells.gpkg").read_bytes() == (tmp_path / "whole.gpkg").read_bytes()

    moved = changed.set_geometry(changed.geometry.translate(1.0))
    assert not update_geopackage(
        tmp_path / "moved.gpkg", store.with_tables(opened, {"conservation_units": moved}).tables
    )
    fewer = store.with_tables(opened, {"conservation_units": changed.iloc[1:]})
    assert not update_geopackage(tmp_path / "fewer.gpkg", fewer.tables)


def test_sqlite_hands_over_the_layers_of_a_round_as_gdal_does(tmp_path):
    """Every kind of column and shape, empty cells among them; long tables are left to GDAL."""
    round_ = a_round()
    there = gpd.GeoDataFrame(
        {"name": ["a", None], "n": [1.5, None], "is_far": pd.array([True, None], "boolean")},
        geometry=[shapely.Point(1, 2), shapely.MultiPoint([(3, 4), (5, 6)])],
        crs=LONLAT,
    )
    many = pd.DataFrame({"row": range(2_001)})
    more = {"a_table": pd.DataFrame({"x": pd.Series([], dtype=str)}), "there": there, "long": many}
    store.write_round(replace(round_, tables={**round_.tables, **more}), tmp_path / "round")
    path = tmp_path / "round" / store.GEOPACKAGE
    database = in_memory(path.read_bytes())
    assert database is not None
    names = [name for name, _ in pyogrio.list_layers(path)]
    assert layer_names(database) == names
    for name in names:
        about, by_gdal = pyogrio.read_arrow(path, layer=name)
        rows = layer_rows(database, name)
        if name in {"long", "layer_styles"}:
            assert rows is None
            continue
        geometry, by_sqlite = rows
        assert geometry == (about["geometry_name"] or "")
        assert by_sqlite.cast(by_gdal.schema).equals(by_gdal), name
    assert in_memory(path.read_bytes()[:4_000]) is None
    # what another program put in is GDAL's to understand
    database.execute("CREATE TABLE gazette (fid INTEGER PRIMARY KEY, geom MULTIPOINT)")
    database.execute("INSERT INTO gazette SELECT fid, geom FROM there")
    for odd in (
        "UPDATE unit_criteria SET met = 2",
        "UPDATE unit_criteria SET value = 'much'",
        "UPDATE not_proposed SET reason = x'ff'",
        "UPDATE gazette SET geom = x'00' || substr(geom, 2)",
        "ALTER TABLE unit_species ADD COLUMN day DATE",
    ):
        database.execute(odd)
        assert layer_rows(database, odd.split()[2 if "ALTER" in odd else 1]) is None, odd


def test_an_opened_round_outlives_the_folder_and_trusts_no_strange_file(tmp_path):
    store.write_round(a_round(), tmp_path / "round")
    whole = store.read_round(tmp_path / "round").tables
    opened = store.open_round(tmp_path / "round").tables
    assert opened.is_vouched
    store.write_round(a_round(title="Another"), tmp_path / "round", force=True)
    assert list(opened) == list(whole)
    for name, table in whole.items():
        pd.testing.assert_frame_equal(pd.DataFrame(opened[name]), pd.DataFrame(table))
    with sqlite3.connect(tmp_path / "round" / store.GEOPACKAGE) as database:
        database.execute("UPDATE not_proposed SET reason = 'edited elsewhere'")
    database.close()
    edited = store.open_round(tmp_path / "round").tables
    assert not edited.is_vouched
    assert not update_geopackage(tmp_path / "cells.gpkg", edited)


def test_what_sqlite_says_of_a_full_disk_is_said_as_what_it_is(tmp_path, monkeypatch):
    # A transaction that found no room has rolled itself back: GDAL's own rollback fails, and says so.
    def fails(*_, **__):
        raise RuntimeError("Error while writing batch to OGR layer: sqlite3_exec(ROLLBACK) failed")

    monkeypatch.setattr("pyogrio.write_arrow", fails)
    usage = type("Usage", (), {"free": 100_000})
    monkeypatch.setattr("cami_units.store._geopackage.shutil.disk_usage", lambda path: usage)
    with pytest.raises(InputError, match=r"was not written: the disk is full\. Make room") as told:
        store.write_round(a_round(), tmp_path / "round")
    assert "ROLLBACK" not in str(told.value)
    assert list(tmp_path.iterdir()) == []
    # with room enough it is some other trouble, which is told in GDAL's words
    usage.free = 10**12
    with pytest.raises(InputError, match=r"could not be written\. .*ROLLBACK"):
        store.write_round(a_round(), tmp_path / "round")


@pytest.mark.skipif(os.name == "nt", reason="such a path is none there")
def test_a_path_too_long_for_sqlite_is_told(tmp_path):
    """It takes 512 bytes, 256 letters of Cyrillic; the system takes eight times as many."""
    deep = tmp_path / "/".join(["ы" * 100] * 3)
    with pytest.raises(InputError, match=r"could not be written\."):
        write_round(a_round(), deep)
    assert list(tmp_path.iterdir()) == []


def test_locks_of_any_number_of_rounds_are_256_files_and_nest_in_no_circle(tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    for number in range(400):
        with exclusive(tmp_path / f"round-{number}"):
            pass
    # two letters of sixteen each; four hundred places leave hardly one of them out
    assert 150 < len(list(temporary.iterdir())) <= 256
    # what is built beside its target has a lock of its own, and takes it away again
    before = {path.name for path in temporary.iterdir()}
    for number in range(20):
        write_atomically(tmp_path / f"{number}.csv", lambda path: path.write_bytes(b"x"))
    assert {path.name for path in temporary.iterdir()} == before
    # a folder that shares its lock with another one is no trouble within one process
    with exclusive(tmp_path / "round-0"):
        for number in range(400):
            with exclusive(tmp_path / f"round-{number}"):
                pass


def test_who_waits_too_long_for_the_tables_of_a_round_is_told_what_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(_atomic_write, "_PATIENCE", 0.01)

    def asked_for(lock):
        with lock(tmp_path / "r"):
            return "held"

    with ThreadPoolExecutor(1) as other, store.rewriting(tmp_path / "r"):
        # a line of the log is written under the other lock of the same folder
        assert other.submit(asked_for, exclusive).result() == "held"
        with pytest.raises(InputError, match="For ten minutes another command has been writing"):
            other.submit(asked_for, store.rewriting).result()
    assert asked_for(store.rewriting) == "held"


def test_a_scratch_folder_ends_with_its_process_or_with_the_next_one(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with store.scratch("desk-") as folder:
        (folder / "a").write_bytes(b"x")
        assert folder.parent == tmp_path
        # a second one leaves the first alone: its lock is held
        script = (
            "import sys, tempfile, time; tempfile.tempdir = sys.argv[1]\n"
            "from cami_units import store\n"
            "with store.scratch('desk-') as folder: print(folder, flush=True); time.sleep(60)"
        )
        other = subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        left = Path(other.stdout.readline().strip())
        assert left.is_dir()
        assert folder.is_dir()
        other.kill()
        other.wait()
        other.stdout.close()
        assert left.is_dir()
    assert not folder.exists()
    with store.scratch("desk-"):
        assert not left.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_product_is_made_beside_its_place_where_others_have_a_manifest(tmp_path):
    """Beside a round, which may be replaced meanwhile; a site of somebody's has a `manifest.json` too."""
    for folder, names in (
        ("site", ["manifest.json"]),
        ("round", ["manifest.json", store.GEOPACKAGE]),
    ):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_text("{}")
        with staging(tmp_path / folder / "pack") as staged:
            assert staged.parent == (tmp_path / folder if folder == "site" else tmp_path)
        assert (tmp_path / folder / "pack").is_dir()
