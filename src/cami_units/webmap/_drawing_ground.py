"""Layers as a drawing page carries them: one deflated block of whole numbers, and what lists it.

Numbers are zigzag and seven bits a byte, differences wherever neighbours are alike, so that a
region's ranges by state take some hundred kilobytes. `assets/draw/layers.js` unpacks them.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

STEP_M: Final = 2.0
"""Metres of one step: rounding to it moves an outline by less than a tenth of the pen's width."""
FULL: Final = 255
"""A covered cell: shares of cells are whole 255ths."""

_METHODS: Final = {
    "Albers Equal Area": "aea",
    "Lambert Azimuthal Equal Area": "laea",
    "Lambert Cylindrical Equal Area": "cea",
}
"""Equal-area projections that the page's script knows, by their names in EPSG's register."""
_PARAMETERS: Final[Mapping[tuple[str, str], str]] = {
    ("aea", "8821"): "lat_0",
    ("aea", "8822"): "lon_0",
    ("aea", "8823"): "lat_1",
    ("aea", "8824"): "lat_2",
    ("aea", "8826"): "x_0",
    ("aea", "8827"): "y_0",
    ("laea", "8801"): "lat_0",
    ("laea", "8802"): "lon_0",
    ("laea", "8806"): "x_0",
    ("laea", "8807"): "y_0",
    ("cea", "8823"): "lat_ts",
    ("cea", "8802"): "lon_0",
    ("cea", "8806"): "x_0",
    ("cea", "8807"): "y_0",
}
"""What each is told, by EPSG's codes of parameters: names differ between registers, codes do not."""


@dataclass(slots=True)
class GroundBlock:
    """The listing of a block, and its numbers as they are gathered."""

    keys: list[dict[str, Any]] = field(default_factory=list)
    cells: list[dict[str, Any]] = field(default_factory=list)
    points: list[dict[str, Any]] = field(default_factory=list)
    numbers: list[NDArray[np.int64]] = field(default_factory=list)


def add_polygons(block: GroundBlock, key: dict[str, Any], shape: Any) -> None:
    """Add a piece of a layer, in metres. Pieces come before cells, cells before points."""
    rings = [
        (int(number == 0), steps)
        for part in shapely.get_parts(shape)
        for number, ring in enumerate(shapely.get_rings(part))
        if len(steps := _steps(ring)) > 2
    ]
    block.keys.append(key)
    block.numbers.append(np.array([len(rings)]))
    for shell, steps in rings:
        block.numbers += [np.array([shell, len(steps)]), _differences(steps).ravel()]


def add_cells(
    block: GroundBlock,
    key: dict[str, Any],
    row: NDArray[Any],
    col: NDArray[Any],
    *,
    km2: NDArray[Any],
    cell_km2: float,
) -> None:
    """Add the shares of cells of the lattice that a piece covers; what rounds to nothing is left out."""
    all_cells = np.rint(np.clip(km2 / cell_km2, 0, 1) * FULL).astype(np.int64)
    kept_cells = all_cells > 0
    # in order, so that differences are small and pack well
    order = np.lexsort((col[kept_cells], row[kept_cells]))
    places = np.column_stack([row[kept_cells], col[kept_cells]])[order].astype(np.int64)
    table = np.column_stack([_differences(places), all_cells[kept_cells][order]])
    block.cells.append(key)
    block.numbers += [np.array([len(table)]), table.ravel()]


def add_points(
    block: GroundBlock,
    table: str,
    rows: Sequence[dict[str, Any]],
    xy: NDArray[np.float64],
    row: NDArray[Any],
    metres: NDArray[Any],
) -> None:
    """Add points, each with the row of `rows` that it speaks of and the metres it stands for."""
    steps = np.rint(xy.reshape(-1, 2) / STEP_M).astype(np.int64)
    moved_points = _differences(np.column_stack([steps, np.asarray(row, dtype=np.int64)]))
    numbers = np.column_stack([moved_points, np.rint(metres).astype(np.int64)])
    block.points.append({"table": table, "rows": list(rows)})
    block.numbers += [np.array([len(numbers)]), numbers.ravel()]


def packed_block(block: GroundBlock) -> dict[str, Any]:
    """The listing with its numbers as text: ``keys``, ``cells``, ``points``, ``step_m``, ``block``."""
    numbers = np.concatenate([np.empty(0, np.int64), *block.numbers])
    return {
        "keys": block.keys,
        "cells": block.cells,
        "points": block.points,
        "step_m": STEP_M,
        "block": base64.b64encode(zlib.compress(_seven_bits(numbers), 6)).decode("ascii"),
    }


def projection_of(crs: str) -> dict[str, Any]:
    """What the page's script needs to project as PROJ does; ``method`` is empty where it cannot.

    Examples
    --------
    >>> from cami_units.model import EQUAL_AREA
    >>> told = projection_of(EQUAL_AREA)
    >>> told["method"], told["lat_1"], told["lon_0"]
    ('aea', 30.0, 80.0)
    >>> projection_of("EPSG:3857")["method"]
    ''
    """
    system = CRS.from_user_input(crs)
    ellipsoid, operation = system.ellipsoid, system.coordinate_operation
    method = _METHODS.get(operation.method_name, "") if operation else ""
    axes = {axis.unit_conversion_factor for axis in system.axis_info}
    parameters = {"lon_0": 0.0, "x_0": 0.0, "y_0": 0.0}
    for parameter in operation.params if operation else ():
        if name := _PARAMETERS.get((method, str(parameter.code))):
            parameters[name] = float(parameter.value)
    if ellipsoid is None or axes != {1.0}:
        return {"method": ""}
    shape = 1 - (ellipsoid.semi_minor_metre / ellipsoid.semi_major_metre) ** 2
    return {"method": method, "a": ellipsoid.semi_major_metre, "e2": shape, **parameters}


def _steps(ring: Any) -> NDArray[np.int64]:
    """The places of an open ring in whole steps, repeated ones left out."""
    steps = np.rint(shapely.get_coordinates(ring) / STEP_M).astype(np.int64)
    moved = np.ones(len(steps), dtype=bool)
    moved[1:] = (np.diff(steps, axis=0) != 0).any(axis=1)
    return steps[moved][:-1]


def _differences(table: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each row less the one before it; the first as it is."""
    return np.diff(table, axis=0, prepend=np.zeros((1, table.shape[1]), np.int64))


def _seven_bits(numbers: NDArray[np.int64]) -> bytes:
    """Whole numbers, small ones short: zigzag, then seven bits a byte, the last one below 128."""
    left = np.where(numbers < 0, -2 * numbers - 1, 2 * numbers).astype(np.uint64)
    length = np.ones(len(left), dtype=np.int64)
    # One byte more for each seven bits, up to as many as the largest needs.
    for bits in range(7, int(left.max(initial=0)).bit_length(), 7):
        length += (left >> np.uint64(bits)) > 0
    ends = np.cumsum(length)
    out = np.zeros(int(ends[-1]) if len(ends) else 0, dtype=np.uint8)
    for place in range(int(length.max(initial=0))):
        there = length > place
        # The eighth bit says that another byte follows, as in LEB128: the page reads it in a dozen
        # lines.
        byte = (left[there] >> np.uint64(7 * place)) & np.uint64(127)
        more = np.where(length[there] > place + 1, 128, 0)
        out[(ends - length)[there] + place] = byte.astype(np.uint8) | more.astype(np.uint8)
    return out.tobytes()
