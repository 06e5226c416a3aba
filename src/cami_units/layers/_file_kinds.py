"""What people have, what it can be here, and which columns that needs."""

from __future__ import annotations

from typing import Final, NamedTuple

from cami_units.layers._dialects import ADVISED, DIALECTS
from cami_units.model import INPUT_LAYERS, LAYERS

_VECTORS: Final = (
    "shapefile, GeoPackage, GeoJSON (also line by line), TopoJSON, FlatGeobuf, GeoParquet, file "
    "geodatabase, MapInfo (.tab, .mif), GML, SpatiaLite (.sqlite), KML, KMZ, a zip of these, or a "
    "query of a database (.sql)"
)
_ANIMALS: Final = {
    "occurrences": [
        (
            "records of animals (a GBIF download, a Darwin Core archive, a CSV with lon and lat or "
            "WKT, points)",
            "sci_name (or [species]); day, uncertainty_m, basis, status",
        )
    ],
    "telemetry": [
        (
            "positions of tracked animals (CSV of Movebank, points)",
            "sci_name (or [species]), animal, time; visible, outlier, argos_class",
        ),
        ("tracks (lines)", "sci_name (or [species]), animal; begins, ends"),
    ],
}
"""Single animals: what people have of them, and the columns that it needs."""

_WORDS_OF_GEOMETRY: Final = {"polygon": "polygons", "line": "lines", "point": "points"}


class FileKind(NamedTuple):
    """A kind of file in one role: what it is, where a plan names it, which columns it needs."""

    have: str
    role: str
    columns: str


def file_kinds() -> list[FileKind]:
    """Every kind of file in every role that it can have, in the order of the layers.

    Examples
    --------
    >>> [kind.columns for kind in file_kinds() if kind.role == "[layers] barriers"]
    ['kind, permeability (or [defaults.barriers]); name, barrier_id']
    """
    kinds = []
    for layer in INPUT_LAYERS:
        role = f"[layers] {layer}"
        if LAYERS[layer].geometry is None:
            needs = "sci_name, name_en, iucn_category, range_states"
            kinds.append(FileKind("a table (CSV of any spreadsheet)", role, needs))
            continue
        if layer in _ANIMALS:
            kinds += [FileKind(have, role, needs) for have, needs in _ANIMALS[layer]]
            continue
        what = _WORDS_OF_GEOMETRY.get(str(LAYERS[layer].geometry), "polygons or points")
        kinds.append(FileKind(what, role, _columns(layer)))
        if layer == "ranges":
            needs = 'species from [species] "tif/*.tif" = "file name"; [defaults.ranges] at_least, whole_at'
            kinds.append(FileKind("a raster (GeoTIFF, COG, ASCII grid)", role, needs))
    kinds.append(
        FileKind("a table with coordinates (CSV, as above)", "[context.NAME]", "coordinates; any")
    )
    kinds.append(
        FileKind(
            "polygons, lines, points, or a raster", "[context.NAME]", "any; column = for a mean"
        )
    )
    return kinds


def _columns(layer: str) -> str:
    """The columns of a layer: those that must be there, then the first that are used if they are."""
    dialect = DIALECTS[layer]
    needed = [column.name for column in dialect if column.required]
    if needed and needed[-1] in ADVISED:
        needed[-1] += f" (or [defaults.{layer}])"
    if layer == "ranges":
        needed[-1] += " (or [species])"
    others = [column.name for column in dialect if not column.required][:4]
    optional = sorted(others, key=lambda name: name.endswith("_id"))
    return "; ".join((", ".join(needed) or "none needed", ", ".join(optional)))


VECTORS: Final = f"Polygons, lines and points come as {_VECTORS}."
