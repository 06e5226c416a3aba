"""The tables of the house, and the door at which they are checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from cami_units.model._codes import DRAWN_AS
from cami_units.model._crs import crs_name, same_crs
from cami_units.model._errors import InputError, faults_said, hints_behind, listed
from cami_units.model._layers import LAYERS, GeometryKind, rows_of
from cami_units.model._text import truth


@dataclass(frozen=True, slots=True)
class Table:
    """What a table promises: its columns, its key, and the kind of geometry it carries."""

    columns: tuple[str, ...]
    key: tuple[str, ...]
    geometry: GeometryKind | None = None


TABLES: Final[Mapping[str, Table]] = MappingProxyType(
    # layers, as `layers` hands them on: in the equal-area CRS, valid, sorted by key
    {layer.name: Table(layer.columns, layer.key, layer.geometry) for layer in LAYERS.values()}
    | {name: Table(**row) for name, row in rows_of("tables.toml").items()}
)
"""Every table that passes between rooms, by name. `docs/tables.md` explains each column."""

_GEOMETRY_TYPES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "polygon": frozenset({"Polygon", "MultiPolygon"}),
        "line": frozenset({"LineString", "MultiLineString"}),
        "point": frozenset({"Point", "MultiPoint"}),
    }
)


DIGITS: Final = 6
"""Decimals of numbers in written tables: a part of a square metre, and no more than is known."""


def drawn_lines(links: pd.DataFrame) -> pd.Series[str]:
    """The line of each corridor or crossing: of several species on one line it is told once, and is one."""
    own_id = links["corridor_id"].astype(str)
    if DRAWN_AS not in links:
        return own_id
    return links[DRAWN_AS].where(links[DRAWN_AS].notna(), own_id).astype(str)


def check_table(table: pd.DataFrame, name: str, *, crs: str | CRS | None = None) -> None:
    """Refuse a table that is not what its name promises.

    Parameters
    ----------
    table : DataFrame or GeoDataFrame
        The table as handed in. Extra columns are welcome.
    name : str
        A key of :data:`TABLES`.
    crs : str or CRS, optional
        The CRS its geometry must have. ``None``: any CRS, but there must be one.

    Raises
    ------
    InputError
        With every fault at once: missing columns (and the nearest one that is there), a repeated
        or empty key, a wrong kind of geometry, null or empty geometry, no CRS, another CRS.
    """
    promise = TABLES[name]
    faults = _column_faults(table, promise.columns)
    key = [column for column in promise.key if column in table.columns]
    if len(key) == len(promise.key):
        # asked of a hundred tables a pack, nearly all without a fault: looked at closely if there is one
        repeated = table.duplicated(key)
        if repeated.any():
            names = table.loc[repeated, key[0]].unique()
            faults.append(f"{'+'.join(key)} must be unique; repeated: {listed(names)}")
        # an empty key is told by itself: two of them are repeated too, which is not what is wrong
        empty = np.any([table[column].isna().to_numpy() for column in key], axis=0)
        if empty.any():
            faults.append(f"{int(empty.sum())} rows have no {'+'.join(key)}")
    if promise.geometry is not None:
        faults += _geometry_faults(table, promise.geometry, crs)
    if faults:
        raise InputError(f"The table '{name}' is not as expected: {faults_said(faults)}")


def check_columns(table: pd.DataFrame, name: str, columns: Collection[str]) -> None:
    """Refuse a table that lacks some columns, for functions that need no more of it than these.

    Raises
    ------
    InputError
        With the columns that are missing, and the nearest ones that are there.
    """
    if faults := _column_faults(table, columns):
        raise InputError(f"The table '{name}' is not as expected: {faults_said(faults)}")


def _column_faults(table: pd.DataFrame, columns: Collection[str]) -> list[str]:
    """What is missing of the columns of a table."""
    missing = [column for column in columns if column not in table.columns]
    hints = hints_behind(missing, [name for name in table.columns if name not in columns])
    return [f"column {listed(missing)} is missing{hints}"] if missing else []


def _geometry_faults(table: pd.DataFrame, kind: str, crs: str | CRS | None) -> list[str]:
    """What is wrong with the geometry and the CRS of a table."""
    if not isinstance(table, gpd.GeoDataFrame):
        return ["it has no geometry: a GeoDataFrame is expected"]
    faults = []
    if table.crs is None:
        faults.append("it has no CRS: set one with .set_crs(…)")
    elif crs is not None and not same_crs(table.crs, crs):
        faults.append(
            f"its CRS is {crs_name(table.crs)}, expected {crs_name(crs)}: use cu.to_equal_area(…)"
        )
    shapes = np.asarray(table.geometry.array, dtype=object)
    without_shape = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if without_shape.any():
        faults.append(
            f"{int(without_shape.sum())} rows have no geometry: {listed(table.index[without_shape])}"
        )
    if kind != "any":
        present_shapes = shapes[~without_shape]
        _, first_of_type = np.unique(shapely.get_type_id(present_shapes), return_index=True)
        odd = {shape.geom_type for shape in present_shapes[first_of_type]} - _GEOMETRY_TYPES[kind]
        if odd:
            faults.append(f"{kind} geometry is expected, {listed(sorted(odd))} came")
    return faults


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as mappings, numbers as those of Python: four times as fast as ``to_dict``.

    Examples
    --------
    >>> records(pd.DataFrame({"unit_id": ["CU-001"], "area_km2": [2.5]}))
    [{'unit_id': 'CU-001', 'area_km2': 2.5}]
    """
    names = [str(column) for column in table.columns]
    # all at once: to take a layer apart column by column costs as much as what is in it
    return [dict(zip(names, row, strict=True)) for row in table.to_numpy(dtype=object).tolist()]


def text_rows(table: pd.DataFrame) -> list[dict[str, str]]:
    """The rows of a table of text."""
    return [{name: str(value) for name, value in row.items()} for row in records(table)]


def cami_species(species: pd.DataFrame) -> list[str]:
    """The species that are counted, of the table ``species``: those of the initiative, sorted.

    The others are shown and never counted (the chiru among the bundled ones).
    """
    is_cami = species["in_cami"].map(truth).eq(True)
    return sorted(species.loc[is_cami, "sci_name"])


def has_codes(ranges: pd.DataFrame, **codes: Sequence[int]) -> pd.Series[bool]:
    """Which rows have one of some codes in each of the columns that are named.

    Examples
    --------
    >>> has_codes(pd.DataFrame({"presence": [1, 3], "origin": [1, 1]}), presence=(1, 2)).tolist()
    [True, False]
    """
    fits = pd.Series(True, index=ranges.index)
    for column, some in codes.items():
        fits &= ranges[column].isin(some)
    return fits


def fence_rows(barriers: pd.DataFrame, kinds: Collection[str] | None) -> Any:
    """The barriers that are fences, by the kinds of a profile, and whose permeability is known."""
    return barriers[barriers["kind"].isin(kinds or ()) & barriers["permeability"].notna()]
