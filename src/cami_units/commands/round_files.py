"""A round as files: tables, workbook, Google Earth, map."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units import grid, kml, store, webmap, words
from cami_units.commands.context import context_layers, drawn_context
from cami_units.commands.legend import legend_png
from cami_units.documents.csv_tables import write_csv
from cami_units.documents.units_workbook import write_units_workbook
from cami_units.model import EQUAL_AREA, LONLAT, ROUND_LAYERS, Problem, Progress, Round, quiet


def write_proposal(
    proposal: Round, directory: Path, *, force: bool = False, progress: Progress = quiet
) -> tuple[Problem, ...]:
    """Write a round as a folder: tables, workbook, both KMZ, the map, the manifest. Whole or not.

    Returns
    -------
    tuple of Problem
        What had to be simplified or left out of the KMZ to keep its budgets.

    Raises
    ------
    InputError
        The folder holds a round already and `force` is not given, or cannot be written.
    """
    noticed: list[Problem] = []
    files = products(proposal, noticed=noticed, progress=progress)
    store.write_round(proposal, directory, files=files, force=force)
    return tuple(noticed)


def products(
    proposal: Round, *, noticed: list[Problem], progress: Progress = quiet
) -> dict[str, store.Writer]:
    """What every round has beside its GeoPackage and its manifest, by file name.

    `noticed` is added to as the files are written.
    """
    tables, imprint = proposal.tables, proposal.imprint
    species = tables["species"]
    cards = {lang: words.unit_cards(tables, species, lang=lang) for lang in imprint.languages}
    shown = told_layers(shown_layers(proposal), tables)
    shown |= drawn_context(context_layers(proposal), noticed=noticed)
    said = tables.get("remarks")  # what groups pinned and typed: a layer of the map
    remarks = {"remarks": said} if isinstance(said, gpd.GeoDataFrame) else {}

    lang = imprint.languages[0]

    @cache
    def both() -> Mapping[kml.Profile, Callable[[Path], tuple[Problem, ...]]]:
        units = tables["conservation_units"]
        return kml.earth_writers(
            units,
            cards=cards[lang],
            imprint=imprint,
            lang=lang,
            layers=shown | remarks,
            species=species,
            legend=legend_png(units, shown, lang=lang),
        )

    def google_earth(profile: kml.Profile) -> store.Writer:
        def write(path: Path) -> None:
            progress(f"writing {path.name}", 0, 0)
            noticed.extend(both()[profile](path))

        return write

    def web_map(path: Path) -> None:
        progress(f"writing {path.name}", 0, 0)
        webmap.write_map(
            path,
            tables["conservation_units"],
            cards=cards,
            imprint=imprint,
            layers=shown | remarks,
            species=species,
            planning_units=tables["planning_units"],
            unit_criteria=tables["unit_criteria"],
            lang=lang,
        )

    # The KMZ first: of a round of thousands of units it needs the most memory.
    return {
        "conservation_units.kmz": google_earth("earth-pro"),
        "conservation_units_web.kmz": google_earth("earth-web"),
        "map.html": web_map,
        "conservation_units.csv": lambda path: write_csv(path, tables["conservation_units"]),
        "conservation_units.xlsx": lambda path: write_units_workbook(path, proposal),
    }


def told_layers(
    shown: dict[str, gpd.GeoDataFrame], tables: Mapping[str, pd.DataFrame]
) -> dict[str, gpd.GeoDataFrame]:
    """Layers with what is known of them: why a hotspot became no unit, what lies along a border."""
    made = dict(shown)
    for layer, table, key, columns in (
        ("hotspots", "not_proposed", "hotspot_id", ["reason"]),
        ("borders", "border_pairs", "pair", list(_ALONG)),
    ):
        if layer in shown and table in tables:
            known = tables[table].set_index(key)[columns]
            made[layer] = shown[layer].drop(columns=columns, errors="ignore").join(known, on=key)
    return made


_ALONG: Final = (
    *("border_km", "disputed_km", "units", "species_shared", "fenced_km"),
    *("n_crossings", "best_grade", "pa_pairs", "nearest_pa_pair_km"),
)


def shown_layers(proposal: Round) -> dict[str, gpd.GeoDataFrame]:
    """The layers that maps and KMZ may show.

    A layer that came from a restricted source stays out, and the range of a sensitive species, or
    one from a restricted source, is drawn in cells of :data:`SHOWN_CELL_KM` only; its corridors
    lie on a lattice of that size.
    """
    tables = proposal.tables
    restricted = {
        str(source["layer"]) for source in proposal.manifest["inputs"] if source["restricted"]
    }
    shown = {
        name: table
        for name in ROUND_LAYERS
        if isinstance(table := tables.get(name), gpd.GeoDataFrame) and name not in restricted
    }
    species = tables["species"]
    coarse = set(species.loc[species["sensitive"].eq("yes"), "sci_name"])
    features = tables["features"]
    if "ranges" in restricted:
        coarse |= set(features["sci_name"])
    shown["features"] = _coarsened(features, coarse)
    if "corridors" in shown:
        shown["corridors"] = _coarse_lines(shown["corridors"], coarse)
    return shown


SHOWN_CELL_KM = 25.0
"""Cells in which the range of a sensitive species is shown on what may be published."""


def _coarsened(features: gpd.GeoDataFrame, names: set[str]) -> gpd.GeoDataFrame:
    """Features with the ranges of these species as the planning units that they touch."""
    coarse = features["sci_name"].isin(names)
    flat = features[coarse].to_crs(EQUAL_AREA)
    cells = [
        grid.planning_units(gpd.GeoSeries([shape], crs=flat.crs), cell_km=SHOWN_CELL_KM).union_all()
        for shape in flat.geometry
    ]
    shown = features.geometry.copy()
    shown[coarse] = gpd.GeoSeries(cells, index=flat.index, crs=flat.crs).to_crs(LONLAT)
    return features.set_geometry(shown)


COARSE_DEGREES: Final = 0.4
"""Lattice on which corridors of sensitive species are drawn: at least 25 km as far north as 55°."""


def _coarse_lines(lines: gpd.GeoDataFrame, names: set[str]) -> gpd.GeoDataFrame:
    """Lines of these species on the lattice; one that is shorter than a cell is left out."""
    delicate = lines["sci_name"].map(lambda told: bool(set(str(told).split(";")) & names))
    snapped = [
        shapely.remove_repeated_points(
            shapely.transform(line, lambda xy: np.round(xy / COARSE_DEGREES) * COARSE_DEGREES)
        )
        for line in lines.geometry[delicate]
    ]
    shapes = lines.geometry.copy()
    shapes[delicate] = gpd.GeoSeries(snapped, index=lines.index[delicate], crs=lines.crs)
    made = lines.set_geometry(shapes)
    return made[~delicate | (shapely.length(made.geometry.to_numpy()) > 0)].reset_index(drop=True)
