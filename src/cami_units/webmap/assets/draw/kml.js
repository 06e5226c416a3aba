// Files in and out: our own KML dialect, and what Google Earth saves of it. A file is data: it is read by
// the few lines below, which know elements, text and five entities, and nothing that could be fetched,
// included, expanded or run. What is over a limit is refused with a sentence (a key of the words).

export const LIMITS = { bytes: 20e6, inflated: 60e6, entries: 200, depth: 60, elements: 300000, placemarks: 3000, vertices: 400000, text: 20000, name: 200 };

export class FileFault extends Error {
  constructor(key) {
    super(key);
    this.key = key;
  }
}

// -- text ---------------------------------------------------------------------------------------------

const UNWANTED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b\u202a-\u202e\u2066-\u2069\ufeff\ufdd0-\ufdef\ufffe\uffff]/g;
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

// One line, or with `lines` several, without what no text should carry.
export function cleanText(value, most = LIMITS.text, lines = false) {
  const text = String(value === null || value === undefined ? "" : value).replace(UNWANTED, "").replace(LONE, "").normalize("NFC");
  const plain = lines ? text.replace(/\r\n?/g, "\n").replace(/[^\S\n]+/g, " ").replace(/\n{3,}/g, "\n\n") : text.replace(/\s+/g, " ");
  return [...plain.trim()].slice(0, most).join("");
}

export const cleanName = (value) => cleanText(value, LIMITS.name);

const ENTITIES = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function decoded(text) {
  return text.replace(/&(#x[0-9a-fA-F]{1,6}|#[0-9]{1,7}|[a-zA-Z]+);/g, (whole, name) => {
    if (name[0] !== "#") return Object.prototype.hasOwnProperty.call(ENTITIES, name) ? ENTITIES[name] : whole;
    const code = name[1] === "x" ? parseInt(name.slice(2), 16) : parseInt(name.slice(1), 10);
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : "";
  });
}

const escaped = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");

// -- elements -------------------------------------------------------------------------------------------

const NAME = /[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?/y;
const ATTRIBUTE = /\s+([A-Za-z_][\w.:-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;

// A tree of { name, attributes, children, text }; names without their prefixes, as prefixes vary. `count` goes
// on from one file of an archive to the next.
export function elements(source, count = { elements: 0 }) {
  if (/<!DOCTYPE|<!ENTITY/i.test(source)) throw new FileFault("draw file doctype");
  const root = { name: "", attributes: {}, children: [], text: "" };
  const open = [root];
  let at = 0;
  while (at < source.length) {
    const next = source.indexOf("<", at);
    const text = source.slice(at, next < 0 ? source.length : next);
    if (text) open[open.length - 1].text += decoded(text);
    if (next < 0) break;
    if (source.startsWith("<!--", next)) {
      at = after(source, "-->", next + 4);
    } else if (source.startsWith("<![CDATA[", next)) {
      at = after(source, "]]>", next + 9);
      open[open.length - 1].text += source.slice(next + 9, at - 3);
    } else if (source.startsWith("<?", next)) {
      at = after(source, "?>", next + 2);
    } else if (source[next + 1] === "/") {
      at = after(source, ">", next + 2);
      if (open.length < 2) throw new FileFault("draw file broken");
      open.pop();
    } else {
      at = opened(source, next + 1, open);
      count.elements += 1;
      if (count.elements > LIMITS.elements || open.length > LIMITS.depth) throw new FileFault("draw file large");
    }
  }
  if (open.length > 1) throw new FileFault("draw file broken");
  return root;
}

function after(source, mark, from) {
  const end = source.indexOf(mark, from);
  if (end < 0) throw new FileFault("draw file broken");
  return end + mark.length;
}

function opened(source, from, open) {
  NAME.lastIndex = from;
  const found = NAME.exec(source);
  if (!found) throw new FileFault("draw file broken");
  const attributes = Object.create(null);
  let at = NAME.lastIndex;
  for (;;) {
    ATTRIBUTE.lastIndex = at;
    const pair = ATTRIBUTE.exec(source);
    if (!pair) break;
    attributes[pair[1].split(":").pop()] = decoded(pair[2] === undefined ? pair[3] : pair[2]);
    at = ATTRIBUTE.lastIndex;
  }
  while (/\s/.test(source[at] || "")) at += 1;
  const empty = source[at] === "/";
  if (source[at + (empty ? 1 : 0)] !== ">") throw new FileFault("draw file broken");
  const element = { name: found[0].split(":").pop(), attributes, children: [], text: "" };
  open[open.length - 1].children.push(element);
  if (!empty) open.push(element);
  return at + (empty ? 2 : 1);
}

const childOf = (element, name) => element.children.find((child) => child.name === name);
const textOf = (element, name) => {
  const child = childOf(element, name);
  return child ? child.text : "";
};

// -- reading --------------------------------------------------------------------------------------------

const NUMBER = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?$/;

// Corners as they stand: of a line it matters whether its last is its first.
function pointsOf(text, count) {
  const points = [];
  // people and programs put spaces behind the comma
  for (const tuple of text.trim().replace(/\s*,\s*/g, ",").split(/\s+/)) {
    if (!tuple) continue;
    const [lon, lat] = tuple.split(",");
    if (!NUMBER.test(lon || "") || !NUMBER.test(lat || "")) continue;
    const point = [Number(lon), Number(lat)];
    if (Math.abs(point[0]) > 360 || Math.abs(point[1]) > 90) continue; // past 180° a map counts on
    points.push(point);
    count.vertices += 1;
    if (count.vertices > LIMITS.vertices) throw new FileFault("draw file large");
  }
  return points;
}

function ringOf(text, count) {
  const ring = pointsOf(text, count);
  const last = ring[ring.length - 1];
  if (ring.length > 1 && ring[0][0] === last[0] && ring[0][1] === last[1]) ring.pop();
  return ring;
}

function shapesOf(element, count, found) {
  for (const child of element.children) {
    if (child.name === "Polygon") {
      const rings = child.children.filter((side) => side.name === "outerBoundaryIs" || side.name === "innerBoundaryIs")
        .sort((one, other) => (one.name === other.name ? 0 : one.name === "outerBoundaryIs" ? -1 : 1))
        .flatMap((side) => side.children.filter((ring) => ring.name === "LinearRing").map((ring) => ringOf(textOf(ring, "coordinates"), count)));
      if (rings.length) found.polygons.push(rings);
    } else if (child.name === "Point") {
      const [point] = ringOf(textOf(child, "coordinates"), count);
      if (point) found.points.push(point);
    } else if (child.name === "LineString" || child.name === "LinearRing") {
      const line = pointsOf(textOf(child, "coordinates"), count);
      if (line.length > 1) found.lines.push(line);
    } else if (child.name === "Track") {
      const places = child.children.filter((one) => one.name === "coord").map((one) => one.text.trim().split(/\s+/).join(","));
      const track = pointsOf(places.join(" "), count);
      if (track.length > 1) found.lines.push(track);
    } else if (child.name === "MultiGeometry" || child.name === "MultiTrack") {
      shapesOf(child, count, found);
    }
  }
  return found;
}

function dataOf(element) {
  const data = Object.create(null);
  const extended = childOf(element, "ExtendedData");
  if (!extended) return data;
  for (const child of extended.children) {
    if (child.name === "Data" && child.attributes.name) data[cleanName(child.attributes.name)] = textOf(child, "value").slice(0, 200000);
    if (child.name !== "SchemaData") continue;
    for (const simple of child.children) {
      if (simple.name === "SimpleData" && simple.attributes.name) data[cleanName(simple.attributes.name)] = simple.text;
    }
  }
  return data;
}

// What lies wholly before `seam`, where a map that counts on past 180° begins, lies a turn of the globe on.
function countedOn({ polygons, points, lines }, seam) {
  const on = (ring, shell = ring) => (shell.every(([lon]) => lon < seam) ? ring.map(([lon, lat]) => [lon + 360, lat]) : ring);
  return {
    polygons: polygons.map((rings) => rings.map((ring) => on(ring, rings[0]))),
    points: points.flatMap((point) => on([point])),
    lines: lines.map((line) => on(line)),
  };
}

// What a KML file begins with, whole or as a piece of one. Nothing of it: GeoJSON, GPX, a table, a picture.
const TOPS = ["kml", "Document", "Folder", "Placemark"];

// The placemarks of files ([{ name, text }]): [{ name, id, comment, folder, data, polygons, points, lines }], the
// document's own data, and which files could not be read ([{ name, fault }]): others are, all the same.
export function placemarks(files, seam = -180) {
  const found = [];
  const faults = [];
  const count = { elements: 0, vertices: 0 };
  let about = Object.create(null);
  const walk = (element, folder) => {
    for (const child of element.children) {
      if (child.name === "Placemark") {
        const shape = shapesOf(child, count, { polygons: [], points: [], lines: [] });
        found.push({
          name: cleanName(textOf(child, "name")),
          id: cleanName(child.attributes.id || ""),
          comment: cleanText(textOf(child, "description"), LIMITS.text, true),
          folder,
          data: dataOf(child),
          ...countedOn(shape, seam),
        });
        if (found.length > LIMITS.placemarks) throw new FileFault("draw file large");
      } else if (child.name === "Folder" || child.name === "Document" || child.name === "kml") {
        const data = dataOf(child);
        if (data.working_group || data.protocol) about = data;
        const typed = child.name === "Folder" ? cleanText(textOf(child, "description"), LIMITS.text, true) : "";
        if (typed && !typed.startsWith("<")) found.push({ name: cleanName(textOf(child, "name")), id: "", comment: typed, folder, data: Object.create(null), polygons: [], points: [], lines: [] });
        walk(child, child.name === "Folder" ? [...folder, cleanName(textOf(child, "name"))] : folder);
      }
    }
  };
  for (const file of files) {
    let root;
    try {
      root = rootOf(file, count);
    } catch (fault) {
      if (!isSpared(fault)) throw fault;
      faults.push({ name: file.name, fault });
      continue;
    }
    walk(root, []);
  }
  if (faults.length === files.length) throw faults[0].fault;
  return { placemarks: found, about, faults };
}

function rootOf({ text, fault }, count) {
  if (fault) throw fault;
  const root = elements(text, count);
  if (!root.children.some(({ name }) => TOPS.includes(name))) throw new FileFault("draw file broken");
  return root;
}

// Whether the other files of an archive are opened all the same: what is too large is so with all of them.
const isSpared = (fault) => fault instanceof FileFault && fault.key !== "draw file large";

// -- bytes ----------------------------------------------------------------------------------------------

// The KML in a file's bytes, [{ name, text }] or [{ name, fault }]: the file itself, or all KML of a KMZ.
export async function kmlOfFile(bytes) {
  if (bytes.length > LIMITS.bytes) throw new FileFault("draw file large");
  if (!bytes.length) throw new FileFault("draw file empty");
  const isArchive = bytes[0] === 0x50 && bytes[1] === 0x4b;
  return isArchive ? membersOf(bytes) : [{ name: "", text: asText(bytes) }];
}

function asText(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 200));
  const said = /encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']/.exec(head);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (broken) {
    const label = said && !/utf-?8/i.test(said[1]) ? said[1] : "windows-1251";
    try {
      return new TextDecoder(label).decode(bytes);
    } catch (unknown) {
      return new TextDecoder("utf-8").decode(bytes);
    }
  }
}

async function membersOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (end >= 0 && end > bytes.length - 66000 && view.getUint32(end, true) !== 0x06054b50) end -= 1;
  if (end < 0 || view.getUint32(end, true) !== 0x06054b50) throw new FileFault("draw file broken");
  const total = view.getUint16(end + 10, true);
  if (total > LIMITS.entries) throw new FileFault("draw file large");
  const members = [];
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < total; i += 1) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50) throw new FileFault("draw file broken");
    const length = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + length));
    members.push({ name, flags: view.getUint16(at + 8, true), method: view.getUint16(at + 10, true), packed: view.getUint32(at + 20, true), local: view.getUint32(at + 42, true) });
    at += 46 + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  // As `collect` reads them: doc.kml, then the least deep; what a Mac puts beside files is none.
  const isDoc = (one) => one.name.toLowerCase() === "doc.kml";
  const depth = (one) => one.name.split("/").length;
  const isShadow = (one) => /^__MACOSX\/|(^|\/)\._[^/]*$/.test(one.name);
  const kmls = members.filter((one) => /\.kml$/i.test(one.name) && !isShadow(one)).sort((one, other) => isDoc(other) - isDoc(one) || depth(one) - depth(other));
  if (!kmls.length) throw new FileFault("draw file no kml");
  const files = [];
  let left = LIMITS.inflated;
  for (const member of kmls) {
    const name = cleanName(member.name);
    try {
      const content = await unpacked(member, bytes, view, left);
      left -= content.length;
      files.push({ name, text: asText(content) });
    } catch (fault) {
      if (!isSpared(fault)) throw fault;
      files.push({ name, fault });
    }
  }
  return files;
}

async function unpacked(member, bytes, view, most) {
  if (member.flags & 1 || member.local + 30 > bytes.length) throw new FileFault("draw file broken");
  const start = member.local + 30 + view.getUint16(member.local + 26, true) + view.getUint16(member.local + 28, true);
  const packed = bytes.subarray(start, start + member.packed);
  if (member.method === 0 && packed.length > most) throw new FileFault("draw file large");
  if (member.method === 0) return packed;
  if (member.method !== 8) throw new FileFault("draw file broken");
  return inflated(packed, "deflate-raw", most);
}

// Inflated bytes, under a limit that no lie in a header can move.
export async function inflated(packed, format, most) {
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream(format)).getReader();
  const chunks = [];
  let size = 0;
  for (;;) {
    let part;
    try {
      part = await reader.read();
    } catch (broken) {
      throw new FileFault("draw file broken");
    }
    if (part.done) break;
    size += part.value.length;
    if (size > most) {
      await reader.cancel();
      throw new FileFault("draw file large");
    }
    chunks.push(part.value);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

// -- writing --------------------------------------------------------------------------------------------

const decimal = (value) => value.toFixed(5).replace(/0+$/, "").replace(/\.$/, "").replace(/^-0$/, "0");
// Longitudes run to 180° in a file; an outline across it counts on, and is cut there when it is read.
const coordinates = (ring, shell = ring) => {
  const turn = shell.every(([lon]) => lon >= 180) ? 360 : 0;
  return ring.map(([lon, lat]) => `${decimal(lon - turn)},${decimal(lat)}`).join(" ");
};

function polygonText(rings, indent) {
  const sides = rings.map((ring, i) => {
    const tag = i ? "innerBoundaryIs" : "outerBoundaryIs";
    return `${indent} <${tag}>\n${indent}  <LinearRing>\n${indent}   <coordinates>${coordinates([...ring, ring[0]], rings[0])}</coordinates>\n${indent}  </LinearRing>\n${indent} </${tag}>`;
  });
  return `${indent}<Polygon>\n${indent} <tessellate>1</tessellate>\n${sides.join("\n")}\n${indent}</Polygon>`;
}

function dataText(data, indent) {
  const rows = Object.entries(data).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  if (!rows.length) return "";
  const each = rows.map(([key, value]) => `${indent} <Data name="${escaped(key)}">\n${indent}  <value>${escaped(value)}</value>\n${indent} </Data>`);
  return `${indent}<ExtendedData>\n${each.join("\n")}\n${indent}</ExtendedData>\n`;
}

function placemarkText(mark, indent) {
  const shape = mark.point
    ? `${indent} <Point>\n${indent}  <coordinates>${coordinates([mark.point])}</coordinates>\n${indent} </Point>`
    : polygonText(mark.rings, `${indent} `);
  return `${indent}<Placemark id="${escaped(mark.id)}">\n${indent} <name>${escaped(mark.name)}</name>\n`
    + (mark.comment ? `${indent} <description>${escaped(mark.comment)}</description>\n` : "")
    + `${indent} <styleUrl>#${mark.style}</styleUrl>\n${dataText(mark.data, `${indent} `)}${shape}\n${indent}</Placemark>`;
}

const STYLES = { unit: ["ff7a4a00", "5500a5ff"], rejected: ["ff808080", "22808080"], pin: ["ffffffff", "00ffffff"] };

function styleText(id) {
  const [line, fill] = STYLES[id];
  return `  <Style id="${id}">\n   <LineStyle>\n    <color>${line}</color>\n    <width>2.5</width>\n   </LineStyle>\n   <PolyStyle>\n    <color>${fill}</color>\n   </PolyStyle>\n  </Style>`;
}

// A KML text of folders [{ name, marks }]; `about` are the data of the document. The newline after the
// declaration is needed: Google Earth on the web refuses a file without it.
export function kmlText(title, about, folders) {
  const parts = folders.map((folder) =>
    `  <Folder>\n   <name>${escaped(folder.name)}</name>\n${folder.marks.map((mark) => `${placemarkText(mark, "   ")}\n`).join("")}  </Folder>`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">\n <Document>\n  <name>${escaped(title)}</name>\n  <open>1</open>\n`
    + `${Object.keys(STYLES).map(styleText).join("\n")}\n${dataText(about, "  ")}${parts.join("\n")}\n </Document>\n</kml>\n`;
}
