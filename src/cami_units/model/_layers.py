"""Every layer of the house, once: what its table holds, where it lies, how a row of it is shown.

The layers stand in `layers.toml`. Whoever needs a list of them takes it from here, so a new layer is a
table of that file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, Literal

from cami_units.model._errors import Note

GeometryKind = Literal["polygon", "line", "point", "any"]
"""What a layer is made of; "any": polygons and points (protected areas)."""

Role = Literal["species", "ground", "evidence", "remark", "record"]
"""What a layer is on a map: the species themselves, the background, what speaks for or against a
unit, what people wrote; or records of single animals, which are counted and on no map."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What is known of a layer before any file of it is opened.

    Attributes
    ----------
    name
        As in `plan.toml`, in the GeoPackage of a round, in :class:`Layers` and in `words`.
    role
        What it is on a map.
    columns, key
        What its table promises, and which of these tell its rows apart.
    geometry
        ``None``: a table without shapes.
    files
        The bundled files, as a pattern below the data folder; empty for what is computed from other
        layers.
    needed
        Nothing can be computed without it, so a plan cannot leave it out.
    in_round
        Whether a round keeps it under its own name.
    titles
        The columns that name a row, in English and in Russian.
    prefix
        How ids begin that are counted for rows without one.
    by_kind
        Drawn and explained by the column ``kind``, not as one.
    mark_columns
        What a placemark on the globe carries of a row beside its key, where the table has it.
    sign
        What one thing of the layer is called where looks and legends are keyed by kind.
    card_columns
        What the card of a row on a map says beside its names.
    map_vertices
        How many vertices a map in a browser spends on it.
    """

    name: str
    role: Role
    columns: tuple[str, ...]
    key: tuple[str, ...]
    geometry: GeometryKind | None = None
    files: str = ""
    needed: bool = False
    in_round: bool = True
    titles: tuple[str, str] = ("name_en", "name_ru")
    prefix: str = ""
    by_kind: bool = False
    mark_columns: tuple[str, ...] = ()
    card_columns: tuple[str, ...] = ()
    sign: str = ""
    map_vertices: int = 0


_LISTS: Final = ("columns", "key", "titles", "mark_columns", "card_columns")


def rows_of(file: str) -> dict[str, dict[str, Any]]:
    """The tables of a TOML file of this room, by name, with their lists of words as tuples."""
    tables = tomllib.loads(resources.files(__package__).joinpath(file).read_text(encoding="utf-8"))
    return {
        name: {key: tuple(value.split()) if key in _LISTS else value for key, value in row.items()}
        for name, row in tables.items()
    }


_LAYERS: Final = tuple(Layer(name, **row) for name, row in rows_of("layers.toml").items())

LAYERS: Final[Mapping[str, Layer]] = MappingProxyType({layer.name: layer for layer in _LAYERS})
"""Every layer by its name. Context layers are not here: a plan has any number of them."""

INPUT_LAYERS: Final = tuple(layer.name for layer in _LAYERS if layer.files)
"""The layers that are read from files, in that order: those that a plan can name."""

COVERED_LAYERS: Final = ("hotspots", "protected_areas", "barriers", "corridors")
"""Evidence that may have been looked for in some states only: a plan may say in which."""

COMPILED_FOR_ALL: Final = ("hotspots", "protected_areas", "barriers")
"""Bundled layers that were compiled for all states of the initiative: none found there is none."""

CONTEXT: Final = "context_"
"""What the names of context layers begin with: this and their name in the plan."""

_OWN_SOURCE: Final = ("countries", "disputed", "species")
"""Bundled layers whose source is told by itself; the others were all drawn by hand."""


def context_title(table: str) -> str:
    """The name of a context layer as people read it, from the name of its table."""
    return table.removeprefix(CONTEXT).replace("_", " ")


def cited_sources(inputs: Collection[Mapping[str, Any]]) -> tuple[Note, ...]:
    """The sources of a round from the inputs of its manifest: a user's own by file, bundled ones by layer.

    Examples
    --------
    >>> [note.key for note in cited_sources([{"layer": "species", "file": "s.csv", "bundled": True}])]
    ['source species']
    """
    bundled = sorted({str(source.get("layer", "")) for source in inputs if source.get("bundled")})
    drawn_layers = [Note(f"layer {layer}") for layer in bundled if layer not in _OWN_SOURCE]
    # each once, in the order of the plan: a context layer may be of many files
    files = dict.fromkeys(
        (str(source.get("layer", "")), str(source.get("file", "")))
        for source in inputs
        if not source.get("bundled")
    )
    own_files = sorted(pair for pair in files if pair[0] in INPUT_LAYERS)
    context = [pair for pair in files if pair[0] not in INPUT_LAYERS]
    return (
        *(
            Note("source own", {"layer": Note(f"layer {layer}"), "file": file})
            for layer, file in own_files
        ),
        *([Note("source bundled", {"parts": drawn_layers})] if drawn_layers else ()),
        *(Note(f"source {layer}") for layer in bundled if layer in _OWN_SOURCE),
        *(
            Note("source context", {"title": context_title(layer), "file": file})
            for layer, file in context
        ),
    )


RECORDS: Final = tuple(layer.name for layer in _LAYERS if layer.role == "record")
"""Single animals, seen or followed: kept on the machine, and in nothing that is handed out."""

RANGE_WEIGHT: Final = "range_weight"
"""The column of ranges that count in part: the share, 0–1, of their ground that is range. Not there
where all of it is."""

MAP_EVIDENCE: Final = ("protected_areas", "hotspots", "corridors", "barriers")
"""The evidence that every map of a unit shows, areas below lines."""

CRITERION_LAYERS: Final[Mapping[str, str]] = MappingProxyType(
    {"C5": "corridors", "C6": "barriers", "C7": "protected_areas", "C8": "hotspots"}
)
"""The layer without which a criterion is not assessed."""

ROUND_LAYERS: Final = tuple(layer.name for layer in _LAYERS if layer.in_round)
"""The layers that a round keeps beside its units."""

SPECIES_LAYERS: Final = tuple(
    layer.name for layer in _LAYERS if layer.in_round and "sci_name" in layer.columns
)
"""What a round tells of single species: of a sensitive one it is made coarse."""

EVIDENCE_LAYERS: Final = tuple(layer.name for layer in _LAYERS if layer.role == "evidence")
"""What speaks for or against a unit, in the order of legends."""

MAP_LAYERS: Final = tuple(
    layer.name for layer in _LAYERS if layer.in_round or layer.role == "remark"
)
"""What a map may be given to draw."""
