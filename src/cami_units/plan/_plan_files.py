"""`plan.toml` and `criteria.toml` opened, looked at, and every fault named in one message."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import (
    ValidationError,
)

from cami_units import model
from cami_units.model import (
    PlanError,
    Profile,
    listed,
    nearest,
)
from cami_units.plan._plan_faults import fault_in_words, faults_in_one, unknown_key
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
    made_values = {
        "profile": profile or Profile(name="unreadable", status="operational proxy"),
        "file": file.name,
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
        if "twice" not in str(error):
            raise
        tables: dict[str, list[str]] = {}
        heading = ""
        for line in text.split("\n"):
            match = _TABLE.match(line)
            heading = match[1] if match else heading
            lines = tables.setdefault(heading, [])
            lines.append("" if match and lines else line)
        return tomllib.loads("\n".join(line for lines in tables.values() for line in lines))


_TABLE: Final = re.compile(r"\s*(\[[^\[\]]+\])\s*(?:#.*)?$")


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
