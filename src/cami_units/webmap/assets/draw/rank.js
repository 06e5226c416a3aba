// The decision on a site, its value score and tier: the arithmetic of `rank` in Python.

const SCORED = { C1: "n_transboundary", C2: "threat_weight", C3: "max_share", C5: "movement_grade" };

export function decision(met, profile) {
  const { any_of: anyOf, evidence } = profile.decision;
  if (!anyOf || !evidence) return null;
  const held = (name) => met[name] === true;
  if (!held("G1") || !held("G2") || !anyOf.some(held)) return "not proposed";
  return evidence.every(held) ? "proposed CU" : "area of interest";
}

// Weighted mean of measure / maximum, each capped at 1, over what was assessed. Evidence of movement
// can lift a unit and never lower it: C5 enters only where the mean is higher with it.
export function valueScore(m, profile) {
  const { weights, maxima } = profile.score;
  if (!weights || !maxima) return null;
  const parts = [];
  for (const [name, measure] of Object.entries(SCORED)) {
    const value = m[measure];
    if (!(weights[name] > 0) || value === null || Number.isNaN(value)) continue;
    parts.push({ name, weight: weights[name], part: Math.min(value / maxima[name], 1) });
  }
  const mean = (list) => {
    const total = list.reduce((sum, one) => sum + one.weight, 0);
    return total > 0 ? list.reduce((sum, one) => sum + one.weight * one.part, 0) / total : null;
  };
  const without = mean(parts.filter((one) => one.name !== "C5"));
  const all = mean(parts);
  return without === null ? all : Math.max(without, all);
}

export function tier(score, profile) {
  if (score === null || !profile.score.tiers) return "";
  const rounded = Math.round(score * 1000) / 1000;
  const falling = Object.entries(profile.score.tiers).sort((a, b) => b[1] - a[1]);
  const found = falling.find(([, bound]) => rounded >= bound);
  return found ? found[0] : "";
}

// -- what it would take ---------------------------------------------------------------------------------

// For each criterion that is not met, the least that would meet it: ground of a species on a side, a
// share of a range, kilometres of border, the nearest crossing. Ground beside it is not looked at: the
// number says how much, the map says where.
export function shortfalls(found, profile, species, over, layers) {
  const { measures: m, met } = found;
  const takes = [];
  const fails = (name) => met[name] === false || found.close.has(name);
  const sides = missingSides(m, profile);
  if (fails("G1")) takes.push(...missingState(m, profile));
  if (fails("G2") && sides.length) takes.push({ criterion: "G2", kind: "side", ...sides[0] });
  if (fails("C1")) {
    const lacking = profile.C1.min_species - m.n_transboundary;
    for (const side of sides.slice(0, Math.max(lacking, 0))) takes.push({ criterion: "C1", kind: "side", ...side });
  }
  if (fails("C2") && sides.length && m.threat_weight !== null) takes.push(...missingWeight(m, sides, profile, species));
  if (fails("C3")) takes.push(...missingShare(m));
  if (fails("C4") && m.evenness !== null && m.shared_border_km < profile.C4.min_border_km) {
    takes.push({ criterion: "C4", kind: "border", km: profile.C4.min_border_km - m.shared_border_km });
  }
  if (fails("C5") || met.C5 === null) takes.push(...nearestCrossing(m, profile, over, layers));
  if (fails("C8") && m.hotspot_share !== null && profile.C8.min_share !== null) {
    takes.push({ criterion: "C8", kind: "hotspot", km2: ((profile.C8.min_share - m.hotspot_share) / 100) * m.area_km2 });
  }
  return takes.filter((take) => take.km2 === undefined || take.km2 > 0);
}

function missingState(m, profile) {
  const least = Math.max(profile.G1.min_side_km2, (profile.G1.min_side_share / 100) * m.area_km2);
  const small = Object.entries(m.site.states).filter(([iso2]) => !m.counted_states.includes(iso2)).sort((a, b) => b[1] - a[1])[0];
  return small ? [{ criterion: "G1", kind: "state", iso2: small[0], km2: least - small[1] }] : [{ criterion: "G1", kind: "any state", km2: least }];
}

// Species that are not yet on enough sides: how much more of their range, and where, nearest first.
function missingSides(m, profile) {
  const side = profile.occurrence.side_km2;
  const enough = Math.min(profile.occurrence.min_km2, (profile.occurrence.min_site_share / 100) * m.area_km2);
  const found = [];
  for (const row of m.rows.filter((one) => !one.transboundary && !one.coarse)) {
    const lacking = Object.entries(row.parts).filter(([iso2]) => iso2 && !row.sides.includes(iso2)).sort((a, b) => b[1] - a[1]);
    const next = row.sides.length >= profile.G2.min_sides ? 0 : lacking.length ? side - lacking[0][1] : side;
    const occurs = row.occurs ? 0 : enough - row.km2;
    found.push({ species: row.name, iso2: row.sides.length >= profile.G2.min_sides || !lacking.length ? "" : lacking[0][0], km2: Math.max(next, occurs) });
  }
  return found.sort((a, b) => a.km2 - b.km2);
}

function missingWeight(m, sides, profile, species) {
  let lacking = profile.C2.min_weight - m.threat_weight;
  const takes = [];
  for (const side of sides) {
    if (lacking <= 0 || takes.length === 3) break;
    const weight = species[side.species].weight;
    if (!(weight > 0)) continue;
    lacking -= weight;
    takes.push({ criterion: "C2", kind: "side", ...side });
  }
  return lacking <= 0 ? takes : [];
}

function missingShare(m) {
  const options = m.rows.filter((row) => row.transboundary && !row.coarse && row.min_share !== null)
    .map((row) => ({ criterion: "C3", kind: "range", species: row.name, km2: ((row.min_share - row.share) / 100) * row.range_km2 }))
    .sort((a, b) => a.km2 - b.km2);
  return options.slice(0, 1);
}

function nearestCrossing(m, profile, over, layers) {
  const set = layers.points.find((one) => one.table === "crossings");
  if (!set) return [];
  let best = null;
  const here = new Set(m.rows.filter((row) => row.occurs).map((row) => row.name));
  for (let i = 0; i < set.x.length; i += 1) {
    const row = set.rows[set.row[i]];
    if (!(profile.C5.counted_grades || []).includes(row.evidence_grade) || !here.has(row.sci_name)) continue;
    for (const ring of over.rings) {
      for (let k = 0; k < ring.xy.length; k += 2) {
        const away = Math.hypot(ring.xy[k] - set.x[i], ring.xy[k + 1] - set.y[i]) / 1000;
        if (!best || away < best.km) best = { criterion: "C5", kind: "crossing", km: away, species: row.sci_name, pair: row.pair, name: row.corridor_id };
      }
    }
  }
  return best && best.km < 300 ? [best] : [];
}
