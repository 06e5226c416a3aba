// Outlines as groups draw them: multipolygons of [lon, lat] with five decimals, rings open.
//
// Union, difference and splitting by a line are one routine: the edges of both are cut where they
// meet, and those that have the result on one side only are strung together. Coordinates are whole
// hundred-thousandths of a degree there, so that comparing points is exact.

export const DECIMALS = 5;
const STEPS = 10 ** DECIMALS;

export const rounded = ([lon, lat]) => [Math.round(lon * STEPS) / STEPS, Math.round(lat * STEPS) / STEPS];
// A longitude as people say it, of a map that counts on past 180°.
export const onGlobe = (lon) => (lon > 180 ? lon - 360 : lon);
const whole = ([lon, lat]) => [Math.round(lon * STEPS), Math.round(lat * STEPS)];
const degrees = ([x, y]) => [x / STEPS, y / STEPS];

export const signed = (ring) => {
  let twice = 0;
  for (let i = 0; i < ring.length; i += 1) {
    const [x, y] = ring[i];
    const [u, v] = ring[(i + 1) % ring.length];
    twice += (x - ring[0][0]) * (v - ring[0][1]) - (u - ring[0][0]) * (y - ring[0][1]);
  }
  return twice / 2;
};

// Shells counter-clockwise, holes clockwise, repeated points out, rings of fewer than three points out.
export function tidied(polygons) {
  const made = [];
  for (const rings of polygons) {
    const kept = rings.map((ring, i) => turned(distinct(ring.map(rounded)), i === 0)).filter((ring) => ring.length > 2);
    if (kept.length && rings[0].length > 2 && signed(kept[0]) !== 0) made.push(kept);
  }
  return made;
}

function distinct(ring) {
  return ring.filter((point, i) => {
    const last = ring[(i + ring.length - 1) % ring.length];
    return ring.length === 1 || point[0] !== last[0] || point[1] !== last[1];
  });
}

function turned(ring, ccw) {
  return ring.length > 2 && signed(ring) > 0 !== ccw ? [...ring].reverse() : ring;
}

export const vertexCount = (polygons) => polygons.reduce((n, rings) => n + rings.reduce((k, ring) => k + ring.length, 0), 0);

export function contains(polygons, [x, y]) {
  let inside = false;
  for (const rings of polygons) for (const ring of rings) if (ringHolds(ring, x, y)) inside = !inside;
  return inside;
}

function ringHolds(ring, x, y) {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
    const [ax, ay] = ring[i];
    const [bx, by] = ring[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

// -- crossings --------------------------------------------------------------------------------------

const cross = (o, a, b) => (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
const within = (p, a, b) =>
  Math.min(a[0], b[0]) <= p[0] && p[0] <= Math.max(a[0], b[0]) && Math.min(a[1], b[1]) <= p[1] && p[1] <= Math.max(a[1], b[1]);
const same = (a, b) => a[0] === b[0] && a[1] === b[1];

// Points that two edges share: none, one, or the two ends of a common stretch. Whole coordinates.
function meetings(a, b, c, d) {
  const d1 = cross(c, d, a);
  const d2 = cross(c, d, b);
  const d3 = cross(a, b, c);
  const d4 = cross(a, b, d);
  const found = [];
  if (d1 === 0 && within(a, c, d)) found.push(a);
  if (d2 === 0 && within(b, c, d)) found.push(b);
  if (d3 === 0 && within(c, a, b)) found.push(c);
  if (d4 === 0 && within(d, a, b)) found.push(d);
  if (!found.length && d1 > 0 !== d2 > 0 && d3 > 0 !== d4 > 0 && d1 !== 0 && d2 !== 0 && d3 !== 0 && d4 !== 0) {
    const t = d1 / (d1 - d2);
    found.push([Math.round(a[0] + t * (b[0] - a[0])), Math.round(a[1] + t * (b[1] - a[1]))]);
  }
  return found;
}

// Where an outline crosses or touches itself: the first such place, or null. Edges are swept westwards.
export function selfCrossing(polygons) {
  const edges = [];
  polygons.forEach((rings, p) => rings.forEach((ring, r) => {
    const points = ring.map(whole);
    points.forEach((a, i) => edges.push({ a, b: points[(i + 1) % points.length], ring: `${p} ${r}`, i, n: points.length }));
  }));
  edges.forEach((edge) => {
    edge.west = Math.min(edge.a[0], edge.b[0]);
    edge.east = Math.max(edge.a[0], edge.b[0]);
  });
  edges.sort((one, other) => one.west - other.west);
  for (let i = 0; i < edges.length; i += 1) {
    for (let j = i + 1; j < edges.length && edges[j].west <= edges[i].east; j += 1) {
      const at = badMeeting(edges[i], edges[j]);
      if (at) return degrees(at);
    }
  }
  return null;
}

function badMeeting(one, other) {
  if (Math.max(one.a[1], one.b[1]) < Math.min(other.a[1], other.b[1])) return null;
  if (Math.max(other.a[1], other.b[1]) < Math.min(one.a[1], one.b[1])) return null;
  const points = meetings(one.a, one.b, other.a, other.b);
  if (!points.length) return null;
  const next = one.ring === other.ring && (one.i + 1) % one.n === other.i;
  const before = one.ring === other.ring && (other.i + 1) % one.n === one.i;
  const joint = next ? one.b : before ? one.a : null;
  return points.find((point) => !joint || !same(point, joint)) || null;
}

// -- overlay ----------------------------------------------------------------------------------------

function edgesOf(polygons, owner) {
  return polygons.flatMap((rings) => rings.flatMap((ring, r) => {
    const points = turned(ring, r === 0).map(whole); // ground is on the left of each edge, of shells and of holes
    return points.map((a, i) => ({ a, b: points[(i + 1) % points.length], owner, cuts: [] })).filter((edge) => !same(edge.a, edge.b));
  }));
}

// Cut all edges where they meet. Rounding a meeting to the grid bends its edges a little, which can
// make new meetings: so again, until there are none.
function noded(first) {
  let edges = first;
  for (let round = 0; round < 6; round += 1) {
    const sorted = edges.map((edge) => ({ ...edge, cuts: [], west: Math.min(edge.a[0], edge.b[0]), east: Math.max(edge.a[0], edge.b[0]) }))
      .sort((one, other) => one.west - other.west);
    let cut = false;
    for (let i = 0; i < sorted.length; i += 1) {
      for (let j = i + 1; j < sorted.length && sorted[j].west <= sorted[i].east; j += 1) {
        for (const point of meetings(sorted[i].a, sorted[i].b, sorted[j].a, sorted[j].b)) {
          for (const edge of [sorted[i], sorted[j]]) {
            if (same(point, edge.a) || same(point, edge.b)) continue;
            edge.cuts.push(point);
            cut = true;
          }
        }
      }
    }
    if (!cut) return edges;
    edges = sorted.flatMap(pieces);
  }
  return edges;
}

function pieces(edge) {
  const along = (p) => (p[0] - edge.a[0]) ** 2 + (p[1] - edge.a[1]) ** 2;
  const points = [edge.a, ...edge.cuts.sort((p, q) => along(p) - along(q)), edge.b];
  return points.slice(1).map((b, i) => ({ a: points[i], b, owner: edge.owner, cuts: [] })).filter((one) => !same(one.a, one.b));
}

// The ground for which `wanted(inFirst, inSecond)` is true, as a tidy multipolygon.
export function overlay(first, second, wanted) {
  const edges = noded([...edgesOf(first, 0), ...edgesOf(second, 1)]);
  const unique = new Map();
  for (const { a, b, owner } of edges) {
    const forward = a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
    const [low, high] = forward ? [a, b] : [b, a];
    const key = `${low} ${high}`;
    if (!unique.has(key)) unique.set(key, { a: low, b: high, turns: [0, 0] });
    unique.get(key).turns[owner] += forward ? 1 : -1;
  }
  const kept = [];
  const all = [...unique.values()];
  for (const edge of all) {
    // Inside is where a figure goes round, however often: ground that is drawn twice is ground, as to `collect`.
    const left = [0, 1].map((owner) => turnsLeftOf(edge, all, owner));
    const right = left.map((turns, owner) => turns + edge.turns[owner]);
    const [onLeft, onRight] = [left, right].map((turns) => wanted(...turns.map((count) => count !== 0)));
    if (onLeft === onRight) continue;
    kept.push(onLeft ? [edge.a, edge.b] : [edge.b, edge.a]);
  }
  return nested(strung(kept)).map((rings) => rings.map((ring) => straight(ring).map(degrees)));
}

// How often a figure goes round the ground just left of an edge, either way: edges above its middle are counted,
// the edge itself told apart exactly. An upright edge is looked at from the west.
function turnsLeftOf(edge, all, owner) {
  const x = (edge.a[0] + edge.b[0]) / 2;
  const y = (edge.a[1] + edge.b[1]) / 2;
  const upright = edge.a[0] === edge.b[0];
  let count = 0;
  for (const other of all) {
    if (other === edge || !other.turns[owner]) continue;
    const { a, b } = other;
    if (upright) {
      // a ray to the west: an edge that spans this latitude and lies west of it
      if ((a[1] > y) !== (b[1] > y) && a[0] + ((y - a[1]) * (b[0] - a[0])) / (b[1] - a[1]) < x) count += b[1] > a[1] ? other.turns[owner] : -other.turns[owner];
    } else if ((a[0] > x) !== (b[0] > x) && a[1] + ((x - a[0]) * (b[1] - a[1])) / (b[0] - a[0]) > y) {
      count += other.turns[owner];
    }
  }
  // `a` is the western (or lower) end: left is above a level edge, and west of an upright one
  return count;
}

// Directed edges, ground on their left, as closed rings. Where rings touch, the sharpest left turn is
// taken, which parts them into simple ones.
function strung(edges) {
  const from = new Map();
  for (const edge of edges) {
    const key = String(edge[0]);
    if (!from.has(key)) from.set(key, []);
    from.get(key).push(edge);
  }
  const rings = [];
  const used = new Set();
  for (const start of edges) {
    if (used.has(start)) continue;
    const ring = [];
    let edge = start;
    while (edge && !used.has(edge)) {
      used.add(edge);
      ring.push(edge[0]);
      const next = (from.get(String(edge[1])) || []).filter((one) => !used.has(one));
      edge = next.length > 1 ? leftmost(edge, next) : next[0];
    }
    if (ring.length > 2) rings.push(ring);
  }
  return rings;
}

function leftmost(edge, options) {
  const back = Math.atan2(edge[0][1] - edge[1][1], edge[0][0] - edge[1][0]);
  const turn = (one) => {
    const angle = Math.atan2(one[1][1] - one[0][1], one[1][0] - one[0][0]);
    return (back - angle + 4 * Math.PI) % (2 * Math.PI);
  };
  return options.reduce((best, one) => (turn(one) < turn(best) ? one : best));
}

// Points that lie on the straight line between their neighbours say nothing.
function straight(ring) {
  const kept = ring.filter((point, i) => cross(ring[(i + ring.length - 1) % ring.length], point, ring[(i + 1) % ring.length]) !== 0);
  return kept.length > 2 ? kept : ring;
}

function nested(rings) {
  const shells = rings.filter((ring) => signed(ring) > 0).map((ring) => [ring]);
  for (const hole of rings.filter((ring) => signed(ring) < 0)) {
    const owners = shells.filter(([shell]) => hole.every((p) => ringHolds(shell, ...p) || shell.some((q) => same(p, q)) || onEdge(shell, p)));
    const owner = owners.sort((one, other) => signed(one[0]) - signed(other[0]))[0];
    if (owner) owner.push(hole);
  }
  return shells;
}

function onEdge(ring, p) {
  return ring.some((a, i) => {
    const b = ring[(i + 1) % ring.length];
    return cross(a, b, p) === 0 && within(p, a, b);
  });
}

export const union = (one, other) => overlay(one, other, (a, b) => a || b);
export const difference = (one, other) => overlay(one, other, (a, b) => a && !b);
export const intersection = (one, other) => overlay(one, other, (a, b) => a && b);
export const repaired = (one) => overlay(one, [], (a) => a);

const NEARLY_CLOSED = 0.05; // of a path's length: as near its ends are to each other where `collect` takes it as an outline

// What a placemark surrounds: its polygons, else its paths whose ends nearly meet, as `collect` mends them. What is
// plain stays as it was drawn, corner by corner.
export function grounds({ polygons, lines }) {
  const drawn = polygons.length ? polygons : lines.filter(nearlyCloses).map((line) => [line]);
  const parts = drawn.flatMap((rings) => (vertexCount([rings]) > MOST_REPAIRED || isPlain(rings) ? tidied([rings]) : mended(rings)));
  if (parts.length < 2 || vertexCount(parts) > MOST_REPAIRED) return parts;
  const isOnAnother = parts.some((one, i) => parts.some((other, k) => i !== k && contains([other], one[0][0])));
  if (!isOnAnother && !selfCrossing(parts)) return parts;
  const joint = repaired(parts);
  return area(joint) < area(parts) * (1 - 1e-9) ? joint : parts; // that parts touch is no reason to join them
}

// corners; of a longer outline the card says that it crosses itself. A walk of a thousand takes a second.
const MOST_REPAIRED = 1000;

const area = (polygons) => polygons.flat().reduce((sum, ring) => sum + signed(ring), 0);

const isPlain = (rings) => !selfCrossing([distinctRings(rings)]) && rings.slice(1).every(([corner]) => contains([[rings[0]]], corner));

// The ground in a shell and in none of its holes, whatever crosses what. The ring around all others is the shell.
function mended(rings) {
  const size = (ring) => Math.abs(signed(ring));
  const around = rings.find((ring) => size(ring) > size(rings[0]) && rings[0].every((corner) => contains([[ring]], corner))) || rings[0];
  const holes = rings.filter((ring) => ring !== around);
  return holes.reduce((ground, hole) => difference(ground, repaired([[hole]])), repaired([[around]]));
}

const distinctRings = (rings) => rings.map((ring) => distinct(ring.map(rounded)));

export function nearlyCloses(line) {
  const last = line[line.length - 1];
  const away = (one, other) => Math.hypot(one[0] - other[0], one[1] - other[1]);
  const long = line.slice(1).reduce((sum, point, i) => sum + away(line[i], point), 0);
  return line.length > 3 && away(line[0], last) <= NEARLY_CLOSED * long;
}

// -- splitting ---------------------------------------------------------------------------------------

// The two sides of a line through an outline: [left, right]; null where it does not part it.
// The line goes on straight beyond its ends until it leaves the outline's box.
export function splitByLine(polygons, line) {
  if (line.length < 2) return null;
  const points = polygons.flat(2);
  const margin = 1;
  const west = Math.min(...points.map((p) => p[0]), ...line.map((p) => p[0])) - margin;
  const east = Math.max(...points.map((p) => p[0]), ...line.map((p) => p[0])) + margin;
  const south = Math.min(...points.map((p) => p[1]), ...line.map((p) => p[1])) - margin;
  const north = Math.max(...points.map((p) => p[1]), ...line.map((p) => p[1])) + margin;
  const box = [west, south, east, north];
  const start = leaving(line[1], line[0], box);
  const end = leaving(line[line.length - 2], line[line.length - 1], box);
  if (!start || !end) return null;
  const side = [[[start, ...line, end, ...around(end, start, box)]]];
  if (selfCrossing(side)) return null;
  const halves = [intersection(polygons, side), difference(polygons, side)];
  return halves.every((half) => half.length) ? halves : null;
}

// Where the ray from `a` through `b` leaves a box.
function leaving(a, b, [west, south, east, north]) {
  const dx = b[0] - a[0];
  const dy = b[1] - a[1];
  if (!dx && !dy) return null;
  const steps = [];
  if (dx) steps.push((dx > 0 ? east - b[0] : west - b[0]) / dx);
  if (dy) steps.push((dy > 0 ? north - b[1] : south - b[1]) / dy);
  const t = Math.min(...steps.filter((one) => one >= 0));
  return [b[0] + t * dx, b[1] + t * dy];
}

// The corners of a box on the way from one point of its rim to another, counter-clockwise.
function around(from, to, [west, south, east, north]) {
  const corners = [[west, south], [east, south], [east, north], [west, north]];
  const at = ([x, y]) => {
    const width = east - west;
    const height = north - south;
    const near = (p, q) => Math.abs(p - q) < 1e-9;
    if (near(y, south)) return x - west;
    if (near(x, east)) return width + (y - south);
    if (near(y, north)) return width + height + (east - x);
    return 2 * width + height + (north - y);
  };
  const rim = 2 * (east - west + north - south);
  const far = (p) => (at(p) - at(from) + rim) % rim;
  return corners.filter((corner) => far(corner) > 0 && far(corner) < far(to)).sort((p, q) => far(p) - far(q));
}

// -- places ------------------------------------------------------------------------------------------

// The point of a line nearest to a place, in a plane that `flat` gives: { point, away, i }.
export function nearestOn(line, place, flat, closed = false) {
  const [px, py] = flat(place);
  let best = null;
  for (let i = 0; i + 1 < line.length + (closed ? 1 : 0); i += 1) {
    const a = flat(line[i]);
    const b = flat(line[(i + 1) % line.length]);
    const dx = b[0] - a[0];
    const dy = b[1] - a[1];
    const t = dx || dy ? Math.max(0, Math.min(1, ((px - a[0]) * dx + (py - a[1]) * dy) / (dx * dx + dy * dy))) : 0;
    const away = Math.hypot(px - a[0] - t * dx, py - a[1] - t * dy);
    if (best && away >= best.away) continue;
    const from = line[i];
    const to = line[(i + 1) % line.length];
    best = { away, i, t, point: [from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])] };
  }
  return best;
}
