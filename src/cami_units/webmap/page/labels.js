// Names on the map. Range states choose first, for a name must stand in its state; every unit keeps its
// id: it steps aside from what is there, and where there is no room at all it stands where it is and a
// state's name gives way. Sections, hotspots, species, neighbours and places follow while room lasts.

const labelPane = map.createPane("names");
labelPane.style.zIndex = 500;
labelPane.style.pointerEvents = "none";

const labels = [];
const MUST = 1; // drawn whatever it touches

// `spots`: where it may stand, best first; the others of a country are used when the best is taken.
function label(kind, spots, text, wanted, rank = 0) {
  if (!spots || !spots.length) return;
  const span = make("span", {});
  const leader = make("i", { hidden: true });
  const icon = L.divIcon({ className: "name " + kind, html: make("div", {}, leader, span), iconSize: [0, 0] });
  const places = [];
  for (let i = 0; i < spots.length; i += 2) places.push(L.latLng(spots[i + 1] / 1e4, spots[i] / 1e4));
  const marker = L.marker(places[0], { icon, pane: "names", interactive: false, keyboard: false });
  const one = { marker, span, leader, text, wanted, kind, places, rank, colour: null, sizes: new Map() };
  labels.push(one);
  return one;
}

const isSmall = ({ spots }) => {
  const east = spots.filter((_, i) => i % 2 === 0);
  return Math.max(...east) - Math.min(...east) < 8e4; // degrees of 1/10000: Tajikistan, Bhutan, …
};
// Small states first: they have the fewest places to choose from.
const byRoom = (one, other) => one.spots.length - other.spots.length;
for (const country of data.base.countries.filter((one) => one.rangeState).sort(byRoom)) {
  label(isSmall(country) ? "state-name small" : "state-name", country.spots, () => inLines(shortName(nameOf(country)), 12), () => state.on.has("countries"));
}
// On a phone the whole region is a hand wide: ids lose the letters that all of them begin with.
const letters = (id) => (/^[^0-9]*/.exec(id) || [""])[0];
const sharedStart = data.units.length > 1 && data.units.every((unit) => letters(unit.id) === letters(data.units[0].id)) ? letters(data.units[0].id).length : 0;
for (const unit of data.units) {
  label("unit-name", unit.at, () => (map.getZoom() < 3.5 ? unit.id.slice(sharedStart) : map.getZoom() < 5.5 ? unit.id : `${unit.id}\n${nameOf(unit)}`),
    () => state.on.has("units") && state.statuses.has(unit.status) && !(filtered && !filtered.has(unit.id)), MUST);
}
for (const section of data.evidence.sections || []) {
  label("section-name", section.at, () => section.id, () => state.on.has("sections"));
}
for (const hotspot of data.evidence.hotspots || []) {
  label("hotspot-name", hotspot.at, () => hotspot.id, () => state.on.has("hotspots"));
}
for (const one of data.species) {
  for (const at of one.at) {
    const made = label("species-name", at, () => one.code, () => state.species.has(one.id));
    if (made) made.colour = one.style.color;
  }
}
for (const country of data.base.countries.filter((one) => !one.rangeState)) {
  // From as far as a phone shows the region, the ground between the units' lines is theirs.
  label("country-name", country.spots, () => inLines(nameOf(country)), () => state.on.has("countries") && map.getZoom() >= 3);
}
for (const place of data.base.places) {
  const kind = ["city", "town", "place"].includes(place.kind) ? "town-name" : "place-name";
  label(kind, place.at, () => nameOf(place), () => state.on.has("gazetteer") && bigEnough(place));
}

// "Iran (Islamic Republic of)" is named in full once there is room for it.
const shortName = (name) => (map.getZoom() < 5 ? name.replace(/\s*\(.*\)$/, "") : name);

// A long name in lines of about sixteen letters, so that it does not run across its neighbours.
function inLines(text, most = 16) {
  return text.split(" ").reduce((lines, word) => {
    const last = lines[lines.length - 1];
    if (last !== undefined && last.length + word.length < most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
    return lines;
  }, []).join("\n");
}

// A place is named from the zoom at which it is about as long as its name.
function bigEnough(place) {
  const metresPerPixel = (40075017 * Math.cos((place.at[1] / 1e4) * (Math.PI / 180))) / (256 * 2 ** map.getZoom());
  return (Math.max(place.km, 8) * 1000) / metresPerPixel > 34;
}

// Steps aside in label widths and heights. A state's name takes a line up or down. A unit's id goes as far as
// it must, the nearest first, and a line leads back to its unit; a line may not run through another id.
const STATE_STEPS = [[0, -1], [0, 1]];
const UNIT_STEPS = [];
for (let x = -2.8; x <= 2.8; x += 0.35) for (let y = -6; y <= 6; y += 0.5) UNIT_STEPS.push([x, y]);
const byFarness = (wide, high) => {
  const far = ([x, y]) => Math.hypot(x * wide, y * high);
  return [...UNIT_STEPS].sort((one, other) => far(one) - far(other));
};

function placeLabels() {
  const size = map.getSize();
  const view = map.getBounds().pad(0.1);
  const taken = pinBoxes();
  const shown = [];
  const far = map.getZoom() < 3.5;
  // From afar small states come after the units: their names would take all the ground the ids need.
  const afterUnits = (one) => far && one.kind === "state-name small";
  const lastUnit = labels.findLastIndex((one) => one.rank === MUST) + 1;
  const order = [...labels.slice(0, lastUnit).filter((one) => !afterUnits(one)), ...labels.filter(afterUnits), ...labels.slice(lastUnit)];
  for (const one of order) {
    const places = one.wanted() ? one.places.filter((place) => view.contains(place)) : [];
    if (!places.length) {
      one.marker.remove();
      continue;
    }
    if (!map.hasLayer(one.marker)) one.marker.addTo(map);
    const text = one.text();
    const key = text + (far ? " far" : "");
    if (one.span.textContent !== text) one.span.textContent = text;
    one.span.classList.toggle("far", far);
    if (one.colour) one.span.style.setProperty("--ink", one.colour);
    shown.push([one, places, key]);
  }
  // Sizes are measured once a text: reading them one by one would lay the page out each time.
  for (const [one, , key] of shown) {
    if (!one.sizes.has(key)) one.sizes.set(key, [one.span.offsetWidth, one.span.offsetHeight]);
  }
  for (const [one, places, key] of shown) {
    const [wide, high] = one.sizes.get(key);
    const box = placed(one, places, wide, high, size, taken);
    one.span.style.visibility = box ? "visible" : "hidden";
    if (!box) continue;
    if (one.rank === MUST && taken.some((other) => touching(box, other))) giveWay(box, taken);
    const stepped = one.rank === MUST && (box.right || box.down);
    taken.push({ ...box, one, own: stepped ? map.latLngToContainerPoint(box.at) : null });
    one.marker.setLatLng(box.at);
    one.span.style.marginLeft = `${box.right}px`;
    one.span.style.marginTop = `${box.down}px`;
    one.marker.setZIndexOffset(box.right || box.down ? -1000 : 0); // its line lies below other ids
    if (one.rank === MUST) lead(one.leader, box, wide / 2, high / 2);
  }
}

// Pins of groups are there before any name: an id below one could not be read.
function pinBoxes() {
  if (!state.on.has("remarks")) return [];
  return (data.evidence.remarks || []).map((thing) => {
    const { x, y } = map.latLngToContainerPoint(pointOf(thing.at));
    return { left: x - 12, right_: x + 12, top: y - 24, bottom: y, one: { rank: MUST } };
  });
}

// A line from a unit to its id, where the id had to step away from it: it ends at the edge of the text.
function lead(line, { right, down }, halfWide, halfHigh) {
  const outside = Math.max(Math.abs(right) / halfWide, Math.abs(down) / halfHigh);
  line.hidden = outside <= 1.6; // nearer than that the id touches its own place
  if (line.hidden) return;
  const length = Math.hypot(right, down) * (1 - 1 / outside);
  line.style.width = `${length}px`;
  line.style.transform = `rotate(${Math.atan2(down, right)}rad)`;
}

// The first free box among the places of a label, then among steps aside from the best of them.
function placed(one, places, wide, high, size, taken) {
  const boxAt = (at, [x, y]) => {
    const point = map.latLngToContainerPoint(at);
    const [right, down] = [x * wide, y * (high + 2)];
    const [left, top] = [point.x + right - wide / 2, point.y + down - high / 2];
    return { at, right, down, left, top, right_: left + wide, bottom: top + high };
  };
  const inView = (box) => box.left > 2 && box.top > 2 && box.right_ < size.x - 2 && box.bottom < size.y - 2;
  const free = (box) => inView(box) && !taken.some((other) => touching(box, other));
  for (const at of places) {
    const box = boxAt(at, [0, 0]);
    if (free(box)) return box;
  }
  const own = map.latLngToContainerPoint(places[0]);
  const isSeen = own.x > 0 && own.y > 0 && own.x < size.x && own.y < size.y;
  const steps = one.rank === MUST ? (isSeen ? stepsOf(wide, high) : []) : one.kind.startsWith("state-name") ? STATE_STEPS : [];
  const boxes = steps.map((step) => boxAt(places[0], step));
  const ids = taken.filter((other) => other.one.rank === MUST);
  // Its line may run through no id, and it may stand on no line of another.
  const leads = (box) => ids.some((other) => between(own, box, other) || (other.own && between(other.own, other, box)));
  const near = boxes.find(free);
  const clear = one.rank === MUST ? boxes.find((box) => free(box) && !leads(box)) : near;
  const far = (box) => Math.hypot(box.right, box.down);
  // A line across half of a phone says less than a short one that passes below another id.
  if (near) return clear && far(clear) < far(near) + MOST_ROUND ? clear : near;
  if (one.rank !== MUST || data.units.length > MOST_FORCED) return null;
  // No room at all: a place that only lesser names hold, for they give way; or else its own.
  return boxes.find((box) => inView(box) && !ids.some((other) => touching(box, other))) || boxAt(places[0], [0, 0]);
}

const MOST_ROUND = 60; // pixels of a line's way round the ids between

const stepsBySize = new Map(); // most ids have one size
function stepsOf(wide, high) {
  const key = `${wide} ${high}`;
  if (!stepsBySize.has(key)) stepsBySize.set(key, byFarness(wide, high));
  return stepsBySize.get(key);
}

// Whether the line from a point to a box runs through another box.
function between(point, box, other) {
  const [x, y] = [(box.left + box.right_) / 2, (box.top + box.bottom) / 2];
  for (let t = 0.1; t < 1; t += 0.1) {
    const [px, py] = [point.x + t * (x - point.x), point.y + t * (y - point.y)];
    if (px > other.left - 2 && px < other.right_ + 2 && py > other.top && py < other.bottom) return true;
  }
  return false;
}

function giveWay(box, taken) {
  for (const other of taken) {
    if (other.one.rank !== MUST && touching(box, other)) other.one.span.style.visibility = "hidden";
  }
}
const MOST_FORCED = 200; // beyond this, ids on top of one another would tell nothing

function touching(a, b) {
  return a.left < b.right_ + 3 && b.left < a.right_ + 3 && a.top < b.bottom + 2 && b.top < a.bottom + 2;
}

let waiting = 0;
function labelsSoon() {
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(placeLabels);
}
map.on("moveend zoomend resize", labelsSoon);
on("drawn", labelsSoon);
on("language", labelsSoon);
on("filtered", labelsSoon);
