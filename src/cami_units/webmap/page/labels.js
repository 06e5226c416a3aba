// Names on the map, most important first; one that would touch another is left out until there is
// room. Units by rank, sections, species codes, countries, then places by their extent.

const labelPane = map.createPane("names");
labelPane.style.zIndex = 500;
labelPane.style.pointerEvents = "none";

const labels = [];

function label(kind, at, text, wanted) {
  if (!at || !at.length) return;
  const span = make("span", {});
  const icon = L.divIcon({ className: "name " + kind, html: span, iconSize: [0, 0] });
  const marker = L.marker(pointOf(at), { icon, pane: "names", interactive: false, keyboard: false });
  labels.push({ marker, span, text, wanted, kind, colour: null });
  return labels[labels.length - 1];
}

for (const unit of data.units) {
  label("unit-name", unit.at, () => (map.getZoom() < 5.5 ? unit.id : `${unit.id}\n${nameOf(unit)}`),
    () => state.on.has("units") && state.statuses.has(unit.status) && !(filtered && !filtered.has(unit.id)));
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
for (const country of data.base.countries) {
  label("country-name", country.at, () => inLines(nameOf(country)), () => state.on.has("countries"));
}
for (const place of data.base.places) {
  const kind = ["city", "town", "place"].includes(place.kind) ? "town-name" : "place-name";
  label(kind, place.at, () => nameOf(place), () => state.on.has("gazetteer") && bigEnough(place));
}

// A long name in lines of about sixteen letters, so that it does not run across its neighbours.
function inLines(text) {
  return text.split(" ").reduce((lines, word) => {
    const last = lines[lines.length - 1];
    if (last !== undefined && last.length + word.length < 16) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
    return lines;
  }, []).join("\n");
}

// A place is named from the zoom at which it is about as long as its name.
function bigEnough(place) {
  const metresPerPixel = (40075017 * Math.cos((place.at[1] / 1e4) * (Math.PI / 180))) / (256 * 2 ** map.getZoom());
  return (Math.max(place.km, 8) * 1000) / metresPerPixel > 34;
}

function placeLabels() {
  const view = map.getBounds().pad(0.1);
  const taken = [];
  for (const one of labels) {
    const seen = one.wanted() && view.contains(one.marker.getLatLng());
    if (!seen) {
      one.marker.remove();
      continue;
    }
    one.marker.addTo(map);
    const text = one.text();
    if (one.span.textContent !== text) one.span.textContent = text;
    if (one.colour) one.span.style.setProperty("--ink", one.colour);
  }
  const edge = map.getContainer().getBoundingClientRect();
  const boxes = labels.map((one) => (map.hasLayer(one.marker) ? one.span.getBoundingClientRect() : null));
  labels.forEach((one, i) => {
    const box = boxes[i];
    if (!box) return;
    const whole = box.left > edge.left && box.right < edge.right && box.top > edge.top && box.bottom < edge.bottom;
    const free = whole && !taken.some((other) => touching(box, other));
    one.span.style.visibility = free ? "visible" : "hidden";
    if (free) taken.push(box);
  });
}

function touching(a, b) {
  return a.left < b.right + 3 && b.left < a.right + 3 && a.top < b.bottom + 2 && b.top < a.bottom + 2;
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
