"""The keys of `plan.toml`: what each may hold, as frozen values."""

from __future__ import annotations

import codecs
import datetime as dt
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)
from pyproj import CRS
from pyproj.exceptions import ProjError

from cami_units import model
from cami_units.model import (
    COVERED_LAYERS,
    DISCLAIMER,
    EQUAL_AREA,
    INPUT_LAYERS,
    LAYERS,
    InputError,
    Note,
    Profile,
    equal_area_fault,
    in_short,
    nearest_note,
)
from cami_units.phrases import LANGUAGES


def known_names(names: Iterable[str | Note]) -> str | Note:
    """Words that a plan may hold, apart from the language of the sentence that lists them."""
    # 20: the longest list, the tables of a plan, is nearly whole, and a message still fits a screen
    return in_short(
        (name if isinstance(name, Note) else Note("named word", {"name": name}) for name in names),
        20,
    )


def unknown_key(key: str, known_keys: Iterable[str], *others: Note) -> Note:
    """What is said of a key that nobody knows: the nearest one, and all that are known."""
    words = [*known_keys]
    facts = {"hint": nearest_note(key, words), "known": known_names([*words, *others])}
    return Note("unknown key", facts)


def _iso_date(value: object) -> str:
    """The day as text; TOML may bring it as a date of its own."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value.isoformat()
    try:
        return dt.date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise InputError.of("day expected") from None


def _one_line(value: str) -> str:
    """A text of one line, without the blanks around it."""
    if not value.strip() or any(ord(letter) < 32 for letter in value):
        raise InputError.of("one line expected")
    return value.strip()


def _few(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Refuse a list that is empty or repeats itself."""
    if not values:
        raise InputError.of("at least one expected")
    if repeated := sorted({str(value) for value in values if values.count(value) > 1}):
        raise InputError.of("each named once", names=in_short(repeated))
    return values


def _known_language(value: str) -> str:
    """A language that there is."""
    if value not in LANGUAGES:
        raise InputError.of("language expected", known=known_names(LANGUAGES))
    return value


def _known_crs(value: str) -> str:
    """Refuse a coordinate system that PROJ does not know."""
    try:
        CRS.from_user_input(value)
    except ProjError:
        raise InputError.of("crs that PROJ knows expected", such="EPSG:4326") from None
    return value


def _equal_area_crs(value: str) -> str:
    """Refuse a projection that does not keep areas."""
    if fault := equal_area_fault(value):
        raise InputError(fault)
    return value


def _listing(value: object) -> object:
    """One word where a list is expected is a list of one."""
    return [value] if isinstance(value, str) else value


def _some_files(files: tuple[Path, ...]) -> tuple[Path, ...]:
    """Refuse an empty list for a layer that is needed."""
    if not files:
        raise InputError.of("layer left empty")
    return files


def _covered_ground(value: object) -> object:
    """What a layer covers: a list of states, or the path of an area file."""
    if isinstance(value, list | tuple):
        odd = [
            code for code in value if not (isinstance(code, str) and re.fullmatch("[A-Z]{2}", code))
        ]
        if odd or not value:
            came = in_short(odd) if odd else Note("nothing came")
            raise InputError.of("states or a path expected", came=came)
        return _few(tuple(value))
    if isinstance(value, str | Path) and str(value).strip():
        return Path(value)
    raise InputError.of("states or an area file expected")


def _flat_contexts(value: object) -> object:
    """``context.NAME = …`` in TOML is a table in the table: the same as ``"context.NAME" = …``."""
    if not isinstance(value, Mapping):
        return value
    inner = value.get("context")
    flat = {key: ground for key, ground in value.items() if key != "context"}
    if isinstance(inner, Mapping):
        return flat | {f"context.{name}": ground for name, ground in inner.items()}
    return value


def _covered_layer(value: str) -> str:
    """A layer whose coverage can be told: it is evidence, and may have been looked for in part."""
    if value not in COVERED_LAYERS and not value.startswith("context."):
        raise InputError(unknown_key(value, (*COVERED_LAYERS, "context.NAME")))
    return value


def _layer_or_file(value: str) -> str:
    """A layer, a context layer, or a file of the plan: a path has a "/" or an ending."""
    if value in INPUT_LAYERS or value.startswith("context.") or re.search(r"[/.\\]", value):
        return value
    raise InputError(unknown_key(value, (*INPUT_LAYERS, "context.NAME"), Note("path of a file")))


def _text_or_number(value: object) -> object:
    """Refuse all but a text and a number, with one fault for the two."""
    if isinstance(value, str):
        return value
    # beyond 1e15 a number of a table is no longer itself
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
        raise InputError.of("text or number expected")
    return value


def _known_encoding(value: str) -> str:
    """The name of an encoding as Python knows it."""
    try:
        return codecs.lookup(value).name
    except LookupError:
        raise InputError.of("encoding expected") from None


_Line = Annotated[str, AfterValidator(_one_line)]
_LayerOrFile = Annotated[str, AfterValidator(_layer_or_file)]
_Loose = Strict(False)
_Grade = Literal["A", "B", "C", "D", "N"]
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
_Above = Annotated[float, Field(gt=0, le=model.EARTH_KM2)]


_PresenceCode = Annotated[int, Field(ge=1, le=len(model.PRESENCE))]
_OriginCode = Annotated[int, Field(ge=1, le=len(model.ORIGIN))]
_SeasonalCode = Annotated[int, Field(ge=1, le=len(model.SEASONAL))]
_Presence = Annotated[tuple[_PresenceCode, ...], _Loose, AfterValidator(_few)]
_Origin = Annotated[tuple[_OriginCode, ...], _Loose, AfterValidator(_few)]
_Seasonal = Annotated[tuple[_SeasonalCode, ...], _Loose, AfterValidator(_few)]


class _Section(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, populate_by_name=True
    )


class Study(_Section):
    """Where: range states (ISO 3166 alpha-2), coordinate system, planning units."""

    states: _States = model.RANGE_STATES
    crs: Annotated[str, AfterValidator(_equal_area_crs)] = EQUAL_AREA
    # 25 km: a few cells across the smallest hotspot, and some four thousand over the ranges of the
    # region.
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
    """A context layer: evidence that is shown beside the criteria and never scored.

    `column` is the one whose mean is taken; left out: ``value``, or the only column of numbers.
    """

    path: _File
    summary: Literal["share", "count", "length_per_1000km2", "mean"]
    column: _Line | None = None


class Restricted(_Section):
    """Layers that may not be passed on, whatever their files look like."""

    layers: Annotated[tuple[_Layer, ...], _Loose, AfterValidator(_few)]


class TaxonRule(_Section):
    """How the polygon of a whole species may stand for a taxon below it.

    `source` (written ``from``) is the whole species, or a list of names; `within` the states its polygon is cut to;
    `skip` leaves the polygon out.
    """

    source: Annotated[
        tuple[_Line, ...],
        _Loose,
        BeforeValidator(_listing),
        AfterValidator(_few),
        Field(alias="from"),
    ]
    within: _States | None = None
    skip: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> TaxonRule:
        """A taxon stands within states, or is skipped: one of the two."""
        if self.skip == (self.within is not None):
            raise InputError.of("within or skip expected")
        return self


class Codes(_Section):
    """Which IUCN codes count as range, and what a layer without codes stands for."""

    presence: _Presence = model.KEPT_CODES["presence"]
    origin: _Origin = model.KEPT_CODES["origin"]
    seasonal: _Seasonal = model.KEPT_CODES["seasonal"]
    missing: Literal["extant", "refuse"] = "extant"


class Occurrences(_Section):
    """Records of animals: how uncertain their place may be, and of which species they are range.

    `range_km`: species → how far around each record its range reaches. Of others they only confirm or
    question the range.
    """

    max_uncertainty_m: _Above = 12_500.0  # half a cell of 25 km: beyond it may lie in the next one
    range_km: Mapping[_Line, _Above] = Field(default_factory=dict)


class Telemetry(_Section):
    """Tracked animals: where a track ends, what is a mistake, and what grade a crossing has.

    `years` before the plan's date a crossing has `grade`; before that, `older_grade`.
    """

    gap_hours: _Above = 48.0  # two days: collars that are asked once a day miss a position at times
    max_kmh: _Above = 80.0  # what a saiga runs, and no animal of the initiative outruns by the hour
    years: _Above = 10.0
    grade: _Grade = "A"
    older_grade: _Grade = "C"


class Criteria(_Section):
    """Which profile (``None``: the bundled one), and how near a border counts as shared."""

    profile: _File | None = None
    # Two cells: what lies nearer to a border than that is shared by anything that walks.
    border_km: Annotated[float, Field(ge=0, le=model.EARTH_KM2)] = 50.0


class Borders(_Section):
    """How far the border layer may be off, in km: what is never farther from it hangs on its drawing."""

    # As far as the bundled border layer may be off (docs/method.md, borders have a width).
    error_km: Annotated[float, Field(ge=0, le=200)] = 5.0


class Units(_Section):
    """How far units reach and how large they may be."""

    reach_km: _Above = 100.0
    # Some two cells of 25 km: a smaller landscape cannot be told from the lattice.
    min_km2: Annotated[float, Field(ge=0, le=model.EARTH_KM2)] = 1000.0
    max_km2: _Above = 150_000.0
    # People drag the corners by hand in Google Earth, which stops at 30,000 a ring.
    max_vertices: Annotated[int, Field(ge=4, le=30_000)] = 150

    @field_validator("max_km2")
    @classmethod
    def _room_between(cls, value: float, info: ValidationInfo) -> float:
        """The largest unit is larger than the smallest."""
        if (smallest := info.data.get("min_km2")) is not None and value <= smallest:
            raise InputError.of("room between sizes", smallest=f"{smallest:g}")
        return value


class Defaults(_Section):
    """What applies when two groups disagree, or a group draws outside its section."""

    overlap: Literal["section-owner", "first", "union", "ask"] = "section-owner"
    outside_section: Literal["ask", "keep", "leave-out"] = "ask"


class Workshop(_Section):
    """Groups with their sections (none: one group a section) and languages, defaults, overrides."""

    defaults: Defaults = Defaults()
    overrides: _File | None = None
    groups: Mapping[
        Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")],
        Annotated[tuple[str, ...], _Loose, AfterValidator(_few)],
    ] = Field(default_factory=dict)
    languages: Mapping[str, _Language] = Field(default_factory=dict)


class Output(_Section):
    """Languages of the products (the first leads), and the disclaimer on each of them."""

    languages: Annotated[tuple[_Language, ...], _Loose, AfterValidator(_few)] = ("en", "ru")
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
    crs: Annotated[Mapping[_LayerOrFile, _Crs], BeforeValidator(_flat_contexts)] = Field(
        default_factory=dict
    )
    columns: Mapping[_LayerOrFile, Mapping[str, _Line]] = Field(default_factory=dict)
    defaults: Mapping[
        _LayerOrFile, Mapping[str, Annotated[str | float, BeforeValidator(_text_or_number)]]
    ] = Field(default_factory=dict)
    species: Mapping[_Line, _Line] = Field(default_factory=dict)
    encoding: Mapping[_Line, Annotated[str, AfterValidator(_known_encoding)]] = Field(
        default_factory=dict
    )
    restricted: Restricted | None = None
    context: Mapping[str, Context] = Field(default_factory=dict)
    taxa: Mapping[str, TaxonRule] = Field(default_factory=dict)
    coverage: Annotated[
        Mapping[
            Annotated[str, AfterValidator(_covered_layer)],
            Annotated[Any, BeforeValidator(_covered_ground)],
        ],
        BeforeValidator(_flat_contexts),
    ] = Field(default_factory=dict)
    borders: Borders = Borders()
    occurrences: Occurrences = Occurrences()
    telemetry: Telemetry = Telemetry()
    codes: Codes = Codes()
    criteria: Criteria = Criteria()
    units: Units = Units()
    workshop: Workshop = Workshop()
    output: Output = Output()
    profile: Profile = Field(exclude=True)
    file: str = Field(exclude=True)
    folder: Path | None = Field(default=None, exclude=True)
    as_written: Mapping[str, Any] = Field(exclude=True)
    profile_as_written: Mapping[str, Any] = Field(exclude=True)

    @property
    def sources(self) -> Mapping[str, tuple[Path, ...] | None]:
        """The files of each layer by its name: ``None`` the bundled ones, ``()`` none."""
        return MappingProxyType({name: getattr(self.layers, name) for name in INPUT_LAYERS})
