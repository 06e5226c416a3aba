"""What a working group's file has beside a round's: whose it is, and units that are not its own.

Units of other groups, and outlines from before, are evidence: they carry ``layer`` and no
``cu_id``, so that whoever reads the file back never takes them for units of the group.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd

from cami_units import words
from cami_units.kml._escapes import clean_name, ncname, shown_name
from cami_units.kml._marks import Folder, Mark, rows
from cami_units.kml._styles import Look
from cami_units.kml._written_shapes import as_written, sorted_parts

OUTLINE = Look("ffffff", 2.0, hover=3.0)
BEFORE = Look("bdbdbd", 2.0, hover=3.0)


@dataclass(frozen=True, slots=True)
class Pack:
    """Whose file it is, and units to look at only.

    `group` is the working group (empty: nobody's, as for plenary). `neighbours` are units that
    other groups edit, `before` units as they were in the round before; both in longitude and
    latitude, with ``unit_id``, ``name_en`` and ``name_ru``.
    """

    group: str = ""
    neighbours: gpd.GeoDataFrame | None = None
    before: gpd.GeoDataFrame | None = None


def outlines(
    units: gpd.GeoDataFrame | None, layer: str, *, lang: str, visible: bool
) -> Folder | None:
    """Units as outlines that nobody is asked to edit: `layer` is "neighbours" or "before"."""
    if units is None or units.empty:
        return None
    made = [
        mark for row in rows(units, "unit_id") for mark in _marks(row, layer, lang, visible=visible)
    ]
    return Folder(words.text(layer, lang), tuple(made), visible=visible)


def _marks(row: Mapping[str, Any], layer: str, lang: str, *, visible: bool) -> list[Mark]:
    unit_id = clean_name(row["unit_id"])
    named = clean_name(row[f"name_{lang}"]) or clean_name(row["name_en"])
    owner = clean_name(row.get("group"))
    title = f"{words.text(layer, lang)}: {unit_id} {named}" + (f" ({owner})" if owner else "")
    pieces = [
        piece for part in sorted_parts(row["geometry"]) for piece in sorted_parts(as_written(part))
    ]
    return [
        Mark(
            name=shown_name(title),
            geometry=piece,
            look=layer,
            id=ncname(layer, unit_id, str(number) if len(pieces) > 1 else ""),
            data=(("layer", layer), ("of", shown_name(unit_id))),
            visible=visible,
        )
        for number, piece in enumerate(pieces, start=1)
    ]
