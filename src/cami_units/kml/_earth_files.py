"""Units and their evidence to a KML or KMZ file."""

from __future__ import annotations

import os
import tempfile
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Final, Required, TypedDict, Unpack, get_args

import geopandas as gpd
import pandas as pd

from cami_units import words
from cami_units.backdrop import lonlat_picture
from cami_units.drawn_pieces import Packed, archive, piece
from cami_units.kml._contents import Pack, UnitMarks, contents, labels_of, remarks, unit_marks
from cami_units.kml._earth_tree import DEFLATE_END, TakenIdError, deflated, deflated_once, document
from cami_units.kml._evidence_parts import Drawers, Evidence, evidence, features
from cami_units.kml._marks import (
    LEGEND,
    RELIEFS,
    Bounds,
    Contents,
    Folder,
    Profile,
    Sign,
    Written,
    marks,
)
from cami_units.kml._written_shapes import vertices
from cami_units.model import (
    CONTEXT,
    LONLAT,
    MAP_LAYERS,
    Imprint,
    InputError,
    Note,
    Problem,
    check_arguments,
    check_table,
    in_short,
    listed,
    nearest,
    problem_of,
    records,
)
from cami_units.scene import GIVEN_LAYERS, TOLERANCES, LaterLayers, stamp_of
from cami_units.words.unit_card import CARD_FIELDS

MAX_FEATURES: Final = 10_000
MAX_VERTICES: Final = 200_000
MAX_BYTES: Final = 10_000_000
MAX_UNIT_POLYGONS: Final = 300
MAX_UNIT_VERTICES: Final = 150

Legend = bytes | Callable[[tuple[Sign, ...]], bytes]
_TOLERANCES: Final = (0.0, 0.001, *TOLERANCES, 0.5)
"""Degrees by which evidence is simplified, from not at all, until the file keeps its budget: one step
finer than on a page, for the globe is flown over low, and one coarser, for the budget is a limit."""


class EarthOptions(TypedDict, total=False):
    """What a file holds beside its units: see :func:`write_kml`."""

    cards: Required[pd.DataFrame]
    imprint: Required[Imprint]
    lang: str
    layers: Mapping[str, gpd.GeoDataFrame] | None
    species: pd.DataFrame | None
    pack: Pack | None
    legend: Legend


def write_kml(
    path: str | Path,
    units: gpd.GeoDataFrame,
    *,
    profile: Profile = "earth-pro",
    **options: Unpack[EarthOptions],
) -> tuple[Problem, ...]:
    """Write units, and the evidence for them, for Google Earth; say what had to be left out.

    Parameters
    ----------
    path : path
        ``….kmz`` or ``….kml``. The file appears whole or not at all.
    units : GeoDataFrame
        The table `conservation_units`, in longitude and latitude. A column ``section_id`` and a
        column ``rev`` (the round in which the polygon last changed) are used where they are there.
    cards : DataFrame
        One row a unit: ``unit_id`` (column or index) and :data:`cami_units.words.unit_card.CARD_FIELDS`,
        strings ready to show.
    imprint : Imprint
        Title, date, round, profile, sources and disclaimer; they stand inside the file.
    profile : {"earth-pro", "earth-web"}
        Google Earth Pro on the desktop, or Google Earth in a browser, which refuses or ignores
        much of KML: no tour, no radio folders, no ``displayName`` there.
    lang : {"en", "ru"}
        Language of folders, labels and names.
    layers : mapping, optional
        Evidence in longitude and latitude by the names of :data:`cami_units.model.LAYERS`
        (``features`` are the ranges by species); any number of ``context_…`` (table `context`).
        Of ``ranges``, the coded parts, those with ``months`` are drawn as seasons, in which the time
        slider of Google Earth Pro shows them; so are links of movement with months.
    species : DataFrame, optional
        The table `species`: names, label codes, and which species are sensitive. Their ranges and
        links of movement are drawn on a grid of at least 25 km.
    pack : Pack, optional
        For a working group's file: whose it is, and the units of others to look at.
    legend : bytes or callable
        A PNG of the legend, or what draws one of its lines, put into the KMZ and laid over a corner
        of the screen. Google Earth Pro only: elsewhere the legend is a placemark's balloon, which is
        there in any case.

    Returns
    -------
    tuple of Problem
        What was simplified or left out to keep the budget (10,000 features, 200,000 vertices,
        10 MB), and units that are heavier than a person can edit. Units are never simplified.

    Raises
    ------
    InputError
        A table that is not as promised, a unit without a card, an unknown profile, language,
        layer or ending.
    """
    check_arguments(write_kml, locals())
    target, layers = Path(path), options.get("layers")
    names: Iterable[str] = () if layers is None or stamp_of(layers) else layers
    faults = _given_faults(options.get("lang", "en"), names)
    _refuse([*_file_faults(target, profile), *faults])
    return earth_writers(units, **options)[profile](target)


def earth_writers(
    units: gpd.GeoDataFrame,
    *,
    cards: pd.DataFrame,
    imprint: Imprint,
    lang: str = "en",
    layers: Mapping[str, gpd.GeoDataFrame] | None = None,
    species: pd.DataFrame | None = None,
    pack: Pack | None = None,
    legend: Legend = b"",
    typed: gpd.GeoDataFrame | None = None,
) -> Mapping[Profile, Callable[[Path], tuple[Problem, ...]]]:
    """What writes the same contents for each kind of Google Earth: they are drawn once for all.

    Parameters and errors are those of :func:`write_kml`. Each writer takes the path of its file and
    says what had to be left out. `typed` are the remarks where they are not among the layers, which
    outlast them.
    """
    drawn_layers = {} if layers is None else layers
    stamp, is_of_round = stamp_of(drawn_layers), isinstance(drawn_layers, LaterLayers)
    _refuse(_given_faults(lang, () if stamp else drawn_layers))
    check_table(units, "conservation_units", crs=LONLAT)
    if species is not None:
        check_table(species, "species")
    _check_cards(units, cards)
    if not stamp:
        _check_layers(drawn_layers)
        typed = drawn_layers.get("remarks", typed)
    if typed is not None:
        _check_layers({"remarks": typed})
    n_typed = 0 if typed is None else int((~typed.is_empty).sum())
    by_unit = _by_unit(cards)
    whose = pack or Pack()
    # a season lies in the year of the map: KML knows no months without a year
    year = int(imprint.date[:4]) if imprint.date[:4].isdecimal() else 0

    @cache
    def editable() -> UnitMarks:
        return unit_marks(units, by_unit, imprint, lang, whose.group)

    def check_layers() -> None:
        """Layers that are known by a stamp are looked at when a part is drawn of them."""
        if stamp:
            _refuse(_given_faults(lang, drawn_layers))
            _check_layers(drawn_layers)

    @lru_cache(maxsize=1)  # both kinds of Google Earth come for the same one
    def drawers(tolerance: float) -> Drawers:
        return evidence(
            lang,
            drawn_layers,
            species,
            tolerance,
            year=year,
            labels=labels_of(lang),
            check=check_layers,
        )

    @lru_cache(maxsize=1)
    def typed_at(tolerance: float) -> tuple[Folder | None, dict[str, int]]:
        return remarks(lang, typed, tolerance, of_group=bool(whose.group))

    def evidence_at(tolerance: float, profile: Profile, *, as_text: bool) -> Evidence:
        """The evidence at a tolerance; of a round as text, which can be kept."""
        as_folders, written = drawers(tolerance)
        return written(profile) if as_text and is_of_round else as_folders()

    def contents_of(profile: Profile, tolerance: float, *, as_text: bool = True) -> Contents:
        return contents(
            units,
            editable(),
            evidence_at(tolerance, profile, as_text=as_text),
            imprint=imprint,
            lang=lang,
            pack=whose,
            typed=typed_at(tolerance),
        )

    # whether the contents at a tolerance are light enough: the same for each kind of Google Earth
    known_light: dict[float, bool] = {}

    def write(path: Path, *, profile: Profile) -> tuple[Problem, ...]:
        # these are drawn at any tolerance: where they are too many, the finest is not drawn at all
        if len(editable().marks) + n_typed > MAX_FEATURES:
            known_light[_TOLERANCES[0]] = False
        if vertices(mark.geometry for mark in editable().marks) > MAX_VERTICES:
            known_light.update(dict.fromkeys(_TOLERANCES, False))
        light = _light_enough(partial(contents_of, profile), known_light)
        plain = partial(contents_of, profile, as_text=False)
        return _written(path, profile, light, plain, legend)

    return {profile: partial(write, profile=profile) for profile in get_args(Profile)}


def _written(
    path: Path,
    profile: Profile,
    light: Iterable[tuple[float, Contents]],
    plain: Callable[[float], Contents],
    legend: Legend,
) -> tuple[Problem, ...]:
    """Write the first contents that keep to the budget; `plain` are the same without kept text."""
    _refuse(_file_faults(path, profile))
    is_archive = path.suffix.lower() == ".kmz"
    for tolerance, file_contents in light:
        pictures = {}
        if is_archive and profile == "earth-pro":
            pictures = _pictures(file_contents, legend)
        try:
            parts = document(file_contents, profile, pictures=pictures)
        # A text that was drawn for another map may use an id of this one: then, and only then, it
        # is written anew.
        except TakenIdError:
            parts = document(plain(tolerance), profile, pictures=pictures)
        content = b"".join(part.text for part in parts)
        if is_archive:
            packed_pictures = {name: [Written(picture)] for name, picture in pictures.items()}
            content = _zipped({"doc.kml": parts} | packed_pictures)
        # From fine to coarse, until the file is light enough: the finest that fits is handed out.
        if len(content) <= MAX_BYTES:
            break
    _replace(path, content)
    return tuple(_problems(file_contents, tolerance, len(content), path.name))


def _pictures(file_contents: Contents, legend: Legend) -> dict[str, bytes]:
    """The pictures of a KMZ for Google Earth Pro: its legend, and the relief on the ground."""
    signs = legend(file_contents.legend) if callable(legend) else legend
    pictures = {LEGEND: signs} if signs else {}
    for name, ground in zip(RELIEFS, file_contents.grounds, strict=False):
        [relief] = piece("relief", [repr(ground).encode()], partial(_drawn_relief, ground))
        pictures[name] = relief
    return pictures


def _drawn_relief(ground: Bounds) -> list[bytes]:
    """The picture of the ground, in a list, as pieces are kept."""
    return [lonlat_picture(ground)]


def _check_layers(layers: Mapping[str, gpd.GeoDataFrame]) -> None:
    """Refuse a layer that is not what its name promises."""
    for name, table in layers.items():
        if not table.empty:
            check_table(table, "context" if name.startswith(CONTEXT) else name, crs=LONLAT)


def _refuse(faults: Sequence[str]) -> None:
    """Refuse to write where something is wrong, with all of it at once."""
    if faults:
        raise InputError("The KML cannot be written: " + "; ".join(faults) + ".")


def _file_faults(target: Path, profile: str) -> list[str]:
    """What is wrong with where to write, and for which program."""
    faults = []
    if target.suffix.lower() not in (".kml", ".kmz"):
        faults.append(f"the file must end in .kml or .kmz, '{target.name}' does not")
    if profile not in get_args(Profile):
        hint = nearest(profile, get_args(Profile))
        faults.append(f"profile '{profile}' is unknown: earth-pro or earth-web.{hint}")
    return faults


def _given_faults(lang: str, layers: Iterable[str]) -> list[str]:
    """What is wrong with a language or the names of layers."""
    faults = []
    if lang not in words.LANGUAGES:
        faults.append(f"language '{lang}' is unknown: {listed(words.LANGUAGES)} are there")
    faults += [
        f"layer '{name}' is unknown.{nearest(name, MAP_LAYERS)}"
        for name in layers
        if name not in GIVEN_LAYERS and not name.startswith(CONTEXT)
    ]
    return faults


def _check_cards(units: gpd.GeoDataFrame, cards: pd.DataFrame) -> None:
    """Refuse cards that lack a column, or a unit."""
    if missing := [field for field in CARD_FIELDS if field not in cards.columns]:
        raise InputError(
            f"The cards have no column {listed(missing)}. Make them with cu.unit_cards(…)."
        )
    card_of = _by_unit(cards)
    if bare := [unit_id for unit_id in units["unit_id"] if unit_id not in card_of]:
        raise InputError(
            f"{len(bare)} of {len(units)} units have no card: {listed(bare)}. "
            "Make the cards from the same units with unit_cards(…)."
        )


def _by_unit(cards: pd.DataFrame) -> dict[str, dict[str, str]]:
    """What each unit's card says, by the unit's id."""
    keyed = cards.set_index("unit_id") if "unit_id" in cards.columns else cards
    return {str(unit_id): card for unit_id, card in zip(keyed.index, records(keyed), strict=True)}


def _light_enough(
    drawn_at: Callable[[float], Contents], known_light: dict[float, bool]
) -> Iterator[tuple[float, Contents]]:
    """Contents that keep the budget, the least simplified first; at the end the simplest there is.

    Where even that does not keep it, as with thousands of units, the others are not drawn.
    `known_light` says of the tolerances drawn so far whether they keep it.
    """
    finest, *others, simplest = _TOLERANCES
    drawn = lru_cache(maxsize=1)(drawn_at)

    def is_light(tolerance: float) -> bool:
        """Whether the contents at a tolerance keep the budget."""
        if tolerance not in known_light:
            at_tolerance = drawn(tolerance)
            is_short = _n_features(at_tolerance) <= MAX_FEATURES
            known_light[tolerance] = is_short and _n_vertices(at_tolerance) <= MAX_VERTICES
        return known_light[tolerance]

    if is_light(finest):
        yield finest, drawn(finest)
    if is_light(simplest):
        # the finer, the heavier: the first that is light enough is looked for by halves
        for tolerance in others[bisect_left(others, True, key=is_light) :]:
            if is_light(tolerance):
                yield tolerance, drawn(tolerance)
    yield simplest, drawn(simplest)


def _n_features(file_contents: Contents) -> int:
    """How many features Earth on the web makes of them: one a line."""
    return file_contents.features + features(marks(file_contents.folders))


def _n_vertices(file_contents: Contents) -> int:
    """How many coordinate pairs there are."""
    everything = marks(file_contents.folders)
    return file_contents.vertices + vertices(mark.geometry for mark in everything)


def _problems(file_contents: Contents, tolerance: float, size: int, file: str) -> list[Problem]:
    """What was simplified or left out, and what stays too large for one of the programs."""
    everything = marks(file_contents.folders)
    units = [mark for mark in everything if any(key == "cu_id" for key, _ in mark.data)]
    problems = []
    specks = [
        Note("specks of", {"n": n, "layer": layer})
        for layer, n in sorted(file_contents.dropped.items())
    ]
    facts = {"degrees": float(tolerance), "parts": specks}
    if tolerance:
        note = Note("evidence simplified, specks" if specks else "evidence simplified", facts)
        problems.append(problem_of("counted", "kml", file, "", note))
    elif specks:
        problems.append(problem_of("counted", "kml", file, "", Note("specks left out", facts)))
    # Only said: a heavy file opens, and whoever made it may know why.
    for amount, limit, key in (
        (_n_features(file_contents), MAX_FEATURES, "many features"),
        (_n_vertices(file_contents), MAX_VERTICES, "many vertices"),
        (size, MAX_BYTES, "many bytes"),
    ):
        if amount > limit:
            note = Note(key, {"count": amount, "most": limit})
            problems.append(problem_of("note", "kml", file, "", note))
    if len(units) > MAX_UNIT_POLYGONS:
        note = Note("many polygons", {"count": len(units), "most": MAX_UNIT_POLYGONS})
        problems.append(problem_of("note", "kml", file, "", note))
    heavy = [
        mark.name
        for mark in units
        if vertices([mark.geometry]) > MAX_UNIT_VERTICES
        # round a pole, most are those of the cut, which nobody can take away
        and max(map(abs, mark.geometry.bounds[1::2])) < 90
    ]
    if heavy:
        note = Note("units of many vertices", {"count": len(heavy), "most": MAX_UNIT_VERTICES})
        problems.append(problem_of("note", "kml", file, in_short(heavy), note))
    return problems


def _zipped(files: Mapping[str, Sequence[Written]]) -> bytes:
    """A KMZ: `doc.kml` first.

    Parts are packed one by one and put together, so that one which was packed before is not packed
    again.
    """
    return archive({name: _joined(parts) for name, parts in files.items()})


def _joined(parts: Sequence[Written]) -> Packed:
    """Parts of a file as one packed file."""
    streams = [
        part.deflated or (deflated_once if part.shared else deflated)(part.text) for part in parts
    ]
    crc, size = 0, 0
    for part in parts:
        crc, size = zlib.crc32(part.text, crc), size + len(part.text)
    return Packed(b"".join([*streams, DEFLATE_END]), crc, size)


def _replace(target: Path, content: bytes) -> None:
    """Put the bytes in place at once: a reader sees the old file or the new one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        # A temporary file is made for its owner alone; a file to hand out is for everybody.
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
