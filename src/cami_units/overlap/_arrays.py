"""Arrays by what they hold: what numbers are measured in, and which rows they are of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Ints32 = NDArray[np.int32]
Truths = NDArray[np.bool_]
Positions = NDArray[np.intp]
"""Of rows in a table, or of shapes in an array."""
Geometries = NDArray[np.object_]
