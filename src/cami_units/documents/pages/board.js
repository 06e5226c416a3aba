(function () {
"use strict";
const slides = Array.from(document.querySelectorAll(".slide"));
const place = document.getElementById("place");
const clock = document.getElementById("clock");
let now = 0;
function show(number) {
  now = Math.max(0, Math.min(slides.length - 1, number));
  slides.forEach((slide, i) => slide.classList.toggle("now", i === now));
  place.textContent = now ? now + " / " + (slides.length - 1) : "";
  if (location.hash.slice(1) !== slides[now].id) history.replaceState(null, "", "#" + slides[now].id);
  window.scrollTo(0, 0);
}
function wanted() {
  const id = decodeURIComponent(location.hash.slice(1));
  const found = slides.findIndex((slide) => slide.id === id);
  return found < 0 ? 0 : found;
}
function tick() {
  const time = new Date();
  clock.textContent = String(time.getHours()).padStart(2, "0") + ":" + String(time.getMinutes()).padStart(2, "0");
}
const keys = {
  ArrowRight: () => show(now + 1), ArrowLeft: () => show(now - 1),
  PageDown: () => show(now + 1), PageUp: () => show(now - 1),
  Home: () => show(0), End: () => show(slides.length - 1),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.code === "KeyE" && now) {
    const evidence = slides[now].querySelector("details");
    evidence.open = !evidence.open;
  }
  if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
});
document.getElementById("next").addEventListener("click", () => show(now + 1));
document.getElementById("back").addEventListener("click", () => show(now - 1));
document.getElementById("list").addEventListener("click", () => show(0));
window.addEventListener("hashchange", () => show(wanted()));
document.documentElement.classList.add("one");
show(wanted());
tick();
setInterval(tick, 1000);
document.documentElement.dataset.ready = "1";
})();
