// The layers that travel in the page, unpacked, and what an outline shares with each of them.
//
// One block of whole numbers (zigzag, seven bits a byte, deflated) holds everything in the order that
// `keys`, `cells` and `points` list it: pieces of polygons as rings of differences; for species that are
// shown coarsely only, shares of cells of the lattice in 255ths; and points, each of which stands for
// some metres of a line, or for one crossing.

import { boundsOf, cellShares, doubleArea, holds, outline, sharedKm2 } from "./overlap.js";
import { flatPolygons, projected } from "./projection.js";
import { inflated } from "./kml.js";

const MOST_BYTES = 80e6;
const FULL = 255;

function bytesOf(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

// A reader of whole numbers.
function numbers(bytes) {
  let at = 0;
  return () => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = bytes[at];
      at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) break;
      scale *= 128;
    }
    return value % 2 ? -(value + 1) / 2 : value / 2;
  };
}

function ringOf(next, step) {
  const shell = next() === 1;
  const xy = new Float64Array(2 * next());
  let x = 0;
  let y = 0;
  for (let i = 0; i < xy.length; i += 2) {
    x += next();
    y += next();
    xy[i] = x * step;
    xy[i + 1] = y * step;
  }
  return { xy, shell, box: boundsOf([{ xy }]), ccw: doubleArea(xy) > 0 };
}

function cellsOf(next) {
  const shares = new Map();
  const count = next();
  let row = 0;
  let col = 0;
  for (let i = 0; i < count; i += 1) {
    row += next();
    col += next();
    shares.set(`${row} ${col}`, next() / FULL);
  }
  return shares;
}

function pointsOf(next, step) {
  const count = next();
  const set = { x: new Float64Array(count), y: new Float64Array(count), row: new Int32Array(count), km: new Float64Array(count) };
  let x = 0;
  let y = 0;
  let row = 0;
  for (let i = 0; i < count; i += 1) {
    x += next();
    y += next();
    row += next();
    set.x[i] = x * step;
    set.y[i] = y * step;
    set.row[i] = row;
    set.km[i] = next() / 1000;
  }
  return set;
}

// The layers of the page, ready to be measured on.
export async function unpackedLayers(packed) {
  const next = numbers(await inflated(bytesOf(packed.block), "deflate", MOST_BYTES));
  const step = packed.step_m;
  return {
    ...packed,
    block: null,
    forward: projected(packed.crs),
    pieces: packed.keys.map((key) => {
      const rings = Array.from({ length: next() }, () => ringOf(next, step));
      return { ...key, rings, box: boundsOf(rings) };
    }),
    coarse: packed.cells.map((key) => ({ ...key, shares: cellsOf(next) })),
    points: packed.points.map((set) => ({ ...set, ...pointsOf(next, step) })),
  };
}

// -- one site -----------------------------------------------------------------------------------------

const add = (table, keys, value) => {
  const inner = keys.slice(0, -1).reduce((one, key) => (one[key] = one[key] || {}), table);
  const last = keys[keys.length - 1];
  inner[last] = (inner[last] || 0) + value;
};

// Every table of overlaps that the criteria ask for, of one outline in [lon, lat]: see criteria.js.
export function siteTables(polygons, layers, { reason = false } = {}) {
  const rings = flatPolygons(polygons, layers.forward);
  const over = outline(rings);
  const site = {
    area_km2: over.km2,
    states: {}, undisputed: {}, ranges: {}, species: {}, confidence: {}, supporting: {}, borders: {}, shared_borders: {},
    corridors: layers.has.corridors ? [] : null,
    crossings: layers.has.corridors ? [] : null,
    barriers: layers.has.barriers ? [] : null,
    protected: layers.has.protected_areas ? {} : null,
    hotspots: layers.has.hotspots ? [] : null,
    in_hotspots: layers.has.hotspots ? 0 : null,
    seasonal: layers.has.seasonal ? [] : null,
    adjacent_km: null,
    covered: {}, covered_ranges: null, covered_borders: {}, near_crossings: null,
    errors: { species: {}, protected: {}, shared_borders: {} },
  };
  measurePieces(site, over, layers);
  const cells = cellShares(rings, layers.lattice);
  measureCells(site, cells, layers);
  measurePoints(site, over, cells, layers);
  for (const iso2 of Object.keys(site.states)) {
    site.undisputed[iso2] = site.states[iso2] - (site.undisputed[iso2] || 0);
  }
  for (const layer of ["barriers", "hotspots", "protected_areas"]) {
    if (!layers.has.looked_in_part.includes(layer)) site.covered[layer] = over.km2;
  }
  if (layers.has.looked_in_part.includes("protected_areas")) site.covered_ranges = site.covered_ranges || {};
  else site.covered_ranges = { ...site.ranges };
  if (reason) {
    site.adjacent_km = nearestBorder(over, layers);
    site.near_crossings = crossingsNear(site, over, layers);
  }
  return { site, over };
}

function measurePieces(site, over, layers) {
  const [west, south, east, north] = over.box;
  for (const piece of layers.pieces) {
    const { box } = piece;
    if (box[0] >= east || box[2] <= west || box[1] >= north || box[3] <= south) continue;
    const km2 = sharedKm2(over, piece.rings);
    if (!(km2 > 0)) continue;
    if (piece.table === "states") add(site.states, [piece.iso2], km2);
    else if (piece.table === "disputed") add(site.undisputed, [piece.iso2], km2);
    else if (piece.table === "ranges") add(site.ranges, [piece.sci_name], km2);
    else if (piece.table === "covered") add(site.covered, [piece.layer], km2);
    else if (piece.table === "covered_ranges") add((site.covered_ranges = site.covered_ranges || {}), [piece.sci_name], km2);
    else if (piece.table === "species") add(site.species, [piece.sci_name, piece.iso2], km2);
    else if (piece.table === "confidence") add(site.confidence, [piece.sci_name, piece.confidence], km2);
    else if (piece.table === "supporting") add(site.supporting, [piece.sci_name], km2);
    else if (piece.table === "protected") add(site.protected, [piece.sci_name], km2);
    else if (piece.table === "in_hotspots") site.in_hotspots += km2;
    else if (piece.table === "seasonal") site.seasonal.push({ sci_name: piece.sci_name, seasonal: piece.seasonal, iso2: piece.iso2, km2 });
    else if (piece.table === "hotspots") {
      site.hotspots.push({ hotspot_id: piece.hotspot_id, km2, jaccard: km2 / (over.km2 + piece.km2 - km2) });
    }
  }
}

// Species shown in cells only: the outline's share of a cell times the species' share of it. The truth
// lies between "as far apart as can be" and "one inside the other"; that is the stated error.
function measureCells(site, cells, layers) {
  if (!layers.coarse.length) return;
  const km2 = layers.lattice.step ** 2 / 1e6;
  const states = layers.coarse.filter((one) => one.table === "states");
  const shielded = layers.coarse.find((one) => one.table === "protected");
  for (const one of layers.coarse) {
    if (!["species", "confidence", "supporting"].includes(one.table)) continue;
    for (let i = 0; i < cells.shares.length; i += 1) {
      const unit = cells.shares[i];
      const key = `${cells.row + Math.floor(i / cells.cols)} ${cells.col + (i % cells.cols)}`;
      const share = one.shares.get(key);
      if (!(unit > 1e-9) || !share) continue;
      if (one.table === "confidence") add(site.confidence, [one.sci_name, one.confidence], unit * share * km2);
      else if (one.table === "supporting") add(site.supporting, [one.sci_name], unit * share * km2);
      else {
        let rest = 1;
        for (const state of states) {
          const part = state.shares.get(key) || 0;
          if (!part) continue;
          rest -= part;
          addCoarse(site, one.sci_name, state.iso2, [unit, share, part], km2);
        }
        if (rest > 2 / FULL) addCoarse(site, one.sci_name, "", [unit, share, rest], km2);
        const inside = shielded ? shielded.shares.get(key) || 0 : 0;
        if (inside && site.protected) {
          add(site.protected, [one.sci_name], unit * share * inside * km2);
          add(site.errors.protected, [one.sci_name], spread([unit, share, inside]) * km2);
        }
      }
    }
  }
}

function addCoarse(site, name, iso2, shares, km2) {
  const shared = shares.reduce((product, one) => product * one, 1) * km2;
  add(site.ranges, [name], shared);
  if (iso2) add(site.species, [name, iso2], shared);
  add(site.errors.species, [name, iso2], spread(shares) * km2);
}

// What lies between "as far apart as can be" and "one inside the other", and what rounding adds.
function spread(shares) {
  const least = Math.max(0, shares.reduce((sum, one) => sum + one, 0) - shares.length + 1);
  return Math.min(...shares) - least > 0 ? Math.min(...shares) - least + 0.5 / FULL : 0.5 / FULL;
}

function measurePoints(site, over, cells, layers) {
  const turns = {}; // how often a line enters, leaves, or runs on under other species
  for (const set of layers.points) {
    const kms = new Float64Array(set.rows.length);
    const [west, south, east, north] = over.box;
    let before = -1;
    for (let i = 0; i < set.x.length; i += 1) {
      let now = -1;
      if (set.x[i] >= west && set.x[i] <= east && set.y[i] >= south && set.y[i] <= north && holds(over, set.x[i], set.y[i])) {
        now = set.row[i];
        kms[now] += set.km[i];
      }
      if (now !== before) turns[set.table] = (turns[set.table] || 0) + 1;
      before = now;
    }
    set.rows.forEach((row, i) => {
      // of sensitive species only the cell is known: how likely it is inside is the cell's share
      if (row.cell || row.cells) {
        const share = Math.max(...(row.cells || [row.cell]).map((cell) => shareOf(cells, cell)));
        if (share > 1e-9) site[set.table].push({ ...row, n: 1, km: 0, share });
      } else if (kms[i] > 0) putPoints(site, set.table, row, kms[i], layers);
    });
  }
  // it does so somewhere between two points: half a kilometre each time
  const border = Object.values(site.borders).reduce((sum, km) => sum + km, 0);
  site.errors.border_km = 0.5 + 0.5 * (turns.borders || 0);
  site.errors.barrier_share = border > 0 ? (100 * (0.5 + 0.5 * (turns.barriers || 0) + site.errors.border_km)) / border : 0;
  shareCoarseBorders(site, cells, layers, over);
}

function shareOf(cells, [row, col]) {
  const r = row - cells.row;
  const c = col - cells.col;
  return r < 0 || c < 0 || r >= cells.rows || c >= cells.cols ? 0 : cells.shares[r * cells.cols + c];
}

function putPoints(site, table, row, km) {
  if (table === "borders") {
    add(site.borders, [row.pair], km);
    if (row.looked) add(site.covered_borders, [row.pair], km);
    for (const name of row.species) add(site.shared_borders, [name, row.pair], km);
  } else if (table === "crossings") site.crossings.push({ ...row, n: Math.round(km * 1000), share: 1 });
  else site[table].push({ ...row, km });
}

// Of a border, the part that runs through the range of a species shown in cells: as much as the cell has of it.
function shareCoarseBorders(site, cells, layers, over) {
  const species = layers.coarse.filter((one) => one.table === "species");
  const set = layers.points.find((one) => one.table === "borders");
  if (!species.length || !set) return;
  const { step, x, y } = layers.lattice;
  for (let i = 0; i < set.x.length; i += 1) {
    if (!holds(over, set.x[i], set.y[i])) continue;
    const key = `${Math.floor((set.y[i] - y) / step)} ${Math.floor((set.x[i] - x) / step)}`;
    for (const one of species) {
      const share = one.shares.get(key);
      if (!share) continue;
      add(site.shared_borders, [one.sci_name, set.rows[set.row[i]].pair], share * set.km[i]);
      // where in its cell the species is, nobody may tell: this kilometre may be in its range or not
      if (share < 1) add(site.errors.shared_borders, [one.sci_name], set.km[i]);
    }
  }
}

// Crossings near an outline of corridors that reach it.
function crossingsNear(site, over, layers) {
  const set = layers.points.find((one) => one.table === "crossings");
  const within = layers.has.adjacent_km;
  if (!set || !site.corridors || within === null) return null;
  const reaching = new Set(site.corridors.map((row) => row.corridor_id));
  const found = [];
  for (let i = 0; i < set.x.length; i += 1) {
    const row = set.rows[set.row[i]];
    if (!reaching.has(row.corridor_id)) continue;
    const away = holds(over, set.x[i], set.y[i]) ? 0
      : over.rings.reduce((least, ring) => awayFrom(ring.xy, set.x[i], set.y[i], least), Infinity) / 1000;
    if (away <= within) found.push({ ...row, n: 1 });
  }
  return found;
}

// Kilometres from an outline to the nearest point of a border; 0 where one runs through it.
export function nearestBorder(over, layers) {
  const set = layers.points.find((one) => one.table === "borders");
  let best = Infinity;
  if (!set) return null;
  for (let i = 0; i < set.x.length; i += 1) {
    if (holds(over, set.x[i], set.y[i])) return 0;
    for (const ring of over.rings) best = Math.min(best, awayFrom(ring.xy, set.x[i], set.y[i], best));
  }
  return best / 1000;
}

function awayFrom(xy, px, py, best) {
  let least = best;
  for (let i = 0; i < xy.length; i += 2) {
    const away = Math.hypot(xy[i] - px, xy[i + 1] - py);
    if (away < least) least = away;
  }
  return least;
}
