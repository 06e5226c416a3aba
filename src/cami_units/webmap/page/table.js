// The table twin: the same units as rows. Sorting is its own, the filter pales the map too.

const twin = node("twin");
const order = { key: "rank", down: false };

const COLUMNS = [
  { key: "rank", title: "rank", value: (unit) => unit.rank, show: (unit) => unit.rankLabel || number(unit.rank, 0), numeric: true },
  { key: "id", title: "unit", value: (unit) => unit.id, show: (unit) => unit.id },
  { key: "name", title: "name", value: nameOf, show: nameOf, wide: true },
  { key: "status", title: "status", value: (unit) => Object.keys(data.statuses).indexOf(unit.status), show: (unit) => statusChip(unit) },
  { key: "tier", title: "tier", value: (unit) => -(tiers.get(unit.tier) || 0), show: (unit) => word(unit.tier) },
  { key: "score", title: "score title", value: (unit) => unit.score, show: (unit) => number(unit.score, 3, 3), numeric: true },
  { key: "km2", title: "area", value: (unit) => unit.km2, show: (unit) => `${number(unit.km2, 0)} ${word("km2")}`, numeric: true },
  { key: "countries", title: "states", value: (unit) => unit.countries, show: (unit) => unit.countries.replace(/;/g, " ") },
  { key: "nSpecies", title: "species", value: (unit) => unit.nSpecies, show: (unit) => number(unit.nSpecies, 0), numeric: true, tip: (unit) => spoken(unit.species) },
  ...data.criteria.map((criterion) => ({
    key: criterion,
    title: criterion,
    value: (unit) => "✓●?○✗".indexOf(markOf(unit, criterion)),
    show: (unit) => make("span", { class: markClass(markOf(unit, criterion)) }, markOf(unit, criterion)),
    tip: (unit) => markTip(unit, criterion),
    narrow: true,
  })),
];

// Units have an English and a Russian name; a reader of another language reads the English one.
const nameField = () => (state.lang === "ru" ? "name_ru" : "name_en");

function finding(unit, criterion) {
  return unit.findings.find((row) => row[0] === criterion);
}

function markOf(unit, criterion) {
  const found = finding(unit, criterion);
  return found ? found[1] : "?";
}

function markTip(unit, criterion) {
  const found = finding(unit, criterion);
  return found ? withLabel(word(criterion), saidIn(found[5])) : word("not assessed");
}

function statusChip(unit) {
  return make("span", { class: "chip" }, swatch(data.statuses[unit.status]), word(unit.status));
}

function title(column) {
  return data.criteria.includes(column.key) ? column.key : word(column.title === "name" ? nameField() : column.title);
}

function buildHead() {
  const row = make("tr", {});
  for (const column of COLUMNS) {
    const sorted = order.key === column.key ? (order.down ? "descending" : "ascending") : "none";
    const button = make("button", {
      type: "button",
      title: data.criteria.includes(column.key) ? word(column.key) : null,
      onclick: () => {
        order.down = order.key === column.key ? !order.down : false;
        order.key = column.key;
        buildTable();
        [...twin.querySelectorAll("thead button")][COLUMNS.indexOf(column)].focus();
      },
    }, title(column), make("span", { class: "arrow", "aria-hidden": "true" }, { ascending: "▲", descending: "▼" }[sorted] || ""));
    row.append(make("th", { scope: "col", "aria-sort": sorted, class: classOf(column) }, button));
  }
  twin.querySelector("thead").replaceChildren(row);
}

function classOf(column) {
  return [column.numeric && "numeric", column.narrow && "narrow", column.wide && "wide"].filter(Boolean).join(" ");
}

function kept() {
  const wanted = folded(node("filter").value).split(/\s+/).filter(Boolean);
  return data.units.filter((unit) => ofSpecies(unit) && wanted.every((one) => unitText(unit).includes(one)));
}

function unitText(unit) {
  return folded([unit.id, unit.name.en, unit.name.ru, unit.countries, unit.species, spoken(unit.species), word(unit.status), word(unit.tier)].join(" "));
}

function folded(text) {
  return String(text).toLocaleLowerCase().normalize("NFKD").replace(/[\u0300-\u0306\u0308-\u036f]/g, "").replace(/ё/g, "е");
}

function sorted(units) {
  const column = COLUMNS.find((one) => one.key === order.key);
  const turn = order.down ? -1 : 1;
  return [...units].sort((a, b) => {
    const [one, other] = [column.value(a), column.value(b)];
    if (one === other) return a.id < b.id ? -1 : 1;
    if (one === null || one === undefined) return 1;
    if (other === null || other === undefined) return -1;
    return turn * (typeof one === "string" ? one.localeCompare(other, state.lang) : one - other);
  });
}

// Before and after: what became of each unit, in the same place as the table of units.
const CHANGES = ["change new", "change gone", "change reshaped", "change none"];
let comparing = false;

function buildChanges() {
  const head = make("tr", {}, ...["unit", nameField(), "change", "before", "after"].map((key, i) =>
    make("th", { scope: "col", class: i > 2 ? "plain numeric" : "plain" }, word(key))));
  twin.querySelector("thead").replaceChildren(head);
  const wanted = folded(node("filter").value).split(/\s+/).filter(Boolean);
  const kept = data.before.filter((one) => {
    const text = folded([one.id, one.name.en, one.name.ru, word(one.change)].join(" "));
    return wanted.every((part) => text.includes(part));
  });
  kept.sort((a, b) => CHANGES.indexOf(a.change) - CHANGES.indexOf(b.change) || (a.id < b.id ? -1 : 1));
  twin.querySelector("tbody").replaceChildren(...kept.map((one) => make("tr", { "data-unit": one.id },
    make("th", { scope: "row" }, make("button", { type: "button", class: "go", title: word("show on map"), onclick: () => showChange(one) }, one.id)),
    make("td", { class: "wide" }, nameOf(one)),
    make("td", {}, word(one.change)),
    make("td", { class: "numeric" }, squareKm(one.was)),
    make("td", { class: "numeric" }, squareKm(one.is)))));
  node("count").textContent = `${kept.length} ${word("shown of")} ${data.before.length}`;
}

function showChange(one) {
  if (byId.has(one.id)) showUnit(one.id);
  else showThing("before", one);
}

function compare(wanted) {
  comparing = wanted;
  node("compare").setAttribute("aria-pressed", String(wanted));
  buildTable();
}
if (data.before) {
  node("compare").hidden = false;
  node("compare").addEventListener("click", () => compare(!comparing));
}

function buildTable() {
  if (comparing) {
    buildChanges();
    return;
  }
  buildHead();
  const units = kept();
  twin.querySelector("tbody").replaceChildren(...sorted(units).map(row));
  node("count").textContent = `${units.length} ${word("shown of")} ${data.units.length}`;
  filtered = units.length === data.units.length ? null : new Set(units.map((unit) => unit.id));
  dimUnits();
  tell("filtered");
}

function row(unit) {
  const cells = COLUMNS.map((column) => {
    const shown = column.show(unit);
    const content = column.key === "id"
      ? make("button", { type: "button", class: "go", title: word("show on map"), onclick: () => showUnit(unit.id) }, shown)
      : shown;
    const tip = column.tip ? column.tip(unit) : null;
    return column.key === "id"
      ? make("th", { scope: "row" }, content)
      : make("td", { class: classOf(column), title: tip }, content);
  });
  const line = make("tr", { "data-unit": unit.id, class: unit.id === state.unit ? "chosen" : null }, ...cells);
  line.addEventListener("click", (event) => event.target.closest("button") || showUnit(unit.id));
  return line;
}

on("chosen", (id) => {
  for (const line of twin.querySelectorAll("tbody tr")) {
    const chosen = line.getAttribute("data-unit") === id;
    line.classList.toggle("chosen", chosen);
    if (chosen && !twin.hidden) line.scrollIntoView({ block: "nearest" });
  }
});
on("language", buildTable);
node("filter").addEventListener("input", buildTable);

function showTable(wanted) {
  twin.hidden = !wanted;
  node("show-table").setAttribute("aria-expanded", String(wanted));
  resized();
}
node("show-table").addEventListener("click", () => showTable(twin.hidden));
node("hide-table").addEventListener("click", () => {
  showTable(false);
  node("show-table").focus();
});
