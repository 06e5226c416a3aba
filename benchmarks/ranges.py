"""Synthetic species ranges with fractal coasts, holes and islands, from a seed.

Every ring is a star around its centre (radius = fractal noise of the angle), so it is valid by
construction at any number of vertices; holes and islands have room of their own.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from cami_units.model import EQUAL_AREA


def ranges(*, n: int = 18, vertices: int = 50_000, seed: int = 1) -> gpd.GeoDataFrame:
    """`n` ranges of about `vertices` vertices each, as a table of features.

    Centres lie within 2,200 km × 1,400 km of the origin of the equal-area CRS, radii between 250
    and 1,400 km. Three fifths of the vertices are in the coast, the rest in holes and islands.
    """
    random = np.random.default_rng(seed)
    shapes = []
    for _ in range(n):
        centre = random.uniform((-2.2e6, -1.4e6), (2.2e6, 1.4e6))
        shapes.append(one_range(random, centre, random.uniform(0.25e6, 1.4e6), vertices))
    names = [f"Species {number:04d}" for number in range(n)]
    return gpd.GeoDataFrame({"sci_name": names}, geometry=shapes, crs=EQUAL_AREA)


def one_range(
    random: np.random.Generator, centre: np.ndarray, radius: float, vertices: int
) -> shapely.MultiPolygon:
    """A coast of radius 0.6–1.4 × `radius`, 12 holes within 0.5, 24 islands between 1.5 and 1.8."""
    coast = ring(random, centre, radius, max(8, vertices * 6 // 10))
    small = max(8, vertices * 4 // 10 // 36)
    around = np.arange(12) * (2 * np.pi / 12)
    holes = [
        ring(
            random, centre + 0.42 * radius * np.array([np.cos(a), np.sin(a)]), radius * 0.05, small
        )
        for a in around
    ]
    islands = [
        shapely.Polygon(
            ring(
                random,
                centre + 1.6 * radius * np.array([np.cos(a), np.sin(a)]),
                radius * random.uniform(0.01, 0.12),
                small,
            )
        )
        for a in np.arange(24) * (2 * np.pi / 24)
    ]
    return shapely.MultiPolygon([shapely.Polygon(coast, holes), *islands])


def ring(
    random: np.random.Generator, centre: np.ndarray, radius: float, vertices: int
) -> np.ndarray:
    """A closed star of `vertices` + 1 points whose radius is fractal noise of the angle."""
    octaves = int(np.log2(vertices)) - 1
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    noise = np.zeros(vertices)
    for octave in range(octaves):
        knots = random.uniform(-1, 1, 2**octave + 2)
        knots[-1] = knots[0]
        noise += 0.55**octave * np.interp(angle, np.linspace(0, 2 * np.pi, len(knots)), knots)
    reach = radius * (1 + 0.4 * noise / np.abs(noise).max())
    points = centre + np.column_stack([reach * np.cos(angle), reach * np.sin(angle)])
    return np.vstack([points, points[:1]])
