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

The functions here know nothing of tables. They take the vertices of polygons as one flat array and
give the cells that each covers. All but :func:`by_site` work on a run of polygons and touch nothing
else, so that threads may share a layer, and the numbers do not depend on how many there are. This
module imports numba and is itself imported at first use.
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

ROUNDING = 1e-11
"""Covered shares nearer than this to 0 or 1 are 0 or 1: what running sums leave of nothing."""


@compiled
def closed_rings(
    xy: NDArray[np.float64], part_ends: NDArray[np.int64], part_rings: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Where the rings of polygons end, found by walking each until it is back where it began.

    Vertices come shell first, then the holes of each polygon; `part_ends` are the positions just
    after each polygon's last, `part_rings` how many rings it has. To ask GEOS for its rings would copy
    them all, which takes twice as long as everything else.

    Returns
    -------
    array
        The position just after each ring.
    array
        +1 or −1 for each ring: what makes the signed areas of shells positive, of holes negative.
    array
        Twice the area of each polygon; not a number where the rings are not as many as promised.
    """
    ends = np.empty(part_rings.sum(), np.int64)
    turns = np.empty(len(ends))
    areas = np.zeros(len(part_ends))
    ring, start = 0, 0
    for part in range(len(part_ends)):
        last_ring = ring + part_rings[part]
        is_shell = True
        while start < part_ends[part] and ring < last_ring:
            x, y = xy[start, 0], xy[start, 1]
            i, away, closed, twice = start + 1, False, False, 0.0
            east, north = 0.0, 0.0
            while i < part_ends[part]:
                east_next, north_next = xy[i, 0] - x, xy[i, 1] - y
                twice += east * north_next
                twice -= east_next * north
                east, north = east_next, north_next
                i += 1
                # the first vertex may be repeated before the walk begins
                if east != 0.0 or north != 0.0:
                    away = True
                elif away:
                    closed = True
                    break
            if not closed:
                areas[part] = np.nan
            areas[part] += abs(twice) if is_shell else -abs(twice)
            turns[ring] = (-1.0 if twice > 0.0 else 1.0) * (1.0 if is_shell else -1.0)
            ends[ring] = i
            start, ring, is_shell = i, ring + 1, False
        if ring < last_ring or start < part_ends[part]:
            for further in range(part, len(areas)):
                areas[further] = np.nan
            return ends, turns, areas
    return ends, turns, areas


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


@inner
def _count_steps(
    xy: NDArray[np.float64], x: float, y: float, east: float, north: float, col: float, row: float
) -> None:
    """Make steps of a lattice of metres, in place: fresh memory would take longer than to divide."""
    for i in range(len(xy)):  # a loop by itself, so that it divides several at a time
        xy[i, 0] = (xy[i, 0] - x) / east - col
        xy[i, 1] = (xy[i, 1] - y) / north - row


@inner
def _leaves(xy: NDArray[np.float64], i: int, end: int, low: float, high: float) -> int:
    """The first vertex from `i` on that does not lie between two rows, or the end."""
    while i < end and low <= xy[i, 1] < high:
        i += 1
    return i


@compiled
def edge_runs(
    xy: NDArray[np.float64],
    rings: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]],
    reaches: NDArray[np.int64],
    lattice: tuple[float, float, float, float, int, int],
    cut: tuple[int, int, int],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The runs of edges that lie in each block of rows; and vertices in steps of the lattice.

    Parameters
    ----------
    xy : (n, 2) array
        Vertices in metres, which become steps of the lattice: east from where `lattice` says, or for
        squares from the polygon's window, and north from the polygon's window.
    rings : tuple of arrays
        Ends and turns of the rings, and the first ring of each polygon with one more at the end.
    reaches : (n, 4) array
        The rows and columns, from and to, of each polygon's window, counted in the lattice's.
    lattice : tuple
        Where steps are counted from, x and y, and their length east and north, in metres; the column
        and the row that the lattice's window begins with, in these steps.
    cut : (int, int, int)
        How many steps north a row and a block are high, and how far a block reaches into the next.

    Returns
    -------
    (n, 3) array
        Ring, first vertex and the one after the last of each run, block by block, then in order.
    array
        The first run of each block, and how many there are.
    """
    ends, _, first = rings
    x, y, east, north, col, row = lattice
    of_row, block, overlap = cut
    highest = 1
    for number in range(len(reaches)):
        highest = max(highest, reaches[number, 1] * of_row)
    blocks = (highest - 1) // block + 1
    runs = np.empty((1024, 4), np.int64)
    n = 0
    for number in range(len(reaches)):
        south, top, west, until = reaches[number]
        if south >= top or west >= until:
            continue
        aside = float(col + west) if overlap == 0 else 0.0
        south, top = south * of_row, top * of_row
        under = float(row + south)
        high_edge = float(top - south + overlap)
        last_block = (top - 1) // block
        begin = ends[first[number] - 1] if first[number] else 0
        end = ends[first[number + 1] - 1] if first[number + 1] else 0
        _count_steps(xy[begin:end], x, y, east, north, aside, under)
        for ring in range(first[number], first[number + 1]):
            start = ends[ring - 1] if ring else 0
            # edges between these rows, counted in the polygon's window, lie in one block and no other
            low, high, of_run, begun = 0.0, -1.0, 0, start
            i = start - 1
            while True:
                i = _leaves(xy, i + 1, ends[ring], low, high)
                if i >= ends[ring]:
                    break
                if i - 1 > begun:
                    runs = _with_run(runs, n, (ring, begun, i, of_run))
                    n += 1
                begun = i
                level = xy[i, 1]
                lower, upper = (
                    min(xy[max(i - 1, start), 1], level),
                    max(xy[max(i - 1, start), 1], level),
                )
                if lower < high_edge and upper > 0.0 and i > start:
                    from_block = max(int(max(lower, 0.0)) - overlap, 0) + south
                    to_block = min((int(min(upper, high_edge)) + south) // block, last_block)
                    for of_edge in range(from_block // block, to_block + 1):
                        runs = _with_run(runs, n, (ring, i - 1, i + 1, of_edge))
                        n += 1
                of_run = (int(max(level, 0.0)) + south) // block
                low = max(float(of_run * block - south), 0.0)
                low += overlap if of_run else 0.0
                high = min(float((of_run + 1) * block - south), high_edge)
                if of_run > last_block or not low <= level < high:
                    high = low - 1.0
            if ends[ring] - 1 > begun:
                runs = _with_run(runs, n, (ring, begun, ends[ring], of_run))
                n += 1
    starts = np.zeros(blocks + 1, np.int64)
    for i in range(n):
        starts[runs[i, 3] + 1] += 1
    for i in range(blocks):
        starts[i + 1] += starts[i]
    filled = np.empty(blocks, np.int64)
    for i in range(blocks):
        filled[i] = starts[i]
    in_order = np.empty((n, 3), np.int64)
    for i in range(n):
        at = filled[runs[i, 3]]
        for j in range(3):
            in_order[at, j] = runs[i, j]
        filled[runs[i, 3]] += 1
    return in_order, starts


@inner
def _with_run(runs: NDArray[np.int64], n: int, run: tuple[int, int, int, int]) -> NDArray[np.int64]:
    """The table with one row more, in a larger one where there is no room for it."""
    if n == len(runs):
        larger = np.empty((2 * n, 4), np.int64)
        for i in range(n):  # element by element: whole slices take seconds to compile
            for j in range(4):
                larger[i, j] = runs[i, j]
        runs = larger
    runs[n, 0] = run[0]
    runs[n, 1] = run[1]
    runs[n, 2] = run[2]
    runs[n, 3] = run[3]
    return runs


@inner
def _add_edges(
    xy: NDArray[np.float64],
    start: int,
    end: int,
    turn: float,
    low_row: int,
    sums: NDArray[np.float64],
) -> None:
    """Add to a band of rows of squares what a run of edges of one ring leaves behind.

    `xy` counts columns and rows from the south-west corner of the polygon's window. The rows of
    `sums` are those from `low_row` on; it has one place more than there are columns. What lies
    outside of the band is cut off.
    """
    rows, columns = sums.shape[0], sums.shape[1] - 1
    bottom, high = float(low_row), float(low_row + rows)
    # Most edges of a fine outline end in the cell they begin in. The two sums that they add to
    # are held here until an edge leaves it: to write and read them again takes longer than to add.
    line, column = 0, 0
    south, north, west, east = 0.0, -1.0, 0.0, -1.0
    own, further = 0.0, 0.0
    u_next, v_next = xy[start, 0], xy[start, 1]
    for i in range(start + 1, end):
        ua, va = u_next, v_next
        u_next, v_next = xy[i, 0], xy[i, 1]
        if south <= v_next < north and west <= u_next < east:
            rise = turn * (v_next - va)
            area = rise * (1.0 - (0.5 * (ua + u_next) - west))
            own += area
            further += rise - area
            continue
        if north > south:
            sums[line, column], sums[line, column + 1] = own, further
        _add_edge(ua, va, u_next, v_next, turn, low_row, sums)
        if bottom <= v_next < high and 0.0 <= u_next < columns:
            line, column = int(v_next) - low_row, int(u_next)
            south, west = float(int(v_next)), float(column)
            north, east = south + 1.0, west + 1.0
            own, further = sums[line, column], sums[line, column + 1]
        else:
            north = south - 1.0
    if north > south:
        sums[line, column], sums[line, column + 1] = own, further


@inner
def _add_edge(
    ua: float,
    va: float,
    ub: float,
    vb: float,
    sign: float,
    low_row: int,
    sums: NDArray[np.float64],
) -> None:
    """Add to a band of rows of squares what one edge leaves behind, cut at every line."""
    if va > vb:
        ua, va, ub, vb, sign = ub, vb, ua, va, -sign
    level, top = max(va, float(low_row)), min(vb, float(low_row + sums.shape[0]))
    if level >= top:  # level, or outside the rows that are asked for
        return
    slope = (ub - ua) / (vb - va)
    west, east = min(ua, ub), max(ua, ub)
    at = min(max(ua + (level - va) * slope, west), east)
    line = int(level)
    while level < top:
        level_next = min(line + 1.0, top)
        at_next = ub if level_next == vb else ua + (level_next - va) * slope
        at_next = min(max(at_next, west), east)
        _add_in_row(sums[line - low_row], at, at_next, sign * (level_next - level))
        at, level = at_next, level_next
        line += 1


@inner
def _whole(share: float) -> float:
    """A share, or 1 where only rounding keeps it from it."""
    return 1.0 if abs(share - 1.0) <= ROUNDING else share


@inner
def _emit_square_rows(
    sums: NDArray[np.float64],
    places: NDArray[np.int32],
    first_place: int,
    width: int,
    area: float,
    sites: NDArray[np.int32],
    km2: NDArray[np.float64],
    n: int,
) -> int:
    """Write down the cells of a band that are covered, and leave the band empty for the next.

    `places` are the sites' positions for the band's rows and columns; without any, cells are
    numbered from `first_place` on, `width` to a row. Gives how many are written down in all.
    """
    columns = sums.shape[1] - 1
    listed = places.shape[0] > 0
    for row in range(sums.shape[0]):
        share, column = 0.0, 0
        while column < columns:
            # cells that no edge enters are as covered as the one before them
            until = column
            while until < columns and sums[row, until] == 0.0:
                until += 1
            if abs(share) > ROUNDING:
                of_cell = _whole(share) * area
                for between in range(column, until):
                    sites[n] = places[row, between] if listed else first_place + between
                    km2[n] = of_cell
                    n += sites[n] >= 0
            if until == columns:
                break
            share += sums[row, until]
            sums[row, until] = 0.0
            if abs(share) > ROUNDING:
                sites[n] = places[row, until] if listed else first_place + until
                km2[n] = _whole(share) * area
                n += sites[n] >= 0
            column = until + 1
        sums[row, columns] = 0.0
        first_place += width
    return n


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


@inner
def _add_edges_in_strips(
    xy: NDArray[np.float64],
    start: int,
    end: int,
    turn: float,
    low_strip: int,
    first: int,
    strips: NDArray[np.float64],
) -> None:
    """Add to a band of strips of triangles what a run of edges of one ring leaves behind.

    Steps are sides east, and half heights north from the bottom of the window; `first` is the first
    triangle.
    """
    bottom, high = float(low_strip), float(low_strip + strips.shape[0])
    for i in range(start, end - 1):
        ua, va, ub, vb, sign = xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1], turn
        if va > vb:
            ua, va, ub, vb, sign = ub, vb, ua, va, -turn
        level, top = max(va, bottom), min(vb, high)
        if level >= top:
            continue
        slope = (ub - ua) / (vb - va)
        low, east = min(ua, ub), max(ua, ub)
        at = min(max(ua + (level - va) * slope, low), east)
        k = int(level)
        while level < top:
            level_next = min(k + 1.0, top)
            at_next = ub if level_next == vb else ua + (level_next - va) * slope
            at_next = min(max(at_next, low), east)
            offset = 0.5 if k % 2 == 0 else 0.0
            strip = strips[k - low_strip]
            _add_in_strip(strip, first, offset, at, level - k, at_next, level_next - k, sign)
            at, level = at_next, level_next
            k += 1


@inner
def _emit_hexagon_rows(
    strips: NDArray[np.float64],
    col: int,
    places: NDArray[np.int32],
    first_place: int,
    width: int,
    area: float,
    sites: NDArray[np.int32],
    km2: NDArray[np.float64],
    n: int,
) -> int:
    """Write down the hexagons of a band that are covered.

    Each hexagon is six triangles: its upper and its lower half are three each, side by side in a
    strip; `col` is the column that they begin with. The centre of column `c` and row `r` lies on the
    level line ``2 r + 1 + (c mod 2)``, ``1 + 3c/2`` sides east of the origin.
    """
    first = 3 * col - 1
    rows, cols = strips.shape[0] // 2, (strips.shape[2] - 2) // 3
    shares = np.zeros((rows, cols))
    for k in range(strips.shape[0]):
        heights, levels = 0.0, 0.0
        even = k % 2 == 0
        for j in range(strips.shape[2] - 1):
            heights += strips[k, 1, j]
            levels += strips[k, 2, j]
            triangle = j + first
            covered = strips[k, 0, j] + (heights - levels if triangle % 2 == 0 else levels)
            c = (triangle + 1) // 3 if even else triangle // 3
            centre_line = k if even == (c % 2 == 1) else k + 1
            r = (centre_line - 1 - c % 2) // 2
            if 0 <= c - col < cols and 0 <= r < rows:
                shares[r, c - col] += covered / 3.0
    listed = places.shape[0] > 0
    for r in range(rows):
        for c in range(cols):
            share = shares[r, c]
            if abs(share) > ROUNDING:
                sites[n] = places[r, c] if listed else first_place + c
                km2[n] = _whole(share) * area
                n += sites[n] >= 0
        first_place += width
    return n


@compiled
def covered(
    hexagons: bool,
    xy: NDArray[np.float64],
    turns: NDArray[np.float64],
    polygon_of: NDArray[np.int64],
    runs: NDArray[np.int64],
    starts: NDArray[np.int64],
    reaches: NDArray[np.int64],
    lattice: tuple[int, int, float],
    places: NDArray[np.int32],
    codes: NDArray[np.int64],
    part: tuple[int, int, int],
    found: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]],
) -> tuple[int, int]:
    """The cells that polygons cover in some blocks of rows, block by block.

    Parameters
    ----------
    xy, runs, starts
        Of :func:`edge_runs`.
    turns : array
        Of each ring, from :func:`closed_rings`.
    polygon_of : array
        The polygon of each ring.
    reaches : (n, 4) array
        The rows and columns, from and to, of each polygon's window, counted in the lattice's.
    lattice : (int, int, float)
        Rows in a block, the column that the window of the lattice begins with, and the area of a cell.
    places : (rows, columns) array
        The position of the site in each cell of the window, or −1. Without rows, each cell is a
        site, numbered row by row; the second axis is then as long as the window is wide.
    codes : array
        The code of each polygon, rising; polygons of one code are added up. Without any, cells are
        left in the order of the polygons within each block, whose numbers are the codes.
    part : (int, int, int)
        The first block, the one after the last, and how many cells are in `found` already.
    found : array, array, array
        Site, code, km²: what is found is added. (numpy asks the system for large pages, numba does
        not: to touch fresh memory for the first time takes as long as to measure what it is to hold.)

    Returns
    -------
    int, int
        The block before which there was no more room, and how many cells are in `found` now.
    """
    high, first_col, area = lattice
    width = places.shape[1]
    scratch = np.zeros(0)
    sites, km2 = np.empty(0, np.int32), np.empty(0)
    counts, of_codes = np.empty(len(reaches), np.int64), np.empty(len(reaches), np.int64)
    last, n = part[1], part[2]
    for block in range(part[0], part[1]):
        # room for all cells of all windows: what is found cannot be more
        room, polygon = 0, -1
        for i in range(starts[block], starts[block + 1]):
            if polygon_of[runs[i, 0]] != polygon:
                polygon = polygon_of[runs[i, 0]]
                south, north, west, east = reaches[polygon]
                room += (min(north, (block + 1) * high) - max(south, block * high)) * (east - west)
        if n + room > len(found[0]):
            last = block
            break
        if room == 0:
            continue
        if len(codes) and len(sites) < room:
            sites, km2 = np.empty(room, np.int32), np.empty(room)
        # cells that are to be put in order are written down beside what was found
        m, groups, i = 0, 0, starts[block]
        if len(codes) == 0:
            sites, km2, m = found[0], found[2], n
        while i < starts[block + 1]:
            polygon = polygon_of[runs[i, 0]]
            south, north, west, east = reaches[polygon]
            low, wide = max(south, block * high), east - west
            rows = min(north, (block + 1) * high) - low
            of_band = places[low : low + rows, west:east]
            before = m
            if hexagons:
                # a strip of n columns has 3 n triangles and one more, as even and odd strips begin one
                # triangle apart; rows are two strips high, and odd columns one strip further north
                triangle = 3 * (first_col + west) - 1
                strips = np.zeros((2 * rows + 1, 3, 3 * wide + 2))
                while i < starts[block + 1] and polygon_of[runs[i, 0]] == polygon:
                    ring, start, end = runs[i]
                    _add_edges_in_strips(
                        xy, start, end, turns[ring], 2 * (low - south), triangle, strips
                    )
                    i += 1
                m = _emit_hexagon_rows(
                    strips,
                    first_col + west,
                    of_band,
                    low * width + west,
                    width,
                    area,
                    sites,
                    km2,
                    m,
                )
            else:
                if len(scratch) < rows * (wide + 1):
                    scratch = np.zeros(rows * (wide + 1))
                sums = scratch[: rows * (wide + 1)].reshape((rows, wide + 1))
                while i < starts[block + 1] and polygon_of[runs[i, 0]] == polygon:
                    ring, start, end = runs[i]
                    _add_edges(xy, start, end, turns[ring], low - south, sums)
                    i += 1
                m = _emit_square_rows(sums, of_band, low * width + west, width, area, sites, km2, m)
            counts[groups] = m - before
            of_codes[groups] = codes[polygon] if len(codes) else polygon
            if len(codes) == 0:
                for at in range(before, m):
                    found[1][at] = polygon
            groups += 1
        if len(codes) == 0:
            n = m
            continue
        n = _by_site(sites[:m], km2, counts[:groups], of_codes, found, n)
    return last, n


@inner
def _by_site(
    sites: NDArray[np.int32],
    km2: NDArray[np.float64],
    counts: NDArray[np.int64],
    codes: NDArray[np.int64],
    found: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]],
    n: int,
) -> int:
    """Put what was found in a block in the order of sites and codes; gives how much is there now."""
    if len(sites) == 0:
        return n
    site_of, code_of, total = found
    low, high = sites[0], sites[0]
    for site in sites:
        low, high = min(low, site), max(high, site)
    several = high - low + 1
    starts = np.zeros(several + 1, np.int64)
    for site in sites:
        starts[site - low + 1] += 1
    starts[0] = n
    for site in range(several):
        starts[site + 1] += starts[site]
    filled = np.empty(several, np.int64)
    for site in range(several):
        filled[site] = starts[site]
    merged, i = False, 0
    for group in range(len(counts)):
        code = codes[group]
        for _ in range(counts[group]):
            site = sites[i] - low
            at = filled[site]
            if at > starts[site] and code_of[at - 1] == code:
                total[at - 1] += km2[i]
                merged = True
            else:
                site_of[at], code_of[at], total[at] = sites[i], code, km2[i]
                filled[site] = at + 1
            i += 1
    if not merged:
        return n + len(sites)
    for site in range(several):
        for at in range(starts[site], filled[site]):
            site_of[n], code_of[n], total[n] = site_of[at], code_of[at], total[at]
            n += 1
    return n


@compiled
def add_cells(
    found: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]],
    species: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    sums: tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]],
    state_of: NDArray[np.int16],
    in_states: NDArray[np.float64],
) -> None:
    """Add cells that species cover to the sums of cells, and to those of species by state.

    `found` are places, species and km²; `species` the range of each in km², from how much of a cell it
    occurs there, and its weight; `sums` how many species occur in each cell, the sum of shares of
    ranges, and the sum of weights. `state_of` is the state of each cell; empty, or −1: none.
    """
    places, numbers, km2 = found
    range_km2, occurs_km2, weight = species
    richness, rarity, threat = sums
    for i in range(len(places)):
        place, number = places[i], numbers[i]
        rarity[place] += km2[i] / range_km2[number]
        if km2[i] >= occurs_km2[number]:
            richness[place] += 1
            threat[place] += weight[number]
        if len(state_of):
            in_states[number, state_of[place]] += km2[i]
