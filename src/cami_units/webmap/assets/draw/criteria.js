// Measures of one site, and what the profile makes of them: the arithmetic of `criteria` in Python.
//
// No number of the criteria stands here: they arrive with the profile. `null` is *not assessed*; *and*
// and *or* are Kleene's. The tables are those of `SiteTables`, for one site, as plain objects:
// states, undisputed {iso2: km2} · species {name: {iso2 or "": km2}} · confidence {name: {grade: km2}} ·
// ranges {name: km2}, whatever lies beneath · supporting {name: km2} · borders {pair: km} · shared_borders {name: {pair: km}} · corridors, crossings,
// barriers, seasonal, hotspots [rows] · protected {name: km2} · in_hotspots km2. A table that is null was
// not given. `errors` says by how much a measure may be off; it only decides what is *close*.

const TOLERANCE = 1e-9;
const CLOSE = 0.01; // a measure this near to its limit, as a share of it, is decided when it is collected
const BREEDING = 2;
const NON_BREEDING = 3;
const PASSAGE = 4;

export const FINDINGS = ["G1", "G2", "C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9"];
const WEIGHED = ["C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8"];

const own = (table, key) => Object.prototype.hasOwnProperty.call(table || {}, key);
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const isNumber = (value) => typeof value === "number" && !Number.isNaN(value);

const and = (one, other) => (one === false || other === false ? false : one === null || other === null ? null : true);
const or = (one, other) => (one === true || other === true ? true : one === null || other === null ? null : false);
const not = (one) => (one === null ? null : !one);

// A judge holds measures against limits, notes which are close, and can be told to judge some the other way.
export function judge(flipped = new Set()) {
  const near = new Map();
  return {
    near,
    // `error` null: a count, which is never close
    reaches(key, value, limit, error = 0) {
      if (!isNumber(limit) || !isNumber(value)) return null;
      const held = value >= limit - TOLERANCE * Math.abs(limit);
      if (error === null || Math.abs(value - limit) > Math.max(error, CLOSE * Math.abs(limit))) return held;
      near.set(key, { value, limit });
      return flipped.has(key) ? !held : held;
    },
  };
}

// -- the species of a site --------------------------------------------------------------------------

function occurs(name, km2, share, site, profile, by, error) {
  const rule = profile.occurrence;
  const enough = Math.min(rule.min_km2, (rule.min_site_share / 100) * site.area_km2);
  const large = by.reaches(`occurs ${name}`, km2, enough, error) && km2 > 0;
  const relative = share === null ? false : by.reaches(`range share ${name}`, share, rule.min_range_share, error === null ? null : (error * share) / (km2 || 1));
  return Boolean(large || relative);
}

function speciesAtSite(site, species, profile, by) {
  const side = profile.occurrence.side_km2;
  const rows = [];
  for (const name of Object.keys(site.ranges || site.species).sort()) {
    const known = species[name];
    if (!known) continue;
    const parts = site.species[name] || {};
    const km2 = site.ranges ? site.ranges[name] : sum(Object.values(parts));
    if (!(km2 > 0)) continue;
    const errors = (site.errors && site.errors.species && site.errors.species[name]) || {};
    const error = sum(Object.values(errors));
    const sides = Object.keys(parts)
      .filter((iso2) => iso2 && by.reaches(`side ${name} ${iso2}`, parts[iso2], side, errors[iso2] || 0))
      .sort();
    const share = (100 * km2) / known.range_km2;
    const row = {
      name, km2, share, sides, parts, error, ...known,
      counted_km2: sum(sides.map((iso2) => parts[iso2])),
      occurs: occurs(name, km2, share, site, profile, by, error),
    };
    row.transboundary = row.occurs && sides.length >= profile.G2.min_sides;
    row.by_crossing = row.occurs && !row.transboundary && sides.length === 1 && crosses(name, sides[0], site, profile);
    rows.push(row);
  }
  const held = rows.some((row) => row.transboundary);
  for (const row of rows) row.qualifying = row.transboundary || (row.by_crossing && !held);
  return rows;
}

// Whether a documented crossing of the species leads into, or out of, its side.
function crosses(name, iso2, site, profile) {
  const grades = profile.G2.crossing_grades || [];
  return (site.crossings || []).some((one) =>
    one.sci_name === name && one.n > 0 && grades.includes(one.evidence_grade) && one.pair.split(";").includes(iso2));
}

// What the profile makes of the category of each CAMI species: weight, severe, its threshold of C3.
export function countedSpecies(table, profile) {
  const weights = profile.C2.weights || {};
  const general = isNumber(profile.C3.min_share) ? profile.C3.min_share : null;
  const counted = {};
  for (const row of table) {
    if (String(row.in_cami).toLowerCase() !== "yes") continue;
    const category = row.iucn_category || "";
    const known = own(weights, category);
    const fallback = own(weights, profile.C2.unknown_counts_as || "") ? weights[profile.C2.unknown_counts_as] : null;
    counted[row.sci_name] = {
      range_km2: row.range_km2,
      category,
      weight: known ? weights[category] : fallback,
      severe: (profile.C2.or_categories || []).includes(category),
      min_share: own(profile.C3.min_share_by_category, category) ? profile.C3.min_share_by_category[category] : general,
      coarse: Boolean(row.coarse),
    };
  }
  return counted;
}

// Crossings that seasonal parts of a range on two sides of a border speak of, among the others.
function withSeasonal(site, profile, by) {
  const side = profile.occurrence.side_km2;
  const grade = profile.C5.seasonal_grade;
  if (!site.seasonal || !isNumber(side) || !own(profile.C5.grades, grade)) return site;
  const parts = site.seasonal.filter((row) => by.reaches(`seasonal ${row.sci_name} ${row.seasonal} ${row.iso2}`, row.km2, side));
  const found = [];
  for (const one of parts) {
    for (const other of parts) {
      const fits = (one.seasonal === BREEDING && other.seasonal === NON_BREEDING)
        || (one.seasonal === PASSAGE && other.seasonal === PASSAGE);
      if (!fits || one.sci_name !== other.sci_name || one.iso2 === other.iso2) continue;
      const pair = [one.iso2, other.iso2].sort().join(";");
      const there = found.some((row) => row.sci_name === one.sci_name && row.pair === pair);
      if (there || !own(site.borders, pair)) continue;
      found.push({ corridor_id: "seasonal range", sci_name: one.sci_name, evidence_grade: grade, pair, n: 1 });
    }
  }
  if (!found.length) return site;
  return { ...site, corridors: site.corridors || [], crossings: [...(site.crossings || []), ...found] };
}

// A one-state site cannot hold a crossing: where it is let in, those close by of corridors that reach it count.
function withNear(site, profile, by) {
  const limit = profile.G1.adjacent_km;
  if (!site.near_crossings || !isNumber(site.adjacent_km) || !by.reaches("adjacent", limit, site.adjacent_km)) return site;
  const key = (row) => `${row.corridor_id} ${row.sci_name} ${row.pair}`;
  const known = new Set((site.crossings || []).map(key));
  return { ...site, crossings: [...(site.crossings || []), ...site.near_crossings.filter((row) => !known.has(key(row)))] };
}

// -- measures ---------------------------------------------------------------------------------------

function countedStates(states, site, profile, by, label) {
  const rule = profile.G1;
  if (!isNumber(rule.min_side_km2) || !isNumber(rule.min_side_share)) return [];
  const least = Math.max(rule.min_side_km2, (rule.min_side_share / 100) * site.area_km2);
  return Object.keys(states).filter((iso2) => by.reaches(`${label} ${iso2}`, states[iso2], least)).sort();
}

function threatAndShare(rows, profile) {
  const both = rows.filter((row) => row.transboundary);
  const general = isNumber(profile.C3.min_share) ? profile.C3.min_share : null;
  const ratio = (row) => (row.min_share === null ? null : row.min_share > 0 ? row.share / row.min_share : row.share > 0 ? Infinity : null);
  const order = [...both].sort((a, b) =>
    (ratio(b) === null ? -1 : ratio(b)) - (ratio(a) === null ? -1 : ratio(a)) || b.share - a.share || (a.name < b.name ? -1 : 1));
  const top = order[0];
  const unweighed = both.some((row) => row.weight === null);
  return {
    n_transboundary: both.length,
    n_by_crossing: rows.filter((row) => row.by_crossing).length,
    n_qualifying: rows.filter((row) => row.qualifying).length,
    threat_weight: both.length ? (unweighed ? null : sum(both.map((row) => row.weight))) : profile.C2.weights ? 0 : null,
    has_severe: both.some((row) => row.severe),
    max_share: both.length ? Math.max(...both.map((row) => row.share)) : 0,
    share_sum: sum(both.map((row) => row.share)),
    top: top ? top.name : null,
    top_share: top ? top.share : 0,
    top_threshold: top ? top.min_share : general,
    top_ratio: top ? ratio(top) : general === null ? null : 0,
  };
}

function responsibility(site, rows, profile) {
  const qualifying = rows.filter((row) => row.qualifying);
  const names = new Set(qualifying.map((row) => row.name));
  let weighed = 0;
  for (const row of qualifying) {
    const shares = row.sides.map((iso2) => row.parts[iso2] / row.counted_km2);
    const entropy = -sum(shares.map((p) => p * Math.log(p)));
    if (shares.length > 1) weighed += (entropy / Math.log(shares.length)) * row.km2;
  }
  const km2 = sum(qualifying.map((row) => row.km2));
  const longest = {};
  let riverine = 0;
  for (const [name, pairs] of Object.entries(site.shared_borders)) {
    if (!names.has(name)) continue;
    for (const [pair, km] of Object.entries(pairs)) longest[pair] = Math.max(longest[pair] || 0, km);
    if ((profile.C4.riverine || []).includes(name)) riverine = Math.max(riverine, sum(Object.values(pairs)));
  }
  return {
    evenness: qualifying.length ? weighed / km2 : null,
    border_km: sum(Object.values(site.borders)),
    shared_border_km: sum(Object.values(longest)),
    riverine_border_km: riverine,
  };
}

// Corridors and crossings of species that occur in the site.
function movement(site, rows, profile) {
  const none = { n_corridors: null, corridor_km: null, n_crossings: null, movement_grade: null };
  const rule = profile.C5;
  if (!site.corridors || !rule.grades || !rule.counted_grades) return none;
  const here = new Set(rows.filter((row) => row.occurs).map((row) => row.name));
  const counts = (row) => own(rule.grades, row.evidence_grade) && here.has(row.sci_name);
  const corridors = site.corridors.filter(counts);
  const crossings = (site.crossings || []).filter((row) => counts(row) && row.n > 0);
  if (!corridors.length && !crossings.length) return none;
  const once = (list, key) => [...new Map(list.map((row) => [key(row), row])).values()];
  const line = (row) => row.drawn_as || row.corridor_id; // of several species on one line it is one
  // parts of a line add up, and of several species on it the most counts
  const onceALine = (list, value) => {
    const lines = {};
    for (const row of once([...list].reverse(), (row) => JSON.stringify([row.corridor_id, row.sci_name, row.pair]))) {
      const species = (lines[JSON.stringify([line(row), row.pair])] ||= new Map());
      species.set(row.sci_name, (species.get(row.sci_name) || 0) + row[value]);
    }
    return sum(Object.values(lines).map((species) => Math.max(...species.values())));
  };
  const counted = crossings.filter((row) => rule.counted_grades.includes(row.evidence_grade));
  return {
    n_corridors: new Set(corridors.map(line)).size,
    corridor_km: onceALine(corridors, "km"),
    n_crossings: onceALine(counted, "n"),
    movement_grade: Math.max(0, ...crossings.map((row) => rule.grades[row.evidence_grade])),
  };
}

// The share of a site, 0–1, that a layer of evidence was compiled for; all of it where nothing is said.
function coveredShare(site, layer) {
  if (!site.covered) return 1;
  const share = (site.covered[layer] || 0) / site.area_km2;
  return share >= 1 - TOLERANCE ? 1 : share < TOLERANCE ? 0 : share;
}

// A border and its fences count where barriers were looked for on both sides of it.
function barriers(site, profile) {
  if (!site.barriers || !profile.C6.fences) return { closed_km: null, barrier_share: null };
  const fences = site.barriers.filter((row) => row.permeability !== null && profile.C6.fences.includes(row.kind));
  const closed = sum(fences.map((row) => row.km * (1 - row.permeability)));
  const border = sum(Object.values(site.covered_borders || site.borders));
  const looked = coveredShare(site, "barriers") > 0;
  return {
    closed_km: looked ? closed : null,
    barrier_share: looked && border > 0 ? Math.min((100 * closed) / border, 100) : null,
  };
}

// The protected share of the qualifying range, over the ground where it was looked for.
function protection(site, rows) {
  const qualifying = rows.filter((row) => row.qualifying);
  const km2 = qualifying.length ? sum(qualifying.map((row) => row.km2)) : null;
  if (!site.protected || km2 === null) return { qualifying_km2: km2, protected_share: null };
  const of = (table) => sum(qualifying.map((row) => (own(table, row.name) ? table[row.name] : 0)));
  const looked = site.covered_ranges ? of(site.covered_ranges) : km2;
  const off = site.errors && site.errors.protected ? (100 * of(site.errors.protected)) / (looked || 1) : 0;
  return { qualifying_km2: km2, protected_off: off, protected_share: looked > 0 ? Math.min((100 * of(site.protected)) / looked, 100) : null };
}

// The share of a site in known hotspots, over the ground where they were looked for.
function concordance(site) {
  const looked = coveredShare(site, "hotspots");
  return {
    hotspot_share: isNumber(site.in_hotspots) && looked > 0 ? Math.min((100 * site.in_hotspots) / (site.area_km2 * looked), 100) : null,
    jaccard: site.hotspots && looked > 0 ? Math.max(0, ...site.hotspots.map((row) => row.jaccard)) : null,
  };
}

function rangeConfidence(site, rows, profile) {
  const rule = profile.C9;
  if (!rule.confidence || !isNumber(rule.ungraded)) return { range_confidence: null };
  let weighed = 0;
  let km2 = 0;
  for (const row of rows.filter((one) => one.qualifying)) {
    for (const [grade, part] of Object.entries(site.confidence[row.name] || {})) {
      weighed += (own(rule.confidence, grade) ? rule.confidence[grade] : rule.ungraded) * part;
      km2 += part;
    }
  }
  return { range_confidence: km2 > 0 ? weighed / km2 : null };
}

// The tables without what they say of species that are never counted. Of what is told by its cell only,
// whether it is inside is close until the outline holds all of the cell.
function ofCounted(tables, species, by) {
  const inside = (row) => row.share === undefined || row.share >= 1 - TOLERANCE
    || by.reaches(`cell ${row.corridor_id} ${row.pair || ""}`, row.share, 0.5, 0.5);
  const counted = (rows) => rows && rows.filter((row) => own(species, row.sci_name) && inside(row));
  const names = ["corridors", "crossings", "near_crossings", "seasonal"];
  return { ...tables, ...Object.fromEntries(names.map((name) => [name, counted(tables[name])])) };
}

// The numbers of one site, and the rows of its species.
export function measures(tables, species, profile, by = judge()) {
  const site = withNear(withSeasonal(ofCounted(tables, species, by), profile, by), profile, by);
  const rows = speciesAtSite(site, species, profile, by);
  const counted = countedStates(site.states, site, profile, by, "state");
  const sure = site.undisputed ? countedStates(site.undisputed, site, profile, by, "undisputed state") : counted;
  return {
    area_km2: site.area_km2,
    counted_states: counted,
    n_states: counted.length,
    n_states_undisputed: sure.length,
    adjacent_km: isNumber(site.adjacent_km) ? site.adjacent_km : null,
    ...threatAndShare(rows, profile),
    ...responsibility(site, rows, profile),
    ...movement(site, rows, profile),
    ...barriers(site, profile),
    ...protection(site, rows),
    ...concordance(site),
    ...rangeConfidence(site, rows, profile),
    rows,
    site,
  };
}

// -- verdicts ---------------------------------------------------------------------------------------

// The numbers that a table of the profile leaves open: what hangs on them is not assessed.
function isOpen(rule) {
  return Object.values(rule || {}).some((value) => value === null);
}

// Every gate and criterion: true, false or null, and `confidence`.
export function verdicts(m, profile, by = judge()) {
  const met = {};
  const letIn = m.n_states === 1 && m.adjacent_km !== null && by.reaches("adjacent", profile.G1.adjacent_km, m.adjacent_km) === true;
  met.G1 = or(by.reaches("G1", m.n_states, profile.G1.min_states, null), letIn);
  met.G2 = by.reaches("G2", m.n_transboundary + m.n_by_crossing, profile.G2.min_species, null);
  met.C1 = by.reaches("C1", m.n_transboundary, profile.C1.min_species, null);
  met.C3 = shareVerdict(m, by);
  met.C4 = responsibilityVerdict(m, profile, by);
  met.C5 = by.reaches("C5", m.n_crossings, profile.C5.min_crossings, null);
  const others = (profile.C2.or_categories_with || []).reduce((held, name) => or(held, met[name]), false);
  met.C2 = or(by.reaches("C2", m.threat_weight, profile.C2.min_weight, null), and(m.has_severe, others));
  met.C6 = by.reaches("C6", m.barrier_share, profile.C6.min_barrier_share, error(m, "barrier_share"));
  met.C7 = not(by.reaches("C7", m.protected_share, profile.C7.gap_below, m.protected_off || 0));
  met.C8 = or(
    by.reaches("C8", m.hotspot_share, profile.C8.min_share),
    by.reaches("C8 jaccard", m.jaccard, profile.C8.min_jaccard),
  );
  for (const name of Object.keys(met)) if (isOpen(profile[name])) met[name] = null;
  const assessed = WEIGHED.filter((name) => met[name] !== null).length / WEIGHED.length;
  met.confidence = m.range_confidence === null ? null : m.range_confidence * assessed;
  met.C9 = isOpen(profile.C9) ? null : by.reaches("C9", met.confidence, profile.C9.min_confidence);
  return met;
}

function error(m, name) {
  return (m.site.errors && m.site.errors[name]) || 0;
}

// C3 hangs on the share of every transboundary species: each may be the one that reaches its limit.
function shareVerdict(m, by) {
  if (m.top_ratio === null) return null;
  if (!m.top) return by.reaches("C3", m.top_ratio, 1);
  let held = false;
  for (const row of m.rows.filter((one) => one.transboundary && one.min_share !== null)) {
    const off = row.error ? (row.error * row.share) / row.km2 : 0;
    held = by.reaches(`C3 ${row.name}`, row.share / row.min_share, 1, off / row.min_share) || held;
  }
  return held;
}

function responsibilityVerdict(m, profile, by) {
  const rule = profile.C4;
  const cells = (m.site.errors && m.site.errors.shared_borders) || {};
  const off = error(m, "border_km") + sum(m.rows.filter((row) => row.qualifying).map((row) => cells[row.name] || 0));
  let long = by.reaches("C4 border", m.shared_border_km, rule.min_border_km, off);
  if ((rule.riverine || []).length) {
    long = or(long, by.reaches("C4 riverine", m.riverine_border_km, rule.min_border_km_riverine, off));
  }
  return m.evenness === null ? null : and(by.reaches("C4 evenness", m.evenness, rule.min_evenness, error(m, "evenness")), long);
}

// -- what is close ----------------------------------------------------------------------------------

const MOST_FLIPS = 12; // a site with more measures at their limits is told as close wherever they matter

// Measures, verdicts, and which verdicts hang on a measure that is too near to its limit to be told
// from an estimate: each such measure is judged the other way once, alone and all of them together.
export function findings(tables, species, profile, decided) {
  const by = judge();
  const m = measures(tables, species, profile, by);
  const met = verdicts(m, profile, by);
  const decision = decided ? decided(met, profile) : null;
  const close = new Set();
  const seen = new Map(by.near);
  const keys = [...seen.keys()];
  const trials = keys.slice(0, MOST_FLIPS).map((key) => new Set([key]));
  if (keys.length > 1) trials.push(new Set(keys));
  for (const flipped of trials) {
    const other = judge(flipped);
    const verdict = verdicts(measures(tables, species, profile, other), profile, other);
    for (const name of FINDINGS) if (verdict[name] !== met[name]) close.add(name);
    if (decided && decided(verdict, profile) !== decision) close.add("decision");
    for (const [key, value] of other.near) if (!seen.has(key)) seen.set(key, value);
  }
  return { measures: m, met, close, near: seen, decision };
}
