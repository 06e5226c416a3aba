#!/usr/bin/env bash
# A code of a province of Iran is that of another province in the packages that follow ISO and in those that do not.
#
# Version  pycountry 26.2.16 (CPython 3.11); iso-3166 4.4.0, iso-3166-2 1.0.0, cldr-subdivisions-full 48.2.0 (Node 20)
# Guess    a list that is behind lacks a new code or has an old one too many; what two lists both know is the same place
# Happens  in November 2020 ISO 3166-2 dealt the numbers of Iran out anew: of the 29 that were in use before and are after,
#          2 are of the same province. pycountry and iso-3166 have the new ones. iso-3166-2, a million downloads a month,
#          has the old ones, and so has Unicode's CLDR, with the two numbers that were free as second codes
# Matters  states and provinces of ranges joined by code: every row finds a partner, and the cheetahs of Semnan (Turan)
#          are in Lorestan, the onagers of Fars (Bahram-e Goor) in Tehran. Natural Earth's provinces have the old codes too
# Source   github.com/dr5hn/countries-states-cities-database/issues/205 (ISO's list of changes), nvkelso/
#          natural-earth-vector/issues/763 (open); of these packages seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pycountry==26.2.16
npm install --silent --no-audit --no-fund --prefix . iso-3166@4.4.0 iso-3166-2@1.0.0 cldr-subdivisions-full@48.2.0 > /dev/null
cat > tables.mjs <<'JS'
import { readFileSync, writeFileSync } from "node:fs";
import { iso31662 } from "iso-3166";
import lookup from "iso-3166-2";

const english = "node_modules/cldr-subdivisions-full/subdivisions/en/en.json";
const unicode = JSON.parse(readFileSync(english)).subdivisions.localeDisplayNames.subdivisions;
const provinces = Object.entries(unicode).filter(([code]) => code.startsWith("ir"));
const tables = {
  "iso-3166": Object.fromEntries(iso31662.map(({ code, name }) => [code, name])),
  "iso-3166-2": Object.fromEntries(Object.entries(lookup.country("IR").sub).map(([code, { name }]) => [code, name])),
  CLDR: Object.fromEntries(provinces.map(([code, name]) => [`IR-${code.slice(2)}`, name])),
};
writeFileSync("tables.json", JSON.stringify(tables));
JS
cat > compare.py <<'PY'
import json
from difflib import SequenceMatcher
from unicodedata import normalize

import pycountry

with open("tables.json") as file:
    tables = json.load(file)
iso = {province.code: province.name for province in pycountry.subdivisions.get(country_code="IR")}


def plain(name):
    return "".join(letter for letter in normalize("NFD", name.lower()) if letter.isascii())


def alike(one, other):  # Jonubi and Janubi are, Semnan and Hamadan are not
    return SequenceMatcher(None, plain(one), plain(other)).ratio() > 0.8


for code in ("IR-20", "IR-07", "IR-12", "IR-23", "IR-27"):
    others = ", ".join(f"{package} {plain(names[code])}" for package, names in tables.items())
    print(f"{code}: pycountry {plain(iso[code])}, {others}")
old = tables["iso-3166-2"]
both = sorted(iso.keys() & old.keys())
same = [code for code in both if alike(iso[code], old[code])]
print(f"{len(both)} codes in pycountry and iso-3166-2, the same province: {', '.join(same)}")
for name in ("markazi", "semnan"):
    print(f"{name} in CLDR:", ", ".join(code for code, called in sorted(tables["CLDR"].items()) if plain(called) == name))
PY
node tables.mjs
venv/bin/python compare.py | tee seen
cat > expected <<'TXT'
IR-20: pycountry semnan, iso-3166 semnan, iso-3166-2 lorestan, CLDR lorestan
IR-07: pycountry fars, iso-3166 fars, iso-3166-2 tehran, CLDR tehran
IR-12: pycountry kordestan, iso-3166 kordestan, iso-3166-2 semnan, CLDR semnan
IR-23: pycountry tehran, iso-3166 tehran, iso-3166-2 hormozgan, CLDR hormozgan
IR-27: pycountry golestan, iso-3166 golestan, iso-3166-2 golestan, CLDR golestan
29 codes in pycountry and iso-3166-2, the same province: IR-27, IR-29
markazi in CLDR: IR-00, IR-22
semnan in CLDR: IR-12
TXT
diff expected seen
