"""What is handed out: a wheel and an sdist that hold what they should, and a demo run from the wheel."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = CHECKOUT / "requirements-ci.lock"


def names(requirements) -> set[str]:
    found = (re.match(r"[A-Za-z0-9._-]+", one) for one in requirements)
    return {re.sub(r"[-_.]+", "-", one.group()).casefold() for one in found if one}


def pinned() -> dict[str, str]:
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {re.sub(r"[-_.]+", "-", name).casefold(): version for name, version in pins}


def test_every_dependency_has_a_lower_bound():
    extras = [one for group in PROJECT["optional-dependencies"].values() for one in group]
    bare = [one for one in [*PROJECT["dependencies"], *extras] if not re.search("[><=~]", one)]
    assert [one for one in bare if not one.startswith("cami_units[")] == []


def test_the_lock_pins_everything_that_the_project_asks_for():
    asked = names(PROJECT["dependencies"])
    for group in ("test", "notebook", "docs"):
        asked |= names(PROJECT["optional-dependencies"][group])
    assert asked - set(pinned()) == set()


def test_importing_is_quiet_and_imports_no_room():
    code = (
        "import sys, cami_units; "
        "print(sorted(m for m in sys.modules if m.split('.')[0] in "
        "('numpy', 'pandas', 'geopandas', 'shapely', 'numba', 'folium', 'matplotlib', 'lxml')))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_citation_file_names_title_version_and_licence():
    text = (CHECKOUT / "CITATION.cff").read_text(encoding="utf-8")
    for key in ("cff-version", "title", "version", "license", "authors", "message"):
        assert re.search(rf"^{key}:", text, flags=re.MULTILINE), key
    assert PROJECT["license"] in text


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    for kind in ("wheel", "sdist"):
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)],
            cwd=CHECKOUT,
            check=True,
            capture_output=True,
        )
    [wheel] = folder.glob("*.whl")
    [sdist] = folder.glob("*.tar.gz")
    return wheel, sdist


def test_the_wheel_holds_the_package_its_types_and_its_data_and_nothing_else(built):
    with zipfile.ZipFile(built[0]) as archive:
        inside = set(archive.namelist())
    assert "cami_units/py.typed" in inside
    assert "cami_units/data/plan.toml" in inside
    assert "cami_units/data/ranges/Saiga_tatarica.geojson" in inside
    assert any(name.startswith("cami_units/webmap/") and name.endswith(".js") for name in inside)
    top = {name.split("/")[0] for name in inside}
    assert top == {"cami_units", f"cami_units-{PROJECT['version']}.dist-info"}
    assert not [name for name in inside if "__pycache__" in name or name.endswith(".nbi")]


def test_the_sdist_holds_what_is_needed_to_build_test_and_document_it(built):
    with tarfile.open(built[1]) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    for name in (
        *("pyproject.toml", "README.md", "Makefile", "CITATION.cff", "mkdocs.yml"),
        *("requirements-ci.lock", "tests/conftest.py", "docs/method.md", "data/plan.toml"),
        *("notebooks/01_look_at_the_ranges.ipynb", "scripts/docs_site.py", ".importlinter"),
    ):
        assert name in inside, name
    assert not [name for name in inside if name.startswith(("rounds", ".venv", "site/"))]


@pytest.mark.slow
def test_the_demo_runs_from_the_wheel_in_an_environment_of_its_own(built, tmp_path):
    """The wheel is the only cami_units there; what it needs is borrowed from this environment."""
    home = tmp_path / "clean"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    where = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    with zipfile.ZipFile(built[0]) as archive:
        archive.extractall(where)
    libraries = Path(where) / "borrowed.pth"
    [borrowed] = {
        path for path in sys.path if path.endswith("site-packages") and Path(path).is_dir()
    } - {where}
    libraries.write_text(borrowed + "\n", encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    seen = subprocess.run(
        [python, "-c", "import cami_units; print(cami_units.__file__)"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout.strip().startswith(str(home))
    subprocess.run(
        [python, "-m", "cami_units", "propose", "--out", "round", "--quiet"],
        cwd=tmp_path,
        env=environment,
        check=True,
        timeout=280,
    )
    manifest = json.loads((tmp_path / "round" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["version"] == PROJECT["version"]
    assert (tmp_path / "round" / "map.html").is_file()
