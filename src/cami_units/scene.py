"""What figures draw: the tables of a round in one equal-area CRS, in one language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from cami_units import words
from cami_units.model import Imprint, InputError, check_table, listed, nearest

LAYERS: Final = (
    "countries",
    "borders",
    "disputed",
    "protected_areas",
    "hotspots",
    "sections",
    "corridors",
    "barriers",
    "gazetteer",
)
"""The layers that figures draw. `features` and any others of a round are welcome and not drawn."""

HIDDEN: Final = ("rejected", "merged")
_WELCOME: Final = (*LAYERS, "features", "ranges")

Frame = tuple[float, float, float, float]
"""Left, low, right, top, in metres of the scene's CRS."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything the figures of a round show, ready to draw.

    Attributes
    ----------
    crs : the equal-area CRS of every geometry here.
    imprint : title, date, round, profile, sources, disclaimer.
    units : the table `conservation_units`. Rejected and merged units are not drawn.
    cards : one row a unit, as :func:`cami_units.words.unit_cards` makes them, in this language.
    layers : any of :data:`LAYERS`, by name.
    species : the table `species`.
    unit_criteria, unit_species, unit_countries : the tables of those names; empty ones are fine.
    lang : language of every phrase and name.
    """

    crs: str
    imprint: Imprint
    units: gpd.GeoDataFrame
    cards: pd.DataFrame
    species: pd.DataFrame
    layers: Mapping[str, gpd.GeoDataFrame] = field(default_factory=lambda: MappingProxyType({}))
    unit_criteria: pd.DataFrame = field(default_factory=pd.DataFrame)
    unit_species: pd.DataFrame = field(default_factory=pd.DataFrame)
    unit_countries: pd.DataFrame = field(default_factory=pd.DataFrame)
    lang: str = "en"

    def __post_init__(self) -> None:
        """Refuse tables that are not as promised, or lie in different CRSs.

        Raises
        ------
        InputError
            With the first table that is at fault, and each of its faults.
        """
        words.text("map", self.lang)  # refuses an unknown language
        unknown = [name for name in self.layers if name not in _WELCOME]
        if unknown:
            hints = "".join(nearest(name, LAYERS) for name in unknown)
            raise InputError(
                f"Figures draw {', '.join(LAYERS)}; they do not know {listed(unknown)}.{hints}"
            )
        check_table(self.units, "conservation_units", crs=self.crs)
        check_table(self.species, "species")
        for name in LAYERS:
            if name in self.layers:
                check_table(self.layers[name], name, crs=self.crs)
        bare = sorted(set(self.units["unit_id"]) - set(self.cards.get("unit_id", ())))
        if bare:
            raise InputError(
                f"No card for {listed(bare)}. Make the cards with words.unit_cards(…)."
            )


def drawn_units(scene: Scene) -> gpd.GeoDataFrame:
    """The units that are drawn, best rank first."""
    seen = scene.units[~scene.units["status"].isin(HIDDEN)]
    return seen.sort_values(["rank", "unit_id"], na_position="last", kind="stable")


def layer(scene: Scene, name: str, key: str) -> gpd.GeoDataFrame | None:
    """A layer in the order of its key; ``None`` where there is none or it is empty."""
    table = scene.layers.get(name)
    if table is None or table.empty:
        return None
    return table.sort_values(key, kind="stable")


def records(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows of a table as mappings, geometry and all."""
    names = [str(column) for column in table.columns]
    for row in table.itertuples(index=False, name=None):
        yield dict(zip(names, row, strict=True))


def unit(scene: Scene, unit_id: str) -> dict[str, Any]:
    """A unit by its id.

    Raises
    ------
    InputError
        There is none, with the nearest id that there is.
    """
    found = scene.units[scene.units["unit_id"] == unit_id]
    if found.empty:
        known = sorted(map(str, scene.units["unit_id"]))
        raise InputError(
            f"There is no unit '{unit_id}' in this round.{nearest(unit_id, known)} "
            f"It has {listed(known)}."
        )
    return next(records(found))


def section(scene: Scene, section_id: str) -> dict[str, Any]:
    """A section by its id.

    Raises
    ------
    InputError
        There is none, with the nearest id that there is.
    """
    table = scene.layers.get("sections")
    known = [] if table is None else sorted(map(str, table["section_id"]))
    if table is None or section_id not in known:
        raise InputError(
            f"There is no section '{section_id}' in this round.{nearest(section_id, known)} "
            f"It has {listed(known) or 'none'}."
        )
    return next(records(table[table["section_id"] == section_id]))


def name_of(row: Mapping[str, Any], lang: str) -> str:
    """The name of a row in this language, else in English, else the only one it has."""
    given = (row.get(key) for key in (f"name_{lang}", "name_en", "name"))
    return next((str(name) for name in given if isinstance(name, str) and name), "")


def framed(bounds: Any, *, aspect: float, margin: float = 0.06) -> Frame:
    """The bounds with a margin, widened to a map of this width over height."""
    left, low, right, top = (float(edge) for edge in np.asarray(bounds))
    width, height = (right - left) * (1 + 2 * margin), (top - low) * (1 + 2 * margin)
    width, height = max(width, height * aspect), max(height, width / aspect)
    x, y = (left + right) / 2, (low + top) / 2
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def region(scene: Scene) -> Any:
    """The bounds of what the scene is about: units, hotspots and sections; else the countries."""
    about = [scene.units, scene.layers.get("hotspots"), scene.layers.get("sections")]
    there = [table for table in about if table is not None and len(table)]
    if not there:
        there = [table for table in (scene.layers.get("countries"),) if table is not None]
    if not there:
        return (-3e6, -2e6, 3e6, 2e6)
    edges = np.array([table.total_bounds for table in there])
    return (*edges[:, :2].min(axis=0), *edges[:, 2:].max(axis=0))
