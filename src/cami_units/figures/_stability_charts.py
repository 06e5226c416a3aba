"""How sure are we, drawn: intervals of ranks, how often cells are selected, borders as a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from numpy.typing import NDArray

from cami_units import palette, words
from cami_units.figures._map import (
    Field,
    Plate,
    Sized,
    draw_map,
    graticule,
    north_arrow,
    outline,
    scale_bar,
)
from cami_units.figures._sheet import (
    A3,
    A4,
    INK,
    RULE,
    SOFT,
    axes_at,
    facts,
    foot,
    put,
    rule,
    sheet,
    size_mm,
    swatch,
    write,
)
from cami_units.palette import Look
from cami_units.scene import Scene, drawn_units, framed, name_of, records, region

LABEL_LOOKS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {"robust": ("#1c252b", "o"), "sensitive": ("#8a939a", "s"), "fragile": ("#ffffff", "D")}
)
"""Fill and sign of each label: full, half, empty; the sign tells them apart in grey print too."""

CLASSES: Final = ((0.9, "#08306b"), (0.5, "#2f7dbd"), (0.1, "#9cc7e4"), (0.0, "#e3eef6"))
"""Lower bound and fill of each class of selection frequency, darkest first."""


def rank_intervals(scene: Scene, sensitivity: pd.DataFrame) -> Figure:
    """The interval of ranks of every unit on a sheet of A4, with the share of runs beside it.

    Parameters
    ----------
    scene : Scene
        The round.
    sensitivity : DataFrame
        Table `sensitivity` of the round.
    """
    wide, _ = A4
    margin, lang = 12.0, scene.lang
    figure = sheet(*A4)
    top = _title(figure, scene, words.text("rank intervals", lang), margin)
    end = foot(figure, scene, size=5.5, margin=margin) - 16
    units = list(records(drawn_units(scene)))
    stability_rows = {row["unit_id"]: row for row in records(sensitivity)}
    rows = [row for row in units if row["unit_id"] in stability_rows]
    # few units are not spread over the whole sheet
    step = min((end - top) / max(len(rows), 1), 9.0)
    size = min(7.5, step * 1.5)
    names, numbers = 74.0, 34.0
    width = wide - 2 * margin - names - numbers
    of_rows = [stability_rows[row["unit_id"]] for row in rows]
    highest = [float(one["rank_high"]) for one in of_rows if not pd.isna(one["rank_median"])]
    last = max(highest, default=1.0)
    axes = axes_at(figure, margin + names, top, width, step * max(len(rows), 1))
    # Half a rank more on each side: signs stand on whole ranks and are not cut.
    axes.set_xlim(0.5, last + 0.5)
    # turned over: the first unit stands on top
    axes.set_ylim(len(rows) - 0.5, -0.5)
    for side in axes.spines.values():
        side.set_visible(False)
    for tick in _ticks(last):
        axes.axvline(tick, color=RULE, linewidth=0.5, zorder=0)
        at = margin + names + width * (tick - 0.5) / last
        put(figure, at, top + step * len(rows) + 1, tick, size=6, colour=SOFT, align="center")
    for number, (row, stability_row) in enumerate(zip(rows, of_rows, strict=True)):
        has_rank = not pd.isna(stability_row["rank_median"])
        y = top + step * (number + 0.5) - size * 0.18
        name = f"{row['unit_id']} {name_of(row, lang)}"
        write(figure, margin, y, name, size=size, width=names - 3, most=1)
        fill, sign = LABEL_LOOKS[stability_row["label"]]
        if has_rank:
            low, high = float(stability_row["rank_low"]), float(stability_row["rank_high"])
            axes.plot([low, high], [number] * 2, color=INK, linewidth=1.6, solid_capstyle="butt")
            look: Any = {"markersize": 5, "markerfacecolor": fill, "markeredgecolor": INK}
            middle = float(stability_row["rank_median"])
            axes.plot(middle, number, sign, **look, markeredgewidth=0.9)
        # The plan's own rank, which need not lie inside the interval of the runs.
        if not pd.isna(row["rank"]):
            axes.plot(float(row["rank"]), number, "|", markersize=9, color="#a3161a")
        share = words.share_of_runs(stability_row["share_qualifying"])
        told_by = [stability_row["flips"]] if stability_row["flips"] else []
        told_by += [] if has_rank else [stability_row["label"]]  # no sign says it
        line = f"{share} %  {' · '.join(words.text(key, lang) for key in told_by)}"
        write(figure, margin + names + width + 2, y, line, size=size * 0.85, width=numbers, most=1)
    key = top + step * len(rows) + 7
    parts = [words.text(name, lang) for name in LABEL_LOOKS]
    explained = words.text("rank intervals explained", lang)
    write(figure, margin, key, explained, size=6.5, width=wide - 2 * margin, colour=SOFT, most=3)
    for number, ((fill, sign), name) in enumerate(zip(LABEL_LOOKS.values(), parts, strict=True)):
        spot = axes_at(figure, margin + number * 30, key - 4.6, 4, 4)
        spot.axis("off")
        spot.plot(0, 0, sign, markersize=5, markerfacecolor=fill, markeredgecolor=INK)
        put(figure, margin + 5 + number * 30, key - 3.8, name, size=6.5)
    return figure


def _ticks(last: float) -> list[int]:
    """Ranks that an axis names: each one, or from a dozen on every fifth, and always the first."""
    step = 5 if last > 12 else 1
    return sorted({1, *range(step, int(last) + 1, step)})


def selection_map(scene: Scene, cells: gpd.GeoDataFrame) -> Figure:
    """How often each planning unit was part of a unit that qualified, on a sheet of A3.

    Parameters
    ----------
    scene : Scene
        The round.
    cells : GeoDataFrame
        ``pu_id``, ``selection_frequency`` (0–1) and polygons in the scene's CRS. Cells with 0 are
        not drawn.
    """
    wide, _ = A3
    margin, lang = 10.0, scene.lang
    figure = sheet(*A3)
    top = _title(figure, scene, words.text("selection frequency", lang), margin)
    end = foot(figure, scene, size=6, margin=margin) - 14
    width = wide - 2 * margin
    sized = Sized(framed(region(scene), aspect=width / (end - top)), width, 6)
    plate = Plate(Field(figure, (margin, top, width, end - top), sized.frame), scene, sized, 0.9)
    graticule(plate, size=5)
    draw_map(plate, layers=(), furniture=(scale_bar(plate, size=5.7), north_arrow(plate, size=7.8)))
    share = cells["selection_frequency"].to_numpy(dtype=float)
    # the upper bound of each class is the lower one of the class before it; of the first there is none
    bounds = [np.inf, *(low for low, _ in CLASSES)]
    shapes = cells.geometry.to_numpy()
    for (low_share, fill), high_share in zip(CLASSES, bounds, strict=False):
        in_class = shapes[(share > 0) & (share >= low_share) & (share < high_share)]
        if len(in_class):
            # over the land and under its relief
            look = {"fc": fill, "ec": fill, "linewidth": 0.1, "zorder": 1.5}
            plate.field.add_artist(PathPatch(outline(in_class), **look))
    put(figure, margin, end + 5, words.text("share of runs", lang), size=7, face="bold")
    for number, (low, fill) in enumerate(CLASSES):
        at = margin + 46 + number * 42
        swatch(figure, at, end + 4.6, Look(fill=fill))
        high = f"{100 * min(bounds[number], 1.0):.0f} %"
        text = f"{100 * low:.0f}–{high}" if low else f"< {high}"
        put(figure, at + 11, end + 5, text, size=7)
    return figure


def coverage_curve(scene: Scene, curve: pd.DataFrame, chosen_units: pd.DataFrame) -> Figure:
    """How many species the first units of the greedy order hold on both sides, on a sheet of A4.

    The smallest set stands beside it as a sign of its own: as many units, as many species.

    Parameters
    ----------
    scene : Scene
        The round.
    curve : DataFrame
        Table `complementarity_curve`: ``order``, ``unit_id``, ``species_covered``.
    chosen_units : DataFrame
        Table `complementarity`: ``unit_id``, ``chosen``.
    """
    margin, lang = 14.0, scene.lang
    figure = sheet(A4[1], A4[0])
    top = _title(figure, scene, words.text("coverage curve", lang), margin)
    end = foot(figure, scene, size=5.5, margin=margin) - 24
    width = size_mm(figure)[0] - 2 * margin
    axes = axes_at(figure, margin + 6, top, width - 6, end - top)
    for name, side in axes.spines.items():
        side.set_visible(name in ("left", "bottom"))
    covered = curve["species_covered"].to_numpy(dtype=int)
    smallest = int(chosen_units["chosen"].sum())
    most_species = max(int(covered.max(initial=0)), 1)
    axes.set_xlim(0, max(len(curve), smallest, 1) + 0.7)
    axes.set_ylim(0, most_species + 0.8)
    axes.set_xticks([])
    axes.set_yticks(range(0, most_species + 1, max(1, most_species // 10)))
    axes.tick_params(labelsize=7, colors=SOFT, length=2)
    axes.step(range(len(covered) + 1), [0, *covered], where="post", color=INK, linewidth=1.4)
    per_unit = (width - 6) / (max(len(curve), smallest, 1) + 0.7)
    # As large as the room of one unit allows: turned, they stand side by side.
    size = min(6.5, 3.2 * per_unit)
    for number, (unit, total) in enumerate(zip(curve["unit_id"], covered, strict=True), start=1):
        axes.plot(number, total, "o", markersize=4, color=INK)
        axes.text(
            number, -0.15, unit, fontsize=size, rotation=60, ha="right", va="top", parse_math=False
        )
    hollow: Any = {"markerfacecolor": "none", "markeredgecolor": "#a3161a"}
    axes.plot(smallest, most_species, "D", markersize=9, **hollow)
    explained = words.text("coverage curve explained", lang, smallest=smallest)
    write(figure, margin, end + 15, explained, size=7, width=width, colour=SOFT, most=2)
    return figure


def border_graph(scene: Scene, pairs: pd.DataFrame) -> Figure:
    """Range states as points and shared borders as lines, thicker the more species cross them.

    Parameters
    ----------
    scene : Scene
        The round, with the layer ``countries``.
    pairs : DataFrame
        Table `border_pairs`.

    Raises
    ------
    KeyError
        The scene has no countries.
    """
    margin, lang = 10.0, scene.lang
    figure = sheet(A4[1], A4[0])
    top = _title(figure, scene, words.text("border pairs", lang), margin)
    end = foot(figure, scene, size=5.5, margin=margin) - 8
    width = size_mm(figure)[0] - 2 * margin
    axes = axes_at(figure, margin, top, width, end - top)
    for side in axes.spines.values():
        side.set_visible(False)
    if places := _places(scene, pairs):
        spots = np.array(list(places.values()))
        left, low, right, high = framed(
            (*spots.min(axis=0), *spots.max(axis=0)), aspect=width / (end - top), margin=0.08
        )
        axes.set_xlim(left, right)
        axes.set_ylim(low, high)
        clear = _CLEAR_MM * (right - left) / width
    for row in records(pairs.drop(columns="geometry", errors="ignore")):
        start, finish = (places[state] for state in row["pair"].split(";"))
        weight = 0.6 + 0.55 * float(row["n_species"])
        others = [spot for spot in places.values() if spot not in (start, finish)]
        way = _past(np.array(start), np.array(finish), others, clear)
        axes.plot(*way.T, color="#7d96a6", linewidth=weight, zorder=1)
        x, y = way[len(way) // 2].tolist()
        label = f"{row['n_species']} / {row['n_units']}"
        ground = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"}
        centred: Any = {"ha": "center", "va": "center", "color": INK, "zorder": 3}
        axes.text(x, y, label, fontsize=6, bbox=ground, **centred)
    for state, (x, y) in places.items():
        axes.plot(x, y, "o", markersize=17, color=palette.LAND, markeredgecolor=INK, zorder=4)
        axes.text(x, y, state, fontsize=8, ha="center", va="center", zorder=5)
    explained = words.text("border pairs explained", lang)
    write(figure, margin, end + 2, explained, size=7, width=width, colour=SOFT, most=2)
    return figure


_CLEAR_MM: Final = 6.0
"""How far from a state's sign the lines of others pass: twice as far as its edge."""


def _past(
    start: NDArray[np.float64],
    finish: NDArray[np.float64],
    others: Sequence[tuple[float, float]],
    clear: float,
) -> NDArray[np.float64]:
    """The points of a line from one state to another, bowed away from a third that stands on it.

    Examples
    --------
    >>> way = _past(np.array([0.0, 0.0]), np.array([8.0, 0.0]), [(4.0, -1.0)], 2.0)
    >>> way[0].tolist(), way[len(way) // 2].tolist(), way[-1].tolist()
    ([0.0, 0.0], [4.0, 1.0], [8.0, 0.0])
    """
    along = finish - start
    across = np.array([-along[1], along[0]]) / np.hypot(*along)
    bow = 0.0
    for spot in map(np.asarray, others):
        share = float((spot - start) @ along / (along @ along))
        off = float((spot - start) @ across)
        if 0.05 < share < 0.95 and abs(off) < clear:
            aside = off - clear if off > 0 else off + clear
            # as far aside as it takes where the third state stands, and there is most room in the middle
            bow = max(bow, aside / (4 * share * (1 - share)), key=abs)
    steps = np.linspace(0, 1, 41)[:, None]
    way: NDArray[np.float64] = start + steps * along + 4 * steps * (1 - steps) * bow * across
    return way


def _places(scene: Scene, pairs: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Where each state of a pair stands: the middle of what the map shows of it."""
    named = sorted({state for pair in pairs["pair"] for state in pair.split(";")})
    countries = scene.layers["countries"].set_index("iso2").geometry
    frame = shapely.box(*framed(region(scene), aspect=1.5))
    spots = {}
    for state in named:
        visible_part = shapely.intersection(countries[state], frame)
        point = shapely.centroid(countries[state] if visible_part.is_empty else visible_part)
        spots[state] = (float(point.x), float(point.y))
    return spots


def _title(figure: Figure, scene: Scene, title: str, margin: float) -> float:
    """What is shown, of which workshop, and the facts; say where the sheet goes on."""
    width = size_mm(figure)[0] - 2 * margin
    y = write(figure, margin, margin, scene.imprint.title, size=8, width=width, colour=SOFT, most=1)
    y = write(figure, margin, y + 0.5, title, size=15, width=width, face="bold", most=1)
    y = write(figure, margin, y + 0.5, facts(scene), size=7, width=width, colour=SOFT, most=1)
    rule(figure, margin, y + 1, width)
    return y + 4
