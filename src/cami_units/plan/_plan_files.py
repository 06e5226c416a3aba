"""`plan.toml` and `criteria.toml` opened, looked at, and every fault named in one message."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cami_units import model
from cami_units.model import (
    InputError,
    Note,
    PlanError,
    Profile,
    check_arguments,
    in_short,
    nearest_note,
    quoted,
)
from cami_units.plan._plan_keys import Plan, known_names, unknown_key


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
    check_arguments(read_plan, locals())
    file = Path(path) if path is not None else model.data_dir() / "plan.toml"
    content = _toml(file, "plan")
    # fields that are made while reading are no keys of the file, though the class has them
    faults = [_unknown_at((key,), Plan) for key in _MADE if key in content]
    criteria_section = content.get("criteria")
    named = criteria_section.get("profile") if isinstance(criteria_section, dict) else None
    profile_file = _placed(file.parent, named) if isinstance(named, str) and named else None
    profile: Profile | None = None
    profile_written: Mapping[str, Any] = {}
    profile_faults: list[Note] = []
    try:
        profile, profile_written = _profile(profile_file)
    except PlanError as error:
        profile_faults = [error.note]
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
        faults += [_fault(detail, Plan) for detail in error.errors()]
    notes = [*([_faults_in_one(str(file), "plan", faults)] if faults else []), *profile_faults]
    if notes:
        raise PlanError(Note("several problems", {"problems": notes}) if notes[1:] else notes[0])
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
        faults = [_fault(detail, Plan) for detail in error.errors()]
        raise PlanError(_faults_in_one("manifest.json", "plan", faults)) from None


def read_profile(path: Path | str | None = None) -> Profile:
    """The criteria of a file.

    Parameters
    ----------
    path : path, optional
        A `criteria.toml`. ``None``: the bundled operational proxy criteria.

    Returns
    -------
    Profile
        A number the file leaves out is ``None``: see ``Profile.open_numbers``.

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
    check_arguments(read_profile, locals())
    return _profile(Path(path) if path is not None else None)[0]


_MADE: Final = ("profile", "file", "folder", "as_written", "profile_as_written")


def _profile(path: Path | None) -> tuple[Profile, Mapping[str, Any]]:
    """The criteria of a file, and the file as written."""
    file = path if path is not None else model.data_dir() / "criteria.toml"
    content = _toml(file, "criteria")
    try:
        profile = Profile.model_validate(content)
    except ValidationError as error:
        faults = [_fault(detail, Profile) for detail in error.errors()]
    else:
        faults = list(_contradictions(profile))
    if faults:
        raise PlanError(_faults_in_one(str(file), "criteria", faults))
    return profile, content


def _contradictions(profile: Profile) -> Iterator[Note]:
    """What a profile says in one place and takes back in another."""
    if profile.status == "official" and not profile.reference.strip():
        yield Note("official without reference")
    known_criteria = (*model.CRITERIA, *sorted(profile.further))
    for key in ("any_of", "evidence"):
        for number, word in enumerate(getattr(profile.decision, key) or ()):
            if word not in known_criteria:
                yield _other_word(_place(("decision", key, number)), word, known_criteria)
    yield from _contradictions_of_grades(profile)
    yield from _contradictions_of_weights(profile)
    yield from _contradictions_of_scores(profile)


def _contradictions_of_grades(profile: Profile) -> Iterator[Note]:
    """Grades of evidence that count and have no worth."""
    c5 = profile.C5
    if c5.grades is not None:
        lists = {
            "[C5] counted_grades": c5.counted_grades,
            "[G2] crossing_grades": profile.G2.crossing_grades,
        }
        for place, words in lists.items():
            if strange := [word for word in words or () if word not in c5.grades]:
                facts = {"names": in_short(strange), "known": in_short(c5.grades, 9)}
                yield Note("grade without worth", {"place": place, **facts})


def _contradictions_of_weights(profile: Profile) -> Iterator[Note]:
    """Categories of the Red List that count and have no weight."""
    c2 = profile.C2
    if c2.weights is not None:
        known_weights = in_short(c2.weights, 9)
        if c2.unknown_counts_as is not None and c2.unknown_counts_as not in c2.weights:
            yield Note(
                "unknown without weight", {"name": c2.unknown_counts_as, "known": known_weights}
            )
        if strange := [word for word in c2.or_categories if word not in c2.weights]:
            yield Note(
                "category without weight", {"names": in_short(strange), "known": known_weights}
            )


def _contradictions_of_scores(profile: Profile) -> Iterator[Note]:
    """Weights without a maximum, or that add up to nothing; tiers that leave units out."""
    score = profile.score
    if score.weights is not None:
        if bare := sorted(set(score.weights) - set(score.maxima or score.weights)):
            yield Note("weight without maximum", {"names": in_short(bare)})
        if sum(score.weights.values()) <= 0:
            yield Note("weights all 0")
    if score.tiers is not None and 0 not in score.tiers.values():
        yield Note("tiers from above 0")


_MOST_BYTES: Final = 1 << 24
"""Far more than any plan."""


def _toml(file: Path, kind: str) -> dict[str, Any]:
    """The file as a mapping, or a PlanError that says why not."""
    about = {"file": str(file), "kind": Note(f"kind {kind}")}
    try:
        with file.open("rb") as stream:  # a device has no end
            raw = stream.read(_MOST_BYTES)
    except FileNotFoundError:
        near = nearest_note(file.name, _tomls(file.parent))
        raise PlanError.of(
            "plan file missing", file=str(file), hint=near, toml=f"{kind}.toml"
        ) from None
    except OSError as error:
        if file.is_dir():  # Windows says "permission denied" of a folder
            toml_files = _tomls(file)
            hint = Note("folder holds", {"names": in_short(toml_files)}) if toml_files else ""
            raise PlanError.of("folder for a plan", hint=hint, **about) from None
        why = quoted(error.strerror or error)
        raise PlanError.of("plan file unreadable", file=str(file), why=why) from None
    text = ""
    try:
        # Notepad puts a byte order mark before UTF-8, which TOML has no place for
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
        if "\0" in text:  # every second byte of UTF-16 without its mark, which is no TOML
            raise UnicodeDecodeError("utf-8", raw, raw.index(0), raw.index(0) + 1, "UTF-16")
        content = _parsed(text)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise PlanError.of("plan not UTF-8", file=str(file), line=line) from None
    except tomllib.TOMLDecodeError as error:
        # "C:\Users" is an escape with eight digits to TOML, and anything else a wrong one
        is_path = re.search("escape|hex", str(error), re.IGNORECASE)
        remedy = _SLASHES if is_path else _typographic(text, error) or _TOML
        raise PlanError.of(
            "not TOML", file=str(file), why=_toml_fault(error), remedy=remedy
        ) from None
    except InputError as error:
        raise PlanError.of("not TOML", file=str(file), why=error.note, remedy=_TOML) from None
    except RecursionError:
        raise PlanError.of("nested too deeply", **about) from None
    swallowed = sorted(
        text for table in _TABLES_OF_PATHS for text in _swallowed_paths(content.get(table))
    )
    if swallowed:
        names = in_short(swallowed)
        raise PlanError.of("path swallowed", file=str(file), names=names, remedy=_SLASHES)
    return content


def _toml_fault(error: tomllib.TOMLDecodeError) -> Note:
    """What the reader of TOML says, in its words, and where: it tells the place in English too."""
    words, _, place = str(error).rpartition("(")
    numbers = re.findall(r"\d+", place)
    facts = {"words": quoted(words.strip() or place)}
    if len(numbers) == 2:
        return Note("TOML at line", {**facts, "line": numbers[0], "column": numbers[1]})
    return Note("TOML at end", facts)


_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'|#.*")
_TYPOGRAPHIC: Final = re.compile("[\u201c-\u201f\u2018-\u201b\u00ab\u00bb\u2033]")


def _typographic(text: str, error: tomllib.TOMLDecodeError) -> Note | None:
    """Quotes that a word processor put where TOML wants straight ones, in the line of a fault."""
    place = re.search(r"line (\d+)", str(error))
    line = int(place.group(1)) if place else 0
    written = (text.split("\n")[line - 1 : line] or [""])[0]
    if not (signs := _TYPOGRAPHIC.findall(_QUOTED.sub("", written))):
        return None
    return Note("typographic quotes", {"line": line, "signs": " ".join(dict.fromkeys(signs))})


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
        except tomllib.TOMLDecodeError:
            # of a whole file the place of a fault is told with its line
            raise error from None
        return content


def _add_tables(content: dict[str, Any], further_content: Mapping[str, Any], place: str) -> None:
    """Add what a piece of a plan says; what was said already may be said again."""
    for key, value in further_content.items():
        inner = f"{place}.{key}" if place else key
        if isinstance(value, dict) and isinstance(content.get(key, {}), dict):
            _add_tables(content.setdefault(key, {}), value, inner)
        elif content.setdefault(key, value) != value:
            first, second = repr(content[key]), repr(value)
            raise InputError.of("key set twice", entry=inner, first=first, second=second)


_TABLE: Final = re.compile(r"\s*\[[^\[\]]+\]\s*(?:#.*)?$")


_SLASHES: Final = Note("slashes in paths")
_TOML: Final = Note("TOML in short")


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
    """The plan with every path taken from the plan's folder; absolute ones, from "~" too, stay so."""
    layers = {
        name: None if files is None else tuple(_placed(folder, file) for file in files)
        for name, files in plan.sources.items()
    }
    context = {
        name: layer.model_copy(update={"path": _placed(folder, layer.path)})
        for name, layer in plan.context.items()
    }
    profile, overrides = plan.criteria.profile, plan.workshop.overrides
    return plan.model_copy(
        update={
            "folder": folder,
            "layers": plan.layers.model_copy(update=layers),
            "coverage": {
                name: _placed(folder, ground) if isinstance(ground, Path) else ground
                for name, ground in plan.coverage.items()
            },
            "context": context,
            "criteria": plan.criteria.model_copy(
                update={"profile": profile and _placed(folder, profile)}
            ),
            "workshop": plan.workshop.model_copy(
                update={"overrides": overrides and _placed(folder, overrides)}
            ),
        }
    )


def _placed(folder: Path, path: Path | str) -> Path:
    """A path of the plan from its folder; "~" is the home of whoever reads it."""
    # as it is where nobody here has that name, at which Path.expanduser stops
    return folder / os.path.expanduser(path)  # noqa: PTH111


# -- faults, each with its place ---------------------------------------------------------------------


def _faults_in_one(file: str, kind: str, faults: list[Note]) -> Note:
    """All faults of a file in one message."""
    facts = {"n": len(faults), "kind": Note(f"kind {kind}"), "toml": f"{kind}.toml"}
    return Note("plan faults", {"file": file, **facts, "lines": faults})


def _fault(detail: ErrorDetails, root: type[BaseModel]) -> Note:
    """One fault as pydantic found it, for the person who must mend it."""
    where = tuple(detail["loc"])
    place, came, kind = _place(where), detail.get("input"), detail["type"]
    about = {"place": place, "came": _shown(came)}
    match kind:
        case "extra_forbidden":
            return _unknown_at(where, root)
        case "missing":
            return Note("key needed", {"place": place})
        case "literal_error" if where[-1:] == ("[key]",):
            return Note(
                "key at fault", {"place": place, "why": unknown_key(str(came), _allowed(detail))}
            )
        case "literal_error":
            return _other_word(place, came, _allowed(detail))
        case "value_error":
            why = detail["ctx"]["error"].note
            # a table is not shown, and an unknown key stands in its place already
            is_bare = isinstance(came, BaseModel | dict | list) or why.key == "unknown key"
            return Note("key at fault" if is_bare else "value at fault", {**about, "why": why})
        case "string_pattern_mismatch":
            wanted_kind = _wanted_pattern(str(detail["ctx"]["pattern"]), str(came))
            return Note("value unlike", {**about, "wanted": wanted_kind})
        case _ if kind in _LIMITS:
            limit = Note(f"wanted {kind}", {"limit": f"{detail['ctx'][_LIMITS[kind]]:.12g}"})
            return Note("another value wanted", {**about, "wanted": limit, "hint": ""})
        case _ if kind in _KINDS:
            wanted_kind = Note(_KINDS[kind])
            return Note("another value wanted", {**about, "wanted": wanted_kind, "hint": ""})
        case _:
            return Note("value at fault", {**about, "why": quoted(detail["msg"])})


def _wanted_pattern(pattern: str, came: str) -> Note:
    """What a text should look like; letters that only look right are named: К is none of "KZ"."""
    strange = sorted({sign for sign in came if not sign.isascii()})
    if strange and came.isalpha():
        return Note("Latin letters expected", {"letters": in_short(strange, 5)})
    return Note(_PATTERNS[pattern])


def _unknown_at(where: tuple[int | str, ...], root: type[BaseModel]) -> Note:
    """A key that nobody knows, with its place."""
    key = str(where[-1])
    why = unknown_key(key, _known_keys(root, where[:-1]))
    if homes := [*_tables_with(root, key, ())]:
        why = Note(
            why.key, {**why.facts, "hint": Note("key elsewhere", {"tables": in_short(homes)})}
        )
    return Note("key at fault", {"place": _place(where), "why": why})


def _tables_with(table: type[BaseModel], key: str, where: tuple[str, ...]) -> Iterator[str | Note]:
    """The tables that have such a key, as they are written in the file: ``[units]``."""
    for name, field in table.model_fields.items():
        if field.exclude:
            continue
        if (inner_section := next(_tables(field.annotation), None)) is not None:
            names = (name, "NAME") if get_origin(field.annotation) is Mapping else (name,)
            yield from _tables_with(inner_section, key, (*where, *names))
        elif key == (field.alias or name):
            yield f"[{'.'.join(where)}]" if where else Note("above all tables")


def _other_word(place: str | Note, came: object, known_words: Sequence[str]) -> Note:
    """A word that is none of those that may stand there; the nearest one is named."""
    wanted_words = Note("one of", {"known": known_names(known_words)})
    facts = {"wanted": wanted_words, "hint": nearest_note(str(came), known_words)}
    return Note("another value wanted", {"place": place, "came": _shown(came), **facts})


_PATTERNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        r"^C[1-9][0-9]$": "id of a further criterion",
        r"^[A-Z]{2}$": "two capital letters",
        r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$": "name of a group",
    }
)
_LIMITS: Final[Mapping[str, str]] = MappingProxyType(
    {"greater_than": "gt", "greater_than_equal": "ge", "less_than_equal": "le"}
)
_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "tuple_type": "wanted list",
        "model_type": "wanted table",
        "dict_type": "wanted table",
        "mapping_type": "wanted table",
        "string_type": "wanted text",
        "string_too_short": "wanted some text",
        "float_type": "wanted number",
        "int_type": "wanted whole number",
        "bool_type": "wanted true or false",
        "finite_number": "wanted finite number",
        "path_type": "wanted path",
    }
)
"""What pydantic calls a fault, and what is wanted there."""


def _place(where: tuple[int | str, ...]) -> str | Note:
    """``("study", "states", 2)`` as ``[study] states, item 3``."""
    words = [part for part in where if part != "[key]" and not _is_inner(part)]
    depth = next((i for i, part in enumerate(words) if isinstance(part, int)), len(words))
    tables, rest = [str(part) for part in words[:depth]], words[depth:]
    if not tables:
        return Note("the file itself")
    table = f"[{'.'.join(tables[:-1])}] " if len(tables) > 1 else ""
    items = [Note("item", {"n": part + 1}) if isinstance(part, int) else part for part in rest]
    key = f"{table}{tables[-1]}"
    return Note("in a row", {"parts": [key, *items]}) if items else key


def _is_inner(part: int | str) -> bool:
    """Whether pydantic speaks of a branch of a type here, and of nothing in the file."""
    return isinstance(part, str) and (part.startswith(("tuple[", "function-", "lax-or-strict")))


def _shown(came: object) -> str | Note:
    """What came, as it stands in the file; a long text is cut."""
    if isinstance(came, bool):
        return str(came).lower()
    if isinstance(came, str):
        return f'"{came}"' if len(came) <= 60 else f'"{came[:57]}…"'
    if isinstance(came, dict):
        return Note("wanted table")
    if isinstance(came, list):
        return Note("list came")
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
