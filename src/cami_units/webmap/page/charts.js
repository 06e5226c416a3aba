// Small charts in a unit's card, and the unit as a file of its own.

function chartsOf(unit) {
  const parts = [];
  if (unit.findings.length) {
    parts.push(make("div", { class: "marks" }, ...unit.findings.map(([criterion, mark, , , , because]) =>
      make("span", { class: "pill " + markClass(mark), title: withLabel(word(criterion), saidIn(because) || word("not assessed")) }, `${criterion} ${mark}`))));
  }
  if (unit.shares.length) {
    const seen = unit.shares.filter(([, share]) => share >= 0.5);
    parts.push(chart(word("states"), make("div", { class: "stack" }, ...seen.map(([iso2, share], i) =>
      make("span", { class: "tone" + (i % 4), style: `flex: ${share.toFixed(2)}`, title: `${iso2} ${percent(share)}` }, share > 16 ? `${iso2} ${percent(share)}` : share > 5 ? iso2 : "")))));
  }
  const counted = unit.kinds.filter(([, role]) => role === "qualifying");
  const kinds = (counted.length ? counted : unit.kinds).slice(0, 8);
  if (kinds.length) {
    const most = Math.max(...kinds.map(([, , share]) => share || 0), 1);
    parts.push(chart(word("share of range"), ...kinds.map(([name, , share]) =>
      make("div", { class: "bar-row" },
        make("span", { class: "what" }, spoken(name)),
        make("span", { class: "track" }, make("span", { class: "fill", style: `width: ${((100 * (share || 0)) / most).toFixed(1)}%` })),
        make("span", { class: "figure" }, percent(share || 0))))));
  }
  if (unit.rounds.length) {
    parts.push(chart(word("through the rounds"),
      ...[["area", 1, squareKm], ["score title", 2, (value) => number(value, 3)]].map(([title, column, said]) =>
        make("div", { class: "bar-row rounds" },
          make("span", { class: "what" }, word(title)),
          course(unit.rounds.map((one) => [one[0], one[column]]), said),
          make("span", { class: "figure" }, said(unit.rounds[unit.rounds.length - 1][column]))))));
  }
  return parts;
}

// A line through the rounds: a sign for each, its round and figure where the pointer rests.
function course(points, said) {
  const there = points.map(([round, value], i) => [i, value, withLabel(`${word("round")} ${round}`, said(value))]).filter(([, value]) => value !== null);
  const values = there.map(([, value]) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const add = (tag, given) => svg.appendChild(Object.entries(given).reduce((element, [name, value]) => {
    element.setAttribute(name, value);
    return element;
  }, document.createElementNS(svg.namespaceURI, tag)));
  svg.setAttribute("class", "course");
  svg.setAttribute("viewBox", "0 0 100 24");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", inList(there.map(([, , text]) => text)));
  const place = ([i, value]) => [points.length > 1 ? 5 + (90 * i) / (points.length - 1) : 50, high > low ? 20 - (16 * (value - low)) / (high - low) : 12];
  add("polyline", { points: there.map((one) => place(one).join(",")).join(" ") });
  for (const one of there) {
    const [cx, cy] = place(one);
    const title = document.createElementNS(svg.namespaceURI, "title");
    title.textContent = one[2];
    add("circle", { cx, cy, r: 3 }).append(title);
  }
  return svg;
}

const chart = (title, ...rows) => make("div", { class: "chart" }, make("p", { class: "chart-title" }, title), ...rows);
// shares are % in the tables; as words.share: some of it is never told as none
const percent = (share) => `${share > 0 && share < 0.1 ? `< ${number(0.1, 1)}` : number(share, share < 10 ? 1 : 0)} %`;

function downloadsOf(unit) {
  return make("p", { class: "downloads" }, word("download"), " ",
    make("button", { type: "button", class: "go", onclick: () => save(`${unit.id}.kml`, "application/vnd.google-earth.kml+xml", asKml(unit)) }, "KML"), " · ",
    make("button", { type: "button", class: "go", onclick: () => save(`${unit.id}.geojson`, "application/geo+json", asGeoJson(unit)) }, "GeoJSON"));
}

function save(name, type, text) {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name.replace(/[^\w.-]/g, "-") });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const ringOf = (flat) => {
  const points = unpacked(flat).map(([lat, lon]) => [lon, lat]);
  return [...points, points[0]];
};

function asGeoJson(unit) {
  const { id, name, status, tier, score, countries, species } = unit;
  return JSON.stringify({
    type: "FeatureCollection",
    features: [{
      type: "Feature",
      properties: { unit_id: id, name_en: name.en, name_ru: name.ru, status, tier, score, countries, species, round: node("round").textContent },
      geometry: { type: "MultiPolygon", coordinates: unit.g.map((rings) => rings.map(ringOf)) },
    }],
  });
}

// As the KMZ of the round has it: a plain polygon each part, figures as numbers, white round the colour of the status.
function asKml(unit) {
  const plain = (text) => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.codePointAt(0)};`);
  const ring = (side, flat) => `<${side}><LinearRing><coordinates>${ringOf(flat).map((point) => point.join(",")).join(" ")}</coordinates></LinearRing></${side}>`;
  const facts = {
    cu_id: unit.id, name_en: unit.name.en, name_ru: unit.name.ru, status: word(unit.status), tier: word(unit.tier),
    score: unit.score, countries: unit.countries, species: unit.species, source: `${document.title}, ${node("round").textContent}`,
  };
  const id = unit.id.replace(/^(?=[^A-Za-z_])|[^\w.-]/g, "_");
  const several = unit.g.length > 1;
  const marks = unit.g.map(([outer, ...holes], i) => {
    const entries = Object.entries({ ...facts, part: i + 1 }).filter(([, value]) => value !== null && value !== "");
    return `<Placemark id="${plain(several ? `${id}.${i + 1}` : id)}"><name>${plain(`${unit.id} ${nameOf(unit)}`)}</name><styleUrl>#unit</styleUrl>` +
      `<ExtendedData>${entries.map(([key, value]) => `<Data name="${key}"><value>${plain(value)}</value></Data>`).join("")}</ExtendedData>` +
      `<Polygon><tessellate>1</tessellate>${ring("outerBoundaryIs", outer)}${holes.map((hole) => ring("innerBoundaryIs", hole)).join("")}</Polygon></Placemark>`;
  });
  const [, red, green, blue] = /#(..)(..)(..)/.exec(data.statuses[unit.status].color); // KML writes it backwards
  return `<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>${plain(unit.id)}</name>` +
    `<Style id="unit"><LineStyle><color>ffffffff</color><width>3</width></LineStyle><PolyStyle><color>73${blue}${green}${red}</color></PolyStyle></Style>` +
    `${marks.join("\n")}</Document></kml>\n`;
}
