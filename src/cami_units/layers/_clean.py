"""From a file as it stands to rows that can be measured: CRS settled, shapes checked, repaired.

Each step counts and names what it did; what cannot be trusted is refused with its cure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pyproj.exceptions
import shapely
from pyproj import CRS

from cami_units.layers._files import Dataset, Kind
from cami_units.layers._geometry import Repair, Shapes, kinds, only, projected, repaired
from cami_units.model import LONLAT, InputError, Problem, crs_name, listed

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

    @property
    def refused(self) -> bool:
        """Whether anything stands in the way of using these rows."""
        return any(problem.level == "refuses" for problem in self.problems)


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
        the fitting parts are kept. "any" keeps polygons and points (protected areas).
    title
        The column that names a row in messages.
    rules
        CRS to go to, CRS to assume, the largest share of a shape that a repair may contest.
    """
    table, problems = dataset.table, []
    if not len(table):
        return Cleaned(table.set_crs(rules.crs, allow_override=True))

    def say(level: Any, rows: Any, what: str, cure: str = "") -> None:
        problems.append(
            Problem(level, layer, dataset.name, _rows(dataset, title, rows), what, cure)
        )

    shapes = np.asarray(table.geometry.to_numpy(), dtype=object)
    keep = np.ones(len(table), dtype=bool)

    bare = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if bare.any():
        say(
            "refuses",
            bare,
            f"{_count(bare, len(table))} no geometry",
            "Draw the missing shapes in a GIS, or delete these rows.",
        )
    keep &= ~bare
    # NaN or infinite corners make bounds NaN or infinite
    lost = keep & ~np.isfinite(shapely.bounds(shapes)).all(axis=1)
    if lost.any():
        say(
            "refuses",
            lost,
            f"{_count(lost, len(table))} coordinates that are no numbers",
            "Delete or redraw these shapes in a GIS.",
        )
    keep &= ~lost
    keep &= _of_kind(shapes, keep, kind, say)
    if len(dataset.unclosed):
        rows = np.isin(table.index, dataset.unclosed) & keep
        if rows.any():
            say("counted", rows, f"{_count(rows, len(table))} rings that were not closed: closed")

    crs = _settled_crs(dataset, layer, shapes[keep], rules, problems)
    if crs is None or not keep.any():
        return Cleaned(table.iloc[:0].set_crs(rules.crs, allow_override=True), problems)
    outside = np.zeros(len(table), dtype=bool)
    if CRS.from_user_input(crs).is_geographic:
        outside[keep] = _beyond_degrees(shapes[keep])
    if outside.any():
        west, south, east, north = _bounds(shapes[outside])
        say(
            "refuses",
            outside,
            f"{_count(outside, len(table))} coordinates beyond ±180/±90 degrees "
            f"(x {west:.0f} to {east:.0f}, y {south:.0f} to {north:.0f})",
            "Redraw these shapes, or cut them at the 180° meridian in a GIS.",
        )
    keep &= ~outside
    kept = table[keep]
    moved = projected(shapes[keep], crs, rules.crs)
    infinite = ~np.isfinite(shapely.bounds(moved)).all(axis=1)
    if infinite.any():
        rows = np.zeros(len(table), dtype=bool)
        rows[np.flatnonzero(keep)[infinite]] = True
        say(
            "refuses",
            rows,
            f"{_count(rows, len(table))} coordinates that cannot be projected from {crs_name(crs)}",
            "The CRS of the file is probably wrong: correct it in a GIS.",
        )
        kept, moved = kept[~infinite], moved[~infinite]
    _far_away(layer, dataset, shapes[keep], crs, moved, rules, problems)
    number = 0
    if kind in ("polygon", "any"):
        moved, stay, number = _repaired(kept, moved, table.index, rules, say)
        kept, moved = kept[stay], moved[stay]
    result = kept.set_geometry(gpd.GeoSeries(moved, index=kept.index, crs=rules.crs))
    return Cleaned(result, problems, number)


def _count(rows: Any, total: int) -> str:
    number = int(np.sum(rows))
    return f"{number} of {total} rows {'has' if number == 1 else 'have'}"


def _rows(dataset: Dataset, title: str, rows: Any) -> str:
    """The first few of some rows by name and number."""
    some = dataset.table[np.asarray(rows, dtype=bool)]
    names = some[title] if title in some else some.index.map(lambda _: "")
    return listed(
        f"{name} (row {row})" if isinstance(name, str) and name else f"row {row}"
        for row, name in zip(some.index, names, strict=True)
    )


def _of_kind(shapes: Shapes, keep: Any, kind: Kind, say: Any) -> Any:
    """Which rows are of the kind that belongs here; fitting parts of mixtures are put in place."""
    good = ("polygon", "point") if kind == "any" else (kind,)
    found = np.array(kinds(shapes), dtype=object)
    mixed = keep & (found == "mixed")
    for row in np.flatnonzero(mixed):
        parts = [only(shapes[row], one) for one in good]
        shapes[row] = next((part for part in parts if not part.is_empty), parts[0])
    salvaged = mixed & ~shapely.is_empty(shapes)
    if salvaged.any():
        say("counted", salvaged, f"{_count(salvaged, len(shapes))} mixed geometry: {good[0]}s kept")
    other = keep & ~np.isin(found, good) & ~salvaged
    if other.any():
        came = listed(sorted({str(one) for one in found[other]}))
        say(
            "counted",
            other,
            f"{_count(other, len(shapes))} {came} geometry where a {good[0]} is expected: left out",
        )
    return ~other


# -- which CRS ------------------------------------------------------------------------------------


def _settled_crs(
    dataset: Dataset, layer: str, shapes: Shapes, rules: Rules, problems: list[Problem]
) -> CRS | None:
    """The file's own CRS if its coordinates can be in it, else the plan's, else none: refused."""
    declared = dataset.table.crs
    assumed = _assumed(dataset, layer, rules, problems)
    if not len(shapes) or (assumed is None and rules.assumed_crs is not None):
        return None if declared is None else CRS.from_user_input(declared)
    doubt = _doubt(declared, shapes) if declared is not None else None
    if declared is not None and doubt is None:
        if assumed is not None and not _alike(declared, assumed):
            what = (
                f"the file says its CRS is {crs_name(declared)}, and that is used; "
                f"[crs] {layer} = '{rules.assumed_crs}' of the plan is only for files without one"
            )
            problems.append(Problem("note", layer, dataset.name, "", what))
        return CRS.from_user_input(declared)
    if assumed is not None:
        second = _doubt(assumed, shapes)
        if second is None:
            why = "has no CRS" if declared is None else doubt
            what = f"the file {why}: taken as {crs_name(assumed)}, as the plan says"
            problems.append(Problem("counted", layer, dataset.name, "", what))
            return assumed
        what = f"with [crs] {layer} = '{rules.assumed_crs}' of the plan, the file {second}"
        problems.append(
            Problem("refuses", layer, dataset.name, "", what, _crs_cure(layer, shapes, dataset))
        )
        return None
    what = doubt or "has no CRS (a missing .prj?), so nobody knows where it lies"
    problems.append(
        Problem(
            "refuses",
            layer,
            dataset.name,
            "",
            f"the file {what}" if doubt else f"it {what}",
            _crs_cure(layer, shapes, dataset),
        )
    )
    return None


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


def _alike(one: Any, other: Any) -> bool:
    first, second = CRS.from_user_input(one), CRS.from_user_input(other)
    return bool(first.equals(second, ignore_axis_order=True))


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


def _crs_cure(layer: str, shapes: Shapes, dataset: Dataset) -> str:
    if not _beyond_degrees(shapes).any():
        guess, why = LONLAT, "its coordinates look like longitude and latitude"
    else:
        guess, why = "EPSG:…", "its coordinates are not degrees: ask who made it for the EPSG code"
    return f'Add to the plan ({why}):\n[crs]\n{layer} = "{guess}"'


def _beyond_degrees(shapes: Shapes) -> Any:
    west, south, east, north = shapely.bounds(shapes).T
    return (np.maximum(np.abs(west), np.abs(east)) > _DEGREES_X) | (
        np.maximum(np.abs(south), np.abs(north)) > _DEGREES_Y
    )


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
    west, south, east, north = shapely.bounds(rules.region)
    near = shapely.box(west - _NEARBY_M, south - _NEARBY_M, east + _NEARBY_M, north + _NEARBY_M)
    boxes = shapely.box(*shapely.bounds(moved).T)
    if shapely.intersects(near, boxes).any():
        return
    cure = "Look at the file in a GIS; its CRS is probably not the one it says."
    if crs.is_geographic:
        turned = shapely.transform(drawn, lambda xy: xy[:, ::-1])
        if not _beyond_degrees(turned).any():
            there = projected(np.asarray(shapely.box(*shapely.bounds(turned).T)), crs, rules.crs)
            if shapely.intersects(near, there).any():
                cure = (
                    "Longitude and latitude are swapped: x must be longitude. Swap them in a GIS."
                )
    span = "x {:.6g} to {:.6g}, y {:.6g} to {:.6g}".format(*np.array(_bounds(drawn))[[0, 2, 1, 3]])
    what = f"everything in it lies far from the range states ({crs_name(crs)}, {span})"
    problems.append(Problem("refuses", layer, dataset.name, "", what, cure))


# -- repair ---------------------------------------------------------------------------------------


def _repaired(
    table: gpd.GeoDataFrame, shapes: Shapes, everywhere: Any, rules: Rules, say: Any
) -> tuple[Shapes, Any, int]:
    """Valid shapes, which rows stay, and how many were mended; refuses what moved too much.

    `everywhere` is the index of the whole dataset, of which `table` holds the rows left so far.
    """
    areal = np.array(kinds(shapes), dtype=object) == "polygon"
    result = shapes.copy()
    result[areal], repairs = repaired(shapes[areal])
    at = np.flatnonzero(areal)
    stay = np.ones(len(table), dtype=bool)
    too_much = [one for one in repairs if one.share > rules.max_area_change]
    gone = [one for one in too_much if one.after_km2 <= 0]
    mended = [one for one in repairs if one.share <= rules.max_area_change]

    def rows(some: list[Repair]) -> Any:
        return everywhere.isin(table.index[at[[one.row for one in some]]])

    if gone:
        say(
            "refuses",
            rows(gone),
            f"{len(gone)} shapes enclose no ground",
            "Draw them anew in a GIS, or delete these rows.",
        )
    moved = [one for one in too_much if one.after_km2 > 0]
    if moved:
        worst = max(moved, key=lambda one: one.share)
        say(
            "refuses",
            rows(moved),
            f"{len(moved)} shapes cross themselves so that their area is not certain: up to "
            f"{100 * worst.share:.1f} % is contested ({worst.before_km2:,.1f} km² read one way, "
            f"{worst.after_km2:,.1f} km² the other), and {100 * rules.max_area_change:g} % is "
            "allowed",
            "Mend these shapes in a GIS.",
        )
    if mended:
        before = sum(one.before_km2 for one in mended)
        after = sum(one.after_km2 for one in mended)
        contested = max(100 * one.share for one in mended)
        say(
            "counted",
            rows(mended),
            f"{len(mended)} of {len(table)} shapes were invalid and are repaired: "
            f"{before:,.1f} km² before, {after:,.1f} km² after, at most {contested:.2g} % of one "
            "contested",
        )
    for one in too_much:
        stay[at[one.row]] = False
    return result, stay, len(mended)


def refusal(problems: list[Problem], what: str) -> InputError:
    """One error with every refusing problem in it."""
    refusing = [problem for problem in problems if problem.level == "refuses"]
    lines = "\n".join(f"- {problem.sentence()}" for problem in refusing)
    number = "1 problem stops" if len(refusing) == 1 else f"{len(refusing)} problems stop"
    return InputError(f"{number} {what}:\n{lines}")
