// What the colour of a unit says: its status, or what the reader asks. A line's pattern stays the status.

const { ramp: RAMP, sections: GROUPS, verdicts: THREE, needs: NEEDS, stability: STABILITIES } = data.colours;
const VERDICTS = { "✓": ["met", THREE.yes], "✗": ["not met", THREE.no], "●": ["a need", NEEDS.yes], "○": ["no need", NEEDS.no] };

const sectionsThere = [...new Set(data.units.map((unit) => unit.section).filter(Boolean))].sort();
const scores = data.units.map((unit) => unit.score).filter((score) => score !== null);
const [lowest, highest] = [Math.min(...scores), Math.max(...scores)];

// key → [class of a unit, its colour, its word]; the classes are the legend.
const COLOURINGS = {
  status: null,
  tier: (unit) => [unit.tier, RAMP[[...tiers.keys()].reverse().indexOf(unit.tier) * 2] || THREE.unknown, word(unit.tier)],
  "score title": (unit) => {
    const step = unit.score === null ? -1 : Math.min(4, Math.floor((5 * (unit.score - lowest)) / (highest - lowest || 1)));
    const edge = (i) => number(lowest + (i * (highest - lowest)) / 5, 2);
    return step < 0 ? ["", THREE.unknown, "–"] : [String(step), RAMP[step], `${edge(step)} – ${edge(step + 1)}`];
  },
  ...(sectionsThere.length ? { sections: (unit) => [unit.section, GROUPS[sectionsThere.indexOf(unit.section) % GROUPS.length] || THREE.unknown, unit.section || "–"] } : {}),
  ...(data.units.some((unit) => unit.stability) ? { stability: (unit) => [unit.stability, STABILITIES[unit.stability] || THREE.unknown, unit.stability ? word(unit.stability) : "–"] } : {}),
};
for (const criterion of data.criteria) {
  COLOURINGS[criterion] = (unit) => {
    const [kind, colour] = VERDICTS[markOf(unit, criterion)] || ["not assessed", THREE.unknown];
    return [kind, colour, word(kind)];
  };
}

function colouring() {
  return COLOURINGS[state.colour] || null;
}

function styleOf(unit) {
  const style = unitStyle(unit);
  const colour = colouring() && colouring()(unit)[1];
  return colour ? { ...style, fillColor: colour, fillOpacity: 0.78 } : style;
}

function recolour() {
  for (const unit of data.units) if (shapes.has(unit.id)) shapes.get(unit.id).setStyle(styleOf(unit));
}

function colourChooser() {
  const select = make("select", { id: "colour-by", "aria-label": word("colour by") });
  for (const key of Object.keys(COLOURINGS)) {
    const text = data.criteria.includes(key) ? `${key} ${word(key)}` : word(key);
    select.append(make("option", { value: key, selected: key === state.colour }, text));
  }
  select.addEventListener("change", () => {
    state.colour = select.value;
    recolour();
    changed();
    node("colour-by").focus();
  });
  const rows = [make("label", { class: "colour-by" }, make("span", {}, word("colour by")), select)];
  if (colouring()) {
    const classes = new Map();
    for (const unit of data.units) {
      const [key, colour, text] = colouring()(unit);
      const known = classes.get(key) || { colour, text, count: 0 };
      classes.set(key, { ...known, count: known.count + 1 });
    }
    const ordered = [...classes].sort(([one], [other]) => (one < other ? 1 : -1));
    rows.push(make("ul", { class: "kinds colours" }, ...ordered.map(([, one]) =>
      make("li", {}, swatch({ stroke: false, fillColor: one.colour, fillOpacity: 0.85 }), one.text, make("span", { class: "count" }, String(one.count))))));
  }
  return rows;
}

// A species chosen filters the units: those where it counts.
function ofSpecies(unit) {
  if (!state.species.size) return true;
  const own = new Set(unit.species.split(";").map((name) => name.trim()));
  return [...state.species].some((name) => own.has(name));
}
