"""Ten working groups hand in their files: edited packs with hundreds of new polygons, from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units import store
from cami_units.kml import rehearsal as draw
from cami_units.model import EQUAL_AREA, LONLAT, data_dir

KM2 = (2_000.0, 100_000.0)
VERTICES = (20, 120)
OWN_SECTION = 0.75
"""Part of the new polygons that a group draws in its own section; the rest lies anywhere."""
COPIED = 0.04
"""Part of the new polygons that trace one of the group before, a few km off."""


def sections_of_ten(path: Path) -> None:
    """The bundled sections, the larger ones cut in two along a meridian: ten, of whole states or not."""
    bundled = gpd.read_file(data_dir() / "sections" / "sections.geojson").sort_values("section_id")
    areas = bundled.to_crs(EQUAL_AREA).area
    halved = set(areas.nlargest(4).index)
    rows = []
    for row, shape in zip(bundled.to_dict("records"), bundled.geometry, strict=True):
        whole = [(row["section_id"], shape)]
        if areas.index[len({one["section_id"][:2] for one in rows})] in halved:
            west, south, east, north = shape.bounds
            middle = shape.centroid.x
            whole = [
                (row["section_id"] + letter, shape & shapely.box(left, south, right, north))
                for letter, left, right in (("w", west, middle), ("e", middle, east))
            ]
        rows += [{**row, "section_id": name, "geometry": part} for name, part in whole]
    gpd.GeoDataFrame(pd.DataFrame(rows), geometry="geometry", crs=LONLAT).to_file(path)


def group_files(
    round_dir: Path, pack: Path, out: Path, *, polygons: int = 300, seed: int = 1
) -> list[Path]:
    """One file for each group of a pack: its units, some of them edited, and new polygons.

    Parameters
    ----------
    round_dir, pack : Path
        A round and the packs made of it.
    out : Path
        Where the files go.
    polygons : int
        How many polygons each file holds, units and new ones together.
    seed : int
        Same seed, same files.
    """
    random = np.random.default_rng(seed)
    done = store.read_round(round_dir)
    sections = gpd.GeoDataFrame(done.tables["sections"]).to_crs(EQUAL_AREA)
    region = sections.union_all()
    out.mkdir(parents=True, exist_ok=True)
    before: list[shapely.Polygon] = []
    files = []
    for section, ground in zip(sections["section_id"], sections.geometry, strict=True):
        content = (pack / section / f"edit_{section}.kmz").read_bytes()
        units = draw.unit_ids(content)
        new = polygons - len(units)
        traced = [before[at] for at in random.permutation(len(before))[: int(COPIED * polygons)]]
        own = [_one(random, ground) for _ in range(int(OWN_SECTION * new))]
        far = [_one(random, region) for _ in range(new - len(own) - len(traced))]
        shapes = [*own, *far, *(_traced(random, shape) for shape in traced)]
        edits = [*_edits(random, units), *_drawn(shapes), draw.resaved]
        path = out / f"edit_{section}.kmz"
        path.write_bytes(draw.packed(doc__kml=draw.edited(content, *edits)))
        files.append(path)
        before = own
    return files


def _edits(random: np.random.Generator, units: Sequence[str]) -> list[draw.Edit]:
    """Half of the units reshaped, some renamed, rejected, remarked on; the rest as handed out."""
    edits = []
    for unit in units:
        kind = random.integers(8)
        if kind < 4:
            edits.append(draw.grown(unit, random.uniform(0.8, 1.25)))
        elif kind == 4:
            edits.append(draw.renamed(unit, f"{unit} Renamed by its group"))
        elif kind == 5:
            edits.append(draw.commented(unit, "Please look at the northern edge."))
        elif kind == 6:
            edits.append(draw.rejected(unit, "No evidence of crossings"))
    return edits


def _drawn(shapes: Sequence[shapely.Polygon]) -> list[draw.Edit]:
    outlines = gpd.GeoSeries(shapes, crs=EQUAL_AREA).to_crs(LONLAT)
    names = ("Untitled Polygon", "Corridor {}", "Seasonal pasture {}", "Полигон {}")
    return [
        draw.drawn(names[number % 4].format(number), shape) for number, shape in enumerate(outlines)
    ]


def _one(random: np.random.Generator, ground: shapely.Geometry) -> shapely.Polygon:
    """A wavy star somewhere in the ground: its area even in logarithms, its edge as drawn by hand."""
    km2 = np.exp(random.uniform(*np.log(KM2)))
    vertices = int(random.integers(VERTICES[0], VERTICES[1] + 1))
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    waves = sum(
        random.uniform(0, 0.35 / wave) * np.cos(wave * angle + random.uniform(0, 2 * np.pi))
        for wave in range(1, 7)
    )
    stretch = random.uniform(1, 2.5)
    reach = np.maximum(1 + waves, 0.25)
    star = np.column_stack([np.cos(angle) * reach * stretch, np.sin(angle) * reach])
    turn = random.uniform(0, np.pi)
    star = star @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    star *= 1000 * np.sqrt(km2 / shapely.Polygon(star).area)
    return shapely.Polygon(star + _point(random, ground))


def _point(random: np.random.Generator, ground: shapely.Geometry) -> np.ndarray:
    west, south, east, north = ground.bounds
    while True:
        point = random.uniform((west, south), (east, north))
        if ground.contains(shapely.Point(point)):
            return point


def _traced(random: np.random.Generator, shape: shapely.Polygon) -> shapely.Polygon:
    """The same place as another group drew it: every point a few km off."""
    points = shapely.get_coordinates(shape)[:-1]
    off = 0.02 * np.sqrt(shape.area)
    moved = shapely.Polygon(points + random.normal(0, off, points.shape))
    return moved if moved.is_valid else shape.convex_hull
