"""Faults of a plan as pydantic finds them, in the words of the person who must mend them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import (
    BaseModel,
)
from pydantic_core import ErrorDetails

from cami_units.model import (
    listed,
    nearest,
)


def faults_in_one(file: Path, kind: str, faults: list[str]) -> str:
    number = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    lines = "\n".join(f"  - {fault}" + ("" if fault[-1] in ".?" else ".") for fault in faults)
    return (
        f"{file}: {number} in this {kind} file:\n{lines}\n"
        f"Every key is explained in the {kind}.toml that `cami-units init DIR` writes."
    )


def fault_in_words(detail: ErrorDetails, root: type[BaseModel]) -> str:
    """One fault as pydantic found it, in the words of the person who must mend it."""
    where = tuple(detail["loc"])
    place = _place(where)
    came = detail.get("input")
    match detail["type"]:
        case "extra_forbidden":
            return unknown_key(where, root)
        case "missing":
            return f"{place}: this is needed and is not there. Add it"
        case "literal_error" if where[-1:] == ("[key]",):
            allowed = _allowed(detail)
            hint = nearest(str(came), allowed)
            return f"{_place(where[:-1])}: unknown key.{hint} Known here: {listed(allowed, 20)}"
        case "literal_error":
            allowed = _allowed(detail)
            hint = nearest(str(came), allowed)
            return f"{place}: {_shown(came)} came, one of {listed(allowed, 20)} is expected.{hint}"
        case "value_error":
            reason = str(detail["msg"]).removeprefix("Value error, ")
            came_in_words = (
                "" if isinstance(came, BaseModel | dict | list) else f"{_shown(came)} came; "
            )
            return f"{place}: {came_in_words}{reason}"
        case "string_pattern_mismatch":
            return f"{place}: {_shown(came)} came, {_PATTERNS[str(detail['ctx']['pattern'])]}"
        case _:
            expected = str(detail["msg"])
            for ours, theirs in _EXPECTED.items():
                expected = expected.replace(ours, theirs)
            return f"{place}: {_shown(came)} came, {expected} is expected"


def unknown_key(where: tuple[int | str, ...], root: type[BaseModel]) -> str:
    known_keys = _known_keys(root, where[:-1])
    hint = nearest(str(where[-1]), known_keys)
    return f"{_place(where)}: unknown key.{hint} Known here: {listed(known_keys, 20)}"


_PATTERNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        r"^C[1-9][0-9]$": "the id of a further criterion is expected: C10 to C99",
        r"^[A-Z]{2}$": 'two capital letters of ISO 3166 are expected, such as "KZ"',
        r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$": "a group's name is expected: up to 40 letters (a-z), "
        "digits, - and _ (folders are named after it)",
    }
)
_EXPECTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Input should be a valid tuple": "a list [ … ]",
        "Input should be a valid dictionary or instance of ": "a table, ",
        "Input should be a valid dictionary": "a table",
        "Input should be a valid mapping": "a table",
        "Input should be a valid string": 'text in quotes "…"',
        "String should have at least 1 character": "some text",
        "Input should be a valid number": "a number",
        "Input should be a valid integer": "a whole number",
        "Input should be a valid boolean": "true or false",
        "Input should be a finite number": "a finite number",
        "Input is not a valid path for <class 'pathlib.Path'>": "a path in quotes",
        "Input should be greater than or equal to": "a number not below",
        "Input should be less than or equal to": "a number not above",
        "Input should be greater than": "a number above",
        "Input should be ": "",
    }
)


def _place(where: tuple[int | str, ...]) -> str:
    """``("study", "states", 2)`` as ``[study] states, item 3``."""
    words = [part for part in where if part != "[key]" and not _is_inner(part)]
    depth = next((i for i, part in enumerate(words) if isinstance(part, int)), len(words))
    tables, rest = [str(part) for part in words[:depth]], words[depth:]
    items = "".join(f", item {part + 1}" if isinstance(part, int) else f", {part}" for part in rest)
    if not tables:
        return "the file"
    table = f"[{'.'.join(tables[:-1])}] " if len(tables) > 1 else ""
    return f"{table}{tables[-1]}{items}"


def _is_inner(part: int | str) -> bool:
    """Whether pydantic speaks of a branch of a type here, and of nothing in the file."""
    return isinstance(part, str) and (part.startswith(("tuple[", "function-", "lax-or-strict")))


def _shown(came: object) -> str:
    """What came, as it stands in the file; a long text is cut."""
    if isinstance(came, bool):
        return str(came).lower()
    if isinstance(came, str):
        return f'"{came}"' if len(came) <= 60 else f'"{came[:57]}…"'
    if isinstance(came, dict):
        return "a table"
    if isinstance(came, list):
        return "a list"
    return str(came)


def _allowed(detail: ErrorDetails) -> list[str]:
    text = str(detail["ctx"]["expected"]).replace(" or ", ", ")
    return [word.strip().strip("'") for word in text.split(", ")]


def _known_keys(root: type[BaseModel], where: tuple[int | str, ...]) -> list[str]:
    """The keys that a table may have, in the order of the contract."""
    section: Any = root
    for part in where:
        if isinstance(part, str) and (inner_section := _inside(section, part)) is not None:
            section = inner_section
    # a field that is excluded is made while reading: it is no key of the file
    fields = section.model_fields.items()
    return [field.alias or name for name, field in fields if not field.exclude]


def _inside(table: type[BaseModel], key: str) -> type[BaseModel] | None:
    """The table behind a key; for the free keys of a mapping (a taxon's name), the table itself."""
    field = table.model_fields.get(key)
    return None if field is None else next(_tables(field.annotation), None)


def _tables(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and not get_origin(kind) and issubclass(kind, BaseModel):
        yield kind
    elif get_origin(kind) in (Union, UnionType, tuple, Annotated) or get_args(kind):
        for inner in get_args(kind):
            yield from _tables(inner)
