#!/usr/bin/env bash
# A position as a GPS shows it, "N45 30.500 E070 15.200", is 70° N 15.2° E for geopy: the minutes are dropped.
#
# Version  geopy 2.5.0 (CPython 3.11)
# Guess    a text of degrees and minutes is read as such, or refused like others that geopy does not know
# Happens  minutes without their sign do not fit, and what does not fit is passed over from the left until two numbers
#          remain: latitude is the longitude's degrees, longitude its minutes, and the letters in front count for
#          nothing. With seconds it is minutes and seconds. Other texts are refused (45º30'N, 45:30:30). With
#          the signs of minutes all is read, but -00° 07.5' is north: the sign of a zero is lost
# Matters  records of sightings and corners of units typed from a handset, which shows hddd mm.mmm without signs. A
#          region's positions move together, to the latitude that is its longitude; near the equator (Kenya) and
#          Greenwich the lost sign moves them by a few kilometres, which nobody sees
# Source   github.com/geopy/geopy/issues/247 (open since 2017)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check geopy==2.5.0
cat > positions.py <<'PY'
from geopy.point import Point

TEXTS = [
    "N45° 30.500' E070° 15.200'",
    "N45 30.500 E070 15.200",
    "N45 30 30.0 E070 15 12.0",
    "45 30.500 N 70 15.200 E",
    "S00 07.500 E036 30.000",
    "S00° 07.500' E036° 30.000'",
    "-00° 07.500' 036° 30.000'",
    "45º30'N 70º15'E",
    "45:30:30 70:15:12",
]
for text in TEXTS:
    try:
        point = Point(text)
        print(f"{text}: {point.latitude:.3f}, {point.longitude:.3f}")
    except ValueError:
        print(f"{text}: refused")
PY
venv/bin/python positions.py | tee seen
cat > expected <<'TXT'
N45° 30.500' E070° 15.200': 45.508, 70.253
N45 30.500 E070 15.200: 70.000, 15.200
N45 30 30.0 E070 15 12.0: 15.000, 12.000
45 30.500 N 70 15.200 E: 70.000, 15.200
S00 07.500 E036 30.000: 36.000, 30.000
S00° 07.500' E036° 30.000': -0.125, 36.500
-00° 07.500' 036° 30.000': 0.125, 36.500
45º30'N 70º15'E: refused
45:30:30 70:15:12: refused
TXT
diff expected seen
