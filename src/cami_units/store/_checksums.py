"""What travels beside files: checksums as `sha256sum` writes them, and small JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cami_units.model import InputError
from cami_units.store._atomic_write import sha256, staging
from cami_units.store._manifest import as_json

SUMS: Final = "SHA256SUMS.txt"

_SUM_LINE: Final = re.compile(r"([0-9a-f]{64}) [ *](\S.{0,500})")
_MOST_SUMS: Final = 1_000_000
"""Bytes of a list of checksums that is read: thousands of files."""


def write_sums(folder: Path) -> dict[str, int]:
    """Write the SHA-256 of every file below a folder beside them; each file with its size."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in files]
    lines = (f"{sha256(path)}  {name}\n" for path, name in zip(files, names, strict=True))
    (folder / SUMS).write_text("".join(lines), encoding="ascii", newline="\n")
    return {name: path.stat().st_size for path, name in zip(files, names, strict=True)}


def read_sums(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file that the list in a folder names; empty where there is no list."""
    file = folder / SUMS
    if not file.is_file() or file.stat().st_size > _MOST_SUMS:
        return {}
    lines = file.read_text(encoding="ascii", errors="replace").splitlines()
    matches = [match for line in lines if (match := _SUM_LINE.fullmatch(line.strip()))]
    return {match[2]: match[1] for match in matches}


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a mapping as JSON for people and programs: sorted, indented, the same bytes each time."""
    path.write_bytes(as_json(content))


def read_json(path: Path) -> Any:
    """What a JSON file holds.

    Raises
    ------
    InputError
        It is no JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise damaged_json(path, error) from error


def damaged_json(path: Path, error: Exception) -> InputError:
    """The words for a file whose JSON is not what it should be."""
    return InputError(
        f"'{path}' is damaged ({type(error).__name__}). Take an untouched copy, or make it again."
    )


def write_folder(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write a new folder of files that are at hand as bytes: all of them, or none.

    Raises
    ------
    InputError
        As :func:`cami_units.store.staging`.
    """
    with staging(directory) as folder:
        for name, content in files.items():
            (folder / name).write_bytes(content)
