"""The legend: a sign and a word for what is on the map, and for nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.figure import Figure

from cami_units import words
from cami_units.figures._looks import (
    BARRIERS,
    LOOKS,
    TIER_OPACITY,
    Look,
    barrier_kind,
    unit_look,
)
from cami_units.figures._scene import Scene, drawn_units
from cami_units.figures._sheet import SOFT, put, sheet, swatch, write
from cami_units.figures._type import MM_PER_POINT, width_mm
from cami_units.palette import STATUS

Entry = tuple[Look, str, bool]
"""A look, the words beside it, and whether its sign is a line."""


def entries(scene: Scene, layers: Iterable[str]) -> list[Entry]:
    """The lines of a legend for these layers of a scene."""
    lang = scene.lang
    wanted = set(layers)
    there = set(drawn_units(scene)["status"])
    rows: list[Entry] = [
        (unit_look(status), words.text(status, lang), False) for status in STATUS if status in there
    ]
    if len(there):
        rows += [
            (Look("", 0.0, (), "#39424a", opacity), f"{words.text('tier', lang)}: {words.text(tier, lang)}", False)
            for tier, opacity in TIER_OPACITY.items()
            if (scene.units["tier"] == tier).any()
        ]
    for name, is_line in (
        ("hotspots", False),
        ("protected_areas", False),
        ("corridors", True),
        ("sections", False),
    ):
        if name in wanted and name in scene.layers:
            rows.append((LOOKS[name], words.text(name, lang), is_line))
    if "barriers" in wanted and "barriers" in scene.layers:
        kinds = set(scene.layers["barriers"]["kind"].map(barrier_kind))
        rows += [(look, words.text(kind, lang), True) for kind, look in BARRIERS.items() if kind in kinds]
    if "countries" in scene.layers:
        rows.append((LOOKS["countries"], words.text("countries", lang), True))
    if "disputed" in scene.layers:
        rows.append((LOOKS["disputed"], words.text("disputed areas", lang), True))
    return rows


def legend(
    figure: Figure,
    rows: list[Entry],
    left: float,
    top: float,
    width: float,
    *,
    size: float,
    columns: int = 1,
) -> float:
    """Draw a legend into a column of the sheet, in equal sub-columns; say where it ends."""
    scale = size / 7
    sign, gap = 9 * scale + 2.5, 1.6 * scale
    column = width / columns
    deepest, per_column = top, -(-len(rows) // columns)
    for number in range(columns):
        y = top
        x = left + number * column
        for look, told, is_line in rows[number * per_column : (number + 1) * per_column]:
            swatch(figure, x, y, look, scale=scale, line=is_line)
            first = y + (4 * scale - size * MM_PER_POINT) / 2 - 0.2
            end = write(figure, x + sign, first, told, size=size, width=column - sign - 2, most=2)
            y = max(y + 4 * scale, end - 0.8) + gap
        deepest = max(deepest, y)
    return deepest


def legend_card(scene: Scene, layers: Iterable[str]) -> Figure:
    """The legend alone, on a card as large as it needs: what lies over a corner of the globe."""
    rows = entries(scene, layers)
    size, margin = 9.0, 4.0
    title = words.text("legend", scene.lang)
    widest = max([width_mm(told, size) for _, told, _ in rows] + [width_mm(title, size, "bold")])
    trial = sheet(200, 400)
    depth = legend(trial, rows, margin, 11.0, 200, size=size)
    card = sheet(min(widest + 2 * margin + 18, 110), depth + margin - 1)
    put(card, margin, margin, title, size=size, face="bold", colour=SOFT)
    legend(card, rows, margin, 11.0, 110, size=size)
    return card
