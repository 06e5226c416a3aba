// What the page knows, and how it speaks. Strings from data carry entities in the file; here they
// become plain text once, and from here on reach the page as text nodes only, never as HTML.

const data = plainly(JSON.parse(document.getElementById("cami-data").textContent));

function plainly(value) {
  if (typeof value === "string") {
    return value.indexOf("&#") < 0
      ? value
      : value.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
  }
  if (Array.isArray(value)) {
    return typeof value[0] === "number" ? value : value.map(plainly);
  }
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [plainly(key), plainly(inner)]));
  }
  return value;
}

const state = {
  lang: data.lang,
  on: new Set(["units", "gazetteer", "countries", "disputed", "relief", "water", ...(data.before ? ["before"] : [])]),
  statuses: new Set(Object.keys(data.statuses)),
  species: new Set(),
  several: false,
  unit: null,
  colour: "status",
};

const tiers = new Map(data.tiers);
const byId = new Map(data.units.map((unit) => [unit.id, unit]));
const node = (id) => document.getElementById(id);

function word(key, facts = {}) {
  const words = data.words[state.lang];
  const phrase = Object.prototype.hasOwnProperty.call(words, key) ? words[key] : key;
  return phrase.replace(/\{(\w+)\}/g, (whole, name) => (facts[name] === undefined ? whole : facts[name]));
}

// Lists, labels and brackets, with the signs of the language.
const inList = (parts) => parts.join(word("between parts"));
const withLabel = (label, value) => word("label and value", { label, value });
const withAside = (words, aside) => (aside ? word("words and aside", { words, aside }) : words);

// A sentence that comes in several languages, in the reader's.
function saidIn(sentence) {
  return sentence && typeof sentence === "object" ? sentence[state.lang] || sentence.en : sentence;
}

function nameOf(thing) {
  return thing.name[state.lang] || thing.name.en || thing.id;
}

function number(value, digits, least = 0) {
  if (value === null || value === undefined) return "";
  return value.toLocaleString(state.lang, { maximumFractionDigits: digits, minimumFractionDigits: least });
}

// Scientific names parted by ";", in the reader's language.
function spoken(names) {
  const own = (name) => Object.prototype.hasOwnProperty.call(data.names, name);
  const said = (name) => (own(name) ? data.names[name][state.lang] || data.names[name].en : name);
  return inList(names.split(";").map((name) => said(name.trim())));
}

// An element with attributes and children; children that are not nodes become text.
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "onclick") element.addEventListener("click", value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

// Flat differences of ten-thousandths of a degree → [[lat, lon], …]
function unpacked(flat) {
  const points = new Array(flat.length / 2);
  let x = 0;
  let y = 0;
  for (let i = 0; i < flat.length; i += 2) {
    x += flat[i];
    y += flat[i + 1];
    points[i / 2] = [y / 1e4, x / 1e4];
  }
  return points;
}

const polygonsOf = (packed) => packed.map((rings) => rings.map(unpacked));
const linesOf = (packed) => packed.map(unpacked);
const pointOf = (pair) => [pair[1] / 1e4, pair[0] / 1e4];

const listeners = {};
const on = (event, act) => (listeners[event] = listeners[event] || []).push(act);
const tell = (event, detail) => (listeners[event] || []).forEach((act) => act(detail));

// -- the address: everything that makes a view, after the # ----------------------------------------

function toAddress() {
  const centre = map.getCenter();
  const parts = [
    `map=${map.getZoom().toFixed(2)}/${centre.lat.toFixed(3)}/${centre.lng.toFixed(3)}`,
    `lang=${state.lang}`,
    `on=${[...state.on].sort().map(encodeURIComponent).join(",")}`,
  ];
  if (state.species.size) parts.push(`species=${[...state.species].sort().map(encodeURIComponent).join(",")}`);
  if (state.colour !== "status") parts.push(`colour=${encodeURIComponent(state.colour)}`);
  if (state.unit) parts.push(`unit=${encodeURIComponent(state.unit)}`);
  try {
    history.replaceState(null, "", "#" + parts.join("&"));
  } catch (refused) {
    // A notebook's frame has no address of its own: the view is then simply not in it.
  }
}

function fromAddress() {
  const said = Object.fromEntries(
    location.hash.slice(1).split("&").filter((part) => part.includes("=")).map((part) => part.split(/=(.*)/s).slice(0, 2)),
  );
  const listed = (text) => text.split(",").filter(Boolean).map(decoded);
  if (data.languages.includes(said.lang)) state.lang = said.lang;
  if (said.on !== undefined) state.on = new Set(listed(said.on).filter((key) => LAYER_KEYS.includes(key)));
  if (said.species) {
    const known = data.species.map((one) => one.id);
    state.species = new Set(listed(said.species).filter((id) => known.includes(id)));
    state.several = state.species.size > 1;
  }
  if (said.colour && Object.prototype.hasOwnProperty.call(COLOURINGS, decoded(said.colour))) state.colour = decoded(said.colour);
  const view = /^([\d.]+)\/(-?[\d.]+)\/(-?[\d.]+)$/.exec(said.map || "");
  return {
    view: view && { zoom: Number(view[1]), centre: [Number(view[2]), Number(view[3])] },
    unit: said.unit && byId.has(decoded(said.unit)) ? decoded(said.unit) : null,
  };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch (broken) {
    return text;
  }
}
