"""What was measured once need not be measured again, and nobody can tell from the answer."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import sqlite3
from contextlib import closing
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cami_units import cache as keeping
from cami_units import cli, drawn_pieces, overlap
from cami_units.cache import NOTHING_KEPT, Cache
from cami_units.commands import assess
from cami_units.commands import plan_layers as _plan_layers
from cami_units.commands import propose as _propose
from cami_units.commands.assess import cut, measure
from cami_units.commands.init import init
from cami_units.commands.plan_layers import load
from cami_units.commands.propose import propose
from cami_units.model import EQUAL_AREA, Problem, SiteTables, data_dir, version_of
from cami_units.overlap import Pieces
from cami_units.plan import read_plan
from tests.conftest import modules_loaded_by


def square(x: float = 0.0) -> shapely.Polygon:
    return shapely.box(x, 0, x + 1 / 3, 0.1 + 0.2)


def parts(number: float = 0.1) -> dict[str, object]:
    """One of everything that a table of the house may hold."""
    plain = pd.DataFrame(
        {
            "text": ["a", None, "ü; б"],
            "number": [number, np.nan, 1e-300],
            "whole": [1, 2, 3],
            "maybe": pd.array([1, None, 3], dtype="Int64"),
            "met": pd.array([True, None, False], dtype="boolean"),
            "yes": [True, False, True],
        }
    )
    shapes = gpd.GeoDataFrame(
        {"id": ["x", "y"]}, geometry=[square(), square(5.0)], crs=EQUAL_AREA
    ).set_index(pd.Index([7, 3]))
    return {"plain": plain, "shapes": shapes, "none": None, "said": [{"level": "note", "n": 1}]}


def entries(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.entry"))


# -- what comes back ------------------------------------------------------------------------------


def test_what_was_kept_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c", "key")
    made = keeping.kept(cache, "toy", 1, parts)
    again = keeping.kept(cache, "toy", 1, lambda: pytest.fail("it was made a second time"))
    assert len(entries(tmp_path / "c")) == 1
    pd.testing.assert_frame_equal(again["plain"], made["plain"], check_exact=True)
    assert again["shapes"].crs.srs == made["shapes"].crs.srs
    assert again["shapes"].index.tolist() == [7, 3]
    assert again["shapes"].to_wkb().equals(made["shapes"].to_wkb())
    assert again["none"] is None
    assert again["said"] == made["said"]


@settings(deadline=None, max_examples=40)
@given(
    numbers=st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=5),
    text=st.lists(st.one_of(st.none(), st.text(max_size=5)), max_size=5),
)
def test_any_numbers_and_texts_survive(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[float], text: list[str | None]
) -> None:
    """What cannot be kept as it is, such as half a surrogate pair, is made anew: never changed."""
    table = pd.DataFrame({"n": pd.Series([*numbers, 0.0], dtype=float)})
    words = pd.DataFrame({"t": pd.Series([*text, "end"], dtype="str")})
    cache = Cache(tmp_path_factory.mktemp("cache"), "key")
    for _ in range(2):
        found = keeping.kept(cache, "toy", 0, lambda: {"n": table, "t": words})
        pd.testing.assert_frame_equal(found["n"], table, check_exact=True)
        pd.testing.assert_frame_equal(found["t"], words)


@pytest.mark.parametrize(
    "values",
    [
        [(1, 2), (3, 4)],  # as lists
        pd.Series([1, 2.5], dtype=object),  # the one as 1.0
        pd.Series(["a", None], dtype=pd.StringDtype("python")),  # as text of Arrow
    ],
)
def test_what_would_come_back_otherwise_is_not_kept(tmp_path: Path, values: Any) -> None:
    """So it is made again each time."""
    odd = pd.DataFrame({"odd": values})
    cache = Cache(tmp_path, "key")
    for _ in range(2):
        assert keeping.kept(cache, "odd", 0, lambda: {"t": odd})["t"] is odd
    assert entries(tmp_path) == []


def test_no_folder_keeps_nothing(tmp_path: Path) -> None:
    made = []
    for _ in range(2):
        keeping.kept(NOTHING_KEPT, "toy", 1, lambda: made.append(1) or parts())
    assert len(made) == 2
    assert keeping.cache_beside(None) == NOTHING_KEPT
    assert keeping.cache_beside(tmp_path / "plan.toml").folder == tmp_path / ".cami-units-cache"


# -- what it hangs on -----------------------------------------------------------------------------


def test_another_key_is_another_entry(tmp_path: Path) -> None:
    cache = Cache(tmp_path, "key")
    keeping.kept(cache, "toy", 1, parts)
    for other in (2, 1.5, "1", [1], {"a": 1}, None, True, parts()["plain"]):
        found = keeping.kept(cache, "toy", other, lambda: {"new": 1})
        assert found == {"new": 1}
    for elsewhere in (Cache(tmp_path, "other"), keeping.narrowed(cache, "pair", 25)):
        assert keeping.kept(elsewhere, "toy", 1, lambda: {"new": 1}) == {"new": 1}


def test_a_digest_tells_apart_what_looks_alike() -> None:
    table = pd.DataFrame({"a": [1.0, 2.0]})
    shifted = gpd.GeoDataFrame({"a": [1]}, geometry=[square()], crs=EQUAL_AREA)
    nudged = shifted.set_geometry([square(1e-9)], crs=EQUAL_AREA)
    unlike = [
        *("ab", "a", 1, 1.0, True, None, ["a", "b"], [["a"], "b"], {"a": "b"}, {}, []),
        *(table, table.astype(int), table.rename(columns={"a": "b"}), shifted, nudged),
    ]
    assert len({keeping.digest(one) for one in unlike}) == len(unlike)
    assert keeping.digest("a", "b") != keeping.digest("ab")
    assert keeping.digest({"a": 1, "b": 2}) == keeping.digest({"b": 2, "a": 1})
    with pytest.raises(TypeError, match="no entry can hang on a set"):
        keeping.digest({1, 2})


def test_the_program_is_part_of_the_key() -> None:
    assert len(keeping.program_key()) == 64


@pytest.mark.parametrize("library", ["shapely", "fonttools", "jinja2", "pillow", "openpyxl"])
def test_a_library_that_measures_draws_or_writes_is_part_of_the_key(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = keeping.program_key()
    keeping.program_key.cache_clear()
    monkeypatch.setattr(
        keeping, "version_of", lambda name: "another" if name == library else version_of(name)
    )
    after = keeping.program_key()
    keeping.program_key.cache_clear()
    assert after != before


# -- damage, crowds, full disks -------------------------------------------------------------------


@pytest.mark.parametrize("harm", ["cut", "bit", "empty", "other"])
def test_a_damaged_entry_is_made_anew(tmp_path: Path, harm: str) -> None:
    cache = Cache(tmp_path, "key")
    keeping.kept(cache, "toy", 1, parts)
    (path,) = entries(tmp_path)
    whole = path.read_bytes()
    bad = {
        "cut": whole[: len(whole) // 2],
        "bit": whole[:100] + bytes([whole[100] ^ 1]) + whole[101:],
        "empty": b"",
        "other": b"not an entry",
    }
    path.write_bytes(bad[harm])
    assert list(keeping.kept(cache, "toy", 1, parts)) == list(parts())
    assert path.read_bytes() == whole


def test_a_place_that_cannot_be_written_costs_no_answer(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    assert list(keeping.kept(Cache(in_the_way / "c", "k"), "toy", 1, parts)) == list(parts())


def test_oldest_entries_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    cache = Cache(tmp_path, "key")
    for number in range(4):
        keeping.kept(cache, "toy", number, lambda n=number: {"n": n, "pad": "x" * 1000})
        for entry in entries(tmp_path):
            os.utime(entry, (entry.stat().st_atime, entry.stat().st_mtime - 100))
    monkeypatch.setattr(keeping, "MOST_BYTES", 2500)
    keeping.kept(cache, "toy", 9, lambda: {"n": 9, "pad": "x" * 1000})
    assert len(entries(tmp_path)) == 2
    left = [keeping.kept(cache, "toy", n, lambda: {"n": None})["n"] for n in (9, 3, 0)]
    assert left == [9, 3, None]


def test_the_folder_says_what_it_is(tmp_path: Path) -> None:
    keeping.kept(Cache(tmp_path / "c", "key"), "toy", 1, parts)
    assert "can be deleted" in (tmp_path / "c" / "README.txt").read_text()
    assert (tmp_path / "c" / ".gitignore").read_text() == "*\n"


def write_often(folder: str, seed: int) -> int:
    wrong = 0
    for round_ in range(30):
        number = (seed + round_) % 5
        found = keeping.kept(Cache(Path(folder), "k"), "toy", number, lambda n=number: parts(n))
        wrong += found["plain"]["number"].iloc[0] != number
    return wrong


@pytest.mark.slow
def test_processes_at_the_same_time_read_whole_entries(tmp_path: Path) -> None:
    """Three processes write and read the same five entries: none ever reads half of one."""
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        wrong = pool.starmap(write_often, [(str(tmp_path), seed) for seed in range(3)])
    assert wrong == [0, 0, 0]
    assert len(entries(tmp_path)) == 5
    assert not list(tmp_path.glob("*.writing"))


# -- the main job ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workshop") / "w"
    init(folder)
    text = (folder / "plan.toml").read_text(encoding="utf-8")
    assert "cell_km = 25" in text
    coarse = text.replace("cell_km = 25", "cell_km = 75")
    (folder / "plan.toml").write_text(coarse, encoding="utf-8")
    return folder


def proposed(folder: Path, cache: Cache) -> dict[str, pd.DataFrame]:
    return dict(propose(read_plan(folder / "plan.toml"), cache=cache).tables)


def assert_same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    assert list(one) == list(other)
    for name, table in one.items():
        assert keeping.digest(table) == keeping.digest(other[name]), name


def kinds(cache: Cache) -> list[str]:
    assert cache.folder is not None
    return sorted(entry.name.split("-")[0] for entry in entries(cache.folder))


@pytest.fixture(scope="module")
def first(workshop: Path) -> tuple[Cache, dict[str, pd.DataFrame]]:
    cache = Cache(workshop.parent / "c")
    return cache, proposed(workshop, cache)


@pytest.mark.slow
def test_a_round_is_the_same_with_and_without_a_cache(
    workshop: Path, first: tuple[Cache, dict[str, pd.DataFrame]]
) -> None:
    cache, kept = first
    # of hotspots and of units, whose shapes are measured alike, there is one entry
    everything = ["cells", "layers", "owners", "pieces", "shapes", "sites", "tables", "units"]
    everything += ["numbers", "numbers"]
    first_kinds = kinds(cache)
    # the ground that a site lacks is an entry each
    grounds = first_kinds.count("ground")
    assert grounds > 0
    assert first_kinds == sorted([*everything, *["ground"] * grounds]), (
        "something did not come back as it was, and was not kept"
    )
    assert_same(proposed(workshop, NOTHING_KEPT), kept)
    assert_same(proposed(workshop, cache), kept)
    assert kinds(cache) == first_kinds, "something was made a second time"


@pytest.mark.slow
def test_other_thresholds_and_weights_use_what_was_measured(
    workshop: Path,
    first: tuple[Cache, dict[str, pd.DataFrame]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache, before = first
    criteria = workshop / "criteria.toml"
    text = criteria.read_text(encoding="utf-8")
    stricter = text.replace("min_species = 3", "min_species = 5")
    assert stricter != text
    monkeypatch.setattr(
        _plan_layers.layers, "read_layers", lambda *_, **__: pytest.fail("read again")
    )
    monkeypatch.setattr(overlap, "layer_pieces", lambda *_, **__: pytest.fail("cut again"))
    monkeypatch.setattr(overlap, "cell_tables", lambda *_, **__: pytest.fail("laid again"))
    criteria.write_text(stricter, encoding="utf-8")
    try:
        after = proposed(workshop, cache)
    finally:
        criteria.write_text(text, encoding="utf-8")
    met = [one["unit_criteria"].query("criterion == 'C1'")["met"].sum() for one in (before, after)]
    assert met[1] < met[0]


@pytest.mark.slow
def test_other_weights_of_the_score_only_rank_what_was_found(
    workshop: Path,
    first: tuple[Cache, dict[str, pd.DataFrame]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache, before = first
    criteria = workshop / "criteria.toml"
    text = criteria.read_text(encoding="utf-8")
    weighed = text.replace("weights = { C1 = 1,", "weights = { C1 = 5,")
    assert weighed != text
    criteria.write_text(weighed, encoding="utf-8")
    try:
        after = proposed(workshop, NOTHING_KEPT)
        monkeypatch.setattr(_propose, "assess_sites", lambda *_, **__: pytest.fail("assessed"))
        monkeypatch.setattr(_propose, "cut", lambda *_, **__: pytest.fail("taken out"))
        assert_same(after, proposed(workshop, cache))
    finally:
        criteria.write_text(text, encoding="utf-8")
    units, others = (one["conservation_units"] for one in (before, after))
    moved = [column for column in units if not units[column].equals(others[column])]
    assert {"score"} <= {*moved} <= {"rank", "rank_label", "tier", "score"}


@pytest.mark.slow
def test_units_grow_from_other_numbers_without_linear_algebra(
    workshop: Path, first: tuple[Cache, dict[str, pd.DataFrame]], tmp_path: Path
) -> None:
    """Cells are covered, units grown and smoothed without scipy and numba, a tenth of a proposal."""
    folder = tmp_path / "w"
    shutil.copytree(workshop, folder)
    criteria = folder / "criteria.toml"
    text = criteria.read_text(encoding="utf-8")
    assert "gap_below = 30" in text
    criteria.write_text(text.replace("gap_below = 30", "gap_below = 31"), encoding="utf-8")
    code = (
        "import sys; from pathlib import Path; from cami_units.cache import Cache\n"
        "from cami_units.commands.propose import propose; from cami_units.plan import read_plan\n"
        "propose(read_plan(Path(sys.argv[1])), cache=Cache(Path(sys.argv[2])))"
    )
    # one where grown units are known, and one where nothing is
    for kept in (first[0].folder, tmp_path / "nothing"):
        loaded = modules_loaded_by(code, str(folder / "plan.toml"), str(kept))
        assert "cami_units.delineate" in loaded
        assert not {"scipy", "numba"} & loaded


@pytest.fixture(scope="module")
def drawn() -> tuple[Pieces, gpd.GeoDataFrame]:
    """The hotspots, the fourth of them under another name too."""
    plan = read_plan(None)
    pieces = cut(load(plan), plan)
    hotspots = pieces.layers.hotspots
    assert hotspots is not None
    twin = hotspots.iloc[[3]].assign(hotspot_id="A twin")
    return pieces, gpd.GeoDataFrame(pd.concat([hotspots, twin], ignore_index=True))


@pytest.mark.parametrize("by_edges", [False, True])
def test_what_is_measured_of_a_site_hangs_on_no_other_and_on_nothing_kept(
    tmp_path: Path,
    drawn: tuple[Pieces, gpd.GeoDataFrame],
    monkeypatch: pytest.MonkeyPatch,
    by_edges: bool,
) -> None:
    """Every second site first, from the last one on; then all: as from nothing, to the last bit."""
    pieces, hotspots = drawn
    monkeypatch.setattr(overlap, "are_many_corners", lambda _: by_edges)
    cache, of = Cache(tmp_path, "key"), {"site": "hotspot_id"}
    from_nothing = measure(hotspots, pieces, **of)
    measure(hotspots.iloc[::-2], pieces, cache=cache, **of)
    asked: list[str] = []

    def site_tables(sites: gpd.GeoDataFrame, *rest: Any, **options: Any) -> SiteTables:
        asked.extend(sites["site"])
        return overlap_tables(sites, *rest, **options)

    overlap_tables = overlap.site_tables
    monkeypatch.setattr(overlap, "site_tables", site_tables)
    added = measure(hotspots, pieces, cache=cache, **of)
    # the fourth has its twin's shape, which was measured
    assert asked == hotspots["hotspot_id"][1::2].drop(3).tolist()
    monkeypatch.setattr(overlap, "site_tables", lambda *_, **__: pytest.fail("measured again"))
    again = measure(hotspots, pieces, cache=cache, **of)
    for field in fields(SiteTables):
        expected = getattr(from_nothing, field.name)
        for found in (getattr(added, field.name), getattr(again, field.name)):
            assert (found is None) == (expected is None), field.name
            if expected is not None:
                pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_shapes_beyond_the_most_that_are_kept_give_way_to_those_asked_for(
    tmp_path: Path, drawn: tuple[Pieces, gpd.GeoDataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces, hotspots = drawn
    monkeypatch.setattr(assess, "_MOST_SHAPES", 2)
    cache, of = Cache(tmp_path, "key"), {"site": "hotspot_id"}
    n_kept = []
    for first, last in ((0, 3), (3, 5), (3, 4)):
        measure(hotspots[first:last], pieces, cache=cache, **of)
        n_kept.append(len((keeping.entry(cache, "sites", False) or {})["shapes"]))
    assert n_kept == [3, 2, 2]


@pytest.mark.slow
def test_a_changed_layer_is_read_again(tmp_path: Path) -> None:
    """One hotspot fewer in a file of the same name: the entry of the old file is not found."""
    hotspots = gpd.read_file(data_dir() / "hotspots" / "hotspots.geojson")
    text = '[layers]\nhotspots = ["own.geojson"]\n'
    (tmp_path / "plan.toml").write_text(
        f'title = "Toy"\ndate = "2026-11-22"\n{text}', encoding="utf-8"
    )
    plan = read_plan(tmp_path / "plan.toml")
    cache = Cache(tmp_path / "c")
    numbers = []
    for some in (hotspots, hotspots.iloc[1:], hotspots):
        some.to_file(tmp_path / "own.geojson", driver="GeoJSON")
        known = load(plan, cache=_plan_layers.ground(plan, cache))
        assert known.hotspots is not None
        numbers.append(len(known.hotspots))
    assert numbers == [len(hotspots), len(hotspots) - 1, len(hotspots)]
    assert kinds(cache) == ["layers", "layers"]


@pytest.mark.slow
def test_a_query_is_asked_again_for_rows_that_changed(tmp_path: Path) -> None:
    """The words of the query stay; a row comes into the database, and goes again."""
    database = tmp_path / "own.db"
    (tmp_path / "own.sql").write_text(
        f"-- database: sqlite:///{database}\nSELECT name_en, geom FROM places\n", encoding="utf-8"
    )
    (tmp_path / "plan.toml").write_text(
        'title = "Toy"\ndate = "2026-11-22"\n[layers]\nhotspots = ["own.sql"]\n', encoding="utf-8"
    )
    boxes = [shapely.set_srid(shapely.box(60 + x, 44, 61 + x, 45), 4326) for x in range(2)]
    shapes = shapely.to_wkb(boxes, include_srid=True)
    rows = list(zip(["one", "two"], shapes, strict=True))
    plan = read_plan(tmp_path / "plan.toml")
    cache = Cache(tmp_path / "c")
    names = []
    for some in (rows, rows[1:], rows):
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("DROP TABLE IF EXISTS places")
            connection.execute("CREATE TABLE places (name_en, geom)")
            connection.executemany("INSERT INTO places VALUES (?, ?)", some)
        known = load(plan, cache=_plan_layers.ground(plan, cache))
        assert known.hotspots is not None
        names.append(sorted(known.hotspots["name_en"]))
    assert names == [["one", "two"], ["two"], ["one", "two"]]
    assert kinds(cache) == ["layers", "layers"]


def test_the_command_keeps_beside_the_plan_unless_told_not_to(
    workshop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "w"
    shutil.copytree(workshop, folder)
    seen: list[Cache] = []

    class StopError(Exception):
        pass

    def stop(_plan: object, *, cache: Cache, **_: object) -> None:
        seen.append(cache)
        raise StopError

    monkeypatch.setattr("cami_units.commands.lasting_ids.propose", stop)
    for more in ([], ["--no-cache"]):
        with pytest.raises(SystemExit):
            cli.main(["propose", str(folder / "plan.toml"), "--out", str(tmp_path / "r"), *more])
    with pytest.raises(SystemExit):
        cli.main(["propose", "--out", str(tmp_path / "r")])
    assert seen == [Cache(folder / ".cami-units-cache"), NOTHING_KEPT, NOTHING_KEPT]


def test_a_foreign_entry_puts_nothing_beside_its_folder(tmp_path: Path) -> None:
    """Caches travel: who made one up may name files, and not where they come to lie."""
    outside = tmp_path / "outside"
    outside.mkdir()
    names = ["../outside/a", str(outside / "b"), "c"]
    made_up = [json.dumps({"noticed": [], "names": names}).encode(), b"1", b"2", b"3"]
    with drawn_pieces.keeping(lambda kind, content, make: made_up):
        keeping.kept_files("group", [b"S1"], tmp_path / "here", list)
    assert list(outside.iterdir()) == []
    assert (tmp_path / "here" / "c").read_bytes() == b"3"


# -- drawn pieces ---------------------------------------------------------------------------------


def test_a_piece_is_drawn_once_and_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    keeper = keeping.keeper_of(Cache(tmp_path / "c"))
    shape = shapely.to_wkb(square())
    with drawn_pieces.keeping(keeper):
        assert drawn_pieces.piece("toy", [shape], lambda: [shape, b""]) == [shape, b""]
        again = drawn_pieces.piece(
            "toy", [shape], lambda: pytest.fail("it was drawn a second time")
        )
        assert again == [shape, b""]
        # Other content, or the same bytes parted otherwise, is another piece.
        assert drawn_pieces.piece("toy", [shape[:5], shape[5:]], lambda: [b"x"]) == [b"x"]
    # Outside of the block nothing is kept, and nothing taken.
    assert drawn_pieces.piece("toy", [shape], lambda: [b"new"]) == [b"new"]


def test_a_damaged_piece_is_drawn_again(tmp_path: Path) -> None:
    keeper = keeping.keeper_of(Cache(tmp_path))
    keeper("toy", [b"a"], lambda: [b"b"])
    [entry] = entries(tmp_path)
    entry.write_bytes(entry.read_bytes()[:-7])
    assert keeper("toy", [b"a"], lambda: [b"b"]) == [b"b"]


def test_pieces_of_a_round_lie_beside_its_plan(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").touch()
    beside_plan = tmp_path / keeping.FOLDER
    assert keeping.cache_of_round(tmp_path / "rounds" / "00").folder == beside_plan
    assert keeping.cache_of_round(tmp_path / "00").folder == beside_plan
    far = tmp_path / "a" / "b" / "rounds"
    assert keeping.cache_of_round(far / "00").folder == far / keeping.FOLDER


# -- files, kept whole ------------------------------------------------------------------------------


def test_a_file_is_written_once_and_put_there_again_to_the_byte(tmp_path: Path) -> None:
    drawn: list[Path] = []

    def draw(path: Path) -> None:
        drawn.append(path)
        path.write_bytes(b"a map\x00\xff")

    with drawn_pieces.keeping(keeping.keeper_of(Cache(tmp_path / "kept"))):
        for name, content in (("a", b"round"), ("b", b"round"), ("c", b"another round")):
            keeping.kept_file("map", [content], draw)(tmp_path / name)
    assert [path.name for path in drawn] == ["a", "c"]
    assert {(tmp_path / name).read_bytes() for name in "abc"} == {b"a map\x00\xff"}


def test_what_hangs_on_something_unknown_is_written_each_time(tmp_path: Path) -> None:
    drawn: list[Path] = []
    with drawn_pieces.keeping(keeping.keeper_of(Cache(tmp_path / "kept"))):
        for _ in range(2):
            keeping.kept_file("map", [], drawn.append)(tmp_path / "a")
    assert len(drawn) == 2
    assert not (tmp_path / "kept").exists()


def test_a_folder_comes_back_with_its_files_and_with_what_was_noticed(tmp_path: Path) -> None:
    said = Problem("counted", "kml", "a.kmz", "", "evidence was simplified")
    folders = []

    def write(folder: Path) -> list[Problem]:
        folders.append(folder.name)
        (folder / "a.kmz").write_bytes(b"zip")
        (folder / "form.xlsx").write_bytes(b"")
        return [said]

    with drawn_pieces.keeping(keeping.keeper_of(Cache(tmp_path / "kept"))):
        for name in ("first", "second"):
            folder = tmp_path / name
            noticed = keeping.kept_files("group", [b"S1"], folder, partial(write, folder))
            assert noticed == (said,)
            assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
                "a.kmz": b"zip",
                "form.xlsx": b"",
            }
        # half of an entry is no entry
        [entry] = (tmp_path / "kept").glob("group-*")
        entry.write_bytes(entry.read_bytes()[:-40])
        keeping.kept_files("group", [b"S1"], tmp_path / "third", partial(write, tmp_path / "third"))
    assert folders == ["first", "third"]
