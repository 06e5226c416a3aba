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
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest

import cami_units as cu
from cami_units import model

NAMES = list(cu.__all__)
VERBS = [name for name in NAMES if inspect.isroutine(getattr(cu, name))]
WHOLE_ROUNDS = {
    *("assess", "collect", "with_sensitivity", "write_proposal", "write_kml", "write_map"),
    *("unit_map", "write_overlaps", "draw_map", "with_fences"),
    "write_richness",
}
"""They work on a whole round or write one: their examples are the notebooks."""

PROMISED = """
EQUAL_AREA CamiUnitsError InputError PlanError Reading
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


def test_there_are_three_kinds_of_error_and_all_are_one_family():
    errors = [
        thing
        for _, thing in inspect.getmembers(model, inspect.isclass)
        if issubclass(thing, Exception)
    ]
    assert set(errors) == {cu.CamiUnitsError, cu.InputError, cu.PlanError}
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
