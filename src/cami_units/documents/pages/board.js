(function () {
"use strict";
const root = document.documentElement;
const boards = Array.from(document.querySelectorAll(".board"));
const list = (board) => Array.from(board.querySelectorAll(".slide"));
const view = { board: boards[0], unit: "overview", shown: "unit", order: null };
// the order of units, the same in every language: ids as the page has them
let order = list(boards[0]).map((slide) => slide.dataset.unit);
const find = (unit) => view.board.querySelector('.slide[data-unit="' + CSS.escape(unit) + '"]');

// Letters shrink until everything fits; what is still too long can be scrolled.
function fit(box) {
  if (!box) return;
  box.classList.remove("crowded");
  let size = 1.35;  // for the last row of the room, where there is little to say
  const set = () => { box.style.fontSize = size + "rem"; };
  for (set(); box.scrollHeight > box.clientHeight + 1 && size > 0.56; set()) size -= 0.03;
  box.classList.toggle("crowded", box.scrollHeight > box.clientHeight + 1);
}
function show(unit, shown) {
  view.unit = order.includes(unit) ? unit : "overview";
  const slide = find(view.unit);
  const views = Array.from(slide.querySelectorAll(".view"));
  view.shown = views.some((one) => one.dataset.view === shown) ? shown : "unit";
  views.forEach((one) => { one.hidden = one.dataset.view !== view.shown; });
  boards.forEach((board) => board.classList.toggle("on", board === view.board));
  root.lang = view.board.lang;
  list(view.board).forEach((one) => one.classList.toggle("now", one === slide));
  const at = order.indexOf(view.unit);
  view.board.querySelector(".place").textContent = at ? at + " / " + (order.length - 1) : "";
  if (location.hash.slice(1) !== view.unit) history.replaceState(null, "", "#" + view.unit);
  fit(view.shown === "unit" ? slide.querySelector(".told") : slide.querySelector('.view[data-view="' + view.shown + '"]'));
}
function step(by) {
  show(order[Math.max(0, Math.min(order.length - 1, order.indexOf(view.unit) + by))], "unit");
}
function turn(shown) { if (view.unit !== "overview") show(view.unit, view.shown === shown ? "unit" : shown); }
function speak(lang) { view.board = boards.find((board) => board.lang === lang) || boards[0]; show(view.unit, view.shown); }
function tick() {
  const time = new Date();
  const said = String(time.getHours()).padStart(2, "0") + ":" + String(time.getMinutes()).padStart(2, "0");
  boards.forEach((board) => { board.querySelector(".clock").textContent = said; });
}
// Units in another order: the lists of all languages and the turn of the slides follow it.
function reorder(units) {
  order = ["overview"].concat(units);
  boards.forEach((board) => {
    const ol = board.querySelector(".units");
    const rows = new Map(Array.from(ol.children).map((li) => [li.dataset.unit, li]));
    units.forEach((unit) => ol.append(rows.get(unit)));
  });
}
function sorted(by) {
  const rows = Array.from(view.board.querySelectorAll(".units li"));
  const rank = (li) => Number(li.dataset.rank);
  const key = (li) => li.dataset[by] || "\uffff";
  rows.sort((a, b) => (by === "group" || by === "section" ? (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0) : 0) || rank(a) - rank(b));
  reorder(rows.map((li) => li.dataset.unit));
}
const keys = {
  ArrowRight: () => step(1), ArrowLeft: () => step(-1), PageDown: () => step(1), PageUp: () => step(-1),
  Home: () => show("overview"), End: () => show(order[order.length - 1]),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.tagName === "SELECT") return;
  if (event.code === "KeyE") turn("evidence");
  if (event.code === "KeyA") turn("activities");
  if (event.code === "KeyL" && boards.length > 1) speak(boards[(boards.indexOf(view.board) + 1) % boards.length].lang);
  if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
});
boards.forEach((board) => {
  const on = (name, what) => board.querySelectorAll(name).forEach((one) => one.addEventListener("click", () => what(one)));
  on(".next", () => step(1));
  on(".back", () => step(-1));
  on(".list", () => show("overview"));
  on(".to-language", (button) => speak(button.value));
  on(".units a", (a) => show(a.hash.slice(1), "unit"));
  board.querySelector(".order select").addEventListener("change", (event) => {
    sorted(event.target.value);
    boards.forEach((other) => { other.querySelector(".order select").value = event.target.value; });
  });
  // By hand: drag a unit before another, or move it with Alt and the arrows up and down.
  const ol = board.querySelector(".units");
  let dragged = null;
  ol.addEventListener("dragstart", (event) => { dragged = event.target.closest("li"); });
  ol.addEventListener("dragover", (event) => event.preventDefault());
  ol.addEventListener("drop", (event) => {
    const before = event.target.closest("li");
    event.preventDefault();
    if (dragged && before && dragged !== before) {
      ol.insertBefore(dragged, before);
      reorder(Array.from(ol.children).map((li) => li.dataset.unit));
    }
  });
  ol.addEventListener("keydown", (event) => {
    const li = event.target.closest("li");
    const up = event.key === "ArrowUp", down = event.key === "ArrowDown";
    if (!event.altKey || !li || !(up || down)) return;
    const other = up ? li.previousElementSibling : li.nextElementSibling;
    if (!other) return;
    event.preventDefault();
    ol.insertBefore(up ? li : other, up ? other : li);
    reorder(Array.from(ol.children).map((one) => one.dataset.unit));
    li.querySelector("a").focus();
  });
});
window.addEventListener("hashchange", () => show(decodeURIComponent(location.hash.slice(1)), "unit"));
window.addEventListener("resize", () => show(view.unit, view.shown));
root.classList.add("one");
tick();  // first: the clock makes the bar higher, and what fits hangs on it
show(decodeURIComponent(location.hash.slice(1)), "unit");
setInterval(tick, 1000);
root.dataset.ready = "1";
})();
