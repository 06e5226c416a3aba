"""Exact coverage of lattice cells by a polygon: signed areas, summed along rows.

The idea, as font rasterisers use it. Seen from inside a row of cells, a polygon is what lies to
the right of its western edges less what lies to the right of its eastern ones. So walk every ring
once, cut each edge where it crosses a line of the lattice, and let each short piece, which now
lies in one cell, leave two numbers behind:

* in its own cell, the signed area to its right, up to the cell's eastern side;
* for every cell further east, its signed height.

A running sum of the heights along the row then gives the covered share of each cell. Cells that
no edge enters cost one addition. Pieces going up and pieces going down have opposite signs; so do
shells and holes. The signs come from each ring's own signed area: rings may turn either way.

The functions here know nothing of tables. They take the vertices of one polygon (or multipolygon)
as flat arrays, in steps of the lattice, and add to an array of cells. This module imports numba and is
itself imported at first use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """The function in machine code, kept on disk where there is a place to keep it."""
    try:
        machine_code: Function = numba.njit(cache=True, **_LEAN)(function)
    except RuntimeError:  # a read-only installation and no cache folder: compile in every process
        machine_code = numba.njit(**_LEAN)(function)
    return machine_code


def inner(function: Function) -> Function:
    """A part of another function: without the door that Python would call it by."""
    machine_code: Function = numba.njit(no_cpython_wrapper=True, **_LEAN)(function)
    return machine_code


# Nothing here divides by zero, and nobody calls from C: both would only take time to compile.
_LEAN: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}


@inner
def _turn(u: NDArray[np.float64], v: NDArray[np.float64], start: int, end: int) -> float:
    """+1 for a clockwise ring, −1 for a counter-clockwise one: makes a shell's area positive."""
    twice = 0.0
    for i in range(start, end - 1):
        twice += (u[i] - u[start]) * (v[i + 1] - v[start])
        twice -= (u[i + 1] - u[start]) * (v[i] - v[start])
    return -1.0 if twice > 0.0 else 1.0


@inner
def _add_in_row(row: NDArray[np.float64], u0: float, u1: float, rise: float) -> None:
    """Add to a row of squares what one piece of edge leaves behind.

    `u0`, `u1` are the ends of the piece in columns from the row's beginning, `rise` its signed
    height in rows. `row` has one place more than there are columns. It is kept as differences:
    after a running sum, place ``c`` is the covered share of column ``c``.
    """
    columns = row.shape[0] - 1
    left, right = min(u0, u1), max(u0, u1)
    if left >= columns:
        return
    if right <= 0.0:
        row[0] += rise
        return
    per_column = rise / (right - left) if right > left else 0.0
    if left < 0.0:
        row[0] -= left * per_column
        rise += left * per_column
        left = 0.0
    if right > columns:
        rise = (columns - left) * per_column
        right = float(columns)
    column = int(left)
    last = max(column, int(np.ceil(right)) - 1)
    while column < last:
        piece = (column + 1 - left) * per_column
        area = piece * (0.5 * (column + 1 - left))
        row[column] += area
        row[column + 1] += piece - area
        rise -= piece
        column += 1
        left = float(column)
    area = rise * (1.0 - (0.5 * (left + right) - column))
    row[column] += area
    row[column + 1] += rise - area


@compiled
def square_sums(
    u: NDArray[np.float64],
    v: NDArray[np.float64],
    ring_ends: NDArray[np.int64],
    ring_is_shell: NDArray[np.bool_],
    row: int,
    col: int,
    sums: NDArray[np.float64],
) -> None:
    """Add to `sums` what the edges of a polygon leave behind in a window of squares.

    `u` and `v` are the polygon's vertices in columns and rows of the lattice; `ring_ends` the
    positions just after each ring's last vertex. `sums` is a window whose south-west cell is `row`,
    `col`: its first axis goes east and has one place more than the window has columns, its second
    goes north. What lies outside the window is cut off. :func:`run_east` makes covered shares of it.
    """
    columns, rows = sums.shape[0] - 1, sums.shape[1]
    start = 0
    for ring in range(ring_ends.shape[0]):
        end = ring_ends[ring]
        turn = _turn(u, v, start, end) * (1.0 if ring_is_shell[ring] else -1.0)
        for i in range(start, end - 1):
            ua, va, ub, vb, sign = u[i] - col, v[i] - row, u[i + 1] - col, v[i + 1] - row, turn
            if va > vb:
                ua, va, ub, vb, sign = ub, vb, ua, va, -turn
            level, top = max(va, 0.0), min(vb, float(rows))
            if level >= top:  # level, or outside the rows that are asked for
                continue
            low, high = min(ua, ub), max(ua, ub)
            line, column = int(level), int(low)
            # most edges of a fine outline end in the cell they begin in: nothing to cut
            if va >= 0.0 and vb < line + 1 and low >= 0.0 and high < min(column + 1, columns):
                rise = sign * (vb - va)
                area = rise * (1.0 - (0.5 * (low + high) - column))
                sums[column, line] += area
                sums[column + 1, line] += rise - area
                continue
            slope = (ub - ua) / (vb - va)
            at = ua + (level - va) * slope
            while level < top:
                level_next = min(line + 1.0, top)
                at_next = ub if level_next == vb else ua + (level_next - va) * slope
                at_next = min(max(at_next, low), high)
                _add_in_row(sums[:, line], at, at_next, sign * (level_next - level))
                at, level = at_next, level_next
                line += 1
        start = end


@compiled
def run_east(sums: NDArray[np.float64]) -> None:
    """Make covered shares of what :func:`square_sums` left: running sums along the first axis.

    The sums of a whole column of the window at a time: hence the order of the axes.
    """
    for column in range(1, sums.shape[0]):
        for row in range(sums.shape[1]):
            sums[column, row] += sums[column - 1, row]


@inner
def _add_in_strip(
    strip: NDArray[np.float64],
    first: int,
    offset: float,
    u0: float,
    e0: float,
    u1: float,
    e1: float,
    sign: float,
) -> None:
    """Add to a strip of triangles what one piece of edge leaves behind.

    A strip lies between two level lines and is cut by the lines ``u − e/2 = offset + whole`` and
    ``u + e/2 = offset + whole`` into triangles that point up and down in turn; `u` counts their
    sides eastwards, `e` (0 to 1) the height in the strip. The triangle of a point has the number
    ``floor(u − e/2 − offset) + floor(u + e/2 − offset)``: even ones point up.

    Rows of `strip`: area to the right of pieces within their own triangle; then, for the triangles
    further east, the sum of heights and the sum of height × mean level. The width of a triangle at
    level e is ``1 − e`` (pointing up) or ``e`` (pointing down), so those two give its area.
    """
    last = strip.shape[1] - 1
    p0, p1 = u0 - 0.5 * e0 - offset, u1 - 0.5 * e1 - offset
    q0, q1 = u0 + 0.5 * e0 - offset, u1 + 0.5 * e1 - offset
    # ends of the part of the piece still to be walked, from 0 to 1
    t = 0.0
    p_step, q_step = (1 if p1 > p0 else -1), (1 if q1 > q0 else -1)
    p_line = np.floor(p0) + 1.0 if p_step > 0 else np.ceil(p0) - 1.0
    q_line = np.floor(q0) + 1.0 if q_step > 0 else np.ceil(q0) - 1.0
    while t < 1.0:
        t_next = 1.0
        t_p = (p_line - p0) / (p1 - p0) if p1 != p0 else 2.0
        t_q = (q_line - q0) / (q1 - q0) if q1 != q0 else 2.0
        if t_p <= t_q and t_p < 1.0:
            t_next = max(t, t_p)
            p_line += p_step
        elif t_q < 1.0:
            t_next = max(t, t_q)
            q_line += q_step
        middle = 0.5 * (t + t_next)
        p, q = p0 + middle * (p1 - p0), q0 + middle * (q1 - q0)
        level = e0 + middle * (e1 - e0)
        rise = sign * (t_next - t) * (e1 - e0)
        triangle = int(np.floor(p)) + int(np.floor(q)) - first
        t = t_next
        if triangle >= last:
            continue
        if triangle < 0:
            strip[1, 0] += rise
            strip[2, 0] += rise * level
            continue
        east = np.floor(q) + 1.0 - q if (triangle + first) % 2 == 0 else np.floor(p) + 1.0 - p
        strip[0, triangle] += rise * east
        strip[1, triangle + 1] += rise
        strip[2, triangle + 1] += rise * level


@compiled
def hexagon_sums(
    u: NDArray[np.float64],
    v: NDArray[np.float64],
    ring_ends: NDArray[np.int64],
    ring_is_shell: NDArray[np.bool_],
    row: int,
    col: int,
    sums: NDArray[np.float64],
) -> None:
    """Add to `sums` the covered shares of a window of flat-lying hexagons, east by north.

    `u` counts sides, `v` half heights. Each hexagon is six triangles of a lattice of three families
    of lines: the upper half and the lower half are three triangles each, side by side in a strip.
    The centre of column `c` and row `r` lies on the level line ``2 r + 1 + (c mod 2)``, ``1 + 3c/2``
    sides east of the origin.
    """
    cols, rows = sums.shape
    # rows of hexagons are two strips high, and odd columns one strip further north; a strip of
    # n columns has 3 n triangles and one more, as even and odd strips begin one triangle apart
    bottom, tall = 2 * row, 2 * rows + 1
    first = 3 * col - 1
    strips = np.zeros((tall, 3, 3 * cols + 2))
    start = 0
    for ring in range(ring_ends.shape[0]):
        end = ring_ends[ring]
        turn = _turn(u, v, start, end) * (1.0 if ring_is_shell[ring] else -1.0)
        for i in range(start, end - 1):
            ua, va, ub, vb, sign = u[i], v[i] - bottom, u[i + 1], v[i + 1] - bottom, turn
            if va > vb:
                ua, va, ub, vb, sign = ub, vb, ua, va, -turn
            level, top = max(va, 0.0), min(vb, float(tall))
            if level >= top:
                continue
            slope = (ub - ua) / (vb - va)
            at = ua + (level - va) * slope
            low, high = min(ua, ub), max(ua, ub)
            k = int(level)
            while level < top:
                level_next = min(k + 1.0, top)
                at_next = ub if level_next == vb else ua + (level_next - va) * slope
                at_next = min(max(at_next, low), high)
                offset = 0.5 if k % 2 == 0 else 0.0
                _add_in_strip(
                    strips[k], first, offset, at, level - k, at_next, level_next - k, sign
                )
                at, level = at_next, level_next
                k += 1
        start = end
    for k in range(tall):
        heights, levels = 0.0, 0.0
        even = k % 2 == 0
        for j in range(strips.shape[2] - 1):
            heights += strips[k, 1, j]
            levels += strips[k, 2, j]
            triangle = j + first
            area = strips[k, 0, j] + (heights - levels if triangle % 2 == 0 else levels)
            c = (triangle + 1) // 3 if even else triangle // 3
            centre_line = k if even == (c % 2 == 1) else k + 1
            r = (centre_line - 1 - c % 2) // 2
            if 0 <= c - col < cols and 0 <= r < rows:
                sums[c - col, r] += area / 3.0
