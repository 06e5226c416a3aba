"""What a cache may keep of a plan: layers, pieces and tables as the parts of an entry, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar

import pandas as pd

from cami_units import cache as keeping
from cami_units import layers
from cami_units.cache import Cache
from cami_units.model import Layers, Problem

Value = TypeVar("Value")


def grounded(cache: Cache, sources: Mapping[str, Any], reading: Mapping[str, Any]) -> Cache:
    """The cache for one set of input files, read in one way, by this program."""
    if cache.folder is None:
        return cache
    files = layers.input_hashes(sources)
    way = {name: _plain(value) for name, value in reading.items() if name != "sources"}
    return keeping.narrowed(cache, keeping.program_key(), files, way)


def kept_layers(cache: Cache, read: Callable[[], Layers]) -> Layers:
    """Cleaned layers, read again only when a file or the way of reading has changed."""

    def parts() -> dict[str, Any]:
        known = _parts(read())
        known["problems"] = [asdict(problem) for problem in known["problems"]]
        known["sources"] = [dict(source) for source in known["sources"]]
        return known

    found = dict(keeping.kept(cache, "layers", (), parts))
    found["problems"] = tuple(Problem(**problem) for problem in found["problems"])
    found["sources"] = tuple(found["sources"])
    return Layers(**found)


def kept_value(
    cache: Cache, kind: str, key: Any, of: type[Value], make: Callable[[], Value], **known: Any
) -> Value:
    """A dataclass of tables; `known` are the fields that are at hand already, and are not kept."""

    def parts() -> dict[str, Any]:
        return {name: part for name, part in _parts(make()).items() if name not in known}

    if cache.folder is None:
        return make()
    return of(**known, **keeping.kept(cache, kind, key, parts))


def kept_table(cache: Cache, kind: str, key: Any, make: Callable[[], Any]) -> Any:
    """One table."""
    return keeping.kept(cache, kind, key, lambda: {"table": make()})["table"]


def _parts(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _plain(value: Any) -> Any:
    """A value as something that a key can be made of."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, layers.TaxonRule):
        return _plain(asdict(value))
    return value if isinstance(value, pd.DataFrame | str | int | float | None) else str(value)
