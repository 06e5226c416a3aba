// The engine of the drawing page under node: a job on standard input, its answer on standard output.
// `argv[2]` is a folder that holds the page's modules and a package.json of {"type": "module"}.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const room = async (name) => import(pathToFileURL(join(process.argv[2], `${name}.js`)).href);
const job = JSON.parse(readFileSync(0, "utf8"));

const jobs = {
  async project() {
    const { projected } = await room("projection");
    const forward = projected(job.crs);
    return job.points.map(([lon, lat]) => forward(lon, lat));
  },
  async shares() {
    const { flatRing } = await room("projection");
    const { cellShares } = await room("overlap");
    void flatRing;
    const rings = job.rings.map((ring) => ({ xy: Float64Array.from(ring.xy.flat()), shell: ring.shell }));
    const found = cellShares(rings, job.lattice);
    return { ...found, shares: [...found.shares] };
  },
  async shared() {
    const { outline, sharedKm2, boundsOf, doubleArea } = await room("overlap");
    const rings = (polygons) => polygons.map((ring) => ({ xy: Float64Array.from(ring.xy.flat()), shell: ring.shell }));
    return job.pairs.map(([one, other]) => {
      const piece = rings(other).map((ring) => ({ ...ring, box: boundsOf([ring]), ccw: doubleArea(ring.xy) > 0 }));
      return sharedKm2(outline(rings(one)), piece);
    });
  },
  async judge() {
    const { countedSpecies, measures, verdicts } = await room("criteria");
    const { decision, valueScore, tier } = await room("rank");
    return job.cases.map(({ profile, species, site }) => {
      const m = measures(site, countedSpecies(species, profile), profile);
      const met = verdicts(m, profile);
      const score = valueScore(m, profile);
      const { rows, site: _, ...plain } = m;
      return { measures: plain, met, decision: decision(met, profile), score, tier: tier(score, profile) };
    });
  },
  async assess() {
    const { unpackedLayers, siteTables } = await room("layers");
    const { countedSpecies, findings } = await room("criteria");
    const { decision, valueScore } = await room("rank");
    const layers = await unpackedLayers(job.ground);
    const species = countedSpecies(job.species, job.profile);
    return job.outlines.map(({ polygons, reason }) => {
      const started = performance.now();
      const { site, over } = siteTables(polygons, layers, { reason });
      const found = findings(site, species, job.profile, decision);
      const ms = performance.now() - started;
      const { rows, site: _, ...plain } = found.measures;
      void over;
      return { site, measures: plain, met: found.met, close: [...found.close], near: [...found.near], decision: found.decision, score: valueScore(found.measures, job.profile), ms };
    });
  },
  async overlay() {
    const geometry = await room("geometry");
    return job.pairs.map(([one, other]) => ({
      union: geometry.union(one, other),
      difference: geometry.difference(one, other),
      intersection: geometry.intersection(one, other),
    }));
  },
  async split() {
    const geometry = await room("geometry");
    return job.pairs.map(([one, line]) => geometry.splitByLine(one, line));
  },
  async crossing() {
    const geometry = await room("geometry");
    return job.outlines.map((one) => geometry.selfCrossing(one));
  },
  async read() {
    const kml = await room("kml");
    const answers = [];
    for (const text of job.files) {
      const started = performance.now();
      let answer;
      try {
        const bytes = Uint8Array.from(Buffer.from(text, "base64"));
        answer = kml.placemarks(await kml.kmlOfFile(bytes));
      } catch (fault) {
        answer = { fault: fault.key || String(fault) };
      }
      answers.push({ ...answer, ms: performance.now() - started });
    }
    return answers;
  },
  // What opening a file makes of the units and pins of a page.
  async open() {
    const kml = await room("kml");
    const { workOfFile } = await room("workshop");
    const answers = [];
    for (const text of job.files) {
      const bytes = Uint8Array.from(Buffer.from(text, "base64"));
      answers.push(workOfFile(kml.placemarks(await kml.kmlOfFile(bytes)), job.base, job.about));
    }
    return answers;
  },
};

process.stdout.write(JSON.stringify(await jobs[job.job]()));
