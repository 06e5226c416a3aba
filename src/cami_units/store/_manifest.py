"""The manifest of a round: what it is, what went in and out of it, and which programs wrote it."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from importlib.metadata import requires, version
from pathlib import Path, PurePath
from typing import Any, Final

import numpy as np
import pyogrio
import pyproj
import shapely

from cami_units.model import Imprint, InputError, Round
from cami_units.store._geopackage import GEOPACKAGE

MANIFEST: Final = "manifest.json"

VERSIONS: Final = "versions.txt"
"""Which programs wrote a round. In no hash: the same round made with others is the same round."""

FORMAT: Final = 1
"""The version of the layout of a round; a round of a later one is refused, not guessed at."""


def versions() -> str:
    """The versions of Python, of the libraries in C that measure and write, and of all we ask for.

    One line each, ours first. It is for whoever wonders why two machines do not agree.
    """
    requirements = [
        requirement for requirement in requires("cami_units") or () if "extra ==" not in requirement
    ]
    names = {re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in requirements}
    lines = [
        f"cami_units {version('cami_units')}",
        f"Python {platform.python_version()}",
        f"PROJ {pyproj.proj_version_str}",
        f"GEOS {shapely.geos_version_string}",
        f"GDAL {pyogrio.__gdal_version_string__}",
    ]
    lines += [f"{name} {version(name)}" for name in sorted(names, key=str.casefold)]
    return "\n".join(lines) + "\n"


def manifest_of(round: Round) -> dict[str, Any]:
    return {**round.manifest, "format": FORMAT, "imprint": asdict(round.imprint)}


def as_json(manifest: Mapping[str, Any]) -> bytes:
    text = json.dumps(
        manifest, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False, default=_plain
    )
    return (text + "\n").encode("utf-8", "replace")


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, PurePath):
        return value.name  # a folder says whose machine this was
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence | np.ndarray):
        return list(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"The manifest cannot hold a {type(value).__name__}: {value!r}")


def read_manifest(target: Path, named_path: Path) -> dict[str, Any]:
    path = target / MANIFEST
    if not target.exists():
        raise InputError(f"There is no folder '{named_path}'. Name the folder of a round.")
    if not path.is_file():
        raise InputError(
            f"'{named_path}' is not a round: it has no {MANIFEST}. Name the folder that holds "
            f"{GEOPACKAGE} and {MANIFEST}."
        )
    try:
        manifest = json.loads(path.read_bytes())
        version = int(manifest["format"])
        dict(manifest["imprint"])
        dict(manifest["outputs"])
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(named_path, f"{type(error).__name__}: {error}") from error
    if version > FORMAT:
        raise InputError(
            f"The round in '{named_path}' was written by a later version of cami_units (layout "
            f"{version}; this one reads up to {FORMAT}). Update cami_units."
        )
    return dict(manifest)


def imprint_of(fields: Mapping[str, Any], directory: Path) -> Imprint:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()
    }
    try:
        return Imprint(**values)
    except TypeError as error:
        raise _damaged(directory, f"its imprint is not as expected: {error}") from error


def _damaged(directory: Path, what: str) -> InputError:
    return InputError(
        f"{MANIFEST} in '{directory}' is damaged ({what}). Take an untouched copy of the round, "
        "or move this folder away and make the round again."
    )
