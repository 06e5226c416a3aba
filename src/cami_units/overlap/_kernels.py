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

The functions here know nothing of tables. They take the coordinates of one polygon (or
multipolygon) as flat arrays and give back the cells it covers. This module imports numba and is
itself imported at first use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])

ROUNDING = 1e-11
"""Covered shares nearer than this to 0 or 1 are 0 or 1: what running sums leave of nothing."""


def compiled(function: Function) -> Function:
    """The function in machine code, kept on disk where there is a place to keep it."""
    try:
        made: Function = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # a read-only installation and no cache folder: compile in every process
        made = numba.njit(nogil=True)(function)
    return made


@compiled
def _turn(xy: NDArray[np.float64], start: int, end: int) -> float:
    """+1 for a clockwise ring, −1 for a counter-clockwise one: makes a shell's area positive."""
    twice = 0.0
    for i in range(start, end - 1):
        twice += (xy[i, 0] - xy[start, 0]) * (xy[i + 1, 1] - xy[start, 1])
        twice -= (xy[i + 1, 0] - xy[start, 0]) * (xy[i, 1] - xy[start, 1])
    return -1.0 if twice > 0.0 else 1.0


@compiled
def _covered(
    shares: NDArray[np.float64], sites: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """The sites with a share that is not zero, and those shares, row by row."""
    rows, cols = sites.shape
    count = 0
    for row in range(rows):
        for col in range(cols):
            count += sites[row, col] >= 0 and abs(shares[row, col]) > ROUNDING
    found, kept = np.empty(count, np.int32), np.empty(count, np.float64)
    n = 0
    for row in range(rows):
        for col in range(cols):
            share = shares[row, col]
            if sites[row, col] >= 0 and abs(share) > ROUNDING:
                found[n] = sites[row, col]
                kept[n] = 1.0 if abs(share - 1.0) <= ROUNDING else share
                n += 1
    return found, kept


@compiled
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
def square_coverage(
    xy: NDArray[np.float64],
    ring_ends: NDArray[np.int64],
    ring_is_shell: NDArray[np.bool_],
    origin_x: float,
    origin_y: float,
    size: float,
    row: int,
    col: int,
    sites: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Sites on a lattice of squares that a polygon covers, and the covered share of each.

    `ring_ends` are the positions in `xy` just after each ring's last point. `sites` is a window of
    the lattice, its south-west corner at `row` and `col`: a site's position, or −1 for none. What
    lies outside the window is cut off.
    """
    rows, cols = sites.shape
    sums = np.zeros((rows, cols + 1))
    start = 0
    for ring in range(ring_ends.shape[0]):
        end = ring_ends[ring]
        turn = _turn(xy, start, end) * (1.0 if ring_is_shell[ring] else -1.0)
        for i in range(start, end - 1):
            ua = (xy[i, 0] - origin_x) / size - col
            va = (xy[i, 1] - origin_y) / size - row
            ub = (xy[i + 1, 0] - origin_x) / size - col
            vb = (xy[i + 1, 1] - origin_y) / size - row
            sign = turn
            if va > vb:
                ua, va, ub, vb, sign = ub, vb, ua, va, -turn
            v, top = max(va, 0.0), min(vb, float(rows))
            if v >= top:  # level, or outside the rows that are asked for
                continue
            slope = (ub - ua) / (vb - va)
            u = ua + (v - va) * slope
            line = int(v)
            while v < top:
                v_next = min(line + 1.0, top)
                u_next = ub if v_next == vb else ua + (v_next - va) * slope
                u_next = min(max(u_next, min(ua, ub)), max(ua, ub))
                _add_in_row(sums[line], u, u_next, sign * (v_next - v))
                u, v = u_next, v_next
                line += 1
        start = end
    for i in range(rows):
        share = 0.0
        for j in range(cols):
            share += sums[i, j]
            sums[i, j] = share
    return _covered(sums, sites)


@compiled
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
def hexagon_coverage(
    xy: NDArray[np.float64],
    ring_ends: NDArray[np.int64],
    ring_is_shell: NDArray[np.bool_],
    origin_x: float,
    origin_y: float,
    side: float,
    row: int,
    col: int,
    sites: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """As :func:`square_coverage`, for flat-lying hexagons of the given side.

    Each hexagon is six triangles of a lattice of three families of lines: the upper half and the
    lower half are three triangles each, side by side in a strip. The centre of column `c` and row
    `r` lies on the level line ``2 r + 1 + (c mod 2)``, ``1 + 3c/2`` sides east of the origin.
    """
    rows, cols = sites.shape
    height = side * np.sqrt(3.0) / 2.0
    # rows of hexagons are two strips high, and odd columns one strip further north; a strip of
    # n columns has 3 n triangles and one more, as even and odd strips begin one triangle apart
    bottom, tall = 2 * row, 2 * rows + 1
    first = 3 * col - 1
    strips = np.zeros((tall, 3, 3 * cols + 2))
    start = 0
    for ring in range(ring_ends.shape[0]):
        end = ring_ends[ring]
        turn = _turn(xy, start, end) * (1.0 if ring_is_shell[ring] else -1.0)
        for i in range(start, end - 1):
            ua = (xy[i, 0] - origin_x) / side
            va = (xy[i, 1] - origin_y) / height - bottom
            ub = (xy[i + 1, 0] - origin_x) / side
            vb = (xy[i + 1, 1] - origin_y) / height - bottom
            sign = turn
            if va > vb:
                ua, va, ub, vb, sign = ub, vb, ua, va, -turn
            v, top = max(va, 0.0), min(vb, float(tall))
            if v >= top:
                continue
            slope = (ub - ua) / (vb - va)
            u = ua + (v - va) * slope
            k = int(v)
            while v < top:
                v_next = min(k + 1.0, top)
                u_next = ub if v_next == vb else ua + (v_next - va) * slope
                u_next = min(max(u_next, min(ua, ub)), max(ua, ub))
                offset = 0.5 if k % 2 == 0 else 0.0
                _add_in_strip(strips[k], first, offset, u, v - k, u_next, v_next - k, sign)
                u, v = u_next, v_next
                k += 1
        start = end
    sums = np.zeros((rows, cols))
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
                sums[r, c - col] += area / 3.0
    return _covered(sums, sites)
