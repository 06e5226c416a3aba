// Longitude and latitude to the plan's equal-area metres, on the ellipsoid, as PROJ does it.
// Formulas: Snyder (1987), Map projections: a working manual, USGS PP 1395, chapters 10, 14 and 24.

const RADIANS = Math.PI / 180;
const LONGEST_DEGREES = 0.1; // as `layers`: an edge that is straight in a file is straight in degrees

// Snyder's q: proportional to the area between the equator and a latitude (3-12).
function authalic(sine, e2) {
  const e = Math.sqrt(e2);
  if (e < 1e-12) return 2 * sine;
  return (1 - e2) * (sine / (1 - e2 * sine * sine) - Math.log((1 - e * sine) / (1 + e * sine)) / (2 * e));
}

// Snyder's m: the radius of a parallel over the semi-major axis (14-15).
function parallel(latitude, e2) {
  const sine = Math.sin(latitude);
  return Math.cos(latitude) / Math.sqrt(1 - e2 * sine * sine);
}

function albers(crs) {
  const { a, e2 } = crs;
  const first = crs.lat_1 * RADIANS;
  const second = crs.lat_2 * RADIANS;
  const m1 = parallel(first, e2);
  const m2 = parallel(second, e2);
  const q1 = authalic(Math.sin(first), e2);
  const q2 = authalic(Math.sin(second), e2);
  const n = Math.abs(q2 - q1) < 1e-12 ? Math.sin(first) : (m1 * m1 - m2 * m2) / (q2 - q1);
  const c = m1 * m1 + n * q1;
  const radius = (q) => (a * Math.sqrt(Math.max(c - n * q, 0))) / n;
  const origin = radius(authalic(Math.sin(crs.lat_0 * RADIANS), e2));
  return (longitude, latitude) => {
    const rho = radius(authalic(Math.sin(latitude), e2));
    const theta = n * longitude;
    return [rho * Math.sin(theta), origin - rho * Math.cos(theta)];
  };
}

function lambert(crs) {
  const { a, e2 } = crs;
  const pole = authalic(1, e2);
  const radius = a * Math.sqrt(pole / 2);
  const centre = crs.lat_0 * RADIANS;
  const beta1 = Math.asin(authalic(Math.sin(centre), e2) / pole);
  // at a pole both the parallel and the cosine vanish; their ratio does not
  const d = Math.abs(Math.cos(beta1)) < 1e-9 ? 1 : (a * parallel(centre, e2)) / (radius * Math.cos(beta1));
  return (longitude, latitude) => {
    const beta = Math.asin(Math.max(-1, Math.min(1, authalic(Math.sin(latitude), e2) / pole)));
    const away = 1 + Math.sin(beta1) * Math.sin(beta) + Math.cos(beta1) * Math.cos(beta) * Math.cos(longitude);
    const b = radius * Math.sqrt(2 / away);
    return [
      b * d * Math.cos(beta) * Math.sin(longitude),
      (b / d) * (Math.cos(beta1) * Math.sin(beta) - Math.sin(beta1) * Math.cos(beta) * Math.cos(longitude)),
    ];
  };
}

function cylindrical(crs) {
  const { a, e2 } = crs;
  const k = parallel(crs.lat_ts * RADIANS, e2);
  return (longitude, latitude) => [a * k * longitude, (a * authalic(Math.sin(latitude), e2)) / (2 * k)];
}

const METHODS = { aea: albers, laea: lambert, cea: cylindrical };

// The function from degrees to metres; null for a method that is not here.
export function projected(crs) {
  if (!Object.prototype.hasOwnProperty.call(METHODS, crs.method)) return null;
  const forward = METHODS[crs.method](crs);
  return (lon, lat) => {
    const turned = ((((lon - crs.lon_0 + 180) % 360) + 360) % 360) - 180;
    const [x, y] = forward(turned * RADIANS, lat * RADIANS);
    return [x + crs.x_0, y + crs.y_0];
  };
}

// An open ring of [lon, lat] with no edge longer than 0.1°, as a flat list of metres: x, y, x, y, …
// Points are counted from the smaller end of their edge, so neighbours that share one share them too.
export function flatRing(ring, forward) {
  const flat = [];
  for (let i = 0; i < ring.length; i += 1) {
    const from = ring[i];
    const to = ring[(i + 1) % ring.length];
    const pieces = Math.max(1, Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / LONGEST_DEGREES));
    const backwards = from[0] > to[0] || (from[0] === to[0] && from[1] > to[1]);
    const [low, high] = backwards ? [to, from] : [from, to];
    flat.push(...forward(from[0], from[1]));
    for (let k = 1; k < pieces; k += 1) {
      const share = (backwards ? pieces - k : k) / pieces;
      flat.push(...forward(low[0] + (high[0] - low[0]) * share, low[1] + (high[1] - low[1]) * share));
    }
  }
  return flat;
}

// A multipolygon [[shell, hole, …], …] of [lon, lat] as flat rings of metres with what each is.
export function flatPolygons(polygons, forward) {
  return polygons.flatMap((rings) =>
    rings.map((ring, i) => ({ xy: Float64Array.from(flatRing(ring, forward)), shell: i === 0 })));
}
