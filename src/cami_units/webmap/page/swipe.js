// Before and after: a divider that wipes from the units as they were to the units as they are.

const swipe = { on: false, at: 0.5 };

function swipePanes() {
  return ["evidence", "casing", "units"].map((name) => map.getPane(name));
}

// Left of the divider only what was; right of it only what is. Leaflet's panes move: so do the cuts.
function cut() {
  const size = map.getSize();
  const corner = map.containerPointToLayerPoint([0, 0]);
  const middle = corner.x + size.x * swipe.at;
  const [left, right] = [corner.x, corner.x + size.x];
  const rect = (from, to) => `rect(${corner.y}px, ${to}px, ${corner.y + size.y}px, ${from}px)`;
  const [evidence, casing, units] = swipePanes();
  evidence.style.clip = swipe.on ? rect(left, middle) : "";
  casing.style.clip = units.style.clip = swipe.on ? rect(middle, right) : "";
  node("divider").style.left = `${swipe.at * 100}%`;
}

function showSwipe(wanted) {
  swipe.on = wanted;
  node("divider").hidden = !wanted;
  node("swipe").setAttribute("aria-pressed", String(wanted));
  if (wanted) {
    map.closePopup();
    state.on.add("before").add("units");
    changed();
  }
  if (layers.before) layers.before.eachLayer((shape) => shape.setStyle({ fillOpacity: wanted ? 0.35 : 0 }));
  cut();
}

if (data.before) {
  node("swipe").hidden = false;
  node("swipe").addEventListener("click", () => showSwipe(!swipe.on));
  const divider = node("divider");
  const move = (event) => {
    const box = map.getContainer().getBoundingClientRect();
    swipe.at = Math.min(0.98, Math.max(0.02, (event.clientX - box.left) / box.width));
    cut();
  };
  divider.addEventListener("pointerdown", (event) => {
    divider.setPointerCapture(event.pointerId);
    divider.addEventListener("pointermove", move);
  });
  divider.addEventListener("pointerup", () => divider.removeEventListener("pointermove", move));
  divider.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
    if (!by) return;
    event.preventDefault();
    swipe.at = Math.min(0.98, Math.max(0.02, swipe.at + by));
    cut();
  });
  map.on("move zoomend resize viewreset", cut);
  // The divider stands above the whole map: over an open card it would cut through the words.
  map.on("popupopen", () => (divider.hidden = true));
  map.on("popupclose", () => (divider.hidden = !swipe.on));
}
