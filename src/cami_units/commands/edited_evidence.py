"""What groups did to the layers that they were handed to look at: none of it is read, all of it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from cami_units.model import (
    CONTEXT,
    EVIDENCE_LAYERS,
    LAYERS,
    Note,
    clean_name,
    context_title,
    records,
)

_MOVED: Final = 0.05
"""Degrees by which a corner must lie beside the outline of its row to count as moved: written ones are simplified."""


_SAME: Final = 1e-5
"""Degrees between a corner and the same one as a file has it, with six decimals."""


def edited_evidence(
    marks: Sequence[Mapping[str, Any]], shown: Mapping[str, gpd.GeoDataFrame]
) -> Iterator[tuple[Mapping[str, Any], Note | str]]:
    """The placemarks of our evidence that somebody plainly moved, redrew or renamed, and of which layer.

    Parameters
    ----------
    marks : sequence of mapping
        The placemarks of one file that are ours to look at, with ``name``, ``data`` and their shapes.
    shown : mapping
        The tables of the round by layer, in longitude and latitude.

    Notes
    -----
    A large file is drawn with simpler outlines, whose sides cut corners by more than a moved corner is
    moved, but which have corners of the outline still: where most placemarks lie beside their rows, only
    those count that have none. What was made coarse for safety is drawn elsewhere than it is, and says so:
    it is not looked at. Before releases said so, most of such a layer has no corner of its rows.
    """
    rows = _rows_of(marks, shown)
    shares = _shares_on(marks, rows, within=_MOVED)
    astray = {place for place, share in shares.items() if share < 1}
    shares = _shares_on(marks, {place: rows[place] for place in astray}, within=_SAME)
    far = {place for place, share in shares.items() if not share}
    # of one or two nobody can say "most": somebody saved what was moved by itself
    moved_places = far if len(rows) > 2 and 2 * len(astray) > len(rows) else astray
    layer_of = {place: str(marks[place]["data"]["layer"]) for place in rows}
    in_all, in_far = (Counter(layer_of[place] for place in places) for places in (rows, far))
    coarse_layers = {layer for layer, count in in_far.items() if 2 * count > in_all[layer] >= _MANY}
    for place, row in rows.items():
        mark, layer = marks[place], layer_of[place]
        is_moved = place in moved_places and layer not in coarse_layers
        if is_moved or _is_renamed(mark, row):
            is_context = layer.startswith(CONTEXT)
            yield mark, context_title(layer) if is_context else Note(f"layer {layer}")


_MANY: Final = 6
"""Placemarks of a layer in one file of which nobody redraws most; of fewer a group may well have."""


def unknown_evidence(
    marks: Iterable[Mapping[str, Any]], shown: Mapping[str, gpd.GeoDataFrame]
) -> Iterator[tuple[Mapping[str, Any], Note]]:
    """The placemarks that say a layer of our evidence and are none of its rows, and of which layer.

    A GIS writes the name of a file into a column `layer` where it merges some: what a group drew in a file
    called "ranges" says so of itself.
    """
    ids = {
        layer: set(table[_key(layer)].astype(str))
        for layer, table in shown.items()
        if not layer.startswith(CONTEXT)
    }
    for mark in marks:
        data, layer = mark["data"], mark["data"].get("layer", "")
        key = "sci_name" if layer == "ranges" else _key(layer)
        # a shapefile cuts names of columns at ten letters
        said_id = data.get(key) or data.get(key[:10], "")
        # of a layer that the round does not have nothing was handed out
        is_row = bool(said_id) if layer == "ranges" else said_id in ids.get(layer, ())
        if not is_row and layer in ("ranges", *ids, *EVIDENCE_LAYERS):
            yield mark, Note(f"layer {layer}")


def _key(layer: str) -> str:
    """The column that tells the rows of a layer apart."""
    return LAYERS[layer].key[0] if layer in LAYERS else "context_id"


def _rows_of(
    marks: Iterable[Mapping[str, Any]], shown: Mapping[str, gpd.GeoDataFrame]
) -> dict[int, Mapping[str, Any]]:
    """The row behind each placemark, by its place among them, with ``outline`` to hold it against."""
    wanted: dict[str, dict[int, str]] = {}
    for place, mark in enumerate(marks):
        layer = mark["data"].get("layer", "")
        # of a context layer a note is a column of its own, and the id stands in that of the placemark
        is_context = layer.startswith(CONTEXT)
        if layer in shown and (is_context or "note" not in mark["data"]):
            numbers = str(mark["placemark_id"]).removeprefix(f"{layer}.").partition(".")
            identity = numbers[0] if is_context else mark["data"].get(_key(layer), "")
            wanted.setdefault(layer, {})[place] = identity
    found: dict[int, Mapping[str, Any]] = {}
    for layer, ids in wanted.items():
        table = pd.DataFrame(shown[layer])
        table = table.assign(id=table[_key(layer)].astype(str))
        table = table[table["id"].isin(set(ids.values()))]
        table = table.assign(outline=_outlines(table["geometry"].to_numpy(dtype=object)))
        by_id = {row["id"]: row for row in records(table)}
        found |= {place: by_id[one] for place, one in ids.items() if one in by_id}
    return found


def _outlines(shapes: NDArray[Any]) -> NDArray[Any]:
    """What corners of shapes lie on, prepared."""
    outlines = shapes.copy()
    is_ground = shapely.get_dimensions(shapes) == 2
    outlines[is_ground] = shapely.boundary(shapes[is_ground])
    shapely.prepare(outlines)
    return outlines


def _shares_on(
    marks: Sequence[Mapping[str, Any]], rows: Mapping[int, Mapping[str, Any]], *, within: float
) -> dict[int, float]:
    """The share of each placemark's corners that lie on the outline of its row, within some degrees, 0–1."""
    # all at once: a thousand come back from each group, most with a handful of corners
    shapes = [
        (number, shape)
        for number, place in enumerate(rows)
        for key in ("ground", "lines", "points")
        if (shape := marks[place][key]) is not None
    ]
    corners, part = shapely.get_coordinates([shape for _, shape in shapes], return_index=True)
    number = np.array([number for number, _ in shapes], dtype=np.intp)[part]
    outlines = np.array([row["outline"] for row in rows.values()], dtype=object)
    is_on = shapely.dwithin(outlines[number], shapely.points(corners), within)
    counts = np.bincount(number, minlength=len(rows))
    counts_on = np.bincount(number, is_on, minlength=len(rows))
    # what has no corner lies nowhere else
    shares = np.where(counts > 0, counts_on / np.maximum(counts, 1), 1.0)
    return dict(zip(rows, shares.tolist(), strict=True))


def _is_renamed(mark: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether a placemark has another name than its row has in any language."""
    name = clean_name(str(mark["name"]).removeprefix(row["id"]))
    names = {clean_name(row[key]) for key in row if str(key).startswith("name")} - {""}
    # what has no name is called by its layer or its id
    return bool(name and names) and not {name, clean_name(mark["name"])} & names
