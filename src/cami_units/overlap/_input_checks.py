"""What every public function of the room asks of the tables it is handed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Literal
from weakref import finalize

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from cami_units.model import (
    InputError,
    crs_name,
    equal_area_fault,
    faults_said,
    hints_behind,
    listed,
    made_cells,
    read_crs,
    same_crs,
    text_at,
)
from cami_units.overlap._arrays import Geometries, Positions, Truths

Kind = Literal["polygon", "line", "point"]

_DIMENSION: Mapping[int, Kind] = {0: "point", 1: "line", 2: "polygon"}


def check_inputs(
    tables: Mapping[str, tuple[gpd.GeoDataFrame, Sequence[str]]],
    *,
    sites: str | None = None,
    site: str = "",
    cells: bool = False,
) -> CRS:
    """The CRS that all tables share; refuses, with every fault at once, what cannot be measured.

    `tables` gives each table's name in messages, the table, and the columns it must have. `sites`
    names the one whose `site` column is a key and whose geometry must be polygons; with `cells`
    they have been recognised as cells of a lattice, and their geometry is not looked at again.
    """
    faults: list[str] = []
    for name, (table, columns) in tables.items():
        faults += _table_faults(name, table, columns)
        if _has_shapes(table) and not (cells and name == sites):
            faults += _shape_faults(name, table)
    if not faults:
        faults += _crs_faults({name: table.crs for name, (table, _) in tables.items()})
    if sites is not None:
        faults += _site_faults(sites, tables[sites][0], site, cells=cells)
    if faults:
        raise InputError(f"Nothing was measured: {faults_said(faults)}")
    return read_crs(next(iter(tables.values()))[0].crs)


def column_names(columns: str | Sequence[str]) -> list[str]:
    """Names of columns, of which one may have been given as it is."""
    return [columns] if isinstance(columns, str) else list(columns)


def measurable_sites(sites: gpd.GeoDataFrame, site: str) -> gpd.GeoDataFrame:
    """Sites that can be measured, their polygons in ``geometry``, ids of a category as its values.

    Raises
    ------
    InputError
        As :func:`overlaps`, of sites.
    """
    check_inputs({"sites": (sites, [site])}, sites="sites", site=site)
    if isinstance(sites[site].dtype, pd.CategoricalDtype):
        sites = sites.astype({site: sites[site].cat.categories.dtype})
    return sites if sites.active_geometry_name == "geometry" else sites.rename_geometry("geometry")


def projected(crs: Any) -> CRS:
    """The CRS, if it is equal-area and in metres."""
    faults = ["the geometries have no CRS"] if crs is None else _crs_faults({"geometries": crs})
    if faults:
        raise InputError("Nothing was measured: " + "; ".join(faults) + ".")
    return read_crs(crs)


def kind_of(layer: gpd.GeoDataFrame, name: str = "the layer") -> Kind | None:
    """Whether a layer is polygons, lines or points; ``None`` for a layer without rows."""
    geometry = geometries(layer)
    if len(geometry) == 0:
        return None
    mixed = shapely.get_type_id(geometry) == shapely.GeometryType.GEOMETRYCOLLECTION
    kinds = sorted({_DIMENSION[int(d)] for d in np.unique(shapely.get_dimensions(geometry))})
    if mixed.any() or len(kinds) > 1:
        came = ["geometry collections"] if mixed.any() else [f"{kind}s" for kind in kinds]
        raise InputError(
            f"Nothing was measured: {name} must hold one kind of geometry, polygons or lines or "
            f"points; it holds {' and '.join(came)}. Measure each kind by itself."
        )
    return kinds[0]


def check_valid(table: gpd.GeoDataFrame, name: str) -> None:
    """Refuse invalid geometry, naming the rows and the reason of the first."""
    geometry = geometries(table)
    bad = _invalid(Shapes(geometry))
    if len(bad):
        raise InputError(
            f"Nothing was measured: {len(bad)} of {len(geometry)} rows of {name} are not valid "
            f"geometry: {listed(table.index[bad])} ({shapely.is_valid_reason(geometry[bad[0]])}). "
            "Repair them first: shapely.make_valid(…, method='structure', keep_collapsed=False)."
        )


class Shapes:
    """Shapes that are the same as others where each is the same object: no shape ever changes."""

    def __init__(self, geometry: Geometries) -> None:
        self.shapes = tuple(geometry)
        self._ids = np.fromiter(map(id, self.shapes), np.intp, len(geometry)).tobytes()

    def array(self) -> Geometries:
        """The shapes."""
        return np.array([*self.shapes, None], dtype=object)[:-1]

    def __hash__(self) -> int:
        return hash(self._ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shapes) and self._ids == other._ids


@lru_cache(maxsize=2)  # sites are laid over one layer after the other, and are asked each time
def _invalid(asked_shapes: Shapes) -> Positions:
    """The positions of shapes that are not valid."""
    return np.flatnonzero(~is_valid(asked_shapes.array()))


def is_valid(shapes: Geometries) -> Truths:
    """Whether each shape is valid. What was found of large ones is remembered for as long as they live."""
    valid = np.fromiter((id(shape) in _VALID for shape in shapes), bool, len(shapes))
    asked_rows = np.flatnonzero(~valid)
    valid[asked_rows] = shapely.is_valid(shapes[asked_rows])
    is_large = shapely.get_num_coordinates(shapes[asked_rows]) > _LONG_ASKED
    for shape in shapes[asked_rows[is_large & valid[asked_rows]]]:
        _VALID.add(id(shape))
        finalize(shape, _VALID.discard, id(shape))
    return valid


_VALID: Final[set[int]] = set()
"""Large shapes that were found to be valid, by the identity of each; they go when it goes."""

_LONG_ASKED: Final = 1_000
"""Corners from which on it takes longer to ask whether a shape is valid than to remember it."""


def geometries(table: gpd.GeoDataFrame) -> Geometries:
    """The geometries of a table as a plain array."""
    return np.asarray(table.geometry.array, dtype=object)


def _has_shapes(table: Any) -> bool:
    """Whether a table has a column of shapes that is looked at."""
    return isinstance(table, gpd.GeoDataFrame) and table.active_geometry_name is not None


def _table_faults(name: str, table: gpd.GeoDataFrame, columns: Sequence[str]) -> list[str]:
    """What is wrong with the columns and the CRS of a table."""
    if not isinstance(table, gpd.GeoDataFrame):
        return [f"{name} must be a GeoDataFrame, got {type(table).__name__}"]
    if table.active_geometry_name is None:
        return [f"{name} has no column of shapes: name it with .set_geometry(…)"]
    if repeated := [column for column in columns if (table.columns == column).sum() > 1]:
        return [f"{name} has several columns {listed(repeated)}: rename all but one of them"]
    faults = []
    if missing := [column for column in columns if column not in table.columns]:
        hints = hints_behind(missing, table.columns)
        faults.append(f"{name} has no column {listed(missing)}{hints}")
    for column in columns:
        if column in table.columns and table[column].isna().any():
            rows = table.index[table[column].isna()]
            faults.append(f"{len(rows)} rows of {name} have no {column}: {listed(rows)}")
    if table.crs is None:
        faults.append(f"{name} has no CRS: set one with .set_crs(…)")
    return faults


def _shape_faults(name: str, table: gpd.GeoDataFrame) -> list[str]:
    """Shapes that are missing, empty or of no number."""
    geometry = geometries(table)
    if np.isfinite(shapely.bounds(geometry)).all():
        return []
    bare = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    if not bare.any():
        return [f"{name} has coordinates that are not numbers"]
    return [
        f"{int(bare.sum())} of {len(table)} rows of {name} have no geometry: "
        f"{listed(table.index[bare])}"
    ]


def _crs_faults(crss: Mapping[str, Any]) -> list[str]:
    """Tables that are in several systems, or in one that is no plane in metres."""
    first, *rest = crss
    crs = read_crs(crss[first])
    if not crs.is_projected or any(axis.unit_conversion_factor != 1 for axis in crs.axis_info[:2]):
        return [
            f"{first} must be in an equal-area CRS in metres, got {crs_name(crs)}: "
            "project first, cu.to_equal_area(…)"
        ]
    if equal_area_fault(crs):
        return [
            f"{first} must be in an equal-area CRS, and {crs_name(crs)} is none: what is measured in "
            "it would be too large or too small. Project first, cu.to_equal_area(…)"
        ]
    return [
        f"{name} is in {crs_name(crss[name])} and {first} in {crs_name(crs)}: bring both into one "
        "CRS first, cu.to_equal_area(…)"
        for name in rest
        if not same_crs(crss[name], crs)
    ]


def _site_faults(name: str, table: gpd.GeoDataFrame, site: str, *, cells: bool) -> list[str]:
    """Sites that stand twice, or are no polygons."""
    if not _has_shapes(table) or (table.columns == site).sum() != 1:
        return []
    faults = []
    if not _rising(table[site]) and not table[site].is_unique:
        repeated = table[site][table[site].duplicated()].unique()
        faults.append(f"{site} must be unique in {name}; repeated: {listed(repeated)}")
    if cells:
        return faults
    geometry = geometries(table)
    flat = shapely.get_type_id(geometry[~shapely.is_missing(geometry)])
    polygons = [shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON]
    if odd := int((~np.isin(flat, polygons)).sum()):
        faults.append(f"{name} must be polygons; {odd} of {len(table)} rows are not")
    return faults


def _rising(ids: pd.Series) -> bool:
    """Whether each id is greater than the one before, or as the grid made it: none can repeat."""
    _, address = text_at(ids)
    if address is not None and any(cells.ids_at == address for cells in made_cells()):
        return True
    values = ids.array
    try:
        return bool((values[1:] > values[:-1]).all())
    except TypeError:  # ids of several types have no order, and missing ones no answer
        return False
