#!/usr/bin/env bash
# A time without its day is one of today for pandas, whenever that is, and with format="mixed" nothing is said.
#
# Version  pandas 3.1.1, python-dateutil 2.9.0.post0 (CPython 3.11)
# Guess    to_datetime(…, errors="coerce") gives no time where the day is missing, or always the same one
# Happens  "12:30" is completed from the clock: another value tomorrow. In a column of such times a warning says that
#          each is parsed by dateutil, and not that it gets a day; with format="mixed" nothing is said. Below a whole
#          date, without "mixed", the same text is NaT. "5 May" is in the year 1, not in this one
# Matters  GPS collars export the day and the time in two columns. Read by the one called Time all positions of a year
#          are of one day, which is after every deployment, and two runs of a script differ
# Source   pandas.pydata.org, to_datetime ("mixed" … is risky) does not tell of it; seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  pandas==3.1.1 numpy==2.4.6 python-dateutil==2.9.0.post0
cat > times.py <<'PY'
import datetime as dt
import warnings

import pandas as pd

COLUMNS = {
    "12:30, 18:30": {},
    "12:30, 18:30; mixed": {"format": "mixed"},
    "2023-05-13 00:30, 12:30": {},
    "2023-05-13 00:30, 12:30; mixed": {"format": "mixed"},
    "13 May 2023, 5 May; mixed": {"format": "mixed"},
}
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    for name, options in COLUMNS.items():
        texts = name.split(";")[0].split(", ")
        last = pd.to_datetime(pd.Series(texts), errors="coerce", **options).iloc[-1]
        today = dt.datetime.now()  # no test at midnight
        day = str(last)[:10]
        by_clock = day == f"{today:%Y-%m-%d}"
        print(f"{name}: {texts[-1]} is", "by the clock" if by_clock else day)
print("warnings:", len(said))
PY
venv/bin/python times.py | tee seen
cat > expected <<'TXT'
12:30, 18:30: 18:30 is by the clock
12:30, 18:30; mixed: 18:30 is by the clock
2023-05-13 00:30, 12:30: 12:30 is NaT
2023-05-13 00:30, 12:30; mixed: 12:30 is by the clock
13 May 2023, 5 May; mixed: 5 May is 0001-05-05
warnings: 1
TXT
diff expected seen
