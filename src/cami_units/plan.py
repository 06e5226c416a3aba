"""The plan of a workshop and its criteria: `plan.toml` and `criteria.toml` as checked, frozen values.

The two readers open their files, look at everything, and name every fault in one message. What
they hand on is a value: nothing here computes, and no computing room needs a plan.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Union, get_args, get_origin

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationError,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import ProjError

from cami_units import model
from cami_units.model import (
    DISCLAIMER,
    EQUAL_AREA,
    INPUT_LAYERS,
    LAYERS,
    PlanError,
    Profile,
    listed,
    nearest,
)
from cami_units.phrases import LANGUAGES

_AREA_TOLERANCE: Final = 5e-4
"""How far an area may be off in a CRS that calls itself equal-area; a true one is off by 1e-6."""


# -- words and numbers of a plan ------------------------------------------------------------------


def _iso_date(value: object) -> str:
    """The day as text; TOML may bring it as a date of its own."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value.isoformat()
    try:
        return dt.date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValueError('a day such as "2026-11-22" is expected (year-month-day)') from None


def _one_line(value: str) -> str:
    if not value.strip() or any(ord(letter) < 32 for letter in value):
        raise ValueError("one line of text is expected, not empty and without control characters")
    return value.strip()


def _few(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if not values:
        raise ValueError("at least one is expected, none came. Fill it in or leave the key out")
    repeated = sorted({str(value) for value in values if values.count(value) > 1})
    if repeated:
        raise ValueError(f"each may be named once; repeated: {listed(repeated)}")
    return values


def _known_language(value: str) -> str:
    if value not in LANGUAGES:
        raise ValueError(f"one of {', '.join(LANGUAGES)} is expected")
    return value


def _known_crs(value: str) -> str:
    try:
        CRS.from_user_input(value)
    except ProjError:
        raise ValueError(
            'a coordinate system that PROJ knows is expected, such as "EPSG:4326"'
        ) from None
    return value


def _equal_area_crs(value: str) -> str:
    fault = equal_area_fault(_known_crs(value))
    if fault:
        raise ValueError(fault)
    return value


def _listing(value: object) -> object:
    """One word where a list is expected is a list of one."""
    return [value] if isinstance(value, str) else value


def _some_files(files: tuple[Path, ...]) -> tuple[Path, ...]:
    if not files:
        raise ValueError(
            "this layer cannot be left empty: nothing can be computed without it. Name files, or "
            "take the line out to use the bundled layer"
        )
    return files


_Line = Annotated[str, AfterValidator(_one_line)]
_Loose = Strict(False)
_State = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
_States = Annotated[tuple[_State, ...], _Loose, AfterValidator(_few)]
_Crs = Annotated[str, AfterValidator(_known_crs)]
_Language = Annotated[str, AfterValidator(_known_language)]
if TYPE_CHECKING:
    _Layer = str
else:  # a key of [crs] or [columns]: pydantic names the nearest one when it is none of these
    _Layer = Literal[INPUT_LAYERS]
_File = Annotated[Path, _Loose]
_Files = Annotated[tuple[_File, ...], _Loose, BeforeValidator(_listing)]
_NeededFiles = Annotated[_Files, AfterValidator(_some_files)]
_Above = Annotated[float, Field(gt=0)]


_Presence = Annotated[int, Field(ge=1, le=len(model.PRESENCE))]
_Origin = Annotated[int, Field(ge=1, le=len(model.ORIGIN))]
_Seasonal = Annotated[int, Field(ge=1, le=len(model.SEASONAL))]


class _Section(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, populate_by_name=True
    )


class Study(_Section):
    """Where: range states (ISO 3166 alpha-2), coordinate system, planning units."""

    states: _States = (
        *("AF", "BT", "CN", "IN", "IR", "KZ", "KG"),
        *("MN", "NP", "PK", "RU", "TJ", "TM", "UZ"),
    )
    crs: Annotated[str, AfterValidator(_equal_area_crs)] = EQUAL_AREA
    cell_km: Annotated[float, Field(gt=0, le=1000)] = 25.0
    shape: Literal["square", "hexagon"] = "square"


if TYPE_CHECKING:
    Sources = _Section
else:
    Sources = create_model(
        "Sources",
        __base__=_Section,
        __doc__="Which files each layer is read from. ``None``: the bundled layer; ``()``: none.",
        **{
            layer: ((_NeededFiles if LAYERS[layer].needed else _Files) | None, None)
            for layer in INPUT_LAYERS
        },
    )


class Context(_Section):
    """A context layer: evidence that is shown beside the criteria and never scored."""

    path: _File
    summary: Literal["share", "count", "length_per_1000km2", "mean"]


class TaxonRule(_Section):
    """How the polygon of a whole species may stand for a taxon below it.

    `source` (written ``from``) is the whole species; `within` the states its polygon is cut to;
    `skip` leaves the polygon out.
    """

    source: Annotated[_Line, Field(alias="from")]
    within: _States | None = None
    skip: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> TaxonRule:
        if self.skip == (self.within is not None):
            raise ValueError(
                "either `within` or `skip = true` is expected beside `from`: say in which states "
                'the whole-species polygon stands for the taxon, within = ["IR"], or leave it out'
            )
        return self


class Codes(_Section):
    """Which IUCN codes count as range, and what a layer without codes stands for."""

    presence: Annotated[tuple[_Presence, ...], _Loose, AfterValidator(_few)] = (1, 2)
    origin: Annotated[tuple[_Origin, ...], _Loose, AfterValidator(_few)] = (1, 2, 6)
    seasonal: Annotated[tuple[_Seasonal, ...], _Loose, AfterValidator(_few)] = (*(1, 2, 3, 4, 5),)
    missing: Literal["extant", "refuse"] = "extant"


class Criteria(_Section):
    """Which profile (``None``: the bundled one), and how near a border counts as shared."""

    profile: _File | None = None
    border_km: Annotated[float, Field(ge=0)] = 50.0


class Units(_Section):
    """How far units reach and how large they may be."""

    reach_km: _Above = 100.0
    min_km2: Annotated[float, Field(ge=0)] = 1000.0
    max_km2: _Above = 150_000.0
    max_vertices: Annotated[int, Field(ge=4, le=30_000)] = 150

    @field_validator("max_km2")
    @classmethod
    def _room_between(cls, value: float, info: ValidationInfo) -> float:
        smallest = info.data.get("min_km2")
        if smallest is not None and value <= smallest:
            raise ValueError(f"a number above min_km2 ({smallest:g}) is expected")
        return value


class Defaults(_Section):
    """What applies when two groups disagree, or a group draws outside its section."""

    overlap: Literal["section-owner", "first", "union", "ask"] = "section-owner"
    outside_section: Literal["ask", "keep", "leave-out"] = "ask"


class Workshop(_Section):
    """Groups with their sections (none: one group a section), defaults, overrides."""

    defaults: Defaults = Defaults()
    overrides: _File | None = None
    groups: Mapping[
        Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")],
        Annotated[tuple[str, ...], _Loose, AfterValidator(_few)],
    ] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_owner(self) -> Workshop:
        given = [section for sections in self.groups.values() for section in sections]
        twice = sorted({section for section in given if given.count(section) > 1})
        if twice:
            raise ValueError(
                f"a section belongs to one group; given to several: {listed(twice)}. "
                "Take it out of all groups but one"
            )
        return self


class Output(_Section):
    """Languages of the products (the first leads), and the disclaimer on each of them."""

    languages: Annotated[tuple[_Language, ...], _Loose, AfterValidator(_few)] = (
        "en",
        "ru",
    )
    disclaimer: _Line = DISCLAIMER


class Plan(_Section):
    """A plan, checked. Every path in it is resolved against the folder of the plan file.

    `criteria.profile` names the file, `profile` holds what it says. `as_written` and
    `profile_as_written` are the two files as plain mappings, for the manifest; `file` is the name
    of the plan without its folder.
    """

    title: _Line
    date: Annotated[str, BeforeValidator(_iso_date)]
    study: Study = Study()
    layers: Sources = Sources()
    crs: Mapping[_Layer, _Crs] = Field(default_factory=dict)
    columns: Mapping[_Layer, Mapping[str, _Line]] = Field(default_factory=dict)
    context: Mapping[str, Context] = Field(default_factory=dict)
    taxa: Mapping[str, TaxonRule] = Field(default_factory=dict)
    codes: Codes = Codes()
    criteria: Criteria = Criteria()
    units: Units = Units()
    workshop: Workshop = Workshop()
    output: Output = Output()
    profile: Profile = Field(exclude=True)
    file: str = Field(exclude=True)
    as_written: Mapping[str, Any] = Field(exclude=True)
    profile_as_written: Mapping[str, Any] = Field(exclude=True)

    @property
    def sources(self) -> Mapping[str, tuple[Path, ...] | None]:
        """The files of each layer by its name: ``None`` the bundled ones, ``()`` none."""
        return MappingProxyType({name: getattr(self.layers, name) for name in INPUT_LAYERS})


# -- reading --------------------------------------------------------------------------------------


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
    written = _toml(file, "plan")
    faults = [_unknown((key,), Plan) for key in _MADE if key in written]
    wanted = written.get("criteria")
    named = wanted.get("profile") if isinstance(wanted, dict) else None
    profile_file = file.parent / named if isinstance(named, str) and named else None
    profile: Profile | None = None
    profile_written: Mapping[str, Any] = {}
    profile_fault = ""
    try:
        profile, profile_written = _profile(profile_file)
    except PlanError as error:
        profile_fault = str(error)
    made = {
        "profile": profile or Profile(name="unreadable", status="operational proxy"),
        "file": file.name,
        "as_written": written | {"date": str(written.get("date", ""))},
        "profile_as_written": profile_written,
    }
    try:
        plan = Plan.model_validate(
            {key: value for key, value in written.items() if key not in _MADE} | made
        )
    except ValidationError as error:
        faults += [_fault(detail, Plan) for detail in error.errors()]
    messages = [_message(file, "plan", faults)] if faults else []
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
        faults = [_fault(detail, Plan) for detail in error.errors()]
        raise PlanError(_message(Path("manifest.json"), "plan", faults)) from None


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


_MADE: Final = ("profile", "file", "as_written", "profile_as_written")


def _profile(path: Path | None) -> tuple[Profile, Mapping[str, Any]]:
    file = path if path is not None else model.data_dir() / "criteria.toml"
    written = _toml(file, "criteria")
    try:
        profile = Profile.model_validate(written)
    except ValidationError as error:
        faults = [_fault(detail, Profile) for detail in error.errors()]
    else:
        faults = list(_contradictions(profile))
    if faults:
        raise PlanError(_message(file, "criteria", faults))
    return profile, written


def _contradictions(profile: Profile) -> Iterator[str]:
    """What a profile says in one place and takes back in another."""
    if profile.status == "official" and not profile.reference.strip():
        yield (
            'status is "official" without a reference: official criteria are those of a document. '
            'Give reference = "…", or say status = "operational proxy"'
        )
    c5, c2, score = profile.C5, profile.C2, profile.score
    known = (*model.CRITERIA, *sorted(profile.further))
    for key in ("any_of", "evidence"):
        for number, word in enumerate(getattr(profile.decision, key) or (), start=1):
            if word not in known:
                yield (
                    f'[decision] {key}, item {number}: "{word}" came, one of {listed(known, 20)} is '
                    f"expected.{nearest(word, known)}"
                )
    if c5.grades is not None:
        for table, words in (("C5", c5.counted_grades), ("G2", profile.G2.crossing_grades)):
            strange = [word for word in words or () if word not in c5.grades]
            if strange:
                key = "counted_grades" if table == "C5" else "crossing_grades"
                yield (
                    f"[{table}] {key}: grade {listed(strange)} has no worth in [C5] grades "
                    f"({listed(c5.grades, 9)}). Add it there, or take it out here"
                )
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
        inside = listed(_tomls(file))
        hint = f" It holds {inside}: name that file." if inside else ""
        raise PlanError(f"{file}: a {kind} file is expected, this is a folder.{hint}") from None
    except OSError as error:
        if file.is_dir():  # Windows says "permission denied" of a folder
            raise PlanError(f"{file}: a {kind} file is expected, this is a folder.") from None
        raise PlanError(f"{file}: the file cannot be read ({error.strerror or error}).") from None
    try:
        return tomllib.loads(raw.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise PlanError(
            f"{file}: line {line} is not UTF-8 text. Save the file as UTF-8 (in Notepad: Save as, "
            "Encoding: UTF-8)."
        ) from None
    except tomllib.TOMLDecodeError as error:
        hint = (
            'Write paths with "/" instead of "\\".'
            if "escape" in str(error).lower()
            else "Text stands in quotes, lists in [ ], and each key appears once."
        )
        raise PlanError(f"{file}: this is not TOML: {error}. {hint}") from None
    except RecursionError:
        raise PlanError(f"{file}: this is no {kind} file: it is nested too deeply.") from None


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
            "layers": plan.layers.model_copy(update=layers),
            "context": context,
            "criteria": plan.criteria.model_copy(update={"profile": profile and folder / profile}),
            "workshop": plan.workshop.model_copy(
                update={"overrides": overrides and folder / overrides}
            ),
        }
    )


# -- faults in words ------------------------------------------------------------------------------


def _message(file: Path, kind: str, faults: list[str]) -> str:
    number = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    lines = "\n".join(f"  - {fault}" + ("" if fault[-1] in ".?" else ".") for fault in faults)
    return (
        f"{file}: {number} in this {kind} file:\n{lines}\n"
        f"Every key is explained in the {kind}.toml that `cami-units init DIR` writes."
    )


def _fault(detail: ErrorDetails, root: type[BaseModel]) -> str:
    """One fault as pydantic found it, in the words of the person who must mend it."""
    where = tuple(detail["loc"])
    place = _place(where)
    came = detail.get("input")
    match detail["type"]:
        case "extra_forbidden":
            return _unknown(where, root)
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
            shown = "" if isinstance(came, BaseModel | dict | list) else f"{_shown(came)} came; "
            return f"{place}: {shown}{reason}"
        case "string_pattern_mismatch":
            return f"{place}: {_shown(came)} came, {_PATTERNS[str(detail['ctx']['pattern'])]}"
        case _:
            expected = str(detail["msg"])
            for ours, theirs in _EXPECTED.items():
                expected = expected.replace(ours, theirs)
            return f"{place}: {_shown(came)} came, {expected} is expected"


def _unknown(where: tuple[int | str, ...], root: type[BaseModel]) -> str:
    known = _known_keys(root, where[:-1])
    hint = nearest(str(where[-1]), known)
    return f"{_place(where)}: unknown key.{hint} Known here: {listed(known, 20)}"


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
    here: Any = root
    for part in where:
        if isinstance(part, str) and (found := _inside(here, part)) is not None:
            here = found
    keys = ((field.alias or name) for name, field in here.model_fields.items())
    return [key for key in keys if here is not Plan or key not in _MADE]


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


# -- coordinate systems ---------------------------------------------------------------------------


def equal_area_fault(crs: str) -> str:
    """Why a coordinate system cannot carry areas in square metres; an empty text where it can.

    Boxes of 2° over the region (or over the CRS's own area of use) are measured twice: on the
    plane, with their edges densified, and on the ellipsoid (Karney 2013).

    References
    ----------
    Karney, C. F. F. (2013). Algorithms for geodesics. *Journal of Geodesy* 87, 43–55.
    doi:10.1007/s00190-012-0578-z
    """
    plane = CRS.from_user_input(crs)
    name = model.crs_name(plane)
    cure = "Leave crs out (Central Asia), or name an equal-area system of your region in metres"
    if not plane.is_projected:
        return f"an equal-area system in metres is expected; {name} is not projected. {cure}"
    units = {axis.unit_name for axis in plane.axis_info}
    if units != {"metre"}:
        return f"an equal-area system in metres is expected; {name} is in {listed(sorted(units))}. {cure}"
    to_plane = Transformer.from_crs(model.LONLAT, plane, always_xy=True)
    worst = max((_area_error(to_plane, west, south) for west, south in _corners(plane)), key=abs)
    if np.isfinite(worst) and abs(worst) <= _AREA_TOLERANCE:
        return ""
    off = (
        f"an area in it is off by {100 * worst:+.3g} %"
        if np.isfinite(worst)
        else "it ends inside the region"
    )
    return f"an equal-area system is expected; {name} is none: {off}. {cure}"


def _corners(plane: CRS) -> list[tuple[float, float]]:
    use = plane.area_of_use
    west, south, east, north = (47.0, 24.0, 123.0, 54.0) if use is None else use.bounds
    wide, high = max(east - west - 4, 0.0), max(min(north, 86.0) - max(south, -86.0) - 4, 0.0)
    return [
        (west + 1 + wide * x, max(south, -86.0) + 1 + high * y)
        for x in (0.0, 0.5, 1.0)
        for y in (0.0, 0.5, 1.0)
    ]


def _area_error(to_plane: Transformer, west: float, south: float) -> float:
    """Relative error of the area of a box of 2° on the plane; infinite where it cannot be drawn."""
    step = np.linspace(0.0, 2.0, 41)
    low, high = np.zeros_like(step), np.full_like(step, 2.0)
    lon = west + np.concatenate([step, high, step[::-1], low])
    lat = south + np.concatenate([low, step, high, step[::-1]])
    true, _ = Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)
    x, y = to_plane.transform(lon, lat)
    x, y = np.asarray(x) - np.mean(x), np.asarray(y) - np.mean(y)
    flat = 0.5 * abs(float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)))
    return flat / abs(true) - 1 if np.isfinite(flat) else float("inf")
