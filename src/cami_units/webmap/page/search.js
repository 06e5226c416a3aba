// Search over everything that has a name, in any language, Latin, ids and codes; any part of a word.

const searchBox = node("search");
const foundList = node("found");
const MOST_FOUND = 12;
let active = -1;

const index = [
  ...data.units.map((unit) => entry("unit", unit.id, unit, [unit.id, ...Object.values(unit.name)], () => showUnit(unit.id))),
  ...data.species.map((one) => entry("species", one.code, one, [one.code, one.id, ...Object.values(one.name)], () => showSpecies(one))),
  ...Object.entries(data.evidence).flatMap(([key, things]) =>
    things.map((thing) => entry(key, thing.id, thing, [thing.id, ...Object.values(thing.name)], () => showThing(key, thing)))),
  ...data.base.places.map((place) => entry("gazetteer", "", place, Object.values(place.name), () => showPlace(place))),
];

function entry(kind, id, thing, names, go) {
  return { kind, id, thing, text: folded(names.join(" ")), go };
}

function showSpecies(one) {
  if (!state.several) state.species.clear();
  state.species.add(one.id);
  changed();
  const shape = layers["species:" + one.id];
  fit(shape.getBounds(), 7);
}

function showPlace(place) {
  state.on.add("gazetteer");
  changed();
  const width = Math.max(place.km, 20) * 1000;
  fit(L.latLng(pointOf(place.at)).toBounds(width * 1.6), 9);
}

// Those whose name begins with the text come first, in the order of the index.
function matches(text) {
  const words = folded(text).split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const hits = index.filter((one) => words.every((word) => one.text.includes(word)));
  const begins = (one) => one.text.split(/\s+/).some((word) => word.startsWith(words[0]));
  return [...hits.filter(begins), ...hits.filter((one) => !begins(one))];
}

function search() {
  const text = searchBox.value.trim();
  const hits = matches(text);
  active = -1;
  foundList.replaceChildren(...hits.slice(0, MOST_FOUND).map((one, i) => {
    const kind = one.kind === "unit" ? "unit" : one.kind;
    const item = make("li", { role: "option", id: "found-" + i, "aria-selected": "false" },
      make("span", { class: "id" }, one.id), make("span", { class: "what" }, nameOf(one.thing)), make("span", { class: "kind" }, word(kind)));
    item.addEventListener("mousedown", (event) => {
      event.preventDefault();
      go(one);
    });
    item.go = () => go(one);
    return item;
  }));
  if (text && !hits.length) foundList.append(make("li", { class: "nothing", role: "option", "aria-disabled": "true", "aria-selected": "false" }, word("nothing found")));
  const open = text !== "";
  foundList.hidden = !open;
  searchBox.setAttribute("aria-expanded", String(open));
  searchBox.removeAttribute("aria-activedescendant");
  node("said").textContent = open ? `${hits.length} ${word("found")}` : "";
}

function go(one) {
  closeSearch();
  if (isNarrow()) showPanel(false);
  one.go();
}

function closeSearch() {
  foundList.hidden = true;
  searchBox.setAttribute("aria-expanded", "false");
}

function step(by) {
  const items = [...foundList.querySelectorAll("li:not(.nothing)")];
  if (!items.length) return;
  active = (active + by + items.length) % items.length;
  items.forEach((item, i) => item.setAttribute("aria-selected", String(i === active)));
  items[active].scrollIntoView({ block: "nearest" });
  searchBox.setAttribute("aria-activedescendant", items[active].id);
}

searchBox.addEventListener("input", search);
searchBox.addEventListener("focus", search);
searchBox.addEventListener("blur", closeSearch);
searchBox.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown") step(1);
  else if (event.key === "ArrowUp") step(-1);
  else if (event.key === "Escape") closeSearch();
  else if (event.key === "Enter") {
    const items = foundList.querySelectorAll("li:not(.nothing)");
    if (items.length) items[Math.max(active, 0)].go();
  } else return;
  event.preventDefault();
});
