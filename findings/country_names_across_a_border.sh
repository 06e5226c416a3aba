#!/usr/bin/env bash
# country_converter puts Inner Mongolia into Mongolia, Karakalpakstan into Pakistan and East Azerbaijan into Azerbaijan.
#
# Version  country-converter 1.3.2, pandas 2.3.3 (CPython 3.11)
# Guess    what is no country is "not found", as Xinjiang and Ladakh are
# Happens  a country is sought within the text: "mongolia" is in Inner Mongolia (China), "azerbaijan" in two provinces of
#          Iran, and "pakistan", whose i may be missing, in Karakalpakstan (Uzbekistan). Nothing is said. With its
#          state beside it such a name gives a list of two states, and a warning
# Matters  all three lie at borders that animals cross: records and sites of a province count for the state on the
#          other side (saiga of the Ustyurt in Pakistan), and a unit within one state has two. Look provinces
#          up first, by whole names
# Source   github.com/IndEcol/country_converter/issues/84 (names are regular expressions); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check country-converter==1.3.2 pandas==2.3.3 numpy==2.4.6
cat > names.py <<'PY'
import logging

import country_converter as coco

PLACES = {
    "Inner Mongolia": "CN",
    "Karakalpakstan": "UZ",
    "East Azerbaijan": "IR",
    "Karakalpakstan, Uzbekistan": "UZ",
    "Inner Mongolia (China)": "CN",
    "Xinjiang": "CN",
    "Ladakh": "IN",
}
said = []
handler = logging.Handler()
handler.emit = lambda record: said.append(record.getMessage())
logging.getLogger().addHandler(handler)
converter = coco.CountryConverter()
for name, state in PLACES.items():
    said.clear()
    found = converter.convert(name, to="ISO2")
    print(f"{name} ({state}): {found}, {'with a warning' if said else 'without a word'}")
PY
venv/bin/python names.py 2> /dev/null | tee seen
cat > expected <<'TXT'
Inner Mongolia (CN): MN, without a word
Karakalpakstan (UZ): PK, without a word
East Azerbaijan (IR): AZ, without a word
Karakalpakstan, Uzbekistan (UZ): ['PK', 'UZ'], with a warning
Inner Mongolia (China) (CN): ['CN', 'MN'], with a warning
Xinjiang (CN): not found, with a warning
Ladakh (IN): not found, with a warning
TXT
diff expected seen
