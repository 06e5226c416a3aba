"""From a file as it stands to rows that can be measured: CRS settled, shapes checked, repaired.

Each step counts and names what it did; what cannot be trusted is refused with its cure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import pyproj.exceptions
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from cami_units.layers._equal_area import Repair, Shapes, kinds, only, projected, repaired
from cami_units.layers._gis_files import Dataset, Kind
from cami_units.model import LONLAT, InputError, Problem, crs_name, listed, same_crs

Mask = NDArray[np.bool_]
Level = Literal["refuses", "counted", "note"]

_DEGREES_X: Final = 180.0 + 1e-6
_DEGREES_Y: Final = 90.0 + 1e-6
_NEARBY_M: Final = 500_000.0


@dataclass(frozen=True, slots=True)
class Rules:
    """How strictly shapes are looked at, and where they are expected to lie."""

    crs: str
    assumed_crs: str | None = None
    max_area_change: float = 0.01
    region: Any = None
    """The range states in `crs`; ``None``: anywhere will do."""


@dataclass(slots=True)
class Cleaned:
    """The rows of one dataset that are left, what was said on the way, and how many were mended."""

    table: gpd.GeoDataFrame
    problems: list[Problem] = field(default_factory=list)
    repaired: int = 0


Say = Callable[..., None]
"""Called as ``say(level, rows, what, cure)``, with a mask over the rows of the dataset."""


def cleaned(dataset: Dataset, layer: str, kind: Kind, title: str, rules: Rules) -> Cleaned:
    """Rows of a dataset as valid shapes of one kind in the equal-area CRS.

    Parameters
    ----------
    dataset
        With columns in our words already.
    layer
        The name of the layer, for the messages.
    kind
        What geometry belongs here; rows of another kind are left out and named, and of mixtures
        the fitting parts are kept. "any" keeps polygons and points (protected areas),
        "every" lines too (context layers).
    title
        The column that names a row in messages.
    rules
        CRS to go to, CRS to assume, the largest share of a shape that a repair may contest.
    """
    table, problems = dataset.table, []
    if not len(table):
        return Cleaned(table.set_crs(rules.crs, allow_override=True))

    def say(level: Level, rows: Any, what: str, cure: str = "") -> None:
        where = _rows(dataset, title, rows)
        number = int(np.sum(rows))
        begin = f"{number} of {dataset.rows} rows {'has' if number == 1 else 'have'} "
        problems.append(Problem(level, layer, dataset.name, where, begin + what, cure))

    shapes = np.asarray(table.geometry.to_numpy(), dtype=object).copy()
    keep = _drawn(shapes, say)
    keep &= _of_kind(shapes, keep, kind, say)
    left_open = keep & np.isin(table.index, dataset.unclosed)
    if left_open.any():
        say("counted", left_open, "rings that were not closed: closed")
    if not keep.any():
        return Cleaned(table.iloc[:0].set_crs(rules.crs, allow_override=True), problems)
    crs = _settled_crs(dataset, layer, shapes[keep], rules, problems)
    if crs is None:
        broken = keep.copy()
        broken[keep] = ~shapely.is_valid(shapes[keep])
        if broken.any():
            say("counted", broken, "an invalid shape, to be repaired once the CRS is known")
    else:
        keep &= _on_earth(shapes, keep, crs, say)
    if crs is None or not keep.any():
        return Cleaned(table.iloc[:0].set_crs(rules.crs, allow_override=True), problems)
    moved = shapes.copy()
    moved[keep] = projected(shapes[keep], crs, rules.crs)
    lost = keep & ~_finite(moved)
    if lost.any():
        cure = "The CRS of the file is probably wrong: correct it in a GIS."
        say("refuses", lost, f"coordinates that cannot be projected from {crs_name(crs)}", cure)
    keep &= ~lost
    _far_away(layer, dataset, shapes[keep], crs, moved[keep], rules, problems)
    number = 0
    if kind in ("polygon", "any", "every"):
        stay, number = _repaired(moved, keep, rules, say)
        keep &= stay
    geometry = gpd.GeoSeries(moved[keep], index=table.index[keep], crs=rules.crs)
    return Cleaned(table[keep].set_geometry(geometry), problems, number)


def _rows(dataset: Dataset, title: str, rows: Any) -> str:
    """The first few of some rows by name and number."""
    some = dataset.table[np.asarray(rows, dtype=bool)]
    names = some[title] if title in some else some.index.map(lambda _: "")
    return listed(
        f"{name} (row {row})" if isinstance(name, str) and name else f"row {row}"
        for row, name in zip(some.index, names, strict=True)
    )


def _drawn(shapes: Shapes, say: Say) -> Mask:
    """Which rows have a geometry, with coordinates that are numbers."""
    bare = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if bare.any():
        cure = "Draw the missing shapes in a GIS, or delete these rows."
        say("refuses", bare, "no geometry", cure)
    strange = ~bare & ~_finite(shapes)
    if strange.any():
        cure = "Delete or redraw these shapes in a GIS."
        say("refuses", strange, "coordinates that are no numbers", cure)
    return np.asarray(~bare & ~strange, dtype=bool)


def _finite(shapes: Shapes) -> Mask:
    """Which shapes have coordinates that are numbers, every one of them."""
    xy, row = shapely.get_coordinates(shapes, return_index=True)
    good = np.ones(len(shapes), dtype=bool)
    good[row[~np.isfinite(xy).all(axis=1)]] = False
    return good


_GOOD: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"any": ("polygon", "point"), "every": ("polygon", "line", "point")}
)


def _of_kind(shapes: Shapes, keep: Mask, kind: Kind, say: Say) -> Mask:
    """Which rows are of the kind that belongs here; fitting parts of mixtures are put in place."""
    good = _GOOD.get(kind, (kind,))
    found = np.array(kinds(shapes), dtype=object)
    mixed = keep & (found == "mixed")
    for row in np.flatnonzero(mixed):
        parts = [only(shapes[row], one) for one in good]
        shapes[row] = next((part for part in parts if not part.is_empty), parts[0])
    salvaged = mixed & ~shapely.is_empty(shapes)
    if salvaged.any():
        say("counted", salvaged, f"mixed geometry: what is {good[0]} is kept")
    other = keep & ~np.isin(found, good) & ~salvaged
    if other.any():
        came = listed(sorted({str(one) for one in found[other]}))
        say("counted", other, f"{came} geometry where a {good[0]} is expected: left out")
    return np.asarray(~other, dtype=bool)


def _on_earth(shapes: Shapes, keep: Mask, crs: CRS, say: Say) -> Mask:
    """Which rows have longitudes and latitudes that exist."""
    outside = np.zeros(len(shapes), dtype=bool)
    if crs.is_geographic:
        outside[keep] = _beyond_degrees(shapes[keep])
    if outside.any():
        west, south, east, north = _bounds(shapes[outside])
        span = f"x {west:.0f} to {east:.0f}, y {south:.0f} to {north:.0f}"
        cure = "Redraw these shapes, or cut them at the 180° meridian in a GIS."
        say("refuses", outside, f"coordinates beyond ±180/±90 degrees ({span})", cure)
    return ~outside


# -- which CRS ------------------------------------------------------------------------------------


def _settled_crs(
    dataset: Dataset, layer: str, shapes: Shapes, rules: Rules, problems: list[Problem]
) -> CRS | None:
    """The file's own CRS if its coordinates can be in it, else the plan's, else none: refused.

    After a refusal, coordinates that look like degrees are looked at as such, so that whatever
    else is wrong with the file comes in the same message.
    """
    declared = dataset.table.crs
    assumed = _assumed(dataset, layer, rules, problems)
    degrees = not _beyond_degrees(shapes).any()
    look_on = CRS.from_user_input(LONLAT) if degrees else None
    doubt = "has no CRS (a missing .prj?)" if declared is None else _doubt(declared, shapes)

    def note(level: Level, what: str, cure: str = "") -> None:
        problems.append(Problem(level, layer, dataset.name, "", f"the file {what}", cure))

    if doubt is None:
        if assumed is not None and not same_crs(declared, assumed):
            note(
                "note",
                f"says its CRS is {crs_name(declared)}, and that is used; [crs] {layer} = "
                f"'{rules.assumed_crs}' of the plan is for files without one",
            )
        return CRS.from_user_input(declared)
    if rules.assumed_crs is not None and assumed is None:
        return look_on
    if assumed is not None:
        second = _doubt(assumed, shapes)
        if second is None:
            note("counted", f"{doubt}: taken as {crs_name(assumed)}, as the plan says")
            return assumed
        doubt = f"with [crs] {layer} = '{rules.assumed_crs}' of the plan {second}"
    if degrees:
        guess, why = LONLAT, "its coordinates look like longitude and latitude"
    else:
        guess, why = "EPSG:…", "its coordinates are no degrees: ask who made it for the EPSG code"
    note("refuses", doubt, f'Add to the plan ({why}):\n[crs]\n{layer} = "{guess}"')
    return look_on


def _assumed(dataset: Dataset, layer: str, rules: Rules, problems: list[Problem]) -> CRS | None:
    if rules.assumed_crs is None:
        return None
    try:
        return CRS.from_user_input(rules.assumed_crs)
    except pyproj.exceptions.CRSError:
        what = f"[crs] {layer} = '{rules.assumed_crs}' of the plan is no known CRS"
        cure = 'Write an EPSG code, such as "EPSG:4326" for longitude and latitude.'
        problems.append(Problem("refuses", layer, dataset.name, "", what, cure))
        return None


def _doubt(crs: Any, shapes: Shapes) -> str | None:
    """Why the coordinates cannot be in this CRS, or ``None``."""
    known = CRS.from_user_input(crs)
    west, south, east, north = _bounds(shapes)
    span = f"x {west:.6g} to {east:.6g}, y {south:.6g} to {north:.6g}"
    beyond = _beyond_degrees(shapes)
    if known.is_geographic and beyond.all() and max(abs(west), abs(east)) > 720:
        return f"says its coordinates are degrees ({crs_name(known)}), but they are not: {span}"
    if known.is_projected and not beyond.any():
        return f"says it is in {crs_name(known)}, but its coordinates look like degrees: {span}"
    if not known.is_geographic and not known.is_projected and not known.is_bound:
        return f"says its CRS is '{crs_name(known)}', which has no place on Earth"
    return None


def _beyond_degrees(shapes: Shapes) -> Mask:
    west, south, east, north = shapely.bounds(shapes).T
    wide = np.maximum(np.abs(west), np.abs(east)) > _DEGREES_X
    return np.asarray(wide | (np.maximum(np.abs(south), np.abs(north)) > _DEGREES_Y), dtype=bool)


def _bounds(shapes: Shapes) -> tuple[float, float, float, float]:
    box = shapely.total_bounds(shapes)
    return float(box[0]), float(box[1]), float(box[2]), float(box[3])


def _far_away(
    layer: str,
    dataset: Dataset,
    drawn: Shapes,
    crs: CRS,
    moved: Shapes,
    rules: Rules,
    problems: list[Problem],
) -> None:
    """Refuse a file that lies wholly elsewhere: its CRS is wrong, or its axes are swapped."""
    if rules.region is None or not len(moved):
        return

    def near(shapes: Shapes) -> bool:
        boxes = shapely.box(*shapely.bounds(shapes).T)
        return bool(shapely.dwithin(rules.region, boxes, _NEARBY_M).any())

    if near(moved):
        return
    cure = "Look at the file in a GIS; its CRS is probably not the one it says."
    if crs.is_geographic:
        turned = shapely.transform(drawn, lambda xy: xy[:, ::-1])
        if not _beyond_degrees(turned).any():
            boxes = np.asarray(shapely.box(*shapely.bounds(turned).T), dtype=object)
            if near(projected(boxes, crs, rules.crs)):
                cure = "Longitude and latitude are swapped: x must be longitude. Swap them."
    span = "x {:.6g} to {:.6g}, y {:.6g} to {:.6g}".format(*np.array(_bounds(drawn))[[0, 2, 1, 3]])
    what = f"everything in it lies far from the range states ({crs_name(crs)}, {span})"
    problems.append(Problem("refuses", layer, dataset.name, "", what, cure))


# -- repair ---------------------------------------------------------------------------------------


def _repaired(moved: Shapes, keep: Mask, rules: Rules, say: Say) -> tuple[Mask, int]:
    """Mend the invalid among the rows kept, in place; which rows stay, and how many were mended."""
    areal = keep & (np.array(kinds(moved), dtype=object) == "polygon")
    at = np.flatnonzero(areal)
    moved[areal], repairs = repaired(moved[areal])

    def rows(some: list[Repair]) -> Mask:
        mask = np.zeros(len(moved), dtype=bool)
        mask[at[[one.row for one in some]]] = True
        return mask

    refused = [one for one in repairs if one.share > rules.max_area_change]
    gone = [one for one in refused if one.after_km2 <= 0]
    contested = [one for one in refused if one.after_km2 > 0]
    mended = [one for one in repairs if one.share <= rules.max_area_change]
    if gone:
        cure = "Draw them anew in a GIS, or delete these rows."
        say("refuses", rows(gone), "a shape that encloses no ground", cure)
    if contested:
        worst = max(contested, key=lambda one: one.share)
        say(
            "refuses",
            rows(contested),
            f"an invalid shape whose area is not certain: up to {100 * worst.share:.1f} % of one "
            f"is contested ({worst.before_km2:,.1f} km² read one way, {worst.after_km2:,.1f} km² "
            f"the other), and {100 * rules.max_area_change:g} % is allowed",
            "Mend these shapes in a GIS.",
        )
    if mended:
        before, after = (sum(getattr(one, name) for one in mended) for name in _AREAS)
        say(
            "counted",
            rows(mended),
            f"an invalid shape (a ring crosses or touches itself): repaired, {before:,.1f} km² "
            f"before, {after:,.1f} km² after, at most "
            f"{100 * max(one.share for one in mended):.2g} % of one contested",
        )
    return ~rows(refused), len(mended)


_AREAS: Final = ("before_km2", "after_km2")


def refusal(problems: list[Problem], what: str) -> InputError:
    """One error with every refusing problem in it."""
    refusing = [problem for problem in problems if problem.level == "refuses"]
    lines = "\n".join(f"- {problem.sentence()}" for problem in refusing)
    number = "1 problem stops" if len(refusing) == 1 else f"{len(refusing)} problems stop"
    return InputError(f"{number} {what}:\n{lines}")
