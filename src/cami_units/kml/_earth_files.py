"""Units and their evidence to a KML or KMZ file."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from typing import Final, get_args

import geopandas as gpd
import pandas as pd
import shapely

from cami_units import words
from cami_units.kml._contents import Pack, contents, unit_marks
from cami_units.kml._earth_tree import document
from cami_units.kml._marks import Contents, Mark, Profile, marks
from cami_units.kml._written_shapes import vertices
from cami_units.model import (
    LONLAT,
    MAP_LAYERS,
    Imprint,
    InputError,
    Problem,
    check_table,
    listed,
    nearest,
)
from cami_units.scene import CONTEXT

MAX_FEATURES: Final = 10_000
MAX_VERTICES: Final = 200_000
MAX_BYTES: Final = 10_000_000
MAX_UNIT_POLYGONS: Final = 300
MAX_UNIT_VERTICES: Final = 150

LEGEND: Final = "files/legend.png"
"""Where the picture of the legend lies in a KMZ."""
_TOLERANCES: Final = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
"""Degrees by which evidence is simplified, from not at all, until the file keeps its budget."""


def write_kml(
    path: str | Path,
    units: gpd.GeoDataFrame,
    *,
    cards: pd.DataFrame,
    imprint: Imprint,
    profile: Profile = "earth-pro",
    lang: str = "en",
    layers: Mapping[str, gpd.GeoDataFrame] | None = None,
    species: pd.DataFrame | None = None,
    pack: Pack | None = None,
    legend: bytes = b"",
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
        One row a unit: ``unit_id`` (column or index) and :data:`cami_units.words.CARD_FIELDS`,
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
    species : DataFrame, optional
        The table `species`: names, label codes, and which species are sensitive. Their ranges and
        links of movement are drawn on a grid of at least 25 km.
    pack : Pack, optional
        For a working group's file: whose it is, and the units of others to look at.
    legend : bytes
        A PNG of the legend (see :func:`legend_signs`), put into the KMZ and laid over a corner of
        the screen. Google Earth Pro only: elsewhere the legend is a placemark's balloon, which is
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
    target = Path(path)
    _refuse([*_file_faults(target, profile), *_given_faults(lang, layers or {})])
    writers = earth_writers(
        units,
        cards=cards,
        imprint=imprint,
        lang=lang,
        layers=layers,
        species=species,
        pack=pack,
        legend=legend,
    )
    return writers[profile](target)


def earth_writers(
    units: gpd.GeoDataFrame,
    *,
    cards: pd.DataFrame,
    imprint: Imprint,
    lang: str = "en",
    layers: Mapping[str, gpd.GeoDataFrame] | None = None,
    species: pd.DataFrame | None = None,
    pack: Pack | None = None,
    legend: bytes = b"",
) -> Mapping[Profile, Callable[[Path], tuple[Problem, ...]]]:
    """What writes the same contents for each kind of Google Earth: they are drawn once for all.

    Parameters and errors are those of :func:`write_kml`. Each writer takes the path of its file and
    says what had to be left out.
    """
    drawn_layers = dict(layers or {})
    _refuse(_given_faults(lang, drawn_layers))
    check_table(units, "conservation_units", crs=LONLAT)
    for name, table in drawn_layers.items():
        if not table.empty:
            check_table(table, "context" if name.startswith(CONTEXT) else name, crs=LONLAT)
    if species is not None:
        check_table(species, "species")
    _check_cards(units, cards)
    by_unit = _by_unit(cards)

    @cache
    def editable() -> list[Mark]:
        return unit_marks(units, by_unit, imprint, lang, (pack or Pack()).group)

    def drawn_at(tolerance: float) -> Contents:
        """The contents with evidence simplified by a tolerance, in degrees."""
        return contents(
            units,
            editable(),
            cards=by_unit,
            imprint=imprint,
            lang=lang,
            layers=drawn_layers,
            species=species,
            tolerance=tolerance,
            pack=pack,
        )

    def least() -> int:
        """How many features there are at any tolerance: units, and what groups said of them."""
        remarks = drawn_layers.get("remarks")
        return len(editable()) + (0 if remarks is None else int((~remarks.is_empty).sum()))

    light = _Once(_light_enough(drawn_at, least))
    return {
        profile: partial(_written, profile=profile, light=light, legend=legend)
        for profile in get_args(Profile)
    }


class _Once:
    """What an iterator gives, for any number of readers."""

    def __init__(self, source: Iterator[tuple[float, Contents]]) -> None:
        self.source = source
        self.given: list[tuple[float, Contents]] = []

    def __iter__(self) -> Iterator[tuple[float, Contents]]:
        yield from self.given
        for item in self.source:
            self.given.append(item)
            yield item


def _written(
    path: Path, *, profile: Profile, light: Iterable[tuple[float, Contents]], legend: bytes
) -> tuple[Problem, ...]:
    """Write the first contents that are light enough, and say what that cost."""
    _refuse(_file_faults(path, profile))
    is_archive = path.suffix.lower() == ".kmz"
    picture = legend if is_archive and profile == "earth-pro" else b""
    for tolerance, file_contents in light:  # noqa: B007 - both are told afterwards
        parts = document(file_contents, profile, legend=LEGEND if picture else "")
        content = b"".join(part.text for part in parts)
        if is_archive:
            content = _zipped({"doc.kml": content} | ({LEGEND: picture} if picture else {}))
        if len(content) <= MAX_BYTES:
            break
    _replace(path, content)
    return tuple(_problems(file_contents, tolerance, len(content), path.name))


def _refuse(faults: Sequence[str]) -> None:
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


def _given_faults(lang: str, layers: Mapping[str, gpd.GeoDataFrame]) -> list[str]:
    """What is wrong with the language and the names of layers."""
    faults = []
    if lang not in words.LANGUAGES:
        faults.append(f"language '{lang}' is unknown: {listed(words.LANGUAGES)} are there")
    faults += [
        f"layer '{name}' is unknown.{nearest(name, MAP_LAYERS)}"
        for name in layers
        if name not in MAP_LAYERS and not name.startswith(CONTEXT)
    ]
    return faults


def _check_cards(units: gpd.GeoDataFrame, cards: pd.DataFrame) -> None:
    """Refuse cards that lack a column, or a unit."""
    missing = [field for field in words.CARD_FIELDS if field not in cards.columns]
    if missing:
        raise InputError(
            f"The cards have no column {listed(missing)}. Make them with words.unit_cards(…)."
        )
    card_of = _by_unit(cards)
    bare = [unit_id for unit_id in units["unit_id"] if unit_id not in card_of]
    if bare:
        raise InputError(
            f"{len(bare)} of {len(units)} units have no card: {listed(bare)}. "
            "Make the cards from the same units with words.unit_cards(…)."
        )


def _by_unit(cards: pd.DataFrame) -> dict[str, dict[str, str]]:
    """What each unit's card says, by the unit's id."""
    keyed = cards.set_index("unit_id") if "unit_id" in cards.columns else cards
    return {
        str(unit_id): {str(key): value for key, value in card.items()}
        for unit_id, card in zip(keyed.index, keyed.to_dict("records"), strict=True)
    }


def _light_enough(
    drawn_at: Callable[[float], Contents], least: Callable[[], int]
) -> Iterator[tuple[float, Contents]]:
    """Contents that keep the budget, the least simplified first; at the end the simplest there is.

    Where even that does not keep it, as with thousands of units, the others are not drawn.
    """
    if least() <= MAX_FEATURES:
        exact = drawn_at(_TOLERANCES[0])
        if _is_light(exact):
            yield _TOLERANCES[0], exact
        del exact  # thousands of marks, which would lie beside the next ones
    simplest = drawn_at(_TOLERANCES[-1])
    if _is_light(simplest):
        for tolerance in _TOLERANCES[1:-1]:
            file_contents = drawn_at(tolerance)
            if _is_light(file_contents):
                yield tolerance, file_contents
    yield _TOLERANCES[-1], simplest


def _is_light(file_contents: Contents) -> bool:
    """Whether Google Earth on the web takes so many features and vertices."""
    everything = marks(file_contents.folders)
    return (
        _features(everything) <= MAX_FEATURES
        and vertices(mark.geometry for mark in everything) <= MAX_VERTICES
    )


def _problems(file_contents: Contents, tolerance: float, size: int, file: str) -> list[Problem]:
    """What was simplified or left out, and what stays too large for one of the programs."""
    everything = marks(file_contents.folders)
    units = [mark for mark in everything if any(key == "cu_id" for key, _ in mark.data)]
    problems = []
    if tolerance:
        what = f"evidence was simplified by {tolerance:g}° to keep the file light"
        left_out = ", ".join(
            f"{n} of {layer}" for layer, n in sorted(file_contents.dropped.items())
        )
        if left_out:
            what += f"; parts smaller than that were left out: {left_out}"
        problems.append(Problem("counted", "kml", file, "", what))
    elif file_contents.dropped:
        specks = ", ".join(f"{n} of {layer}" for layer, n in sorted(file_contents.dropped.items()))
        what = f"parts smaller than a metre were left out: {specks}"
        problems.append(Problem("counted", "kml", file, "", what))
    count = vertices(mark.geometry for mark in everything)
    for amount, limit, noun in (
        (_features(everything), MAX_FEATURES, "features"),
        (count, MAX_VERTICES, "vertices"),
        (size, MAX_BYTES, "bytes"),
    ):
        if amount > limit:
            what = f"the file has {amount:,} {noun}; Google Earth stays smooth up to {limit:,}"
            problems.append(
                Problem("note", "kml", file, "", what, "Give it fewer or lighter layers.")
            )
    if len(units) > MAX_UNIT_POLYGONS:
        what = f"{len(units)} editable polygons; people can work with {MAX_UNIT_POLYGONS}"
        problems.append(Problem("note", "kml", file, "", what, "Make one file for each section."))
    heavy = [mark.name for mark in units if vertices([mark.geometry]) > MAX_UNIT_VERTICES]
    if heavy:
        what = f"{len(heavy)} units have more than {MAX_UNIT_VERTICES} vertices"
        problems.append(
            Problem("note", "kml", file, listed(heavy), what, "Simplify them before the meeting.")
        )
    return problems


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """A KMZ: `doc.kml` first, one date and mode for ever, so one set of bytes."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, compresslevel=9)
    return buffer.getvalue()


def _replace(target: Path, content: bytes) -> None:
    """Put the bytes in place at once: a reader sees the old file or the new one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _features(everything: Sequence[Mark]) -> int:
    """How many features Earth on the web makes of them: one a line."""
    return sum(shapely.get_num_geometries([mark.geometry for mark in everything]).tolist())
