"""Paper and projector: what stands on each sheet, in the right place, the same bytes every time."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zlib
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import shapely
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.text import Text
from PIL import Image
from pyproj import Geod, Transformer
from shapely import Point, box
from typer.testing import CliRunner

from cami_units import backdrop, figures, store, words
from cami_units.cli import app
from cami_units.commands import figures as figures_step
from cami_units.commands.figures import write_figures
from cami_units.commands.shown_round import kept_pieces, shown_sections
from cami_units.documents import unit_drawing
from cami_units.figures import _figure_legend as legend_room
from cami_units.figures import _map as map_room
from cami_units.figures import _pages as pages_room
from cami_units.figures import _sheet as sheet_room
from cami_units.figures._pdf import _font as open_font
from cami_units.figures._pdf import bound, drawn_page, page_as_bytes, page_of_bytes
from cami_units.figures._sheet import sheet
from cami_units.figures._typesetting import (
    MISSING,
    drawable,
    font,
    font_file,
    lines,
    undrawable,
    width_mm,
)
from cami_units.layers import to_equal_area
from cami_units.model import DISCLAIMER, EQUAL_AREA, LONLAT, Imprint, InputError, data_dir
from cami_units.palette import BARRIER_LOOKS, Look
from cami_units.scene import Scene, framed, shown_units
from cami_units.words.unit_card import unit_cards
from tests.test_webmap import IMPRINT, toy_criteria, toy_layers, toy_species, toy_units

POISON = (
    "$\\frac{1}{0}$ {{7*7}} {% ${} & < > \" ' ]]> <![CDATA[ </script> \x0b =HYPERLINK(1) "
    "Сайгак 賽加 ‮abc سایگا"
)


def toy_scene(*, lang: str = "en", imprint: Imprint = IMPRINT, **first: object) -> Scene:
    """The toy region of the web map's tests, in the equal-area CRS."""
    units, species = toy_units(**first), toy_species()
    tables = {"conservation_units": units, "unit_criteria": toy_criteria(units)}
    return Scene(
        crs=EQUAL_AREA,
        imprint=imprint,
        units=units.to_crs(EQUAL_AREA),
        cards=unit_cards(tables, species, lang=lang),
        species=species,
        layers={
            name: table.to_crs(EQUAL_AREA)
            for name, table in toy_layers().items()
            if name != "features"
        },
        unit_criteria=tables["unit_criteria"],
        unit_species=pd.DataFrame(
            {
                "unit_id": "CU-001",
                "sci_name": ["Panthera uncia", "Saiga tatarica"],
                "role": ["supporting", "qualifying"],
                "overlap_km2": [1500.0, 40000.0],
                "range_share": [np.nan, 12.34],
                "sides": ["", "KZ;UZ"],
            }
        ),
        unit_countries=pd.DataFrame(
            {
                "unit_id": "CU-001",
                "iso2": ["KZ", "UZ"],
                "area_km2": [9000.0, 3000.0],
                "share": [75.0, 25.0],
            }
        ),
        lang=lang,
    )


def upright(scene: Scene) -> Scene:
    """The same region three times as high."""

    def taller(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        shapes = table.geometry.map(
            lambda shape: shapely.affinity.scale(shape, 1, 3, origin=(0, 0))
        )
        return table.set_geometry(shapes)

    layers = {name: taller(table) for name, table in scene.layers.items()}
    return replace(scene, units=taller(scene.units), layers=layers)


SHEETS = {
    "poster": figures.poster,
    "upright poster": lambda scene: figures.poster(upright(scene)),
    "section": lambda scene: figures.section_sheet(scene, "S1"),
    "page": lambda scene: figures.unit_page(scene, "CU-001"),
    "slide": figures.slide,
    "unit slide": lambda scene: figures.unit_slide(scene, "CU-001"),
}
SIZES = {
    "poster": (841, 594),
    "upright poster": (594, 841),
    "section": (420, 297),
    "page": (210, 297),
    "slide": (320, 180),
    "unit slide": (320, 180),
}


def said(figure: Figure) -> str:
    """Everything written on a sheet."""
    written = figure.findobj(lambda one: isinstance(one, Text | sheet_room.Line))
    return "\n".join(text.get_text() for text in written if text.get_text())


# -- what stands on a sheet ------------------------------------------------------------------------


@pytest.mark.parametrize("lang", words.LANGUAGES)
@pytest.mark.parametrize("name", SHEETS)
def test_every_sheet_says_what_and_whose_it_is(name: str, lang: str) -> None:
    figure = SHEETS[name](toy_scene(lang=lang))
    width, height = figure.get_size_inches() * 25.4
    assert (round(width), round(height)) == SIZES[name]
    told = " ".join(said(figure).split())
    assert "2026-11-22" in told
    assert words.profile_name("operational proxy criteria", lang) in told
    assert words.disclaimer(DISCLAIMER, lang) in told
    assert words.text("indicative", lang)[:20] in told
    assert "Toy source, 2026" in told
    assert "1 : " in told  # the scale, beside its bar
    assert re.search(rf"\d° {words.text('direction N', lang)}", told)  # the graticule
    assert re.search(rf"\d° {words.text('direction E', lang)}", told)
    arrows = figure.findobj(FancyArrowPatch)
    assert len(arrows) == 1
    assert words.text("direction N", lang) in told.split()


@pytest.mark.parametrize("name", SHEETS)
def test_nothing_hangs_over_the_edge_of_a_sheet(name: str) -> None:
    """Even with names as long as a person can type."""
    long = "Very long name of a landscape that goes on and on " * 4
    figure = SHEETS[name](toy_scene(name_en=long, name_ru=long))
    frame = figure.bbox
    renderer = FigureCanvasAgg(figure).get_renderer()
    written = figure.findobj(Text)
    # a line is measured by matplotlib's own text of the same letters at the same place
    written += [
        figure.text(*line.place, line.get_text(), fontproperties=line.letters, parse_math=False)
        for line in figure.findobj(sheet_room.Line)
    ]
    over = [
        text.get_text()
        for text in written
        if not (
            frame.x0 <= (extent := text.get_window_extent(renderer)).x0
            and extent.x1 <= frame.x1
            and frame.y0 <= extent.y0
            and extent.y1 <= frame.y1
        )
    ]
    assert over == []


def test_a_poster_names_every_unit_in_its_table_and_on_its_map() -> None:
    told = said(figures.poster(toy_scene())).split("\n")
    for unit in ("CU-001", "CU-002", "CU-003"):
        assert told.count(unit) == 2, unit
    assert {"S1", "S2"} <= set(told)
    for layer in ("hotspots", "protected_areas", "corridors", "border_fence", "disputed areas"):
        assert words.text(layer) in told


def test_a_section_sheet_lists_the_units_in_it_and_leaves_room_for_notes() -> None:
    # S1 is 50–70° E: CU-001 (62–66) and, touching, CU-002 (70–74); CU-003 (78–82) is elsewhere.
    told = said(figures.section_sheet(toy_scene(), "S1"))
    assert "S1 · West" in told
    assert words.text("your notes") in told
    assert "Altai knot" in told
    assert "Pamir" not in told


def test_a_unit_page_tells_the_unit() -> None:
    told = said(figures.unit_page(toy_scene(), "CU-001")).split("\n")
    assert "CU-001 · Altai knot" in told
    assert "Алтайский узел" in told
    assert told.count("✓") + told.count("✗") + told.count("?") >= 11  # criteria, and the card's row
    assert {"✓", "✗", "?"} <= set(told)
    assert "C9" in told
    assert "KZ 75 % (9,000 km²), UZ 25 % (3,000 km²)" in told
    # The species that counts stands first, though its name sorts last.
    assert told.index("SAI") < told.index("SNL")
    assert "qualifying · 40,000 km² · 12.3 % KZ UZ" in told
    assert "supporting · 1,500 km²" in told


def test_a_page_in_russian_speaks_russian() -> None:
    told = said(figures.unit_page(toy_scene(lang="ru"), "CU-001")).split("\n")
    assert "CU-001 · Алтайский узел" in told
    assert words.text("shares of states", "ru") in told
    assert "учтённый · 40 000 км² · 12,3 % KZ UZ" in told
    assert "Сайгак" in told
    # the bar of the map's scale
    assert [line for line in told if re.fullmatch(r"[\d\xa0]+ км", line)]
    assert not [line for line in told if re.fullmatch(r"[\d\xa0]+ km", line)]


def test_stability_is_told_where_it_is_known() -> None:
    scene = toy_scene()
    assert words.text("stability") not in said(figures.unit_page(scene, "CU-001")).split("\n")
    known = replace(scene, cards=scene.cards.assign(stability="robust: in 92 % of runs"))
    told = said(figures.unit_page(known, "CU-001")).split("\n")
    assert told[told.index(words.text("stability")) + 1] == "robust: in 92 % of runs"


@pytest.mark.parametrize("words_of_a_field", [1, 8, 20, 60])
def test_on_a_slide_of_a_unit_card_and_states_end_above_the_foot(words_of_a_field: int) -> None:
    """However much a card says: in smaller type rather than over the sources."""
    scene = toy_scene()
    told = dict.fromkeys(["stability", "takes", "context", "barriers"], "word " * words_of_a_field)
    figure = figures.unit_slide(replace(scene, cards=scene.cards.assign(**told)), "CU-001")
    placed = [(line.get_text(), *line.place) for line in figure.findobj(sheet_room.Line)]
    [foot] = [y for text, _, y in placed if text.startswith("INDICATIVE")]
    beside = [(text, y) for text, x, y in placed if x > 0.58]
    assert min(y for _, y in beside) > foot
    texts = [text for text, _ in beside]
    assert {"word", words.text("shares of states"), "G1"} <= {*" ".join(texts).split(), *texts}
    assert any(text.startswith("KZ 75") for text in texts)


def test_rejected_units_are_not_drawn() -> None:
    told = said(figures.poster(toy_scene(status="rejected")))
    assert "CU-001" not in told
    assert "CU-002" in told


def test_every_layer_is_optional() -> None:
    bare = replace(toy_scene(), layers={})
    for name in ("poster", "page", "slide", "unit slide"):
        assert "CU-001" in said(SHEETS[name](bare))


def test_without_units_there_is_still_a_poster() -> None:
    scene = toy_scene()
    none = replace(scene, units=scene.units.iloc[:0])
    assert "Toy workshop" in said(figures.poster(none))
    assert said(figures.slide(none)).split("\n").count("0") == 1


def test_an_unfinished_profile_draws_its_units_all_the_same() -> None:
    told = said(figures.unit_page(toy_scene(tier="", rank=pd.NA, score=np.nan), "CU-001"))
    assert "CU-001" in told


# -- what is refused -------------------------------------------------------------------------------


def test_what_is_not_there_is_refused_with_the_nearest() -> None:
    scene = toy_scene()
    with pytest.raises(InputError, match=r"no unit 'CU-01'.*Did you mean 'CU-0.1'.*CU-003"):
        figures.unit_page(scene, "CU-01")
    with pytest.raises(InputError, match=r"no section 'S9'.*It has S1, S2"):
        figures.section_sheet(scene, "S9")
    with pytest.raises(InputError, match=r"do not know hotspot\. Did you mean 'hotspots'"):
        replace(scene, layers={"hotspot": scene.layers["hotspots"]})
    with pytest.raises(InputError, match=r"No card for CU-001, CU-002, CU-003"):
        replace(scene, cards=scene.cards.iloc[:0])
    with pytest.raises(InputError, match="Language 'fr' is unknown"):
        replace(scene, lang="fr")
    with pytest.raises(InputError, match="its CRS is EPSG:4326"):
        replace(scene, units=toy_units())
    with pytest.raises(InputError, match=r"written as .pdf or .png; 'map.bmp' ends otherwise"):
        figures.write_figure("map.bmp", sheet(10, 10))


# -- furniture that is right -----------------------------------------------------------------------


def drawn(frame: Any, width: float = 200.0) -> tuple[Any, map_room.Sized]:
    figure = sheet(width + 20, 200)
    made = framed(frame, aspect=width / 150, margin=0)
    field = map_room.Field(figure, (10, 10, width, 150), made)
    return field, map_room.Sized(made, width, 7)


@pytest.mark.parametrize("centre", [(50, 52), (80, 40), (120, 47)])
def test_the_arrow_points_to_true_north_from_where_it_stands(centre: tuple[float, float]) -> None:
    """In a conic projection that is not up: the geodesic azimuth of the drawn arrow says so."""
    scene = toy_scene()
    x, y = Transformer.from_crs(4326, EQUAL_AREA, always_xy=True).transform(*centre)
    field, sized = drawn((x - 5e5, y - 4e5, x + 5e5, y + 4e5))
    map_room.north_arrow(map_room.Plate(field, scene, sized), size=9)
    (arrow,) = field.findobj(FancyArrowPatch)
    (x0, y0), (x1, y1) = arrow._posA_posB
    back = Transformer.from_crs(EQUAL_AREA, 4326, always_xy=True)
    (lon0, lon1), (lat0, lat1) = back.transform([x0, x1], [y0, y1])
    azimuth, _, _ = Geod(ellps="WGS84").inv(lon0, lat0, lon1, lat1)
    # The projection is not conformal: 2° off at its edge are what a straight arrow can do.
    assert abs(azimuth) < 2


def test_no_name_stands_where_the_arrow_and_the_bar_stand() -> None:
    """Furniture on the very place of an id: it steps aside. The arrow says which corner it fills."""
    toy = toy_scene()
    field, sized = drawn(toy.units.total_bounds)
    map_room.draw_map(map_room.Plate(field, toy, sized), layers=())
    at = [text.get_position() for text in field.findobj(Text) if text.get_text() == "CU-001"]
    [(x, y)] = at
    arrow = map_room.north_arrow(map_room.Plate(field, toy, sized), size=9)
    assert arrow[2:] == sized.frame[2:]  # the upper right corner
    frame = (x - 1, y - 1, x + 1, y + 1)
    field, sized = drawn(toy.units.total_bounds)
    map_room.draw_map(map_room.Plate(field, toy, sized), layers=(), furniture=[frame])
    places = [Point(text.get_position()) for text in field.findobj(Text)]
    assert [text.get_text() for text in field.findobj(Text)].count("CU-001") == 1
    assert not any(box(*frame).contains(place) for place in places)


def test_the_scale_bar_is_as_long_as_it_says() -> None:
    field, sized = drawn((-5e5, -4e5, 5e5, 4e5))
    map_room.scale_bar(map_room.Plate(field, toy_scene(), sized), size=8)
    # 1000 km of ground at most a quarter wide: 200 km, in four parts of 50 km.
    parts = [
        patch for patch in field.findobj(Rectangle) if patch.get_width() == pytest.approx(50_000)
    ]
    assert len(parts) == 4
    told = [text.get_text() for text in field.findobj(Text)]
    # The frame is 1066.7 km (800 km high, 200 : 150) over 200 mm: 1 : 5.33 million.
    assert told == ["200 km", "1 : 5,300,000"]


def test_degrees_stand_where_their_lines_meet_the_edge() -> None:
    """Witness: the label's place, taken back to longitude and latitude, is the degree it names."""
    field, sized = drawn((-2e6, -1e6, -5e5, 2e5))
    map_room.graticule(map_room.Plate(field, toy_scene(), sized), size=7)
    back = Transformer.from_crs(EQUAL_AREA, 4326, always_xy=True)
    left, low, *_ = sized.frame
    told = [(text.get_text(), text.get_position()) for text in field.findobj(Text)]
    assert len(told) >= 6
    for label, (x, y) in told:
        degrees, letter = label.split("° ")
        lon, lat = back.transform(x if letter == "E" else left, low if letter == "E" else y)
        assert (lon if letter == "E" else lat) == pytest.approx(float(degrees), abs=0.02)


def test_a_map_over_the_180_meridian_takes_the_longitudes_it_shows_and_no_other() -> None:
    # On Chukotka's meridian at 66° N a degree is 45 km: 450 km to each side are ten degrees.
    crs = "+proj=laea +lat_0=66 +lon_0=180 +datum=WGS84"
    frame = (-450e3, -200e3, 450e3, 200e3)
    west, south, east, north = backdrop.lonlat_frame(frame, crs)
    assert (west, east) == pytest.approx((170, 190), abs=0.8)
    assert (south, north) == pytest.approx((64.2, 67.8), abs=0.6)
    waters = backdrop.water_in((west, south, east, north))
    assert len(waters) < 0.02 * len(backdrop.water_in((-180, -90, 180, 90)))
    # what lies on either side is there, and nothing twice
    sides = [
        backdrop.water_in((170, south, 180, north)),
        backdrop.water_in((-180, south, -170, north)),
    ]
    assert len(waters) == len(pd.concat(sides).drop_duplicates("geometry"))
    field, sized = drawn(frame)
    map_room.graticule(map_room.Plate(field, SimpleNamespace(crs=crs, lang="en"), sized), size=7)
    labels = [text.get_text() for text in field.findobj(Text)]
    assert {"175° E", "175° W"} <= set(labels)
    assert not any(
        label.endswith(("E", "W")) and float(label.split("°")[0]) > 180 for label in labels
    )


def test_half_degrees_have_the_decimal_sign_of_the_language() -> None:
    field, sized = drawn((-2e5, -1e5, 0, 2e4))
    map_room.graticule(map_room.Plate(field, replace(toy_scene(), lang="ru"), sized), size=7)
    labels = [text.get_text() for text in field.findobj(Text)]
    assert any("," in label for label in labels)
    assert not any("." in label for label in labels)


def test_borders_come_once_and_disputed_ones_have_their_own_dash() -> None:
    scene = toy_scene()
    field, sized = drawn(scene.layers["countries"].total_bounds)
    borders = map_room._borders(scene, sized)
    # Two straight borders of the toy region, 35–52° N; each would come twice from the outlines.
    assert len(getattr(borders, "geoms", [borders])) == 2
    expected = sum(
        gpd.GeoSeries([box(lon, 35, lon + 1e-9, 52)], crs=4326).to_crs(EQUAL_AREA).length.iloc[0]
        / 2
        for lon in (68, 80)
    )
    assert borders.length == pytest.approx(expected, rel=1e-3)
    map_room.draw_map(map_room.Plate(field, scene, sized), layers=())
    rivers, *lines = field.findobj(LineCollection)
    assert rivers.get_linestyle()[0][1] is None
    assert rivers.get_zorder() < min(one.get_zorder() for one in lines)
    styles = {
        collection.get_linestyle()[0][1] is not None and len(collection.get_linestyle()[0][1])
        for collection in lines
    }
    assert len(lines) == 2
    assert styles == {2}
    dashes = [tuple(np.round(c.get_linestyle()[0][1], 2)) for c in lines]
    assert len(set(dashes)) == 2


def test_names_do_not_touch() -> None:
    field, sized = drawn((0, 0, 1e6, 7.5e5))
    labels = map_room._Labels(field, sized)
    for _ in range(6):
        labels.add(Point(5e5, 4e5), "CU-001", size=8, must=True)
        labels.add(Point(5e5, 4e5), "lake", size=8)
    boxes = labels.taken
    assert len(boxes) == 6
    assert not any(
        map_room._touch(one, other) for i, one in enumerate(boxes) for other in boxes[:i]
    )


def test_lines_are_shared_out_to_those_who_need_them() -> None:
    assert pages_room._shared_out([1, 5, 2], 6) == [1, 3, 2]
    assert pages_room._shared_out([3, 3], 1) == [1, 0]
    assert pages_room._shared_out([1, 1], 9) == [1, 1]
    assert pages_room._shared_out([], 5) == []


# -- type ------------------------------------------------------------------------------------------


def test_the_fonts_have_what_we_write() -> None:
    """Every word of the catalogue, in each language: checked before anything is drawn.

    A new Chinese character wants `scripts/build_data.py`, which cuts the font to what is used.
    """
    characters = {
        character
        for lang in words.LANGUAGES
        for key, said in words.catalogue(lang).items()
        if not key.startswith("words that")  # which people type, and nobody draws
        for character in said
    }
    assert undrawable(sorted(characters)) == ""
    assert undrawable(["✓ ✗ ? ≥ – … °", "Ҷўғ қазақ ӨҮ"]) == ""


def test_a_character_that_is_not_there_is_said_and_drawn_as_a_box() -> None:
    assert undrawable(["Altai 賽龘", "龘"]) == "賽龘"
    # a line with Chinese is set in one font, which has no letters of Mongolian and Kazakh
    assert undrawable(["Өмнөговь 南", "Ақсу"]) == "Өө"
    assert drawable("Өмнөговь 南") == "□мн□говь 南"
    assert drawable("賽龘 Altai") == f"{MISSING}{MISSING} Altai"
    assert drawable("中国 Altai") == "中国 Altai"


@settings(max_examples=80)
@given(st.text(max_size=120), st.floats(5, 80), st.integers(1, 5))
def test_no_line_is_wider_than_its_column(text: str, width: float, most: int) -> None:
    broken = lines(text, width, size=7, most=most)
    assert len(broken) <= most
    one = max((width_mm(c, 7) for c in text), default=0) + width_mm("…", 7)
    assert all(width_mm(line, 7) <= max(width, one) for line in broken)


def test_a_line_of_chinese_ends_anywhere_but_begins_with_no_comma_and_ends_with_no_bracket() -> (
    None
):
    told = "需要 2 个，每个至少 1,633 km²）、亚洲野驴（哈萨克斯坦 12,029 km²、乌兹别克斯坦 11,079 km²）。"
    broken = lines(told, 40, size=5.6)
    assert "".join(broken).replace(" ", "") == told.replace(" ", "")
    assert not [line for line in broken if line[0] in "，、。）" or line[-1] in "（"]
    # a word that finds no room is carried on in the same line, not left for the next one whole
    assert all(width_mm(line, 5.6) > 30 for line in broken[:-1])


def test_the_marks_of_a_page_are_explained_on_it_in_every_language() -> None:
    for lang in words.LANGUAGES:
        told = said(figures.unit_page(toy_scene(lang=lang), "CU-001"))
        assert {*"✓✗?●○"} <= {*told}
        assert MISSING not in told


def test_no_line_of_marks_begins_with_the_sign_that_parts_two() -> None:
    """On a slide need stands on a line of its own, and support beside it."""
    marks = said(figures.unit_slide(toy_scene(), "CU-001")).split("\n")
    assert {"need", "· support"} <= {*marks}
    assert "· need" not in marks


def test_widths_are_those_that_are_drawn() -> None:
    """Witness: matplotlib's own measure of the same line."""
    figure = sheet(200, 50)
    text = figure.text(0, 0.5, "CU-001 Природоохранные ✓", fontproperties=font())
    text.set_fontsize(10)
    extent = (
        text.get_window_extent(FigureCanvasAgg(figure).get_renderer()).width / figure.dpi * 25.4
    )
    assert width_mm("CU-001 Природоохранные ✓", 10) == pytest.approx(extent, rel=0.02)


def test_a_slide_shows_nothing_of_the_slide_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """All are drawn on the same dots; witness: a slide on dots of its own."""
    scene = toy_scene()
    monkeypatch.setattr(sheet_room, "_screen", sheet_room._screen.__wrapped__)
    alone = sheet_room.png(figures.unit_slide(scene, "CU-002"))
    monkeypatch.undo()
    first = sheet_room.png(figures.unit_slide(scene, "CU-001"))
    assert sheet_room.png(figures.unit_slide(scene, "CU-002")) == alone != first
    assert sheet_room._screen.cache_info().currsize == 1


@pytest.mark.parametrize("face", ["plain", "bold", "italic"])
def test_no_letter_of_a_line_is_cut_off(face: Any) -> None:
    """Witness: the same line drawn on far wider dots."""
    for text in ("Wf", "Тау-кен үстірті јf", "/\\", "AVAVA", "…", "✓✗?"):
        path = str(font_file(face))
        place = (path, 22.0, (0.0, 0.0, 0.0, 1.0), sheet_room.SCREEN_DPI, 0.7, 0.2)
        picture, above = sheet_room._line_of_dots(text, *place)
        longer, same = sheet_room._line_of_dots(text + " " * 20, *place)
        n = picture.shape[1]
        assert above == same
        assert (picture == longer[:, :n]).all()
        assert not longer[:, n:, 3].any()


# -- hostile text ----------------------------------------------------------------------------------


def poisoned() -> Scene:
    bad = POISON + " \ud800"  # a lone surrogate: no table takes one, a plan might
    imprint = Imprint(bad, bad, bad, bad, disclaimer=bad, sources=(bad,))
    scene = toy_scene(imprint=imprint, name_en=POISON, name_ru=POISON, rank_label=POISON)
    spoilt = {
        name: table.assign(
            **{column: POISON for column in ("name_en", "name_ru", "name") if column in table}
        )
        for name, table in scene.layers.items()
    }
    return replace(
        scene,
        layers=spoilt,
        cards=scene.cards.assign(species=POISON, states=POISON),
        species=scene.species.assign(name_en=POISON, name_ru=POISON, code=POISON),
        unit_criteria=scene.unit_criteria.assign(because=POISON, unit=POISON),
    )


@pytest.mark.parametrize("name", SHEETS)
def test_poison_is_text_like_any_other(tmp_path: Path, name: str) -> None:
    """Nothing is taken for mathematics, nothing is missing from the fonts (that would warn)."""
    figure = SHEETS[name](poisoned())
    figures.write_figure(tmp_path / "sheet.pdf", figure)
    if "slide" in name:
        figures.write_figure(tmp_path / "sheet.png", figure)
    told = said(figure)
    assert "$\\frac" in told
    assert not re.search("[\x00-\x08\x0b-\x1f\ud800-\udfff\u202e]", told)
    content = (tmp_path / "sheet.pdf").read_bytes()
    for word in (b"/JavaScript", b"/JS", b"/URI", b"/Launch", b"/EmbeddedFile", b"/OpenAction"):
        assert word not in content


# -- files -----------------------------------------------------------------------------------------


def test_a_pdf_is_vector_and_text_and_has_no_date(tmp_path: Path) -> None:
    path = tmp_path / "poster.pdf"
    figures.write_figure(path, figures.poster(toy_scene()))
    content = path.read_bytes()
    # The relief below everything is the only picture (and its transparency): names and lines are not.
    assert content.count(b"/Subtype /Image") == 2
    assert b"CreationDate" not in content
    assert b"ModDate" not in content
    assert b"/Type0" in content or b"/CIDFontType2" in content  # embedded type, not outlines
    assert str(tmp_path).encode() not in content
    box_of = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", content)
    assert box_of is not None
    assert [round(float(side) * 25.4 / 72) for side in box_of.groups()] == [841, 594]
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, flags=re.DOTALL)
    assert any(b"Tj" in zlib.decompress(part) or b"TJ" in zlib.decompress(part) for part in streams)


def test_pages_are_bound_in_their_order(tmp_path: Path) -> None:
    scene = toy_scene()
    figures.write_pages(
        tmp_path / "units.pdf", (figures.unit_page(scene, f"CU-00{n}") for n in (1, 2, 3))
    )
    content = (tmp_path / "units.pdf").read_bytes()
    assert len(re.findall(rb"/Type /Page\b", content)) == 3


def test_what_pages_have_in_common_is_in_a_document_once_and_kept_pages_bind_alike(
    tmp_path: Path,
) -> None:
    scene = toy_scene()
    ids = ("CU-001", "CU-002")
    figures.write_pages(tmp_path / "drawn.pdf", (figures.unit_page(scene, one) for one in ids))
    content = (tmp_path / "drawn.pdf").read_bytes()
    assert content.count(b"/Subtype /Form") == 1
    small = figures.kept_page([], lambda: figures.location_map(scene))
    forms = {figures.LOCATION: small}
    kept = [figures.kept_page([], partial(figures.unit_page, scene, one), forms) for one in ids]
    figures.write_pages(tmp_path / "kept.pdf", kept, forms)
    assert (tmp_path / "kept.pdf").read_bytes() == content


def test_a_pdf_and_a_kept_page_know_nothing_of_where_fonts_lie(tmp_path: Path) -> None:
    """A cache travels with its workshop, to machines with other folders."""
    page = drawn_page(figures.unit_page(toy_scene(name_en="Altai 中国"), "CU-001"))
    kept_parts = page_as_bytes(page)
    for path in page.letters:
        assert str(Path(path).parent).encode() not in b"".join(kept_parts)
    assert bound([page_of_bytes(kept_parts)], page.forms) == bound([page])

    documents = set()
    for folders in ("ab", "ba"):
        figure = sheet(30, 30)
        for face, folder in zip(("plain", "bold"), folders, strict=True):
            file = Path(shutil.copy(font_file(face), _made(tmp_path / folders / folder)))
            figure.text(0.1, 0.1, "Altai", fontproperties=FontProperties(fname=file))
        documents.add(bound([drawn_page(figure)]))
    assert len(documents) == 1


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def test_the_box_around_a_unit_is_whole_on_the_small_map_of_a_small_region() -> None:
    """Units of 20 km by the rim of their region: 60 km of spare ground reached beyond the map."""
    scene = toy_scene()
    around = scene.units.geometry.iloc[0].centroid
    shapes = [around.buffer(10e3), Point(around.x + 60e3, around.y + 40e3).buffer(10e3)]
    units = scene.units.iloc[:2].set_geometry(shapes, crs=scene.crs)
    page = figures.unit_page(replace(scene, units=units, layers={}), "CU-001")
    (frame,) = [
        one for one in page.findobj(Rectangle) if not one.get_fill() and one.get_zorder() == 40
    ]
    box_dots, field = frame.get_window_extent(), frame.get_clip_box()
    assert field.x0 < box_dots.x0 < box_dots.x1 < field.x1
    assert field.y0 < box_dots.y0 < box_dots.y1 < field.y1


def test_a_glyph_of_several_characters_is_read_as_the_plainest_of_them() -> None:
    """Noto Sans SC draws a hyphen and one that does not break alike: CU-001 is found all the same."""
    figure = sheet(60, 20)
    for line in ("中 CU-001", "中 CU\u2011001"):
        figure.text(0.1, 0.3, line, fontproperties=font("plain", line))
    [used] = drawn_page(figure).letters.values()
    assert set(used.values()) == set("中 CU-01")


@pytest.mark.parametrize("text", ["سایگا", "Бозойн к\u0304", "\u0301", "سا\x00 😀"])
def test_letters_that_join_are_drawn_as_outlines_on_maps_too(tmp_path: Path, text: str) -> None:
    """Arabic joins and runs from the right, accents stand on letters: neither is one by one."""
    figures.write_figure(
        tmp_path / "page.pdf", figures.unit_page(toy_scene(name_en=text), "CU-001")
    )
    figure = sheet(60, 20)
    for kind in (Text, partial(map_room.Name, halo=2)):
        figure.add_artist(
            kind(0.1, 0.3, drawable(text), fontsize=20, fontproperties=font("plain", text))
        )
    page = drawn_page(figure)
    content = zlib.decompress(page.content)
    assert b"BT" not in content
    assert page.letters == {}
    assert content.count(b"\nf\n") >= 2  # letters, twice
    assert b"S\n" in content  # and what surrounds them on a map


def test_letters_stand_as_near_as_their_font_says() -> None:
    """Witness: the kerning table of the font itself, whatever version of matplotlib reads it."""
    path = font_file("plain")
    with TTFont(path) as opened:
        [pairs, *_] = opened["kern"].kernTables
        units, names = opened["head"].unitsPerEm, opened.getBestCmap()
        expected = pairs[names[ord("A")], names[ord("V")]] / units
    read = open_font(str(path))
    assert read.kerning(read.glyph_of[ord("A")], read.glyph_of[ord("V")]) == expected < 0


def test_the_text_of_a_pdf_can_be_searched_and_names_on_its_map_too(tmp_path: Path) -> None:
    """Witness: poppler reads back what was written, in three scripts."""
    if shutil.which("pdftotext") is None:
        pytest.skip("poppler-utils is not installed")
    scene = toy_scene(name_en="Altai \u2013 Сайгак 中国")
    figures.write_figure(tmp_path / "page.pdf", figures.unit_page(scene, "CU-001"))
    read = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "page.pdf"), "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert read.stderr == ""
    assert "CU-001 · Altai \u2013 Сайгак 中国" in read.stdout
    assert "KAZAKHSTAN" in read.stdout


def test_a_slide_has_the_pixels_of_a_projector(tmp_path: Path) -> None:
    figures.write_figure(tmp_path / "slide.png", figures.slide(toy_scene()))
    content = (tmp_path / "slide.png").read_bytes()
    assert [int.from_bytes(content[at : at + 4]) for at in (16, 20)] == [1920, 1080]
    assert b"Matplotlib" not in content


def test_the_dots_of_a_slide_are_those_that_matplotlib_draws(tmp_path: Path) -> None:
    figures.write_figure(tmp_path / "slide.png", figures.slide(toy_scene()))
    # another figure of the same scene, written by matplotlib
    dots = sheet_room.SCREEN_DPI
    with mpl.rc_context(sheet_room._TYPE):
        figures.slide(toy_scene()).savefig(tmp_path / "witness.png", dpi=dots)
    with Image.open(tmp_path / "slide.png") as ours, Image.open(tmp_path / "witness.png") as other:
        assert ours.mode == "RGB"
        assert ours.info["dpi"] == pytest.approx((dots, dots), abs=0.1)
        assert np.array_equal(np.asarray(ours), np.asarray(other.convert("RGB")))


SCRIPT = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from types import SimpleNamespace
from dataclasses import replace
from cami_units import figures
from tests.test_figures import toy_scene
scene = toy_scene()
if sys.argv[3] == "shuffled":
    scene = replace(
        scene,
        units=scene.units.iloc[::-1],
        cards=scene.cards.iloc[::-1],
        layers={name: table.iloc[::-1] for name, table in reversed(scene.layers.items())},
        unit_species=scene.unit_species.iloc[::-1],
    )
for name, figure in (("a.pdf", figures.unit_page(scene, "CU-001")), ("a.png", figures.slide(scene))):
    path = Path(sys.argv[2]) / name
    figures.write_figure(path, figure)
    print(hashlib.sha256(path.read_bytes()).hexdigest())
"""


@pytest.mark.slow
def test_neither_row_order_nor_hash_seed_nor_a_second_run_changes_a_byte(tmp_path: Path) -> None:
    root = str(Path(__file__).resolve().parents[1])
    found = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT, root, str(tmp_path), order],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, order in (("1", "as is"), ("77", "shuffled"))
    }
    assert len(found) == 1
    assert len(found.pop().split()) == 2


def test_a_pdf_holds_of_a_font_what_a_reader_uses(tmp_path: Path) -> None:
    figures.write_figure(tmp_path / "a.pdf", figures.unit_page(toy_scene(), "CU-001"))
    document = (tmp_path / "a.pdf").read_bytes()
    streams = re.findall(rb"/FlateDecode.*?>>\s*stream\r?\n(.*?)\r?\nendstream", document, re.S)
    bodies = [zlib.decompress(stream) for stream in streams if stream[:1] == b"x"]
    fonts = [TTFont(BytesIO(body)) for body in bodies if body[:4] == b"\0\1\0\0"]
    assert len(fonts) >= 2  # plain and bold
    for embedded in fonts:
        assert {"glyf", "hmtx", "head"} <= set(embedded.keys())
        assert not {"GSUB", "GPOS", "GDEF", "kern", "fpgm"} & set(embedded.keys())
        # the outlines are those of the whole font, under the same numbers, without instructions
        whole = (TTFont(font(face).get_file()) for face in ("plain", "bold", "italic"))
        original = next(one for one in whole if _frame(one) == _frame(embedded))
        outlines = 0
        for number, name in enumerate(embedded.getGlyphOrder()):
            glyph = embedded["glyf"][name]
            if glyph.numberOfContours:
                same = original["glyf"][original.getGlyphName(number)]
                there, here = (
                    same.getCoordinates(original["glyf"]),
                    glyph.getCoordinates(embedded["glyf"]),
                )
                assert list(there[0]) == list(here[0])
                assert not hasattr(glyph, "program") or not glyph.program.getBytecode()
                outlines += 1
        # the alphabets of the sheet, of more than 5,000 outlines
        assert 10 < outlines < 700


def _frame(face: TTFont) -> list[int]:
    """The frame of all glyphs of a face, which tells faces of one family apart."""
    return [getattr(face["head"], side) for side in ("xMin", "yMin", "xMax", "yMax")]


def test_inputs_are_not_changed() -> None:
    scene = toy_scene()
    before = scene.units.copy(), scene.layers["countries"].copy()
    figures.poster(scene)
    pd.testing.assert_frame_equal(scene.units, before[0])
    pd.testing.assert_frame_equal(scene.layers["countries"], before[1])


def test_a_legend_has_a_line_for_what_the_map_shows_and_for_nothing_else() -> None:
    """The hotspot lies between 62 and 65° E; a fence and a border strip lie east of it."""
    scene = toy_scene()
    layers = ("hotspots", "protected_areas", "barriers", "corridors")

    def labels(*lonlat: float) -> set[str]:
        frame = to_equal_area(gpd.GeoDataFrame(geometry=[box(*lonlat)], crs=4326), scene.crs)
        return {entry[1] for entry in legend_room.entries(scene, layers, tuple(frame.total_bounds))}

    kinds = {name: words.text(name, "en") for name in (*layers, "border_fence", "disputed areas")}
    around_the_hotspot, east = labels(62, 42, 65, 44), labels(79.5, 40.2, 80.5, 40.8)
    assert {kinds["hotspots"], kinds["protected_areas"]} <= around_the_hotspot
    assert not {kinds["border_fence"], kinds["disputed areas"]} & around_the_hotspot
    assert kinds["disputed areas"] in east
    assert not {kinds["hotspots"], kinds["protected_areas"], kinds["corridors"]} & east


def test_a_corridor_in_steps_has_a_line_of_its_own_below_figures_and_boards() -> None:
    """On sheets, on the page of a unit, whose rows are cut out of the scene's, and on the board."""
    scene = toy_scene()
    coarse = scene.layers["corridors"].assign(coarse="tracked")
    scene = replace(scene, layers={**scene.layers, "corridors": coarse})
    label = words.text("coarse corridors", "en")
    around = pages_room._around(scene, "CU-001")
    for shown in (scene, around):
        everywhere = tuple(shown.units.total_bounds if shown is scene else (-1e6, -1e6, 1e6, 1e6))
        labels = {entry[1] for entry in legend_room.entries(shown, ("corridors",), everywhere)}
        assert label in labels
        assert words.text("corridors", "en") not in labels
    kinds = [kind for kind, shapes in unit_drawing.ground(scene).layers if len(shapes)]
    assert "coarse corridor" in kinds
    assert "corridor" not in kinds
    drawing = unit_drawing.Drawing(1, 1, (unit_drawing.Shape("coarse corridor", ()),))
    assert unit_drawing.signs(drawing) == (("coarse corridor", "coarse corridors"),)


def test_a_legend_card_is_as_large_as_it_needs_and_shows_each_sign_once() -> None:
    rows = [(Look("#ff0000", 2.0), f"layer {n}", True) for n in range(5)]
    few, many = (
        np.asarray(Image.open(BytesIO(figures.legend_card("Legend", part))).convert("RGB"))
        for part in (rows[:2], rows)
    )
    assert many.shape[0] > few.shape[0]
    assert many.shape[1] == few.shape[1]
    is_red = (many[..., 0] > 200) & (many[..., 1] < 60)
    signs = np.flatnonzero(np.diff(is_red.any(axis=1).astype(int)) == 1)
    assert len(signs) == 5


@pytest.mark.parametrize("kind", sorted(BARRIER_LOOKS))
def test_a_dark_line_of_a_legend_stands_off_its_dark_card(kind: str) -> None:
    """Dark red on dark grey has a contrast of 1.5 to 1: WCAG asks 3 of a sign, which white beside it has."""
    card = figures.legend_card("", [(BARRIER_LOOKS[kind], "", True)])
    bright = np.asarray(Image.open(BytesIO(card)).convert("L")).astype(int)
    sign = bright[:, 20:40]  # pixels from left to right within it
    assert (sign.max(axis=0) - bright[0, 0] > 100).all()


def test_the_dashes_of_a_legend_go_on_round_the_corners_of_a_patch() -> None:
    # a patch is 10.3 by 4.6 mm, its rim 84 points at this size of type: dashes as long as gaps
    dashed, solid = (
        np.asarray(
            Image.open(
                BytesIO(figures.legend_card("", [(Look("#ff0000", 2.0, dashes), "", False)]))
            ).convert("RGB")
        )[..., 0].astype(int)
        for dashes in ((3.0, 3.0), ())
    )
    ground = int(dashed[0, 0])
    share = (dashed - ground).sum() / (solid - ground).sum()
    assert share == pytest.approx(0.5, abs=0.1)


# -- the command -----------------------------------------------------------------------------------


def test_figures_are_written_whole_and_over_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        figures_step,
        "figure_writers",
        lambda done, **_: {"poster_a1.pdf": lambda path: path.write_bytes(b"one")},
    )
    monkeypatch.setattr(figures_step, "_undrawable", lambda done: ())
    folder = tmp_path / "figures"
    for _ in range(2):  # a second time replaces the first
        write_figures(None, folder)  # type: ignore[arg-type]
        assert [path.name for path in folder.iterdir()] == ["poster_a1.pdf"]
    (folder / "my own notes.txt").write_text("keep me", encoding="utf-8")
    with pytest.raises(InputError, match=r"also holds my own notes\.txt, which would be lost"):
        write_figures(None, folder)  # type: ignore[arg-type]
    assert (folder / "my own notes.txt").read_text(encoding="utf-8") == "keep me"


def test_after_a_decision_only_what_shows_its_unit_is_drawn_again(
    round_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first decision adds a column and a status, none of which other units' pages show."""
    drawn: list[tuple[str, ...]] = []
    for name in ("unit_page", "unit_slide", "section_sheet", "location_map", "poster", "slide"):

        def counted(_: Scene, *about: str, name: str = name) -> Figure:
            drawn.append((name, *about))
            blank = sheet(30, 30)
            blank.text(0, 0, "".join(about))
            return blank

        monkeypatch.setattr(figures, name, counted)
    monkeypatch.setattr(figures_step, "write_atlas", lambda path, *_, **__: path.write_bytes(b""))

    def files() -> dict[str, bytes]:
        drawn.clear()
        with kept_pieces(round_dir):
            write_figures(store.open_round(round_dir), round_dir / "figures")
        return {path.name: path.read_bytes() for path in (round_dir / "figures").iterdir()}

    first = files()
    units = list(shown_units(store.open_round(round_dir).tables["conservation_units"])["unit_id"])
    assert {one for one in drawn if one[0] == "unit_page"} == {("unit_page", one) for one in units}
    assert files() == first
    assert drawn == []
    decided = CliRunner().invoke(
        app, ["decide", str(round_dir), units[0], "agree", "--reason", "no objection", "-q"]
    )
    assert decided.exit_code == 0, decided.output
    files()
    table = shown_units(store.open_round(round_dir).tables["conservation_units"])
    flat = to_equal_area(table, EQUAL_AREA)
    around = {
        unit: set(flat["unit_id"][figures.is_around(flat, shape)])
        for unit, shape in zip(flat["unit_id"], flat.geometry, strict=True)
    }
    near = {unit for unit in units if units[0] in around[unit]}
    assert len(near) < len(units)
    expected = {(name, unit) for name in ("unit_page", "unit_slide") for unit in near}
    grounds = to_equal_area(store.open_round(round_dir).tables["sections"], EQUAL_AREA)
    place = dict(zip(grounds["section_id"], grounds.geometry, strict=True))
    sections = {
        ("section_sheet", one)
        for one in shown_sections(store.open_round(round_dir))
        if units[0] in set(flat["unit_id"][figures.is_around(flat, place[one])])
    }
    assert set(drawn) == expected | sections | {("location_map",), ("poster",), ("slide",)}
    assert len(drawn) == len(set(drawn))


def test_ids_become_file_names_that_hold_nothing_else() -> None:
    ids = ["CU-012a", "../../etc/passwd", "Секция 1", "\x00", "x" * 500]
    names = ["CU-012a", "------etc-passwd", "-------1", "-", "x" * 40]
    assert list(figures_step._file_names(ids).values()) == names
    # two sections have two sheets, on a disk that knows no capitals too
    ids = ["Север", "Запад", "S1", "s1", "------2"]
    names = ["-----", "------2", "S1", "s1-2", "------2-2"]
    assert list(figures_step._file_names(ids).values()) == names


def test_figures_of_no_round_are_refused(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["figures", str(tmp_path)])
    assert said.exit_code == 1
    assert "Error:" in said.output


def test_only_the_figures_that_were_drawn_are_named(round_dir, tmp_path, monkeypatch) -> None:
    def written(round_, folder, **_):
        folder.mkdir()
        for name in ("poster_a1.pdf", "slide_CU-001.png", "atlas.html"):
            (folder / name).touch()
        return ()

    monkeypatch.setattr(figures_step, "write_figures", written)
    said = CliRunner().invoke(app, ["figures", str(round_dir), "--out", str(tmp_path / "f")])
    assert said.exit_code == 0, said.output
    for name in ("poster_a1.pdf", "slide_….png", "atlas.html"):
        assert name in said.output
    # a round without sections has no sheets of them, one without units no pages
    assert "section_" not in said.output
    assert "units_a4.pdf" not in said.output


@pytest.mark.slow
def test_the_bundled_round_is_drawn_whole(tmp_path: Path) -> None:
    runner, place = CliRunner(), tmp_path / "00-proposal"
    assert runner.invoke(app, ["propose", "--out", str(place), "-q"]).exit_code == 0
    said = runner.invoke(app, ["figures", str(place)])
    assert said.exit_code == 0, said.output
    assert "poster_a1.pdf" in said.output
    files = {path.name: path.read_bytes() for path in (place / "figures").iterdir()}
    sections = {f"section_S{n}_a3.pdf" for n in range(1, 7)}
    assert {"poster_a1.pdf", "units_a4.pdf", "slide_region.png", "atlas.html"} | sections <= set(
        files
    )
    slides = [name for name in files if name.startswith("slide_CU-")]
    assert len(re.findall(rb"/Type /Page\b", files["units_a4.pdf"])) == len(slides) > 30


@pytest.mark.parametrize(("pixels", "reach_m"), [(30, 150_000), (90, 3_000_000)])
def test_relief_between_knots_is_the_relief_of_every_pixel(pixels: int, reach_m: int) -> None:
    """PROJ is asked at some places of a picture; an independent transformer is asked at all of them."""
    crs = "+proj=laea +lat_0=45.00 +lon_0=85.00 +datum=WGS84 +units=m"
    middle = (np.arange(pixels) + 0.5) / pixels * 2 - 1
    to_lonlat = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    x, y = (reach_m * middle, -reach_m * middle)
    lon, lat = to_lonlat.transform(*np.meshgrid(x, y))
    there = np.concatenate([*backdrop._lonlat_bands(x, y, crs)], axis=1)
    step = 2 * reach_m / pixels
    _, _, off_m = Geod(ellps="WGS84").inv(lon, lat, *there)
    assert np.max(off_m) < step / 5
    shades = backdrop.shades_in((-reach_m, -reach_m, reach_m, reach_m), crs, width=pixels)
    assert shades.shape == (pixels, pixels)
    assert np.mean(np.abs(shades.astype(float) - backdrop._sampled(lon, lat))) < 3


def test_relief_over_the_meridian_and_beyond_the_earth_asks_for_every_pixel() -> None:
    crs = "+proj=laea +lat_0=70.00 +lon_0=180.00 +datum=WGS84 +units=m"
    x = np.linspace(-2e5, 2e5, 40)
    lon = np.concatenate([lon for lon, _ in backdrop._lonlat_bands(x, -x, crs)])
    assert set(np.sign(lon.ravel())) == {-1.0, 1.0}
    assert np.abs(lon).min() > 170
    # the corners of this frame lie on no Earth: they are white
    shades = backdrop.shades_in((-2e7, -2e7, 2e7, 2e7), crs, width=60)
    assert shades[0, 0] == 255


# -- ground beyond the layer of countries -----------------------------------------------------------

ANKARA, BLACK_SEA, CASPIAN, KARAKUM = (32.9, 39.9), (34.0, 43.0), (51.0, 42.0), (59.0, 39.0)


@pytest.mark.parametrize("crs", [LONLAT, EQUAL_AREA])
def test_where_the_layer_of_countries_ends_there_is_land_and_no_sea(crs: str) -> None:
    """Neighbours end at 40° E. Ankara lies beyond; the sea stays sea; what is known is not drawn twice."""
    states = gpd.read_file(data_dir() / "boundaries" / "countries.geojson")
    known = states.to_crs(crs).geometry.to_numpy()
    points = gpd.GeoSeries.from_xy(
        *zip(ANKARA, BLACK_SEA, CASPIAN, KARAKUM, strict=True), crs=LONLAT
    )
    frame = tuple(gpd.GeoSeries([box(20, 30, 70, 50)], crs=LONLAT).to_crs(crs).total_bounds)
    beyond = backdrop.land_beyond(known, frame, crs)
    assert [beyond.contains(point) for point in points.to_crs(crs)] == [True, False, False, False]
    # coasts of two sources differ, and no strip of that lies along the Gulf or the Arabian Sea
    gulf = gpd.GeoSeries([box(50, 22, 68, 29)], crs=LONLAT).to_crs(crs).iloc[0]
    assert not beyond.intersects(gulf)


def test_land_that_touches_itself_at_the_edge_of_a_frame_is_land_all_the_same() -> None:
    """Moved corner by corner a coast crosses itself; Taiyuan lies behind it, the Yellow Sea before it."""
    frame = (423854.9909205863, -220360.99682974909, 3711443.563522254, 2373280.8365676934)
    beyond = backdrop.land_beyond([], frame, EQUAL_AREA)
    places = gpd.GeoSeries.from_xy([112.5, 123.5], [37.9, 36.0], crs=LONLAT).to_crs(EQUAL_AREA)
    assert beyond.is_valid
    assert beyond.contains(places).tolist() == [True, False]


def test_a_sheet_draws_the_ground_beyond_its_countries() -> None:
    """The toy's states begin at 51° E."""
    toy = toy_scene()
    [ankara] = gpd.GeoSeries([Point(ANKARA)], crs=LONLAT).to_crs(toy.crs)
    sized = map_room.Sized(ankara.buffer(1e6).bounds, 12, 12)
    land, _, _ = map_room._ground(toy, sized)
    assert land.contains(ankara)
