"""What `import cami_units as cu` promises: these names, typed, explained, with examples that hold."""

from __future__ import annotations

import ast
import builtins
import doctest
import inspect
import re
import subprocess
import sys
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio.crs
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS
from typing_extensions import TypeAliasType  # of pydantic; Python has it from 3.12 on

import cami_units as cu
from cami_units import model
from cami_units.model import check_arguments

NAMES = list(cu.__all__)
VERBS = [name for name in NAMES if inspect.isroutine(getattr(cu, name))]
WHOLE_ROUNDS = {
    *("assess", "collect", "with_sensitivity", "write_proposal", "write_kml", "write_map"),
    *("unit_map", "write_overlaps", "draw_map", "with_fences"),
    "write_richness",
}
"""They work on a whole round or write one: their examples are the notebooks."""

PROMISED = """
EQUAL_AREA ArgumentError CamiUnitsError InputError PlanError Reading
area_km2 assess assess_sites cache_beside collect crossings cut decide draw_map evaluate_units features grow lint_kml load
measure near overlap_bands overlaps planning_units propose pu_ids range_states rank_units read_countries read_hotspots read_kml
read_layers read_plan read_profile read_protected_areas read_ranges read_round read_sites
read_species reopened score_cells shared_borders smallest_set split to_equal_area to_lonlat
unit_cards unit_map with_fences with_sensitivity write_kml write_map write_overlaps write_proposal
write_richness
"""


def test_the_names_are_these_and_no_others():
    assert sorted(cu.__all__) == sorted(PROMISED.split())
    assert sorted(dir(cu)) == sorted(PROMISED.split())
    with pytest.raises(AttributeError, match="attribute read_everything"):
        _ = cu.read_everything


def test_each_name_stands_once_and_is_found_where_the_stub_says():
    """The stub is what the loader reads and what a type checker sees; nothing is renamed in it."""
    stub = Path(cu.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    found = [
        (alias.name, alias.asname, node.module)
        for node in ast.walk(ast.parse(stub))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    names = [name for name, _, _ in found]
    assert sorted(names) == sorted(set(names)) == sorted(NAMES)
    for name, again, module in found:
        assert name == again
        assert getattr(cu, name) is getattr(import_module(f"cami_units.{module}"), name)


def test_importing_the_package_imports_none_of_its_rooms():
    script = (
        "import sys, cami_units; print([m for m in sys.modules if m.startswith('cami_units.')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_no_name_is_also_that_of_a_room():
    rooms = {path.stem for path in Path(cu.__file__).parent.iterdir()}
    assert rooms.isdisjoint(NAMES)  # importing a room would put the module in the verb's place


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_is_typed_and_every_parameter_is_explained(name):
    verb = getattr(cu, name)
    hints = typing.get_type_hints(verb)
    parameters = inspect.signature(verb).parameters
    assert set(parameters) | {"return"} == set(hints)
    doc = inspect.getdoc(verb)
    assert re.match(r"[A-Z].*[.:]$", doc.split("\n\n")[0].replace("\n", " "))


@pytest.mark.parametrize("name", [name for name in VERBS if name != "pu_ids"])
def test_an_argument_of_another_kind_is_refused_by_its_name(name):
    """Whatever is handed in, every parameter that is none of its kind is told, all in one message."""
    verb = getattr(cu, name)
    kinds = {one.name: one.kind for one in inspect.signature(verb).parameters.values()}
    named = {
        one for one, kind in kinds.items() if kind.name in ("POSITIONAL_OR_KEYWORD", "KEYWORD_ONLY")
    }
    given = dict.fromkeys(named, object()) | {one: a for one, a in _SHAPES.items() if one in named}
    with pytest.raises(cu.ArgumentError, match=rf"^{name}\(\) cannot be called so: ") as told:
        verb(*[object()] * ("paths" in kinds and "paths" not in named), **given)
    told_names = {one for one in kinds if f"{one} must be " in str(told.value)}
    assert told_names >= {one for one in named if one not in _SHAPES}


_SHAPES = {
    "study_area": gpd.GeoSeries([shapely.box(0, 0, 1e5, 1e5)], crs=cu.EQUAL_AREA),
    "table": gpd.GeoSeries([shapely.box(0, 0, 1e5, 1e5)], crs=cu.EQUAL_AREA),
}
"""Parameters whose refusal has words of its own, and what they may be."""


def test_an_option_that_is_misspelt_missing_or_of_another_kind_is_told_with_those_there_are():
    with pytest.raises(cu.InputError, match=r"no colums\. Did you mean 'columns'\?$"):
        cu.read_hotspots("areas.gpkg", colums={"id": "fid"})
    with pytest.raises(
        cu.InputError, match=r"crs must be a text or a whole number or a CRS, got list"
    ):
        cu.read_countries(crs=[6933])
    with pytest.raises(cu.InputError, match=r"cards is missing; imprint is missing"):
        cu.write_kml("u.kmz", gpd.GeoDataFrame())
    with pytest.raises(cu.InputError, match=r"cell_km must be a number, got '25'\.$"):
        cu.planning_units(_SHAPES["study_area"], cell_km="25")
    with pytest.raises(cu.InputError, match=r"wiggle_km must be a number, got nan"):
        cu.crossings(gpd.GeoDataFrame(), gpd.GeoDataFrame(), wiggle_km=float("nan"))
    with pytest.raises(
        cu.InputError, match=r"each value is a GeoDataFrame, got dict with 3 at 'hotspots'"
    ):
        cu.unit_map(gpd.GeoDataFrame(), layers={"hotspots": 3}, cards=pd.DataFrame(), imprint=None)
    with pytest.raises(cu.InputError, match=r"plan must be a Plan, got 'plan.toml': cu.read_plan"):
        cu.propose("plan.toml")
    with pytest.raises(TypeError, match=r"each a text, got list with None at 1\."):
        cu.read_countries(states=["KZ", None])
    with pytest.raises(TypeError, match=r"region must be a list of 4, each a number or None, got"):
        cu.read_kml(b"<kml/>", region=(40, 20, 120))


class InFolder:
    """As a path of other libraries is: it says where it lies, and is no Path."""

    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return str(self.path)


def taken(hint, value):
    """What a function with one parameter of a kind makes of a value."""

    def verb(one):
        check_arguments(verb, locals())
        return True

    verb.__annotations__["one"] = hint
    return verb(one=value)


Scalar = typing.TypeVar("Scalar")
Grid = TypeAliasType("Grid", np.ndarray[typing.Any, np.dtype[Scalar]], type_params=(Scalar,))
"""An alias of arrays as numpy's own are from 2.5 on, where Python is 3.12 or newer."""


class Options(typing.TypedDict):
    """A dictionary with names, as a parameter may promise."""

    name: str


@pytest.mark.parametrize(
    ("hint", "values", "others"),
    [
        (float, [1, np.float32(1), np.int64(1)], [True, np.nan, "1", None, pd.NA]),
        (int, [1, np.uint8(1)], [1.0, np.True_]),
        (bool, [True, np.True_], [1, "yes"]),
        (typing.Literal["square"], ["square", np.str_("square"), "sqare"], [1]),
        (Path | str, ["a", np.str_("a"), Path("a"), InFolder("a")], [b"a", None]),
        (Sequence[str], [("a",), {"a"}, {"a": 1}.keys(), pd.Index(["a"]), pd.Series(["a"])],
         ["a", [1], (x for x in "a"), np.array("a"), {1: "a"}]),
        (Iterable[str], [(x for x in "ab"), map(str, [1])], ["a", 1]),
        (tuple[float, float], [(1, 2), [1, 2], np.array([1.0, 2.0])], [(1, 2, 3), (1, "2"), 1]),
        (tuple[int, ...], [(), (1, 2, 3)], [(1, "2")]),
        (Mapping[str, int], [{"a": 1}, {}], [{"a": "b"}, [1], "a"]),
        (NDArray[np.float64], [np.zeros(3)], [[0.0]]),
        (Grid[np.float64], [np.zeros(3)], [[0.0]]),
        (ArrayLike, [np.zeros(3), [1, 2], 1], []),
        (Options, [{"name": "a"}], [1]),
        (gpd.GeoDataFrame, [type("Own", (gpd.GeoDataFrame,), {})()], [pd.DataFrame()]),
        (model.AnyCrs, ["x", 6933, np.int64(6933), CRS(6933), rasterio.crs.CRS.from_epsg(6933)],
         [None, {"init": "epsg:6933"}]),
        (Callable[[int], int] | None, [abs, None], [1]),
        (type[int], [int], []),
    ],
)  # fmt: skip
def test_what_is_as_good_as_the_kind_that_is_promised_is_taken(hint, values, others):
    assert all(taken(hint, value) for value in values)
    for other in others:
        with pytest.raises(TypeError, match="one must be "):
            taken(hint, other)


def test_a_crs_and_a_path_of_another_library_do_what_ours_do(tmp_path):
    for crs in (np.int64(6933), CRS(6933), rasterio.crs.CRS.from_epsg(6933)):
        assert cu.read_hotspots(crs=crs).crs == CRS(6933)
        cells = cu.planning_units(_SHAPES["study_area"].to_crs(6933), crs=crs)
        assert cells.crs == CRS(6933)
    cu.read_hotspots()[["hotspot_id", "name_en", "geometry"]].to_file(tmp_path / "h.gpkg")
    assert len(cu.read_hotspots(InFolder(tmp_path / "h.gpkg"))) == 44
    assert cu.cache_beside(InFolder(tmp_path / "plan.toml")).folder.parent == tmp_path
    with pytest.raises(cu.InputError, match=r"crs: a coordinate system that PROJ knows"):
        cu.read_ranges(countries=cu.read_countries(), crs="nonsense")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_has_an_example_that_is_run(name):
    thing = getattr(cu, name)
    if not callable(thing) or name in WHOLE_ROUNDS:
        return
    assert ">>> " in inspect.getdoc(thing)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_can_be_pasted(name):
    # no name of an example comes from the module that it stands in
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(getattr(cu, name)) or "")
    nodes = list(ast.walk(ast.parse("".join(example.source for example in examples))))
    used_names = {node.id for node in nodes if isinstance(node, ast.Name)}
    bound = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    bound |= {n.asname or n.name for n in nodes if isinstance(n, ast.alias)}
    assert used_names <= bound | set(dir(builtins))


def test_whole_rounds_are_shown_in_the_notebooks():
    told = "".join(
        path.read_text(encoding="utf-8")
        for path in (Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb")
    )
    for name in ("collect", "with_sensitivity", "write_proposal", "unit_map"):
        assert f"cu.{name}(" in told


def test_there_are_four_kinds_of_error_and_all_are_one_family():
    errors = [
        thing
        for _, thing in inspect.getmembers(model, inspect.isclass)
        if issubclass(thing, Exception)
    ]
    assert set(errors) == {cu.ArgumentError, cu.CamiUnitsError, cu.InputError, cu.PlanError}
    assert all(issubclass(error, cu.CamiUnitsError) for error in errors)


def test_findings_show_themselves_as_marks_and_escape_what_comes_from_a_file():
    found = pd.DataFrame(
        {
            "site": "<b>x</b>",
            "criterion": ["G1", "C1", "C5"],
            "met": pd.array([True, False, None], dtype="boolean"),
        }
    )
    none = pd.DataFrame()
    shown = model.Findings(found, none, none, pd.DataFrame({"site": ["<b>x</b>"]}))._repr_html_()
    assert re.findall(r"<td>([✓✗?])</td>", shown) == ["✓", "✗", "?"]
    assert "&lt;b&gt;x" in shown
    assert "<b>x</b>" not in shown


def test_a_round_shows_its_units_by_rank():
    row = {name: ["" for _ in "ab"] for name in model._values._SHOWN}
    units = pd.DataFrame(
        row | {"unit_id": ["CU-001", "CU-002"], "rank": [2, 1], "score": [0.1, 0.9]}
    )
    done = model.Round(
        model.Imprint("<script>", "2026-11-22", "Round 00", "p"), {"conservation_units": units}, {}
    )
    shown = done._repr_html_()
    assert shown.index("CU-002") < shown.index("CU-001")
    assert "<script>" not in shown


STATES = gpd.GeoDataFrame(
    {"iso2": ["AA", "BB"], "range_state": True},
    geometry=[shapely.box(0, 0, 1e5, 1e5), shapely.box(1e5, 0, 2e5, 1e5)],
    crs=cu.EQUAL_AREA,
)
PARTS = STATES.assign(sci_name="fox", use="kept")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (STATES.drop(columns="iso2"), "countries has no column iso2"),
        (STATES.rename(columns={"range_state": "range_stat"}), "Did you mean 'range_stat'"),
        (STATES.assign(range_state=[True, None]), "1 rows of countries have no range_state: 1"),
        (STATES.assign(iso2="AA"), "iso2 must be unique in countries; repeated: AA"),
        (STATES.to_crs("EPSG:4326"), "must be in an equal-area CRS in metres, got EPSG:4326"),
        (STATES.to_crs("EPSG:3857"), "EPSG:3857 is none"),
        (STATES.set_crs(None, allow_override=True), "countries has no CRS: set one"),
        (STATES.set_geometry([STATES.geometry[0], None]), "1 of 2 rows of countries have no geometry: 1"),
    ],
)  # fmt: skip
def test_states_of_which_no_border_can_be_found_are_told(table, said):
    with pytest.raises(cu.InputError, match=said):
        cu.shared_borders(table)


def test_disputed_ground_and_a_tolerance_are_looked_at_too():
    with pytest.raises(cu.InputError, match=r"disputed is in EPSG:4326 and countries in"):
        cu.shared_borders(STATES, STATES.to_crs("EPSG:4326"))
    with pytest.raises(cu.InputError, match="0 km or more is expected, got -1"):
        cu.shared_borders(STATES, tolerance_km=-1)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (PARTS.drop(columns="use"), "ranges has no column use"),
        (PARTS.drop(columns="sci_name"), "ranges has no column sci_name"),
        (PARTS.to_crs("EPSG:3857"), "EPSG:3857 is none"),
        (
            PARTS.set_geometry([PARTS.geometry[0], None]),
            "1 of 2 rows of ranges have no geometry: 1",
        ),
    ],
)
def test_ranges_that_cannot_be_dissolved_are_told(table, said):
    with pytest.raises(cu.InputError, match=said):
        cu.features(table)


def test_a_reader_takes_no_system_that_keeps_no_areas():
    for crs in ("EPSG:4326", 3857, "nonsense"):
        with pytest.raises(cu.InputError, match=r"^crs: (an equal-area|a coordinate) system"):
            cu.read_countries(crs=crs)
        with pytest.raises(cu.InputError, match=r"^crs: (an equal-area|a coordinate) system"):
            cu.to_equal_area(STATES, crs)
        with pytest.raises(cu.InputError, match=r"^crs: (an equal-area|a coordinate) system"):
            cu.read_layers(cu.Reading(crs=str(crs).replace("3857", "EPSG:3857")))
    assert cu.read_hotspots(crs=6933).crs == cu.read_hotspots(crs="EPSG:6933").crs
    countries = cu.read_countries(crs=6933)
    assert cu.read_protected_areas(countries=countries).crs == countries.crs
    with pytest.raises(cu.InputError, match=r"'countries'.*its CRS is EPSG:6933, expected"):
        cu.read_ranges(countries=countries, crs=cu.EQUAL_AREA)
    # a column that is promised and there is not what was meant with another one
    with pytest.raises(cu.InputError, match=r"'species'.*column code, .* is missing\.$"):
        cu.read_ranges(species=pd.DataFrame({"sci_name": ["fox"]}))
    with pytest.raises(cu.InputError, match=r"missing says .* 'extant' or 'refuse', not 'no'"):
        cu.read_ranges(missing="no")


def test_a_file_of_which_nothing_is_used_is_refused_with_what_was_left_out(tmp_path):
    """Its advice is to look above: the reason stands there, and not in `check` alone."""
    lion = {"sci_name": ["Panthera leo"], "presence": 1, "origin": 1, "seasonal": 1}
    shape = gpd.GeoDataFrame(lion, geometry=[shapely.box(60, 44, 61, 45)], crs=4326)
    shape.to_file(tmp_path / "lion.gpkg")
    with pytest.raises(
        cu.InputError, match=r"(?s)1 problem stops.*Panthera leo.*no row of it is used"
    ):
        cu.read_ranges(tmp_path / "lion.gpkg")


def test_a_reading_is_looked_at_before_anything_is_read():
    with pytest.raises(
        cu.InputError, match=r"^Reading\(\) cannot be called so: states must be a list"
    ):
        cu.read_layers(cu.Reading(states="KZ"))
    with pytest.raises(
        cu.InputError, match=r"sources must be a dict of which each value is a list"
    ):
        cu.read_layers(cu.Reading(sources={"hotspots": "areas.kml"}))


def test_cards_say_what_they_cannot_be_made_of():
    with pytest.raises(cu.InputError, match=r"'conservation_units'.*column unit_id, name_en"):
        cu.unit_cards({}, pd.DataFrame())
    with pytest.raises(cu.InputError, match=r"Language 'xx' is unknown: en, .* are there"):
        cu.unit_cards({}, pd.DataFrame(), lang="xx")


def test_rows_and_columns_of_cells_are_whole_numbers_and_as_many():
    assert cu.pu_ids(412, 187) == ["R0412C0187"]
    assert cu.pu_ids(pd.array([1, 2], dtype="Int64"), pd.Series([3, 4])) == [
        "R0001C0003",
        "R0002C0004",
    ]
    for row, col in (([1], [1, 2]), (["1"], [2]), ([1.5], [2]), (None, [2]), ([[1]], [[2]])):
        with pytest.raises(cu.InputError, match="As many rows as columns are wanted, all whole"):
            cu.pu_ids(row, col)
