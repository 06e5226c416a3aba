#!/usr/bin/env bash
# After a row that was deleted from a shapefile pyshp gives every range the name of the next; two JavaScript readers show the row.
#
# Version  pyshp 3.1.6, pyogrio 0.13.0 (CPython 3.11), shapefile 0.6.6, shpjs 6.2.0 (Node 20)
# Guess    a row that dBASE has marked as deleted, and that is still in the file until somebody packs it, is passed over
#          with its shape
# Happens  pyshp's records() leave the row out and its shapes() do not; iterShapeRecords, the GeoJSON of it and
#          zip(records, shapes) pair them by order. Argali stands on the ground of the khulan, snow leopard on that of
#          argali, and the last shape is gone; no message. In the browser the deleted range is on the map. GDAL has it right
# Matters  three ranges under three wrong names that are all in the species table. len() of the reader counts 4 rows, its
#          records 3: compare both, or read with GDAL
# Source   dBASE (first byte of a record: an asterisk is deleted) and GDAL's page of the shapefile driver (REPACK);
#          github.com/mbostock/shapefile/pull/39 (the flag); of pyshp seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pyshp==3.1.6 pyogrio==0.13.0 numpy==2.4.6
npm install --silent --no-audit --no-fund --prefix . shapefile@0.6.6 shpjs@6.2.0 > /dev/null
cat > ranges.py <<'PY'
from pathlib import Path

import pyogrio
import shapefile

with shapefile.Writer("ranges", shapeType=shapefile.POLYGON) as table:
    table.field("sci_name", "C", size=30)
    for west, name in (
        (50, "Saiga tatarica"),
        (60, "Equus hemionus"),
        (70, "Ovis ammon"),
        (80, "Panthera uncia"),
    ):
        table.poly([[[west, 40], [west, 45], [west + 5, 45], [west + 5, 40], [west, 40]]])
        table.record(name)

# the second row is marked as deleted, as a dBASE program does
table = bytearray(Path("ranges.dbf").read_bytes())
header, row = (int.from_bytes(table[at : at + 2], "little") for at in (8, 10))
assert table[header + row] == ord(" ")
table[header + row] = ord("*")
Path("ranges.dbf").write_bytes(table)


def told(reader, pairs):
    print(f"{reader}: " + ", ".join(f"{name} at {west:.0f}" for name, west in pairs))


_, _, shapes, (names,) = pyogrio.raw.read("ranges.shp")
boxes = pyogrio.read_bounds("ranges.shp")[1]
told("pyogrio", zip(names, boxes[0], strict=True))
with shapefile.Reader("ranges") as reader:
    print(f"pyshp: {len(reader)} rows, {len(reader.records())} records, {len(reader.shapes())} shapes")
    told("iterShapeRecords", ((one.record[0], one.shape.bbox[0]) for one in reader.iterShapeRecords()))
    features = reader.__geo_interface__["features"]
    told(
        "as GeoJSON",
        ((one["properties"]["sci_name"], one["geometry"]["coordinates"][0][0][0]) for one in features),
    )
PY
cat > ranges.mjs <<'JS'
import { readFileSync } from "node:fs";
import * as shapefile from "shapefile";
import { combine, parseDbf, parseShp } from "shpjs";

const bytes = (name) => new Uint8Array(readFileSync(name)).buffer;
const told = (reader, { features }) =>
  console.log(
    `${reader}: ` +
      features
        .map((one) => `${one.properties.sci_name} at ${one.geometry.coordinates[0][0][0]}`)
        .join(", "),
  );

told("shapefile", await shapefile.read("ranges.shp", "ranges.dbf"));
told("shpjs", combine([parseShp(bytes("ranges.shp")), parseDbf(bytes("ranges.dbf"))]));
JS
{
  venv/bin/python ranges.py
  node ranges.mjs
} | tee seen
cat > expected <<'TXT'
pyogrio: Saiga tatarica at 50, Ovis ammon at 70, Panthera uncia at 80
pyshp: 4 rows, 3 records, 4 shapes
iterShapeRecords: Saiga tatarica at 50, Ovis ammon at 60, Panthera uncia at 70
as GeoJSON: Saiga tatarica at 50, Ovis ammon at 60, Panthera uncia at 70
shapefile: Saiga tatarica at 50, Equus hemionus at 60, Ovis ammon at 70, Panthera uncia at 80
shpjs: Saiga tatarica at 50, Equus hemionus at 60, Ovis ammon at 70, Panthera uncia at 80
TXT
diff expected seen
