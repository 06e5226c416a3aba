// Everything together: controls, language, print, the first view.

L.control.zoom({ position: "topright" }).addTo(map);
const home = L.control({ position: "topright" });
home.onAdd = () => {
  const box = make("div", { class: "leaflet-bar" });
  const button = make("a", { href: "#", role: "button", class: "home", onclick: (event) => {
    event.preventDefault();
    wholeRegion();
  } }, "⤢");
  box.append(button);
  L.DomEvent.disableClickPropagation(box);
  return box;
};
home.addTo(map);
const scale = scaleBar(word);
scale.addTo(map);

function speak() {
  document.documentElement.lang = state.lang;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = word(element.dataset.t);
  for (const element of document.querySelectorAll("[data-hint]")) element.placeholder = word(element.dataset.hint);
  for (const button of document.querySelectorAll("[data-lang]")) {
    button.setAttribute("aria-pressed", String(button.dataset.lang === state.lang));
  }
  for (const [name, said] of Object.entries(data.said[state.lang])) node(name).textContent = said;
  map.whenReady(() => scale._update());
  panel.setAttribute("aria-label", word("layers"));
  twin.setAttribute("aria-label", word("table"));
  node("hide-table").setAttribute("aria-label", word("close"));
  map.getContainer().setAttribute("role", "region");
  map.getContainer().setAttribute("aria-label", word("map"));
  const homeButton = document.querySelector(".home");
  homeButton.title = word("whole region");
  homeButton.setAttribute("aria-label", word("whole region"));
  data.units.forEach(nameShape);
  tell("language");
}

for (const button of document.querySelectorAll("[data-lang]")) {
  button.addEventListener("click", () => {
    state.lang = button.dataset.lang;
    const open = state.unit;
    map.closePopup();
    speak();
    if (open) showUnit(open, { move: false });
    toAddress();
  });
}

const isNarrow = () => window.matchMedia("(max-width: 760px), (max-height: 480px)").matches;

function showPanel(wanted) {
  panel.hidden = !wanted;
  node("show-layers").setAttribute("aria-expanded", String(wanted));
  resized();
}
node("show-layers").addEventListener("click", () => showPanel(panel.hidden));
node("measure").addEventListener("click", () => measure(!(ruler.on || ruler.line)));
node("print").addEventListener("click", () => window.print());
const toPaper = () => document.documentElement.classList.toggle("a3", node("paper").value === "A3");
node("paper").addEventListener("change", toPaper);

// Paper has another shape: the map is fitted to it, and back to the screen afterwards.
let before = null;
window.addEventListener("beforeprint", () => {
  const bounds = map.getBounds();
  before = { centre: map.getCenter(), zoom: map.getZoom(), bounds, whole: bounds.contains(unitBounds()) };
});
window.addEventListener("afterprint", () => {
  map.invalidateSize({ animate: false });
  if (before) map.setView(before.centre, before.zoom, { animate: false });
});
window.matchMedia("print").addEventListener("change", (print) => {
  map.invalidateSize({ animate: false });
  // The same ground; of the whole region what the units need, to the pixel, so that no strip of the sheet is empty.
  if (print.matches && before) {
    const snap = map.options.zoomSnap;
    map.options.zoomSnap = 0;
    if (before.whole) wholeRegion();
    else map.fitBounds(before.bounds, { animate: false });
    map.options.zoomSnap = snap;
  }
  drawAtOnce();
  placeLabels();
});

// Leaflet draws a canvas in the next frame of the screen, for which a printer does not wait.
function drawAtOnce() {
  map.eachLayer((layer) => {
    if (layer instanceof L.Canvas) layer._redraw();
  });
}

measureMap();
if (data.detail === "atlas") {
  for (const key of ["protected_areas", "hotspots", "corridors", "barriers"]) if (data.evidence[key]) state.on.add(key);
}
const said = fromAddress();
if (isNarrow()) showPanel(false);
wholeRegion();
if (said.view) map.setView(said.view.centre, said.view.zoom, { animate: false });
speak();
draw();
buildTable();
if (said.unit) showUnit(said.unit, { move: !said.view });
map.on("moveend", toAddress);
placeLabels();
document.documentElement.dataset.ready = String(Math.round(performance.now()));
