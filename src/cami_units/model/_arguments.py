"""What a public function takes: its own signature, held against what it is handed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from inspect import Parameter, signature
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import (
    Any,
    Final,
    Literal,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import numpy as np

from cami_units.model._crs import WrittenCrs
from cami_units.model._errors import ArgumentError, faults_said, hints_behind, listed


def check_arguments(verb: Callable[..., object], arguments: Mapping[str, Any]) -> None:
    """Refuse arguments that are of another kind than the signature of a public function says.

    Parameters
    ----------
    verb : callable
        The function itself, whose annotations are its promise.
    arguments : mapping
        What it was called with, by the names of its parameters: its ``locals()`` on its first line.

    Raises
    ------
    ArgumentError
        With every fault at once: what was expected, what came, and what gives such a thing.

    Examples
    --------
    >>> def half(cell_km: float) -> float:
    ...     check_arguments(half, locals())
    ...     return cell_km / 2
    >>> half(25), half("25")
    Traceback (most recent call last):
        ...
    cami_units.model.ArgumentError: half() cannot be called so: cell_km must be a number, got '25'.
    """
    faults: list[str] = []
    for name, hint, kind in _parameters(verb):
        if kind is Parameter.VAR_KEYWORD:
            faults += _option_faults(arguments[name], hint)
        elif kind is Parameter.VAR_POSITIONAL:
            faults += [
                _fault(name, value, hint) for value in arguments[name] if not _fits(value, hint)
            ]
        elif not _fits(arguments[name], hint):
            faults.append(_fault(name, arguments[name], hint))
    if faults:
        raise ArgumentError(f"{verb.__name__}() cannot be called so: {faults_said(faults)}")


@cache
def _parameters(verb: Callable[..., object]) -> list[tuple[str, Any, Any]]:
    """Name, promise and kind of each parameter of a function."""
    hints = get_type_hints(verb)
    parameters = signature(verb).parameters
    return [(name, hints[name], parameter.kind) for name, parameter in parameters.items()]


@cache
def _options(hint: Any) -> dict[str, Any]:
    """The options that a function takes by name: those of the dictionary that it unpacks."""
    return get_type_hints(get_args(hint)[0], include_extras=True)


def _option_faults(options: Mapping[str, Any], hint: Any) -> list[str]:
    """Options that are unknown, missing or of another kind."""
    known_options = _options(hint)
    unknown = [name for name in options if name not in known_options]
    faults = []
    if unknown:
        hints = hints_behind(unknown, known_options)
        faults.append(f"it takes {listed(known_options, 20)}, no {listed(unknown)}{hints}")
    for name, promise in known_options.items():
        kind = get_args(promise)[0] if get_origin(promise) is Required else promise
        if name in options and not _fits(options[name], kind):
            faults.append(_fault(name, options[name], kind))
        elif name not in options and kind is not promise:
            faults.append(f"{name} is missing")
    return faults


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of the kind that an annotation names; of one that says too little, any is."""
    hint = _written_out(hint)
    origin, parts = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin in (Union, UnionType):
        return any(_fits(value, part) for part in parts)
    if origin is Literal:
        # of a word that is none of those there are each function says which was perhaps meant
        return isinstance(value, tuple(map(type, parts)))
    if _is_list(origin):
        return _holds(value, origin, parts)
    if origin in (Callable, np.ndarray):
        return isinstance(value, origin)
    return _is_one(value, hint)


def _written_out(hint: Any) -> Any:
    """What an annotation stands for where it is a named one, as NDArray is from numpy 2.5 on."""
    return getattr(get_origin(hint), "__value__", hint)


def _is_one(value: Any, hint: Any) -> bool:
    """Whether a value is of a kind that holds nothing else."""
    if hint is float or hint is int:
        number: Any = Real if hint is float else Integral
        return isinstance(value, number) and not isinstance(value, bool) and value == value
    if hint is bool:
        return isinstance(value, bool | np.bool_)
    if hint is Path or is_typeddict(hint):
        return isinstance(value, PathLike if hint is Path else Mapping)
    is_vague = getattr(hint, "_is_protocol", False) and not getattr(hint, "_is_runtime_protocol", 0)
    return is_vague or not isinstance(hint, type) or isinstance(value, hint)


def _is_list(origin: Any) -> bool:
    """Whether an annotation says of which kind each thing is that a list or a mapping holds."""
    return isinstance(origin, type) and issubclass(origin, Iterable) and origin is not np.ndarray


def _holds(value: Any, origin: type, parts: tuple[Any, ...]) -> bool:
    """Whether a value is a list or a mapping, and what is in it of the kind that an annotation names."""
    if issubclass(origin, Mapping):
        # mappings of ours fetch what they hold when it is asked for
        is_plain = isinstance(value, dict | MappingProxyType)
        held_values = value.values() if is_plain else ()
        return isinstance(value, origin) and all(_fits(held, parts[1]) for held in held_values)
    if not _is_collection(value):
        return (
            origin is Iterable and isinstance(value, Iterable) and not isinstance(value, Collection)
        )
    if _is_of_length(origin, parts):
        return len(value) == len(parts) and all(map(_fits, value, parts))
    return all(_fits(held, parts[0]) for held in value)


def _is_of_length(origin: type, parts: tuple[Any, ...]) -> bool:
    """Whether an annotation says how many things it names: a tuple without an ellipsis."""
    return origin is tuple and Ellipsis not in parts


_KINDS: Final[Mapping[Any, str]] = {
    float: "a number",
    int: "a whole number",
    bool: "True or False",
    str: "a text",
    bytes: "bytes",
    Path: "a path",
    WrittenCrs: "a CRS",
    NoneType: "None",
}

_MAKERS: Final[Mapping[str, str]] = {
    "Plan": "cu.read_plan(…)",
    "Profile": "cu.read_profile(…)",
    "Layers": "cu.load(…)",
    "Pieces": "cu.cut(…)",
    "Cells": "cu.score_cells(…)",
    "Assessed": "cu.assess_sites(…)",
    "Findings": "cu.assess_sites(…).findings",
    "Round": "cu.read_round(…) or cu.propose(…)",
    "Reading": "cu.Reading(…)",
    "Cache": "cu.cache_beside(…)",
}
"""What gives a thing, by the name of its kind."""


def _kind_name(hint: Any) -> str:
    """The kind that an annotation names, in words."""
    hint = _written_out(hint)
    origin, parts = get_origin(hint), get_args(hint)
    if hint in _KINDS:
        return _KINDS[hint]
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(map(_kind_name, parts)))
    if origin is Literal:
        return " or ".join(map(repr, parts))
    if _is_list(origin) and issubclass(origin, Mapping):
        return f"a dict of which each value is {_kind_name(parts[1])}"
    if _is_list(origin):
        count = f" of {len(parts)}" if _is_of_length(origin, parts) else ""
        return f"a list{count}, each {_kind_name(parts[0])}"
    if origin is np.ndarray:
        return "an array"
    if not isinstance(hint, type):
        return "a function"
    return f"{'an' if hint.__name__[0] in 'AEIOU' else 'a'} {hint.__name__}"


def _fault(name: str, value: Any, hint: Any) -> str:
    """What was expected for a parameter, what came, and what gives such a thing."""
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    makers = [_MAKERS[kind.__name__] for kind in kinds if getattr(kind, "__name__", "") in _MAKERS]
    cure = f": {makers[0]} gives one" if makers else ""
    return f"{name} must be {_kind_name(hint)}, got {_came(value, kinds)}{cure}"


def _came(value: Any, kinds: tuple[Any, ...] = ()) -> str:
    """A value as it was typed where that is short, else what it is, with the first thing that is odd in it."""
    is_plain = value is None or isinstance(value, str | float | int)
    if is_plain and len(repr(value)) < 40:
        return repr(value)
    odd = ""
    if _is_collection(value):
        is_dict = isinstance(value, dict)
        held_values = value.items() if is_dict else enumerate(value)
        lists = (kind for kind in kinds if _is_list(get_origin(kind)))
        of_its_sort = (kind for kind in lists if issubclass(get_origin(kind), Mapping) == is_dict)
        promise = next((get_args(kind)[is_dict] for kind in of_its_sort), Any)
        odd_values = ((place, held) for place, held in held_values if not _fits(held, promise))
        odd = next((f" with {_came(held)} at {place!r}" for place, held in odd_values), "")
    return f"{type(value).__name__}{odd}"


def _is_collection(value: Any) -> bool:
    """Whether there are things in a value that can be looked at, and are there still afterwards."""
    is_one = isinstance(value, str | bytes) or not getattr(value, "ndim", 1)
    return isinstance(value, Collection) and not is_one
