#!/usr/bin/env bash
# In every time zone east of Greenwich the days of a shapefile are those before, in two readers of JavaScript.
#
# Version  shapefile 0.6.6, shpjs 6.2.0 (Node 20), pyshp 3.1.6 (CPython 3.11)
# Guess    a day of a dBASE table has no hour and no zone, and is the same wherever it is read
# Happens  both make the midnight of the machine's own zone of it. As JSON (shp2json, dbf2json, GeoJSON for a map or
#          a service) that is UTC: 2020-01-01 is 2019-12-31T16:00 in Ulaanbaatar. In UTC and west of it the day stays
# Matters  right on a server and in tests, a day early in all states of Central Asia. Reserves that were founded on 1
#          January, as tables have it where only a year is known, are of the year before; days of fixes and records miss
#          those of another table
# Source   dBASE, field type D (YYYYMMDD); github.com/SheetJS/sheetjs/issues/663 (the same elsewhere); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pyshp==3.1.6
npm install --silent --no-audit --no-fund --prefix . shapefile@0.6.6 shpjs@6.2.0 > /dev/null
cat > reserves.py <<'PY'
from datetime import date

import shapefile

with shapefile.Writer("reserves", shapeType=shapefile.POINT) as table:
    table.field("name", "C", size=20)
    table.field("founded", "D")
    for name, day, place in (("A", date(2020, 1, 1), (70, 42)), ("B", date(2015, 6, 5), (71, 42))):
        table.point(*place)
        table.record(name, day)
PY
venv/bin/python reserves.py
cat > days.mjs <<'JS'
import { readFileSync } from "node:fs";
import * as shapefile from "shapefile";
import { parseDbf } from "shpjs";

const bytes = readFileSync("reserves.dbf");
const { features } = await shapefile.read("reserves.shp", "reserves.dbf");
const tables = {
  shapefile: features.map((feature) => feature.properties),
  shpjs: parseDbf(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)),
};
for (const [name, rows] of Object.entries(tables)) {
  const days = JSON.parse(JSON.stringify(rows)).map((row) => row.founded);
  console.log(`${process.env.TZ}, ${name}: ${days.join(" ")}`);
}
JS
{
  printf 'the table: '
  LC_ALL=C grep -ao '20[0-9]\{6\}' reserves.dbf | paste -sd ' '
  for zone in UTC America/Denver Asia/Tashkent Asia/Ulaanbaatar; do
    TZ=$zone node days.mjs
  done
} | tee seen
cat > expected <<'TXT'
the table: 20200101 20150605
UTC, shapefile: 2020-01-01T00:00:00.000Z 2015-06-05T00:00:00.000Z
UTC, shpjs: 2020-01-01T00:00:00.000Z 2015-06-05T00:00:00.000Z
America/Denver, shapefile: 2020-01-01T07:00:00.000Z 2015-06-05T06:00:00.000Z
America/Denver, shpjs: 2020-01-01T07:00:00.000Z 2015-06-05T06:00:00.000Z
Asia/Tashkent, shapefile: 2019-12-31T19:00:00.000Z 2015-06-04T19:00:00.000Z
Asia/Tashkent, shpjs: 2019-12-31T19:00:00.000Z 2015-06-04T19:00:00.000Z
Asia/Ulaanbaatar, shapefile: 2019-12-31T16:00:00.000Z 2015-06-04T15:00:00.000Z
Asia/Ulaanbaatar, shpjs: 2019-12-31T16:00:00.000Z 2015-06-04T15:00:00.000Z
TXT
diff expected seen
