// Outlines under the hand: handles on vertices, lines being drawn, snapping; by pointer, finger and keys.
//
// There is no editing library in a wheel that works under a strict Content-Security-Policy and by
// keyboard, so this is our own, on Leaflet's draggable markers. It knows outlines and pixels; what a
// change means is the affair of whoever listens.

import { contains, nearestOn, onGlobe, rounded, vertexCount } from "./geometry.js";
import { fixedLines, map, onOthers, onOwn } from "./sheet.js";
import { calm, make, nameIn, nameOf, node, say, withAside, word } from "./words.js";

const SNAP_PX = 12;
const MOST_HANDLES = 400; // handles in view beyond which one is asked to zoom in
const MOST_TRACED = 80; // vertices that following a line may add

export const hand = {
  mode: "edit", // edit, move, draw, split, hole, merge, pin
  unit: null,
  vertex: null, // [polygon, ring, vertex]
  draft: [],
  snap: true,
};

const act = {}; // what the page does with what a hand did: changed, preview, drawn, chosen, placed, told
export const onHand = (wanted) => Object.assign(act, wanted);

const shapes = new Map();
const others = new Map();
const handles = L.layerGroup().addTo(map);
const draftLayer = L.layerGroup().addTo(map);
const pinLayer = L.layerGroup().addTo(map);
const overlays = L.layerGroup().addTo(map);
const toLatLngs = (polygons) => polygons.map((rings) => rings.map((ring) => ring.map(([lon, lat]) => [lat, lon])));

// -- units on the map ---------------------------------------------------------------------------------------

const LOOK = {
  base: { color: "#0b5aa5", weight: 2.4, fillColor: "#0b5aa5", fillOpacity: 0.13, dashArray: null },
  fresh: { color: "#c2410c", weight: 2.6, fillColor: "#f28c28", fillOpacity: 0.16, dashArray: null },
  rejected: { color: "#6a7278", weight: 1.8, fillColor: "#6a7278", fillOpacity: 0.05, dashArray: "4 5" },
};

// Where a unit's id stands: in the middle of the middle row of its largest part, so inside it.
function labelPlace(polygons) {
  const size = (ring) => { const box = L.latLngBounds(ring.map(([lon, lat]) => [lat, lon])); return (box.getEast() - box.getWest()) * (box.getNorth() - box.getSouth()); };
  const [ring] = polygons.reduce((best, rings) => (size(rings[0]) > size(best[0]) ? rings : best));
  const lats = ring.map(([, lat]) => lat);
  const row = (Math.min(...lats) + Math.max(...lats)) / 2 + 1e-9;
  const cuts = ring.map((one, i) => [one, ring[(i + 1) % ring.length]]).filter(([one, next]) => (one[1] > row) !== (next[1] > row))
    .map(([one, next]) => one[0] + (next[0] - one[0]) * (row - one[1]) / (next[1] - one[1])).sort((a, b) => a - b);
  let widest = [ring[0][0], ring[0][0]];
  for (let i = 0; i + 1 < cuts.length; i += 2) if (cuts[i + 1] - cuts[i] > widest[1] - widest[0]) widest = [cuts[i], cuts[i + 1]];
  return [row, (widest[0] + widest[1]) / 2];
}

const unitLabels = new Map();

function label(key, text, polygons, kind) {
  const known = unitLabels.get(key);
  const tooltip = known || L.tooltip({ permanent: true, direction: "center", className: "unit-label", interactive: false, opacity: 1 });
  tooltip.setContent(make("span", { class: kind, "aria-hidden": "true" }, text)).setLatLng(labelPlace(polygons));
  if (known) return;
  unitLabels.set(key, tooltip);
  tooltip.addTo(map);
  tooltip.getElement().removeAttribute("role"); // a label of the map, and no tip on anything
}

export function drawUnits(units, base) {
  const there = new Set(units.map((unit) => unit.key));
  for (const [key, shape] of shapes) {
    if (there.has(key)) continue;
    shape.remove();
    shapes.delete(key);
    unitLabels.get(key).remove();
    unitLabels.delete(key);
  }
  for (const unit of units) {
    const given = base[unit.cu_id];
    const changed = !given || unit.piece || unit.sources.length || given.polygons !== unit.polygons && JSON.stringify(given.polygons) !== JSON.stringify(unit.polygons);
    const look = unit.rejected ? LOOK.rejected : changed ? LOOK.fresh : LOOK.base;
    let shape = shapes.get(unit.key);
    if (!shape) {
      shape = L.polygon(toLatLngs(unit.polygons), { ...onOwn, ...look, className: "unit" }).addTo(map);
      shape.on("click", (event) => hit(event, unit.key, true));
      shapes.set(unit.key, shape);
    } else {
      shape.setLatLngs(toLatLngs(unit.polygons));
    }
    shape.setStyle({ ...look, weight: hand.unit && hand.unit.key === unit.key ? 3.6 : look.weight });
    const path = shape.getElement();
    path.setAttribute("aria-hidden", "true"); // the list of units is the way in without a pointer
    path.dataset.unit = unit.key;
    label(unit.key, (!unit.cu_id && nameOf(unit)) || unit.key, unit.polygons, unit.rejected ? "gone" : "");
  }
}

export function drawOthers(list) {
  for (const unit of list) {
    const shape = L.polygon(toLatLngs(unit.polygons), { ...onOthers, color: "#3d474e", weight: 1.6, dashArray: "2 4", fillColor: "#3d474e", fillOpacity: 0.05, className: "other" }).addTo(map);
    shape.on("click", (event) => hit(event, unit.id, false));
    shape.bindTooltip(() => make("span", {}, withAside(`${unit.id} ${nameIn(unit.name)}`, unit.group)), { sticky: true });
    label(`other ${unit.id}`, unit.id, unit.polygons, "other");
    others.set(unit.id, shape);
  }
}

export function drawPins(pins) {
  pinLayer.clearLayers();
  for (const pin of pins) {
    const icon = L.divIcon({ className: "pin", html: make("span", {}, "●"), iconSize: [22, 22] });
    const marker = L.marker([pin.place[1], pin.place[0]], { icon, keyboard: false, title: pin.text.slice(0, 120) }).addTo(pinLayer);
    marker.on("click", () => act.pin(pin.key));
  }
}

// A second file above the first: its outlines only, dashed, for the eye.
export function layOver(units) {
  overlays.clearLayers();
  for (const unit of units) {
    const shape = L.polygon(toLatLngs(unit.polygons), { ...onOthers, color: "#8b1a89", weight: 2.4, dashArray: "9 5", fill: false }).addTo(overlays);
    shape.bindTooltip(() => make("span", {}, unit.key), { sticky: true }); // a bare string would be HTML
  }
}

function hit(event, key, own) {
  L.DomEvent.stopPropagation(event);
  if (["draw", "split", "hole", "pin"].includes(hand.mode)) {
    place(event.latlng);
    return;
  }
  act.chosen(key, own);
}

export function showWhole(polygons) {
  const bounds = L.latLngBounds(polygons.flat(2).map(([lon, lat]) => [lat, lon]));
  if (!bounds.isValid()) return;
  const [low, high] = [bounds.getSouthWest(), bounds.getNorthEast()].map((corner) => map.latLngToLayerPoint(corner));
  // What is in view already stays where it is: a map that jumps loses its reader. Not where it is too small to
  // be worked on: below two fingertips (44 px each, WCAG 2.5.5) no corner can be told from the next.
  const isSmall = Math.max(high.x - low.x, low.y - high.y) < 88;
  if (isSmall || !map.getBounds().contains(bounds)) map.fitBounds(bounds, { padding: [60, 60], maxZoom: 9, animate: !calm });
}

export function takeUp(unit) {
  hand.unit = unit;
  if (!unit || !vertexAt(hand.vertex)) hand.vertex = unit ? [0, 0, 0] : null;
  drawHandles();
}

// -- handles --------------------------------------------------------------------------------------------------

const editable = () => hand.unit && !hand.unit.rejected && ["edit", "move"].includes(hand.mode);

function vertexAt(place) {
  return place && hand.unit && hand.unit.polygons[place[0]] && hand.unit.polygons[place[0]][place[1]] ? hand.unit.polygons[place[0]][place[1]][place[2]] : null;
}

const eachVertex = function* (polygons) {
  for (let p = 0; p < polygons.length; p += 1) {
    for (let r = 0; r < polygons[p].length; r += 1) {
      for (let i = 0; i < polygons[p][r].length; i += 1) yield [p, r, i];
    }
  }
};

const isAt = (one, other) => one && other && one[0] === other[0] && one[1] === other[1] && one[2] === other[2];

export function drawHandles() {
  handles.clearLayers();
  tellVertex();
  if (!editable()) return;
  const view = map.getBounds().pad(0.1);
  const polygons = hand.unit.polygons;
  const seen = [...eachVertex(polygons)].filter(([p, r, i]) => view.contains([polygons[p][r][i][1], polygons[p][r][i][0]]));
  const crowded = seen.length > MOST_HANDLES;
  act.told(crowded ? word("draw zoom in") : "");
  if (crowded) return;
  for (const at of seen) addHandle(at);
  if (seen.length <= MOST_HANDLES / 2) for (const at of seen) addMiddle(at);
}
// a map that pans under a dragged corner must not take its handle away
let holding = false;
map.on("moveend zoomend", () => holding || drawHandles());

function addHandle([p, r, i]) {
  const [lon, lat] = hand.unit.polygons[p][r][i];
  const chosen = isAt(hand.vertex, [p, r, i]);
  const icon = L.divIcon({ className: `handle ${chosen ? "chosen" : ""}`, html: make("span", {}), iconSize: [26, 26] });
  const marker = L.marker([lat, lon], { icon, draggable: true, keyboard: false, pane: "draft", autoPan: true, zIndexOffset: chosen ? 1000 : 0 }).addTo(handles);
  bindDrag(marker, [p, r, i], () => hand.unit.polygons);
  marker.on("click", (event) => {
    L.DomEvent.stopPropagation(event);
    hand.vertex = [p, r, i];
    drawHandles();
    node("vertices").focus({ preventScroll: true });
  });
  marker.on("contextmenu", () => removeVertex([p, r, i]));
}

function addMiddle([p, r, i]) {
  const ring = hand.unit.polygons[p][r];
  const a = ring[i];
  const b = ring[(i + 1) % ring.length];
  const apart = map.latLngToLayerPoint([a[1], a[0]]).distanceTo(map.latLngToLayerPoint([b[1], b[0]]));
  if (apart < 34) return; // no room for a third handle between two
  const icon = L.divIcon({ className: "handle middle", html: make("span", {}), iconSize: [22, 22] });
  const marker = L.marker([(a[1] + b[1]) / 2, (a[0] + b[0]) / 2], { icon, draggable: true, keyboard: false, pane: "draft" }).addTo(handles);
  bindDrag(marker, [p, r, i + 1], () => inserted(hand.unit.polygons, [p, r, i + 1], rounded([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2])), true);
  marker.on("click", L.DomEvent.stopPropagation);
}

const moved = (polygons, [p, r, i], place) => polygons.map((rings, a) => rings.map((ring, b) => (a === p && b === r ? ring.map((point, c) => (c === i ? place : point)) : ring)));
const inserted = (polygons, [p, r, i], place) => polygons.map((rings, a) => rings.map((ring, b) => (a === p && b === r ? [...ring.slice(0, i), place, ...ring.slice(i)] : ring)));

function bindDrag(marker, at, before, isNew = false) {
  let start = null;
  let last = null;
  let waiting = 0;
  marker.on("dragstart", () => {
    holding = true;
    start = before();
    hand.vertex = at;
  });
  marker.on("drag", () => {
    last = snapped([marker.getLatLng().lng, marker.getLatLng().lat]);
    if (waiting) return;
    waiting = requestAnimationFrame(() => {
      waiting = 0;
      const polygons = moved(start, at, rounded(last.point));
      shapes.get(hand.unit.key).setLatLngs(toLatLngs(polygons));
      act.preview({ ...hand.unit, polygons });
    });
  });
  marker.on("dragend", () => {
    holding = false;
    if (waiting) cancelAnimationFrame(waiting);
    waiting = 0;
    if (!last) return;
    const polygons = traced(moved(start, at, rounded(last.point)), at, last.line);
    act.changed(hand.unit.key, polygons, isNew ? "inserted" : "moved", 1);
  });
}

// Middle handles stand between vertices; a whole unit is dragged by its ground.
let dragging = null;
map.on("mousedown", (event) => {
  if (hand.mode !== "move" || !editable()) return;
  if (!contains(hand.unit.polygons, [event.latlng.lng, event.latlng.lat])) return;
  dragging = { from: event.latlng, polygons: hand.unit.polygons, last: null };
  map.dragging.disable();
});
map.on("mousemove", (event) => {
  if (hand.draft.length && ["draw", "split", "hole"].includes(hand.mode)) drawDraft(event.latlng);
  if (!dragging) return;
  dragging.last = shifted(dragging.polygons, event.latlng.lng - dragging.from.lng, event.latlng.lat - dragging.from.lat);
  shapes.get(hand.unit.key).setLatLngs(toLatLngs(dragging.last));
  act.preview({ ...hand.unit, polygons: dragging.last });
});
map.on("mouseup", () => {
  if (!dragging) return;
  map.dragging.enable();
  const { last } = dragging;
  dragging = null;
  if (last) act.changed(hand.unit.key, last, "shifted", vertexCount(last));
});
// Leaflet makes no mouse events of a finger that drags: a finger moves a whole unit by the handles' pane.
const container = map.getContainer();
container.addEventListener("touchstart", (event) => touchMouse("mousedown", event), { passive: true });
container.addEventListener("touchmove", (event) => touchMouse("mousemove", event), { passive: true });
container.addEventListener("touchend", () => hand.mode === "move" && map.fire("mouseup"), { passive: true });
function touchMouse(kind, event) {
  if (hand.mode !== "move" || event.touches.length !== 1) return;
  const touch = event.touches[0];
  const box = container.getBoundingClientRect();
  map.fire(kind, { latlng: map.containerPointToLatLng([touch.clientX - box.left, touch.clientY - box.top]) });
}

const shifted = (polygons, lon, lat) => polygons.map((rings) => rings.map((ring) => ring.map(([x, y]) => rounded([x + lon, y + lat]))));

// -- snapping -------------------------------------------------------------------------------------------------

let snapLines = [];

// Lines to snap to: borders and sections, and the edges of all units but the one in hand.
export function snapTo(polygonsOfUnits) {
  const rings = polygonsOfUnits.flatMap((polygons) => polygons.flat().map((ring) => [...ring, ring[0]]));
  snapLines = [...fixedLines, ...rings].filter((line) => line.length > 1).map((line) => {
    const lons = line.map((p) => p[0]);
    const lats = line.map((p) => p[1]);
    return { line, box: [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)] };
  });
}

export function snapped(place) {
  const none = { point: place, line: null };
  if (!hand.snap) return none;
  const flat = ([lon, lat]) => {
    const point = map.project([lat, lon]);
    return [point.x, point.y];
  };
  const [px, py] = flat(place);
  const reach = map.unproject([px + SNAP_PX, py - SNAP_PX]);
  const [dx, dy] = [Math.abs(reach.lng - place[0]), Math.abs(reach.lat - place[1])];
  let best = null;
  for (const { line, box } of snapLines) {
    if (place[0] < box[0] - dx || place[0] > box[2] + dx || place[1] < box[1] - dy || place[1] > box[3] + dy) continue;
    for (let i = 0; i + 1 < line.length; i += 1) {
      const [a, b] = [line[i], line[i + 1]];
      if (Math.min(a[0], b[0]) > place[0] + dx || Math.max(a[0], b[0]) < place[0] - dx) continue;
      if (Math.min(a[1], b[1]) > place[1] + dy || Math.max(a[1], b[1]) < place[1] - dy) continue;
      const near = nearestOn([a, b], place, flat);
      // a corner holds on more strongly than the edge beside it
      for (const corner of [a, b]) {
        const away = Math.hypot(flat(corner)[0] - px, flat(corner)[1] - py) * 0.7;
        if (away < SNAP_PX * 0.7 && (!best || away < best.away)) best = { away, point: corner, line };
      }
      if (near.away < SNAP_PX && (!best || near.away < best.away)) best = { away: near.away, point: near.point, line };
    }
  }
  return best || none;
}

const ON_LINE = 3e-5; // degrees within which a vertex lies on a line that it was snapped to

// Where a snapped vertex and its neighbour lie on one line, the outline follows that line between them:
// no sliver is left between a straight edge and a bend of the border.
function traced(polygons, [p, r, i], line) {
  if (!line) return polygons;
  const flat = (point) => point;
  const ring = polygons[p][r];
  const here = nearestOn(line, ring[i], flat);
  const paths = [-1, 1].map((step) => {
    const other = ring[(i + step + ring.length) % ring.length];
    const there = nearestOn(line, other, flat);
    if (!there || there.away > ON_LINE) return [];
    const [from, to] = here.i + here.t <= there.i + there.t ? [here, there] : [there, here];
    const between = line.slice(from.i + 1, to.i + 1).map(rounded);
    if (!between.length || between.length > MOST_TRACED) return [];
    return from === here ? between : between.reverse();
  });
  // paths run from the vertex outwards
  const made = [...ring.slice(0, i), ...paths[0].reverse(), ring[i], ...paths[1], ...ring.slice(i + 1)];
  return polygons.map((rings, a) => rings.map((one, b) => (a === p && b === r ? made : one)));
}

// -- lines being drawn ------------------------------------------------------------------------------------------

export function setMode(mode) {
  hand.mode = mode;
  hand.draft = [];
  draftLayer.clearLayers();
  container.dataset.hand = mode;
  map.dragging.enable();
  node("cross").hidden = !["draw", "split", "hole", "pin"].includes(mode);
  drawHandles();
}

function place(latlng) {
  const at = rounded(snapped([latlng.lng, latlng.lat]).point);
  if (hand.mode === "pin") {
    act.placed(at);
    return;
  }
  const first = hand.draft[0];
  if (first && hand.mode !== "split" && hand.draft.length > 2) {
    const apart = map.latLngToLayerPoint([first[1], first[0]]).distanceTo(map.latLngToLayerPoint(latlng));
    if (apart < 14) {
      finish();
      return;
    }
  }
  const last = hand.draft[hand.draft.length - 1];
  if (last && last[0] === at[0] && last[1] === at[1]) return;
  hand.draft.push(at);
  drawDraft();
  say(word("draw point placed", { n: hand.draft.length }));
  act.drafted();
}

function drawDraft(pointer = null) {
  draftLayer.clearLayers();
  const points = [...hand.draft.map(([lon, lat]) => [lat, lon]), ...(pointer ? [pointer] : [])];
  const look = { ...onOwn, color: "#c2410c", weight: 2.4, dashArray: "6 4", interactive: false };
  if (hand.mode === "split") L.polyline(points, look).addTo(draftLayer);
  else L.polygon(points, { ...look, fillOpacity: 0.1 }).addTo(draftLayer);
  for (const [lon, lat] of hand.draft) L.circleMarker([lat, lon], { ...onOwn, radius: 4, color: "#c2410c", fillColor: "#fff", fillOpacity: 1, weight: 2, interactive: false }).addTo(draftLayer);
}

export function finish() {
  const least = hand.mode === "split" ? 2 : 3;
  if (hand.draft.length < least) return;
  const draft = hand.draft;
  const { mode } = hand;
  hand.draft = [];
  draftLayer.clearLayers();
  act.drawn(mode, draft);
}

export function stepBack() {
  hand.draft.pop();
  if (hand.draft.length) drawDraft();
  else draftLayer.clearLayers();
  act.drafted();
}

map.on("click", (event) => {
  if (["draw", "split", "hole", "pin"].includes(hand.mode)) place(event.latlng);
  else act.chosen(null, false);
});
map.on("dblclick", () => finish());

// -- keys -----------------------------------------------------------------------------------------------------------

container.addEventListener("keydown", (event) => {
  if (!["draw", "split", "hole", "pin"].includes(hand.mode)) return;
  if (event.key === " ") place(map.getCenter());
  else if (event.key === "Enter") finish();
  else if (event.key === "Backspace") stepBack();
  else return;
  event.preventDefault();
});

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function vertexKey(event) {
  if (!editable()) return;
  const step = event.shiftKey ? 1 : 10; // pixels: the eye's measure, finer when one zooms in
  if (ARROWS[event.key]) {
    const [dx, dy] = ARROWS[event.key].map((one) => one * step);
    if (hand.mode === "move") nudgeWhole(dx, dy);
    else nudge(dx, dy);
  } else if (event.key === "n" || event.key === "PageDown") nextVertex(1);
  else if (event.key === "p" || event.key === "PageUp") nextVertex(-1);
  else if (event.key === "Insert" || event.key === "i") insertVertex();
  else if (event.key === "Delete" || event.key === "d") removeVertex(hand.vertex);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function byPixels([lon, lat], dx, dy) {
  const point = map.project([lat, lon]);
  const there = map.unproject([point.x + dx, point.y + dy]);
  return rounded([there.lng, there.lat]);
}

function nudge(dx, dy) {
  const from = vertexAt(hand.vertex);
  if (!from) return;
  const to = byPixels(from, dx, dy);
  act.changed(hand.unit.key, moved(hand.unit.polygons, hand.vertex, to), "moved", 1);
  if (!map.getBounds().contains([to[1], to[0]])) map.panTo([to[1], to[0]], { animate: false });
  tellVertex(true);
}

function nudgeWhole(dx, dy) {
  const from = hand.unit.polygons[0][0][0];
  const to = byPixels(from, dx, dy);
  act.changed(hand.unit.key, shifted(hand.unit.polygons, to[0] - from[0], to[1] - from[1]), "shifted", vertexCount(hand.unit.polygons));
}

export function nextVertex(step) {
  if (!hand.unit) return;
  const all = [...eachVertex(hand.unit.polygons)];
  const now = all.findIndex((one) => isAt(one, hand.vertex));
  hand.vertex = all[(now + step + all.length) % all.length];
  const [lon, lat] = vertexAt(hand.vertex);
  if (!map.getBounds().contains([lat, lon])) map.panTo([lat, lon], { animate: false });
  drawHandles();
  tellVertex(true);
}

export function insertVertex() {
  const at = vertexAt(hand.vertex);
  if (!at) return;
  const [p, r, i] = hand.vertex;
  const ring = hand.unit.polygons[p][r];
  const next = ring[(i + 1) % ring.length];
  hand.vertex = [p, r, i + 1];
  act.changed(hand.unit.key, inserted(hand.unit.polygons, [p, r, i + 1], rounded([(at[0] + next[0]) / 2, (at[1] + next[1]) / 2])), "inserted", 1);
}

export function removeVertex(at) {
  if (!vertexAt(at)) return;
  const [p, r, i] = at;
  const ring = hand.unit.polygons[p][r];
  if (ring.length < 4) {
    act.told(word("draw too few"));
    return;
  }
  const polygons = hand.unit.polygons.map((rings, a) => rings.map((one, b) => (a === p && b === r ? one.filter((_, c) => c !== i) : one)));
  hand.vertex = [p, r, i ? i - 1 : 0];
  act.changed(hand.unit.key, polygons, "removed", 1);
}

function tellVertex(aloud = false) {
  const pad = node("vertices");
  const at = vertexAt(hand.vertex);
  pad.disabled = !editable() || !at;
  if (pad.disabled) {
    pad.textContent = word("draw vertices");
    return;
  }
  const all = [...eachVertex(hand.unit.polygons)];
  const n = all.findIndex((one) => isAt(one, hand.vertex)) + 1;
  pad.textContent = word("draw vertex", { n, of: all.length });
  if (aloud) say(word("draw vertex at", { n, of: all.length, lat: at[1].toFixed(3), lon: onGlobe(at[0]).toFixed(3) }));
}

