"""The sheet under everything: land, relief, water, borders, names. Nothing of it is fetched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cami_units import backdrop
from cami_units.drawn_pieces import piece
from cami_units.model import counted_on, records
from cami_units.scene import Itself, ShapeMemory, cut, is_range_state, label_places
from cami_units.webmap._page_values import (
    Spelt,
    coverage_joined,
    is_missing,
    names_in_languages,
    on_lattice,
    packed,
    page_json,
    shared_edges,
    shown,
    simplified,
)

_TOUCHING: Final = 0.03
"""Degrees within which a border counts as running along a disputed area."""
MARGIN: Final = (10.0, 7.0)
"""Degrees of the sheet beyond what is shown first, east-west and north-south."""
_MOST_WATER: Final = 7_000
"""Vertices of rivers and lakes: 40 kB of a page."""


def basemap(
    countries: gpd.GeoDataFrame | None,
    disputed: gpd.GeoDataFrame | None,
    gazetteer: gpd.GeoDataFrame | None,
    *,
    frame: tuple[float, float, float, float],
    most: int = 36_000,
) -> Spelt:
    """Everything of the background, as JSON: ``frame``, ``land``, ``borders``, ``contested``, names.

    No country has a colour of its own. Every border is one line in one style; where it runs through
    or along a disputed area, and around such an area, it is ``contested`` and gets its own dash.
    The sheet ends at `frame` (west, south, east, north); its land has at most `most` vertices.
    """
    content = [
        *_content(Itself(countries), "iso2", "range_state"),
        *_content(Itself(disputed), "disputed_id"),
        *_content(Itself(gazetteer), "kind", "extent_km"),
        json.dumps([*map(float, frame), most]).encode(),
    ]
    # No decision and no group's file changes it: on a workshop's later maps it is the one kept.
    [sheet] = piece(
        "basemap",
        content,
        lambda: [page_json(_drawn(countries, disputed, gazetteer, frame, most)).encode()],
    )
    return Spelt(sheet.decode())


def _name_columns(table: gpd.GeoDataFrame | None) -> list[str]:
    """The columns that name what a layer holds, one a language."""
    return [] if table is None else [str(name) for name in table if str(name).startswith("name_")]


def _names(table: gpd.GeoDataFrame) -> list[dict[str, str]]:
    """What each row is called, by language."""
    return [names_in_languages(row) for row in records(table)]


@lru_cache(maxsize=8)  # every map of a pack has the same states
def _content(layer: Itself, *columns: str) -> tuple[bytes, ...]:
    """What a layer says to this sheet, as bytes; no layer and an empty one are told apart."""
    table = layer.thing
    if table is None:
        return (b"none",)
    words = table[[*columns, *_name_columns(table)]].to_numpy(dtype=object).tolist()
    shapes = shapely.to_wkb(table.geometry.to_numpy())
    return (json.dumps(words, default=str).encode(), *shapes)


def _drawn(
    countries: gpd.GeoDataFrame | None,
    disputed: gpd.GeoDataFrame | None,
    gazetteer: gpd.GeoDataFrame | None,
    frame: tuple[float, float, float, float],
    most: int,
) -> dict[str, Any]:
    """The sheet, drawn anew."""
    sheet: dict[str, Any] = {
        "frame": [*frame],
        "land": [],
        "borders": [],
        "contested": [],
        "countries": [],
        "places": _places(gazetteer),
        **_ground(frame),
    }
    if countries is None or countries.empty:
        return sheet
    states = _states(Itself(countries), Itself(disputed), most)
    borders = shapely.clip_by_rect(states.borders, *frame)
    # of one piece with the states: no shore where their layer ends
    beyond = backdrop.land_beyond([states.land], frame)
    return sheet | {
        "land": packed(shapely.clip_by_rect(shapely.union(states.land, beyond), *frame)),
        "borders": packed(shapely.difference(borders, states.near)),
        "contested": packed(shapely.intersection(borders, states.near))
        + [
            line
            for area in states.disputed
            for line in packed(shapely.clip_by_rect(area.boundary, *frame))
        ],
        "countries": [
            {"name": name, "rangeState": is_state, "spots": _spots(shape, frame)}
            for name, is_state, shape in zip(
                states.names, states.in_range, cut(states.shapes, frame), strict=True
            )
            if not shape.is_empty
        ],
    }


@dataclass(frozen=True, slots=True)
class _States:
    """States as the sheet shows them, by their ids: names, whether they are range states, shapes.

    `borders` are between them, `near` is what lies by `disputed` ground, `land` all land.
    """

    names: list[dict[str, str]]
    in_range: list[bool]
    shapes: np.ndarray[Any, Any]
    disputed: np.ndarray[Any, Any]
    borders: BaseGeometry
    near: BaseGeometry
    land: BaseGeometry


@lru_cache(maxsize=4)  # every map of a pack has the same states, in another frame
def _states(countries: Itself, disputed: Itself, most: int) -> _States:
    """What the sheet shows of two layers, whatever its frame is."""
    # by id, whatever order they came in: shapes are kept by their bytes
    table = countries.thing.sort_values("iso2")
    # a quarter of the budget: disputed ground is small, and drawn beside the states
    areas = _disputed_shapes(disputed.thing, most // 4)
    shapes = simplified(table.geometry.to_numpy(), most=most, coverage=True)
    return _States(
        names=_names(table),
        in_range=is_range_state(table).tolist(),
        shapes=shapes,
        disputed=areas,
        borders=shared_edges(shapes),
        near=shapely.buffer(shapely.union_all(areas), _TOUCHING)
        if len(areas)
        else shapely.Polygon(),
        # What no state of the layer has (Siachen) is no water for that.
        land=shapely.union(coverage_joined(shapes), shapely.union_all(areas)),
    )


@lru_cache(maxsize=4)  # the map and the drawing page of a group have one frame
def _ground(frame: tuple[float, float, float, float]) -> Mapping[str, Any]:
    """``relief``: a picture of light and shade; ``rivers``: [km, lines]; ``lakes``: polygons."""
    water = backdrop.water_in(frame)
    shapes = shapely.clip_by_rect(counted_on(water.geometry.to_numpy(), frame), *frame)
    shapes = simplified(shapes, most=_MOST_WATER)
    is_river = water["kind"].eq(backdrop.RIVERS).to_numpy()
    return {
        "relief": backdrop.mercator_picture(frame).uri,
        "rivers": [
            [int(km), packed(line)]
            for km, line in zip(water["size"][is_river], shapes[is_river], strict=True)
        ],
        "lakes": [polygon for shape in shapes[~is_river] for polygon in packed(shape)],
    }


def _spots(shape: BaseGeometry, frame: tuple[float, float, float, float]) -> list[int]:
    """Where a country's name may stand, flat, the best first.

    The first view shows the sheet without its margin: a large state of which a corner is there has
    places in that corner too.
    """
    places = label_places(shape)
    for share in (1.0, 0.6):  # a window is wider, or higher, than what is fitted into it
        beside, above = (share * step for step in MARGIN)
        west, south, east, north = np.add(frame, (beside, above, -beside, -above))
        if (
            west >= east or south >= north
        ):  # at the end of the map a sheet has less than two margins
            continue
        [corner] = cut(np.array([shape], dtype=object), (west, south, east, north))
        if corner.area > 0:
            # a corner is small: few places in it are worth a try
            places += label_places(corner, 8)
    steps: list[int] = on_lattice(shapely.get_coordinates(places)).ravel().tolist()
    return steps


def _disputed_shapes(disputed: gpd.GeoDataFrame | None, most: int) -> np.ndarray[Any, Any]:
    """The outlines of disputed ground."""
    if disputed is None or disputed.empty:
        return np.empty(0, dtype=object)
    shapes = disputed.sort_values("disputed_id").geometry.to_numpy()
    return simplified(shapes, most=most)


def _places(gazetteer: gpd.GeoDataFrame | None) -> list[dict[str, Any]]:
    """The places of the gazetteer, the widest first."""
    if gazetteer is None:
        return []
    rows = records(gazetteer.sort_values(["extent_km", "name_en"], ascending=[False, True]))
    points = [row.pop("geometry") for row in rows]

    def told(places: list[int]) -> list[dict[str, Any]]:
        """Places by where they stand in the list."""
        return [
            {
                "name": names_in_languages(row),
                "kind": shown(row["kind"]),
                "km": 0 if is_missing(row["extent_km"]) else round(float(row["extent_km"])),
                "at": packed(point)[0],
            }
            for row, point in ((rows[place], points[place]) for place in places)
        ]

    return _TOLD.of(points, list(map(repr, rows)), told)


_TOLD: Final = ShapeMemory()
