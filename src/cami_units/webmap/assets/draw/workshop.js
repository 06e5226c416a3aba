// A group's work: units as they were handed out and as they are now, and a list of what was done.
//
// Every step is a value that says how the touched units and pins stood before and after, so undoing
// and doing again need no knowledge of what a step was. Nothing here knows a map or a page.

import { grounds, nearlyCloses, tidied } from "./geometry.js";
import { cleanName, cleanText, kmlText, LIMITS } from "./kml.js";

export const DIALECT = "1";
const UNDOABLE = 200; // steps that can be taken back; older ones stay as lines of the list

const copied = (value) => JSON.parse(JSON.stringify(value));
const joined = (...texts) => cleanText([...new Set(texts.filter(Boolean))].join("\n"), LIMITS.text, true);

export function freshWork(about, units) {
  const made = {};
  for (const unit of units) {
    made[unit.id] = {
      key: unit.id, cu_id: unit.id, piece: "", origin: "base", name_en: unit.name.en, name_ru: unit.name.ru,
      comment: "", rejected: false, reason: "", into: "", sources: [], polygons: unit.polygons,
    };
  }
  return { about, units: made, pins: {}, done: [], undone: [], step: 0 };
}

// One step: `units` and `pins` are what the touched ones become; null takes one away.
export function act(work, kind, { units = {}, pins = {}, facts = {} }) {
  const before = { units: {}, pins: {} };
  for (const key of Object.keys(units)) before.units[key] = work.units[key] ? copied(work.units[key]) : null;
  for (const key of Object.keys(pins)) before.pins[key] = work.pins[key] ? copied(work.pins[key]) : null;
  const step = { kind, facts, before, after: copied({ units, pins }) };
  put(work, step.after);
  work.done.push(step);
  const old = work.done.length - UNDOABLE - 1;
  if (old >= 0) work.done[old] = { kind: work.done[old].kind, facts: work.done[old].facts };
  work.undone = [];
  work.step += 1;
  return step;
}

function put(work, side) {
  for (const table of ["units", "pins"]) {
    for (const [key, value] of Object.entries(side[table])) {
      if (value === null) delete work[table][key];
      else work[table][key] = copied(value);
    }
  }
}

export function undo(work) {
  const step = work.done[work.done.length - 1];
  if (!step || !step.before) return null;
  work.done.pop();
  put(work, step.before);
  work.undone.push(step);
  work.step += 1;
  return step;
}

export function redo(work) {
  const step = work.undone.pop();
  if (!step) return null;
  put(work, step.after);
  work.done.push(step);
  work.step += 1;
  return step;
}

export const touched = (step) => (step.before ? Object.keys(step.after.units) : [step.facts.unit, ...(step.facts.into || [])]);

// Units that are there: neither merged into another nor parted.
export const present = (work) => Object.values(work.units).filter((unit) => !unit.into);

// -- steps ----------------------------------------------------------------------------------------------

export function reshape(work, key, polygons, facts) {
  return act(work, "reshaped", { units: { [key]: { ...work.units[key], polygons: tidied(polygons) } }, facts: { unit: key, ...facts } });
}

export function drawNew(work, polygons, names, facts) {
  const key = freeKey(work);
  const unit = {
    key, cu_id: "", piece: "", origin: "new", name_en: cleanName(names.en), name_ru: cleanName(names.ru), comment: "",
    rejected: false, reason: "", into: "", sources: [], polygons: tidied(polygons),
  };
  act(work, "drawn", { units: { [key]: unit }, facts: { unit: key, ...facts } });
  return key;
}

function freeKey(work) {
  const used = new Set([...Object.keys(work.units), ...work.done.concat(work.undone).flatMap(touched)]);
  let number = 1;
  while (used.has(`N${number}`)) number += 1;
  return `N${number}`;
}

// A unit becomes pieces a, b, …, which keep its id and say that they are pieces of it.
export function split(work, key, halves, facts) {
  const unit = work.units[key];
  const units = {};
  const keys = [];
  if (unit.origin === "new") {
    const other = freeKey(work);
    units[key] = { ...unit, polygons: tidied(halves[0]) };
    units[other] = { ...unit, key: other, polygons: tidied(halves[1]) };
    keys.push(key, other);
  } else {
    const letters = freeLetters(work, unit.cu_id, unit.piece ? 1 : 2);
    if (unit.piece) letters.unshift(unit.piece);
    halves.forEach((half, i) => {
      const name = `${unit.cu_id}${letters[i]}`;
      units[name] = { ...unit, key: name, piece: letters[i], polygons: tidied(half) };
      keys.push(name);
    });
    if (!unit.piece) units[key] = null;
  }
  act(work, "split", { units, facts: { unit: key, into: keys, ...facts } });
  return keys;
}

function freeLetters(work, id, count) {
  const used = new Set(Object.values(work.units).filter((unit) => unit.cu_id === id).map((unit) => unit.piece));
  return [..."abcdefghijklmnopqrstuvwxyz"].filter((letter) => !used.has(letter)).slice(0, count);
}

// `other` goes into `key`, whose ground becomes `polygons`; what its group wrote goes along: `named` is the
// name that was given to it.
export function merge(work, key, other, polygons, facts, named = "") {
  const unit = work.units[key];
  const gone = work.units[other];
  const sources = [...new Set([...unit.sources, ...gone.sources, gone.cu_id].filter((id) => id && id !== unit.cu_id))];
  const words = gone.comment || named ? `${[gone.cu_id && gone.key, named].filter(Boolean).join(" ") || gone.key}: ${gone.comment}` : "";
  const units = { [key]: { ...unit, comment: joined(unit.comment, words), sources, polygons: tidied(polygons) } };
  units[other] = gone.origin === "new" ? null : { ...gone, into: key };
  return act(work, "merged", { units, facts: { unit: key, other, ...facts } });
}

export function reject(work, key, reason) {
  return act(work, "rejected", { units: { [key]: { ...work.units[key], rejected: true, reason: cleanText(reason, 1000, true) } }, facts: { unit: key } });
}

export function keep(work, key) {
  return act(work, "kept", { units: { [key]: { ...work.units[key], rejected: false, reason: "" } }, facts: { unit: key } });
}

// Words that are still being typed are one step, however often they are kept meanwhile.
function retyped(work, kind, key) {
  const last = work.done[work.done.length - 1];
  if (!last || !last.before || last.kind !== kind || last.facts.unit !== key) return;
  work.done.pop();
  put(work, last.before);
}

export function rename(work, key, names, goesOn = false) {
  if (goesOn) retyped(work, "renamed", key);
  const unit = { ...work.units[key], name_en: cleanName(names.en), name_ru: cleanName(names.ru) };
  return act(work, "renamed", { units: { [key]: unit }, facts: { unit: key, name: unit.name_en || unit.name_ru } });
}

export function comment(work, key, text, goesOn = false) {
  if (goesOn) retyped(work, "commented", key);
  return act(work, "commented", { units: { [key]: { ...work.units[key], comment: cleanText(text, LIMITS.text, true) } }, facts: { unit: key } });
}

export function takeAway(work, key) {
  return act(work, "taken away", { units: { [key]: null }, facts: { unit: key } });
}

export function pin(work, place, text, about = "") {
  const used = new Set([...Object.keys(work.pins), ...work.done.concat(work.undone).flatMap((step) => (step.after ? Object.keys(step.after.pins) : []))]);
  let number = 1;
  while (used.has(`P${number}`)) number += 1;
  const key = `P${number}`;
  act(work, "pinned", { pins: { [key]: { key, place, text: cleanText(text, 4000, true), about } }, facts: { unit: about, text: cleanName(text) } });
  return key;
}

export function unpin(work, key) {
  return act(work, "unpinned", { pins: { [key]: null }, facts: { unit: work.pins[key].about, text: cleanName(work.pins[key].text) } });
}

// -- the list of what was done --------------------------------------------------------------------------

// Steps as lines of a protocol: reshapings of one unit that follow one another are one line.
export function protocol(work) {
  const lines = [];
  for (const step of work.done) {
    const last = lines[lines.length - 1];
    const { facts } = step;
    if (last && step.kind === "reshaped" && last.kind === "reshaped" && last.facts.unit === facts.unit) {
      last.facts = {
        ...last.facts, vertices: (last.facts.vertices || 0) + (facts.vertices || 0), after_km2: facts.after_km2,
        met_after: facts.met_after, how: last.facts.how === facts.how ? facts.how : "changed",
      };
      last.steps += 1;
    } else {
      lines.push({ kind: step.kind, facts: { ...facts }, steps: 1 });
    }
  }
  return lines;
}

// -- the file -------------------------------------------------------------------------------------------

const MOST_LINES = 500;

// The work as `edit_<group>.kml`. `base` knows what each unit was handed out with; `ticks` gives what the
// page showed of a unit; `titles` are the names of the two folders.
export function fileText(work, base, titles, ticks) {
  const marks = [];
  for (const unit of Object.values(work.units).sort((one, other) => (one.key < other.key ? -1 : 1))) {
    if (unit.into) continue;
    const given = base[unit.cu_id] || null;
    unit.polygons.forEach((rings, i) => marks.push(unitMark(work, unit, given, rings, i, ticks)));
  }
  const pins = Object.values(work.pins).map((one) => ({
    id: `pin-${one.key}`, name: cleanName(one.text).slice(0, 60) || one.key, comment: one.text, style: "pin", point: one.place,
    data: { working_group: work.about.group, draw_id: one.key, about: one.about },
  }));
  const gone = Object.values(work.units).filter((unit) => unit.into).map((unit) => `${unit.cu_id}>${targetOf(work, unit)}`);
  const about = {
    working_group: work.about.group, round: work.about.round, drawn_with: `cami-units draw ${DIALECT}`,
    merged: gone.join(";"),
    protocol: JSON.stringify(protocol(work).slice(-MOST_LINES).map((line) => ({ what: line.kind, ...line.facts }))),
  };
  const folders = [{ name: titles.units, marks }];
  if (pins.length) folders.push({ name: titles.notes, marks: pins });
  return kmlText(`${work.about.title}: ${work.about.group}`, about, folders);
}

// Where a unit that was merged ended up, however often that one was merged on; of one that was split since, in
// its first piece.
function targetOf(work, unit) {
  let target = work.units[unit.into];
  while (target && target.into) target = work.units[target.into];
  return target ? target.cu_id || target.key : (holderOf(work.units, unit.cu_id) || { key: "" }).key;
}

const holderOf = (units, id) => Object.values(units).find((unit) => !unit.into && unit.sources.includes(id));

function unitMark(work, unit, given, rings, i, ticks) {
  const same = given && given.name.en === unit.name_en && given.name.ru === unit.name_ru;
  const label = unit.cu_id ? `${unit.key} ${unit.name_en || unit.name_ru}` : unit.name_en || unit.name_ru || unit.key;
  const untouched = given && !unit.piece && !unit.sources.length && JSON.stringify(given.polygons) === JSON.stringify(unit.polygons);
  const name = cleanName(`${unit.rejected ? "X " : ""}${label}`);
  return {
    id: `${unit.key}${unit.polygons.length > 1 ? `.${i + 1}` : ""}`,
    name,
    comment: i ? "" : unit.comment,
    style: unit.rejected ? "rejected" : "unit",
    rings,
    data: {
      label: name, cu_id: unit.cu_id, part: String(i + 1), rev: given ? given.rev : "", geom_hash: untouched ? given.hashes[i] : "",
      round: work.about.round, section_id: given ? given.section : "", working_group: work.about.group,
      draw_id: unit.key, split_of: unit.piece ? unit.cu_id : "", piece: unit.piece, merged_from: unit.sources.join(";"),
      rejected: unit.rejected ? "yes" : "", reason: unit.reason,
      new_name_en: same ? "" : unit.name_en, new_name_ru: same ? "" : unit.name_ru,
      ticks: i ? "" : ticks(unit),
    },
  };
}

// -- a file that is opened ------------------------------------------------------------------------------

// What a file makes of the work: { units, pins, missing, lost, group, round }, `lost` the names of what is no ground and no pin. Its placemarks may have been
// through Google Earth: identity is the data, else the id, else the id in front of the name.
export function workOfFile(read, base, about) {
  const units = {};
  const pins = {};
  const said = read.placemarks.filter((mark) => !mark.data.layer);
  const spoken = read.placemarks.filter((mark) => mark.data.layer && mark.data.layer !== "about" && mark.comment); // on what is to look at
  const most = (values) => {
    const counted = {};
    for (const value of values.filter(Boolean)) counted[value] = (counted[value] || 0) + 1;
    return Object.keys(counted).sort((one, other) => counted[other] - counted[one])[0] || "";
  };
  let fresh = 0;
  const freshKey = () => {
    do fresh += 1; while (units[`N${fresh}`]);
    return `N${fresh}`;
  };
  const parts = new Map(); // "CU-013 2": its outline
  const lost = [];
  for (const mark of said) {
    const polygons = grounds(mark);
    if (polygons.length) {
      const part = mark.data.part || (PARTED.exec(mark.name) || ["", ""])[1];
      const unit = unitOfMark(mark, polygons, base, freshKey, units);
      const kept = added(units, unit, unit.cu_id && part ? `${unit.key} ${part}` : "", parts, base, freshKey);
      units[kept.key] = kept;
    }
    const lines = mark.lines.filter((line) => mark.polygons.length || !nearlyCloses(line));
    const isBare = !mark.polygons.length && !mark.lines.length && !mark.points.length;
    if (lines.length || (mark.polygons.length && !polygons.length) || (isBare && mark.comment)) lost.push(mark.name || mark.comment || "–");
    if (!mark.polygons.length && !polygons.length && mark.points.length) {
      const own = /^P[0-9]{1,4}$/.test(mark.data.draw_id || "") && !pins[mark.data.draw_id] ? mark.data.draw_id : "";
      const key = own || freePin(pins);
      pins[key] = { key, place: mark.points[0], text: mark.comment || mark.name, about: cleanName(mark.data.about || "") };
    }
  }
  for (const mark of spoken) {
    const [place] = [...mark.points, ...mark.lines.flat(), ...mark.polygons.flat(2)];
    const key = freePin(pins);
    if (place) pins[key] = { key, place, text: `${mark.name}: ${mark.comment}`, about: "" };
    else lost.push(mark.name || mark.comment);
  }
  for (const pair of String(read.about.merged || "").split(";").slice(0, 500)) {
    const [id, target] = pair.split(">");
    const into = (target && Object.values(units).find((unit) => unit.key === target || unit.cu_id === target)) || holderOf(units, id);
    if (base[id] && into && !units[id]) units[id] = { ...handedOut(base[id]), into: into.key };
  }
  const held = new Set(Object.values(units).map((unit) => unit.cu_id));
  const missing = Object.keys(base).filter((id) => !held.has(id));
  for (const id of missing) units[id] = handedOut(base[id]);
  return {
    units, pins, missing, lost,
    group: most([read.about.working_group, ...said.map((mark) => mark.data.working_group || mark.data.group)]) || about.group,
    round: most([read.about.round, ...said.map((mark) => mark.data.round)]) || about.round,
  };
}

function freePin(pins) {
  let number = 1000;
  while (pins[`P${number}`]) number += 1;
  return `P${number}`;
}

function handedOut(given) {
  return {
    key: given.id, cu_id: given.id, piece: "", origin: "base", name_en: given.name.en, name_ru: given.name.ru, comment: "",
    rejected: false, reason: "", into: "", sources: [], polygons: given.polygons,
  };
}

const REJECTED = /^[XХxх]\s+/; // a Latin or a Cyrillic X, as people type it
const LISTED = /^(CU-\d{1,6})([a-z]?)\b/;
const PARTED = /\s\((?:part|часть|部分|хэсэг) ([0-9]+)\)$/i; // as a pack says it in each language; "(sector 2)" is a name

// A unit that has come before in the file: another part of it, as people write into the balloon of any; or a copy of a
// part, which is a shape of its own, as `collect` has it.
function added(units, unit, place, parts, base, freshKey) {
  const known = units[unit.key];
  const outline = JSON.stringify(unit.polygons);
  const isCopy = parts.has(place) && parts.get(place) !== outline;
  if (isCopy) return { ...unit, key: freshKey(), cu_id: "", piece: "", origin: "new", sources: [] };
  const isAgain = parts.has(place);
  if (place) parts.set(place, outline);
  if (!known || !unit.cu_id) return unit;
  const given = base[unit.cu_id].name;
  return {
    ...known,
    name_en: known.name_en === given.en ? unit.name_en : known.name_en,
    name_ru: known.name_ru === given.ru ? unit.name_ru : known.name_ru,
    comment: joined(known.comment, unit.comment),
    rejected: known.rejected || unit.rejected,
    reason: known.reason || unit.reason,
    polygons: isAgain ? known.polygons : tidied([...known.polygons, ...unit.polygons]),
  };
}

function unitOfMark(mark, polygons, base, freshKey, units) {
  const bare = mark.name.replace(REJECTED, "");
  const named = LISTED.exec(bare);
  const byId = LISTED.exec(mark.id);
  const id = [mark.data.cu_id, byId && byId[1], named && named[1]].find((one) => one && base[one]) || "";
  const piece = id && /^[a-z]$/.test(mark.data.piece || "") ? mark.data.piece : "";
  const drawn = /^N[0-9]{1,5}$/.test(mark.data.draw_id || "") && !units[mark.data.draw_id] ? mark.data.draw_id : "";
  const key = id ? `${id}${piece}` : drawn || freshKey();
  const given = id ? base[id] : null;
  const whole = given ? bare.replace(PARTED, "") : bare;
  const text = named ? whole.slice(named[0].length).trim() : whole;
  const names = given ? { ...given.name } : { en: "", ru: "" };
  // while the name is the one that this page wrote, its facts stand; else somebody has typed another
  const stands = Boolean(mark.data.label) && cleanName(mark.data.label) === mark.name;
  if (stands && (mark.data.new_name_en || mark.data.new_name_ru)) {
    names.en = cleanName(mark.data.new_name_en || "");
    names.ru = cleanName(mark.data.new_name_ru || "");
  } else if (!stands && text && text !== names.en && text !== names.ru) {
    names[/[\u0400-\u04ff]/.test(text) ? "ru" : "en"] = text;
  }
  return {
    key, cu_id: id, piece, origin: id ? "base" : "new", name_en: names.en, name_ru: names.ru, comment: mark.comment,
    rejected: stands ? mark.data.rejected === "yes" : REJECTED.test(mark.name), reason: cleanText(mark.data.reason || "", 1000, true),
    into: "", sources: String(mark.data.merged_from || "").split(";").filter((one) => base[one]), polygons,
  };
}
