"""Files of some states beside the bundled layer: `["inputs/mn.gpkg", "bundled"]` in a plan.

The bundled rows of the states that the other files cover are left out, and the rest is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.layers._equal_area import only
from cami_units.layers._reading import LayerRead
from cami_units.model import LAYERS, Note, in_short, problem_of
from cami_units.overlap import joined_states, states_of

BUNDLED: Final = "bundled"
"""The word that stands for the bundled files in a list of files."""

OWN: Final = " (own)"
"""Behind an id of a user's row that a bundled row of elsewhere has too."""

_MOSTLY: Final = 0.9
"""A bundled hotspot or section is left out where at least this part of it lies in those states: cut
at a border it would be another place."""


def own_entries(entries: Iterable[Path]) -> tuple[list[Path], bool]:
    """The files a user brought, and whether the bundled ones go with them."""
    paths = list(entries)
    own_files = [path for path in paths if path.name != BUNDLED or path.exists()]
    return own_files, len(own_files) < len(paths)


def beside_bundled(
    layer: str, own: LayerRead, bundled: LayerRead, countries: gpd.GeoDataFrame
) -> LayerRead:
    """The rows of a user's files, and the bundled rows of all states that these do not cover."""
    key, sources = LAYERS[layer].key[0], own.sources + bundled.sources
    if own.table is None or bundled.table is None:
        table = bundled.table if own.table is None else own.table
        return LayerRead(table, (*own.problems, *bundled.problems), sources)
    rows = own.table
    notes = []
    if layer == "species":
        rest = bundled.table[~bundled.table[key].isin(set(rows[key]))]
    else:
        names = covered_by(layer, rows, countries)
        rest = outside_of(layer, bundled.table, names, joined_states(countries, names))
        facts = {"names": in_short(names, 20), "gone": len(bundled.table) - len(rest)}
        facts |= {"rest": len(rest)}
        note = Note("bundled left out", facts) if names else Note("bundled kept")
        notes.append(problem_of("note", layer, "", "", note))
    if layer not in ("species", "countries"):
        # what is left of a bundled row keeps its id: units elsewhere are told of it by that
        clash = rows[key].isin(set(rest[key]))
        rows = rows.assign(**{key: rows[key].where(~clash, rows[key].astype(str) + OWN)})
    table = pd.concat([rows, rest], ignore_index=True)
    if isinstance(own.table, gpd.GeoDataFrame):
        table = gpd.GeoDataFrame(table, geometry="geometry", crs=own.table.crs)
    table = table.sort_values(key, kind="stable", ignore_index=True)
    return LayerRead(table, (*own.problems, *notes, *bundled.problems), sources)


def covered_by(layer: str, table: gpd.GeoDataFrame, countries: gpd.GeoDataFrame) -> list[str]:
    """The states that a user's files speak of."""
    if layer == "countries":
        return sorted(table["iso2"])
    return states_of(table, countries[countries["range_state"]])


def outside_of(
    layer: str, table: gpd.GeoDataFrame, names: list[str], ground: Any
) -> gpd.GeoDataFrame:
    """The rows of a bundled layer that are of other states, and what of ranges and lines is."""
    if "iso2" in table:
        states = table["iso2"].astype(str).str.split(";")
        return table[[not set(of) <= set(names) for of in states]]
    shapes = np.asarray(table.geometry.array, dtype=object)
    shapely.prepare(ground)
    # These are whole or not there: half a hotspot would be another one.
    if layer in ("hotspots", "sections", "disputed"):
        inside_area = shapely.area(shapely.intersection(shapes, ground))
        return table[inside_area < _MOSTLY * shapely.area(shapes)]
    touched = shapely.intersects(shapes, ground)
    rest = shapes.copy()
    rest[touched] = shapely.difference(shapes[touched], ground)
    kind = {0: "point", 1: "line", 2: "polygon"}
    for at in np.flatnonzero(touched):
        rest[at] = only(rest[at], kind[int(shapely.get_dimensions(shapes[at]))])
    kept_rows = table.set_geometry(gpd.GeoSeries(rest, index=table.index, crs=table.crs))
    return kept_rows[~shapely.is_empty(rest)]


def ranges_beside_bundled(
    from_user: LayerRead, bundled: LayerRead, countries: gpd.GeoDataFrame
) -> LayerRead:
    """Ranges of a user's files, and of each of their species the bundled range of other states."""
    if from_user.table is None or bundled.table is None:
        return from_user
    # Species by species and state by state: a national file says nothing of the other side of its
    # border.
    replaced = set(from_user.table["sci_name"])
    parts, notes = [bundled.table[~bundled.table["sci_name"].isin(replaced)]], []
    for name in sorted(replaced):
        if (theirs := bundled.table[bundled.table["sci_name"] == name]).empty:
            continue
        states = covered_by(
            "ranges", from_user.table[from_user.table["sci_name"] == name], countries
        )
        rest = outside_of("ranges", theirs, states, joined_states(countries, states))
        parts.append(rest)
        note = Note("bundled range replaced", {"name": name, "names": in_short(states, 20)})
        notes.append(problem_of("note", "ranges", "", "", note))
    table = pd.concat([from_user.table, *parts], ignore_index=True)
    problems = (*from_user.problems, *notes, *bundled.problems)
    return LayerRead(
        gpd.GeoDataFrame(table, crs=from_user.table.crs),
        problems,
        from_user.sources + bundled.sources,
        from_user.repaired,
    )
