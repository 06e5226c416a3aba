"""The shape of the house: who imports whom, and what importing costs."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Collection
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import cami_units

CHECKOUT = Path(__file__).resolve().parents[1]
ROOMS = sorted(
    path.stem
    for path in (CHECKOUT / "src" / "cami_units").iterdir()
    if (path.suffix == ".py" or (path / "__init__.py").is_file()) and not path.stem.startswith("_")
)


def test_the_contracts_of_the_star_hold():
    script = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stdout.decode()


def modules_of(file: Path, modules: Collection[str]) -> set[str]:
    """The modules of the package that a file imports, at its head or late; not for its types alone."""
    tree = ast.parse(file.read_text("utf-8"))
    for_types = {
        id(late)
        for one in ast.walk(tree)
        if isinstance(one, ast.If) and getattr(one.test, "id", "") == "TYPE_CHECKING"
        for late in ast.walk(one)
    }
    imported = (
        (f"{one.module}.{alias.name}", one.module)
        for one in ast.walk(tree)
        if isinstance(one, ast.ImportFrom) and id(one) not in for_types
        for alias in one.names
    )
    # of "from cami_units import words" the module, not the package whose face it stands behind
    return {next((name for name in names if name in modules), "") for names in imported} - {""}


def test_no_file_imports_itself_by_way_of_another_not_even_late():
    """An import inside a function hides a circle from Python, and not from who reads both files."""
    source = CHECKOUT / "src"
    files = {
        ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__"): path
        for path in (source / "cami_units").rglob("*.py")
    }
    imports = {name: modules_of(path, files) for name, path in files.items()}
    assert len(imports["cami_units.commands.collect"]) > 10
    assert "cami_units.commands._next_round" in imports["cami_units.commands.decide"]  # late
    assert len([*TopologicalSorter(imports).static_order()]) == len(files)


def test_there_is_no_room_for_odds_and_ends():
    assert not {"utils", "util", "helpers", "common", "misc", "base", "core"} & set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_says_what_it_is_for(room):
    path = CHECKOUT / "src" / "cami_units" / room
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    assert file.read_text(encoding="utf-8").lstrip().startswith(('"""', 'r"""'))


def test_importing_the_package_does_nothing_but_import():
    script = (
        "import sys, os\n"
        "before = set(os.listdir('.'))\n"
        "import cami_units\n"
        "assert 'matplotlib' not in sys.modules and 'typer' not in sys.modules\n"
        "assert set(os.listdir('.')) == before\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_what_is_promised_is_there_and_explained():
    promised = [name for name in getattr(cami_units, "__all__", ()) if not name.startswith("_")]
    assert len(promised) == len(set(promised)) > 40  # ruff keeps them sorted
    for name in promised:
        thing = getattr(cami_units, name)
        if callable(thing):
            assert inspect.getdoc(thing), f"{name} has no docstring"


TOUCHES_FILES = {
    "open",
    "read_text",
    "read_bytes",
    "write_text",
    "write_bytes",
    "copyfile",
    "rmtree",
}
AT_THE_DOORS = {
    *(
        "layers",
        "kml",
        "webmap",
        "figures",
        "documents",
        "store",
        "plan",
        "cache",
        "cli",
        "phrases",
    ),
    "backdrop",  # its own bundled pictures
}


OF_PACKAGES = {
    "model/_codes.py": {"read_text"},  # tables that rooms keep as TOML
    "model/_values.py": {"read_text"},  # the version of a library, of what Python knows of it
    "qgis/qgis.py": {"read_bytes"},  # the page of a unit as QGIS keeps it
}
"""Where a file is read that is a part of an installed package, as code is."""


@pytest.mark.parametrize("room", sorted(set(ROOMS) - AT_THE_DOORS))
def test_rooms_that_compute_or_compose_read_and_write_no_file(room):
    path = CHECKOUT / "src" / "cami_units" / room
    for file in sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]:
        calls = [
            one for one in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(one, ast.Call)
        ]
        called = {getattr(one.func, "attr", getattr(one.func, "id", "")) for one in calls}
        touching = called & TOUCHES_FILES - OF_PACKAGES.get(f"{room}/{file.name}", set())
        assert not touching, f"{file.name} reads or writes by itself"


def test_what_is_fetched_late_stands_in_nobodys_way():
    """A stand-in for a module of another library is found by all others: `import PIL.Image` binds nothing."""
    code = "import cami_units.backdrop, PIL.Image; print(PIL.Image.open.__name__)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "open"
