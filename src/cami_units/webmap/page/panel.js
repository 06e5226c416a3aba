// The layer panel, which is the legend too: what is on shows its sign beside its name, and a printed
// page keeps exactly those lines.

const panel = node("panel");

function swatch(style, shape) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "swatch");
  svg.setAttribute("viewBox", "0 0 30 16");
  svg.setAttribute("aria-hidden", "true");
  const drawn = document.createElementNS(svg.namespaceURI, shape === "line" ? "line" : "rect");
  const place = shape === "line" ? { x1: 1, y1: 8, x2: 29, y2: 8 } : { x: 2, y: 2, width: 26, height: 12, rx: 2 };
  const look = {
    stroke: style.stroke === false ? "none" : style.color,
    "stroke-width": style.weight || 2.2,
    "stroke-dasharray": style.dashArray || "none",
    fill: shape === "line" ? "none" : style.fillColor || "none",
    "fill-opacity": style.fillOpacity === undefined ? 0.32 : style.fillOpacity,
  };
  for (const [name, value] of Object.entries({ ...place, ...look })) drawn.setAttribute(name, value);
  svg.append(drawn);
  return svg;
}

function choice(type, name, checked, act, sign, text, more) {
  const input = make("input", { type, name });
  input.checked = checked;
  input.addEventListener("change", () => act(input.checked));
  return make("label", { class: "choice" + (checked ? " is-on" : "") }, input, sign, make("span", { class: "what" }, text), more);
}

function group(title, ...rows) {
  return make("fieldset", {}, make("legend", {}, title), ...rows);
}

function toggle(key, sign, count) {
  const change = (wanted) => {
    if (wanted) state.on.add(key);
    else state.on.delete(key);
    changed();
  };
  return choice("checkbox", key, state.on.has(key), change, sign, word(LAYER_WORDS[key] || key),
    count ? make("span", { class: "count" }, String(count)) : null);
}

const LAYER_WORDS = { disputed: "disputed areas", borders: "border pairs" };

function changed() {
  buildTable();
  draw();
  buildPanel();
  toAddress();
}

function buildPanel() {
  const focused = panel.contains(document.activeElement) ? [...panel.querySelectorAll("input")].indexOf(document.activeElement) : -1;
  const from = panel.scrollTop;
  panel.replaceChildren(...[unitGroup(), speciesGroup(), evidenceGroup(), contextGroup(), backgroundGroup()].filter(Boolean));
  panel.scrollTop = from;
  if (focused >= 0) {
    const again = panel.querySelectorAll("input")[focused];
    if (again) again.focus();
  }
}

function unitGroup() {
  const there = Object.keys(data.statuses).filter((key) => data.units.some((unit) => unit.status === key));
  const rows = there.map((key) => {
    const change = (wanted) => {
      if (wanted) state.statuses.add(key);
      else state.statuses.delete(key);
      state.on.add("units");
      changed();
    };
    const count = data.units.filter((unit) => unit.status === key).length;
    return choice("checkbox", key, state.on.has("units") && state.statuses.has(key), change,
      swatch(data.statuses[key]), word(key), make("span", { class: "count" }, String(count)));
  });
  const strengths = make("div", { class: "tiers" }, make("span", {}, word("tier")));
  for (const [tier, opacity] of tiers) {
    strengths.append(make("span", {}, swatch({ stroke: false, fillColor: "#39424a", fillOpacity: opacity }), word(tier)));
  }
  rows.push(...colourChooser());
  if (data.before) rows.push(toggle("before", swatch({ ...BEFORE_STYLE, fillColor: "none" })));
  return group(word("units"), ...rows, strengths);
}

function speciesGroup() {
  if (!data.species.length) return null;
  const type = state.several ? "checkbox" : "radio";
  const several = choice("checkbox", "several", state.several, (wanted) => {
    state.several = wanted;
    if (!wanted && state.species.size > 1) state.species = new Set([...state.species].slice(0, 1));
    changed();
  }, null, word("several species"));
  several.classList.add("several");
  const none = choice(type, "species", state.species.size === 0, () => {
    state.species.clear();
    changed();
  }, make("span", { class: "swatch" }), word("no species"));
  none.classList.add("none");
  const rows = data.species.flatMap((one) => {
    const change = (wanted) => {
      if (!state.several) state.species.clear();
      if (wanted) state.species.add(one.id);
      else state.species.delete(one.id);
      changed();
    };
    const line = choice(type, "species", state.species.has(one.id), change, swatch(one.style), nameOf(one),
      make("span", { class: "count code" }, one.code));
    return [line, state.species.has(one.id) ? coarseNotes([one]) : null];
  });
  return group(word("species ranges"), several, none, ...rows);
}

// Why something stands in cells or steps, beside its sign once it is on the map.
function coarseNotes(things, style) {
  const keys = new Set(things.flatMap((thing) => thing.rows.filter(([field]) => field === "coarse").map(([, key]) => key)));
  return keys.size ? make("ul", { class: "kinds" }, ...[...keys].map((key) => make("li", {}, style ? swatch(style, "line") : null, word(key)))) : null;
}

function evidenceGroup() {
  const rows = [];
  for (const key of ["hotspots", "protected_areas", "corridors", "barriers", "borders", "sections", "remarks"]) {
    const things = data.evidence[key];
    if (!things) continue;
    if (key !== "barriers") {
      rows.push(toggle(key, swatch(data.styles[key], LINES.has(key) ? "line" : "area"), things.length));
      if (state.on.has(key)) rows.push(coarseNotes(things, data.styles["coarse " + key]));
      continue;
    }
    rows.push(toggle(key, swatch(data.barriers.border_fence, "line"), things.length));
    if (!state.on.has(key)) continue;
    const kinds = Object.keys(data.barriers).filter((kind) => things.some((thing) => thing.kind === kind));
    rows.push(make("ul", { class: "kinds" }, ...kinds.map((kind) => make("li", {}, swatch(data.barriers[kind], "line"), word(kind)))));
  }
  return rows.length ? group(word("evidence"), ...rows) : null;
}

// What a plan brings beside the criteria: to look at, never scored.
function contextGroup() {
  const keys = Object.keys(data.evidence).filter((key) => key.startsWith("context_"));
  const rows = keys.map((key) => toggle(key, swatch(data.styles[key], LINES.has(key) ? "line" : "area"), data.evidence[key].length));
  return rows.length ? group(word("context layers"), ...rows) : null;
}

function backgroundGroup() {
  const rows = [];
  if (data.cells.length) {
    rows.push(toggle("planning_units", swatch(cellStyle(data.cells[data.cells.length - 1]))));
    if (state.on.has("planning_units")) {
      rows.push(make("ul", { class: "kinds" }, ...data.cells.map((cell) =>
        make("li", {}, swatch(cellStyle(cell)), `${number(cell.from, 2)} – ${number(cell.to, 2)}`))));
    }
  }
  if (data.base.relief) rows.push(toggle("relief", make("span", { class: "swatch hills" })));
  if (data.base.rivers.length) rows.push(toggle("water", swatch({ color: GROUND.river, weight: 2 }, "line")));
  if (data.base.borders.length) rows.push(toggle("countries", swatch({ color: data.styles.borders.color, weight: 1.2, dashArray: "5 3" }, "line")));
  if (data.base.contested.length) rows.push(toggle("disputed", swatch({ color: data.styles.borders.color, weight: 1.4, dashArray: "1 4" }, "line")));
  if (data.base.places.length) rows.push(toggle("gazetteer", make("span", { class: "swatch aa" }, "Aa")));
  return rows.length ? group(word("background"), ...rows) : null;
}

on("layers", buildPanel);
on("language", buildPanel);
