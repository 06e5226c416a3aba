// Square kilometres that an outline shares with layers, cells and points. All in equal-area metres.

// Twice the signed area of an open flat ring; positive where it runs counter-clockwise.
export function doubleArea(xy) {
  let sum = 0;
  const n = xy.length;
  const x0 = xy[0];
  const y0 = xy[1];
  for (let i = 0; i < n; i += 2) {
    const j = i + 2 === n ? 0 : i + 2;
    sum += (xy[i] - x0) * (xy[j + 1] - y0) - (xy[j] - x0) * (xy[i + 1] - y0);
  }
  return sum;
}

export function areaKm2(rings) {
  return rings.reduce((sum, ring) => sum + ((ring.shell ? 1 : -1) * Math.abs(doubleArea(ring.xy))) / 2e6, 0);
}

export function boundsOf(rings) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { xy } of rings) {
    for (let i = 0; i < xy.length; i += 2) {
      if (xy[i] < box[0]) box[0] = xy[i];
      if (xy[i + 1] < box[1]) box[1] = xy[i + 1];
      if (xy[i] > box[2]) box[2] = xy[i];
      if (xy[i + 1] > box[3]) box[3] = xy[i + 1];
    }
  }
  return box;
}

const BINS = 128; // strips of an outline, west to east: an edge meets only the few edges of its strip

// An outline made ready to be laid over many layers: its edges, by strips from west to east.
//
// A point lies in a polygon when the edges above it, counted with the sign of their direction, add up
// to one. The shared area of two polygons is therefore the sum, over all pairs of edges, of the signed
// area that lies under both: the integral of the lower of two straight lines. That is exact, needs no
// intersection of the two, and does not care how either is drawn.
export function outline(rings) {
  const box = boundsOf(rings);
  const width = (box[2] - box[0]) / BINS || 1;
  const edges = [];
  for (const ring of rings) {
    const { xy } = ring;
    // clockwise shells run east on top: that is the positive direction
    const turn = (doubleArea(xy) > 0 ? -1 : 1) * (ring.shell ? 1 : -1);
    for (let i = 0; i < xy.length; i += 2) {
      const j = i + 2 === xy.length ? 0 : i + 2;
      const east = xy[j] > xy[i];
      if (xy[j] === xy[i]) continue;
      const [a, b] = east ? [i, j] : [j, i];
      const slope = (xy[b + 1] - xy[a + 1]) / (xy[b] - xy[a]);
      edges.push([xy[a], xy[b], xy[a + 1] - box[1], slope, east ? turn : -turn]);
    }
  }
  const strips = Array.from({ length: BINS }, () => []);
  for (const edge of edges) {
    const first = stripOf(edge[0], box[0], width);
    const last = stripOf(edge[1], box[0], width);
    for (let k = first; k <= last; k += 1) strips[k].push(edge);
  }
  return { rings, box, width, strips: strips.map((strip) => Float64Array.from(strip.flat())), km2: areaKm2(rings) };
}

function stripOf(x, west, width) {
  return Math.max(0, Math.min(BINS - 1, Math.floor((x - west) / width)));
}

// The integral of the lower of two lines from `from` to `to`; each is its height at `from` and a slope.
function underBoth(height, slope, other, otherSlope, length) {
  const end = height + slope * length;
  const otherEnd = other + otherSlope * length;
  if (height <= other && end <= otherEnd) return 0.5 * (height + end) * length;
  if (height >= other && end >= otherEnd) return 0.5 * (other + otherEnd) * length;
  const cut = (other - height) / (slope - otherSlope);
  const at = height + slope * cut;
  const [low, high] = height < other ? [height, otherEnd] : [other, end];
  return 0.5 * (low + at) * cut + 0.5 * (at + high) * (length - cut);
}

// Signed square metres that an outline shares with one closed ring of a layer, counter-clockwise positive.
function ringShare(over, xy) {
  const [west, south, east] = over.box;
  const { strips, width } = over;
  let sum = 0;
  const n = xy.length;
  for (let i = 0; i < n; i += 2) {
    const j = i + 2 === n ? 0 : i + 2;
    let x1 = xy[i];
    let x2 = xy[j];
    if (x1 === x2) continue;
    let y1 = xy[i + 1] - south;
    let y2 = xy[j + 1] - south;
    if (y1 <= 0 && y2 <= 0) continue; // below the outline: nothing lies under both
    const sign = x2 > x1 ? -1 : 1;
    if (sign > 0) [x1, x2, y1, y2] = [x2, x1, y2, y1];
    if (x2 <= west || x1 >= east) continue;
    const slope = (y2 - y1) / (x2 - x1);
    const from = x1 < west ? west : x1;
    const to = x2 > east ? east : x2;
    const last = stripOf(to, west, width);
    for (let k = stripOf(from, west, width); k <= last; k += 1) {
      const left = Math.max(from, west + k * width);
      const right = k === BINS - 1 ? to : Math.min(to, west + (k + 1) * width);
      const strip = strips[k];
      for (let e = 0; e < strip.length; e += 5) {
        const a = left > strip[e] ? left : strip[e];
        const b = right < strip[e + 1] ? right : strip[e + 1];
        if (a >= b) continue;
        const height = strip[e + 2] + (a - strip[e]) * strip[e + 3];
        sum += sign * strip[e + 4] * underBoth(height, strip[e + 3], y1 + (a - x1) * slope, slope, b - a);
      }
    }
  }
  return sum;
}

// Square kilometres that an outline shares with a layer's piece: rings with boxes, shells and holes.
export function sharedKm2(over, piece) {
  const [west, south, east, north] = over.box;
  let sum = 0;
  for (const ring of piece) {
    const { box } = ring;
    if (box[0] >= east || box[2] <= west || box[1] >= north || box[3] <= south) continue;
    const turn = ring.ccw ? 1 : -1;
    sum += (ring.shell ? 1 : -1) * turn * ringShare(over, ring.xy);
  }
  const km2 = sum / 1e6;
  // what is left of sums that cancel: nothing, or the whole
  if (km2 < 1e-6) return 0;
  return km2 > over.km2 * (1 - 1e-10) ? Math.min(km2, over.km2) : km2;
}

// Whether a point lies in an outline: the even-odd rule over its strip.
export function holds(over, x, y) {
  const [west, south, east, north] = over.box;
  if (x < west || x > east || y < south || y > north) return false;
  const strip = over.strips[stripOf(x, west, over.width)];
  let above = 0;
  for (let e = 0; e < strip.length; e += 5) {
    if (x >= strip[e] && x < strip[e + 1] && strip[e + 2] + (x - strip[e]) * strip[e + 3] > y - south) {
      above += strip[e + 4];
    }
  }
  return above > 0;
}

// -- cells of the lattice: the walk over signed areas of `overlap/_kernels.py` ----------------------

// Add to a row of squares what one piece of edge leaves behind; see `_add_in_row` in Python.
function addInRow(sums, start, columns, u0, u1, height) {
  let rise = height;
  let left = Math.min(u0, u1);
  let right = Math.max(u0, u1);
  if (left >= columns) return;
  if (right <= 0) {
    sums[start] += rise;
    return;
  }
  const perColumn = right > left ? rise / (right - left) : 0;
  if (left < 0) {
    sums[start] -= left * perColumn;
    rise += left * perColumn;
    left = 0;
  }
  if (right > columns) {
    rise = (columns - left) * perColumn;
    right = columns;
  }
  let column = Math.floor(left);
  const last = Math.max(column, Math.ceil(right) - 1);
  while (column < last) {
    const piece = (column + 1 - left) * perColumn;
    const area = piece * (0.5 * (column + 1 - left));
    sums[start + column] += area;
    sums[start + column + 1] += piece - area;
    rise -= piece;
    column += 1;
    left = column;
  }
  const area = rise * (1 - (0.5 * (left + right) - column));
  sums[start + column] += area;
  sums[start + column + 1] += rise - area;
}

// The covered share of each square of a window that rings reach: { row, col, rows, cols, shares }.
// `lattice` has the origin and the side in metres; rows go north, columns east, as in `grid`.
export function cellShares(rings, lattice) {
  const [west, south, east, north] = boundsOf(rings);
  const { step, x, y } = lattice;
  const col = Math.floor((west - x) / step);
  const row = Math.floor((south - y) / step);
  const cols = Math.floor((east - x) / step) - col + 1;
  const rows = Math.floor((north - y) / step) - row + 1;
  const wide = cols + 1; // one place more: what lies east of the last column
  const sums = new Float64Array(wide * rows);
  for (const ring of rings) {
    const { xy } = ring;
    const turn = (doubleArea(xy) > 0 ? 1 : -1) * (ring.shell ? 1 : -1);
    for (let i = 0; i < xy.length; i += 2) {
      const j = i + 2 === xy.length ? 0 : i + 2;
      let ua = (xy[i] - x) / step - col;
      let va = (xy[i + 1] - y) / step - row;
      let ub = (xy[j] - x) / step - col;
      let vb = (xy[j + 1] - y) / step - row;
      let sign = -turn;
      if (va > vb) {
        [ua, va, ub, vb] = [ub, vb, ua, va];
        sign = turn;
      }
      let level = Math.max(va, 0);
      const top = Math.min(vb, rows);
      if (level >= top) continue;
      const low = Math.min(ua, ub);
      const high = Math.max(ua, ub);
      const slope = (ub - ua) / (vb - va);
      let at = ua + (level - va) * slope;
      let line = Math.floor(level);
      while (level < top) {
        const next = Math.min(line + 1, top);
        const atNext = Math.min(Math.max(next === vb ? ub : ua + (next - va) * slope, low), high);
        addInRow(sums, line * wide, cols, at, atNext, sign * (next - level));
        at = atNext;
        level = next;
        line += 1;
      }
    }
  }
  const shares = new Float64Array(cols * rows);
  for (let r = 0; r < rows; r += 1) {
    let covered = 0;
    for (let c = 0; c < cols; c += 1) {
      covered += sums[r * wide + c];
      shares[r * cols + c] = covered;
    }
  }
  return { row, col, rows, cols, shares };
}
