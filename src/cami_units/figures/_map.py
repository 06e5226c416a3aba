"""The map itself: land, evidence, units, names and furniture, in the equal-area CRS of the scene."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from matplotlib.artist import Artist
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, PathPatch, Rectangle
from matplotlib.path import Path as Outline
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import Bbox, BboxTransformFrom, BboxTransformTo, TransformedBbox
from PIL import Image
from shapely.geometry.base import BaseGeometry

from cami_units import backdrop, palette, words
from cami_units.figures._figure_legend import BARRIERS, LOOKS, faint, unit_look
from cami_units.figures._pdf import HALO_OPACITY, PdfRenderer
from cami_units.figures._sheet import INK, SOFT, dashed, shares_of_sheet
from cami_units.figures._typesetting import MM_PER_POINT, Face, drawable, font, width_mm
from cami_units.model import LAYERS, LONLAT, MAP_EVIDENCE, transformed, transformer
from cami_units.palette import Look, barrier_kind
from cami_units.scene import (
    Frame,
    Scene,
    common_edges,
    drawn_records,
    drawn_units,
    in_lines,
    is_coarse,
    is_range_state,
    label_place,
    label_places,
    layer,
    name_of,
    records,
)

_PIXEL_MM: Final = 0.15
"""Detail finer than this on paper is left out."""

_ORDER: Final = {
    name: place
    for place, name in enumerate(
        (
            *("land", "relief", "water", "graticule", "unit fills"),
            MAP_EVIDENCE[0],  # protected areas lie below the lines of sections and states
            *("sections", "countries", "disputed"),
            *MAP_EVIDENCE[1:],
            *("units", "veil", "names", "furniture"),
        ),
        start=1,
    )
}
TOWNS: Final = frozenset({"city", "town", "place"})


@dataclass(frozen=True, slots=True)
class Sized:
    """A map on paper: its frame in metres, its width in mm, and the type size of its names."""

    frame: Frame
    width_mm: float
    text: float

    @property
    def metres_per_mm(self) -> float:
        """The scale, as metres of ground to a millimetre of paper."""
        return (self.frame[2] - self.frame[0]) / self.width_mm

    @property
    def box(self) -> BaseGeometry:
        """The frame as a polygon."""
        frame: BaseGeometry = shapely.box(*self.frame)
        return frame


class Field(Artist):
    """A place (left, top, width, height) of a sheet that is drawn on in metres of a frame.

    matplotlib's axes bring ticks, titles and whatever zooms, which takes longer than most maps.
    """

    def __init__(
        self, figure: Figure, place: Frame, frame: Frame, *, is_framed: bool = True
    ) -> None:
        super().__init__()
        # over forms, and under all else of the sheet
        self.set_zorder(0.5)
        box = Bbox.from_bounds(*shares_of_sheet(figure, *place))
        self.bbox = TransformedBbox(box, figure.transSubfigure)
        whole = BboxTransformTo(self.bbox)
        self.to_dots = BboxTransformFrom(Bbox.from_extents(*frame)) + whole
        self.parts: list[Artist] = []
        figure.add_artist(self)
        if is_framed:
            # Whatever no land covers is water: seas are in no layer.
            look: Any = {"transform": whole, "clip_on": False, "fc": palette.WATER, "lw": 0}
            self.add_artist(Rectangle((0, 0), 1, 1, **look, zorder=0))
            look |= {"fc": "none", "ec": "#5a666d", "lw": 0.6, "capstyle": "projecting"}
            for ends in ((0, 0), (0, 1)), ((1, 0), (1, 1)), ((0, 0), (1, 0)), ((0, 1), (1, 1)):
                self.add_artist(PathPatch(Outline(ends), **look, zorder=50))

    def add_artist(self, part: Artist) -> None:
        """Draw a part on it, in metres and no further than it reaches, unless the part says otherwise."""
        part.set_figure(self.figure)
        if not part.is_transform_set():
            part.set_transform(self.to_dots)
        if part.get_clip_box() is None:
            part.set_clip_box(self.bbox)
        self.parts.append(part)

    def get_children(self) -> list[Artist]:
        """What is drawn on it, as matplotlib asks."""
        return self.parts

    def draw(self, renderer: Any) -> None:
        """The lowest first."""
        for part in sorted(self.parts, key=Artist.get_zorder):
            part.draw(renderer)


@dataclass(frozen=True, slots=True)
class Plate:
    """A map under way: a field of its frame's proportions, what is drawn on it, and how large.

    `line` is how much thicker lines are than on a sheet of A4.
    """

    field: Field
    scene: Scene
    sized: Sized
    line: float = 1.0


def draw_map(
    plate: Plate,
    *,
    layers: Iterable[str],
    focus: Collection[str] = (),
    within: BaseGeometry | None = None,
    names: bool = True,
    furniture: Iterable[Frame] = (),
) -> None:
    """Draw the scene of a plate into its field.

    Parameters
    ----------
    plate : Plate
        What to draw, and where.
    layers : iterable of str
        Which layers of evidence, of those the scene has.
    focus : collection of str
        Units to stand out; the others are then pale. Empty: all alike.
    within : geometry, optional
        Ground to stand out: the rest lies under a veil.
    names : bool
        Whether places, states and units are named.
    furniture : iterable of frame
        Where a scale bar and an arrow stand: no name goes there.
    """
    scene, sized = plate.scene, plate.sized
    layer_names = set(layers)
    label_boxes = _Labels(plate.field, sized, furniture)
    _background(plate)
    # sections lie over protected areas and under all other evidence
    for name in (MAP_EVIDENCE[0], "sections", *MAP_EVIDENCE[1:]):
        if name not in layer_names:
            continue
        if name in _DRAWN_BY_KIND:
            _DRAWN_BY_KIND[name](plate)
        elif (table := layer(scene, name, LAYERS[name].key[0])) is not None:
            (_areas if LAYERS[name].geometry == "polygon" else _lines)(plate, table, name)
    draw_units(plate, focus)
    if within is not None:
        beyond = shapely.difference(sized.box, within)
        _draw(plate, [beyond], Look("", 0.0, (), palette.CASING, _VEIL), "veil")
    if names:
        # A state's name must stand in the state; an id may step aside, and always finds room.
        _country_names(label_boxes, scene, sized, range_states=True)
        _unit_names(label_boxes, scene, sized, focus)
        if "sections" in layer_names:
            _section_names(label_boxes, scene, sized)
        _country_names(label_boxes, scene, sized, range_states=False)
        _place_names(label_boxes, scene, sized)


# -- layers ----------------------------------------------------------------------------------------


def _background(plate: Plate) -> None:
    """Land and borders; those along disputed areas in a way of their own."""
    scene, sized = plate.scene, plate.sized
    if layer(scene, "countries", "iso2") is None:
        return
    land, contested, agreed = _ground(scene, sized)
    _draw(plate, [land], LOOKS["land"], "land")
    _relief(plate)
    lakes, rivers = _water(scene, sized)
    _draw(plate, lakes, LOOKS["lakes"], "water")
    _draw(plate, rivers, LOOKS["rivers"], "water")
    if layer(scene, "disputed", "disputed_id") is not None:
        _draw(plate, contested, LOOKS["disputed"], "disputed")
    _draw(plate, [agreed], LOOKS["countries"], "countries")


# Every page of a unit has the same small map of the region: its ground is cut and simplified once.
@lru_cache(maxsize=8)
def _ground(scene: Scene, sized: Sized) -> tuple[BaseGeometry, list[BaseGeometry], BaseGeometry]:
    """The land, what of the borders is contested, and what is not, as a map of this size shows them."""
    countries = layer(scene, "countries", "iso2")
    disputed = layer(scene, "disputed", "disputed_id")
    shapes = _seen(np.array([]) if countries is None else countries.geometry.to_numpy(), sized)
    edges = _borders(scene, sized)
    near: BaseGeometry = shapely.GeometryCollection()
    contested: list[BaseGeometry] = []
    if disputed is not None:
        areas = _seen(disputed.geometry.to_numpy(), sized)
        # Borders and disputed areas come from two layers, whose lines never quite agree.
        near = shapely.union_all(shapely.buffer(areas, _TOUCHING_M))
        contested = [shapely.intersection(edges, near), *shapely.boundary(areas)]
    return _land(scene, shapes, sized), contested, shapely.difference(edges, near)


def _relief(plate: Plate) -> None:
    """Light and shade over the land: darker where it is steep, nothing on water."""
    sized = plate.sized
    left, _, right, _ = sized.frame
    # no more pixels than the relief has, and no more than a page can show
    width = int(np.clip((right - left) / _RELIEF_PIXEL_M, 40, 1600))
    veil = _relief_veil(sized.frame, plate.scene.crs, width, _strength(sized))
    plate.field.add_artist(_Shade(veil, zorder=_ORDER["relief"]))


class _Shade(Artist):
    """Black that is more or less transparent over all of a field: what is below is only darker.

    matplotlib would make four channels of floats of it, mask and stretch each, and round them.
    """

    def __init__(self, veil: npt.NDArray[np.uint8], zorder: float) -> None:
        super().__init__()
        self.veil = veil
        self.set_zorder(zorder)

    def draw(self, renderer: Any) -> None:
        """Stretch the veil to the dots of the sheet, and lay it down."""
        ground: Any = self.clipbox
        left, low, right, high = ground.extents
        wide, deep = round(right) - round(left), round(high) - round(low)
        stretched = Image.fromarray(self.veil).resize((wide, deep), Image.Resampling.BILINEAR)
        gc = renderer.new_gc()
        gc.set_clip_rectangle(ground)
        if isinstance(renderer, PdfRenderer):
            renderer.draw_veil(gc, round(left), round(low), np.asarray(stretched))
        else:
            picture = np.zeros((deep, wide, 4), dtype=np.uint8)
            # canvases count their rows from the bottom
            picture[..., 3] = np.asarray(stretched)[::-1]
            renderer.draw_image(gc, round(left), round(low), picture)
        gc.restore()


@lru_cache(maxsize=8)
def _relief_veil(frame: Frame, crs: str, width: int, strength: float) -> npt.NDArray[np.uint8]:
    """How much of what is below the shades of the relief hide, of 255."""
    shades = backdrop.shades_in(frame, crs, width=width)
    veil: npt.NDArray[np.uint8] = np.rint((255 - shades) * strength).astype(np.uint8)
    return veil


_RELIEF_PIXEL_M: Final = 5_000.0
"""The relief has four arc minutes: finer pixels would show nothing more."""


def _strength(sized: Sized) -> float:
    """How dark the shade is: on a sheet of one unit it is a blur, and must not drown what is drawn."""
    return round(0.8 * float(np.clip((sized.metres_per_mm / 15_000) ** 0.35, 0.4, 1)), 3)


@lru_cache(maxsize=8)
def _water(scene: Scene, sized: Sized) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Lakes and rivers as a map of this size shows them; of the whole region only long rivers."""
    table = backdrop.water_in(backdrop.lonlat_frame(sized.frame, scene.crs))
    least_km = _LONG_KM if sized.metres_per_mm > _WHOLE_REGION else 0
    lakes = table["kind"].eq(backdrop.LAKES).to_numpy()
    shapes = transformed(table.geometry.to_numpy(), LONLAT, scene.crs)
    rivers = ~lakes & table["size"].ge(least_km).to_numpy()
    return _seen(shapes[lakes], sized), _seen(shapes[rivers], sized)


_WHOLE_REGION: Final = 15_000.0
"""Metres to a millimetre, from which on a river of 500 km is as long as its own name."""
_LONG_KM: Final = 1_000


def _land(scene: Scene, shapes: npt.NDArray[Any], sized: Sized) -> BaseGeometry:
    """All ground, whoever's it is: what no state of the layer has (Siachen) is no water for that."""
    disputed = layer(scene, "disputed", "disputed_id")
    areas: Any = () if disputed is None else _seen(disputed.geometry.to_numpy(), sized)
    beyond = backdrop.land_beyond([*shapes, *areas], sized.frame, scene.crs)
    ground: BaseGeometry = shapely.union_all([*shapes, *areas, beyond])
    return ground


_TOUCHING_M: Final = 3_000.0
"""Within this a border counts as running along a disputed area."""


def _borders(scene: Scene, sized: Sized) -> BaseGeometry:
    """Every border once, as lines, whoever's it is: the edges that two countries share to the metre."""
    left, low, right, top = sized.frame
    edges = _common_edges(scene)
    x, y = edges[..., 0], edges[..., 1]
    is_inside = (x.max(1) > left) & (x.min(1) < right) & (y.max(1) > low) & (y.min(1) < top)
    edge_lines: Any = shapely.linestrings(edges[is_inside].astype(float))
    merged: Any = shapely.line_merge(shapely.multilinestrings(edge_lines))
    simpler: BaseGeometry = shapely.simplify(merged, _tolerance(sized))
    return simpler


@lru_cache(maxsize=2)
def _common_edges(scene: Scene) -> npt.NDArray[np.int64]:
    """Both ends of the edges of two countries at once, to the metre: no border is drawn finer."""
    countries = layer(scene, "countries", "iso2")
    shapes = np.array([]) if countries is None else countries.geometry.to_numpy()
    return common_edges(shapes, lambda xy: np.rint(xy).astype(np.int64))


def _areas(plate: Plate, table: gpd.GeoDataFrame, name: str) -> None:
    """Draw a layer of areas, those that are points as small squares."""
    shapes = table.geometry.to_numpy()
    points = shapely.get_dimensions(shapes) == 0
    _draw(plate, _seen(shapes[~points], plate.sized), LOOKS[name], name)
    spots = shapely.get_coordinates(shapes[points])
    if len(spots):
        look: Any = {"ls": "", "ms": 2.5 * plate.line, "mew": 0, "color": LOOKS[name].fill}
        plate.field.add_artist(Line2D(*spots.T, marker="s", **look, zorder=_ORDER[name]))


def _sections(plate: Plate) -> None:
    """Outlines of sections, a common edge once, so that its dashes show."""
    if (table := layer(plate.scene, "sections", "section_id")) is not None:
        outlines = shapely.boundary(_clipped(table.geometry.to_numpy(), plate.sized))
        edges = shapely.union_all(outlines)
        merged = shapely.line_merge(edges) if edges.geom_type == "MultiLineString" else edges
        simpler = shapely.simplify(merged, _tolerance(plate.sized))
        _draw(plate, [simpler], LOOKS["sections"], "sections")


def _lines(plate: Plate, table: gpd.GeoDataFrame, name: str) -> None:
    """A layer of lines, drawn as it looks everywhere; those told in steps by a look of their own."""
    made_coarse = is_coarse(table).to_numpy()
    shapes = table.geometry.to_numpy()
    _draw(plate, _seen(shapes[~made_coarse], plate.sized), LOOKS[name], name)
    if made_coarse.any():
        _draw(plate, _seen(shapes[made_coarse], plate.sized), LOOKS[f"coarse {name}"], name)


def _barriers(plate: Plate) -> None:
    """Draw each kind of barrier in its own line."""
    if (table := layer(plate.scene, "barriers", "barrier_id")) is None:
        return
    shapes, kinds = table.geometry.to_numpy(), np.array([*map(barrier_kind, table["kind"])])
    for kind, look in BARRIERS.items():
        _draw(plate, _seen(shapes[kinds == kind], plate.sized), look, "barriers")


_VEIL: Final = 0.55
"""How much of what lies beyond the ground that stands out is hidden: it is seen, and steps back."""


def draw_units(plate: Plate, focus: Collection[str], *, only_focus: bool = False) -> None:
    """Worst rank first, so that the best lies on top; the units in focus above all, or alone."""
    scene = plate.scene
    rows = [row for row in drawn_records(scene) if not only_focus or row["unit_id"] in focus][::-1]
    outlines = _unit_outlines(scene, plate.sized)
    for row in sorted(rows, key=lambda row: row["unit_id"] in focus):
        look = unit_look(str(row["status"]), str(row["tier"]))
        if focus and row["unit_id"] not in focus:
            look = faint(look)
        shapes = outlines[str(row["unit_id"])]
        _draw(plate, shapes, Look("", 0.0, (), look.fill, look.opacity), "unit fills")
        _draw(plate, shapes, Look(palette.CASING, look.width + _CASING_PT), "units")
        _draw(plate, shapes, replace(look, fill=""), "units")


@lru_cache(maxsize=8)
def _unit_outlines(scene: Scene, sized: Sized) -> dict[str, npt.NDArray[Any]]:
    """The outline of each unit as a map of this size shows it."""
    return {
        str(row["unit_id"]): _seen(np.array([row["geometry"]], dtype=object), sized)
        for row in drawn_records(scene)
    }


_CASING_PT: Final = 1.4
"""White on both sides of a unit's line together, so that it stands out on relief."""


def _seen(shapes: npt.NDArray[Any], sized: Sized) -> npt.NDArray[Any]:
    """What of these shapes lies in the frame, no finer than the paper shows."""
    simpler = shapely.simplify(_clipped(shapes, sized), _tolerance(sized))
    kept_shapes: npt.NDArray[Any] = simpler[~shapely.is_empty(simpler)]
    return kept_shapes


def _clipped(shapes: npt.NDArray[Any], sized: Sized) -> npt.NDArray[Any]:
    """Cut a little outside the frame, so that the cut itself is not seen."""
    left, low, right, top = sized.frame
    # three hundredths of the map, wider than any line on it
    spare = (right - left) * 0.03
    cut: npt.NDArray[Any] = shapely.clip_by_rect(
        shapes, left - spare, low - spare, right + spare, top + spare
    )
    return cut


def _tolerance(sized: Sized) -> float:
    return sized.metres_per_mm * _PIXEL_MM


def _draw(
    plate: Plate, shapes: Sequence[BaseGeometry] | npt.NDArray[Any], look: Look, name: str
) -> None:
    """Draw shapes in a look: polygons filled, lines as lines."""
    parts = shapely.get_parts(shapely.get_parts(np.asarray(shapes, dtype=object)))
    kinds, width = shapely.get_type_id(parts), look.width * plate.line
    # One path for all of them: a fill that is half transparent would show where two overlap.
    polygons = parts[kinds == 3]
    if len(polygons):
        fill: Any = (look.fill, look.opacity) if look.fill else "none"
        edge: Any = {"edgecolor": look.line or "none", "linewidth": width, "joinstyle": "round"}
        edge |= {"linestyle": dashed(look), "zorder": _ORDER[name]}
        plate.field.add_artist(PathPatch(outline(polygons), facecolor=fill, **edge))
    strings = parts[kinds == 1]
    if len(strings):
        lines = [shapely.get_coordinates(string) for string in strings]
        stroke: Any = {"colors": look.line, "linewidths": width, "linestyles": [dashed(look)]}
        stroked = LineCollection(lines, **stroke, zorder=_ORDER[name])
        plate.field.add_artist(stroked)


def outline(polygons: npt.NDArray[Any]) -> Outline:
    """Polygons as one path; holes run against their rings, so that any fill rule leaves them open."""
    rings = shapely.get_rings(shapely.orient_polygons(polygons))
    ends = np.cumsum(shapely.get_num_coordinates(rings))
    codes = np.full(ends[-1], Outline.LINETO, dtype=np.uint8)
    codes[ends - 1] = Outline.CLOSEPOLY
    codes[[0, *ends[:-1]]] = Outline.MOVETO
    return Outline(shapely.get_coordinates(rings), codes)


# -- names -----------------------------------------------------------------------------------------


class Name(Text):
    """A text with white around its letters, `halo` points wide, so that it can be read on a map."""

    def __init__(self, *place: Any, halo: float, **kind: Any) -> None:
        super().__init__(*place, **kind)
        self.halo = halo

    def draw(self, renderer: Any) -> None:
        """On paper it stays text; on a screen its letters are outlines."""
        if isinstance(renderer, PdfRenderer):
            renderer.halo = (self.halo, "white")
            super().draw(renderer)
            renderer.halo = None
            return
        halo = withStroke(linewidth=self.halo, foreground="white", alpha=HALO_OPACITY)
        self.set_path_effects([halo])
        super().draw(renderer)


class _Labels:
    """Names on a map, most important first; one that would touch another is left out."""

    def __init__(self, field: Field, sized: Sized, furniture: Iterable[Frame] = ()) -> None:
        self.field = field
        self.sized = sized
        self.taken: list[Frame] = [*furniture]

    def add(
        self,
        at: BaseGeometry,
        text: str,
        *,
        size: float,
        face: Face = "plain",
        colour: str = INK,
        dot: bool = False,
        must: bool = False,
    ) -> bool:
        """A name centred on a point, or beside its dot; one that must be there may move a little.

        Returns whether there was room.
        """
        x, y = shapely.get_coordinates(at)[0]
        lines = text.split("\n")
        scale = self.sized.metres_per_mm
        wide = max(width_mm(line, size, face) for line in lines) * scale
        # a line with its leading, a little more than the spacing that it is drawn with
        high = len(lines) * size * 1.15 * MM_PER_POINT * scale
        gap = size * 0.35 * MM_PER_POINT * scale if dot else 0.0
        x0 = x + gap if dot else x - wide / 2
        box = (x0, y - high / 2, x0 + wide, y + high / 2)
        if must:
            right, up = self._step_aside(box)
            x, y, x0 = x + right, y + up, x0 + right
            box = (box[0] + right, box[1] + up, box[2] + right, box[3] + up)
        elif not self._is_free(box):
            return False
        self.taken.append(box)
        if dot:
            look: Any = {"ls": "", "ms": size * 0.3, "color": colour, "mec": "white", "mew": 0.4}
            self.field.add_artist(Line2D([x], [y], marker="o", **look, zorder=_ORDER["names"]))
        name = Name(
            x0 if dot else x,
            y,
            "\n".join(drawable(line, face, text) for line in lines),
            halo=size * 0.28,
            fontproperties=font(face, text),
            fontsize=size,
            color=colour,
            ha="left" if dot else "center",
            va="center_baseline" if dot else "center",
            linespacing=1.1,
            zorder=_ORDER["names"],
            clip_on=True,
            # a name with two dollar signs is a name
            parse_math=False,
        )
        self.field.add_artist(name)
        return True

    def _is_free(self, box: Frame) -> bool:
        """Whether a box lies on the map, and on no other label."""
        left, low, right, top = self.sized.frame
        is_inside = left < box[0] and low < box[1] and box[2] < right and box[3] < top
        return is_inside and not any(_touch(box, taken_box) for taken_box in self.taken)

    def _step_aside(self, box: Frame) -> tuple[float, float]:
        """The smallest of a few steps that sets a box free; none, if none does."""
        wide, high = box[2] - box[0], box[3] - box[1]
        for right, up in _STEPS:
            x, y = right * wide, up * high
            if self._is_free((box[0] + x, box[1] + y, box[2] + x, box[3] + y)):
                return x, y
        return 0.0, 0.0


_STEPS: Final = tuple(
    (right / 4, up / 2)
    for right, up in sorted(
        ((right, up) for right in range(-4, 5) for up in range(-4, 5)),
        key=lambda step: (step[0] ** 2 + step[1] ** 2, step),
    )
)
"""Steps aside, in quarters of a name's width and halves of its height, the smallest first."""


def _touch(first: Frame, second: Frame) -> bool:
    """Whether two frames share ground."""
    level = first[0] < second[2] and second[0] < first[2]
    return level and first[1] < second[3] and second[1] < first[3]


def _unit_names(label_boxes: _Labels, scene: Scene, sized: Sized, focus: Collection[str]) -> None:
    """The ids of units, those in focus first and larger."""
    rows = sorted(drawn_records(scene), key=lambda row: row["unit_id"] not in focus)
    for row in rows:
        # The part that is seen: a label in the middle of the whole unit may lie off the sheet.
        if (shape := shapely.intersection(row["geometry"], sized.box)).is_empty:
            continue
        is_focus = row["unit_id"] in focus
        label_boxes.add(
            label_place(shape),
            str(row["unit_id"]),
            size=sized.text * (1.35 if is_focus and len(focus) == 1 else 1.0),
            face="bold",
            colour=INK if is_focus or not focus else SOFT,
            must=is_focus or not focus,
        )


def _section_names(label_boxes: _Labels, scene: Scene, sized: Sized) -> None:
    """The ids of sections, large."""
    table = layer(scene, "sections", "section_id")
    for row in records(table) if table is not None else ():
        if not (shape := shapely.intersection(row["geometry"], sized.box)).is_empty:
            label_boxes.add(
                label_place(shape),
                str(row["section_id"]),
                size=sized.text * 2.2,
                face="bold",
                colour=LOOKS["sections"].line,
                must=True,
            )


def _country_names(label_boxes: _Labels, scene: Scene, sized: Sized, *, range_states: bool) -> None:
    """Names of range states, wherever in the state there is room; of neighbours, in their middle."""
    if (table := layer(scene, "countries", "iso2")) is None:
        return
    # a state off the map is not cut: of a sheet of one section that is most of them
    is_on_map = shapely.intersects(sized.box, table.geometry.to_numpy())
    wanted = table[is_on_map & (is_range_state(table) == range_states)]
    seen_parts = shapely.intersection(wanted.geometry.to_numpy(), sized.box)
    names = [name_of(row, scene.lang).upper() for row in records(wanted)]
    parts = list(zip(names, seen_parts, strict=True))
    # the ground on paper, in type sizes: neighbours need room, a range state is named if at all
    # possible
    least_m2 = (sized.metres_per_mm * sized.text * (0.8 if range_states else 2.5)) ** 2
    for name, shape in sorted(parts, key=lambda part: part[1].area):  # the small have least choice
        if shape.is_empty or shape.area < least_m2:
            continue
        for place in _places_to_try(shape, is_first_enough=not range_states):
            size = sized.text * (0.95 if range_states else 0.8)
            colour = "#4f463c" if range_states else "#7d746a"
            if label_boxes.add(place, in_lines(name, 12), size=size, colour=colour):
                break


def _places_to_try(shape: BaseGeometry, *, is_first_enough: bool) -> Iterator[BaseGeometry]:
    """Where a name may stand; mostly there is room at the first place, and no other is looked for."""
    yield label_place(shape)
    if not is_first_enough:
        yield from label_places(shape)[1:]


def _place_names(label_boxes: _Labels, scene: Scene, sized: Sized) -> None:
    """Towns with a dot, and whatever is about as long on this paper as its name."""
    if (places := scene.layers.get("gazetteer")) is None or places.empty:
        return
    places_inside = places[shapely.intersects(places.geometry.to_numpy(), sized.box)]
    ordered = places_inside.sort_values(["extent_km", "name_en"], ascending=[False, True])
    for row in records(ordered):
        # NaN is not equal to itself
        extent = row["extent_km"] if row["extent_km"] == row["extent_km"] else 0.0
        # Ten km at least: a town without an extent shows on maps of that scale.
        paper_mm = max(float(extent), 10.0) * 1000 / sized.metres_per_mm
        town = row["kind"] in TOWNS
        if paper_mm < (1.2 if town else 9.0):
            continue
        label_boxes.add(
            row["geometry"],
            name_of(row, scene.lang) if town else in_lines(name_of(row, scene.lang)),
            size=sized.text * 0.82,
            face="plain" if town else "italic",
            colour="#3c3c3c" if town else "#4a6572" if row["kind"] in _WET else "#5a5247",
            dot=town,
        )


_WET: Final = frozenset({"lake", "river", "wetland", "sea"})


# -- furniture -------------------------------------------------------------------------------------


def graticule(plate: Plate, *, size: float) -> None:
    """Meridians and parallels, with their degrees along the bottom and the left edge."""
    scene, sized = plate.scene, plate.sized
    left, low, right, top = sized.frame
    to_flat = transformer(LONLAT, scene.crs)
    west, south, east, north = backdrop.lonlat_frame(sized.frame, scene.crs)
    # the finest of these that makes at most seven steps
    step = next(s for s in (0.5, 1, 2, 5, 10, 20, 30) if (north - south) / s <= 7 or s == 30)
    bottom = shapely.LineString([(left, low), (right, low)])
    side = shapely.LineString([(left, low), (left, top)])
    degrees: list[tuple[Any, Any, float, str]] = []
    for value in np.arange(np.floor(west / step) * step, east + step, step):
        # a point each quarter of a degree, so that meridians bend; short of the poles, where a
        # projection may end
        along = np.arange(max(south - 2, -89.0), min(north + 2, 89.0), 0.25)
        turned = (value + 180) % 360 - 180  # the frame counts on over the 180° meridian
        degrees.append((np.full_like(along, value), along, turned, "EW"))
    for value in np.arange(np.floor(south / step) * step, north + step, step):
        along = np.arange(west - 2, east + 2, 0.25)
        degrees.append((along, np.full_like(along, value), value, "NS"))
    lengths = [len(line[0]) for line in degrees]
    lon, lat = (np.concatenate([line[axis] for line in degrees]) for axis in (0, 1))
    flat = to_flat.transform(lon, lat)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    net: Any = shapely.linestrings(np.c_[flat], indices=rows)
    thin = replace(plate, line=1.0)
    _draw(thin, shapely.intersection(net, sized.box), LOOKS["graticule"], "graticule")
    for line, (*_, value, ends) in zip(net, degrees, strict=True):
        at = shapely.intersection(line, bottom if ends == "EW" else side)
        _degrees(plate, at, value, ends, size)


def _degrees(plate: Plate, at: BaseGeometry, value: float, ends: str, size: float) -> None:
    """Write a degree where its line leaves the map."""
    # A line that runs along the edge, or leaves the map elsewhere, has no one place for its degree.
    if at.geom_type != "Point":
        return
    x, y = shapely.get_coordinates(at)[0]
    lang = plate.scene.lang
    letter = words.text("direction " + ends[int(value < 0)], lang)
    below = ends == "EW"
    gap = size * 0.4 * MM_PER_POINT * plate.sized.metres_per_mm
    name = Text(
        x if below else x - gap,
        y - gap if below else y,
        # half degrees at the finest
        f"{words.number(abs(value), lang, 0 if value == round(value) else 1)}° {letter}",
        fontproperties=font("plain", letter),
        fontsize=size,
        color=SOFT,
        ha="center",
        va="top" if below else "bottom",
        rotation=0 if below else 90,
        rotation_mode="anchor",
        clip_on=False,
        parse_math=False,
    )
    plate.field.add_artist(name)


def scale_bar(plate: Plate, *, size: float) -> Frame:
    """A bar of round kilometres in the lower corner that has fewer units, with the scale in figures.

    Returns the frame that it fills.
    """
    field, scene, sized = plate.field, plate.scene, plate.sized
    left, low, right, _ = sized.frame
    mm = sized.metres_per_mm
    # a quarter of the map, in km
    longest = (right - left) / 4000
    km = max(
        length
        for power in range(-1, 5)
        for length in (10.0**power, 2 * 10.0**power, 5 * 10.0**power)
        if length <= longest or length == 0.1
    )
    y = low + 4.5 * mm
    unit, height = km * 1000 / 4, 1.1 * mm * max(size / 7, 1)
    label = f"{words.number(km, scene.lang)} {words.text('km', lang=scene.lang)}"
    ratio = f"1 : {words.number(_rounded(mm * 1000), scene.lang)}"
    width = max(km * 1000, width_mm(ratio, size) * mm) + width_mm(label, size) * mm
    pad = 2 * mm
    depth = height + size * 1.6 * MM_PER_POINT * mm
    x = left + 4.5 * mm
    away = right - 4.5 * mm - width
    if _units_in(scene, x, y, width, depth) > _units_in(scene, away, y, width, depth):
        x = away
    order = {"zorder": _ORDER["furniture"]}
    ground: Any = {"facecolor": "white", "alpha": 0.8, "linewidth": 0, **order}
    corner = (x - pad, y - pad)
    field.add_artist(Rectangle(corner, width + 2 * pad, depth + 2 * pad, **ground))
    for part in range(4):
        fill = INK if part % 2 == 0 else "white"
        look: Any = {"facecolor": fill, "edgecolor": INK, "linewidth": 0.4, **order}
        field.add_artist(Rectangle((x + part * unit, y), unit, height, **look))
    kind: Any = {"fontsize": size, "color": INK, "clip_on": False, "parse_math": False, **order}
    beside, above = x + km * 1000 + 1.2 * mm, y + height + 1.2 * mm
    field.add_artist(Text(beside, y, label, fontproperties=font("plain", label), **kind))
    field.add_artist(Text(x, above, ratio, fontproperties=font("plain", ratio), **kind))
    return (x - pad, y - pad, x + width + pad, y + depth + pad)


def _units_in(scene: Scene, x: float, y: float, width: float, depth: float) -> int:
    """How many units meet a corner of the map."""
    corner = shapely.box(x, y, x + width, y + depth)
    return int(shapely.intersects(drawn_units(scene).geometry.to_numpy(), corner).sum())


def _rounded(ratio: float) -> float:
    """A scale to two figures: nobody measures finer on a printed sheet."""
    power = 10.0 ** (np.floor(np.log10(ratio)) - 1)
    return float(np.round(ratio / power) * power)


def north_arrow(plate: Plate, *, size: float) -> Frame:
    """An arrow in the upper right corner that points to true north from where it stands.

    Returns the frame that it fills.
    """
    field, scene, sized = plate.field, plate.scene, plate.sized
    _, _, right, top = sized.frame
    mm = sized.metres_per_mm
    to_lonlat = transformer(scene.crs, LONLAT)
    to_flat = transformer(LONLAT, scene.crs)
    reach = size * 0.75 * mm
    x, y = right - reach - 2 * mm, top - reach - 3 * mm
    lon, lat = to_lonlat.transform(x, y)
    # a step of 0.05° to the north shows where north is just here
    tip = np.array(to_flat.transform(lon, min(lat + 0.05, 90.0))) - (x, y)
    tip = tip / np.hypot(*tip) * reach * 0.75
    field.add_artist(
        FancyArrowPatch(
            (x - tip[0], y - tip[1]),
            (x + tip[0] * 0.3, y + tip[1] * 0.3),
            arrowstyle="-|>,head_width=0.35,head_length=0.8",
            mutation_scale=size,
            color=INK,
            linewidth=size * 0.12,
            zorder=_ORDER["furniture"],
        )
    )
    letter = words.text("direction N", scene.lang)
    name = Name(
        *(x + tip[0] * 0.95, y + tip[1] * 0.95, letter),
        halo=2,
        fontproperties=font("bold", letter),
        fontsize=size,
        color=INK,
        ha="center",
        va="center",
        zorder=_ORDER["furniture"],
        parse_math=False,
    )
    field.add_artist(name)
    return (x - reach, y - reach, right, top)


_DRAWN_BY_KIND: Final = {"sections": _sections, "barriers": _barriers}
"""Layers that are drawn row by row, each after what it says of itself."""
