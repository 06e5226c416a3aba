"""Which fence first: what opening each closed stretch of border would join.

A *stretch* is the part of a shared border that one fence closes within one unit (or outside all). A
*patch* is range of one species in one piece in one state. Two patches face each other along the border
between their states, as far as it runs through the range; how far they are joined is the part of that
line which lets animals through, each kilometre by its permeability (1 where no fence is known). Opening
a stretch sets its kilometres to 1. So

.. math:: joined = \\min(A, B) \\cdot \\frac{\\sum_{e} l_e (p_e' - p_e)}{\\sum_{all} l}

with *A*, *B* the areas of the two patches, *l* the lengths of border in range, *p* the permeability now
and *p'* with the stretch open. It adds up: a stretch that is cut in two keeps its total, and no opening
lowers anything. Where two fences stand side by side, opening one leaves the other.

This is the share-of-border form of connecting habitat patches (Saura & Pascual-Hortal 2007), for range
maps that say nothing of distances within a patch.

References
----------
Saura, S. & Pascual-Hortal, L. (2007). A new habitat availability index to integrate connectivity in
landscape conservation planning. *Landscape and Urban Planning* 83, 91–103.
doi:10.1016/j.landurbplan.2007.03.005

Linnell, J. D. C. et al. (2016). Border security fencing and wildlife. *PLoS Biology* 14, e1002483.
doi:10.1371/journal.pbio.1002483
"""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.model import Profile, SiteTables, at_least, cami_species, fence_rows
from cami_units.overlap import (
    FENCE_KM,
    Pieces,
    area_km2,
    covered_borders,
    dissolved,
    documented_crossings,
    length_km,
    range_km2,
    split,
    weight_column,
)

LEAST_SHARE: Final = 0.1
"""A border along which less than this part of a fence runs is another one, met at a corner."""

FACING_KM: Final = 10.0
"""A patch this near a border in range faces it: the edges of range and border are no finer."""

STRETCH_COLUMNS: Final = (
    *("rank", "stretch_id", "barrier_id", "name", "pair", "unit_id", "km", "permeability"),
    *("closed_km", "species", "joined_km2", "joined_share", "gain"),
    *("barrier_share", "barrier_share_open", "need_lifted"),
    *("n_crossings", "best_grade", "corridors", "crossing_seen_year", "confidence", "source"),
)

SPECIES_COLUMNS: Final = (
    *("stretch_id", "sci_name", "km", "patch_a_km2", "patch_b_km2"),
    *("open_share", "open_share_then", "joined_km2", "joined_share", "gain"),
)


def fence_openings(
    units: gpd.GeoDataFrame,
    pieces: Pieces,
    profile: Profile,
    threshold_km2: pd.Series[float],
    tables: SiteTables,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """What opening each closed stretch of border would join, the most first.

    Parameters
    ----------
    units : GeoDataFrame
        ``unit_id`` and polygons in the CRS of the layers.
    pieces : Pieces
        The layers, cut by one another.
    profile : Profile
        Which barriers are fences (C6), what a side is, and when barriers are a need.
    threshold_km2 : Series
        The range that counts for much, by ``sci_name`` (the threshold of C3).
    tables : SiteTables
        What was measured on the units (``site``: ``unit_id``), for the share of border closed.

    Returns
    -------
    GeoDataFrame
        Table `fences`, lines by ``rank``: ``rank``, ``stretch_id``, ``barrier_id``, ``name``,
        ``pair``, ``unit_id`` (empty: outside all), ``km`` of border, ``permeability`` (0–1),
        ``closed_km``, ``species`` (";", the most joined first), ``joined_km2`` (of all species),
        ``joined_share`` (the sum of their shares of regional range, points of %), ``gain`` (the sum
        over the species of the range joined, each in its own thresholds of C3), ``barrier_share``
        and ``barrier_share_open`` (B of C6 in the unit, %, now and then), ``need_lifted`` (C6 would
        no longer be met), ``n_crossings`` (missing where nobody looked), ``best_grade``,
        ``corridors`` (documented here),
        ``crossing_seen_year``, ``confidence`` and ``source`` of the fence.
    DataFrame
        Table `fence_species`, by stretch, then by gain: ``stretch_id``, ``sci_name``, ``km`` in its
        range, ``patch_a_km2``, ``patch_b_km2``, ``open_share`` and ``open_share_then`` (0–1, of the
        border between both patches, now and then), ``joined_km2``, ``joined_share``, ``gain``.
    """
    elements = _border_elements(units, pieces, profile)
    if not elements["fences"].map(bool).any():  # there are borders, and no fence that closes any
        return (
            gpd.GeoDataFrame({name: [] for name in STRETCH_COLUMNS}, geometry=[], crs=units.crs),
            pd.DataFrame({name: [] for name in SPECIES_COLUMNS}),
        )
    by_species = _joined(elements, pieces, profile)
    regional_km2 = pieces.layers.features.set_index("sci_name")["range_km2"]
    by_species["joined_share"] = (
        100 * by_species["joined_km2"] / by_species["sci_name"].map(regional_km2).astype(float)
    )
    # In thresholds of C3, so that a gazelle's wide range does not drown out an argali's mountain.
    by_species["gain"] = by_species["joined_km2"] / by_species["sci_name"].map(
        threshold_km2
    ).astype(float)
    by_species = by_species.sort_values(
        ["stretch_id", "gain", "sci_name"], ascending=[True, False, True], ignore_index=True
    )
    stretches = _stretches(elements, pieces)
    sums = by_species.groupby("stretch_id")[["joined_km2", "joined_share", "gain"]].sum()
    names = by_species[by_species["joined_km2"] > 0].groupby("stretch_id")["sci_name"]
    for column in sums:
        stretches[column] = (
            stretches["stretch_id"].map(dict(sums[column])).fillna(0.0).astype(float)
        )
    species = {key: ";".join(group) for key, group in names}
    stretches["species"] = [species.get(key, "") for key in stretches["stretch_id"]]
    stretches = _with_needs(stretches, tables, profile).merge(
        _crossings(stretches, pieces), on="stretch_id"
    )
    stretches = stretches.sort_values(
        ["gain", "stretch_id"], ascending=[False, True], ignore_index=True
    )
    # Rounded, and equal ones share a rank: the order of two equal fences is nobody's decision.
    stretches["rank"] = stretches["gain"].round(6).rank(method="min", ascending=False).astype(int)
    in_languages = [name for name in stretches if str(name).startswith("name_")]
    columns = [*STRETCH_COLUMNS, *in_languages, "geometry"]
    lines = gpd.GeoDataFrame(stretches[columns], crs=units.crs)
    return lines, by_species[list(SPECIES_COLUMNS)]


def _border_elements(units: gpd.GeoDataFrame, pieces: Pieces, profile: Profile) -> gpd.GeoDataFrame:
    """The borders cut where a fence or a unit begins or ends.

    ``pair``, ``fences`` (a tuple of ids, none where the border is open), ``unit_id`` and lines.
    """
    layers = pieces.layers
    empty = gpd.GeoDataFrame({"pair": [], "fences": [], "unit_id": []}, geometry=[], crs=units.crs)
    if layers.barriers is None or not profile.C6.fences:
        return empty
    fences = fence_rows(layers.barriers, profile.C6.fences)
    # By id: which fence cuts first must not hang on the order of a file.
    fences = fences[fences["permeability"].astype(float) < 1].sort_values("barrier_id")
    borders = dissolved(layers.borders, ("pair",))
    walls = borders.geometry.to_numpy()
    # flat ends: the border beyond the end of a fence is open
    strips = shapely.buffer(fences.geometry.to_numpy(), 1000 * FENCE_KM, cap_style="flat")
    km = shapely.length(shapely.intersection(strips[:, None], walls[None, :]))
    # a fence runs along the border that most of it is near, not along one that it meets at a corner
    along = km > LEAST_SHARE * km.max(axis=1, keepdims=True) if km.size else km > 0
    along &= km > 0
    rows: list[tuple[str, tuple[str, ...], Any]] = []
    for at, pair in enumerate(borders["pair"]):
        parts: list[tuple[tuple[str, ...], Any]] = [((), walls[at])]
        # Fence by fence, each cutting what the ones before it left: where two run side by side both
        # stay.
        for number in np.flatnonzero(along[:, at]):
            fence = str(fences["barrier_id"].iloc[number])
            parts = [
                (ids, line)
                for names, whole in parts
                for ids, line in (
                    ((*names, fence), shapely.intersection(whole, strips[number])),
                    (names, shapely.difference(whole, strips[number])),
                )
                if line.length > 0
            ]
        rows += [(pair, names, line) for names, line in parts]
    parts_of_units: list[tuple[str, tuple[str, ...], str, Any]] = []
    ordered = units.sort_values("unit_id")
    shapes = ordered.geometry.to_numpy()
    for pair, names, line in rows:
        rest = line
        # From the rest: border of two units that overlap counts once, for the first by id.
        for number in np.flatnonzero(shapely.intersects(shapes, line)):
            part = shapely.intersection(rest, shapes[number])
            if part.length > 0:
                unit_id = str(ordered["unit_id"].iloc[number])
                parts_of_units.append((pair, names, unit_id, part))
                rest = shapely.difference(rest, shapes[number])
        if rest.length > 0:
            parts_of_units.append((pair, names, "", rest))
    return gpd.GeoDataFrame(
        {
            "pair": [row[0] for row in parts_of_units],
            "fences": [row[1] for row in parts_of_units],
            "unit_id": [row[2] for row in parts_of_units],
        },
        geometry=[_lines_only(row[3]) for row in parts_of_units],
        crs=units.crs,
    )


def _lines_only(shape: Any) -> Any:
    """The lines of a shape, without the points that cutting leaves."""
    parts = shapely.get_parts(shape)
    return shapely.multilinestrings(parts[shapely.get_dimensions(parts) == 1])


def _permeability(pieces: Pieces) -> dict[str, float]:
    """Which part of what comes lets each barrier through, 0–1."""
    barriers = pieces.layers.barriers
    assert barriers is not None
    return dict(zip(barriers["barrier_id"], barriers["permeability"].astype(float), strict=True))


def _joined(elements: gpd.GeoDataFrame, pieces: Pieces, profile: Profile) -> pd.DataFrame:
    """What each stretch would join, species by species."""
    patches = _patches(pieces)
    if (lines := _facing_lines(elements, patches, pieces, profile)).empty:
        return pd.DataFrame({name: [] for name in SPECIES_COLUMNS[:-2]})
    permeability = _permeability(pieces)
    names = elements["fences"].to_numpy()
    open_now = np.array([np.prod([permeability[name] for name in ids]) for ids in names])
    lines["open_km"] = lines["km"] * open_now[lines["element"].to_numpy(int)]
    facing = ["sci_name", "a", "b"]
    whole = lines.groupby(facing)[["km", "open_km"]].sum()
    opening_rows = []
    for number, (ids, pair, unit_id) in enumerate(
        zip(names, elements["pair"], elements["unit_id"], strict=True)
    ):
        for fence in ids:
            # beside another fence, opening one leaves the other
            others = float(np.prod([permeability[name] for name in ids if name != fence]))
            opening_rows.append(
                (number, stretch_id(fence, pair, unit_id), others - open_now[number])
            )
    openings = pd.DataFrame(opening_rows, columns=["element", "stretch_id", "added"])
    table = lines.merge(openings, on="element")
    table["added_km"] = table["km"] * table["added"]
    table = table.groupby(["stretch_id", *facing], as_index=False)[["km", "added_km"]].sum()
    table = table.join(whole.rename(columns={"km": "whole_km"}), on=facing)
    patch_km2 = patches["km2"].to_numpy()
    for side in ("a", "b"):
        table[f"patch_{side}_km2"] = patch_km2[table[side].to_numpy(int)]
    table["open_share"] = table["open_km"] / table["whole_km"]
    table["open_share_then"] = (table["open_km"] + table["added_km"]) / table["whole_km"]
    smaller = table[["patch_a_km2", "patch_b_km2"]].min(axis=1)
    table["joined_km2"] = smaller * table["added_km"] / table["whole_km"]
    # several patches of a species along one stretch: the sums, and the pair that gains most speaks
    most_first = table.sort_values(
        ["stretch_id", "sci_name", "joined_km2", "a", "b"],
        ascending=[True, True, False, True, True],
    )
    # Shares of several pairs cannot be added up: those of one pair are told.
    first = most_first.drop_duplicates(["stretch_id", "sci_name"])
    sums = table.groupby(["stretch_id", "sci_name"])[["km", "joined_km2"]].sum()
    kept = ["stretch_id", "sci_name", "patch_a_km2", "patch_b_km2", "open_share", "open_share_then"]
    return first[kept].join(sums, on=["stretch_id", "sci_name"])


def _patches(pieces: Pieces) -> gpd.GeoDataFrame:
    """Range of CAMI species by state, each piece of ground a row, with the ``km2`` that it counts."""
    sides = pieces.sides[pieces.sides["sci_name"].isin(cami_species(pieces.layers.species))]
    if not weight_column(sides):
        patches = sides.explode(ignore_index=True)
        return patches.assign(km2=area_km2(patches))
    # ground of several weights that hangs together is one piece
    patches = dissolved(sides, ("sci_name", "iso2")).explode(ignore_index=True)
    numbered = patches[["geometry"]].assign(patch=range(len(patches)))
    parts = split(sides, numbered, keep=("sci_name", "patch", *weight_column(sides)))
    same_species = parts[
        parts["sci_name"].to_numpy() == patches["sci_name"].to_numpy()[parts["patch"]]
    ]
    km2 = range_km2(same_species).groupby(same_species["patch"]).sum()
    return patches.assign(km2=km2.reindex(patches.index, fill_value=0.0))


def _facing_lines(
    elements: gpd.GeoDataFrame, patches: gpd.GeoDataFrame, pieces: Pieces, profile: Profile
) -> pd.DataFrame:
    """The border within each species' range, and the patch that it meets on either side.

    ``sci_name``, ``a``, ``b`` (rows of `patches`), ``element`` (row of `elements`), ``km``. Border
    where one side has less range than counts as a side, or none nearby, is not there.
    """
    least_km2 = profile.occurrence.side_km2 or 0.0
    km2 = patches.groupby(["sci_name", "iso2"])["km2"].sum()
    groups = {
        key: rows.index.to_numpy()
        for key, rows in patches.groupby(["sci_name", "iso2"])
        if km2[key] >= least_km2
    }
    features = pieces.layers.features
    features = features[features["sci_name"].isin(set(patches["sci_name"]))]
    numbered = elements.assign(element=np.arange(len(elements)))
    in_range = split(numbered, features, keep=("element", "pair", "sci_name"))
    in_range = in_range.explode(ignore_index=True)
    # A stretch stands for its middle: pieces are cut at ranges and borders, and short.
    middles = shapely.line_interpolate_point(in_range.geometry.to_numpy(), 0.5, normalized=True)
    shapes = patches.geometry.to_numpy()
    rows = []
    for name, pair, element, middle, km in zip(
        in_range["sci_name"],
        in_range["pair"],
        in_range["element"],
        middles,
        length_km(in_range),
        strict=True,
    ):
        facing = [
            _nearest_patch(middle, shapes, groups.get((name, iso2))) for iso2 in pair.split(";")
        ]
        # Both sides have to hold range enough to count, or there is nothing to be joined.
        if len(facing) == 2 and None not in facing:
            rows.append((name, *facing, element, km))
    return pd.DataFrame(rows, columns=["sci_name", "a", "b", "element", "km"])


def _nearest_patch(place: Any, shapes: Any, members: Any) -> int | None:
    """The patch that a place on a border faces; None where none is near."""
    if members is None:
        return None
    distance = shapely.distance(shapes[members], place)
    nearest = int(np.argmin(distance))
    return int(members[nearest]) if distance[nearest] <= 1000 * FACING_KM else None


def stretch_id(barrier_id: str, pair: str, unit_id: str) -> str:
    """The name of a stretch: its fence, the two states, and the unit that it runs through, if any."""
    return " ".join(filter(None, (barrier_id, pair.replace(";", "-"), unit_id)))


def _stretches(elements: gpd.GeoDataFrame, pieces: Pieces) -> gpd.GeoDataFrame:
    """One row a stretch: its fence, its border and what is known of the fence."""
    rows = (
        elements.explode("fences").dropna(subset="fences").rename(columns={"fences": "barrier_id"})
    )
    rows = rows.assign(
        stretch_id=[
            stretch_id(*key)
            for key in zip(rows["barrier_id"], rows["pair"], rows["unit_id"], strict=True)
        ]
    )
    rows["km"] = length_km(rows.reset_index(drop=True)).to_numpy()
    lines = rows.dissolve(
        "stretch_id",
        aggfunc={"barrier_id": "first", "pair": "first", "unit_id": "first", "km": "sum"},
        as_index=False,
    )
    barriers = pieces.layers.barriers
    assert barriers is not None
    barrier_rows = barriers.set_index("barrier_id")
    in_languages = [str(name) for name in barrier_rows if str(name).startswith("name_")]
    for column in ("name", *in_languages, "confidence", "source"):
        texts = (
            barrier_rows[column]
            if column in barrier_rows
            else pd.Series("", index=barrier_rows.index)
        )
        lines[column] = lines["barrier_id"].map(texts).fillna("").astype(str)
    lines["permeability"] = lines["barrier_id"].map(barrier_rows["permeability"]).astype(float)
    # A fence that lets half of the animals through closes half of its length.
    lines["closed_km"] = lines["km"] * (1 - lines["permeability"])
    return lines


def _with_needs(
    stretches: gpd.GeoDataFrame, tables: SiteTables, profile: Profile
) -> gpd.GeoDataFrame:
    """The share of a unit's border that is closed (C6), now and with the stretch open."""
    borders = tables.borders if tables.covered_borders is None else tables.covered_borders
    border_km = borders.groupby("site")["km"].sum()
    barriers = tables.barriers
    assert barriers is not None
    fences = fence_rows(barriers, profile.C6.fences)
    closed_fences = fences.assign(km=fences["km"] * (1 - fences["permeability"]))
    in_all = closed_fences.groupby("site")["km"].sum()
    fence_km = closed_fences.groupby(["site", "barrier_id"])["km"].sum()
    rows = stretches["unit_id"].map(border_km).astype(float).where(lambda km: km > 0)
    now = stretches["unit_id"].map(in_all).astype(float)
    key = pd.MultiIndex.from_frame(stretches[["unit_id", "barrier_id"]])
    then = now - fence_km.reindex(key).fillna(0.0).array
    least = profile.C6.min_barrier_share
    share = (100 * now / rows).clip(upper=100.0)
    # Below 0 by the last digit where the stretch is the only fence.
    share_then = (100 * then / rows).clip(lower=0.0, upper=100.0)
    lifted = at_least(share, least) & ~at_least(share_then, least) if least is not None else False
    return stretches.assign(barrier_share=share, barrier_share_open=share_then, need_lifted=lifted)


def _crossings(stretches: gpd.GeoDataFrame, pieces: Pieces) -> pd.DataFrame:
    """The documented crossings of each stretch: how many, the best grade, and the last year seen."""
    columns = ["stretch_id", "n_crossings", "best_grade", "corridors", "crossing_seen_year"]
    points, corridors = pieces.crossings, pieces.layers.corridors
    if points is None or corridors is None:
        nothing: dict[str, Any] = {"n_crossings": pd.NA, "best_grade": "", "corridors": ""}
        table = pd.DataFrame({"stretch_id": stretches["stretch_id"]})
        table = table.assign(**nothing, crossing_seen_year=np.nan)[columns]
        return table.astype({"n_crossings": "Int64"})
    looked = set(covered_borders(pieces.layers, pieces.grounds, "corridors")["pair"])
    documented = documented_crossings(points, cami_species(pieces.layers.species))
    year_of = pd.Series(np.nan, index=corridors["corridor_id"])
    if "crossing_seen_year" in corridors:
        years = pd.to_numeric(corridors["crossing_seen_year"], errors="coerce")
        year_of = pd.Series(years.to_numpy(float), index=corridors["corridor_id"])
    rows = []
    for stretch, pair, line in zip(
        stretches["stretch_id"], stretches["pair"], stretches.geometry, strict=True
    ):
        # Of the same two states: near a point of three, a crossing of another border is near too.
        points_nearby = documented[documented["pair"] == pair]
        points_nearby = points_nearby[points_nearby.distance(line) <= 1000 * FENCE_KM]
        ids = sorted({*points_nearby["corridor_id"].astype(str)})
        best = str(points_nearby["evidence_grade"].min()) if len(points_nearby) else ""
        # none found is none where corridors were looked for, and nothing known elsewhere
        count = len(points_nearby) if len(points_nearby) or pair in looked else pd.NA
        rows.append((stretch, count, best, ";".join(ids), year_of.reindex(ids).max()))
    return pd.DataFrame(rows, columns=columns).astype({"n_crossings": "Int64"})
