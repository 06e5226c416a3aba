"""Records of animals as points: GBIF downloads, Darwin Core tables, any CSV with coordinates."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.layers._dialects import plain
from cami_units.model import LONLAT, InputError, Problem, delimited_rows, listed

TABLES: Final = (".csv", ".tsv", ".txt")
"""Endings of tables of points."""

MOST_ROWS: Final = 2_000_000
"""Records that are read: a GBIF download of all species here has fewer."""

_LONGITUDE: Final = ("decimallongitude", "longitude", "lon", "long", "locationlong", "x")
_LATITUDE: Final = ("decimallatitude", "latitude", "lat", "locationlat", "y")
_WKT: Final = ("wkt", "geometry", "footprintwkt")
_SPECIES: Final = ("species", "scientificname", "individualtaxoncanonicalname", "taxon")
_UNCERTAINTY: Final = ("coordinateuncertaintyinmeters",)
_BASIS: Final = ("basisofrecord",)
_NOT_WILD: Final = frozenset({"FOSSIL_SPECIMEN", "LIVING_SPECIMEN"})
# half a cell of the grid: a record that may lie in the next one says nothing of this one
_MOST_UNCERTAIN_M: Final = 12_500.0


def occurrence_rows(path: Path, layer: str) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """The records of a table that can be used, as points, and what was left out, step by step.

    Left out are records without coordinates, at 0°/0°, less certain than 12.5 km, of fossils and of
    animals in captivity, and those that repeat species, place and day. Not looked for: centroids of
    countries and addresses of institutions, which need lists that are not here.

    Raises
    ------
    InputError
        The file is no table, or has no columns of coordinates.
    """
    try:
        headings, *lines = delimited_rows(path.read_bytes(), most_rows=MOST_ROWS) or [[]]
    except ValueError as error:
        raise InputError(f"it is no table ({error})") from error
    table = pd.DataFrame(
        ([*line, *[""] * len(headings)][: len(headings)] for line in lines if any(line)),
        columns=[str(heading).strip().lstrip("\ufeff") for heading in headings],
    )
    names = {plain(heading): heading for heading in reversed(table.columns)}

    def column(spellings: tuple[str, ...]) -> pd.Series | None:
        heading = next((names[name] for name in spellings if name in names), None)
        return None if heading is None else table[heading]

    longitude, latitude, wkt = column(_LONGITUDE), column(_LATITUDE), column(_WKT)
    if longitude is not None and latitude is not None:
        x = pd.to_numeric(longitude, errors="coerce").to_numpy(dtype=float)
        y = pd.to_numeric(latitude, errors="coerce").to_numpy(dtype=float)
        points = shapely.points(x, y)
    elif wkt is not None:
        points = shapely.from_wkt(wkt.to_numpy(), on_invalid="ignore")
        x, y = shapely.get_x(points), shapely.get_y(points)
    else:
        raise InputError(
            f"it has no columns of coordinates: {_LONGITUDE[0]} and {_LATITUDE[0]}, lon and lat, or "
            f"WKT are expected; it has {listed(table.columns, 12)}"
        )
    uncertainty, basis, species = column(_UNCERTAINTY), column(_BASIS), column(_SPECIES)
    day = column(("eventdate", "timestamp", "date"))
    reasons = [
        ("have no coordinates", ~(np.isfinite(x) & np.isfinite(y))),
        ("have coordinates that do not exist", (np.abs(x) > 180) | (np.abs(y) > 90)),
        ("lie at 0°/0°, where nobody saw them", (x == 0) & (y == 0)),
    ]
    if uncertainty is not None:
        metres = pd.to_numeric(uncertainty, errors="coerce").to_numpy(dtype=float)
        reasons.append(("are less certain than 12.5 km", metres > _MOST_UNCERTAIN_M))
    if basis is not None:
        reasons.append(
            ("are fossils or animals in captivity", basis.isin(_NOT_WILD).to_numpy(dtype=bool))
        )
    parts = [pd.Series(x), pd.Series(y)]
    parts += [values.reset_index(drop=True) for values in (species, day) if values is not None]
    repeated = pd.concat(parts, axis=1).duplicated().to_numpy(dtype=bool)
    reasons.append(("repeat species, place and day of another", repeated))
    keep = np.ones(len(table), dtype=bool)
    problems = []
    for reason, out in reasons:
        count = int((keep & out).sum())
        if count:
            what = f"{count:,} of {len(table):,} records {reason}: left out"
            problems.append(Problem("counted", layer, path.name, "", what))
        keep &= ~out
    rows = table[keep].assign(name=species[keep] if species is not None else "")
    rows = rows.drop(columns="geometry", errors="ignore")
    return gpd.GeoDataFrame(rows, geometry=np.asarray(points)[keep], crs=LONLAT), problems
