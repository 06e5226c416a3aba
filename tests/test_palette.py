"""Colours: any two that can be on at once stay apart for every kind of eye, and in grey."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from colorspacious import cspace_convert

from cami_units import palette
from cami_units.figures._strokes import BARRIERS, LOOKS, unit_look
from cami_units.model import STATUSES

LEAST = 10.0
"""The distance in CAM02-UCS that two colours keep: told apart at a glance, side by side or not."""

KINDS = ("protanomaly", "deuteranomaly", "tritanomaly")


def seen(colours: tuple[str, ...], kind: str | None) -> np.ndarray:
    """CAM02-UCS coordinates of colours, as an eye without one of its cones sees them."""
    rgb = np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in colours])
    if kind:
        space = {"name": "sRGB1+CVD", "cvd_type": kind, "severity": 100}
        rgb = np.clip(cspace_convert(rgb, space, "sRGB1"), 0, 1)
    return cspace_convert(rgb, "sRGB1", "CAM02-UCS")


def too_close(pairs: list[tuple[str, str]], kind: str | None) -> list[str]:
    one, other = (seen(tuple(colours), kind) for colours in zip(*pairs, strict=True))
    apart = np.linalg.norm(one - other, axis=1)
    return [f"{a} {b}: {d:.1f}" for (a, b), d in zip(pairs, apart, strict=True) if d < LEAST]


def test_the_measure_measures() -> None:
    # Red and green of one lightness: far apart for most, close without red or green cones.
    assert np.linalg.norm(np.diff(seen(("#b05030", "#708030"), None), axis=0)) > 25
    assert too_close([("#b05030", "#708030")], "deuteranomaly")


@pytest.mark.parametrize("kind", [None, *KINDS])
@pytest.mark.parametrize("ground", [palette.TOGETHER, palette.TOGETHER_ON_GLOBE])
def test_what_can_be_on_at_once_is_told_apart(ground: tuple[str, ...], kind: str | None) -> None:
    colours = tuple(dict.fromkeys(ground))  # sections and borders share one, by their weight apart
    assert len(colours) == len(ground) - 1
    assert too_close(list(combinations(colours, 2)), kind) == []


@pytest.mark.parametrize("kind", [None, *KINDS])
@pytest.mark.parametrize("ground", [palette.TOGETHER, palette.TOGETHER_ON_GLOBE])
def test_one_species_is_told_from_all_of_them(ground: tuple[str, ...], kind: str | None) -> None:
    assert too_close(list(product(palette.SPECIES, dict.fromkeys(ground))), kind) == []


@pytest.mark.parametrize("kind", [None, *KINDS])
def test_the_darker_outlines_of_ranges_are_told_apart_too(kind: str | None) -> None:
    assert too_close(list(product(palette.SPECIES_LINES, palette.TOGETHER)), kind) == []


def test_every_drawn_status_has_a_colour() -> None:
    drawn = [status for status in STATUSES if status not in ("rejected", "merged")]
    assert list(palette.STATUS) == drawn == list(palette.GLOBE_STATUS)
    assert list(palette.EVIDENCE) == list(palette.GLOBE_EVIDENCE)


def test_cells_darken_step_by_step() -> None:
    lightness = seen(palette.CELLS, None)[:, 0]
    assert (np.diff(lightness) < -5).all()


def test_in_grey_every_line_is_known_by_its_pattern_or_its_lightness() -> None:
    looks = [unit_look(status) for status in palette.STATUS]
    looks += [
        LOOKS[name] for name in ("hotspots", "corridors", "sections", "countries", "disputed")
    ]
    looks += list(BARRIERS.values())
    for one, other in combinations(looks, 2):
        lightness = seen((one.line, other.line), None)[:, 0]
        same_pattern = one.dashes == other.dashes and abs(one.width - other.width) < 0.3
        assert not same_pattern or abs(np.diff(lightness)[0]) >= LEAST, (one, other)


def test_in_grey_protected_areas_are_lighter_than_units() -> None:
    area, unit = seen(
        (palette.EVIDENCE["protected_areas"], palette.STATUS["modelled candidate"]), None
    )
    assert area[0] - unit[0] > 30
