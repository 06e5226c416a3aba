// The unit's card: what it is now, what it was, what was gained and lost, and what it would take.

import { findings, FINDINGS } from "./criteria.js";
import { selfCrossing, vertexCount } from "./geometry.js";
import { siteTables } from "./layers.js";
import { decision, shortfalls, tier, valueScore } from "./rank.js";
import { data, figure, inList, make, nameOf, number, signedFigure, speciesName, squareKm, withAside, withLabel, word } from "./words.js";

const ground = { layers: null, species: null };

export function measureOn(layers, species) {
  ground.layers = layers;
  ground.species = species;
}

const seen = new WeakMap();
const MOST_CHECKED = 3000; // vertices up to which every step is checked for an outline that crosses itself

// Everything that is known of an outline; null where the page cannot measure.
export function measured(unit) {
  const { layers, species } = ground;
  if (!layers || !layers.forward || !unit.polygons.length) return null;
  if (!seen.has(unit.polygons)) {
    const { site, over } = siteTables(unit.polygons, layers, { reason: data.adjacent.includes(unit.cu_id) });
    const found = findings(site, species, data.profile, decision);
    const score = valueScore(found.measures, data.profile);
    const crossing = vertexCount(unit.polygons) <= MOST_CHECKED ? selfCrossing(unit.polygons) : null;
    const known = { ...found, site, score, tier: tier(score, data.profile), km2: site.area_km2, crossing };
    withhold(known, layers);
    known.takes = shortfalls(known, data.profile, species, over, layers);
    seen.set(unit.polygons, known);
  }
  return seen.get(unit.polygons);
}

const HANGS_ON = { protected_areas: ["C7"], hotspots: ["C8"], barriers: ["C6"], corridors: ["C5", "G2", "C2"] };

// Layers that may not travel: what hangs on them, and the confidence that counts it, is not told here.
function withhold(known, layers) {
  for (const layer of layers.withheld) {
    for (const name of [...HANGS_ON[layer], "C9", "decision"]) known.close.add(name);
  }
}

// Whether a verdict rests on a species that the page knows by cells of 25 km only.
export function isCoarse(known, name) {
  if (name === "G1" || name === "C6" || name === "C8") return false;
  return known.measures.rows.some((row) => row.coarse && (row.qualifying || row.occurs || row.error > 0));
}

export function mark(known, name) {
  if (known.close.has(name)) return "≈";
  const met = known.met[name];
  return met === true ? "✓" : met === false ? "✗" : "?";
}

// What the page showed of a unit, for the file: `collect` says where it measured otherwise.
export function ticksOf(unit) {
  const known = measured(unit);
  if (!known) return "";
  const said = { "✓": "yes", "✗": "no", "≈": "close", "?": "open" };
  return FINDINGS.map((name) => `${name}=${said[mark(known, name)]}`).join(" ");
}

export function metList(known) {
  return known ? FINDINGS.filter((name) => known.met[name] === true && !known.close.has(name)) : [];
}

// -- text of a row --------------------------------------------------------------------------------------

const AREAS = (parts) => inList(Object.entries(parts).filter(([iso2, km2]) => iso2 && km2 >= 0.5).sort((a, b) => b[1] - a[1])
  .map(([iso2, km2]) => `${iso2} ${number(km2)}`));

function rowText(known, name) {
  const { measures: m } = known;
  const p = data.profile;
  const needs = (said, value) => withAside(said, word("draw needs", { value }));
  switch (name) {
    case "G1": return needs(inList(m.counted_states) || "–", p.G1.min_states);
    case "G2": return needs(word("draw species count", { n: m.n_transboundary + m.n_by_crossing }), p.G2.min_species);
    case "C1": return needs(word("draw species count", { n: m.n_transboundary }), p.C1.min_species);
    case "C2": return needs(word("draw points", { n: m.threat_weight === null ? "–" : figure(m.threat_weight) }), figure(p.C2.min_weight));
    case "C3": return m.top ? needs(`${speciesName(m.top)} ${figure(m.top_share)} %`, `${figure(m.top_threshold)} %`) : "–";
    case "C4": return m.evenness === null ? word("draw nothing qualifies")
      : inList([needs(word("draw evenness", { n: figure(m.evenness) }), figure(p.C4.min_evenness)), needs(word("draw border", { n: number(m.shared_border_km) }), figure(p.C4.min_border_km))]);
    case "C5": return m.n_crossings === null ? word("draw no corridor") : needs(word("draw crossings", { n: m.n_crossings, grades: inList(p.C5.counted_grades || []) }), p.C5.min_crossings);
    case "C6": return m.barrier_share === null ? word("draw no border") : needs(`${figure(m.barrier_share)} %`, `${figure(p.C6.min_barrier_share)} %`);
    case "C7": return m.protected_share === null ? word("draw nothing qualifies") : word("draw protected", { n: figure(m.protected_share), limit: figure(p.C7.gap_below) });
    case "C8": return m.hotspot_share === null ? "–" : needs(`${figure(m.hotspot_share)} %`, `${figure(p.C8.min_share)} %`);
    case "C9": return known.met.confidence === null ? word("draw nothing qualifies") : needs(figure(known.met.confidence), figure(p.C9.min_confidence));
    default: return "";
  }
}

export function takeText(take) {
  const facts = { ...take, km2: take.km2 === undefined ? "" : number(Math.ceil(take.km2)), km: take.km === undefined ? "" : number(Math.ceil(take.km)), species: take.species ? speciesName(take.species) : "", pair: (take.pair || "").replace(";", "–") };
  return word(`draw take ${take.kind}`, facts);
}

// What makes a close verdict close, in words: "Snow leopard 1.04 %, needs 1 %".
function closeText(known, name) {
  const needing = (said, value) => inList([said, word("draw needs", { value })]);
  const rows = known.measures.rows;
  for (const [key, { value, limit }] of known.near) {
    if (key === `C3` || key.startsWith("C3 ")) {
      const row = rows.find((one) => key === `C3 ${one.name}`);
      if (name === "C3" && row) return needing(`${speciesName(row.name)} ${figure(row.share)} %`, `${figure(row.min_share)} %`);
      continue;
    }
    const [kind, ...rest] = key.split(" ");
    if (kind === name) return needing(`${figure(value)}`, figure(limit));
    const species = rows.find((one) => key.includes(one.name));
    if (species && ["side", "occurs"].includes(kind) && !["G1", "C6", "C8"].includes(name)) {
      const side = kind === "side" ? ` ${rest[rest.length - 1]}` : "";
      return needing(`${speciesName(species.name)}${side} ${squareKm(value)}`, squareKm(limit));
    }
    if (kind === "state" && name === "G1") return needing(`${rest[0]} ${squareKm(value)}`, squareKm(limit));
  }
  return "";
}

// -- the card ---------------------------------------------------------------------------------------------

const CLASS = { "✓": "yes", "✗": "no", "≈": "close", "?": "open" };
// What a unit needs is no failure and no merit: a need is ●, none is ○, as everywhere else.
const NEED = { "✓": ["●", "need"], "✗": ["○", "none"] };

function markSpan(sign, name) {
  const [shown, kind] = (["C6", "C7"].includes(name) && NEED[sign]) || [sign, CLASS[sign]];
  return make("span", { class: `mark ${kind}`, role: "img", "aria-label": word(`draw mark ${kind}`) }, shown);
}

export function findingRows(known, before, showLayer) {
  return FINDINGS.map((name) => {
    const now = mark(known, name);
    const was = before ? mark(before, name) : now;
    const text = make("td", {}, make("b", {}, word(name)), make("span", { class: "value" }, rowText(known, name)));
    if (now === "≈") {
      const why = closeText(known, name);
      text.append(make("span", { class: "note" }, why ? withLabel(why, word("draw close")) : word("draw close")));
    }
    if (now === "✗" || now === "≈") {
      for (const take of known.takes.filter((one) => one.criterion === name)) {
        const attributes = take.species ? { type: "button", class: "take", onclick: () => showLayer(`species:${take.species}`, true) } : { class: "take" };
        text.append(make(take.species ? "button" : "span", attributes, takeText(take)));
      }
    }
    if (isCoarse(known, name) && now !== "?") text.append(make("span", { class: "coarse" }, word("draw coarse")));
    const changed = was !== now;
    return make("tr", { class: changed ? `changed ${now === "✓" ? "gained" : was === "✓" ? "lost" : ""}` : null, "data-finding": name },
      make("th", { scope: "row" }, name),
      make("td", { class: "marks" }, changed ? [markSpan(was, name), "→"] : null, markSpan(now, name)), text);
  });
}

export function factList(known, before) {
  const m = known.measures;
  const list = make("dl", { class: "facts" });
  const put = (label, ...value) => list.append(make("dt", {}, label), make("dd", {}, ...value));
  const change = before ? known.km2 - before.km2 : 0;
  put(word("area"), `≈ ${squareKm(known.km2)}`, before && Math.abs(change) >= 0.5 ? make("span", { class: "change" }, withAside("", signedFigure(change))) : null);
  const ofStates = AREAS(known.site.states);
  put(word("states"), ofStates ? `${ofStates} ${word("km2")}` : "–");
  const decided = known.close.has("decision") ? `≈ ${word("draw close")}` : word(`draw decision ${known.decision}`);
  put(word("draw decision"), decided);
  if (known.score !== null) {
    const was = before && before.score !== null && Math.abs(before.score - known.score) >= 0.0005 ? `${number(before.score, 3)} → ` : "";
    put(word("score"), inList([`≈ ${was}${number(known.score, 3)}`, word(known.tier)]));
  }
  const rows = m.rows.filter((row) => row.occurs && AREAS(row.parts)).sort((a, b) => b.km2 - a.km2);
  const names = make("ul", { class: "species" }, rows.map((row) => make("li", { class: row.qualifying ? "counts" : "" },
    `${speciesName(row.name)} `, make("span", { class: "value" }, `${row.coarse ? "▦ " : ""}${AREAS(row.parts)} ${word("km2")}`))));
  put(word("species"), rows.length ? names : "–");
  return list;
}

export const titleOf = (unit) => `${unit.key} ${nameOf(unit)}`.trim();
