"""The evidence of a file in parts, each known by the layers that it is drawn of: drawn once, then kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely

from cami_units import drawn_pieces, scene, words
from cami_units.kml import _evidence
from cami_units.kml._earth_tree import deflated, written_folders
from cami_units.kml._evidence import Drawing
from cami_units.kml._marks import (
    LAYER_LOOKS,
    LOOKS,
    Bounds,
    Folder,
    Look,
    Mark,
    Profile,
    Sign,
    Written,
    barrier_look,
    context_look,
    known_species,
    marks,
    range_look,
    rows,
    status_look,
)
from cami_units.kml._written_shapes import vertices
from cami_units.model import EVIDENCE_LAYERS, LAYERS, clean_name, narrowest_bounds
from cami_units.scene import coarse_layers, species_places
from cami_units.words.unit_card import context_legend

Tables = Mapping[str, gpd.GeoDataFrame]
Kinds = Mapping[str, Mapping[str, Any]]

Drawers = tuple[Callable[[], "Evidence"], Callable[[Profile], "Evidence"]]
"""What gives evidence as folders, and what gives it as text for a kind of Google Earth."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a file shows beside its units, at a tolerance: as folders, or as text drawn before.

    `background`, `sections` and `folders` are empty where `written` is there: the three as text,
    for each kind of Google Earth, part by part, with their numbers of `features` and `vertices`. `signs` are its
    lines of the legend, `species` those of ranges, `view` what the background shows.
    """

    signs: tuple[Sign, ...]
    species: tuple[Sign, ...]
    is_doubtful: bool
    looks: Mapping[str, Look]
    dropped: Mapping[str, int]
    view: Bounds | None
    background: tuple[Folder, ...] = ()
    sections: tuple[Mark, ...] = ()
    folders: tuple[Folder, ...] = ()
    written: Mapping[Profile, tuple[tuple[Written, ...], ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    features: int = 0
    vertices: int = 0


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the evidence: in which of the three folders it is, what it is drawn of, and how.

    Without `layers` it may be drawn of any of them.
    """

    place: int
    layers: tuple[str, ...]
    draw: Callable[[Drawing, Tables, Kinds], tuple[Folder, ...]]


_BACKGROUND, _SECTIONS, _FOLDERS = range(3)


def _background(drawing: Drawing, layers: Tables, _: Kinds) -> tuple[Folder, ...]:
    return there(_evidence.borders(drawing, layers), _evidence.names(drawing, layers))


def _sections(drawing: Drawing, layers: Tables, _: Kinds) -> tuple[Folder, ...]:
    return there(_evidence.plain(drawing, "sections", layers, visible=True))


def _ranges(drawing: Drawing, layers: Tables, kinds: Kinds) -> tuple[Folder, ...]:
    features, coded_parts = layers.get("features"), layers.get("ranges")
    return there(_evidence.ranges(drawing, features, kinds, coded_parts))


def _layer(drawing: Drawing, layers: Tables, _: Kinds, *, layer: str) -> tuple[Folder, ...]:
    if LAYERS[layer].by_kind:
        return there(_evidence.barriers(drawing, layers.get(layer)))
    return there(_evidence.plain(drawing, layer, layers))


def _border_pairs(drawing: Drawing, layers: Tables, _: Kinds) -> tuple[Folder, ...]:
    return there(_evidence.border_pairs(drawing, layers.get("borders")))


def _context(drawing: Drawing, layers: Tables, _: Kinds) -> tuple[Folder, ...]:
    return there(_evidence.context(drawing, layers))


def _more_names(drawing: Drawing, layers: Tables, _: Kinds) -> tuple[Folder, ...]:
    return there(_evidence.more_names(drawing, layers))


_PARTS: Final = (
    _Part(_BACKGROUND, ("countries", "borders", "disputed", "gazetteer"), _background),
    # they have a folder of their own, above the units
    _Part(_SECTIONS, ("sections",), _sections),
    _Part(_FOLDERS, ("features", "ranges"), _ranges),
    *(
        _Part(_FOLDERS, (layer,), partial(_layer, layer=layer))
        for layer in EVIDENCE_LAYERS
        if layer != "sections"
    ),
    _Part(_FOLDERS, ("borders",), _border_pairs),
    _Part(_FOLDERS, (), _context),
    _Part(_FOLDERS, ("gazetteer",), _more_names),
)
"""All of it, in the order of the file."""


def evidence(
    lang: str,
    layers: Tables,
    species: pd.DataFrame | None,
    tolerance: float,
    *,
    year: int,
    labels: Mapping[str, str],
    check: Callable[[], None],
) -> Drawers:
    """What draws the evidence of a file, as folders, or as text for a kind of Google Earth.

    It is simplified by a tolerance in degrees; seasons lie in the given year, and `labels` are what data
    are called in the language. `check` is called before a layer is looked at. Not what groups typed,
    which the next file that they hand in changes. As text a part that was drawn before of the same
    layers is not drawn again, and no layer is looked at of which none is.
    """
    kinds = known_species(species)

    @cache
    def coarse_tables() -> Tables:
        check()
        return coarse_layers(layers, species)

    @cache
    def drawn_part(number: int) -> tuple[Drawing, tuple[Folder, ...]]:
        """A part, and what was noted of it: both kinds of Google Earth come for the same."""
        drawing = Drawing(lang, tolerance, year)
        return drawing, _PARTS[number].draw(drawing, coarse_tables(), kinds)

    def signs() -> tuple[tuple[Sign, ...], tuple[Sign, ...], bool]:
        """The legend's lines, those of species, and whether anything is said of borders."""
        tables = coarse_tables()
        is_doubtful = "disputed" in tables or "borders" in tables
        return layer_signs(tables, lang), _species_signs(tables, kinds, lang), is_doubtful

    def as_folders() -> Evidence:
        drawings, folders = zip(*map(drawn_part, range(len(_PARTS))), strict=True)
        in_places: list[list[Folder]] = [[], [], []]
        for part, of_part in zip(_PARTS, folders, strict=True):
            in_places[part.place] += of_part
        background, sections, others = map(tuple, in_places)
        return Evidence(
            *signs(),
            looks=dict(look for drawing in drawings for look in drawing.looks.items()),
            dropped=_sums(drawing.dropped for drawing in drawings),
            view=_view(background),
            background=background,
            sections=tuple(mark for folder in sections for mark in folder.marks),
            folders=others,
        )

    def written_part(number: int, profile: Profile) -> list[bytes]:
        """What is known of a part; its text, plain and deflated."""
        part, (drawing, folders) = _PARTS[number], drawn_part(number)
        everything = marks(folders)
        # sections stand in a folder that is there in any case
        bare, inside = (everything, ()) if part.place == _SECTIONS else ([], folders)
        text, ids = written_folders(bare, inside, profile, labels)
        about = {
            "looks": {key: asdict(look) for key, look in drawing.looks.items()},
            "dropped": drawing.dropped,
            "view": _view(folders) if part.place == _BACKGROUND else None,
            "features": features(everything),
            "vertices": vertices(mark.geometry for mark in everything),
            "ids": sorted(ids),
        }
        return [json.dumps(about, ensure_ascii=False).encode(), text, deflated(text)]

    def as_text(profile: Profile) -> Evidence:
        def kept(
            kind: str, of: Sequence[str], about: object, make: drawn_pieces.Make
        ) -> Sequence[bytes]:
            """A piece that hangs on some layers and on what it is `about`."""
            stamp = scene.stamp_of(layers, *of)
            content = [stamp, repr((lang, about)).encode()]
            return drawn_pieces.piece(kind, content, make) if stamp else make()

        def signs_as_text() -> list[bytes]:
            *lines, is_doubtful = signs()
            facts = [*([_sign_facts(sign) for sign in part] for part in lines), is_doubtful]
            return [json.dumps(facts, ensure_ascii=False).encode()]

        [signs_text] = kept("earth-signs", (), "", signs_as_text)
        of_layers, of_species, is_doubtful = json.loads(signs_text)
        about = profile, tolerance, year
        known: list[dict[str, Any]] = []
        texts: list[list[Written]] = [[], [], []]
        for number, part in enumerate(_PARTS):
            make = partial(written_part, number, profile)
            told, text, packed = kept(f"earth-{number}", part.layers, about, make)
            known.append(json.loads(told))
            if text:
                texts[part.place].append(Written(text, packed, frozenset(known[-1]["ids"])))
        view = next((tuple(facts["view"]) for facts in known if facts["view"]), None)
        return Evidence(
            tuple(map(_sign, of_layers)),
            tuple(map(_sign, of_species)),
            is_doubtful,
            looks={key: Look(**look) for facts in known for key, look in facts["looks"].items()},
            dropped=_sums(facts["dropped"] for facts in known),
            view=view,
            written={profile: tuple(map(tuple, texts))},
            features=sum(facts["features"] for facts in known),
            vertices=sum(facts["vertices"] for facts in known),
        )

    return as_folders, as_text


def _view(background: Iterable[Folder]) -> Bounds | None:
    """The narrowest box, in degrees, round what stands in these folders."""
    return narrowest_bounds([mark.geometry for mark in marks(background)])


def _sums(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Numbers by name, added up."""
    sums: dict[str, int] = {}
    for of_part in counts:
        for name, count in of_part.items():
            sums[name] = sums.get(name, 0) + count
    return sums


def _sign_facts(sign: Sign) -> list[Any]:
    return [asdict(sign.look), sign.label, sign.is_line]


def _sign(facts: Sequence[Any]) -> Sign:
    """A line of the legend from what was kept of it."""
    look, label, is_line = facts
    return Sign(Look(**look), label, is_line)


def features(everything: Sequence[Mark]) -> int:
    """How many features Earth on the web makes of marks: one a line."""
    return sum(shapely.get_num_geometries([mark.geometry for mark in everything]).tolist())


def there(*folders: Folder | None) -> tuple[Folder, ...]:
    """The folders that have something in them."""
    return tuple(folder for folder in folders if folder)


def layer_signs(layers: Mapping[str, gpd.GeoDataFrame], lang: str) -> tuple[Sign, ...]:
    """The lines of a legend for layers, species aside."""
    no_units = pd.DataFrame({"status": []})
    return (
        *(
            Sign(look_of(sign), sign.label, sign.is_line)
            for sign in scene.legend_signs(no_units, layers, lang=lang)
        ),
        *(
            Sign(
                context_look(place),
                context_legend(layers[name], lang),
                bool(shapely.get_dimensions(layers[name].geometry.iloc[0]) == 1),
            )
            for place, name in enumerate(scene.context_names(layers))
        ),
    )


def _species_signs(
    layers: Mapping[str, gpd.GeoDataFrame], kinds: Mapping[str, Mapping[str, Any]], lang: str
) -> tuple[Sign, ...]:
    """The lines of a legend for the ranges of species, by their codes."""
    if "features" not in layers:
        return ()
    places = species_places(kinds, layers["features"]["sci_name"])
    signs = []
    for row in rows(layers["features"], "sci_name"):
        species = kinds.get(str(row["sci_name"]), {})
        spoken = words.name_in(species, lang) or clean_name(row["sci_name"])
        label = f"{clean_name(species.get('code'))} {spoken}".strip()
        signs.append(Sign(range_look(places[str(row["sci_name"])]), label))
    return tuple(signs)


def look_of(sign: scene.Sign) -> Look:
    """How the globe draws what a line of the legend stands for."""
    if sign.kind == "status":
        return status_look(sign.key, "")
    if sign.kind == "barrier":
        return barrier_look(sign.key)
    return LOOKS[LAYER_LOOKS[sign.key]]
