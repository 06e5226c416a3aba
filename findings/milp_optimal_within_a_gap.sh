#!/usr/bin/env bash
# scipy's milp calls a set of sites "Optimal" that is not the cheapest: HiGHS stops within 0.01 % of it.
#
# Version  scipy 1.17.1 with the HiGHS that is built in (CPython 3.11 to 3.13)
# Guess    status 0, "Optimal", means that no set costs less
# Happens  of 40 small problems of 20 sites some end with a set that costs more than the cheapest; all
#          say status 0. `options={"mip_rel_gap": 0}` finds the cheapest, as an exhaustive search does
# Matters  costs of reserves are large numbers that differ in their last digits: the whole difference
#          between two sets is then below the gap, and the set taken changes with the solver's mood.
#          What was proven stands in `mip_gap` of the result, which few look at
# Source   HiGHS, option mip_rel_gap (default 1e-4); seen here
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check scipy==1.17.1 numpy==2.3.5
cat > sets.py <<'PY'
import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

sites = 20
every_set = (np.arange(2**sites)[:, None] >> np.arange(sites) & 1).astype(np.int32)
dearer = dearer_without_gap = 0
for seed in range(40):
    lot = np.random.default_rng(seed)
    cost = np.round(40_000 + 30 * lot.random(sites))
    held = lot.integers(1, 30, (3, sites)).astype(float)
    target = np.floor(0.4 * held.sum(axis=1))
    asked = dict(
        constraints=LinearConstraint(held, lb=target), integrality=np.ones(sites), bounds=Bounds(0, 1)
    )
    found = milp(cost, **asked)
    exact = milp(cost, **asked, options={"mip_rel_gap": 0})
    assert found.status == exact.status == 0
    if seed < 10:
        enough = (every_set @ held.T.astype(np.int32) >= target).all(axis=1)
        cheapest = (every_set[enough] @ cost.astype(np.int32)).min()
        dearer_without_gap += round(exact.fun) > cheapest
    dearer += round(found.fun) > round(exact.fun)
print("status 0 and not the cheapest set:", "some" if dearer else "none")
print("with a gap of 0, against all 2^20 sets of ten problems:", "some" if dearer_without_gap else "none")
PY
venv/bin/python sets.py | tee seen
cat > expected <<'TXT'
status 0 and not the cheapest set: some
with a gap of 0, against all 2^20 sets of ten problems: none
TXT
diff expected seen
