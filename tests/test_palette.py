"""Colours: any two that can be on at once stay apart for every kind of eye, and in grey."""

from __future__ import annotations

import re
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from colorspacious import cspace_convert

from cami_units import palette, qgis, scene
from cami_units.documents._worksheets import STATUS_FILL
from cami_units.documents.board import _readable
from cami_units.documents.unit_drawing import INKS, STATUS_FILLS
from cami_units.figures._figure_legend import BARRIERS, LOOKS, unit_look
from cami_units.kml._marks import LAYER_LOOKS, barrier_look, range_look, status_look
from cami_units.kml._marks import LOOKS as GLOBE
from cami_units.model import STATUSES
from cami_units.webmap._page_values import (
    BARRIER_STYLES,
    EVIDENCE_STYLES,
    STATUS_STYLES,
    species_style,
)

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
def test_what_can_be_on_at_once_is_told_apart(kind: str | None) -> None:
    colours = tuple(
        dict.fromkeys(palette.TOGETHER)
    )  # sections and borders share one, by their weight apart
    assert len(colours) == len(palette.TOGETHER) - 1
    assert too_close(list(combinations(colours, 2)), kind) == []


@pytest.mark.parametrize("kind", [None, *KINDS])
def test_one_species_is_told_from_all_of_them(kind: str | None) -> None:
    assert too_close(list(product(palette.SPECIES, dict.fromkeys(palette.TOGETHER))), kind) == []


@pytest.mark.parametrize("kind", [None, *KINDS])
def test_the_darker_outlines_of_ranges_are_told_apart_too(kind: str | None) -> None:
    assert too_close(list(product(palette.SPECIES_LINES, palette.TOGETHER)), kind) == []


def test_every_look_of_the_tables_is_of_colours() -> None:
    """The name of a layer stands for its colour there: of one that is misspelt nothing would be drawn."""
    looks = (palette.STATUS_LOOKS, palette.LAYER_LOOKS, palette.BARRIER_LOOKS, INKS)
    colours = {ink for table in looks for look in table.values() for ink in (look.line, look.fill)}
    assert [ink for ink in colours if not re.fullmatch(r"(#?[0-9a-f]{6})?", ink)] == []


def test_every_drawn_status_has_a_colour() -> None:
    drawn = [status for status in STATUSES if status not in ("rejected", "merged")]
    assert list(palette.STATUS) == drawn == list(palette.STATUS_LOOKS)


def test_what_is_not_drawn_is_told_apart_in_a_list_too() -> None:
    """Rejected and merged stand side by side in the legend of the board; one grey for both says nothing."""
    assert set(STATUSES) == {*palette.STATUS, *palette.HIDDEN_STATUS}
    colours = [*palette.STATUS.values(), *palette.HIDDEN_STATUS.values()]
    for kind in (None, *KINDS):
        assert too_close(list(combinations(palette.HIDDEN_STATUS.values(), 2)), kind) == []
        greys = product(palette.HIDDEN_STATUS.values(), palette.STATUS.values())
        assert too_close(list(greys), kind) == []
    assert [STATUS_FILLS[status] for status in palette.HIDDEN_STATUS] == [
        colour[1:] for colour in colours[-2:]
    ]


def test_cells_darken_step_by_step() -> None:
    lightness = seen(palette.CELLS, None)[:, 0]
    assert (np.diff(lightness) < -5).all()


def test_in_grey_every_line_is_known_by_its_pattern_or_its_lightness() -> None:
    named = ("hotspots", "corridors", "coarse corridors", "sections", "countries", "disputed")
    looks = [
        *palette.STATUS_LOOKS.values(),
        *(palette.LAYER_LOOKS[name] for name in named),
        *palette.BARRIER_LOOKS.values(),
    ]
    for one, other in combinations(looks, 2):
        lightness = seen((one.line, other.line), None)[:, 0]
        same_pattern = one.dashes == other.dashes and abs(one.width - other.width) < 0.5
        assert not same_pattern or abs(np.diff(lightness)[0]) >= LEAST, (one, other)


def test_corridors_in_steps_are_half_as_wide_again_in_every_product() -> None:
    """One colour, and on the globe no dashes: width parts them in grey print and for every eye."""
    plain, steps = "corridors", "coarse corridors"
    widths = (
        (EVIDENCE_STYLES[plain]["weight"], EVIDENCE_STYLES[steps]["weight"]),
        (LOOKS[plain].width, LOOKS[steps].width),
        (GLOBE[LAYER_LOOKS[plain]].width, GLOBE[LAYER_LOOKS[steps]].width),
        (INKS["corridor"].width, INKS["coarse corridor"].width),
    )
    assert all(other >= 1.5 * one for one, other in widths), widths
    assert GLOBE[LAYER_LOOKS[plain]].line == GLOBE[LAYER_LOOKS[steps]].line
    assert palette.LAYER_LOOKS[plain].dashes != palette.LAYER_LOOKS[steps].dashes


def test_in_grey_protected_areas_are_lighter_than_units() -> None:
    area, unit = seen(
        (palette.EVIDENCE["protected_areas"], palette.STATUS["modelled candidate"]), None
    )
    assert area[0] - unit[0] > 30


def bare(colours: set[str]) -> set[str]:
    return {colour.removeprefix("#").lower() for colour in colours}


def test_a_status_has_one_colour_on_map_board_slides_qgis_and_globe() -> None:
    styles = qgis.layer_styles(["conservation_units"], day="2026-11-22")["styleQML"].iloc[0]
    for status, colour in palette.STATUS.items():
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        assert STATUS_STYLES[status]["color"] == STATUS_STYLES[status]["fillColor"] == colour
        assert unit_look(status).line == unit_look(status).fill == colour
        assert STATUS_FILLS[status] == status_look(status, "").fill == colour[1:]
        assert f"{red},{green},{blue}," in styles


@pytest.mark.parametrize("name", ["hotspots", "protected_areas", "corridors"])
def test_a_layer_has_one_colour_in_every_product(name: str) -> None:
    colour = palette.EVIDENCE[name]
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    assert EVIDENCE_STYLES[name]["color"] == colour
    assert colour in {LOOKS[name].line, LOOKS[name].fill}
    assert GLOBE[LAYER_LOOKS[name]].line == colour[1:]
    assert (
        f"{red},{green},{blue}," in qgis.layer_styles([name], day="2026-11-22")["styleQML"].iloc[0]
    )


def test_barriers_have_one_colour_and_five_patterns_everywhere() -> None:
    kinds = [kind for kind in palette.BARRIER_LOOKS if kind != "other barrier"]
    for looks in (
        [(BARRIERS[kind].width, BARRIERS[kind].dashes) for kind in kinds],
        [(BARRIER_STYLES[k]["weight"], BARRIER_STYLES[k].get("dashArray")) for k in kinds],
        [barrier_look(kind).width for kind in kinds],
    ):
        assert len(set(looks)) == len(kinds) == 5
    colours = {BARRIERS[kind].line for kind in kinds} | {BARRIER_STYLES[k]["color"] for k in kinds}
    assert colours == {palette.EVIDENCE["barriers"]}
    assert bare(colours) == {barrier_look(kind).line for kind in kinds} == {INKS["barrier"].line}


def test_a_species_keeps_its_colour_whatever_a_pack_holds() -> None:
    # Three species known, one drawn: its place is that of the table, not of the pack.
    assert scene.species_places(["A a", "B b", "C c"], ["C c"])["C c"] == 2
    for place in range(18):
        look = palette.species_look(place)
        assert species_style(place)["color"] == look.line
        assert range_look(place).line == look.line[1:].lower()


@pytest.mark.parametrize("kind", [None, *KINDS])
@pytest.mark.parametrize(
    "colours",
    [
        *(tuple(one.values()) for one in (palette.VERDICTS, palette.NEEDS, palette.STABILITY)),
        palette.CELLS,
        palette.SECTIONS,
    ],
)
def test_what_units_can_be_coloured_by_is_told_apart(
    colours: tuple[str, ...], kind: str | None
) -> None:
    assert too_close(list(combinations(colours, 2)), kind) == []


# -- text -----------------------------------------------------------------------------------------


def contrast(ink: str, ground: str) -> float:
    """The ratio of relative luminances (WCAG 2.2, 1.4.3), of two colours as ``rrggbb``."""

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    high, low = sorted((luminance(ink), luminance(ground)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("000000", "ffffff") == pytest.approx(21.0)
    assert contrast("767676", "ffffff") == pytest.approx(
        4.54, abs=0.01
    )  # the lightest grey that passes


def test_what_is_written_on_a_status_can_be_read() -> None:
    for fill in STATUS_FILLS.values():
        assert contrast(_readable(fill), fill) >= 4.5, fill
    for status, fill in STATUS_FILL.items():
        assert contrast("000000", str(fill.fgColor.rgb)[-6:]) >= 4.5, status


@pytest.mark.parametrize(
    "path", ["webmap/page/page.css", "webmap/assets/draw/page.css", "documents/pages/board.css"]
)
def test_names_on_maps_can_be_read_on_their_halo_and_on_land(path: str) -> None:
    """axe cannot see them: they stand on pictures and canvases."""
    css = (Path(palette.__file__).parent / path).read_text(encoding="utf-8")
    rules = re.findall(r"(\.(?:[a-z]+-name|map text|place|unit-label)[^{}]*)\{([^}]*)\}", css)
    inks = {
        (rule.strip(), ink)
        for rule, body in rules
        for ink in re.findall(r"(?:^|[;\s])(?:color|fill): *(#[0-9a-f]{3,6})\b", body)
    }
    assert inks, path
    for rule, ink in inks:
        long = "".join(2 * c for c in ink[1:]) if len(ink) == 4 else ink[1:]
        for ground in ("ffffff", palette.LAND[1:]):
            assert contrast(long, ground) >= 4.5, (rule, ink, ground)
