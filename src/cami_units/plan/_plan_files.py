"""`plan.toml` and `criteria.toml` opened, looked at, and every fault named in one message."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    ValidationError,
)
from pydantic_core import ErrorDetails

from cami_units import model
from cami_units.model import (
    PlanError,
    Profile,
    listed,
    nearest,
)
from cami_units.plan._plan_keys import Plan


def read_plan(path: Path | str | None = None) -> Plan:
    """The plan of a file, with the criteria profile that it names.

    Parameters
    ----------
    path : path, optional
        A `plan.toml`. ``None``: the bundled plan of the demonstration.

    Raises
    ------
    PlanError
        With every fault of the plan *and* of its profile: the file cannot be read, is no TOML, has
        an unknown key or table (the nearest known one is named), a value of the wrong kind or out of
        range, a coordinate system that is not equal-area, a section given to two groups.

    Examples
    --------
    >>> import cami_units as cu
    >>> plan = cu.read_plan(None)
    >>> plan.study.cell_km, len(plan.study.states)
    (25.0, 14)
    """
    file = Path(path) if path is not None else model.data_dir() / "plan.toml"
    content = _toml(file, "plan")
    # fields that are made while reading are no keys of the file, though the class has them
    faults = [unknown_key((key,), Plan) for key in _MADE if key in content]
    criteria_section = content.get("criteria")
    named = criteria_section.get("profile") if isinstance(criteria_section, dict) else None
    profile_file = file.parent / named if isinstance(named, str) and named else None
    profile: Profile | None = None
    profile_written: Mapping[str, Any] = {}
    profile_fault = ""
    try:
        profile, profile_written = _profile(profile_file)
    except PlanError as error:
        profile_fault = str(error)
    # a profile that cannot be read does not hide the faults of the plan: a stand-in takes its place
    made_values = {
        "profile": profile or Profile(name="unreadable", status="operational proxy"),
        "file": file.name,
        # the manifest is JSON, which has no dates
        "as_written": content | {"date": str(content.get("date", ""))},
        "profile_as_written": profile_written,
    }
    try:
        plan = Plan.model_validate(
            {key: value for key, value in content.items() if key not in _MADE} | made_values
        )
    except ValidationError as error:
        faults += [fault_in_words(detail, Plan) for detail in error.errors()]
    messages = [faults_in_one(file, "plan", faults)] if faults else []
    messages += [profile_fault] if profile_fault else []
    if messages:
        raise PlanError("\n".join(messages))
    return _resolved(plan, file.parent)


def stored_plan(plan: Mapping[str, Any], profile: Mapping[str, Any]) -> Plan:
    """The plan of a round, from its manifest; no file is opened, and its paths lead nowhere.

    Parameters
    ----------
    plan, profile : mapping
        The two files as plain mappings: what :class:`Plan` calls `as_written`.

    Raises
    ------
    PlanError
        With every fault, as in :func:`read_plan`.
    """
    try:
        rules = Profile.model_validate(profile)
        return Plan.model_validate(
            {
                **{key: value for key, value in plan.items() if key not in _MADE},
                "profile": rules,
                "file": "manifest.json",
                "as_written": dict(plan),
                "profile_as_written": dict(profile),
            }
        )
    except ValidationError as error:
        faults = [fault_in_words(detail, Plan) for detail in error.errors()]
        raise PlanError(faults_in_one(Path("manifest.json"), "plan", faults)) from None


def read_profile(path: Path | str | None = None) -> Profile:
    """The criteria of a file.

    Parameters
    ----------
    path : path, optional
        A `criteria.toml`. ``None``: the bundled operational proxy criteria.

    Returns
    -------
    Profile
        A number the file leaves out is ``None``: see :func:`cami_units.model.unfilled`.

    Raises
    ------
    PlanError
        With every fault: as in :func:`read_plan`; and a status "official" without its reference, a
        score weight without a reference maximum, a counted evidence grade without a worth.

    Examples
    --------
    >>> import cami_units as cu
    >>> profile = cu.read_profile()
    >>> profile.name, profile.C1.min_species
    ('operational proxy criteria', 3)
    """
    return _profile(Path(path) if path is not None else None)[0]


_MADE: Final = ("profile", "file", "folder", "as_written", "profile_as_written")


def _profile(path: Path | None) -> tuple[Profile, Mapping[str, Any]]:
    """The criteria of a file, and the file as written."""
    file = path if path is not None else model.data_dir() / "criteria.toml"
    content = _toml(file, "criteria")
    try:
        profile = Profile.model_validate(content)
    except ValidationError as error:
        faults = [fault_in_words(detail, Profile) for detail in error.errors()]
    else:
        faults = list(_contradictions(profile))
    if faults:
        raise PlanError(faults_in_one(file, "criteria", faults))
    return profile, content


def _contradictions(profile: Profile) -> Iterator[str]:
    """What a profile says in one place and takes back in another."""
    if profile.status == "official" and not profile.reference.strip():
        yield (
            'status is "official" without a reference: official criteria are those of a document. '
            'Give reference = "…", or say status = "operational proxy"'
        )
    known_criteria = (*model.CRITERIA, *sorted(profile.further))
    for key in ("any_of", "evidence"):
        for number, word in enumerate(getattr(profile.decision, key) or (), start=1):
            if word not in known_criteria:
                yield (
                    f'[decision] {key}, item {number}: "{word}" came, one of {listed(known_criteria, 20)} is '
                    f"expected.{nearest(word, known_criteria)}"
                )
    yield from _contradictions_of_grades(profile)
    yield from _contradictions_of_weights(profile)
    yield from _contradictions_of_scores(profile)


def _contradictions_of_grades(profile: Profile) -> Iterator[str]:
    """Grades of evidence that count and have no worth."""
    c5 = profile.C5
    if c5.grades is not None:
        for table, words in (("C5", c5.counted_grades), ("G2", profile.G2.crossing_grades)):
            strange = [word for word in words or () if word not in c5.grades]
            if strange:
                key = "counted_grades" if table == "C5" else "crossing_grades"
                yield (
                    f"[{table}] {key}: grade {listed(strange)} has no worth in [C5] grades "
                    f"({listed(c5.grades, 9)}). Add it there, or take it out here"
                )


def _contradictions_of_weights(profile: Profile) -> Iterator[str]:
    """Categories of the Red List that count and have no weight."""
    c2 = profile.C2
    if c2.weights is not None:
        if c2.unknown_counts_as is not None and c2.unknown_counts_as not in c2.weights:
            yield (
                f"[C2] unknown_counts_as: '{c2.unknown_counts_as}' has no weight in [C2] weights "
                f"({listed(c2.weights, 9)}). Name one of those"
            )
        strange = [word for word in c2.or_categories if word not in c2.weights]
        if strange:
            yield (
                f"[C2] or_categories: {listed(strange)} has no weight in [C2] weights "
                f"({listed(c2.weights, 9)}). Add it there, or take it out here"
            )


def _contradictions_of_scores(profile: Profile) -> Iterator[str]:
    """Weights without a maximum, or that add up to nothing; tiers that leave units out."""
    score = profile.score
    if score.weights is not None:
        bare = sorted(set(score.weights) - set(score.maxima or score.weights))
        if bare:
            yield (
                f"[score] maxima: {listed(bare)} has a weight and no reference maximum. Add it, "
                "or take its weight out"
            )
        if sum(score.weights.values()) <= 0:
            yield "[score] weights: all are 0, so nothing can be scored. Give one a weight above 0"
    if score.tiers is not None and 0 not in score.tiers.values():
        yield "[score] tiers: the lowest tier must begin at 0, or some units have none"


def _toml(file: Path, kind: str) -> dict[str, Any]:
    """The file as a mapping, or a PlanError that says why not."""
    cure = f"`cami-units init DIR` writes a {kind}.toml that explains itself"
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        near = nearest(file.name, _tomls(file.parent))
        raise PlanError(f"{file}: there is no such file.{near} {cure}.") from None
    except IsADirectoryError:
        toml_files = listed(_tomls(file))
        hint = f" It holds {toml_files}: name that file." if toml_files else ""
        raise PlanError(f"{file}: a {kind} file is expected, this is a folder.{hint}") from None
    except OSError as error:
        if file.is_dir():  # Windows says "permission denied" of a folder
            raise PlanError(f"{file}: a {kind} file is expected, this is a folder.") from None
        raise PlanError(f"{file}: the file cannot be read ({error.strerror or error}).") from None
    try:
        # Notepad puts a byte order mark before UTF-8, which TOML has no place for
        content = _parsed(raw.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise PlanError(
            f"{file}: line {line} is not UTF-8 text. Save the file as UTF-8 (in Notepad: Save as, "
            "Encoding: UTF-8)."
        ) from None
    except tomllib.TOMLDecodeError as error:
        # "C:\Users" is an escape with eight digits to TOML, and anything else a wrong one
        is_path = re.search("escape|hex", str(error), re.IGNORECASE)
        hint = (
            _SLASHES
            if is_path
            else "Text stands in quotes, lists in [ ], and each key appears once."
        )
        raise PlanError(f"{file}: this is not TOML: {error}. {hint}") from None
    except RecursionError:
        raise PlanError(f"{file}: this is no {kind} file: it is nested too deeply.") from None
    swallowed = sorted(
        text for table in _TABLES_OF_PATHS for text in _swallowed_paths(content.get(table))
    )
    if swallowed:
        raise PlanError(
            f"{file}: {listed(swallowed)} came for a path, with what a backslash made of the letter "
            f"after it. {_SLASHES}"
        )
    return content


def _parsed(text: str) -> dict[str, Any]:
    """TOML in which a table may come again: lines of advice are pasted at the end of a plan."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        pieces = [""]
        for line in text.split("\n"):
            if _TABLE.match(line):
                pieces.append("")
            pieces[-1] += f"{line}\n"
        content: dict[str, Any] = {}
        try:
            for piece in pieces:
                _add_tables(content, tomllib.loads(piece), "")
        except tomllib.TOMLDecodeError as second:
            # of a whole file the place of a fault is told with its line
            raise (second if isinstance(second, _TwoValuesError) else error) from None
        return content


class _TwoValuesError(tomllib.TOMLDecodeError):
    """A key that two tables of one name set to two values."""


def _add_tables(content: dict[str, Any], more: Mapping[str, Any], place: str) -> None:
    """Add what a piece of a plan says; what was said already may be said again."""
    for key, value in more.items():
        inner = f"{place}.{key}" if place else key
        if isinstance(value, dict) and isinstance(content.get(key, {}), dict):
            _add_tables(content.setdefault(key, {}), value, inner)
        elif content.setdefault(key, value) != value:
            raise _TwoValuesError(f"{inner} is set to {content[key]!r} and to {value!r}: keep one")


_TABLE: Final = re.compile(r"\s*\[[^\[\]]+\]\s*(?:#.*)?$")


_SLASHES: Final = 'Write paths with "/" instead of "\\", as in "inputs/ranges".'


_TABLES_OF_PATHS: Final = ("layers", "context", "criteria", "coverage")
"""The tables of a plan that name files."""


def _swallowed_paths(value: object) -> Iterator[str]:
    """Paths with a control character: TOML made one of the backslash and the letter after it."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _swallowed_paths(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _swallowed_paths(inner)
    elif isinstance(value, str) and any(ord(letter) < 32 for letter in value):
        yield repr(value)


def _tomls(folder: Path) -> list[str]:
    """The plans in a folder."""
    try:
        return sorted(file.name for file in folder.glob("*.toml"))
    except OSError:
        return []


def _resolved(plan: Plan, folder: Path) -> Plan:
    """The plan with every path taken from the plan's folder; absolute ones stay as they are."""
    layers = {
        name: None if files is None else tuple(folder / file for file in files)
        for name, files in plan.sources.items()
    }
    context = {
        name: layer.model_copy(update={"path": folder / layer.path})
        for name, layer in plan.context.items()
    }
    profile, overrides = plan.criteria.profile, plan.workshop.overrides
    return plan.model_copy(
        update={
            "folder": folder,
            "layers": plan.layers.model_copy(update=layers),
            "coverage": {
                name: folder / ground if isinstance(ground, Path) else ground
                for name, ground in plan.coverage.items()
            },
            "context": context,
            "criteria": plan.criteria.model_copy(update={"profile": profile and folder / profile}),
            "workshop": plan.workshop.model_copy(
                update={"overrides": overrides and folder / overrides}
            ),
        }
    )


# -- faults in words -------------------------------------------------------------------------------


def faults_in_one(file: Path, kind: str, faults: list[str]) -> str:
    """All faults of a file in one message."""
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
    """What is said of a key that nobody knows: the nearest one, and all that are known."""
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
    """The words that pydantic would have taken, out of its own sentence."""
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
    """The tables that a key may hold."""
    if isinstance(kind, type) and not get_origin(kind) and issubclass(kind, BaseModel):
        yield kind
    elif get_origin(kind) in (Union, UnionType, tuple, Annotated) or get_args(kind):
        for inner in get_args(kind):
            yield from _tables(inner)
