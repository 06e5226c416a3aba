#!/usr/bin/env bash
# Which clock a camera in Xinjiang went by: timezonefinder says UTC+6, tzfpy says UTC+8.
#
# Version  timezonefinder 9.0.0 with timezonefinder-data 3.2026.3.post1, tzfpy 2.1.1 (CPython 3.11)
# Guess    a place has one time zone, and two libraries on the same boundaries give the same
# Happens  since 2018 the boundaries have two zones for all of Xinjiang, Asia/Shanghai (UTC+8, the official time) and
#          Asia/Urumqi (UTC+6, in use beside it). timezonefinder gives the second, its TimezoneFinderL the first,
#          tzfpy.get_tz the first; only tzfpy.get_tzs tells of both. Across the borders they agree
# Matters  dusk and dawn of camera traps, and pictures matched with collars, in the Tian Shan, the Altai and the
#          Kunlun: 20:00 on a camera is 14:00 or 12:00 UTC, by the library. Ask which clock was set
# Source   github.com/evansiroky/timezone-boundary-builder/issues/79 and /41 (the zones overlap); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  timezonefinder==9.0.0 timezonefinder-data==3.2026.3.post1 tzfpy==2.1.1 tzdata==2026.3
cat > clocks.py <<'PY'
import warnings
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import tzfpy
from timezonefinder import TimezoneFinder, TimezoneFinderL

PLACES = {
    "Tian Shan, Bayanbulak": (84.2, 42.9),
    "Altai, Kanas": (87.0, 48.7),
    "Pamir, Taxkorgan": (75.2, 37.8),
    "Tian Shan, Naryn": (76.0, 41.4),
    "Mongolian Altai, Khovd": (91.6, 48.0),
    "Tibet, Lhasa": (91.1, 29.6),
}


def utc(zone):
    """20:00 on a clock of the zone on 1 July 2026, in UTC."""
    return datetime(2026, 7, 1, 20, tzinfo=ZoneInfo(zone)).astimezone(timezone.utc).strftime("%H:%M")


with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    exact, light = TimezoneFinder(), TimezoneFinderL()
    for name, (lon, lat) in PLACES.items():
        a, b = exact.timezone_at(lng=lon, lat=lat), tzfpy.get_tz(lon, lat)
        both = f"; light {light.timezone_at(lng=lon, lat=lat)}, get_tzs {' '.join(sorted(tzfpy.get_tzs(lon, lat)))}"
        print(f"{name}: timezonefinder {a} {utc(a)}, tzfpy {b} {utc(b)}{both if a != b else ''}")
print("warnings:", len(said))
PY
venv/bin/python clocks.py | tee seen
cat > expected <<'TXT'
Tian Shan, Bayanbulak: timezonefinder Asia/Urumqi 14:00, tzfpy Asia/Shanghai 12:00; light Asia/Shanghai, get_tzs Asia/Shanghai Asia/Urumqi
Altai, Kanas: timezonefinder Asia/Urumqi 14:00, tzfpy Asia/Shanghai 12:00; light Asia/Shanghai, get_tzs Asia/Shanghai Asia/Urumqi
Pamir, Taxkorgan: timezonefinder Asia/Urumqi 14:00, tzfpy Asia/Shanghai 12:00; light Asia/Shanghai, get_tzs Asia/Shanghai Asia/Urumqi
Tian Shan, Naryn: timezonefinder Asia/Bishkek 14:00, tzfpy Asia/Bishkek 14:00
Mongolian Altai, Khovd: timezonefinder Asia/Hovd 13:00, tzfpy Asia/Hovd 13:00
Tibet, Lhasa: timezonefinder Asia/Shanghai 12:00, tzfpy Asia/Shanghai 12:00
warnings: 0
TXT
diff expected seen
