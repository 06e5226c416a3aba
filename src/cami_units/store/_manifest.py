"""The manifest of a round: what it is, what went in and out of it, and which programs wrote it."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from functools import cache
from importlib.metadata import requires
from pathlib import Path, PurePath
from typing import Any, Final

import numpy as np

from cami_units.model import Imprint, InputError, Problem, Round, english_row, quoted, version_of
from cami_units.store._atomic_write import sha256
from cami_units.store._geopackage import GEOPACKAGE

MANIFEST: Final = "manifest.json"

VERSIONS: Final = "versions.txt"
"""Which programs wrote a round. In no hash: the same round made with others is the same round."""

FORMAT: Final = 1
"""The version of the layout of a round; a round of a later one is refused, not guessed at."""


@cache
def versions(gdal: str = "") -> str:
    """The versions of Python, of the libraries in C that measure and write, and of all we ask for.

    One line each, ours first. It is for whoever wonders why two machines do not agree. `gdal` is the
    version of GDAL, which else must be loaded to be asked.
    """
    import pyproj
    import shapely

    if not gdal:
        import pyogrio

        gdal = pyogrio.__gdal_version_string__
    requirements = [
        # extras are not on every machine
        requirement
        for requirement in requires("cami_units") or ()
        if "extra ==" not in requirement
    ]
    names = {re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in requirements}
    lines = [
        f"cami_units {version_of('cami_units')}",
        f"Python {platform.python_version()}",
        f"PROJ {pyproj.proj_version_str}",
        f"GEOS {shapely.geos_version_string}",
        f"GDAL {gdal}",
    ]
    lines += [f"{name} {version_of(name)}" for name in sorted(names, key=str.casefold)]
    return "\n".join(lines) + "\n"


def manifest_of(round: Round) -> dict[str, Any]:
    # what the sources are as values, its inputs say
    imprint = {name: value for name, value in asdict(round.imprint).items() if name != "cited"}
    return {**round.manifest, "format": FORMAT, "imprint": imprint}


def as_json(manifest: Mapping[str, Any]) -> bytes:
    """The bytes of a manifest: keys sorted, nothing that is no number."""
    text = json.dumps(
        manifest, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False, default=_plain
    )
    return (text + "\n").encode("utf-8", "replace")


def _plain(value: object) -> object:
    """A value as JSON has it; of a path its name only."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, PurePath):
        return value.name  # a folder says whose machine this was
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Problem):
        return english_row(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence | np.ndarray):
        return list(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"The manifest cannot hold a {type(value).__name__}: {value!r}")


_PARTS: Final[Mapping[str, type]] = {
    **dict.fromkeys(("imprint", "outputs", "plan", "profile"), dict),
    "inputs": list,
}
"""What the parts of a manifest are, where it has them: rounds of old lack some."""


def read_manifest(target: Path, named_path: Path) -> dict[str, Any]:
    """The manifest of a round, or why the folder is none."""
    path = target / MANIFEST
    if not target.exists():
        raise InputError.of("no folder of a round", folder=str(named_path))
    if not path.is_file():
        names = {"manifest": MANIFEST, "geopackage": GEOPACKAGE}
        raise InputError.of("not a round", folder=str(named_path), **names)
    try:
        manifest = json.loads(path.read_bytes())
        version = int(manifest["format"])
        for name, kind in _PARTS.items():
            if not isinstance(manifest.get(name, kind()), kind):
                raise TypeError(f"{name} is no {kind.__name__}")
        dict(manifest["imprint"])
        dict(manifest["outputs"])
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(named_path, f"{type(error).__name__}: {error}") from error
    if version > FORMAT:
        facts = {"version": version, "most": FORMAT}
        raise InputError.of("round of a later version", folder=str(named_path), **facts)
    return dict(manifest)


def imprint_of(fields: Mapping[str, Any], directory: Path) -> Imprint:
    """The imprint that a manifest holds."""
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()
    }
    try:
        return Imprint(**values)
    except TypeError as error:
        raise _damaged(directory, f"its imprint is not as expected: {error}") from error


def _damaged(directory: Path, what: str) -> InputError:
    """The refusal of a manifest that is not as written."""
    cause = quoted(what)
    return InputError.of("manifest damaged", file=MANIFEST, folder=str(directory), cause=cause)


# -- what travels beside files: checksums as `sha256sum` writes them, and small JSON ---------------

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
    if not (file := folder / SUMS).is_file() or file.stat().st_size > _MOST_SUMS:
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
    return InputError.of("file damaged", file=str(path), cause=type(error).__name__)
