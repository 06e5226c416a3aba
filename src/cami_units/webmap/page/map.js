// Shapes on the map. Three storeys: the sheet (canvas, mute), the evidence (canvas), the units (SVG,
// because a unit must be reachable by keyboard and a canvas has nothing to tab to).

const map = window.camiMap;
const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

for (const [name, level] of [["sheet", 200], ["relief", 210], ["water", 220], ["lines", 300], ["evidence", 400], ["casing", 440], ["units", 450]]) {
  map.createPane(name).style.zIndex = level;
}
map.getPane("sheet").style.pointerEvents = "none";
map.getPane("lines").style.pointerEvents = "none";
for (const mute of ["relief", "water", "casing"]) map.getPane(mute).style.pointerEvents = "none";
map.getPane("relief").style.mixBlendMode = "multiply"; // shade only: the colours below stay

// On a phone a card is a sheet at the bottom of the map, so its pane does not move with the map.
map.createPane("cards", map.getContainer());

const onSheet = { pane: "sheet", renderer: L.canvas({ pane: "sheet", padding: 0.3 }), interactive: false };
const onLines = { pane: "lines", renderer: L.canvas({ pane: "lines", padding: 0.3 }), interactive: false };
const onWater = { pane: "water", renderer: L.canvas({ pane: "water", padding: 0.3 }), interactive: false };
const onCasing = { pane: "casing", renderer: L.svg({ pane: "casing", padding: 0.3 }), interactive: false };
const onEvidence = { pane: "evidence", renderer: L.canvas({ pane: "evidence", padding: 0.3, tolerance: 5 }) };
const onUnits = { pane: "units", renderer: L.svg({ pane: "units", padding: 0.3 }) };

const layers = {}; // key → Leaflet layer, made when first wanted
const makers = {}; // key → how
const shapes = new Map(); // unit id → Leaflet polygon
const casings = new Map(); // unit id → the white line below its outline, so that it stands out on relief

const GROUND = data.colours.ground;
const [west, south, east, north] = data.base.frame;
const sheetBounds = L.latLngBounds([south, west], [north, east]);

L.polygon([[[south, west], [north, west], [north, east], [south, east]]], {
  ...onSheet, stroke: true, color: GROUND.shore, weight: 1, fillColor: GROUND.water, fillOpacity: 1,
}).addTo(map);
L.polygon(polygonsOf(data.base.land), {
  ...onSheet, color: GROUND.shore, weight: 0.8, fillColor: GROUND.land, fillOpacity: 1,
}).addTo(map);

makers.relief = () => L.imageOverlay(data.base.relief, sheetBounds, { pane: "relief", interactive: false, alt: "", opacity: reliefOpacity() });
// Enlarged, the relief is a blur: it steps back.
const reliefOpacity = () => Math.min(0.8, Math.max(0.3, 0.8 - 0.22 * (map.getZoom() - 5)));
map.on("zoomend", () => layers.relief && layers.relief.setOpacity(reliefOpacity()));
makers.water = () => L.layerGroup([
  L.polygon(polygonsOf(data.base.lakes), { ...onWater, color: GROUND.shore, weight: 0.6, fillColor: GROUND.water, fillOpacity: 1 }),
  ...data.base.rivers.map(([km, lines]) => L.polyline(linesOf(lines), { ...onWater, color: GROUND.river, weight: km > 1500 ? 1.5 : 0.9, opacity: 0.9 })),
]);
makers.countries = () =>
  L.polyline(linesOf(data.base.borders), { ...onLines, color: data.styles.borders.color, weight: 0.9, dashArray: "5 3", opacity: 0.7 });
makers.disputed = () =>
  L.polyline(linesOf(data.base.contested), { ...onLines, color: data.styles.borders.color, weight: 1.1, dashArray: "1 4", opacity: 0.85 });
makers.planning_units = () =>
  L.layerGroup(data.cells.map((cell) =>
    L.polygon(polygonsOf(cell.g), { ...onLines, ...cellStyle(cell) })));

function cellStyle(cell) {
  return { stroke: false, fillColor: cell.color, fillOpacity: 0.62 };
}

for (const [key, things] of Object.entries(data.evidence)) {
  makers[key] = () => L.layerGroup(things.map((thing) => evidenceShape(key, thing)));
}
for (const one of data.species) {
  makers["species:" + one.id] = () => {
    if (one.parts.length) return L.layerGroup(one.parts.map((part) => rangePart(one, part)));
    const shape = L.polygon(polygonsOf(one.g), { ...onEvidence, ...one.style });
    shape.bindPopup(() => thingCard("species ranges", { ...one, id: one.code, latin: one.id }), popupOptions());
    return shape;
  };
}
makers.units = () => L.layerGroup(data.units.map(unitShape));

// An atlas has the parts of a range with their codes: the less sure one is, the paler and shorter its dash.
function rangePart(one, part) {
  const doubt = part.presence > 2;
  const style = doubt ? { ...one.style, weight: 1.4, dashArray: part.presence > 3 ? "1 5" : "4 5", fillOpacity: 0.08 } : one.style;
  const shape = L.polygon(polygonsOf(part.g), { ...onEvidence, ...style });
  shape.bindPopup(() => thingCard("species ranges", { ...one, id: part.id, latin: one.id, rows: part.rows }), popupOptions());
  return shape;
}

makers.before = () =>
  L.layerGroup((data.before || []).filter((one) => one.g.length).map((one) => {
    const shape = L.polygon(polygonsOf(one.g), { ...onEvidence, ...BEFORE_STYLE });
    shape.bindPopup(() => changeCard(one), popupOptions());
    one.shape = shape;
    return shape;
  }));
const BEFORE_STYLE = { color: "#6a7278", weight: 2, dashArray: "6 5", fill: true, fillOpacity: 0 };

const LAYER_KEYS = ["units", "before", ...Object.keys(data.evidence), "planning_units", "gazetteer", "countries", "disputed", "relief", "water"];
// Bottom to top in the evidence storey.
const STACK = ["context_", "protected_areas", "species:", "hotspots", "sections", "borders", "barriers", "corridors", "remarks", "before"];

const LINES = new Set(["barriers", "corridors", "borders"]);
for (const [key, style] of Object.entries(data.styles)) if (style.line) LINES.add(key);

// What is told in steps has a look of its own where lines are.
const evidenceStyle = (key, thing) => (thing.rows.some(([field]) => field === "coarse") && data.styles["coarse " + key]) || data.styles[key];

function evidenceShape(key, thing) {
  const isLine = LINES.has(key);
  const style = key === "barriers" ? data.barriers[thing.kind] : evidenceStyle(key, thing);
  const shape = isLine
    ? L.polyline(linesOf(thing.g), { ...onEvidence, ...style })
    : L.polygon(polygonsOf(thing.g), { ...onEvidence, ...style });
  shape.bindPopup(() => thingCard(key, thing), popupOptions());
  thing.shape = shape;
  return key === "remarks" ? L.layerGroup([shape, pin(thing)]) : shape;
}

// What a group pinned: a pin that can be seen, and what it says when asked.
function pin(thing) {
  const icon = L.divIcon({ className: "remark-pin", html: make("span", { "aria-hidden": "true" }, "✎"), iconSize: [24, 24], iconAnchor: [12, 24] });
  const marker = L.marker(pointOf(thing.at), { icon, title: nameOf(thing), alt: nameOf(thing), riseOnHover: true });
  marker.bindPopup(() => thingCard("remarks", thing), popupOptions());
  return marker;
}

function unitStyle(unit) {
  return {
    weight: 2.2,
    opacity: 1,
    fillOpacity: tiers.get(unit.tier) || 0.18,
    ...data.statuses[unit.status],
  };
}

function unitShape(unit) {
  const shape = L.polygon(polygonsOf(unit.g), { ...onUnits, ...styleOf(unit), className: "unit" });
  shape.bindPopup(() => unitCard(unit), unitPopupOptions());
  shape.on("add", () => {
    const path = shape.getElement();
    path.setAttribute("tabindex", "0");
    path.setAttribute("role", "button");
    path.setAttribute("data-unit", unit.id);
    nameShape(unit);
    path.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      showUnit(unit.id, { move: false });
      shape.getPopup().getElement().querySelector(".unit-card").focus();
    });
  });
  shape.on("popupopen", () => {
    select(unit.id);
    placeCard(shape);
  });
  shape.on("popupclose", (event) => {
    if (event.popup.getElement().contains(document.activeElement)) shape.getElement().focus();
    if (state.unit === unit.id) select(null);
  });
  shapes.set(unit.id, shape);
  const casing = L.polygon(polygonsOf(unit.g), { ...onCasing, color: "#fff", weight: (shape.options.weight || 2) + 3, opacity: 0.9, fill: false });
  casings.set(unit.id, casing);
  return L.layerGroup([casing, shape]);
}

function nameShape(unit) {
  const path = shapes.get(unit.id) && shapes.get(unit.id).getElement();
  if (path) path.setAttribute("aria-label", inList([`${unit.id} ${nameOf(unit)}`, word(unit.status)]));
}

function popupOptions() {
  if (isNarrow()) return { pane: "cards", autoPan: false, maxWidth: 600, className: "card" };
  return { maxWidth: 340, minWidth: 200, autoPanPadding: [16, 16], className: "card" };
}

// A unit's card is as high as a laptop's map: over the unit it would hide what it tells of.
function unitPopupOptions() {
  if (isNarrow()) return popupOptions();
  return { pane: "cards", autoPan: false, maxWidth: 340, minWidth: 200, className: "card beside" };
}

// How much of the map's right side the card of a unit takes.
const CARD_ROOM = 410;

// A card stands where its unit does not: at the right, or at the left of a unit in the right half.
function placeCard(shape) {
  const middle = map.latLngToContainerPoint(shape.getBounds().getCenter()).x;
  shape.getPopup().getElement().classList.toggle("at-left", middle > map.getSize().x / 2);
}

function draw() {
  for (const key of Object.keys(makers)) {
    const wanted = key.startsWith("species:") ? state.species.has(key.slice(8)) : state.on.has(key);
    if (wanted && !layers[key]) layers[key] = makers[key]();
    if (layers[key] && wanted !== map.hasLayer(layers[key])) {
      if (wanted) layers[key].addTo(map);
      else map.removeLayer(layers[key]);
    }
  }
  for (const prefix of STACK) {
    for (const key of Object.keys(layers)) {
      if (key.startsWith(prefix) && map.hasLayer(layers[key])) toFront(layers[key]);
    }
  }
  dimUnits();
  tell("drawn");
}

function toFront(layer) {
  if (layer.bringToFront) layer.bringToFront();
  else if (layer.eachLayer) layer.eachLayer(toFront);
}

// A unit is on the map when its status is wanted, and pale when the table's filter leaves it out.
let filtered = null;

function dimUnits() {
  for (const unit of data.units) {
    const path = shapes.get(unit.id) && shapes.get(unit.id).getElement();
    if (!path) continue;
    path.classList.toggle("off", !state.statuses.has(unit.status));
    path.classList.toggle("pale", filtered !== null && !filtered.has(unit.id));
    const casing = casings.get(unit.id).getElement();
    if (casing) casing.classList.toggle("off", path.classList.contains("off") || path.classList.contains("pale"));
  }
}

function select(id) {
  state.unit = id;
  for (const [other, shape] of shapes) {
    const path = shape.getElement();
    if (path) path.classList.toggle("chosen", other === id);
  }
  tell("chosen", id);
  toAddress();
}

function showUnit(id, { move = true } = {}) {
  const unit = byId.get(id);
  if (!unit) return;
  state.on.add("units");
  state.statuses.add(unit.status);
  draw();
  tell("layers");
  const shape = shapes.get(id);
  if (move) fit(shape.getBounds(), 6.5, isNarrow() ? 0 : CARD_ROOM);
  shape.openPopup(pointOf(unit.at));
}

function showThing(key, thing) {
  state.on.add(key);
  draw();
  tell("layers");
  fit(thing.shape.getBounds(), 7.5);
  thing.shape.openPopup(pointOf(thing.at));
}

// A card is never taller than the map it stands on.
function measureMap() {
  map.getContainer().style.setProperty("--map-height", `${map.getSize().y}px`);
}
map.on("resize", measureMap);
map.on("popupopen", (event) => {
  event.popup.getElement().querySelector(".leaflet-popup-close-button").setAttribute("aria-label", word("close"));
});

function resized() {
  const open = state.unit;
  map.invalidateSize({ animate: false });
  measureMap();
  if (!open) return;
  map.closePopup();
  showUnit(open, { move: false });
}

function fit(bounds, maxZoom, beside = 0) {
  const right = map.getSize().x > beside + 200 ? beside : 0;
  map.fitBounds(bounds, { maxZoom, paddingTopLeft: [50, 50], paddingBottomRight: [50 + right, 50], animate: false });
}

function unitBounds() {
  const bounds = L.latLngBounds([]);
  for (const unit of data.units) bounds.extend(L.polygon(polygonsOf(unit.g)).getBounds());
  return bounds.isValid() ? bounds : sheetBounds;
}

// Whether the view is that of all units, and is to stay so when the window takes another shape.
let isWhole = false;
map.on("movestart", () => { isWhole = false; });
map.on("resize", () => (isWhole ? wholeRegion() : leastZoom()));

function leastZoom() {
  // Leaflet would first move back what lies beyond its bounds, at the new least zoom and slowly, over the view set next.
  map.setMaxBounds(null);
  map.options.minZoom = 0;
  map.options.minZoom = Math.min(map.getBoundsZoom(sheetBounds, true), map.getBoundsZoom(unitBounds(), false, roundUnits().multiplyBy(2)));
}

// Pixels left free on each side of all units: a phone has no ground to give away.
const roundUnits = () => (map.getSize().x < 500 ? L.point(4, 24) : L.point(24, 24));

// Every unit is in view, though a phone that is held upright has a strip of nothing above and below.
function wholeRegion() {
  leastZoom();
  map.fitBounds(unitBounds(), { padding: roundUnits(), animate: false });
  map.setMaxBounds(sheetBounds.pad(0.12));
  isWhole = true;
}

// -- cards -----------------------------------------------------------------------------------------

function unitCard(unit) {
  const second = state.lang === "en" ? "ru" : "en";
  const other = unit.name[second];
  const heading = make("header", {},
    make("span", { class: "id" }, unit.id),
    make("h2", {}, nameOf(unit)),
    other && other !== nameOf(unit) ? make("p", { class: "other", lang: second }, other) : null);
  const card = make("div", { class: "unit-card", role: "group", tabindex: "-1", "aria-label": unit.id }, heading, facts(unit.card[state.lang].filter(([field]) => field !== "criteria" || !unit.findings.length)), ...chartsOf(unit));
  if (unit.findings.length) card.append(evidenceOf(unit));
  card.append(downloadsOf(unit));
  return card;
}

function facts(rows) {
  const list = make("dl", {});
  for (const [field, value, count] of rows) {
    if (value === "" || value === null) continue;
    list.append(make("dt", {}, withAside(word(field), count)), make("dd", {}, String(value).replace(/ (?=[✓✗?])/g, "\u00a0")));
  }
  return list;
}

function evidenceOf(unit) {
  const body = make("tbody", {});
  for (const [criterion, mark, value, measure, threshold, because] of unit.findings) {
    body.append(make("tr", {},
      make("th", { scope: "row" }, criterion, " ", make("span", { class: markClass(mark) }, mark)),
      make("td", {},
        make("b", {}, word(criterion)), " ",
        value === null ? "" : make("span", { class: "value" }, `${number(value, 2)} ${measured(measure, value)}`),
        threshold ? make("span", { class: "threshold" }, withAside("", threshold)) : null,
        because ? make("p", {}, saidIn(because)) : null)));
  }
  return make("details", {}, make("summary", {}, word("evidence")), make("table", {}, body));
}

// What a number counts, bent after it; another profile may count what no catalogue knows.
function measured(unit, count) {
  const key = `measure ${unit}`;
  const known = word(key);
  return known === key ? unit : known.replace(/\{n:([^}]*)\}/, (_, forms) => bent(forms.split("|"), count, state.lang));
}

function markClass(mark) {
  return { "✓": "mark yes", "✗": "mark no" }[mark] || "mark unknown";
}

function thingCard(key, thing) {
  const rows = thing.rows.map(([field, value]) => [field, valueOf(field, value)]);
  return make("div", { class: "thing-card" },
    make("p", { class: "kind" }, word(LAYER_WORDS[key] || key)),
    make("header", {}, make("span", { class: "id" }, thing.id), nameOf(thing) === thing.id ? null : make("h2", {}, nameOf(thing))),
    thing.latin ? make("p", { class: "latin", lang: "la" }, thing.latin) : null,
    facts(rows.map(([field, value]) => [FIELD_WORDS[field] || field, value])));
}

function changeCard(one) {
  return make("div", { class: "thing-card" },
    make("p", { class: "kind" }, word("before")),
    make("header", {}, make("span", { class: "id" }, one.id), make("h2", {}, nameOf(one))),
    facts([["change", word(one.change)], ["before", squareKm(one.was)], ["after", squareKm(one.is)]]));
}

function squareKm(value) {
  return value === null ? "–" : `${number(value, 0)} ${word("km2")}`;
}

const FIELD_WORDS = { iso2: "states", countries: "states", sci_name: "species", coarse: "note" };

function valueOf(field, value) {
  if (typeof value === "number") return number(value, 2);
  if (value && typeof value === "object") return saidIn(value);
  if (["species", "sci_name", "species_shared"].includes(field)) return spoken(value);
  if (["kind", "presence", "range origin", "seasonal", "coarse"].includes(field)) return word(value);
  return inList(String(value === null ? "" : value).split(";"));
}

// -- measuring -------------------------------------------------------------------------------------

const ruler = { on: false, points: [], line: null };

function measure(start) {
  ruler.on = start;
  ruler.points = [];
  if (ruler.line) ruler.line.remove();
  ruler.line = null;
  map.getContainer().classList.toggle("measuring", start);
  node("measure").setAttribute("aria-pressed", String(start));
  if (start) map.doubleClickZoom.disable();
  else map.doubleClickZoom.enable();
  hint(start ? word("measure hint") : "");
}

function hint(text) {
  node("hint").textContent = text;
  node("hint").hidden = !text;
}

map.on("click", (event) => {
  if (!ruler.on) return;
  ruler.points.push(event.latlng);
  if (ruler.line) ruler.line.remove();
  ruler.line = L.polyline(ruler.points, { ...onUnits, color: "#111", weight: 2, dashArray: "4 3", interactive: false }).addTo(map);
  const metres = ruler.points.slice(1).reduce((sum, point, i) => sum + map.distance(ruler.points[i], point), 0);
  hint(`${number(metres / 1000, metres < 1e5 ? 1 : 0)} ${word("km")}`);
});
map.on("dblclick", () => {
  if (!ruler.on) return;
  ruler.on = false;
  node("measure").setAttribute("aria-pressed", "false");
  map.getContainer().classList.remove("measuring");
});
document.addEventListener("keydown", (event) => event.key === "Escape" && (ruler.on || ruler.line) && measure(false));
