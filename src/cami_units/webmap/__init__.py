"""Web maps: one HTML file that opens by double-click with the network off.

The map of a round: units, their cards, the evidence around them, a table twin, in the languages of
the plan. The page fetches nothing, runs no text from data, and is the same bytes every time.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import geopandas as gpd
import pandas as pd

from cami_units.model import Imprint
from cami_units.webmap._drawing_ground import (
    GroundBlock,
    add_cells,
    add_points,
    add_polygons,
    packed_block,
    projection_of,
)
from cami_units.webmap._drawing_page import DrawingPage, drawing_page
from cami_units.webmap._html import CamiMap
from cami_units.webmap._payload import Cards, Detail, payload

__all__ = [
    "CamiMap",
    "Detail",
    "DrawingPage",
    "GroundBlock",
    "add_cells",
    "add_points",
    "add_polygons",
    "drawing_page",
    "packed_block",
    "projection_of",
    "unit_map",
    "write_map",
]

_NO_LAYERS: Final[Mapping[str, gpd.GeoDataFrame]] = MappingProxyType({})


def unit_map(
    units: gpd.GeoDataFrame,
    *,
    cards: Cards,
    imprint: Imprint,
    layers: Mapping[str, gpd.GeoDataFrame] = _NO_LAYERS,
    species: pd.DataFrame | None = None,
    planning_units: gpd.GeoDataFrame | None = None,
    unit_criteria: pd.DataFrame | None = None,
    unit_species: pd.DataFrame | None = None,
    unit_countries: pd.DataFrame | None = None,
    sensitivity: pd.DataFrame | None = None,
    before: gpd.GeoDataFrame | None = None,
    detail: Detail = "map",
    lang: str = "en",
) -> CamiMap:
    """A map of conservation units with everything a reader needs, and no need of a network.

    Parameters
    ----------
    units : GeoDataFrame
        The table `conservation_units` in longitude and latitude. Rejected and merged units are not
        drawn.
    cards : DataFrame or mapping of language to DataFrame
        What popups say: one row a unit, ``unit_id`` and :data:`cami_units.words.CARD_FIELDS`, as
        :func:`cami_units.words.unit_cards` makes them (plain text, not escaped). Several languages
        give the page a language switch, in the order of the mapping.
    imprint : Imprint
        Title, date, round, profile, sources, disclaimer.
    layers : mapping of name to GeoDataFrame
        Any of :data:`cami_units.model.MAP_LAYERS`, in longitude and latitude. An absent one is not offered.
    species : DataFrame, optional
        The table `species`: label codes and names. ``None``: scientific names only.
    planning_units : GeoDataFrame, optional
        The table `planning_units` in longitude and latitude, drawn as a score in five classes.
    unit_criteria : DataFrame, optional
        The table `unit_criteria`: marks in the table twin and the evidence in the popups.
    unit_species, unit_countries : DataFrame, optional
        The tables of those names: small charts in the popups.
    sensitivity : DataFrame, optional
        The table `sensitivity`: units can be coloured by how stable they are.
    before : GeoDataFrame, optional
        The table `conservation_units` as it was: drawn dashed and grey below the units, with a table
        of what each of them became, and a divider that wipes from then to now.
    detail : {"map", "atlas"}
        A map is light (1.5 MB for the bundled layers). An atlas has shapes in full detail, and the
        parts of each range with their codes where `layers` has ``ranges``.
    lang : {"en", "ru"}
        Language in which the page opens.

    Returns
    -------
    CamiMap
        A :class:`folium.Map`: it displays itself in a notebook.

    Raises
    ------
    InputError
        When a table is not what its name promises, is not in longitude and latitude, when a layer
        or language is unknown, or a unit has no card.

    Notes
    -----
    Shapes are drawn simplified and on a lattice of 0.0001°: the page shows, the GeoPackage holds.
    """
    content = payload(
        units,
        cards=cards,
        imprint=imprint,
        layers=layers,
        species=species,
        planning_units=planning_units,
        unit_criteria=unit_criteria,
        unit_species=unit_species,
        unit_countries=unit_countries,
        sensitivity=sensitivity,
        before=before,
        detail=detail,
        lang=lang,
    )
    return CamiMap(content, imprint)


def write_map(
    path: str | Path,
    units: gpd.GeoDataFrame,
    *,
    cards: Cards,
    imprint: Imprint,
    layers: Mapping[str, gpd.GeoDataFrame] = _NO_LAYERS,
    species: pd.DataFrame | None = None,
    planning_units: gpd.GeoDataFrame | None = None,
    unit_criteria: pd.DataFrame | None = None,
    unit_species: pd.DataFrame | None = None,
    unit_countries: pd.DataFrame | None = None,
    sensitivity: pd.DataFrame | None = None,
    before: gpd.GeoDataFrame | None = None,
    detail: Detail = "map",
    lang: str = "en",
) -> None:
    """Write :func:`unit_map` as one HTML file.

    Parameters
    ----------
    path : str or Path
        The file to write. The other parameters are those of :func:`unit_map`.

    Raises
    ------
    InputError
        As :func:`unit_map`; nothing is written then.
    """
    page = unit_map(
        units,
        cards=cards,
        imprint=imprint,
        layers=layers,
        species=species,
        planning_units=planning_units,
        unit_criteria=unit_criteria,
        unit_species=unit_species,
        unit_countries=unit_countries,
        sensitivity=sensitivity,
        before=before,
        detail=detail,
        lang=lang,
    )
    Path(path).write_bytes(page.get_root().render().encode("utf-8"))
