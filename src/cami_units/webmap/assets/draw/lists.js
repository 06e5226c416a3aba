// Units of the group, units of the neighbours, and what was done, as lists.

import { protocol } from "./workshop.js";
import { measured, metList } from "./card.js";
import { inList, make, nameIn, nameOf, node, number, signedFigure, withAside, withLabel, word } from "./words.js";

const marksOf = (unit) => {
  const known = measured(unit);
  if (!known) return null;
  const decided = known.close.has("decision") ? "≈" : known.decision === "proposed CU" ? "✓" : known.decision === "area of interest" ? "?" : "✗";
  return make("span", { class: "marks" }, decided);
};

export function listUnits(units, chosen, choose) {
  const rows = units.map((unit) => make("li", {},
    make("button", {
      type: "button", class: `unit-row ${unit.rejected ? "rejected" : ""}`, "data-key": unit.key,
      "aria-current": unit.key === chosen ? "true" : null, onclick: () => choose(unit.key, true),
    },
    make("span", { class: "id" }, unit.key), make("span", { class: "what" }, nameOf(unit) || word("draw no name"), unit.rejected ? withAside("", word("rejected")) : ""), marksOf(unit))));
  showRows(node("units"), rows);
}

// A row that says what it said stays where it is: who presses on it while a field is being left must still hit it.
function showRows(list, rows) {
  rows.forEach((row, i) => {
    const old = list.children[i];
    if (!old) list.append(row);
    else if (!old.isEqualNode(row)) old.replaceWith(row);
  });
  while (list.children.length > rows.length) list.lastChild.remove();
}

export function listOthers(others, chosen, choose) {
  node("others-box").hidden = !others.length;
  showRows(node("others"), others.map((unit) => make("li", {},
    make("button", { type: "button", class: "unit-row", "aria-current": unit.id === chosen ? "true" : null, onclick: () => choose(unit.id, false) },
      make("span", { class: "id" }, unit.id), make("span", { class: "what" }, nameIn(unit.name)),
      make("span", { class: "marks" }, unit.group)))));
}

// One line of the protocol: "CU-002: 14 vertices moved, +3,210 km², lost C2".
export function lineText(line) {
  const { facts } = line;
  const parts = [word(`draw did ${line.kind}${line.kind === "reshaped" && facts.how ? ` ${facts.how}` : ""}`, {
    ...facts, n: facts.vertices || 0, into: inList(facts.into || []),
  })];
  if (facts.before_km2 !== undefined && facts.after_km2 !== undefined && Math.abs(facts.after_km2 - facts.before_km2) >= 0.5) {
    parts.push(`${signedFigure(facts.after_km2 - facts.before_km2)} ${word("km2")}`);
  } else if (facts.after_km2 !== undefined && facts.before_km2 === undefined) {
    parts.push(`${number(facts.after_km2)} ${word("km2")}`);
  }
  if (facts.met_before && facts.met_after) {
    const lost = facts.met_before.filter((name) => !facts.met_after.includes(name));
    const gained = facts.met_after.filter((name) => !facts.met_before.includes(name));
    if (lost.length) parts.push(word("draw lost", { list: inList(lost) }));
    if (gained.length) parts.push(word("draw gained", { list: inList(gained) }));
  }
  return facts.unit ? withLabel(facts.unit, inList(parts)) : inList(parts);
}

export function listDone(work) {
  const lines = protocol(work);
  node("done").replaceChildren(...lines.map((line) => make("li", {}, lineText(line))).reverse());
  node("done-none").hidden = lines.length > 0;
}

// What a change of an outline is told with.
export function changeFacts(before, after) {
  const facts = {};
  const [was, is] = [before && measured(before), after && measured(after)];
  if (was) Object.assign(facts, { before_km2: Math.round(was.km2), met_before: metList(was) });
  if (is) Object.assign(facts, { after_km2: Math.round(is.km2), met_after: metList(is) });
  return facts;
}

