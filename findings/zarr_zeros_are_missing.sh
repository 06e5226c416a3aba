#!/usr/bin/env bash
# xarray reads the zeros of a grid that zarr wrote as missing in Zarr format 2, and as zeros in format 3.
#
# Version  zarr 3.1.6, xarray 2026.9.0, numpy 2.4.6 (CPython 3.11)
# Guess    a grid of 0 (absent) and 1 (present) without a nodata value is what was written, in either format
# Happens  the fill value of zarr is what a chunk holds that nobody wrote, and is 0 unless told otherwise. In format 2
#          xarray takes it for the value that means "no data": every 0 comes as NaN, written or not, whole numbers come
#          as float, and nothing is said. The option made for this, use_zarr_fill_value_as_mask=False, changes nothing;
#          mask_and_scale=False gives the zeros, and so does fill_value=None on writing
# Matters  the share of a state that a species lives in is 100 % instead of 30 %; the mean number of species per cell is
#          that of the cells that have any; "not present" and "not surveyed" are the same. Format 2 is what older
#          stores are in, and what many readers ask for
# Source   open_zarr in xarray's reference; github.com/pydata/xarray/issues/5475 and /4930 (zeros), /10269 (the option)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
  zarr==3.1.6 xarray==2026.9.0 numpy==2.4.6 pandas==3.1.1
cat > presence.py <<'PY'
import warnings

import numpy as np
import xarray as xr
import zarr

present = np.zeros((10, 10), "uint8")
present[:3] = 1


def write(zarr_format, **how):
    """A store of the grid, all of it written, and what zarr itself reads from it."""
    name = f"{zarr_format}{len(how)}.zarr"
    if zarr_format == 3:
        how["dimension_names"] = ["y", "x"]
    store = zarr.open_group(name, mode="w", zarr_format=zarr_format)
    array = store.create_array("present", shape=present.shape, dtype="uint8", **how)
    if zarr_format == 2:
        array.attrs["_ARRAY_DIMENSIONS"] = ["y", "x"]
    array[:] = present
    return name, f"zarr {array[:].mean():.0%}"


def told(name, **how):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        cells = xr.open_zarr(name, consolidated=False, chunks=None, **how)["present"]
    share = f"{float(cells.mean()):.0%} of {int(cells.count())} cells"
    return f"xarray {share}, {cells.dtype}, warnings {len(said)}"


name, whole = write(3)
print(f"format 3: {whole}, {told(name)}")
name, whole = write(2)
print(f"format 2: {whole}, {told(name)}")
for option in ("use_zarr_fill_value_as_mask", "mask_and_scale"):
    print(f"format 2, {option}=False: {told(name, **{option: False})}")
name, whole = write(2, fill_value=None)
print(f"format 2, written with fill_value=None: {whole}, {told(name)}")
PY
venv/bin/python presence.py | tee seen
cat > expected <<'TXT'
format 3: zarr 30%, xarray 30% of 100 cells, uint8, warnings 0
format 2: zarr 30%, xarray 100% of 30 cells, float32, warnings 0
format 2, use_zarr_fill_value_as_mask=False: xarray 100% of 30 cells, float32, warnings 0
format 2, mask_and_scale=False: xarray 30% of 100 cells, uint8, warnings 0
format 2, written with fill_value=None: zarr 30%, xarray 30% of 100 cells, uint8, warnings 0
TXT
diff expected seen
