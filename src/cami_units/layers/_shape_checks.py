"""From a file as it stands to rows that can be measured: CRS settled, shapes checked, repaired.

Each step says which rows stay and what it noticed; what cannot be trusted is refused with its cure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import pyproj.exceptions
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer

from cami_units import kml
from cami_units.layers._equal_area import (
    Repair,
    Shapes,
    brought_back,
    kinds,
    only,
    projected,
    repaired,
)
from cami_units.layers._reading import Dataset, FileRules, LayerRead, rows_in_short
from cami_units.model import (
    LAYERS,
    LONLAT,
    InputError,
    Note,
    Problem,
    clean_name,
    crs_name,
    cut_at_180,
    frames_on_globe,
    in_short,
    plan_lines,
    problem_of,
    quoted,
    read_crs,
    same_crs,
    toml_key,
    transformed,
    widened,
)

Kind = Literal["polygon", "line", "point", "any", "every"]
"""The geometry that belongs in a layer: "any" takes polygons and points, "every" lines too."""

Mask = NDArray[np.bool_]
Level = Literal["refuses", "counted", "note"]
Step = tuple[Mask, list[Problem]]
"""Which rows stay, and what was noticed."""
Say = Callable[[Level, Mask, Note], list[Problem]]
"""A problem of some rows of a dataset: :func:`_of_rows` for it and its layer."""

# a vertex that rounding put a hair beyond the edge of the world is no fault
_DEGREES_X: Final = 180.0 + 1e-6
_DEGREES_Y: Final = 90.0 + 1e-6
# ranges and protected areas of neighbours are welcome; another continent is a wrong CRS
_NEARBY_M: Final = 500_000.0
_HALF_THE_GLOBE: Final = 180.0
# what borders on the study may matter to it: a cell of the grid and 50 km are far less
_WINDOW_DEGREES: Final = 5.0
# twice round the world: coordinates that large were never degrees
_NO_DEGREES: Final = 720.0

_FURTHER_KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {"conservation_units": "polygon", "context": "every"}
)
"""What else is read with the same care and is no layer of a plan: its geometry."""

_GOOD: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"any": ("polygon", "point"), "every": ("polygon", "line", "point")}
)


def geometry_of(layer: str) -> Kind:
    """The kind of geometry that belongs in a layer."""
    return LAYERS[layer].geometry or "any" if layer in LAYERS else _FURTHER_KINDS[layer]


def cleaned(dataset: Dataset, layer: str, rules: FileRules) -> LayerRead:
    """Rows of a dataset as valid shapes of one kind in the equal-area CRS.

    Parameters
    ----------
    dataset
        With columns in our words already.
    layer
        The name of the layer: it says what geometry belongs here. Rows of another kind are left
        out and named; of mixtures the fitting parts are kept.
    rules
        CRS to go to, CRS to assume, the largest share of a shape that a repair may contest.
    """
    try:
        return _measurable(dataset, layer, rules)
    except shapely.errors.GEOSException as error:
        rows = _breaking_rows(dataset, layer, rules)
        sound = replace(dataset, table=dataset.table[~rows])
        why = quoted(str(error).splitlines()[0][:120])
        note = Note("shape unmeasurable", {"why": why})
        problems = _of_rows(dataset, layer, "refuses", rows, note)
        return (
            LayerRead(_nothing_of(dataset, rules), tuple(problems))
            if rows.all()
            else replace(_measurable(sound, layer, rules), problems=tuple(problems))
        )


def _breaking_rows(dataset: Dataset, layer: str, rules: FileRules) -> Mask:
    """Which rows are the ones that cannot be measured, each tried by itself."""
    breaking = np.zeros(len(dataset.table), dtype=bool)
    for place in range(len(dataset.table)):
        try:
            _measurable(replace(dataset, table=dataset.table.iloc[[place]]), layer, rules)
        except shapely.errors.GEOSException:
            breaking[place] = True
    return breaking if breaking.any() else np.ones(len(dataset.table), dtype=bool)


def _nothing_of(dataset: Dataset, rules: FileRules) -> gpd.GeoDataFrame:
    """No row, with the columns of the dataset."""
    return dataset.table.iloc[:0].set_crs(rules.crs, allow_override=True)


def _measurable(dataset: Dataset, layer: str, rules: FileRules) -> LayerRead:
    """The steps of :func:`cleaned`, one after another."""
    table, kind = dataset.table, geometry_of(layer)
    say = partial(_of_rows, dataset, layer)
    shapes = np.asarray(table.geometry.to_numpy(), dtype=object).copy()
    keep = np.ones(len(shapes), dtype=bool)
    problems: list[Problem] = []

    def stays(step: Step) -> Mask:
        """The rows that are left after a step, whose words are noted."""
        fitting, notes = step
        problems.extend(notes)
        return np.asarray(keep & fitting, dtype=bool)

    keep = stays(_with_geometry(shapes, dataset, layer, say))
    keep = stays(_of_kind(shapes, keep, kind, say))
    problems += say("counted", keep & np.isin(table.index, dataset.unclosed), Note("rings closed"))
    keep = stays(_untangled(shapes, keep, say))
    if not keep.any():
        return LayerRead(_nothing_of(dataset, rules), tuple(problems))
    # In this order: what has no CRS has no place, what is not on earth cannot be projected, and
    # what cannot be projected has no area by which a repair could be judged.
    crs, notes = _settled_crs(dataset, layer, shapes[keep], rules)
    problems += notes
    if crs is None:
        broken = keep & ~shapely.is_valid(shapes)
        problems += say("counted", broken, Note("shape to repair"))
        return LayerRead(_nothing_of(dataset, rules), tuple(problems))
    keep = stays(_on_earth(shapes, keep, crs, say))
    if note := datum_note(crs, shapes[keep]):
        problems.append(problem_of("note", layer, dataset.name, "", note))
    problems += _heights(shapes, keep, say)
    keep = stays(_in_the_window(shapes, keep, crs, rules, layer, say))
    if not keep.any():
        return LayerRead(_nothing_of(dataset, rules), tuple(problems))
    # where people draw boxes; ranges are what a map of them shows
    if layer == "conservation_units":
        problems += _straight_sides(shapes, keep, crs, say)
    flat = shapes.copy()
    flat[keep] = projected(shapes[keep], crs, rules.crs)
    off_plane = keep & ~_finite(flat)
    problems += say("refuses", off_plane, Note("not to be projected", {"crs": crs_name(crs)}))
    keep &= ~off_plane
    # of a polygon along a parallel nothing is left where the projection tears it
    no_ground = keep & shapely.is_empty(flat)
    problems += say("refuses", no_ground, Note("shape without ground"))
    keep &= ~no_ground
    problems += _far_away(dataset, layer, shapes[keep], flat[keep], crs, rules)
    # once more: parallels that lay side by side in degrees are bent, and reach into one another
    keep = stays(_untangled(flat, keep, say))
    n_repaired = 0
    if kind in ("polygon", "any", "every"):
        sound, notes, n_repaired = _repaired(flat, keep, rules, say)
        keep = stays((sound, notes))
    geometry = gpd.GeoSeries(flat[keep], index=table.index[keep], crs=read_crs(rules.crs))
    return LayerRead(table[keep].set_geometry(geometry), tuple(problems), repaired=n_repaired)


def _straight_sides(shapes: NDArray[Any], keep: Mask, crs: Any, say: Say) -> list[Problem]:
    """Sides that are straight in the file and would be another line in a KML, the longest of which is told."""
    km = np.zeros(len(shapes))
    km[keep] = [kml.long_side_km(shape) for shape in transformed(shapes[keep], crs, LONLAT)]
    return say("note", km > 0, Note("straight sides", {"km": round(float(km.max()))}))


def _of_rows(dataset: Dataset, layer: str, level: Level, rows: Mask, what: Note) -> list[Problem]:
    """A problem of some rows, which it names; none where there are no such rows."""
    if not (count := int(np.sum(rows))):
        return []
    facts = {"count": count, "of": dataset.rows, "what": what, "cure": what}
    where = _row_names(dataset, layer, rows)
    return [problem_of(level, layer, dataset.name, where, Note("some rows", facts))]


def _row_names(dataset: Dataset, layer: str, rows: Mask) -> str | Note:
    """The first few of some rows by name and number."""
    title = LAYERS[layer].titles[0] if layer in LAYERS else "name_en"
    some = dataset.table[np.asarray(rows, dtype=bool)]
    return rows_in_short(some.index, some.get(title, ()))


def _with_geometry(shapes: Shapes, dataset: Dataset, layer: str, say: Say) -> Step:
    """Which rows have a geometry, with coordinates that are numbers."""
    bare = np.asarray(shapely.is_missing(shapes) | shapely.is_empty(shapes), dtype=bool)
    if layer == "context":  # evidence beside the criteria: what is not drawn changes no number
        problems = say("counted", bare, Note("geometry left out"))
    else:
        # GEOS has no type for the surfaces of 3D models: they come without a shape, and are there.
        surface = bare & np.isin(dataset.table.index, dataset.unclosed)
        problems = say("refuses", bare & ~surface, Note("geometry missing"))
        problems += say("refuses", surface, Note("geometry of 3D models"))
    strange = ~bare & ~_finite(shapes)
    problems += say("refuses", strange, Note("coordinates no numbers"))
    return np.asarray(~bare & ~strange, dtype=bool), problems


def _finite(shapes: Shapes) -> Mask:
    """Which shapes have coordinates that are numbers, every one of them."""
    xy, row = shapely.get_coordinates(shapes, return_index=True)
    good = np.ones(len(shapes), dtype=bool)
    good[row[~np.isfinite(xy).all(axis=1)]] = False
    return good


def _of_kind(shapes: Shapes, keep: Mask, kind: Kind, say: Say) -> Step:
    """Which rows are of the kind that belongs here; fitting parts of mixtures are put in place."""
    good = _GOOD.get(kind, (kind,))
    kind_of_row = np.array(kinds(shapes), dtype=object)
    mixed = keep & (kind_of_row == "mixed")
    for row in np.flatnonzero(mixed):
        parts = [only(shapes[row], good_kind) for good_kind in good]
        shapes[row] = next((part for part in parts if not part.is_empty), parts[0])
    salvaged = mixed & ~shapely.is_empty(shapes)
    good_kind = Note(f"geometry {good[0]}")
    problems = say("counted", salvaged, Note("geometry mixed, part kept", {"kind": good_kind}))
    misfit = keep & ~np.isin(kind_of_row, good) & ~salvaged
    came = in_short(Note(f"geometry {name}") for name in sorted(set(kind_of_row[misfit])))
    note = Note("geometry of another kind", {"came": came, "kind": good_kind})
    return np.asarray(~misfit, dtype=bool), [*problems, *say("counted", misfit, note)]


_LARGE: Final = 1_000
"""Points from which a shape is looked at before GEOS is asked about it: 1,000 take it a tenth of a second
at worst."""


def _untangled(shapes: Shapes, keep: Mask, say: Say) -> Step:
    """Which rows GEOS can be asked about in a time that grows with their size."""
    tangled = np.zeros(len(shapes), dtype=bool)
    for row in np.flatnonzero(keep & (shapely.get_num_coordinates(shapes) > _LARGE)):
        from cami_units import kml  # lxml is not waited for by who brings small shapes

        tangled[row] = shapely.get_dimensions(shapes[row]) == 2 and kml.is_tangled(shapes[row])
    return ~tangled, say("refuses", tangled, Note("outline tangled"))


def _on_earth(shapes: Shapes, keep: Mask, crs: CRS, say: Say) -> Step:
    """Which rows have longitudes and latitudes that exist; those counting on past 180° are put in place."""
    outside = np.zeros(len(shapes), dtype=bool)
    if crs.is_geographic:
        outside[keep] = _beyond_degrees(shapes[keep])
    if not outside.any():
        return ~outside, []
    counting = outside.copy()
    some = shapes[outside]
    counting[outside] = ~_beyond_degrees(some, turns=2) & shapely.is_valid(some)
    shapes[counting] = brought_back(shapes[counting])
    outside &= ~counting
    problems = say("counted", counting, Note("longitudes counting on"))
    swapped = outside.copy()
    turned = shapely.transform(shapes[outside], lambda xy: xy[:, ::-1])
    swapped[outside] = ~_beyond_degrees(turned)
    for key, rows in (("beyond degrees, turned", swapped), ("beyond degrees", outside & ~swapped)):
        if rows.any():
            problems += say("refuses", rows, Note(key, _span(shapes[rows]).facts))
    return ~outside, problems


def _heights(shapes: Shapes, keep: Mask, say: Say) -> list[Problem]:
    """Rows with heights; programs write a height of 0 where there is none, and that is not said."""
    tall = np.zeros(len(shapes), dtype=bool)
    for row in np.flatnonzero(keep & shapely.has_z(shapes)):
        heights = shapely.get_coordinates(shapes[row], include_z=True)[:, 2]
        tall[row] = bool(np.nan_to_num(heights).any())
    return say("note", tall, Note("heights unused"))


def _in_the_window(
    shapes: Shapes, keep: Mask, crs: CRS, rules: FileRules, layer: str, say: Say
) -> Step:
    """Which rows have anything near the study; shapes that span half the globe are cut to it in place.

    A box from -180 to 180 is a mistake, or a shape across 180° that was not cut there; either would
    be measured as ground that nobody meant. Ranges and countries are measured whole, so of theirs it
    is only said.
    """
    wide = np.zeros(len(shapes), dtype=bool)
    if not crs.is_geographic:
        return ~wide, []
    wide[keep] = _are_wide(shapes[keep])
    problems = _short_way_round(shapes, wide, say)
    wide[wide] = _are_wide(shapes[wide])
    # ranges are measured whole before anything of them is cut
    if not wide.any() or rules.region is None or layer == "ranges":
        return np.ones_like(wide), [*problems, *say("note", wide, Note("half the globe"))]
    # GEOS cuts nothing that crosses itself.
    valid_shapes = shapely.make_valid(shapes[wide])
    shapes[wide] = shapely.intersection(valid_shapes, _window(rules, crs))
    problems += say("counted", wide, Note("half the globe, cut"))
    return ~(wide & shapely.is_empty(shapes)), problems


def _short_way_round(shapes: Shapes, wide: Mask, say: Say) -> list[Problem]:
    """Wide shapes with a side round the globe cut in place where it crosses the date line; of polygons it is said.

    Such a side is meant the other way round: a GPS writes 179, then -179. What spans the globe as
    well then (a cap around a pole), or is nothing (a box from -180 to 180), stays as it is.
    """
    is_line = shapely.get_dimensions(shapes) == 1
    rows = np.flatnonzero(wide)
    rows = rows[[is_line[row] or _has_side_round(shapes[row]) for row in rows]]
    cut = cut_at_180(shapes[rows])
    is_cut = ~shapely.is_empty(cut) & (is_line[rows] | ~_are_wide(cut) & shapely.is_valid(cut))
    shapes[rows[is_cut]] = cut[is_cut]
    is_polygon = np.zeros_like(wide)
    is_polygon[rows[is_cut]] = ~is_line[rows[is_cut]]
    return say("counted", is_polygon, Note("side over the date line"))


def _has_side_round(shape: Any) -> bool:
    """Whether a polygon has a side over 270° of longitude that is not all the way round.

    One of 180° to 270° may as well be a side of a box around Eurasia.
    """
    rings = [
        shapely.get_coordinates(ring)[:, 0] for ring in shapely.get_rings(shapely.get_parts(shape))
    ]
    sides = np.concatenate([np.abs(np.diff(ring)) for ring in rings] or [np.array([])])
    return bool(
        ((sides > 1.5 * _HALF_THE_GLOBE) & (sides < 2 * _HALF_THE_GLOBE - _NEAR_WHOLE)).any()
    )


_NEAR_WHOLE: Final = 1e-6
"""Degrees: a side from -180 to 180 may be off by the rounding of a file."""


def _are_wide(shapes: Shapes) -> Mask:
    """Which shapes have a part that spans more than half the globe."""
    wide = np.zeros(len(shapes), dtype=bool)
    parts, row = shapely.get_parts(shapes, return_index=True)
    west, _, east, _ = shapely.bounds(parts).T
    wide[row[east - west > _HALF_THE_GLOBE]] = True
    return wide


def _window(rules: FileRules, crs: CRS) -> Any:
    """The surroundings of the study in degrees; east of 180° in a box of its own."""
    points = np.asarray(shapely.points(shapely.get_coordinates(rules.region)), dtype=object)
    corners = transformed(points, rules.crs, crs)
    xy = shapely.get_coordinates(corners)
    xy = xy[np.isfinite(xy).all(axis=1)]
    # The mean direction: longitudes of 179° and −179° have their middle at 180° and not at 0°.
    around = np.angle(np.exp(1j * np.radians(xy[:, 0])).mean(), deg=True)
    # as far east and west of the middle as it goes, whatever side of 180° that is
    offset = (xy[:, 0] - around + 180.0) % 360.0 - 180.0
    west, east = around + offset.min(), around + offset.max()
    window = widened((west, xy[:, 1].min(), east, xy[:, 1].max()), _WINDOW_DEGREES)
    return shapely.union_all([shapely.box(*frame) for frame in frames_on_globe(window)])


# -- which CRS ------------------------------------------------------------------------------------


def _settled_crs(
    dataset: Dataset, layer: str, shapes: Shapes, rules: FileRules
) -> tuple[CRS | None, list[Problem]]:
    """The file's own CRS if its coordinates can be in it, else the plan's, else none: refused.

    After a refusal, coordinates that look like degrees are looked at as such, so that whatever
    else is wrong with the file comes in the same message.
    """
    declared = dataset.table.crs
    assumed, problems = _assumed(dataset, layer, rules)
    degrees = not _beyond_degrees(shapes).any()
    look_on = read_crs(LONLAT) if degrees else None
    doubt = Note("no CRS, .prj") if declared is None else _doubt(declared, shapes)
    plan_says = {"entry": layer, "assumed": rules.assumed_crs or ""}

    def about(level: Level, note: Note, lines: str = "") -> Problem:
        """A problem of the file as a whole."""
        return problem_of(level, layer, dataset.name, "", note, lines)

    if doubt is None:
        # metres of a table became degrees when it was read
        is_table = dataset.is_point_table
        if assumed is not None and not same_crs(declared, assumed) and not is_table:
            note = Note("CRS of the file counts", {"crs": crs_name(declared), **plan_says})
            problems.append(about("note", note))
        return read_crs(declared), problems
    if rules.assumed_crs is not None and assumed is None:
        return look_on, problems
    if assumed is not None:
        if (second := _doubt(assumed, shapes)) is None:
            note = Note("CRS from the plan", {"doubt": doubt, "crs": crs_name(assumed)})
            return assumed, [*problems, about("counted", note)]
        doubt = Note("CRS of the plan doubtful", {"doubt": second, **plan_says})
    note, lines = _crs_in_doubt(doubt, layer, shapes, rules, degrees=degrees)
    return look_on, [*problems, about("refuses", note, lines)]


def _crs_in_doubt(
    doubt: Note, layer: str, shapes: Shapes, rules: FileRules, *, degrees: bool
) -> tuple[Note, str]:
    """What is said of a file whose CRS is in doubt, and the line for the plan where one system fits."""
    # of what is no layer of a plan (sites, context) the file is named, and where the plan says one of
    # the layer already
    is_of_layer = layer in LAYERS and rules.assumed_crs is None
    key = layer if is_of_layer or not rules.plan_key else toml_key(rules.plan_key)
    systems = [LONLAT] if degrees else _systems_near(shapes, rules)
    lines = plan_lines("crs", **{key: systems[0]}) if len(systems) == 1 else ""
    if lines:
        advice = Note("CRS, look like degrees" if degrees else "CRS, look like")
    else:
        advice = Note("CRS to choose" if systems else "CRS to ask for")
    facts = {"entry": key, "names": in_short(systems, 20), "crs": systems[0] if systems else ""}
    return Note("CRS in doubt", {"doubt": doubt, "advice": replace(advice, facts=facts)}), lines


def _systems_near(shapes: Shapes, rules: FileRules) -> list[str]:
    """The usual systems in metres in which shapes would lie in the study, by their codes.

    Web maps; zones of UTM; zones of Gauss–Krüger of 1942 (SK-42) with their number before x. Of the zones
    only those count in whose own six degrees the shapes would lie.
    """
    if rules.region is None:
        return []
    xy = shapely.get_coordinates(shapes)
    corners = xy[np.isfinite(xy).all(axis=1)]
    # Two hundred tell as much as all: what is asked is where the whole lies.
    corners = corners[:: max(1, len(corners) // 200)]
    if not len(corners):
        return []
    points = np.asarray(shapely.points(corners), dtype=object)
    systems = []
    for code, middle in _USUAL_SYSTEMS.items():
        system = CRS.from_epsg(code)
        flat = transformed(points, system, rules.crs)
        if not np.isfinite(shapely.get_coordinates(flat)).all():
            continue
        x = shapely.get_x(transformed(points, system, LONLAT))
        in_zone = middle is None or (np.abs(x - middle) <= _ZONE_DEGREES).all()
        if in_zone and shapely.intersects(flat, rules.region).mean() > _NEARLY_ALL:
            systems.append(f"EPSG:{code}")
    return systems


# From the Caucasus to the Pacific: zones of UTM, and of Gauss–Krüger, which are counted from 30 on.
_ZONES: Final = range(37, 55)
_USUAL_SYSTEMS: Final[Mapping[int, int | None]] = MappingProxyType(
    {3857: None}
    | {32600 + zone: 6 * zone - 183 for zone in _ZONES}
    | {28400 + zone - 30: 6 * zone - 183 for zone in _ZONES}
)
"""By EPSG code the meridian in the middle of a zone; a web map has none."""
# Half a zone, and the overlap that map sheets have at its edge.
_ZONE_DEGREES: Final = 3.5
# A study is told by the hulls of its states: a shape may reach out of them a little.
_NEARLY_ALL: Final = 0.9


def _assumed(dataset: Dataset, layer: str, rules: FileRules) -> tuple[CRS | None, list[Problem]]:
    """The CRS that the plan gives for the file."""
    if rules.assumed_crs is None:
        return None, []
    try:
        return CRS.from_user_input(rules.assumed_crs), []
    except pyproj.exceptions.CRSError:
        note = Note("CRS of the plan unknown", {"entry": layer, "assumed": rules.assumed_crs})
        return None, [problem_of("refuses", layer, dataset.name, "", note)]


_FAR_DEGREES: Final = 5.0
"""Degrees from the region of a datum from which on it is used elsewhere than it was made for."""
_LEAST_SHIFT_M: Final = 5.0
"""A shift between datums that is told: files of the scales that come in are no finer."""
_SISTER: Final = MappingProxyType({"Krassowsky 1940": "EPSG:4284"})
"""For an ellipsoid the datum that files on it mostly mean, to say how far its shift may reach."""


def datum_note(crs: CRS, shapes: Shapes) -> Note | None:
    """What is doubtful about the datum of a file's shapes, in their CRS; ``None`` where nothing is.

    Either nobody has written down how it lies to WGS 84, and positions are taken over unmoved; or it is
    that of another part of the world, and a shift that holds there moved them here.
    """
    system = crs.geodetic_crs
    if crs.is_bound or system is None or system.datum is None or not len(shapes):
        return None
    if same_crs(system, LONLAT):
        return None
    west, south, east, north = _bounds(shapes)
    middle = np.array([shapely.Point((west + east) / 2, (south + north) / 2)])
    own = shapely.get_coordinates(transformed(middle, crs, system))[0]
    moved = shapely.get_coordinates(transformed(middle, crs, LONLAT))[0]
    if not np.isfinite([*own, *moved]).all():
        return None
    facts: dict[str, object] = {"datum": clean_name(system.datum.name)}
    metres = _metres_between(own, moved)
    area = system.area_of_use
    if metres > _LEAST_SHIFT_M:
        if area is None or _is_in(own, area.bounds):
            return None
        # its bounds: in words a region can be a page of states, in English
        ends = dict(zip(("west", "south", "east", "north"), area.bounds, strict=True))
        region = Note("part of the world", ends)
        return Note("datum of elsewhere", facts | {"region": region, "metres": round(metres)})
    ellipsoid = system.ellipsoid
    if ellipsoid is None or _is_global(ellipsoid) or _knows_a_shift(system, own):
        return None
    sister = _SISTER.get(ellipsoid.name)
    size = Note("shift of nobody knows")
    if sister:
        as_sister = shapely.get_coordinates(transformed(shapely.points([own]), sister, LONLAT))[0]
        size = Note(
            "shift of a sister",
            {"metres": round(_metres_between(own, as_sister)), "datum": read_crs(sister).name},
        )
    return Note("datum without shift", facts | {"size": size})


def _metres_between(first: Any, second: Any) -> float:
    """How far two places in longitude and latitude are apart."""
    return float(Geod(ellps="WGS84").inv(*first, *second)[2])


def _is_in(place: Any, bounds: tuple[float, float, float, float]) -> bool:
    """Whether a place is in a region, or near it; one over 180° ends west of where it begins."""
    west, south, east, north = bounds
    region = widened((west, south, east + 360.0 * (east < west), north), _FAR_DEGREES)
    boxes = [shapely.box(*frame) for frame in frames_on_globe(region)]
    return bool(shapely.intersects(shapely.union_all(boxes), shapely.Point(place)))


def _is_global(ellipsoid: Any) -> bool:
    """Whether an ellipsoid is that of WGS 84 or as good: datums on it lie within a metre or two."""
    near_size = abs(ellipsoid.semi_major_metre - 6_378_137.0) < 2
    return bool(near_size and abs(ellipsoid.inverse_flattening - 298.257) < 0.01)


def _knows_a_shift(system: CRS, place: Any) -> bool:
    """Whether PROJ knows how the datum of a system lies to WGS 84, without guessing."""
    try:
        strict = Transformer.from_crs(system, LONLAT, always_xy=True, allow_ballpark=False)
        return bool(np.isfinite(strict.transform(*place)).all())
    except pyproj.exceptions.ProjError:
        return False


def _doubt(crs: Any, shapes: Shapes) -> Note | None:
    """Why the coordinates cannot be in this CRS, or ``None``."""
    declared = CRS.from_user_input(crs)
    west, _, east, _ = _bounds(shapes)
    facts = {"crs": crs_name(declared), "span": _span(shapes)}
    beyond = _beyond_degrees(shapes)
    if declared.is_geographic and beyond.all() and max(abs(west), abs(east)) > _NO_DEGREES:
        return Note("degrees that are none", facts)
    if declared.is_projected and not beyond.any():
        return Note("degrees instead", facts)
    if not declared.is_geographic and not declared.is_projected and not declared.is_bound:
        return Note("CRS without place", facts)
    return None


def _beyond_degrees(shapes: Shapes, turns: int = 1) -> Mask:
    """Which shapes have coordinates that no longitude or latitude has, on maps of so many half turns."""
    west, south, east, north = shapely.bounds(shapes).T
    wide = np.maximum(np.abs(west), np.abs(east)) > turns * _DEGREES_X
    return np.asarray(wide | (np.maximum(np.abs(south), np.abs(north)) > _DEGREES_Y), dtype=bool)


def _bounds(shapes: Shapes) -> tuple[float, float, float, float]:
    """West, south, east and north of all shapes together."""
    box = shapely.total_bounds(shapes)
    return float(box[0]), float(box[1]), float(box[2]), float(box[3])


def _far_away(
    dataset: Dataset, layer: str, shapes: Shapes, flat: Shapes, crs: CRS, rules: FileRules
) -> list[Problem]:
    """Refuse a file that lies wholly elsewhere: its CRS is wrong, or its axes are swapped."""
    if rules.region is None or not len(flat):
        return []

    def is_near(some: Shapes) -> bool:
        boxes = shapely.box(*shapely.bounds(some).T)
        return bool(shapely.dwithin(rules.region, boxes, _NEARBY_M).any())

    if is_near(flat):
        return []
    advice = "look at the CRS"
    is_turned = False
    if crs.is_geographic:
        turned = shapely.transform(shapes, lambda xy: xy[:, ::-1])
        if not _beyond_degrees(turned).any():
            boxes = np.asarray(shapely.box(*shapely.bounds(turned).T), dtype=object)
            is_turned = is_near(projected(boxes, crs, rules.crs))
            if is_turned:
                advice = "axes swapped"
    level: Level = "refuses"
    if layer == "ranges" and crs.is_geographic and not is_turned:
        # of the species of a whole region some have no range in the states of a study
        level, advice = "note", "right place"
    facts = {"crs": crs_name(crs), "span": _span(shapes), "advice": Note(advice)}
    return [problem_of(level, layer, dataset.name, "", Note("file far away", facts))]


def _span(shapes: Shapes) -> Note:
    """From where to where shapes reach, in their own coordinates."""
    ends = zip(("west", "south", "east", "north"), _bounds(shapes), strict=True)
    return Note("span", {name: float(value) for name, value in ends})


_TURNED_IN: Final = 0.9
_AS_WRITTEN_IN: Final = 0.75
"""Share of shapes in range states, turned round and as written, from which and up to which a layer
is asked about: of layers of this field nearly all lie inside, and hardly any would if turned."""


def turned_note(
    layer: str, table: gpd.GeoDataFrame, countries: gpd.GeoDataFrame
) -> tuple[Problem, ...]:
    """Ask about a layer that lies in the range states better with longitude and latitude swapped.

    Either order may give a place in the region (47° E 68° N, 68° E 47° N), so no file is refused for
    it. Both tables in one equal-area system; the middle of a shape's box stands for it.
    """
    shapes = np.asarray(table.geometry.array, dtype=object)
    if not len(shapes):
        return ()
    states = countries.loc[countries["range_state"], "geometry"].to_numpy()

    def inside(points: Shapes) -> int:
        return len(np.unique(shapely.STRtree(states).query(points, predicate="within")[0]))

    middles = np.asarray(shapely.centroid(shapely.box(*shapely.bounds(shapes).T)), dtype=object)
    lonlat = transformed(middles, table.crs, LONLAT)
    turned = shapely.transform(lonlat, lambda xy: xy[:, ::-1])
    if _beyond_degrees(turned).any():
        return ()
    now, then = inside(middles), inside(projected(turned, LONLAT, table.crs))
    if then < _TURNED_IN * len(shapes) or now > _AS_WRITTEN_IN * len(shapes):
        return ()
    note = Note("better turned", {"of": len(shapes), "now": now, "then": then})
    return (problem_of("counted", layer, "", "", note),)


def _repaired(
    flat: Shapes, keep: Mask, rules: FileRules, say: Say
) -> tuple[Mask, list[Problem], int]:
    """Mend the invalid among the rows kept, in place; which rows stay, and how many were mended."""
    areal = keep & (np.array(kinds(flat), dtype=object) == "polygon")
    at = np.flatnonzero(areal)
    flat[areal], repairs = repaired(flat[areal])
    hopeless = [repair for repair in repairs if repair.is_hopeless]
    repairs = [repair for repair in repairs if not repair.is_hopeless]

    def rows(some: Iterable[Repair]) -> Mask:
        mask = np.zeros(len(flat), dtype=bool)
        mask[at[[repair.row for repair in some]]] = True
        return mask

    refused = [repair for repair in repairs if repair.share > rules.max_area_change]
    collapsed = [repair for repair in refused if repair.after_km2 <= 0]
    contested = [repair for repair in refused if repair.after_km2 > 0]
    accepted = [repair for repair in repairs if repair.share <= rules.max_area_change]
    problems = say("refuses", rows(collapsed), Note("shape without ground"))
    problems += say("refuses", rows(hopeless), Note("shape hopeless"))
    if contested:
        worst = max(contested, key=lambda repair: repair.share)
        facts = {"share": 100.0 * worst.share, "most": 100.0 * rules.max_area_change}
        facts |= {"before": worst.before_km2, "after": worst.after_km2}
        problems += say("refuses", rows(contested), Note("shape contested", facts))
    if accepted:
        facts = {
            "before": sum(repair.before_km2 for repair in accepted),
            "after": sum(repair.after_km2 for repair in accepted),
            "share": 100.0 * max(repair.share for repair in accepted),
        }
        problems += say("counted", rows(accepted), Note("shape repaired", facts))
    return ~rows([*refused, *hopeless]), problems, len(accepted)


def refusal(problems: Iterable[Problem], work: Note) -> InputError:
    """One error with every refusing problem in it; where no row is left, with what was left out before."""
    noticed = list(problems)
    refusing = [problem for problem in noticed if problem.level == "refuses"]
    bare_layers = {problem.layer for problem in refusing if problem.as_note().key in _NOTHING_LEFT}
    left_out = [
        problem
        for problem in noticed
        if problem.level == "counted" and problem.layer in bare_layers
    ]
    entries = ["", *left_out, *refusing]
    return InputError.of("problems stop", n=len(refusing), work=work, entries=entries)


_NOTHING_LEFT: Final = frozenset(
    {"no row left", "no bundled row left", "no range left", "file not used"}
)
"""Problems whose advice is to look at what was left out above."""
