(function () {
"use strict";
const root = document.documentElement;
const boards = Array.from(document.querySelectorAll(".board"));
const list = (board) => Array.from(board.querySelectorAll(".slide"));
const view = { board: boards[0], unit: "overview", shown: "unit", page: 0, pages: 1 };
// the order of units, the same in every language: ids as the page has them
let order = list(boards[0]).map((slide) => slide.dataset.unit);
const find = (unit) => view.board.querySelector('.slide[data-unit="' + CSS.escape(unit) + '"]');

// A phone is no projector: its page is scrolled. The limits are those of board.css.
const phone = matchMedia("(max-width: 700px), (max-height: 500px)");
// Letters shrink until everything fits; what is still too long can be scrolled.
const overflows = (box) => box.scrollHeight > box.clientHeight + 1;
function fit(box, least) {
  if (!box) return;
  box.classList.remove("crowded");
  box.removeAttribute("tabindex");
  box.style.fontSize = "";
  if (phone.matches) return;
  let size = 1.35;  // for the last row of the room, where there is little to say
  const set = () => { box.style.fontSize = size + "rem"; };
  for (set(); overflows(box) && size > (least || 0.56); set()) size -= 0.03;
  if (!overflows(box)) return;
  box.classList.add("crowded");
  box.tabIndex = 0;  // so that it is scrolled with the keys as well
}
// Activities that would be too small to read together are dealt out, whole themes to a page.
function deal(box, number) {
  const themes = Array.from(box.querySelectorAll("tbody"));
  const only = (some) => themes.forEach((theme) => { theme.hidden = !some.includes(theme); });
  const pages = [[]];
  box.querySelector(".page").textContent = "";
  only(themes);
  fit(box, 0.8);
  if (overflows(box) && themes.length > 1 && !phone.matches) {
    themes.forEach((theme) => {
      only(pages[pages.length - 1].concat(theme));
      if (overflows(box) && pages[pages.length - 1].length) pages.push([]);
      pages[pages.length - 1].push(theme);
    });
    view.page = Math.min(number, pages.length - 1);
    only(pages[view.page]);
    box.querySelector(".page").textContent = (view.page + 1) + " / " + pages.length;
    fit(box);
  }
  view.pages = pages.length;
}
// A decision with a long reason leaves four fifths of the screen to the unit.
function fitDecision(box) {
  if (!box) return;
  box.style.fontSize = "";
  let size = 1.25;
  while (!phone.matches && box.offsetHeight > innerHeight / 5 && size > 0.75) box.style.fontSize = (size -= 0.05) + "rem";
}
// The bar of the scale stays in sight, with its number, wherever the map is scrolled to.
function keepScale(pane) {
  const map = pane.querySelector(".map"), bar = pane.querySelector(".scale");
  // a map that is folded away has no width, and moves no bar
  if (bar && pane.scrollWidth) bar.setAttribute("transform", "translate(" + (pane.scrollLeft * map.viewBox.baseVal.width / pane.scrollWidth) + ")");
}
// On a phone a touch makes a map wider than the screen, for its small letters: its middle is the unit.
function centre(pane) {
  if (!pane) return;
  if (phone.matches) pane.tabIndex = 0; else pane.removeAttribute("tabindex");
  pane.scrollLeft = (pane.scrollWidth - pane.clientWidth) / 2;
  pane.onscroll = () => keepScale(pane);
  keepScale(pane);
}
function show(unit, shown, page) {
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
  slide.querySelectorAll(".turn").forEach((button) => button.setAttribute("aria-pressed", String(button.value === view.shown)));
  if (location.hash.slice(1) !== view.unit) history.replaceState(null, "", "#" + view.unit);
  if (phone.matches) scrollTo(0, 0);
  fitDecision(slide.querySelector(".standing"));
  const pane = slide.querySelector(".pane");
  if (pane) pane.classList.remove("near");
  centre(pane);
  const box = slide.querySelector(view.shown === "unit" ? ".told" : '.view[data-view="' + view.shown + '"]');
  view.page = 0;
  view.pages = 1;
  if (view.shown === "activities") deal(box, page || 0); else fit(box);
}
function step(by) {
  show(order[Math.max(0, Math.min(order.length - 1, order.indexOf(view.unit) + by))], "unit");
}
// The same key again turns the page, and after the last one goes back to the map.
function turn(shown) {
  if (view.shown !== shown) show(view.unit, shown);
  else if (view.page + 1 < view.pages) show(view.unit, shown, view.page + 1);
  else show(view.unit, "unit");
}
function speak(lang) { view.board = boards.find((board) => board.lang === lang) || boards[0]; show(view.unit, view.shown, view.page); }
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
  boards.forEach((board) => { board.querySelector(".units").dataset.by = by; });
  fit(view.board.querySelector(".overview .told"));
}
const keys = {
  ArrowRight: () => step(1), ArrowLeft: () => step(-1), PageDown: () => step(1), PageUp: () => step(-1),
  Home: () => show("overview"), End: () => show(order[order.length - 1]),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.tagName === "SELECT") return;
  if (event.code === "KeyE") turn("evidence");
  if (event.code === "KeyA") turn("activities");
  if (event.code === "KeyF") turn("fences");
  if (event.code === "KeyL" && boards.length > 1) speak(boards[(boards.indexOf(view.board) + 1) % boards.length].lang);
  if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
});
boards.forEach((board) => {
  const on = (name, what) => board.querySelectorAll(name).forEach((one) => one.addEventListener("click", () => what(one)));
  on(".next", () => step(1));
  on(".back", () => step(-1));
  on(".turn", (button) => turn(button.value));
  on(".list", () => show("overview"));
  on(".slide:not(.overview) .pane", (pane) => { if (phone.matches) { pane.classList.toggle("near"); centre(pane); } });
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
// A phone that folds its bar of addresses away while one scrolls is not turned: the page stays where it is.
let width = innerWidth;
window.addEventListener("resize", () => {
  if (phone.matches && innerWidth === width) return;
  width = innerWidth;
  show(view.unit, view.shown, view.page);
});
root.classList.add("one");
tick();  // first: the clock makes the bar higher, and what fits hangs on it
show(decodeURIComponent(location.hash.slice(1)), "unit");
setInterval(tick, 1000);
root.dataset.ready = "1";
})();
