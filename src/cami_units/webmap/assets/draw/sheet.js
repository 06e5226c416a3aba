// The map under the work: land, borders, names, and the evidence that can be switched on and off.

import { scaleBar } from "./scale.js";
import { data, make, node, onLanguage, speciesName, speech, word } from "./words.js";

const LATTICE = 1e4;

function unpacked(flat) {
  const points = new Array(flat.length / 2);
  let x = 0;
  let y = 0;
  for (let i = 0; i < flat.length; i += 2) {
    x += flat[i];
    y += flat[i + 1];
    points[i / 2] = [y / LATTICE, x / LATTICE];
  }
  return points;
}
const polygonsOf = (packed) => packed.map((rings) => rings.map(unpacked));
export const linesOf = (packed) => packed.map(unpacked);

const GROUND = data.colours;
const [west, south, east, north] = data.base.frame;
export const map = L.map("map", {
  zoomControl: false, attributionControl: false, preferCanvas: true, zoomSnap: 0.25, zoomDelta: 0.5, wheelPxPerZoomLevel: 110,
  minZoom: 2.5, maxZoom: 13, doubleClickZoom: false, maxBounds: [[south - 6, west - 8], [north + 6, east + 8]],
});
map.setView([(south + north) / 2, (west + east) / 2], 4, { animate: false });
for (const [name, level] of [["sheet", 200], ["relief", 210], ["water", 220], ["lines", 300], ["evidence", 400], ["names", 430], ["others", 440], ["own", 450], ["draft", 460]]) {
  map.createPane(name).style.zIndex = level;
}
for (const name of ["sheet", "relief", "water", "lines", "names"]) map.getPane(name).style.pointerEvents = "none";
const canvas = (pane) => ({ pane, renderer: L.canvas({ pane, padding: 0.3, tolerance: 4 }) });
const onSheet = { ...canvas("sheet"), interactive: false };
const onLines = { ...canvas("lines"), interactive: false };
const onEvidence = { ...canvas("evidence"), interactive: false };
export const onOthers = { pane: "others", renderer: L.svg({ pane: "others", padding: 0.3 }) };
export const onOwn = { pane: "own", renderer: L.svg({ pane: "own", padding: 0.3 }) };

L.polygon([[[south, west], [north, west], [north, east], [south, east]]], { ...onSheet, stroke: false, fillColor: GROUND.water, fillOpacity: 1 }).addTo(map);
L.polygon(polygonsOf(data.base.land), { ...onSheet, color: GROUND.shore, weight: 0.8, fillColor: GROUND.land, fillOpacity: 1 }).addTo(map);
// shade only, so that the colours below stay; rivers and lakes above it
map.getPane("relief").style.mixBlendMode = "multiply";
if (data.base.relief) {
  L.imageOverlay(data.base.relief, [[south, west], [north, east]], { pane: "relief", interactive: false, alt: "", opacity: 0.8 }).addTo(map);
}
const onWater = { ...canvas("water"), interactive: false };
L.polygon(polygonsOf(data.base.lakes), { ...onWater, color: GROUND.shore, weight: 0.8, fillColor: GROUND.water, fillOpacity: 1 }).addTo(map);
for (const [km, lines] of data.base.rivers) {
  L.polyline(linesOf(lines), { ...onWater, color: GROUND.river, weight: km > 1500 ? 1.5 : 0.9, opacity: 0.9 }).addTo(map);
}
L.polyline(linesOf(data.base.borders), { ...onLines, color: data.styles.borders.color, weight: 1.1, dashArray: "5 3", opacity: 0.8 }).addTo(map);
L.polyline(linesOf(data.base.contested), { ...onLines, color: data.styles.borders.color, weight: 1.2, dashArray: "1 4" }).addTo(map);
L.control.zoom({ position: "topright" }).addTo(map);
const scale = scaleBar(word);
scale.addTo(map);
onLanguage(() => map.whenReady(() => scale._update()));

// -- names ------------------------------------------------------------------------------------------------

const labels = L.layerGroup().addTo(map);
// A place is named from the zoom at which it is as wide as a word.
const zoomOf = (km) => (km > 400 ? 4 : km > 120 ? 5 : km > 40 ? 6 : 7.5);

let names = []; // each: its marker, and the places where it may stand, the best first

function placeNames() {
  labels.clearLayers();
  names = [];
  const zoom = map.getZoom();
  const bounds = map.getBounds();
  const name = (text, places, kind) => {
    const seen = places.filter((at) => bounds.contains(at));
    if (!seen.length) return;
    const icon = L.divIcon({ className: `place ${kind}`, html: make("span", {}, text), iconSize: null });
    const marker = L.marker(seen[0], { icon, pane: "names", interactive: false, keyboard: false }).addTo(labels);
    names.push({ marker, places: seen });
  };
  for (const one of data.base.countries) {
    const places = [];
    for (let i = 0; i < one.spots.length; i += 2) places.push([one.spots[i + 1] / LATTICE, one.spots[i] / LATTICE]);
    const full = one.name[speech.lang] || one.name.en;
    // "Iran (Islamic Republic of)" is named in full once there is room for it, as on the map
    name(zoom < 5 ? full.replace(/\s*\(.*\)$/, "") : full, places, "country");
  }
  for (const one of data.base.places) {
    const at = [one.at[1] / LATTICE, one.at[0] / LATTICE];
    if (zoomOf(one.km) <= zoom) name(one.name[speech.lang] || one.name.en, [at], "");
  }
}

// A name of the ground gives way to the ids of units, to the names before it, and to the edge, which would cut it; the id
// of a neighbour's unit to those of one's own and of the neighbours before it.
function giveWay() {
  const edge = map.getContainer().getBoundingClientRect();
  const isWhole = (box) => box.left >= edge.left && box.right <= edge.right && box.top >= edge.top && box.bottom <= edge.bottom;
  const ids = [...document.querySelectorAll(".unit-label")];
  const isOther = (label) => label.querySelector(".other") !== null;
  const taken = ids.filter((label) => !isOther(label)).map((label) => label.getBoundingClientRect());
  const isFree = (box) => !taken.some((one) => box.left < one.right + 2 && one.left < box.right + 2 && box.top < one.bottom && one.top < box.bottom);
  for (const label of ids.filter(isOther)) {
    const box = label.getBoundingClientRect();
    label.style.visibility = isFree(box) ? "" : "hidden";
    if (isFree(box)) taken.push(box);
  }
  for (const { marker, places } of names) {
    const text = marker.getElement().firstElementChild;
    const found = places.find((at) => {
      marker.setLatLng(at);
      const box = text.getBoundingClientRect();
      return isWhole(box) && isFree(box);
    });
    text.style.visibility = found ? "" : "hidden";
    if (found) taken.push(text.getBoundingClientRect());
  }
}
let waiting = 0;
const giveWaySoon = () => {
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(giveWay);
};
map.on("moveend zoomend", placeNames);
map.on("moveend zoomend layeradd", giveWaySoon); // the ids of units are layers too, put on anew when they change
onLanguage(placeNames);
onLanguage(giveWaySoon);

// -- evidence -----------------------------------------------------------------------------------------------

const LINES = new Set(["barriers", "corridors", "borders"]);
for (const [key, style] of Object.entries(data.styles)) if (style.line) LINES.add(key);
const switched = new Map();

function evidenceLayer(key) {
  return L.layerGroup(data.evidence[key].map((thing) => {
    const isCoarse = (thing.rows || []).some(([field]) => field === "coarse"); // told in steps, with a look of its own
    const style = key === "barriers" ? data.barriers[thing.kind] : (isCoarse && data.styles[`coarse ${key}`]) || data.styles[key];
    return LINES.has(key) ? L.polyline(linesOf(thing.g), { ...onEvidence, ...style }) : L.polygon(polygonsOf(thing.g), { ...onEvidence, ...style });
  }));
}

export function showLayer(key, wanted) {
  if (!switched.has(key)) {
    const species = key.startsWith("species:") && data.species.find((one) => one.id === key.slice(8));
    switched.set(key, species ? L.polygon(polygonsOf(species.g), { ...onEvidence, ...species.style }) : evidenceLayer(key));
  }
  if (wanted) switched.get(key).addTo(map);
  else map.removeLayer(switched.get(key));
  const box = node("layers").querySelector(`[value="${CSS.escape(key)}"]`);
  if (box) box.checked = wanted;
}

function listLayers() {
  const shown = (key) => switched.has(key) && map.hasLayer(switched.get(key));
  const choice = (key, text, color) => make("label", { class: "choice" },
    make("input", { type: "checkbox", value: key, checked: shown(key), onchange: (event) => showLayer(key, event.target.checked) }),
    swatch(color), make("span", {}, text));
  const evidence = Object.keys(data.evidence).filter((key) => data.evidence[key].length);
  node("layers").replaceChildren(
    make("h2", {}, word("layers")),
    ...evidence.map((key) => choice(key, word(key === "borders" ? "border pairs" : key), key === "barriers" ? data.barriers.border_fence : data.styles[key])),
    make("h2", {}, word("species ranges")),
    ...data.species.map((one) => choice(`species:${one.id}`, speciesName(one.id), one.style)),
  );
}

function swatch(style) {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("class", "swatch");
  svg.setAttribute("viewBox", "0 0 30 14");
  svg.setAttribute("aria-hidden", "true");
  const rect = document.createElementNS(ns, "rect");
  const look = { x: 2, y: 2, width: 26, height: 10, fill: style.fillColor || "none", "fill-opacity": 0.5, stroke: style.color, "stroke-width": 2, "stroke-dasharray": style.dashArray || "none" };
  for (const [name, value] of Object.entries(look)) rect.setAttribute(name, value);
  svg.append(rect);
  return svg;
}
onLanguage(listLayers);

// Lines that a vertex may snap to: borders and edges of sections, as [lon, lat].
export const fixedLines = [
  ...linesOf(data.base.borders), ...linesOf(data.base.contested),
  ...(data.evidence.sections || []).flatMap((one) => polygonsOf(one.g).flat().map((ring) => [...ring, ring[0]])),
].map((line) => line.map(([lat, lon]) => [lon, lat]));
