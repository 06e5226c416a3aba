"""The notebooks: kept without outputs, each runs from a clean start with the network cut."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((CHECKOUT / "notebooks").glob("*.ipynb"))

CUT = """\
import socket

connect, ask = socket.socket.connect, socket.getaddrinfo


def local(host):
    return str(host) in ("127.0.0.1", "::1", "localhost", "")


def only_local(self, address):
    if isinstance(address, tuple) and not local(address[0]):
        raise OSError(f"the network is cut: {address}")
    return connect(self, address)


def ask_local(host, *rest, **more):
    if host is not None and not local(host):
        raise OSError(f"the network is cut: {host}")
    return ask(host, *rest, **more)


socket.socket.connect, socket.getaddrinfo = only_local, ask_local
"""


def test_there_are_eight_stories_in_order():
    assert [path.name[:2] for path in NOTEBOOKS] == [f"{n:02d}" for n in range(1, 9)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs_and_says_what_it_is_about(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert notebook["cells"][0]["cell_type"] == "markdown"
    assert "".join(notebook["cells"][0]["source"]).startswith(f"# {int(path.name[:2])} · ")
    assert not any("widgets" in cell["metadata"] for cell in notebook["cells"])


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_with_the_network_cut(path, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(CUT, encoding="utf-8")
    probe = "import socket; socket.create_connection(('192.0.2.1', 80), 1)"
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    refused = subprocess.run(
        [sys.executable, "-c", probe], env=environment, capture_output=True, text=True
    )
    assert "the network is cut" in refused.stderr
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--nbmake", "--nbmake-timeout=280", "-q"),
            *("-p", "no:cacheprovider", "-p", "no:xdist", "-W", "default", path),
        ],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:]
