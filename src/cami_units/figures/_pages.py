"""Sheets and screens: the poster of the region, a sheet for each section, a page for each unit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from shapely.geometry.base import BaseGeometry

from cami_units import words
from cami_units.figures._figure_legend import entries, legend
from cami_units.figures._map import (
    Field,
    Plate,
    Sized,
    draw_map,
    draw_units,
    graticule,
    north_arrow,
    scale_bar,
)
from cami_units.figures._sheet import (
    A3,
    A4,
    INK,
    SOFT,
    Column,
    add_form,
    box,
    facts,
    foot,
    put,
    rule,
    sheet,
    size_mm,
    table,
    write,
    write_in,
)
from cami_units.figures._typesetting import LEADING, MM_PER_POINT, Face, lines, width_mm
from cami_units.model import (
    EVIDENCE_LAYERS,
    LAYERS,
    LONLAT,
    finding_key,
    is_missing,
    transformed,
    transformer,
)
from cami_units.scene import (
    COARSE,
    Frame,
    Scene,
    drawn_units,
    framed,
    moved_scene,
    name_of,
    records,
    region,
    section,
    unit,
)
from cami_units.words.unit_card import CARD_FIELDS, field_label, name_field, states_with_ground

A1: Final = (841.0, 594.0)
SLIDE: Final = (320.0, 180.0)
"""A screen of 16 : 9; at 152.4 dots an inch it is 1920 × 1080."""

_WITHOUT_SECTIONS: Final = tuple(name for name in EVIDENCE_LAYERS if name != "sections")
_GREYS: Final = ("#2f3a41", "#8d989f", "#5b6870", "#b9c2c7", "#414d55", "#a3adb3")
_MARK_COLOURS: Final = {"✓": "#0b5d33", "✗": "#8f1014", "?": "#55636c"}


def poster(scene: Scene) -> Figure:
    """The whole region on a sheet of A1, upright where the map is larger so, with the table of all units."""
    across, upright = A1, A1[::-1]
    bounds = region(scene)
    size = upright if _map_scale(bounds, upright) > _map_scale(bounds, across) else across
    wide, high = size
    margin, gap, columns, band = _POSTER_MARGIN, 12.0, _COLUMNS[size], _BANDS[size]
    figure = sheet(wide, high)
    # Lengths are in millimetres of the sheet and type in points, here and on all other sheets.
    top = _title(figure, scene, scene.imprint.title, margin, size=40, facts_size=17)
    end = foot(figure, scene, size=11, margin=margin) - 5
    left, width = margin + 5, wide - 2 * margin - 5
    frame = _framed_map(
        figure,
        scene,
        bounds,
        (left, top, width, end - band - top - 10),
        layers=EVIDENCE_LAYERS,
        text=12.5,
        line=2.0,
    )
    below = end - band + 2
    rows = entries(scene, EVIDENCE_LAYERS, frame)
    key = Column(figure, wide - margin - 150.0, 150.0)
    y = _heading(key, below, words.text("legend", scene.lang), size=17)
    legend(key, rows, y + 2, size=11, columns=2)
    units = drawn_units(scene)
    column = (wide - 2 * margin - key.width - columns * gap) / columns
    # rounded up, so that no unit is left over
    share = -(-len(units) // columns)
    for place in range(columns):
        at = Column(figure, margin + place * (column + gap), column)
        heading = words.text("units", scene.lang) if place == 0 else ""
        y = _heading(at, below, heading or " ", size=17)
        part = units.iloc[place * share : (place + 1) * share]
        if len(part):
            _unit_table(at, scene, part, y + 1, end, size=9.8, most_lines=1)
    return figure


def _map_scale(bounds: Sequence[float], size: tuple[float, float]) -> float:
    """How large a region is drawn on a poster of this size, mm a metre; the title takes as much on each."""
    west, south, east, north = bounds
    wide, high = size[0] - 2 * _POSTER_MARGIN, size[1] - 4 * _POSTER_MARGIN - _BANDS[size]
    return min(wide / (east - west), high / (north - south))


_POSTER_MARGIN: Final = 18.0
_COLUMNS: Final = {A1: 3, A1[::-1]: 2}
"""Into how many columns the poster's table is cut, across and upright."""
_BANDS: Final = {A1: 104.0, A1[::-1]: 156.0}
"""How high the band below the poster's map is, mm: fewer columns are longer."""


def section_sheet(scene: Scene, section_id: str) -> Figure:
    """One section on a sheet of A3, to draw on with a pen.

    Raises
    ------
    InputError
        There is no such section.
    """
    row = section(scene, section_id)
    units = drawn_units(scene)
    units_inside = units[shapely.intersects(units.geometry.to_numpy(), row["geometry"])]
    wide, _ = A3
    margin, side = 10.0, 98.0
    figure = sheet(*A3)
    name = f"{section_id} · {name_of(row, scene.lang)}"
    top = _title(figure, scene, name, margin, size=19, facts_size=9, above=scene.imprint.title)
    end = foot(figure, scene, size=6, margin=margin) - 3
    map_width = wide - 2 * margin - side - 9
    left = margin + 3
    frame = _framed_map(
        figure,
        scene,
        row["geometry"].bounds,
        (left, top, map_width, end - top - 4),
        layers=EVIDENCE_LAYERS,
        text=7.5,
        line=1.2,
        focus=frozenset(units_inside["unit_id"].astype(str)),
        within=shapely.union_all([row["geometry"], *units_inside.geometry]),
    )
    column = Column(figure, left + map_width + 6, side)
    rows = entries(scene, EVIDENCE_LAYERS, frame)
    # the legend stands at the bottom of its column: two signs a row of 5.6 mm, and its heading
    key = end - (-(-len(rows) // 2) * 5.6 + 8)
    y = _heading(column, key, words.text("legend", scene.lang), size=10)
    legend(column, rows, y + 1, size=6.4, columns=2)
    y = _heading(column, top, words.text("units", scene.lang), size=10)
    y = _unit_table(column, scene, units_inside, y + 0.5, key - 30, size=6.6, short=True)
    y = _heading(column, y + 4, words.text("your notes", scene.lang), size=10)
    for at in np.arange(y + 7, key - 3, 7.5):
        rule(figure, column.left, float(at), side)
    return figure


_PAGE_SIDE: Final = 62.0
"""The column beside the map of a unit's page, mm."""


def unit_page(scene: Scene, unit_id: str) -> Figure:
    """Everything about one unit on a page of A4.

    Raises
    ------
    InputError
        There is no such unit.
    """
    row = unit(scene, unit_id)
    around = _around(scene, unit_id)
    wide, _ = A4
    margin = 11.0
    figure = sheet(*A4)
    own_name = name_of(row, scene.lang)
    name, title = f"{unit_id} · {own_name}", scene.imprint.title
    # a second name in another language of the round: not the first again, where a language has none of its own
    names = [name_of(row, lang) for lang in ("en", *scene.imprint.languages)]
    second = next((other for other in names if other != own_name), "")
    top = _title(figure, scene, name, margin, size=15, facts_size=7, above=title, below=second)
    end = foot(figure, scene, size=5, margin=margin) - 2
    map_width, map_high = wide - 2 * margin - _PAGE_SIDE - 8, 108.0
    left = margin + 3
    frame = _framed_map(
        figure,
        around,
        unit(around, unit_id)["geometry"].bounds,
        (left, top, map_width, map_high),
        layers=_WITHOUT_SECTIONS,
        text=6.5,
        line=1.0,
        focus={unit_id},
        margin=0.22,
    )
    column = Column(figure, left + map_width + 5, _PAGE_SIDE)
    _location(figure, scene, row, column.left, top)
    y, limit = top + _LOCATION_MM[1] + 3, top + map_high + 3
    y = _card(column, scene, unit_id, y, size=6.6, limit=limit)
    # Below the map or below the card, whichever is longer.
    below = max(top + map_high + 6, y + 1)
    legend_rows = entries(around, _WITHOUT_SECTIONS, frame)
    across = Column(figure, margin, wide - 2 * margin)
    below = legend(across, legend_rows, below, size=5.6, columns=5) + 1
    _criteria(Column(figure, margin, map_width - 1), scene, unit_id, below, end)
    beside = margin + map_width + 4
    right = Column(figure, beside, wide - margin - beside)
    y = _states(right, scene, unit_id, below, size=6.6)
    _species(right, scene, unit_id, y + 3, end)
    return figure


def slide(scene: Scene) -> Figure:
    """The region on a screen, for a projector: large type, few layers."""
    wide, _ = SLIDE
    margin, side = 8.0, 70.0
    figure = sheet(*SLIDE)
    top = _title(figure, scene, scene.imprint.title, margin, size=19, facts_size=9.5)
    end = foot(figure, scene, size=5.6, margin=margin) - 2
    map_width = wide - 2 * margin - side - 9
    layer_names, units = ("hotspots",), drawn_units(scene)
    frame = _framed_map(
        figure,
        scene,
        units.total_bounds if len(units) else region(scene),
        (margin + 3, top, map_width, end - top - 4),
        layers=layer_names,
        text=8,
        line=1.3,
    )
    column = Column(figure, margin + map_width + 9, side)
    y = write_in(column, top, words.text("units", scene.lang), size=12)
    y = write(figure, column.left, y - 1, str(len(units)), size=40, face="bold") - 2
    y = legend(column, entries(scene, layer_names, frame), y + 4, size=9.5)
    # as many lines of 9 mm as there is room for
    for row in list(records(units))[: max(0, int((end - y - 8) // 9))]:
        unit_line = f"{row['rank_label']}  {row['unit_id']}  {name_of(row, scene.lang)}"
        y = write_in(column, y + 2, unit_line, size=9, most=1)
    return figure


def unit_slide(scene: Scene, unit_id: str) -> Figure:
    """One unit on a screen: its map, and what the room needs to read from the back.

    Raises
    ------
    InputError
        There is no such unit.
    """
    row = unit(scene, unit_id)
    around = _around(scene, unit_id)
    wide, _ = SLIDE
    margin, side = 8.0, 118.0
    figure = sheet(*SLIDE)
    name = f"{unit_id} · {name_of(row, scene.lang)}"
    top = _title(figure, scene, name, margin, size=22, facts_size=9.5)
    end = foot(figure, scene, size=5.6, margin=margin) - 2
    map_width = wide - 2 * margin - side - 9
    _framed_map(
        figure,
        around,
        unit(around, unit_id)["geometry"].bounds,
        (margin + 3, top, map_width, end - top - 4),
        layers=("protected_areas", "hotspots", "barriers"),
        text=8.5,
        line=1.6,
        focus={unit_id},
        margin=0.18,
    )
    left = margin + map_width + 9
    # In the largest type in which all of it stands above the foot: each size is tried on a sheet of its own.
    size = next(
        (
            size
            for size in _SLIDE_SIZES
            if _beside_map(Column(sheet(*SLIDE), left, side), scene, unit_id, top, size=size) <= end
        ),
        _SLIDE_SIZES[-1],
    )
    _beside_map(Column(figure, left, side), scene, unit_id, top, size=size)
    return figure


_SLIDE_SIZES: Final = (13.0, 12.0, 11.0, 10.0, 9.0, 8.0)
"""The type beside the map of a unit's slide, in points: the larger, the farther back it is read."""


def _beside_map(column: Column, scene: Scene, unit_id: str, top: float, *, size: float) -> float:
    """A unit's card and the bar of its states; say where they end."""
    without = ("comment", "origin")
    y = _card(column, scene, unit_id, top, size=size, limit=SLIDE[1] - 30, without=without)
    return _states(column, scene, unit_id, y + size * 0.38, size=size * 0.85)


# How far from its middle a map of one unit may reach, in sizes of the unit: the frame, its corners
# and its margin, and some to spare.
_REACH: Final = 1.6


def is_around(units: gpd.GeoDataFrame, shape: BaseGeometry) -> npt.NDArray[np.bool_]:
    """Whether a map of a unit or a section may show each unit: whether it reaches into its window."""
    x, y, half = _window(shape)
    window = shapely.box(x - half, y - half, x + half, y + half)
    return np.asarray(shapely.intersects(units.geometry.to_numpy(), window))


def _window(shape: BaseGeometry) -> tuple[float, float, float]:
    """The ground around a shape that a map of it may show: its middle, and how far it reaches."""
    west, south, east, north = shape.bounds
    return (west + east) / 2, (south + north) / 2, _REACH * max(east - west, north - south)


@lru_cache(maxsize=512)  # a page and a slide of each unit; what lies around one is little
def _around(scene: Scene, unit_id: str) -> Scene:
    """The scene round a unit, in a projection of its own: equal-area, and north is up in its middle."""
    x, y, half = _window(unit(scene, unit_id)["geometry"])
    window = (x - half, y - half, x + half, y + half)
    lon, lat = transformer(scene.crs, LONLAT).transform(x, y)
    crs = f"+proj=laea +lat_0={lat:.2f} +lon_0={lon:.2f} +datum=WGS84 +units=m"

    def near(table: pd.DataFrame, shapes: npt.NDArray[Any], whole: bool) -> Any:
        """The rows that reach into the window, cut to it, their long sides bent as they are there.

        A plain table with its shapes in a column: a layer looks at itself each time it is cut.
        """
        places = np.flatnonzero(shapely.intersects(shapes, shapely.box(*window)))
        seen = shapes[places] if whole else shapely.clip_by_rect(shapes[places], *window)
        dense = shapely.segmentize(seen, half / 20)
        is_there = ~shapely.is_empty(dense)  # what only touches the window is not in it
        there = transformed(dense[is_there], scene.crs, crs)
        return table.iloc[places[is_there]].assign(geometry=there)

    units, layers = _looks(scene)
    near_layers = {name: near(*table, whole=False) for name, table in layers.items()}
    return moved_scene(scene, crs, near(*units, whole=True), near_layers)


_LOOKS: Final = (
    *("unit_id", "status", "tier", "rank", "kind", "range_state", "extent_km"),
    *("section_id", "iso2", "disputed_id", COARSE),
    *(key for layer in LAYERS.values() for key in layer.key),
)
"""What a map asks of a row, beside its shape and its names."""

_Rows = tuple[pd.DataFrame, npt.NDArray[Any]]


# The page of each unit cuts its rows out of these: as plain values that takes a third of the time.
@lru_cache(maxsize=2)
def _looks(scene: Scene) -> tuple[_Rows, Mapping[str, _Rows]]:
    """What maps ask of units and layers of a scene, as plain values, and the shapes."""

    def of(table: gpd.GeoDataFrame) -> _Rows:
        columns = [name for name in table if name in _LOOKS or str(name).startswith("name")]
        return table[columns].astype(object), table.geometry.to_numpy()

    return of(scene.units), {name: of(table) for name, table in scene.layers.items()}


# -- parts of a sheet ------------------------------------------------------------------------------


def _title(
    figure: Figure,
    scene: Scene,
    title: str,
    margin: float,
    *,
    size: float,
    facts_size: float,
    above: str = "",
    below: str = "",
) -> float:
    """Title and facts across the top; say where the sheet goes on."""
    across = Column(figure, margin, size_mm(figure)[0] - 2 * margin)
    y = margin
    if above:
        y = write_in(across, y, above, size=facts_size, colour=SOFT, most=1) + 0.5
    y = write_in(across, y, title, size=size, face="bold", most=2)
    if below:
        y = write_in(across, y, below, size=facts_size * 1.25, colour=SOFT, most=1)
    y = write_in(across, y + size * 0.03, facts(scene), size=facts_size, colour=SOFT, most=1)
    rule(figure, margin, y + size * 0.08, across.width)
    return y + size * 0.08 + size * 0.14 + 1


def _heading(column: Column, top: float, heading: str, *, size: float) -> float:
    """Write a heading under a line; where what follows may begin."""
    rule(column.figure, column.left, top, column.width, colour=INK)
    return write_in(column, top + size * 0.15, heading, size=size, face="bold", most=1)


def _framed_map(
    figure: Figure,
    scene: Scene,
    bounds: Any,
    place: tuple[float, float, float, float],
    *,
    layers: tuple[str, ...],
    text: float,
    line: float,
    focus: Collection[str] = (),
    within: BaseGeometry | None = None,
    margin: float = 0.05,
) -> Frame:
    """A map with all its furniture at a place (left, top, width, height) of the sheet; its frame."""
    *_, width, height = place
    sized = Sized(framed(bounds, aspect=width / height, margin=margin), width, text)
    plate = Plate(Field(figure, place, sized.frame), scene, sized, line)
    graticule(plate, size=text * 0.8)
    furniture = (scale_bar(plate, size=text * 0.95), north_arrow(plate, size=text * 1.3))
    draw_map(plate, layers=layers, focus=focus, within=within, furniture=furniture)
    return sized.frame


def location_map(scene: Scene) -> Figure:
    """The region with all its units, pale, on a sheet of its own as wide as the column it stands in.

    It is the ground of the small map on the page of each unit, and the same on all of them.
    """
    figure = sheet(*_LOCATION_MM)
    sized = _region_sized(scene)
    plate = Plate(Field(figure, (0, 0, *_LOCATION_MM), sized.frame), scene, sized, 0.5)
    # no unit is in focus, so that all are pale
    draw_map(plate, layers=(), focus={""}, names=False)
    return figure


_REGION_SHARE: Final = 0.56
"""The height of the map of the region, by its width."""
_LOCATION_MM: Final = (_PAGE_SIDE, _PAGE_SIDE * _REGION_SHARE)
LOCATION: Final = "Location"
"""What pages call the map of the region by."""


def _region_sized(scene: Scene) -> Sized:
    return Sized(framed(region(scene), aspect=1 / _REGION_SHARE, margin=0.02), _PAGE_SIDE, 5)


def _location(
    figure: Figure, scene: Scene, row: Mapping[str, Any], left: float, top: float
) -> None:
    """Where in the region a unit lies."""
    sized = _region_sized(scene)
    add_form(figure, LOCATION, left, top, _LOCATION_MM[1], lambda: location_map(scene))
    field = Field(figure, (left, top, *_LOCATION_MM), sized.frame, is_framed=False)
    draw_units(Plate(field, scene, sized, 0.5), {str(row["unit_id"])}, only_focus=True)
    x0, y0, x1, y1 = row["geometry"].bounds
    # of paper, as the margin of the region is: a region of another size has the same small map
    spare = 0.5 * sized.metres_per_mm
    corner, size = (x0 - spare, y0 - spare), (x1 - x0 + 2 * spare, y1 - y0 + 2 * spare)
    look: Any = {"fill": False, "edgecolor": INK, "linewidth": 1.1, "zorder": 40}
    field.add_artist(Rectangle(corner, *size, **look))


_CARD: Final = tuple(
    name for name in CARD_FIELDS if name not in ("name_en", "name_ru", "criteria", "takes")
)


def _card(
    column: Column,
    scene: Scene,
    unit_id: str,
    top: float,
    *,
    size: float,
    limit: float,
    without: tuple[str, ...] = ("comment", "species"),
) -> float:
    """The unit's card: what balloon and popup say, in the same words; say where it ends."""
    [card] = _of(scene, "cards", unit_id)
    fields = [name for name in _CARD if name not in without and card.get(name)]
    label_of = {name: field_label(card, name, scene.lang) for name in fields}
    indent = max((width_mm(label, size) for label in label_of.values()), default=0) + size * 0.45
    values = Column(column.figure, column.left + indent, column.width - indent)
    y = top
    for name in fields:
        put(column.figure, column.left, y, label_of[name], size=size, colour=SOFT)
        y = write_in(values, y, card[name], size=size, most=6) + size * 0.06
        if y > limit:
            break
    if "criteria" not in without:
        y = _marks(column, str(card["criteria"]), y + size * 0.1, size=size)
    return y


def _marks(column: Column, criteria: str, top: float, *, size: float) -> float:
    """The criteria and their marks in a row, each mark in its colour as well as its shape."""
    figure, left, x, y = column.figure, column.left, column.left, top
    right, line = left + column.width, size * LEADING * MM_PER_POINT
    for place, axis in enumerate(criteria.split(" · ")):
        marked = _with_marks(f"· {axis}" if place else axis)
        # need and support stay on a line each, where one line cannot hold all
        if place and x + sum(width_mm(f"{word}  ", size, "bold") for word in marked) > right:
            x, y = left, y + line
            marked = _with_marks(axis)
        steps = [width_mm(f"{word}  ", size, "bold") for word in marked]
        for word, step in zip(marked, steps, strict=True):
            if x > left and x + step > right:
                x, y = left, y + line
            name, _, mark = word.rpartition(" ")
            is_mark = mark in _MARK_COLOURS
            put(figure, x, y, name if is_mark else word, size=size, colour=INK if is_mark else SOFT)
            if is_mark:
                at = x + width_mm(f"{name} ", size)
                put(figure, at, y, mark, size=size, face="bold", colour=_MARK_COLOURS[mark])
            x += step
    return y + size * LEADING * MM_PER_POINT


def _with_marks(criteria: str) -> list[str]:
    """Words, a mark and what it marks as one.

    Examples
    --------
    >>> _with_marks("C1 ✓ C2 ✗ · need C6 ?")
    ['C1 ✓', 'C2 ✗', '· need', 'C6 ?']
    """
    runs: list[str] = []
    for word in criteria.split():
        joined = word in _MARK_COLOURS or (runs and runs[-1] == "·")
        if joined and runs:
            runs[-1] += f" {word}"
        else:
            runs.append(word)
    return runs


def _unit_table(
    column: Column,
    scene: Scene,
    units: pd.DataFrame,
    top: float,
    limit: float,
    *,
    size: float,
    short: bool = False,
    most_lines: int = 2,
) -> float:
    """The units as rows; what finds no room is named by its ids. Say where it ends."""
    lang = scene.lang
    heads = ["rank", "unit", name_field(lang), "states", "area", "tier"][: 5 if short else 6]
    titles = [words.text(key, lang) for key in heads]
    rows: list[list[tuple[object, Face]]] = [
        [(title[:1].upper() + title[1:], "bold") for title in titles]
    ]
    ground = {"conservation_units": units, "unit_countries": scene.unit_countries}
    states = states_with_ground(ground)
    for row in records(units):
        tier = str(row["tier"])
        cells: list[tuple[object, Face]] = [
            (row["rank_label"], "plain"),
            (row["unit_id"], "bold"),
            (name_of(row, lang), "plain"),
            (" ".join(states.get(row["unit_id"]) or str(row["countries"]).split(";")), "plain"),
            (f"{words.number(row['area_km2'], lang)} {words.text('km2', lang)}", "plain"),
            (words.text(tier, lang) if words.has(tier) else tier, "plain"),
        ]
        rows.append(cells[: len(heads)])
    widths = _widths(rows, column.width, size, wide=2)
    place = (column.figure, column.left, top)
    n_shown, y = table(*place, rows, widths, size=size, limit=limit, most=most_lines)
    if n_shown < len(rows):
        ids = words.in_list((str(row[1][0]) for row in rows[n_shown:]), lang)
        rest = words.with_label(f"+ {len(rows) - n_shown}", ids, lang)
        y = write_in(column, y, rest, size=size * 0.9, colour=SOFT, most=2)
    return y


def _widths(
    rows: list[list[tuple[object, Face]]], width: float, size: float, *, wide: int
) -> list[float]:
    """As much as each column's longest cell needs, a fifth of the table at most; `wide` has the rest."""
    needed = [
        min(max(width_mm(str(value), size, face) for value, face in column) + 3, width / 5)
        for column in zip(*rows, strict=True)
    ]
    # The names, which may be broken into lines, have whatever the others leave.
    needed[wide] = width - sum(needed) + needed[wide]
    return needed


def _criteria(column: Column, scene: Scene, unit_id: str, top: float, limit: float) -> None:
    """Every gate and criterion with its mark, its numbers, and the sentence that says why."""
    figure, left, width = column.figure, column.left, column.width
    y = _heading(column, top, words.text("criteria", scene.lang), size=8.5) + 0.6
    _marks_explained(column, scene.lang, top + 2.4)
    findings = _of(scene, "unit_criteria", unit_id)
    rows = sorted(findings, key=lambda row: finding_key(row["criterion"]))
    step = LEADING * MM_PER_POINT
    told_of = [lines(row["because"], width - 12, size=5.6) for row in rows]
    # what the headings of all criteria leave, in lines of small type
    room = int((limit - y - len(rows) * (7 * step + 0.9)) / (5.6 * step))
    line_counts = _shared_out([len(told_lines) for told_lines in told_of], room)
    for row, allowed in zip(rows, line_counts, strict=True):
        if y + 7 * step > limit:
            break
        told_lines = lines(row["because"], width - 12, size=5.6, most=allowed) if allowed else []
        mark = words.mark(row["met"], row["criterion"])
        put(figure, left, y, row["criterion"], size=7, face="bold")
        put(figure, left + 6.2, y, mark, size=8, face="bold", colour=_MARK_COLOURS.get(mark, INK))
        figures = _figures(row, scene.lang)
        name = words.text(str(row["criterion"]), scene.lang) if words.has(row["criterion"]) else ""
        put(figure, left + 12, y, name, size=6.6, face="bold")
        put(figure, left + width, y, figures, size=6.2, colour=SOFT, align="right")
        y += 7 * step
        for line in told_lines:
            put(figure, left + 12, y, line, size=5.6, colour=SOFT)
            y += 5.6 * step
        y += 0.9


def _marks_explained(column: Column, lang: str, top: float) -> None:
    """What each mark says, at the right end of a column; a word each, since no font of Chinese has ✗."""
    parts = words.text("assessed line marks", lang).split(" ")
    size = 4.8
    steps = [width_mm(f"{part} ", size) for part in parts]
    x = column.left + column.width - sum(steps)
    for part, step in zip(parts, steps, strict=True):
        colour = _MARK_COLOURS.get(part, SOFT)
        put(column.figure, x, top, part, size=size, colour=colour)
        x += step


def _shared_out(asked_lines: list[int], room: int) -> list[int]:
    """How many lines each text may have where all of them share so many, line by line in turn.

    Examples
    --------
    >>> _shared_out([1, 5, 2], 6)
    [1, 3, 2]
    """
    given_lines = [0] * len(asked_lines)
    while room > 0 and given_lines != asked_lines:
        for place, most_lines in enumerate(asked_lines):
            if given_lines[place] < most_lines and room > 0:
                given_lines[place] += 1
                room -= 1
    return given_lines


def _figures(row: Mapping[str, Any], lang: str) -> str:
    """The value of a finding with its unit."""
    if is_missing(row["value"]):
        return words.text("not assessed", lang)
    value = float(row["value"])
    # about three figures, and none that is not there
    digits = 0 if value == round(value) else 1 if value >= 10 else 2
    return f"{words.number(value, lang, digits)} {words.measure(row['unit'], value, lang)}".strip()


def _states(column: Column, scene: Scene, unit_id: str, top: float, *, size: float) -> float:
    """One bar, cut by the shares of the states, the largest first."""
    y = _heading(column, top, words.text("shares of states", scene.lang), size=size * 1.28)
    y, deep = y + 1, size * 0.9
    states = _of(scene, "unit_countries", unit_id)
    rows = sorted(states, key=lambda row: (-float(row["share"]), row["iso2"]))
    x = column.left
    for place, row in enumerate(rows):
        part = column.width * float(row["share"]) / 100
        fill = _GREYS[place % len(_GREYS)]
        box(column.figure, (x, y, part, deep), fill=fill, line="white")
        # a code that does not fit its part of the bar stands below only
        if part > width_mm(str(row["iso2"]), size, "bold") + 1.5:
            # Dark and light greys take turns, so that neighbours differ and a code can be read on
            # either.
            dark = place % 2 == 0
            at = (column.figure, x + part / 2, y + (deep - size * MM_PER_POINT) / 2 + 0.2)
            colour = "white" if dark else INK
            put(*at, row["iso2"], size=size, face="bold", colour=colour, align="center")
        x += part
    shares = [
        words.with_aside(
            f"{row['iso2']} {words.number(float(row['share']), scene.lang)} %",
            f"{words.number(float(row['area_km2']), scene.lang)} {words.text('km2', scene.lang)}",
            scene.lang,
        )
        for row in rows
    ]
    line = words.in_list(shares, scene.lang)
    return write_in(column, y + deep + 1.4, line, size=size * 0.88, colour=SOFT, most=3)


def _species(column: Column, scene: Scene, unit_id: str, top: float, limit: float) -> None:
    """The species: those that count in full ink, the others pale; with their share of the range."""
    figure, left, lang = column.figure, column.left, scene.lang
    y = _heading(column, top, words.text("species", lang), size=8.5) + 0.8
    species_rows = {row["sci_name"]: row for row in records(scene.species)}
    rank = {"qualifying": 0, "supporting": 1}
    rows = sorted(
        _of(scene, "unit_species", unit_id),
        key=lambda row: (
            rank.get(str(row["role"]), 2),
            -float(row["overlap_km2"] or 0),
            row["sci_name"],
        ),
    )
    step = LEADING * MM_PER_POINT
    room = column.width - 9
    for row in rows:
        if y + 14 * step > limit:
            break
        about = species_rows.get(row["sci_name"], {})
        strong = row["role"] == "qualifying"
        colour = INK if strong else SOFT
        put(figure, left, y, about.get("code", ""), size=6.6, face="bold", colour=colour)
        [name] = lines(name_of(about, lang) or row["sci_name"], room, size=6.6, most=1)
        face: Face = "bold" if strong else "plain"
        put(figure, left + 9, y, name, size=6.6, face=face, colour=colour)
        y += 6.6 * step
        role, share = str(row["role"]), ""
        if not is_missing(row["range_share"]):
            share = f" · {words.share(float(row['range_share']), lang, 1)} %"
        role_said = words.text(f"role {role}", lang) if words.has(f"role {role}") else role
        km2 = words.number(float(row["overlap_km2"] or 0), lang)
        sides = str(row.get("sides") or "").replace(";", " ")
        species_line = f"{role_said} · {km2} {words.text('km2', lang)}{share}  {sides}"
        [species_line] = lines(species_line, room, size=5.6, most=1)
        put(figure, left + 9, y, species_line, size=5.6, colour=SOFT)
        y += 5.6 * step + 0.9


def _of(scene: Scene, name: str, unit_id: str) -> Sequence[Mapping[str, Any]]:
    """The rows of one unit in a table of a scene; none where the table knows no units."""
    return _by_unit(scene, name).get(unit_id, ())


@lru_cache(maxsize=16)  # each page and slide asks for five of them
def _by_unit(scene: Scene, name: str) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """The rows of a table of a scene by their unit."""
    table: pd.DataFrame = getattr(scene, name)
    of_units: dict[str, list[Mapping[str, Any]]] = {}
    for row in records(table) if "unit_id" in table else ():
        of_units.setdefault(row["unit_id"], []).append(row)
    return of_units
