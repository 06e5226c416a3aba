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
give the cells that each covers. All but `_by_site` work on a run of polygons and touch nothing
else, so that threads may share a layer, and the numbers do not depend on how many there are. This
module imports numba and is itself imported at first use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

from cami_units.overlap._arrays import Floats, Ints, Ints32

Function = TypeVar("Function", bound=Callable[..., Any])

Order = tuple[Ints32, Floats, Ints, Ints, Ints, Ints]
"""Room to put a block in order: sites and km² of its cells, how many cells each polygon has and its
code, and where each site begins and ends (as many as there are sites between a block's first and last)."""


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

# What `int` does, of one type whatever it is of: a bare 0, or `int`, is a type or a function of its
# own, for which all that is called with it compiles once more.
integer: Callable[[float], int] = np.int64  # type: ignore[assignment]

# A place counted from the beginning. Python counts negative ones from the end, and to ask which it is
# takes as long as the rest of a short loop, and keeps it from doing several places at a time.
place: Callable[[int], int] = np.uint64  # type: ignore[assignment]

ROUNDING = 1e-11
"""Covered shares nearer than this to 0 or 1 are 0 or 1: what running sums leave of nothing."""

TOO_MUCH = 1e-9
"""More than the whole cell by this share, or as much less than nothing: something was counted twice."""


@compiled
def closed_rings(
    xy: Floats, part_ends: Ints, part_rings: Ints, ends: Ints, turns: Floats, areas: Floats
) -> None:
    """Where the rings of polygons end, found by walking each until it is back where it began.

    To ask GEOS for its rings would copy them all, which takes twice as long as everything else.

    Parameters
    ----------
    xy : (n, 2) array
        Vertices, shell first, then the holes of each polygon.
    part_ends, part_rings : arrays
        The position just after each polygon's last vertex, and how many rings it has.
    ends : array
        To be filled with the position just after each ring.
    turns : array
        To be filled with +1 or −1 for each ring: what makes the signed areas of shells positive, of
        holes negative.
    areas : array
        To be filled with twice the area of each polygon; not a number where the rings are not as many
        as promised.
    """
    ring, start = 0, 0
    for part in range(len(part_ends)):
        areas[part] = 0.0
        last_ring = ring + part_rings[part]
        is_shell = True
        while start < part_ends[part] and ring < last_ring:
            x, y = xy[start, 0], xy[start, 1]
            i, away, closed, twice = start + 1, False, False, 0.0
            east, north = 0.0, 0.0
            while i < part_ends[part]:
                east_next, north_next = xy[place(i), 0] - x, xy[place(i), 1] - y
                twice += east * north_next - east_next * north
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
            return


@inner
def _count_steps(
    xy: Floats,
    vertices: tuple[int, int],
    corner: tuple[float, float],
    step: tuple[float, float],
    first: tuple[float, float],
) -> None:
    """Make steps of a lattice of metres, in place: fresh memory would take longer than to divide."""
    for i in range(
        vertices[0], vertices[1]
    ):  # a loop by itself, so that it divides several at a time
        xy[place(i), 0] = (xy[place(i), 0] - corner[0]) / step[0] - first[0]
        xy[place(i), 1] = (xy[place(i), 1] - corner[1]) / step[1] - first[1]


@inner
def _add_run(runs: Ints, n: int, ring: int, begin: int, end: int, block: int) -> int:
    """Write a run down if there is room for it; gives how many there are with it."""
    if n < len(runs):
        runs[n, 0], runs[n, 1], runs[n, 2], runs[n, 3] = ring, begin, end, block
    return n + 1


@inner
def _runs_of_ring(
    xy: Floats,
    ring: int,
    start: int,
    end: int,
    rows: tuple[int, int],
    cut: tuple[int, int, int],
    runs: Ints,
    n: int,
) -> int:
    """The runs of one ring's edges, after the `n` that are there; `rows` are its window's, in steps."""
    south, top = rows
    _, block, overlap = cut
    high_edge = float(top - south + overlap)
    last_block = (top - 1) // block
    # edges between these rows, counted in the polygon's window, lie in one block and no other
    low, high, of_run, begun = 0.0, -1.0, integer(0), start
    i = start - 1
    while True:
        i += 1
        while i < end and low <= xy[place(i), 1] < high:
            i += 1
        if i >= end:
            break
        if i - 1 > begun:
            n = _add_run(runs, n, ring, begun, i, of_run)
        begun = i
        level = xy[i, 1]
        if i > start:
            lower, upper = min(xy[i - 1, 1], level), max(xy[i - 1, 1], level)
            if lower < high_edge and upper > 0.0:
                from_block = (max(integer(max(lower, 0.0)) - overlap, 0) + south) // block
                to_block = min((integer(min(upper, high_edge)) + south) // block, last_block)
                while from_block <= to_block:
                    n = _add_run(runs, n, ring, i - 1, i + 1, from_block)
                    from_block += 1
        of_run = (integer(max(level, 0.0)) + south) // block
        low = max(float(of_run * block - south), 0.0)
        low += overlap if of_run else 0.0
        high = min(float((of_run + 1) * block - south), high_edge)
        if of_run > last_block or not low <= level < high:
            high = low - 1.0
    if end - 1 > begun:
        n = _add_run(runs, n, ring, begun, end, of_run)
    return n


@compiled
def edge_runs(
    xy: Floats,
    ends: Ints,
    first: Ints,
    reaches: Ints,
    lattice: tuple[float, float, float, float, int, int],
    cut: tuple[int, int, int],
    in_steps: int,
    runs: Ints,
) -> int:
    """The runs of edges that lie in each block of rows; and vertices in steps of the lattice.

    Parameters
    ----------
    xy : (n, 2) array
        Vertices in metres, which become steps of the lattice: east from where `lattice` says, or for
        squares from the polygon's window, and north from the polygon's window.
    ends, first : arrays
        Ends of the rings, and the first ring of each polygon with one more at the end.
    reaches : (n, 4) array
        The rows and columns, from and to, of each polygon's window, counted in the lattice's.
    lattice : tuple
        Where steps are counted from, x and y, and their length east and north, in metres; the column
        and the row that the lattice's window begins with, in these steps.
    cut : (int, int, int)
        How many steps north a row and a block are high, and how far a block reaches into the next.
    in_steps : int
        The polygons before this one are in steps already.
    runs : (n, 4) array
        To be filled with ring, first vertex, the one after the last and block of each run, in the
        order of the rings.

    Returns
    -------
    int
        How many runs there are: where they are more than `runs` has room for, the rest is not there.
    """
    x, y, east, north, col, row = lattice
    of_row, _, overlap = cut
    n = integer(0)
    for number in range(len(reaches)):
        south, top = reaches[number, 0], reaches[number, 1]
        west, until = reaches[number, 2], reaches[number, 3]
        if south >= top or west >= until:
            continue
        south, top = south * of_row, top * of_row
        if number >= in_steps:
            begin = ends[first[number] - 1] if first[number] else 0
            end = ends[first[number + 1] - 1] if first[number + 1] else 0
            window = (float(col + west) if overlap == 0 else 0.0, float(row + south))
            _count_steps(xy, (begin, end), (x, y), (east, north), window)
        for ring in range(first[number], first[number + 1]):
            start = ends[ring - 1] if ring else 0
            n = _runs_of_ring(xy, ring, start, ends[ring], (south, top), cut, runs, n)
    return n


@inner
def _add_in_row(sums: Floats, row: int, columns: int, u0: float, u1: float, rise: float) -> None:
    """Add to a row of squares what one piece of edge leaves behind.

    `u0`, `u1` are the ends of the piece in columns from the row's beginning, `rise` its signed
    height in rows. The row begins at place `row` of `sums` and has one place more than there are
    columns. It is kept as differences: after a running sum, place ``c`` is the covered share of
    column ``c``.
    """
    left, right = min(u0, u1), max(u0, u1)
    # Nothing of a window lies east of it, and what lies west of it covers all of its row.
    if left >= columns:
        return
    if right <= 0.0:
        sums[row] += rise
        return
    per_column = rise / (right - left) if right > left else 0.0
    if left < 0.0:
        sums[row] -= left * per_column
        rise += left * per_column
        left = 0.0
    if right > columns:
        rise = (columns - left) * per_column
        right = float(columns)
    column = integer(left)
    last = max(column, integer(np.ceil(right)) - 1)
    while column < last:
        piece = (column + 1 - left) * per_column
        area = piece * (0.5 * (column + 1 - left))
        sums[place(row + column)] += area
        sums[place(row + column + 1)] += piece - area
        rise -= piece
        column += 1
        left = float(column)
    area = rise * (1.0 - (0.5 * (left + right) - column))
    sums[place(row + column)] += area
    sums[place(row + column + 1)] += rise - area


@inner
def _add_edge(
    a: tuple[float, float],
    b: tuple[float, float],
    sign: float,
    band: tuple[int, int, int],
    sums: Floats,
) -> None:
    """Add to a band of rows of squares what one edge leaves behind, cut at every line."""
    low_row, rows, columns = band
    ua, va = a
    ub, vb = b
    if va > vb:
        ua, va, ub, vb, sign = ub, vb, ua, va, -sign
    level, top = max(va, float(low_row)), min(vb, float(low_row + rows))
    if level >= top:  # level, or outside the rows that are asked for
        return
    slope = (ub - ua) / (vb - va)
    west, east = min(ua, ub), max(ua, ub)
    at = min(max(ua + (level - va) * slope, west), east)
    line = integer(level)
    row = (line - low_row) * (columns + 1)
    while level < top:
        level_next = min(line + 1.0, top)
        at_next = ub if level_next == vb else ua + (level_next - va) * slope
        at_next = min(max(at_next, west), east)
        _add_in_row(sums, row, columns, at, at_next, sign * (level_next - level))
        at, level = at_next, level_next
        line += 1
        row += columns + 1


@inner
def _add_edges(
    xy: Floats, start: int, end: int, turn: float, band: tuple[int, int, int], sums: Floats
) -> None:
    """Add to a band of rows of squares what a run of edges of one ring leaves behind.

    `xy` counts columns and rows from the south-west corner of the polygon's window. `band` is the
    first of its rows that `sums` holds, how many it holds, and their columns; each row of `sums` has
    one place more than that. What lies outside of the band is cut off.
    """
    low_row, rows, columns = band
    bottom, high = float(low_row), float(low_row + rows)
    # Most edges of a fine outline end in the cell they begin in. The two sums that they add to
    # are held here until an edge leaves it: to write and read them again takes longer than to add.
    at = 0
    south, north, west, east = 0.0, -1.0, 0.0, -1.0
    own, further = 0.0, 0.0
    u_next, v_next = xy[start, 0], xy[start, 1]
    for i in range(start + 1, end):
        ua, va = u_next, v_next
        u_next, v_next = xy[place(i), 0], xy[place(i), 1]
        if south <= v_next < north and west <= u_next < east:
            rise = turn * (v_next - va)
            area = rise * (1.0 - (0.5 * (ua + u_next) - west))
            own += area
            further += rise - area
            continue
        if north > south:
            sums[place(at)], sums[place(at + 1)] = own, further
        _add_edge((ua, va), (u_next, v_next), turn, band, sums)
        if bottom <= v_next < high and 0.0 <= u_next < columns:
            line, column = integer(v_next), integer(u_next)
            at = (line - low_row) * (columns + 1) + column
            south, west = float(line), float(column)
            north, east = south + 1.0, west + 1.0
            own, further = sums[place(at)], sums[place(at + 1)]
        else:
            north = south - 1.0
    if north > south:
        sums[at], sums[at + 1] = own, further


@inner
def _whole(share: float) -> float:
    """A share, or 1 where only rounding keeps it from it."""
    return 1.0 if abs(share - 1.0) <= ROUNDING else share


@inner
def _cannot_be(share: float) -> bool:
    """Whether a share is more than the whole, or less than nothing, by more than rounding."""
    return not -TOO_MUCH <= share <= 1.0 + TOO_MUCH


@inner
def _level_until(sums: Floats, at: int, column: int, columns: int) -> int:
    """The first column from `column` on whose sum is not 0; looked for eight at a time."""
    while column + 8 <= columns:
        size = 0.0
        for further in range(8):
            size += abs(sums[place(at + column + further)])
        if size != 0.0:
            break
        column += 8
    while column < columns and sums[place(at + column)] == 0.0:
        column += 1
    return column


@inner
def _emit_square_rows(
    sums: Floats,
    rows: int,
    columns: int,
    places: Ints32,
    cell: int,
    width: int,
    area: float,
    sites: Ints32,
    km2: Floats,
    n: int,
) -> tuple[int, bool]:
    """Write down the cells of a band that are covered, and leave the band empty for the next.

    Cells count from `cell` on, `width` to a row; `places` are the sites' positions by that number, and
    without any each cell is a site. Gives how many are written down in all, and whether any share of a
    cell cannot be.
    """
    listed = len(places) > 0
    at, odd = 0, False
    for _ in range(rows):
        share, column = 0.0, 0
        while column < columns:
            # cells that no edge enters are as covered as the one before them
            until = _level_until(sums, at, column, columns)
            if abs(share) > ROUNDING:
                odd |= _cannot_be(share)
                of_cell = _whole(share) * area
                if listed:
                    for between in range(cell + column, cell + until):
                        sites[place(n)] = places[place(between)]
                        km2[place(n)] = of_cell
                        n += sites[place(n)] >= 0
                else:  # loops without a condition, so that they write several at a time
                    for between in range(until - column):
                        sites[place(n + between)] = cell + column + between
                    for between in range(until - column):
                        km2[place(n + between)] = of_cell
                    n += until - column
            if until == columns:
                break
            share += sums[at + until]
            sums[at + until] = 0.0
            if abs(share) > ROUNDING:
                odd |= _cannot_be(share)
                sites[n] = places[cell + until] if listed else cell + until
                km2[n] = _whole(share) * area
                n += sites[n] >= 0
            column = until + 1
        sums[at + columns] = 0.0
        at += columns + 1
        cell += width
    return n, odd


@inner
def _add_in_strip(
    sums: Floats,
    strip: tuple[int, int, int],
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

    `strip` is its place in `sums`, how many triangles it has room for, and the number of the first.
    One after another come the area to the right of pieces within their own triangle; then, for the
    triangles further east, the sum of heights and the sum of height × mean level. The width of a
    triangle at level e is ``1 − e`` (pointing up) or ``e`` (pointing down), so those two give its area.
    """
    areas, triangles, first = strip
    heights, levels = areas + triangles, areas + 2 * triangles
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
        triangle = integer(np.floor(p)) + integer(np.floor(q)) - first
        t = t_next
        if triangle >= triangles - 1:
            continue
        if triangle < 0:
            sums[heights] += rise
            sums[levels] += rise * level
            continue
        east = np.floor(q) + 1.0 - q if (triangle + first) % 2 == 0 else np.floor(p) + 1.0 - p
        sums[areas + triangle] += rise * east
        sums[heights + triangle + 1] += rise
        sums[levels + triangle + 1] += rise * level


@inner
def _add_edges_in_strips(
    xy: Floats,
    start: int,
    end: int,
    turn: float,
    band: tuple[int, int],
    triangles: tuple[int, int],
    sums: Floats,
) -> None:
    """Add to a band of strips of triangles what a run of edges of one ring leaves behind.

    Steps are sides east, and half heights north from the bottom of the window; `band` is the first
    strip and how many there are, `triangles` how many each has room for, and the first.
    """
    low_strip, strips = band
    room, first = triangles
    bottom, high = float(low_strip), float(low_strip + strips)
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
        k = integer(level)
        while level < top:
            level_next = min(k + 1.0, top)
            at_next = ub if level_next == vb else ua + (level_next - va) * slope
            at_next = min(max(at_next, low), east)
            offset = 0.5 if k % 2 == 0 else 0.0
            strip = (3 * room * (k - low_strip), room, first)
            _add_in_strip(sums, strip, offset, at, level - k, at_next, level_next - k, sign)
            at, level = at_next, level_next
            k += 1


@inner
def _emit_hexagon_rows(
    sums: Floats,
    rows: int,
    columns: int,
    col: int,
    places: Ints32,
    cell: int,
    width: int,
    area: float,
    sites: Ints32,
    km2: Floats,
    n: int,
) -> tuple[int, bool]:
    """Write down the hexagons of a band that are covered, and leave the band empty for the next.

    Each hexagon is six triangles: its upper and its lower half are three each, side by side in a
    strip; `col` is the column that they begin with. The centre of column `c` and row `r` lies on the
    level line ``2 r + 1 + (c mod 2)``, ``1 + 3c/2`` sides east of the origin. Shares are summed up
    behind the strips. Cells are numbered as for :func:`_emit_square_rows`.
    """
    room, first, odd = 3 * columns + 2, 3 * col - 1, False
    shares = 3 * room * (2 * rows + 1)
    for k in range(2 * rows + 1):
        strip = 3 * room * k
        heights, levels = 0.0, 0.0
        even = k % 2 == 0
        for j in range(room - 1):
            heights += sums[strip + room + j]
            levels += sums[strip + 2 * room + j]
            triangle = j + first
            covered = sums[strip + j] + (heights - levels if triangle % 2 == 0 else levels)
            c = (triangle + 1) // 3 if even else triangle // 3
            centre_line = k if even == (c % 2 == 1) else k + 1
            r = (centre_line - 1 - c % 2) // 2
            if 0 <= c - col < columns and 0 <= r < rows:
                sums[shares + r * columns + c - col] += covered / 3.0
    sums[:shares] = 0.0
    for _ in range(rows):
        for c in range(columns):
            share = sums[shares]
            sums[shares] = 0.0
            shares += 1
            if abs(share) > ROUNDING:
                odd |= _cannot_be(share)
                sites[n] = places[cell + c] if len(places) else cell + c
                km2[n] = _whole(share) * area
                n += sites[n] >= 0
        cell += width
    return n, odd


@compiled
def covered(
    hexagons: bool | None,
    xy: Floats,
    turns: Floats,
    polygon_of: Ints,
    runs: Ints,
    starts: Ints,
    rooms: Ints,
    reaches: Ints,
    lattice: tuple[int, int, int, float],
    places: Ints32,
    codes: Ints,
    part: tuple[int, int, int],
    sums: Floats,
    for_order: Order,
    found: tuple[Ints32, Ints32, Floats],
) -> tuple[int, int, bool]:
    """The cells that polygons cover in some blocks of rows, block by block.

    Parameters
    ----------
    hexagons : True or None
        What the cells are: ``None`` is squares. (Being of another type, each is compiled by itself, and
        not before somebody asks for it.)
    xy, runs
        Of :func:`edge_runs`, the runs sorted by block.
    turns : array
        Of each ring, from :func:`closed_rings`.
    polygon_of : array
        The polygon of each ring.
    starts, rooms : arrays
        The first run of each block, with how many there are; and how many cells a block can give at most.
    reaches : (n, 4) array
        The rows and columns, from and to, of each polygon's window, counted in the lattice's.
    lattice : (int, int, int, float)
        Rows in a block, columns of the lattice's window and the one that it begins with, and the area
        of a cell.
    places : array
        The position of the site in each cell of the window, row by row, or −1. Without any, each cell is
        a site.
    codes : array
        The code of each polygon, rising; polygons of one code are added up. Without any, cells are
        left in the order of the polygons within each block, whose numbers are the codes.
    part : (int, int, int)
        The first block, the one after the last, and how many cells are in `found` already.
    sums : array
        Room for the sums of the largest window in a block: nothing but 0, before and after. All memory
        comes from numpy: it asks the system for large pages, and what allocates nothing compiles in
        half the time.
    for_order : arrays
        Room to put a block in order; needed with codes only.
    found : array, array, array
        Site, code, km²: what is found is added.

    Returns
    -------
    int, int, bool
        The block before which there was no more room, how many cells are in `found` now, and whether
        any polygon covers more than the whole of a cell, or less than nothing.
    """
    high, width, first_col, area = lattice
    counts, of_codes = for_order[2], for_order[3]
    last, n, odd = part[1], part[2], False
    for block in range(part[0], part[1]):
        i, end = starts[block], starts[block + 1]
        if n + rooms[block] > len(found[0]):
            last = block
            break
        # cells that are to be put in order are written down beside what was found
        sites, km2, m = for_order[0], for_order[1], 0
        if len(codes) == 0:
            sites, km2, m = found[0], found[2], n
        groups = 0
        while i < end:
            polygon = polygon_of[runs[i, 0]]
            south, west = reaches[polygon, 0], reaches[polygon, 2]
            low, wide = max(south, block * high), reaches[polygon, 3] - west
            rows = min(reaches[polygon, 1], (block + 1) * high) - low
            cell, before = low * width + west, m
            until = i
            while until < end and polygon_of[runs[until, 0]] == polygon:
                until += 1
            if hexagons is None:
                band = (low - south, rows, wide)
                for run in range(i, until):
                    _add_edges(xy, runs[run, 1], runs[run, 2], turns[runs[run, 0]], band, sums)
                m, strange = _emit_square_rows(
                    sums, rows, wide, places, cell, width, area, sites, km2, m
                )
            else:
                # a strip of n columns has 3 n triangles and one more, as even and odd strips begin one
                # triangle apart; rows are two strips high, and odd columns one strip further north
                strips = (2 * (low - south), 2 * rows + 1)
                triangles = (3 * wide + 2, 3 * (first_col + west) - 1)
                for run in range(i, until):
                    turn = turns[runs[run, 0]]
                    _add_edges_in_strips(
                        xy, runs[run, 1], runs[run, 2], turn, strips, triangles, sums
                    )
                m, strange = _emit_hexagon_rows(
                    *(sums, rows, wide, first_col + west, places, cell, width, area, sites, km2, m)
                )
            i = until
            odd |= strange
            if len(codes):
                counts[groups], of_codes[groups] = m - before, codes[polygon]
                groups += 1
            else:
                for at in range(before, m):
                    found[1][place(at)] = polygon
        n = _by_site(m, groups, for_order, found, n) if len(codes) else m
    return last, n, odd


@inner
def _by_site(
    m: int, groups: int, for_order: Order, found: tuple[Ints32, Ints32, Floats], n: int
) -> int:
    """Put what was found in a block in the order of sites and codes; gives how much is there now."""
    if m == 0:
        return n
    sites, km2, counts, codes, starts, filled = for_order
    site_of, code_of, total = found
    low, high = sites[0], sites[0]
    for i in range(m):
        low, high = min(low, sites[place(i)]), max(high, sites[place(i)])
    several = high - low + 1
    for site in range(several):
        starts[site] = 0
    for i in range(m):
        starts[place(sites[place(i)] - low)] += 1
    at = n
    for site in range(several):
        here = starts[site]
        starts[site], filled[site] = at, at
        at += here
    merged, i = False, 0
    for group in range(groups):
        code = codes[group]
        for _ in range(counts[group]):
            site = place(sites[place(i)] - low)
            at = filled[site]
            if at > starts[site] and code_of[place(at - 1)] == code:
                total[place(at - 1)] += km2[place(i)]
                merged = True
            else:
                site_of[place(at)], code_of[place(at)] = sites[place(i)], code
                total[place(at)] = km2[place(i)]
                filled[site] = at + 1
            i += 1
    # As good as always: only polygons of one code that meet in a cell leave gaps to be closed.
    if not merged:
        return n + m
    for site in range(several):
        for at in range(starts[site], filled[site]):
            site_of[n], code_of[n], total[n] = site_of[at], code_of[at], total[at]
            n += 1
    return n


@compiled
def rows_cols(places: Ints32, window: tuple[int, int, int], row: Ints32, col: Ints32) -> None:
    """Fill in the row and column of places, by how many columns a window has and where it begins.

    By a product, which several at a time can be made of: half a place off the whole, no rounding of it
    reaches the next row.
    """
    wide, first_row, first_col = window
    of_row = 1.0 / wide
    for i in range(len(places)):
        up = np.int32((places[i] + 0.5) * of_row)
        row[i] = up + first_row
        col[i] = places[i] - up * wide + first_col


@compiled
def add_cells(
    found: tuple[Ints32, Ints32, Floats],
    species: tuple[Floats, Floats, Floats],
    sums: tuple[Ints32, Floats, Floats],
    state_of: NDArray[np.int16],
    in_states: Floats,
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


@inner
def _add_level(
    edges: Floats, n: int, x: float, h: float, x_next: float, h_next: float, high: float
) -> int:
    """Write down a stretch of an edge above the floor of a window; how many there are now.

    A chain that runs above the window is one level stretch: what lies under it hangs on its ends only.
    """
    if x == x_next:
        return n
    is_level = h == high and h_next == high
    last = n - 1
    if is_level and n and edges[last, 2] == x and edges[last, 1] == high and edges[last, 3] == high:
        edges[last, 2] = x_next
        return n - 1 if edges[last, 0] == x_next else n
    edges[n, 0], edges[n, 1], edges[n, 2], edges[n, 3] = x, h, x_next, h_next
    return n + 1


@inner
def _add_stretches(
    edges: Floats, n: int, edge: tuple[float, float, float, float], wide: float, high: float
) -> int:
    """Write down what of an edge lies between the sides of a window and above its floor; how many there are now."""
    a, h_a, b, h_b = edge
    if h_a >= high and h_b >= high:
        a, b = min(max(a, 0.0), wide), min(max(b, 0.0), wide)
        return _add_level(edges, n, a, high, b, high, high)
    x_from, h_from = a, h_a
    slope = (h_b - h_a) / (b - a) if b != a else 0.0
    if a < 0.0 or a > wide:
        a = min(max(a, 0.0), wide)
        h_a = h_from + (a - x_from) * slope
    if b < 0.0 or b > wide:
        b = min(max(b, 0.0), wide)
        h_b = h_from + (b - x_from) * slope
    # from one end to the other through at most a floor and a ceiling
    low, end = min(a, b), max(a, b)
    if h_a < 0.0 and h_b > 0.0:
        a, h_a = min(max(a - h_a / slope, low), end), 0.0
    elif h_b < 0.0 and h_a > 0.0:
        b, h_b = min(max(b - h_b / slope, low), end), 0.0
    if h_a <= 0.0 and h_b <= 0.0:
        return n
    h_a, h_b, to_high = min(h_a, high), min(h_b, high), high - h_a
    if (h_a == high) == (h_b == high):
        return _add_level(edges, n, a, h_a, b, h_b, high)
    middle = min(max(a + to_high / slope, low), end)
    n = _add_level(edges, n, a, h_a, middle, high, high)
    return _add_level(edges, n, middle, high, b, h_b, high)


@inner
def _edges_in_window(
    xy: Floats,
    rings: tuple[Ints, Floats],
    first: int,
    last: int,
    window: tuple[float, float, float, float],
    edges: Floats,
    signs: Floats,
) -> int:
    """The stretches of a polygon's edges over a window, as heights above its floor; how many there are.

    Cut at the sides of the window; what lies below its floor is left out, what lies above its ceiling
    laid on it. `signs` are +1 for upper and −1 for lower edges of the polygon.
    """
    ends, turns = rings
    west, south, wide, high = window
    n = 0
    for ring in range(first, last):
        begin = ends[ring - 1] if ring else 0
        n_before = n
        x, h = xy[begin, 0] - west, xy[begin, 1] - south
        for i in range(begin + 1, ends[ring]):
            x_from, h_from = x, h
            x, h = xy[place(i), 0] - west, xy[place(i), 1] - south
            if (x_from <= 0.0 and x <= 0.0) or (x_from >= wide and x >= wide):
                continue
            if h_from <= 0.0 and h <= 0.0:
                continue
            n = _add_stretches(edges, n, (x_from, h_from, x, h), wide, high)
        for k in range(n_before, n):
            signs[k] = turns[ring]
    # from west to east, the direction in the sign
    for k in range(n):
        if edges[k, 0] > edges[k, 2]:
            signs[k] = -signs[k]
            edges[k, 0], edges[k, 2] = edges[k, 2], edges[k, 0]
            edges[k, 1], edges[k, 3] = edges[k, 3], edges[k, 1]
    return n


@inner
def _most_vertices(ends: Ints, first: Ints) -> int:
    """How many vertices the largest of some polygons has, which follow one another."""
    most, begin = integer(0), integer(0)
    for polygon in range(1, len(first)):
        end = ends[first[polygon] - 1] if first[polygon] else integer(0)
        most, begin = max(most, end - begin), end
    return most


@inner
def _under_both(edges: Floats, i: int, others: Floats, j: int) -> float:
    """The area under the lower of two stretches, where both are."""
    low = max(edges[i, 0], others[j, 0])
    wide = min(edges[i, 2], others[j, 2]) - low
    if wide <= 0.0:
        return 0.0
    slope = (edges[i, 3] - edges[i, 1]) / (edges[i, 2] - edges[i, 0])
    other_slope = (others[j, 3] - others[j, 1]) / (others[j, 2] - others[j, 0])
    h = edges[i, 1] + (low - edges[i, 0]) * slope
    g = others[j, 1] + (low - others[j, 0]) * other_slope
    h_end, g_end = h + wide * slope, g + wide * other_slope
    above, above_end = h - g, h_end - g_end
    under: float = (h + h_end) * 0.5 * wide
    under_other: float = (g + g_end) * 0.5 * wide
    if above <= 0.0 and above_end <= 0.0:
        return under
    if above >= 0.0 and above_end >= 0.0:
        return under_other
    # they cross: under the upper one less the triangle between them
    triangle: float = above * 0.5 * wide * (above / (above - above_end))
    return under - triangle if above > 0.0 else under_other + triangle


_RUN = 8
"""Stretches that follow one another and lie close together: a run that is elsewhere is passed at once."""


@compiled
def shared_areas(
    pairs: tuple[Ints, Ints],
    polygons: tuple[Floats, Ints, Floats, Ints],
    others: tuple[Floats, Ints, Floats, Ints],
    boxes: Floats,
    other_boxes: Floats,
    shared: Floats,
) -> None:
    """The area that each of two polygons of a pair has in common with the other.

    A polygon is what lies under its upper edges less what lies under its lower ones; what two have in
    common is the sum, over all edges of both, of the ground under the lower of the two, with the product
    of their signs. No corner is looked for but those of the lower line, and no shape is built.

    Parameters
    ----------
    pairs : two arrays
        Numbers of polygons and of others.
    polygons, others : tuples
        Vertices, the position just after each ring, what makes signed areas of shells positive and of
        holes negative, and the first ring of each polygon (and one number more).
    boxes, other_boxes : (n, 4) arrays
        West, south, east, north of each.
    shared : array
        To be filled.
    """
    xy, ends, turns, first = polygons
    other_xy, other_ends, other_turns, other_first = others
    n_most, n_most_other = _most_vertices(ends, first), _most_vertices(other_ends, other_first)
    # an edge gives two stretches at most: one on its way and one under the ceiling
    edges, signs = np.empty((2 * n_most + 2, 4)), np.empty(2 * n_most + 2)
    others_edges, other_signs = np.empty((2 * n_most_other + 2, 4)), np.empty(2 * n_most_other + 2)
    spans = np.empty((2 * n_most // _RUN + 2, 2))
    for k in range(len(shared)):
        p, q = pairs[0][k], pairs[1][k]
        west, south = max(boxes[p, 0], other_boxes[q, 0]), max(boxes[p, 1], other_boxes[q, 1])
        wide = min(boxes[p, 2], other_boxes[q, 2]) - west
        high = min(boxes[p, 3], other_boxes[q, 3]) - south
        shared[k] = 0.0
        if wide <= 0.0 or high <= 0.0:
            continue
        window = (west, south, wide, high)
        n_others = _edges_in_window(
            other_xy,
            (other_ends, other_turns),
            other_first[q],
            other_first[q + 1],
            window,
            others_edges,
            other_signs,
        )
        if n_others == 0:
            continue
        n = _edges_in_window(xy, (ends, turns), first[p], first[p + 1], window, edges, signs)
        n_runs = (n + _RUN - 1) // _RUN
        for run in range(n_runs):
            low, end = wide, 0.0
            for i in range(run * _RUN, min(n, run * _RUN + _RUN)):
                low, end = min(low, edges[i, 0]), max(end, edges[i, 2])
            spans[run, 0], spans[run, 1] = low, end
        area = 0.0
        for j in range(n_others):
            of_other = 0.0
            for run in range(n_runs):
                if spans[run, 0] >= others_edges[j, 2] or spans[run, 1] <= others_edges[j, 0]:
                    continue
                for i in range(run * _RUN, min(n, run * _RUN + _RUN)):
                    of_other += signs[i] * _under_both(edges, i, others_edges, j)
            area += other_signs[j] * of_other
        shared[k] = area
