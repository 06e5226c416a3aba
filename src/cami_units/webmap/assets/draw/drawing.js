// Everything together: what a hand, a key or a file asks for becomes a step of the work; every step is kept
// in the browser at once, and the card, the lists and the map show it.

import { factList, findingRows, measured, measureOn, ticksOf, titleOf } from "./card.js";
import { countedSpecies } from "./criteria.js";
import { drawOthers, drawPins, drawUnits, finish, hand, insertVertex, layOver, nextVertex, onHand, removeVertex, setMode, showWhole, snapTo, stepBack, takeUp, vertexKey } from "./editor.js";
import { difference, intersection, nearlyCloses, onGlobe, selfCrossing, splitByLine, union } from "./geometry.js";
import { cleanName, cleanText, FileFault, kmlOfFile, LIMITS, placemarks } from "./kml.js";
import { unpackedLayers } from "./layers.js";
import { changeFacts, listDone, listOthers, listUnits } from "./lists.js";
import { map, showLayer } from "./sheet.js";
import { drawer } from "./store.js";
import { data, inList, make, nameIn, node, onLanguage, say, speak, speech, withLabel, word } from "./words.js";
import { act, comment, drawNew, fileText, freshWork, keep, merge, pin, present, redo, reject, rename, reshape, split, takeAway, touched, undo, unpin, workOfFile } from "./workshop.js";

const STEPS = 1e5;

// Outlines travel as differences of hundred-thousandths of a degree.
function outlineOf(packed) {
  return packed.map((rings) => rings.map((flat) => {
    let x = 0;
    let y = 0;
    const ring = [];
    for (let i = 0; i < flat.length; i += 2) {
      x += flat[i];
      y += flat[i + 1];
      ring.push([x / STEPS, y / STEPS]);
    }
    return ring;
  }));
}

const base = Object.fromEntries(data.units.map((unit) => [unit.id, { ...unit, polygons: outlineOf(unit.g) }]));
const others = data.others.map((unit) => ({ ...unit, polygons: outlineOf(unit.g) }));
const about = { group: data.group, round: data.round, title: data.title };
const state = { work: freshWork(about, Object.values(base)), chosen: null, own: true, drawer: null, saved: 0 };

const unitOf = (key) => state.work.units[key];
const asGiven = (unit) => (unit && base[unit.cu_id] && !unit.piece
  ? { cu_id: unit.cu_id, polygons: base[unit.cu_id].polygons } : null);
const beforeOf = (unit) => (asGiven(unit) ? measured(asGiven(unit)) : null);

// -- showing ----------------------------------------------------------------------------------------------

function show() {
  const units = present(state.work).sort((one, other) => (one.key < other.key ? -1 : 1));
  if (state.own && state.chosen && (!unitOf(state.chosen) || unitOf(state.chosen).into)) state.chosen = null;
  const chosen = state.own && state.chosen ? unitOf(state.chosen) : null;
  snapTo([...units.filter((unit) => unit !== chosen).map((unit) => unit.polygons), ...others.map((unit) => unit.polygons)]);
  takeUp(chosen);
  drawUnits(units, base);
  drawPins(Object.values(state.work.pins));
  listUnits(units, state.chosen, chooseFromList);
  listOthers(others, state.chosen, chooseFromList);
  listDone(state.work);
  showCard(chosen);
  showTools(chosen);
}

function showTools(chosen) {
  node("undo").disabled = !state.work.done.length || !state.work.done[state.work.done.length - 1].before;
  node("redo").disabled = !state.work.undone.length;
  for (const button of document.querySelectorAll("[data-mode]")) {
    const needs = button.dataset.needs === "unit";
    button.disabled = needs && (!chosen || chosen.rejected);
    button.setAttribute("aria-pressed", String(button.dataset.mode === hand.mode));
  }
  node("snap").setAttribute("aria-pressed", String(hand.snap));
  const drafting = ["draw", "split", "hole"].includes(hand.mode);
  for (const id of ["finish", "cancel"]) node(id).hidden = !drafting && !(id === "cancel" && ["pin", "merge", "move"].includes(hand.mode));
  node("finish").disabled = hand.draft.length < (hand.mode === "split" ? 2 : 3);
  for (const id of ["vertices", "vertex-before", "vertex-after", "vertex-add", "vertex-remove"]) {
    node(id).hidden = !chosen || chosen.rejected || drafting;
  }
  hint(["draw", "split", "hole", "merge", "pin", "move"].includes(hand.mode) ? word(`draw hint ${hand.mode}`) : "");
}

function hint(text) {
  node("hint").textContent = text;
  node("hint").hidden = !text;
}

// -- the card -----------------------------------------------------------------------------------------------

function showCard(unit) {
  const card = node("card");
  if (!unit) {
    card.dataset.shown = "";
    const other = !state.own && others.find((one) => one.id === state.chosen);
    card.replaceChildren(...(other ? otherCard(other) : [make("p", { class: "nothing" }, word("draw choose"))]));
    return;
  }
  // the form stays while the unit does: whoever types in it must not lose the place
  const shown = `${unit.key} ${unit.rejected} ${unit.sources} ${speech.lang}`;
  if (card.dataset.shown === shown && node("verdict")) {
    node("unit-title").textContent = titleOf(unit);
    for (const [id, value] of [["name-en", unit.name_en], ["name-ru", unit.name_ru], ["said-of", unit.comment]]) {
      if (node(id) !== document.activeElement) node(id).value = value;
    }
    showVerdict(unit);
    return;
  }
  card.dataset.shown = shown;
  card.replaceChildren(
    make("header", {}, make("h2", { id: "unit-title" }, titleOf(unit)), unit.sources.length ? make("p", { class: "note" }, word("draw holds", { list: inList(unit.sources) })) : null),
    make("div", { id: "verdict" }),
    form(unit),
  );
  showVerdict(unit);
}

// Only the part of the card that follows the pointer.
function showVerdict(unit) {
  const box = node("verdict");
  if (!box) return;
  const known = measured(unit);
  if (!known) {
    box.replaceChildren(make("p", { class: "note" }, word("draw no measure")));
    return;
  }
  const before = beforeOf(unit);
  box.replaceChildren(
    known.crossing ? make("p", { class: "warning", role: "alert" }, word("draw crosses", { lat: known.crossing[1].toFixed(2), lon: onGlobe(known.crossing[0]).toFixed(2) })) : "",
    factList(known, before),
    make("table", { class: "findings" }, make("caption", {}, word("draw verdict")), make("tbody", {}, findingRows(known, before, showLayer))),
    make("p", { class: "note" }, word("draw estimate")),
  );
  node("card").dataset.km2 = String(known.km2);
}

const TYPING_MS = 600; // a pause after which what is being typed is kept
let pause = 0;
let goesOn = false; // whether what is typed now goes on a step that was kept in a pause
let typed = null; // what keeps the words typed since the last time; null: there are none

function keepTyped() {
  clearTimeout(pause);
  const keep = typed;
  typed = null;
  if (keep) keep();
}

function form(unit) {
  const field = (id, label, value, tag = "input") => {
    const input = make(tag, { id, lang: id.startsWith("name") ? id.slice(-2) : null, maxlength: id === "said-of" ? LIMITS.text : LIMITS.name, rows: tag === "textarea" ? 3 : null });
    input.value = value;
    return [make("label", { for: id }, label), input];
  };
  const box = make("div", { class: "form" },
    field("name-en", word("draw name en"), unit.name_en), field("name-ru", word("draw name ru"), unit.name_ru),
    field("said-of", word("draw comment"), unit.comment, "textarea"));
  const keepWords = () => {
    const now = unitOf(unit.key);
    const [en, ru, text] = ["name-en", "name-ru", "said-of"].map((id) => box.querySelector(`#${id}`).value);
    if (!now) return;
    const isNamed = cleanName(en) !== now.name_en || cleanName(ru) !== now.name_ru;
    const isSaid = cleanText(text, LIMITS.text, true) !== now.comment;
    if (isNamed) rename(state.work, unit.key, { en, ru }, goesOn);
    if (isSaid) comment(state.work, unit.key, text, goesOn);
    if (isNamed || isSaid) did();
    goesOn = goesOn || isNamed || isSaid;
  };
  // Words are kept while they are typed, as whoever types may close the page or be cut off: one step until the field is left.
  box.addEventListener("input", () => {
    clearTimeout(pause);
    typed = keepWords;
    pause = setTimeout(keepTyped, TYPING_MS);
  });
  for (const left of ["change", "focusout"]) {
    box.addEventListener(left, () => {
      keepTyped();
      goesOn = false;
    });
  }
  const buttons = make("div", { class: "row" });
  if (unit.origin === "new") buttons.append(make("button", { type: "button", id: "take-away", onclick: () => did(takeAway(state.work, unit.key)) }, word("draw take away")));
  else if (unit.rejected) buttons.append(make("button", { type: "button", id: "keep", onclick: () => did(keep(state.work, unit.key)) }, word("draw keep")));
  else buttons.append(make("button", { type: "button", id: "reject", onclick: () => askReject(unit) }, word("draw reject")));
  box.append(buttons);
  if (unit.rejected && unit.reason) box.append(make("p", { class: "note" }, withLabel(word("draw reason"), unit.reason)));
  return box;
}

async function askReject(unit) {
  const reason = await ask(word("draw ask reason", { unit: titleOf(unit) }), word("draw reject"));
  if (reason !== null) did(reject(state.work, unit.key, reason));
}

function otherCard(unit) {
  return [
    make("header", {}, make("h2", {}, `${unit.id} ${nameIn(unit.name)}`), make("p", { class: "note" }, word("draw neighbour", { group: unit.group || "–" }))),
    make("button", { type: "button", id: "say-of-other", onclick: async () => {
      const text = await ask(word("draw ask remark", { unit: unit.id }), word("draw say it"));
      if (!text) return;
      const ring = unit.polygons[0][0];
      const middle = [ring.reduce((sum, p) => sum + p[0], 0) / ring.length, ring.reduce((sum, p) => sum + p[1], 0) / ring.length];
      pin(state.work, middle.map((one) => Math.round(one * STEPS) / STEPS), `${unit.id}: ${text}`, unit.id);
      did();
    } }, word("draw say of it")),
  ];
}

// -- dialogs --------------------------------------------------------------------------------------------------

// A question with a line for the answer; null when it is called off.
function ask(question, yes, { text = true, choices = null } = {}) {
  const box = node("ask");
  return new Promise((resolve) => {
    const input = text ? make("textarea", { id: "answer", rows: 3, maxlength: 1000, "aria-label": question }) : null;
    const close = (value) => {
      box.close();
      box.replaceChildren();
      resolve(value);
    };
    const buttons = choices
      ? choices.map(([value, label]) => make("button", { type: "button", "data-choice": value, onclick: () => close(value) }, label))
      : [make("button", { type: "button", class: "main", id: "yes", onclick: () => close(input ? input.value.trim() : "yes") }, yes),
        make("button", { type: "button", id: "no", onclick: () => close(null) }, word("draw cancel"))];
    box.oncancel = (event) => {
      event.preventDefault();
      close(null);
    };
    box.replaceChildren(make("p", { id: "question" }, question), input || "", make("div", { class: "row" }, buttons));
    box.showModal();
    (input || buttons[0]).focus();
  });
}

// -- steps ------------------------------------------------------------------------------------------------------

function choose(key, own) {
  if (hand.mode === "merge" && own && key && key !== state.chosen) {
    mergeWith(key);
    return;
  }
  const changed = state.chosen !== key;
  state.chosen = key;
  state.own = own;
  if (changed && ["split", "hole", "merge"].includes(hand.mode)) setMode("edit");
  show();
  const shape = own ? key && unitOf(key) : others.find((one) => one.id === key);
  if (shape && changed) say(own ? `${titleOf(shape)}. ${word("draw chosen")}` : shape.id);
}

function chooseFromList(key, own) {
  const merging = hand.mode === "merge";
  choose(key, own);
  const shape = own ? unitOf(key) : others.find((one) => one.id === key);
  const row = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (row) row.focus();
  // the map first: it cannot be fitted to anything while another tab hides it
  if (window.matchMedia("(max-width: 760px)").matches) showTab("map");
  if (shape && !merging) showWhole(shape.polygons);
}

function did() {
  show();
  keepWork();
  // a button that went with what it did leaves whoever works by keys at the unit, not at the top of the page
  const at = document.activeElement;
  const row = state.chosen && document.querySelector(`[data-key="${CSS.escape(state.chosen)}"]`);
  if (row && (at === document.body || !at.getClientRects().length)) row.focus({ preventScroll: true });
}

let waiting = Promise.resolve();
function keepWork() {
  if (!state.drawer) return waiting;
  const tell = (key) => {
    node("kept").dataset.t = key; // in whatever language the page speaks from now on
    node("kept").textContent = word(key);
  };
  tell("draw keeping");
  const { step } = state.work;
  waiting = state.drawer.keep(state.work).then((kept) => {
    document.documentElement.dataset.kept = String(step);
    tell(kept ? "draw kept" : "draw not kept");
    node("kept").classList.toggle("warning", !kept);
  });
  return waiting;
}

// Two tabs are one work: what the other has done since is done here too. A work that was started anew
// there is no going on of this one, and which of them counts is asked.
async function followOtherTab() {
  if (!document.documentElement.dataset.begun || node("ask").open) return;
  const theirs = state.drawer.others();
  if (!theirs) return;
  const counts = [["theirs", word("draw other tab")], ["here", word("draw this tab")]];
  const goesOn = theirs.step > state.work.step;
  const answer = goesOn ? "theirs" : await ask(word("draw two tabs", { n: theirs.done.length, here: state.work.done.length }), "", { text: false, choices: counts });
  if (answer !== "theirs") {
    keepWork();
    return;
  }
  state.work = { ...theirs, about };
  if (state.own && !(unitOf(state.chosen) || {}).polygons) state.chosen = null;
  setMode("edit");
  show();
  told(word("draw followed"));
}

function changed(key, polygons, how, vertices) {
  const unit = unitOf(key);
  const after = { ...unit, polygons };
  const facts = changeFacts(unit, after);
  const selected = hand.vertex;
  reshape(state.work, key, polygons, { how, vertices, ...facts });
  hand.vertex = selected;
  did();
}

function drawn(mode, draft) {
  const unit = state.own && state.chosen ? unitOf(state.chosen) : null;
  if (mode === "draw") {
    const polygons = [[draft]];
    if (selfCrossing(polygons)) {
      told(word("draw crosses itself"));
      setMode("draw");
      return;
    }
    const key = drawNew(state.work, polygons, { en: word("draw new unit"), ru: "" }, changeFacts(null, { cu_id: "", polygons }));
    state.chosen = key;
    state.own = true;
  } else if (mode === "split" && unit) {
    const halves = splitByLine(unit.polygons, draft);
    if (!halves) {
      told(word("draw no split"));
      setMode("split");
      return;
    }
    const [key] = split(state.work, unit.key, halves, {});
    state.chosen = key;
  } else if (mode === "hole" && unit) {
    const rest = selfCrossing([[draft]]) ? [] : difference(unit.polygons, [[draft]]);
    if (!rest.length || !intersection(unit.polygons, [[draft]]).length) {
      told(word("draw no hole"));
      setMode("hole");
      return;
    }
    reshape(state.work, unit.key, rest, { how: "hole", vertices: draft.length, ...changeFacts(unit, { ...unit, polygons: rest }) });
  }
  setMode("edit");
  did();
}

// The names that the group itself has given to a unit.
function givenName(unit) {
  const given = base[unit.cu_id] ? Object.values(base[unit.cu_id].name) : data.languages.map((lang) => data.words[lang]["draw new unit"]);
  return [...new Set([unit.name_en, unit.name_ru])].filter((name) => name && !given.includes(name)).join(" / ");
}

function mergeWith(other) {
  const unit = unitOf(state.chosen);
  const gone = unitOf(other);
  if (!unit || !gone) return;
  if (gone.rejected) {
    told(word("draw no merge"));
    return;
  }
  const whole = union(unit.polygons, gone.polygons);
  if (!whole.length) {
    told(word("draw no merge"));
    return;
  }
  merge(state.work, unit.key, other, whole, changeFacts(unit, { ...unit, polygons: whole }), givenName(gone));
  setMode("edit");
  did();
}

function told(text) {
  hint(text);
  if (text) say(text);
}

function takeBack(step, key) {
  if (!step) return;
  const units = touched(step).filter((one) => unitOf(one) && !unitOf(one).into);
  if (units.length && !units.includes(state.chosen)) {
    [state.chosen] = units;
    state.own = true;
  }
  setMode("edit");
  did();
  say(word(key));
}

onHand({
  changed,
  drawn,
  chosen: (key, own) => choose(key, own),
  preview: (unit) => showVerdict(unit),
  told: (text) => hand.mode === "edit" && hint(text),
  drafted: () => showTools(state.own && state.chosen ? unitOf(state.chosen) : null),
  pin: async (key) => {
    const one = state.work.pins[key];
    const answer = await ask(one.text, "", { text: false, choices: [["keep", word("draw close pin")], ["away", word("draw take away")]] });
    if (answer === "away") {
      unpin(state.work, key);
      did();
    }
  },
  placed: async (at) => {
    setMode("edit");
    const text = await ask(word("draw ask pin"), word("draw pin it"));
    if (text) pin(state.work, at, text);
    did();
  },
});

// -- files --------------------------------------------------------------------------------------------------------

const titles = () => ({ units: data.folders[speech.lang].units, notes: data.folders[speech.lang].notes });

function save() {
  keepTyped();
  const text = fileText(state.work, base, titles(), ticksOf);
  const link = make("a", { download: `edit_${data.group}.kml`, href: URL.createObjectURL(new Blob([text], { type: "application/vnd.google-earth.kml+xml" })) });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  state.saved = state.work.step;
  told(word("draw saved", { file: `edit_${data.group}.kml` }));
}

async function openFile(file) {
  if (!file) return;
  keepTyped();
  try {
    if (file.size > LIMITS.bytes) throw new FileFault("draw file large");
    const [west, , east] = data.base.frame;
    const seam = east > 180 ? (west + east) / 2 - 180 : -180;
    const read = placemarks(await kmlOfFile(new Uint8Array(await file.arrayBuffer())), seam);
    const found = workOfFile(read, base, about);
    if (!read.placemarks.some((mark) => mark.polygons.length || mark.points.length || mark.lines.some(nearlyCloses))) throw read.faults.length ? read.faults[0].fault : new FileFault("draw file nothing");
    await offer(found, cleanName(file.name), read.faults.map(({ name }) => name));
  } catch (fault) {
    told(word(fault instanceof FileFault ? fault.key : "draw file broken"));
  }
}

// What becomes of an opened file is asked, never assumed: two files are never mixed in silence.
async function offer(found, name, unread) {
  const units = Object.values(found.units).filter((unit) => !unit.into);
  const facts = { file: name, units: units.length - found.missing.length, pins: Object.keys(found.pins).length, group: found.group, round: found.round };
  const odd = found.group !== about.group || found.round !== about.round;
  const said = [
    word("draw opened", facts),
    odd ? word("draw opened other", facts) : "",
    unread.length ? word("draw opened unread", { list: inList(unread.slice(0, 5)), count: unread.length }) : "",
    found.missing.length ? word("draw opened missing", { list: inList(found.missing) }) : "",
    found.lost.length ? word("draw opened lost", { list: inList(found.lost.slice(0, 5)), count: found.lost.length }) : "",
  ];
  const answer = await ask(said.filter(Boolean).join(" "), "", { text: false, choices: [["go on", word("draw go on from it")], ["over", word("draw lay over")], ["no", word("draw cancel")]] });
  if (answer === "go on") {
    const gone = (table, kept) => Object.fromEntries(Object.keys(state.work[table]).filter((key) => !kept[key]).map((key) => [key, null]));
    act(state.work, "opened", {
      units: { ...gone("units", found.units), ...found.units },
      pins: { ...gone("pins", found.pins), ...found.pins },
      facts: { file: name },
    });
    layOver([]);
    setMode("edit");
    did();
  } else if (answer === "over") {
    layOver(units);
    told(word("draw laid over", { file: name }));
    if (units.length) showWhole(units.flatMap((unit) => unit.polygons));
  }
}

// -- tools ------------------------------------------------------------------------------------------------------------

const onClick = (id, what) => node(id).addEventListener("click", what);
onClick("undo", () => takeBack(undo(state.work), "draw undone"));
onClick("redo", () => takeBack(redo(state.work), "draw redone"));
onClick("save", save);
onClick("open", () => node("file").click());
node("file").addEventListener("change", (event) => {
  openFile(event.target.files[0]);
  event.target.value = "";
});
onClick("finish", finish);
onClick("cancel", () => {
  setMode("edit");
  show();
});
onClick("snap", () => {
  hand.snap = !hand.snap;
  show();
});
onClick("show-layers", () => {
  node("layers").hidden = !node("layers").hidden;
  node("show-layers").setAttribute("aria-expanded", String(!node("layers").hidden));
});
onClick("vertex-before", () => nextVertex(-1));
onClick("vertex-after", () => nextVertex(1));
onClick("vertex-add", insertVertex);
onClick("vertex-remove", () => removeVertex(hand.vertex));
node("vertices").addEventListener("keydown", vertexKey);
for (const button of document.querySelectorAll("[data-mode]")) {
  button.addEventListener("click", () => {
    setMode(hand.mode === button.dataset.mode ? "edit" : button.dataset.mode);
    show();
    node("toolbar").scrollLeft = 0; // on a phone the row is longer than the screen, and ends what was begun at its start
    if (["draw", "split", "hole", "pin"].includes(hand.mode)) map.getContainer().focus();
    else if (hand.mode === "move") node("vertices").focus();
  });
}
for (const button of document.querySelectorAll("[data-lang]")) button.addEventListener("click", () => speak(button.dataset.lang));
document.addEventListener("keydown", (event) => {
  if (node("ask").open) return;
  const typing = /^(INPUT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox";
  const command = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (command && key === "s") save();
  else if (command && key === "o") node("file").click();
  else if (command && !typing && key === "z" && !event.shiftKey) takeBack(undo(state.work), "draw undone");
  else if (command && !typing && (key === "y" || (key === "z" && event.shiftKey))) takeBack(redo(state.work), "draw redone");
  else if (key === "escape" && hand.mode !== "edit") {
    setMode("edit");
    show();
  } else return;
  event.preventDefault();
});
const sheet = node("map");
sheet.addEventListener("dragover", (event) => event.preventDefault());
sheet.addEventListener("drop", (event) => {
  event.preventDefault();
  openFile(event.dataTransfer.files[0]);
});
window.addEventListener("pagehide", keepTyped);
document.addEventListener("visibilitychange", () => document.hidden && keepTyped());
// Leaving is safe: the work is kept. What is asked about is only a file that was not saved since.
window.addEventListener("beforeunload", (event) => {
  if (node("kept").classList.contains("warning") && state.work.step !== state.saved) event.preventDefault();
});

function showTab(name) {
  document.body.dataset.tab = name;
  for (const button of document.querySelectorAll("[data-tab-of]")) button.setAttribute("aria-pressed", String(button.dataset.tabOf === name));
  map.invalidateSize({ animate: false });
}
for (const button of document.querySelectorAll("[data-tab-of]")) button.addEventListener("click", () => showTab(button.dataset.tabOf));
// tools come and go and the map grows and shrinks with them: clicks must still fall where they are seen
new ResizeObserver(() => map.invalidateSize({ animate: false, pan: false })).observe(map.getContainer());

onLanguage(show);

// -- the first view ---------------------------------------------------------------------------------------------------

async function start() {
  showTab("map");
  map.getContainer().setAttribute("role", "application");
  map.getContainer().dataset.label = "draw map";
  drawOthers(others);
  const layers = await unpackedLayers(data.ground);
  measureOn(layers, countedSpecies(data.counted, data.profile));
  setMode("edit");
  speak(data.lang);
  const all = Object.values(base).flatMap((unit) => unit.polygons).flat(2).map(([lon, lat]) => [lat, lon]);
  if (all.length) map.fitBounds(all, { padding: [60, 60], maxZoom: 9, animate: false });
  state.drawer = await drawer(`cami-units ${data.key}`);
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
  const { saved } = state.drawer;
  if (saved && saved.step > 0 && saved.done && saved.done.length) {
    const answer = await ask(word("draw unsaved", { n: saved.done.length }), "", { text: false, choices: [["go on", word("draw go on")], ["anew", word("draw start anew")]] });
    // what is started anew is overwritten by its first step only: a slip of the finger loses nothing yet
    // meanwhile another tab may have gone on with it
    if (answer !== "anew") state.work = { ...(state.drawer.others() || saved), about };
    show();
  }
  document.documentElement.dataset.begun = "yes";
  state.drawer.onOthers(followOtherTab);
}

// For tests and benchmarks only: what a script outside may look at.
window.camiDraw = { state, hand, map, measured, preview: showVerdict, openText: (text) => openFile(new File([text], "opened.kml")) };
start();
