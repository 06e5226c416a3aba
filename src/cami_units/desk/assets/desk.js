"use strict";
// The pages work without this script: it saves a reload, takes drops, and lets a second window follow.
const body = document.body;
let version = Number(body.dataset.version);
let live = document.getElementById("live");

// The board speaks the language of the desk, and shows a decision before it is drawn anew.
function inBoard(act, frame = live) {
  try {
    const board = frame && frame.contentDocument;
    if (board && board.readyState === "complete") act(board);
  } catch { /* it is being loaded */ }
}
let decided = null;
function sayDecided() {
  if (!live || !decided || !decided.unit) return;
  // A board that was drawn since says more than this line: who, why and when.
  if (decided.drawn && Number(live.dataset.board) >= Number(decided.drawn)) return;
  inBoard((board) => {
    const here = '[data-unit="' + CSS.escape(decided.unit) + '"]';
    if (decided.asked || decided.closed) {
      for (const slide of board.querySelectorAll(".slide" + here)) sayQuestion(board, slide);
      board.defaultView.dispatchEvent(new Event("resize"));
      return;
    }
    for (const slide of board.querySelectorAll(".slide" + here)) {
      let line = slide.querySelector(".standing");
      if (!line) {
        line = board.createElement("p");
        line.className = "standing";
        slide.querySelector(".head").after(line);
      }
      line.textContent = decided.banner;
      const status = slide.querySelector(".status");
      if (status && status.lastChild) status.lastChild.textContent = " " + decided.status;
    }
    board.defaultView.dispatchEvent(new Event("resize"));  // the slide makes room for the line
    for (const dot of board.querySelectorAll(".slide" + here + " .status rect, .units li" + here + " rect")) {
      dot.setAttribute("fill", decided.colour);
    }
  });
}
// One more question among those that are open, or one less.
function sayQuestion(board, slide) {
  let open = slide.querySelector(".open");
  if (!open) {
    open = board.createElement("div");
    open.className = "open";
    open.append(board.createElement("b"), board.createElement("ul"));
    open.firstChild.textContent = decided.openSaid;
    slide.querySelector(".who").after(open);
  }
  const rows = [...open.querySelectorAll("li")];
  if (decided.asked && !rows.some((row) => row.textContent === decided.asked)) {
    open.lastChild.prepend(board.createElement("li"));
    open.lastChild.firstChild.textContent = decided.asked;
  }
  const answered = decided.closed && rows.find((row) => row.textContent === decided.closed);
  if (answered) answered.remove();
  open.hidden = !open.querySelector("li");
}
// On a telephone the board lies below the decision: a browser that goes to a unit in it scrolls this page too.
let scrolled = false;
for (const name of ["wheel", "touchmove", "keydown"]) {
  addEventListener(name, () => { scrolled = true; }, { once: true, passive: true });
}
function tend(frame) {
  frame.addEventListener("load", () => {
    if (!scrolled) scrollTo(0, 0);
    inBoard((board) => {
      const lang = document.documentElement.lang;
      const button = board.querySelector('.to-language[value="' + CSS.escape(lang) + '"]');
      if (button) button.click();
      board.addEventListener("drop", () => setTimeout(() => {
        const shown = board.querySelector(".board.on .units");
        if (shown) keepOrder([...shown.children].map((item) => item.dataset.unit));
      }, 0));
    }, frame);
    sayDecided();
  });
}
if (live) tend(live);
// What stands behind the # of a board; null: the desk was away when it was asked for, and the browser's own
// page, which nobody may look into, stands there in its place.
function hashOf(frame) {
  try { return frame.contentWindow.location.hash; } catch { return null; }
}
// A new board is loaded behind the one that is shown, and takes its place once it is there.
function swapBoard(board) {
  const next = live.cloneNode();
  next.dataset.board = board;
  next.removeAttribute("id");
  next.classList.add("behind");
  tend(next);
  next.addEventListener("load", () => {
    if (next !== waiting) return;
    const anchor = hashOf(live) || "";
    if (hashOf(next) === null) {
      // the board that is there stays, and the new one is asked for again
      next.remove();
      waiting = null;
      return;
    }
    if (hashOf(next) !== anchor) next.contentWindow.location.hash = anchor;
    next.dataset.unit = live.dataset.unit || "";
    live.remove();
    next.id = "live";
    next.classList.remove("behind");
    live = next;
    waiting = null;
    inBoard((board) => board.defaultView.dispatchEvent(new Event("resize")));
    sayDecided();
  });
  if (waiting) waiting.remove();
  waiting = next;
  next.src = "/files/live/board.html?v=" + encodeURIComponent(board) + (hashOf(live) || "");
  live.after(next);
}
let waiting = null;
function keepOrder(units) {
  for (const field of document.querySelectorAll("[name=order]")) field.value = "hand"; // whatever was asked for before
  fetch("/order", { method: "POST", body: new URLSearchParams({ order: units.join(";") }) }).catch(() => {});
}

function follow(state) {
  decided = state.banner
    ? { unit: state.decided_unit, banner: state.banner, status: state.decided_status, colour: state.decided_colour, drawn: state.drawn,
        asked: state.asked, closed: state.closed, openSaid: state.open_said }
    : null;
  const board = (waiting || live || body).dataset.board;
  // Before the line: a page that was just opened shows the newest board, which says more.
  if (live && !board) live.dataset.board = state.board;
  sayDecided();
  if (live && board && state.board !== board) swapBoard(state.board);
  if (body.dataset.page === "screen") {
    if (live && state.unit && live.dataset.unit !== state.unit && hashOf(live) !== null) {
      live.dataset.unit = state.unit;
      live.contentWindow.location.hash = state.unit;
    }
    const banner = document.getElementById("banner");
    // the slide of that unit says it itself
    banner.hidden = !state.banner || (hashOf(live) || "").slice(1) === state.decided_unit;
    banner.textContent = state.banner;
  } else {
    const jobs = document.getElementById("jobs");
    jobs.replaceChildren(...state.jobs.map((job) => {
      const line = document.createElement("p");
      line.className = "job " + job.state;
      line.textContent = job.text;
      return line;
    }));
    const standing = document.getElementById("standing");
    if (standing && state.decided) standing.textContent = state.decided;
    // A page that shows tables is fetched anew once nothing is being typed on it.
    const typing = document.activeElement && /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (state.mark !== body.dataset.mark && body.dataset.mark && !typing && !live) location.reload();
    body.dataset.mark = state.mark;
  }
}

async function listen() {
  for (;;) {
    try {
      const answer = await fetch("/events?version=" + version, { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const state = await answer.json();
      version = state.version;
      follow(state);
    } catch {
      await new Promise((resume) => setTimeout(resume, 2000));
    }
  }
}
listen();

const drop = document.getElementById("drop");
if (drop) {
  const files = drop.querySelector("#files");
  // The server hangs up on what is too large, and a browser then shows nothing of its answer.
  const fits = (chosen) => {
    let bytes = 0;
    for (const file of chosen) bytes += file.size;
    if (bytes > Number(drop.dataset.most)) alert(drop.dataset.tooLarge);
    return bytes <= Number(drop.dataset.most);
  };
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  document.addEventListener("dragleave", () => drop.classList.remove("over"));
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const found = [];
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry());
    const walk = async (entry) => {
      if (!entry || found.length >= 500) return;
      if (entry.isFile) {
        found.push(await new Promise((done, fail) => entry.file(done, fail)));
      } else {
        const reader = entry.createReader();
        for (;;) {
          const batch = await new Promise((done, fail) => reader.readEntries(done, fail));
          if (!batch.length) break;
          for (const inner of batch) await walk(inner);
        }
      }
    };
    for (const entry of entries) await walk(entry);
    for (const file of found) {
      if (!fits([file])) continue;
      const form = new FormData();
      form.append("files", file, file.name);
      const answer = await fetch("/hand-in", { method: "POST", body: form, headers: { Accept: "application/json" } });
      if (!answer.ok) alert(file.name + ": " + (await answer.text()));
    }
    location.reload();
  });
  files.addEventListener("change", () => { if (files.files.length && fits(files.files)) drop.requestSubmit(); });
  const folder = drop.querySelector("#folder");
  folder.addEventListener("change", () => {
    if (folder.files.length && fits(folder.files)) drop.requestSubmit();
  });
}

// The board beside the decisions: turning the page there picks the unit here, and on every screen.
if (live && body.dataset.page === "board") {
  let shown = "";
  setInterval(() => {
    const unit = (hashOf(live) || "").slice(1);
    if (!unit || unit === shown) return;
    const first = !shown;
    shown = unit;
    fetch("/show", { method: "POST", body: new URLSearchParams({ unit }) }).catch(() => {});
    const form = document.getElementById("decide");
    const typing = form && form.elements.reason && form.elements.reason.value;
    if (!first && form && form.elements.unit.value !== unit && !typing) {
      location.href = "/board?unit=" + encodeURIComponent(unit) + "&order=" + form.elements.order.value;
    }
  }, 250);
}

// Dragging a unit in the list: an order by hand, kept with the workshop.
const list = document.querySelector("ol.units");
if (list) {
  let dragged = null;
  list.addEventListener("dragstart", (event) => { dragged = event.target.closest("li"); });
  list.addEventListener("dragover", (event) => {
    const over = event.target.closest("li");
    if (!dragged || !over || over === dragged) return;
    event.preventDefault();
    const below = event.clientY > over.getBoundingClientRect().top + over.offsetHeight / 2;
    over.parentNode.insertBefore(dragged, below ? over.nextSibling : over);
  });
  list.addEventListener("dragend", () => {
    dragged = null;
    keepOrder([...list.querySelectorAll("li")].map((item) => item.dataset.unit));
  });
}

// What is typed, ticked and chosen outlives a page that is fetched anew: a file came in, another language, another unit.
// It belongs to the question that it answers, in the workshop where it was asked (the desk of another one may stand at
// the same address), and goes with the form that was taken.
const question = (field) => {
  const { form } = field;
  const of = ["unit", "unit_id", "question"].map((name) => (form.elements[name] ? form.elements[name].value : ""));
  const button = form.querySelector("button[name]:not([disabled])");
  return [document.body.dataset.place, form.getAttribute("action"), ...of, button ? button.value : "", field.name, field.type === "checkbox" ? field.value : ""].join(" ");
};
const fields = [...document.querySelectorAll("main form[method=post] :is(input:not([type]), input[type=checkbox], select)")];
// Of one unit there may be two questions alike.
const keys = [];
for (const field of fields) {
  const key = question(field);
  keys.push(key + " " + keys.filter((other) => other.startsWith(key + " ")).length);
}
const isChanged = (field) => {
  if (field.type === "checkbox") return field.checked !== field.defaultChecked;
  if (!field.options) return field.value !== field.defaultValue;
  const first = [...field.options].find((option) => option.defaultSelected) || field.options[0];
  return field.value !== first.value;
};
// A form that was taken is answered from another address; what was refused, or never came there, has its words still.
const [arrival] = performance.getEntriesByType("navigation");
const wasTaken = Boolean(arrival && arrival.redirectCount);
const kept = new Set();
for (const [place, field] of fields.entries()) {
  const key = keys[place];
  const sentWords = wasTaken ? null : sessionStorage.getItem("sent " + key);
  sessionStorage.removeItem("sent " + key);
  const words = sessionStorage.getItem(key) ?? sentWords;
  if (words === null) continue;
  kept.add(field);
  if (field.type === "checkbox") field.checked = words === "yes";
  else field.value = words;
  const folded = field.closest("details");
  if (folded) folded.open = true;
}
let sent = null;
document.addEventListener("submit", (event) => { sent = event.target; });
addEventListener("pageshow", (event) => { if (event.persisted) sent = null; });
addEventListener("pagehide", () => {
  for (const [place, field] of fields.entries()) {
    const key = keys[place];
    const words = field.type === "checkbox" ? (field.checked ? "yes" : "no") : field.value;
    sessionStorage.removeItem(key);
    if (kept.has(field) || isChanged(field)) sessionStorage.setItem((field.form === sent ? "sent " : "") + key, words);
  }
});

// The name of the file that was chosen: the browser's own words for it are in the browser's language.
for (const input of document.querySelectorAll("form[action='/programme'] input[type=file]")) {
  input.addEventListener("change", () => {
    input.parentNode.querySelector("output").textContent = input.files.length ? input.files[0].name : "";
  });
}
